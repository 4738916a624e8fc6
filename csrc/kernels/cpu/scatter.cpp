// gather and scatter: index has a position along `dim` for each of its elements; the other coordinates are
// its own. Repeated positions are visited in the order of index along dim, by one thread: the same result on
// any number of threads, and the last write stays. Bounds are checked before anything of self is written.
#include "kernels/cpu/index_plan.h"
#include "kernels/cpu/vec.h"
#include "kernels/create_kernels.h"
#include "kernels/index_kernels.h"

#include <bit>
#include <cmath>
#include <limits>
#include <string_view>

namespace torch::TORCH_ISA {
namespace {

// Dimensions of index walked with self (stride 0 along dim: there the index says where) and a third tensor.
struct ScatterLoop {
  struct Axis {
    int64_t size, self, index, other;
    bool along; // holds dim: repeated positions may meet along it
  };
  Axis axes[64];
  int count = 0;
  int64_t numel = 1;
  int64_t dim, dim_size, dim_stride; // of self

  ScatterLoop(const Tensor& self, int64_t d, const Tensor& index, const Tensor* other)
      : dim(wrap_dim(d, self.dim())) {
    dim_size = self.dim() == 0 ? 1 : self.sizes()[dim];
    dim_stride = self.dim() == 0 ? 0 : self.strides()[dim];
    for (int64_t k = 0; k < index.dim(); ++k) {
      const bool along = k == dim;
      // A 0-dim tensor counts as one of size 1.
      const Axis axis{index.sizes()[k], along || self.dim() == 0 ? 0 : self.strides()[k], index.strides()[k],
                      other && other->dim() > 0 ? other->strides()[k] : 0, along};
      numel *= axis.size;
      if (axis.size == 1) continue;
      if (count > 0 && !along && !axes[count - 1].along) {
        Axis& last = axes[count - 1];
        if (last.self == axis.self * axis.size && last.index == axis.index * axis.size &&
            last.other == axis.other * axis.size) {
          last = {last.size * axis.size, axis.self, axis.index, axis.other, false};
          continue;
        }
      }
      axes[count++] = axis;
    }
    if (count == 0) axes[count++] = {1, 0, 0, 0, true};
  }

