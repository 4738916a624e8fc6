// Random integers, permutations and draws from a table of weights.
#include "kernels/cpu/random_fill.h"
#include "kernels/random_kernels.h"

#include <cmath>
#include <limits>
#include <vector>

namespace torch::TORCH_ISA {
namespace {

template <class T> T from_int(int64_t value) {
  if constexpr (is_reduced_float(dtype_of<T>()))
    return T(static_cast<float>(value));
  else
    return static_cast<T>(value);
}

// Remainders of words by a divisor below 2^32, by way of an approximate quotient: vectorises, unlike a
// division.
struct Remainder {
  double divisor, inverse;
  explicit Remainder(uint64_t d) : divisor(static_cast<double>(d)), inverse(1.0 / static_cast<double>(d)) {}
  int64_t operator()(uint32_t word) const {
    const double x = word;
    double r = x - __builtin_floor(x * inverse) * divisor;
    r = r < 0 ? r + divisor : r;
    r = r >= divisor ? r - divisor : r;
    return static_cast<int64_t>(r);
  }
};

// The value next to x, up or down.
template <class T> T next_to(T x, bool up) {
  if constexpr (is_reduced_float(dtype_of<T>())) {
    x.bits =
        static_cast<uint16_t>(x.bits + ((static_cast<float>(x) > 0) == up ? 1 : -1)); // x is far from zero
    return x;
  } else {
    return std::nextafter(x, (up ? 1 : -1) * std::numeric_limits<T>::infinity());
  }
}

// A bound of draws that are rounded to the floating-point type T: where its inner neighbour rounds onto or
// past it, the next value inside takes its place, so that no draw leaves the bounds.
template <class T> int64_t rounded_bound(int64_t bound, bool lower) {
  const T inner = from_int<T>(lower ? bound + 1 : bound - 1);
  const double value = static_cast<double>(inner);
  const bool too_large = value >= 0x1p63; // for an int64_t
  const bool holds = lower ? too_large || static_cast<int64_t>(value) >= bound
                           : !too_large && static_cast<int64_t>(value) < bound;
  return holds ? bound : static_cast<int64_t>(static_cast<double>(next_to(inner, lower)));
}

} // namespace

// Integers in [from, to): a word modulo the range where that is below 2^28, else two words. `to` counts
// modulo 2^64: to == from means all 2^64 values.
void random_from_to(const Tensor& out, int64_t from, int64_t to, Generator* gen) {
  if (out.numel() == 0) return; // of any dtype
  visit_real("random_", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (is_floating(dtype_of<T>())) {
      const int64_t first = rounded_bound<T>(from, true), last = rounded_bound<T>(to, false);
      check(first < last,
            "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from=",
            from, " >= to=", to, " in ", out.dtype());
      from = first;
      to = last;
    }
    const uint64_t range = static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
    const auto base = static_cast<uint64_t>(from);
    if (range != 0 && range < uint64_t{1} << 28) {
      const Remainder remainder(range);
      fill_from_words<T, 1>(out, gen, false, [=](const uint32_t* w, T* v, int64_t n) {
        for (int64_t i = 0; i < n; ++i) v[i] = from_int<T>(static_cast<int64_t>(base) + remainder(w[i]));
      });
    } else {
      fill_from_words<T, 2>(out, gen, false, [=](const uint32_t* w, T* v, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          const uint64_t word = word64(w + 2 * i);
          v[i] = from_int<T>(static_cast<int64_t>(range ? base + word % range : word));
        }
      });
    }
  });
}

