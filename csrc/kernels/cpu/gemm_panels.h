// Products of rows with one matrix many times over, as in a recurrent network: the matrix is packed once, the
// way the blocked kernel of gemm reads it. float and double, on the calling thread.
#pragma once

#include "kernels/cpu/gemm.h"

namespace torch::TORCH_ISA {

// Two vectors of gemm_vec.h, which does not go together with vec.h.
#if defined(__AVX512F__)
constexpr int64_t kPanelBytes = 128;
#elif defined(__AVX2__)
constexpr int64_t kPanelBytes = 64;
#else
constexpr int64_t kPanelBytes = 32;
#endif
template <class T> constexpr int64_t kPanelColumns = kPanelBytes / int64_t(sizeof(T));

// Elements that a packed matrix of k rows and n columns takes.
template <class T> int64_t panels_size(int64_t k, int64_t n) {
  return (n + kPanelColumns<T> - 1) / kPanelColumns<T> * kPanelColumns<T> * k;
}

template <class T> void pack_panels(T* panels, Matrix<T> b, int64_t k, int64_t n);

// c[m, n] = a[m, k] @ b[k, n] + d[m, n]; rows of adjacent elements, lda, d_row (0: one row for all) and ldc
// apart. d may be null, and c itself. k is summed in order, whatever m and n are.
template <class T>
void panels_product(int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* panels, const T* d,
                    int64_t d_row, T* c, int64_t ldc);

} // namespace torch::TORCH_ISA
