// Reading and writing at indices: gather, scatter, indexing by tensors, embedding; elements found by a test.
#include "kernels/cuda/index.h"
#include "core/deterministic.h"
#include "kernels/cuda/device/index_args.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/walk.h"
#include "kernels/pointwise_ops.h"

#include <limits>

namespace torch::cuda {

Tensor packed(const Tensor& t) {
  if (t.is_contiguous()) return t;
  const Tensor dense = empty_tensor(t.sizes(), t.dtype(), t.device());
  copy(dense, t);
  return dense;
}

void launch_each(Gpu& gpu, Kernel kernel, int64_t n, const void* args) {
  launch(gpu, kernel, {(n + kEachThreads - 1) / kEachThreads, kEachThreads}, args);
}

namespace {

constexpr Family kIndex{"index", "INDEX"}, kOffsets{"index", "INDEX_OFFSETS"}, kCompact{"index", "COMPACT"};
constexpr Family kKeys{"index", "INDEX_KEYS"}, kSums{"index", "INDEX_SUMS"};
enum class Negative { Wrap, Reject };

// One step along each operand: other, self (0 where the index goes), index; in elements.
struct Loop {
  std::vector<Dim> dims; // outermost first
  Tensor self, other, index;

  void add(int64_t size, int64_t in_other, int64_t in_self, int64_t in_index) {
    dims.push_back(
        {size, {in_other * other.itemsize(), in_self * self.itemsize(), in_index * index.itemsize()}});
  }
};
int64_t stride_of(const Tensor& t, int64_t d) {
  return t.dim() == 0 ? 0 : t.strides()[static_cast<size_t>(d)];
}

// Whether the order of additions shows in the result and is to be the same every time.
bool in_order(std::string_view op, DType type) {
  return deterministic_algorithms() && op == "IndexAdd" && (is_floating(type) || is_complex(type));
}
// Additions at one place by one thread, one after the other: the elements are sorted by their places.
void add_in_order(Gpu& gpu, const IndexArgs& elements, DType computed, DType stored, Device device) {
  const Tensor keys = empty_tensor(DimVec{elements.n}, DType::Int64, device),
               sorted = empty_tensor(DimVec{elements.n}, DType::Int64, device),
               order = empty_tensor(DimVec{elements.n}, DType::Int64, device);
  IndexSumsArgs args{elements, keys.data<int64_t>(), order.data<int64_t>()};
  launch_each(gpu, find_kernel("IndexKeys_i64_i64", kKeys), elements.n, &args);
  sort(sorted, order, keys, 0, false, true);
  args.keys = sorted.data<int64_t>();
  launch_each(gpu, find_kernel(concat("IndexSums_", type_name(computed), "_", type_name(stored)), kSums),
              elements.n, &args);
}

void run(const char* op, const Family& family, DType computed, DType stored, const Loop& loop, int64_t size,
         int64_t stride, Negative negative, const Scalar& scale = 1) {
  IndexArgs args{};
  args.n = 1;
  for (const Dim& dim : loop.dims) args.n *= dim.size;
  if (args.n == 0) return;
  check_kind(ErrorKind::NotImplemented, is_integral(loop.index.dtype(), true), op,
             ": there is no CUDA kernel for indices of ", loop.index.dtype());
  args.self = loop.self.data();
  args.other = loop.other.data();
  args.index = loop.index.data();
  args.index_type = loop.index.dtype();
  args.size = size;
  args.stride = stride;
  args.wraps = negative == Negative::Wrap;
  const complex128 number = scale.to<complex128>();
  args.scale[0] = number.real();
  args.scale[1] = number.imag();
  args.whole_scale = scale.is_integral() ? scale.to<int64_t>() : static_cast<int64_t>(number.real());
  args.places = arrange({loop.dims.rbegin(), loop.dims.rend()}, 3);
  Gpu& gpu = use(loop.self.device().index);
  if (in_order(op, stored)) return add_in_order(gpu, args, computed, stored, loop.self.device());
  launch_each(gpu, find_kernel(concat(op, "_", type_name(computed), "_", type_name(stored)), family), args.n,
              &args);
}
// Moves elements without looking at them.
void move(const char* op, const Loop& loop, int64_t size, int64_t stride, Negative negative) {
  const DType type = moved_as(loop.self.dtype());
  run(op, kIndex, type, type, loop, size, stride * loop.self.itemsize(), negative);
}
void join(const char* op, const Loop& loop, int64_t size, int64_t stride, Negative negative,
          const Scalar& scale = 1) {
  const DType type = loop.self.dtype();
  check_kind(ErrorKind::NotImplemented, static_cast<int>(type) < kStored, op,
             ": there is no CUDA kernel for ", type);
  // Elements of 16 bytes are added by their parts; for the rest no instruction is there.
  check_kind(ErrorKind::NotImplemented, type != DType::Complex128 || std::string_view(op) == "IndexAdd", op,
             ": there is no CUDA kernel for ", type);
  run(op, kIndex, kComputeTypes[compute_index(type)], type, loop, size, stride * loop.self.itemsize(),
      negative, scale);
}

// ---- index and other of one shape ----

Loop scatter_loop(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& other) {
  Loop loop{{}, self, other, index};
  const bool single = other.dim() == 0;
  for (int64_t d = 0; d < index.dim(); ++d)
    loop.add(index.sizes()[static_cast<size_t>(d)], single ? 0 : stride_of(other, d),
             d == dim ? 0 : stride_of(self, d), stride_of(index, d));
  return loop;
}
struct Along {
  int64_t dim, size, stride;
  Along(const Tensor& self, int64_t d)
      : dim(wrap_dim(d, self.dim())), size(self.dim() == 0 ? 1 : self.size(dim)),
        stride(stride_of(self, dim)) {}
};
Tensor single_value(const Tensor& like, const Scalar& value) {
  const Tensor single = empty_tensor({}, like.dtype(), like.device());
  fill(single, value);
  return single;
}

// ---- an index of one dimension, whole slices ----

Loop slice_loop(const Tensor& self, const Along& at, const Tensor& index, const Tensor& other) {
  Loop loop{{}, self, other, index};
  const bool single = other.dim() == 0 && self.dim() > 0;
  if (self.dim() == 0) loop.add(index.numel(), stride_of(other, 0), 0, stride_of(index, 0));
  for (int64_t d = 0; d < self.dim(); ++d) {
    const bool along = d == at.dim;
    loop.add(along ? index.numel() : self.size(d), single ? 0 : stride_of(other, d),
             along ? 0 : self.stride(d), along ? stride_of(index, 0) : 0);
  }
  return loop;
}

// ---- an index for each of some dimensions ----

struct Indexed {
  size_t first = 0; // where the dimensions of the index stand in the result
  DimVec index_sizes, kept;
  Tensor offsets; // in self, in elements; or the one index itself
  int64_t size = std::numeric_limits<int64_t>::max(), stride = 1;
};

Indexed find_offsets(const Tensor& self, TensorList indices) {
  Indexed r;
  DimVec indexed;
  for (int64_t d = 0; d < self.dim(); ++d) {
    const bool is_indexed =
        static_cast<size_t>(d) < indices.size() && indices[static_cast<size_t>(d)].defined();
    (is_indexed ? indexed : r.kept).push_back(d);
  }
  const auto first = static_cast<size_t>(indexed[0]);
  r.index_sizes = indices[first].sizes();
  r.first = indexed.back() - indexed[0] + 1 == static_cast<int64_t>(indexed.size()) ? first : 0;
  if (indexed.size() == 1) {
    r.offsets = indices[first];
    r.size = self.size(indexed[0]);
    r.stride = self.stride(indexed[0]);
    return r;
  }
  r.offsets = empty_tensor(r.index_sizes, DType::Int64, self.device());
  fill(r.offsets, 0);
  for (const int64_t d : indexed) {
    const Tensor& index = indices[static_cast<size_t>(d)];
    Loop loop{{}, self, r.offsets, index};
    for (int64_t k = 0; k < index.dim(); ++k)
      loop.add(index.size(k), r.offsets.stride(k), 0, index.stride(k));
    run("IndexOffsets", kOffsets, DType::Int64, DType::Int64, loop, self.size(d), self.stride(d),
        Negative::Wrap);
  }
  return r;
}

// `other` has the shape of the result, or broadcasts to it.
Loop indexed_loop(const Tensor& self, const Indexed& at, const Tensor& other) {
  Loop loop{{}, self, other, at.offsets};
  const size_t dims = at.kept.size() + at.index_sizes.size();
  for (size_t d = 0; d < dims; ++d) {
    const auto own = static_cast<int64_t>(d + static_cast<size_t>(other.dim())) - static_cast<int64_t>(dims);
    const int64_t in_other = own < 0 || other.size(own) == 1 ? 0 : other.stride(own);
    if (d >= at.first && d < at.first + at.index_sizes.size()) {
      const size_t k = d - at.first;
      loop.add(at.index_sizes[k], in_other, 0, at.offsets.strides()[k]);
    } else {
      const int64_t of_self = at.kept[d < at.first ? d : d - at.index_sizes.size()];
      loop.add(self.size(of_self), in_other, self.stride(of_self), 0);
    }
  }
  return loop;
}

// self as one row of elements in order; `back` copies what was written where that is not self's own memory.
Tensor flattened(const Tensor& t) { return alias(t, DimVec{t.numel()}, DimVec{1}, t.offset()); }
Loop flat_loop(const Tensor& row, const Tensor& index, const Tensor& other) {
  Loop loop{{}, row, other, index};
  for (int64_t d = 0; d < index.dim(); ++d) loop.add(index.size(d), other.stride(d), 0, index.stride(d));
  return loop;
}

// Indices of the elements of flags (bool, in order) that are true.
Tensor positions_of(const Tensor& flags) {
  const int64_t n = flags.numel();
  if (n == 0) return empty_tensor(DimVec{0}, DType::Int64, flags.device());
  const Tensor ones = empty_tensor(DimVec{n}, DType::Int64, flags.device());
  copy(ones, flattened(packed(flags)));
  cumsum(ones, ones, 0);
  const Tensor last = empty_tensor({}, DType::Int64);
  copy(last, alias(ones, {}, {}, ones.offset() + n - 1));
  const Tensor found = empty_tensor(DimVec{*last.data<int64_t>()}, DType::Int64, flags.device());
  PatternArgs args{};
  args.in = ones.data();
  args.out = found.data();
  args.n = n;
  launch_each(use(flags.device().index), find_kernel("Compact_i64_i64", kCompact), n, &args);
  return found;
}

} // namespace

void gather(const Tensor& out, const Tensor& self, int64_t dim, const Tensor& index) {
  const Along at(self, dim);
  move("IndexRead", scatter_loop(self, at.dim, index, out), at.size, at.stride, Negative::Reject);
}
void scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  const Along at(self, dim);
  move("IndexWrite", scatter_loop(self, at.dim, index, src), at.size, at.stride, Negative::Reject);
}
void scatter_value(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  scatter(self, dim, index, single_value(self, value));
}
void scatter_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  scatter_reduce(self, dim, index, src, "sum", true);
}

