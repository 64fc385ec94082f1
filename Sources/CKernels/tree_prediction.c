#include "trees.h"

#include "clones.h"

#include <string.h>

// Fusing would round differently from CPU to CPU.
#pragma STDC FP_CONTRACT OFF

// MARK: Prediction by walking

#define TOGETHER 8

/// The word of the node that a row goes to from the node of `word`, which is number `node`.
INLINE uint64_t next(const struct lathe_tree_nodes *nodes, uint64_t word, uint32_t *node, const uint8_t *row, int with_sets) {
  uint8_t bin = row[word & 0xffff];
  uint32_t right = (uint8_t)(bin - (uint8_t)(word >> 24)) > (uint8_t)(word >> 16);
  if (with_sets && nodes->sets[*node] >= 0) {
    const uint32_t *set = nodes->set_words + (size_t)nodes->sets[*node] * LATHE_SET_WORDS;
    right = set[bin / 32] >> (bin % 32) & 1;
  }
  *node = (uint32_t)(word >> 32) + right;
  return nodes->words[*node];
}

/// Leads `TOGETHER` rows to their leaves side by side: while one waits for memory, others go on.
INLINE void descend(
  const struct lathe_tree_nodes *nodes, size_t tree, const uint8_t *bins, size_t stride, uint32_t *places, int with_sets) {
  uint64_t words[TOGETHER];
  for (size_t lane = 0; lane < TOGETHER; lane++) {
    places[lane] = (uint32_t)nodes->roots[tree];
    words[lane] = nodes->words[places[lane]];
  }
  for (int32_t step = 0; step < nodes->depths[tree]; step++) {
    uint64_t moved = 0;
#pragma clang loop unroll(full)
    for (size_t lane = 0; lane < TOGETHER; lane++) {
      uint64_t word = next(nodes, words[lane], &places[lane], bins + lane * stride, with_sets);
      moved |= word ^ words[lane];
      words[lane] = word;
    }
    if (moved == 0) return;
  }
}

INLINE uint32_t leaf(const struct lathe_tree_nodes *nodes, size_t tree, const uint8_t *row) {
  uint32_t place = (uint32_t)nodes->roots[tree];
  uint64_t word = nodes->words[place];
  for (int32_t step = 0; step < nodes->depths[tree]; step++) word = next(nodes, word, &place, row, nodes->sets != 0);
  return place;
}

INLINE void add_values(const struct lathe_tree_nodes *nodes, uint32_t place, double *sums) {
  for (size_t output = 0; output < nodes->outputs; output++) sums[output] += nodes->values[place * nodes->outputs + output];
}

void lathe_tree_predict(const struct lathe_tree_nodes *nodes, const uint8_t *bins, size_t stride, size_t count, double *sums) {
  for (size_t tree = 0; tree < nodes->trees; tree++) {
    size_t row = 0;
    for (; row + TOGETHER <= count; row += TOGETHER) {
      uint32_t places[TOGETHER];
      if (nodes->sets) descend(nodes, tree, bins + row * stride, stride, places, 1);
      else descend(nodes, tree, bins + row * stride, stride, places, 0);
      for (size_t lane = 0; lane < TOGETHER; lane++) add_values(nodes, places[lane], sums + (row + lane) * nodes->outputs);
    }
    for (; row < count; row++) add_values(nodes, leaf(nodes, tree, bins + row * stride), sums + row * nodes->outputs);
  }
}

void lathe_tree_leaves(
  const struct lathe_tree_nodes *nodes, size_t tree, const uint8_t *bins, size_t stride, size_t count, int32_t *leaves) {
  size_t row = 0;
  for (; row + TOGETHER <= count; row += TOGETHER) {
    uint32_t places[TOGETHER];
    if (nodes->sets) descend(nodes, tree, bins + row * stride, stride, places, 1);
    else descend(nodes, tree, bins + row * stride, stride, places, 0);
    memcpy(leaves + row, places, sizeof places);
  }
  for (; row < count; row++) leaves[row] = (int32_t)leaf(nodes, tree, bins + row * stride);
}

// MARK: Prediction by small trees

// C. Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees", 2015, and its form
// with vectors, 2016: no path is walked. Every split that a row passes on the right takes the leaves on its left out of the row's set,
// and of those left over the first is the row's leaf. All splits are looked at, but many rows at once, and without a jump.

#define GROUP 16
#define GROUPS (LATHE_SMALL_ROWS / GROUP)
typedef uint8_t bytes __attribute__((vector_size(GROUP), aligned(1)));
typedef int8_t signs __attribute__((vector_size(GROUP), aligned(1)));
typedef int32_t leaf_sets __attribute__((vector_size(4 * GROUP), aligned(4)));

CLONES(
  void, small_trees_predict,
  (const struct lathe_small_trees *trees, const uint8_t *columns, size_t column_stride, size_t count, double *sums),
  (trees, columns, column_stride, count, sums)) {
  for (size_t row = 0; row < count; row += LATHE_SMALL_ROWS) {
    const size_t rows = count - row < LATHE_SMALL_ROWS ? count - row : LATHE_SMALL_ROWS;
    double own[LATHE_SMALL_ROWS];
    for (size_t lane = 0; lane < LATHE_SMALL_ROWS; lane++) own[lane] = lane < rows ? sums[row + lane] : 0;
    for (size_t tree = 0; tree < trees->trees; tree++) {
      leaf_sets leaves[GROUPS];
#pragma clang loop unroll(full)
      for (size_t group = 0; group < GROUPS; group++) leaves[group] = (leaf_sets){0} - 1;
      for (int32_t place = trees->starts[tree]; place < trees->starts[tree + 1]; place++) {
        const struct lathe_small_split split = trees->splits[place];
        const uint8_t *column = columns + split.feature * column_stride + row;
        if (split.set >= 0) {
          const uint32_t *set = trees->set_words + (size_t)split.set * LATHE_SET_WORDS;
          uint32_t masks[LATHE_SMALL_ROWS];
          for (size_t lane = 0; lane < LATHE_SMALL_ROWS; lane++)
            masks[lane] = ~(split.left_leaves & -(set[column[lane] / 32] >> (column[lane] % 32) & 1));
#pragma clang loop unroll(full)
          for (size_t group = 0; group < GROUPS; group++) leaves[group] &= *(const leaf_sets *)(masks + group * GROUP);
          continue;
        }
        const int32_t left = (int32_t)split.left_leaves;
#pragma clang loop unroll(full)
        for (size_t group = 0; group < GROUPS; group++) {
          bytes bins = *(const bytes *)(column + group * GROUP) - split.shift;
          signs right = (signs)(bins > split.threshold);
          leaves[group] &= ~(__builtin_convertvector(right, leaf_sets) & left);
        }
      }
      const double *values = trees->values + tree * LATHE_SMALL_LEAVES;
      const uint32_t *masks = (const uint32_t *)leaves;
      for (size_t lane = 0; lane < LATHE_SMALL_ROWS; lane++) own[lane] += values[__builtin_ctz(masks[lane])];
    }
    for (size_t lane = 0; lane < rows; lane++) sums[row + lane] = own[lane];
  }
}
