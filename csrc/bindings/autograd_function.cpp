// torch.autograd.Function: an op whose forward and backward are written in Python.
#include "bindings/autograd_python.h"

#include "autograd/ops_used.h"
#include "autograd/released.h"
#include "autograd/views.h"

#include <cstring>
#include <structmember.h>

// Note [Who owns whom: ctx and node]
// The ctx that forward and backward get is also the grad_fn of the outputs, so node and ctx belong together.
// While only the graph knows them, the node owns the ctx. As soon as Python holds the ctx (grad_fn was asked
// for, forward put it somewhere), the ctx owns the node instead. When Python lets go, the ctx's reference
// count falls to zero: if the graph still holds the node, ownership turns round again and the ctx lives on.
// So there is no cycle, neither goes before the other, and nothing waits for the garbage collector.

namespace torch::python {

using autograd::Edge;
using autograd::Node;
using autograd::NodeKind;
using autograd::SavedTensor;

namespace {

class PyNode;

struct FunctionObject {
  PyObject_HEAD PyObject* dict;
  PyObject* weakrefs;
  PyNode* node;       // null without a graph, or when the graph is gone
  Ref<Node> node_ref; // set while Python owns (see the note)
  PyObject* to_save;  // what ctx.save_for_backward was given, until it is saved
  PyObject* dirty;    // tuples of tensors, or null
  PyObject* non_differentiable;
  PyObject* needs_input_grad;
  PyObject* saved_for_forward;
  bool materialize_grads;
  bool released;
  std::vector<SavedTensor> saved;
};

PyTypeObject* function_type = nullptr; // torch._C._FunctionBase

FunctionObject* as_function(PyObject* o) { return reinterpret_cast<FunctionObject*>(o); }

const char* short_type_name(PyTypeObject* type) {
  const char* const dot = std::strrchr(type->tp_name, '.');
  return dot ? dot + 1 : type->tp_name;
}

// One item for each forward argument and output.
class PyNode final : public Node {
public:
  explicit PyNode(PyObject* ctx) : Node(NodeKind::Python), ctx(ctx), type_(Py_TYPE(ctx)) { Py_INCREF(type_); }
  ~PyNode() override {
    if (ctx) {
      as_function(ctx)->node = nullptr;
      if (owns_ctx) Py_DECREF(ctx);
    }
    Py_DECREF(type_);
  }
  const char* name() const override { return short_type_name(type_); }
  void apply(std::span<Tensor> grads, std::span<Tensor> results) override;
  bool runs_without_gradient() const override { return true; }
  void release_saved() override {
    if (!ctx) return;
    FunctionObject& f = *as_function(ctx);
    for (SavedTensor& s : f.saved) s.release();
    f.released = true;
  }

