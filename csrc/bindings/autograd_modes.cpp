// no_grad, enable_grad, set_grad_enabled, inference_mode: context managers in C, because `with
// torch.no_grad():` stands in inner loops. Used as decorators they hand over to torch.autograd.grad_mode.
#include "bindings/autograd_python.h"
#include "bindings/docs.h"

#include "core/thread_state.h"

#include <string>

namespace torch::python {

namespace {

struct ModeObject {
  PyObject_HEAD ThreadState before;
  bool value;
};

enum class Mode : uint8_t { NoGrad, EnableGrad, SetGrad, Inference };
PyTypeObject* mode_types[4];

ModeObject* as_mode(PyObject* self) { return reinterpret_cast<ModeObject*>(self); }

void restore(const ModeObject& m) {
  thread_state.grad_enabled = m.before.grad_enabled;
  thread_state.inference_mode = m.before.inference_mode;
}

// self(function): the function with the mode around each call.
PyObject* decorate(PyObject* self, PyObject* function) {
  const Owned module(PyImport_ImportModule("torch.autograd.grad_mode"));
  if (!module) return nullptr;
  return call_python<PyObject_CallMethod>(module.get(), "_decorate", "OO", self, function);
}

PyObject* mode_call(PyObject* self, PyObject* args, PyObject* keywords) {
  PyObject* function = nullptr;
  static const char* const names[] = {"func", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "O:__call__", const_cast<char**>(names), &function))
    return nullptr;
  // Naming the mode has set it; a decorator must not.
  if (PyObject_TypeCheck(self, mode_types[static_cast<int>(Mode::SetGrad)])) restore(*as_mode(self));
  return decorate(self, function);
}

PyObject* new_mode(PyTypeObject* type, bool value) {
  PyObject* const self = type->tp_alloc(type, 0);
  if (!self) return nullptr;
  as_mode(self)->before = thread_state;
  as_mode(self)->value = value;
  return self;
}

// `argument` is the first argument or null. no_grad(f) and inference_mode(f) decorate f, as @no_grad without
// brackets.
PyObject* construct(PyTypeObject* type, Mode mode, PyObject* argument) {
  switch (mode) {
  case Mode::NoGrad:
  case Mode::EnableGrad: {
    Owned self(new_mode(type, mode == Mode::EnableGrad));
    if (!argument || !self) return self.release();
    return decorate(self.get(), argument);
  }
  case Mode::SetGrad: {
    if (!argument) {
      PyErr_SetString(PyExc_TypeError, "set_grad_enabled() missing 1 required positional argument: 'mode'");
      return nullptr;
    }
    const int value = PyObject_IsTrue(argument);
    if (value < 0) return nullptr;
    PyObject* const self = new_mode(type, value);
    if (self) thread_state.grad_enabled = value;
    return self;
  }
  case Mode::Inference: {
    if (argument && !PyBool_Check(argument)) {
      if (!PyCallable_Check(argument)) {
        PyErr_Format(PyExc_TypeError, "inference_mode(): mode must be bool, not %s",
                     Py_TYPE(argument)->tp_name);
        return nullptr;
      }
      const Owned self(new_mode(type, true));
      return self ? decorate(self.get(), argument) : nullptr;
    }
    return new_mode(type, !argument || argument == Py_True);
  }
  }
  return nullptr;
}

template <Mode mode> PyObject* mode_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  static const char* const names[] = {mode == Mode::NoGrad || mode == Mode::EnableGrad ? "orig_func" : "mode",
                                      nullptr};
  PyObject* argument = nullptr;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "|O", const_cast<char**>(names), &argument))
    return nullptr;
  if (argument == Py_None && (mode == Mode::NoGrad || mode == Mode::EnableGrad)) argument = nullptr;
  return construct(type, mode, argument);
}

// The call of the type itself without building an argument tuple: 25 ns less for `with torch.no_grad()`.
template <Mode mode>
PyObject* mode_vectorcall(PyObject* type, PyObject* const* args, size_t flags, PyObject* keywords) {
  const Py_ssize_t n = PyVectorcall_NARGS(flags);
  if (keywords || n > 1) {
    const Owned tuple(PyTuple_New(n));
    if (!tuple) return nullptr;
    for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(tuple.get(), i, Py_NewRef(args[i]));
    const Owned dict(PyDict_New());
    if (!dict) return nullptr;
    for (Py_ssize_t i = 0; keywords && i < PyTuple_GET_SIZE(keywords); ++i)
      if (PyDict_SetItem(dict.get(), PyTuple_GET_ITEM(keywords, i), args[n + i]) < 0) return nullptr;
    return mode_new<mode>(reinterpret_cast<PyTypeObject*>(type), tuple.get(), dict.get());
  }
  PyObject* argument = n == 1 ? args[0] : nullptr;
  if (argument == Py_None && (mode == Mode::NoGrad || mode == Mode::EnableGrad)) argument = nullptr;
  return construct(reinterpret_cast<PyTypeObject*>(type), mode, argument);
}

