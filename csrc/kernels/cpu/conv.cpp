// convolution and its two gradients: geometry, dtypes, and the choice between products and the direct engine.
#include "core/tensor.h"
#include "kernels/conv_kernels.h"
#include "kernels/cpu/conv_depthwise.h"
#include "kernels/cpu/conv_engine.h"
#include "kernels/cpu/conv_lanes.h"
#include "kernels/cpu/conv_planes.h"
#include "kernels/cpu/conv_weight.h"
#include "kernels/cpu/conv_winograd.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/widen.h"

#include <memory>

namespace torch::TORCH_ISA {
namespace {

// Images whose elements are C and whose memory lives at least as long: the tensor's own, or a converted copy.
template <class C> struct Operand {
  Images<const C> images;
  std::unique_ptr<Scratch> copy;
};

Three spatial(IntSpan values, size_t dims, int64_t missing) {
  Three out{missing, missing, missing};
  for (size_t d = 0; d < dims; ++d) out[3 - dims + d] = values.size() == 1 ? values[0] : values[d];
  return out;
}

// Strides of an image tensor (N, C, spatial...) with its missing dimensions filled in.
Three image_strides(const Tensor& t) {
  Three out{0, 0, 0};
  const size_t dims = t.sizes().size() - 2;
  for (size_t d = 0; d < dims; ++d) out[3 - dims + d] = t.strides()[2 + d];
  return out;
}
Three image_sizes(IntSpan sizes) { return spatial(sizes.subspan(2), sizes.size() - 2, 1); }

// Calls f(flat, offset in t) for every element in C order.
template <class F> void walk(const Tensor& t, F&& f) {
  const IntSpan sizes = t.sizes(), strides = t.strides();
  const size_t dims = sizes.size();
  if (t.numel() == 0) return;
  DimVec at(dims, 0);
  const int64_t inner = sizes[dims - 1], step = strides[dims - 1];
  int64_t offset = 0;
  for (int64_t flat = 0; flat < t.numel(); flat += inner) {
    for (int64_t i = 0; i < inner; ++i) f(flat + i, offset + i * step);
    for (size_t d = dims - 1; d-- > 0;) {
      offset += strides[d];
      if (++at[d] < sizes[d]) break;
      offset -= strides[d] * sizes[d];
      at[d] = 0;
    }
  }
}

template <class T> constexpr bool kIsComplex = std::is_same_v<T, complex64> || std::is_same_v<T, complex128>;
// Integers wrap around, as unsigned ones may; complex numbers become two channels each, real and imaginary.
template <class T> struct EngineTypeOf { using type = T; };
template <> struct EngineTypeOf<int32_t> { using type = uint32_t; };
template <> struct EngineTypeOf<int64_t> { using type = uint64_t; };
template <class R> struct EngineTypeOf<std::complex<R>> { using type = R; };
template <class T> using EngineType = typename EngineTypeOf<T>::type;
template <class T> constexpr int64_t kParts = kIsComplex<T> ? 2 : 1;

template <class T> Images<EngineType<T>> as_it_lies(const Tensor& t) {
  return {reinterpret_cast<EngineType<T>*>(t.data<T>()), t.stride(0), t.stride(1), image_strides(t)};
}
template <class C> Images<C> complex_images(C* data, const Tensor& t) {
  const Three sizes = image_sizes(t.sizes());
  const int64_t plane = sizes[0] * sizes[1] * sizes[2];
  return {data, t.size(1) * 2 * plane, plane, {sizes[1] * sizes[2], sizes[2], 1}};
}

template <class T> Operand<EngineType<T>> operand(const Tensor& t) {
  using C = EngineType<T>;
  if constexpr (!kIsComplex<T>) {
    const Images<C> images = as_it_lies<T>(t);
    return {{images.data, images.image, images.channel, images.strides}, nullptr};
  } else {
    auto copy = std::make_unique<Scratch>(size_t(t.numel() * 2) * sizeof(C));
    C* to = copy->as<C>();
    const T* from = t.data<T>();
    const Images<const C> images = complex_images<const C>(to, t);
    walk(t, [&](int64_t flat, int64_t offset) {
      const int64_t at = flat / images.channel * 2 * images.channel + flat % images.channel;
      to[at] = from[offset].real();
      to[at + images.channel] = from[offset].imag();
    });
    return {images, std::move(copy)};
  }
}

// Results of the engine: straight into the tensor, or by way of a buffer that finish() converts.
template <class T> struct Result {
  using C = EngineType<T>;
  const Tensor& out;
  std::unique_ptr<Scratch> buffer;
  Images<C> images;

  explicit Result(const Tensor& t) : out(t) {
    if constexpr (kIsComplex<T>) {
      buffer = std::make_unique<Scratch>(size_t(t.numel() * 2) * sizeof(C));
      images = complex_images<C>(buffer->as<C>(), t);
    } else {
      images = as_it_lies<T>(t);
    }
  }
  void finish() const {
    if constexpr (kIsComplex<T>) {
      T* to = out.data<T>();
      const C* from = buffer->as<C>();
      walk(out, [&](int64_t flat, int64_t offset) {
        const int64_t at = flat / images.channel * 2 * images.channel + flat % images.channel;
        to[offset] = T(from[at], from[at + images.channel]);
      });
    }
  }
};

// The weight, contiguous, as [groups * small][large][taps] of C. Complex w becomes [[re, -im], [im, re]] over
// the doubled channels (conjugated: the transpose of that is what the gradient by the input then applies).
template <class T> std::unique_ptr<Scratch> dense_weight(const Tensor& weight, const EngineType<T>*& data) {
  using C = EngineType<T>;
  if constexpr (!kIsComplex<T>) {
    data = reinterpret_cast<const C*>(weight.data<T>());
    return nullptr;
  } else {
    auto copy = std::make_unique<Scratch>(size_t(weight.numel() * 4) * sizeof(C));
    C* const to = copy->as<C>();
    const T* from = weight.data<T>();
    const int64_t large = weight.size(1);
    const int64_t taps = weight.numel() / std::max<int64_t>(1, weight.size(0) * large);
    walk(weight, [&](int64_t flat, int64_t offset) {
      const int64_t t = flat % taps, c = flat / taps % large, r = flat / taps / large;
      const auto at = [&](int64_t i, int64_t j) -> C& {
        return to[((2 * r + i) * 2 * large + 2 * c + j) * taps + t];
      };
      at(0, 0) = at(1, 1) = from[offset].real();
      at(1, 0) = from[offset].imag();
      at(0, 1) = -from[offset].imag();
    });
    data = to;
    return copy;
  }
}

template <class T> std::vector<EngineType<T>> dense_bias(const Tensor& bias) {
  using C = EngineType<T>;
  std::vector<C> out;
  if (!bias.defined()) return out;
  const T* from = bias.data<T>();
  for (int64_t i = 0; i < bias.numel(); ++i) {
    const T value = from[i * bias.stride(0)];
    if constexpr (kIsComplex<T>) {
      out.push_back(value.real());
      out.push_back(value.imag());
    } else {
      out.push_back(static_cast<C>(value));
    }
  }
  return out;
}

// Small types are widened first.
template <class F> void visit_conv(const char* op, DType t, F&& f) {
  check_kind(ErrorKind::NotImplemented, t != DType::Bool, op, ": not implemented for ", t);
  visit_types(TypeList<int32_t, int64_t, float, double, complex64, complex128>{}, op, t, f);
}
ConvGeometry geometry(IntSpan large, IntSpan small, IntSpan weight, IntSpan stride, IntSpan padding,
                      IntSpan dilation, int64_t groups, int64_t parts) {
  const size_t dims = large.size() - 2;
  ConvGeometry g;
  g.batch = large[0];
  g.groups = groups;
  g.large_channels = large[1] / groups * parts;
  g.small_channels = small[1] / groups * parts;
  g.large = image_sizes(large);
  g.small = image_sizes(small);
  g.kernel = image_sizes(weight);
  g.stride = spatial(stride, dims, 1);
  g.padding = spatial(padding, dims, 0);
  g.dilation = spatial(dilation, dims, 1);
  return g;
}

// A convolution with one tap that moves by one is a plain matrix product over positions.
bool is_pointwise(const ConvGeometry& g) {
  return g.taps() == 1 && g.stride == Three{1, 1, 1} && g.padding == Three{0, 0, 0} && g.large == g.small;
}
// Positions of an image as one run of equal steps.
template <class I> bool flat_positions(const I& images, const Three& sizes, int64_t& step) {
  step = images.strides[2];
  int64_t expected = step;
  for (size_t d = 3; d-- > 0;) {
    if (sizes[d] == 1) continue;
    if (expected == step && d < 2 && sizes[2] == 1 && (d == 1 || sizes[1] == 1))
      step = expected = images.strides[d];
    if (images.strides[d] != expected) return false;
    expected *= sizes[d];
  }
  return true;
}

// Where the kernel covers the whole image, images may be taken for positions, and elements for channels: the
// sums are then one product. L and S are Images.
template <class L> bool covers(const ConvGeometry& g, const L& large) {
  return g.groups == 1 && g.taps() > 1 && g.small == Three{1, 1, 1} && g.large == g.kernel &&
         g.padding == Three{0, 0, 0} && large.channel == g.taps() &&
         (g.kernel[0] == 1 || large.strides[0] == g.kernel[1] * g.kernel[2]) &&
         (g.kernel[1] == 1 || large.strides[1] == g.kernel[2]) && (g.kernel[2] == 1 || large.strides[2] == 1);
}
template <class L, class S> void flatten(ConvGeometry& g, L& large, S& small) {
  g.large_channels *= g.taps();
  g.kernel = g.stride = {1, 1, 1};
  g.large = g.small = {1, 1, g.batch};
  g.batch = 1;
  large = {large.data, 0, 1, {0, 0, large.image}};
  small = {small.data, 0, small.channel, {0, 0, small.image}};
}

// to[image, r, position] = sum_c weight(r, c) * from[image, c, position] (+ bias[r])
template <class C>
void product_by_image(const ConvGeometry& g, Matrix<C> weight, int64_t weight_group, Images<const C> from,
                      int64_t from_step, int64_t channels, Images<C> to, int64_t rows, const C* bias) {
  const int64_t positions = g.large[0] * g.large[1] * g.large[2];
  const int64_t units = g.batch * g.groups;
  const auto one = [&](int64_t unit) {
    const int64_t n = unit / g.groups, group = unit % g.groups;
    const Matrix<C> source{from.data + n * from.image + group * channels * from.channel, from.channel,
                           from_step};
    const Matrix<C> add = bias ? Matrix<C>{bias + group * rows, 1, 0} : Matrix<C>{};
    gemm<C>(rows, positions, channels, C(1), {weight.data + group * weight_group, weight.row, weight.col},
            source, C(1), add, to.data + n * to.image + group * rows * to.channel, to.channel);
  };
  if (units < 2 * num_threads()) {
    for (int64_t unit = 0; unit < units; ++unit) one(unit);
    return;
  }
  const double work = std::max(1.0, double(rows) * double(channels) * double(positions));
  parallel_for(0, units, static_cast<int64_t>(std::max(1.0, kPieceWork / work)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t unit = begin; unit < end; ++unit) one(unit);
               });
}

// to[image, position, r] = sum_c from[image, position, c] * weight(r, c) (+ bias[r]), channels side by side.
template <class C>
void product_by_pixel(const ConvGeometry& g, Matrix<C> weight, int64_t weight_group, Images<const C> from,
                      int64_t from_step, int64_t channels, Images<C> to, int64_t to_step, int64_t rows,
                      const C* bias) {
  const int64_t positions = g.large[0] * g.large[1] * g.large[2];
  for (int64_t n = 0; n < g.batch; ++n)
    for (int64_t group = 0; group < g.groups; ++group) {
      const Matrix<C> source{from.data + n * from.image + group * channels * from.channel, from_step,
                             from.channel};
      const Matrix<C> add = bias ? Matrix<C>{bias + group * rows, 0, 1} : Matrix<C>{};
      gemm<C>(positions, rows, channels, C(1), source,
              {weight.data + group * weight_group, weight.col, weight.row}, C(1), add,
              to.data + n * to.image + group * rows, to_step);
    }
}

bool lanes_suit_small(const ConvGeometry& g) {
  return lanes_suit(g.small_channels, g.large_channels * g.taps(), g.small[2],
                    (g.kernel[2] - 1) * g.dilation[2] / g.stride[2]);
}

// Weights of which the channels are adjacent, not the taps, where the kernel that suits reads them so. False:
// nothing is done.
bool to_small_by_tap(const ConvGeometry& g, Images<const float> large, const Tensor& weight,
                     const float* bias, Images<float> small) {
  if (weight.dim() != 4 || weight.is_contiguous() || is_depthwise(g) || covers(g, large)) return false;
  const int64_t channels = weight.size(1), row = weight.size(3) * channels;
  const std::array<int64_t, 4> wanted{weight.size(2) * row, 1, row, channels};
  if (!std::ranges::equal(weight.strides(), wanted)) return false;
  if (winograd_to_small(g, large, weight.data<float>(), true, bias, small)) return true;
  if (!lanes_suit_small(g)) return false;
  lanes_to_small(g, large, weight.data<float>(), true, bias, small);
  return true;
}

template <class C>
void to_small(ConvGeometry g, Images<const C> large, const C* weight, const C* bias, Images<C> small) {
  if constexpr (std::is_floating_point_v<C>) {
    int64_t from_step, to_step;
    if (covers(g, large) && small.channel == 1) flatten(g, large, small);
    if (is_pointwise(g) && flat_positions(large, g.large, from_step) &&
        flat_positions(small, g.small, to_step) && to_step == 1)
      return product_by_image<C>(g, {weight, g.large_channels, 1}, g.small_channels * g.large_channels, large,
                                 from_step, g.large_channels, small, g.small_channels, bias);
    if (is_pointwise(g) && flat_positions(large, g.large, from_step) &&
        flat_positions(small, g.small, to_step) && small.channel == 1)
      return product_by_pixel<C>(g, {weight, g.large_channels, 1}, g.small_channels * g.large_channels, large,
                                 from_step, g.large_channels, small, to_step, g.small_channels, bias);
  }
  if constexpr (std::is_floating_point_v<C>)
    if (is_depthwise(g) && large.channel == 1 && small.channel == 1)
      return depthwise_to_small<C>(g, large, weight, bias, small);
  if constexpr (std::is_same_v<C, float>) {
    if (is_depthwise(g) && planes_to_small(g, large, weight, bias, small)) return;
    if (winograd_to_small(g, large, weight, false, bias, small)) return;
    if (lanes_suit_small(g)) return lanes_to_small(g, large, weight, false, bias, small);
  }
  conv_to_small<C>(g, large, weight, bias, small);
}
template <class C>
void to_large(ConvGeometry g, Images<const C> small, const C* weight, const C* bias, Images<C> large) {
  std::vector<C> spread; // the bias, for every element
  if constexpr (std::is_floating_point_v<C>) {
    int64_t from_step, to_step;
    if (covers(g, large)) {
      for (int64_t i = 0; bias && i < g.large_channels * g.taps(); ++i) spread.push_back(bias[i / g.taps()]);
      if (bias) bias = spread.data();
      flatten(g, large, small);
    }
    if (is_pointwise(g) && flat_positions(small, g.small, from_step) &&
        flat_positions(large, g.large, to_step) && to_step == 1)
      return product_by_image<C>(g, {weight, 1, g.large_channels}, g.small_channels * g.large_channels, small,
                                 from_step, g.small_channels, large, g.large_channels, bias);
    if (is_pointwise(g) && flat_positions(small, g.small, from_step) &&
        flat_positions(large, g.large, to_step) && large.channel == 1)
      return product_by_pixel<C>(g, {weight, 1, g.large_channels}, g.small_channels * g.large_channels, small,
                                 from_step, g.small_channels, large, to_step, g.large_channels, bias);
  }
  if constexpr (std::is_floating_point_v<C>)
    if (is_depthwise(g) && large.channel == 1 && small.channel == 1)
      return depthwise_to_large<C>(g, small, weight, bias, large);
  if constexpr (std::is_same_v<C, float>) {
    if (is_depthwise(g) && planes_to_large(g, small, weight, bias, large)) return;
    if (winograd_to_large(g, small, weight, bias, large)) return;
    if (lanes_suit(g.large_channels, g.small_channels * g.taps(), g.small[2],
                   (g.kernel[2] - 1) * g.dilation[2] / g.stride[2]))
      return lanes_to_large(g, small, weight, bias, large);
  }
  conv_to_large<C>(g, small, weight, bias, large);
}

template <class C>
void fill_bias(const Images<C>& to, const Three& sizes, int64_t batch, int64_t channels, const C* bias) {
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t z = 0; z < sizes[0]; ++z)
        for (int64_t y = 0; y < sizes[1]; ++y)
          for (int64_t x = 0; x < sizes[2]; ++x)
            to.data[n * to.image + c * to.channel + z * to.strides[0] + y * to.strides[1] +
                    x * to.strides[2]] = bias ? bias[c] : C{};
}

