// Steps A and B: the triplets of one angular group, compacted, and their values on the vector tape.
#pragma once
#include "radial.hpp"

namespace {

// Rows of a panel, one number per triplet. Behind them: theta and 1/sin(theta) where needed, then those of the exponent
// plan.
enum PanelRow { COS, QK, FF, HK, GJK, RADII, WEIGHT, QJK, EXTRA };

/// One neighbor j and its partners k: triplets first ... first+count-1. Rows follow each other without gap, also within
/// a vector; only the end of a block is padded to whole vectors by neutral triplets.
struct Row {
  int j, first, count;
  bool opensBlock;
};

/// Triplets of consecutive rows of a group.
template <class S> struct Panel {
  using T = typename S::Number;
  T *base;
  size_t stride;
  int *slot;
  Row *rows;
  int nRow, n;
  T *row(int k) const { return base + k * stride; }
};

/// A group about one center: j runs over `rows`, k over `columns`.
template <class S> struct GroupRun {
  using T = typename S::Number;
  const Angular *g;
  const List<T> *rows, *columns;
  bool same;               // one element: k < j
  const T *xRow, *xColumn; // (r - rs)^2
  const T *eRow, *eColumn; // exponents per neighbor, wide groups only
  size_t eStride;
  T *squareSpace, *cosineSpace; // a row of all columns, before compaction
  int *keptSpace;
  int columnsOf(int j) const { return same ? j : columns->n; }
  int thetaRow() const { return EXTRA; }
  int expRow() const { return EXTRA + (g->nTheta ? 2 : 0); }
};

/// Fills the last vector of a block.
template <class S> NNP_INLINE void padBlock(const Panel<S> &p, int rows) {
  constexpr typename S::Number NEUTRAL[] = {0, 1, 0, 0, 1, 1}; // COS QK FF HK GJK RADII
  for (int k = 0; k < rows; k++) S::storeu(p.row(k) + p.n, S::all(NEUTRAL[k]));
}

/// Narrow row: keeps k with lo < r_jk < hi. Returns the number kept.
template <class S>
NNP_INLINE int narrowRow(const GroupRun<S> &run, const Panel<S> &p, int j, int first, double lo2, double hi2) {
  using T = typename S::Number;
  using V = typename S::V;
  const List<T> &a = *run.rows, &b = *run.columns;
  const int columns = run.columnsOf(j);
  const T x = a.dx[j], y = a.dy[j], z = a.dz[j], q = a.q[j], f = a.f[j], xj = run.xRow[j];
  const T ux = x * q, uy = y * q, uz = z * q;
  const T third = run.g->rs == 0 ? 1 : 0; // R holds r_jk^2 at once, or gets (r_jk - rs)^2 later
  T *const cosine = p.row(COS) + first, *const qk = p.row(QK) + first, *const ff = p.row(FF) + first,
           *const hk = p.row(HK) + first, *const square = p.row(GJK) + first, *const radii = p.row(RADII) + first;
  int *const slot = p.slot + first;
  int n = 0;
  if constexpr (Compaction<S>::inRegisters) {
    const T *const bx = b.dx, *const by = b.dy, *const bz = b.dz, *const bq = b.q, *const bf = b.f, *const bh = b.h,
                   *const bX = run.xColumn;
    const int *const bslot = b.slot;
    for (int k = 0; k < columns; k += S::lanes) {
      const V xk = S::load(bx + k), yk = S::load(by + k), zk = S::load(bz + k), q = S::load(bq + k);
      const V dx = xk - x, dy = yk - y, dz = zk - z, r2 = dx * dx + dy * dy + dz * dz;
      const Compaction<S> keep((r2 < hi2) & (r2 > lo2), columns - k);
      keep.put(cosine + n, (xk * ux + yk * uy + zk * uz) * q);
      keep.put(square + n, r2);
      keep.put(qk + n, q);
      keep.put(ff + n, S::load(bf + k) * f);
      keep.put(hk + n, S::load(bh + k));
      keep.put(radii + n, S::load(bX + k) + xj + third * r2);
      keep.put(slot + n, bslot + k);
      n += keep.count();
    }
    return n;
  }

  T *const allSquare = run.squareSpace, *const allCosine = run.cosineSpace;
  for (int k = 0; k < columns; k += S::lanes) {
    const V xk = S::load(b.dx + k), yk = S::load(b.dy + k), zk = S::load(b.dz + k);
    const V dx = xk - x, dy = yk - y, dz = zk - z;
    S::store(allSquare + k, dx * dx + dy * dy + dz * dz);
    S::store(allCosine + k, (xk * ux + yk * uy + zk * uz) * S::load(b.q + k));
  }
  int *const kept = run.keptSpace;
  for (int k = 0; k < columns; k++) {
    kept[n] = k;
    n += (allSquare[k] < hi2) & (allSquare[k] > lo2);
  }
  for (int t = 0; t < n; t++) {
    const int k = kept[t];
    cosine[t] = allCosine[k];
    square[t] = allSquare[k];
    qk[t] = b.q[k];
    ff[t] = b.f[k] * f;
    hk[t] = b.h[k];
    radii[t] = run.xColumn[k] + xj + third * allSquare[k];
    slot[t] = b.slot[k];
  }
  return n;
}

/// Wide row: all k; exponents are products of the neighbors' own.
template <class S> NNP_INLINE int wideRow(const GroupRun<S> &run, const Panel<S> &p, int j, int first) {
  using T = typename S::Number;
  using V = typename S::V;
  const List<T> &a = *run.rows, &b = *run.columns;
  const int columns = run.columnsOf(j);
  const T q = a.q[j], ux = a.dx[j] * q, uy = a.dy[j] * q, uz = a.dz[j] * q, f = a.f[j];
  for (int k = 0; k < columns; k += S::lanes) {
    const int t = first + k;
    const V qk = S::load(b.q + k);
    S::storeu(p.row(COS) + t, (S::load(b.dx + k) * ux + S::load(b.dy + k) * uy + S::load(b.dz + k) * uz) * qk);
    S::storeu(p.row(QK) + t, qk);
    S::storeu(p.row(FF) + t, S::load(b.f + k) * f);
    S::storeu(p.row(HK) + t, S::load(b.h + k));
  }
  for (int k = 0; k < columns; k++) p.slot[first + k] = b.slot[k];
  for (int m = 0; m < run.g->plan.nOp; m++) {
    const T e = run.eRow[m * run.eStride + j];
    const T *column = run.eColumn + m * run.eStride;
    T *out = p.row(run.expRow() + m) + first;
    for (int k = 0; k < columns; k += S::lanes) S::storeu(out + k, e * S::load(column + k));
  }
  return columns;
}

/// Step A for rows j = from, from+1, ...: appends a block of triplets to the panel; returns the first row left over.
template <class S> int collect(const Center<S> &c, const GroupRun<S> &run, Panel<S> &p, int from) {
  const Window &w = c.m->window[run.g->window];
  const double lo2 = lowerSquare(w), hi2 = w.hi * w.hi;
  const bool wide = run.g->wide;
  const int first = p.n, enough = first + BLOCK - S::lanes;
  int j = from;
  for (; j < run.rows->n && p.n < enough; j++) {
    const int n = wide ? wideRow(run, p, j, p.n) : narrowRow(run, p, j, p.n, lo2, hi2);
    if (n == 0) continue;
    p.rows[p.nRow++] = Row{j, p.n, n, p.n == first};
    p.n += n;
  }
  padBlock(p, wide ? 4 : 6);
  // wide groups have their exponents already, and 0 times what lies in the scratch may be NaN
  if (wide)
    for (int m = 0; m < run.g->plan.nOp; m++) S::storeu(p.row(run.expRow() + m) + p.n, S::all(0.0));
  p.n = roundUp(p.n, S::lanes);
  return j;
}

/// The end of the block that opens with this row: returns the row behind its last one.
template <class S> int blockEnd(const Panel<S> &p, int row, int &first, int &end) {
  first = p.rows[row].first;
  int last = row + 1;
  while (last < p.nRow && !p.rows[last].opensBlock) last++;
  end = roundUp(p.rows[last - 1].first + p.rows[last - 1].count, S::lanes);
  return last;
}

/// Steps B1 and B2 for triplets first ... end-1: F, the slope of the third side, angles, exponents.
template <class S> void values(const Center<S> &c, const GroupRun<S> &run, const Panel<S> &p, int first, int end) {
  using T = typename S::Number;
  using V = typename S::V;
  const Angular &g = *run.g;
  if (!g.wide) {
    T *const gjk = p.row(GJK) + first, *const ff = p.row(FF) + first, *const weight = p.row(WEIGHT) + first;
    T *const radii = p.row(RADII) + first, *const qjk = p.row(QJK) + first;
    const bool shifted = g.rs != 0;
    const double rs = g.rs;
    windowRow<S>(
        c.m->window[g.window], end - first,
        [=](int t, V &r, V &q) {
          const V r2 = S::load(gjk + t);
          q = rsqrt<S>(r2);
          r = r2 * q;
          if (shifted) {
            S::store(radii + t, S::load(radii + t) + (r - rs) * (r - rs));
            S::store(qjk + t, q);
          }
        },
        [=](int t, V f, V slope) {
          S::store(weight + t, S::load(ff + t) * f);
          S::store(gjk + t, slope);
        });
    runPlan<S>(g.plan, [=](int t) { return S::load(radii + t); }, p.row(run.expRow()) + first, p.stride, end - first);
  }
  if (g.nTheta) {
    const T *cosine = p.row(COS) + first;
    T *const theta = p.row(run.thetaRow()) + first, *const inverse = p.row(run.thetaRow() + 1) + first;
    for (int t = 0; t < end - first; t += S::lanes) {
      const V cs = S::min(S::max(S::load(cosine + t), S::all(-1.0)), S::all(1.0));
      S::store(theta + t, acos<S>(cs));
      S::store(inverse + t, 1.0 / S::max(sqrt((1.0 - cs) * (1.0 + cs)), S::all(1e-8)));
    }
  }
}

/// Sum of the vectors w, w c, w c^2 ... w c^Z over a block; Z is known to the compiler so that the sums stay in
/// registers.
template <class S, int Z>
void momentSums(const typename S::Number *f, const typename S::Number *e, const typename S::Number *c, int n,
                typename S::Number *sums) {
  using V = typename S::V;
  V sum[Z + 1];
  for (int z = 0; z <= Z; z++) sum[z] = S::load(sums + z * S::lanes);
  for (int t = 0; t < n; t += S::lanes) {
    V w = S::load(f + t);
    if (e) w *= S::load(e + t);
    const V x = S::load(c + t);
    sum[0] += w;
#pragma GCC unroll 8
    for (int z = 1; z <= Z; z++) {
      w *= x;
      sum[z] += w;
    }
  }
  for (int z = 0; z <= Z; z++) S::store(sums + z * S::lanes, sum[z]);
}

/// Calls body(Type<z>{}) for a run-time z in 0 ... 8.
template <class F> NNP_INLINE void withPower(int z, F body) {
  switch (z) {
  case 0:
    return body(Type<0>{});
  case 1:
    return body(Type<1>{});
  case 2:
    return body(Type<2>{});
  case 3:
    return body(Type<3>{});
  case 4:
    return body(Type<4>{});
  case 5:
    return body(Type<5>{});
  case 6:
    return body(Type<6>{});
  case 7:
    return body(Type<7>{});
  default:
    return body(Type<8>{});
  }
}

/// (1 + lambda c)^zeta, the base cut at 0.
template <class S> NNP_INLINE typename S::V anglePower(typename S::V c, double lambda, double zeta) {
  const typename S::V base = S::max(1.0 + lambda * c, S::all(0.0));
  return zeta == (double)(int)zeta ? power<S>(base, (unsigned)zeta) : powerReal<S>(base, zeta);
}

/// Step B3: adds the channels of a block to `sums`, one vector per channel.
template <class S>
void channelSums(const GroupRun<S> &run, const Panel<S> &p, int first, int end, typename S::Number *sums,
                 typename S::Number *buffer) {
  using T = typename S::Number;
  using V = typename S::V;
  const Angular &g = *run.g;
  const T *f = p.row(g.wide ? FF : WEIGHT) + first, *cosine = p.row(COS) + first;
  const int n = end - first;
  const auto exponent = [&](int eta) -> const T * {
    return g.plan.slot[eta] < 0 ? nullptr : p.row(run.expRow() + g.plan.slot[eta]) + first;
  };
  for (int k = 0; k < g.plan.nEta; k++) {
    if (g.zmax[k] < 0) continue;
    withPower(g.zmax[k], [&](auto z) { momentSums<S, decltype(z)::value>(f, exponent(k), cosine, n, sums); });
    sums += (g.zmax[k] + 1) * S::lanes;
  }
  for (int k = 0; k < g.nPow; k++, sums += S::lanes) {
    const Power &pow = g.pow[k];
    // powers are sorted: neighbors with equal lambda and zeta share the row
    if (k == 0 || pow.lambda != g.pow[k - 1].lambda || pow.zeta != g.pow[k - 1].zeta)
      for (int t = 0; t < n; t += S::lanes)
        S::store(buffer + t, S::load(f + t) * anglePower<S>(S::load(cosine + t), pow.lambda, pow.zeta));
    const T *e = exponent(pow.eta);
    V sum = S::load(sums);
    for (int t = 0; t < n; t += S::lanes) sum += e ? S::load(buffer + t) * S::load(e + t) : S::load(buffer + t);
    S::store(sums, sum);
  }
  const T *theta = p.row(run.thetaRow()) + first;
  for (int k = 0; k < g.nTheta; k++, sums += S::lanes)
    thetaRow<S>(g.theta[k], [&](auto compact) {
      V sum = S::load(sums), value, slope;
      for (int t = 0; t < n; t += S::lanes) {
        compact(S::load(theta + t), value, slope);
        sum += S::load(f + t) * value;
      }
      S::store(sums, sum);
    });
}

} // namespace
