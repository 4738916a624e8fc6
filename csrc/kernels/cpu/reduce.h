// Reductions over any dimensions of a strided tensor. What is reduced is a small table of functions on
// contiguous values (Reduction); how the tensor is traversed, converted and shared among threads is one
// driver for all.
#pragma once

#include "core/tensor.h"

namespace torch::TORCH_ISA {

// An accumulator of several numbers, all of 8 bytes, is kept as that many rows: those of m outputs
// are m first numbers, m second ones ...
struct Reduction {
  DType tile_type;   // input values are converted to this, tile by tile
  DType acc_type;    // what an accumulator is, as far as storing it into the output goes
  int64_t acc_width; // bytes of one accumulator; item_size(acc_type) unless `finish` makes that of it
  void (*init)(void* acc, int64_t m);
  // *acc joined with n contiguous values
  void (*run)(void* acc, const void* x, int64_t n, const void* context);
  // acc[j] joined with rows values each: x[r][j], rows lying `stride` bytes apart
  void (*columns)(void* acc, const void* x, int64_t stride, int64_t rows, int64_t m, const void* context);
  // acc[j] joined with other[j]; `other` covers what comes after
  void (*merge)(void* acc, const void* other, int64_t m);
  // In place, acc[j] -> values of acc_type, packed; may be null.
  void (*finish)(void* acc, int64_t m, const void* context);
  const void* context = nullptr;
  // For short rows, `stride` bytes apart; may be null. acc[j] joined with the n values of row j:
  void (*lines)(void* acc, const void* x, int64_t stride, int64_t m, int64_t n,
                const void* context) = nullptr;
  // *acc joined with `rows` rows of n values:
  void (*tile)(void* acc, const void* x, int64_t stride, int64_t rows, int64_t n,
               const void* context) = nullptr;
};
constexpr int64_t kShortRow = 1024; // elements

// `out` has the kept dimensions in order (with or without the reduced ones as 1) and is contiguous. The
// traversal, and so the order of additions, depends on shapes and strides only.
// A second output of the same shape takes the m values that `finish` leaves behind the first m.
void reduce(const Reduction& reduction, const Tensor& out, const Tensor& self, uint64_t reduced_dims,
            const Tensor& second_out = {});

// The same for `rows` rows of n contiguous values, `stride` bytes apart: what `reduce` makes of a contiguous
// tensor of more rows than one. n is at most kPiece of reduce.cpp, and at least 64.
void reduce_rows(const Reduction& reduction, void* out, DType out_type, const void* x, int64_t stride,
                 int64_t rows, int64_t n);

} // namespace torch::TORCH_ISA
