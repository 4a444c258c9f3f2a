import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, readFile } from 'node:fs/promises';
import { extxyz } from '../../formats/extxyz/extxyz.ts';
import { structureHash } from '../convert/content-hash.ts';
import { FormatError, StoreError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';

/** Where a frame stands in its shard. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** Bytes of a shard: the first one and the one behind the last. */
interface Part {
  readonly from: number;
  readonly to: number;
}

export interface ShardFrame extends Extent {
  readonly id: string;
  readonly frame: Frame;
}

/** Key of a stored frame that holds its id. */
export const ID_KEY = 'frame_id';
const LF = 10;
/** Longer count lines are no count lines. */
const COUNT_LINE = 20;

/** Name of a structure: SHA-256 of atoms, cell, periodicity and positions, in hexadecimal digits. */
export function frameId(frame: Frame): string {
  return Buffer.from(structureHash(frame), 'base64').toString('hex');
}

/** Frames of a part of a shard, as the format reads them. */
export function framesOf(path: string, part: Part): AsyncGenerator<Frame, void> {
  return extxyz.read(bytesOf(path, part), { path, strict: true, onDiagnostic: () => {} });
}

/** The frame at a place of a shard. Throws StoreError when there is another one. */
export async function frameAt(
  file: FileHandle,
  path: string,
  { id, offset, length }: Extent & { readonly id: string },
): Promise<Frame> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  const source = (async function* () {
    yield bytes.subarray(0, bytesRead);
  })();
  try {
    for await (const frame of extxyz.read(source, { path, strict: true, onDiagnostic: () => {} }))
      if (frame.info[ID_KEY] === id) return frame;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  throw new StoreError(`${path}: byte ${offset}: expected frame ${id}, found something else; run the command again`);
}

/**
 * The frames of a part of a shard with their places, as far as each is complete and has the structure that its id names. Ends
 * silently before the first that is not: compare the end of the last frame with that of the part. `hash` is fed with the bytes of
 * the frames that were given.
 */
export async function* goodFrames(path: string, part: Part, hash?: Hash): AsyncGenerator<ShardFrame, void> {
  const extents = frameExtents(bytesOf(path, part), part.from);
  const frames = framesOf(path, part);
  try {
    for (;;) {
      const [place, read] = await Promise.all([extents.next(), frames.next().catch(badFrame)]);
      if (place.done || read?.done !== false) return;
      const frame = read.value;
      const id = frame.info[ID_KEY];
      const { offset, length, content } = place.value;
      if (typeof id !== 'string' || id !== frameId(frame)) return;
      for (const piece of content) hash?.update(piece);
      yield { id, frame, offset, length };
    }
  } finally {
    await extents.return();
    await frames.return();
  }
}

function badFrame(error: unknown): undefined {
  if (!(error instanceof FormatError)) throw error;
}

/** Ids of a full shard, from the list beside it; undefined when there is none of `frames` ids. */
export async function readIds(path: string, frames: number): Promise<string[] | undefined> {
  const ids = (await readFile(path, 'latin1').catch(() => '')).split('\n');
  return ids.pop() === '' && ids.length === frames && ids.every((id) => /^[0-9a-f]{64}$/.test(id)) ? ids : undefined;
}

async function* bytesOf(path: string, { from, to }: Part): AsyncGenerator<Uint8Array, void> {
  if (to > from) yield* createReadStream(path, { start: from, end: to - 1, highWaterMark: 1 << 20 });
}

/** Complete frames (a count, a comment and so many lines) with their bytes, until the text is none of that. */
async function* frameExtents(
  chunks: AsyncIterable<Uint8Array>,
  from: number,
): AsyncGenerator<Extent & { readonly content: readonly Uint8Array[] }, void> {
  let offset = from;
  let length = 0;
  let content: Uint8Array[] = [];
  let count = '';
  let linesLeft = -1; // -1: the count line itself
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = 0; at < chunk.length; ) {
      const end = chunk.indexOf(LF, at);
      const next = end === -1 ? chunk.length : end + 1;
      if (linesLeft === -1) {
        count += Buffer.from(chunk.buffer, chunk.byteOffset + at, Math.min(next - at, COUNT_LINE)).toString('latin1');
        if (count.length >= COUNT_LINE) return;
        if (end !== -1) {
          if (!/^[1-9]\d*\n$/.test(count)) return;
          linesLeft = Number(count) + 1;
        }
      } else if (end !== -1) linesLeft--;
      at = next;
      if (linesLeft !== 0) continue;
      content.push(chunk.subarray(start, at));
      length += at - start;
      yield { offset, length, content };
      offset += length;
      start = at;
      length = 0;
      content = [];
      count = '';
      linesLeft = -1;
    }
    content.push(chunk.subarray(start));
    length += chunk.length - start;
  }
}
