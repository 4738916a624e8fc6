#include "bindings/storage.h"

#include "autograd/node.h"
#include "autograd/write_log.h"
#include "bindings/docs.h"
#include "bindings/from_data.h"
#include "bindings/gil.h"
#include "bindings/keyword_args.h"
#include "bindings/numpy.h"
#include "bindings/override.h"
#include "bindings/types.h"
#include "core/backend.h"
#include "ops/ops.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace torch::python {

namespace {

struct StorageObject {
  PyObject_HEAD Storage storage;
  PyObject* dict;
  PyObject* weakrefs;
};

PyTypeObject base_type = {PyVarObject_HEAD_INIT(nullptr, 0)};
PyTypeObject* user_type = nullptr; // torch.UntypedStorage, once torch/storage.py has registered it

StorageImpl& impl_of(PyObject* self) { return *reinterpret_cast<StorageObject*>(self)->storage; }

// Makes the object of a storage that has none.
PyObject* make_object(PyTypeObject* type, Storage s) {
  PyObject* const self = type->tp_alloc(type, 0);
  if (!self) return nullptr;
  new (&reinterpret_cast<StorageObject*>(self)->storage) Storage(std::move(s));
  impl_of(self).set_pyobj(self);
  return self;
}

void storage_dealloc(PyObject* self) {
  auto* const object = reinterpret_cast<StorageObject*>(self);
  PyObject_GC_UnTrack(self);
  if (object->weakrefs) PyObject_ClearWeakRefs(self);
  Py_CLEAR(object->dict);
  if (object->storage && object->storage->pyobj() == self) object->storage->set_pyobj(nullptr);
  object->storage.~Storage();
  Py_TYPE(self)->tp_free(
      self); // a Python subclass has its own dealloc around this one, which drops the class
}

int storage_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(reinterpret_cast<StorageObject*>(self)->dict);
  return 0;
}

int storage_clear(PyObject* self) {
  Py_CLEAR(reinterpret_cast<StorageObject*>(self)->dict);
  return 0;
}

uint8_t* writable_bytes(StorageImpl& s) {
  check(s.writable(), "UntypedStorage: this memory is read-only (it belongs to a read-only buffer)");
  check(s.device().type == DeviceType::CPU, "UntypedStorage: memory on ", s.device(),
        " cannot be accessed by element");
  return static_cast<uint8_t*>(s.data());
}

const uint8_t* readable_bytes(const StorageImpl& s) {
  check_kind(ErrorKind::NotImplemented, s.device().type == DeviceType::CPU, "UntypedStorage: memory on ",
             s.device(), " cannot be read by element");
  return static_cast<const uint8_t*>(s.data());
}

Storage allocated(int64_t bytes, Device device) {
  check(bytes >= 0, "UntypedStorage(): size must not be negative, got ", bytes);
  return StorageImpl::allocate(bytes, device);
}

uint8_t byte_of(PyObject* value) { // modulo 256
  const Owned index = owned(PyNumber_Index(value));
  return static_cast<uint8_t>(PyLong_AsUnsignedLongMask(index.get()));
}

// ---- construction ----

constexpr const char* kNewParams[] = {"size", "device"};
constexpr Signature kNew = {"UntypedStorage", kNewParams, 1, 0};

// UntypedStorage(), UntypedStorage(bytes), UntypedStorage(sequence of bytes)
PyObject* storage_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  try {
    PyObject* slots[2];
    bind_arguments(kNew, args, kwargs, slots);
    const Device device = device_argument(kNew, slots[1]).value_or(Device{});
    if (!slots[0]) return make_object(type, StorageImpl::allocate(0, device));
    if (PyIndex_Check(slots[0]) && !PyBool_Check(slots[0]))
      return make_object(type, allocated(int_argument(kNew, "size", slots[0], 0), device));
    if (!PySequence_Check(slots[0]))
      raise_python(PyExc_TypeError,
                   "UntypedStorage(): expected a number of bytes or a sequence of byte values, got %s",
                   Py_TYPE(slots[0])->tp_name);
    const Owned items = owned(PySequence_List(slots[0])); // a copy that nobody can change
    const Py_ssize_t n = PyList_GET_SIZE(items.get());
    Storage s = StorageImpl::allocate(n, Device{});
    for (Py_ssize_t i = 0; i < n; ++i) {
      PyObject* const item = PyList_GET_ITEM(items.get(), i);
      if (!PyIndex_Check(item))
        raise_python(PyExc_RuntimeError,
                     "torch.UntypedStorage(): tried to construct a storage from a sequence (%s), but one of "
                     "the items was of "
                     "type %s instead of int",
                     Py_TYPE(slots[0])->tp_name, Py_TYPE(item)->tp_name);
      static_cast<uint8_t*>(s->data())[i] = byte_of(item);
    }
    return make_object(type, std::move(s));
  } catch (...) {
    return set_python_error();
  }
}

