// Transmission of free electrons in the potential of smeared atoms: src/conductance/negf/jellium.ts says what is
// calculated and why the recursion over slices can be real; here it is done with blocks, products and sweeps.
#pragma once
#include "transmission.hpp"

namespace {

constexpr double HBAR2_2M = 3.80998; // eV A^2
constexpr double SMALLEST_PIVOT = 1e-7; // eV: below, the real recursion does not keep eight digits
constexpr double REACH = 5;             // smearing widths
constexpr int MOST_POINTS = 4096, MOST_MODES = 2000, MOST_SLICES_OF_WIRE = 1 << 20;

struct TransverseAxis {
  double low, length;
  int points, modes, stride; // of points
};

struct LeadModel {
  int open, stride;
  const double *shift, *couplings; // (m,m), (m,open)
};

struct JelliumModel {
  double slice, fermiEnergy, barrier, saturation, smearing, norm, offset[2];
  TransverseAxis x, y;
  int m, stride;
  int *my; // modes along y of each mode along x; mode (i,j) follows (i,j-1)
  double *energies;
  double *cosinesX;   // (2 modes + 1, points)
  double *cosinesY;   // (points, 2 modes + 1)
  int cosinesYStride;
  LeadModel bottom, top;
};

void readAxis(Reader &in, TransverseAxis &axis) {
  axis.low = in.number();
  axis.length = in.number();
  axis.points = in.integer(1, MOST_POINTS);
  axis.modes = in.integer(1, MOST_POINTS);
  axis.stride = strideOf(axis.points);
  if (!(axis.length > 0)) in.bad = true;
}

/// A block of a description into rows of whole vectors.
const double *readMatrix(Reader &in, Arena &arena, int rows, int columns) {
  const int stride = strideOf(columns);
  const double *from = in.run((size_t)rows * columns);
  double *to = arena.take<double>(in.bad ? 0 : (size_t)rows * stride);
  if (!to || in.bad) return to;
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < stride; j++) to[(size_t)i * stride + j] = j < columns ? from[(size_t)i * columns + j] : 0;
  return to;
}

void readLead(Reader &in, Arena &arena, int m, LeadModel &lead) {
  lead.open = in.integer(1, m);
  lead.stride = strideOf(lead.open);
  lead.shift = readMatrix(in, arena, m, m);
  lead.couplings = readMatrix(in, arena, m, lead.open);
}

/// Version; slice, Fermi energy, barrier, saturation, smearing, n0; offset; axes; modes; leads.
size_t readJellium(const double *description, size_t length, char *base) {
  Reader in = {description, length};
  Arena arena = {base};
  JelliumModel counted, &model = base ? *(JelliumModel *)base : counted;
  arena.take<JelliumModel>(1);
  if (in.integer(NNP_CONDUCTANCE_VERSION, NNP_CONDUCTANCE_VERSION), in.bad) return 0;
  model.slice = in.number();
  model.fermiEnergy = in.number();
  model.barrier = in.number();
  model.saturation = in.number();
  model.smearing = in.number();
  const double n0 = in.number(), s = model.smearing;
  if (!(model.slice > 0 && model.saturation > 0 && s > 0 && n0 > 0)) return 0;
  const double width = 1 / squareRoot(2 * PI * s * s);
  model.norm = width * width * width / n0;
  for (double &d : model.offset) d = in.number();
  readAxis(in, model.x);
  readAxis(in, model.y);
  model.m = in.integer(1, MOST_MODES);
  if (in.bad) return 0;
  const int m = model.m;
  model.stride = strideOf(m);
  model.my = arena.take<int>(model.x.modes + 1);
  int count = 0;
  for (int i = 0; i < model.x.modes; i++) {
    const int n = in.integer(0, model.y.modes);
    count += n;
    if (base) model.my[i] = n;
  }
  if (count != m) return 0;
  const double *energies = in.run(m);
  model.energies = arena.take<double>(m);
  model.cosinesX = (double *)readMatrix(in, arena, 2 * model.x.modes + 1, model.x.points);
  model.cosinesYStride = strideOf(2 * model.y.modes + 1);
  model.cosinesY = (double *)readMatrix(in, arena, model.y.points, 2 * model.y.modes + 1);
  if (in.bad) return 0;
  if (base)
    for (int k = 0; k < m; k++) model.energies[k] = energies[k];
  readLead(in, arena, m, model.bottom);
  readLead(in, arena, m, model.top);
  return in.done() ? arena.used : 0;
}

struct JelliumScratch {
  int atoms; // device and a further grip at either end
  double *z, *sorted;
  int *order;
  double *gx, *gy, *scaled; // (atoms, points): Gaussians of the sorted atoms, those along x times that along z
  double *grid;             // (x points, y points)
  double *half, *sums, *wave;
  double *block, *previous; // (m,m)
  double *waves[2], *product, *overlap; // (m, open), (open, open)
  double *reactance;                    // (open of both leads) squared
  SweepSpace sweep;
  Complex small, tau, flipped;
  int *pivots;
};

