// Steps 0 and 1: the neighbors of one atom, sorted by element, with their windows. One Center is the working state of
// an atom.
#pragma once
#include "windows.hpp"

namespace {

constexpr int BLOCK = 256; // triplets worked on at a time: their rows stay in the first-level cache

/// Neighbors seen through a window and compacted; arrays are readable up to the next whole vector.
template <class T> struct List {
  int n;
  T *dx, *dy, *dz, *r, *q, *f, *h; // h = f'/(r f)
  int *slot;
};
template <class T> struct ViewRows {
  int start, n; // segment of the element, n padded to whole vectors
  T *f, *h;
  List<T> list;
};

template <class S> struct Center {
  using T = typename S::Number;
  const Model *m;
  const Element *e;
  Bump memory;

  int nSlot;               // padded; slot nSlot is a dummy
  int *start, *count;      // per element of the model
  T *dx, *dy, *dz, *r, *q; // per slot: d = x(neighbor) - x(center), r = |d|, q = 1/r
  int *index, *identity;   // slot -> atom, slot -> slot
  T *alpha;                // per slot: dE/dd = alpha d + ...
  T *acc, *pos;            // per slot (vx, vy, vz, alpha) and (x, y, z, 1)
  ViewRows<T> *view;

  template <class A> A *take(size_t n) { return memory.take<A>(n); }
  bool full() const { return memory.full(); }
};

template <class S> int gather(Center<S> &c, const NnpAtoms &atoms, int center, const int *neighbors, int listed) {
  using T = typename S::Number;
  constexpr int W = S::lanes;
  const int nEl = c.m->nEl;
  const double rMax2 = c.m->rMax * c.m->rMax;
  double *raw = c.template take<double>((size_t)4 * (listed + 1));
  int *rawIndex = c.template take<int>(listed + 1);
  c.count = c.template take<int>(nEl);
  c.start = c.template take<int>(nEl + 1);
  int *next = c.template take<int>(nEl);
  if (c.full()) return NNP_CAPACITY;
  for (int e = 0; e < nEl; e++) c.count[e] = 0;
  const double *x = atoms.x, xi = x[3 * (size_t)center], yi = x[3 * (size_t)center + 1], zi = x[3 * (size_t)center + 2];
  int n = 0;
  bool coincident = false;
  for (int k = 0; k < listed; k++) {
    const int a = neighbors[k] & atoms.index_mask;
    if ((unsigned)a >= (unsigned)atoms.nall || a == center) return NNP_BAD_INDEX;
    const double *p = x + 3 * (size_t)a;
    const double dx = p[0] - xi, dy = p[1] - yi, dz = p[2] - zi, r2 = dx * dx + dy * dy + dz * dz;
    const int e = atoms.element[a];
    const bool near = (r2 < rMax2) & ((unsigned)e < (unsigned)nEl);
    double *to = raw + 4 * (size_t)n;
    to[0] = dx, to[1] = dy, to[2] = dz, to[3] = r2;
    rawIndex[n] = a;
    n += near;
    if (near) c.count[e]++;
    coincident |= near & (r2 < 1e-12);
  }
  if (coincident) return NNP_COINCIDENT;
  int total = 0;
  for (int e = 0; e < nEl; e++) {
    c.start[e] = total;
    total += roundUp(c.count[e], W);
  }
  c.start[nEl] = c.nSlot = total;

  T **const rows[] = {&c.dx, &c.dy, &c.dz, &c.r, &c.q, &c.alpha};
  for (T **row : rows) *row = c.template take<T>(total + W);
  c.index = c.template take<int>(total + W);
  c.identity = c.template take<int>(total + W);
  c.acc = c.template take<T>((size_t)4 * (total + 1));
  c.pos = c.template take<T>((size_t)4 * (total + 1));
  if (c.full()) return NNP_CAPACITY;

  for (int e = 0; e < nEl; e++) next[e] = c.start[e];
  for (int k = 0; k < n; k++) {
    const double *from = raw + 4 * (size_t)k;
    const int s = next[atoms.element[rawIndex[k]]]++;
    c.dx[s] = from[0], c.dy[s] = from[1], c.dz[s] = from[2], c.r[s] = from[3];
    c.index[s] = rawIndex[k];
  }
  for (int e = 0; e < nEl; e++)
    for (int s = next[e]; s < c.start[e + 1]; s++) c.dx[s] = 1, c.dy[s] = c.dz[s] = 0, c.r[s] = 1;
  return NNP_OK;
}

/// Distances; `r` holds the squares before.
template <class S> void distances(Center<S> &c) {
  using V = typename S::V;
  for (int s = 0; s < c.nSlot; s += S::lanes) {
    const V r2 = S::load(c.r + s), q = rsqrt<S>(r2);
    S::store(c.r + s, r2 * q);
    S::store(c.q + s, q);
  }
  for (int s = 0; s <= c.nSlot; s++) {
    c.identity[s] = s;
    c.pos[4 * s] = s < c.nSlot ? c.dx[s] : 0;
    c.pos[4 * s + 1] = s < c.nSlot ? c.dy[s] : 0;
    c.pos[4 * s + 2] = s < c.nSlot ? c.dz[s] : 0;
    c.pos[4 * s + 3] = 1;
  }
}

template <class S> void clearGradient(Center<S> &c) {
  for (int s = 0; s < c.nSlot; s++) c.alpha[s] = 0;
  for (int s = 0; s < 4 * (c.nSlot + 1); s++) c.acc[s] = 0;
}

/// The neighbors inside the view's window; the whole segment, uncopied, when none is outside.
template <class S>
void listView(Center<S> &c, const ViewRows<typename S::Number> &v, int real, List<typename S::Number> &list) {
  using T = typename S::Number;
  constexpr int ROWS = 7, R = 3, Q = 4;
  const T *const from[ROWS] = {c.dx + v.start, c.dy + v.start, c.dz + v.start, c.r + v.start, c.q + v.start, v.f, v.h};
  T **const to[ROWS] = {&list.dx, &list.dy, &list.dz, &list.r, &list.q, &list.f, &list.h};
  int inside = 0;
  for (int k = 0; k < real; k++) inside += v.f[k] > 0;
  list.n = inside;
  if (inside == real) {
    for (int row = 0; row < ROWS; row++) *to[row] = (T *)from[row];
    list.slot = c.identity + v.start;
    return;
  }
  const int stride = roundUp(real, S::lanes) + S::lanes;
  list.slot = c.template take<int>(stride);
  for (int row = 0; row < ROWS; row++) *to[row] = c.template take<T>(stride);
  if (c.full()) return;
  int n = 0;
  for (int k = 0; k < real; k++) {
    list.slot[n] = v.start + k;
    n += v.f[k] > 0;
  }
  for (int row = 0; row < ROWS; row++) {
    T *out = *to[row];
    for (int k = 0; k < n; k++) out[k] = from[row][list.slot[k] - v.start];
    for (int k = n; k < roundUp(n, S::lanes); k++) out[k] = row == R || row == Q; // neutral lanes: r = q = 1
  }
  for (int k = n; k < roundUp(n, S::lanes); k++) list.slot[k] = c.nSlot;
}

/// Window values of every view of the central element.
template <class S> int views(Center<S> &c) {
  using T = typename S::Number;
  using V = typename S::V;
  c.view = c.template take<ViewRows<T>>(c.e->nView);
  if (c.full()) return NNP_CAPACITY;
  for (int k = 0; k < c.e->nView; k++) {
    const View &view = c.e->view[k];
    const Window &w = c.m->window[view.window];
    ViewRows<T> v{};
    v.start = c.start[view.element];
    v.n = c.start[view.element + 1] - v.start;
    const int real = c.count[view.element];
    v.f = c.template take<T>(v.n + S::lanes);
    v.h = c.template take<T>(v.n + S::lanes);
    if (c.full()) return NNP_CAPACITY;
    const T *r = c.r + v.start, *q = c.q + v.start;
    const double hi = w.hi, lo = w.kind < COMPACT ? -1.0 : w.lo;
    windowRow<S>(
        w, v.n,
        [=](int t, V &rt, V &qt) {
          rt = S::load(r + t);
          qt = S::load(q + t);
        },
        [=](int t, V f, V g) {
          const V rt = S::load(r + t);
          // below 1e-200 f'/f would turn a rounded 0 into inf * 0
          const auto inside = (rt < hi) & (rt > lo) & (f > 1e-200);
          S::store(v.f + t, inside ? f : V{});
          S::store(v.h + t, inside ? g / f : V{});
        });
    for (int t = real; t < v.n; t++) v.f[t] = v.h[t] = 0;
    if (view.listed) listView(c, v, real, v.list);
    if (c.full()) return NNP_CAPACITY;
    c.view[k] = v;
  }
  return NNP_OK;
}

} // namespace
