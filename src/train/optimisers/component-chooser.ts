import type { RandomStream } from '../random-stream.ts';

/** Draws different components of forces or virials. */
export class ComponentChooser {
  readonly #random: RandomStream;
  #drawn = new Int32Array(0);
  #keys = new Float64Array(0);

  constructor(random: RandomStream) {
    this.#random = random;
  }

  /** `most` of them, each with the same probability (the head of a Fisher-Yates shuffle); good until the next call. */
  alike(from: Int32Array, most: number): Int32Array {
    if (this.#drawn.length < from.length) this.#drawn = new Int32Array(from.length);
    this.#drawn.set(from);
    const count = Math.min(most, from.length);
    for (let k = 0; k < count; k++) {
      const other = k + this.#random.index(from.length - k);
      const kept = this.#drawn[k];
      this.#drawn[k] = this.#drawn[other];
      this.#drawn[other] = kept;
    }
    return this.#drawn.subarray(0, count);
  }

  /**
   * `most` of them, one after the other with a probability proportional to `sizes[component]` (Efraimidis and Spirakis, Inf. Process.
   * Lett. 97, 181 (2006): those with the largest u^(1/size)).
   */
  bySize(from: Int32Array, sizes: Float64Array, most: number): Int32Array {
    if (this.#keys.length < sizes.length) this.#keys = new Float64Array(sizes.length);
    for (const k of from) this.#keys[k] = Math.log(1 - this.#random.next()) / (sizes[k] + Number.MIN_VALUE);
    return from.toSorted((a, b) => this.#keys[b] - this.#keys[a]).subarray(0, most);
  }
}