// ---- element access ----

Py_ssize_t storage_length(PyObject* self) { return impl_of(self).bytes(); }

int64_t checked_index(const StorageImpl& s, PyObject* index) {
  const Py_ssize_t i = PyNumber_AsSsize_t(index, PyExc_IndexError);
  if (i == -1 && PyErr_Occurred()) throw PythonError{};
  check_index(i >= -s.bytes() && i < s.bytes(), "index ", int64_t(i), " out of range for storage of size ",
              s.bytes());
  return i < 0 ? i + s.bytes() : i;
}

struct ByteRange {
  int64_t begin, end;
};

ByteRange checked_slice(const StorageImpl& s, PyObject* slice) {
  Py_ssize_t begin, end, step;
  if (PySlice_Unpack(slice, &begin, &end, &step) < 0) throw PythonError{};
  PySlice_AdjustIndices(s.bytes(), &begin, &end, step);
  check(step == 1, "Trying to slice with a step of ", int64_t(step), ", but only a step of 1 is supported");
  return {begin, std::max(begin, end)};
}

[[noreturn]] void bad_index(PyObject* index) {
  raise_python(PyExc_TypeError, "can't index a torch.UntypedStorage with %s", Py_TYPE(index)->tp_name);
}

PyObject* storage_getitem(PyObject* self, PyObject* index) {
  try {
    StorageImpl& s = impl_of(self);
    if (PySlice_Check(index)) {
      const ByteRange range = checked_slice(s, index);
      return wrap_storage(
          slice_storage(reinterpret_cast<StorageObject*>(self)->storage, range.begin, range.end));
    }
    if (!PyIndex_Check(index)) bad_index(index);
    const int64_t i = checked_index(s, index);
    return PyLong_FromLong(readable_bytes(s)[i]);
  } catch (...) {
    return set_python_error();
  }
}

int storage_setitem(PyObject* self, PyObject* index, PyObject* value) {
  try {
    if (!value) raise_python(PyExc_TypeError, "UntypedStorage does not support deleting items");
    StorageImpl& s = impl_of(self);
    const uint8_t byte = byte_of(value);
    if (PySlice_Check(index)) {
      const ByteRange range = checked_slice(s, index);
      if (range.end > range.begin)
        std::memset(writable_bytes(s) + range.begin, byte, size_t(range.end - range.begin));
      return 0;
    }
    if (!PyIndex_Check(index)) bad_index(index);
    const int64_t i = checked_index(s, index);
    writable_bytes(s)[i] = byte;
    return 0;
  } catch (...) {
    set_python_error();
    return -1;
  }
}

PyObject* storage_tolist(PyObject* self, PyObject*) {
  try {
    const StorageImpl& s = impl_of(self);
    const uint8_t* const bytes = readable_bytes(s);
    PyObject* const list = PyList_New(s.bytes());
    for (int64_t i = 0; list && i < s.bytes(); ++i) PyList_SET_ITEM(list, i, PyLong_FromLong(bytes[i]));
    return list;
  } catch (...) {
    return set_python_error();
  }
}

// ---- methods ----

