import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { FileSource } from './file-source.ts';
import { type FileStat, fileStat } from './file-stat.ts';
import type { NamePatterns } from './name-patterns.ts';

/** Questions to the file system at a time. */
const AT_ONCE = 32;

/** The files of a folder and its subfolders whose names fit. The parts of a `%` set count as one file. */
export class FolderSource implements FileSource {
  readonly #folder: string;
  readonly #patterns: NamePatterns;
  readonly #depth: number;

  constructor(folder: string, patterns: NamePatterns, depth: number) {
    this.#folder = folder;
    this.#patterns = patterns;
    this.#depth = depth;
  }

  async list(): Promise<Map<string, FileStat | NodeJS.ErrnoException>> {
    const paths: string[] = [];
    await this.#collect('', 0, paths);
    const found = new Map<string, FileStat | NodeJS.ErrnoException>();
    const parts = new Map<string, FileStat[]>();
    for (let k = 0; k < paths.length; k += AT_ONCE) {
      const some = paths.slice(k, k + AT_ONCE);
      const stats = await Promise.all(some.map((path) => fileStat(this.absolute(path))));
      some.forEach((path, n) => {
        const stat = stats[n];
        const set = this.#patterns.setOf(path);
        if (set === undefined) found.set(path, stat);
        else if (!(stat instanceof Error)) parts.set(set, [...(parts.get(set) ?? []), stat]);
      });
    }
    for (const [set, stats] of parts) found.set(set, together(stats));
    for (const path of withXdatcarBesideOutcar(found)) found.delete(path);
    return found;
  }

  look(path: string): Promise<FileStat | NodeJS.ErrnoException> {
    return fileStat(this.absolute(path));
  }

  absolute(path: string): string {
    return path === '' ? this.#folder : join(this.#folder, path);
  }

  pathOf(file: string): string | undefined {
    const path = relative(this.#folder, file).split(sep).join('/');
    if (path === '' || path.startsWith('..') || !this.#patterns.wants(path)) return undefined;
    return this.#patterns.setOf(path) === undefined ? path : undefined; // sets are seen when all files are looked at
  }

  wantsFolder(file: string): boolean {
    const path = relative(this.#folder, file).split(sep).join('/');
    return path === '' || (this.#patterns.wantsFolder(path) && path.split('/').length <= this.#depth);
  }

  async #collect(folder: string, depth: number, paths: string[]): Promise<void> {
    let entries: Dirent[];
    try {
      entries = await readdir(this.absolute(folder), { withFileTypes: true });
    } catch (error) {
      if (folder === '') throw error;
      return; // gone, or not ours to read: others go on
    }
    for (const entry of entries) {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      if (entry.isDirectory()) {
        if (depth < this.#depth && this.#patterns.wantsFolder(path)) await this.#collect(path, depth + 1, paths);
      } else if (this.#patterns.wants(path)) paths.push(path);
    }
  }
}

/** One stat for the parts of a step. */
function together(stats: readonly FileStat[]): FileStat {
  const inodes = createHash('sha256')
    .update(stats.map(({ inode }) => inode).join())
    .digest('base64');
  return {
    size: stats.reduce((sum, { size }) => sum + size, 0),
    modified: stats.reduce((sum, { modified }) => sum + modified, 0n),
    inode: inodes,
    device: 'parts',
    kind: stats.every(({ kind }) => kind === 'file') ? 'parts' : 'other',
  };
}

/** Each XDATCAR in a folder that has an OUTCAR: both hold the same steps. */
function withXdatcarBesideOutcar(found: ReadonlyMap<string, unknown>): string[] {
  return [...found.keys()].filter(
    (path) => /(^|\/)XDATCAR$/.test(path) && found.has(path.replace(/XDATCAR$/, 'OUTCAR')),
  );
}
