#pragma once

#include <stddef.h>
#include <stdint.h>

/// Bins a feature can have at most, the one of missing values (bin 0) included.
#define LATHE_BINS 256

/// Words of a set of bins.
#define LATHE_SET_WORDS 8

/// How histograms are laid out and read.
///
/// Every bin has `channels` numbers. The lowest `count_bits` bits of the first one count rows; above them, and in the other channels,
/// are sums of integers: the outputs' gradients in order, or, where `weighted`, the weights first and then the gradients. Sums of
/// integers are the same in whatever order they are made, and one histogram less another is exactly that of the rest.
struct lathe_tree_layout {
  /// First bin of each feature in a histogram, and behind the last one's the number of all bins.
  const uint32_t *offsets;
  /// 1 for each feature whose bins have no order.
  const uint8_t *categorical;
  size_t channels, outputs;
  int weighted, count_bits;
  /// What 1 of the weights stands for.
  double weight_unit;
  /// What 1 of each output's gradients stands for, squared.
  const double *squared_units;
  /// Rows that each side of a split needs.
  int64_t minimum_count;
  /// Added to each side's weight.
  double l2;
  /// The weight of what a level is blended with where levels are put in order, and each side of a split between levels.
  double smoothing;
  /// What that is: rows of the node's mean gradient, so that a split between levels gains the less the fewer rows tell of it, and
  /// nothing besides; or, where 0, rows of gradient 0, which need no correction.
  int blends_with_mean;
};

/// A split of the rows of a node.
struct lathe_tree_split {
  /// Σ G² / (W + l2) over both sides and the outputs; what a better split must exceed.
  double score;
  /// Rows to the left.
  int64_t left_count;
  /// The feature, or −1 when no split exceeded the score that was there before.
  int32_t feature;
  /// Of an ordered feature: bins 1…`threshold` go left; 0 lets only missing values go left.
  int32_t threshold;
  /// Whether missing values go right.
  int32_t missing_right;
  /// The bins that go right, by bits.
  uint32_t right[LATHE_SET_WORDS];
};

/// Sorts `keys`, none of them NaN, in ascending order, and `payload`, which may be null, along with them. The scratch arrays have as
/// much room.
void lathe_sort_numbers(double *keys, double *payload, size_t count, double *key_scratch, double *payload_scratch);

/// Returns the number below which the share `share`, 0…1, of `count` ≥ 1 numbers lies, none of them NaN; where it is between two of
/// them, their mean. Reorders them.
double lathe_quantile(double *values, size_t count, double share);

/// Writes for each value 0 when it is NaN, else 1 + the number of `bounds` below it. There are at most 254 bounds, ascending.
void lathe_bin_numbers(const double *values, size_t count, const double *bounds, size_t bound_count, uint8_t *bins);

/// Writes the bins of `count` rows from column after column (column f begins at `columns + f × column_stride`) to row after row.
void lathe_transpose_bins(
  const uint8_t *columns, size_t column_stride, size_t features, size_t count, uint8_t *rows, size_t row_stride);

/// Writes round(number × factor × scale) for each of `count` numbers to every `channels`-th place of `values`, shifted left by `shift`
/// and with `low` added; `factors` may be null: all 1. The products must be below 2⁵¹.
void lathe_tree_encode(
  const double *numbers, const double *factors, size_t count, double scale, int shift, int64_t low, int64_t *values, size_t channels);

/// Which gradients residuals have: themselves, their signs, or themselves cut off at ± a bound.
enum lathe_loss { LATHE_LOSS_SQUARED, LATHE_LOSS_ABSOLUTE, LATHE_LOSS_HUBER };

/// Writes the gradient of each of `count` residuals. Returns the greatest size of any, and in `squares` their sum of squares, each times
/// its weight (`weights` may be null: all 1), in an order that is the same on every CPU.
double lathe_gradients(
  enum lathe_loss loss, double bound, const double *residuals, const double *weights, size_t count, double *gradients, double *squares);

