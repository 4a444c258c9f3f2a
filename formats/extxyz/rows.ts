import { symbolOf } from '../../src/core/elements.ts';
import type { PerAtom } from '../../src/core/frame.ts';
import { parseNumber } from '../../src/scan/numbers.ts';
import { RowKernel } from '../../src/scan/row-kernel.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import { type IntegerColumn, integerOf, withInteger, withIntegers } from './integer-column.ts';
import type { ColumnPlan, ColumnType } from './properties.ts';
import { elementOfLabel, RepeatedWord, wordOf } from './words.ts';

const LF = 10;
const DOT = -2;
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
/** Rows that there is room for before the first has been read: a count in a file is not believed. */
const FIRST_ROWS = 4096;
const REAL = 0;
const SPECIES = 1;
const INTEGER = 2;
const LOGICAL = 3;
const WORD = 4;
const KIND: Readonly<Record<ColumnType, number>> = { R: REAL, I: INTEGER, L: LOGICAL, S: WORD };
/** 1 + atomic number by the one or two bytes of an element symbol; 0 = no exact symbol. */
const SYMBOL_OF_BYTES = new Uint8Array(1 << 16);
for (let z = 0; z <= 118; z++) {
  const symbol = symbolOf(z);
  SYMBOL_OF_BYTES[symbol.charCodeAt(0) | (symbol.length > 1 ? symbol.charCodeAt(1) << 8 : 0)] = z + 1;
}

/** What errors and the position need of a scanner; the last line is read from a copy. */
type LineSource = Pick<TextScanner, 'bytes' | 'lineNumber' | 'skipLines' | 'error'>;
/** By the kinds above. */
const KERNEL_KIND = ['number', 'symbol', 'integer', 'text', 'text'] as const;

/** A column before its first row. */
const NO_BYTES = new Uint8Array(0);
const NO_REALS = new Float64Array(0);
const NO_INTEGERS = new Int32Array(0);

type ColumnData = Float64Array | Int32Array | BigInt64Array | Uint8Array | string[];

/** The rows of one frame. The arrays are the frame's own; nothing is shared with the next frame. */
export interface Rows {
  readonly numbers: Uint8Array;
  /** Species as written, where a token is not the plain symbol of an element. */
  readonly labels: readonly string[] | undefined;
  /** By column of the plan; the species column is left out (undefined). */
  readonly columns: readonly (PerAtom | undefined)[];
  /** Line of the first value that is NaN or infinite, by column; 0 = none. */
  readonly nonFinite: readonly number[];
  /** Plain xyz: rows with an integer as species, and the line of the first field beyond the fourth column (0 = none). */
  readonly integerSpecies: number;
  readonly extraLine: number;
}

/** Reads the rows of frames with one column plan. */
export class RowReader {
  readonly #plan: ColumnPlan;
  /** By field of a row: what it is, and which column it belongs to. */
  readonly #kinds: Uint8Array;
  readonly #columnOf: Uint16Array;
  /** By field: where its next value goes in the column, and by how much that moves a row. */
  readonly #places: Int32Array;
  readonly #strides: Int32Array;
  #data: ColumnData[] = [];
  #numbers: Uint8Array = new Uint8Array(0);
  #labels: string[] | undefined;
  #nonFinite: number[] = [];
  #row = 0;
  #integers = 0;
  #extraLine = 0;
  readonly #words = new RepeatedWord();

  /** Undefined for plans that it cannot take. */
  #kernel: RowKernel | undefined;

