import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../core/errors.ts';
import type { LearnConfig } from './learn-config.ts';
import { readRecord, writeRecord } from './stage.ts';

/** Paths of a round. */
export function roundFolder(folder: string, round: number): string {
  return join(folder, `round-${round}`);
}

/** What later sessions must not change, as frames that are there already were made by it. */
interface Identity {
  readonly schema: 'nnp-bridge-learn/1';
  readonly seed: number;
  readonly structures: unknown;
  readonly test: number;
}

const NAMES: Readonly<Record<string, string>> = { seed: 'seed', structures: 'structures', test: 'train.test' };

/** Makes the folder of a learning run, or finds it as one of the same configuration. Throws UsageError when it is not. */
export async function openLearningFolder(folder: string, config: LearnConfig): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'learn.json');
  const { seed, structures, train } = config;
  const now: Identity = { schema: 'nnp-bridge-learn/1', seed, structures, test: train.test };
  const before = await readRecord<Identity & Record<string, unknown>>(path);
  if (!before) return writeRecord(path, now);
  if (before.schema !== now.schema) throw new UsageError(`${path} is of another version (${before.schema})`);
  for (const [key, value] of Object.entries(now))
    if (JSON.stringify(before[key]) !== JSON.stringify(value))
      throw new UsageError(
        `${folder} was begun with other ${NAMES[key] ?? key}: go on with the same configuration, or choose another folder`,
      );
}
