#include "ops/entry.h"

namespace torch::ops {

namespace {
// Whether two elements of a geometry may be one place of memory; where this says no, they are not.
bool may_overlap(IntSpan sizes, IntSpan strides) {
  InlineVec<std::pair<int64_t, int64_t>, 5> dims;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] > 1) dims.emplace_back(strides[i], sizes[i]);
  std::sort(dims.begin(), dims.end());
  int64_t extent = 0;
  for (const auto& [stride, size] : dims) {
    if (stride <= extent) return true;
    extent += stride * (size - 1);
  }
  return false;
}
} // namespace

Tensor as_strided_grad(const Tensor& grad, IntSpan sizes, IntSpan strides, int64_t offset, Ints size,
                       Ints stride, std::optional<int64_t> storage_offset) {
  // The input's gradient lives on a base that covers both geometries; elements that several outputs name are
  // summed, and those that several inputs name share their sum among them: what they share comes together
  // again where their own overlap was made.
  const int64_t start = std::min(offset, storage_offset.value_or(offset));
  const auto reach = [](IntSpan n, IntSpan s) {
    int64_t last = 0;
    for (size_t i = 0; i < n.size(); ++i) last += (n[i] - 1) * s[i];
    return last + 1;
  };
  if (numel_of(sizes) == 0) return zeros(sizes, grad.dtype(), grad.device());
  int64_t length = offset - start + reach(sizes, strides);
  const int64_t out_offset = storage_offset.value_or(offset) - start;
  if (numel_of(size) > 0) length = std::max(length, out_offset + reach(size, stride));
  if (grad.is_meta()) return zeros(sizes, grad.dtype(), grad.device());
  Tensor positions = arange(length, DType::Int64, grad.device());
  const Tensor where_out = contiguous(as_strided(positions, size, stride, out_offset));
  Tensor base = zeros({length}, grad.dtype(), grad.device());
  base = index_add(base, 0, reshape(where_out, {-1}), reshape(grad, {-1}));
  const Tensor where_in = contiguous(as_strided(positions, sizes, strides, offset - start));
  if (may_overlap(sizes, strides)) {
    const Tensor uses =
        index_add(zeros({length}, real_type(grad.dtype()), grad.device()), 0, reshape(where_in, {-1}),
                  ones({where_in.numel()}, real_type(grad.dtype()), grad.device()));
    base = base / clamp_min(uses, 1);
  }
  return reshape(index_select(base, 0, reshape(where_in, {-1})), sizes);
}

DimVec negated(Ints values) {
  DimVec out(values);
  for (int64_t& v : out) v = -v;
  return out;
}

Tensor permute_grad(const Tensor& grad, Ints dims) {
  DimVec inverse(dims.size());
  for (size_t i = 0; i < dims.size(); ++i)
    inverse[wrap_dim(dims[i], static_cast<int64_t>(dims.size()))] = static_cast<int64_t>(i);
  return permute(grad, inverse);
}

namespace {
// Zeros with grad written into a view of them. Recorded through copy_ when a graph is built.
template <class View> Tensor embedded(const Tensor& grad, IntSpan sizes, View&& view_of) {
  Tensor out = zeros(sizes, grad.dtype(), grad.device());
  copy_(view_of(out), grad);
  return out;
}
} // namespace

Tensor select_grad(const Tensor& grad, IntSpan sizes, int64_t dim, int64_t index) {
  return embedded(grad, sizes, [&](const Tensor& t) { return select(t, dim, index); });
}
Tensor slice_grad(const Tensor& grad, IntSpan sizes, int64_t dim, std::optional<int64_t> start,
                  std::optional<int64_t> end, int64_t step) {
  return embedded(grad, sizes, [&](const Tensor& t) { return slice(t, dim, start, end, step); });
}
Tensor diagonal_grad(const Tensor& grad, IntSpan sizes, int64_t offset, int64_t dim1, int64_t dim2) {
  return embedded(grad, sizes, [&](const Tensor& t) { return diagonal(t, offset, dim1, dim2); });
}

Tensor unfold_grad(const Tensor& grad, IntSpan sizes, int64_t dim, int64_t size, int64_t step) {
  if (sizes.empty()) return reshape(grad, {});
  dim = wrap_dim(dim, static_cast<int64_t>(sizes.size()));
  const int64_t n = sizes[dim];
  // windows (count, size) along dim -> added back at their positions
  const Tensor positions =
      reshape(contiguous(unfold(arange(n, DType::Int64, grad.device()), 0, size, step)), {-1});
  const Tensor moved = movedim(grad, {-1}, {dim + 1}); // ..., count, size, ...
  DimVec joined = sizes;
  joined[dim] = positions.numel();
  return index_add(zeros(sizes, grad.dtype(), grad.device()), dim, positions, reshape(moved, joined));
}

