import { framesSeen, type Outcomes } from './journal-outcomes.ts';
import type { WatchProgress } from './watch-options.ts';

/** A run at one moment. */
export interface WatchSnapshot {
  /** Since the run began. */
  readonly seconds: number;
  /** Of all runs on this folder. */
  readonly outcomes: Outcomes;
  /** Dealt with per second lately. */
  readonly framesPerSecond: number;
  /** Taken and not yet dealt with: being judged, labelled, stored, or failed and waiting for a success. */
  readonly inWork: number;
  /** In the store. */
  readonly stored: number;
  readonly files: number;
  /** Bytes of uncompressed files that have not been taken. */
  readonly bytesBehind: number;
}

/** Seconds over which the rate is measured, and between two samples. */
const LATELY = 10;
const SAMPLE = 0.5;

/** Counts what a run does. */
export class PipelineProgress {
  readonly #began = performance.now();
  readonly #outcomes: () => Outcomes;
  readonly #stored: () => number;
  readonly #seenBefore: number;
  readonly #samples: [seconds: number, settled: number][] = [[0, 0]];
  #taken = 0;
  #looked: WatchProgress = { files: 0, bytesBehind: 0, sweepSeconds: 0 };

  constructor(outcomes: () => Outcomes, stored: () => number) {
    this.#outcomes = outcomes;
    this.#stored = stored;
    this.#seenBefore = framesSeen(outcomes());
  }

  took(): void {
    this.#taken++;
  }

  looked(progress: WatchProgress): void {
    this.#looked = progress;
  }

  snapshot(): WatchSnapshot {
    const seconds = (performance.now() - this.#began) / 1000;
    const outcomes = structuredClone(this.#outcomes());
    const settled = framesSeen(outcomes) - this.#seenBefore;
    const samples = this.#samples;
    while (samples.length > 1 && samples[1][0] < seconds - LATELY) samples.shift();
    const [since, then] = samples[0];
    if (seconds > samples[samples.length - 1][0] + SAMPLE) samples.push([seconds, settled]);
    const { files, bytesBehind } = this.#looked;
    return {
      seconds,
      outcomes,
      framesPerSecond: seconds > since ? (settled - then) / (seconds - since) : 0,
      inWork: this.#taken - settled,
      stored: this.#stored(),
      files,
      bytesBehind,
    };
  }
}

/** One line for a log or the last line of a terminal. */
export function snapshotText(snapshot: WatchSnapshot): string {
  const { outcomes, framesPerSecond, inWork, stored, bytesBehind } = snapshot;
  const { labelled, failed, untrusted } = outcomes.counts;
  return [
    `${framesSeen(outcomes)} frames seen`,
    `${labelled} labelled`,
    ...(untrusted > 0 ? [`${untrusted} untrusted`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${stored} in the store`,
    `${framesPerSecond.toFixed(1)} frames/s`,
    `${inWork} in work`,
    `${(bytesBehind / 1e6).toFixed(1)} MB behind`,
  ].join(', ');
}
