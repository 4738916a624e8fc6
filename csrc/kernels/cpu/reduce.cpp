#include "kernels/cpu/reduce.h"

#include "core/allocator.h"
#include "kernels/cpu/convert.h"
#include "kernels/cpu/walk.h"

#include <algorithm>
#include <cstring>

namespace torch::TORCH_ISA {

namespace {

constexpr int64_t kPiece =
    65536; // elements after which a long reduction is cut, whatever the number of threads
constexpr int64_t kMaxPieces = 64;
constexpr int64_t kColumns = 1024;      // accumulators that one task keeps at a time
constexpr int64_t kBufferBytes = 16384; // of converted values
constexpr int64_t kMaxAccWidth = 32;
constexpr int64_t kTogether = 64; // rows whose results are finished and stored in one go

// Dimensions split into kept and reduced ones, each in memory order of the input.
struct Plan {
  Geometry kept;    // operands: input, out
  Geometry reduced; // operand: input
  int64_t outputs = 1, length = 1;
  char* second = nullptr; // of the output's dtype and strides
};

void add_dim(Geometry& g, int64_t size, std::initializer_list<int64_t> strides) {
  g.sizes[g.ndim] = size;
  int k = 0;
  for (const int64_t s : strides) g.strides[k++][g.ndim] = s;
  ++g.ndim;
  g.numel *= size;
}

Plan make_plan(const Tensor& out, const Tensor& self, uint64_t mask, const Tensor& second) {
  const int nd = static_cast<int>(self.dim());
  DimVec out_strides(size_t(nd), 0);
  int64_t step = 1;
  for (int d = nd; d-- > 0;) {
    if (mask >> d & 1) continue;
    out_strides[d] = step;
    step *= self.sizes()[d];
  }
  const Geometry::Operand operands[] = {{self.data(), self.dtype(), self.strides().data()},
                                        {out.data(), out.dtype(), out_strides.data()}};
  const Geometry g(self.sizes(), operands, 2);
  Plan plan;
  plan.kept.n_operands = 2;
  plan.reduced.n_operands = 1;
  for (int k = 0; k < 2; ++k) {
    plan.kept.data[k] = g.data[k];
    plan.kept.dtypes[k] = g.dtypes[k];
  }
  plan.second = second.defined() ? static_cast<char*>(second.data()) : nullptr;
  plan.reduced.data[0] = nullptr; // offsets only
  plan.reduced.dtypes[0] = g.dtypes[0];
  for (int d = 0; d < g.ndim; ++d) {
    if (g.strides[1][d] != 0 || g.sizes[d] == 1)
      add_dim(plan.kept, g.sizes[d], {g.strides[0][d], g.strides[1][d]});
    else
      add_dim(plan.reduced, g.sizes[d], {g.strides[0][d]});
  }
  plan.outputs = plan.kept.numel;
  plan.length = plan.reduced.numel;
  if (plan.kept.ndim == 0) add_dim(plan.kept, 1, {0, 0});
  if (plan.reduced.ndim == 0) add_dim(plan.reduced, 1, {0});
  return plan;
}

// Accumulators of m <= kTogether rows of n values.
void run_rows(const Reduction& r, char* all, const char* rows, int64_t stride, int64_t m, int64_t n) {
  r.init(all, m);
  if (r.lines && n <= kShortRow) return r.lines(all, rows, stride, m, n, r.context);
  const int64_t width = item_size(r.acc_type), parts = r.acc_width / width;
  alignas(64) char acc[kMaxAccWidth];
  for (int64_t j = 0; j < m; ++j) {
    if (parts == 1) {
      r.run(all + j * width, rows + j * stride, n, r.context);
      continue;
    }
    r.init(acc, 1);
    r.run(acc, rows + j * stride, n, r.context);
    for (int64_t k = 0; k < parts; ++k) std::memcpy(all + (k * m + j) * 8, acc + k * 8, 8);
  }
}

class Driver {
public:
  Driver(const Reduction& r, Plan& plan) : r_(r), p_(plan), from_(plan.kept.dtypes[0]) {}

