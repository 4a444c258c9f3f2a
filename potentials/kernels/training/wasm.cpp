// The training kernel as a WebAssembly module: two lanes, one thread, and entry points that take addresses in the
// module's memory. wasm.ts is the other side.
#include "kernel.cpp"
#include "structure-index.h"

extern "C" {

#define EXPORT(name) __attribute__((export_name(#name))) name

static void run(void *, void (*job)(void *, int), void *data) { job(data, 0); }
static const TrainThreads ONE = {nullptr, 1, run};
static TrainStructure loaded;

int EXPORT(blob_version)() { return NNP_TRAINING_VERSION; }

size_t EXPORT(networks_bytes)(const int *plan, size_t length) { return networksBytes(plan, length); }
int EXPORT(networks_init)(const int *plan, size_t length, void *networks) {
  return networksInit(plan, length, networks);
}
size_t EXPORT(space_bytes)(const void *networks, int natoms) { return spaceBytes(networks, natoms, 1); }

/// Which structure the other functions are about; the lengths are those of the four arrays. False = they do not fit.
int EXPORT(structure)(const int *index, size_t indexLength, const double *inputs, size_t inputsLength,
                      const double *derivatives, size_t derivativesLength, const double *strain, size_t strainLength) {
  return read_structure(&loaded, index, indexLength, inputs, inputsLength, derivatives, derivativesLength, strain,
                        strainLength);
}
double EXPORT(load)(void *networks, void *space, const double *weights) {
  setWeights(*(Networks *)networks, weights);
  return load(networks, &loaded, space, &ONE);
}
void EXPORT(forces)(const void *networks, const void *space, double *out) {
  forces(networks, &loaded, space, &ONE, out);
}
void EXPORT(virial)(const void *networks, const void *space, double *out) {
  virial(networks, &loaded, space, &ONE, out);
}
void EXPORT(rows)(const void *networks, void *space, int count, const int *codes, const double *scales, double *values,
                  double *out) {
  rows(networks, &loaded, space, &ONE, count, codes, scales, values, out);
}
void EXPORT(gradient)(const void *networks, void *space, double energy, const double *forces, const double *virial,
                      double *out) {
  gradient(networks, &loaded, space, &ONE, energy, forces, virial, out);
}

size_t EXPORT(matrix_bytes)(int n, int rows) { return matrixBytes(n, rows); }
void EXPORT(matrix_init)(void *matrix, int n, int rows) { matrixInit(matrix, n, rows); }
void EXPORT(matrix_set)(void *matrix, const double *packed) { matrixSet(matrix, packed); }
void EXPORT(matrix_get)(void *matrix, double *packed) { matrixGet(matrix, &ONE, packed); }
void EXPORT(matrix_add)(void *matrix, int count, const double *h) { matrixAdd(matrix, &ONE, count, h); }
int EXPORT(kalman)(void *matrix, int count, const double *h, const double *errors, double lambda, double noise,
                   double limit, double *weights) {
  const TrainKalman update = {h, errors, lambda, noise, limit};
  return kalman(matrix, &ONE, count, &update, weights);
}
int EXPORT(solve)(void *matrix, void *work, const double *add, double *x) { return solve(matrix, &ONE, work, add, x); }
}
