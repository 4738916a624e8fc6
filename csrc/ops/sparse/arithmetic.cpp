// Arithmetic on sparse tensors, copies, and their in-place and out= forms.
#include "ops/entry.h"
#include "ops/sparse/sparse.h"

namespace torch::ops::sparse {

namespace {

bool is_coo(const Tensor& t) { return layout_of(t) == kSparseCoo; }

void check_same_sizes(const char* op, const Tensor& a, const Tensor& b) {
  check(torch::equal(a.sizes(), b.sizes()), op, ": expected sizes of 'self' and 'other' to match, but ",
        a.sizes(), " != ", b.sizes());
}

bool same_places(const Tensor& a, const Tensor& b) {
  const SparseParts &x = sparse_parts(a), &y = sparse_parts(b);
  const auto same = [](const Tensor& p, const Tensor& q) {
    return (!p.defined() && !q.defined()) || p.is_same(q) ||
           (torch::equal(p.sizes(), q.sizes()) && p.dtype() == q.dtype() && ops::equal(p, q));
  };
  return same(x.compressed, y.compressed) && same(x.indices, y.indices);
}

// Both lists in one, in order where both are: as PyTorch does, the heads of the lists are compared whether or
// not they are in order.
Tensor add_coo(const Tensor& a, const Tensor& b, const Scalar& alpha, DType dtype) {
  check(sparse_dim(a) == sparse_dim(b),
        "add: expected 'self' and 'other' to have same number of sparse dimensions, but ", sparse_dim(a),
        " != ", sparse_dim(b));
  const SparseParts &x = sparse_parts(a), &y = sparse_parts(b);
  const Tensor first = flat_indices(x.indices, a.sizes()), second = flat_indices(y.indices, b.sizes());
  const int64_t n = first.numel(), m = second.numel();
  const Tensor keys = empty_tensor(DimVec{n + m}, DType::Int64),
               slots = empty_tensor(DimVec{n + m}, DType::Int64);
  const int64_t *const p = first.data<int64_t>(), *const q = second.data<int64_t>();
  int64_t *const key = keys.data<int64_t>(), *const slot = slots.data<int64_t>();
  int64_t count = 0;
  for (int64_t i = 0, j = 0; i < n || j < m; ++count) {
    const bool from_first = j == m || (i < n && p[i] <= q[j]),
               from_second = i == n || (j < m && q[j] <= p[i]);
    key[count] = from_first ? p[i] : q[j];
    if (from_first) slot[i++] = count;
    if (from_second) slot[n + j++] = count;
  }
  const Tensor entries = _to_copy(x.values, dtype), scaled_other = scaled(_to_copy(y.values, dtype), alpha);
  const bool flags = dtype == DType::Bool;
  const Tensor all = ops::cat(std::vector<Tensor>{entries, _to_copy(scaled_other, dtype)});
  DimVec sizes = all.sizes();
  sizes[0] = count;
  const Tensor sums = index_add(zeros(sizes, flags ? DType::UInt8 : dtype), 0, slots,
                                flags ? _to_copy(all, DType::UInt8) : all);
  const auto listed = static_cast<size_t>(sparse_dim(a));
  return make_coo(unflat_indices(narrow(keys, 0, 0, count), IntSpan(a.sizes()).first(listed)),
                  flags ? ne(sums, Scalar(int64_t{0})) : sums, a.sizes(), x.coalesced && y.coalesced);
}

// Products at the places that both have.
Tensor mul_coo(const Tensor& a, const Tensor& b) {
  const Tensor x = coalesce(a), y = coalesce(b);
  check(sparse_dim(x) == sparse_dim(y),
        "mul: expected 'self' and 'other' to have same number of sparse "
        "dimensions, but ",
        sparse_dim(x), " != ", sparse_dim(y));
  const SparseParts &p = sparse_parts(x), &q = sparse_parts(y);
  const Tensor flat = flat_indices(p.indices, x.sizes()), known = flat_indices(q.indices, y.sizes());
  const Tensor both = reshape(nonzero(isin(flat, known)), {-1});
  const Tensor indices = ops::index_select(p.indices, 1, both);
  const Tensor product = ops::index_select(p.values, 0, both) * values_at(y, indices, y.sizes());
  return make_coo(indices, product, x.sizes(), true);
}

// A dense factor of any shape that broadcasts to the sparse one's.
Tensor mul_dense(const Tensor& self, const Tensor& dense) {
  if (dense.dim() == 0) return on_entries(self, [&](const Tensor& v) { return v * dense; });
  const Tensor other = torch::equal(dense.sizes(), self.sizes()) ? dense : expand(dense, self.sizes());
  const SparseParts& p = sparse_parts(self);
  if (p.layout == kSparseCoo) {
    // Taken one dimension after the other, so that what is broadcast is never made dense.
    std::vector<Tensor> places = ops::unbind(p.indices, 0);
    return with_values(self, p.values * index_of(other, places));
  }
  return with_values(self, p.values * compressed_values_at(other, p.compressed, p.indices, p.layout));
}

} // namespace

// other.indices(...) by advanced indexing: reads an expanded tensor where it lies.
Tensor index_of(const Tensor& dense, const std::vector<Tensor>& places) {
  return places.empty() ? ops::unsqueeze(dense, 0) : ops::index(dense, places);
}

Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha) {
  const Tensor* const operands[] = {&self, &other};
  const DType dtype = result_type(operands);
  if (!is_sparse(self)) { // dense + sparse
    check_same_sizes("add", self, other);
    const Tensor addend = to_layout(other, Layout::Strided);
    return ops::add(self, addend, alpha);
  }
  if (!is_sparse(other)) {
    check(!is_coo(self) && torch::equal(self.sizes(), other.sizes()),
          "add(sparse, dense) is not supported. Use add(dense, sparse) instead.");
    return ops::add(to_layout(self, Layout::Strided), other, alpha);
  }
  check_same_sizes("add", self, other);
  if (is_coo(self) && is_coo(other)) return add_coo(self, other, alpha, dtype);
  check(layout_of(self) == layout_of(other), "add: expected sparse tensors of one layout, got ",
        layout_of(self), " and ", layout_of(other));
  if (same_places(self, other))
    return with_values(self, ops::add(sparse_parts(self).values, sparse_parts(other).values, alpha));
  return to_layout(add_coo(coo(self), coo(other), alpha, dtype), layout_of(self));
}

