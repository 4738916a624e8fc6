// Note [Thread pool]
// One job at a time. The range is cut into pieces and these into one share of neighbours a thread. A share
// packs the job's number and how many of its pieces are unclaimed; everybody, the caller included, claims
// pieces of the own share by compare-and-swap, and when that is empty those of the other shares. So each
// thread meets the same part of a tensor in every job and finds it in its own cache, and one that is pushed
// aside still delays nobody. A claim that succeeds proves that the job is the current one and cannot end
// before the piece is done, so the job's fields may be read only after a claim: a worker that wakes late
// touches nothing. The caller claims until nothing is left and then waits for the pieces that others hold.
// Workers spin for kSpinNanoseconds after a job, then sleep on a futex. A caller that finds the pool busy
// (another Python thread) runs its range inline.
#include "core/threads.h"

#include "core/error.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <linux/futex.h>
#include <mutex>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <set>
#include <string>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace torch {

LongWorkHooks long_work_hooks{};

namespace {

constexpr int64_t kSpinNanoseconds = 30'000;
constexpr int64_t kPiecesPerThread =
    4; // a worker that is pushed aside delays the others by at most one piece
constexpr int kMaxThreads = 1024;

thread_local bool inside_region = false;

struct RegionGuard {
  RegionGuard() { inside_region = true; }
  ~RegionGuard() { inside_region = false; }
};

int64_t now_nanoseconds() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

inline void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void futex_wait(std::atomic<uint32_t>& word, uint32_t while_equal) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, while_equal, nullptr, nullptr,
          0);
}
void futex_wake(std::atomic<uint32_t>& word, int n) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, n, nullptr, nullptr, 0);
}

struct Job {
  void (*body)(void*, int64_t, int64_t) = nullptr;
  void* context = nullptr;
  int64_t begin = 0, end = 0, piece = 0;
  uint32_t pieces = 0, shares = 0;
};

struct alignas(64) Pool {
  alignas(64) std::atomic<uint64_t> current{0};            // (job number << 32) | shares
  std::array<std::atomic<uint64_t>, kMaxThreads> shares{}; // (job number << 32) | unclaimed pieces
  alignas(64) std::atomic<uint32_t> done{0}; // finished pieces of the job; the caller sleeps on it
  std::atomic<bool> caller_sleeps{false};
  std::atomic<bool> failed{false};
  alignas(64) std::atomic<uint32_t> rounds{0}; // jobs so far; workers sleep on it
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> stop{false};
  alignas(64) std::mutex owner; // held by the caller for a whole job, and to start and stop workers
  Job job;
  std::exception_ptr error;
  int n_workers = 0;
  uint32_t number = 0;
  std::array<pthread_t, kMaxThreads> workers;
};

// Never destroyed: workers may still look at it while the process exits. Made while the library is loaded, so
// that no other thread can be halfway through it when a process forks.
alignas(Pool) unsigned char pool_memory[sizeof(Pool)];
Pool& pool() { return *std::launder(reinterpret_cast<Pool*>(pool_memory)); }
void make_pool() { new (pool_memory) Pool; }

// A forked child has no workers, whatever the pool was doing: it starts with a new one. Nothing of the old
// one is destroyed, as another thread may have been changing it; an error on its way to a caller that is not
// here leaks.
[[maybe_unused]] const int registered_for_fork = [] {
  make_pool();
  return pthread_atfork(nullptr, nullptr, make_pool);
}();

std::atomic<int> configured_threads{0}; // 0: not asked for yet

// ---- how many processors we may use
// ----------------------------------------------------------------------------

bool read_line(const std::string& path, std::string& line) {
  std::FILE* const f = std::fopen(path.c_str(), "re");
  if (!f) return false;
  char buffer[4096];
  const bool ok = std::fgets(buffer, sizeof buffer, f) != nullptr;
  std::fclose(f);
  if (ok) line = buffer;
  return ok;
}

