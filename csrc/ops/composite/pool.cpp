// Pooling of lines by way of planes of one row, and unpooling.
#include "ops/entry.h"

namespace torch::ops {

namespace {

void check_line(const char* op, const Tensor& self) {
  bool ok = self.dim() == 2 || self.dim() == 3;
  for (int64_t i = self.dim() == 3 ? 1 : 0; ok && i < self.dim(); ++i) ok = self.sizes()[size_t(i)] > 0;
  check(ok, op, "(): Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, got ",
        self.sizes());
}

// The argument of a line as that of a plane with one row.
DimVec with_row(const char* op, const char* name, Ints values, int64_t row) {
  if (values.empty()) return {};
  check(values.size() == 1, op, "() argument '", name, "' should contain one int (got ", values, ")");
  return {row, values[0]};
}

std::tuple<Tensor, Tensor> without_row(std::tuple<Tensor, Tensor> both) {
  return {squeeze(std::get<0>(both), {-2}), squeeze(std::get<1>(both), {-2})};
}

// The largest of two or three neighbours where nobody asks for positions (no gradient is recorded, no
// interpreter looks on): the maximum of strided views. Undefined where the general way must be taken.
Tensor max_of_views(const Tensor& self, Ints kernel_size, Ints stride, Ints padding, Ints dilation,
                    bool ceil_mode) {
  const auto one = [](Ints values, int64_t missing) {
    return values.empty() ? missing : values.size() == 1 ? values[0] : 0;
  };
  const int64_t kernel = one(kernel_size, 0), step = one(stride, kernel), apart = one(dilation, 1);
  if (!self.is_cpu() || autograd_wanted(self) || thread_state.interpreter_depth > 0) return {};
  if (self.is_complex() || self.dtype() == DType::Bool || self.numel() == 0 || ceil_mode) return {};
  if (kernel < 2 || kernel > 3 || step < 1 || apart < 1 || one(padding, 0) != 0) return {};
  const int64_t room = self.size(-1) - apart * (kernel - 1) - 1;
  if (room < 0) return {};
  const Tensor dense = contiguous(self);
  const auto view = [&](int64_t tap) {
    return slice(dense, -1, tap * apart, tap * apart + room / step * step + 1, step);
  };
  Tensor best = maximum(view(1), view(0));
  if (kernel == 3) best = maximum(view(2), best);
  return best;
}

Tensor unpooled(const char* op, int64_t spatial, const Tensor& self, const Tensor& indices,
                Ints output_size) {
  check_kind(ErrorKind::NotImplemented, self.is_floating_point(), '"', op, "\" not implemented for '",
             dtype_aten_name(self.dtype()), "'");
  check(static_cast<int64_t>(output_size.size()) == spatial, op, ": There should be exactly ", spatial,
        " elements in output_size, but got ", output_size);
  check(indices.dtype() == DType::Int64,
        "elements in indices should be type int64 but got: ", indices.dtype());
  check(self.dim() == spatial + 1 || self.dim() == spatial + 2, op, ": Input should be a ", spatial + 1,
        "d or ", spatial + 2, "d tensor, but got ", self.sizes());
  check(torch::equal(self.sizes(), indices.sizes()), op,
        ": Expected shape of indices to be the same as that of the input (", self.sizes(), "), got ",
        indices.sizes());
  const IntSpan lead = self.sizes().span().first(size_t(self.dim() - spatial));
  int64_t places = 1, values = 1;
  DimVec sizes(lead), flat(lead), flat_in(lead);
  for (int64_t i = 0; i < spatial; ++i) {
    const int64_t in = self.sizes()[lead.size() + size_t(i)];
    check(self.dim() == spatial + 1 ? self.numel() > 0 : in > 0, op,
          ": Expected input to have non-zero size for non-batch dimensions, but got ", self.sizes());
    sizes.push_back(output_size[size_t(i)]);
    places *= output_size[size_t(i)];
    values *= in;
  }
  flat.push_back(places);
  flat_in.push_back(values);
  const Tensor out = zeros(flat, self.dtype(), self.device());
  const Tensor filled = reshape(scatter(out, -1, reshape(indices, flat_in), reshape(self, flat_in)), sizes);
  const MemoryFormat format = self.suggested_format();
  return spatial == 2 && format != MemoryFormat::Contiguous ? clone(filled, format) : filled;
}

} // namespace

std::tuple<Tensor, Tensor> max_pool1d_with_indices(const Tensor& self, Ints kernel_size, Ints stride,
                                                   Ints padding, Ints dilation, bool ceil_mode) {
  check_line("max_pool1d", self);
  return without_row(max_pool2d_with_indices(
      unsqueeze(contiguous(self), -2), with_row("max_pool1d", "kernel_size", kernel_size, 1),
      with_row("max_pool1d", "stride", stride, 1), with_row("max_pool1d", "padding", padding, 0),
      with_row("max_pool1d", "dilation", dilation, 1), ceil_mode));
}
Tensor max_pool1d(const Tensor& self, Ints kernel_size, Ints stride, Ints padding, Ints dilation,
                  bool ceil_mode) {
  check_line("max_pool1d", self);
  if (const Tensor best = max_of_views(self, kernel_size, stride, padding, dilation, ceil_mode);
      best.defined())
    return best;
  return std::get<0>(max_pool1d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode));
}
Tensor max_pool2d(const Tensor& self, Ints kernel_size, Ints stride, Ints padding, Ints dilation,
                  bool ceil_mode) {
  return std::get<0>(max_pool2d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode));
}
Tensor max_pool3d(const Tensor& self, Ints kernel_size, Ints stride, Ints padding, Ints dilation,
                  bool ceil_mode) {
  return std::get<0>(max_pool3d_with_indices(self, kernel_size, stride, padding, dilation, ceil_mode));
}
std::tuple<Tensor, Tensor> adaptive_max_pool1d(const Tensor& self, Ints output_size) {
  check_line("adaptive_max_pool1d", self);
  return without_row(adaptive_max_pool2d(unsqueeze(contiguous(self), -2),
                                         with_row("adaptive_max_pool1d", "output_size", output_size, 1)));
}

