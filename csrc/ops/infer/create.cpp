#include "ops/infer/infer.h"

#include <cmath>

namespace torch::infer {

TensorMeta like(const Tensor& t) { return {t.sizes(), t.dtype(), t.device()}; }
TensorMeta sized(const Tensor& t, IntSpan sizes) { return {sizes, t.dtype(), t.device()}; }

DimVec format_strides(IntSpan sizes, std::optional<MemoryFormat> format, const Tensor* self) {
  switch (format.value_or(MemoryFormat::Preserve)) {
  case MemoryFormat::Contiguous:
    return {};
  case MemoryFormat::ChannelsLast:
    check(sizes.size() == 4, "required rank 4 tensor to use channels_last format, got shape ", sizes);
    return channels_last_strides(sizes);
  case MemoryFormat::ChannelsLast3d:
    check(sizes.size() == 5, "required rank 5 tensor to use channels_last_3d format, got shape ", sizes);
    return channels_last_strides(sizes);
  case MemoryFormat::Preserve:
    break;
  }
  if (!self || self->is_contiguous()) return {};
  if (self->is_non_overlapping_and_dense()) return self->strides();
  return {};
}

DimVec ordered_strides(IntSpan sizes, std::span<const DimVec> operands) {
  // Positive where `inner` belongs outside of `outer`, negative where not, 0 where no operand tells.
  const auto misplaced = [&](int64_t inner, int64_t outer) {
    for (const DimVec& strides : operands) {
      const int64_t a = strides[inner], b = strides[outer];
      if (a == 0 || b == 0) continue;
      if (a != b) return a < b ? -1 : 1;
      if (sizes[inner] > sizes[outer]) return 1;
    }
    return 0;
  };
  const size_t n = sizes.size();
  DimVec order; // innermost first; each dimension is moved outside of those that it has to enclose
  bool moved = false;
  for (size_t i = 0; i < n; ++i) {
    order.push_back(static_cast<int64_t>(n - 1 - i));
    for (size_t at = i, below = i; below-- > 0;) {
      const int verdict = misplaced(order[below], order[at]);
      if (verdict < 0) break;
      if (verdict == 0) continue;
      std::swap(order[below], order[at]);
      at = below;
      moved = true;
    }
  }
  if (!moved) return {};
  DimVec strides(n);
  int64_t step = 1;
  for (const int64_t d : order) {
    strides[d] = step;
    step *= std::max<int64_t>(sizes[d], 1);
  }
  return strides;
}

TensorMeta clone(const Tensor& self, std::optional<MemoryFormat> format) {
  return {self.sizes(), self.dtype(), self.device(), format_strides(self.sizes(), format, &self)};
}

TensorMeta to_copy(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device,
                   std::optional<MemoryFormat> format) {
  const Device target = device.value_or(self.device());
  check_kind(ErrorKind::NotImplemented, !self.is_meta() || target.type == DeviceType::Meta,
             "Cannot copy out of meta tensor; no data!");
  return {self.sizes(), dtype.value_or(self.dtype()), target, format_strides(self.sizes(), format, &self)};
}

TensorMeta arange(const Scalar& start, const Scalar& end, const Scalar& step, std::optional<DType> dtype,
                  std::optional<Device> device) {
  const bool integral = start.is_integral() && end.is_integral() && step.is_integral();
  const DType type = dtype.value_or(integral ? DType::Int64 : default_dtype());
  check(!start.is_complex() && !end.is_complex() && !step.is_complex(),
        "arange: complex bounds are not supported");
  const double first = start.to<double>(), last = end.to<double>(), by = step.to<double>();
  check_kind(ErrorKind::NotImplemented, type != DType::Bool, "\"arange\" not implemented for 'Bool'");
  check(by != 0, "step must be nonzero");
  check(std::isfinite(first) && std::isfinite(last), "unsupported range: ", first, " -> ", last);
  check((by > 0 && last >= first) || (by < 0 && last <= first),
        "upper bound and lower bound inconsistent with step sign (start=", first, ", end=", last,
        ", step=", by, ")");
  int64_t n;
  if (integral) {
    const auto whole = [](const Scalar& v) {
      return v.is_beyond_int64() ? __int128(v.to<uint64_t>()) : __int128(v.to<int64_t>());
    };
    const __int128 a = whole(start), b = whole(end), s = whole(step);
    const __int128 distance = s > 0 ? b - a : a - b, width = s > 0 ? s : -s;
    n = static_cast<int64_t>((distance + width - 1) / width);
  } else {
    const double count = std::ceil((last - first) / by);
    check(count >= 0 && count <= 9.2e18, "arange: invalid size, possible overflow");
    n = static_cast<int64_t>(count);
  }
  return {{n}, type, device.value_or(Device{})};
}

TensorMeta linspace(const Scalar& start, const Scalar& end, int64_t steps, std::optional<DType> dtype,
                    std::optional<Device> device) {
  check(steps >= 0, "number of steps must be non-negative, got ", steps);
  check_kind(ErrorKind::NotImplemented, steps < 2 || dtype != DType::Bool,
             "\"linspace\" not implemented for 'Bool'");
  const bool complex = start.is_complex() || end.is_complex();
  return {{steps},
          dtype.value_or(complex ? default_complex_dtype() : default_dtype()),
          device.value_or(Device{})};
}

TensorMeta eye(int64_t n, int64_t m, std::optional<DType> dtype, std::optional<Device> device) {
  check(n >= 0, "n must be greater or equal to 0, got ", n);
  check(m >= 0, "m must be greater or equal to 0, got ", m);
  return {{n, m}, dtype.value_or(default_dtype()), device.value_or(Device{})};
}

TensorMeta randperm(int64_t n, std::optional<DType> dtype, std::optional<Device> device) {
  check(n >= 0, "n must be non-negative, got ", n);
  const DType type = dtype.value_or(DType::Int64);
  check_kind(ErrorKind::NotImplemented, type != DType::Bool, "\"randperm\" not implemented for 'Bool'");
  int64_t limit = std::numeric_limits<int64_t>::max();
  switch (type) {
  case DType::UInt8:
    limit = 256;
    break;
  case DType::UInt16:
    limit = 65536;
    break;
  case DType::UInt32:
    limit = int64_t{1} << 32;
    break;
  case DType::Int8:
    limit = 128;
    break;
  case DType::Int16:
    limit = 32768;
    break;
  case DType::Float16:
    limit = 2049;
    break;
  case DType::BFloat16:
    limit = 257;
    break;
  case DType::Float32:
    limit = 16777217;
    break;
  case DType::Int32:
    limit = int64_t{1} << 31;
    break;
  default:
    break;
  }
  check(n <= limit, "n is too large for result tensor type: '", dtype_aten_name(type), "'");
  return {{n}, type, device.value_or(Device{})};
}

TensorMeta multinomial(const Tensor& self, int64_t num_samples, bool replacement) {
  check(self.dim() == 1 || self.dim() == 2, "prob_dist must be 1 or 2 dim, got ", self.dim());
  check(self.is_floating_point(),
        "multinomial only supports floating-point dtypes for input, got: ", dtype_aten_name(self.dtype()));
  check(num_samples > 0, "cannot sample n_sample <= 0 samples");
  check(replacement || num_samples <= self.sizes().back(),
        "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
  check(self.sizes().back() <= (int64_t{1} << 24), "number of categories cannot exceed 2^24");
  DimVec sizes = self.sizes();
  sizes.back() = num_samples;
  return {sizes, DType::Int64, self.device()};
}

} // namespace torch::infer
