// Running sums and their like along a dimension: how lines are shared between blocks.
#include "kernels/cuda/device/scan_args.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/walk.h"

namespace torch::cuda {

namespace {

constexpr Family kScan{"scan", "SCAN", true};
constexpr int64_t kShortLine = 32; // elements

// acc_width: bytes of an accumulator.
void scan(const char* op, DType computed, int64_t acc_width, const Tensor& out, const Tensor& indices,
          const Tensor& self, int64_t dim) {
  if (out.numel() == 0) return;
  check_kind(ErrorKind::NotImplemented,
             static_cast<int>(self.dtype()) < kStored && static_cast<int>(out.dtype()) < kStored, op,
             ": there is no CUDA kernel for ", self.dtype());
  ScanArgs args{};
  const Tensor* const operands[] = {&out, indices.defined() ? &indices : &out, &self};
  const int64_t along = wrap_dim(dim, self.dim());
  std::vector<Dim> lines; // in the order of what is read
  args.n = 1;
  for (int64_t d = self.dim(); d-- > 0;) {
    Dim each{self.size(d), {}};
    for (int k = 0; k < 3; ++k) each.strides[k] = operands[k]->stride(d) * operands[k]->itemsize();
    if (d == along) {
      args.n = each.size;
      std::copy_n(each.strides, 3, args.step);
    } else {
      lines.push_back(each);
    }
  }
  args.lines = self.numel() / args.n;
  args.places = arrange(std::move(lines), 3);
  args.out = out.data();
  args.indices = indices.defined() ? indices.data() : nullptr;
  args.in = self.data();
  args.out_type = out.dtype();
  args.in_type = self.dtype();

  Gpu& gpu = use(out.device().index);
  Kernel const kernel = find_kernel(concat(op, "_", type_name(computed), "_any"), kScan);
  // Neighbours are read together, or what a thread reads is soon read on.
  const bool by_threads = args.step[2] > self.itemsize() || args.n <= kShortLine;
  if (by_threads && args.lines >= kScanThreads) {
    args.phase = ScanPhase::ByThreads;
    return launch(gpu, kernel, {(args.lines + kScanThreads - 1) / kScanThreads, kScanThreads}, &args);
  }
  args.chunks = (args.n + kScanChunk - 1) / kScanChunk;
  const Grid all{args.lines * args.chunks, kScanThreads};
  args.phase = ScanPhase::Whole;
  if (args.chunks == 1) return launch(gpu, kernel, all, &args);
  const Tensor totals = empty_tensor(DimVec{all.blocks * acc_width}, DType::UInt8, out.device());
  args.totals = totals.data();
  args.phase = ScanPhase::Totals;
  launch(gpu, kernel, all, &args);
  args.phase = ScanPhase::JoinTotals;
  launch(gpu, kernel, {args.lines, kScanThreads}, &args);
  args.phase = ScanPhase::Final;
  launch(gpu, kernel, all, &args);
}

DType joined_in(DType t) {
  const DType computed = kComputeTypes[compute_index(t)];
  return computed == DType::Int32 || computed == DType::UInt64 ? DType::Int64 : computed;
}
// In the domain of the output.
void accumulate(const char* op, const Tensor& out, const Tensor& self, int64_t dim) {
  if (out.dtype() == DType::Bool) return copy(out, self); // one element, if any
  const DType computed = joined_in(out.dtype());
  scan(op, computed, item_size(computed), out, {}, self, dim);
}
void extremum(const char* op, const char* named, const Tensor& values, const Tensor& indices,
              const Tensor& self, int64_t dim) {
  if (self.is_complex()) fail_dtype(named, self.dtype());
  scan(op, joined_in(self.dtype()), 2 * int64_t(sizeof(int64_t)), values, indices, self, dim);
}

} // namespace

void cumsum(const Tensor& out, const Tensor& self, int64_t dim) { accumulate("CumSum", out, self, dim); }
void cumprod(const Tensor& out, const Tensor& self, int64_t dim) { accumulate("CumProd", out, self, dim); }
void logcumsumexp(const Tensor& out, const Tensor& self, int64_t dim) {
  if (is_integral(out.dtype(), true)) fail_dtype("logcumsumexp", out.dtype());
  accumulate("LogCumSumExp", out, self, dim);
}
void cummax(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim) {
  extremum("CumMax", "cummax", values, indices, self, dim);
}
void cummin(const Tensor& values, const Tensor& indices, const Tensor& self, int64_t dim) {
  extremum("CumMin", "cummin", values, indices, self, dim);
}

} // namespace torch::cuda
