// Transmission of a one-orbital tight-binding wire, and the surface of its leads by decimation:
// src/conductance/negf/tight-binding.ts and tight-binding-leads.ts say what is calculated.
#pragma once
#include "transmission.hpp"

namespace {

constexpr double CONNECTED = 1e-9; // eV: smaller couplings are none
constexpr double LONELY = 1e-12;   // eV^2: second moment of atoms without neighbors
constexpr int MOST_GRIP = 4096;

struct GripModel {
  int n, rank;
  Complex selfEnergy, couplings; // (n,n); (n,rank): Gamma = F F^+
};

struct TightBindingModel {
  double t1, d1, lambda, inner, cutoff, neutrality;
  GripModel bottom, top;
};

Complex readComplex(Reader &in, Arena &arena, int rows, int columns) {
  Complex m = complexMatrix(arena, in.bad ? 0 : rows, columns);
  double *const parts[] = {m.re, m.im};
  for (double *part : parts) {
    const double *from = in.run((size_t)rows * columns);
    if (!part || in.bad) continue;
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < m.stride; j++)
        part[(size_t)i * m.stride + j] = j < columns ? from[(size_t)i * columns + j] : 0;
  }
  return m;
}

void readGrip(Reader &in, Arena &arena, GripModel &grip) {
  grip.n = in.integer(1, MOST_GRIP);
  grip.rank = in.integer(1, grip.n);
  grip.selfEnergy = readComplex(in, arena, grip.n, grip.n);
  grip.couplings = readComplex(in, arena, grip.n, grip.rank);
}

/// Version; t1, d1, lambda, inner, cutoff, neutrality; for either grip atoms, rank, self-energy, couplings.
size_t readTightBinding(const double *description, size_t length, char *base) {
  Reader in = {description, length};
  Arena arena = {base};
  TightBindingModel counted, &model = base ? *(TightBindingModel *)base : counted;
  arena.take<TightBindingModel>(1);
  if (in.integer(NNP_CONDUCTANCE_VERSION, NNP_CONDUCTANCE_VERSION), in.bad) return 0;
  model.t1 = in.number();
  model.d1 = in.number();
  model.lambda = in.number();
  model.inner = in.number();
  model.cutoff = in.number();
  model.neutrality = in.number();
  if (!(model.lambda > 0 && model.inner > 0 && model.cutoff > model.inner)) return 0;
  readGrip(in, arena, model.bottom);
  readGrip(in, arena, model.top);
  return in.done() ? arena.used : 0;
}

struct TightBindingScratch {
  int atoms, width, most; // with a further grip at either end; of a row of hoppings; of a block
  double *z;
  int *order;
  double *xs, *ys, *zs;      // sorted by height
  int *wire;                 // place in the wire of a sorted atom, -1 for the further grips
  int *sorted;               // and of an atom of the wire among the sorted
  int *base, *count;         // first sorted atom (a multiple of the lanes) and length of a row of hoppings
  double *hopping, *onsite;  // (atoms, width), (natoms)
  int *level, *queue, *members;
  double *v, *vt;            // coupling of two blocks and its transpose
  Complex g[2], vg, waves[2], carried, t, flipped;
  int *pivots;
};

/// Atoms with the further grips: height and place in the wire of the k-th.
NNP_INLINE int sourceOf(const NnpSnapshot &wire, const WireNumbers &n, int k) {
  return k < n.bottom ? k : k < n.bottom + wire.natoms ? k - n.bottom : k - n.bottom - n.top;
}

NNP_INLINE double heightOf(const NnpSnapshot &wire, const WireNumbers &n, int k) {
  const double z = wire.positions[3 * sourceOf(wire, n, k) + 2];
  return k < n.bottom ? z - n.period : k < n.bottom + wire.natoms ? z : z + n.period;
}

