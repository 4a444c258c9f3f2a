import type { FormatError } from '../../src/core/errors.ts';
import { parseNumber } from '../../src/scan/numbers.ts';
import { type FieldKind, RowKernel } from '../../src/scan/row-kernel.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';

const LF = 10;
const CR = 13;
const DOT = -2;
const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, k) => Number(`1e${k}`));
/** Values that a table has room for at first: it grows with the rows that were read, not with the count that a file announces. */
const FIRST_VALUES = 1 << 15;
/** A longer row is garbage. */
const MAX_ROW = 16 << 20;

/** What a column may hold: numbers, words, or whichever its first row has. */
export type ColumnKind = 'number' | 'text' | 'either';

/**
 * A block of `rows` lines of blank-separated values as one table (rows, columns), row-major. A text column holds the index
 * of its word in `words[column]`. Integers of more than 15 digits are kept exactly in `bigs`, by place in the table.
 */
export class RowTable {
  readonly columns: number;
  data: Float64Array;
  rows = 0;
  /** Words of each text column in order of appearance; undefined for a column of numbers. */
  readonly words: (string[] | undefined)[];
  readonly bigs = new Map<number, bigint>();
  /** Place of the first value that is not finite; -1 = none. */
  nonFinite = -1;
  readonly #index: (Map<string, number> | undefined)[];
  readonly #isText: Uint8Array;
  readonly #kinds: readonly ColumnKind[];
  #kernel: RowKernel | undefined;
  #kernelKey = '';

  constructor(kinds: readonly ColumnKind[]) {
    this.columns = kinds.length;
    this.data = new Float64Array(Math.max(FIRST_VALUES, kinds.length));
    this.words = kinds.map((kind) => (kind === 'text' ? [] : undefined));
    this.#index = kinds.map((kind) => (kind === 'text' ? new Map() : undefined));
    this.#isText = Uint8Array.from(kinds, (kind) => (kind === 'text' ? 1 : 0));
    this.#kinds = kinds;
  }

  /** Forgets the rows and words; the memory is used again. */
  clear(): void {
    this.rows = 0;
    this.nonFinite = -1;
    this.bigs.clear();
    for (let c = 0; c < this.columns; c++) {
      const isText = this.#kinds[c] === 'text';
      this.#isText[c] = isText ? 1 : 0;
      this.words[c] = isText ? [] : undefined;
      this.#index[c] = isText ? new Map() : undefined;
    }
  }

  /**
   * Reads rows until there are `count`; `what` names a row in errors. Throws FormatError at a row with more or fewer
   * values than columns or with a word where a number belongs, TruncatedError where the input ends.
   */
  async read(scanner: TextScanner, count: number, what: string): Promise<void> {
    while (this.rows < count) {
      const { bytes, unreadStart, unreadEnd } = scanner;
      const limit = unreadEnd > unreadStart ? bytes.lastIndexOf(LF, unreadEnd - 1) + 1 : 0;
      if (limit > unreadStart) {
        if (!this.#fast(scanner, limit, count)) this.#block(scanner, limit, this.#undecided() ? 1 : count, what);
      } else if (unreadEnd - unreadStart > MAX_ROW)
        throw scanner.error(`expected ${what} ${this.rows + 1}, found ${MAX_ROW} bytes without a line break`);
      else if (!(await scanner.more())) {
        if (!(await scanner.line())) throw scanner.truncated(`${what} ${this.rows + 1} of ${count}`);
        this.#lastLine(scanner, count, what);
      }
    }
  }

  /** Whether the first row has still to say what a column holds. */
  #undecided(): boolean {
    return this.rows === 0 && this.#kinds.includes('either');
  }

  /** The same rows as `#block` by the kernel, as far as it takes them; false when it takes none. */
  #fast(scanner: TextScanner, limit: number, count: number): boolean {
    if (this.#undecided()) return false;
    const kernel = this.#kernelOfColumns();
    if (kernel === undefined) return false;
    const { columns, rows: first } = this;
    const { bytes, unreadStart: from } = scanner;
    kernel.read({ bytes, from, limit }, count - first);
    const { rows } = kernel;
    if (rows === 0) return false;
    while ((first + rows) * columns > this.data.length) this.#grow(count);
    this.data.set(kernel.table(0), first * columns);
    for (let c = 0; c < columns; c++) if (this.#isText[c] === 1) this.#indexWords(bytes, from, first, rows, c);
    this.rows = first + rows;
    scanner.skipLines(kernel.end, rows);
    return true;
  }

  /** The kernel for the columns that are text now. */
  #kernelOfColumns(): RowKernel | undefined {
    const kinds = Array.from(this.#isText, (text) => (text === 1 ? 'text' : 'number') as FieldKind);
    const key = kinds.join();
    if (key !== this.#kernelKey) {
      this.#kernelKey = key;
      this.#kernel = RowKernel.takes(kinds)
        ? new RowKernel(
            kinds,
            kinds.map(() => 0),
          )
        : undefined;
    }
    return this.#kernel;
  }

  /** Turns the places of words, as the kernel left them, into indices of words. */
  #indexWords(bytes: Uint8Array, from: number, first: number, rows: number, c: number): void {
    const { columns, data } = this;
    let lastStart = 0;
    let lastLength = -1;
    let index = 0;
    for (let k = first * columns + c, end = k + rows * columns; k < end; k += columns) {
      const start = from + Math.floor(data[k] / 65_536);
      const length = data[k] % 65_536;
      let same = length === lastLength;
      for (let b = 0; same && b < length; b++) same = bytes[start + b] === bytes[lastStart + b];
      if (!same) index = this.#word(Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8'), c);
      lastStart = start;
      lastLength = length;
      data[k] = index;
    }
  }

