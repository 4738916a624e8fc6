#include "bindings/types.h"
#include "bindings/docs.h"

#include "bindings/numpy.h"
#include "bindings/tensor_object.h"

#include "core/backend.h"
#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>
#include <vector>

namespace torch::python {

thread_local std::optional<Device> default_device;

namespace {

// ---------------------------------------------------------------- dtype

struct DTypeObject {
  PyObject_HEAD DType value;
};
DTypeObject* dtype_objects[kNumDTypes];

DType dtype_value(PyObject* o) { return reinterpret_cast<DTypeObject*>(o)->value; }

PyObject* dtype_repr(PyObject* o) { return PyUnicode_FromFormat("torch.%s", dtype_name(dtype_value(o))); }
PyObject* dtype_reduce(PyObject* o, PyObject*) { return PyUnicode_FromString(dtype_name(dtype_value(o))); }
PyObject* dtype_to_real(PyObject* o, PyObject*) { return wrap(real_type(dtype_value(o))); }
PyObject* dtype_to_complex(PyObject* o, PyObject*) {
  try {
    const DType t = dtype_value(o);
    if (t == DType::Complex32) return wrap(t);
    check(!is_low_precision(t) && !is_opaque(t), "Unknown Complex ScalarType for ", dtype_aten_name(t));
    return wrap(t == DType::Float16 ? DType::Complex64 : complex_type(t));
  } catch (...) {
    return set_python_error();
  }
}
PyObject* dtype_is_signed(PyObject* o, void*) {
  try {
    const DType t = dtype_value(o);
    check(!is_quantized(t), "isSignedType not supported for quantized types");
    check(!is_bits(t), "Bits types are undefined");
    return PyBool_FromLong(is_signed(t));
  } catch (...) {
    return set_python_error();
  }
}
PyMethodDef dtype_methods[] = {
    {"__reduce__", dtype_reduce, METH_NOARGS, "Pickles as torch.<name>."},
    {"to_real", dtype_to_real, METH_NOARGS, "Real dtype of a complex one."},
    {"to_complex", dtype_to_complex, METH_NOARGS, "Complex dtype of a real one."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef dtype_getset[] = {
    {"is_floating_point", [](PyObject* o, void*) { return PyBool_FromLong(is_floating(dtype_value(o))); },
     nullptr, "Whether it is a float type.", nullptr},
    {"is_complex",
     [](PyObject* o, void*) {
       const DType t = dtype_value(o);
       return PyBool_FromLong(is_complex(t) || t == DType::Complex32);
     },
     nullptr, "Whether it is a complex type.", nullptr},
    {"is_signed", dtype_is_signed, nullptr, "Whether it has negative values.", nullptr},
    {"itemsize", [](PyObject* o, void*) { return PyLong_FromLongLong(item_size(dtype_value(o))); }, nullptr,
     "Bytes of an element.", nullptr},
    {"__module__", [](PyObject*, void*) { return PyUnicode_FromString("torch"); }, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

// ---------------------------------------------------------------- device

struct DeviceObject {
  PyObject_HEAD Device value;
};
Device device_value(PyObject* o) { return reinterpret_cast<DeviceObject*>(o)->value; }

Device device_from_text(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  Device d;
  const auto* const found = std::find(std::begin(kDeviceTypeNames), std::end(kDeviceTypeNames), kind);
  check(found != std::end(kDeviceTypeNames),
        "Expected one of cpu, cuda, ipu, xpu, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, "
        "privateuseone device type at start of device string: ",
        text);
  d.type = static_cast<DeviceType>(found - std::begin(kDeviceTypeNames));
  if (colon == std::string_view::npos) return d;
  const std::string_view digits = text.substr(colon + 1);
  int index = 0;
  check(!digits.empty() && digits.size() <= 3 && (digits.size() == 1 || digits[0] != '0'),
        "Invalid device string: '", text, "'");
  for (const char c : digits) {
    check(c >= '0' && c <= '9', "Invalid device string: '", text, "'");
    index = index * 10 + (c - '0');
  }
  check(index < 128, "Device index must not be greater than 127, got ", index);
  check(d.type != DeviceType::CPU || index == 0, "CPU device index must be -1 or zero, got ", index);
  d.index = static_cast<int8_t>(index);
  return d;
}

Device device_from_index(int64_t index) {
  check(index >= 0 && index < 128, "Device index must not be negative, got ", index);
  return {DeviceType::CUDA, static_cast<int8_t>(index)};
}

PyObject* device_new(PyTypeObject*, PyObject* args, PyObject* kwargs) {
  PyObject* type = nullptr;
  PyObject* index = nullptr;
  static const char* names[] = {"type", "index", nullptr};
  static const char* device_names[] = {"device", nullptr};
  if (kwargs && PyDict_GetItemString(kwargs, "device")) {
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:device", const_cast<char**>(device_names), &type))
      return nullptr;
  } else if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:device", const_cast<char**>(names), &type,
                                          &index)) {
    return nullptr;
  }
  return guarded([&]() -> PyObject* {
    Device d;
    if (!parse_device(type, d)) {
      PyErr_Format(PyExc_TypeError, "device(): argument 'type' must be str, int or torch.device, not %s",
                   Py_TYPE(type)->tp_name);
      return nullptr;
    }
    if (index && index != Py_None) {
      check(d.index < 0, "type (string) must not include an index because index was passed explicitly: ", d);
      const long long i = PyLong_AsLongLong(index);
      if (i == -1 && PyErr_Occurred()) return nullptr;
      check(i >= 0 && i < 128, "Device index must not be negative, got ", int64_t(i));
      d.index = static_cast<int8_t>(i);
    }
    return wrap(d);
  });
}
PyObject* device_repr(PyObject* o) {
  const Device d = device_value(o);
  return d.index >= 0 ? PyUnicode_FromFormat("device(type='%s', index=%d)", device_type_name(d.type), d.index)
                      : PyUnicode_FromFormat("device(type='%s')", device_type_name(d.type));
}
PyObject* device_str(PyObject* o) { return PyUnicode_FromString(to_string(device_value(o)).c_str()); }
Py_hash_t device_hash(PyObject* o) {
  const Device d = device_value(o);
  return (static_cast<Py_hash_t>(d.type) << 8) + d.index + 1;
}
PyObject* device_compare(PyObject* a, PyObject* b, int op) {
  if (!Py_IS_TYPE(b, &device_type) || (op != Py_EQ && op != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong((device_value(a) == device_value(b)) == (op == Py_EQ));
}
PyObject* device_reduce(PyObject* o, PyObject*) {
  const Device d = device_value(o);
  return d.index >= 0 ? Py_BuildValue("(O(si))", &device_type, device_type_name(d.type), d.index)
                      : Py_BuildValue("(O(s))", &device_type, device_type_name(d.type));
}
std::vector<std::optional<Device>>& outer_default_devices() {
  thread_local std::vector<std::optional<Device>> devices;
  return devices;
}
PyObject* device_enter(PyObject* self, PyObject*) {
  return guarded([&] {
    outer_default_devices().push_back(default_device);
    default_device = device_value(self);
    return Py_NewRef(self);
  });
}
PyObject* device_exit(PyObject*, PyObject*) {
  return guarded([&]() -> PyObject* {
    check(!outer_default_devices().empty(), "torch.device: __exit__ without __enter__");
    default_device = outer_default_devices().back();
    outer_default_devices().pop_back();
    Py_RETURN_NONE;
  });
}
PyObject* get_default_device(PyObject*, PyObject*) { return wrap(default_device.value_or(Device{})); }
PyObject* set_default_device(PyObject*, PyObject* device) {
  return guarded([&]() -> PyObject* {
    Device d;
    if (device == Py_None)
      default_device.reset();
    else if (parse_device(device, d))
      default_device = d;
    else
      raise_python(PyExc_TypeError, "set_default_device(): expected a device, got %s",
                   Py_TYPE(device)->tp_name);
    Py_RETURN_NONE;
  });
}
PyMethodDef device_functions[] = {
    {"get_default_device", get_default_device, METH_NOARGS, doc::function_get_default_device},
    {"set_default_device", set_default_device, METH_O, doc::function_set_default_device},
    {nullptr, nullptr, 0, nullptr},
};
PyMethodDef device_methods[] = {
    {"__reduce__", device_reduce, METH_NOARGS, "Pickles as a call of torch.device."},
    {"__enter__", device_enter, METH_NOARGS, "Makes it the device of new tensors of this thread."},
    {"__exit__", device_exit, METH_VARARGS, "Brings the device from before back."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef device_getset[] = {
    {"type", [](PyObject* o, void*) { return PyUnicode_FromString(device_type_name(device_value(o).type)); },
     nullptr, "'cpu', 'cuda' or 'meta'.", nullptr},
    {"index",
     [](PyObject* o, void*) -> PyObject* {
       const Device d = device_value(o);
       if (d.index < 0) Py_RETURN_NONE;
       return PyLong_FromLong(d.index);
     },
     nullptr, "Number of the device, or None for the current one.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

// ---------------------------------------------------------------- layout and memory format

struct NamedObject {
  PyObject_HEAD const char* name;
  int value;
};
PyObject* named_repr(PyObject* o) {
  return PyUnicode_FromFormat("torch.%s", reinterpret_cast<NamedObject*>(o)->name);
}
PyObject* named_reduce(PyObject* o, PyObject*) {
  return PyUnicode_FromString(reinterpret_cast<NamedObject*>(o)->name);
}
PyMethodDef named_methods[] = {{"__reduce__", named_reduce, METH_NOARGS, "Pickles as torch.<name>."},
                               {nullptr, nullptr, 0, nullptr}};
PyGetSetDef named_getset[] = {
    {"__module__", [](PyObject*, void*) { return PyUnicode_FromString("torch"); }, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
NamedObject* layout_objects[std::size(kLayoutNames)];
NamedObject* format_objects[4];
constexpr const char* kFormatNames[] = {"contiguous_format", "preserve_format", "channels_last",
                                        "channels_last_3d"};

NamedObject* make_named(PyTypeObject* type, const char* name, int value) {
  auto* o = PyObject_New(NamedObject, type);
  o->name = name;
  o->value = value;
  return o;
}

// ---------------------------------------------------------------- Generator

struct GeneratorObject {
  PyObject_HEAD Ref<Generator> value;
};
const Ref<Generator>& generator_ref(PyObject* o) { return reinterpret_cast<GeneratorObject*>(o)->value; }

PyObject* generator_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  PyObject* device = nullptr;
  static const char* names[] = {"device", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Generator", const_cast<char**>(names), &device))
    return nullptr;
  return guarded([&]() -> PyObject* {
    Device d;
    if (device && !parse_device(device, d)) {
      PyErr_SetString(PyExc_TypeError, "Generator(): argument 'device' must be a device");
      return nullptr;
    }
    check(d.type == DeviceType::CPU || d.type == DeviceType::CUDA, "Device type ", device_type_name(d.type),
          " is not supported for torch.Generator() api.");
    if (d.type == DeviceType::CUDA) d = with_index(d); // fails without CUDA
    PyObject* self = type->tp_alloc(type, 0);
    if (!self) return nullptr;
    new (&reinterpret_cast<GeneratorObject*>(self)->value) Ref<Generator>(Generator::create(d));
    generator_ref(self)->pyobj = self;
    return self;
  });
}
void generator_dealloc(PyObject* o) {
  auto* g = reinterpret_cast<GeneratorObject*>(o);
  if (g->value && g->value->pyobj == o) g->value->pyobj = nullptr;
  g->value.~Ref();
  Py_TYPE(o)->tp_free(o);
}
// Seeds may be negative: they count modulo 2^64.
bool parse_seed(PyObject* o, uint64_t& seed) {
  PyObject* index = PyNumber_Index(o);
  if (!index) {
    PyErr_Format(PyExc_TypeError, "manual_seed(): expected an int, but got %s", Py_TYPE(o)->tp_name);
    return false;
  }
  seed = PyLong_AsUnsignedLongLong(index);
  if (PyErr_Occurred()) {
    PyErr_Clear();
    const long long negative = PyLong_AsLongLong(index);
    if (PyErr_Occurred()) {
      PyErr_Clear();
      PyErr_SetString(PyExc_RuntimeError, "Overflow when unpacking long");
      Py_DECREF(index);
      return false;
    }
    seed = static_cast<uint64_t>(negative);
  }
  Py_DECREF(index);
  return true;
}
PyObject* generator_manual_seed(PyObject* o, PyObject* arg) {
  uint64_t seed = 0;
  if (!parse_seed(arg, seed)) return nullptr;
  const std::lock_guard lock(generator_ref(o)->mutex());
  generator_ref(o)->manual_seed(seed);
  return Py_NewRef(o);
}
PyObject* generator_seed(PyObject* o, PyObject*) {
  const std::lock_guard lock(generator_ref(o)->mutex());
  return PyLong_FromUnsignedLongLong(generator_ref(o)->seed());
}
PyObject* generator_initial_seed(PyObject* o, PyObject*) {
  return guarded([&] {
    const Ref<Generator>& g = generator_ref(o);
    uint64_t seed = g->initial_seed();
    if (g->device().type != DeviceType::CPU) { // a default one may have been seeded elsewhere
      const auto state = g->get_state();
      std::memcpy(&seed, state.data(), sizeof seed);
    }
    return PyLong_FromUnsignedLongLong(seed);
  });
}
PyObject* generator_get_state(PyObject* o, PyObject*) {
  return guarded([&]() -> PyObject* {
    const std::lock_guard lock(generator_ref(o)->mutex());
    const auto state = generator_ref(o)->get_state();
    Tensor t = empty_tensor(DimVec{static_cast<int64_t>(state.size())}, DType::UInt8);
    std::copy(state.begin(), state.end(), t.data<uint8_t>());
    return wrap(std::move(t));
  });
}
PyObject* generator_set_state(PyObject* o, PyObject* arg) {
  return guarded([&]() -> PyObject* {
    check_type(is_tensor(arg), "expected a torch.ByteTensor, but got ", Py_TYPE(arg)->tp_name);
    const Tensor& t = unwrap(arg);
    check_type(t.dtype() == DType::UInt8 && t.is_cpu() && t.is_contiguous(),
               "RNG state must be a torch.ByteTensor, got ", t);
    const std::lock_guard lock(generator_ref(o)->mutex());
    generator_ref(o)->set_state(t.data<uint8_t>(), static_cast<size_t>(t.numel()));
    return Py_NewRef(o);
  });
}
PyObject* generator_clone(PyObject* o, PyObject*) {
  return guarded([&] { return wrap(generator_ref(o)->clone()); });
}
PyObject* generator_reduce(PyObject* o, PyObject*) {
  PyObject* state = generator_get_state(o, nullptr);
  if (!state) return nullptr;
  PyObject* module = PyImport_ImportModule("torch.random");
  PyObject* rebuild = module ? PyObject_GetAttrString(module, "_rebuild_generator") : nullptr;
  Py_XDECREF(module);
  if (!rebuild) {
    Py_DECREF(state);
    return nullptr;
  }
  PyObject* device = PyObject_GetAttrString(o, "device");
  return Py_BuildValue("(N(NN))", rebuild, state, device);
}
PyMethodDef generator_methods[] = {
    {"manual_seed", generator_manual_seed, METH_O,
     "manual_seed(seed) -> Generator\n\nStarts the stream that belongs to a seed."},
    {"seed", generator_seed, METH_NOARGS,
     "seed() -> int\n\nSeeds from the system's entropy and returns the seed."},
    {"initial_seed", generator_initial_seed, METH_NOARGS,
     "initial_seed() -> int\n\nThe seed that the stream started from."},
    {"get_state", generator_get_state, METH_NOARGS, "get_state() -> Tensor\n\nThe state as a uint8 tensor."},
    {"set_state", generator_set_state, METH_O, "set_state(state)\n\nSets a state from get_state()."},
    {"graphsafe_get_state", generator_clone, METH_NOARGS, "A generator in the same state."},
    {"clone_state", generator_clone, METH_NOARGS, "A generator in the same state."},
    {"__reduce__", generator_reduce, METH_NOARGS, "Pickles with its state."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef generator_getset[] = {
    {"device", [](PyObject* o, void*) { return wrap(generator_ref(o)->device()); }, nullptr,
     "Device of the generator.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyTypeObject named_type(const char* name, size_t size, const char* doc) {
  PyTypeObject t = {};
  Py_SET_REFCNT(reinterpret_cast<PyObject*>(&t), 1);
  t.tp_name = name;
  t.tp_basicsize = static_cast<Py_ssize_t>(size);
  t.tp_flags = Py_TPFLAGS_DEFAULT;
  t.tp_doc = doc;
  return t;
}

} // namespace

PyTypeObject dtype_type = named_type("torch.dtype", sizeof(DTypeObject), "Type of a tensor's elements.");
PyTypeObject device_type =
    named_type("torch.device", sizeof(DeviceObject),
               "device(type, index=None)\n\nWhere a tensor's data lives: 'cpu', 'cuda', 'cuda:1', 'meta'.");
PyTypeObject layout_type =
    named_type("torch.layout", sizeof(NamedObject), "How a tensor's data is laid out.");
PyTypeObject memory_format_type =
    named_type("torch.memory_format", sizeof(NamedObject), "Order of a tensor's dimensions in memory.");
PyTypeObject generator_type = named_type("torch.Generator", sizeof(GeneratorObject),
                                         "Generator(device='cpu')\n\nA stream of random numbers (MT19937).");

PyObject* wrap(DType t) { return Py_NewRef(reinterpret_cast<PyObject*>(dtype_objects[static_cast<int>(t)])); }
PyObject* wrap(Device d) {
  auto* o = PyObject_New(DeviceObject, &device_type);
  if (o) o->value = d;
  return reinterpret_cast<PyObject*>(o);
}
PyObject* wrap(MemoryFormat f) {
  return Py_NewRef(reinterpret_cast<PyObject*>(format_objects[static_cast<int>(f)]));
}
PyObject* wrap(Layout l) {
  return Py_NewRef(reinterpret_cast<PyObject*>(layout_objects[static_cast<int>(l)]));
}
PyObject* wrap(const Ref<Generator>& g) {
  if (g->pyobj) return Py_NewRef(static_cast<PyObject*>(g->pyobj));
  PyObject* self = generator_type.tp_alloc(&generator_type, 0);
  if (!self) return nullptr;
  new (&reinterpret_cast<GeneratorObject*>(self)->value) Ref<Generator>(g);
  g->pyobj = self;
  return self;
}

bool parse_dtype(PyObject* o, DType& t) {
  if (Py_IS_TYPE(o, &dtype_type))
    t = dtype_value(o);
  else if (o == reinterpret_cast<PyObject*>(&PyFloat_Type))
    t = DType::Float64;
  else if (o == reinterpret_cast<PyObject*>(&PyLong_Type))
    t = DType::Int64;
  else if (o == reinterpret_cast<PyObject*>(&PyBool_Type))
    t = DType::Bool;
  else if (o == reinterpret_cast<PyObject*>(&PyComplex_Type))
    t = DType::Complex128;
  else if (const std::optional<DType> numpy = dtype_of_numpy_type(o))
    t = *numpy;
  else
    return false;
  return true;
}

bool parse_device(PyObject* o, Device& d) {
  if (Py_IS_TYPE(o, &device_type)) {
    d = device_value(o);
    return true;
  }
  if (PyUnicode_Check(o)) {
    Py_ssize_t n = 0;
    const char* text = PyUnicode_AsUTF8AndSize(o, &n);
    if (!text) throw PythonError{};
    d = device_from_text({text, static_cast<size_t>(n)});
    return true;
  }
  if (PyLong_Check(o) && !PyBool_Check(o)) {
    const long long index = PyLong_AsLongLong(o);
    if (index == -1 && PyErr_Occurred()) throw PythonError{};
    d = device_from_index(index);
    return true;
  }
  return false;
}

bool parse_layout(PyObject* o, Layout& l) {
  if (!Py_IS_TYPE(o, &layout_type)) return false;
  l = static_cast<Layout>(reinterpret_cast<NamedObject*>(o)->value);
  return true;
}

bool parse_memory_format(PyObject* o, MemoryFormat& f) {
  if (!Py_IS_TYPE(o, &memory_format_type)) return false;
  f = static_cast<MemoryFormat>(reinterpret_cast<NamedObject*>(o)->value);
  return true;
}

Generator* unwrap_generator(PyObject* o) {
  return PyObject_TypeCheck(o, &generator_type) ? generator_ref(o).get() : nullptr;
}

void init_types(PyObject* module) {
  check_status(PyModule_AddFunctions(module, device_functions));
  const auto ready = [&](PyTypeObject& type, const char* name) {
    if (PyType_Ready(&type) < 0) throw PythonError{};
    PyModule_AddObject(module, name, Py_NewRef(reinterpret_cast<PyObject*>(&type)));
  };
  dtype_type.tp_repr = dtype_repr;
  dtype_type.tp_methods = dtype_methods;
  dtype_type.tp_getset = dtype_getset;
  ready(dtype_type, "dtype");
  for (int i = 0; i < kNumDTypes; ++i) {
    dtype_objects[i] = PyObject_New(DTypeObject, &dtype_type);
    dtype_objects[i]->value = static_cast<DType>(i);
    PyModule_AddObject(module, dtype_name(static_cast<DType>(i)),
                       Py_NewRef(reinterpret_cast<PyObject*>(dtype_objects[i])));
  }
  device_type.tp_new = device_new;
  device_type.tp_repr = device_repr;
  device_type.tp_str = device_str;
  device_type.tp_hash = device_hash;
  device_type.tp_richcompare = device_compare;
  device_type.tp_methods = device_methods;
  device_type.tp_getset = device_getset;
  ready(device_type, "device");
  for (PyTypeObject* t : {&layout_type, &memory_format_type}) {
    t->tp_repr = named_repr;
    t->tp_methods = named_methods;
    t->tp_getset = named_getset;
  }
  ready(layout_type, "layout");
  ready(memory_format_type, "memory_format");
  for (size_t i = 0; i < std::size(kLayoutNames); ++i) {
    layout_objects[i] = make_named(&layout_type, kLayoutNames[i], static_cast<int>(i));
    PyModule_AddObject(module, kLayoutNames[i], Py_NewRef(reinterpret_cast<PyObject*>(layout_objects[i])));
  }
  for (int i = 0; i < 4; ++i) {
    format_objects[i] = make_named(&memory_format_type, kFormatNames[i], i);
    PyModule_AddObject(module, kFormatNames[i], Py_NewRef(reinterpret_cast<PyObject*>(format_objects[i])));
  }
  init_size_type(module);
  generator_type.tp_new = generator_new;
  generator_type.tp_dealloc = generator_dealloc;
  generator_type.tp_methods = generator_methods;
  generator_type.tp_getset = generator_getset;
  ready(generator_type, "Generator");
  PyModule_AddObject(module, "default_generator", wrap(default_generator()));
}

} // namespace torch::python
