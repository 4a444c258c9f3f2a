import { signedVolume } from '../../src/core/cell.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { WriteOptions } from '../format.ts';
import { isRestricted } from './box.ts';
import { boxOf, type OutputBox } from './output-box.ts';
import type { OutputScale } from './output-scale.ts';

/** A box in LAMMPS' restricted form and what has to be done to vectors and image flags of the frame. */
export interface RestrictedBox extends OutputBox {
  /** Rows e1, e2, e3 of the rotation r' = (r·e1, r·e2, r·e3); undefined = nothing is rotated. */
  readonly rotation?: Float64Array;
  /** c was replaced by −c (and the corner moved): the third image flag changes its sign. */
  readonly flippedC: boolean;
}

/**
 * The box of a frame with a along x and b in the xy plane (manual page "Howto triclinic"). A general cell is rotated; a
 * left-handed one first gets −c in place of c, with the corner moved by c: the same box and the same lattice. Both are reported.
 */
export function restrictedBoxOf(frame: Frame, scale: OutputScale, options: WriteOptions): RestrictedBox {
  const box = boxOf(frame, scale, options);
  if (isRestricted(box.cell)) return { ...box, flippedC: false };
  const cell = Float64Array.from(box.cell);
  const origin: [number, number, number] = [...box.origin];
  const flippedC = signedVolume(cell) < 0;
  if (flippedC)
    for (let k = 0; k < 3; k++) {
      origin[k] += cell[6 + k];
      cell[6 + k] = -cell[6 + k];
    }
  const rotation = axesOf(cell);
  const turned = rotated(cell, rotation);
  for (const k of [1, 2, 5]) turned[k] = 0;
  const how = flippedC ? 'c is replaced by -c (the cell is left-handed), then cell' : 'cell';
  options.onDiagnostic({
    severity: 'warning',
    code: 'rotated',
    message: `${how}, positions and velocities are rotated so that a is along x and b in the xy plane, as LAMMPS demands`,
    ...(frame.origin && { at: frame.origin }),
  });
  const [x, y, z] = rotated(Float64Array.from(origin), rotation);
  return { cell: turned, origin: [x, y, z], boundary: box.boundary, rotation, flippedC };
}

/** Rows (n,3) in the rotated axes; a new array. */
export function rotated(rows: Float64Array, e: Float64Array): Float64Array {
  const out = new Float64Array(rows.length);
  for (let k = 0; k < rows.length; k += 3)
    for (let i = 0; i < 3; i++)
      out[k + i] = rows[k] * e[3 * i] + rows[k + 1] * e[3 * i + 1] + rows[k + 2] * e[3 * i + 2];
  return out;
}

/** Unit vectors: e1 along a, e3 along a×b, e2 = e3×e1. */
function axesOf([ax, ay, az, bx, by, bz]: Float64Array): Float64Array {
  const e1 = unit([ax, ay, az]);
  const e3 = unit(cross([ax, ay, az], [bx, by, bz]));
  return Float64Array.of(...e1, ...cross(e3, e1), ...e3);
}

function unit(v: readonly number[]): number[] {
  const length = Math.hypot(...v);
  return v.map((x) => x / length);
}

function cross(a: readonly number[], b: readonly number[]): number[] {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
