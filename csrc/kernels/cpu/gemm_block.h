// The blocked product for one vector element type (float, double, uint32_t, uint64_t); included by gemm_*.cpp
// only.
//
// A tile of C (kTileRows x 2 vectors) stays in registers while k runs. Rows of A go through a panel that
// lives in L1, B is packed into panels of two vectors that live in L2: each element of B is packed once, of A
// once for every kBlockBytes of B. One AVX-512 core of Zen 5, f32: the tile alone reaches 242 GF/s;
// oneDNN 2.6 reaches 228-242, OpenBLAS 0.3.34 117.
#pragma once

#include "core/allocator.h"
#include "core/threads.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/gemm_vec.h"

#include <algorithm>
#include <array>
#include <utility>

namespace torch::TORCH_ISA {
namespace {

constexpr int kTileVecs = 2;
constexpr int kTileRows = kVecRegisters == 32 ? 12 : 6;
constexpr int64_t kBlockBytes = 640 << 10; // of packed B, to fit into half an L2 with room for C

template <class C> constexpr int kTileCols = kTileVecs* kLanesOf<C>;
template <class C> constexpr int64_t kDepth = sizeof(C) == 4 ? 384 : 256; // of a panel, in elements
template <class C>
constexpr int64_t kBlockCols = kBlockBytes / (kDepth<C> * int64_t(sizeof(C))) / kTileCols<C>* kTileCols<C>;

// Where a tile goes and what joins it there.
template <class C> struct TileOut {
  C* c;
  int64_t ldc;
  const C* d;           // null: nothing to add
  int64_t d_row, d_col; // d_col 0 or 1
  C alpha, beta;
};

// c = alpha * sum_p a[i, p] b[p, j] + beta * d. Panels: a has rows kDepth apart (known strides are 2.5 %
// faster). Otherwise a has any strides and the last vector of b is read under a mask. `last`: columns in the
// last vector.
template <class C, int Rows, int Vecs, bool Panels>
void tile(int64_t k, const C* a, int64_t a_row, int64_t a_col, const C* b, int64_t ldb, const TileOut<C>& out,
          int last) {
  constexpr int lanes = kLanesOf<C>;
  if constexpr (Panels) {
    a_row = kDepth<C>;
    a_col = 1;
  }
  VecT<C> sums[Rows][Vecs] = {};
  for (int64_t p = 0; p < k; ++p) {
    VecT<C> row[Vecs];
#pragma GCC unroll 4
    for (int j = 0; j < Vecs; ++j)
      row[j] = !Panels && j == Vecs - 1 ? vload_n<C>(b + j * lanes, last) : vload<C>(b + j * lanes);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const VecT<C> x = vset<C>(a[i * a_row]);
#pragma GCC unroll 4
      for (int j = 0; j < Vecs; ++j) sums[i][j] = vfma<C>(x, row[j], sums[i][j]);
    }
    a += a_col;
    b += ldb;
  }
  const VecT<C> alpha = vset<C>(out.alpha), beta = vset<C>(out.beta);
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < Vecs; ++j) {
      const int count = j == Vecs - 1 ? last : lanes;
      VecT<C> value = sums[i][j] * alpha;
      if (out.d) {
        const C* d = out.d + i * out.d_row + j * lanes * out.d_col;
        const VecT<C> add = out.d_col == 0   ? vset<C>(*d)
                            : count == lanes ? vload<C>(d)
                                             : vload_n<C>(d, count);
        value = vfma<C>(add, beta, value);
      }
      C* c = out.c + i * out.ldc + j * lanes;
      if (count == lanes)
        vstore<C>(c, value);
      else
        vstore_n<C>(c, value, count);
    }
  }
}

template <class C>
using TileFunction = void (*)(int64_t, const C*, int64_t, int64_t, const C*, int64_t, const TileOut<C>&, int);

template <class C, bool Panels, int... Rows>
constexpr std::array<TileFunction<C>, 2 * kTileRows> tile_table(std::integer_sequence<int, Rows...>) {
  return {tile<C, Rows + 1, 1, Panels>..., tile<C, Rows + 1, 2, Panels>...};
}
template <class C, bool Panels>
constexpr std::array<TileFunction<C>, 2 * kTileRows>
    kTiles = tile_table<C, Panels>(std::make_integer_sequence<int, kTileRows>{});

