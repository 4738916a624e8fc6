// The thread pool. The calling thread works too and finishes chunks that nobody has claimed, so a worker that
// the system has pushed aside delays nobody. No thread is started before the first large enough call.
#pragma once

#include <cstdint>
#include <type_traits>

namespace torch {

int num_threads();           // threads that parallel_for may use, the caller included
void set_num_threads(int n); // RuntimeError unless n > 0
int default_num_threads();   // from affinity and cgroup quota, OMP_NUM_THREADS / TORCH_NUM_THREADS if set
bool in_parallel_region();

constexpr int64_t kGrain = 32768; // elements of light work below which nothing is worth a second thread

namespace detail {
void run_parallel(int64_t begin, int64_t end, int64_t chunk, void (*body)(void*, int64_t, int64_t),
                  void* context);
} // namespace detail

// Calls body(first, last) over disjoint ranges that cover [begin, end). Ranges have at least `grain` elements
// (but the last) and never depend on the number of threads in a way that changes a kernel's result: kernels
// must not let results depend on where ranges are cut. Nested calls run inline. Exceptions from body are
// rethrown in the caller.
template <class Body> void parallel_for(int64_t begin, int64_t end, int64_t grain, Body&& body) {
  if (begin >= end) return;
  if (end - begin <= grain || num_threads() == 1 || in_parallel_region()) {
    body(begin, end);
    return;
  }
  using B = std::remove_reference_t<Body>;
  detail::run_parallel(
      begin, end, grain, [](void* c, int64_t first, int64_t last) { (*static_cast<B*>(c))(first, last); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

// Marks work worth more than ~10 us: lets the embedding interpreter (if any) run other threads meanwhile.
// hooks: release() returns a token or nullptr; restore(token).
struct LongWorkHooks {
  void* (*release)();
  void (*restore)(void*);
};
extern LongWorkHooks long_work_hooks;
class LongWork {
public:
  explicit LongWork(int64_t light_elements) {
    if (light_elements >= kGrain && long_work_hooks.release) token_ = long_work_hooks.release();
  }
  ~LongWork() {
    if (token_) long_work_hooks.restore(token_);
  }
  LongWork(const LongWork&) = delete;
  LongWork& operator=(const LongWork&) = delete;

private:
  void* token_ = nullptr;
};

} // namespace torch
