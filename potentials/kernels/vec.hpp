// W numbers of type T side by side: GCC/Clang vector extensions, and the few operations they lack.
// Everything in these headers lives in an unnamed namespace: one object file per instruction set holds its own copy,
// and the linker must never merge them.
#pragma once

#if defined(__AVX2__) || defined(__SSE4_2__)
#include <immintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define NNP_INLINE inline __attribute__((always_inline))

namespace {

template <class T> struct IntOf;
template <> struct IntOf<double> {
  typedef long long type;
};
template <> struct IntOf<float> {
  typedef int type;
};

template <class T, int W> struct Simd {
  typedef T Number;
  static constexpr int lanes = W;
  typedef T V __attribute__((vector_size(W * sizeof(T))));
  typedef typename IntOf<T>::type Int;
  typedef Int M __attribute__((vector_size(W * sizeof(T)))); // masks: lanes 0 or -1

  static NNP_INLINE V load(const T *p) {
    V v;
    __builtin_memcpy(&v, __builtin_assume_aligned(p, W * sizeof(T)), sizeof v);
    return v;
  }
  static NNP_INLINE V loadu(const T *p) {
    V v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  static NNP_INLINE void store(T *p, V v) {
    __builtin_memcpy(__builtin_assume_aligned(p, W * sizeof(T)), &v, sizeof v);
  }
  static NNP_INLINE void storeu(T *p, V v) { __builtin_memcpy(p, &v, sizeof v); }
  static NNP_INLINE V all(T x) { return x - V{}; }
  static NNP_INLINE V max(V a, V b) { return a > b ? a : b; }
  static NNP_INLINE V min(V a, V b) { return a < b ? a : b; }
  static NNP_INLINE V abs(V a) { return max(a, -a); }
  static NNP_INLINE T sum(V v) {
    T s = 0;
    for (int l = 0; l < W; l++) s += v[l];
    return s;
  }
};

#define NNP_SQRT(W, CALL)                                                                                              \
  static NNP_INLINE Simd<double, W>::V sqrt(Simd<double, W>::V v) { return (Simd<double, W>::V)(CALL); }

#if defined(__AVX512F__)
NNP_SQRT(8, _mm512_sqrt_pd((__m512d)v))
#endif
#if defined(__AVX__)
NNP_SQRT(4, _mm256_sqrt_pd((__m256d)v))
#endif
#if defined(__SSE4_2__)
NNP_SQRT(2, _mm_sqrt_pd((__m128d)v))
#elif defined(__wasm_simd128__)
NNP_SQRT(2, wasm_f64x2_sqrt((v128_t)v))
#elif defined(__ARM_NEON)
NNP_SQRT(2, vsqrtq_f64((float64x2_t)v))
#endif

/// 1/sqrt(v) for v > 0, to about 1 ulp.
template <class S> NNP_INLINE typename S::V rsqrt(typename S::V v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(v) == 64) {
    typename S::V y = (typename S::V)_mm512_rsqrt14_pd((__m512d)v);
    // one step of third order: 14 -> 56 bits
    const typename S::V e = 1.0 - v * y * y;
    return y + y * e * (0.5 + e * (0.375 + 0.3125 * e));
  }
#endif
  return 1.0 / sqrt(v);
}

/// The lanes that a mask keeps, moved to the front: a permutation looked up by the mask, which is twice as fast as the
/// compress instructions of AVX-512. Whole vectors are written, so there must be room behind the last one.
template <class S> struct Compaction {
  static constexpr bool inRegisters = false;
};

/// For every mask of N lanes the numbers of its set bits, ascending.
template <int N> struct SetBits {
  unsigned char lane[1 << N][8];
  constexpr SetBits() : lane() {
    for (int mask = 0; mask < 1 << N; mask++)
      for (int bit = 0, n = 0; bit < N; bit++)
        if (mask >> bit & 1) lane[mask][n++] = (unsigned char)bit;
  }
};

#if defined(__AVX512F__)
constexpr SetBits<8> SET_BITS;
template <> struct Compaction<Simd<double, 8>> {
  using S = Simd<double, 8>;
  static constexpr bool inRegisters = true;
  unsigned mask;
  __m128i lanes;
  NNP_INLINE Compaction(S::M keep, int left) {
    mask = _mm512_movepi64_mask((__m512i)keep) & ((1u << (left < 8 ? left : 8)) - 1);
    lanes = _mm_loadl_epi64((const __m128i *)SET_BITS.lane[mask]);
  }
  NNP_INLINE int count() const { return __builtin_popcount(mask); }
  NNP_INLINE void put(double *to, S::V v) const {
    _mm512_storeu_pd(to, _mm512_permutexvar_pd(_mm512_cvtepu8_epi64(lanes), (__m512d)v));
  }
  NNP_INLINE void put(int *to, const int *from) const {
    const __m256i v = _mm256_loadu_si256((const __m256i *)from);
    _mm256_storeu_si256((__m256i *)to, _mm256_permutevar8x32_epi32(v, _mm256_cvtepu8_epi32(lanes)));
  }
};
#elif defined(__AVX2__)
constexpr SetBits<4> SET_BITS;
template <> struct Compaction<Simd<double, 4>> {
  using S = Simd<double, 4>;
  static constexpr bool inRegisters = true;
  unsigned mask;
  __m128i lanes;
  __m256i halves; // the 32-bit halves of the lanes
  NNP_INLINE Compaction(S::M keep, int left) {
    mask = _mm256_movemask_pd((__m256d)keep) & ((1u << (left < 4 ? left : 4)) - 1);
    lanes = _mm_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)SET_BITS.lane[mask]));
    const __m256i wide = _mm256_slli_epi64(_mm256_cvtepu32_epi64(lanes), 1);
    halves = _mm256_or_si256(_mm256_or_si256(wide, _mm256_slli_epi64(wide, 32)), _mm256_set1_epi64x(1LL << 32));
  }
  NNP_INLINE int count() const { return __builtin_popcount(mask); }
  NNP_INLINE void put(double *to, S::V v) const {
    _mm256_storeu_pd(to, (__m256d)_mm256_permutevar8x32_epi32((__m256i)v, halves));
  }
  NNP_INLINE void put(int *to, const int *from) const {
    const __m128 v = _mm_loadu_ps((const float *)from);
    _mm_storeu_ps((float *)to, _mm_permutevar_ps(v, lanes));
  }
};
#endif

} // namespace
