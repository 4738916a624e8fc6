// Attention of half types by tensor cores, for heads of at most 128 columns: a block of four warps has 64
// rows, each warp 16 of them in registers, as factors that warp.h describes; tiles of the other side go
// through shared memory. What a product gives is laid out as the left factor of the next one, so weights
// never leave the registers. The plan is that of device/attention.h otherwise.
#pragma once

#include "kernels/cuda/device/attention.h"

namespace torch::TORCH_ISA {

struct alignas(16) SixteenBytes {
  uint32_t words[4];
};

// Rows of a tile in shared memory: kWidth columns, zeros where there are none. Rows are 16 bytes longer, so
// that eight of them lie in different banks.
template <class S, int kWidth> struct HalfTile {
  static constexpr int kRow = kWidth + 8;
  S* data;

  TORCH_INLINE void load(const HeadRows<float, S>& from, bool by_chunks, int64_t first, int64_t end, int rows,
                         int64_t width) const {
    for (int i = static_cast<int>(threadIdx.x); i < rows * (kWidth / 8); i += cuda::kTensorThreads) {
      const int r = i / (kWidth / 8), c = i % (kWidth / 8) * 8;
      SixteenBytes* const to = reinterpret_cast<SixteenBytes*>(data + r * kRow + c);
      if (first + r >= end || c >= width) {
        *to = SixteenBytes{{0, 0, 0, 0}};
      } else if (by_chunks) {
        *to = *reinterpret_cast<const SixteenBytes*>(from.at(first + r, c));
      } else {
        for (int k = 0; k < 8; ++k)
          data[r * kRow + c + k] =
              c + k < width ? *reinterpret_cast<const S*>(from.at(first + r, c + k)) : S(0.0f);
      }
    }
  }
  // The left factor of 16 rows from `row` and 16 columns from `col`.
  TORCH_INLINE void left(uint32_t (&to)[4], int row, int col) const {
    const int m = static_cast<int>(threadIdx.x) % 32 / 8, r = static_cast<int>(threadIdx.x) % 8;
    load_matrices<false>(to, data + (row + m % 2 * 8 + r) * kRow + col + m / 2 * 8);
  }
  // Right factors: two of 16 columns from `col` of 8 rows each, the columns being gone along.
  TORCH_INLINE void right_by_rows(uint32_t (&to)[4], int row, int col) const {
    const int m = static_cast<int>(threadIdx.x) % 32 / 8, r = static_cast<int>(threadIdx.x) % 8;
    load_matrices<false>(to, data + (row + m / 2 * 8 + r) * kRow + col + m % 2 * 8);
  }
  // The same of 16 rows from `row`, which are gone along, and 8 columns each.
  TORCH_INLINE void right_by_columns(uint32_t (&to)[4], int row, int col) const {
    const int m = static_cast<int>(threadIdx.x) % 32 / 8, r = static_cast<int>(threadIdx.x) % 8;
    load_matrices<true>(to, data + (row + m % 2 * 8 + r) * kRow + col + m / 2 * 8);
  }
};

// 16 rows of a warp as left factors of kWidth columns.
template <class S, int kWidth> struct LeftRows {
  uint32_t words[kWidth / 16][4];
  TORCH_INLINE void take(const HalfTile<S, kWidth>& tile, int row) {
#pragma unroll
    for (int k = 0; k < kWidth / 16; ++k) tile.left(words[k], row, 16 * k);
  }
};

// to = rows times the transposed rows of the tile.
template <class S, int kWidth, int kOthers>
TORCH_INLINE void tensor_products(float (&to)[kOthers / 8][4], const LeftRows<S, kWidth>& rows,
                                  const HalfTile<S, kWidth>& tile) {
#pragma unroll
  for (int j = 0; j < kOthers / 8; ++j)
#pragma unroll
    for (int i = 0; i < 4; ++i) to[j][i] = 0;
#pragma unroll
  for (int k = 0; k < kWidth / 16; ++k)
#pragma unroll
    for (int j = 0; j < kOthers / 16; ++j) {
      uint32_t right[4];
      tile.right_by_rows(right, 16 * j, 16 * k);
      multiply_add(to[2 * j], rows.words[k], right, S());
      multiply_add(to[2 * j + 1], rows.words[k], right + 2, S());
    }
}
// to += weights times the tile.
template <class S, int kWidth, int kOthers>
TORCH_INLINE void tensor_add(float (&to)[kWidth / 8][4], const float (&weights)[kOthers / 8][4],
                             const HalfTile<S, kWidth>& tile) {
#pragma unroll
  for (int k = 0; k < kOthers / 16; ++k) {
    const float(&low)[4] = weights[2 * k];
    const float(&high)[4] = weights[2 * k + 1];
    const uint32_t left[4] = {pair_of<S>(low[0], low[1]), pair_of<S>(low[2], low[3]),
                              pair_of<S>(high[0], high[1]), pair_of<S>(high[2], high[3])};
#pragma unroll
    for (int j = 0; j < kWidth / 16; ++j) {
      uint32_t right[4];
      tile.right_by_columns(right, 16 * k, 16 * j);
      multiply_add(to[2 * j], left, right, S());
      multiply_add(to[2 * j + 1], left, right + 2, S());
    }
  }
}
template <class S, int kWidth>
TORCH_INLINE void store_rows(const HeadRows<float, S>& to, const float (&from)[kWidth / 8][4], int64_t first,
                             int64_t end, int64_t width, float factor) {
  const int g = static_cast<int>(threadIdx.x) % 32 / 4, t = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
  for (int j = 0; j < kWidth / 8; ++j)
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int64_t row = first + g + 8 * (i / 2), col = 8 * j + 2 * t + i % 2;
      if (row < end && col < width) to.store(row, col, from[j][i] * factor);
    }
}

