/** Bytes read at a time; doubled where one frame is larger. */
const CHUNK = 256 << 10;
/** A larger buffer is given up when the next file is read. */
const KEPT = 8 << 20;

/** Gives the next bytes of a file, into `target`; 0 at the end. */
export type NextBytes = (target: Uint8Array) => Promise<number>;

/** The bytes of a file from the beginning of the frame that comes next, as far as they have been read. One buffer for all files. */
export class ByteWindow {
  #buffer = new Uint8Array(CHUNK);
  #start = 0;
  #end = 0;
  #next: NextBytes = async () => 0;

  /** Begins with another file. */
  open(next: NextBytes): void {
    if (this.#buffer.length > KEPT) this.#buffer = new Uint8Array(CHUNK);
    this.#start = 0;
    this.#end = 0;
    this.#next = next;
  }

  /** Valid until the next `more` or `open`. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** The first `length` bytes have been dealt with. */
  take(length: number): void {
    this.#start += length;
  }

  /** Reads on, as many bytes as there are already; false at the end of the file. */
  async more(): Promise<boolean> {
    const length = this.length;
    const wanted = Math.max(CHUNK, 2 * length);
    if (this.#buffer.length < wanted) {
      const larger = new Uint8Array(wanted);
      larger.set(this.bytes);
      this.#buffer = larger;
    } else this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#start = 0;
    this.#end = length;
    const read = await this.#next(this.#buffer.subarray(length, wanted));
    this.#end += read;
    return read > 0;
  }
}
