import { Alarm } from './alarm.ts';
import type { FileSource } from './file-source.ts';
import type { FileStat } from './file-stat.ts';
import { FollowedFile } from './followed-file.ts';
import { FormerFiles } from './former-files.ts';
import { visitSet } from './set-reading.ts';
import { NOT_A_FILE, visit } from './visit.ts';
import { VisitQueue } from './visit-queue.ts';
import { Visiting } from './visiting.ts';
import type { FollowOptions } from './watch-options.ts';
import type { Cursor, WatchedFrame } from './watched-frame.ts';

/** A rest smaller than this is read again at every change. */
const SMALL_REST = 64 << 10;
/** A larger one when it has grown by this factor. */
const GROWTH = 9 / 8;
/** ms; the least between two visits of a file. */
const PAUSE = 20;
/** ms; the longest between two attempts to read a file that cannot be read. */
const LONGEST_RETRY = 60_000;

export interface FollowSettings {
  /** ms */
  readonly quiet: number;
  readonly cursors: ReadonlyMap<string, Cursor>;
}

/**
 * Visits the files of a source as they change, one after the other, at the pace of who takes the frames. Holds of each file its
 * cursor and last stat; events and looks only mark files, however many come.
 */
export class Follower {
  readonly #source: FileSource;
  readonly #options: FollowOptions;
  readonly #visiting: Visiting;
  readonly #quiet: number;
  readonly #former: FormerFiles;
  readonly #files = new Map<string, FollowedFile>();
  readonly #byInode = new Map<string, FollowedFile>();
  readonly #queue = new VisitQueue();
  readonly #touched = new Set<string>();
  readonly #alarm = new Alarm();
  #nextSweep = 0;
  #sweeps = 0;
  #newsAt = performance.now();

  constructor(source: FileSource, options: FollowOptions, settings: FollowSettings) {
    this.#source = source;
    this.#options = options;
    this.#quiet = settings.quiet;
    this.#visiting = new Visiting(options, settings.quiet);
    this.#former = new FormerFiles(settings.cursors);
  }

  /** An event names a file that may have changed. */
  touch(file: string): void {
    const path = this.#source.pathOf(file);
    if (path === undefined) return;
    this.#touched.add(path);
    this.#alarm.ring();
  }

