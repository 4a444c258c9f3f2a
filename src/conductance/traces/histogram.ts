import { seededRandom } from '../../core/random.ts';
import type { Trace } from './trace.ts';

/** Equal bins over a range; what lies outside is counted apart. */
export interface Bins {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export interface Histogram {
  readonly bins: Bins;
  readonly counts: Float64Array;
  readonly underflow: number;
  readonly overflow: number;
  readonly traces: number;
  /** Standard deviation of each count over resampled sets of traces. */
  readonly errors: Float64Array;
}

/** Rounding of a value at a border of bins, in bins. */
const EDGE = 1e-9;

/** Bin of a value: −1 below, `count` above; a value on a border belongs to the bin above it. */
export function binOf({ low, high, count }: Bins, value: number): number {
  const at = Math.floor(((value - low) / (high - low)) * count + EDGE);
  return at < 0 ? -1 : Math.min(at, count);
}

/** Middle of a bin. */
export function centerOf({ low, high, count }: Bins, k: number): number {
  return low + ((k + 0.5) * (high - low)) / count;
}

export function widthOf({ low, high, count }: Bins): number {
  return (high - low) / count;
}

/**
 * Counts of `values(trace)` over all traces, with bootstrap errors: traces, never points, are drawn again, because the frames of one
 * trace are nearly duplicates of each other.
 */
export function histogram(
  traces: readonly Trace[],
  bins: Bins,
  values: (trace: Trace) => Iterable<number>,
  { resamples = 200, seed = 1 }: { readonly resamples?: number; readonly seed?: number } = {},
): Histogram {
  const own = traces.map((trace) => {
    // below, bins, above
    const counts = new Float64Array(bins.count + 2);
    for (const value of values(trace)) counts[binOf(bins, value) + 1]++;
    return counts;
  });
  const total = new Float64Array(bins.count + 2);
  for (const counts of own) for (let k = 0; k < total.length; k++) total[k] += counts[k];
  return {
    bins,
    counts: total.slice(1, -1),
    underflow: total[0],
    overflow: total[total.length - 1],
    traces: traces.length,
    errors: bootstrapErrors(own, resamples, seed).slice(1, -1),
  };
}

function bootstrapErrors(own: readonly Float64Array[], resamples: number, seed: number): Float64Array {
  const size = own[0]?.length ?? 2;
  const sum = new Float64Array(size);
  const squares = new Float64Array(size);
  const here = new Float64Array(size);
  const random = seededRandom(seed);
  for (let r = 0; r < resamples; r++) {
    here.fill(0);
    for (let draw = 0; draw < own.length; draw++) {
      const counts = own[Math.floor(random() * own.length)];
      for (let k = 0; k < size; k++) here[k] += counts[k];
    }
    for (let k = 0; k < size; k++) {
      sum[k] += here[k];
      squares[k] += here[k] ** 2;
    }
  }
  return sum.map((s, k) =>
    resamples > 1 ? Math.sqrt(Math.max(0, squares[k] - s ** 2 / resamples) / (resamples - 1)) : 0,
  );
}

export interface Histogram2d {
  readonly x: Bins;
  readonly y: Bins;
  /** Row of y bins for each x bin. */
  readonly counts: Float64Array;
  /** Points outside the ranges. */
  readonly outside: number;
  readonly traces: number;
  /** Traces without the point that the others are aligned at. */
  readonly excluded: number;
}

/** log10 G against the displacement from each trace's zero; `zeroOf` gives it in Å, undefined excludes the trace. */
export function alignedHistogram(
  traces: readonly Trace[],
  { x, y }: { readonly x: Bins; readonly y: Bins },
  zeroOf: (trace: Trace) => number | undefined,
): Histogram2d {
  const counts = new Float64Array(x.count * y.count);
  let outside = 0;
  let used = 0;
  for (const trace of traces) {
    const zero = zeroOf(trace);
    if (zero === undefined) continue;
    used++;
    for (let k = 0; k < trace.conductance.length; k++) {
      const i = binOf(x, trace.displacement[k] - zero);
      const j = trace.conductance[k] > 0 ? binOf(y, Math.log10(trace.conductance[k])) : -1;
      if (i < 0 || i >= x.count || j < 0 || j >= y.count) outside++;
      else counts[i * y.count + j]++;
    }
  }
  return { x, y, counts, outside, traces: used, excluded: traces.length - used };
}

/**
 * Correlation of the counts of two bins over traces, C_ij = (⟨N_i N_j⟩ − ⟨N_i⟩⟨N_j⟩)/(σ_i σ_j) (P. Makk et al., ACS Nano 6, 3411
 * (2012)), row-major (count,count); NaN where the counts of a bin are the same in all traces.
 */
export function correlationMap(traces: readonly Trace[], bins: Bins): Float64Array {
  const n = bins.count;
  const sum = new Float64Array(n);
  const products = new Float64Array(n * n);
  const own = new Float64Array(n);
  for (const { conductance } of traces) {
    own.fill(0);
    for (const g of conductance) {
      const bin = binOf(bins, g);
      if (bin >= 0 && bin < n) own[bin]++;
    }
    for (let i = 0; i < n; i++) {
      sum[i] += own[i];
      for (let j = 0; j < n; j++) products[i * n + j] += own[i] * own[j];
    }
  }
  const count = traces.length;
  const covariance = (i: number, j: number) => products[i * n + j] / count - (sum[i] / count) * (sum[j] / count);
  const spread = Float64Array.from({ length: n }, (_, i) => Math.sqrt(Math.max(0, covariance(i, i))));
  return Float64Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    // Rounding of a count that never changes is no spread.
    const isFlat = spread[i] < 1e-9 || spread[j] < 1e-9;
    return isFlat ? Number.NaN : covariance(i, j) / (spread[i] * spread[j]);
  });
}
