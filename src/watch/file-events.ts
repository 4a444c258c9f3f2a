import { join } from 'node:path';
import { FSWatcher } from 'chokidar';

/** Wake-ups by the operating system: which files may have changed. They may be late, missing or too many: a look decides. */
export interface FileEvents {
  close(): Promise<void>;
}

/**
 * Watches folders, not each file, so that thousands of files cost one watch: the events of a folder name the file. `wantsFolder` says which
 * subfolders; the folders themselves are followed as they come and go.
 */
export function folderEvents(
  folder: string,
  wantsFolder: (path: string) => boolean,
  told: { readonly changed: (path: string) => void; readonly failed: (error: Error) => void },
): FileEvents {
  const watcher = new FSWatcher({
    persistent: true,
    ignoreInitial: true,
    ignorePermissionErrors: true,
    ignored: (path, stats) => (stats ? !stats.isDirectory() : false) || !wantsFolder(path),
  });
  watcher.on('raw', (_event, name, details) => {
    const { watchedPath } = details as { watchedPath?: string };
    if (watchedPath !== undefined) told.changed(name ? join(watchedPath, name) : watchedPath);
  });
  watcher.on('error', (error) => told.failed(error as Error));
  watcher.add(folder);
  return { close: () => watcher.close() };
}
