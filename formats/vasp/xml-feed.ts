import { FormatError } from '../../src/core/errors.ts';
import { numberOf, parseNumber } from '../../src/scan/numbers.ts';
import { splitByDecimals, TripleRows } from './rows.ts';

const LF = 10;
const LT = 60;
const GT = 62;
const STAR = 42;
/** Elements of a vasprun.xml that we never need and that can hold most of its bytes. */
const SKIPPED = [
  'dos',
  'eigenvalues',
  'projected',
  'dielectricfunction',
  'dynmat',
  'kpoints',
  'eigenvalues_kpoints_opt',
];
/** Longest tag, and longest text between tags, that is still taken for XML. */
const MAX_PIECE = 1 << 20;
const VARRAY_DECIMALS = 8;

/** Rows of a `<varray>`; NaN for `****`. */
export interface VectorRows {
  readonly rows: Float64Array;
  readonly count: number;
  /** Line of the first `****`; undefined = none. */
  readonly missingLine?: number;
  readonly line: number;
}

export interface XmlConsumer {
  /** A piece of the document; `line` is the line of its first character. */
  write(text: string, line: number): void;
  /** What of the `<varray>` whose start tag has just been written is wanted: its rows of numbers, its XML or nothing. */
  wants(): 'rows' | 'xml' | 'nothing';
  rows(rows: VectorRows): void;
  /** The root element is closed: whatever follows is not looked at. */
  readonly done: boolean;
}

type Mode = { readonly kind: 'xml' } | { readonly kind: 'skip'; readonly end: Uint8Array } | { readonly kind: 'rows' };

const XML: Mode = { kind: 'xml' };
const END_OF_VARRAY = bytesOf('</varray>');
const END_OF_ROOT = bytesOf('</modeling');
const START_OF_ROW = bytesOf('<v>');
const END_OF_ROW = bytesOf('</v>');

/**
 * Cuts the bytes of a vasprun.xml into what an XML parser has to see and what it need not: big elements are left out (their
 * start and end tags stay), rows of `<varray>` are read from the bytes. Lines are counted in all of it.
 */
export class XmlFeed {
  /** Line of the next byte to look at, from 1. */
  line = 1;
  /** What follows the root element, where `line` then is; undefined = nothing so far. */
  trailing: string | undefined;
  readonly #consumer: XmlConsumer;
  readonly #path: string;
  readonly #format: string;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #mode: Mode = XML;
  #rows = new TripleRows(0);
  #rowsLine = 0;
  #missingLine: number | undefined;

  constructor(consumer: XmlConsumer, path: string, format: string) {
    this.#consumer = consumer;
    this.#path = path;
    this.#format = format;
  }

