#include "ops/infer/infer.h"

#include "ops/checks.h"

namespace torch::infer {

namespace {

void check_index_dtype(const char* op, const Tensor& index, bool int32_too) {
  check(index.dtype() == DType::Int64 || (int32_too && index.dtype() == DType::Int32), op,
        "(): Expected dtype int64", int32_too ? " or int32" : "", " for index, got ", index.dtype());
}

// Shape of an advanced index: dims of the index stand where the indexed dims were if those are adjacent, else
// first.
DimVec indexed_sizes(const Tensor& self, TensorList indices) {
  DimVec index_sizes;
  int64_t first = -1, last = -1, count = 0;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (!indices[i].defined()) continue;
    if (first < 0) {
      first = static_cast<int64_t>(i);
      index_sizes = indices[i].sizes();
    }
    last = static_cast<int64_t>(i);
    ++count;
  }
  const bool adjacent = last - first + 1 == count;
  DimVec sizes;
  const auto append = [&](IntSpan s) {
    for (const int64_t v : s) sizes.push_back(v);
  };
  if (!adjacent) append(index_sizes);
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (i < static_cast<int64_t>(indices.size()) && indices[i].defined()) {
      if (adjacent && i == first) append(index_sizes);
    } else {
      sizes.push_back(self.sizes()[i]);
    }
  }
  return sizes;
}

void check_indices(const Tensor& self, TensorList indices) {
  check_index(static_cast<int64_t>(indices.size()) <= self.dim(), "too many indices for tensor of dimension ",
              self.dim(), " (got ", indices.size(), ")");
  for (size_t i = 0; i < indices.size(); ++i)
    if (indices[i].defined())
      check_index(self.sizes()[i] > 0 || indices[i].numel() == 0,
                  "index is out of bounds for dimension with size 0");
}

} // namespace

TensorMeta index(const Tensor& self, TensorList indices) {
  check_indices(self, indices);
  DimVec sizes = indexed_sizes(self, indices);
  // The dims of self that stay keep their order in memory, those of the index take that of the index tensors.
  int64_t first = -1, last = -1, count = 0;
  const auto indexed = [&](int64_t d) {
    return d < static_cast<int64_t>(indices.size()) && indices[d].defined();
  };
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (!indexed(d)) continue;
    if (first < 0) first = d;
    last = d;
    ++count;
  }
  if (count == 0) return {sizes, self.dtype(), self.device()};
  const size_t place = last - first + 1 == count ? static_cast<size_t>(first) : 0;
  const size_t width = static_cast<size_t>(indices[first].dim());
  std::vector<DimVec> strides{DimVec()};
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (strides[0].size() == place) strides[0].resize(place + width, 0);
    if (!indexed(d)) {
      strides[0].push_back(self.strides()[d]);
      continue;
    }
    // The index as a view of the result's rank: dims of size 1 around its own, broadcast where self has more.
    const Tensor& index = indices[d];
    DimVec own(sizes.size(), 0);
    for (size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i] == 1) own[i] = i < place && width > 0 ? index.sizes()[0] * index.strides()[0] : 1;
    std::copy(index.strides().begin(), index.strides().end(), own.begin() + place);
    strides.push_back(std::move(own));
  }
  strides[0].resize(sizes.size(), 0);
  DimVec ordered = ordered_strides(sizes, strides);
  return {std::move(sizes), self.dtype(), self.device(), std::move(ordered)};
}

void check_index_put(const Tensor& self, TensorList indices, const Tensor& values) {
  check_indices(self, indices);
  check(self.dtype() == values.dtype(), "Index put requires the source and destination dtypes match, got ",
        dtype_aten_name(self.dtype()), " for the destination and ", dtype_aten_name(values.dtype()),
        " for the source.");
  const DimVec sizes = indexed_sizes(self, indices);
  const bool fits = static_cast<int64_t>(values.dim()) <= static_cast<int64_t>(sizes.size()) && [&] {
    for (int64_t i = 0; i < values.dim(); ++i) {
      const int64_t v = values.sizes()[values.dim() - 1 - i];
      if (v != 1 && v != sizes[sizes.size() - 1 - i]) return false;
    }
    return true;
  }();
  check(fits, "shape mismatch: value tensor of shape ", values.sizes(),
        " cannot be broadcast to indexing result of shape ", sizes);
}

