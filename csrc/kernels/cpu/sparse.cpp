// Products with matrices in compressed rows.
#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/sparse_kernels.h"

#include <algorithm>
#include <type_traits>

namespace torch::TORCH_ISA {

namespace {

// The parts may come from anywhere: nothing is read before they are known to fit.
void check_rows(const int64_t* begins, int64_t rows, const int64_t* columns, int64_t nnz, int64_t width) {
  bool rises = begins[0] == 0 && begins[rows] == nnz;
  for (int64_t r = 0; r < rows; ++r) rises &= begins[r] <= begins[r + 1];
  check(rises, "sparse product: where rows begin does not rise from 0 to the number of entries, ", nnz);
  bool inside = true;
  for (int64_t k = 0; k < nnz; ++k) inside &= columns[k] >= 0 && columns[k] < width;
  check_index(inside, "sparse product: a column index is out of range for ", width, " columns");
}

template <class T>
using Accumulator = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float, T>;

} // namespace

void line_begins(const Tensor& out, const Tensor& lines) {
  const int64_t size = out.numel() - 1, n = lines.numel();
  const int64_t* const line = lines.data<int64_t>();
  int64_t* const begins = out.data<int64_t>();
  constexpr int64_t kTogether = 8; // entries of one line, as long as their ends say so
  int64_t begun = 0;               // lines, at any time, and no more than there are
  for (int64_t k = 0; k < n; ++k) {
    while (k + kTogether <= n && line[k] == begun - 1 && line[k + kTogether - 1] == begun - 1) k += kTogether;
    if (k == n) break;
    check(line[k] >= std::max<int64_t>(begun - 1, 0) && line[k] < size,
          "to_sparse: indices are out of order, or out of range for size ", size);
    while (begun <= line[k]) begins[begun++] = k;
  }
  std::fill(begins + begun, begins + size + 1, n);
}

void csr_product(const Tensor& out, const Tensor& begins, const Tensor& columns, const Tensor& values,
                 const Tensor& dense) {
  const int64_t rows = out.size(0), width = out.size(1), nnz = columns.numel();
  check(begins.numel() == rows + 1, "sparse product: ", rows, " rows need ", rows + 1, " begins, got ",
        begins.numel());
  const int64_t *from = begins.data<int64_t>(), *column = columns.data<int64_t>();
  check_rows(from, rows, column, nnz, dense.size(0));
  if (out.numel() == 0) return;
  using Types = TypeList<float, double, Half, BFloat16, complex64, complex128, int32_t, int64_t>;
  visit_types(Types{}, "sparse product", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = Accumulator<T>;
    const T *const v = values.data<T>(), *const b = dense.data<T>();
    const int64_t grain = std::max<int64_t>(1, kGrain * rows / std::max<int64_t>(1, nnz * width));
    parallel_for(0, rows, grain, [&](int64_t first, int64_t last) {
      Scratch scratch(std::is_same_v<A, T> ? 0 : static_cast<size_t>(width) * sizeof(A));
      for (int64_t r = first; r < last; ++r) {
        T* const row = out.data<T>() + r * width;
        A* const sum = std::is_same_v<A, T> ? reinterpret_cast<A*>(row) : scratch.as<A>();
        std::fill(sum, sum + width, A(0));
        for (int64_t k = from[r]; k < from[r + 1]; ++k) {
          const A factor = static_cast<A>(v[k]);
          const T* const line = b + column[k] * width;
          for (int64_t j = 0; j < width; ++j) sum[j] += factor * static_cast<A>(line[j]);
        }
        if constexpr (!std::is_same_v<A, T>)
          for (int64_t j = 0; j < width; ++j) row[j] = static_cast<T>(sum[j]);
      }
    });
  });
}

} // namespace torch::TORCH_ISA
