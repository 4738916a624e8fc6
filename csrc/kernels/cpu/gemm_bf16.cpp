// A tile of C (12 x 2 registers of float sums) stays in registers while all of k runs; an instruction
// multiplies two adjacent k at once and adds both products. Both operands are packed as pairs: the rows of a
// strip of A one after another, B in panels of 32 columns. The instruction takes denormal operands for zero.
#include "kernels/cpu/gemm_bf16.h"

#include "core/allocator.h"
#include "core/threads.h"
#include "kernels/cpu/gemm_vec.h"

#include <algorithm>
#include <array>
#include <utility>

namespace torch::TORCH_ISA {

#if defined(__AVX512F__) && defined(__AVX512BW__)

namespace {

constexpr int kRows = 12, kVecs = 2, kPairs = 16, kCols = kVecs * kPairs;
constexpr int64_t kPanelBytes = 512 << 10; // of packed B at a time: half an L2

using Pairs = VecT<uint32_t>; // of 16 columns or rows: k in the lower half of a lane, k + 1 in the upper
using Sums = VecT<float>;

[[gnu::always_inline]] inline Pairs load_halves(const BFloat16* p, int count) {
  const __mmask16 mask = __mmask16((1u << count) - 1);
  return (Pairs)_mm512_maskz_cvtepu16_epi32(mask, _mm256_maskz_loadu_epi16(mask, p));
}
// Elements (i, p) of x for i in [0, rows), p in [p, p + 32): pairs along k; square[i] holds row i. Elements
// outside are zero.
struct Source {
  Matrix<BFloat16> x; // (rows or columns, k)
  int64_t k;
};
[[gnu::always_inline]] inline void load_along(Pairs* square, const Source& s, int64_t i, int64_t p,
                                              int rows) {
  const int64_t depth = s.k - p;
  const __mmask32 mask = depth >= 32 ? ~__mmask32(0) : __mmask32((1u << depth) - 1);
  for (int r = 0; r < kPairs; ++r)
    square[r] = r < rows ? (Pairs)_mm512_maskz_loadu_epi16(mask, s.x.data + (i + r) * s.x.row + p) : Pairs{};
}
// square[q] holds pair p / 2 + q of 16 neighbours.
[[gnu::always_inline]] inline Pairs load_across(const Source& s, int64_t i, int64_t p, int rows) {
  const BFloat16* at = s.x.data + i * s.x.row + p * s.x.col;
  Pairs pairs{};
  if (s.x.row == 1) {
    if (p < s.k) pairs = load_halves(at, rows);
    if (p + 1 < s.k) pairs |= load_halves(at + s.x.col, rows) << 16;
  } else {
    for (int r = 0; r < rows; ++r) {
      const uint32_t low = p < s.k ? at[r * s.x.row].bits : 0;
      const uint32_t high = p + 1 < s.k ? at[r * s.x.row + s.x.col].bits : 0;
      pairs[r] = low | high << 16;
    }
  }
  return pairs;
}

// panel[i][p / 2] = pair of row i; rows `stride` pairs apart.
void pack_rows(uint32_t* panel, int64_t stride, const Source& s, int64_t first, int rows) {
  for (int64_t p = 0; p < s.k; p += 2 * kPairs) {
    Pairs square[kPairs];
    if (s.x.col == 1) {
      load_along(square, s, first, p, rows);
    } else {
      for (int q = 0; q < kPairs; ++q) square[q] = load_across(s, first, p + 2 * q, rows);
      vtranspose<uint32_t>(square);
    }
    for (int r = 0; r < rows; ++r) vstore<uint32_t>(panel + r * stride + p / 2, square[r]);
  }
}

// panels[j / kCols][p / 2][j % kCols], zeros after the last column. s.x is B transposed.
void pack_columns(uint32_t* panels, const Source& s, int64_t n) {
  const int64_t pairs = (s.k + 1) / 2;
  for (int64_t j = 0; j < (n + kCols - 1) / kCols * kCols; j += kPairs) {
    uint32_t* to = panels + j / kCols * kCols * pairs + j % kCols;
    const int count = static_cast<int>(std::clamp<int64_t>(n - j, 0, kPairs));
    if (count > 0 && s.x.col == 1 && s.x.row != 1) {
      for (int64_t p = 0; p < s.k; p += 2 * kPairs) {
        Pairs square[kPairs];
        load_along(square, s, j, p, count);
        vtranspose<uint32_t>(square);
        for (int64_t q = 0; q < std::min<int64_t>(kPairs, pairs - p / 2); ++q)
          vstore<uint32_t>(to + (p / 2 + q) * kCols, square[q]);
      }
    } else {
      for (int64_t q = 0; q < pairs; ++q)
        vstore<uint32_t>(to + q * kCols, count > 0 ? load_across(s, j, 2 * q, count) : Pairs{});
    }
  }
}

template <int Rows>
[[gnu::target("avx512bf16")]] void tile(int64_t pairs, const uint32_t* a, int64_t a_row, const uint32_t* b,
                                        float* out) {
  __m512 sums[Rows][kVecs] = {};
  for (int64_t p = 0; p < pairs; ++p) {
    __m512i row[kVecs];
#pragma GCC unroll 2
    for (int j = 0; j < kVecs; ++j) row[j] = _mm512_loadu_si512(b + p * kCols + j * kPairs);
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) {
      const __m512i x = _mm512_set1_epi32(static_cast<int>(a[i * a_row + p]));
#pragma GCC unroll 2
      for (int j = 0; j < kVecs; ++j)
        sums[i][j] = _mm512_dpbf16_ps(sums[i][j], (__m512bh)x, (__m512bh)row[j]);
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < kVecs; ++j) _mm512_storeu_ps(out + i * kCols + j * kPairs, sums[i][j]);
}

using PairTileFunction = void (*)(int64_t, const uint32_t*, int64_t, const uint32_t*, float*);
template <int... Rows>
constexpr std::array<PairTileFunction, kRows> pair_tile_table(std::integer_sequence<int, Rows...>) {
  return {tile<Rows + 1>...};
}
constexpr std::array<PairTileFunction, kRows> kPairTiles =
    pair_tile_table(std::make_integer_sequence<int, kRows>{});

struct PairProduct {
  int64_t m, n, k;
  float alpha;
  Matrix<BFloat16> a, b;
  float beta;
  Matrix<BFloat16> d;
  BFloat16* c;
  int64_t ldc;
};

// Rounded to nearest even as BFloat16(float) does.
[[gnu::always_inline]] inline void store_rounded(BFloat16* to, Sums value, int count) {
  const Pairs u = (Pairs)value;
  const Pairs rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  const __mmask16 nan = _mm512_cmp_ps_mask((__m512)value, (__m512)value, _CMP_UNORD_Q);
  const __m512i bits = _mm512_mask_mov_epi32((__m512i)rounded, nan, _mm512_set1_epi32(0x7fc0));
  _mm512_mask_cvtepi32_storeu_epi16(to, __mmask16((1u << count) - 1), bits);
}

void finish(const PairProduct& x, const float* sums, int64_t i, int64_t j, int rows, int64_t cols) {
  for (int r = 0; r < rows; ++r)
    for (int64_t q = 0; q < cols; q += kPairs) {
      const int count = static_cast<int>(std::min<int64_t>(kPairs, cols - q));
      Sums value = vload<float>(sums + r * kCols + q) * x.alpha;
      if (x.d.data) {
        const BFloat16* d = x.d.data + (i + r) * x.d.row + (j + q) * x.d.col;
        Sums add{};
        if (x.d.col == 1)
          add = (Sums)(load_halves(d, count) << 16);
        else
          for (int l = 0; l < count; ++l) add[l] = static_cast<float>(d[l * x.d.col]);
        value += add * x.beta;
      }
      store_rounded(x.c + (i + r) * x.ldc + j + q, value, count);
    }
}

// The part of the product in rows [first_row, last_row) and columns [first_col, last_col).
void run(const PairProduct& x, int64_t first_row, int64_t last_row, int64_t first_col, int64_t last_col) {
  const int64_t pairs = (x.k + 1) / 2;
  const int64_t a_row = (pairs + 15) / 16 * 16 + 16; // rows of A do not meet in one set of the cache
  const int64_t fitting = kPanelBytes / (pairs * 4 * kCols);
  const int64_t block =
      std::min(std::max<int64_t>(1, fitting) * kCols, (last_col - first_col + kCols - 1) / kCols * kCols);
  const Scratch memory(size_t(block * pairs + kRows * a_row) * sizeof(uint32_t));
  uint32_t* const panels = memory.as<uint32_t>();
  uint32_t* const strip = panels + block * pairs;
  const Source left{x.a, x.k};
  const int64_t m = last_row - first_row, strips = (m + kRows - 1) / kRows;
  alignas(64) float sums[kRows * kCols];
  for (int64_t from = first_col; from < last_col; from += block) {
    const int64_t n = std::min(block, last_col - from);
    pack_columns(panels, {x.b.at(0, from).transposed(), x.k}, n);
    for (int64_t s = 0; s < strips; ++s) {
      const int64_t i = first_row + m * s / strips;
      const int rows = static_cast<int>(first_row + m * (s + 1) / strips - i);
      pack_rows(strip, a_row, left, i, rows);
      for (int64_t j = 0; j < n; j += kCols) {
        kPairTiles[size_t(rows - 1)](pairs, strip, a_row, panels + j * pairs, sums);
        finish(x, sums, i, from + j, rows, std::min<int64_t>(kCols, n - j));
      }
    }
  }
}

} // namespace

bool has_bf16_products() {
  static const bool has = __builtin_cpu_supports("avx512bf16");
  return has;
}

void gemm_bf16(int64_t m, int64_t n, int64_t k, float alpha, Matrix<BFloat16> a, Matrix<BFloat16> b,
               float beta, Matrix<BFloat16> d, BFloat16* c, int64_t ldc) {
  const PairProduct x{m, n, k, alpha, a, b, beta, d, c, ldc};
  constexpr double piece_work = 2 * kPieceWork;
  const double work = double(m) * double(n) * double(k);
  if (work < 2 * piece_work || num_threads() == 1 || in_parallel_region()) return run(x, 0, m, 0, n);
  const bool by_columns = n >= m;
  const int64_t unit = by_columns ? kCols : kRows, size = by_columns ? n : m;
  const int64_t units = (size + unit - 1) / unit;
  const int64_t pieces =
      std::min<int64_t>({units, 2 * num_threads(), static_cast<int64_t>(work / piece_work)});
  parallel_for(0, pieces, 1, [&](int64_t first, int64_t last) {
    const int64_t begin = units * first / pieces * unit, end = std::min(size, units * last / pieces * unit);
    if (by_columns)
      run(x, 0, m, begin, end);
    else
      run(x, begin, end, 0, n);
  });
}

#else

bool has_bf16_products() { return false; }
void gemm_bf16(int64_t, int64_t, int64_t, float, Matrix<BFloat16>, Matrix<BFloat16>, float, Matrix<BFloat16>,
               BFloat16*, int64_t) {}

#endif

} // namespace torch::TORCH_ISA
