/* A prepared model with its threads, and one evaluation of a neighbor list by them. No Node, no kernel mathematics. */
#ifndef NNP_EVALUATION_H
#define NNP_EVALUATION_H

#include "hdnnp.h"
#include "pool.h"

#include <stdbool.h>

typedef struct {
  const char *name;
  const NnpKernel *kernel;
} Variant;

enum { MOST_VARIANTS = 4, MOST_THREADS = 256 };

/* Memory of one thread; grows, never shrinks. */
typedef struct {
  void *scratch;
  size_t scratch_bytes;
  double *forces, *member_forces; /* all threads but the first: added to the result in the order of the threads */
  size_t forces_length, member_length;
  double virial[6], *member_virials;
  double *extrapolations;
  int extrapolation_capacity, extrapolation_count;
  int code, at;
} Thread;

typedef struct {
  const NnpKernel *kernel;
  void *model;
  int members, threads, minimum;
  Pool *pool;
  Thread *thread;
} Handle;

/* One evaluation, shared by the threads. */
typedef struct {
  Handle *handle;
  int threads; /* of the handle's, those with work */
  NnpAtoms atoms;
  NnpResult result;
  const int *first, *neighbors;
  int begin[MOST_THREADS + 1]; /* the centers of each thread */
} Job;

/* The variants this processor runs, best first; returns how many. */
int variants(Variant out[MOST_VARIANTS]);

/* NULL without memory, or when the blob is invalid. May have fewer threads than asked for. */
Handle *create(const NnpKernel *kernel, const double *blob, size_t length, int threads, bool minimum_scratch);
void destroy(Handle *handle);

/* Evaluates `centers` central atoms; `listed` is the length of job->neighbors. Returns an NnpCode; on error
 * job->result.at. */
int evaluate(Job *job, int centers, size_t listed);

#endif