// Products and filters of single channels take pixels as they lie; else moving them first costs less than
// reading and writing them one by one.
template <class T> bool by_pixel(const ConvGeometry& g, const Tensor& a, const Tensor& b) {
  const auto whole = [](const Tensor& t) {
    return t.is_contiguous() || t.suggested_format() != MemoryFormat::Contiguous;
  };
  return std::is_floating_point_v<T> && ((is_pointwise(g) && whole(a) && whole(b)) ||
                                         (is_depthwise(g) && a.stride(1) == 1 && b.stride(1) == 1));
}
Tensor dense(const Tensor& t) {
  if (t.is_contiguous()) return t;
  const Tensor made = empty_tensor(t.sizes(), t.dtype());
  copy(made, t);
  return made;
}

// The forward sum in either direction; `upward` goes from the small side to the large one.
template <class T>
void run(bool upward, const Tensor& out, const Tensor& input, const Tensor& weight, const Tensor& bias,
         IntSpan stride, IntSpan padding, IntSpan dilation, int64_t groups) {
  using C = EngineType<T>;
  const Tensor &large = upward ? out : input, &small = upward ? input : out;
  const ConvGeometry g =
      geometry(large.sizes(), small.sizes(), weight.sizes(), stride, padding, dilation, groups, kParts<T>);
  if ((!out.is_contiguous() || !input.is_contiguous()) && !by_pixel<T>(g, input, out)) {
    const Tensor to = out.is_contiguous() ? out : empty_tensor(out.sizes(), out.dtype());
    run<T>(upward, to, dense(input), weight, bias, stride, padding, dilation, groups);
    if (!to.is_same(out)) copy(out, to);
    return;
  }
  const std::vector<C> add = dense_bias<T>(bias);
  const C* const bias_data = bias.defined() ? add.data() : nullptr;
  const Result<T> result(out);
  if (input.numel() == 0 || weight.numel() == 0) {
    fill_bias<C>(result.images, image_sizes(out.sizes()), out.size(0), out.size(1) * kParts<T>, bias_data);
  } else {
    const auto from = operand<T>(input);
    if constexpr (std::is_same_v<T, float>)
      if (!upward && to_small_by_tap(g, from.images, weight, bias_data, result.images)) return;
    const C* weight_data = nullptr;
    const Tensor dense_taps = dense(weight);
    const auto weight_copy = dense_weight<T>(dense_taps, weight_data);
    if (upward)
      to_large<C>(g, from.images, weight_data, bias_data, result.images);
    else
      to_small<C>(g, from.images, weight_data, bias_data, result.images);
  }
  result.finish();
}

