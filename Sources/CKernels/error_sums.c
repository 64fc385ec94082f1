#include "error_sums.h"

#include "clones.h"

#include <math.h>
#include <string.h>

// Fusing would round differently from CPU to CPU.
#pragma STDC FP_CONTRACT OFF

#define LANES 8
#define BLOCK 1024

typedef double lanes __attribute__((vector_size(8 * LANES), aligned(8)));
typedef int64_t masks __attribute__((vector_size(8 * LANES), aligned(8)));

/// A sum that carries what rounding lost. A. Neumaier, 1974.
struct total {
  double sum, lost;
};

static void add(struct total *total, double value) {
  double sum = total->sum + value;
  total->lost += fabs(total->sum) >= fabs(value) ? (total->sum - sum) + value : (value - sum) + total->sum;
  total->sum = sum;
}

static double value_of(struct total total) { return isfinite(total.sum) ? total.sum + total.lost : total.sum; }

static double across(const lanes *sum) {
  const lanes s = *sum;
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

CLONES(struct lathe_error_sums, sum_errors, (const double *actual, const double *predicted, size_t count), (actual, predicted, count)) {
  struct total absolute = {0, 0}, difference = {0, 0}, squared = {0, 0}, actuals = {0, 0};
  size_t used = 0;
  for (size_t start = 0; start < count; start += BLOCK) {
    size_t length = count - start < BLOCK ? count - start : BLOCK;
    lanes absolute_sum = {0}, difference_sum = {0}, squared_sum = {0}, actual_sum = {0};
    masks finite_count = {0};
    size_t index = 0;
    for (; index + LANES <= length; index += LANES) {
      lanes left = *(const lanes *)(actual + start + index);
      lanes error = *(const lanes *)(predicted + start + index) - left;
      // Only a finite number less itself is zero; the mask is all ones there.
      masks finite = error - error == 0.0;
      finite_count -= finite;
      error = (lanes)((masks)error & finite);
      difference_sum += error;
      absolute_sum += (lanes)((masks)error & INT64_MAX);
      squared_sum += error * error;
      actual_sum += (lanes)((masks)left & finite);
    }
    for (int lane = 0; index < length; index++, lane++) {
      double error = predicted[start + index] - actual[start + index];
      if (!isfinite(error)) continue;
      finite_count[lane]++;
      difference_sum[lane] += error;
      absolute_sum[lane] += fabs(error);
      squared_sum[lane] += error * error;
      actual_sum[lane] += actual[start + index];
    }
    for (int lane = 0; lane < LANES; lane++) used += (size_t)finite_count[lane];
    add(&difference, across(&difference_sum));
    add(&absolute, across(&absolute_sum));
    add(&squared, across(&squared_sum));
    add(&actuals, across(&actual_sum));
  }
  return (struct lathe_error_sums){
    .count = used, .absolute = value_of(absolute), .difference = value_of(difference), .squared = value_of(squared),
    .actual = value_of(actuals)};
}

size_t lathe_absolute_errors(const double *actual, const double *predicted, size_t count, double *errors) {
  size_t used = 0;
  for (size_t index = 0; index < count; index++) {
    double error = fabs(predicted[index] - actual[index]);
    errors[used] = error;
    used += error <= 0x1.fffffffffffffp1023;
  }
  return used;
}

static double sum(const double *values, size_t count) {
  struct total total = {0, 0};
  for (size_t index = 0; index < count; index++) add(&total, values[index]);
  return value_of(total);
}

static double sum_of_ranks_by_sorting(double *values, size_t count, size_t first, size_t last) {
  for (size_t next = 1; next < count; next++) {
    double value = values[next];
    size_t position = next;
    for (; position > 0 && values[position - 1] > value; position--) values[position] = values[position - 1];
    values[position] = value;
  }
  return sum(values + first, last - first + 1);
}

// The bits of numbers ≥ 0 order as the numbers do. So the ranks are found digit by digit, 16 bits a digit, from the highest: count the
// digits, see in which two bins the first and the last rank fall, add up what lies between, and go on with the two bins alone.
static double sum_of_ranks(double *values, size_t count, size_t first, size_t last, double *scratch, uint32_t *table, int shift) {
  if (first == 0 && last == count - 1) return sum(values, count);
  if (count <= 64) return sum_of_ranks_by_sorting(values, count, first, last);
  if (shift < 0) return values[0] * (double)(last - first + 1);

  memset(table, 0, LATHE_RANK_TABLE * sizeof(uint32_t));
  for (size_t index = 0; index < count; index++) {
    uint64_t bits;
    memcpy(&bits, values + index, 8);
    table[bits >> shift & 0xffff]++;
  }
  size_t low = 0, before_low = 0;
  while (before_low + table[low] <= first) before_low += table[low++];
  size_t high = low, before_high = before_low;
  while (before_high + table[high] <= last) before_high += table[high++];

  struct total between = {0, 0};
  double block = 0;
  size_t low_count = 0, high_count = 0, in_block = 0;
  for (size_t index = 0; index < count; index++) {
    double value = values[index];
    uint64_t bits;
    memcpy(&bits, &value, 8);
    uint64_t digit = bits >> shift & 0xffff;
    scratch[low_count] = value;
    low_count += digit == low;
    values[high_count] = value;
    high_count += digit == high;
    block += digit > low && digit < high ? value : 0;
    if (++in_block == BLOCK) {
      add(&between, block);
      block = 0;
      in_block = 0;
    }
  }
  add(&between, block);
  // Neither may overwrite the other: the bins are disjoint unless they are one, so the part of `scratch` behind the low bin has room
  // for the high one, and all of `values` is free once that is done.
  if (low == high) return sum_of_ranks(values, high_count, first - before_low, last - before_low, scratch, table, shift - 16);
  double above = sum_of_ranks(values, high_count, 0, last - before_high, scratch + low_count, table, shift - 16);
  double below = sum_of_ranks(scratch, low_count, first - before_low, low_count - 1, values, table, shift - 16);
  add(&between, above);
  add(&between, below);
  return value_of(between);
}

double lathe_sum_of_ranks(double *values, size_t count, size_t first, size_t last, double *scratch, uint32_t *table) {
  return sum_of_ranks(values, count, first, last, scratch, table, 48);
}
