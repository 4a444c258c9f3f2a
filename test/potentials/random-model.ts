import { SymmetryFunctions } from '../../potentials/descriptors/symmetry-functions.ts';
import {
  type Activation,
  type HdnnpModel,
  type LayerModel,
  type Scaling,
  type Statistics,
  type SymmetryFunction,
  scalingCoefficients,
} from '../../potentials/hdnnp-model.ts';
import type { AtomsAndCell } from '../../potentials/neighbors/atoms-and-cell.ts';
import { buildNeighborList } from '../../potentials/neighbors/neighbor-list.ts';
import { compareSymmetryFunctions } from '../../potentials/trained/n2p2/symmetry-function-lines.ts';
import { type Random, seededRandom } from '../../src/core/random.ts';

export interface RandomModel {
  readonly seed: number;
  readonly species: readonly number[];
  /** The training set: ranges are somewhat wider than the values on it. */
  readonly trainedOn: AtomsAndCell;
  /** Functions of every central element. */
  readonly functions: readonly SymmetryFunction[];
  readonly cutoffType?: HdnnpModel['cutoffType'];
  readonly cutoffAlpha?: number;
  readonly activations?: readonly Activation[];
  readonly scaling?: Scaling['kind'];
  readonly normalizeNodes?: boolean;
  readonly energyFactor?: number;
  readonly energyOffset?: number;
}

/** A model with fixed pseudo-random weights. */
export function randomModel(options: RandomModel): HdnnpModel {
  const random = seededRandom(options.seed);
  const { activations = ['t', 't', 'l'], energyFactor = 1.7, energyOffset = 0 } = options;
  const scaling: Scaling = { kind: options.scaling ?? 'scale-center', min: -0.5, max: 0.8 };
  const functions = [...options.functions].sort(compareSymmetryFunctions);
  const n = functions.length;
  const sizes = [n, ...activations.slice(1).map((_, l) => 5 - l), 1];
  const elements = options.species.map((z) => {
    const statistics = statisticsOn(options.trainedOn, functions, options);
    return {
      z,
      energyOffset,
      symmetryFunctions: functions,
      ...scalingCoefficients(scaling, statistics),
      statistics,
      network: {
        normalizeNodes: options.normalizeNodes ?? false,
        layers: activations.map((activation, l) => randomLayer(random, sizes[l], sizes[l + 1], activation)),
      },
    };
  });
  const { cutoffType = 2, cutoffAlpha = 0 } = options;
  return { cutoffType, cutoffAlpha, energyFactor, scaling, elements };
}

function statisticsOn(
  structure: AtomsAndCell,
  functions: readonly SymmetryFunction[],
  { species, cutoffType = 2, cutoffAlpha = 0 }: RandomModel,
): Statistics {
  const set = new SymmetryFunctions(functions, { species, cutoffType, cutoffAlpha });
  const list = buildNeighborList(structure, set.cutoff);
  const values = Array.from({ length: list.ncenters }, (_, i) => {
    const g = new Float64Array(set.count);
    set.compute(list, i, g);
    return g;
  });
  const over = (combine: (column: number[]) => number) =>
    Float64Array.from({ length: set.count }, (_, s) => combine(values.map((g) => g[s])));
  const mean = over((column) => column.reduce((a, b) => a + b, 0) / column.length);
  return {
    mean,
    min: over((column) => 0.8 * Math.min(...column) - 0.01),
    max: over((column) => 1.2 * Math.max(...column) + 0.01),
    sigma: over((column) => 0.3 * Math.max(...column) + 0.1),
  };
}

function randomLayer(random: Random, inputs: number, outputs: number, activation: Activation): LayerModel {
  const numbers = (count: number) => Float64Array.from({ length: count }, () => 2 * random() - 1);
  return { inputs, outputs, activation, weights: numbers(inputs * outputs), biases: numbers(outputs) };
}

/** Functions of one type for the elements given, with two cutoffs and shifts; compact ones with the subtype. */
export function functionsOfType(
  type: SymmetryFunction['type'],
  species: readonly number[],
  rc: number,
  subtype = 'p2',
): SymmetryFunction[] {
  const pairs = species.flatMap((a, k) => species.slice(k).map((b): [number, number] => [a, b]));
  const windows = [
    { rl: 0, rc },
    { rl: 0.4, rc: 0.9 * rc },
    { rl: -rc, rc },
  ];
  const angles = [
    { thetaLeft: 30, thetaRight: 150 },
    { thetaLeft: -90, thetaRight: 90 },
    { thetaLeft: 90, thetaRight: 270 },
  ];
  const angular = [
    { eta: 0.1, lambda: 1, zeta: 1, rc, rs: 0 },
    { eta: 0.1, lambda: -1, zeta: 4, rc, rs: 0 },
    { eta: 0.3, lambda: 1, zeta: 2, rc: 0.85 * rc, rs: 0.9 },
    { eta: 0.05, lambda: -1, zeta: 3.5, rc, rs: 0.2 },
    { eta: 0.02, lambda: 0.3, zeta: 16, rc, rs: 0 },
  ];
  const radial = [
    { eta: 0.2, rs: 0, rc },
    { eta: 1.1, rs: 1.4, rc: 0.8 * rc },
  ];
  const each = <T, U>(list: readonly T[], make: (item: T) => U[]) => list.flatMap(make);
  switch (type) {
    case 2:
      return each(species, (e1) => radial.map((f) => ({ type, e1, ...f })));
    case 3:
    case 9:
      return each(pairs, ([e1, e2]) => angular.map((f) => ({ type, e1, e2, ...f })));
    case 12:
      return radial.map((f) => ({ type, ...f }));
    case 13:
      return angular.map((f) => ({ type, ...f }));
    case 20:
      return each(species, (e1) => windows.map((w) => ({ type, e1, ...w, subtype })));
    case 21:
    case 22:
      return each(pairs, ([e1, e2]) => windows.map((w, k) => ({ type, e1, e2, ...w, ...angles[k], subtype })));
    case 23:
      return windows.map((w) => ({ type, ...w, subtype }));
    case 24:
    case 25:
      return windows.map((w, k) => ({ type, ...w, ...angles[k], subtype }));
  }
}
