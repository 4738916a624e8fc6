// The state of autocast on the CPU and on CUDA devices; torch.amp.autocast_mode has the public functions.
#include "bindings/autocast.h"

#include "bindings/call.h"
#include "bindings/gil.h"
#include "ops/autocast.h"
#include "ops/autocast_devices.h"

namespace torch::python {

namespace {

template <DeviceType kType> PyObject* enabled(PyObject*, PyObject*) {
  return PyBool_FromLong(autocast::enabled(kType));
}
template <DeviceType kType> PyObject* set_enabled(PyObject*, PyObject* on) {
  autocast::set_enabled(kType, on == Py_True);
  Py_RETURN_NONE;
}
template <DeviceType kType> PyObject* dtype(PyObject*, PyObject*) { return wrap(autocast::dtype(kType)); }
template <DeviceType kType> PyObject* set_dtype(PyObject*, PyObject* o) {
  return guarded([&]() -> PyObject* {
    autocast::set_dtype(kType, to_dtype(o));
    Py_RETURN_NONE;
  });
}
PyObject* cache_enabled(PyObject*, PyObject*) { return PyBool_FromLong(autocast::cache_enabled()); }
PyObject* set_cache_enabled(PyObject*, PyObject* on) {
  autocast::set_cache_enabled(on == Py_True);
  Py_RETURN_NONE;
}
PyObject* enter(PyObject*, PyObject*) { return PyLong_FromLong(autocast::enter()); }
PyObject* leave(PyObject*, PyObject*) { return PyLong_FromLong(autocast::leave()); }
PyObject* clear_cache(PyObject*, PyObject*) {
  autocast::clear_cache();
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"_autocast_cpu_enabled", enabled<DeviceType::CPU>, METH_NOARGS,
     "Whether ops on the CPU convert their operands."},
    {"_autocast_set_cpu_enabled", set_enabled<DeviceType::CPU>, METH_O,
     "Switches the conversion on (True) or off."},
    {"_autocast_cpu_dtype", dtype<DeviceType::CPU>, METH_NOARGS, "What operands are converted to."},
    {"_autocast_set_cpu_dtype", set_dtype<DeviceType::CPU>, METH_O, "Sets what operands are converted to."},
    {"_autocast_cuda_enabled", enabled<DeviceType::CUDA>, METH_NOARGS, "The same of ops on CUDA devices."},
    {"_autocast_set_cuda_enabled", set_enabled<DeviceType::CUDA>, METH_O, "Switches that on (True) or off."},
    {"_autocast_cuda_dtype", dtype<DeviceType::CUDA>, METH_NOARGS, "What operands on CUDA become."},
    {"_autocast_set_cuda_dtype", set_dtype<DeviceType::CUDA>, METH_O, "Sets what operands on CUDA become."},
    {"_autocast_cache_enabled", cache_enabled, METH_NOARGS,
     "Whether converted parameters are kept until the outermost autocast region ends."},
    {"_autocast_set_cache_enabled", set_cache_enabled, METH_O,
     "Sets whether converted parameters are kept until the outermost autocast region ends."},
    {"_autocast_enter", enter, METH_NOARGS, "Enters a region; returns how many are open."},
    {"_autocast_leave", leave, METH_NOARGS, "Leaves a region; returns how many are still open."},
    {"_autocast_clear_cache", clear_cache, METH_NOARGS, "Forgets converted parameters."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

void init_autocast(PyObject* module) { check_status(PyModule_AddFunctions(module, functions)); }

} // namespace torch::python
