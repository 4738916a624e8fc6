// Random numbers: the generator of each device, and how many threads draw.
#include "kernels/cuda/device/random_args.h"
#include "kernels/cuda/graph.h"
#include "kernels/cuda/index.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/philox.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/walk.h"
#include "kernels/pointwise_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace torch::cuda {

namespace {

constexpr Family kRandom{"random", "RANDOM", true}, kReject{"random", "REJECT", true};

struct Philox {
  std::mutex mutex;
  PhiloxState states[kMaxDevices];
};
Philox& generators() {
  static Philox* const all = new Philox;
  return *all;
}

// As many threads as PyTorch's kernels have, so that elements take the same words.
void draw(const char* op, DType computed, const Tensor& out, RandomArgs& args, Generator* generator,
          const Tensor* p = nullptr) {
  if (out.numel() == 0) return;
  Gpu& gpu = use(out.device().index);
  args.out = out.data();
  args.out_type = out.dtype();
  args.n = out.numel();
  if (p) {
    args.p = p->data();
    args.p_type = p->dtype();
  }
  const Tensor* const operands[] = {&out, p};
  args.places = find_places(out.sizes(), operands);
  const int64_t most =
      std::max<int64_t>(1, int64_t{gpu.multiprocessors} * (gpu.threads_per_multiprocessor / kRandomThreads));
  const int64_t blocks = std::min(most, (args.n + kRandomThreads - 1) / kRandomThreads);
  args.threads = blocks * kRandomThreads;
  const int64_t each = item_size(computed) == 4 ? 4 : 2;
  const int64_t draws = (args.n - 1) / (args.threads * each) + 1;
  args.random = take_philox(gpu, static_cast<uint64_t>(4 * draws), generator);
  launch(gpu, find_kernel(concat(op, "_", type_name(computed), "_any"), kRandom), {blocks, kRandomThreads},
         &args);
}

// A thread for each element, which all have one step of the generator (see Source in device/random.h).
void reject(const char* op, DType computed, const Tensor& out, const Tensor& p, Generator* generator,
            const Tensor* q = nullptr) {
  if (out.numel() == 0) return;
  Gpu& gpu = use(out.device().index);
  RandomArgs args{};
  args.out = out.data();
  args.out_type = out.dtype();
  args.n = out.numel();
  args.p = p.data();
  args.p_type = p.dtype();
  if (q) {
    args.q = q->data();
    args.q_type = q->dtype();
  }
  const Tensor* const operands[] = {&out, &p, q};
  args.places = find_places(out.sizes(), operands);
  args.random = take_philox(gpu, 4, generator);
  launch(gpu, find_kernel(concat(op, "_", type_name(computed), "_any"), kReject),
         {(args.n + kRandomThreads - 1) / kRandomThreads, kRandomThreads}, &args);
}
DType rejected_in(DType t) { return t == DType::Float64 ? DType::Float64 : DType::Float32; }

void combine(PointwiseOp op, DType computed, const Tensor& out, const Tensor& a, const Tensor& b) {
  const Tensor* const inputs[] = {&a, &b};
  pointwise(op, computed, out, inputs, 2, nullptr);
}
Tensor like(const Tensor& t, DType dtype) { return empty_tensor(t.sizes(), dtype, t.device()); }
bool holds(const Tensor& flags) { // of all of them
  const Tensor result = empty_tensor({}, DType::Bool, flags.device()), read = empty_tensor({}, DType::Bool);
  all(result, flags, {});
  copy(read, result);
  return *read.data<bool>();
}

Tensor parts_of(const Tensor& t) { // real and imaginary parts as a dimension
  DimVec sizes(t.sizes()), strides(t.strides());
  for (int64_t& s : strides) s *= 2;
  sizes.push_back(2);
  strides.push_back(1);
  return alias_as(t, real_type(t.dtype()), sizes, strides, 2 * t.offset());
}

void floating(const char* named, const char* op, const Tensor& out, double a, double b,
              Generator* generator) {
  if (out.numel() == 0) return; // of any dtype
  if (!is_floating(out.dtype()) || is_low_precision(out.dtype())) fail_dtype(named, out.dtype());
  RandomArgs args{};
  args.a = a;
  args.b = b;
  draw(op, out.dtype() == DType::Float64 ? DType::Float64 : DType::Float32, out, args, generator);
}
// Integers in [base, base + range); range 0: all of 64 bits.
void whole(const Tensor& out, int64_t base, uint64_t range, Generator* generator) {
  if (out.numel() == 0) return; // of any dtype
  if (out.is_complex()) fail_dtype("random_", out.dtype());
  RandomArgs args{};
  args.base = base;
  args.range = range;
  const bool narrow = range != 0 && range < uint64_t{1} << 28;
  const bool fits = base >= std::numeric_limits<int32_t>::min() &&
                    base + static_cast<int64_t>(range) <= std::numeric_limits<int32_t>::max();
  if (narrow && !fits) { // drawn as if from 0
    const Tensor drawn = empty_tensor(out.sizes(), DType::Int64, out.device());
    whole(drawn, 0, range, generator);
    const Tensor first = wrapped_number(base);
    const Tensor* const inputs[] = {&drawn, &first};
    const Scalar one(1);
    pointwise(PointwiseOp::Add, DType::Int64, drawn, inputs, 2, &one);
    return copy(out, drawn);
  }
  draw("Whole", narrow ? DType::Int32 : DType::Int64, out, args, generator);
}

} // namespace

