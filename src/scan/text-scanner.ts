import { FormatError, type SourceLocation, TruncatedError } from '../core/errors.ts';
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
  /** No line break lies between `#next` and here. */
  #searched = 0;
  /** Rest of the chunk of which the beginning completed a line. */
  #pending: Uint8Array | undefined;
  /** The buffer that we own and may append to. */
  #joint: Uint8Array | undefined;
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
    const at = this.#searched < this.#filled ? this.bytes.indexOf(LF, this.#searched) : -1;
    if (at !== -1 && at < this.#filled) return this.#take(at, at + 1, true);
    this.#searched = this.#filled;
    if (this.#ended && this.#pending === undefined && this.#next < this.#filled)
      return this.#take(this.#filled, this.#filled, false);
    return false;
  }

  /** Reads on until a further line is current; false at the end of the input. Throws FormatError for damaged compression. */
  async fill(): Promise<boolean> {
    for (;;) {
      if (this.#pending === undefined && !this.#ended) await this.#pull();
      if (this.#pending !== undefined) this.#append(this.#pending);
      if (this.tryLine()) return true;
      if (this.#ended && this.#pending === undefined) return false;
      this.#checkLength();
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

  /** First unread byte: what is in memory and unread is `bytes[unreadStart, unreadEnd)`. For readers of whole blocks of lines. */
  get unreadStart(): number {
    return this.#again ? this.start : this.#next;
  }

  get unreadEnd(): number {
    return this.#filled;
  }

  /** Marks the lines before byte `to` as read; `lines` is their number. */
  skipLines(to: number, lines: number): void {
    this.#again = false;
    this.#next = to;
    this.#searched = to;
    this.lineNumber += lines;
  }

  /** Brings more of the input behind the unread bytes (their place in `bytes` may change); false at its end. */
  async more(): Promise<boolean> {
    if (this.#again) this.skipLines(this.start, 0);
    if (this.#pending === undefined && !this.#ended) await this.#pull();
    if (this.#pending !== undefined) this.#append(this.#pending);
    else if (this.#ended) return false;
    this.#checkLength();
    return true;
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

  /** An error at the current line (or at `line`); a last line without line break is one that was cut off. */
  error(message: string, line = this.lineNumber): FormatError {
    const Kind = !this.terminated && line === this.lineNumber ? TruncatedError : FormatError;
    return new Kind(this.format, this.#at(line), message);
  }

  /** The error of an input that ends where `expected` should stand; it names the last line. */
  truncated(expected: string): TruncatedError {
    const at = this.#at(Math.max(1, this.lineNumber));
    return new TruncatedError(this.format, at, `expected ${expected}, found the end of the file`);
  }

  #at(line: number): SourceLocation {
    return { path: this.path, line, ...(this.frame === undefined ? {} : { frame: this.frame }) };
  }

  #take(end: number, next: number, terminated: boolean): boolean {
    this.start = this.#next;
    this.end = end > this.start && this.bytes[end - 1] === CR ? end - 1 : end;
    this.cursor = this.start;
    this.#next = next;
    this.#searched = next;
    this.terminated = terminated;
    this.lineNumber++;
    return true;
  }

  #checkLength(): void {
    if (this.#filled - this.#next <= MAX_LINE || this.bytes.indexOf(LF, this.#next) !== -1) return;
    this.lineNumber++;
    throw this.error(`expected a text line, found more than ${MAX_LINE >> 20} MiB without a line break`);
  }

  async #pull(): Promise<void> {
    try {
      const { value, done } = await this.#source.next();
      if (done) this.#ended = true;
      else if (value.length > 0) this.#pending = value;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw this.#atLine(error);
    }
  }

  /** An error of the source (compression) at the line where its data ends. */
  #atLine(error: FormatError): FormatError {
    const line = Math.max(1, this.lineNumber + (this.#filled > this.#next ? 1 : 0));
    const Kind = error instanceof TruncatedError ? TruncatedError : FormatError;
    return new Kind(this.format, this.#at(line), error.found);
  }

  /** Only the line that crosses two chunks is copied; the rest of a chunk becomes the window as it is. */
  #append(chunk: Uint8Array): void {
    if (this.#next === this.#filled) {
      this.#show(chunk, chunk.length);
      this.#pending = undefined;
      return;
    }
    const lineBreak = chunk.indexOf(LF);
    const part = lineBreak === -1 ? chunk : chunk.subarray(0, lineBreak + 1);
    this.#extend(part);
    this.#pending = part.length === chunk.length ? undefined : chunk.subarray(part.length);
  }

  /** Adds to the line begun in the window, in a buffer that doubles. Bytes already shown are never changed. */
  #extend(part: Uint8Array): void {
    const left = this.#filled - this.#next;
    if (this.bytes === this.#joint && this.#filled + part.length <= this.bytes.length) {
      this.bytes.set(part, this.#filled);
      this.#filled += part.length;
      return;
    }
    const searched = this.#searched - this.#next;
    const joint = new Uint8Array(Math.max(256, 2 * (left + part.length)));
    joint.set(this.bytes.subarray(this.#next, this.#filled));
    joint.set(part, left);
    this.#joint = joint;
    this.#show(joint, left + part.length);
    this.#searched = searched;
  }

  #show(bytes: Uint8Array, filled: number): void {
    this.bytes = bytes;
    this.#next = 0;
    this.#searched = 0;
    this.#filled = filled;
  }
}
