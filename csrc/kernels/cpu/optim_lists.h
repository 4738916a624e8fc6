// Runs a step of an optimizer over whole lists of tensors: each is read once and written once.
#pragma once

#include "core/tensor.h"
#include "kernels/cpu/vec.h"

#include <functional>
#include <vector>

namespace torch::TORCH_ISA {

// A step works on V = Vec<T>: x[0] is the parameter, x[1] the gradient, then the state. kWritten has a bit
// for each operand that changes. Constants are rounded to T once, as a scalar operand of an op is; products
// are added in one rounding where addcmul, lerp and add with alpha do so. With that the only difference from
// PyTorch's steps is its square root, which is not correctly rounded.

// A list of tensors and its name in messages.
struct Operand {
  const char* name;
  TensorList tensors;
};
using Operands = std::span<const Operand>;

// That all lists are as long as the first, with tensors on the CPU of the same sizes and of types that go
// together.
void check_lists(const char* op, Operands lists);

double read_number(const char* op, const char* name, const Tensor& t);

// What running a step takes to know of its type.
struct StepType {
  void (*run_row)(const void* step, char* const* data,
                  int64_t n); // n contiguous elements behind each pointer
  int operands;
  unsigned written;
  DType compute;
};
constexpr int kMaxStepOperands = 6;

// n contiguous elements of T behind each pointer.
template <class Step> void run_row(const void* untyped, char* const* data, int64_t n) {
  using T = typename Step::Element;
  using V = Vec<T>;
  constexpr int kN = Step::kOperands;
  const Step& step = *static_cast<const Step*>(untyped);
  T* p[kN];
  for (int k = 0; k < kN; ++k) p[k] = reinterpret_cast<T*>(data[k]);
  V x[kN];
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) {
#pragma GCC unroll 8
    for (int k = 0; k < kN; ++k) x[k] = V::load(p[k] + i);
    step(x);
#pragma GCC unroll 8
    for (int k = 0; k < kN; ++k)
      if (Step::kWritten >> k & 1) x[k].store(p[k] + i);
  }
  if (i == n) return;
  for (int k = 0; k < kN; ++k) x[k] = V::load_partial(p[k] + i, n - i);
  step(x);
  for (int k = 0; k < kN; ++k)
    if (Step::kWritten >> k & 1) x[k].store_partial(p[k] + i, n - i);
}

// Does steps[i] with the i-th tensors of the lists, for those i where it is not null.
void run_steps(const StepType& type, Operands lists, const std::vector<const void*>& steps);

// Whether a parameter's step is computed in float64; all other types are computed in float32.
inline bool in_double(const Tensor& t) { return real_type(t.dtype()) == DType::Float64; }

template <class Step, class Constants> void run_lists_of(Operands lists, const Constants& constants) {
  using T = typename Step::Element;
  static_assert(Step::kOperands <= kMaxStepOperands);
  const TensorList params = lists[0].tensors;
  std::vector<Step> steps;
  std::vector<const void*> chosen(params.size());
  steps.reserve(params.size());
  for (size_t i = 0; i < params.size(); ++i)
    if (in_double(params[i]) == std::is_same_v<T, double> && params[i].numel())
      chosen[i] = &steps.emplace_back(constants(i));
  if (steps.empty()) return;
  run_steps({&run_row<Step>, Step::kOperands, Step::kWritten, dtype_of<T>()}, lists, chosen);
}

// Does the step over all tensors. `constants(i)` gives what Step<T>'s constructor takes for tensor i.
template <template <class> class Step, class Constants>
void run_lists(Operands lists, const Constants& constants) {
  run_lists_of<Step<float>>(lists, constants);
  run_lists_of<Step<double>>(lists, constants);
}

// ---- what steps share ----

template <class V> TORCH_INLINE V lerp(V start, V end, Element<V> weight) {
  // From the nearer end, so that weight 1 gives `end` exactly.
  using T = Element<V>;
  return std::abs(weight) < T(0.5) ? fused(V(weight), end - start, start)
                                   : fused(V(weight - T(1)), end - start, end);
}

} // namespace torch::TORCH_ISA
