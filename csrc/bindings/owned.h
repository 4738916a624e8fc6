// An owned reference to a Python object.
#pragma once

#include "bindings/python.h"

#include <utility>

namespace torch::python {

class Owned {
public:
  Owned() = default;
  explicit Owned(PyObject* p) : p_(p) {} // takes the reference over
  Owned(Owned&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Owned& operator=(Owned&& o) noexcept {
    if (this != &o) Py_XSETREF(p_, std::exchange(o.p_, nullptr));
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { Py_XDECREF(p_); }
  static Owned share(PyObject* p) { return Owned(Py_XNewRef(p)); }
  PyObject* get() const { return p_; }
  PyObject* release() { return std::exchange(p_, nullptr); }
  explicit operator bool() const { return p_ != nullptr; }

private:
  PyObject* p_ = nullptr;
};

} // namespace torch::python