/// Adds the rows' numbers (`channels` each, at `values + row × channels`) to the histograms of features first..<last. Row r's bins are
/// at `bins + r × stride`.
void lathe_tree_histogram(
  const struct lathe_tree_layout *layout, const uint8_t *bins, size_t stride, size_t first, size_t last, const uint32_t *rows,
  size_t count, const int64_t *values, int64_t *histogram);

/// Takes `part` from `whole`, number by number.
void lathe_tree_subtract(int64_t *whole, const int64_t *part, size_t count);

/// Finds the best split among features first..<last with a 1 in `usable`, and keeps it in `best` when its score exceeds the one there.
/// Among equals the lowest feature, then missing values to the left, then the lowest threshold. `total` has the node's sums.
///
/// Where bins between two are empty, the threshold is in their middle. Levels are split after the order of their mean gradients
/// (W. Fisher, "On grouping for maximum homogeneity", 1958); levels without a row go to the heavier side, and so do missing values
/// where there are none.
void lathe_tree_search(
  const struct lathe_tree_layout *layout, const int64_t *histogram, size_t first, size_t last, const uint8_t *usable,
  const int64_t *total, struct lathe_tree_split *best);

/// Moves the rows whose bin is in the set `right` behind the others, each side in its former order; returns how many are not.
/// `column` has each row's bin, `scratch` room for `count` rows.
size_t lathe_tree_partition(const uint8_t *column, uint32_t *rows, size_t count, const uint32_t *right, uint32_t *scratch);

/// The nodes of trees, ready for prediction. All indexes must be in range.
struct lathe_tree_nodes {
  /// A word a node: feature (16 bits), threshold (8), shift (8), left child (32); the right child follows the left. A row goes right when
  /// its bin less the shift, modulo 256, exceeds the threshold. A leaf is its own left child and has threshold 255.
  const uint64_t *words;
  /// The set of bins that go right, a node, or −1; null when no node has one.
  const int32_t *sets;
  const uint32_t *set_words;
  /// `outputs` numbers a node.
  const double *values;
  size_t outputs;
  /// A tree's first node, and the most steps from it to a leaf.
  const int32_t *roots;
  const int32_t *depths;
  size_t trees;
};

/// Adds to `sums` (`outputs` a row) the values of the leaves that each row falls into, tree after tree.
void lathe_tree_predict(const struct lathe_tree_nodes *nodes, const uint8_t *bins, size_t stride, size_t count, double *sums);

/// Writes for each row the leaf that it falls into in tree `tree`.
void lathe_tree_leaves(
  const struct lathe_tree_nodes *nodes, size_t tree, const uint8_t *bins, size_t stride, size_t count, int32_t *leaves);

/// Leaves that a small tree has at most.
#define LATHE_SMALL_LEAVES 32

/// A split of a small tree; see `lathe_tree_nodes` for feature, threshold and shift.
struct lathe_small_split {
  uint16_t feature;
  uint8_t threshold, shift;
  /// The leaves, by bits, that a row which goes right does not fall into: those on the left.
  uint32_t left_leaves;
  /// The set of bins that go right, or −1.
  int32_t set;
};

/// Trees of at most 32 leaves each, their leaves numbered from left to right.
struct lathe_small_trees {
  /// All splits of the first tree, then of the second, ….
  const struct lathe_small_split *splits;
  /// A tree's first split, and behind the last one's the number of all.
  const int32_t *starts;
  const uint32_t *set_words;
  /// 32 places a tree, the leaves' values in the first of them.
  const double *values;
  size_t trees;
};

/// Rows that `lathe_small_trees_predict` takes at a time.
#define LATHE_SMALL_ROWS 64

/// Adds to `sums` the values of the leaves that each row falls into, tree after tree. Column f of the bins begins at
/// `columns + f × column_stride`; columns can be read up to a multiple of 64 rows.
void lathe_small_trees_predict(
  const struct lathe_small_trees *trees, const uint8_t *columns, size_t column_stride, size_t count, double *sums);
