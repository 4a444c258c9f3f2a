// SOAP power spectrum of one center: neighbors -> radial functions and spherical harmonics -> expansion -> products.
//
// The nmax radial integrals R_nl(r) of one l are combinations R_nl = sum_k q_kl K_kn of at most nmax, usually fewer,
// orthonormal functions q (soap-basis.ts). The expansion d_klm = sum_j f(r_j) q_kl(r_j) Y_lm is made in them; a network
// takes the products of d themselves, the conversion to n being folded into its first layer.
#pragma once
#include "description.hpp"

namespace {

constexpr int CHUNK = 64; // neighbors worked on together: their harmonics stay in the first-level cache
constexpr int MOST_L = 24, MOST_N = 64, MOST_SPECIES = 16;
constexpr double FADE = 1; // A below the cutoff in which neighbors fade out

struct SoapModel {
  int species, lmax, nmax, knots, harmonics;
  double cutoff, step;
  int rank[MOST_L + 1], offset[MOST_L + 1]; // functions of each l, and where they are in a row of the table
  int row;                                  // numbers in a row of the table
  int mostRank;
  int width, fullWidth;                     // floats from one (species, lm) of the expansion to the next, in q and in n
  int products, features;                   // products of d, and of c: those of one atom
  const float *table;                       // (knots,row)
  const float *combination[MOST_L + 1];     // K (rank, nmax rounded up)
  const float *recurrence;                  // a and b by l*(lmax+1)+m, then the starts P_mm
};

NNP_INLINE int pairsOf(int species, int n) {
  return species * n * (n + 1) / 2 + species * (species - 1) / 2 * n * n;
}

/// The SOAP part of a description; pieces of the model are taken from the arena.
void readSoap(Reader &in, Arena &arena, SoapModel &model) {
  model.species = in.integer(1, MOST_SPECIES);
  model.cutoff = in.number();
  model.lmax = in.integer(0, MOST_L);
  model.nmax = in.integer(1, MOST_N);
  model.knots = in.integer(3, 1 << 20);
  model.step = in.number();
  if (!(model.cutoff > FADE && model.step > 0 && model.cutoff < (model.knots - 1.5) * model.step)) in.bad = true;
  const int lmax = model.lmax, nmax = model.nmax, full = roundUp(nmax, WF);
  model.harmonics = (lmax + 1) * (lmax + 1);
  model.row = model.mostRank = model.products = model.features = 0;
  for (int l = 0; l <= lmax; l++) {
    const int rank = model.rank[l] = in.integer(1, nmax);
    model.offset[l] = model.row;
    model.row += rank;
    if (rank > model.mostRank) model.mostRank = rank;
    model.products += pairsOf(model.species, rank);
    model.features += pairsOf(model.species, nmax);
  }
  model.width = roundUp(model.mostRank, WF) + 2 * WF;
  model.fullWidth = full + 2 * WF;
  for (int l = 0; l <= lmax; l++) {
    const double *from = in.run((size_t)model.rank[l] * nmax);
    float *to = arena.take<float>((size_t)model.rank[l] * full);
    model.combination[l] = to;
    if (!to || in.bad) continue;
    for (int k = 0; k < model.rank[l]; k++)
      for (int n = 0; n < full; n++) to[k * full + n] = n < nmax ? (float)from[k * nmax + n] : 0;
  }
  const size_t count = (size_t)model.knots * model.row;
  const double *from = in.run(count);
  float *table = arena.take<float>(count + 2 * MOST_N);
  float *recurrence = arena.take<float>(2 * (size_t)model.harmonics + lmax + 1);
  model.table = table;
  model.recurrence = recurrence;
  if (!table || in.bad) return;
  for (size_t k = 0; k < count; k++) table[k] = (float)from[k];
  for (int k = 0; k < 2 * MOST_N; k++) table[count + k] = 0;
  float *a = recurrence, *b = a + model.harmonics, *start = b + model.harmonics;
  double p = squareRoot(1 / (4 * PI));
  for (int m = 0; m <= lmax; m++) {
    if (m > 0) p *= squareRoot((2 * m + 1) / (2.0 * m));
    start[m] = (float)(m > 0 ? p * 1.41421356237309504880 : p);
    for (int l = m + 1; l <= lmax; l++) {
      const double ll = (double)l * l, mm = (double)m * m, below = (l - 1.0) * (l - 1.0);
      a[l * (lmax + 1) + m] = (float)squareRoot((4 * ll - 1) / (ll - mm));
      b[l * (lmax + 1) + m] = (float)squareRoot((below - mm) / (4 * below - 1));
    }
  }
}

struct SoapScratch {
  double *dx, *dy, *dz, *square; // neighbors as gathered
  int *knot;
  float *x, *y, *z, *low, *high; // unit vectors, weights of the two knots
  float *harmonics;              // (lm, CHUNK)
  float *radial;                 // (CHUNK, rank rounded up)
  float *expansion, *full;       // (species, lm, width), (lm of one l of all species, fullWidth)
};

SoapScratch soapScratch(Arena &arena, const SoapModel &model, int mostNeighbors) {
  const int n = roundUp(mostNeighbors + 1, CHUNK) + CHUNK;
  SoapScratch s;
  s.dx = arena.take<double>(n);
  s.dy = arena.take<double>(n);
  s.dz = arena.take<double>(n);
  s.square = arena.take<double>(n);
  s.knot = arena.take<int>(n);
  s.x = arena.take<float>(n);
  s.y = arena.take<float>(n);
  s.z = arena.take<float>(n);
  s.low = arena.take<float>(n);
  s.high = arena.take<float>(n);
  s.harmonics = arena.take<float>((size_t)model.harmonics * CHUNK);
  s.radial = arena.take<float>((size_t)CHUNK * roundUp(model.mostRank, WF));
  s.expansion = arena.take<float>((size_t)model.species * model.harmonics * model.width);
  s.full = arena.take<float>((size_t)model.species * (2 * model.lmax + 1) * model.fullWidth);
  return s;
}

/// Neighbors of `center` that are of one species into dx, dy, dz, square; the center itself is the first if it is one of
/// them. Returns their number, or minus a code.
int gather(const SoapModel &model, const NnpSnapshot &atoms, int center, int species, SoapScratch &s) {
  const double *x = atoms.positions + 3 * center;
  const double reach = model.cutoff * model.cutoff;
  const bool listed = atoms.first != nullptr;
  const int begin = listed ? atoms.first[center] : 0, end = listed ? atoms.first[center + 1] : atoms.natoms;
  int n = 0, close = 0;
  if (atoms.species[center] == species) s.dx[n] = s.dy[n] = s.dz[n] = s.square[n] = 0, n++;
  for (int k = begin; k < end; k++) {
    const int j = listed ? atoms.neighbors[k] : k;
    if (listed && (unsigned)j >= (unsigned)atoms.natoms) return -NNP_BAD_INDEX;
    const double dx = atoms.positions[3 * j] - x[0], dy = atoms.positions[3 * j + 1] - x[1],
                 dz = atoms.positions[3 * j + 2] - x[2];
    const double r2 = dx * dx + dy * dy + dz * dz;
    s.dx[n] = dx;
    s.dy[n] = dy;
    s.dz[n] = dz;
    s.square[n] = r2;
    const bool other = j != center;
    close += other & (r2 < 1e-12);
    n += other & (r2 < reach) & (atoms.species[j] == species);
  }
  if (close > 0) return -NNP_COINCIDENT;
  return n;
}

/// Unit vectors and table weights of n gathered neighbors; up to the next full chunk, neighbors of no weight.
void place(const SoapModel &model, int n, SoapScratch &s) {
  typedef float Narrow __attribute__((vector_size(W * sizeof(float))));
  typedef int Index __attribute__((vector_size(W * sizeof(int))));
  const int padded = roundUp(n, CHUNK);
  for (int k = n; k < padded; k++) {
    s.dx[k] = s.dy[k] = 0;
    s.dz[k] = model.cutoff;
    s.square[k] = model.cutoff * model.cutoff;
  }
  const double inverseStep = 1 / model.step;
  auto put = [](float *to, D::V v) {
    const Narrow narrow = __builtin_convertvector(v, Narrow);
    __builtin_memcpy(to, &narrow, sizeof narrow);
  };
  for (int k = 0; k < padded; k += W) {
    const D::V r2 = D::load(s.square + k);
    const auto apart = r2 > 0.0;
    const D::V r = sqrt(r2);
    const D::V inverse = apart ? 1.0 / (apart ? r : D::all(1.0)) : D::V{};
    const D::V edge = D::min(D::max(r - (model.cutoff - FADE), D::V{}) * (1 / FADE), D::all(1.0));
    const D::V wave = sinQuarter(1.0 - edge);
    const D::V fade = edge > 0.0 ? wave * wave : D::all(1.0);
    const D::V at = r * inverseStep;
    Index knot = __builtin_convertvector(at, Index);
    const D::V part = at - __builtin_convertvector(knot, D::V);
    __builtin_memcpy(s.knot + k, &knot, sizeof knot);
    put(s.low + k, fade * (1.0 - part));
    put(s.high + k, fade * part);
    put(s.x + k, D::load(s.dx + k) * inverse);
    put(s.y + k, D::load(s.dy + k) * inverse);
    put(s.z + k, apart ? D::load(s.dz + k) * inverse : D::all(1.0));
  }
}

/// Y_lm of a chunk of neighbors, (lm, CHUNK).
void harmonicsOf(const SoapModel &model, const float *x, const float *y, const float *z, int n, float *out) {
  const int width = model.lmax + 1;
  const float *a = model.recurrence, *b = a + model.harmonics, *start = b + model.harmonics;
  for (int k = 0; k < n; k += WF) {
    const F::V vx = F::load(x + k), vy = F::load(y + k), vz = F::load(z + k);
    F::V re = F::all(1.0f), im = F::V{};
    for (int m = 0; m < width; m++) {
      F::V below = F::V{}, p = F::all(start[m]);
      for (int l = m;; l++) {
        float *to = out + (size_t)(l * l + l) * CHUNK + k;
        if (m > 0) {
          F::store(to + m * CHUNK, p * re);
          F::store(to - m * CHUNK, p * im);
        } else
          F::store(to, p);
        if (l + 1 == width) break;
        const int at = (l + 1) * width + m;
        const F::V next = a[at] * (vz * p - b[at] * below);
        below = p;
        p = next;
      }
      const F::V turned = re * vx - im * vy;
      im = re * vy + im * vx;
      re = turned;
    }
  }
}

/// d (R rows of NV vectors, `width` apart) += sum over j < count of y[row * stride + j] * q[j * qWidth ...].
template <int R, int NV>
NNP_INLINE void accumulateTile(const float *y, int stride, const float *q, int qWidth, int count, float *d, int width) {
  F::V sum[R][NV];
#pragma GCC unroll 32
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < NV; v++) sum[r][v] = F::load(d + r * width + v * WF);
  for (int j = 0; j < count; j++) {
    F::V row[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV; v++) row[v] = F::load(q + (size_t)j * qWidth + v * WF);
#pragma GCC unroll 32
    for (int r = 0; r < R; r++) {
      const float factor = y[r * stride + j];
#pragma GCC unroll 4
      for (int v = 0; v < NV; v++) sum[r][v] += factor * row[v];
    }
  }
#pragma GCC unroll 32
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < NV; v++) F::store(d + r * width + v * WF, sum[r][v]);
}

