// Attention in tiles, for any type and width, with plain arithmetic. A block has a tile of queries (or of
// keys, for their gradients) of one head and 128 columns of the result; it goes over the tiles of the other
// side and keeps its sums in registers. A tile of scores is shared as 16 x 16 threads, each with every
// sixteenth row and column; weights go through shared memory to be multiplied by values.
//
// Forward keeps the largest score and the sum of exponentials of each row, and rescales what is summed up
// when a larger score comes (Milakov and Gimelshein, 2018; Dao et al., 2022); backward recomputes the weights
// from the logarithm of that sum. Gradients of queries and of keys are kernels of their own, so that nothing
// is added atomically and results do not change from run to run.
#pragma once

#include "kernels/cuda/device/attention_args.h"
#include "kernels/cuda/device/lines.h"
#include "kernels/cuda/device/philox.h"
#include "kernels/cuda/device/warp.h"

namespace torch::TORCH_ISA {

// One head of an operand.
template <class V, class S> struct HeadRows {
  const char* data;
  int64_t row, col;
  DType type;

  TORCH_INLINE HeadRows(const cuda::Heads& h, int64_t batch, int64_t head, DType t)
      : data(static_cast<const char*>(h.data)), row(h.row), col(h.col), type(t) {
    data += (batch * h.batch + head * h.head) * width();
  }
  TORCH_INLINE int width() const {
    if constexpr (std::is_same_v<S, AnyType>)
      return width_of(type);
    else
      return sizeof(S);
  }
  TORCH_INLINE const char* at(int64_t i, int64_t j) const { return data + (i * row + j * col) * width(); }
  TORCH_INLINE V load(int64_t i, int64_t j) const { return load_element<V, S>(type, at(i, j)); }
  TORCH_INLINE void store(int64_t i, int64_t j, V value) const {
    store_element<S>(type, const_cast<char*>(at(i, j)), value);
  }
};

// What becomes of a product of a query and a key, in one head.
template <class V> struct Scores {
  const cuda::AttentionArgs& args;
  const char* mask;
  V scale;
  uint64_t line; // of the first query, among all
  cuda::PhiloxSource random;

  TORCH_INLINE Scores(const cuda::AttentionArgs& a, int64_t batch, int64_t head)
      : args(a), mask(static_cast<const char*>(a.mask.data)), scale(V(a.scale)),
        line(uint64_t((batch * a.heads + head) * a.queries)) {
    if (mask)
      mask += (batch * a.mask.batch + head * a.mask.head) *
              (a.mask_type == DType::Bool ? 1 : width_of(a.mask_type));
    if (a.states) random = resolved(a.random);
  }
  TORCH_INLINE V of(V product, int64_t query, int64_t key) const {
    constexpr V none = -std::numeric_limits<V>::infinity();
    if (query >= args.queries || key >= args.keys || (args.causal && key > query)) return none;
    const V x = product * scale;
    if (!mask) return x;
    const int64_t at = query * args.mask.row + key * args.mask.col;
    if (args.mask_type == DType::Bool) return mask[at] ? x : none;
    return x + load_as<V>(args.mask_type, mask + at * width_of(args.mask_type));
  }
  // 0 for a weight that is dropped, else what it is multiplied by.
  TORCH_INLINE V factor(int64_t query, int64_t key) const {
    const Words words = philox(random.seed, line + uint64_t(query), random.offset / 4 + uint64_t(key / 4));
    return unit(words.w[key % 4]) <= float(args.keep) ? V(1) / V(args.keep) : V(0);
  }
  // Keys that queries before `end` may see, and the first query that sees `key`.
  TORCH_INLINE int64_t visible(int64_t end) const { return args.causal && end < args.keys ? end : args.keys; }
  TORCH_INLINE int64_t first_query(int64_t key) const { return args.causal ? key : 0; }
};

// The block's tile, head and batch; the longest tiles of a causal head come first.
struct AttentionPlace {
  int64_t tile, head, batch, chunk;
  TORCH_INLINE AttentionPlace(const cuda::AttentionArgs& args, int64_t heads, bool last_first,
                              int64_t chunks) {
    int64_t i = blockIdx.x;
    tile = i % args.tiles;
    if (last_first) tile = args.tiles - 1 - tile;
    i /= args.tiles;
    chunk = i % chunks;
    i /= chunks;
    head = i % heads;
    batch = i / heads;
  }
};
TORCH_INLINE int64_t column_chunks(int64_t width) {
  return width <= cuda::kAttentionColumns ? 1 : (width - 1) / cuda::kAttentionColumns + 1;
}
TORCH_INLINE void remember_states(const cuda::AttentionArgs& args) {
  if (!args.states || blockIdx.x != 0 || threadIdx.x != 0) return;
  const cuda::PhiloxSource from = resolved(args.random);
  args.states[0] = int64_t(from.seed);
  args.states[1] = int64_t(from.offset);
}

template <class V> struct AttentionTile {
  static constexpr int kRows = cuda::attention_tile(sizeof(V)), kEach = kRows / 16;
  static constexpr int kColumns = cuda::kAttentionColumns / 16, kDepth = 16;
  V weights[kRows][kRows + 1];
  V left[kDepth][kRows + 1], right[kDepth][kRows + 1];
  V values[kDepth][cuda::kAttentionColumns];

  using Block = V[kEach][kEach];
  using Result = V[kEach][kColumns];

  // to[i][j] = rows of a times rows of b.
  template <class Rows>
  TORCH_INLINE void products(Block& to, const Rows& a, int64_t a_first, int64_t a_rows, const Rows& b,
                             int64_t b_first, int64_t b_rows, int64_t depth) {
    const int x = static_cast<int>(threadIdx.x) % 16, y = static_cast<int>(threadIdx.x) / 16;
    for (int i = 0; i < kEach; ++i)
      for (int j = 0; j < kEach; ++j) to[i][j] = V(0);
    for (int64_t from = 0; from < depth; from += kDepth) {
      __syncthreads();
      const bool inside = from + x < depth;
#pragma unroll
      for (int i = 0; i < kEach; ++i) {
        const int64_t r = y + 16 * i;
        left[x][r] = inside && a_first + r < a_rows ? a.load(a_first + r, from + x) : V(0);
        right[x][r] = inside && b_first + r < b_rows ? b.load(b_first + r, from + x) : V(0);
      }
      __syncthreads();
      for (int d = 0; d < kDepth; ++d) {
        V l[kEach], r[kEach];
#pragma unroll
        for (int i = 0; i < kEach; ++i) {
          l[i] = left[d][y + 16 * i];
          r[i] = right[d][x + 16 * i];
        }
#pragma unroll
        for (int i = 0; i < kEach; ++i)
#pragma unroll
          for (int j = 0; j < kEach; ++j) to[i][j] = fused(l[i], r[j], to[i][j]);
      }
    }
  }
  TORCH_INLINE void put_weights(const Block& from) {
    const int x = static_cast<int>(threadIdx.x) % 16, y = static_cast<int>(threadIdx.x) / 16;
    __syncthreads();
    for (int i = 0; i < kEach; ++i)
      for (int j = 0; j < kEach; ++j) weights[y + 16 * i][x + 16 * j] = from[i][j];
  }
  // to += weights times columns of b, whose first row is that of the first column of weights.
  template <class Rows>
  TORCH_INLINE void add_values(Result& to, const Rows& b, int64_t first, int64_t rows, int64_t column,
                               int64_t width) {
    const int x = static_cast<int>(threadIdx.x) % 16, y = static_cast<int>(threadIdx.x) / 16;
    for (int from = 0; from < kRows; from += kDepth) {
      __syncthreads();
      for (int i = static_cast<int>(threadIdx.x); i < kDepth * cuda::kAttentionColumns;
           i += cuda::kAttentionThreads) {
        const int r = i / cuda::kAttentionColumns, c = i % cuda::kAttentionColumns;
        values[r][c] =
            first + from + r < rows && column + c < width ? b.load(first + from + r, column + c) : V(0);
      }
      __syncthreads();
      for (int k = 0; k < kDepth; ++k) {
        V w[kEach];
#pragma unroll
        for (int i = 0; i < kEach; ++i) w[i] = weights[y + 16 * i][from + k];
#pragma unroll
        for (int c = 0; c < kColumns; ++c) {
          const V v = values[k][x + 16 * c];
#pragma unroll
          for (int i = 0; i < kEach; ++i) to[i][c] = fused(w[i], v, to[i][c]);
        }
      }
    }
  }
  template <class Rows>
  static TORCH_INLINE void store(const Rows& to, const Result& from, int64_t first, int64_t rows,
                                 int64_t column, int64_t width, V factor) {
    const int x = static_cast<int>(threadIdx.x) % 16, y = static_cast<int>(threadIdx.x) / 16;
    for (int i = 0; i < kEach; ++i)
      for (int c = 0; c < kColumns; ++c)
        if (first + y + 16 * i < rows && column + x + 16 * c < width)
          to.store(first + y + 16 * i, column + x + 16 * c, from[i][c] * factor);
  }
};

template <class V, class S> TORCH_INLINE void attention(const cuda::AttentionArgs& args) {
  using Tile = AttentionTile<V>;
  __shared__ Tile tile;
  constexpr int kEach = Tile::kEach;
  constexpr V none = -std::numeric_limits<V>::infinity();
  remember_states(args);
  const AttentionPlace place(args, args.heads, args.causal != 0, column_chunks(args.value_width));
  const int64_t key_head = place.head / args.group;
  const HeadRows<V, S> q(args.query, place.batch, place.head, args.type),
      k(args.key, place.batch, key_head, args.type), v(args.value, place.batch, key_head, args.type);
  const Scores<V> scores(args, place.batch, place.head);
  const int64_t first = place.tile * Tile::kRows, column = place.chunk * cuda::kAttentionColumns;
  const int x = static_cast<int>(threadIdx.x) % 16, y = static_cast<int>(threadIdx.x) / 16;
  V largest[kEach], sum[kEach];
  typename Tile::Result out;
  for (int i = 0; i < kEach; ++i) {
    largest[i] = none;
    sum[i] = V(0);
    for (int c = 0; c < Tile::kColumns; ++c) out[i][c] = V(0);
  }
  const int64_t visible = scores.visible(first + Tile::kRows);
  for (int64_t from = 0; from < visible; from += Tile::kRows) {
    typename Tile::Block block;
    tile.products(block, q, first, args.queries, k, from, args.keys, args.width);
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
      const int64_t query = first + y + 16 * i;
      V most = largest[i];
#pragma unroll
      for (int j = 0; j < kEach; ++j) {
        block[i][j] = scores.of(block[i][j], query, from + x + 16 * j);
        most = maximum_(most, block[i][j]);
      }
      most = join_lanes(most, 16, [](V a, V b) { return maximum_(a, b); });
      const V shift = most == none ? V(0) : most, shrink = exp_(largest[i] - shift);
      V added = V(0);
#pragma unroll
      for (int j = 0; j < kEach; ++j) {
        block[i][j] = exp_(block[i][j] - shift);
        added += block[i][j];
        if (args.states) block[i][j] *= scores.factor(query, from + x + 16 * j);
      }
      sum[i] = sum[i] * shrink + added;
      largest[i] = most;
      for (int c = 0; c < Tile::kColumns; ++c) out[i][c] *= shrink;
    }
    tile.put_weights(block);
    tile.add_values(out, v, from, args.keys, column, args.value_width);
  }
  const HeadRows<V, V> lse(args.lse, place.batch, place.head, args.type);
  for (int i = 0; i < kEach; ++i) {
    sum[i] = join_lanes(sum[i], 16, [](V a, V b) { return a + b; });
    // A query that sees no key gets zeros.
    for (int c = 0; c < Tile::kColumns; ++c) out[i][c] = sum[i] == V(0) ? V(0) : out[i][c] / sum[i];
    const int64_t query = first + y + 16 * i;
    if (place.chunk == 0 && x == 0 && query < args.queries) lse.store(query, 0, largest[i] + log_(sum[i]));
  }
  Tile::store(HeadRows<V, S>(args.out, place.batch, place.head, args.type), out, first, args.queries, column,
              args.value_width, V(1));
}