PhiloxState philox_state(int device) {
  const std::lock_guard lock(generators().mutex);
  return generators().states[device];
}
PhiloxSource take_philox(Gpu& gpu, uint64_t words, Generator* generator) {
  if (generator) {
    const std::lock_guard lock(generator->mutex());
    check(generator->device().type == DeviceType::CUDA,
          "Expected a 'cuda' device type for generator but found 'cpu'");
    check(generator->device().index == gpu.index, "Expected a generator of cuda:", gpu.index, ", got one of ",
          generator->device());
    if (DeviceGeneratorState own = device_state(*generator); !own.is_default) {
      check(!is_captured(current_stream(gpu.index)),
            "a CUDA graph can draw from the generator of its device only, not from one that is given");
      const PhiloxSource from{generator->initial_seed(), own.offset, nullptr};
      own.offset += words;
      set_device_state(*generator, own);
      return from;
    }
  }
  if (is_captured(current_stream(gpu.index))) return captured_philox(gpu, words);
  Philox& all = generators();
  const std::lock_guard lock(all.mutex);
  PhiloxState& state = all.states[gpu.index];
  const PhiloxSource from{state.seed, state.offset, nullptr};
  state.offset += words;
  return from;
}
void set_philox_state(int device, PhiloxState state) {
  const std::lock_guard lock(generators().mutex);
  for (int i = 0; i < kMaxDevices; ++i)
    if (device < 0 || i == device) generators().states[i] = state;
}

