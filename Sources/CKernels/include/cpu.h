#pragma once

/// Kinds of CPU that kernels have instances for: any, with AVX2 and fused multiply-add (x86-64-v3), with AVX-512 (x86-64-v4).
enum lathe_cpu { LATHE_BASELINE, LATHE_AVX2, LATHE_AVX512 };

/// The best kind that this machine is. A kernel may be called for it or any kind before it, which tests do.
enum lathe_cpu lathe_best_cpu(void);
