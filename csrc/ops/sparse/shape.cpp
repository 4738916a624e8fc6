// Shapes of sparse tensors: dimensions moved, parts selected, tensors joined.
#include "ops/entry.h"
#include "ops/sparse/sparse.h"

namespace torch::ops::sparse {

namespace {

void require_coo_layout(const char* op, const Tensor& t) {
  if (layout_of(t) != kSparseCoo) refuse(op, t);
}

Tensor row(const Tensor& indices, int64_t d) { return ops::select(indices, 0, d); }

// indices with row d replaced.
Tensor with_row(const Tensor& indices, int64_t d, const Tensor& fresh) {
  std::vector<Tensor> rows = ops::unbind(indices, 0);
  rows[static_cast<size_t>(d)] = fresh;
  return stack(rows, 0);
}

} // namespace

Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1) {
  const int64_t a = wrap_dim(dim0, self.dim()), b = wrap_dim(dim1, self.dim());
  if (a == b) return torch::alias(self);
  DimVec sizes = self.sizes();
  std::swap(sizes[static_cast<size_t>(a)], sizes[static_cast<size_t>(b)]);
  SparseParts p = sparse_parts(self);
  if (p.layout == kSparseCoo) {
    const int64_t n = sparse_dim(self);
    check(a < n && b < n, "sparse transpose: transposed dimensions must be sparse Got sparse_dim: ", n,
          ", d0: ", a, ", d1: ", b);
    std::vector<Tensor> rows = ops::unbind(p.indices, 0);
    std::swap(rows[static_cast<size_t>(a)], rows[static_cast<size_t>(b)]);
    return make_coo(stack(rows, 0), p.values, sizes, p.values.sizes()[0] < 1);
  }
  const int64_t batch = p.compressed.dim() - 1;
  if (std::min(a, b) != batch || std::max(a, b) != batch + 1)
    refuse("transpose of other than the last two dimensions", self);
  // What compressed rows compresses columns now.
  p.layout = p.layout == kSparseCsr   ? kSparseCsc
             : p.layout == kSparseCsc ? kSparseCsr
             : p.layout == kSparseBsr ? kSparseBsc
                                      : kSparseBsr;
  if (is_blocked(p.layout)) p.values = ops::transpose(p.values, batch + 1, batch + 2);
  return sparse_tensor(sizes, std::move(p));
}