TensorMeta gather(const Tensor& self, int64_t dim, const Tensor& index) {
  dim = wrap_dim(dim, self.dim());
  check_index_dtype("gather", index, true);
  const auto rank = [](const Tensor& t) { return std::max<int64_t>(t.dim(), 1); };
  check(index.numel() == 0 || rank(index) == rank(self),
        "Index tensor must have the same number of dimensions as input tensor (gather: index ", index.sizes(),
        ", input ", self.sizes(), ")");
  if (index.numel() != 0)
    for (int64_t i = 0; i < std::min(self.dim(), index.dim()); ++i)
      check(i == dim || index.sizes()[i] <= self.sizes()[i], "Size does not match at dimension ", i,
            " expected index ", index.sizes(), " to be no larger than self ", self.sizes(),
            " apart from dimension ", dim);
  return {index.sizes(), self.dtype(), self.device()};
}

void check_scatter(const char* op, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  dim = wrap_dim(dim, self.dim());
  check_index_dtype(op, index, true);
  if (src.defined())
    check(self.dtype() == src.dtype(), op, "(): Expected self.dtype to be equal to src.dtype, got ",
          self.dtype(), " and ", src.dtype());
  if (index.numel() == 0) return;
  const auto rank = [](const Tensor& t) { return std::max<int64_t>(t.dim(), 1); };
  check(rank(index) == rank(self), "Index tensor must have the same number of dimensions as self tensor (",
        op, ": index ", index.sizes(), ", self ", self.sizes(), ")");
  if (src.defined())
    check(rank(index) == rank(src), "Index tensor must have the same number of dimensions as src tensor (",
          op, ": index ", index.sizes(), ", src ", src.sizes(), ")");
  // A 0-dim tensor counts as one of size 1.
  const auto size = [](const Tensor& t, int64_t i) { return t.dim() == 0 ? 1 : t.sizes()[i]; };
  for (int64_t i = 0; i < rank(index); ++i) {
    check(i == dim || size(index, i) <= size(self, i), "Expected index ", index.sizes(),
          " to be no larger than self ", self.sizes(), " apart from dimension ", dim);
    if (src.defined())
      check(size(index, i) <= size(src, i), "Expected index ", index.sizes(), " to be no larger than src ",
            src.sizes());
  }
}

void check_scatter_value(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  check_scatter("scatter", self, dim, index, Tensor());
  ops::check_fits(self.dtype(), value);
}

TensorMeta index_select(const Tensor& self, int64_t dim, const Tensor& index) {
  dim = wrap_dim(dim, self.dim());
  check_index(index.dim() <= 1, "index_select(): Index is supposed to be a vector, got shape ",
              index.sizes());
  check_index_dtype("index_select", index, true);
  DimVec sizes = self.sizes();
  if (self.dim() == 0)
    check(index.numel() == 1, "index_select(): Index to scalar can have only 1 value, got ", index.numel(),
          " value(s)");
  else
    sizes[dim] = index.numel();
  return {sizes, self.dtype(), self.device()};
}

