// One instance of the graph's loops; hnsw.c includes this once for each kind of CPU. NAME(x) is the instance's name of x.

#if LANES == 32
typedef __m512i NAME(sums);
#define ZERO _mm512_setzero_si512()
#define LOAD(at) _mm512_loadu_si512((const void *)(at))
#define ADD _mm512_add_epi32
#define PRODUCTS _mm512_madd_epi16
INLINE __m128i NAME(narrow)(__m512i sum) {
  __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}
#elif LANES == 16
typedef __m256i NAME(sums);
#define ZERO _mm256_setzero_si256()
#define LOAD(at) _mm256_loadu_si256((const void *)(at))
#define ADD _mm256_add_epi32
#define PRODUCTS _mm256_madd_epi16
INLINE __m128i NAME(narrow)(__m256i sum) {
  return _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}
#elif LANES == 8
typedef __m128i NAME(sums);
#define ZERO _mm_setzero_si128()
#define LOAD(at) _mm_loadu_si128((const void *)(at))
#define ADD _mm_add_epi32
#define PRODUCTS _mm_madd_epi16
INLINE __m128i NAME(narrow)(__m128i sum) { return sum; }
#endif

#if LANES == 1
INLINE int32_t NAME(dot)(const int16_t *a, const int16_t *b, size_t stride) {
  int32_t sum = 0;
  for (size_t i = 0; i < stride; i++) sum += (int32_t)a[i] * b[i];
  return sum;
}
INLINE void NAME(dot4)(
  const int16_t *q, const int16_t *a, const int16_t *b, const int16_t *c, const int16_t *d, size_t stride, int32_t *out) {
  out[0] = NAME(dot)(q, a, stride);
  out[1] = NAME(dot)(q, b, stride);
  out[2] = NAME(dot)(q, c, stride);
  out[3] = NAME(dot)(q, d, stride);
}
#else
INLINE int32_t NAME(dot)(const int16_t *a, const int16_t *b, size_t stride) {
  NAME(sums) even = ZERO, odd = ZERO;
  size_t i = 0;
  for (; i + 2 * LANES <= stride; i += 2 * LANES) {
    even = ADD(even, PRODUCTS(LOAD(a + i), LOAD(b + i)));
    odd = ADD(odd, PRODUCTS(LOAD(a + i + LANES), LOAD(b + i + LANES)));
  }
  if (i < stride) even = ADD(even, PRODUCTS(LOAD(a + i), LOAD(b + i)));
  __m128i four = NAME(narrow)(ADD(even, odd));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1));
  return _mm_cvtsi128_si32(four);
}

/// Four inner products at once, which share the loads of `q` and the final sums.
INLINE void NAME(dot4)(
  const int16_t *q, const int16_t *a, const int16_t *b, const int16_t *c, const int16_t *d, size_t stride, int32_t *out) {
  NAME(sums) sa = ZERO, sb = ZERO, sc = ZERO, sd = ZERO;
  for (size_t i = 0; i < stride; i += LANES) {
    NAME(sums) query = LOAD(q + i);
    sa = ADD(sa, PRODUCTS(query, LOAD(a + i)));
    sb = ADD(sb, PRODUCTS(query, LOAD(b + i)));
    sc = ADD(sc, PRODUCTS(query, LOAD(c + i)));
    sd = ADD(sd, PRODUCTS(query, LOAD(d + i)));
  }
  __m128i na = NAME(narrow)(sa), nb = NAME(narrow)(sb), nc = NAME(narrow)(sc), nd = NAME(narrow)(sd);
  __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(na, nb), _mm_unpackhi_epi32(na, nb));
  __m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(nc, nd), _mm_unpackhi_epi32(nc, nd));
  _mm_storeu_si128((void *)out, _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd)));
}
#undef ZERO
#undef LOAD
#undef ADD
#undef PRODUCTS
#endif

