// Sorting lines, by Batcher's bitonic network: every step compares items a power of two apart, those less
// than a block apart in shared memory. Items carry their place, which decides between equal values: the order
// is stable. NaN is the greatest.
#pragma once

#include "kernels/cuda/device/element.h"
#include "kernels/cuda/device/index_args.h"
#include "kernels/cuda/device/sort_args.h"
#include "kernels/cuda/device/walk.h"

namespace torch::TORCH_ISA {

template <class V> struct SortItem {
  V value;
  int64_t index; // below 0: fills up the line, and comes last
};

template <class V> TORCH_INLINE bool comes_before(SortItem<V> a, SortItem<V> b, bool descending) {
  if (a.index < 0 || b.index < 0) return a.index >= 0 && b.index < 0;
  const bool a_nan = a.value != a.value, b_nan = b.value != b.value;
  if (a_nan != b_nan) return a_nan == descending;
  if (a_nan || a.value == b.value) return a.index < b.index;
  return (a.value < b.value) != descending;
}
// Puts the two in order, forwards or backwards as the merging of `length` wants it here.
template <class V>
TORCH_INLINE void exchange(SortItem<V>& a, SortItem<V>& b, int64_t place, int64_t length,
                           const cuda::SortArgs& args) {
  const bool backwards = (place & (args.padded - 1) & length) != 0;
  if (comes_before(b, a, args.descending) == backwards) return;
  const SortItem<V> kept = a;
  a = b;
  b = kept;
}

template <class V> TORCH_INLINE void sort(const cuda::SortArgs& args) {
  using cuda::SortPhase;
  using Item = SortItem<V>;
  Item* const items = static_cast<Item*>(args.items);
  const int64_t threads = blockDim.x;

  if (args.phase == SortPhase::Within) {
    __shared__ Item shared[cuda::kSortBlock];
    const int64_t base = int64_t(blockIdx.x) * 2 * threads;
    for (int64_t i = threadIdx.x; i < 2 * threads; i += threads)
      if (base + i < args.total) shared[i] = items[base + i];
    __syncthreads();
    for (int64_t length = args.from; length <= args.to; length *= 2)
      for (int64_t apart = length / 2 < threads ? length / 2 : threads; apart > 0; apart /= 2) {
        const int64_t i = threadIdx.x / apart * 2 * apart + threadIdx.x % apart;
        if (base + i + apart < args.total) exchange(shared[i], shared[i + apart], base + i, length, args);
        __syncthreads();
      }
    for (int64_t i = threadIdx.x; i < 2 * threads; i += threads)
      if (base + i < args.total) items[base + i] = shared[i];
    return;
  }

  const int64_t i = int64_t(blockIdx.x) * threads + threadIdx.x;
  int64_t at[3];
  if (args.phase == SortPhase::Across) {
    const int64_t place = i / args.apart * 2 * args.apart + i % args.apart;
    if (place + args.apart < args.total)
      exchange(items[place], items[place + args.apart], place, args.from, args);
    return;
  }
  if (args.phase == SortPhase::Load) {
    if (i >= args.total) return;
    const int64_t line = i / args.padded, index = i % args.padded;
    find_place(args.places, line, at);
    Item item{V(0), -1};
    if (index < args.n)
      item = {load_as<V>(args.in_type, static_cast<const char*>(args.in) + at[2] + index * args.step[2]),
              index};
    items[i] = item;
    return;
  }
  if (i >= args.lines * args.count) return;
  const int64_t line = i / args.count, index = i % args.count;
  find_place(args.places, line, at);
  const Item* const own = items + line * args.padded;
  int64_t from = args.first + index;
  if (args.phase == SortPhase::Median && own[args.n - 1].value != own[args.n - 1].value) { // the first NaN
    int64_t low = 0, high = args.n - 1;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (own[middle].value != own[middle].value)
        high = middle;
      else
        low = middle + 1;
    }
    from = low;
  }
  store_as(args.out_type, static_cast<char*>(args.values) + at[0] + index * args.step[0], own[from].value);
  *reinterpret_cast<int64_t*>(static_cast<char*>(args.indices) + at[1] + index * args.step[1]) =
      own[from].index;
}

template <class V> TORCH_INLINE void search(const cuda::SearchArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kEachThreads + threadIdx.x;
  if (i >= args.n) return;
  const V wanted = static_cast<const V*>(args.wanted)[i];
  const V* const row = static_cast<const V*>(args.rows) + i / args.per_row * args.length;
  int64_t low = 0, high = args.length;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    const bool left = args.right ? row[middle] > wanted : row[middle] >= wanted;
    if (left)
      high = middle;
    else
      low = middle + 1;
  }
  static_cast<int64_t*>(args.out)[i] = low;
}

} // namespace torch::TORCH_ISA

#define TORCH_SORT(name, Op, V)                                                                              \
  TORCH_KERNEL(name, torch::cuda::kSortThreads, torch::cuda::SortArgs) { torch::TORCH_ISA::sort<V>(args); }
#define TORCH_SEARCH(name, Op, V)                                                                            \
  TORCH_KERNEL(name, torch::cuda::kEachThreads, torch::cuda::SearchArgs) {                                   \
    torch::TORCH_ISA::search<V>(args);                                                                       \
  }
