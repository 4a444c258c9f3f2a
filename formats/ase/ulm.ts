import { type FileHandle, open } from 'node:fs/promises';
import { FormatError, TruncatedError } from '../../src/core/errors.ts';
import { parsePythonJson } from './python-json.ts';

/** Item of an ULM file: JSON, in which `name.` with an `ndarray` stands for an array elsewhere in the file. */
export type UlmItem = Readonly<Record<string, unknown>>;

export interface UlmArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

const HEADER = 48;
/** Arrays of ASE are small; a larger JSON item is not of this kind. */
const JSON_MOST = 256 << 20;
const SIZES: Readonly<Record<string, number>> = {
  float64: 8,
  float32: 4,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Whether these are the first bytes of an ULM file with this tag. */
export function isUlm(head: Uint8Array, tag: string): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 24)).toString('latin1');
  return /^(- of Ulm|AFFormat)/.test(text) && text.slice(8).replace(/[\0 ]+$/, '') === tag;
}

/**
 * Reader of ULM files, the container of ASE trajectories (module `ase.io.ulm`): magic word (8 bytes), tag (16), version, number of
 * items and place of the list of their places (three little-endian 64-bit integers); an item is the length of its JSON and the JSON.
 * Errors are FormatError with the byte.
 */
export class UlmFile {
  readonly count: number;
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #list: number;
  readonly #path: string;
  readonly #format: string;

  private constructor(
    file: FileHandle,
    place: { path: string; format: string; size: number; count: number; list: number },
  ) {
    this.#file = file;
    this.#path = place.path;
    this.#format = place.format;
    this.#size = place.size;
    this.count = place.count;
    this.#list = place.list;
  }

  static async open(path: string, tag: string, format: string): Promise<UlmFile> {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const fail = (byte: number, message: string) => new FormatError(format, { path, byte }, message);
      const head = Buffer.alloc(HEADER);
      const { bytesRead } = await file.read(head, 0, HEADER, 0);
      if (!isUlm(head.subarray(0, bytesRead), tag)) throw fail(0, `expected the header of an ULM file of kind ${tag}`);
      if (bytesRead < HEADER)
        throw new TruncatedError(format, { path, byte: bytesRead }, `expected a header of ${HEADER} bytes`);
      const [version, count, list] = [24, 32, 40].map((at) => Number(head.readBigInt64LE(at)));
      if (version < 1 || version > 3) throw fail(24, `expected version 1 to 3 of the container, found ${version}`);
      if (count < 0 || list < HEADER || list + 8 * count > size)
        throw new TruncatedError(
          format,
          { path, byte: 32 },
          `expected the places of ${count} items at byte ${list}, found a file of ${size} bytes`,
        );
      return new UlmFile(file, { path, format, size, count, list });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async item(index: number): Promise<UlmItem> {
    const at = Number((await this.#bytes(this.#list + 8 * index, 8, 'the place of an item')).readBigInt64LE(0));
    const length = Number((await this.#bytes(at, 8, 'the length of an item')).readBigInt64LE(0));
    if (length < 0 || length > JSON_MOST) throw this.error(at, `expected the length of an item, found ${length}`);
    const text = (await this.#bytes(at + 8, length, `item ${index}`)).toString('utf8');
    try {
      const item = parsePythonJson(text);
      if (typeof item === 'object' && item !== null && !Array.isArray(item)) return item as UlmItem;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw this.error(at + 8, `expected a JSON object of ${length} bytes, found ${JSON.stringify(text.slice(0, 40))}`);
  }

  /** The array `name` of an item, as doubles; undefined when the item has none. Throws for kinds of numbers that are not real. */
  async array(item: UlmItem, name: string): Promise<UlmArray | undefined> {
    const listed = item[name];
    if (Array.isArray(listed)) return this.#listed(listed, name);
    const entry = item[`${name}.`] as { ndarray?: unknown } | undefined;
    if (entry === undefined) return undefined;
    const [shape, type, at] = Array.isArray(entry?.ndarray)
      ? (entry.ndarray as [number[], string, number])
      : [[], '', -1];
    const size = SIZES[type];
    const count = Array.isArray(shape) ? shape.reduce((product, n) => product * n, 1) : -1;
    if (!size || !Number.isSafeInteger(count) || count < 0 || !Number.isSafeInteger(at) || at < 0)
      throw this.error(
        0,
        `expected shape, type and place of the array ${name}, found ${JSON.stringify(entry).slice(0, 80)}`,
      );
    const bytes = await this.#bytes(at, size * count, `the array ${name}`);
    if (item['_little_endian'] === false) swap(bytes, size);
    return { shape, data: doubles(bytes, type, count) };
  }

  error(byte: number, message: string): FormatError {
    return new FormatError(this.#format, { path: this.#path, byte }, message);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #listed(value: readonly unknown[], name: string): UlmArray {
    const shape: number[] = [];
    for (let inner: unknown = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
    const flat = value.flat(8);
    if (!flat.every((x) => typeof x === 'number' || typeof x === 'boolean'))
      throw this.error(0, `expected numbers in ${name}`);
    return { shape, data: Float64Array.from(flat, Number) };
  }

  async #bytes(at: number, length: number, what: string): Promise<Buffer> {
    if (!(at >= 0) || at + length > this.#size)
      throw new TruncatedError(
        this.#format,
        { path: this.#path, byte: at },
        `expected ${length} bytes of ${what}, found a file of ${this.#size} bytes`,
      );
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await this.#file.read(bytes, 0, length, at);
    if (bytesRead < length) throw new TruncatedError(this.#format, { path: this.#path, byte: at }, `expected ${what}`);
    return bytes;
  }
}

function swap(bytes: Buffer, size: number): void {
  if (size === 8) bytes.swap64();
  else if (size === 4) bytes.swap32();
  else if (size === 2) bytes.swap16();
}

function doubles(bytes: Buffer, type: string, count: number): Float64Array {
  const at: Record<string, (k: number) => number> = {
    float64: (k) => bytes.readDoubleLE(8 * k),
    float32: (k) => bytes.readFloatLE(4 * k),
    int64: (k) => Number(bytes.readBigInt64LE(8 * k)),
    int32: (k) => bytes.readInt32LE(4 * k),
    int16: (k) => bytes.readInt16LE(2 * k),
    int8: (k) => bytes.readInt8(k),
  };
  const read = at[type] ?? ((k: number) => bytes[k]);
  return Float64Array.from({ length: count }, (_, k) => read(k));
}
