import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../core/errors.ts';
import { codeOf, storeError } from './durable-file.ts';

/** Who writes into a folder. */
export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in its system's own words: tells it from a later one of the same pid. */
  readonly began: string;
  /** ISO time of the lock. */
  readonly since: string;
}

export interface FolderLock {
  release(): Promise<void>;
}

const NAME = 'lock.json';
/** Folders that this process has locked. */
const held = new Set<string>();

/**
 * The right to write into `folder`, until it is released or the process ends: the lock of a dead process of this host is taken
 * over. Throws StoreError that names the owner, and what to do about a lock of another host, whose processes cannot be seen.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, NAME);
  const owner: LockOwner = {
    pid: process.pid,
    host: hostname(),
    began: beginOf(process.pid) ?? '',
    since: new Date().toISOString(),
  };
  const draft = join(folder, `.${NAME}.${process.pid}.${Math.random().toString(36).slice(2)}`);
  try {
    await writeFile(draft, `${JSON.stringify(owner)}\n`);
    for (let attempt = 0; attempt < 3; attempt++) {
      // link fails where the name exists, and the lock is never seen half written
      const taken = await link(draft, path).then(
        () => true,
        (error) => {
          if (codeOf(error) === 'EEXIST') return false;
          throw error;
        },
      );
      if (taken) {
        held.add(path);
        return { release: () => release(path, owner) };
      }
      await removeStale(folder, path);
    }
  } catch (error) {
    throw storeError(error, folder);
  } finally {
    await rm(draft, { force: true });
  }
  throw new StoreError(`${folder}: several processes ask for its lock at the same time; try again`);
}

/** Who holds the lock of a folder, and whether that process is known to be gone; undefined = nobody. */
export async function lockOwner(folder: string): Promise<(LockOwner & { readonly gone: boolean }) | undefined> {
  const text = await readFile(join(folder, NAME), 'utf8').catch(() => undefined);
  const owner = text === undefined ? undefined : parsed(text);
  return owner && { ...owner, gone: isGone(owner, join(folder, NAME)) };
}

async function release(path: string, owner: LockOwner): Promise<void> {
  if (!held.delete(path)) return;
  const now = parsed(await readFile(path, 'utf8').catch(() => ''));
  if (now?.pid === owner.pid && now.since === owner.since) await rm(path, { force: true });
}

async function removeStale(folder: string, path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return; // released meanwhile
  const owner = parsed(text);
  if (!owner)
    throw new StoreError(
      `${path}: expected the owner of a lock, found something else; remove it if nobody writes here`,
    );
  if (!isGone(owner, path)) {
    const where = owner.host === hostname() ? '' : ` on host ${owner.host}, which cannot be asked from here`;
    throw new StoreError(
      `${folder} is in use by process ${owner.pid}${where}, since ${owner.since}; stop it first${where && `, or remove ${path} when you know that it has ended`}`,
    );
  }
  // Renamed first: of two that take over, the second must not remove the new lock of the first.
  const aside = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== text) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

function isGone({ pid, host, began }: LockOwner, path: string): boolean {
  if (host !== hostname()) return false;
  if (pid === process.pid) return !held.has(path);
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
  const now = beginOf(pid);
  return began !== '' && now !== undefined && now !== began;
}

/** Field 22 of /proc/PID/stat (proc(5)): the clock ticks after boot at which the process began. Undefined where there is no /proc. */
function beginOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function parsed(text: string): LockOwner | undefined {
  try {
    const { pid, host, began, since } = JSON.parse(text);
    return Number.isInteger(pid) && typeof host === 'string' ? { pid, host, began: String(began), since } : undefined;
  } catch {
    return undefined;
  }
}
