#include "linear.h"

#include "clones.h"

#include <math.h>

// Fusing would round differently from CPU to CPU.
#pragma STDC FP_CONTRACT OFF

#define LANES 8
#define BLOCK LATHE_LINEAR_BLOCK

typedef double lanes __attribute__((vector_size(8 * LANES), aligned(8)));
typedef float float_lanes __attribute__((vector_size(4 * LANES), aligned(4)));

INLINE double across(const lanes *sum) {
  const lanes s = *sum;
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

CLONES(
  void, column_sums,
  (const float *rows, size_t count, size_t columns, const double *weights, double *restrict sums),
  (rows, count, columns, weights, sums)) {
  for (size_t row = 0; row < count; row++) {
    const float *restrict x = rows + row * columns;
    double weight = weights ? weights[row] : 1;
    for (size_t column = 0; column < columns; column++) sums[column] += weight * (double)x[column];
  }
}

/// Writes the rows less their centers, followed by their targets and zeros, to `z`, `width` numbers a row.
INLINE void centre(
  const float *rows, size_t count, size_t columns, const double *centers, const double *targets, size_t outputs, size_t width,
  double *restrict z) {
  for (size_t row = 0; row < count; row++) {
    const float *x = rows + row * columns;
    double *out = z + row * width;
    for (size_t column = 0; column < columns; column++) out[column] = (double)x[column] - centers[column];
    for (size_t output = 0; output < outputs; output++) out[columns + output] = targets[row * outputs + output];
    for (size_t column = columns + outputs; column < width; column++) out[column] = 0;
  }
}

// A tile of `height` × 8 sums stays in registers while a block of rows, which stays in the first-level cache, passes by. How high a
// tile may be depends on how many registers the CPU has, but no sum's order of additions does.
INLINE void gram_tile(const double *left, const double *right, size_t count, size_t width, int height, double *gram) {
  lanes sum[LANES];
#pragma clang loop unroll(full)
  for (int i = 0; i < height; i++) sum[i] = *(const lanes *)(gram + (size_t)i * width);
  for (size_t row = 0; row < count; row++) {
    lanes values = *(const lanes *)(right + row * width);
#pragma clang loop unroll(full)
    for (int i = 0; i < height; i++) sum[i] += values * left[row * width + (size_t)i];
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < height; i++) *(lanes *)(gram + (size_t)i * width) = sum[i];
}

// Rows of a tile, by the registers that there are.
#if defined(__x86_64__)
#define HEIGHT(cpu) ((cpu) == LATHE_AVX512 ? 8 : (cpu) == LATHE_AVX2 ? 4 : 2)
#else
#define HEIGHT(cpu) 4
#endif

CLONES(
  void, gram,
  (const float *rows, size_t count, size_t columns, const double *centers, const double *weights, const double *targets, size_t outputs,
   double *scratch, double *sums),
  (rows, count, columns, centers, weights, targets, outputs, scratch, sums)) {
  const int height = HEIGHT(cpu);
  size_t width = lathe_linear_width(columns + outputs);
  for (size_t start = 0; start < count; start += BLOCK) {
    size_t length = count - start < BLOCK ? count - start : BLOCK;
    double *z = scratch, *weighted = scratch;
    centre(rows + start * columns, length, columns, centers, targets + start * outputs, outputs, width, z);
    if (weights) {
      weighted = scratch + BLOCK * width;
      for (size_t row = 0; row < length; row++)
        for (size_t column = 0; column < width; column++) weighted[row * width + column] = weights[start + row] * z[row * width + column];
    }
    for (size_t i = 0; i < width; i += (size_t)height)
      for (size_t j = i / LANES * LANES; j < width; j += LANES) gram_tile(weighted + i, z + j, length, width, height, sums + i * width + j);
  }
}

/// Coordinates of `height` rows along 8 eigenvectors.
INLINE void project_tile(const double *z, const double *vectors, size_t columns, size_t width, int height, double *out) {
  lanes sum[LANES];
#pragma clang loop unroll(full)
  for (int i = 0; i < height; i++) sum[i] = (lanes){0};
  for (size_t column = 0; column < columns; column++) {
    lanes vector = *(const lanes *)(vectors + column * width);
#pragma clang loop unroll(full)
    for (int i = 0; i < height; i++) sum[i] += vector * z[(size_t)i * width + column];
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < height; i++) *(lanes *)(out + (size_t)i * width) = sum[i];
}

CLONES(
  void, leave_one_out,
  (const float *rows, size_t count, size_t columns, const double *centers, const double *weights, const double *targets,
   const struct lathe_ridge_path *path, double *scratch, double *errors, double *slack),
  (rows, count, columns, centers, weights, targets, path, scratch, errors, slack)) {
  const int height = HEIGHT(cpu);
  size_t width = lathe_linear_width(columns), outputs = path->outputs;
  double *z = scratch, *projected = scratch + BLOCK * width;
  for (size_t start = 0; start < count; start += BLOCK) {
    size_t length = count - start < BLOCK ? count - start : BLOCK;
    centre(rows + start * columns, length, columns, centers, targets, 0, width, z);
    // The last tile may reach beyond the rows that there are: what it finds there is not looked at, but must be a number.
    for (size_t index = length * width; index < (length + LANES - 1) / LANES * LANES * width; index++) z[index] = 0;
    for (size_t k = 0; k < width; k += LANES)
      for (size_t row = 0; row < length; row += (size_t)height)
        project_tile(z + row * width, path->vectors + k, columns, width, height, projected + row * width + k);
    for (size_t row = 0; row < length; row++) {
      double weight = weights ? weights[start + row] : 1;
      const double *q = projected + row * width, *target = targets + (start + row) * outputs;
      for (size_t candidate = 0; candidate < path->candidates; candidate++) {
        const double *shrinkage = path->shrinkage + candidate * width;
        lanes sum = {0};
        for (size_t k = 0; k < width; k += LANES) {
          lanes values = *(const lanes *)(q + k);
          sum += values * values * *(const lanes *)(shrinkage + k);
        }
        double left = 1 - (weight / path->total_weight + weight * across(&sum));
        if (left < slack[candidate]) slack[candidate] = left;
        for (size_t output = 0; output < outputs; output++) {
          size_t place = candidate * outputs + output;
          const double *answer = path->answers + place * width;
          lanes dot = {0};
          for (size_t k = 0; k < width; k += LANES) dot += *(const lanes *)(q + k) * *(const lanes *)(answer + k);
          double error = (target[output] - across(&dot)) / left;
          errors[place] += weight * error * error;
        }
      }
    }
  }
}

CLONES(
  void, linear_predict,
  (const float *rows, size_t count, size_t columns, const double *coefficients, double intercept, double *predictions),
  (rows, count, columns, coefficients, intercept, predictions)) {
  for (size_t row = 0; row < count; row++) {
    const float *x = rows + row * columns;
    lanes sum = {0};
    size_t column = 0;
    for (; column + LANES <= columns; column += LANES)
      sum += __builtin_convertvector(*(const float_lanes *)(x + column), lanes) * *(const lanes *)(coefficients + column);
    for (int lane = 0; column < columns; column++, lane++) sum[lane] += (double)x[column] * coefficients[column];
    predictions[row] = intercept + across(&sum);
  }
}

CLONES(double, dot, (const double *x, const double *y, size_t count), (x, y, count)) {
  lanes sum = {0};
  size_t index = 0;
  for (; index + LANES <= count; index += LANES) sum += *(const lanes *)(x + index) * *(const lanes *)(y + index);
  for (int lane = 0; index < count; index++, lane++) sum[lane] += x[index] * y[index];
  return across(&sum);
}

CLONES(void, add_multiple, (double *restrict y, double a, const double *restrict x, size_t count), (y, a, x, count)) {
  for (size_t index = 0; index < count; index++) y[index] += a * x[index];
}

CLONES(void, rotate, (double *restrict x, double *restrict y, double c, double s, size_t count), (x, y, c, s, count)) {
  for (size_t index = 0; index < count; index++) {
    double first = x[index], second = y[index];
    x[index] = c * first - s * second;
    y[index] = s * first + c * second;
  }
}

CLONES(void, cholesky_step, (double *a, size_t size, size_t pivot), (a, size, pivot)) {
  double *restrict top = a + pivot * size;
  double root = sqrt(top[pivot]);
  for (size_t column = pivot; column < size; column++) top[column] /= root;
  for (size_t row = pivot + 1; row < size; row++) {
    double factor = top[row];
    if (factor == 0) continue;
    double *restrict below = a + row * size;
    for (size_t column = row; column < size; column++) below[column] -= factor * top[column];
  }
}
