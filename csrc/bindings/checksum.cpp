// The checksum of records of a file. zlib's, which Python has, takes longer than writing a record.
#include "bindings/checksum.h"

#include "bindings/call.h"

#include <libdeflate.h>

namespace torch::python {
namespace {

PyObject* crc32(PyObject*, PyObject* data) {
  Py_buffer buffer;
  if (PyObject_GetBuffer(data, &buffer, PyBUF_C_CONTIGUOUS) < 0) return nullptr;
  uint32_t crc = 0;
  Py_BEGIN_ALLOW_THREADS;
  crc = libdeflate_crc32(0, buffer.buf, static_cast<size_t>(buffer.len));
  Py_END_ALLOW_THREADS;
  PyBuffer_Release(&buffer);
  return PyLong_FromUnsignedLong(crc);
}

PyMethodDef functions[] = {
    {"_crc32", crc32, METH_O, "The CRC-32 of the bytes of an object, as ZIP archives have it."},
    {nullptr, nullptr, 0, nullptr}};

} // namespace

void init_checksum(PyObject* module) { check_status(PyModule_AddFunctions(module, functions)); }

} // namespace torch::python
