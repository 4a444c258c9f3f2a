import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { FormatError, TruncatedError } from '../core/errors.ts';

/** Size of a read: small enough to stay in the cache of the processor while it is scanned. */
const CHUNK = 1 << 20;
/** Compressed bytes inflated at a time; bounds what a bomb can produce at once. */
const SLICE = 64 << 10;

/**
 * Bytes of a file or of stdin (`-`), decompressed when they begin with the gzip or zstd magic. `onRead` is told the bytes of each
 * read, as they are in the file.
 */
export async function* readBytes(path: string, onRead?: (bytes: number) => void): AsyncGenerator<Uint8Array, void> {
  const raw = path === '-' ? (process.stdin as AsyncIterable<Uint8Array>) : chunks(path);
  yield* decompress(onRead ? counted(raw, onRead) : raw, path);
}

/** Each chunk is read while the one before is consumed. */
async function* chunks(path: string): AsyncGenerator<Uint8Array, void> {
  const file = await open(path);
  let next = chunk(file);
  try {
    for (let bytes = await next; bytes.length > 0; bytes = await next) {
      next = chunk(file);
      yield bytes;
    }
  } finally {
    // Not waited for: the next bytes of a pipe may never come.
    const close = () => file.close().catch(() => {});
    next.then(close, close);
  }
}

async function chunk(file: FileHandle): Promise<Uint8Array> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(CHUNK), 0, CHUNK, null);
  return buffer.subarray(0, bytesRead);
}

async function* counted(
  raw: AsyncIterable<Uint8Array>,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of raw) {
    onRead(chunk.length);
    yield chunk;
  }
}

/**
 * Passes bytes through, inflating gzip and zstd (also several members in a row) by their magic numbers. Of damaged or cut-off
 * data, what could be inflated is delivered first; then FormatError or TruncatedError is thrown. The checksum of gzip is
 * compared, the one that a zstd frame may end with (XXH64, RFC 8878 section 3.1.1) is not, because the inflater does not: damage
 * that leaves the compressed form valid shows only where the inflated text does not read.
 */
export async function* decompress(raw: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array, void> {
  const iterator = raw[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  try {
    while (head.length < 4) {
      const next = await iterator.next();
      if (next.done) break;
      head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
    }
    const all = prepend(head, iterator);
    if (head[0] === 0x1f && head[1] === 0x8b) yield* gunzip(slices(all), path);
    else if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd)
      yield* unzstd(slices(all), path);
    else yield* all;
  } finally {
    await iterator.return?.();
  }
}

async function* prepend(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* slices(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of raw)
    for (let k = 0; k < chunk.length; k += SLICE) yield chunk.subarray(k, Math.min(k + SLICE, chunk.length));
}

/**
 * Feeds one slice while the output of the slice before is consumed. The stream flows without a buffer of its own, because a
 * stream that fails drops what it has buffered.
 */
async function* gunzip(input: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array, void> {
  const inflater = createGunzip({ chunkSize: 256 << 10 });
  const ready: Uint8Array[] = [];
  inflater.on('data', (chunk: Uint8Array) => ready.push(chunk));
  const broken = new Promise<Error>((resolve) => inflater.once('error', resolve));
  const ended = new Promise<undefined>((resolve) => inflater.once('end', () => resolve(undefined)));
  const write = (slice: Uint8Array) =>
    new Promise<undefined>((resolve) => inflater.write(slice, (error) => error || resolve(undefined)));
  try {
    let failure: Error | undefined;
    let writing: Promise<Error | undefined> | undefined;
    for await (const slice of input) {
      failure = await writing;
      const out = ready.splice(0);
      if (!failure) writing = Promise.race([write(slice), broken]);
      yield* out;
      if (failure) break;
    }
    failure ??= await writing;
    if (!failure) {
      inflater.end();
      failure = await Promise.race([ended, broken]);
    }
    yield* ready.splice(0);
    if (failure) throw damaged(path, 'gzip', failure, 'code' in failure && failure.code === 'Z_BUF_ERROR');
  } finally {
    inflater.destroy();
  }
}

/** Code of fzstd for an input that ends early. */
const ZSTD_UNEXPECTED_END = 5;

async function* unzstd(input: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array, void> {
  const ready: Uint8Array[] = [];
  const inflater = new Decompress((chunk) => {
    if (chunk.length > 0) ready.push(chunk.slice());
  });
  const push = (slice: Uint8Array, last: boolean): Error | undefined => {
    try {
      inflater.push(slice, last);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  };
  for await (const slice of input) {
    const failure = push(slice, false);
    yield* ready.splice(0);
    if (failure) throw damaged(path, 'zstd', failure, false);
  }
  const failure = push(new Uint8Array(0), true);
  yield* ready.splice(0);
  if (failure) throw damaged(path, 'zstd', failure, 'code' in failure && failure.code === ZSTD_UNEXPECTED_END);
}

function damaged(path: string, method: string, failure: Error, cut: boolean): FormatError {
  const found = `of the ${method}-compressed data, found`;
  if (cut) return new TruncatedError(method, { path }, `expected the rest ${found} the end of the file`);
  return new FormatError(method, { path }, `expected the rest ${found} damage (${failure.message})`);
}
