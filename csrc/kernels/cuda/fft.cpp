// Fourier transforms by cuFFT: up to three dimensions at a time, which are made the last ones of a contiguous
// tensor. Plans are kept by shape and type; the memory that they work in comes from our allocator each time.
#include "kernels/cuda/fft_api.h"
#include "kernels/cuda/index.h"
#include "kernels/cuda/library.h"
#include "kernels/cuda/table.h"
#include "kernels/pointwise_ops.h"

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <map>

namespace torch::cuda {

namespace {

struct OpenedFft {
  Fft functions;
  bool complete = false;
};
OpenedFft open_fft() {
  OpenedFft o;
  void* const handle = emulated_driver() ? dlopen(emulated_driver(), RTLD_NOW | RTLD_LOCAL)
                                         : open_library("libcufft.so.12", "TORCH_CUFFT_DIR");
  if (!handle) return o;
  o.complete = true;
#define TORCH_FIND(member, symbol, params)                                                                   \
  o.functions.member = reinterpret_cast<decltype(o.functions.member)>(dlsym(handle, #symbol));               \
  o.complete &= o.functions.member != nullptr;
  TORCH_FFT_FUNCTIONS(TORCH_FIND)
#undef TORCH_FIND
  return o;
}
const Fft& fft() {
  static const OpenedFft o = open_fft();
  check(o.complete, "Fourier transforms on a GPU need cuFFT, which is not there: pip install nvidia-cufft");
  return o.functions;
}
void check_fft(Status status, const char* what) {
  if (status != 0) [[unlikely]]
    throw DeviceError(DeviceError::What::Failure, concat("cuFFT error ", status, " in ", what));
}

constexpr size_t kMostPlans = 1024; // the one that was used longest ago goes
constexpr size_t kMostDims = 3;     // of a plan

BlasType fft_type(DType t) {
  switch (t) {
  case DType::Float32:
    return kR32F;
  case DType::Float64:
    return kR64F;
  case DType::Complex64:
    return kC32F;
  default:
    return kC64F;
  }
}

using PlanKey = std::vector<int64_t>; // device, types, batch, sizes
struct FftPlans {
  struct Entry {
    PlanKey key;
    FftPlan plan;
    size_t work_bytes;
  };
  std::mutex mutex;
  std::list<Entry> used; // the latest first
  std::map<PlanKey, std::list<Entry>::iterator> of;
};
FftPlans& fft_plans() {
  static FftPlans* const all = new FftPlans; // outlives what uses it at the end of the process
  return *all;
}

// With the lock held.
const FftPlans::Entry& plan_of(FftPlans& all, PlanKey key, DType in, DType out, int64_t batch,
                               IntSpan sizes) {
  if (const auto at = all.of.find(key); at != all.of.end()) {
    all.used.splice(all.used.begin(), all.used, at->second);
    return all.used.front();
  }
  FftPlan plan = 0;
  check_fft(fft().create(&plan), "cufftCreate");
  size_t work_bytes = 0;
  long long n[kMostDims] = {};
  std::copy(sizes.begin(), sizes.end(), n);
  Status status = fft().allocate(plan, 0);
  if (status == 0)
    status = fft().make(plan, static_cast<int>(sizes.size()), n, nullptr, 1, 0, fft_type(in), nullptr, 1, 0,
                        fft_type(out), batch, &work_bytes, fft_type(complex_type(out)));
  if (status != 0) fft().destroy(plan);
  check_fft(status, "cufftXtMakePlanMany");
  all.used.push_front({key, plan, work_bytes});
  all.of.emplace(std::move(key), all.used.begin());
  if (all.used.size() > kMostPlans) {
    fft().destroy(all.used.back().plan);
    all.of.erase(all.used.back().key);
    all.used.pop_back();
  }
  return all.used.front();
}

// Transforms the last dimensions of `in` to those of `out`, both contiguous. A real `out` costs `in` its
// elements.
void transform(const Tensor& out, const Tensor& in, int64_t rank, bool forward) {
  Gpu& gpu = use(out.device().index);
  check_failures(gpu);
  const Tensor& full = out.is_complex() ? in : out;
  const IntSpan sizes = full.sizes().span().last(static_cast<size_t>(rank));
  const int64_t batch = full.numel() / numel_of(sizes);
  PlanKey key{gpu.index, static_cast<int64_t>(in.dtype()), static_cast<int64_t>(out.dtype()), batch};
  key.insert(key.end(), sizes.begin(), sizes.end());
  FftPlans& all = fft_plans();
  const std::lock_guard lock(all.mutex); // a plan has one stream and one work area at a time
  const FftPlans::Entry& plan = plan_of(all, std::move(key), in.dtype(), out.dtype(), batch, sizes);
  const Tensor work = empty_tensor(DimVec{static_cast<int64_t>(plan.work_bytes)}, DType::UInt8, out.device());
  check_fft(fft().set_work(plan.plan, work.data()), "cufftSetWorkArea");
  check_fft(fft().set_stream(plan.plan, current_stream(gpu.index)), "cufftSetStream");
  check_fft(fft().run(plan.plan, in.data(), out.data(), forward ? kFftForward : kFftInverse), "cufftXtExec");
}

// The tensor with these dimensions last, in their order, as an alias.
Tensor with_last(const Tensor& t, IntSpan dims) {
  DimVec sizes, strides;
  for (int64_t d = 0; d < t.dim(); ++d)
    if (std::find(dims.begin(), dims.end(), d) == dims.end()) {
      sizes.push_back(t.size(d));
      strides.push_back(t.stride(d));
    }
  for (const int64_t d : dims) {
    sizes.push_back(t.size(d));
    strides.push_back(t.stride(d));
  }
  return alias(t, sizes, strides, t.offset());
}

void scale_by(const Tensor& t, double scale) {
  if (scale == 1) return;
  const Tensor factor = wrapped_number(scale);
  const Tensor* const inputs[] = {&t, &factor};
  pointwise(PointwiseOp::Mul, t.dtype(), t, inputs, 2, nullptr);
}
double scale_for(const Tensor& t, IntSpan dims, int64_t normalization) {
  double n = 1;
  for (const int64_t d : dims) n *= double(t.size(d));
  return normalization == 0 ? 1 : normalization == 1 ? 1 / std::sqrt(n) : 1 / n;
}
DimVec wrapped(IntSpan dims, int64_t ndim) {
  DimVec result;
  for (const int64_t d : dims) result.push_back(wrap_dim(d, ndim));
  return result;
}

// Over some dimensions of `in` to a complex `out`, a few at a time, from the last ones. Where `in` is real
// the last one is half as long in `out`.
void transform_over(const Tensor& out, const Tensor& in, IntSpan dims, bool forward) {
  Tensor from = in;
  for (size_t left = dims.size(); left > 0;) {
    const size_t count = std::min(left, kMostDims);
    const IntSpan now = dims.subspan(left - count, count);
    left -= count;
    const Tensor source = with_last(from, now), target = with_last(out, now);
    const Tensor dense_in = packed(source);
    const Tensor dense_out =
        target.is_contiguous() ? target : empty_tensor(target.sizes(), target.dtype(), target.device());
    transform(dense_out, dense_in, static_cast<int64_t>(count), forward);
    if (!dense_out.is_same(target)) copy(target, dense_out);
    from = out;
  }
}

void check_fft_type(const char* op, const Tensor& t) {
  if (complex_type(t.dtype()) != DType::Complex64 && complex_type(t.dtype()) != DType::Complex128)
    fail_dtype(op, t.dtype());
}

} // namespace

void fft_c2c(const Tensor& out, const Tensor& self, IntSpan dim, int64_t normalization, bool forward) {
  if (out.numel() == 0) return;
  if (dim.empty()) return copy(out, self);
  check_fft_type("fft_c2c", self);
  const DimVec dims = wrapped(dim, self.dim());
  transform_over(out, self, dims, forward);
  scale_by(out, scale_for(self, dims, normalization));
}

void fft_r2c(const Tensor& out, const Tensor& self, IntSpan dim, int64_t normalization, bool onesided) {
  if (out.numel() == 0) return;
  check_fft_type("fft_r2c", self);
  const DimVec dims = wrapped(dim, self.dim());
  if (onesided) {
    transform_over(out, self, dims, true);
  } else {
    copy(out, self);
    transform_over(out, out, dims, true);
  }
  scale_by(out, scale_for(self, dims, normalization));
}

// The last dimension by itself, so that what is not Hermitian in the others is read as on the CPU. Numbers
// without an imaginary part in the transform of real ones have it ignored.
void fft_c2r(const Tensor& out, const Tensor& self, IntSpan dim, int64_t normalization, int64_t) {
  if (out.numel() == 0) return;
  check_fft_type("fft_c2r", self);
  const DimVec dims = wrapped(dim, self.dim());
  const IntSpan last = IntSpan(dims).last(1), others = IntSpan(dims).first(dims.size() - 1);
  const Tensor moved = with_last(self, last),
               spectrum = empty_tensor(moved.sizes(), self.dtype(), self.device());
  copy(spectrum, moved);
  DimVec shifted; // where the other dimensions are now
  for (const int64_t d : others) shifted.push_back(d > last[0] ? d - 1 : d);
  if (!shifted.empty()) transform_over(spectrum, spectrum, shifted, false);
  const int64_t n = out.size(last[0]), h = spectrum.size(-1);
  const auto make_real = [&](int64_t k) {
    DimVec sizes(spectrum.sizes()), strides(spectrum.strides());
    sizes.back() = 1;
    for (int64_t& s : strides) s *= 2;
    fill(alias_as(spectrum, real_type(spectrum.dtype()), sizes, strides, 2 * (spectrum.offset() + k) + 1), 0);
  };
  make_real(0);
  if (n % 2 == 0 && h > 1) make_real(n / 2);
  const Tensor target = with_last(out, last);
  const Tensor dense =
      target.is_contiguous() ? target : empty_tensor(target.sizes(), target.dtype(), target.device());
  transform(dense, spectrum, 1, false);
  if (!dense.is_same(target)) copy(target, dense);
  scale_by(out, scale_for(out, dims, normalization));
}

} // namespace torch::cuda
