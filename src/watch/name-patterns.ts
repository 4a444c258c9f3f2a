import { formatByName } from '../convert/open.ts';
import { UsageError } from '../core/errors.ts';

/** What simulations write while they run, and their names without compression. Not dump yaml: most .yaml files are something else. */
const GROWING = ['lammps-dump', 'extxyz', 'vasp-outcar', 'vasp-xdatcar'].flatMap(
  (name) => formatByName(name).fileNames,
);

/**
 * Which files of a folder are followed, by path relative to it with `/`: `*` stands for any characters of a name, `**` for folders
 * too, `?` for one character, `%` for the number of a process. A pattern without `/` is compared with the name alone.
 */
export class NamePatterns {
  readonly #wanted: readonly RegExp[] | undefined;
  readonly #sets: readonly RegExp[];
  readonly #ignored: readonly RegExp[];

  /** Without patterns: the usual names of dumps, extxyz, OUTCAR, XDATCAR. */
  constructor(wanted: readonly string[] | undefined, ignored: readonly string[]) {
    this.#wanted = wanted?.map((pattern) => expression(pattern));
    this.#sets = (wanted ?? []).filter((pattern) => pattern.includes('%')).map((pattern) => expression(pattern));
    this.#ignored = ignored.map((pattern) => expression(pattern));
  }

  /** Hidden files and the temporary ones of programs are never meant without a pattern. */
  wants(path: string): boolean {
    if (this.#ignored.some((pattern) => pattern.test(path))) return false;
    if (this.#wanted) return this.#wanted.some((pattern) => pattern.test(path));
    const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.(gz|zst)$/i, '');
    return !name.startsWith('.') && GROWING.some((pattern) => pattern.test(name));
  }

  wantsFolder(path: string): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return !name.startsWith('.') && !this.#ignored.some((pattern) => pattern.test(path) || pattern.test(`${path}/`));
  }

  /** The path with `%` for the number of the process, where a pattern says that the file is one part of a step. */
  setOf(path: string): string | undefined {
    for (const pattern of this.#sets) {
      const indices = pattern.exec(path)?.indices?.groups?.['process'];
      if (!indices) continue;
      return `${path.slice(0, indices[0])}%${path.slice(indices[1])}`;
    }
    return undefined;
  }
}

function expression(pattern: string): RegExp {
  if (pattern === '') throw new UsageError('expected a pattern of file names, found an empty one');
  if (pattern.split('%').length > 2) throw new UsageError(`expected at most one % in a pattern, found "${pattern}"`);
  const source = pattern.replace(/\*\*\/?|[.*+?^${}()|[\]\\%]/g, (sign) => {
    if (sign === '**/') return '(?:.*/)?';
    if (sign === '**') return '.*';
    if (sign === '*') return '[^/]*';
    if (sign === '?') return '[^/]';
    return sign === '%' ? '(?<process>\\d+)' : `\\${sign}`;
  });
  return new RegExp(`^${pattern.includes('/') ? '' : '(?:.*/)?'}${source}$`, 'd');
}
