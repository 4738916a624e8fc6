// Boxed values: any argument or result of an op.
#pragma once

#include "ops/types.h"

#include <string>
#include <variant>

namespace torch {

using Value = std::variant<std::monostate, Tensor, std::vector<Tensor>, Scalar, int64_t, double, bool, DimVec,
                           DType, Device, MemoryFormat, std::string, Ref<Generator>, std::array<bool, 3>>;
using Values = std::vector<Value>;

} // namespace torch
