// The recorder behind torch.profiler: events as tuples, and the lines of the Python program for them.
#include "bindings/profiler.h"

#include "bindings/call.h"
#include "bindings/gil.h"
#include "interpret/profiler.h"

namespace torch::python {

namespace {

std::string text_of(PyObject* o) {
  Py_ssize_t n = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(o, &n);
  if (text) return {text, static_cast<size_t>(n)};
  PyErr_Clear();
  return "?";
}

// "file(line): function" of each frame.
std::vector<std::string> python_stack() {
  const GilGuard gil;
  std::vector<std::string> lines;
  Owned frame(Py_XNewRef(reinterpret_cast<PyObject*>(PyEval_GetFrame())));
  while (frame) {
    auto* const f = reinterpret_cast<PyFrameObject*>(frame.get());
    const Owned code(reinterpret_cast<PyObject*>(PyFrame_GetCode(f)));
    const Owned file(PyObject_GetAttrString(code.get(), "co_filename"));
    const Owned name(PyObject_GetAttrString(code.get(), "co_name"));
    if (file && name)
      lines.push_back(concat(text_of(file.get()), "(", PyFrame_GetLineNumber(f), "): ", text_of(name.get())));
    PyErr_Clear();
    frame = Owned(reinterpret_cast<PyObject*>(PyFrame_GetBack(f)));
  }
  return lines;
}

Owned list_of(const std::vector<std::string>& texts) {
  Owned list = owned(PyList_New(0));
  for (const std::string& text : texts) {
    const Owned item = owned(PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
    check_status(PyList_Append(list.get(), item.get()));
  }
  return list;
}

Owned list_of(const std::vector<DimVec>& shapes) {
  Owned list = owned(PyList_New(0));
  for (const DimVec& shape : shapes) {
    const Owned sizes = owned(PyList_New(0));
    for (const int64_t n : shape) {
      const Owned item = owned(PyLong_FromLongLong(n));
      check_status(PyList_Append(sizes.get(), item.get()));
    }
    check_status(PyList_Append(list.get(), sizes.get()));
  }
  return list;
}

PyObject* start(PyObject*, PyObject* args) {
  int shapes = 0, memory = 0, stack = 0;
  if (!PyArg_ParseTuple(args, "ppp", &shapes, &memory, &stack)) return nullptr;
  return guarded([&]() -> PyObject* {
    profiler::start({.shapes = shapes != 0, .memory = memory != 0, .stack = stack != 0});
    ++call_watchers;
    Py_RETURN_NONE;
  });
}

// (thread, [(name, kind, start, end, parent, memory, shapes, dtypes, stack), ...])
PyObject* stop(PyObject*, PyObject*) {
  return guarded([&]() -> PyObject* {
    const profiler::Recording r = profiler::stop();
    --call_watchers;
    const Owned events = owned(PyList_New(0));
    for (const profiler::Event& e : r.events) {
      const Owned event = owned(Py_BuildValue(
          "(s#iLLiLOOO)", e.name.data(), static_cast<Py_ssize_t>(e.name.size()), static_cast<int>(e.kind),
          static_cast<long long>(e.start), static_cast<long long>(e.end), static_cast<int>(e.parent),
          static_cast<long long>(e.memory), list_of(e.shapes).get(), list_of(e.dtypes).get(),
          list_of(e.stack).get()));
      check_status(PyList_Append(events.get(), event.get()));
    }
    return Py_BuildValue("(KO)", static_cast<unsigned long long>(r.thread), events.get());
  });
}

PyObject* enabled(PyObject*, PyObject*) { return PyBool_FromLong(profiler::recording()); }
PyObject* now(PyObject*, PyObject*) { return PyLong_FromLongLong(profiler::now()); }
PyObject* begin(PyObject*, PyObject* name) {
  return guarded(
      [&]() -> PyObject* { return PyLong_FromLong(profiler::begin(std::string(to_string(name)))); });
}
PyObject* end(PyObject*, PyObject* event) {
  const long i = PyLong_AsLong(event);
  if (i == -1 && PyErr_Occurred()) return nullptr;
  profiler::end(static_cast<int32_t>(i));
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"_profiler_start", start, METH_VARARGS,
     "Records this thread; (shapes, memory, stack) say what besides times."},
    {"_profiler_stop", stop, METH_NOARGS, "Ends the recording: (thread, events)."},
    {"_profiler_enabled", enabled, METH_NOARGS, "Whether this thread is being recorded."},
    {"_profiler_now", now, METH_NOARGS, "Nanoseconds of the clock of the events."},
    {"_profiler_begin", begin, METH_O,
     "Opens a block with a name; its number, -1 while nothing is recorded."},
    {"_profiler_end", end, METH_O, "Closes a block."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

void init_profiler(PyObject* module) {
  profiler::program_stack = python_stack;
  check_status(PyModule_AddFunctions(module, functions));
}

} // namespace torch::python
