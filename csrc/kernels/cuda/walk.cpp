#include "kernels/cuda/walk.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace torch::cuda {

// With shift = ceil(log2 d) and factor = 2^32 (2^shift - d) / d + 1, n / d = (mulhi(n, factor) + n) >> shift
// for n < 2^31.
Divider make_divider(uint32_t divisor) {
  Divider d;
  d.divisor = divisor;
  d.shift = divisor <= 1 ? 0 : static_cast<uint32_t>(std::bit_width(divisor - 1));
  d.factor = static_cast<uint32_t>((uint64_t{1} << 32) * ((uint64_t{1} << d.shift) - divisor) / divisor + 1);
  return d;
}

bool lie_alike(const Tensor& a, const Tensor& b) {
  if (!equal(a.sizes(), b.sizes())) return false;
  if (a.is_contiguous() && b.is_contiguous()) return true;
  return a.is_non_overlapping_and_dense() && equal(a.strides(), b.strides());
}

Places find_places(IntSpan sizes, std::span<const Tensor* const> operands) {
  struct Dim {
    int64_t size;
    int64_t strides[kMaxOperands];
  };
  const int n = static_cast<int>(operands.size());
  TORCH_ASSERT(n <= kMaxOperands);
  std::vector<Dim> dims;
  for (size_t d = sizes.size(); d-- > 0;) { // innermost first
    if (sizes[d] == 1) continue;
    Dim dim{sizes[d], {}};
    for (int k = 0; k < n; ++k) {
      if (!operands[k]) continue;
      const Tensor& t = *operands[k];
      const auto lead = static_cast<int64_t>(sizes.size()) - t.dim();
      const int64_t own = static_cast<int64_t>(d) - lead;
      if (own >= 0 && t.sizes()[static_cast<size_t>(own)] != 1)
        dim.strides[k] = t.strides()[static_cast<size_t>(own)] * t.itemsize();
    }
    dims.push_back(dim);
  }
  std::stable_sort(dims.begin(), dims.end(), [n](const Dim& a, const Dim& b) {
    for (int k = 0; k < n; ++k)
      if (a.strides[k] != b.strides[k] && a.strides[k] != 0 && b.strides[k] != 0)
        return a.strides[k] < b.strides[k];
    return false;
  });
  Places p{};
  int64_t numel = 1;
  for (const Dim& dim : dims) {
    numel *= dim.size;
    if (p.ndim > 0) {
      const int last = p.ndim - 1;
      bool merges = true;
      for (int k = 0; k < n; ++k) merges &= dim.strides[k] == p.strides[k][last] * p.sizes[last];
      if (merges) {
        p.sizes[last] *= dim.size;
        continue;
      }
    }
    check_kind(ErrorKind::NotImplemented, p.ndim < kMaxDims, "a CUDA kernel takes tensors of up to ",
               kMaxDims, " dimensions that cannot be merged; make them contiguous");
    p.sizes[p.ndim] = dim.size;
    for (int k = 0; k < n; ++k) p.strides[k][p.ndim] = dim.strides[k];
    ++p.ndim;
  }
  p.small = numel <= std::numeric_limits<int32_t>::max();
  if (p.small)
    for (int d = 0; d < p.ndim; ++d) p.dividers[d] = make_divider(static_cast<uint32_t>(p.sizes[d]));
  return p;
}

} // namespace torch::cuda
