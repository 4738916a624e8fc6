// Products of matrices of which some are sparse.
#include "ops/entry.h"
#include "ops/sparse/sparse.h"

namespace torch::ops {

namespace sparse {

namespace {

void check_product(const char* op, const Tensor& a, const Tensor& b) {
  check(a.dim() == 2 && b.dim() == 2, op, ": matrices expected, got ", a.dim(), "D and ", b.dim(),
        "D tensors");
  check(a.sizes()[1] == b.sizes()[0], op, ": mat1 and mat2 shapes cannot be multiplied (", a.sizes()[0], "x",
        a.sizes()[1], " and ", b.sizes()[0], "x", b.sizes()[1], ")");
  check(a.dtype() == b.dtype(), op, ": expected scalar type ", dtype_aten_name(a.dtype()), " but found ",
        dtype_aten_name(b.dtype()));
  for (const Tensor* t : {&a, &b})
    if (is_sparse(*t) && (dense_dim(*t) != 0 || sparse_dim(*t) != 2)) refuse(op, *t);
}

// Two COO matrices: each entry of the first meets the entries of a row of the second.
Tensor coo_times_coo(const Tensor& a, const Tensor& b) {
  const Tensor x = coalesce(a), y = coalesce(b);
  const SparseParts &p = sparse_parts(x), &q = sparse_parts(y);
  const Tensor inner = ops::select(p.indices, 0, 1), lines = ops::clone(ops::select(q.indices, 0, 0));
  const Tensor begin = searchsorted(lines, ops::clone(inner)),
               finish = searchsorted(lines, ops::clone(inner), false, true);
  const Tensor counts = finish - begin;
  const Tensor first = repeat_interleave(arange(Scalar(inner.numel())), counts);
  const Tensor before = cumsum(counts, 0) - counts;
  const Tensor second = ops::index_select(begin, 0, first) + arange(Scalar(first.numel())) -
                        ops::index_select(before, 0, first);
  const Tensor rows = ops::index_select(ops::select(p.indices, 0, 0), 0, first);
  const Tensor columns = ops::index_select(ops::select(q.indices, 0, 1), 0, second);
  const Tensor products = ops::index_select(p.values, 0, first) * ops::index_select(q.values, 0, second);
  return coalesce(make_coo(stack(std::vector<Tensor>{rows, columns}, 0), products,
                           DimVec{a.sizes()[0], b.sizes()[1]}, false));
}

// Sparse times dense, by rows.
Tensor sparse_times_dense(const Tensor& a, const Tensor& b) {
  const Tensor rows = to_layout(a, kSparseCsr);
  const SparseParts& p = sparse_parts(rows);
  const auto wide = [](const Tensor& t) { return t.dtype() == DType::Int64 ? t : _to_copy(t, DType::Int64); };
  // Small integers wrap alike when they are summed as large ones.
  const bool small = is_integral(a.dtype(), false) && a.itemsize() < 4;
  const Tensor out = _csr_product(wide(p.compressed), wide(p.indices), small ? wide(p.values) : p.values,
                                  small ? wide(b) : b, a.sizes()[0]);
  return small ? _to_copy(out, a.dtype()) : out;
}

Tensor product(const char* op, const Tensor& a, const Tensor& b) {
  check_product(op, a, b);
  if (is_sparse(a) && is_sparse(b)) {
    const Tensor result = coo_times_coo(coo(a), coo(b));
    return layout_of(a) == kSparseCoo ? result : to_layout(result, layout_of(a));
  }
  if (is_sparse(a)) return sparse_times_dense(a, b);
  return ops::t(sparse_times_dense(ops::t(b), ops::t(a)));
}

} // namespace

Tensor mm(const Tensor& self, const Tensor& mat2) { return product("mm", self, mat2); }

Tensor mv(const Tensor& self, const Tensor& vec) {
  check(is_sparse(self) && !is_sparse(vec), "mv: expected a sparse matrix and a dense vector, got layouts ",
        layout_of(self), " and ", layout_of(vec));
  check(self.dim() == 2 && vec.dim() == 1,
        "mv: two tensor dim should be 2 and 1, but got SparseTensor Dim: ", self.dim(),
        ", Tensor Dim: ", vec.dim());
  return ops::squeeze(product("mv", self, ops::unsqueeze(vec, 1)), {1});
}

Tensor bmm(const Tensor& self, const Tensor& mat2) {
  check(is_sparse(self), "bmm_sparse: Tensor 'self' must be sparse");
  check(!is_sparse(mat2), "bmm_sparse: Tensor 'mat2' must be dense");
  if (layout_of(self) != kSparseCoo || sparse_dim(self) != 3) refuse("bmm", self);
  check(self.dim() == 3 && mat2.dim() == 3 && self.sizes()[0] == mat2.sizes()[0],
        "bmm: expected batches of matrices "
        "of one length, got ",
        self.sizes(), " and ", mat2.sizes());
  std::vector<Tensor> results;
  for (int64_t i = 0; i < self.sizes()[0]; ++i)
    results.push_back(product("bmm", ops::select(self, 0, i), ops::select(mat2, 0, i)));
  if (results.empty()) return zeros({0, self.sizes()[1], mat2.sizes()[2]}, self.dtype());
  return stack(results, 0);
}

Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
             const Scalar& alpha) {
  const Tensor result = scaled(product("addmm", mat1, mat2), alpha);
  if (is_sparse(self)) {
    check(is_sparse(result), "addmm: not implemented for a sparse self and a dense product");
    return ops::add(scaled(self, beta), result);
  }
  const Tensor whole = is_sparse(result) ? to_layout(result, Layout::Strided) : result;
  const Tensor start = expand(self, whole.sizes());
  return beta.equals(0) ? whole : ops::add(whole, start, beta);
}

// Entry (i, j) of a @ b^H for every place (i, j) of self's entries.
Tensor sampled_product(const Tensor& self, const Tensor& a, const Tensor& b) {
  const Tensor whole = layout_of(self) == kSparseCoo ? coalesce(self) : self;
  const Tensor places = layout_of(self) == kSparseCoo ? whole : coo(whole);
  const SparseParts& p = sparse_parts(places);
  const Tensor left = ops::index_select(a, 0, ops::select(p.indices, 0, 0));
  const Tensor right = conj(ops::index_select(b, 0, ops::select(p.indices, 0, 1)));
  const Tensor sampled =
      make_coo(p.indices, ops::sum(left * right, {1}, false, left.dtype()), self.sizes(), true);
  return to_layout(sampled, layout_of(self));
}

} // namespace sparse

