#include "ops/gate.h"

namespace torch::gate {

namespace {

struct Stack {
  std::vector<std::shared_ptr<Interpreter>> levels;
};
Stack& stack() {
  thread_local Stack s;
  return s;
}
std::shared_ptr<Interpreter>& subclass_interpreter() {
  static std::shared_ptr<Interpreter> interpreter;
  return interpreter;
}
thread_local bool subclasses_off = false;

template <class F> void for_each_tensor(const Values& args, F&& visit) {
  for (const Value& v : args) {
    if (const auto* t = std::get_if<Tensor>(&v)) visit(*t);
    if (const auto* ts = std::get_if<std::vector<Tensor>>(&v))
      for (const Tensor& t : *ts) visit(t);
  }
}

uint32_t flags_of(const Values& args) {
  uint32_t flags = 0;
  for_each_tensor(args, [&](const Tensor& t) { flags |= gate::flags_of(t); });
  return flags;
}

[[noreturn, gnu::cold]] void refuse_sparse(const OpDef& op, const Values& args) {
  Layout layout = Layout::Strided;
  for_each_tensor(args, [&](const Tensor& t) {
    if (layout == Layout::Strided && t.defined()) layout = layout_of(t);
  });
  not_implemented(op.name, ": not implemented for tensors of layout ", layout,
                  "; use to_dense() where memory allows");
}

} // namespace

Interpreter::~Interpreter() = default;

void push(std::shared_ptr<Interpreter> interpreter) {
  auto& levels = stack().levels;
  levels.resize(thread_state.interpreter_depth); // levels above a running interpreter are out of reach
  levels.push_back(std::move(interpreter));
  thread_state.interpreter_depth = static_cast<uint16_t>(levels.size());
}

std::shared_ptr<Interpreter> pop() {
  auto& levels = stack().levels;
  check(thread_state.interpreter_depth > 0, "interpreter stack: pop from an empty stack");
  auto top = levels[thread_state.interpreter_depth - 1];
  levels.resize(--thread_state.interpreter_depth);
  return top;
}

void remove(const Interpreter* interpreter) {
  auto& levels = stack().levels;
  for (size_t i = 0; i < levels.size(); ++i)
    if (levels[i].get() == interpreter) {
      levels.erase(levels.begin() + static_cast<ptrdiff_t>(i));
      if (i < thread_state.interpreter_depth) --thread_state.interpreter_depth;
      return;
    }
}

size_t depth() { return thread_state.interpreter_depth; }
const std::shared_ptr<Interpreter>& at(size_t i) { return stack().levels.at(i); }
void set_subclass_interpreter(std::shared_ptr<Interpreter> interpreter) {
  subclass_interpreter() = std::move(interpreter);
}

LevelGuard::LevelGuard(size_t level, bool subclasses_too)
    : previous_(thread_state.interpreter_depth), previous_subclass_(subclasses_off) {
  thread_state.interpreter_depth = static_cast<uint16_t>(level);
  subclasses_off = subclasses_off || subclasses_too;
}
LevelGuard::~LevelGuard() {
  thread_state.interpreter_depth = previous_;
  subclasses_off = previous_subclass_;
}

Values dispatch(OpId id, Values args) {
  const OpDef& op = op_def(id);
  const size_t level = thread_state.interpreter_depth;
  if (level > 0) {
    // A copy of the handle and of the levels above: the handler may push and pop.
    auto saved = stack().levels;
    const auto top = saved[level - 1];
    struct Restore {
      std::vector<std::shared_ptr<Interpreter>>& saved;
      ~Restore() { stack().levels = std::move(saved); }
    } restore{saved};
    const LevelGuard guard(level - 1, false);
    return top->call(op, std::move(args));
  }
  const uint32_t flags = flags_of(args);
  if (subclass_interpreter() && !subclasses_off && (flags & kInterposed)) {
    const LevelGuard guard(0, false);
    return subclass_interpreter()->call(op, std::move(args));
  }
  Values results;
  if ((flags & kSparse) && !op.takes_sparse) {
    if (!op.sparse) refuse_sparse(op, args);
    op.sparse(args, results);
    return results;
  }
  // Below all interpreters: hide the operands' flag so that the straight path is taken.
  std::vector<Tensor> flagged;
  const auto strip = [&](const Tensor& t) {
    if (t.defined() && (t.impl()->flags & kInterposed)) {
      t.impl()->flags &= ~kInterposed;
      flagged.push_back(t);
    }
  };
  for_each_tensor(args, strip);
  struct Restore {
    std::vector<Tensor>& flagged;
    ~Restore() {
      for (const Tensor& t : flagged) t.impl()->flags |= kInterposed;
    }
  } restore{flagged};
  op.boxed(args, results);
  return results;
}

} // namespace torch::gate
