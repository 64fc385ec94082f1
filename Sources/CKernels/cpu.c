#include "cpu.h"

enum lathe_cpu lathe_best_cpu(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4")) return LATHE_AVX512;
  if (__builtin_cpu_supports("x86-64-v3")) return LATHE_AVX2;
#endif
  return LATHE_BASELINE;
}
