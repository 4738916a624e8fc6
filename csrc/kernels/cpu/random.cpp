// Random numbers with PyTorch's own CPU streams: which words of the generator a value takes and how it is
// rounded were found by observation and are stated at each kernel. The streams are those of its portable
// code, which it runs on every CPU but Intel's (there bernoulli_ and exponential_ come from MKL's own
// generators, see docs).
#include "kernels/cpu/random_fill.h"
#include "kernels/random_kernels.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace torch::TORCH_ISA {

// u * (to - from) + from with one rounding, u of 24 bits (53 for float64). float16 and bfloat16 compute in
// float32 and round; a value that is rounded to `to` becomes `from`, so that the interval stays half open.
void uniform(const Tensor& out, double from, double to, Generator* gen) {
  if (out.is_complex()) return uniform(parts_of(out), from, to, gen); // both parts
  if (out.dtype() == DType::Float64) {
    const double range = to - from;
    fill_from_words<double, 2>(out, gen, false, [=](const uint32_t* w, double* v, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        const double x = __builtin_fma(unit_double(w + 2 * i), range, from);
        v[i] = x == to ? from : x;
      }
    });
    return;
  }
  visit_floating("uniform_", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, double>) {
      const float low = static_cast<float>(from), high = static_cast<float>(to), range = high - low;
      const float end = static_cast<float>(T(high));
      const T first = T(low);
      // From 0 to 1 the product is exact: no fused multiply-add is needed, which old processors lack.
      const bool unit = low == 0.0f && range == 1.0f;
      fill_from_words<T, 1>(out, gen, false, [=](const uint32_t* w, T* v, int64_t n) {
        if (unit && std::is_same_v<T, float>) {
          for (int64_t i = 0; i < n; ++i) v[i] = T(unit_float(w[i]));
          return;
        }
        for (int64_t i = 0; i < n; ++i) {
          const T x = T(__builtin_fmaf(unit_float(w[i]), range, low));
          v[i] = static_cast<float>(x) == end ? first : x;
        }
      });
    }
  });
}

namespace {

// Note [Normal fill]
// Contiguous tensors of 16 elements or more are filled in blocks of 16: elements j and j + 8 are the pair
// that Box and Muller's transform makes of 1 - u[j] and u[j + 8]. When the size is no multiple of 16, the
// last 16 elements are drawn and made anew. In float32 the logarithm, sine and cosine are those of Moshier's
// Cephes library (logf, sinf, cosf), with the multiply-adds fused exactly as below: it is what makes the
// numbers the same to the last bit.
constexpr int64_t kNormalBlock = 16;

inline float cephes_log(float x) {
  x = std::max(x, std::numeric_limits<float>::min());
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  float e = static_cast<float>(static_cast<int32_t>(bits >> 23) - 126);
  const float m = std::bit_cast<float>((bits & 0x007fffffu) | 0x3f000000u); // [0.5, 1)
  const bool low = m < 0.707106781186547524f;
  e -= low ? 1.0f : 0.0f;
  const float t = (m - 1.0f) + (low ? m : 0.0f);
  const float z = t * t;
  float y = 7.0376836292e-2f;
  y = __builtin_fmaf(y, t, -1.1514610310e-1f);
  y = __builtin_fmaf(y, t, 1.1676998740e-1f);
  y = __builtin_fmaf(y, t, -1.2420140846e-1f);
  y = __builtin_fmaf(y, t, 1.4249322787e-1f);
  y = __builtin_fmaf(y, t, -1.6668057665e-1f);
  y = __builtin_fmaf(y, t, 2.0000714765e-1f);
  y = __builtin_fmaf(y, t, -2.4999993993e-1f);
  y = __builtin_fmaf(y, t, 3.3333331174e-1f);
  y *= t;
  y = __builtin_fmaf(y, z, e * -2.12194440e-4f);
  y = __builtin_fmaf(-z, 0.5f, y);
  return __builtin_fmaf(e, 0.693359375f, t + y);
}

// For x >= 0.
inline void cephes_sincos(float x, float& sine, float& cosine) {
  const int32_t octant = (static_cast<int32_t>(x * 1.27323954473516f) + 1) & ~1;
  const float q = static_cast<float>(octant);
  x = __builtin_fmaf(q, -0.78515625f, x);
  x = __builtin_fmaf(q, -2.4187564849853515625e-4f, x);
  x = __builtin_fmaf(q, -3.77489497744594108e-8f, x);
  const float z = x * x;
  float c = 2.443315711809948e-5f;
  c = __builtin_fmaf(c, z, -1.388731625493765e-3f);
  c = __builtin_fmaf(c, z, 4.166664568298827e-2f) * z;
  c = __builtin_fmaf(c, z, -0.5f * z) + 1.0f;
  float s = -1.9515295891e-4f;
  s = __builtin_fmaf(s, z, 8.3321608736e-3f);
  s = __builtin_fmaf(s, z, -1.6666654611e-1f) * z;
  s = __builtin_fmaf(s, x, x);
  const bool swap = octant & 2;
  const float a = swap ? c : s, b = swap ? s : c;
  sine = (octant & 4) ? -a : a;
  cosine = ((octant - 2) & 4) ? b : -b;
}

struct FloatNormal {
  using Unit = float;
  float mean, std;
  FloatNormal(double m, double s) : mean(static_cast<float>(m)), std(static_cast<float>(s)) {}
  static constexpr int kWords = 1;
  static float unit(const uint32_t* w) { return unit_float(*w); }
  // Pairs of uniform numbers become pairs of normal ones in place.
  void pairs(float* first, float* second, int64_t n) const {
    constexpr float two_pi = 2.0f * std::numbers::pi_v<float>;
    for (int64_t i = 0; i < n; ++i) {
      const float radius = __builtin_sqrtf(-2.0f * cephes_log(1.0f - first[i]));
      float sine, cosine;
      cephes_sincos(two_pi * second[i], sine, cosine);
      first[i] = __builtin_fmaf(radius * cosine, std, mean);
      second[i] = __builtin_fmaf(radius * sine, std, mean);
    }
  }
};
struct DoubleNormal {
  using Unit = double;
  double mean, std;
  DoubleNormal(double m, double s) : mean(m), std(s) {}
  static constexpr int kWords = 2;
  static double unit(const uint32_t* w) { return unit_double(w); }
  void pairs(double* first, double* second, int64_t n) const {
    for (int64_t i = 0; i < n; ++i) {
      const double radius = std::sqrt(-2.0 * std::log(1.0 - first[i]));
      const double angle = 2.0 * std::numbers::pi * second[i];
      first[i] = __builtin_fma(radius * std::cos(angle), std, mean);
      second[i] = __builtin_fma(radius * std::sin(angle), std, mean);
    }
  }
};

// Turns the words of whole blocks into values.
template <class Normal, class T>
void normal_blocks(const Normal& normal, const uint32_t* words, T* out, int64_t n) {
  using U = typename Normal::Unit;
  constexpr int64_t kTile = 64; // blocks at a time, so that the transform runs over long rows
  U first[kTile * 8], second[kTile * 8];
  for (int64_t at = 0; at < n; at += kTile * kNormalBlock) {
    const int64_t blocks = std::min(kTile, (n - at) / kNormalBlock);
    const uint32_t* const w = words + at * Normal::kWords;
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t j = 0; j < 8; ++j) {
        first[b * 8 + j] = Normal::unit(w + (b * 16 + j) * Normal::kWords);
        second[b * 8 + j] = Normal::unit(w + (b * 16 + 8 + j) * Normal::kWords);
      }
    normal.pairs(first, second, blocks * 8);
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t j = 0; j < 8; ++j) {
        out[at + b * 16 + j] = T(first[b * 8 + j]);
        out[at + b * 16 + 8 + j] = T(second[b * 8 + j]);
      }
  }
}

