// Number types and lanes of these kernels, and what a freestanding program must bring itself.
#pragma once
#include "../math.hpp"
#include "conductance.h"

namespace {

constexpr int W = NNP_LANES;         // lanes of doubles
constexpr int WF = 2 * NNP_LANES;    // lanes of single precision
using D = Simd<double, W>;
using F = Simd<float, WF>;

NNP_INLINE int roundUp(int n, int unit) { return (n + unit - 1) / unit * unit; }
NNP_INLINE double squareRoot(double v) { return __builtin_sqrt(v); }
NNP_INLINE bool isFinite(double v) { return v - v == 0; }

/// First atom with a coordinate that is not finite, or -1.
int badPosition(const double *x, int natoms) {
  double sum = 0;
  for (int k = 0; k < 3 * natoms; k++) sum += x[k] * 0;
  if (sum == 0) return -1;
  for (int k = 0; k < 3 * natoms; k++)
    if (!isFinite(x[k])) return k / 3;
  return -1;
}

} // namespace
