#!/usr/bin/env node
// Builds the kernel: `node build.mjs` the Node-API addon (build/hdnnp.node), `node build.mjs --wasm` the committed hdnnp.wasm.
// Run by the package's `install` script; without a compiler it says so and leaves the package to the WebAssembly module, exit 0.
// `--require` makes a failure an error, `--out FILE` writes elsewhere. CXX and CC choose the compilers.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: { wasm: { type: 'boolean' }, require: { type: 'boolean' }, out: { type: 'string' } },
});

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
  ...['-DNNP_LANES=2', '-DNNP_SYMBOL=nnp_kernel_wasm'],
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

async function buildAddon(folder) {
  const variants = VARIANTS[process.arch];
  if (!variants || process.platform === 'win32')
    throw new Error(`no native variant for ${process.platform} ${process.arch}`);
  const cxx = choose([process.env.CXX, 'c++', 'g++', 'clang++']);
  const cc = choose([process.env.CC, 'cc', 'gcc', 'clang']);
  if (!cxx || !cc) throw new Error('no C++ compiler found (CXX, c++, g++, clang++)');
  const object = (name) => join(folder, `${name}.o`);
  const c = (name) =>
    run(cc, [
      '-O2',
      '-std=gnu11',
      '-fPIC',
      '-fvisibility=hidden',
      '-Wall',
      '-Wextra',
      '-c',
      `${name}.c`,
      '-o',
      object(name),
    ]);
  await Promise.all([
    ...variants.map(([name, lanes, flags]) =>
      run(cxx, [
        ...NATIVE,
        ...flags,
        `-DNNP_LANES=${lanes}`,
        `-DNNP_SYMBOL=nnp_kernel_${name}`,
        '-c',
        'kernel.cpp',
        '-o',
        object(name),
      ]),
    ),
    c('addon'),
    c('evaluation'),
    c('pool'),
  ]);
  const shared =
    process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-pthread', '-Wl,-s'];
  const out = join(folder, 'hdnnp.node');
  await run(cc, [
    ...shared,
    ...[...variants.map(([name]) => name), 'addon', 'evaluation', 'pool'].map(object),
    '-o',
    out,
  ]);
  return out;
}

async function buildWasm(folder) {
  const clang = choose([process.env.CXX, 'clang++-19', 'clang++']);
  if (!clang) throw new Error('no clang++ found (Debian: apt-get install clang-19 lld-19)');
  // linked by hand: the compiler driver would run a wasm-opt that happens to be in the path, and bytes would differ
  const linker = choose([clang.replace(/.*clang\+\+/, 'wasm-ld'), 'wasm-ld']);
  if (!linker) throw new Error('no wasm-ld found (Debian: apt-get install lld-19)');
  const [object, out] = [join(folder, 'wasm.o'), join(folder, 'hdnnp.wasm')];
  await run(clang, [...WASM, '-c', 'wasm.cpp', '-o', object]);
  await run(linker, [...WASM_LINK, object, '-o', out]);
  return out;
}

const folder = mkdtempSync(join(tmpdir(), 'nnp-kernel-'));
try {
  const built = await (options.wasm ? buildWasm(folder) : buildAddon(folder));
  const target = options.out ?? join(here, options.wasm ? 'hdnnp.wasm' : join('build', 'hdnnp.node'));
  mkdirSync(dirname(target), { recursive: true });
  const beside = `${target}.${process.pid}`;
  copyFileSync(built, beside);
  chmodSync(beside, 0o644);
  renameSync(beside, target);
  process.stdout.write(`nnp-bridge kernel: built ${target}\n`);
} catch (error) {
  process.stdout.write(`nnp-bridge kernel: not built, the WebAssembly module will be used: ${error.message}\n`);
  if (options.require) process.exitCode = 5;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