std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
  for (int room = 1024; room <= 1 << 18; room *= 2) { // the kernel refuses a mask smaller than its own
    cpu_set_t* const mask = CPU_ALLOC(room);
    if (!mask) break;
    const size_t bytes = CPU_ALLOC_SIZE(room);
    const bool ok = sched_getaffinity(0, bytes, mask) == 0;
    if (ok)
      for (int c = 0; c < room; ++c)
        if (CPU_ISSET_S(c, bytes, mask)) cpus.push_back(c);
    CPU_FREE(mask);
    if (ok || errno != EINVAL) break;
  }
  return cpus;
}

// Two hyperthreads of a core share its vector units: one thread a core.
int cores_among(const std::vector<int>& cpus) {
  std::set<std::string> cores;
  for (const int c : cpus) {
    std::string siblings;
    if (!read_line("/sys/devices/system/cpu/cpu" + std::to_string(c) + "/topology/thread_siblings_list",
                   siblings))
      return static_cast<int>(cpus.size());
    cores.insert(siblings);
  }
  return static_cast<int>(cores.size());
}

// Smallest quota / period on the way from a cgroup to the root; 0 when there is none.
double quota_under(const std::string& mount, std::string group, bool version2) {
  double smallest = 0;
  for (;;) {
    const std::string folder = mount + (group == "/" ? "" : group);
    double quota = 0, period = 0;
    std::string line, second;
    if (version2) {
      if (read_line(folder + "/cpu.max", line) && std::sscanf(line.c_str(), "%lf %lf", &quota, &period) != 2)
        quota = 0;
    } else if (read_line(folder + "/cpu.cfs_quota_us", line) &&
               read_line(folder + "/cpu.cfs_period_us", second)) {
      quota = std::atof(line.c_str());
      period = std::atof(second.c_str());
    }
    if (quota > 0 && period > 0)
      smallest = smallest == 0 ? quota / period : std::min(smallest, quota / period);
    if (group.empty() || group == "/") return smallest;
    group.erase(group.rfind('/'));
  }
}

double cgroup_quota() {
  double smallest = 0;
  const auto take = [&](double q) {
    if (q > 0) smallest = smallest == 0 ? q : std::min(smallest, q);
  };
  std::FILE* const f = std::fopen("/proc/self/cgroup", "re");
  if (!f) return 0;
  char buffer[4096];
  while (std::fgets(buffer, sizeof buffer, f)) { // "hierarchy:controllers:path"
    std::string line(buffer);
    line.erase(line.find_last_not_of('\n') + 1);
    const size_t first = line.find(':'),
                 second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    if (path.empty() || path[0] != '/' || path.find("..") != std::string::npos) {
      // Outside of what our cgroup namespace shows: only the root is visible.
      if (controllers == ",,") take(quota_under("/sys/fs/cgroup", "/", true));
    } else if (controllers == ",,") {
      take(quota_under("/sys/fs/cgroup", path, true));
    } else if (controllers.find(",cpu,") != std::string::npos) {
      take(quota_under("/sys/fs/cgroup/cpu", path, false));
    }
  }
  std::fclose(f);
  return smallest;
}

int threads_from_environment() {
  for (const char* name : {"TORCH_NUM_THREADS", "OMP_NUM_THREADS"}) {
    const char* const text = std::getenv(name);
    if (!text) continue;
    char* end = nullptr;
    const long n = std::strtol(text, &end, 10); // OMP_NUM_THREADS may be a list: its first number counts
    if (end != text && (*end == '\0' || *end == ',' || *end == ' ') && n > 0)
      return static_cast<int>(std::min<long>(n, kMaxThreads));
  }
  return 0;
}

// ---- workers
// ---------------------------------------------------------------------------------------------------

