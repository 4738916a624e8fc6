// Bags of rows of a table: a thread for each column of a bag, which goes through the rows in order. The limit
// on rows' norms: some threads for each row.
#pragma once

#include "kernels/cuda/device/bag_args.h"
#include "kernels/cuda/device/lines.h"

namespace torch::TORCH_ISA {

TORCH_INLINE int64_t index_in(const cuda::BagArgs& args, const void* list, int64_t i) {
  return args.index_type == DType::Int64 ? static_cast<const int64_t*>(list)[i]
                                         : static_cast<const int32_t*>(list)[i];
}
TORCH_INLINE void set_index(const cuda::BagArgs& args, void* list, int64_t i, int64_t value) {
  if (args.index_type == DType::Int64)
    static_cast<int64_t*>(list)[i] = value;
  else
    static_cast<int32_t*>(list)[i] = static_cast<int32_t>(value);
}
TORCH_INLINE int64_t bag_start(const cuda::BagArgs& args, int64_t bag) { // never beyond the list
  if (bag == args.bags && !args.last_offset) return args.named;
  const int64_t start = index_in(args, args.starts, bag);
  return start < 0 ? 0 : start > args.named ? args.named : start;
}

// A thread for each index and each offset: the bags of the indices, and whether both are as they must be.
TORCH_INLINE void find_bags(const cuda::BagArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kBagThreads + threadIdx.x;
  if (i < args.offsets) {
    const int64_t start = index_in(args, args.starts, i);
    const int64_t before = i == 0 ? 0 : index_in(args, args.starts, i - 1);
    if (start < before || (i == 0 && start != 0)) report(Failed::IndexRange, start, before);
    if (start > args.named) report(Failed::IndexRange, start, args.named + 1);
  }
  if (i >= args.named) return;
  const int64_t row = index_in(args, args.list, i);
  if (row < 0 || row >= args.rows) report(Failed::IndexRange, row, args.rows);
  int64_t low = 0, high = args.bags; // the first bag that starts after i
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (bag_start(args, middle) <= i)
      low = middle + 1;
    else
      high = middle;
  }
  const bool in_bag = low > 0 && i < bag_start(args, low);
  set_index(args, args.bag_of, i, in_bag ? low - 1 : args.bags);
}

template <class V, class S> struct Bag {
  static TORCH_INLINE void run(const cuda::BagArgs& args) {
    const int64_t i = int64_t(blockIdx.x) * cuda::kBagThreads + threadIdx.x;
    const int64_t columns = args.width > 0 ? args.width : 1, bag = i / columns, column = i - bag * columns;
    if (bag >= args.bags) return;
    const bool largest = args.mode == cuda::Bagged::Max;
    V sum(0);
    int64_t count = 0, place = 0;
    const int64_t end = bag_start(args, bag + 1);
    for (int64_t k = bag_start(args, bag); k < end; ++k) {
      const int64_t row = index_in(args, args.list, k);
      if (row == args.padding) continue;
      ++count;
      if (args.width == 0 || row < 0 || row >= args.rows) continue; // reported by find_bags
      const V value = convert<V>(static_cast<const S*>(args.table)[row * args.width + column]);
      if (!largest) {
        sum += args.factors ? convert<V>(static_cast<const S*>(args.factors)[k]) * value : value;
      } else if (count == 1 || value > sum) {
        sum = value;
        place = row;
      }
    }
    if (column == 0) set_index(args, args.bag_size, bag, count);
    if (args.width == 0) return;
    if (args.mode == cuda::Bagged::Mean && count > 0) sum /= V(count);
    static_cast<S*>(args.out)[i] = convert<S>(sum);
    if (largest) set_index(args, args.places, i, place);
  }
};

// Norms in double.
template <class V, class S> struct Renorm {
  static TORCH_INLINE double joined(double a, double b, double power) {
    if (isinf_(power)) return power > 0 ? maximum_(a, b) : minimum_(a, b);
    return a + b;
  }
  static TORCH_INLINE void run(const cuda::RenormArgs& args) {
    __shared__ double shared[cuda::kLinesThreads];
    const Team team(args.shape);
    const double power = args.power;
    const int64_t row = team.has_line ? args.list[team.line] : 0;
    const bool known = row >= 0 && row < args.rows;
    if (team.has_line && !known) report(Failed::IndexRange, row, args.rows);
    const bool works = team.has_line && known;
    S* const line = static_cast<S*>(args.table) + (known ? row : 0) * args.row_step;
    const bool least = isinf_(power) && power < 0;
    double norm = least ? std::numeric_limits<double>::infinity() : 0;
    for (int64_t j = team.lane; works && j < args.shape.n; j += team.lanes) {
      const V value = convert<V>(line[j * args.step]);
      double size;
      if constexpr (kIsComplex<V>)
        size = hypot_(double(value.re), double(value.im));
      else
        size = abs_(double(value));
      const double part = power == 2                    ? size * size
                          : power == 0                  ? double(size != 0)
                          : isinf_(power) || power == 1 ? size
                                                        : pow_(size, power);
      norm = joined(norm, part, power);
    }
    norm = team.join(norm, shared, [=](double a, double b) { return joined(a, b, power); });
    if (power == 2)
      norm = sqrt_(norm);
    else if (power != 1 && power != 0 && !isinf_(power))
      norm = pow_(norm, 1 / power);
    if (!works || norm <= args.limit) return;
    const double scale = args.limit / (norm + 1e-7); // keeps the new norm on this side of the limit
    for (int64_t j = team.lane; j < args.shape.n; j += team.lanes) {
      S& element = line[j * args.step];
      using R = typename RealOf<V>::type;
      if constexpr (kIsComplex<V>)
        element = S(element.re * R(scale), element.im * R(scale));
      else
        element = convert<S>(convert<V>(element) * R(scale));
    }
  }
};

} // namespace torch::TORCH_ISA

#define TORCH_FIND_BAGS(name, Op, V)                                                                         \
  TORCH_KERNEL(name, torch::cuda::kBagThreads, torch::cuda::BagArgs) { torch::TORCH_ISA::find_bags(args); }
#define TORCH_BAG(name, Op, V, S)                                                                            \
  TORCH_KERNEL(name, torch::cuda::kBagThreads, torch::cuda::BagArgs) {                                       \
    using namespace torch::TORCH_ISA;                                                                        \
    Op<V, S>::run(args);                                                                                     \
  }
#define TORCH_RENORM(name, Op, V, S)                                                                         \
  TORCH_KERNEL(name, torch::cuda::kLinesThreads, torch::cuda::RenormArgs) {                                  \
    using namespace torch::TORCH_ISA;                                                                        \
    Op<V, S>::run(args);                                                                                     \
  }
