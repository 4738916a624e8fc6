// Interpolation by name, places of affine maps, and channels spread over pixels.
#include "ops/entry.h"

namespace torch::ops {

namespace {

using Scale = std::optional<double>;

enum : int64_t { kNearest, kNearestExact, kLinear, kCubic, kLinearSmooth, kCubicSmooth, kLanczosSmooth };

Tensor upsampled(const char* op, size_t spatial, const Tensor& self, Ints output_size, int64_t mode,
                 bool align_corners, Scale d, Scale h, Scale w) {
  check(output_size.size() == spatial, op, ": It is expected output_size equals to ", spatial,
        ", but got size ", output_size.size());
  return _resample(self, output_size, mode, align_corners, d, h, w);
}

Tensor in_format_of(const Tensor& t, const Tensor& model) {
  MemoryFormat format = model.suggested_format();
  if (t.dim() != model.dim()) format = MemoryFormat::Contiguous;
  const bool done = format == MemoryFormat::Contiguous && t.is_contiguous();
  return done && t.storage().get() != model.storage().get() ? t : clone(t, format); // never a view
}

Tensor shuffled_channels(const char* op, const Tensor& self, int64_t groups) {
  check(self.dim() > 2, op, " expects input with > 2 dims, but got input with sizes ", self.sizes());
  const int64_t channels = self.sizes()[1];
  check(groups > 0, "Number of groups to divide channels in must be positive. Value of groups:", groups);
  check(channels % groups == 0, "Number of channels must be divisible by groups. Got ", channels,
        " channels and ", groups, " groups.");
  if (self.numel() == 0) return clone(self);
  DimVec split{self.sizes()[0], groups, channels / groups};
  for (int64_t i = 2; i < self.dim(); ++i) split.push_back(self.sizes()[size_t(i)]);
  return in_format_of(reshape(transpose(reshape(self, split), 1, 2), self.sizes()), self);
}

} // namespace

Tensor upsample_nearest1d(const Tensor& self, Ints size, Scale w) {
  return upsampled("upsample_nearest1d", 1, self, size, kNearest, false, {}, {}, w);
}
Tensor upsample_nearest2d(const Tensor& self, Ints size, Scale h, Scale w) {
  return upsampled("upsample_nearest2d", 2, self, size, kNearest, false, {}, h, w);
}
Tensor upsample_nearest3d(const Tensor& self, Ints size, Scale d, Scale h, Scale w) {
  return upsampled("upsample_nearest3d", 3, self, size, kNearest, false, d, h, w);
}
Tensor _upsample_nearest_exact1d(const Tensor& self, Ints size, Scale w) {
  return upsampled("_upsample_nearest_exact1d", 1, self, size, kNearestExact, false, {}, {}, w);
}
Tensor _upsample_nearest_exact2d(const Tensor& self, Ints size, Scale h, Scale w) {
  return upsampled("_upsample_nearest_exact2d", 2, self, size, kNearestExact, false, {}, h, w);
}
Tensor _upsample_nearest_exact3d(const Tensor& self, Ints size, Scale d, Scale h, Scale w) {
  return upsampled("_upsample_nearest_exact3d", 3, self, size, kNearestExact, false, d, h, w);
}
Tensor upsample_linear1d(const Tensor& self, Ints size, bool align_corners, Scale w) {
  return upsampled("upsample_linear1d", 1, self, size, kLinear, align_corners, {}, {}, w);
}
Tensor upsample_bilinear2d(const Tensor& self, Ints size, bool align_corners, Scale h, Scale w) {
  return upsampled("upsample_bilinear2d", 2, self, size, kLinear, align_corners, {}, h, w);
}
Tensor upsample_trilinear3d(const Tensor& self, Ints size, bool align_corners, Scale d, Scale h, Scale w) {
  return upsampled("upsample_trilinear3d", 3, self, size, kLinear, align_corners, d, h, w);
}
Tensor upsample_bicubic2d(const Tensor& self, Ints size, bool align_corners, Scale h, Scale w) {
  return upsampled("upsample_bicubic2d", 2, self, size, kCubic, align_corners, {}, h, w);
}
Tensor _upsample_bilinear2d_aa(const Tensor& self, Ints size, bool align_corners, Scale h, Scale w) {
  return upsampled("_upsample_bilinear2d_aa", 2, self, size, kLinearSmooth, align_corners, {}, h, w);
}
Tensor _upsample_bicubic2d_aa(const Tensor& self, Ints size, bool align_corners, Scale h, Scale w) {
  return upsampled("_upsample_bicubic2d_aa", 2, self, size, kCubicSmooth, align_corners, {}, h, w);
}
Tensor _upsample_lanczos2d_aa(const Tensor& self, Ints size, bool align_corners, Scale h, Scale w) {
  return upsampled("_upsample_lanczos2d_aa", 2, self, size, kLanczosSmooth, align_corners, {}, h, w);
}

Tensor grid_sampler(const Tensor& input, const Tensor& grid, int64_t interpolation_mode, int64_t padding_mode,
                    bool align_corners) {
  check_index(input.dim() > 0 && grid.dim() > 0,
              "grid_sampler(): input and grid need dimensions, but have sizes ", input.sizes(), " and ",
              grid.sizes());
  check(input.dim() == 4 || input.dim() == 5,
        "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with "
        "sizes ",
        input.sizes(), " and grid with sizes ", grid.sizes());
  return input.dim() == 4 ? grid_sampler_2d(input, grid, interpolation_mode, padding_mode, align_corners)
                          : grid_sampler_3d(input, grid, interpolation_mode, padding_mode, align_corners);
}

Tensor affine_grid_generator(const Tensor& theta, Ints size, bool align_corners) {
  check(size.size() == 4 || size.size() == 5,
        "AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs, got size ", size);
  const auto spatial = static_cast<int64_t>(size.size()) - 2;
  check(theta.dim() == 3 && theta.sizes()[0] == size[0] && theta.sizes()[1] == spatial &&
            theta.sizes()[2] == spatial + 1,
        "Expected a batch of affine matrices of shape ", DimVec{size[0], spatial, spatial + 1}, " for size ",
        size, ". Got ", theta.sizes());
  // Homogeneous coordinates of every place: x first.
  DimVec places(size.span().subspan(2));
  places.push_back(1);
  std::vector<Tensor> columns;
  for (int64_t i = spatial; i-- > 0;) {
    const int64_t n = size[size_t(i + 2)];
    Tensor line = n == 1 ? zeros({1}, theta.dtype(), theta.device())
                         : linspace(-1, 1, n, theta.dtype(), theta.device());
    if (!align_corners && n > 1) line = line * Scalar(double(n - 1) / double(n));
    DimVec shape(size_t(spatial + 1), 1);
    shape[size_t(i)] = n;
    columns.push_back(expand(reshape(line, shape), places));
  }
  columns.push_back(ones(places, theta.dtype(), theta.device()));
  int64_t count = 1;
  for (int64_t i = 0; i < spatial; ++i) count *= size[size_t(i + 2)];
  const Tensor base =
      expand(reshape(cat(columns, -1), {1, count, spatial + 1}), {size[0], count, spatial + 1});
  DimVec result{size[0]};
  for (int64_t i = 0; i < spatial; ++i) result.push_back(size[size_t(i + 2)]);
  result.push_back(spatial);
  return reshape(bmm(base, transpose(theta, 1, 2)), result);
}

Tensor pixel_shuffle(const Tensor& self, int64_t r) {
  check(self.dim() >= 3, "pixel_shuffle expects input to have at least 3 dimensions, but got input with ",
        self.dim(), " dimension(s)");
  check(r > 0, "pixel_shuffle expects a positive upscale_factor, but got ", r);
  const int64_t n = self.dim(), c = self.size(-3), h = self.size(-2), w = self.size(-1);
  check(c % (r * r) == 0,
        "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
        "upscale_factor, but input.size(-3)=",
        c, " is not divisible by ", r * r);
  DimVec split(self.sizes().span().first(size_t(n - 3))), order, sizes = split;
  for (int64_t i = 0; i < n - 3; ++i) order.push_back(i);
  for (const int64_t s : {c / (r * r), r, r, h, w}) split.push_back(s);
  for (const int64_t d : {0, 3, 1, 4, 2}) order.push_back(n - 3 + d);
  for (const int64_t s : {c / (r * r), h * r, w * r}) sizes.push_back(s);
  return in_format_of(reshape(permute(reshape(self, split), order), sizes), self);
}

Tensor pixel_unshuffle(const Tensor& self, int64_t r) {
  check(self.dim() >= 3, "pixel_unshuffle expects input to have at least 3 dimensions, but got input with ",
        self.dim(), " dimension(s)");
  check(r > 0, "pixel_unshuffle expects a positive downscale_factor, but got ", r);
  const int64_t n = self.dim(), c = self.size(-3), h = self.size(-2), w = self.size(-1);
  check(h % r == 0 && w % r == 0,
        "pixel_unshuffle expects height and width to be divisible by downscale_factor, but input of shape ",
        self.sizes(), " is not divisible by ", r);
  DimVec split(self.sizes().span().first(size_t(n - 3))), order, sizes = split;
  for (int64_t i = 0; i < n - 3; ++i) order.push_back(i);
  for (const int64_t s : {c, h / r, r, w / r, r}) split.push_back(s);
  for (const int64_t d : {0, 2, 4, 1, 3}) order.push_back(n - 3 + d);
  for (const int64_t s : {c * r * r, h / r, w / r}) sizes.push_back(s);
  return in_format_of(reshape(permute(reshape(self, split), order), sizes), self);
}

Tensor channel_shuffle(const Tensor& self, int64_t groups) {
  return shuffled_channels("channel_shuffle", self, groups);
}
Tensor native_channel_shuffle(const Tensor& self, int64_t groups) {
  return shuffled_channels("native_channel_shuffle", self, groups);
}

std::tuple<Tensor, Tensor> grid_sampler_grad(const Tensor& grad, const Tensor& input, const Tensor& grid,
                                             int64_t interpolation_mode, int64_t padding_mode,
                                             bool align_corners, const std::array<bool, 2>& mask) {
  return _grid_sampler_backward(grad, input, grid, interpolation_mode, padding_mode, align_corners, mask[0],
                                mask[1]);
}
std::tuple<Tensor, Tensor, Tensor> grid_sampler_grad_grad(const Tensor&, const Tensor&) {
  not_implemented("derivative for grid_sampler's backward is not implemented: it can be differentiated once");
}

} // namespace torch::ops
