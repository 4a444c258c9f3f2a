import { MissingDataError } from '../../core/errors.ts';

/** Fractional coordinates of the atoms of the cubic cell. */
const BASES = {
  sc: [[0, 0, 0]],
  bcc: [
    [0, 0, 0],
    [0.5, 0.5, 0.5],
  ],
  fcc: [
    [0, 0, 0],
    [0.5, 0.5, 0],
    [0.5, 0, 0.5],
    [0, 0.5, 0.5],
  ],
  diamond: [
    [0, 0, 0],
    [0.5, 0.5, 0],
    [0.5, 0, 0.5],
    [0, 0.5, 0.5],
    [0.25, 0.25, 0.25],
    [0.75, 0.75, 0.25],
    [0.75, 0.25, 0.75],
    [0.25, 0.75, 0.75],
  ],
} as const satisfies Record<string, readonly (readonly [number, number, number])[]>;

export type CubicLattice = keyof typeof BASES;
export const CUBIC_LATTICES = Object.keys(BASES) as readonly CubicLattice[];

/** Crystal directions along x, y and z of a rectangular cell whose z stands on the named plane. */
const DIRECTIONS = {
  '100': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  '110': [
    [0, 0, 1],
    [1, -1, 0],
    [1, 1, 0],
  ],
  '111': [
    [1, -1, 0],
    [1, 1, -2],
    [1, 1, 1],
  ],
} as const satisfies Record<string, readonly (readonly [number, number, number])[]>;

export type CubicPlane = keyof typeof DIRECTIONS;
export const CUBIC_PLANES = Object.keys(DIRECTIONS) as readonly CubicPlane[];

export interface CrystalPlan {
  readonly lattice: CubicLattice;
  /** Edge of the cubic cell, Å. */
  readonly a: number;
  /** Crystal plane normal to z. */
  readonly orientation: CubicPlane;
  /** Repetitions of the rectangular cell along x, y, z. Its edges: a, a, a (100); a, √2 a, √2 a (110); √2 a, √6 a, √3 a (111). */
  readonly cells: readonly [number, number, number];
}

/** Edges of a rectangular periodic box and the positions in it (n,3), both in Å. */
export interface CrystalBlock {
  readonly edges: readonly [number, number, number];
  readonly positions: Float64Array;
}

/** Å: an atom this close below an upper face belongs to the next cell. */
const EDGE = 1e-6;
const MAX_ATOMS = 200_000;

/** A perfect crystal in a rectangular box, ordered by cell, then by z. Throws MissingDataError for a size that nobody means. */
export function crystalBlock({ lattice, a, orientation, cells }: CrystalPlan): CrystalBlock {
  const directions = DIRECTIONS[orientation];
  const lengths = directions.map((d) => a * Math.hypot(...d));
  const unit = oneCell(lattice, a, directions);
  const count = unit.length * cells[0] * cells[1] * cells[2];
  if (count > MAX_ATOMS)
    throw new MissingDataError(`the crystal would have ${count} atoms`, `at most ${MAX_ATOMS} are built`);
  const positions = new Float64Array(3 * count);
  let k = 0;
  for (let i = 0; i < cells[0]; i++)
    for (let j = 0; j < cells[1]; j++)
      for (let l = 0; l < cells[2]; l++)
        for (const [x, y, z] of unit) {
          positions.set([x + i * lengths[0], y + j * lengths[1], z + l * lengths[2]], k);
          k += 3;
        }
  return { edges: [lengths[0] * cells[0], lengths[1] * cells[1], lengths[2] * cells[2]], positions };
}

type Vector = readonly [number, number, number];

/** The atoms of the rectangular cell along three orthogonal crystal directions. */
function oneCell(lattice: CubicLattice, a: number, directions: readonly Vector[]): Vector[] {
  const lengths = directions.map((d) => Math.hypot(...d));
  const reach = Math.ceil(Math.hypot(...lengths)) + 1;
  const along = (d: Vector, u: Vector) => (d[0] * u[0] + d[1] * u[1] + d[2] * u[2]) / Math.hypot(...d);
  const found: Vector[] = [];
  for (const basis of BASES[lattice])
    for (let i = -reach; i <= reach; i++)
      for (let j = -reach; j <= reach; j++)
        for (let k = -reach; k <= reach; k++) {
          const u: Vector = [i + basis[0], j + basis[1], k + basis[2]];
          const point = directions.map((d) => along(d, u));
          if (point.every((x, axis) => x >= -EDGE && x < lengths[axis] - EDGE))
            found.push([a * point[0], a * point[1], a * point[2]]);
        }
  return found.sort((p, q) => p[2] - q[2] || p[1] - q[1] || p[0] - q[0]);
}
