import { describe, expect, test } from 'vitest';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { newEvaluation } from '../../potentials/potential.ts';
import { functionsOfType, randomModel } from '../potentials/random-model.ts';
import { randomStructure } from '../potentials/structures.ts';
import { evaluateOn } from './compare.ts';
import { KERNELS_HERE, kernelPotential } from './kernels-here.ts';

const BOX = [13, 0, 0, 0, 13, 0, 0, 0, 13];
const STRUCTURE = randomStructure({ seed: 4, natoms: 330, cell: BOX, species: [1, 8], apart: 0.9 });
const functions = [...functionsOfType(2, [1, 8], 7), ...functionsOfType(9, [1, 8], 7).slice(0, 3)];
const model = randomModel({ seed: 1, trainedOn: STRUCTURE, species: [1, 8], functions });
const large = buildNeighborList(STRUCTURE, 7);

describe.each(KERNELS_HERE)('evaluateAsync of the %s kernel', (kernel) => {
  const threads = kernel === 'wasm' ? 1 : 2;
  const potential = kernelPotential(kernel, [model], { threads });
  const wanted = evaluateOn(potential, large);

  test('gives the bits of evaluate, call after call', async () => {
    const outs = [1, 2, 3].map(() => newEvaluation(large.natoms, large.ncenters));
    await Promise.all(outs.map((out) => potential.evaluateAsync(large, out)));
    for (const out of outs) expect(out).toEqual(wanted);
  });

  test('rejects with the error of evaluate and goes on with the next call', async () => {
    const broken = { ...large, positions: large.positions.map((x, k) => (k === 300 ? Number.NaN : x)) };
    const out = newEvaluation(large.natoms, large.ncenters);
    const failed = potential.evaluateAsync(broken, newEvaluation(large.natoms, large.ncenters));
    const next = potential.evaluateAsync(large, out);
    await expect(failed).rejects.toThrow(/position of atom 101/);
    await next;
    expect(out.energy).toBe(wanted.energy);
  });

  test.skipIf(kernel === 'wasm')('leaves the event loop to others, and refuses evaluate meanwhile', async () => {
    expect(large.first[large.ncenters]).toBeGreaterThan(60_000);
    const many = Array.from({ length: 5 }, () =>
      potential.evaluateAsync(large, newEvaluation(large.natoms, large.ncenters)),
    );
    let turns = 0;
    let finished = false;
    const all = Promise.all(many).then(() => {
      finished = true;
    });
    let refused = 0;
    while (!finished) {
      turns++;
      try {
        evaluateOn(potential, large);
      } catch (error) {
        expect((error as Error).message).toMatch(/busy/);
        refused++;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
    expect(turns).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(0);
    expect(evaluateOn(potential, large)).toEqual(wanted);
  });
});
