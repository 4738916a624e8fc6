// The types that elementwise kernels compute in, on any device.
#pragma once

#include "core/dtype.h"

namespace torch {

constexpr int kNumComputeTypes = 7;
constexpr DType kComputeTypes[kNumComputeTypes] = {DType::Int32,   DType::Int64,     DType::Float32,
                                                   DType::Float64, DType::Complex64, DType::Complex128,
                                                   DType::UInt64};
// The compute type that values of `t` are held in, as index into kComputeTypes.
constexpr int compute_index(DType t) {
  switch (t) {
  case DType::Int64:
  case DType::UInt32:
    return 1;
  case DType::Float16:
  case DType::BFloat16:
  case DType::Float32:
    return 2;
  case DType::Float64:
    return 3;
  case DType::Complex64:
    return 4;
  case DType::Complex128:
    return 5;
  case DType::UInt64:
    return 6;
  default:
    return 0;
  }
}

} // namespace torch
