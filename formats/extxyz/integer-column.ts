/** A column of integers: 32 bits until one needs more, then 64 bits. */
export type IntegerColumn = Int32Array | BigInt64Array;

/** The integer that a word is; undefined where it is none of 64 bits. */
export function integerOf(word: string): bigint | undefined {
  const value = /^[+-]?\d{1,19}$/.test(word) ? BigInt(word.replace('+', '')) : undefined;
  return value !== undefined && BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Puts an integer into a column, which becomes one of 64 bits where it needs them. */
export function withInteger(column: IntegerColumn, value: bigint, place: number): IntegerColumn {
  if (column instanceof Int32Array && value >= -0x80000000n && value <= 0x7fffffffn) {
    column[place] = Number(value);
    return column;
  }
  const wide = column instanceof BigInt64Array ? column : BigInt64Array.from(column, BigInt);
  wide[place] = value;
  return wide;
}

/** Puts integers, as doubles, into a column, which becomes one of 64 bits where they need it. */
export function withIntegers(column: IntegerColumn, values: Float64Array, at: number): IntegerColumn {
  const wide =
    column instanceof BigInt64Array || values.every((v) => v === (v | 0)) ? column : BigInt64Array.from(column, BigInt);
  if (wide instanceof BigInt64Array) for (let k = 0; k < values.length; k++) wide[at + k] = BigInt(values[k]);
  else wide.set(values, at);
  return wide;
}
