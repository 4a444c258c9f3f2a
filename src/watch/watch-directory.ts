import { stat } from 'node:fs/promises';
import { formatByName } from '../convert/open.ts';
import { UsageError } from '../core/errors.ts';
import { folderEvents } from './file-events.ts';
import { FolderSource } from './folder-source.ts';
import { followSource } from './follow-source.ts';
import { NamePatterns } from './name-patterns.ts';
import type { FollowOptions } from './watch-options.ts';
import type { Cursor, WatchedFrame } from './watched-frame.ts';

export interface WatchOptions extends FollowOptions {
  /**
   * Names or relative paths of the files: `*`, `**`, `?`, and `%` for the number of the process of a dump in parts. Without: the usual names of dumps,
   * extxyz, OUTCAR and XDATCAR (beside an OUTCAR it is left out).
   */
  readonly patterns?: readonly string[];
  /** Files and folders that are not looked at, in the same form. */
  readonly ignore?: readonly string[];
  /** Levels of subfolders; default 8, 0 = none. */
  readonly depth?: number;
  /** Where to go on, by path relative to the folder. */
  readonly cursors?: ReadonlyMap<string, Cursor>;
}

/**
 * The complete new frames of all files of a folder, as they are written, at the pace of who takes them. Of a file they come in order; files take
 * turns. Single growing dumps, one file per step, dumps in parts (name them with `%`), .gz and .zst (when complete), OUTCAR and XDATCAR
 * of running jobs (complete ionic steps). Each frame comes once in a run, however often its file is renamed, replaced, shortened, or written again by a
 * restart; with the cursors of what was dealt with, none is lost between runs. Files that cannot be read are diagnostics and
 * tried again, the others go on. Memory: one frame, one chunk, and some hundred bytes a file. Throws UsageError when the folder is
 * not there, UnknownFormatError for a format name that is not known.
 */
export async function* watchDirectory(folder: string, options: WatchOptions): AsyncGenerator<WatchedFrame, void> {
  if (options.format !== undefined) formatByName(options.format);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    throw new UsageError(`${folder}: expected a folder to watch, found ${found ? 'a file' : 'nothing'}`);
  const patterns = new NamePatterns(options.patterns, options.ignore ?? []);
  const source = new FolderSource(folder, patterns, options.depth ?? 8);
  const cursors = options.cursors ?? new Map();
  const wantsFolder = (path: string) => source.wantsFolder(path);
  yield* followSource(source, { ...options, folder, cursors }, (told) => folderEvents(folder, wantsFolder, told));
}
