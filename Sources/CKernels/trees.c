#include "trees.h"

#include "tree_lanes.h"

#include <math.h>
#include <string.h>

// MARK: Histograms

#define AHEAD 16

INLINE void add_rows(
  const uint32_t *offsets, const uint8_t *bins, size_t stride, size_t features, const uint32_t *rows, size_t count,
  const int64_t *values, size_t channels, int64_t *histogram) {
  for (size_t i = 0; i < count; i++) {
    size_t row = rows[i];
    if (i + AHEAD < count) __builtin_prefetch(bins + rows[i + AHEAD] * stride);
    const uint8_t *bin = bins + row * stride;
    const int64_t *value = values + row * channels;
    int64_t few[3];
    if (channels <= 3) {
      // Copied, since the compiler cannot know that a histogram's slot is not one of the values.
      for (size_t channel = 0; channel < channels; channel++) few[channel] = value[channel];
      value = few;
    }
    size_t feature = 0;
    // Eight bins are read as one word: stores to the histogram then do not stand between them.
    for (; feature + 8 <= features; feature += 8) {
      uint64_t word;
      memcpy(&word, bin + feature, 8);
#pragma clang loop unroll(full)
      for (size_t k = 0; k < 8; k++) {
        int64_t *slot = histogram + (offsets[feature + k] + (word >> (8 * k) & 255)) * channels;
        for (size_t channel = 0; channel < channels; channel++) slot[channel] += value[channel];
      }
    }
    for (; feature < features; feature++) {
      int64_t *slot = histogram + (offsets[feature] + bin[feature]) * channels;
      for (size_t channel = 0; channel < channels; channel++) slot[channel] += value[channel];
    }
  }
}

void lathe_tree_histogram(
  const struct lathe_tree_layout *layout, const uint8_t *bins, size_t stride, size_t first, size_t last, const uint32_t *rows,
  size_t count, const int64_t *values, int64_t *histogram) {
  const uint32_t *offsets = layout->offsets + first;
  switch (layout->channels) {
  case 1: add_rows(offsets, bins + first, stride, last - first, rows, count, values, 1, histogram); break;
  case 2: add_rows(offsets, bins + first, stride, last - first, rows, count, values, 2, histogram); break;
  case 3: add_rows(offsets, bins + first, stride, last - first, rows, count, values, 3, histogram); break;
  default: add_rows(offsets, bins + first, stride, last - first, rows, count, values, layout->channels, histogram);
  }
}

CLONES(void, tree_subtract, (int64_t *whole, const int64_t *part, size_t count), (whole, part, count)) {
  for (size_t i = 0; i < count; i++) whole[i] -= part[i];
}

// MARK: Splits

#define ROOM (LATHE_BINS + LANES)

/// The bins of a feature that have rows, in the order in which they are to be split.
struct bins {
  size_t count;
  uint8_t bin[ROOM];
  /// Sums of the bins up to each, channel after channel; room for one channel at a time.
  int64_t sums[ROOM];
};

