// The table of all ops: what the interpreters, torch.ops and the tests see.
#pragma once

#include "ops/op_ids.h"
#include "ops/value.h"

namespace torch {

// Kinds of argument as the Python parser tells them apart.
enum class ArgKind : uint8_t {
  Tensor,
  OptTensor,
  TensorOrNumber,
  TensorList,
  OptTensorList,
  OptTensorTuple,
  Number,
  OptNumber,
  Int,
  OptInt,
  Float,
  OptFloat,
  Bool,
  OptBool,
  IntList,
  OptIntList,
  BoolList,
  DType,
  OptDType,
  OptDevice,
  OptLayout,
  MemoryFormat,
  OptMemoryFormat,
  OptGenerator,
  Str,
  OptStr,
};

struct OpParam {
  const char* name = "";
  ArgKind kind = ArgKind::Tensor;
  int size = 0; // int[N]
  bool has_default = false;
  bool keyword_only = false;
  const char* default_text = ""; // as the schema writes it
};

struct OpDef {
  OpId id;
  const char* name;     // "add"
  const char* overload; // "Tensor"
  const char* schema;
  const char* family;
  const char* cast; // what autocast does with operands: "lower", "float32", "promote" or ""
  std::span<const OpParam> params;
  int n_out; // out= tensors, boxed after the params
  bool differentiable;
  bool composite;
  bool inplace;
  void (*boxed)(std::span<const Value> args, Values& results);
  bool takes_sparse; // the straight path takes operands of sparse layouts
  // The op for operands of which some are of a sparse layout; nullptr: it has none.
  void (*sparse)(std::span<const Value> args, Values& results);
};

extern const OpDef op_table[]; // in the order of OpId
constexpr size_t kOpCount = static_cast<size_t>(OpId::kCount);
inline const OpDef& op_def(OpId id) { return op_table[static_cast<size_t>(id)]; }
// nullptr when there is none. Overload "" or "default" is the op without overload name.
const OpDef* find_op(std::string_view name, std::string_view overload);

} // namespace torch
