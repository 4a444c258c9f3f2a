import { readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FrameParts, ReadOptions } from '../../formats/format.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { PackedFrames } from './packed-frames.ts';

/** Bytes [begin, end) of a file, which are whole frames as far as one can see; none in the middle of a long frame. */
export interface Part {
  readonly index: number;
  readonly begin: number;
  readonly end: number;
  /** Bytes at the beginning of the file that are read before those of the part. */
  readonly preamble: number;
  readonly isLast: boolean;
}

/** How a file is cut: part k holds the frames that begin in its bytes [k·bytes, (k+1)·bytes). */
export interface PartPlan {
  readonly size: number;
  readonly bytes: number;
  readonly preamble: number;
}

/** What a thread found in a part; lines and frames are counted from its beginning. */
export interface PartRead {
  readonly part: Part;
  readonly frames: PackedFrames;
  readonly diagnostics: readonly Diagnostic[];
  readonly lines: number;
}

/** The reader failed, or cannot have seen all that matters: the part is read again in order. */
export interface PartFailed {
  readonly part: Part;
  readonly failed: true;
}

/** What every thread is told at its start. */
export interface PartReaderSetup {
  readonly format: string;
  /** URL of the module that exports the format: a thread loads no others. */
  readonly module: string;
  readonly options: Omit<ReadOptions, 'onDiagnostic'>;
  readonly plan: PartPlan;
  /** Shared by all threads, at the places NEXT and ALLOWED. */
  readonly turns: Int32Array;
}

/** Index of the part that the next idle thread takes. */
export const NEXT = 0;
/** Parts from this index on wait until earlier ones have been delivered: memory is bounded by it. */
export const ALLOWED = 1;

const WINDOW = 64 << 10;
/** Bytes before the place from which frames are searched, so that what stands before a line is seen. */
const BEFORE = 512;

/** Part `index` of a file that is open as `file`; undefined behind the last. */
export function partOf(file: number, index: number, { size, bytes, preamble }: PartPlan, rule: FrameParts) {
  if (index * bytes >= size) return undefined;
  const begin = index === 0 ? 0 : frameAt(file, index * bytes, size, rule);
  const end = frameAt(file, Math.min(size, (index + 1) * bytes), size, rule);
  return { index, begin, end, preamble, isLast: end === size } satisfies Part;
}

/** First byte of a frame at or behind `from`, above 0; `size` where there is none. Only the bytes up to it are read. */
function frameAt(file: number, from: number, size: number, rule: FrameParts): number {
  const start = Math.max(0, from - BEFORE);
  for (let length = WINDOW; ; length *= 2) {
    const bytes = Buffer.allocUnsafe(Math.min(length, size - start));
    const seen = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start));
    const line = seen.indexOf(10, from - start - 1) + 1;
    const at = line === 0 ? -1 : rule.findFrame(seen, line);
    if (at !== -1) return start + at;
    if (start + seen.length >= size || seen.length < bytes.length) return size;
  }
}

/** Bytes `[0, preamble)` and `[begin, end)` of a file. */
export async function* partBytes(
  path: string,
  { preamble, begin, end }: Pick<Part, 'preamble' | 'begin' | 'end'>,
): AsyncGenerator<Uint8Array, void> {
  const file = await open(path);
  try {
    if (begin > 0 && preamble > 0) yield await bytesOf(file, 0, preamble);
    for (let at = begin; at < end; ) {
      const bytes = await bytesOf(file, at, Math.min(1 << 20, end - at));
      if (bytes.length === 0) return;
      yield bytes;
      at += bytes.length;
    }
  } finally {
    await file.close();
  }
}

async function bytesOf(file: Awaited<ReturnType<typeof open>>, at: number, length: number): Promise<Uint8Array> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}
