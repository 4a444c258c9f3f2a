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
    const typename S::V half = 0.5 * v; // two Newton steps: 14 -> 28 -> 53 bits
    y = y * (1.5 - half * y * y);
    const typename S::V e = 0.5 - half * y * y;
    return y + y * e;
  }
#endif
  return 1.0 / sqrt(v);
}

} // namespace
