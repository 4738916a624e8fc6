// Distinct values, places in sorted sequences, counts of integers and histograms.
#include "kernels/cpu/sort_keys.h"
#include "kernels/create_kernels.h"
#include "kernels/index_kernels.h"

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

// For each element of self the first place in the sorted row where it could stand (the last with `right`).
// The sequence is one row, or has a row for each row of self. Where NaN makes comparisons fail, the search
// goes right.
void searchsorted(const Tensor& out, const Tensor& sorted_sequence, const Tensor& self, bool right) {
  if (out.numel() == 0) return;
  const Tensor sequence = packed(sorted_sequence), values = packed(self);
  const bool packed_out = out.is_contiguous();
  const Tensor result = packed_out ? out : empty_tensor(out.sizes(), out.dtype());
  const int64_t length = sequence.dim() == 0 ? 1 : sequence.size(-1);
  const int64_t per_row = sequence.dim() > 1 ? values.size(-1) : values.numel();
  visit_real("searchsorted", sequence.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    visit_index("searchsorted", out.dtype(), [&](auto index_tag) {
      using I = typename decltype(index_tag)::type;
      const T* const rows = sequence.data<T>();
      const T* const wanted = values.data<T>();
      I* const places = result.data<I>();
      parallel_for(0, values.numel(), 2048, [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
          const T* const row = rows + i / per_row * length;
          const T v = wanted[i];
          int64_t low = 0, high = length;
          while (low < high) {
            const int64_t middle = (low + high) / 2;
            const bool found = right ? row[middle] > v : row[middle] >= v;
            if (found)
              high = middle;
            else
              low = middle + 1;
          }
          places[i] = static_cast<I>(low);
        }
      });
    });
  });
  if (!packed_out) copy(out, result);
}

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
      T low = from[0], high = from[0];
      for (int64_t i = 0; i < n; ++i) {
        low = std::min(low, from[i]);
        high = std::max(high, from[i]);
      }
      check(!(low < T(0)), "bincount only supports 1-d non-negative integral inputs.");
      const int64_t bins = std::max(static_cast<int64_t>(high) + 1, minlength);
      if (!weights.defined()) {
        const Tensor out = filled(bins, DType::Int64);
        auto* const to = out.data<int64_t>();
        for (int64_t i = 0; i < n; ++i) ++to[static_cast<int64_t>(from[i])];
        return out;
      }
      const Tensor wide = empty_tensor(weights.sizes(), DType::Float64);
      copy(wide, weights);
      const Tensor sums = filled(bins, DType::Float64);
      for (int64_t i = 0; i < n; ++i)
        sums.data<double>()[static_cast<int64_t>(from[i])] += wide.data<double>()[i];
      if (weights.dtype() != DType::Float32) return sums;
      const Tensor out = empty_tensor(sums.sizes(), DType::Float32);
      copy(out, sums);
      return out;
    } else {
      fail_dtype("bincount", self.dtype());
    }
  });
}

// Counts of the elements in out.numel() equal bins from min to max, the last one closed; others and NaN are
// left out. min = max takes the range of the data.
void histc(const Tensor& out, const Tensor& self, double min, double max) {
  const Tensor source = packed(self);
  const int64_t n = self.numel(), bins = out.numel();
  visit_floating("histc", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const T* const from = source.data<T>();
    auto low = static_cast<Wide>(min), high = static_cast<Wide>(max);
    if (low == high && n > 0) {
      low = std::numeric_limits<Wide>::infinity();
      high = -low;
      for (int64_t i = 0; i < n; ++i) {
        const auto v = static_cast<Wide>(from[i]);
        low = v != v || v < low ? v : low;
        high = v != v || v > high ? v : high;
      }
    }
    if (low == high) {
      low -= 1;
      high += 1;
    }
    check(std::isfinite(low) && std::isfinite(high), "torch.histc: range of [", low, ", ", high,
          "] is not finite");
    check(low < high, "torch.histc: max must be larger than min");
    std::vector<int64_t> counts(static_cast<size_t>(bins), 0);
    const Wide range = high - low;
    for (int64_t i = 0; i < n; ++i) {
      const auto v = static_cast<Wide>(from[i]);
      if (!(v >= low && v <= high)) continue;
      const auto bin = std::min(static_cast<int64_t>((v - low) * static_cast<Wide>(bins) / range), bins - 1);
      ++counts[static_cast<size_t>(bin)];
    }
    T* const to = out.data<T>();
    const int64_t stride = out.dim() == 0 ? 1 : out.stride(0);
    for (int64_t b = 0; b < bins; ++b) to[b * stride] = T(static_cast<Wide>(counts[static_cast<size_t>(b)]));
  });
}

} // namespace torch::TORCH_ISA