// panel[i][p] = a(i, p), rows kDepth apart.
template <class C> void pack_rows(C* panel, Matrix<C> a, int rows, int64_t k) {
  constexpr int lanes = kLanesOf<C>;
  if (a.col == 1) {
    for (int i = 0; i < rows; ++i) std::copy_n(a.data + i * a.row, k, panel + i * kDepth<C>);
  } else if (a.row == 1) {
    for (int i = 0; i < rows; i += lanes) {
      const int count = std::min(lanes, rows - i);
      for (int64_t p = 0; p < k; p += lanes) {
        VecT<C> square[lanes];
#pragma GCC unroll 16
        for (int q = 0; q < lanes; ++q)
          square[q] = p + q < k ? vload_n<C>(a.data + i + (p + q) * a.col, count) : VecT<C>{};
        vtranspose<C>(square);
        for (int r = 0; r < count; ++r) vstore<C>(panel + (i + r) * kDepth<C> + p, square[r]);
      }
    }
  } else {
    for (int i = 0; i < rows; ++i)
      for (int64_t p = 0; p < k; ++p) panel[i * kDepth<C> + p] = a.data[i * a.row + p * a.col];
  }
}

// panels[j / cols][p][j % cols] = b(p, j), zeros after the last column.
template <class C> void pack_columns(C* panels, Matrix<C> b, int64_t k, int64_t n) {
  constexpr int lanes = kLanesOf<C>;
  constexpr int cols = kTileCols<C>;
  if (b.col == 1) {
    const int64_t whole = n / cols * cols;
    const int rest = static_cast<int>(n - whole);
    for (int64_t p = 0; p < k; ++p) {
      const C* row = b.data + p * b.row;
      C* to = panels + p * cols;
      for (int64_t j = 0; j < whole; j += cols, to += k * cols)
#pragma GCC unroll 4
        for (int v = 0; v < kTileVecs; ++v) vstore<C>(to + v * lanes, vload<C>(row + j + v * lanes));
      for (int v = 0; v * lanes < rest; ++v)
        vstore<C>(to + v * lanes, vload_n<C>(row + whole + v * lanes, std::min(lanes, rest - v * lanes)));
    }
  } else if (b.row == 1) {
    for (int64_t j = 0; j < n; j += lanes) {
      const int count = static_cast<int>(std::min<int64_t>(lanes, n - j));
      C* to = panels + j / cols * cols * k + j % cols;
      const C* from = b.data + j * b.col;
      for (int64_t p = 0; p < k; p += lanes) {
        const int depth = static_cast<int>(std::min<int64_t>(lanes, k - p));
        VecT<C> square[lanes];
        if (count == lanes && depth == lanes) {
#pragma GCC unroll 16
          for (int q = 0; q < lanes; ++q) square[q] = vload<C>(from + q * b.col + p);
        } else {
          for (int q = 0; q < lanes; ++q)
            square[q] = q < count ? vload_n<C>(from + q * b.col + p, depth) : VecT<C>{};
        }
        vtranspose<C>(square);
        for (int r = 0; r < depth; ++r) vstore<C>(to + (p + r) * cols, square[r]);
      }
    }
  } else {
    for (int64_t j = 0; j < n; ++j) {
      C* to = panels + j / cols * cols * k + j % cols;
      for (int64_t p = 0; p < k; ++p) to[p * cols] = b.data[p * b.row + j * b.col];
    }
  }
}

template <class C> struct Product {
  int64_t m, n, k;
  C alpha;
  Matrix<C> a, b;
  C beta;
  Matrix<C> d;
  C* c;
  int64_t ldc;

  TileOut<C> out(int64_t i, int64_t j, bool first) const {
    C* at = c + i * ldc + j;
    if (!first) return {at, ldc, at, ldc, 1, alpha, C(1)};
    return {at, ldc, d.data ? d.data + i * d.row + j * d.col : nullptr, d.row, d.col, alpha, beta};
  }
  Product columns(int64_t first, int64_t last) const {
    Product p = *this;
    p.n = last - first;
    p.b = b.at(0, first);
    p.c = c + first;
    if (d.data) p.d = d.at(0, first);
    return p;
  }
  Product rows(int64_t first, int64_t last) const {
    Product p = *this;
    p.m = last - first;
    p.a = a.at(first, 0);
    p.c = c + first * ldc;
    if (d.data) p.d = d.at(first, 0);
    return p;
  }
};

constexpr int64_t kSmall = 64; // largest m, n and k of the direct method

