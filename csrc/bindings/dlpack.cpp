#include "bindings/dlpack.h"

#include "autograd/node.h"
#include "bindings/gil.h"
#include "bindings/keyword_args.h"
#include "bindings/override.h"
#include "bindings/storage.h"
#include "bindings/types.h"
#include "core/backend.h"
#include "ops/ops.h"

#include <memory>

namespace torch::python {

namespace {

// ---- the exchange structures, as laid out by the DLPack specification 1.0 (dmlc.github.io/dlpack) ----

struct DLDevice {
  int32_t device_type;
  int32_t device_id;
};
struct DLDataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides; // in elements; null: contiguous
  uint64_t byte_offset;
};
struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor*);
};
struct DLPackVersion {
  uint32_t major;
  uint32_t minor;
};
struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* manager_ctx;
  void (*deleter)(DLManagedTensorVersioned*);
  uint64_t flags;
  DLTensor dl_tensor;
};
constexpr int32_t kCpuDevice = 1, kCudaDevice = 2;
constexpr uint64_t kReadOnlyFlag = 1, kCopiedFlag = 2;
constexpr const char *kName = "dltensor", *kUsedName = "used_dltensor";
constexpr const char *kVersionedName = "dltensor_versioned", *kUsedVersionedName = "used_dltensor_versioned";

enum TypeCode : uint8_t {
  kInt = 0,
  kUInt = 1,
  kFloat = 2,
  kBfloat = 4,
  kComplex = 5,
  kBool = 6,
  kFloat8E4M3FN = 10,
  kFloat8E4M3FNUZ = 11,
  kFloat8E5M2 = 12,
  kFloat8E5M2FNUZ = 13,
  kFloat8E8M0FNU = 14,
  kFloat4E2M1FN = 17
};

DLDataType type_of(DType t) {
  switch (t) {
  case DType::Float8E4M3FN:
    return {kFloat8E4M3FN, 8, 1};
  case DType::Float8E4M3FNUZ:
    return {kFloat8E4M3FNUZ, 8, 1};
  case DType::Float8E5M2:
    return {kFloat8E5M2, 8, 1};
  case DType::Float8E5M2FNUZ:
    return {kFloat8E5M2FNUZ, 8, 1};
  case DType::Float8E8M0FNU:
    return {kFloat8E8M0FNU, 8, 1};
  case DType::Float4E2M1FNX2:
    return {kFloat4E2M1FN, 4, 2};
  default:
    break;
  }
  if (is_opaque(t)) fail(ErrorKind::Buffer, concat(t, " is not supported by dlpack"));
  const auto code = t == DType::Bool        ? kBool
                    : t == DType::BFloat16  ? kBfloat
                    : torch::is_complex(t)  ? kComplex
                    : torch::is_floating(t) ? kFloat
                    : torch::is_signed(t)   ? kInt
                                            : kUInt;
  return {code, static_cast<uint8_t>(item_size(t) * 8), 1};
}

DType dtype_of_type(DLDataType type) {
  for (int i = 0; i <= static_cast<int>(DType::Float4E2M1FNX2); ++i) {
    const DLDataType own = type_of(static_cast<DType>(i));
    if (own.code == type.code && own.bits == type.bits && own.lanes == type.lanes)
      return static_cast<DType>(i);
  }
  fail(ErrorKind::Buffer, concat("from_dlpack: unsupported element type: code ", int(type.code), ", ",
                                 int(type.bits), " bits, ", int(type.lanes), " lanes"));
}

// ---- export ----

// Struct handed out together with what it points into.
template <class Managed> struct Export {
  Managed managed;
  Tensor tensor;
  PinnedStorage pinned;
  DimVec sizes, strides;
};

template <class Managed> void delete_export(Managed* managed) {
  const std::unique_ptr<Export<Managed>> last_owner(static_cast<Export<Managed>*>(managed->manager_ctx));
}

template <class Managed> Managed* make_export(const Tensor& t) {
  auto owner = std::make_unique<Export<Managed>>(
      Export<Managed>{{}, t, PinnedStorage(t.storage()), t.sizes(), t.strides()});
  Export<Managed>* const e = owner.release();
  for (size_t d = 0; d < e->sizes.size(); ++d)
    if (e->sizes[d] < 2) e->strides[d] = 1; // some consumers insist on it
  DLTensor& d = e->managed.dl_tensor;
  d.data = t.numel() ? t.data() : nullptr;
  d.device = t.is_cpu() ? DLDevice{kCpuDevice, 0} : DLDevice{kCudaDevice, t.device().index};
  d.ndim = static_cast<int32_t>(t.dim());
  d.dtype = type_of(t.dtype());
  d.shape = e->sizes.data();
  d.strides = e->strides.data();
  d.byte_offset = 0;
  e->managed.manager_ctx = e;
  e->managed.deleter = delete_export<Managed>;
  return &e->managed;
}

