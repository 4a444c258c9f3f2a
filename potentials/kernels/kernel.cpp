// The HDNNP kernel: see hdnnp.h for the interface. Compile once per instruction set:
//   -DNNP_LANES=8 -DNNP_SYMBOL=nnp_kernel_avx512 -march=x86-64-v4 ...
// Freestanding: no library, no allocation, no threads. Never -ffast-math: the checks for NaN would vanish.
#include "angular.hpp"
#include "network.hpp"

#if defined(__FAST_MATH__) || __FINITE_MATH_ONLY__
#error "do not compile the kernel with -ffast-math or -ffinite-math-only"
#endif

namespace {

using Lanes = Simd<double, NNP_LANES>;

size_t modelBytes(const double *blob, size_t length, size_t *at) {
  Reader in{blob, length, 0, false};
  const size_t bytes = readModel(in, nullptr);
  if (at) *at = in.at;
  return bytes;
}

int modelInit(const double *blob, size_t length, void *model) {
  Reader in{blob, length, 0, false};
  return readModel(in, (char *)model) ? NNP_OK : NNP_BAD_BLOB;
}

const Model &modelOf(const void *p) { return *(const Model *)p; }
int members(const void *m) { return modelOf(m).nNet; }
double cutoff(const void *m) { return modelOf(m).rMax; }
double offset(const void *m, int element, int member) { return modelOf(m).element[element].offset[member]; }
int atomicNumber(const void *m, int element) { return element < modelOf(m).nEl ? modelOf(m).element[element].z : -1; }

/// What one atom needs besides geometry.
struct Space {
  AngularSpace<Lanes> angular;
  GroupState<Lanes> *group;
  RadialRows<Lanes> *radial;
  NetworkSpace network;
  double *channels, *features, *scaled, *weight, *mean, *member; // member: (members, dEdG)
  int padG;
};

/// Takes everything but the kept panels; the same calls, on no memory, give the size of the scratch.
void takeSpace(Center<Lanes> &c, const Model &m, int listed, Space &s) {
  using T = double;
  const int slots = listed + 2 * NNP_LANES;
  AngularSpace<Lanes> &a = s.angular;
  a.xStride = roundUp(slots, 8);
  a.x = c.take<T>(a.xStride * 2 * (1 + m.maxPanelRows));
  const size_t block =
      roundUp(listed + BLOCK + 6 * NNP_LANES, 8); // the last row of a block may begin just before BLOCK
  T **const rows[] = {&a.s, &a.sc, &a.sr, &a.st, &a.square, &a.cosine};
  for (T **row : rows) *row = c.take<T>(block);
  a.kept = c.take<int>(block);
  a.sums = c.take<T>((size_t)m.maxChannel * NNP_LANES);
  a.stream = takePanel(c, m.maxPanelRows, BLOCK + roundUp(slots, 8), listed + 1);
  s.group = c.take<GroupState<Lanes>>(m.maxAng);
  s.radial = c.take<RadialRows<Lanes>>(m.maxRad);
  s.padG = roundUp(m.maxG, PAD);
  s.network.width = roundUp(m.maxWidth > s.padG ? m.maxWidth : s.padG, PAD);
  s.network.value = c.take<double>((size_t)m.maxDepth * s.network.width);
  s.network.slope = c.take<double>((size_t)m.maxDepth * s.network.width);
  s.network.delta = c.take<double>((size_t)2 * s.network.width);
  s.channels = c.take<double>(m.maxChannel);
  s.weight = c.take<double>(m.maxChannel);
  double **const features[] = {&s.features, &s.scaled, &s.mean};
  for (double **row : features) *row = c.take<double>(s.padG);
  s.member = c.take<double>((size_t)s.padG * m.nNet);
}

/// Bytes of gather(), views() and radialForward() for an atom with this many listed neighbors.
size_t neighborBytes(const Model &m, int listed) {
  const size_t slots = (size_t)listed + (size_t)m.nEl * NNP_LANES + 2 * NNP_LANES,
               segment = (size_t)listed + 3 * NNP_LANES;
  return slots * (4 * 8 + 4 + 6 * 8 + 2 * 4 + 8 * 8) + m.maxRadialRows * segment * 8 +
         m.maxListed * segment * (7 * 8 + 4) + (size_t)m.nEl * 12 + m.maxView * sizeof(ViewRows<double>) +
         (64 + RED_ZONE) * (32 + 2 * (size_t)m.maxView + 12 * (size_t)m.maxListed + m.maxRad);
}

constexpr size_t KEPT_BYTES = 4 << 20;

size_t scratchBytes(const void *model, int listed, int minimum) {
  const Model &m = modelOf(model);
  Center<Lanes> c{};
  Space s;
  takeSpace(c, m, listed, s);
  return ((c.memory.used + 64 + neighborBytes(m, listed) + 63) & ~(size_t)63) + (minimum ? 0 : KEPT_BYTES);
}

int checkPositions(const double *x, int nall) {
  for (int i = 0; i < nall; i++) {
    const double s = x[3 * (size_t)i] * 0 + x[3 * (size_t)i + 1] * 0 + x[3 * (size_t)i + 2] * 0;
    if (!(s == 0)) return i;
  }
  return -1;
}

bool finite(double x) { return x - x == 0; }

/// G from the channels; reports what lies outside the range of the training set. Same margin as n2p2.
int symmetryFunctions(const Element &e, Space &s, int center, NnpResult &out) {
  constexpr double MARGIN = 1000 * 2.220446049250313e-16;
  for (int k = 0; k < e.nG; k++) s.features[k] = 0;
  for (int k = 0; k < e.nMap; k++) s.features[e.map[k].g] += e.map[k].coefficient * s.channels[e.map[k].channel];
  for (int k = 0; k < e.nG; k++) {
    const double g = s.features[k];
    if (!finite(g)) return NNP_BAD_RESULT;
    if (g >= e.gMin[k] - MARGIN && g <= e.gMax[k] + MARGIN) continue;
    if (out.extrapolation_count < out.extrapolation_capacity) {
      double *to = out.extrapolations + 3 * (size_t)out.extrapolation_count;
      to[0] = center, to[1] = k, to[2] = g;
    }
    out.extrapolation_count++;
  }
  return NNP_OK;
}

/// Step 7: the accumulated gradient as forces and virial.
void output(const Center<Lanes> &c, int center, double *forces, double *virial) {
  double fx = 0, fy = 0, fz = 0, xx = 0, yy = 0, zz = 0, xy = 0, xz = 0, yz = 0;
  for (int e = 0; e < c.m->nEl; e++)
    for (int s = c.start[e]; s < c.start[e] + c.count[e]; s++) {
      const double *acc = c.acc + 4 * (size_t)s;
      const double alpha = c.alpha[s] + acc[3], dx = c.dx[s], dy = c.dy[s], dz = c.dz[s];
      const double gx = alpha * dx + acc[0], gy = alpha * dy + acc[1], gz = alpha * dz + acc[2];
      double *f = forces + 3 * (size_t)c.index[s];
      f[0] -= gx, f[1] -= gy, f[2] -= gz;
      fx += gx, fy += gy, fz += gz;
      xx += dx * gx, yy += dy * gy, zz += dz * gz, xy += dx * gy, xz += dx * gz, yz += dy * gz;
    }
  double *f = forces + 3 * (size_t)center;
  f[0] += fx, f[1] += fy, f[2] += fz;
  virial[0] -= xx, virial[1] -= yy, virial[2] -= zz, virial[3] -= xy, virial[4] -= xz, virial[5] -= yz;
}

/// One reverse pass from dE/dG to forces and virial.
void reverse(Center<Lanes> &c, Space &s, const double *dEdG, int center, double *forces, double *virial) {
  channelWeights(*c.e, dEdG, s.weight);
  clearGradient(c);
  radialBackward(c, s.radial, s.weight);
  angularBackward(c, s.angular, s.group, s.weight);
  output(c, center, forces, virial);
}

int evaluate(const Model &m, const NnpAtoms &atoms, int center, int row, const int *neighbors, int listed,
             Center<Lanes> &c, NnpResult &out) {
  Space s;
  takeSpace(c, m, listed, s);
  if (c.full()) return NNP_CAPACITY;
  if (const int code = gather(c, atoms, center, neighbors, listed)) return code;
  distances(c);
  if (const int code = views(c)) return code;
  if (const int code = radialForward(c, s.radial, s.channels)) return code;
  angularForward(c, s.angular, s.group, s.channels);
  const Element &e = *c.e;
  if (const int code = symmetryFunctions(e, s, center, out)) return code;
  if (out.features)
    for (int k = 0; k < e.nG; k++) out.features[(size_t)row * out.feature_stride + k] = s.features[k];

  double energy = 0;
  for (int k = 0; k < e.nG; k++) s.mean[k] = 0;
  for (int n = 0; n < m.nNet; n++) {
    double *dEdG = s.member + (size_t)n * s.padG;
    const double own = m.factor[n] * evaluateNetwork<Lanes>(e.network[n], e.nG, s.features, s.scaled, s.network, dEdG);
    if (out.member_energies) out.member_energies[(size_t)row * m.nNet + n] = own;
    energy += own / m.nNet;
    for (int k = 0; k < e.nG; k++) {
      dEdG[k] *= m.factor[n];
      s.mean[k] += dEdG[k] / m.nNet;
    }
  }
  if (!finite(energy)) return NNP_BAD_RESULT;
  out.energies[row] = energy;
  reverse(c, s, s.mean, center, out.forces, out.virial);
  if (out.member_forces)
    for (int n = 0; n < m.nNet; n++)
      reverse(c, s, s.member + (size_t)n * s.padG, center, out.member_forces + (size_t)n * 3 * atoms.nall,
              out.member_virials + (size_t)n * 6);
  return NNP_OK;
}

int atom(const void *model, const NnpAtoms *atoms, int center, int row, const int *neighbors, int count, void *scratch,
         size_t bytes, NnpResult *result) {
  const Model &m = modelOf(model);
  result->at = center;
  if (center < 0 || center >= atoms->nall || count < 0) return NNP_BAD_INDEX;
  const int element = atoms->element[center];
  if ((unsigned)element >= (unsigned)m.nEl) return NNP_BAD_ELEMENT;
  Center<Lanes> c{};
  c.m = &m;
  c.e = &m.element[element];
  c.memory.base = (char *)scratch;
  c.memory.limit = bytes;
  return evaluate(m, *atoms, center, row, neighbors, count, c, *result);
}

int range(const void *model, const NnpAtoms *atoms, int begin, int end, const int *first, const int *neighbors,
          void *scratch, size_t bytes, NnpResult *result) {
  for (int i = begin; i < end; i++)
    if (const int code =
            atom(model, atoms, i, i, neighbors + first[i], first[i + 1] - first[i], scratch, bytes, result))
      return code;
  return NNP_OK;
}

} // namespace

extern "C" {
extern const NnpKernel NNP_SYMBOL;
const NnpKernel NNP_SYMBOL = {NNP_BLOB_VERSION, NNP_LANES,    modelBytes,   modelInit,      members, cutoff,
                              offset,           atomicNumber, scratchBytes, checkPositions, atom,    range};
}
