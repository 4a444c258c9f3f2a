import type { Frame } from '../../core/frame.ts';
import type { RunPlan } from '../learn-config.ts';

/** One molecular dynamics run of a round. */
export interface ExploreRun {
  /** Name of its folder. */
  readonly name: string;
  readonly plan: RunPlan;
  /** K. */
  readonly temperature: number;
  /** bar. */
  readonly pressure: number;
  readonly start: Frame;
  readonly seed: number;
}

/** How a run ended; `failed` runs keep the frames they wrote. */
export interface RunEnd {
  readonly ended: 'finished' | 'disagreement' | 'failed';
  /** What went wrong. */
  readonly message?: string;
}

/** What a run has shown: one value for each of its frames. */
export interface RunRecord extends RunEnd {
  readonly run: string;
  readonly group: string;
  readonly temperature: number;
  readonly pressure: number;
  readonly seed: number;
  /** Wall time. */
  readonly seconds: number;
  readonly steps: readonly number[];
  /** eV/Å, largest over the atoms; null = not a number. */
  readonly disagreements: readonly (number | null)[];
}

/** Makes the dump of a run in its folder. */
export type Engine = (run: ExploreRun, folder: string, signal: AbortSignal) => Promise<RunEnd>;