PyObject* storage_nbytes(PyObject* self, PyObject*) { return PyLong_FromLongLong(impl_of(self).bytes()); }
PyObject* storage_data_ptr(PyObject* self, PyObject*) {
  StorageImpl& storage = impl_of(self);
  void* const address = storage.data();
  storage.expose();
  return PyLong_FromVoidPtr(address);
}
PyObject* storage_element_size(PyObject*, PyObject*) { return PyLong_FromLong(1); }
PyObject* storage_resizable(PyObject* self, PyObject*) {
  return PyBool_FromLong(impl_of(self).owns_memory() && !impl_of(self).shared() && impl_of(self).pins() == 0);
}
PyObject* storage_writable(PyObject* self, PyObject*) { return PyBool_FromLong(impl_of(self).writable()); }

PyObject* storage_resize(PyObject* self, PyObject* size) {
  try {
    const int64_t bytes = int_argument({"resize_", {}, 0, 0}, "size", size, 0);
    check(bytes >= 0, "resize_(): size must not be negative, got ", bytes);
    impl_of(self).resize(bytes);
    return Py_NewRef(self);
  } catch (...) {
    return set_python_error();
  }
}

PyObject* storage_fill(PyObject* self, PyObject* value) {
  try {
    StorageImpl& s = impl_of(self);
    const uint8_t byte = byte_of(value);
    if (s.bytes() && s.device().type == DeviceType::CPU)
      std::memset(writable_bytes(s), byte, size_t(s.bytes()));
    return Py_NewRef(self);
  } catch (...) {
    return set_python_error();
  }
}

constexpr const char* kCopyParams[] = {"source", "non_blocking"};
constexpr Signature kCopy = {"copy_", kCopyParams, 2, 1};

PyObject* storage_copy(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    PyObject* slots[2];
    bind_arguments(kCopy, args, nargs, kwnames, slots);
    StorageImpl& to = impl_of(self);
    const Owned source = is_storage(slots[0]) ? Owned::share(slots[0]) : untyped_storage_of(slots[0]);
    if (!source)
      raise_python(PyExc_TypeError, "copy_(): argument 'source' must be a storage, not %s",
                   Py_TYPE(slots[0])->tp_name);
    StorageImpl& from = impl_of(source.get());
    check(to.bytes() == from.bytes(), "size does not match, self was ", to.bytes(), " bytes but src was ",
          from.bytes(), " bytes");
    if (to.device().type == DeviceType::CUDA || from.device().type == DeviceType::CUDA) {
      const auto as_tensor = [](StorageImpl& s) {
        return from_storage(Storage(&s), DType::UInt8, DimVec{s.bytes()}, DimVec{1}, 0);
      };
      ops::copy_(as_tensor(to), as_tensor(from), slots[1] && to_bool(slots[1]));
      return Py_NewRef(self);
    }
    if (to.bytes()) std::memmove(writable_bytes(to), readable_bytes(from), size_t(to.bytes()));
    return Py_NewRef(self);
  } catch (...) {
    return set_python_error();
  }
}

PyObject* storage_clone(PyObject* self, PyObject*) {
  try {
    const StorageImpl& s = impl_of(self);
    const Storage copy = StorageImpl::allocate(s.bytes(), s.device());
    if (s.bytes() && s.device().type == DeviceType::CPU)
      std::memcpy(copy->data(), s.data(), size_t(s.bytes()));
    else if (s.bytes() && s.device().type == DeviceType::CUDA)
      cuda_backend().copy(copy->data(), s.data(), s.bytes(), s.device().index);
    return wrap_storage(copy);
  } catch (...) {
    return set_python_error();
  }
}

// Reverses the bytes of each group of `itemsize`.
PyObject* storage_byteswap(PyObject* self, PyObject* itemsize) {
  try {
    const int64_t width = int_argument({"_byteswap", {}, 0, 0}, "itemsize", itemsize, 0);
    StorageImpl& s = impl_of(self);
    check(width > 0 && s.bytes() % width == 0, "_byteswap: a storage of ", s.bytes(),
          " bytes is no sequence of items of ", width);
    uint8_t* const bytes = writable_bytes(s);
    for (int64_t i = 0; i < s.bytes(); i += width) std::reverse(bytes + i, bytes + i + width);
    Py_RETURN_NONE;
  } catch (...) {
    return set_python_error();
  }
}

