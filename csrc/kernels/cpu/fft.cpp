// Fourier transforms of complex and real tensors over any dimensions; see Note [Fourier transforms].
#include "core/allocator.h"
#include "core/threads.h"
#include "kernels/cpu/complex.h"
#include "kernels/cpu/fft_long.h"
#include "kernels/cpu/walk.h"
#include "kernels/create_kernels.h"
#include "kernels/fft_kernels.h"

#include <optional>

namespace torch::TORCH_ISA {

namespace {

enum class Kind : uint8_t { Complex, RealToComplex, ComplexToReal };

// Factors exp(-2 pi i k / n), k <= n / 4, between a real line of n and a complex one of n / 2.
template <class T> struct RealRoots {
  explicit RealRoots(int64_t n) : roots(size_t(2 * (n / 4 + 1))) {
    for (int64_t k = 0; k <= n / 4; ++k) unit_root(k, n, roots.data() + 2 * k);
  }
  std::vector<T> roots;
};

// The transform of z, which held a real line's elements in pairs, becomes that of the real line: elements
// [0, h]. V is a block's number or one number.
template <class C, class T> void untangle(C* z, int64_t h, const T* roots, T scale) {
  using R = decltype(z->re);
  const R whole(scale), half(scale / 2);
  const C first = z[0];
  z[0] = C{(first.re + first.im) * whole, R(T(0))};
  z[h] = C{(first.re - first.im) * whole, R(T(0))};
  for (int64_t k = 1; 2 * k <= h; ++k) {
    const R c(roots[2 * k]), s(roots[2 * k + 1]);
    const C a = z[k], b = z[h - k];
    const R er = (a.re + b.re) * half, ei = (a.im - b.im) * half;
    const R dr = (a.im + b.im) * half, di = (b.re - a.re) * half;
    const R turned_re = dr * c - di * s, turned_im = dr * s + di * c;
    z[h - k] = C{er - turned_re, turned_im - ei};
    z[k] = C{er + turned_re, ei + turned_im};
  }
}
// The reverse, with real and imaginary parts exchanged for the inverse transform; twice the value.
template <class C, class T> void tangle_swapped(C* z, int64_t h, const T* roots) {
  using R = decltype(z->re);
  const R low = z[0].re, high = z[h].re;
  z[0] = C{low - high, low + high};
  for (int64_t k = 1; 2 * k <= h; ++k) {
    const R c(roots[2 * k]), s(roots[2 * k + 1]);
    const C a = z[k], b = z[h - k];
    const R sr = a.re + b.re, si = a.im - b.im, dr = a.re - b.re, di = a.im + b.im;
    // i times the conjugate root times d
    const R fr = dr * s - di * c, fi = dr * c + di * s;
    z[h - k] = C{fi - si, sr - fr};
    z[k] = C{si + fi, sr + fr};
  }
}

template <class T> class Transform {
public:
  // n: elements of the line in full, real or complex.
  Transform(Kind kind, int64_t n, bool inverse, double scale, int64_t lines)
      : kind_(kind), n_(n), inverse_(inverse), scale_(T(scale)), halved_(kind != Kind::Complex && n % 2 == 0),
        length_(halved_ ? n / 2 : n) {
    if (halved_) roots_ = cached_plan<RealRoots<T>>(n);
    plan_ = cached_plan<LinePlan<T>>(length_);
    const int64_t work = plan_->work();
    const bool few = 4 * lines <= 3 * kLanes && work >= 64 && balanced_divisor(work) >= 6;
    if (few || !plan_->fits_block()) long_ = cached_plan<LongPlan<T>>(work);
  }

  void run(const Geometry& lines, const LineView<const T>& in, const LineView<T>& out) const {
    if (long_)
      run_long(lines, in, out);
    else
      run_blocks(lines, in, out);
  }

private:
  static constexpr int kLanes = Vec<T>::kLanes;

  int64_t cost() const { // of a line, in additions
    int64_t log = 1;
    while (int64_t(1) << log < length_) ++log;
    return plan_->work() * log * 4;
  }

  void run_blocks(const Geometry& g, const LineView<const T>& in, const LineView<T>& out) const {
    const int64_t inner = g.sizes[0], outer = g.numel / inner;
    // Blocks end with the innermost dimension where that keeps their lanes side by side.
    const bool by_row = inner >= kLanes && (g.strides[0][0] <= int64_t(2 * sizeof(T)) ||
                                            g.strides[1][0] <= int64_t(2 * sizeof(T)));
    const int64_t per_row = (inner + kLanes - 1) / kLanes;
    const int64_t blocks = by_row ? per_row * outer : (g.numel + kLanes - 1) / kLanes;
    const int64_t grain = std::max<int64_t>(1, kGrain / (cost() * kLanes));
    parallel_for(0, blocks, grain, [&](int64_t begin, int64_t end) {
      const int64_t work = std::max(plan_->work(), length_ + 1); // one more for the half of a real line
      const Scratch scratch(size_t(2 * work) * sizeof(Cv<T>));
      Cv<T>* const x = scratch.as<Cv<T>>();
      int64_t from[kLanes], to[kLanes];
      for (int64_t b = begin; b < end; ++b) {
        const int64_t first = by_row ? b / per_row * inner + b % per_row * kLanes : b * kLanes;
        const int64_t last = std::min(first + kLanes, by_row ? (b / per_row + 1) * inner : g.numel);
        for (int64_t i = first; i < last; ++i) place(g, i, to[i - first], from[i - first]);
        block(in, from, out, to, int(last - first), x, x + work);
      }
    });
  }

  // Where line i starts, in numbers of type T.
  static void place(const Geometry& g, int64_t i, int64_t& out, int64_t& in) {
    out = in = 0;
    for (int d = 0; d < g.ndim; ++d) {
      const int64_t at = i % g.sizes[d];
      i /= g.sizes[d];
      out += at * (g.strides[0][d] / int64_t(sizeof(T)));
      in += at * (g.strides[1][d] / int64_t(sizeof(T)));
    }
  }

  void block(const LineView<const T>& in, const int64_t* from, const LineView<T>& out, const int64_t* to,
             int lanes, Cv<T>* x, Cv<T>* y) const {
    const bool to_real = kind_ == Kind::ComplexToReal;
    const int64_t h = n_ / 2;
    load_lines(in, from, lanes, to_real ? h + 1 : length_, inverse_ && !to_real, x);
    if (to_real) complete(x);
    Cv<T>* const z = plan_->run(x, y);
    int64_t count = length_;
    if (kind_ == Kind::RealToComplex) {
      count = h + 1;
      if (halved_) untangle(z, h, roots_->roots.data(), scale_);
    }
    if (scale_ != T(1) && !(halved_ && kind_ == Kind::RealToComplex))
      for (int64_t j = 0; j < count; ++j) z[j] = {z[j].re * Vec<T>(scale_), z[j].im * Vec<T>(scale_)};
    store_lines(out, to, lanes, count, inverse_, z);
  }

  // From elements [0, n / 2] of the transform of a real line to what the inverse one takes, parts exchanged.
  template <class C> void complete(C* x) const {
    using R = decltype(x->re);
    if (halved_) return tangle_swapped(x, n_ / 2, roots_->roots.data());
    x[0] = C{R(T(0)), x[0].re};
    for (int64_t k = 1; k <= n_ / 2; ++k) {
      x[n_ - k] = C{-x[k].im, x[k].re};
      x[k] = C{x[k].im, x[k].re};
    }
  }

  void run_long(const Geometry& g, const LineView<const T>& in, const LineView<T>& out) const {
    // With lines enough each thread takes whole ones; else the threads share each line.
    const int64_t grain = g.numel >= num_threads() ? std::max<int64_t>(1, kGrain / cost()) : g.numel;
    parallel_for(0, g.numel, grain, [&](int64_t begin, int64_t end) {
      std::optional<Scratch> line;
      if (kind_ != Kind::Complex || !plan_->smooth())
        line.emplace(size_t(std::max(plan_->work(), length_ + 1)) * sizeof(Cplx<T>));
      for (int64_t i = begin; i < end; ++i) {
        int64_t from, to;
        place(g, i, to, from);
        long_line(in, from, out, to, line ? line->as<Cplx<T>>() : nullptr);
      }
    });
  }

  void long_line(const LineView<const T>& in, int64_t from, const LineView<T>& out, int64_t to,
                 Cplx<T>* z) const {
    if (!z) return long_->run(in, from, out, to, inverse_, scale_);
    const int64_t h = n_ / 2;
    const bool to_real = kind_ == Kind::ComplexToReal;
    if (kind_ == Kind::RealToComplex && plan_->smooth()) {
      long_->run(in, from, {reinterpret_cast<T*>(z), 2, 1}, 0, false, T(1));
    } else {
      const T* const data = in.data + from;
      for (int64_t j = 0; j < (to_real ? h + 1 : length_); ++j) {
        const T re = data[j * in.step], im = in.im >= 0 ? data[j * in.step + in.im] : T(0);
        z[j] = inverse_ && !to_real ? Cplx<T>(im, re) : Cplx<T>(re, im);
      }
      if (to_real) complete(z);
      plan_->run_line(z, *long_);
    }
    int64_t count = length_;
    T scale = scale_;
    if (kind_ == Kind::RealToComplex) {
      count = h + 1;
      if (halved_) {
        untangle(z, h, roots_->roots.data(), scale_);
        scale = T(1);
      }
    }
    T* const data = out.data + to;
    for (int64_t j = 0; j < count; ++j) {
      const T re = (inverse_ ? z[j].im : z[j].re) * scale, im = (inverse_ ? z[j].re : z[j].im) * scale;
      data[j * out.step] = re;
      if (out.im >= 0) data[j * out.step + out.im] = im;
    }
  }

  Kind kind_;
  int64_t n_;
  bool inverse_;
  T scale_;
  bool halved_;
  int64_t length_; // of the complex transform
  std::shared_ptr<const LinePlan<T>> plan_;
  std::shared_ptr<const LongPlan<T>> long_;
  std::shared_ptr<const RealRoots<T>> roots_;
};

// Transforms lines of `in` along dimension d into those of `out`, which may be the same memory. The sizes
// differ along d only.
template <class T>
void transform_dim(Kind kind, const Tensor& out, const Tensor& in, int64_t d, bool inverse, double scale) {
  DimVec sizes, out_strides, in_strides;
  for (int64_t i = 0; i < out.dim(); ++i) {
    if (i == d) continue;
    sizes.push_back(out.sizes()[i]);
    out_strides.push_back(out.strides()[i]);
    in_strides.push_back(in.strides()[i]);
  }
  const Geometry::Operand operands[] = {{out.data(), out.dtype(), out_strides.data()},
                                        {in.data(), in.dtype(), in_strides.data()}};
  const Geometry lines(sizes, operands, 2);
  const int64_t n = kind == Kind::ComplexToReal ? out.sizes()[d] : in.sizes()[d];
  const auto view = [&](const Tensor& t, auto* data) {
    using U = std::remove_pointer_t<decltype(data)>;
    const int64_t stride = t.strides()[d];
    if (t.is_complex()) return LineView<U>{data, 2 * stride, 1};
    return n % 2 == 0 ? LineView<U>{data, 2 * stride, stride} : LineView<U>{data, stride, -1};
  };
  Transform<T>(kind, n, inverse, scale, lines.numel)
      .run(lines, view(in, static_cast<const T*>(in.data())), view(out, static_cast<T*>(out.data())));
}

void transform_any(Kind kind, const Tensor& out, const Tensor& in, int64_t d, bool inverse, double scale) {
  if (real_type(out.dtype()) == DType::Float64)
    transform_dim<double>(kind, out, in, d, inverse, scale);
  else
    transform_dim<float>(kind, out, in, d, inverse, scale);
}

double scale_of(const Tensor& t, IntSpan dims, int64_t normalization) {
  double n = 1;
  for (const int64_t d : dims) n *= double(t.sizes()[wrap_dim(d, t.dim())]);
  return normalization == 0 ? 1 : normalization == 1 ? 1 / std::sqrt(n) : 1 / n;
}

// Complex transforms over some dimensions, from `in` to `out` and then in place.
void complex_dims(const Tensor& out, const Tensor& in, IntSpan dims, bool inverse, double scale) {
  const Tensor* from = &in;
  for (size_t i = dims.size(); i-- > 0; from = &out)
    transform_any(Kind::Complex, out, *from, wrap_dim(dims[i], out.dim()), inverse, i == 0 ? scale : 1);
}

// The rest of a transform of real numbers along d: element n - k is the conjugate of element k.
template <class T> void fill_conjugate(const Tensor& out, int64_t d) {
  const int64_t n = out.sizes()[d], h = n / 2 + 1;
  if (n - h <= 0) return;
  DimVec sizes = out.sizes(), strides = out.strides();
  sizes[d] = 1;
  const Geometry::Operand operand{out.data(), out.dtype(), strides.data()};
  const Geometry lines(sizes, &operand, 1);
  const int64_t step = out.strides()[d];
  parallel_for(0, lines.numel, std::max<int64_t>(1, kGrain / n), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t rest = i, bytes = 0;
      for (int k = 0; k < lines.ndim; ++k) {
        bytes += rest % lines.sizes[k] * lines.strides[0][k];
        rest /= lines.sizes[k];
      }
      auto* const x = reinterpret_cast<Cplx<T>*>(static_cast<char*>(out.data()) + bytes);
      for (int64_t k = h; k < n; ++k) {
        const Cplx<T> mirrored = x[(n - k) * step];
        x[k * step] = {mirrored.re, -mirrored.im};
      }
    }
  });
}

} // namespace