// A warp for each query.
template <class V, class S> TORCH_INLINE void attention_delta(const cuda::AttentionArgs& args) {
  const int64_t line = int64_t(blockIdx.x) * (cuda::kAttentionThreads / 32) + threadIdx.x / 32,
                head = line / args.queries, query = line % args.queries;
  const bool inside = head < args.heads * args.batch;
  V sum = V(0);
  if (inside) {
    const HeadRows<V, S> out(args.out, head / args.heads, head % args.heads, args.type),
        grad(args.grad, head / args.heads, head % args.heads, args.type);
    for (int64_t c = threadIdx.x % 32; c < args.value_width; c += 32)
      sum = fused(out.load(query, c), grad.load(query, c), sum);
  }
  sum = join_lanes(sum, 32, [](V a, V b) { return a + b; });
  if (inside && threadIdx.x % 32 == 0) static_cast<V*>(args.delta)[line] = sum;
}

// The weight of a score, and the gradient of the score by that of the weight.
template <class V> TORCH_INLINE V weight_of(V score, V lse) {
  return lse == -std::numeric_limits<V>::infinity() ? V(0) : exp_(score - lse);
}

template <class V, class S> TORCH_INLINE void attention_grad_query(const cuda::AttentionArgs& args) {
  using Tile = AttentionTile<V>;
  __shared__ Tile tile;
  constexpr int kEach = Tile::kEach;
  const AttentionPlace place(args, args.heads, args.causal != 0, column_chunks(args.width));
  const int64_t key_head = place.head / args.group;
  const HeadRows<V, S> q(args.query, place.batch, place.head, args.type),
      g(args.grad, place.batch, place.head, args.type), k(args.key, place.batch, key_head, args.type),
      v(args.value, place.batch, key_head, args.type);
  const HeadRows<V, V> lse_rows(args.lse, place.batch, place.head, args.type);
  const Scores<V> scores(args, place.batch, place.head);
  const int64_t first = place.tile * Tile::kRows, column = place.chunk * cuda::kAttentionColumns;
  const int x = static_cast<int>(threadIdx.x) % 16, y = static_cast<int>(threadIdx.x) / 16;
  V lse[kEach], delta[kEach];
  typename Tile::Result out;
  for (int i = 0; i < kEach; ++i) {
    const int64_t query = first + y + 16 * i;
    lse[i] = query < args.queries ? lse_rows.load(query, 0) : V(0);
    delta[i] = query < args.queries ? static_cast<const V*>(args.delta)[scores.line + uint64_t(query)] : V(0);
    for (int c = 0; c < Tile::kColumns; ++c) out[i][c] = V(0);
  }
  const int64_t visible = scores.visible(first + Tile::kRows);
  for (int64_t from = 0; from < visible; from += Tile::kRows) {
    typename Tile::Block block, grads;
    tile.products(block, q, first, args.queries, k, from, args.keys, args.width);
    tile.products(grads, g, first, args.queries, v, from, args.keys, args.value_width);
#pragma unroll
    for (int i = 0; i < kEach; ++i)
#pragma unroll
      for (int j = 0; j < kEach; ++j) {
        const int64_t query = first + y + 16 * i, key = from + x + 16 * j;
        const V weight = weight_of(scores.of(block[i][j], query, key), lse[i]);
        const V grad = args.states ? grads[i][j] * scores.factor(query, key) : grads[i][j];
        block[i][j] = weight * (grad - delta[i]);
      }
    tile.put_weights(block);
    tile.add_values(out, k, from, args.keys, column, args.width);
  }
  Tile::store(HeadRows<V, S>(args.grad_query, place.batch, place.head, args.type), out, first, args.queries,
              column, args.width, scores.scale);
}

