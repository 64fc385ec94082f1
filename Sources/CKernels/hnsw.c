#include "hnsw.h"

#include "clones.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// A walk through the graph reads rows of codes from all over memory, and waiting for them is most of its time. So codes have 16 bits
// (half the memory of the vectors, and whole numbers, whose sums are exact in any order), rows are fetched some steps ahead, visited nodes
// are marked in a bitmap that stays in the cache, and candidates are kept in one sorted list of 64-bit keys.

/// The widest list of neighbours that a graph may have.
#define MAX_WIDTH 512
/// Rows that are being fetched while one is worked on.
#define AHEAD 8
/// Visited nodes of which the scratch keeps a note; after more of them the whole bitmap is cleared.
#define NOTES 8192

struct lathe_graph_scratch {
  uint64_t *visited;
  size_t words;
  int32_t *notes;
  size_t noted;
  uint64_t *pool;
  size_t size;
  uint64_t *heap;
  size_t heap_size, heap_room;
  int32_t *nodes, *scores;
};

static void *reserve(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (!memory) abort();
  return memory;
}

struct lathe_graph_scratch *lathe_graph_scratch_make(size_t nodes, size_t ef, size_t extra) {
  struct lathe_graph_scratch *scratch = reserve(1, sizeof *scratch);
  size_t room = ef + extra + MAX_WIDTH;
  scratch->words = (nodes + 63) / 64;
  scratch->visited = reserve(scratch->words, sizeof(uint64_t));
  scratch->notes = reserve(NOTES, sizeof(int32_t));
  scratch->pool = reserve(room, sizeof(uint64_t));
  scratch->nodes = reserve(room, sizeof(int32_t));
  scratch->scores = reserve(room, sizeof(int32_t));
  return scratch;
}

void lathe_graph_scratch_free(struct lathe_graph_scratch *scratch) {
  free(scratch->visited);
  free(scratch->notes);
  free(scratch->pool);
  free(scratch->heap);
  free(scratch->nodes);
  free(scratch->scores);
  free(scratch);
}

/// Notes that `node` was seen; returns whether for the first time.
INLINE int visit(struct lathe_graph_scratch *scratch, int32_t node) {
  uint64_t *word = scratch->visited + ((uint32_t)node >> 6), bit = (uint64_t)1 << (node & 63);
  int is_new = !(*word & bit);
  *word |= bit;
  if (scratch->noted < NOTES) scratch->notes[scratch->noted] = node;
  scratch->noted += (size_t)is_new;
  return is_new;
}

static void forget(struct lathe_graph_scratch *scratch) {
  if (scratch->noted < NOTES) for (size_t i = 0; i < scratch->noted; i++) scratch->visited[(uint32_t)scratch->notes[i] >> 6] = 0;
  else memset(scratch->visited, 0, scratch->words * sizeof(uint64_t));
  scratch->noted = 0;
}

// A key orders by similarity, then by lower node; its last bit says whether the node was walked from.
#define WALKED ((uint64_t)1)
INLINE uint64_t key(int32_t similarity, int32_t node) {
  return (uint64_t)((uint32_t)similarity ^ 0x80000000u) << 32 | (uint32_t)(INT32_MAX - node) << 1;
}
INLINE int32_t node_of(uint64_t key) { return INT32_MAX - (int32_t)((uint32_t)key >> 1); }
INLINE int32_t similarity_of(uint64_t key) { return (int32_t)((uint32_t)(key >> 32) ^ 0x80000000u); }

/// Puts `found` in its place among the best `ef`, of which the last falls out; returns the place (`ef`: it is none of them).
INLINE size_t insert(uint64_t *pool, size_t *size, size_t ef, uint64_t found) {
  if (*size == ef) {
    if (found < pool[ef - 1]) return ef;
  } else {
    ++*size;
  }
  // Halving without branches: which way it goes is a toss-up that a CPU guesses wrong half of the time.
  size_t place = 0, rest = *size - 1;
  while (rest > 0) {
    size_t half = (rest + 1) / 2;
    place = pool[place + half - 1] > found ? place + half : place;
    rest -= half;
  }
  memmove(pool + place + 1, pool + place, (*size - 1 - place) * sizeof(uint64_t));
  pool[place] = found;
  return place;
}

static void heap_push(struct lathe_graph_scratch *scratch, uint64_t found) {
  if (scratch->heap_size == scratch->heap_room) {
    scratch->heap_room = scratch->heap_room ? 2 * scratch->heap_room : 1024;
    scratch->heap = realloc(scratch->heap, scratch->heap_room * sizeof(uint64_t));
    if (!scratch->heap) abort();
  }
  uint64_t *heap = scratch->heap;
  size_t place = scratch->heap_size++;
  for (; place > 0 && heap[(place - 1) / 2] < found; place = (place - 1) / 2) heap[place] = heap[(place - 1) / 2];
  heap[place] = found;
}

static uint64_t heap_pop(struct lathe_graph_scratch *scratch) {
  uint64_t *heap = scratch->heap, best = heap[0], last = heap[--scratch->heap_size];
  size_t place = 0, size = scratch->heap_size;
  for (size_t child; (child = 2 * place + 1) < size; place = child) {
    if (child + 1 < size && heap[child + 1] > heap[child]) child++;
    if (heap[child] < last) break;
    heap[place] = heap[child];
  }
  heap[place] = last;
  return best;
}

