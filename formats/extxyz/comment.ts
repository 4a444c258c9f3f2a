import type { InfoValue } from '../../src/core/frame.ts';

/** One `key=value` of a comment line. */
export interface Pair {
  readonly key: string;
  readonly value: InfoValue;
  /** True when a number of the value was written as a real: `1.0` is not the integer `1`. */
  readonly real: boolean;
  /** True for a key without `=` and value. */
  readonly bare: boolean;
  /** True for an array in brackets, `[[1,2],[3,4]]`. */
  readonly bracketed: boolean;
  /** Place of the value, with its quotes or brackets, in the text. */
  readonly from: number;
  readonly to: number;
}

/** What does not fit the grammar of a comment line. */
export class CommentError extends Error {}

const INTEGER = /^[+-]?\d+$/;
const REAL = /^[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?$/;
const TRUE = /^(T|[tT]rue|TRUE)$/;
const FALSE = /^(F|[fF]alse|FALSE)$/;
const KEY_WORD = /[^\s=]*/y;
const BARE_WORD = /\S*/y;
const ARRAY_WORD = /[^\s,\]]*/y;
const BLANKS = /\s*/y;
const JSON_MARK = '_JSON ';

/**
 * The pairs of a comment line in their order, by the grammar of https://github.com/libAtoms/extxyz (key-value pairs): types by
 * first match (integer, real, logical, string), old arrays `"1 2 3"` `'1 2 3'` `{1 2 3}`, new arrays `[1,2]` `[[1,2],[3,4]]`,
 * and ASE's `"_JSON …"`. Words without `=` are keys that are true. Throws CommentError.
 */
export function parseComment(text: string): Pair[] {
  const scanner = new CommentScanner(text);
  const pairs: Pair[] = [];
  while (!scanner.atEnd()) pairs.push(scanner.pair());
  return pairs;
}

interface QuotedValue {
  readonly value: InfoValue;
  readonly real: boolean;
}

class CommentScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#skipBlanks();
    return this.#at >= this.#text.length;
  }

  pair(): Pair {
    const first = this.#text[this.#at];
    const key = first === '"' || first === "'" ? this.#quoted(first) : this.#word(KEY_WORD);
    if (key === '') throw new CommentError(`expected a key before "=" at character ${this.#at + 1}`);
    this.#skipBlanks();
    const at = this.#at;
    if (this.#text[at] !== '=')
      return { key, value: true, real: false, bare: true, bracketed: false, from: at, to: at };
    this.#at++;
    this.#skipBlanks();
    const from = this.#at;
    const found = this.#value(key);
    return { key, bare: false, ...found, from, to: this.#at };
  }

  #value(key: string): { value: InfoValue; real: boolean; bracketed: boolean } {
    const first = this.#text[this.#at];
    if (first === undefined) throw new CommentError(`expected a value after ${key}=, found the end of the line`);
    if (first === '=') throw new CommentError(`expected a value after ${key}=, found "="`);
    if (first === '[') {
      const words: string[] = [];
      const value = this.#array(key, 0, words);
      this.#endOfValue(key);
      return { value, real: words.some((w) => !INTEGER.test(w) && REAL.test(w)), bracketed: true };
    }
    if (first === '{') {
      const value = this.#braces(key);
      this.#endOfValue(key);
      return { ...value, bracketed: false };
    }
    if (first === '"' || first === "'") {
      const text = this.#quoted(first);
      this.#endOfValue(key);
      return { ...quotedValue(text, key), bracketed: false };
    }
    const word = this.#word(BARE_WORD);
    if (key.toLowerCase() === 'uid') return { value: word, real: false, bracketed: false };
    return { value: scalarOf(word), real: isReal(word), bracketed: false };
  }

  /** `[a, b]` or `[[…], […]]`; separators are commas or blanks. All words of the whole array share one type. */
  #array(key: string, depth: number, words: string[]): InfoValue {
    const nested = this.#brackets(key, depth, words);
    const convert = converterOf(words);
    const map = (v: RawArray): InfoValue => (typeof v === 'string' ? convert(v) : v.map(map));
    return map(nested);
  }

  #brackets(key: string, depth: number, words: string[]): RawArray {
    if (depth > 8) throw new CommentError(`expected at most 8 nested brackets in ${key}`);
    this.#at++;
    const items: RawArray[] = [];
    for (;;) {
      while (/[\s,]/.test(this.#text[this.#at] ?? '')) this.#at++;
      const c = this.#text[this.#at];
      if (c === undefined) throw new CommentError(`expected "]" to end the array ${key}, found the end of the line`);
      if (c === ']') break;
      if (c === '[') items.push(this.#brackets(key, depth + 1, words));
      else {
        const word = c === '"' || c === "'" ? this.#quoted(c) : this.#word(ARRAY_WORD);
        words.push(word);
        items.push(word);
      }
    }
    this.#at++;
    return items;
  }

  /** `{1 2 3}`, `{one two}`, or a JSON object; braces may nest. */
  #braces(key: string): { value: InfoValue; real: boolean } {
    const from = this.#at;
    let depth = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at];
      if (c === '"' || c === "'") {
        this.#quoted(c);
        this.#at--;
      } else if (c === '{') depth++;
      else if (c === '}' && --depth === 0) break;
    }
    if (this.#at >= this.#text.length)
      throw new CommentError(`expected "}" to end the value of ${key}, found the end of the line`);
    this.#at++;
    const whole = this.#text.slice(from, this.#at);
    const inner = whole.slice(1, -1).trim();
    if (/^"(?:[^"\\]|\\.)*"\s*:/.test(inner)) {
      const object = jsonOf(whole);
      if (object !== undefined) return { value: object, real: false };
    }
    const words = inner.split(/\s+/).filter(Boolean);
    if (words.length === 0) return { value: '', real: false };
    const convert = converterOf(words);
    return { value: words.length === 1 ? convert(words[0]) : words.map(convert), real: words.some(isReal) };
  }

  /** Text between quotes with `\n`, `\"`, `\\` resolved. */
  #quoted(quote: string): string {
    let out = '';
    let from = ++this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at];
      if (c === quote) {
        out += this.#text.slice(from, this.#at++);
        return out;
      }
      if (c !== '\\') continue;
      out += this.#text.slice(from, this.#at++);
      const escaped = this.#text[this.#at];
      out += escaped === 'n' ? '\n' : (escaped ?? '');
      from = this.#at + 1;
    }
    throw new CommentError(`expected a closing ${quote}, found the end of the line`);
  }

  #endOfValue(key: string): void {
    const next = this.#text[this.#at];
    if (next !== undefined && !/\s/.test(next))
      throw new CommentError(`expected a blank after the value of ${key}, found "${next}"`);
  }

  #word(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const word = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += word.length;
    return word;
  }

  #skipBlanks(): void {
    this.#word(BLANKS);
  }
}

type RawArray = string | RawArray[];

/** Old arrays in quotes hold numbers or logicals; any other text is a string. One element is a scalar. */
function quotedValue(text: string, key: string): QuotedValue {
  if (text.startsWith(JSON_MARK)) {
    const value = jsonOf(text.slice(JSON_MARK.length));
    if (value === undefined)
      throw new CommentError(`expected JSON after _JSON in ${key}, found "${text.slice(0, 60)}"`);
    return { value, real: false };
  }
  const words = text.split(/\s+/).filter(Boolean);
  if (words.length === 0 || text.includes('\n') || key.toLowerCase() === 'uid') return { value: text, real: false };
  const typed = words.every(isNumber) || words.every(isLogical);
  if (!typed) return { value: text, real: false };
  const values = words.map(scalarOf);
  return { value: values.length === 1 ? values[0] : values, real: words.some(isReal) };
}

/** Numbers if all words are numbers, logicals if all are, else strings. */
function converterOf(words: readonly string[]): (word: string) => InfoValue {
  return words.every(isNumber) || words.every(isLogical) ? scalarOf : (word) => word;
}

function scalarOf(word: string): string | number | bigint | boolean {
  if (INTEGER.test(word)) {
    const value = Number(word);
    return Number.isSafeInteger(value) ? value : BigInt(word.replace('+', ''));
  }
  if (REAL.test(word)) return Number(word.replace(/[dD]/, 'e'));
  if (TRUE.test(word)) return true;
  return FALSE.test(word) ? false : word;
}

const isNumber = (word: string) => REAL.test(word);
const isReal = (word: string) => REAL.test(word) && !INTEGER.test(word);
const isLogical = (word: string) => TRUE.test(word) || FALSE.test(word);

function jsonOf(text: string): InfoValue | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value === null ? undefined : (value as InfoValue);
  } catch {
    return undefined;
  }
}
