import type { FileHandle } from 'node:fs/promises';
import { readBytes } from '../scan/byte-source.ts';
import type { NextBytes } from './byte-window.ts';
import { bytesAt, copyOf, Fingerprint, lastOf } from './fingerprint.ts';
import type { FollowedFile } from './followed-file.ts';

/** A file from its cursor on. */
export interface OpenContent {
  readonly next: NextBytes;
  /** Of the bytes before the cursor. */
  readonly seen: Fingerprint;
  /** Bytes of frames after which another file has its turn. */
  readonly turn: number;
  /** What the cursor says is needed of them. */
  readonly context: readonly (Uint8Array | undefined)[];
  close(): Promise<void>;
}

const TURN = 8 << 20;
/** A compressed file is inflated from its beginning at each turn. */
const COMPRESSED_TURN = 256 << 20;

/** Undefined when the bytes before the cursor are not those that were read. */
export async function plainContent(file: FollowedFile, handle: FileHandle): Promise<OpenContent | undefined> {
  const { cursor } = file;
  const seen = await Fingerprint.ofFile(handle, cursor.bytes);
  if (!seen?.fits(cursor)) return undefined;
  const context = [];
  for (const range of cursor.context ?? [])
    context.push(range ? await bytesAt(handle, range[0], Math.min(range[1], cursor.bytes) - range[0]) : undefined);
  let at = cursor.bytes;
  let before = seen.last;
  const size = file.stat?.size ?? 0;
  const next: NextBytes = async (target) => {
    if (at >= size) return 0; // what was written since is for the next visit
    const { bytesRead } = await handle.read(target, 0, target.length, at);
    // A file that was rewritten meanwhile must not give the second half of a frame whose first half is of the old one.
    const again = await bytesAt(handle, at - before.length, before.length);
    if (bytesRead === 0 || Buffer.compare(again, before) !== 0) return 0;
    at += bytesRead;
    before = lastOf(before, target.subarray(0, bytesRead));
    return bytesRead;
  };
  return { next, seen, context, turn: TURN, close: async () => {} };
}

/** The same of a compressed file, which is inflated from its beginning. */
export async function compressedContent(file: FollowedFile): Promise<OpenContent | undefined> {
  const { cursor } = file;
  const source = readBytes(file.absolute);
  const seen = new Fingerprint();
  const context = (cursor.context ?? []).map((range) => range && { range, pieces: [] as Uint8Array[] });
  let piece: Uint8Array = new Uint8Array(0);
  let at = 0;
  while (at < cursor.bytes) {
    const { value, done } = await source.next();
    if (done) return undefined;
    const skipped = value.subarray(0, cursor.bytes - at);
    seen.add(skipped);
    for (const part of context) {
      if (!part) continue;
      const [begin, end] = part.range;
      part.pieces.push(copyOf(skipped, Math.max(0, begin - at), Math.max(0, end - at)));
    }
    at += skipped.length;
    piece = value.subarray(skipped.length);
  }
  if (!seen.fits(cursor)) {
    await source.return();
    return undefined;
  }
  const next: NextBytes = async (target) => {
    while (piece.length === 0) {
      const { value, done } = await source.next();
      if (done) return 0;
      piece = value;
    }
    const length = Math.min(piece.length, target.length);
    target.set(piece.subarray(0, length));
    piece = piece.subarray(length);
    return length;
  };
  const kept = context.map((part) => (part ? Buffer.concat(part.pieces) : undefined));
  return { next, seen, context: kept, turn: COMPRESSED_TURN, close: async () => void (await source.return()) };
}