  PyObject* ctx; // null if forward failed after it had given the node to an output
  bool owns_ctx = false;
  std::vector<bool> tensor_inputs;  // of forward's arguments
  std::vector<bool> tensor_outputs; // of forward's results

private:
  PyTypeObject* type_; // keeps the name
};

// ---- backward ----

// The user's backward, which may also be called vjp.
Owned backward_of(PyObject* ctx) {
  static constinit LateImport imported("torch.autograd.function", "Function", "backward");
  PyObject* const base = imported.get();
  const Owned cls = owned(PyObject_GetAttrString(ctx, "_forward_cls"));
  Owned backward = owned(PyObject_GetAttrString(cls.get(), "backward"));
  Owned vjp = owned(PyObject_GetAttrString(cls.get(), "vjp"));
  if (vjp.get() == base) return backward;
  check(backward.get() == base,
        "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should "
        "only implement one of them.");
  return vjp;
}

void PyNode::apply(std::span<Tensor> grads, std::span<Tensor> results) {
  check(ctx, name(), ": its forward failed, so there is no backward");
  const Owned keep = Owned::share(ctx);
  const Owned function = backward_of(ctx);
  const size_t n_grads = tensor_outputs.size();
  InlineVec<PyObject*, 4> args;
  args.push_back(ctx);
  struct Release {
    InlineVec<PyObject*, 4>& items;
    ~Release() {
      for (size_t i = 1; i < items.size(); ++i) Py_DECREF(items[i]);
    }
  } const release{args};
  for (size_t i = 0; i < n_grads; ++i) {
    Tensor grad = i < grads.size() ? std::move(grads[i]) : Tensor();
    if (!grad.defined() && tensor_outputs[i] && as_function(ctx)->materialize_grads) {
      const autograd::GradMetadata& m = inputs()[i];
      grad = autograd::used::zeros(m.sizes, m.dtype, m.device);
    }
    args.push_back(owned(wrap(std::move(grad))).release());
  }
  const Owned raw =
      owned(call_python<PyObject_Vectorcall>(function.get(), args.data(), args.size(), nullptr));

  const bool single = !PyTuple_Check(raw.get());
  PyObject* const alone = raw.get();
  PyObject* const* const items = single ? &alone : &PyTuple_GET_ITEM(raw.get(), 0);
  size_t count = single ? 1 : static_cast<size_t>(PyTuple_GET_SIZE(raw.get()));
  const size_t expected = tensor_inputs.size();
  const size_t returned = count;
  while (count > expected && items[count - 1] == Py_None) --count; // Nones for arguments that were left out
  check(count == expected, "function ", name(), " returned an incorrect number of gradients (expected ",
        expected, ", got ", returned, ")");
  for (size_t i = 0, edge = 0; i < expected; ++i) {
    if (!tensor_inputs[i]) {
      check(items[i] == Py_None, "function ", name(), " returned a gradient different than None at position ",
            i + 1, ", but the corresponding forward input was not a Variable");
      continue;
    }
    if (items[i] != Py_None) {
      check(is_tensor(items[i]), "expected Variable or None (got ", Py_TYPE(items[i])->tp_name, ")");
      results[edge] = unwrap(items[i]); // hooks on the node see it even where no gradient is wanted
    }
    ++edge;
  }
}

// ---- forward ----

bool contains(PyObject* tuple, PyObject* item) {
  if (!tuple) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i)
    if (PyTuple_GET_ITEM(tuple, i) == item) return true;
  return false;
}

struct Call {
  PyObject* ctx;
  Ref<Node> node; // null when nothing is recorded
  PyObject* inputs;

  // Number of the edge of an input among the tensors, or -1 if o is none of them.
  int64_t edge_of_input(PyObject* o) const {
    int64_t edge = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(inputs); ++i) {
      PyObject* const input = PyTuple_GET_ITEM(inputs, i);
      if (input == o) return edge;
      if (is_tensor(input)) ++edge;
    }
    return -1;
  }
  PyObject* finish_output(PyObject* o, size_t n_tensors) const;
  PyObject* finish_dirty(PyObject* o, size_t n_tensors) const;
  void save() const;
};

// An input that forward wrote in place and returned: it gets the node as its history.
PyObject* Call::finish_dirty(PyObject* o, size_t n_tensors) const {
  const Tensor& t = unwrap(o);
  check(!(t.requires_grad() && autograd::is_leaf(t)),
        "a leaf Variable that requires grad has been used in an in-place operation.");
  const int64_t edge = edge_of_input(o);
  if (autograd::is_view(t)) {
    check(n_tensors == 1, "If your Function modifies inplace an input that is a view of another Tensor, your "
                          "Function cannot return more "
                          "than one Tensor. This is not supported by the current autograd engine. You should "
                          "either make sure the input "
                          "is not a view (using .clone() for example) or make your Function only return one "
                          "Tensor (potentially "
                          "splitting it into two Functions: one doing the inplace that returns a single "
                          "Tensor and a second one that "
                          "does the other operations).");
    autograd::check_inplace(t, true, node->name());
  }
  t.impl()->version.bump();
  const uint32_t slot = node->add_output(t);
  autograd::rebase_history(t, node, slot, edge < 0 ? node->edges().size() : static_cast<size_t>(edge));
  return Py_NewRef(o);
}

