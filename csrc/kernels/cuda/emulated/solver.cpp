// cuSOLVER and cuBLAS for the emulated device, by the LAPACK that libtorch opens. What the library asks for
// its functions, workspaces above all, is asked for here too.
#include "kernels/cuda/solver_api.h"
#include "kernels/lapack.h"

#include <algorithm>
#include <complex>
#include <vector>

namespace torch::emulated {

namespace {

using namespace torch::cuda;

constexpr Status kBadValue = 3;
constexpr size_t kDeviceBytes = 256, kHostBytes = 64;
constexpr int kElements = 16;

template <class F> Status of_type(int type, F f) {
  switch (type) {
  case kR32F:
    return f(float{});
  case kR64F:
    return f(double{});
  case kC32F:
    return f(std::complex<float>{});
  case kC64F:
    return f(std::complex<double>{});
  default:
    return kBadValue;
  }
}
int real_of(int type) { return type == kC32F ? kR32F : type == kC64F ? kR64F : type; }
char side_of(int side) { return side == kLeft ? 'L' : 'R'; }
char triangle_of(int triangle) { return triangle == kUpper ? 'U' : 'L'; }
char op_of(int op) { return op == kPlain ? 'N' : op == kTransposed ? 'T' : 'C'; }
bool worked_in(void* device, size_t device_bytes, void* host, size_t host_bytes) {
  return device && device_bytes >= kDeviceBytes && host && host_bytes >= kHostBytes;
}
Status give_sizes(size_t* device_bytes, size_t* host_bytes) {
  *device_bytes = kDeviceBytes;
  *host_bytes = kHostBytes;
  return 0;
}
template <class T> int optimum(T answer) { return std::max(1, int(std::real(answer))); }

template <class T> Status run_geqrf(int m, int n, T* a, int lda, T* tau, int* info) {
  T best{};
  Lapack<T>::geqrf(m, n, a, lda, tau, &best, -1, info);
  std::vector<T> work(size_t(optimum(best)));
  Lapack<T>::geqrf(m, n, a, lda, tau, work.data(), int(work.size()), info);
  return 0;
}
template <class T> Status run_syevd(int mode, int triangle, int n, T* a, int lda, void* w, int* info) {
  using R = RealOf<T>;
  T best{};
  R best_real{};
  int best_int = 0;
  const char job = mode == kVectors ? 'V' : 'N', uplo = triangle_of(triangle);
  Lapack<T>::syevd(job, uplo, n, a, lda, static_cast<R*>(w), &best, -1, &best_real, -1, &best_int, -1, info);
  std::vector<T> work(size_t(optimum(best)));
  std::vector<R> rwork(size_t(optimum(best_real)));
  std::vector<int> iwork(size_t(std::max(1, best_int)));
  Lapack<T>::syevd(job, uplo, n, a, lda, static_cast<R*>(w), work.data(), int(work.size()), rwork.data(),
                   int(rwork.size()), iwork.data(), int(iwork.size()), info);
  return 0;
}

template <class T>
Status potrf_batch(void*, int triangle, int n, T* const* a, int lda, int* info, int count) {
  for (int i = 0; i < count; ++i) Lapack<T>::potrf(triangle_of(triangle), n, a[i], lda, info + i);
  return 0;
}
template <class T> Status potri(void*, int triangle, int n, T* a, int lda, T* work, int lwork, int* info) {
  if (!work || lwork < kElements) return kBadValue;
  Lapack<T>::potri(triangle_of(triangle), n, a, lda, info);
  return 0;
}
template <class T>
Status orgqr(void*, int m, int n, int k, T* a, int lda, const T* tau, T* given, int lwork, int* info) {
  if (!given || lwork < kElements || m < n || n < k) return kBadValue;
  T best{};
  Lapack<T>::orgqr(m, n, k, a, lda, tau, &best, -1, info);
  std::vector<T> work(size_t(optimum(best)));
  Lapack<T>::orgqr(m, n, k, a, lda, tau, work.data(), int(work.size()), info);
  return 0;
}
template <class T>
Status ormqr(void*, int side, int op, int m, int n, int k, const T* a, int lda, const T* tau, T* c, int ldc,
             T* given, int lwork, int* info) {
  constexpr bool complex = !std::is_same_v<T, RealOf<T>>;
  if (!given || lwork < kElements || (complex && op == kTransposed)) return kBadValue;
  const char trans = op == kPlain ? 'N' : complex ? 'C' : 'T';
  T best{};
  Lapack<T>::ormqr(side_of(side), trans, m, n, k, a, lda, tau, c, ldc, &best, -1, info);
  std::vector<T> work(size_t(optimum(best)));
  Lapack<T>::ormqr(side_of(side), trans, m, n, k, a, lda, tau, c, ldc, work.data(), int(work.size()), info);
  return 0;
}
template <class T>
Status sytrf(void*, int triangle, int n, T* a, int lda, int* pivots, T* given, int lwork, int* info) {
  if (!given || lwork < kElements) return kBadValue;
  T best{};
  Lapack<T>::factor_symmetric(false, triangle_of(triangle), n, a, lda, pivots, &best, -1, info);
  std::vector<T> work(size_t(optimum(best)));
  Lapack<T>::factor_symmetric(false, triangle_of(triangle), n, a, lda, pivots, work.data(), int(work.size()),
                              info);
  return 0;
}
template <class T>
Status trsm(void*, int side, int triangle, int op, int diagonal, int m, int n, const T* alpha, const T* a,
            int lda, T* b, int ldb) {
  Lapack<T>::trsm(side_of(side), triangle_of(triangle), op_of(op), diagonal == kUnitDiagonal ? 'U' : 'N', m,
                  n, *alpha, a, lda, b, ldb);
  return 0;
}
template <class T>
Status trsm_batch(void* handle, int side, int triangle, int op, int diagonal, int m, int n, const T* alpha,
                  const T* const* a, int lda, T* const* b, int ldb, int count) {
  for (int i = 0; i < count; ++i)
    trsm(handle, side, triangle, op, diagonal, m, n, alpha, a[i], lda, b[i], ldb);
  return 0;
}
template <class T> Status getrf_batch(void*, int n, T* const* a, int lda, int* pivots, int* info, int count) {
  for (int i = 0; i < count; ++i) Lapack<T>::getrf(n, n, a[i], lda, pivots + i * n, info + i);
  return 0;
}
template <class T>
Status getrs_batch(void*, int op, int n, int columns, const T* const* a, int lda, const int* pivots,
                   T* const* b, int ldb, int* info, int count) {
  for (int i = 0; i < count; ++i)
    Lapack<T>::getrs(op_of(op), n, columns, a[i], lda, pivots + i * n, b[i], ldb, info);
  return 0;
}
Status give_elements(int* lwork) {
  *lwork = kElements;
  return 0;
}
std::vector<int> narrow_pivots(const int64_t* pivots, int64_t n) { return {pivots, pivots + n}; }

} // namespace

} // namespace torch::emulated