// Accumulators that fit into the registers there are.
constexpr int TILE_VECTORS = W == 8 ? 1 : 2;
constexpr int TILE_ROWS = W == 8 ? 20 : W == 4 ? 6 : 4;

template <int R, int NV>
void accumulateRows(int rows, const float *y, int stride, const float *q, int qWidth, int count, float *d, int width) {
  if (rows == R)
    accumulateTile<R, NV>(y, stride, q, qWidth, count, d, width);
  else if constexpr (R > 1)
    accumulateRows<R - 1, NV>(rows, y, stride, q, qWidth, count, d, width);
}

/// As accumulateTile for any number of rows and of vectors.
void accumulate(int rows, int vectors, const float *y, int stride, const float *q, int qWidth, int count, float *d,
                int width) {
  const int tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
  for (int t = 0, row = 0; t < tiles; t++) {
    const int size = (rows - row + tiles - t - 1) / (tiles - t);
    int v = 0;
    for (; v + TILE_VECTORS <= vectors; v += TILE_VECTORS)
      accumulateRows<TILE_ROWS, TILE_VECTORS>(size, y + (size_t)row * stride, stride, q + v * WF, qWidth, count,
                                              d + (size_t)row * width + v * WF, width);
    for (; v < vectors; v++)
      accumulateRows<TILE_ROWS, 1>(size, y + (size_t)row * stride, stride, q + v * WF, qWidth, count,
                                   d + (size_t)row * width + v * WF, width);
    row += size;
  }
}

