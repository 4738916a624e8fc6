#include "ops/infer/view.h"

namespace torch::view {

namespace {
Geometry base(const Tensor& self) { return {self.sizes(), self.strides(), self.offset(), self.dtype()}; }
} // namespace

Geometry same(const Tensor& self) { return base(self); }

DimVec resolve_size(const char* op, Ints size, int64_t numel) {
  DimVec out(size);
  int64_t known = 1;
  int64_t unknown = -1;
  for (size_t i = 0; i < size.size(); ++i) {
    if (size[i] == -1) {
      check(unknown < 0, "only one dimension can be inferred, got ", size);
      unknown = static_cast<int64_t>(i);
    } else {
      check(size[i] >= 0, op, ": invalid shape dimension ", size[i], " in ", size);
      check(!__builtin_mul_overflow(known, size[i], &known), op, ": number of elements overflows in ", size);
    }
  }
  if (unknown >= 0) {
    check(known != 0, "cannot reshape tensor of ", numel, " elements into shape ", size,
          " because the unspecified dimension size -1 can be any value and is ambiguous");
    check(numel % known == 0, "shape '", size, "' is invalid for input of size ", numel,
          ": it is no multiple of ", known);
    out[unknown] = numel / known;
  } else {
    check(known == numel, "shape '", size, "' is invalid for input of size ", numel, ": it has ", known,
          " elements; -1 stands for the size that is left");
  }
  return out;
}

std::optional<DimVec> reshaped_strides(IntSpan sizes, IntSpan strides, IntSpan size) {
  DimVec out(size.size());
  if (numel_of(sizes) == 0) return contiguous_strides(size);
  // Walk both shapes from the last dimension: each run of input dims that is contiguous in itself must be
  // divided exactly.
  int64_t j = static_cast<int64_t>(size.size()) - 1;
  int64_t i = static_cast<int64_t>(sizes.size()) - 1;
  if (i < 0) {
    std::fill(out.begin(), out.end(), 1);
    return out;
  }
  int64_t run_stride = strides[i];
  int64_t run = 1, covered = 1;
  for (; i >= 0; --i) {
    run *= sizes[i];
    const bool ends = i == 0 || (sizes[i - 1] != 1 && strides[i - 1] != run * run_stride);
    if (!ends) continue;
    while (j >= 0 && (covered < run || size[j] == 1)) {
      out[j] = covered * run_stride;
      covered *= size[j];
      --j;
    }
    if (covered != run) return std::nullopt;
    if (i > 0) {
      run_stride = strides[i - 1];
      run = covered = 1;
    }
  }
  return j < 0 ? std::optional<DimVec>(std::move(out)) : std::nullopt;
}

Geometry view(const Tensor& self, Ints size) {
  Geometry g{resolve_size("view", size, self.numel()), {}, self.offset(), self.dtype()};
  if (self.is_contiguous()) {
    g.strides = contiguous_strides(g.sizes);
    return g;
  }
  auto strides = reshaped_strides(self.sizes(), self.strides(), g.sizes);
  check(strides.has_value(),
        "view size is not compatible with input tensor's size and stride (at least one dimension spans "
        "across two contiguous subspaces). Use .reshape(...) instead. (view of shape ",
        self.sizes(), " with strides ", self.strides(), " as ", size, ")");
  g.strides = std::move(*strides);
  return g;
}

Geometry as_strided(const Tensor& self, Ints size, Ints stride, std::optional<int64_t> storage_offset) {
  check(size.size() == stride.size(), "as_strided: mismatch in length of strides ", stride, " and shape ",
        size);
  const int64_t offset = storage_offset.value_or(self.offset());
  check(offset >= 0, "as_strided: storage_offset must be non-negative, got ", offset);
  for (size_t i = 0; i < size.size(); ++i) {
    check(size[i] >= 0, "as_strided: negative size ", size);
    check(stride[i] >= 0,
          "as_strided: Negative strides are not supported at the moment, got strides: ", stride);
  }
  const int64_t need = span_bytes(size, stride, self.itemsize());
  int64_t total = 0;
  const bool fits = !__builtin_mul_overflow(offset, self.itemsize(), &total) &&
                    !__builtin_add_overflow(total, need, &total);
  check(need == 0 || (fits && total <= self.storage()->bytes()), "setStorage: sizes ", size, ", strides ",
        stride, ", storage offset ", offset, ", and itemsize ", self.itemsize(),
        " requiring a storage size of ", total, " are out of bounds for storage of size ",
        self.storage()->bytes());
  return {size.span(), stride.span(), offset, self.dtype()};
}

Geometry transpose(const Tensor& self, int64_t dim0, int64_t dim1) {
  Geometry g = base(self);
  dim0 = wrap_dim(dim0, self.dim());
  dim1 = wrap_dim(dim1, self.dim());
  if (self.dim() > 0) {
    std::swap(g.sizes[dim0], g.sizes[dim1]);
    std::swap(g.strides[dim0], g.strides[dim1]);
  }
  return g;
}

Geometry t(const Tensor& self) {
  check(self.dim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is ", self.dim(), "D");
  return self.dim() < 2 ? base(self) : transpose(self, 0, 1);
}

Geometry permute(const Tensor& self, Ints dims) {
  const int64_t n = self.dim();
  check(static_cast<int64_t>(dims.size()) == n,
        "permute: number of dimensions in the tensor input does not match the length of the desired ordering "
        "of "
        "dimensions i.e. input.dim() = ",
        n, " is not equal to len(dims) = ", dims.size());
  Geometry g{DimVec(size_t(n)), DimVec(size_t(n)), self.offset(), self.dtype()};
  uint64_t seen = 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t d = wrap_dim(dims[i], n);
    check(!(seen >> d & 1), "permute(): duplicate dims are not allowed.");
    seen |= uint64_t{1} << d;
    g.sizes[i] = self.sizes()[d];
    g.strides[i] = self.strides()[d];
  }
  return g;
}

Geometry squeeze(const Tensor& self) {
  Geometry g{{}, {}, self.offset(), self.dtype()};
  for (int64_t i = 0; i < self.dim(); ++i)
    if (self.sizes()[i] != 1) {
      g.sizes.push_back(self.sizes()[i]);
      g.strides.push_back(self.strides()[i]);
    }
  return g;
}

Geometry squeeze(const Tensor& self, Ints dims) {
  const uint64_t mask = dims.empty() ? 0 : dim_mask(dims, self.dim(), "squeeze");
  Geometry g{{}, {}, self.offset(), self.dtype()};
  for (int64_t i = 0; i < self.dim(); ++i)
    if (!(mask >> i & 1) || self.sizes()[i] != 1) {
      g.sizes.push_back(self.sizes()[i]);
      g.strides.push_back(self.strides()[i]);
    }
  return g;
}

Geometry unsqueeze(const Tensor& self, int64_t dim) {
  Geometry g = base(self);
  dim = wrap_dim(dim, self.dim() + 1);
  const int64_t stride = dim < self.dim() ? self.sizes()[dim] * self.strides()[dim] : 1;
  g.sizes.insert(dim, 1);
  g.strides.insert(dim, stride);
  return g;
}

Geometry expand(const Tensor& self, Ints size) {
  const int64_t n = static_cast<int64_t>(size.size()), own = self.dim();
  check(n >= own, "expand(torch.", dtype_name(self.dtype()), self.sizes(), ", size=", size,
        "): the number of sizes provided (", n,
        ") must be greater or equal to the number of dimensions in the tensor (", own, ")");
  Geometry g{DimVec(size_t(n)), DimVec(size_t(n)), self.offset(), self.dtype()};
  for (int64_t i = n; i-- > 0;) {
    const int64_t d = i - (n - own);
    const int64_t have = d >= 0 ? self.sizes()[d] : 1;
    int64_t want = size[i];
    if (want == -1) {
      check(d >= 0,
            "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ", i);
      want = have;
    }
    check(want >= 0, "expand: negative size ", size);
    check(have == want || have == 1, "The expanded size of the tensor (", want,
          ") must match the existing size (", have, ") at non-singleton dimension ", i,
          ".  Target sizes: ", size, ".  Tensor sizes: ", self.sizes(), ". Only dimensions of size 1 expand");
    g.sizes[i] = want;
    g.strides[i] = d < 0 ? (i + 1 < n ? g.sizes[i + 1] * g.strides[i + 1] : 1) : self.strides()[d];
    if (have != want || (d < 0 && want != 1)) g.strides[i] = 0;
  }
  return g;
}

Geometry select(const Tensor& self, int64_t dim, int64_t index) {
  check_index(self.dim() > 0, "select() cannot be applied to a 0-dim tensor.");
  dim = wrap_dim(dim, self.dim());
  const int64_t size = self.sizes()[dim];
  check_index(index >= -size && index < size, "select(): index ", index, " out of range for tensor of size ",
              self.sizes(), " at dimension ", dim);
  if (index < 0) index += size;
  Geometry g = base(self);
  g.offset += index * g.strides[dim];
  g.sizes.erase(dim);
  g.strides.erase(dim);
  return g;
}

Geometry slice(const Tensor& self, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
               int64_t step) {
  check_index(self.dim() > 0, "slice() cannot be applied to a 0-dim tensor.");
  check(step > 0, "slice step must be positive");
  dim = wrap_dim(dim, self.dim());
  const int64_t size = self.sizes()[dim];
  const auto clip = [size](int64_t v) { return std::clamp<int64_t>(v < 0 ? v + size : v, 0, size); };
  const int64_t first = clip(start.value_or(0));
  const int64_t last = std::max(clip(end.value_or(size)), first);
  Geometry g = base(self);
  g.offset += first * g.strides[dim];
  g.sizes[dim] = (last - first + step - 1) / step;
  g.strides[dim] *= step;
  return g;
}

Geometry diagonal(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  const int64_t n = self.dim();
  dim1 = wrap_dim(dim1, n);
  dim2 = wrap_dim(dim2, n);
  check(dim1 != dim2, "diagonal dimensions cannot be identical ", dim1, ", ", dim2);
  Geometry g = base(self);
  const int64_t rows = g.sizes[dim1], columns = g.sizes[dim2];
  const int64_t length =
      std::max<int64_t>(offset >= 0 ? std::min(rows, columns - offset) : std::min(rows + offset, columns), 0);
  if (length > 0) g.offset += offset >= 0 ? offset * g.strides[dim2] : -offset * g.strides[dim1];
  const int64_t stride = g.strides[dim1] + g.strides[dim2];
  g.sizes.erase(std::max(dim1, dim2));
  g.strides.erase(std::max(dim1, dim2));
  g.sizes.erase(std::min(dim1, dim2));
  g.strides.erase(std::min(dim1, dim2));
  g.sizes.push_back(length);
  g.strides.push_back(stride);
  return g;
}

std::vector<Geometry> unbind(const Tensor& self, int64_t dim) {
  check_index(self.dim() > 0, "Dimension specified as ", dim, " but tensor has no dimensions");
  dim = wrap_dim(dim, self.dim());
  std::vector<Geometry> out;
  for (int64_t i = 0; i < self.sizes()[dim]; ++i) out.push_back(select(self, dim, i));
  return out;
}

std::vector<Geometry> split(const Tensor& self, int64_t split_size, int64_t dim) {
  check(self.dim() > 0, "split expects at least a 1-dimensional tensor");
  check(split_size >= 0, "split expects split_size be non-negative, but got split_size=", split_size);
  dim = wrap_dim(dim, self.dim());
  const int64_t n = self.sizes()[dim];
  check(split_size > 0 || n == 0,
        "split_size can only be 0 if dimension size is 0, but got dimension size of ", n);
  if (n == 0) return {slice(self, dim, 0, 0, 1)};
  std::vector<Geometry> out;
  for (int64_t i = 0; i < n; i += std::min(split_size, n - i)) // i never passes n, whatever the size
    out.push_back(slice(self, dim, i, i + std::min(split_size, n - i), 1));
  return out;
}

std::vector<Geometry> split_with_sizes(const Tensor& self, Ints sizes, int64_t dim) {
  check(self.dim() > 0, "split_with_sizes expects at least a 1-dimensional tensor");
  dim = wrap_dim(dim, self.dim());
  const int64_t n = self.sizes()[dim];
  int64_t total = 0;
  bool fits = true;
  for (const int64_t s : sizes) {
    check(s >= 0,
          "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=", sizes);
    fits = fits && !__builtin_add_overflow(total, s, &total);
  }
  check(fits && total == n, "split_with_sizes expects split_sizes to sum exactly to ", n,
        " (input tensor's size at dimension ", dim, "), but got split_sizes=", sizes);
  std::vector<Geometry> out;
  int64_t at = 0;
  for (const int64_t s : sizes) {
    out.push_back(slice(self, dim, at, at + s, 1));
    at += s;
  }
  return out;
}

Geometry unfold(const Tensor& self, int64_t dim, int64_t size, int64_t step) {
  dim = wrap_dim(dim, self.dim());
  const int64_t length = self.dim() == 0 ? 1 : self.sizes()[dim];
  check(size >= 0, "size is ", size, " but must be >= 0");
  check(size <= length, "maximum size for tensor at dimension ", dim, " is ", length, " but size is ", size);
  check(step > 0, "step is ", step, " but must be > 0");
  Geometry g = base(self);
  const int64_t stride = self.dim() == 0 ? 1 : g.strides[dim];
  if (self.dim() > 0) {
    g.sizes[dim] = (length - size) / step + 1;
    g.strides[dim] = stride * step;
  }
  g.sizes.push_back(size);
  g.strides.push_back(stride);
  return g;
}

Geometry view_as_real(const Tensor& self) {
  check(self.is_complex(), "view_as_real is only supported for complex tensors, got ", self.dtype());
  Geometry g = base(self);
  g.dtype = real_type(self.dtype());
  g.offset *= 2;
  for (int64_t& s : g.strides) s *= 2;
  g.sizes.push_back(2);
  g.strides.push_back(1);
  return g;
}

Geometry view_as_complex(const Tensor& self) {
  check_type(self.dtype() != DType::Float16, "view_as_complex: there is no complex dtype of Half parts here");
  check(self.dtype() == DType::Float32 || self.dtype() == DType::Float64,
        "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar "
        "type: ",
        dtype_aten_name(self.dtype()));
  check(self.dim() > 0, "Input tensor must have one or more dimensions");
  check(self.sizes().back() == 2, "Tensor must have a last dimension of size 2");
  check(self.strides().back() == 1, "Tensor must have a last dimension with stride 1");
  Geometry g = base(self);
  g.dtype = complex_type(self.dtype());
  g.sizes.erase(g.sizes.size() - 1);
  g.strides.erase(g.strides.size() - 1);
  for (int64_t& s : g.strides) {
    check(s % 2 == 0, "Tensor must have a stride divisible by 2 for all but last dimension");
    s /= 2;
  }
  check(g.offset % 2 == 0, "Tensor must have a storage_offset divisible by 2");
  g.offset /= 2;
  return g;
}

Geometry view_dtype(const Tensor& self, DType dtype) {
  Geometry g = base(self);
  g.dtype = dtype;
  const int64_t from = self.itemsize(), to = item_size(dtype);
  if (from == to) return g;
  check(self.dim() > 0, "self.dim() cannot be 0 to view ", dtype_aten_name(self.dtype()), " as ",
        dtype_aten_name(dtype), " (different element sizes)");
  check(g.strides.back() == 1, "self.stride(-1) must be 1 to view ", dtype_aten_name(self.dtype()), " as ",
        dtype_aten_name(dtype), " (different element sizes), but got ", g.strides.back());
  if (from > to) {
    const int64_t ratio = from / to;
    for (size_t i = 0; i + 1 < g.strides.size(); ++i) g.strides[i] *= ratio;
    g.sizes.back() *= ratio;
    g.offset *= ratio;
    return g;
  }
  const int64_t ratio = to / from;
  check(g.sizes.back() % ratio == 0, "self.size(-1) must be divisible by ", ratio, " to view ",
        dtype_aten_name(self.dtype()), " as ", dtype_aten_name(dtype), " (different element sizes), but got ",
        g.sizes.back());
  check(g.offset % ratio == 0, "self.storage_offset() must be divisible by ", ratio, " to view ",
        dtype_aten_name(self.dtype()), " as ", dtype_aten_name(dtype), " (different element sizes), but got ",
        g.offset);
  for (size_t i = 0; i + 1 < g.strides.size(); ++i) {
    check(g.strides[i] % ratio == 0, "self.stride(", i, ") must be divisible by ", ratio, " to view ",
          dtype_aten_name(self.dtype()), " as ", dtype_aten_name(dtype),
          " (different element sizes), but got ", g.strides[i]);
    g.strides[i] /= ratio;
  }
  g.sizes.back() /= ratio;
  g.offset /= ratio;
  return g;
}

} // namespace torch::view
