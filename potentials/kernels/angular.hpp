// Angular symmetry functions: forward over all groups, backward (steps C and D) from kept or recomputed panels.
#pragma once
#include "triplets.hpp"

namespace {

/// Working space of the angular stages besides the kept panels.
template <class S> struct AngularSpace {
  using T = typename S::Number;
  T *x; // (r - rs)^2 and exponents of rows and columns: 2 (1 + operations) rows of neighbors
  size_t xStride;
  T *s, *sc, *sr, *st; // adjoints of a block
  T *square, *cosine;  // forward: r_jk^2 and cosines of a row; backward: see gradient()
  int *kept;
  T *sums;         // one vector per channel of a group
  Panel<S> stream; // one block, of groups whose panel is not kept
};

template <class S> struct GroupState {
  Panel<S> panel;
  bool kept;
};

template <class S> GroupRun<S> prepareGroup(const Center<S> &c, const Angular &g, const AngularSpace<S> &space) {
  using T = typename S::Number;
  using V = typename S::V;
  GroupRun<S> run{};
  run.g = &g;
  run.same = g.view1 == g.view2;
  const List<T> &one = c.view[g.view1].list, &two = c.view[g.view2].list;
  const bool swap = two.n < one.n;
  run.rows = swap ? &two : &one;
  run.columns = swap ? &one : &two;
  run.squareSpace = space.square;
  run.cosineSpace = space.cosine;
  run.keptSpace = space.kept;
  const int nOp = g.wide ? g.plan.nOp : 0;
  const auto radii = [&](const List<T> &list, T *out) {
    const int n = roundUp(list.n, S::lanes);
    for (int t = 0; t < n; t += S::lanes) {
      const V d = S::load(list.r + t) - g.rs;
      S::store(out + t, d * d);
    }
    if (nOp) runPlan<S>(g.plan, [=](int t) { return S::load(out + t); }, out + space.xStride, space.xStride, n);
  };
  T *const first = space.x, *const second = run.same ? first : first + (1 + nOp) * space.xStride;
  radii(*run.rows, first);
  if (!run.same) radii(*run.columns, second);
  run.xRow = first;
  run.xColumn = second;
  run.eRow = first + space.xStride;
  run.eColumn = second + space.xStride;
  run.eStride = space.xStride;
  return run;
}

template <class S> Panel<S> takePanel(Center<S> &c, int rows, int triplets, int maxRows) {
  Panel<S> p{};
  p.stride = (size_t)roundUp(triplets + 2 * S::lanes, 8);
  if (p.stride / 8 % 2 == 0) p.stride += 8; // rows must not share the low bits of their addresses
  p.base = c.template take<typename S::Number>(p.stride * rows);
  p.slot = c.template take<int>(p.stride);
  p.rows = c.template take<Row>(maxRows);
  return p;
}

template <class S> void angularForward(Center<S> &c, AngularSpace<S> &space, GroupState<S> *state, double *channels) {
  using T = typename S::Number;
  for (int k = 0; k < c.e->nAng; k++) {
    const Angular &g = c.e->angular[k];
    const GroupRun<S> run = prepareGroup(c, g, space);
    for (int m = 0; m < g.nChannel * S::lanes; m++) space.sums[m] = 0;
    long long bound = 0;
    for (int j = 0; j < run.rows->n; j++) bound += roundUp(run.columnsOf(j), S::lanes);
    const size_t before = c.memory.used;
    GroupState<S> &kept = state[k];
    kept.kept = false;
    if (bound < (1 << 26)) {
      kept.panel = takePanel(c, panelRows(g), (int)bound, run.rows->n);
      kept.kept = !c.full();
      if (!kept.kept) c.memory.used = before;
    }
    Panel<S> &p = kept.kept ? kept.panel : space.stream;
    p.nRow = p.n = 0;
    for (int row = 0; row < run.rows->n;) {
      if (!kept.kept) p.nRow = p.n = 0;
      const int first = p.n;
      row = collect(c, run, p, row);
      values(c, run, p, first, p.n);
      channelSums(run, p, first, p.n, space.sums, space.s);
    }
    for (int m = 0; m < g.nChannel; m++) channels[g.channel + m] = S::sum(S::load((T *)space.sums + m * S::lanes));
  }
}

/// Adds e P(c), e P'(c), -eta e P(c) of one eta to S, S_c, S_R: P has the coefficients w[0 ... Z].
template <class S, int Z>
void momentAdjoint(const typename S::Number *e, const typename S::Number *c, int n, const double *w, double eta,
                   bool fresh, const AngularSpace<S> &space) {
  using V = typename S::V;
  typename S::Number *const s = space.s, *const sc = space.sc, *const sr = space.sr;
  for (int t = 0; t < n; t += S::lanes) {
    const V x = S::load(c + t);
    V p = S::all(w[Z]), d{};
#pragma GCC unroll 8
    for (int z = Z - 1; z >= 0; z--) {
      d = d * x + p;
      p = p * x + w[z];
    }
    if (e) {
      const V et = S::load(e + t);
      p *= et;
      d *= et;
    }
    if (fresh) {
      S::store(s + t, p);
      S::store(sc + t, d);
      S::store(sr + t, -eta * p);
    } else {
      S::store(s + t, S::load(s + t) + p);
      S::store(sc + t, S::load(sc + t) + d);
      S::store(sr + t, S::load(sr + t) - eta * p);
    }
  }
}

/// S, S_c and S_R of a block from the weights of the group's channels.
template <class S>
void adjoints(const GroupRun<S> &run, const Panel<S> &p, int first, int end, const double *weight,
              const AngularSpace<S> &space) {
  using T = typename S::Number;
  using V = typename S::V;
  const Angular &g = *run.g;
  const int n = end - first;
  const T *cosine = p.row(COS) + first;
  T *const s = space.s, *const sc = space.sc, *const sr = space.sr;
  const auto exponent = [&](int eta) -> const T * {
    return g.plan.slot[eta] < 0 ? nullptr : p.row(run.expRow() + g.plan.slot[eta]) + first;
  };
  bool fresh = true;
  for (int k = 0; k < g.plan.nEta; k++) {
    if (g.zmax[k] < 0) continue;
    withPower(g.zmax[k], [&](auto z) {
      momentAdjoint<S, decltype(z)::value>(exponent(k), cosine, n, weight, g.plan.eta[k], fresh, space);
    });
    fresh = false;
    weight += g.zmax[k] + 1;
  }
  if (fresh)
    for (int t = 0; t < n; t++) s[t] = sc[t] = sr[t] = 0;
  for (int k = 0; k < g.nPow; k++) {
    const Power &pow = g.pow[k];
    T *const value = space.st, *const slope = space.square;
    if (k == 0 || pow.lambda != g.pow[k - 1].lambda || pow.zeta != g.pow[k - 1].zeta)
      for (int t = 0; t < n; t += S::lanes) {
        const V c = S::load(cosine + t), base = S::max(1.0 + pow.lambda * c, S::all(0.0));
        const V below = pow.zeta >= 1 ? anglePower<S>(c, pow.lambda, pow.zeta - 1)
                                      : (base > 1e-300 ? anglePower<S>(c, pow.lambda, pow.zeta) / base : V{});
        S::store(value + t, pow.zeta >= 1 ? below * base : anglePower<S>(c, pow.lambda, pow.zeta));
        S::store(slope + t, (pow.zeta * pow.lambda) * below);
      }
    const T *e = exponent(pow.eta);
    const double eta = g.plan.eta[pow.eta], w = *weight++;
    for (int t = 0; t < n; t += S::lanes) {
      const V we = e ? w * S::load(e + t) : S::all(w), v = we * S::load(value + t);
      S::store(s + t, S::load(s + t) + v);
      S::store(sc + t, S::load(sc + t) + we * S::load(slope + t));
      S::store(sr + t, S::load(sr + t) - eta * v);
    }
  }
  if (!g.nTheta) return;
  const T *theta = p.row(run.thetaRow()) + first, *inverse = p.row(run.thetaRow() + 1) + first;
  for (int t = 0; t < n; t++) space.st[t] = 0;
  for (int k = 0; k < g.nTheta; k++) {
    const double w = weight[k];
    thetaRow<S>(g.theta[k], [&](auto compact) {
      V value, slope;
      for (int t = 0; t < n; t += S::lanes) {
        compact(S::load(theta + t), value, slope);
        S::store(s + t, S::load(s + t) + w * value);
        S::store(space.st + t, S::load(space.st + t) + w * slope);
      }
    });
  }
  for (int t = 0; t < n; t += S::lanes)
    S::store(sc + t, S::load(sc + t) - S::load(space.st + t) * S::load(inverse + t));
}

/// Step C for a block: beta, alpha_k and alpha_j overwrite S_c, S_R and S. `square` and `cosine` hold 1/r and f'/(r f)
/// of the j of every triplet.
template <class S, bool WIDE, bool SHIFTED>
void gradient(const GroupRun<S> &run, const Panel<S> &p, int first, int end, const AngularSpace<S> &space) {
  using T = typename S::Number;
  using V = typename S::V;
  const double rs = run.g->rs;
  const T *f = p.row(WIDE ? FF : WEIGHT) + first;
  const T *cosine = p.row(COS) + first, *qks = p.row(QK) + first, *hks = p.row(HK) + first;
  const T *ff = p.row(FF) + first, *gjk = p.row(GJK) + first, *qjk = p.row(QJK) + first;
  const T *const qjs = space.square, *const hjs = space.cosine;
  T *const s = space.s, *const sc = space.sc, *const sr = space.sr;
  for (int t = 0; t < end - first; t += S::lanes) {
    const V weight = S::load(f + t), st = S::load(s + t), qk = S::load(qks + t), qj = S::load(qjs + t);
    const V a = weight * S::load(sc + t), phi = weight * st, b = 2.0 * weight * S::load(sr + t);
    const V ac = a * S::load(cosine + t);
    const V rhoj = SHIFTED ? 1.0 - rs * qj : S::all(1.0), rhok = SHIFTED ? 1.0 - rs * qk : S::all(1.0);
    V bjk{};
    if constexpr (!WIDE) {
      bjk = S::load(gjk + t) * S::load(ff + t) * st;
      bjk += SHIFTED ? b * (1.0 - rs * S::load(qjk + t)) : b;
    }
    S::store(sc + t, a * (qj * qk) - bjk);
    S::store(sr + t, b * rhok + S::load(hks + t) * phi + bjk - ac * (qk * qk));
    S::store(s + t, b * rhoj + S::load(hjs + t) * phi + bjk - ac * (qj * qj));
  }
}

/// Step D for one row: adds beta d_j and alpha_k to every k, and the sums of beta d_k and alpha_j to j.
template <class S>
void scatterRow(Center<S> &c, const GroupRun<S> &run, const int *slot, const Row &row, int at,
                const AngularSpace<S> &space) {
  using T = typename S::Number;
  using F = Simd<T, 4>;
  using V4 = typename F::V;
  const T *const beta = space.sc + at, *const alphaK = space.sr + at, *const alphaJ = space.s + at;
  const V4 dj = {run.rows->dx[row.j], run.rows->dy[row.j], run.rows->dz[row.j], 1};
  T *const acc = c.acc;
  const T *const pos = c.pos;
  V4 even{}, odd{};
  const auto one = [=](int t, V4 &sum) __attribute__((always_inline)) {
    const size_t at = 4 * (size_t)slot[t];
    const T b = beta[t];
    F::storeu(acc + at, F::loadu(acc + at) + V4{b, b, b, alphaK[t]} * dj);
    sum += V4{b, b, b, alphaJ[t]} * F::loadu(pos + at);
  };
  const int count = row.count;
  int t = 0;
  for (; t + 1 < count; t += 2) {
    one(t, even);
    one(t + 1, odd);
  }
  if (t < count) one(t, even);
  T *const to = acc + 4 * (size_t)run.rows->slot[row.j];
  F::storeu(to, F::loadu(to) + even + odd);
}

/// Steps C and D for a block: the rows row ... last-1.
template <class S>
void backwardBlock(Center<S> &c, const GroupRun<S> &run, const Panel<S> &p, int row, int last, int first, int end,
                   const double *weight, const AngularSpace<S> &space) {
  using T = typename S::Number;
  adjoints(run, p, first, end, weight, space);
  for (int k = row; k < last; k++) {
    const Row &r = p.rows[k];
    const typename S::V q = S::all(run.rows->q[r.j]), h = S::all(run.rows->h[r.j]);
    // four vectors at a time: few rows are longer, and the next row overwrites what is too much
    for (int t = 0; t < r.count; t += 4 * S::lanes) {
      T *const qs = space.square + r.first - first + t, *const hs = space.cosine + r.first - first + t;
#pragma GCC unroll 4
      for (int l = 0; l < 4 * S::lanes; l += S::lanes) {
        S::storeu(qs + l, q);
        S::storeu(hs + l, h);
      }
    }
  }
  const bool shifted = run.g->rs != 0;
  if (run.g->wide)
    shifted ? gradient<S, true, true>(run, p, first, end, space) : gradient<S, true, false>(run, p, first, end, space);
  else
    shifted ? gradient<S, false, true>(run, p, first, end, space)
            : gradient<S, false, false>(run, p, first, end, space);
  for (; row < last; row++)
    scatterRow(c, run, p.slot + p.rows[row].first, p.rows[row], p.rows[row].first - first, space);
}

template <class S>
void angularBackward(Center<S> &c, AngularSpace<S> &space, const GroupState<S> *state, const double *weight) {
  for (int k = 0; k < c.e->nAng; k++) {
    const Angular &g = c.e->angular[k];
    const GroupRun<S> run = prepareGroup(c, g, space);
    int first, end;
    if (state[k].kept) {
      const Panel<S> &p = state[k].panel;
      for (int row = 0; row < p.nRow;) {
        const int last = blockEnd(p, row, first, end);
        backwardBlock(c, run, p, row, last, first, end, weight + g.channel, space);
        row = last;
      }
      continue;
    }
    for (int row = 0; row < run.rows->n;) {
      Panel<S> &p = space.stream;
      p.nRow = p.n = 0;
      row = collect(c, run, p, row);
      values(c, run, p, 0, p.n);
      backwardBlock(c, run, p, 0, p.nRow, 0, p.n, weight + g.channel, space);
    }
  }
}

} // namespace
