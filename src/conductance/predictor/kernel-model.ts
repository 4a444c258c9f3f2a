import { PotentialError } from '../../core/errors.ts';

/** Kernel ridge regression: Σ_j weights_j exp(−|x − centers_j|²/(2 width²)). Far from all centers it is zero. */
export interface KernelModel {
  readonly inputs: number;
  readonly width: number;
  /** (n,inputs) row-major. */
  readonly centers: Float64Array;
  /** (n). */
  readonly weights: Float64Array;
}

/** Width of the kernel in inputs, and ridge, chosen by cross-validation over training trajectories. */
const KERNEL = { width: 2, ridge: 0.1 } as const;
/** Centers: the memory grows with their square. */
const MOST_CENTERS = 12_000;

/** Solves (K + ridge) weights = targets. Throws PotentialError for too many snapshots and for inputs that are no numbers. */
export function fitKernel(centers: Float64Array, targets: Float64Array, inputs: number): KernelModel {
  const n = targets.length;
  const { width, ridge } = KERNEL;
  if (n > MOST_CENTERS)
    throw new PotentialError(`${n} snapshots are too many for a kernel model (${MOST_CENTERS}): use --model neck`);
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++)
      lower[i * n + j] = Math.exp(-distance(centers, i, centers, j, inputs) / (2 * width * width));
    lower[i * n + i] = 1 + ridge;
  }
  factorize(lower, n);
  const weights = targets.slice();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) weights[i] -= lower[i * n + j] * weights[j];
    weights[i] /= lower[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    weights[i] /= lower[i * n + i];
    for (let j = 0; j < i; j++) weights[j] -= lower[i * n + j] * weights[i];
  }
  return { inputs, width, centers, weights };
}

export function evaluateKernel({ inputs, width, centers, weights }: KernelModel, x: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < weights.length; j++)
    sum += weights[j] * Math.exp(-distance(x, 0, centers, j, inputs) / (2 * width * width));
  return sum;
}

/** Squared distance of row i of a and row j of b. */
function distance(a: Float64Array, i: number, b: Float64Array, j: number, inputs: number): number {
  let sum = 0;
  for (let k = 0, p = i * inputs, q = j * inputs; k < inputs; k++, p++, q++) sum += (a[p] - b[q]) ** 2;
  return sum;
}

/** Cholesky factor of the lower triangle, in place. */
function factorize(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const [p, q] = [i * n, j * n];
      let sum = a[p + j];
      for (let k = 0; k < j; k++) sum -= a[p + k] * a[q + k];
      if (i !== j) a[p + j] = sum / a[q + j];
      else if (sum > 0) a[p + i] = Math.sqrt(sum);
      else throw new PotentialError('the kernel of the snapshots is not positive: an input is not a number');
    }
}
