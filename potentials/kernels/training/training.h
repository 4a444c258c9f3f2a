/* The training kernel: what an optimiser of neural network potentials spends its time on. Passes of networks over the
 * atoms of a structure (energy, forces, virial, and their derivatives by the weights), and the algebra of one large
 * symmetric matrix (the covariance of a Kalman filter, the normal equations of Levenberg-Marquardt).
 *
 * Plain C interface of training.cpp for the Node-API addon and the WebAssembly module. The kernel allocates nothing,
 * keeps no global state and starts no threads: callers hand in 64-byte aligned memory and a way to run a job on several
 * threads. Results do not depend on the number of threads. Units: eV, angstrom. */
#ifndef NNP_TRAINING_H
#define NNP_TRAINING_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NNP_TRAINING_VERSION 1

/* run() calls job(data, t) once for each t in 0 ... threads-1 and returns when all are done. */
typedef struct TrainThreads {
  void *pool;
  int threads;
  void (*run)(void *pool, void (*job)(void *data, int thread), void *data);
} TrainThreads;

/* One structure; src/train/training-structure.ts says what the arrays are. Block b has the columns
 * columns[blockColumns[b] ...], (blockStart[b+1]-blockStart[b])/3 of them. */
typedef struct TrainStructure {
  int natoms, blocks;
  const int *elements, *inputFirst, *blockFirst, *blockAtom, *blockStart, *blockColumns;
  const int *atomFirst, *atomBlocks, *atomCenters, *columns;
  const double *inputs, *derivatives, *virialDerivatives;
} TrainStructure;

/* What a row of the Jacobian is the derivative of: TRAIN_ENERGY, a force component 3*atom + direction (>= 0), or
 * TRAIN_VIRIAL - component. */
enum { TRAIN_ENERGY = -1, TRAIN_VIRIAL = -2 };

/* One update of a Kalman filter. */
typedef struct TrainKalman {
  const double *h, *errors; /* (rows, n) and (rows): Jacobian and label - prediction, both scaled */
  double lambda;            /* added to the diagonal of the innovation; P is divided by it */
  double noise;             /* added to the diagonal of P */
  double limit;             /* P is not divided by lambda while its largest diagonal element is above this */
} TrainKalman;

typedef struct TrainKernel {
  int version, lanes;

  /* plan: elements, then per element: layers, nodes of layer 0 ... layers, activation of layer 1 ... layers (index into
   * l t s p r g c S e h). Weights: element after element, layer after layer, (outputs, inputs) row-major, then the
   * biases. Returns 0 when the plan is not valid. */
  size_t (*networks_bytes)(const int *plan, size_t length);
  int (*networks_init)(const int *plan, size_t length, void *networks); /* number of parameters */
  void (*set_weights)(void *networks, const double *weights);
  /* Memory that one structure of up to natoms atoms works in. */
  size_t (*space_bytes)(const void *networks, int natoms, int threads);
  /* Runs all atoms through their networks; the others use what this left in `space`. Returns the energy. */
  double (*load)(const void *networks, const TrainStructure *, void *space, const TrainThreads *);
  void (*forces)(const void *networks, const TrainStructure *, const void *space, const TrainThreads *, double *out);
  void (*virial)(const void *networks, const TrainStructure *, const void *space, const TrainThreads *, double *out);
  /* Writes the quantities of `codes` to `values` and scales[r] times their derivatives to rows[r] (count, parameters).
   */
  void (*rows)(const void *networks, const TrainStructure *, void *space, const TrainThreads *, int count,
               const int *codes, const double *scales, double *values, double *rows);
  /* Adds energy*dE/dw + sum forces*dF/dw + sum virial*dW/dw. */
  void (*gradient)(const void *networks, const TrainStructure *, void *space, const TrainThreads *, double energy,
                   const double *forces, const double *virial, double *out);

  /* A symmetric (n, n) matrix P, 0 at the start; up to `rows` rows are worked in at a time. */
  size_t (*matrix_bytes)(int n, int rows);
  void (*matrix_init)(void *matrix, int n, int rows);
  /* The lower triangle, row after row. */
  void (*matrix_set)(void *matrix, const double *packed);
  void (*matrix_get)(void *matrix, const TrainThreads *, double *packed);
  /* P += HᵀH; h is (count, n). */
  void (*matrix_add)(void *matrix, const TrainThreads *, int count, const double *h);
  /* With A = H P Hᵀ + lambda: w += P Hᵀ A⁻¹ errors, P <- (P - P Hᵀ A⁻¹ H P)/lambda + noise. 0 = A is not positive
   * definite. */
  int (*kalman)(void *matrix, const TrainThreads *, int count, const TrainKalman *, double *weights);
  /* x <- (P + diag(add))⁻¹ x in `work` of matrix_bytes; 0 = not positive definite. */
  int (*solve)(void *matrix, const TrainThreads *, void *work, const double *add, double *x);
} TrainKernel;

#ifdef __cplusplus
}
#endif
#endif
