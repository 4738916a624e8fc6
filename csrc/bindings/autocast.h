#pragma once

#include "bindings/python.h"

namespace torch::python {

void init_autocast(PyObject* module);

} // namespace torch::python
