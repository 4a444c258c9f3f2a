// The prepared model: the blob of blob.ts, checked entry by entry and laid out for the stages. No capacity is fixed.
#pragma once
#include "hdnnp.h"
#include "vec.hpp"

namespace {

constexpr int MAX_POWER = 8; // highest cosine moment; the planner uses power channels above
constexpr int PAD = 8;       // rows of weights are padded to this many doubles
constexpr int COMPACT = 16;  // window kinds from here on: compact cores, 16 = p1 ... 19 = p4, 20 = e

constexpr int roundUp(int n, int to) { return (n + to - 1) / to * to; }

struct Window {
  int kind;      // 0-8: cutoff type; 16+: compact core
  double lo, hi; // cutoff: alpha rc and rc; compact: rl and rc
  bool asym;
};
struct PlanOp {
  int a, b; // a < 0: exp(-eta X); else product of the results of operations a and b
  double eta;
};
/// How exp(-eta X) is made for every eta of a group: few exponentials, the rest products.
struct Plan {
  int nOp, nEta;
  PlanOp *op;
  double *eta;
  int *slot; // the operation that holds this eta's row; -1: eta = 0, the row is 1
};
struct Radial {
  int view;
  double rs;
  Plan plan;
  int channel, nChannel; // one per eta; without eta one: the sum of f
};
struct Power {
  int eta;
  double lambda, zeta;
};
struct Theta {
  int core;
  double lo, hi; // radians
};
struct Angular {
  int view1, view2, window;
  bool wide;
  double rs;
  Plan plan;
  int *zmax; // per eta, -1 = no moments
  int nPow, nTheta;
  Power *pow;
  Theta *theta;
  int channel, nMoment, nChannel;
};
/// Neighbors of one element seen through one window; `listed`: angular groups need it as a compacted list.
struct View {
  int element, window;
  bool listed;
};
struct MapEntry {
  int g, channel;
  double coefficient;
};
struct Layer {
  int inputs, outputs, activation;
  double *byInput;  // (inputs, outputs padded)
  double *byOutput; // (outputs, inputs padded)
  double *bias;     // (outputs padded)
};
struct Network {
  double *a, *b;
  bool normalize;
  int nLayer;
  Layer *layer;
};
struct Element {
  int z, nG, nView, nRad, nAng, nChannel, nMap;
  double *offset; // per member
  double *gMin, *gMax;
  View *view;
  Radial *radial;
  Angular *angular;
  MapEntry *map;
  Network *network;
};
struct Model {
  int nEl, nWin, nNet;
  double rMax;
  double *factor; // per member: network units to energy units
  Window *window;
  Element *element;
  // largest sizes over the elements, for the scratch
  int maxG, maxChannel, maxView, maxListed, maxRad, maxAng, maxRadialRows, maxPanelRows, maxWidth, maxDepth;
};

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __asan_poison_memory_region(void const volatile *, size_t);
extern "C" void __asan_unpoison_memory_region(void const volatile *, size_t);
constexpr size_t RED_ZONE = 64; // between the pieces, so that the address sanitizer sees a step from one into the next
#else
constexpr size_t RED_ZONE = 0;
#endif

/// Hands out aligned pieces of memory; without memory it only counts. Pieces beyond the limit must not be touched: see
/// full().
struct Bump {
  char *base;
  size_t used, limit;
  template <class A> A *take(size_t n) {
    used = (used + 63) & ~(size_t)63;
    char *p = base ? base + used : nullptr;
    used += n * sizeof(A) + RED_ZONE;
#if defined(__SANITIZE_ADDRESS__)
    if (base && !full()) {
      __asan_unpoison_memory_region(p, n * sizeof(A));
      __asan_poison_memory_region(p + n * sizeof(A), RED_ZONE);
    }
#endif
    return (A *)p;
  }
  bool full() const { return used > limit; }
};

/// Reads the blob front to back; after the first bad entry everything reads as 0 and `bad` stays set.
struct Reader {
  const double *data;
  size_t length, at;
  bool bad;

