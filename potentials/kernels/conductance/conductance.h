/* Kernels for conductance: SOAP features with a pooled network on them, and NEGF of wires.
 *
 * Plain C interface of kernel.cpp for the Node-API addon and the WebAssembly module. Every kind of computation is an
 * NnpTask: a description (doubles, written by TypeScript) is prepared once as a model, then run on one snapshot after the
 * other. Nothing is allocated, kept or printed: callers hand in all memory; a model may be shared by threads that have a
 * scratch each. */
#ifndef NNP_CONDUCTANCE_H
#define NNP_CONDUCTANCE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NNP_CONDUCTANCE_VERSION 1

enum NnpConductanceCode {
  NNP_DONE = 0,
  NNP_BAD_SIZE = 1,     /* arrays do not fit to each other or to the model */
  NNP_BAD_POSITION = 2, /* a coordinate of atom `at` is not finite */
  NNP_BAD_INDEX = 3,    /* a center or neighbor outside the atoms; `at` = which center */
  NNP_BAD_SPECIES = 4,  /* atom `at` is of none of the model's species */
  NNP_COINCIDENT = 5,   /* another atom less than 1e-6 A from atom `at` */
  NNP_BAD_RESULT = 6,   /* the result is not finite */
  NNP_SINGULAR = 7,     /* a matrix cannot be inverted (to the digits needed) in slice or block `at` */
  NNP_SMALL_ROOM = 8    /* there is a block of `at` atoms, larger than announced */
};

/* Everything a task may read and write; NULL and 0 where a task does not use it. */
typedef struct NnpSnapshot {
  const double *positions; /* (natoms,3) A */
  int natoms;
  const int *species; /* (natoms) index among the model's species */
  const int *centers; /* (ncenters) */
  int ncenters;
  const int *first, *neighbors; /* rows of neighbors by atom (natoms or fewer rows), or NULL: all atoms */
  int nfirst, nneighbors;
  const double *numbers; /* what else the task needs */
  int nnumbers;
  double *values; /* written */
  int nvalues;
  float *features; /* written */
  size_t nfeatures;
  int at; /* written on error */
} NnpSnapshot;

typedef struct NnpTask {
  /* Bytes of the prepared model; 0 if the description is invalid. */
  size_t (*model_bytes)(const double *description, size_t length);
  /* Prepares the model in 64-byte aligned memory of model_bytes. */
  int (*model_init)(const double *description, size_t length, void *model);
  /* Bytes of 64-byte aligned scratch that a snapshot needs; 0 if its sizes are wrong. */
  size_t (*scratch_bytes)(const void *model, const NnpSnapshot *snapshot);
  int (*run)(const void *model, NnpSnapshot *snapshot, void *scratch);
} NnpTask;

enum { NNP_POOLED_NETWORK = 0, NNP_JELLIUM = 1, NNP_TIGHT_BINDING = 2, NNP_TIGHT_BINDING_LEAD = 3, NNP_TASKS = 4 };

typedef struct NnpConductance {
  int version;
  int lanes; /* of doubles */
  NnpTask task[NNP_TASKS];
} NnpConductance;

#ifdef __cplusplus
}
#endif
#endif
