import { describe, expect, test } from 'vitest';
import { Hdnnp } from '../../potentials/hdnnp.ts';
import type { Activation, HdnnpModel, Scaling, SymmetryFunction } from '../../potentials/hdnnp-model.ts';
import { evaluate, forceError, potentialContract, virialError } from '../contracts/potential.ts';
import { functionsOfType, randomModel } from './random-model.ts';
import { randomStructure } from './structures.ts';

const SPECIES = [1, 8];
const TRICLINIC = randomStructure({
  seed: 1,
  natoms: 7,
  cell: [5, 0.4, -1, 1, 4.6, 0.3, -0.8, 1.1, 5.3],
  species: SPECIES,
});
const SMALL = randomStructure({
  seed: 2,
  natoms: 2,
  cell: [2.2, 0, 0.3, 0.3, 2.4, 0, 0.5, -0.2, 2.6],
  species: SPECIES,
});
const HYDROGEN = randomStructure({ seed: 7, natoms: 8, cell: null, species: [1] });
const MIXED = [2, 3, 9, 12, 13, 20, 21, 22, 24].flatMap((type) =>
  functionsOfType(type as SymmetryFunction['type'], SPECIES, 3.2),
);
const mixedModel = () =>
  new Hdnnp(
    randomModel({
      seed: 3,
      trainedOn: TRICLINIC,
      species: SPECIES,
      functions: MIXED,
      cutoffType: 6,
      energyOffset: -13,
    }),
  );

potentialContract('Hdnnp', mixedModel, [
  ['a triclinic cell', TRICLINIC],
  ['a cell smaller than the cutoff', SMALL],
]);

describe('forces and virial are derivatives of the energy', () => {
  const expectDerivatives = (model: HdnnpModel, tolerance = 1e-6) => {
    const potential = new Hdnnp(model);
    expect(forceError(potential, SMALL)).toBeLessThan(tolerance);
    expect(virialError(potential, SMALL)).toBeLessThan(tolerance);
  };
  const exponential = [2, 3, 9, 12, 13] as const;
  const cutoffs = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
  test.each(exponential.flatMap((type) => cutoffs.map((cutoffType) => [type, cutoffType] as const)))(
    'for symmetry functions of type %d with cutoff type %d, without and with an inner radius',
    (type, cutoffType) => {
      const functions = functionsOfType(type, SPECIES, 3.1);
      for (const cutoffAlpha of [0, 0.35])
        expectDerivatives(
          randomModel({ seed: 4, trainedOn: SMALL, species: SPECIES, functions, cutoffType, cutoffAlpha }),
        );
    },
  );

  const compact = [20, 21, 22, 23, 24, 25] as const;
  const subtypes = ['p1', 'p2', 'p3', 'p4', 'e', 'p1a', 'p2a', 'p3a', 'p4a'];
  test.each(compact.flatMap((type) => subtypes.map((subtype) => [type, subtype] as const)))(
    'for symmetry functions of type %d with subtype %s',
    (type, subtype) => {
      const functions = functionsOfType(type, SPECIES, 3.1, subtype);
      expectDerivatives(
        randomModel({ seed: 5, trainedOn: SMALL, species: SPECIES, functions }),
        subtype === 'p1' ? 1e-5 : 1e-6,
      );
    },
  );

  const activations: Activation[] = ['l', 't', 's', 'p', 'r', 'g', 'c', 'S', 'e', 'h'];
  const kinds: Scaling['kind'][] = ['none', 'scale', 'center', 'scale-center', 'sigma'];
  test.each(activations)('for the activation %s, any depth, with and without normalize_nodes', (letter) => {
    const functions = functionsOfType(3, SPECIES, 3.1);
    for (const normalizeNodes of [false, true])
      for (const layers of [[letter], [letter, 'l'], [letter, 't', letter, 'l']] as Activation[][]) {
        if (layers.length === 1 && letter === 'r') continue;
        expectDerivatives(
          randomModel({ seed: 6, trainedOn: SMALL, species: SPECIES, functions, activations: layers, normalizeNodes }),
        );
      }
  });
  test.each(kinds)('for the scaling %s', (scaling) => {
    expectDerivatives(
      randomModel({
        seed: 7,
        trainedOn: SMALL,
        species: SPECIES,
        functions: functionsOfType(9, SPECIES, 3.1),
        scaling,
      }),
    );
  });
});

