// Networks of all elements, padded for vectors, and one atom's passes through its network: forward, backward, tangent
// and reverse (the derivative of v·dE/dinput by the weights).
#pragma once
#include "../math.hpp"

namespace {

constexpr int PAD = 8; // numbers; rows of nodes and of weights begin at multiples of it

NNP_INLINE int padded(int n) { return (n + PAD - 1) / PAD * PAD; }

/// Weights between two layers. `byInput` is (inputs, padded outputs), `byOutput` (outputs, padded inputs). Gradients
/// are (outputs, padded inputs) and the biases behind them, from `gradient`.
struct Layer {
  int inputs, outputs, activation;
  int below, node; // first node of the inputs and of the outputs in an atom's row
  int first;       // parameter in the caller's vector
  int gradient;
  double *byInput, *byOutput, *bias;
};

struct Network {
  int layers;
  int nodes;     // of an atom's row
  int gradients; // numbers in a padded gradient, all elements in a row: from layer[0].gradient
  Layer *layer;
};

struct Networks {
  int elements, parameters;
  int stride;    // longest row of nodes
  int gradients; // length of a padded gradient of all elements
  Network *net;
};

/// What one pass leaves of an atom, each a row of nodes: x = φ(z), φ', φ'', dE/dx, dE/dz.
struct Nodes {
  double *value, *slope, *curvature, *pull, *delta;
};

/// φ, φ', φ''; numbers in the order of the letters l t s p r g c S e h.
template <class S> void activate(int kind, int n, double *z, double *slope, double *curvature) {
  using V = typename S::V;
  const V one = S::all(1.0), zero{};
  for (int k = 0; k < n; k += S::lanes) {
    const V x = S::load(z + k);
    V f, d, c;
    switch (kind) {
    case 0:
      f = x, d = one, c = zero;
      break;
    case 1: { // u = 1 - |tanh|
      const V u = 2.0 / (exp<S>(2.0 * S::abs(x)) + 1.0);
      f = x < zero ? u - 1.0 : 1.0 - u;
      d = u * (2.0 - u);
      c = -2.0 * f * d;
      break;
    }
    case 2:
    case 7: {
      const V up = 1.0 / (1.0 + exp<S>(-x)), down = 1.0 / (1.0 + exp<S>(x));
      f = kind == 2 ? up : down;
      d = kind == 2 ? up * down : -up * down;
      c = d * (down - up);
      break;
    }
    case 3: { // ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|)
      f = S::max(x, zero) + log<S>(1.0 + exp<S>(-S::abs(x)));
      d = 1.0 / (1.0 + exp<S>(-x));
      c = d * (1.0 / (1.0 + exp<S>(x)));
      break;
    }
    case 4:
      f = S::max(x, zero), d = x > zero ? one : zero, c = zero;
      break;
    case 5:
      f = exp<S>(-0.5 * x * x);
      d = -x * f;
      c = (x * x - 1.0) * f;
      break;
    case 6: {
      V sine;
      cosSin<S>(x, f, sine);
      d = -sine, c = -f;
      break;
    }
    case 8:
      f = exp<S>(-x);
      d = -f, c = f;
      break;
    default:
      f = x * x, d = 2.0 * x, c = S::all(2.0);
    }
    S::store(z + k, f);
    S::store(slope + k, d);
    S::store(curvature + k, c);
  }
}

/// y[0 ... m) = start + sum_i x[i] A[i][0 ... m); m is padded, rows of A are m long.
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
    V even = start ? S::load(start + k) : V{}, odd{};
    int i = 0;
    for (; i + 1 < n; i += 2) {
      even += x[i] * S::load(a + (size_t)i * m + k);
      odd += x[i + 1] * S::load(a + (size_t)(i + 1) * m + k);
    }
    if (i < n) even += x[i] * S::load(a + (size_t)i * m + k);
    S::store(y + k, even + odd);
  }
}

