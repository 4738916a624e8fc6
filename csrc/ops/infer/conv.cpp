#include "ops/infer/conv.h"

namespace torch::infer {

namespace {

// Whether the input is laid out as images are in files: height, width, channels.
bool channels_are_last(const Tensor& input, int64_t channels) {
  return input.sizes().back() == channels && input.sizes()[1] != channels;
}

[[noreturn]] void fail_kernel_too_large(const Tensor& input, const Tensor& weight, Ints padding,
                                        Ints dilation) {
  std::string have, want;
  for (size_t i = 0; i < padding.size(); ++i) {
    const char* const by = i ? " x " : "";
    have += concat(by, input.sizes()[i + 2] + 2 * padding[i]);
    want += concat(by, dilation[i] * (weight.sizes()[i + 2] - 1) + 1);
  }
  fail(ErrorKind::Runtime,
       concat(
           "Calculated padded input size per channel: (", have, "). Kernel size: (", want,
           "). Kernel size can't be greater than actual input size: pad the input, or use fewer layers that "
           "shrink it"));
}

} // namespace

TensorMeta convolution(const Tensor& input, const Tensor& weight, const Tensor& bias, Ints stride,
                       Ints padding, Ints dilation, bool transposed, Ints output_padding, int64_t groups) {
  const int64_t spatial = weight.dim() - 2;
  check(spatial >= 1 && spatial <= 3, "convolution: weight should have 3 to 5 dimensions, got shape ",
        weight.sizes());
  check(input.dim() == weight.dim(), "Expected ", spatial + 1, "D (unbatched) or ", spatial + 2,
        "D (batched) input to conv", transposed ? "_transpose" : "", spatial,
        "d, but got input of size: ", input.sizes(), ": batch and channels come before the ", spatial,
        spatial == 1 ? " spatial dimension" : " spatial dimensions");
  check(input.dtype() == weight.dtype(), "Input type (", dtype_name(input.dtype()), ") and weight type (",
        dtype_name(weight.dtype()), ") should be the same: convert the input with .to(torch.",
        dtype_name(weight.dtype()), ")");
  check_kind(ErrorKind::NotImplemented, input.dtype() != DType::Bool,
             "\"convolution\" not implemented for 'Bool'");
  if (bias.defined())
    check(bias.dtype() == input.dtype(), "Input type (", dtype_name(input.dtype()), ") and bias type (",
          dtype_name(bias.dtype()), ") should be the same");
  check(groups > 0, "non-positive groups is not supported, got groups=", groups);
  for (const auto& [list, name] :
       {std::pair<Ints, const char*>{stride, "stride"}, {padding, "padding"}, {dilation, "dilation"}})
    check(static_cast<int64_t>(list.size()) == spatial, "expected ", name,
          " to be a single integer value or a list of ", spatial,
          " values to match the convolution dimensions, but got ", name, "=", list);
  for (const int64_t s : stride) check(s > 0, "non-positive stride is not supported, got stride=", stride);
  for (const int64_t p : padding) check(p >= 0, "negative padding is not supported, got padding=", padding);
  for (const int64_t d : dilation)
    check(d > 0, "dilation should be greater than zero, got dilation=", dilation);
  for (const int64_t p : output_padding) check(p >= 0, "negative output_padding is not supported");
  const auto& w = weight.sizes();
  const int64_t in_channels = transposed ? w[0] : w[1] * groups;
  const int64_t out_channels = transposed ? w[1] * groups : w[0];
  check(w[0] >= groups && w[0] % groups == 0, "Given groups=", groups, ", expected weight to be at least ",
        groups, " at dimension 0 and divisible by it, but got weight of size ", w, " instead");
  check(input.sizes()[1] == in_channels, "Given groups=", groups, ", weight of size ", w, ", expected input",
        input.sizes(), " to have ", in_channels, " channels, but got ", input.sizes()[1], " channels instead",
        channels_are_last(input, in_channels) ? ": they seem to be last, where movedim(-1, 1) takes them from"
                                              : "");
  if (bias.defined())
    check(bias.dim() == 1 && bias.numel() == out_channels, "Given ", transposed ? "transposed=1, " : "",
          "weight of size ", w, ", expected bias to be 1-dimensional with ", out_channels,
          " elements, but got bias of size ", bias.sizes(), " instead");
  DimVec sizes{input.sizes()[0], out_channels};
  for (int64_t i = 0; i < spatial; ++i) {
    const int64_t in = input.sizes()[i + 2], kernel = w[i + 2];
    const int64_t reach = dilation[i] * (kernel - 1) + 1;
    if (transposed) {
      const int64_t extra = output_padding.empty() ? 0 : output_padding[i];
      check(extra < std::max(stride[i], dilation[i]),
            "output padding must be smaller than either stride or dilation, but got output_padding ", extra);
      sizes.push_back((in - 1) * stride[i] - 2 * padding[i] + reach + extra);
      check(sizes.back() >= 0, "convolution: calculated output size is too small: ", sizes);
    } else {
      if (in + 2 * padding[i] < reach) [[unlikely]]
        fail_kernel_too_large(input, weight, padding, dilation);
      sizes.push_back((in + 2 * padding[i] - reach) / stride[i] + 1);
    }
  }
  return in_order_of(input, input.suggested_format() == MemoryFormat::Contiguous ? weight : input, sizes);
}

namespace {

struct Windows {
  int64_t taps, count; // elements of a window, windows of an image
};
Windows check_windows(const char* op, IntSpan image, Ints kernel, Ints dilation, Ints padding, Ints stride) {
  const std::pair<Ints, const char*> lists[] = {
      {kernel, "kernel_size"}, {dilation, "dilation"}, {padding, "padding"}, {stride, "stride"}};
  for (const auto& [list, name] : lists)
    check(list.size() == 2, op, ": It is expected ", name, " equals to 2, but got size ", list.size());
  Windows w{1, 1};
  for (size_t d = 0; d < 2; ++d) {
    check(kernel[d] > 0, op, ": kernel size should be greater than zero, but got ", kernel);
    check(dilation[d] > 0, op, ": dilation should be greater than zero, but got ", dilation);
    check(padding[d] >= 0, op, ": padding should be non-negative, but got ", padding);
    check(stride[d] > 0, op, ": stride should be greater than zero, but got ", stride);
    const int64_t room = image[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1;
    check(room >= 0, op, ": Given an image with spatial size ", image, ", kernel_size=", kernel,
          ", dilation=", dilation, ", padding=", padding, ", stride=", stride,
          ", there is no room for a single window");
    w.taps *= kernel[d];
    w.count *= room / stride[d] + 1;
  }
  return w;
}

} // namespace

TensorMeta im2col(const Tensor& self, Ints kernel, Ints dilation, Ints padding, Ints stride) {
  const int64_t n = self.dim();
  check_index(n >= 3, "im2col: Dimension out of range: expected 3D or 4D (batch mode) input, got ",
              self.sizes());
  bool ok = n == 3 || n == 4;
  for (int64_t i = n == 4 ? 1 : 0; ok && i < n; ++i) ok = self.sizes()[size_t(i)] > 0;
  check(ok, "im2col: Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero ",
        "dimensions for input, but got: ", self.sizes());
  const Windows w = check_windows("im2col", self.sizes().span().last(2), kernel, dilation, padding, stride);
  DimVec sizes(self.sizes().span().first(size_t(n - 3)));
  sizes.push_back(self.size(-3) * w.taps);
  sizes.push_back(w.count);
  return {sizes, self.dtype(), self.device()};
}

TensorMeta col2im(const Tensor& self, Ints output_size, Ints kernel, Ints dilation, Ints padding,
                  Ints stride) {
  const int64_t n = self.dim();
  bool ok = n == 2 || n == 3;
  for (int64_t i = n == 3 ? 1 : 0; ok && i < n; ++i) ok = self.sizes()[size_t(i)] > 0;
  check(ok,
        "col2im: Expected 2D or 3D (batch mode) tensor with possibly 0 batch size and non-zero dimensions ",
        "for input, but got: ", self.sizes());
  check(output_size.size() == 2, "col2im: It is expected output_size equals to 2, but got size ",
        output_size.size());
  const Windows w = check_windows("col2im", output_size, kernel, dilation, padding, stride);
  check(self.size(-2) % w.taps == 0,
        "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
        "input.size(1)=",
        self.size(-2), " and kernel_size=", kernel);
  check(self.size(-1) == w.count, "Given output_size=", output_size, ", kernel_size=", kernel,
        ", dilation=", dilation, ", padding=", padding, ", stride=", stride,
        ", expected size of input's last dimension to be ", w.count, ", but got ", self.size(-1));
  check_kind(ErrorKind::NotImplemented, !is_integral(self.dtype(), false), "\"col2im\" not implemented for '",
             dtype_aten_name(self.dtype()), "'");
  DimVec sizes(self.sizes().span().first(size_t(n - 2)));
  for (const int64_t s : {self.size(-2) / w.taps, output_size[0], output_size[1]}) sizes.push_back(s);
  return {sizes, self.dtype(), self.device()};
}

} // namespace torch::infer
