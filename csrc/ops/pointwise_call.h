// Running a pointwise functor as an op: promotion, broadcasting, output, kernel.
#pragma once

#include "kernels/pointwise_ops.h"
#include "ops/types.h"

namespace torch {

// How compute and output dtype follow from the operands.
struct PointwiseRule {
  enum class Kind : uint8_t { Promote, Float, Bool, Where, Fixed };
  Kind kind;
  DType compute = DType::Float32, out = DType::Float32;
  static constexpr PointwiseRule Promote() { return {Kind::Promote}; }
  static constexpr PointwiseRule Float() { return {Kind::Float}; } // integers compute in the default dtype
  static constexpr PointwiseRule Bool() { return {Kind::Bool}; }   // promote, result is bool
  static constexpr PointwiseRule Where() { return {Kind::Where}; } // promote all but the first operand
  static constexpr PointwiseRule Fixed(DType compute, DType out) { return {Kind::Fixed, compute, out}; }
};

using Operands = std::span<const Tensor* const>;
using Params = std::span<const Scalar>;

namespace ops {
// Which dtypes of out= take a result: those it can be cast to, its own only, those but no complex ones, or
// bool and uint8.
enum class OutDType : uint8_t { Cast, Same, Real, Truth };
} // namespace ops

// Result type by PyTorch's rules: tensors with dimensions before 0-dim tensors before numbers, within a
// category the first of these that reaches it decides.
DType result_type(Operands operands);
DType result_type(const Tensor& a, const Tensor& b);

Tensor pointwise_new(const char* op, PointwiseOp functor, PointwiseRule rule, Operands operands,
                     Params params);
// Writes into self (one of the operands, usually): shape and dtype of the result must fit self.
void pointwise_into(const char* op, const Tensor& self, PointwiseOp functor, PointwiseRule rule,
                    Operands operands, Params params);
// out= form: resizes out, converts the result to its dtype.
void pointwise_out(const char* op, const Tensor& out, PointwiseOp functor, PointwiseRule rule,
                   Operands operands, Params params, ops::OutDType fitting);

} // namespace torch