  void run() {
    const Geometry& red = p_.reduced;
    const Geometry& kept = p_.kept;
    const int64_t value_width = std::max(item_size(from_), item_size(r_.tile_type));
    // Along memory when the reduced dimension is innermost and worth a call, else several outputs side by
    // side.
    const bool innermost = red.strides[0][0] <= kept.strides[0][0] || kept.strides[0][0] == 0;
    const bool same = from_ == r_.tile_type;
    const bool in_lines =
        r_.lines && same && red.ndim == 1 && kept.ndim == 1 && red.strides[0][0] == item_size(from_);
    columns_ = p_.outputs > 1 && !(innermost && red.sizes[0] >= (in_lines ? 8 : 64));
    TileShape shape;
    if (columns_) {
      block_ = std::min(kept.sizes[0], kColumns);
      direct_ = same && kept.strides[0][0] == item_size(from_);
      const int64_t capacity = direct_ ? kPiece : std::max<int64_t>(1, kBufferBytes / value_width);
      if (!direct_) block_ = std::min(block_, capacity);
      shape = {std::min(red.sizes[0], std::max<int64_t>(1, capacity / block_)), 1};
    } else {
      block_ = 1;
      direct_ = same && red.strides[0][0] == item_size(from_);
      const int64_t capacity = kBufferBytes / value_width;
      if (direct_ && r_.tile && red.ndim > 1 && red.sizes[0] >= 8 && red.sizes[0] <= kShortRow) {
        shape = {red.sizes[0], std::min(red.sizes[1], kPiece / red.sizes[0])};
      } else if (direct_ && (red.ndim == 1 || red.sizes[0] >= 64)) {
        shape = {std::min(red.sizes[0], kPiece), 1};
      } else {
        direct_ = false;
        shape = choose_tile(red, capacity);
      }
    }
    const TileWalk walk(red, shape);
    // Tasks: blocks of outputs, times pieces of the reduction when there are few blocks.
    blocks_per_row_ = (kept.sizes[0] + block_ - 1) / block_;
    const int64_t blocks = blocks_per_row_ * (p_.outputs / kept.sizes[0]);
    int64_t pieces = 1;
    if (blocks < kMaxPieces &&
        p_.length * block_ > 2 * kPiece) // of columns larger: many accumulators are joined
      pieces = std::min({kMaxPieces, p_.length * block_ / (columns_ ? 2 * kPiece : kPiece), walk.count()});
    const int64_t work = std::max<int64_t>(1, p_.length / pieces * block_);
    if (pieces == 1 && !columns_ && direct_ && red.ndim == 1 && walk.count() == 1 && kept.ndim == 1 &&
        blocks > 1) {
      parallel_for(0, blocks, std::max<int64_t>(1, kGrain / work), [&](int64_t first, int64_t last) {
        alignas(64) char all[kTogether * kMaxAccWidth];
        for (int64_t b = first; b < last; b += kTogether) {
          const int64_t m = std::min(kTogether, last - b);
          run_rows(r_, all, kept.data[0] + b * kept.strides[0][0], kept.strides[0][0], m, red.sizes[0]);
          store(b, m, all);
        }
      });
      return;
    }
    if (pieces == 1) {
      parallel_for(0, blocks, std::max<int64_t>(1, kGrain / work), [&](int64_t first, int64_t last) {
        alignas(64) char acc[kColumns * kMaxAccWidth];
        for (int64_t b = first; b < last; ++b) {
          r_.init(acc, block_size(b));
          reduce_block(walk, b, 0, walk.count(), acc);
          store(b, block_size(b), acc);
        }
      });
      return;
    }
    const int64_t acc_bytes = block_ * r_.acc_width;
    const Scratch partial(size_t(blocks * pieces * acc_bytes));
    parallel_for(0, blocks * pieces, 1, [&](int64_t first, int64_t last) {
      for (int64_t t = first; t < last; ++t) {
        const int64_t b = t / pieces, piece = t % pieces;
        char* const acc = partial.as<char>() + t * acc_bytes;
        r_.init(acc, block_size(b));
        reduce_block(walk, b, walk.count() * piece / pieces, walk.count() * (piece + 1) / pieces, acc);
      }
    });
    for (int64_t b = 0; b < blocks; ++b) {
      char* const acc = partial.as<char>() + b * pieces * acc_bytes;
      for (int64_t piece = 1; piece < pieces; ++piece) r_.merge(acc, acc + piece * acc_bytes, block_size(b));
      store(b, block_size(b), acc);
    }
  }

private:
  int64_t block_size(int64_t b) const {
    return std::min(block_, p_.kept.sizes[0] - b % blocks_per_row_ * block_);
  }

