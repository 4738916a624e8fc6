// Creation and filling.
#include "core/backend.h"
#include "ops/entry.h"
#include "ops/sparse/sparse.h"

namespace torch::ops {

namespace {

Device device_or(std::optional<Device> d) { return d.value_or(Device{}); }
DType dtype_or_default(std::optional<DType> t) { return t.value_or(default_dtype()); }

Tensor like_empty(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device,
                  std::optional<MemoryFormat> format) {
  if (is_sparse(self)) sparse::refuse("filling", self);
  TensorMeta meta = infer::clone(self, format);
  meta.dtype = dtype.value_or(meta.dtype);
  meta.device = device.value_or(meta.device);
  return empty_tensor(meta);
}

// Fills a fresh tensor; not recorded, since nothing depends on it.
Tensor filled(Tensor t, const Scalar& value) {
  if (is_sparse(t)) sparse::refuse("filling", t);
  check_fill(t, value);
  if (!t.is_meta()) {
    const LongWork long_work(t.numel());
    kernels_of(t).fill(t, value);
  }
  return t;
}

} // namespace

Tensor _pin_memory(const Tensor& self, std::optional<Device> device) {
  Backend* const found = find_cuda();
  check(found && found->device_count() > 0, "Cannot access accelerator device when none is available.");
  check(!device || device->type == DeviceType::CUDA, "memory is pinned for CUDA devices, not for ",
        device.value_or(Device{}));
  check(self.is_cpu() && !is_sparse(self), "cannot pin ", self, " on ", self.device(),
        ": only dense CPU tensors can be pinned");
  if (self.nbytes() > 0 && found->is_pinned(self.data())) return self;
  const DimVec strides =
      self.is_non_overlapping_and_dense() ? DimVec(self.strides()) : contiguous_strides(self.sizes());
  const int64_t bytes = span_bytes(self.sizes(), strides, self.itemsize());
  const Tensor pinned = from_storage(pinned_storage(bytes), self.dtype(), self.sizes(), strides, 0);
  return copy_(pinned, self);
}

Tensor empty(Ints size, std::optional<DType> dtype, std::optional<Device> device,
             std::optional<MemoryFormat> format) {
  check(format != MemoryFormat::Preserve, "empty(): the Preserve memory format is not supported");
  return empty_tensor(
      TensorMeta{size.span(), dtype_or_default(dtype), device_or(device),
                 infer::format_strides(size, format.value_or(MemoryFormat::Contiguous), nullptr)});
}
Tensor empty_strided(Ints size, Ints stride, std::optional<DType> dtype, std::optional<Device> device) {
  return empty_strided_tensor(size, stride, dtype_or_default(dtype), device_or(device));
}
Tensor zeros(Ints size, std::optional<DType> dtype, std::optional<Device> device) {
  return filled(empty_tensor(size, dtype_or_default(dtype), device_or(device)), int64_t{0});
}
Tensor ones(Ints size, std::optional<DType> dtype, std::optional<Device> device) {
  return filled(empty_tensor(size, dtype_or_default(dtype), device_or(device)), int64_t{1});
}
Tensor full(Ints size, const Scalar& fill_value, std::optional<DType> dtype, std::optional<Device> device) {
  return filled(empty_tensor(size, dtype.value_or(fill_value.dtype()), device_or(device)), fill_value);
}
Tensor scalar_tensor(const Scalar& s, std::optional<DType> dtype, std::optional<Device> device) {
  return filled(empty_tensor({}, dtype_or_default(dtype), device_or(device)), s);
}
Tensor arange(const Scalar& end, std::optional<DType> dtype, std::optional<Device> device) {
  return _arange(int64_t{0}, end, int64_t{1}, dtype, device);
}
Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step, std::optional<DType> dtype,
              std::optional<Device> device) {
  return _arange(start, end, step, dtype, device);
}
Tensor linspace(const Scalar& start, const Scalar& end, int64_t steps, std::optional<DType> dtype,
                std::optional<Device> device) {
  return _linspace(start, end, steps, dtype, device);
}
Tensor logspace(const Scalar& start, const Scalar& end, int64_t steps, double base,
                std::optional<DType> dtype, std::optional<Device> device) {
  check_kind(ErrorKind::NotImplemented, steps < 2 || dtype != DType::Bool,
             "\"logspace\" not implemented for 'Bool'");
  const Tensor exponents = _linspace(start, end, steps, DType::Float64, device);
  return _to_copy(pow(wrapped_number(base), exponents), dtype_or_default(dtype));
}
Tensor eye(int64_t n, std::optional<DType> dtype, std::optional<Device> device) {
  return _eye(n, n, dtype, device);
}
Tensor eye(int64_t n, int64_t m, std::optional<DType> dtype, std::optional<Device> device) {
  return _eye(n, m, dtype, device);
}

