// Convolutions and their gradients; windows of images as columns.
#include "kernels/cuda/device/conv_args.h"
#include "kernels/cuda/image.h"
#include "kernels/cuda/table.h"

namespace torch::cuda {

namespace {

constexpr Family kConv{"conv", "CONV", true}, kColumns{"conv", "COLUMNS"};

struct Shape {
  IntSpan stride, padding, dilation;
  int64_t groups;
  Operand conjugated = Operand::None; // in gradients of complex numbers
};

// By our own kernels. Of x, w and y one is written.
void own_convolution(const char* op, const Tensor& x, const Tensor& w, const Tensor& y, const Tensor& bias,
                     const Shape& shape, const Tensor& written) {
  const DType type = written.dtype();
  refuse_unusual("convolution", type);
  const int64_t spatial = w.dim() - 2;
  ConvArgs args{};
  args.x = x.data();
  args.w = w.data();
  args.y = y.data();
  args.bias = bias.defined() ? bias.data() : nullptr;
  args.conjugated = shape.conjugated;
  args.n = written.numel();
  args.groups = shape.groups;
  args.x_at = volume_of(x, spatial);
  args.w_at = volume_of(w, spatial);
  args.y_at = volume_of(y, spatial);
  for (int64_t d = 0; d < spatial; ++d) {
    const auto at = static_cast<size_t>(d);
    args.windows[3 - spatial + d] = {w.size(d + 2), shape.stride[at], shape.padding[at], shape.dilation[at]};
  }
  args.width = static_cast<int32_t>(written.itemsize());
  args.type = type;
  const char* const computed = is_complex(type) ? "_c128_any" : is_floating(type) ? "_f64_any" : "_i64_any";
  launch_image(written.device().index, kConv, concat(op, computed), args.n, &args);
}

// A transposed convolution is the gradient, for its input, of the convolution that goes the other way.
void forward(const Tensor& y, const Tensor& x, const Tensor& w, const Tensor& bias, const Shape& shape) {
  own_convolution("Conv", x, w, y, bias, shape, y);
}
void to_input(const Tensor& x, const Tensor& y, const Tensor& w, const Tensor& bias, const Shape& shape) {
  own_convolution("ConvGradInput", x, w, y, bias, shape, x);
}
void to_weight(const Tensor& w, const Tensor& x, const Tensor& y, const Shape& shape) {
  own_convolution("ConvGradWeight", x, w, y, {}, shape, w);
}

Volume columns_of(const Tensor& t, int64_t height, int64_t width) { // (n, channels and taps, windows)
  const int64_t d = t.dim();
  Volume image{{d == 3 ? t.size(0) : 1, t.size(d - 2), 1, height, width},
               {d == 3 ? t.stride(0) : 0, t.stride(d - 2), 0, width * t.stride(d - 1), t.stride(d - 1)}};
  count_elements(image);
  return image;
}
ColumnsArgs columns_args(const Tensor& image, const Tensor& columns, IntSpan kernel, IntSpan dilation,
                         IntSpan padding, IntSpan stride) {
  ColumnsArgs args{};
  int64_t count[2];
  for (size_t d = 0; d < 2; ++d) {
    args.windows[d] = {kernel[d], stride[d], padding[d], dilation[d]};
    const int64_t in = image.size(static_cast<int64_t>(d) - 2);
    count[d] = (in + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d] + 1;
  }
  args.image = volume_of(image, 2);
  args.columns = columns_of(columns, count[0], count[1]);
  return args;
}

} // namespace

void convolution(const Tensor& out, const Tensor& input, const Tensor& weight, const Tensor& bias,
                 IntSpan stride, IntSpan padding, IntSpan dilation, bool transposed, IntSpan,
                 int64_t groups) {
  if (out.numel() == 0) return;
  const Shape shape{stride, padding, dilation, groups};
  transposed ? to_input(out, input, weight, bias, shape) : forward(out, input, weight, bias, shape);
}
void conv_grad_input(const Tensor& out, const Tensor& grad_output, const Tensor& weight, IntSpan,
                     IntSpan stride, IntSpan padding, IntSpan dilation, bool transposed, IntSpan,
                     int64_t groups) {
  if (out.numel() == 0) return;
  const Shape shape{stride, padding, dilation, groups, Operand::Weight};
  transposed ? forward(out, grad_output, weight, {}, shape) : to_input(out, grad_output, weight, {}, shape);
}
void conv_grad_weight(const Tensor& out, const Tensor& grad_output, const Tensor& input, IntSpan,
                      IntSpan stride, IntSpan padding, IntSpan dilation, bool transposed, IntSpan,
                      int64_t groups) {
  if (out.numel() == 0) return;
  const Shape shape{stride, padding, dilation, groups, transposed ? Operand::Output : Operand::Input};
  transposed ? to_weight(out, grad_output, input, shape) : to_weight(out, input, grad_output, shape);
}

void im2col(const Tensor& out, const Tensor& image, IntSpan kernel, IntSpan dilation, IntSpan padding,
            IntSpan stride) {
  if (out.numel() == 0) return;
  ColumnsArgs args = columns_args(image, out, kernel, dilation, padding, stride);
  args.to = out.data();
  args.from = image.data();
  args.n = out.numel();
  const DType type = moved_as(out.dtype());
  launch_image(out.device().index, kColumns, kernel_name("Im2Col", type, type), args.n, &args);
}
void col2im(const Tensor& out, const Tensor& columns, IntSpan kernel, IntSpan dilation, IntSpan padding,
            IntSpan stride) {
  if (out.numel() == 0) return;
  refuse_unusual("col2im", out.dtype());
  ColumnsArgs args = columns_args(out, columns, kernel, dilation, padding, stride);
  args.to = out.data();
  args.from = columns.data();
  args.n = out.numel();
  const DType type = out.dtype();
  launch_image(out.device().index, kColumns, kernel_name("Col2Im", kComputeTypes[compute_index(type)], type),
               args.n, &args);
}

} // namespace torch::cuda
