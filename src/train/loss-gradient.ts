import { addLossGradient, type LossWeights } from './loss.ts';
import type { Passes } from './passes.ts';
import type { TrainingStructure } from './training-structure.ts';

/** What first-order optimisers need. */
export interface LossGradient {
  /** Adds the gradient of the summed losses of these structures (loss.ts) by the present weights; returns the sum. */
  add(structures: readonly TrainingStructure[], gradient: Float64Array): number;
}

/** One structure after the other, in double precision. */
export class PassGradient implements LossGradient {
  readonly #pass: Passes;
  readonly #loss: LossWeights;

  constructor(pass: Passes, loss: LossWeights) {
    this.#pass = pass;
    this.#loss = loss;
  }

  add(structures: readonly TrainingStructure[], gradient: Float64Array): number {
    let loss = 0;
    for (const structure of structures) loss += addLossGradient(this.#pass, structure, this.#loss, gradient);
    return loss;
  }
}
