/**
 * The symmetric covariance matrix of a Kalman filter, and its two products. Both triangles are stored; an update computes the
 * lower one and mirrors it, so P stays symmetric bit for bit. Loops are tiled so that each number loaded is used several times:
 * n² matrix passes are the cost of the filter.
 */
export class Covariance {
  readonly size: number;
  /** (size, size) row-major. */
  readonly values: Float64Array;

  constructor(size: number, diagonal: number) {
    this.size = size;
    this.values = new Float64Array(size * size);
    for (let i = 0; i < size; i++) this.values[i * size + i] = diagonal;
  }

  /** Y = H P for `rows` rows of H (rows a multiple of 4); H and Y are (rows, size) row-major. */
  multiply(h: Float64Array, rows: number, y: Float64Array): void {
    const n = this.size;
    const even = n - (n % 2);
    for (let i = 0; i < even; i += 2) for (let k = 0; k < rows; k += 4) multiplyTile(this.values, n, i, h, k, y);
    if (even < n) for (let k = 0; k < rows; k++) y[k * n + even] = dot(h, k * n, this.values, even * n, n);
  }

  largestDiagonal(): number {
    let largest = 0;
    for (let i = 0; i < this.size; i++) largest = Math.max(largest, this.values[i * (this.size + 1)]);
    return largest;
  }

  addDiagonal(value: number): void {
    for (let i = 0; i < this.size; i++) this.values[i * this.size + i] += value;
  }

  /** P ← (P − sign·ZᵀZ)/λ with Z given by columns: `zt` is (size, rows) row-major. */
  update(zt: Float64Array, rows: number, sign: 1 | -1, lambda: number): void {
    const n = this.size;
    const p = this.values;
    const inverse = 1 / lambda;
    const tiled = n - (n % 4);
    for (let i = 0; i < tiled; i += 4)
      for (let j = 0; j <= i + 2; j += 2) updateTile(p, n, i, j, zt, rows, sign, inverse);
    for (let i = tiled; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        const value = (p[i * n + j] - sign * dot(zt, i * rows, zt, j * rows, rows)) * inverse;
        p[i * n + j] = value;
        p[j * n + i] = value;
      }
    }
  }
}

/** y[k…k+3][i, i+1]: four rows of H times two rows of P. */
function multiplyTile(p: Float64Array, n: number, i: number, h: Float64Array, k: number, y: Float64Array): void {
  const p0 = i * n;
  const p1 = p0 + n;
  const h0 = k * n;
  const h1 = h0 + n;
  const h2 = h1 + n;
  const h3 = h2 + n;
  let s00 = 0;
  let s01 = 0;
  let s10 = 0;
  let s11 = 0;
  let s20 = 0;
  let s21 = 0;
  let s30 = 0;
  let s31 = 0;
  for (let j = 0; j < n; j++) {
    const a = p[p0 + j];
    const b = p[p1 + j];
    let x = h[h0 + j];
    s00 += x * a;
    s01 += x * b;
    x = h[h1 + j];
    s10 += x * a;
    s11 += x * b;
    x = h[h2 + j];
    s20 += x * a;
    s21 += x * b;
    x = h[h3 + j];
    s30 += x * a;
    s31 += x * b;
  }
  y[h0 + i] = s00;
  y[h0 + i + 1] = s01;
  y[h1 + i] = s10;
  y[h1 + i + 1] = s11;
  y[h2 + i] = s20;
  y[h2 + i + 1] = s21;
  y[h3 + i] = s30;
  y[h3 + i + 1] = s31;
}

/** Four rows i, two columns j of (P − sign·ZᵀZ)/λ, and their mirror. Tiles on the diagonal compute both triangles alike. */
function updateTile(
  p: Float64Array,
  n: number,
  i: number,
  j: number,
  zt: Float64Array,
  rows: number,
  sign: number,
  inverse: number,
): void {
  const i0 = i * rows;
  const i1 = i0 + rows;
  const i2 = i1 + rows;
  const i3 = i2 + rows;
  const j0 = j * rows;
  const j1 = j0 + rows;
  let s00 = 0;
  let s01 = 0;
  let s10 = 0;
  let s11 = 0;
  let s20 = 0;
  let s21 = 0;
  let s30 = 0;
  let s31 = 0;
  for (let k = 0; k < rows; k++) {
    const a = zt[j0 + k];
    const b = zt[j1 + k];
    let x = zt[i0 + k];
    s00 += x * a;
    s01 += x * b;
    x = zt[i1 + k];
    s10 += x * a;
    s11 += x * b;
    x = zt[i2 + k];
    s20 += x * a;
    s21 += x * b;
    x = zt[i3 + k];
    s30 += x * a;
    s31 += x * b;
  }
  let r = i * n + j;
  s00 = (p[r] - sign * s00) * inverse;
  s01 = (p[r + 1] - sign * s01) * inverse;
  r += n;
  s10 = (p[r] - sign * s10) * inverse;
  s11 = (p[r + 1] - sign * s11) * inverse;
  r += n;
  s20 = (p[r] - sign * s20) * inverse;
  s21 = (p[r + 1] - sign * s21) * inverse;
  r += n;
  s30 = (p[r] - sign * s30) * inverse;
  s31 = (p[r + 1] - sign * s31) * inverse;
  p[r] = s30;
  p[r + 1] = s31;
  r -= n;
  p[r] = s20;
  p[r + 1] = s21;
  r -= n;
  p[r] = s10;
  p[r + 1] = s11;
  r -= n;
  p[r] = s00;
  p[r + 1] = s01;
  if (j >= i) return;
  r = j * n + i;
  p[r] = s00;
  p[r + 1] = s10;
  p[r + 2] = s20;
  p[r + 3] = s30;
  r += n;
  p[r] = s01;
  p[r + 1] = s11;
  p[r + 2] = s21;
  p[r + 3] = s31;
}

function dot(a: Float64Array, from: number, b: Float64Array, other: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += a[from + k] * b[other + k];
  return sum;
}
