#include "kernels/cpu/pairs.h"

#include "kernels/pointwise.h"

#include <algorithm>

namespace torch::TORCH_ISA {

namespace {

template <template <class> class First, template <class> class Second, bool kRight> struct Pair {
  template <class V> struct Of : Functor<kFloats> {
    First<V> first;
    Second<V> second;
    Of(const Scalar* p) : Functor(p), first{p}, second{p + 1} {}
    TORCH_INLINE V join(V a, V b) const {
      if constexpr (kRight)
        return second(b, a);
      else
        return second(a, b);
    }
    TORCH_INLINE V operator()(V a, V b) const { return join(first(a), b); }
    TORCH_INLINE V operator()(V a, V b, V c) const { return join(first(a, b), c); }
  };
};

template <int kInputs, template <class> class First, template <class> class Second, bool kRight = false>
Row row(int splat) {
  using rows_detail::vector_row;
  using P = Pair<First, Second, kRight>;
  if (splat < 0) return vector_row<P::template Of, kInputs, float>;
  if (splat == kInputs - 1) return vector_row<P::template Of, kInputs, float, kInputs - 1>;
  if (kInputs == 3 && splat == 1) return vector_row<P::template Of, kInputs, float, 1>;
  return nullptr;
}

template <int kInputs, template <class> class First> Row row_after(PointwiseOp second, int place, int splat) {
  switch (second) {
  case PointwiseOp::Add:
    return place == 0 ? row<kInputs, First, Add>(splat) : row<kInputs, First, Add, true>(splat);
  case PointwiseOp::Sub:
    return place == 0 ? row<kInputs, First, Sub>(splat) : row<kInputs, First, Sub, true>(splat);
  case PointwiseOp::Mul:
    return row<kInputs, First, Mul>(splat);
  default:
    return nullptr;
  }
}

// The row in float of `second` of the result of `first`, which is its input `place`; of the inputs of both,
// `splat` is the one that is one value, or -1. Null: there is none.
Row pair_row(PointwiseOp first, PointwiseOp second, int place, int splat) {
  switch (first) {
  case PointwiseOp::Add:
    return row_after<3, Add>(second, place, splat);
  case PointwiseOp::Sub:
    return row_after<3, Sub>(second, place, splat);
  case PointwiseOp::Mul:
    return row_after<3, Mul>(second, place, splat);
  case PointwiseOp::Abs:
    return row_after<2, Abs>(second, place, splat);
  case PointwiseOp::Square:
    return row_after<2, Square>(second, place, splat);
  case PointwiseOp::Neg:
    return row_after<2, Neg>(second, place, splat);
  default:
    return nullptr;
  }
}

// Whether nothing reads what step `i` leaves in a temporary but the next step, once.
bool is_passed_on(const Chain& chain, size_t i, int first_temporary) {
  if (i + 1 == chain.steps.size() || chain.steps[i + 1].row_op != RowOp::None) return false;
  const int slot = chain.steps[i].outs[0];
  if (slot < first_temporary) return false;
  for (size_t j = i + 1; j < chain.steps.size(); ++j) {
    const ChainStep& step = chain.steps[j];
    int reads = 0;
    for (int k = 0; k < step.n_inputs; ++k) reads += step.inputs[k] == slot;
    if (reads != (j == i + 1 ? 1 : 0)) return false;
    if (step.outs[0] == slot) break;
  }
  return true;
}

} // namespace

Step paired(const Chain& chain, size_t i, Scalar* params) {
  const int first_constant = static_cast<int>(chain.operands.size());
  const int first_temporary = first_constant + static_cast<int>(chain.constants.size());
  if (!is_passed_on(chain, i, first_temporary)) return {};
  const ChainStep &first = chain.steps[i], &second = chain.steps[i + 1];
  if (second.n_inputs != 2 || first.compute != DType::Float32 || second.compute != DType::Float32 ||
      first.rounded != DType::Float32)
    return {};
  const int place = second.inputs[0] == first.outs[0] ? 0 : 1;
  Step step{};
  step.n_inputs = static_cast<int8_t>(first.n_inputs + 1);
  if (step.n_inputs > kMaxInputs) return {};
  std::copy_n(first.inputs.begin(), first.n_inputs, step.inputs);
  step.inputs[first.n_inputs] = second.inputs[1 - place];
  int constants = 0, last = -1;
  for (int k = 0; k < step.n_inputs; ++k)
    if (step.inputs[k] >= first_constant && step.inputs[k] < first_temporary) {
      ++constants;
      last = k;
    }
  step.row = pair_row(first.op, second.op, place, constants == 1 ? last : -1);
  if (first.op == PointwiseOp::Add || first.op == PointwiseOp::Sub) params[0] = first.params[0];
  if (second.op == PointwiseOp::Add || second.op == PointwiseOp::Sub) params[1] = second.params[0];
  step.params = params;
  step.out = second.outs[0];
  if (second.rounded != DType::Float32) step.rounded = second.rounded;
  return step;
}

} // namespace torch::TORCH_ISA
