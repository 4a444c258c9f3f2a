/* The HDNNP kernel: energies, forces and virial of high-dimensional neural network potentials.
 *
 * Plain C interface of kernel.cpp, for the Node-API addon, the WebAssembly module and a LAMMPS pair style alike. The
 * kernel allocates nothing, keeps no global state, does no I/O and starts no threads: callers hand in all memory. One
 * object file per instruction set exports one NnpKernel; call from several threads with one scratch and one NnpResult
 * each.
 *
 * Units: whatever the blob was planned for (nnp-bridge: angstrom and eV). The kernel never sees a box: periodic images
 * are atoms. */
#ifndef NNP_HDNNP_H
#define NNP_HDNNP_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NNP_BLOB_MAGIC 1212435022
#define NNP_BLOB_VERSION 1

enum NnpCode {
  NNP_OK = 0,
  NNP_BAD_BLOB = 1,     /* wrong magic, version, length, index or a non-finite number; `at` = offset in the blob */
  NNP_CAPACITY = 2,     /* scratch too small for an atom's neighbors; `at` = atom, as below */
  NNP_COINCIDENT = 3,   /* two atoms closer than 1e-6 length units */
  NNP_BAD_POSITION = 4, /* a coordinate is not finite */
  NNP_BAD_RESULT = 5,   /* a symmetry function or an energy is not finite */
  NNP_BAD_INDEX = 6,    /* a neighbor index outside 0 ... nall-1, or the atom itself */
  NNP_BAD_ELEMENT = 7   /* the central atom's element is not in the model */
};

typedef struct NnpAtoms {
  int nall;           /* local atoms first, then ghosts with coordinates of their own */
  const double *x;    /* 3*nall */
  const int *element; /* nall: index of the element in the blob, -1 = atom is ignored as a neighbor */
  int index_mask;     /* ANDed to neighbor indices: ~0, or NEIGHMASK of LAMMPS */
} NnpAtoms;

/* Results are added, except energies, which are written. Members are the networks of a committee. */
typedef struct NnpResult {
  double *forces;          /* 3*nall, mean over members; ghosts too: fold them onto their owners */
  double *virial;          /* 6: xx yy zz xy xz yz of sum r (x) f; dE/d(strain) = -virial */
  double *energies;        /* per central atom, mean over members, without the elements' offsets */
  double *member_energies; /* atom-major (n, members), without offsets; NULL = not wanted */
  double *member_forces;   /* member-major (members, 3*nall), added; NULL = not wanted; costs one reverse pass each */
  double *member_virials;  /* member-major (members, 6), added; NULL exactly if member_forces is */
  double *features;        /* atom-major (n, feature_stride): raw symmetry functions; NULL = not wanted */
  int feature_stride;
  double *extrapolations; /* (capacity, 3): atom, symmetry function, value */
  int extrapolation_capacity;
  int extrapolation_count; /* counts all, also beyond the capacity */
  int at;                  /* on error: which atom */
} NnpResult;

typedef struct NnpKernel {
  int blob_version;
  int lanes;
  /* Bytes of the prepared model, 0 if the blob is invalid; then *at is the offset of the first bad entry. */
  size_t (*model_bytes)(const double *blob, size_t length, size_t *at);
  /* Prepares the model in 64-byte aligned memory of model_bytes; the blob is not needed afterwards. */
  int (*model_init)(const double *blob, size_t length, void *model);
  int (*members)(const void *model);
  /* Largest cutoff radius: the neighbor list must hold every pair below it. */
  double (*cutoff)(const void *model);
  double (*offset)(const void *model, int element, int member);
  int (*atomic_number)(const void *model, int element); /* -1 beyond the last element */
  /* Bytes of 64-byte aligned scratch for atoms of up to max_neighbors listed neighbors: at least `minimum`; above it
   * triplets are kept between the two passes instead of being computed twice. */
  size_t (*scratch_bytes)(const void *model, int max_neighbors, int minimum);
  /* First atom with a coordinate that is not finite, or -1. Call it before a range: a NaN would silently lose
   * neighbors. */
  int (*check_positions)(const double *x, int nall);
  /* One central atom: its listed neighbors, any order, maybe beyond the cutoff. `row` is its row in energies and
   * features. */
  int (*atom)(const void *model, const NnpAtoms *atoms, int center, int row, const int *neighbors, int count,
              void *scratch, size_t scratch_bytes, NnpResult *result);
  /* Central atoms begin ... end-1 of a list in compressed rows: neighbors[first[i] ... first[i+1]). */
  int (*range)(const void *model, const NnpAtoms *atoms, int begin, int end, const int *first, const int *neighbors,
               void *scratch, size_t scratch_bytes, NnpResult *result);
} NnpKernel;

#ifdef __cplusplus
}
#endif
#endif
