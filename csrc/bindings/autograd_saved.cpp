// Saved-tensor hooks written in Python.
#include "bindings/autograd_python.h"

namespace torch::python {

namespace {

struct PyPacked final : autograd::PackedData {
  PyPacked(Owned unpack, Owned value) : unpack_hook(std::move(unpack)), value(std::move(value)) {}
  Tensor unpack() override {
    const Owned result = owned(call_python<PyObject_CallOneArg>(unpack_hook.get(), value.get()));
    if (!is_tensor(result.get()))
      raise_python(PyExc_TypeError,
                   "Output of saved tensor unpack_hook expected to be a Tensor but got result of type %s",
                   Py_TYPE(result.get())->tp_name);
    return python::unwrap(result.get());
  }
  Owned unpack_hook;
  Owned value;
};

struct PySavedTensorHooks final : autograd::SavedTensorHooks {
  PySavedTensorHooks(PyObject* pack, PyObject* unpack)
      : pack_hook(Owned::share(pack)), unpack_hook(Owned::share(unpack)) {}
  std::unique_ptr<autograd::PackedData> pack(const Tensor& t) override {
    const uint32_t version = t.impl()->version.value();
    const Owned value = owned(wrap(t));
    Owned packed = owned(call_python<PyObject_CallOneArg>(pack_hook.get(), value.get()));
    check(t.impl()->version.value() == version,
          "A saved tensor pack hook is modifying its input in place. Tensors "
          "provided as input to pack hook can not be "
          "modified by in-place operations as this can lead to unexpected "
          "side-effects. Please open an issue if you "
          "need to perform in-place operations on the input to a pack hook.");
    return std::make_unique<PyPacked>(Owned::share(unpack_hook.get()), std::move(packed));
  }
  Owned pack_hook, unpack_hook;
};

PyObject* push_hooks(PyObject*, PyObject* args) {
  PyObject *pack = nullptr, *unpack = nullptr;
  if (!PyArg_ParseTuple(args, "OO:_push_saved_tensors_default_hooks", &pack, &unpack)) return nullptr;
  return guarded([&]() -> PyObject* {
    if (!PyCallable_Check(pack) || !PyCallable_Check(unpack))
      raise_python(PyExc_TypeError, "saved_tensors_hooks: pack_hook and unpack_hook must be callable");
    autograd::push_saved_tensor_hooks(std::make_shared<PySavedTensorHooks>(pack, unpack));
    Py_RETURN_NONE;
  });
}

PyObject* pop_hooks(PyObject*, PyObject*) {
  return guarded([&]() -> PyObject* {
    check(!autograd::saved_tensor_hook_stack().hooks.empty(), "no saved tensor hooks to remove");
    autograd::pop_saved_tensor_hooks();
    Py_RETURN_NONE;
  });
}

PyObject* disable_hooks(PyObject*, PyObject* text) {
  return guarded([&]() -> PyObject* {
    const char* const message = PyUnicode_Check(text) ? PyUnicode_AsUTF8(text) : nullptr;
    if (!message) raise_python(PyExc_TypeError, "error message must be str");
    autograd::disable_saved_tensor_hooks(message);
    Py_RETURN_NONE;
  });
}

PyObject* enable_hooks(PyObject*, PyObject*) {
  autograd::saved_tensor_hook_stack().disabled.clear();
  Py_RETURN_NONE;
}

PyObject* hooks_disabled_text(PyObject*, PyObject*) {
  const std::string& text = autograd::saved_tensor_hook_stack().disabled;
  if (text.empty()) Py_RETURN_NONE;
  return PyUnicode_FromString(text.c_str());
}

PyMethodDef functions[] = {
    {"_push_saved_tensors_default_hooks", push_hooks, METH_VARARGS, "Adds a pair of saved-tensor hooks."},
    {"_pop_saved_tensors_default_hooks", pop_hooks, METH_NOARGS,
     "Removes the last pair of saved-tensor hooks."},
    {"_saved_tensors_hooks_disable", disable_hooks, METH_O,
     "Makes saved-tensor hooks fail with the given text."},
    {"_saved_tensors_hooks_enable", enable_hooks, METH_NOARGS, "Allows saved-tensor hooks again."},
    {"_saved_tensors_hooks_get_disabled_error_message", hooks_disabled_text, METH_NOARGS,
     "The text with which saved-tensor hooks fail, or None."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

void init_autograd_saved(PyObject* autograd) { check_status(PyModule_AddFunctions(autograd, functions)); }

} // namespace torch::python