/// Forward from the inputs in `value`, then back; returns the atomic energy.
template <class S> double energyPass(const Network &net, const Nodes &at) {
  for (int l = 0; l < net.layers; l++) {
    const Layer &layer = net.layer[l];
    const int out = padded(layer.outputs);
    double *z = at.value + layer.node;
    multiply<S>(layer.byInput, at.value + layer.below, layer.bias, layer.inputs, out, z);
    activate<S>(layer.activation, out, z, at.slope + layer.node, at.curvature + layer.node);
  }
  const int last = net.layer[net.layers - 1].node;
  at.pull[last] = 1;
  for (int l = net.layers - 1; l >= 0; l--) {
    const Layer &layer = net.layer[l];
    for (int o = 0; o < layer.outputs; o++)
      at.delta[layer.node + o] = at.pull[layer.node + o] * at.slope[layer.node + o];
    multiply<S>(layer.byOutput, at.delta + layer.node, nullptr, layer.outputs, padded(layer.inputs),
                at.pull + layer.below);
  }
  return at.value[last];
}

/// gradient[o][k] += a[o] x[k] + b[o] t[k]; t may be null.
template <class S>
void addOuter(double *gradient, int outputs, int width, const double *a, const double *x, const double *b,
              const double *t) {
  using V = typename S::V;
  constexpr int N = 4;
  int o = 0;
  for (; o + N <= outputs; o += N) {
    double *g = gradient + (size_t)o * width;
    for (int k = 0; k < width; k += S::lanes) {
      const V u = S::load(x + k), w = t ? S::load(t + k) : V{};
      for (int l = 0; l < N; l++) {
        V sum = S::load(g + (size_t)l * width + k) + a[o + l] * u;
        if (t) sum += b[o + l] * w;
        S::store(g + (size_t)l * width + k, sum);
      }
    }
  }
  for (; o < outputs; o++) {
    double *g = gradient + (size_t)o * width;
    for (int k = 0; k < width; k += S::lanes) {
      V sum = S::load(g + k) + a[o] * S::load(x + k);
      if (t) sum += b[o] * S::load(t + k);
      S::store(g + k, sum);
    }
  }
}

/// Adds scale·dE/dw of one atom to a padded gradient. `scaled` has room for a row of nodes.
template <class S>
void addEnergyGradient(const Network &net, const Nodes &at, double scale, double *scaled, double *gradient) {
  for (int l = 0; l < net.layers; l++) {
    const Layer &layer = net.layer[l];
    const int width = padded(layer.inputs);
    double *g = gradient + layer.gradient;
    for (int o = 0; o < layer.outputs; o++) {
      scaled[o] = scale * at.delta[layer.node + o];
      g[(size_t)layer.outputs * width + o] += scaled[o];
    }
    addOuter<S>(g, layer.outputs, width, scaled, at.value + layer.below, nullptr, nullptr);
  }
}

/// Memory of one thread: rows of nodes, and a padded gradient.
struct Scratch {
  double *tangent, *sums, *adjoint, *gradient;
};

/// Adds d(v·dE/dinput)/dw of one atom to the padded gradient; v stands in the first entries of `tangent`. The adjoint
/// of the tangent of a node is dE/dx of that node, whatever v is.
template <class S> void addSlopeGradient(const Network &net, const Nodes &at, const Scratch &s, double *gradient) {
  for (int l = 0; l < net.layers; l++) {
    const Layer &layer = net.layer[l];
    multiply<S>(layer.byInput, s.tangent + layer.below, nullptr, layer.inputs, padded(layer.outputs),
                s.sums + layer.node);
    for (int o = 0; o < padded(layer.outputs); o += S::lanes)
      S::store(s.tangent + layer.node + o, S::load(at.slope + layer.node + o) * S::load(s.sums + layer.node + o));
  }
  for (int l = net.layers - 1; l >= 0; l--) {
    const Layer &layer = net.layer[l];
    const int width = padded(layer.inputs);
    double *g = gradient + layer.gradient;
    double *a = s.adjoint + layer.node;
    for (int o = 0; o < layer.outputs; o++) {
      const int node = layer.node + o;
      const double above = l == net.layers - 1 ? 0 : a[o];
      a[o] = above * at.slope[node] + at.pull[node] * at.curvature[node] * s.sums[node];
      g[(size_t)layer.outputs * width + o] += a[o];
    }
    addOuter<S>(g, layer.outputs, width, a, at.value + layer.below, at.delta + layer.node, s.tangent + layer.below);
    if (l > 0) multiply<S>(layer.byOutput, a, nullptr, layer.outputs, width, s.adjoint + layer.below);
  }
}

