import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';

/** Bytes of a file or of stdin (`-`), decompressed when they begin with the gzip or zstd magic. Chunks of up to 4 MiB. */
export async function* readBytes(path: string): AsyncGenerator<Uint8Array, void> {
  const raw =
    path === '-' ? (process.stdin as AsyncIterable<Uint8Array>) : createReadStream(path, { highWaterMark: 4 << 20 });
  yield* decompress(raw);
}

/** Passes bytes through, inflating gzip (also several members in a row) and zstd by their magic numbers. */
export async function* decompress(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const iterator = raw[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  try {
    while (head.length < 4) {
      const next = await iterator.next();
      if (next.done) break;
      head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
    }
    const all = prepend(head, iterator);
    if (head[0] === 0x1f && head[1] === 0x8b) yield* gunzip(all);
    else if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) yield* unzstd(all);
    else yield* all;
  } finally {
    await iterator.return?.();
  }
}

async function* prepend(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** What could be inflated is delivered first; a damaged or missing trailer is then thrown by zlib's own error. */
async function* gunzip(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const inflater = createGunzip({ chunkSize: 1 << 20 });
  let failure: unknown;
  const feeding = (async () => {
    for await (const chunk of raw) {
      if (inflater.destroyed) return;
      if (!inflater.write(chunk)) await new Promise<void>((go) => inflater.once('drain', go).once('close', go));
    }
    inflater.end();
  })().catch((error: unknown) => {
    failure = error;
    inflater.destroy(error as Error);
  });
  try {
    yield* inflater as AsyncIterable<Uint8Array>;
    await feeding;
  } finally {
    inflater.destroy();
  }
  if (failure) throw failure;
}

async function* unzstd(raw: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const ready: Uint8Array[] = [];
  const inflater = new Decompress((chunk) => {
    if (chunk.length > 0) ready.push(chunk.slice());
  });
  for await (const chunk of raw) {
    inflater.push(chunk);
    yield* ready.splice(0);
  }
  inflater.push(new Uint8Array(0), true);
  yield* ready.splice(0);
}