Tensor t(const Tensor& self) {
  check(self.dim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is ", self.dim(), "D");
  return self.dim() < 2 ? torch::alias(self) : transpose(self, 0, 1);
}

Tensor permute(const Tensor& self, Ints dims) {
  check(static_cast<int64_t>(dims.size()) == self.dim(),
        "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
        "desired "
        "ordering of dimensions i.e. input.dim() = ",
        self.dim(), " is not equal to len(dims) = ", dims.size());
  DimVec order, sizes;
  uint64_t seen = 0;
  for (const int64_t d : dims) {
    order.push_back(wrap_dim(d, self.dim()));
    check(!(seen >> order.back() & 1), "permute(): duplicate dims are not allowed.");
    seen |= uint64_t{1} << order.back();
    sizes.push_back(self.sizes()[order.back()]);
  }
  const SparseParts& p = sparse_parts(self);
  if (p.layout != kSparseCoo) {
    if (self.dim() == 2) return order[0] == 0 ? torch::alias(self) : transpose(self, 0, 1);
    refuse("permute", self);
  }
  const int64_t n = sparse_dim(self);
  DimVec dense{0};
  std::vector<Tensor> rows;
  bool moved = false;
  for (size_t i = 0; i < order.size(); ++i) {
    const bool listed = static_cast<int64_t>(i) < n;
    check(listed == (order[i] < n),
          "permute(): transpositions between sparse and dense dimensions are not allowed.");
    if (listed) {
      rows.push_back(row(p.indices, order[i]));
      moved |= order[i] != static_cast<int64_t>(i);
    } else {
      dense.push_back(order[i] - n + 1);
    }
  }
  return make_coo(rows.empty() ? p.indices : stack(rows, 0), ops::permute(p.values, dense), sizes,
                  p.coalesced && !moved);
}

Tensor unsqueeze(const Tensor& self, int64_t dim) {
  require_coo_layout("unsqueeze", self);
  const int64_t d = wrap_dim(dim, self.dim() + 1), n = sparse_dim(self);
  const SparseParts& p = sparse_parts(self);
  DimVec sizes = self.sizes();
  sizes.push_back(1);
  std::rotate(sizes.begin() + d, sizes.end() - 1, sizes.end());
  if (d > n) return make_coo(p.indices, ops::unsqueeze(p.values, d - n + 1), sizes, p.coalesced);
  std::vector<Tensor> rows = ops::unbind(p.indices, 0);
  rows.insert(rows.begin() + d, zeros({nnz(self)}, DType::Int64));
  return make_coo(stack(rows, 0), p.values, sizes, p.coalesced);
}

Tensor squeeze(const Tensor& self, Ints dim) {
  require_coo_layout("squeeze", self);
  const uint64_t mask = dim_mask(dim.span(), self.dim(), "squeeze");
  Tensor result = self;
  for (int64_t d = self.dim(); d-- > 0;)
    if (mask >> d & 1 && self.sizes()[d] == 1) result = ops::select(result, d, 0);
  return result.is_same(self) ? ops::alias(self) : result;
}

Tensor select(const Tensor& self, int64_t dim, int64_t index) {
  if (layout_of(self) != kSparseCoo) return select(coo(self), dim, index);
  const int64_t d = wrap_dim(dim, self.dim()), n = sparse_dim(self), size = self.sizes()[d];
  check_index(index >= -size && index < size, "select(): index ", index, " out of range for tensor of size ",
              self.sizes(), " at dimension ", d);
  const int64_t at = index < 0 ? index + size : index;
  const Entries e = entries(self);
  const DimVec sizes = without(self.sizes(), d);
  if (d >= n) return make_coo(e.indices, ops::select(e.values, d - n + 1, at), sizes, e.coalesced);
  const Tensor chosen = reshape(nonzero(eq(row(e.indices, d), Scalar(at))), {-1});
  const Tensor values = ops::index_select(e.values, 0, chosen);
  if (n == 1) return ops::sum(values, {0}, false, values.dtype()); // no dimension is listed any more
  std::vector<Tensor> rows = ops::unbind(e.indices, 0);
  rows.erase(rows.begin() + d);
  return make_coo(ops::index_select(stack(rows, 0), 1, chosen), values, sizes, e.coalesced);
}

Tensor slice(const Tensor& self, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
             int64_t step) {
  require_coo_layout("slice", self);
  const int64_t d = wrap_dim(dim, self.dim()), n = sparse_dim(self), size = self.sizes()[d];
  check_value(step > 0, "slice step must be positive");
  const auto clipped = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size); };
  const int64_t first = clipped(start.value_or(0)), last = std::max(first, clipped(end.value_or(size)));
  const Entries e = entries(self);
  DimVec sizes = self.sizes();
  sizes[static_cast<size_t>(d)] = (last - first + step - 1) / step;
  if (d >= n)
    return make_coo(e.indices, ops::slice(e.values, d - n + 1, first, last, step), sizes, e.coalesced);
  const Tensor from = row(e.indices, d) - Scalar(first);
  Tensor inside = logical_and(ge(from, Scalar(int64_t{0})), lt(from, Scalar(last - first)));
  if (step > 1)
    inside = logical_and(inside, eq(remainder(from, wrapped_number(Scalar(step))), Scalar(int64_t{0})));
  const Tensor chosen = reshape(nonzero(inside), {-1});
  const Tensor moved = step > 1 ? ops::floor_divide(from, wrapped_number(Scalar(step))) : from;
  const Tensor indices = ops::index_select(with_row(e.indices, d, moved), 1, chosen);
  return make_coo(indices, ops::index_select(e.values, 0, chosen), sizes, e.coalesced);
}

Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index) {
  require_coo_layout("index_select", self);
  check(!is_sparse(index), "index_select(): index has to be dense");
  check_index(index.dim() <= 1, "index_select() argument index must be 1-D or 0-D, but got ", index.dim(),
              "-D");
  check(index.dtype() == DType::Int64 || index.dtype() == DType::Int32,
        "index_select(): Expected dtype int32/int64 for index but got: ", dtype_aten_name(index.dtype()));
  const int64_t d = wrap_dim(dim, self.dim()), n = sparse_dim(self), size = self.sizes()[d];
  check_not_meta("index_select", index);
  Tensor wanted = reshape(_to_copy(index, DType::Int64), {-1});
  if (wanted.numel() > 0)
    check_index(amin(wanted).data<int64_t>()[0] >= -size && amax(wanted).data<int64_t>()[0] < size,
                "index_select(): index out of range for dimension ", d, " of size ", size);
  wanted = where(lt(wanted, Scalar(int64_t{0})), wanted + Scalar(size), wanted);
  const Entries e = entries(self);
  DimVec sizes = self.sizes();
  sizes[static_cast<size_t>(d)] = wanted.numel();
  if (d >= n) return make_coo(e.indices, ops::index_select(e.values, d - n + 1, wanted), sizes, e.coalesced);
  // Every wanted place takes all entries of its line: those in order of lines, from `begin` on.
  const auto [lines, order] = ops::sort(row(e.indices, d), true, 0, false);
  const Tensor begin = searchsorted(lines, wanted), finish = searchsorted(lines, wanted, false, true);
  const Tensor counts = finish - begin;
  const Tensor place = repeat_interleave(arange(Scalar(wanted.numel())), counts);
  const Tensor before = cumsum(counts, 0) - counts;
  const Tensor within = arange(Scalar(place.numel())) - ops::index_select(before, 0, place);
  const Tensor chosen = ops::index_select(order, 0, ops::index_select(begin, 0, place) + within);
  const Tensor indices = with_row(ops::index_select(e.indices, 1, chosen), d, place);
  return make_coo(indices, ops::index_select(e.values, 0, chosen), sizes, false);
}