// Bytes-like read-only view for writing storages to files without a copy.
int storage_getbuffer(PyObject* self, Py_buffer* view, int flags) {
  StorageImpl& s = impl_of(self);
  if (s.device().type != DeviceType::CPU) {
    PyErr_Format(PyExc_BufferError, "memory on %s has no buffer", device_type_name(s.device().type));
    return -1;
  }
  const int failed = PyBuffer_FillInfo(view, self, s.data(), s.bytes(), /*readonly=*/1, flags);
  if (!failed) s.pin();
  return failed;
}

void storage_releasebuffer(PyObject* self, Py_buffer*) { impl_of(self).unpin(); }

// Reads exactly the storage's size from a file object's readinto; used by torch.load.
PyObject* storage_read_into(PyObject* self, PyObject* readinto) {
  try {
    StorageImpl& s = impl_of(self);
    uint8_t* const bytes = writable_bytes(s);
    const Owned view = owned(PyMemoryView_FromMemory(reinterpret_cast<char*>(bytes), s.bytes(), PyBUF_WRITE));
    PyObject* const result = call_python<PyObject_CallOneArg>(readinto, view.get());
    // whoever kept the view must not reach the memory later
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    Owned released(call_python<PyObject_CallMethod>(view.get(), "release", nullptr));
    if (type)
      PyErr_Restore(type, value, trace);
    else if (!released) {
      Py_XDECREF(result);
      return nullptr;
    }
    return result;
  } catch (...) {
    return set_python_error();
  }
}

// ---- memory of others ----

constexpr const char* kFromBufferParams[] = {"buffer", "byte_order", "dtype", "count", "offset"};
constexpr Signature kFromBuffer = {"from_buffer", kFromBufferParams, 1, 1};

// A copy of a buffer's bytes, each item reversed where the byte order is the other one.
PyObject* storage_from_buffer(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    PyObject* slots[5];
    bind_arguments(kFromBuffer, args, nargs, kwnames, slots);
    const std::optional<DType> dtype = dtype_argument(kFromBuffer, slots[2]);
    check(dtype.has_value(), "argument 'dtype' cannot be None");
    bool swap = false;
    if (item_size(*dtype) > 1) {
      if (!slots[1] || !PyUnicode_Check(slots[1]))
        raise_python(
            PyExc_TypeError,
            "from_buffer(): argument 'byte_order' must be 'native', 'little' or 'big' for this dtype");
      const bool big = PyUnicode_CompareWithASCIIString(slots[1], "big") == 0;
      check_value(big || PyUnicode_CompareWithASCIIString(slots[1], "little") == 0 ||
                      PyUnicode_CompareWithASCIIString(slots[1], "native") == 0,
                  "from_buffer(): argument 'byte_order' must be 'native', 'little' or 'big'");
      swap = big;
    }
    int64_t count = int_argument(kFromBuffer, "count", slots[3], -1);
    const int64_t offset = int_argument(kFromBuffer, "offset", slots[4], 0), width = item_size(*dtype);
    Py_buffer view;
    if (PyObject_GetBuffer(slots[0], &view, PyBUF_SIMPLE) != 0) throw PythonError{};
    const Storage source = storage_of_buffer(view);
    check_value(offset >= 0 && offset <= view.len,
                "offset must be non-negative and no greater than buffer length (", int64_t(view.len),
                "), but got ", offset);
    const int64_t rest = view.len - offset;
    if (count < 0) {
      check_value(rest % width == 0, "buffer size (", int64_t(view.len),
                  ") must be a multiple of element size (", width, ")");
      count = rest / width;
    }
    check_value(count <= rest / width, "buffer has only ", rest / width, " elements after offset ", offset,
                ", but specified a size of ", count);
    const Storage copy = StorageImpl::allocate(count * width, Device{});
    if (count) std::memcpy(copy->data(), static_cast<char*>(source->data()) + offset, size_t(count * width));
    auto* const bytes = static_cast<uint8_t*>(copy->data());
    for (int64_t i = 0; swap && i < count; ++i) {
      const int64_t unit = torch::is_complex(*dtype) ? width / 2 : width;
      for (int64_t at = i * width; at < (i + 1) * width; at += unit)
        std::reverse(bytes + at, bytes + at + unit);
    }
    return wrap_storage(copy);
  } catch (...) {
    return set_python_error();
  }
}