/// Finds the best among the splits behind bins first..<last of `bins`, where `start` is on the left already; returns its score, or
/// −1 when none leaves enough rows on both sides. Where `centred`, gradients are those less their mean.
INLINE double best_cut(
  const struct lathe_tree_layout *layout, const int64_t *histogram, const struct bins *bins, size_t last, const int64_t *start,
  const int64_t *total, double l2, int centred, int64_t *scratch, size_t *place) {
  const size_t channels = layout->channels;
  const int64_t mask = ((int64_t)1 << layout->count_bits) - 1;
  numbers weight[ROOM / LANES], score[ROOM / LANES];
  integers enough[ROOM / LANES];
  const int64_t count = total[0] & mask;
  const double whole = layout->weighted ? (double)(total[0] >> layout->count_bits) * layout->weight_unit : (double)count;
  size_t blocks = (last + LANES - 1) / LANES;
  for (size_t channel = 0; channel < channels; channel++) {
    const int64_t *sums = bins->sums;
    if (channel > 0) {
      int64_t sum = 0;
      for (size_t i = 0; i < bins->count; i++) scratch[i] = sum += histogram[bins->bin[i] * channels + channel];
      sums = scratch;
    }
    if (channel == 0) {
      for (size_t block = 0; block < blocks; block++) {
        integers left = *(const integers *)(sums + block * LANES) + start[0];
        integers rows = left & mask;
        enough[block] = (rows >= layout->minimum_count) & (count - rows >= layout->minimum_count);
        weight[block] = layout->weighted ? __builtin_convertvector(left >> layout->count_bits, numbers) * layout->weight_unit
                                         : __builtin_convertvector(rows, numbers);
        if (layout->weighted) enough[block] &= (weight[block] > 0.0) & (whole - weight[block] > 0.0);
        score[block] = (numbers){0};
      }
      if (layout->weighted) continue;
    }
    const int shift = channel == 0 ? layout->count_bits : 0;
    const double gradient = (double)(total[channel] >> shift), unit = layout->squared_units[channel - (layout->weighted ? 1 : 0)];
    const double mean = centred && whole > 0 ? gradient / whole : 0, both = centred ? 0 : gradient;
    for (size_t block = 0; block < blocks; block++) {
      numbers left = __builtin_convertvector((*(const integers *)(sums + block * LANES) + start[channel]) >> shift, numbers);
      if (centred) left -= weight[block] * mean;
      numbers right = both - left;
      score[block] += (left * left * (whole - weight[block] + l2) + right * right * (weight[block] + l2)) * unit;
    }
  }
  numbers best = (numbers){0} - 1.0;
  integers best_block = {0};
  for (size_t block = 0; block < blocks; block++) {
    numbers value = score[block] / ((weight[block] + l2) * (whole - weight[block] + l2));
    integers better = (value > best) & enough[block];
    best = CHOSEN(better, value, best);
    best_block = (better & (int64_t)block) | (~better & best_block);
  }
  double highest = -1;
  for (size_t lane = 0; lane < LANES; lane++) {
    size_t at = (size_t)best_block[lane] * LANES + lane;
    if (best[lane] > highest || (best[lane] == highest && highest >= 0 && at < *place)) {
      highest = best[lane];
      *place = at;
    }
  }
  return highest;
}

// Lanes behind the last cut must not count: with the whole node on the left, the right side has not enough rows.
INLINE void pad(int64_t *sums, size_t last, int64_t total) {
  for (size_t i = last; i < last + LANES; i++) sums[i] = total;
}

/// The weight that the first of a bin's numbers, or of a sum of them, has in it.
INLINE int64_t mass(const struct lathe_tree_layout *layout, int64_t number) {
  return layout->weighted ? number >> layout->count_bits : number & (((int64_t)1 << layout->count_bits) - 1);
}

/// Makes `best` a split of `feature` that sends no bin to the right yet.
INLINE void keep(struct lathe_tree_split *best, double score, size_t feature, int32_t threshold, int64_t left_count) {
  best->score = score;
  best->left_count = left_count;
  best->feature = (int32_t)feature;
  best->threshold = threshold;
  best->missing_right = 0;
  memset(best->right, 0, sizeof best->right);
}

INLINE void put(uint32_t *set, size_t bin) { set[bin / 32] |= (uint32_t)1 << (bin % 32); }

/// Sorts bins by a key each, ascending, equal keys by bin: insertion where there are few, else merging halves.
static void sort_by_key(uint8_t *bins, double *keys, size_t count) {
  uint8_t other_bins[LATHE_BINS];
  double other_keys[LATHE_BINS];
  for (size_t start = 0; start < count; start += 8)
    for (size_t i = start + 1; i < count && i < start + 8; i++) {
      uint8_t bin = bins[i];
      double key = keys[i];
      size_t j = i;
      for (; j > start && keys[j - 1] > key; j--) {
        bins[j] = bins[j - 1];
        keys[j] = keys[j - 1];
      }
      bins[j] = bin;
      keys[j] = key;
    }
  for (size_t width = 8; width < count; width *= 2) {
    for (size_t start = 0; start < count; start += 2 * width) {
      size_t middle = start + width < count ? start + width : count, end = start + 2 * width < count ? start + 2 * width : count;
      size_t left = start, right = middle;
      for (size_t i = start; i < end; i++) {
        size_t from = right >= end || (left < middle && keys[left] <= keys[right]) ? left++ : right++;
        other_bins[i] = bins[from];
        other_keys[i] = keys[from];
      }
    }
    memcpy(bins, other_bins, count);
    memcpy(keys, other_keys, count * sizeof(double));
  }
}