void scatter_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                    std::string_view reduce, bool include_self) {
  if (index.numel() == 0) return;
  if (is_reduced_float(self.dtype())) { // joined in float
    const Tensor wide = empty_tensor(self.sizes(), DType::Float32, self.device()),
                 values = empty_tensor(src.sizes(), DType::Float32, self.device());
    copy(wide, self);
    copy(values, src);
    scatter_reduce(wide, dim, index, values, reduce, include_self);
    return copy(self, wide);
  }
  const bool mean = reduce == "mean", product = reduce == "prod" || reduce == "multiply";
  const bool most = reduce == "amax", least = reduce == "amin";
  check(mean || product || most || least || reduce == "sum" || reduce == "add",
        "reduce argument must be either sum, prod, mean, amax or amin, got ", reduce);
  check(!self.is_complex() || !(most || least), "scatter_reduce: amax and amin are not defined for ",
        self.dtype());
  if (!include_self) {
    Scalar identity = product ? 1 : 0;
    if ((most || least) && is_integral(self.dtype(), true))
      visit_all(self.dtype(), [&](auto tag) {
        using Limits = std::numeric_limits<typename decltype(tag)::type>;
        identity = Scalar(most ? Limits::lowest() : Limits::max());
      });
    else if (most || least)
      identity = most ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    scatter_value(self, dim, index, identity);
  }
  const Along at(self, dim);
  join(product ? "IndexMul"
       : most  ? "IndexAmax"
       : least ? "IndexAmin"
               : "IndexAdd",
       scatter_loop(self, at.dim, index, src), at.size, at.stride, Negative::Reject);
  if (!mean) return;
  const Tensor counts = empty_tensor(self.sizes(), DType::Int64, self.device());
  fill(counts, include_self ? 1 : 0);
  join("IndexAdd", scatter_loop(counts, at.dim, index, single_value(counts, 1)), at.size,
       stride_of(counts, at.dim), Negative::Reject);
  // At least 1, and in the dtype of self, which may be the narrower one.
  const Tensor one = wrapped_number(1), divisor = empty_tensor(self.sizes(), self.dtype(), self.device());
  const Tensor* const clamped[] = {&counts, &one};
  pointwise(PointwiseOp::Maximum, DType::Int64, counts, clamped, 2, nullptr);
  copy(divisor, counts);
  const Tensor* const quotient[] = {&self, &divisor};
  const bool whole = is_integral(self.dtype(), true);
  pointwise(whole ? PointwiseOp::DivFloor : PointwiseOp::Div, self.dtype(), self, quotient, 2, nullptr);
}

