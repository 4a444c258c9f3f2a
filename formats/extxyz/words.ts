import { atomicNumber } from '../../src/core/elements.ts';

/** Words repeat from row to row: the last one is not decoded twice. */
export class RepeatedWord {
  #word = '';
  #bytes: Uint8Array = new Uint8Array(0);

  /** Bytes [start, end) as text. */
  text(bytes: Uint8Array, start: number, end: number): string {
    const last = this.#bytes;
    if (last.length === end - start) {
      let k = 0;
      while (k < last.length && last[k] === bytes[start + k]) k++;
      if (k === last.length) return this.#word;
    }
    this.#bytes = bytes.slice(start, end);
    this.#word = wordOf(bytes, start, end);
    return this.#word;
  }
}

/** The element of a species label: `Ti_sv`, `Mg_pv/f474ac0d`, `H1`, `Fe3+`; 0 = unknown, as is `X`. */
export function elementOfLabel(label: string): number {
  return atomicNumber(label.replace(/[_/].*$/, '').replace(/\d*[+-]?\d*$/, ''));
}

/** Bytes [start, end) as text. */
export function wordOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