TightBindingScratch tightBindingScratch(Arena &arena, const TightBindingModel &model, int natoms, int atoms, int width,
                                        int most) {
  TightBindingScratch s;
  const int padded = roundUp(atoms, W) + W;
  const int rank = model.bottom.rank;
  s.atoms = atoms;
  s.width = width;
  s.most = most;
  s.z = arena.take<double>(padded);
  s.order = arena.take<int>(padded);
  s.xs = arena.take<double>(padded);
  s.ys = arena.take<double>(padded);
  s.zs = arena.take<double>(padded);
  s.wire = arena.take<int>(padded);
  s.sorted = arena.take<int>(natoms);
  s.base = arena.take<int>(atoms);
  s.count = arena.take<int>(atoms);
  s.hopping = arena.take<double>((size_t)atoms * width);
  s.onsite = arena.take<double>(natoms);
  s.level = arena.take<int>(natoms);
  s.queue = arena.take<int>(natoms);
  s.members = arena.take<int>(natoms);
  s.v = arena.take<double>((size_t)most * strideOf(most));
  s.vt = arena.take<double>((size_t)most * strideOf(most));
  for (Complex &g : s.g) g = complexMatrix(arena, most, most);
  s.vg = complexMatrix(arena, most, most);
  for (Complex &w : s.waves) w = complexMatrix(arena, most, rank);
  s.carried = complexMatrix(arena, most, rank);
  s.t = complexMatrix(arena, model.top.rank, rank);
  s.flipped = complexMatrix(arena, rank, model.top.rank);
  s.pivots = arena.take<int>(most);
  return s;
}

/// Numbers in the longest row of hoppings: atoms nearer in height than the cutoff, and padding at both ends.
int rowWidth(const TightBindingModel &model, const NnpSnapshot &wire, const WireNumbers &numbers) {
  const int atoms = wire.natoms + numbers.bottom + numbers.top;
  int most = 0;
  for (int i = 0; i < atoms; i++) {
    const double z = heightOf(wire, numbers, i), low = z - model.cutoff, high = z + model.cutoff;
    int count = 0;
    for (int k = 0; k < wire.natoms; k++) {
      const double here = wire.positions[3 * k + 2];
      count += here >= low && here <= high;
    }
    for (int k = 0; k < numbers.bottom; k++) count += heightOf(wire, numbers, k) >= low && heightOf(wire, numbers, k) <= high;
    for (int k = atoms - numbers.top; k < atoms; k++)
      count += heightOf(wire, numbers, k) >= low && heightOf(wire, numbers, k) <= high;
    if (count > most) most = count;
  }
  return roundUp(most, W) + W;
}

void sortAtoms(const NnpSnapshot &wire, const WireNumbers &numbers, TightBindingScratch &s) {
  for (int k = 0; k < s.atoms; k++) s.z[k] = heightOf(wire, numbers, k);
  sortByHeight(s.z, s.atoms, s.order);
  const int padded = roundUp(s.atoms, W) + W;
  for (int k = 0; k < padded; k++) {
    const bool is = k < s.atoms;
    const int from = is ? s.order[k] : 0, source = is ? sourceOf(wire, numbers, from) : 0;
    const bool device = is && from >= numbers.bottom && from < numbers.bottom + wire.natoms;
    s.xs[k] = is ? wire.positions[3 * source] : 1e6;
    s.ys[k] = is ? wire.positions[3 * source + 1] : 1e6;
    s.zs[k] = is ? s.z[from] : 1e6;
    s.wire[k] = device ? source : -1;
    if (device) s.sorted[source] = k;
  }
}

