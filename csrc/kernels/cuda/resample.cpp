// Interpolation on a regular grid (upsample) and at given places (grid_sampler).
#include "kernels/cuda/device/resample_args.h"
#include "kernels/cuda/image.h"
#include "kernels/cuda/lines.h"
#include "kernels/cuda/table.h"

#include <cmath>

namespace torch::cuda {

namespace {

constexpr Family kResample{"resample", "RESAMPLE"}, kTables{"resample", "MIX_TABLES", true},
    kGrid{"resample", "GRID"};

void refuse_unmixed(const char* op, DType t) {
  if (!is_floating(t) || is_low_precision(t)) fail_dtype(op, t);
}

ResampleArgs resample_args(const Tensor& in, const Tensor& out, int64_t mode, bool align_corners,
                           const std::array<std::optional<double>, 3>& scales) {
  ResampleArgs args{};
  const int64_t spatial = out.dim() - 2;
  for (int64_t d = 0; d < 3; ++d) {
    MixedDim& dim = args.dims[d];
    dim.in = dim.out = dim.taps = 1;
    const int64_t axis = d - (3 - spatial); // of those there are
    if (axis < 0) continue;
    dim.in = in.size(axis + 2);
    dim.out = out.size(axis + 2);
    const std::optional<double>& scale = scales[static_cast<size_t>(d)];
    dim.inverse = scale && *scale > 0 ? 1.0 / *scale : 0.0;
    dim.mixing = static_cast<Mixing>(mode);
    dim.align_corners = align_corners;
    if (dim.mixing == Mixing::Linear) dim.taps = 2;
    if (dim.mixing == Mixing::Cubic) dim.taps = 4;
    if (dim.mixing >= Mixing::LinearSmooth) {
      const double own = dim.inverse > 0 ? dim.inverse : double(dim.in) / double(dim.out);
      const double step = !align_corners ? own : dim.out > 1 ? double(dim.in - 1) / double(dim.out - 1) : 0.0;
      const double half = dim.mixing == Mixing::LinearSmooth ? 1 : dim.mixing == Mixing::CubicSmooth ? 2 : 3;
      dim.taps = static_cast<int64_t>(std::ceil(half * std::max(step, 1.0))) * 2 + 1;
    }
  }
  return args;
}

// The tables of the dimensions; the memory that they lie in is held by the result.
std::array<Tensor, 2> write_tables(ResampleArgs& args, DType computed, Device device, bool users) {
  int64_t whole = 0, weights = 0, threads = 0;
  for (const MixedDim& d : args.dims) {
    whole += d.taps * d.out + d.out + (users ? 2 * d.in : 0);
    weights += d.taps * d.out;
    threads += d.out + (users ? d.in : 0);
  }
  std::array<Tensor, 2> memory{empty_tensor(DimVec{whole}, DType::Int32, device),
                               empty_tensor(DimVec{weights}, computed, device)};
  auto* at = memory[0].data<int32_t>();
  auto* weight = static_cast<char*>(memory[1].data());
  for (MixedDim& d : args.dims) {
    d.at = at;
    d.count = at + d.taps * d.out;
    at = d.count + d.out;
    if (users) {
      d.users = at;
      at += 2 * d.in;
    }
    d.weight = weight;
    weight += d.taps * d.out * memory[1].itemsize();
  }
  ResampleArgs tables = args;
  tables.n = threads;
  launch_image(device.index, kTables, concat("MixTables_", type_name(computed), "_any"), threads, &tables);
  return memory;
}

void run_resample(const char* op, ResampleArgs& args, const Tensor& to, const Tensor& from, DType computed,
                  DType stored) {
  args.to = to.data();
  args.from = from.data();
  args.n = to.numel();
  args.each = volume_of(to, to.dim() - 2);
  args.other = volume_of(from, from.dim() - 2);
  launch_image(to.device().index, kResample, kernel_name(op, computed, stored), args.n, &args);
}

void steps_of(const Tensor& grid, int64_t (&steps)[6]) { // n, z, y, x, coordinate
  const int64_t spatial = grid.dim() - 2;
  steps[0] = grid.stride(0);
  for (int64_t k = 0; k < spatial; ++k) steps[3 - k] = grid.stride(grid.dim() - 2 - k);
  steps[4] = grid.stride(-1);
}
GridArgs grid_args(const Tensor& input, const Tensor& grid, const Tensor& result, int64_t interpolation,
                   int64_t outside, bool align_corners) {
  GridArgs args{};
  const int64_t spatial = input.dim() - 2;
  args.input = input.data();
  args.grid = grid.data();
  args.in = volume_of(input, spatial);
  args.result = volume_of(result, spatial);
  args.places = args.result;
  args.places.size[kChannels] = 1;
  count_elements(args.places);
  args.n = result.size(1) == 0 ? 0 : result.numel() / result.size(1);
  args.parts = 1;
  steps_of(grid, args.grid_step);
  args.spatial = static_cast<int32_t>(spatial);
  args.interpolation = static_cast<int32_t>(interpolation);
  args.outside = static_cast<int32_t>(outside);
  args.align_corners = align_corners;
  return args;
}

} // namespace

void resample(const Tensor& out, const Tensor& input, int64_t mode, bool align_corners,
              std::optional<double> scale_d, std::optional<double> scale_h, std::optional<double> scale_w) {
  if (out.numel() == 0) return;
  ResampleArgs args = resample_args(input, out, mode, align_corners, {scale_d, scale_h, scale_w});
  if (static_cast<Mixing>(mode) <= Mixing::NearestExact) {
    const DType moved = moved_as(out.dtype());
    return run_resample("ResampleNearest", args, out, input, moved, moved);
  }
  refuse_unmixed("upsample", input.dtype());
  const DType computed = computed_in(input.dtype());
  const auto memory = write_tables(args, computed, out.device(), false);
  run_resample("Resample", args, out, input, computed, input.dtype());
}
void resample_backward(const Tensor& grad_input, const Tensor& grad_output, int64_t mode, bool align_corners,
                       std::optional<double> scale_d, std::optional<double> scale_h,
                       std::optional<double> scale_w) {
  if (grad_input.numel() == 0) return;
  refuse_unmixed("upsample_backward", grad_input.dtype());
  ResampleArgs args =
      resample_args(grad_input, grad_output, mode, align_corners, {scale_d, scale_h, scale_w});
  const DType computed = computed_in(grad_input.dtype());
  const auto memory = write_tables(args, computed, grad_input.device(), true);
  run_resample("ResampleGrad", args, grad_input, grad_output, computed, grad_input.dtype());
}

void grid_sampler(const Tensor& out, const Tensor& input, const Tensor& grid, int64_t interpolation_mode,
                  int64_t padding_mode, bool align_corners) {
  if (out.numel() == 0) return;
  refuse_unmixed("grid_sampler", input.dtype());
  GridArgs args = grid_args(input, grid, out, interpolation_mode, padding_mode, align_corners);
  args.out = out.data();
  // Few places with many channels: these are shared out, as far as finding the taps again is little work.
  constexpr int64_t kEnough = int64_t{1} << 17, kChannelsAtLeast = 16;
  args.parts = std::clamp<int64_t>(kEnough / args.n, 1, std::max<int64_t>(1, out.size(1) / kChannelsAtLeast));
  args.n *= args.parts;
  launch_image(out.device().index, kGrid, kernel_name("GridSample", computed_in(out.dtype()), out.dtype()),
               args.n, &args);
}
void grid_sampler_backward(const Tensor& grad_input, const Tensor& grad_grid, const Tensor& grad_output,
                           const Tensor& input, const Tensor& grid, int64_t interpolation_mode,
                           int64_t padding_mode, bool align_corners) {
  refuse_unmixed("grid_sampler_backward", input.dtype());
  const DType computed = computed_in(input.dtype());
  Tensor sums;
  if (grad_input.defined()) {
    sums = grad_input.dtype() == computed ? grad_input
                                          : empty_tensor(grad_input.sizes(), computed, grad_input.device());
    fill(sums, 0);
  }
  if (grad_grid.defined() && grad_output.numel() == 0) fill(grad_grid, 0);
  if (grad_output.numel() > 0) {
    GridArgs args = grid_args(input, grid, grad_output, interpolation_mode, padding_mode, align_corners);
    args.grad = grad_output.data();
    if (sums.defined()) {
      args.grad_input = sums.data();
      args.grad_in = volume_of(sums, input.dim() - 2);
    }
    if (grad_grid.defined()) {
      args.grad_grid = grad_grid.data();
      steps_of(grad_grid, args.grad_grid_step);
    }
    launch_image(input.device().index, kGrid, kernel_name("GridSampleGrad", computed, input.dtype()), args.n,
                 &args);
  }
  if (sums.defined() && !sums.is_same(grad_input)) copy(grad_input, sums);
}

} // namespace torch::cuda