// All values >= 0 of an integer type; 0 ... 2^digits of a floating-point type.
void random_full(const Tensor& out, Generator* gen) {
  if (out.numel() == 0) return; // of any dtype
  visit_real("random_", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, int64_t>) {
      fill_from_words<T, 2>(out, gen, false, [](const uint32_t* w, T* v, int64_t n) {
        for (int64_t i = 0; i < n; ++i) v[i] = static_cast<int64_t>(word64(w + 2 * i) & INT64_MAX);
      });
    } else if constexpr (std::is_same_v<T, double>) {
      fill_from_words<T, 2>(out, gen, false, [](const uint32_t* w, T* v, int64_t n) {
        for (int64_t i = 0; i < n; ++i)
          v[i] = static_cast<double>(word64(w + 2 * i) % ((uint64_t{1} << 53) + 1));
      });
    } else if constexpr (std::is_integral_v<T>) {
      constexpr uint32_t mask =
          std::is_same_v<T, bool> ? 1u : static_cast<uint32_t>(std::numeric_limits<T>::max());
      fill_from_words<T, 1>(out, gen, false, [](const uint32_t* w, T* v, int64_t n) {
        for (int64_t i = 0; i < n; ++i) v[i] = static_cast<T>(w[i] & mask);
      });
    } else {
      constexpr int digits = std::is_same_v<T, float> ? 24 : std::is_same_v<T, Half> ? 11 : 8;
      const Remainder remainder((uint64_t{1} << digits) + 1);
      fill_from_words<T, 1>(out, gen, false, [=](const uint32_t* w, T* v, int64_t n) {
        for (int64_t i = 0; i < n; ++i) v[i] = from_int<T>(remainder(w[i]));
      });
    }
  });
}

// Fisher and Yates: position i takes the value at i + word % (n - i), for i = 0, 1 ... n - 2. From kWide on,
// where one word would favour some partners, the permutation is built inside out from n double words.
void randperm(const Tensor& out, int64_t n, Generator* gen) {
  constexpr int64_t kWide = 214748364; // (2^32 - 1) / 20
  constexpr int64_t kBlock = 1024;
  if (n == 0) return;
  visit_real("randperm", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const p = out.data<T>();
    const int64_t stride = out.strides()[0];
    Generator& g = generator_or_default(gen);
    const std::lock_guard lock(g.mutex());
    uint32_t words[2 * kBlock];
    int64_t partner[kBlock];
    // Partners first: the exchanges then find their memory on its way.
    if (n >= kWide) {
      for (int64_t done = 0; done < n; done += kBlock) {
        const int64_t count = std::min(kBlock, n - done);
        mt_draw(g.engine, words, 2 * count);
        for (int64_t i = 0; i < count; ++i) {
          partner[i] =
              static_cast<int64_t>(word64(words + 2 * i) % static_cast<uint64_t>(done + i + 1)) * stride;
          __builtin_prefetch(p + partner[i], 1);
        }
        for (int64_t i = 0; i < count; ++i) {
          p[(done + i) * stride] = p[partner[i]];
          p[partner[i]] = from_int<T>(done + i);
        }
      }
      return;
    }
    for (int64_t i = 0; i < n; ++i) p[i * stride] = from_int<T>(i);
    for (int64_t done = 0; done < n - 1; done += kBlock) {
      const int64_t count = std::min(kBlock, n - 1 - done);
      mt_draw(g.engine, words, count);
      for (int64_t i = 0; i < count; ++i) {
        partner[i] =
            (done + i + static_cast<int64_t>(words[i] % static_cast<uint32_t>(n - done - i))) * stride;
        __builtin_prefetch(p + partner[i], 1);
      }
      for (int64_t i = 0; i < count; ++i) std::swap(p[(done + i) * stride], p[partner[i]]);
    }
  });
}

namespace {

template <class T> using Sum = std::conditional_t<std::is_same_v<T, double>, double, float>;

// Running sums of the weights, divided by their total; rejects what is no distribution.
template <class T> void cumulate(const T* weights, int64_t stride, int64_t n, Sum<T>* sums) {
  Sum<T> total = 0;
  for (int64_t i = 0; i < n; ++i) {
    const auto w = static_cast<Sum<T>>(weights[i * stride]);
    check(w >= 0, "invalid multinomial distribution (encountering probability entry < 0)");
    check(std::isfinite(w),
          "invalid multinomial distribution (encountering probability entry = infinity or NaN)");
    sums[i] = total += w;
  }
  check(total > 0, "invalid multinomial distribution (sum of probabilities <= 0)");
  for (int64_t i = 0; i < n; ++i) sums[i] /= total;
  sums[n - 1] = 1;
}

template <class T>
void check_weights(const Tensor& self, int64_t rows, int64_t row_stride, int64_t n, int64_t stride) {
  const T* const weights = self.data<T>();
  for (int64_t r = 0; r < rows; ++r) {
    double total = 0;
    bool valid = true;
    for (int64_t i = 0; i < n; ++i) {
      const auto w = static_cast<double>(weights[r * row_stride + i * stride]);
      valid &= w >= 0 && w < std::numeric_limits<double>::infinity();
      total += w;
    }
    check(valid, "probability tensor contains either `inf`, `nan` or element < 0");
    check(total > 0, "invalid multinomial distribution (sum of probabilities <= 0)");
  }
}

} // namespace

