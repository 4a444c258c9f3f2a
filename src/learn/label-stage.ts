import { appendFile, readFile } from 'node:fs/promises';
import { LabelError, ProgramError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import type { Labelled, Labeller } from '../label/labeller.ts';
import type { FrameStore } from '../store/frame-store.ts';
import { frameId } from '../store/shard-file.ts';

interface LabelFailure {
  readonly id: string;
  readonly reason: string;
}

/** What labelling the frames of a round came to. */
export interface LabelRecord {
  /** Of the frames in the store, in the order in which they were selected. */
  readonly ids: readonly string[];
  readonly failures: readonly LabelFailure[];
}

export interface LabelStage {
  readonly round: number;
  readonly frames: readonly Frame[];
  readonly store: FrameStore;
  /** Started when the first frame needs it. */
  readonly labeller: () => Promise<Labeller>;
  /** Frames of this round that could not be labelled, a line each: they are not tried again when the round is resumed. */
  readonly failuresPath: string;
  readonly signal: AbortSignal;
  readonly onFrame: (progress: LabelProgress) => void;
}

interface LabelProgress {
  readonly done: number;
  readonly total: number;
  /** Wall time of this frame; absent for one that was in the store before. */
  readonly seconds?: number;
  readonly failure?: string;
}

/** Key of a labelled frame: wall time of its label in s. */
export const SECONDS_KEY = 'label_seconds';

/**
 * Labels what is not in the store yet, as many frames at a time as the labeller can, and stores each as soon as it is labelled. A frame
 * that cannot be labelled is noted and left out. Throws ProgramError when none of at least four could be labelled, and what concerns
 * the labeller as a whole; returns undefined when interrupted.
 */
export async function labelFrames(stage: LabelStage): Promise<LabelRecord | undefined> {
  const { frames, store, signal, failuresPath } = stage;
  const failures = await readFailures(failuresPath);
  const ids = frames.map(frameId);
  const distinct = new Map(ids.map((id, k) => [id, frames[k]]));
  const waiting = [...distinct].filter(([id]) => !store.has(id) && !failures.has(id));
  const total = distinct.size;
  let done = total - waiting.length;
  if (done > 0) stage.onFrame({ done, total });
  if (waiting.length > 0) {
    const labeller = await stage.labeller();
    const work = async () => {
      for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
        const [id, frame] = next;
        const began = performance.now();
        const outcome = await attempt(labeller, frame, signal);
        if (signal.aborted && !outcome.labelled) return;
        const seconds = (performance.now() - began) / 1000;
        if (outcome.labelled) await keep(stage, frame, outcome.labelled, { seconds, labeller });
        else {
          failures.set(id, outcome.reason);
          await appendFile(failuresPath, `${JSON.stringify({ id, reason: outcome.reason })}\n`);
        }
        done++;
        stage.onFrame({ done, total, seconds, ...(!outcome.labelled && { failure: outcome.reason }) });
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, labeller.concurrency) }, work));
  }
  if (signal.aborted) return undefined;
  const stored = [...distinct.keys()].filter((id) => store.has(id));
  if (stored.length === 0 && total >= 4)
    throw new ProgramError(`none of ${total} frames could be labelled; the first: ${[...failures.values()][0]}`);
  return { ids: stored, failures: [...failures].map(([id, reason]) => ({ id, reason })) };
}

type Outcome = { readonly labelled: Labelled } | { readonly labelled?: undefined; readonly reason: string };

/** Only a frame that cannot be labelled is an outcome; other errors concern all frames. */
async function attempt(labeller: Labeller, frame: Frame, signal: AbortSignal): Promise<Outcome> {
  try {
    return { labelled: await labeller.label(frame, signal) };
  } catch (error) {
    if (signal.aborted) return { reason: 'interrupted' };
    if (!(error instanceof LabelError)) throw error;
    return { reason: error.message };
  }
}

interface Circumstances {
  readonly seconds: number;
  readonly labeller: Labeller;
}

async function keep(
  { store, round }: LabelStage,
  frame: Frame,
  labelled: Labelled,
  { seconds, labeller }: Circumstances,
) {
  const { labels, info = {}, arrays = {} } = labelled;
  const rounded = Number(seconds.toFixed(2));
  await store.append(
    {
      ...frame,
      labels,
      info: { ...frame.info, ...info, [SECONDS_KEY]: rounded },
      arrays: { ...frame.arrays, ...arrays },
    },
    { ...labeller.provenance, round },
  );
}

/** A line that was cut off by a crash is no failure: its frame is tried again. */
async function readFailures(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    try {
      const { id, reason } = JSON.parse(line) as LabelFailure;
      found.set(id, reason);
    } catch {}
  }
  return found;
}
