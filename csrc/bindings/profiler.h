#pragma once

#include "bindings/python.h"

namespace torch::python {

void init_profiler(PyObject* module);

} // namespace torch::python
