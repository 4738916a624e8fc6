// Arguments of the kernels that sort, filled in by the host (kernels/cuda/sort.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/places.h"

namespace torch::cuda {

constexpr int kSortThreads = 512;
constexpr int kSortBlock = 2 * kSortThreads; // elements that a block has at once

enum class SortPhase : int32_t { Load, Within, Across, Store, Median };

struct SortArgs {
  void* values;
  void* indices; // int64
  const void* in;
  void* items;       // lines of `padded` items each, a power of two
  int64_t n, padded; // elements of a line
  int64_t total;     // items
  int64_t lines;
  int64_t from, to;     // Within: the first and the last length that is merged; Across: the length
  int64_t apart;        // Across: how far apart items are compared
  int64_t first, count; // of the sorted line, what is stored
  int64_t step[3];      // bytes along the line: values, indices, in
  int32_t descending;
  SortPhase phase;
  DType out_type, in_type;
  Places places; // values, indices, in, over the lines
};

// Places in sorted rows.
struct SearchArgs {
  void* out; // int64
  const void* rows;
  const void* wanted;
  int64_t n, length, per_row; // values, elements of a row, values that are searched in one row
  int32_t right;
  DType type;
};

} // namespace torch::cuda
