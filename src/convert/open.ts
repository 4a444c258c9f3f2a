import { readdir, stat } from 'node:fs/promises';
import { detectFormat, findFormat } from '../../formats/detect.ts';
import type { Format, ReadOptions } from '../../formats/format.ts';
import { FORMATS } from '../../formats/index.ts';
import { TruncatedError, UnknownFormatError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { readBytes } from '../scan/byte-source.ts';
import { framesInParts, isDivisible } from './parts-read.ts';

/** First bytes that detection sees. */
const HEAD = 64 << 10;

export interface OpenOptions extends ReadOptions {
  /** Threads that read a large text file in parts, where the format can be cut at frames; 1 without. */
  readonly threads?: number;
}

export interface OpenedFrames {
  readonly format: Format;
  readonly frames: AsyncGenerator<Frame, void>;
}

/** The format with this name; UnknownFormatError (exit 3) lists the names when there is none. */
export function formatByName(name: string): Format {
  const format = findFormat(FORMATS, name);
  if (format) return format;
  throw new UnknownFormatError(
    `format "${name}" is not supported; known are ${FORMATS.map((f) => f.name).join(', ') || 'none'}`,
  );
}

/**
 * Frames of a file, a folder, a file set (`*`, `%` in the path) or stdin (`-`), by the named format or by detection. Nothing is
 * read of the frames before the first is asked for. `onRead` is told the bytes read from a single file. Throws UnknownFormatError.
 */
export async function openFrames(
  formatName: string | undefined,
  { threads = 1, ...options }: OpenOptions,
  onRead?: (bytes: number) => void,
): Promise<OpenedFrames> {
  const { path } = options;
  const named = formatName === undefined ? undefined : formatByName(formatName);
  const isPattern = /[*%]/.test(path) && (await kindOf(path)) === undefined;
  if (isPattern || (path !== '-' && (await kindOf(path)) === 'folder')) {
    const format = named ?? detectFormat(FORMATS, isPattern ? { path } : { path, entries: await readdir(path) });
    if (!format.readPath)
      throw new UnknownFormatError(
        `${path}: format ${format.name} is read from one file, not from a folder or file set`,
      );
    return { format, frames: lenient(format.readPath(path, options), options) };
  }
  const inParts = async (format: Format) => threads > 1 && (await isDivisible(format, path));
  if (named && (await inParts(named))) return { format: named, frames: framesInParts(named, options, threads, onRead) };
  if (named) return { format: named, frames: read(named, readBytes(path, onRead), options) };
  const source = readBytes(path, onRead);
  const { head, all } = await peek(source);
  try {
    const format = detectFormat(FORMATS, { path, head });
    if (await inParts(format)) {
      await source.return();
      return { format, frames: framesInParts(format, options, threads, onRead) };
    }
    if (!format.read) await source.return(); // it opens the file by itself
    return { format, frames: read(format, all, options) };
  } catch (error) {
    await source.return();
    throw error;
  }
}

function read(format: Format, source: AsyncGenerator<Uint8Array, void>, options: ReadOptions) {
  if (format.read) return lenient(format.read(source, options), options);
  if (format.readPath) return lenient(format.readPath(options.path, options), options);
  throw new UnknownFormatError(`${options.path}: format ${format.name} can be written, not read`);
}

/** Without `strict` a cut-off end is a diagnostic, whoever notices it. */
async function* lenient(frames: AsyncGenerator<Frame, void>, options: ReadOptions): AsyncGenerator<Frame, void> {
  try {
    yield* frames;
  } catch (error) {
    if (options.strict || !(error instanceof TruncatedError)) throw error;
    options.onDiagnostic({ severity: 'warning', code: 'truncated', message: error.found, at: error.at });
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && (found.isDirectory() ? 'folder' : 'file');
}

/** The first bytes of a source, and a source that still delivers all. An error of the source is thrown where it stands. */
async function peek(source: AsyncGenerator<Uint8Array, void>) {
  const seen: Uint8Array[] = [];
  let length = 0;
  let failure: { error: unknown } | undefined;
  while (length < HEAD && failure === undefined) {
    try {
      const next = await source.next();
      if (next.done) break;
      seen.push(next.value);
      length += next.value.length;
    } catch (error) {
      if (length === 0) throw error;
      failure = { error };
    }
  }
  async function* all(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* seen;
      if (failure) throw failure.error;
      yield* source;
    } finally {
      await source.return();
    }
  }
  return { head: Buffer.concat(seen).subarray(0, HEAD), all: all() };
}
