// Starting a backward from Python, anomaly mode, and threads for deep reentrant backward.
#include "bindings/autograd_python.h"
#include "bindings/docs.h"

#include "autograd/write_log.h"
#include "core/threads.h"

#include <string>

namespace torch::python {

using autograd::AnomalyMode;
using autograd::Edge;
using autograd::Node;
using autograd::Root;

namespace {

// ---- what backward is given ----

bool is_edge(PyObject* o) { return PyTuple_Check(o) && PyObject_HasAttrString(o, "output_nr"); }

// torch.autograd.graph.GradientEdge
Edge edge_from(PyObject* o) {
  const Owned node = owned(PyObject_GetAttrString(o, "node"));
  const Owned slot = owned(PyObject_GetAttrString(o, "output_nr"));
  const long n = PyLong_AsLong(slot.get());
  if (n == -1 && PyErr_Occurred()) throw PythonError{};
  Edge edge{unwrap_node(node.get()), static_cast<uint32_t>(n)};
  check(edge.slot < edge.node->inputs().size(), "GradientEdge: output_nr ", n, " of a node with ",
        edge.node->inputs().size(), " outputs");
  return edge;
}

// The items of a tuple or list, or of a single tensor or edge.
class Items {
public:
  explicit Items(PyObject* o) {
    if (is_tensor(o) || is_edge(o)) {
      single_ = o;
    } else {
      sequence_ = owned(PySequence_Fast(o, "expected a Tensor or a sequence of Tensors"));
    }
  }
  size_t size() const { return single_ ? 1 : static_cast<size_t>(PySequence_Fast_GET_SIZE(sequence_.get())); }
  PyObject* operator[](size_t i) const {
    return single_ ? single_ : PySequence_Fast_GET_ITEM(sequence_.get(), static_cast<Py_ssize_t>(i));
  }

private:
  PyObject* single_ = nullptr;
  Owned sequence_;
};

// ---- anomaly mode ----

struct PyAnomalyRecord final : autograd::AnomalyRecord {
  explicit PyAnomalyRecord(Owned s) : stack(std::move(s)) {}
  Owned stack; // list of str, as traceback.format_stack() gives it
};

std::unique_ptr<autograd::AnomalyRecord> record_stack() {
  const Owned module(PyImport_ImportModule("traceback"));
  Owned stack(module ? PyObject_CallMethod(module.get(), "format_stack", nullptr) : nullptr);
  if (!stack) {
    PyErr_Clear();
    return nullptr;
  }
  return std::make_unique<PyAnomalyRecord>(std::move(stack));
}

void warn_about(const Node& n, bool induced, const Node* previous) {
  const auto* const record =
      n.extras ? dynamic_cast<const PyAnomalyRecord*>(n.extras->anomaly.get()) : nullptr;
  std::string text;
  if (!induced) text = concat("Error detected in ", n.name(), ". ");
  if (!record) {
    text += induced
                ? "No forward pass information available for the previous calculation."
                : "No forward pass information available. Enable detect anomaly during forward pass for more "
                  "information.";
  } else {
    text += induced ? concat("\n\nPrevious calculation was induced by ", n.name(), ", which made ",
                             previous->name(),
                             ". Traceback of forward call that induced the previous calculation:\n")
                    : std::string("Traceback of forward call that caused the error:\n");
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(record->stack.get()); ++i) {
      const char* const line = PyUnicode_AsUTF8(PyList_GET_ITEM(record->stack.get(), i));
      text += line ? line : "?";
    }
  }
  check_status(PyErr_WarnEx(PyExc_UserWarning, text.c_str(), 1));
}

// The error in flight stays in flight; a warning turned into an error gives way to it.
void report_python_anomaly(const Node& failed) {
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  try {
    warn_about(failed, false, nullptr);
    const Node* previous = &failed;
    while (previous->extras && previous->extras->anomaly && previous->extras->anomaly->parent) {
      const Node* const parent = previous->extras->anomaly->parent.get();
      warn_about(*parent, true, previous);
      previous = parent;
    }
  } catch (...) {
    PyErr_Clear();
  }
  PyErr_Restore(type, value, trace);
}

PyObject* set_anomaly(PyObject*, PyObject* const* args, Py_ssize_t n) {
  if (n < 1 || n > 2 || !PyBool_Check(args[0]) || (n == 2 && !PyBool_Check(args[1]))) {
    PyErr_SetString(PyExc_TypeError, "set_anomaly_enabled(enabled: bool, check_nan: bool = True)");
    return nullptr;
  }
  autograd::set_anomaly_mode({args[0] == Py_True, n < 2 || args[1] == Py_True});
  Py_RETURN_NONE;
}
PyObject* is_anomaly_enabled(PyObject*, PyObject*) {
  return PyBool_FromLong(autograd::anomaly_mode().enabled);
}
PyObject* is_anomaly_check_nan(PyObject*, PyObject*) {
  return PyBool_FromLong(autograd::anomaly_mode().check_nan);
}

// ---- threads ----

struct CarriedError {
  PyObject *type, *value, *trace;
};

void* enter_thread() { return new PyGILState_STATE(held_at_exit(PyGILState_Ensure)); }
void* leave_thread(void* token) {
  auto* const state = static_cast<PyGILState_STATE*>(token);
  CarriedError* carried = nullptr;
  if (PyErr_Occurred()) {
    carried = new CarriedError;
    PyErr_Fetch(&carried->type, &carried->value, &carried->trace);
  }
  PyGILState_Release(*state);
  delete state;
  return carried;
}
void resume_thread(void* carried) {
  auto* const e = static_cast<CarriedError*>(carried);
  PyErr_Restore(e->type, e->value, e->trace);
  delete e;
}

// ---- backward ----

// run_backward(tensors, grad_tensors, retain_graph, create_graph, inputs, allow_unreachable, accumulate_grad)
PyObject* run_backward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&]() -> PyObject* {
    if (n != 7) raise_python(PyExc_TypeError, "run_backward() takes 7 arguments, got %zd", n);
    const Items tensors(args[0]);
    const Items grads(args[1]);
    const Items inputs(args[4]);
    autograd::BackwardOptions options;
    options.retain_graph = PyObject_IsTrue(args[2]) == 1;
    options.create_graph = PyObject_IsTrue(args[3]) == 1;
    options.allow_unused = PyObject_IsTrue(args[5]) == 1;
    options.accumulate = PyObject_IsTrue(args[6]) == 1;
    check(grads.size() == tensors.size(), "got ", tensors.size(), " tensors and ", grads.size(),
          " gradients");

    InlineVec<Root, 1> roots;
    for (size_t i = 0; i < tensors.size(); ++i) {
      PyObject* const o = tensors[i];
      const Tensor grad = tensor_or_none(grads[i], "gradients");
      if (is_tensor(o)) {
        roots.push_back(autograd::root_of(unwrap(o), grad, i));
        continue;
      }
      if (!is_edge(o))
        raise_python(PyExc_TypeError, "element %zu of tensors must be a Tensor or a GradientEdge, not %s", i,
                     Py_TYPE(o)->tp_name);
      Edge edge = edge_from(o);
      const autograd::GradMetadata meta = edge.node->inputs()[edge.slot];
      roots.push_back(autograd::root_of(std::move(edge), meta, grad, i));
    }
    InlineVec<Edge, 2> targets;
    for (size_t i = 0; i < inputs.size(); ++i) {
      PyObject* const o = inputs[i];
      if (is_tensor(o)) {
        targets.push_back(autograd::target_of(unwrap(o), options.accumulate));
        continue;
      }
      if (!is_edge(o) || options.accumulate)
        raise_python(PyExc_TypeError, "all inputs have to be Tensors%s, but argument %zu is %s",
                     options.accumulate ? "" : " or GradientEdges", i, Py_TYPE(o)->tp_name);
      targets.push_back(edge_from(o));
    }
    const std::vector<Tensor> result = autograd::run_backward_edges(roots.span(), targets.span(), options);
    if (options.accumulate) Py_RETURN_NONE;
    if (!options.allow_unused)
      for (size_t i = 0; i < result.size(); ++i)
        check(result[i].defined(), "The differentiated Tensor at index ", i,
              " appears to not have been used in the graph. Set allow_unused=True if this is the desired "
              "behavior.");
    return to_tuple(result);
  });
}

