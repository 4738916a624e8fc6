// Note [Sorting]
// A row is sorted by unsigned keys whose order is the order wanted: sign bits flipped, negative floats
// inverted, every NaN the greatest, both zeros equal, all inverted for descending. Keys are made relative to
// the row's smallest; when what is left fits beside the position in 64 bits, key and position are packed in
// one word: the position in the low bits makes the sort stable whatever the method, and long rows take a
// radix sort of as many passes as the keys' range needs. Otherwise the pairs are 16 bytes.
#pragma once

#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

template <class T>
using KeyOf = std::conditional_t<
    sizeof(T) == 1, uint8_t,
    std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;

// Ascending order. NaN becomes the greatest key, which no number has: infinity is below it.
template <class T> KeyOf<T> key_of(T value) {
  using K = KeyOf<T>;
  constexpr K sign = static_cast<K>(K{1} << (sizeof(K) * 8 - 1));
  if constexpr (std::is_same_v<T, bool> || std::is_unsigned_v<T>) {
    return static_cast<K>(value);
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<K>(static_cast<K>(value) ^ sign);
  } else {
    constexpr K infinity = std::is_same_v<T, Half>       ? K(0x7c00)
                           : std::is_same_v<T, BFloat16> ? K(0x7f80)
                           : std::is_same_v<T, float>    ? K(0x7f800000)
                                                         : static_cast<K>(uint64_t{0x7ff} << 52);
    const K bits = std::bit_cast<K>(value);
    const K magnitude = static_cast<K>(bits & static_cast<K>(~sign));
    const K ordered =
        (bits & sign) && magnitude != 0 ? static_cast<K>(~bits) : static_cast<K>(magnitude | sign);
    return magnitude > infinity ? static_cast<K>(~K{0}) : ordered;
  }
}

// Back, for integers.
template <class T> T value_of(KeyOf<T> key) {
  using K = KeyOf<T>;
  if constexpr (std::is_same_v<T, bool> || std::is_unsigned_v<T>)
    return static_cast<T>(key);
  else
    return static_cast<T>(static_cast<K>(key ^ static_cast<K>(K{1} << (sizeof(K) * 8 - 1))));
}

struct WideItem { // where key and position do not fit in a word
  uint64_t key;
  int64_t index;
  bool operator<(const WideItem& o) const { return key != o.key ? key < o.key : index < o.index; }
};

inline uint64_t item_key(uint64_t packed) { return packed; }
inline uint64_t item_key(const WideItem& w) { return w.key; }

constexpr int64_t kRadixMin = 192; // shorter rows: comparisons
constexpr int64_t kRankMax = 16;   // and up to here of each with all

template <int kPasses, class Item>
void count_digits(const Item* data, int64_t n, int low, int width, int64_t* counts) {
  const uint64_t mask = (uint64_t{1} << width) - 1;
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t key = item_key(data[i]) >> low;
#pragma GCC unroll 8
    for (int p = 0; p < kPasses; ++p)
      ++counts[(static_cast<uint64_t>(p) << width) + ((key >> (p * width)) & mask)];
  }
}

