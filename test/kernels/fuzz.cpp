// Random neighbor lists, in exactly as much scratch as the kernel asks for: compiled with the address and
// undefined-behavior sanitizers by fuzz.slow.test.ts. Also changed blobs: whatever the kernel accepts it must evaluate
// without touching foreign memory. usage: fuzz BLOB SEED ROUNDS CHANGED; prints how often each code came back.
#include "../../potentials/kernels/kernel.cpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

static unsigned long long state;
static double uniform() {
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (double)(state >> 11) * 0x1p-53;
}
static int below(int n) { return (int)(uniform() * n); }

struct Memory {
  void *p;
  /// Full of NaN, as memory that was used before may be.
  explicit Memory(size_t n) : p(std::aligned_alloc(64, (n + 63) & ~(size_t)63)) {
    std::memset(p, 0xff, (n + 63) & ~(size_t)63);
  }
  ~Memory() { std::free(p); }
};

static int counts[8];

static void evaluateOnce(const void *model, int nEl, double rMax, int members) {
  static const int SIZES[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 64, 65, 130, 400};
  const int n = SIZES[below(15)], nall = n + 1;
  std::vector<double> x(3 * nall);
  std::vector<int> element(nall), list(n);
  const double scale = (below(4) ? 0.8 : 3.0) * rMax;
  for (double &v : x) v = scale * (2 * uniform() - 1) / 1.7;
  if (!below(8))
    for (int k = 0; k < nall; k++) x[3 * k + below(3)] = 0; // coplanar, collinear, equal distances
  if (!below(20)) x[below(3 * nall)] = below(2) ? 1e160 : 1e-160;
  if (n && !below(20))
    for (int c = 0; c < 3; c++) x[3 * n + c] = x[c];
  for (int &e : element) e = below(20) ? below(nEl) : -1 + below(2) * (nEl + 5);
  for (int k = 0; k < n; k++) list[k] = k + 1;
  if (n && !below(15)) list[below(n)] = below(2) ? -7 : nall + below(1000000);
  if (n && !below(15)) list[below(n)] = 0;
  const int first[2] = {0, n};
  const NnpAtoms atoms = {nall, x.data(), element.data(), ~0};
  std::vector<double> forces(3 * nall), virial(6), energies(1), memberEnergies(members),
      memberForces(3 * nall * members), memberVirials(6 * members), extrapolations(3);
  NnpResult result = {};
  result.forces = forces.data(), result.virial = virial.data(), result.energies = energies.data();
  if (below(2)) {
    result.member_energies = memberEnergies.data();
    result.member_forces = memberForces.data();
    result.member_virials = memberVirials.data();
  }
  result.extrapolations = extrapolations.data();
  result.extrapolation_capacity = below(2);
  const size_t bytes = scratchBytes(model, n, below(2));
  const Memory scratch(bytes);
  // less scratch than asked for must be an error, too, never a write outside
  const size_t given = below(10) ? bytes : (size_t)(uniform() * bytes) & ~(size_t)63;
  if (checkPositions(x.data(), nall) >= 0) return;
  const int code = range(model, &atoms, 0, 1, first, list.data(), scratch.p, given, &result);
  counts[code]++;
  if (given == bytes && code == NNP_CAPACITY) {
    std::fprintf(stderr, "capacity error in the scratch that was asked for (%d neighbors)\n", n);
    std::abort();
  }
  if (code == NNP_OK)
    for (double f : forces)
      if (!std::isfinite(f) && std::abs(energies[0]) < 1e100 && rMax < 100) {
        counts[0]--;
        counts[1]++; // counted apart: a force that is not finite although the energy is
        break;
      }
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  std::FILE *file = std::fopen(argv[1], "rb");
  std::vector<double> blob;
  for (double v; std::fread(&v, sizeof v, 1, file) == 1;) blob.push_back(v);
  std::fclose(file);
  state = std::strtoull(argv[2], nullptr, 10);
  const int rounds = std::atoi(argv[3]), changed = std::atoi(argv[4]);
  static const double VALUES[] = {-1,           0,      1,      2,   3,      16,  17,      1e9,
                                  2147483648.0, 9.1e15, -1e300, 0.5, 1e-300, NAN, INFINITY};
  int refused = 0;
  for (int round = 0; round < rounds; round++) {
    std::vector<double> own = blob;
    for (int k = 0; k < changed; k++) own[below(own.size())] = below(2) ? VALUES[below(15)] : own[below(own.size())];
    size_t at = 0;
    const size_t bytes = modelBytes(own.data(), own.size(), &at);
    if (!bytes) {
      refused++;
      continue;
    }
    const Memory model(bytes);
    if (modelInit(own.data(), own.size(), model.p)) {
      refused++;
      continue;
    }
    for (int k = 0; k < (changed ? 2 : 50); k++)
      evaluateOnce(model.p, modelOf(model.p).nEl, modelOf(model.p).rMax, members(model.p));
  }
  std::printf("{\"refused\": %d, \"ok\": %d, \"forceNotFinite\": %d, \"capacity\": %d, \"coincident\": %d, "
              "\"badResult\": %d, \"badIndex\": %d, \"badElement\": %d}\n",
              refused, counts[0], counts[1], counts[2], counts[3], counts[5], counts[6], counts[7]);
}
