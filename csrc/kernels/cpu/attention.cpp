// Attention block by block: no more than a tile of the scores exists at a time, so that memory grows linearly
// with the lengths.
//
// Forward (Milakov and Gimelshein, 2018; Dao et al., 2022): a block of queries goes over the blocks of keys
// with the largest score so far and the sum of exponentials relative to it; what has been summed up is
// rescaled when a larger score comes. Backward recomputes the weights from the logarithm of that sum.
// Half types are computed in float. Blocks of keys that come after the block of queries are skipped where
// attention is causal.
//
// Note [Dropout of attention]
// The stream is that of dropout on the whole matrix of weights: one number of 53 bits for each weight, in the
// order of (batch, head, query, key). So that neither the matrix nor what is dropped of it has to be kept, a
// first pass goes through the generator and keeps its state (2.5 KB) where each block of queries begins;
// forward and backward draw a block's numbers again from there.
#include "core/allocator.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/attention_blocks.h"
#include "kernels/attention_kernels.h"
#include "kernels/cpu/convert.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/random_fill.h"
#include "kernels/cpu/reduce_lanes.h"
#include "kernels/cpu/vec_math.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

namespace torch::TORCH_ISA {
namespace {

constexpr int64_t kKeys = 512; // of a block

// Rows of one head; element (i, j) is at i * row + j * col.
struct Plane {
  const char* data;
  DType type;
  int64_t row, col; // in elements

  Plane(const Tensor& t, int64_t batch, int64_t head)
      : data(static_cast<const char*>(t.data()) +
             (batch * t.stride(0) + head * t.stride(1)) * item_size(t.dtype())),
        type(t.dtype()), row(t.stride(2)), col(t.stride(3)) {}
  char* at(int64_t i, int64_t j) const {
    return const_cast<char*>(data) + (i * row + j * col) * item_size(type); // NOLINT: outputs are planes too
  }
};

// n elements from `step` apart to adjacent C.
template <class C> void read_line(C* to, const Plane& from, int64_t i, int64_t first, int64_t n) {
  if (from.col == 1) return converter(from.type, dtype_of<C>())(to, from.at(i, first), n);
  const Convert convert = converter(from.type, dtype_of<C>());
  for (int64_t j = 0; j < n; ++j) convert(to + j, from.at(i, first + j), 1);
}
template <class C> void write_line(const Plane& to, int64_t i, const C* from, int64_t n) {
  const Convert convert = converter(dtype_of<C>(), to.type);
  if (to.col == 1) return convert(to.at(i, 0), from, n);
  for (int64_t j = 0; j < n; ++j) convert(to.at(i, j), from + j, 1);
}

// `rows` rows of `width` elements as C: where they lie, or converted into `buffer`.
template <class C> Matrix<C> block(const Plane& p, int64_t first, int64_t rows, int64_t width, C* buffer) {
  if (p.type == dtype_of<C>()) return {reinterpret_cast<const C*>(p.at(first, 0)), p.row, p.col};
  for (int64_t i = 0; i < rows; ++i) read_line(buffer + i * width, p, first + i, 0, width);
  return {buffer, width, 1};
}

struct Shape {
  int64_t batch, heads, queries, keys, width, value_width, group;
  double scale;
  bool causal;

  Shape(const Tensor& query, const Tensor& key, const Tensor& value, bool is_causal,
        std::optional<double> given)
      : batch(query.size(0)), heads(query.size(1)), queries(query.size(2)), keys(key.size(2)),
        width(query.size(3)), value_width(value.size(3)),
        group(key.size(1) ? query.size(1) / key.size(1) : 1),
        scale(given.value_or(1.0 / std::sqrt(double(query.size(3))))), causal(is_causal) {}
  // Keys that queries before `end` may see.
  int64_t visible(int64_t end) const { return causal ? std::min(keys, end) : keys; }
  // Light elements' worth of work of `rows` queries of a head.
  int64_t work(int64_t rows) const { return rows * keys * (width + value_width + 16) / 16; }
};

// What is dropped of the weights; see Note [Dropout of attention].
class Dropout {
public:
  Dropout() = default;
  Dropout(const Tensor& states, double p) : states_(states.data<int32_t>()), keep_(1 - p) {}

