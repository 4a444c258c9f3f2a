import { describe, expect, test } from 'vitest';
import { evaluateCommittee, SeparateCommittee } from '../../potentials/committee.ts';
import { Hdnnp } from '../../potentials/hdnnp.ts';
import { chooseCommittee } from '../../potentials/kernels/ladder.ts';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { newEvaluation } from '../../potentials/potential.ts';
import { evaluate, potentialContract } from '../contracts/potential.ts';
import { functionsOfType, randomModel } from '../potentials/random-model.ts';
import { randomStructure } from '../potentials/structures.ts';
import { difference, evaluateOn } from './compare.ts';
import { KERNELS_HERE, kernelPotential } from './kernels-here.ts';

const CELL = randomStructure({ seed: 2, natoms: 4, cell: [3.2, 0, 0.3, 0.3, 3.4, 0, 0.5, -0.2, 3.6], species: [1, 8] });
const functions = ([2, 3, 9, 22] as const).flatMap((type) => functionsOfType(type, [1, 8], 3.1));
/** Members differ in weights, offsets, units of the network, depth and activation. */
const MODELS = [1, 2, 3, 4].map((seed) =>
  randomModel({
    seed,
    trainedOn: CELL,
    species: [1, 8],
    functions,
    energyOffset: -10 * seed,
    energyFactor: 0.4 * seed,
    activations: seed === 3 ? ['p', 'l'] : ['t', 't', 'l'],
  }),
);
const list = buildNeighborList(CELL, 3.1);
const separate = new SeparateCommittee(
  MODELS.map((model) => new Hdnnp(model)),
  'separate',
);

potentialContract('a committee of potentials one after the other', () => separate, [['a small cell', CELL]]);

describe.each(KERNELS_HERE)('a committee in the %s kernel', (kernel) => {
  const together = kernelPotential(kernel, MODELS);
  potentialContract(kernel, () => kernelPotential(kernel, MODELS), [['a small cell', CELL]]);

  test('is the mean of its members', () => {
    const mean = evaluateOn(together, list);
    const wanted = evaluateOn(separate, list);
    expect(mean.energy).toBeCloseTo(wanted.energy, 9);
    expect(difference(mean.forces, wanted.forces)).toBeLessThan(1e-11);
    expect(difference(mean.virial, wanted.virial)).toBeLessThan(1e-11);
  });

  test('tells what each member says: energies, atomic energies, forces, virials', () => {
    const members = together.evaluateMembers(list, newEvaluation(list.natoms, list.ncenters), { forces: true });
    const wanted = separate.evaluateMembers(list, newEvaluation(list.natoms, list.ncenters));
    for (const key of ['energies', 'atomicEnergies', 'forces', 'virials'] as const)
      expect(difference(members[key], wanted[key])).toBeLessThan(1e-11);
    const cheap = together.evaluateMembers(list, newEvaluation(list.natoms, list.ncenters), { forces: false });
    expect(cheap.energies).toEqual(members.energies);
    expect(cheap.forces.length).toBe(0);
  });

  test('disagrees as the definition of model_devi says', () => {
    const { mean, disagreement } = evaluateCommittee(together, list);
    const each = MODELS.map((model) => evaluate(new Hdnnp(model), CELL));
    const deviation = (values: number[]) => {
      const average = values.reduce((a, b) => a + b) / values.length;
      return Math.sqrt(values.reduce((sum, x) => sum + (x - average) ** 2, 0) / values.length);
    };
    const n = CELL.numbers.length;
    expect(disagreement.energy).toBeCloseTo(deviation(each.map(({ energy }) => energy / n)), 9);
    for (let i = 0; i < n; i++) {
      const components = [0, 1, 2].map((k) => deviation(each.map(({ forces }) => forces[3 * i + k])));
      expect(disagreement.forces[i]).toBeCloseTo(Math.hypot(...components), 9);
    }
    for (let k = 0; k < 9; k++)
      expect(disagreement.virial[k]).toBeCloseTo(deviation(each.map(({ virial }) => virial[k] / n)), 9);
    const average = each[0].forces.map((_, k) => each.reduce((sum, { forces }) => sum + forces[k] / 4, 0));
    expect(difference(mean.forces, average)).toBeLessThan(1e-11);
  });

  test('extrapolates where any member does', () => {
    const [one, ...others] = MODELS;
    const narrow = {
      ...one,
      elements: one.elements.map((element) => ({
        ...element,
        ...(element.statistics && {
          statistics: { ...element.statistics, max: element.statistics.max.map(() => -1) },
        }),
      })),
    };
    const count = evaluateOn(kernelPotential(kernel, [narrow, ...others]), list).extrapolationCount;
    expect(count).toBe(list.ncenters * functions.length);
  });
});

test('a committee whose members have different symmetry functions is evaluated one after the other', () => {
  const other = randomModel({ seed: 9, trainedOn: CELL, species: [1, 8], functions: functions.slice(1) });
  const mixed = chooseCommittee([MODELS[0], other], ['one', 'other']);
  expect(mixed).toBeInstanceOf(SeparateCommittee);
  const energies = [MODELS[0], other].map((model) => evaluate(new Hdnnp(model), CELL).energy);
  expect(evaluate(mixed, CELL).energy).toBeCloseTo((energies[0] + energies[1]) / 2, 9);
  expect(() => chooseCommittee([], [])).toThrow(/at least one member/);
});
