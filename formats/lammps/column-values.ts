import type { PerAtom } from '../../src/core/frame.ts';
import { type ColumnPlan, isIntegerColumn, type Triple } from './columns.ts';

/** Rows of a step: a table (natoms, columns), row-major, with the words of text columns and integers beyond 2^53. */
export interface StepRows {
  readonly columns: number;
  readonly data: Float64Array;
  readonly words: readonly (readonly string[] | undefined)[];
  readonly bigs: ReadonlyMap<number, bigint>;
}

/** How an error at a row (from 0) of a step is made. */
export type RowError = (row: number, message: string) => Error;

/** Largest 64-bit integer. */
const INT64 = 2n ** 63n;

/** One column as (n), times `factor`. */
export function pickColumn(rows: StepRows, natoms: number, column: number, factor = 1): Float64Array {
  const { data, columns } = rows;
  const out = new Float64Array(natoms);
  for (let row = 0, k = column; row < natoms; row++, k += columns) out[row] = data[k];
  return factor === 1 ? out : times(out, factor);
}

/** Three columns as (n,3), times `factor`. */
export function pickTriple(rows: StepRows, natoms: number, [a, b, c]: Triple, factor = 1): Float64Array {
  const { data, columns } = rows;
  const out = new Float64Array(3 * natoms);
  for (let k = 0, from = 0; k < out.length; k += 3, from += columns) {
    out[k] = data[from + a];
    out[k + 1] = data[from + b];
    out[k + 2] = data[from + c];
  }
  return factor === 1 ? out : times(out, factor);
}

function times(values: Float64Array, factor: number): Float64Array {
  for (let k = 0; k < values.length; k++) values[k] *= factor;
  return values;
}

/** Cartesian positions (n,3) from fractions of the box: origin + s·H. In place. */
export function fromScaled(s: Float64Array, cell: Float64Array, origin: ArrayLike<number>): Float64Array {
  for (let k = 0; k < s.length; k += 3) {
    const a = s[k];
    const b = s[k + 1];
    const c = s[k + 2];
    s[k] = origin[0] + a * cell[0] + b * cell[3] + c * cell[6];
    s[k + 1] = origin[1] + a * cell[1] + b * cell[4] + c * cell[7];
    s[k + 2] = origin[2] + a * cell[2] + b * cell[5] + c * cell[8];
  }
  return s;
}

/** A column as it goes into `arrays`: words, integers (64 bit where needed) or doubles. */
export function perAtom(rows: StepRows, plan: ColumnPlan, column: number, natoms: number, fail: RowError): PerAtom {
  const words = rows.words[column];
  const { data, columns } = rows;
  if (words)
    return { columns: 1, data: Array.from({ length: natoms }, (_, row) => words[data[row * columns + column]]) };
  const name = plan.names[column];
  if (!isIntegerColumn(name)) return { columns: 1, data: pickColumn(rows, natoms, column) };
  const small = new Int32Array(natoms);
  for (let row = 0, k = column; row < natoms; row++, k += columns) {
    const value = data[k];
    small[row] = value;
    if (small[row] === value) continue;
    if (Number.isInteger(value)) return { columns: 1, data: bigColumn(rows, natoms, column, fail) };
    if (name === 'id' || name === 'type') throw fail(row, `expected an integer ${name}, found ${value}`);
    return { columns: 1, data: pickColumn(rows, natoms, column) };
  }
  return { columns: 1, data: small };
}

function bigColumn(rows: StepRows, natoms: number, column: number, fail: RowError): BigInt64Array {
  const out = new BigInt64Array(natoms);
  for (let row = 0, k = column; row < natoms; row++, k += rows.columns) {
    const value = rows.data[k];
    const big = rows.bigs.get(k) ?? (Number.isInteger(value) ? BigInt(value) : undefined);
    if (big === undefined || big >= INT64 || big < -INT64)
      throw fail(row, `expected an integer of 64 bits in column ${column + 1}, found ${big ?? value}`);
    out[row] = big;
  }
  return out;
}