// Claims a piece of `share` of job `number`; how many there were left, or 0 when none is or another job is
// current.
uint32_t claim(Pool& p, uint32_t number, uint32_t share) {
  std::atomic<uint64_t>& state = p.shares[share];
  uint64_t s = state.load(std::memory_order_acquire);
  for (;;) {
    const uint32_t left = static_cast<uint32_t>(s);
    if (left == 0 || static_cast<uint32_t>(s >> 32) != number) return 0;
    if (state.compare_exchange_weak(s, s - 1, std::memory_order_acq_rel, std::memory_order_acquire))
      return left;
  }
}

constexpr uint32_t end_of_share(uint32_t share, uint32_t shares, uint32_t pieces) {
  return static_cast<uint32_t>(uint64_t{share + 1} * pieces / shares);
}

void run_piece(Pool& p, uint32_t share, uint32_t left) {
  const Job& job = p.job;
  const uint32_t pieces = job.pieces;
  if (!p.failed.load(std::memory_order_relaxed)) {
    const int64_t first = job.begin + int64_t{end_of_share(share, job.shares, pieces) - left} * job.piece;
    try {
      job.body(job.context, first, std::min(job.end, first + job.piece));
    } catch (...) {
      if (!p.failed.exchange(true)) p.error = std::current_exception();
    }
  }
  // After the last increment the job may be gone: nothing of it is read below.
  if (p.done.fetch_add(1, std::memory_order_seq_cst) + 1 == pieces &&
      p.caller_sleeps.load(std::memory_order_seq_cst))
    futex_wake(p.done, 1);
}

// Runs what is left of job `number`, the pieces of share `own` first.
void run_shares(Pool& p, uint32_t number, uint32_t shares, uint32_t own) {
  for (uint32_t i = 0; i < shares; ++i) {
    const uint32_t share = (own + i) % shares;
    while (const uint32_t left = claim(p, number, share)) run_piece(p, share, left);
  }
}

void* work(void* argument) {
  Pool& p = pool();
  const auto own = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(argument));
  inside_region = true;
  for (;;) {
    const uint32_t round = p.rounds.load(std::memory_order_seq_cst);
    if (p.stop.load(std::memory_order_acquire)) return nullptr;
    const uint64_t current = p.current.load(std::memory_order_acquire);
    run_shares(p, static_cast<uint32_t>(current >> 32), static_cast<uint32_t>(current), own);
    const int64_t deadline = now_nanoseconds() + kSpinNanoseconds;
    bool fresh = false;
    do {
      for (int i = 0; i < 32 && !fresh; ++i) {
        pause_cpu();
        fresh = p.rounds.load(std::memory_order_relaxed) != round;
      }
    } while (!fresh && now_nanoseconds() < deadline);
    if (fresh) continue;
    p.sleepers.fetch_add(1, std::memory_order_seq_cst);
    futex_wait(p.rounds, round); // returns at once when a job has come meanwhile
    p.sleepers.fetch_sub(1, std::memory_order_seq_cst);
  }
}

// With p.owner held. Starts workers up to `wanted`; fewer when the system refuses.
void start_workers(Pool& p, int wanted) {
  if (p.n_workers >= wanted) return;
  sigset_t all, before; // signals belong to the threads of the program
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (p.n_workers < wanted) {
    pthread_t& thread = p.workers[static_cast<size_t>(p.n_workers)];
    const auto own = static_cast<uintptr_t>(p.n_workers + 1); // share 0 is the caller's
    if (pthread_create(&thread, nullptr, work, reinterpret_cast<void*>(own)) != 0) break;
    pthread_setname_np(thread, "torch");
    ++p.n_workers;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// With p.owner held.
void stop_workers(Pool& p) {
  if (p.n_workers == 0) return;
  p.stop.store(true, std::memory_order_release);
  p.rounds.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(p.rounds, INT_MAX);
  for (; p.n_workers > 0; --p.n_workers)
    pthread_join(p.workers[static_cast<size_t>(p.n_workers - 1)], nullptr);
  p.stop.store(false, std::memory_order_release);
}

} // namespace

int default_num_threads() {
  if (const int n = threads_from_environment()) return n;
  const std::vector<int> cpus = allowed_cpus();
  int n = cpus.empty() ? static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)) : cores_among(cpus);
  if (const double quota = cgroup_quota(); quota > 0) n = std::min(n, static_cast<int>(quota + 0.999));
  return std::clamp(n, 1, kMaxThreads);
}

