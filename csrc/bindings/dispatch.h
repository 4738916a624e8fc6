// Ops as Python objects below the public functions: calls by name, dispatch modes, __torch_dispatch__.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

namespace torch::python {

void init_dispatch(PyObject* module);

} // namespace torch::python
