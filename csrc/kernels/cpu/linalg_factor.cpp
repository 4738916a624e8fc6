// Factorizations of square and rectangular matrices without orthogonal factors, and what follows directly.
#include "kernels/cpu/linalg_small.h"
#include "kernels/linalg_errors.h"
#include "kernels/linalg_kernels.h"

namespace torch::TORCH_ISA {

void cholesky(const Tensor& out0, const Tensor& out1, const Tensor& self, bool upper, bool check_errors) {
  if (self.numel() == 0) {
    std::fill_n(out1.data<int>(), out1.numel(), 0);
    return;
  }
  visit_lapack("cholesky_cpu", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = rows_in(self);
    const Matrices<T> in(self, batch_of(out0));
    T* const data = out0.data<T>();
    int* const info = out1.data<int>();
    for_batch(out1.numel(), cube(n, n, n) / 3, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        T* const a = data + i * n * n;
        in.load(i, a, n);
        potrf<T>(upper, n, a, info + i);
        for (int64_t j = 0; j < n && info[i] == 0; ++j) // OpenBLAS looks for no NaN
          if (!(std::real(a[j * n + j]) > 0)) info[i] = lapack_int(j + 1);
        for (int64_t j = 0; j < n; ++j) // the other triangle is zero
          upper ? std::fill(a + j * n + j + 1, a + (j + 1) * n, T(0))
                : std::fill(a + j * n, a + j * n + j, T(0));
      }
    });
  });
  if (check_errors) check_cholesky("linalg.cholesky_ex", out1);
}

void cholesky_inverse(const Tensor& out, const Tensor& self, bool upper) {
  visit_lapack("cholesky_inverse_out_cpu", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = rows_in(self);
    const Matrices<T> in(self, batch_of(out));
    T* const data = out.data<T>();
    const Tensor info = empty_tensor(batch_of(out), DType::Int32);
    int* const infos = info.data<int>();
    for_batch(info.numel(), cube(n, n, n), [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        T* const a = data + i * n * n;
        in.load(i, a, n);
        Lapack<T>::potri(upper ? 'U' : 'L', lapack_int(n), a, leading(n), infos + i);
        for (int64_t j = 0; j < n; ++j) // LAPACK fills one triangle
          for (int64_t r = 0; r < j; ++r) {
            if (upper)
              a[r * n + j] = conjugate(a[j * n + r]);
            else
              a[j * n + r] = conjugate(a[r * n + j]);
          }
      }
    });
    check_inverse("cholesky_inverse", info);
  });
}

void lu_factor(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& A,
               bool check_errors) {
  if (A.numel() == 0) {
    std::fill_n(out2.data<int>(), out2.numel(), 0);
    return;
  }
  visit_lapack("lu_cpu", A.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t m = rows_in(A), n = columns_in(A), k = std::min(m, n);
    const Matrices<T> in(A, batch_of(out0));
    T* const data = out0.data<T>();
    int* const pivots = out1.data<int>();
    int* const info = out2.data<int>();
    for_batch(out2.numel(), cube(m, n, k), [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        info[i] = 0;
        T* const a = data + i * m * n;
        in.load(i, a, m);
        if (k) getrf<T>(m, n, a, pivots + i * k, info + i);
      }
    });
  });
  if (check_errors) check_lu("torch.linalg.lu_factor_ex", out2);
}

void inverse(const Tensor& out0, const Tensor& out1, const Tensor& A, bool check_errors) {
  visit_lapack("inverse_cpu", A.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = rows_in(A);
    const Matrices<T> in(A, batch_of(out0));
    T* const data = out0.data<T>();
    int* const info = out1.data<int>();
    for_batch(out1.numel(), 2 * cube(n, n, n), [&](int64_t first, int64_t last) {
      const Room<T> lu(n * n);
      const Room<int> pivots(n);
      for (int64_t i = first; i < last; ++i) {
        info[i] = 0;
        T* const x = data + i * n * n;
        in.load(i, lu, n);
        std::fill_n(x, n * n, T(0));
        for (int64_t j = 0; j < n; ++j) x[j * n + j] = T(1);
        if (n == 0) continue;
        getrf<T>(n, n, lu, pivots, info + i);
        getrs<T>('N', n, n, {lu, leading(n)}, pivots, x, n);
      }
    });
  });
  if (check_errors) check_inverse("linalg.inv_ex", out1);
}

namespace {

// Factors the matrices of A and calls use(i, LU, whether the permutation is odd).
template <class T, class Use>
void each_lu(const Tensor& factors, const Tensor& pivots, const Tensor& A, Use&& use) {
  const int64_t n = rows_in(A);
  const IntSpan batch = batch_of(factors);
  const Matrices<T> in(A, batch);
  T* const data = factors.data<T>();
  int* const places = pivots.data<int>();
  for_batch(numel_of(batch), cube(n, n, n) / 1.5, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      T* const a = data + i * n * n;
      int* const p = places + i * n;
      in.load(i, a, n);
      int info = 0;
      if (n) getrf<T>(n, n, a, p, &info);
      bool odd = false;
      for (int64_t j = 0; j < n; ++j) odd ^= p[j] != j + 1;
      use(i, a, odd);
    }
  });
}

} // namespace

