// embedding: rows of a table by index, and the gradient by the table; bags of rows.
#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/index_plan.h"
#include "kernels/cpu/vec.h"
#include "kernels/create_kernels.h"
#include "kernels/embedding_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace torch::TORCH_ISA {
namespace {

[[noreturn, gnu::cold]] void fail_row(int64_t index, int64_t rows) {
  fail(ErrorKind::Index,
       concat("index out of range in self: index ", index, " in a table of ", rows, " rows"));
}

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
    if (const int64_t bad = first_outside(data_, 1, size_, 0, rows); bad >= 0) fail_row(data_[bad], rows);
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
  const int64_t width = weight.size(1), rows = weight.size(0);
  Tensor list = indices;
  if (!indices.is_contiguous()) {
    list = empty_tensor(indices.sizes(), indices.dtype());
    copy(list, indices);
  }
  IndexPlan plan(list.numel(), true);
  plan.other_stride = width;
  plan.after.add(width, weight.stride(1), 1);
  plan.add({list.data(), list.dtype(), 1, rows, weight.stride(0), Negative::Reject, 0, ErrorKind::Index,
            [](const IndexSource& source, int64_t index) { fail_row(index, source.size); }});
  plan_read(plan, weight, out);
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

// Rows are scaled once, however often they are named.
void embedding_renorm(const Tensor& self, const Tensor& indices, double max_norm, double norm_type) {
  const IndexList list(indices, self.size(0));
  DimVec rows;
  for (int64_t i = 0; i < list.size(); ++i) rows.push_back(list[i]);
  std::sort(rows.begin(), rows.end());
  const int64_t count = std::unique(rows.begin(), rows.end()) - rows.begin();
  const int64_t width = self.size(1), step = self.stride(1);
  const auto run = [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < count; ++i) {
      T* const row = self.data<T>() + rows[size_t(i)] * self.stride(0);
      double norm = 0;
      for (int64_t j = 0; j < width; ++j) {
        double size;
        if constexpr (std::is_same_v<T, complex64> || std::is_same_v<T, complex128>)
          size = std::abs(std::complex<double>(row[j * step]));
        else
          size = std::abs(static_cast<double>(row[j * step]));
        norm = norm_type == 2          ? norm + size * size
               : norm_type == 1        ? norm + size
               : norm_type == 0        ? norm + (size != 0)
               : std::isinf(norm_type) ? (norm_type > 0 ? std::max(norm, size)
                                          : j == 0      ? size
                                                        : std::min(norm, size))
                                       : norm + std::pow(size, norm_type);
      }
      if (norm_type == 2)
        norm = std::sqrt(norm);
      else if (norm_type != 1 && norm_type != 0 && !std::isinf(norm_type))
        norm = std::pow(norm, 1 / norm_type);
      if (norm <= max_norm) continue;
      const double scale = max_norm / (norm + 1e-7); // keeps the new norm on this side of the limit
      for (int64_t j = 0; j < width; ++j) {
        if constexpr (std::is_same_v<T, complex64> || std::is_same_v<T, complex128>)
          row[j * step] *= static_cast<typename T::value_type>(scale);
        else if constexpr (std::is_same_v<T, double>)
          row[j * step] *= scale;
        else
          row[j * step] = static_cast<T>(static_cast<float>(row[j * step]) * static_cast<float>(scale));
      }
    }
  };
  if (self.dtype() == DType::Complex64)
    run(TypeTag<complex64>{});
  else if (self.dtype() == DType::Complex128)
    run(TypeTag<complex128>{});
  else
    visit_floating("embedding_renorm_", self.dtype(), run);
}

namespace {
template <class C, class T> inline void add_to(C* __restrict sums, const T* __restrict row, int64_t n) {
  for (int64_t j = 0; j < n; ++j) sums[j] += static_cast<C>(row[j]);
}
// Adds the rows of one bag (times their factors) in registers: columns [0, n) of a table of `width` columns,
// where n is kVecs registers of them. Rows of padding are left out.
template <int kVecs, class I>
inline void add_rows(float* sums, const float* table, int64_t width, const I* list, const float* factors,
                     int64_t count, int64_t padding_idx) {
  using V = Vec<float>;
  V total[kVecs];
  for (int k = 0; k < kVecs; ++k) total[k] = V(0.0f);
  for (int64_t i = 0; i < count; ++i) {
    if (list[i] == padding_idx) continue;
    const float* const row = table + list[i] * width;
    for (int k = 0; k < kVecs; ++k) {
      const V x = V::load(row + k * V::kLanes);
      total[k] = factors ? fused(x, V(factors[i]), total[k]) : total[k] + x;
    }
  }
  for (int k = 0; k < kVecs; ++k) total[k].store(sums + k * V::kLanes);
}
// The whole width; the last few columns overlap with those before. False: too few columns.
template <class I>
bool add_bag(float* sums, const float* table, int64_t width, const I* list, const float* factors,
             int64_t count, int64_t padding_idx) {
  constexpr int64_t kLanes = Vec<float>::kLanes;
  if (width < kLanes) return false;
  for (int64_t j = 0; j < width;) {
    const bool wide = j + 4 * kLanes <= width;
    if (!wide) j = std::min(j, width - kLanes);
    (wide ? add_rows<4, I> : add_rows<1, I>)(sums + j, table + j, width, list, factors, count, padding_idx);
    j += wide ? 4 * kLanes : kLanes;
  }
  return true;
}
template <class C, class T>
inline void add_scaled(C* __restrict sums, const T* __restrict row, int64_t n, C factor) {
  for (int64_t j = 0; j < n; ++j) sums[j] += factor * static_cast<C>(row[j]);
}
} // namespace

