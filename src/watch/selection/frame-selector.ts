import { PotentialError, UsageError } from '../../core/errors.ts';
import type { Frame } from '../../core/frame.ts';
import type { NoveltyArchive } from './novelty.ts';
import type { Selector, Verdict } from './verdict.ts';

export interface SelectorOptions {
  /** Every n-th frame of a file, its first, n-th, 2n-th …; by the place in the file, so a resumed run takes the same. Default 1. */
  readonly every?: number;
  /** Candidates of one file, those remembered included. */
  readonly perFile?: number;
  /** Candidates of this run. */
  readonly budget?: number;
  /** Disagreement of a committee; without it every frame is a candidate. */
  readonly committee?: { judge(frame: Frame): Verdict };
  readonly novelty?: NoveltyArchive;
  /** Gets what the committee said of a frame, in the order in which frames are judged. */
  readonly log?: { add(frame: Frame, verdict: Verdict): Promise<void> };
}

/**
 * Puts the criteria together, the cheap ones first:
 * 1. every n-th: others are skipped;
 * 2. cap of the file, budget of the run: when they are used up, frames are skipped without being evaluated;
 * 3. committee: failed and accurate frames end here, extrapolating ones may become candidates;
 * 4. novelty, of candidates only: those close to the archive are skipped; those taken are added to it;
 * 5. a candidate counts against cap and budget.
 */
export class FrameSelector implements Selector {
  readonly #options: SelectorOptions;
  readonly #perFile = new Map<string, number>();
  #taken = 0;

  constructor(options: SelectorOptions) {
    for (const key of ['every', 'perFile', 'budget'] as const) {
      const value = options[key];
      const least = key === 'every' ? 1 : 0;
      if (value !== undefined && !(Number.isInteger(value) && value >= least))
        throw new UsageError(`expected ${key} to be an integer of at least ${least}, found ${value}`);
    }
    this.#options = options;
  }

  /** A frame that was taken before (in the store, in the training set): the archive knows it, and it counts for the cap of its file. */
  remember(frame: Frame, file?: string): void {
    this.#options.novelty?.add(frame);
    if (file !== undefined) this.#count(file);
  }

  async judge(frame: Frame): Promise<Verdict> {
    const { every = 1, perFile = Number.POSITIVE_INFINITY, budget = Number.POSITIVE_INFINITY } = this.#options;
    const { path = '', frame: index = 0 } = frame.origin ?? { path: '' };
    if (index % every !== 0) return skipped(`not one of every ${every} frames`);
    if (this.#taken >= budget) return skipped(`the budget of ${budget} frames is used up`);
    if ((this.#perFile.get(path) ?? 0) >= perFile) return skipped(`${perFile} frames of this file are taken`);
    const { committee, log } = this.#options;
    const verdict: Verdict = committee?.judge(frame) ?? { decision: 'candidate', reason: 'no committee' };
    await log?.add(frame, verdict);
    if (verdict.decision !== 'candidate') return verdict;
    const { novelty } = this.#options;
    if (novelty) {
      const distance = distanceOf(novelty, frame);
      if (typeof distance === 'string') return { ...verdict, decision: 'failed', reason: distance };
      if (!novelty.isNovel(distance))
        return { ...verdict, ...skipped(`only ${distance.toPrecision(3)} from what is known`) };
      novelty.add(frame);
    }
    this.#taken++;
    this.#count(path);
    return verdict;
  }

  #count(file: string): void {
    this.#perFile.set(file, (this.#perFile.get(file) ?? 0) + 1);
  }
}

function skipped(reason: string): Pick<Verdict, 'decision' | 'reason'> {
  return { decision: 'skipped', reason };
}

/** A text where the structure is broken. */
function distanceOf(novelty: NoveltyArchive, frame: Frame): number | string {
  try {
    return novelty.distanceOf(frame);
  } catch (error) {
    if (error instanceof PotentialError) return error.message;
    throw error;
  }
}
