// Distinct values, places in sorted sequences, counts of integers.
#include "kernels/cpu/reduce_lanes.h"
#include "kernels/cpu/sort_keys.h"
#include "kernels/create_kernels.h"
#include "kernels/index_kernels.h"

#include <bit>
#include <cmath>
#include <tuple>
#include <vector>

namespace torch::TORCH_ISA {
namespace {

Tensor packed(const Tensor& t) {
  if (t.is_contiguous()) return t;
  const Tensor to = empty_tensor(t.sizes(), t.dtype());
  copy(to, t);
  return to;
}

Tensor filled(int64_t n, DType dtype) { // with zeros
  const Tensor t = empty_tensor(IntSpan(&n, 1), dtype);
  if (n > 0) std::memset(t.data(), 0, static_cast<size_t>(t.nbytes()));
  return t;
}

} // namespace

// The distinct values in order (the first of equal ones; every NaN is one of its own), for each element of
// self the place of its value, and how often each occurs. What is not asked for comes empty.
std::tuple<Tensor, Tensor, Tensor> unique(const Tensor& self, bool return_inverse, bool return_counts) {
  const int64_t n = self.numel();
  const Tensor source = packed(self);
  const Tensor inverse =
      return_inverse ? empty_tensor(self.sizes(), DType::Int64) : empty_tensor(DimVec{0}, DType::Int64);
  if (n == 0) return {empty_tensor(DimVec{0}, self.dtype()), inverse, empty_tensor(DimVec{0}, DType::Int64)};
  return visit_real("unique", self.dtype(), [&](auto tag) -> std::tuple<Tensor, Tensor, Tensor> {
    using T = typename decltype(tag)::type;
    constexpr auto nan = std::numeric_limits<KeyOf<T>>::max();
    const T* const from = source.data<T>();
    KeyRow<KeyOf<T>> row(n);
    make_keys(from, 1, n, false, row.keys());
    row.scan();
    Tensor values, counts = empty_tensor(DimVec{0}, DType::Int64);
    row.sorted([&](auto* items) {
      const auto starts = [&](int64_t i) { // a new value
        const auto key = row.key(items[i]);
        return i == 0 || key != row.key(items[i - 1]) || (!std::is_integral_v<T> && key == nan);
      };
      int64_t distinct = 0;
      for (int64_t i = 0; i < n; ++i) distinct += starts(i);
      values = empty_tensor(DimVec{distinct}, self.dtype());
      if (return_counts) counts = empty_tensor(DimVec{distinct}, DType::Int64);
      int64_t at = -1;
      for (int64_t i = 0; i < n; ++i) {
        const int64_t index = row.index(items[i]);
        if (starts(i)) {
          values.data<T>()[++at] = from[index];
          if (return_counts) counts.data<int64_t>()[at] = 0;
        }
        if (return_counts) ++counts.data<int64_t>()[at];
        if (return_inverse) inverse.data<int64_t>()[index] = at;
      }
    });
    return {values, inverse, counts};
  });
}

namespace {

// Places of n values in one sorted row, several at a time: the steps of one search wait for each other, and a
// branch would be guessed wrongly every other time. A NaN makes comparisons fail: the search goes right.
template <bool kRight, class T, class I>
void search_row(const T* row, int64_t length, const T* wanted, int64_t n, I* places) {
  constexpr int kTogether = 8;
  const int sure_steps = std::bit_width(static_cast<uint64_t>(length) + 1) - 1; // no search ends before
  const auto left_of = [row](int64_t middle, T v) { return kRight ? row[middle] > v : row[middle] >= v; };
  for (int64_t first = 0; first < n; first += kTogether) {
    const int count = static_cast<int>(std::min<int64_t>(kTogether, n - first));
    T v[kTogether];
    for (int k = 0; k < kTogether; ++k) v[k] = wanted[first + std::min(k, count - 1)];
    if (first > 0) {
      const int64_t place = static_cast<int64_t>(places[first - 1]);
      bool same = true;
      for (int k = 0; place > 0 && k < kTogether; ++k) same &= !left_of(place - 1, v[k]);
      for (int k = 0; place < length && k < kTogether; ++k) same &= left_of(place, v[k]);
      if (same) {
        std::fill_n(places + first, count, static_cast<I>(place));
        continue;
      }
    }
    int64_t low[kTogether], high[kTogether];
    for (int k = 0; k < kTogether; ++k) {
      low[k] = 0;
      high[k] = length;
    }
    for (int step = 0; step < sure_steps; ++step)
#pragma GCC unroll 8
      for (int k = 0; k < kTogether; ++k) {
        const int64_t middle = (low[k] + high[k]) / 2;
        const int64_t found = -int64_t{left_of(middle, v[k])}; // all bits: a choice would become a branch
        high[k] += (middle - high[k]) & found;
        low[k] += (middle + 1 - low[k]) & ~found;
      }
    for (int k = 0; k < count; ++k) {
      if (low[k] < high[k] && !left_of(low[k], v[k])) ++low[k];
      places[first + k] = static_cast<I>(low[k]);
    }
  }
}

} // namespace

// For each element of self the first place in the sorted row where it could stand (the last with `right`).
// The sequence is one row, or has a row for each row of self.
void searchsorted(const Tensor& out, const Tensor& sorted_sequence, const Tensor& self, bool right) {
  if (out.numel() == 0) return;
  const Tensor sequence = packed(sorted_sequence), values = packed(self);
  const Tensor result =
      out.is_contiguous() && out.dtype() == DType::Int64 ? out : empty_tensor(out.sizes(), DType::Int64);
  const int64_t length = sequence.dim() == 0 ? 1 : sequence.size(-1);
  const int64_t per_row = sequence.dim() > 1 ? values.size(-1) : values.numel();
  visit_real("searchsorted", sequence.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const rows = sequence.data<T>();
    const T* const wanted = values.data<T>();
    int64_t* const places = result.data<int64_t>();
    parallel_for(0, values.numel(), 2048, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last;) {
        const int64_t row = i / per_row, end = std::min(last, (row + 1) * per_row);
        if (right)
          search_row<true>(rows + row * length, length, wanted + i, end - i, places + i);
        else
          search_row<false>(rows + row * length, length, wanted + i, end - i, places + i);
        i = end;
      }
    });
  });
  if (result.data() != out.data()) copy(out, result);
}

