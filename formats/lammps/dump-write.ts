import { MissingDataError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { WriteOptions } from '../format.ts';
import { boundOf, edgeOf, isRestricted } from './box.ts';
import { boxOf, type OutputBox } from './output-box.ts';
import { type OutputColumn, outputColumns, TypeNumbers } from './output-columns.ts';
import { type OutputScale, outputScale } from './output-scale.ts';

/** Rows that make one piece of text. */
const PIECE = 512;
/** The unit style of a dump without ITEM: UNITS: LAMMPS writes that item only when told to, and many readers fail on it. */
const UNSTATED = 'metal';

/**
 * Text dump (custom) of all frames: id, type, element, positions, then velocities, forces, charges, masses and every array.
 * Numbers are shortest exact. A cell that is not in LAMMPS' restricted form is written as `abc origin`, not rotated. ITEM: UNITS
 * stands where the style is not metal, and where it returns to it.
 */
export async function* writeDump(frames: AsyncIterable<Frame>, options: WriteOptions): AsyncGenerator<string, void> {
  const types = new TypeNumbers(options);
  let written = UNSTATED;
  let index = 0;
  for await (const frame of frames) {
    const scale = outputScale(frame, options);
    const box = boxOf(frame, scale, options);
    const columns = outputColumns(frame, types, scale, options);
    checkFinite(frame, index);
    const units = written === scale.style ? '' : `ITEM: UNITS\n${scale.style}\n`;
    written = scale.style;
    yield `${units}${header(frame, box, scale, index)}ITEM: ATOMS ${columns.map((c) => c.name).join(' ')}\n`;
    yield* rowTexts(frame.natoms, columns);
    index++;
  }
}

function header(frame: Frame, box: OutputBox, scale: OutputScale, index: number): string {
  const { time, timestep } = frame.info;
  const timeText = typeof time === 'number' ? `ITEM: TIME\n${time / scale.time}\n` : '';
  const step = typeof timestep === 'bigint' || Number.isInteger(timestep) ? timestep : index;
  return `${timeText}ITEM: TIMESTEP\n${step}\nITEM: NUMBER OF ATOMS\n${frame.natoms}\n${boundsText(box)}`;
}

function boundsText(box: OutputBox): string {
  const { lo, hi, tilt } = boundsOf(box);
  const { cell, origin } = box;
  const rows = (values: (k: number) => readonly number[]) => [0, 1, 2].map((k) => `${values(k).join(' ')}\n`).join('');
  const [kind, lines] = !isRestricted(cell)
    ? ['abc origin ', rows((k) => [...cell.subarray(3 * k, 3 * k + 3), origin[k]])]
    : tilt.every((t) => t === 0)
      ? ['', rows((k) => [lo[k], hi[k]])]
      : ['xy xz yz ', rows((k) => [lo[k], hi[k], tilt[k]])];
  return `ITEM: BOX BOUNDS ${kind}${box.boundary.join(' ')}\n${lines}`;
}

/** Bounds of a restricted box such that `boxFromBounds` gives exactly its cell and origin. */
export function boundsOf({ cell, origin }: OutputBox) {
  const [xy, xz, yz] = [cell[3], cell[6], cell[7]];
  const under = [Math.min(0, xy, xz, xy + xz), Math.min(0, yz), 0];
  const over = [Math.max(0, xy, xz, xy + xz), Math.max(0, yz), 0];
  const lo = [0, 1, 2].map((k) => boundOf(origin[k], under[k]));
  const hi = [0, 1, 2].map((k) => boundOf(edgeOf(origin[k], cell[4 * k]), over[k]));
  return { lo, hi, tilt: [xy, xz, yz] };
}

function* rowTexts(natoms: number, columns: readonly OutputColumn[]): Generator<string, void> {
  let piece = '';
  for (let row = 0; row < natoms; row++) {
    let line = columns[0].text(row);
    for (let c = 1; c < columns.length; c++) line += ` ${columns[c].text(row)}`;
    piece += `${line}\n`;
    if ((row + 1) % PIECE === 0) {
      yield piece;
      piece = '';
    }
  }
  if (piece) yield piece;
}

function checkFinite(frame: Frame, index: number): void {
  const k = frame.positions.findIndex((value) => !Number.isFinite(value));
  if (k >= 0)
    throw new MissingDataError(
      `frame ${index}: the position of atom ${Math.floor(k / 3) + 1} is ${frame.positions[k]}`,
      'a dump needs all positions',
    );
}