template <Mode mode> PyObject* mode_enter(PyObject* self, PyObject*) {
  ModeObject& m = *as_mode(self);
  if constexpr (mode == Mode::SetGrad) {
    thread_state.grad_enabled = m.value; // `before` is from the construction, which set it already
  } else {
    m.before = thread_state;
    if constexpr (mode == Mode::Inference) {
      thread_state.inference_mode = m.value;
      thread_state.grad_enabled = !m.value;
    } else {
      thread_state.grad_enabled = m.value;
    }
  }
  Py_RETURN_NONE;
}

PyObject* mode_exit(PyObject* self, PyObject* const*, Py_ssize_t) {
  restore(*as_mode(self));
  Py_RETURN_NONE;
}

// A fresh mode of the same kind, for each call of a decorated function.
PyObject* mode_clone(PyObject* self, PyObject*) {
  PyTypeObject* const type = Py_TYPE(self);
  return new_mode(type, as_mode(self)->value);
}

PyObject* mode_get(PyObject* self, void*) { return PyBool_FromLong(as_mode(self)->value); }
PyObject* mode_previous(PyObject* self, void*) { return PyBool_FromLong(as_mode(self)->before.grad_enabled); }

PyObject* set_grad_repr(PyObject* self) {
  return PyUnicode_FromFormat("torch.autograd.grad_mode.set_grad_enabled(mode=%s)",
                              as_mode(self)->value ? "True" : "False");
}

void mode_dealloc(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyGetSetDef mode_getset[] = {
    {"mode", mode_get, nullptr, "What the mode sets.", nullptr},
    {"prev", mode_previous, nullptr, "Whether recording was on before.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

template <Mode mode> void add_mode(PyObject* module, const char* name, const char* doc) {
  static PyMethodDef methods[] = {
      {"__enter__", mode_enter<mode>, METH_NOARGS, nullptr},
      {"__exit__", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(mode_exit)), METH_FASTCALL, nullptr},
      {"clone", mode_clone, METH_NOARGS, "A fresh mode of the same kind."},
      {nullptr, nullptr, 0, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_new, reinterpret_cast<void*>(mode_new<mode>)},
      {Py_tp_dealloc, reinterpret_cast<void*>(mode_dealloc)},
      {Py_tp_call, reinterpret_cast<void*>(mode_call)},
      {Py_tp_methods, methods},
      {Py_tp_getset, mode_getset},
      {Py_tp_doc, const_cast<char*>(doc)},
      {mode == Mode::SetGrad ? Py_tp_repr : 0, reinterpret_cast<void*>(set_grad_repr)},
      {0, nullptr},
  };
  const std::string full = std::string("torch.autograd.grad_mode.") + name;
  static std::string kept; // the spec's name must outlive the type
  kept = full;
  PyType_Spec spec{kept.c_str(), sizeof(ModeObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  auto* const type = reinterpret_cast<PyTypeObject*>(owned(PyType_FromSpec(&spec)).release());
  type->tp_vectorcall = mode_vectorcall<mode>; // not inherited by subclasses
  mode_types[static_cast<int>(mode)] = type;
  check_status(PyModule_AddObjectRef(module, name, reinterpret_cast<PyObject*>(type)));
}

PyObject* is_grad_enabled(PyObject*, PyObject*) { return PyBool_FromLong(thread_state.grad_enabled); }
PyObject* is_inference_mode_enabled(PyObject*, PyObject*) {
  return PyBool_FromLong(thread_state.inference_mode);
}
PyObject* set_grad_enabled(PyObject*, PyObject* value) {
  if (!PyBool_Check(value)) {
    PyErr_Format(PyExc_TypeError, "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not %s",
                 Py_TYPE(value)->tp_name);
    return nullptr;
  }
  thread_state.grad_enabled = value == Py_True;
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"is_grad_enabled", is_grad_enabled, METH_NOARGS, doc::function_is_grad_enabled},
    {"_set_grad_enabled", set_grad_enabled, METH_O, "Switches recording on this thread on or off."},
    {"is_inference_mode_enabled", is_inference_mode_enabled, METH_NOARGS,
     doc::function_is_inference_mode_enabled},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

void init_autograd_modes(PyObject* module) {
  check_status(PyModule_AddFunctions(module, functions));
  add_mode<Mode::NoGrad>(
      module, "no_grad",
      "no_grad(): ops inside are not recorded; results do not require grad.\n\n"
      "A context manager, or a decorator with or without brackets. Per thread. Factories with\n"
      "requires_grad=True still give leaves that require grad.");
  add_mode<Mode::EnableGrad>(module, "enable_grad",
                             "enable_grad(): ops inside are recorded, also within no_grad.\n\n"
                             "A context manager or decorator. Per thread.");
  add_mode<Mode::SetGrad>(module, "set_grad_enabled",
                          "set_grad_enabled(mode): switches recording on (True) or off (False).\n\n"
                          "Acts when called; as a context manager it sets the earlier state at the end.");
  add_mode<Mode::Inference>(
      module, "inference_mode",
      "inference_mode(mode=True): like no_grad, and results can never take part in backward.\n\n"
      "Tensors made inside keep no version and no views of record, which makes ops cheaper.\n"
      "A context manager, or a decorator with or without brackets. Per thread.");
}

} // namespace torch::python
