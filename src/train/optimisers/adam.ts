import { addLossGradient, type LossWeights } from '../loss.ts';
import type { StructurePass } from '../structure-pass.ts';
import type { TrainingStructure } from '../training-structure.ts';
import { copyState, type Optimiser } from './optimiser.ts';

export interface AdamOptions {
  readonly batch: number;
  readonly learningRate: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Adam (Kingma and Ba, arXiv:1412.6980) on the mean loss of a batch: the baseline, and the choice for very large networks. */
export class Adam implements Optimiser {
  readonly batch: number;
  readonly #pass: StructurePass;
  readonly #loss: LossWeights;
  readonly #learningRate: number;
  readonly #gradient: Float64Array;
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  readonly #steps = new Float64Array(1);

  constructor(pass: StructurePass, loss: LossWeights, options: AdamOptions) {
    const n = pass.networks.weights.length;
    this.batch = options.batch;
    this.#pass = pass;
    this.#loss = loss;
    this.#learningRate = options.learningRate;
    this.#gradient = new Float64Array(n);
    this.#mean = new Float64Array(n);
    this.#square = new Float64Array(n);
  }

  update(structures: readonly TrainingStructure[]): void {
    const { weights } = this.#pass.networks;
    this.#gradient.fill(0);
    for (const structure of structures) addLossGradient(this.#pass, structure, this.#loss, this.#gradient);
    const step = ++this.#steps[0];
    const meanScale = 1 / (1 - BETA1 ** step);
    const squareScale = 1 / (1 - BETA2 ** step);
    for (let k = 0; k < weights.length; k++) {
      const g = this.#gradient[k] / structures.length;
      this.#mean[k] = BETA1 * this.#mean[k] + (1 - BETA1) * g;
      this.#square[k] = BETA2 * this.#square[k] + (1 - BETA2) * g * g;
      weights[k] -=
        (this.#learningRate * this.#mean[k] * meanScale) / (Math.sqrt(this.#square[k] * squareScale) + EPSILON);
    }
  }

  state(): Readonly<Record<string, Float64Array>> {
    return { mean: this.#mean, square: this.#square, steps: this.#steps };
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    copyState(state, this.state());
  }
}
