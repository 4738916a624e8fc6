// Whole tensors in a wider type, for kernels that have no loops of their own for the small ones.
#pragma once

#include "core/tensor.h"
#include "kernels/create_kernels.h"

#include <optional>

namespace torch::TORCH_ISA {

// 16-bit floats become floats, integers int32 (where they wrap around to the same); none: the type is wide
// enough.
inline std::optional<DType> wider(DType t) {
  switch (t) {
  case DType::Float16:
  case DType::BFloat16:
    return DType::Float32;
  case DType::UInt8:
  case DType::Int8:
  case DType::Int16:
    return DType::Int32;
  default:
    return std::nullopt;
  }
}

// An undefined tensor stays one.
inline Tensor empty_in_order(const Tensor& like, DType dtype) {
  if (!like.defined()) return like;
  if (!like.is_non_overlapping_and_dense()) return empty_tensor(like.sizes(), dtype);
  return empty_strided_tensor(like.sizes(), like.strides(), dtype);
}
inline Tensor widened(const Tensor& t, DType dtype) {
  if (!t.defined()) return t;
  const Tensor made = empty_in_order(t, dtype);
  copy(made, t);
  return made;
}

} // namespace torch::TORCH_ISA
