// Network functions written with kernels-level ops.
#include "ops/autocast.h"
#include "ops/checks.h"
#include "ops/entry.h"

namespace torch::ops {

Tensor softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return _softmax(dtype && *dtype != self.dtype() ? _to_copy(self, dtype) : self, dim, false);
}
Tensor log_softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return _log_softmax(dtype && *dtype != self.dtype() ? _to_copy(self, dtype) : self, dim, false);
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
std::tuple<Tensor, Tensor, Tensor> native_group_norm(const Tensor& input, const Tensor& weight,
                                                     const Tensor& bias, int64_t N, int64_t C, int64_t HxW,
                                                     int64_t group, double eps) {
  check(N >= 0 && C >= 0 && HxW >= 0 && input.numel() == N * C * HxW,
        "native_group_norm: expected N * C * HxW elements, N=", N, ", C=", C, ", HxW=", HxW,
        ", but got input of shape ", input.sizes());
  const auto [out, saved_mean, saved_rstd] =
      _group_norm(reshape(input, {N, C, HxW}), weight, bias, group, eps);
  const DType type = weight.defined() ? weight.dtype() : input.dtype();
  const auto converted = [&](const Tensor& t) { return t.dtype() == type ? t : _to_copy(t, type); };
  const Tensor shaped = reshape(out, input.sizes());
  if (!thread_state.grad_enabled || !input.requires_grad())
    return {shaped, converted(autograd::detach(saved_mean)), converted(autograd::detach(saved_rstd))};
  // The derivative of group normalisation takes the statistics as its own: these are made again, with a
  // graph.
  const Tensor groups = reshape(input, {N, group, C / group * HxW});
  const Tensor variance = var(groups, OptInts(Ints({2})), Scalar(0), false);
  return {shaped, converted(mean(groups, OptInts(Ints({2})))), converted(rsqrt(variance + Scalar(eps)))};
}
Tensor instance_norm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                     const Tensor& running_mean, const Tensor& running_var, bool use_input_stats,
                     double momentum, double eps, bool cudnn_enabled) {
  check(use_input_stats || (running_mean.defined() && running_var.defined()),
        "Expected running_mean and running_var to be defined when use_input_stats is false");
  check(input.dim() >= 2, "instance_norm: expected at least 2 dimensions, got shape ", input.sizes());
  // Every channel of every sample is a channel of one sample.
  const int64_t n = input.sizes()[0], c = input.sizes()[1];
  DimVec shape{1, n * c};
  for (int64_t i = 2; i < input.dim(); ++i) shape.push_back(input.sizes()[size_t(i)]);
  const auto repeated = [&](const Tensor& t) { return t.defined() ? repeat(t, {n}) : t; };
  const Tensor mean_of_all = repeated(running_mean), var_of_all = repeated(running_var);
  const Tensor out = batch_norm(reshape(input, shape), repeated(weight), repeated(bias), mean_of_all,
                                var_of_all, use_input_stats, momentum, eps, cudnn_enabled);
  if (use_input_stats) {
    NoGradGuard no_grad;
    const auto averaged = [&](const Tensor& all) { return mean(reshape(all, {n, c}), {0}, false); };
    if (running_mean.defined()) copy_(running_mean, averaged(mean_of_all));
    if (running_var.defined()) copy_(running_var, averaged(var_of_all));
  }
  return reshape(out, input.sizes());
}
Tensor rms_norm(const Tensor& input, Ints normalized_shape, const Tensor& weight, std::optional<double> eps) {
  const int64_t k = static_cast<int64_t>(normalized_shape.size());
  check(k >= 1, "rms_norm: normalized_shape must have at least one dimension");
  check_value(input.dim() >= k, "Input tensor must have at least ", k, " dimensions, but got ", input.dim());
  check_normalized_shape(input, normalized_shape);
  DimVec dims;
  for (int64_t i = 1; i <= k; ++i) dims.push_back(-i);
  check(!weight.defined() || torch::equal(weight.sizes(), normalized_shape),
        "Expected weight to be of same shape as normalized_shape, but got weight of shape ",
        weight.defined() ? weight.sizes() : Ints(), " and normalized_shape = ", normalized_shape);
  const DType type = is_reduced_float(input.dtype()) ? DType::Float32 : input.dtype();
  const double epsilon = eps.value_or(real_type(input.dtype()) == DType::Float64 ? 2.220446049250313e-16
                                      : input.dtype() == DType::Float16          ? 0.0009765625
                                      : input.dtype() == DType::BFloat16         ? 0.0078125
                                                                                 : 1.1920928955078125e-07);
  const Tensor x = contiguous(type == input.dtype() ? input : _to_copy(input, type));
  Tensor out = x * rsqrt(mean(square(x), dims, true) + Scalar(epsilon));
  if (weight.defined()) out = out * weight;
  return out.dtype() == input.dtype() ? out : _to_copy(out, input.dtype());
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
  if (std::ranges::all_of(pad, [](int64_t n) { return n <= 0; })) return clone(inner);
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
  check(pad.size() % 2 == 0, "Padding length must be divisible by 2, got ", pad,
        ": two widths for each dimension, the last dimension first");
  if (mode == "constant") return constant_pad_nd(self, pad, value.value_or(0.0));
  check(!value || *value == 0, "Padding mode \"", mode, "\" doesn't take in value argument");
  check_kind(ErrorKind::NotImplemented, mode == "reflect" || mode == "replicate" || mode == "circular",
             "Unrecognised padding mode ", mode);
  const int64_t n = static_cast<int64_t>(pad.size()) / 2;
  check_kind(ErrorKind::NotImplemented, self.dim() == n + 1 || self.dim() == n + 2,
             "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now (input ",
             self.sizes(), ", pad ", pad, ")");
  // Each padded dimension is gathered at the positions that the mode gives. In an autocast region those modes
  // that PyTorch lists pad in float32.
  const bool widen = autocast::active && (mode == "replicate" || (mode == "reflect" && n <= 2));
  Tensor out = widen ? autocast::float32(self) : self;
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
    const Tensor index = empty_tensor(DimVec{total}, DType::Int64);
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
    out = index_select(out, d, moved_to(index, self.device()));
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
  const int64_t smallest = value_of<int64_t>(amin(self));
  check(smallest >= 0, "Class values must be non-negative. Got ", smallest);
  const int64_t largest = value_of<int64_t>(amax(self));
  if (num_classes == -1) num_classes = largest + 1;
  check(num_classes >= 1, "num_classes should be positive");
  check(largest < num_classes, "Class values must be smaller than num_classes. Got class ", largest,
        " for num_classes=", num_classes);
  DimVec sizes = self.sizes();
  sizes.push_back(num_classes);
  return scatter_(zeros(sizes, DType::Int64), -1, unsqueeze(self, -1), Scalar(int64_t{1}));
}

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int64_t dim, double eps) {
  const DType type = promote(x1.dtype(), x2.dtype());
  check(is_floating(type), "expected common dtype to be floating point, yet common dtype is ",
        dtype_aten_name(type));
  // Norms are taken along `dim` of the common shape.
  const DimVec common = broadcast_sizes(x1.sizes(), x2.sizes(), "cosine_similarity");
  // They have the dtype of their own tensor, if that is a floating one.
  const auto unit = [&](const Tensor& x) {
    const Tensor t = is_floating(x.dtype()) ? x : _to_copy(x, type);
    const Tensor all = torch::equal(t.sizes(), common) ? t : expand(t, common);
    return all / clamp_min(linalg_vector_norm(all, int64_t{2}, {dim}, true), eps);
  };
  return sum(unit(x1) * unit(x2), {dim});
}

Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, double p, double eps, bool keepdim) {
  // eps keeps the gradient finite where the vectors are equal; the shorter shape is broadcast.
  return norm(x1 - x2 + Scalar(eps), Scalar(p), {-1}, keepdim);
}

Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight, const Tensor& bias) {
  const autocast::Off off; // the products inside are no products of the user
  check(input1.dim() == input2.dim(), "bilinear(): input dimensions do not match: got ", input1.dim(),
        " and ", input2.dim());
  check_index(weight.dim() > 1, "bilinear(): expected a weight of 3 dimensions, got shape ", weight.sizes());
  check(weight.dim() == 3, "bilinear(): expected a weight of 3 dimensions, got shape ", weight.sizes());
  const auto lead = [](const Tensor& t) { return t.sizes().span().first(size_t(t.dim() - 1)); };
  check(input1.dim() >= 1 && torch::equal(lead(input1), lead(input2)),
        "bilinear(): input batch dimensions do not match: got ", input1.sizes(), " and ", input2.sizes());
  check(input1.size(-1) == weight.sizes()[1], "bilinear(): input1 size does not match weight size: got ",
        input1.size(-1), " but expected ", weight.sizes()[1]);
  check(input2.size(-1) == weight.sizes()[2], "bilinear(): input2 size does not match weight size: got ",
        input2.size(-1), " but expected ", weight.sizes()[2]);
  check(!bias.defined() || (bias.dim() == 1 && bias.numel() == weight.sizes()[0]),
        "bilinear(): bias size does not match weight size: got ",
        bias.defined() ? DimVec(bias.sizes()) : DimVec(), " but expected ", weight.sizes()[0]);
  for (const Tensor* t : {&input2, &weight, &bias})
    check(!t->defined() || t->dtype() == input1.dtype(),
          "All tensors must have the same dtype, got input1: ", input1.dtype(), ", input2: ", input2.dtype(),
          ", weight: ", weight.dtype(), bias.defined() ? concat(", bias: ", bias.dtype()) : std::string());
  DimVec sizes(lead(input1));
  const int64_t rows = numel_of(sizes), outs = weight.sizes()[0], n1 = weight.sizes()[1],
                n2 = weight.sizes()[2];
  sizes.push_back(outs);
  const Tensor a = reshape(input1, {rows, n1}), b = reshape(input2, {rows, n2});
  // (rows, outs, n2) = a @ weight, then the sum over n2 with b.
  const Tensor half =
      reshape(matmul(a, reshape(permute(weight, {1, 0, 2}), {n1, outs * n2})), {rows, outs, n2});
  Tensor out = reshape(bmm(half, unsqueeze(b, -1)), sizes);
  return bias.defined() ? out + bias : out;
}

} // namespace torch::ops
