// The module torch._C.
#include "bindings/autocast.h"
#include "bindings/autograd.h"
#include "bindings/call_match.h"
#include "bindings/checksum.h"
#include "bindings/creation.h"
#include "bindings/cuda.h"
#include "bindings/dispatch.h"
#include "bindings/docs.h"
#include "bindings/gil.h"
#include "bindings/override.h"
#include "bindings/profiler.h"
#include "bindings/storage.h"
#include "bindings/tensor_type.h"
#include "core/allocator.h"
#include "core/threads.h"
#include "core/warning.h"
#include "kernels/table.h"
#include "ops/pointwise_call.h"

#include <cstdlib>
#include <cstring>

namespace torch::python {

namespace {

// Long work lets other Python threads run, if this thread holds the lock at all.
void* release_gil() { return PyGILState_Check() ? PyEval_SaveThread() : nullptr; }
void restore_gil(void* state) {
  held_at_exit([&] {
    PyEval_RestoreThread(static_cast<PyThreadState*>(state));
    return true;
  });
}

// An instruction set that was asked for by name but cannot be had is an error, not a slower or faster
// program.
void check_isa() {
  const char* const wanted = std::getenv("TORCH_CPU_ISA");
  check(!wanted || !*wanted || std::strcmp(wanted, cpu_isa_name()) == 0,
        "TORCH_CPU_ISA=", std::string(wanted ? wanted : ""),
        " is not available: this build and processor would use '", cpu_isa_name(), "'");
}

PyObject* get_num_threads(PyObject*, PyObject*) { return PyLong_FromLong(num_threads()); }
PyObject* py_set_num_threads(PyObject*, PyObject* n) {
  return guarded([&]() -> PyObject* {
    check_type(PyLong_Check(n), "set_num_threads expects an int, but got ", Py_TYPE(n)->tp_name);
    set_num_threads(static_cast<int>(to_int(n)));
    Py_RETURN_NONE;
  });
}
PyObject* get_default_dtype(PyObject*, PyObject*) { return wrap(default_dtype()); }
PyObject* py_set_default_dtype(PyObject*, PyObject* o) {
  return guarded([&]() -> PyObject* {
    DType t{};
    check_type(parse_dtype(o, t),
               "invalid dtype object: only floating-point types are supported as the default type");
    set_default_dtype(t);
    Py_RETURN_NONE;
  });
}
PyObject* py_promote_types(PyObject*, PyObject* args, PyObject* kwargs) {
  PyObject *a = nullptr, *b = nullptr;
  static const char* names[] = {"type1", "type2", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:promote_types", const_cast<char**>(names), &a, &b))
    return nullptr;
  return guarded([&] { return wrap(promote(to_dtype(a), to_dtype(b))); });
}
PyObject* py_can_cast(PyObject*, PyObject* args, PyObject* kwargs) {
  PyObject *a = nullptr, *b = nullptr;
  static const char* names[] = {"from_", "to", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:can_cast", const_cast<char**>(names), &a, &b))
    return nullptr;
  return guarded([&] { return wrap(can_cast(to_dtype(a), to_dtype(b))); });
}
PyObject* py_result_type(PyObject*, PyObject* args, PyObject* kwargs) {
  PyObject *a = nullptr, *b = nullptr;
  static const char* names[] = {"tensor", "other", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:result_type", const_cast<char**>(names), &a, &b))
    return nullptr;
  return guarded([&] {
    for (PyObject* o : {a, b})
      check_type(is_tensor(o) || is_number(o), "result_type(): expected Tensor or Number, got ",
                 Py_TYPE(o)->tp_name);
    return wrap(result_type(TensorArg(a, number_allowed), TensorArg(b, number_allowed)));
  });
}
PyObject* set_warn_always(PyObject*, PyObject* b) {
  if (!PyBool_Check(b))
    return PyErr_Format(PyExc_RuntimeError, "setWarnOnlyOnce expects a bool, but got %s",
                        Py_TYPE(b)->tp_name);
  warn_always = b == Py_True;
  Py_RETURN_NONE;
}
PyObject* is_warn_always_enabled(PyObject*, PyObject*) { return PyBool_FromLong(warn_always); }
PyObject* isa_name(PyObject*, PyObject*) { return PyUnicode_FromString(cpu_isa_name()); }
PyObject* memory_stats(PyObject*, PyObject*) {
  const AllocatorStats s = allocator_stats();
  return Py_BuildValue("{s:L,s:L,s:L}", "allocated_bytes", static_cast<long long>(s.allocated_bytes),
                       "cached_bytes", static_cast<long long>(s.cached_bytes), "peak_bytes",
                       static_cast<long long>(s.peak_bytes));
}
PyObject* trim(PyObject*, PyObject*) {
  allocator_trim();
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"_shown_arguments", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(shown_arguments)),
     METH_VARARGS | METH_KEYWORDS,
     "_shown_arguments(*args, **kwargs) -> str\n\nHow arguments look in the text of an error."},
    {"get_num_threads", get_num_threads, METH_NOARGS, doc::function_get_num_threads},
    {"set_num_threads", py_set_num_threads, METH_O, doc::function_set_num_threads},
    {"get_default_dtype", get_default_dtype, METH_NOARGS, doc::function_get_default_dtype},
    {"_set_default_dtype", py_set_default_dtype, METH_O, "Sets the dtype of new floating tensors."},
    {"promote_types", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(py_promote_types)),
     METH_VARARGS | METH_KEYWORDS, doc::function_promote_types},
    {"can_cast", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(py_can_cast)),
     METH_VARARGS | METH_KEYWORDS, doc::function_can_cast},
    {"result_type", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(py_result_type)),
     METH_VARARGS | METH_KEYWORDS, doc::function_result_type},
    {"set_warn_always", set_warn_always, METH_O, doc::function_set_warn_always},
    {"is_warn_always_enabled", is_warn_always_enabled, METH_NOARGS, doc::function_is_warn_always_enabled},
    {"_cpu_isa", isa_name, METH_NOARGS, "Instruction set of the kernels in use."},
    {"_memory_stats", memory_stats, METH_NOARGS, "Counters of the CPU allocator."},
    {"_trim_memory", trim, METH_NOARGS, "Gives cached memory back to the system."},
    {nullptr, nullptr, 0, nullptr},
};

