// LAPACK for kernels: routines of OpenBLAS under the names of LAPACK less the letter of the element type.
//
// Matrices are column-major. The library is not linked: it is opened at the first call of a routine, so that
// programs without linear algebra pay nothing for it (see lapack.cpp).
#pragma once

#include <complex>
#include <cstdint>

namespace torch {

template <class T> struct RealOfElement { using type = T; };
template <class T> struct RealOfElement<std::complex<T>> { using type = T; };
template <class T> using RealOf = typename RealOfElement<T>::type;

// T: float, double or their complex types. `work` arguments follow LAPACK: with lwork = -1 the best size is
// stored in work[0] and nothing else happens. rwork is read by the complex routines alone.
template <class T> struct Lapack {
  using Real = RealOf<T>;
  using Complex = std::complex<Real>;

  static void potrf(char uplo, int n, T* a, int lda, int* info);
  static void potri(char uplo, int n, T* a, int lda, int* info);
  static void potrs(char uplo, int n, int columns, const T* a, int lda, T* b, int ldb, int* info);

  static void getrf(int m, int n, T* a, int lda, int* pivots, int* info);
  static void getrs(char trans, int n, int columns, const T* a, int lda, const int* pivots, T* b, int ldb,
                    int* info);

  // Bunch-Kaufman: of Hermitian matrices, or of symmetric ones, which differ for complex elements only.
  static void factor_symmetric(bool hermitian, char uplo, int n, T* a, int lda, int* pivots, T* work,
                               int lwork, int* info);
  static void solve_symmetric(bool hermitian, char uplo, int n, int columns, const T* a, int lda,
                              const int* pivots, T* b, int ldb, int* info);

  static void geqrf(int m, int n, T* a, int lda, T* tau, T* work, int lwork, int* info);
  static void orgqr(int m, int n, int k, T* a, int lda, const T* tau, T* work, int lwork, int* info);
  static void ormqr(char side, char trans, int m, int n, int k, const T* a, int lda, const T* tau, T* c,
                    int ldc, T* work, int lwork, int* info);

  static void syevd(char jobz, char uplo, int n, T* a, int lda, Real* w, T* work, int lwork, Real* rwork,
                    int lrwork, int* iwork, int liwork, int* info);
  // Real elements: w is (real parts, imaginary parts), vectors are packed as LAPACK packs them.
  static void geev(char jobvr, int n, T* a, int lda, T* w, T* vectors, int ldv, T* work, int lwork,
                   Real* rwork, int* info);
  static void gesdd(char jobz, int m, int n, T* a, int lda, Real* s, T* u, int ldu, T* vh, int ldvh, T* work,
                    int lwork, Real* rwork, int* iwork, int* info);

  static void gels(int m, int n, int columns, T* a, int lda, T* b, int ldb, T* work, int lwork, int* info);
  static void gelsy(int m, int n, int columns, T* a, int lda, T* b, int ldb, int* pivots, Real rcond,
                    int* rank, T* work, int lwork, Real* rwork, int* info);
  static void gelsd(int m, int n, int columns, T* a, int lda, T* b, int ldb, Real* s, Real rcond, int* rank,
                    T* work, int lwork, Real* rwork, int* iwork, int* info);
  static void gelss(int m, int n, int columns, T* a, int lda, T* b, int ldb, Real* s, Real rcond, int* rank,
                    T* work, int lwork, Real* rwork, int* info);

  // BLAS: solves a triangular system in place.
  static void trsm(char side, char uplo, char trans, char diag, int m, int n, T alpha, const T* a, int lda,
                   T* b, int ldb);
};

extern template struct Lapack<float>;
extern template struct Lapack<double>;
extern template struct Lapack<std::complex<float>>;
extern template struct Lapack<std::complex<double>>;

} // namespace torch
