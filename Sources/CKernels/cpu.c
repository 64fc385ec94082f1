#include "cpu.h"

static _Thread_local enum lathe_cpu limit = LATHE_AVX512;

enum lathe_cpu lathe_best_cpu(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4")) return LATHE_AVX512;
  if (__builtin_cpu_supports("x86-64-v3")) return LATHE_AVX2;
#endif
  return LATHE_BASELINE;
}

void lathe_use_cpu(enum lathe_cpu highest) { limit = highest; }

enum lathe_cpu lathe_current_cpu(void) {
  enum lathe_cpu best = lathe_best_cpu();
  return best < limit ? best : limit;
}
