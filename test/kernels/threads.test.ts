import { describe, expect, test } from 'vitest';
import { nativeVariants } from '../../potentials/kernels/native.ts';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { newEvaluation } from '../../potentials/potential.ts';
import { functionsOfType, randomModel } from '../potentials/random-model.ts';
import { randomStructure } from '../potentials/structures.ts';
import { difference, evaluateOn } from './compare.ts';
import { kernelPotential } from './kernels-here.ts';

const STRUCTURE = randomStructure({
  seed: 4,
  natoms: 60,
  cell: [9, 0, 0, 1, 9, 0, 0, 2, 9],
  species: [1, 8],
  apart: 1,
});
const functions = [...functionsOfType(2, [1, 8], 4), ...functionsOfType(3, [1, 8], 4)];
const model = (seed: number) => randomModel({ seed, trainedOn: STRUCTURE, species: [1, 8], functions });
const list = buildNeighborList(STRUCTURE, 4);

describe.each(nativeVariants().slice(0, 1))('the thread pool of the %s kernel', (kernel) => {
  const one = evaluateOn(kernelPotential(kernel, [model(1)]), list);

  test.each([2, 3, 5, 61])(
    'gives the same bits every time with %d threads, and the results of one thread',
    (threads) => {
      const potential = kernelPotential(kernel, [model(1)], { threads });
      const first = evaluateOn(potential, list);
      for (let k = 0; k < 50; k++) expect(evaluateOn(potential, list)).toEqual(first);
      expect(first.atomicEnergies).toEqual(one.atomicEnergies);
      expect(first.energy).toBe(one.energy);
      expect(difference(first.forces, one.forces)).toBeLessThan(1e-13);
      expect(difference(first.virial, one.virial)).toBeLessThan(1e-13);
    },
  );

  test('reports extrapolations in the order of the atoms and counts all, whatever the number of threads', () => {
    const hot = { ...list, positions: list.positions.map((x) => 0.8 * x) };
    const single = evaluateOn(kernelPotential(kernel, [model(1)]), hot);
    const several = evaluateOn(kernelPotential(kernel, [model(1)], { threads: 4 }), hot);
    expect(single.extrapolationCount).toBeGreaterThan(10);
    expect(several.extrapolationCount).toBe(single.extrapolationCount);
    expect(several.extrapolations).toEqual(single.extrapolations);
  });

  test('gives the members of a committee the same forces with several threads as with one', () => {
    const members = [model(1), model(2), model(3)];
    const results = [1, 4].map((threads) =>
      kernelPotential(kernel, members, { threads }).evaluateMembers(list, newEvaluation(list.natoms, list.ncenters), {
        forces: true,
      }),
    );
    expect(difference(results[1].forces, results[0].forces)).toBeLessThan(1e-13);
    expect(difference(results[1].virials, results[0].virials)).toBeLessThan(1e-13);
  });

  test('names the first bad atom although other threads go on', () => {
    const coincident = { ...list, positions: list.positions.slice() };
    const i = 7;
    coincident.positions.copyWithin(3 * list.neighbors[list.first[i]], 3 * i, 3 * i + 3);
    const potential = kernelPotential(kernel, [model(1)], { threads: 4 });
    expect(() => evaluateOn(potential, coincident)).toThrow(/coincide/);
    expect(evaluateOn(potential, list).energy).toBe(one.energy);
  });

  test('evaluates nothing at all without a fuss', () => {
    const empty = {
      ncenters: 0,
      natoms: 0,
      numbers: new Uint8Array(0),
      positions: new Float64Array(0),
      first: Int32Array.of(0),
      neighbors: new Int32Array(0),
    };
    expect(evaluateOn(kernelPotential(kernel, [model(1)], { threads: 4 }), empty).energy).toBe(0);
  });
});
