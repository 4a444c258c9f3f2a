import type { Cursor } from './watched-frame.ts';

/** Files that are gone and still remembered. */
const REMEMBERED = 20_000;

/** Where a file may have been read up to. */
export interface FormerFile {
  readonly cursor: Cursor;
  /** The name under which it was first seen, by which its frames are known. */
  readonly firstName: string;
}

/**
 * Files that are not followed now: of an earlier run, vanished, or whose name another file took. A file that is found again under its
 * name or, renamed, by its inode goes on there; its bytes decide whether it is the same.
 */
export class FormerFiles {
  readonly #initial: ReadonlyMap<string, Cursor>;
  readonly #initialByInode: ReadonlyMap<string, Cursor>;
  readonly #byPath = new Map<string, FormerFile>();
  readonly #byInode = new Map<string, FormerFile>();

  constructor(initial: ReadonlyMap<string, Cursor>) {
    this.#initial = initial;
    this.#initialByInode = new Map([...initial.values()].map((cursor) => [cursor.inode, cursor]));
  }

  remember(former: FormerFile, inode: string): void {
    if (former.cursor.bytes === 0) return;
    keep(this.#byPath, former.cursor.path, former);
    keep(this.#byInode, inode, former);
  }

  /** The likeliest first; an inode may have been given to another file since. */
  find(path: string, inode: string): FormerFile[] {
    const renamed = this.#byInode.get(inode) ?? ofRunBefore(this.#initialByInode.get(inode));
    const named = this.#byPath.get(path) ?? ofRunBefore(this.#initial.get(path));
    const both = named?.cursor.inode === inode ? [named, renamed] : [renamed, named];
    return both.filter((former) => former !== undefined);
  }
}

function ofRunBefore(cursor: Cursor | undefined): FormerFile | undefined {
  return cursor && { cursor, firstName: cursor.path };
}

function keep(map: Map<string, FormerFile>, key: string, former: FormerFile): void {
  map.delete(key);
  map.set(key, former);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value as string);
}