// A capsule that nobody consumed still owns its export.
template <class Managed> void delete_capsule(PyObject* capsule, const char* name) {
  if (!PyCapsule_IsValid(capsule, name)) return;
  auto* const managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, name));
  if (managed->deleter) managed->deleter(managed);
}

PyObject* make_capsule(const Tensor& t, bool versioned, bool copied) {
  check_kind(ErrorKind::Buffer, !is_sparse(t), "Cannot pack tensors of layout ", layout_of(t));
  check_kind(ErrorKind::Buffer, t.is_cpu() || t.device().type == DeviceType::CUDA, "Cannot pack tensors on ",
             t.device());
  if (!versioned) {
    // the old structure cannot say that memory must not be written
    check_kind(ErrorKind::Buffer, t.storage()->writable(),
               "__dlpack__: a read-only tensor can only be exported to consumers of DLPack 1.0 or later "
               "(max_version)");
    auto* const managed = make_export<DLManagedTensor>(t);
    PyObject* const capsule =
        PyCapsule_New(managed, kName, [](PyObject* c) { delete_capsule<DLManagedTensor>(c, kName); });
    if (!capsule) managed->deleter(managed);
    return capsule;
  }
  auto* const managed = make_export<DLManagedTensorVersioned>(t);
  managed->version = {1, 0};
  managed->flags = (t.storage()->writable() ? 0 : kReadOnlyFlag) | (copied ? kCopiedFlag : 0);
  PyObject* const capsule = PyCapsule_New(managed, kVersionedName, [](PyObject* c) {
    delete_capsule<DLManagedTensorVersioned>(c, kVersionedName);
  });
  if (!capsule) managed->deleter(managed);
  return capsule;
}

constexpr const char* kDlpackParams[] = {"stream", "max_version", "dl_device", "copy"};
constexpr Signature kDlpack = {"__dlpack__", kDlpackParams, 0, 0};

bool wants_version_1(PyObject* max_version) {
  if (!max_version || max_version == Py_None) return false;
  const Owned major = owned(PySequence_GetItem(max_version, 0));
  return int_argument(kDlpack, "max_version", major.get(), 0) >= 1;
}

// The stream that the consumer names waits for the work on the tensor so far.
void wait_for_producer(int device, PyObject* stream) {
  constexpr int64_t none = -1, legacy = 1, of_thread = 2;
  if (stream && stream != Py_None && !PyLong_Check(stream))
    raise_python(PyExc_TypeError, "stream must be ``int`` or ``none``");
  const int64_t asked =
      stream && stream != Py_None ? int_argument(kDlpack, "stream", stream, legacy) : legacy;
  if (asked == none) return;
  check_kind(ErrorKind::Buffer, asked != 0 && asked != of_thread, "__dlpack__: unsupported stream ", asked,
             ": 0 is ambiguous, 2 the default stream of each thread");
  Backend& cuda = cuda_backend();
  const StreamHandle consumer = asked == legacy ? 0 : static_cast<StreamHandle>(asked);
  const StreamHandle own = cuda.current_stream(device);
  if (consumer == own) return;
  const EventHandle event = cuda.new_event(device, false);
  cuda.record_event(device, event, own);
  cuda.stream_wait(device, consumer, event);
  cuda.delete_event(event);
}

PyObject* tensor_dlpack(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    PyObject* slots[4];
    bind_arguments(kDlpack, args, nargs, kwnames, slots);
    const Tensor& t = unwrap(self);
    check_kind(ErrorKind::Buffer, !t.requires_grad(),
               "Can't export tensors that require gradient, use tensor.detach()");
    const bool on_gpu = t.device().type == DeviceType::CUDA;
    if (on_gpu)
      wait_for_producer(t.device().index, slots[0]);
    else if (slots[0] && slots[0] != Py_None) {
      if (!PyLong_Check(slots[0])) raise_python(PyExc_TypeError, "stream must be ``int`` or ``none``");
      raise_python(PyExc_AssertionError, "stream should be None on cpu.");
    }
    if (slots[2] && slots[2] != Py_None) {
      const Owned type = owned(PySequence_GetItem(slots[2], 0));
      const int own = on_gpu ? kCudaDevice : kCpuDevice;
      check_kind(ErrorKind::Buffer, int_argument(kDlpack, "dl_device", type.get(), own) == own,
                 "__dlpack__: a tensor on ", t.device(), " can only be exported to where it is");
    }
    const bool copy = bool_argument(kDlpack, "copy", slots[3], false);
    return make_capsule(copy ? ops::clone(t) : t, wants_version_1(slots[1]), copy);
  } catch (...) {
    return set_python_error();
  }
}