// Sorts by the key bits [low, low + bits); returns where the result is: data or other. One histogram pass for
// all digits; a digit that all keys share is skipped.
template <class Item> Item* radix_sort(Item* data, Item* other, int64_t n, int low, int bits) {
  // 11 bits a pass (2048 counters of 8 bytes: half of L1), 8 where the row is too short to pay for the
  // counters.
  const int width = n >= 8192 ? 11 : 8;
  const int passes = (bits + width - 1) / width;
  const uint64_t mask = (uint64_t{1} << width) - 1;
  const Scratch memory(static_cast<size_t>(passes) * sizeof(int64_t) << width);
  int64_t* const counts = memory.as<int64_t>();
  std::fill_n(counts, static_cast<int64_t>(passes) << width, 0);
  switch (passes) {
  case 0:
    return data;
  case 1:
    count_digits<1>(data, n, low, width, counts);
    break;
  case 2:
    count_digits<2>(data, n, low, width, counts);
    break;
  case 3:
    count_digits<3>(data, n, low, width, counts);
    break;
  case 4:
    count_digits<4>(data, n, low, width, counts);
    break;
  case 5:
    count_digits<5>(data, n, low, width, counts);
    break;
  case 6:
    count_digits<6>(data, n, low, width, counts);
    break;
  case 7:
    count_digits<7>(data, n, low, width, counts);
    break;
  default:
    count_digits<8>(data, n, low, width, counts);
    break; // 64 bits in eights
  }
  for (int p = 0; p < passes; ++p) {
    int64_t* const start = counts + (static_cast<int64_t>(p) << width);
    const int shift = low + p * width;
    if (start[(item_key(data[0]) >> shift) & mask] == n) continue;
    int64_t sum = 0;
    for (uint64_t d = 0; d <= mask; ++d) {
      const int64_t c = start[d];
      start[d] = sum;
      sum += c;
    }
    for (int64_t i = 0; i < n; ++i) other[start[(item_key(data[i]) >> shift) & mask]++] = data[i];
    std::swap(data, other);
  }
  return data;
}

// A row of n keys in order. `items` after sorting give the positions.
template <class K> class KeyRow {
public:
  explicit KeyRow(int64_t n)
      : n_(n), index_bits_(std::bit_width(static_cast<uint64_t>(std::max<int64_t>(n - 1, 1)))),
        key_memory_(static_cast<size_t>(n) * sizeof(K)), memory_(static_cast<size_t>(n) * 2 * item_bytes(n)) {
  }

  K* keys() const { return key_memory_.template as<K>(); }

  // Smallest and greatest key; call before the others, once the keys are written.
  void scan() {
    K low = std::numeric_limits<K>::max(), high = 0;
    bool ordered = true;
    const K* const k = keys();
    for (int64_t i = 0; i < n_; ++i) {
      low = std::min(low, k[i]);
      high = std::max(high, k[i]);
    }
    for (int64_t i = 1; i < n_ && ordered; i += 256) {
      const int64_t last = std::min(n_, i + 256);
      bool rising = true;
      for (int64_t j = i; j < last; ++j) rising &= k[j - 1] <= k[j];
      ordered = rising;
    }
    low_ = low;
    key_bits_ = std::bit_width(static_cast<uint64_t>(static_cast<K>(high - low)));
    ordered_ = ordered;
  }
  bool packed() const { return key_bits_ + index_bits_ <= 64; }
  bool ordered() const { return ordered_; }

  // Writes key and position as items.
  uint64_t* pack() const {
    uint64_t* const items = memory_.template as<uint64_t>();
    const K* const k = keys();
    for (int64_t i = 0; i < n_; ++i)
      items[i] = static_cast<uint64_t>(static_cast<K>(k[i] - low_)) << index_bits_ | static_cast<uint64_t>(i);
    return items;
  }
  WideItem* pack_wide() const {
    auto* const items = memory_.template as<WideItem>();
    const K* const k = keys();
    for (int64_t i = 0; i < n_; ++i) items[i] = {static_cast<uint64_t>(static_cast<K>(k[i] - low_)), i};
    return items;
  }
  K key(uint64_t item) const { return static_cast<K>(static_cast<K>(item >> index_bits_) + low_); }
  K key(const WideItem& item) const { return static_cast<K>(static_cast<K>(item.key) + low_); }
  int64_t index(uint64_t item) const {
    return static_cast<int64_t>(item & ((uint64_t{1} << index_bits_) - 1));
  }
  int64_t index(const WideItem& item) const { return item.index; }

  // Calls use(items) with the items as one sorted array.
  template <class Use> void sorted(const Use& use) const {
    if (packed()) {
      uint64_t* items = pack();
      if (!ordered_) items = sort_items(items, items + n_, index_bits_);
      use(items);
    } else {
      WideItem* items = pack_wide();
      if (!ordered_) items = sort_items(items, items + n_, 0);
      use(items);
    }
  }
  // Calls use(items) with the n-th item in its place and none after it before it.
  template <class Use> void selected(int64_t nth, const Use& use) const {
    if (packed()) {
      uint64_t* const items = pack();
      std::nth_element(items, items + nth, items + n_);
      use(items);
    } else {
      WideItem* const items = pack_wide();
      std::nth_element(items, items + nth, items + n_);
      use(items);
    }
  }

private:
  static size_t item_bytes(int64_t n) {
    // 64-bit keys may turn out to need the wide items.
    const int index_bits = std::bit_width(static_cast<uint64_t>(n));
    return static_cast<int>(sizeof(K)) * 8 + index_bits <= 64 ? sizeof(uint64_t) : sizeof(WideItem);
  }
  template <class Item> Item* sort_items(Item* items, Item* other, int low) const {
    if constexpr (std::is_same_v<Item, uint64_t>)
      if (n_ <= kRankMax) return rank_sort(items, other);
    if (n_ < kRadixMin) {
      std::sort(items, items + n_);
      return items;
    }
    return radix_sort(items, other, n_, low, key_bits_);
  }

  // Each item goes where as many are as are smaller (no two are equal): no branch to guess.
  uint64_t* rank_sort(const uint64_t* items, uint64_t* other) const {
    uint64_t filled[kRankMax], rank[kRankMax] = {};
    for (int64_t i = 0; i < kRankMax; ++i) filled[i] = i < n_ ? items[i] : 0;
    for (int64_t j = 0; j < n_; ++j)
      for (int64_t i = 0; i < kRankMax; ++i) rank[i] += items[j] < filled[i];
    for (int64_t i = 0; i < n_; ++i) other[rank[i]] = items[i];
    return other;
  }

  int64_t n_;
  int index_bits_;
  int key_bits_ = 0;
  K low_ = 0;
  bool ordered_ = false;
  Scratch key_memory_, memory_;
};

