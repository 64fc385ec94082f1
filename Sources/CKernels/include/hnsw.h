#pragma once

#include <stddef.h>
#include <stdint.h>

/// A graph of codes: Y. Malkov, D. Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable small
/// world graphs", 2016. Nodes are `0 … nodes − 1`; their similarity is the inner product of their codes, an exact whole number, so that
/// a graph is the same on every CPU. All ids in it must lie below `nodes`: whoever makes one checks that.
struct lathe_graph {
  /// Code of node i at `codes + i × stride`; `stride` is a multiple of 32, what is over the dimension is 0. Lengths below 46,340, so that
  /// no sum of products leaves 32 bits (Cauchy-Schwarz).
  int16_t *codes;
  size_t stride;
  /// Neighbours of node i on level 0 at `links + i × width`: fewer than `width` end with −1.
  int32_t *links;
  size_t width;
  /// Neighbours of node i on level l ≥ 1 at `upper + (upper_first[i] + l − 1) × upper_width`, ended likewise.
  int32_t *upper;
  const int32_t *upper_first;
  size_t upper_width;
  /// Highest level of each node.
  const uint8_t *levels;
  /// Where searches begin, a node of the level `top`; −1 in an empty graph.
  int32_t entry, top;
  size_t nodes;
};

/// Writes `row` × `scale`, rounded to whole numbers, with zeros up to `stride`.
void lathe_code_row(const float *row, size_t dimension, double scale, int16_t *code, size_t stride);

/// Returns the position of the code most similar to `code` among `count` codes of `stride`, the first among equals.
size_t lathe_nearest_code(const int16_t *code, const int16_t *codes, size_t count, size_t stride);

/// What a search works in; for one thread at a time.
struct lathe_graph_scratch;
/// Makes room to search graphs of up to `nodes` nodes, keeping the best `ef`, with up to `extra` candidates from elsewhere.
struct lathe_graph_scratch *lathe_graph_scratch_make(size_t nodes, size_t ef, size_t extra);
void lathe_graph_scratch_free(struct lathe_graph_scratch *scratch);

/// Returns the node of level 1 at which the greedy walk for `code` ends, from where level 0 is searched (the entry if there is no such level).
int32_t lathe_graph_descend(const struct lathe_graph *graph, const int16_t *code);

/// Which nodes count: those of which a member has its bit set. Members of node i are `members[starts[i]] … members[starts[i + 1] − 1]`.
struct lathe_graph_filter {
  const uint64_t *bits;
  const int32_t *starts, *members;
};

/// Searches level 0 from `start` for the best `ef` nodes (Algorithm 2). Writes them best first and returns how many; `similarities` may be
/// null. With a `filter`, unless it is null, nodes that do not count are walked over and not returned.
size_t lathe_graph_search(
  const struct lathe_graph *graph, const int16_t *code, int32_t start, size_t ef, const struct lathe_graph_filter *filter,
  struct lathe_graph_scratch *scratch, int32_t *nodes, int32_t *similarities);

/// Chooses the neighbours of the new node `batch[position]` on each of its levels (Algorithms 1, 2, 4) and writes its lists. Candidates
/// are the best `ef` of the graph, in which no node of the batch is linked to yet, and the nodes before `position` in the batch.
void lathe_graph_link(
  const struct lathe_graph *graph, const int32_t *batch, size_t position, size_t ef, struct lathe_graph_scratch *scratch);

/// Adds `sources` to the neighbours of `target` on `level`; where there are too many, Algorithm 4 says which stay. They must not be there yet.
void lathe_graph_link_back(
  const struct lathe_graph *graph, int32_t target, int level, const int32_t *sources, size_t count, struct lathe_graph_scratch *scratch);

/// Writes the inner product of `query` with each of the `count` rows of `vectors` that `ids` names, summed component by component as
/// `lathe_top_k` does: the same bits.
void lathe_similarities(
  const float *vectors, size_t dimension, const float *query, const int32_t *ids, size_t count, float *similarities);

/// Returns whether each of the lists of `width` ids holds numbers below `limit` alone, ended by −1 where it is not full.
int lathe_lists_are_sound(const int32_t *lists, size_t count, size_t width, int32_t limit);

/// Returns whether none of the numbers is NaN or infinite.
int lathe_all_finite(const float *numbers, size_t count);

/// Asks for large pages under the memory, which spares most address look-ups of a random walk through it. A hint: nothing depends on it.
void lathe_prefer_large_pages(const void *memory, size_t bytes);
