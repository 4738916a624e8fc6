// Rows on elements of one or two bytes as they are, for ops whose result follows from the low bits alone and
// for comparisons: registers hold two or four times as many of them as of int32, and nothing is converted.
#include "kernels/cpu/narrow.h"

#include <type_traits>
#include <utility>

namespace torch::TORCH_ISA {
namespace {

// f(elements, params) -> R. The output may be the memory of an input, element for element.
template <class T, class R, class F>
void unary_row(void* out, const void* const* inputs, int64_t n, const Scalar*) {
  R* const to = static_cast<R*>(out);
  const T* const a = static_cast<const T*>(inputs[0]);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<R>(F()(a[i]));
}
template <class T, class R, class F>
void binary_row(void* out, const void* const* inputs, int64_t n, const Scalar*) {
  R* const to = static_cast<R*>(out);
  const T* const a = static_cast<const T*>(inputs[0]);
  const T* const b = static_cast<const T*>(inputs[1]);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<R>(F()(a[i], b[i]));
}
// a + sign * alpha * b, wrapping
template <class T, int kSign>
void add_row(void* out, const void* const* inputs, int64_t n, const Scalar* params) {
  T* const to = static_cast<T*>(out);
  const T* const a = static_cast<const T*>(inputs[0]);
  const T* const b = static_cast<const T*>(inputs[1]);
  const auto alpha = static_cast<std::make_unsigned_t<T>>(kSign * params[0].to<int64_t>());
  if (alpha == 1) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(a[i] + b[i]);
    return;
  }
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(a[i] + alpha * b[i]);
}

// The rows below are found by calling row(function) with a function of ints.
template <class T> Row numbers(PointwiseOp op) {
  using Wide = unsigned; // products of int16 would overflow an int
  const auto one = []<class F>(F) { return Row(unary_row<T, T, F>); };
  const auto two = []<class F>(F) { return Row(binary_row<T, T, F>); };
  const auto test = []<class F>(F) { return Row(binary_row<T, bool, F>); };
  switch (op) {
  case PointwiseOp::Add:
    return add_row<T, 1>;
  case PointwiseOp::Sub:
    return add_row<T, -1>;
  case PointwiseOp::Mul:
    return two([](T a, T b) { return Wide(a) * Wide(b); });
  case PointwiseOp::BitwiseAnd:
    return two([](T a, T b) { return a & b; });
  case PointwiseOp::BitwiseOr:
    return two([](T a, T b) { return a | b; });
  case PointwiseOp::BitwiseXor:
    return two([](T a, T b) { return a ^ b; });
  case PointwiseOp::BitwiseNot:
    return one([](T a) { return ~a; });
  case PointwiseOp::Neg:
    return one([](T a) { return -a; });
  case PointwiseOp::Maximum:
    return two([](T a, T b) { return a > b ? a : b; });
  case PointwiseOp::Minimum:
    return two([](T a, T b) { return a < b ? a : b; });
  case PointwiseOp::Eq:
    return test([](T a, T b) { return a == b; });
  case PointwiseOp::Ne:
    return test([](T a, T b) { return a != b; });
  case PointwiseOp::Lt:
    return test([](T a, T b) { return a < b; });
  case PointwiseOp::Le:
    return test([](T a, T b) { return a <= b; });
  case PointwiseOp::Gt:
    return test([](T a, T b) { return a > b; });
  case PointwiseOp::Ge:
    return test([](T a, T b) { return a >= b; });
  default:
    return nullptr;
  }
}

Row truths(PointwiseOp op) {
  using T = uint8_t; // memory shared with others may hold more than 0 and 1
  const auto one = []<class F>(F) { return Row(unary_row<T, T, F>); };
  const auto two = []<class F>(F) { return Row(binary_row<T, T, F>); };
  switch (op) {
  case PointwiseOp::BitwiseAnd:
  case PointwiseOp::LogicalAnd:
  case PointwiseOp::Mul:
    return two([](T a, T b) { return (a != 0) & (b != 0); });
  case PointwiseOp::BitwiseOr:
  case PointwiseOp::LogicalOr:
    return two([](T a, T b) { return (a | b) != 0; });
  case PointwiseOp::BitwiseXor:
  case PointwiseOp::LogicalXor:
  case PointwiseOp::Ne:
    return two([](T a, T b) { return (a != 0) ^ (b != 0); });
  case PointwiseOp::Eq:
    return two([](T a, T b) { return (a != 0) == (b != 0); });
  case PointwiseOp::LogicalNot:
    return one([](T a) { return a == 0; });
  default:
    return nullptr;
  }
}

} // namespace

Row narrow_row(PointwiseOp op, DType dtype) {
  switch (dtype) {
  case DType::Bool:
    return truths(op);
  case DType::UInt8:
    return numbers<uint8_t>(op);
  case DType::Int8:
    return numbers<int8_t>(op);
  case DType::Int16:
    return numbers<int16_t>(op);
  case DType::Float16:
  case DType::BFloat16:
    return half_row(op, dtype);
  default:
    return nullptr;
  }
}

} // namespace torch::TORCH_ISA
