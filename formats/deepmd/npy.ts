import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { FormatError } from '../../src/core/errors.ts';

const FORMAT = 'deepmd-npy';
const MAX_HEADER = 1 << 20;

type Kind = 'f' | 'i' | 'u' | 'b';

/** Type of an element of an .npy file. */
interface ElementType {
  readonly kind: Kind;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly littleEndian: boolean;
}

/**
 * A two-dimensional view of an .npy file: rows along the first axis, the rest of a row flattened in C order. Rows are read on
 * demand, so memory does not grow with the file. Source: NumPy, numpy.lib.format.
 */
export class NpyFile {
  readonly path: string;
  readonly shape: readonly number[];
  /** Values of a row: product of the shape without the first axis. */
  readonly width: number;
  readonly #file: FileHandle;
  readonly #type: ElementType;
  readonly #dataStart: number;
  /** Fortran order: for each value of a row, its place among the values, in units of the number of rows. */
  readonly #fortran: Float64Array | undefined;

  private constructor(path: string, file: FileHandle, header: Header, dataStart: number) {
    this.path = path;
    this.#file = file;
    this.shape = header.shape;
    this.width = header.shape.slice(1).reduce((a, b) => a * b, 1);
    this.#type = header.type;
    this.#dataStart = dataStart;
    this.#fortran = header.fortran && header.shape.length > 1 ? fortranPlaces(header.shape.slice(1)) : undefined;
  }

  get rows(): number {
    return this.shape[0];
  }

  /** Opens a file and checks that its size is what the header says. Throws FormatError naming the file. */
  static async open(path: string): Promise<NpyFile> {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const { header, dataStart } = await readHeader(file, path, size);
      const values = header.shape.reduce((a, b) => a * b, 1);
      const expected = dataStart + values * header.type.bytes;
      if (size < expected)
        throw new FormatError(
          FORMAT,
          { path, byte: size },
          `expected ${expected} bytes for shape (${header.shape.join(', ')}), found the end of the file`,
        );
      if (size > expected)
        throw new FormatError(
          FORMAT,
          { path, byte: expected },
          `expected ${expected} bytes for shape (${header.shape.join(', ')}), found ${size}`,
        );
      return new NpyFile(path, file, header, dataStart);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Rows `first` to `first + count` as (count, width) reals, row-major. */
  async read(first: number, count: number): Promise<Float64Array> {
    const { width, rows } = this;
    const { bytes } = this.#type;
    const out = new Float64Array(count * width);
    if (!this.#fortran) {
      const raw = await this.#bytes(first * width * bytes, count * width * bytes);
      decode(raw, this.#type, (k, value) => {
        out[k] = value;
      });
      return out;
    }
    for (let c = 0; c < width; c++) {
      const raw = await this.#bytes((this.#fortran[c] * rows + first) * bytes, count * bytes);
      decode(raw, this.#type, (k, value) => {
        out[k * width + c] = value;
      });
    }
    return out;
  }

  async #bytes(offset: number, length: number): Promise<DataView> {
    const buffer = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.#file.read(buffer, done, length - done, this.#dataStart + offset + done);
      if (bytesRead === 0)
        throw new FormatError(
          FORMAT,
          { path: this.path, byte: this.#dataStart + offset + done },
          'the file became shorter',
        );
      done += bytesRead;
    }
    return new DataView(buffer.buffer);
  }
}