INLINE void search_ordered(
  const struct lathe_tree_layout *layout, const int64_t *histogram, size_t feature, size_t slots, const int64_t *total,
  const int64_t *zeros, int64_t *scratch, struct lathe_tree_split *best) {
  const size_t channels = layout->channels;
  const int64_t mask = ((int64_t)1 << layout->count_bits) - 1;
  struct bins bins;
  size_t filled = 0;
  int64_t sum = 0;
  for (size_t bin = 1; bin < slots; bin++) {
    int64_t value = histogram[bin * channels];
    bins.bin[filled] = (uint8_t)bin;
    bins.sums[filled] = sum += value;
    // A bin that has rows has a count, so its number is not zero.
    filled += value != 0;
  }
  bins.count = filled;
  const int64_t missing = histogram[0];
  if (filled + (missing != 0) < 2) return;

  // Missing values to the left, and perhaps nothing else; then to the right.
  for (int missing_right = 0; missing_right < 2; missing_right++) {
    if (missing == 0 && missing_right == 0) continue;
    size_t place = 0;
    if (missing_right == 0) {
      // Behind the missing values alone: a cut of its own, in front of the others.
      struct bins alone;
      alone.count = 0;
      pad(alone.sums, 0, total[0] - missing);
      alone.sums[0] = 0;
      alone.bin[0] = 0;
      size_t first_place = 0;
      int64_t nothing[ROOM];
      memset(nothing, 0, sizeof nothing);
      double first_score = best_cut(layout, histogram, &alone, 1, histogram, total, layout->l2, 0, nothing, &first_place);
      if (first_score > best->score) keep(best, first_score, feature, 0, missing & mask);
    }
    if (filled < 2) continue;
    int64_t last_sum = bins.sums[filled - 1];
    pad(bins.sums, filled - 1, total[0] - (missing_right ? 0 : missing));
    double score = best_cut(layout, histogram, &bins, filled - 1, missing_right ? zeros : histogram, total, layout->l2, 0, scratch, &place);
    int64_t left = bins.sums[place];
    bins.sums[filled - 1] = last_sum;
    if (score > best->score) {
      int32_t threshold = (bins.bin[place] + bins.bin[place + 1] - 1) / 2;
      keep(best, score, feature, threshold, (left + (missing_right ? 0 : missing)) & mask);
      best->missing_right = missing_right;
      // Where nothing is missing, missing values go where more weight goes.
      if (missing == 0) best->missing_right = 2 * mass(layout, left) < mass(layout, total[0]);
    }
  }
  if (best->feature != (int32_t)feature) return;
  for (size_t bin = (size_t)best->threshold + 1; bin < LATHE_BINS; bin++) put(best->right, bin);
  if (best->missing_right) put(best->right, 0);
}

/// The weight of the rows of a bin, or of a sum of bins, whose first number is `number`.
INLINE double weight_of(const struct lathe_tree_layout *layout, int64_t number) {
  double amount = (double)mass(layout, number);
  return layout->weighted ? amount * layout->weight_unit : amount;
}

/// The gradient of `output` in a bin, or a sum of bins.
INLINE double gradient_of(const struct lathe_tree_layout *layout, const int64_t *slot, size_t output) {
  size_t channel = output + (layout->weighted ? 1 : 0);
  return (double)(channel == 0 ? slot[0] >> layout->count_bits : slot[channel]);
}

