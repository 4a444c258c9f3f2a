import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { FormatError } from '../core/errors.ts';

export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** A value of a YAML file that knows its line. */
export class ConfigValue {
  readonly name: string;
  readonly #node: Node | null;
  readonly #file: ConfigFile;

  constructor(file: ConfigFile, node: Node | null, name: string) {
    this.#file = file;
    this.#node = node;
    this.name = name;
  }

  error(expected: string): FormatError {
    const shown = this.#node === null ? 'nothing' : JSON.stringify(this.#node.toJSON())?.slice(0, 60);
    return this.#file.error(this.#node, `${this.name}: expected ${expected}, found ${shown}`);
  }

  /** From 1. */
  get line(): number {
    return this.#file.lineOf(this.#node);
  }

  get isMap(): boolean {
    return isMap(this.#node);
  }

  get isList(): boolean {
    return isSeq(this.#node);
  }

  /** As plain JSON, for reading further elsewhere. */
  plain(): unknown {
    return this.#node === null ? null : this.#node.toJSON();
  }

  number(range: NumberRange = {}): number {
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    const { min = -Infinity, max = Infinity, integer = false } = range;
    const fits = typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;
    if (fits && (!integer || Number.isInteger(value))) return value;
    throw this.error(`${integer ? 'an integer' : 'a number'}${describeRange(min, max)}`);
  }

  text(choices?: readonly string[]): string {
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    if (typeof value === 'string' && (!choices || choices.includes(value))) return value;
    throw this.error(choices ? `one of ${choices.join(', ')}` : 'a text');
  }

  list(): ConfigValue[] {
    if (!isSeq(this.#node)) throw this.error('a list');
    return this.#node.items.map((item, k) => new ConfigValue(this.#file, item as Node | null, `${this.name}[${k}]`));
  }

  /** The items of a list, or the value itself as the only one. */
  items(): ConfigValue[] {
    return this.isList ? this.list() : [this];
  }

  /** All keys and values of a table with free keys. */
  entries(): [string, ConfigValue][] {
    if (!isMap(this.#node)) throw this.error('a table');
    return this.#node.items.map(({ key, value }) => {
      const word = isScalar(key) ? String(key.value) : '';
      return [word, new ConfigValue(this.#file, value as Node | null, `${this.name}.${word}`)];
    });
  }

  /** A table whose keys must all be in `known`. */
  table<K extends string>(known: readonly K[]): ConfigTable<K> {
    if (!isMap(this.#node)) throw this.error(`a table with the keys ${known.join(', ')}`);
    return new ConfigTable(this.#file, this.#node, this.name, known);
  }
}

/** A table with known keys. */
class ConfigTable<K extends string> {
  readonly #values = new Map<string, ConfigValue>();
  readonly #missing: (key: string) => FormatError;

  constructor(file: ConfigFile, node: YAMLMap, name: string, known: readonly K[]) {
    const prefix = name === '' ? '' : `${name}.`;
    for (const { key, value } of node.items) {
      const word = isScalar(key) ? String(key.value) : '';
      if (!known.includes(word as K))
        throw file.error(key as Node, `${prefix}${word}: unknown key, expected one of ${known.join(', ')}`);
      this.#values.set(word, new ConfigValue(file, value as Node | null, `${prefix}${word}`));
    }
    this.#missing = (key) => file.error(node, `expected the key ${prefix}${key}`);
  }

  get(key: K): ConfigValue | undefined {
    return this.#values.get(key);
  }

  need(key: K): ConfigValue {
    const value = this.#values.get(key);
    if (!value) throw this.#missing(key);
    return value;
  }

  /** The number of this key, or `otherwise` when it is not there. */
  number(key: K, otherwise: number, range: NumberRange = {}): number {
    return this.#values.get(key)?.number(range) ?? otherwise;
  }
}

export type { ConfigTable };

/** A YAML file with positions. */
class ConfigFile {
  readonly path: string;
  /** What kind of file it is, for errors. */
  readonly format: string;
  readonly lines = new LineCounter();

  constructor(path: string, format: string) {
    this.path = path;
    this.format = format;
  }

  error(node: Node | null, message: string): FormatError {
    return new FormatError(this.format, { path: this.path, line: this.lineOf(node) }, message);
  }

  lineOf(node: Node | null): number {
    const offset = node?.range?.[0];
    return offset === undefined ? 1 : Math.max(1, this.lines.linePos(offset).line);
  }
}

/** The root of a YAML text; syntax errors and repeated keys become FormatErrors with their line. */
export function readConfig(text: string, path: string, format = 'train config'): ConfigValue {
  const file = new ConfigFile(path, format);
  const document = parseDocument(text, { lineCounter: file.lines, prettyErrors: false });
  const [error] = document.errors;
  if (error)
    throw new FormatError(format, { path, line: Math.max(1, file.lines.linePos(error.pos[0]).line) }, error.message);
  return new ConfigValue(file, document.contents as Node | null, '');
}

function describeRange(min: number, max: number): string {
  if (min === -Infinity && max === Infinity) return '';
  if (max === Infinity) return ` of at least ${min}`;
  if (min === -Infinity) return ` of at most ${max}`;
  return ` from ${min} to ${max}`;
}
