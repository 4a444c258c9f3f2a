import type { LossGradient } from '../loss-gradient.ts';
import type { TrainingStructure } from '../training-structure.ts';
import { copyState, type Optimiser } from './optimiser.ts';

export interface LbfgsOptions {
  /** Pairs of steps and changes of the gradient that are kept. */
  readonly memory: number;
}

/** Conditions of Armijo and of the slope (weak Wolfe). */
const ARMIJO = 1e-4;
const SLOPE = 0.9;
const TRIALS = 20;
/** Length of the first step. */
const FIRST = 0.1;

/**
 * Limited-memory BFGS on the mean loss of all structures: one update is one step, with a line search by bisection and doubling that
 * ends at the weak Wolfe conditions (Liu and Nocedal, Math. Program. 45, 503 (1989)).
 */
export class Lbfgs implements Optimiser {
  readonly batch = Number.POSITIVE_INFINITY;
  readonly #weights: Float64Array;
  readonly #source: LossGradient;
  readonly #memory: number;
  /** (memory, n): steps and changes of the gradient, the oldest first; how many; the present loss (NaN = not known) and gradient. */
  readonly #steps: Float64Array;
  readonly #changes: Float64Array;
  readonly #numbers = Float64Array.of(0, Number.NaN);
  readonly #gradient: Float64Array;

  constructor(weights: Float64Array, source: LossGradient, { memory }: LbfgsOptions) {
    const n = weights.length;
    this.#weights = weights;
    this.#source = source;
    this.#memory = memory;
    this.#steps = new Float64Array(memory * n);
    this.#changes = new Float64Array(memory * n);
    this.#gradient = new Float64Array(n);
  }

  update(structures: readonly TrainingStructure[]): void {
    const weights = this.#weights;
    if (Number.isNaN(this.#numbers[1])) this.#numbers[1] = this.#evaluate(structures, this.#gradient);
    let direction = this.#direction();
    if (!(dot(direction, this.#gradient) < 0)) {
      this.#numbers[0] = 0;
      direction = this.#direction();
    }
    const before = weights.slice();
    const gradient = new Float64Array(weights.length);
    const size = Math.sqrt(dot(direction, direction));
    if (size === 0) return;
    const first = this.#numbers[0] === 0 ? Math.min(1, FIRST / size) : 1;
    const loss = this.#search(structures, { before, direction, first, gradient });
    if (loss === undefined) {
      weights.set(before);
      // Without its memory the next update tries the steepest descent.
      this.#numbers[0] = 0;
      return;
    }
    this.#remember(before, gradient);
    this.#numbers[1] = loss;
    this.#gradient.set(gradient);
  }

  state(): Readonly<Record<string, Float64Array>> {
    return { steps: this.#steps, changes: this.#changes, numbers: this.#numbers, gradient: this.#gradient };
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    copyState(state, this.state());
  }

  /** The mean loss, and its gradient. */
  #evaluate(structures: readonly TrainingStructure[], gradient: Float64Array): number {
    gradient.fill(0);
    const loss = this.#source.add(structures, gradient);
    for (let k = 0; k < gradient.length; k++) gradient[k] /= structures.length;
    return loss / structures.length;
  }

  /** The two loops: −H·gradient. */
  #direction(): Float64Array {
    const n = this.#gradient.length;
    const count = this.#numbers[0];
    const d = this.#gradient.map((g) => -g);
    const pair = (k: number) => [this.#steps.subarray(k * n, k * n + n), this.#changes.subarray(k * n, k * n + n)];
    const alpha = new Float64Array(count);
    for (let k = count - 1; k >= 0; k--) {
      const [s, y] = pair(k);
      alpha[k] = dot(s, d) / dot(s, y);
      for (let i = 0; i < n; i++) d[i] -= alpha[k] * y[i];
    }
    if (count > 0) {
      const [s, y] = pair(count - 1);
      const scale = dot(s, y) / dot(y, y);
      for (let i = 0; i < n; i++) d[i] *= scale;
    }
    for (let k = 0; k < count; k++) {
      const [s, y] = pair(k);
      const beta = dot(y, d) / dot(s, y);
      for (let i = 0; i < n; i++) d[i] += (alpha[k] - beta) * s[i];
    }
    return d;
  }

  /** Leaves the new weights and their gradient; undefined when no step lowers the loss. */
  #search(
    structures: readonly TrainingStructure[],
    {
      before,
      direction,
      first,
      gradient,
    }: Record<'before' | 'direction' | 'gradient', Float64Array> & { first: number },
  ): number | undefined {
    const weights = this.#weights;
    const slope = dot(direction, this.#gradient);
    let [low, high] = [0, Infinity];
    let t = first;
    let lowered = false;
    for (let trial = 0; trial < TRIALS; trial++) {
      for (let k = 0; k < weights.length; k++) weights[k] = before[k] + t * direction[k];
      const loss = this.#evaluate(structures, gradient);
      const enough = loss <= this.#numbers[1] + ARMIJO * t * slope;
      lowered = enough;
      if (!enough) high = t;
      else if (dot(direction, gradient) < SLOPE * slope) low = t;
      else return loss;
      // A long step that only misses the slope condition is good enough when trials run out.
      if (enough && trial >= TRIALS / 2) return loss;
      t = high === Infinity ? 2 * low : (low + high) / 2;
    }
    return lowered ? this.#evaluate(structures, gradient) : undefined;
  }

  /** The last step, unless the curvature along it is not positive. */
  #remember(before: Float64Array, gradient: Float64Array): void {
    const weights = this.#weights;
    const n = weights.length;
    const s = weights.map((w, k) => w - before[k]);
    const y = gradient.map((g, k) => g - this.#gradient[k]);
    if (!(dot(s, y) > 1e-12 * Math.sqrt(dot(s, s) * dot(y, y)))) return;
    if (this.#numbers[0] === this.#memory) {
      this.#steps.copyWithin(0, n);
      this.#changes.copyWithin(0, n);
      this.#numbers[0]--;
    }
    this.#steps.set(s, this.#numbers[0] * n);
    this.#changes.set(y, this.#numbers[0] * n);
    this.#numbers[0]++;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
