// Runs one task of the conductance kernels on memory of exactly the sizes asked for, filled with NaN, so that sanitizers
// see every step outside and results show every number that was read before it was written. The file holds doubles: task,
// length and description; atoms and positions; species; centers; numbers; room for values, for features.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NNP_SYMBOL kernel_under_test
#include "../../potentials/kernels/conductance/kernel.cpp"

static double *entries, *next_entry;

static double entry() { return *next_entry++; }

static double *doubles(size_t count) {
  double *p = (double *)malloc(count * sizeof(double));
  memcpy(p, next_entry, count * sizeof(double));
  next_entry += count;
  return p;
}

static int *integers(size_t count) {
  int *p = (int *)malloc(count * sizeof(int));
  for (size_t k = 0; k < count; k++) p[k] = (int)entry();
  return p;
}

static void *poisoned(size_t bytes) {
  void *p = NULL;
  if (posix_memalign(&p, 64, bytes ? bytes : 64)) exit(3);
  memset(p, 0xff, bytes);
  return p;
}

int main(int, char **argv) {
  FILE *file = fopen(argv[1], "rb");
  if (!file || fseek(file, 0, SEEK_END)) return 2;
  const size_t bytes = (size_t)ftell(file);
  rewind(file);
  entries = next_entry = (double *)malloc(bytes);
  if (fread(entries, 1, bytes, file) != bytes) return 2;
  const NnpTask &task = kernel_under_test.task[(int)entry()];
  const size_t length = (size_t)entry();
  const double *description = doubles(length);
  NnpSnapshot s = {};
  s.natoms = (int)entry();
  s.positions = doubles((size_t)3 * s.natoms);
  s.species = integers(s.natoms);
  s.ncenters = (int)entry();
  s.centers = integers(s.ncenters);
  s.nnumbers = (int)entry();
  s.numbers = doubles(s.nnumbers);
  s.nvalues = (int)entry();
  s.values = s.nvalues ? (double *)poisoned(s.nvalues * sizeof(double)) : NULL;
  s.nfeatures = (size_t)entry();
  s.features = s.nfeatures ? (float *)poisoned(s.nfeatures * sizeof(float)) : NULL;
  s.at = -1;
  const size_t model_bytes = task.model_bytes(description, length);
  if (!model_bytes) return printf("{\"code\":-1}\n"), 0;
  void *model = poisoned(model_bytes);
  if (task.model_init(description, length, model)) return printf("{\"code\":-2}\n"), 0;
  const size_t scratch_bytes = task.scratch_bytes(model, &s);
  const int code = scratch_bytes ? task.run(model, &s, poisoned(scratch_bytes)) : NNP_BAD_SIZE;
  double values = 0, features = 0;
  for (int k = 0; k < s.nvalues && code == NNP_DONE; k++)
    if (s.values[k] == s.values[k]) values += s.values[k] * (1 + k % 3);
  for (size_t k = 0; k < s.nfeatures && code == NNP_DONE; k++) features += s.features[k] * (double)(1 + k % 3);
  printf("{\"code\":%d,\"at\":%d,\"values\":%.17g,\"features\":%.17g}\n", code, s.at, values, features);
  fflush(stdout);
  _Exit(0); // what is not freed is not of interest
}
