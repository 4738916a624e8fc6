// Convolutions and their gradients, by cuDNN or by kernels of our own; windows of images as columns.
#include "kernels/cuda/cudnn.h"
#include "kernels/cuda/device/conv_args.h"
#include "kernels/cuda/image.h"
#include "kernels/cuda/table.h"
#include "kernels/pointwise_ops.h"

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

// ---- by cuDNN ----

// Lines as planes of one row, which is what it has.
Tensor with_rows(const Tensor& t) {
  if (t.dim() != 3) return t;
  return alias(t, DimVec{t.size(0), t.size(1), 1, t.size(2)},
               DimVec{t.stride(0), t.stride(1), t.size(2) * t.stride(2), t.stride(2)}, t.offset());
}
DimVec dense_strides(IntSpan sizes, bool channels_last) {
  return channels_last ? channels_last_strides(sizes) : contiguous_strides(sizes);
}
bool lies_so(const Tensor& t, IntSpan strides) { // dimensions of one element lie as they like
  for (size_t d = 0; d < strides.size(); ++d)
    if (t.sizes()[d] != 1 && t.strides()[d] != strides[d]) return false;
  return true;
}
// With these strides: the tensor itself or a new one, for its values or to be written.
Tensor laid_out(const Tensor& t, bool channels_last, bool values) {
  const DimVec strides = dense_strides(t.sizes(), channels_last);
  if (lies_so(t, strides)) return t;
  const Tensor made = empty_strided_tensor(t.sizes(), strides, t.dtype(), t.device());
  if (values) copy(made, t);
  return made;
}
bool has_channels_last(const Tensor& t) {
  return t.dim() >= 4 && t.suggested_format() != MemoryFormat::Contiguous;
}
bool by_cudnn(ConvPass pass, const Tensor& x, const Tensor& w, const Tensor& y, const Shape& shape) {
  const Tensor& written = pass == ConvPass::Output ? y : pass == ConvPass::Input ? x : w;
  if (!cudnn_convolves(written.dtype()) || x.numel() == 0 || w.numel() == 0 || y.numel() == 0) return false;
  DnnConvolution c{};
  c.pass = pass;
  // Images and what becomes of them are much larger than weights.
  c.channels_last =
      pass == ConvPass::Weight ? has_channels_last(x) || has_channels_last(y) : has_channels_last(written);
  const auto operand = [&](const Tensor& t) {
    return laid_out(with_rows(t), c.channels_last, !t.is_same(written));
  };
  c.x = operand(x);
  c.w = operand(w);
  c.y = operand(y);
  const auto spatial = static_cast<size_t>(c.x.dim() - 2), given = shape.stride.size();
  for (size_t d = 0; d < spatial; ++d) {
    const bool there = d + given >= spatial;
    const size_t at = there ? d + given - spatial : 0;
    c.stride[d] = there ? shape.stride[at] : 1;
    c.padding[d] = there ? shape.padding[at] : 0;
    c.dilation[d] = there ? shape.dilation[at] : 1;
    // A transposed convolution may have a result (by output_padding, where it is dilated) that has more
    // windows than its input has elements.
    const auto axis = static_cast<int64_t>(d) + 2;
    const int64_t reach = c.dilation[d] * (c.w.size(axis) - 1) + 1;
    if ((c.x.size(axis) + 2 * c.padding[d] - reach) / c.stride[d] + 1 != c.y.size(axis)) return false;
  }
  if (!cudnn_convolve(c)) return false;
  const Tensor& result = pass == ConvPass::Output ? c.y : pass == ConvPass::Input ? c.x : c.w;
  const Tensor to = with_rows(written);
  if (result.data() != to.data()) copy(to, result);
  return true;
}

void add_bias(const Tensor& out, const Tensor& bias) {
  DimVec sizes(out.sizes()), strides(out.sizes().size(), 0);
  for (int64_t& size : sizes) size = 1;
  sizes[1] = bias.numel();
  strides[1] = bias.stride(0);
  const Tensor channels = alias(bias, sizes, strides, bias.offset());
  const Tensor* const inputs[] = {&out, &channels};
  const Scalar factor = 1;
  pointwise(PointwiseOp::Add, out.dtype(), out, inputs, 2, &factor);
}

// A transposed convolution is the gradient, for its input, of the convolution that goes the other way.
void forward(const Tensor& y, const Tensor& x, const Tensor& w, const Tensor& bias, const Shape& shape) {
  if (!by_cudnn(ConvPass::Output, x, w, y, shape)) return own_convolution("Conv", x, w, y, bias, shape, y);
  if (bias.defined()) add_bias(y, bias);
}
void to_input(const Tensor& x, const Tensor& y, const Tensor& w, const Tensor& bias, const Shape& shape) {
  if (!by_cudnn(ConvPass::Input, x, w, y, shape))
    return own_convolution("ConvGradInput", x, w, y, bias, shape, x);
  if (bias.defined()) add_bias(x, bias);
}
void to_weight(const Tensor& w, const Tensor& x, const Tensor& y, const Shape& shape) {
  if (!by_cudnn(ConvPass::Weight, x, w, y, shape)) own_convolution("ConvGradWeight", x, w, y, {}, shape, w);
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