/// The similarities of `query` to the nodes of `list`; what comes AHEAD is being fetched meanwhile.
INLINE void NAME(score)(
  const struct lathe_graph *graph, const int16_t *query, const int32_t *list, size_t count, int32_t *out) {
  const int16_t *codes = graph->codes;
  size_t stride = graph->stride, i = 0;
  for (size_t j = 0; j < count && j < AHEAD; j++) fetch(codes + (size_t)list[j] * stride, stride * sizeof(int16_t));
  for (; i + 4 <= count; i += 4) {
    for (size_t j = i + AHEAD; j < i + AHEAD + 4 && j < count; j++)
      fetch(codes + (size_t)list[j] * stride, stride * sizeof(int16_t));
    NAME(dot4)(
      query, codes + (size_t)list[i] * stride, codes + (size_t)list[i + 1] * stride, codes + (size_t)list[i + 2] * stride,
      codes + (size_t)list[i + 3] * stride, stride, out + i);
  }
  for (; i < count; i++) out[i] = NAME(dot)(query, codes + (size_t)list[i] * stride, stride);
}

/// The same for those of the neighbours `all` that are seen for the first time; they are written to `list`. Returns how many.
INLINE size_t NAME(score_new)(
  const struct lathe_graph *graph, const int16_t *code, const int32_t *all, size_t width, struct lathe_graph_scratch *scratch,
  int32_t *list, int32_t *scores) {
  size_t count = 0;
  for (size_t i = 0; i < width && all[i] >= 0; i++) {
    list[count] = all[i];
    count += (size_t)visit(scratch, all[i]);
  }
  NAME(score)(graph, code, list, count, scores);
  return count;
}

static size_t NAME(nearest)(const int16_t *code, const int16_t *codes, size_t count, size_t stride) {
  size_t best = 0;
  int32_t highest = INT32_MIN, found[4];
  for (size_t i = 0; i < count; i += 4) {
    size_t n = count - i < 4 ? count - i : 4;
    const int16_t *at = codes + i * stride;
    if (n == 4) NAME(dot4)(code, at, at + stride, at + 2 * stride, at + 3 * stride, stride, found);
    else for (size_t j = 0; j < n; j++) found[j] = NAME(dot)(code, at + j * stride, stride);
    for (size_t j = 0; j < n; j++)
      if (found[j] > highest) {
        highest = found[j];
        best = i + j;
      }
  }
  return best;
}

static int32_t NAME(descend)(const struct lathe_graph *graph, const int16_t *code, int32_t start, int from, int to) {
  int32_t best = start, scores[MAX_WIDTH];
  int32_t highest = NAME(dot)(code, graph->codes + (size_t)best * graph->stride, graph->stride);
  for (int level = from; level > to; level--)
    for (int moved = 1; moved;) {
      moved = 0;
      size_t width;
      const int32_t *list = neighbors(graph, best, level, &width);
      size_t count = length(list, width);
      NAME(score)(graph, code, list, count, scores);
      for (size_t i = 0; i < count; i++)
        if (scores[i] > highest || (scores[i] == highest && list[i] < best)) {
          // The lower id among equals, so that the walk cannot go in circles.
          highest = scores[i];
          best = list[i];
          moved = 1;
        }
    }
  return best;
}

/// Fills the pool with the best `ef` nodes of `level` (Algorithm 2). One list serves as both heaps of the paper: what falls out of the
/// best `ef` would never be walked from.
static void NAME(walk)(
  const struct lathe_graph *graph, const int16_t *code, const int32_t *starts, size_t start_count, int level, size_t ef,
  struct lathe_graph_scratch *scratch) {
  uint64_t *pool = scratch->pool;
  int32_t list[MAX_WIDTH], scores[MAX_WIDTH];
  size_t size = 0, next = 0;
  for (size_t i = 0; i < start_count; i++)
    if (visit(scratch, starts[i]))
      insert(pool, &size, ef, key(NAME(dot)(code, graph->codes + (size_t)starts[i] * graph->stride, graph->stride), starts[i]));
  while (next < size) {
    int32_t node = node_of(pool[next]);
    pool[next++] |= WALKED;
    size_t width;
    const int32_t *all = neighbors(graph, node, level, &width);
    // Most likely the next to be walked from.
    while (next < size && pool[next] & WALKED) next++;
    if (next < size) fetch(neighbors(graph, node_of(pool[next]), level, &width), width * sizeof(int32_t));
    size_t count = NAME(score_new)(graph, code, all, width, scratch, list, scores);
    for (size_t i = 0; i < count; i++) {
      uint64_t found = key(scores[i], list[i]);
      if (size == ef && found < pool[ef - 1]) continue;
      size_t place = insert(pool, &size, ef, found);
      if (place <= next) {
        next = place;
        fetch(neighbors(graph, list[i], level, &width), width * sizeof(int32_t));
      }
    }
    while (next < size && pool[next] & WALKED) next++;
  }
  scratch->size = size;
  forget(scratch);
}