describe('Hdnnp', () => {
  test('is continuous where a neighbor passes the cutoff, unless the cutoff function is hard', () => {
    for (const cutoffType of [1, 2, 3, 4, 5, 6, 7, 8] as const) {
      const functions = [...functionsOfType(2, [1], 3), ...functionsOfType(9, [1], 3)];
      const potential = new Hdnnp(randomModel({ seed: 8, trainedOn: HYDROGEN, species: [1], functions, cutoffType }));
      const at = (r: number) => {
        const positions = Float64Array.of(0, 0, 0, r, 0, 0, 0, 1, 0);
        return evaluate(potential, {
          numbers: Uint8Array.of(1, 1, 1),
          positions,
          cell: null,
          pbc: [false, false, false],
        });
      };
      for (const rc of [3, 2.4, 2.55]) {
        const inside = at(rc * (1 - 2 ** -40));
        const outside = at(rc * (1 + 2 ** -40));
        expect(Math.abs(inside.energy - outside.energy)).toBeLessThan(1e-10);
        for (let k = 0; k < 9; k++) expect(Math.abs(inside.forces[k] - outside.forces[k])).toBeLessThan(1e-8);
        for (const r of [rc * (1 - 2 ** -52), rc, rc * (1 + 2 ** -52)])
          expect(at(r).forces.every(Number.isFinite)).toBe(true);
      }
    }
  });

  test('gives collinear triplets the continuous limit', () => {
    const functions = functionsOfType(22, [1], 3, 'p2');
    const potential = new Hdnnp(randomModel({ seed: 9, trainedOn: HYDROGEN, species: [1], functions }));
    const at = (y: number) => {
      const positions = Float64Array.of(0, 0, 0, 1.1, 0, 0, -1.2, y, 0, 2.4, 0, 0);
      return evaluate(potential, {
        numbers: new Uint8Array(4).fill(1),
        positions,
        cell: null,
        pbc: [false, false, false],
      });
    };
    const straight = at(0);
    const bent = at(1e-7);
    expect(straight.forces.every(Number.isFinite)).toBe(true);
    expect(Math.abs(straight.energy - bent.energy)).toBeLessThan(1e-10);
    straight.forces.forEach((f, k) => {
      expect(Math.abs(f - bent.forces[k])).toBeLessThan(1e-5);
    });
  });

  test('counts symmetry functions outside the range of the training set', () => {
    const model = randomModel({ seed: 3, trainedOn: HYDROGEN, species: [1], functions: functionsOfType(2, [1], 3) });
    const [element] = model.elements;
    const narrow = {
      ...element,
      statistics: { ...(element.statistics as object), max: new Float64Array(2).fill(0.01) },
    };
    const potential = new Hdnnp({ ...model, elements: [narrow as typeof element] });
    const pair = { numbers: Uint8Array.of(1, 1), positions: Float64Array.of(0, 0, 0, 1, 0, 0), cell: null };
    const { extrapolationCount, extrapolations } = evaluate(potential, { ...pair, pbc: [false, false, false] });
    expect(extrapolationCount).toBe(4);
    expect(extrapolations?.map(({ atom, feature, max }) => [atom, feature, max])).toEqual([
      [0, 0, 0.01],
      [0, 1, 0.01],
      [1, 0, 0.01],
      [1, 1, 0.01],
    ]);
    expect(extrapolations?.every(({ value, max }) => value > max)).toBe(true);
  });

  test('names the atom when the energy is not a number', () => {
    const model = randomModel({
      seed: 3,
      trainedOn: HYDROGEN,
      species: [1],
      functions: functionsOfType(2, [1], 3),
      activations: ['e', 'e', 'e', 'l'],
    });
    for (const layer of model.elements[0].network.layers) layer.weights.fill(-1e4);
    const pair = { numbers: Uint8Array.of(1, 1), positions: Float64Array.of(0, 0, 0, 1, 0, 0), cell: null };
    expect(() => evaluate(new Hdnnp(model), { ...pair, pbc: [false, false, false] })).toThrow(
      /energy of atom 1 \(H\) is/,
    );
  });

  test('gives the same for one panel of triplets as for many', () => {
    const functions = [...functionsOfType(9, [1], 6), ...functionsOfType(13, [1], 6)];
    const potential = new Hdnnp(
      randomModel({ seed: 8, trainedOn: HYDROGEN, species: [1], functions, scaling: 'none' }),
    );
    const dense = randomStructure({
      seed: 4,
      natoms: 9,
      cell: [2.6, 0, 0, 0, 2.6, 0, 0, 0, 2.6],
      species: [1],
      apart: 0.5,
    });
    // 9 atoms in 17.6 Å³ and a cutoff of 6 Å: about 460 neighbors, more triplets than one panel holds.
    const { forces, virial, energy } = evaluate(potential, dense);
    expect(energy).toBeGreaterThan(Number.NEGATIVE_INFINITY);
    const h = 1e-4;
    const energyAt = (step: number) => {
      const positions = Float64Array.from(dense.positions);
      positions[5] += step;
      return evaluate(potential, { ...dense, positions }).energy;
    };
    const scale = forces.reduce((most, f) => Math.max(most, Math.abs(f)), 0);
    expect(Math.abs(forces[5] + (energyAt(h) - energyAt(-h)) / (2 * h)) / scale).toBeLessThan(1e-5);
    expect(virial.every(Number.isFinite)).toBe(true);
  });
});
