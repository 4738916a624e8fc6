// Ops on tensors of sparse layouts, as compositions of ops on their parts. Schema entries name these
// functions in their column `sparse`; entries of schema/sparse.yaml are written here too.
//
// Note [Gradients of sparse tensors]
// The gradient of a sparse tensor is that of the matrix it stands for, given dense, or sparse where only the
// places of its entries count. Functions of single entries are therefore recorded on coalesced tensors, where
// an entry is an element: values() gives entries as a dense tensor in the graph, _sparse_coo_tensor_unsafe
// puts them back, and what lies between is recorded like any dense op. Linear ops keep entries that stand for
// one element apart, and are recorded by their formula for dense tensors instead.
#pragma once

#include "autograd/node.h"
#include "core/sparse.h"
#include "ops/operators.h"

namespace torch::ops::sparse {

// ---- errors ----
void require_coo(const char* op, const Tensor& t);
[[noreturn]] void refuse(const char* op, const Tensor& t); // NotImplementedError naming the layout

// ---- parts and wholes ----
int64_t sparse_dim(const Tensor& t); // of COO; 2 of compressed layouts
int64_t dense_dim(const Tensor& t);
int64_t nnz(const Tensor& t);
// Entries whose values are in the graph: coalesced first where a gradient is wanted (see the note), else as
// they are.
struct Entries {
  Tensor indices; // [sparse_dim, nnz]
  Tensor values;
  bool coalesced;
};
Entries entries(const Tensor& coo);
Tensor make_coo(const Tensor& indices, const Tensor& values, IntSpan sizes, bool coalesced);
// The same places with other values; in the graph by the values.
Tensor with_values(const Tensor& self, const Tensor& values);
Tensor coo(const Tensor& self); // any layout as COO
// Number of each index tuple in C order: [nnz], int64.
Tensor flat_indices(const Tensor& indices, IntSpan sizes);
Tensor unflat_indices(const Tensor& flat, IntSpan sizes);
// Parts without entries; all dimensions but `sparse_dim` of a COO tensor are its entries' own.
SparseParts no_entries(Layout layout, IntSpan sizes, int64_t sparse_dim, DType dtype, Device device);
Tensor empty_like(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device);
Tensor new_empty(const Tensor& self, IntSpan sizes, std::optional<DType> dtype, std::optional<Device> device);
// dense[places[0], places[1], ...], read where it lies.
Tensor index_of(const Tensor& dense, const std::vector<Tensor>& places);
DimVec without(IntSpan sizes, int64_t d);

template <class F> Tensor on_entries(const Tensor& self, F&& op) {
  return with_values(self, op(sparse_parts(self).values));
}
template <class F> Tensor on_values(const Tensor& self, F&& op) {
  if (layout_of(self) != kSparseCoo) return with_values(self, op(ops::values(self)));
  const Tensor whole = ops::coalesce(self);
  return with_values(whole, op(ops::values(whole)));
}

// ---- in-place and out= forms ----
void check_put(const char* op, const Tensor& self);
const Tensor& finish_put(const char* op, const Tensor& self, const Tensor& result);
// Computes and gives self, sparse or not, the result.
template <class F> Tensor put(const char* op, const Tensor& self, F&& value) {
  check_put(op, self);
  return finish_put(op, self, value());
}
Tensor put_out(const char* op, const Tensor& out, const Tensor& result);

// ---- what schema entries name ----
Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha);
Tensor mul(const Tensor& self, const Tensor& other);
Tensor div(const Tensor& self, const Tensor& other);
Tensor floor_divide(const Tensor& self, const Tensor& other);
Tensor pow(const Tensor& self, const Tensor& exponent);
Tensor clone(const Tensor& self);
Tensor to_copy(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device);
Tensor alias(const Tensor& self);
Tensor copy_(const Tensor& self, const Tensor& src);
Tensor fill_(const Tensor& self, const Scalar& value);
const Tensor& zero_(const Tensor& self);

Tensor t(const Tensor& self);
Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1);
Tensor permute(const Tensor& self, Ints dims);
Tensor unsqueeze(const Tensor& self, int64_t dim);
Tensor squeeze(const Tensor& self, Ints dim);
Tensor select(const Tensor& self, int64_t dim, int64_t index);
Tensor slice(const Tensor& self, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
             int64_t step);
Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index);
std::vector<Tensor> unbind(const Tensor& self, int64_t dim);
Tensor cat(TensorList tensors, int64_t dim);

Tensor sum(const Tensor& self, std::optional<DType> dtype);
Tensor sum(const Tensor& self, OptInts dim, bool keepdim, std::optional<DType> dtype);
Tensor any(const Tensor& self, OptInts dim, bool keepdim);
Tensor vector_norm(const Tensor& self, const Scalar& ord, OptInts dim, bool keepdim,
                   std::optional<DType> dtype);

Tensor mm(const Tensor& self, const Tensor& mat2);
Tensor mv(const Tensor& self, const Tensor& vec);
Tensor bmm(const Tensor& self, const Tensor& mat2);
Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
             const Scalar& alpha);

// ---- derivatives ----
Tensor values_at(const Tensor& grad, const Tensor& indices, IntSpan sizes); // of a dense or sparse gradient
Tensor compressed_values_at(const Tensor& grad, const Tensor& compressed, const Tensor& plain, Layout layout);
Tensor to_dense_grad(const Tensor& grad, const Tensor& self, bool masked);
Tensor to_layout(const Tensor& grad, Layout layout);
Tensor mask_grad(const Tensor& grad, const Tensor& mask, Layout from);
// conj of the other factor's products at the places of self's entries.
Tensor sampled_product(const Tensor& self, const Tensor& a, const Tensor& b);

} // namespace torch::ops::sparse
