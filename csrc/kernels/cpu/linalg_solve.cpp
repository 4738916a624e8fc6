// Solving with matrices, as they are or factored.
#include "kernels/cpu/linalg_small.h"
#include "kernels/linalg_errors.h"
#include "kernels/linalg_kernels.h"

#include <optional>

namespace torch::TORCH_ISA {

namespace {

// A tensor with its last two dimensions exchanged, as an alias.
Tensor flipped(const Tensor& t) {
  DimVec sizes = t.sizes(), strides = t.strides();
  std::swap(sizes[sizes.size() - 2], sizes[sizes.size() - 1]);
  std::swap(strides[sizes.size() - 2], strides[sizes.size() - 1]);
  return torch::alias(t, sizes, strides, t.offset());
}

// A right-hand side that is one vector for each matrix, as matrices of one column.
Tensor as_columns(const Tensor& t) {
  DimVec sizes = t.sizes(), strides = t.strides();
  sizes.push_back(1);
  strides.push_back(1);
  return torch::alias(t, sizes, strides, t.offset());
}

// Solves op(A) X = B from LU: B is loaded into X's memory, or into `spare` where that is not column-major.
// `conjugated`: for conj(X) and conj(B) instead.
template <class T>
void solve_one(char trans, bool conjugated, Dense<T> lu, const int* pivots, const Matrices<T>& b,
               const Matrices<T>& x, int64_t i, T* spare) {
  const int64_t n = x.rows, k = x.columns;
  const bool direct = x.row_step == 1 && (k <= 1 || x.column_step >= n);
  T* const target = direct ? x.at(i) : spare;
  const int64_t ld = direct && k > 1 ? x.column_step : n;
  b.load(i, target, ld);
  const auto conjugate_all = [&] {
    for (int64_t c = 0; c < k; ++c)
      for (int64_t r = 0; r < n; ++r) target[c * ld + r] = conjugate(target[c * ld + r]);
  };
  if (conjugated) conjugate_all();
  if (n && k) getrs<T>(trans, n, k, lu, pivots, target, ld);
  if (conjugated) conjugate_all();
  if (direct) return;
  T* const to = x.at(i);
  for (int64_t c = 0; c < k; ++c)
    for (int64_t r = 0; r < n; ++r) to[r * x.row_step + c * x.column_step] = target[c * ld + r];
}

void check_pivots(const char* op, const int* pivots, int64_t count, int64_t n) {
  for (int64_t i = 0; i < count; ++i)
    check(pivots[i] >= 1 && pivots[i] <= n, "Pivots given to ", op,
          " must be between 1 and LU.size(-2), but one is ", int64_t{pivots[i]},
          ". Did you properly pass the result of lu_factor?");
}

} // namespace

void solve(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& out3, const Tensor& A,
           const Tensor& B, bool left, bool check_errors) {
  if (A.numel() == 0) {
    std::fill_n(out3.data<int>(), out3.numel(), 0);
    return;
  }
  visit_lapack("linalg_solve", A.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = rows_in(A);
    const IntSpan batch = batch_of(out1);
    const bool vector = out0.dim() == int64_t(batch.size()) + 1;
    // X A = B is solved as A^T X^T = B^T.
    const Tensor rhs = vector ? as_columns(B) : left ? B : flipped(B);
    const Tensor result = vector ? as_columns(out0) : left ? out0 : flipped(out0);
    const Matrices<T> a(A, batch), b(rhs, batch), x(result, batch);
    T* const data = out1.data<T>();
    int *const pivots = out2.data<int>(), *const info = out3.data<int>();
    for_batch(out3.numel(), cube(n, n, n) / 1.5 + 2 * cube(n, n, x.columns),
              [&](int64_t first, int64_t last) {
                const Room<T> spare(n * x.columns);
                for (int64_t i = first; i < last; ++i) {
                  T* const lu = data + i * n * n;
                  a.load(i, lu, n);
                  info[i] = 0;
                  if (n) getrf<T>(n, n, lu, pivots + i * n, info + i);
                  solve_one<T>(left ? 'N' : 'T', false, {lu, leading(n)}, pivots + i * n, b, x, i, spare);
                }
              });
  });
  if (check_errors) check_solve("torch.linalg.solve_ex", out3);
}

