#include "kernels/cpu/lines.h"

#include "core/allocator.h"
#include "kernels/cpu/walk.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace torch::TORCH_ISA {

void run_lines(const LineOp& op, const Tensor* const* operands, int64_t dim) {
  const Tensor& first = *operands[0];
  if (first.numel() == 0) return;
  const int n_ops = op.n_operands;
  const int64_t nd = first.dim(), n = nd == 0 ? 1 : first.sizes()[dim];
  int64_t line_stride[kMaxLineOperands];
  DimVec sizes, strides[kMaxLineOperands];
  Geometry::Operand views[kMaxLineOperands];
  for (int64_t d = 0; d < nd; ++d)
    if (d != dim) sizes.push_back(first.sizes()[d]);
  for (int k = 0; k < n_ops; ++k) {
    const Tensor& t = *operands[k];
    for (int64_t d = 0; d < nd; ++d)
      if (d != dim) strides[k].push_back(t.strides()[d]);
    line_stride[k] = nd == 0 || n == 1 ? t.itemsize() : t.strides()[dim] * t.itemsize();
    views[k] = {t.data(), t.dtype(), strides[k].data()};
  }
  const Geometry g(sizes, views, n_ops);

  const bool by_line = g.numel == 1 || (line_stride[0] <= g.strides[0][0] && n >= 16);
  // About 256 KiB of one operand side by side stay in the second-level cache between passes.
  const int64_t m_max = by_line ? 1 : std::clamp<int64_t>((int64_t(1) << 16) / n, 16, 512);
  bool direct[kMaxLineOperands];
  int64_t buffer_at[kMaxLineOperands], buffer_bytes = 0, scratch_bytes = 0;
  for (int k = 0; k < n_ops; ++k) {
    const int64_t width = item_size(g.dtypes[k]);
    direct[k] =
        g.dtypes[k] == op.types[k] &&
        (by_line ? line_stride[k] == width : (g.strides[k][0] == width || m_max == 1 || g.sizes[0] == 1));
    if (direct[k]) continue;
    buffer_at[k] = buffer_bytes;
    buffer_bytes += (n * m_max * item_size(op.types[k]) + 63) / 64 * 64;
    scratch_bytes = std::max(scratch_bytes, 2 * n * m_max * std::max(width, item_size(op.types[k])));
  }
  const TileWalk walk(g, {m_max, 1});
  const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, n * m_max * op.cost));
  parallel_for(0, walk.count(), grain, [&](int64_t from, int64_t to) {
    std::optional<Scratch> buffers;
    if (buffer_bytes) buffers.emplace(size_t(buffer_bytes + scratch_bytes));
    walk.run(from, to, [&](char* const* at, int64_t m, int64_t) {
      void* data[kMaxLineOperands];
      int64_t stride[kMaxLineOperands];
      for (int k = 0; k < n_ops; ++k) {
        data[k] = at[k];
        stride[k] = line_stride[k];
        if (direct[k]) continue;
        const int64_t width = item_size(op.types[k]);
        char* const buffer = buffers->as<char>() + buffer_at[k];
        data[k] = buffer;
        stride[k] = m * width;
        if (k >= op.n_outputs)
          convert_tile(buffer, width, m * width, op.types[k], at[k],
                       by_line ? line_stride[k] : g.strides[k][0], line_stride[k], g.dtypes[k],
                       by_line ? n : m, by_line ? 1 : n, buffers->as<char>() + buffer_bytes);
      }
      if (by_line)
        op.line(data, n, op.context);
      else
        op.columns(data, stride, n, m, op.context);
      for (int k = 0; k < op.n_outputs; ++k) {
        if (direct[k]) continue;
        const int64_t width = item_size(op.types[k]);
        convert_tile(at[k], by_line ? line_stride[k] : g.strides[k][0], line_stride[k], g.dtypes[k],
                     static_cast<char*>(data[k]), width, m * width, op.types[k], by_line ? n : m,
                     by_line ? 1 : n, buffers->as<char>() + buffer_bytes);
      }
    });
  });
}

} // namespace torch::TORCH_ISA
