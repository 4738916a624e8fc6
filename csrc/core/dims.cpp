#include "core/dims.h"

namespace torch {

void DimVec::grow(size_t n) {
  auto* fresh = new int64_t[n];
  std::memcpy(fresh, data(), size_ * sizeof(int64_t));
  free_heap();
  heap_ = fresh;
  capacity_ = static_cast<uint32_t>(n);
}

void DimVec::free_heap() {
  if (capacity_ > kInline) delete[] heap_;
  capacity_ = kInline;
}

int64_t numel_of(IntSpan sizes) {
  int64_t n = 1;
  for (const int64_t s : sizes)
    if (s == 0) return 0;
  for (const int64_t s : sizes)
    check(!__builtin_mul_overflow(n, s, &n), "number of elements overflows int64 for sizes ", sizes);
  return n;
}

DimVec contiguous_strides(IntSpan sizes) {
  DimVec strides;
  strides.resize_uninitialized(sizes.size());
  int64_t step = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = step;
    step *= std::max<int64_t>(sizes[i], 1);
  }
  return strides;
}

DimVec channels_last_strides(IntSpan sizes) {
  const size_t n = sizes.size();
  DimVec strides(n);
  int64_t step = 1;
  const auto set = [&](size_t d) {
    strides[d] = step;
    step *= std::max<int64_t>(sizes[d], 1);
  };
  set(1);
  for (size_t d = n; d-- > 2;) set(d);
  set(0);
  return strides;
}

int64_t wrap_dim(int64_t dim, int64_t ndim) {
  const int64_t range = std::max<int64_t>(ndim, 1);
  if (dim < -range || dim >= range) [[unlikely]]
    fail(ErrorKind::Index, concat("Dimension out of range (expected to be in range of [", -range, ", ",
                                  range - 1, "], but got ", dim, ")"));
  return dim < 0 ? dim + range : dim;
}

uint64_t dim_mask(IntSpan dims, int64_t ndim, const char* op) {
  check(ndim <= 64, op, ": only tensors with up to 64 dims are supported, got ", ndim);
  if (dims.empty()) return ndim >= 64 ? ~uint64_t{0} : (uint64_t{1} << ndim) - 1;
  uint64_t mask = 0;
  for (const int64_t d : dims) {
    const uint64_t bit = uint64_t{1} << wrap_dim(d, ndim);
    check(!(mask & bit), op, ": dim ", wrap_dim(d, ndim), " appears multiple times in the list of dims");
    mask |= bit;
  }
  return ndim == 0 ? 0 : mask;
}

DimVec broadcast_sizes(IntSpan a, IntSpan b, const char* op) {
  if (a.size() < b.size()) std::swap(a, b);
  DimVec out(a);
  const size_t shift = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    const int64_t x = a[i + shift], y = b[i];
    if (x == y || y == 1) continue;
    if (x != 1) [[unlikely]]
      fail(ErrorKind::Runtime,
           concat(op, ": The size of tensor a (", x, ") must match the size of tensor b (", y,
                  ") at non-singleton dimension ", i + shift,
                  ": shapes are aligned at their last dimension, where sizes must be equal or 1"));
    out[i + shift] = y;
  }
  return out;
}

} // namespace torch