PyObject* tensor_dlpack_device(PyObject* self, PyObject*) {
  const Tensor& t = unwrap(self);
  if (t.is_cpu()) return Py_BuildValue("(ii)", kCpuDevice, 0);
  if (t.device().type == DeviceType::CUDA) return Py_BuildValue("(ii)", kCudaDevice, int{t.device().index});
  PyErr_Format(PyExc_ValueError, "Unknown device type %s for Dlpack", device_type_name(t.device().type));
  return nullptr;
}

// ---- import ----

template <class Managed> void release_import(void* context) {
  auto* const managed = static_cast<Managed*>(context);
  if (!managed->deleter || !Py_IsInitialized()) return;
  const GilGuard gil; // the producer may be Python
  managed->deleter(managed);
}

// Checks what the producer claims, then takes the structure over; on failure the capsule stays its owner.
template <class Managed>
Tensor consume(PyObject* capsule, Managed* managed, bool writable, const char* used_name) {
  const DLTensor& d = managed->dl_tensor;
  const bool on_gpu = d.device.device_type == kCudaDevice && find_cuda();
  check_kind(ErrorKind::Buffer, d.device.device_type == kCpuDevice || on_gpu, "from_dlpack: device type ",
             d.device.device_type, " is not supported, only the CPU (1) and, with CUDA, its devices (2)");
  const Device device = on_gpu ? Device{DeviceType::CUDA, static_cast<int8_t>(d.device.device_id)} : Device{};
  check_kind(ErrorKind::Buffer, d.ndim >= 0 && d.ndim <= 64 && (d.ndim == 0 || d.shape),
             "from_dlpack: ", d.ndim, " dimensions without a valid shape");
  const DType dtype = dtype_of_type(d.dtype);
  const DimVec sizes(IntSpan(d.shape, size_t(d.ndim)));
  for (int64_t n : sizes) check_kind(ErrorKind::Buffer, n >= 0, "from_dlpack: negative size in ", sizes);
  const DimVec strides = d.strides ? DimVec(IntSpan(d.strides, size_t(d.ndim))) : contiguous_strides(sizes);
  for (size_t i = 0; i < strides.size(); ++i)
    check_kind(ErrorKind::Buffer, strides[i] >= 0 || sizes[i] < 2,
               "from_dlpack: negative strides are not supported, got ", strides);
  const int64_t bytes = span_bytes(sizes, strides, item_size(dtype));
  check_kind(ErrorKind::Buffer, d.data || bytes == 0, "from_dlpack: no data for a tensor of sizes ", sizes);
  char* const data = d.data ? static_cast<char*>(d.data) + d.byte_offset : nullptr;
  const Storage storage = StorageImpl::wrap(data, bytes, device, release_import<Managed>, managed, writable);
  PyCapsule_SetName(capsule, used_name);
  PyCapsule_SetDestructor(capsule, nullptr);
  return from_storage(storage, dtype, sizes, strides, 0);
}

Tensor consume_capsule(PyObject* capsule) {
  if (PyCapsule_IsValid(capsule, kVersionedName)) {
    auto* const managed =
        static_cast<DLManagedTensorVersioned*>(PyCapsule_GetPointer(capsule, kVersionedName));
    check_kind(ErrorKind::Buffer, managed->version.major == 1, "from_dlpack: DLPack version ",
               managed->version.major, " is not supported, only 1.x");
    return consume(capsule, managed, !(managed->flags & kReadOnlyFlag), kUsedVersionedName);
  }
  check(PyCapsule_IsValid(capsule, kName), "from_dlpack received an invalid capsule. Note that DLTensor "
                                           "capsules can be consumed only once, so you might have "
                                           "already constructed a tensor from it once.");
  return consume(capsule, static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, kName)), true,
                 kUsedName);
}

