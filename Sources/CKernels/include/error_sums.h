#pragma once

#include <stddef.h>
#include <stdint.h>

/// Sums over the pairs whose difference is a finite number.
struct lathe_error_sums {
  /// Number of such pairs.
  size_t count;
  /// Sums of |predicted − actual|, predicted − actual, (predicted − actual)² and actual.
  double absolute, difference, squared, actual;
};

/// Sums up the errors of `count` pairs in one pass. Lanes and blocks are added in a fixed order, without fused operations: the same
/// bits on every CPU.
struct lathe_error_sums lathe_sum_errors(const double *actual, const double *predicted, size_t count);

/// Writes |predicted − actual| of each pair whose difference is finite to `errors` (room for `count`), in order; returns how many.
size_t lathe_absolute_errors(const double *actual, const double *predicted, size_t count, double *errors);

/// Number of entries that `lathe_sum_of_ranks` wants in `table`.
#define LATHE_RANK_TABLE 65536

/// Returns the sum of the values that would stand at positions first…last were `values` sorted. All must be finite and ≥ 0,
/// first ≤ last < count. `scratch` has room for `count` numbers; both arrays hold anything afterwards. O(count), whatever the values.
double lathe_sum_of_ranks(double *values, size_t count, size_t first, size_t last, double *scratch, uint32_t *table);
