#include "ops/checks.h"

#include "core/warning.h"

#include "ops/pointwise_call.h"

#include <cmath>
#include <limits>

namespace torch::ops {

void check_fits(DType type, const Scalar& value) {
  bool fits = !value.is_complex() || is_complex(type) || type == DType::Bool;
  if (fits && is_integral(type) && !value.is_bool() && !value.is_complex()) {
    // Integers may be negative where the type is unsigned, and wrap once, as in PyTorch; fractions are cut
    // off.
    const int64_t bits = 8 * item_size(type);
    const double end =
        std::ldexp(1.0, int(is_signed(type) ? bits - 1 : bits)); // first number that is too large
    if (value.is_integral()) {
      const int64_t v = value.to<int64_t>();
      fits = value.is_beyond_int64()
                 ? type == DType::UInt64
                 : bits == 64 || (double(v) < end && double(v) >= (is_signed(type) ? -end : 1 - end));
    } else {
      const double v = value.to<double>();
      fits = v >= (is_signed(type) ? -end : 0) && (bits == 64 ? v < end : v <= end - 1);
    }
  }
  check(fits, "value cannot be converted to type ", dtype_name(type), " without overflow");
}

void check_normalized_shape(const Tensor& input, Ints normalized_shape) {
  const size_t k = normalized_shape.size();
  if (size_t(input.dim()) >= k && torch::equal(input.sizes().last(k), normalized_shape)) return;
  const std::string sizes = concat(normalized_shape);
  check(false, "Given normalized_shape=", sizes, ", expected input with shape [*, ", sizes.substr(1),
        ", but got input of size", input.sizes());
}

namespace {
void check_number_fits(DType type, const Tensor& number) {
  visit_all(number.dtype(),
            [&](auto tag) { check_fits(type, Scalar(*number.data<typename decltype(tag)::type>())); });
}
} // namespace

void check_alpha(const char* op, const Tensor& self, const Tensor& other, const Scalar& alpha) {
  if (alpha.is_integral() && !alpha.is_bool()) [[likely]] {
    if (!alpha.equals(1)) check_fits(result_type(self, other), alpha);
    return;
  }
  const DType type = result_type(self, other);
  check(!alpha.is_bool() || type == DType::Bool, op, ": Boolean alpha only supported for Boolean results.");
  check(is_floating(type) || is_complex(type) || alpha.is_integral(), op,
        ": For integral input tensors, argument alpha must not be a floating point number.");
  check(is_complex(type) || !alpha.is_complex(), op,
        ": For non-complex input tensors, argument alpha must not be a complex number.");
}

void check_sub(const Tensor& self, const Tensor& other, const Scalar& alpha) {
  check(self.dtype() != DType::Bool || other.dtype() != DType::Bool,
        "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
        "`logical_xor()` operator instead.");
  check(self.dtype() != DType::Bool && other.dtype() != DType::Bool,
        "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a "
        "mask, use the "
        "`~` or `logical_not()` operator instead.");
  check_alpha("sub", self, other, alpha);
}

void check_neg(const Tensor& self) {
  check(self.dtype() != DType::Bool,
        "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
        "invert a mask, use the `~` or `logical_not()` operator instead.");
}

void check_pow(const Tensor& self, const Tensor& exponent) {
  if (!exponent.is_wrapped_number() || !is_integral(self.dtype(), true) || exponent.dtype() != DType::Int64)
    return;
  check(*exponent.data<int64_t>() >= 0, "Integers to negative integer powers are not allowed.");
}

void check_ordered(const char* op, const Tensor& self, const Tensor& other) {
  const DType t = self.is_complex() ? self.dtype() : other.dtype();
  check_kind(ErrorKind::NotImplemented, !is_complex(t), '"', op, "\" not implemented for '",
             dtype_aten_name(t), "'");
}

void check_bitwise(const char* op, const Tensor& self, const Tensor& other) {
  const DType t = is_differentiable(self.dtype()) ? self.dtype() : other.dtype();
  check_kind(ErrorKind::NotImplemented, !is_differentiable(t), '"', op, "\" not implemented for '",
             dtype_aten_name(t), "': it takes integer and bool tensors");
}

void check_heaviside(const Tensor& self, const Tensor& values) {
  check(!self.is_complex() && !values.is_complex(), "heaviside is not yet implemented for complex tensors.");
  check(self.dtype() == values.dtype(),
        "heaviside is not yet implemented for tensors with different dtypes, got ", self.dtype(), " and ",
        values.dtype());
}

void check_shift(const char* op, const Tensor& self, const Tensor& other) {
  for (const Tensor* t : {&self, &other})
    check_kind(ErrorKind::NotImplemented,
               is_integral(t->dtype()) ||
                   (t->dtype() == DType::Bool && result_type(self, other) != DType::Bool),
               '"', op, "\" not implemented for '", dtype_aten_name(t->dtype()), "'");
}

void check_not_complex(const char* op, const Tensor& self) {
  check_kind(ErrorKind::NotImplemented, !self.is_complex(), '"', op, "\" not implemented for '",
             dtype_aten_name(self.dtype()), "': it is not defined for complex inputs");
}

void check_not_complex(const char* op, const Tensor& self, const Tensor& other) {
  check_not_complex(op, self);
  check_not_complex(op, other);
}

void check_wide(const char* op, const Tensor& self) {
  const DType t = self.dtype();
  check_kind(ErrorKind::NotImplemented, !is_complex(t) && t != DType::Float16 && t != DType::BFloat16, '"',
             op, "\" not implemented for '", dtype_aten_name(t), "'");
}
void check_wide(const char* op, const Tensor& self, const Tensor& other) {
  check_wide(op, self);
  check_wide(op, other);
}

void check_floats(const char* op, const Tensor& self, const Tensor& other) {
  const DType t = result_type(self, other);
  check_kind(ErrorKind::NotImplemented, is_floating(t), '"', op, "\" not implemented for '",
             dtype_aten_name(t), "'");
}

void check_integers(const char* op, const Tensor& self, const Tensor& other) {
  const DType t = result_type(self, other);
  check_kind(ErrorKind::NotImplemented, is_integral(t), '"', op, "\" not implemented for '",
             dtype_aten_name(t), "'");
}

void check_unit(const char* op, const Tensor& self) {
  check(!self.is_complex(), op, " is not supported for complex tensors.");
}

void check_polygamma(const Tensor& self, int64_t n) {
  check(n >= 0, "polygamma(n, x) does not support negative n.");
  check_not_complex("polygamma", self);
}

void check_softshrink(const Tensor& self, const Scalar& lambd) {
  check(lambd.to<double>() >= 0, "lambda must be greater or equal to 0, but found to be ", lambd, ".");
  check_float_input("softshrink", self);
}

void check_float_input(const char* op, const Tensor& self) {
  check_kind(ErrorKind::NotImplemented, self.is_floating_point(), '"', op, "\" not implemented for '",
             dtype_aten_name(self.dtype()), "': it takes floating-point tensors");
}

void check_differentiable_input(const char* op, const Tensor& self) {
  check_kind(ErrorKind::NotImplemented, is_differentiable(self.dtype()), '"', op, "\" not implemented for '",
             dtype_aten_name(self.dtype()), "'");
}

void check_relu(const Tensor& self) {
  check(self.dtype() != DType::Bool, "Boolean inputs not supported for relu");
  check_not_complex("relu", self);
}

void check_hardtanh(const Tensor& self, const Scalar& min_val, const Scalar& max_val) {
  check(self.dtype() != DType::Bool, "Bool inputs not supported for hardtanh");
  check_not_complex("hardtanh", self);
  check(self.dtype() != DType::UInt8 || (min_val.to<double>() >= 0 && max_val.to<double>() >= 0),
        "cannot do hardtanh on an unsigned type with negative limits");
}

void check_where(const Tensor& condition, const Tensor& self, const Tensor& other) {
  check(condition.dtype() == DType::Bool || condition.dtype() == DType::UInt8,
        "where expected condition to be a boolean tensor, but got a tensor with dtype ",
        dtype_aten_name(condition.dtype()));
  for (const Tensor* t : {&self, &other})
    if (t->is_wrapped_number()) check_number_fits(result_type(self, other), *t);
}

void check_masked_fill(const Tensor& self, const Tensor& mask, const Tensor& value) {
  check(mask.dtype() == DType::Bool, "masked_fill_ only supports boolean masks, but got mask with dtype ",
        mask.dtype());
  check(value.dim() == 0, "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
        value.dim(), " dimension(s).");
  if (value.is_cpu()) check_number_fits(self.dtype(), value);
  const auto kind = [](DType t) {
    return t == DType::Bool ? 0 : is_integral(t) ? 1 : is_floating(t) ? 2 : 3;
  };
  if (!value.is_wrapped_number())
    check(kind(value.dtype()) <= kind(self.dtype()), "value cannot be converted to type ",
          dtype_name(self.dtype()), " without overflow");
}

void check_lerp(const Tensor& self, const Tensor& end, const Tensor& weight) {
  check(self.dtype() == end.dtype(), "expected dtype ", dtype_name(self.dtype()), " for `end` but got dtype ",
        dtype_name(end.dtype()));
  check(weight.is_wrapped_number() || weight.dtype() == self.dtype(), "expected dtype ",
        dtype_name(self.dtype()), " for `weight` but got dtype ", dtype_name(weight.dtype()));
  check_kind(ErrorKind::NotImplemented, is_differentiable(self.dtype()), "\"lerp\" not implemented for '",
             dtype_aten_name(self.dtype()), "'");
}

void check_addcdiv(const Tensor& tensor1, const Tensor& tensor2) {
  check(!is_integral(tensor1.dtype(), true) || !is_integral(tensor2.dtype(), true),
        "Integer division with addcdiv is not supported. Convert the operands to a floating-point dtype "
        "first.");
}

void check_bce(const Tensor& self) { check_float_input("binary_cross_entropy", self); }

void check_copy(const Tensor& self, const Tensor& src) {
  check_kind(ErrorKind::NotImplemented, !src.is_meta() || self.is_meta(),
             "Cannot copy out of meta tensor; no data!");
  if (equal(self.sizes(), src.sizes())) return;
  check(equal(broadcast_sizes(self.sizes(), src.sizes(), "copy_"), self.sizes()), "copy_: output with shape ",
        self.sizes(), " doesn't match the broadcast shape of source ", src.sizes());
}

static double largest_float8(DType t) {
  switch (t) {
  case DType::Float8E4M3FN:
    return 448;
  case DType::Float8E4M3FNUZ:
    return 240;
  case DType::Float8E5M2:
  case DType::Float8E5M2FNUZ:
    return 57344;
  case DType::Float8E8M0FNU:
    return 0x1p127;
  default:
    return 0;
  }
}

// As in PyTorch one element takes what it can, more refuse.
static void check_float8_fill(const Tensor& self, const Scalar& value) {
  const double largest = largest_float8(self.dtype());
  if (largest == 0 || self.numel() == 1) return;
  const double v = value.to<double>();
  const bool fits = !(std::abs(v) > largest) || (std::isinf(v) && self.dtype() == DType::Float8E5M2);
  check(fits, "value cannot be converted to type ", dtype_name(self.dtype()), " without overflow");
}

void check_fill(const Tensor& self, const Scalar& value) {
  check_fits(self.dtype(), value);
  if (is_low_precision(self.dtype())) [[unlikely]]
    check_float8_fill(self, value);
}

void check_uniform(const Tensor& self, double from, double to) {
  check_differentiable_input("uniform_", self);
  check(from <= to, "uniform_ expects to return a [from, to) range, but found from=", from, " > to=", to);
  const DType part = real_type(self.dtype());
  const double limit = part == DType::Float16    ? 65504.0
                       : part == DType::BFloat16 ? 3.3895313892515355e38
                       : part == DType::Float32  ? double(std::numeric_limits<float>::max())
                                                 : std::numeric_limits<double>::max();
  check(from >= -limit && from <= limit, "from is out of bounds for ", dtype_name(self.dtype()));
  check(to >= -limit && to <= limit, "to is out of bounds for ", dtype_name(self.dtype()));
  check(to - from <= limit, "uniform_ expects to-from <= std::numeric_limits<", dtype_aten_name(self.dtype()),
        ">::max(), but found to=", to, " and from=", from, " which result in to-from to exceed the limit");
}

void check_normal(const Tensor& self, double std) {
  check(std >= 0.0, "normal expects std >= 0.0, but found std ", std);
  check_kind(ErrorKind::NotImplemented, is_differentiable(self.dtype()) || self.numel() == 0,
             "\"normal_kernel_cpu\" not implemented for '", dtype_aten_name(self.dtype()), "'");
}

void check_probability(const char* op, double p) {
  check(p >= 0 && p <= 1, op, " expects p to be in [0, 1], but got p=", p);
}
void check_open_probability(const char* op, double p) {
  check(p > 0 && p < 1, op, " expects p to be in (0, 1), but got p=", p);
}

void check_probabilities(const char* op, const Tensor& self, const Tensor& p) {
  check_kind(ErrorKind::NotImplemented, p.is_floating_point() || self.numel() == 0, '"', op,
             "\" not implemented for '", dtype_aten_name(p.dtype()),
             "': probabilities have a floating dtype");
  check(equal(broadcast_sizes(self.sizes(), p.sizes(), op), self.sizes()), op, ": probabilities of shape ",
        p.sizes(), " do not broadcast to ", self.sizes());
}

namespace {
// Largest integer that random_ gives for a dtype: the type's maximum, or 2^mantissa for floats.
int64_t largest_random(DType t) {
  switch (t) {
  case DType::Bool:
    return 1;
  case DType::UInt8:
    return 255;
  case DType::UInt16:
    return 65535;
  case DType::UInt32:
    return std::numeric_limits<uint32_t>::max();
  case DType::Int8:
    return 127;
  case DType::Int16:
    return 32767;
  case DType::Int32:
    return std::numeric_limits<int32_t>::max();
  case DType::UInt64: // as bounds are given
  case DType::Int64:
    return std::numeric_limits<int64_t>::max();
  case DType::Float16:
    return 2048;
  case DType::BFloat16:
    return 256;
  case DType::Float32:
    return 16777216;
  case DType::Float64:
    return 9007199254740992;
  default:
    fail_dtype("random_", t);
  }
}
} // namespace

void check_random(const Tensor& self, int64_t from, std::optional<int64_t> to) {
  check_not_complex("random_", self);
  const int64_t largest = largest_random(self.dtype());
  const int64_t smallest = is_signed(self.dtype()) ? -largest - 1 : 0;
  if (to)
    check(from < *to, "random_ expects 'from' to be less than 'to', but got from=", from, " >= to=", *to);
  const auto check_bound = [&](const char* name, int64_t value) {
    if (self.is_floating_point()) { // beyond the whole numbers that the dtype holds exactly, but in its range
      const bool fits = self.dtype() != DType::Float16 || (value >= -65504 && value <= 65504);
      check(fits, name, " is out of bounds for ", dtype_name(self.dtype()));
      if (value < -largest || value > largest)
        warn(concat(name, " is out of bounds [-", largest, ", ", largest, "]: ", dtype_name(self.dtype()),
                    " does not hold every whole number beyond, so that the draw is not uniform."));
    } else {
      check(value >= smallest && value <= largest, name, " is out of bounds for ", dtype_name(self.dtype()));
    }
  };
  check_bound("from", from);
  if (to) check_bound("to - 1", *to - 1);
}

int64_t random_limit(const Tensor& self, std::optional<int64_t> to) {
  if (to) return *to;
  if (self.dtype() == DType::UInt64) return 0; // 2^64
  const int64_t largest = largest_random(self.dtype());
  return static_cast<int64_t>(static_cast<uint64_t>(largest) + 1); // the kernel takes it modulo 2^64
}

void check_float_inplace(const char* op, const Tensor& self) {
  check_kind(ErrorKind::NotImplemented, self.is_floating_point() || self.numel() == 0, '"', op,
             "\" not implemented for '", dtype_aten_name(self.dtype()), "': it takes floating-point tensors");
}

void check_positive(const char* op, const char* name, const Tensor& self, double value) {
  check(value > 0.0, op, " expects ", name, " > 0.0, but found ", name, "=", value);
  check_float_inplace(op, self);
}

void check_cauchy(const Tensor& self, double sigma) {
  check(self.is_floating_point(), "cauchy_ expects a floating-point tensor, but got ",
        dtype_name(self.dtype()));
  check_positive("cauchy_", "sigma", self, sigma);
}

double nan_to_num_limit(const Tensor& self, std::optional<double> given, bool positive) {
  if (given) return *given;
  double limit = 0;
  switch (real_type(self.dtype())) {
  case DType::Float16:
    limit = 65504.0;
    break;
  case DType::BFloat16:
    limit = 3.3895313892515355e38;
    break;
  case DType::Float32:
    limit = double(std::numeric_limits<float>::max());
    break;
  case DType::Float64:
    limit = std::numeric_limits<double>::max();
    break;
  default:
    break;
  }
  return positive ? limit : -limit;
}

DType clamp_dtype(const Tensor& self, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  check(min || max, "torch.clamp: At least one of 'min' or 'max' must not be None");
  check_not_complex("clamp", self);
  const int own = self.dtype() == DType::Bool ? 0 : is_integral(self.dtype()) ? 1 : 2;
  DType type = self.dtype();
  for (const auto* limit : {&min, &max}) {
    if (!*limit) continue;
    check_kind(ErrorKind::NotImplemented, !(*limit)->is_complex(),
               "\"clamp\" not implemented for 'ComplexFloat'");
    const int kind = (*limit)->is_bool() ? 0 : (*limit)->is_integral() ? 1 : 2;
    if (kind > own) type = promote(type, (*limit)->dtype());
  }
  for (const auto* limit : {&min, &max})
    if (*limit) check_fits(type, **limit);
  return type;
}

Scalar clamp_limit(DType type, const std::optional<Scalar>& limit, bool upper) {
  if (limit) { // an unsigned type takes negative numbers modulo its range
    if (type == DType::UInt64) return limit->to<uint64_t>();
    if (is_signed(type) || type == DType::Bool) return *limit;
    return limit->to<int64_t>() & ((int64_t{1} << (8 * item_size(type))) - 1);
  }
  if (type == DType::UInt64) return upper ? std::numeric_limits<uint64_t>::max() : 0;
  if (is_integral(type, true))
    return upper ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
  return upper ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
}

double correction_value(const std::optional<Scalar>& correction) {
  return correction ? correction->to<double>() : 1.0;
}

} // namespace torch::ops
