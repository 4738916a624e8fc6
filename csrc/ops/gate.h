// The one interposition point. Every op first asks gate::active: if an interpreter is on this thread's stack
// (a mode, autocast, vmap, capture ...) or an operand is of an interposing subclass, the boxed call goes to
// the interpreter on top, which handles or rewrites it and may call again, one level down. Otherwise the op
// goes its straight path. Below all interpreters, an operand of a sparse layout sends the call to what the
// op's entry says for such operands, or to an error.
#pragma once

#include "core/sparse.h"
#include "ops/registry.h"

#include <memory>

namespace torch::gate {

class Interpreter {
public:
  virtual ~Interpreter();
  // Handles one call; runs with this interpreter and those above it off the stack.
  virtual Values call(const OpDef& op, Values args) = 0;
};

// Stack of the calling thread.
void push(std::shared_ptr<Interpreter> interpreter);
std::shared_ptr<Interpreter> pop();
// Takes an interpreter off wherever it stands; none if it is not there.
void remove(const Interpreter* interpreter);
size_t depth();
const std::shared_ptr<Interpreter>& at(size_t i); // 0 is the bottom
// The interpreter that takes calls in which an operand has kInterposed set and no mode is left (set once by
// bindings).
void set_subclass_interpreter(std::shared_ptr<Interpreter> interpreter);

// Runs code below an interpreter: the stack is cut to `depth` levels for a scope.
class LevelGuard {
public:
  LevelGuard(size_t level, bool subclasses_too);
  ~LevelGuard();
  LevelGuard(const LevelGuard&) = delete;
  LevelGuard& operator=(const LevelGuard&) = delete;

private:
  uint16_t previous_;
  bool previous_subclass_;
};

inline uint32_t flags_of(const Tensor& t) { return t.defined() ? t.impl()->flags : 0u; }
inline uint32_t flags_of(TensorList ts) {
  uint32_t flags = 0;
  for (const Tensor& t : ts) flags |= flags_of(t);
  return flags;
}
template <class... Tensors> bool active(const Tensors&... ts) {
  return thread_state.interpreter_depth != 0 || ((flags_of(ts) | ... | 0u) & (kInterposed | kSparse)) != 0;
}
// For ops whose straight path takes sparse operands.
template <class... Tensors> bool interposed(const Tensors&... ts) {
  return thread_state.interpreter_depth != 0 || ((flags_of(ts) | ... | 0u) & kInterposed) != 0;
}

// Hands a boxed call to the top interpreter.
Values dispatch(OpId op, Values args);

// ---- boxing ----
inline Value box(const Tensor& t) { return t.defined() ? Value(t) : Value(); }
inline Value box(TensorList ts) { return std::vector<Tensor>(ts.begin(), ts.end()); }
inline Value box(const Scalar& s) {
  if (s.is_bool()) return s.to<bool>();
  if (s.is_integral() && !s.is_beyond_int64()) return s.to<int64_t>();
  if (s.is_floating()) return s.to<double>();
  return s;
}
inline Value box(int64_t v) { return v; }
inline Value box(double v) { return v; }
inline Value box(bool v) { return v; }
inline Value box(DType v) { return v; }
inline Value box(Device v) { return v; }
inline Value box(MemoryFormat v) { return v; }
inline Value box(Ints v) { return DimVec(v.span()); }
inline Value box(OptInts v) { return v ? Value(DimVec(v.span())) : Value(); }
inline Value box(const std::array<bool, 3>& v) { return v; }
inline Value box(Generator* g) { return g ? Value(Ref<Generator>(g)) : Value(); }
inline Value box(std::string_view s) { return std::string(s); }
template <class T> Value box(const std::optional<T>& v) { return v ? box(*v) : Value(); }

// ---- unboxing results ----
template <class R> struct Unbox {
  static R get(Values& v) { return std::get<R>(std::move(v.at(0))); }
};
template <> struct Unbox<Tensor> {
  static Tensor at(Values& v, size_t i) {
    if (std::holds_alternative<std::monostate>(v.at(i))) return {};
    return std::get<Tensor>(std::move(v[i]));
  }
  static Tensor get(Values& v) { return at(v, 0); }
};
template <class... Ts> struct Unbox<std::tuple<Ts...>> {
  template <size_t... I> static std::tuple<Ts...> get(Values& v, std::index_sequence<I...>) {
    return {Unbox<Ts>::at(v, I)...};
  }
  static std::tuple<Ts...> get(Values& v) { return get(v, std::index_sequence_for<Ts...>()); }
};

template <class... Args> Values boxed_args(const Args&... args) {
  Values values;
  values.reserve(sizeof...(args));
  (values.push_back(box(args)), ...);
  return values;
}
template <class R, class... Args> R call(OpId op, const Args&... args) {
  Values results = dispatch(op, boxed_args(args...));
  return Unbox<R>::get(results);
}
template <class... Args> void call_void(OpId op, const Args&... args) { dispatch(op, boxed_args(args...)); }

} // namespace torch::gate