interface Header {
  readonly type: ElementType;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

async function readHeader(file: FileHandle, path: string, size: number) {
  const fail = (byte: number, message: string) => new FormatError(FORMAT, { path, byte }, message);
  const start = Buffer.alloc(12);
  const { bytesRead } = await file.read(start, 0, 12, 0);
  if (bytesRead < 10 || start.toString('latin1', 0, 6) !== '\x93NUMPY')
    throw fail(0, 'expected an .npy file (\\x93NUMPY), found other bytes');
  const version = start[6];
  if (version < 1 || version > 3) throw fail(6, `expected .npy version 1, 2 or 3, found ${version}`);
  const prefix = version === 1 ? 10 : 12;
  const length = version === 1 ? start.readUInt16LE(8) : start.readUInt32LE(8);
  if (length > MAX_HEADER || prefix + length > size)
    throw fail(8, `expected a header within the file, found a header length of ${length}`);
  const header = Buffer.alloc(length);
  await file.read(header, 0, length, prefix);
  return {
    header: parseHeader(header.toString('utf8'), (message) => fail(prefix, message)),
    dataStart: prefix + length,
  };
}

function parseHeader(text: string, fail: (message: string) => Error): Header {
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]*)['"]/.exec(text)?.[1];
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text)?.[1];
  const shapeText = /['"]shape['"]\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === undefined || fortran === undefined || shapeText === undefined)
    throw fail(`expected descr, fortran_order and shape in the header, found "${text.trim().slice(0, 80)}"`);
  const shape = shapeText
    .split(',')
    .map((s) => s.trim().replace('L', ''))
    .filter(Boolean)
    .map(Number);
  if (shape.length === 0) throw fail('expected an array with frames along its first axis, found a scalar');
  const values = shape.reduce((a, b) => a * b, 1);
  if (!Number.isSafeInteger(values * 8)) throw fail(`expected a possible shape, found (${shapeText})`);
  const [, order, kind, bytesText] = /^([<>|=])([fiubO])(\d+)?/.exec(descr) ?? [];
  const bytes = Number(bytesText);
  if (kind === 'O') throw fail('expected numbers, found an object array (pickle), which is not read');
  const known = kind === 'f' ? [4, 8] : kind === 'b' ? [1] : kind === undefined ? [] : [1, 2, 4, 8];
  if (!known.includes(bytes)) throw fail(`expected elements f4, f8, or integers, found "${descr}"`);
  return {
    type: { kind: kind as Kind, bytes: bytes as ElementType['bytes'], littleEndian: order !== '>' },
    fortran: fortran === 'True',
    shape,
  };
}

/** Place of each value of a C-ordered row among the columns of a Fortran-ordered array. */
function fortranPlaces(inner: readonly number[]): Float64Array {
  const width = inner.reduce((a, b) => a * b, 1);
  const places = new Float64Array(width);
  for (let c = 0; c < width; c++) {
    let rest = c;
    let place = 0;
    for (let axis = inner.length - 1; axis >= 0; axis--) {
      const index = rest % inner[axis];
      rest = Math.floor(rest / inner[axis]);
      place += index * inner.slice(0, axis).reduce((a, b) => a * b, 1);
    }
    places[c] = place;
  }
  return places;
}

function decode(view: DataView, type: ElementType, put: (k: number, value: number) => void): void {
  const { kind, bytes, littleEndian } = type;
  const count = view.byteLength / bytes;
  if (kind === 'f' && bytes === 8) for (let k = 0; k < count; k++) put(k, view.getFloat64(8 * k, littleEndian));
  else if (kind === 'f') for (let k = 0; k < count; k++) put(k, view.getFloat32(4 * k, littleEndian));
  else for (let k = 0; k < count; k++) put(k, integerAt(view, k * bytes, type));
}

function integerAt(view: DataView, at: number, { kind, bytes, littleEndian }: ElementType): number {
  const signed = kind === 'i';
  if (bytes === 8) return Number(signed ? view.getBigInt64(at, littleEndian) : view.getBigUint64(at, littleEndian));
  if (bytes === 4) return signed ? view.getInt32(at, littleEndian) : view.getUint32(at, littleEndian);
  if (bytes === 2) return signed ? view.getInt16(at, littleEndian) : view.getUint16(at, littleEndian);
  return signed ? view.getInt8(at) : view.getUint8(at);
}

/** Header of a C-ordered `<f8` or `<i4` array, padded to 128 bytes so that it can be written again when the shape is known. */
export function npyHeader(descr: '<f8' | '<i4', shape: readonly number[]): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const header = Buffer.alloc(128, ' ');
  header.write('\x93NUMPY\x01\x00', 0, 'latin1');
  header.writeUInt16LE(118, 8);
  header.write(text, 10, 'latin1');
  header[127] = 10;
  return header;
}
