#include "ops/infer/infer.h"

#include <cmath>

namespace torch::infer {

namespace {

DimVec reduced_sizes(const char* op, const Tensor& self, IntSpan dims, bool keepdim) {
  const uint64_t mask = dim_mask(dims, self.dim(), op);
  DimVec sizes;
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (!(mask >> i & 1))
      sizes.push_back(self.sizes()[i]);
    else if (keepdim)
      sizes.push_back(1);
  }
  return sizes;
}

} // namespace

DType sum_dtype(const Tensor& self, std::optional<DType> dtype) {
  if (dtype) return *dtype;
  return is_integral(self.dtype(), true) ? DType::Int64 : self.dtype();
}

DType mean_dtype(const Tensor& self, std::optional<DType> dtype) {
  const DType type = dtype.value_or(self.dtype());
  check(is_differentiable(type),
        "mean(): could not infer output dtype. Input dtype must be either a floating point or "
        "complex dtype. Got: ",
        dtype_aten_name(type));
  return type;
}

DType truth_dtype(const Tensor& self) { return self.dtype() == DType::UInt8 ? DType::UInt8 : DType::Bool; }

TensorMeta reduce(const char* op, const Tensor& self, OptInts dim, bool keepdim, DType dtype) {
  // all and any over no dimensions leave the shape; elsewhere an empty list means all dimensions.
  const bool truth = std::string_view(op) == "all" || std::string_view(op) == "any";
  if (truth && dim && dim.span().empty()) return {self.sizes(), dtype, self.device()};
  return {reduced_sizes(op, self, dim.span(), keepdim), dtype, self.device()};
}

TensorMeta reduce_truth(const char* op, const Tensor& self, OptInts dim, bool keepdim) {
  // An empty list of dims is none of them here, and all of them in other reductions.
  if (dim && dim.span().empty()) return {self.sizes(), truth_dtype(self), self.device()};
  return reduce(op, self, dim, keepdim, truth_dtype(self));
}

TensorMeta reduce_nonempty(const char* op, const Tensor& self, Ints dim, bool keepdim, DType dtype) {
  check_kind(ErrorKind::NotImplemented, !is_complex(dtype), '"', op, "\" not implemented for '",
             dtype_aten_name(dtype), "'");
  if (self.numel() == 0) {
    check(!dim.empty(), op,
          "(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
          "dim with the 'dim' argument.");
    for (const int64_t d : dim)
      check_index(self.sizes()[wrap_dim(d, self.dim())] != 0, op, "(): Expected reduction dim ", d,
                  " to have non-zero size.");
  }
  return reduce(op, self, dim.span(), keepdim, dtype);
}

TensorMeta hash_tensor(const Tensor& self, Ints dim, bool keepdim, int64_t mode) {
  check(mode == 0, "Unknown hash_tensor mode: ", mode, ": 0, exclusive or, is the only one");
  TensorMeta meta = reduce_nonempty("hash_tensor", self, dim, keepdim, DType::UInt64);
  check_kind(ErrorKind::NotImplemented, !self.is_complex(), "\"hash_tensor\" not implemented for '",
             dtype_aten_name(self.dtype()), "'");
  return meta;
}

TensorMeta reduce_float(const char* op, const Tensor& self, OptInts dim, bool keepdim) {
  DType type = self.dtype();
  if (std::string_view(op) == "logsumexp" && is_integral(type, true)) type = default_dtype();
  check(is_differentiable(type), op, " only supports floating point and complex dtypes, got ", self.dtype());
  if (std::string_view(op) == "var" || std::string_view(op) == "std") type = real_type(type);
  return reduce(op, self, dim, keepdim, type);
}

Metas2 var_mean(const Tensor& self, OptInts dim, bool keepdim) {
  TensorMeta var = reduce_float("var", self, dim, keepdim);
  TensorMeta mean = var;
  mean.dtype = self.dtype();
  return {std::move(var), std::move(mean)};
}

Metas2 reduce_dim_indices(const char* op, const Tensor& self, int64_t dim, bool keepdim) {
  dim = wrap_dim(dim, self.dim());
  check_kind(ErrorKind::NotImplemented, !self.is_complex(), '"', op, "\" not implemented for '",
             dtype_aten_name(self.dtype()), "'");
  check_index(self.dim() == 0 || self.sizes()[dim] > 0, op, "(): Expected reduction dim ", dim,
              " to have non-zero size.");
  TensorMeta values = reduce(op, self, OptInts(IntSpan(&dim, 1)), keepdim, self.dtype());
  TensorMeta indices = values;
  indices.dtype = DType::Int64;
  return {std::move(values), std::move(indices)};
}

TensorMeta argreduce(const char* op, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  check_kind(ErrorKind::NotImplemented, !self.is_complex() && self.dtype() != DType::Bool, '"', op,
             "\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  if (!dim) {
    check_index(self.numel() != 0, op,
                "(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                "reduction dim with the 'dim' argument.");
    return {keepdim ? DimVec(size_t(self.dim()), 1) : DimVec(), DType::Int64, self.device()};
  }
  const int64_t d = wrap_dim(*dim, self.dim());
  check_index(self.dim() == 0 || self.sizes()[d] > 0, op, "(): Expected reduction dim ", d,
              " to have non-zero size.");
  return reduce(op, self, OptInts(IntSpan(&d, 1)), keepdim, DType::Int64);
}

TensorMeta vector_norm(const Tensor& self, const Scalar& ord, OptInts dim, bool keepdim,
                       std::optional<DType> dtype) {
  const DType type = dtype.value_or(self.dtype());
  check(is_differentiable(type),
        "linalg.vector_norm: Expected a floating point or complex tensor as input. Got ",
        dtype_aten_name(self.dtype()));
  check(!ord.is_complex(), "linalg.vector_norm: Expected a non-complex scalar as the order of norm.");
  if (self.numel() == 0 && (ord.to<double>() < 0 || std::isinf(ord.to<double>()))) {
    const uint64_t mask = dim_mask(dim.span(), self.dim(), "linalg.vector_norm");
    for (int64_t i = 0; i < self.dim(); ++i)
      check(!(mask >> i & 1) || self.sizes()[i] != 0, "linalg.vector_norm cannot compute the ", ord,
            " norm on an empty tensor because the operation does not have an identity");
  }
  return reduce("linalg.vector_norm", self, dim, keepdim, real_type(type));
}

TensorMeta scan(const char* op, const Tensor& self, int64_t dim, DType dtype) {
  wrap_dim(dim, self.dim());
  check_kind(ErrorKind::NotImplemented, dtype != DType::Bool || self.dim() == 0 || self.numel() == 0, '"', op,
             "\" not implemented for 'Bool'");
  if (std::string_view(op) == "logcumsumexp")
    check_kind(ErrorKind::NotImplemented, is_differentiable(dtype), '"', op, "\" not implemented for '",
               dtype_aten_name(dtype), "'");
  return {self.sizes(), dtype, self.device()};
}

Metas2 scan_indices(const char* op, const Tensor& self, int64_t dim) {
  wrap_dim(dim, self.dim());
  check_kind(ErrorKind::NotImplemented, !self.is_complex(), '"', op, "\" not implemented for '",
             dtype_aten_name(self.dtype()), "'");
  return {TensorMeta{self.sizes(), self.dtype(), self.device()},
          TensorMeta{self.sizes(), DType::Int64, self.device()}};
}

} // namespace torch::infer
