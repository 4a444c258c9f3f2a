// A structure in its networks: energy, forces, virial, and their derivatives by the weights. Work is divided among
// threads so that every number is computed by one of them and sums run in the order of atoms.
#pragma once
#include "networks.hpp"
#include "training.h"

namespace {

/// Atoms whose gradients are summed by one thread: fixed, so that sums do not depend on the number of threads.
constexpr int CHUNK = 16;

struct Space {
  int natoms, threads;
  double *rows; // five arrays of (natoms, stride), in the order of Nodes
  double *energies;
  Scratch *scratch; // of the threads
  double *chunks;   // padded gradients, one per CHUNK atoms
};

inline size_t layOutSpace(const Networks &all, int natoms, int threads, Arena &arena, Space &space) {
  space.natoms = natoms, space.threads = threads;
  space.rows = arena.take<double>(5 * (size_t)natoms * all.stride);
  space.energies = arena.take<double>((size_t)natoms);
  space.scratch = arena.take<Scratch>((size_t)threads);
  for (int t = 0; t < threads; t++) {
    double *nodes = arena.take<double>(3 * (size_t)all.stride);
    double *gradient = arena.take<double>((size_t)all.gradients);
    if (arena.memory) space.scratch[t] = {nodes, nodes + all.stride, nodes + 2 * all.stride, gradient};
  }
  space.chunks = arena.take<double>((size_t)all.gradients * ((natoms + CHUNK - 1) / CHUNK));
  return arena.used;
}

NNP_INLINE Nodes nodesOf(const Networks &all, const Space &space, int atom) {
  const size_t array = (size_t)space.natoms * all.stride;
  double *at = space.rows + (size_t)atom * all.stride;
  return {at, at + array, at + 2 * array, at + 3 * array, at + 4 * array};
}

/// What the jobs of the threads share.
struct Work {
  const Networks *all;
  const TrainStructure *s;
  Space space;
  int threads;
  double energy;
  const double *forces, *virial;
  const int *codes;
  const double *scales;
  double *values, *out;
  int count;
};

template <class S> void loadJob(void *data, int thread) {
  const Work &w = *(const Work *)data;
  const TrainStructure &s = *w.s;
  for (int i = thread; i < s.natoms; i += w.threads) {
    const Network &net = w.all->net[s.elements[i]];
    const Nodes at = nodesOf(*w.all, w.space, i);
    const int inputs = net.layer[0].inputs;
    for (int k = 0; k < inputs; k++) at.value[k] = s.inputs[s.inputFirst[i] + k];
    for (int k = inputs; k < padded(inputs); k++) at.value[k] = 0;
    w.space.energies[i] = energyPass<S>(net, at);
  }
}

/// Σ over the columns of one row of a block of dE/dinput · derivative.
template <class S> NNP_INLINE double alongRow(const double *pull, const double *row, const int *columns, int count) {
  using V = typename S::V;
  if (count == 0) return 0;
  if (columns[count - 1] != columns[0] + count - 1) {
    double sum = 0;
    for (int f = 0; f < count; f++) sum += pull[columns[f]] * row[f];
    return sum;
  }
  pull += columns[0];
  V sum{};
  int f = 0;
  for (; f + S::lanes <= count; f += S::lanes) sum += S::loadu(pull + f) * S::loadu(row + f);
  double rest = 0;
  for (; f < count; f++) rest += pull[f] * row[f];
  return S::sum(sum) + rest;
}

/// The force on one atom in one direction.
template <class S> double forceOn(const Networks &all, const Space &space, const TrainStructure &s, int atom, int c) {
  double force = 0;
  for (int k = s.atomFirst[atom]; k < s.atomFirst[atom + 1]; k++) {
    const int b = s.atomBlocks[k], count = (s.blockStart[b + 1] - s.blockStart[b]) / 3;
    force -= alongRow<S>(nodesOf(all, space, s.atomCenters[k]).pull, s.derivatives + s.blockStart[b] + c * count,
                         s.columns + s.blockColumns[b], count);
  }
  return force;
}

template <class S> void forcesJob(void *data, int thread) {
  const Work &w = *(const Work *)data;
  for (int j = thread; j < w.s->natoms; j += w.threads)
    for (int c = 0; c < 3; c++) w.out[3 * j + c] = forceOn<S>(*w.all, w.space, *w.s, j, c);
}

template <class S> double virialOf(const Networks &all, const Space &space, const TrainStructure &s, int component) {
  double virial = 0;
  for (int i = 0; i < s.natoms; i++) {
    const int inputs = s.inputFirst[i + 1] - s.inputFirst[i];
    const double *pull = nodesOf(all, space, i).pull;
    const double *row = s.virialDerivatives + 6 * (size_t)s.inputFirst[i] + (size_t)component * inputs;
    for (int f = 0; f < inputs; f++) virial -= pull[f] * row[f];
  }
  return virial;
}

template <class S>
void forceRow(const Work &w, int atom, int c, double scale, const Scratch &scratch, double *gradient) {
  const TrainStructure &s = *w.s;
  for (int k = s.atomFirst[atom]; k < s.atomFirst[atom + 1]; k++) {
    const int i = s.atomCenters[k], b = s.atomBlocks[k], count = (s.blockStart[b + 1] - s.blockStart[b]) / 3;
    const Network &net = w.all->net[s.elements[i]];
    const int *columns = s.columns + s.blockColumns[b];
    const double *row = s.derivatives + s.blockStart[b] + c * count;
    for (int f = 0; f < padded(net.layer[0].inputs); f++) scratch.tangent[f] = 0;
    for (int f = 0; f < count; f++) scratch.tangent[columns[f]] = -scale * row[f];
    addSlopeGradient<S>(net, nodesOf(*w.all, w.space, i), scratch, gradient);
  }
}

template <class S>
void virialRow(const Work &w, int component, double scale, const Scratch &scratch, double *gradient) {
  const TrainStructure &s = *w.s;
  for (int i = 0; i < s.natoms; i++) {
    const Network &net = w.all->net[s.elements[i]];
    const int inputs = net.layer[0].inputs;
    const double *row = s.virialDerivatives + 6 * (size_t)s.inputFirst[i] + (size_t)component * inputs;
    for (int f = 0; f < inputs; f++) scratch.tangent[f] = -scale * row[f];
    for (int f = inputs; f < padded(inputs); f++) scratch.tangent[f] = 0;
    addSlopeGradient<S>(net, nodesOf(*w.all, w.space, i), scratch, gradient);
  }
}

template <class S> void rowsJob(void *data, int thread) {
  const Work &w = *(const Work *)data;
  const TrainStructure &s = *w.s;
  const Scratch &scratch = w.space.scratch[thread];
  for (int r = thread; r < w.count; r += w.threads) {
    const int code = w.codes[r];
    const double scale = w.scales[r];
    for (int k = 0; k < w.all->gradients; k++) scratch.gradient[k] = 0;
    if (code >= 0) {
      const int atom = code / 3, c = code - 3 * atom;
      w.values[r] = forceOn<S>(*w.all, w.space, s, atom, c);
      forceRow<S>(w, atom, c, scale, scratch, scratch.gradient);
    } else if (code == TRAIN_ENERGY) {
      double energy = 0;
      for (int i = 0; i < s.natoms; i++) {
        energy += w.space.energies[i];
        addEnergyGradient<S>(w.all->net[s.elements[i]], nodesOf(*w.all, w.space, i), scale, scratch.sums,
                             scratch.gradient);
      }
      w.values[r] = energy;
    } else {
      const int component = TRAIN_VIRIAL - code;
      w.values[r] = virialOf<S>(*w.all, w.space, s, component);
      virialRow<S>(w, component, scale, scratch, scratch.gradient);
    }
    unpad(*w.all, scratch.gradient, w.out + (size_t)r * w.all->parameters, false);
  }
}

/// Adds what one center contributes to the gradient.
template <class S> void addCenter(const Work &w, int i, const Scratch &scratch, double *gradient) {
  using V = typename S::V;
  const TrainStructure &s = *w.s;
  const Network &net = w.all->net[s.elements[i]];
  const int inputs = net.layer[0].inputs;
  double *t = scratch.tangent;
  for (int f = 0; f < padded(inputs); f++) t[f] = 0;
  for (int b = s.blockFirst[i]; b < s.blockFirst[i + 1]; b++) {
    const int count = (s.blockStart[b + 1] - s.blockStart[b]) / 3, *columns = s.columns + s.blockColumns[b];
    const double *u = w.forces + 3 * (size_t)s.blockAtom[b], *x = s.derivatives + s.blockStart[b];
    const double *y = x + count, *z = y + count;
    int f = 0;
    if (count > 0 && columns[count - 1] == columns[0] + count - 1)
      for (double *to = t + columns[0]; f + S::lanes <= count; f += S::lanes) {
        const V sum = u[0] * S::loadu(x + f) + u[1] * S::loadu(y + f) + u[2] * S::loadu(z + f);
        S::storeu(to + f, S::loadu(to + f) - sum);
      }
    for (; f < count; f++) t[columns[f]] -= u[0] * x[f] + u[1] * y[f] + u[2] * z[f];
  }
  const double *strain = s.virialDerivatives + 6 * (size_t)s.inputFirst[i];
  for (int v = 0; v < 6; v++, strain += inputs)
    if (w.virial[v] != 0)
      for (int f = 0; f < inputs; f++) t[f] -= w.virial[v] * strain[f];
  const Nodes at = nodesOf(*w.all, w.space, i);
  addSlopeGradient<S>(net, at, scratch, gradient);
  addEnergyGradient<S>(net, at, w.energy, scratch.sums, gradient);
}

template <class S> void gradientJob(void *data, int thread) {
  const Work &w = *(const Work *)data;
  const int chunks = (w.s->natoms + CHUNK - 1) / CHUNK;
  for (int k = thread; k < chunks; k += w.threads) {
    double *gradient = w.space.chunks + (size_t)k * w.all->gradients;
    for (int g = 0; g < w.all->gradients; g++) gradient[g] = 0;
    const int end = (k + 1) * CHUNK < w.s->natoms ? (k + 1) * CHUNK : w.s->natoms;
    for (int i = k * CHUNK; i < end; i++) addCenter<S>(w, i, w.space.scratch[thread], gradient);
  }
}

} // namespace
