// Functions around functions written in Python; in C++ because a wrapper in Python costs more than many of
// them: _OverridableFunction(function) asks the classes of its arguments for __torch_function__ first,
// _DeferringFunction(function, otherwise, settings) puts elementwise work off (torch.compile).
#include "bindings/gil.h"
#include "bindings/override.h"
#include "ops/deferred.h"

#include <cstddef>
#include <cstring>

namespace torch::python {

namespace {

struct Wrapper {
  PyObject_HEAD vectorcallfunc call;
  PyObject* function;
  PyObject *otherwise, *settings; // of _DeferringFunction
  PyObject* dict;                 // __name__, __doc__, __wrapped__ ... as functools.wraps sets them
  PyObject* weak_references;
};
Wrapper& as_wrapper(PyObject* o) { return *reinterpret_cast<Wrapper*>(o); }

// ---- __torch_function__ ----

bool is_overridden_within(PyObject* o) {
  if (!PyTuple_Check(o) && !PyList_Check(o)) return is_overridden_by_class(o);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i)
    if (is_overridden_by_class(PySequence_Fast_GET_ITEM(o, i))) return true;
  return false;
}

PyObject* call_overridable(PyObject* self, PyObject* const* args, size_t flags, PyObject* kwnames) {
  PyObject* const function = as_wrapper(self).function;
  const Py_ssize_t nargs = PyVectorcall_NARGS(flags), named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  bool overridden = function_mode_active();
  for (Py_ssize_t i = 0; i < nargs + named && !overridden; ++i) overridden = is_overridden_within(args[i]);
  if (!overridden) [[likely]]
    return PyObject_Vectorcall(function, args, flags, kwnames);
  return guarded([&] {
    const Owned module = owned(call_python<PyImport_ImportModule>("torch._override"));
    const Owned handler = owned(PyObject_GetAttrString(module.get(), "call_override"));
    const Owned positional = owned(PyTuple_New(nargs));
    for (Py_ssize_t i = 0; i < nargs; ++i) PyTuple_SET_ITEM(positional.get(), i, Py_NewRef(args[i]));
    const Owned keywords = owned(PyDict_New());
    for (Py_ssize_t i = 0; i < named; ++i)
      check_status(PyDict_SetItem(keywords.get(), PyTuple_GET_ITEM(kwnames, i), args[nargs + i]));
    return call_python<PyObject_CallFunctionObjArgs>(handler.get(), self, positional.get(), keywords.get(),
                                                     nullptr);
  });
}

// ---- work put off ----

// Nothing on this thread asks for compiled functions to run otherwise.
thread_local bool compiling_as_usual __attribute__((tls_model("initial-exec"))) = true;

PyObject* set_compiling_as_usual(PyObject*, PyObject* value) {
  compiling_as_usual = value == Py_True;
  Py_RETURN_NONE;
}

PyObject* begin_deferring(PyObject*, PyObject*) {
  torch::begin_deferring();
  Py_RETURN_NONE;
}
PyObject* end_deferring(PyObject*, PyObject*) {
  return guarded([]() -> PyObject* {
    torch::end_deferring();
    Py_RETURN_NONE;
  });
}
PyObject* forget_deferring(PyObject*, PyObject*) {
  torch::forget_deferring();
  Py_RETURN_NONE;
}
PyObject* deferred_counts(PyObject*, PyObject*) {
  const DeferredCounts counts = torch::deferred_counts();
  return Py_BuildValue("(LLL)", static_cast<long long>(counts.ops), static_cast<long long>(counts.groups),
                       static_cast<long long>(counts.stored));
}

PyObject* end_with(PyObject* result) { // of a call that raised, or left work
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  if (!result) PyErr_Fetch(&type, &value, &trace);
  const Owned ended(end_deferring(nullptr, nullptr)); // whatever happened
  if (type) PyErr_Restore(type, value, trace);
  if (!ended) Py_CLEAR(result);
  return result;
}

template <class Call> PyObject* deferring(Call&& call) {
  torch::begin_deferring();
  PyObject* const result = call();
  if (!result || deferring_state.smallest == 0) [[unlikely]]
    return end_with(result);
  torch::end_deferring();
  return result;
}

// _run_deferring(function, args, kwargs): a call with elementwise work put off.
PyObject* run_deferring(PyObject*, PyObject* const* given, Py_ssize_t n) {
  if (n != 3 || !PyTuple_Check(given[1]) || !PyDict_Check(given[2]))
    return PyErr_Format(PyExc_TypeError, "_run_deferring takes a function, a tuple and a dict");
  return deferring([&] { return PyObject_Call(given[0], given[1], given[2]); });
}

PyObject* disable_key = nullptr;

PyObject* call_deferring(PyObject* self, PyObject* const* args, size_t flags, PyObject* kwnames) {
  const Wrapper& w = as_wrapper(self);
  if (!compiling_as_usual || PyDict_GetItemWithError(w.settings, disable_key) != Py_False)
    return PyObject_Vectorcall(w.otherwise, args, flags, kwnames);
  return deferring([&] { return PyObject_Vectorcall(w.function, args, flags, kwnames); });
}

// ---- both types ----

PyTypeObject overridable = {PyVarObject_HEAD_INIT(nullptr, 0)};
PyTypeObject compiled = {PyVarObject_HEAD_INIT(nullptr, 0)};

PyObject* new_wrapper(PyTypeObject& type, vectorcallfunc call, PyObject* function, PyObject* otherwise,
                      PyObject* settings) {
  auto* const o = PyObject_GC_New(Wrapper, &type);
  if (!o) return nullptr;
  o->call = call;
  o->function = Py_NewRef(function);
  o->otherwise = Py_XNewRef(otherwise);
  o->settings = Py_XNewRef(settings);
  o->dict = o->weak_references = nullptr;
  PyObject_GC_Track(reinterpret_cast<PyObject*>(o));
  return reinterpret_cast<PyObject*>(o);
}
PyObject* new_overridable(PyTypeObject*, PyObject* args, PyObject*) {
  PyObject* function = nullptr;
  if (!PyArg_ParseTuple(args, "O!:_OverridableFunction", &PyFunction_Type, &function)) return nullptr;
  return new_wrapper(overridable, call_overridable, function, nullptr, nullptr);
}
PyObject* new_compiled(PyTypeObject*, PyObject* args, PyObject*) {
  PyObject *function = nullptr, *otherwise = nullptr, *settings = nullptr;
  if (!PyArg_ParseTuple(args, "OOO!:_DeferringFunction", &function, &otherwise, &PyDict_Type, &settings))
    return nullptr;
  return new_wrapper(compiled, call_deferring, function, otherwise, settings);
}
int traverse(PyObject* self, visitproc visit, void* arg) {
  const Wrapper& w = as_wrapper(self);
  Py_VISIT(w.function);
  Py_VISIT(w.otherwise);
  Py_VISIT(w.settings);
  Py_VISIT(w.dict);
  return 0;
}
int clear(PyObject* self) {
  Py_CLEAR(as_wrapper(self).dict);
  return 0; // not the functions: a call may come yet
}
void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Wrapper& w = as_wrapper(self);
  if (w.weak_references) PyObject_ClearWeakRefs(self);
  Py_CLEAR(w.dict);
  Py_DECREF(w.function);
  Py_XDECREF(w.otherwise);
  Py_XDECREF(w.settings);
  PyObject_GC_Del(self);
}
PyObject* get(PyObject* self, PyObject* object, PyObject*) {
  return object ? PyMethod_New(self, object) : Py_NewRef(self);
}
PyObject* repr(PyObject* self) { return PyObject_Repr(as_wrapper(self).function); }
// Pickled and copied by name, as functions are.
PyObject* reduce(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }

PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, "The name."}, {nullptr, nullptr, 0, nullptr}};
PyGetSetDef properties[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
                            {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef functions[] = {
    {"_begin_deferring", begin_deferring, METH_NOARGS,
     "From now on elementwise work of this thread is put off."},
    {"_end_deferring", end_deferring, METH_NOARGS, "Ends the scope of the last _begin_deferring."},
    {"_run_deferring", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(run_deferring)),
     METH_FASTCALL, "Calls a function whose elementwise work is put off."},
    {"_set_compiling_as_usual", set_compiling_as_usual, METH_O,
     "Whether compiled functions of this thread defer at once, or ask their Python first."},
    {"_forget_deferring", forget_deferring, METH_NOARGS, "Forgets which ops were not worth putting off."},
    {"_deferred_counts", deferred_counts, METH_NOARGS,
     "Ops that were put off, passes that ran them, results stored."},
    {nullptr, nullptr, 0, nullptr},
};

void add_type(PyObject* module, PyTypeObject& type, const char* name, newfunc create) {
  type.tp_name = name;
  type.tp_basicsize = sizeof(Wrapper);
  type.tp_flags =
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
  type.tp_vectorcall_offset = offsetof(Wrapper, call);
  type.tp_call = PyVectorcall_Call;
  type.tp_dictoffset = offsetof(Wrapper, dict);
  type.tp_weaklistoffset = offsetof(Wrapper, weak_references);
  type.tp_new = create;
  type.tp_dealloc = dealloc;
  type.tp_traverse = traverse;
  type.tp_clear = clear;
  type.tp_descr_get = get;
  type.tp_repr = repr;
  type.tp_methods = methods;
  type.tp_getset = properties;
  check_status(PyType_Ready(&type));
  check_status(
      PyModule_AddObjectRef(module, std::strrchr(name, '.') + 1, reinterpret_cast<PyObject*>(&type)));
}

} // namespace

void init_overridable(PyObject* module) {
  disable_key = owned(PyUnicode_InternFromString("disable")).release();
  add_type(module, overridable, "torch._C._OverridableFunction", new_overridable);
  add_type(module, compiled, "torch._C._DeferringFunction", new_compiled);
  check_status(PyModule_AddFunctions(module, functions));
}

} // namespace torch::python