void uniform(const Tensor& self, double from, double to, Generator* generator) {
  floating("uniform_", "Uniform", self.is_complex() ? parts_of(self) : self, from, to, generator);
}
// Both parts of complex numbers are drawn, each with half the variance and the whole mean.
void normal(const Tensor& self, double mean, double std, Generator* generator) {
  const bool parts = self.is_complex();
  floating("normal_", "Normal", parts ? parts_of(self) : self, mean, parts ? std / std::numbers::sqrt2 : std,
           generator);
}
void log_normal(const Tensor& self, double mean, double std, Generator* generator) {
  floating("log_normal_", "LogNormal", self, mean, std, generator);
}
void exponential(const Tensor& self, double lambd, Generator* generator) {
  floating("exponential_", "Exponential", self, lambd, 0, generator);
}
void cauchy(const Tensor& self, double median, double sigma, Generator* generator) {
  floating("cauchy_", "Cauchy", self, median, sigma, generator);
}
void geometric(const Tensor& self, double p, Generator* generator) {
  if (self.numel() == 0) return; // of any dtype
  if (self.is_complex()) fail_dtype("geometric_", self.dtype());
  RandomArgs args{};
  args.a = p;
  draw("Geometric", self.dtype() == DType::Float64 ? DType::Float64 : DType::Float32, self, args, generator);
}
void bernoulli(const Tensor& self, double p, Generator* generator) {
  RandomArgs args{};
  args.a = p;
  draw("Bernoulli", self.dtype() == DType::Float64 ? DType::Float64 : DType::Float32, self, args, generator);
}
void bernoulli_tensor(const Tensor& self, const Tensor& p, Generator* generator) {
  if (self.numel() == 0) return; // of any dtype
  if (!is_floating(p.dtype())) fail_dtype("bernoulli", p.dtype());
  RandomArgs args{};
  draw("Bernoulli", p.dtype() == DType::Float64 ? DType::Float64 : DType::Float32, self, args, generator, &p);
}
void random_from_to(const Tensor& self, int64_t from, int64_t to, Generator* generator) {
  whole(self, from, static_cast<uint64_t>(to) - static_cast<uint64_t>(from), generator);
}
// All values >= 0 of an integer type; 0 ... 2^digits of a floating-point type.
void random_full(const Tensor& self, Generator* generator) {
  if (self.numel() > 0 && self.is_complex()) fail_dtype("random_", self.dtype());
  uint64_t range = 0;
  switch (self.dtype()) {
  case DType::Bool:
    range = 2;
    break;
  case DType::Float64:
    range = (uint64_t{1} << 53) + 1;
    break;
  case DType::Float32:
    range = (uint64_t{1} << 24) + 1;
    break;
  case DType::Float16:
    range = (uint64_t{1} << 11) + 1;
    break;
  case DType::BFloat16:
    range = (uint64_t{1} << 8) + 1;
    break;
  default: {
    const int64_t bits = 8 * self.itemsize() - (is_signed(self.dtype()) ? 1 : 0);
    range = bits == 64 ? 0 : uint64_t{1} << bits;
  }
  }
  whole(self, 0, range, generator);
}
// A slope of [lower, upper) for each element that is not positive, else 1.
void rrelu_noise(const Tensor& out, const Tensor& self, double lower, double upper, Generator* generator) {
  if (out.numel() == 0) return;
  uniform(out, lower, upper, generator);
  const Tensor mask = empty_tensor(self.sizes(), DType::Bool, self.device());
  const Tensor zero = wrapped_number(0), one = wrapped_number(1);
  const Tensor* const compared[] = {&self, &zero};
  pointwise(PointwiseOp::Le, self.dtype(), mask, compared, 2, nullptr);
  const Tensor* const chosen[] = {&mask, &out, &one};
  pointwise(PointwiseOp::Where, out.dtype(), out, chosen, 3, nullptr);
}
// The order of random keys.
void randperm(const Tensor& out, int64_t n, Generator* generator) {
  if (n == 0) return;
  const Tensor keys = empty_tensor(DimVec{n}, DType::Float64, out.device()),
               sorted = empty_tensor(DimVec{n}, DType::Float64, out.device()),
               order = empty_tensor(DimVec{n}, DType::Int64, out.device());
  uniform(keys, 0, 1, generator);
  sort(sorted, order, keys, 0, false, true);
  copy(out, order);
}

