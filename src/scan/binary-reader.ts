import { FormatError, type SourceLocation, TruncatedError } from '../core/errors.ts';

/**
 * Walks a byte stream by lengths. Every length is taken from the input only as far as the input has bytes: nothing is allocated
 * for a length that a file merely announces.
 */
export class BinaryReader {
  readonly path: string;
  readonly format: string;
  /** Frame that errors will name. */
  frame: number | undefined;
  /** Bytes taken so far. */
  offset = 0;
  #window: Uint8Array = new Uint8Array(0);
  #start = 0;
  readonly #source: AsyncIterator<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>, path: string, format: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.path = path;
    this.format = format;
  }

  /** True at the end of the input. */
  async ended(): Promise<boolean> {
    return !(await this.#reach(1));
  }

  /** The next `length` bytes without taking them; fewer at the end of the input. Valid until the next call. */
  async peek(length: number): Promise<Uint8Array> {
    await this.#reach(length);
    return this.#window.subarray(this.#start, this.#start + length);
  }

  /** The next `length` bytes; valid until the next call. Throws TruncatedError when there are fewer. */
  async take(length: number, what: string): Promise<Uint8Array> {
    if (!(await this.#reach(length))) {
      const left = this.#window.length - this.#start;
      throw new TruncatedError(
        this.format,
        this.at(this.offset),
        `expected ${length} bytes of ${what}, found ${left} before the end of the file`,
      );
    }
    const bytes = this.#window.subarray(this.#start, this.#start + length);
    this.#start += length;
    this.offset += length;
    return bytes;
  }

  /** Place of a byte, by default of the next one. */
  at(byte = this.offset): SourceLocation {
    return { path: this.path, byte, ...(this.frame === undefined ? {} : { frame: this.frame }) };
  }

  error(message: string, byte = this.offset): FormatError {
    return new FormatError(this.format, this.at(byte), message);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  /** Reads on until `length` bytes are in the window; false when the input has fewer. */
  async #reach(length: number): Promise<boolean> {
    if (this.#window.length - this.#start >= length) return true;
    const pieces = [this.#window.subarray(this.#start)];
    let have = pieces[0].length;
    let done = false;
    while (have < length && !done) {
      const next = await this.#source.next();
      if (next.done) done = true;
      else {
        pieces.push(next.value);
        have += next.value.length;
      }
    }
    this.#window = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    this.#start = 0;
    return have >= length;
  }
}
