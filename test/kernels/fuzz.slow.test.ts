import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { planBlob } from '../../potentials/kernels/blob.ts';
import { nativeVariants } from '../../potentials/kernels/native.ts';
import { functionsOfType, randomModel } from '../potentials/random-model.ts';
import { randomStructure } from '../potentials/structures.ts';
import { COMPILER, compile, runJson, targets } from './compile.ts';

const SANITIZERS = [
  '-O1',
  '-g',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=undefined',
  '-Wno-maybe-uninitialized',
];

/** A committee of two with every kind of group. */
function everyKind(): Float64Array {
  const structure = randomStructure({ seed: 1, natoms: 6, cell: null, species: [1, 8], box: 3 });
  const functions = ([2, 3, 9, 12, 13, 20, 21, 22, 25] as const).flatMap((type) => functionsOfType(type, [1, 8], 3));
  const model = (seed: number) =>
    randomModel({ seed, trainedOn: structure, species: [1, 8], functions, cutoffType: 6 });
  return planBlob([model(1), model(2)]);
}

describe.skipIf(!COMPILER)('the kernel under the address and undefined-behavior sanitizers', () => {
  test.each(targets(nativeVariants()))(
    'survives random neighbor lists, scratches and changed models (%s)',
    { timeout: 600_000 },
    (_name, flags) => {
      const program = compile('fuzz.cpp', [...SANITIZERS, ...flags, '-DNNP_SYMBOL=nnp_kernel']);
      const blob = `${program}.blob`;
      writeFileSync(blob, everyKind());
      const lists = runJson(program, [blob, '1', '40', '0']);
      expect(lists.refused).toBe(0);
      expect(lists.ok).toBeGreaterThan(1000);
      expect(lists.forceNotFinite).toBe(0);
      expect(lists.badResult).toBe(0);
      for (const code of ['capacity', 'coincident', 'badIndex', 'badElement']) expect(lists[code]).toBeGreaterThan(10);
      const changed = runJson(program, [blob, '2', '1500', '1']);
      expect(changed.refused).toBeGreaterThan(100);
      expect(changed.ok).toBeGreaterThan(100);
      expect(runJson(program, [blob, '3', '1500', '4']).refused).toBeGreaterThan(500);
    },
  );
});
