import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What tells that a file has changed. Times are only compared with each other, never with a clock. */
export interface FileStat {
  readonly size: number;
  readonly modified: bigint;
  readonly inode: string;
  readonly device: string;
  readonly kind: 'file' | 'folder' | 'other' | 'parts';
}

export function fileStatOf(stats: BigIntStats): FileStat {
  return {
    size: Number(stats.size),
    modified: stats.mtimeNs,
    inode: `${stats.ino}`,
    device: `${stats.dev}`,
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
  };
}

/** The error where there is no answer: not there, a link in a circle, not permitted. */
export async function fileStat(path: string): Promise<FileStat | NodeJS.ErrnoException> {
  try {
    return fileStatOf(await stat(path, { bigint: true }));
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

export function isSameStat(a: FileStat, b: FileStat): boolean {
  return a.size === b.size && a.modified === b.modified && a.inode === b.inode && a.device === b.device;
}
