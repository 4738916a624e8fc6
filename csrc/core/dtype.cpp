#include "core/dtype.h"

#include <algorithm>
#include <atomic>

namespace torch {

namespace {
constexpr const char* kNames[kNumDTypes] = {"bool",     "uint8",   "uint16",  "uint32",    "uint64",
                                            "int8",     "int16",   "int32",   "int64",     "float16",
                                            "bfloat16", "float32", "float64", "complex64", "complex128"};
constexpr const char* kAtenNames[kNumDTypes] = {
    "Bool", "Byte", "UInt16",   "UInt32", "UInt64", "Char",         "Short",        "Int",
    "Long", "Half", "BFloat16", "Float",  "Double", "ComplexFloat", "ComplexDouble"};
std::atomic<DType> g_default_dtype{DType::Float32};
} // namespace

const char* dtype_name(DType t) { return kNames[static_cast<int>(t)]; }
const char* dtype_aten_name(DType t) { return kAtenNames[static_cast<int>(t)]; }

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a > b) std::swap(a, b);
  if (a != DType::Bool && !is_signed(a) && is_integral(b) && is_signed(b)) { // the next wider signed type
    check(a != DType::UInt64,
          "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote ",
          dtype_aten_name(a), " and ", dtype_aten_name(b), ": no integer type holds the values of both");
    const DType wider = static_cast<DType>(static_cast<int>(a) + 1 + static_cast<int>(DType::Int8) -
                                           static_cast<int>(DType::UInt8));
    return std::max(wider, b);
  }
  if (a == DType::Float16 && b == DType::BFloat16) return DType::Float32;
  if (a == DType::Float64 && b == DType::Complex64) return DType::Complex128;
  return b; // the enum is ordered so that otherwise the later type holds the earlier
}

bool can_cast(DType from, DType to) {
  if (is_complex(from) && !is_complex(to)) return false;
  if (is_floating(from) && is_integral(to, true)) return false;
  return from == DType::Bool || to != DType::Bool;
}

DType default_dtype() { return g_default_dtype.load(std::memory_order_relaxed); }
void set_default_dtype(DType t) {
  check_type(is_floating(t), "only floating-point types are supported as the default type, got ", t);
  g_default_dtype.store(t, std::memory_order_relaxed);
}

void fail_dtype(const char* op, DType t) {
  fail(ErrorKind::NotImplemented,
       concat('"', op, "\" not implemented for '", dtype_aten_name(t), "' (", t, ")"));
}

} // namespace torch
