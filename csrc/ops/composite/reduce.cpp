// Reductions written with others.
#include "ops/entry.h"

namespace torch::ops {

Tensor max(const Tensor& self, const Tensor& other) { return maximum(self, other); }
Tensor min(const Tensor& self, const Tensor& other) { return minimum(self, other); }

std::tuple<Tensor, Tensor> aminmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  const DimVec dims = dim ? DimVec{*dim} : DimVec();
  return {amin(self, dims, keepdim), amax(self, dims, keepdim)};
}

Tensor var(const Tensor& self, bool unbiased) {
  return var(self, std::nullopt, Scalar(int64_t{unbiased}), false);
}
Tensor var(const Tensor& self, OptInts dim, bool unbiased, bool keepdim) {
  return var(self, dim, Scalar(int64_t{unbiased}), keepdim);
}
Tensor std(const Tensor& self, bool unbiased) {
  return std(self, std::nullopt, Scalar(int64_t{unbiased}), false);
}
Tensor std(const Tensor& self, OptInts dim, bool unbiased, bool keepdim) {
  return std(self, dim, Scalar(int64_t{unbiased}), keepdim);
}

std::tuple<Tensor, Tensor> var_mean(const Tensor& self, bool unbiased) {
  return var_mean(self, std::nullopt, Scalar(int64_t{unbiased}), false);
}
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, OptInts dim, bool unbiased, bool keepdim) {
  return var_mean(self, dim, Scalar(int64_t{unbiased}), keepdim);
}
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, bool unbiased) {
  return std_mean(self, std::nullopt, Scalar(int64_t{unbiased}), false);
}
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, OptInts dim, bool unbiased, bool keepdim) {
  return std_mean(self, dim, Scalar(int64_t{unbiased}), keepdim);
}

Tensor norm(const Tensor& self, const std::optional<Scalar>& p, OptInts dim, bool keepdim,
            std::optional<DType> dtype) {
  return linalg_vector_norm(self, p.value_or(Scalar(int64_t{2})), dim, keepdim, dtype);
}

Tensor nansum(const Tensor& self, OptInts dim, bool keepdim, std::optional<DType> dtype) {
  if (!is_differentiable(self.dtype())) return sum(self, dim, keepdim, dtype);
  check_kind(ErrorKind::NotImplemented, !dtype || is_differentiable(*dtype) || self.numel() == 0,
             "\"nansum\" not implemented for '", dtype_aten_name(dtype.value_or(self.dtype())), "'");
  return sum(masked_fill(self, isnan(self), 0), dim, keepdim, dtype);
}

Tensor median(const Tensor& self) {
  if (self.numel() == 0) { // NaN, or what becomes of it as an integer
    const DType type = self.dtype();
    const Scalar none = type == DType::Int64    ? Scalar(std::numeric_limits<int64_t>::min())
                        : type == DType::Int32  ? Scalar(int64_t{std::numeric_limits<int32_t>::min()})
                        : type == DType::UInt64 ? Scalar(uint64_t{1} << 63)
                        : is_integral(type)     ? Scalar(int64_t{0})
                                                : Scalar(std::numeric_limits<double>::quiet_NaN());
    const Tensor result = full({}, none, type, self.device());
    return is_floating(type) ? sum(self) + result : result; // with a gradient of as many elements
  }
  return std::get<0>(median(reshape(self, {-1}), 0, false));
}

} // namespace torch::ops