/// t(r) = -t1 exp((d1-r)/lambda) (1 - x^3 (10 - 15 x + 6 x^2)) of all pairs, in rows. False where two atoms are at one
/// place.
bool hoppings(const TightBindingModel &model, TightBindingScratch &s) {
  const double inverse = 1 / (model.cutoff - model.inner), decay = 1 / model.lambda;
  int low = 0, high = 0;
  for (int i = 0; i < s.atoms; i++) {
    while (s.zs[low] < s.zs[i] - model.cutoff) low++;
    while (high < s.atoms && s.zs[high] <= s.zs[i] + model.cutoff) high++;
    const int base = low / W * W;
    s.base[i] = base;
    s.count[i] = roundUp(high - base, W);
    double *row = s.hopping + (size_t)i * s.width;
    D::V close = {};
    for (int j = 0; j < s.count[i]; j += W) {
      const D::V dx = D::load(s.xs + base + j) - s.xs[i], dy = D::load(s.ys + base + j) - s.ys[i],
                 dz = D::load(s.zs + base + j) - s.zs[i];
      const D::V r = sqrt(dx * dx + dy * dy + dz * dz);
      close += r < 1e-6 ? D::all(1.0) : D::V{};
      const D::V x = D::max((r - model.inner) * inverse, D::V{});
      const D::V t = -model.t1 * exp<D>((model.d1 - r) * decay) * (1.0 - x * x * x * (10.0 - x * (15.0 - 6.0 * x)));
      D::store(row + j, r < model.cutoff ? t : D::V{});
    }
    row[i - base] = 0;
    if (D::sum(close) != 1) return false; // an atom is near itself
  }
  return true;
}

/// Levels that keep atoms neutral: -C mu3/mu2, mu2 = sum t_ij^2, mu3 = sum t_ij t_jk t_ki.
void onsites(const TightBindingModel &model, const NnpSnapshot &wire, TightBindingScratch &s) {
  for (int a = 0; a < wire.natoms; a++) {
    const int i = s.sorted[a], base = s.base[i], end = base + s.count[i];
    const double *row = s.hopping + (size_t)i * s.width;
    double second = 0;
    D::V third = {};
    for (int j = base; j < end; j++) {
      const double t = row[j - base];
      if (t == 0) continue;
      second += t * t;
      const int otherBase = s.base[j], otherEnd = otherBase + s.count[j];
      const int from = base > otherBase ? base : otherBase, to = end < otherEnd ? end : otherEnd;
      const double *other = s.hopping + (size_t)j * s.width;
      D::V sum = {}, more = {};
      int k = from;
      for (; k + 2 * W <= to; k += 2 * W) {
        sum += D::load(row + k - base) * D::load(other + k - otherBase);
        more += D::load(row + k + W - base) * D::load(other + k + W - otherBase);
      }
      if (k < to) sum += D::load(row + k - base) * D::load(other + k - otherBase);
      third += t * (sum + more);
    }
    s.onsite[a] = second < LONELY ? 0 : -model.neutrality * D::sum(third) / second;
  }
}

NNP_INLINE double coupling(const TightBindingScratch &s, int a, int b) {
  const int i = s.sorted[a], at = s.sorted[b] - s.base[i];
  return (unsigned)at < (unsigned)s.count[i] ? s.hopping[(size_t)i * s.width + at] : 0;
}

/// Breadth-first levels from the bottom grip on, those from the first with an atom of the top grip merged; returns their
/// number, 0 where the top cannot be reached. `members` are the atoms of the levels one after the other, level[a] is -1
/// for atoms that cannot be reached.
int levels(const NnpSnapshot &wire, const WireNumbers &numbers, TightBindingScratch &s) {
  const int n = wire.natoms;
  int count = numbers.bottom, last = n;
  for (int a = 0; a < n; a++) s.level[a] = a < numbers.bottom ? 0 : -1;
  for (int a = 0; a < numbers.bottom; a++) s.queue[a] = a;
  for (int at = 0; at < count; at++) {
    const int a = s.queue[at], i = s.sorted[a];
    if (a >= n - numbers.top && s.level[a] < last) last = s.level[a];
    const double *row = s.hopping + (size_t)i * s.width;
    for (int k = 0; k < s.count[i]; k++) {
      if (row[k] <= CONNECTED && row[k] >= -CONNECTED) continue;
      const int other = s.wire[s.base[i] + k];
      if (other < 0 || s.level[other] >= 0) continue;
      s.level[other] = s.level[a] + 1;
      s.queue[count++] = other;
    }
  }
  if (last == n) return 0;
  for (int a = 0; a < n; a++)
    if (s.level[a] > last) s.level[a] = last;
  return last + 1;
}

