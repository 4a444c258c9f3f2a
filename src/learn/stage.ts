import { readFile } from 'node:fs/promises';
import { writeBytes } from '../scan/byte-sink.ts';

/**
 * The result of a stage: read from its record, or made by `work` and then recorded (atomically, so that a stage is done when its record
 * is there). A stage that was cut off is begun again; what it has left behind is the work's own concern. `work` gives undefined when it
 * was interrupted.
 */
export async function stage<T>(path: string, work: () => Promise<T | undefined>): Promise<T | undefined> {
  const before = await readRecord<T>(path);
  if (before !== undefined) return before;
  const result = await work();
  if (result !== undefined) await writeRecord(path, result);
  return result;
}

/** undefined when there is no such file. */
export async function readRecord<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

export function writeRecord(path: string, record: unknown): Promise<void> {
  return writeText(path, `${JSON.stringify(record, null, 2)}\n`);
}

/** Atomic and synced. */
export function writeText(path: string, text: string): Promise<void> {
  return writeBytes(
    path,
    (async function* () {
      yield text;
    })(),
  );
}
