import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StoreError } from '../core/errors.ts';

/** Writes all bytes at `position`; a short write goes on. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; )
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

/** Replaces a small file as a whole: after a crash it holds the old or the new text. Durable when it resolves. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw storeError(error, path);
  }
  await syncFolder(dirname(path));
}

/** Removes what `replaceFile` left in a folder when its process was killed. Only for who is alone there. */
export async function removeDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (/^\..+\.json(l)?\.\d+\.tmp$/.test(name)) await rm(join(folder, name), { force: true });
}

/** Makes new names in a folder durable, where the file system can. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  try {
    await handle?.sync();
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'ENOTSUP', 'EISDIR'].includes(codeOf(error))) throw storeError(error, folder);
  } finally {
    await handle?.close();
  }
}

const FULL = ['ENOSPC', 'EDQUOT'];

/** An error of the file system as StoreError that says what to do; other errors as they are. */
export function storeError(error: unknown, path: string): unknown {
  if (error instanceof StoreError || !(error instanceof Error) || !('syscall' in error)) return error;
  const what = FULL.includes(codeOf(error))
    ? `the disk is full (${codeOf(error)}); nothing that was stored is lost: free space and run the same command again`
    : `cannot be written: ${error.message}`;
  return new StoreError(`${path}: ${what}`, { cause: error });
}

/** Whether an error, or what it was made of, says that there is no space left. */
export function isDiskFull(error: unknown): boolean {
  return FULL.includes(codeOf(error)) || (error instanceof StoreError && FULL.includes(codeOf(error.cause)));
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
