// From C++ exceptions to Python errors and back.
#pragma once

#include "bindings/owned.h"

namespace torch::python {

// Thrown in C++ when the Python error is already set.
struct PythonError {};

// Turns the exception in flight into a Python error. Use: catch (...) { return set_python_error(); }
PyObject* set_python_error();

// Sets a Python error with a formatted text and throws PythonError.
[[noreturn]] void raise_python(PyObject* type, const char* format, ...);

// Owns a new reference; a null one means that the Python error is set.
inline Owned owned(PyObject* p) {
  if (!p) throw PythonError{};
  return Owned(p);
}
inline void check_status(int status) {
  if (status < 0) throw PythonError{};
}

// Runs body and turns what it throws into a Python error.
template <class F> PyObject* guarded(F&& body) {
  try {
    return body();
  } catch (...) {
    return set_python_error();
  }
}
template <class F> int guarded_status(F&& body) {
  try {
    body();
    return 0;
  } catch (...) {
    set_python_error();
    return -1;
  }
}

} // namespace torch::python
