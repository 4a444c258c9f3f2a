// One symmetric matrix P. Stored as panels of 8 columns: panel p holds the rows 8p ... of its columns, the first 8 of
// them (the diagonal block) whole. Every pass over P is the same for any number of threads: panels belong to GROUPS
// fixed groups, which sum into memory of their own.
#pragma once
#include "../vec.hpp"
#include "networks.hpp"
#include "training.h"

namespace {

constexpr int GROUPS = 8;
/// Rows of a panel that are worked on at a time: 4 KB.
constexpr int BLOCK = 64;

struct Matrix {
  int n, size; // size: n padded
  int rows;    // padded
  double *panels;
  double *ht;        // (size, rows): rows of H as columns
  double *y[GROUPS]; // (size, rows): shares of P Hᵀ, the first becomes the sum
  double *z;         // (size / 8, rows, 8): what P is changed by
  double *a, *l, *x; // (rows, rows) innovation, its inverse factor (transposed), (rows)
  int pending;       // rows of z not yet applied: P <- (P + sign zᵀz) factor + noise
  double sign, factor, noise;
};

/// The first number of panel p.
NNP_INLINE double *panelOf(const Matrix &m, int p) {
  return m.panels + 8 * ((size_t)p * m.size - 4 * (size_t)p * (p - 1));
}

inline size_t layOutMatrix(int n, int rows, Arena &arena, Matrix &m) {
  m.n = n, m.size = padded(n), m.rows = padded(rows), m.pending = 0;
  const size_t size = (size_t)m.size, r = (size_t)m.rows, count = size / 8;
  m.panels = arena.take<double>(8 * (count * size - 4 * count * (count - 1)));
  m.ht = arena.take<double>(size * r);
  for (int g = 0; g < GROUPS; g++) m.y[g] = arena.take<double>(size * r);
  m.z = arena.take<double>(size * r);
  m.a = arena.take<double>(r * r);
  m.l = arena.take<double>(r * r);
  m.x = arena.take<double>(r);
  return arena.used;
}

/// Rows i0 ... i1 of panel p: P <- (P + sign zᵀz) factor.
template <class S> void change(const Matrix &m, int p, double *panel, int i0, int i1) {
  using V = typename S::V;
  constexpr int N = 8 / S::lanes, R = S::lanes;
  const double *zp = m.z + (size_t)p * m.rows * 8;
  for (int i = i0; i < i1; i += R) {
    const double *zi = m.z + (size_t)(i / 8) * m.rows * 8 + i % 8;
    V sum[R][N] = {};
    for (int r = 0; r < m.pending; r++) {
      V c[N];
      for (int v = 0; v < N; v++) c[v] = S::load(zp + r * 8 + v * S::lanes);
      for (int k = 0; k < R; k++)
        for (int v = 0; v < N; v++) sum[k][v] += zi[r * 8 + k] * c[v];
    }
    double *at = panel + 8 * (size_t)(i - 8 * p);
    for (int k = 0; k < R; k++)
      for (int v = 0; v < N; v++) {
        double *to = at + 8 * k + v * S::lanes;
        S::store(to, (S::load(to) + m.sign * sum[k][v]) * m.factor);
      }
  }
}

/// Rows i0 ... i1 of panel p, times C columns and K·lanes rows of H: the shares of both triangles in y.
template <class S, int C, int K, bool BOTH>
void product(const Matrix &m, int p, const double *panel, int i0, int i1, int c0, int r, double *y) {
  using V = typename S::V;
  constexpr int W = S::lanes;
  const size_t rows = (size_t)m.rows;
  const double *hc = m.ht + (size_t)(8 * p + c0) * rows + r;
  double *yc = y + (size_t)(8 * p + c0) * rows + r;
  V sum[C][K];
  for (int c = 0; c < C; c++)
    for (int v = 0; v < K; v++) sum[c][v] = S::load(yc + c * rows + v * W);
  for (int i = i0; i < i1; i++) {
    const double *at = panel + 8 * (size_t)(i - 8 * p) + c0;
    const double *hi = m.ht + (size_t)i * rows + r;
    double *yi = y + (size_t)i * rows + r;
    V h[K], own[K];
    for (int v = 0; v < K; v++) h[v] = S::load(hi + v * W);
    if (BOTH)
      for (int v = 0; v < K; v++) own[v] = S::load(yi + v * W);
    for (int c = 0; c < C; c++)
      for (int v = 0; v < K; v++) {
        sum[c][v] += at[c] * h[v];
        if (BOTH) own[v] += at[c] * S::load(hc + c * rows + v * W);
      }
    if (BOTH)
      for (int v = 0; v < K; v++) S::store(yi + v * W, own[v]);
  }
  for (int c = 0; c < C; c++)
    for (int v = 0; v < K; v++) S::store(yc + c * rows + v * W, sum[c][v]);
}

template <class S, bool BOTH>
void productBlock(const Matrix &m, int p, const double *panel, int i0, int i1, double *y) {
  constexpr int W = S::lanes, C = W == 8 ? 8 : 4;
  for (int c = 0; c < 8; c += C) {
    int r = 0;
    for (; r + 2 * W <= m.rows; r += 2 * W) product<S, C, 2, BOTH>(m, p, panel, i0, i1, c, r, y);
    for (; r < m.rows; r += W) product<S, C, 1, BOTH>(m, p, panel, i0, i1, c, r, y);
  }
}

struct MatrixWork {
  Matrix *m;
  int threads, first;
  bool multiply;
};

/// One pass over the panels from `first` on: what is pending is applied, then (if wanted) y = P Hᵀ.
template <class S> void passJob(void *data, int thread) {
  const MatrixWork &w = *(const MatrixWork *)data;
  const Matrix &m = *w.m;
  for (int g = thread; g < GROUPS; g += w.threads) {
    double *y = m.y[g];
    if (w.multiply)
      for (size_t k = 0; k < (size_t)m.size * m.rows; k++) y[k] = 0;
    for (int p = g; p < m.size / 8; p += GROUPS) {
      if (p < w.first) continue;
      double *panel = panelOf(m, p);
      for (int i0 = 8 * p; i0 < m.size; i0 += BLOCK) {
        const int i1 = i0 + BLOCK < m.size ? i0 + BLOCK : m.size;
        if (m.pending) {
          change<S>(m, p, panel, i0, i1);
          if (i0 == 8 * p)
            for (int k = 0; k < 8 && 8 * p + k < m.n; k++) panel[9 * k] += m.noise;
        }
        if (!w.multiply) continue;
        const int diagonal = i0 == 8 * p ? 8 : 0;
        if (diagonal) productBlock<S, false>(m, p, panel, i0, i0 + 8, y);
        productBlock<S, true>(m, p, panel, i0 + diagonal, i1, y);
      }
    }
  }
}

template <class S> void pass(Matrix &m, const TrainThreads *threads, bool multiply, int first = 0) {
  MatrixWork work = {&m, threads->threads, first, multiply};
  threads->run(threads->pool, passJob<S>, &work);
  m.pending = 0;
}

/// H (count, n) into columns; rows beyond `count` are 0.
inline void transpose(const Matrix &m, const double *h, int count, double *to) {
  for (int i = 0; i < m.size; i++)
    for (int r = 0; r < m.rows; r++) to[(size_t)i * m.rows + r] = 0;
  for (int r = 0; r < count; r++)
    for (int i = 0; i < m.n; i++) to[(size_t)i * m.rows + r] = h[(size_t)r * m.n + i];
}

/// The lower factor of the (k, k) matrix a in place; false when it is not positive definite.
inline bool factor(double *a, int k) {
  for (int i = 0; i < k; i++)
    for (int j = 0; j <= i; j++) {
      double sum = a[i * k + j];
      for (int l = 0; l < j; l++) sum -= a[i * k + l] * a[j * k + l];
      if (i != j)
        a[i * k + j] = sum / a[j * k + j];
      else if (sum > 0 && sum < 1e300)
        a[i * k + i] = __builtin_sqrt(sum);
      else
        return false;
    }
  return true;
}

/// A = Yᵀ H + lambda, whole.
template <class S> void innovation(const Matrix &m, double lambda) {
  using V = typename S::V;
  const int k = m.rows;
  for (int r = 0; r < k; r += 4)
    for (int s = 0; s < k; s += S::lanes) {
      V sum[4] = {};
      for (int i = 0; i < m.size; i++) {
        const V h = S::load(m.ht + (size_t)i * k + s);
        for (int l = 0; l < 4; l++) sum[l] += m.y[0][(size_t)i * k + r + l] * h;
      }
      for (int l = 0; l < 4; l++) S::store(m.a + (r + l) * k + s, sum[l]);
    }
  for (int r = 0; r < k; r++) m.a[r * k + r] += lambda;
}

/// The inverse of the lower factor in a, transposed, into l.
inline void invertFactor(const Matrix &m) {
  const int k = m.rows;
  for (int c = 0; c < k; c++)
    for (int i = 0; i < k; i++) {
      double sum = i == c;
      for (int j = c; j < i; j++) sum -= m.a[i * k + j] * m.l[c * k + j];
      m.l[c * k + i] = i < c ? 0 : sum / m.a[i * k + i];
    }
}

inline double largestDiagonal(const Matrix &m) {
  double largest = 0;
  for (int i = 0; i < m.n; i++) {
    const double d = panelOf(m, i / 8)[9 * (i % 8)];
    if (d > largest) largest = d;
  }
  return largest;
}

/// z = L⁻¹ Y by columns into panels, and w += zᵀ x with x = L⁻¹ errors.
template <class S> void gain(Matrix &m, const double *errors, int count, double *weights) {
  using V = typename S::V;
  const int k = m.rows;
  alignas(64) double column[1024];
  for (int r = 0; r < k; r++) m.x[r] = 0;
  for (int c = 0; c < count; c++)
    for (int r = c; r < k; r++) m.x[r] += m.l[c * k + r] * errors[c];
  for (int i = 0; i < m.size; i++) {
    const double *y = m.y[0] + (size_t)i * k;
    for (int r = 0; r < k; r += S::lanes) {
      V sum{};
      for (int c = 0; c < r + S::lanes; c++) sum += y[c] * S::load(m.l + c * k + r);
      S::store(column + r, sum);
    }
    double *to = m.z + (size_t)(i / 8) * k * 8 + i % 8, step = 0;
    for (int r = 0; r < k; r++) {
      to[8 * r] = column[r];
      step += column[r] * m.x[r];
    }
    if (i < m.n) weights[i] += step;
  }
}

template <class S>
int kalmanUpdate(Matrix &m, const TrainThreads *threads, int count, const TrainKalman &update, double *weights) {
  transpose(m, update.h, count, m.ht);
  pass<S>(m, threads, true);
  for (int g = 1; g < GROUPS; g++)
    for (size_t k = 0; k < (size_t)m.size * m.rows; k += S::lanes)
      S::store(m.y[0] + k, S::load(m.y[0] + k) + S::load(m.y[g] + k));
  innovation<S>(m, update.lambda);
  if (!factor(m.a, m.rows)) return 0;
  invertFactor(m);
  gain<S>(m, update.errors, count, weights);
  m.pending = padded(count);
  m.sign = -1;
  m.factor = largestDiagonal(m) > update.limit ? 1 : 1 / update.lambda;
  m.noise = update.noise;
  return 1;
}

/// P += HᵀH, `rows` rows at a time.
template <class S> void addRows(Matrix &m, const TrainThreads *threads, int count, const double *h) {
  for (int first = 0; first < count; first += m.rows) {
    const int some = count - first < m.rows ? count - first : m.rows;
    for (int i = 0; i < m.size; i++)
      for (int r = 0; r < m.rows; r++)
        m.z[(size_t)(i / 8) * m.rows * 8 + r * 8 + i % 8] = r < some && i < m.n ? h[(size_t)(first + r) * m.n + i] : 0;
    m.pending = some, m.sign = 1, m.factor = 1, m.noise = 0;
    pass<S>(m, threads, false);
  }
}

/// Columns of panel p of the factor, below its diagonal block, and their copy in z for the panels to the right.
inline bool factorPanel(Matrix &m, int p) {
  double *panel = panelOf(m, p), block[64];
  const int below = m.size - 8 * p;
  for (int k = 0; k < 64; k++) block[k] = panel[k];
  if (!factor(block, 8)) return false;
  for (int i = 0; i < below; i++) {
    double *row = panel + 8 * (size_t)i;
    for (int c = 0; c < 8; c++) {
      double sum = row[c];
      for (int k = 0; k < c; k++) sum -= row[k] * block[8 * c + k];
      row[c] = i < 8 && c > i ? 0 : sum / block[9 * c];
    }
    double *to = m.z + (size_t)(p + i / 8) * m.rows * 8 + i % 8;
    for (int c = 0; c < 8; c++) to[8 * c] = row[c];
  }
  return true;
}

/// x <- (L Lᵀ)⁻¹ x; the panels hold L.
inline void solveFactored(const Matrix &m, double *x) {
  const int panels = m.size / 8;
  for (int p = 0; p < panels; p++) {
    const double *panel = panelOf(m, p);
    double *own = x + 8 * p;
    for (int c = 0; c < 8; c++) {
      for (int k = 0; k < c; k++) own[c] -= panel[8 * c + k] * own[k];
      own[c] /= panel[9 * c];
    }
    for (int i = 8; i < m.size - 8 * p; i++)
      for (int c = 0; c < 8; c++) own[i] -= panel[8 * (size_t)i + c] * own[c];
  }
  for (int p = panels - 1; p >= 0; p--) {
    const double *panel = panelOf(m, p);
    double *own = x + 8 * p;
    for (int i = 8; i < m.size - 8 * p; i++)
      for (int c = 0; c < 8; c++) own[c] -= panel[8 * (size_t)i + c] * own[i];
    for (int c = 7; c >= 0; c--) {
      for (int k = c + 1; k < 8; k++) own[c] -= panel[8 * k + c] * own[k];
      own[c] /= panel[9 * c];
    }
  }
}

/// Cholesky: the panels one after the other, each applied to all to its right.
template <class S>
int solveDamped(const Matrix &m, Matrix &f, const TrainThreads *threads, const double *add, double *x) {
  const int panels = m.size / 8;
  const size_t length = panelOf(m, panels) - m.panels;
  for (size_t k = 0; k < length; k++) f.panels[k] = m.panels[k];
  for (int i = 0; i < m.size; i++) panelOf(f, i / 8)[9 * (i % 8)] += i < m.n ? add[i] : 1;
  for (int p = 0; p < panels; p++) {
    if (!factorPanel(f, p)) return 0;
    f.pending = 8, f.sign = -1, f.factor = 1, f.noise = 0;
    if (p + 1 < panels) pass<S>(f, threads, false, p + 1);
    f.pending = 0;
  }
  for (int i = 0; i < m.size; i++) f.ht[i] = i < m.n ? x[i] : 0;
  solveFactored(f, f.ht);
  for (int i = 0; i < m.n; i++) x[i] = f.ht[i];
  return 1;
}

} // namespace