void index_select(const Tensor& out, const Tensor& self, int64_t dim, const Tensor& index) {
  const Along at(self, dim);
  move("IndexRead", slice_loop(self, at, index, out), at.size, at.stride, Negative::Reject);
}
void index_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
               const Scalar& alpha) {
  const Along at(self, dim);
  join("IndexAdd", slice_loop(self, at, index, source), at.size, at.stride, Negative::Reject, alpha);
}
void index_copy(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  const Along at(self, dim);
  move("IndexWrite", slice_loop(self, at, index, source), at.size, at.stride, Negative::Reject);
}
void index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  const Along at(self, dim);
  move("IndexWrite", slice_loop(self, at, index, single_value(self, value)), at.size, at.stride,
       Negative::Wrap);
}

void index(const Tensor& out, const Tensor& self, TensorList indices) {
  const Indexed at = find_offsets(self, indices);
  move("IndexRead", indexed_loop(self, at, out), at.size, at.stride, Negative::Wrap);
}
void index_put(const Tensor& self, TensorList indices, const Tensor& values, bool accumulate) {
  const Indexed at = find_offsets(self, indices);
  const Loop loop = indexed_loop(self, at, values);
  accumulate ? join("IndexAdd", loop, at.size, at.stride, Negative::Wrap)
             : move("IndexWrite", loop, at.size, at.stride, Negative::Wrap);
}

