// What a Tensor shows of its autograd record: attributes and methods of the Tensor type.
#include "bindings/autograd_python.h"
#include "bindings/docs.h"
#include "bindings/override.h"

namespace torch::python {

namespace {

template <class F> PyCFunction as_function(F f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f));
}

// "Float": how PyTorch's messages spell a dtype.
const char* spelled(DType t) { return dtype_aten_name(t); }

PyObject* get_grad(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    const Tensor& grad = autograd::grad_of(t);
    if (!grad.defined() && t.requires_grad() && !autograd::is_leaf(t) && !autograd::meta_of(t)->retains_grad)
      check_status(PyErr_WarnEx(PyExc_UserWarning,
                                "The .grad attribute of a Tensor that is not a leaf Tensor is being "
                                "accessed. Its .grad attribute won't be "
                                "populated during autograd.backward(). If you indeed want the .grad field to "
                                "be populated for a non-leaf "
                                "Tensor, use .retain_grad() on the non-leaf Tensor. If you access the "
                                "non-leaf Tensor by mistake, make sure "
                                "you access the leaf Tensor instead.",
                                1));
    return wrap(grad);
  });
}

int set_grad(PyObject* self, PyObject* value, void*) {
  return guarded_status([&] {
    const Tensor& t = unwrap(self);
    if (!value || value == Py_None) {
      autograd::set_grad(t, {});
      return;
    }
    if (!is_tensor(value))
      raise_python(PyExc_TypeError, "assigned grad expected to be a Tensor or None but got grad of type %s",
                   Py_TYPE(value)->tp_name);
    check(value != self, "can't assign Variable as its own grad");
    const Tensor& grad = unwrap(value);
    check(equal(grad.sizes(), t.sizes()), "attempting to assign a gradient of size '", grad.sizes(),
          "' to a tensor of size '", t.sizes(),
          "'. Please ensure that the gradient and the tensor are the same size");
    check(grad.dtype() == t.dtype(), "attempting to assign a gradient with dtype '", spelled(grad.dtype()),
          "' to a tensor with dtype '", spelled(t.dtype()),
          "'. Please ensure that the gradient and the tensor are the same dtype");
    check(grad.device() == t.device(), "attempting to assign a gradient on device '", grad.device(),
          "' to a tensor on device '", t.device(), "'. Please ensure that both are on the same device");
    autograd::set_grad(t, grad);
  });
}

PyObject* get_grad_fn(PyObject* self, void*) {
  return guarded([&] { return wrap_node(autograd::grad_fn_of(unwrap(self))); });
}

int set_grad_fn(PyObject* self, PyObject* value, void*) {
  return guarded_status([&] {
    check(!value || value == Py_None, "_grad_fn can be only set to None");
    autograd::detach_inplace(unwrap(self));
  });
}

PyObject* get_is_leaf(PyObject* self, void*) {
  return guarded([&] { return PyBool_FromLong(autograd::is_leaf(unwrap(self))); });
}

PyObject* get_requires_grad(PyObject* self, void*) {
  return guarded([&] { return PyBool_FromLong(unwrap(self).requires_grad()); });
}

int set_requires_grad(PyObject* self, PyObject* value, void*) {
  return guarded_status([&] {
    check(value && PyBool_Check(value), "requires_grad must be a bool");
    const Tensor& t = unwrap(self);
    check(value == Py_False || autograd::is_leaf(t),
          "you can only change requires_grad flags of leaf variables.");
    autograd::set_requires_grad(t, value == Py_True);
  });
}

PyObject* get_version(PyObject* self, void*) {
  return guarded([&] {
    const TensorImpl* const impl = unwrap(self).impl();
    check(!(impl->flags & kInference), "Inference tensors do not track version counter.");
    return PyLong_FromUnsignedLong(impl->version.value());
  });
}

PyObject* get_output_nr(PyObject* self, void*) {
  return guarded([&] { return PyLong_FromUnsignedLong(autograd::output_nr_of(unwrap(self))); });
}

PyObject* get_base(PyObject* self, void*) {
  return guarded([&] { return wrap(autograd::base_of(unwrap(self))); });
}

PyObject* get_retains_grad(PyObject* self, void*) {
  const autograd::AutogradMeta* const m = autograd::meta_of(unwrap(self));
  return PyBool_FromLong(m && m->retains_grad);
}

PyObject* get_backward_hooks(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    PyObject* const dict = tensor_hooks_dict(unwrap(self));
    return Py_NewRef(dict ? dict : Py_None);
  });
}

int set_backward_hooks(PyObject* self, PyObject* value, void*) {
  return guarded_status([&] {
    if (!value) raise_python(PyExc_RuntimeError, "Deletion of _backward_hooks not allowed!");
    set_tensor_hooks_dict(unwrap(self), value);
  });
}

