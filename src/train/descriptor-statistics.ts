import type { Statistics } from '../../potentials/hdnnp-model.ts';

/** Range, mean and standard deviation of each symmetry function of one element over many atoms. */
export class DescriptorStatistics {
  readonly #n: number;
  #count = 0;
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #mean: Float64Array;
  /** Sum of squared deviations from the running mean (Welford, Technometrics 4, 419 (1962)). */
  readonly #squares: Float64Array;

  constructor(n: number) {
    this.#n = n;
    this.#min = new Float64Array(n).fill(Infinity);
    this.#max = new Float64Array(n).fill(-Infinity);
    this.#mean = new Float64Array(n);
    this.#squares = new Float64Array(n);
  }

  add(values: Float64Array, at: number): void {
    this.#count++;
    for (let s = 0; s < this.#n; s++) {
      const value = values[at + s];
      if (value < this.#min[s]) this.#min[s] = value;
      if (value > this.#max[s]) this.#max[s] = value;
      const before = value - this.#mean[s];
      this.#mean[s] += before / this.#count;
      this.#squares[s] += before * (value - this.#mean[s]);
    }
  }

  get count(): number {
    return this.#count;
  }

  result(): Required<Statistics> {
    return {
      min: this.#min.slice(),
      max: this.#max.slice(),
      mean: this.#mean.slice(),
      sigma: this.#squares.map((sum) => Math.sqrt(sum / Math.max(1, this.#count))),
    };
  }
}
