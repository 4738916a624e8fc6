// __torch_function__ for hand-written functions and methods: where the class of the receiver (or of another
// operand) overrides it, or a TorchFunctionMode is active, the override is called with the public function
// instead.
#pragma once

#include "bindings/call.h"
#include "bindings/tensor_object.h"

#include <algorithm>
#include <initializer_list>

namespace torch::python {

inline bool is_overridden_by_class(PyObject* o) {
  return !is_plain_tensor(o) && torch_function_enabled && overrides_torch_function(o);
}
inline bool is_overridden(PyObject* o) { return function_mode_active() || is_overridden_by_class(o); }

// Calls the overrides of those operands that have one for torch.Tensor.<method>. `args` is the tuple of all
// arguments, the receiver first; it is taken over. kwargs (or null) is borrowed.
PyObject* call_override(const char* method, std::initializer_list<PyObject*> operands, PyObject* args,
                        PyObject* kwargs = nullptr);
// The same for a vectorcall of a method.
PyObject* call_override(const char* method, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                        PyObject* kwnames);

// The same for an attribute: the public function is Tensor.<name>.__get__, __set__ or (value is null)
// __delete__.
PyObject* override_get(const char* name, PyObject* self);
int override_set(const char* name, PyObject* self, PyObject* value);

void init_overridable(PyObject* module); // wrapped_functions.cpp

// A call of the function torch.<name> while a mode is active.
PyObject* call_mode(const char* name, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames);

template <size_t N> struct MethodName {
  char text[N];
  consteval MethodName(const char (&name)[N]) { std::copy_n(name, N, text); }
};

// Entries of method tables: the function behind a test for overrides.
template <MethodName name, auto function> PyObject* method_no_args(PyObject* self, PyObject* unused) {
  if (is_overridden(self)) [[unlikely]]
    return call_override(name.text, {self}, PyTuple_Pack(1, self));
  return function(self, unused);
}
template <MethodName name, auto function> PyObject* method_one_arg(PyObject* self, PyObject* arg) {
  if (is_overridden(self)) [[unlikely]]
    return call_override(name.text, {self, arg}, PyTuple_Pack(2, self, arg));
  return function(self, arg);
}
template <MethodName name, auto function>
PyObject* method_with_args(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  if (is_overridden(self)) [[unlikely]]
    return call_override(name.text, self, args, nargs, kwnames);
  return function(self, args, nargs, kwnames);
}
template <MethodName name, auto function>
PyObject* function_with_args(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  if (function_mode_active()) [[unlikely]]
    return call_mode(name.text, args, nargs, kwnames);
  return function(self, args, nargs, kwnames);
}

} // namespace torch::python
