/* The kernel as a LAMMPS pair style uses it: plain C, one call per atom, neighbor indices with special-bond bits in
 * their top two bits, elements from a map of types. Prints the largest difference from one call over the whole list.
 * usage: pair-style BLOB; the structure is a small random cluster. */
#include "../../potentials/kernels/hdnnp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

extern const NnpKernel nnp_kernel;
enum { N = 40 };

int main(int argc, char **argv) {
  static double blob[1 << 20], x[3 * N], f[2][3 * N], virial[2][6], energies[2][N];
  static int element[N], first[N + 1], list[N * N], masked[N * N];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (!file) return 2;
  const size_t length = fread(blob, sizeof *blob, sizeof blob / sizeof *blob, file);
  fclose(file);
  void *model = aligned_alloc(64, (nnp_kernel.model_bytes(blob, length, NULL) + 63) & ~(size_t)63);
  if (!model || nnp_kernel.model_init(blob, length, model)) return 3;
  const size_t bytes = nnp_kernel.scratch_bytes(model, N, 0);
  void *scratch = aligned_alloc(64, (bytes + 63) & ~(size_t)63);

  srand(1);
  for (int k = 0; k < 3 * N; k++) x[k] = 6.0 * rand() / RAND_MAX;
  for (int i = 0; i < N; i++) {
    element[i] = i % 2;
    first[i + 1] = first[i];
    for (int j = 0; j < N; j++)
      if (j != i) {
        masked[first[i + 1]] = (int)((unsigned)j | (unsigned)(j % 4) << 30);
        list[first[i + 1]++] = j;
      }
  }
  NnpAtoms atoms = {N, x, element, ~0};
  NnpResult whole = {.forces = f[0], .virial = virial[0], .energies = energies[0]};
  int code = nnp_kernel.range(model, &atoms, 0, N, first, list, scratch, bytes, &whole);
  atoms.index_mask = 0x3fffffff;
  NnpResult single = {.forces = f[1], .virial = virial[1], .energies = energies[1]};
  for (int i = N - 1; i >= 0 && !code; i--)
    code = nnp_kernel.atom(model, &atoms, i, i, masked + first[i], first[i + 1] - first[i], scratch, bytes, &single);
  if (code) return 10 + code;
  double most = 0, force = 0, energy = 0;
  for (int k = 0; k < 3 * N; k++) {
    most = fmax(most, fabs(f[0][k] - f[1][k]));
    force = fmax(force, fabs(f[0][k]));
  }
  for (int k = 0; k < 6; k++) most = fmax(most, fabs(virial[0][k] - virial[1][k]));
  for (int i = 0; i < N; i++) {
    most = fmax(most, fabs(energies[0][i] - energies[1][i]));
    energy += energies[0][i];
  }
  printf("{\"difference\": %g, \"force\": %g, \"energy\": %.17g, \"cutoff\": %g, \"z\": %d}\n", most, force, energy,
         nnp_kernel.cutoff(model), nnp_kernel.atomic_number(model, 1));
  free(model);
  free(scratch);
}
