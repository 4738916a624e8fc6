// Hooks written in Python. Each kind keeps its functions in an OrderedDict, from which a RemovableHandle
// takes them out.
#include "bindings/autograd_python.h"

namespace torch::python {

using autograd::AutogradMeta;
using autograd::Node;

namespace {

PyObject* new_hooks_dict() {
  static constinit LateImport type("collections", "OrderedDict");
  return owned(call_python<PyObject_CallNoArgs>(type.get())).release();
}

PyObject* handle_for(PyObject* dict, PyObject* hook) {
  static constinit LateImport type("torch.utils.hooks", "RemovableHandle");
  if (!PyCallable_Check(hook))
    raise_python(PyExc_TypeError, "hook must be callable, not %s", Py_TYPE(hook)->tp_name);
  Owned handle = owned(call_python<PyObject_CallOneArg>(type.get(), dict));
  const Owned id = owned(PyObject_GetAttrString(handle.get(), "id"));
  check_status(PyObject_SetItem(dict, id.get(), hook));
  return handle.release();
}

std::string name_of(PyObject* hook) {
  const Owned name(PyObject_GetAttrString(hook, "__name__"));
  if (!name) {
    PyErr_Clear();
    return "<unknown>";
  }
  const char* const text = PyUnicode_Check(name.get()) ? PyUnicode_AsUTF8(name.get()) : nullptr;
  return text ? text : "<unknown>";
}

// The hooks in force now: a hook may add or remove some.
Owned snapshot(PyObject* dict) {
  const Owned values = owned(call_python<PyObject_CallMethod>(dict, "values", nullptr));
  return owned(PySequence_Tuple(values.get()));
}

// What a hook may give in place of a gradient: a tensor of the same kind.
Tensor replacement(PyObject* result, const Tensor& old, PyObject* hook) {
  if (!is_tensor(result))
    raise_python(PyExc_TypeError, "expected Variable, but hook returned '%s'", Py_TYPE(result)->tp_name);
  Tensor t = unwrap(result);
  if (!old.defined()) return t;
  check(t.dtype() == old.dtype(), "hook '", name_of(hook), "' has changed the type of value (was ",
        old.dtype(), " got ", t.dtype(), ")");
  check(t.device() == old.device(), "hook '", name_of(hook), "' has changed the device of value");
  check(equal(t.sizes(), old.sizes()), "hook '", name_of(hook), "' has changed the size of value (was ",
        old.sizes(), " got ", t.sizes(), ")");
  return t;
}

void replace_all(PyObject* result, std::span<Tensor> values, PyObject* hook) {
  if (!PyTuple_Check(result))
    raise_python(PyExc_TypeError, "expected tuple, but hook returned '%s'", Py_TYPE(result)->tp_name);
  const auto n = static_cast<size_t>(PyTuple_GET_SIZE(result));
  check(n == values.size(), "hook '", name_of(hook), "' has returned an incorrect number of values (got ", n,
        ", but expected ", values.size(), ")");
  for (size_t i = 0; i < n; ++i) {
    PyObject* const item = PyTuple_GET_ITEM(result, static_cast<Py_ssize_t>(i));
    values[i] = item == Py_None ? Tensor() : replacement(item, values[i], hook);
  }
}

template <class Base> struct DictHook : Base {
  explicit DictHook(PyObject* d) : dict(d) {} // takes the reference over
  ~DictHook() override { Py_DECREF(dict); }
  PyObject* dict;
};

struct PyTensorHook final : DictHook<autograd::TensorHook> {
  using DictHook::DictHook;
  void run(Tensor& grad) override {
    if (PyDict_GET_SIZE(dict) == 0) return;
    const Owned hooks = snapshot(dict);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(hooks.get()); ++i) {
      PyObject* const hook = PyTuple_GET_ITEM(hooks.get(), i);
      const Owned value = owned(wrap(grad));
      const Owned result = owned(call_python<PyObject_CallOneArg>(hook, value.get()));
      if (result.get() != Py_None) grad = replacement(result.get(), grad, hook);
    }
  }
};

struct PyAccumulateHook final : DictHook<autograd::AccumulateHook> {
  using DictHook::DictHook;
  void run(const Tensor& leaf) override {
    if (PyDict_GET_SIZE(dict) == 0) return;
    const Owned hooks = snapshot(dict);
    const Owned value = owned(wrap(leaf));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(hooks.get()); ++i) {
      PyObject* const hook = PyTuple_GET_ITEM(hooks.get(), i);
      const Owned result = owned(call_python<PyObject_CallOneArg>(hook, value.get()));
      if (result.get() != Py_None)
        fail(ErrorKind::Runtime, "Tensor post accumulate grad hooks should return None.");
    }
  }
};

struct PyPreHook final : DictHook<autograd::NodePreHook> {
  using DictHook::DictHook;
  void run(std::span<Tensor> grads) override {
    if (PyDict_GET_SIZE(dict) == 0) return;
    const Owned hooks = snapshot(dict);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(hooks.get()); ++i) {
      PyObject* const hook = PyTuple_GET_ITEM(hooks.get(), i);
      const Owned values = owned(to_tuple(grads));
      const Owned result = owned(call_python<PyObject_CallOneArg>(hook, values.get()));
      if (result.get() != Py_None) replace_all(result.get(), grads, hook);
    }
  }
};

