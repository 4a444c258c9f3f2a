// Dense matrices in double precision. Rows begin at multiples of a whole number of vectors (`stride`, at an aligned
// address); what pads a row is calculated along, so it must be finite.
#pragma once
#include "description.hpp"

namespace {

NNP_INLINE int strideOf(int columns) { return roundUp(columns, W); }

void clear(double *a, size_t count) {
  for (size_t k = 0; k < count; k++) a[k] = 0;
}

/// A factor of a product: element (r,k) at at[r * row + k * inner].
struct Factor {
  const double *at;
  size_t row, inner;
};

template <int R, int NV, bool MINUS>
NNP_INLINE void multiplyTile(const Factor &a, const double *b, size_t bStride, int inner, double *c, size_t cStride) {
  D::V sum[R][NV];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < NV; v++) sum[r][v] = D::load(c + r * cStride + v * W);
  for (int k = 0; k < inner; k++) {
    D::V row[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV; v++) row[v] = D::load(b + k * bStride + v * W);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      const double factor = a.at[r * a.row + k * a.inner];
#pragma GCC unroll 4
      for (int v = 0; v < NV; v++)
        if constexpr (MINUS)
          sum[r][v] -= factor * row[v];
        else
          sum[r][v] += factor * row[v];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < NV; v++) D::store(c + r * cStride + v * W, sum[r][v]);
}

constexpr int MATRIX_ROWS = W == 8 ? 8 : 4, MATRIX_VECTORS = 2;

template <int R, bool MINUS>
void multiplyRows(int rows, const Factor &a, const double *b, size_t bStride, int inner, double *c, size_t cStride,
                  int columns) {
  if (rows == R) {
    int v = 0;
    for (; v + MATRIX_VECTORS * W <= columns; v += MATRIX_VECTORS * W)
      multiplyTile<R, MATRIX_VECTORS, MINUS>(a, b + v, bStride, inner, c + v, cStride);
    for (; v < columns; v += W) multiplyTile<R, 1, MINUS>(a, b + v, bStride, inner, c + v, cStride);
  } else if constexpr (R > 1)
    multiplyRows<R - 1, MINUS>(rows, a, b, bStride, inner, c, cStride, columns);
}

/// c (rows, columns) += a b, or -= where MINUS; b (inner, columns); columns are rounded up to whole vectors.
template <bool MINUS = false>
void multiply(int rows, int columns, int inner, const Factor &a, const double *b, size_t bStride, double *c,
              size_t cStride) {
  for (int r = 0; r < rows; r += MATRIX_ROWS) {
    const int size = rows - r < MATRIX_ROWS ? rows - r : MATRIX_ROWS;
    multiplyRows<MATRIX_ROWS, MINUS>(size, {a.at + r * a.row, a.row, a.inner}, b, bStride, inner, c + r * cStride,
                                     cStride, strideOf(columns));
  }
}

constexpr int SWEPT = 8; // pivots that are applied to the whole matrix together

struct SweepSpace {
  double *left, *right; // (SWEPT, stride)
  double *diagonal;     // (stride)
  double *score;        // (stride) |diagonal| of rows that were no pivot yet, else -1
};

SweepSpace sweepSpace(Arena &arena, int n) {
  const size_t stride = strideOf(n);
  SweepSpace s;
  s.left = arena.take<double>(SWEPT * stride);
  s.right = arena.take<double>(SWEPT * stride);
  s.diagonal = arena.take<double>(stride);
  s.score = arena.take<double>(stride);
  return s;
}

int largest(const double *score, int stride) {
  D::V most = D::load(score);
  for (int k = W; k < stride; k += W) most = D::max(most, D::load(score + k));
  double value = most[0];
  for (int v = 1; v < W; v++)
    if (most[v] > value) value = most[v];
  for (int k = 0; k < stride; k++)
    if (score[k] == value) return k;
  return -1;
}

