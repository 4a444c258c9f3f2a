import { createHash, type Hash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { XYZ_PARTS } from '../../formats/extxyz/parts.ts';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import { StoreError } from '../core/errors.ts';
import type { ShardEntry } from './manifest.ts';
import { goodFrames } from './shard-file.ts';

export interface Recovered {
  readonly ids: readonly string[];
  /** Of the complete frames. */
  readonly bytes: number;
  /** Of these bytes. */
  readonly hash: Hash;
}

/** Bytes of a damaged end that are searched for further frames. */
const SEARCHED = 16 << 20;

/**
 * What a shard that may have been interrupted holds: its complete frames. A frame that was cut off behind them was never
 * acknowledged: the caller removes it (`repair`), which is reported. Throws StoreError where acknowledged frames are missing or
 * damaged, which no interruption does.
 */
export async function recoverShard(
  folder: string,
  entry: ShardEntry,
  onDiagnostic: DiagnosticSink,
): Promise<Recovered & { readonly torn: boolean }> {
  const path = join(folder, entry.name);
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  const hash = createHash('sha256');
  const ids: string[] = [];
  let bytes = 0;
  for await (const { id, offset, length } of goodFrames(path, { from: 0, to: size }, hash)) {
    ids.push(id);
    bytes = offset + length;
  }
  const missing = ids.length < entry.frames || bytes < entry.bytes;
  const torn = bytes < size;
  if (missing || (torn && (await hasFrameBehind(path, bytes, size)))) {
    const what = missing
      ? `expected at least ${entry.frames} frames in ${entry.bytes} bytes, found ${ids.length} good ones in ${bytes} of ${size} bytes`
      : `expected a frame at byte ${bytes}, found damage with further frames behind it`;
    throw new StoreError(
      `${path}: ${what}; restore it from a copy, or convert what can be read to a new store and watch into that`,
    );
  }
  if (torn)
    onDiagnostic({
      severity: 'warning',
      code: 'torn-frame',
      message: `the last ${size - bytes} bytes are a frame that was not finished when a run was interrupted: cut off, ${ids.length} frames stay`,
      at: { path, byte: bytes },
    });
  return { ids, bytes, hash, torn };
}

/** Whether a complete frame follows the bad one that begins at `from`. */
async function hasFrameBehind(path: string, from: number, size: number): Promise<boolean> {
  const file = await open(path);
  try {
    const tail = Buffer.alloc(Math.min(size - from, SEARCHED));
    await file.read(tail, 0, tail.length, from);
    const lineEnd = tail.indexOf(10);
    if (lineEnd === -1) return false;
    const next = XYZ_PARTS.findFrame(tail, lineEnd + 1);
    if (next === -1) return false;
    const natoms = Number(tail.toString('latin1', next, tail.indexOf(10, next)));
    let at = next;
    for (let line = 0; line < natoms + 2; line++) {
      at = tail.indexOf(10, at) + 1;
      if (at === 0) return false;
    }
    return true;
  } finally {
    await file.close();
  }
}
