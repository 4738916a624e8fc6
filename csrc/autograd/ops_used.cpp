#include "autograd/ops_used.h"

#include "core/sparse.h"
#include "ops/ops.h"

namespace torch::autograd::used {

Tensor sum(const Tensor& a, const Tensor& b) {
  return is_sparse(a) && !is_sparse(b) ? ops::add(b, a) : ops::add(a, b);
}
void add_in_place(const Tensor& a, const Tensor& b) { ops::add_(a, b); }
void copy_in_place(const Tensor& to, const Tensor& from) { ops::copy_(to, from); }
void zero_in_place(const Tensor& t) { ops::zero_(t); }
Tensor contiguous_clone(const Tensor& t) { return ops::clone(t, MemoryFormat::Contiguous); }
Tensor sum_to(const Tensor& t, IntSpan sizes) { return ops::sum_to_size(t, sizes); }
Tensor real(const Tensor& t) { return ops::real(t); }
Tensor convert(const Tensor& t, DType dtype, Device device) { return ops::_to_copy(t, dtype, device); }

Tensor ones(IntSpan sizes, DType dtype, Device device) {
  const Tensor result = empty_tensor(sizes, dtype, device);
  if (result.numel() != 1 || !result.is_cpu()) {
    ops::fill_(result, Scalar(1));
    return result;
  }
  // The root of most backwards: a single number, written without the way through an op.
  visit_all(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    *result.data<T>() = T(1);
  });
  return result;
}

Tensor zeros(IntSpan sizes, DType dtype, Device device) {
  const Tensor result = empty_tensor(sizes, dtype, device);
  ops::fill_(result, Scalar(0));
  return result;
}

Tensor as_strided(const Tensor& t, IntSpan sizes, IntSpan strides, int64_t offset) {
  return ops::as_strided(t, sizes, strides, offset);
}
Tensor view_as_real(const Tensor& t) { return ops::view_as_real(t); }
Tensor view_as_complex(const Tensor& t) { return ops::view_as_complex(t); }

bool has_nan(const Tensor& t) {
  if (!is_differentiable(t.dtype()) || t.is_meta()) return false;
  const Tensor found = ops::any(ops::isnan(t));
  return *ops::_to_copy(found, {}, Device{}).data<bool>();
}

} // namespace torch::autograd::used
