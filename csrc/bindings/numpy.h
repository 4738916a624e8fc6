// NumPy without its C interface: arrays come in through the buffer protocol and go out as numpy.ndarray
// objects made over a buffer, so that one build serves every NumPy version and `import torch` does not import
// it.
#pragma once

#include "bindings/tensor_object.h"

#include <optional>

namespace torch::python {

// False as long as nobody has imported NumPy.
bool is_numpy_array(PyObject* o);
bool is_numpy_scalar(PyObject* o);
// dtype of a NumPy scalar or array; nullopt if there is no such torch dtype.
std::optional<DType> dtype_of_numpy(PyObject* o);
// dtype of a numpy.dtype or a scalar type such as numpy.float32; nullopt for everything else.
std::optional<DType> dtype_of_numpy_type(PyObject* o);
// Copies an array of exactly these sizes and this dtype that lies there in C order; false: it is not like
// that, and nothing has happened.
bool copy_numpy_block(PyObject* array, IntSpan sizes, DType dtype, void* out);
// Zero copy. Read-only arrays give a tensor whose storage is not writable. Throws TypeError / ValueError for
// arrays that no tensor can alias (dtype, byte order, strides).
Tensor from_numpy(PyObject* array);
// A new 0-dim tensor with the value and dtype of a NumPy scalar.
Tensor from_numpy_scalar(PyObject* scalar);
// One warning a process, the first time that writable memory is expected and the array is read-only. Throws
// PythonError where warnings are errors.
void warn_if_read_only(const Tensor& t);

// Memory of an object with the buffer protocol as a tensor's storage, which holds the buffer until it goes.
Storage storage_of_buffer(Py_buffer& view);
// Numpy array over the tensor's memory, keeping it alive. force: detach and copy to the CPU where needed.
PyObject* to_numpy(const Tensor& t, bool force);

extern PyMethodDef numpy_tensor_methods[]; // numpy, __array__
extern PyMethodDef numpy_functions[];      // from_numpy
bool init_numpy(PyObject* module);

} // namespace torch::python
