import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import type { Frame } from '../core/frame.ts';
import type { FrameStore } from '../store/frame-store.ts';
import { frameId } from '../store/shard-file.ts';
import { writeFrames } from './frame-files.ts';

/** Key of a selected frame: the exploration run it comes from, or which structure of round 0 it is. */
export const SOURCE_KEY = 'source';

/**
 * Whether a frame is kept from training in every round, to measure the potentials of all rounds with. Decided by the run it comes from,
 * so that frames of one run, which resemble each other, are on the same side, and so that it never changes: the first 32 bits of the
 * SHA-256 of the run's name against `share`.
 */
function isTestFrame(frame: Frame, share: number): boolean {
  const source = frame.info[SOURCE_KEY];
  const key = typeof source === 'string' ? source : frameId(frame);
  return createHash('sha256').update(key).digest().readUInt32BE() < share * 2 ** 32;
}

export interface SplitFrames {
  readonly training: readonly Frame[];
  readonly test: readonly Frame[];
}

/**
 * The stored frames with these ids, in the order of the ids: frames are stored in the order in which labels arrive, which an interrupted
 * loop would change, and training depends on the order.
 */
export async function splitStored(store: FrameStore, ids: ReadonlySet<string>, share: number): Promise<SplitFrames> {
  const found = new Map<string, Frame>();
  for await (const frame of store.frames()) {
    const id = frameId(frame);
    if (ids.has(id)) found.set(id, frame);
  }
  const training: Frame[] = [];
  const test: Frame[] = [];
  for (const id of ids) {
    const frame = found.get(id);
    if (frame) (isTestFrame(frame, share) ? test : training).push(frame);
  }
  return { training, test };
}

/** Writes `train.extxyz`, and `test.extxyz` where there is a test frame, into a folder; gives their paths. */
export async function writeSplit(folder: string, { training, test }: SplitFrames, sink: DiagnosticSink) {
  const data = join(folder, 'train.extxyz');
  const testPath = join(folder, 'test.extxyz');
  await writeFrames(data, training, sink);
  if (test.length > 0) await writeFrames(testPath, test, sink);
  return { data, ...(test.length > 0 && { test: testPath }) };
}