void embedding_bag(const Tensor& out, const Tensor& bag_of, const Tensor& bag_size, const Tensor& max_indices,
                   const Tensor& weight, const Tensor& indices, const Tensor& offsets, int64_t mode,
                   const Tensor& per_sample_weights, bool include_last_offset, int64_t padding_idx) {
  const int64_t rows = weight.size(0), width = weight.size(1), total = indices.numel();
  const int64_t bags = out.size(0);
  visit_index("embedding_bag", indices.dtype(), [&](auto index_tag) {
    using I = typename decltype(index_tag)::type;
    const I* const list = indices.data<I>();
    const I* const starts = offsets.data<I>();
    if (offsets.numel() > 0) {
      check(starts[0] == 0,
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            "position 0. However, got ",
            int64_t(starts[0]));
      check(starts[offsets.numel() - 1] <= total, "offsets[-1] can not be greater than input's length(",
            total, ") but got offsets[-1] of ", int64_t(starts[offsets.numel() - 1]));
    }
    const auto end_of = [&](int64_t b) {
      return b + 1 < bags || include_last_offset ? static_cast<int64_t>(starts[b + 1]) : total;
    };
    for (int64_t b = 0; b < bags; ++b)
      check(starts[b] >= 0 && starts[b] <= end_of(b), "embedding_bag: offsets must not decrease, got ",
            int64_t(starts[b]), " followed by ", end_of(b));
    const int64_t bad = first_outside(list, 1, total, 0, rows);
    check(bad < 0, "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be ",
          bad < 0 ? 0 : int64_t(list[bad]));
    std::fill_n(bag_of.data<I>(), total, static_cast<I>(bags));
    for (int64_t b = 0; b < bags; ++b)
      std::fill(bag_of.data<I>() + starts[b], bag_of.data<I>() + end_of(b), static_cast<I>(b));
    visit_floating("embedding_bag", weight.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
      const T* const table = weight.data<T>();
      const T* const factors = per_sample_weights.defined() ? per_sample_weights.data<T>() : nullptr;
      const int64_t work = bags > 0 ? total * width / bags + width : 1;
      parallel_for(0, bags, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)),
                   [&](int64_t begin, int64_t end) {
                     const Scratch memory(std::is_same_v<T, C> ? 0 : size_t(width) * sizeof(C));
                     for (int64_t b = begin; b < end; ++b) {
                       T* const to = out.data<T>() + b * width;
                       C* sums;
                       if constexpr (std::is_same_v<T, C>)
                         sums = to;
                       else
                         sums = memory.as<C>();
                       if constexpr (std::is_same_v<T, float>) {
                         const int64_t first = starts[b], named = end_of(b) - first;
                         const float* const own = factors ? factors + first : nullptr;
                         if (mode != 2 && add_bag(to, table, width, list + first, own, named, padding_idx)) {
                           const int64_t kept =
                               padding_idx < 0
                                   ? named
                                   : named - std::count(list + first, list + first + named, I(padding_idx));
                           bag_size.data<I>()[b] = static_cast<I>(kept);
                           if (mode == 1 && kept > 0)
                             for (int64_t j = 0; j < width; ++j) to[j] /= static_cast<float>(kept);
                           continue;
                         }
                       }
                       std::fill_n(sums, width, C{});
                       I* const places = mode == 2 ? max_indices.data<I>() + b * width : nullptr;
                       if (places) std::fill_n(places, width, I{0});
                       int64_t count = 0;
                       for (int64_t i = starts[b]; i < end_of(b); ++i) {
                         if (i + 8 < total) __builtin_prefetch(table + list[i + 8] * width);
                         if (list[i] == padding_idx) continue;
                         const T* const row = table + list[i] * width;
                         if (mode == 2) {
                           for (int64_t j = 0; j < width; ++j) {
                             const C value = static_cast<C>(row[j]);
                             if (count == 0 || value > sums[j]) {
                               sums[j] = value;
                               places[j] = list[i];
                             }
                           }
                         } else if (factors) {
                           add_scaled(sums, row, width, static_cast<C>(factors[i]));
                         } else {
                           add_to(sums, row, width);
                         }
                         ++count;
                       }
                       bag_size.data<I>()[b] = static_cast<I>(count);
                       if (mode == 1 && count > 0)
                         for (int64_t j = 0; j < width; ++j) sums[j] /= static_cast<C>(count);
                       if constexpr (!std::is_same_v<T, C>)
                         for (int64_t j = 0; j < width; ++j) to[j] = static_cast<T>(sums[j]);
                     }
                   });
    });
  });
}

} // namespace torch::TORCH_ISA