  explicit operator bool() const { return states_ != nullptr; }
  double factor() const { return states_ ? 1 / keep_ : 1; } // of the weights that stay
  // kept[i]: whether the i-th of n weights of a block of queries stays.
  void draw(uint8_t* kept, int64_t block, int64_t n) const {
    constexpr int64_t together = 1024;
    Mt19937 engine;
    std::memcpy(static_cast<void*>(&engine), states_ + block * kStateWords, sizeof engine);
    engine.left = std::clamp(engine.left, 1, Mt19937::kWords + 1); // whatever the tensor holds by now
    engine.next = static_cast<uint32_t>(Mt19937::kWords + 1 - engine.left);
    uint32_t words[2 * together];
    for (int64_t done = 0; done < n; done += together) {
      const int64_t count = std::min(together, n - done);
      mt_draw(engine, words, 2 * count);
      for (int64_t i = 0; i < count; ++i) kept[done + i] = unit_double(words + 2 * i) < keep_;
    }
  }
  // Takes the numbers of all weights from the generator.
  static void record(const Tensor& states, const Shape& s) {
    int32_t* to = states.data<int32_t>();
    const int64_t rows_of_block = attention_block(s.queries);
    Generator& g = generator_or_default(nullptr);
    const std::lock_guard lock(g.mutex());
    for (int64_t head = 0; head < s.batch * s.heads; ++head)
      for (int64_t start = 0; start < s.queries; start += rows_of_block, to += kStateWords) {
        std::memcpy(to, &g.engine, sizeof g.engine);
        skip(g.engine, 2 * std::min(rows_of_block, s.queries - start) * s.keys);
      }
  }

private:
  static constexpr int64_t kStateWords = sizeof(Mt19937) / sizeof(int32_t);
  static void skip(Mt19937& engine, int64_t n) {
    while (n > 0) {
      if (engine.left == 1) mt_step(engine);
      const auto take = static_cast<int32_t>(std::min<int64_t>(n, engine.left - 1));
      engine.left -= take;
      engine.next += static_cast<uint32_t>(take);
      n -= take;
    }
  }
  const int32_t* states_ = nullptr;
  double keep_ = 1;
};

template <class C> void drop(C* x, const uint8_t* kept, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = kept[i] ? x[i] : C(0);
}

// The scores of a tile: scale * q @ k.T, masked. `scores` has rows of kKeys.
template <class C> class Scores {
public:
  Scores(const Shape& shape, const Tensor& mask, int64_t batch, int64_t head) : shape_(shape) {
    if (mask.defined()) mask_.emplace(mask, mask.size(0) == 1 ? 0 : batch, mask.size(1) == 1 ? 0 : head);
    if (mask_ && mask.size(2) == 1) mask_->row = 0;
    if (mask_ && mask.size(3) == 1) mask_->col = 0;
  }

  void compute(C* scores, Matrix<C> q, int64_t first_query, int64_t rows, Matrix<C> k, int64_t first_key,
               int64_t keys) const {
    gemm<C>(rows, keys, shape_.width, C(shape_.scale), q, k.transposed(), C(0), {}, scores, kKeys);
    if (shape_.width == 0)
      for (int64_t i = 0; i < rows; ++i) std::fill_n(scores + i * kKeys, keys, C(0)); // scale is infinite
    for (int64_t i = 0; i < rows && (mask_ || shape_.causal); ++i) {
      C* const line = scores + i * kKeys;
      if (mask_) apply_mask(line, first_query + i, first_key, keys);
      const int64_t seen = first_query + i + 1 - first_key;
      if (shape_.causal && seen < keys)
        std::fill(line + std::max<int64_t>(seen, 0), line + keys, -std::numeric_limits<C>::infinity());
    }
  }

private:
  void apply_mask(C* line, int64_t query, int64_t first_key, int64_t keys) const {
    if (mask_->type == DType::Bool) {
      const char* const allowed = mask_->at(query, first_key);
      for (int64_t j = 0; j < keys; ++j)
        if (!allowed[j * mask_->col]) line[j] = -std::numeric_limits<C>::infinity();
      return;
    }
    C bias[kKeys];
    read_line(bias, *mask_, query, first_key, keys);
    for (int64_t j = 0; j < keys; ++j) line[j] += bias[j];
  }

  const Shape& shape_;
  std::optional<Plane> mask_;
};

template <class C> C largest(const C* x, int64_t n, C so_far) {
  Lanes<MaxJoin, C, C>::run(&so_far, x, n, nullptr);
  return so_far;
}
template <class C> double total(const C* x, int64_t n) {
  double sum = 0;
  Lanes<SumJoin, C, double>::run(&sum, x, n, nullptr);
  return sum;
}
template <class C> void multiply(C* x, int64_t n, C factor) {
  using V = Vec<C>;
  each_vec<C>(n, [&](int64_t i, auto load, auto store) { store(x + i, load(x + i) * V(factor)); });
}
// e^(x - shift), zeros where nothing counts.
template <class C> void exponentials(C* x, int64_t n, C shift) {
  using V = Vec<C>;
  if (shift == -std::numeric_limits<C>::infinity()) {
    std::fill_n(x, n, C(0));
    return;
  }
  each_vec<C>(n, [&](int64_t i, auto load, auto store) { store(x + i, exp_(load(x + i) - V(shift))); });
}

template <class C>
void forward(const Tensor& out, const Tensor& logsumexp, const Tensor& query, const Tensor& key,
             const Tensor& value, const Shape& s, const Tensor& mask, const Dropout& dropout) {
  const int64_t rows_of_block = attention_block(s.queries);
  const int64_t blocks = (s.queries + rows_of_block - 1) / rows_of_block;
  const bool converts = query.dtype() != dtype_of<C>();
  const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, s.work(rows_of_block)));
  parallel_for(0, s.batch * s.heads * blocks, grain, [&](int64_t first, int64_t last) {
    const int64_t inputs = converts ? rows_of_block * s.width + kKeys * (s.width + s.value_width) : 0;
    const Scratch memory(size_t(rows_of_block * (kKeys + s.value_width + 1) + inputs) * sizeof(C) +
                         size_t(rows_of_block) * sizeof(double) +
                         (dropout ? size_t(rows_of_block * s.keys) : 0));
    double* const sums = memory.as<double>();
    C* const most = reinterpret_cast<C*>(sums + rows_of_block);
    C* const scores = most + rows_of_block;
    C* const acc = scores + rows_of_block * kKeys;
    C* const q_buffer = acc + rows_of_block * s.value_width;
    C* const k_buffer = q_buffer + rows_of_block * s.width;
    C* const v_buffer = k_buffer + kKeys * s.width;
    uint8_t* const kept = reinterpret_cast<uint8_t*>(q_buffer + inputs);
    for (int64_t task = first; task < last; ++task) {
      // Long blocks first: where attention is causal, those of late queries.
      const int64_t at = blocks - 1 - task % blocks, head = task / blocks % s.heads,
                    batch = task / blocks / s.heads;
      const int64_t start = at * rows_of_block, rows = std::min(rows_of_block, s.queries - start);
      const Plane k(key, batch, head / s.group), v(value, batch, head / s.group);
      const Matrix<C> q = block<C>(Plane(query, batch, head), start, rows, s.width, q_buffer);
      const Scores<C> tile(s, mask, batch, head);
      std::fill_n(most, rows, -std::numeric_limits<C>::infinity());
      std::fill_n(sums, rows, 0.0);
      std::fill_n(acc, rows * s.value_width, C(0));
      if (dropout) dropout.draw(kept, (batch * s.heads + head) * blocks + at, rows * s.keys);
      const int64_t visible = s.visible(start + rows);
      for (int64_t from = 0; from < visible; from += kKeys) {
        const int64_t keys = std::min(kKeys, visible - from);
        tile.compute(scores, q, start, rows, block<C>(k, from, keys, s.width, k_buffer), from, keys);
        for (int64_t i = 0; i < rows; ++i) {
          C* const line = scores + i * kKeys;
          const C now = largest(line, keys, most[i]);
          if (now != most[i] && from > 0) {
            const C shrink = std::exp(most[i] - now);
            sums[i] *= double(shrink);
            multiply(acc + i * s.value_width, s.value_width, shrink);
          }
          most[i] = now;
          exponentials(line, keys, now);
          sums[i] += total(line, keys);
          if (dropout) drop(line, kept + i * s.keys + from, keys);
        }
        const Matrix<C> weights{scores, kKeys, 1};
        gemm<C>(rows, s.value_width, keys, C(1), weights, block<C>(v, from, keys, s.value_width, v_buffer),
                C(1), {acc, s.value_width, 1}, acc, s.value_width);
      }
      const Plane to(out, batch, head);
      C* const lse = logsumexp.data<C>() + batch * logsumexp.stride(0) + head * logsumexp.stride(1);
      for (int64_t i = 0; i < rows; ++i) {
        // A query that sees no key gets zeros.
        if (sums[i] != 0) multiply(acc + i * s.value_width, s.value_width, C(dropout.factor() / sums[i]));
        write_line(to, start + i, acc + i * s.value_width, s.value_width);
        lse[(start + i) * logsumexp.stride(2)] = C(double(most[i]) + std::log(sums[i]));
      }
    }
  });
}