/// A padded gradient as parameters in the caller's order.
inline void unpad(const Networks &all, const double *gradient, double *row, bool add) {
  for (int e = 0; e < all.elements; e++)
    for (int l = 0; l < all.net[e].layers; l++) {
      const Layer &layer = all.net[e].layer[l];
      const int width = padded(layer.inputs);
      const double *g = gradient + layer.gradient;
      double *to = row + layer.first;
      for (int o = 0; o <= layer.outputs; o++) {
        const int count = o < layer.outputs ? layer.inputs : layer.outputs;
        const double *from = g + (size_t)o * width;
        if (add)
          for (int k = 0; k < count; k++) to[k] += from[k];
        else
          for (int k = 0; k < count; k++) to[k] = from[k];
        to += count;
      }
    }
}

/// Aligned pieces of one block of memory; with memory == nullptr it only counts.
struct Arena {
  char *memory;
  size_t used = 0;
  template <class T> T *take(size_t count) {
    used = (used + 63) / 64 * 64;
    T *at = memory ? (T *)(memory + used) : nullptr;
    used += count * sizeof(T);
    return at;
  }
};

/// Lays out the networks of a plan; false when it is not valid. Without memory only `arena.used` is of use.
inline bool layOut(const int *plan, size_t length, Arena &arena, Networks *&result) {
  constexpr int MOST = 1 << 20;
  Networks dummy, *all = arena.take<Networks>(1);
  if (!all) all = &dummy;
  size_t at = 0;
  if (length < 1 || plan[0] < 1 || plan[0] > 256) return false;
  all->elements = plan[at++];
  all->net = arena.take<Network>((size_t)all->elements);
  all->stride = 0;
  int parameters = 0, gradients = 0;
  for (int e = 0; e < all->elements; e++) {
    if (at >= length) return false;
    const int layers = plan[at++];
    if (layers < 1 || layers > 64 || at + 2 * (size_t)layers + 1 > length) return false;
    const int *sizes = plan + at, *activations = sizes + layers + 1;
    at += 2 * (size_t)layers + 1;
    Layer *layer = arena.take<Layer>((size_t)layers);
    int nodes = 0;
    for (int l = 0; l < layers; l++) {
      const int in = sizes[l], out = sizes[l + 1];
      if (in < 1 || out < 1 || in > MOST || out > MOST || activations[l] < 0 || activations[l] > 9) return false;
      if ((size_t)(in + 1) * (size_t)out > (size_t)(1 << 28)) return false;
      double *byInput = arena.take<double>((size_t)in * padded(out));
      double *byOutput = arena.take<double>((size_t)out * padded(in));
      double *bias = arena.take<double>((size_t)padded(out));
      const int below = nodes;
      nodes += padded(in);
      if (arena.memory)
        layer[l] = {in, out, activations[l], below, nodes, parameters, gradients, byInput, byOutput, bias};
      parameters += (in + 1) * out;
      gradients += out * padded(in) + padded(out);
    }
    if (sizes[layers] != 1) return false;
    nodes += padded(1);
    if (arena.memory) all->net[e] = {layers, nodes, gradients, layer};
    if (nodes > all->stride) all->stride = nodes;
  }
  all->parameters = parameters;
  all->gradients = gradients;
  result = all;
  return true;
}

inline void setWeights(Networks &all, const double *weights) {
  for (int e = 0; e < all.elements; e++)
    for (int l = 0; l < all.net[e].layers; l++) {
      const Layer &layer = all.net[e].layer[l];
      const int in = layer.inputs, out = layer.outputs;
      const double *w = weights + layer.first;
      for (int o = 0; o < out; o++)
        for (int k = 0; k < in; k++) {
          layer.byInput[(size_t)k * padded(out) + o] = w[(size_t)o * in + k];
          layer.byOutput[(size_t)o * padded(in) + k] = w[(size_t)o * in + k];
        }
      for (int o = 0; o < out; o++) layer.bias[o] = w[(size_t)out * in + o];
    }
}

} // namespace
