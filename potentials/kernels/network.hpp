// Step 4: scaling, the networks of the members, and the weight of every channel. Double precision, one atom at a time.
#pragma once
#include "math.hpp"
#include "model.hpp"

namespace {

/// y[0 ... m) = start + sum_i x[i] A[i][0 ... m): m padded to PAD; rows of A are m long.
template <class S> void multiply(const double *a, const double *x, const double *start, int n, int m, double *y) {
  using V = typename S::V;
  constexpr int W = S::lanes, N = 4;
  int k = 0;
  for (; k + N * W <= m; k += N * W) {
    V sum[N];
    for (int l = 0; l < N; l++) sum[l] = start ? S::load(start + k + l * W) : V{};
    for (int i = 0; i < n; i++)
      for (int l = 0; l < N; l++) sum[l] += x[i] * S::load(a + (size_t)i * m + k + l * W);
    for (int l = 0; l < N; l++) S::store(y + k + l * W, sum[l]);
  }
  for (; k < m; k += W) {
    V sum = start ? S::load(start + k) : V{};
    for (int i = 0; i < n; i++) sum += x[i] * S::load(a + (size_t)i * m + k);
    S::store(y + k, sum);
  }
}

/// phi(z) and phi'(z); numbers in the order of the letters l t s p r g c S e h.
template <class S> void activate(int kind, int n, const double *z, double *value, double *slope) {
  using V = typename S::V;
  const V one = S::all(1.0), zero{};
  for (int k = 0; k < n; k += S::lanes) {
    const V x = S::load(z + k);
    V f, d;
    switch (kind) {
    case 0:
      f = x, d = one;
      break;
    case 1: { // u = 1 - |tanh|: the slope u (2 - u) keeps its digits where tanh saturates
      const V u = 2.0 / (exp<S>(2.0 * S::abs(x)) + 1.0);
      f = x < zero ? u - 1.0 : 1.0 - u;
      d = u * (2.0 - u);
      break;
    }
    case 2:
    case 7: {
      const V up = 1.0 / (1.0 + exp<S>(-x)), down = 1.0 / (1.0 + exp<S>(x));
      f = kind == 2 ? up : down;
      d = kind == 2 ? up * down : -up * down;
      break;
    }
    case 3: { // ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|)
      f = S::max(x, zero) + log<S>(1.0 + exp<S>(-S::abs(x)));
      d = 1.0 / (1.0 + exp<S>(-x));
      break;
    }
    case 4:
      f = S::max(x, zero), d = x > zero ? one : zero;
      break;
    case 5:
      f = exp<S>(-0.5 * x * x);
      d = -x * f;
      break;
    case 6: {
      V sine;
      cosSin<S>(x, f, sine);
      d = -sine;
      break;
    }
    case 8:
      f = exp<S>(-x);
      d = -f;
      break;
    default:
      f = x * x, d = 2.0 * x;
    }
    S::store(value + k, f);
    S::store(slope + k, d);
  }
}

/// Values and slopes of every layer; each (maxDepth, maxWidth padded).
struct NetworkSpace {
  double *value, *slope, *delta;
  int width;
};

/// Output of one network for scaled inputs, and dE/dG into dEdG (nG padded to PAD).
template <class S>
double evaluateNetwork(const Network &net, int nG, const double *g, double *scaled, const NetworkSpace &space,
                       double *dEdG) {
  for (int k = 0; k < nG; k++) scaled[k] = net.a[k] * g[k] + net.b[k];
  const double *x = scaled;
  for (int l = 0; l < net.nLayer; l++) {
    const Layer &layer = net.layer[l];
    const int out = roundUp(layer.outputs, PAD);
    double *value = space.value + (size_t)l * space.width, *slope = space.slope + (size_t)l * space.width;
    multiply<S>(layer.byInput, x, layer.bias, layer.inputs, out, value);
    if (net.normalize)
      for (int k = 0; k < out; k++) value[k] /= layer.inputs;
    activate<S>(layer.activation, out, value, value, slope);
    if (net.normalize)
      for (int k = 0; k < out; k++) slope[k] /= layer.inputs;
    x = value;
  }
  const double energy = x[0];
  double *delta = space.delta;
  delta[0] = space.slope[(size_t)(net.nLayer - 1) * space.width];
  for (int l = net.nLayer - 1; l > 0; l--) {
    const Layer &layer = net.layer[l];
    double *below = delta == space.delta ? delta + space.width : space.delta;
    multiply<S>(layer.byOutput, delta, nullptr, layer.outputs, roundUp(layer.inputs, PAD), below);
    const double *slope = space.slope + (size_t)(l - 1) * space.width;
    for (int k = 0; k < layer.inputs; k++) below[k] *= slope[k];
    delta = below;
  }
  multiply<S>(net.layer[0].byOutput, delta, nullptr, net.layer[0].outputs, roundUp(nG, PAD), dEdG);
  for (int k = 0; k < nG; k++) dEdG[k] *= net.a[k];
  return energy;
}

/// Weight of every channel: the transpose of the map, applied to dE/dG.
inline void channelWeights(const Element &e, const double *dEdG, double *weight) {
  for (int k = 0; k < e.nChannel; k++) weight[k] = 0;
  for (int k = 0; k < e.nMap; k++) weight[e.map[k].channel] += e.map[k].coefficient * dEdG[e.map[k].g];
}

} // namespace
