// Opens OpenBLAS at the first call into it.
//
// Linked as usual, it would cost every `import torch` milliseconds, megabytes and OpenBLAS's worker threads,
// used or not. Each routine finds its own address once.
#include "kernels/lapack.h"

#include "core/error.h"

#include <cstdlib>
#include <dlfcn.h>
#include <string>

namespace torch {
namespace {

// An environment variable while a library is opened, unless the user has set it.
class Setting {
public:
  Setting(const char* name, const char* value) : name_(std::getenv(name) ? nullptr : name) {
    if (name_) setenv(name_, value, 0);
  }
  ~Setting() {
    if (name_) unsetenv(name_);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

private:
  const char* name_;
};

void* open_library() {
  // Read only while the library is opened. Threads are ours: batches are split over our pool.
  const Setting threads("OPENBLAS_NUM_THREADS", "1");
  void* const handle = dlopen(TORCH_OPENBLAS_SONAME, RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    fail(ErrorKind::Runtime,
         concat("torch: cannot open OpenBLAS, which should be next to libtorch.so: ", dlerror()));
  return handle;
}

void* find(char letter, const char* name) {
  static void* const library = open_library();
  const std::string full = concat("scipy_", letter, name, "_");
  void* const function = dlsym(library, full.c_str());
  check(function != nullptr, "torch: ", TORCH_OPENBLAS_SONAME, " has no function ", full);
  return function;
}

template <class T> constexpr bool kComplex = !std::is_same_v<T, RealOf<T>>;
template <class T>
constexpr char kLetter = std::is_same_v<T, float>                 ? 's'
                         : std::is_same_v<T, double>              ? 'd'
                         : std::is_same_v<T, std::complex<float>> ? 'c'
                                                                  : 'z';

// What Fortran adds at the end of the arguments for each text argument: its length.
constexpr size_t kOne = 1;

template <class... Args> void call(void* function, Args... args) {
  reinterpret_cast<void (*)(Args...)>(function)(args...);
}

} // namespace

template <class T> void Lapack<T>::potrf(char uplo, int n, T* a, int lda, int* info) {
  static void* const f = find(kLetter<T>, "potrf");
  call(f, &uplo, &n, a, &lda, info, kOne);
}
template <class T> void Lapack<T>::potri(char uplo, int n, T* a, int lda, int* info) {
  static void* const f = find(kLetter<T>, "potri");
  call(f, &uplo, &n, a, &lda, info, kOne);
}
template <class T>
void Lapack<T>::potrs(char uplo, int n, int columns, const T* a, int lda, T* b, int ldb, int* info) {
  static void* const f = find(kLetter<T>, "potrs");
  call(f, &uplo, &n, &columns, a, &lda, b, &ldb, info, kOne);
}

template <class T> void Lapack<T>::getrf(int m, int n, T* a, int lda, int* pivots, int* info) {
  static void* const f = find(kLetter<T>, "getrf");
  call(f, &m, &n, a, &lda, pivots, info);
}
template <class T>
void Lapack<T>::getrs(char trans, int n, int columns, const T* a, int lda, const int* pivots, T* b, int ldb,
                      int* info) {
  static void* const f = find(kLetter<T>, "getrs");
  call(f, &trans, &n, &columns, a, &lda, pivots, b, &ldb, info, kOne);
}

template <class T>
void Lapack<T>::factor_symmetric(bool hermitian, char uplo, int n, T* a, int lda, int* pivots, T* work,
                                 int lwork, int* info) {
  static void* const symmetric = find(kLetter<T>, "sytrf");
  static void* const conjugate = kComplex<T> ? find(kLetter<T>, "hetrf") : symmetric;
  call(hermitian ? conjugate : symmetric, &uplo, &n, a, &lda, pivots, work, &lwork, info, kOne);
}
template <class T>
void Lapack<T>::solve_symmetric(bool hermitian, char uplo, int n, int columns, const T* a, int lda,
                                const int* pivots, T* b, int ldb, int* info) {
  static void* const symmetric = find(kLetter<T>, "sytrs");
  static void* const conjugate = kComplex<T> ? find(kLetter<T>, "hetrs") : symmetric;
  call(hermitian ? conjugate : symmetric, &uplo, &n, &columns, a, &lda, pivots, b, &ldb, info, kOne);
}

template <class T> void Lapack<T>::geqrf(int m, int n, T* a, int lda, T* tau, T* work, int lwork, int* info) {
  static void* const f = find(kLetter<T>, "geqrf");
  call(f, &m, &n, a, &lda, tau, work, &lwork, info);
}
template <class T>
void Lapack<T>::orgqr(int m, int n, int k, T* a, int lda, const T* tau, T* work, int lwork, int* info) {
  static void* const f = find(kLetter<T>, kComplex<T> ? "ungqr" : "orgqr");
  call(f, &m, &n, &k, a, &lda, tau, work, &lwork, info);
}
template <class T>
void Lapack<T>::ormqr(char side, char trans, int m, int n, int k, const T* a, int lda, const T* tau, T* c,
                      int ldc, T* work, int lwork, int* info) {
  static void* const f = find(kLetter<T>, kComplex<T> ? "unmqr" : "ormqr");
  call(f, &side, &trans, &m, &n, &k, a, &lda, tau, c, &ldc, work, &lwork, info, kOne, kOne);
}

template <class T>
void Lapack<T>::syevd(char jobz, char uplo, int n, T* a, int lda, Real* w, T* work, int lwork, Real* rwork,
                      int lrwork, int* iwork, int liwork, int* info) {
  static void* const f = find(kLetter<T>, kComplex<T> ? "heevd" : "syevd");
  if constexpr (kComplex<T>)
    call(f, &jobz, &uplo, &n, a, &lda, w, work, &lwork, rwork, &lrwork, iwork, &liwork, info, kOne, kOne);
  else
    call(f, &jobz, &uplo, &n, a, &lda, w, work, &lwork, iwork, &liwork, info, kOne, kOne);
}
template <class T>
void Lapack<T>::geev(char jobvr, int n, T* a, int lda, T* w, T* vectors, int ldv, T* work, int lwork,
                     Real* rwork, int* info) {
  static void* const f = find(kLetter<T>, "geev");
  char no = 'N';
  int one = 1;
  T* const none = nullptr;
  if constexpr (kComplex<T>)
    call(f, &no, &jobvr, &n, a, &lda, w, none, &one, vectors, &ldv, work, &lwork, rwork, info, kOne, kOne);
  else
    call(f, &no, &jobvr, &n, a, &lda, w, w + n, none, &one, vectors, &ldv, work, &lwork, info, kOne, kOne);
}
template <class T>
void Lapack<T>::gesdd(char jobz, int m, int n, T* a, int lda, Real* s, T* u, int ldu, T* vh, int ldvh,
                      T* work, int lwork, Real* rwork, int* iwork, int* info) {
  static void* const f = find(kLetter<T>, "gesdd");
  if constexpr (kComplex<T>)
    call(f, &jobz, &m, &n, a, &lda, s, u, &ldu, vh, &ldvh, work, &lwork, rwork, iwork, info, kOne);
  else
    call(f, &jobz, &m, &n, a, &lda, s, u, &ldu, vh, &ldvh, work, &lwork, iwork, info, kOne);
}

template <class T>
void Lapack<T>::gels(int m, int n, int columns, T* a, int lda, T* b, int ldb, T* work, int lwork, int* info) {
  static void* const f = find(kLetter<T>, "gels");
  char plain = 'N';
  call(f, &plain, &m, &n, &columns, a, &lda, b, &ldb, work, &lwork, info, kOne);
}
template <class T>
void Lapack<T>::gelsy(int m, int n, int columns, T* a, int lda, T* b, int ldb, int* pivots, Real rcond,
                      int* rank, T* work, int lwork, Real* rwork, int* info) {
  static void* const f = find(kLetter<T>, "gelsy");
  if constexpr (kComplex<T>)
    call(f, &m, &n, &columns, a, &lda, b, &ldb, pivots, &rcond, rank, work, &lwork, rwork, info);
  else
    call(f, &m, &n, &columns, a, &lda, b, &ldb, pivots, &rcond, rank, work, &lwork, info);
}
template <class T>
void Lapack<T>::gelsd(int m, int n, int columns, T* a, int lda, T* b, int ldb, Real* s, Real rcond, int* rank,
                      T* work, int lwork, Real* rwork, int* iwork, int* info) {
  static void* const f = find(kLetter<T>, "gelsd");
  if constexpr (kComplex<T>)
    call(f, &m, &n, &columns, a, &lda, b, &ldb, s, &rcond, rank, work, &lwork, rwork, iwork, info);
  else
    call(f, &m, &n, &columns, a, &lda, b, &ldb, s, &rcond, rank, work, &lwork, iwork, info);
}
template <class T>
void Lapack<T>::gelss(int m, int n, int columns, T* a, int lda, T* b, int ldb, Real* s, Real rcond, int* rank,
                      T* work, int lwork, Real* rwork, int* info) {
  static void* const f = find(kLetter<T>, "gelss");
  if constexpr (kComplex<T>)
    call(f, &m, &n, &columns, a, &lda, b, &ldb, s, &rcond, rank, work, &lwork, rwork, info);
  else
    call(f, &m, &n, &columns, a, &lda, b, &ldb, s, &rcond, rank, work, &lwork, info);
}

template <class T>
void Lapack<T>::trsm(char side, char uplo, char trans, char diag, int m, int n, T alpha, const T* a, int lda,
                     T* b, int ldb) {
  static void* const f = find(kLetter<T>, "trsm");
  call(f, &side, &uplo, &trans, &diag, &m, &n, &alpha, a, &lda, b, &ldb, kOne, kOne, kOne, kOne);
}

template struct Lapack<float>;
template struct Lapack<double>;
template struct Lapack<std::complex<float>>;
template struct Lapack<std::complex<double>>;

} // namespace torch