template <class V, class S> TORCH_INLINE void attention_grad_key(const cuda::AttentionArgs& args) {
  using Tile = AttentionTile<V>;
  __shared__ Tile tile;
  constexpr int kEach = Tile::kEach;
  const int64_t wider = args.width > args.value_width ? args.width : args.value_width;
  const AttentionPlace place(args, args.heads / args.group, false, column_chunks(wider));
  const HeadRows<V, S> k(args.key, place.batch, place.head, args.type),
      v(args.value, place.batch, place.head, args.type);
  const int64_t first = place.tile * Tile::kRows, column = place.chunk * cuda::kAttentionColumns;
  const int x = static_cast<int>(threadIdx.x) % 16, y = static_cast<int>(threadIdx.x) / 16;
  typename Tile::Result grad_key, grad_value;
  for (int i = 0; i < kEach; ++i)
    for (int c = 0; c < Tile::kColumns; ++c) grad_key[i][c] = grad_value[i][c] = V(0);
  for (int64_t head = place.head * args.group; head < (place.head + 1) * args.group; ++head) {
    const HeadRows<V, S> q(args.query, place.batch, head, args.type),
        g(args.grad, place.batch, head, args.type);
    const HeadRows<V, V> lse_rows(args.lse, place.batch, head, args.type);
    const Scores<V> scores(args, place.batch, head);
    for (int64_t from = scores.first_query(first) / Tile::kRows * Tile::kRows; from < args.queries;
         from += Tile::kRows) {
      typename Tile::Block block, grads; // by key and query
      tile.products(block, k, first, args.keys, q, from, args.queries, args.width);
      tile.products(grads, v, first, args.keys, g, from, args.queries, args.value_width);
#pragma unroll
      for (int j = 0; j < kEach; ++j) {
        const int64_t query = from + x + 16 * j;
        const bool inside = query < args.queries;
        const V lse = inside ? lse_rows.load(query, 0) : V(0),
                delta = inside ? static_cast<const V*>(args.delta)[scores.line + uint64_t(query)] : V(0);
#pragma unroll
        for (int i = 0; i < kEach; ++i) {
          const int64_t key = first + y + 16 * i;
          const V weight = weight_of(scores.of(block[i][j], query, key), lse);
          const V factor = args.states ? scores.factor(query, key) : V(1);
          block[i][j] = weight * factor;
          grads[i][j] = weight * (grads[i][j] * factor - delta);
        }
      }
      tile.put_weights(block);
      tile.add_values(grad_value, g, from, args.queries, column, args.value_width);
      tile.put_weights(grads);
      tile.add_values(grad_key, q, from, args.queries, column, args.width);
    }
  }
  Tile::store(HeadRows<V, S>(args.grad_key, place.batch, place.head, args.type), grad_key, first, args.keys,
              column, args.width, V(args.scale));
  Tile::store(HeadRows<V, S>(args.grad_value, place.batch, place.head, args.type), grad_value, first,
              args.keys, column, args.value_width, V(1));
}

