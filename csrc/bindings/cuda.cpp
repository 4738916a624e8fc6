#include "bindings/cuda.h"

#include "bindings/errors.h"
#include "bindings/tensor_object.h"
#include "bindings/types.h"
#include "core/backend.h"
#include "core/deterministic.h"
#include "core/generator.h"

namespace torch::python {

namespace {

// Lets other threads run while f waits for a device.
template <class F> void waiting(F f) {
  struct Release {
    PyThreadState* const state = PyEval_SaveThread();
    ~Release() { PyEval_RestoreThread(state); }
  } release;
  f();
}

PyObject* none() { Py_RETURN_NONE; }
PyObject* truth(bool b) { return PyBool_FromLong(b); }

// The arguments as integers: devices, and handles of streams and events.
template <int kCount, class F> PyObject* with_integers(PyObject* args, F f) {
  return guarded([&]() -> PyObject* {
    unsigned long long v[4] = {};
    static constexpr const char* kFormats[] = {"", "K", "KK", "KKK", "KKKK"};
    if (!PyArg_ParseTuple(args, kFormats[kCount], &v[0], &v[1], &v[2], &v[3])) throw PythonError{};
    const auto device = static_cast<int>(v[0]);
    if constexpr (kCount == 0)
      return f();
    else if constexpr (kCount == 1)
      return f(device);
    else if constexpr (kCount == 2)
      return f(device, v[1]);
    else
      return f(device, v[1], v[2]);
  });
}

PyObject* built(PyObject*, PyObject*) {
  return guarded([] { return truth(find_cuda() != nullptr); });
}
PyObject* device_count(PyObject*, PyObject*) {
  return guarded([] {
    Backend* const found = find_cuda();
    return PyLong_FromLong(found ? found->device_count() : 0);
  });
}
PyObject* initialize(PyObject*, PyObject*) {
  return guarded([] {
    cuda_backend().initialize();
    return none();
  });
}
PyObject* is_initialized(PyObject*, PyObject*) {
  return guarded([] {
    Backend* const found = find_cuda();
    return truth(found && found->is_initialized());
  });
}
PyObject* get_device(PyObject*, PyObject*) {
  return guarded([] { return PyLong_FromLong(cuda_backend().current_device()); });
}
PyObject* set_device(PyObject*, PyObject* args) {
  return with_integers<1>(args, [](int device) {
    cuda_backend().set_device(device);
    return none();
  });
}
PyObject* synchronize(PyObject*, PyObject* args) {
  return with_integers<1>(args, [](int device) {
    waiting([&] { cuda_backend().synchronize(device); });
    return none();
  });
}
PyObject* properties(PyObject*, PyObject* args) {
  return with_integers<1>(args, [](int device) {
    const DeviceProperties p = cuda_backend().properties(device);
    return Py_BuildValue(
        "{s:s,s:s,s:i,s:i,s:L,s:i,s:i,s:i,s:i,s:L,s:L,s:L,s:L,s:O,s:O,s:i,s:i,s:i}", "name", p.name.c_str(),
        "uuid", p.uuid.c_str(), "major", p.major, "minor", p.minor, "total_memory",
        static_cast<long long>(p.total_memory), "multi_processor_count", p.multi_processor_count, "warp_size",
        p.warp_size, "max_threads_per_multi_processor", p.max_threads_per_multi_processor,
        "regs_per_multiprocessor", p.regs_per_multiprocessor, "shared_memory_per_block",
        static_cast<long long>(p.shared_memory_per_block), "shared_memory_per_block_optin",
        static_cast<long long>(p.shared_memory_per_block_optin), "shared_memory_per_multiprocessor",
        static_cast<long long>(p.shared_memory_per_multiprocessor), "L2_cache_size",
        static_cast<long long>(p.l2_cache_size), "is_integrated", p.is_integrated ? Py_True : Py_False,
        "is_multi_gpu_board", p.is_multi_gpu_board ? Py_True : Py_False, "pci_domain_id", p.pci_domain_id,
        "pci_bus_id", p.pci_bus_id, "pci_device_id", p.pci_device_id);
  });
}
PyObject* can_access_peer(PyObject*, PyObject* args) {
  return with_integers<2>(args, [](int device, uint64_t peer) {
    return truth(cuda_backend().can_access_peer(device, static_cast<int>(peer)));
  });
}

// ---- memory ----

PyObject* empty_cache(PyObject*, PyObject*) {
  return guarded([] {
    if (Backend* const found = find_cuda(); found && found->is_initialized())
      waiting([&] { found->release_cache(); });
    return none();
  });
}
PyObject* memory_stats(PyObject*, PyObject* args) {
  return with_integers<1>(args, [](int device) {
    Owned stats = owned(PyDict_New());
    for (const NamedCount& count : cuda_backend().memory_stats(device)) {
      const Owned value = owned(PyLong_FromLongLong(count.value));
      check_status(PyDict_SetItemString(stats.get(), count.name.c_str(), value.get()));
    }
    return stats.release();
  });
}
PyObject* reset_memory_stats(PyObject*, PyObject* args) {
  return with_integers<2>(args, [](int device, uint64_t peaks) {
    cuda_backend().reset_memory_stats(device, peaks != 0);
    return none();
  });
}
PyObject* memory_info(PyObject*, PyObject* args) {
  return with_integers<1>(args, [](int device) {
    size_t free = 0, total = 0;
    cuda_backend().memory_info(device, free, total);
    return Py_BuildValue("(KK)", static_cast<unsigned long long>(free),
                         static_cast<unsigned long long>(total));
  });
}
PyObject* random_state(PyObject*, PyObject* args) {
  return with_integers<1>(args, [](int device) {
    uint64_t seed = 0, offset = 0;
    cuda_backend().random_state(device, seed, offset);
    return Py_BuildValue("(KK)", static_cast<unsigned long long>(seed),
                         static_cast<unsigned long long>(offset));
  });
}
PyObject* set_random_state(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    int device = 0;
    unsigned long long seed = 0, offset = 0;
    if (!PyArg_ParseTuple(args, "iKK", &device, &seed, &offset)) throw PythonError{};
    if (Backend* const found = find_cuda()) found->set_random_state(device, seed, offset);
    return none();
  });
}
PyObject* set_deterministic(PyObject*, PyObject* args) {
  return with_integers<1>(args, [](int on) {
    set_deterministic_algorithms(on != 0);
    return none();
  });
}
PyObject* allow_tf32(PyObject*, PyObject* args) {
  return with_integers<1>(args, [](int allow) {
    if (Backend* const found = find_cuda()) found->allow_tf32(allow != 0);
    return none();
  });
}
PyObject* set_convolutions(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    int enabled, benchmark, deterministic, tf32, limit;
    if (!PyArg_ParseTuple(args, "ppppi", &enabled, &benchmark, &deterministic, &tf32, &limit))
      throw PythonError{};
    if (Backend* const found = find_cuda())
      found->set_convolutions({enabled != 0, benchmark != 0, deterministic != 0, tf32 != 0, limit});
    return none();
  });
}
PyObject* cudnn_version(PyObject*, PyObject*) {
  return guarded([]() -> PyObject* {
    Backend* const found = find_cuda();
    return PyLong_FromLongLong(found ? found->cudnn_version() : 0);
  });
}
PyObject* set_memory_fraction(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    int device = 0;
    double fraction = 0;
    if (!PyArg_ParseTuple(args, "id", &device, &fraction)) throw PythonError{};
    cuda_backend().set_memory_fraction(device, fraction);
    return none();
  });
}
PyObject* record_stream(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    PyObject* tensor = nullptr;
    unsigned long long stream = 0;
    if (!PyArg_ParseTuple(args, "OK", &tensor, &stream)) throw PythonError{};
    check_type(is_tensor(tensor), "record_stream wants a tensor, got ", Py_TYPE(tensor)->tp_name);
    const Tensor& t = unwrap(tensor);
    check(t.device().type == DeviceType::CUDA, "record_stream: the tensor is on ", t.device(),
          ", not on a CUDA device");
    cuda_backend().record_stream(t.storage()->data(), t.device().index, stream);
    return none();
  });
}

