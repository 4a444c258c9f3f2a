// Elementary functions on vectors: polynomials of coefficients.py, no library calls. Errors are those of kernel tests.
#pragma once
#include "vec.hpp"

namespace {

/// c[0] + c[1] v + ... by even and odd Horner chains, which overlap.
template <class V, int N> NNP_INLINE V polynomial(V v, const double (&c)[N]) {
  const V v2 = v * v;
  constexpr int top = N - 1, even = top & ~1, odd = (top - 1) | 1;
  V e = c[even] - V{}, o = c[odd] - V{};
#pragma GCC unroll 16
  for (int k = even - 2; k >= 0; k -= 2) e = e * v2 + c[k];
#pragma GCC unroll 16
  for (int k = odd - 2; k >= 1; k -= 2) o = o * v2 + c[k];
  return e + o * v;
}

constexpr double TANH[] = {.99999999999999986196,     -.33333333333327115792,    .13333333332866988112,
                           -.053968253829690073479,   .021869486371314824557,    -.0088632150652075579199,
                           .003592001031526688417,    -.0014552898065417584505,  .00058836028268867612188,
                           -.00023540928172731117176, .000090793484484327758952, -.000031803378030411943533,
                           9.1259535962648350922e-6,  -1.8226646212654275973e-6, 1.8286257399789470053e-7};
constexpr double EXP[] = {.99999999999999999693,    .99999999999999999976,    .50000000000000183855,
                          .16666666666666680806,    .041666666666488095495,   .0083333333333196006109,
                          .0013888888952314774652,  .00019841269890047113707, .000024801485482328492419,
                          2.7557240918578969823e-6, 2.7632639639041029749e-7, 2.5110037605963777712e-8};
constexpr double SIN_QUARTER[] = {1.5707963267948966189,     -0.64596409750624620097,   0.079692626246165639827,
                                  -0.0046817541353042553228, 0.00016044118471309159184, -3.5988430204672575218e-6,
                                  5.6921364280986252458e-8,  -6.684416831856084348e-10, 5.8729757447999501384e-12};
constexpr double ASIN[] = {1.0000000000000000128,    0.1666666666666494118,   0.075000000003852016734,
                           0.044642856805998938418,  0.030381959697685138233, 0.022371749733164054133,
                           0.017359779641349980067,  0.013884842826402080755, 0.01217013859239172629,
                           0.0065293020047365692817, 0.019513468251252168004, -0.016187392271599133212,
                           0.031879621400812839426};
constexpr double ATANH[] = {0.99999999999999999887, 0.33333333333333822829, 0.19999999999651169056,
                            0.14285714380320839941, 0.11111098528363023304, 0.090918158401146644019,
                            0.07656264074182095483, 0.074048551803276383491};

constexpr double LN2_HI = 0.693147180369123816490, LN2_LO = 1.90821492927058770002e-10;
constexpr double ROUND = 6755399441055744.0; // 1.5 * 2^52: adding it rounds to an integer, held in the low bits
constexpr double PI = 3.14159265358979323846;

/// tanh(u), 0 <= u <= 1.
template <class V> NNP_INLINE V tanhUnit(V u) { return u * polynomial(u * u, TANH); }

/// e^x; x is clamped to [-700, 700].
template <class S> NNP_INLINE typename S::V exp(typename S::V x) {
  using V = typename S::V;
  using M = typename S::M;
  x = S::min(S::max(x, S::all(-700.0)), S::all(700.0));
  const V t = x * 1.44269504088896340736 + ROUND;
  const V n = t - ROUND;
  const V r = (x - n * LN2_HI) - n * LN2_LO;
  const V p = polynomial(r, EXP);
  return (V)((M)p + ((M)t << 52));
}

/// ln x for normal x > 0.
template <class S> NNP_INLINE typename S::V log(typename S::V x) {
  using V = typename S::V;
  using M = typename S::M;
  const M bits = (M)x;
  // exponent such that the mantissa falls into [sqrt(1/2), sqrt 2)
  const M shift = (bits - 0x3fe6a09e667f3bcdLL) >> 52;
  const V m = (V)(bits - (shift << 52));
  const V n = (V)(shift + (long long)0x4338000000000000LL) - ROUND;
  const V s = (m - 1.0) / (m + 1.0);
  return n * LN2_HI + (2.0 * s * polynomial(s * s, ATANH) + n * LN2_LO);
}

/// sin(pi y / 2), 0 <= y <= 1; the cosine is sinQuarter(1 - y).
template <class V> NNP_INLINE V sinQuarter(V y) { return y * polynomial(y * y, SIN_QUARTER); }

/// cos z and sin z for |z| up to about 1e5.
template <class S> NNP_INLINE void cosSin(typename S::V z, typename S::V &c, typename S::V &s) {
  using V = typename S::V;
  using M = typename S::M;
  const V t = z * (1.0 / PI) + ROUND;
  const V n = t - ROUND;
  const V r = ((z - n * 3.1415926516056060791) - n * 1.9841871583270442869e-9) - n * 1.0340365963588211138e-18;
  const V y = r * (2.0 / PI);
  const V a = S::min(S::abs(y), S::all(1.0));
  const M flip = (M)t << 63;
  const V sine = sinQuarter(a);
  c = (V)((M)sinQuarter(1.0 - a) ^ flip);
  s = (V)((M)(y < 0.0 ? -sine : sine) ^ flip);
}

/// arccos c, -1 <= c <= 1; relatively exact near c = 1.
template <class S> NNP_INLINE typename S::V acos(typename S::V c) {
  using V = typename S::V;
  const V a = S::abs(c);
  const V half = 0.5 * (1.0 - a);
  const auto big = a > 0.5;
  const V z2 = big ? half : c * c;
  const V z = big ? sqrt(half) : c;
  const V asin = z * polynomial(z2, ASIN);
  const V outer = c > 0.0 ? 2.0 * asin : PI - 2.0 * asin;
  return big ? outer : PI / 2 - asin;
}

/// b^n by repeated squaring; n >= 0.
template <class S> NNP_INLINE typename S::V power(typename S::V b, unsigned n) {
  typename S::V r = S::all(1.0);
  for (; n; n >>= 1) {
    if (n & 1) r *= b;
    b *= b;
  }
  return r;
}

/// b^x for b >= 0; 0 where b = 0.
template <class S> NNP_INLINE typename S::V powerReal(typename S::V b, double x) {
  using V = typename S::V;
  const auto positive = b > 1e-300;
  const V safe = positive ? b : S::all(1.0);
  const V p = exp<S>(x * log<S>(safe));
  return positive ? p : V{};
}

} // namespace