void lu_solve(const Tensor& out, const Tensor& LU, const Tensor& pivots, const Tensor& B, bool left,
              bool adjoint) {
  visit_lapack("lu_solve", LU.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = rows_in(LU);
    const IntSpan batch = batch_of(out);
    const Tensor rhs = left ? B : flipped(B), result = left ? out : flipped(out);
    const Matrices<T> lu(LU, batch), b(rhs, batch), x(result, batch);
    const Matrices<int> places(pivots, batch, 1);
    check_pivots("lu_solve", pivots.data<int>(), pivots.numel(), n);
    // X A = B is A^T X^T = B^T, and X A^H = B is A conj(X^T) = conj(B^T).
    const char trans = left ? (adjoint ? 'C' : 'N') : (adjoint ? 'N' : 'T');
    for_batch(numel_of(batch), 2 * cube(n, n, x.columns), [&](int64_t first, int64_t last) {
      const Room<T> spare(n * x.columns), copy(n * n);
      for (int64_t i = first; i < last; ++i)
        solve_one<T>(trans, !left && adjoint, dense<T>(lu, i, copy), places.at(i), b, x, i, spare);
    });
  });
}

void solve_triangular(const Tensor& out, const Tensor& self, const Tensor& B, bool upper, bool left,
                      bool unitriangular) {
  visit_lapack("triangular_solve_cpu", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = rows_in(self), m = rows_in(out), k = columns_in(out);
    const IntSpan batch = batch_of(out);
    // A row-major matrix is its transpose, column-major.
    const bool turned =
        self.strides()[size_t(self.dim() - 1)] == 1 && self.strides()[size_t(self.dim() - 2)] != 1;
    const Matrices<T> a(turned ? flipped(self) : self, batch), b(B, batch);
    const char uplo = upper != turned ? 'U' : 'L';
    T* const data = out.data<T>();
    for_batch(numel_of(batch), cube(n, m, k), [&](int64_t first, int64_t last) {
      const Room<T> copy(n * n);
      for (int64_t i = first; i < last; ++i) {
        T* const x = data + i * m * k;
        b.load(i, x, m);
        const Dense<T> factor = dense<T>(a, i, copy);
        if (m && k)
          Lapack<T>::trsm(left ? 'L' : 'R', uplo, turned ? 'T' : 'N', unitriangular ? 'U' : 'N',
                          lapack_int(m), lapack_int(k), T(1), factor.data, factor.ld, x, leading(m));
      }
    });
  });
}

void cholesky_solve(const Tensor& out, const Tensor& self, const Tensor& input2, bool upper) {
  visit_lapack("cholesky_solve_cpu", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = rows_in(out), k = columns_in(out);
    const IntSpan batch = batch_of(out);
    const Matrices<T> a(input2, batch), b(self, batch);
    T* const data = out.data<T>();
    for_batch(numel_of(batch), 2 * cube(n, n, k), [&](int64_t first, int64_t last) {
      const Room<T> copy(n * n);
      for (int64_t i = first; i < last; ++i) {
        T* const x = data + i * n * k;
        b.load(i, x, n);
        const Dense<T> factor = dense<T>(a, i, copy);
        if (n && k) potrs<T>(upper, n, k, factor, x);
      }
    });
  });
}

void ldl_solve(const Tensor& out, const Tensor& LD, const Tensor& pivots, const Tensor& B, bool hermitian) {
  visit_lapack("ldl_solve_kernel_cpu", LD.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t n = rows_in(out), k = columns_in(out);
    const IntSpan batch = batch_of(out);
    const Matrices<T> a(LD, batch), b(B, batch);
    const Matrices<int> places(pivots, batch, 1);
    // Negative numbers mark blocks of two.
    const int* const p = pivots.data<int>();
    for (int64_t i = 0; i < pivots.numel(); ++i) {
      const bool pair = p[i] < 0;
      check(std::abs(p[i]) >= 1 && std::abs(p[i]) <= n && (!pair || (i % n + 1 < n && p[i + 1] < 0)),
            "torch.linalg.ldl_solve: the pivots are not those of ldl_factor");
      i += pair;
    }
    T* const data = out.data<T>();
    for_batch(numel_of(batch), 2 * cube(n, n, k), [&](int64_t first, int64_t last) {
      const Room<T> copy(n * n);
      for (int64_t i = first; i < last; ++i) {
        T* const x = data + i * n * k;
        b.load(i, x, n);
        const Dense<T> factor = dense<T>(a, i, copy);
        int info = 0;
        if (n && k)
          Lapack<T>::solve_symmetric(hermitian, 'L', lapack_int(n), lapack_int(k), factor.data, factor.ld,
                                     places.at(i), x, leading(n), &info);
      }
    });
  });
}

