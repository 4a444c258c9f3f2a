import { inverse } from '../../src/core/cell.ts';
import type { AtomsAndCell } from './atoms-and-cell.ts';
import { placeImages } from './images.ts';
import { buildNeighborList, type NeighborList } from './neighbor-list.ts';

/**
 * A neighbor list for a structure that moves (molecular dynamics, relaxation): built with cutoff + skin, and reused with images
 * moved along until an atom pair that is not in it could have come within the cutoff.
 */
export class ReusableNeighborList {
  readonly cutoff: number;
  readonly skin: number;
  /** How often `update` had to build anew. */
  builds = 0;
  #list: NeighborList | undefined;
  #reference: AtomsAndCell | undefined;

  /** Å, Å. */
  constructor(cutoff: number, skin: number) {
    this.cutoff = cutoff;
    this.skin = skin;
  }

  /**
   * The list for the structure; its positions are those of the structure, and it may hold pairs up to cutoff + skin. It is
   * overwritten by the next call. Errors as of `buildNeighborList`.
   */
  update(structure: AtomsAndCell): NeighborList {
    const list = this.#list;
    const reference = this.#reference;
    if (list && reference && stillCovers(reference, structure, this.skin, this.cutoff)) {
      if (structure.cell) placeImages(structure.positions, structure.cell, list);
      else list.positions.set(structure.positions);
      return list;
    }
    this.#list = undefined;
    const fresh = buildNeighborList(structure, this.cutoff + this.skin);
    this.builds++;
    this.#list = fresh;
    this.#reference = {
      numbers: Uint8Array.from(structure.numbers),
      positions: Float64Array.from(structure.positions),
      cell: structure.cell && Float64Array.from(structure.cell),
      pbc: [...structure.pbc],
    };
    return fresh;
  }
}

/**
 * A pair outside the list was at least cutoff + skin apart. The affine map F of the cell shrinks that to at most (1 − |F − 1|) of
 * it, the displacements beyond the map take away the two largest of them.
 */
function stillCovers(before: AtomsAndCell, now: AtomsAndCell, skin: number, cutoff: number): boolean {
  const n = now.positions.length;
  if (n !== before.positions.length || now.pbc.some((p, k) => p !== before.pbc[k])) return false;
  if (now.numbers.some((z, i) => z !== before.numbers[i])) return false;
  const map = affineMap(before, now);
  if (!map) return false;
  let largest = 0;
  let second = 0;
  const { positions } = before;
  for (let i = 0; i < n; i += 3) {
    let square = 0;
    for (let k = 0; k < 3; k++) {
      const mapped = positions[i] * map.f[k] + positions[i + 1] * map.f[3 + k] + positions[i + 2] * map.f[6 + k];
      square += (now.positions[i + k] - mapped) ** 2;
    }
    // Also leaves here for NaN, which the builder then reports.
    if (!(square <= skin * skin)) return false;
    if (square > largest) {
      second = largest;
      largest = square;
    } else if (square > second) second = square;
  }
  return (1 - map.strain) * (cutoff + skin) - Math.sqrt(largest) - Math.sqrt(second) > cutoff;
}

const IDENTITY = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/** Positions are mapped as x·F; `strain` is the Frobenius norm of F − 1. Undefined where no such map is known. */
function affineMap(before: AtomsAndCell, now: AtomsAndCell): { f: Float64Array; strain: number } | undefined {
  const old = before.cell;
  const cell = now.cell;
  if (!old || !cell) return old === cell ? { f: IDENTITY, strain: 0 } : undefined;
  if (cell.every((x, k) => x === old[k])) return { f: IDENTITY, strain: 0 };
  if (!now.pbc.every(Boolean)) return undefined;
  const back = inverse(old);
  const f = new Float64Array(9);
  let square = 0;
  for (let a = 0; a < 3; a++) {
    for (let b = 0; b < 3; b++) {
      for (let k = 0; k < 3; k++) f[3 * a + b] += back[3 * a + k] * cell[3 * k + b];
      square += (f[3 * a + b] - IDENTITY[3 * a + b]) ** 2;
    }
  }
  return { f, strain: Math.sqrt(square) };
}
