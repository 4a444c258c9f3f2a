import { type Random, seededRandom } from '../core/random.ts';

/** A seeded generator that knows how often it was asked, so that a checkpoint can continue it exactly. */
export class RandomStream {
  readonly seed: number;
  readonly next: Random;
  #draws = 0;

  constructor(seed: number, draws = 0) {
    this.seed = seed;
    const random = seededRandom(seed);
    for (let k = 0; k < draws; k++) random();
    this.#draws = draws;
    this.next = () => {
      this.#draws++;
      return random();
    };
  }

  get draws(): number {
    return this.#draws;
  }

  /** An integer in 0 … n − 1. */
  index(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** Fisher-Yates, in place. */
  shuffle(items: Int32Array): void {
    for (let k = items.length - 1; k > 0; k--) {
      const other = this.index(k + 1);
      const kept = items[k];
      items[k] = items[other];
      items[other] = kept;
    }
  }
}
