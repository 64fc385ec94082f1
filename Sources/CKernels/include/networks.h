#pragma once

#include <stddef.h>

/// Functions of a network's hidden units.
enum lathe_activation { LATHE_IDENTITY, LATHE_RELU, LATHE_TANH, LATHE_LOGISTIC };

/// Replaces `count` values, a multiple of 16, by their activations.
void lathe_activate(enum lathe_activation activation, float *values, size_t count);

/// Multiplies `gradient` by the derivative of the activation whose results are `outputs`; `count` is a multiple of 16.
void lathe_activation_gradient(enum lathe_activation activation, const float *outputs, float *gradient, size_t count);

/// Adds `count` values, a multiple of 16, to `sums`.
void lathe_add(float *sums, const float *values, size_t count);

/// How weights follow their gradient, which is (`gradient` + `decay` × weight) × `scale`.
struct lathe_update {
  float decay, scale, rate;
  /// Adam: decay of the first and second moment, and what keeps divisors from 0.
  float beta_1, beta_2, epsilon;
  /// Gradient descent: how much of the last step is kept, and whether it is looked ahead (Nesterov).
  float momentum;
  int nesterov;
};

/// A step of Adam for `count` weights, a multiple of 16; `rate` has the corrections of both moments' bias in it.
/// D. Kingma, J. Ba, "Adam: a method for stochastic optimization", 2015, section 2, last paragraph. Returns the sum of squares of the
/// weights before the step.
double lathe_adam(
  const struct lathe_update *update, float *weights, const float *gradient, float *first, float *second, size_t count);

/// A step of gradient descent with momentum for `count` weights, a multiple of 16. I. Sutskever and others, "On the importance of
/// initialization and momentum in deep learning", 2013. Returns the sum of squares of the weights before the step.
double lathe_descend(const struct lathe_update *update, float *weights, const float *gradient, float *velocity, size_t count);

/// Writes `rows` rows of `columns` numbers, `from_row` apart, as columns of `to`, whose rows are `to_row` apart.
void lathe_transpose(size_t rows, size_t columns, const float *from, size_t from_row, float *to, size_t to_row);
