// Arguments of the kernels that read and write at indices, filled in by the host (kernels/cuda/index.cpp).
#pragma once

#include "core/dtype_list.h"
#include "kernels/cuda/device/places.h"

namespace torch::cuda {

constexpr int kEachThreads = 256;

struct IndexArgs {
  void* self;
  void* other;       // as many elements as there are indices, or one
  const void* index; // of index_type
  int64_t n;
  int64_t size, stride; // of self where the index goes; bytes
  double scale[2];      // of what is added: real and imaginary part
  int64_t whole_scale;
  int32_t wraps; // negative indices count from the end
  DType index_type;
  Places places; // other, self without the index, index
};

// Sums at repeated indices in the order of the elements: their places in self, sorted, are gone through by
// runs.
struct IndexSumsArgs {
  IndexArgs elements;
  int64_t* keys;        // of each element: its place in self in bytes, or -1
  const int64_t* order; // of the elements by their keys
};

// Elements whose value follows from where they stand: the third operand of `places` has no memory, its
// "bytes" are a linear function of the coordinates.
struct PatternArgs {
  void* out;
  const void* in;
  int64_t n;
  int64_t bound;   // of the pattern
  double from, by; // of sequences
  double to;
  int64_t whole_from, whole_by;
  int32_t keep_below; // keeps what the pattern has up to the bound; else from the bound on
  DType out_type;
  Places places; // out, in, pattern
};

} // namespace torch::cuda
