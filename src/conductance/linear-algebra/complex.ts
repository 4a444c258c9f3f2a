import { symmetricEigenvalues } from './symmetric-eigen.ts';

/** A complex row-major matrix (rows, columns) in two real arrays. */
export interface ComplexMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export function complexMatrix(rows: number, columns: number): ComplexMatrix {
  return { rows, columns, re: new Float64Array(rows * columns), im: new Float64Array(rows * columns) };
}

/** A view of the first rows · columns values of a larger matrix: room that is used again without allocation of its numbers. */
export function reshaped(room: ComplexMatrix, rows: number, columns: number): ComplexMatrix {
  const size = rows * columns;
  return { rows, columns, re: room.re.subarray(0, size), im: room.im.subarray(0, size) };
}

/** C ← A·B, or C + A·B where `add`. */
export function multiply(a: ComplexMatrix, b: ComplexMatrix, c: ComplexMatrix, add = false): void {
  const { re: ar, im: ai, rows, columns: inner } = a;
  const { re: br, im: bi, columns } = b;
  const { re: cr, im: ci } = c;
  if (!add) {
    cr.fill(0);
    ci.fill(0);
  }
  for (let i = 0; i < rows; i++) {
    const to = i * columns;
    for (let k = 0; k < inner; k++) {
      const x = ar[i * inner + k];
      const y = ai[i * inner + k];
      if (x === 0 && y === 0) continue;
      const from = k * columns;
      for (let j = 0; j < columns; j++) {
        const p = br[from + j];
        const q = bi[from + j];
        cr[to + j] += x * p - y * q;
        ci[to + j] += x * q + y * p;
      }
    }
  }
}

/** C ← A†, a new matrix. */
export function adjoint(a: ComplexMatrix): ComplexMatrix {
  const out = complexMatrix(a.columns, a.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.columns; j++) {
      out.re[j * a.rows + i] = a.re[i * a.columns + j];
      out.im[j * a.rows + i] = -a.im[i * a.columns + j];
    }
  return out;
}

/**
 * Inverse in place of a square matrix by Gauss-Jordan with partial pivoting; `pivots` (n) is scratch. Throws RangeError for a
 * singular matrix.
 */
export function invert({ re, im, rows: n }: ComplexMatrix, pivots: Int32Array): void {
  for (let k = 0; k < n; k++) {
    let pivot = k;
    let size = 0;
    for (let i = k; i < n; i++) {
      const here = re[i * n + k] ** 2 + im[i * n + k] ** 2;
      if (here > size) {
        size = here;
        pivot = i;
      }
    }
    if (!(size > 0)) throw new RangeError(`complex matrix of order ${n} is singular or not finite`);
    pivots[k] = pivot;
    if (pivot !== k) {
      swapRows(re, n, k, pivot);
      swapRows(im, n, k, pivot);
    }
    eliminate(re, im, n, k);
  }
  for (let k = n - 1; k >= 0; k--) {
    if (pivots[k] === k) continue;
    swapColumns(re, n, k, pivots[k]);
    swapColumns(im, n, k, pivots[k]);
  }
}

/** One step: row k is divided by its pivot, and column k of all other rows is removed. */
function eliminate(re: Float64Array, im: Float64Array, n: number, k: number): void {
  const row = k * n;
  const size = re[row + k] ** 2 + im[row + k] ** 2;
  const pr = re[row + k] / size;
  const pi = -im[row + k] / size;
  re[row + k] = 1;
  im[row + k] = 0;
  for (let j = 0; j < n; j++) {
    const x = re[row + j];
    const y = im[row + j];
    re[row + j] = x * pr - y * pi;
    im[row + j] = x * pi + y * pr;
  }
  for (let i = 0; i < n; i++) {
    if (i === k) continue;
    const to = i * n;
    const x = re[to + k];
    const y = im[to + k];
    if (x === 0 && y === 0) continue;
    re[to + k] = 0;
    im[to + k] = 0;
    for (let j = 0; j < n; j++) {
      const p = re[row + j];
      const q = im[row + j];
      re[to + j] -= x * p - y * q;
      im[to + j] -= x * q + y * p;
    }
  }
}

