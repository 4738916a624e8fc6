// grad_fn: the Python face of a node. One object per node while it lives; a class of its own for each name.
#include "bindings/autograd_python.h"

#include "autograd/accumulate_grad.h"

#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

namespace torch::python {

using autograd::Edge;
using autograd::Node;
using autograd::NodeKind;

namespace {

struct NodeObject {
  PyObject_HEAD Ref<Node> node;
};

PyTypeObject* node_type = nullptr;       // base of the classes of C++ nodes
PyTypeObject* accumulate_type = nullptr; // class AccumulateGrad

struct DictHolder final : autograd::Opaque {
  explicit DictHolder(PyObject* d) : dict(d) {}
  ~DictHolder() override { Py_DECREF(dict); }
  PyObject* dict;
};

void node_dealloc(PyObject* self) {
  auto* const o = reinterpret_cast<NodeObject*>(self);
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (o->node) o->node->pyobj = nullptr;
  o->node.~Ref();
  type->tp_free(self);
  Py_DECREF(type);
}

int node_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  const auto* const o = reinterpret_cast<NodeObject*>(self);
  // Only what this object alone keeps alive belongs to it.
  if (o->node && o->node->use_count() == 1 && o->node->extras)
    return traverse_hooks(*o->node->extras, visit, arg);
  return 0;
}

const char* short_name(const Node& n) {
  const char* const name = n.name();
  const char* const colon = std::strrchr(name, ':');
  return colon ? colon + 1 : name;
}

PyTypeObject* type_for(const Node& n) {
  if (n.kind() == NodeKind::Accumulate) return accumulate_type;
  static std::unordered_map<std::string, PyTypeObject*> types;
  PyTypeObject*& type = types[short_name(n)];
  if (!type) {
    const Owned attributes = owned(Py_BuildValue("{s:(),s:s}", "__slots__", "__module__", "builtins"));
    PyObject* const made =
        call_python<PyObject_CallFunction>(reinterpret_cast<PyObject*>(&PyType_Type), "s(O)O", short_name(n),
                                           reinterpret_cast<PyObject*>(node_type), attributes.get());
    if (!made) throw PythonError{};
    type = reinterpret_cast<PyTypeObject*>(made);
  }
  return type;
}

Node& node_of(PyObject* self) { return *reinterpret_cast<NodeObject*>(self)->node; }

// ---- shared with the ctx of custom functions ----

PyObject* node_name(PyObject* self, PyObject*) {
  return guarded([&] { return PyUnicode_FromString(unwrap_node(self)->name()); });
}
PyObject* node_sequence(PyObject* self, PyObject*) {
  return guarded([&] { return PyLong_FromUnsignedLongLong(unwrap_node(self)->sequence()); });
}
PyObject* node_set_sequence(PyObject* self, PyObject* value) {
  return guarded([&]() -> PyObject* {
    const unsigned long long n = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred()) return nullptr;
    unwrap_node(self)->set_sequence(n);
    Py_RETURN_NONE;
  });
}
PyObject* node_register_hook(PyObject* self, PyObject* hook) {
  return guarded([&] { return register_node_hook(*unwrap_node(self), hook); });
}
PyObject* node_register_prehook(PyObject* self, PyObject* hook) {
  return guarded([&] { return register_node_prehook(*unwrap_node(self), hook); });
}

PyObject* node_next_functions(PyObject* self, void*) {
  return guarded([&] {
    const Ref<Node> n = unwrap_node(self);
    const auto& edges = n->edges();
    Owned result = owned(PyTuple_New(static_cast<Py_ssize_t>(edges.size())));
    for (size_t i = 0; i < edges.size(); ++i) {
      Owned next = owned(wrap_node(edges[i].node));
      PyTuple_SET_ITEM(
          result.get(), static_cast<Py_ssize_t>(i),
          owned(Py_BuildValue("(NI)", next.release(), edges[i].node ? edges[i].slot : 0)).release());
    }
    return result.release();
  });
}

PyObject* node_metadata(PyObject* self, void*) {
  return guarded([&] {
    autograd::NodeExtras& extras = unwrap_node(self)->ensure_extras();
    if (!extras.metadata) extras.metadata = std::make_unique<DictHolder>(owned(PyDict_New()).release());
    return Py_NewRef(static_cast<DictHolder&>(*extras.metadata).dict);
  });
}

PyObject* node_requires_grad(PyObject* self, void*) {
  return guarded([&] {
    const Ref<Node> n = unwrap_node(self);
    bool any = n->kind() == NodeKind::Accumulate;
    for (const Edge& e : n->edges()) any |= bool(e.node);
    return PyBool_FromLong(any);
  });
}

