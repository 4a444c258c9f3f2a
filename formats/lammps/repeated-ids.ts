import type { PerAtom } from '../../src/core/frame.ts';

/** Finds ids that stand twice in a frame; keeps its memory from frame to frame. */
export class RepeatedIds {
  #seen = new Int32Array(0);
  #stamp = 0;

  /** Row of the first id that stood before; −1 = none. Memory grows with the rows, not with the largest id. */
  find(ids: PerAtom['data']): number {
    if (!(ids instanceof Int32Array)) return inSet(ids);
    let largest = 0;
    for (const id of ids) {
      if (id < 0) return inSet(ids);
      if (id > largest) largest = id;
    }
    if (largest > 8 * ids.length + 1024) return inSet(ids);
    if (this.#seen.length <= largest) {
      this.#seen = new Int32Array(2 * largest + 2);
      this.#stamp = 0;
    }
    if (this.#stamp === 0x7fffffff) this.#stamp = this.#seen.fill(0)[0];
    const stamp = ++this.#stamp;
    for (let row = 0; row < ids.length; row++) {
      if (this.#seen[ids[row]] === stamp) return row;
      this.#seen[ids[row]] = stamp;
    }
    return -1;
  }
}

function inSet(ids: PerAtom['data']): number {
  const seen = new Set<unknown>();
  for (let row = 0; row < ids.length; row++) {
    if (seen.has(ids[row])) return row;
    seen.add(ids[row]);
  }
  return -1;
}
