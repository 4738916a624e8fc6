// sort and what is picked from sorted lines: topk, kthvalue, median, unique; searches in sorted rows, bins.
#include "kernels/cuda/device/index_args.h"
#include "kernels/cuda/device/sort_args.h"
#include "kernels/cuda/index.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/walk.h"
#include "kernels/pointwise_ops.h"

#include <algorithm>
#include <bit>

namespace torch::cuda {

namespace {

constexpr Family kSort{"sort", "SORT", true}, kSearch{"sort", "SEARCH", true};

DType sorted_as(const char* op, DType t) {
  if (is_complex(t)) fail_dtype(op, t);
  refuse_unusual(op, t);
  check_kind(ErrorKind::NotImplemented, t != DType::UInt64, op, ": there is no CUDA kernel for ", t);
  const DType computed = kComputeTypes[compute_index(t)];
  return computed == DType::Int32 ? DType::Int64 : computed;
}

// Sorts along dim and stores `count` elements of each line, from `first` on; `values` and `indices` have that
// dimension, or none where it is reduced.
void sort_lines(const char* op, const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim,
                bool descending, int64_t first, int64_t count, SortPhase store) {
  const DType computed = sorted_as(op, self.dtype());
  if (self.numel() == 0 || count == 0) return;
  SortArgs args{};
  const int64_t along = wrap_dim(dim, self.dim());
  std::vector<Dim> lines;
  args.n = 1;
  const bool reduced = values.dim() < self.dim();
  for (int64_t d = self.dim(); d-- > 0;) {
    const bool is_along = d == along;
    const int64_t own = reduced && d > along ? d - 1 : d;
    Dim each{self.size(d), {}};
    if (!(reduced && is_along)) {
      each.strides[0] = values.stride(own) * values.itemsize();
      each.strides[1] = indices.stride(own) * indices.itemsize();
    }
    each.strides[2] = self.stride(d) * self.itemsize();
    if (is_along) {
      args.n = each.size;
      std::copy_n(each.strides, 3, args.step);
    } else {
      lines.push_back(each);
    }
  }
  args.lines = self.numel() / args.n;
  args.padded = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(args.n)));
  args.total = args.lines * args.padded;
  args.places = arrange(std::move(lines), 3);
  const Tensor items =
      empty_tensor(DimVec{args.total * 2 * int64_t(sizeof(int64_t))}, DType::UInt8, self.device());
  args.items = items.data();
  args.values = values.data();
  args.indices = indices.data();
  args.in = self.data();
  args.out_type = values.dtype();
  args.in_type = self.dtype();
  args.first = first;
  args.count = count;
  args.descending = descending;

  Gpu& gpu = use(self.device().index);
  Kernel const kernel = find_kernel(concat("Sort_", type_name(computed), "_any"), kSort);
  const auto run = [&](SortPhase phase, int64_t threads_wanted) {
    const int64_t threads = std::min<int64_t>(
        kSortThreads, static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(threads_wanted))));
    args.phase = phase;
    launch(gpu, kernel, {(threads_wanted + threads - 1) / threads, static_cast<unsigned>(threads)}, &args);
    return 2 * threads;
  };
  const int64_t pairs = (args.total + 1) / 2;
  run(SortPhase::Load, args.total);
  args.from = 2;
  args.to = std::min<int64_t>(
      args.padded,
      std::min<int64_t>(kSortBlock, 2 * static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(pairs)))));
  if (args.padded > 1) run(SortPhase::Within, pairs);
  for (int64_t length = 2 * int64_t{kSortBlock}; length <= args.padded; length *= 2) {
    args.from = args.to = length;
    for (args.apart = length / 2; args.apart >= kSortBlock; args.apart /= 2) run(SortPhase::Across, pairs);
    run(SortPhase::Within, pairs);
  }
  run(store, args.lines * args.count);
}

// One line: the elements in their order, as `type`.
Tensor line_of(const Tensor& t, DType type) {
  const Tensor line = empty_tensor(DimVec{t.numel()}, type, t.device());
  const Tensor dense = packed(t);
  copy(line, alias(dense, DimVec{t.numel()}, DimVec{1}, dense.offset()));
  return line;
}
Tensor part(const Tensor& line, int64_t from, int64_t size) {
  return alias(line, DimVec{size}, DimVec{1}, line.offset() + from);
}
// A number of the device, on the host.
int64_t number(const Tensor& single) {
  const Tensor here = empty_tensor({}, DType::Int64);
  copy(here, single);
  return *here.data<int64_t>();
}

} // namespace

void sort(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim, bool descending,
          bool) {
  const int64_t n = self.dim() == 0 ? 1 : self.size(dim);
  sort_lines("sort", values, indices, self, dim, descending, 0, n, SortPhase::Store);
}
void topk(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t k, int64_t dim,
          bool largest, bool) {
  sort_lines("topk", values, indices, self, dim, largest, 0, k, SortPhase::Store);
}
void kthvalue(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t k, int64_t dim) {
  sort_lines("kthvalue", values, indices, self, dim, false, k - 1, 1, SortPhase::Store);
}
// The lower of the two middle values; the first NaN if there is one.
void median(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim) {
  const int64_t n = self.dim() == 0 ? 1 : self.size(dim);
  sort_lines("median", values, indices, self, dim, false, (n - 1) / 2, 1, SortPhase::Median);
}