/// Sorts keys best first; they are a list of neighbours and what came to it, some tens.
static void sort_keys(uint64_t *keys, size_t count) {
  for (size_t i = 1; i < count; i++) {
    uint64_t found = keys[i];
    size_t low = 0, high = i;
    while (low < high) {
      size_t middle = (low + high) / 2;
      if (keys[middle] > found) low = middle + 1;
      else high = middle;
    }
    memmove(keys + low + 1, keys + low, (i - low) * sizeof(uint64_t));
    keys[low] = found;
  }
}

INLINE int passes(const struct lathe_graph_filter *filter, int32_t node) {
  for (int32_t i = filter->starts[node]; i < filter->starts[node + 1]; i++) {
    uint32_t member = (uint32_t)filter->members[i];
    if (filter->bits[member >> 6] >> (member & 63) & 1) return 1;
  }
  return 0;
}

INLINE const int32_t *neighbors(const struct lathe_graph *graph, int32_t node, int level, size_t *width) {
  if (level == 0) {
    *width = graph->width;
    return graph->links + (size_t)node * graph->width;
  }
  *width = graph->upper_width;
  return graph->upper + ((size_t)graph->upper_first[node] + (size_t)level - 1) * graph->upper_width;
}

INLINE size_t length(const int32_t *list, size_t width) {
  size_t count = 0;
  while (count < width && list[count] >= 0) count++;
  return count;
}

INLINE void fetch(const void *memory, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch((const char *)memory + at);
}

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"), min_vector_width(512))), apply_to = function)
#define NAME(x) x##_v4
#define LANES 32
#include "hnsw_kernels.h"
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define NAME(x) x##_v3
#define LANES 16
#include "hnsw_kernels.h"
#pragma clang attribute pop
#define NAME(x) x##_baseline
#define LANES 8
#include "hnsw_kernels.h"
#else
#define NAME(x) x##_baseline
#define LANES 1
#include "hnsw_kernels.h"
#endif

void lathe_code_row(const float *row, size_t dimension, double scale, int16_t *code, size_t stride) {
  for (size_t i = 0; i < dimension; i++) {
    double scaled = row[i] * scale;
    code[i] = (int16_t)(scaled < -32767 ? -32767 : scaled > 32767 ? 32767 : (int32_t)(scaled + (scaled < 0 ? -0.5 : 0.5)));
  }
  memset(code + dimension, 0, (stride - dimension) * sizeof(int16_t));
}

size_t lathe_nearest_code(const int16_t *code, const int16_t *codes, size_t count, size_t stride) {
  return PICK(nearest, code, codes, count, stride);
}

int32_t lathe_graph_descend(const struct lathe_graph *graph, const int16_t *code) {
  return graph->top < 1 ? graph->entry : PICK(descend, graph, code, graph->entry, graph->top, 0);
}

size_t lathe_graph_search(
  const struct lathe_graph *graph, const int16_t *code, int32_t start, size_t ef, const struct lathe_graph_filter *filter,
  struct lathe_graph_scratch *scratch, int32_t *nodes, int32_t *similarities) {
  if (filter) PICK(walk_passing, graph, code, start, ef, filter, scratch);
  else PICK(walk, graph, code, &start, 1, 0, ef, scratch);
  for (size_t i = 0; i < scratch->size; i++) {
    nodes[i] = node_of(scratch->pool[i]);
    if (similarities) similarities[i] = similarity_of(scratch->pool[i]);
  }
  return scratch->size;
}

void lathe_graph_link(
  const struct lathe_graph *graph, const int32_t *batch, size_t position, size_t ef, struct lathe_graph_scratch *scratch) {
  PICK(link, graph, batch, position, ef, scratch);
}

void lathe_graph_link_back(
  const struct lathe_graph *graph, int32_t target, int level, const int32_t *sources, size_t count, struct lathe_graph_scratch *scratch) {
  PICK(link_back, graph, target, level, sources, count, scratch);
}

void lathe_similarities(
  const float *vectors, size_t dimension, const float *query, const int32_t *ids, size_t count, float *similarities) {
  PICK(similarities, vectors, dimension, query, ids, count, similarities);
}

int lathe_lists_are_sound(const int32_t *lists, size_t count, size_t width, int32_t limit) {
  for (size_t i = 0; i < count; i++) {
    const int32_t *list = lists + i * width;
    // As numbers without sign −1 is the greatest: one comparison says that all are in bounds or an end.
    uint32_t bad = 0;
    for (size_t j = 0; j < width; j++) bad |= (uint32_t)(list[j] != -1) & (uint32_t)((uint32_t)list[j] >= (uint32_t)limit);
    if (bad) return 0;
  }
  return 1;
}

int lathe_all_finite(const float *numbers, size_t count) {
  // Infinity and NaN have all bits of the exponent set: no other number reaches theirs without its sign.
  uint32_t highest = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, numbers + i, sizeof bits);
    bits &= 0x7fffffffu;
    highest = bits > highest ? bits : highest;
  }
  return highest < 0x7f800000u;
}

void lathe_prefer_large_pages(const void *memory, size_t bytes) {
#if defined(MADV_HUGEPAGE)
  const size_t page = 4096;
  uintptr_t start = ((uintptr_t)memory + page - 1) / page * page, end = ((uintptr_t)memory + bytes) / page * page;
  if (bytes >= (size_t)8 << 20 && end > start) madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
  (void)memory, (void)bytes;
#endif
}