struct PyCallback {
  std::shared_ptr<PyObject> function;
  void operator()() const { owned(call_python<PyObject_CallNoArgs>(function.get())); }
};

PyObject* queue_callback(PyObject*, PyObject* function) {
  return guarded([&]() -> PyObject* {
    autograd::queue_callback(
        PyCallback{std::shared_ptr<PyObject>(Py_NewRef(function), [](PyObject* p) { Py_DECREF(p); })});
    Py_RETURN_NONE;
  });
}

PyObject* current_graph_node(PyObject*, PyObject*) {
  return guarded([] { return wrap_node(autograd::current_node()); });
}

PyObject* will_run(PyObject*, PyObject* node) {
  return guarded([&] { return PyBool_FromLong(autograd::will_run(*unwrap_node(node))); });
}

PyObject* gradient_edge(PyObject*, PyObject* t) {
  return guarded([&]() -> PyObject* {
    if (!is_tensor(t)) raise_python(PyExc_TypeError, "expected Tensor, got %s", Py_TYPE(t)->tp_name);
    const Edge edge = autograd::edge_of(unwrap(t));
    check(bool(edge.node),
          "It is not possible to get the gradient edge for a Tensor that does not require gradients");
    Owned node = owned(wrap_node(edge.node));
    return Py_BuildValue("(NI)", node.release(), edge.slot);
  });
}

