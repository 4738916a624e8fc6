// Extremum and where it stands: max_dim, min_dim, argmax, argmin. The first of equal values wins, NaN wins
// over numbers.
#include "core/allocator.h"
#include "kernels/cpu/convert.h"
#include "kernels/cpu/reduce_lanes.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/walk.h"
#include "kernels/create_kernels.h"
#include "kernels/reduce_kernels.h"

namespace torch::TORCH_ISA {

namespace {

constexpr int64_t kPiece = 65536; // of one long line
constexpr int64_t kColumns = 256; // outputs side by side
constexpr int64_t kRowBlock = 32; // rows converted at a time

// Whether x comes before the best so far (which comes first).
struct Larger {
  using Join = MaxJoin;
  template <class V> static TORCH_INLINE auto beats(V x, V best) { return x > best; }
};
struct Smaller {
  using Join = MinJoin;
  template <class V> static TORCH_INLINE auto beats(V x, V best) { return x < best; }
};
template <class Order, class V> TORCH_INLINE auto wins(V x, V best) {
  if constexpr (kIsFloating<V>)
    return Order::beats(x, best) | ((x != x) & (best == best));
  else
    return Order::beats(x, best);
}

template <class Order, class T> struct Extremum {
  using V = Vec<T>;

  // Best of n contiguous values after the best so far; `position` is that of x[0].
  static void run(T& best, int64_t& index, bool& any, const T* x, int64_t n, int64_t position) {
    constexpr int64_t kBlock =
        2048; // found by value first, then looked up while still in the first-level cache
    for (int64_t first = 0; first < n; first += kBlock) {
      const int64_t size = std::min(kBlock, n - first);
      T block_best = x[first];
      Lanes<typename Order::Join, T, T>::run(&block_best, x + first, size, nullptr);
      if (any && !wins<Order>(block_best, best)) continue;
      best = block_best;
      index = position + first + find(x + first, size, block_best);
      any = true;
    }
  }
  static int64_t find(const T* x, int64_t n, T value) {
    const V wanted(value);
    const bool nan = value != value;
    int64_t i = 0;
    for (; i + V::kLanes <= n; i += V::kLanes) {
      const V v = V::load(x + i);
      if (torch::TORCH_ISA::any(nan ? v != v : v == wanted)) break;
    }
    while (i < n && !(nan ? x[i] != x[i] : x[i] == value)) ++i;
    return i;
  }

  // Rows of m values each; `positions` have the lanes of T.
  static void columns(T* best, BitsOf<T>* index, const char* x, int64_t stride, int64_t rows, int64_t m,
                      int64_t position) {
    for (int64_t r = 0; r < rows; ++r) {
      const T* row = reinterpret_cast<const T*>(x + r * stride);
      const auto at = BitsOf<T>(position + r);
      int64_t j = 0;
      for (; j + V::kLanes <= m; j += V::kLanes) {
        const V v = V::load(row + j), old = V::load(best + j);
        const auto better = wins<Order>(v, old);
        select(better, v, old).store(best + j);
        const Mask<BitsOf<T>> m_bits(better.v);
        select(m_bits, Vec<BitsOf<T>>(at), Vec<BitsOf<T>>::load(index + j)).store(index + j);
      }
      for (; j < m; ++j) {
        if (!wins<Order>(row[j], best[j])) continue;
        best[j] = row[j];
        index[j] = at;
      }
    }
  }
};

// values may be undefined. All outputs have self's dimensions without `dim`, by these strides.
struct Problem {
  const Tensor& values;
  const Tensor& indices;
  const Tensor& self;
  int64_t dim;
  bool keepdim;
};

template <class Order, class T> void run_problem(const Problem& p) {
  using E = Extremum<Order, T>;
  const DType tile_type = dtype_of<T>(), from = p.self.dtype();
  const int64_t n = p.self.dim() == 0 ? 1 : p.self.sizes()[p.dim];
  const int64_t stride = p.self.dim() == 0 ? 0 : p.self.strides()[p.dim] * p.self.itemsize();
  const int64_t width = p.self.itemsize();
  DimVec sizes, self_strides, value_strides, index_strides;
  for (int64_t d = 0, o = 0; d < p.self.dim(); ++d) {
    if (d == p.dim) {
      o += p.keepdim;
      continue;
    }
    sizes.push_back(p.self.sizes()[d]);
    self_strides.push_back(p.self.strides()[d]);
    value_strides.push_back(p.values.defined() ? p.values.strides()[o] : 0);
    index_strides.push_back(p.indices.strides()[o]);
    ++o;
  }
  const Geometry::Operand operands[] = {{p.self.data(), from, self_strides.data()},
                                        {p.indices.data(), DType::Int64, index_strides.data()},
                                        {p.values.defined() ? p.values.data() : p.indices.data(),
                                         p.values.defined() ? p.values.dtype() : DType::Int64,
                                         value_strides.data()}};
  const Geometry g(sizes, operands, p.values.defined() ? 3 : 2);
  const auto store = [&](char* const* at, int64_t j, T value, int64_t index) {
    *reinterpret_cast<int64_t*>(at[1] + j * g.strides[1][0]) = index;
    if (p.values.defined()) convert_one(at[2] + j * g.strides[2][0], g.dtypes[2], &value, tile_type);
  };
  // A line, converted piece by piece unless it is contiguous and of the right type.
  const bool direct_line = from == tile_type && (stride == width || n == 1);
  const auto run_line = [&](const char* line, int64_t first, int64_t last, T& best, int64_t& index,
                            bool& any) {
    if (direct_line)
      return E::run(best, index, any, reinterpret_cast<const T*>(line) + first, last - first, first);
    alignas(64) T buffer[1024];
    alignas(64) char scratch[2 * 1024 * 8];
    for (int64_t i = first; i < last; i += 1024) {
      const int64_t size = std::min<int64_t>(1024, last - i);
      convert_tile(reinterpret_cast<char*>(buffer), sizeof(T), 0, tile_type, line + i * stride, stride, 0,
                   from, size, 1, scratch);
      E::run(best, index, any, buffer, size, i);
    }
  };

  if (g.numel < 16 && n > 2 * kPiece) { // a few long lines: in pieces
    const int64_t pieces = (n + kPiece - 1) / kPiece;
    struct Part {
      T best;
      int64_t index;
    };
    const TileWalk walk(g, {1, 1});
    const Scratch parts(size_t(pieces) * sizeof(Part));
    walk.run(0, walk.count(), [&](char* const* at, int64_t, int64_t) {
      parallel_for(0, pieces, 1, [&](int64_t first, int64_t last) {
        for (int64_t k = first; k < last; ++k) {
          Part part{};
          bool any = false;
          run_line(at[0], k * kPiece, std::min(n, (k + 1) * kPiece), part.best, part.index, any);
          parts.as<Part>()[k] = part;
        }
      });
      Part best = parts.as<Part>()[0];
      for (int64_t k = 1; k < pieces; ++k)
        if (wins<Order>(parts.as<Part>()[k].best, best.best)) best = parts.as<Part>()[k];
      store(at, 0, best.best, best.index);
    });
    return;
  }
  const bool lines = g.numel == 1 || ((stride <= g.strides[0][0] || g.strides[0][0] == 0) && n >= 32);
  if (lines) {
    const TileWalk walk(g, {1, 1});
    walk.run_parallel(n, [&](char* const* at, int64_t, int64_t) {
      T best{};
      int64_t index = 0;
      bool any = false;
      run_line(at[0], 0, n, best, index, any);
      store(at, 0, best, index);
    });
    return;
  }
  // Side by side: running best and index of up to kColumns outputs. Long columns go in steps whose positions
  // fit BitsOf<T>.
  constexpr int64_t kStep = int64_t(1) << 30;
  const bool direct = from == tile_type && g.strides[0][0] == width;
  const TileWalk walk(g, {kColumns, 1});
  walk.run_parallel(n, [&](char* const* at, int64_t m, int64_t) {
    alignas(64) T best[kColumns], final_best[kColumns];
    alignas(64) BitsOf<T> index[kColumns];
    int64_t final_index[kColumns];
    alignas(64) T buffer[kRowBlock * kColumns];
    alignas(64) char scratch[2 * kRowBlock * kColumns * 8];
    for (int64_t start = 0; start < n; start += kStep) {
      const int64_t end = std::min(n, start + kStep);
      for (int64_t r = start; r < end; r += kRowBlock) {
        const int64_t rows = std::min(kRowBlock, end - r);
        const char* x = at[0] + r * stride;
        int64_t row_stride = stride;
        if (!direct) {
          row_stride = m * int64_t(sizeof(T));
          convert_tile(reinterpret_cast<char*>(buffer), sizeof(T), row_stride, tile_type, x, g.strides[0][0],
                       stride, from, m, rows, scratch);
          x = reinterpret_cast<const char*>(buffer);
        }
        int64_t skip = 0;
        if (r == start) { // the first row is the best so far
          std::memcpy(best, x, size_t(m) * sizeof(T));
          std::fill_n(index, m, 0);
          skip = 1;
        }
        E::columns(best, index, x + skip * row_stride, row_stride, rows - skip, m, r - start + skip);
      }
      for (int64_t j = 0; j < m; ++j) {
        if (start != 0 && !wins<Order>(best[j], final_best[j])) continue;
        final_best[j] = best[j];
        final_index[j] = start + index[j];
      }
    }
    for (int64_t j = 0; j < m; ++j) store(at, j, final_best[j], final_index[j]);
  });
}

template <class Order> void run_order(const char* op, const Problem& p) {
  if (p.indices.numel() == 0) return;
  switch (p.self.dtype()) {
  case DType::Complex64:
  case DType::Complex128:
    fail_dtype(op, p.self.dtype());
  case DType::Int64:
    return run_problem<Order, int64_t>(p);
  case DType::Float64:
    return run_problem<Order, double>(p);
  case DType::Float16:
  case DType::BFloat16:
  case DType::Float32:
    return run_problem<Order, float>(p);
  default:
    return run_problem<Order, int32_t>(p);
  }
}

template <class Order>
void arg_extremum(const char* op, const Tensor& out, const Tensor& self, std::optional<int64_t> dim,
                  bool keepdim) {
  if (dim) return run_order<Order>(op, {{}, out, self, wrap_dim(*dim, self.dim()), keepdim});
  // In the flattened tensor: one line.
  Tensor flat = self;
  if (!self.is_contiguous()) {
    flat = empty_tensor(self.sizes(), self.dtype());
    copy(flat, self);
  }
  const int64_t n = self.numel(), one = 1;
  flat = alias(flat, IntSpan(&n, 1), IntSpan(&one, 1), flat.offset());
  run_order<Order>(op, {{}, out, flat, 0, false});
}

} // namespace

void max_dim(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim, bool keepdim) {
  run_order<Larger>("max", {values, indices, self, wrap_dim(dim, self.dim()), keepdim});
}
void min_dim(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim, bool keepdim) {
  run_order<Smaller>("min", {values, indices, self, wrap_dim(dim, self.dim()), keepdim});
}
void argmax(const Tensor& out, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  arg_extremum<Larger>("argmax", out, self, dim, keepdim);
}
void argmin(const Tensor& out, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  arg_extremum<Smaller>("argmin", out, self, dim, keepdim);
}

} // namespace torch::TORCH_ISA
