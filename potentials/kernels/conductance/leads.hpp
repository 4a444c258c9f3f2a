// Surface Green's function of a half-infinite lead of equal cells by decimation (M. P. Lopez Sancho et al., J. Phys. F 15,
// 851 (1985)) and its self-energy: src/conductance/negf/tight-binding-leads.ts.
#pragma once
#include "matrix.hpp"

namespace {

constexpr int MOST_DECIMATIONS = 60, MOST_CELL = 4096;
constexpr double DECIMATED = 1e-10; // eV

struct LeadTask {
  int n;
  double broadening;
};

/// Version, atoms of a cell, broadening in eV.
size_t leadModelBytes(const double *description, size_t length) {
  Reader in = {description, length};
  in.integer(NNP_CONDUCTANCE_VERSION, NNP_CONDUCTANCE_VERSION);
  in.integer(1, MOST_CELL);
  const double broadening = in.number();
  return in.done() && broadening > 0 ? sizeof(LeadTask) : 0;
}

int leadModelInit(const double *description, size_t, void *model) {
  *(LeadTask *)model = {(int)description[1], description[2]};
  return NNP_DONE;
}

struct LeadScratch {
  Complex alpha, beta, surface, bulk, g, xa, xb;
  int *pivots;
};

LeadScratch leadScratch(Arena &arena, int n) {
  LeadScratch s;
  Complex *const all[] = {&s.alpha, &s.beta, &s.surface, &s.bulk, &s.g, &s.xa, &s.xb};
  for (Complex *m : all) *m = complexMatrix(arena, n, n);
  s.pivots = arena.take<int>(n);
  return s;
}

size_t leadScratchBytes(const void *model, const NnpSnapshot *) {
  Arena arena = {nullptr};
  leadScratch(arena, ((const LeadTask *)model)->n);
  return arena.used;
}

void copy(const Complex &from, const Complex &to) {
  const size_t count = (size_t)from.rows * from.stride;
  for (size_t k = 0; k < count; k += W) {
    D::store(to.re + k, D::load(from.re + k));
    D::store(to.im + k, D::load(from.im + k));
  }
}

/// g = (i eta - h)^-1.
bool resolvent(const Complex &h, double eta, const Complex &g, int *pivots) {
  const size_t count = (size_t)h.rows * h.stride;
  for (size_t k = 0; k < count; k += W) {
    D::store(g.re + k, -D::load(h.re + k));
    D::store(g.im + k, -D::load(h.im + k));
  }
  for (int i = 0; i < h.rows; i++) g.im[(size_t)i * h.stride + i] += eta;
  return invert(g, pivots);
}

double largestOf(const Complex &m) {
  double most = 0;
  const size_t count = (size_t)m.rows * m.stride;
  for (size_t k = 0; k < count; k++) {
    const double size = m.re[k] * m.re[k] + m.im[k] * m.im[k];
    if (!(size <= most)) most = size;
  }
  return squareRoot(most);
}

void assign(const Complex &c, const Complex &a, const Complex &b) {
  clear(c);
  multiply(a, b, c);
}

/// Decimation; true when it has converged, then s.g is the surface's Green's function.
bool decimate(const LeadTask &lead, LeadScratch &s) {
  for (int step = 0; step < MOST_DECIMATIONS; step++) {
    if (!resolvent(s.bulk, lead.broadening, s.g, s.pivots)) return false;
    assign(s.xa, s.g, s.alpha);
    assign(s.xb, s.g, s.beta);
    multiply(s.alpha, s.xb, s.surface);
    multiply(s.alpha, s.xb, s.bulk);
    multiply(s.beta, s.xa, s.bulk);
    assign(s.g, s.alpha, s.xa);
    copy(s.g, s.alpha);
    assign(s.g, s.beta, s.xb);
    copy(s.g, s.beta);
    const double left = largestOf(s.alpha), right = largestOf(s.beta);
    if (left < DECIMATED && right < DECIMATED) return resolvent(s.surface, lead.broadening, s.g, s.pivots);
    if (!isFinite(left) || !isFinite(right)) return false;
  }
  return false;
}

/// numbers: H00 and H01 (n,n); values: real part of the self-energy H01 g H01^T (n,n), then its imaginary part.
/// NNP_SINGULAR where the decimation does not converge.
int leadRun(const void *model, NnpSnapshot *snapshot, void *scratch) {
  const LeadTask &lead = *(const LeadTask *)model;
  const int n = lead.n;
  snapshot->at = -1;
  if (snapshot->nnumbers != 2 * n * n || snapshot->nvalues < 2 * n * n) return NNP_BAD_SIZE;
  for (int k = 0; k < 2 * n * n; k++)
    if (!isFinite(snapshot->numbers[k])) return NNP_BAD_SIZE;
  Arena arena = {(char *)scratch};
  LeadScratch s = leadScratch(arena, n);
  const double *h00 = snapshot->numbers, *h01 = h00 + n * n;
  const Complex *const given[] = {&s.alpha, &s.beta, &s.surface, &s.bulk};
  for (const Complex *m : given) clear(*m);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      const size_t at = (size_t)i * s.bulk.stride + j;
      s.alpha.re[at] = h01[i * n + j];
      s.beta.re[at] = h01[j * n + i];
      s.surface.re[at] = s.bulk.re[at] = h00[i * n + j];
    }
  if (!decimate(lead, s)) return NNP_SINGULAR;
  clear(s.alpha);
  clear(s.beta);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      s.alpha.re[(size_t)i * s.alpha.stride + j] = h01[i * n + j];
      s.beta.re[(size_t)i * s.beta.stride + j] = h01[j * n + i];
    }
  assign(s.xa, s.alpha, s.g);
  assign(s.xb, s.xa, s.beta);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      snapshot->values[i * n + j] = s.xb.re[(size_t)i * s.xb.stride + j];
      snapshot->values[n * n + i * n + j] = s.xb.im[(size_t)i * s.xb.stride + j];
    }
  return NNP_DONE;
}

} // namespace
