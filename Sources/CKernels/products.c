#include "products.h"

#include "clones.h"

// C is made in tiles of a few rows × one or two vectors of columns that are summed in registers while A and B are walked along
// k: each step loads a row of B's columns once for all rows of the tile, and spreads a number of A to a vector for all its columns.
// How large a tile may be depends on how many registers the CPU has, which is why there is one instance for each kind of CPU.
//
// Nothing is copied into panels first: at the sizes of a network's layers all operands lie in the first- or second-level cache.
//
// OpenBLAS is not used: at those sizes (batches of 200, layers 36-128-64) and on one core of Zen 5 these loops do 235-260 GFLOP/s, and
// Debian's OpenBLAS 0.3.21 does 115-120, because it does not know that CPU and takes AVX2; told to take AVX-512 it does 195-255. With
// AVX2 both sides are within 10 %. Besides, the bits of its sums depend on the number of threads.

typedef float lanes __attribute__((vector_size(4 * LATHE_LANES), aligned(4)));

#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN(a, b) ((a) < (b) ? (a) : (b))

INLINE void multiply_tile(
  size_t k, const float *a, size_t a_row, size_t a_column, const float *b, size_t b_row, const float *bias, float *c, size_t c_row,
  int adds, int rows, int vectors) {
  lanes sum[14][2];
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) {
    lanes start = bias ? *(const lanes *)(bias + v * LATHE_LANES) : (lanes){0};
#pragma clang loop unroll(full)
    for (int row = 0; row < rows; row++) sum[row][v] = adds ? *(lanes *)(c + (size_t)row * c_row + v * LATHE_LANES) : start;
  }
  for (size_t p = 0; p < k; p++) {
    lanes columns[2];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) columns[v] = *(const lanes *)(b + p * b_row + v * LATHE_LANES);
#pragma clang loop unroll(full)
    for (int row = 0; row < rows; row++) {
      float number = a[(size_t)row * a_row + p * a_column];
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sum[row][v] += columns[v] * number;
    }
  }
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) *(lanes *)(c + (size_t)row * c_row + v * LATHE_LANES) = sum[row][v];
}

/// All rows of a panel of `vectors` columns, in tiles of at most `most` rows that are as equal as can be.
INLINE void multiply_panel(
  size_t m, size_t k, const float *a, size_t a_row, size_t a_column, const float *b, size_t b_row, const float *bias, float *c,
  size_t c_row, int adds, int most, int vectors) {
  size_t tiles = (m + (size_t)most - 1) / (size_t)most;
  for (size_t tile = 0; tile < tiles; tile++) {
    size_t first = tile * m / tiles, rows = (tile + 1) * m / tiles - first;
    const float *from = a + first * a_row;
    float *to = c + first * c_row;
#define TILE(count)                                                                                 \
  case count:                                                                                       \
    if (count <= most) multiply_tile(k, from, a_row, a_column, b, b_row, bias, to, c_row, adds, MIN(count, most), vectors); \
    break;
    switch (rows) {
      TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14)
    }
#undef TILE
  }
}

#define PARAMETERS                                                                                                              \
  size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_column, const float *b, size_t b_row, const float *bias, \
    float *c, size_t c_row, int adds
#define ARGUMENTS m, n, k, a, a_row, a_column, b, b_row, bias, c, c_row, adds

CLONES(void, product, (PARAMETERS), (ARGUMENTS)) {
  // The most rows of a tile of two vectors (0: there are no such tiles) and of one.
#if defined(__x86_64__)
  const int pair = cpu == LATHE_AVX512 ? 12 : 0, single = cpu == LATHE_AVX512 ? 14 : cpu == LATHE_AVX2 ? 6 : 2;
#else
  const int pair = 0, single = 6;
#endif
  size_t column = 0;
#define PANELS(most, vectors)                                                                                           \
  for (; most > 0 && n - column >= vectors * LATHE_LANES; column += vectors * LATHE_LANES)                              \
    multiply_panel(m, k, a, a_row, a_column, b + column, b_row, bias ? bias + column : bias, c + column, c_row, adds, MAX(most, 1), vectors);
  PANELS(pair, 2)
  PANELS(single, 1)
#undef PANELS
  // Columns that fill no vector, one by one.
  for (; column < n; column++) {
    for (size_t row = 0; row < m; row++) {
      float sum = adds ? c[row * c_row + column] : bias ? bias[column] : 0;
      for (size_t p = 0; p < k; p++) sum += b[p * b_row + column] * a[row * a_row + p * a_column];
      c[row * c_row + column] = sum;
    }
  }
}
