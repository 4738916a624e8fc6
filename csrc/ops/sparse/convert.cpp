// Between layouts: compressed tensors made and checked, COO, CSR, CSC, and dense tensors turned into one
// another.
#include "ops/entry.h"
#include "ops/sparse/sparse.h"

namespace torch::ops {

namespace compute {
Tensor _coalesce(const Tensor& self);
}

namespace {

// Dimensions of a compressed tensor: [batch ..., rows, columns, dense ...].
struct Compressed {
  int64_t batch_dim, rows, columns;
  bool by_rows;
  int64_t lines() const { return by_rows ? rows : columns; }  // how many lines are compressed
  int64_t extent() const { return by_rows ? columns : rows; } // length of a line
};

Compressed compressed_dims(const Tensor& self) {
  const SparseParts& p = sparse_parts(self);
  const int64_t batch = p.compressed.dim() - 1;
  return {batch, self.sizes()[batch], self.sizes()[batch + 1], compresses_rows(p.layout)};
}

const char* compressed_name(Layout l) { return compresses_rows(l) ? "crow_indices" : "ccol_indices"; }
const char* plain_name(Layout l) { return compresses_rows(l) ? "col_indices" : "row_indices"; }

void require_compressed(const char* op, const Tensor& self, bool by_rows) {
  const Layout l = layout_of(self);
  check(l != Layout::Strided && l != kSparseCoo && compresses_rows(l) == by_rows, op,
        by_rows ? " expected sparse row compressed tensor layout but got "
                : " expected sparse column compressed tensor layout but got ",
        l);
}

// Line of each entry of a compressed tensor without batches or with: [batch * lines] counts to [entries].
Tensor line_of_entries(const Tensor& compressed) {
  const Tensor counts = reshape(_to_copy(diff(compressed, 1, -1), DType::Int64), {-1});
  return repeat_interleave(arange(Scalar(counts.numel())), counts);
}

// Blocks as entries of their own.
Tensor blocks_to_coo(const Tensor& self) {
  const SparseParts& p = sparse_parts(self);
  if (p.compressed.dim() != 1 || sparse::dense_dim(self) != 0)
    not_implemented("to_sparse: not implemented for batches or dense dimensions of layout ", p.layout);
  const Tensor lines = line_of_entries(p.compressed), plain = _to_copy(p.indices, DType::Int64);
  const bool by_rows = compresses_rows(p.layout);
  const int64_t height = p.values.sizes()[1], width = p.values.sizes()[2], n = p.values.sizes()[0];
  const auto spread = [&](const Tensor& block, int64_t size, bool down) {
    const Tensor within = reshape(arange(Scalar(size)), down ? DimVec{1, size, 1} : DimVec{1, 1, size});
    return reshape(expand(reshape(block * Scalar(size), {-1, 1, 1}) + within, DimVec{n, height, width}),
                   {-1});
  };
  const Tensor rows = spread(by_rows ? lines : plain, height, true);
  const Tensor columns = spread(by_rows ? plain : lines, width, false);
  return sparse::make_coo(stack(std::vector<Tensor>{rows, columns}, 0), reshape(_sparse_values(self), {-1}),
                          self.sizes(), false);
}

Tensor compressed_to_coo(const Tensor& self) {
  const SparseParts& p = sparse_parts(self);
  if (is_blocked(p.layout)) return coalesce(blocks_to_coo(self));
  const Compressed c = compressed_dims(self);
  const Tensor lines = line_of_entries(p.compressed);
  const Tensor plain = reshape(_to_copy(p.indices, DType::Int64), {-1});
  check(lines.numel() == plain.numel(), compressed_name(p.layout), " and ", plain_name(p.layout),
        " do not fit: they give ", lines.numel(), " and ", plain.numel(), " entries");
  DimVec batch_and_lines;
  for (int64_t d = 0; d < c.batch_dim; ++d) batch_and_lines.push_back(self.sizes()[d]);
  batch_and_lines.push_back(c.lines());
  const Tensor leading = sparse::unflat_indices(lines, batch_and_lines); // [batch_dim + 1, nnz]
  std::vector<Tensor> rows = ops::unbind(leading, 0);
  rows.push_back(plain);
  if (!c.by_rows) std::swap(rows[rows.size() - 2], rows.back());
  Tensor values = _sparse_values(self);
  if (c.batch_dim > 0) values = flatten(values, 0, c.batch_dim);
  return sparse::make_coo(stack(rows, 0), values, self.sizes(), c.by_rows);
}

Tensor coo_to_compressed(const Tensor& self, Layout layout) {
  check(sparse::sparse_dim(self) == 2, "to_sparse: conversion to ", layout,
        " expects a COO tensor of 2 sparse dimensions, got ", sparse::sparse_dim(self));
  if (is_blocked(layout)) not_implemented("to_sparse: conversion to ", layout, " is not implemented");
  const Tensor whole = coalesce(self);
  const SparseParts& p = sparse_parts(whole);
  const bool by_rows = compresses_rows(layout);
  Tensor lines = select(p.indices, 0, by_rows ? 0 : 1), plain = select(p.indices, 0, by_rows ? 1 : 0);
  Tensor values = p.values;
  if (!by_rows) { // entries are in order of rows: a stable sort by columns puts them in order
    const auto [sorted, order] = sort(lines, true, 0, false);
    lines = sorted;
    plain = index_select(plain, 0, order);
    values = index_select(values, 0, order);
  }
  const int64_t n = self.sizes()[by_rows ? 0 : 1];
  return _sparse_compressed_tensor_unsafe(_line_begins(lines, n), plain, values, self.sizes(),
                                          static_cast<int64_t>(layout));
}

Tensor dense_of_coo(const Tensor& self) {
  const SparseParts& p = sparse_parts(self);
  const auto sparse_dim = static_cast<size_t>(p.indices.sizes()[0]);
  const IntSpan sizes = self.sizes();
  DimVec folded{numel_of(sizes.first(sparse_dim))};
  for (size_t d = sparse_dim; d < sizes.size(); ++d) folded.push_back(sizes[d]);
  const Tensor flat = sparse::flat_indices(p.indices, sizes);
  const bool flags = self.dtype() == DType::Bool;
  const DType dtype = flags ? DType::UInt8 : self.dtype();
  Tensor out = zeros(folded, dtype);
  if (flags && !p.coalesced) return dense_of_coo(compute::_coalesce(self));
  if (flat.numel() > 0) index_add_(out, 0, flat, flags ? _to_copy(p.values, dtype) : p.values);
  out = reshape(out, sizes);
  return flags ? _to_copy(out, DType::Bool) : out;
}

} // namespace

namespace compute {

Tensor _sparse_compressed_tensor_unsafe(const Tensor& compressed_indices, const Tensor& plain_indices,
                                        const Tensor& values, Ints size, int64_t layout) {
  const auto l = static_cast<Layout>(layout);
  check(l >= kSparseCsr && l <= kSparseBsc,
        "sparse_compressed_tensor expected sparse compressed tensor layout but got ", l);
  check(compressed_indices.dim() >= 1, compressed_name(l), " must have dimensionality >= 1 but got ",
        compressed_indices.dim());
  check(plain_indices.dim() == compressed_indices.dim(), compressed_name(l), " and ", plain_name(l),
        " dimensionalities must be equal but got ", compressed_indices.dim(), " and ", plain_indices.dim(),
        ", respectively");
  for (const Tensor* t : {&compressed_indices, &plain_indices})
    check(t->dtype() == DType::Int64 || t->dtype() == DType::Int32, compressed_name(l), " and ",
          plain_name(l), " must be int32 or int64 tensors, but got ", t->dtype());
  check(compressed_indices.dtype() == plain_indices.dtype(), compressed_name(l), " and ", plain_name(l),
        " must have the same dtype, but got ", compressed_indices.dtype(), " and ", plain_indices.dtype());
  const int64_t batch = compressed_indices.dim() - 1, block = is_blocked(l) ? 2 : 0;
  const int64_t dense = values.dim() - batch - 1 - block;
  check(dense >= 0 && static_cast<int64_t>(size.size()) == batch + 2 + dense,
        "tensor dimensionality must be sum of batch, base, and dense dimensionalities (=", batch, " + 2 + ",
        dense, ") but got ", size.size());
  for (int64_t d = 0; d <= batch; ++d)
    check(d == batch ? plain_indices.sizes()[d] == values.sizes()[d]
                     : compressed_indices.sizes()[d] == size[d] && plain_indices.sizes()[d] == size[d] &&
                           values.sizes()[d] == size[d],
          "sparse_compressed_tensor: shapes of ", compressed_name(l), " ", compressed_indices.sizes(), ", ",
          plain_name(l), " ", plain_indices.sizes(), " and values ", values.sizes(), " do not fit size ",
          size);
  SparseParts parts;
  parts.layout = l;
  parts.compressed = autograd::detach(compressed_indices);
  parts.indices = autograd::detach(plain_indices);
  parts.values = autograd::detach(values);
  return sparse_tensor(size, std::move(parts));
}

Tensor _to_dense(const Tensor& self, bool) {
  if (self.is_meta()) return empty_tensor(self.sizes(), self.dtype(), self.device());
  return dense_of_coo(sparse::coo(self));
}

Tensor _dense_to_coo(const Tensor& self, int64_t sparse_dim) {
  if (self.is_meta())
    not_implemented("to_sparse: the number of entries depends on data, which meta tensors do not have");
  const int64_t dim = self.dim();
  check(sparse_dim >= 0 && sparse_dim <= dim && (sparse_dim > 0 || dim == 0),
        "sparse_dim argument must be in >0 when self.dim()>0, and at most self.dim()=", dim, ", got ",
        sparse_dim);
  Tensor flags = ne(self, Scalar(int64_t{0}));
  if (sparse_dim < dim) {
    DimVec rest;
    for (int64_t d = sparse_dim; d < dim; ++d) rest.push_back(d);
    flags = any(flags, rest);
  }
  const Tensor indices = t(nonzero(flags)); // [sparse_dim, nnz]
  const auto n = static_cast<size_t>(sparse_dim);
  DimVec folded{numel_of(IntSpan(self.sizes()).first(n))};
  for (size_t d = n; d < self.sizes().size(); ++d) folded.push_back(self.sizes()[d]);
  const Tensor values = index_select(reshape(self, folded), 0, sparse::flat_indices(indices, self.sizes()));
  return sparse::make_coo(clone(indices, MemoryFormat::Contiguous), values, self.sizes(), true);
}

Tensor _to_sparse_layout(const Tensor& self, int64_t layout, int64_t) {
  const auto to = static_cast<Layout>(layout);
  const Layout from = layout_of(self);
  if (to == from) return torch::alias(self);
  if (to == Layout::Strided) return _to_dense(self, true);
  if (from == Layout::Strided && is_blocked(to))
    not_implemented("to_sparse: conversion to ", to, " is not implemented");
  const Tensor by_place = from == Layout::Strided ? _dense_to_coo(self, to == kSparseCoo ? self.dim() : 2)
                          : from == kSparseCoo    ? self
                                                  : compressed_to_coo(self);
  return to == kSparseCoo ? by_place : coo_to_compressed(by_place, to);
}

Tensor _sparse_mask(const Tensor& self, const Tensor& mask, int64_t) {
  if (!is_sparse(mask)) sparse::refuse("sparse_mask", mask);
  check(torch::equal(self.sizes(), mask.sizes()),
        "sparse_mask(): operands have incompatible sizes; self has size ", self.sizes(),
        " but mask has size ", mask.sizes());
  if (self.is_same(mask)) return torch::alias(self);
  const SparseParts& p = sparse_parts(mask);
  if (p.layout == kSparseCoo)
    return sparse::make_coo(p.indices, sparse::values_at(self, p.indices, mask.sizes()), mask.sizes(),
                            p.coalesced);
  if (is_blocked(p.layout)) sparse::refuse("sparse_mask", mask);
  return sparse::with_values(mask, sparse::compressed_values_at(self, p.compressed, p.indices, p.layout));
}

} // namespace compute

Tensor _validate_sparse_compressed_args(const Tensor& compressed_indices, const Tensor& plain_indices,
                                        const Tensor& values, Ints size, int64_t layout) {
  const Tensor made =
      compute::_sparse_compressed_tensor_unsafe(compressed_indices, plain_indices, values, size, layout);
  const auto l = static_cast<Layout>(layout);
  const Compressed c = compressed_dims(made);
  int64_t lines = c.lines(), extent = c.extent();
  if (is_blocked(l)) {
    const IntSpan block = IntSpan(values.sizes()).subspan(static_cast<size_t>(c.batch_dim + 1), 2);
    for (const int64_t b : block) check(b > 0, "sparse_compressed_tensor: empty blocks ", block);
    check(c.rows % block[0] == 0 && c.columns % block[1] == 0, "tensor shape ", size,
          " must be divisible by the blocksize ", block);
    lines /= c.by_rows ? block[0] : block[1];
    extent /= c.by_rows ? block[1] : block[0];
  }
  const char* const many = c.by_rows ? "rows" : "columns";
  check(compressed_indices.sizes().back() == lines + 1, compressed_name(l),
        ".shape[-1] must be equal to the number of ", many, " + 1 (=", lines + 1, "), but got ",
        compressed_indices.sizes().back());
  if (made.is_meta()) return values;
  const auto holds = [](const Tensor& flags) { return *all(flags).data<bool>(); };
  const Scalar zero(int64_t{0});
  const Tensor first = select(compressed_indices, -1, 0), last = select(compressed_indices, -1, -1);
  check(holds(eq(first, zero)), "`", compressed_name(l), "[..., 0] == 0` is not satisfied.");
  check(holds(eq(last, Scalar(plain_indices.sizes().back()))), "`", compressed_name(l),
        "[..., -1] == nnz` is not satisfied.");
  const Tensor counts = diff(compressed_indices, 1, -1);
  const char* const length = c.by_rows ? "ncols" : "nrows";
  check(holds(logical_and(ge(counts, zero), le(counts, Scalar(extent)))), "`0 <= ", compressed_name(l),
        "[..., 1:] - ", compressed_name(l), "[..., :-1] <= ", length, "` is not satisfied.");
  check(holds(logical_and(ge(plain_indices, zero), lt(plain_indices, Scalar(extent)))),
        "`0 <= ", plain_name(l), " < ", length, "` is not satisfied.");
  const int64_t n = plain_indices.sizes().back();
  if (n > 1) {
    const Tensor line = reshape(line_of_entries(compressed_indices), plain_indices.sizes());
    const Tensor same = eq(narrow(line, -1, 1, n - 1), narrow(line, -1, 0, n - 1));
    const Tensor rises = gt(narrow(plain_indices, -1, 1, n - 1), narrow(plain_indices, -1, 0, n - 1));
    check(holds(logical_or(logical_not(same), rises)), "`", plain_name(l), "[..., ", compressed_name(l),
          "[..., i - 1]:", compressed_name(l), "[..., i]] for all i = 1, ..., ", many,
          " are sorted and distinct along the last dimension values` is not satisfied.");
  }
  return values;
}

Tensor crow_indices(const Tensor& self) {
  require_compressed("crow_indices", self, true);
  return torch::alias(sparse_parts(self).compressed);
}
Tensor col_indices(const Tensor& self) {
  require_compressed("col_indices", self, true);
  return torch::alias(sparse_parts(self).indices);
}
Tensor ccol_indices(const Tensor& self) {
  require_compressed("ccol_indices", self, false);
  return torch::alias(sparse_parts(self).compressed);
}
Tensor row_indices(const Tensor& self) {
  require_compressed("row_indices", self, false);
  return torch::alias(sparse_parts(self).indices);
}

Tensor to_dense(const Tensor& self, std::optional<DType> dtype, std::optional<bool> masked_grad) {
  if (!is_sparse(self)) return dtype && *dtype != self.dtype() ? _to_copy(self, dtype) : self;
  check(!dtype, "dtype argument is not supported by sparse_to_dense");
  return _to_dense(self, masked_grad.value_or(true));
}

Tensor _to_sparse(const Tensor& self, int64_t sparse_dim) {
  if (!is_sparse(self)) return _dense_to_coo(self, sparse_dim);
  check(layout_of(self) == kSparseCoo && sparse_dim == sparse::sparse_dim(self),
        "to_sparse: conversion from Sparse to Sparse with sparse_dim argument !=self.sparse_dim() is not "
        "supported");
  return self;
}

Tensor sparse_mask(const Tensor& self, const Tensor& mask) {
  return _sparse_mask(self, mask, static_cast<int64_t>(layout_of(self)));
}

namespace sparse {

Tensor to_layout(const Tensor& self, Layout layout) {
  return layout_of(self) == layout
             ? self
             : _to_sparse_layout(self, static_cast<int64_t>(layout), static_cast<int64_t>(layout_of(self)));
}

Tensor values_at(const Tensor& self, const Tensor& indices, IntSpan sizes) {
  const auto n = static_cast<size_t>(indices.sizes()[0]);
  const Tensor flat = flat_indices(indices, sizes);
  if (!is_sparse(self)) {
    DimVec folded{numel_of(sizes.first(n))};
    for (size_t d = n; d < sizes.size(); ++d) folded.push_back(sizes[d]);
    return ops::index_select(reshape(self, folded), 0, flat);
  }
  // Found by bisection among the entries of the sparse one; a zero row stands for what is not listed.
  const Tensor whole = coalesce(coo(self));
  if (sparse_dim(whole) != static_cast<int64_t>(n)) return values_at(_to_dense(whole, true), indices, sizes);
  const SparseParts& p = sparse_parts(whole);
  const Tensor values = _sparse_values(whole);
  DimVec one_row = values.sizes();
  one_row[0] = 1;
  const Tensor padded = ops::cat(std::vector<Tensor>{values, zeros(one_row, values.dtype())});
  const int64_t count = values.sizes()[0];
  if (count == 0) return ops::index_select(padded, 0, zeros_like(flat));
  const Tensor known = flat_indices(p.indices, sizes);
  const Tensor at = clamp_max(searchsorted(known, flat), Scalar(count - 1));
  const Tensor found = eq(ops::index_select(known, 0, at), flat);
  return ops::index_select(padded, 0, where(found, at, full_like(at, Scalar(count))));
}

Tensor compressed_values_at(const Tensor& grad, const Tensor& compressed, const Tensor& plain,
                            Layout layout) {
  if (is_blocked(layout)) not_implemented("values of a gradient: not implemented for layout ", layout);
  if (is_sparse(grad) && layout_of(grad) == layout &&
      torch::equal(sparse_parts(grad).indices.sizes(), plain.sizes()) &&
      ops::equal(sparse_parts(grad).indices, plain) && ops::equal(sparse_parts(grad).compressed, compressed))
    return _sparse_values(grad);
  // The places as a COO tensor's, then back into [batch ..., nnz].
  const Tensor pattern = _sparse_compressed_tensor_unsafe(
      compressed, plain, zeros(plain.sizes(), DType::Bool),
      IntSpan(grad.sizes()).first(static_cast<size_t>(plain.dim() + 1)), static_cast<int64_t>(layout));
  const Compressed c = compressed_dims(pattern);
  const Tensor lines = line_of_entries(compressed);
  DimVec leading;
  for (int64_t d = 0; d < c.batch_dim; ++d) leading.push_back(grad.sizes()[d]);
  leading.push_back(c.lines());
  std::vector<Tensor> rows = ops::unbind(unflat_indices(lines, leading), 0);
  rows.push_back(reshape(_to_copy(plain, DType::Int64), {-1}));
  if (!c.by_rows) std::swap(rows[rows.size() - 2], rows.back());
  const Tensor found = values_at(grad, stack(rows, 0), grad.sizes());
  DimVec shape = plain.sizes();
  for (size_t d = 1; d < found.sizes().size(); ++d) shape.push_back(found.sizes()[d]);
  return reshape(found, shape);
}

Tensor to_dense_grad(const Tensor& grad, const Tensor& self, bool masked) {
  if (!masked) return to_layout(grad, layout_of(self));
  return sparse_mask(grad, layout_of(self) == kSparseCoo ? coalesce(self) : self);
}

Tensor mask_grad(const Tensor& grad, const Tensor& mask, Layout from) {
  return to_layout(sparse_mask(grad, mask), from); // a place that is listed twice counts twice
}

} // namespace sparse

} // namespace torch::ops