void det(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& A) {
  if (out0.numel() == 0) return;
  visit_lapack("lu_cpu", A.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = rows_in(A);
    each_lu<T>(out1, out2, A, [&, result = out0.data<T>()](int64_t i, const T* a, bool odd) {
      T product = odd ? T(-1) : T(1);
      for (int64_t j = 0; j < n; ++j) product *= a[j * n + j];
      result[i] = product;
    });
  });
}

void slogdet(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& out3,
             const Tensor& A) {
  visit_lapack("lu_cpu", A.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using R = RealOf<T>;
    const int64_t n = rows_in(A);
    T* const signs = out0.data<T>();
    R* const logs = out1.data<R>();
    each_lu<T>(out2, out3, A, [&](int64_t i, const T* a, bool odd) {
      T sign = odd ? T(-1) : T(1);
      R log_size = 0;
      for (int64_t j = 0; j < n; ++j) {
        const T d = a[j * n + j];
        const R size = std::abs(d);
        sign *= size == 0 ? T(0) : d / size;
        log_size += std::log(size);
      }
      signs[i] = sign;
      logs[i] = log_size;
    });
  });
}

void lu_unpack(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& LU_data,
               const Tensor& LU_pivots, bool unpack_data, bool unpack_pivots) {
  const int64_t m = rows_in(LU_data), n = columns_in(LU_data), k = std::min(m, n);
  visit_compiled(LU_data.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const IntSpan batch = batch_of(LU_data);
    const Matrices<T> in(LU_data, batch);
    const int64_t count = numel_of(batch);
    if (unpack_data) {
      T *const lower = out1.data<T>(), *const upper = out2.data<T>();
      for_batch(count, double(m * n), [&](int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
          const T* const a = in.at(i);
          const auto at = [&](int64_t r, int64_t c) { return a[r * in.row_step + c * in.column_step]; };
          T *const l = lower + i * m * k, *const u = upper + i * k * n;
          for (int64_t r = 0; r < m; ++r)
            for (int64_t c = 0; c < k; ++c) l[r * k + c] = c < r ? at(r, c) : T(c == r ? 1 : 0);
          for (int64_t r = 0; r < k; ++r)
            for (int64_t c = 0; c < n; ++c) u[r * n + c] = c < r ? T(0) : at(r, c);
        }
      });
    }
    if (unpack_pivots) {
      T* const permutations = out0.data<T>();
      const int* const pivots = LU_pivots.data<int>();
      const Room<int64_t> rows(m);
      std::fill_n(permutations, count * m * m, T(0));
      for (int64_t i = 0; i < count; ++i) {
        for (int64_t r = 0; r < m; ++r) rows[r] = r;
        for (int64_t j = 0; j < k; ++j) {
          const int64_t other = int64_t{pivots[i * k + j]} - 1;
          check(other >= 0 && other < m,
                "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive, but one is ",
                other + 1, ". Did you properly pass the result of lu_factor?");
          std::swap(rows[j], rows[other]);
        }
        for (int64_t r = 0; r < m; ++r) permutations[i * m * m + rows[r] * m + r] = T(1);
      }
    }
  });
}

void ldl_factor(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& self,
                bool hermitian, bool check_errors) {
  visit_lapack("ldl_factor_kernel_cpu", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = rows_in(self);
    const Matrices<T> in(self, batch_of(out0));
    T* const data = out0.data<T>();
    int* const pivots = out1.data<int>();
    int* const info = out2.data<int>();
    if (n == 0) {
      std::fill_n(info, out2.numel(), 0);
      return;
    }
    T best{};
    int unused = 0;
    Lapack<T>::factor_symmetric(hermitian, 'L', lapack_int(n), data, leading(n), pivots, &best, -1, &unused);
    const int lwork = work_size(best);
    for_batch(out2.numel(), cube(n, n, n) / 3, [&](int64_t first, int64_t last) {
      const Room<T> work(lwork);
      for (int64_t i = first; i < last; ++i) {
        T* const a = data + i * n * n;
        in.load(i, a, n);
        Lapack<T>::factor_symmetric(hermitian, 'L', lapack_int(n), a, leading(n), pivots + i * n, work, lwork,
                                    info + i);
        for (int64_t j = 0; j < n; ++j) std::fill(a + j * n, a + j * n + j, T(0));
      }
    });
  });
  if (check_errors) check_ldl("torch.linalg.ldl_factor_ex", out2);
}

} // namespace torch::TORCH_ISA