  double number() {
    if (bad || at >= length || !(data[at] - data[at] == 0)) return fail();
    return data[at++];
  }
  int integer(int lo, int hi) {
    const double v = number();
    if (bad) return 0;
    const bool ok = v >= lo && v <= hi && v == (double)(int)v;
    if (ok) return (int)v;
    at--;
    return (int)fail();
  }
  /// A count of items of at least one entry each: never more than entries are left.
  int count(int lo = 0) {
    const size_t left = length - at;
    return integer(lo, left > 1 << 24 ? 1 << 24 : (int)left);
  }
  double fail() {
    bad = true;
    return 0;
  }
  double *numbers(Bump &memory, int n) {
    double *out = memory.take<double>(n);
    for (int k = 0; k < n && !bad; k++) {
      const double v = number();
      if (out) out[k] = v;
    }
    return out;
  }
};

Plan readPlan(Reader &in, Bump &memory) {
  Plan plan{};
  plan.nOp = in.count();
  plan.op = memory.take<PlanOp>(plan.nOp);
  for (int k = 0; k < plan.nOp && !in.bad; k++) {
    PlanOp op{};
    op.a = in.integer(-1, k - 1);
    op.b = in.integer(-1, k - 1);
    if (op.a >= 0 && op.b < 0) in.fail();
    op.eta = in.number();
    if (plan.op) plan.op[k] = op;
  }
  plan.nEta = in.count();
  plan.eta = memory.take<double>(plan.nEta);
  plan.slot = memory.take<int>(plan.nEta);
  for (int k = 0; k < plan.nEta && !in.bad; k++) {
    const double eta = in.number();
    const int slot = in.integer(-1, plan.nOp - 1);
    if (slot < 0 && eta != 0) in.fail();
    if (plan.eta) plan.eta[k] = eta, plan.slot[k] = slot;
  }
  return plan;
}

Radial readRadial(Reader &in, Bump &memory, int nView) {
  Radial r{};
  r.view = in.integer(0, nView - 1);
  r.rs = in.number();
  r.plan = readPlan(in, memory);
  return r;
}

Angular readAngular(Reader &in, Bump &memory, int nView, const View *view) {
  Angular g{};
  g.view1 = in.integer(0, nView - 1);
  g.view2 = in.integer(0, nView - 1);
  if (view && !in.bad) {
    g.window = view[g.view1].window;
    if (g.window != view[g.view2].window || !view[g.view1].listed || !view[g.view2].listed) in.fail();
  }
  g.wide = in.integer(0, 1);
  g.rs = in.number();
  g.plan = readPlan(in, memory);
  g.zmax = memory.take<int>(g.plan.nEta);
  for (int k = 0; k < g.plan.nEta && !in.bad; k++) {
    const int z = in.integer(-1, MAX_POWER);
    if (g.zmax) g.zmax[k] = z;
    g.nMoment += z + 1;
  }
  g.nPow = in.count();
  g.pow = memory.take<Power>(g.nPow);
  for (int k = 0; k < g.nPow && !in.bad; k++) {
    Power p{};
    p.eta = in.integer(0, g.plan.nEta - 1);
    p.lambda = in.number();
    p.zeta = in.number();
    if (!(p.zeta >= 0 && p.zeta <= 1e6)) in.fail();
    if (g.pow) g.pow[k] = p;
  }
  g.nTheta = in.count();
  g.theta = memory.take<Theta>(g.nTheta);
  for (int k = 0; k < g.nTheta && !in.bad; k++) {
    Theta t{};
    t.core = COMPACT + in.integer(0, 4);
    t.lo = in.number();
    t.hi = in.number();
    if (!(t.lo < t.hi)) in.fail();
    if (g.theta) g.theta[k] = t;
  }
  g.nChannel = g.nMoment + g.nPow + g.nTheta;
  return g;
}

Network readNetwork(Reader &in, Bump &memory, Model &m, int nG) {
  Network net{};
  net.a = memory.take<double>(nG);
  net.b = memory.take<double>(nG);
  for (int k = 0; k < nG && !in.bad; k++) {
    const double a = in.number(), b = in.number();
    if (net.a) net.a[k] = a, net.b[k] = b;
  }
  net.normalize = in.integer(0, 1);
  net.nLayer = in.count(1);
  net.layer = memory.take<Layer>(net.nLayer);
  int inputs = nG;
  for (int l = 0; l < net.nLayer && !in.bad; l++) {
    Layer layer{};
    layer.inputs = inputs;
    layer.outputs = in.count(1);
    layer.activation = in.integer(0, 9);
    if (l + 1 == net.nLayer && layer.outputs != 1) in.fail();
    if ((double)layer.outputs * inputs > (double)(in.length - in.at)) in.fail();
    if (in.bad) break;
    const int inPad = roundUp(inputs, PAD), outPad = roundUp(layer.outputs, PAD);
    layer.byInput = memory.take<double>((size_t)inputs * outPad);
    layer.byOutput = memory.take<double>((size_t)layer.outputs * inPad);
    layer.bias = memory.take<double>(outPad);
    if (layer.bias) {
      for (size_t k = 0; k < (size_t)inputs * outPad; k++) layer.byInput[k] = 0;
      for (size_t k = 0; k < (size_t)layer.outputs * inPad; k++) layer.byOutput[k] = 0;
      for (int k = 0; k < outPad; k++) layer.bias[k] = 0;
    }
    for (int i = 0; i < inputs && !in.bad; i++)
      for (int o = 0; o < layer.outputs && !in.bad; o++) {
        const double w = in.number();
        if (layer.bias) layer.byInput[(size_t)i * outPad + o] = layer.byOutput[(size_t)o * inPad + i] = w;
      }
    for (int o = 0; o < layer.outputs && !in.bad; o++) {
      const double b = in.number();
      if (layer.bias) layer.bias[o] = b;
    }
    if (net.layer) net.layer[l] = layer;
    inputs = layer.outputs;
    if (m.maxWidth < inputs) m.maxWidth = inputs;
  }
  if (m.maxDepth < net.nLayer) m.maxDepth = net.nLayer;
  return net;
}

inline void raise(int &most, int n) {
  if (most < n) most = n;
}

/// Rows of numbers that a panel of triplets of this group keeps; triplets.hpp names them.
inline int panelRows(const Angular &g) { return 8 + g.plan.nOp + (g.nTheta ? 2 : 0); }

Element readElement(Reader &in, Bump &memory, Model &m) {
  Element e{};
  e.z = in.integer(1, 255);
  e.offset = in.numbers(memory, m.nNet);
  e.nG = in.count();
  e.gMin = memory.take<double>(e.nG);
  e.gMax = memory.take<double>(e.nG);
  for (int k = 0; k < e.nG && !in.bad; k++) {
    const double lo = in.number(), hi = in.number();
    if (e.gMin) e.gMin[k] = lo, e.gMax[k] = hi;
  }
  e.nView = in.count();
  e.view = memory.take<View>(e.nView);
  int listed = 0, radialRows = 2 * e.nView;
  for (int k = 0; k < e.nView && !in.bad; k++) {
    View v{};
    v.element = in.integer(0, m.nEl - 1);
    v.window = in.integer(0, m.nWin - 1);
    v.listed = in.integer(0, 1);
    listed += v.listed;
    if (e.view) e.view[k] = v;
  }
  e.nRad = in.count();
  e.radial = memory.take<Radial>(e.nRad);
  for (int k = 0; k < e.nRad && !in.bad; k++) {
    Radial r = readRadial(in, memory, e.nView);
    r.channel = e.nChannel;
    r.nChannel = r.plan.nEta ? r.plan.nEta : 1;
    e.nChannel += r.nChannel;
    radialRows += r.plan.nOp;
    if (e.radial) e.radial[k] = r;
  }
  e.nAng = in.count();
  e.angular = memory.take<Angular>(e.nAng);
  for (int k = 0; k < e.nAng && !in.bad; k++) {
    Angular g = readAngular(in, memory, e.nView, e.view);
    g.channel = e.nChannel;
    e.nChannel += g.nChannel;
    raise(m.maxPanelRows, panelRows(g));
    if (e.angular) e.angular[k] = g;
  }
  e.nMap = in.count();
  e.map = memory.take<MapEntry>(e.nMap);
  for (int k = 0; k < e.nMap && !in.bad; k++) {
    MapEntry entry{};
    entry.g = in.integer(0, e.nG - 1);
    entry.channel = in.integer(0, e.nChannel - 1);
    entry.coefficient = in.number();
    if (e.map) e.map[k] = entry;
  }
  e.network = memory.take<Network>(m.nNet);
  for (int k = 0; k < m.nNet && !in.bad; k++) {
    const Network net = readNetwork(in, memory, m, e.nG);
    if (e.network) e.network[k] = net;
  }
  raise(m.maxG, e.nG);
  raise(m.maxChannel, e.nChannel);
  raise(m.maxView, e.nView);
  raise(m.maxRad, e.nRad);
  raise(m.maxAng, e.nAng);
  raise(m.maxListed, listed);
  raise(m.maxRadialRows, radialRows);
  return e;
}

/// Reads the whole blob. With memory == null it checks and counts only. Returns the bytes needed, 0 if the blob is bad.
size_t readModel(Reader &in, char *base) {
  Bump memory{base, 0, ~(size_t)0};
  Model *out = memory.take<Model>(1);
  Model m{};
  if (in.number() != NNP_BLOB_MAGIC || in.number() != NNP_BLOB_VERSION || in.number() != (double)in.length) {
    in.at = in.at ? in.at - 1 : 0;
    in.fail();
  }
  m.nEl = in.count(1);
  m.nWin = in.count();
  m.nNet = in.count(1);
  m.rMax = in.number();
  if (!(m.rMax > 0)) in.fail();
  m.factor = in.numbers(memory, m.nNet);
  m.window = memory.take<Window>(m.nWin);
  for (int k = 0; k < m.nWin && !in.bad; k++) {
    Window w{};
    w.kind = in.integer(0, COMPACT + 4);
    if (w.kind > 8 && w.kind < COMPACT) in.fail();
    w.lo = in.number();
    w.hi = in.number();
    w.asym = in.integer(0, 1);
    if (!(w.lo < w.hi) || !(w.hi > 0) || !(w.hi <= m.rMax) || (w.kind < COMPACT && w.lo < 0)) in.fail();
    if (m.window) m.window[k] = w;
  }
  m.element = memory.take<Element>(m.nEl);
  for (int k = 0; k < m.nEl && !in.bad; k++) {
    const Element e = readElement(in, memory, m);
    if (m.element) m.element[k] = e;
  }
  if (in.at != in.length) in.fail();
  if (in.bad) return 0;
  if (out) *out = m;
  return memory.used;
}

} // namespace
