/* A TrainStructure from the arrays that training-kernel.ts packs it into. */
#ifndef NNP_STRUCTURE_INDEX_H
#define NNP_STRUCTURE_INDEX_H

#include "training.h"

/* index: natoms, blocks, columns, then the integer arrays of TrainStructure in their order. False when the lengths do
 * not fit; the indices themselves are those of the trainer and are not checked. */
static inline int read_structure(TrainStructure *s, const int *index, size_t length, const double *inputs,
                                 size_t inputs_length, const double *derivatives, size_t derivatives_length,
                                 const double *strain, size_t strain_length) {
  if (length < 3 || index[0] < 1 || index[1] < 1 || index[2] < 1) return 0;
  const size_t n = (size_t)index[0], b = (size_t)index[1], columns = (size_t)index[2];
  const size_t lengths[] = {n, n + 1, n + 1, b, b + 1, b, n + 1, b, b};
  const int *at = index + 3, *start[9];
  size_t sum = 3 + columns;
  for (int k = 0; k < 9; k++) {
    start[k] = at;
    at += lengths[k];
    sum += lengths[k];
  }
  if (sum != length) return 0;
  s->natoms = index[0];
  s->blocks = index[1];
  s->elements = start[0];
  s->inputFirst = start[1];
  s->blockFirst = start[2];
  s->blockAtom = start[3];
  s->blockStart = start[4];
  s->blockColumns = start[5];
  s->atomFirst = start[6];
  s->atomBlocks = start[7];
  s->atomCenters = start[8];
  s->columns = at;
  s->inputs = inputs;
  s->derivatives = derivatives;
  s->virialDerivatives = strain;
  if (s->inputFirst[n] < 0 || s->blockStart[b] < 0) return 0;
  return inputs_length >= (size_t)s->inputFirst[n] && derivatives_length >= (size_t)s->blockStart[b] &&
         strain_length >= 6 * (size_t)s->inputFirst[n];
}

#endif
