#pragma once

#include <stddef.h>

// Sums for linear models. All are formed in double precision, each from the first row to the last and without fused operations, so
// they have the same bits on every CPU. Rows are floats, `columns` of them a row, one row after the other. `weights` has a number a
// row; null: each row counts 1. `targets` has `outputs` numbers a row.

/// Rows that are worked on at a time; scratch is sized by it.
#define LATHE_LINEAR_BLOCK 64

/// `count` rounded up to a multiple of 8: how long rows of sums are.
static inline size_t lathe_linear_width(size_t count) { return (count + 7) / 8 * 8; }

/// Adds the weighted sum of each column to `sums`.
void lathe_column_sums(const float *rows, size_t count, size_t columns, const double *weights, double *sums);

/// Adds Σ w z zᵀ to `gram`, where z is a row less `centers`, followed by the row's targets.
///
/// `gram` has width × width numbers, width = lathe_linear_width(columns + outputs). Entries (i, j) with j ≥ i are the sums, the others
/// hold anything. `scratch` has room for 2 × LATHE_LINEAR_BLOCK × width numbers.
void lathe_gram(
  const float *rows, size_t count, size_t columns, const double *centers, const double *weights, const double *targets, size_t outputs,
  double *scratch, double *gram);

/// What leave-one-out errors are computed from; see `lathe_leave_one_out`.
struct lathe_ridge_path {
  /// The eigenvectors: columns × width numbers, a vector a column, width = lathe_linear_width(columns), zeros behind the last.
  const double *vectors;
  /// Sum of all weights, the strengths of penalty that are tried, and the number of outputs.
  double total_weight;
  size_t candidates, outputs;
  /// For each candidate 1 ÷ (eigenvalue + penalty): candidates × width numbers.
  const double *shrinkage;
  /// For each candidate and output the answer in the coordinates of the eigenvectors: candidates × outputs × width numbers.
  const double *answers;
};

/// Adds the weighted squared leave-one-out error of each candidate and output to `errors` (candidates × outputs numbers), and lowers
/// `slack` (a number a candidate) to the least 1 − leverage of a row.
///
/// Targets are centred. `scratch` has room for 2 × LATHE_LINEAR_BLOCK × width numbers.
void lathe_leave_one_out(
  const float *rows, size_t count, size_t columns, const double *centers, const double *weights, const double *targets,
  const struct lathe_ridge_path *path, double *scratch, double *errors, double *slack);

/// Writes intercept + coefficients · row of each row to `predictions`. `coefficients` has a number a column.
void lathe_linear_predict(
  const float *rows, size_t count, size_t columns, const double *coefficients, double intercept, double *predictions);

/// Σ x y over `count` numbers.
double lathe_dot(const double *x, const double *y, size_t count);

/// y ← y + a x over `count` numbers.
void lathe_add_multiple(double *y, double a, const double *x, size_t count);

/// (x, y) ← (c x − s y, s x + c y) over `count` pairs.
void lathe_rotate(double *x, double *y, double c, double s, size_t count);

/// One step of the Cholesky decomposition of the size × size matrix `a`, of which entries (i, j) with j ≥ i count: makes row `pivot`
/// one of the upper factor and takes its share off the rows below. The pivot's diagonal entry must be > 0.
void lathe_cholesky_step(double *a, size_t size, size_t pivot);
