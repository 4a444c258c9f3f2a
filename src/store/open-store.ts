import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import { StoreError, UsageError } from '../core/errors.ts';
import { removeDrafts, storeError } from './durable-file.ts';
import { lockFolder } from './folder-lock.ts';
import type { FrameStore } from './frame-store.ts';
import { type Manifest, readManifest, shardName, writeManifest } from './manifest.ts';
import { readIds } from './shard-file.ts';
import { recoverShard } from './shard-recovery.ts';
import { idsName, ShardStore } from './shard-store.ts';

export interface StoreOptions {
  readonly onDiagnostic: DiagnosticSink;
  /** Size at which a new store begins a new shard; 64 MiB without. */
  readonly shardBytes?: number;
}

const SHARD_BYTES = 64 << 20;
/** Names that a folder may have before it becomes a store. */
const HARMLESS = /^(lock\.json|watch|\..*)$/;

/**
 * Opens a store for writing, and makes it where there is none; nobody else writes into it until it is closed. What an interrupted
 * run left unfinished is cut off and reported. Throws StoreError: in use, damaged, of another version, disk full; UsageError for a
 * folder that holds something else.
 */
export async function openStore(folder: string, options: StoreOptions): Promise<FrameStore> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw storeError(error, folder);
  }
  const lock = await lockFolder(folder);
  try {
    await removeDrafts(folder);
    const manifest = (await readManifest(folder)) ?? (await newManifest(folder, options));
    const known = new Set<string>();
    for (const entry of manifest.shards.slice(0, -1)) {
      const ids = await idsOfFullShard(folder, entry, options.onDiagnostic);
      for (const id of ids) known.add(id);
    }
    const last = manifest.shards[manifest.shards.length - 1];
    const recovered = await recoverShard(folder, last, options.onDiagnostic);
    return await ShardStore.open({
      folder,
      manifest,
      known,
      last: recovered,
      lock,
      onDiagnostic: options.onDiagnostic,
    });
  } catch (error) {
    await lock.release();
    throw storeError(error, folder);
  }
}

async function newManifest(folder: string, { shardBytes = SHARD_BYTES }: StoreOptions): Promise<Manifest> {
  const entries = (await readdir(folder)).filter((name) => !HARMLESS.test(name));
  if (entries.some((name) => /^shard-\d+\.extxyz$/.test(name)))
    throw new StoreError(
      `${folder}: there are shards, but manifest.json is missing; convert the shards to a new store: nnp-bridge dataset import`,
    );
  if (entries.length > 0)
    throw new UsageError(`${folder} holds other files (${entries[0]}); give a new or empty folder for the store`);
  const manifest = {
    created: new Date().toISOString(),
    shardBytes,
    shards: [{ name: shardName(0), frames: 0, bytes: 0 }],
  };
  await writeManifest(folder, manifest);
  return manifest;
}

/** By the list beside the shard; where it is missing, from the shard itself. */
async function idsOfFullShard(
  folder: string,
  entry: Manifest['shards'][number],
  onDiagnostic: DiagnosticSink,
): Promise<readonly string[]> {
  const path = join(folder, entry.name);
  const size = (await stat(path).catch(() => undefined))?.size;
  if (size !== entry.bytes)
    throw new StoreError(
      `${path}: expected ${entry.bytes} bytes, found ${size ?? 'no file'}; restore it from a copy: frames of it are lost`,
    );
  const ids = await readIds(join(folder, idsName(entry.name)), entry.frames);
  return ids ?? (await recoverShard(folder, entry, onDiagnostic)).ids;
}
