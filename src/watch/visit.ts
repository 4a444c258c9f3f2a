import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { detectFormat } from '../../formats/detect.ts';
import type { Format } from '../../formats/format.ts';
import { FORMATS } from '../../formats/index.ts';
import { formatByName } from '../convert/open.ts';
import { FormatError, ProjectError, TruncatedError, UnknownFormatError } from '../core/errors.ts';
import { decompress, readBytes } from '../scan/byte-source.ts';
import { compressedContent, type OpenContent, plainContent } from './content.ts';
import { fileStatOf } from './file-stat.ts';
import { bytesAt } from './fingerprint.ts';
import type { FollowedFile } from './followed-file.ts';
import { SequenceReading } from './sequence-reading.ts';
import type { Visiting } from './visiting.ts';
import type { WatchedFrame } from './watched-frame.ts';
import { wholeFrames } from './whole-reading.ts';

/** First bytes by which a format is known. */
const HEAD = 64 << 10;
/** Those by which compression is. */
const MAGIC = 4;
/** Code of the error for what became a pipe or a folder since it was looked at. */
export const NOT_A_FILE = 'NOT_A_FILE';

/**
 * Opens a file, gives the frames that are new and complete, and closes it. `more`: there is more to read at once. Rejects with the error of
 * the operating system where the file cannot be read.
 */
export async function* visit(file: FollowedFile, shared: Visiting): AsyncGenerator<WatchedFrame, 'more' | 'done'> {
  // Without waiting for a writer, if it is a pipe.
  const handle = await open(file.absolute, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fileStatOf(await handle.stat({ bigint: true }));
    if (stat.kind !== 'file') throw Object.assign(new Error('not a regular file'), { code: NOT_A_FILE });
    file.observe(stat, performance.now(), shared.quiet);
    const isQuiet = shared.isQuiet(file);
    const end = yield* read(file, handle, shared);
    if (isQuiet && end === 'done') file.settled = true;
    return end;
  } catch (error) {
    if (!(error instanceof ProjectError)) throw error;
    shared.warn(file, 'not-read', `${error.message}: the file is left out until it changes`);
    file.settled = true;
    return 'done';
  } finally {
    await handle.close();
  }
}

async function* read(
  file: FollowedFile,
  handle: FileHandle,
  shared: Visiting,
): AsyncGenerator<WatchedFrame, 'more' | 'done'> {
  const size = file.stat?.size ?? 0;
  const isQuiet = shared.isQuiet(file);
  const head = await bytesAt(handle, 0, file.format ? MAGIC : Math.min(HEAD, size));
  const isPacked = isCompressed(head);
  if (isPacked && !isQuiet) return 'done';
  if (isPacked && !(await isWhole(file, shared))) return 'done';
  if (size < file.cursor.bytes && !isPacked) {
    startAgain(file, shared);
    return 'more';
  }
  const format = file.format ?? formatOf(file, isPacked ? await inflatedHead(file) : head, shared);
  if (!format) return 'done';
  const { sequence } = format;
  if (!sequence) return isQuiet ? yield* wholeFrames(file, { handle, format, shared }) : 'done';
  const opened = await (isPacked ? compressedContent : plainContent)(file, handle);
  if (opened) {
    file.isKnown();
    return yield* inSequence(file, format, opened, shared);
  }
  startAgain(file, shared);
  return 'more';
}

async function* inSequence(file: FollowedFile, format: Format, content: OpenContent, shared: Visiting) {
  shared.window.open(content.next);
  try {
    return yield* new SequenceReading(file, format, content, shared).frames();
  } finally {
    await content.close();
  }
}

function startAgain(file: FollowedFile, shared: Visiting): void {
  if (file.tryFormer()) return;
  if (file.cursor.bytes > 0)
    shared.options.onDiagnostic({
      severity: 'info',
      code: 'rewritten',
      message: 'the file was replaced, shortened or rewritten: it is read again from its beginning',
      at: { path: file.absolute },
    });
  file.rewind();
}

function isCompressed(magic: Uint8Array): boolean {
  const [a, b, c, d] = magic;
  return (a === 0x1f && b === 0x8b) || (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd);
}

/** Inflates all of a compressed file: before its end, and the checksum there, nothing of it is believed. */
async function isWhole(file: FollowedFile, shared: Visiting): Promise<boolean> {
  try {
    for await (const _ of readBytes(file.absolute));
    return true;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    file.rest = file.stat?.size ?? 0;
    if (!(error instanceof TruncatedError)) shared.warn(file, 'damaged', error.found);
    return false;
  }
}

/** Undefined where too little is there to tell. */
function formatOf(file: FollowedFile, head: Uint8Array, shared: Visiting): Format | undefined {
  const { format: name } = shared.options;
  if (name !== undefined) return formatByName(name);
  if (head.length === 0) return undefined;
  try {
    const format = detectFormat(FORMATS, { path: file.absolute, head });
    if (format.sniff(head) > 0) return format;
    throw new UnknownFormatError(`the content is not that of ${format.name}, which the name stands for`);
  } catch (error) {
    if (!(error instanceof UnknownFormatError)) throw error;
    if (head.length < HEAD && !shared.isQuiet(file)) return undefined;
    shared.warn(file, 'unknown-format', error.message);
    return undefined;
  }
}

async function inflatedHead(file: FollowedFile): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of decompress(readBytes(file.absolute), file.absolute)) {
    pieces.push(piece);
    length += piece.length;
    if (length >= HEAD) break;
  }
  return Buffer.concat(pieces).subarray(0, HEAD);
}
