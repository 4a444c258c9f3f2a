import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Cursor } from './watched-frame.ts';

/** Bytes at each end of what has been read that are remembered. */
const LENGTH = 4096;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64');

/** The first and the last bytes of what has been read of a file: tells whether a file that is opened again begins with the same. */
export class Fingerprint {
  #first: Uint8Array;
  #last: Uint8Array;
  #head: string | undefined;

  constructor(first: Uint8Array = new Uint8Array(0), last: Uint8Array = first) {
    this.#first = first;
    this.#last = last;
  }

  /** Of the first `bytes` bytes of an open file; undefined when it has fewer. */
  static async ofFile(file: FileHandle, bytes: number): Promise<Fingerprint | undefined> {
    const length = Math.min(LENGTH, bytes);
    const first = await bytesAt(file, 0, length);
    const last = await bytesAt(file, bytes - length, length);
    return first.length === length && last.length === length ? new Fingerprint(first, last) : undefined;
  }

  get last(): Uint8Array {
    return this.#last;
  }

  get head(): string {
    if (this.#head !== undefined) return this.#head;
    const head = sha256(this.#first);
    if (this.#first.length === LENGTH) this.#head = head;
    return head;
  }

  get tail(): string {
    return sha256(this.#last);
  }

  /** The next bytes that were read; copied as far as they are kept. */
  add(bytes: Uint8Array): void {
    if (this.#first.length < LENGTH)
      this.#first = Buffer.concat([this.#first, bytes.subarray(0, LENGTH - this.#first.length)]);
    this.#last = lastOf(this.#last, bytes);
  }

  fits(cursor: Cursor): boolean {
    return cursor.head === this.head && (cursor.tail === undefined || cursor.tail === this.tail);
  }
}

/** A copy also of a Buffer, whose own `slice` shares its memory. */
export function copyOf(bytes: Uint8Array, begin: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, begin, end);
}

/** A copy of the last bytes of two pieces that follow one another. */
export function lastOf(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (bytes.length >= LENGTH) return copyOf(bytes, bytes.length - LENGTH, bytes.length);
  return Buffer.concat([before.subarray(Math.max(0, before.length + bytes.length - LENGTH)), bytes]);
}

export async function bytesAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
