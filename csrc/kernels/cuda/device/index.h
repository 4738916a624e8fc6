// Reading and writing at indices, a thread for each element: gather and scatter in all their forms.
//
// NAME_V_S: elements are held as S and joined as V; what only moves takes an integer type of the same width.
#pragma once

#include "kernels/cuda/device/atomic.h"
#include "kernels/cuda/device/index_args.h"
#include "kernels/cuda/device/walk.h"

namespace torch::TORCH_ISA {

// What is done with the element of self and that of other.
template <class V, class S> struct IndexRead {
  static TORCH_INLINE void run(S* self, S* other, const cuda::IndexArgs&) { *other = *self; }
};
template <class V, class S> struct IndexWrite { // repeated indices: one of the values stays
  static TORCH_INLINE void run(S* self, S* other, const cuda::IndexArgs&) { *self = *other; }
};
// What is added for one element.
template <class V, class S> TORCH_INLINE V scaled_value(const S* other, const cuda::IndexArgs& args) {
  const V value = convert<V>(*other);
  if constexpr (kIsComplex<V>)
    return value * V(static_cast<typename RealOf<V>::type>(args.scale[0]),
                     static_cast<typename RealOf<V>::type>(args.scale[1]));
  else if constexpr (std::is_integral_v<V>)
    return fused(value, static_cast<V>(args.whole_scale), V(0));
  else
    return value * static_cast<V>(args.scale[0]);
}
template <class V, class S> struct IndexAdd {
  static TORCH_INLINE void run(S* self, S* other, const cuda::IndexArgs& args) {
    add_to(self, scaled_value<V>(other, args));
  }
};
template <class V, class S> struct IndexMul {
  static TORCH_INLINE void run(S* self, S* other, const cuda::IndexArgs&) {
    const V value = convert<V>(*other);
    update(self, [=](S old) { return convert<S>(V(convert<V>(old) * value)); });
  }
};
template <class V, class S> struct IndexAmax {
  static TORCH_INLINE void run(S* self, S* other, const cuda::IndexArgs&) {
    const V value = convert<V>(*other);
    update(self, [=](S old) { return convert<S>(maximum_(convert<V>(old), value)); });
  }
};
template <class V, class S> struct IndexAmin {
  static TORCH_INLINE void run(S* self, S* other, const cuda::IndexArgs&) {
    const V value = convert<V>(*other);
    update(self, [=](S old) { return convert<S>(minimum_(convert<V>(old), value)); });
  }
};

// The index as it counts from the beginning; -1 and a report where it is out of range.
TORCH_INLINE int64_t checked_index(const cuda::IndexArgs& args, const void* at) {
  const int64_t index = load_as<int64_t>(args.index_type, at);
  const int64_t wrapped = index < 0 && args.wraps ? index + args.size : index;
  if (wrapped >= 0 && wrapped < args.size) return wrapped;
  report(Failed::IndexRange, index, args.size);
  return -1;
}

TORCH_INLINE void index_keys(const cuda::IndexSumsArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kEachThreads + threadIdx.x;
  if (i >= args.elements.n) return;
  int64_t at[3];
  find_place(args.elements.places, i, at);
  const int64_t position =
      checked_index(args.elements, static_cast<const char*>(args.elements.index) + at[2]);
  args.keys[i] = position < 0 ? -1 : at[1] + position * args.elements.stride;
}
// The thread at the beginning of a run has all of it.
template <class V, class S> TORCH_INLINE void index_sums(const cuda::IndexSumsArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kEachThreads + threadIdx.x, n = args.elements.n;
  if (i >= n) return;
  const int64_t key = args.keys[i];
  if (key < 0 || (i > 0 && args.keys[i - 1] == key)) return;
  S* const self = reinterpret_cast<S*>(static_cast<char*>(args.elements.self) + key);
  V sum = convert<V>(*self);
  for (int64_t k = i; k < n && args.keys[k] == key; ++k) {
    int64_t at[3];
    find_place(args.elements.places, args.order[k], at);
    sum = sum +
          scaled_value<V>(reinterpret_cast<const S*>(static_cast<const char*>(args.elements.other) + at[0]),
                          args.elements);
  }
  *self = convert<S>(sum);
}

template <template <class, class> class Op, class V, class S>
TORCH_INLINE void index(const cuda::IndexArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kEachThreads + threadIdx.x;
  if (i >= args.n) return;
  int64_t at[3];
  find_place(args.places, i, at);
  const int64_t position = checked_index(args, static_cast<const char*>(args.index) + at[2]);
  if (position < 0) return;
  Op<V, S>::run(reinterpret_cast<S*>(static_cast<char*>(args.self) + at[1] + position * args.stride),
                reinterpret_cast<S*>(static_cast<char*>(args.other) + at[0]), args);
}

// other += the offset in self that the index stands for, for indexing by several tensors.
template <class V> TORCH_INLINE void index_offsets(const cuda::IndexArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kEachThreads + threadIdx.x;
  if (i >= args.n) return;
  int64_t at[3];
  find_place(args.places, i, at);
  const int64_t position = checked_index(args, static_cast<const char*>(args.index) + at[2]);
  *reinterpret_cast<V*>(static_cast<char*>(args.other) + at[0]) +=
      (position < 0 ? 0 : position) * args.stride;
}

// Elements that follow from where they stand.
template <class V, class S> struct Keep { // a part of a matrix, zero elsewhere
  static TORCH_INLINE void run(char* out, const char* in, int64_t pattern, const cuda::PatternArgs& args) {
    const bool keep = args.keep_below ? pattern <= args.bound : pattern >= args.bound;
    *reinterpret_cast<S*>(out) = keep ? *reinterpret_cast<const S*>(in) : S(0);
  }
};
template <class V, class S> struct Arange {
  static TORCH_INLINE void run(char* out, const char*, int64_t i, const cuda::PatternArgs& args) {
    if constexpr (std::is_integral_v<V>)
      store_as(args.out_type, out, fused(V(args.whole_by), V(i), V(args.whole_from)));
    else
      store_as(args.out_type, out, V(args.from + args.by * double(i)));
  }
};
// From both ends to the middle.
template <class V, class S> struct Linspace {
  static TORCH_INLINE void run(char* out, const char*, int64_t i, const cuda::PatternArgs& args) {
    const V by = V(args.by);
    const int64_t back = args.n - 1 - i;
    store_as(args.out_type, out,
             i < args.n / 2 ? fused(by, V(i), V(args.from)) : fused(-by, V(back), V(args.to)));
  }
};

template <template <class, class> class Op, class V, class S>
TORCH_INLINE void pattern(const cuda::PatternArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kEachThreads + threadIdx.x;
  if (i >= args.n) return;
  int64_t at[3];
  find_place(args.places, i, at);
  Op<V, S>::run(static_cast<char*>(args.out) + at[0], static_cast<const char*>(args.in) + at[1], at[2], args);
}

// in: running sums of flags; where it steps up, an element is one of those that are looked for.
TORCH_INLINE void compact(const cuda::PatternArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kEachThreads + threadIdx.x;
  if (i >= args.n) return;
  const int64_t* const sums = static_cast<const int64_t*>(args.in);
  if (sums[i] != (i == 0 ? 0 : sums[i - 1])) static_cast<int64_t*>(args.out)[sums[i] - 1] = i;
}

} // namespace torch::TORCH_ISA

