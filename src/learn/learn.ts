import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiagnosticSink } from '../core/diagnostic.ts';
import type { Frame } from '../core/frame.ts';
import type { Labeller } from '../label/labeller.ts';
import { lockFolder } from '../store/folder-lock.ts';
import type { FrameStore } from '../store/frame-store.ts';
import { openStore } from '../store/open-store.ts';
import { frameId } from '../store/shard-file.ts';
import { explore } from './explore/explore.ts';
import type { RunRecord } from './explore/explore-run.ts';
import { checkInputScripts } from './explore/lammps-engine.ts';
import { readFrames, writeFrames } from './frame-files.ts';
import { type LabelRecord, labelFrames } from './label-stage.ts';
import type { LearnConfig } from './learn-config.ts';
import { openLearningFolder, roundFolder } from './learning-folder.ts';
import { type SelectRecord, selectFrames } from './select-frames.ts';
import { stage } from './stage.ts';
import { seedStructures } from './structures/seed-structures.ts';
import { COMMITTEE, type TrainRecord, trainRound } from './train-stage.ts';
import { SOURCE_KEY } from './training-data.ts';

/** A finished round. */
export interface Round {
  readonly round: number;
  /** Empty in round 0. */
  readonly runs: readonly RunRecord[];
  readonly select: SelectRecord;
  readonly label: LabelRecord;
  readonly train: TrainRecord;
}

/** Why a loop ended. */
type LearnEnd = 'all rounds done' | 'converged' | 'label budget used up' | 'no candidates' | 'interrupted';

export interface LearnOutcome {
  readonly end: LearnEnd;
  readonly rounds: readonly Round[];
  /** Frames in the store. */
  readonly labelled: number;
  /** Directory of the committee of the last finished round. */
  readonly committee?: string;
}

/** What a loop tells while it works. */
export type LearnEvent =
  | { readonly kind: 'stage'; readonly round: number; readonly text: string }
  | {
      readonly kind: 'progress';
      readonly what: string;
      readonly done: number;
      readonly total: number;
      /** Told many times a second. */
      readonly often: boolean;
    };

export interface LearnOptions {
  readonly config: LearnConfig;
  /** Everything is kept in it; a loop that was cut off at any moment goes on from there. */
  readonly folder: string;
  /** Asked for when the first frame needs a label. */
  readonly openLabeller: () => Promise<Labeller>;
  readonly signal: AbortSignal;
  readonly onDiagnostic: DiagnosticSink;
  readonly onEvent: (event: LearnEvent) => void;
  /** After each round, and at the end. */
  readonly onRound: (rounds: readonly Round[], store: FrameStore) => Promise<void>;
}

/**
 * Active learning: label structures, train a committee, explore with it in molecular dynamics, select what it does not know, label
 * that, train again. Throws what its stages throw; StoreError when another process works in the folder.
 */
export async function learn(options: LearnOptions): Promise<LearnOutcome> {
  const { config, folder } = options;
  if (config.explore.engine === 'lammps') await checkInputScripts(config.explore.runs);
  await mkdir(folder, { recursive: true });
  const lock = await lockFolder(folder);
  try {
    await openLearningFolder(folder, config);
    const store = await openStore(join(folder, 'store'), { onDiagnostic: options.onDiagnostic });
    const loop = new Loop(options, store);
    try {
      return await loop.run();
    } finally {
      await loop.close();
      await store.close();
    }
  } finally {
    await lock.release();
  }
}

class Loop {
  readonly #options: LearnOptions;
  readonly #store: FrameStore;
  readonly #rounds: Round[] = [];
  /** Of all labelled frames of the rounds so far. */
  readonly #ids = new Set<string>();
  #labeller: Promise<Labeller> | undefined;

  constructor(options: LearnOptions, store: FrameStore) {
    this.#options = options;
    this.#store = store;
  }

