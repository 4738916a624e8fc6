// Shapes, copies of views, and writes into views of copies.
#include "ops/entry.h"
#include "ops/sparse/sparse.h"

namespace torch::ops {

Tensor adjoint(const Tensor& self) {
  if (self.dim() == 0) return is_complex(self.dtype()) ? conj(self) : self;
  check(self.dim() >= 2, "tensor.adjoint() is only supported on matrices or batches of matrices. Got ",
        self.dim(), "-D tensor.");
  const Tensor turned = transpose(self, -2, -1);
  return is_complex(self.dtype()) ? conj(turned) : turned;
}

Tensor argwhere(const Tensor& self) { return nonzero(self); }

Tensor combinations(const Tensor& self, int64_t r, bool with_replacement) {
  check(self.dim() == 1, "Expect a 1D vector, but got shape ", self.sizes());
  check(r >= 0, "Expect a non-negative number, but got ", r);
  if (r == 0) return empty_tensor(DimVec{0}, self.dtype(), self.device());
  const int64_t n = self.numel();
  std::vector<int64_t> rows, at(static_cast<size_t>(r));
  for (int64_t i = 0; i < r; ++i) at[i] = with_replacement ? 0 : i;
  const auto last = [&](int64_t i) { return with_replacement ? n - 1 : n - r + i; };
  while (n > 0 && at.back() <= last(r - 1)) {
    rows.insert(rows.end(), at.begin(), at.end());
    int64_t i = r - 1;
    while (i >= 0 && at[i] == last(i)) --i;
    if (i < 0) break;
    const int64_t next = at[i] + 1;
    for (int64_t j = i; j < r; ++j) at[j] = with_replacement ? next : next + (j - i);
  }
  Tensor index = empty_tensor(DimVec{static_cast<int64_t>(rows.size())}, DType::Int64);
  std::copy(rows.begin(), rows.end(), index.data<int64_t>());
  index = moved_to(index, self.device());
  return reshape(index_select(self, 0, index), {static_cast<int64_t>(rows.size()) / r, r});
}

Tensor diagflat(const Tensor& self, int64_t offset) { return diag(reshape(self, {-1}), offset); }

const Tensor& fill_diagonal_(const Tensor& self, const Scalar& fill_value, bool wrap) {
  check(self.dim() >= 2, "dimensions must larger than 1");
  int64_t step = 0, length = self.sizes()[0];
  for (int64_t d = 0; d < self.dim(); ++d) {
    check(self.dim() == 2 || self.sizes()[d] == self.sizes()[0],
          "all dimensions of input must be of equal length");
    length = std::min(length, self.sizes()[d]);
    step += self.strides()[d];
  }
  fill_(as_strided(self, {length}, {step}, self.offset()), fill_value);
  if (wrap && self.dim() == 2 && self.sizes()[0] > self.sizes()[1] + 1) {
    const int64_t columns = self.sizes()[1], block = columns + 1;
    for (int64_t row = block; row < self.sizes()[0]; row += block)
      fill_(as_strided(self, {std::min(columns, self.sizes()[0] - row)}, {step},
                       self.offset() + row * self.strides()[0]),
            fill_value);
  }
  return self;
}

namespace {

// The dimension that hsplit, vsplit and dsplit cut.
int64_t cut_dim(const char* op, const Tensor& self, int64_t rank) {
  check(self.dim() >= rank, "torch.", op, " requires a tensor with at least ", rank,
        " dimension, but got a tensor with ", self.dim(), " dimensions!");
  return rank == 1 ? (self.dim() == 1 ? 0 : 1) : rank == 2 ? 0 : 2;
}
std::vector<Tensor> cut(const char* op, const Tensor& self, int64_t rank, int64_t sections) {
  const int64_t dim = cut_dim(op, self, rank), n = self.sizes()[dim];
  check(sections > 0 && n % sections == 0, "torch.", op, " attempted to split along dimension ", dim,
        ", but the size of the dimension ", n, " is not divisible by the split_size ", sections, "!");
  return tensor_split(self, sections, dim);
}
std::vector<Tensor> cut(const char* op, const Tensor& self, int64_t rank, Ints indices) {
  return tensor_split(self, indices, cut_dim(op, self, rank));
}
std::vector<Tensor> copies(std::vector<Tensor> views) {
  for (Tensor& t : views) t = clone(t, MemoryFormat::Contiguous);
  return views;
}
Tensor copied(const Tensor& view) { return clone(view, MemoryFormat::Contiguous); }

} // namespace

std::vector<Tensor> hsplit(const Tensor& self, int64_t sections) { return cut("hsplit", self, 1, sections); }
std::vector<Tensor> hsplit(const Tensor& self, Ints indices) { return cut("hsplit", self, 1, indices); }
std::vector<Tensor> vsplit(const Tensor& self, int64_t sections) { return cut("vsplit", self, 2, sections); }
std::vector<Tensor> vsplit(const Tensor& self, Ints indices) { return cut("vsplit", self, 2, indices); }
std::vector<Tensor> dsplit(const Tensor& self, int64_t sections) { return cut("dsplit", self, 3, sections); }
std::vector<Tensor> dsplit(const Tensor& self, Ints indices) { return cut("dsplit", self, 3, indices); }

std::vector<Tensor> tensor_split(const Tensor& self, const Tensor& tensor_indices_or_sections, int64_t dim) {
  const Tensor& given = tensor_indices_or_sections;
  check(given.is_cpu(), "tensor_split expected tensor_indices_or_sections to be on cpu, but it's on ",
        given.device());
  check(given.dtype() == DType::Int64,
        "tensor_split expected tensor_indices_or_sections to have dtype of "
        "long, but got ",
        dtype_aten_name(given.dtype()));
  check(given.dim() <= 1,
        "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional "
        "tensor, but got a tensor with ",
        given.dim(), " dims");
  const Tensor values = densified(given);
  const int64_t* const data = values.data<int64_t>();
  if (given.dim() == 0) return tensor_split(self, data[0], dim);
  return tensor_split(self, Ints(IntSpan(data, static_cast<size_t>(given.numel()))), dim);
}

std::vector<Tensor> unsafe_chunk(const Tensor& self, int64_t chunks, int64_t dim) {
  return chunk(self, chunks, dim);
}
std::vector<Tensor> unsafe_split(const Tensor& self, int64_t split_size, int64_t dim) {
  return split(self, split_size, dim);
}
std::vector<Tensor> unsafe_split_with_sizes(const Tensor& self, Ints split_sizes, int64_t dim) {
  return split_with_sizes(self, split_sizes, dim);
}

Tensor rot90(const Tensor& self, int64_t k, Ints dims) {
  check(dims.size() == 2, "expected total rotation dims == 2, but got dims = ", dims.size());
  check(self.dim() >= 2, "expected total dims >= 2, but got total dims = ", self.dim());
  check(dims[0] != dims[1] && std::abs(dims[0] - dims[1]) != self.dim(),
        "expected rotation dims to be different, but got dim0 = ", dims[0], " and dim1 = ", dims[1]);
  const int64_t a = wrap_dim(dims[0], self.dim()), b = wrap_dim(dims[1], self.dim());
  switch ((k % 4 + 4) % 4) {
  case 1:
    return transpose(flip(self, {b}), a, b);
  case 2:
    return flip(self, {a, b});
  case 3:
    return transpose(flip(self, {a}), a, b);
  default:
    return clone(self, MemoryFormat::Contiguous);
  }
}

Tensor fill(const Tensor& self, const Scalar& value) { return fill_(clone(self), value); }
Tensor fill(const Tensor& self, const Tensor& value) {
  check(value.dim() == 0, "fill only supports 0-dimension value tensor but got tensor with ", value.dim(),
        " dimensions.");
  return copy_(clone(self), value);
}

Tensor empty_permuted(Ints size, Ints physical_layout, std::optional<DType> dtype,
                      std::optional<Device> device) {
  const size_t n = size.size();
  check(n == physical_layout.size(),
        "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = ", n,
        " is not equal to len(physical_layout) = ", physical_layout.size());
  DimVec inner, strides(n, 0);
  uint64_t seen = 0;
  int64_t step = 1;
  for (size_t i = n; i-- > 0;) {
    const int64_t d = physical_layout[i];
    check(d >= 0 && d < static_cast<int64_t>(n), "Dimension out of range (expected to be between 0 and ",
          static_cast<int64_t>(n) - 1, ", but got ", d, " at index ", i,
          "). NB: negative dims not currently "
          "supported; file an issue if you want it.");
    check(!(seen >> d & 1), "Duplicate dim not allowed");
    seen |= uint64_t{1} << d;
    strides[d] = step;
    step *= std::max<int64_t>(size[d], 1);
  }
  return empty_strided(size, strides, dtype, device);
}

Tensor nonzero_static(const Tensor& self, int64_t size, int64_t fill_value) {
  check(size >= 0, "nonzero_static: 'size' must be an non-negative integer");
  const Tensor out = full({size, self.dim()}, fill_value, DType::Int64, self.device());
  if (self.is_meta()) return out;
  const Tensor found = nonzero(self);
  const int64_t n = std::min(size, found.sizes()[0]);
  copy_(narrow(out, 0, 0, n), narrow(found, 0, 0, n));
  return out;
}

namespace {
// Copies src into a view of a copy of self.
Tensor scattered(const Tensor& copy, const Tensor& view, const Tensor& src) {
  if (is_sparse(copy)) sparse::refuse("a write through a view", copy);
  check(torch::equal(view.sizes(), src.sizes()),
        "expected src to have a size equal to the slice of self. src size = ", src.sizes(),
        ", slice size = ", view.sizes());
  copy_(view, src);
  return copy;
}
// A copy of self with its strides and offset; PyTorch's *_scatter functions keep both where no elements
// overlap.
Tensor laid_out_alike(const Tensor& self) {
  if (self.is_non_overlapping_and_dense() && self.offset() == 0) return clone(self);
  for (int64_t d = 0; d < self.dim(); ++d)
    if (self.strides()[d] == 0 && self.sizes()[d] != 1) return clone(self);
  const Tensor memory = zeros({self.storage()->bytes() / self.itemsize()}, self.dtype(), self.device());
  return copy_(torch::alias(memory, self.sizes(), self.strides(), self.offset()), self);
}
} // namespace

Tensor select_scatter(const Tensor& self, const Tensor& src, int64_t dim, int64_t index) {
  const Tensor copy = laid_out_alike(self);
  return scattered(copy, select(copy, dim, index), src);
}
Tensor slice_scatter(const Tensor& self, const Tensor& src, int64_t dim, std::optional<int64_t> start,
                     std::optional<int64_t> end, int64_t step) {
  const Tensor copy = laid_out_alike(self);
  return scattered(copy, slice(copy, dim, start, end, step), src);
}
Tensor diagonal_scatter(const Tensor& self, const Tensor& src, int64_t offset, int64_t dim1, int64_t dim2) {
  const Tensor copy = laid_out_alike(self);
  return scattered(copy, diagonal(copy, offset, dim1, dim2), src);
}
Tensor as_strided_scatter(const Tensor& self, const Tensor& src, Ints size, Ints stride,
                          std::optional<int64_t> storage_offset) {
  const Tensor copy = laid_out_alike(self); // the strides count elements of its memory
  return scattered(copy, as_strided(copy, size, stride, storage_offset), src);
}

Tensor narrow_copy(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  return copied(narrow(self, dim, start, length));
}
Tensor alias_copy(const Tensor& self) { return copied(self); }
Tensor detach_copy(const Tensor& self) { return copied(detach(self)); }
Tensor as_strided_copy(const Tensor& self, Ints size, Ints stride, std::optional<int64_t> storage_offset) {
  return copied(as_strided(self, size, stride, storage_offset));
}
Tensor diagonal_copy(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  return copied(diagonal(self, offset, dim1, dim2));
}
Tensor expand_copy(const Tensor& self, Ints size, bool implicit) {
  return copied(expand(self, size, implicit));
}
Tensor permute_copy(const Tensor& self, Ints dims) { return copied(permute(self, dims)); }
Tensor select_copy(const Tensor& self, int64_t dim, int64_t index) {
  return copied(select(self, dim, index));
}
Tensor slice_copy(const Tensor& self, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
                  int64_t step) {
  return copied(slice(self, dim, start, end, step));
}
std::vector<Tensor> split_copy(const Tensor& self, int64_t split_size, int64_t dim) {
  return copies(split(self, split_size, dim));
}
std::vector<Tensor> split_with_sizes_copy(const Tensor& self, Ints split_sizes, int64_t dim) {
  return copies(split_with_sizes(self, split_sizes, dim));
}
Tensor squeeze_copy(const Tensor& self) { return copied(squeeze(self)); }
Tensor squeeze_copy(const Tensor& self, Ints dim) { return copied(squeeze(self, dim)); }
Tensor t_copy(const Tensor& self) { return copied(t(self)); }
Tensor transpose_copy(const Tensor& self, int64_t dim0, int64_t dim1) {
  return copied(transpose(self, dim0, dim1));
}
std::vector<Tensor> unbind_copy(const Tensor& self, int64_t dim) { return copies(unbind(self, dim)); }
Tensor unfold_copy(const Tensor& self, int64_t dimension, int64_t size, int64_t step) {
  return copied(unfold(self, dimension, size, step));
}
Tensor unsqueeze_copy(const Tensor& self, int64_t dim) { return copied(unsqueeze(self, dim)); }
Tensor view_as_complex_copy(const Tensor& self) { return copied(view_as_complex(self)); }
Tensor view_as_real_copy(const Tensor& self) { return copied(view_as_real(self)); }
Tensor view_copy(const Tensor& self, Ints size) { return view(copied(self), size); }
Tensor view_copy(const Tensor& self, DType dtype) { return copied(view(self, dtype)); }

} // namespace torch::ops