// Parts into which backward cuts the keys of a head, so that a few long heads keep several threads busy. Each
// part costs the memory of a gradient of the queries.
int64_t parts_of_keys(const Shape& s) {
  const int64_t tasks = std::max<int64_t>(1, s.batch * s.heads / s.group);
  return std::clamp<int64_t>(16 / tasks, 1, std::clamp<int64_t>(s.keys / (2 * kKeys), 1, 4));
}

template <class C>
void backward(const Tensor& grad_query, const Tensor& grad_key, const Tensor& grad_value, const Tensor& grad,
              const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& out,
              const Tensor& logsumexp, const Shape& s, const Tensor& mask, const Dropout& dropout) {
  using V = Vec<C>;
  const int64_t most_rows = attention_block(s.queries), own = key.size(1);
  const int64_t blocks = (s.queries + most_rows - 1) / most_rows;
  const bool converts = query.dtype() != dtype_of<C>();
  const int64_t parts = parts_of_keys(s), part_keys = (s.keys + parts * kKeys - 1) / (parts * kKeys) * kKeys;
  const int64_t of_head = s.queries * s.width, of_part = s.batch * s.heads * of_head;
  const Scratch partial(parts > 1 ? size_t(parts * of_part) * sizeof(C) : 0); // gradients of the queries
  const int64_t grain =
      std::max<int64_t>(1, kGrain / std::max<int64_t>(1, s.work(s.queries) * s.group / parts));
  // A task is a part of a head of keys with the heads of queries that it serves: their sums are made by one
  // thread.
  parallel_for(0, s.batch * own * parts, grain, [&](int64_t first, int64_t last) {
    const int64_t both = s.width + s.value_width, most_keys = std::min(part_keys, s.keys);
    const int64_t inputs = converts ? (most_rows + kKeys) * both : 0;
    const Scratch memory(
        size_t(most_keys * both + most_rows * (2 * kKeys + s.width + 2 * s.value_width + 2) + inputs) *
            sizeof(C) +
        (dropout ? size_t(most_rows * s.keys) : 0));
    C* const dk = memory.as<C>();
    C* const dv = dk + most_keys * s.width;
    C* const scores = dv + most_keys * s.value_width;
    C* const dscores = scores + most_rows * kKeys;
    C* const dq = dscores + most_rows * kKeys;
    C* const lines = dq + most_rows * s.width; // of out and of grad
    C* const dots = lines + 2 * most_rows * s.value_width;
    C* const lse = dots + most_rows;
    C* const q_buffer = lse + most_rows;
    C* const g_buffer = q_buffer + most_rows * s.width;
    C* const k_buffer = g_buffer + most_rows * s.value_width;
    C* const v_buffer = k_buffer + kKeys * s.width;
    uint8_t* const kept = reinterpret_cast<uint8_t*>(q_buffer + inputs);
    for (int64_t task = first; task < last; ++task) {
      const int64_t part = task % parts, key_head = task / parts % own, batch = task / parts / own;
      const int64_t first_key = std::min(part * part_keys, s.keys),
                    last_key = std::min(first_key + part_keys, s.keys);
      const Plane k(key, batch, key_head), v(value, batch, key_head);
      std::fill_n(dk, (last_key - first_key) * s.width, C(0));
      std::fill_n(dv, (last_key - first_key) * s.value_width, C(0));
      for (int64_t head = key_head * s.group; head < (key_head + 1) * s.group; ++head) {
        const Plane q(query, batch, head), g(grad, batch, head), o(out, batch, head),
            dq_out(grad_query, batch, head);
        const Scores<C> tile(s, mask, batch, head);
        for (int64_t start = 0; start < s.queries; start += most_rows) {
          const int64_t rows = std::min(most_rows, s.queries - start);
          const int64_t visible = std::min(s.visible(start + rows), last_key);
          C* const dq_rows = parts == 1 ? dq
                                        : partial.as<C>() + part * of_part +
                                              (batch * s.heads + head) * of_head + start * s.width;
          std::fill_n(dq_rows, rows * s.width, C(0));
          if (visible <= first_key && parts > 1) continue;
          const Matrix<C> q_block = block<C>(q, start, rows, s.width, q_buffer);
          const Matrix<C> g_block = block<C>(g, start, rows, s.value_width, g_buffer);
          for (int64_t i = 0; i < rows; ++i) {
            lse[i] = logsumexp.data<C>()[batch * logsumexp.stride(0) + head * logsumexp.stride(1) +
                                         (start + i) * logsumexp.stride(2)];
            C* const mine = lines;
            C* const theirs = lines + s.value_width;
            read_line(mine, o, start + i, 0, s.value_width);
            read_line(theirs, g, start + i, 0, s.value_width);
            double dot = 0;
            for (int64_t j = 0; j < s.value_width; ++j) dot += double(mine[j]) * double(theirs[j]);
            dots[i] = C(dot);
          }
          if (dropout)
            dropout.draw(kept, (batch * s.heads + head) * blocks + start / most_rows, rows * s.keys);
          for (int64_t from = first_key; from < visible; from += kKeys) {
            const int64_t keys = std::min(kKeys, visible - from);
            const Matrix<C> k_block = block<C>(k, from, keys, s.width, k_buffer);
            const Matrix<C> v_block = block<C>(v, from, keys, s.value_width, v_buffer);
            tile.compute(scores, q_block, start, rows, k_block, from, keys);
            for (int64_t i = 0; i < rows; ++i) exponentials(scores + i * kKeys, keys, lse[i]);
            gemm<C>(rows, keys, s.value_width, C(dropout.factor()), g_block, v_block.transposed(), C(0), {},
                    dscores, kKeys);
            for (int64_t i = 0; i < rows; ++i) {
              C* const d = dscores + i * kKeys;
              C* const w = scores + i * kKeys;
              const uint8_t* const stays = kept + i * s.keys + from;
              if (dropout) drop(d, stays, keys);
              const V dot(dots[i]), scale(C(s.scale));
              each_vec<C>(keys, [&](int64_t j, auto load, auto store) {
                store(d + j, load(w + j) * (load(d + j) - dot) * scale);
              });
              if (dropout) drop(w, stays, keys);
            }
            const Matrix<C> weights{scores, kKeys, 1}, slopes{dscores, kKeys, 1};
            C* const dv_block = dv + (from - first_key) * s.value_width;
            gemm<C>(keys, s.value_width, rows, C(dropout.factor()), weights.transposed(), g_block, C(1),
                    {dv_block, s.value_width, 1}, dv_block, s.value_width);
            C* const dk_block = dk + (from - first_key) * s.width;
            gemm<C>(rows, s.width, keys, C(1), slopes, k_block, C(1), {dq_rows, s.width, 1}, dq_rows,
                    s.width);
            gemm<C>(keys, s.width, rows, C(1), slopes.transposed(), q_block, C(1), {dk_block, s.width, 1},
                    dk_block, s.width);
          }
          for (int64_t i = 0; i < rows && parts == 1; ++i)
            write_line(dq_out, start + i, dq + i * s.width, s.width);
        }
      }
      const Plane dk_out(grad_key, batch, key_head), dv_out(grad_value, batch, key_head);
      for (int64_t j = first_key; j < last_key; ++j) {
        write_line(dk_out, j, dk + (j - first_key) * s.width, s.width);
        write_line(dv_out, j, dv + (j - first_key) * s.value_width, s.value_width);
      }
    }
  });
  if (parts == 1) return;
  const int64_t rows_of_grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, parts * s.width));
  parallel_for(0, s.batch * s.heads * s.queries, rows_of_grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      C* const sum = partial.as<C>() + i * s.width;
      for (int64_t part = 1; part < parts; ++part) {
        const C* const other = sum + part * of_part;
        for (int64_t j = 0; j < s.width; ++j) sum[j] += other[j];
      }
      const int64_t head = i / s.queries;
      write_line(Plane(grad_query, head / s.heads, head % s.heads), i % s.queries, sum, s.width);
    }
  });
}

