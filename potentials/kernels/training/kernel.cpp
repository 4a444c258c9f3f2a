// The training kernel for one instruction set: NNP_LANES doubles side by side, exported as NNP_SYMBOL. See training.h.
#include "training.h"

#include "matrix.hpp"
#include "structure.hpp"

namespace {

using S = Simd<double, NNP_LANES>;

size_t networksBytes(const int *plan, size_t length) {
  Arena arena{nullptr};
  Networks *all;
  return layOut(plan, length, arena, all) ? arena.used : 0;
}

int networksInit(const int *plan, size_t length, void *memory) {
  __builtin_memset(memory, 0, networksBytes(plan, length));
  Arena arena{(char *)memory};
  Networks *all;
  return layOut(plan, length, arena, all) ? all->parameters : 0;
}

void networksWeights(void *networks, const double *weights) { setWeights(*(Networks *)networks, weights); }

size_t spaceBytes(const void *networks, int natoms, int threads) {
  Arena arena{nullptr};
  Space space;
  return layOutSpace(*(const Networks *)networks, natoms, threads, arena, space);
}

Work workOf(const void *networks, const TrainStructure *s, const void *memory, int threads) {
  Work w = {};
  w.all = (const Networks *)networks;
  w.s = s;
  w.threads = threads;
  Arena arena{(char *)memory};
  layOutSpace(*w.all, s->natoms, threads, arena, w.space);
  return w;
}

double load(const void *networks, const TrainStructure *s, void *memory, const TrainThreads *threads) {
  Work w = workOf(networks, s, memory, threads->threads);
  threads->run(threads->pool, loadJob<S>, &w);
  double energy = 0;
  for (int i = 0; i < s->natoms; i++) energy += w.space.energies[i];
  return energy;
}

void forces(const void *networks, const TrainStructure *s, const void *memory, const TrainThreads *threads,
            double *out) {
  Work w = workOf(networks, s, memory, threads->threads);
  w.out = out;
  threads->run(threads->pool, forcesJob<S>, &w);
}

void virial(const void *networks, const TrainStructure *s, const void *memory, const TrainThreads *threads,
            double *out) {
  const Work w = workOf(networks, s, memory, threads->threads);
  for (int v = 0; v < 6; v++) out[v] = virialOf<S>(*w.all, w.space, *s, v);
}

void rows(const void *networks, const TrainStructure *s, void *memory, const TrainThreads *threads, int count,
          const int *codes, const double *scales, double *values, double *out) {
  Work w = workOf(networks, s, memory, threads->threads);
  w.count = count, w.codes = codes, w.scales = scales, w.values = values, w.out = out;
  threads->run(threads->pool, rowsJob<S>, &w);
}

void gradient(const void *networks, const TrainStructure *s, void *memory, const TrainThreads *threads, double energy,
              const double *forces, const double *virial, double *out) {
  Work w = workOf(networks, s, memory, threads->threads);
  w.energy = energy, w.forces = forces, w.virial = virial;
  threads->run(threads->pool, gradientJob<S>, &w);
  for (int k = 0; k < (s->natoms + CHUNK - 1) / CHUNK; k++)
    unpad(*w.all, w.space.chunks + (size_t)k * w.all->gradients, out, true);
}

constexpr int MOST_ROWS = 1024;

/// The description of a matrix lies before its numbers.
size_t matrixBytes(int n, int rows) {
  if (n < 1 || rows < 1 || rows > MOST_ROWS || n > 1 << 20) return 0;
  Arena arena{nullptr};
  Matrix m;
  arena.take<Matrix>(1);
  return layOutMatrix(n, rows, arena, m);
}

void matrixInit(void *memory, int n, int rows) {
  __builtin_memset(memory, 0, matrixBytes(n, rows));
  Arena arena{(char *)memory};
  Matrix *m = arena.take<Matrix>(1);
  layOutMatrix(n, rows, arena, *m);
}

void matrixSet(void *matrix, const double *packed) {
  Matrix &m = *(Matrix *)matrix;
  m.pending = 0;
  for (int i = 0; i < m.n; i++)
    for (int j = 0; j <= i; j++) {
      const double value = *packed++;
      panelOf(m, j / 8)[8 * (size_t)(i - j / 8 * 8) + j % 8] = value;
      if (i / 8 == j / 8) panelOf(m, i / 8)[8 * (j % 8) + i % 8] = value;
    }
}

void matrixGet(void *matrix, const TrainThreads *threads, double *packed) {
  Matrix &m = *(Matrix *)matrix;
  if (m.pending) pass<S>(m, threads, false);
  for (int i = 0; i < m.n; i++)
    for (int j = 0; j <= i; j++) *packed++ = panelOf(m, j / 8)[8 * (size_t)(i - j / 8 * 8) + j % 8];
}

void matrixAdd(void *matrix, const TrainThreads *threads, int count, const double *h) {
  Matrix &m = *(Matrix *)matrix;
  if (m.pending) pass<S>(m, threads, false);
  addRows<S>(m, threads, count, h);
}

int kalman(void *matrix, const TrainThreads *threads, int count, const TrainKalman *update, double *weights) {
  return kalmanUpdate<S>(*(Matrix *)matrix, threads, count, *update, weights);
}

int solve(void *matrix, const TrainThreads *threads, void *work, const double *add, double *x) {
  Matrix &m = *(Matrix *)matrix;
  if (m.pending) pass<S>(m, threads, false);
  return solveDamped<S>(m, *(Matrix *)work, threads, add, x);
}

} // namespace

extern "C" const TrainKernel NNP_SYMBOL;
const TrainKernel NNP_SYMBOL = {NNP_TRAINING_VERSION,
                                NNP_LANES,
                                networksBytes,
                                networksInit,
                                networksWeights,
                                spaceBytes,
                                load,
                                forces,
                                virial,
                                rows,
                                gradient,
                                matrixBytes,
                                matrixInit,
                                matrixSet,
                                matrixGet,
                                matrixAdd,
                                kalman,
                                solve};
