// COO tensors: made, checked, taken apart, coalesced.
#include "ops/entry.h"
#include "ops/sparse/sparse.h"

namespace torch::ops {

namespace sparse {

void refuse(const char* op, const Tensor& t) {
  not_implemented(op, ": not implemented for tensors of layout ", layout_of(t));
}

void require_coo(const char* op, const Tensor& t) {
  check(layout_of(t) == kSparseCoo, op, " expected sparse coordinate tensor layout but got ", layout_of(t));
}

int64_t sparse_dim(const Tensor& t) {
  if (!is_sparse(t)) return 0;
  const SparseParts& p = sparse_parts(t);
  return p.layout == kSparseCoo ? p.indices.sizes()[0] : 2;
}

int64_t dense_dim(const Tensor& t) {
  if (!is_sparse(t)) return t.dim();
  const SparseParts& p = sparse_parts(t);
  if (p.layout == kSparseCoo) return p.values.dim() - 1;
  return p.values.dim() - p.indices.dim() - (is_blocked(p.layout) ? 2 : 0);
}

int64_t nnz(const Tensor& t) {
  const Ints sizes = sparse_parts(t).indices.sizes();
  return sizes.empty() ? 0 : sizes.back();
}

DimVec without(IntSpan sizes, int64_t d) {
  DimVec rest;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (static_cast<int64_t>(i) != d) rest.push_back(sizes[i]);
  return rest;
}

Tensor make_coo(const Tensor& indices, const Tensor& values, IntSpan sizes, bool coalesced) {
  return _sparse_coo_tensor_unsafe(indices, values, sizes, coalesced);
}

Tensor with_values(const Tensor& self, const Tensor& values) {
  const SparseParts& p = sparse_parts(self);
  if (p.layout == kSparseCoo) return make_coo(p.indices, values, self.sizes(), p.coalesced);
  return _sparse_compressed_tensor_unsafe(p.compressed, p.indices, values, self.sizes(),
                                          static_cast<int64_t>(p.layout));
}

Entries entries(const Tensor& self) {
  const Tensor whole = autograd::should_record(self) ? coalesce(self) : self;
  const SparseParts& p = sparse_parts(whole);
  return {p.indices, autograd::should_record(self) ? _sparse_values(whole) : p.values, p.coalesced};
}

Tensor coo(const Tensor& self) { return layout_of(self) == kSparseCoo ? self : to_layout(self, kSparseCoo); }

Tensor flat_indices(const Tensor& indices, IntSpan sizes) {
  if (indices.is_meta())
    not_implemented("the places of a sparse tensor's entries are data, which meta tensors do not have");
  const int64_t n = indices.sizes()[0];
  numel_of(sizes.first(static_cast<size_t>(n))); // refuses what does not fit 64 bits
  if (n == 0) return zeros({indices.sizes()[1]}, DType::Int64);
  Tensor flat = ops::select(indices, 0, 0);
  for (int64_t d = 1; d < n; ++d)
    flat = flat * Scalar(sizes[static_cast<size_t>(d)]) + ops::select(indices, 0, d);
  return flat;
}

Tensor unflat_indices(const Tensor& flat, IntSpan sizes) {
  std::vector<Tensor> rows(sizes.size());
  Tensor rest = flat;
  for (size_t d = sizes.size(); d-- > 0;) {
    const Scalar size(std::max<int64_t>(sizes[d], 1));
    rows[d] = d == 0 ? rest : remainder(rest, wrapped_number(size));
    if (d > 0) rest = ops::floor_divide(rest, wrapped_number(size));
  }
  return rows.empty() ? empty({0, flat.numel()}, DType::Int64) : stack(rows, 0);
}

namespace {

// Entries in order of their keys, those of equal keys summed.
std::pair<Tensor, Tensor> summed_by_key(const Tensor& keys, const Tensor& values) {
  const auto [sorted, order] = sort(keys, true, 0, false);
  const Tensor arranged = ops::index_select(values, 0, order);
  const int64_t n = keys.numel();
  const Tensor differs = ne(narrow(sorted, 0, 1, n - 1), narrow(sorted, 0, 0, n - 1));
  const Tensor first = ops::cat(std::vector<Tensor>{ones({1}, DType::Bool), differs});
  const Tensor starts = reshape(nonzero(first), {-1});
  if (starts.numel() == n) return {sorted, arranged};
  const Tensor group = cumsum(first, 0, DType::Int64) - Scalar(int64_t{1});
  DimVec sizes = values.sizes();
  sizes[0] = starts.numel();
  const bool flags = values.dtype() == DType::Bool;
  const DType dtype = flags ? DType::Int64 : values.dtype();
  Tensor sums = index_add(zeros(sizes, dtype), 0, group, flags ? _to_copy(arranged, dtype) : arranged);
  return {ops::index_select(sorted, 0, starts), flags ? ne(sums, Scalar(int64_t{0})) : sums};
}

} // namespace

} // namespace sparse

namespace compute {

Tensor _sparse_coo_tensor_unsafe(const Tensor& indices, const Tensor& values, Ints size, bool is_coalesced) {
  check(indices.dim() == 2, "indices must be sparse_dim x nnz, but got: ", indices.sizes());
  check(values.dim() >= 1 && values.sizes()[0] == indices.sizes()[1],
        "indices and values must have same nnz, but got nnz from indices: ", indices.sizes()[1],
        ", nnz from values: ", values.dim() ? values.sizes()[0] : 0);
  const int64_t sparse_dim = indices.sizes()[0], dense_dim = values.dim() - 1;
  check(static_cast<int64_t>(size.size()) == sparse_dim + dense_dim,
        "'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = ", size.size(),
        ", sparse_dim = ", sparse_dim, ", dense_dim = ", dense_dim);
  for (int64_t d = 0; d < dense_dim; ++d)
    check(size[sparse_dim + d] == values.sizes()[1 + d], "values has incorrect size, expected ",
          IntSpan(size).subspan(static_cast<size_t>(sparse_dim)), ", got ",
          IntSpan(values.sizes()).subspan(1));
  check(indices.dtype() == DType::Int64, "indices must be an int64 tensor, but got ", indices.dtype());
  SparseParts parts;
  parts.indices = autograd::detach(indices);
  parts.values = autograd::detach(values);
  parts.coalesced = is_coalesced || indices.sizes()[1] < 2;
  return sparse_tensor(size, std::move(parts));
}

Tensor _coalesce(const Tensor& self) {
  const SparseParts& p = sparse_parts(self);
  const int64_t sparse_dim = p.indices.sizes()[0];
  if (p.coalesced || self.is_meta() || p.values.sizes()[0] < 2)
    return sparse::make_coo(p.indices, p.values, self.sizes(), true);
  const IntSpan sizes = IntSpan(self.sizes()).first(static_cast<size_t>(sparse_dim));
  const auto [keys, values] = sparse::summed_by_key(sparse::flat_indices(p.indices, sizes), p.values);
  return sparse::make_coo(sparse::unflat_indices(keys, sizes), values, self.sizes(), true);
}

Tensor _sparse_values(const Tensor& self) { return torch::alias(sparse_parts(self).values); }

} // namespace compute

Tensor _validate_sparse_coo_tensor_args(const Tensor& indices, const Tensor& values, Ints size,
                                        bool is_coalesced) {
  const Tensor made = compute::_sparse_coo_tensor_unsafe(indices, values, size, false);
  if (indices.numel() == 0 || indices.is_meta()) return values;
  const Tensor least = amin(indices, {1}), most = amax(indices, {1});
  for (int64_t d = 0; d < indices.sizes()[0]; ++d) {
    const int64_t low = least.data<int64_t>()[d], high = most.data<int64_t>()[d];
    check(low >= 0, "found negative index ", low, " for dim ", d);
    check(high < size[d], "size is inconsistent with indices: for dim ", d, ", size is ", size[d],
          " but found index ", high);
  }
  if (is_coalesced) {
    const Tensor flat = sparse::flat_indices(indices, size);
    const Tensor rises = all(gt(narrow(flat, 0, 1, flat.numel() - 1), narrow(flat, 0, 0, flat.numel() - 1)));
    check(*rises.data<bool>(),
          "cannot set is_coalesced to true if indices correspond to uncoalesced COO tensor");
  }
  return values;
}

Tensor coalesce(const Tensor& self) {
  sparse::require_coo("coalesce", self);
  return sparse_parts(self).coalesced ? self : _coalesce(self);
}

bool is_coalesced(const Tensor& self) {
  sparse::require_coo("is_coalesced", self);
  return sparse_parts(self).coalesced;
}

const Tensor& _coalesced_(const Tensor& self, bool coalesced) {
  sparse::require_coo("_coalesced_", self);
  SparseParts parts = sparse_parts(self);
  parts.coalesced = coalesced;
  set_sparse(self, self.sizes(), std::move(parts));
  return self;
}

Tensor indices(const Tensor& self) {
  sparse::require_coo("indices", self);
  check(sparse_parts(self).coalesced,
        "Cannot get indices on an uncoalesced tensor, please call .coalesce() first");
  return torch::alias(sparse_parts(self).indices);
}

Tensor values(const Tensor& self) {
  check(is_sparse(self), "values expected sparse tensor layout but got ", Layout::Strided);
  check(layout_of(self) != kSparseCoo || sparse_parts(self).coalesced,
        "Cannot get values on an uncoalesced tensor, please call .coalesce() first");
  return _sparse_values(self);
}

Tensor _indices(const Tensor& self) {
  if (layout_of(self) != kSparseCoo) sparse::refuse("_indices", self);
  return torch::alias(sparse_parts(self).indices);
}

Tensor _values(const Tensor& self) {
  if (layout_of(self) != kSparseCoo) sparse::refuse("_values", self);
  return torch::alias(sparse_parts(self).values);
}

int64_t _nnz(const Tensor& self) {
  if (!is_sparse(self)) sparse::refuse("_nnz", self);
  return sparse::nnz(self);
}

int64_t sparse_dim(const Tensor& self) { return sparse::sparse_dim(self); }
int64_t dense_dim(const Tensor& self) { return sparse::dense_dim(self); }

namespace {

void check_resize(const char* op, const Tensor& self, Ints size, int64_t sparse_dim, int64_t dense_dim) {
  sparse::require_coo(op, self);
  autograd::check_inplace(self, autograd::should_record(self), op);
  check(sparse_dim >= 0 && dense_dim >= 0 && static_cast<int64_t>(size.size()) == sparse_dim + dense_dim,
        "'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = ", size.size(),
        ", sparse_dim = ", sparse_dim, ", dense_dim = ", dense_dim);
  for (const int64_t s : size) check(s >= 0, op, ": negative size in ", size);
}

} // namespace

const Tensor& sparse_resize_(const Tensor& self, Ints size, int64_t sparse_dim, int64_t dense_dim) {
  check_resize("sparse_resize_", self, size, sparse_dim, dense_dim);
  SparseParts parts = sparse_parts(self);
  if (sparse::nnz(self) == 0) {
    parts = sparse::no_entries(kSparseCoo, size, sparse_dim, self.dtype(), self.device());
  } else {
    check(sparse_dim == sparse::sparse_dim(self) && dense_dim == sparse::dense_dim(self),
          "sparse_resize_: changing the number of sparse or dense dimensions of a non-empty sparse tensor is "
          "not supported");
    for (size_t d = 0; d < size.size(); ++d)
      check(size[d] >= self.sizes()[d] &&
                (static_cast<int64_t>(d) < sparse_dim || size[d] == self.sizes()[d]),
            "sparse_resize_: shrinking the size of a dimension, or changing that of a dense one, of a "
            "non-empty "
            "sparse tensor is not supported: ",
            self.sizes(), " to ", size);
  }
  set_sparse(self, size, std::move(parts));
  self.impl()->version.bump();
  return self;
}

const Tensor& sparse_resize_and_clear_(const Tensor& self, Ints size, int64_t sparse_dim, int64_t dense_dim) {
  check_resize("sparse_resize_and_clear_", self, size, sparse_dim, dense_dim);
  set_sparse(self, size, sparse::no_entries(kSparseCoo, size, sparse_dim, self.dtype(), self.device()));
  self.impl()->version.bump();
  return self;
}

const Tensor& resize_as_sparse_(const Tensor& self, const Tensor& the_template) {
  check(is_sparse(self) && is_sparse(the_template) && layout_of(self) == layout_of(the_template),
        "resize_as_sparse_: expected sparse tensors of one layout, got ", layout_of(self), " and ",
        layout_of(the_template));
  if (torch::equal(self.sizes(), the_template.sizes())) return self;
  if (layout_of(self) != kSparseCoo) sparse::refuse("resize_as_sparse_", self);
  return sparse_resize_(self, the_template.sizes(), sparse::sparse_dim(the_template),
                        sparse::dense_dim(the_template));
}

namespace sparse {

SparseParts no_entries(Layout layout, IntSpan sizes, int64_t sparse_dim, DType dtype, Device device) {
  SparseParts parts;
  parts.layout = layout;
  if (layout == kSparseCoo) {
    DimVec shape{0};
    for (size_t d = static_cast<size_t>(sparse_dim); d < sizes.size(); ++d) shape.push_back(sizes[d]);
    parts.indices = empty_tensor(DimVec{sparse_dim, 0}, DType::Int64, device);
    parts.values = empty_tensor(shape, dtype, device);
    parts.coalesced = true;
    return parts;
  }
  if (is_blocked(layout)) not_implemented("empty: not implemented for layout ", layout);
  check(sizes.size() >= 2, "Only batched sparse compressed (non-block) tensors are supported, but got size ",
        sizes);
  DimVec shape;
  for (size_t d = 0; d + 2 < sizes.size(); ++d) shape.push_back(sizes[d]);
  shape.push_back(0);
  parts.indices = empty_tensor(shape, DType::Int64, device);
  parts.values = empty_tensor(shape, dtype, device);
  shape.back() = sizes[sizes.size() - (compresses_rows(layout) ? 2 : 1)] + 1;
  parts.compressed = zeros(shape, DType::Int64, device);
  return parts;
}

Tensor empty_like(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device) {
  return sparse_tensor(self.sizes(),
                       no_entries(layout_of(self), self.sizes(), sparse_dim(self),
                                  dtype.value_or(self.dtype()), device.value_or(self.device())));
}

Tensor new_empty(const Tensor& self, IntSpan sizes, std::optional<DType> dtype,
                 std::optional<Device> device) {
  for (const int64_t s : sizes)
    check(s >= 0, "Trying to create tensor with negative dimension ", s, ": ", sizes);
  return sparse_tensor(sizes, no_entries(layout_of(self), sizes, static_cast<int64_t>(sizes.size()),
                                         dtype.value_or(self.dtype()), device.value_or(self.device())));
}

const Tensor& zero_(const Tensor& self) {
  autograd::check_inplace(self, autograd::should_record(self), "zero_");
  if (autograd::should_record(self)) refuse("zero_ with gradient", self);
  set_sparse(self, self.sizes(),
             no_entries(layout_of(self), self.sizes(), sparse_dim(self), self.dtype(), self.device()));
  self.impl()->version.bump();
  return self;
}

} // namespace sparse

} // namespace torch::ops
