import { FormatError, TruncatedError } from '../core/errors.ts';
import { parseInteger, parseNumber } from './numbers.ts';

const LF = 10;
const CR = 13;
const EMPTY = new Uint8Array(0);
/** A line longer than this is not a line of any of our formats: refused, so that garbage cannot fill the memory. */
const MAX_LINE = 64 << 20;
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: false });

/**
 * Walks a byte stream line by line without copying: the current line is `bytes[start, end)`, without its line break.
 * `tryLine` is synchronous, for hot loops; `fill` is the only wait:
 *
 *     while (scanner.tryLine() || (await scanner.fill())) …   // or: while (await scanner.line()) …
 *
 * `fill` returns true when it has made a further line current, false at the end of the input.
 */
export class TextScanner {
  readonly path: string;
  readonly format: string;
  /** The window; valid until the next `fill`. */
  bytes: Uint8Array = EMPTY;
  /** Current line: first byte and the byte after the last, line break and a preceding CR excluded. */
  start = 0;
  end = 0;
  /** Number of the current line, from 1; 0 before the first. */
  lineNumber = 0;
  /** False when the current line is the last of the input and has no line break. */
  terminated = true;
  /** Frame that errors will name; undefined = none. */
  frame: number | undefined;
  /** Where `token` goes on in the current line. */
  cursor = 0;
  /** Bytes of the last token: `bytes[tokenStart, tokenEnd)`. */
  tokenStart = 0;
  tokenEnd = 0;
  #next = 0;
  #filled = 0;
  #ended = false;
  #again = false;
  readonly #source: AsyncIterator<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>, path: string, format: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.path = path;
    this.format = format;
  }

  /** Makes the next line current if it is wholly in memory. */
  tryLine(): boolean {
    if (this.#again) {
      this.#again = false;
      this.lineNumber++;
      this.cursor = this.start;
      return true;
    }
    const at = this.bytes.indexOf(LF, this.#next);
    if (at === -1 || at >= this.#filled)
      return this.#ended && this.#next < this.#filled ? this.#take(this.#filled, this.#filled, false) : false;
    return this.#take(at, at + 1, true);
  }

  /** Reads on until a further line is current; false at the end of the input. */
  async fill(): Promise<boolean> {
    for (;;) {
      if (this.#ended) return this.tryLine();
      const { value, done } = await this.#source.next();
      if (done) this.#ended = true;
      else this.#append(value);
      if (this.tryLine()) return true;
      if (this.#filled - this.#next > MAX_LINE) {
        this.lineNumber++;
        throw this.error(`expected a text line, found more than ${MAX_LINE >> 20} MiB without a line break`);
      }
    }
  }

  /** Next line, waiting if needed; false at the end of the input. */
  async line(): Promise<boolean> {
    return this.tryLine() || (await this.fill());
  }

  /** Next line; the input ending here is an error that says `expected`. */
  async need(expected: string): Promise<void> {
    if (!(await this.line())) throw this.truncated(expected);
  }

  /** The current line will be delivered once more by the next `tryLine`/`line`. */
  unread(): void {
    this.#again = true;
    this.lineNumber--;
  }

  /** Ends the source early (files are closed). */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  /** Text of the current line. */
  text(): string {
    return decoder.decode(this.bytes.subarray(this.start, this.end));
  }

  isBlank(): boolean {
    for (let k = this.start; k < this.end; k++) if (this.bytes[k] > 32) return false;
    return true;
  }

  /** True when the current line begins with these ASCII bytes at `offset` from its start. */
  startsWith(ascii: string, offset = 0): boolean {
    const from = this.start + offset;
    if (from + ascii.length > this.end) return false;
    for (let k = 0; k < ascii.length; k++) if (this.bytes[from + k] !== ascii.charCodeAt(k)) return false;
    return true;
  }

  /** Next blank-separated token of the current line into `tokenStart`, `tokenEnd`; false when there is none. */
  token(): boolean {
    const { bytes, end } = this;
    let k = this.cursor;
    while (k < end && bytes[k] <= 32) k++;
    if (k >= end) {
      this.cursor = end;
      return false;
    }
    this.tokenStart = k;
    while (k < end && bytes[k] > 32) k++;
    this.tokenEnd = k;
    this.cursor = k;
    return true;
  }

  /** Text of the last token. */
  tokenText(): string {
    return decoder.decode(this.bytes.subarray(this.tokenStart, this.tokenEnd));
  }

  /** Next token as a number; `what` names the value in the error. */
  number(what: string): number {
    if (!this.token()) throw this.error(`expected ${what}, found the end of the line`);
    const value = parseNumber(this.bytes, this.tokenStart, this.tokenEnd);
    if (value === undefined) throw this.error(`expected ${what} (a number), found "${this.tokenText().slice(0, 40)}"`);
    return value;
  }

  /** Next token as an integer. */
  integer(what: string): number {
    if (!this.token()) throw this.error(`expected ${what}, found the end of the line`);
    const value = parseInteger(this.bytes, this.tokenStart, this.tokenEnd);
    if (value === undefined)
      throw this.error(`expected ${what} (an integer), found "${this.tokenText().slice(0, 40)}"`);
    return value;
  }

  /** All tokens of the rest of the current line. */
  tokens(): string[] {
    const all: string[] = [];
    while (this.token()) all.push(this.tokenText());
    return all;
  }

  /** An error at the current line (or at `line`). */
  error(message: string, line = this.lineNumber): FormatError {
    return new FormatError(
      this.format,
      { path: this.path, line, ...(this.frame === undefined ? {} : { frame: this.frame }) },
      message,
    );
  }

  /** The error of an input that ends where `expected` should stand; it names the last line. */
  truncated(expected: string): TruncatedError {
    const at = {
      path: this.path,
      line: Math.max(1, this.lineNumber),
      ...(this.frame === undefined ? {} : { frame: this.frame }),
    };
    return new TruncatedError(this.format, at, `expected ${expected}, found the end of the file`);
  }

  #take(end: number, next: number, terminated: boolean): boolean {
    this.start = this.#next;
    this.end = end > this.start && this.bytes[end - 1] === CR ? end - 1 : end;
    this.cursor = this.start;
    this.#next = next;
    this.terminated = terminated;
    this.lineNumber++;
    return true;
  }

  #append(chunk: Uint8Array): void {
    if (this.#next === this.#filled) {
      this.bytes = chunk;
      this.#next = 0;
      this.#filled = chunk.length;
      return;
    }
    const left = this.#filled - this.#next;
    const joined = new Uint8Array(left + chunk.length);
    joined.set(this.bytes.subarray(this.#next, this.#filled));
    joined.set(chunk, left);
    this.bytes = joined;
    this.#next = 0;
    this.#filled = joined.length;
  }
}
