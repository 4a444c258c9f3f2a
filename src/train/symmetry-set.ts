import type { SymmetryFunction } from '../../potentials/hdnnp-model.ts';
import {
  compareSymmetryFunctions,
  parseSymmetryFunction,
} from '../../potentials/trained/n2p2/symmetry-function-lines.ts';
import { atomicNumber } from '../core/elements.ts';
import type { ConfigTable, ConfigValue } from './config-reader.ts';

/** A symmetry function and the element (atomic number) of the atoms it describes. */
interface CenteredFunction {
  readonly center: number;
  readonly symmetryFunction: SymmetryFunction;
}

/** Expands one entry of `symmetry_functions` for a set of elements. */
export type SymmetryEntry = (elements: readonly number[]) => CenteredFunction[];

/** The parameters of each type that a grid may vary, as n2p2's documentation names them; lengths in Å, eta in Å⁻². */
const PARAMETERS = {
  2: ['eta', 'rs', 'rc'],
  3: ['eta', 'lambda', 'zeta', 'rs', 'rc'],
  9: ['eta', 'lambda', 'zeta', 'rs', 'rc'],
  12: ['eta', 'rs', 'rc'],
  13: ['eta', 'rs', 'lambda', 'zeta', 'rc'],
} as const satisfies Record<number, readonly string[]>;
type GridType = keyof typeof PARAMETERS;
type Parameter = (typeof PARAMETERS)[GridType][number];

/** Neighbor elements that a function of this type names: one, an unordered pair, or none (weighted by atomic number). */
const NEIGHBORS: Readonly<Record<GridType, number>> = { 2: 1, 3: 2, 9: 2, 12: 0, 13: 0 };

const RANGES: Readonly<Record<Parameter, { min?: number; max?: number }>> = {
  eta: { min: 0 },
  rs: {},
  rc: { min: 0.1, max: 100 },
  lambda: { min: -1, max: 1 },
  zeta: { min: 0 },
};
const KEYS = ['type', 'center', 'neighbors', 'eta', 'rs', 'rc', 'lambda', 'zeta'] as const;

/** A `symfunction_short` line as in n2p2's `input.nn`, in Å; `path` is named in errors. */
export function readLine(value: ConfigValue, path: string): SymmetryEntry {
  const [keyword, ...words] = value.text().trim().split(/\s+/);
  if (keyword !== 'symfunction_short' && keyword !== 'symfunction')
    throw value.error('a table (type, eta, rs, rc …) or a line "symfunction_short …" of n2p2');
  return (elements) => [parseSymmetryFunction({ line: value.line, words }, path, elements)];
}

/** The functions of each element in n2p2's order, repeated ones once. */
export function symmetryFunctionsOf(
  entries: readonly SymmetryEntry[],
  elements: readonly number[],
): SymmetryFunction[][] {
  const all = entries.flatMap((entry) => entry(elements));
  return elements.map((z) => {
    const mine = all.filter(({ center }) => center === z).map(({ symmetryFunction }) => symmetryFunction);
    const sorted = mine.toSorted(compareSymmetryFunctions);
    return sorted.filter((f, k) => k === 0 || compareSymmetryFunctions(sorted[k - 1], f) !== 0);
  });
}

/** A grid: the product of all listed parameter values, for each center and each combination of neighbor elements. */
export function readGrid(value: ConfigValue): SymmetryEntry {
  const table = value.table(KEYS);
  const type = gridType(table.need('type'));
  const names: readonly Parameter[] = PARAMETERS[type];
  for (const name of ['eta', 'rs', 'rc', 'lambda', 'zeta'] as const) {
    const given = table.get(name);
    if (given && !names.includes(name)) throw given.error(`no ${name} for symmetry functions of type ${type}`);
  }
  const points = product(names.map((name) => parameterValues(table, name)));
  const centers = table.get('center')?.items().map(element);
  const neighbors = neighborSets(table.get('neighbors'), NEIGHBORS[type]);
  return (elements) =>
    (centers ?? elements).flatMap((center) =>
      (neighbors ?? combinations(elements, NEIGHBORS[type])).flatMap((around) =>
        points.map((point) => ({ center, symmetryFunction: build(type, around, names, point) })),
      ),
    );
}

function gridType(value: ConfigValue): GridType {
  const type = value.number({ integer: true });
  if (type in PARAMETERS) return type as GridType;
  throw value.error(`a symmetry function type of ${Object.keys(PARAMETERS).join(', ')}`);
}

function parameterValues(table: ConfigTable<(typeof KEYS)[number]>, name: Parameter): number[] {
  const value = name === 'rs' ? table.get(name) : table.need(name);
  if (!value) return [0];
  const numbers = value.items().map((item) => item.number(RANGES[name]));
  if (numbers.length === 0) throw value.error('at least one number');
  return numbers;
}

function element(value: ConfigValue): number {
  const z = atomicNumber(value.text());
  if (z === 0) throw value.error('an element symbol');
  return z;
}

/** `neighbors: Si`, `[Si, O]` (one neighbor each, or one pair) or `[[Si, Si], [Si, O]]`. */
function neighborSets(value: ConfigValue | undefined, count: number): number[][] | undefined {
  if (!value) return undefined;
  if (count === 0) throw value.error('no neighbors: functions of this type sum over all elements');
  const items = value.items();
  const sets =
    count === 1 || items.some((item) => item.isList)
      ? items.map((item) => item.items().map(element))
      : [items.map(element)];
  for (const set of sets) if (set.length !== count) throw value.error(count === 1 ? 'elements' : 'pairs of elements');
  return sets.map((set) => set.toSorted((a, b) => a - b));
}

/** All unordered choices of `count` elements with repetition. */
function combinations(elements: readonly number[], count: number): number[][] {
  if (count === 0) return [[]];
  if (count === 1) return elements.map((z) => [z]);
  return elements.flatMap((a, k) => elements.slice(k).map((b) => [a, b].toSorted((x, y) => x - y)));
}

function product(lists: readonly number[][]): number[][] {
  return lists.reduce<number[][]>((rows, list) => rows.flatMap((row) => list.map((v) => [...row, v])), [[]]);
}

function build(
  type: GridType,
  around: readonly number[],
  names: readonly Parameter[],
  point: readonly number[],
): SymmetryFunction {
  const values = Object.fromEntries(names.map((name, k) => [name, point[k]]));
  const who = around.length === 0 ? {} : around.length === 1 ? { e1: around[0] } : { e1: around[0], e2: around[1] };
  return { type, ...who, ...values } as SymmetryFunction;
}
