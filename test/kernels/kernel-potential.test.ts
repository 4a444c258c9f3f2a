import { describe, expect, test } from 'vitest';
import { SymmetryFunctions } from '../../potentials/descriptors/symmetry-functions.ts';
import type { Activation, Scaling, SymmetryFunction } from '../../potentials/hdnnp-model.ts';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { newEvaluation } from '../../potentials/potential.ts';
import { potentialContract } from '../contracts/potential.ts';
import { functionsOfType, randomModel } from '../potentials/random-model.ts';
import { randomStructure } from '../potentials/structures.ts';
import { difference, expectAsOracle, oneCenter } from './compare.ts';
import { KERNELS_HERE, kernelPotential, LANES } from './kernels-here.ts';

const SPECIES = [1, 6, 8];
const TRICLINIC = randomStructure({
  seed: 1,
  natoms: 9,
  cell: [5, 0.4, -1, 1, 4.6, 0.3, -0.8, 1.1, 5.3],
  species: SPECIES,
});
const SMALL = randomStructure({
  seed: 2,
  natoms: 2,
  cell: [2.2, 0, 0.3, 0.3, 2.4, 0, 0.5, -0.2, 2.6],
  species: [1, 8],
});
const TYPES = [2, 3, 9, 12, 13, 20, 21, 22, 23, 24, 25] as const;
const MIXED = TYPES.flatMap((type) => functionsOfType(type, [1, 8], 3.2));
const base = { seed: 3, trainedOn: TRICLINIC, species: SPECIES } as const;
const two = { seed: 3, trainedOn: SMALL, species: [1, 8] } as const;
const mixedModel = () => randomModel({ ...two, functions: MIXED, cutoffType: 6, energyOffset: -13 });