// Small operands: A as it lies, B too where its columns are adjacent (and end on a whole vector, unless loads
// have masks).
template <class C> void run_direct(const Product<C>& x) {
  constexpr int lanes = kLanesOf<C>;
  constexpr int cols = kTileCols<C>;
  constexpr bool masks = kVecBytes == 64;
  const bool lies = x.b.col == 1 && (masks || x.n % lanes == 0);
  alignas(64) C panels[kSmall * (kSmall + cols)];
  if (!lies) pack_columns<C>(panels, x.b, x.k, x.n);
  const int64_t strips = (x.m + kTileRows - 1) / kTileRows;
  for (int64_t s = 0; s < strips; ++s) {
    const int64_t i = share(x.m, strips, s);
    const int rows = static_cast<int>(share(x.m, strips, s + 1) - i);
    for (int64_t j = 0; j < x.n; j += cols) {
      const int width = static_cast<int>(std::min<int64_t>(cols, x.n - j));
      const int vecs = width > lanes ? 2 : 1;
      kTiles<C, false>[size_t((vecs - 1) * kTileRows + rows - 1)](
          x.k, x.a.data + i * x.a.row, x.a.row, x.a.col, lies ? x.b.data + j : panels + j * x.k,
          lies ? x.b.row : cols, x.out(i, j, true), width - (vecs - 1) * lanes);
    }
  }
}

template <class C> void run_blocked(const Product<C>& x) {
  constexpr int lanes = kLanesOf<C>;
  constexpr int cols = kTileCols<C>;
  alignas(64) C panel[kTileRows * kDepth<C> + kVecBytes / sizeof(C)];
  const int64_t depth = std::min(x.k, kDepth<C>);
  const int64_t block = std::min(x.n, kBlockCols<C>);
  const bool direct_b = x.b.col == 1 && x.m <= 6 * kTileRows; // too few rows to pay for packing
  const int64_t packed = direct_b ? cols : (block + cols - 1) / cols * cols;
  const Scratch memory(size_t(packed * depth) * sizeof(C));
  C* const panels = memory.as<C>();
  const int64_t strips = (x.m + kTileRows - 1) / kTileRows;
  for (int64_t p = 0; p < x.k; p += depth) {
    const int64_t k = std::min(depth, x.k - p);
    for (int64_t block_start = 0; block_start < x.n; block_start += block) {
      const int64_t n = std::min(block, x.n - block_start);
      const Matrix<C> b = x.b.at(p, block_start);
      const int64_t whole = direct_b ? n / cols * cols : 0; // columns read where they lie
      if (whole < n) pack_columns<C>(panels, b.at(0, whole), k, n - whole);
      for (int64_t s = 0; s < strips; ++s) {
        const int64_t i = share(x.m, strips, s);
        const int rows = static_cast<int>(share(x.m, strips, s + 1) - i);
        pack_rows<C>(panel, x.a.at(i, p), rows, k);
        for (int64_t j = 0; j < n; j += cols) {
          const int width = static_cast<int>(std::min<int64_t>(cols, n - j));
          const int vecs = width > lanes ? 2 : 1;
          const bool lies = j < whole;
          kTiles<C, true>[size_t((vecs - 1) * kTileRows + rows - 1)](
              k, panel, 0, 0, lies ? b.data + j : panels + (j - whole) * k, lies ? b.row : cols,
              x.out(i, block_start + j, p == 0), width - (vecs - 1) * lanes);
        }
      }
    }
  }
}

// One row times a matrix with adjacent columns: eight rows of B at a time are added to c, each read from end
// to end.
template <class C> void run_row(const Product<C>& x) {
  constexpr int lanes = kLanesOf<C>;
  constexpr int together = 8;
  const auto pass = [&]<int P>(std::integral_constant<int, P>, int64_t p) {
    C scale[P];
    const C* rows[P];
    for (int q = 0; q < P; ++q) {
      scale[q] = x.alpha * x.a.data[(p + q) * x.a.col];
      rows[q] = x.b.data + (p + q) * x.b.row;
    }
    const C* d = p == 0 ? x.d.data : x.c;
    const int64_t d_col = p == 0 ? x.d.col : 1;
    const VecT<C> beta = vset<C>(p == 0 ? x.beta : C(1));
    for (int64_t j = 0; j < x.n; j += lanes) {
      const int count = static_cast<int>(std::min<int64_t>(lanes, x.n - j));
      const auto load = [&](const C* at) { return count == lanes ? vload<C>(at) : vload_n<C>(at, count); };
      VecT<C> sum{};
      if (d) sum = (d_col == 1 ? load(d + j) : vset<C>(*d)) * beta;
#pragma GCC unroll 8
      for (int q = 0; q < P; ++q) sum = vfma<C>(vset<C>(scale[q]), load(rows[q] + j), sum);
      if (count == lanes)
        vstore<C>(x.c + j, sum);
      else
        vstore_n<C>(x.c + j, sum, count);
    }
  };
  int64_t p = 0;
  for (; p + together <= x.k; p += together) pass(std::integral_constant<int, together>{}, p);
  for (; p < x.k; ++p) pass(std::integral_constant<int, 1>{}, p);
}

