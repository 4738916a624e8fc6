// The k greatest or smallest of a row, its k-th value, median and most frequent value. See Note [Sorting].
#include "kernels/cpu/sort_keys.h"
#include "kernels/index_kernels.h"

namespace torch::TORCH_ISA {
namespace {

// The k smallest of n keys, as positions in order (of key, then position), for k much smaller than n: a
// buffer of candidates below a bar that sinks whenever the buffer is full. Most blocks cost one comparison an
// element; in the others every key is written to the buffer's end, which moves on for those below the bar.
constexpr int64_t kSelectBlock = 32;
constexpr int64_t selection_room(int64_t k) { return 2 * k + 16 + kSelectBlock; }

template <class Item> Item make_item(uint64_t key, int64_t index) {
  if constexpr (std::is_same_v<Item, uint64_t>)
    return key << 32 | static_cast<uint64_t>(index);
  else
    return {key, index};
}
template <class Item> int64_t index_of(const Item& item) {
  if constexpr (std::is_same_v<Item, uint64_t>)
    return static_cast<int64_t>(item & 0xffffffffu);
  else
    return item.index;
}

// Whether one of a block's keys is below the bar.
template <class K> bool any_below(const K* keys, int64_t n, K bar) {
  K below = 0;
  if (n == kSelectBlock)
    for (int64_t i = 0; i < kSelectBlock; ++i) below |= static_cast<K>(keys[i] < bar);
  else
    for (int64_t i = 0; i < n; ++i) below |= static_cast<K>(keys[i] < bar);
  return below != 0;
}

// The same for very few of them, which are kept in order: each candidate moves up past the larger ones.
constexpr int64_t kVeryFew = 32;
template <class Item, class K, class Use>
void fewest_keys(const K* keys, int64_t n, int64_t k, Item* buffer, const Use& use) {
  K best[kVeryFew];
  int64_t place[kVeryFew], count = 0;
  for (int64_t start = 0; start < n; start += kSelectBlock) {
    const int64_t end = std::min(n, start + kSelectBlock);
    if (count == k && !any_below(keys + start, end - start, best[k - 1])) continue;
    for (int64_t i = start; i < end; ++i) {
      if (count == k && keys[i] >= best[k - 1]) continue;
      int64_t at = count < k ? count++ : k - 1;
      for (; at > 0 && best[at - 1] > keys[i]; --at) {
        best[at] = best[at - 1];
        place[at] = place[at - 1];
      }
      best[at] = keys[i];
      place[at] = i;
    }
  }
  for (int64_t i = 0; i < k; ++i) buffer[i] = make_item<Item>(best[i], place[i]);
  use(buffer);
}

template <class Item, class K, class Use>
void smallest_keys(const K* keys, int64_t n, int64_t k, Item* buffer, const Use& use) {
  if (k <= kVeryFew) return fewest_keys(keys, n, k, buffer, use);
  const int64_t full = selection_room(k) - kSelectBlock;
  int64_t count = 0;
  K bar = std::numeric_limits<K>::max();
  bool open = true; // no bar yet
  const auto sink = [&] {
    std::nth_element(buffer, buffer + k - 1, buffer + count);
    bar = keys[index_of(buffer[k - 1])];
    count = k;
    open = false;
  };
  for (int64_t start = 0; start < n; start += kSelectBlock) {
    const int64_t end = std::min(n, start + kSelectBlock);
    if (!open && !any_below(keys + start, end - start, bar)) continue; // an equal key comes after those here
    for (int64_t i = start; i < end; ++i) {
      buffer[count] = make_item<Item>(keys[i], i);
      count += open | (keys[i] < bar);
    }
    if (count >= full) sink();
  }
  sink();
  std::sort(buffer, buffer + k);
  use(buffer);
}

// For each row: pick(row) gives the position of the element whose value and position are the result.
template <class T, class Pick>
void reduce_rows(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim,
                 const Pick& pick) {
  const Rows from(self, dim);
  const Rows to = Rows::reduced(values, dim, self.dim()), at = Rows::reduced(indices, dim, self.dim());
  const int64_t n = from.length;
  if (n == 0 || from.count == 0) return;
  parallel_for(0, from.count, std::max<int64_t>(1, kGrain / 8 / n), [&](int64_t first, int64_t last) {
    KeyRow<KeyOf<T>> row(n);
    for (int64_t r = first; r < last; ++r) {
      const T* const source = self.data<T>() + from.offset(r);
      make_keys(source, from.stride, n, false, row.keys());
      const int64_t index = pick(row, n);
      values.data<T>()[to.offset(r)] = source[index * from.stride];
      indices.data<int64_t>()[at.offset(r)] = index;
    }
  });
}

template <class K> int64_t nth(KeyRow<K>& row, int64_t k) {
  int64_t index = 0;
  row.scan();
  row.selected(k, [&](auto* items) { index = row.index(items[k]); });
  return index;
}

} // namespace

// Always in order; equal values by position.
void topk(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t k, int64_t dim,
          bool largest, bool) {
  const Rows from(self, dim), to(values, dim), at(indices, dim);
  const int64_t n = from.length;
  if (k == 0 || n == 0 || from.count == 0) return;
  visit_real("topk", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(0, from.count, std::max<int64_t>(1, kGrain / 4 / n), [&](int64_t first, int64_t last) {
      const bool few = k <= n / 8;
      KeyRow<KeyOf<T>> row(n);
      const Scratch buffer(few ? static_cast<size_t>(selection_room(k)) * sizeof(WideItem) : 0);
      for (int64_t r = first; r < last; ++r) {
        const T* const source = self.data<T>() + from.offset(r);
        T* const target = values.data<T>() + to.offset(r);
        int64_t* const places = indices.data<int64_t>() + at.offset(r);
        make_keys(source, from.stride, n, largest, row.keys());
        const auto put = [&](int64_t i, int64_t index) {
          places[i * at.stride] = index;
          target[i * to.stride] = source[index * from.stride];
        };
        if (few) {
          const auto take = [&](const auto* items) {
            for (int64_t i = 0; i < k; ++i) put(i, index_of(items[i]));
          };
          if (sizeof(KeyOf<T>) <= 4 && n <= int64_t{1} << 32)
            smallest_keys(row.keys(), n, k, buffer.as<uint64_t>(), take);
          else
            smallest_keys(row.keys(), n, k, buffer.as<WideItem>(), take);
          continue;
        }
        row.scan();
        if (k > n / 2) {
          row.sorted([&](auto* items) {
            for (int64_t i = 0; i < k; ++i) put(i, row.index(items[i]));
          });
        } else {
          row.selected(k - 1, [&](auto* items) {
            std::sort(items, items + k);
            for (int64_t i = 0; i < k; ++i) put(i, row.index(items[i]));
          });
        }
      }
    });
  });
}

// k counts from 1. Of equal values the one that a stable sort puts there.
void kthvalue(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t k, int64_t dim) {
  visit_real("kthvalue", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    reduce_rows<T>(values, indices, self, dim, [&](auto& row, int64_t) { return nth(row, k - 1); });
  });
}

// The lower of the two middle values; the first NaN if there is one.
void median(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim) {
  visit_real("median", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    reduce_rows<T>(values, indices, self, dim, [](auto& row, int64_t n) {
      if constexpr (!std::is_integral_v<T>) {
        constexpr auto nan = std::numeric_limits<KeyOf<T>>::max();
        const auto* const keys = row.keys();
        const int64_t first = std::find(keys, keys + n, nan) - keys;
        if (first < n) return first;
      }
      return nth(row, (n - 1) / 2);
    });
  });
}

} // namespace torch::TORCH_ISA