// What the caller gets for one output of forward: with its history, and never an input itself unless written
// in place.
PyObject* Call::finish_output(PyObject* o, size_t n_tensors) const {
  if (!is_tensor(o)) {
    if (node) node->add_output(Tensor());
    return Py_NewRef(o);
  }
  const Tensor& t = unwrap(o);
  const FunctionObject& f = *as_function(ctx);
  const bool is_input = contains(inputs, o);
  const bool is_dirty = contains(f.dirty, o);
  const bool differentiable = is_differentiable(t.dtype()) && !contains(f.non_differentiable, o);

  if (!node || !differentiable) {
    if (node) node->add_output(t);
    if (!is_input || is_dirty) {
      if (!node || !t.requires_grad()) return Py_NewRef(o);
      if (autograd::is_view(t)) return wrap(autograd::detach(t));
      autograd::detach_inplace(t);
      return Py_NewRef(o);
    }
    if (t.requires_grad()) return wrap(autograd::detach(t));
    const Tensor same = alias(t);
    autograd::set_view(same, t);
    return wrap(same);
  }
  if (is_dirty) return finish_dirty(o, n_tensors);
  if (is_input) {
    const Tensor same = alias(t);
    autograd::set_view(same, t, autograd::ViewKind::CustomFunction);
    autograd::set_history(same, node);
    return wrap(same);
  }
  if (autograd::is_view(t)) {
    autograd::AutogradMeta& m = *autograd::meta_of(t);
    m.view_kind = autograd::ViewKind::CustomFunction;
    m.history_version = t.impl()->version.value();
  }
  autograd::set_history(t, node);
  return Py_NewRef(o);
}

void Call::save() const {
  FunctionObject& f = *as_function(ctx);
  if (!f.to_save) return;
  if (node) {
    const auto n = static_cast<size_t>(PyTuple_GET_SIZE(f.to_save));
    f.saved.reserve(n);
    for (size_t i = 0; i < n; ++i) {
      PyObject* const o = PyTuple_GET_ITEM(f.to_save, static_cast<Py_ssize_t>(i));
      if (o == Py_None) {
        f.saved.emplace_back();
        continue;
      }
      if (!is_tensor(o))
        raise_python(PyExc_TypeError,
                     "save_for_backward can only save variables, but argument %zu is of type %s", i,
                     Py_TYPE(o)->tp_name);
      const Tensor& t = unwrap(o);
      const autograd::AutogradMeta* const m = autograd::meta_of(t);
      f.saved.emplace_back(t, m && m->grad_fn == node);
    }
  }
  Py_CLEAR(f.to_save);
}

void check_dirty(PyObject* dirty, PyObject* const* outputs, size_t n) {
  for (Py_ssize_t i = 0; dirty && i < PyTuple_GET_SIZE(dirty); ++i) {
    bool found = false;
    for (size_t k = 0; k < n; ++k) found |= outputs[k] == PyTuple_GET_ITEM(dirty, i);
    check(found, "Some elements marked as dirty during the forward method were not returned as output. The "
                 "inputs that "
                 "are modified inplace must all be outputs of the Function.");
  }
}

// Function.setup_context as it is when a class does not define its own.
constinit LateImport plain_setup_context("torch.autograd.function", "Function", "setup_context");
// (cls, has_setup_context, args, keywords) -> positional arguments with defaults
constinit LateImport bind_arguments("torch.autograd.function", "_bind_arguments");

Owned positional_arguments(PyObject* cls, bool has_setup, PyObject* const* args, Py_ssize_t n,
                           PyObject* keywords) {
  Owned tuple = owned(PyTuple_New(n));
  for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(tuple.get(), i, Py_NewRef(args[i]));
  if (!has_setup && (!keywords || PyTuple_GET_SIZE(keywords) == 0)) return tuple;
  const Owned named = owned(PyDict_New());
  for (Py_ssize_t i = 0; keywords && i < PyTuple_GET_SIZE(keywords); ++i)
    check_status(PyDict_SetItem(named.get(), PyTuple_GET_ITEM(keywords, i), args[n + i]));
  Owned bound = owned(call_python<PyObject_CallFunctionObjArgs>(
      bind_arguments.get(), cls, has_setup ? Py_True : Py_False, tuple.get(), named.get(), nullptr));
  if (!PyTuple_Check(bound.get())) raise_python(PyExc_TypeError, "_bind_arguments must return a tuple");
  return bound;
}

