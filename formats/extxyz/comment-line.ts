import type { InfoValue } from '../../src/core/frame.ts';
import type { TextScanner } from '../../src/scan/text-scanner.ts';
import { CommentError, type Pair, parseComment } from './comment.ts';
import { CommentShape } from './comment-shape.ts';
import { type ForeignComment, foreignComment } from './foreign-comments.ts';
import type { CommentLine } from './frame-comment.ts';
import { LAYOUT, type Layout } from './layout.ts';
import { type ColumnPlan, PLAIN_XYZ, parseProperties } from './properties.ts';

type Note = CommentLine['notes'][number];

/** Keys that become fields of a frame; every other key stays in info. */
const STRUCTURE_KEYS = ['Lattice', 'Properties', 'pbc'];
const MISSPELT_KEY = /^(lattice|properties|pbc)$/i;
/** Keys of which two different values are refused, not reported. */
const DECIDING_KEY = /energy|stress|virial|^(Lattice|Properties|pbc)$/i;

/** What a comment line leaves for the next one, which mostly says the same. */
export interface CommentMemory {
  shape?: CommentShape | undefined;
  /** Lines one after the other that did not have the shape of the one before. */
  misses?: number;
  plan?: ColumnPlan;
  properties?: string;
  layout?: Layout;
}

/** A file in which so many lines one after the other differ in more than numbers gets no further shape. */
const MOST_MISSES = 16;

/** Reads the current line of the scanner. */
export function readComment(scanner: TextScanner, memory: CommentMemory): CommentLine {
  const known = memory.shape?.read(scanner);
  if (known) memory.misses = 0;
  return known ?? parseLine(scanner, memory);
}

function parseLine(scanner: TextScanner, memory: CommentMemory): CommentLine {
  const text = scanner.text();
  const fail = (message: string) => scanner.error(message);
  const foreign = foreignComment(text, fail);
  const pairs = foreign ? [] : pairsOf(text, fail);
  if (!pairs || foreign) return plainComment(scanner.lineNumber, text, foreign);
  const notes: Note[] = [];
  const unique = withoutDuplicates(pairs, notes, fail);
  const properties = unique.get('Properties')?.value;
  if (properties !== undefined && typeof properties !== 'string')
    throw fail(`expected Properties as name:type:count triplets, found "${String(properties)}"`);
  const plan = planOf(properties, memory, fail);
  const cell = latticeOf(unique.get('Lattice'), notes, fail);
  const pbc = pbcOf(unique.get('pbc')?.value, fail);
  if (pbc?.includes(true) && !cell) notes.push(note('pbc-without-cell', 'pbc is true but there is no Lattice'));
  for (const { key, bare } of unique.values()) {
    if (bare) notes.push(note('bare-key', `"${key}" has no value: read as ${key}=T`));
    if (!MISSPELT_KEY.test(key) || STRUCTURE_KEYS.includes(key)) continue;
    const meant = STRUCTURE_KEYS.find((name) => name.toLowerCase() === key.toLowerCase());
    if (meant && !unique.has(meant)) notes.push(note('key-case', `${key} is not ${meant}: kept as it is, not used`));
  }
  if (text.includes('\ufffd')) notes.push(note('not-utf8', 'the comment line is not UTF-8: some characters are lost'));
  const lammps = unique.has('Timestep') && (unique.has('Potential_energy') || unique.has('Stress'));
  if (lammps && unique.has('Stress'))
    notes.push(
      note(
        'lammps-stress',
        'Stress is the pressure of LAMMPS in its own unit, with the kinetic part: not used as a label',
      ),
    );
  const info = infoOf(unique, layoutOf(unique, plan, memory));
  const comment = { line: scanner.lineNumber, plan, cell, pbc, info, foreign: undefined, lammps, notes };
  memory.misses = (memory.misses ?? 0) + 1;
  memory.shape = memory.misses > MOST_MISSES ? undefined : CommentShape.of(text, pairs, comment);
  return comment;
}

const note = (code: string, message: string): Note => ({ code, message, once: true });

/** The pairs, or undefined for a comment that is free text: no Properties, no Lattice, and not all of it key=value. */
function pairsOf(text: string, fail: (message: string) => Error): Pair[] | undefined {
  const declared = /(^|\s)"?(Properties|Lattice)"?\s*=/.test(text);
  try {
    const pairs = parseComment(text);
    return declared || pairs.every((pair) => !pair.bare) ? pairs : undefined;
  } catch (error) {
    if (!(error instanceof CommentError)) throw error;
    if (declared) throw fail(error.message);
    return undefined;
  }
}

