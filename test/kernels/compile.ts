import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../lanes.ts';

/** A C++ compiler for the tests that build harnesses around the kernel; undefined = none here. */
export const COMPILER = ['c++', 'g++', 'clang++'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0,
);

/** Lanes and architectures this processor can run. */
export function targets(variants: readonly string[]): [string, string[]][] {
  const all: Record<string, string[]> = {
    avx512: ['-march=x86-64-v4', '-DNNP_LANES=8'],
    avx2: ['-march=x86-64-v3', '-DNNP_LANES=4'],
    sse: ['-march=x86-64-v2', '-DNNP_LANES=2'],
    neon: ['-DNNP_LANES=2'],
  };
  return variants.map((name) => [name, all[name]]);
}

/** Compiles a harness of this folder as a program. */
export function compile(source: string, flags: readonly string[]): string {
  const out = join(mkdtempSync(join(tmpdir(), 'nnp-kernel-test-')), source.replace('.cpp', ''));
  const general = ['-std=c++17', '-Wno-psabi', '-Wno-ignored-attributes', '-fno-math-errno', '-fno-trapping-math'];
  execFileSync(COMPILER ?? 'c++', [...general, ...flags, join(ROOT, 'test/kernels', source), '-o', out], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 240_000,
  });
  return out;
}

/** Standard output of a program as JSON; throws with its standard error when it fails (a sanitizer's report). */
export function runJson(program: string, args: readonly string[]): Record<string, number> {
  return JSON.parse(
    execFileSync(program, args, { encoding: 'utf8', timeout: 240_000, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}