// A transposed convolution of complex numbers applies w itself, its plain gradient the conjugate: turning one
// into the other takes the transposed 2x2 blocks of dense_weight, hence this copy.
template <class T> Tensor conjugated(const Tensor& weight) {
  Tensor copy = empty_tensor(weight.sizes(), weight.dtype());
  T* to = copy.data<T>();
  const T* from = weight.data<T>();
  walk(weight, [&](int64_t flat, int64_t offset) { to[flat] = std::conj(from[offset]); });
  return copy;
}

template <class C>
bool special_weight_grad(const ConvGeometry& g, Images<const C> large, Images<const C> small, C* to) {
  if constexpr (std::is_same_v<C, float>) {
    if (is_depthwise(g)) return planes_weight(g, large, small, to);
    if (winograd_weight(g, large, small, to)) return true;
    if (g.small_channels < 16 || g.large_channels < 4) return false;
    lanes_weight(g, large, small, to);
    return true;
  } else {
    return false;
  }
}

} // namespace

// output_padding has already gone into the sizes of out.
void convolution(const Tensor& out, const Tensor& input, const Tensor& weight, const Tensor& bias,
                 IntSpan stride, IntSpan padding, IntSpan dilation, bool transposed,
                 IntSpan /*output_padding*/, int64_t groups) {
  if (out.numel() == 0) return;
  if (const auto wide = wider(out.dtype())) {
    const Tensor sums = empty_in_order(out, *wide);
    convolution(sums, widened(input, *wide), widened(weight, *wide), widened(bias, *wide), stride, padding,
                dilation, transposed, {}, groups);
    return copy(out, sums);
  }
  visit_conv("convolution", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (kIsComplex<T>) {
      if (transposed)
        return run<T>(true, out, input, conjugated<T>(weight), bias, stride, padding, dilation, groups);
    }
    run<T>(transposed, out, input, weight, bias, stride, padding, dilation, groups);
  });
}