Tensor copy_grad(const Tensor& grad, IntSpan sizes, DType dtype, Device device) {
  Tensor g = sum_to_size(grad, sizes);
  if (g.is_complex() && !is_complex(dtype)) g = real(g);
  return g.dtype() == dtype && g.device() == device ? g : _to_copy(g, dtype, device);
}

Tensor index_select_like(const Tensor& grad, int64_t dim, const Tensor& index, IntSpan sizes) {
  const Tensor picked = index_select(grad, dim, index);
  return reshape(picked, sizes);
}

std::vector<Tensor> cat_grad(const Tensor& grad, const std::vector<DimVec>& sizes,
                             const std::vector<DType>& dtypes, int64_t dim) {
  dim = wrap_dim(dim, grad.dim());
  std::vector<Tensor> out;
  int64_t at = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i].size() == 1 && sizes[i][0] == 0 && grad.dim() != 1) {
      out.push_back(zeros(sizes[i], dtypes[i], grad.device()));
      continue;
    }
    const int64_t n = sizes[i][dim];
    Tensor g = narrow(grad, dim, at, n);
    if (g.is_complex() && !is_complex(dtypes[i])) g = real(g);
    out.push_back(g.dtype() == dtypes[i] ? g : _to_copy(g, dtypes[i]));
    at += n;
  }
  return out;
}

bool none_defined(TensorList grads) {
  return std::none_of(grads.begin(), grads.end(), [](const Tensor& g) { return g.defined(); });
}

std::vector<Tensor> defined_grads(TensorList grads, std::span<const autograd::GradMetadata> outputs) {
  std::vector<Tensor> out(grads.begin(), grads.end());
  for (size_t i = 0; i < out.size(); ++i)
    if (!out[i].defined()) out[i] = zeros(outputs[i].sizes, outputs[i].dtype, outputs[i].device);
  return out;
}

std::tuple<Tensor, Tensor> scatter_reduce_grad(const Tensor& grad, const Tensor& self, int64_t dim,
                                               const Tensor& index, const Tensor& src,
                                               std::string_view reduce, bool include_self,
                                               const Tensor& result) {
  Tensor for_self, for_src;
  if (reduce == "sum") {
    for_self = grad;
    for_src = gather(grad, dim, index);
  } else if (reduce == "mean") {
    Tensor count = include_self ? ones_like(grad) : zeros_like(grad);
    count = scatter_add(count, dim, index, ones_like(src));
    count = masked_fill(count, eq(count, 0), 1);
    for_self = grad / count;
    for_src = gather(grad / count, dim, index);
  } else if (reduce == "prod") {
    // A position reached by exactly one zero: its gradient is the product of the others.
    const Tensor masked_self = masked_fill(self, eq(self, 0), 1);
    const Tensor masked_self_result = scatter_reduce(masked_self, dim, index, src, reduce, include_self);
    for_self = grad * masked_self_result / masked_self;
    const Tensor src_zero = eq(src, 0);
    const Tensor zero_count =
        gather(scatter_add(zeros_like(self), dim, index, _to_copy(src_zero, self.dtype())), dim, index);
    const Tensor single_zero = logical_and(src_zero, eq(zero_count, 1));
    const Tensor masked_src = masked_fill(src, single_zero, 1);
    const Tensor masked_result = scatter_reduce(self, dim, index, masked_src, reduce, include_self);
    const Tensor single = gather(grad * masked_result, dim, index);
    const Tensor others =
        masked_fill(gather(grad * result, dim, index) / masked_fill(src, src_zero, 1), src_zero, 0);
    for_src = where(single_zero, single, others);
  } else { // amax, amin: shared evenly among the elements that reach it
    const Tensor value = gather(result, dim, index);
    const Tensor self_hit = _to_copy(eq(self, result), self.dtype()),
                 src_hit = _to_copy(eq(src, value), self.dtype());
    const Tensor start = include_self ? self_hit : zeros_like(self_hit);
    const Tensor count = scatter_add(start, dim, index, src_hit);
    const Tensor share = grad / masked_fill(count, eq(count, 0), 1);
    for_self = self_hit * share;
    for_src = src_hit * gather(share, dim, index);
  }
  if (!include_self) for_self = scatter(for_self, dim, index, 0);
  return {for_self, for_src};
}

} // namespace torch::ops
