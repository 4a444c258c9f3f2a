import { UsageError } from '../core/errors.ts';

/** Columns of the index that a filter may name. */
export const COLUMNS = [
  'id',
  'shard',
  'offset',
  'natoms',
  'formula',
  'energy_per_atom',
  'max_force',
  'disagreement',
  'source',
  'labeller',
  'config_type',
  'added',
] as const;

type Value = number | string;

/** A condition in SQL whose values stand apart, so that no word of the user becomes SQL. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

/**
 * Reads a filter such as `max_force < 5 and (formula = 'K54' or config_type like 'wire%')`: comparisons of a column with a number
 * or a 'text' (= != < <= > >= like, in (…, …), is null, is not null), joined by and, or, not and parentheses. Throws UsageError that
 * shows the place.
 */
export function parseFilter(text: string): Condition {
  return new Parser(text).condition();
}

interface Token {
  readonly kind: 'word' | 'number' | 'text' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:([A-Za-z_]\w*)|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|'((?:[^']|'')*)'|"((?:[^"]|"")*)"|(<=|>=|<>|!=|==|[<>=(),]))/y;
const COMPARISONS: Readonly<Record<string, string>> = {
  '=': '=',
  '==': '=',
  '!=': '<>',
  '<>': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
/** Parentheses in parentheses beyond this are no filter that somebody wrote. */
const DEEPEST = 100;

class Parser {
  readonly #text: string;
  readonly #values: Value[] = [];
  #token: Token;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#token = this.#next();
  }

  condition(): Condition {
    const sql = this.#or();
    if (this.#token.kind !== 'end') throw this.#error('"and", "or" or the end');
    return { sql, values: this.#values };
  }

  #or(): string {
    let sql = this.#and();
    while (this.#takeWord('or')) sql = `(${sql} OR ${this.#and()})`;
    return sql;
  }

  #and(): string {
    let sql = this.#not();
    while (this.#takeWord('and')) sql = `(${sql} AND ${this.#not()})`;
    return sql;
  }

  #not(): string {
    if (++this.#depth > DEEPEST) throw this.#error('fewer parentheses');
    try {
      if (this.#takeWord('not')) return `NOT ${this.#not()}`;
      if (!this.#takeSign('(')) return this.#comparison();
      const sql = this.#or();
      if (!this.#takeSign(')')) throw this.#error('")"');
      return `(${sql})`;
    } finally {
      this.#depth--;
    }
  }

  #comparison(): string {
    const { kind, text } = this.#token;
    const column = COLUMNS.find((name) => name === text.toLowerCase());
    if (kind !== 'word' || !column) throw this.#error(`a column (${COLUMNS.join(', ')})`);
    this.#token = this.#next();
    const name = `"${column}"`;
    if (this.#takeWord('is')) {
      const not = this.#takeWord('not') ? 'NOT ' : '';
      if (!this.#takeWord('null')) throw this.#error('null');
      return `${name} IS ${not}NULL`;
    }
    const not = this.#takeWord('not') ? 'NOT ' : '';
    if (this.#takeWord('like')) return `${name} ${not}LIKE ${this.#value()}`;
    if (this.#takeWord('in')) return `${name} ${not}IN (${this.#list()})`;
    const operator = this.#token.kind === 'sign' ? COMPARISONS[this.#token.text] : undefined;
    if (!operator || not) throw this.#error(not ? 'like or in' : 'a comparison such as = or <');
    this.#token = this.#next();
    return `${name} ${operator} ${this.#value()}`;
  }

  #list(): string {
    if (!this.#takeSign('(')) throw this.#error('"("');
    const values = [this.#value()];
    while (this.#takeSign(',')) values.push(this.#value());
    if (!this.#takeSign(')')) throw this.#error('"," or ")"');
    return values.join(', ');
  }

  #value(): string {
    const { kind, text } = this.#token;
    if (kind !== 'number' && kind !== 'text') throw this.#error("a number or a 'text'");
    this.#values.push(kind === 'number' ? Number(text) : text);
    this.#token = this.#next();
    return '?';
  }

  #takeWord(word: string): boolean {
    if (this.#token.kind !== 'word' || this.#token.text.toLowerCase() !== word) return false;
    this.#token = this.#next();
    return true;
  }

  #takeSign(sign: string): boolean {
    if (this.#token.kind !== 'sign' || this.#token.text !== sign) return false;
    this.#token = this.#next();
    return true;
  }

  #next(): Token {
    TOKEN.lastIndex = this.#at;
    const found = TOKEN.exec(this.#text);
    if (!found) {
      const rest = this.#text.slice(this.#at);
      const at = this.#at + rest.length - rest.trimStart().length;
      if (rest.trim() === '') return { kind: 'end', text: '', at };
      this.#token = { kind: 'sign', text: rest.trim()[0], at };
      throw this.#error('a column, a comparison or a value');
    }
    const at = this.#at + found[0].length - found[0].trimStart().length;
    this.#at = TOKEN.lastIndex;
    const [, word, number, single, double, sign] = found;
    if (word !== undefined) return { kind: 'word', text: word, at };
    if (number !== undefined) return { kind: 'number', text: number, at };
    if (sign !== undefined) return { kind: 'sign', text: sign, at };
    return { kind: 'text', text: single?.replaceAll("''", "'") ?? double.replaceAll('""', '"'), at };
  }

  #error(expected: string): UsageError {
    const { kind, text, at } = this.#token;
    const found = kind === 'end' ? 'the end' : `"${text}"`;
    return new UsageError(`filter: expected ${expected}, found ${found}\n  ${this.#text}\n  ${' '.repeat(at)}^`);
  }
}
