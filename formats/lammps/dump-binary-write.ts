import type { Frame } from '../../src/core/frame.ts';
import type { WriteOptions } from '../format.ts';
import { isRestricted } from './box.ts';
import { boundsOf } from './dump-write.ts';
import { boxOf, type OutputBox } from './output-box.ts';
import { type OutputColumn, outputColumns, TypeNumbers } from './output-columns.ts';
import { type OutputScale, outputScale } from './output-scale.ts';

const MAGIC = 'DUMPCUSTOM';
/** Values of a chunk: one chunk a "process", so that memory stays bounded. */
const CHUNK_VALUES = 1 << 17;

/**
 * Binary dump of revision 2, little-endian, as LAMMPS writes it since 2020. All values are doubles: words (elements, labels) are
 * left out with a diagnostic; types tell the atoms apart.
 */
export async function* writeBinaryDump(
  frames: AsyncIterable<Frame>,
  options: WriteOptions,
): AsyncGenerator<Uint8Array, void> {
  const types = new TypeNumbers(options);
  let written: string | undefined;
  let index = 0;
  for await (const frame of frames) {
    const scale = outputScale(frame, options);
    const columns = numberColumns(outputColumns(frame, types, scale, options), index, options);
    const rows = Math.max(1, Math.floor(CHUNK_VALUES / columns.length));
    const chunks = Math.ceil(frame.natoms / rows);
    const units = written === scale.style ? '' : scale.style;
    written = scale.style;
    yield header(frame, boxOf(frame, scale, options), { columns, units, chunks, scale, index });
    for (let row = 0; row < frame.natoms; row += rows) yield chunk(columns, row, Math.min(frame.natoms, row + rows));
    index++;
  }
}

function numberColumns(columns: readonly OutputColumn[], index: number, options: WriteOptions): OutputColumn[] {
  const words = columns.filter((column) => !column.value).map((column) => column.name);
  if (words.length > 0 && index === 0)
    options.onDiagnostic({
      severity: 'warning',
      code: 'dropped-columns',
      message: `a binary dump holds numbers only: ${words.join(', ')} left out`,
    });
  return columns.filter((column) => column.value);
}

function header(
  frame: Frame,
  box: OutputBox,
  step: { columns: readonly OutputColumn[]; units: string; chunks: number; scale: OutputScale; index: number },
): Buffer {
  const { time, timestep } = frame.info;
  const names = step.columns.map((column) => column.name).join(' ');
  const out = new Bytes();
  out.int64(-BigInt(MAGIC.length)).text(MAGIC).int32(1).int32(2);
  out.int64(
    typeof timestep === 'bigint' || Number.isInteger(timestep) ? BigInt(timestep as number) : BigInt(step.index),
  );
  out.int64(BigInt(frame.natoms));
  const { lo, hi, tilt } = boundsOf(box);
  const kind = !isRestricted(box.cell) ? 2 : tilt.some((t) => t !== 0) ? 1 : 0;
  out.int32(kind);
  for (const flag of box.boundary) out.int32('pfsm'.indexOf(flag[0])).int32('pfsm'.indexOf(flag[1]));
  const bounds = lo.flatMap((value, k) => [value, hi[k]]);
  for (const value of kind === 2 ? [...box.cell, ...box.origin] : kind === 1 ? [...bounds, ...tilt] : bounds)
    out.double(value);
  out.int32(step.columns.length).int32(step.units.length).text(step.units);
  if (typeof time === 'number') out.byte(1).double(time / step.scale.time);
  else out.byte(0);
  return out.int32(names.length).text(names).int32(step.chunks).buffer();
}

function chunk(columns: readonly OutputColumn[], from: number, to: number): Uint8Array {
  const values = new Float64Array((to - from) * columns.length);
  let k = 0;
  for (let row = from; row < to; row++) for (const column of columns) values[k++] = column.value?.(row) ?? Number.NaN;
  const length = Buffer.alloc(4);
  length.writeInt32LE(values.length);
  return Buffer.concat([length, Buffer.from(values.buffer)]);
}

/** Little-endian values one after another. */
class Bytes {
  readonly #pieces: Buffer[] = [];

  int64(value: bigint): this {
    const piece = Buffer.alloc(8);
    piece.writeBigInt64LE(value);
    this.#pieces.push(piece);
    return this;
  }

  int32(value: number): this {
    const piece = Buffer.alloc(4);
    piece.writeInt32LE(value);
    this.#pieces.push(piece);
    return this;
  }

  double(value: number): this {
    const piece = Buffer.alloc(8);
    piece.writeDoubleLE(value);
    this.#pieces.push(piece);
    return this;
  }

  byte(value: number): this {
    this.#pieces.push(Buffer.of(value));
    return this;
  }

  text(text: string): this {
    this.#pieces.push(Buffer.from(text, 'latin1'));
    return this;
  }

  buffer(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}
