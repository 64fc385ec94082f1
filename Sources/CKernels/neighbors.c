#include "neighbors.h"

#include "clones.h"

#include <math.h>
#include <string.h>

// Points are walked in blocks that stay in the second-level cache while every panel of queries passes over them, so the points are
// read from memory once a call. Within a block, tiles of a few points × 16 queries are summed in registers; how many points depends
// on how many registers the CPU has, which is why there is one instance of the loops for each kind of CPU.

#define BLOCK 256

typedef float lanes __attribute__((vector_size(4 * LATHE_PANEL), aligned(4)));

INLINE void score_tile(const float *points, size_t dimension, const float *panel, int rows, float *scores) {
  lanes sum[16];
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++) sum[row] = (lanes){0};
  for (size_t component = 0; component < dimension; component++) {
    lanes query = *(const lanes *)(panel + component * LATHE_PANEL);
#pragma clang loop unroll(full)
    for (int row = 0; row < rows; row++) sum[row] += query * points[(size_t)row * dimension + component];
  }
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++) *(lanes *)(scores + row * LATHE_PANEL) = sum[row];
}

// A heap of the best so far with the worst at its root: the lower similarity is worse, among equals the higher id.
static int is_worse(float similarity, int32_t id, float other, int32_t other_id) {
  return similarity < other || (similarity == other && id > other_id);
}

static void sink(float *similarities, int32_t *ids, size_t count, size_t position, float similarity, int32_t id) {
  for (;;) {
    size_t child = 2 * position + 1;
    if (child >= count) break;
    if (child + 1 < count && is_worse(similarities[child + 1], ids[child + 1], similarities[child], ids[child])) child++;
    if (!is_worse(similarities[child], ids[child], similarity, id)) break;
    similarities[position] = similarities[child];
    ids[position] = ids[child];
    position = child;
  }
  similarities[position] = similarity;
  ids[position] = id;
}

static void rise(float *similarities, int32_t *ids, size_t position, float similarity, int32_t id) {
  while (position > 0) {
    size_t parent = (position - 1) / 2;
    if (!is_worse(similarity, id, similarities[parent], ids[parent])) break;
    similarities[position] = similarities[parent];
    ids[position] = ids[parent];
    position = parent;
  }
  similarities[position] = similarity;
  ids[position] = id;
}

static void sort_best_first(float *similarities, int32_t *ids, size_t count) {
  for (size_t last = count; last-- > 1;) {
    float similarity = similarities[last];
    int32_t id = ids[last];
    similarities[last] = similarities[0];
    ids[last] = ids[0];
    sink(similarities, ids, last, 0, similarity, id);
  }
}

/// Offers the points of one row of scores to the heaps of a panel; `threshold` is what a point must exceed to get in.
static void offer(
  const float *scores, size_t queries, int32_t id, size_t k, float *threshold, int32_t *sizes, int32_t *ids, float *similarities) {
  for (size_t lane = 0; lane < queries; lane++) {
    if (!(scores[lane] > threshold[lane])) continue;
    float *heap = similarities + lane * k;
    int32_t *heap_ids = ids + lane * k;
    size_t size = (size_t)sizes[lane];
    if (size < k) {
      rise(heap, heap_ids, size, scores[lane], id);
      sizes[lane] = (int32_t)(size + 1);
      if (size + 1 == k) threshold[lane] = heap[0];
    } else {
      sink(heap, heap_ids, k, 0, scores[lane], id);
      threshold[lane] = heap[0];
    }
  }
}

#define PARAMETERS                                                                                                            \
  const float *points, size_t count, size_t dimension, int32_t first_id, const float *panels, size_t query_count, size_t k,   \
    float *thresholds, int32_t *sizes, int32_t *ids, float *similarities
#define ARGUMENTS points, count, dimension, first_id, panels, query_count, k, thresholds, sizes, ids, similarities

INSTANCES(void, search, (PARAMETERS), (ARGUMENTS)) {
  // Points of a tile, by the registers that there are.
#if defined(__x86_64__)
  const int rows = cpu == LATHE_AVX512 ? 14 : cpu == LATHE_AVX2 ? 6 : 3;
#else
  const int rows = 6;
#endif
  float scores[BLOCK * LATHE_PANEL];
  for (size_t start = 0; start < count; start += BLOCK) {
    size_t height = count - start < BLOCK ? count - start : BLOCK;
    const float *block = points + start * dimension;
    for (size_t first = 0; first < query_count; first += LATHE_PANEL) {
      const float *panel = panels + first * dimension;
      size_t point = 0;
      for (; point + (size_t)rows <= height; point += (size_t)rows) {
        // The first panel is what waits for memory: a tile's rows are too many streams for the CPU to see where they lead.
        if (first == 0) {
          const char *ahead = (const char *)(block + (point + (size_t)rows) * dimension);
          for (size_t at = 0; at < (size_t)rows * dimension * sizeof(float); at += 64) __builtin_prefetch(ahead + at);
        }
        score_tile(block + point * dimension, dimension, panel, rows, scores + point * LATHE_PANEL);
      }
      for (; point < height; point++) score_tile(block + point * dimension, dimension, panel, 1, scores + point * LATHE_PANEL);

      size_t queries = query_count - first < LATHE_PANEL ? query_count - first : LATHE_PANEL;
      float *threshold = thresholds + first;
      for (point = 0; point < height; point++) {
        const float *row = scores + point * LATHE_PANEL;
        int any = 0;
        for (int lane = 0; lane < LATHE_PANEL; lane++) any |= row[lane] > threshold[lane];
        if (any)
          offer(row, queries, first_id + (int32_t)(start + point), k, threshold, sizes + first, ids + first * k, similarities + first * k);
      }
    }
  }
}

void lathe_pack_queries(const float *queries, size_t count, size_t dimension, float *panels) {
  size_t padded = (count + LATHE_PANEL - 1) / LATHE_PANEL * LATHE_PANEL;
  memset(panels, 0, padded * dimension * sizeof(float));
  for (size_t query = 0; query < count; query++) {
    float *panel = panels + query / LATHE_PANEL * LATHE_PANEL * dimension + query % LATHE_PANEL;
    for (size_t component = 0; component < dimension; component++) panel[component * LATHE_PANEL] = queries[query * dimension + component];
  }
}

void lathe_top_k(PARAMETERS) {
  // A lane without a query must never be looked at again: nothing exceeds infinity.
  for (size_t query = 0; query < (query_count + LATHE_PANEL - 1) / LATHE_PANEL * LATHE_PANEL; query++) {
    thresholds[query] = query < query_count ? -INFINITY : INFINITY;
    sizes[query] = 0;
  }
  PICK(search, ARGUMENTS);
  for (size_t query = 0; query < query_count; query++) sort_best_first(similarities + query * k, ids + query * k, k);
}

void lathe_keep_best(
  const int32_t *candidates, const float *found, size_t count, size_t k, int32_t *ids, float *similarities) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++) {
    if (size < k) rise(similarities, ids, size++, found[i], candidates[i]);
    else if (is_worse(similarities[0], ids[0], found[i], candidates[i])) sink(similarities, ids, k, 0, found[i], candidates[i]);
  }
  sort_best_first(similarities, ids, size);
}