  // Byte offset of the first output of block b in operand k.
  int64_t offset(int64_t b, int k) const {
    const Geometry& g = p_.kept;
    int64_t at = b % blocks_per_row_ * block_ * g.strides[k][0], rest = b / blocks_per_row_;
    for (int d = 1; d < g.ndim; ++d) {
      at += rest % g.sizes[d] * g.strides[k][d];
      rest /= g.sizes[d];
    }
    return at;
  }

  void reduce_block(const TileWalk& walk, int64_t b, int64_t first_tile, int64_t last_tile, char* acc) const {
    const char* const base = p_.kept.data[0] + offset(b, 0);
    const Geometry& red = p_.reduced;
    const int64_t m = block_size(b), stride0 = red.strides[0][0],
                  stride1 = red.ndim > 1 ? red.strides[0][1] : 0;
    const int64_t width = item_size(r_.tile_type);
    if (direct_ && !columns_ && red.ndim == 1 && walk.count() == 1)
      return r_.run(acc, base, red.sizes[0], r_.context);
    alignas(64) char buffer[kBufferBytes], scratch[2 * kBufferBytes];
    walk.run(first_tile, last_tile, [&](char* const* at, int64_t cols, int64_t rows) {
      const char* const x = base + reinterpret_cast<intptr_t>(at[0]);
      if (columns_) {
        if (direct_) return r_.columns(acc, x, stride0, cols, m, r_.context);
        convert_tile(buffer, width, m * width, r_.tile_type, x, p_.kept.strides[0][0], stride0, from_, m,
                     cols, scratch);
        return r_.columns(acc, buffer, m * width, cols, m, r_.context);
      }
      if (direct_ && rows > 1) return r_.tile(acc, x, stride1, rows, cols, r_.context);
      if (direct_) return r_.run(acc, x, cols, r_.context);
      convert_tile(buffer, width, cols * width, r_.tile_type, x, stride0, stride1, from_, cols, rows,
                   scratch);
      r_.run(acc, buffer, cols * rows, r_.context);
    });
  }

  void store(int64_t b, int64_t m, char* acc) const {
    if (r_.finish) r_.finish(acc, m, r_.context);
    store_values(p_.kept.data[1] + offset(b, 1), acc, m);
    if (p_.second) store_values(p_.second + offset(b, 1), acc + m * item_size(r_.acc_type), m);
  }

  void store_values(char* to, const char* values, int64_t m) const {
    const int64_t stride = p_.kept.strides[1][0], width = item_size(r_.acc_type);
    const DType out_type = p_.kept.dtypes[1];
    if (m == 1) return convert_one(to, out_type, values, r_.acc_type);
    alignas(64) char scratch[kColumns * 32];
    convert_tile(to, stride, 0, out_type, values, width, 0, r_.acc_type, m, 1, scratch);
  }

  const Reduction& r_;
  const Plan& p_;
  DType from_;
  bool columns_ = false, direct_ = false;
  int64_t block_ = 1, blocks_per_row_ = 1;
};

} // namespace

void reduce(const Reduction& r, const Tensor& out, const Tensor& self, uint64_t reduced_dims,
            const Tensor& second) {
  const int64_t n_out = out.numel();
  if (n_out == 0) return;
  if (self.numel() == 0) { // the value of an empty reduction, everywhere
    alignas(16) char acc[kMaxAccWidth];
    r.init(acc, 1);
    if (r.finish) r.finish(acc, 1, r.context);
    const auto fill_with = [&](const Tensor& to, const char* value) {
      const int64_t width = to.itemsize();
      for (int64_t i = 0; i < n_out; ++i)
        convert_one(static_cast<char*>(to.data()) + i * width, to.dtype(), value, r.acc_type);
    };
    fill_with(out, acc);
    if (second.defined()) fill_with(second, acc + item_size(r.acc_type));
    return;
  }
  Plan plan = make_plan(out, self, reduced_dims, second);
  Driver(r, plan).run();
}

void reduce_rows(const Reduction& r, void* out, DType out_type, const void* x, int64_t stride, int64_t rows,
                 int64_t n) {
  alignas(64) char all[kTogether * kMaxAccWidth];
  const Convert convert = converter(r.acc_type, out_type);
  for (int64_t b = 0; b < rows; b += kTogether) {
    const int64_t m = std::min(kTogether, rows - b);
    run_rows(r, all, static_cast<const char*>(x) + b * stride, stride, m, n);
    if (r.finish) r.finish(all, m, r.context);
    convert(static_cast<char*>(out) + b * item_size(out_type), all, m);
  }
}

} // namespace torch::TORCH_ISA