  /** Rows of `bytes[unreadStart, limit)`, which ends with a line break. */
  #block(scanner: TextScanner, limit: number, count: number, what: string): void {
    const { bytes, unreadStart: begin } = scanner;
    const { columns } = this;
    const isText = this.#isText;
    const first = this.rows;
    let row = first;
    let at = begin;
    let lineStart = at;
    while (row < count && at < limit) {
      if ((row + 1) * columns > this.data.length) this.#grow(count);
      const data = this.data;
      const end = Math.min(count, Math.floor(data.length / columns));
      let k = row * columns;
      for (; row < end && at < limit; row++) {
        lineStart = at;
        for (let c = 0; c < columns; c++, k++) {
          let b = bytes[at];
          while (b === 32 || b === 9) b = bytes[++at];
          const start = at;
          if (isText[c] === 0) {
            if (b === 45 || b === 43) at++;
            let d = bytes[at] - 48;
            let m = 0;
            const digits = at;
            while (d >= 0 && d <= 9) {
              m = m * 10 + d;
              d = bytes[++at] - 48;
            }
            let n = at - digits;
            if (d === DOT) {
              const dot = ++at;
              d = bytes[at] - 48;
              while (d >= 0 && d <= 9) {
                m = m * 10 + d;
                d = bytes[++at] - 48;
              }
              const decimals = at - dot;
              n += decimals;
              if (n <= 15) m /= POWERS_OF_TEN[decimals];
            }
            if (d <= -16 && n > 0 && n <= 15) {
              data[k] = b === 45 ? -m : m;
              continue;
            }
          }
          while (bytes[at] > 32) at++;
          if (at === start) {
            scanner.skipLines(at, row - first + 1);
            throw tooFew(scanner, lineStart, c, columns, `${what} ${row + 1}`);
          }
          data[k] = this.#value(scanner, start, at, c, k, row - first + 1);
        }
        while (bytes[at] !== LF) {
          if (bytes[at] > 32) {
            scanner.skipLines(at, row - first + 1);
            throw scanner.error(
              `expected ${columns} values in ${what} ${row + 1}, found more ("${lineText(bytes, lineStart)}")`,
            );
          }
          at++;
        }
        at++;
      }
    }
    this.rows = row;
    scanner.skipLines(at, row - first);
  }

  /** A value off the fast path: a word, an exponent, many digits, nan; errors name line `lines` of the block. */
  #value(scanner: TextScanner, start: number, end: number, c: number, k: number, lines: number): number {
    const { bytes } = scanner;
    if (this.#isText[c] === 0) {
      const value = parseNumber(bytes, start, end);
      if (value !== undefined) {
        if (!Number.isFinite(value)) {
          if (this.nonFinite < 0) this.nonFinite = k;
        } else if (Math.abs(value) > Number.MAX_SAFE_INTEGER) this.#keepBig(bytes, start, end, k);
        return value;
      }
      if (this.#kinds[c] !== 'either' || k !== c) {
        scanner.skipLines(end, lines);
        throw scanner.error(
          `expected a number in column ${c + 1}, found "${latin1(bytes, start, Math.min(end, start + 40))}"`,
        );
      }
      this.#isText[c] = 1;
      this.words[c] = [];
      this.#index[c] = new Map();
    }
    return this.#word(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8'), c);
  }

  #word(word: string, c: number): number {
    const index = this.#index[c] as Map<string, number>;
    const known = index.get(word);
    if (known !== undefined) return known;
    const words = this.words[c] as string[];
    index.set(word, words.length);
    return words.push(word) - 1;
  }

  #keepBig(bytes: Uint8Array, start: number, end: number, k: number): void {
    const text = latin1(bytes, start, end);
    if (/^[+-]?\d+$/.test(text)) this.bigs.set(k, BigInt(text.replace('+', '')));
  }

  #grow(count: number): void {
    const rows = Math.min(count, 2 * Math.max(1, Math.floor(this.data.length / this.columns)));
    const larger = new Float64Array(rows * this.columns);
    larger.set(this.data);
    this.data = larger;
  }

  /** The last line of an input that does not end with a line break. */
  #lastLine(scanner: TextScanner, count: number, what: string): void {
    const { columns } = this;
    if ((this.rows + 1) * columns > this.data.length) this.#grow(count);
    for (let c = 0; c < columns; c++) {
      if (!scanner.token()) throw tooFew(scanner, scanner.start, c, columns, `${what} ${this.rows + 1}`);
      const k = this.rows * columns + c;
      this.data[k] = this.#value(scanner, scanner.tokenStart, scanner.tokenEnd, c, k, 0);
    }
    if (scanner.token()) throw scanner.error(`expected ${columns} values in ${what} ${this.rows + 1}, found more`);
    this.rows++;
  }
}

function tooFew(scanner: TextScanner, lineStart: number, found: number, columns: number, what: string): FormatError {
  const line = lineText(scanner.bytes, lineStart);
  return scanner.error(`expected ${columns} values in ${what}, found ${found}${line && ` ("${line}")`}`);
}

/** Start of a line, for messages. */
function lineText(bytes: Uint8Array, start: number): string {
  let end = start;
  while (end < bytes.length && end - start < 60 && bytes[end] !== LF && bytes[end] !== CR) end++;
  return latin1(bytes, start, end);
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