JelliumScratch jelliumScratch(Arena &arena, const JelliumModel &model, int atoms) {
  const int nb = model.bottom.open, nt = model.top.open, most = nb > nt ? nb : nt;
  const size_t m = model.m, open = strideOf(most);
  JelliumScratch s;
  s.atoms = atoms;
  s.z = arena.take<double>(roundUp(atoms, W));
  s.sorted = arena.take<double>(roundUp(atoms, W));
  s.order = arena.take<int>(atoms);
  s.gx = arena.take<double>((size_t)atoms * model.x.stride);
  s.scaled = arena.take<double>((size_t)atoms * model.x.stride);
  s.gy = arena.take<double>((size_t)atoms * model.y.stride);
  s.grid = arena.take<double>((size_t)model.x.stride * model.y.stride);
  s.half = arena.take<double>((size_t)(2 * model.x.modes + 1) * model.y.stride);
  s.sums = arena.take<double>((size_t)(2 * model.x.modes + 1) * model.cosinesYStride);
  s.wave = arena.take<double>(4 * (size_t)model.cosinesYStride + 4 * W);
  s.block = arena.take<double>(m * model.stride);
  s.previous = arena.take<double>(m * model.stride);
  for (double *&w : s.waves) w = arena.take<double>(m * open);
  s.product = arena.take<double>(m * open);
  s.overlap = arena.take<double>(open * open);
  s.reactance = arena.take<double>((size_t)(nb + nt) * (nb + nt));
  s.sweep = sweepSpace(arena, model.m);
  s.small = complexMatrix(arena, nb + nt, nb + nt);
  s.tau = complexMatrix(arena, nt, nb);
  s.flipped = complexMatrix(arena, nb, nt);
  s.pivots = arena.take<int>(nb + nt);
  return s;
}

/// exp(-(d/s)^2/2) at the midpoints of an axis.
void gaussians(const TransverseAxis &axis, double at, double factor, double norm, double *out) {
  const double step = axis.length / axis.points;
  for (int k = 0; k < axis.stride; k += W) {
    D::V d;
    for (int v = 0; v < W; v++) d[v] = axis.low + (k + v + 0.5) * step - at;
    D::V value = norm * exp<D>(factor * d * d);
    for (int v = 0; v < W; v++)
      if (k + v >= axis.points) value[v] = 0;
    D::store(out + k, value);
  }
}

/// Gaussians of all atoms, sorted by height.
void placeAtoms(const JelliumModel &model, const NnpSnapshot &wire, const WireNumbers &numbers, JelliumScratch &s) {
  const int n = wire.natoms;
  auto source = [&](int k) { return k < n ? k : k < n + numbers.bottom ? k - n : k - numbers.bottom - numbers.top; };
  for (int k = 0; k < s.atoms; k++)
    s.z[k] = wire.positions[3 * source(k) + 2] + (k < n ? 0 : k < n + numbers.bottom ? -numbers.period : numbers.period);
  sortByHeight(s.z, s.atoms, s.order);
  const double factor = -0.5 / (model.smearing * model.smearing);
  for (int k = 0; k < s.atoms; k++) {
    const double *at = wire.positions + 3 * source(s.order[k]);
    s.sorted[k] = s.z[s.order[k]];
    gaussians(model.x, at[0] + model.offset[0], factor, model.norm, s.gx + (size_t)k * model.x.stride);
    gaussians(model.y, at[1] + model.offset[1], factor, 1, s.gy + (size_t)k * model.y.stride);
  }
}

/// V at height z on the grid; `from` is an atom below which none reaches this high, and moves up with z.
void potential(const JelliumModel &model, double z, int &from, JelliumScratch &s) {
  const double reach = REACH * model.smearing, factor = -0.5 / (model.smearing * model.smearing);
  const int nx = model.x.points, ny = model.y.stride;
  while (from < s.atoms && s.sorted[from] <= z - reach) from++;
  int end = from;
  while (end < s.atoms && s.sorted[end] < z + reach) end++;
  for (int k = from; k < end; k += W) {
    D::V d;
    for (int v = 0; v < W; v++) d[v] = k + v < end ? z - s.sorted[k + v] : 0;
    const D::V height = exp<D>(factor * d * d);
    for (int v = 0; v < W && k + v < end; v++) {
      const double *gx = s.gx + (size_t)(k + v) * model.x.stride;
      double *to = s.scaled + (size_t)(k + v - from) * model.x.stride;
      for (int i = 0; i < model.x.stride; i += W) D::store(to + i, height[v] * D::load(gx + i));
    }
  }
  clear(s.grid, (size_t)nx * ny);
  multiply(nx, ny, end - from, {s.scaled, 1, (size_t)model.x.stride}, s.gy + (size_t)from * ny, ny, s.grid, ny);
  const double inverse = 1 / model.saturation;
  for (int k = 0; k < nx * ny; k += W) {
    const D::V u = D::min(D::load(s.grid + k) * inverse, D::all(1.0));
    D::store(s.grid + k, model.barrier * (1.0 - u * u * (3.0 - 2.0 * u)));
  }
}

