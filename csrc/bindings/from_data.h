// Python data (numbers, nested sequences, arrays) to tensors: the reading half of torch.tensor.
#pragma once

#include "bindings/tensor_object.h"

#include <optional>

namespace torch::python {

// What a tensor of this data would have as dtype: the promotion of all its numbers; the default dtype when
// empty. Throws (TypeError, RuntimeError) where something is no number.
DType infer_dtype(PyObject* data);

// New tensor with the data's values, converted to `dtype` if given, not part of any graph. Overflow is an
// error.
Tensor tensor_from_data(PyObject* data, std::optional<DType> dtype, Device device = {});
// As an index: booleans and uint8 stay masks, everything else becomes int64.
Tensor index_from_data(PyObject* data);

// Shape of nested sequences as their first elements tell it.
DimVec sizes_of_data(PyObject* data);

// The element of a one-element CPU tensor. ValueError for more elements, RuntimeError for meta.
Scalar scalar_of(const Tensor& t);

// Writes a number at an address of t's storage, converted to its dtype. RuntimeError where it does not fit.
void store_number(const Tensor& t, void* at, const Scalar& value);

// Ops called in its scope go straight to their kernels: what the binding itself does is no op of the user's.
class StraightPathGuard {
public:
  StraightPathGuard() : saved_(thread_state) {
    thread_state.interpreter_depth = 0;
    thread_state.grad_enabled = false;
  }
  ~StraightPathGuard() { thread_state = saved_; }
  StraightPathGuard(const StraightPathGuard&) = delete;
  StraightPathGuard& operator=(const StraightPathGuard&) = delete;

private:
  ThreadState saved_;
};

} // namespace torch::python