// The type in which attention of a dtype is computed.
template <class Body> void in_compute_type(DType dtype, Body&& body) {
  dtype == DType::Float64 ? body(double{}) : body(float{});
}

} // namespace

void attention(const Tensor& out, const Tensor& logsumexp, const Tensor& query, const Tensor& key,
               const Tensor& value, bool is_causal, const Tensor& mask, std::optional<double> scale) {
  const Shape shape(query, key, value, is_causal, scale);
  in_compute_type(query.dtype(), [&](auto tag) {
    forward<decltype(tag)>(out, logsumexp, query, key, value, shape, mask, Dropout());
  });
}

void attention_backward(const Tensor& grad_query, const Tensor& grad_key, const Tensor& grad_value,
                        const Tensor& grad, const Tensor& query, const Tensor& key, const Tensor& value,
                        const Tensor& out, const Tensor& logsumexp, bool is_causal, const Tensor& mask,
                        std::optional<double> scale) {
  const Shape shape(query, key, value, is_causal, scale);
  in_compute_type(query.dtype(), [&](auto tag) {
    backward<decltype(tag)>(grad_query, grad_key, grad_value, grad, query, key, value, out, logsumexp, shape,
                            mask, Dropout());
  });
}

void attention_with_dropout(const Tensor& out, const Tensor& logsumexp, const Tensor& states,
                            const Tensor& query, const Tensor& key, const Tensor& value, double dropout_p,
                            bool is_causal, const Tensor& mask, std::optional<double> scale) {
  const Shape shape(query, key, value, is_causal, scale);
  Dropout::record(states, shape);
  in_compute_type(query.dtype(), [&](auto tag) {
    forward<decltype(tag)>(out, logsumexp, query, key, value, shape, mask, Dropout(states, dropout_p));
  });
}

