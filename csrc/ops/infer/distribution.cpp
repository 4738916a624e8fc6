#include "ops/infer/infer.h"

#include <string_view>

namespace torch::infer {

TensorMeta draws(const char* op, const Tensor& parameters) {
  const bool half = std::string_view(op) == "poisson" && is_reduced_float(parameters.dtype());
  check_kind(ErrorKind::NotImplemented,
             half || parameters.dtype() == DType::Float32 || parameters.dtype() == DType::Float64, '"', op,
             "\" not implemented for '", dtype_aten_name(parameters.dtype()), "'");
  return {parameters.sizes(), parameters.dtype(), parameters.device()};
}

TensorMeta binomial(const Tensor& count, const Tensor& prob) {
  check_value(count.is_floating_point(), "binomial only supports floating-point dtypes for count, got: ",
              dtype_aten_name(count.dtype()));
  check(count.dtype() == prob.dtype(), "Found dtype ", dtype_aten_name(prob.dtype()), " but expected ",
        dtype_aten_name(count.dtype()));
  check_kind(ErrorKind::NotImplemented, !is_reduced_float(count.dtype()),
             "\"binomial\" not implemented for '", dtype_aten_name(count.dtype()), "'");
  return {broadcast_sizes(count.sizes(), prob.sizes(), "binomial"), count.dtype(), count.device()};
}

} // namespace torch::infer
