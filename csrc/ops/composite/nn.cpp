// Network functions written with kernels-level ops.
#include "ops/entry.h"

namespace torch::ops {

Tensor softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return _softmax(dtype && *dtype != self.dtype() ? _to_copy(self, dtype) : self, dim, false);
}
Tensor log_softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return _log_softmax(dtype && *dtype != self.dtype() ? _to_copy(self, dtype) : self, dim, false);
}

namespace {

DimVec spatial_list(const char* op, const char* name, Ints values, int64_t n) {
  if (values.size() == 1) return DimVec(size_t(n), values[0]);
  check(static_cast<int64_t>(values.size()) == n, op, ": expected ", name,
        " to be a single integer value or a list of ", n,
        " values to match the convolution dimensions, but got ", name, "=", values);
  return DimVec(values);
}

// Adds a batch dimension to an unbatched input and takes it off the result.
template <class F> Tensor batched(const char* op, const Tensor& input, int64_t n, F&& run) {
  check(input.dim() == n + 1 || input.dim() == n + 2, "Expected ", n + 1, "D (unbatched) or ", n + 2,
        "D (batched) input to ", op, ", but got input of size: ", input.sizes());
  if (input.dim() == n + 2) return run(input);
  return squeeze(run(unsqueeze(input, 0)), {0});
}

Tensor conv(const char* op, int64_t n, const Tensor& input, const Tensor& weight, const Tensor& bias,
            Ints stride, Ints padding, Ints dilation, int64_t groups) {
  check(weight.dim() == n + 2, op, ": expected weight of ", n + 2, " dimensions, got shape ", weight.sizes());
  const DimVec s = spatial_list(op, "stride", stride, n), p = spatial_list(op, "padding", padding, n),
               d = spatial_list(op, "dilation", dilation, n);
  return batched(op, input, n, [&](const Tensor& x) {
    return convolution(x, weight, bias, s, p, d, false, DimVec(size_t(n)), groups);
  });
}

Tensor conv_named(const char* op, int64_t n, const Tensor& input, const Tensor& weight, const Tensor& bias,
                  Ints stride, std::string_view padding, Ints dilation, int64_t groups) {
  check(padding == "valid" || padding == "same", "Invalid padding string: '", padding, "'");
  if (padding == "valid") return conv(op, n, input, weight, bias, stride, {0}, dilation, groups);
  const DimVec s = spatial_list(op, "stride", stride, n), d = spatial_list(op, "dilation", dilation, n);
  check(weight.dim() == n + 2, op, ": expected weight of ", n + 2, " dimensions, got shape ", weight.sizes());
  DimVec pad, both;
  bool symmetric = true;
  for (int64_t i = 0; i < n; ++i) {
    check(s[i] == 1, "padding='same' is not supported for strided convolutions");
    const int64_t total = d[i] * (weight.sizes()[i + 2] - 1);
    both.push_back(total / 2);
    symmetric &= total % 2 == 0;
  }
  if (symmetric) return conv(op, n, input, weight, bias, s, both, d, groups);
  for (int64_t i = n; i-- > 0;) { // the odd one goes to the right
    const int64_t total = d[i] * (weight.sizes()[i + 2] - 1);
    pad.push_back(total / 2);
    pad.push_back(total - total / 2);
  }
  return conv(op, n, constant_pad_nd(input, pad, int64_t{0}), weight, bias, s, {0}, d, groups);
}

Tensor conv_transposed(const char* op, int64_t n, const Tensor& input, const Tensor& weight,
                       const Tensor& bias, Ints stride, Ints padding, Ints output_padding, int64_t groups,
                       Ints dilation) {
  check(weight.dim() == n + 2, op, ": expected weight of ", n + 2, " dimensions, got shape ", weight.sizes());
  const DimVec s = spatial_list(op, "stride", stride, n), p = spatial_list(op, "padding", padding, n),
               o = spatial_list(op, "output_padding", output_padding, n),
               d = spatial_list(op, "dilation", dilation, n);
  return batched(op, input, n,
                 [&](const Tensor& x) { return convolution(x, weight, bias, s, p, d, true, o, groups); });
}

} // namespace

