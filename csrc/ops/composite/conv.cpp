// Convolutions by number of dimensions, batched or not, with padding as numbers or by name.
#include "ops/entry.h"

namespace torch::ops {

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

Tensor conv3d(const Tensor& x, const Tensor& w, const Tensor& b, Ints s, std::string_view p, Ints d,
              int64_t g) {
  return conv_named("conv3d", 3, x, w, b, s, p, d, g);
}
Tensor conv_transpose3d(const Tensor& x, const Tensor& w, const Tensor& b, Ints s, Ints p, Ints o, int64_t g,
                        Ints d) {
  return conv_transposed("conv_transpose3d", 3, x, w, b, s, p, o, g, d);
}

Tensor conv_tbc(const Tensor& self, const Tensor& weight, const Tensor& bias, int64_t pad) {
  check(self.dim() == 3, "Input must have 3 dims: time, batch, in_channel, got shape ", self.sizes());
  check(weight.dim() == 3,
        "Weight tensor must have 3 dims: kernel_width, in_channels, out_channels, got shape ",
        weight.sizes());
  check(bias.dim() == 1, "Bias must be 1-D, got shape ", bias.sizes());
  check(self.sizes()[2] == weight.sizes()[1],
        "Input dim 2 (input channels) is not == dim 1 in the weight tensor: ", self.sizes(), ", ",
        weight.sizes());
  check(weight.sizes()[2] == bias.sizes()[0],
        "Bias size must equal dim 2 in the weight tensor (output channels).");
  return contiguous(permute(conv1d(permute(self, {1, 2, 0}), permute(weight, {2, 1, 0}),
                                   _to_copy(bias, self.dtype()), {1}, {pad}, {1}, 1),
                            {2, 0, 1}));
}

} // namespace torch::ops
