// Discrete Fourier transforms of one length, of as many lines side by side as a register has lanes.
//
// Note [Fourier transforms]
// A block holds kLanes lines: element j of all of them is one register of real and one of imaginary parts. A
// length with small prime factors is done by Stockham passes, which go from one buffer to another and need no
// reordering; the inner loops know nothing of lanes. A length with a prime factor above kMaxRadix becomes a
// convolution of a length without one (Bluestein, 1970). The inverse transform is the forward one with real
// and imaginary parts exchanged, which loads and stores do at no cost.
#pragma once

#include "kernels/cpu/vec.h"

#include <memory>
#include <mutex>
#include <numbers>
#include <unordered_map>
#include <vector>

namespace torch::TORCH_ISA {

constexpr int kMaxRadix = 31;

template <class T> struct Cv { // one complex number per lane
  Vec<T> re, im;
};
template <class T> TORCH_INLINE Cv<T> operator+(Cv<T> a, Cv<T> b) { return {a.re + b.re, a.im + b.im}; }
template <class T> TORCH_INLINE Cv<T> operator-(Cv<T> a, Cv<T> b) { return {a.re - b.re, a.im - b.im}; }
template <class T> TORCH_INLINE Cv<T> times(Cv<T> a, Vec<T> re, Vec<T> im) {
  return {fused(-a.im, im, a.re * re), fused(a.re, im, a.im * re)};
}
template <class T> TORCH_INLINE Cv<T> times_minus_i(Cv<T> a) { return {a.im, -a.re}; }

// exp(-2 pi i k / n), from an angle in the first octant.
template <class T> inline void unit_root(int64_t k, int64_t n, T* out) {
  k %= n;
  const bool lower = 2 * k > n; // conjugate of the root with n - k
  if (lower) k = n - k;
  const bool left = 4 * k > n; // mirrored at the imaginary axis
  int64_t twice = 2 * k;       // angle = pi * twice / n
  if (left) twice = n - twice;
  double c, s;
  if (4 * twice > n) { // nearer to the imaginary axis: exchange sine and cosine
    const double angle = std::numbers::pi * double(n - 2 * twice) / double(2 * n);
    c = std::sin(angle);
    s = std::cos(angle);
  } else {
    const double angle = std::numbers::pi * double(twice) / double(n);
    c = std::cos(angle);
    s = std::sin(angle);
  }
  out[0] = T(left ? -c : c);
  out[1] = T(lower ? s : -s);
}

namespace fft_detail {

template <class T> TORCH_INLINE void butterfly4(Cv<T>& a, Cv<T>& b, Cv<T>& c, Cv<T>& d) {
  const Cv<T> s = a + c, t = a - c, u = b + d, v = times_minus_i(b - d);
  a = s + u;
  b = t + v;
  c = s - u;
  d = t - v;
}

template <class T, int R> TORCH_INLINE void butterfly(Cv<T>* a, const T* roots) {
  if constexpr (R == 2) {
    const Cv<T> s = a[0] + a[1];
    a[1] = a[0] - a[1];
    a[0] = s;
  } else if constexpr (R == 4) {
    butterfly4(a[0], a[1], a[2], a[3]);
  } else if constexpr (R == 8) {
    butterfly4(a[0], a[2], a[4], a[6]);
    butterfly4(a[1], a[3], a[5], a[7]);
    const Vec<T> h(T(std::numbers::sqrt2 / 2));
    const Cv<T> o1 = {(a[3].re + a[3].im) * h, (a[3].im - a[3].re) * h};
    const Cv<T> o2 = times_minus_i(a[5]);
    const Cv<T> o3 = {(a[7].im - a[7].re) * h, -((a[7].re + a[7].im) * h)};
    const Cv<T> e0 = a[0], e1 = a[2], e2 = a[4], e3 = a[6], o0 = a[1];
    a[0] = e0 + o0;
    a[1] = e1 + o1;
    a[2] = e2 + o2;
    a[3] = e3 + o3;
    a[4] = e0 - o0;
    a[5] = e1 - o1;
    a[6] = e2 - o2;
    a[7] = e3 - o3;
  } else { // odd: roots are cos and sin of 2 pi j / R; sums of conjugate pairs share them
    constexpr int half = R / 2;
    Cv<T> sum[half], difference[half];
    const Cv<T> first = a[0];
    Cv<T> total = first;
#pragma GCC unroll 8
    for (int j = 0; j < half; ++j) {
      sum[j] = a[j + 1] + a[R - 1 - j];
      difference[j] = a[j + 1] - a[R - 1 - j];
      total = total + sum[j];
    }
    a[0] = total;
#pragma GCC unroll 8
    for (int k = 1; k <= half; ++k) {
      Cv<T> even = first, odd = {Vec<T>(T(0)), Vec<T>(T(0))};
#pragma GCC unroll 8
      for (int j = 1; j <= half; ++j) {
        const int at = j * k % R;
        const Vec<T> c(roots[2 * at]), s(roots[2 * at + 1]);
        even.re = fused(sum[j - 1].re, c, even.re);
        even.im = fused(sum[j - 1].im, c, even.im);
        odd.re = fused(difference[j - 1].re, s, odd.re);
        odd.im = fused(difference[j - 1].im, s, odd.im);
      }
      a[k] = {even.re - odd.im, even.im + odd.re};
      a[R - k] = {even.re + odd.im, even.im - odd.re};
    }
  }
}

template <class T> struct Pass {
  int radix;
  int64_t rest;     // m: length left after this pass
  int64_t done;     // s: product of the radices before
  int64_t twiddles; // where its factors start: for each p in [0, rest), radix - 1 numbers
  const T* roots;   // of the radix, for odd ones
};

template <class T, int R> void run_pass(const Pass<T>& pass, const T* twiddles, const Cv<T>* x, Cv<T>* y) {
  const int64_t m = pass.rest, s = pass.done;
  for (int64_t p = 0; p < m; ++p) {
    const T* const w = twiddles + p * 2 * (R - 1);
    const Cv<T>* const from = x + s * p;
    Cv<T>* const to = y + s * R * p;
    for (int64_t q = 0; q < s; ++q) {
      Cv<T> a[R];
#pragma GCC unroll 16
      for (int k = 0; k < R; ++k) a[k] = from[q + s * m * k];
      butterfly<T, R>(a, pass.roots);
      to[q] = a[0];
      if (p == 0) {
#pragma GCC unroll 16
        for (int k = 1; k < R; ++k) to[q + s * k] = a[k];
      } else {
#pragma GCC unroll 16
        for (int k = 1; k < R; ++k) to[q + s * k] = times(a[k], Vec<T>(w[2 * k - 2]), Vec<T>(w[2 * k - 1]));
      }
    }
  }
}

// The same for any odd prime.
template <class T> void run_prime_pass(const Pass<T>& pass, const T* twiddles, const Cv<T>* x, Cv<T>* y) {
  const int r = pass.radix, half = r / 2;
  const int64_t m = pass.rest, s = pass.done;
  const T* const roots = pass.roots;
  Cv<T> sum[kMaxRadix / 2], difference[kMaxRadix / 2];
  for (int64_t p = 0; p < m; ++p) {
    const T* const w = twiddles + p * 2 * (r - 1);
    for (int64_t q = 0; q < s; ++q) {
      const Cv<T>* const from = x + q + s * p;
      Cv<T>* const to = y + q + s * r * p;
      Cv<T> total = from[0];
      for (int j = 0; j < half; ++j) {
        const Cv<T> a = from[s * m * (j + 1)], b = from[s * m * (r - 1 - j)];
        sum[j] = a + b;
        difference[j] = a - b;
        total = total + sum[j];
      }
      to[0] = total;
      for (int k = 1; k <= half; ++k) {
        Cv<T> even = from[0], odd = {Vec<T>(T(0)), Vec<T>(T(0))};
        for (int j = 1, at = k; j <= half; ++j, at = at + k >= r ? at + k - r : at + k) {
          const Vec<T> c(roots[2 * at]), t(roots[2 * at + 1]);
          even.re = fused(sum[j - 1].re, c, even.re);
          even.im = fused(sum[j - 1].im, c, even.im);
          odd.re = fused(difference[j - 1].re, t, odd.re);
          odd.im = fused(difference[j - 1].im, t, odd.im);
        }
        const Cv<T> up = {even.re - odd.im, even.im + odd.re}, down = {even.re + odd.im, even.im - odd.re};
        to[s * k] = times(up, Vec<T>(w[2 * k - 2]), Vec<T>(w[2 * k - 1]));
        to[s * (r - k)] = times(down, Vec<T>(w[2 * (r - k) - 2]), Vec<T>(w[2 * (r - k) - 1]));
      }
    }
  }
}

inline bool is_smooth(int64_t n, int64_t limit) {
  for (int64_t p = 2; p <= limit; ++p)
    while (n % p == 0) n /= p;
  return n == 1;
}

} // namespace fft_detail

// Passes for a length without prime factors above kMaxRadix.
template <class T> class BlockPlan {
public:
  explicit BlockPlan(int64_t n) {
    using namespace fft_detail;
    std::vector<int> radices;
    int64_t rest = n;
    for (int p = kMaxRadix; p >= 3; p -= 2)
      for (; rest % p == 0; rest /= p) radices.push_back(p);
    int twos = 0;
    for (; rest > 1; rest /= 2) ++twos;
    while (twos > 0) { // eights and fours, a two only of 2 itself
      const int take = twos == 4 || twos == 2 ? 2 : twos >= 3 ? 3 : 1;
      radices.push_back(1 << take);
      twos -= take;
    }
    size_t twiddles = 0, roots = 0;
    int64_t left = n, done = 1;
    for (const int r : radices) {
      left /= r;
      twiddles += size_t(2 * (r - 1) * left);
      roots += size_t(2 * r);
    }
    twiddles_.reserve(twiddles);
    roots_.reserve(roots); // the passes point into it
    left = n;
    T root[2];
    for (const int r : radices) {
      left /= r;
      passes_.push_back({r, left, done, int64_t(twiddles_.size()), roots_.data() + roots_.size()});
      for (int64_t p = 0; p < left; ++p)
        for (int k = 1; k < r; ++k) {
          unit_root(p * k, left * r, root);
          twiddles_.insert(twiddles_.end(), root, root + 2);
        }
      for (int k = 0; k < r; ++k) {
        unit_root(k, r, root);
        roots_.insert(roots_.end(), root, root + 2);
      }
      done *= r;
    }
  }
  BlockPlan(const BlockPlan&) = delete;
  BlockPlan& operator=(const BlockPlan&) = delete;

  // Transforms x, using y; returns the one of the two with the result.
  Cv<T>* run(Cv<T>* x, Cv<T>* y) const {
    using namespace fft_detail;
    for (const Pass<T>& pass : passes_) {
      const T* const w = twiddles_.data() + pass.twiddles;
      switch (pass.radix) {
      case 2:
        run_pass<T, 2>(pass, w, x, y);
        break;
      case 3:
        run_pass<T, 3>(pass, w, x, y);
        break;
      case 4:
        run_pass<T, 4>(pass, w, x, y);
        break;
      case 5:
        run_pass<T, 5>(pass, w, x, y);
        break;
      case 7:
        run_pass<T, 7>(pass, w, x, y);
        break;
      case 8:
        run_pass<T, 8>(pass, w, x, y);
        break;
      case 11:
        run_pass<T, 11>(pass, w, x, y);
        break;
      default:
        run_prime_pass<T>(pass, w, x, y);
      }
      std::swap(x, y);
    }
    return x;
  }

private:
  std::vector<fft_detail::Pass<T>> passes_;
  std::vector<T> twiddles_, roots_;
};

// Plans are kept, as making one costs more than a transform; all are forgotten when their lengths add up to
// too much.
template <class P> std::shared_ptr<const P> cached_plan(int64_t n) {
  constexpr int64_t kMaxTotal = 1 << 22;
  static std::mutex mutex;
  static std::unordered_map<int64_t, std::shared_ptr<const P>> plans;
  static int64_t total = 0;
  {
    const std::lock_guard lock(mutex);
    if (const auto found = plans.find(n); found != plans.end()) return found->second;
  }
  auto made = std::make_shared<const P>(n);
  const std::lock_guard lock(mutex);
  if (total + n > kMaxTotal) {
    plans.clear();
    total = 0;
  }
  if (plans.emplace(n, made).second) total += n;
  return made;
}

} // namespace torch::TORCH_ISA
