// Eigenvalues and singular values.
#include "kernels/cpu/linalg.h"
#include "kernels/linalg_errors.h"
#include "kernels/linalg_kernels.h"

namespace torch::TORCH_ISA {

void eigh(const Tensor& out0, const Tensor& out1, const Tensor& A, std::string_view UPLO, bool compute_v) {
  if (out0.numel() == 0) return;
  visit_lapack("linalg_eigh_cpu", A.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using R = RealOf<T>;
    const int64_t n = rows_in(A);
    const IntSpan batch = batch_of(A);
    const Tensor info = empty_tensor(batch, DType::Int32);
    int* const infos = info.data<int>();
    const Matrices<T> in(A, batch);
    R* const values = out0.data<R>();
    T* const vectors = out1.data<T>();
    const char job = compute_v ? 'V' : 'N', uplo = UPLO == "U" || UPLO == "u" ? 'U' : 'L';
    T best{}, no_data{};
    R best_real = 0, none{};
    int best_int = 0, unused = 0;
    Lapack<T>::syevd(job, uplo, lapack_int(n), &no_data, leading(n), &none, &best, -1, &best_real, -1,
                     &best_int, -1, &unused);
    const int lwork = work_size(best), lrwork = work_size(best_real), liwork = std::max(1, best_int);
    for_batch(info.numel(), (compute_v ? 9 : 2) * cube(n, n, n), [&](int64_t first, int64_t last) {
      const Room<T> work(lwork), spare(compute_v ? 0 : n * n);
      const Room<R> rwork(lrwork);
      const Room<int> iwork(liwork);
      for (int64_t i = first; i < last; ++i) {
        T* const a = compute_v ? vectors + i * n * n : spare;
        in.load(i, a, n);
        R* const w = values + i * n;
        if (!all_finite(a, n * n)) {
          infos[i] = lapack_int(n);
          continue;
        }
        Lapack<T>::syevd(job, uplo, lapack_int(n), a, leading(n), w, work, lwork, rwork, lrwork, iwork,
                         liwork, infos + i);
      }
    });
    check_eigh("linalg.eigh", info);
  });
}

void eig(const Tensor& out0, const Tensor& out1, const Tensor& self, bool with_vectors) {
  visit_lapack("linalg_eig_out_cpu", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using R = RealOf<T>;
    using C = std::complex<R>;
    constexpr bool kReal = std::is_same_v<T, R>;
    const int64_t n = rows_in(self);
    const IntSpan batch = batch_of(self);
    if (out0.numel() == 0) return;
    const Tensor info = empty_tensor(batch, DType::Int32);
    int* const infos = info.data<int>();
    const Matrices<T> in(self, batch);
    C* const values = out0.data<C>();
    C* const vectors = with_vectors ? out1.data<C>() : nullptr;
    const char job = with_vectors ? 'V' : 'N';
    T best{}, none{};
    R no_real{};
    int unused = 0;
    Lapack<T>::geev(job, lapack_int(n), &none, leading(n), &none, &none, leading(n), &best, -1, &no_real,
                    &unused);
    const int lwork = work_size(best);
    for_batch(info.numel(), 25 * cube(n, n, n), [&](int64_t first, int64_t last) {
      const Room<T> work(lwork), a(n * n), w(2 * n), packed(kReal && with_vectors ? n * n : 0);
      const Room<R> rwork(2 * n);
      for (int64_t i = first; i < last; ++i) {
        in.load(i, a, n);
        check(all_finite<T>(a, n * n), "torch.linalg.eig: input tensor should not contain infs or NaNs.");
        T* v = packed;
        if constexpr (!kReal)
          if (with_vectors) v = vectors + i * n * n;
        Lapack<T>::geev(job, lapack_int(n), a, leading(n), w, v, leading(n), work, lwork, rwork, infos + i);
        if constexpr (kReal) {
          for (int64_t j = 0; j < n; ++j) values[i * n + j] = C(w[j], w[n + j]);
          // A complex pair has its vector's real and imaginary parts in two columns.
          for (int64_t j = 0; with_vectors && j < n; ++j) {
            C* const to = vectors + (i * n + j) * n;
            const T* const from = v + j * n;
            if (w[n + j] == 0 || j + 1 == n) {
              for (int64_t r = 0; r < n; ++r) to[r] = C(from[r], 0);
              continue;
            }
            for (int64_t r = 0; r < n; ++r) {
              to[r] = C(from[r], from[n + r]);
              to[n + r] = C(from[r], -from[n + r]);
            }
            ++j;
          }
        } else {
          std::copy_n(static_cast<T*>(w), n, values + i * n);
        }
      }
    });
    check_eig("torch.linalg.eig", info);
  });
}

void eigvals(const Tensor& out, const Tensor& self) { eig(out, Tensor(), self, false); }
void eig_vectors(const Tensor& out0, const Tensor& out1, const Tensor& self) { eig(out0, out1, self, true); }

void svd(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& A, bool full_matrices,
         bool compute_uv) {
  visit_lapack("linalg_svd_cpu", A.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using R = RealOf<T>;
    const int64_t m = rows_in(A), n = columns_in(A), k = std::min(m, n), longer = std::max(m, n);
    const IntSpan batch = batch_of(A);
    T *const us = out0.data<T>(), *const vs = out2.data<T>();
    const int64_t u_size = compute_uv ? rows_in(out0) * columns_in(out0) : 0;
    const int64_t v_rows = compute_uv ? rows_in(out2) : 1,
                  v_size = compute_uv ? v_rows * columns_in(out2) : 0;
    if (k == 0) { // full bases are identities
      for (const Tensor* basis : {&out0, &out2}) {
        T* const data = basis->data<T>();
        std::fill_n(data, basis->numel(), T(0));
        const int64_t rows = compute_uv ? rows_in(*basis) : 0, size = rows * rows;
        for (int64_t at = 0; size && at < basis->numel(); at += size)
          for (int64_t j = 0; j < rows; ++j) data[at + j * rows + j] = T(1);
      }
      return;
    }
    const Tensor info = empty_tensor(batch, DType::Int32);
    int* const infos = info.data<int>();
    const Matrices<T> in(A, batch);
    R* const values = out1.data<R>();
    const char job = !compute_uv ? 'N' : full_matrices ? 'A' : 'S';
    T best{}, none{};
    R no_real{};
    int no_int = 0, unused = 0;
    Lapack<T>::gesdd(job, lapack_int(m), lapack_int(n), &none, leading(m), &no_real, &none, leading(m), &none,
                     leading(v_rows), &best, -1, &no_real, &no_int, &unused);
    const int lwork = work_size(best);
    // What the documentation of the complex routines asks for.
    const int64_t lrwork = compute_uv ? std::max(5 * k * k + 5 * k, 2 * longer * k + 2 * k * k + k) : 7 * k;
    for_batch(info.numel(), (compute_uv ? 20 : 4) * cube(m, n, k), [&](int64_t first, int64_t last) {
      const Room<T> work(lwork), a(m * n);
      const Room<R> rwork(std::is_same_v<T, R> ? 0 : lrwork);
      const Room<int> iwork(8 * k);
      for (int64_t i = first; i < last; ++i) {
        in.load(i, a, m);
        if (!all_finite<T>(a, m * n)) {
          infos[i] = -4;
          continue;
        }
        Lapack<T>::gesdd(job, lapack_int(m), lapack_int(n), a, leading(m), values + i * k, us + i * u_size,
                         leading(m), vs + i * v_size, leading(v_rows), work, lwork, rwork, iwork, infos + i);
      }
    });
    check_svd("linalg.svd", info);
  });
}

} // namespace torch::TORCH_ISA
