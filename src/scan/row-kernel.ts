import { symbolOf } from '../core/elements.ts';
import { parseInteger, parseNumber } from './numbers.ts';
import { ROW_KERNEL_WASM } from './row-kernel-wasm.ts';

/** What a field of a row is: a number, a number without point, an element symbol (kept as atomic number), any word. */
export type FieldKind = 'number' | 'integer' | 'symbol' | 'text';

// Places in the memory of the module; row-kernel.as has the same.
const FIELDS = 1024;
const POWERS = 4096;
const SYMBOLS = 8192;
const ODD = 73_728;
const SHUFFLES = 139_328;
const INPUT = 143_488;
const INPUT_MOST = 64 << 10;
const INDEX = INPUT + INPUT_MOST + 64;
const OUTPUT = INDEX + 4 * (INPUT_MOST + 64);
const FIELDS_MOST = 190;
const KINDS: Readonly<Record<FieldKind, number>> = { number: 0, integer: 1, symbol: 2, text: 3 };
const LF = 10;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly readRows: (fields: number, rows: number, limit: number) => number;
  readonly countLines: (limit: number) => number;
}

interface Instance {
  readonly bytes: Uint8Array;
  readonly buffer: ArrayBuffer;
  readonly integers: Int32Array;
  readonly doubles: Float64Array;
  readonly readRows: Exports['readRows'];
  readonly countLines: Exports['countLines'];
}

/** The part of the JavaScript API that we use; the types of Node do not have it. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object) => { readonly exports: unknown };
  };
};

/** One per thread: a call leaves nothing behind that the next one needs. */
let instance: Instance | undefined;

function load(): Instance {
  if (instance) return instance;
  const module = new WebAssembly.Module(Buffer.from(ROW_KERNEL_WASM, 'base64'));
  const { memory, readRows, countLines } = new WebAssembly.Instance(module).exports as Exports;
  const { buffer } = memory;
  instance = {
    buffer,
    bytes: new Uint8Array(buffer),
    integers: new Int32Array(buffer),
    doubles: new Float64Array(buffer),
    readRows,
    countLines,
  };
  fillTables(instance);
  return instance;
}

/** By the length of a number and the place of its point (the length where it has none): what to divide by, which digit goes where. */
function fillTables({ bytes, doubles }: Instance): void {
  for (let k = 0; k < 17; k++) doubles[(POWERS >> 3) + k] = Number(`1e${Math.max(0, k - 1)}`);
  for (let length = 0; length < 16; length++)
    for (let point = 0; point <= length; point++)
      for (let k = 0; k < 16; k++) {
        const digit = k - 16 + length;
        const from = point < length && digit <= point ? digit - 1 : digit;
        bytes[SHUFFLES + 256 * length + 16 * point + k] = from < 0 ? 0x80 : from;
      }
  for (let z = 0; z <= 118; z++) {
    const symbol = symbolOf(z);
    bytes[SYMBOLS + (symbol.charCodeAt(0) | ((symbol.charCodeAt(1) || 0) << 8))] = z + 1;
  }
}

/** Line breaks in bytes. */
export function countLines(bytes: Uint8Array): number {
  const module = load();
  let lines = 0;
  for (let at = 0; at < bytes.length; at += INPUT_MOST) {
    const piece = bytes.subarray(at, at + INPUT_MOST);
    module.bytes.set(piece, INPUT);
    lines += module.countLines(INPUT + piece.length);
  }
  return lines;
}

/**
 * Reads rows of blank-separated fields with the WebAssembly kernel. Fields of one group lie side by side in one table,
 * row-major, and follow each other in a row; a symbol is a group of its own. Numbers are exactly those of `parseNumber`. Rows that it does not take (too
 * few or many fields, words for numbers, NaN, infinities, integers beyond 2^53) are left to the caller.
 */
export class RowKernel {
  /** Rows of the last `read`. */
  rows = 0;
  /** Place in the input after them. */
  end = 0;
  readonly #kinds: readonly FieldKind[];
  /** By field: what it is, its place, and how far that moves a row, as the module wants them. */
  readonly #fields: Int32Array;
  readonly #groups: readonly number[];
  /** By group: fields, or 0 for a symbol, which takes one byte. */
  readonly #widths: number[] = [];
  /** By group: bytes of a row in the tables before its own; those of symbols come last, so that the others are aligned. */
  readonly #before: number[] = [];
  /** Bytes of a row in all tables. */
  readonly #bytes: number;
  readonly #rowsMost: number;
  /** Rows that the tables of the last `read` have room for. */
  #room = 0;
  /** Of the rows before: no more than the rows that are wanted is copied. */
  #rowBytes = 100;

