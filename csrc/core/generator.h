// Random number generator of the CPU: MT19937 (Matsumoto and Nishimura, 1998) with the stream and transforms
// that PyTorch's CPU generator is observed to give, so that one seed gives the same numbers.
#pragma once

#include "core/device.h"
#include "core/intrusive.h"
#include "core/mt19937.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace torch {

class Generator final : public RefCounted {
public:
  static Ref<Generator> create(Device device = {}, uint64_t seed = 67280421310721ull);
  static void destroy(Generator* g) { delete g; }

  Device device() const { return device_; }
  uint64_t initial_seed() const { return seed_; }
  void manual_seed(uint64_t seed);
  uint64_t seed(); // non-deterministic, also sets it

  uint32_t random32();
  uint64_t random64();                           // two draws, the first is the high word
  double uniform_double();                       // 53 bits in [0, 1)
  float uniform_float();                         // 24 bits in [0, 1)
  double normal_double(double mean, double std); // Box-Muller in double with a cached second value

  // The state bytes of torch.get_rng_state (5056 bytes), interchangeable with PyTorch's.
  std::vector<uint8_t> get_state() const;
  void set_state(const uint8_t* bytes, size_t n); // RuntimeError if malformed
  Ref<Generator> clone() const;

  // Held by an op for the whole of its draws, by each thread one at a time: a few locks serve all generators,
  // so that fork can wait for them and a child never finds a generator halfway.
  std::mutex& mutex() const;

  Mt19937 engine;        // kernels draw from it in blocks
  void* pyobj = nullptr; // borrowed
  std::optional<float> next_float_normal;
  std::optional<double> next_double_normal;

private:
  Generator() = default;
  Device device_;
  uint64_t seed_ = 0;
};

// The generator that ops use when none is given; created at first use.
const Ref<Generator>& default_generator();

} // namespace torch
