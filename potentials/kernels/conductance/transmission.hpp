// Total transmission and eigenchannels of a transmission matrix.
#pragma once
#include "matrix.hpp"

namespace {

/// Numbers of a snapshot of a wire: atoms of the bottom and of the top grip, lead period in A.
struct WireNumbers {
  int bottom, top;
  double period;
};

/// Sizes and positions of a wire's snapshot. Returns a code.
int readWire(NnpSnapshot &wire, WireNumbers &out) {
  wire.at = -1;
  if (wire.nnumbers != 3 || wire.natoms < 2 || !wire.positions) return NNP_BAD_SIZE;
  const double bottom = wire.numbers[0], top = wire.numbers[1];
  out.period = wire.numbers[2];
  if (!(bottom >= 1 && top >= 1 && bottom + top <= wire.natoms && out.period > 0 && isFinite(out.period)))
    return NNP_BAD_SIZE;
  out.bottom = (int)bottom;
  out.top = (int)top;
  wire.at = badPosition(wire.positions, wire.natoms);
  return wire.at >= 0 ? NNP_BAD_POSITION : NNP_DONE;
}

/// Writes total, number of channels and channels, descending, of t (destroyed); `flipped` is room for its transpose.
int writeTransmission(const Complex &t, const Complex &flipped, NnpSnapshot &wire) {
  const bool wide = t.rows <= t.columns;
  const int channels = wide ? t.rows : t.columns;
  if (wire.nvalues < 2 + channels) return NNP_BAD_SIZE;
  double total = 0;
  for (int i = 0; i < t.rows; i++)
    for (int j = 0; j < t.columns; j++) {
      const double x = t.re[(size_t)i * t.stride + j], y = t.im[(size_t)i * t.stride + j];
      total += x * x + y * y;
      if (wide) continue;
      flipped.re[(size_t)j * flipped.stride + i] = x;
      flipped.im[(size_t)j * flipped.stride + i] = y;
    }
  wire.values[0] = total;
  wire.values[1] = channels;
  if (!isFinite(total)) return NNP_BAD_RESULT;
  squaredSingularValues(wide ? t : flipped, wire.values + 2);
  return NNP_DONE;
}

/// Order of the atoms' heights, ascending (shell sort).
void sortByHeight(const double *z, int n, int *order) {
  for (int i = 0; i < n; i++) order[i] = i;
  int gap = 1;
  while (gap < n / 3) gap = 3 * gap + 1;
  for (; gap > 0; gap /= 3)
    for (int i = gap; i < n; i++) {
      const int kept = order[i];
      int at = i;
      for (; at >= gap && z[order[at - gap]] > z[kept]; at -= gap) order[at] = order[at - gap];
      order[at] = kept;
    }
}

} // namespace