void attention_with_dropout_backward(const Tensor& grad_query, const Tensor& grad_key,
                                     const Tensor& grad_value, const Tensor& grad, const Tensor& query,
                                     const Tensor& key, const Tensor& value, const Tensor& out,
                                     const Tensor& logsumexp, const Tensor& states, double dropout_p,
                                     bool is_causal, const Tensor& mask, std::optional<double> scale) {
  const Shape shape(query, key, value, is_causal, scale);
  in_compute_type(query.dtype(), [&](auto tag) {
    backward<decltype(tag)>(grad_query, grad_key, grad_value, grad, query, key, value, out, logsumexp, shape,
                            mask, Dropout(states, dropout_p));
  });
}

// Of (batch, heads, queries, keys): true where a weight stays.
void attention_dropout_mask(const Tensor& out, const Tensor& states, double dropout_p) {
  const Dropout dropout(states, dropout_p);
  const int64_t queries = out.size(2), keys = out.size(3), rows_of_block = attention_block(queries);
  uint8_t* to = static_cast<uint8_t*>(out.data());
  int64_t block = 0;
  for (int64_t head = 0; head < out.size(0) * out.size(1); ++head)
    for (int64_t start = 0; start < queries; start += rows_of_block, ++block) {
      const int64_t n = std::min(rows_of_block, queries - start) * keys;
      dropout.draw(to, block, n);
      to += n;
    }
}

} // namespace torch::TORCH_ISA