// (shape, dtype name, device name) of each forward output.
PyObject* node_input_metadata(PyObject* self, void*) {
  return guarded([&] {
    const Ref<Node> n = unwrap_node(self);
    const auto& inputs = n->inputs();
    Owned result = owned(PyTuple_New(static_cast<Py_ssize_t>(inputs.size())));
    for (size_t i = 0; i < inputs.size(); ++i) {
      Owned shape = owned(PyTuple_New(static_cast<Py_ssize_t>(inputs[i].sizes.size())));
      for (size_t d = 0; d < inputs[i].sizes.size(); ++d)
        PyTuple_SET_ITEM(shape.get(), static_cast<Py_ssize_t>(d),
                         owned(PyLong_FromLongLong(inputs[i].sizes[d])).release());
      PyTuple_SET_ITEM(result.get(), static_cast<Py_ssize_t>(i),
                       owned(Py_BuildValue("(Nss)", shape.release(), dtype_name(inputs[i].dtype),
                                           to_string(inputs[i].device).c_str()))
                           .release());
    }
    return result.release();
  });
}

PyObject* accumulate_variable(PyObject* self, void*) {
  return guarded([&] { return wrap(static_cast<autograd::AccumulateGrad&>(node_of(self)).variable()); });
}

// grad_fn(*grads): runs the node's backward by hand.
PyObject* node_call(PyObject* self, PyObject* args, PyObject* keywords) {
  return guarded([&]() -> PyObject* {
    if (keywords && PyDict_GET_SIZE(keywords))
      raise_python(PyExc_TypeError, "grad_fn() takes no keyword arguments");
    const Ref<Node> n = unwrap_node(self);
    const auto given = static_cast<size_t>(PyTuple_GET_SIZE(args));
    check_type(given == n->inputs().size(), n->name(), ": expected ", n->inputs().size(), " gradients, got ",
               given);
    InlineVec<Tensor, 2> grads(given), results(n->edges().size());
    for (size_t i = 0; i < given; ++i)
      grads[i] = tensor_or_none(PyTuple_GET_ITEM(args, static_cast<Py_ssize_t>(i)), "gradient");
    n->apply(grads, results);
    return results.size() == 1 ? wrap(results[0]) : to_tuple(results);
  });
}

// node._saved_NAME: a tensor that the node keeps, as its backward would get it; lists are tuples.
PyObject* node_getattro(PyObject* self, PyObject* name) {
  constexpr std::string_view kPrefix = "_saved_";
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(name, &size);
  if (!text) return nullptr;
  const std::string_view wanted(text, static_cast<size_t>(size));
  if (!wanted.starts_with(kPrefix)) return PyObject_GenericGetAttr(self, name);
  return guarded([&]() -> PyObject* {
    struct Finder final : autograd::SavedVisitor {
      void visit(const char* field, std::span<const autograd::SavedTensor> tensors, bool is_list) override {
        if (found || wanted != field) return;
        if (!is_list) {
          found = owned(wrap(tensors[0].unpack(node)));
          return;
        }
        std::vector<Tensor> all;
        for (const autograd::SavedTensor& t : tensors) all.push_back(t.unpack(node));
        found = owned(to_tuple(all));
      }
      std::string_view wanted;
      Node* node = nullptr;
      Owned found;
    } finder;
    finder.wanted = wanted.substr(kPrefix.size());
    finder.node = &node_of(self);
    finder.node->visit_saved(finder);
    return finder.found ? finder.found.release() : PyObject_GenericGetAttr(self, name);
  });
}

PyObject* node_dir(PyObject* self, PyObject*) {
  return guarded([&]() -> PyObject* {
    Owned names = owned(call_python<PyObject_CallMethod>(reinterpret_cast<PyObject*>(&PyBaseObject_Type),
                                                         "__dir__", "O", self));
    struct Lister final : autograd::SavedVisitor {
      void visit(const char* field, std::span<const autograd::SavedTensor>, bool) override {
        const Owned name = owned(PyUnicode_FromFormat("_saved_%s", field));
        check_status(PyList_Append(names, name.get()));
      }
      PyObject* names = nullptr;
    } lister;
    lister.names = names.get();
    node_of(self).visit_saved(lister);
    return names.release();
  });
}