function swapRows(m: Float64Array, n: number, a: number, b: number): void {
  for (let j = 0; j < n; j++) {
    const kept = m[a * n + j];
    m[a * n + j] = m[b * n + j];
    m[b * n + j] = kept;
  }
}

function swapColumns(m: Float64Array, n: number, a: number, b: number): void {
  for (let i = 0; i < n; i++) {
    const kept = m[i * n + a];
    m[i * n + a] = m[i * n + b];
    m[i * n + b] = kept;
  }
}

/** The real symmetric (2n,2n) matrix [[Re, −Im], [Im, Re]] of a Hermitian one: the same eigenvalues, each twice. */
function embedded({ re, im, rows: n }: ComplexMatrix): Float64Array {
  const out = new Float64Array(4 * n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const x = (re[i * n + j] + re[j * n + i]) / 2;
      const y = (im[i * n + j] - im[j * n + i]) / 2;
      out[i * 2 * n + j] = x;
      out[(i + n) * 2 * n + j + n] = x;
      out[(i + n) * 2 * n + j] = y;
      out[i * 2 * n + j + n] = -y;
    }
  return out;
}

/** What is left of a diagonal, against its largest entry, that counts as rounding. */
const RANK = 1e-13;

/**
 * F (n,rank) with A = F F† for a positive semidefinite Hermitian matrix: Cholesky with the largest diagonal left as pivot, until what
 * is left, which may be negative by rounding, is negligible.
 */
export function hermitianFactor({ re, im, rows: n }: ComplexMatrix): ComplexMatrix {
  const left = Float64Array.from({ length: n }, (_, i) => re[i * n + i]);
  const limit = RANK * left.reduce((most, v) => Math.max(most, v), 0);
  const x: Float64Array[] = [];
  const y: Float64Array[] = [];
  for (let rank = 0; rank < n; rank++) {
    const pivot = left.indexOf(left.reduce((most, v) => Math.max(most, v), 0));
    if (pivot < 0 || !(left[pivot] > limit)) break;
    const root = Math.sqrt(left[pivot]);
    const cx = new Float64Array(n);
    const cy = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let p = re[i * n + pivot];
      let q = im[i * n + pivot];
      for (let k = 0; k < rank; k++) {
        p -= x[k][i] * x[k][pivot] + y[k][i] * y[k][pivot];
        q -= y[k][i] * x[k][pivot] - x[k][i] * y[k][pivot];
      }
      cx[i] = p / root;
      cy[i] = q / root;
      left[i] -= cx[i] * cx[i] + cy[i] * cy[i];
    }
    left[pivot] = 0;
    x.push(cx);
    y.push(cy);
  }
  const out = complexMatrix(n, x.length);
  for (let k = 0; k < x.length; k++)
    for (let i = 0; i < n; i++) {
      out.re[i * x.length + k] = x[k][i];
      out.im[i * x.length + k] = y[k][i];
    }
  return out;
}

/** Squared singular values of a matrix, descending, from the eigenvalues of A A† or A†A, whichever is smaller. */
export function squaredSingularValues(a: ComplexMatrix): Float64Array {
  const { re, im, columns } = a.columns <= a.rows ? adjoint(a) : a;
  const n = Math.min(a.rows, a.columns);
  const gram = complexMatrix(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let x = 0;
      let y = 0;
      for (let k = 0; k < columns; k++) {
        const p = i * columns + k;
        const q = j * columns + k;
        x += re[p] * re[q] + im[p] * im[q];
        y += im[p] * re[q] - re[p] * im[q];
      }
      gram.re[i * n + j] = gram.re[j * n + i] = x;
      gram.im[i * n + j] = y;
      gram.im[j * n + i] = -y;
    }
  const twice = symmetricEigenvalues(embedded(gram), 2 * n);
  return Float64Array.from({ length: n }, (_, k) => Math.max(0, twice[2 * (n - 1 - k)]));
}