struct FileDescriptor {
  int fd = -1;
  ~FileDescriptor() {
    if (fd >= 0) close(fd);
  }
};

struct Mapping {
  void* address;
  size_t bytes;
};

void unmap(void* context) {
  const std::unique_ptr<Mapping> mapping(static_cast<Mapping*>(context));
  munmap(mapping->address, mapping->bytes);
}

constexpr const char* kFromFileParams[] = {"filename", "shared", "nbytes"};
constexpr Signature kFromFile = {"from_file", kFromFileParams, 3, 1};

// Maps a file. shared: writes go to the file, which is made or enlarged to nbytes where needed. Otherwise
// writes stay in memory, and the file must be there.
PyObject* storage_from_file(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    PyObject* slots[3];
    bind_arguments(kFromFile, args, nargs, kwnames, slots);
    PyObject* encoded = nullptr;
    if (!PyUnicode_FSConverter(slots[0], &encoded)) throw PythonError{};
    const Owned path(encoded);
    const char* const name = PyBytes_AS_STRING(encoded);
    const bool shared = bool_argument(kFromFile, "shared", slots[1], false);
    int64_t bytes = int_argument(kFromFile, "nbytes", slots[2], 0);
    check(bytes >= 0, "from_file(): nbytes must not be negative, got ", bytes);

    FileDescriptor file;
    file.fd = open(name, (shared ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0600);
    check(file.fd >= 0, "unable to open file <", name, "> in ", shared ? "read-write" : "read-only",
          " mode: ", std::strerror(errno), " (", errno, ")");
    struct stat info;
    check(fstat(file.fd, &info) == 0, "unable to stat the file <", name, ">: ", std::strerror(errno), " (",
          errno, ")");
    check(S_ISREG(info.st_mode), "from_file(): <", name, "> is not a regular file");
    if (bytes == 0 && !slots[2]) bytes = info.st_size;
    if (bytes > info.st_size) {
      check(shared, "file <", name, "> size <", int64_t(info.st_size),
            "> is smaller than the required mapping size <", bytes, ">");
      check(ftruncate(file.fd, bytes) == 0, "unable to resize file <", name,
            "> to the right size: ", std::strerror(errno), " (", errno, ")");
    }
    if (bytes == 0) return wrap_storage(StorageImpl::allocate(0, Device{}));
    void* const address =
        mmap(nullptr, size_t(bytes), PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE, file.fd, 0);
    check(address != MAP_FAILED, "unable to mmap ", bytes, " bytes from file <", name,
          ">: ", std::strerror(errno), " (", errno, ")");
    auto mapping = std::make_unique<Mapping>(Mapping{address, size_t(bytes)});
    const Storage s = StorageImpl::wrap(address, bytes, Device{}, unmap, mapping.get());
    mapping.release();
    return wrap_storage(s);
  } catch (...) {
    return set_python_error();
  }
}

PyObject* register_class(PyObject*, PyObject* type) {
  if (!PyType_Check(type) || !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(type), &base_type)) {
    PyErr_SetString(PyExc_TypeError, "_register_storage_class: expected a subclass of StorageBase");
    return nullptr;
  }
  user_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(type));
  Py_RETURN_NONE;
}

PyObject* storage_device(PyObject* self, void*) { return wrap(impl_of(self).device()); }
// Identifies the memory block: equal for two storages exactly if they are the same one.
PyObject* storage_cdata(PyObject* self, void*) { return PyLong_FromVoidPtr(&impl_of(self)); }

// ---- tensors over storages ----