  async run(): Promise<LearnOutcome> {
    const { config, onRound } = this.#options;
    let end: LearnEnd = 'all rounds done';
    for (let round = 0; round <= config.rounds; round++) {
      const stop = await this.#round(round);
      if (stop !== undefined) {
        end = stop;
        break;
      }
      await onRound(this.#rounds, this.#store);
    }
    const last = this.#rounds.at(-1);
    const { folder } = this.#options;
    return {
      end,
      rounds: this.#rounds,
      labelled: this.#store.size,
      ...(last && { committee: join(roundFolder(folder, last.round), COMMITTEE) }),
    };
  }

  async close(): Promise<void> {
    await (await this.#labeller?.catch(() => undefined))?.close();
  }

  /** Why the loop ends before this round is done; undefined = it is done. */
  async #round(round: number): Promise<LearnEnd | undefined> {
    const { config, folder, signal } = this.#options;
    const at = roundFolder(folder, round);
    await mkdir(at, { recursive: true });
    const left = config.maxLabels - this.#ids.size;
    if (left <= 0) return 'label budget used up';
    const runs = round === 0 ? [] : await this.#explore(round, at);
    if (signal.aborted) return 'interrupted';
    const select = await stage(join(at, 'select.json'), () => this.#select(round, runs, left));
    if (!select) return 'interrupted';
    if (round > 0) {
      const unknown = (select.candidate + select.failed) / Math.max(1, select.frames);
      if (unknown < config.converged) return 'converged';
      if (select.selected === 0) return 'no candidates';
    }
    const label = await this.#label(round, at);
    if (!label) return 'interrupted';
    for (const id of label.ids) this.#ids.add(id);
    const train = await this.#train(round, at);
    if (!train) return 'interrupted';
    this.#rounds.push({ round, runs, select, label, train });
    return undefined;
  }

  #explore(round: number, at: string): Promise<RunRecord[]> {
    const { config, folder, signal, onDiagnostic, onEvent } = this.#options;
    onEvent({ kind: 'stage', round, text: 'exploring' });
    return explore({
      config,
      round,
      committee: join(roundFolder(folder, round - 1), COMMITTEE),
      folder: join(at, 'explore'),
      signal,
      onDiagnostic,
      onRun: ({ run, ended }, done, total) =>
        onEvent({ kind: 'progress', what: `run ${run}: ${ended}`, done, total, often: false }),
    });
  }

  async #select(round: number, records: readonly RunRecord[], budget: number): Promise<SelectRecord> {
    const { config, folder, onDiagnostic } = this.#options;
    const at = roundFolder(folder, round);
    if (round === 0) {
      const seeds = await seedStructures(config.structures, config.seed, onDiagnostic);
      const named = seeds
        .slice(0, budget)
        .map((frame, k): Frame => ({ ...frame, info: { ...frame.info, [SOURCE_KEY]: `round-0/${k}` } }));
      await writeFrames(selectedPath(at), named, onDiagnostic);
      return { frames: 0, accurate: 0, candidate: 0, failed: 0, selected: named.length };
    }
    const explored = join(at, 'explore');
    const { frames, record } = await selectFrames({
      round,
      records,
      folder: explored,
      committee: join(roundFolder(folder, round - 1), COMMITTEE),
      known: this.#known(),
      plan: config.select,
      budget,
      onDiagnostic,
    });
    await writeFrames(selectedPath(at), frames, onDiagnostic);
    return record;
  }

  /** The labelled frames of all rounds so far. */
  async *#known(): AsyncGenerator<Frame, void> {
    for await (const frame of this.#store.frames()) if (this.#ids.has(frameId(frame))) yield frame;
  }

  async #label(round: number, at: string): Promise<LabelRecord | undefined> {
    const { signal, onDiagnostic, onEvent, openLabeller } = this.#options;
    return stage(join(at, 'label.json'), async () => {
      onEvent({ kind: 'stage', round, text: 'labelling' });
      return labelFrames({
        round,
        frames: await readFrames(selectedPath(at), onDiagnostic),
        store: this.#store,
        labeller: () => {
          this.#labeller ??= openLabeller();
          return this.#labeller;
        },
        failuresPath: join(at, 'failures.jsonl'),
        signal,
        onFrame: ({ done, total, seconds, failure }) => {
          const what = failure ?? (seconds === undefined ? 'labelled before' : `labelled in ${seconds.toFixed(1)} s`);
          onEvent({ kind: 'progress', what, done, total, often: false });
        },
      });
    });
  }

  #train(round: number, at: string): Promise<TrainRecord | undefined> {
    const { config, signal, onDiagnostic, onEvent } = this.#options;
    return stage(join(at, 'train.json'), () => {
      onEvent({ kind: 'stage', round, text: `training on ${this.#ids.size} labelled frames` });
      return trainRound({
        config,
        round,
        folder: at,
        store: this.#store,
        ids: this.#ids,
        signal,
        onDiagnostic,
        onProgress: (done, total) => onEvent({ kind: 'progress', what: 'updates', done, total, often: true }),
      });
    });
  }
}

function selectedPath(at: string): string {
  return join(at, 'selected.extxyz');
}