/// Expansion of the neighbors of one center into s.expansion. Returns a code.
int expand(const SoapModel &model, const NnpSnapshot &atoms, int center, SoapScratch &s) {
  const size_t block = (size_t)model.harmonics * model.width;
  for (size_t k = 0; k < model.species * block; k += WF) F::store(s.expansion + k, F::V{});
  for (int species = 0; species < model.species; species++) {
    const int n = gather(model, atoms, center, species, s);
    if (n < 0) return -n;
    place(model, n, s);
    float *d = s.expansion + species * block;
    for (int from = 0; from < n; from += CHUNK) {
      const int count = n - from < CHUNK ? n - from : CHUNK;
      harmonicsOf(model, s.x + from, s.y + from, s.z + from, count, s.harmonics);
      for (int l = 0; l <= model.lmax; l++) {
        const int vectors = (model.rank[l] + WF - 1) / WF, width = vectors * WF;
        for (int j = 0; j < count; j++) {
          const float *low = model.table + (size_t)s.knot[from + j] * model.row + model.offset[l];
          const float a = s.low[from + j], b = s.high[from + j];
          for (int v = 0; v < width; v += WF)
            F::store(s.radial + j * width + v, a * F::loadu(low + v) + b * F::loadu(low + model.row + v));
        }
        accumulate(2 * l + 1, vectors, s.harmonics + (size_t)l * l * CHUNK, CHUNK, s.radial, width, count,
                   d + (size_t)l * l * model.width, model.width);
      }
    }
  }
  return NNP_DONE;
}