INLINE void search_levels(
  const struct lathe_tree_layout *layout, const int64_t *histogram, size_t feature, size_t slots, const int64_t *total,
  const int64_t *zeros, int64_t *scratch, struct lathe_tree_split *best) {
  const size_t channels = layout->channels;
  const int64_t mask = ((int64_t)1 << layout->count_bits) - 1;
  struct bins bins;
  double keys[ROOM];
  size_t filled = 0;
  const double whole = weight_of(layout, total[0]);
  const int centred = layout->blends_with_mean && layout->smoothing > 0 && whole > 0;
  // What is blended in: its gradients, and what the node's have scored before they are centred.
  double blended = 0, before = 0;
  for (size_t output = 0; centred && output < layout->outputs; output++) {
    double gradient = gradient_of(layout, total, output);
    blended += gradient / whole * layout->smoothing * sqrt(layout->squared_units[output]);
    before += gradient * gradient / (whole + layout->l2) * layout->squared_units[output];
  }
  for (size_t bin = 0; bin < slots; bin++) {
    const int64_t *slot = histogram + bin * channels;
    if (slot[0] == 0) continue;
    double weight = weight_of(layout, slot[0]);
    double gradient = blended;
    for (size_t output = 0; output < layout->outputs; output++)
      gradient += gradient_of(layout, slot, output) * sqrt(layout->squared_units[output]);
    bins.bin[filled] = (uint8_t)bin;
    // A weight can be too small to be told from 0.
    keys[filled++] = weight + layout->smoothing > 0 ? gradient / (weight + layout->smoothing) : 0;
  }
  bins.count = filled;
  if (filled < 2) return;
  sort_by_key(bins.bin, keys, filled);
  int64_t sum = 0;
  for (size_t i = 0; i < filled; i++) bins.sums[i] = sum += histogram[bins.bin[i] * channels];
  pad(bins.sums, filled - 1, total[0]);
  size_t place = 0;
  double score = best_cut(layout, histogram, &bins, filled - 1, zeros, total, layout->l2 + layout->smoothing, centred, scratch, &place);
  if (!(score >= 0 && score + before > best->score)) return;
  keep(best, score + before, feature, 0, bins.sums[place] & mask);
  int to_right = 2 * mass(layout, bins.sums[place]) < mass(layout, total[0]);
  if (to_right) memset(best->right, 255, sizeof best->right);
  for (size_t i = 0; i < filled; i++) {
    if (i <= place) best->right[bins.bin[i] / 32] &= ~((uint32_t)1 << (bins.bin[i] % 32));
    else put(best->right, bins.bin[i]);
  }
  best->missing_right = best->right[0] & 1;
}

CLONES(
  void, tree_search,
  (const struct lathe_tree_layout *layout, const int64_t *histogram, size_t first, size_t last, const uint8_t *usable,
   const int64_t *total, struct lathe_tree_split *best),
  (layout, histogram, first, last, usable, total, best)) {
  int64_t zeros[LATHE_BINS], scratch[ROOM];
  memset(zeros, 0, sizeof zeros);
  memset(scratch, 0, sizeof scratch);
  for (size_t feature = first; feature < last; feature++) {
    if (!usable[feature]) continue;
    const size_t slots = layout->offsets[feature + 1] - layout->offsets[feature];
    const int64_t *part = histogram + layout->offsets[feature] * layout->channels;
    if (layout->categorical[feature]) search_levels(layout, part, feature, slots, total, zeros, scratch, best);
    else search_ordered(layout, part, feature, slots, total, zeros, scratch, best);
  }
}

size_t lathe_tree_partition(const uint8_t *column, uint32_t *rows, size_t count, const uint32_t *right, uint32_t *scratch) {
  uint8_t goes_right[LATHE_BINS];
  for (size_t bin = 0; bin < LATHE_BINS; bin++) goes_right[bin] = right[bin / 32] >> (bin % 32) & 1;
  size_t left = 0, moved = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t row = rows[i];
    size_t side = goes_right[column[row]];
    rows[left] = row;
    scratch[moved] = row;
    left += 1 - side;
    moved += side;
  }
  memcpy(rows + left, scratch, moved * sizeof(uint32_t));
  return left;
}
