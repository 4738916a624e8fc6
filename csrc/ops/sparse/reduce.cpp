// Reductions of sparse tensors.
#include "ops/entry.h"
#include "ops/sparse/sparse.h"

namespace torch::ops {

namespace sparse {

namespace {

DType sum_dtype(const Tensor& self, std::optional<DType> dtype) {
  return dtype.value_or(is_integral(self.dtype(), true) ? DType::Int64 : self.dtype());
}

// Sum over some dimensions of a COO tensor; dense where no listed dimension stays.
Tensor sum_over(const Tensor& self, Ints dim, std::optional<DType> dtype) {
  const uint64_t mask = dim_mask(dim, self.dim(), "sum");
  const Tensor whole = coalesce(self);
  const int64_t n = sparse_dim(whole);
  DimVec dense, sizes;
  std::vector<Tensor> rows;
  const std::vector<Tensor> all_rows = ops::unbind(sparse_parts(whole).indices, 0);
  bool leading = true; // listed dimensions that stay are the first ones
  for (int64_t d = 0; d < self.dim(); ++d) {
    const bool gone = mask >> d & 1;
    if (!gone) sizes.push_back(self.sizes()[d]);
    if (d >= n) {
      if (gone) dense.push_back(d - n + 1);
    } else if (!gone) {
      rows.push_back(all_rows[static_cast<size_t>(d)]);
    } else {
      leading = false;
    }
  }
  Tensor values = ops::values(whole);
  if (dense.size() > 0) values = ops::sum(values, dense, false, sum_dtype(self, dtype));
  if (values.dtype() != sum_dtype(self, dtype)) values = _to_copy(values, sum_dtype(self, dtype));
  if (rows.empty()) return ops::sum(values, {0}, false, values.dtype());
  const Tensor reduced = make_coo(stack(rows, 0), values, sizes, leading);
  return leading ? reduced : coalesce(reduced);
}

} // namespace

Tensor sum(const Tensor& self, std::optional<DType> dtype) {
  return ops::sum(sparse_parts(self).values, sum_dtype(self, dtype));
}

Tensor sum(const Tensor& self, OptInts dim, bool keepdim, std::optional<DType> dtype) {
  if (!dim || dim.span().empty()) {
    const Tensor total = ops::sum(self, dtype);
    return keepdim ? reshape(total, DimVec(static_cast<size_t>(self.dim()), 1)) : total;
  }
  if (layout_of(self) != kSparseCoo) {
    check(keepdim, "sum: reduction of a compressed sparse tensor over dimensions needs keepdim=True");
    return to_layout(sum(coo(self), dim, keepdim, dtype), layout_of(self));
  }
  Tensor result = sum_over(self, dim.span(), dtype);
  if (!keepdim) return result;
  const uint64_t mask = dim_mask(dim.span(), self.dim(), "sum");
  if (!is_sparse(result)) { // all listed dimensions went
    DimVec sizes = self.sizes();
    for (int64_t d = 0; d < self.dim(); ++d)
      if (mask >> d & 1) sizes[static_cast<size_t>(d)] = 1;
    return _dense_to_coo(reshape(result, sizes), sparse_dim(self));
  }
  for (int64_t d = 0; d < self.dim(); ++d)
    if (mask >> d & 1) result = ops::unsqueeze(result, d);
  return result;
}

Tensor any(const Tensor& self, OptInts dim, bool keepdim) {
  if (dim || keepdim) refuse("any over dimensions", self);
  return ops::any(sparse_parts(self).values);
}

Tensor vector_norm(const Tensor& self, const Scalar& ord, OptInts dim, bool keepdim,
                   std::optional<DType> dtype) {
  if (layout_of(self) != kSparseCoo) refuse("norm", self);
  check((!dim || dim.span().empty()) && !keepdim, "norm_sparse currently only supports full reductions");
  const double p = ord.to<double>();
  check(p > 0, "norm: a sparse tensor has norms of positive order only, got ", p);
  return linalg_vector_norm(ops::values(coalesce(self)), ord, std::nullopt, false, dtype);
}

} // namespace sparse

Tensor _sparse_sum(const Tensor& self, OptInts dim, std::optional<DType> dtype) {
  sparse::require_coo("coalesce", self);
  if (!dim) return sum(values(coalesce(self)), dtype);
  return sparse::sum_over(self, dim.span(), dtype);
}

namespace {

// Entries that share all places but that along `dim` make a group; in a group there is softmax.
Tensor entries_softmax(const char* op, const Tensor& self, int64_t dim, std::optional<DType> dtype,
                       bool log) {
  if (layout_of(self) != kSparseCoo) sparse::refuse(op, self);
  const Tensor input = dtype && *dtype != self.dtype() ? _to_copy(self, *dtype) : self;
  check(input.is_floating_point(), op, ": only floating dtypes are supported, got ", input.dtype());
  const Tensor whole = coalesce(input);
  const int64_t d = wrap_dim(dim, self.dim()), n = sparse::sparse_dim(whole);
  const Tensor v = values(whole);
  if (d >= n) return sparse::with_values(whole, log ? log_softmax(v, d - n + 1) : softmax(v, d - n + 1));
  if (v.sizes()[0] == 0) return whole;
  std::vector<Tensor> rows = unbind(sparse_parts(whole).indices, 0);
  rows.erase(rows.begin() + d);
  DimVec sizes = sparse::without(self.sizes(), d);
  sizes.resize(static_cast<size_t>(n - 1));
  const Tensor keys =
      rows.empty() ? zeros({v.sizes()[0]}, DType::Int64) : sparse::flat_indices(stack(rows, 0), sizes);
  const auto [distinct, group, counts] = _unique2(keys, true, true);
  DimVec shape = v.sizes();
  shape[0] = distinct.numel();
  Tensor most = full(shape, Scalar(-std::numeric_limits<double>::infinity()), v.dtype());
  DimVec column(static_cast<size_t>(v.dim()), 1);
  column[0] = v.sizes()[0];
  const Tensor spread = expand(reshape(group, column), v.sizes());
  most = scatter_reduce(most, 0, spread, autograd::detach(v), "amax");
  const Tensor shifted = v - index_select(most, 0, group);
  const Tensor total = index_add(zeros(shape, v.dtype()), 0, group, exp(shifted));
  return sparse::with_values(whole, log ? shifted - index_select(torch::ops::log(total), 0, group)
                                        : exp(shifted) / index_select(total, 0, group));
}

} // namespace

Tensor _sparse_softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return entries_softmax("_sparse_softmax", self, dim, dtype, false);
}
Tensor _sparse_log_softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return entries_softmax("_sparse_log_softmax", self, dim, dtype, true);
}