void take(const Tensor& out, const Tensor& self, const Tensor& index) {
  check_index(self.numel() > 0 || index.numel() == 0, "take(): tried to take from an empty tensor");
  const Tensor row = flattened(packed(self));
  move("IndexRead", flat_loop(row, index, out), row.numel(), 1, Negative::Wrap);
}
void put(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
  check_index(self.numel() > 0 || index.numel() == 0, "put_(): tried to put elements into an empty tensor");
  const Tensor dense = packed(self), row = flattened(dense);
  // As many elements as there are indices, in order.
  const Tensor values = packed(source), order = packed(index);
  const Loop loop = flat_loop(row, flattened(order), flattened(values));
  accumulate ? join("IndexAdd", loop, row.numel(), 1, Negative::Wrap)
             : move("IndexWrite", loop, row.numel(), 1, Negative::Wrap);
  if (!dense.is_same(self)) copy(self, dense);
}

Tensor nonzero(const Tensor& self) {
  const int64_t ndim = self.dim();
  const Tensor flags = empty_tensor(self.sizes(), DType::Bool, self.device());
  copy(flags, self);
  const Tensor found = positions_of(flags);
  const int64_t count = found.numel();
  const Tensor columns = empty_tensor(DimVec{ndim, count}, DType::Int64, self.device());
  if (count > 0) // from the innermost dimension outwards
    for (int64_t d = ndim; d-- > 0;) {
      const Tensor size = wrapped_number(self.size(d));
      const Tensor* const inputs[] = {&found, &size};
      const Tensor column = alias(columns, DimVec{count}, DimVec{1}, columns.offset() + d * count);
      pointwise(PointwiseOp::Remainder, DType::Int64, column, inputs, 2, nullptr);
      if (d > 0) pointwise(PointwiseOp::DivFloor, DType::Int64, found, inputs, 2, nullptr);
    }
  return alias(columns, DimVec{count, ndim}, DimVec{1, count}, columns.offset());
}
Tensor masked_select(const Tensor& self, const Tensor& mask) {
  const Tensor found = positions_of(mask), out = empty_tensor(found.sizes(), self.dtype(), self.device());
  take(out, self, found);
  return out;
}