  /** `groups[f]` is the group of field f. Throws RangeError for more fields than the kernel can take. */
  constructor(kinds: readonly FieldKind[], groups: readonly number[]) {
    if (!RowKernel.takes(kinds)) throw new RangeError(`${kinds.length} fields in a row`);
    this.#kinds = kinds;
    this.#groups = groups;
    groups.forEach((group, f) => {
      this.#widths[group] = kinds[f] === 'symbol' ? 0 : (this.#widths[group] ?? 0) + 1;
    });
    let bytes = 0;
    for (const isSymbol of [false, true])
      this.#widths.forEach((width, group) => {
        if ((width === 0) !== isSymbol) return;
        this.#before[group] = bytes;
        bytes += isSymbol ? 1 : 8 * width;
      });
    this.#bytes = bytes;
    this.#rowsMost = Math.floor((load().bytes.length - OUTPUT) / bytes);
    this.#fields = new Int32Array(4 * kinds.length);
    kinds.forEach((kind, f) => {
      this.#fields[4 * f] = KINDS[kind];
      this.#fields[4 * f + 2] = kind === 'symbol' ? 1 : 8 * this.#widths[groups[f]];
    });
  }

  /** Whether the kernel can take rows of these fields. */
  static takes(kinds: readonly FieldKind[]): boolean {
    return kinds.length > 0 && kinds.length <= FIELDS_MOST;
  }

  /**
   * Reads up to `rows` rows of `bytes[from, limit)`, which ends with a line break, into the tables; sets `rows` and `end`.
   * `odd` gives the byte for a word that is no symbol of an element (in `bytes[start, end)`, of row `row`).
   */
  read(
    { bytes, from, limit }: { readonly bytes: Uint8Array; readonly from: number; readonly limit: number },
    rows: number,
    odd?: (start: number, end: number, row: number) => number,
  ): void {
    const module = load();
    this.end = from;
    this.rows = 0;
    const most = Math.min(INPUT_MOST, Math.ceil(1.05 * rows * this.#rowBytes) + 256);
    const to = limit - from <= most ? limit : bytes.lastIndexOf(LF, from + most - 1) + 1;
    if (to <= from) return;
    module.bytes.set(bytes.subarray(from, to), INPUT);
    this.#room = Math.min(rows, this.#rowsMost);
    this.#place(module.integers);
    this.rows = module.readRows(this.#kinds.length, this.#room, INPUT + to - from);
    this.end = from + module.integers[0] - INPUT;
    if (this.rows > 0) this.#rowBytes = (this.end - from) / this.rows;
    if (module.integers[1] > 0) this.#resolve(module, bytes, from, odd);
  }

  /** The table of a group after `read`: `rows` rows; valid until the next `read` of any kernel. Text: `start`·65536 + length. */
  table(group: number): Float64Array {
    const at = (OUTPUT + this.#offset(group)) >> 3;
    return load().doubles.subarray(at, at + this.rows * this.#widths[group]);
  }

  /** Atomic numbers of a symbol group, as `table`. */
  symbols(group: number): Uint8Array {
    const at = OUTPUT + this.#offset(group);
    return load().bytes.subarray(at, at + this.rows);
  }

  /** Copies of all tables, in one buffer, which is the caller's own. For a `read` that has read all the rows that were wanted. */
  tables(): { readonly reals: (group: number) => Float64Array; readonly symbols: (group: number) => Uint8Array } {
    const buffer = load().buffer.slice(OUTPUT, OUTPUT + this.#room * this.#bytes);
    return {
      reals: (group) => new Float64Array(buffer, this.#offset(group), this.rows * this.#widths[group]),
      symbols: (group) => new Uint8Array(buffer, this.#offset(group), this.rows),
    };
  }

  #offset(group: number): number {
    return this.#room * this.#before[group];
  }

  #place(integers: Int32Array): void {
    const fields = this.#fields;
    const groups = this.#groups;
    let last = -1;
    let column = 0;
    for (let f = 0; f < groups.length; f++) {
      const group = groups[f];
      column = group === last ? column + 1 : 0;
      last = group;
      fields[4 * f + 1] = OUTPUT + this.#offset(group) + 8 * column;
    }
    integers.set(fields, FIELDS >> 2);
  }

  /** Gives the tokens that the kernel listed their values; the rows end before one that has none. */
  #resolve(
    { integers, doubles, bytes: memory }: Instance,
    bytes: Uint8Array,
    from: number,
    odd?: (start: number, end: number, row: number) => number,
  ): void {
    for (let at = ODD >> 2, last = at + 4 * integers[1]; at < last; at += 4) {
      const place = integers[at];
      const start = from + integers[at + 1] - INPUT;
      const end = start + integers[at + 2];
      const row = integers[at + 3] & 0x3ffff;
      const kind = this.#kinds[integers[at + 3] >>> 18];
      if (kind === 'symbol' && odd) {
        memory[place] = odd(start, end, row);
        continue;
      }
      const value = kind === 'number' ? parseNumber(bytes, start, end) : parseInteger(bytes, start, end);
      if (value === undefined || !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
        this.rows = row;
        this.end = bytes.lastIndexOf(LF, start) + 1;
        if (this.end < from) this.end = from;
        return;
      }
      doubles[place >> 3] = value;
    }
  }
}