Tensor empty_like(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device,
                  std::optional<MemoryFormat> f) {
  return is_sparse(self) ? sparse::empty_like(self, dtype, device) : like_empty(self, dtype, device, f);
}
Tensor zeros_like(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device,
                  std::optional<MemoryFormat> f) {
  if (is_sparse(self)) return sparse::empty_like(self, dtype, device);
  return filled(like_empty(self, dtype, device, f), int64_t{0});
}
Tensor ones_like(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device,
                 std::optional<MemoryFormat> f) {
  return filled(like_empty(self, dtype, device, f), int64_t{1});
}
Tensor full_like(const Tensor& self, const Scalar& value, std::optional<DType> dtype,
                 std::optional<Device> device, std::optional<MemoryFormat> f) {
  return filled(like_empty(self, dtype, device, f), value);
}
Tensor new_empty(const Tensor& self, Ints size, std::optional<DType> dtype, std::optional<Device> device) {
  if (is_sparse(self)) return sparse::new_empty(self, size, dtype, device);
  return empty_tensor(size, dtype.value_or(self.dtype()), device.value_or(self.device()));
}
Tensor new_zeros(const Tensor& self, Ints size, std::optional<DType> dtype, std::optional<Device> device) {
  const Tensor made = new_empty(self, size, dtype, device);
  return is_sparse(made) ? made : filled(made, int64_t{0});
}
Tensor new_ones(const Tensor& self, Ints size, std::optional<DType> dtype, std::optional<Device> device) {
  return filled(new_empty(self, size, dtype, device), int64_t{1});
}
Tensor new_full(const Tensor& self, Ints size, const Scalar& value, std::optional<DType> dtype,
                std::optional<Device> device) {
  return filled(new_empty(self, size, dtype, device), value);
}
Tensor new_empty_strided(const Tensor& self, Ints size, Ints stride, std::optional<DType> dtype,
                         std::optional<Device> device) {
  if (is_sparse(self)) sparse::refuse("new_empty_strided", self);
  return empty_strided_tensor(size, stride, dtype.value_or(self.dtype()), device.value_or(self.device()));
}

const Tensor& fill_(const Tensor& self, const Tensor& value) {
  check(value.dim() == 0, "fill_ only supports 0-dimension value tensor but got tensor with ", value.dim(),
        " dimensions.");
  return copy_(self, value);
}
const Tensor& zero_(const Tensor& self) {
  return is_sparse(self) ? sparse::zero_(self) : fill_(self, Scalar(int64_t{0}));
}

Tensor contiguous(const Tensor& self, MemoryFormat format) {
  check(format != MemoryFormat::Preserve, "preserve memory format is unsupported by the contiguous operator");
  return self.is_contiguous(format) ? self : clone(self, format);
}

bool equal(const Tensor& self, const Tensor& other) {
  check(self.device() == other.device(),
        "Cannot compare two tensors on different devices. Got: ", self.device(), " and ", other.device());
  if (!torch::equal(self.sizes(), other.sizes())) return false;
  check_not_meta("equal", self);
  const Tensor same = all(eq(self, other));
  return value_of<bool>(same);
}

Tensor isclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  check(self.dtype() == other.dtype(), dtype_aten_name(self.dtype()), " did not match ",
        dtype_aten_name(other.dtype()));
  check(rtol >= 0, "rtol must be greater than or equal to zero, but got ", rtol);
  check(atol >= 0, "atol must be greater than or equal to zero, but got ", atol);
  Tensor close = eq(self, other);
  if (equal_nan && is_differentiable(self.dtype()))
    close = logical_or(close, logical_and(isnan(self), isnan(other)));
  if (rtol == 0 && atol == 0) return close;
  Tensor a = self, b = other;
  if (is_integral(self.dtype(), true)) {
    a = _to_copy(self, default_dtype());
    b = _to_copy(other, default_dtype());
  }
  const Tensor allowed = abs(b) * Scalar(rtol) + Scalar(atol);
  const Tensor error = abs(a - b);
  return logical_or(close, logical_and(isfinite(error), le(error, allowed)));
}

bool allclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  check_not_meta("allclose", self);
  return value_of<bool>(all(isclose(self, other, rtol, atol, equal_nan)));
}

Tensor sum_to_size(const Tensor& self, Ints size) {
  if (torch::equal(self.sizes(), size)) return self;
  const int64_t lead = self.dim() - static_cast<int64_t>(size.size());
  check(lead >= 0, "size {", size, "} is not expandable to size {", self.sizes(), "}.");
  DimVec dims;
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (i < lead) {
      dims.push_back(i);
      continue;
    }
    const int64_t want = size[i - lead], have = self.sizes()[i];
    check(want == have || want == 1, "size {", size, "} is not expandable to size {", self.sizes(), "}.");
    if (want == 1 && have != 1) dims.push_back(i);
  }
  Tensor out = dims.empty() ? self : sum(self, dims, true);
  return lead > 0 ? view(contiguous(out), size) : out;
}

} // namespace torch::ops