  async *frames(): AsyncGenerator<WatchedFrame, void> {
    const { signal, idleSeconds = Number.POSITIVE_INFINITY } = this.#options;
    while (!signal?.aborted) {
      await this.#look();
      const file = this.#queue.take();
      if (file) {
        yield* this.#visit(file);
        continue;
      }
      const idleAt = this.#newsAt + 1000 * idleSeconds;
      if (this.#queue.isEmpty && performance.now() >= idleAt) {
        await this.#sweep();
        if (this.#queue.isEmpty) return this.#sayIncomplete();
        continue;
      }
      const due = Math.min(
        this.#nextSweep,
        this.#queue.nextDue,
        this.#queue.isEmpty ? idleAt : Number.POSITIVE_INFINITY,
      );
      await this.#alarm.until(due, signal);
    }
  }

  async *#visit(file: FollowedFile): AsyncGenerator<WatchedFrame, void> {
    const begin = performance.now();
    const frames = file.isSet ? visitSet(file, this.#visiting) : visit(file, this.#visiting);
    let given = 0;
    let end: 'more' | 'done';
    try {
      for (;;) {
        const next = await frames.next();
        if (next.done) {
          end = next.value;
          break;
        }
        given++;
        this.#newsAt = performance.now();
        yield next.value;
        if (this.#options.signal?.aborted) return;
        if (performance.now() >= this.#nextSweep) await this.#sweep();
      }
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return this.#unreadable(file, error);
    } finally {
      await frames.return('done');
    }
    file.failures = 0;
    if (!this.#isFollowed(file)) return;
    const now = performance.now();
    file.notBefore = now + PAUSE + (given > 0 ? 0 : 4 * (now - begin));
    if (end === 'more') this.#queue.at(file, now);
    else if (!file.settled || file.doubtful)
      this.#queue.at(file, Math.max(file.changedAt, file.doubtful ? now : 0) + this.#quiet);
  }

  async #look(): Promise<void> {
    if (performance.now() >= this.#nextSweep) await this.#sweep();
    if (this.#touched.size === 0) return;
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const path of touched) await this.#see(path, await this.#source.look(path));
  }

  /** Looks at all files. */
  async #sweep(): Promise<void> {
    const begin = performance.now();
    try {
      const found = await this.#source.list();
      for (const [path, stat] of found) await this.#see(path, stat, true);
      for (const file of [...this.#files.values()]) if (!found.has(file.path)) this.#forget(file);
      this.#sweeps++;
    } catch (error) {
      // The folder itself: at the beginning that is a mistake of the caller, later it may come back.
      if (this.#sweeps === 0 || !isSystemError(error)) throw error;
      this.#tell('unreadable', `${error.message}: tried again`, this.#source.absolute(''));
    }
    const cost = performance.now() - begin;
    this.#nextSweep = performance.now() + Math.max(1000 * (this.#options.sweepSeconds ?? 1), 10 * cost);
    this.#options.onProgress?.({ files: this.#files.size, bytesBehind: this.#behind(), sweepSeconds: cost / 1000 });
  }

  async #see(path: string, stat: FileStat | NodeJS.ErrnoException, isSweep = false): Promise<void> {
    const known = this.#files.get(path);
    if (stat instanceof Error) {
      if (isSweep || stat.code !== 'ENOENT') this.#unlookable(path, stat);
      return;
    }
    if (stat.kind === 'folder') return;
    if (stat.kind === 'other')
      return this.#tell('not-a-file', 'neither a file nor a folder: left out', this.#source.absolute(path));
    const file = known ?? (await this.#discover(path, stat));
    if (!file) return;
    const before = file.stat;
    if (!file.observe(stat, performance.now(), this.#quiet)) return;
    if (before && keyOf(before) !== keyOf(stat)) {
      this.#former.remember(file, before.inode);
      if (this.#byInode.get(keyOf(before)) === file) this.#byInode.delete(keyOf(before));
    }
    this.#byInode.set(keyOf(stat), file);
    this.#newsAt = performance.now();
    this.#queue.at(file, this.#dueAfterChange(file, stat));
  }

  /** A file seen for the first time; undefined where it is another name of one that is followed. */
  async #discover(path: string, stat: FileStat): Promise<FollowedFile | undefined> {
    const twin = this.#byInode.get(keyOf(stat));
    if (twin) {
      const now = await this.#source.look(twin.path);
      if (!(now instanceof Error) && keyOf(now) === keyOf(stat)) {
        const message = `another name of ${twin.absolute}: read once`;
        this.#tell('same-file', message, this.#source.absolute(path), 'info');
        return undefined;
      }
      this.#former.remember(twin, stat.inode); // renamed
    }
    const file = new FollowedFile(path, this.#source.absolute(path), this.#former.find(path, stat.inode));
    this.#files.set(path, file);
    return file;
  }

  /** A large frame that grows slowly is not read from its beginning at each of its steps. */
  #dueAfterChange(file: FollowedFile, { size }: FileStat): number {
    const { bytes } = file.cursor;
    const isLittle = file.rest > SMALL_REST && size >= bytes + file.rest && size < bytes + GROWTH * file.rest;
    return Math.max(file.notBefore, isLittle && !file.doubtful ? file.changedAt + this.#quiet : 0);
  }

  #forget(file: FollowedFile): void {
    this.#former.remember(file, file.stat?.inode ?? '');
    this.#files.delete(file.path);
    if (file.stat && this.#byInode.get(keyOf(file.stat)) === file) this.#byInode.delete(keyOf(file.stat));
    this.#queue.drop(file);
  }

  /** False when it vanished during its visit. */
  #isFollowed(file: FollowedFile): boolean {
    return this.#files.get(file.path) === file;
  }

  #unreadable(file: FollowedFile, error: NodeJS.ErrnoException): void {
    if (!this.#isFollowed(file)) return;
    if (error.code !== 'ENOENT') this.#tell('unreadable', `${error.message}: tried again`, file.absolute);
    const delay = Math.min(LONGEST_RETRY, 1000 * (this.#options.sweepSeconds ?? 1) * 2 ** file.failures++);
    this.#queue.failed(file, performance.now() + delay);
  }

  #unlookable(path: string, error: NodeJS.ErrnoException): void {
    // Of a name that a folder lists, not being there may be a matter of time: told when it is so again.
    if (error.code !== 'ENOENT' || this.#missing.has(path)) {
      this.#tell('unreadable', `${error.message}: tried again`, this.#source.absolute(path));
      return;
    }
    if (this.#missing.size < 1000) this.#missing.add(path);
  }

  readonly #missing = new Set<string>();
  readonly #told = new Set<string>();

  #tell(code: string, message: string, path: string, severity: 'warning' | 'info' = 'warning'): void {
    const key = `${code} ${path} ${message}`;
    if (this.#told.has(key)) return;
    if (this.#told.size < 10_000) this.#told.add(key);
    this.#options.onDiagnostic({ severity, code, message, at: { path } });
  }

  #behind(): number {
    let bytes = 0;
    for (const { stat, cursor } of this.#files.values()) bytes += Math.max(0, (stat?.size ?? 0) - cursor.bytes);
    return bytes;
  }

  #sayIncomplete(): void {
    for (const file of this.#files.values()) {
      if (file.rest === 0 || file.isRestEmpty || file.damageTold === file.cursor.bytes) continue;
      const message = `the last ${file.rest} bytes are no complete frame: left out`;
      this.#tell('incomplete', message, file.absolute, 'info');
    }
  }
}

const keyOf = ({ device, inode }: FileStat) => `${device}:${inode}`;

/** Of the operating system about a file; errors of ours have codes, too. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error)) return false;
  const { errno, code } = error as NodeJS.ErrnoException;
  return typeof errno === 'number' || code === NOT_A_FILE;
}