/// Inverse of a full real symmetric matrix in place. Gauss-Jordan by symmetric sweeps with the largest diagonal left as
/// pivot. With the pivot's own row and column cleared first, a sweep is a rank-one change u_i u_j / p of the whole matrix,
/// u_k = -1, and SWEPT of them are applied together. Returns the smallest |pivot|; 0 for a singular matrix.
double invertSymmetric(double *a, int n, const SweepSpace &s) {
  const int stride = strideOf(n);
  for (int i = 0; i < stride; i++) {
    s.diagonal[i] = i < n ? a[(size_t)i * stride + i] : 0;
    s.score[i] = i < n ? (s.diagonal[i] < 0 ? -s.diagonal[i] : s.diagonal[i]) : -1;
  }
  double smallest = 1e300;
  for (int done = 0; done < n;) {
    int pending = 0;
    for (; pending < SWEPT && done < n; pending++, done++) {
      const int k = largest(s.score, stride);
      if (k < 0 || !(s.score[k] > 0)) return 0;
      if (s.score[k] < smallest) smallest = s.score[k];
      double *u = s.left + (size_t)pending * stride, *v = s.right + (size_t)pending * stride;
      double *row = a + (size_t)k * stride;
      for (int j = 0; j < stride; j += W) {
        D::V value = D::load(row + j);
        for (int q = 0; q < pending; q++)
          value -= s.left[(size_t)q * stride + k] * D::load(s.right + (size_t)q * stride + j);
        D::store(u + j, value);
        D::store(row + j, D::V{});
      }
      for (int q = 0; q < pending; q++) s.left[(size_t)q * stride + k] = s.right[(size_t)q * stride + k] = 0;
      for (int i = 0; i < n; i++) a[(size_t)i * stride + k] = 0;
      const double inverse = 1 / u[k];
      u[k] = -1;
      for (int j = 0; j < stride; j += W) {
        const D::V left = D::load(u + j), right = left * inverse, d = D::load(s.diagonal + j) - left * right;
        D::store(v + j, right);
        D::store(s.diagonal + j, d);
        D::store(s.score + j, D::load(s.score + j) < 0.0 ? D::all(-1.0) : D::abs(d));
      }
      s.score[k] = -1;
    }
    multiply<true>(n, n, pending, {s.left, 1, (size_t)stride}, s.right, stride, a, stride);
  }
  for (size_t k = 0; k < (size_t)n * stride; k += W) D::store(a + k, -D::load(a + k));
  return smallest;
}

/// A complex matrix (rows, columns), real and imaginary parts apart.
struct Complex {
  double *re, *im;
  int rows, columns, stride;
};

Complex complexMatrix(Arena &arena, int rows, int columns) {
  const int stride = strideOf(columns);
  Complex m = {nullptr, nullptr, rows, columns, stride};
  m.re = arena.take<double>((size_t)rows * stride);
  m.im = arena.take<double>((size_t)rows * stride);
  return m;
}

/// The same room for a matrix of another size that is not larger.
Complex reshaped(const Complex &room, int rows, int columns) {
  return {room.re, room.im, rows, columns, strideOf(columns)};
}

void clear(const Complex &m) {
  clear(m.re, (size_t)m.rows * m.stride);
  clear(m.im, (size_t)m.rows * m.stride);
}

/// c += a b, or -= where MINUS.
template <bool MINUS = false> void multiply(const Complex &a, const Complex &b, const Complex &c) {
  const Factor re = {a.re, (size_t)a.stride, 1}, im = {a.im, (size_t)a.stride, 1};
  const int inner = a.columns;
  multiply<MINUS>(c.rows, c.columns, inner, re, b.re, b.stride, c.re, c.stride);
  multiply<!MINUS>(c.rows, c.columns, inner, im, b.im, b.stride, c.re, c.stride);
  multiply<MINUS>(c.rows, c.columns, inner, re, b.im, b.stride, c.im, c.stride);
  multiply<MINUS>(c.rows, c.columns, inner, im, b.re, b.stride, c.im, c.stride);
}

NNP_INLINE void swap(double &a, double &b) {
  const double kept = a;
  a = b;
  b = kept;
}

