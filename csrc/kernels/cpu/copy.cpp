// Copies between any strides and dtypes, and fills with one number.
#include "kernels/cpu/convert.h"
#include "kernels/cpu/stream.h"
#include "kernels/cpu/walk.h"
#include "kernels/create_kernels.h"

#include <algorithm>
#include <cstring>

namespace torch::TORCH_ISA {

namespace {

constexpr int64_t kTileElements = 256; // through buffers, of up to 16 bytes each

void copy_contiguous(const Tensor& out, const Tensor& self) {
  char* const to = static_cast<char*>(out.data());
  const char* const from = static_cast<const char*>(self.data());
  const int64_t out_width = out.itemsize(), in_width = self.itemsize();
  const Convert convert = converter(self.dtype(), out.dtype());
  const bool streams = out.nbytes() + self.nbytes() >= past_cache_bytes();
  parallel_for(0, out.numel(), kGrain, [&](int64_t first, int64_t last) {
    if (streams && out.dtype() == self.dtype()) {
      stream(to + first * out_width, from + first * in_width, (last - first) * out_width);
      return stream_fence();
    }
    if (streams)
      return stream_pieces(to + first * out_width, last - first, out_width,
                           [&](void* piece, int64_t i, int64_t count) {
                             convert(piece, from + (first + i) * in_width, count);
                           });
    convert(to + first * out_width, from + first * in_width, last - first);
  });
}

TileShape shape_without_buffers(const Geometry& g) {
  if (g.ndim == 1) return {std::min(g.sizes[0], kGrain), 1};
  const bool crosswise = g.strides[1][1] != 0 && g.strides[1][1] < g.strides[1][0];
  if (crosswise) {
    // Lines of the source are read once, whole (16 floats); 256 of them make long runs in the output. 2048 x
    // 2048 floats take 1.6 ms so, 3.6 ms by squares of 64 x 64, whose lines meet in few cache sets.
    const int64_t wide = std::min<int64_t>(g.sizes[0], 256);
    return {wide,
            std::min<int64_t>(g.sizes[1], wide == 256 ? 16 : std::max<int64_t>(16, 16384 / wide / 16 * 16))};
  }
  const int64_t cols = std::min(g.sizes[0], kGrain);
  return {cols, std::min(g.sizes[1], std::max<int64_t>(1, kGrain / cols))};
}

void copy_strided(const Tensor& out, const Tensor& self) {
  const Tensor* const operands[] = {&out, &self};
  const Geometry g(out.sizes(), operands, 2);
  const DType to = out.dtype(), from = self.dtype();
  const TileWalk walk(g, to == from ? shape_without_buffers(g) : choose_tile(g, kTileElements));
  const int64_t out1 = g.ndim > 1 ? g.strides[0][1] : 0, in1 = g.ndim > 1 ? g.strides[1][1] : 0;
  walk.run_parallel(1, [&](char* const* at, int64_t cols, int64_t rows) {
    alignas(64) char scratch[2 * kTileElements * 16];
    convert_tile(at[0], g.strides[0][0], out1, to, at[1], g.strides[1][0], in1, from, cols, rows, scratch);
  });
}

} // namespace

void copy(const Tensor& out, const Tensor& self) {
  const int64_t n = out.numel();
  if (n == 0) return;
  if (out.data() == self.data() && out.dtype() == self.dtype() && equal(out.sizes(), self.sizes()) &&
      equal(out.strides(), self.strides()))
    return;
  const bool same_order = (out.is_contiguous() && self.is_contiguous()) ||
                          (out.is_non_overlapping_and_dense() && equal(out.sizes(), self.sizes()) &&
                           equal(out.strides(), self.strides()));
  if (same_order && self.numel() == n)
    copy_contiguous(out, self);
  else
    copy_strided(out, self);
}

void fill(const Tensor& out, const Scalar& value) {
  const int64_t n = out.numel();
  if (n == 0) return;
  alignas(16) char element[16];
  visit_compiled(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T converted = value.to<T>();
    std::memcpy(element, &converted, sizeof converted);
  });
  const int64_t width = out.itemsize();
  if (out.is_contiguous()) {
    char* const to = static_cast<char*>(out.data());
    const bool same_bytes = std::all_of(element, element + width, [&](char c) { return c == element[0]; });
    const bool streams = out.nbytes() >= 2 * past_cache_bytes();
    alignas(64) char piece[kStreamBytes];
    if (streams) move_tile(piece, width, 0, element, 0, 0, kStreamBytes / width, 1, width);
    parallel_for(0, n, 2 * kGrain, [&](int64_t first, int64_t last) {
      char* const at = to + first * width;
      if (streams) {
        const int64_t bytes = (last - first) * width;
        for (int64_t i = 0; i < bytes; i += kStreamBytes)
          stream(at + i, piece, std::min(kStreamBytes, bytes - i));
        return stream_fence();
      }
      if (same_bytes)
        std::memset(at, element[0], size_t((last - first) * width));
      else
        move_tile(at, width, 0, element, 0, 0, last - first, 1, width);
    });
    return;
  }
  const Tensor* const operands[] = {&out};
  const Geometry g(out.sizes(), operands, 1);
  const int64_t cols = std::min(g.sizes[0], kGrain);
  const int64_t rows = g.ndim > 1 ? std::min(g.sizes[1], std::max<int64_t>(1, kGrain / cols)) : 1;
  const TileWalk walk(g, {cols, rows});
  walk.run_parallel(1, [&](char* const* at, int64_t n_cols, int64_t n_rows) {
    move_tile(at[0], g.strides[0][0], g.ndim > 1 ? g.strides[0][1] : 0, element, 0, 0, n_cols, n_rows, width);
  });
}

} // namespace torch::TORCH_ISA
