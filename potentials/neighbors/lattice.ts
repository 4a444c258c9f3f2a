import { PotentialError } from '../../src/core/errors.ts';

/** The periodic directions of a cell, reduced: short vectors that span the same lattice. */
export interface Lattice {
  /** Number of periodic directions, 0…3. */
  readonly rank: number;
  /** Å; (rank,3) row-major. */
  readonly vectors: Float64Array;
  /** Reduced vectors as integer combinations of the three rows of the given cell; (rank,3). */
  readonly combination: Int32Array;
  /** 1/Å; (rank,3): dual[a]·vectors[b] = δ_ab, within the span of the vectors. */
  readonly dual: Float64Array;
  /** Å; distance between lattice planes along each reduced vector, 1/|dual|. */
  readonly heights: Float64Array;
}

/** Beyond this a combination of cell vectors is no longer exact enough in doubles. */
const MAX_COMBINATION = 1_000_000;

/**
 * Reduces the periodic vectors of a row-major (3,3) cell in Å pair by pair (Lagrange-Gauss), so that skewed cells need no more
 * images than compact ones. Throws PotentialError for vectors that are missing, not finite or linearly dependent.
 */
export function reducedLattice(cell: Float64Array | null, pbc: readonly [boolean, boolean, boolean]): Lattice {
  const axes = [0, 1, 2].filter((k) => pbc[k]);
  const rank = axes.length;
  if (rank > 0 && !cell) throw new PotentialError('the structure is periodic but has no cell');
  const vectors = new Float64Array(3 * rank);
  const combination = new Int32Array(3 * rank);
  axes.forEach((axis, a) => {
    for (let k = 0; k < 3; k++) vectors[3 * a + k] = (cell as Float64Array)[3 * axis + k];
    combination[3 * a + axis] = 1;
  });
  if (!vectors.every(Number.isFinite)) throw new PotentialError(`cell vectors are not finite: ${vectors.join(' ')} Å`);
  reducePairs(rank, vectors, combination);
  const dual = dualVectors(rank, vectors);
  const heights = new Float64Array(rank);
  for (let a = 0; a < rank; a++) heights[a] = 1 / Math.hypot(dual[3 * a], dual[3 * a + 1], dual[3 * a + 2]);
  return { rank, vectors, combination, dual, heights };
}

function dot(u: Float64Array, a: number, v: Float64Array, b: number): number {
  return u[3 * a] * v[3 * b] + u[3 * a + 1] * v[3 * b + 1] + u[3 * a + 2] * v[3 * b + 2];
}

/** Subtracts multiples of one vector from another as long as that shortens it. */
function reducePairs(rank: number, vectors: Float64Array, combination: Int32Array): void {
  for (let changed = true, turn = 0; changed && turn < 100; turn++) {
    changed = false;
    for (let a = 0; a < rank; a++) {
      for (let b = 0; b < rank; b++) {
        const square = dot(vectors, b, vectors, b);
        if (a === b || square === 0) continue;
        const before = dot(vectors, a, vectors, a);
        const times = Math.round(dot(vectors, a, vectors, b) / square);
        if (times === 0 || !(Math.abs(times) < MAX_COMBINATION)) continue;
        const shorter = [0, 1, 2].map((k) => vectors[3 * a + k] - times * vectors[3 * b + k]);
        // A gain below rounding would let two equal choices alternate.
        if (!(shorter[0] ** 2 + shorter[1] ** 2 + shorter[2] ** 2 < before * (1 - 1e-10))) continue;
        for (let k = 0; k < 3; k++) {
          vectors[3 * a + k] = shorter[k];
          combination[3 * a + k] -= times * combination[3 * b + k];
        }
        changed = true;
      }
    }
  }
}

/** Dual basis within the span: the inverse of the Gram matrix times the vectors. */
function dualVectors(rank: number, v: Float64Array): Float64Array {
  const dual = new Float64Array(3 * rank);
  if (rank === 3) {
    crossInto(dual, 0, v, 1, v, 2);
    crossInto(dual, 1, v, 2, v, 0);
    crossInto(dual, 2, v, 0, v, 1);
  } else if (rank === 2) {
    const aa = dot(v, 0, v, 0);
    const ab = dot(v, 0, v, 1);
    const bb = dot(v, 1, v, 1);
    for (let k = 0; k < 3; k++) {
      dual[k] = bb * v[k] - ab * v[3 + k];
      dual[3 + k] = aa * v[3 + k] - ab * v[k];
    }
  } else {
    dual.set(v);
  }
  for (let a = 0; a < rank; a++) {
    const length = Math.sqrt(dot(dual, a, dual, a) * dot(v, a, v, a));
    const projection = dot(dual, a, v, a);
    if (!(Math.abs(projection) > 1e-10 * length))
      throw new PotentialError(`cell vectors do not span the periodic directions: ${v.join(' ')} Å`);
    for (let k = 0; k < 3; k++) dual[3 * a + k] /= projection;
  }
  return dual;
}

function crossInto(out: Float64Array, o: number, u: Float64Array, a: number, v: Float64Array, b: number): void {
  out[3 * o] = u[3 * a + 1] * v[3 * b + 2] - u[3 * a + 2] * v[3 * b + 1];
  out[3 * o + 1] = u[3 * a + 2] * v[3 * b] - u[3 * a] * v[3 * b + 2];
  out[3 * o + 2] = u[3 * a] * v[3 * b + 1] - u[3 * a + 1] * v[3 * b];
}