describe.each(KERNELS_HERE)('the %s kernel', (kernel) => {
  potentialContract(kernel, () => kernelPotential(kernel, [mixedModel()]), [['a cell smaller than the cutoff', SMALL]]);
  potentialContract(
    `${kernel} without kept triplets`,
    () => kernelPotential(kernel, [mixedModel()], { minimumScratch: true }),
    [['a cell smaller than the cutoff', SMALL]],
  );

  const list = buildNeighborList(TRICLINIC, 3.4);
  const cutoffs = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
  test.each(cutoffs)(
    'gives the results of the TypeScript program for cutoff type %d, with and without inner radius',
    (cutoffType) => {
      for (const type of [2, 3, 9, 12, 13] as const)
        for (const cutoffAlpha of [0, 0.35]) {
          const functions = functionsOfType(type, SPECIES, 3.1);
          const model = randomModel({ ...base, functions, cutoffType, cutoffAlpha });
          expectAsOracle(kernelPotential(kernel, [model]), model, list);
        }
    },
  );

  const subtypes = ['p1', 'p2', 'p3', 'p4', 'e', 'p1a', 'p2a', 'p3a', 'p4a'];
  test.each(subtypes)('gives the results of the TypeScript program for compact functions of subtype %s', (subtype) => {
    for (const type of [20, 21, 22, 23, 24, 25] as const) {
      const model = randomModel({ ...base, functions: functionsOfType(type, SPECIES, 3.1, subtype) });
      expectAsOracle(kernelPotential(kernel, [model]), model, list);
    }
  });

  const activations: Activation[] = ['l', 't', 's', 'p', 'r', 'g', 'c', 'S', 'e', 'h'];
  test.each(activations)(
    'gives the results of the TypeScript program for activation %s, at any depth, normalized or not',
    (letter) => {
      const functions = functionsOfType(3, SPECIES, 3.1);
      for (const layers of [[letter], [letter, 'l'], [letter, letter, 't', letter, 'l']] as Activation[][])
        for (const normalizeNodes of [false, true]) {
          const model = randomModel({ ...base, functions, activations: layers, normalizeNodes });
          expectAsOracle(kernelPotential(kernel, [model]), model, list);
        }
    },
  );

  test.each(['none', 'scale', 'center', 'scale-center', 'sigma'] as Scaling['kind'][])(
    'gives the results of the TypeScript program for scaling "%s"',
    (scaling) => {
      const model = randomModel({ ...base, functions: functionsOfType(9, SPECIES, 3.1), scaling });
      expectAsOracle(kernelPotential(kernel, [model]), model, list);
    },
  );

  test('gives the raw symmetry functions of every atom in the order of the model', () => {
    const model = randomModel({ ...base, functions: TYPES.flatMap((type) => functionsOfType(type, SPECIES, 3.1)) });
    const n = model.elements[0].symmetryFunctions.length;
    const stride = n + 3;
    const features = new Float64Array(stride * list.ncenters);
    kernelPotential(kernel, [model]).features(list, newEvaluation(list.natoms, list.ncenters), features, stride);
    const set = new SymmetryFunctions(model.elements[0].symmetryFunctions, { ...model, species: SPECIES });
    const wanted = new Float64Array(n);
    for (let i = 0; i < list.ncenters; i++) {
      set.compute(list, i, wanted);
      expect(difference(features.subarray(stride * i, stride * i + n), wanted)).toBeLessThan(1e-12);
      expect([...features.subarray(stride * i + n, stride * (i + 1))]).toEqual([0, 0, 0]);
    }
  });

  const cone = (over: Partial<Extract<SymmetryFunction, { type: 3 }>>) =>
    ({ type: 3, e1: 1, e2: 8, eta: 0.1, lambda: 1, zeta: 1, rs: 0, rc: 3.1, ...over }) as const;
  test('gives the same by moments, powers and products of exponents as by the plain formula', () => {
    const functions = [1, 2, 4, 8, 16, 64, 1.5, 0.5].flatMap((zeta) =>
      [1, -1, 0.3, 1.5].flatMap((lambda) =>
        [0, 0.01, 0.03, 0.0312, 0.07, 0.64].map((eta) => cone({ zeta, lambda, eta })),
      ),
    );
    const wide = functions.map((f) => ({ ...f, type: 9 }) as const);
    for (const set of [functions, wide]) {
      const model = randomModel({ ...base, functions: set });
      expectAsOracle(kernelPotential(kernel, [model]), model, list);
    }
  });

  test('pads and masks every count of neighbors and triplets around its lanes', () => {
    const functions = [
      ...functionsOfType(2, [1, 8], 3),
      ...functionsOfType(3, [1, 8], 3),
      ...functionsOfType(9, [1, 8], 3),
    ];
    // harmonic nodes do not saturate: nothing hides a wrong triplet
    const model = randomModel({ ...two, functions, activations: ['h', 'l'] });
    const potential = kernelPotential(kernel, [model]);
    const most = 2 * LANES[kernel] + 1;
    for (let a = 0; a <= most; a++)
      for (let b = 0; b <= most; b++) {
        const species = [...Array<number>(a).fill(1), ...Array<number>(b).fill(8)];
        expectAsOracle(potential, model, oneCenter(100 * a + b, species, [0.7, 3.2]));
      }
  });

  test('evaluates two thousand neighbors, a million triplets, from its bounded scratch', () => {
    const functions = [...functionsOfType(3, [1, 8], 3).slice(0, 2), ...functionsOfType(9, [1, 8], 3).slice(0, 1)];
    const model = randomModel({ ...two, functions, activations: ['l'] });
    const many = oneCenter(5, [...Array<number>(1500).fill(1), ...Array<number>(500).fill(8)], [2.2, 3.1]);
    for (const minimumScratch of [false, true])
      expectAsOracle(kernelPotential(kernel, [model], { minimumScratch }), model, many, 1e-9);
  });

  test('keeps the neighbors right at the cutoff from making anything infinite', () => {
    const edge = [3 * (1 - 2 ** -52), 3, 3 * (1 + 2 ** -52), 3 * (1 - 1e-9)];
    for (const cutoffType of cutoffs) {
      const functions = [...functionsOfType(2, [1, 8], 3), ...functionsOfType(3, [1, 8], 3)];
      const potential = kernelPotential(kernel, [randomModel({ ...two, functions, cutoffType })]);
      for (const r of edge) {
        const neighborhood = oneCenter(1, [1, 1, 8, 8], [1, 2.5]);
        neighborhood.positions.set([r, 0, 0, -r, 0, 0], 3);
        const out = newEvaluation(5, 1);
        potential.evaluate(neighborhood, out);
        expect([out.energy, ...out.forces, ...out.virial].every(Number.isFinite)).toBe(true);
      }
    }
  });

  test('refuses lists whose entries are not atoms, and never reads outside of them', () => {
    const potential = kernelPotential(kernel, [mixedModel()]);
    const good = oneCenter(1, [1, 8, 8], [1, 2.5]);
    const attempt = (over: object) => () => potential.evaluate({ ...good, ...over }, newEvaluation(4, 1));
    for (const wrong of [-1, 4, 0, 2 ** 31 - 1, -(2 ** 31)])
      expect(attempt({ neighbors: Int32Array.of(1, wrong, 3) })).toThrow(/not atoms of the list/);
    for (const first of [
      [0, 4],
      [-1, 3],
      [3, 0],
      [2 ** 31 - 1, 2 ** 31 - 1],
    ])
      expect(attempt({ first: Int32Array.from(first) })).toThrow(/not atoms of the list/);
  });

  test('names the atom whose energy is not finite', () => {
    const model = randomModel({ ...two, functions: functionsOfType(2, [1, 8], 3), activations: ['l'] });
    model.elements[0].network.layers[0].biases.fill(1.7e308);
    expect(() =>
      kernelPotential(kernel, [model]).evaluate(oneCenter(1, [1, 1, 8], [1, 1.2]), newEvaluation(4, 1)),
    ).toThrow(/energy of atom 1 \(H\) is not finite/);
  });
});