/// Members of one level in the order of the wire.
int membersOf(int level, const NnpSnapshot &wire, const TightBindingScratch &s, int *out) {
  int count = 0;
  for (int a = 0; a < wire.natoms; a++)
    if (s.level[a] == level) out[count++] = a;
  return count;
}

void subtractAt(const Complex &m, const Complex &part, int at) {
  for (int i = 0; i < part.rows; i++)
    for (int j = 0; j < part.columns; j++) {
      const size_t to = (size_t)(at + i) * m.stride + at + j, from = (size_t)i * part.stride + j;
      m.re[to] -= part.re[from];
      m.im[to] -= part.im[from];
    }
}

/// -H of a block.
void minusBlock(const TightBindingScratch &s, const int *atoms, const Complex &m) {
  clear(m);
  for (int i = 0; i < m.rows; i++) {
    double *row = m.re + (size_t)i * m.stride;
    for (int j = 0; j < m.rows; j++) row[j] = -coupling(s, atoms[i], atoms[j]);
    row[i] = -s.onsite[atoms[i]];
  }
}

/// c = v b with a real v.
void realTimes(const double *v, int rows, int inner, const Complex &b, const Complex &c) {
  clear(c);
  const Factor factor = {v, (size_t)strideOf(inner), 1};
  multiply(rows, b.columns, inner, factor, b.re, b.stride, c.re, c.stride);
  multiply(rows, b.columns, inner, factor, b.im, b.stride, c.im, c.stride);
}

/// The recursion over blocks; F_t^+ G F_b into s.t. Returns a code; at = block.
int endToEnd(const TightBindingModel &model, const NnpSnapshot &wire, int blocks, TightBindingScratch &s, int &at) {
  int *atoms = s.members, *before = s.queue, n = 0;
  for (int b = 0; b < blocks; b++) {
    at = b;
    const int was = n;
    int *swapped = atoms;
    atoms = before;
    before = swapped;
    n = membersOf(b, wire, s, atoms);
    const Complex m = reshaped(s.g[b % 2], n, n), g = reshaped(s.g[(b + 1) % 2], was, was);
    const Complex next = reshaped(s.waves[b % 2], n, model.bottom.rank);
    minusBlock(s, atoms, m);
    if (b == 0)
      subtractAt(m, model.bottom.selfEnergy, 0);
    else {
      const int stride = strideOf(was), across = strideOf(n);
      clear(s.v, (size_t)n * stride);
      clear(s.vt, (size_t)was * across);
      for (int i = 0; i < n; i++)
        for (int j = 0; j < was; j++)
          s.v[(size_t)i * stride + j] = s.vt[(size_t)j * across + i] = coupling(s, atoms[i], before[j]);
      const Complex vg = reshaped(s.vg, n, was);
      realTimes(s.v, n, was, g, vg);
      multiply<true>(n, n, was, {vg.re, (size_t)vg.stride, 1}, s.vt, across, m.re, m.stride);
      multiply<true>(n, n, was, {vg.im, (size_t)vg.stride, 1}, s.vt, across, m.im, m.stride);
    }
    if (b == blocks - 1) subtractAt(m, model.top.selfEnergy, n - model.top.n);
    if (!invert(m, s.pivots)) return NNP_SINGULAR;
    clear(next);
    if (b == 0) {
      const Complex grip = {m.re, m.im, n, model.bottom.n, m.stride};
      multiply(grip, model.bottom.couplings, next);
    } else {
      const Complex carried = reshaped(s.carried, n, model.bottom.rank);
      realTimes(s.v, n, was, reshaped(s.waves[(b + 1) % 2], was, model.bottom.rank), carried);
      multiply(m, carried, next);
    }
  }
  const Complex last = reshaped(s.waves[(blocks - 1) % 2], n, model.bottom.rank);
  const size_t from = (size_t)(n - model.top.n) * last.stride;
  const Complex &f = model.top.couplings;
  const Factor re = {f.re, 1, (size_t)f.stride}, im = {f.im, 1, (size_t)f.stride};
  const int inner = model.top.n, rows = model.top.rank, columns = model.bottom.rank;
  clear(s.t);
  multiply(rows, columns, inner, re, last.re + from, last.stride, s.t.re, s.t.stride);
  multiply(rows, columns, inner, im, last.im + from, last.stride, s.t.re, s.t.stride);
  multiply(rows, columns, inner, re, last.im + from, last.stride, s.t.im, s.t.stride);
  multiply<true>(rows, columns, inner, im, last.re + from, last.stride, s.t.im, s.t.stride);
  return NNP_DONE;
}