Tensor conv1d(const Tensor& x, const Tensor& w, const Tensor& b, Ints s, Ints p, Ints d, int64_t g) {
  return conv("conv1d", 1, x, w, b, s, p, d, g);
}
Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, Ints s, Ints p, Ints d, int64_t g) {
  return conv("conv2d", 2, x, w, b, s, p, d, g);
}
Tensor conv3d(const Tensor& x, const Tensor& w, const Tensor& b, Ints s, Ints p, Ints d, int64_t g) {
  return conv("conv3d", 3, x, w, b, s, p, d, g);
}
Tensor conv1d(const Tensor& x, const Tensor& w, const Tensor& b, Ints s, std::string_view p, Ints d,
              int64_t g) {
  return conv_named("conv1d", 1, x, w, b, s, p, d, g);
}
Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& b, Ints s, std::string_view p, Ints d,
              int64_t g) {
  return conv_named("conv2d", 2, x, w, b, s, p, d, g);
}
Tensor conv_transpose1d(const Tensor& x, const Tensor& w, const Tensor& b, Ints s, Ints p, Ints o, int64_t g,
                        Ints d) {
  return conv_transposed("conv_transpose1d", 1, x, w, b, s, p, o, g, d);
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& w, const Tensor& b, Ints s, Ints p, Ints o, int64_t g,
                        Ints d) {
  return conv_transposed("conv_transpose2d", 2, x, w, b, s, p, o, g, d);
}

Tensor max_pool2d(const Tensor& self, Ints kernel_size, Ints stride, Ints padding, Ints dilation,
                  bool ceil_mode) {
  return std::get<0>(max_pool2d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode));
}

Tensor batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                  const Tensor& running_var, bool training, double momentum, double eps, bool) {
  if (training && running_mean.defined())
    check(!running_mean.requires_grad(), "batch_norm: running_mean must not require grad");
  if (!training)
    return std::get<0>(
        native_batch_norm(input, weight, bias, running_mean, running_var, false, momentum, eps));
  // The gradient in training does not use the running statistics: the node keeps aliases whose version nobody
  // counts, so that the update here, and that of the next forward, do not make them stale.
  const auto uncounted = [](const Tensor& t) {
    if (!t.defined()) return t;
    Tensor a = torch::alias(t);
    a.impl()->version.reset();
    return a;
  };
  Tensor out = std::get<0>(native_batch_norm(input, weight, bias, uncounted(running_mean),
                                             uncounted(running_var), true, momentum, eps));
  bump_versions(std::array<Tensor, 2>{running_mean, running_var});
  return out;
}
Tensor layer_norm(const Tensor& input, Ints normalized_shape, const Tensor& weight, const Tensor& bias,
                  double eps, bool) {
  return std::get<0>(native_layer_norm(input, normalized_shape, weight, bias, eps));
}
Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight, const Tensor& bias,
                  double eps, bool) {
  return std::get<0>(_group_norm(input, weight, bias, num_groups, eps));
}
Tensor rms_norm(const Tensor& input, Ints normalized_shape, const Tensor& weight, std::optional<double> eps) {
  const int64_t k = static_cast<int64_t>(normalized_shape.size());
  check(k >= 1 && input.dim() >= k && torch::equal(input.sizes().last(k), normalized_shape),
        "Given normalized_shape=", normalized_shape, ", expected input with shape [*, ", normalized_shape,
        "], but got input of size", input.sizes());
  DimVec dims;
  for (int64_t i = 1; i <= k; ++i) dims.push_back(-i);
  const DType type = is_reduced_float(input.dtype()) ? DType::Float32 : input.dtype();
  const double epsilon = eps.value_or(real_type(input.dtype()) == DType::Float64 ? 2.220446049250313e-16
                                      : input.dtype() == DType::Float16          ? 0.0009765625
                                      : input.dtype() == DType::BFloat16         ? 0.0078125
                                                                                 : 1.1920928955078125e-07);
  const Tensor x = type == input.dtype() ? input : _to_copy(input, type);
  Tensor out = x * rsqrt(mean(square(x), dims, true) + Scalar(epsilon));
  if (weight.defined()) out = out * weight;
  return out.dtype() == input.dtype() ? out : _to_copy(out, input.dtype());
}

