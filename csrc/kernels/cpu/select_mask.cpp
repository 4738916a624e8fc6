// Selections whose size depends on the data: masked_select and nonzero. Both count first, block by block, so
// that the blocks can then be written independently.
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/index_plan.h"
#include "kernels/create_kernels.h"
#include "kernels/index_kernels.h"

#include <cstring>
#include <vector>

namespace torch::TORCH_ISA {
namespace {

constexpr int64_t kBlock = 16384; // elements: mask, data and positions of a block stay in the cache

// The elements i of a block that test true, written to `found` (room for one more than there are: the store
// is unconditional, the step is not).
template <class Test> int64_t positions(int64_t n, uint16_t* found, const Test& test) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) {
    found[count] = static_cast<uint16_t>(i);
    count += test(i);
  }
  return count;
}

// The same for bytes, of which most are often zero: eight of those cost one comparison.
int64_t positions(int64_t n, uint16_t* found, const uint8_t* bytes) {
  int64_t count = 0, i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t eight;
    std::memcpy(&eight, bytes + i, 8);
    if (eight == 0) continue;
    for (int64_t k = i; k < i + 8; ++k) {
      found[count] = static_cast<uint16_t>(k);
      count += bytes[k] != 0;
    }
  }
  for (; i < n; ++i) {
    found[count] = static_cast<uint16_t>(i);
    count += bytes[i] != 0;
  }
  return count;
}

struct Counts {
  std::vector<int64_t> start; // of each block in the result
  int64_t total = 0;
};
template <class Count> Counts count_blocks(int64_t n, const Count& count) {
  const int64_t blocks = (n + kBlock - 1) / kBlock;
  Counts c;
  c.start.resize(static_cast<size_t>(blocks));
  parallel_for(0, blocks, 4, [&](int64_t first, int64_t last) {
    for (int64_t b = first; b < last; ++b) c.start[b] = count(b * kBlock, std::min(n, (b + 1) * kBlock));
  });
  for (int64_t& s : c.start) {
    const int64_t size = s;
    s = c.total;
    c.total += size;
  }
  return c;
}

template <class T> bool is_nonzero(const T& v) {
  if constexpr (is_reduced_float(dtype_of<T>()))
    return (v.bits & 0x7fff) != 0;
  else
    return v != T(0);
}

// A tensor's elements as one run, copied when they are not.
Tensor packed(const Tensor& t) {
  if (t.is_contiguous()) return t;
  const Tensor to = empty_tensor(t.sizes(), t.dtype());
  copy(to, t);
  return to;
}

} // namespace

// self and mask (bool) have one shape.
Tensor masked_select(const Tensor& self, const Tensor& mask) {
  const int64_t n = mask.numel();
  const Tensor packed_mask = packed(mask);
  const uint8_t* const m = packed_mask.data<uint8_t>();
  const Counts counts = count_blocks(n, [&](int64_t first, int64_t last) {
    uint32_t count = 0;
    for (int64_t i = first; i < last; ++i) count += m[i] != 0;
    return int64_t{count};
  });
  const Tensor out = empty_tensor(IntSpan(&counts.total, 1), self.dtype());
  if (counts.total == 0) return out;
  PairDims dims;
  for (int64_t d = 0; d < self.dim(); ++d) dims.add(self.sizes()[d], self.strides()[d], 0); // b is not used
  const bool uniform = self.is_contiguous() || self.dim() <= 1;
  const int64_t stride = self.is_contiguous() ? 1 : self.strides()[self.dim() - 1];
  visit_width(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const from = self.data<T>();
    T* const to = out.data<T>();
    parallel_for(0, static_cast<int64_t>(counts.start.size()), 2, [&](int64_t first, int64_t last) {
      uint16_t found[kBlock + 1];
      for (int64_t b = first; b < last; ++b) {
        const int64_t base = b * kBlock, length = std::min(kBlock, n - base);
        T* const target = to + counts.start[b];
        if (!uniform) {
          PairWalk walk(dims, base);
          T* next = target;
          for (int64_t i = 0; i < length; ++i, walk.next())
            if (m[base + i]) *next++ = from[walk.a];
          continue;
        }
        const int64_t count = positions(length, found, m + base);
        const T* const source = from + base * stride;
        if (stride == 1)
          for (int64_t i = 0; i < count; ++i) target[i] = source[found[i]];
        else
          for (int64_t i = 0; i < count; ++i) target[i] = source[found[i] * stride];
      }
    });
  });
  return out;
}

// Coordinates of the elements that are not zero, one row each, in order. Those of one dimension lie together
// in memory, as advanced indices are read.
Tensor nonzero(const Tensor& self) {
  const int64_t n = self.numel(), ndim = self.dim();
  return visit_compiled(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Tensor source = packed(self);
    const T* const data = source.data<T>();
    const Counts counts = count_blocks(n, [&](int64_t first, int64_t last) {
      uint32_t count = 0; // of a block: registers hold more of them
      for (int64_t i = first; i < last; ++i) count += is_nonzero(data[i]);
      return int64_t{count};
    });
    const Tensor columns = empty_tensor(DimVec{ndim, counts.total}, DType::Int64);
    const Tensor out = alias(columns, DimVec{counts.total, ndim}, DimVec{1, counts.total}, 0);
    if (counts.total == 0 || ndim == 0) return out;
    const int64_t step = counts.total;
    parallel_for(0, static_cast<int64_t>(counts.start.size()), 2, [&](int64_t first, int64_t last) {
      uint16_t found[kBlock + 1];
      DimVec at(static_cast<size_t>(ndim));
      for (int64_t b = first; b < last; ++b) {
        const int64_t base = b * kBlock, length = std::min(kBlock, n - base);
        int64_t count;
        if constexpr (sizeof(T) == 1)
          count = positions(length, found, reinterpret_cast<const uint8_t*>(data) + base);
        else
          count = positions(length, found, [&](int64_t i) { return is_nonzero(data[base + i]); });
        int64_t* row = columns.data<int64_t>() + counts.start[b];
        if (ndim == 1) {
          for (int64_t i = 0; i < count; ++i) row[i] = base + found[i];
          continue;
        }
        // Rows of the last dimension are left one after the other; a division only where one begins.
        const int64_t width = self.sizes()[ndim - 1];
        int64_t row_start = 0, row_end = 0; // elements of the current row
        for (int64_t i = 0; i < count; ++i, ++row) {
          const int64_t element = base + found[i];
          if (element >= row_end) {
            int64_t rest = element / width;
            row_start = rest * width;
            row_end = row_start + width;
            for (int64_t d = ndim - 1; d-- > 0; rest /= self.sizes()[d]) at[d] = rest % self.sizes()[d];
          }
          for (int64_t d = 0; d < ndim - 1; ++d) row[d * step] = at[d];
          row[(ndim - 1) * step] = element - row_start;
        }
      }
    });
    return out;
  });
}

} // namespace torch::TORCH_ISA
