// The ops that the tape itself needs, so that the rest of this folder sees nothing else of ops/.
#pragma once

#include "core/tensor.h"

namespace torch::autograd::used {

Tensor sum(const Tensor& a, const Tensor& b); // of gradients: a dense and a sparse one in either order
void add_in_place(const Tensor& a, const Tensor& b);
void copy_in_place(const Tensor& to, const Tensor& from);
void zero_in_place(const Tensor& t);
Tensor contiguous_clone(const Tensor& t); // whatever the order of t
Tensor sum_to(const Tensor& t, IntSpan sizes);
Tensor real(const Tensor& t);
Tensor convert(const Tensor& t, DType dtype, Device device);
Tensor ones(IntSpan sizes, DType dtype, Device device);
Tensor zeros(IntSpan sizes, DType dtype, Device device);
Tensor as_strided(const Tensor& t, IntSpan sizes, IntSpan strides, int64_t offset);
Tensor view_as_real(const Tensor& t);
Tensor view_as_complex(const Tensor& t);
bool has_nan(const Tensor& t);

} // namespace torch::autograd::used