PyObject* run_forward(PyObject* cls, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  const Owned setup = owned(PyObject_GetAttrString(cls, "setup_context"));
  const bool has_setup = setup.get() != plain_setup_context.get();
  const Owned inputs = positional_arguments(cls, has_setup, args, n, keywords);
  n = PyTuple_GET_SIZE(inputs.get());

  const Owned backward_class = owned(PyObject_GetAttrString(cls, "_backward_cls"));
  Owned ctx = owned(call_python<PyObject_CallNoArgs>(backward_class.get()));
  if (!is_function(ctx.get()))
    raise_python(PyExc_TypeError, "_backward_cls is no class of a custom Function");
  FunctionObject& f = *as_function(ctx.get());

  Call call{ctx.get(), {}, inputs.get()};
  bool recording = false;
  Owned needs = owned(PyTuple_New(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* const o = PyTuple_GET_ITEM(inputs.get(), i);
    const bool wanted = is_tensor(o) && unwrap(o).requires_grad();
    recording |= wanted;
    PyTuple_SET_ITEM(needs.get(), i, Py_NewRef(wanted ? Py_True : Py_False));
  }
  f.needs_input_grad = needs.release();
  PyNode* node = nullptr;
  if (recording && thread_state.grad_enabled) {
    call.node = Ref<Node>(node = new PyNode(ctx.get()));
    f.node = node;
    for (Py_ssize_t i = 0; i < n; ++i) {
      PyObject* const o = PyTuple_GET_ITEM(inputs.get(), i);
      node->tensor_inputs.push_back(is_tensor(o));
      if (is_tensor(o)) node->add_edge(unwrap(o));
    }
  }

  Owned raw;
  {
    const NoGradGuard guard;
    const Owned forward = owned(PyObject_GetAttrString(cls, "forward"));
    InlineVec<PyObject*, 8> values;
    if (!has_setup) values.push_back(ctx.get());
    for (Py_ssize_t i = 0; i < n; ++i) values.push_back(PyTuple_GET_ITEM(inputs.get(), i));
    raw = owned(call_python<PyObject_Vectorcall>(forward.get(), values.data(), values.size(), nullptr));
    if (has_setup)
      owned(call_python<PyObject_CallFunctionObjArgs>(setup.get(), ctx.get(), inputs.get(), raw.get(),
                                                      nullptr));
  }

  const bool single = !PyTuple_Check(raw.get());
  PyObject* const alone = raw.get();
  PyObject* const* const outputs = single ? &alone : &PyTuple_GET_ITEM(raw.get(), 0);
  const size_t n_outputs = single ? 1 : static_cast<size_t>(PyTuple_GET_SIZE(raw.get()));
  check_dirty(f.dirty, outputs, n_outputs);
  size_t n_tensors = 0;
  for (size_t i = 0; i < n_outputs; ++i) n_tensors += is_tensor(outputs[i]);

  Owned result = single ? Owned() : owned(PyTuple_New(static_cast<Py_ssize_t>(n_outputs)));
  for (size_t i = 0; i < n_outputs; ++i) {
    if (node) node->tensor_outputs.push_back(is_tensor(outputs[i]));
    Owned value = owned(call.finish_output(outputs[i], n_tensors));
    if (node) track(value.get());
    if (single)
      result = std::move(value);
    else
      PyTuple_SET_ITEM(result.get(), static_cast<Py_ssize_t>(i), value.release());
  }
  call.save();
  Py_CLEAR(f.dirty);
  Py_CLEAR(f.non_differentiable);
  if (node) {
    if (Py_REFCNT(ctx.get()) == 1) { // only this call knows it: the node takes it over
      node->owns_ctx = true;
      ctx.release();
    } else {
      f.node_ref = call.node;
    }
  }
  return result.release();
}

PyObject* function_apply(PyObject* cls, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] { return run_forward(cls, args, n, keywords); });
}

// ---- ctx as a Python object ----

PyObject* function_new(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* const self = type->tp_alloc(type, 0);
  if (!self) return nullptr;
  FunctionObject& f = *as_function(self);
  new (&f.node_ref) Ref<Node>();
  new (&f.saved) std::vector<SavedTensor>();
  f.materialize_grads = true;
  return self;
}

