import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ProgramError } from '../core/errors.ts';
import { packageRoot } from '../core/package-root.ts';
import { findHeaders, findMpiCompiler, type LammpsInstallation } from './installation.ts';

/** The first LAMMPS with everything the style uses. */
const OLDEST = 20_210_929;

export interface BuildOptions {
  /** Folder for `nnpplugin.so`; without it a folder of the user's cache, named by version and content. */
  readonly output?: string;
  /** Headers of this LAMMPS, where they are not in `include/lammps` beside its `bin`. */
  readonly headers?: string;
}

const STYLES = ['plugin', 'pair_nnp_socket', 'pair_nnp', 'compute_nnp_disagreement', 'model'];

/** As potentials/kernels/build.mjs compiles the kernel for Node: with the same compiler the two give the same bits. */
const KERNEL_FLAGS = [
  ...['-O3', '-std=c++17', '-ffreestanding', '-fno-math-errno', '-fno-trapping-math', '-fno-exceptions', '-fno-rtti'],
  ...['-Wno-psabi', '-fPIC', '-fvisibility=hidden', '-ffp-contract=fast'],
];
const KERNEL_VARIANTS: Partial<Record<NodeJS.Architecture, [name: string, lanes: number, flags: string[]][]>> = {
  x64: [
    ['avx512', 8, ['-march=x86-64-v4', '-mprefer-vector-width=512']],
    ['avx2', 4, ['-march=x86-64-v3']],
    ['sse', 2, ['-march=x86-64-v2']],
  ],
  arm64: [['neon', 2, []]],
};

/**
 * Compiles `pair_style nnp/socket` and `pair_style nnp` for one LAMMPS, unless the same has been compiled before; gives the path
 * of `nnpplugin.so`. Throws ProgramError that says what is missing, or shows what the compiler said.
 */
export async function buildPairStyle(lammps: LammpsInstallation, options: BuildOptions = {}): Promise<string> {
  if (lammps.versionNumber < OLDEST) {
    throw new ProgramError(`${lammps.path} is LAMMPS ${lammps.version}; the style needs 29 Sep 2021 or newer`);
  }
  const headers = findHeaders(lammps, options.headers);
  const compiler = findMpiCompiler(lammps);
  const sources = join(packageRoot(), 'lammps-scripts', 'pair-style');
  const kernel = join(packageRoot(), 'potentials', 'kernels');
  const steps = compilerSteps({ sources, kernel, flags: styleFlags(lammps, headers, sources) });
  const folder = options.output
    ? resolve(options.output)
    : cacheFolder(lammps, [sources, kernel], [compiler, lammps.mpi, JSON.stringify(steps)]);
  const library = join(folder, 'nnpplugin.so');
  if (!options.output && existsSync(library)) return library;
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, '.build-'));
  try {
    const compiled = await Promise.allSettled(steps.map((words) => compile(compiler, words, scratch)));
    for (const step of compiled) if (step.status === 'rejected') throw step.reason;
    const objects = steps.map((words) => words[words.length - 1]);
    await compile(compiler, ['-shared', '-pthread', ...objects, '-o', 'nnpplugin.so'], scratch);
    await rename(join(scratch, 'nnpplugin.so'), library);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return library;
}

interface Sources {
  /** Folder of the styles, folder of the kernel. */
  readonly sources: string;
  readonly kernel: string;
  /** Of the styles. */
  readonly flags: readonly string[];
}

/** The words of each compiler call; the last is the object file. */
function compilerSteps({ sources, kernel, flags }: Sources): string[][] {
  const variants = KERNEL_VARIANTS[process.arch];
  if (!variants) throw new ProgramError(`the kernel has no variant for processors of type ${process.arch}`);
  return [
    ...variants.map(([name, lanes, arch]) => [
      ...KERNEL_FLAGS,
      ...arch,
      ...[
        `-DNNP_LANES=${lanes}`,
        `-DNNP_SYMBOL=nnp_kernel_${name}`,
        '-c',
        join(kernel, 'kernel.cpp'),
        '-o',
        `${name}.o`,
      ],
    ]),
    ...['evaluation', 'pool'].map((name) => [
      ...['-x', 'c', '-std=gnu11', '-O2', '-fPIC', '-fvisibility=hidden'],
      ...['-c', join(kernel, `${name}.c`), '-o', `${name}.o`],
    ]),
    ...STYLES.map((name) => [...flags, `-I${kernel}`, '-c', join(sources, `${name}.cpp`), '-o', `${name}.o`]),
  ];
}

function styleFlags(lammps: LammpsInstallation, headers: string, sources: string): string[] {
  const newRequest = readFileSync(join(headers, 'neighbor.h'), 'utf8').includes('add_request');
  return [
    `-std=c++${lammps.cxxStandard}`,
    '-O2',
    '-fPIC',
    '-fvisibility=hidden',
    '-DOMPI_SKIP_MPICXX',
    '-DMPICH_SKIP_MPICXX',
    lammps.sizes,
    `-DNNP_LAMMPS_VERSION=${lammps.versionNumber}`,
    ...(newRequest ? [] : ['-DNNP_OLD_REQUEST']),
    ...(existsSync(join(headers, 'fmt', 'format.h')) ? [] : [`-I${join(sources, 'compat')}`]),
    `-I${headers}`,
  ];
}

function cacheFolder(lammps: LammpsInstallation, folders: readonly string[], settings: readonly string[]): string {
  const hash = createHash('sha256').update(settings.join('\n'));
  for (const folder of [...folders, join(folders[0], 'compat', 'fmt')]) {
    for (const file of readdirSync(folder).sort())
      if (/\.(cpp|hpp|c|h)$/.test(file)) hash.update(readFileSync(join(folder, file)));
  }
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'nnp-bridge', 'pair-style', `${lammps.versionNumber}-${hash.digest('hex').slice(0, 16)}`);
}

function compile(compiler: string, words: readonly string[], cwd: string): Promise<void> {
  return new Promise((done, reject) => {
    const child = spawn(compiler, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 300_000,
      cwd,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 20_000) said += text;
    });
    child.on('error', (error) => reject(new ProgramError(`${compiler} does not run: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return done();
      reject(
        new ProgramError(
          `${compiler} ended with ${signal ?? code} (the kernel needs GCC 11, clang 12 or newer):\n${said}\n` +
            `command: ${compiler} ${words.join(' ')}`,
        ),
      );
    });
  });
}
