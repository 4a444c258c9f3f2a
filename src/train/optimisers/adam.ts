import type { LossGradient } from '../loss-gradient.ts';
import type { TrainingStructure } from '../training-structure.ts';
import { copyState, type Optimiser } from './optimiser.ts';

export const SCHEDULES = ['constant', 'exponential', 'cosine'] as const;

export interface AdamOptions {
  /** Structures per update. */
  readonly batch: number;
  readonly learningRate: number;
  /** What the learning rate comes to at the end of the run, unless the schedule is `constant`. */
  readonly learningRateEnd: number;
  readonly schedule: (typeof SCHEDULES)[number];
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Adam (Kingma and Ba, arXiv:1412.6980) on the mean loss of a batch: the baseline, and the choice for very large networks. */
export class Adam implements Optimiser {
  readonly batch: number;
  readonly #weights: Float64Array;
  readonly #source: LossGradient;
  readonly #options: AdamOptions;
  readonly #updates: number;
  readonly #gradient: Float64Array;
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  readonly #steps = new Float64Array(1);

  /** `structures`: how many will be seen in the whole run, which the schedule is spread over. */
  constructor(weights: Float64Array, source: LossGradient, options: AdamOptions, structures: number) {
    const n = weights.length;
    this.batch = options.batch;
    this.#weights = weights;
    this.#source = source;
    this.#options = options;
    this.#updates = Math.max(1, structures / options.batch);
    this.#gradient = new Float64Array(n);
    this.#mean = new Float64Array(n);
    this.#square = new Float64Array(n);
  }

  update(structures: readonly TrainingStructure[]): void {
    const weights = this.#weights;
    this.#gradient.fill(0);
    this.#source.add(structures, this.#gradient);
    const rate = this.#rate(this.#steps[0] / this.#updates);
    const step = ++this.#steps[0];
    const meanScale = 1 / (1 - BETA1 ** step);
    const squareScale = 1 / (1 - BETA2 ** step);
    for (let k = 0; k < weights.length; k++) {
      const g = this.#gradient[k] / structures.length;
      this.#mean[k] = BETA1 * this.#mean[k] + (1 - BETA1) * g;
      this.#square[k] = BETA2 * this.#square[k] + (1 - BETA2) * g * g;
      weights[k] -= (rate * this.#mean[k] * meanScale) / (Math.sqrt(this.#square[k] * squareScale) + EPSILON);
    }
  }

  /** The learning rate after this part of the run. */
  #rate(done: number): number {
    const { learningRate, learningRateEnd, schedule } = this.#options;
    const part = Math.min(1, done);
    if (schedule === 'exponential') return learningRate * (learningRateEnd / learningRate) ** part;
    if (schedule === 'cosine')
      return learningRateEnd + 0.5 * (learningRate - learningRateEnd) * (1 + Math.cos(Math.PI * part));
    return learningRate;
  }

  state(): Readonly<Record<string, Float64Array>> {
    return { mean: this.#mean, square: this.#square, steps: this.#steps };
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    copyState(state, this.state());
  }
}
