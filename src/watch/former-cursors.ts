import type { Cursor } from './watched-frame.ts';

/** Files that are gone of which the cursor is remembered. */
const REMEMBERED = 20_000;

/**
 * Cursors of files that are not followed now: of an earlier run, of files that vanished or whose name another file took. A file that is found
 * again under its name or, renamed, by its inode goes on there; its bytes decide whether it is the same.
 */
export class FormerCursors {
  readonly #initial: ReadonlyMap<string, Cursor>;
  readonly #initialByInode: ReadonlyMap<string, Cursor>;
  readonly #byPath = new Map<string, Cursor>();
  readonly #byInode = new Map<string, Cursor>();

  constructor(initial: ReadonlyMap<string, Cursor>) {
    this.#initial = initial;
    this.#initialByInode = new Map([...initial.values()].map((cursor) => [cursor.inode, cursor]));
  }

  remember(cursor: Cursor): void {
    if (cursor.bytes === 0) return;
    keep(this.#byPath, cursor.path, cursor);
    keep(this.#byInode, cursor.inode, cursor);
  }

  /** Where a file of this name and inode may have been read up to. */
  find(path: string, inode: string): Cursor | undefined {
    const renamed = this.#byInode.get(inode) ?? this.#initialByInode.get(inode);
    const named = this.#byPath.get(path) ?? this.#initial.get(path);
    return named?.inode === inode ? named : (renamed ?? named);
  }
}

function keep(map: Map<string, Cursor>, key: string, cursor: Cursor): void {
  map.delete(key);
  map.set(key, cursor);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value as string);
}
