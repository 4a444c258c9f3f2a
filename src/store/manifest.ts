import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../core/errors.ts';
import { codeOf, replaceFile } from './durable-file.ts';

const SCHEMA = 'nnp-bridge-store/1';
const NAME = 'manifest.json';
/** Schemas of other versions that begin alike are named in the error. */
const FAMILY = 'nnp-bridge-store/';

/** One extxyz file of a store. */
export interface ShardEntry {
  readonly name: string;
  /** Of the last shard: at least so many, as it still grows. */
  readonly frames: number;
  readonly bytes: number;
  /** Of a full shard, which never changes again. */
  readonly sha256?: string;
}

export interface Manifest {
  readonly created: string;
  /** A shard that has reached so many bytes is full. */
  readonly shardBytes: number;
  /** Oldest first; all but the last are full. */
  readonly shards: readonly ShardEntry[];
}

export function shardName(index: number): string {
  return `shard-${String(index + 1).padStart(6, '0')}.extxyz`;
}

/** The manifest of a store; undefined when the folder has none. Throws StoreError for one that is damaged or of another version. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, NAME);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new StoreError(`${path}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const fail = (what: string) => new StoreError(`${path}: expected the manifest of a store, found ${what}`);
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail('no JSON');
  }
  const { schema, created, shardBytes, shards } = value ?? {};
  if (schema !== SCHEMA) {
    const other = typeof schema === 'string' && schema.startsWith(FAMILY);
    throw fail(other ? `the version ${schema}, which this program does not know (${SCHEMA})` : 'another kind of file');
  }
  if (typeof created !== 'string' || !(Number(shardBytes) > 0) || !Array.isArray(shards) || shards.length === 0)
    throw fail('one without created, shardBytes or shards');
  shards.forEach((shard, k) => {
    const isCount = (x: unknown) => Number.isSafeInteger(x) && (x as number) >= 0;
    if (shard?.name !== shardName(k) || !isCount(shard.frames) || !isCount(shard.bytes))
      throw fail(`a bad entry for ${shardName(k)}`);
  });
  return { created, shardBytes: Number(shardBytes), shards };
}

/** Durable when it resolves; after a crash there is the old one or the new one. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await replaceFile(join(folder, NAME), `${JSON.stringify({ schema: SCHEMA, ...manifest }, null, 2)}\n`);
}