  // Calls row(self, index, other, axis) along the innermost axis for all of the outer ones; offsets in
  // elements. With `ordered` the work is split over an axis other than dim, or not at all.
  template <class Row> void run(bool ordered, const Row& row) const {
    if (numel == 0) return;
    int split = -1;
    for (int k = 0; k < count; ++k)
      if ((!ordered || !axes[k].along) &&
          (split < 0 || (axes[split].size < 8 && axes[k].size > axes[split].size)))
        split = k;
    if (split < 0) return walk(0, 0, axes[0].size, row);
    const int64_t rest = numel / axes[split].size;
    parallel_for(0, axes[split].size, std::max<int64_t>(1, kGrain / rest),
                 [&](int64_t first, int64_t last) { walk(split, first, last, row); });
  }

private:
  template <class Row> void walk(int split, int64_t first, int64_t last, const Row& row) const {
    int64_t at[64] = {}, size[64];
    for (int k = 0; k < count; ++k) size[k] = k == split ? last - first : axes[k].size;
    int64_t self = first * axes[split].self, index = first * axes[split].index,
            other = first * axes[split].other;
    Axis inner = axes[count - 1];
    inner.size = size[count - 1];
    for (;;) {
      row(self, index, other, inner);
      int k = count - 2;
      for (; k >= 0; --k) {
        self += axes[k].self;
        index += axes[k].index;
        other += axes[k].other;
        if (++at[k] < size[k]) break;
        self -= size[k] * axes[k].self;
        index -= size[k] * axes[k].index;
        other -= size[k] * axes[k].other;
        at[k] = 0;
      }
      if (k < 0) return;
    }
  }
};

void check_bounds(const ScatterLoop& loop, const int64_t* index) {
  loop.run(false, [&](int64_t, int64_t at, int64_t, const ScatterLoop::Axis& axis) {
    const int64_t bad = first_outside(index + at, axis.index, axis.size, 0, loop.dim_size);
    if (bad >= 0) fail_index(ErrorKind::Runtime, index[at + bad * axis.index], loop.dim, loop.dim_size);
  });
}

// The writing loops below are compiled for one type of index, which others are converted to: against writing
// anywhere that costs little.
Tensor as_int64(const Tensor& index) {
  if (index.dtype() == DType::Int64) return index;
  const Tensor wide = empty_tensor(index.sizes(), DType::Int64);
  copy(wide, index);
  return wide;
}

// Runs body(first, last) over [0, n) in pieces, asking for memory that later ones read: the processor's own
// prefetching stops at the end of a page, and rows are often a page long. `ahead`: where the next row of the
// randomly read tensor is guessed to begin, if there is one.
template <class I, class O, class T, class Body>
void in_pieces(const I* index, const O* other, const T* ahead, int64_t n, const Body& body) {
  constexpr int64_t kPiece = 64, kFar = 2048; // elements, bytes
  const auto ask = [](const void* p, int64_t bytes) {
    for (int64_t line = 0; line < bytes; line += 64)
      __builtin_prefetch(static_cast<const char*>(p) + kFar + line);
  };
  for (int64_t i = 0; i < n; i += kPiece) {
    ask(index + i, kPiece * sizeof(I));
    ask(other + i, kPiece * sizeof(O));
    if (ahead) ask(reinterpret_cast<const char*>(ahead + i) - kFar, kPiece * sizeof(T));
    body(i, std::min(n, i + kPiece));
  }
}

// body(self element, other element) for every element of index (int64).
template <class T, class O, class Body>
void scatter_elements(const Tensor& self, int64_t dim, const Tensor& index, const Tensor* other, T* self_data,
                      O* other_data, bool ordered, const Body& body) {
  const ScatterLoop loop(self, dim, index, other);
  const int64_t* const positions = index.data<int64_t>();
  check_bounds(loop, positions);
  const int64_t step = loop.dim_stride;
  loop.run(ordered, [&](int64_t at_self, int64_t at, int64_t at_other, const ScatterLoop::Axis& axis) {
    T* const to = self_data + at_self;
    const int64_t* const p = positions + at;
    O* const o = other_data + at_other;
    if (axis.along && axis.index == 1 && axis.other == 1 && step == 1)
      in_pieces(p, o, loop.count > 1 ? to + loop.dim_size : nullptr, axis.size,
                [&](int64_t first, int64_t last) {
                  for (int64_t i = first; i < last; ++i) body(to[p[i]], o[i]);
                });
    else { // lines that are written anywhere are asked for before, as writing waits for them in turn
      constexpr int64_t kFar = 24;
      const auto place = [&](int64_t i) { return to + i * axis.self + p[i * axis.index] * step; };
      const int64_t safe = std::max<int64_t>(0, axis.size - kFar);
      for (int64_t i = 0; i < safe; ++i) {
        __builtin_prefetch(place(i + kFar), 1);
        body(*place(i), o[i * axis.other]);
      }
      for (int64_t i = safe; i < axis.size; ++i) body(*place(i), o[i * axis.other]);
    }
  });
}

template <class T> bool is_nan(T v) {
  if constexpr (std::is_integral_v<T>)
    return false;
  else
    return static_cast<double>(v) != static_cast<double>(v);
}

// Without a branch, which random values would make the processor guess wrongly.
template <class T> T choose(bool first, T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    const BitsOf<T> mask = -BitsOf<T>(first);
    return std::bit_cast<T>((std::bit_cast<BitsOf<T>>(a) & mask) | (std::bit_cast<BitsOf<T>>(b) & ~mask));
  } else {
    return first ? a : b;
  }
}

enum class ScatterRule { Sum, Prod, Mean, Amax, Amin };

ScatterRule parse_reduction(std::string_view text) {
  if (text == "sum" || text == "add") return ScatterRule::Sum;
  if (text == "prod" || text == "multiply") return ScatterRule::Prod;
  if (text == "mean") return ScatterRule::Mean;
  if (text == "amax") return ScatterRule::Amax;
  if (text == "amin") return ScatterRule::Amin;
  fail(ErrorKind::Runtime,
       concat("reduce argument must be either sum, prod, mean, amax or amin, got ", std::string(text)));
}

template <class T> T lowest() {
  if constexpr (std::is_same_v<T, bool>)
    return false;
  else if constexpr (std::is_integral_v<T>)
    return std::numeric_limits<T>::lowest();
  else
    return T(-std::numeric_limits<float>::infinity());
}
template <class T> T highest() {
  if constexpr (std::is_same_v<T, bool>)
    return true;
  else if constexpr (std::is_integral_v<T>)
    return std::numeric_limits<T>::max();
  else
    return T(std::numeric_limits<float>::infinity());
}

template <class T> T identity(ScatterRule r) {
  if (r == ScatterRule::Prod) return T(1);
  if constexpr (!is_complex(dtype_of<T>())) {
    if (r == ScatterRule::Amax) return lowest<T>();
    if (r == ScatterRule::Amin) return highest<T>();
  }
  return T(0);
}

template <class T> T divide_by_count(T sum, int64_t n) {
  if constexpr (std::is_same_v<T, bool>)
    return sum;
  else if constexpr (std::is_integral_v<T>) { // rounds down
    const auto s = static_cast<int64_t>(sum);
    return static_cast<T>(s / n - (s % n != 0 && s < 0));
  } else if constexpr (is_reduced_float(dtype_of<T>()))
    return T(static_cast<float>(sum) / static_cast<float>(n));
  else if constexpr (is_complex(dtype_of<T>()))
    return sum / static_cast<typename T::value_type>(n);
  else
    return sum / static_cast<T>(n);
}

// body(element, other element) over all of self and a contiguous buffer of its shape.
template <class T, class O, class Body>
void each_with_buffer(const Tensor& self, T* data, O* buffer, const Body& body) {
  PairDims dims;
  const DimVec order = contiguous_strides(self.sizes());
  for (int64_t d = 0; d < self.dim(); ++d) dims.add(self.sizes()[d], self.strides()[d], order[d]);
  parallel_for(0, dims.numel, kGrain, [&](int64_t first, int64_t last) {
    PairWalk walk(dims, first);
    for (int64_t i = first; i < last; ++i, walk.next()) body(data[walk.a], buffer[walk.b]);
  });
}

template <class T>
void reduce_into(const Tensor& self, T* data, int64_t dim, const Tensor& index, const Tensor& src,
                 ScatterRule reduction, bool include_self) {
  const T* const values = src.data<T>();
  if (!include_self) {
    const T start = identity<T>(reduction);
    scatter_elements(self, dim, index, nullptr, data, &start, true, [](T& to, const T& v) { to = v; });
  }
  const auto run = [&](auto combine) {
    scatter_elements(self, dim, index, &src, data, values, true,
                     [&](T& to, const T& v) { to = combine(to, v); });
  };
  switch (reduction) {
  case ScatterRule::Sum:
  case ScatterRule::Mean:
    run([](T a, T b) { return add_values(a, b); });
    break;
  case ScatterRule::Prod:
    run([](T a, T b) { return multiply_values(a, b); });
    break;
  case ScatterRule::Amax:
  case ScatterRule::Amin:
    if constexpr (is_complex(dtype_of<T>())) {
      fail(ErrorKind::Runtime, concat("scatter_reduce: amax and amin are not defined for ", self.dtype()));
    } else if (reduction == ScatterRule::Amax) {
      run([](T a, T b) { return choose(is_nan(a) | (a >= b), a, b); });
    } else {
      run([](T a, T b) { return choose(is_nan(a) | (a <= b), a, b); });
    }
  }
  if (reduction != ScatterRule::Mean) return;
  // A tensor of counts beside self.
  const Tensor counts = empty_tensor(self.sizes(), DType::Int32);
  auto* const n = counts.data<int32_t>();
  std::fill_n(n, counts.numel(), include_self ? 1 : 0);
  const int32_t one = 1;
  scatter_elements(counts, dim, index, nullptr, n, &one, true,
                   [](int32_t& to, const int32_t& v) { to += v; });
  each_with_buffer(self, data, n, [](T& v, int32_t count) {
    if (count > 1) v = divide_by_count(v, count);
  });
}

// float16 and bfloat16 accumulate in float32: self is converted there and back.
template <class T>
void reduce_wide(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                 ScatterRule reduction, bool include_self) {
  const Tensor wide = empty_tensor(self.sizes(), DType::Float32),
               wide_src = empty_tensor(src.sizes(), DType::Float32);
  each_with_buffer(self, self.data<T>(), wide.data<float>(), [](const T& v, float& w) { w = v; });
  each_with_buffer(src, src.data<T>(), wide_src.data<float>(), [](const T& v, float& w) { w = v; });
  reduce_into(wide, wide.data<float>(), dim, index, wide_src, reduction, include_self);
  each_with_buffer(self, self.data<T>(), wide.data<float>(), [](T& v, float w) { v = T(w); });
}

void reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, ScatterRule reduction,
            bool include_self) {
  if (index.numel() == 0) return;
  const Tensor places = as_int64(index);
  visit_compiled(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (is_reduced_float(dtype_of<T>()))
      reduce_wide<T>(self, dim, places, src, reduction, include_self);
    else
      reduce_into(self, self.data<T>(), dim, places, src, reduction, include_self);
  });
}

} // namespace

