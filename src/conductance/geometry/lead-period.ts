/** Distance (Å) up to which two atoms count as the same of two crystal periods. */
const SAME = 0.05;
/** Shortest crystal period that is looked for, Å. */
const SHORTEST = 1;

/**
 * Length along z (Å) of a grip (n,3) in whole crystal periods: with it, shifted copies of the grip continue its crystal. Found as the
 * smallest shift that maps the grip onto itself; needs two periods in the grip. Undefined where there is none.
 */
export function findLeadPeriod(grip: Float64Array): number | undefined {
  const n = grip.length / 3;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let lowest = 0;
  for (let i = 0; i < n; i++) {
    const z = grip[3 * i + 2];
    high = Math.max(high, z);
    if (z >= low) continue;
    low = z;
    lowest = i;
  }
  const extent = high - low;
  const shifts: number[] = [];
  for (let i = 0; i < n; i++) {
    const d = grip[3 * i + 2] - grip[3 * lowest + 2];
    const aside = Math.hypot(grip[3 * i] - grip[3 * lowest], grip[3 * i + 1] - grip[3 * lowest + 1]);
    // A period of at most 2/3 of the extent leaves at least a third of the grip to be mapped.
    if (d > SHORTEST && d < 0.7 * extent && aside < SAME) shifts.push(d);
  }
  for (const shift of shifts.sort((p, q) => p - q)) {
    const period = meanShift(grip, shift, high);
    if (period !== undefined) return (Math.floor(extent / period + 0.02) + 1) * period;
  }
  return undefined;
}

/** Mean distance of the atoms that the shift maps onto each other; undefined when one is mapped onto none. */
function meanShift(grip: Float64Array, shift: number, high: number): number | undefined {
  const n = grip.length / 3;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < n; i++) {
    const z = grip[3 * i + 2] + shift;
    if (z > high + SAME) continue;
    let match = -1;
    for (let j = 0; j < n && match < 0; j++)
      if (
        Math.abs(grip[3 * j + 2] - z) < SAME &&
        Math.hypot(grip[3 * j] - grip[3 * i], grip[3 * j + 1] - grip[3 * i + 1]) < SAME
      )
        match = j;
    if (match < 0) return undefined;
    sum += grip[3 * match + 2] - grip[3 * i + 2];
    count++;
  }
  return count > 0 ? sum / count : undefined;
}