// The distinct values in order, for each element of self the place of its value, and how often each occurs.
std::tuple<Tensor, Tensor, Tensor> unique(const Tensor& self, bool return_inverse, bool return_counts) {
  const int64_t n = self.numel();
  const Device device = self.device();
  Tensor inverse = empty_tensor(return_inverse ? DimVec(self.sizes()) : DimVec{0}, DType::Int64, device);
  Tensor counts = empty_tensor(DimVec{0}, DType::Int64, device);
  if (n == 0) return {empty_tensor(DimVec{0}, self.dtype(), device), inverse, counts};
  const Tensor line = line_of(self, self.dtype()), sorted = empty_tensor(DimVec{n}, self.dtype(), device);
  const Tensor order = empty_tensor(DimVec{n}, DType::Int64, device);
  sort(sorted, order, line, 0, false, true);
  const Tensor starts = empty_tensor(DimVec{n}, DType::Bool, device);
  fill(part(starts, 0, 1), true);
  if (n > 1) {
    const Tensor next = part(sorted, 1, n - 1), last = part(sorted, 0, n - 1);
    const Tensor* const inputs[] = {&next, &last};
    pointwise(PointwiseOp::Ne, self.dtype(), part(starts, 1, n - 1), inputs, 2, nullptr);
  }
  const Tensor values = masked_select(sorted, starts);
  if (return_inverse || return_counts) {
    const Tensor places = line_of(starts, DType::Int64), one = wrapped_number(1);
    cumsum(places, places, 0);
    const Tensor* const inputs[] = {&places, &one};
    const Scalar factor(1);
    pointwise(PointwiseOp::Sub, DType::Int64, places, inputs, 2, &factor);
    if (return_inverse) scatter(alias(inverse, DimVec{n}, DimVec{1}, inverse.offset()), 0, order, places);
    if (return_counts) {
      counts = empty_tensor(values.sizes(), DType::Int64, device);
      fill(counts, 0);
      const Tensor ones = empty_tensor(DimVec{n}, DType::Int64, device);
      fill(ones, 1);
      index_add(counts, 0, places, ones, 1);
    }
  }
  return {values, inverse, counts};
}

void searchsorted(const Tensor& out, const Tensor& sorted_sequence, const Tensor& self, bool right) {
  if (out.numel() == 0) return;
  const DType computed = sorted_as("searchsorted", sorted_sequence.dtype());
  const Tensor sequence = line_of(sorted_sequence, computed), values = line_of(self, computed);
  const Tensor result = empty_tensor(out.sizes(), DType::Int64, out.device());
  SearchArgs args{};
  args.out = result.data();
  args.rows = sequence.data();
  args.wanted = values.data();
  args.n = values.numel();
  args.length = sorted_sequence.dim() == 0 ? 1 : sorted_sequence.size(-1);
  args.per_row = sorted_sequence.dim() > 1 ? self.size(-1) : args.n;
  args.right = right;
  launch_each(use(out.device().index), find_kernel(concat("Search_", type_name(computed), "_any"), kSearch),
              args.n, &args);
  copy(out, result);
}

Tensor bincount(const Tensor& self, const Tensor& weights, int64_t minlength) {
  check(minlength >= 0, "minlength should be >= 0");
  const int64_t n = self.numel();
  const bool whole = !weights.defined();
  if (self.dim() == 1 && n == 0) {
    const Tensor none = empty_tensor(DimVec{minlength}, DType::Int64, self.device());
    fill(none, 0);
    return none;
  }
  check(self.dim() == 1, "bincount only supports 1-d non-negative integral inputs.");
  check(whole || (weights.dim() == 1 && weights.numel() == n),
        "weights should be 1-d and have the same length as input");
  check_kind(ErrorKind::NotImplemented, is_integral(self.dtype()), "\"bincount_cuda\" not implemented for '",
             self.dtype(), "': it takes integer tensors");
  const Tensor places = line_of(self, DType::Int64), extreme = empty_tensor({}, DType::Int64, self.device());
  amin(extreme, places, DimVec{0});
  check(number(extreme) >= 0, "bincount only supports 1-d non-negative integral inputs.");
  amax(extreme, places, DimVec{0});
  const int64_t bins = std::max(number(extreme) + 1, minlength);
  const DType type = whole                               ? DType::Int64
                     : weights.dtype() == DType::Float32 ? DType::Float32
                                                         : DType::Float64;
  const Tensor sums = empty_tensor(DimVec{bins}, type, self.device());
  fill(sums, 0);
  Tensor added = empty_tensor(DimVec{n}, type, self.device());
  whole ? fill(added, 1) : copy(added, weights);
  index_add(sums, 0, places, added, 1);
  return sums;
}

} // namespace torch::cuda