// Asks for DLPack 1.0, and again without a version where the producer does not know that argument.
Owned capsule_of(PyObject* object) {
  const Owned method = owned(PyObject_GetAttrString(object, "__dlpack__"));
  const Owned none = owned(PyTuple_New(0));
  const Owned options = owned(Py_BuildValue("{s(ii)}", "max_version", 1, 0));
  // A producer on a GPU is told which stream will use the memory.
  if (const Owned where = Owned(PyObject_CallMethod(object, "__dlpack_device__", nullptr))) {
    int type = 0, index = 0;
    if (PyTuple_Check(where.get()) && PyArg_ParseTuple(where.get(), "ii", &type, &index) &&
        type == kCudaDevice && find_cuda()) {
      const StreamHandle own = cuda_backend().current_stream(index);
      const Owned stream = owned(PyLong_FromUnsignedLongLong(own ? own : 1));
      check_status(PyDict_SetItemString(options.get(), "stream", stream.get()));
    }
  }
  PyErr_Clear();
  if (PyObject* const capsule = call_python<PyObject_Call>(method.get(), none.get(), options.get()))
    return Owned(capsule);
  if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw PythonError{};
  PyErr_Clear();
  return owned(call_python<PyObject_CallNoArgs>(method.get()));
}

PyObject* py_to_dlpack(PyObject*, PyObject* tensor) {
  try {
    check_type(is_tensor(tensor), "to_dlpack(): argument 'tensor' must be Tensor");
    return make_capsule(unwrap(tensor), false, false);
  } catch (...) {
    return set_python_error();
  }
}

constexpr const char* kFromParams[] = {"x", "device", "copy"};
constexpr Signature kFrom = {"from_dlpack", kFromParams, 1, 1};

PyObject* py_from_dlpack(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    PyObject* slots[3];
    bind_arguments(kFrom, args, nargs, kwnames, slots);
    const std::optional<Device> device = device_argument(kFrom, slots[1]);
    const std::optional<bool> copy = optional_bool_argument(kFrom, "copy", slots[2]);
    Tensor t = tensor_from_dlpack(slots[0]);
    if (device && device->type != t.device().type) {
      check_value(copy != false, "from_dlpack: moving from ", t.device(), " to ", *device,
                  " needs a copy, but copy=False was given");
      return wrap(ops::_to_copy(t, {}, device));
    }
    return wrap(copy == true ? ops::clone(t) : std::move(t));
  } catch (...) {
    return set_python_error();
  }
}

template <class F> PyCFunction as_method(F f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

PyMethodDef functions[] = {
    {"_to_dlpack", py_to_dlpack, METH_O,
     "_to_dlpack(tensor) -> capsule\n\nUnversioned DLPack capsule over the tensor's memory."},
    {"_from_dlpack", as_method(py_from_dlpack), METH_FASTCALL | METH_KEYWORDS,
     "_from_dlpack(x, *, device=None, copy=None) -> Tensor\n\nTensor over the memory of an object with "
     "__dlpack__ (or of a DLPack "
     "capsule, which is used up)."},
    {nullptr, nullptr, 0, nullptr}};

} // namespace

Tensor tensor_from_dlpack(PyObject* object) {
  if (PyCapsule_CheckExact(object)) return consume_capsule(object);
  check(PyObject_HasAttrString(object, "__dlpack__"),
        "from_dlpack received an invalid capsule: ", Py_TYPE(object)->tp_name,
        " is neither a DLPack capsule nor has it a __dlpack__ method");
  const Owned capsule = capsule_of(object);
  check_type(PyCapsule_CheckExact(capsule.get()), "from_dlpack: __dlpack__ returned no capsule");
  return consume_capsule(capsule.get());
}

PyMethodDef dlpack_tensor_methods[] = {
    {"__dlpack__", as_method(method_with_args<"__dlpack__", tensor_dlpack>), METH_FASTCALL | METH_KEYWORDS,
     "__dlpack__(*, stream=None, max_version=None, dl_device=None, copy=None) -> capsule\n\nThe tensor's "
     "memory for another "
     "library; versioned if max_version is (1, 0) or later."},
    {"__dlpack_device__", method_no_args<"__dlpack_device__", tensor_dlpack_device>, METH_NOARGS,
     "__dlpack_device__() -> (device type, index); the CPU is (1, 0)."},
    {nullptr, nullptr, 0, nullptr}};

bool init_dlpack(PyObject* module) { return PyModule_AddFunctions(module, functions) == 0; }

} // namespace torch::python
