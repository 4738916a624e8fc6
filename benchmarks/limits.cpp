// What this machine can do: prints a JSON object with bytes/s of reading and copying by size, and
// single-precision FMA/s. Usage: limits THREADS
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
typedef float Vec __attribute__((vector_size(4 * lanes), aligned(4), may_alias));

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The shortest time of `rounds` rounds in which every thread runs work(thread) once.
double shortest(int threads, int rounds, const std::function<void(int)>& work) {
  double best = 1e9;
  std::atomic<int> ready{0}, round{-1}, done{0};
  std::vector<std::thread> others;
  auto run = [&](int t) {
    for (int r = 0; r < rounds; ++r) {
      ready.fetch_add(1);
      while (round.load() < r) {
      }
      work(t);
      done.fetch_add(1);
    }
  };
  for (int t = 1; t < threads; ++t) others.emplace_back(run, t);
  for (int r = 0; r < rounds; ++r) {
    while (ready.load() < (threads - 1) * (r + 1)) {
    }
    const auto start = Clock::now();
    round.store(r);
    work(0);
    while (done.load() < (threads - 1) * (r + 1)) {
    }
    best = std::min(best, seconds_since(start));
  }
  for (auto& other : others) other.join();
  return best;
}

using Buffer = std::unique_ptr<float, decltype(&std::free)>;
Buffer buffer(std::size_t floats) {
  Buffer made(static_cast<float*>(std::aligned_alloc(4096, (floats * 4 + 4095) / 4096 * 4096)), &std::free);
  std::fill_n(made.get(), floats, 1.0f);
  return made;
}

/// Bytes per second of copying `floats` numbers (read and written both counted), shared out over the threads.
double copy_rate(int threads, std::size_t floats) {
  const auto from = buffer(floats), to = buffer(floats);
  const std::size_t part = floats / threads / lanes * lanes;
  const int repeat = static_cast<int>(std::max<std::size_t>(1, 2'000'000 / floats));
  const bool beyond_caches = floats * 8 > (48u << 20);
  const double best = shortest(threads, 40, [&](int t) {
    const float* in = from.get() + t * part;
    float* out = to.get() + t * part;
    for (int r = 0; r < repeat; ++r) {
      for (std::size_t i = 0; i < part; i += lanes) {
        const Vec v = *reinterpret_cast<const Vec*>(in + i);
#if defined(__AVX512F__)
        if (beyond_caches)
          __builtin_ia32_movntps512(out + i, v);
        else
#elif defined(__AVX__)
                if (beyond_caches) __builtin_ia32_movntps256(out + i, v);
                else
#endif
          *reinterpret_cast<Vec*>(out + i) = v;
      }
      asm volatile("" ::: "memory");
    }
  });
  return 8.0 * part * threads * repeat / best;
}

/// Bytes per second of reading and adding up.
double read_rate(int threads, std::size_t floats) {
  const auto from = buffer(floats);
  const std::size_t part = floats / threads / (8 * lanes) * (8 * lanes);
  const int repeat = static_cast<int>(std::max<std::size_t>(1, 2'000'000 / floats));
  const double best = shortest(threads, 40, [&](int t) {
    const float* in = from.get() + t * part;
    for (int r = 0; r < repeat; ++r) {
      Vec sum[8] = {};
      for (std::size_t i = 0; i < part; i += 8 * lanes)
        for (int k = 0; k < 8; ++k) sum[k] += *reinterpret_cast<const Vec*>(in + i + k * lanes);
      for (const Vec& s : sum) asm volatile("" ::"x"(s));
    }
  });
  return 4.0 * part * threads * repeat / best;
}

/// Floating-point operations per second of fused multiply-adds between registers.
double fma_rate(int threads) {
  constexpr int steps = 200'000, chains = 12;
  const double best = shortest(threads, 10, [&](int) {
    typedef float Register __attribute__((vector_size(4 * lanes)));
    Register x[chains], a = {}, b = {};
    a += 0.999f;
    b += 0.001f;
    for (auto& v : x) v = a;
    for (int i = 0; i < steps; ++i)
#pragma GCC unroll 16
      for (auto& v : x) v = v * a + b;
    Register sum = {};
    for (const auto& v : x) sum += v;
    asm volatile("" ::"x"(sum));
  });
  return 2.0 * lanes * chains * steps * threads / best;
}

} // namespace

int main(int count, char** arguments) {
  const int threads = count > 1 ? std::atoi(arguments[1]) : 1;
  std::printf("{\"flops\": %.4g, \"copy\": {", fma_rate(threads));
  const std::size_t sizes[] = {10'000, 100'000, 1'000'000, 10'000'000};
  for (std::size_t i = 0; i < 4; ++i)
    std::printf("%s\"%zu\": %.4g", i ? ", " : "", sizes[i] * 8, copy_rate(threads, sizes[i]));
  std::printf("}, \"read\": {");
  for (std::size_t i = 0; i < 4; ++i)
    std::printf("%s\"%zu\": %.4g", i ? ", " : "", sizes[i] * 4, read_rate(threads, sizes[i]));
  std::printf("}}\n");
}