/// Products factor * sum over m of a[m][k] b[m][k'], k' >= k where a and b are the same species, else all k', into `out`:
/// returns its end. Up to one vector behind the end is overwritten.
template <bool SAME>
float *products(int rows, int n, float factor, const float *a, const float *b, int width, float *out) {
  constexpr int TOGETHER = W == 8 ? 8 : 4; // chains that overlap
  for (int k = 0; k < n; k += TOGETHER) {
    const int first = SAME ? k : 0;
    for (int v = 0; first + v < n; v += WF) {
      F::V sum[TOGETHER];
#pragma GCC unroll 8
      for (int t = 0; t < TOGETHER; t++) sum[t] = F::V{};
      for (int m = 0; m < rows; m++) {
        const float *left = a + (size_t)m * width + k, *right = b + (size_t)m * width + first + v;
#pragma GCC unroll 8
        for (int t = 0; t < TOGETHER; t++) sum[t] += left[t] * F::loadu(right + (SAME ? t : 0));
      }
      float *to = out + v;
      for (int t = 0; t < TOGETHER && k + t < n; t++) {
        const int length = SAME ? n - k - t : n;
        const F::V value = factor * sum[t];
        // a whole first vector may run into the rows behind, which are written later; further ones may not
        if (v == 0 || v + WF <= length)
          F::storeu(to, value);
        else
          for (int i = 0; v + i < length; i++) to[i] = value[i];
        to += length;
      }
    }
    for (int t = 0; t < TOGETHER && k + t < n; t++) out += SAME ? n - k - t : n;
  }
  return out;
}

float *productsOfPair(int rows, int n, float factor, const float *a, const float *b, int width, float *out) {
  return a == b ? products<true>(rows, n, factor, a, b, width, out)
                : products<false>(rows, n, factor, a, b, width, out);
}

NNP_INLINE float factorOf(int l) { return (float)(PI * squareRoot(8 / (2.0 * l + 1))); }

/// Products of the expansion in the functions q (model.products numbers and some room behind).
void powerSpectrum(const SoapModel &model, const SoapScratch &s, float *out) {
  const size_t block = (size_t)model.harmonics * model.width;
  for (int l = 0; l <= model.lmax; l++) {
    const float *from = s.expansion + (size_t)l * l * model.width;
    for (int a = 0; a < model.species; a++)
      for (int b = a; b < model.species; b++)
        out = productsOfPair(2 * l + 1, model.rank[l], factorOf(l), from + a * block, from + b * block, model.width, out);
  }
}

