// Concatenation along a dimension.
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/create_kernels.h"
#include "kernels/index_kernels.h"

#include <cstring>

namespace torch::TORCH_ISA {

namespace {

// Blocks of `bytes` from a packed row to places `stride` bytes apart.
void spread(char* to, int64_t stride, const char* from, int64_t bytes, int64_t n) {
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
    for (int64_t i = 0; i < n; ++i)
      std::memcpy(to + i * stride, from + i * bytes, static_cast<size_t>(bytes));
  }
}

} // namespace

// Tensors of shape [0] are skipped whatever the shape of the others, an old habit that programs rely on.
void cat(const Tensor& out, TensorList tensors, int64_t dim) {
  if (out.numel() == 0) return;
  dim = wrap_dim(dim, out.dim());
  int64_t outer = 1;
  for (int64_t d = 0; d < dim; ++d) outer *= out.sizes()[d];
  const int64_t out_row = out.nbytes() / outer; // bytes between two blocks of one tensor
  const bool packed_out = out.is_contiguous();
  int64_t at = 0;
  for (const Tensor& t : tensors) {
    if (t.dim() == 1 && t.numel() == 0) continue;
    const int64_t length = t.sizes()[dim];
    if (t.numel() > 0) {
      if (packed_out && t.is_contiguous() && t.dtype() == out.dtype()) {
        const int64_t block = t.nbytes() / outer;
        char* const to = static_cast<char*>(out.data()) + at * (out_row / out.sizes()[dim]);
        const char* const from = static_cast<const char*>(t.data());
        if (outer == 1)
          parallel_for(0, block, 4 * kGrain, [&](int64_t first, int64_t last) {
            std::memcpy(to + first, from + first, static_cast<size_t>(last - first));
          });
        else
          parallel_for(0, outer, std::max<int64_t>(1, 4 * kGrain / block), [&](int64_t first, int64_t last) {
            spread(to + first * out_row, out_row, from + first * block, block, last - first);
          });
      } else {
        DimVec sizes = out.sizes();
        sizes[dim] = length;
        copy(alias(out, sizes, out.strides(), out.offset() + at * out.strides()[dim]), t);
      }
    }
    at += length;
  }
}

} // namespace torch::TORCH_ISA