// Indices drawn from the weights in each row of self (1-d or 2-d). With replacement: the first running sum
// that is not below a number of 53 bits. Without, and for one sample: the largest quotients of weight and an
// exponential number (Efraimidis and Spirakis, 2006).
void multinomial(const Tensor& out, const Tensor& self, int64_t num_samples, bool replacement,
                 Generator* gen) {
  const int64_t n = self.size(-1), rows = self.dim() == 2 ? self.size(0) : 1;
  const int64_t stride = self.stride(-1), row_stride = self.dim() == 2 ? self.stride(0) : 0;
  const int64_t out_stride = out.stride(-1), out_row_stride = out.dim() == 2 ? out.stride(0) : 0;
  int64_t* const to = out.data<int64_t>();
  if (rows == 0 || num_samples == 0) return;
  visit_floating("multinomial", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const weights = self.data<T>();
    if (replacement && num_samples > 1) {
      Generator& g = generator_or_default(gen);
      const std::lock_guard lock(g.mutex());
      std::vector<Sum<T>> sums(static_cast<size_t>(n));
      for (int64_t r = 0; r < rows; ++r) {
        cumulate(weights + r * row_stride, stride, n, sums.data());
        for (int64_t i = 0; i < num_samples; ++i) {
          const double u = g.uniform_double();
          const auto at =
              std::lower_bound(sums.begin(), sums.end(), u, [](Sum<T> s, double x) { return s < x; });
          to[r * out_row_stride + i * out_stride] = std::min<int64_t>(at - sums.begin(), n - 1);
        }
      }
      return;
    }
    check_weights<T>(self, rows, row_stride, n, stride);
    // Drawn in the order of self's memory, like the weights.
    const Tensor noise = self.is_non_overlapping_and_dense()
                             ? empty_strided_tensor(self.sizes(), self.strides(), self.dtype())
                             : empty_tensor(self.sizes(), self.dtype());
    exponential(noise, 1.0, gen);
    const int64_t noise_stride = noise.stride(-1), noise_row_stride = noise.dim() == 2 ? noise.stride(0) : 0;
    struct Candidate {
      Sum<T> ratio;
      int64_t index;
    };
    std::vector<Candidate> candidates(static_cast<size_t>(n));
    const auto before = [](const Candidate& a, const Candidate& b) { return a.ratio > b.ratio; };
    for (int64_t r = 0; r < rows; ++r) {
      const T* const q = noise.data<T>() + r * noise_row_stride;
      for (int64_t i = 0; i < n; ++i) {
        const T ratio = T(static_cast<Sum<T>>(weights[r * row_stride + i * stride]) /
                          static_cast<Sum<T>>(q[i * noise_stride]));
        const auto value = static_cast<Sum<T>>(ratio);
        candidates[static_cast<size_t>(i)] = {value == value ? value : 0, i}; // 0 / 0 is never chosen
      }
      const auto count = static_cast<std::ptrdiff_t>(std::min(num_samples, n));
      const auto first = candidates.begin();
      // Equal quotients, one row in some ten thousand, come in the order in which these leave them.
      if (count * 64 <= n) {
        std::partial_sort(first, first + count, candidates.end(), before);
      } else {
        std::nth_element(first, first + count - 1, candidates.end(), before);
        std::sort(first, first + count - 1, before);
      }
      for (int64_t i = 0; i < count; ++i)
        to[r * out_row_stride + i * out_stride] = candidates[static_cast<size_t>(i)].index;
    }
  });
}

} // namespace torch::TORCH_ISA