TORCH_INLINE float exp_above(float x, float shift) { // e^(x - shift)
  constexpr float log2e = 1.44269504088896340736f;
  return exp2_(fused(x, log2e, -shift * log2e));
}

template <class S, int kWidth> TORCH_INLINE void tensor_attention(const cuda::AttentionArgs& args) {
  constexpr int kRows = cuda::kTensorRows, kKeys = 64;
  constexpr float none = -std::numeric_limits<float>::infinity();
  using Tile = HalfTile<S, kWidth>;
  __shared__ SixteenBytes memory[2][kKeys * Tile::kRow / 8];
  const Tile keys{reinterpret_cast<S*>(memory[0])}, values{reinterpret_cast<S*>(memory[1])};
  remember_states(args);
  const AttentionPlace place(args, args.heads, args.causal != 0, 1);
  const int64_t key_head = place.head / args.group, first = place.tile * kRows;
  const HeadRows<float, S> k(args.key, place.batch, key_head, args.type),
      v(args.value, place.batch, key_head, args.type);
  const Scores<float> scores(args, place.batch, place.head);
  const int warp = static_cast<int>(threadIdx.x) / 32, g = static_cast<int>(threadIdx.x) % 32 / 4,
            t = static_cast<int>(threadIdx.x) % 4;
  keys.load(HeadRows<float, S>(args.query, place.batch, place.head, args.type), args.query.by_chunks, first,
            args.queries, kRows, args.width);
  __syncthreads();
  LeftRows<S, kWidth> rows;
  rows.take(keys, 16 * warp);
  float out[kWidth / 8][4], largest[2] = {none, none}, sum[2] = {0, 0};
#pragma unroll
  for (int j = 0; j < kWidth / 8; ++j)
#pragma unroll
    for (int i = 0; i < 4; ++i) out[j][i] = 0;
  const int64_t own = first + 16 * warp + g; // of the lane's rows, the other is 8 below
  const int64_t visible = scores.visible(first + kRows);
  for (int64_t from = 0; from < visible; from += kKeys) {
    __syncthreads();
    keys.load(k, args.key.by_chunks, from, args.keys, kKeys, args.width);
    values.load(v, args.value.by_chunks, from, args.keys, kKeys, args.value_width);
    __syncthreads();
    float block[kKeys / 8][4];
    tensor_products<S, kWidth, kKeys>(block, rows, keys);
    // Most tiles lie inside, before the diagonal, and have no mask.
    const bool simple =
        !scores.mask && from + kKeys <= args.keys && (!args.causal || from + kKeys <= first + 1);
    float most[2] = {largest[0], largest[1]};
#pragma unroll
    for (int j = 0; j < kKeys / 8; ++j)
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        block[j][i] = simple ? block[j][i] * scores.scale
                             : scores.of(block[j][i], own + 8 * (i / 2), from + 8 * j + 2 * t + i % 2);
        most[i / 2] = maximum_(most[i / 2], block[j][i]);
      }
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      most[h] = join_lanes(most[h], 4, [](float a, float b) { return maximum_(a, b); });
      const float shift = most[h] == none ? 0 : most[h], shrink = exp_above(largest[h], shift);
      sum[h] *= shrink;
      largest[h] = most[h];
      most[h] = shift;
#pragma unroll
      for (int j = 0; j < kWidth / 8; ++j) {
        out[j][2 * h] *= shrink;
        out[j][2 * h + 1] *= shrink;
      }
    }