PyMethodDef own_methods[] = {
    {"__dir__", node_dir, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef accumulate_getset[] = {
    {"variable", accumulate_variable, nullptr, "The leaf whose .grad this node adds to.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

} // namespace

PyMethodDef node_methods[] = {
    {"name", node_name, METH_NOARGS, "Name of the node, such as \"MulBackward0\"."},
    {"_sequence_nr", node_sequence, METH_NOARGS, "Position in the order of recording."},
    {"_set_sequence_nr", node_set_sequence, METH_O, "Changes the position in the order of recording."},
    {"register_hook", node_register_hook, METH_O,
     "register_hook(fn): fn(grad_inputs, grad_outputs) runs after the node; a tuple that it returns replaces "
     "grad_inputs. Returns a handle with remove()."},
    {"register_prehook", node_register_prehook, METH_O,
     "register_prehook(fn): fn(grad_outputs) runs before the node; a tuple that it returns replaces "
     "grad_outputs. "
     "Returns a handle with remove()."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef node_getset[] = {
    {"next_functions", node_next_functions, nullptr,
     "The nodes that this one feeds: pairs (node, input number).", nullptr},
    {"metadata", node_metadata, nullptr, "A dict for the user, kept as long as the node.", nullptr},
    {"requires_grad", node_requires_grad, nullptr, "Whether some input of the op wants a gradient.", nullptr},
    {"_input_metadata", node_input_metadata, nullptr, "(shape, dtype, device) of each output of the op.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

Tensor tensor_or_none(PyObject* o, const char* what) {
  if (o == Py_None) return {};
  if (!is_tensor(o))
    raise_python(PyExc_TypeError, "%s: expected Tensor or None, got %s", what, Py_TYPE(o)->tp_name);
  return unwrap(o);
}

PyObject* to_tuple(std::span<const Tensor> tensors) {
  Owned result = owned(PyTuple_New(static_cast<Py_ssize_t>(tensors.size())));
  for (size_t i = 0; i < tensors.size(); ++i)
    PyTuple_SET_ITEM(result.get(), static_cast<Py_ssize_t>(i), owned(wrap(tensors[i])).release());
  return result.release();
}

bool is_node(PyObject* o) { return PyObject_TypeCheck(o, node_type) || is_function(o); }

PyObject* wrap_node(const Ref<Node>& node) {
  if (!node) Py_RETURN_NONE;
  if (node->kind() == NodeKind::Python) return function_of(*node);
  if (node->pyobj) return Py_NewRef(static_cast<PyObject*>(node->pyobj));
  PyTypeObject* const type = type_for(*node);
  PyObject* const self = type->tp_alloc(type, 0);
  if (!self) throw PythonError{};
  new (&reinterpret_cast<NodeObject*>(self)->node) Ref<Node>(node);
  node->pyobj = self;
  return self;
}

Ref<Node> unwrap_node(PyObject* o) {
  if (PyObject_TypeCheck(o, node_type)) return reinterpret_cast<NodeObject*>(o)->node;
  if (is_function(o)) return node_of_function(o);
  raise_python(PyExc_TypeError, "expected a grad_fn, got %s", Py_TYPE(o)->tp_name);
}

void init_autograd_node(PyObject* module) {
  static std::vector<PyMethodDef> methods;
  for (const PyMethodDef* m = node_methods; m->ml_name; ++m) methods.push_back(*m);
  for (const PyMethodDef* m = own_methods; m->ml_name; ++m) methods.push_back(*m);
  methods.push_back({});
  PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(node_dealloc)},
      {Py_tp_traverse, reinterpret_cast<void*>(node_traverse)},
      {Py_tp_getattro, reinterpret_cast<void*>(node_getattro)},
      {Py_tp_methods, methods.data()},
      {Py_tp_getset, node_getset},
      {Py_tp_call, reinterpret_cast<void*>(node_call)},
      {Py_tp_doc, const_cast<char*>("A recorded op: what Tensor.grad_fn shows.")},
      {0, nullptr},
  };
  PyType_Spec spec{"torch._C._autograd.Node", sizeof(NodeObject), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
                       Py_TPFLAGS_DISALLOW_INSTANTIATION,
                   slots};
  node_type = reinterpret_cast<PyTypeObject*>(owned(PyType_FromSpec(&spec)).release());
  check_status(PyModule_AddObjectRef(module, "Node", reinterpret_cast<PyObject*>(node_type)));

  PyType_Slot accumulate_slots[] = {{Py_tp_getset, accumulate_getset},
                                    {Py_tp_dealloc, reinterpret_cast<void*>(node_dealloc)},
                                    {Py_tp_traverse, reinterpret_cast<void*>(node_traverse)},
                                    {0, nullptr}};
  PyType_Spec accumulate_spec{"builtins.AccumulateGrad", sizeof(NodeObject), 0,
                              Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                              accumulate_slots};
  accumulate_type = reinterpret_cast<PyTypeObject*>(
      owned(PyType_FromSpecWithBases(&accumulate_spec, reinterpret_cast<PyObject*>(node_type))).release());
  check_status(PyModule_AddObjectRef(module, "AccumulateGrad", reinterpret_cast<PyObject*>(accumulate_type)));
}

} // namespace torch::python
