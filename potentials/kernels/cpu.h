/* Which instruction sets this processor runs: what the objects of build.mjs were compiled for. */
#ifndef NNP_CPU_H
#define NNP_CPU_H

#include <stdbool.h>

#if defined(__x86_64__)
static inline bool cpu_runs_sse(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}

static inline bool cpu_runs_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2");
}

static inline bool cpu_runs_avx512(void) {
  return cpu_runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd");
}
#endif

#endif
