// Views and shapes.
#include "ops/entry.h"

namespace torch::ops {

Tensor reshape(const Tensor& self, Ints shape) {
  const DimVec size = view::resolve_size("reshape", shape, self.numel());
  if (self.is_contiguous() || view::reshaped_strides(self.sizes(), self.strides(), size))
    return view(self, size);
  return _unsafe_view(clone(self, MemoryFormat::Contiguous), size);
}
Tensor reshape_as(const Tensor& self, const Tensor& other) { return reshape(self, other.sizes()); }
Tensor view_as(const Tensor& self, const Tensor& other) { return view(self, other.sizes()); }

Tensor movedim(const Tensor& self, Ints source, Ints destination) {
  const int64_t n = self.dim();
  check(source.size() == destination.size(), "movedim: Invalid source or destination dims: source (", source,
        " dims) should contain the same number of dims as destination (", destination, " dims)");
  DimVec order(size_t(n), -1);
  uint64_t used = 0;
  for (size_t i = 0; i < source.size(); ++i) {
    const int64_t s = wrap_dim(source[i], n), d = wrap_dim(destination[i], n);
    check(!(used >> s & 1), "movedim: repeated dim in `source` (", source, ")");
    if (n == 0) return permute(self, {});
    check(order[d] < 0, "movedim: repeated dim in `destination` (", destination, ")");
    order[d] = s;
    used |= uint64_t{1} << s;
  }
  int64_t next = 0;
  for (int64_t d = 0; d < n; ++d) {
    if (order[d] >= 0) continue;
    while (used >> next & 1) ++next;
    order[d] = next++;
  }
  return permute(self, order);
}

Tensor expand_as(const Tensor& self, const Tensor& other) { return expand(self, other.sizes()); }
Tensor broadcast_to(const Tensor& self, Ints size) { return expand(self, size); }

Tensor flatten(const Tensor& self, int64_t start_dim, int64_t end_dim) {
  start_dim = wrap_dim(start_dim, self.dim());
  end_dim = wrap_dim(end_dim, self.dim());
  check(start_dim <= end_dim, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (self.dim() == 0) return reshape(self, {1});
  if (start_dim == end_dim) return self;
  DimVec shape;
  int64_t joined = 1;
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (i < start_dim || i > end_dim)
      shape.push_back(self.sizes()[i]);
    else
      joined *= self.sizes()[i];
    if (i == end_dim) shape.push_back(joined);
  }
  return reshape(self, shape);
}

Tensor unflatten(const Tensor& self, int64_t dim, Ints sizes) {
  dim = wrap_dim(dim, self.dim());
  check(!sizes.empty(), "unflatten: sizes must be non-empty");
  const int64_t length = self.sizes()[dim];
  DimVec parts(sizes);
  int64_t known = 1, unknown = -1;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == -1)
      unknown = static_cast<int64_t>(i);
    else
      known *= parts[i];
  }
  if (unknown >= 0 && known > 0) parts[unknown] = length / known;
  check(numel_of(parts) == length, "unflatten: Provided sizes ", sizes,
        " don't multiply up to the size of dim ", dim, " (", length, ") in the input tensor");
  DimVec shape;
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (i == dim)
      for (const int64_t p : parts) shape.push_back(p);
    else
      shape.push_back(self.sizes()[i]);
  }
  return view(self, shape);
}

Tensor ravel(const Tensor& self) { return reshape(contiguous(self), {-1}); }

Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  check(self.dim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  check(length >= 0, "narrow(): length must be non-negative.");
  dim = wrap_dim(dim, self.dim());
  const int64_t n = self.sizes()[dim];
  check_index(start >= -n && start <= n, "start out of range (expected to be in range of [", -n, ", ", n,
              "], but got ", start, ")");
  if (start < 0) start += n;
  check(start + length <= n, "start (", start, ") + length (", length, ") exceeds dimension size (", n, ").");
  return slice(self, dim, start, start + length, 1);
}

std::vector<Tensor> split(const Tensor& self, Ints sizes, int64_t dim) {
  return split_with_sizes(self, sizes, dim);
}

std::vector<Tensor> chunk(const Tensor& self, int64_t chunks, int64_t dim) {
  check(self.dim() > 0, "chunk expects at least a 1-dimensional tensor");
  check(chunks > 0, "chunk expects `chunks` to be greater than 0, got: ", chunks);
  dim = wrap_dim(dim, self.dim());
  const int64_t n = self.sizes()[dim];
  const int64_t size = (n + chunks - 1) / chunks;
  if (size == 0) return split_with_sizes(self, DimVec(size_t(chunks), 0), dim);
  return split(self, size, dim);
}

std::vector<Tensor> tensor_split(const Tensor& self, int64_t sections, int64_t dim) {
  check(self.dim() > 0, "tensor_split expected at least a 1-dimensional tensor, but got a tensor with ",
        self.dim(), " dims");
  dim = wrap_dim(dim, self.dim());
  check(sections > 0, "number of sections must be larger than 0, got ", sections);
  const int64_t n = self.sizes()[dim];
  std::vector<Tensor> out;
  int64_t at = 0;
  for (int64_t i = 0; i < sections; ++i) {
    const int64_t size = n / sections + (i < n % sections ? 1 : 0);
    out.push_back(slice(self, dim, at, at + size, 1));
    at += size;
  }
  return out;
}
std::vector<Tensor> tensor_split(const Tensor& self, Ints indices, int64_t dim) {
  check(self.dim() > 0, "tensor_split expected at least a 1-dimensional tensor, but got a tensor with ",
        self.dim(), " dims");
  dim = wrap_dim(dim, self.dim());
  std::vector<Tensor> out;
  int64_t start = 0;
  for (const int64_t end : indices) {
    out.push_back(slice(self, dim, start, end, 1));
    start = end;
  }
  out.push_back(slice(self, dim, start, std::nullopt, 1));
  return out;
}

Tensor real(const Tensor& self) { return self.is_complex() ? select(view_as_real(self), -1, 0) : self; }
Tensor imag(const Tensor& self) {
  check(self.is_complex(), "imag is not implemented for tensors with non-complex dtypes.");
  return select(view_as_real(self), -1, 1);
}
Tensor conj(const Tensor& self) { return self.is_complex() ? _conj_physical(self) : self; }
Tensor conj_physical(const Tensor& self) { return conj(self); }
const Tensor& conj_physical_(const Tensor& self) { return self.is_complex() ? _conj_physical_(self) : self; }
Tensor resolve_conj(const Tensor& self) { return self; }
Tensor resolve_neg(const Tensor& self) { return self; }
Tensor detach(const Tensor& self) { return autograd::detach(self); }
const Tensor& detach_(const Tensor& self) {
  check(!autograd::base_of(self).defined(), "Can't detach views in-place. Use detach() instead.");
  autograd::detach_inplace(self);
  return self;
}

Tensor atleast_1d(const Tensor& self) { return self.dim() == 0 ? reshape(self, {1}) : self; }
Tensor atleast_2d(const Tensor& self) {
  return self.dim() == 0 ? reshape(self, {1, 1}) : self.dim() == 1 ? unsqueeze(self, 0) : self;
}
Tensor atleast_3d(const Tensor& self) {
  switch (self.dim()) {
  case 0:
    return reshape(self, {1, 1, 1});
  case 1:
    return unsqueeze(unsqueeze(self, 0), -1);
  case 2:
    return unsqueeze(self, -1);
  default:
    return self;
  }
}

} // namespace torch::ops