function plainComment(line: number, text: string, foreign: ForeignComment | undefined): CommentLine {
  const keys = foreign?.info ?? { comment: text.trim() };
  const layout = { keys: Object.keys(keys), reals: NONE, bracketed: NONE, columns: PLAIN_XYZ.columns };
  const empty = { cell: undefined, pbc: undefined, lammps: false, notes: [] };
  return { ...empty, line, plan: PLAIN_XYZ, info: { ...keys, [LAYOUT]: layout }, foreign };
}

function withoutDuplicates(pairs: readonly Pair[], notes: Note[], fail: (message: string) => Error) {
  const unique = new Map<string, Pair>();
  for (const pair of pairs) {
    const { key, value } = pair;
    const before = unique.get(key);
    if (before) {
      const [a, b] = [before.value, value].map((v) => (typeof v === 'object' ? `[${String(v)}]` : String(v)));
      if (a !== b && DECIDING_KEY.test(key)) throw fail(`expected each key once, found ${key} twice (${a} and ${b})`);
      notes.push({
        code: 'duplicate-key',
        message: `duplicate key ${key} (${a} and ${b}): the last is kept`,
        once: false,
      });
    }
    unique.set(key, pair);
  }
  return unique;
}

function latticeOf(pair: Pair | undefined, notes: Note[], fail: (message: string) => Error): Float64Array | undefined {
  if (!pair) return undefined;
  const items: readonly InfoValue[] = Array.isArray(pair.value) ? pair.value : [];
  const nested = items.some(Array.isArray);
  const numbers = (nested ? items.flat(2) : items).map(Number);
  if (![3, 9].includes(numbers.length) || !numbers.every(Number.isFinite)) {
    const found = Array.isArray(pair.value) ? `${numbers.length} values` : `"${String(pair.value).slice(0, 60)}"`;
    throw fail(`expected 9 finite numbers in Lattice, found ${found}`);
  }
  if (numbers.length === 3) {
    notes.push(note('lattice-diagonal', 'Lattice has three numbers: read as the diagonal of the cell'));
    return Float64Array.of(numbers[0], 0, 0, 0, numbers[1], 0, 0, 0, numbers[2]);
  }
  if (nested)
    notes.push(
      note(
        'lattice-brackets',
        'Lattice in double brackets means rows to some programs and columns to others: read as rows',
      ),
    );
  if (numbers.every((x) => x === 0)) {
    notes.push(note('zero-lattice', 'Lattice is all zero: no cell'));
    return undefined;
  }
  return new Float64Array(numbers);
}

function pbcOf(
  value: InfoValue | undefined,
  fail: (message: string) => Error,
): readonly [boolean, boolean, boolean] | undefined {
  if (value === undefined) return undefined;
  const flags = Array.isArray(value) ? (value as readonly InfoValue[]) : [value, value, value];
  if (flags.length !== 3 || !flags.every((f) => f === true || f === false || f === 0 || f === 1))
    throw fail(`expected three of T and F in pbc, found "${String(value)}"`);
  return [
    flags[0] === true || flags[0] === 1,
    flags[1] === true || flags[1] === 1,
    flags[2] === true || flags[2] === 1,
  ];
}

const NONE: ReadonlySet<string> = new Set();

/** The layout of the frame before, if this one is written the same way. */
function layoutOf(unique: ReadonlyMap<string, Pair>, plan: ColumnPlan, memory: CommentMemory): Layout {
  const { layout: last } = memory;
  const pairs = [...unique.values()];
  if (
    last?.columns === plan.columns &&
    last.keys.length === pairs.length &&
    pairs.every(
      ({ key, real, bracketed }, k) =>
        last.keys[k] === key && last.reals.has(key) === real && last.bracketed.has(key) === bracketed,
    )
  )
    return last;
  const layout = {
    keys: pairs.map((pair) => pair.key),
    reals: new Set(pairs.filter((pair) => pair.real).map((pair) => pair.key)),
    bracketed: new Set(pairs.filter((pair) => pair.bracketed).map((pair) => pair.key)),
    columns: plan.columns,
  };
  memory.layout = layout;
  return layout;
}

function planOf(properties: string | undefined, memory: CommentMemory, fail: (message: string) => Error): ColumnPlan {
  if (properties === undefined) return PLAIN_XYZ;
  if (memory.plan === undefined || memory.properties !== properties) {
    memory.plan = parseProperties(properties, fail);
    memory.properties = properties;
  }
  return memory.plan;
}

function infoOf(unique: ReadonlyMap<string, Pair>, layout: Layout): Record<string, InfoValue> {
  const info: Record<PropertyKey, unknown> = { [LAYOUT]: layout };
  for (const { key, value } of unique.values()) {
    if (STRUCTURE_KEYS.includes(key)) continue;
    if (key === '__proto__') Object.defineProperty(info, key, { value, enumerable: true, writable: true });
    else info[key] = value;
  }
  return info as Record<string, InfoValue>;
}
