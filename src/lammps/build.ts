import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
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

/**
 * Compiles `pair_style nnp/socket` for one LAMMPS, unless the same has been compiled before; gives the path of `nnpplugin.so`.
 * Throws ProgramError that says what is missing, or shows what the compiler said.
 */
export async function buildPairStyle(lammps: LammpsInstallation, options: BuildOptions = {}): Promise<string> {
  if (lammps.versionNumber < OLDEST) {
    throw new ProgramError(`${lammps.path} is LAMMPS ${lammps.version}; the style needs 29 Sep 2021 or newer`);
  }
  const headers = findHeaders(lammps, options.headers);
  const compiler = findMpiCompiler(lammps);
  const sources = join(packageRoot(), 'lammps-scripts', 'pair-style');
  const flags = compilerFlags(lammps, headers, sources);
  const folder = options.output
    ? resolve(options.output)
    : cacheFolder(lammps, sources, [compiler, lammps.mpi, ...flags]);
  const library = join(folder, 'nnpplugin.so');
  if (!options.output && existsSync(library)) return library;
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, '.build-'));
  try {
    const made = join(scratch, 'nnpplugin.so');
    await compile(compiler, [...flags, join(sources, 'pair_nnp_socket.cpp'), '-o', made]);
    await rename(made, library);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return library;
}

function compilerFlags(lammps: LammpsInstallation, headers: string, sources: string): string[] {
  const newRequest = readFileSync(join(headers, 'neighbor.h'), 'utf8').includes('add_request');
  return [
    `-std=c++${lammps.cxxStandard}`,
    '-O2',
    '-fPIC',
    '-shared',
    '-DOMPI_SKIP_MPICXX',
    '-DMPICH_SKIP_MPICXX',
    lammps.sizes,
    `-DNNP_LAMMPS_VERSION=${lammps.versionNumber}`,
    ...(newRequest ? [] : ['-DNNP_OLD_REQUEST']),
    ...(existsSync(join(headers, 'fmt', 'format.h')) ? [] : [`-I${join(sources, 'compat')}`]),
    `-I${headers}`,
  ];
}

function cacheFolder(lammps: LammpsInstallation, sources: string, settings: readonly string[]): string {
  const hash = createHash('sha256').update(settings.join('\n'));
  for (const file of ['pair_nnp_socket.cpp', 'pair_nnp_socket.h', join('compat', 'fmt', 'format.h')]) {
    hash.update(readFileSync(join(sources, file)));
  }
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'nnp-bridge', 'pair-style', `${lammps.versionNumber}-${hash.digest('hex').slice(0, 16)}`);
}

function compile(compiler: string, words: readonly string[]): Promise<void> {
  return new Promise((done, reject) => {
    const child = spawn(compiler, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 300_000,
      cwd: dirname(words.at(-1) ?? '.'),
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 20_000) said += text;
    });
    child.on('error', (error) => reject(new ProgramError(`${compiler} does not run: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return done();
      reject(
        new ProgramError(`${compiler} ended with ${signal ?? code}:\n${said}\ncommand: ${compiler} ${words.join(' ')}`),
      );
    });
  });
}
