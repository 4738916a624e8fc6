// Elementwise functions written with others.
#include "ops/entry.h"

#include <algorithm>
#include <numeric>

namespace torch::ops {

Tensor div(const Tensor& self, const Tensor& other, std::optional<std::string_view> mode) {
  if (!mode) return div(self, other);
  check(*mode == "trunc" || *mode == "floor",
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '", *mode, "'");
  return *mode == "trunc" ? _div_trunc(self, other) : _div_floor(self, other);
}
const Tensor& div_(const Tensor& self, const Tensor& other, std::optional<std::string_view> mode) {
  if (!mode) return div_(self, other);
  check(*mode == "trunc" || *mode == "floor",
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '", *mode, "'");
  return *mode == "trunc" ? _div_trunc_(self, other) : _div_floor_(self, other);
}

namespace {
void check_some_limit(const Tensor& min, const Tensor& max) {
  check(min.defined() || max.defined(), "torch.clamp: At least one of 'min' or 'max' must not be None");
}
// Writes a result over self, recorded, if it can be had in self's dtype.
const Tensor& written(const char* op, const Tensor& self, const Tensor& result) {
  check(can_cast(result.dtype(), self.dtype()), op, ": result type ", dtype_aten_name(result.dtype()),
        " can't be cast to the desired output type ", dtype_aten_name(self.dtype()));
  return copy_(self, result);
}
} // namespace

Tensor clamp(const Tensor& self, const Tensor& min, const Tensor& max) {
  check_some_limit(min, max);
  Tensor out = self;
  // The gradient of equal elements goes to self, as for clamping by numbers. A NaN limit makes the result
  // NaN.
  const auto limit = [&](const Tensor& bound, Tensor beyond) {
    if (is_differentiable(bound.dtype())) beyond = logical_or(beyond, isnan(bound));
    out = where(beyond, bound, out);
  };
  if (min.defined()) limit(min, lt(out, min));
  if (max.defined()) limit(max, gt(out, max));
  return out;
}
const Tensor& clamp_(const Tensor& self, const Tensor& min, const Tensor& max) {
  return written("clamp_", self, clamp(self, min, max));
}
Tensor clamp_min(const Tensor& self, const Scalar& min) {
  return clamp(self, std::optional<Scalar>(min), std::nullopt);
}
const Tensor& clamp_min_(const Tensor& self, const Scalar& min) {
  return clamp_(self, std::optional<Scalar>(min), std::nullopt);
}
Tensor clamp_max(const Tensor& self, const Scalar& max) {
  return clamp(self, std::nullopt, std::optional<Scalar>(max));
}
const Tensor& clamp_max_(const Tensor& self, const Scalar& max) {
  return clamp_(self, std::nullopt, std::optional<Scalar>(max));
}

Tensor clamp_min(const Tensor& self, const Tensor& min) { return maximum(self, min); }
const Tensor& clamp_min_(const Tensor& self, const Tensor& min) {
  return written("clamp_min_", self, maximum(self, min));
}
Tensor clamp_max(const Tensor& self, const Tensor& max) { return minimum(self, max); }
const Tensor& clamp_max_(const Tensor& self, const Tensor& max) {
  return written("clamp_max_", self, minimum(self, max));
}

std::vector<Tensor> where(const Tensor& condition) {
  const Tensor indices = nonzero(condition.dim() == 0 ? unsqueeze(condition, 0) : condition);
  return unbind(indices, 1);
}

Tensor complex(const Tensor& real, const Tensor& imag) {
  check(real.dtype() == imag.dtype() && is_floating(real.dtype()),
        "Expected both inputs to be Half, Float or Double tensors of one dtype but got ",
        dtype_aten_name(real.dtype()), " and ", dtype_aten_name(imag.dtype()));
  const DimVec sizes = broadcast_sizes(real.sizes(), imag.sizes(), "complex");
  const Tensor parts[] = {expand(real, sizes), expand(imag, sizes)};
  // Stacked with the dimensions in their order in memory, then turned back.
  const std::array<DimVec, 2> given{parts[0].strides(), parts[1].strides()};
  const DimVec strides = infer::ordered_strides(sizes, given);
  DimVec order(sizes.size(), 0), back(sizes.size(), 0);
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return strides[a] > strides[b]; });
  for (size_t i = 0; i < order.size(); ++i) back[order[i]] = static_cast<int64_t>(i);
  const Tensor pair[] = {permute(parts[0], order), permute(parts[1], order)};
  return permute(view_as_complex(stack(pair, -1)), back);
}
Tensor polar(const Tensor& abs, const Tensor& angle) {
  check(abs.dtype() == angle.dtype() && is_floating(abs.dtype()),
        "polar: expected two floating tensors of one dtype, got ", abs.dtype(), " and ", angle.dtype());
  return complex(abs * cos(angle), abs * sin(angle));
}

Tensor gelu(const Tensor& self, std::string_view approximate) {
  check(approximate == "none" || approximate == "tanh", "approximate argument must be either none or tanh.");
  return approximate == "none" ? _gelu(self) : _gelu_tanh(self);
}
const Tensor& gelu_(const Tensor& self, std::string_view approximate) {
  return copy_(self, gelu(self, approximate));
}

Tensor prelu(const Tensor& self, const Tensor& weight) {
  check(self.dtype() == weight.dtype(), "prelu: Type promoting not supported. Got ",
        dtype_aten_name(self.dtype()), " and ", dtype_aten_name(weight.dtype()));
  check(weight.dim() <= 1,
        "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = ", weight.dim());
  Tensor slope = weight;
  if (weight.numel() != 1 || weight.dim() > 0) {
    const int64_t channels = self.dim() >= 2 ? self.sizes()[1] : 1;
    check(weight.numel() == 1 || weight.numel() == channels,
          "Mismatch of parameter numbers and input channel size. Found parameter numbers = ", weight.numel(),
          " and channel size = ", channels, ".");
    DimVec shape(size_t(self.dim()), 1);
    if (weight.numel() != 1) shape[1] = channels;
    slope = reshape(weight, shape);
  }
  return where(gt(self, 0), self, self * slope);
}

Tensor glu(const Tensor& self, int64_t dim) {
  check(self.dim() > 0, "glu does not support 0-dimensional tensors");
  dim = wrap_dim(dim, self.dim());
  const int64_t n = self.sizes()[dim];
  check(n % 2 == 0, "Halving dimension must be even, but dimension ", dim, " is size ", n);
  return narrow(self, dim, 0, n / 2) * sigmoid(narrow(self, dim, n / 2, n / 2));
}

} // namespace torch::ops
