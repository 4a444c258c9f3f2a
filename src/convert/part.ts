import { type FileHandle, open } from 'node:fs/promises';
import type { FrameParts, ReadOptions } from '../../formats/format.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { PackedFrames } from './packed-frames.ts';

/** Bytes [begin, end) of a file, which are whole frames as far as one can see. */
export interface Part {
  readonly index: number;
  readonly begin: number;
  readonly end: number;
  /** Bytes at the beginning of the file that are read before those of the part. */
  readonly preamble: number;
  readonly isLast: boolean;
}

/** What a thread found in a part; lines and frames are counted from its beginning. */
export interface PartRead {
  readonly index: number;
  readonly frames: PackedFrames;
  readonly diagnostics: readonly Diagnostic[];
  readonly lines: number;
}

/** The reader failed, or cannot have seen all that matters: the part is read again in order. */
export interface PartFailed {
  readonly index: number;
  readonly failed: true;
}

/** What every thread is told at its start. */
export interface PartReaderSetup {
  readonly format: string;
  /** URL of the module that exports the format: a thread loads no others. */
  readonly module: string;
  readonly options: Omit<ReadOptions, 'onDiagnostic'>;
}

const WINDOW = 64 << 10;
/** Bytes before the place from which frames are searched, so that what stands before a line is seen. */
const BEFORE = 512;

/** First byte of a frame at or behind `from`; `size` where there is none. Only the bytes up to it are read. */
export async function frameAt(file: FileHandle, from: number, size: number, parts: FrameParts): Promise<number> {
  const start = Math.max(0, from - BEFORE);
  for (let length = WINDOW; ; length *= 2) {
    const bytes = Buffer.allocUnsafe(Math.min(length, size - start));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    const seen = bytes.subarray(0, bytesRead);
    const line = from === 0 ? 0 : seen.indexOf(10, from - start - 1) + 1;
    const at = line === 0 && from > 0 ? -1 : parts.findFrame(seen, line);
    if (at !== -1) return start + at;
    if (start + bytesRead >= size || bytesRead < bytes.length) return size;
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

async function bytesOf(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}
