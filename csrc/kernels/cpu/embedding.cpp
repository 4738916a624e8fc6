// embedding: rows of a table by index, and the gradient by the table.
#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/nn_kernels.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

// Indices as int64 in C order, checked; a view of the tensor's own memory where that is what it is.
class IndexList {
public:
  IndexList(const Tensor& indices, int64_t rows) : size_(indices.numel()) {
    if (indices.dtype() == DType::Int64 && indices.is_contiguous()) {
      data_ = indices.data<int64_t>();
    } else {
      copy_ = DimVec(size_t(size_), 0);
      visit_index("embedding", indices.dtype(), [&](auto tag) {
        using I = typename decltype(tag)::type;
        const I* from = indices.data<I>();
        const IntSpan sizes = indices.sizes(), strides = indices.strides();
        for (int64_t i = 0; i < size_; ++i) {
          int64_t at = 0, rest = i;
          for (size_t d = sizes.size(); d-- > 0;) {
            at += rest % sizes[d] * strides[d];
            rest /= sizes[d];
          }
          copy_[size_t(i)] = static_cast<int64_t>(from[at]);
        }
      });
      data_ = copy_.data();
    }
    for (int64_t i = 0; i < size_; ++i)
      check_index(data_[i] >= 0 && data_[i] < rows, "index out of range in self");
  }
  int64_t size() const { return size_; }
  int64_t operator[](int64_t i) const { return data_[i]; }

private:
  int64_t size_;
  const int64_t* data_;
  DimVec copy_;
};

int64_t rows_grain(int64_t width) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(width, 1)); }

} // namespace

void embedding(const Tensor& out, const Tensor& weight, const Tensor& indices) {
  const IndexList list(indices, weight.size(0));
  const int64_t width = weight.size(1), row = weight.stride(0), col = weight.stride(1);
  if (out.numel() == 0) return;
  visit_width(weight.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = weight.data<T>();
    T* to = out.data<T>(); // dense
    parallel_for(0, list.size(), rows_grain(width), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T* source = from + list[i] * row;
        if (col == 1)
          std::memcpy(to + i * width, source, size_t(width) * sizeof(T));
        else
          for (int64_t j = 0; j < width; ++j) to[i * width + j] = source[j * col];
      }
    });
  });
}

// Each row of the table sums its own gradients in the order of the indices: the result is the same for any
// number of threads.
void embedding_dense_backward(const Tensor& grad_weight, const Tensor& grad_output, const Tensor& indices,
                              int64_t num_weights, int64_t padding_idx, bool scale_grad_by_freq) {
  const IndexList list(indices, num_weights);
  const int64_t width = grad_weight.size(1);
  if (grad_weight.numel() == 0) return;
  // Positions grouped by row: those of row r are order[start[r]] .. order[start[r + 1] - 1].
  const Scratch memory(size_t(num_weights + 2 + list.size()) * sizeof(int64_t));
  int64_t* const start = memory.as<int64_t>();
  int64_t* const order = start + num_weights + 2;
  std::fill_n(start, num_weights + 2, int64_t{0});
  for (int64_t i = 0; i < list.size(); ++i) ++start[list[i] + 2];
  for (int64_t r = 0; r < num_weights; ++r) start[r + 2] += start[r + 1];
  for (int64_t i = 0; i < list.size(); ++i) order[start[list[i] + 1]++] = i;

  // Offset of each gradient row: indices' dimensions, in C order.
  const IntSpan sizes = indices.sizes(), strides = grad_output.strides();
  const int64_t col = strides[strides.size() - 1];
  const bool dense = grad_output.is_contiguous();
  const auto offset = [&](int64_t i) {
    if (dense) return i * width;
    int64_t at = 0;
    for (size_t d = sizes.size(); d-- > 0;) {
      at += i % sizes[d] * strides[d];
      i /= sizes[d];
    }
    return at;
  };
  visit_floating("embedding_dense_backward", grad_weight.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const T* from = grad_output.data<T>();
    T* to = grad_weight.data<T>(); // dense
    parallel_for(0, num_weights, rows_grain(width), [&](int64_t begin, int64_t end) {
      const Scratch row(std::is_same_v<T, C> ? 0 : size_t(width) * sizeof(C));
      for (int64_t r = begin; r < end; ++r) {
        const int64_t first = start[r], last = r == padding_idx ? first : start[r + 1];
        if (first == last) {
          std::fill_n(to + r * width, width, T{});
          continue;
        }
        C* sums;
        if constexpr (std::is_same_v<T, C>)
          sums = to + r * width;
        else
          sums = row.as<C>();
        for (int64_t k = first; k < last; ++k) {
          const T* g = from + offset(order[k]);
          if (k == first)
            for (int64_t j = 0; j < width; ++j) sums[j] = static_cast<C>(g[j * col]);
          else if (col == 1)
            for (int64_t j = 0; j < width; ++j) sums[j] += static_cast<C>(g[j]);
          else
            for (int64_t j = 0; j < width; ++j) sums[j] += static_cast<C>(g[j * col]);
        }
        const C scale = scale_grad_by_freq ? C(1) / static_cast<C>(last - first) : C(1);
        if (!std::is_same_v<T, C> || scale_grad_by_freq)
          for (int64_t j = 0; j < width; ++j) to[r * width + j] = static_cast<T>(sums[j] * scale);
      }
    });
  });
}

} // namespace torch::TORCH_ISA