#define TORCH_INDEX(name, Op, V, S)                                                                          \
  TORCH_KERNEL(name, torch::cuda::kEachThreads, torch::cuda::IndexArgs) {                                    \
    using namespace torch::TORCH_ISA;                                                                        \
    index<Op, V, S>(args);                                                                                   \
  }
#define TORCH_INDEX_KEYS(name, Op, V, S)                                                                     \
  TORCH_KERNEL(name, torch::cuda::kEachThreads, torch::cuda::IndexSumsArgs) {                                \
    torch::TORCH_ISA::index_keys(args);                                                                      \
  }
#define TORCH_INDEX_SUMS(name, Op, V, S)                                                                     \
  TORCH_KERNEL(name, torch::cuda::kEachThreads, torch::cuda::IndexSumsArgs) {                                \
    using namespace torch::TORCH_ISA;                                                                        \
    index_sums<V, S>(args);                                                                                  \
  }
#define TORCH_INDEX_OFFSETS(name, Op, V, S)                                                                  \
  TORCH_KERNEL(name, torch::cuda::kEachThreads, torch::cuda::IndexArgs) {                                    \
    torch::TORCH_ISA::index_offsets<V>(args);                                                                \
  }
#define TORCH_PATTERN(name, Op, V, S)                                                                        \
  TORCH_KERNEL(name, torch::cuda::kEachThreads, torch::cuda::PatternArgs) {                                  \
    using namespace torch::TORCH_ISA;                                                                        \
    pattern<Op, V, S>(args);                                                                                 \
  }
#define TORCH_COMPACT(name, Op, V, S)                                                                        \
  TORCH_KERNEL(name, torch::cuda::kEachThreads, torch::cuda::PatternArgs) { torch::TORCH_ISA::compact(args); }
