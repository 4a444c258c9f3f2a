import { atomicNumber } from '../../src/core/elements.ts';
import { UsageError } from '../../src/core/errors.ts';
import type { ColumnKind } from './rows.ts';

/** The columns of a dump by their role in a Frame; numbers are places in the row. */
export interface ColumnPlan {
  readonly names: readonly string[];
  readonly kinds: readonly ColumnKind[];
  readonly id: number;
  readonly type: number;
  readonly element: number;
  readonly mass: number;
  readonly charge: number;
  /** The first complete set of x, xu, xs, xsu; undefined = there is none. */
  readonly position?: PositionColumns;
  readonly velocity?: Triple;
  readonly force?: Triple;
  /** Columns that stay in `arrays` under their names. */
  readonly rest: readonly number[];
}

interface PositionColumns {
  readonly at: Triple;
  readonly names: readonly string[];
  readonly scaled: boolean;
}

export type Triple = readonly [number, number, number];

/** Order of preference: wrapped, unwrapped, scaled wrapped, scaled unwrapped. One set is used whole, never a mixture. */
const POSITION_SETS: readonly { names: readonly [string, string, string]; scaled: boolean }[] = [
  { names: ['x', 'y', 'z'], scaled: false },
  { names: ['xu', 'yu', 'zu'], scaled: false },
  { names: ['xs', 'ys', 'zs'], scaled: true },
  { names: ['xsu', 'ysu', 'zsu'], scaled: true },
];

/** Columns whose values are words. */
const TEXT = new Set(['element', 'typelabel']);
/** Columns that LAMMPS itself writes as numbers: a word there is damage (manual page "dump"). */
const NUMERIC =
  /^(id|mol|proc|procp1|mass|[xyz](s|u|su)?|i[xyz]|v[xyz]|f[xyz]|q|mu[xyz]?|radius|diameter|omega[xyz]|angmom[xyz]|tq[xyz]|[cfvdi]2?_.+)$/;
/** Columns of integers (manual page "dump"). */
const INTEGER = /^(id|mol|type|proc|procp1|i[xyz]|i2?_.+)$/;

export function isIntegerColumn(name: string): boolean {
  return INTEGER.test(name);
}

/** Gives each column its role. Names must be unique. */
export function planColumns(names: readonly string[]): ColumnPlan {
  const at = new Map(names.map((name, k) => [name, k]));
  const place = (name: string) => at.get(name) ?? -1;
  const triple = (wanted: readonly string[]): Triple | undefined => {
    const [a, b, c] = wanted.map(place);
    return a < 0 || b < 0 || c < 0 ? undefined : [a, b, c];
  };
  const used = new Set<number>();
  const position = POSITION_SETS.flatMap(({ names: set, scaled }) => {
    const columns = triple(set);
    return columns ? [{ at: columns, names: set, scaled }] : [];
  })[0];
  const velocity = triple(['vx', 'vy', 'vz']);
  const force = triple(['fx', 'fy', 'fz']);
  const [element, mass, charge] = ['element', 'mass', 'q'].map(place);
  for (const columns of [position?.at, velocity, force, [element, mass, charge]])
    for (const k of columns ?? []) used.add(k);
  return {
    names,
    kinds: names.map((name) => (TEXT.has(name) ? 'text' : NUMERIC.test(name) ? 'number' : 'either')),
    id: place('id'),
    type: place('type'),
    element,
    mass,
    charge,
    ...(position && { position }),
    ...(velocity && { velocity }),
    ...(force && { force }),
    rest: names.map((_, k) => k).filter((k) => !used.has(k)),
  };
}

/** Atomic numbers of the elements of a type map; `X` = unknown. Throws UsageError for a word that is no element. */
export function typeMapNumbers(typeMap: readonly string[]): Uint8Array {
  return Uint8Array.from(typeMap, (word) => {
    const z = atomicNumber(word);
    if (z === 0 && word !== 'X') throw new UsageError(`"${word}" in the type map is not an element symbol`);
    return z;
  });
}
