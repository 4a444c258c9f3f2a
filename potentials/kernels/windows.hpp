// Radial and angular windows: cutoff functions of types 0-8 and compact cores, with slopes. Definitions: n2p2
// documentation, "Symmetry functions" and "Cutoff functions"; written in y = 1 - x, which stays relatively exact at the
// outer edge.
#pragma once
#include "math.hpp"
#include "model.hpp"

namespace {

/// Core c(x) and dc/dx from y = 1 - x in [0, 1]; numbers as the cutoff types.
template <class S, int TYPE> NNP_INLINE void core(typename S::V y, typename S::V &f, typename S::V &slope) {
  using V = typename S::V;
  const V x = 1.0 - y;
  if constexpr (TYPE == 0) {
    f = S::all(1.0);
    slope = V{};
  } else if constexpr (TYPE == 1) {
    const V s = sinQuarter(y), c = sinQuarter(x);
    f = s * s;
    slope = -PI * s * c;
  } else if constexpr (TYPE == 4) {
    const V u = S::max(y * (1.0 + x), S::all(1.0 / 700)); // below, f is 1e-303
    f = exp<S>(1.0 - 1.0 / u);
    slope = -2.0 * x * f / (u * u);
  } else {
    // f(x) + f(y) = 1: the smaller of x and y keeps the polynomial free of cancellation
    const V m = S::min(x, y), m2 = m * m, xy = x * y;
    V p;
    if constexpr (TYPE == 5) {
      p = m2 * (3.0 - 2.0 * m);
      slope = -6.0 * xy;
    } else if constexpr (TYPE == 6) {
      p = m2 * m * (10.0 - 15.0 * m + 6.0 * m2);
      slope = -30.0 * xy * xy;
    } else if constexpr (TYPE == 7) {
      p = m2 * m2 * (35.0 - 84.0 * m + 70.0 * m2 - 20.0 * m2 * m);
      slope = -140.0 * xy * xy * xy;
    } else {
      p = m2 * m2 * m * (126.0 - 420.0 * m + 540.0 * m2 - 315.0 * m2 * m + 70.0 * m2 * m2);
      slope = -630.0 * (xy * xy) * (xy * xy);
    }
    f = y > x ? 1.0 - p : p;
  }
}

/// For the points 0 ... n-1 (whole vectors): `in(t, r, q)` gives r and q = 1/r, `out(t, f, g)` takes f and g = f'(r)/r.
/// f is not masked beyond the window.
template <class S, int TYPE, class In, class Out> void cutoffRow(const Window &w, int n, In in, Out out) {
  using V = typename S::V;
  const double inverse = 1.0 / (w.hi - w.lo), hi = w.hi;
  for (int t = 0; t < n; t += S::lanes) {
    V r, q, f, slope;
    in(t, r, q);
    core<S, TYPE>(S::min(S::max((hi - r) * inverse, S::all(0.0)), S::all(1.0)), f, slope);
    out(t, f, slope * (inverse * q));
  }
}

template <class S, class In, class Out> void tanhRow(const Window &w, int n, In in, Out out) {
  using V = typename S::V;
  constexpr double COTH1_CUBED = 2.2637537952253503626; // coth(1)^3
  const double inverse = 1.0 / w.hi, hi = w.hi, a = w.kind == 3 ? COTH1_CUBED : 1.0, b = -3.0 * a * inverse;
  for (int p = 0; p < n; p += S::lanes) {
    V r, q;
    in(p, r, q);
    const V t = tanhUnit(S::max((hi - r) * inverse, S::all(0.0)));
    const V t2 = t * t;
    out(p, a * t2 * t, b * t2 * (1.0 - t2) * q);
  }
}

/// y of a compact window at v, and the sign of v - center.
template <class S>
NNP_INLINE typename S::V compactY(typename S::V v, double lo, double hi, double inverse, typename S::V &sign) {
  using V = typename S::V;
  const V left = v - lo, right = hi - v;
  sign = left > right ? S::all(1.0) : S::all(-1.0);
  return S::min(S::max(S::min(left, right) * inverse, S::all(0.0)), S::all(1.0));
}

template <class S, int TYPE, class In, class Out> void compactRow(const Window &w, int n, In in, Out out) {
  using V = typename S::V;
  const double inverse = 2.0 / (w.hi - w.lo), lo = w.lo, hi = w.hi;
  for (int t = 0; t < n; t += S::lanes) {
    V r, q, sign, f, slope;
    in(t, r, q);
    const V y = compactY<S>(r, lo, hi, inverse, sign);
    core<S, TYPE>(w.asym ? y * y : y, f, slope);
    out(t, f, slope * sign * (w.asym ? 2.0 * y : S::all(1.0)) * (inverse * q));
  }
}

template <class S, class In, class Out> NNP_INLINE void windowRow(const Window &w, int n, In in, Out out) {
  switch (w.kind) {
  case 0:
    return cutoffRow<S, 0>(w, n, in, out);
  case 1:
    return cutoffRow<S, 1>(w, n, in, out);
  case 2:
  case 3:
    return tanhRow<S>(w, n, in, out);
  case 4:
    return cutoffRow<S, 4>(w, n, in, out);
  case 5:
    return cutoffRow<S, 5>(w, n, in, out);
  case 6:
    return cutoffRow<S, 6>(w, n, in, out);
  case 7:
    return cutoffRow<S, 7>(w, n, in, out);
  case 8:
    return cutoffRow<S, 8>(w, n, in, out);
  case COMPACT + 0:
    return compactRow<S, 5>(w, n, in, out);
  case COMPACT + 1:
    return compactRow<S, 6>(w, n, in, out);
  case COMPACT + 2:
    return compactRow<S, 7>(w, n, in, out);
  case COMPACT + 3:
    return compactRow<S, 8>(w, n, in, out);
  default:
    return compactRow<S, 4>(w, n, in, out);
  }
}

/// Lowest distance squared that counts: compact windows end below, cutoff functions do not.
inline double lowerSquare(const Window &w) { return w.kind < COMPACT || w.lo < 0 ? -1.0 : w.lo * w.lo; }

template <int N> struct Type {
  static constexpr int value = N;
};

/// Calls loop(C) with C(angles in radians, value out, slope out) compiled for the core of t.
template <class S, class F> NNP_INLINE void thetaRow(const Theta &t, F loop) {
  const double inverse = 2.0 / (t.hi - t.lo), lo = t.lo, hi = t.hi;
  const auto with = [=](auto type) {
    return [=](typename S::V theta, typename S::V &value, typename S::V &slope) {
      typename S::V sign;
      core<S, decltype(type)::value>(compactY<S>(theta, lo, hi, inverse, sign), value, slope);
      slope *= sign * inverse;
    };
  };
  switch (t.core) {
  case COMPACT + 0:
    return loop(with(Type<5>{}));
  case COMPACT + 1:
    return loop(with(Type<6>{}));
  case COMPACT + 2:
    return loop(with(Type<7>{}));
  case COMPACT + 3:
    return loop(with(Type<8>{}));
  default:
    return loop(with(Type<4>{}));
  }
}

} // namespace