struct PyPostHook final : DictHook<autograd::NodePostHook> {
  using DictHook::DictHook;
  void run(std::span<Tensor> results, std::span<const Tensor> grads) override {
    if (PyDict_GET_SIZE(dict) == 0) return;
    const Owned hooks = snapshot(dict);
    const Owned given = owned(to_tuple(grads));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(hooks.get()); ++i) {
      PyObject* const hook = PyTuple_GET_ITEM(hooks.get(), i);
      const Owned values = owned(to_tuple(results));
      const Owned result =
          owned(call_python<PyObject_CallFunctionObjArgs>(hook, values.get(), given.get(), nullptr));
      if (result.get() != Py_None) replace_all(result.get(), results, hook);
    }
  }
};

// The Python hooks among t's tensor hooks, or null.
PyTensorHook* find_tensor_hook(const Tensor& t) {
  const AutogradMeta* const m = autograd::meta_of(t);
  if (!m) return nullptr;
  if (const Ref<Node> n = autograd::grad_fn_of(t)) {
    if (!n->extras) return nullptr;
    for (const auto& entry : n->extras->tensor_hooks)
      if (entry.slot == m->slot)
        if (auto* const hook = dynamic_cast<PyTensorHook*>(entry.hook.get())) return hook;
    return nullptr;
  }
  if (!m->hooks) return nullptr;
  for (const auto& entry : m->hooks->tensor_hooks)
    if (auto* const hook = dynamic_cast<PyTensorHook*>(entry.get())) return hook;
  return nullptr;
}

template <class Hook, class List> PyObject* dict_in(List& list) {
  for (const auto& entry : list)
    if (auto* const hook = dynamic_cast<Hook*>(entry.get())) return hook->dict;
  list.push_back(std::make_unique<Hook>(new_hooks_dict()));
  return static_cast<Hook*>(list.back().get())->dict;
}

template <class Hook, class List> int visit_in(const List& list, visitproc visit, void* arg) {
  for (const auto& entry : list)
    if (const auto* const hook = dynamic_cast<const Hook*>(entry.get())) Py_VISIT(hook->dict);
  return 0;
}

} // namespace

PyObject* tensor_hooks_dict(const Tensor& t) {
  const PyTensorHook* const hook = find_tensor_hook(t);
  return hook ? hook->dict : nullptr;
}

void set_tensor_hooks_dict(const Tensor& t, PyObject* dict) {
  if (PyTensorHook* const hook = find_tensor_hook(t)) {
    Py_SETREF(hook->dict, dict == Py_None ? new_hooks_dict() : Py_NewRef(dict));
    return;
  }
  if (dict == Py_None) return;
  autograd::add_tensor_hook(t, std::make_unique<PyTensorHook>(Py_NewRef(dict)));
}

PyObject* accumulate_hooks_dict(const Tensor& t) {
  const AutogradMeta* const m = autograd::meta_of(t);
  if (!m || !m->hooks) return nullptr;
  const auto* const hook = dynamic_cast<PyAccumulateHook*>(m->hooks->after_accumulate.get());
  return hook ? hook->dict : nullptr;
}

PyObject* register_tensor_hook(const Tensor& t, PyObject* hook) {
  check(t.requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
  PyObject* dict = tensor_hooks_dict(t);
  if (!dict) {
    auto fresh = std::make_unique<PyTensorHook>(new_hooks_dict());
    dict = fresh->dict;
    autograd::add_tensor_hook(t, std::move(fresh));
  }
  return handle_for(dict, hook);
}

PyObject* register_accumulate_hook(const Tensor& t, PyObject* hook) {
  PyObject* dict = accumulate_hooks_dict(t);
  if (!dict) {
    auto fresh = std::make_unique<PyAccumulateHook>(new_hooks_dict());
    dict = fresh->dict;
    autograd::set_accumulate_hook(t, std::move(fresh));
  }
  return handle_for(dict, hook);
}

PyObject* register_node_hook(Node& n, PyObject* hook) {
  return handle_for(dict_in<PyPostHook>(n.ensure_extras().post_hooks), hook);
}

PyObject* register_node_prehook(Node& n, PyObject* hook) {
  return handle_for(dict_in<PyPreHook>(n.ensure_extras().pre_hooks), hook);
}

int traverse_hooks(const autograd::NodeExtras& extras, visitproc visit, void* arg) {
  for (const auto& entry : extras.tensor_hooks)
    if (const auto* const hook = dynamic_cast<const PyTensorHook*>(entry.hook.get())) Py_VISIT(hook->dict);
  if (const int stop = visit_in<PyPreHook>(extras.pre_hooks, visit, arg)) return stop;
  return visit_in<PyPostHook>(extras.post_hooks, visit, arg);
}

int traverse_hooks(const autograd::LeafHooks& hooks, visitproc visit, void* arg) {
  if (const int stop = visit_in<PyTensorHook>(hooks.tensor_hooks, visit, arg)) return stop;
  if (const auto* const hook = dynamic_cast<const PyAccumulateHook*>(hooks.after_accumulate.get()))
    Py_VISIT(hook->dict);
  return 0;
}

int traverse_autograd(const Tensor& t, visitproc visit, void* arg) {
  const AutogradMeta* const m = autograd::meta_of(t);
  if (!m) return 0;
  if (m->hooks)
    if (const int stop = traverse_hooks(*m->hooks, visit, arg)) return stop;
  if (m->grad_fn && m->grad_fn->use_count() == 1) {
    if (m->grad_fn->extras)
      if (const int stop = traverse_hooks(*m->grad_fn->extras, visit, arg)) return stop;
    if (m->grad_fn->kind() == autograd::NodeKind::Python)
      return traverse_function_of(*m->grad_fn, visit, arg);
  }
  return 0;
}

void clear_autograd(const Tensor& t) {
  AutogradMeta* const m = autograd::meta_of(t);
  if (!m) return;
  m->hooks.reset();
  if (!m->retains_grad && !autograd::is_view(t)) m->grad_fn.reset();
}

} // namespace torch::python