  push(chunk: Uint8Array): void {
    const left = this.#bytes.subarray(this.#at);
    if (left.length === 0) this.#bytes = chunk;
    else {
      const joined = new Uint8Array(left.length + chunk.length);
      joined.set(left);
      joined.set(chunk, left.length);
      this.#bytes = joined;
    }
    this.#at = 0;
    while (!this.#consumer.done && this.#step());
    if (this.#consumer.done) this.#passBlanks();
  }

  /** Behind the root element: up to the first byte that is not blank. */
  #passBlanks(): void {
    let at = this.#at;
    while (at < this.#bytes.length && this.#bytes[at] <= 32) at++;
    this.#pass(at);
    if (at < this.#bytes.length) this.trailing ??= latin1(this.#bytes.subarray(at, at + 40)).split('\n')[0];
  }

  /** After the last `push`: counts the lines that are left. */
  end(): void {
    if (!this.#consumer.done) this.#pass(this.#bytes.length);
  }

  /** One piece; false when more bytes are needed. */
  #step(): boolean {
    if (this.#mode.kind === 'xml') return this.#xml();
    if (this.#mode.kind === 'rows') return this.#row();
    return this.#skip(this.#mode.end);
  }

  /** Writes up to the end of the next start tag of a big element, or all whole tags there are. */
  #xml(): boolean {
    const bytes = this.#bytes;
    let whole = this.#at;
    for (let open = bytes.indexOf(LT, whole); open >= 0; open = bytes.indexOf(LT, whole)) {
      const close = bytes.indexOf(GT, open);
      if (close < 0) break;
      whole = close + 1;
      const mode = bytes[close - 1] === 47 ? undefined : modeOfTag(bytes, open);
      if (!mode && whole - this.#at < MAX_PIECE && !startsWith(bytes, open, END_OF_ROOT)) continue;
      this.#write(whole);
      if (mode) this.#enter(mode);
      return true;
    }
    if (whole > this.#at) this.#write(whole);
    if (bytes.length - this.#at > MAX_PIECE) throw this.#error(`expected XML, found ${MAX_PIECE} bytes without a tag`);
    return false;
  }

  #enter(mode: Mode): void {
    if (mode.kind === 'rows') {
      const wanted = this.#consumer.wants();
      if (wanted === 'nothing') this.#mode = { kind: 'skip', end: END_OF_VARRAY };
      if (wanted !== 'rows') return;
    }
    this.#mode = mode;
    this.#rows = new TripleRows(16);
    this.#rowsLine = this.line;
    this.#missingLine = undefined;
  }

  /** Steps over everything before the end tag, which the parser sees again. */
  #skip(end: Uint8Array): boolean {
    const found = indexOfBytes(this.#bytes, end, this.#at);
    const to = found >= 0 ? found : Math.max(this.#at, this.#bytes.length - end.length + 1);
    this.#pass(to);
    if (found < 0) return false;
    this.#mode = XML;
    return true;
  }

  /** One `<v> x y z </v>`, or the end of the varray. */
  #row(): boolean {
    const bytes = this.#bytes;
    const open = bytes.indexOf(LT, this.#at);
    const close = open < 0 ? -1 : bytes.indexOf(GT, open);
    if (close < 0) return this.#needMore();
    if (!startsWith(bytes, open, START_OF_ROW)) {
      this.#pass(open);
      if (!startsWith(bytes, open, END_OF_VARRAY)) throw this.#error('expected <v> or </varray>');
      this.#mode = XML;
      this.#consumer.rows({
        rows: this.#rows.take(),
        count: this.#rows.length,
        line: this.#rowsLine,
        ...(this.#missingLine === undefined ? {} : { missingLine: this.#missingLine }),
      });
      return true;
    }
    const end = bytes.indexOf(LT, close);
    if (end < 0 || end + END_OF_ROW.length > bytes.length) return this.#needMore();
    this.#pass(open);
    if (!startsWith(bytes, end, END_OF_ROW)) throw this.#error('expected three numbers and </v>');
    const row = readRow(bytes, close + 1, end);
    if (!row)
      throw this.#error(
        `expected three numbers, found "${latin1(bytes.subarray(close + 1, end))
          .trim()
          .slice(0, 80)}"`,
      );
    if (Number.isNaN(row[0] + row[1] + row[2])) this.#missingLine ??= this.line;
    this.#rows.push(row[0], row[1], row[2]);
    this.#pass(end + END_OF_ROW.length);
    return true;
  }

  #needMore(): false {
    if (this.#bytes.length - this.#at > MAX_PIECE) throw this.#error('expected <v> or </varray>');
    return false;
  }

  #write(to: number): void {
    const { line } = this;
    const text = latin1(this.#bytes.subarray(this.#at, to));
    this.#pass(to);
    this.#consumer.write(text, line);
  }

  /** Moves on, counting lines. */
  #pass(to: number): void {
    for (let k = this.#bytes.indexOf(LF, this.#at); k >= 0 && k < to; k = this.#bytes.indexOf(LF, k + 1)) this.line++;
    this.#at = to;
  }

  #error(message: string): FormatError {
    return new FormatError(this.#format, { path: this.#path, line: this.line }, message);
  }
}

const VARRAY = bytesOf('<varray');
const SKIPS = SKIPPED.map((name) => ({ tag: bytesOf(`<${name}`), end: bytesOf(`</${name}>`) }));

function modeOfTag(bytes: Uint8Array, open: number): Mode | undefined {
  if (isTag(bytes, open, VARRAY)) return { kind: 'rows' };
  for (const { tag, end } of SKIPS) if (isTag(bytes, open, tag)) return { kind: 'skip', end };
  return undefined;
}

/** The name ends where `tag` ends. */
function isTag(bytes: Uint8Array, open: number, tag: Uint8Array): boolean {
  if (!startsWith(bytes, open, tag)) return false;
  const next = bytes[open + tag.length];
  return next === GT || next <= 32;
}

const row = new Float64Array(3);

/** Three numbers of `bytes[start, end)`, NaN for `****`; undefined when they are not three. The result is reused. */
function readRow(bytes: Uint8Array, start: number, end: number): Float64Array | undefined {
  let at = start;
  for (let k = 0; k < 3; k++) {
    while (at < end && bytes[at] <= 32) at++;
    const from = at;
    while (at < end && bytes[at] > 32) at++;
    const value = bytes[from] === STAR ? undefined : parseNumber(bytes, from, at);
    if (value === undefined || value - value !== 0) return readRunTogether(latin1(bytes.subarray(start, end)));
    row[k] = value;
  }
  while (at < end && bytes[at] <= 32) at++;
  return at === end ? row : readRunTogether(latin1(bytes.subarray(start, end)));
}

/** Fields with `****`, NaN or without blanks between them. */
function readRunTogether(text: string): Float64Array | undefined {
  const words = text.trim().split(/\s+/);
  const fields = words.length === 3 ? words : splitByDecimals(text, VARRAY_DECIMALS);
  if (fields?.length !== 3) return undefined;
  for (let k = 0; k < 3; k++) {
    const value = /^\*+$/.test(fields[k]) ? Number.NaN : numberOf(fields[k]);
    if (value === undefined) return undefined;
    row[k] = Number.isFinite(value) ? value : Number.NaN;
  }
  return row;
}

function bytesOf(ascii: string): Uint8Array {
  return Uint8Array.from(ascii, (letter) => letter.charCodeAt(0));
}

function startsWith(bytes: Uint8Array, at: number, ascii: Uint8Array): boolean {
  if (at + ascii.length > bytes.length) return false;
  for (let k = 0; k < ascii.length; k++) if (bytes[at + k] !== ascii[k]) return false;
  return true;
}

function indexOfBytes(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(wanted, from);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
