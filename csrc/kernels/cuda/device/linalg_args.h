// Arguments of the kernels around cuSOLVER's functions, filled in by the host (kernels/cuda/linalg.cpp).
#pragma once

#include "kernels/cuda/device/integers.h"

namespace torch::cuda {

constexpr int kLinalgThreads = 128;

struct LinalgArgs { // matrices are column-major, each right after the one before
  void* a;
  void* out;
  void* second;
  const void* values;
  int32_t* info;
  const int32_t* pivots;
  int64_t* rows;
  int64_t n;             // threads
  int64_t size, columns; // of a matrix: its rows, and its columns or pivots
  int32_t flag;
};

} // namespace torch::cuda
