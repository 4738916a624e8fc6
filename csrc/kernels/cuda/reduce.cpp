// Reductions: which kernel, how its blocks are shaped, and how many share an output.
#include "kernels/cuda/device/reduce_args.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/types.h"
#include "kernels/cuda/walk.h"
#include "kernels/pointwise_ops.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace torch::cuda {

namespace {

constexpr int kWarp = 32;
constexpr int kBlocksEach = 8;        // of a multiprocessor, until which outputs are shared between blocks
constexpr int64_t kWorthSharing = 16; // elements of a thread, at least, in a block that shares an output
constexpr int64_t kMaxSplits = 1024;

constexpr Family kReductions{"reduce", "REDUCE"};

int power_of_two_from(int64_t n, int64_t most) {
  return static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::clamp<int64_t>(n, 1, most))));
}

int64_t closest_stride(const Places& p, int operand) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int d = 0; d < p.ndim; ++d)
    if (p.strides[operand][d] != 0) least = std::min(least, p.strides[operand][d]);
  return least;
}

// What `finish` of an op is told beside its accumulator (device/reduce.h).
struct Ending {
  bool divides = false; // by the number of elements
  bool root = false;
  double parameter = 0;
  Tensor second = {};
};

// Joins values of self, converted to `computed`, by `op`. acc_width: bytes of an accumulator.
void reduce(const char* op, DType computed, int64_t acc_width, const Tensor& out, const Tensor& self,
            uint64_t mask, const Ending& ending = {}) {
  if (out.numel() == 0) return;
  if (!out.is_contiguous() || (ending.second.defined() && !ending.second.is_contiguous())) {
    Ending dense = ending;
    const Tensor first = empty_tensor(out.sizes(), out.dtype(), out.device());
    if (dense.second.defined()) dense.second = empty_tensor(out.sizes(), ending.second.dtype(), out.device());
    reduce(op, computed, acc_width, first, self, mask, dense);
    copy(out, first);
    if (dense.second.defined()) copy(ending.second, dense.second);
    return;
  }
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
  args.divides = ending.divides;
  args.root = ending.root;
  args.parameter = ending.parameter;
  args.out_width = static_cast<uint8_t>(out.itemsize());
  if (ending.second.defined()) {
    args.second = ending.second.data();
    args.second_type = ending.second.dtype();
    args.second_width = static_cast<uint8_t>(ending.second.itemsize());
  }
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

  Kernel const kernel = find_kernel_for(kReductions, op, computed, self.dtype());
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

// Integers are joined in int64; where the sign does not matter, unsigned ones as well.
DType accumulated_in(DType t, bool sign_matters) {
  const DType computed = kComputeTypes[compute_index(t)];
  return computed == DType::Int32 || (computed == DType::UInt64 && !sign_matters) ? DType::Int64 : computed;
}

// Sums and products are made in the dtype that is asked for, half precision in float.
void accumulate(const char* op, const Tensor& out, const Tensor& self, IntSpan dim, bool divides = false) {
  refuse_unusual(op, out.dtype());
  const DType computed = accumulated_in(out.dtype(), false);
  reduce(op, computed, item_size(computed), out, self, dim_mask(dim, self.dim(), op), {.divides = divides});
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

// Of one dimension, or of all in the order of the flattened tensor.
void arg_extremum(const char* op, const Tensor& values, const Tensor& indices, const Tensor& self,
                  std::optional<int64_t> dim) {
  refuse_unusual(op, self.dtype());
  if (self.is_complex()) fail_dtype(op, self.dtype());
  const DType computed = accumulated_in(self.dtype(), true);
  Tensor in = self;
  uint64_t mask = ~uint64_t{0};
  if (dim)
    mask = self.dim() == 0 ? 0 : uint64_t{1} << wrap_dim(*dim, self.dim());
  else if (!self.is_contiguous()) {
    in = empty_tensor(self.sizes(), self.dtype(), self.device());
    copy(in, self);
  }
  reduce(op, computed, 2 * int64_t(sizeof(int64_t)), indices, in, mask, {.second = values});
}

DType real_computed(const Tensor& out, const Tensor& self) {
  return out.dtype() == DType::Float64 || self.dtype() == DType::Float64 ? DType::Float64 : DType::Float32;
}
Tensor real_part(const Tensor& t, int64_t which) { // 0: real, 1: imaginary
  DimVec strides(t.strides());
  for (int64_t& s : strides) s *= 2;
  return alias_as(t, real_type(t.dtype()), t.sizes(), strides, 2 * t.offset() + which);
}
void apply(PointwiseOp op, const Tensor& out, const Tensor& a, const Tensor& b = {}) {
  const Tensor* const inputs[] = {&a, &b};
  const Scalar one(1);
  pointwise(op, b.defined() ? b.dtype() : a.dtype(), out, inputs, b.defined() ? 2 : 1, &one);
}

void variance(const Tensor& out, const Tensor& mean, const Tensor& self, IntSpan dim, double correction,
              bool root) {
  if (self.is_complex()) { // the sum of those of the parts
    Tensor parts[2];
    for (int k = 0; k < 2; ++k) {
      parts[k] = empty_tensor(out.sizes(), out.dtype(), out.device());
      variance(parts[k], mean.defined() ? real_part(mean, k) : Tensor(), real_part(self, k), dim, correction,
               false);
    }
    apply(PointwiseOp::Add, out, parts[0], parts[1]);
    if (root) apply(PointwiseOp::Sqrt, out, out);
    return;
  }
  const DType computed = real_computed(out, self);
  reduce("Variance", computed, computed == DType::Float64 ? 24 : 16, out, self,
         dim_mask(dim, self.dim(), "var"), {.root = root, .parameter = correction, .second = mean});
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

void count_nonzero(const Tensor& out, const Tensor& self, IntSpan dim) {
  refuse_unusual("count_nonzero", self.dtype());
  reduce("CountNonzero", accumulated_in(self.dtype(), false), sizeof(int64_t), out, self,
         dim_mask(dim, self.dim(), "count_nonzero"));
}
// Of the bits of integers, and of floats as doubles.
void hash_tensor(const Tensor& out, const Tensor& self, IntSpan dim) {
  const auto bits_of = [](const Tensor& t) {
    return alias_as(t, DType::Int64, t.sizes(), t.strides(), t.offset());
  };
  Tensor in = self;
  if (self.is_floating_point()) {
    if (self.dtype() != DType::Float64) {
      in = empty_tensor(self.sizes(), DType::Float64, self.device());
      copy(in, self);
    }
    in = bits_of(in);
  }
  reduce("Xor", DType::Int64, sizeof(int64_t), bits_of(out), in, dim_mask(dim, self.dim(), "hash_tensor"));
}

void max_dim(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim, bool) {
  arg_extremum("ArgMax", values, indices, self, dim);
}
void min_dim(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim, bool) {
  arg_extremum("ArgMin", values, indices, self, dim);
}
void argmax(const Tensor& out, const Tensor& self, std::optional<int64_t> dim, bool) {
  arg_extremum("ArgMax", {}, out, self, dim);
}
void argmin(const Tensor& out, const Tensor& self, std::optional<int64_t> dim, bool) {
  arg_extremum("ArgMin", {}, out, self, dim);
}

void var(const Tensor& out, const Tensor& self, IntSpan dim, double correction) {
  variance(out, {}, self, dim, correction, false);
}
void standard_deviation(const Tensor& out, const Tensor& self, IntSpan dim, double correction) {
  variance(out, {}, self, dim, correction, true);
}
void var_mean(const Tensor& out, const Tensor& mean, const Tensor& self, IntSpan dim, double correction) {
  variance(out, mean, self, dim, correction, false);
}
void standard_deviation_mean(const Tensor& out, const Tensor& mean, const Tensor& self, IntSpan dim,
                             double correction) {
  variance(out, mean, self, dim, correction, true);
}

void vector_norm(const Tensor& out, const Tensor& self, const Scalar& ord, IntSpan dim) {
  if (self.is_complex()) { // the norm of the magnitudes
    const Tensor magnitudes = empty_tensor(self.sizes(), real_type(self.dtype()), self.device());
    apply(PointwiseOp::Abs, magnitudes, self);
    return vector_norm(out, magnitudes, ord, dim);
  }
  const DType computed = real_computed(out, self);
  reduce("Norm", computed, item_size(computed), out, self, dim_mask(dim, self.dim(), "vector_norm"),
         {.parameter = ord.to<double>()});
}

void logsumexp(const Tensor& out, const Tensor& self, IntSpan dim) {
  const uint64_t mask = dim_mask(dim, self.dim(), "logsumexp");
  if (!self.is_complex()) {
    const DType computed = real_computed(out, self);
    return reduce("LogSumExp", computed, 2 * item_size(computed), out, self, mask);
  }
  // By steps: numbers less the largest real part, exponentials, their sum, its logarithm.
  DimVec kept(self.sizes());
  for (size_t d = 0; d < kept.size(); ++d)
    if (mask >> d & 1) kept[d] = 1;
  const Tensor largest = empty_tensor(kept, real_type(self.dtype()), self.device()),
               shifted = empty_tensor(self.sizes(), self.dtype(), self.device()),
               total = empty_tensor(kept, self.dtype(), self.device());
  amax(largest, real_part(self, 0), dim);
  const Scalar no_infinities[] = {Scalar(0.0), Scalar(0.0), Scalar(0.0)}; // which would give inf - inf
  const Tensor* const input = &largest;
  pointwise(PointwiseOp::NanToNum, largest.dtype(), largest, &input, 1, no_infinities);
  const Tensor anchor = empty_tensor(kept, self.dtype(), self.device());
  copy(anchor, largest);
  apply(PointwiseOp::Sub, shifted, self, anchor);
  apply(PointwiseOp::Exp, shifted, shifted);
  sum(total, shifted, dim);
  apply(PointwiseOp::Log, total, total);
  apply(PointwiseOp::Add, total, total, anchor);
  copy(out, alias(total, out.sizes(), contiguous_strides(out.sizes()), total.offset()));
}

} // namespace torch::cuda
