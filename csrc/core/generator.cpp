#include "core/generator.h"

#include "core/backend.h"
#include "core/error.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <numbers>
#include <pthread.h>
#include <random>

namespace torch {
namespace {

// The bytes of a saved state: what torch.get_rng_state() is observed to return.
struct SavedState {
  uint64_t seed;
  int32_t left;
  int32_t seeded;
  uint64_t next;
  uint64_t words[Mt19937::kWords];
  double unused_x;
  double normal; // second value of the last pair of normals, if has_normal
  double unused_rho;
  int32_t has_normal;
  int32_t padding;
  float float_normal;
  uint8_t has_float_normal;
  uint8_t padding_end[3];
};
static_assert(sizeof(SavedState) == 5056);

constinit std::array<std::mutex, 32> draw_locks;
[[maybe_unused]] const int registered_for_fork = pthread_atfork(
    [] {
      for (std::mutex& m : draw_locks) m.lock();
    },
    [] {
      for (std::mutex& m : draw_locks) m.unlock();
    },
    [] {
      for (std::mutex& m : draw_locks) m.unlock();
    });

} // namespace

std::mutex& Generator::mutex() const {
  return draw_locks[(reinterpret_cast<uintptr_t>(this) >> 6) % draw_locks.size()];
}

Ref<Generator> Generator::create(Device device, uint64_t seed) {
  auto g = Ref<Generator>(new Generator);
  g->device_ = device;
  if (device.type != DeviceType::CPU) set_device_state(*g, {});
  g->manual_seed(seed);
  return g;
}

void Generator::manual_seed(uint64_t seed) {
  seed_ = seed;
  if (device_.type != DeviceType::CPU) {
    DeviceGeneratorState state = device_state(*this);
    state.offset = 0;
    set_device_state(*this, state);
    if (state.is_default) cuda_backend().set_random_state(device_.index, seed, 0);
    return;
  }
  mt_seed(engine, static_cast<uint32_t>(seed));
  next_float_normal.reset();
  next_double_normal.reset();
}

uint64_t Generator::seed() {
  uint64_t fresh = 0;
  try {
    std::random_device device;
    fresh = uint64_t{device()} << 32 | device();
  } catch (const std::exception&) { // no entropy source
    fresh = static_cast<uint64_t>(std::chrono::high_resolution_clock::now().time_since_epoch().count());
  }
  manual_seed(fresh);
  return fresh;
}

uint32_t Generator::random32() {
  if (engine.left == 1) mt_step(engine);
  --engine.left;
  return mt_temper(engine.words[engine.next++]);
}

uint64_t Generator::random64() {
  const uint64_t first = random32(), second = random32();
  return first << 32 | second;
}

float Generator::uniform_float() { return static_cast<float>(random32() & 0xffffff) * 0x1p-24f; }

double Generator::uniform_double() {
  return static_cast<double>(random64() & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
}

// Box and Muller (1958); the last multiply-add has one rounding, as observed.
double Generator::normal_double(double mean, double std) {
  if (next_double_normal) {
    const double z = *next_double_normal;
    next_double_normal.reset();
    return std::fma(z, std, mean);
  }
  const double u1 = uniform_double(), u2 = uniform_double();
  const double radius = std::sqrt(-2.0 * std::log1p(-u2));
  const double angle = 2.0 * std::numbers::pi * u1;
  next_double_normal = radius * std::sin(angle);
  return std::fma(radius * std::cos(angle), std, mean);
}

// Of a device: the seed, and how much was drawn.
std::vector<uint8_t> Generator::get_state() const {
  if (device_.type != DeviceType::CPU) {
    const DeviceGeneratorState own = device_state(*this);
    uint64_t words[2] = {seed_, own.offset};
    if (own.is_default) cuda_backend().random_state(device_.index, words[0], words[1]);
    std::vector<uint8_t> bytes(sizeof words);
    std::memcpy(bytes.data(), words, sizeof words);
    return bytes;
  }
  SavedState s{};
  s.seed = seed_;
  s.left = engine.left;
  s.seeded = 1;
  s.next = engine.next;
  for (int i = 0; i < Mt19937::kWords; ++i) s.words[i] = engine.words[i];
  s.normal = next_double_normal.value_or(0.0);
  s.has_normal = next_double_normal.has_value();
  s.float_normal = next_float_normal.value_or(0.0f);
  s.has_float_normal = next_float_normal.has_value();
  std::vector<uint8_t> bytes(sizeof s);
  std::memcpy(bytes.data(), &s, sizeof s);
  return bytes;
}

void Generator::set_state(const uint8_t* bytes, size_t n) {
  if (device_.type != DeviceType::CPU) {
    uint64_t words[2];
    check(n == sizeof words, "RNG state is wrong size");
    std::memcpy(words, bytes, sizeof words);
    check(words[1] % 4 == 0, "offset must be a multiple of 4");
    seed_ = words[0];
    DeviceGeneratorState state = device_state(*this);
    state.offset = words[1];
    set_device_state(*this, state);
    if (state.is_default) cuda_backend().set_random_state(device_.index, words[0], words[1]);
    return;
  }
  check(n == sizeof(SavedState), "Expected a CPUGeneratorImplState of size ", sizeof(SavedState),
        " but found the input RNG state size to be ", n);
  SavedState s;
  std::memcpy(&s, bytes, sizeof s);
  // Whoever wrote the bytes: draws before the next step must lie within the words.
  check(s.seeded == 1 && s.left >= 1 && s.left <= Mt19937::kWords && s.next <= Mt19937::kWords &&
            s.next + static_cast<uint64_t>(s.left) <= Mt19937::kWords + 1,
        "Invalid mt19937 state");
  seed_ = s.seed;
  engine.left = s.left;
  engine.next = static_cast<uint32_t>(s.next);
  for (int i = 0; i < Mt19937::kWords; ++i) engine.words[i] = static_cast<uint32_t>(s.words[i]);
  next_double_normal.reset();
  next_float_normal.reset();
  if (s.has_normal) next_double_normal = s.normal;
  if (s.has_float_normal) next_float_normal = s.float_normal;
}

Ref<Generator> Generator::clone() const {
  auto g = create(device_, seed_);
  if (device_.type != DeviceType::CPU) {
    const std::vector<uint8_t> state = get_state();
    g->set_state(state.data(), state.size());
    return g;
  }
  g->engine = engine;
  g->next_float_normal = next_float_normal;
  g->next_double_normal = next_double_normal;
  return g;
}

const Ref<Generator>& default_generator() {
  // Never destroyed: a tensor op may run as late as another library's static destructors.
  static const Ref<Generator>& g = *new Ref<Generator>(Generator::create());
  return g;
}

} // namespace torch
