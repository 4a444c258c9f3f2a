#!/usr/bin/env node
// Builds the kernels, each a module of its own: `node build.mjs` the Node-API addons (build/<module>.node), `node build.mjs --wasm`
// the committed WebAssembly modules. Run by the package's `install` script; without a compiler it says so and leaves the package to
// the WebAssembly modules, exit 0. `--module NAME` builds one, `--require` makes a failure an error, `--out FILE` writes elsewhere
// (hdnnp where no module is named). CXX and CC choose the compilers.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    ...{ wasm: { type: 'boolean' }, require: { type: 'boolean' } },
    ...{ module: { type: 'string' }, out: { type: 'string' } },
  },
});

/**
 * Modules: the folder of `kernel.cpp` and `wasm.cpp`, the prefix of the symbols (one for each instruction set, `wasm` for the
 * WebAssembly module), the C sources of the addon, and the WebAssembly file.
 */
const MODULES = {
  hdnnp: { folder: '.', symbol: 'nnp_kernel', glue: ['addon', 'evaluation', 'pool'], wasm: 'hdnnp.wasm' },
  conductance: {
    folder: 'conductance',
    symbol: 'nnp_conductance',
    glue: ['conductance/addon'],
    wasm: 'conductance/conductance.wasm',
  },
  training: {
    folder: 'training',
    symbol: 'nnp_training',
    glue: ['training/addon', 'pool'],
    wasm: 'training/training.wasm',
  },
};

// -ffast-math must never be here: it removes the checks for NaN.
const KERNEL = [
  ...['-O3', '-std=c++17', '-ffreestanding', '-fno-math-errno', '-fno-trapping-math', '-fno-exceptions', '-fno-rtti'],
  ...[
    '-Wall',
    '-Wextra',
    '-Wno-psabi',
    '-Wno-unknown-warning-option',
    '-Wno-ignored-attributes',
    '-Wno-maybe-uninitialized',
  ],
];
const NATIVE = [...KERNEL, '-fPIC', '-fvisibility=hidden', '-ffp-contract=fast'];
/** Name, lanes and architecture of every variant; addon.c chooses at run time. */
const VARIANTS = {
  x64: [
    ['avx512', 8, ['-march=x86-64-v4', '-mprefer-vector-width=512']],
    ['avx2', 4, ['-march=x86-64-v3']],
    ['sse', 2, ['-march=x86-64-v2']],
  ],
  arm64: [['neon', 2, []]],
};
const WASM = [
  // -O2: unrolling and cloning make the module larger and, with the few registers V8 has, no faster
  ...[...KERNEL, '-O2', '--target=wasm32', '-msimd128', '-mbulk-memory', '-ffp-contract=off', '-nostdinc++'],
  '-DNNP_LANES=2',
];
const WASM_LINK = ['--no-entry', '-z', 'stack-size=262144', '--export=__heap_base', '--strip-all'];

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: here, stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 });
    let text = '';
    child.stderr.on('data', (chunk) => {
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${command} failed:\n${text.slice(0, 2000)}`)),
    );
  });
}

const works = (command) => spawnSync(command, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
const choose = (candidates) => candidates.find((name) => name && works(name));

async function buildAddon(name, folder) {
  const module = MODULES[name];
  const variants = VARIANTS[process.arch];
  if (!variants || process.platform === 'win32')
    throw new Error(`no native variant for ${process.platform} ${process.arch}`);
  const cxx = choose([process.env.CXX, 'c++', 'g++', 'clang++']);
  const cc = choose([process.env.CC, 'cc', 'gcc', 'clang']);
  if (!cxx || !cc) throw new Error('no C++ compiler found (CXX, c++, g++, clang++)');
  const object = (source) => join(folder, `${basename(source)}.o`);
  const c = (source) =>
    run(cc, [
      ...['-O2', '-std=gnu11', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra'],
      ...['-c', `${source}.c`, '-o', object(source)],
    ]);
  await Promise.all([
    ...variants.map(([variant, lanes, flags]) =>
      run(cxx, [
        ...[...NATIVE, ...flags, `-DNNP_LANES=${lanes}`, `-DNNP_SYMBOL=${module.symbol}_${variant}`],
        ...['-c', join(module.folder, 'kernel.cpp'), '-o', object(variant)],
      ]),
    ),
    ...module.glue.map(c),
  ]);
  const shared =
    process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-pthread', '-Wl,-s'];
  const out = join(folder, `${name}.node`);
  await run(cc, [...shared, ...[...variants.map(([variant]) => variant), ...module.glue].map(object), '-o', out]);
  return out;
}

async function buildWasm(name, folder) {
  const module = MODULES[name];
  const clang = choose([process.env.CXX, 'clang++-19', 'clang++']);
  if (!clang) throw new Error('no clang++ found (Debian: apt-get install clang-19 lld-19)');
  // linked by hand: the compiler driver would run a wasm-opt that happens to be in the path, and bytes would differ
  const linker = choose([clang.replace(/.*clang\+\+/, 'wasm-ld'), 'wasm-ld']);
  if (!linker) throw new Error('no wasm-ld found (Debian: apt-get install lld-19)');
  const [object, out] = [join(folder, 'wasm.o'), join(folder, `${name}.wasm`)];
  const source = join(module.folder, 'wasm.cpp');
  await run(clang, [...WASM, `-DNNP_SYMBOL=${module.symbol}_wasm`, '-c', source, '-o', object]);
  await run(linker, [...WASM_LINK, object, '-o', out]);
  return out;
}

async function build(name) {
  const folder = mkdtempSync(join(tmpdir(), 'nnp-kernel-'));
  try {
    const built = await (options.wasm ? buildWasm(name, folder) : buildAddon(name, folder));
    const target = options.out ?? join(here, options.wasm ? MODULES[name].wasm : join('build', `${name}.node`));
    mkdirSync(dirname(target), { recursive: true });
    const beside = `${target}.${process.pid}`;
    copyFileSync(built, beside);
    chmodSync(beside, 0o644);
    renameSync(beside, target);
    process.stdout.write(`nnp-bridge kernel: built ${target}\n`);
  } catch (error) {
    process.stdout.write(
      `nnp-bridge kernel: ${name} not built, the WebAssembly module will be used: ${error.message}\n`,
    );
    if (options.require) process.exitCode = 5;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const wanted = options.module ?? (options.out === undefined ? undefined : 'hdnnp');
if (wanted !== undefined && !Object.hasOwn(MODULES, wanted)) {
  process.stdout.write(`nnp-bridge kernel: no module ${wanted}, only ${Object.keys(MODULES).join(', ')}\n`);
  process.exitCode = 2;
} else for (const name of wanted === undefined ? Object.keys(MODULES) : [wanted]) await build(name);
