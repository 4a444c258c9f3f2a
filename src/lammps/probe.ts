import { type HdnnpModel, type SymmetryFunction, scalingCoefficients } from '../../potentials/hdnnp-model.ts';
import { massOf } from '../core/elements.ts';
import { seededRandom } from '../core/random.ts';
import type { StructureInput } from '../serve/evaluator.ts';

/** A small smooth invented potential of silicon and oxygen, for `doctor` when it is given none. */
export function probeModel(): HdnnpModel {
  const species = [8, 14];
  const random = seededRandom(17);
  const functions: SymmetryFunction[] = [
    ...species.map((e1) => ({ type: 2 as const, e1, eta: 0.3, rs: 0, rc: 4 })),
    { type: 3, e1: 8, e2: 14, eta: 0.05, rs: 0, lambda: 1, zeta: 2, rc: 4 },
  ];
  const statistics = {
    min: new Float64Array(3),
    max: Float64Array.of(4, 4, 8),
    mean: Float64Array.of(1, 1, 2),
  };
  const scaling = { kind: 'scale-center', min: 0, max: 1 } as const;
  const numbers = (n: number) => Float64Array.from({ length: n }, () => 2 * random() - 1);
  return {
    cutoffType: 2,
    cutoffAlpha: 0,
    energyFactor: 1,
    scaling,
    elements: species.map((z) => ({
      z,
      energyOffset: -z,
      symmetryFunctions: functions,
      ...scalingCoefficients(scaling, statistics),
      statistics,
      network: {
        normalizeNodes: false,
        layers: [
          { inputs: 3, outputs: 3, activation: 't', weights: numbers(9), biases: numbers(3) },
          { inputs: 3, outputs: 1, activation: 'l', weights: numbers(3), biases: numbers(1) },
        ],
      },
    })),
  };
}

const SIDE = [4, 4, 3];
/** Å. */
const APART = 2.4;

/** 48 atoms of these species off the sites of a simple cubic lattice in a sheared cell, neither sorted by species nor by place. */
export function probeStructure(species: readonly number[]): StructureInput & { readonly cell: Float64Array } {
  const random = seededRandom(3);
  const [a, b, c] = SIDE.map((n) => n * APART);
  const cell = Float64Array.of(a, 0, 0, 0.9, b, 0, -0.7, 0.5, c);
  const sites: number[][] = [];
  for (let k = 0; k < SIDE[0] * SIDE[1] * SIDE[2]; k++) {
    const at = [k % SIDE[0], Math.floor(k / SIDE[0]) % SIDE[1], Math.floor(k / (SIDE[0] * SIDE[1]))];
    const s = at.map((n, d) => (n + 0.5 + 0.16 * (random() - 0.5)) / SIDE[d]);
    sites.push([0, 1, 2].map((d) => s[0] * cell[d] + s[1] * cell[3 + d] + s[2] * cell[6 + d]));
  }
  for (let k = sites.length - 1; k > 0; k--) {
    const other = Math.floor(random() * (k + 1));
    [sites[k], sites[other]] = [sites[other], sites[k]];
  }
  const numbers = Uint8Array.from(sites, (_, k) => species[k % species.length]);
  return { numbers, positions: Float64Array.from(sites.flat()), cell, pbc: [true, true, true] };
}

/** As LAMMPS data file; ids are 1 … n, the lines in another order. */
export function dataFile(
  { numbers, positions, cell }: ReturnType<typeof probeStructure>,
  types: readonly number[],
): string {
  const line = (i: number) =>
    `${i + 1} ${types.indexOf(numbers[i]) + 1} ${Array.from(positions.subarray(3 * i, 3 * i + 3)).join(' ')}`;
  const lines = Array.from(numbers, (_, k) => line((7 * k + 5) % numbers.length));
  const box = ['x', 'y', 'z'].map((axis, d) => `0 ${cell[4 * d]} ${axis}lo ${axis}hi`);
  const head = [
    `${numbers.length} atoms`,
    `${types.length} atom types`,
    ...box,
    `${cell[3]} ${cell[6]} ${cell[7]} xy xz yz`,
  ];
  const masses = types.map((z, k) => `${k + 1} ${massOf(z)}`);
  return ['probe', '', ...head, '', 'Masses', '', ...masses, '', 'Atoms # atomic', '', ...lines, ''].join('\n');
}