void add_tables(PyObject* module, PyMethodDef* const* tables) {
  for (; *tables; ++tables)
    if (PyModule_AddFunctions(module, *tables) < 0) throw PythonError{};
}

PyObject* add_submodule(PyObject* parent, const char* name, PyMethodDef* const* tables) {
  PyObject* m = PyModule_New(name);
  if (!m) throw PythonError{};
  add_tables(m, tables);
  const char* last = std::strrchr(name, '.') + 1;
  PyObject* modules = PyImport_GetModuleDict();
  PyDict_SetItemString(modules, name, m);
  PyModule_AddObject(parent, last, m);
  return m;
}

PyModuleDef module_def = {PyModuleDef_HEAD_INIT,
                          "torch._C",
                          "The compiled core of torch.",
                          -1,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

} // namespace

} // namespace torch::python

PyMODINIT_FUNC PyInit__C() {
  using namespace torch::python;
  PyObject* module = PyModule_Create(&module_def);
  if (!module) return nullptr;
  try {
    check_isa();
    torch::long_work_hooks = {release_gil, restore_gil};
    torch::warning_handler = [](const char* text) {
      if (PyErr_WarnEx(PyExc_UserWarning, text, 1) < 0) throw PythonError{};
    };
    init_types(module);
    init_call(module);
    init_tensor_type(module);
    init_autograd(module);
    if (!init_creation(module) || !init_storage(module)) throw PythonError{};
    init_overridable(module);
    init_dispatch(module);
    init_autocast(module);
    init_profiler(module);
    init_cuda(module);
    init_checksum(module);
    if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
    // The public functions of torch live here under their own names; torch/__init__.py takes them over.
    add_submodule(module, "torch._C._VariableFunctions", torch_tables);
    add_submodule(module, "torch._C._nn", nn_tables);
    add_submodule(module, "torch._C._linalg", linalg_tables);
    add_submodule(module, "torch._C._special", special_tables);
    add_submodule(module, "torch._C._fft", fft_tables);
    return module;
  } catch (...) {
    set_python_error();
    Py_DECREF(module);
    return nullptr;
  }
}
