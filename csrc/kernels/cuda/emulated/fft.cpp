// cuFFT for the emulated device: transforms by their definition. A transform to real numbers spoils its
// input, as the library's may.
#include "kernels/cuda/fft_api.h"

#include <cmath>
#include <complex>
#include <limits>
#include <mutex>
#include <vector>

namespace torch::emulated {

namespace {

struct Transform {
  std::vector<int64_t> n;
  int in_type = 0, out_type = 0;
  int64_t batch = 0;
  void* work = nullptr;
  bool alive = true;
};
std::mutex transforms_mutex;
std::vector<Transform> transforms;

using Z = std::complex<double>;

// Along one dimension of a row-major array, in place.
void along(std::vector<Z>& x, const std::vector<int64_t>& n, size_t d, int direction) {
  int64_t inner = 1, outer = 1;
  for (size_t k = 0; k < n.size(); ++k) (k < d ? outer : inner) *= k == d ? 1 : n[k];
  const int64_t size = n[d];
  std::vector<Z> roots(static_cast<size_t>(size)), line(roots);
  for (int64_t k = 0; k < size; ++k)
    roots[size_t(k)] = std::polar(1.0, direction * 2 * M_PI * double(k) / double(size));
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      Z* const first = x.data() + o * size * inner + i;
      for (int64_t k = 0; k < size; ++k) {
        Z sum = 0;
        for (int64_t j = 0; j < size; ++j) sum += first[j * inner] * roots[size_t(j * k % size)];
        line[size_t(k)] = sum;
      }
      for (int64_t k = 0; k < size; ++k) first[k * inner] = line[size_t(k)];
    }
}

template <class R> void transform(const Transform& t, void* in, void* out, int direction) {
  const bool from_real = t.in_type == cuda::kR32F || t.in_type == cuda::kR64F;
  const bool to_real = t.out_type == cuda::kR32F || t.out_type == cuda::kR64F;
  std::vector<int64_t> half = t.n;
  half.back() = half.back() / 2 + 1;
  int64_t rows = 1;
  for (size_t d = 0; d + 1 < t.n.size(); ++d) rows *= t.n[d];
  const int64_t last = t.n.back(), last_in = to_real ? half.back() : last,
                last_out = from_real ? half.back() : last;
  auto* const in_complex = static_cast<std::complex<R>*>(in);
  auto* const out_complex = static_cast<std::complex<R>*>(out);
  std::vector<Z> x(static_cast<size_t>(rows * last));
  for (int64_t b = 0; b < t.batch; ++b) {
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t k = 0; k < last; ++k) {
        const int64_t from = (b * rows + r) * last_in;
        Z& to = x[size_t(r * last + k)];
        if (from_real)
          to = static_cast<const R*>(in)[from + k];
        else if (k < last_in)
          to = Z(in_complex[from + k]);
        else // of one dimension
          to = std::conj(Z(in_complex[from + last - k]));
      }
    for (size_t d = 0; d < t.n.size(); ++d) along(x, t.n, d, direction);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t k = 0; k < last_out; ++k) {
        const Z value = x[size_t(r * last + k)];
        const int64_t to = (b * rows + r) * last_out + k;
        if (to_real)
          static_cast<R*>(out)[to] = R(value.real());
        else
          out_complex[to] = std::complex<R>(value);
      }
  }
  if (to_real)
    for (int64_t i = 0; i < t.batch * rows * last_in; ++i)
      in_complex[i] = std::numeric_limits<R>::quiet_NaN();
}

Transform* transform_of(cuda::FftPlan plan) {
  if (plan < 1 || static_cast<size_t>(plan) > transforms.size() || !transforms[size_t(plan) - 1].alive)
    return nullptr;
  return &transforms[size_t(plan) - 1];
}

} // namespace

} // namespace torch::emulated

using torch::cuda::FftPlan;
using torch::cuda::Status;
using namespace torch::emulated;

extern "C" {

Status cufftCreate(FftPlan* plan) {
  const std::lock_guard lock(transforms_mutex);
  transforms.emplace_back();
  *plan = static_cast<FftPlan>(transforms.size());
  return 0;
}
Status cufftDestroy(FftPlan plan) {
  const std::lock_guard lock(transforms_mutex);
  Transform* const t = transform_of(plan);
  if (!t) return 1;
  t->alive = false;
  return 0;
}
Status cufftSetAutoAllocation(FftPlan, int allocate) { return allocate ? 0xE : 0; }
Status cufftXtMakePlanMany(FftPlan plan, int rank, long long* n, long long* in_embed, long long, long long,
                           int in_type, long long* out_embed, long long, long long, int out_type,
                           long long batch, size_t* work_bytes, int computed) {
  const std::lock_guard lock(transforms_mutex);
  Transform* const t = transform_of(plan);
  const bool wide = out_type == torch::cuda::kR64F || out_type == torch::cuda::kC64F;
  const bool to_real = out_type == torch::cuda::kR32F || out_type == torch::cuda::kR64F;
  if (!t || rank < 1 || rank > 3 || in_embed || out_embed || batch < 1 || (to_real && rank > 1)) return 4;
  if (computed != (wide ? torch::cuda::kC64F : torch::cuda::kC32F)) return 3;
  for (int d = 0; d < rank; ++d)
    if (n[d] < 1) return 8;
  t->n.assign(n, n + rank);
  t->in_type = in_type;
  t->out_type = out_type;
  t->batch = batch;
  *work_bytes = 512;
  return 0;
}
Status cufftSetWorkArea(FftPlan plan, void* work) {
  const std::lock_guard lock(transforms_mutex);
  Transform* const t = transform_of(plan);
  if (t) t->work = work;
  return t && work ? 0 : 4;
}
Status cufftSetStream(FftPlan, torch::cuda::Stream) { return 0; }
Status cufftXtExec(FftPlan plan, void* in, void* out, int direction) {
  const std::lock_guard lock(transforms_mutex);
  const Transform* const t = transform_of(plan);
  if (!t || t->n.empty()) return 1;
  if (!t->work) return 0xD;
  const bool wide = t->out_type == torch::cuda::kR64F || t->out_type == torch::cuda::kC64F;
  wide ? transform<double>(*t, in, out, direction) : transform<float>(*t, in, out, direction);
  return 0;
}

} // extern "C"