// ---- streams and events ----

PyObject* current_stream(PyObject*, PyObject* args) {
  return with_integers<1>(
      args, [](int device) { return PyLong_FromUnsignedLongLong(cuda_backend().current_stream(device)); });
}
PyObject* set_stream(PyObject*, PyObject* args) {
  return with_integers<2>(args, [](int device, uint64_t stream) {
    cuda_backend().set_stream(device, stream);
    return none();
  });
}
PyObject* new_stream(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    int device = 0, priority = 0;
    if (!PyArg_ParseTuple(args, "ii", &device, &priority)) throw PythonError{};
    return PyLong_FromUnsignedLongLong(cuda_backend().new_stream(device, priority));
  });
}
PyObject* stream_query(PyObject*, PyObject* args) {
  return with_integers<2>(
      args, [](int device, uint64_t stream) { return truth(cuda_backend().stream_done(device, stream)); });
}
PyObject* stream_synchronize(PyObject*, PyObject* args) {
  return with_integers<2>(args, [](int device, uint64_t stream) {
    waiting([&] { cuda_backend().stream_synchronize(device, stream); });
    return none();
  });
}
PyObject* stream_wait_event(PyObject*, PyObject* args) {
  return with_integers<3>(args, [](int device, uint64_t stream, uint64_t event) {
    cuda_backend().stream_wait(device, stream, event);
    return none();
  });
}
PyObject* new_event(PyObject*, PyObject* args) {
  return with_integers<2>(args, [](int device, uint64_t timing) {
    return PyLong_FromUnsignedLongLong(cuda_backend().new_event(device, timing != 0));
  });
}
PyObject* delete_event(PyObject*, PyObject* args) {
  return with_integers<2>(args, [](int, uint64_t event) {
    cuda_backend().delete_event(event);
    return none();
  });
}
PyObject* record_event(PyObject*, PyObject* args) {
  return with_integers<3>(args, [](int device, uint64_t event, uint64_t stream) {
    cuda_backend().record_event(device, event, stream);
    return none();
  });
}
PyObject* event_query(PyObject*, PyObject* args) {
  return with_integers<2>(args, [](int, uint64_t event) { return truth(cuda_backend().event_done(event)); });
}
PyObject* event_synchronize(PyObject*, PyObject* args) {
  return with_integers<2>(args, [](int, uint64_t event) {
    waiting([&] { cuda_backend().event_synchronize(event); });
    return none();
  });
}
PyObject* event_elapsed(PyObject*, PyObject* args) {
  return with_integers<3>(args, [](int, uint64_t begin, uint64_t end) {
    return PyFloat_FromDouble(cuda_backend().milliseconds_between(begin, end));
  });
}

