/** Eigenvalues in ascending order; row k of `vectors` (n,n) belongs to values[k]. */
export interface SymmetricEigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

const MAX_STEPS = 60;

/**
 * Eigenvalues and orthonormal eigenvectors of a real symmetric row-major (n,n) matrix, which is destroyed. Householder reduction to
 * tridiagonal form and implicit QL (Bowdler, Martin, Reinsch, Wilkinson, Numer. Math. 11, 293 (1968)). Throws RangeError when the
 * matrix holds NaN or infinity.
 */
export function symmetricEigen(a: Float64Array, n: number): SymmetricEigen {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const beta = new Float64Array(n);
  tridiagonalize(a, n, { diagonal, offDiagonal, beta });
  const rows = householderRows(a, n, beta);
  implicitQl(diagonal, offDiagonal, n, rows);
  const order = Array.from({ length: n }, (_, k) => k).sort((p, q) => diagonal[p] - diagonal[q]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(rows.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: diagonal.sort(), vectors };
}

/** Eigenvalues alone, ascending, of a real symmetric (n,n) matrix, which is destroyed. */
export function symmetricEigenvalues(a: Float64Array, n: number): Float64Array {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  tridiagonalize(a, n, { diagonal, offDiagonal, beta: new Float64Array(n) });
  implicitQl(diagonal, offDiagonal, n, undefined);
  return diagonal.sort();
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Entry k couples k and k + 1. */
  readonly offDiagonal: Float64Array;
  /** Scale of the k-th reflection 1 − β v vᵀ; v stays in column k of the matrix, below the diagonal. */
  readonly beta: Float64Array;
}

function tridiagonalize(a: Float64Array, n: number, { diagonal, offDiagonal, beta }: Tridiagonal): void {
  if (!a.every(Number.isFinite)) throw new RangeError('the matrix holds values that are not finite');
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    diagonal[k] = a[k * n + k];
    let square = 0;
    for (let i = k + 1; i < n; i++) {
      v[i] = a[i * n + k];
      square += v[i] * v[i];
    }
    if (k === n - 1) break;
    const norm = v[k + 1] > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    offDiagonal[k] = norm;
    if (square === 0 || k === n - 2) {
      offDiagonal[k] = k === n - 2 ? v[k + 1] : 0;
      continue;
    }
    v[k + 1] -= norm;
    const scale = 1 / (norm * -v[k + 1]);
    beta[k] = scale;
    reflect(a, n, k + 1, { v, w, scale });
    for (let i = k + 1; i < n; i++) a[i * n + k] = v[i];
  }
}

/** Trailing block from `first` on: A ← (1 − β v vᵀ) A (1 − β v vᵀ); the full square is kept symmetric. */
function reflect(
  a: Float64Array,
  n: number,
  first: number,
  { v, w, scale }: { v: Float64Array; w: Float64Array; scale: number },
): void {
  let overlap = 0;
  for (let i = first; i < n; i++) {
    const row = i * n;
    let sum = 0;
    for (let j = first; j < n; j++) sum += a[row + j] * v[j];
    w[i] = scale * sum;
    overlap += v[i] * w[i];
  }
  const half = (scale * overlap) / 2;
  for (let i = first; i < n; i++) w[i] -= half * v[i];
  for (let i = first; i < n; i++) {
    const row = i * n;
    const vi = v[i];
    const wi = w[i];
    for (let j = first; j < n; j++) a[row + j] -= vi * w[j] + wi * v[j];
  }
}

/** Transpose of the product of all reflections: row k becomes the k-th eigenvector under the rotations of QL. */
function householderRows(a: Float64Array, n: number, beta: Float64Array): Float64Array {
  const q = new Float64Array(n * n);
  for (let k = 0; k < n; k++) q[k * n + k] = 1;
  for (let k = n - 3; k >= 0; k--) {
    if (beta[k] === 0) continue;
    for (let row = k + 1; row < n; row++) {
      let sum = 0;
      for (let i = k + 1; i < n; i++) sum += q[row * n + i] * a[i * n + k];
      sum *= beta[k];
      for (let i = k + 1; i < n; i++) q[row * n + i] -= sum * a[i * n + k];
    }
  }
  return q;
}

function implicitQl(d: Float64Array, e: Float64Array, n: number, rows: Float64Array | undefined): void {
  let scale = 0;
  for (let k = 0; k < n; k++) scale = Math.max(scale, Math.abs(d[k]) + Math.abs(e[k]));
  // Against the largest entry: a graded matrix of rounding errors would never become diagonal against its neighbors.
  const small = Number.EPSILON * scale;
  for (let l = 0; l < n; l++) {
    for (let step = 0; ; step++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > small) m++;
      if (m === l) break;
      if (step === MAX_STEPS) throw new RangeError(`eigenvalue ${l + 1} of ${n} did not converge`);
      qlStep(d, e, { l, m, n }, rows);
    }
  }
}

function qlStep(
  d: Float64Array,
  e: Float64Array,
  { l, m, n }: { l: number; m: number; n: number },
  rows: Float64Array | undefined,
): void {
  const ratio = (d[l + 1] - d[l]) / (2 * e[l]);
  const root = Math.sqrt(ratio * ratio + 1);
  let g = d[m] - d[l] + e[l] / (ratio + (ratio < 0 ? -root : root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i];
    const b = c * e[i];
    let r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    r = (d[i] - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
    if (rows) rotate(rows, n, i, { s, c });
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
}

function rotate(rows: Float64Array, n: number, i: number, { s, c }: { s: number; c: number }): void {
  const low = i * n;
  const high = low + n;
  for (let k = 0; k < n; k++) {
    const f = rows[high + k];
    const g = rows[low + k];
    rows[high + k] = s * g + c * f;
    rows[low + k] = c * g - s * f;
  }
}