Tensor dropout(const Tensor& input, double p, bool train) {
  check(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
  if (!train || p == 0 || input.numel() == 0) return input;
  if (p == 1) return input * zeros({}, input.dtype(), input.device());
  const Tensor mask = bernoulli_(empty_like(input), 1 - p);
  div_(mask, Scalar(1 - p));
  return input * mask;
}
const Tensor& dropout_(const Tensor& input, double p, bool train) {
  check(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
  if (!train || p == 0 || input.numel() == 0) return input;
  if (p == 1) return mul_(input, zeros({}, input.dtype(), input.device()));
  const Tensor mask = bernoulli_(empty_like(input), 1 - p);
  return mul_(input, div_(mask, Scalar(1 - p)));
}

Tensor constant_pad_nd(const Tensor& self, Ints pad, const Scalar& value) {
  check(pad.size() % 2 == 0, "Length of pad must be even but instead it equals ", pad.size());
  const int64_t n = static_cast<int64_t>(pad.size()) / 2;
  check(n <= self.dim(),
        "Length of pad should be no more than twice the number of dimensions of the input. Pad length is ",
        pad.size(), "while the input has ", self.dim(), "dimensions.");
  DimVec sizes = self.sizes();
  Tensor inner = self;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t d = self.dim() - 1 - i, before = pad[2 * i], after = pad[2 * i + 1];
    sizes[d] += before + after;
    check(sizes[d] >= 0, "The input size ", self.sizes()[d], ", plus negative padding ", before, " and ",
          after, " resulted in a negative output size, which is invalid. Check dimension ", d,
          " of your input.");
    if (before < 0) inner = narrow(inner, d, -before, inner.sizes()[d] + before);
    if (after < 0) inner = narrow(inner, d, 0, inner.sizes()[d] + after);
  }
  const Tensor out = full(sizes, value, self.dtype(), self.device());
  Tensor hole = out;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t d = self.dim() - 1 - i;
    if (pad[2 * i] > 0) hole = narrow(hole, d, pad[2 * i], hole.sizes()[d] - pad[2 * i]);
    if (pad[2 * i + 1] > 0) hole = narrow(hole, d, 0, hole.sizes()[d] - pad[2 * i + 1]);
  }
  copy_(hole, inner);
  return out;
}

Tensor pad(const Tensor& self, Ints pad, std::string_view mode, std::optional<double> value) {
  check(pad.size() % 2 == 0, "Padding length must be divisible by 2");
  if (mode == "constant") return constant_pad_nd(self, pad, value.value_or(0.0));
  check(!value || *value == 0, "Padding mode \"", mode, "\" doesn't take in value argument");
  check_kind(ErrorKind::NotImplemented, mode == "reflect" || mode == "replicate" || mode == "circular",
             "Unrecognised padding mode ", mode);
  const int64_t n = static_cast<int64_t>(pad.size()) / 2;
  check_kind(ErrorKind::NotImplemented, self.dim() == n + 1 || self.dim() == n + 2,
             "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now (input ",
             self.sizes(), ", pad ", pad, ")");
  // Each padded dimension is gathered at the positions that the mode gives.
  Tensor out = self;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t d = self.dim() - 1 - i, before = pad[2 * i], after = pad[2 * i + 1],
                  length = self.sizes()[d];
    if (before == 0 && after == 0) continue;
    if (mode == "reflect")
      check(before < length && after < length,
            "Padding size should be less than the corresponding input dimension, but got: padding (", before,
            ", ", after, ") at dimension ", d, " of input ", self.sizes());
    if (mode == "circular")
      check(before <= length && after <= length, "Padding value causes wrapping around more than once.");
    check(length + before + after >= 0 && length > 0, "pad: input of shape ", self.sizes(),
          " cannot be padded by ", pad);
    const int64_t total = length + before + after;
    Tensor index = empty_tensor(DimVec{total}, DType::Int64, self.device());
    for (int64_t j = 0; j < total && !self.is_meta(); ++j) {
      int64_t at = j - before;
      if (mode == "replicate")
        at = std::clamp<int64_t>(at, 0, length - 1);
      else if (mode == "circular")
        at = (at % length + length) % length;
      else
        at = at < 0 ? -at : at >= length ? 2 * (length - 1) - at : at;
      index.data<int64_t>()[j] = at;
    }
    out = index_select(out, d, index.device() == self.device() ? index : _to_copy(index, {}, self.device()));
  }
  return out.is_same(self) ? clone(self) : out;
}