// The result is new: rows are checked as they are read, while their indices are in the cache.
void gather(const Tensor& out, const Tensor& self, int64_t dim, const Tensor& index) {
  const ScatterLoop loop(self, dim, index, &out);
  const int64_t step = loop.dim_stride;
  visit_width(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    visit_index("gather", index.dtype(), [&](auto index_tag) {
      using I = typename decltype(index_tag)::type;
      loop.run(false, [&](int64_t at_self, int64_t at, int64_t at_out, const ScatterLoop::Axis& axis) {
        constexpr int64_t kBlock = 2048;
        for (int64_t start = 0; start < axis.size; start += kBlock) {
          const int64_t n = std::min(kBlock, axis.size - start);
          const T* const from = self.data<T>() + at_self + start * axis.self;
          const I* const p = index.data<I>() + at + start * axis.index;
          T* const to = out.data<T>() + at_out + start * axis.other;
          const int64_t bad = first_outside(p, axis.index, n, 0, loop.dim_size);
          if (bad >= 0)
            fail_index(ErrorKind::Runtime, static_cast<int64_t>(p[bad * axis.index]), loop.dim,
                       loop.dim_size);
          if (axis.index == 1 && axis.other == 1 && axis.self == 0 && step == 1)
            in_pieces(p, to, loop.count > 1 ? from + loop.dim_size : nullptr, n,
                      [&](int64_t first, int64_t last) {
                        for (int64_t i = first; i < last; ++i) to[i] = from[by_itself(p[i])];
                      });
          else if (axis.index == 1 && axis.other == 1 && axis.self == 1)
            for (int64_t i = 0; i < n; ++i) to[i] = from[i + by_itself(p[i]) * step];
          else
            for (int64_t i = 0; i < n; ++i)
              to[i * axis.other] = from[i * axis.self + static_cast<int64_t>(p[i * axis.index]) * step];
        }
      });
    });
  });
}

void scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  const Tensor places = as_int64(index);
  visit_width(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    scatter_elements(self, dim, places, &src, self.data<T>(), src.data<T>(), true,
                     [](T& to, const T& from) { to = from; });
  });
}

void scatter_value(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  const Tensor single = empty_tensor({}, self.dtype()), places = as_int64(index);
  fill(single, value);
  visit_width(self.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    scatter_elements(self, dim, places, nullptr, self.data<T>(), single.data<T>(), true,
                     [](T& to, const T& from) { to = from; });
  });
}

void scatter_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  reduce(self, dim, index, src, ScatterRule::Sum, true);
}

void scatter_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                    std::string_view reduce_by, bool include_self) {
  reduce(self, dim, index, src, parse_reduction(reduce_by), include_self);
}

} // namespace torch::TORCH_ISA
