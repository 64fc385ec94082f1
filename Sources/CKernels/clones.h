#pragma once

/// A function with `CLONES` is compiled for several kinds of CPU, and the one that fits is chosen when the program is loaded.
#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CLONES
#endif

/// Part of each function that calls it, and so compiled for the same CPU.
#define INLINE static inline __attribute__((always_inline))