void lstsq(const Tensor& out0, const Tensor& out1, const Tensor& out2, const Tensor& out3, const Tensor& out4,
           const Tensor& self, const Tensor& b, double rcond, std::string_view driver) {
  visit_lapack("linalg_lstsq_cpu", self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using R = RealOf<T>;
    const int64_t m = rows_in(self), n = columns_in(self), k = columns_in(b);
    const int64_t tall = std::max(m, n), small = std::min(m, n);
    const IntSpan batch = batch_of(out0);
    const Matrices<T> a_in(self, batch), b_in(b, batch);
    const Matrices<T> solutions(out0, batch);
    R* const residuals = out1.data<R>();
    int64_t* const ranks = out2.data<int64_t>();
    R* const singular = out3.data<R>();
    int* const info = out4.data<int>();
    const bool by_svd = driver == "gelsd" || driver == "gelss";
    const int rows = lapack_int(m), columns = lapack_int(n), sides = lapack_int(k), ldb = leading(tall);
    const auto run = [&](T* a, T* x, R* s, int* pivots, int* rank, T* work, int lwork, R* rwork, int* iwork,
                         int* result) {
      const int lda = leading(m);
      if (driver == "gels")
        Lapack<T>::gels(rows, columns, sides, a, lda, x, ldb, work, lwork, result);
      else if (driver == "gelsy")
        Lapack<T>::gelsy(rows, columns, sides, a, lda, x, ldb, pivots, R(rcond), rank, work, lwork, rwork,
                         result);
      else if (driver == "gelsd")
        Lapack<T>::gelsd(rows, columns, sides, a, lda, x, ldb, s, R(rcond), rank, work, lwork, rwork, iwork,
                         result);
      else
        Lapack<T>::gelss(rows, columns, sides, a, lda, x, ldb, s, R(rcond), rank, work, lwork, rwork, result);
    };
    const bool empty = m == 0 || n == 0;
    // The smallest sizes of the further workspaces come with the query, for gelsd alone; the rest is fixed.
    T best{};
    R least_real = 0;
    int least_int = 0, unused = 0, no_rank = 0;
    R none{};
    T no_data{};
    if (!empty)
      run(&no_data, &no_data, &none, &least_int, &no_rank, &best, -1, &least_real, &least_int, &unused);
    const int lwork = work_size(best);
    const int64_t lrwork = std::max<int64_t>({int64_t(least_real), 5 * small, 2 * n, 1});
    const int64_t liwork = std::max<int64_t>({least_int, n, 1});
    for_batch(out4.numel(), 4 * cube(m, n, small) + 2 * cube(m, n, k), [&](int64_t first, int64_t last) {
      const Room<T> a(m * n), x(tall * k), work(lwork);
      const Room<R> s(small), rwork(lrwork);
      const Room<int> iwork(liwork), pivots(n);
      for (int64_t i = first; i < last; ++i) {
        info[i] = 0;
        int rank = 0;
        a_in.load(i, a, m);
        if (!all_finite<T>(a, m * n)) {
          info[i] = -1;
          continue;
        }
        std::fill_n(static_cast<T*>(x), tall * k, T(0));
        b_in.load(i, x, tall);
        std::fill_n(static_cast<int*>(pivots), n, 0);
        if (!empty) run(a, x, s, pivots, &rank, work, lwork, rwork, iwork, info + i);
        T* const solution = solutions.at(i);
        for (int64_t c = 0; c < k; ++c)
          for (int64_t r = 0; r < n; ++r)
            solution[c * solutions.column_step + r] = empty ? T(0) : x[c * tall + r];
        if (ranks) ranks[i] = rank;
        if (by_svd && !empty) std::copy_n(static_cast<R*>(s), small, singular + i * small);
        if (out1.numel())
          for (int64_t c = 0; c < k; ++c) {
            R sum = 0;
            for (int64_t r = n; r < m; ++r) sum += std::norm(x[c * tall + r]);
            residuals[i * k + c] = sum;
          }
      }
    });
  });
}

} // namespace torch::TORCH_ISA
