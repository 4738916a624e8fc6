// Taking Python's lock back, and calling into Python, from C++ frames.
//
// Note [Threads at exit]
// While Python exits, it ends the daemon threads that ask for its lock by unwinding their stacks. C++ frames
// must not see that: their destructors would drop Python references without the lock, and catch (...) may not
// stop it. So wherever C++ may ask for the lock, the innermost frame that the unwinding reaches holds such a
// thread until the process is gone.
#pragma once

#include "bindings/owned.h"
#include "bindings/tensor_object.h"

#include <unistd.h>

namespace torch::python {

// Calls f, which is Python's and throws nothing; a thread that Python ends in there goes no further.
template <class F> auto held_at_exit(F&& f) {
  struct Hold {
    bool back = false;
    ~Hold() {
      while (!back) pause();
    }
  } hold;
  const auto result = f();
  hold.back = true;
  return result;
}

class GilGuard {
public:
  GilGuard() : state_(held_at_exit(PyGILState_Ensure)) {}
  ~GilGuard() { PyGILState_Release(state_); }
  GilGuard(const GilGuard&) = delete;
  GilGuard& operator=(const GilGuard&) = delete;

private:
  PyGILState_STATE state_;
};

// call_python<PyObject_CallOneArg>(callable, argument): nullptr where Python raised.
template <auto kFunction, class... Args> PyObject* call_python(Args... args) {
  return held_at_exit([&] { return kFunction(args...); });
}

} // namespace torch::python
