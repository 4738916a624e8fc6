// What the kernels that address whole positions by index tensors share: self[before, position(n), after],
// where the positions come from index tensors, and `other` (the result, the values or the source) is laid out
// alongside.
#pragma once

#include "core/allocator.h"
#include "core/scalar.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/vec.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace torch::TORCH_ISA {

// Dimensions walked together by two tensors, merged where both allow it. Offsets are in elements.
struct PairDims {
  DimVec sizes, a, b;
  int64_t numel = 1;

  void add(int64_t size, int64_t stride_a, int64_t stride_b) {
    numel *= size;
    if (size == 1) return;
    if (!sizes.empty() && a.back() == stride_a * size && b.back() == stride_b * size) {
      sizes.back() *= size;
      a.back() = stride_a;
      b.back() = stride_b;
      return;
    }
    sizes.push_back(size);
    a.push_back(stride_a);
    b.push_back(stride_b);
  }
};

// Goes through the elements of PairDims from a given one on.
class PairWalk {
public:
  PairWalk(const PairDims& dims, int64_t at) : dims_(dims), index_(dims.sizes.size(), 0) {
    if (dims.numel == 0) return;
    for (size_t d = dims.sizes.size(); d-- > 0; at /= dims.sizes[d]) {
      index_[d] = at % dims.sizes[d];
      a += index_[d] * dims.a[d];
      b += index_[d] * dims.b[d];
    }
  }
  void next() {
    for (size_t d = dims_.sizes.size(); d-- > 0;) {
      a += dims_.a[d];
      b += dims_.b[d];
      if (++index_[d] < dims_.sizes[d]) return;
      a -= dims_.sizes[d] * dims_.a[d];
      b -= dims_.sizes[d] * dims_.b[d];
      index_[d] = 0;
    }
  }
  int64_t a = 0, b = 0;

private:
  const PairDims& dims_;
  DimVec index_;
};

// Offsets of all elements of a PairDims as lists, or as a stride each when that says it all.
struct PairOffsets {
  int64_t count;
  bool uniform;
  int64_t stride_a = 0, stride_b = 0;
  Scratch memory;
  int64_t *a = nullptr, *b = nullptr;

  explicit PairOffsets(const PairDims& dims)
      : count(dims.numel), uniform(dims.sizes.size() <= 1),
        memory(uniform ? 0 : static_cast<size_t>(dims.numel) * 2 * sizeof(int64_t)) {
    if (uniform) {
      if (!dims.sizes.empty()) {
        stride_a = dims.a[0];
        stride_b = dims.b[0];
      }
      return;
    }
    a = memory.as<int64_t>();
    b = a + count;
    PairWalk walk(dims, 0);
    for (int64_t i = 0; i < count; ++i, walk.next()) {
      a[i] = walk.a;
      b[i] = walk.b;
    }
  }
};

[[noreturn, gnu::cold]] inline void fail_index(ErrorKind kind, int64_t index, int64_t dim, int64_t size) {
  fail(kind, concat("index ", index, " is out of bounds for dimension ", dim, " with size ", size));
}

// Finds the first index outside [low, size) in a strided row, or -1.
template <class I>
int64_t first_outside(const I* index, int64_t stride, int64_t n, int64_t low, int64_t size) {
  // The sign of either difference says that an index is outside: they are joined by `or`, as comparisons stay
  // scalar and AVX2 has no maximum of 64-bit integers.
  const auto signs = [=](I v) {
    const auto wide = static_cast<uint64_t>(static_cast<int64_t>(v));
    return (wide - static_cast<uint64_t>(low)) | (static_cast<uint64_t>(size) - 1 - wide);
  };
  uint64_t all = 0;
  if (stride == 1)
    for (int64_t i = 0; i < n; ++i) all |= signs(index[i]);
  else
    for (int64_t i = 0; i < n; ++i) all |= signs(index[i * stride]);
  if (static_cast<int64_t>(all) >= 0) [[likely]]
    return -1;
  for (int64_t i = 0;; ++i)
    if (static_cast<int64_t>(signs(index[i * stride])) < 0) return i;
}

// An index to load from, hidden from the vectorizer: its gathering instructions are slower than plain loads.
template <class I> __attribute__((always_inline)) inline int64_t by_itself(I index) {
  int64_t v = static_cast<int64_t>(index);
  asm("" : "+r"(v));
  return v;
}

enum class Negative { Wrap, Reject };

// Indices along one dimension, and what they are to the tensor that they index.
struct IndexSource {
  const void* data;
  DType type;
  int64_t step; // from one index to the next
  int64_t size, stride;
  Negative negative;
  int64_t dim;
  ErrorKind kind;
  void (*fail)(const IndexSource& source, int64_t index); // does not return

  [[noreturn, gnu::cold]] static void fail_in_dim(const IndexSource& s, int64_t index) {
    fail_index(s.kind, index, s.dim, s.size);
  }
};

// The walk itself: for each b of `before`, n of the positions, a of `after`:
//   self at before.a + position[n] + after.a,   other at before.b + n's place + after.b
// Positions are made of their sources, block by block where each is needed once, and else before the walk.
class IndexPlan {
public:
  PairDims before, after;
  int64_t count = 1;   // positions
  bool uniform = true; // their places in other: a stride, or
  int64_t other_stride = 0;
  Scratch other_memory; // a list
  int64_t* other_place = nullptr;

  IndexPlan(int64_t n, bool uniform_places)
      : count(n), uniform(uniform_places),
        other_memory(uniform_places ? 0 : static_cast<size_t>(n) * sizeof(int64_t)),
        other_place(other_memory.as<int64_t>()) {}

  int64_t place(int64_t n) const { return uniform ? n * other_stride : other_place[n]; }