template <class Normal, class T>
void normal_fill(const Tensor& out, double mean, double std, Generator* gen) {
  Generator& g = generator_or_default(gen);
  const std::lock_guard lock(g.mutex());
  const Normal normal(mean, std);
  const int64_t n = out.numel(), whole = n / kNormalBlock * kNormalBlock;
  T* const to = out.data<T>();
  const int64_t block = std::min(whole, kHeavyBlock);
  const Scratch words(static_cast<size_t>(block) * Normal::kWords * sizeof(uint32_t));
  uint32_t* const drawn = words.as<uint32_t>();
  for (int64_t done = 0; done < whole; done += block) {
    const int64_t count = std::min(block, whole - done);
    mt_draw(g.engine, drawn, count * Normal::kWords);
    parallel_for(0, count / kNormalBlock, 512, [&](int64_t first, int64_t last) {
      const int64_t at = first * kNormalBlock;
      normal_blocks(normal, drawn + at * Normal::kWords, to + done + at, (last - first) * kNormalBlock);
    });
  }
  if (whole == n) return;
  // float32 and float64 have drawn for the incomplete block too before they draw the last 16 again.
  uint32_t again[kNormalBlock * 2];
  if constexpr (std::is_same_v<T, typename Normal::Unit>)
    mt_draw(g.engine, again, (n - whole) * Normal::kWords);
  mt_draw(g.engine, again, kNormalBlock * Normal::kWords);
  normal_blocks(normal, again, to + n - kNormalBlock, kNormalBlock);
}

template <class T> T narrow(double value) {
  if constexpr (is_reduced_float(dtype_of<T>()))
    return T(static_cast<float>(value));
  else
    return static_cast<T>(value);
}

} // namespace

