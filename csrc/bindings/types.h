// Small Python types: torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size,
// torch.Generator.
#pragma once

#include "bindings/python.h"

#include "core/device.h"
#include "core/dims.h"
#include "core/dtype.h"
#include "core/generator.h"

#include <optional>

namespace torch::python {

extern PyTypeObject dtype_type, device_type, layout_type, memory_format_type, generator_type;
extern PyTypeObject size_type; // subclass of tuple

PyObject* wrap(DType t); // the one object of a dtype, new reference
PyObject* wrap(Device d);
PyObject* wrap(MemoryFormat f);
PyObject* wrap(Layout l);
PyObject* wrap(const Ref<Generator>& g);
PyObject* wrap_size(IntSpan sizes); // torch.Size

// A torch.dtype, one of Python's float, int, bool and complex, or NumPy's dtype or scalar type; false: none
// of these.
bool parse_dtype(PyObject* o, DType& t);
bool parse_device(PyObject* o, Device& d); // torch.device, str or int; throws Error for a bad string
// The device of new tensors where none is asked for, of this thread; unset: the CPU. Set by
// torch.set_default_device and by a torch.device as a context manager.
extern thread_local std::optional<Device> default_device;
bool parse_layout(PyObject* o, Layout& l);
bool parse_memory_format(PyObject* o, MemoryFormat& f);
Generator* unwrap_generator(PyObject* o); // nullptr if it is not one

void init_types(PyObject* module);
void init_size_type(PyObject* module);

} // namespace torch::python
