import { levenbergMarquardt } from 'ml-levenberg-marquardt';
import { centerOf, type Histogram, widthOf } from './histogram.ts';

/** One Gaussian of the sum that is fitted to a histogram. */
interface Peak {
  /** In the unit of the histogram. */
  readonly position: number;
  /** Standard deviation, in the unit of the histogram. */
  readonly width: number;
  /** Counts per trace under it. */
  readonly area: number;
}

export interface PeakFit {
  readonly peaks: readonly Peak[];
  /** Densities of the sum at the middles of the bins; NaN where nothing was fitted. */
  readonly curve: Float64Array;
}

/** Parts of the range of the histogram: smoothing and first width of a peak, and its bounds. */
const SMOOTH = 0.02;
const FIRST_WIDTH = 0.03;
const WIDEST = 0.06;
/** How far a peak may move from where it was first seen. */
const REACH = 0.06;
/** A maximum counts when it stands above the higher of its neighboring minima by this part of the highest, and by three times its error. */
const STANDS_OUT = 0.03;
const MOST = 10;
const ITERATIONS = 200;

/**
 * Fits a sum of Gaussians to the density of a histogram (counts / (traces × unit)), weighted by its errors, one for each maximum of
 * the smoothed density. What falls off from the lower end (open contacts) is no peak and is left out of the fit. Without a maximum
 * there are no peaks.
 */
export function fitPeaks(h: Histogram): PeakFit {
  const { bins, counts, errors, traces } = h;
  const range = bins.high - bins.low;
  const scale = 1 / (Math.max(1, traces) * widthOf(bins));
  const x = Float64Array.from({ length: bins.count }, (_, k) => centerOf(bins, k));
  const density = counts.map((count) => count * scale);
  const smooth = smoothed(density, (SMOOTH * range) / widthOf(bins));
  const first = afterFall(smooth);
  const starts = maxima(smooth, smoothedError(errors, scale, (SMOOTH * range) / widthOf(bins)), first);
  const curve = new Float64Array(bins.count).fill(Number.NaN);
  if (starts.length === 0) return { peaks: [], curve };
  const initial = starts.flatMap((k) => [smooth[k], x[k], FIRST_WIDTH * range]);
  const bound = (height: number, position: number, width: number) =>
    starts.flatMap((k) => [height, x[k] + position, width]);
  const highest = smooth.reduce((a, b) => Math.max(a, b), 0);
  const typical = errors.reduce((a, b) => Math.max(a, b * scale), 0) || highest || 1;
  // Bins without counts have no spread of their own: a tenth of the largest stands for it.
  const sigma = errors.map((error) => Math.max(error * scale, 0.1 * typical));
  const bin = (k: number) => first + Math.round(k);
  // Divided by the errors here: the weights of the library scale gradient and curvature differently.
  const fit = levenbergMarquardt(
    {
      x: Float64Array.from({ length: bins.count - first }, (_, k) => k),
      y: density.subarray(first).map((value, k) => value / sigma[bin(k)]),
    },
    (p) => {
      const sum = sumOfGaussians(p);
      return (k) => sum(x[bin(k)]) / sigma[bin(k)];
    },
    {
      initialValues: initial,
      minValues: bound(0, -REACH * range, widthOf(bins)),
      maxValues: bound(2 * highest, REACH * range, WIDEST * range),
      jacobianFunction: (p) => {
        const slopes = gaussianSlopes(p);
        return (k) => slopes(x[bin(k)]).map((slope) => slope / sigma[bin(k)]);
      },
      maxIterations: ITERATIONS,
      errorTolerance: 0,
      improvementThreshold: 1e-4,
    },
  );
  const values = fit.parameterValues;
  const at = sumOfGaussians(values);
  for (let k = first; k < bins.count; k++) curve[k] = at(x[k]);
  const peaks = starts.map((_, n) => ({
    position: values[3 * n + 1],
    width: values[3 * n + 2],
    area: values[3 * n] * values[3 * n + 2] * Math.sqrt(2 * Math.PI),
  }));
  return { peaks: peaks.sort((p, q) => p.position - q.position), curve };
}

/** Parameters height, position, width of each. */
function sumOfGaussians(p: ArrayLike<number>): (x: number) => number {
  return (x) => {
    let sum = 0;
    for (let n = 0; n < p.length; n += 3) sum += p[n] * Math.exp(-0.5 * ((x - p[n + 1]) / p[n + 2]) ** 2);
    return sum;
  };
}

function gaussianSlopes(p: ArrayLike<number>): (x: number) => number[] {
  return (x) => {
    const slopes: number[] = [];
    for (let n = 0; n < p.length; n += 3) {
      const d = (x - p[n + 1]) / p[n + 2];
      const value = Math.exp(-0.5 * d * d);
      slopes.push(value, (p[n] * value * d) / p[n + 2], (p[n] * value * d * d) / p[n + 2]);
    }
    return slopes;
  };
}

/** By a Gaussian of `sigma` bins; beyond the ends the first and the last value go on. */
function smoothed(values: Float64Array, sigma: number): Float64Array {
  const reach = Math.ceil(4 * sigma);
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const total = weights.reduce((a, b) => a + b, 0);
  const last = values.length - 1;
  return values.map((_, k) => {
    let sum = 0;
    for (let i = -reach; i <= reach; i++) sum += weights[i + reach] * values[Math.min(last, Math.max(0, k + i))];
    return sum / total;
  });
}

/** Error of smoothed values whose errors are independent of each other. */
function smoothedError(errors: Float64Array, scale: number, sigma: number): Float64Array {
  const spread = smoothed(
    errors.map((error) => (error * scale) ** 2),
    sigma,
  );
  return spread.map((variance) => Math.sqrt(variance / Math.max(1, 2 * sigma * Math.sqrt(Math.PI))));
}

/** The first bin from which the values no longer fall. */
function afterFall(values: Float64Array): number {
  let k = 0;
  while (k + 1 < values.length && values[k + 1] < values[k]) k++;
  return k + 1 < values.length ? k : 0;
}

function maxima(values: Float64Array, errors: Float64Array, first: number): number[] {
  const highest = values.subarray(first).reduce((a, b) => Math.max(a, b), 0);
  const found: number[] = [];
  for (let k = Math.max(1, first + 1); k + 1 < values.length; k++) {
    if (!(values[k] > values[k - 1] && values[k] >= values[k + 1])) continue;
    const prominence = values[k] - Math.max(valley(values, k, -1, first), valley(values, k, 1, first));
    if (prominence > Math.max(STANDS_OUT * highest, 3 * errors[k])) found.push(k);
  }
  return found
    .sort((a, b) => values[b] - values[a])
    .slice(0, MOST)
    .sort((a, b) => a - b);
}

/** The lowest value on the way to a higher one, or to the end. */
function valley(values: Float64Array, from: number, step: 1 | -1, first: number): number {
  let lowest = values[from];
  for (let k = from + step; k >= first && k < values.length && values[k] <= values[from]; k += step)
    lowest = Math.min(lowest, values[k]);
  return lowest;
}