/// The same where only the nodes that pass count. Those that do not may lead on, so the nodes still to be walked from are a heap of
/// their own, which ends when its best is worse than the worst of a full result.
static void NAME(walk_passing)(
  const struct lathe_graph *graph, const int16_t *code, int32_t start, size_t ef, const struct lathe_graph_filter *filter,
  struct lathe_graph_scratch *scratch) {
  uint64_t *pool = scratch->pool;
  int32_t list[MAX_WIDTH], scores[MAX_WIDTH];
  size_t size = 0;
  scratch->heap_size = 0;
  visit(scratch, start);
  uint64_t first = key(NAME(dot)(code, graph->codes + (size_t)start * graph->stride, graph->stride), start);
  heap_push(scratch, first);
  if (passes(filter, start)) insert(pool, &size, ef, first);
  while (scratch->heap_size > 0) {
    uint64_t best = heap_pop(scratch);
    if (size == ef && best < pool[ef - 1]) break;
    size_t width;
    const int32_t *all = neighbors(graph, node_of(best), 0, &width);
    size_t count = NAME(score_new)(graph, code, all, width, scratch, list, scores);
    for (size_t i = 0; i < count; i++) {
      uint64_t found = key(scores[i], list[i]);
      if (size == ef && found < pool[ef - 1]) continue;
      heap_push(scratch, found);
      if (passes(filter, list[i])) insert(pool, &size, ef, found);
    }
  }
  scratch->size = size;
  forget(scratch);
}

/// Algorithm 4: of the candidates in `pool`, best first, keeps up to `limit` that are nearer to the base than to any kept before. Where
/// they are few the nearest of those refused fill up to three quarters of M (the paper's keepPrunedConnections fills up to M): among
/// clusters the rule alone leaves lists so short that 1.5 times the candidates are needed for a recall of 0.99 (measured at 100,000 × 128).
static size_t NAME(select)(const struct lathe_graph *graph, const uint64_t *pool, size_t count, size_t limit, int32_t *kept) {
  const int16_t *codes = graph->codes;
  size_t stride = graph->stride, size = 0, refused_count = 0;
  size_t fill = 3 * graph->upper_width / 4;
  int32_t found[4], refused[MAX_WIDTH];
  if (count <= limit) {
    for (size_t i = 0; i < count; i++) kept[i] = node_of(pool[i]);
    return count;
  }
  for (size_t i = 0; i < count && size < limit; i++) {
    int32_t node = node_of(pool[i]), own = similarity_of(pool[i]);
    const int16_t *code = codes + (size_t)node * stride;
    if (i + 4 < count) fetch(codes + (size_t)node_of(pool[i + 4]) * stride, stride * sizeof(int16_t));
    int good = 1;
    size_t j = 0;
    for (; j + 4 <= size && good; j += 4) {
      NAME(dot4)(
        code, codes + (size_t)kept[j] * stride, codes + (size_t)kept[j + 1] * stride, codes + (size_t)kept[j + 2] * stride,
        codes + (size_t)kept[j + 3] * stride, stride, found);
      good = !((found[0] > own) | (found[1] > own) | (found[2] > own) | (found[3] > own));
    }
    for (; j < size && good; j++) good = NAME(dot)(code, codes + (size_t)kept[j] * stride, stride) <= own;
    if (good) kept[size++] = node;
    else if (refused_count < fill) refused[refused_count++] = node;
  }
  for (size_t i = 0; i < refused_count && size < fill; i++) kept[size++] = refused[i];
  return size;
}