std::vector<Tensor> unbind(const Tensor& self, int64_t dim) {
  const int64_t n = self.sizes()[static_cast<size_t>(wrap_dim(dim, self.dim()))];
  std::vector<Tensor> results;
  for (int64_t i = 0; i < n; ++i) results.push_back(ops::select(self, dim, i));
  return results;
}

Tensor cat(TensorList tensors, int64_t dim) {
  for (const Tensor& t : tensors) {
    check(is_sparse(t), "Concatenating sparse tensors, but a dense tensor was found");
    require_coo_layout("cat", t);
  }
  const Tensor& head = tensors[0];
  const int64_t d = wrap_dim(dim, head.dim()), n = sparse_dim(head);
  DimVec sizes = head.sizes();
  std::vector<Tensor> indices, values;
  int64_t at = 0;
  DType dtype = head.dtype();
  for (const Tensor& t : tensors) dtype = promote(dtype, t.dtype());
  for (const Tensor& t : tensors) {
    check(t.dim() == head.dim() && sparse_dim(t) == n, "All tensors must have the same shape: ", head.sizes(),
          " (except in the concatenating dimension) and as many sparse dimensions, but found ", t.sizes());
    for (int64_t k = 0; k < t.dim(); ++k)
      check(k == d || t.sizes()[k] == sizes[static_cast<size_t>(k)],
            "All tensors must have the same shape: ", head.sizes(),
            " (except in the concatenating dimension), but found shape: ", t.sizes());
    const SparseParts& p = sparse_parts(t);
    const Tensor own = _to_copy(p.values, dtype);
    if (d < n) {
      indices.push_back(with_row(p.indices, d, row(p.indices, d) + Scalar(at)));
      values.push_back(own);
    } else {
      // Along a dense dimension: each one's entries with zeros before and behind.
      indices.push_back(p.indices);
      values.push_back(own);
    }
    at += t.sizes()[d];
  }
  sizes[static_cast<size_t>(d)] = at;
  if (d >= n) {
    int64_t before = 0;
    for (Tensor& v : values) {
      DimVec left = v.sizes(), right = v.sizes();
      const auto k = static_cast<size_t>(d - n + 1);
      const int64_t width = v.sizes()[k];
      left[k] = before;
      right[k] = at - before - width;
      v = ops::cat(std::vector<Tensor>{zeros(left, dtype), v, zeros(right, dtype)}, d - n + 1);
      before += width;
    }
  }
  return make_coo(ops::cat(indices, 1), ops::cat(values, 0), sizes, false);
}

} // namespace torch::ops::sparse