Tensor mul(const Tensor& self, const Tensor& other) {
  if (!is_sparse(other)) return mul_dense(self, other);
  if (!is_sparse(self)) return mul_dense(other, self);
  check_same_sizes("mul", self, other);
  if (is_coo(self) && is_coo(other)) {
    const Tensor product = mul_coo(self, other);
    return product;
  }
  check(layout_of(self) == layout_of(other), "mul: expected sparse tensors of one layout, got ",
        layout_of(self), " and ", layout_of(other));
  if (same_places(self, other))
    return with_values(self, sparse_parts(self).values * sparse_parts(other).values);
  return to_layout(mul_coo(coo(self), coo(other)), layout_of(self));
}

Tensor div(const Tensor& self, const Tensor& other) {
  check(is_sparse(self) && !is_sparse(other) && other.dim() == 0,
        "Sparse division requires a scalar or zero-dim dense tensor divisor (got shape ", other.sizes(),
        " for divisor)");
  return on_entries(self, [&](const Tensor& v) { return v / other; });
}

Tensor floor_divide(const Tensor& self, const Tensor& other) {
  check(is_sparse(self) && !is_sparse(other) && other.dim() == 0,
        "Sparse floor division requires a scalar or zero-dim dense tensor divisor (got shape ", other.sizes(),
        " for divisor)");
  return on_values(self, [&](const Tensor& v) { return ops::floor_divide(v, other); });
}

Tensor pow(const Tensor& self, const Tensor& exponent) {
  if (!is_sparse(self) || is_sparse(exponent) || exponent.dim() != 0)
    refuse("pow", is_sparse(self) ? self : exponent);
  check_not_meta("pow", exponent);
  const Tensor positive = gt(real(exponent), Scalar(int64_t{0}));
  check(*positive.data<bool>(), "pow: a sparse tensor can only be raised to a positive power: 0 ** ",
        "exponent would not be 0 elsewhere");
  return on_values(self, [&](const Tensor& v) { return ops::pow(v, exponent); });
}

Tensor clone(const Tensor& self) {
  SparseParts p = sparse_parts(self);
  if (p.compressed.defined()) p.compressed = ops::clone(p.compressed);
  p.indices = ops::clone(p.indices);
  p.values = ops::clone(p.values);
  return sparse_tensor(self.sizes(), std::move(p));
}

