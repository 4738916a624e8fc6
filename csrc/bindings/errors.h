// From C++ exceptions to Python errors and back.
#pragma once

#include "bindings/owned.h"

#include <span>
#include <string>

namespace torch {
class Error;
}

namespace torch::python {

// Thrown in C++ when the Python error is already set.
struct PythonError {};

// Turns the exception in flight into a Python error. Use: catch (...) { return set_python_error(); }
PyObject* set_python_error();
// The same for one that is at hand, with another text.
PyObject* set_python_error(const Error& error, const std::string& text);

// set_python_error for the call of an op: the text also names the op and shows what it was called with.
struct CallArgument {
  const char* name;
  PyObject* value; // null where the default applies
};
PyObject* set_call_error(const char* function, std::span<const CallArgument> arguments);

// Marks the Python error that is set as one whose text is ours, which a module that it passes may then
// extend.
void mark_python_error();

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