#pragma unroll
    for (int j = 0; j < kKeys / 8; ++j)
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        block[j][i] = exp_above(block[j][i], most[i / 2]);
        sum[i / 2] += block[j][i];
        if (args.states) block[j][i] *= scores.factor(own + 8 * (i / 2), from + 8 * j + 2 * t + i % 2);
      }
    tensor_add<S, kWidth, kKeys>(out, block, values);
  }
  const HeadRows<float, float> lse(args.lse, place.batch, place.head, args.type);
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    sum[h] = join_lanes(sum[h], 4, [](float a, float b) { return a + b; });
    const float factor = sum[h] == 0 ? 0 : 1 / sum[h]; // a query that sees no key gets zeros
#pragma unroll
    for (int j = 0; j < kWidth / 8; ++j) {
      out[j][2 * h] *= factor;
      out[j][2 * h + 1] *= factor;
    }
    if (t == 0 && own + 8 * h < args.queries) lse.store(own + 8 * h, 0, largest[h] + log_(sum[h]));
  }
  store_rows<S, kWidth>(HeadRows<float, S>(args.out, place.batch, place.head, args.type), out,
                        first + 16 * warp, args.queries, args.value_width, 1);
}

template <class S, int kWidth> TORCH_INLINE void tensor_grad_query(const cuda::AttentionArgs& args) {
  constexpr int kRows = cuda::kTensorRows, kKeys = kWidth == 64 ? 64 : 32;
  using Tile = HalfTile<S, kWidth>;
  __shared__ SixteenBytes memory[kRows * Tile::kRow / 8 + (kKeys < kRows ? 0 : kKeys * Tile::kRow / 8)];
  const Tile keys{reinterpret_cast<S*>(memory)},
      values{reinterpret_cast<S*>(memory) + kKeys * Tile::kRow}; // after the keys
  const AttentionPlace place(args, args.heads, args.causal != 0, 1);
  const int64_t key_head = place.head / args.group, first = place.tile * kRows;
  const HeadRows<float, S> k(args.key, place.batch, key_head, args.type),
      v(args.value, place.batch, key_head, args.type);
  const Scores<float> scores(args, place.batch, place.head);
  const int warp = static_cast<int>(threadIdx.x) / 32, g = static_cast<int>(threadIdx.x) % 32 / 4,
            t = static_cast<int>(threadIdx.x) % 4;
  LeftRows<S, kWidth> rows, grads;
  keys.load(HeadRows<float, S>(args.query, place.batch, place.head, args.type), args.query.by_chunks, first,
            args.queries, kRows, args.width);
  __syncthreads();
  rows.take(keys, 16 * warp);
  __syncthreads();
  keys.load(HeadRows<float, S>(args.grad, place.batch, place.head, args.type), args.grad.by_chunks, first,
            args.queries, kRows, args.value_width);
  __syncthreads();
  grads.take(keys, 16 * warp);
  const int64_t own = first + 16 * warp + g;
  const HeadRows<float, float> lse_rows(args.lse, place.batch, place.head, args.type);
  float lse[2], delta[2], out[kWidth / 8][4];
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    const bool inside = own + 8 * h < args.queries;
    lse[h] = inside ? lse_rows.load(own + 8 * h, 0) : -std::numeric_limits<float>::infinity();
    delta[h] = inside ? static_cast<const float*>(args.delta)[scores.line + uint64_t(own + 8 * h)] : 0;
  }
