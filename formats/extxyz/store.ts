import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError, TruncatedError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/frame.ts';
import { readBytes } from '../../src/scan/byte-source.ts';
import type { Format, ReadOptions } from '../format.ts';
import { extxyz } from './extxyz.ts';
import { readExtxyz } from './read.ts';

const SHARD = /^shard-\d+\.extxyz$/;

/** The growing data set that `watch` and `learn` keep: a folder of extxyz shards with a manifest. Written by them only. */
export const store = {
  name: 'store',
  description: 'data set of watch and learn (folder; manifest.json, shard-*.extxyz)',
  reference: 'https://github.com/libAtoms/extxyz',
  fileNames: [],
  carries: extxyz.carries,
  sniff: () => 0,
  sniffFolder: (entries) => (entries.includes('manifest.json') && entries.some((name) => SHARD.test(name)) ? 1 : 0),
  readPath: readStore,
} as const satisfies Format;

/**
 * The frames of all shards, oldest first, as far as they are complete: the last shard may be growing. Throws FormatError where a full
 * shard is not as the manifest says.
 */
async function* readStore(folder: string, options: ReadOptions): AsyncGenerator<Frame, void> {
  const shards = await readShards(join(folder, 'manifest.json'));
  for (const [k, { name, bytes }] of shards.entries()) {
    const path = join(folder, name);
    const size = (await stat(path).catch(() => undefined))?.size ?? 0;
    const isLast = k === shards.length - 1;
    if (isLast ? size < bytes : size !== bytes)
      throw new FormatError('store', { path }, `expected ${isLast ? 'at least ' : ''}${bytes} bytes, found ${size}`);
    try {
      yield* readExtxyz(readBytes(path), { ...options, path, strict: true });
    } catch (error) {
      if (!isLast || !(error instanceof TruncatedError)) throw error;
      const message = `${error.found}: the frame that is being written, or was when a run was interrupted, is left out`;
      options.onDiagnostic({ severity: 'info', code: 'growing', message, at: error.at });
    }
  }
}

async function readShards(path: string): Promise<{ readonly name: string; readonly bytes: number }[]> {
  let found: unknown;
  try {
    found = JSON.parse(await readFile(path, 'utf8')).shards;
  } catch {
    found = undefined;
  }
  const isShard = (entry: unknown) => {
    const { name, bytes } = (entry ?? {}) as Record<string, unknown>;
    return typeof name === 'string' && SHARD.test(name) && Number.isSafeInteger(bytes);
  };
  if (!Array.isArray(found) || found.length === 0 || !found.every(isShard))
    throw new FormatError('store', { path }, 'expected a list of shards, found none');
  return found;
}