using namespace torch::emulated;
using torch::Lapack;
using torch::RealOf;

extern "C" {

Status cusolverDnCreate(void** handle) {
  static int the_one;
  *handle = &the_one;
  return 0;
}
Status cusolverDnCreateParams(void** params) { return cusolverDnCreate(params); }
Status cusolverDnSetStream(void*, Stream) { return 0; }
Status cublasCreate_v2(void** handle) { return cusolverDnCreate(handle); }
Status cublasSetStream_v2(void*, Stream) { return 0; }

Status cusolverDnXpotrf_bufferSize(void*, void*, int, int64_t, int, const void*, int64_t, int, size_t* d,
                                   size_t* h) {
  return give_sizes(d, h);
}
Status cusolverDnXpotrf(void*, void*, int triangle, int64_t n, int type, void* a, int64_t lda, int computed,
                        void* d, size_t db, void* h, size_t hb, int* info) {
  if (!worked_in(d, db, h, hb) || computed != type || lda < n) return kBadValue;
  return of_type(type, [&](auto tag) {
    using T = decltype(tag);
    Lapack<T>::potrf(triangle_of(triangle), int(n), static_cast<T*>(a), int(lda), info);
    return 0;
  });
}
Status cusolverDnXpotrs(void*, void*, int triangle, int64_t n, int64_t columns, int type, const void* a,
                        int64_t lda, int type_b, void* b, int64_t ldb, int* info) {
  if (type_b != type || lda < n || ldb < n) return kBadValue;
  return of_type(type, [&](auto tag) {
    using T = decltype(tag);
    Lapack<T>::potrs(triangle_of(triangle), int(n), int(columns), static_cast<const T*>(a), int(lda),
                     static_cast<T*>(b), int(ldb), info);
    return 0;
  });
}
Status cusolverDnXgetrf_bufferSize(void*, void*, int64_t, int64_t, int, const void*, int64_t, int, size_t* d,
                                   size_t* h) {
  return give_sizes(d, h);
}
Status cusolverDnXgetrf(void*, void*, int64_t m, int64_t n, int type, void* a, int64_t lda, int64_t* pivots,
                        int computed, void* d, size_t db, void* h, size_t hb, int* info) {
  if (!worked_in(d, db, h, hb) || computed != type || lda < m) return kBadValue;
  return of_type(type, [&](auto tag) {
    using T = decltype(tag);
    std::vector<int> found(size_t(std::min(m, n)));
    Lapack<T>::getrf(int(m), int(n), static_cast<T*>(a), int(lda), found.data(), info);
    std::copy(found.begin(), found.end(), pivots);
    return 0;
  });
}
Status cusolverDnXgetrs(void*, void*, int op, int64_t n, int64_t columns, int type, const void* a,
                        int64_t lda, const int64_t* pivots, int type_b, void* b, int64_t ldb, int* info) {
  if (type_b != type || lda < n || ldb < n) return kBadValue;
  return of_type(type, [&](auto tag) {
    using T = decltype(tag);
    Lapack<T>::getrs(op_of(op), int(n), int(columns), static_cast<const T*>(a), int(lda),
                     narrow_pivots(pivots, n).data(), static_cast<T*>(b), int(ldb), info);
    return 0;
  });
}
Status cusolverDnXgeqrf_bufferSize(void*, void*, int64_t, int64_t, int, const void*, int64_t, int,
                                   const void*, int, size_t* d, size_t* h) {
  return give_sizes(d, h);
}
Status cusolverDnXgeqrf(void*, void*, int64_t m, int64_t n, int type, void* a, int64_t lda, int type_tau,
                        void* tau, int computed, void* d, size_t db, void* h, size_t hb, int* info) {
  if (!worked_in(d, db, h, hb) || computed != type || type_tau != type || lda < m) return kBadValue;
  return of_type(type, [&](auto tag) {
    using T = decltype(tag);
    return run_geqrf(int(m), int(n), static_cast<T*>(a), int(lda), static_cast<T*>(tau), info);
  });
}
Status cusolverDnXsyevd_bufferSize(void*, void*, int, int, int64_t, int, const void*, int64_t, int,
                                   const void*, int, size_t* d, size_t* h) {
  return give_sizes(d, h);
}
Status cusolverDnXsyevd(void*, void*, int mode, int triangle, int64_t n, int type, void* a, int64_t lda,
                        int type_w, void* w, int computed, void* d, size_t db, void* h, size_t hb,
                        int* info) {
  if (!worked_in(d, db, h, hb) || computed != type || type_w != real_of(type) || lda < n) return kBadValue;
  return of_type(type, [&](auto tag) {
    return run_syevd(mode, triangle, int(n), static_cast<decltype(tag)*>(a), int(lda), w, info);
  });
}
Status cusolverDnXsyevBatched_bufferSize(void*, void*, int, int, int64_t, int, const void*, int64_t, int,
                                         const void*, int, size_t* d, size_t* h, int64_t) {
  return give_sizes(d, h);
}
Status cusolverDnXsyevBatched(void*, void*, int mode, int triangle, int64_t n, int type, void* a, int64_t lda,
                              int type_w, void* w, int computed, void* d, size_t db, void* h, size_t hb,
                              int* info, int64_t count) {
  if (!worked_in(d, db, h, hb) || computed != type || type_w != real_of(type) || lda < n) return kBadValue;
  return of_type(type, [&](auto tag) {
    using T = decltype(tag);
    for (int64_t i = 0; i < count; ++i)
      run_syevd(mode, triangle, int(n), static_cast<T*>(a) + i * lda * n, int(lda),
                static_cast<RealOf<T>*>(w) + i * n, info + i);
    return 0;
  });
}
Status cusolverDnXgesvd_bufferSize(void*, void*, signed char, signed char, int64_t m, int64_t n, int,
                                   const void*, int64_t, int, const void*, int, const void*, int64_t, int,
                                   const void*, int64_t, int, size_t* d, size_t* h) {
  return m < n ? kBadValue : give_sizes(d, h);
}
Status cusolverDnXgesvd(void*, void*, signed char job_u, signed char job_vh, int64_t m, int64_t n, int type,
                        void* a, int64_t lda, int type_s, void* s, int type_u, void* u, int64_t ldu,
                        int type_vh, void* vh, int64_t ldvh, int computed, void* d, size_t db, void* h,
                        size_t hb, int* info) {
  if (!worked_in(d, db, h, hb) || computed != type || type_s != real_of(type) || type_u != type ||
      type_vh != type)
    return kBadValue;
  if (m < n || lda < m || (job_u != 'N' && (ldu < m || ldvh < n)) || (job_u == 'N') != (job_vh == 'N'))
    return kBadValue;
  return of_type(type, [&](auto tag) {
    using T = decltype(tag);
    using R = RealOf<T>;
    const char job = job_u == 'N' ? 'N' : job_u == 'A' ? 'A' : 'S';
    T best{};
    std::vector<R> rwork(size_t(std::max<int64_t>(1, 7 * n + 5 * n * n + 2 * m * n + 2 * n * n)));
    std::vector<int> iwork(size_t(8 * n + 1));
    const auto run = [&](T* work, int lwork) {
      Lapack<T>::gesdd(job, int(m), int(n), static_cast<T*>(a), int(lda), static_cast<R*>(s),
                       static_cast<T*>(u), int(ldu), static_cast<T*>(vh), int(ldvh), work, lwork,
                       rwork.data(), iwork.data(), info);
    };
    run(&best, -1);
    std::vector<T> work(size_t(optimum(best)));
    run(work.data(), int(work.size()));
    return 0;
  });
}
Status cusolverDnXgeev_bufferSize(void*, void*, int, int, int64_t, int, const void*, int64_t, int,
                                  const void*, int, const void*, int64_t, int, const void*, int64_t, int,
                                  size_t* d, size_t* h) {
  return give_sizes(d, h);
}
Status cusolverDnXgeev(void*, void*, int left, int right, int64_t n, int type, void* a, int64_t lda,
                       int type_w, void* w, int type_vl, void*, int64_t, int type_vr, void* vr, int64_t ldvr,
                       int computed, void* d, size_t db, void* h, size_t hb, int* info) {
  if (!worked_in(d, db, h, hb) || computed != type || type_vl != type || type_vr != type || left != kValues)
    return kBadValue;
  if (lda < n || ldvr < n || real_of(type_w) == type_w || real_of(type_w) != real_of(type)) return kBadValue;
  return of_type(type, [&](auto tag) {
    using T = decltype(tag);
    using R = RealOf<T>;
    constexpr bool real = std::is_same_v<T, R>;
    const char job = right == kVectors ? 'V' : 'N';
    T best{};
    std::vector<R> rwork(size_t(2 * n));
    std::vector<T> parts(size_t(2 * n));
    T* const values = real ? parts.data() : static_cast<T*>(w);
    const auto run = [&](T* work, int lwork) {
      Lapack<T>::geev(job, int(n), static_cast<T*>(a), int(lda), values, static_cast<T*>(vr), int(ldvr), work,
                      lwork, rwork.data(), info);
    };
    run(&best, -1);
    std::vector<T> work(size_t(optimum(best)));
    run(work.data(), int(work.size()));
    if constexpr (real)
      for (int64_t j = 0; j < n; ++j)
        static_cast<std::complex<R>*>(w)[j] = {parts[size_t(j)], parts[size_t(n + j)]};
    return 0;
  });
}
Status cusolverDnXsytrs_bufferSize(void*, int, int64_t, int64_t, int, const void*, int64_t, const int64_t*,
                                   int, void*, int64_t, size_t* d, size_t* h) {
  return give_sizes(d, h);
}
Status cusolverDnXsytrs(void*, int triangle, int64_t n, int64_t columns, int type, const void* a, int64_t lda,
                        const int64_t* pivots, int type_b, void* b, int64_t ldb, void* d, size_t db, void* h,
                        size_t hb, int* info) {
  if (!worked_in(d, db, h, hb) || type_b != type || lda < n || ldb < n) return kBadValue;
  return of_type(type, [&](auto tag) {
    using T = decltype(tag);
    Lapack<T>::solve_symmetric(false, triangle_of(triangle), int(n), int(columns), static_cast<const T*>(a),
                               int(lda), narrow_pivots(pivots, n).data(), static_cast<T*>(b), int(ldb), info);
    return 0;
  });
}

// The functions that have one name for each type.
#define TORCH_STAND_IN(letter, q, T)                                                                         \
  Status cusolverDn##letter##potrfBatched(void* s, int u, int n, T* const* a, int lda, int* info, int c) {   \
    return potrf_batch<T>(s, u, n, a, lda, info, c);                                                         \
  }                                                                                                          \
  Status cusolverDn##letter##potri_bufferSize(void*, int, int, T*, int, int* w) { return give_elements(w); } \
  Status cusolverDn##letter##potri(void* s, int u, int n, T* a, int lda, T* w, int lw, int* info) {          \
    return potri<T>(s, u, n, a, lda, w, lw, info);                                                           \
  }                                                                                                          \
  Status cusolverDn##letter##q##gqr_bufferSize(void*, int, int, int, const T*, int, const T*, int* w) {      \
    return give_elements(w);                                                                                 \
  }                                                                                                          \
  Status cusolverDn##letter##q##gqr(void* s, int m, int n, int k, T* a, int lda, const T* t, T* w, int lw,   \
                                    int* info) {                                                             \
    return orgqr<T>(s, m, n, k, a, lda, t, w, lw, info);                                                     \
  }                                                                                                          \
  Status cusolverDn##letter##q##mqr_bufferSize(void*, int, int, int, int, int, const T*, int, const T*,      \
                                               const T*, int, int* w) {                                      \
    return give_elements(w);                                                                                 \
  }                                                                                                          \
  Status cusolverDn##letter##q##mqr(void* s, int side, int op, int m, int n, int k, const T* a, int lda,     \
                                    const T* t, T* c, int ldc, T* w, int lw, int* info) {                    \
    return ormqr<T>(s, side, op, m, n, k, a, lda, t, c, ldc, w, lw, info);                                   \
  }                                                                                                          \
  Status cusolverDn##letter##sytrf_bufferSize(void*, int, T*, int, int* w) { return give_elements(w); }      \
  Status cusolverDn##letter##sytrf(void* s, int u, int n, T* a, int lda, int* p, T* w, int lw, int* info) {  \
    return sytrf<T>(s, u, n, a, lda, p, w, lw, info);                                                        \
  }                                                                                                          \
  Status cublas##letter##trsm_v2(void* s, int side, int u, int op, int d, int m, int n, const T* alpha,      \
                                 const T* a, int lda, T* b, int ldb) {                                       \
    return trsm<T>(s, side, u, op, d, m, n, alpha, a, lda, b, ldb);                                          \
  }                                                                                                          \
  Status cublas##letter##trsmBatched(void* s, int side, int u, int op, int d, int m, int n, const T* alpha,  \
                                     const T* const* a, int lda, T* const* b, int ldb, int c) {              \
    return trsm_batch<T>(s, side, u, op, d, m, n, alpha, a, lda, b, ldb, c);                                 \
  }                                                                                                          \
  Status cublas##letter##getrfBatched(void* s, int n, T* const* a, int lda, int* p, int* info, int c) {      \
    return getrf_batch<T>(s, n, a, lda, p, info, c);                                                         \
  }                                                                                                          \
  Status cublas##letter##getrsBatched(void* s, int op, int n, int k, const T* const* a, int lda,             \
                                      const int* p, T* const* b, int ldb, int* info, int c) {                \
    return getrs_batch<T>(s, op, n, k, a, lda, p, b, ldb, info, c);                                          \
  }
TORCH_STAND_IN(S, or, float)
TORCH_STAND_IN(D, or, double)
TORCH_STAND_IN(C, un, std::complex<float>)
TORCH_STAND_IN(Z, un, std::complex<double>)

} // extern "C"
