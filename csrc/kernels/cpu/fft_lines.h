// Moving lines of complex numbers between tensors and blocks of registers, for Fourier transforms.
#pragma once

#include "kernels/cpu/fft_plan.h"

namespace torch::TORCH_ISA {

// Where the elements of lines are: part re of element j of a line starting at data[at] is data[at + j *
// step], part im is `im` further (negative: the numbers are real).
template <class T> struct LineView {
  T* data;
  int64_t step, im;
};

namespace fft_detail {

template <class T, bool kHigh> TORCH_INLINE Vec<T> interleaved(Vec<T> a, Vec<T> b) { // a0 b0 a1 b1 ...
  constexpr int n = Vec<T>::kLanes;
  typename Mask<T>::Raw index;
  for (int i = 0; i < n; ++i) index[i] = BitsOf<T>(i / 2 + (kHigh ? n / 2 : 0) + (i % 2 ? n : 0));
  return __builtin_shuffle(a.v, b.v, index);
}
template <class T, bool kOdd> TORCH_INLINE Vec<T> every_second(Vec<T> a, Vec<T> b) {
  constexpr int n = Vec<T>::kLanes;
  typename Mask<T>::Raw index;
  for (int i = 0; i < n; ++i) index[i] = BitsOf<T>(2 * i + kOdd);
  return __builtin_shuffle(a.v, b.v, index);
}
template <class T> TORCH_INLINE Cv<T> split_parts(Vec<T> a, Vec<T> b) {
  return {every_second<T, false>(a, b), every_second<T, true>(a, b)};
}

// Exchanges rows and lanes of a square of registers: log2(n) rounds of interleaving rows i and i + n / 2.
template <class T> TORCH_INLINE void transpose_square(Vec<T>* r) {
  constexpr int n = Vec<T>::kLanes;
  Vec<T> t[n];
  int rounds = 0;
#pragma GCC unroll 4
  for (int width = 1; width < n; width *= 2, ++rounds) {
    Vec<T>* const from = rounds % 2 ? t : r;
    Vec<T>* const to = rounds % 2 ? r : t;
#pragma GCC unroll 8
    for (int i = 0; i < n / 2; ++i) {
      to[2 * i] = interleaved<T, false>(from[i], from[i + n / 2]);
      to[2 * i + 1] = interleaved<T, true>(from[i], from[i + n / 2]);
    }
  }
  if (rounds % 2)
    for (int i = 0; i < n; ++i) r[i] = t[i];
}

template <class T> bool lanes_are_apart(const int64_t* at, int lanes, int64_t distance) {
  for (int l = 1; l < lanes; ++l)
    if (at[l] != at[0] + l * distance) return false;
  return true;
}

// The first `count` numbers of two registers at p.
template <class T> TORCH_INLINE Cv<T> load_some(const T* p, int count) {
  constexpr int n = Vec<T>::kLanes;
  const Vec<T> zero(T(0));
  const auto part = [&](const T* q, int c) {
    return c <= 0 ? zero : c >= n ? Vec<T>::load(q) : Vec<T>::load_partial(q, c);
  };
  return {part(p, count), part(p + n, count - n)};
}
template <class T> TORCH_INLINE void store_some(T* p, Vec<T> a, Vec<T> b, int count) {
  constexpr int n = Vec<T>::kLanes;
  if (count >= n)
    a.store(p);
  else
    a.store_partial(p, count);
  if (count >= 2 * n)
    b.store(p + n);
  else if (count > n)
    b.store_partial(p + n, count - n);
}

} // namespace fft_detail

// Elements [0, n) of `lanes` lines that start at at[0] ...; lanes beyond get any numbers. `swap` exchanges
// real and imaginary parts.
template <class T>
void load_lines(const LineView<const T>& view, const int64_t* at, int lanes, int64_t n, bool swap, Cv<T>* x) {
  using namespace fft_detail;
  constexpr int width = Vec<T>::kLanes;
  const Vec<T> zero(T(0));
  Vec<T>* const real = swap ? &x->im : &x->re; // of element j: real[2 * j]
  Vec<T>* const imag = swap ? &x->re : &x->im;
  const auto put = [&](int64_t j, Vec<T> re, Vec<T> im) {
    real[2 * j] = re;
    imag[2 * j] = im;
  };
  const int64_t step = view.step;
  if (view.im == 1 && lanes_are_apart<T>(at, lanes, 2)) {
    const T* const from = view.data + at[0];
    if (lanes == width) {
      for (int64_t j = 0; j < n; ++j) {
        const Cv<T> parts = split_parts(Vec<T>::load(from + j * step), Vec<T>::load(from + j * step + width));
        put(j, parts.re, parts.im);
      }
    } else {
      for (int64_t j = 0; j < n; ++j) {
        const Cv<T> both = load_some<T>(from + j * step, 2 * lanes);
        const Cv<T> parts = split_parts(both.re, both.im);
        put(j, parts.re, parts.im);
      }
    }
    return;
  }
  if (lanes == width && lanes_are_apart<T>(at, lanes, 1)) {
    const T* const from = view.data + at[0];
    for (int64_t j = 0; j < n; ++j)
      put(j, Vec<T>::load(from + j * step), view.im >= 0 ? Vec<T>::load(from + j * step + view.im) : zero);
    return;
  }
  int64_t j = 0;
  if (view.im == 1 && step == 2) {
    for (; j + width <= n; j += width) {
      Vec<T> re[width], im[width];
      for (int l = 0; l < width; ++l) {
        const T* const from = view.data + at[l < lanes ? l : 0] + 2 * j;
        const Cv<T> parts = split_parts(Vec<T>::load(from), Vec<T>::load(from + width));
        re[l] = parts.re;
        im[l] = parts.im;
      }
      transpose_square(re);
      transpose_square(im);
      for (int i = 0; i < width; ++i) put(j + i, re[i], im[i]);
    }
  }
  T re[width] = {}, im[width] = {};
  for (; j < n; ++j) {
    for (int l = 0; l < lanes; ++l) {
      const T* const from = view.data + at[l] + j * step;
      re[l] = *from;
      if (view.im >= 0) im[l] = from[view.im];
    }
    put(j, Vec<T>::load(re), Vec<T>::load(im));
  }
}

// The reverse. With a negative im the imaginary parts are left out.
template <class T>
void store_lines(const LineView<T>& view, const int64_t* at, int lanes, int64_t n, bool swap,
                 const Cv<T>* x) {
  using namespace fft_detail;
  constexpr int width = Vec<T>::kLanes;
  const int64_t step = view.step;
  const Vec<T>* const real = swap ? &x->im : &x->re;
  const Vec<T>* const imag = swap ? &x->re : &x->im;
  if (view.im == 1 && lanes_are_apart<T>(at, lanes, 2)) {
    T* const to = view.data + at[0];
    for (int64_t j = 0; j < n; ++j)
      store_some(to + j * step, interleaved<T, false>(real[2 * j], imag[2 * j]),
                 interleaved<T, true>(real[2 * j], imag[2 * j]), 2 * lanes);
    return;
  }
  if (lanes == width && lanes_are_apart<T>(at, lanes, 1)) {
    T* const to = view.data + at[0];
    for (int64_t j = 0; j < n; ++j) {
      real[2 * j].store(to + j * step);
      if (view.im >= 0) imag[2 * j].store(to + j * step + view.im);
    }
    return;
  }
  int64_t j = 0;
  if (view.im == 1 && step == 2) {
    for (; j + width <= n; j += width) {
      Vec<T> re[width], im[width];
      for (int i = 0; i < width; ++i) {
        re[i] = real[2 * (j + i)];
        im[i] = imag[2 * (j + i)];
      }
      transpose_square(re);
      transpose_square(im);
      for (int l = 0; l < lanes; ++l) {
        T* const to = view.data + at[l] + 2 * j;
        interleaved<T, false>(re[l], im[l]).store(to);
        interleaved<T, true>(re[l], im[l]).store(to + width);
      }
    }
  }
  T re[width], im[width];
  for (; j < n; ++j) {
    real[2 * j].store(re);
    imag[2 * j].store(im);
    for (int l = 0; l < lanes; ++l) {
      T* const to = view.data + at[l] + j * step;
      *to = re[l];
      if (view.im >= 0) to[view.im] = im[l];
    }
  }
}

} // namespace torch::TORCH_ISA
