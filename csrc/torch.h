// The C++ API in one header, for programs without Python: tensors, operators, gradients. See
// docs/examples/cpp.
//
// Operators are free functions over Tensor, named and with the defaults as in Python: torch::matmul(a, b),
// torch::sum(x, {0}, true), torch::add_(x, y). This header adds what Python spells as methods and attributes.
#pragma once

#include "autograd/node.h"
#include "core/generator.h"
#include "ops/operators.h"

#include <algorithm>
#include <vector>

namespace torch {

using namespace ops;

// Tensor that holds `values` in C order; without `sizes` it has one dimension.
template <class T> Tensor tensor(std::span<const T> values, OptInts sizes = std::nullopt) {
  const int64_t count = static_cast<int64_t>(values.size());
  const Tensor out = empty_tensor(sizes ? sizes.span() : IntSpan(&count, 1), dtype_of<T>());
  check(out.numel() == count, "tensor: ", count, " values do not fill a tensor of sizes ", out.sizes());
  std::copy(values.begin(), values.end(), out.data<T>());
  return out;
}
template <class T> Tensor tensor(const std::vector<T>& values, OptInts sizes = std::nullopt) {
  return tensor(std::span<const T>(values), sizes);
}

// The value of a tensor of one element, converted to T; complex tensors give their real part.
template <class T = double> T item(const Tensor& t) {
  check(t.numel() == 1, "item: a tensor of one element is needed, not one of sizes ", t.sizes());
  check(t.is_cpu(), "item: a tensor on the device meta has no value");
  return visit_all(t.dtype(), [&](auto tag) {
    using Element = typename decltype(tag)::type;
    return Scalar(*t.data<Element>()).template to<T>();
  });
}

// `t` itself, from now on a leaf whose gradient is wanted.
inline Tensor requires_grad(Tensor t, bool value = true) {
  autograd::set_requires_grad(t, value);
  return t;
}
// Adds the gradients of `loss`, which has one element unless `gradient` is given, to those of the leaves it
// came from.
inline void backward(const Tensor& loss, const Tensor& gradient = {}, bool retain_graph = false,
                     bool create_graph = false) {
  autograd::run_backward({&loss, 1}, {&gradient, 1}, {},
                         {.retain_graph = retain_graph || create_graph, .create_graph = create_graph});
}
// The accumulated gradient of a leaf; undefined before the first backward.
inline const Tensor& grad(const Tensor& t) { return autograd::grad_of(t); }
inline void zero_grad(const Tensor& t) { autograd::set_grad(t, Tensor()); }

inline void manual_seed(uint64_t seed) { default_generator()->manual_seed(seed); }

} // namespace torch
