// Ops as Python objects below the public functions: calls by name, dispatch modes, __torch_dispatch__.
#pragma once

#include "bindings/python.h"

namespace torch::python {

void init_dispatch(PyObject* module);

} // namespace torch::python
