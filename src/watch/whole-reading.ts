import type { FileHandle } from 'node:fs/promises';
import type { Format } from '../../formats/format.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { FormatError, TruncatedError, UnknownFormatError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import { readBytes } from '../scan/byte-source.ts';
import { Fingerprint } from './fingerprint.ts';
import type { FollowedFile } from './followed-file.ts';
import { stepOf } from './step-of.ts';
import type { Visiting } from './visiting.ts';
import type { Cursor, WatchedFrame } from './watched-frame.ts';

/**
 * Frames of a file whose format does not say where a frame ends in bytes (one structure a file, binary, XML): all of it is read when
 * it is quiet, and the frames before the cursor are passed over. The cursor moves behind the last frame only.
 */
export async function* wholeFrames(
  file: FollowedFile,
  { handle, format, shared }: { handle: FileHandle; format: Format; shared: Visiting },
): AsyncGenerator<WatchedFrame, 'done'> {
  const size = file.stat?.size ?? 0;
  const before = await Fingerprint.ofFile(handle, file.cursor.bytes);
  const isSame = before?.fits(file.cursor) && (size === file.cursor.bytes || format.carries.frames === 'many');
  if (file.cursor.bytes > 0 && !isSame) file.rewind();
  const now = await Fingerprint.ofFile(handle, size);
  if (!now || (size === file.cursor.bytes && size > 0)) return 'done';
  const end = { inode: file.stat?.inode ?? '', bytes: size, head: now.head, tail: now.tail };
  if (!format.read) throw new UnknownFormatError(`${file.absolute}: format ${format.name} is not read from one file`);
  const diagnostics: Diagnostic[] = [];
  const options = { ...shared.options.read, path: file.absolute, strict: true };
  const frames = format.read(readBytes(file.absolute), { ...options, onDiagnostic: (d) => diagnostics.push(d) });
  yield* framesOfWhole(file, { frames, diagnostics, end, shared });
  file.format = format;
  return 'done';
}

/** Gives the frames behind the cursor; then the file counts as read up to `end`. */
export async function* framesOfWhole(
  file: FollowedFile,
  from: {
    readonly frames: AsyncGenerator<Frame, void>;
    readonly diagnostics: Diagnostic[];
    readonly end: Pick<Cursor, 'inode' | 'bytes' | 'head' | 'tail'>;
    readonly shared: Visiting;
  },
): AsyncGenerator<WatchedFrame, void> {
  const { frames, diagnostics, end, shared } = from;
  const start = file.cursor;
  let index = 0;
  let last: Frame | undefined;
  try {
    for await (const frame of frames) {
      if (last) yield* given(file, last, index - 1, start, shared);
      last = index++ >= start.frames ? frame : undefined;
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    if (!(error instanceof TruncatedError)) shared.warn(file, 'damaged', `read up to here: ${error.message}`);
    else file.rest = Math.max(1, end.bytes - start.bytes);
  }
  const isCut = diagnostics.some(({ code }) => code === 'no-final-newline');
  if (isCut) {
    shared.warn(file, 'incomplete', 'no line break at the end: the last value may be cut, the last frame is left out');
    return;
  }
  for (const diagnostic of diagnostics) if (diagnostic.code !== 'truncated') shared.tell(file, diagnostic);
  if (index === 0) return;
  file.cursor = { path: file.path, ...end, frames: Math.max(index, start.frames) };
  if (last) yield* given(file, last, index - 1, file.cursor, shared);
}

function* given(
  file: FollowedFile,
  read: Frame,
  index: number,
  cursor: Cursor,
  { repeated }: Visiting,
): Generator<WatchedFrame, void> {
  if (read.natoms === 0) return;
  const frame = { ...read, origin: { path: file.absolute, frame: index } };
  const step = stepOf(frame);
  const isRepeated = repeated.isRepeated(file.firstName, step, frame);
  if (isRepeated && (step !== undefined || file.rewound)) return;
  yield { frame, ...(step !== undefined && { step }), cursor };
}
