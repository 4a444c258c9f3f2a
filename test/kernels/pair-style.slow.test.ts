import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planBlob } from '../../potentials/kernels/blob.ts';
import { nativeVariants } from '../../potentials/kernels/native.ts';
import { ROOT } from '../lanes.ts';
import { functionsOfType, randomModel } from '../potentials/random-model.ts';
import { randomStructure } from '../potentials/structures.ts';
import { COMPILER, runJson, targets } from './compile.ts';

describe.skipIf(!COMPILER)('the kernel in a program of its own, as a pair style links it', () => {
  test('gives atom by atom, with masked indices, what it gives for the whole list', { timeout: 300_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'nnp-pair-style-'));
    const [[, flags]] = targets(nativeVariants()).slice(-1);
    const run = (command: string, ...args: string[]) =>
      execFileSync(command, args, { cwd: folder, timeout: 200_000, stdio: 'pipe' });
    const kernel = join(ROOT, 'potentials/kernels/kernel.cpp');
    const general = [
      '-O1',
      '-std=c++17',
      '-ffreestanding',
      '-fno-exceptions',
      '-fno-rtti',
      '-w',
      '-Wno-psabi',
      '-DNNP_SYMBOL=nnp_kernel',
    ];
    run(COMPILER ?? 'c++', ...general, ...flags, '-c', kernel, '-o', 'kernel.o');
    // linked by the C compiler: no C++ library is there
    run('cc', '-Wall', '-Werror', join(ROOT, 'test/kernels/pair-style.c'), 'kernel.o', '-lm', '-o', 'pair-style');
    const structure = randomStructure({ seed: 1, natoms: 6, cell: null, species: [1, 8], box: 3 });
    const functions = [...functionsOfType(2, [1, 8], 3), ...functionsOfType(3, [1, 8], 3)];
    const model = randomModel({ seed: 1, trainedOn: structure, species: [1, 8], functions });
    writeFileSync(join(folder, 'model.blob'), planBlob([model]));
    const result = runJson(join(folder, 'pair-style'), [join(folder, 'model.blob')]);
    expect(result.force).toBeGreaterThan(0.01);
    expect(result.difference).toBeLessThan(1e-12 * Math.max(result.force, Math.abs(result.energy)));
    expect(result.cutoff).toBe(3);
    expect(result.z).toBe(8);
  });
});
