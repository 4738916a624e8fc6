// Orthogonal factors: QR and products of Householder reflections.
#include "kernels/cpu/linalg_small.h"
#include "kernels/linalg_errors.h"
#include "kernels/linalg_kernels.h"

namespace torch::TORCH_ISA {

namespace {

template <class T> int geqrf_work(int64_t m, int64_t n) {
  T best{}, none{};
  int info = 0;
  Lapack<T>::geqrf(lapack_int(m), lapack_int(n), &none, leading(m), &none, &best, -1, &info);
  return work_size(best);
}
template <class T> int orgqr_work(int64_t m, int64_t n, int64_t k) {
  T best{}, none{};
  int info = 0;
  Lapack<T>::orgqr(lapack_int(m), lapack_int(n), lapack_int(k), &none, leading(m), &none, &best, -1, &info);
  return work_size(best);
}

} // namespace

void geqrf(const Tensor& out0, const Tensor& out1, const Tensor& self) {
  visit_lapack("geqrf_cpu", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t m = rows_in(self), n = columns_in(self), k = std::min(m, n);
    const IntSpan batch = batch_of(out0);
    if (out0.numel() == 0) {
      std::fill_n(out1.data<T>(), out1.numel(), T(0));
      return;
    }
    const Matrices<T> in(self, batch);
    T *const data = out0.data<T>(), *const taus = out1.data<T>();
    const int lwork = geqrf_work<T>(m, n);
    for_batch(numel_of(batch), 2 * cube(m, n, k), [&](int64_t first, int64_t last) {
      const Room<T> work(lwork);
      for (int64_t i = first; i < last; ++i) {
        T* const a = data + i * m * n;
        in.load(i, a, m);
        int info = 0;
        Lapack<T>::geqrf(lapack_int(m), lapack_int(n), a, leading(m), taus + i * k, work, lwork, &info);
      }
    });
  });
}

void qr(const Tensor& out0, const Tensor& out1, const Tensor& A, std::string_view mode) {
  visit_lapack("geqrf_cpu", A.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t m = rows_in(A), n = columns_in(A), k = std::min(m, n);
    const IntSpan batch = batch_of(out1);
    const bool with_q = mode != "r";
    const int64_t r_rows = rows_in(out1), q_columns = with_q ? columns_in(out0) : 0;
    T *const q_data = out0.data<T>(), *const r_data = out1.data<T>();
    if (k == 0) { // Q is the identity
      std::fill_n(q_data, out0.numel(), T(0));
      for (int64_t i = 0; q_columns && m && i < out0.numel() / (m * q_columns); ++i)
        for (int64_t j = 0; j < q_columns; ++j) q_data[(i * q_columns + j) * m + j] = T(1);
      return;
    }
    const Matrices<T> in(A, batch);
    const int lwork = std::max(geqrf_work<T>(m, n), with_q ? orgqr_work<T>(m, q_columns, k) : 1);
    for_batch(numel_of(batch), 4 * cube(m, n, k), [&](int64_t first, int64_t last) {
      const Room<T> work(lwork), tau(k), spare(r_rows == m || with_q ? 0 : m * n);
      for (int64_t i = first; i < last; ++i) {
        T *const q = with_q ? q_data + i * m * q_columns : nullptr, *const r = r_data + i * r_rows * n;
        // Factored where there is room: in R, else in Q, whose shape A then has.
        T* const a = r_rows == m ? r : with_q ? q : spare;
        in.load(i, a, m);
        int info = 0;
        bool is_small = false;
        if constexpr (std::is_same_v<T, RealOf<T>>)
          is_small = m <= kSmall && n <= kSmall && small::geqrf<T>(int(m), int(n), a, int(m), tau);
        if (!is_small) {
          if (m <= kSmall && n <= kSmall) in.load(i, a, m);
          Lapack<T>::geqrf(lapack_int(m), lapack_int(n), a, leading(m), tau, work, lwork, &info);
        }
        if (with_q && a == r)
          for (int64_t j = 0; j < k; ++j) std::copy_n(a + j * m + j, m - j, q + j * m + j);
        for (int64_t j = 0; j < n; ++j) {
          const int64_t filled = std::min(j + 1, r_rows);
          if (a != r) std::copy_n(a + j * m, filled, r + j * r_rows);
          std::fill(r + j * r_rows + filled, r + (j + 1) * r_rows, T(0));
        }
        if constexpr (std::is_same_v<T, RealOf<T>>)
          if (with_q && is_small) {
            small::orgqr<T>(int(m), int(q_columns), int(k), q, int(m), tau);
            continue;
          }
        if (with_q)
          Lapack<T>::orgqr(lapack_int(m), lapack_int(q_columns), lapack_int(k), q, leading(m), tau, work,
                           lwork, &info);
      }
    });
  });
}

void householder_product(const Tensor& out, const Tensor& input, const Tensor& tau) {
  visit_lapack("orgqr_cpu", input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t m = rows_in(input), n = columns_in(input), k = tau.sizes().back();
    const IntSpan batch = batch_of(out);
    if (out.numel() == 0) return;
    const Matrices<T> in(input, batch);
    T* const data = out.data<T>();
    const T* const taus = tau.data<T>();
    const int lwork = orgqr_work<T>(m, n, k);
    for_batch(numel_of(batch), 4 * cube(m, n, n), [&](int64_t first, int64_t last) {
      const Room<T> work(lwork);
      for (int64_t i = first; i < last; ++i) {
        T* const q = data + i * m * n;
        in.load(i, q, m);
        int info = 0;
        Lapack<T>::orgqr(lapack_int(m), lapack_int(n), lapack_int(k), q, leading(m), taus + i * k, work,
                         lwork, &info);
      }
    });
  });
}

void ormqr(const Tensor& out, const Tensor& self, const Tensor& input2, const Tensor& input3, bool left,
           bool transpose) {
  visit_lapack("ormqr_cpu", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t m = rows_in(out), n = columns_in(out), k = input2.sizes().back();
    const IntSpan batch = batch_of(out);
    if (out.numel() == 0) return;
    const Matrices<T> a(self, batch), c(input3, batch);
    T* const data = out.data<T>();
    const T* const taus = input2.data<T>();
    const char side = left ? 'L' : 'R';
    const char trans = !transpose ? 'N' : std::is_same_v<T, RealOf<T>> ? 'T' : 'C';
    T best{}, none{};
    int unused = 0;
    Lapack<T>::ormqr(side, trans, lapack_int(m), lapack_int(n), lapack_int(k), &none, leading(left ? m : n),
                     &none, &none, leading(m), &best, -1, &unused);
    const int lwork = work_size(best);
    for_batch(numel_of(batch), 4 * cube(m, n, k), [&](int64_t first, int64_t last) {
      const Room<T> work(lwork), copy(a.rows * a.columns);
      for (int64_t i = first; i < last; ++i) {
        T* const x = data + i * m * n;
        c.load(i, x, m);
        a.load(i, copy, a.rows); // LAPACK writes into it for a while
        int info = 0;
        Lapack<T>::ormqr(side, trans, lapack_int(m), lapack_int(n), lapack_int(k), copy, leading(a.rows),
                         taus + i * k, x, leading(m), work, lwork, &info);
      }
    });
  });
}

} // namespace torch::TORCH_ISA