namespace {

// Adds up how often each bin is met: bin_of(i) for i < n. An increment waits for the one before of the same
// bin, so that elements take turns with four rows of counts where those are small beside the data.
template <class BinOf> void count_bins(int64_t* counts, int64_t bins, int64_t n, const BinOf& bin_of) {
  int64_t i = 0;
  if (bins <= 4096 && n >= 4 * bins) {
    std::vector<int64_t> more(static_cast<size_t>(3 * bins), 0);
    int64_t *const second = more.data(), *const third = second + bins, *const fourth = third + bins;
    for (; i + 4 <= n; i += 4) {
      ++counts[bin_of(i)];
      ++second[bin_of(i + 1)];
      ++third[bin_of(i + 2)];
      ++fourth[bin_of(i + 3)];
    }
    for (int64_t b = 0; b < bins; ++b) counts[b] += second[b] + third[b] + fourth[b];
  }
  for (; i < n; ++i) ++counts[bin_of(i)];
}

// Smallest and largest of n >= 1 integers, by registers where these hold their type.
template <class T> std::pair<T, T> extremes(const T* x, int64_t n) {
  T low = x[0], high = x[0];
  if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, int32_t>) {
    Lanes<MinJoin, T, T>::run(&low, x, n, nullptr);
    Lanes<MaxJoin, T, T>::run(&high, x, n, nullptr);
  } else {
    for (int64_t i = 1; i < n; ++i) {
      low = std::min(low, x[i]);
      high = std::max(high, x[i]);
    }
  }
  return {low, high};
}

} // namespace

// How often 0, 1 ... occur, or the sums of their weights (made in double; float32 weights give a float32
// result).
Tensor bincount(const Tensor& self, const Tensor& weights, int64_t minlength) {
  check(minlength >= 0, "minlength should be >= 0");
  const int64_t n = self.numel();
  if (self.dim() == 1 && n == 0) return filled(minlength, DType::Int64);
  check(self.dim() == 1, "bincount only supports 1-d non-negative integral inputs.");
  check(!weights.defined() || (weights.dim() == 1 && weights.numel() == n),
        "weights should be 1-d and have the same length as input");
  check_kind(ErrorKind::NotImplemented, is_integral(self.dtype()), "\"bincount_cpu\" not implemented for '",
             dtype_aten_name(self.dtype()), "': it takes integer tensors");
  const Tensor source = packed(self);
  return visit_real("bincount", self.dtype(), [&](auto tag) -> Tensor {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) {
      const T* const from = source.data<T>();
      const auto [low, high] = extremes(from, n);
      check(!(low < T(0)), "bincount only supports 1-d non-negative integral inputs.");
      const int64_t bins = std::max(static_cast<int64_t>(high) + 1, minlength);
      if (!weights.defined()) {
        const Tensor out = filled(bins, DType::Int64);
        count_bins(out.data<int64_t>(), bins, n, [from](int64_t i) { return static_cast<int64_t>(from[i]); });
        return out;
      }
      const Tensor sums = filled(bins, DType::Float64);
      const auto add_up = [&](const auto* weight) {
        double* const to = sums.data<double>();
        for (int64_t i = 0; i < n; ++i) to[static_cast<int64_t>(from[i])] += static_cast<double>(weight[i]);
      };
      if (weights.dtype() == DType::Float32 && weights.is_contiguous()) {
        add_up(weights.data<float>());
      } else {
        const Tensor wide = empty_tensor(weights.sizes(), DType::Float64);
        copy(wide, weights);
        add_up(wide.data<double>());
      }
      if (weights.dtype() != DType::Float32) return sums;
      const Tensor out = empty_tensor(sums.sizes(), DType::Float32);
      copy(out, sums);
      return out;
    } else {
      fail_dtype("bincount", self.dtype());
    }
  });
}

} // namespace torch::TORCH_ISA