void fft_c2c(const Tensor& out, const Tensor& self, IntSpan dim, int64_t normalization, bool forward) {
  if (out.numel() == 0) return;
  if (dim.empty()) return copy(out, self);
  complex_dims(out, self, dim, !forward, scale_of(self, dim, normalization));
}

void fft_r2c(const Tensor& out, const Tensor& self, IntSpan dim, int64_t normalization, bool onesided) {
  if (out.numel() == 0) return;
  const double scale = scale_of(self, dim, normalization);
  const int64_t last = wrap_dim(dim.back(), self.dim());
  if (!onesided && dim.size() > 1) {
    copy(out, self);
    return complex_dims(out, out, dim, false, scale);
  }
  DimVec sizes = out.sizes();
  sizes[last] = self.sizes()[last] / 2 + 1;
  const Tensor half = alias(out, sizes, out.strides(), out.offset());
  transform_any(Kind::RealToComplex, half, self, last, false, scale);
  complex_dims(half, half, dim.first(dim.size() - 1), false, 1);
  if (onesided) return;
  if (out.dtype() == DType::Complex128)
    fill_conjugate<double>(out, last);
  else
    fill_conjugate<float>(out, last);
}

void fft_c2r(const Tensor& out, const Tensor& self, IntSpan dim, int64_t normalization, int64_t) {
  if (out.numel() == 0) return;
  const double scale = scale_of(out, dim, normalization);
  const int64_t last = wrap_dim(dim.back(), self.dim());
  Tensor spectrum = self;
  if (dim.size() > 1) {
    spectrum = empty_tensor(self.sizes(), self.dtype());
    complex_dims(spectrum, self, dim.first(dim.size() - 1), true, 1);
  }
  transform_any(Kind::ComplexToReal, out, spectrum, last, true, scale);
}

} // namespace torch::TORCH_ISA