int function_traverse(PyObject* self, visitproc visit, void* arg) {
  const FunctionObject& f = *as_function(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(f.dict);
  Py_VISIT(f.to_save);
  Py_VISIT(f.dirty);
  Py_VISIT(f.non_differentiable);
  Py_VISIT(f.needs_input_grad);
  Py_VISIT(f.saved_for_forward);
  if (f.node_ref && f.node_ref->use_count() == 1 && f.node_ref->extras)
    return traverse_hooks(*f.node_ref->extras, visit, arg);
  return 0;
}

int function_clear(PyObject* self) {
  FunctionObject& f = *as_function(self);
  Py_CLEAR(f.dict);
  Py_CLEAR(f.to_save);
  Py_CLEAR(f.dirty);
  Py_CLEAR(f.non_differentiable);
  Py_CLEAR(f.needs_input_grad);
  Py_CLEAR(f.saved_for_forward);
  return 0;
}

// Also the deallocator of the backward classes (prepare_class): they add nothing to the object.
void function_dealloc(PyObject* self) {
  FunctionObject& f = *as_function(self);
  if (f.node && f.node_ref && f.node_ref->use_count() > 1) { // the graph still needs the ctx
    Py_SET_REFCNT(self, 1);
    f.node->owns_ctx = true;
    f.node_ref.reset();
    return;
  }
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (f.weakrefs) PyObject_ClearWeakRefs(self);
  if (f.node) f.node->ctx = nullptr;
  f.node = nullptr;
  f.node_ref.reset();
  function_clear(self);
  f.saved.~vector();
  f.node_ref.~Ref();
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* saved_tensors(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    const FunctionObject& f = *as_function(self);
    if (f.released) autograd::fail_released(Py_TYPE(self)->tp_name);
    Owned result = owned(PyTuple_New(static_cast<Py_ssize_t>(f.saved.size())));
    for (size_t i = 0; i < f.saved.size(); ++i)
      PyTuple_SET_ITEM(result.get(), static_cast<Py_ssize_t>(i),
                       owned(wrap(f.saved[i].unpack(f.node))).release());
    return result.release();
  });
}

// Attributes that hold a tuple of what the user named; a single object counts as a tuple of one.
template <PyObject* FunctionObject::*member> PyObject* get_member(PyObject* self, void*) {
  PyObject* const value = as_function(self)->*member;
  return Py_NewRef(value ? value : Py_None);
}
template <PyObject* FunctionObject::*member> int set_member(PyObject* self, PyObject* value, void*) {
  PyObject* fresh = nullptr;
  if (value && value != Py_None) {
    fresh = PyTuple_Check(value) ? Py_NewRef(value) : PyTuple_Pack(1, value);
    if (!fresh) return -1;
  }
  Py_XSETREF(as_function(self)->*member, fresh);
  return 0;
}
template <PyObject* FunctionObject::*member>
PyObject* name_tensors(PyObject* self, PyObject* const* args, Py_ssize_t n) {
  PyObject* const tuple = PyTuple_New(n);
  if (!tuple) return nullptr;
  for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
  Py_XSETREF(as_function(self)->*member, tuple);
  Py_RETURN_NONE;
}

PyObject* set_materialize(PyObject* self, PyObject* value) {
  const int truth = PyObject_IsTrue(value);
  if (truth < 0) return nullptr;
  as_function(self)->materialize_grads = truth;
  Py_RETURN_NONE;
}
PyObject* get_materialize(PyObject* self, void*) {
  return PyBool_FromLong(as_function(self)->materialize_grads);
}
int set_materialize_attribute(PyObject* self, PyObject* value, void*) {
  const int truth = value ? PyObject_IsTrue(value) : -1;
  if (truth < 0) return -1;
  as_function(self)->materialize_grads = truth;
  return 0;
}

// A class made in Python has Python's own deallocator, which cannot let the object live on.
PyObject* prepare_class(PyObject*, PyObject* cls) {
  if (!PyType_Check(cls) || !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(cls), function_type)) {
    PyErr_SetString(PyExc_TypeError, "expected a subclass of torch._C._FunctionBase");
    return nullptr;
  }
  auto* const type = reinterpret_cast<PyTypeObject*>(cls);
  if (type->tp_basicsize != function_type->tp_basicsize) {
    PyErr_SetString(PyExc_TypeError, "the ctx class of a custom Function cannot have slots of its own");
    return nullptr;
  }
  type->tp_dealloc = function_dealloc;
  return Py_NewRef(cls);
}

template <class F> PyCFunction as_c_function(F f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f));
}

PyMethodDef own_methods[] = {
    {"apply", as_c_function(function_apply), METH_FASTCALL | METH_KEYWORDS | METH_CLASS,
     "Runs forward and records backward."},
    {"save_for_backward", as_c_function(name_tensors<&FunctionObject::to_save>), METH_FASTCALL,
     "Keeps tensors (inputs or outputs of forward, or None) for ctx.saved_tensors in backward."},
    {"save_for_forward", as_c_function(name_tensors<&FunctionObject::saved_for_forward>), METH_FASTCALL,
     "Keeps tensors for jvp."},
    {"mark_dirty", as_c_function(name_tensors<&FunctionObject::dirty>), METH_FASTCALL,
     "Names inputs that forward wrote in place; they have to be outputs too."},
    {"mark_non_differentiable", as_c_function(name_tensors<&FunctionObject::non_differentiable>),
     METH_FASTCALL, "Names outputs that have no gradient."},
    {"set_materialize_grads", set_materialize, METH_O,
     "Whether backward gets zeros (default) or None for outputs without a gradient."},
    {nullptr, nullptr, 0, nullptr},
};

