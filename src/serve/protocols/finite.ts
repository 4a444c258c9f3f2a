/** Index of the first value that is NaN or infinite; -1 = none. Four sums, because each addition would wait for the one before. */
export function firstNotFinite(values: Float64Array): number {
  const n = values.length;
  const whole = n - (n % 4);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let k = 0; k < whole; k += 4) {
    a += values[k] * 0;
    b += values[k + 1] * 0;
    c += values[k + 2] * 0;
    d += values[k + 3] * 0;
  }
  for (let k = whole; k < n; k++) a += values[k] * 0;
  return a + b + c + d === 0 ? -1 : values.findIndex((value) => !Number.isFinite(value));
}
