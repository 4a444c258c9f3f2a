import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import { MissingDataError } from '../core/errors.ts';
import type { FrameStore } from '../store/frame-store.ts';
import { trainCommittee } from '../train/train-committee.ts';
import type { LearnConfig } from './learn-config.ts';
import { splitStored, writeSplit } from './training-data.ts';

/** What training in a round came to. */
export interface TrainRecord {
  readonly training: number;
  readonly test: number;
  /** Of all members. */
  readonly epochs: readonly number[];
  readonly cpuSeconds: number;
}

export interface TrainStage {
  readonly config: LearnConfig;
  readonly round: number;
  /** Gets `train.extxyz`, `test.extxyz` and `committee/`. */
  readonly folder: string;
  readonly store: FrameStore;
  /** Of this and all earlier rounds. */
  readonly ids: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly onDiagnostic: DiagnosticSink;
  readonly onProgress: (done: number, total: number) => void;
}

/** Fewer than this teach nothing. */
const LEAST = 3;
/** Rounds differ in their seeds by this; members of a round by less. */
const ROUND_STEP = 1000;

export const COMMITTEE = 'committee';

/** Trains the committee of a round from all frames labelled so far; goes on where it was cut off. undefined when interrupted. */
export async function trainRound(stage: TrainStage): Promise<TrainRecord | undefined> {
  const { config, round, folder, store, ids, signal } = stage;
  const { train } = config;
  const frames = await splitStored(store, ids, train.test);
  if (frames.training.length < LEAST)
    throw new MissingDataError(
      `round ${round} has ${frames.training.length} labelled frames to learn from`,
      'more structures of round 0, or a smaller train.test, would help',
    );
  const output = join(folder, COMMITTEE);
  const began = await exists(output);
  const { data } = await writeSplit(folder, frames, stage.onDiagnostic);
  const result = await trainCommittee({
    members: train.committee,
    parallel: Math.min(config.cores, train.committee),
    data,
    ...(train.config !== undefined && { config: train.config }),
    ...(train.epochs !== undefined && { epochs: train.epochs }),
    output,
    seed: config.seed + ROUND_STEP * round,
    resume: began,
    read: {},
    signal,
    onDiagnostic: stage.onDiagnostic,
    onProgress: (phase, done, total) => phase === 'training' && stage.onProgress(done, total),
  });
  if (!result.written || signal.aborted) return undefined;
  return {
    training: frames.training.length,
    test: frames.test.length,
    epochs: result.members.map(({ epochs }) => epochs),
    cpuSeconds: result.cpuSeconds,
  };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