/// Inverse in place by Gauss-Jordan with partial pivoting; `pivots` (n). False for a singular matrix.
bool invert(const Complex &m, int *pivots) {
  const int n = m.rows, stride = m.stride;
  for (int k = 0; k < n; k++) {
    int pivot = k;
    double size = 0;
    for (int i = k; i < n; i++) {
      const double x = m.re[(size_t)i * stride + k], y = m.im[(size_t)i * stride + k], here = x * x + y * y;
      if (here > size) {
        size = here;
        pivot = i;
      }
    }
    if (!(size > 0) || !isFinite(size)) return false;
    pivots[k] = pivot;
    double *re = m.re + (size_t)k * stride, *im = m.im + (size_t)k * stride;
    if (pivot != k) {
      double *otherRe = m.re + (size_t)pivot * stride, *otherIm = m.im + (size_t)pivot * stride;
      for (int j = 0; j < stride; j++) {
        swap(re[j], otherRe[j]);
        swap(im[j], otherIm[j]);
      }
    }
    const double pr = re[k] / size, pi = -im[k] / size;
    re[k] = 1;
    im[k] = 0;
    for (int j = 0; j < stride; j += W) {
      const D::V x = D::load(re + j), y = D::load(im + j);
      D::store(re + j, x * pr - y * pi);
      D::store(im + j, x * pi + y * pr);
    }
    for (int i = 0; i < n; i++) {
      if (i == k) continue;
      double *toRe = m.re + (size_t)i * stride, *toIm = m.im + (size_t)i * stride;
      const double x = toRe[k], y = toIm[k];
      toRe[k] = toIm[k] = 0;
      for (int j = 0; j < stride; j += W) {
        const D::V p = D::load(re + j), q = D::load(im + j);
        D::store(toRe + j, D::load(toRe + j) - x * p + y * q);
        D::store(toIm + j, D::load(toIm + j) - x * q - y * p);
      }
    }
  }
  for (int k = n - 1; k >= 0; k--)
    if (pivots[k] != k)
      for (int i = 0; i < n; i++) {
        swap(m.re[(size_t)i * stride + k], m.re[(size_t)i * stride + pivots[k]]);
        swap(m.im[(size_t)i * stride + k], m.im[(size_t)i * stride + pivots[k]]);
      }
  return true;
}

constexpr int MOST_SWEEPS = 60;

/// One rotation of the rows p and q of a, complex, that makes them orthogonal; false if they are.
bool orthogonalize(const Complex &a, int p, int q) {
  double *pr = a.re + (size_t)p * a.stride, *pi = a.im + (size_t)p * a.stride;
  double *qr = a.re + (size_t)q * a.stride, *qi = a.im + (size_t)q * a.stride;
  double alpha = 0, beta = 0, x = 0, y = 0;
  for (int k = 0; k < a.columns; k++) {
    alpha += pr[k] * pr[k] + pi[k] * pi[k];
    beta += qr[k] * qr[k] + qi[k] * qi[k];
    x += pr[k] * qr[k] + pi[k] * qi[k];
    y += pr[k] * qi[k] - pi[k] * qr[k];
  }
  const double overlap = squareRoot(x * x + y * y);
  if (!(overlap > 1e-15 * squareRoot(alpha * beta)) || overlap < 1e-280) return false;
  const double zeta = (beta - alpha) / (2 * overlap), size = zeta < 0 ? -zeta : zeta;
  const double t = (zeta < 0 ? -1 : 1) / (size + squareRoot(1 + zeta * zeta));
  const double c = 1 / squareRoot(1 + t * t), s = c * t, phaseRe = x / overlap, phaseIm = -y / overlap;
  for (int k = 0; k < a.columns; k++) {
    const double ur = pr[k], ui = pi[k];
    const double vr = qr[k] * phaseRe - qi[k] * phaseIm, vi = qr[k] * phaseIm + qi[k] * phaseRe;
    pr[k] = c * ur - s * vr;
    pi[k] = c * ui - s * vi;
    qr[k] = s * ur + c * vr;
    qi[k] = s * ui + c * vi;
  }
  return true;
}

/// Squared singular values of a matrix with no more rows than columns, which is destroyed, descending into `out` (rows):
/// rotations make its rows orthogonal (one-sided Jacobi).
void squaredSingularValues(const Complex &a, double *out) {
  for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    bool rotated = false;
    for (int p = 0; p < a.rows; p++)
      for (int q = p + 1; q < a.rows; q++) rotated |= orthogonalize(a, p, q);
    if (!rotated) break;
  }
  for (int p = 0; p < a.rows; p++) {
    double size = 0;
    for (int k = 0; k < a.columns; k++) {
      const double x = a.re[(size_t)p * a.stride + k], y = a.im[(size_t)p * a.stride + k];
      size += x * x + y * y;
    }
    int at = p;
    for (; at > 0 && out[at - 1] < size; at--) out[at] = out[at - 1];
    out[at] = size;
  }
}

} // namespace
