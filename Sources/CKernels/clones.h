#pragma once

#include "cpu.h"

/// Part of each function that calls it, and so compiled for the same CPU.
#define INLINE static inline __attribute__((always_inline))

#define UNWRAP(...) __VA_ARGS__

/// `INSTANCES(result, name, (parameters), (arguments)) { … }` compiles the body once for each kind of CPU; the body is told by `cpu`,
/// a constant, which instance it is. `PICK(name, …)` calls the instance that fits. `CLONES`, used in the same way, also defines the
/// function `lathe_name`, which does nothing but pick.
#if defined(__x86_64__)
// 512-bit registers are used although the compiler's tuning for that level would rather not.
#define V4 __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define V3 __attribute__((target("arch=x86-64-v3")))
#define PICK(name, ...)                                                            \
  (lathe_current_cpu() == LATHE_AVX512 ? name##_v4(__VA_ARGS__)                    \
   : lathe_current_cpu() == LATHE_AVX2 ? name##_v3(__VA_ARGS__)                    \
                                       : name##_baseline(__VA_ARGS__))
#define DECLARE(result, name, parameters, arguments)                                                     \
  INLINE result name##_body(enum lathe_cpu cpu, UNWRAP parameters);                                      \
  V4 static result name##_v4 parameters { return name##_body(LATHE_AVX512, UNWRAP arguments); }          \
  V3 static result name##_v3 parameters { return name##_body(LATHE_AVX2, UNWRAP arguments); }            \
  static result name##_baseline parameters { return name##_body(LATHE_BASELINE, UNWRAP arguments); }
#else
#define PICK(name, ...) name##_baseline(__VA_ARGS__)
#define DECLARE(result, name, parameters, arguments)                \
  INLINE result name##_body(enum lathe_cpu cpu, UNWRAP parameters); \
  static result name##_baseline parameters { return name##_body(LATHE_BASELINE, UNWRAP arguments); }
#endif

#define INSTANCES(result, name, parameters, arguments) \
  DECLARE(result, name, parameters, arguments)         \
  INLINE result name##_body(enum lathe_cpu cpu, UNWRAP parameters)

#define CLONES(result, name, parameters, arguments)                            \
  DECLARE(result, name, parameters, arguments)                                 \
  result lathe_##name parameters { return PICK(name, UNWRAP arguments); }      \
  INLINE result name##_body(enum lathe_cpu cpu, UNWRAP parameters)
