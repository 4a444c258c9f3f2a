import type { AtomsAndCell } from '../../potentials/neighbors/atoms-and-cell.ts';
import { seededRandom } from '../../src/core/random.ts';

export { seededRandom };

export interface RandomStructure {
  readonly seed: number;
  readonly natoms: number;
  /** Rows in Å; null = cluster. */
  readonly cell: readonly number[] | null;
  readonly pbc?: readonly [boolean, boolean, boolean];
  readonly species: readonly number[];
  /** Å; atoms are kept this far apart, images included. */
  readonly apart?: number;
  /** Edge in Å of the box of a cluster. */
  readonly box?: number;
}

/** Random atoms, not closer than `apart`; in fractional coordinates −0.5…1.5, so that some lie outside the cell. */
export function randomStructure(options: RandomStructure): AtomsAndCell {
  const { natoms, species, apart = 0.8, box = 4 } = options;
  const random = seededRandom(options.seed);
  const cell = options.cell && Float64Array.from(options.cell);
  const pbc = options.pbc ?? (cell ? [true, true, true] : [false, false, false]);
  const positions: number[] = [];
  for (let tries = 0; positions.length < 3 * natoms; tries++) {
    if (tries > 100_000) throw new Error('the cell is too full');
    const s = [0, 1, 2].map((k) => (cell ? (pbc[k] ? 2 * random() - 0.5 : random()) : box * random()));
    const x = cell ? [0, 1, 2].map((k) => s[0] * cell[k] + s[1] * cell[3 + k] + s[2] * cell[6 + k]) : s;
    if (farFromAll(positions, x, cell, pbc, apart)) positions.push(...x);
  }
  const numbers = Uint8Array.from({ length: natoms }, (_, i) => species[i % species.length]);
  return { numbers, positions: Float64Array.from(positions), cell, pbc };
}

function farFromAll(
  positions: readonly number[],
  x: readonly number[],
  cell: Float64Array | null,
  pbc: readonly boolean[],
  apart: number,
): boolean {
  const range = (k: number) => (cell && pbc[k] ? [-3, -2, -1, 0, 1, 2, 3] : [0]);
  for (let j = 0; j < positions.length; j += 3)
    for (const a of range(0))
      for (const b of range(1))
        for (const c of range(2)) {
          const d = [0, 1, 2].map(
            (k) =>
              positions[j + k] -
              x[k] +
              (cell ? (a && a * cell[k]) + (b && b * cell[3 + k]) + (c && c * cell[6 + k]) : 0),
          );
          if (Math.hypot(...d) < apart) return false;
        }
  return true;
}
