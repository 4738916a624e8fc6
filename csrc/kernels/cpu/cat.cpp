// Concatenation along a dimension.
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/stream.h"
#include "kernels/create_kernels.h"
#include "kernels/index_kernels.h"

#include <algorithm>
#include <cstring>

namespace torch::TORCH_ISA {

namespace {

// Blocks of `bytes` from a packed row to places `stride` bytes apart.
void spread(char* to, int64_t stride, const char* from, int64_t bytes, int64_t n, bool streams) {
  if (streams && bytes >= 256) {
    for (int64_t i = 0; i < n; ++i) stream(to + i * stride, from + i * bytes, bytes);
    return;
  }
  const auto small = [&](auto width) {
    using T = decltype(width);
    for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * stride, from + i * sizeof(T), sizeof(T));
  };
  switch (bytes) {
  case 1:
    return small(uint8_t{});
  case 2:
    return small(uint16_t{});
  case 4:
    return small(uint32_t{});
  case 8:
    return small(uint64_t{});
  case 16:
    return small(Bytes16{});
  default:
    if (bytes >= kVecBytes && bytes <= 1024) { // too short for memcpy to show what it can do
      using V = Vec<int32_t>;
      const auto move = [&](int64_t i, int64_t at) {
        V v;
        std::memcpy(&v.v, from + i * bytes + at, kVecBytes);
        std::memcpy(to + i * stride + at, &v.v, kVecBytes);
      };
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t at = 0; at + kVecBytes <= bytes; at += kVecBytes) move(i, at);
        move(i, bytes - kVecBytes);
      }
      return;
    }
    for (int64_t i = 0; i < n; ++i)
      std::memcpy(to + i * stride, from + i * bytes, static_cast<size_t>(bytes));
  }
}

bool is_packed(const Tensor& t, const Tensor& out) { return t.is_contiguous() && t.dtype() == out.dtype(); }

constexpr int64_t kStrip = 32768; // bytes of the result

} // namespace

// Tensors of shape [0] are skipped whatever the shape of the others, an old habit that programs rely on.
void cat(const Tensor& out, TensorList tensors, int64_t dim) {
  if (out.numel() == 0) return;
  dim = wrap_dim(dim, out.dim());
  int64_t outer = 1;
  for (int64_t d = 0; d < dim; ++d) outer *= out.sizes()[d];
  const int64_t out_row = out.nbytes() / outer; // bytes between two blocks of one tensor
  const bool packed_out = out.is_contiguous();
  const int64_t unit = out_row / out.sizes()[dim];
  const bool streams = 2 * out.nbytes() > past_cache_bytes();
  int64_t at = 0, packed_inputs = 0;
  for (const Tensor& t : tensors) {
    if (t.dim() == 1 && t.numel() == 0) continue;
    const int64_t length = t.sizes()[dim];
    if (t.numel() > 0) {
      if (packed_out && is_packed(t, out)) {
        ++packed_inputs;
        char* const to = static_cast<char*>(out.data()) + at * unit;
        const char* const from = static_cast<const char*>(t.data());
        if (outer == 1)
          parallel_for(0, t.nbytes(), 4 * kGrain, [&](int64_t first, int64_t last) {
            if (!streams) {
              std::memcpy(to + first, from + first, static_cast<size_t>(last - first));
              return;
            }
            stream(to + first, from + first, last - first);
            stream_fence();
          });
      } else {
        DimVec sizes = out.sizes();
        sizes[dim] = length;
        copy(alias(out, sizes, out.strides(), out.offset() + at * out.strides()[dim]), t);
      }
    }
    at += length;
  }
  if (outer == 1 || packed_inputs == 0) return;
  // Some rows of every tensor before the next rows, so that the result is written from end to end.
  const int64_t rows = std::max<int64_t>(1, kStrip / out_row);
  parallel_for(0, (outer + rows - 1) / rows, std::max<int64_t>(1, 4 * kGrain / (rows * out_row)),
               [&](int64_t first_strip, int64_t last_strip) {
                 for (int64_t strip = first_strip; strip < last_strip; ++strip) {
                   const int64_t first = strip * rows, n = std::min(rows, outer - first);
                   char* to = static_cast<char*>(out.data()) + first * out_row;
                   for (const Tensor& t : tensors) {
                     if (t.numel() == 0) continue;
                     const int64_t block = t.sizes()[dim] * unit;
                     if (is_packed(t, out))
                       spread(to, out_row, static_cast<const char*>(t.data()) + first * block, block, n,
                              streams);
                     to += block;
                   }
                 }
                 if (streams) stream_fence();
               });
}

} // namespace torch::TORCH_ISA
