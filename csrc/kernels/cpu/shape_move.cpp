// flip and roll: copies of strided blocks to other places.
#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/index_plan.h"
#include "kernels/create_kernels.h"
#include "kernels/index_kernels.h"

namespace torch::TORCH_ISA {

namespace {

// to[i * to_stride] = from[i * from_stride] over all dims but the last of `dims`, rows along the last.
// Strides may be negative.
template <class T> void copy_block(const PairDims& dims, T* to, const T* from) {
  if (dims.numel == 0) return;
  if (dims.sizes.empty()) {
    *to = *from;
    return;
  }
  PairDims outer = dims;
  const int64_t n = dims.sizes.back(), to_stride = dims.a.back(), from_stride = dims.b.back();
  for (DimVec* v : {&outer.sizes, &outer.a, &outer.b}) v->erase(v->size() - 1);
  outer.numel /= n;
  const auto row = [&](T* t, const T* f, int64_t length) {
    if (to_stride == 1 && from_stride == -1)
      for (int64_t i = 0; i < length; ++i) t[i] = f[-i];
    else
      copy_row(t, to_stride, f, from_stride, length);
  };
  if (outer.numel == 1) {
    parallel_for(0, n, 4 * kGrain, [&](int64_t first, int64_t last) {
      row(to + first * to_stride, from + first * from_stride, last - first);
    });
    return;
  }
  parallel_for(0, outer.numel, std::max<int64_t>(1, kGrain / n), [&](int64_t first, int64_t last) {
    PairWalk walk(outer, first);
    for (int64_t i = first; i < last; ++i, walk.next()) row(to + walk.a, from + walk.b, n);
  });
}

} // namespace

void flip(const Tensor& out, const Tensor& self, IntSpan dims) {
  const uint64_t flipped = dims.empty() ? 0 : dim_mask(dims, self.dim(), "flip");
  if (self.numel() == 0) return;
  PairDims pair;
  int64_t start = 0;
  for (int64_t d = 0; d < self.dim(); ++d) {
    const int64_t size = self.sizes()[d], stride = self.strides()[d];
    const bool reversed = flipped >> d & 1;
    if (reversed) start += (size - 1) * stride;
    pair.add(size, out.strides()[d], reversed ? -stride : stride);
  }
  visit_width(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    copy_block(pair, out.data<T>(), self.data<T>() + start);
  });
}

// Without dims the elements are shifted as one row.
void roll(const Tensor& out, const Tensor& self, IntSpan shifts, IntSpan dims) {
  if (self.numel() == 0) return;
  Tensor from = self, to = out;
  DimVec shift(static_cast<size_t>(self.dim()), 0);
  if (dims.empty()) {
    const bool packed = out.is_contiguous();
    if (!self.is_contiguous()) {
      from = empty_tensor(self.sizes(), self.dtype());
      copy(from, self);
    }
    if (!packed) to = empty_tensor(out.sizes(), out.dtype());
    const int64_t n = self.numel();
    from = alias(from, IntSpan(&n, 1), DimVec{1}, from.offset());
    const Tensor row = alias(to, IntSpan(&n, 1), DimVec{1}, to.offset());
    roll(row, from, shifts, DimVec{0});
    if (!packed) copy(out, to);
    return;
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t d = wrap_dim(dims[i], self.dim());
    if (self.dim() == 0) continue;
    const int64_t size = self.sizes()[d];
    shift[d] = ((shift[d] + shifts[i] % size) % size + size) % size;
  }
  // Every shifted dimension cuts self in two; each combination of halves is a block that moves as one.
  DimVec cut;
  for (int64_t d = 0; d < self.dim(); ++d)
    if (shift[d] != 0) cut.push_back(d);
  for (uint64_t half = 0; half < uint64_t{1} << cut.size(); ++half) {
    DimVec sizes = self.sizes();
    int64_t at_from = 0, at_to = 0;
    for (size_t k = 0; k < cut.size(); ++k) {
      const int64_t d = cut[k], s = shift[d], size = self.sizes()[d];
      if (half >> k & 1) { // the last s slices move to the front
        sizes[d] = s;
        at_from += (size - s) * self.strides()[d];
      } else {
        sizes[d] = size - s;
        at_to += s * out.strides()[d];
      }
    }
    PairDims pair;
    for (int64_t d = 0; d < self.dim(); ++d) pair.add(sizes[d], out.strides()[d], self.strides()[d]);
    visit_width(self.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      copy_block(pair, out.data<T>() + at_to, self.data<T>() + at_from);
    });
  }
}

} // namespace torch::TORCH_ISA
