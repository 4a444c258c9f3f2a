import { onTestFinished } from 'vitest';
import type { Frame } from '../../src/core/frame.ts';
import type { Labelled, Labeller } from '../../src/label/labeller.ts';
import type { FrameStore } from '../../src/store/frame-store.ts';
import type { Outcomes } from '../../src/watch/journal-outcomes.ts';
import { type PipelineEvent, type PipelineRequest, runPipeline } from '../../src/watch/pipeline.ts';
import type { Cursor, WatchedFrame } from '../../src/watch/watched-frame.ts';
import { labelledFrame, storeIn } from '../store/frames.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export const goodLabel = ({ natoms }: Frame): Labelled => ({
  labels: { energy: -natoms, forces: new Float64Array(3 * natoms), virial: new Float64Array(9) },
});

export function labellerOf(label: (frame: Frame, signal: AbortSignal) => Promise<Labelled>, concurrency = 1): Labeller {
  return { provenance: { labeller: 'test' }, concurrency, label, close: async () => {} };
}

/** Frame `index` (from 0) of a file; another structure for every seed. */
export function watched(path: string, index: number, seed = index + 1): WatchedFrame {
  const cursor: Cursor = { path, inode: '1', bytes: 100 * (index + 1), frames: index + 1, head: 'h' };
  const { labels: _, ...frame } = labelledFrame(seed);
  return { frame, step: 10 * index, cursor };
}

/** Runs the pipeline over frames; gives what it committed, its events and its store. */
export async function piped(frames: AsyncIterable<WatchedFrame> | WatchedFrame[], options: Partial<PipelineRequest>) {
  const { store } = await storeIn(temporaryFolder());
  onTestFinished(() => store.close());
  const commits: { cursor: Cursor; outcomes: Outcomes }[] = [];
  const events: PipelineEvent[] = [];
  let error: Error | undefined;
  const source = (async function* () {
    yield* frames;
  })();
  await runPipeline({
    frames: source,
    labeller: labellerOf(async (frame) => goodLabel(frame)),
    store,
    attempts: 2,
    failuresInRow: 10,
    timeout: 0,
    stop: new AbortController().signal,
    kill: new AbortController().signal,
    commit: (cursor, outcomes) => commits.push({ cursor, outcomes }),
    onEvent: (event) => void events.push(event),
    ...options,
  }).catch((caught: Error) => {
    error = caught;
  });
  return { store: store as FrameStore, commits, events, error };
}
