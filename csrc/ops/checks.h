// Argument checks that schema entries name in `check:`, and small argument conversions used in schema
// expressions.
#pragma once

#include "ops/types.h"

namespace torch::ops {

void check_alpha(const char* op, const Tensor& self, const Tensor& other, const Scalar& alpha);
void check_sub(const Tensor& self, const Tensor& other, const Scalar& alpha);
void check_neg(const Tensor& self);
void check_pow(const Tensor& self, const Tensor& exponent);
void check_ordered(const char* op, const Tensor& self, const Tensor& other);
void check_bitwise(const char* op, const Tensor& self, const Tensor& other);
void check_heaviside(const Tensor& self, const Tensor& values);
void check_shift(const char* op, const Tensor& self, const Tensor& other);
void check_not_complex(const char* op, const Tensor& self);
void check_not_complex(const char* op, const Tensor& self, const Tensor& other);
void check_float_input(const char* op, const Tensor& self);
// float32, float64 and what is converted to them
void check_wide(const char* op, const Tensor& self);
void check_wide(const char* op, const Tensor& self, const Tensor& other);
void check_floats(const char* op, const Tensor& self, const Tensor& other);
void check_integers(const char* op, const Tensor& self, const Tensor& other);
void check_unit(const char* op, const Tensor& self); // RuntimeError for complex numbers
void check_polygamma(const Tensor& self, int64_t n);
void check_softshrink(const Tensor& self, const Scalar& lambd);
void check_differentiable_input(const char* op, const Tensor& self); // floating or complex
void check_relu(const Tensor& self);
void check_hardtanh(const Tensor& self, const Scalar& min_val, const Scalar& max_val);
void check_where(const Tensor& condition, const Tensor& self, const Tensor& other);
void check_masked_fill(const Tensor& self, const Tensor& mask, const Tensor& value);
void check_lerp(const Tensor& self, const Tensor& end, const Tensor& weight);
void check_addcdiv(const Tensor& tensor1, const Tensor& tensor2);
void check_bce(const Tensor& self);
void check_copy(const Tensor& self, const Tensor& src);
// The number can be had in the type; negative ones wrap once in unsigned types.
void check_fits(DType type, const Scalar& value);
void check_fill(const Tensor& self, const Scalar& value);
void check_uniform(const Tensor& self, double from, double to);
void check_normal(const Tensor& self, double std);
void check_probability(const char* op, double p);
void check_open_probability(const char* op, double p);
void check_probabilities(const char* op, const Tensor& self, const Tensor& p);
void check_random(const Tensor& self, int64_t from, std::optional<int64_t> to);
// The draw takes a floating dtype and a positive parameter.
void check_positive(const char* op, const char* name, const Tensor& self, double value);
void check_cauchy(const Tensor& self, double sigma);
// The input's last dimensions are those that are normalized.
void check_normalized_shape(const Tensor& input, Ints normalized_shape);
void check_float_inplace(const char* op, const Tensor& self);

inline DType float_dtype(DType t) { return is_integral(t, true) ? default_dtype() : t; }
double nan_to_num_limit(const Tensor& self, std::optional<double> given, bool positive);
DType clamp_dtype(const Tensor& self, const std::optional<Scalar>& min, const std::optional<Scalar>& max);
Scalar clamp_limit(DType type, const std::optional<Scalar>& limit, bool upper);
double correction_value(const std::optional<Scalar>& correction);
int64_t random_limit(const Tensor& self,
                     std::optional<int64_t> to); // exclusive; for `to` = None the largest of the dtype

} // namespace torch::ops
