// Steps 2 and 5: radial symmetry functions, forward and backward.
#pragma once
#include "neighbors.hpp"

namespace {

/// The rows exp(-eta X) of a plan over n points (whole vectors), one short loop per operation; `x(t)` gives X.
template <class S, class X>
NNP_INLINE void runPlan(const Plan &plan, X x, typename S::Number *rows, size_t stride, int n) {
  for (int k = 0; k < plan.nOp; k++) {
    const PlanOp op = plan.op[k];
    typename S::Number *out = rows + k * stride;
    if (op.a < 0) {
      const double eta = -op.eta;
      for (int t = 0; t < n; t += S::lanes) S::store(out + t, exp<S>(eta * x(t)));
    } else {
      const typename S::Number *a = rows + op.a * stride, *b = rows + op.b * stride;
      for (int t = 0; t < n; t += S::lanes) S::store(out + t, S::load(a + t) * S::load(b + t));
    }
  }
}

template <class S> struct RadialRows {
  typename S::Number *e;
  int stride;
};

template <class S> int radialForward(Center<S> &c, RadialRows<S> *kept, double *channels) {
  using T = typename S::Number;
  using V = typename S::V;
  for (int k = 0; k < c.e->nRad; k++) {
    const Radial &g = c.e->radial[k];
    const ViewRows<T> &v = c.view[g.view];
    kept[k].stride = v.n;
    kept[k].e = c.template take<T>((size_t)v.n * g.plan.nOp);
    if (c.full()) return NNP_CAPACITY;
    const T *r = c.r + v.start;
    const double rs = g.rs;
    runPlan<S>(
        g.plan,
        [=](int t) {
          const V d = S::load(r + t) - rs;
          return d * d;
        },
        kept[k].e, v.n, v.n);
    for (int m = 0; m < g.nChannel; m++) {
      const int slot = g.plan.nEta ? g.plan.slot[m] : -1;
      const T *e = kept[k].e + (size_t)slot * v.n;
      V sum{};
      if (slot < 0)
        for (int t = 0; t < v.n; t += S::lanes) sum += S::load(v.f + t);
      else
        for (int t = 0; t < v.n; t += S::lanes) sum += S::load(v.f + t) * S::load(e + t);
      channels[g.channel + m] = S::sum(sum);
    }
  }
  return NNP_OK;
}

/// alpha += f (s1 h + s2 (r - rs) q), s1 = sum w e, s2 = -2 sum w eta e.
template <class S> void radialBackward(Center<S> &c, const RadialRows<S> *kept, const double *weight) {
  using T = typename S::Number;
  using V = typename S::V;
  for (int k = 0; k < c.e->nRad; k++) {
    const Radial &g = c.e->radial[k];
    const ViewRows<T> &v = c.view[g.view];
    const double *w = weight + g.channel;
    for (int t = 0; t < v.n; t += S::lanes) {
      V s1{}, s2{};
      if (g.plan.nEta == 0) s1 = S::all(w[0]);
      for (int m = 0; m < g.plan.nEta; m++) {
        const int slot = g.plan.slot[m];
        const V we = slot < 0 ? S::all(w[m]) : w[m] * S::load(kept[k].e + (size_t)slot * v.n + t);
        s1 += we;
        s2 -= (2.0 * g.plan.eta[m]) * we;
      }
      T *alpha = c.alpha + v.start + t;
      const V r = S::load(c.r + v.start + t), q = S::load(c.q + v.start + t);
      S::store(alpha, S::load(alpha) + S::load(v.f + t) * (s1 * S::load(v.h + t) + s2 * (r - g.rs) * q));
    }
  }
}

} // namespace