/// E_F - 2t - H of the slice, lower triangle: products of sines are differences of cosines, so that with the two-dimensional cosine sums
/// of V a row of a block of modes is a piece of a symmetric sequence minus a piece of the same further on.
void realBlock(const JelliumModel &model, JelliumScratch &s) {
  const int nx = 2 * model.x.modes + 1, ys = model.y.stride, cs = model.cosinesYStride, stride = model.stride;
  clear(s.half, (size_t)nx * ys);
  clear(s.sums, (size_t)nx * cs);
  multiply(nx, ys, model.x.points, {model.cosinesX, (size_t)model.x.stride, 1}, s.grid, ys, s.half, ys);
  multiply(nx, cs, model.y.points, {s.half, (size_t)ys, 1}, model.cosinesY, cs, s.sums, cs);
  const double norm = -1 / ((double)model.x.points * model.y.points);
  double *middle = s.wave + cs + W;
  int row = 0;
  for (int p = 0; p < model.x.modes; p++) {
    int column = 0;
    for (int q = 0; q <= p; q++) {
      const double *minus = s.sums + (size_t)(p - q) * cs, *plus = s.sums + (size_t)(p + q + 2) * cs;
      for (int l = 0; l < cs; l++) middle[l] = middle[-l] = norm * (minus[l] - plus[l]);
      for (int a = 0; a < model.my[p]; a++) {
        double *to = s.block + (size_t)(row + a) * stride + column;
        const double *near = middle - a, *far = middle + a + 2;
        for (int b = 0; b < model.my[q]; b++) to[b] = near[b] - far[b];
      }
      column += model.my[q];
    }
    row += model.my[p];
  }
  const double diagonal = model.fermiEnergy - 2 * HBAR2_2M / (model.slice * model.slice);
  for (int i = 0; i < model.m; i++) {
    s.block[(size_t)i * stride + i] += diagonal - model.energies[i];
    for (int j = model.m; j < stride; j++) s.block[(size_t)i * stride + j] = 0;
  }
}

/// a -= factor * b over a whole block.
void subtract(double *a, const double *b, double factor, size_t count) {
  for (size_t k = 0; k < count; k += W) D::store(a + k, D::load(a + k) - factor * D::load(b + k));
}

/// The upper triangle from the lower one. Rounding would make the inverse of a slice a little asymmetric, and the
/// recursion that tenfold with every slice.
void mirror(double *a, int n, int stride) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < i; j++) a[(size_t)j * stride + i] = a[(size_t)i * stride + j];
}

/// K block at (row, column) += factor * left^T right.
void addOverlap(const JelliumModel &model, JelliumScratch &s, const double *left, int rows, int leftStride,
                const double *right, int columns, int rightStride, int row, int column, double factor) {
  const int stride = strideOf(columns), size = model.bottom.open + model.top.open;
  clear(s.overlap, (size_t)rows * stride);
  multiply(rows, columns, model.m, {left, 1, (size_t)leftStride}, right, rightStride, s.overlap, stride);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++)
      s.reactance[(size_t)(row + i) * size + column + j] += factor * s.overlap[(size_t)i * stride + j];
}

