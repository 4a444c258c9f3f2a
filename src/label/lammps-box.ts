import { inverse, signedVolume } from '../core/cell.ts';
import { formatLocation, MissingDataError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';

/** A structure as LAMMPS wants it: a along x, b in the xy plane, the box about the origin, every atom inside. */
export interface LammpsBox {
  /** Å; rows (lx,0,0), (xy,ly,0), (xz,yz,lz). */
  readonly cell: Float64Array;
  /** Å; (n,3). */
  readonly positions: Float64Array;
  /** (3,3); vector of the frame = vector of the box · rotation. */
  readonly rotation: Float64Array;
}

/** Å kept free around the atoms along directions that are not periodic. */
const MARGIN = 1;

/**
 * The box for a frame; directions that are not periodic get a straight edge around the atoms, left-handed cells are described by the
 * right-handed vectors of the same lattice. Throws MissingDataError for a periodic direction without a cell vector, flat cells and
 * coordinates that are not finite.
 */
export function lammpsBox(frame: Frame): LammpsBox {
  const bad = frame.positions.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) {
    const what = `${place(frame)}a coordinate of atom ${Math.floor(bad / 3) + 1} is not a number`;
    throw new MissingDataError(what, 'leave the frame out');
  }
  const rows = edges(frame);
  const handed = signedVolume(rows);
  if (!(Math.abs(handed) > 0)) {
    throw new MissingDataError(`${place(frame)}the cell vectors do not span a volume`, 'leave the frame out');
  }
  if (handed < 0) for (let k = 0; k < 9; k++) rows[k] = -rows[k]; // the same lattice
  const [a, b, c] = [0, 3, 6].map((k) => rows.subarray(k, k + 3));
  const ex = unit(a);
  const ez = unit(cross(a, b));
  const ey = cross(ez, ex);
  const cell = Float64Array.of(
    ...[dot(a, ex), 0, 0],
    ...[dot(b, ex), dot(b, ey), 0],
    ...[dot(c, ex), dot(c, ey), dot(c, ez)],
  );
  return { cell, positions: inside(frame, rows, cell), rotation: Float64Array.of(...ex, ...ey, ...ez) };
}

/** Start of an error about a frame. */
export function place({ origin }: Frame): string {
  return origin ? `${formatLocation(origin)}: ` : '';
}

/** Turns row vectors (n,3) of the box into the frame of the structure. */
export function turnedBack(vectors: Float64Array, rotation: Float64Array): Float64Array {
  return times(vectors, rotation);
}

/** Turns a tensor (3,3) of the box: Rᵀ T R. */
export function tensorTurnedBack(tensor: Float64Array, rotation: Float64Array): Float64Array {
  return transposed(times(transposed(times(tensor, rotation)), rotation));
}

/** Cell vectors, with perpendicular ones around the atoms where the frame is not periodic. */
function edges(frame: Frame): Float64Array {
  const { cell, pbc, positions } = frame;
  const rows = new Float64Array(9);
  const periodic = [0, 1, 2].filter((k) => pbc[k]);
  for (const k of periodic) {
    if (!cell) {
      const what = `${place(frame)}the structure is periodic along ${'abc'[k]} but has no cell`;
      throw new MissingDataError(what, 'give it one');
    }
    rows.set(cell.subarray(3 * k, 3 * k + 3), 3 * k);
  }
  for (const k of [0, 1, 2]) {
    if (pbc[k]) continue;
    const direction = perpendicular(rows, k);
    const along = Array.from({ length: positions.length / 3 }, (_, i) =>
      dot(positions.subarray(3 * i, 3 * i + 3), direction),
    );
    const extent = along.reduce((m, x) => Math.max(m, x), -Infinity) - along.reduce((m, x) => Math.min(m, x), Infinity);
    const length = Math.max(extent, 0) + 2 * MARGIN;
    rows.set(
      direction.map((x) => x * length),
      3 * k,
    );
  }
  return rows;
}

/** A direction at right angles to the edges that are known, right-handed with them. */
function perpendicular(rows: Float64Array, k: number): number[] {
  const [next, last] = [(k + 1) % 3, (k + 2) % 3].map((j) => rows.subarray(3 * j, 3 * j + 3));
  const known = (v: Float64Array) => v.some((x) => x !== 0);
  if (known(next) && known(last)) return unit(cross(next, last));
  const one = known(next) ? next : known(last) ? last : undefined;
  if (!one) return [0, 1, 2].map((j) => (j === k ? 1 : 0));
  const axis = [0, 1, 2].map((j) => Math.abs(one[j]));
  const helper = [0, 1, 2].map((j) => (j === axis.indexOf(Math.min(...axis)) ? 1 : 0));
  return unit(cross(one, helper));
}

/** Positions in the box, folded along periodic directions and centered along the others. */
function inside({ positions, pbc }: Frame, rows: Float64Array, cell: Float64Array): Float64Array {
  const fractions = times(positions, inverse(rows));
  for (const k of [0, 1, 2]) {
    if (pbc[k]) for (let i = k; i < fractions.length; i += 3) fractions[i] -= Math.floor(fractions[i]);
    else center(fractions, k);
  }
  const out = times(fractions, cell);
  for (let i = 0; i < out.length; i++) out[i] -= cell[4 * (i % 3)] / 2; // the corner of the box
  return out;
}

function center(fractions: Float64Array, k: number): void {
  let least = Infinity;
  let most = -Infinity;
  for (let i = k; i < fractions.length; i += 3) {
    least = Math.min(least, fractions[i]);
    most = Math.max(most, fractions[i]);
  }
  for (let i = k; i < fractions.length; i += 3) fractions[i] += 0.5 - (least + most) / 2;
}

type Vector = ArrayLike<number>;

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

const cross = (a: Vector, b: Vector) => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

function unit(a: Vector): number[] {
  const length = Math.hypot(a[0], a[1], a[2]);
  return [a[0] / length, a[1] / length, a[2] / length];
}

/** Rows (n,3) times a matrix (3,3). */
function times(rows: Float64Array, m: Float64Array): Float64Array {
  const out = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i += 3) {
    for (let k = 0; k < 3; k++) out[i + k] = rows[i] * m[k] + rows[i + 1] * m[3 + k] + rows[i + 2] * m[6 + k];
  }
  return out;
}

function transposed(m: Float64Array): Float64Array {
  return Float64Array.of(m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]);
}
