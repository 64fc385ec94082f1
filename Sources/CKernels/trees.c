#include "trees.h"

#include "clones.h"

#include <math.h>
#include <string.h>

// Fusing would round differently from CPU to CPU, and splits would differ.
#pragma STDC FP_CONTRACT OFF

#define LANES 8
typedef double numbers __attribute__((vector_size(8 * LANES), aligned(8)));
typedef int64_t integers __attribute__((vector_size(8 * LANES), aligned(8)));

// No function: a vector would be handed over in other registers from CPU to CPU.
#define CHOSEN(mask, yes, no) ((numbers)(((mask) & (integers)(yes)) | (~(mask) & (integers)(no))))

// MARK: Sorting and medians

// The bits of a double, so that integers compare as the numbers do.
INLINE uint64_t ordered(double value) {
  uint64_t bits;
  memcpy(&bits, &value, 8);
  return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

#define DIGIT 11
#define DIGITS 6

void lathe_sort_numbers(double *keys, double *payload, size_t count, double *key_scratch, double *payload_scratch) {
  if (count <= 64) {
    for (size_t i = 1; i < count; i++) {
      double key = keys[i], value = payload ? payload[i] : 0;
      size_t j = i;
      for (; j > 0 && keys[j - 1] > key; j--) {
        keys[j] = keys[j - 1];
        if (payload) payload[j] = payload[j - 1];
      }
      keys[j] = key;
      if (payload) payload[j] = value;
    }
    return;
  }
  // Counts of all digits in one pass; a digit that all keys share needs no pass of its own.
  static const size_t buckets = (size_t)1 << DIGIT;
  size_t counts[DIGITS << DIGIT];
  memset(counts, 0, sizeof counts);
  for (size_t i = 0; i < count; i++) {
    uint64_t key = ordered(keys[i]);
    for (size_t digit = 0; digit < DIGITS; digit++) counts[(digit << DIGIT) + (key >> (digit * DIGIT) & (buckets - 1))]++;
  }
  double *from = keys, *to = key_scratch, *from_payload = payload, *to_payload = payload_scratch;
  for (size_t digit = 0; digit < DIGITS && count > 0; digit++) {
    size_t *places = counts + (digit << DIGIT);
    if (places[ordered(from[0]) >> (digit * DIGIT) & (buckets - 1)] == count) continue;
    size_t place = 0;
    for (size_t bucket = 0; bucket < buckets; bucket++) {
      size_t next = place + places[bucket];
      places[bucket] = place;
      place = next;
    }
    for (size_t i = 0; i < count; i++) {
      size_t target = places[ordered(from[i]) >> (digit * DIGIT) & (buckets - 1)]++;
      to[target] = from[i];
      if (payload) to_payload[target] = from_payload[i];
    }
    double *other = from;
    from = to;
    to = other;
    other = from_payload;
    from_payload = to_payload;
    to_payload = other;
  }
  if (from != keys) {
    memcpy(keys, from, count * sizeof(double));
    if (payload) memcpy(payload, from_payload, count * sizeof(double));
  }
}

// C. A. R. Hoare, "Algorithm 65: find", 1961, with the median of three as pivot. Afterwards `values[rank]` is where sorting would put
// it, and none behind it is less.
static void find(double *values, size_t count, size_t rank) {
  ptrdiff_t low = 0, high = (ptrdiff_t)count - 1, place = (ptrdiff_t)rank;
  while (low < high) {
    double a = values[low], b = values[low + (high - low) / 2], c = values[high];
    double pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
    ptrdiff_t left = low, right = high;
    while (left <= right) {
      while (values[left] < pivot) left++;
      while (pivot < values[right]) right--;
      if (left <= right) {
        double value = values[left];
        values[left++] = values[right];
        values[right--] = value;
      }
    }
    if (place <= right) high = right;
    else if (place >= left) low = left;
    else return;
  }
}

double lathe_quantile(double *values, size_t count, double share) {
  double aim = share * (double)count;
  size_t upper = aim < (double)count ? (size_t)aim : count - 1;
  find(values, count, upper);
  double value = values[upper];
  if ((double)upper != aim || upper == 0) return value;
  double lower = values[0];
  for (size_t i = 1; i < upper; i++) lower = values[i] > lower ? values[i] : lower;
  return lower / 2 + value / 2;
}

// MARK: Bins

#define BLOCK 16

CLONES void lathe_bin_numbers(const double *values, size_t count, const double *bounds, size_t bound_count, uint8_t *bins) {
  // Bounds that lie above everything make the number a power of two less one: each step of the search is then the same for all.
  double padded[LATHE_BINS];
  size_t width = 1;
  while (width <= bound_count) width *= 2;
  for (size_t i = 0; i < width; i++) padded[i] = i < bound_count ? bounds[i] : INFINITY;
  size_t row = 0;
  for (; row + BLOCK <= count; row += BLOCK) {
    uint32_t below[BLOCK] = {0};
    for (uint32_t step = (uint32_t)width / 2; step > 0; step /= 2)
      for (size_t lane = 0; lane < BLOCK; lane++) below[lane] += padded[below[lane] + step - 1] < values[row + lane] ? step : 0;
    for (size_t lane = 0; lane < BLOCK; lane++)
      bins[row + lane] = values[row + lane] == values[row + lane] ? (uint8_t)(below[lane] + 1) : 0;
  }
  for (; row < count; row++) {
    uint32_t below = 0;
    for (uint32_t step = (uint32_t)width / 2; step > 0; step /= 2) below += padded[below + step - 1] < values[row] ? step : 0;
    bins[row] = values[row] == values[row] ? (uint8_t)(below + 1) : 0;
  }
}

void lathe_transpose_bins(
  const uint8_t *columns, size_t column_stride, size_t features, size_t count, uint8_t *rows, size_t row_stride) {
  // A block of rows stays in the first-level cache while every feature passes over it.
  for (size_t start = 0; start < count; start += 256) {
    size_t end = count - start < 256 ? count : start + 256;
    for (size_t feature = 0; feature < features; feature++) {
      const uint8_t *column = columns + feature * column_stride;
      for (size_t row = start; row < end; row++) rows[row * row_stride + feature] = column[row];
    }
  }
}

// MARK: Gradients

CLONES double lathe_gradients(
  enum lathe_loss loss, double bound, const double *residuals, const double *weights, size_t count, double *gradients, double *squares) {
  numbers largest = {0}, sum = {0};
  double tail_largest = 0, tail_sum = 0;
  size_t row = 0;
  for (; row + LANES <= count; row += LANES) {
    numbers value = *(const numbers *)(residuals + row);
    numbers size = (numbers)((integers)value & INT64_MAX);
    if (loss == LATHE_LOSS_ABSOLUTE) {
      numbers one = (numbers)(((integers)value & INT64_MIN) | (integers)((numbers){0} + 1.0));
      value = CHOSEN(size > 0.0, one, (numbers){0});
      size = (numbers)((integers)value & INT64_MAX);
    } else if (loss == LATHE_LOSS_HUBER) {
      numbers edge = (numbers)(((integers)value & INT64_MIN) | (integers)((numbers){0} + bound));
      value = CHOSEN(size > bound, edge, value);
      size = (numbers)((integers)value & INT64_MAX);
    }
    *(numbers *)(gradients + row) = value;
    largest = CHOSEN(size > largest, size, largest);
    sum += weights ? value * value * *(const numbers *)(weights + row) : value * value;
  }
  for (; row < count; row++) {
    double value = residuals[row];
    if (loss == LATHE_LOSS_ABSOLUTE) value = value > 0 ? 1 : value < 0 ? -1 : 0;
    else if (loss == LATHE_LOSS_HUBER) value = value > bound ? bound : value < -bound ? -bound : value;
    gradients[row] = value;
    tail_largest = fabs(value) > tail_largest ? fabs(value) : tail_largest;
    tail_sum += weights ? value * value * weights[row] : value * value;
  }
  for (size_t lane = 0; lane < LANES; lane++) {
    tail_largest = largest[lane] > tail_largest ? largest[lane] : tail_largest;
    tail_sum += sum[lane];
  }
  *squares = tail_sum;
  return tail_largest;
}

// MARK: Histograms

// 1.5 × 2⁵²: added to a number below 2⁵¹, it leaves the nearest integer in the low bits.
#define ROUNDER 0x1.8p52

INLINE int64_t encoded(double value, int shift, int64_t low) {
  double rounded = value + ROUNDER, rounder = ROUNDER;
  int64_t bits, base;
  memcpy(&bits, &rounded, 8);
  memcpy(&base, &rounder, 8);
  return (int64_t)((uint64_t)(bits - base) << shift) + low;
}

CLONES void lathe_tree_encode(
  const double *numbers, const double *factors, size_t count, double scale, int shift, int64_t low, int64_t *values, size_t channels) {
  if (channels == 1 && !factors)
    for (size_t i = 0; i < count; i++) values[i] = encoded(numbers[i] * scale, shift, low);
  else
    for (size_t i = 0; i < count; i++) values[i * channels] = encoded(numbers[i] * (factors ? factors[i] : 1) * scale, shift, low);
}

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

CLONES void lathe_tree_subtract(int64_t *whole, const int64_t *part, size_t count) {
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
/// −1 when none leaves enough rows on both sides.
INLINE double best_cut(
  const struct lathe_tree_layout *layout, const int64_t *histogram, const struct bins *bins, size_t last, const int64_t *start,
  const int64_t *total, double l2, int64_t *scratch, size_t *place) {
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
    for (size_t block = 0; block < blocks; block++) {
      numbers left = __builtin_convertvector((*(const integers *)(sums + block * LANES) + start[channel]) >> shift, numbers);
      numbers right = gradient - left;
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
    double score;
    int32_t threshold;
    int64_t left;
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
      double first_score = best_cut(layout, histogram, &alone, 1, histogram, total, layout->l2, nothing, &first_place);
      if (first_score > best->score) {
        best->score = first_score;
        best->feature = (int32_t)feature;
        best->threshold = 0;
        best->missing_right = 0;
        best->left_count = missing & mask;
        memset(best->right, 0, sizeof best->right);
      }
    }
    if (filled < 2) continue;
    int64_t last_sum = bins.sums[filled - 1];
    pad(bins.sums, filled - 1, total[0] - (missing_right ? 0 : missing));
    score = best_cut(layout, histogram, &bins, filled - 1, missing_right ? zeros : histogram, total, layout->l2, scratch, &place);
    left = bins.sums[place];
    bins.sums[filled - 1] = last_sum;
    threshold = (bins.bin[place] + bins.bin[place + 1] - 1) / 2;
    if (score > best->score) {
      best->score = score;
      best->feature = (int32_t)feature;
      best->threshold = threshold;
      best->left_count = ((left + (missing_right ? 0 : missing)) & mask);
      best->missing_right = missing_right;
      // Where nothing is missing, missing values go where more weight goes.
      if (missing == 0) best->missing_right = 2 * mass(layout, left) < mass(layout, total[0]);
    }
  }
  if (best->feature != (int32_t)feature) return;
  memset(best->right, 0, sizeof best->right);
  for (size_t bin = (size_t)best->threshold + 1; bin < LATHE_BINS; bin++) put(best->right, bin);
  if (best->missing_right) put(best->right, 0);
}

INLINE void search_levels(
  const struct lathe_tree_layout *layout, const int64_t *histogram, size_t feature, size_t slots, const int64_t *total,
  const int64_t *zeros, int64_t *scratch, struct lathe_tree_split *best) {
  const size_t channels = layout->channels;
  const int64_t mask = ((int64_t)1 << layout->count_bits) - 1;
  struct bins bins;
  double keys[ROOM];
  size_t filled = 0;
  for (size_t bin = 0; bin < slots; bin++) {
    const int64_t *slot = histogram + bin * channels;
    if (slot[0] == 0) continue;
    double weight = layout->weighted ? (double)(slot[0] >> layout->count_bits) * layout->weight_unit : (double)(slot[0] & mask);
    double gradient = 0;
    for (size_t output = 0; output < layout->outputs; output++) {
      size_t channel = output + (layout->weighted ? 1 : 0);
      gradient += (double)(channel == 0 ? slot[0] >> layout->count_bits : slot[channel]) * sqrt(layout->squared_units[output]);
    }
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
  double score = best_cut(layout, histogram, &bins, filled - 1, zeros, total, layout->l2 + layout->smoothing, scratch, &place);
  if (!(score > best->score)) return;
  best->score = score;
  best->feature = (int32_t)feature;
  best->threshold = 0;
  best->left_count = bins.sums[place] & mask;
  memset(best->right, 0, sizeof best->right);
  int to_right = 2 * mass(layout, bins.sums[place]) < mass(layout, total[0]);
  if (to_right) memset(best->right, 255, sizeof best->right);
  for (size_t i = 0; i < filled; i++) {
    if (i <= place) best->right[bins.bin[i] / 32] &= ~((uint32_t)1 << (bins.bin[i] % 32));
    else put(best->right, bins.bin[i]);
  }
  best->missing_right = best->right[0] & 1;
}

CLONES void lathe_tree_search(
  const struct lathe_tree_layout *layout, const int64_t *histogram, size_t first, size_t last, const uint8_t *usable,
  const int64_t *total, struct lathe_tree_split *best) {
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

// MARK: Prediction

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

CLONES void lathe_small_trees_predict(
  const struct lathe_small_trees *trees, const uint8_t *columns, size_t column_stride, size_t count, double *sums) {
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