void check_index_add(const char* op, const Tensor& self, int64_t dim, const Tensor& index,
                     const Tensor& source) {
  dim = wrap_dim(dim, self.dim());
  check_index(index.dim() <= 1, op, "(): Index is supposed to be a vector, got shape ", index.sizes());
  check_index_dtype(op, index, true);
  check(self.dtype() == source.dtype(), op,
        "(): self and source expected to have the same dtype, but got (self) ", self.dtype(),
        " and (source) ", source.dtype());
  const bool add = std::string_view(op) == "index_add"; // the other has classes and an order of its own
  if (!add) {
    check_index(self.dim() == 0 || source.dim() == 0 || self.dim() == source.dim(), op,
                "(): Source and self should have the same number of dimensions, got ", source.sizes(),
                " and ", self.sizes());
    const auto slice = [&](const Tensor& t) {
      DimVec sizes;
      for (int64_t d = 0; d < t.dim(); ++d)
        if (d != dim) sizes.push_back(t.sizes()[d]);
      return sizes;
    };
    check(equal(slice(self), slice(source)), op,
          "(): Source/destination tensor must have same slice shapes. Got self.shape = ", self.sizes(),
          " source.shape = ", source.sizes());
  }
  const int64_t n = source.dim() == 0 ? 1 : source.sizes()[wrap_dim(dim, source.dim())];
  check_kind(add ? ErrorKind::Runtime : ErrorKind::Index, n == index.numel(), op, "(): Number of indices (",
             index.numel(), ") should be equal to source.size(dim): (", n, "), for dim: ", dim);
  if (self.dim() == 0 || source.dim() == 0) return;
  check(self.dim() == source.dim(), op, "(): Source and self should have the same number of dimensions, got ",
        source.sizes(), " and ", self.sizes());
  for (int64_t i = 0; i < self.dim(); ++i)
    check(i == dim || self.sizes()[i] == source.sizes()[i], op,
          "(): source tensor shape must match self tensor shape, excluding "
          "the specified dimension. Got self.shape = ",
          self.sizes(), " source.shape = ", source.sizes());
}

void check_index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  wrap_dim(dim, self.dim());
  check_index(index.dtype() == DType::Int64 || index.dtype() == DType::Int32,
              "index_fill_(): Expected dtype int64 for index, got ", index.dtype());
  check_index(index.dim() <= 1, "index_fill_(): Index has to be a vector/scalar, got shape ", index.sizes());
  check(!value.is_complex() || self.is_complex(),
        "index_fill_(): Converting complex Scalar to non-complex type is not supported");
  ops::check_fits(self.dtype(), value);
}

TensorMeta take(const Tensor& self, const Tensor& index) {
  check_index_dtype("take", index, false);
  check_index(self.numel() > 0 || index.numel() == 0, "take(): tried to take from an empty tensor");
  return {index.sizes(), self.dtype(), self.device()};
}

void check_put(const Tensor& self, const Tensor& index, const Tensor& source) {
  check_index_dtype("put_", index, false);
  check(self.dtype() == source.dtype(),
        "put_(): self and source expected to have the same dtype, but got self.dtype = ", self.dtype(),
        " and source.dtype = ", source.dtype());
  check_index(index.numel() == source.numel(),
              "put_(): Expected source and index to have the same number of elements, but got ",
              "source.numel() = ", source.numel(), ", index.numel() = ", index.numel());
  check_index(self.numel() > 0 || index.numel() == 0, "put_(): Tried to put elements into an empty tensor");
}

TensorMeta cat(TensorList tensors, int64_t dim) {
  check_value(!tensors.empty(), "torch.cat(): expected a non-empty list of Tensors");
  const auto legacy = [](const Tensor& t) {
    return t.dim() == 1 && t.numel() == 0;
  }; // shape (0,) joins anything
  const Tensor* model = nullptr;
  DType type = tensors[0].dtype();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    check(t.defined(), "cat: tensor ", i, " is undefined");
    check(t.dim() > 0, "zero-dimensional tensor (at position ", i,
          ") cannot be concatenated: stack joins numbers");
    type = promote(type, t.dtype());
    if (!model && !legacy(t)) model = &t;
  }
  if (!model) model = &tensors[0];
  dim = wrap_dim(dim, model->dim());
  DimVec sizes = model->sizes();
  sizes[dim] = 0;
  bool channels_last = true;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    channels_last &= t.suggested_format() != MemoryFormat::Contiguous;
    if (legacy(t)) continue;
    check(t.dim() == model->dim(), "Tensors must have same number of dimensions: got ", model->dim(), " and ",
          t.dim(), " (tensor number ", i, ")");
    for (int64_t d = 0; d < t.dim(); ++d)
      check(d == dim || t.sizes()[d] == sizes[d], "Sizes of tensors must match except in dimension ", dim,
            ". Expected size ", sizes[d], " but got size ", t.sizes()[d], " for tensor number ", i,
            " in the list.");
    sizes[dim] += t.sizes()[dim];
  }
  (void)channels_last;
  return {sizes, type, model->device()};
}