  constructor(plan: ColumnPlan) {
    this.#plan = plan;
    this.#kinds = new Uint8Array(plan.fields);
    this.#columnOf = new Uint16Array(plan.fields);
    this.#places = new Int32Array(plan.fields);
    this.#strides = new Int32Array(plan.fields);
    let field = 0;
    plan.columns.forEach((column, c) => {
      for (let k = 0; k < column.count; k++, field++) {
        this.#kinds[field] = c === plan.species ? SPECIES : KIND[column.type];
        this.#columnOf[field] = c;
        this.#strides[field] = column.count;
      }
    });
    const kinds = Array.from(this.#kinds, (kind) => KERNEL_KIND[kind]);
    if (!this.#kinds.includes(LOGICAL) && RowKernel.takes(kinds))
      this.#kernel = new RowKernel(kinds, Array.from(this.#columnOf));
  }

  /** Starts a frame. */
  begin(): void {
    this.#row = 0;
    this.#integers = 0;
    this.#extraLine = 0;
    this.#labels = undefined;
    this.#numbers = new Uint8Array(0);
    this.#nonFinite = this.#plan.columns.map(() => 0);
    this.#data = this.#plan.columns.map(({ type }, c) => {
      if (c === this.#plan.species) return NO_BYTES;
      if (type === 'R') return NO_REALS;
      if (type === 'I') return NO_INTEGERS;
      return type === 'L' ? NO_BYTES : [];
    });
    let first = 0;
    for (const { count } of this.#plan.columns) for (let k = 0; k < count; k++) this.#places[first++] = k;
  }

  /**
   * Goes on with the rows that are wholly in memory; the rows of the frame when all `natoms` are there, else undefined: then
   * `more` must bring further input. Throws FormatError at a row that does not fit.
   */
  tryRead(scanner: TextScanner, natoms: number): Rows | undefined {
    while (this.#row < natoms) {
      const { bytes, unreadStart, unreadEnd } = scanner;
      const limit = unreadEnd > unreadStart ? bytes.lastIndexOf(LF, unreadEnd - 1) + 1 : 0;
      if (limit <= unreadStart) return undefined;
      if (!this.#fast(scanner, unreadStart, limit, natoms)) this.#block(scanner, unreadStart, limit, natoms);
    }
    return this.#end(natoms);
  }

  /** Waits for more of the input; at its end reads a last row without line break. Throws TruncatedError where there is none. */
  async more(scanner: TextScanner, natoms: number): Promise<void> {
    if (await scanner.more()) return;
    if (!(await scanner.line())) throw scanner.truncated(`row ${this.#row + 1} of ${natoms} atoms`);
    this.#lastLine(scanner, natoms);
  }

  #end(natoms: number): Rows {
    const { columns, species } = this.#plan;
    return {
      numbers: this.#numbers.length === natoms ? this.#numbers : this.#numbers.slice(0, natoms),
      labels: this.#labels,
      nonFinite: this.#nonFinite,
      integerSpecies: this.#integers,
      extraLine: this.#extraLine,
      columns: columns.map(({ type, count }, c) => {
        if (c === species) return undefined;
        const all = this.#data[c];
        const data = all.length === natoms * count ? all : all.slice(0, natoms * count);
        return type === 'L' ? { columns: count, data, logical: true } : { columns: count, data };
      }),
    };
  }

  /** The same rows as `#block` by the kernel, as far as it takes them; false when it takes none. */
  #fast(scanner: TextScanner, from: number, limit: number, natoms: number): boolean {
    const kernel = this.#kernel;
    if (kernel === undefined || this.#labels !== undefined) return false;
    const { bytes } = scanner;
    let known = true;
    kernel.read({ bytes, from, limit }, natoms - this.#row, () => {
      known = false;
      return 0;
    });
    const { rows } = kernel;
    // Labels such as Fe_pv come in every row: from here on without the kernel.
    if (!known) this.#kernel = undefined;
    if (!known || rows === 0) return false;
    const first = this.#row;
    if (first === 0 && rows === natoms) this.#takeAll(kernel, bytes, from);
    else this.#takePart(kernel, bytes, from, natoms);
    for (let f = 0; f < this.#places.length; f++) this.#places[f] += rows * this.#strides[f];
    this.#row = first + rows;
    scanner.skipLines(kernel.end, rows);
    return true;
  }

  /** All rows of a frame: their numbers stay together in the one buffer that they are copied to. */
  #takeAll(kernel: RowKernel, bytes: Uint8Array, from: number): void {
    const { columns, species } = this.#plan;
    const tables = kernel.tables();
    if (species < 0) this.#numbers = new Uint8Array(kernel.rows);
    for (let c = 0; c < columns.length; c++) {
      const { type } = columns[c];
      if (c === species) this.#numbers = tables.symbols(c);
      else if (type === 'S') this.#takeWords(bytes, from, kernel.table(c), c);
      else if (type === 'R') this.#data[c] = tables.reals(c);
      else {
        const values = kernel.table(c);
        this.#data[c] = withIntegers(new Int32Array(values.length), values, 0);
      }
    }
  }

  #takePart(kernel: RowKernel, bytes: Uint8Array, from: number, natoms: number): void {
    const first = this.#row;
    while (first + kernel.rows > this.#numbers.length) this.#grow(natoms);
    this.#plan.columns.forEach(({ type, count }, c) => {
      const at = first * count;
      if (c === this.#plan.species) this.#numbers.set(kernel.symbols(c), first);
      else if (type === 'S') this.#takeWords(bytes, from, kernel.table(c), c);
      else if (type === 'R') (this.#data[c] as Float64Array).set(kernel.table(c), at);
      else this.#data[c] = withIntegers(this.#data[c] as IntegerColumn, kernel.table(c), at);
    });
  }

  #takeWords(bytes: Uint8Array, from: number, places: Float64Array, column: number): void {
    const words = this.#data[column] as string[];
    for (const place of places) {
      const start = from + Math.floor(place / 65_536);
      words.push(this.#words.text(bytes, start, start + (place % 65_536)));
    }
  }

  /** Rows of `bytes[at, limit)`, which ends with a line break: no loop over bytes runs past it. */
  #block(scanner: LineSource, from: number, limit: number, natoms: number): void {
    const { bytes } = scanner;
    const kinds = this.#kinds;
    const columnOf = this.#columnOf;
    const places = this.#places;
    const strides = this.#strides;
    const fields = kinds.length;
    const first = this.#row;
    const { plain } = this.#plan;
    let at = from;
    let row = first;
    while (row < natoms && at < limit) {
      if (row === this.#numbers.length) this.#grow(natoms);
      const data = this.#data;
      const numbers = this.#numbers;
      for (let f = 0; f < fields; f++) {
        let b = bytes[at];
        while (b === 32 || b === 9) b = bytes[++at];
        const start = at;
        const kind = kinds[f];
        if (kind === REAL) {
          if (b === 45 || b === 43) at++;
          let d = bytes[at] - 48;
          let whole = 0;
          let digits = at;
          while (d >>> 0 < 10) {
            whole = (whole * 10 + d) | 0;
            d = bytes[++at] - 48;
          }
          digits = at - digits;
          let fraction = 0;
          let decimals = 0;
          if (d === DOT) {
            const dot = ++at;
            d = bytes[at] - 48;
            while (d >>> 0 < 10) {
              fraction = (fraction * 10 + d) | 0;
              d = bytes[++at] - 48;
            }
            decimals = at - dot;
          }
          const place = places[f];
          places[f] = place + strides[f];
          const column = data[columnOf[f]] as Float64Array;
          if (d <= -16 && digits <= 6 && decimals <= 9 && digits + decimals > 0) {
            const power = POWERS_OF_TEN[decimals];
            const value = (whole * power + fraction) / power;
            column[place] = b === 45 ? -value : value;
            continue;
          }
          while (bytes[at] > 32) at++;
          column[place] = this.#real(scanner, start, at, f, row - first + 1);
          continue;
        }
        if (kind === SPECIES) {
          if (b > 32) {
            b = bytes[++at];
            let pair = bytes[start];
            if (b > 32) {
              pair |= b << 8;
              b = bytes[++at];
            }
            const known = SYMBOL_OF_BYTES[pair];
            if (b <= 32 && known !== 0) {
              numbers[row] = known - 1;
              if (this.#labels !== undefined) this.#labels.push(symbolOf(known - 1));
              continue;
            }
          }
          while (bytes[at] > 32) at++;
          if (at === start) throw this.#short(scanner, at, f, row - first + 1);
          numbers[row] = this.#species(wordOf(bytes, start, at), row);
          continue;
        }
        while (bytes[at] > 32) at++;
        this.#other(scanner, start, at, f, row - first + 1);
      }
      while (bytes[at] !== LF) {
        if (bytes[at] > 32 && plain) this.#extraLine ||= scanner.lineNumber + row - first + 1;
        else if (bytes[at] > 32) {
          scanner.skipLines(at, row - first + 1);
          throw scanner.error(
            `expected ${fields} fields in row ${row + 1}, found more ("${wordOf(bytes, at, Math.min(limit, at + 20)).split(/\s/)[0]}")`,
          );
        }
        at++;
      }
      at++;
      row++;
    }
    this.#row = row;
    scanner.skipLines(at, row - first);
  }

  /** The last row of an input that does not end with a line break. */
  #lastLine(scanner: TextScanner, natoms: number): void {
    const { bytes, start, end } = scanner;
    const line = new Uint8Array(end - start + 1);
    line.set(bytes.subarray(start, end));
    line[line.length - 1] = LF;
    const lineNumber = scanner.lineNumber - 1;
    const copy = { bytes: line, lineNumber, skipLines: () => {}, error: (message: string) => scanner.error(message) };
    this.#block(copy, 0, line.length, natoms);
  }

  /** A real off the fast path: an exponent, many digits, NaN, infinity. */
  #real(scanner: LineSource, start: number, end: number, field: number, lines: number): number {
    if (start === end) throw this.#short(scanner, end, field, lines);
    const value = parseNumber(scanner.bytes, start, end);
    if (value === undefined) throw this.#wrong(scanner, start, end, field, lines, 'a real number');
    if (!Number.isFinite(value)) {
      const column = this.#columnOf[field];
      if (column === this.#plan.pos) throw this.#wrong(scanner, start, end, field, lines, 'a finite number');
      this.#nonFinite[column] ||= scanner.lineNumber + lines;
    }
    return value;
  }

  #other(scanner: LineSource, start: number, end: number, field: number, lines: number): void {
    if (start === end) throw this.#short(scanner, end, field, lines);
    const column = this.#columnOf[field];
    const place = this.#places[field];
    this.#places[field] += this.#strides[field];
    const kind = this.#kinds[field];
    if (kind === WORD) {
      (this.#data[column] as string[])[place] = this.#words.text(scanner.bytes, start, end);
      return;
    }
    const text = wordOf(scanner.bytes, start, end);
    if (kind === LOGICAL) {
      const value = /^(t|true)$/i.test(text) ? 1 : /^(f|false)$/i.test(text) ? 0 : -1;
      if (value < 0) throw this.#wrong(scanner, start, end, field, lines, 'T or F');
      (this.#data[column] as Uint8Array)[place] = value;
      return;
    }
    const value = integerOf(text);
    if (value === undefined) throw this.#wrong(scanner, start, end, field, lines, 'an integer');
    this.#data[column] = withInteger(this.#data[column] as IntegerColumn, value, place);
  }

  /** A species that is not the plain symbol of an element: kept as written, its element taken from the label. */
  #species(word: string, row: number): number {
    const isNumber = this.#plan.plain && /^\d{1,3}$/.test(word) && Number(word) <= 118;
    if (isNumber) this.#integers++;
    if (isNumber && this.#labels === undefined) return Number(word);
    if (this.#labels === undefined) this.#labels = Array.from(this.#numbers.subarray(0, row), symbolOf);
    this.#labels.push(word);
    return isNumber ? Number(word) : elementOfLabel(word);
  }

  #grow(natoms: number): void {
    const rows = Math.min(natoms, Math.max(FIRST_ROWS, this.#numbers.length * 2));
    const numbers = new Uint8Array(rows);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    this.#data = this.#data.map((data, c) => {
      if (Array.isArray(data) || c === this.#plan.species) return data;
      const { count } = this.#plan.columns[c];
      const larger = new (data.constructor as new (length: number) => Float64Array)(rows * count);
      larger.set(data as Float64Array);
      return larger;
    });
  }

  #short(scanner: LineSource, at: number, field: number, lines: number): Error {
    scanner.skipLines(at, lines);
    return scanner.error(`expected ${this.#plan.fields} fields in the row, found ${field}`);
  }

  #wrong(scanner: LineSource, start: number, end: number, field: number, lines: number, what: string): Error {
    const { name } = this.#plan.columns[this.#columnOf[field]];
    const found = wordOf(scanner.bytes, start, Math.min(end, start + 40));
    scanner.skipLines(end, lines);
    return scanner.error(`expected ${what} in field ${field + 1} (${name}), found "${found}"`);
  }
}
