#pragma once

/// Kinds of CPU that kernels have instances for: any, with AVX2 and fused multiply-add (x86-64-v3), with AVX-512 (x86-64-v4).
enum lathe_cpu { LATHE_BASELINE, LATHE_AVX2, LATHE_AVX512 };

/// The best kind that this machine is.
enum lathe_cpu lathe_best_cpu(void);

/// Keeps the kernels that the calling thread calls to instances for CPUs up to the kind `highest`, until it says otherwise; threads
/// that it hands work to are not bound. Tests do so, to run on one machine what others would.
void lathe_use_cpu(enum lathe_cpu highest);

/// The kind whose instances the calling thread uses: the best that this machine is, unless it was told to keep below that.
enum lathe_cpu lathe_current_cpu(void);
