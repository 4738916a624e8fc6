// torch._C._OverridableFunction(function): a function written in Python that asks the classes of its
// arguments for __torch_function__ first. In C++ because a wrapper in Python costs more than many of the
// functions.
#include "bindings/gil.h"
#include "bindings/override.h"

#include <cstddef>

namespace torch::python {

namespace {

struct Overridable {
  PyObject_HEAD vectorcallfunc call;
  PyObject* function;
  PyObject* dict; // __name__, __doc__, __wrapped__ ... as functools.wraps sets them
};
Overridable& as_overridable(PyObject* o) { return *reinterpret_cast<Overridable*>(o); }

bool is_overridden_within(PyObject* o) {
  if (!PyTuple_Check(o) && !PyList_Check(o)) return is_overridden_by_class(o);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i)
    if (is_overridden_by_class(PySequence_Fast_GET_ITEM(o, i))) return true;
  return false;
}

PyObject* call(PyObject* self, PyObject* const* args, size_t flags, PyObject* kwnames) {
  PyObject* const function = as_overridable(self).function;
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

PyTypeObject type = {PyVarObject_HEAD_INIT(nullptr, 0)};

PyObject* create(PyTypeObject*, PyObject* args, PyObject*) {
  PyObject* function = nullptr;
  if (!PyArg_ParseTuple(args, "O!:_OverridableFunction", &PyFunction_Type, &function)) return nullptr;
  auto* const o = PyObject_GC_New(Overridable, &type);
  if (!o) return nullptr;
  o->call = call;
  o->function = Py_NewRef(function);
  o->dict = nullptr;
  PyObject_GC_Track(reinterpret_cast<PyObject*>(o));
  return reinterpret_cast<PyObject*>(o);
}
int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(as_overridable(self).function);
  Py_VISIT(as_overridable(self).dict);
  return 0;
}
int clear(PyObject* self) {
  Py_CLEAR(as_overridable(self).dict);
  return 0; // not the function: a call may come yet
}
void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Py_CLEAR(as_overridable(self).dict);
  Py_DECREF(as_overridable(self).function);
  PyObject_GC_Del(self);
}
PyObject* get(PyObject* self, PyObject* object, PyObject*) {
  return object ? PyMethod_New(self, object) : Py_NewRef(self);
}
PyObject* repr(PyObject* self) { return PyObject_Repr(as_overridable(self).function); }
// Pickled and copied by name, as functions are.
PyObject* reduce(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }

PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, "The name."}, {nullptr, nullptr, 0, nullptr}};
PyGetSetDef properties[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
                            {nullptr, nullptr, nullptr, nullptr, nullptr}};

} // namespace

void init_overridable(PyObject* module) {
  type.tp_name = "torch._C._OverridableFunction";
  type.tp_basicsize = sizeof(Overridable);
  type.tp_flags =
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
  type.tp_vectorcall_offset = offsetof(Overridable, call);
  type.tp_call = PyVectorcall_Call;
  type.tp_dictoffset = offsetof(Overridable, dict);
  type.tp_new = create;
  type.tp_dealloc = dealloc;
  type.tp_traverse = traverse;
  type.tp_clear = clear;
  type.tp_descr_get = get;
  type.tp_repr = repr;
  type.tp_methods = methods;
  type.tp_getset = properties;
  check_status(PyType_Ready(&type));
  check_status(PyModule_AddObjectRef(module, "_OverridableFunction", reinterpret_cast<PyObject*>(&type)));
}

} // namespace torch::python
