// Reading a description entry by entry, and laying a model or a scratch out in memory.
#pragma once
#include "lanes.hpp"

namespace {

/// Entries of a description from front to back; `bad` stays set once an entry is missing or wrong.
struct Reader {
  const double *entries;
  size_t length, next = 0;
  bool bad = false;

  double number() {
    if (bad || next >= length || !(entries[next] - entries[next] == 0)) {
      bad = true;
      return 0;
    }
    return entries[next++];
  }
  int integer(int least, int most) {
    const double v = number();
    const int n = v >= least && v <= most ? (int)v : least;
    if (n != v) bad = true;
    return n;
  }
  /// A run of `count` numbers, all finite; NULL when they are not there.
  const double *run(size_t count) {
    if (bad || count > length - next) {
      bad = true;
      return nullptr;
    }
    const double *from = entries + next;
    double check = 0;
    for (size_t k = 0; k < count; k++) check += from[k] * 0;
    if (!(check == 0)) bad = true;
    next += count;
    return from;
  }
  bool done() const { return !bad && next == length; }
};

/// Hands out 64-byte aligned pieces from `base`; with base = NULL only counts.
struct Arena {
  char *base;
  size_t used = 0;

  template <class T> T *take(size_t count) {
    T *p = base ? (T *)(base + used) : nullptr;
    used += (count * sizeof(T) + 63) & ~(size_t)63;
    return p;
  }
};

} // namespace