PyMethodDef module_functions[] = {
    {"_prepare_function_class", prepare_class, METH_O, "Makes a class usable as ctx of a custom Function."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef own_getset[] = {
    {"saved_tensors", saved_tensors, nullptr, "What save_for_backward kept.", nullptr},
    {"saved_variables", saved_tensors, nullptr, "The same as saved_tensors.", nullptr},
    {"to_save", get_member<&FunctionObject::to_save>, set_member<&FunctionObject::to_save>, nullptr, nullptr},
    {"dirty_tensors", get_member<&FunctionObject::dirty>, set_member<&FunctionObject::dirty>, nullptr,
     nullptr},
    {"non_differentiable", get_member<&FunctionObject::non_differentiable>,
     set_member<&FunctionObject::non_differentiable>, nullptr, nullptr},
    {"saved_for_forward", get_member<&FunctionObject::saved_for_forward>,
     set_member<&FunctionObject::saved_for_forward>, nullptr, nullptr},
    {"needs_input_grad", get_member<&FunctionObject::needs_input_grad>,
     set_member<&FunctionObject::needs_input_grad>, "Which arguments of forward want a gradient.", nullptr},
    {"materialize_grads", get_materialize, set_materialize_attribute, nullptr, nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef own_members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(FunctionObject, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(FunctionObject, weakrefs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

const char* entry_name(const PyMethodDef& d) { return d.ml_name; }
const char* entry_name(const PyGetSetDef& d) { return d.name; }
template <class T> std::vector<T> joined(const T* a, const T* b) {
  std::vector<T> all;
  for (; entry_name(*a); ++a) all.push_back(*a);
  for (; entry_name(*b); ++b) all.push_back(*b);
  all.push_back(T{});
  return all;
}

} // namespace

bool is_function(PyObject* o) { return PyObject_TypeCheck(o, function_type); }

PyObject* function_of(Node& n) {
  auto& node = static_cast<PyNode&>(n);
  if (!node.owns_ctx) return Py_NewRef(node.ctx ? node.ctx : Py_None);
  as_function(node.ctx)->node_ref = Ref<Node>(&node);
  node.owns_ctx = false;
  return node.ctx; // the node's own reference is handed on
}

Ref<Node> node_of_function(PyObject* o) {
  const FunctionObject& f = *as_function(o);
  check(f.node, "This attribute belongs to the graph of a custom Function, which has none here: nothing was "
                "recorded, or "
                "the object is not the grad_fn of a tensor");
  return Ref<Node>(f.node);
}

int traverse_function_of(Node& n, visitproc visit, void* arg) {
  const auto& node = static_cast<PyNode&>(n);
  if (node.owns_ctx) Py_VISIT(node.ctx);
  return 0;
}

void init_autograd_function(PyObject* module) {
  static std::vector<PyMethodDef> methods = joined(own_methods, node_methods);
  static std::vector<PyGetSetDef> getset = joined(own_getset, node_getset);
  PyType_Slot slots[] = {
      {Py_tp_new, reinterpret_cast<void*>(function_new)},
      {Py_tp_dealloc, reinterpret_cast<void*>(function_dealloc)},
      {Py_tp_traverse, reinterpret_cast<void*>(function_traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(function_clear)},
      {Py_tp_methods, methods.data()},
      {Py_tp_getset, getset.data()},
      {Py_tp_members, own_members},
      {Py_tp_doc, const_cast<char*>("Base of torch.autograd.Function and of the ctx objects.")},
      {0, nullptr},
  };
  PyType_Spec spec{"torch._C._FunctionBase", sizeof(FunctionObject), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  function_type = reinterpret_cast<PyTypeObject*>(owned(PyType_FromSpec(&spec)).release());
  check_status(PyModule_AddObjectRef(module, "_FunctionBase", reinterpret_cast<PyObject*>(function_type)));
  check_status(PyModule_AddFunctions(module, module_functions));
}

} // namespace torch::python
