// Transforms of one long line, or of a few lines only: a line of n1 * n2 elements is n2 columns of n1 and n1
// rows of n2 (Gentleman and Sande, 1966), so that columns and rows fill the lanes of blocks and stay in the
// cache.
#pragma once

#include "core/allocator.h"
#include "core/threads.h"
#include "kernels/cpu/complex.h"
#include "kernels/cpu/fft_lines.h"

#include <algorithm>
#include <optional>

namespace torch::TORCH_ISA {

// The divisor of n nearest to its square root from below.
inline int64_t balanced_divisor(int64_t n) {
  int64_t best = 1;
  for (int64_t d = 1; d * d <= n; ++d)
    if (n % d == 0) best = d;
  return best;
}

template <class T> class LongPlan {
public:
  explicit LongPlan(int64_t n) : n1_(balanced_divisor(n)), n2_(n / n1_), first_(n1_), second_(n2_), base_(1) {
    while (base_ * base_ < n1_) ++base_;
    const int64_t columns = blocks(n2_);
    high_count_ = (n1_ + base_ - 1) / base_;
    twiddles_ = std::make_unique<Cv<T>[]>(size_t(columns * (base_ + high_count_)));
    T re[kLanes], im[kLanes], root[2];
    for (int64_t b = 0; b < columns; ++b)
      for (int64_t i = 0; i < base_ + high_count_; ++i) {
        const int64_t k = i < base_ ? i : (i - base_) * base_;
        for (int64_t l = 0; l < kLanes; ++l) {
          unit_root((b * kLanes + l) * k, n, root);
          re[l] = root[0];
          im[l] = root[1];
        }
        twiddles_[size_t(b * (base_ + high_count_) + i)] = {Vec<T>::load(re), Vec<T>::load(im)};
      }
  }

  // The line that starts at in.data[in_at], to out.data[out_at]; may be in place. `swap` exchanges real and
  // imaginary parts on both sides.
  void run(const LineView<const T>& in, int64_t in_at, const LineView<T>& out, int64_t out_at, bool swap,
           T scale) const {
    const int64_t columns = blocks(n2_), rows = blocks(n1_), row_length = columns * kLanes;
    const Scratch middle(size_t(rows * row_length) * sizeof(Cv<T>));
    Cv<T>* const mid = middle.as<Cv<T>>();
    const int64_t grain_columns = grain(n1_), grain_rows = grain(n2_);
    parallel_for(0, columns, grain_columns, [&](int64_t begin, int64_t end) {
      const Scratch scratch(size_t(2 * n1_) * sizeof(Cv<T>));
      Cv<T>* const x = scratch.as<Cv<T>>();
      for (int64_t b = begin; b < end; ++b) column_block(in, in_at, swap, b, x, mid, row_length);
    });
    const LineView<T> spread{out.data, out.step * n1_, out.im};
    parallel_for(0, rows, grain_rows, [&](int64_t begin, int64_t end) {
      const Scratch scratch(size_t(n2_) * sizeof(Cv<T>));
      for (int64_t b = begin; b < end; ++b) {
        Cv<T>* const z = second_.run(mid + b * row_length, scratch.as<Cv<T>>());
        if (scale != T(1))
          for (int64_t j = 0; j < n2_; ++j) z[j] = {z[j].re * Vec<T>(scale), z[j].im * Vec<T>(scale)};
        int64_t at[kLanes];
        for (int l = 0; l < kLanes; ++l) at[l] = out_at + (b * kLanes + l) * out.step;
        store_lines(spread, at, int(std::min<int64_t>(kLanes, n1_ - b * kLanes)), n2_, swap, z);
      }
    });
  }

private:
  static constexpr int kLanes = Vec<T>::kLanes;
  static int64_t blocks(int64_t n) { return (n + kLanes - 1) / kLanes; }
  static int64_t grain(int64_t n) { return std::max<int64_t>(1, kGrain / (n * kLanes * 8)); }

  // Transforms up to kLanes columns, turns them by their twiddles and transposes them into rows of `mid`.
  void column_block(const LineView<const T>& in, int64_t in_at, bool swap, int64_t b, Cv<T>* x, Cv<T>* mid,
                    int64_t row_length) const {
    int64_t at[kLanes];
    for (int l = 0; l < kLanes; ++l) at[l] = in_at + (b * kLanes + l) * in.step;
    const LineView<const T> spread{in.data, in.step * n2_, in.im};
    load_lines(spread, at, int(std::min<int64_t>(kLanes, n2_ - b * kLanes)), n1_, swap, x);
    Cv<T>* const z = first_.run(x, x + n1_);
    const Cv<T>* const low = &twiddles_[size_t(b * (base_ + high_count_))];
    const Cv<T>* const high = low + base_;
    for (int64_t k = 0, h = 0; k < n1_; ++h) {
      const Cv<T> w = high[h];
      for (int64_t i = 0; i < base_ && k < n1_; ++i, ++k) {
        const Cv<T> turn = times(w, low[i].re, low[i].im);
        z[k] = times(z[k], turn.re, turn.im);
      }
    }
    for (int64_t k = 0; k < n1_; k += kLanes) {
      Vec<T> re[kLanes], im[kLanes];
      for (int i = 0; i < kLanes; ++i) {
        const Cv<T>& v = z[std::min(k + i, n1_ - 1)];
        re[i] = v.re;
        im[i] = v.im;
      }
      fft_detail::transpose_square(re);
      fft_detail::transpose_square(im);
      Cv<T>* const to = mid + k / kLanes * row_length + b * kLanes;
      for (int i = 0; i < kLanes; ++i) to[i] = {re[i], im[i]};
    }
  }

  int64_t n1_, n2_;
  BlockPlan<T> first_, second_;
  int64_t base_, high_count_;
  std::unique_ptr<Cv<T>[]> twiddles_;
};

// The transform of one complex line of any length. A length with a large prime factor is convolved with a
// chirp over a longer one, m.
template <class T> class LinePlan {
public:
  static constexpr int64_t kMaxBlock =
      (1 << 18) / int64_t(sizeof(Cv<T>)); // a block and its copy stay in the cache

  explicit LinePlan(int64_t n) : n_(n), work_(n) {
    using namespace fft_detail;
    if (!is_smooth(n, kMaxRadix)) {
      work_ = 2 * n - 1;
      while (work_ % 4 != 0 || !is_smooth(work_, 5)) ++work_;
      make_kernel();
    }
    if (work_ <= kMaxBlock) block_.emplace(work_);
  }

  // Elements that each of the two buffers of run() needs, and a line that goes the long way.
  int64_t work() const { return work_; }
  bool smooth() const { return work_ == n_; }
  bool fits_block() const { return block_.has_value(); }

  Cv<T>* run(Cv<T>* x, Cv<T>* y) const {
    if (smooth()) return block_->run(x, y);
    turn(x, chirp_, n_);
    for (int64_t j = n_; j < work_; ++j) x[j] = {Vec<T>(T(0)), Vec<T>(T(0))};
    Cv<T>* z = block_->run(x, y);
    turn(z, kernel_, work_);
    for (int64_t j = 0; j < work_; ++j) std::swap(z[j].re, z[j].im); // for the inverse transform
    z = block_->run(z, z == x ? y : x);
    for (int64_t j = 0; j < n_; ++j) std::swap(z[j].re, z[j].im);
    turn(z, chirp_, n_);
    return z;
  }
  // The same for one line of work() elements in memory.
  void run_line(Cplx<T>* z, const LongPlan<T>& plan) const {
    const LineView<T> line{reinterpret_cast<T*>(z), 2, 1};
    const LineView<const T> read{line.data, 2, 1};
    if (smooth()) return plan.run(read, 0, line, 0, false, T(1));
    for (int64_t j = 0; j < n_; ++j) z[j] = z[j] * chirp_[size_t(j)];
    std::fill(z + n_, z + work_, Cplx<T>(T(0)));
    plan.run(read, 0, line, 0, false, T(1));
    for (int64_t j = 0; j < work_; ++j) z[j] = z[j] * kernel_[size_t(j)];
    plan.run(read, 0, line, 0, true, T(1));
    for (int64_t j = 0; j < n_; ++j) z[j] = z[j] * chirp_[size_t(j)];
  }

private:
  static void turn(Cv<T>* z, const std::vector<Cplx<T>>& by, int64_t n) {
    for (int64_t j = 0; j < n; ++j) z[j] = times(z[j], Vec<T>(by[size_t(j)].re), Vec<T>(by[size_t(j)].im));
  }

  // The chirp exp(-i pi j^2 / n), and the transform of its conjugate with the 1 / m of the inverse transform.
  // In double, as its errors are in every result.
  void make_kernel() {
    const auto chirp = [&](int64_t j) {
      double root[2];
      unit_root(int64_t(static_cast<unsigned __int128>(j) * uint64_t(j) % uint64_t(2 * n_)), 2 * n_, root);
      return Cplx<double>(root[0], root[1]);
    };
    const double scale = 1 / double(work_);
    std::vector<Cplx<double>> line(size_t(work_), Cplx<double>(0.0));
    for (int64_t j = 0; j < n_; ++j) {
      const Cplx<double> c = chirp(j);
      chirp_.push_back({T(c.re), T(c.im)});
      line[size_t(j)] = line[size_t(j == 0 ? 0 : work_ - j)] = {c.re * scale, -c.im * scale};
    }
    double* const data = reinterpret_cast<double*>(line.data());
    LongPlan<double>(work_).run({data, 2, 1}, 0, {data, 2, 1}, 0, false, 1.0);
    for (const Cplx<double>& v : line) kernel_.push_back({T(v.re), T(v.im)});
  }

  int64_t n_, work_;
  std::optional<BlockPlan<T>> block_;
  std::vector<Cplx<T>> chirp_, kernel_;
};

} // namespace torch::TORCH_ISA