// Rows of a tensor along one dimension, in C order of the others; up to two more tensors of the same shape,
// or without that dimension, are walked along.
struct Rows {
  int64_t count = 1, length, stride;
  DimVec sizes, strides;

  Rows(const Tensor& t, int64_t dim) {
    dim = wrap_dim(dim, t.dim());
    length = t.dim() == 0 ? 1 : t.sizes()[dim];
    stride = t.dim() == 0 ? 1 : t.strides()[dim];
    for (int64_t d = 0; d < t.dim(); ++d) {
      if (d == dim) continue;
      sizes.push_back(t.sizes()[d]);
      strides.push_back(t.strides()[d]);
      count *= t.sizes()[d];
    }
  }
  // Of a tensor that has lost the dimension or keeps it with size 1.
  static Rows reduced(const Tensor& t, int64_t dim, int64_t ndim) {
    if (t.dim() == ndim) return Rows(t, dim);
    Rows r(t);
    return r;
  }
  int64_t offset(int64_t row) const {
    int64_t at = 0;
    for (size_t d = sizes.size(); d-- > 0; row /= sizes[d]) at += row % sizes[d] * strides[d];
    return at;
  }

private:
  explicit Rows(const Tensor& t) : length(1), stride(0) {
    for (int64_t d = 0; d < t.dim(); ++d) {
      sizes.push_back(t.sizes()[d]);
      strides.push_back(t.strides()[d]);
      count *= t.sizes()[d];
    }
  }
};

// Keys of a row; descending order by inverting them.
template <class T> void make_keys(const T* from, int64_t stride, int64_t n, bool descending, KeyOf<T>* keys) {
  using K = KeyOf<T>;
  const K flip = descending ? static_cast<K>(~K{0}) : K{0};
  if (stride == 1)
    for (int64_t i = 0; i < n; ++i) keys[i] = static_cast<K>(key_of(from[i]) ^ flip);
  else
    for (int64_t i = 0; i < n; ++i) keys[i] = static_cast<K>(key_of(from[i * stride]) ^ flip);
}

} // namespace
} // namespace torch::TORCH_ISA
