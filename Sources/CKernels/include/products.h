#pragma once

#include <stddef.h>

/// Floats that a row of a matrix is best filled up to a multiple of: products of such rows have no odd columns.
#define LATHE_LANES 16

/// C = start + A · B in single precision: A has `m` rows of `k` numbers, B `k` rows of `n`, C `m` rows of `n`.
///
/// Number (row, column) of A lies at `a + row × a_row + column × a_column`, so that a transposed A costs nothing; rows of B and C lie
/// `b_row` and `c_row` floats apart. Sums start from `bias`, which has `n` numbers for every row of C, or is NULL for zeros; or, when
/// `adds` is not 0, from what stands in C. C overlaps none of the others.
/// Each number of C is summed in the order of k, whatever the sizes, parts and tiles: a part of C computed by itself has the same
/// bits. (A CPU without fused multiply-add rounds twice a step and may differ from others in the last bit.)
void lathe_product(
  size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_column, const float *b, size_t b_row, const float *bias, float *c,
  size_t c_row, int adds);