PyObject* get_accumulate_hooks(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    PyObject* const dict = accumulate_hooks_dict(unwrap(self));
    return Py_NewRef(dict ? dict : Py_None);
  });
}

// ---- methods ----

PyObject* requires_grad_in_place(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&]() -> PyObject* {
    PyObject* value = Py_True;
    const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    if (n + named > 1)
      raise_python(PyExc_TypeError, "requires_grad_() takes at most 1 argument, got %zd", n + named);
    if (named && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "requires_grad") != 0)
      raise_python(PyExc_TypeError, "requires_grad_() got an unexpected keyword argument '%U'",
                   PyTuple_GET_ITEM(keywords, 0));
    if (n + named == 1) value = args[0];
    if (!PyBool_Check(value))
      raise_python(PyExc_TypeError,
                   "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not %s",
                   Py_TYPE(value)->tp_name);
    autograd::set_requires_grad(unwrap(self), value == Py_True);
    return Py_NewRef(self);
  });
}

PyObject* register_hook(PyObject* self, PyObject* hook) {
  return guarded([&] {
    track(self);
    return register_tensor_hook(unwrap(self), hook);
  });
}

PyObject* register_post_accumulate_hook(PyObject* self, PyObject* hook) {
  return guarded([&] {
    track(self);
    return register_accumulate_hook(unwrap(self), hook);
  });
}

PyObject* retain_grad(PyObject* self, PyObject*) {
  return guarded([&]() -> PyObject* {
    autograd::retain_grad(unwrap(self));
    Py_RETURN_NONE;
  });
}

PyObject* is_view(PyObject* self, PyObject*) { return PyBool_FromLong(autograd::is_view(unwrap(self))); }

} // namespace

PyGetSetDef autograd_getset[] = {
    {"grad", get_grad, set_grad,
     "The gradient, as a tensor of the same shape and dtype, or None. Filled by backward() in leaves that "
     "require grad "
     "and in tensors after retain_grad(); adds up over several backwards until it is set to None.",
     nullptr},
    {"_grad", get_grad, set_grad, "The same as grad.", nullptr},
    {"grad_fn", get_grad_fn, nullptr, "The recorded op that made the tensor, or None.", nullptr},
    {"_grad_fn", get_grad_fn, set_grad_fn, "grad_fn; can be set to None.", nullptr},
    {"is_leaf", get_is_leaf, nullptr, "Whether the tensor is not the result of a recorded op.", nullptr},
    {"requires_grad", get_requires_grad, set_requires_grad,
     "Whether gradients are wanted for the tensor. Can be set on leaves of floating point or complex dtype.",
     nullptr},
    {"_version", get_version, nullptr, "How often the memory was written in place.", nullptr},
    {"output_nr", get_output_nr, nullptr, "Which output of grad_fn the tensor is.", nullptr},
    {"_base", get_base, nullptr, "The tensor of which this one is a view, itself never a view, or None.",
     nullptr},
    {"retains_grad", get_retains_grad, nullptr, "Whether retain_grad() was called on this non-leaf tensor.",
     nullptr},
    {"_backward_hooks", get_backward_hooks, set_backward_hooks,
     "The hooks of register_hook by number, or None.", nullptr},
    {"_post_accumulate_grad_hooks", get_accumulate_hooks, nullptr,
     "The hooks of register_post_accumulate_grad_hook by number, or None.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef autograd_methods[] = {
    {"backward", as_function(method_with_args<"backward", tensor_backward>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_backward},
    {"requires_grad_", as_function(method_with_args<"requires_grad_", requires_grad_in_place>),
     METH_FASTCALL | METH_KEYWORDS, doc::method_requires_grad_},
    {"register_hook", method_one_arg<"register_hook", register_hook>, METH_O, doc::method_register_hook},
    {"register_post_accumulate_grad_hook",
     method_one_arg<"register_post_accumulate_grad_hook", register_post_accumulate_hook>, METH_O,
     doc::method_register_post_accumulate_grad_hook},
    {"retain_grad", method_no_args<"retain_grad", retain_grad>, METH_NOARGS, doc::method_retain_grad},
    {"_is_view", method_no_args<"_is_view", is_view>, METH_NOARGS,
     "_is_view($self, /)\n--\n\nWhether the tensor is a view of record."},
    {nullptr, nullptr, 0, nullptr},
};

void init_autograd(PyObject* module) {
  const Owned autograd = owned(PyModule_New("torch._C._autograd"));
  init_autograd_node(autograd.get());
  init_autograd_function(module);
  init_autograd_modes(module);
  init_autograd_engine(module, autograd.get());
  init_autograd_saved(autograd.get());
  check_status(PyModule_AddObjectRef(module, "_autograd", autograd.get()));
  PyObject* const modules = PyImport_GetModuleDict(); // borrowed
  check_status(PyDict_SetItemString(modules, "torch._C._autograd", autograd.get()));
}

} // namespace torch::python