/// W^T G0 W over the open channels of both leads, bottom first. Returns a code; s.at = slice.
int reactance(const JelliumModel &model, double z0, int slices, JelliumScratch &s, int &at) {
  const LeadModel &bottom = model.bottom, &top = model.top;
  const int m = model.m, nb = bottom.open, nt = top.open, size = nb + nt;
  const size_t whole = (size_t)m * model.stride;
  const double t = HBAR2_2M / (model.slice * model.slice);
  clear(s.reactance, (size_t)size * size);
  const double *waves = bottom.couplings;
  const Factor inverse = {s.block, (size_t)model.stride, 1};
  int from = 0;
  for (int i = 0; i < slices; i++) {
    at = i;
    potential(model, z0 + i * model.slice, from, s);
    realBlock(model, s);
    if (i == 0)
      subtract(s.block, bottom.shift, 1, whole);
    else
      subtract(s.block, s.previous, t * t, whole);
    if (i == slices - 1) subtract(s.block, top.shift, 1, whole);
    mirror(s.block, m, model.stride);
    if (!(invertSymmetric(s.block, m, s.sweep) > SMALLEST_PIVOT)) return NNP_SINGULAR;
    double *next = s.waves[i % 2];
    const double factor = i == 0 ? 1 : -t;
    clear(s.product, (size_t)m * bottom.stride);
    multiply(m, nb, m, inverse, waves, bottom.stride, s.product, bottom.stride);
    // G00 grows by P^T t g t P with each slice
    addOverlap(model, s, waves, nb, bottom.stride, s.product, nb, bottom.stride, 0, 0, factor * factor);
    for (size_t k = 0; k < (size_t)m * bottom.stride; k += W) D::store(next + k, factor * D::load(s.product + k));
    waves = next;
    double *kept = s.previous;
    for (size_t k = 0; k < whole; k += W) D::store(kept + k, D::load(s.block + k));
  }
  clear(s.product, (size_t)m * top.stride);
  multiply(m, nt, m, inverse, top.couplings, top.stride, s.product, top.stride);
  addOverlap(model, s, top.couplings, nt, top.stride, s.product, nt, top.stride, nb, nb, 1);
  addOverlap(model, s, top.couplings, nt, top.stride, waves, nb, bottom.stride, nb, 0, 1);
  for (int i = 0; i < nb; i++)
    for (int j = nb; j < size; j++) s.reactance[(size_t)i * size + j] = s.reactance[(size_t)j * size + i];
  return NNP_DONE;
}

/// tau = top-bottom block of K (1 + iK/2)^-1.
bool transmissionMatrix(const JelliumModel &model, JelliumScratch &s) {
  const int nb = model.bottom.open, nt = model.top.open, size = nb + nt;
  clear(s.small);
  for (int i = 0; i < size; i++) {
    s.small.re[(size_t)i * s.small.stride + i] = 1;
    for (int j = 0; j < size; j++)
      s.small.im[(size_t)i * s.small.stride + j] =
          (s.reactance[(size_t)i * size + j] + s.reactance[(size_t)j * size + i]) / 4;
  }
  if (!invert(s.small, s.pivots)) return false;
  for (int i = 0; i < nt; i++)
    for (int j = 0; j < nb; j++) {
      const size_t from = (size_t)(nb + i) * s.small.stride + j, to = (size_t)i * s.tau.stride + j;
      s.tau.re[to] = -2 * s.small.im[from];
      s.tau.im[to] = 2 * s.small.re[from];
    }
  return true;
}

size_t jelliumModelBytes(const double *description, size_t length) { return readJellium(description, length, nullptr); }

int jelliumModelInit(const double *description, size_t length, void *model) {
  return readJellium(description, length, (char *)model) ? NNP_DONE : NNP_BAD_SIZE;
}

size_t jelliumScratchBytes(const void *model, const NnpSnapshot *wire) {
  NnpSnapshot checked = *wire;
  WireNumbers numbers;
  if (readWire(checked, numbers) != NNP_DONE) return 64; // the run says what is wrong
  Arena arena = {nullptr};
  jelliumScratch(arena, *(const JelliumModel *)model, wire->natoms + numbers.bottom + numbers.top);
  return arena.used;
}

/// values: total, number of channels, channels. NNP_SINGULAR where a slice is resonant to rounding.
int jelliumRun(const void *prepared, NnpSnapshot *snapshot, void *scratch) {
  const JelliumModel &model = *(const JelliumModel *)prepared;
  NnpSnapshot &wire = *snapshot;
  WireNumbers numbers;
  const int wrong = readWire(wire, numbers);
  if (wrong) return wrong;
  double low = 1e300, high = -1e300;
  for (int k = 0; k < numbers.bottom; k++) low = wire.positions[3 * k + 2] < low ? wire.positions[3 * k + 2] : low;
  for (int k = wire.natoms - numbers.top; k < wire.natoms; k++)
    high = wire.positions[3 * k + 2] > high ? wire.positions[3 * k + 2] : high;
  const double z0 = low + numbers.period / 4, steps = (high - z0) / model.slice;
  if (!(steps < MOST_SLICES_OF_WIRE)) return NNP_BAD_SIZE;
  // rounded as JavaScript does: halves upward
  const int rounded = steps > 0 ? (int)(steps + 0.5) : 0, slices = rounded < 2 ? 2 : rounded;
  Arena arena = {(char *)scratch};
  JelliumScratch s = jelliumScratch(arena, model, wire.natoms + numbers.bottom + numbers.top);
  placeAtoms(model, wire, numbers, s);
  const int code = reactance(model, z0, slices, s, wire.at);
  if (code) return code;
  if (!transmissionMatrix(model, s)) return NNP_SINGULAR;
  wire.at = -1;
  return writeTransmission(s.tau, s.flipped, wire);
}

} // namespace