// ---- graphs ----

PyObject* new_graph_pool(PyObject*, PyObject*) {
  return guarded([] { return PyLong_FromUnsignedLongLong(cuda_backend().new_graph_pool()); });
}
PyObject* new_graph(PyObject*, PyObject*) {
  return guarded([] { return PyLong_FromUnsignedLongLong(cuda_backend().new_graph()); });
}
// (graph)
template <void (Backend::*kDo)(GraphHandle)> PyObject* of_graph(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    unsigned long long graph = 0;
    if (!PyArg_ParseTuple(args, "K", &graph)) throw PythonError{};
    (cuda_backend().*kDo)(graph);
    return none();
  });
}
PyObject* delete_graph(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    unsigned long long graph = 0;
    if (!PyArg_ParseTuple(args, "K", &graph)) throw PythonError{};
    cuda_backend().delete_graph(graph);
    return none();
  });
}
PyObject* begin_capture(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    unsigned long long graph = 0, pool = 0;
    int device = 0, mode = 0;
    if (!PyArg_ParseTuple(args, "KiKi", &graph, &device, &pool, &mode)) throw PythonError{};
    cuda_backend().begin_capture(graph, device, pool, mode);
    return none();
  });
}
PyObject* graph_pool(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    unsigned long long graph = 0;
    if (!PyArg_ParseTuple(args, "K", &graph)) throw PythonError{};
    return PyLong_FromUnsignedLongLong(cuda_backend().graph_pool(graph));
  });
}
PyObject* print_graph(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    unsigned long long graph = 0;
    const char* path = nullptr;
    if (!PyArg_ParseTuple(args, "Ks", &graph, &path)) throw PythonError{};
    cuda_backend().print_graph(graph, path);
    return none();
  });
}
PyObject* is_capturing(PyObject*, PyObject* args) {
  return with_integers<1>(args, [](int device) { return truth(cuda_backend().is_capturing(device)); });
}

// The generator that ops on a device use when none is given.
PyObject* default_generator_of(PyObject*, PyObject* args) {
  return with_integers<1>(args, [](int device) {
    const Ref<Generator> g = Generator::create(Device{DeviceType::CUDA, static_cast<int8_t>(device)});
    set_device_state(*g, {0, 1});
    return wrap(g);
  });
}

