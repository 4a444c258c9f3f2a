import { basename, dirname, join, resolve } from 'node:path';
import { formatByName } from '../convert/open.ts';
import { folderEvents } from './file-events.ts';
import type { FileSource } from './file-source.ts';
import { type FileStat, fileStat } from './file-stat.ts';
import { followSource } from './follow-source.ts';
import type { FollowOptions } from './watch-options.ts';
import type { Cursor, WatchedFrame } from './watched-frame.ts';

export interface FollowFileOptions extends FollowOptions {
  /** Where to go on; the beginning of the file without. */
  readonly cursor?: Cursor;
}

/**
 * The frames of one file, those that are there and those that are still written, as `tail -f` does for lines. A frame is given
 * when all of it is there and either the next has begun or nothing was written for `quietSeconds`. The file may not exist yet, may be
 * replaced, shortened or rewritten (it is then read again from its beginning; frames given before are not given again). Ends by
 * `idleSeconds` or `signal`. Damage is a diagnostic, and reading goes on behind it; throws UnknownFormatError for a
 * format name that is not known. Memory: one frame and one chunk.
 *
 *     for await (const { frame, step } of followFile('md.lammpstrj', { onDiagnostic })) …
 */
export async function* followFile(path: string, options: FollowFileOptions): AsyncGenerator<WatchedFrame, void> {
  if (options.format !== undefined) formatByName(options.format);
  const source = new OneFile(path);
  const { cursor } = options;
  const cursors = new Map(cursor ? [[source.name, cursor]] : []);
  const folder = dirname(path);
  yield* followSource(source, { ...options, folder, cursors }, (told) =>
    folderEvents(folder, (f) => f === folder, told),
  );
}

class OneFile implements FileSource {
  readonly name: string;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.name = basename(path);
  }

  async list(): Promise<Map<string, FileStat | NodeJS.ErrnoException>> {
    const stat = await this.look();
    return new Map(stat instanceof Error && stat.code === 'ENOENT' ? [] : [[this.name, stat]]);
  }

  look(): Promise<FileStat | NodeJS.ErrnoException> {
    return fileStat(this.#path);
  }

  absolute(path: string): string {
    return path === '' ? dirname(this.#path) : join(dirname(this.#path), path);
  }

  pathOf(file: string): string | undefined {
    return resolve(file) === resolve(this.#path) ? this.name : undefined;
  }
}