/// The power spectrum in the radial basis itself (model.features numbers and some room behind).
void features(const SoapModel &model, SoapScratch &s, float *out) {
  const size_t block = (size_t)model.harmonics * model.width;
  const int full = roundUp(model.nmax, WF);
  for (int l = 0; l <= model.lmax; l++) {
    const int rows = 2 * l + 1;
    const size_t fullBlock = (size_t)rows * model.fullWidth;
    for (size_t k = 0; k < model.species * fullBlock; k += WF) F::store(s.full + k, F::V{});
    for (int a = 0; a < model.species; a++)
      accumulate(rows, full / WF, s.expansion + a * block + (size_t)l * l * model.width, model.width,
                 model.combination[l], full, model.rank[l], s.full + a * fullBlock, model.fullWidth);
    for (int a = 0; a < model.species; a++)
      for (int b = a; b < model.species; b++)
        out = productsOfPair(rows, model.nmax, factorOf(l), s.full + a * fullBlock, s.full + b * fullBlock,
                             model.fullWidth, out);
  }
}

/// Products summed in the functions q, times `scale`, as the power spectrum in the radial basis: the same sum, because
/// c_n = sum over k of K_kn d_k.
void meanFeatures(const SoapModel &model, const double *sums, double scale, double *out) {
  double half[MOST_N * MOST_N], full[MOST_N * MOST_N];
  const int n = model.nmax, padded = roundUp(n, WF);
  for (int l = 0; l <= model.lmax; l++) {
    const float *combination = model.combination[l];
    const int rank = model.rank[l];
    for (int a = 0; a < model.species; a++)
      for (int b = a; b < model.species; b++) {
        // rows k of the sums, the lower triangle of one species by symmetry
        for (int k = 0; k < rank; k++)
          for (int q = a == b ? k : 0; q < rank; q++) {
            full[k * rank + q] = *sums++ * scale;
            if (a == b) full[q * rank + k] = full[k * rank + q];
          }
        for (int k = 0; k < rank; k++)
          for (int m = 0; m < n; m++) {
            half[k * n + m] = 0;
            for (int q = 0; q < rank; q++) half[k * n + m] += full[k * rank + q] * (double)combination[q * padded + m];
          }
        for (int i = 0; i < n; i++)
          for (int m = a == b ? i : 0; m < n; m++) {
            double sum = 0;
            for (int k = 0; k < rank; k++) sum += (double)combination[k * padded + i] * half[k * n + m];
            *out++ = sum;
          }
      }
  }
}

/// Sizes, indices and species of a snapshot. Returns a code.
int checkSnapshot(const SoapModel &model, NnpSnapshot &atoms) {
  atoms.at = -1;
  const int n = atoms.natoms;
  if (n < 0 || atoms.ncenters < 0 || (n > 0 && (!atoms.positions || !atoms.species))) return NNP_BAD_SIZE;
  if (atoms.first) {
    if (atoms.nfirst < 1 || atoms.first[0] < 0 || atoms.first[atoms.nfirst - 1] > atoms.nneighbors) return NNP_BAD_SIZE;
    for (int i = 0; i + 1 < atoms.nfirst; i++)
      if (atoms.first[i + 1] < atoms.first[i]) return NNP_BAD_SIZE;
  }
  const int rows = atoms.first ? (atoms.nfirst - 1 < n ? atoms.nfirst - 1 : n) : n;
  for (int c = 0; c < atoms.ncenters; c++)
    if ((unsigned)atoms.centers[c] >= (unsigned)rows) {
      atoms.at = c;
      return NNP_BAD_INDEX;
    }
  for (int i = 0; i < n; i++)
    if ((unsigned)atoms.species[i] >= (unsigned)model.species) {
      atoms.at = i;
      return NNP_BAD_SPECIES;
    }
  atoms.at = badPosition(atoms.positions, n);
  return atoms.at >= 0 ? NNP_BAD_POSITION : NNP_DONE;
}

/// The longest list of neighbors that gather may meet.
int mostNeighbors(const NnpSnapshot &atoms) {
  if (!atoms.first) return atoms.natoms;
  int longest = 0;
  for (int i = 0; i + 1 < atoms.nfirst; i++) {
    const int n = atoms.first[i + 1] - atoms.first[i];
    if (n > longest) longest = n;
  }
  return longest;
}

} // namespace