static void NAME(link)(
  const struct lathe_graph *graph, const int32_t *batch, size_t position, size_t ef, struct lathe_graph_scratch *scratch) {
  int32_t node = batch[position], start = graph->entry;
  const int16_t *code = graph->codes + (size_t)node * graph->stride;
  int level = graph->levels[node];
  if (start >= 0) start = NAME(descend)(graph, code, start, graph->top, level);
  int32_t *starts = scratch->nodes;
  size_t start_count = start >= 0 ? 1 : 0;
  if (start_count) starts[0] = start;
  // The nodes of the batch that came before, scored once for all levels.
  NAME(score)(graph, code, batch, position, scratch->scores);
  for (; level >= 0; level--) {
    scratch->size = 0;
    if (level <= graph->top && start_count) {
      NAME(walk)(graph, code, starts, start_count, level, ef, scratch);
      start_count = scratch->size;
      for (size_t i = 0; i < start_count; i++) starts[i] = node_of(scratch->pool[i]);
    }
    for (size_t i = 0; i < position; i++)
      if (graph->levels[batch[i]] >= level) insert(scratch->pool, &scratch->size, ef, key(scratch->scores[i], batch[i]));
    size_t width;
    int32_t *list = (int32_t *)neighbors(graph, node, level, &width);
    size_t kept = NAME(select)(graph, scratch->pool, scratch->size, graph->upper_width, list);
    if (kept < width) list[kept] = -1;
  }
}

static void NAME(link_back)(
  const struct lathe_graph *graph, int32_t target, int level, const int32_t *sources, size_t count, struct lathe_graph_scratch *scratch) {
  size_t width;
  int32_t *list = (int32_t *)neighbors(graph, target, level, &width);
  size_t held = length(list, width);
  if (held + count <= width) {
    memcpy(list + held, sources, count * sizeof(int32_t));
    if (held + count < width) list[held + count] = -1;
    return;
  }
  const int16_t *code = graph->codes + (size_t)target * graph->stride;
  memcpy(scratch->nodes, list, held * sizeof(int32_t));
  memcpy(scratch->nodes + held, sources, count * sizeof(int32_t));
  NAME(score)(graph, code, scratch->nodes, held + count, scratch->scores);
  for (size_t i = 0; i < held + count; i++) scratch->pool[i] = key(scratch->scores[i], scratch->nodes[i]);
  sort_keys(scratch->pool, held + count);
  size_t kept = NAME(select)(graph, scratch->pool, held + count, width, list);
  if (kept < width) list[kept] = -1;
}

static void NAME(similarities)(
  const float *vectors, size_t dimension, const float *query, const int32_t *ids, size_t count, float *similarities) {
  // Eight sums at a time, each in order of the components: their additions wait for nothing but their own predecessor.
  size_t i = 0;
  for (size_t j = 0; j < count && j < 8; j++) fetch(vectors + (size_t)ids[j] * dimension, dimension * sizeof(float));
  for (; i < count; i += 8) {
    const float *rows[8];
    float sums[8] = {0};
    for (size_t j = 0; j < 8; j++) rows[j] = vectors + (size_t)ids[i + j < count ? i + j : i] * dimension;
    for (size_t j = i + 8; j < count && j < i + 16; j++) fetch(vectors + (size_t)ids[j] * dimension, dimension * sizeof(float));
    for (size_t component = 0; component < dimension; component++)
#pragma clang loop unroll(full)
      for (size_t j = 0; j < 8; j++) sums[j] += query[component] * rows[j][component];
    for (size_t j = 0; j < 8 && i + j < count; j++) similarities[i + j] = sums[j];
  }
}

#undef LANES
#undef NAME