// Small or non-contiguous tensors take Generator::normal_double one by one. Both parts of complex numbers are
// drawn, each with half the variance and the whole mean.
void normal(const Tensor& out, double mean, double std, Generator* gen) {
  if (out.numel() == 0) return; // of any dtype
  if (out.is_complex()) return normal(parts_of(out), mean, std / std::numbers::sqrt2, gen);
  visit_floating("normal_", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Normal = std::conditional_t<std::is_same_v<T, double>, DoubleNormal, FloatNormal>;
    if (out.is_contiguous() && out.numel() >= kNormalBlock)
      normal_fill<Normal, T>(out, mean, std, gen);
    else
      fill_one_by_one<T>(out, gen, [=](Generator& g) { return narrow<T>(g.normal_double(mean, std)); });
  });
}

void log_normal(const Tensor& out, double mean, double std, Generator* gen) {
  if (out.numel() == 0) return; // of any dtype
  visit_floating("log_normal_", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    fill_one_by_one<T>(out, gen,
                       [=](Generator& g) { return narrow<T>(std::exp(g.normal_double(mean, std))); });
  });
}

// -log(1 - u) / lambda, u of 53 bits for every dtype.
void exponential(const Tensor& out, double lambd, Generator* gen) {
  if (out.numel() == 0) return; // of any dtype
  const double factor = -1.0 / lambd;
  visit_floating("exponential_", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    fill_from_words<T, 2>(out, gen, true, [=](const uint32_t* w, T* v, int64_t n) {
      for (int64_t i = 0; i < n; ++i) v[i] = narrow<T>(factor * std::log1p(-unit_double(w + 2 * i)));
    });
  });
}

void cauchy(const Tensor& out, double median, double sigma, Generator* gen) {
  if (out.numel() == 0) return; // of any dtype
  visit_floating("cauchy_", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    fill_from_words<T, 2>(out, gen, true, [=](const uint32_t* w, T* v, int64_t n) {
      for (int64_t i = 0; i < n; ++i)
        v[i] = narrow<T>(
            __builtin_fma(sigma, std::tan(std::numbers::pi * (unit_double(w + 2 * i) - 0.5)), median));
    });
  });
}

void geometric(const Tensor& out, double p, Generator* gen) {
  if (out.numel() == 0) return; // of any dtype
  const double scale = std::log1p(-p);
  visit_real("geometric_", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    fill_from_words<T, 2>(out, gen, true, [=](const uint32_t* w, T* v, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        const double trials = std::ceil(std::log(unit_double(w + 2 * i)) / scale);
        if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
          // u = 0 would give infinity, which no integer holds.
          v[i] = trials < 9e18 ? static_cast<T>(static_cast<int64_t>(trials)) : std::numeric_limits<T>::max();
        } else {
          v[i] = narrow<T>(trials);
        }
      }
    });
  });
}

// 1 where u < p, u of 53 bits whatever the dtype of out.
void bernoulli(const Tensor& out, double p, Generator* gen) {
  visit_compiled(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    fill_from_words<T, 2>(out, gen, false, [=](const uint32_t* w, T* v, int64_t n) {
      for (int64_t i = 0; i < n; ++i) v[i] = unit_double(w + 2 * i) < p ? T(1) : T(0);
    });
  });
}

// As bernoulli with u of 24 bits, of 53 where p is float64. p broadcasts to out.
void bernoulli_tensor(const Tensor& out, const Tensor& p, Generator* gen) {
  if (out.numel() == 0) return;
  const MemoryOrder order(out, &p);
  visit_floating("bernoulli", p.dtype(), [&](auto p_tag) {
    using P = typename decltype(p_tag)::type;
    const P* const from = p.data<P>();
    bool valid = true;
    MemoryWalk(order).advance(out.numel(),
                              [&](int64_t, int64_t offset, int64_t, int64_t stride, int64_t length) {
                                for (int64_t i = 0; i < length; ++i) {
                                  const P x = from[offset + i * stride];
                                  valid &= x >= P(0) && x <= P(1);
                                }
                              });
    check(
        valid,
        "bernoulli: expected all probabilities p in [0, 1] (Expected p_in >= 0 && p_in <= 1 to be true, but "
        "got false.)");
    visit_compiled(out.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      constexpr int kWords = std::is_same_v<P, double> ? 2 : 1;
      Generator& g = generator_or_default(gen);
      const std::lock_guard lock(g.mutex());
      T* const to = out.data<T>();
      uint32_t words[1024 * kWords];
      MemoryWalk walk(order);
      for (int64_t done = 0; done < out.numel(); done += 1024) {
        const int64_t count = std::min<int64_t>(1024, out.numel() - done);
        mt_draw(g.engine, words, count * kWords);
        const uint32_t* w = words;
        walk.advance(count, [&](int64_t at, int64_t at_p, int64_t stride, int64_t stride_p, int64_t length) {
          for (int64_t i = 0; i < length; ++i, w += kWords) {
            bool hit;
            if constexpr (kWords == 2)
              hit = unit_double(w) < from[at_p + i * stride_p];
            else
              hit = unit_float(*w) < static_cast<float>(from[at_p + i * stride_p]);
            to[at + i * stride] = hit ? T(1) : T(0);
          }
        });
      }
    });
  });
}

} // namespace torch::TORCH_ISA
