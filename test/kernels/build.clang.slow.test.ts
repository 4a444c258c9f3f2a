import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeLane, ROOT } from '../lanes.ts';

const KERNELS = join(ROOT, 'potentials/kernels');
const build = (...args: string[]) => {
  const out = join(mkdtempSync(join(tmpdir(), 'nnp-build-')), 'built');
  execFileSync('node', [join(KERNELS, 'build.mjs'), ...args, '--out', out], { timeout: 300_000 });
  return out;
};
const version = (command: string) => {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? stdout.split('\n')[0] : undefined;
};
const READELF = 'readelf'; // of binutils, as the linker

/** The committed WebAssembly file of every module of build.mjs. */
const COMMITTED = [
  ['hdnnp', 'hdnnp.wasm'],
  ['conductance', 'conductance/conductance.wasm'],
  ['training', 'training/training.wasm'],
] as const;

describe('the committed WebAssembly module', () => {
  test.each(COMMITTED)('%s is small', (_, file) => {
    expect(statSync(join(KERNELS, file)).size).toBeLessThan(128 * 1024);
  });
});

describeLane('clang', 'the committed WebAssembly module', () => {
  test.each(COMMITTED)(
    '%s is what the pinned compiler makes of the source, byte by byte',
    { timeout: 300_000 },
    (module, file) => {
      const rebuilt = readFileSync(build('--wasm', '--require', '--module', module));
      expect(rebuilt.equals(readFileSync(join(KERNELS, file)))).toBe(true);
    },
  );
});

describe('the build of the addon', () => {
  for (const [module] of COMMITTED)
    test.skipIf(!version('cc'))(
      `${module} needs no symbol newer than the glibc that Node itself needs, and exports one`,
      { timeout: 300_000 },
      (context) => {
        const addon = build('--require', '--module', module);
        const { status, stdout } = spawnSync(READELF, ['--dyn-syms', '--wide', addon], { encoding: 'utf8' });
        if (status !== 0 || process.platform !== 'linux') return context.skip();
        const versions = [...stdout.matchAll(/@GLIBC_([0-9.]+)/g)].map(([, v]) => v.split('.').map(Number));
        expect(versions.length).toBeGreaterThan(0);
        for (const [major, minor] of versions) expect(major === 2 && minor <= 28).toBe(true);
        expect(stdout).not.toMatch(/GLIBCXX|CXXABI/);
        const exported = stdout.split('\n').filter((line) => / (GLOBAL|WEAK) +DEFAULT +\d+ /.test(line));
        expect(exported.map((line) => line.trim().split(/\s+/)[7])).toEqual(['napi_register_module_v1']);
      },
    );

  test('says why and ends well without a compiler, and is an error only where it is required', () => {
    const env = { ...process.env, PATH: '/nowhere', CXX: '', CC: '' };
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [join(KERNELS, 'build.mjs'), ...args], { env, encoding: 'utf8', timeout: 60_000 });
    const tolerant = run();
    expect(tolerant.status).toBe(0);
    expect(tolerant.stdout).toMatch(/not built, the WebAssembly module will be used: no C\+\+ compiler found/);
    expect(run('--require').status).toBe(5);
  });
});