// Where weights stay: a thread for each.
TORCH_INLINE void attention_kept(const cuda::AttentionArgs& args) {
  const int64_t i = int64_t(blockIdx.x) * cuda::kAttentionThreads + threadIdx.x;
  const int64_t line = i / args.keys;
  if (line >= args.batch * args.heads * args.queries) return;
  const Scores<float> scores(args, line / args.queries / args.heads, line / args.queries % args.heads);
  static_cast<bool*>(args.out.data)[i] = scores.factor(line % args.queries, i % args.keys) != 0;
}

template <class V, class S> struct Attention {
  static TORCH_INLINE void run(const cuda::AttentionArgs& args) { attention<V, S>(args); }
};
template <class V, class S> struct AttentionDelta {
  static TORCH_INLINE void run(const cuda::AttentionArgs& args) { attention_delta<V, S>(args); }
};
template <class V, class S> struct AttentionGradQuery {
  static TORCH_INLINE void run(const cuda::AttentionArgs& args) { attention_grad_query<V, S>(args); }
};
template <class V, class S> struct AttentionGradKey {
  static TORCH_INLINE void run(const cuda::AttentionArgs& args) { attention_grad_key<V, S>(args); }
};
template <class V, class S> struct AttentionKept {
  static TORCH_INLINE void run(const cuda::AttentionArgs& args) { attention_kept(args); }
};

} // namespace torch::TORCH_ISA

#define TORCH_ATTENTION(name, Op, V, S)                                                                      \
  TORCH_KERNEL(name, torch::cuda::kAttentionThreads, torch::cuda::AttentionArgs) {                           \
    using namespace torch::TORCH_ISA;                                                                        \
    Op<V, S>::run(args);                                                                                     \
  }
