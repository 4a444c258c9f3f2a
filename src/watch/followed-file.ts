import type { Format } from '../../formats/format.ts';
import { type FileStat, isSameStat } from './file-stat.ts';
import { Fingerprint } from './fingerprint.ts';
import type { FormerFile } from './former-files.ts';
import type { Cursor } from './watched-frame.ts';

const NOTHING_READ = new Fingerprint().head;

/** What is remembered of a file between two visits; no handle, no bytes. Times are those of a clock that only runs forward, in ms. */
export class FollowedFile {
  /** Relative to the watched folder; `%` stands for the process in the path of a set. */
  readonly path: string;
  readonly absolute: string;
  /** By which its frames are known when it is renamed. */
  firstName: string;
  readonly #formers: FormerFile[];
  cursor: Cursor;
  stat: FileStat | undefined;
  changedAt = 0;
  /** Known once a frame has been read. */
  format: Format | undefined;
  /** Bytes behind the cursor that were no complete frame at the last visit. */
  rest = 0;
  /** The rest reads as something that has no frame. */
  isRestEmpty = false;
  /** The rest was looked at when the file was quiet, and the file has not changed since. */
  settled = false;
  /** What comes next does not read, and has not stood there long enough to be called damage. */
  doubtful = false;
  /** The file was read again from its beginning. */
  rewound = false;
  /** Bytes that have been in the file for the quiet period: what does not read there is damage, not a write under way. */
  aged = 0;
  #sample = { size: 0, at: Number.NEGATIVE_INFINITY };
  /** A place whose damage has been told. */
  damageTold = -1;
  /** Visits that failed, one after the other. */
  failures = 0;
  /** When the next visit may be. */
  notBefore = 0;

  constructor(path: string, absolute: string, formers: readonly FormerFile[] = []) {
    this.path = path;
    this.absolute = absolute;
    this.#formers = [...formers];
    this.firstName = path;
    this.cursor = startOf(path);
    this.tryFormer();
  }

  /** Goes on where the next file that this one may be was read up to; false when there is none. */
  tryFormer(): boolean {
    const former = this.#formers.shift();
    if (!former) return false;
    this.firstName = former.firstName;
    this.cursor = { ...former.cursor, path: this.path };
    return true;
  }

  /** It goes on at its cursor: what else it might have been does not matter any more. */
  isKnown(): void {
    this.#formers.length = 0;
  }

  /** The parts of a step, one a process. */
  get isSet(): boolean {
    return this.stat?.kind === 'parts';
  }

  /** True when something about the file is new. */
  observe(stat: FileStat, now: number, quiet: number): boolean {
    if (now - this.#sample.at >= quiet) {
      this.aged = Math.min(this.#sample.size, stat.size);
      this.#sample = { size: stat.size, at: now };
    }
    if (this.stat && isSameStat(this.stat, stat)) return false;
    if (this.stat && (stat.size < this.stat.size || stat.inode !== this.stat.inode)) {
      this.aged = 0;
      this.#sample = { size: stat.size, at: now };
    }
    this.stat = stat;
    this.changedAt = now;
    this.settled = false;
    return true;
  }

  /** From the beginning again. */
  rewind(): void {
    this.cursor = startOf(this.path);
    this.format = undefined;
    this.rewound = true;
    this.damageTold = -1;
    this.rest = 0;
  }
}

function startOf(path: string): Cursor {
  return { path, inode: '', bytes: 0, frames: 0, head: NOTHING_READ };
}
