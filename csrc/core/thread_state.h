// What a thread carries into every op: is gradient recording on, and which interpreters interpose.
#pragma once

#include <cstdint>

namespace torch {

struct ThreadState {
  bool grad_enabled = true;
  bool inference_mode = false;
  bool deferring = false;         // elementwise work is put off (see ops/deferred.h)
  uint16_t interpreter_depth = 0; // > 0: ops go to the interpreter stack (see ops/gate.h)
};

// One variable for all that the straight path tests, so that it costs one thread-local access.
extern thread_local ThreadState thread_state __attribute__((tls_model("initial-exec")));

// Sets a flag for a scope.
class GradModeGuard {
public:
  explicit GradModeGuard(bool enabled) : previous_(thread_state.grad_enabled) {
    thread_state.grad_enabled = enabled;
  }
  ~GradModeGuard() { thread_state.grad_enabled = previous_; }
  GradModeGuard(const GradModeGuard&) = delete;
  GradModeGuard& operator=(const GradModeGuard&) = delete;

private:
  bool previous_;
};
struct NoGradGuard : GradModeGuard {
  NoGradGuard() : GradModeGuard(false) {}
};

} // namespace torch