int num_threads() {
  const int n = configured_threads.load(std::memory_order_relaxed);
  if (n > 0) [[likely]]
    return n;
  int expected = 0;
  configured_threads.compare_exchange_strong(expected, default_num_threads());
  return configured_threads.load(std::memory_order_relaxed);
}

void set_num_threads(int n) {
  check(n > 0, "set_num_threads expects a positive integer, but got ", n);
  check(!inside_region, "set_num_threads: cannot be called from inside a parallel region");
  n = std::min(n, kMaxThreads);
  Pool& p = pool();
  const std::lock_guard lock(p.owner);
  configured_threads.store(n);
  if (p.n_workers > n - 1) stop_workers(p);
}

bool in_parallel_region() { return inside_region; }

void detail::run_parallel(int64_t begin, int64_t end, int64_t chunk, void (*body)(void*, int64_t, int64_t),
                          void* context) {
  const int threads = num_threads();
  const int64_t n = end - begin;
  chunk = std::max<int64_t>(chunk, 1);
  int64_t pieces = std::clamp<int64_t>(n / chunk, 1, threads * kPiecesPerThread);
  if (pieces > threads && n / pieces >= 64) pieces -= pieces % threads; // equal shares of much work
  int64_t piece = (n + pieces - 1) / pieces;
  if (piece >= 4096) piece = (piece + 63) & ~int64_t{63}; // long pieces keep the alignment of the first
  pieces = (n + piece - 1) / piece;
  Pool& p = pool();
  std::unique_lock lock(p.owner, std::defer_lock);
  if (pieces < 2 || inside_region || !lock.try_lock()) {
    body(context, begin, end);
    return;
  }
  const auto shares = static_cast<uint32_t>(std::min<int64_t>(threads, pieces));
  start_workers(p, static_cast<int>(shares) - 1);

  const auto all = static_cast<uint32_t>(pieces);
  p.job = {body, context, begin, end, piece, all, shares};
  p.failed.store(false, std::memory_order_relaxed);
  p.done.store(0, std::memory_order_relaxed);
  p.caller_sleeps.store(false, std::memory_order_relaxed);
  const uint32_t number = ++p.number;
  for (uint32_t share = 0, first = 0; share < shares; ++share) {
    const uint32_t last = end_of_share(share, shares, all);
    p.shares[share].store(uint64_t{number} << 32 | (last - first), std::memory_order_release);
    first = last;
  }
  p.current.store(uint64_t{number} << 32 | shares, std::memory_order_release);
  p.rounds.fetch_add(1, std::memory_order_seq_cst);
  if (p.sleepers.load(std::memory_order_seq_cst) > 0)
    futex_wake(p.rounds, static_cast<int>(std::min<int64_t>(pieces - 1, threads)));
  {
    const RegionGuard region;
    run_shares(p, number, shares, 0);
  }
  // Only pieces that workers are running now are missing.
  for (int i = 0; i < 2000 && p.done.load(std::memory_order_acquire) != all; ++i) pause_cpu();
  if (p.done.load(std::memory_order_acquire) != all) {
    p.caller_sleeps.store(true, std::memory_order_seq_cst);
    for (uint32_t d; (d = p.done.load(std::memory_order_seq_cst)) != all;) futex_wait(p.done, d);
  }
  if (p.failed.load(std::memory_order_acquire)) {
    const std::exception_ptr error = std::exchange(p.error, nullptr);
    lock.unlock();
    std::rethrow_exception(error);
  }
}

} // namespace torch