  // Adds index * stride to the positions. `walk`: of an index that has no single step, its rows (a) and where
  // they lie (b), each of `length` indices.
  void add(const IndexSource& source, const PairDims* walk = nullptr, int64_t length = 0);
  // For the maker of a plan that fills in the positions itself.
  int64_t* own_positions();

  bool single() const { return before.numel == 1 && after.numel == 1; }
  void make_positions(); // all of them, as a list, unless they are
  void check() const;    // the bounds of positions that are not a list yet
  static constexpr int64_t kBlock = 1024;
  // Positions [first, last), at most kBlock of them: in the list, or made in the buffer.
  const int64_t* positions(int64_t first, int64_t last, bool checked, int64_t* buffer) const;
  const int64_t* list() const { return list_; }
  int64_t position(int64_t n) const { return list_[n]; } // of the list
  bool reads(const Tensor& t) const;                     // whether sources lie in what may be t's memory

private:
  static constexpr int kMaxSources = 4;
  IndexSource sources_[kMaxSources];
  int n_sources_ = 0;
  std::optional<Scratch> memory_;
  int64_t* list_ = nullptr;
};

// other = self at the positions.
void plan_read(IndexPlan& plan, const Tensor& self, const Tensor& other);
// self = other at the positions; the last of repeated positions stays.
void plan_write(IndexPlan& plan, const Tensor& self, const Tensor& other);
// self += scale * other at the positions, in their order.
void plan_add(IndexPlan& plan, const Tensor& self, const Tensor& other, const Scalar& scale);

// Fewer than 64 bytes that do not overlap, as two pieces that may.
inline void copy_short(void* to, const void* from, size_t bytes) {
  const auto two = [=]<size_t kPiece>(std::integral_constant<size_t, kPiece>) {
    char first[kPiece], last[kPiece];
    std::memcpy(first, from, kPiece);
    std::memcpy(last, static_cast<const char*>(from) + bytes - kPiece, kPiece);
    std::memcpy(to, first, kPiece);
    std::memcpy(static_cast<char*>(to) + bytes - kPiece, last, kPiece);
  };
  using std::integral_constant;
  if (bytes >= 32) return two(integral_constant<size_t, 32>());
  if (bytes >= 16) return two(integral_constant<size_t, 16>());
  if (bytes >= 8) return two(integral_constant<size_t, 8>());
  if (bytes >= 4) return two(integral_constant<size_t, 4>());
  if (bytes >= 2) return two(integral_constant<size_t, 2>());
  if (bytes == 1) std::memcpy(to, from, 1);
}

// A contiguous row: short ones without a call.
inline void copy_bytes(void* to, const void* from, size_t bytes) {
  if (bytes < 64) return copy_short(to, from, bytes);
  if (bytes > 512) {
    std::memcpy(to, from, bytes);
    return;
  }
  using Line = RawVec<uint8_t, kVecBytes>; // stays in a register
  const auto line = [=](size_t at) {
    Line l;
    std::memcpy(&l, static_cast<const char*>(from) + at, sizeof l);
    std::memcpy(static_cast<char*>(to) + at, &l, sizeof l);
  };
  for (size_t i = 0; i + sizeof(Line) < bytes; i += sizeof(Line)) line(i);
  line(bytes - sizeof(Line)); // may overlap
}

// Copies n elements.
template <class T> void copy_row(T* to, int64_t to_stride, const T* from, int64_t from_stride, int64_t n) {
  if (to_stride == 1 && from_stride == 1)
    copy_bytes(to, from, static_cast<size_t>(n) * sizeof(T));
  else if (to_stride == 1 && from_stride == 0)
    std::fill_n(to, n, *from);
  else
    for (int64_t i = 0; i < n; ++i) to[i * to_stride] = from[i * from_stride];
}

// out[i] = self[index[i]] along one stride, checked and read block by block while the index is in the
// cache: for results that nobody has seen yet. `outside(value)` raises.
template <class T, class I, class Outside>
void read_single(T* out, const T* self, int64_t stride, const I* index, int64_t n, int64_t size,
                 Negative negative, const Outside& outside) {
  parallel_for(0, n, kGrain, [&](int64_t from, int64_t to) {
    constexpr int64_t kBlock = 1024;
    for (int64_t at = from; at < to; at += kBlock) {
      const int64_t length = std::min(kBlock, to - at);
      const I* const row = index + at;
      T* const target = out + at;
      const bool wrap = negative == Negative::Wrap;
      const int64_t bad = first_outside(row, 1, length, wrap ? -size : 0, size);
      if (bad >= 0) outside(static_cast<int64_t>(row[bad]));
      const auto read = [&](const auto& place) {
        int64_t i = 0;
        for (; i + 4 <= length; i += 4)
#pragma GCC unroll 4
          for (int64_t k = i; k < i + 4; ++k) target[k] = self[place(by_itself(row[k]))];
        for (; i < length; ++i) target[i] = self[place(by_itself(row[i]))];
      };
      if (stride != 1)
        read([=](int64_t v) { return (v < 0 ? v + size : v) * stride; });
      else if (wrap)
        read([=](int64_t v) { return v < 0 ? v + size : v; });
      else
        read([](int64_t v) { return v; });
    }
  });
}

template <class T> T add_values(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a || b;
  else if constexpr (is_reduced_float(dtype_of<T>()))
    return T(static_cast<float>(a) + static_cast<float>(b));
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); // wraps
  else
    return a + b;
}
template <class T> T multiply_values(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a && b;
  else if constexpr (is_reduced_float(dtype_of<T>()))
    return T(static_cast<float>(a) * static_cast<float>(b));
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  else
    return a * b;
}

} // namespace torch::TORCH_ISA
