/** Simulation box of LAMMPS: corner and edge vectors (manual pages "Howto triclinic", "dump"). Lengths in the unit of the file. */
export interface Box {
  /** Rows a, b, c; (3,3). */
  readonly cell: Float64Array;
  readonly origin: readonly [number, number, number];
}

/** Flags of a direction as LAMMPS writes them: `pp`, `ff`, `fs`, … */
export const BOUNDARY_FLAG = /^(pp|[fsm]{2})$/;

/**
 * Box from the bounds of a dump: `lo`, `hi` bound the whole (tilted) box, tilt is xy xz yz. Three zeros make it orthogonal.
 */
export function boxFromBounds(lo: ArrayLike<number>, hi: ArrayLike<number>, tilt: ArrayLike<number>): Box {
  const [xy, xz, yz] = [tilt[0], tilt[1], tilt[2]];
  const xlo = lo[0] - Math.min(0, xy, xz, xy + xz);
  const xhi = hi[0] - Math.max(0, xy, xz, xy + xz);
  const ylo = lo[1] - Math.min(0, yz);
  const yhi = hi[1] - Math.max(0, yz);
  return boxFromEdges([xlo, ylo, lo[2]], [xhi, yhi, hi[2]], tilt);
}

/** Box from xlo xhi … and xy xz yz of a data file: the edges themselves, not their bounds. */
export function boxFromEdges(lo: ArrayLike<number>, hi: ArrayLike<number>, tilt: ArrayLike<number>): Box {
  const cell = Float64Array.of(hi[0] - lo[0], 0, 0, tilt[0], hi[1] - lo[1], 0, tilt[1], tilt[2], hi[2] - lo[2]);
  return { cell, origin: [lo[0], lo[1], lo[2]] };
}

/** Box from rows of the vector and one component of the origin: `abc origin` of a dump. */
export function boxFromVectors(rows: readonly ArrayLike<number>[]): Box {
  const cell = Float64Array.of(...rows.flatMap((row) => [row[0], row[1], row[2]]));
  return { cell, origin: [rows[0][3], rows[1][3], rows[2][3]] };
}

/** A cell as LAMMPS demands it without `triclinic/general`: a along x, b in the xy plane, right-handed. */
export function isRestricted(cell: ArrayLike<number>): boolean {
  return cell[1] === 0 && cell[2] === 0 && cell[5] === 0 && cell[0] > 0 && cell[4] > 0 && cell[8] > 0;
}

/**
 * xlo, xhi such that reading them back (`hi − lo`) gives exactly this length: the rounding of `lo + length` can be one or two
 * units in the last place off. Falls back to the rounded sum.
 */
export function edgeOf(lo: number, length: number): number {
  const near = lo + length;
  if (near - lo === length) return near;
  for (const step of [1, -1, 2, -2]) {
    const candidate = nudge(near, step);
    if (candidate - lo === length) return candidate;
  }
  return near;
}

/** A number `bound` near `edge + offset` with `bound − offset === edge` in floating point, where there is one. */
export function boundOf(edge: number, offset: number): number {
  const near = edge + offset;
  if (near - offset === edge) return near;
  for (const step of [1, -1, 2, -2]) {
    const candidate = nudge(near, step);
    if (candidate - offset === edge) return candidate;
  }
  return near;
}

const bits = new BigInt64Array(1);
const double = new Float64Array(bits.buffer);

/** The double `steps` units in the last place away from zero. */
function nudge(x: number, steps: number): number {
  double[0] = x;
  bits[0] += BigInt(steps);
  return double[0];
}