namespace compute {

Tensor _sparse_mm_dense(const Tensor& self, const Tensor& mat2) {
  return sparse::product("_sparse_mm", self, mat2);
}
Tensor _sparse_mm_sparse(const Tensor& self, const Tensor& mat2) {
  return sparse::product("_sparse_mm", self, mat2);
}

} // namespace compute

Tensor _sparse_mm(const Tensor& sparse, const Tensor& dense) {
  sparse::check_product("_sparse_mm", sparse, dense);
  if (is_sparse(sparse) && is_sparse(dense)) return _sparse_mm_sparse(sparse, dense);
  if (is_sparse(sparse)) return _sparse_mm_dense(sparse, dense);
  check(is_sparse(dense), "_sparse_mm: one of the matrices has to be sparse");
  return t(_sparse_mm_dense(t(dense), t(sparse)));
}

Tensor _sparse_mm(const Tensor& sparse, const Tensor& dense, std::string_view reduce) {
  if (layout_of(sparse) != kSparseCsr || is_sparse(dense))
    sparse::refuse("_sparse_mm with reduce", layout_of(sparse) != kSparseCsr ? sparse : dense);
  sparse::check_product("_sparse_mm", sparse, dense);
  check(reduce == "sum" || reduce == "mean" || reduce == "amax" || reduce == "amin",
        "_sparse_mm: reduce argument must be either sum, mean, amax or amin, got ", reduce);
  if (reduce == "sum") return _sparse_mm_dense(sparse, dense);
  const Tensor places = sparse::coo(sparse);
  const Tensor rows = select(sparse_parts(places).indices, 0, 0),
               columns = select(sparse_parts(places).indices, 0, 1);
  const Tensor terms = unsqueeze(_sparse_values(sparse), 1) * index_select(dense, 0, columns);
  const Tensor start = zeros({sparse.sizes()[0], dense.sizes()[1]}, terms.dtype());
  return scatter_reduce(start, 0, expand(unsqueeze(rows, 1), terms.sizes()), terms, reduce, false);
}

Tensor _sparse_addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
                     const Scalar& alpha) {
  const Tensor product = scaled(_sparse_mm(mat1, mat2), alpha);
  if (is_sparse(self) || is_sparse(product)) return add(scaled(self, beta), product);
  return add(product, expand(self, product.sizes()), beta);
}

Tensor sparse_sampled_addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
                            const Scalar& alpha) {
  check(layout_of(self) == kSparseCsr,
        "sampled_addmm: Expected self tensor to have layout torch.sparse_csr, "
        "but got ",
        layout_of(self));
  check(!is_sparse(mat1) && !is_sparse(mat2), "sampled_addmm: Expected mat1 and mat2 to be dense");
  sparse::check_product("sampled_addmm", mat1, mat2);
  check(self.dim() == 2 && self.sizes()[0] == mat1.sizes()[0] && self.sizes()[1] == mat2.sizes()[1],
        "sampled_addmm: self of shape ", self.sizes(), " does not have the product's shape (",
        mat1.sizes()[0], "x", mat2.sizes()[1], ")");
  const Tensor places = sparse::coo(autograd::detach(self));
  const Tensor rows = select(sparse_parts(places).indices, 0, 0),
               columns = select(sparse_parts(places).indices, 0, 1);
  const Tensor products = sum(index_select(mat1, 0, rows) * index_select(t(mat2), 0, columns), {1});
  return sparse::with_values(self, _sparse_values(self) * beta + products * alpha);
}

Tensor smm(const Tensor& self, const Tensor& mat2) {
  sparse::require_coo("smm", self);
  const Tensor product = mm(self, mat2);
  // All elements of the rows that have entries, zeros too.
  const auto [rows, inverse, counts] = _unique2(select(sparse_parts(self).indices, 0, 0));
  const int64_t width = mat2.sizes()[1];
  const Tensor places = stack(
      std::vector<Tensor>{repeat_interleave(rows, width), repeat(arange(Scalar(width)), {rows.numel()})}, 0);
  return sparse::make_coo(places, reshape(index_select(product, 0, rows), {-1}), product.sizes(), false);
}

Tensor hspmm(const Tensor& mat1, const Tensor& mat2) {
  sparse::require_coo("hspmm", mat1);
  const Tensor product = mm(mat1, mat2);
  const auto [rows, inverse, counts] = _unique2(select(sparse_parts(mat1).indices, 0, 0));
  return sparse::make_coo(unsqueeze(rows, 0), index_select(product, 0, rows), product.sizes(), false);
}

} // namespace torch::ops
