// How random kernels write: words of the generator in blocks, values in the order of memory.
//
// A tensor is filled in the order of its strides, largest first, whatever the order of its dimensions: that
// is the order in which PyTorch is observed to draw, and it makes every dense tensor one run.
#pragma once

#include "core/allocator.h"
#include "core/generator.h"
#include "core/tensor.h"
#include "core/threads.h"

#include <algorithm>

namespace torch::TORCH_ISA {
namespace {

// Sizes and strides of one or two tensors, dimensions of the first sorted by descending stride and merged.
struct MemoryOrder {
  DimVec sizes, strides, other_strides;
  bool dense = false; // the first tensor is one run of memory

  explicit MemoryOrder(const Tensor& out, const Tensor* other = nullptr) {
    const auto n = static_cast<size_t>(out.dim());
    DimVec order;
    for (size_t d = 0; d < n; ++d)
      if (out.sizes()[d] != 1) order.push_back(static_cast<int64_t>(d));
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return out.strides()[a] > out.strides()[b]; });
    const auto stride_of_other = [&](int64_t d) -> int64_t {
      if (!other) return 0;
      const int64_t at = d - static_cast<int64_t>(n) + other->dim(); // right-aligned
      return at < 0 || other->sizes()[at] == 1 ? 0 : other->strides()[at];
    };
    for (const int64_t d : order) {
      const int64_t size = out.sizes()[d], stride = out.strides()[d], theirs = stride_of_other(d);
      if (!sizes.empty() && strides.back() == stride * size &&
          (!other || other_strides.back() == theirs * size)) {
        sizes.back() *= size;
        strides.back() = stride;
        other_strides.back() = theirs;
      } else {
        sizes.push_back(size);
        strides.push_back(stride);
        other_strides.push_back(theirs);
      }
    }
    if (sizes.empty()) {
      sizes.push_back(1);
      strides.push_back(1);
      other_strides.push_back(0);
    }
    dense = sizes.size() == 1 && strides[0] == 1;
  }
};

// The parts of a complex tensor as one real tensor with a last dimension of two.
inline Tensor parts_of(const Tensor& t) {
  DimVec sizes(t.sizes()), strides(t.strides());
  for (int64_t& s : strides) s *= 2;
  sizes.push_back(2);
  strides.push_back(1);
  return alias_as(t, real_type(t.dtype()), sizes, strides, 2 * t.offset());
}

// Hands out the elements of a MemoryOrder one stretch after the other.
class MemoryWalk {
public:
  explicit MemoryWalk(const MemoryOrder& order) : order_(order), index_(order.sizes.size(), 0) {}

  // body(offset, other_offset, stride, other_stride, length) for the next `count` elements.
  template <class Body> void advance(int64_t count, Body&& body) {
    const size_t last = order_.sizes.size() - 1;
    while (count > 0) {
      const int64_t take = std::min(count, order_.sizes[last] - index_[last]);
      body(offset_, other_offset_, order_.strides[last], order_.other_strides[last], take);
      count -= take;
      move(last, take);
      for (size_t d = last; index_[d] == order_.sizes[d] && d > 0; --d) {
        move(d, -order_.sizes[d]);
        move(d - 1, 1);
      }
    }
  }

private:
  void move(size_t d, int64_t by) {
    index_[d] += by;
    offset_ += by * order_.strides[d];
    other_offset_ += by * order_.other_strides[d];
  }
  const MemoryOrder& order_;
  DimVec index_;
  int64_t offset_ = 0, other_offset_ = 0;
};

inline Generator& generator_or_default(Generator* g) {
  if (!g) return *default_generator();
  check(g->device().type == DeviceType::CPU, "Expected a 'cpu' device type for generator but found '",
        device_type_name(g->device().type), "'");
  return *g;
}

constexpr int64_t kLightBlock = 4096;      // elements between two visits to the generator
constexpr int64_t kHeavyBlock = 128 << 10; // same, where the transform is worth several threads

// Fills `out` with values made from kWords words each: make(words, values, n). With heavy, blocks are
// transformed by several threads (the words are drawn by one).
template <class T, int kWords, class Make>
void fill_from_words(const Tensor& out, Generator* gen, bool heavy, const Make& make) {
  const int64_t n = out.numel();
  if (n == 0) return;
  Generator& g = generator_or_default(gen);
  const std::lock_guard lock(g.mutex());
  const MemoryOrder order(out);
  const int64_t block = std::min(n, heavy ? kHeavyBlock : kLightBlock);
  const Scratch words(static_cast<size_t>(block) * kWords * sizeof(uint32_t));
  const Scratch tile(order.dense ? 0 : static_cast<size_t>(block) * sizeof(T));
  T* const to = out.data<T>();
  MemoryWalk walk(order);
  for (int64_t done = 0; done < n; done += block) {
    const int64_t count = std::min(block, n - done);
    const uint32_t* const drawn = words.as<uint32_t>();
    mt_draw(g.engine, words.as<uint32_t>(), count * kWords);
    T* const values = order.dense ? to + done : tile.as<T>();
    if (heavy)
      parallel_for(0, count, 4096, [&](int64_t first, int64_t last) {
        make(drawn + first * kWords, values + first, last - first);
      });
    else
      make(drawn, values, count);
    if (order.dense) continue;
    const T* from = values;
    walk.advance(count, [&](int64_t offset, int64_t, int64_t stride, int64_t, int64_t length) {
      for (int64_t i = 0; i < length; ++i) to[offset + i * stride] = from[i];
      from += length;
    });
  }
}

// Same with one value at a time from the generator itself: next(g).
template <class T, class Next> void fill_one_by_one(const Tensor& out, Generator* gen, const Next& next) {
  const int64_t n = out.numel();
  if (n == 0) return;
  Generator& g = generator_or_default(gen);
  const std::lock_guard lock(g.mutex());
  const MemoryOrder order(out);
  T* const to = out.data<T>();
  MemoryWalk(order).advance(n, [&](int64_t offset, int64_t, int64_t stride, int64_t, int64_t length) {
    for (int64_t i = 0; i < length; ++i) to[offset + i * stride] = next(g);
  });
}

inline float unit_float(uint32_t word) {
  return static_cast<float>(static_cast<int32_t>(word & 0xffffffu)) * 0x1p-24f;
}
inline uint64_t word64(const uint32_t* w) { return uint64_t{w[0]} << 32 | w[1]; }
inline double unit_double(const uint32_t* w) {
  return static_cast<double>(static_cast<int64_t>(word64(w) & ((uint64_t{1} << 53) - 1))) * 0x1p-53;
}

} // namespace
} // namespace torch::TORCH_ISA