PyObject* increment_version(PyObject*, PyObject* arg) {
  return guarded([&]() -> PyObject* {
    const Items items(arg);
    for (size_t i = 0; i < items.size(); ++i) {
      PyObject* const o = items[i];
      if (!is_tensor(o))
        raise_python(PyExc_TypeError, "increment_version expects a Tensor, got %s", Py_TYPE(o)->tp_name);
      const Tensor& t = unwrap(o);
      check(!(t.impl()->flags & kInference),
            "Inplace update to inference tensor outside InferenceMode is not allowed: increment_version");
      autograd::write_log.note(*t.impl(), "increment_version");
      t.impl()->version.bump();
    }
    Py_RETURN_NONE;
  });
}

template <class F> PyCFunction as_function(F f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f));
}

PyMethodDef module_functions[] = {
    {"set_anomaly_enabled", as_function(set_anomaly), METH_FASTCALL, doc::function_set_anomaly_enabled},
    {"is_anomaly_enabled", is_anomaly_enabled, METH_NOARGS, doc::function_is_anomaly_enabled},
    {"is_anomaly_check_nan_enabled", is_anomaly_check_nan, METH_NOARGS,
     doc::function_is_anomaly_check_nan_enabled},
    {"_current_graph_task_id", [](PyObject*, PyObject*) { return PyLong_FromLong(autograd::current_walk()); },
     METH_NOARGS, "Number of the backward in flight on this thread, or -1."},
    {"_current_autograd_node", current_graph_node, METH_NOARGS,
     "The node that runs on this thread, or None."},
    {nullptr, nullptr, 0, nullptr},
};

PyMethodDef autograd_functions[] = {
    {"run_backward", as_function(run_backward), METH_FASTCALL,
     "run_backward(tensors, grad_tensors, retain_graph, create_graph, inputs, allow_unreachable, "
     "accumulate_grad)"},
    {"queue_callback", queue_callback, METH_O, "Calls a function at the end of the backward in flight."},
    {"will_run", will_run, METH_O, "Whether the backward in flight reaches a node."},
    {"gradient_edge", gradient_edge, METH_O, "(node, output number) to which a tensor's gradient goes."},
    {"increment_version", increment_version, METH_O, "Counts a write to each of the tensors."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

// Tensor.backward(gradient=None, retain_graph=None, create_graph=False, inputs=None)
PyObject* tensor_backward(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* keywords) {
  static const char* const names[] = {"gradient", "retain_graph", "create_graph", "inputs"};
  PyObject* values[4] = {Py_None, Py_None, Py_False, Py_None};
  if (nargs > 4) {
    PyErr_Format(PyExc_TypeError, "backward() takes at most 4 arguments, got %zd", nargs);
    return nullptr;
  }
  for (Py_ssize_t i = 0; i < nargs; ++i) values[i] = args[i];
  for (Py_ssize_t k = 0; keywords && k < PyTuple_GET_SIZE(keywords); ++k) {
    PyObject* const key = PyTuple_GET_ITEM(keywords, k);
    int at = -1;
    for (int i = 0; i < 4; ++i)
      if (PyUnicode_CompareWithASCIIString(key, names[i]) == 0) at = i;
    if (at < 0 || at < nargs) {
      PyErr_Format(PyExc_TypeError,
                   at < 0 ? "backward() got an unexpected keyword argument '%U'"
                          : "backward() got multiple values for argument '%U'",
                   key);
      return nullptr;
    }
    values[at] = args[nargs + k];
  }
  return guarded([&]() -> PyObject* {
    autograd::BackwardOptions options;
    options.create_graph = PyObject_IsTrue(values[2]) == 1;
    options.retain_graph = values[1] == Py_None ? options.create_graph : PyObject_IsTrue(values[1]) == 1;
    const Root root = autograd::root_of(unwrap(self), tensor_or_none(values[0], "gradient"), 0);
    InlineVec<Edge, 2> targets;
    if (values[3] != Py_None) {
      const Items inputs(values[3]);
      check(inputs.size() > 0, "`inputs` argument to `backward()` cannot be empty.");
      for (size_t i = 0; i < inputs.size(); ++i) {
        PyObject* const o = inputs[i];
        if (!is_tensor(o))
          raise_python(PyExc_TypeError, "all inputs have to be Tensors, but argument %zu is %s", i,
                       Py_TYPE(o)->tp_name);
        targets.push_back(autograd::target_of(unwrap(o), true));
      }
    }
    autograd::run_backward_edges({&root, 1}, targets.span(), options);
    Py_RETURN_NONE;
  });
}

void init_autograd_engine(PyObject* module, PyObject* autograd_module) {
  autograd::engine_thread_hooks = {enter_thread, leave_thread, resume_thread};
  autograd::record_anomaly = record_stack;
  autograd::report_anomaly = report_python_anomaly;
  check_status(PyModule_AddFunctions(module, module_functions));
  check_status(PyModule_AddFunctions(autograd_module, autograd_functions));
}

} // namespace torch::python
