#include "ops/infer/infer.h"

#include <algorithm>

namespace torch::infer {

namespace {

void check_precision(DType type) {
  check(!is_reduced_float(type) && !is_low_precision(type), "Unsupported dtype ", dtype_aten_name(type));
}

// The result's memory has the transformed dimensions innermost, the last of `dims` (of real transforms) or
// all of them in the order of the input, and around them the others in that order.
TensorMeta result(const Tensor& self, DimVec sizes, DType dtype, IntSpan dims, bool last_inside) {
  const int64_t nd = self.dim();
  const uint64_t mask = dims.empty() ? 0 : dim_mask(dims, nd, "fft");
  DimVec order;
  for (int64_t i = 0; i < nd; ++i) order.push_back(i);
  const int64_t last = dims.empty() || !last_inside ? -1 : wrap_dim(dims.back(), nd);
  const auto depth = [&](int64_t d) { return d == last ? 2 : int(mask >> d & 1); };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    if (depth(a) != depth(b)) return depth(a) < depth(b);
    return self.strides()[a] > self.strides()[b];
  });
  DimVec strides(size_t(nd), 1);
  int64_t step = 1;
  for (size_t i = order.size(); i-- > 0;) {
    strides[order[i]] = step;
    step *= std::max<int64_t>(sizes[order[i]], 1);
  }
  return {std::move(sizes), dtype, self.device(), std::move(strides)};
}

} // namespace

TensorMeta fft_c2c(const Tensor& self, Ints dim) {
  check(self.is_complex(), "fft_c2c: expected a complex tensor, got ", dtype_aten_name(self.dtype()));
  return result(self, self.sizes(), self.dtype(), dim, false);
}

TensorMeta fft_r2c(const Tensor& self, Ints dim, bool onesided) {
  check(self.is_floating_point(), "fft_r2c: expected a floating tensor, got ", dtype_aten_name(self.dtype()));
  check_precision(self.dtype());
  check(!dim.empty(), "fft_r2c: expected at least one dimension");
  DimVec sizes = self.sizes();
  const int64_t last = wrap_dim(dim.back(), self.dim());
  check(sizes[last] > 0, "Invalid number of data points (", sizes[last], ") specified");
  if (onesided) sizes[last] = sizes[last] / 2 + 1;
  return result(self, std::move(sizes), complex_type(self.dtype()), dim, onesided);
}

TensorMeta fft_c2r(const Tensor& self, Ints dim, int64_t last_dim_size) {
  check(self.is_complex(), "fft_c2r: expected a complex tensor, got ", dtype_aten_name(self.dtype()));
  check(!dim.empty(), "fft_c2r: expected at least one dimension");
  DimVec sizes = self.sizes();
  const int64_t last = wrap_dim(dim.back(), self.dim());
  check(last_dim_size >= 1, "Invalid number of data points (", last_dim_size, ") specified");
  check(sizes[last] == last_dim_size / 2 + 1, "fft_c2r: expected ", last_dim_size / 2 + 1,
        " elements along dimension ", last, " for ", last_dim_size, " data points, got ", sizes[last]);
  sizes[last] = last_dim_size;
  return result(self, std::move(sizes), real_type(self.dtype()), dim, true);
}

} // namespace torch::infer
