#include "networks.h"

#include "clones.h"

#include <float.h>
#include <stdint.h>

// Loops over 16 numbers at a time, with an instance for each kind of CPU.

// Vectors go to and from functions that are always inlined: there is no calling convention that CPUs could differ in.
#pragma clang diagnostic ignored "-Wpsabi"

#define WIDTH 16

typedef float lanes __attribute__((vector_size(4 * WIDTH), aligned(4)));
typedef int32_t whole __attribute__((vector_size(4 * WIDTH), aligned(4)));

INLINE lanes choose(whole mask, lanes yes, lanes no) { return (lanes)((mask & (whole)yes) | (~mask & (whole)no)); }

/// e^x for x of −87…88, what is beyond being taken for the nearer end: 2^n · e^r with |r| ≤ ln 2 / 2, and e^r by its Taylor series,
/// whose rest is below 6e-9.
INLINE lanes exponential(lanes x) {
  x = choose(x < 88, x, (lanes){0} + 88);
  x = choose(x > -87, x, (lanes){0} - 87);
  // Adding 1.5 × 2^23 rounds to a whole number, which then stands in the low bits.
  const float rounder = 12582912;
  lanes shifted = x * 1.44269504f + rounder;
  lanes n = shifted - rounder;
  // ln 2 in two parts: the first has few bits, so that n times it is exact.
  lanes r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  lanes sum = r * (1.0f / 5040) + 1.0f / 720;
  sum = sum * r + 1.0f / 120;
  sum = sum * r + 1.0f / 24;
  sum = sum * r + 1.0f / 6;
  sum = sum * r + 0.5f;
  sum = sum * r + 1;
  sum = sum * r + 1;
  return (lanes)((whole)sum + ((whole)shifted << 23));
}

CLONES(void, activate, (enum lathe_activation activation, float *values, size_t count), (activation, values, count)) {
  for (size_t i = 0; i < count; i += WIDTH) {
    lanes x = *(lanes *)(values + i);
    switch (activation) {
      case LATHE_IDENTITY: return;
      // Written so that NaN stays NaN: a network that diverges must not look sound.
      case LATHE_RELU: x = choose(x < 0, (lanes){0}, x); break;
      case LATHE_TANH: x = choose(x == x, 1 - 2 / (exponential(2 * x) + 1), x); break;
      case LATHE_LOGISTIC: x = choose(x == x, 1 / (1 + exponential(-x)), x); break;
    }
    *(lanes *)(values + i) = x;
  }
}

CLONES(
  void, activation_gradient, (enum lathe_activation activation, const float *outputs, float *gradient, size_t count),
  (activation, outputs, gradient, count)) {
  for (size_t i = 0; i < count; i += WIDTH) {
    lanes y = *(const lanes *)(outputs + i), g = *(lanes *)(gradient + i);
    switch (activation) {
      case LATHE_IDENTITY: return;
      case LATHE_RELU: g = choose(y > 0, g, (lanes){0}); break;
      case LATHE_TANH: g = g * (1 - y * y); break;
      case LATHE_LOGISTIC: g = g * (y * (1 - y)); break;
    }
    *(lanes *)(gradient + i) = g;
  }
}

CLONES(void, add, (float *sums, const float *values, size_t count), (sums, values, count)) {
  for (size_t i = 0; i < count; i += WIDTH) *(lanes *)(sums + i) += *(const lanes *)(values + i);
}

INLINE double sum(lanes values) {
  double total = 0;
  for (int lane = 0; lane < WIDTH; lane++) total += values[lane];
  return total;
}

CLONES(
  double, adam, (const struct lathe_update *update, float *weights, const float *gradient, float *first, float *second, size_t count),
  (update, weights, gradient, first, second, count)) {
  const struct lathe_update u = *update;
  lanes squares = {0};
  for (size_t i = 0; i < count; i += WIDTH) {
    lanes w = *(lanes *)(weights + i), m = *(lanes *)(first + i), v = *(lanes *)(second + i);
    squares += w * w;
    lanes g = (*(const lanes *)(gradient + i) + w * u.decay) * u.scale;
    m = m * u.beta_1 + g * (1 - u.beta_1);
    v = v * u.beta_2 + g * g * (1 - u.beta_2);
    // Moments of a unit that is never active would fade into subnormal numbers, which are slow.
    m = choose((m > FLT_MIN) | (m < -FLT_MIN) | (m != m), m, (lanes){0});
    v = choose((v > FLT_MIN) | (v != v), v, (lanes){0});
    *(lanes *)(weights + i) = w - m * u.rate / (__builtin_elementwise_sqrt(v) + u.epsilon);
    *(lanes *)(first + i) = m;
    *(lanes *)(second + i) = v;
  }
  return sum(squares);
}

CLONES(
  double, descend, (const struct lathe_update *update, float *weights, const float *gradient, float *velocity, size_t count),
  (update, weights, gradient, velocity, count)) {
  const struct lathe_update u = *update;
  lanes squares = {0};
  for (size_t i = 0; i < count; i += WIDTH) {
    lanes w = *(lanes *)(weights + i), step = *(lanes *)(velocity + i);
    squares += w * w;
    lanes change = (*(const lanes *)(gradient + i) + w * u.decay) * u.scale * -u.rate;
    step = step * u.momentum + change;
    step = choose((step > FLT_MIN) | (step < -FLT_MIN) | (step != step), step, (lanes){0});
    *(lanes *)(velocity + i) = step;
    *(lanes *)(weights + i) = w + (u.nesterov ? step * u.momentum + change : step);
  }
  return sum(squares);
}

void lathe_transpose(size_t rows, size_t columns, const float *from, size_t from_row, float *to, size_t to_row) {
  for (size_t column = 0; column < columns; column++)
    for (size_t row = 0; row < rows; row++) to[column * to_row + row] = from[row * from_row + column];
}
