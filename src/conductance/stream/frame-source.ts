import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { ReadOptions } from '../../../formats/format.ts';
import { openFrames } from '../../convert/open.ts';
import { MissingDataError, ProjectError, UsageError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import { followFile } from '../../watch/follow-file.ts';
import { NamePatterns } from '../../watch/name-patterns.ts';
import { watchDirectory } from '../../watch/watch-directory.ts';

export interface SourceRequest {
  /** Files, one folder, or `-` for stdin. */
  readonly inputs: readonly string[];
  readonly format?: string;
  readonly read: Omit<ReadOptions, 'path'>;
  /** Go on while files grow and appear; ends after so many seconds without anything new, 0 = never. */
  readonly follow?: { readonly idle: number };
  readonly signal: AbortSignal;
}

/** A frame and the file it comes from, as it is called in results; or what ended the reading of a file. */
export type SourceItem =
  | { readonly file: string; readonly frame: Frame }
  | { readonly file: string; readonly failure: ProjectError };

/**
 * The frames of all inputs, in the order of their files, or as they are written. A file that cannot be read ends with its failure;
 * the others go on. Throws UsageError for inputs that do not go together, MissingDataError for a folder without files of frames.
 */
export async function* sourceFrames(request: SourceRequest): AsyncGenerator<SourceItem, void> {
  const { inputs, follow } = request;
  const [first] = inputs;
  const isFolder = await stat(first).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (inputs.length > 1 && (isFolder || inputs.includes('-')))
    throw new UsageError('give several files, or one folder, or - for stdin');
  if (follow) {
    if (first === '-' || inputs.length > 1) throw new UsageError('--follow: give one file or one folder');
    yield* followed(request, first, isFolder);
    return;
  }
  const files = isFolder ? await filesIn(first) : inputs;
  const names = namesOf(files, isFolder ? first : undefined);
  for (const [k, path] of files.entries()) {
    yield* oneFile(request, path, names[k]);
    if (request.signal.aborted) return;
  }
}

async function* oneFile({ format, read, signal }: SourceRequest, path: string, file: string) {
  try {
    const { frames } = await openFrames(format, { ...read, path });
    for await (const frame of frames) {
      yield { file, frame };
      if (signal.aborted) return;
    }
  } catch (error) {
    if (!(error instanceof ProjectError)) throw error;
    yield { file, failure: error };
  }
}

async function* followed({ format, read, follow, signal }: SourceRequest, path: string, isFolder: boolean) {
  const { onDiagnostic, strict: _, ...words } = read;
  const options = {
    onDiagnostic,
    read: words,
    signal,
    ...(format !== undefined && { format }),
    ...(follow && follow.idle > 0 && { idleSeconds: follow.idle }),
  };
  const frames = isFolder ? watchDirectory(path, options) : followFile(path, options);
  for await (const { frame, cursor } of frames) yield { file: cursor.path, frame };
}

/** Files of frames in a folder and below it, by name. */
async function filesIn(folder: string): Promise<string[]> {
  const patterns = new NamePatterns(undefined, []);
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => patterns.wants(relative(folder, path)));
  if (files.length === 0)
    throw new MissingDataError(
      `${folder}: no file of frames`,
      'expected dumps (*.dump, *.lammpstrj, dump.*) or extxyz, also in folders below; with --follow they may come later',
    );
  return files.sort();
}

/** Short names that tell the files apart. */
function namesOf(files: readonly string[], folder: string | undefined): string[] {
  if (folder !== undefined) return files.map((path) => relative(folder, path));
  const names = files.map((path) => basename(path));
  return new Set(names).size === names.length ? names : [...files];
}