Tensor one_hot(const Tensor& self, int64_t num_classes) {
  check(self.dtype() == DType::Int64, "one_hot is only applicable to index tensor of type LongTensor, got ",
        self.dtype());
  check_not_meta("one_hot", self);
  if (self.numel() == 0) {
    check(num_classes > 0, "Can not infer total number of classes from empty tensor.");
    DimVec sizes = self.sizes();
    sizes.push_back(num_classes);
    return zeros(sizes, DType::Int64);
  }
  check(*amin(self).data<int64_t>() >= 0, "Class values must be non-negative.");
  const int64_t largest = *amax(self).data<int64_t>();
  if (num_classes == -1) num_classes = largest + 1;
  check(num_classes >= 1, "num_classes should be positive");
  check(largest < num_classes, "Class values must be smaller than num_classes.");
  DimVec sizes = self.sizes();
  sizes.push_back(num_classes);
  return scatter_(zeros(sizes, DType::Int64), -1, unsqueeze(self, -1), Scalar(int64_t{1}));
}

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int64_t dim, double eps) {
  const Tensor n1 = clamp_min(linalg_vector_norm(x1, int64_t{2}, {dim}, true), eps);
  const Tensor n2 = clamp_min(linalg_vector_norm(x2, int64_t{2}, {dim}, true), eps);
  return sum(x1 / n1 * (x2 / n2), {dim});
}

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const Tensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale, bool enable_gqa) {
  check(query.dim() >= 2 && key.dim() >= 2 && value.dim() >= 2,
        "scaled_dot_product_attention: Expected query, key, and value to all be ",
        "at least 2 dimensional, but got query.dim(): ", query.dim(), ", key.dim(): ", key.dim(),
        " and value.dim(): ", value.dim(), " instead.");
  check(query.dtype() == key.dtype() && query.dtype() == value.dtype(),
        "Expected query, key, and value to have the same dtype, but got query.dtype: ", query.dtype(),
        " key.dtype: ", key.dtype(), " and value.dtype: ", value.dtype(), " instead.");
  check(!is_causal || !attn_mask.defined(),
        "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True");
  Tensor k = key, v = value;
  if (enable_gqa) {
    const int64_t heads = query.size(-3);
    k = repeat_interleave(k, heads / k.size(-3), int64_t{-3}, std::nullopt);
    v = repeat_interleave(v, heads / v.size(-3), int64_t{-3}, std::nullopt);
  }
  const double factor = scale.value_or(1.0 / std::sqrt(double(query.sizes().back())));
  Tensor scores = matmul(query, transpose(k, -2, -1)) * Scalar(factor);
  const double minus_inf = -std::numeric_limits<double>::infinity();
  if (is_causal) {
    const Tensor allowed = tril(ones({query.size(-2), k.size(-2)}, DType::Bool, query.device()));
    scores = masked_fill(scores, logical_not(allowed), minus_inf);
  } else if (attn_mask.defined()) {
    scores = attn_mask.dtype() == DType::Bool ? masked_fill(scores, logical_not(attn_mask), minus_inf)
                                              : scores + attn_mask;
  }
  Tensor weights = _softmax(scores, -1, false);
  // Rows without any allowed key give zeros, not NaN.
  if (attn_mask.defined() && attn_mask.dtype() == DType::Bool)
    weights = masked_fill(weights, logical_not(any(attn_mask, {-1}, true)), 0);
  if (dropout_p > 0) weights = dropout(weights, dropout_p, true);
  return matmul(weights, v);
}

} // namespace torch::ops
