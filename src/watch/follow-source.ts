import { existsSync } from 'node:fs';
import type { FileEvents } from './file-events.ts';
import type { FileSource } from './file-source.ts';
import { Follower } from './follower.ts';
import { networkFileSystem } from './network-file-system.ts';
import type { FollowOptions } from './watch-options.ts';
import type { Cursor, WatchedFrame } from './watched-frame.ts';

const QUIET_SECONDS = 1;
/** Clients of network file systems keep the attributes of a file for some seconds (nfs(5): acregmin is 3 s). */
const NETWORK_QUIET_SECONDS = 5;

export interface SourceOptions extends FollowOptions {
  /** That of the files: where events come from, and what tells a network file system. */
  readonly folder: string;
  readonly cursors: ReadonlyMap<string, Cursor>;
}

type StartEvents = (told: { changed: (path: string) => void; failed: (error: Error) => void }) => FileEvents;

/** Frames of the files of a source, woken by file events where these can be relied on. */
export async function* followSource(
  source: FileSource,
  options: SourceOptions,
  startEvents: StartEvents,
): AsyncGenerator<WatchedFrame, void> {
  const { folder, cursors, onDiagnostic } = options;
  const network = await networkFileSystem(folder);
  const atLeast = network ? NETWORK_QUIET_SECONDS : 0;
  const quiet = 1000 * Math.max(atLeast, options.quietSeconds ?? QUIET_SECONDS);
  const follower = new Follower(source, options, { quiet, cursors });
  if (network)
    onDiagnostic({
      severity: 'info',
      code: 'network-file-system',
      message: `${network}: file events cannot be relied on, files are looked at only; quiet means ${quiet / 1000} s`,
      at: { path: folder },
    });
  const isPolling = options.polling ?? (network !== undefined || !existsSync(folder));
  const failed = (error: Error) =>
    onDiagnostic({
      severity: 'warning',
      code: 'no-events',
      message: `${error.message}: changes are seen at the next look only`,
      at: { path: folder },
    });
  const events = isPolling ? undefined : startEvents({ changed: (path) => follower.touch(path), failed });
  try {
    yield* follower.frames();
  } finally {
    await events?.close();
  }
}