Tensor _spdiags(const Tensor& diagonals, const Tensor& offsets, Ints shape) {
  const Tensor rows = diagonals.dim() == 1 ? unsqueeze(diagonals, 0) : diagonals;
  const Tensor at = reshape(offsets, {-1});
  check(rows.dim() == 2, "Diagonals must be vector or matrix");
  check(shape.size() == 2, "Output shape must be 2d");
  check(at.dtype() == DType::Int64, "Offset Tensor must have dtype Long");
  check(at.numel() == rows.sizes()[0], "Number of diagonals (", rows.sizes()[0],
        ") does not match the number of offsets (", at.numel(), ")");
  check(std::get<0>(_unique2(at)).numel() == at.numel(), "Offset tensor contains duplicate values");
  const int64_t count = rows.sizes()[0], width = rows.sizes()[1];
  const Tensor column = expand(unsqueeze(arange(Scalar(width)), 0), DimVec{count, width});
  const Tensor row = column - unsqueeze(at, 1);
  const Tensor inside =
      reshape(logical_and(logical_and(ge(row, Scalar(int64_t{0})), lt(row, Scalar(shape[0]))),
                          lt(column, Scalar(shape[1]))),
              {-1});
  const Tensor chosen = reshape(nonzero(inside), {-1});
  const auto pick = [&](const Tensor& t) { return index_select(reshape(t, {-1}), 0, chosen); };
  return sparse::make_coo(stack(std::vector<Tensor>{pick(row), pick(column)}, 0), pick(rows), shape, false);
}

} // namespace torch::ops