Tensor to_copy(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device) {
  SparseParts p = sparse_parts(self);
  if (device && device->type != self.device().type && device->type == DeviceType::Meta && is_coo(self))
    return sparse_tensor(self.sizes(), no_entries(kSparseCoo, self.sizes(), sparse_dim(self),
                                                  dtype.value_or(self.dtype()), *device));
  if (p.compressed.defined()) p.compressed = _to_copy(p.compressed, std::nullopt, device);
  p.indices = _to_copy(p.indices, std::nullopt, device);
  p.values = _to_copy(p.values, dtype, device);
  return sparse_tensor(self.sizes(), std::move(p));
}

Tensor alias(const Tensor& self) { return torch::alias(self); }

Tensor fill_(const Tensor& self, const Scalar& value) {
  if (is_coo(self)) {
    if (!value.equals(0)) refuse("fill_", self);
    return zero_(self);
  }
  return put("fill_", self, [&] { return with_values(self, full_like(sparse_parts(self).values, value)); });
}

Tensor copy_(const Tensor& self, const Tensor& src) {
  check(is_sparse(self) && is_sparse(src),
        "copy_() between dense and sparse Tensors is not implemented! Found self "
        "layout = ",
        layout_of(self), " and src layout = ", layout_of(src));
  check(layout_of(self) == layout_of(src), "copy_: expected tensors of one layout, got ", layout_of(self),
        " and ", layout_of(src));
  check(is_coo(self) || torch::equal(self.sizes(), src.sizes()), "copy_: expected tensors of one size, got ",
        self.sizes(), " and ", src.sizes());
  if (self.is_same(src)) return self;
  return put("copy_", self, [&] { return ops::clone(src); });
}

// ---------------------------------------------------------------- in-place and out= forms

namespace {

// The write of a result into a sparse tensor: its gradient is that of the result.
struct PutBackward final : autograd::Node {
  const char* name() const override { return "CopyBackwards"; }
  void apply(std::span<Tensor> grads, std::span<Tensor> results) override {
    if (needs(0)) results[0] = std::move(grads[0]);
  }
};

} // namespace

void check_put(const char* op, const Tensor& self) {
  autograd::check_inplace(self, autograd::should_record(self), op);
}

const Tensor& finish_put(const char* op, const Tensor& self, const Tensor& result) {
  if (!is_sparse(self)) { // a dense one changed by a sparse one
    check(!is_sparse(result), op, ": the result is sparse, but self is dense");
    check(torch::equal(self.sizes(), result.sizes()), op, ": output with shape ", self.sizes(),
          " doesn't match the result's shape ", result.sizes());
    check(can_cast(result.dtype(), self.dtype()), op, ": result type ", dtype_aten_name(result.dtype()),
          " can't be cast to the desired output type ", dtype_aten_name(self.dtype()));
    return ops::copy_(self, result);
  }
  check(is_sparse(result) && layout_of(self) == layout_of(result), op, ": the result has layout ",
        layout_of(result), ", but self has ", layout_of(self));
  check(can_cast(result.dtype(), self.dtype()), op, ": result type ", dtype_aten_name(result.dtype()),
        " can't be cast to the desired output type ", dtype_aten_name(self.dtype()));
  const bool recording = autograd::should_record(self, result);
  autograd::check_inplace(self, recording, op);
  Ref<PutBackward> node;
  if (recording) {
    node = autograd::make_node<PutBackward>();
    node->add_edge(result);
  }
  SparseParts parts = sparse_parts(result);
  if (parts.values.dtype() != self.dtype()) {
    const NoGradGuard no_grad;
    parts.values = _to_copy(parts.values, self.dtype());
  }
  set_sparse(self, result.sizes(), std::move(parts));
  autograd::finish_inplace(self, node);
  return self;
}

Tensor put_out(const char* op, const Tensor& out, const Tensor& result) {
  check_out(op, out, result);
  const NoGradGuard no_grad;
  if (is_sparse(out)) return finish_put(op, out, result);
  check(!is_sparse(result), op, ": the result is sparse, but out is dense");
  assign_out(op, out, result);
  return out;
}

} // namespace torch::ops::sparse
