#pragma once

#include <stddef.h>
#include <stdint.h>

/// Queries of one panel: they are scored side by side, one to a vector lane.
#define LATHE_PANEL 16

/// Lays `count` queries of `dimension` floats, row after row, out as panels: component by component, 16 queries at a time, the last
/// panel filled up with zeros. `panels` has room for ⌈count / 16⌉ × 16 × dimension floats.
void lathe_pack_queries(const float *queries, size_t count, size_t dimension, float *panels);

/// Finds for each query the `k` points of the greatest inner product among `count` points, best first, ties to the lower id.
///
/// Point i lies at `points + i × dimension` and has the id `first_id + i`. All numbers must be finite and 1 ≤ k ≤ count.
/// `ids` and `similarities` have room for query_count × k; `thresholds` for ⌈query_count / 16⌉ × 16 floats, `sizes` for as many numbers.
/// Each inner product is summed component by component from the first to the last, whatever the batch: the same bits for one query
/// as for a thousand. (A CPU without fused multiply-add rounds twice a step and may differ from others in the last bit.)
void lathe_top_k(
  const float *points, size_t count, size_t dimension, int32_t first_id, const float *panels, size_t query_count, size_t k,
  float *thresholds, int32_t *sizes, int32_t *ids, float *similarities);

/// Writes the `min(k, count)` candidates found most similar, best first, ties to the lower id; 1 ≤ k. No similarity may be NaN.
void lathe_keep_best(
  const int32_t *candidates, const float *found, size_t count, size_t k, int32_t *ids, float *similarities);
