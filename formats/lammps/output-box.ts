import { signedVolume } from '../../src/core/cell.ts';
import { MissingDataError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { WriteOptions } from '../format.ts';
import { BOUNDARY_FLAG } from './box.ts';
import type { OutputScale } from './output-scale.ts';

/** A box to be written, in the units of the file. */
export interface OutputBox {
  readonly cell: Float64Array;
  readonly origin: readonly [number, number, number];
  readonly boundary: readonly string[];
}

/**
 * The box of a frame; without a cell the smallest box around the atoms, as LAMMPS has it with shrink-wrapped boundaries, and a
 * diagnostic. Throws MissingDataError for a cell without volume.
 */
export function boxOf(frame: Frame, scale: OutputScale, options: WriteOptions): OutputBox {
  const { cell } = frame;
  if (!cell) return shrinkWrapped(frame, scale, options);
  if (!(Math.abs(signedVolume(cell)) > 0))
    throw new MissingDataError('the cell of a frame has no volume', 'LAMMPS needs three independent vectors');
  const origin = originOf(frame);
  return {
    cell: scale.length === 1 ? cell : cell.map((v) => v / scale.length),
    origin: [origin[0] / scale.length, origin[1] / scale.length, origin[2] / scale.length],
    boundary: boundaryOf(frame),
  };
}

/** Corner of the box in Å: `info.origin`, or zero. */
function originOf(frame: Frame): readonly [number, number, number] {
  const { origin } = frame.info;
  if (!Array.isArray(origin) || origin.length !== 3 || !origin.every((v) => Number.isFinite(v))) return [0, 0, 0];
  return origin as unknown as [number, number, number];
}

/** The flags that were read, where they agree with `pbc`; else `pp` and `ff`. */
function boundaryOf(frame: Frame): readonly string[] {
  const read = frame.info['boundary'];
  return frame.pbc.map((periodic, k) => {
    const flag = Array.isArray(read) ? read[k] : undefined;
    const fits = typeof flag === 'string' && BOUNDARY_FLAG.test(flag) && (flag === 'pp') === periodic;
    return fits ? flag : periodic ? 'pp' : 'ff';
  });
}

function shrinkWrapped(frame: Frame, scale: OutputScale, options: WriteOptions): OutputBox {
  const lo = [Infinity, Infinity, Infinity];
  const hi = [-Infinity, -Infinity, -Infinity];
  frame.positions.forEach((value, k) => {
    lo[k % 3] = Math.min(lo[k % 3], value / scale.length);
    hi[k % 3] = Math.max(hi[k % 3], value / scale.length);
  });
  for (let k = 0; k < 3; k++) {
    if (hi[k] - lo[k] > 0) continue;
    const center = hi[k] >= lo[k] ? lo[k] : 0;
    [lo[k], hi[k]] = [center - 0.5, center + 0.5];
  }
  options.onDiagnostic({
    severity: 'warning',
    code: 'no-cell',
    message: 'a frame without a cell is written in the smallest box around its atoms (boundary s)',
    ...(frame.origin && { at: frame.origin }),
  });
  const cell = Float64Array.of(hi[0] - lo[0], 0, 0, 0, hi[1] - lo[1], 0, 0, 0, hi[2] - lo[2]);
  return { cell, origin: [lo[0], lo[1], lo[2]], boundary: ['ss', 'ss', 'ss'] };
}
