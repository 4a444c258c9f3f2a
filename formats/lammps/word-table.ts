import { numberOf } from '../../src/scan/numbers.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { StepRows } from './column-values.ts';
import type { ColumnKind } from './rows.ts';

/** Rows of words as a table, for the dumps that are read line by line; the counterpart of `RowTable`. */
export class WordTable {
  readonly columns: number;
  readonly words: (string[] | undefined)[];
  readonly bigs = new Map<number, bigint>();
  readonly #index: Map<string, number>[];
  readonly #values: number[] = [];
  readonly #kinds: readonly ColumnKind[];

  constructor(kinds: readonly ColumnKind[]) {
    this.columns = kinds.length;
    this.#kinds = kinds;
    this.#index = kinds.map(() => new Map());
    this.words = kinds.map((kind) => (kind === 'text' ? [] : undefined));
  }

  /** All values so far, as one table. */
  rows(): StepRows {
    return { columns: this.columns, data: Float64Array.from(this.#values), words: this.words, bigs: this.bigs };
  }

  /** Throws FormatError at the current line for a wrong number of words or a word where a number belongs. */
  add(scanner: TextScanner, row: readonly string[]): void {
    if (row.length !== this.columns) throw scanner.error(`expected ${this.columns} values, found ${row.length}`);
    for (let c = 0; c < row.length; c++) this.#values.push(this.#value(scanner, row[c], c));
  }

  #value(scanner: TextScanner, word: string, c: number): number {
    const isFirst = this.#values.length < this.columns;
    const value = this.words[c] ? undefined : numberOf(word);
    if (value !== undefined) {
      if (Math.abs(value) > Number.MAX_SAFE_INTEGER && /^[+-]?\d+$/.test(word))
        this.bigs.set(this.#values.length, BigInt(word.replace('+', '')));
      return value;
    }
    if (!this.words[c] && isFirst && this.#kinds[c] === 'either') this.words[c] = [];
    const words = this.words[c];
    if (!words) throw scanner.error(`expected a number in column ${c + 1}, found "${word.slice(0, 40)}"`);
    const known = this.#index[c].get(word);
    if (known !== undefined) return known;
    this.#index[c].set(word, words.length);
    return words.push(word) - 1;
  }
}
