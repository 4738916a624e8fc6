// Storages in memory that other processes map, and what a process asks of the system about itself. The
// methods of UntypedStorage in torch/storage.py are made of these functions.
#include "bindings/storage.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>

namespace torch::python {

namespace {

const Storage& storage_argument(const char* function, PyObject* o) {
  if (!is_storage(o))
    raise_python(PyExc_TypeError, "%s(): expected an UntypedStorage, not %s", function, Py_TYPE(o)->tp_name);
  return storage_of(o);
}

int int_of(PyObject* number) {
  const long value = PyLong_AsLong(number);
  if (value == -1 && PyErr_Occurred()) throw PythonError{};
  check_value(value >= 0 && value <= INT_MAX, "expected a small number, not ", int64_t(value));
  return static_cast<int>(value);
}

PyObject* is_shared(PyObject*, PyObject* storage) {
  return guarded(
      [&] { return PyBool_FromLong(storage_argument("_storage_is_shared", storage)->shared() != nullptr); });
}

// _storage_share(storage, path=None): moves it to nameless memory, or to a new file.
PyObject* share(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    PyObject *storage = nullptr, *encoded = nullptr;
    if (!PyArg_ParseTuple(args, "O|O&:_storage_share", &storage, PyUnicode_FSConverter, &encoded))
      return nullptr;
    const Owned path(encoded);
    StorageImpl& s = *storage_argument("_storage_share", storage);
    if (s.shared()) Py_RETURN_NONE;
    s.check_may_move();
    s.move_to(path ? SharedMemory::in_new_file(PyBytes_AS_STRING(path.get()), s.data(), s.bytes())
                   : SharedMemory::nameless(s.data(), s.bytes()));
    Py_RETURN_NONE;
  });
}

// _storage_new_shared(nbytes, path=None) -> UntypedStorage of zeros
PyObject* new_shared(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    long long bytes = 0;
    PyObject* encoded = nullptr;
    if (!PyArg_ParseTuple(args, "L|O&:_storage_new_shared", &bytes, PyUnicode_FSConverter, &encoded))
      return nullptr;
    const Owned path(encoded);
    check(bytes >= 0, "_new_shared(): size must not be negative, got ", int64_t(bytes));
    return wrap_storage(
        StorageImpl::over(path ? SharedMemory::in_new_file(PyBytes_AS_STRING(path.get()), nullptr, bytes)
                               : SharedMemory::nameless(nullptr, bytes),
                          bytes));
  });
}

// _storage_shared_handle(storage) -> int (a descriptor, the storage's own), str (a path) or None
PyObject* shared_handle(PyObject*, PyObject* storage) {
  return guarded([&]() -> PyObject* {
    const SharedMemory* const memory = storage_argument("_storage_shared_handle", storage)->shared();
    if (memory && memory->fd() >= 0) return PyLong_FromLong(memory->fd());
    if (memory && !memory->path().empty()) return PyUnicode_DecodeFSDefault(memory->path().c_str());
    Py_RETURN_NONE;
  });
}

// _storage_map_shared(fd or path, nbytes, keep_descriptor=True) -> UntypedStorage; the descriptor stays the
// caller's
PyObject* map_shared(PyObject*, PyObject* args) {
  return guarded([&]() -> PyObject* {
    PyObject* handle = nullptr;
    long long bytes = 0;
    int keep = 1;
    if (!PyArg_ParseTuple(args, "OL|p:_storage_map_shared", &handle, &bytes, &keep)) return nullptr;
    if (!PyLong_Check(handle)) {
      PyObject* encoded = nullptr;
      if (!PyUnicode_FSConverter(handle, &encoded)) return nullptr;
      const Owned path(encoded);
      return wrap_storage(
          StorageImpl::over(SharedMemory::map_file(PyBytes_AS_STRING(encoded), bytes), bytes));
    }
    const int fd = int_of(handle);
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    check(copy >= 0, "unable to duplicate the file descriptor ", fd,
          " of shared memory: ", std::strerror(errno), " (", errno, ")");
    return wrap_storage(StorageImpl::over(SharedMemory::map_descriptor(copy, bytes, keep != 0), bytes));
  });
}

// An object that tells whether a storage is still there, without keeping it.
using Life = std::weak_ptr<const void>;
constexpr const char* kLifeName = "torch storage life";

void delete_life(PyObject* capsule) {
  const std::unique_ptr<Life> last(static_cast<Life*>(PyCapsule_GetPointer(capsule, kLifeName)));
}
PyObject* storage_life(PyObject*, PyObject* storage) {
  return guarded([&] {
    auto life = std::make_unique<Life>(storage_argument("_storage_life", storage)->life());
    PyObject* const capsule = PyCapsule_New(life.get(), kLifeName, delete_life);
    if (capsule) life.release();
    return capsule;
  });
}
PyObject* life_has_ended(PyObject*, PyObject* capsule) {
  const auto* const life = static_cast<Life*>(PyCapsule_GetPointer(capsule, kLifeName));
  return life ? PyBool_FromLong(life->expired()) : nullptr;
}

// ---- this process ----

PyObject* die_with_parent(PyObject*, PyObject* number) {
  return guarded([&]() -> PyObject* {
    const int signal = int_of(number);
    check(prctl(PR_SET_PDEATHSIG, signal) == 0, "prctl(PR_SET_PDEATHSIG, ", signal,
          "): ", std::strerror(errno));
    Py_RETURN_NONE;
  });
}
PyObject* set_thread_name(PyObject*, PyObject* name) {
  return guarded([&]() -> PyObject* {
    const char* const text = PyUnicode_AsUTF8(name);
    if (!text) return nullptr;
    check(prctl(PR_SET_NAME, std::string(text).substr(0, 15).c_str()) == 0, "unable to name the thread");
    Py_RETURN_NONE;
  });
}
PyObject* get_thread_name(PyObject*, PyObject*) {
  char name[16] = {};
  prctl(PR_GET_NAME, name);
  return PyUnicode_DecodeUTF8(name, static_cast<Py_ssize_t>(std::strlen(name)), "replace");
}

} // namespace

PyMethodDef sharing_functions[] = {
    {"_storage_is_shared", is_shared, METH_O, "Whether other processes may have the memory of a storage."},
    {"_storage_share", share, METH_VARARGS,
     "Moves a storage to shared memory, in a new file where a path is given."},
    {"_storage_new_shared", new_shared, METH_VARARGS, "New storage of zeros in shared memory."},
    {"_storage_shared_handle", shared_handle, METH_O,
     "By what others reach the memory of a storage: a file descriptor, a path, or None."},
    {"_storage_map_shared", map_shared, METH_VARARGS,
     "Storage over the shared memory of a file descriptor or path."},
    {"_storage_life", storage_life, METH_O, "What tells whether a storage is there, without keeping it."},
    {"_storage_life_ended", life_has_ended, METH_O, "Whether the storage of a life is gone."},
    {"_prctl_pr_set_pdeathsig", die_with_parent, METH_O,
     "_prctl_pr_set_pdeathsig(signal)\n\nHas this process get the signal when the thread that made it ends."},
    {"_set_thread_name", set_thread_name, METH_O, "Names the thread, by 15 characters at most."},
    {"_get_thread_name", get_thread_name, METH_NOARGS, "The name of the thread."},
    {nullptr, nullptr, 0, nullptr}};

} // namespace torch::python