#pragma unroll
  for (int j = 0; j < kWidth / 8; ++j)
#pragma unroll
    for (int i = 0; i < 4; ++i) out[j][i] = 0;
  const int64_t visible = scores.visible(first + kRows);
  for (int64_t from = 0; from < visible; from += kKeys) {
    __syncthreads();
    keys.load(k, args.key.by_chunks, from, args.keys, kKeys, args.width);
    values.load(v, args.value.by_chunks, from, args.keys, kKeys, args.value_width);
    __syncthreads();
    float block[kKeys / 8][4], by_weight[kKeys / 8][4];
    tensor_products<S, kWidth, kKeys>(block, rows, keys);
    tensor_products<S, kWidth, kKeys>(by_weight, grads, values);
#pragma unroll
    for (int j = 0; j < kKeys / 8; ++j)
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int64_t query = own + 8 * (i / 2), key = from + 8 * j + 2 * t + i % 2;
        const float weight = weight_of(scores.of(block[j][i], query, key), lse[i / 2]);
        const float grad = args.states ? by_weight[j][i] * scores.factor(query, key) : by_weight[j][i];
        block[j][i] = weight * (grad - delta[i / 2]);
      }
    tensor_add<S, kWidth, kKeys>(out, block, keys);
  }
  store_rows<S, kWidth>(HeadRows<float, S>(args.grad_query, place.batch, place.head, args.type), out,
                        first + 16 * warp, args.queries, args.width, scores.scale);
}