void embedding(const Tensor& out, const Tensor& weight, const Tensor& indices) {
  Loop loop{{}, weight, out, indices};
  for (int64_t d = 0; d < indices.dim(); ++d) loop.add(indices.size(d), out.stride(d), 0, indices.stride(d));
  loop.add(weight.size(1), out.stride(-1), weight.stride(1), 0);
  move("IndexRead", loop, weight.size(0), weight.stride(0), Negative::Reject);
}

void embedding_dense_backward(const Tensor& out, const Tensor& grad_output, const Tensor& indices,
                              int64_t num_weights, int64_t padding_idx, bool scale_grad_by_freq) {
  const DType type = is_reduced_float(out.dtype()) ? DType::Float32 : out.dtype();
  const int64_t width = out.size(1);
  const Tensor sums = empty_tensor(DimVec{num_weights, width}, type, out.device());
  fill(sums, 0);
  Tensor grad = grad_output;
  if (type != grad.dtype()) {
    grad = empty_tensor(grad_output.sizes(), type, out.device());
    copy(grad, grad_output);
  }
  Loop loop{{}, sums, grad, indices};
  for (int64_t d = 0; d < indices.dim(); ++d) loop.add(indices.size(d), grad.stride(d), 0, indices.stride(d));
  loop.add(width, grad.stride(-1), sums.stride(1), 0);
  join("IndexAdd", loop, num_weights, sums.stride(0), Negative::Reject);
  if (scale_grad_by_freq && indices.numel() > 0) {
    const Tensor counts = empty_tensor(DimVec{num_weights, 1}, type, out.device()),
                 one = single_value(counts, 1);
    fill(counts, 0);
    Loop each{{}, counts, one, indices};
    for (int64_t d = 0; d < indices.dim(); ++d) each.add(indices.size(d), 0, 0, indices.stride(d));
    join("IndexAdd", each, num_weights, 1, Negative::Reject);
    const Tensor least = wrapped_number(1.0);
    const Tensor* const clamped[] = {&counts, &least};
    pointwise(PointwiseOp::Maximum, type, counts, clamped, 2, nullptr);
    const Tensor* const quotient[] = {&sums, &counts};
    pointwise(PointwiseOp::Div, type, sums, quotient, 2, nullptr);
  }
  if (padding_idx >= 0)
    fill(alias(sums, DimVec{width}, DimVec{1}, sums.offset() + padding_idx * sums.stride(0)), 0);
  copy(out, sums);
}

} // namespace torch::cuda
