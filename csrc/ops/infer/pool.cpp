#include "ops/infer/pool.h"

namespace torch::infer {

namespace {

// The op's name with its number of dimensions, for messages.
struct PoolName {
  const char* base;
  int64_t spatial;
};
void append_text(std::string& out, const PoolName& name) {
  out += name.base;
  out += static_cast<char>('0' + name.spatial);
  out += 'd';
}

int64_t pooled_size(int64_t input, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation,
                    bool ceil_mode) {
  const int64_t span = input + 2 * padding - dilation * (kernel - 1) - 1;
  int64_t out =
      (span >= 0 ? (span + (ceil_mode ? stride - 1 : 0)) / stride : (span - stride + 1) / stride) + 1;
  // The last window must start inside the input or its left padding.
  if (ceil_mode && (out - 1) * stride >= input + padding) --out;
  return out;
}

int64_t pick(Ints values, int64_t i) { return values.size() == 1 ? values[0] : values[size_t(i)]; }

void check_list(const PoolName& op, const char* name, Ints v, bool may_be_empty) {
  const auto n = static_cast<int64_t>(v.size());
  check(n == 1 || n == op.spatial || (may_be_empty && n == 0), op, ": ", name, " must either be ",
        may_be_empty ? "omitted, " : "", "a single int, or a tuple of ", op.spatial, " ints, got ", v);
}

// Batched or not, with no empty dimension but the batch.
void check_input(const PoolName& op, const Tensor& self) {
  const int64_t n = self.dim();
  check(n == op.spatial + 1 || n == op.spatial + 2, op, "(): Expected ", op.spatial + 1, "D or ",
        op.spatial + 2, "D (batch mode) tensor for input, but got: ", self.sizes());
  for (int64_t i = n == op.spatial + 2 ? 1 : 0; i < n; ++i)
    check(self.sizes()[i] > 0, op,
          "(): Expected input to have non-zero size for non-batch dimensions, but input has sizes ",
          self.sizes(), " with dimension ", i, " being empty");
}

// 8x3x3, as PyTorch writes the sizes of pooling.
std::string by(IntSpan sizes) {
  std::string text;
  for (const int64_t n : sizes) text += concat(text.empty() ? "" : "x", n);
  return text;
}

DimVec pooled_sizes(const PoolName& op, const Tensor& self, Ints kernel, Ints stride, Ints padding,
                    Ints dilation, bool ceil_mode) {
  check_list(op, "kernel_size", kernel, false);
  check_list(op, "stride", stride, true);
  check_list(op, "padding", padding, false);
  check_list(op, "dilation", dilation, false);
  check_input(op, self);
  DimVec sizes = self.sizes();
  for (int64_t i = 0; i < op.spatial; ++i) {
    const int64_t k = pick(kernel, i), s = stride.empty() ? k : pick(stride, i), p = pick(padding, i),
                  d = pick(dilation, i), at = self.dim() - op.spatial + i;
    check(k > 0, op, ": kernel size should be greater than zero, but got ", kernel);
    check(s > 0, op, ": stride should not be zero or negative, got ", stride);
    check(d > 0, op, ": dilation should be greater than zero, got ", dilation);
    check(p >= 0, "pad must be non-negative, but got pad: ", p);
    check(p <= (d * (k - 1) + 1) / 2, "pad should be at most half of effective kernel size, but got pad=", p,
          ", kernel_size=", k, " and dilation=", d);
    sizes[size_t(at)] = pooled_size(self.sizes()[at], k, s, p, d, ceil_mode);
  }
  const IntSpan window = sizes.span().last(size_t(op.spatial));
  if (std::any_of(window.begin(), window.end(), [](int64_t n) { return n <= 0; })) [[unlikely]]
    check(false, op, ": Given input size: (", by(self.sizes().last(size_t(op.spatial) + 1)),
          "). Calculated output size: (", by(sizes.span().last(size_t(op.spatial) + 1)),
          "). Output size is too small: pad the input, or use fewer layers that shrink it");
  return sizes;
}

DimVec adaptive_sizes(const PoolName& op, const Tensor& self, Ints output_size) {
  check(static_cast<int64_t>(output_size.size()) == op.spatial, op, ": output_size must be ", op.spatial,
        " numbers, got ", output_size);
  for (const int64_t n : output_size)
    check(n >= 0, op, ": elements of output_size must be greater than or equal to 0 but received ",
          output_size);
  check_input(op, self);
  DimVec sizes = self.sizes();
  for (int64_t i = 0; i < op.spatial; ++i)
    sizes[size_t(self.dim() - op.spatial + i)] = output_size[size_t(i)];
  return sizes;
}

void check_floating(const PoolName& op, const Tensor& self) {
  check_kind(ErrorKind::NotImplemented, self.is_floating_point(), '"', op, "\" not implemented for '",
             dtype_aten_name(self.dtype()), "'");
}

Metas2 values_and_positions(const Tensor& self, const DimVec& sizes, bool in_order = true) {
  const DimVec strides = in_order ? order_strides(self, sizes) : DimVec();
  return {TensorMeta{sizes, self.dtype(), self.device(), strides},
          TensorMeta{sizes, DType::Int64, self.device(), strides}};
}

// Means of planes stay channels-last, those of volumes do not, as in PyTorch.
TensorMeta averaged(const PoolName& op, const Tensor& self, const DimVec& sizes) {
  return op.spatial == 2 ? in_order_of(self, self, sizes) : TensorMeta{sizes, self.dtype(), self.device()};
}

} // namespace

DimVec order_strides(const Tensor& model, IntSpan sizes) {
  if (model.dim() != static_cast<int64_t>(sizes.size()) ||
      model.suggested_format() == MemoryFormat::Contiguous)
    return {};
  return channels_last_strides(sizes);
}
TensorMeta in_order_of(const Tensor& t, const Tensor& model, IntSpan sizes) {
  return {sizes, t.dtype(), t.device(), order_strides(model, sizes)};
}

Metas2 max_pool(int64_t spatial, const Tensor& self, Ints kernel, Ints stride, Ints padding, Ints dilation,
                bool ceil_mode) {
  const PoolName op{"max_pool", spatial};
  check_kind(ErrorKind::NotImplemented, !self.is_complex() && self.dtype() != DType::Bool, '"', op,
             "\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  return values_and_positions(self, pooled_sizes(op, self, kernel, stride, padding, dilation, ceil_mode));
}

TensorMeta avg_pool(int64_t spatial, const Tensor& self, Ints kernel, Ints stride, Ints padding,
                    bool ceil_mode, std::optional<int64_t> divisor) {
  const PoolName op{"avg_pool", spatial};
  check(!divisor || *divisor != 0, "divisor must be not zero");
  check_index(spatial != 2 || self.dim() >= 3, op, "(): Expected 3D or 4D tensor for input, but got: ",
              self.sizes()); // of a class of its own, as in PyTorch
  check_kind(ErrorKind::NotImplemented, self.is_floating_point() || self.dtype() == DType::Int64, '"', op,
             "\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  return averaged(op, self, pooled_sizes(op, self, kernel, stride, padding, Ints{1}, ceil_mode));
}

Metas2 adaptive_max_pool(int64_t spatial, const Tensor& self, Ints output_size) {
  const PoolName op{"adaptive_max_pool", spatial};
  const DimVec sizes = adaptive_sizes(op, self, output_size);
  check_floating(op, self);
  return values_and_positions(self, sizes, spatial == 2);
}

TensorMeta adaptive_avg_pool(int64_t spatial, const Tensor& self, Ints output_size) {
  const PoolName op{"adaptive_avg_pool", spatial};
  check_index(
      self.dim() > 0, op, "(): Expected ", spatial + 1, "D or ", spatial + 2,
      "D (batch mode) tensor for input, but got: ", self.sizes()); // of a class of its own, as in PyTorch
  const DimVec sizes = adaptive_sizes(op, self, output_size);
  check_floating(op, self);
  return averaged(op, self, sizes);
}

Metas2 fractional_max_pool(int64_t spatial, const Tensor& self, Ints kernel, Ints output_size,
                           const Tensor& random_samples) {
  const PoolName op{"fractional_max_pool", spatial};
  check(static_cast<int64_t>(kernel.size()) == spatial, op, ": kernel_size must either be a single Int or ",
        spatial, " numbers, got ", kernel);
  const DimVec sizes = adaptive_sizes(op, self, output_size);
  check_floating(op, self);
  check(random_samples.dtype() == self.dtype(), "Expect _random_samples to have the same dtype as input");
  const int64_t n = self.dim();
  const DimVec expected{n == spatial + 2 ? self.sizes()[0] : 1, self.sizes()[size_t(n - spatial - 1)],
                        spatial};
  check(equal(random_samples.sizes(), expected), "Expect _random_samples of shape ", expected, ", got ",
        random_samples.sizes());
  for (int64_t i = 0; i < spatial; ++i) {
    const int64_t k = kernel[size_t(i)], in = self.sizes()[size_t(n - spatial + i)];
    check(k > 0 && output_size[size_t(i)] + k - 1 < in + (spatial == 2), op, "(): pool size ", k,
          " too large relative to ", "input size ", in, " for an output of ", output_size[size_t(i)],
          " (dimension ", n - spatial + i, ")");
  }
  return {TensorMeta{sizes, self.dtype(), self.device()}, TensorMeta{sizes, DType::Int64, self.device()}};
}

} // namespace torch::infer
