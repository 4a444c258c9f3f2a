/** Room for the inverse of matrices up to `n`. */
export class SweepSpace {
  readonly column: Float64Array;
  readonly done: Uint8Array;

  constructor(n: number) {
    this.column = new Float64Array(n);
    this.done = new Uint8Array(n);
  }
}

/**
 * Inverse of a real symmetric row-major (n,n) matrix, of which the lower triangle is read, in place and full. Gauss-Jordan by
 * symmetric sweeps (Beaton 1964; Goodnight, Am. Stat. 33, 149 (1979)) with the largest diagonal left as pivot: half the work of a
 * general inverse. Returns the smallest |pivot|: where it is tiny, the matrix is singular or needs another method, and the inverse
 * has lost as many digits.
 */
export function invertSymmetric(a: Float64Array, n: number, { column, done }: SweepSpace): number {
  done.fill(0);
  let smallest = Number.POSITIVE_INFINITY;
  for (let step = 0; step < n; step++) {
    let k = -1;
    let size = -1;
    for (let i = 0; i < n; i++) {
      const here = Math.abs(a[i * n + i]);
      if (done[i] === 0 && here > size) {
        size = here;
        k = i;
      }
    }
    if (k < 0 || size === 0) return 0;
    if (size < smallest) smallest = size;
    sweep(a, n, k, column);
    done[k] = 1;
  }
  for (let i = 0; i < n; i++) {
    a[i * n + i] = -a[i * n + i];
    for (let j = 0; j < i; j++) {
      const value = -a[i * n + j];
      a[i * n + j] = value;
      a[j * n + i] = value;
    }
  }
  return smallest;
}

function sweep(a: Float64Array, n: number, k: number, column: Float64Array): void {
  const inverse = 1 / a[k * n + k];
  for (let j = 0; j < k; j++) column[j] = a[k * n + j];
  for (let i = k + 1; i < n; i++) column[i] = a[i * n + k];
  column[k] = 0;
  for (let i = 0; i < n; i++) {
    const factor = column[i] * inverse;
    if (factor === 0) continue;
    const row = i * n;
    for (let j = 0; j <= i; j++) a[row + j] -= factor * column[j];
  }
  for (let j = 0; j < k; j++) a[k * n + j] = column[j] * inverse;
  for (let i = k + 1; i < n; i++) a[i * n + k] = column[i] * inverse;
  a[k * n + k] = -inverse;
}
