// Largest errors of the kernel's elementary functions against long double (64-bit mantissa) on dense grids, as JSON.
// elementary.slow.test.ts compiles it for several lane counts and asserts the bounds.
#include "../../potentials/kernels/windows.hpp"

#include <cmath>
#include <cstdio>

using S = Simd<double, NNP_LANES>;
using V = S::V;

static double ulp(double x) { return std::nextafter(std::fabs(x), INFINITY) - std::fabs(x); }

/// Largest |f - exact| in units of the last place of max(|exact|, floor) over n points of [lo, hi].
template <class F, class E> double worst(double lo, double hi, int n, double floor, F f, E exact) {
  double most = 0;
  for (int k = 0; k <= n; k++) {
    const double x = lo + (hi - lo) * k / n;
    const double found = f(S::all(x))[k % NNP_LANES];
    const long double wanted = exact((long double)x);
    const double error = (double)(std::fabs(found - wanted) / ulp(std::fmax((double)std::fabs(wanted), floor)));
    if (!(error <= most)) most = error;
  }
  return most;
}

static void cutoffs(double alpha, double *valueError, double *slopeError) {
  const long double pi = std::acos(-1.0L), rc = 6;
  *valueError = *slopeError = 0;
  for (int type = 0; type <= 8; type++) {
    const bool ignores = type == 2 || type == 3;
    const Window w = {type, ignores ? 0.0 : alpha * (double)rc, (double)rc, false};
    const auto f = [&](long double r) -> long double {
      const long double x = (r - (long double)w.lo) / (rc - (long double)w.lo);
      if (x < 0 && !ignores) return 1;
      const long double t = std::tanh(1 - r / rc), c = 1 / std::tanh(1.0L);
      switch (type) {
      case 0:
        return 1;
      case 1:
        return 0.5L * (1 + std::cos(pi * x));
      case 2:
        return t * t * t;
      case 3:
        return c * c * c * t * t * t;
      case 4:
        return x < 1 ? std::exp(1 - 1 / (1 - x * x)) : 0;
      case 5:
        return 1 + x * x * (2 * x - 3);
      case 6:
        return 1 + x * x * x * ((15 - 6 * x) * x - 10);
      case 7:
        return 1 + x * x * x * x * (((20 * x - 70) * x + 84) * x - 35);
      default:
        return 1 + std::pow(x, 5.0L) * ((((315 - 70 * x) * x - 540) * x + 420) * x - 126);
      }
    };
    for (int k = 1; k <= 4000; k++) {
      const double r = (double)rc * k / 4000;
      double value = 0, slope = 0;
      windowRow<S>(
          w, NNP_LANES, [=](int, V &a, V &q) { a = S::all(r), q = S::all(1 / r); },
          [&](int, V a, V g) { value = a[0], slope = g[0] * r; });
      *valueError = std::fmax(*valueError, (double)std::fabs(value - f(r)));
      const long double h = 1e-5L;
      if (r > (double)rc - 2e-5 || std::fabs(r - w.lo) < 2e-5) continue;
      *slopeError = std::fmax(*slopeError, (double)std::fabs(slope - (f(r + h) - f(r - h)) / (2 * h)));
    }
  }
}

int main() {
  const auto polynomialTanh = [](V x) { return tanhUnit(x); };
  double value[2], slope[2];
  cutoffs(0, value, slope);
  cutoffs(0.4, value + 1, slope + 1);
  std::printf("{\"exp\": %.3g, ",
              worst(-60, 60, 200000, 0, [](V x) { return exp<S>(x); }, [](long double x) { return std::exp(x); }));
  std::printf("\"log\": %.3g, ",
              worst(1e-3, 5, 200000, 0.1, [](V x) { return log<S>(x); }, [](long double x) { return std::log(x); }));
  std::printf("\"tanh\": %.3g, ", worst(0, 1, 200000, 0, polynomialTanh, [](long double x) { return std::tanh(x); }));
  std::printf(
      "\"rsqrt\": %.3g, ",
      worst(1e-3, 300, 200000, 0, [](V x) { return rsqrt<S>(x); }, [](long double x) { return 1 / std::sqrt(x); }));
  std::printf("\"acos\": %.3g, ",
              worst(-1, 1, 200000, 0, [](V x) { return acos<S>(x); }, [](long double x) { return std::acos(x); }));
  std::printf("\"sin\": %.3g, ", worst(
                                     0, 1, 200000, 0, [](V x) { return sinQuarter(x); },
                                     [](long double x) { return std::sin(std::acos(-1.0L) / 2 * x); }));
  const auto cosine = [](V x) {
    V c, s;
    cosSin<S>(x, c, s);
    return c;
  };
  const auto sine = [](V x) {
    V c, s;
    cosSin<S>(x, c, s);
    return s;
  };
  std::printf("\"cosine\": %.3g, ", worst(-50, 50, 200000, 1, cosine, [](long double x) { return std::cos(x); }));
  std::printf("\"sine\": %.3g, ", worst(-50, 50, 200000, 1, sine, [](long double x) { return std::sin(x); }));
  std::printf("\"power\": %.3g, ", worst(
                                       0, 2, 20000, 1e-12, [](V x) { return powerReal<S>(x, 3.5); },
                                       [](long double x) { return std::pow(x, 3.5L); }));
  std::printf(
      "\"squaring\": %.3g, ",
      worst(0, 2, 20000, 1e-12, [](V x) { return power<S>(x, 16); }, [](long double x) { return std::pow(x, 16.0L); }));
  std::printf("\"cutoff\": %.3g, \"cutoffSlope\": %.3g}\n", std::fmax(value[0], value[1]),
              std::fmax(slope[0], slope[1]));
}