size_t tightBindingModelBytes(const double *description, size_t length) {
  return readTightBinding(description, length, nullptr);
}

int tightBindingModelInit(const double *description, size_t length, void *model) {
  return readTightBinding(description, length, (char *)model) ? NNP_DONE : NNP_BAD_SIZE;
}

/// The numbers of a wire, then the largest block there shall be room for.
int readBlocks(const TightBindingModel &model, NnpSnapshot &wire, WireNumbers &numbers, int &most) {
  wire.at = -1;
  if (wire.nnumbers != 4) return NNP_BAD_SIZE;
  NnpSnapshot first = wire;
  first.nnumbers = 3;
  const int wrong = readWire(first, numbers);
  wire.at = first.at;
  if (wrong) return wrong;
  if (numbers.bottom != model.bottom.n || numbers.top != model.top.n) return NNP_BAD_SIZE;
  if (!(wire.numbers[3] >= 1 && wire.numbers[3] <= wire.natoms)) return NNP_BAD_SIZE;
  most = (int)wire.numbers[3];
  return NNP_DONE;
}

size_t tightBindingScratchBytes(const void *prepared, const NnpSnapshot *wire) {
  const TightBindingModel &model = *(const TightBindingModel *)prepared;
  NnpSnapshot checked = *wire;
  WireNumbers numbers;
  int most;
  if (readBlocks(model, checked, numbers, most) != NNP_DONE) return 64; // the run says what is wrong
  Arena arena = {nullptr};
  tightBindingScratch(arena, model, wire->natoms, wire->natoms + numbers.bottom + numbers.top,
                      rowWidth(model, *wire, numbers), most);
  return arena.used;
}

/// values: total, number of channels, channels. NNP_SMALL_ROOM with at = largest block where there is no room for it.
int tightBindingRun(const void *prepared, NnpSnapshot *snapshot, void *scratch) {
  const TightBindingModel &model = *(const TightBindingModel *)prepared;
  NnpSnapshot &wire = *snapshot;
  WireNumbers numbers;
  int most;
  const int wrong = readBlocks(model, wire, numbers, most);
  if (wrong) return wrong;
  Arena arena = {(char *)scratch};
  TightBindingScratch s = tightBindingScratch(arena, model, wire.natoms, wire.natoms + numbers.bottom + numbers.top,
                                              rowWidth(model, wire, numbers), most);
  sortAtoms(wire, numbers, s);
  if (!hoppings(model, s)) return NNP_COINCIDENT;
  onsites(model, wire, s);
  const int blocks = levels(wire, numbers, s);
  if (blocks == 0) {
    if (wire.nvalues < 2) return NNP_BAD_SIZE;
    wire.values[0] = wire.values[1] = 0;
    return NNP_DONE;
  }
  int largest = 0;
  for (int b = 0; b < blocks; b++) {
    const int n = membersOf(b, wire, s, s.members);
    if (n > largest) largest = n;
  }
  if (largest > most) {
    wire.at = largest;
    return NNP_SMALL_ROOM;
  }
  const int code = endToEnd(model, wire, blocks, s, wire.at);
  if (code) return code;
  wire.at = -1;
  return writeTransmission(s.t, s.flipped, wire);
}

} // namespace
