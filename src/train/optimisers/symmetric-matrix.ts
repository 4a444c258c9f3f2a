import type { KalmanUpdate, KernelMatrix } from '../../../potentials/kernels/training/training-kernel.ts';
import { Covariance } from './covariance.ts';

/** The matrix of the optimisers in TypeScript: what the kernel must compute. */
export class SymmetricMatrix implements KernelMatrix {
  readonly #size: number;
  readonly #matrix: Covariance;

  constructor(size: number) {
    this.#size = size;
    this.#matrix = new Covariance(size, 0);
  }

  set(packed: Float64Array): void {
    const { values } = this.#matrix;
    for (let i = 0, at = 0; i < this.#size; i++)
      for (let j = 0; j <= i; j++, at++) {
        values[i * this.#size + j] = packed[at];
        values[j * this.#size + i] = packed[at];
      }
  }

  get(packed: Float64Array): void {
    for (let i = 0, at = 0; i < this.#size; i++, at += i)
      packed.set(this.#matrix.values.subarray(i * this.#size, i * this.#size + i + 1), at);
  }

  addRows(count: number, h: Float64Array): void {
    const n = this.#size;
    const columns = new Float64Array(n * count);
    for (let r = 0; r < count; r++) for (let i = 0; i < n; i++) columns[i * count + r] = h[r * n + i];
    this.#matrix.update(columns, count, -1, 1);
  }

  kalman({ h, errors, lambda, noise, limit }: KalmanUpdate, weights: Float64Array): boolean {
    const n = this.#size;
    const m = 4 * Math.ceil(errors.length / 4);
    const rows = new Float64Array(m * n);
    rows.set(h.subarray(0, errors.length * n));
    const y = new Float64Array(m * n);
    this.#matrix.multiply(rows, m, y);
    const a = innovation(rows, y, m, n, lambda);
    if (!cholesky(a, m)) return false;
    const x = new Float64Array(m);
    x.set(errors);
    solveLower(a, m, x);
    const zt = columnsOfLowerSolve(a, m, y, n);
    for (let k = 0; k < n; k++) {
      let step = 0;
      for (let r = 0; r < m; r++) step += zt[k * m + r] * x[r];
      weights[k] += step;
    }
    this.#matrix.update(zt, m, 1, this.#matrix.largestDiagonal() > limit ? 1 : lambda);
    this.#matrix.addDiagonal(noise);
    return true;
  }

  solve(add: Float64Array, x: Float64Array): boolean {
    const n = this.#size;
    const factor = this.#matrix.values.slice();
    for (let i = 0; i < n; i++) factor[i * n + i] += add[i];
    if (!cholesky(factor, n)) return false;
    solveLower(factor, n, x);
    for (let i = n - 1; i >= 0; i--) {
      x[i] /= factor[i * n + i];
      for (let k = 0; k < i; k++) x[k] -= factor[i * n + k] * x[i];
    }
    return true;
  }
}

/** A = Y Hᵀ + λ1, lower triangle. */
function innovation(h: Float64Array, y: Float64Array, m: number, n: number, lambda: number): Float64Array {
  const a = new Float64Array(m * m);
  for (let r = 0; r < m; r++) {
    for (let s = 0; s <= r; s++) {
      let sum = r === s ? lambda : 0;
      for (let k = 0; k < n; k++) sum += y[r * n + k] * h[s * n + k];
      a[r * m + s] = sum;
    }
  }
  return a;
}

/** Lower Cholesky factor of a (m, m) row-major matrix in place of its lower triangle; false when it is not positive definite. */
function cholesky(a: Float64Array, m: number): boolean {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * m + j];
      for (let k = 0; k < j; k++) sum -= a[i * m + k] * a[j * m + k];
      if (i !== j) a[i * m + j] = sum / a[j * m + j];
      else if (sum > 0 && sum < Infinity) a[i * m + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** x ← L⁻¹ x. */
function solveLower(l: Float64Array, m: number, x: Float64Array): void {
  for (let i = 0; i < m; i++) {
    let sum = x[i];
    for (let k = 0; k < i; k++) sum -= l[i * m + k] * x[k];
    x[i] = sum / l[i * m + i];
  }
}

/** The columns of L⁻¹ Y, with Y (m, n) row-major, as rows (n, m). */
function columnsOfLowerSolve(l: Float64Array, m: number, y: Float64Array, n: number): Float64Array {
  const zt = new Float64Array(n * m);
  for (let c = 0; c < n; c++) {
    const at = c * m;
    for (let i = 0; i < m; i++) {
      let sum = y[i * n + c];
      for (let k = 0; k < i; k++) sum -= l[i * m + k] * zt[at + k];
      zt[at + i] = sum / l[i * m + i];
    }
  }
  return zt;
}
