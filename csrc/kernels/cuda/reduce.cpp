// Reductions: which kernel, how its blocks are shaped, and how many share an output.
#include "kernels/cuda/device/reduce_args.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/types.h"
#include "kernels/cuda/walk.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace torch::cuda {

namespace {

constexpr int kWarp = 32;
constexpr int kBlocksEach = 8;        // of a multiprocessor, until which outputs are shared between blocks
constexpr int64_t kWorthSharing = 16; // elements of a thread, at least, in a block that shares an output
constexpr int64_t kMaxSplits = 1024;

std::string source_of(std::string_view name) {
  const NameParts parts = parts_of(name);
  return concat("#include \"kernels/cuda/device/reduce.h\"\nTORCH_REDUCE(", name, ", ", parts.op, ", ",
                type_code(parts.computed), ", ", type_code(parts.stored), ")\n");
}

int power_of_two_from(int64_t n, int64_t most) {
  return static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::clamp<int64_t>(n, 1, most))));
}

int64_t closest_stride(const Places& p, int operand) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int d = 0; d < p.ndim; ++d)
    if (p.strides[operand][d] != 0) least = std::min(least, p.strides[operand][d]);
  return least;
}

// Joins values of self, converted to `computed`, by `op`. acc_width: bytes of an accumulator.
void reduce(const char* op, DType computed, int64_t acc_width, const Tensor& out, const Tensor& self,
            uint64_t mask, bool divides = false) {
  if (out.numel() == 0) return;
  check_kind(ErrorKind::NotImplemented, static_cast<int>(self.dtype()) < kStored, op,
             ": there is no CUDA kernel for ", self.dtype());
  Gpu& gpu = use(out.device().index);

  ReduceArgs args{};
  std::vector<Dim> kept, reduced;
  int64_t step = out.itemsize(); // out is contiguous, with the kept dimensions in order
  for (int64_t d = self.dim(); d-- > 0;) {
    const int64_t size = self.size(d), stride = self.stride(d) * self.itemsize();
    if (mask >> d & 1) {
      reduced.push_back({size, {stride}});
    } else {
      kept.push_back({size, {stride, step}}); // in the order of what is read
      step *= size;
    }
  }
  args.kept = arrange(kept, 2);
  for (int d = 0; d < args.kept.ndim; ++d) std::swap(args.kept.strides[0][d], args.kept.strides[1][d]);
  args.reduced = arrange(reduced, 1);
  args.out = out.data();
  args.in = self.data();
  args.out_type = out.dtype();
  args.in_type = self.dtype();
  args.n_out = out.numel();
  args.n_in = self.numel() / args.n_out;
  args.divides = divides;
  args.divisor = static_cast<double>(args.n_in);

  args.lanes_first = closest_stride(args.reduced, 0) <= closest_stride(args.kept, 1);
  if (args.lanes_first) {
    args.lanes = power_of_two_from(args.n_in, kReduceThreads);
  } else { // a warp of neighbouring outputs, more where the lanes would have little to do
    const bool few = args.n_in < 4 * kReduceThreads / kWarp;
    args.lanes = kReduceThreads / (few ? power_of_two_from(args.n_out, kReduceThreads) : kWarp);
  }
  const int64_t rows = kReduceThreads / args.lanes, blocks = (args.n_out + rows - 1) / rows;
  const int64_t wanted = int64_t{kBlocksEach} * gpu.multiprocessors;
  args.splits = 1;
  if (blocks < wanted)
    args.splits = std::clamp<int64_t>(args.n_in / (args.lanes * kWorthSharing), 1,
                                      std::min(kMaxSplits, (wanted + blocks - 1) / blocks));

  Kernel kernel = find_compiled(concat(op, "_", type_name(computed), "_", type_name(self.dtype())));
  if (!kernel) kernel = find_kernel(concat(op, "_", type_name(computed), "_any"), source_of);
  if (args.splits == 1) return launch(gpu, kernel, {blocks, kReduceThreads}, &args);

  const Tensor partial =
      empty_tensor(DimVec{args.n_out * args.splits * acc_width}, DType::UInt8, out.device());
  args.partial = partial.data();
  args.phase = ReducePhase::ToPartial;
  launch(gpu, kernel, {blocks * args.splits, kReduceThreads}, &args);
  args.phase = ReducePhase::FromPartial;
  args.n_in = args.splits;
  args.splits = 1;
  args.lanes_first = 1;
  args.lanes = power_of_two_from(args.n_in, kReduceThreads);
  const int64_t last_rows = kReduceThreads / args.lanes;
  launch(gpu, kernel, {(args.n_out + last_rows - 1) / last_rows, kReduceThreads}, &args);
}

void refuse_unusual(const char* op, DType t) {
  if (is_low_precision(t) || is_opaque(t)) fail_dtype(op, t);
}
// Integers are joined in int64; where the sign does not matter, unsigned ones as well.
DType accumulated_in(DType t, bool sign_matters) {
  const DType computed = kComputed[compute_index(t)];
  return computed == DType::Int32 || (computed == DType::UInt64 && !sign_matters) ? DType::Int64 : computed;
}

// Sums and products are made in the dtype that is asked for, half precision in float.
void accumulate(const char* op, const Tensor& out, const Tensor& self, IntSpan dim, bool divides = false) {
  refuse_unusual(op, out.dtype());
  const DType computed = accumulated_in(out.dtype(), false);
  reduce(op, computed, item_size(computed), out, self, dim_mask(dim, self.dim(), op), divides);
}
void extremum(const char* op, const Tensor& out, const Tensor& self, IntSpan dim) {
  refuse_unusual(op, self.dtype());
  if (is_complex(self.dtype())) fail_dtype(op, self.dtype());
  const DType computed = accumulated_in(self.dtype(), true);
  reduce(op, computed, item_size(computed), out, self, dim_mask(dim, self.dim(), op));
}
void truth(const char* op, const Tensor& out, const Tensor& self, IntSpan dim) {
  refuse_unusual(op, self.dtype());
  // An output of the shape of self asks for each element by itself.
  const bool each = dim.empty() && equal(out.sizes(), self.sizes());
  const uint64_t mask = each ? 0 : dim_mask(dim, self.dim(), op);
  reduce(op, accumulated_in(self.dtype(), false), sizeof(int32_t), out, self, mask);
}

} // namespace

void sum(const Tensor& out, const Tensor& self, IntSpan dim) {
  if (out.dtype() == DType::Bool) return truth("Any", out, self, dim);
  accumulate("Sum", out, self, dim);
}
void mean(const Tensor& out, const Tensor& self, IntSpan dim) {
  if (is_integral(out.dtype(), true)) fail_dtype("mean", out.dtype());
  accumulate("Sum", out, self, dim, true);
}
void prod(const Tensor& out, const Tensor& self, IntSpan dim) {
  if (out.dtype() == DType::Bool) return truth("All", out, self, dim);
  accumulate("Prod", out, self, dim);
}
void amax(const Tensor& out, const Tensor& self, IntSpan dim) { extremum("Amax", out, self, dim); }
void amin(const Tensor& out, const Tensor& self, IntSpan dim) { extremum("Amin", out, self, dim); }
void all(const Tensor& out, const Tensor& self, IntSpan dim) { truth("All", out, self, dim); }
void any(const Tensor& out, const Tensor& self, IntSpan dim) { truth("Any", out, self, dim); }

} // namespace torch::cuda
