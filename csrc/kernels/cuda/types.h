// The types that kernels compute in, how elements are stored, and what both are called in the names of
// kernels: OP_COMPUTED_STORED, as in "Add_f32_f16"; stored as "any" where a kernel takes every dtype.
#pragma once

#include "core/dtype.h"

#include <string_view>

namespace torch::cuda {

constexpr int kComputeTypes = 7;
constexpr DType kComputed[kComputeTypes] = {DType::Int32,   DType::Int64,     DType::Float32,
                                            DType::Float64, DType::Complex64, DType::Complex128,
                                            DType::UInt64};
constexpr int kStored = 15; // dtypes up to Complex128

// The compute type that values of `t` are held in, as index into kComputed.
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

const char* type_name(DType t);                    // "f16"
std::string_view type_code(std::string_view name); // "Half", what sources call it

struct NameParts {
  std::string_view op, computed, stored;
};
NameParts parts_of(std::string_view kernel);

} // namespace torch::cuda
