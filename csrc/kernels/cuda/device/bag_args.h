// Arguments of bags of rows and of the limit on rows' norms, filled in by the host (kernels/cuda/bag.cpp).
#pragma once

#include "kernels/cuda/device/lines_args.h"

namespace torch::cuda {

constexpr int kBagThreads = 256;
enum class Bagged : int32_t { Sum, Mean, Max };

struct BagArgs {
  void* out;           // (bags, width), dense
  const void* table;   // (rows, width), dense
  const void* list;    // of index_type, as all that follow but the factors
  const void* starts;  // of the bags
  const void* factors; // of each index, may be null
  void* bag_of;        // each index
  void* bag_size;
  void* places; // of maxima, in the table
  int64_t bags, named, offsets, rows, width;
  int64_t padding; // an index that is left out, or -1
  Bagged mode;
  int32_t last_offset; // the offsets end with the number of indices
  DType index_type;
};

struct RenormArgs {
  LinesShape shape; // a line for each index
  void* table;
  const int64_t* list;
  int64_t rows, row_step, step; // in elements
  double limit, power;
};

} // namespace torch::cuda
