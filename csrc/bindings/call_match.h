// What the matcher of calls tells those who explain why a call did not match.
#pragma once

#include "bindings/call.h"

namespace torch::python {

// Whether o may stand for the parameter.
bool fits(const Param& p, PyObject* o);
bool same_name(PyObject* given, const char* name);
// Whether ints from position `at` on may stand for one list: f(1, 2, 3).
bool packs(const Overload& o, int at, int first, Py_ssize_t nargs, PyObject* const* args);

// Sets the TypeError of a call that no signature takes.
PyObject* fail_match(const FunctionSpec& spec, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                     PyObject* kwnames);

// _shown_arguments(*args, **kwargs) -> str: how they look in a text.
PyObject* shown_arguments(PyObject*, PyObject* args, PyObject* kwargs);

} // namespace torch::python