Tensor avg_pool1d(const Tensor& self, Ints kernel_size, Ints stride, Ints padding, bool ceil_mode,
                  bool count_include_pad) {
  check_line("avg_pool1d", self);
  return squeeze(
      avg_pool2d(unsqueeze(contiguous(self), -2), with_row("avg_pool1d", "kernel_size", kernel_size, 1),
                 with_row("avg_pool1d", "stride", stride, 1), with_row("avg_pool1d", "padding", padding, 0),
                 ceil_mode, count_include_pad, std::nullopt),
      {-2});
}
Tensor adaptive_avg_pool1d(const Tensor& self, Ints output_size) {
  check_line("adaptive_avg_pool1d", self);
  return squeeze(adaptive_avg_pool2d(unsqueeze(contiguous(self), -2),
                                     with_row("adaptive_avg_pool1d", "output_size", output_size, 1)),
                 {-2});
}

Tensor max_unpool2d(const Tensor& self, const Tensor& indices, Ints output_size) {
  return unpooled("max_unpool2d", 2, self, indices, output_size);
}
Tensor max_unpool3d(const Tensor& self, const Tensor& indices, Ints output_size, Ints stride, Ints padding) {
  check(stride.size() == 3, "There should be exactly three elements (depth, height, width) in stride, got ",
        stride);
  check(padding.size() == 3, "There should be exactly three elements (depth, height, width) in padding, got ",
        padding);
  for (const int64_t s : stride)
    check(s > 0, "strides should be greater than zero, but got stride: ", stride);
  return unpooled("max_unpool3d", 3, self, indices, output_size);
}

} // namespace torch::ops