// _tensor_from_storage(storage, dtype, storage_offset, size, stride)
PyObject* tensor_from_storage(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  static constexpr Signature kSignature = {"_tensor_from_storage", {}, 5, 5};
  try {
    if (nargs != 5 || !is_storage(args[0]))
      raise_python(PyExc_TypeError,
                   "_tensor_from_storage(): expected (UntypedStorage, dtype, storage_offset, size, stride)");
    const std::optional<DType> dtype = dtype_argument(kSignature, args[1]);
    check_type(dtype.has_value(), "_tensor_from_storage(): dtype must not be None");
    const int64_t offset = int_argument(kSignature, "storage_offset", args[2], 0);
    const DimVec sizes = sizes_argument(kSignature, "size", args[3]),
                 strides = sizes_argument(kSignature, "stride", args[4]);
    check_geometry(storage_of(args[0]), *dtype, sizes, strides, offset);
    return wrap(from_storage(storage_of(args[0]), *dtype, sizes, strides, offset));
  } catch (...) {
    return set_python_error();
  }
}

PyObject* tensor_untyped_storage(PyObject* self, PyObject*) {
  try {
    check_strided("untyped_storage", unwrap(self));
    return wrap_storage(unwrap(self).storage());
  } catch (...) {
    return set_python_error();
  }
}

constexpr const char* kSetParams[] = {"source", "storage_offset", "size", "stride"};
constexpr Signature kSet = {"set_", kSetParams, 4, 0};

// A storage that is too small for the geometry asked for grows, if it may.
void grow_to_fit(const Storage& s, DType dtype, IntSpan sizes, IntSpan strides, int64_t offset) {
  if (sizes.size() != strides.size() || offset < 0 ||
      std::ranges::any_of(sizes, [](int64_t n) { return n < 0; }) ||
      std::ranges::any_of(strides, [](int64_t n) { return n < 0; }))
    return; // check_geometry says so
  const int64_t bytes = span_bytes(sizes, strides, item_size(dtype));
  int64_t start = 0, needed = 0;
  check(!__builtin_mul_overflow(offset, item_size(dtype), &start) &&
            !__builtin_add_overflow(start, bytes, &needed),
        "Storage size calculation overflowed with sizes=", sizes, " and strides=", strides, " at offset ",
        offset);
  if (bytes > 0 && needed > s->bytes()) s->resize(needed);
}

PyObject* tensor_set(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  try {
    PyObject* slots[4];
    bind_arguments(kSet, args, nargs, kwnames, slots);
    const Tensor& t = unwrap(self);
    check_strided("set_", t);
    autograd::check_inplace(t, autograd::should_record(t), "set_");
    Storage storage;
    DimVec sizes, strides;
    int64_t offset = int_argument(kSet, "storage_offset", slots[1], 0);
    if (!slots[0]) {
      storage = StorageImpl::allocate(0, t.device());
      sizes = {0}, strides = {1};
    } else if (is_tensor(slots[0])) {
      const Tensor& source = unwrap(slots[0]);
      check_strided("set_", source);
      check(source.dtype() == t.dtype(), "Could not set tensor of type ", source.dtype(),
            " to a tensor of type ", t.dtype());
      storage = source.storage();
      sizes = source.sizes(), strides = source.strides();
      if (!slots[1]) offset = source.offset();
    } else {
      const Owned typed = is_storage(slots[0]) ? Owned() : untyped_storage_of(slots[0]);
      if (typed) {
        const Owned dtype = owned(PyObject_GetAttrString(slots[0], "dtype"));
        check(dtype_argument(kSet, dtype.get()) == t.dtype(), "Expected a Storage of type ", t.dtype(),
              " or an UntypedStorage for argument 1 'storage'");
      } else if (!is_storage(slots[0])) {
        raise_python(PyExc_TypeError, "set_(): argument 'source' must be a tensor or a storage, not %s",
                     Py_TYPE(slots[0])->tp_name);
      }
      storage = storage_of(typed ? typed.get() : slots[0]);
      sizes = {std::max<int64_t>(0, storage->bytes() / t.itemsize() - offset)}, strides = {1};
    }
    if (slots[2]) {
      sizes = sizes_argument(kSet, "size", slots[2]);
      strides = slots[3] ? sizes_argument(kSet, "stride", slots[3]) : contiguous_strides(sizes);
    }
    check(storage->device().type == t.device().type, "set_(): the storage is on ", storage->device(),
          " but the tensor on ", t.device());
    grow_to_fit(storage, t.dtype(), sizes, strides, offset);
    check_geometry(storage, t.dtype(), sizes, strides, offset);
    TensorImpl& impl = *t.impl();
    impl.storage = std::move(storage);
    impl.offset = offset;
    impl.set_geometry(sizes, strides);
    autograd::write_log.note(impl, "set_");
    impl.version.bump();
    return Py_NewRef(self);
  } catch (...) {
    return set_python_error();
  }
}

