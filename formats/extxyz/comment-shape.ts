import type { InfoValue } from '../../src/core/frame.ts';
import { parseInteger, parseNumber } from '../../src/scan/numbers.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import type { Pair } from './comment.ts';
import type { CommentLine } from './frame-comment.ts';

const INTEGER = /^[+-]?\d+$/;
const WORD = /[^\s,"'{}[\]]+/g;
const ASCII = /^[\t\x20-\x7e]*$/;
/** Marks the bytes that numbers are made of. */
const IN_NUMBER = new Uint8Array(256);
for (const byte of Buffer.from('+-.0123456789eEdD')) IN_NUMBER[byte] = 1;

/** A key of which the numbers may differ from frame to frame. */
interface Numbers {
  readonly key: string;
  /** Numbers of an array; -1 for a scalar. */
  readonly count: number;
}

/**
 * Comment lines of a file mostly differ in nothing but their numbers. A shape is one such line with places for numbers: the
 * text between them must be the same to the byte, and a real must not become an integer. Any other line is left to the parser
 * of the whole grammar, of which this is a short cut with the same result.
 */
export class CommentShape {
  /** Text before each number, and behind the last. */
  readonly #pieces: readonly Uint8Array[];
  /** By number: 1 where it was written as an integer. */
  readonly #integers: Uint8Array;
  readonly #values: Float64Array;
  readonly #keys: readonly Numbers[];
  readonly #comment: CommentLine;

  private constructor(words: readonly Word[], pieces: readonly string[], keys: readonly Numbers[], model: CommentLine) {
    this.#pieces = pieces.map((piece) => Buffer.from(piece, 'latin1'));
    this.#integers = Uint8Array.from(words, ({ text }) => (INTEGER.test(text) ? 1 : 0));
    this.#values = new Float64Array(words.length);
    this.#keys = keys;
    this.#comment = model;
  }

  /** The shape of a line; undefined where something else than numbers would have to be copied or looked at anew. */
  static of(text: string, pairs: readonly Pair[], comment: CommentLine): CommentShape | undefined {
    if (!ASCII.test(text) || comment.notes.some(({ once, code }) => !once || code === 'zero-lattice')) return undefined;
    const all: Word[] = [];
    const keys: Numbers[] = [];
    for (const pair of pairs) {
      if (pair.key === '__proto__') return undefined;
      if (pair.key === 'pbc' || pair.key === 'Properties') continue;
      const words = numberWords(text, pair);
      if (words) {
        all.push(...words);
        keys.push({ key: pair.key, count: Array.isArray(pair.value) ? words.length : -1 });
      } else if (typeof pair.value === 'object' || pair.key === 'Lattice') return undefined;
    }
    if (keys.some(({ key, count }) => key === 'Lattice' && count !== 9)) return undefined;
    const pieces = all.map(({ at }, k) => text.slice(k === 0 ? 0 : all[k - 1].at + all[k - 1].text.length, at));
    const last = all.at(-1);
    pieces.push(last ? text.slice(last.at + last.text.length) : text);
    return new CommentShape(all, pieces, keys, comment);
  }

  /** The current line of the scanner, where it has this shape. */
  read(scanner: TextScanner): CommentLine | undefined {
    if (!this.#readNumbers(scanner.bytes, scanner.start, scanner.end)) return undefined;
    const model = this.#comment;
    const info: Record<string, InfoValue> = { ...model.info };
    let cell: Float64Array | undefined;
    let at = 0;
    for (const { key, count } of this.#keys) {
      if (key === 'Lattice') {
        cell = this.#cell(at);
        if (cell === undefined) return undefined;
      } else info[key] = count < 0 ? this.#values[at] : this.#array(at, count);
      at += Math.abs(count);
    }
    return {
      line: scanner.lineNumber,
      plan: model.plan,
      cell,
      pbc: model.pbc,
      info,
      foreign: undefined,
      lammps: model.lammps,
      notes: model.notes,
    };
  }

  /** Undefined for a Lattice of zeros, which is no cell. */
  #cell(at: number): Float64Array | undefined {
    const cell = new Float64Array(9);
    let any = false;
    for (let k = 0; k < 9; k++) {
      cell[k] = this.#values[at + k];
      any ||= cell[k] !== 0;
    }
    return any ? cell : undefined;
  }

  #array(at: number, count: number): number[] {
    const values: number[] = [];
    for (let k = at; k < at + count; k++) values.push(this.#values[k]);
    return values;
  }

  #readNumbers(bytes: Uint8Array, start: number, end: number): boolean {
    const pieces = this.#pieces;
    const values = this.#values;
    let at = start;
    for (let k = 0; k < pieces.length; k++) {
      const piece = pieces[k];
      if (at + piece.length > end) return false;
      for (let b = 0; b < piece.length; b++) if (bytes[at + b] !== piece[b]) return false;
      at += piece.length;
      if (k === values.length) break;
      const from = at;
      let isInteger = true;
      for (; at < end && IN_NUMBER[bytes[at]] === 1; at++) if (bytes[at] >= 58 || bytes[at] === 46) isInteger = false;
      if (isInteger !== (this.#integers[k] === 1)) return false;
      const value = isInteger ? parseInteger(bytes, from, at) : parseNumber(bytes, from, at);
      if (value === undefined || !Number.isFinite(value)) return false;
      values[k] = value;
    }
    return at === end;
  }
}

interface Word {
  readonly at: number;
  readonly text: string;
}

/** Where the numbers of a value stand in the text; undefined for a value that is no number and no flat array of numbers. */
function numberWords(text: string, { value, from, to }: Pair): Word[] | undefined {
  const numbers: readonly InfoValue[] = Array.isArray(value) ? value : [value];
  const words = Array.from(text.slice(from, to).matchAll(WORD), (match) => ({
    at: from + match.index,
    text: match[0],
  }));
  const same =
    words.length === numbers.length &&
    words.length > 0 &&
    words.every((word, k) => {
      const bytes = Buffer.from(word.text, 'latin1');
      const parse = INTEGER.test(word.text) ? parseInteger : parseNumber;
      return typeof numbers[k] === 'number' && Object.is(parse(bytes, 0, bytes.length), numbers[k]);
    });
  return same ? words : undefined;
}
