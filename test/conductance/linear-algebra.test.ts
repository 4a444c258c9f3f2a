import { describe, expect, test } from 'vitest';
import {
  adjoint,
  complexMatrix,
  hermitianFactor,
  invert,
  multiply,
  squaredSingularValues,
} from '../../src/conductance/linear-algebra/complex.ts';
import { symmetricEigen, symmetricEigenvalues } from '../../src/conductance/linear-algebra/symmetric-eigen.ts';
import { invertSymmetric, SweepSpace } from '../../src/conductance/linear-algebra/symmetric-inverse.ts';
import { seededRandom } from '../../src/core/random.ts';

function randomSymmetric(n: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = random() - 0.5;
  return a;
}

function randomComplex(rows: number, columns: number, seed: number) {
  const random = seededRandom(seed);
  const a = complexMatrix(rows, columns);
  for (let k = 0; k < a.re.length; k++) {
    a.re[k] = random() - 0.5;
    a.im[k] = random() - 0.5;
  }
  return a;
}

const largest = (values: Float64Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

describe('symmetric eigenvalues', () => {
  test.each([1, 2, 3, 17, 60])('A v = λ v and the vectors are orthonormal for order %i', (n) => {
    const a = randomSymmetric(n, n);
    const { values, vectors } = symmetricEigen(a.slice(), n);
    for (let p = 0; p < n; p++) {
      if (p > 0) expect(values[p]).toBeGreaterThanOrEqual(values[p - 1]);
      for (let i = 0; i < n; i++) {
        let product = 0;
        for (let j = 0; j < n; j++) product += a[i * n + j] * vectors[p * n + j];
        expect(Math.abs(product - values[p] * vectors[p * n + i])).toBeLessThan(1e-13 * n);
      }
      for (let q = 0; q <= p; q++) {
        let overlap = 0;
        for (let j = 0; j < n; j++) overlap += vectors[p * n + j] * vectors[q * n + j];
        expect(Math.abs(overlap - (p === q ? 1 : 0))).toBeLessThan(1e-13 * n);
      }
    }
    const alone = symmetricEigenvalues(a.slice(), n);
    for (let k = 0; k < n; k++) expect(alone[k]).toBeCloseTo(values[k], 12);
  });

  test('the chain of n sites has the levels 2 cos(π k/(n+1))', () => {
    const n = 40;
    const a = new Float64Array(n * n);
    for (let k = 0; k + 1 < n; k++) a[k * n + k + 1] = a[(k + 1) * n + k] = 1;
    const values = symmetricEigenvalues(a, n);
    for (let k = 0; k < n; k++) expect(values[k]).toBeCloseTo(2 * Math.cos((Math.PI * (n - k)) / (n + 1)), 12);
  });

  test('a matrix graded down to rounding errors converges', () => {
    const n = 24;
    const a = randomSymmetric(n, 3).map((v, k) => v * 10 ** -(Math.floor(k / n) + (k % n)));
    const values = symmetricEigenvalues(a, n);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test('a matrix with NaN is refused', () => {
    expect(() => symmetricEigenvalues(Float64Array.of(1, Number.NaN, Number.NaN, 1), 2)).toThrow(/not finite/);
  });
});

describe('inverses', () => {
  test.each([1, 2, 30, 79])('A times its symmetric inverse is 1 for order %i', (n) => {
    const a = randomSymmetric(n, 7 + n);
    for (let i = 0; i < n; i++) a[i * n + i] += i % 3 === 0 ? 2 : -2;
    const inverse = a.slice();
    const pivot = invertSymmetric(inverse, n, new SweepSpace(n));
    expect(pivot).toBeGreaterThan(1e-3);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += a[i * n + k] * inverse[k * n + j];
        expect(Math.abs(sum - (i === j ? 1 : 0))).toBeLessThan(1e-11);
      }
  });

  test('a singular symmetric matrix has a pivot of zero', () => {
    expect(invertSymmetric(Float64Array.of(1, 1, 1, 1), 2, new SweepSpace(2))).toBe(0);
  });

  test.each([1, 2, 25])('A times its complex inverse is 1 for order %i', (n) => {
    const a = randomComplex(n, n, n);
    const inverse = { ...a, re: a.re.slice(), im: a.im.slice() };
    invert(inverse, new Int32Array(n));
    const product = complexMatrix(n, n);
    multiply(a, inverse, product);
    for (let i = 0; i < n; i++) product.re[i * n + i] -= 1;
    expect(Math.max(largest(product.re), largest(product.im))).toBeLessThan(1e-11);
  });

  test('a singular complex matrix is refused', () => {
    expect(() => invert(complexMatrix(3, 3), new Int32Array(3))).toThrow(/singular/);
  });
});

describe('Hermitian matrices', () => {
  test('the factor F of A A† has its rank, and F F† is A A†', () => {
    const a = randomComplex(9, 4, 5);
    const square = complexMatrix(9, 9);
    multiply(a, adjoint(a), square);
    const factor = hermitianFactor(square);
    expect([factor.rows, factor.columns]).toEqual([9, 4]);
    const again = complexMatrix(9, 9);
    multiply(factor, adjoint(factor), again);
    expect(largest(again.re.map((v, k) => v - square.re[k]))).toBeLessThan(1e-13);
    expect(largest(again.im.map((v, k) => v - square.im[k]))).toBeLessThan(1e-13);
    expect(hermitianFactor(complexMatrix(3, 3)).columns).toBe(0);
  });

  test('squared singular values add up to the squared norm, and are the same for the adjoint', () => {
    const a = randomComplex(4, 7, 11);
    const values = squaredSingularValues(a);
    const norm = a.re.reduce((sum, v, k) => sum + v * v + a.im[k] ** 2, 0);
    expect(values.length).toBe(4);
    expect(values.reduce((sum, v) => sum + v, 0)).toBeCloseTo(norm, 12);
    const others = squaredSingularValues(adjoint(a));
    for (let k = 0; k < 4; k++) expect(others[k]).toBeCloseTo(values[k], 12);
  });
});
