import { PotentialError } from '../../src/core/errors.ts';
import type { AtomsAndCell } from './atoms-and-cell.ts';
import { type Lattice, reducedLattice } from './lattice.ts';

/** Atoms folded into the cell, followed by every periodic image that may lie within the cutoff of one of them. */
export interface Images {
  readonly ncenters: number;
  readonly natoms: number;
  /** Atomic numbers of the centers. */
  readonly numbers: Uint8Array;
  /** Å; (natoms,3). */
  readonly positions: Float64Array;
  readonly owner: Int32Array;
  /** In rows of the given cell; (natoms,3). */
  readonly shift: Int32Array;
}

/** Images beyond this many are a broken cell or a wrong unit of length, not physics. */
const MAX_IMAGES = 5_000_000;
const MAX_IMAGES_PER_ATOM = 4;
/** Room for rounding when a coordinate lies on the edge of the searched region; fractional and in Å. */
const MARGIN = 1e-9;

/** Throws PotentialError for bad cells (lattice.ts) and for a number of images that cannot be meant. */
export function addImages(structure: AtomsAndCell, cutoff: number): Images {
  const lattice = reducedLattice(structure.cell, structure.pbc);
  const n = structure.numbers.length;
  const fold = foldIntoCell(structure.positions, lattice);
  const ranges = imageRanges(fold, lattice, cutoff, n);
  let natoms = n;
  const capacity = n + ranges.total;
  let owner = new Int32Array(capacity);
  let shift = new Int32Array(3 * capacity);
  let positions = new Float64Array(3 * capacity);
  for (let i = 0; i < n; i++) owner[i] = i;
  shift.set(fold.shift);
  positions.set(fold.positions);
  const box = boundingBox(fold.positions, cutoff + MARGIN);
  const { vectors, combination } = lattice;
  const { from, to } = ranges;
  for (let i = 0; i < n; i++) {
    for (let a = from[3 * i]; a <= to[3 * i]; a++) {
      for (let b = from[3 * i + 1]; b <= to[3 * i + 1]; b++) {
        for (let c = from[3 * i + 2]; c <= to[3 * i + 2]; c++) {
          if (a === 0 && b === 0 && c === 0) continue;
          const at = 3 * natoms;
          let inside = true;
          for (let k = 0; k < 3; k++) {
            const x = fold.positions[3 * i + k] + component(vectors, a, b, c, k);
            if (x < box.low[k] || x > box.high[k]) inside = false;
            positions[at + k] = x;
          }
          if (!inside) continue;
          for (let k = 0; k < 3; k++) shift[at + k] = fold.shift[3 * i + k] + component(combination, a, b, c, k);
          owner[natoms++] = i;
        }
      }
    }
  }
  owner = owner.subarray(0, natoms);
  shift = shift.subarray(0, 3 * natoms);
  positions = positions.subarray(0, 3 * natoms);
  if (structure.cell) placeImages(structure.positions, structure.cell, { owner, shift, positions });
  return { ncenters: n, natoms, numbers: structure.numbers, positions, owner, shift };
}

/** position = given position of the owner + shift · cell rows, for every atom; the one formula for building and refreshing. */
export function placeImages(
  given: Float64Array,
  cell: Float64Array,
  out: { owner: Int32Array; shift: Int32Array; positions: Float64Array },
): void {
  const { owner, shift, positions } = out;
  for (let g = 0; g < owner.length; g++) {
    const a = shift[3 * g];
    const b = shift[3 * g + 1];
    const c = shift[3 * g + 2];
    for (let k = 0; k < 3; k++) {
      const x = given[3 * owner[g] + k];
      positions[3 * g + k] =
        a === 0 && b === 0 && c === 0 ? x : x + ((a && a * cell[k]) + (b && b * cell[3 + k]) + (c && c * cell[6 + k]));
    }
  }
}

/** Component k of the integer combination of the rows; absent rows (rank below 3) have multiplier 0. */
function component(rows: Float64Array | Int32Array, a: number, b: number, c: number, k: number): number {
  return (a && a * rows[k]) + (b && b * rows[3 + k]) + (c && c * rows[6 + k]);
}

interface Folded {
  readonly positions: Float64Array;
  readonly shift: Int32Array;
  /** (n,3): coordinates along the reduced vectors after folding; 0 beyond the rank. */
  readonly fractional: Float64Array;
}

function foldIntoCell(given: Float64Array, lattice: Lattice): Folded {
  const { rank, vectors, dual, combination } = lattice;
  const positions = Float64Array.from(given);
  const shift = new Int32Array(given.length);
  const fractional = new Float64Array(given.length);
  for (let i = 0; i < given.length; i += 3) {
    for (let a = 0; a < rank; a++) {
      const s = given[i] * dual[3 * a] + given[i + 1] * dual[3 * a + 1] + given[i + 2] * dual[3 * a + 2];
      const cells = Math.floor(s);
      if (!(Math.abs(cells) < 1e6))
        throw new PotentialError(`atom ${i / 3 + 1} lies ${cells} cells away: are the positions and the cell right?`);
      fractional[i + a] = s - cells;
      if (cells === 0) continue;
      for (let k = 0; k < 3; k++) {
        positions[i + k] -= cells * vectors[3 * a + k];
        shift[i + k] -= cells * combination[3 * a + k];
      }
    }
  }
  return { positions, shift, fractional };
}

/** For every atom the images along each reduced vector that can come within the cutoff of any folded atom. */
function imageRanges(
  fold: Folded,
  lattice: Lattice,
  cutoff: number,
  n: number,
): { from: Int32Array; to: Int32Array; total: number } {
  const { fractional } = fold;
  const from = new Int32Array(3 * n);
  const to = new Int32Array(3 * n);
  for (let a = 0; a < lattice.rank; a++) {
    let low = Infinity;
    let high = -Infinity;
    for (let i = a; i < 3 * n; i += 3) {
      low = Math.min(low, fractional[i]);
      high = Math.max(high, fractional[i]);
    }
    const reach = cutoff / lattice.heights[a] + MARGIN;
    if (!(reach < 1e6)) throw tooMany(n, cutoff);
    for (let i = a; i < 3 * n; i += 3) {
      from[i] = Math.ceil(low - reach - fractional[i]);
      to[i] = Math.floor(high + reach - fractional[i]);
    }
  }
  let total = 0;
  for (let i = 0; i < 3 * n; i += 3)
    total += (to[i] - from[i] + 1) * (to[i + 1] - from[i + 1] + 1) * (to[i + 2] - from[i + 2] + 1);
  if (total > MAX_IMAGES + MAX_IMAGES_PER_ATOM * n) throw tooMany(n, cutoff);
  return { from, to, total };
}

function tooMany(n: number, cutoff: number): PotentialError {
  return new PotentialError(
    `the periodic cell is so small that ${n} atoms need more than ${MAX_IMAGES} images within ${cutoff} Å: are the cell and the units right?`,
  );
}

function boundingBox(positions: Float64Array, margin: number): { low: number[]; high: number[] } {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < positions.length; i++) {
    low[i % 3] = Math.min(low[i % 3], positions[i]);
    high[i % 3] = Math.max(high[i % 3], positions[i]);
  }
  return { low: low.map((x) => x - margin), high: high.map((x) => x + margin) };
}
