#include "ops/infer/resample.h"

namespace torch::infer {

TensorMeta resample(const Tensor& self, Ints output_size, int64_t mode) {
  const auto spatial = static_cast<int64_t>(output_size.size());
  check(self.dim() == spatial + 2, "It is expected input_size equals to ", spatial + 2, ", but got size ",
        self.dim());
  for (int64_t i = 1; i < self.dim(); ++i)
    check(self.sizes()[size_t(i)] > 0, "Non-empty ", spatial + 2,
          "D data tensor expected but got a tensor with sizes ", self.sizes());
  for (const int64_t n : output_size)
    check(n > 0, "Input and output sizes should be greater than 0, but got input ", self.sizes(),
          " and output ", output_size);
  const bool bytes = self.dtype() == DType::UInt8 && (mode != 2 || spatial == 2);
  check_kind(ErrorKind::NotImplemented, self.is_floating_point() || bytes,
             "\"upsample\" not implemented for '", dtype_aten_name(self.dtype()), "'");
  DimVec sizes(self.sizes().span().first(2));
  for (const int64_t n : output_size) sizes.push_back(n);
  return in_order_of(self, self, sizes);
}

TensorMeta grid_sampler(int64_t spatial, const Tensor& input, const Tensor& grid, int64_t interpolation_mode,
                        int64_t padding_mode) {
  check(input.dim() == spatial + 2, "grid_sampler(): expected ", spatial + 2,
        "D input, but got input with sizes ", input.sizes());
  check(grid.dim() == input.dim(),
        "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with "
        "sizes ",
        input.sizes(), " and grid with sizes ", grid.sizes());
  check(input.sizes()[0] == grid.sizes()[0],
        "grid_sampler(): expected grid and input to have same batch size, but got input with sizes ",
        input.sizes(), " and grid with sizes ", grid.sizes());
  check(grid.sizes().back() == spatial, "grid_sampler(): expected grid to have size ", spatial,
        " in last dimension, but got grid with sizes ", grid.sizes());
  for (int64_t i = 2; i < input.dim(); ++i)
    check(input.sizes()[size_t(i)] > 0,
          "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes ",
          input.sizes(), " with dimension ", i, " being empty");
  check(interpolation_mode >= 0 && interpolation_mode <= 2, "grid_sampler(): unknown interpolation mode ",
        interpolation_mode);
  check(padding_mode >= 0 && padding_mode <= 2, "grid_sampler(): unknown padding mode ", padding_mode);
  check(spatial == 2 || interpolation_mode != 2,
        "grid_sampler(): bicubic interpolation only supports 4D input");
  check(input.dtype() == grid.dtype(),
        "grid_sampler(): expected input and grid to have same dtype, but input has ",
        dtype_name(input.dtype()), " and grid has ", dtype_name(grid.dtype()));
  check_kind(ErrorKind::NotImplemented, input.is_floating_point(), "\"grid_sampler\" not implemented for '",
             dtype_aten_name(input.dtype()), "'");
  DimVec sizes(input.sizes().span().first(2));
  for (int64_t i = 0; i < spatial; ++i) sizes.push_back(grid.sizes()[size_t(i + 1)]);
  return {sizes, input.dtype(), input.device()};
}

Metas2 grid_sampler_backward(const Tensor& input, const Tensor& grid, bool need_input, bool need_grid) {
  Metas2 metas{like(input), like(grid)};
  metas[0].wanted = need_input;
  metas[1].wanted = need_grid;
  return metas;
}

} // namespace torch::infer
