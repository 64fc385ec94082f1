#include "trees.h"

#include "tree_lanes.h"

#include <math.h>
#include <string.h>

// What trees are grown from: sorted numbers, bins, gradients as whole numbers.

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

CLONES(
  void, bin_numbers,
  (const double *values, size_t count, const double *bounds, size_t bound_count, uint8_t *bins),
  (values, count, bounds, bound_count, bins)) {
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

CLONES(
  double, gradients,
  (enum lathe_loss loss, double bound, const double *residuals, const double *weights, size_t count, double *gradients, double *squares),
  (loss, bound, residuals, weights, count, gradients, squares)) {
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

// 1.5 × 2⁵²: added to a number below 2⁵¹, it leaves the nearest integer in the low bits.
#define ROUNDER 0x1.8p52

INLINE int64_t encoded(double value, int shift, int64_t low) {
  double rounded = value + ROUNDER, rounder = ROUNDER;
  int64_t bits, base;
  memcpy(&bits, &rounded, 8);
  memcpy(&base, &rounder, 8);
  return (int64_t)((uint64_t)(bits - base) << shift) + low;
}

CLONES(
  void, tree_encode,
  (const double *numbers, const double *factors, size_t count, double scale, int shift, int64_t low, int64_t *values, size_t channels),
  (numbers, factors, count, scale, shift, low, values, channels)) {
  if (channels == 1 && !factors)
    for (size_t i = 0; i < count; i++) values[i] = encoded(numbers[i] * scale, shift, low);
  else
    for (size_t i = 0; i < count; i++) values[i * channels] = encoded(numbers[i] * (factors ? factors[i] : 1) * scale, shift, low);
}
