// Random creation: draws go through the in-place fills, so that the stream is theirs.
#include "ops/entry.h"

namespace torch::ops {

namespace {
Tensor fresh(Ints size, std::optional<DType> dtype, std::optional<Device> device, DType otherwise) {
  return empty_tensor(size, dtype.value_or(otherwise), device.value_or(Device{}));
}
} // namespace

Tensor rand(Ints size, Generator* generator, std::optional<DType> dtype, std::optional<Device> device) {
  return fill_uniform(fresh(size, dtype, device, default_dtype()), generator);
}
const Tensor& fill_uniform(const Tensor& out, Generator* generator) { return uniform_(out, 0, 1, generator); }
Tensor randn(Ints size, Generator* generator, std::optional<DType> dtype, std::optional<Device> device) {
  return normal_(fresh(size, dtype, device, default_dtype()), 0, 1, generator);
}
Tensor randint(int64_t high, Ints size, Generator* generator, std::optional<DType> dtype,
               std::optional<Device> device) {
  return randint(int64_t{0}, high, size, generator, dtype, device);
}
Tensor randint(int64_t low, int64_t high, Ints size, Generator* generator, std::optional<DType> dtype,
               std::optional<Device> device) {
  return random_(fresh(size, dtype, device, DType::Int64), low, std::optional<int64_t>(high), generator);
}
Tensor randperm(int64_t n, Generator* generator, std::optional<DType> dtype, std::optional<Device> device) {
  return _randperm(n, generator, dtype, device);
}
Tensor rand_like(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device,
                 std::optional<MemoryFormat> f) {
  return uniform_(empty_like(self, dtype, device, f), 0, 1);
}
Tensor randn_like(const Tensor& self, std::optional<DType> dtype, std::optional<Device> device,
                  std::optional<MemoryFormat> f) {
  return normal_(empty_like(self, dtype, device, f), 0, 1);
}
Tensor randint_like(const Tensor& self, int64_t high, std::optional<DType> dtype,
                    std::optional<Device> device, std::optional<MemoryFormat> f) {
  return randint_like(self, int64_t{0}, high, dtype, device, f);
}
Tensor randint_like(const Tensor& self, int64_t low, int64_t high, std::optional<DType> dtype,
                    std::optional<Device> device, std::optional<MemoryFormat> f) {
  return random_(empty_like(self, dtype, device, f), low, std::optional<int64_t>(high));
}

Tensor normal(const Tensor& mean, double std, Generator* generator) {
  const Tensor out = empty_like(mean);
  normal_into(out, mean, std, generator);
  return out;
}
Tensor normal(double mean, const Tensor& std, Generator* generator) {
  const Tensor out = empty_like(std);
  normal_into(out, mean, std, generator);
  return out;
}
Tensor normal(const Tensor& mean, const Tensor& std, Generator* generator) {
  const Tensor out = empty_tensor(DimVec{0}, result_type(mean, std), mean.device());
  normal_into(out, mean, std, generator);
  return out;
}
namespace {
void check_deviation(const Tensor& std) {
  check(!std.is_complex(), "normal expects standard deviation to be non-complex");
}
} // namespace

void normal_into(const Tensor& out, const Tensor& mean, double std, Generator* generator) {
  add_(normal_(sized_out("normal", out, mean.sizes()), 0, std, generator), mean);
}
void normal_into(const Tensor& out, double mean, const Tensor& std, Generator* generator) {
  check_deviation(std);
  add_(mul_(normal_(sized_out("normal", out, std.sizes()), 0, 1, generator), std), Scalar(mean));
}
void normal_into(const Tensor& out, const Tensor& mean, const Tensor& std, Generator* generator) {
  check_deviation(std);
  const DimVec sizes = broadcast_sizes(mean.sizes(), std.sizes(), "normal");
  add_(mul_(normal_(sized_out("normal", out, sizes), 0, 1, generator), std), mean);
}

Tensor normal(double mean, double std, Ints size, Generator* generator, std::optional<DType> dtype,
              std::optional<Device> device) {
  return normal_(fresh(size, dtype, device, default_dtype()), mean, std, generator);
}

Tensor bernoulli(const Tensor& self, Generator* generator) {
  return bernoulli_(empty_tensor(self.sizes(), self.dtype(), self.device()), self,
                    generator); // draws follow the result's memory order
}
Tensor bernoulli(const Tensor& self, double p, Generator* generator) {
  return bernoulli_(empty_tensor(self.sizes(), self.dtype(), self.device()), p, generator);
}
const Tensor& random_(const Tensor& self, int64_t to, Generator* generator) {
  return random_(self, int64_t{0}, std::optional<int64_t>(to), generator);
}

} // namespace torch::ops
