// Tensors that are made or rearranged by where their elements stand: sequences, triangles, concatenation,
// flips and shifts. The last three are copies of parts.
#include "kernels/cuda/device/index_args.h"
#include "kernels/cuda/index.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/walk.h"

namespace torch::cuda {

namespace {

constexpr Family kPattern{"index", "PATTERN"};

// `steps`: of the pattern along each dimension.
void run(const char* op, DType computed, DType stored, const Tensor& out, const Tensor* in, IntSpan steps,
         PatternArgs& args) {
  if (out.numel() == 0) return;
  std::vector<Dim> dims;
  for (int64_t d = out.dim(); d-- > 0;)
    dims.push_back({out.size(d),
                    {out.stride(d) * out.itemsize(), in ? in->stride(d) * in->itemsize() : 0,
                     steps[static_cast<size_t>(d)]}});
  args.places = arrange(std::move(dims), 3);
  args.out = out.data();
  args.in = in ? in->data() : nullptr;
  args.out_type = out.dtype();
  args.n = out.numel();
  launch_each(use(out.device().index),
              find_kernel(concat(op, "_", type_name(computed), "_", type_name(stored)), kPattern), args.n,
              &args);
}

// Keeps where (column - row) is at most, or at least, the bound.
void keep(const Tensor& out, const Tensor& self, int64_t bound, bool below) {
  DimVec steps(static_cast<size_t>(out.dim()), 0);
  steps[steps.size() - 1] = 1;
  steps[steps.size() - 2] = -1;
  PatternArgs args{};
  args.bound = bound;
  args.keep_below = below;
  const DType type = moved_as(out.dtype());
  run("Keep", type, type, out, &self, steps, args);
}

void sequence(const char* op, DType computed, const Tensor& out, PatternArgs& args) {
  check_kind(ErrorKind::NotImplemented, static_cast<int>(out.dtype()) < kStored, op,
             ": there is no CUDA kernel for ", out.dtype());
  run(op, computed, computed, out, nullptr, contiguous_strides(out.sizes()), args);
}

} // namespace

void arange(const Tensor& out, const Scalar& start, const Scalar& step) {
  if (out.is_complex()) fail_dtype("arange", out.dtype());
  PatternArgs args{};
  const bool whole = is_integral(out.dtype(), true);
  if (whole) {
    args.whole_from = start.to<int64_t>();
    args.whole_by = step.to<int64_t>();
  } else {
    args.from = start.to<double>();
    args.by = step.to<double>();
  }
  sequence("Arange", whole ? DType::Int64 : DType::Float64, out, args);
}

// Complex and half-precision sequences round in ways of their own: as the CPU makes them.
void linspace(const Tensor& out, const Scalar& start, const Scalar& end) {
  if (out.numel() == 0) return;
  if (out.is_complex() || is_reduced_float(out.dtype()) || out.numel() == 1) {
    const Tensor made = empty_tensor(out.sizes(), out.dtype());
    cpu_kernels().linspace(made, start, end);
    return copy(out, made);
  }
  const auto rounded = [&](const Scalar& s) {
    return visit_all(out.dtype(),
                     [&](auto tag) { return Scalar(s.to<typename decltype(tag)::type>()).to<double>(); });
  };
  PatternArgs args{};
  args.from = rounded(start);
  args.to = rounded(end);
  const auto steps = static_cast<double>(out.numel() - 1);
  const bool wide = out.dtype() == DType::Float64;
  args.by = wide ? (args.to - args.from) / steps : double((float(args.to) - float(args.from)) / float(steps));
  sequence("Linspace", wide ? DType::Float64 : DType::Float32, out, args);
}

void eye(const Tensor& out) {
  fill(out, 0);
  const int64_t n = std::min(out.size(0), out.size(1));
  if (n > 0) fill(alias(out, DimVec{n}, DimVec{out.stride(0) + out.stride(1)}, out.offset()), 1);
}
void tril(const Tensor& out, const Tensor& self, int64_t diagonal) { keep(out, self, diagonal, true); }
void triu(const Tensor& out, const Tensor& self, int64_t diagonal) { keep(out, self, diagonal, false); }

void cat(const Tensor& out, TensorList tensors, int64_t dim) {
  if (out.numel() == 0) return;
  const auto along = static_cast<size_t>(wrap_dim(dim, out.dim()));
  int64_t at = 0;
  for (const Tensor& t : tensors) {
    if (t.dim() == 1 && t.numel() == 0) continue;
    DimVec sizes = out.sizes();
    sizes[along] = t.sizes()[along];
    if (t.numel() > 0) copy(alias(out, sizes, out.strides(), out.offset() + at * out.strides()[along]), t);
    at += t.sizes()[along];
  }
}

void flip(const Tensor& out, const Tensor& self, IntSpan dims) {
  const uint64_t flipped = dims.empty() ? 0 : dim_mask(dims, self.dim(), "flip");
  if (self.numel() == 0) return;
  DimVec steps(static_cast<size_t>(out.dim()), 0); // read from the end
  DimVec strides = self.strides();
  int64_t start = self.offset();
  for (size_t d = 0; d < strides.size(); ++d)
    if (flipped >> d & 1) {
      start += (self.sizes()[d] - 1) * strides[d];
      strides[d] = -strides[d];
    }
  PatternArgs args{}; // the pattern is 0 everywhere: all is kept
  args.keep_below = 1;
  const DType type = moved_as(out.dtype());
  const Tensor reversed = alias(self, self.sizes(), strides, start);
  run("Keep", type, type, out, &reversed, steps, args);
}

// Without dims the elements are shifted as one row.
void roll(const Tensor& out, const Tensor& self, IntSpan shifts, IntSpan dims) {
  if (self.numel() == 0) return;
  if (dims.empty()) {
    const Tensor from = packed(self), to = packed(out);
    const auto row = [](const Tensor& t) { return alias(t, DimVec{t.numel()}, DimVec{1}, t.offset()); };
    roll(row(to), row(from), shifts, DimVec{0});
    if (!to.is_same(out)) copy(out, to);
    return;
  }
  DimVec shift(static_cast<size_t>(self.dim()), 0), cut;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (self.dim() == 0) continue;
    const auto d = static_cast<size_t>(wrap_dim(dims[i], self.dim()));
    const int64_t size = self.sizes()[d];
    shift[d] = ((shift[d] + shifts[i] % size) % size + size) % size;
  }
  for (size_t d = 0; d < shift.size(); ++d)
    if (shift[d] != 0) cut.push_back(static_cast<int64_t>(d));
  // Every shifted dimension cuts self in two; each combination of halves is a block that moves as one.
  for (uint64_t half = 0; half < uint64_t{1} << cut.size(); ++half) {
    DimVec sizes = self.sizes();
    int64_t from = self.offset(), to = out.offset();
    for (size_t k = 0; k < cut.size(); ++k) {
      const auto d = static_cast<size_t>(cut[k]);
      if (half >> k & 1) { // the last slices move to the front
        from += (sizes[d] - shift[d]) * self.strides()[d];
        sizes[d] = shift[d];
      } else {
        sizes[d] -= shift[d];
        to += shift[d] * out.strides()[d];
      }
    }
    copy(alias(out, sizes, out.strides(), to), alias(self, sizes, self.strides(), from));
  }
}

} // namespace torch::cuda
