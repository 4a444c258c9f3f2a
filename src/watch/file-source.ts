import type { FileStat } from './file-stat.ts';

/** The files that a watcher is to follow, by path relative to its folder. */
export interface FileSource {
  /** All of them as they are now; an error where one cannot be looked at. */
  list(): Promise<Map<string, FileStat | NodeJS.ErrnoException>>;
  /** One of them. */
  look(path: string): Promise<FileStat | NodeJS.ErrnoException>;
  absolute(path: string): string;
  /** The path under which a file that an event names is followed; undefined = it is not. */
  pathOf(file: string): string | undefined;
}
