import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { openFrames } from '../convert/open.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { ProjectError } from '../core/errors.ts';
import { bytesAt } from './fingerprint.ts';
import type { FollowedFile } from './followed-file.ts';
import type { Visiting } from './visiting.ts';
import type { WatchedFrame } from './watched-frame.ts';
import { framesOfWhole } from './whole-reading.ts';

const HEAD = 4096;

/**
 * Frames of a step that was written in parts, one a process (`%` in the name of a dump). They are put together when all parts are quiet,
 * numbered from 0 without a gap, and as many as the most of the sets with the same name but for the step.
 */
export async function* visitSet(file: FollowedFile, shared: Visiting): AsyncGenerator<WatchedFrame, 'done'> {
  if (!shared.isQuiet(file)) return 'done';
  file.settled = true;
  try {
    yield* framesOfSet(file, shared);
  } catch (error) {
    if (!(error instanceof ProjectError)) throw error;
    shared.warn(file, 'not-read', `${error.message}: the files are left out until they change`);
  }
  return 'done';
}

async function* framesOfSet(file: FollowedFile, shared: Visiting): AsyncGenerator<WatchedFrame, void> {
  const parts = await partsOf(file.absolute);
  const size = file.stat?.size ?? 0;
  const most = shared.mostParts(file.path.replace(/\d+/g, '#'), parts.length);
  if (parts.some((part, k) => part !== k) || parts.length < most) {
    file.rest = size;
    shared.warn(
      file,
      'incomplete',
      `expected the parts 0 to ${Math.max(most, ...parts, 1) - 1}, found ${parts.join(' ')}`,
    );
    return;
  }
  const head = await headOf(file.absolute, parts);
  if (file.cursor.bytes > size || (file.cursor.bytes > 0 && file.cursor.head !== head)) file.rewind();
  if (file.cursor.bytes === size) return;
  const diagnostics: Diagnostic[] = [];
  const options = { ...shared.options.read, path: file.absolute, strict: true };
  const opened = await openFrames(shared.options.format, { ...options, onDiagnostic: (d) => diagnostics.push(d) });
  const end = { inode: file.stat?.inode ?? '', bytes: size, head };
  yield* framesOfWhole(file, { frames: opened.frames, diagnostics, end, shared });
}

/** Numbers of the parts that are there, ascending. */
async function partsOf(path: string): Promise<number[]> {
  const [before, behind] = basename(path).split('%');
  const numbers = (await readdir(dirname(path))).flatMap((name) => {
    if (!name.startsWith(before) || !name.endsWith(behind)) return [];
    const number = name.slice(before.length, name.length - behind.length);
    return /^\d+$/.test(number) ? [Number(number)] : [];
  });
  return numbers.sort((a, b) => a - b);
}

async function headOf(path: string, parts: readonly number[]): Promise<string> {
  const hash = createHash('sha256');
  for (const part of parts) {
    const handle = await open(join(dirname(path), basename(path).replace('%', String(part))));
    try {
      hash.update(await bytesAt(handle, 0, HEAD));
    } finally {
      await handle.close();
    }
  }
  return hash.digest('base64');
}