template <class S, int kWidth> TORCH_INLINE void tensor_grad_key(const cuda::AttentionArgs& args) {
  constexpr int kRows = cuda::kTensorRows, kQueries = kWidth == 64 ? 64 : 32;
  using Tile = HalfTile<S, kWidth>;
  __shared__ SixteenBytes memory[kRows * Tile::kRow / 8 + (kQueries < kRows ? 0 : kQueries * Tile::kRow / 8)];
  __shared__ float stats[2][kQueries];
  const Tile queries{reinterpret_cast<S*>(memory)},
      grads{reinterpret_cast<S*>(memory) + kQueries * Tile::kRow}; // after the queries
  const AttentionPlace place(args, args.heads / args.group, false, 1);
  const int64_t first = place.tile * kRows;
  const int warp = static_cast<int>(threadIdx.x) / 32, g = static_cast<int>(threadIdx.x) % 32 / 4,
            t = static_cast<int>(threadIdx.x) % 4;
  LeftRows<S, kWidth> keys, values;
  queries.load(HeadRows<float, S>(args.key, place.batch, place.head, args.type), args.key.by_chunks, first,
               args.keys, kRows, args.width);
  __syncthreads();
  keys.take(queries, 16 * warp);
  __syncthreads();
  queries.load(HeadRows<float, S>(args.value, place.batch, place.head, args.type), args.value.by_chunks,
               first, args.keys, kRows, args.value_width);
  __syncthreads();
  values.take(queries, 16 * warp);
  float grad_key[kWidth / 8][4], grad_value[kWidth / 8][4];
#pragma unroll
  for (int j = 0; j < kWidth / 8; ++j)
#pragma unroll
    for (int i = 0; i < 4; ++i) grad_key[j][i] = grad_value[j][i] = 0;
  const int64_t own = first + 16 * warp + g;
  for (int64_t head = place.head * args.group; head < (place.head + 1) * args.group; ++head) {
    const HeadRows<float, S> q(args.query, place.batch, head, args.type),
        grad(args.grad, place.batch, head, args.type);
    const HeadRows<float, float> lse_rows(args.lse, place.batch, head, args.type);
    const Scores<float> scores(args, place.batch, head);
    for (int64_t from = scores.first_query(first) / kQueries * kQueries; from < args.queries;
         from += kQueries) {
      __syncthreads();
      queries.load(q, args.query.by_chunks, from, args.queries, kQueries, args.width);
      grads.load(grad, args.grad.by_chunks, from, args.queries, kQueries, args.value_width);
      if (const int i = static_cast<int>(threadIdx.x); i < kQueries) {
        const bool inside = from + i < args.queries;
        stats[0][i] = inside ? lse_rows.load(from + i, 0) : -std::numeric_limits<float>::infinity();
        stats[1][i] = inside ? static_cast<const float*>(args.delta)[scores.line + uint64_t(from + i)] : 0;
      }
      __syncthreads();
      float block[kQueries / 8][4], by_weight[kQueries / 8][4];
      tensor_products<S, kWidth, kQueries>(block, keys, queries);
      tensor_products<S, kWidth, kQueries>(by_weight, values, grads);
#pragma unroll
      for (int j = 0; j < kQueries / 8; ++j)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int at = 8 * j + 2 * t + i % 2;
          const int64_t query = from + at, key = own + 8 * (i / 2);
          const float weight = weight_of(scores.of(block[j][i], query, key), stats[0][at]);
          const float factor = args.states ? scores.factor(query, key) : 1.0f;
          block[j][i] = weight * factor;
          by_weight[j][i] = weight * (by_weight[j][i] * factor - stats[1][at]);
        }
      tensor_add<S, kWidth, kQueries>(grad_value, block, grads);
      tensor_add<S, kWidth, kQueries>(grad_key, by_weight, queries);
    }
  }
  store_rows<S, kWidth>(HeadRows<float, S>(args.grad_key, place.batch, place.head, args.type), grad_key,
                        first + 16 * warp, args.keys, args.width, float(args.scale));
  store_rows<S, kWidth>(HeadRows<float, S>(args.grad_value, place.batch, place.head, args.type), grad_value,
                        first + 16 * warp, args.keys, args.value_width, 1);
}

#define TORCH_TENSOR_OP(Name, function, kWidth)                                                              \
  template <class S> struct Name {                                                                           \
    static TORCH_INLINE void run(const cuda::AttentionArgs& args) { function<S, kWidth>(args); }             \
  };
TORCH_TENSOR_OP(TensorAttention64, tensor_attention, 64)
TORCH_TENSOR_OP(TensorAttention128, tensor_attention, 128)
TORCH_TENSOR_OP(TensorGradQuery64, tensor_grad_query, 64)
TORCH_TENSOR_OP(TensorGradQuery128, tensor_grad_query, 128)
TORCH_TENSOR_OP(TensorGradKey64, tensor_grad_key, 64)
TORCH_TENSOR_OP(TensorGradKey128, tensor_grad_key, 128)
#undef TORCH_TENSOR_OP

} // namespace torch::TORCH_ISA

#define TORCH_ATTENTION_TENSOR(name, Op, V, S)                                                               \
  TORCH_KERNEL(name, torch::cuda::kTensorThreads, torch::cuda::AttentionArgs) {                              \
    using namespace torch::TORCH_ISA;                                                                        \
    Op<S>::run(args);                                                                                        \
  }
