// The types that kernels compute in, how elements are stored, and what both are called in the names of
// kernels: OP_COMPUTED_STORED, as in "Add_f32_f16"; stored as "any" where a kernel takes every dtype.
#pragma once

#include "kernels/compute_types.h"

#include <string>
#include <string_view>

namespace torch::cuda {

constexpr int kStored = 15; // dtypes up to Complex128

const char* type_name(DType t);                    // "f16"
std::string_view type_code(std::string_view name); // "Half", what sources call it

// Kernels that one header defines by one macro: what compiling a kernel at run time has to know.
struct Family {
  const char* header;  // device/HEADER.h
  const char* macro;   // TORCH_MACRO(name, op, computed, stored)
  bool of_any = false; // the macro takes no `stored`: elements are of any dtype
};
// The source that defines the kernel of this name.
std::string source_of(const Family& family, std::string_view name);

// An integer type of the same width (or complex128), for what moves elements without looking at them.
DType moved_as(DType t);

// Raises what the CPU raises for dtypes that hold no plain numbers.
void refuse_unusual(const char* op, DType t);

} // namespace torch::cuda