template <class F> PyCFunction as_method(F f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

PyMethodDef methods[] = {
    {"nbytes", storage_nbytes, METH_NOARGS, "nbytes() -> int\n\nSize in bytes."},
    {"size", storage_nbytes, METH_NOARGS, "size() -> int\n\nSize in bytes."},
    {"element_size", storage_element_size, METH_NOARGS, "element_size() -> int\n\nAlways 1."},
    {"data_ptr", storage_data_ptr, METH_NOARGS, "data_ptr() -> int\n\nAddress of the first byte."},
    {"resizable", storage_resizable, METH_NOARGS,
     "resizable() -> bool\n\nWhether resize_ may move the memory: it belongs to the storage, and no array of "
     "another library "
     "views it."},
    {"_writable", storage_writable, METH_NOARGS, "Whether the memory may be written."},
    {"resize_", storage_resize, METH_O,
     "resize_(size) -> self\n\nChanges the number of bytes, keeping the contents."},
    {"fill_", storage_fill, METH_O, "fill_(value) -> self\n\nSets every byte."},
    {"copy_", as_method(storage_copy), METH_FASTCALL | METH_KEYWORDS,
     "copy_(source, non_blocking=False) -> self\n\nCopies the bytes of a storage of the same size."},
    {"clone", storage_clone, METH_NOARGS, "clone() -> UntypedStorage\n\nCopy with its own memory."},
    {"tolist", storage_tolist, METH_NOARGS, "tolist() -> list\n\nThe bytes as integers."},
    {"_byteswap", storage_byteswap, METH_O,
     "_byteswap(itemsize)\n\nReverses the bytes of each item in place."},
    {"_read_into", storage_read_into, METH_O,
     "_read_into(readinto)\n\nCalls readinto with a writable view of the bytes."},
    {"from_buffer", as_method(storage_from_buffer), METH_FASTCALL | METH_KEYWORDS | METH_STATIC,
     "from_buffer(buffer, *, byte_order, dtype, count=-1, offset=0) -> UntypedStorage\n\nCopy of a buffer's "
     "bytes, from byte "
     "`offset` on."},
    {"from_file", as_method(storage_from_file), METH_FASTCALL | METH_KEYWORDS | METH_STATIC,
     "from_file(filename, shared=False, nbytes=0) -> UntypedStorage\n\nMaps a file into memory. shared=True "
     "writes changes "
     "back, and makes or enlarges the file where needed."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef properties[] = {{"device", storage_device, nullptr, "torch.device of the memory.", nullptr},
                            {"_cdata", storage_cdata, nullptr, "Identity of the memory block.", nullptr},
                            {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMappingMethods mapping = {storage_length, storage_getitem, storage_setitem};
PyBufferProcs buffer_procs = {storage_getbuffer, storage_releasebuffer};

PyMethodDef functions[] = {{"_register_storage_class", register_class, METH_O,
                            "Sets the class of the objects that storages are wrapped in."},
                           {"_tensor_from_storage", as_method(tensor_from_storage), METH_FASTCALL,
                            "_tensor_from_storage(storage, dtype, storage_offset, size, stride) -> "
                            "Tensor\n\nTensor over a part of a storage, which must "
                            "contain it."},
                           {nullptr, nullptr, 0, nullptr}};

} // namespace

bool is_storage(PyObject* o) { return PyObject_TypeCheck(o, &base_type); }

const Storage& storage_of(PyObject* o) { return reinterpret_cast<StorageObject*>(o)->storage; }

Owned untyped_storage_of(PyObject* o) {
  PyObject* const inner = PyObject_GetAttrString(o, "_untyped_storage");
  if (inner && is_storage(inner)) return Owned(inner);
  PyErr_Clear();
  Py_XDECREF(inner);
  return Owned();
}

PyObject* wrap_storage(const Storage& s) {
  if (s->pyobj()) return Py_NewRef(static_cast<PyObject*>(s->pyobj()));
  if (!user_type) { // its class lives in Python and registers itself there
    const Owned module = owned(PyImport_ImportModule("torch.storage"));
    if (!user_type) raise_python(PyExc_ImportError, "torch.storage is still being imported");
  }
  return make_object(user_type, s);
}

Storage slice_storage(const Storage& s, int64_t begin, int64_t end) {
  auto parent = std::make_unique<PinnedStorage>(s);
  char* const data = s->data() ? static_cast<char*>(s->data()) + begin : nullptr;
  Storage slice =
      StorageImpl::wrap(data, end - begin, s->device(), delete_pinned_storage, parent.get(), s->writable());
  parent.release();
  return slice;
}

void delete_pinned_storage(void* p) {
  const std::unique_ptr<PinnedStorage> last(static_cast<PinnedStorage*>(p));
}

Tensor tensor_over_storage(const Storage& s, DType dtype) {
  const int64_t n = s->bytes() / item_size(dtype);
  return from_storage(s, dtype, DimVec{n}, DimVec{1}, 0);
}

void check_geometry(const Storage& s, DType dtype, IntSpan sizes, IntSpan strides, int64_t offset) {
  check(sizes.size() == strides.size(), "unequal size length (", sizes.size(), ") and stride length (",
        strides.size(), ")");
  check(sizes.size() <= 64, "a tensor of ", sizes.size(), " dimensions is not supported (64 at most)");
  check(offset >= 0, "Tensor: invalid storage offset ", offset);
  for (size_t i = 0; i < sizes.size(); ++i) {
    check(sizes[i] >= 0, "Trying to create tensor with negative dimension ", sizes[i], ": ", sizes);
    check(strides[i] >= 0, "Trying to create tensor with negative stride ", strides[i], ": ", strides);
  }
  numel_of(sizes); // overflow
  const int64_t bytes = span_bytes(sizes, strides, item_size(dtype));
  int64_t start = 0, needed = 0;
  const bool overflow = __builtin_mul_overflow(offset, item_size(dtype), &start) ||
                        __builtin_add_overflow(start, bytes, &needed);
  check(!overflow && (bytes == 0 || needed <= s->bytes()), "setStorage: sizes ", sizes, ", strides ", strides,
        ", storage offset ", offset, ", and itemsize ", item_size(dtype), " requiring a storage size of ",
        overflow ? std::numeric_limits<int64_t>::max() : needed, " are out of bounds for storage of size ",
        s->bytes());
}

PyMethodDef storage_tensor_methods[] = {
    {"untyped_storage", method_no_args<"untyped_storage", tensor_untyped_storage>, METH_NOARGS,
     "untyped_storage() -> UntypedStorage\n\nThe memory under the tensor."},
    {"set_", as_method(method_with_args<"set_", tensor_set>), METH_FASTCALL | METH_KEYWORDS,
     doc::method_set_},
    {nullptr, nullptr, 0, nullptr}};

bool init_storage(PyObject* module) {
  base_type.tp_name = "torch._C.StorageBase";
  base_type.tp_basicsize = sizeof(StorageObject);
  base_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;
  base_type.tp_new = storage_new;
  base_type.tp_dealloc = storage_dealloc;
  base_type.tp_traverse = storage_traverse;
  base_type.tp_clear = storage_clear;
  base_type.tp_dictoffset = offsetof(StorageObject, dict);
  base_type.tp_weaklistoffset = offsetof(StorageObject, weakrefs);
  base_type.tp_methods = methods;
  base_type.tp_getset = properties;
  base_type.tp_as_mapping = &mapping;
  base_type.tp_as_buffer = &buffer_procs;
  base_type.tp_doc = "A block of memory on a device, counted in bytes.";
  return PyType_Ready(&base_type) == 0 && PyModule_AddFunctions(module, functions) == 0 &&
         PyModule_AddFunctions(module, sharing_functions) == 0 &&
         PyModule_AddObjectRef(module, "StorageBase", reinterpret_cast<PyObject*>(&base_type)) == 0;
}

} // namespace torch::python