void poisson(const Tensor& out, const Tensor& self, Generator* generator) {
  if (!is_floating(self.dtype()) || is_low_precision(self.dtype())) fail_dtype("poisson", self.dtype());
  reject("Poisson", rejected_in(self.dtype()), out, self, generator);
}
void binomial(const Tensor& out, const Tensor& count, const Tensor& prob, Generator* generator) {
  if (out.dtype() != DType::Float32 && out.dtype() != DType::Float64) fail_dtype("binomial", out.dtype());
  reject("Binomial", out.dtype(), out, count, generator, &prob);
}
void standard_gamma(const Tensor& out, const Tensor& self, Generator* generator) {
  if (self.dtype() != DType::Float32 && self.dtype() != DType::Float64)
    fail_dtype("_standard_gamma", self.dtype());
  reject("Gamma", self.dtype(), out, self, generator);
  const double least = self.dtype() == DType::Float64 ? std::numeric_limits<double>::min()
                                                      : double{std::numeric_limits<float>::min()};
  combine(PointwiseOp::Maximum, out.dtype(), out, out, wrapped_number(least));
}
// Draws of gamma distributions divided by the sum of their row, in double precision.
void sample_dirichlet(const Tensor& out, const Tensor& self, Generator* generator) {
  if (self.dtype() != DType::Float32 && self.dtype() != DType::Float64)
    fail_dtype("_sample_dirichlet", self.dtype());
  if (out.numel() == 0) return;
  const Tensor draws = like(self, DType::Float64);
  reject("Gamma", DType::Float64, draws, self, generator);
  DimVec sizes(self.sizes());
  if (!sizes.empty()) sizes.back() = 1;
  const Tensor sums = empty_tensor(sizes, DType::Float64, self.device());
  const int64_t last[] = {self.dim() - 1};
  sum(sums, draws, self.dim() == 0 ? IntSpan() : IntSpan(last));
  combine(PointwiseOp::Div, DType::Float64, draws, draws, sums);
  const bool wide = self.dtype() == DType::Float64;
  const double least = wide ? std::numeric_limits<double>::min() : double{std::numeric_limits<float>::min()},
               most = wide ? std::nextafter(1.0, 0.0) : double{std::nextafter(1.0f, 0.0f)};
  combine(PointwiseOp::Maximum, DType::Float64, draws, draws, wrapped_number(least));
  combine(PointwiseOp::Minimum, DType::Float64, draws, draws, wrapped_number(most));
  copy(out, draws);
}

// With replacement: the first running sum that is not below a uniform number. Without, and for one sample:
// the largest quotients of weight and an exponential number (Efraimidis and Spirakis, 2006).
void multinomial(const Tensor& out, const Tensor& self, int64_t num_samples, bool replacement,
                 Generator* generator) {
  if (self.numel() == 0 || num_samples == 0) return;
  if (!is_floating(self.dtype()) || is_low_precision(self.dtype())) fail_dtype("multinomial", self.dtype());
  const DType computed = rejected_in(self.dtype());
  const int64_t last[] = {self.dim() - 1};
  const Tensor weights = like(self, computed), flags = like(self, DType::Bool);
  copy(weights, self);
  const Tensor most = wrapped_number(computed == DType::Float64 ? std::numeric_limits<double>::max()
                                                                : double{std::numeric_limits<float>::max()}),
               zero = wrapped_number(0.0);
  combine(PointwiseOp::Le, computed, flags, weights, most);
  check(holds(flags), "probability tensor contains either `inf`, `nan` or element < 0");
  combine(PointwiseOp::Ge, computed, flags, weights, zero);
  check(holds(flags), "probability tensor contains either `inf`, `nan` or element < 0");
  DimVec sizes(self.sizes());
  sizes.back() = 1;
  const Tensor totals = empty_tensor(sizes, computed, self.device()), positive = like(totals, DType::Bool);
  sum(totals, weights, last);
  combine(PointwiseOp::Gt, computed, positive, totals, zero);
  check(holds(positive), "invalid multinomial distribution (sum of probabilities <= 0)");

  if (replacement && num_samples > 1) {
    const Tensor sums = like(weights, computed), numbers = like(out, computed);
    cumsum(sums, weights, self.dim() - 1);
    const int64_t n = self.size(-1);
    const Tensor ends = alias(sums, sizes, sums.strides(), sums.offset() + n - 1);
    copy(totals, ends); // so that the last quotient is 1
    combine(PointwiseOp::Div, computed, sums, sums, totals);
    uniform(numbers, 0, 1, generator);
    searchsorted(out, sums, numbers, false);
    return;
  }
  const Tensor noise = like(weights, computed);
  exponential(noise, 1, generator);
  combine(PointwiseOp::Div, computed, weights, weights, noise);
  sizes.back() = num_samples;
  const Tensor values = empty_tensor(sizes, computed, self.device());
  topk(values, out, weights, num_samples, self.dim() - 1, true, true);
}

} // namespace torch::cuda