// Rows x Cols dot products, columns from j on. Both operands are adjacent along k.
template <class C, int Rows, int Cols> void dots_tile(const Product<C>& x, int64_t j) {
  constexpr int lanes = kLanesOf<C>;
  constexpr int depth = Rows * Cols <= 4 ? 2 : 1; // sums per product: enough of them to hide the latency
  VecT<C> sums[depth][Rows][Cols] = {};
  const C *left[Rows], *right[Cols];
  for (int r = 0; r < Rows; ++r) left[r] = x.a.data + r * x.a.row;
  for (int q = 0; q < Cols; ++q) right[q] = x.b.data + (j + q) * x.b.col;
  int64_t p = 0;
  for (; p + depth * lanes <= x.k; p += depth * lanes)
#pragma GCC unroll 2
    for (int d = 0; d < depth; ++d)
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r) {
        const VecT<C> a = vload<C>(left[r] + p + d * lanes);
#pragma GCC unroll 4
        for (int q = 0; q < Cols; ++q)
          sums[d][r][q] = vfma<C>(a, vload<C>(right[q] + p + d * lanes), sums[d][r][q]);
      }
  for (; p < x.k; p += lanes) {
    const int count = static_cast<int>(std::min<int64_t>(lanes, x.k - p));
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      const VecT<C> a = vload_n<C>(left[r] + p, count);
#pragma GCC unroll 4
      for (int q = 0; q < Cols; ++q)
        sums[0][r][q] = vfma<C>(a, vload_n<C>(right[q] + p, count), sums[0][r][q]);
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int q = 0; q < Cols; ++q) {
      VecT<C> sum = sums[0][r][q];
      if constexpr (depth == 2) sum = sum + sums[1][r][q];
      const C value = x.alpha * vsum<C>(sum);
      x.c[r * x.ldc + j + q] = x.d.data ? value + x.beta * x.d.data[r * x.d.row + (j + q) * x.d.col] : value;
    }
}

// A few rows of A against columns of B, both adjacent along k: dot products.
// 1 x 784 x 512, f32, Zen 5: 15 us (107 GB/s from L3), MKL 23.
template <class C, int Rows> void run_dots(const Product<C>& x) {
  int64_t j = 0;
  for (; j + 4 <= x.n; j += 4) dots_tile<C, Rows, 4>(x, j);
  for (; j < x.n; ++j) dots_tile<C, Rows, 1>(x, j);
}

enum class Method { Dots, Row, Direct, Blocked };

template <class C> Method choose(const Product<C>& x) {
  if constexpr (std::is_floating_point_v<C>) {
    if (x.m <= 4 && x.a.col == 1 && x.b.row == 1 && x.k >= kLanesOf<C>) return Method::Dots;
    if (x.m == 1 && x.b.col == 1) return Method::Row;
    if (x.m <= kSmall && x.n <= kSmall && x.k <= kSmall) return Method::Direct;
  }
  return Method::Blocked;
}

template <class C> void run_serial(const Product<C>& x, Method method) {
  if constexpr (std::is_floating_point_v<C>) {
    switch (method) {
    case Method::Dots:
      switch (x.m) {
      case 1:
        return run_dots<C, 1>(x);
      case 2:
        return run_dots<C, 2>(x);
      case 3:
        return run_dots<C, 3>(x);
      default:
        return run_dots<C, 4>(x);
      }
    case Method::Row:
      return run_row<C>(x);
    case Method::Direct:
      return run_direct<C>(x);
    case Method::Blocked:
      break;
    }
  }
  run_blocked<C>(x);
}

// Shares the columns (or rows, when there are more) out in pieces of at least ~10 us. The method is chosen
// before cutting, so that the order of a sum does not depend on the cuts.
template <class C> void run(const Product<C>& x) {
  const double work = double(x.m) * double(x.n) * double(x.k);
  const Method method = choose<C>(x);
  if (work < 2 * kPieceWork || num_threads() == 1 || in_parallel_region()) return run_serial(x, method);
  const bool by_columns = x.n >= x.m;
  const int64_t unit = by_columns ? kTileCols<C> : kTileRows;
  const int64_t units = ((by_columns ? x.n : x.m) + unit - 1) / unit;
  const int64_t pieces =
      std::min<int64_t>({units, 2 * num_threads(), static_cast<int64_t>(work / kPieceWork)});
  parallel_for(0, pieces, 1, [&](int64_t first, int64_t last) {
    const int64_t begin = share(units, pieces, first) * unit;
    const int64_t end = share(units, pieces, last) * unit;
    run_serial(by_columns ? x.columns(begin, std::min(end, x.n)) : x.rows(begin, std::min(end, x.m)), method);
  });
}

} // namespace
} // namespace torch::TORCH_ISA