// Devices are numbers, streams and events handles; event functions take a device first for the sake of
// uniformity.
PyMethodDef functions[] = {
    {"_cuda_built", built, METH_NOARGS, "Whether this build has the CUDA library."},
    {"_cuda_getDeviceCount", device_count, METH_NOARGS, "How many devices there are; makes no context."},
    {"_cuda_init", initialize, METH_NOARGS, "Opens the driver."},
    {"_cuda_isInitialized", is_initialized, METH_NOARGS, "Whether the driver is open in this process."},
    {"_cuda_getDevice", get_device, METH_NOARGS, "The current device."},
    {"_cuda_setDevice", set_device, METH_VARARGS, "(device)"},
    {"_cuda_synchronize", synchronize, METH_VARARGS, "(device)"},
    {"_cuda_properties", properties, METH_VARARGS, "(device)"},
    {"_cuda_canDeviceAccessPeer", can_access_peer, METH_VARARGS, "(device, peer)"},
    {"_cuda_randomState", random_state, METH_VARARGS, "(device): (seed, offset) of its generator."},
    {"_cuda_setRandomState", set_random_state, METH_VARARGS, "(device or -1, seed, offset)"},
    {"_cuda_setConvolutions", set_convolutions, METH_VARARGS,
     "(enabled, benchmark, deterministic, allow_tf32, benchmark_limit): of cuDNN."},
    {"_cuda_cudnnVersion", cudnn_version, METH_NOARGS, "0 where cuDNN is not there."},
    {"_cuda_allowTF32", allow_tf32, METH_VARARGS, "(allow): of products of float32."},
    {"_set_deterministic_algorithms", set_deterministic, METH_VARARGS,
     "(on): of devices other than the CPU."},
    {"_cuda_emptyCache", empty_cache, METH_NOARGS, "Gives cached memory back."},
    {"_cuda_memoryStats", memory_stats, METH_VARARGS, "(device): a flat dict."},
    {"_cuda_resetMemoryStats", reset_memory_stats, METH_VARARGS, "(device, peaks)"},
    {"_cuda_memGetInfo", memory_info, METH_VARARGS, "(device): (free, total)."},
    {"_cuda_setMemoryFraction", set_memory_fraction, METH_VARARGS, "(device, fraction)"},
    {"_cuda_recordStream", record_stream, METH_VARARGS, "(tensor, stream)"},
    {"_cuda_getCurrentRawStream", current_stream, METH_VARARGS, "(device)"},
    {"_cuda_setStream", set_stream, METH_VARARGS, "(device, stream)"},
    {"_cuda_newStream", new_stream, METH_VARARGS, "(device, priority)"},
    {"_cuda_newGraphPool", new_graph_pool, METH_NOARGS, "The number of a pool of memory for graphs."},
    {"_cuda_newGraph", new_graph, METH_NOARGS, "An empty graph."},
    {"_cuda_deleteGraph", delete_graph, METH_VARARGS, "(graph)"},
    {"_cuda_beginCapture", begin_capture, METH_VARARGS, "(graph, device, pool or 0, mode)"},
    {"_cuda_endCapture", of_graph<&Backend::end_capture>, METH_VARARGS, "(graph)"},
    {"_cuda_replay", of_graph<&Backend::replay>, METH_VARARGS, "(graph)"},
    {"_cuda_resetGraph", of_graph<&Backend::reset_graph>, METH_VARARGS, "(graph)"},
    {"_cuda_keepGraph", of_graph<&Backend::keep_graph>, METH_VARARGS, "(graph)"},
    {"_cuda_graphPool", graph_pool, METH_VARARGS, "(graph)"},
    {"_cuda_printGraph", print_graph, METH_VARARGS, "(graph, path)"},
    {"_cuda_isCapturing", is_capturing, METH_VARARGS, "(device): whether its current stream is captured."},
    {"_cuda_defaultGenerator", default_generator_of, METH_VARARGS, "(device)"},
    {"_cuda_streamQuery", stream_query, METH_VARARGS, "(device, stream)"},
    {"_cuda_streamSynchronize", stream_synchronize, METH_VARARGS, "(device, stream)"},
    {"_cuda_streamWaitEvent", stream_wait_event, METH_VARARGS, "(device, stream, event)"},
    {"_cuda_newEvent", new_event, METH_VARARGS, "(device, timing)"},
    {"_cuda_deleteEvent", delete_event, METH_VARARGS, "(device, event)"},
    {"_cuda_recordEvent", record_event, METH_VARARGS, "(device, event, stream)"},
    {"_cuda_eventQuery", event_query, METH_VARARGS, "(device, event)"},
    {"_cuda_eventSynchronize", event_synchronize, METH_VARARGS, "(device, event)"},
    {"_cuda_eventElapsed", event_elapsed, METH_VARARGS, "(device, begin, end): milliseconds."},
    {nullptr, nullptr, 0, nullptr},
};

} // namespace

void init_cuda(PyObject* module) { check_status(PyModule_AddFunctions(module, functions)); }

} // namespace torch::python