// For complex numbers the gradients conjugate the other factor, as autograd's convention asks.
void conv_grad_input(const Tensor& grad_input, const Tensor& grad_output, const Tensor& weight,
                     IntSpan /*input_sizes*/, IntSpan stride, IntSpan padding, IntSpan dilation,
                     bool transposed, IntSpan /*output_padding*/, int64_t groups) {
  if (grad_input.numel() == 0) return;
  if (const auto wide = wider(grad_input.dtype())) {
    const Tensor sums = empty_in_order(grad_input, *wide);
    conv_grad_input(sums, widened(grad_output, *wide), widened(weight, *wide), {}, stride, padding, dilation,
                    transposed, {}, groups);
    return copy(grad_input, sums);
  }
  visit_conv("conv_grad_input", grad_input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (kIsComplex<T>) {
      if (transposed)
        return run<T>(false, grad_input, grad_output, conjugated<T>(weight), {}, stride, padding, dilation,
                      groups);
    }
    run<T>(!transposed, grad_input, grad_output, weight, {}, stride, padding, dilation, groups);
  });
}

void conv_grad_weight(const Tensor& grad_weight, const Tensor& grad_output, const Tensor& input,
                      IntSpan /*weight_sizes*/, IntSpan stride, IntSpan padding, IntSpan dilation,
                      bool transposed, IntSpan /*output_padding*/, int64_t groups) {
  if (grad_weight.numel() == 0) return;
  if (const auto wide = wider(grad_weight.dtype())) {
    const Tensor sums = empty_in_order(grad_weight, *wide);
    conv_grad_weight(sums, widened(grad_output, *wide), widened(input, *wide), {}, stride, padding, dilation,
                     transposed, {}, groups);
    return copy(grad_weight, sums);
  }
  if (!grad_weight.is_contiguous()) {
    const Tensor sums = empty_tensor(grad_weight.sizes(), grad_weight.dtype());
    conv_grad_weight(sums, grad_output, input, {}, stride, padding, dilation, transposed, {}, groups);
    return copy(grad_weight, sums);
  }
  visit_conv("conv_grad_weight", grad_weight.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = EngineType<T>;
    if constexpr (std::is_integral_v<T>) {
      not_implemented("conv_grad_weight: not implemented for ", grad_weight.dtype());
    } else {
      constexpr int64_t parts = kParts<T>;
      const Tensor &given_large = transposed ? grad_output : input,
                   &given_small = transposed ? input : grad_output;
      ConvGeometry g = geometry(given_large.sizes(), given_small.sizes(), grad_weight.sizes(), stride,
                                padding, dilation, groups, parts);
      const bool pixels = by_pixel<T>(g, given_large, given_small);
      const Tensor large = pixels ? given_large : dense(given_large),
                   small = pixels ? given_small : dense(given_small);
      T* const to = grad_weight.data<T>();
      [[maybe_unused]] const int64_t channels = grad_weight.size(1), taps = g.taps();
      if (input.numel() == 0 || grad_output.numel() == 0) {
        std::fill_n(to, grad_weight.numel(), T{});
        return;
      }
      auto from_large = operand<T>(large), from_small = operand<T>(small);
      const Scratch buffer(kIsComplex<T> ? size_t(grad_weight.numel() * parts * parts) * sizeof(C) : 0);
      C* const sums = kIsComplex<T> ? buffer.as<C>() : reinterpret_cast<C*>(to);
      int64_t large_step, small_step;
      if (covers(g, from_large.images)) flatten(g, from_large.images, from_small.images);
      if (is_pointwise(g) && flat_positions(from_large.images, g.large, large_step) &&
          flat_positions(from_small.images, g.small, small_step)) {
        const auto &l = from_large.images, &s = from_small.images;
        const int64_t rows = g.small_channels, cols = g.large_channels,
                      positions = g.large[0] * g.large[1] * g.large[2];
        for (int64_t n = 0; n < g.batch; ++n)
          for (int64_t group = 0; group < groups; ++group) {
            C* c = sums + group * rows * cols;
            gemm<C>(rows, cols, positions, C(1),
                    {s.data + n * s.image + group * rows * s.channel, s.channel, small_step},
                    {l.data + n * l.image + group * cols * l.channel, large_step, l.channel}, n ? C(1) : C(0),
                    {c, cols, 1}, c, cols);
          }
      } else if (is_depthwise(g) && from_large.images.channel == 1 && from_small.images.channel == 1) {
        depthwise_weight<C>(g, from_large.images, from_small.images, sums);
      } else if (!special_weight_grad<C>(g, from_large.images, from_small.images, sums)) {
        conv_weight_grad<C>(g, from_large.images, from_small.images, sums);
      }
      if constexpr (kIsComplex<T>)
        for (int64_t flat = 0; flat < grad_weight.numel(); ++flat) {
          const int64_t t = flat % taps, c = flat / taps % channels, r = flat / taps / channels;
          // sum_[i][j]: part i of the small side times part j of the large one
          const auto sum = [&](int64_t i, int64_t j) {
            return sums[((2 * r + i) * 2 * channels + 2 * c + j) * taps + t];
          };
          const C cross = sum(1, 0) - sum(0, 1); // small * conj(large) has this imaginary part
          to[flat] = T(sum(0, 0) + sum(1, 1), transposed ? -cross : cross);
        }
    }
  });
}

} // namespace torch::TORCH_ISA