TensorMeta flip(const Tensor& self, Ints dims) {
  if (!dims.empty()) dim_mask(dims, self.dim(), "flip");
  return clone(self, std::nullopt);
}

TensorMeta roll(const Tensor& self, Ints shifts, Ints dims) {
  check(!shifts.empty(), "`shifts` required");
  check(dims.empty() ? shifts.size() == 1 : shifts.size() == dims.size(),
        "shifts and dimensions must align. shifts: ", shifts.size(), ", dims:", dims.size());
  for (const int64_t d : dims) {
    check_index(self.dim() > 0, "roll: Dimension specified as ", d, " but tensor has no dimensions");
    wrap_dim(d, self.dim());
  }
  return like(self);
}

TensorMeta triangle(const char* op, const Tensor& self) {
  check(self.dim() >= 2, op, ": input tensor must have at least 2 dimensions, got shape ", self.sizes());
  return like(self);
}

Metas2 sort(const Tensor& self, int64_t dim) {
  wrap_dim(dim, self.dim());
  check(!self.is_complex(), "Sort does not support complex dtypes on CPU");
  const TensorMeta values = clone(self, std::nullopt);
  return {values, TensorMeta{values.sizes, DType::Int64, values.device, values.strides}};
}

Metas2 topk(const Tensor& self, int64_t k, int64_t dim) {
  dim = wrap_dim(dim, self.dim());
  const int64_t n = self.dim() == 0 ? 1 : self.sizes()[dim];
  check(k >= 0 && k <= n, "selected index k out of range: k = ", k, " for dimension ", dim, " of size ", n);
  check_kind(ErrorKind::NotImplemented, !self.is_complex(), "topk(): does not support complex dtypes on CPU");
  DimVec sizes = self.sizes();
  if (self.dim() > 0) sizes[dim] = k;
  return {TensorMeta{sizes, self.dtype(), self.device()}, TensorMeta{sizes, DType::Int64, self.device()}};
}

Metas2 kthvalue(const Tensor& self, int64_t k, int64_t dim, bool keepdim) {
  dim = wrap_dim(dim, self.dim());
  const int64_t n = self.dim() == 0 ? 1 : self.sizes()[dim];
  check(k >= 1 && k <= n, "kthvalue(): selected number k out of range for dimension ", dim, " of size ", n,
        ": ", k);
  return reduce_dim_indices("kthvalue", self, dim, keepdim);
}

TensorMeta searchsorted(const Tensor& sorted, const Tensor& self, bool out_int32) {
  check(sorted.dim() > 0, "torch.searchsorted(): boundaries tensor should have positive dimension, got ",
        sorted.dim());
  check(sorted.dtype() == self.dtype() || self.is_wrapped_number(),
        "torch.searchsorted(): input value tensor and boundary tensor should have same dtype, but got ",
        self.dtype(), " and ", sorted.dtype());
  if (sorted.dim() > 1) {
    check(sorted.dim() == self.dim(),
          "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of "
          "boundaries tensor and input value tensor must match, but we got boundaries tensor ",
          sorted.sizes(), " and input value tensor ", self.sizes());
    for (int64_t i = 0; i + 1 < sorted.dim(); ++i)
      check(sorted.sizes()[i] == self.sizes()[i], "torch.searchsorted(): boundaries tensor ", sorted.sizes(),
            " and input value tensor ", self.sizes(), " must match in the first N-1 dimensions");
  }
  return {self.sizes(), out_int32 ? DType::Int32 : DType::Int64, sorted.device()};
}

} // namespace torch::infer
