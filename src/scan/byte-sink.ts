import { once } from 'node:events';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';

/** Small pieces are gathered to blocks of this many bytes. */
const BLOCK = 1 << 20;

/** Writes to a file of the same folder that is renamed to `path` at the end, after fsync; `.gz` compresses; `-` is stdout. */
export async function writeBytes(path: string, pieces: AsyncIterable<Uint8Array | string>): Promise<void> {
  const blocks = path.endsWith('.gz') ? gzip(gather(pieces)) : gather(pieces);
  if (path === '-') return writeStream(process.stdout, blocks);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'w');
    for await (const block of blocks) await writeAll(file, block);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file?.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The same for a text that is there as a whole. */
export function writeText(path: string, text: string): Promise<void> {
  return writeBytes(
    path,
    (async function* () {
      yield text;
    })(),
  );
}

async function writeAll(file: FileHandle, block: Uint8Array): Promise<void> {
  for (let at = 0; at < block.length; ) at += (await file.write(block, at, block.length - at)).bytesWritten;
}

async function writeStream(stream: Writable, blocks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const block of blocks) if (!stream.write(block)) await once(stream, 'drain');
}

async function* gather(pieces: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array, void> {
  let text = '';
  for await (const piece of pieces) {
    if (typeof piece === 'string') {
      text += piece;
      if (text.length < BLOCK) continue;
      yield Buffer.from(text);
    } else {
      if (text.length > 0) yield Buffer.from(text);
      yield piece;
    }
    text = '';
  }
  if (text.length > 0) yield Buffer.from(text);
}

async function* gzip(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const deflater = createGzip({ chunkSize: 256 << 10, level: constants.Z_DEFAULT_COMPRESSION });
  const ready: Uint8Array[] = [];
  deflater.on('data', (chunk: Uint8Array) => ready.push(chunk));
  for await (const block of blocks) {
    await new Promise<void>((resolve, reject) => deflater.write(block, (error) => (error ? reject(error) : resolve())));
    yield* ready.splice(0);
  }
  deflater.end();
  await once(deflater, 'end');
  yield* ready.splice(0);
}
