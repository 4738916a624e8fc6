// The walk over the tape. See Note [How a backward runs].
#include "autograd/engine.h"

#include "autograd/accumulate_grad.h"
#include "autograd/hooks.h"
#include "autograd/node_table.h"
#include "autograd/ops_used.h"
#include "core/sparse.h"
#include "core/threads.h"

#include <algorithm>
#include <exception>
#include <thread>

// Note [How a backward runs]
// 1. Discovery: from the roots' nodes, depth first with a stack of our own, every reachable node gets a
// record and the
//    number of edges that lead to it. If inputs are given, records that lead to none of them are marked as
//    not needed.
// 2. Walk: a node whose gradients are complete (all edges into it have delivered) enters a heap ordered by
// sequence
//    number, the youngest first and accumulators before all; equal ones leave in the order they came. It
//    runs, and its results go to the buffers of the next nodes. So the order depends on nothing but the
//    program.
// A backward inside a node's apply() is a walk of its own on the same stack; every kStackDepth of them a
// fresh thread lends its stack, so that depth is bounded by memory and not by the stack. The walk holds
// references to its nodes through the roots: a node's consumers hold it, and they are released only with the
// graph. A node's hooks may drop the graph, so the node that runs is held apart.

namespace torch::autograd {

ThreadHooks engine_thread_hooks{};
thread_local NodeObserver* node_observer = nullptr;

namespace {

constexpr int kStackDepth = 48;

struct Walk;
thread_local Walk* innermost = nullptr; // the walk in flight on this thread
thread_local Node* running = nullptr;   // the node in flight
thread_local int depth = 0;             // walks on this thread's stack

std::atomic<int64_t> walks_started{0};

struct Capture {
  uint32_t slot;
  uint32_t result;
  int32_t next; // further captures of the same node, or -1
};

struct Ready {
  uint64_t sequence;
  uint64_t order;
  uint32_t record;
  // The largest leaves a heap first: the youngest node, then the one that came first.
  bool operator<(const Ready& o) const {
    return sequence != o.sequence ? sequence < o.sequence : order > o.order;
  }
};

// Whether a gradient may be added to where it lies.
bool can_add_in_place(const Tensor& t) {
  return t.impl()->non_overlapping_dense && !(t.impl()->flags & (kRequiresGrad | kSparse)) && sole_holder(t);
}

void add_to_buffer(Tensor& buffer, Tensor grad) {
  if (!buffer.defined()) {
    buffer = std::move(grad);
  } else if (thread_state.grad_enabled || buffer.dtype() != grad.dtype() ||
             !equal(buffer.sizes(), grad.sizes())) {
    buffer = used::sum(buffer, grad);
  } else if (can_add_in_place(buffer)) {
    used::add_in_place(buffer, grad);
  } else if (can_add_in_place(grad)) {
    used::add_in_place(grad, buffer);
    buffer = std::move(grad);
  } else {
    buffer = used::sum(buffer, grad);
  }
}

} // namespace

void fit_gradient(Tensor& grad, const GradMetadata& expected, const char* node, size_t index) {
  if (!grad.defined()) return;
  if (!equal(grad.sizes(), expected.sizes)) {
    // What was broadcast in the forward is summed over.
    const size_t extra = grad.sizes().size() - std::min(grad.sizes().size(), expected.sizes.size());
    bool expandable = grad.sizes().size() >= expected.sizes.size();
    for (size_t i = 0; expandable && i < expected.sizes.size(); ++i)
      expandable = expected.sizes[i] == 1 || expected.sizes[i] == grad.sizes()[extra + i];
    check(expandable, "Function ", node, " returned an invalid gradient at index ", index, " - got ",
          grad.sizes(), " but expected shape compatible with ", expected.sizes);
    grad = used::sum_to(grad, expected.sizes);
  }
  if (grad.dtype() != expected.dtype) {
    check(is_differentiable(grad.dtype()), "Function ", node, " returned an invalid gradient at index ",
          index, " - expected dtype ", expected.dtype, " but got ", grad.dtype());
    if (is_complex(grad.dtype()) && !is_complex(expected.dtype)) grad = used::real(grad);
    if (grad.dtype() != expected.dtype) grad = used::convert(grad, expected.dtype, grad.device());
  }
  if (grad.device() != expected.device) {
    check(grad.dim() == 0, "Function ", node, " returned an invalid gradient at index ", index,
          " - expected device ", expected.device, " but got ", grad.device());
    grad = used::convert(grad, grad.dtype(), expected.device);
  }
}

namespace {

struct Walk {
  Walk(std::span<const Root> roots, std::span<const Edge> inputs, const BackwardOptions& options)
      : roots(roots), inputs(inputs), options(options) {}

  std::vector<Tensor> run();
  bool will_run(const Node& n) {
    const int64_t at = table.find(&n);
    return at >= 0 && wanted(static_cast<uint32_t>(at));
  }

  std::vector<std::function<void()>> callbacks;
  const int64_t number = walks_started++;

private:
  void discover();
  void mark_needed();
  void arrive(uint32_t record, uint32_t slot, Tensor grad);
  void push(uint32_t record);
  bool wanted(uint32_t record) { return table[record].needed || table[record].capture >= 0; }
  void visit(uint32_t record);
  void run_tensor_hooks(Node& n, std::span<Tensor> grads);
  void call(Node& n, std::span<Tensor> grads, std::span<Tensor> results);
  void check_nan(const Node& n, std::span<const Tensor> results);

  std::span<const Root> roots;
  std::span<const Edge> inputs;
  const BackwardOptions& options;
  NodeTable table;
  std::vector<Capture> captures;
  std::vector<Ready> heap;
  std::vector<Tensor> captured;
  uint64_t arrivals = 0;
};

void Walk::discover() {
  std::vector<Node*> stack;
  bool added = false;
  for (const Root& r : roots) {
    if (!r.edge.node) continue; // requires grad, but only as a view of what does
    table.insert(r.edge.node.get(), added);
    if (added) stack.push_back(r.edge.node.get());
  }
  while (!stack.empty()) {
    Node* const n = stack.back();
    stack.pop_back();
    for (const Edge& e : n->edges()) {
      if (!e.node) continue;
      const uint32_t i = table.insert(e.node.get(), added);
      ++table[i].waiting_for;
      if (added) stack.push_back(e.node.get());
    }
  }
}

// A record is needed when its node's gradient is asked for or some edge leads to a needed one. Post-order,
// depth first.
void Walk::mark_needed() {
  for (size_t i = 0; i < table.size(); ++i) table[i].needed = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int64_t at = table.find(inputs[i].node.get());
    if (at < 0) continue;
    NodeRecord& r = table[static_cast<size_t>(at)];
    const bool accumulates = options.accumulate && r.node->kind() == NodeKind::Accumulate;
    if (accumulates) {
      r.needed = true;
      continue;
    }
    captures.push_back({inputs[i].slot, static_cast<uint32_t>(i), r.capture});
    r.capture = static_cast<int32_t>(captures.size()) - 1;
  }
  struct Frame {
    uint32_t record;
    uint32_t edge;
  };
  std::vector<Frame> stack;
  std::vector<bool> seen(table.size());
  for (const Root& root : roots) {
    if (!root.edge.node) continue;
    const auto first = static_cast<uint32_t>(table.find(root.edge.node.get()));
    if (seen[first]) continue;
    seen[first] = true;
    stack.push_back({first, 0});
    while (!stack.empty()) {
      Frame& f = stack.back();
      NodeRecord& r = table[f.record];
      const InlineVec<Edge, 3>& edges = r.node->edges();
      if (f.edge == edges.size()) {
        const bool passes = r.needed || r.capture >= 0;
        stack.pop_back();
        if (passes && !stack.empty()) table[stack.back().record].needed = true;
        continue;
      }
      const Edge& e = edges[f.edge++];
      if (!e.node) continue;
      const auto next = static_cast<uint32_t>(table.find(e.node.get()));
      if (!seen[next]) {
        seen[next] = true;
        stack.push_back({next, 0});
      } else if (table[next].needed || table[next].capture >= 0) {
        r.needed = true;
      }
    }
  }
}

void Walk::push(uint32_t record) {
  heap.push_back({table[record].node->sequence(), arrivals++, record});
  std::push_heap(heap.begin(), heap.end());
}

void Walk::arrive(uint32_t record, uint32_t slot, Tensor grad) {
  if (!grad.defined()) return;
  InlineVec<Tensor, 1>& grads = table[record].grads;
  if (grads.size() <= slot) grads.resize(std::max<size_t>(slot + 1, table[record].node->inputs().size()));
  add_to_buffer(grads[slot], std::move(grad));
}

void Walk::run_tensor_hooks(Node& n, std::span<Tensor> grads) {
  if (n.kind() == NodeKind::Accumulate) {
    const Tensor& leaf = static_cast<AccumulateGrad&>(n).variable();
    const AutogradMeta* const m = meta_of(leaf);
    if (!m || !m->hooks || !grads[0].defined()) return;
    for (size_t i = 0; i < m->hooks->tensor_hooks.size(); ++i) m->hooks->tensor_hooks[i]->run(grads[0]);
    return;
  }
  if (!n.extras) return;
  // By index: a hook may register further ones.
  for (size_t i = 0; i < n.extras->tensor_hooks.size(); ++i) {
    const uint32_t slot = n.extras->tensor_hooks[i].slot;
    if (slot < grads.size() && grads[slot].defined()) n.extras->tensor_hooks[i].hook->run(grads[slot]);
  }
  for (size_t i = 0; i < n.extras->retains.size(); ++i) {
    const NodeExtras::Retain r = n.extras->retains[i];
    if (r.slot >= grads.size() || !grads[r.slot].defined()) continue;
    const Tensor& grad = grads[r.slot];
    r.tensor->grad =
        r.tensor->grad.defined() ? used::sum(r.tensor->grad, grad) : used::contiguous_clone(grad);
  }
}

void Walk::check_nan(const Node& n, std::span<const Tensor> results) {
  const NoGradGuard guard;
  for (size_t i = 0; i < results.size(); ++i)
    if (results[i].defined() && used::has_nan(results[i]))
      fail(ErrorKind::Runtime,
           concat("Function '", n.name(), "' returned nan values in its ", i, "th output."));
}

// Tells the observer, if there is one, when a node's call begins and ends.
class Observed {
public:
  explicit Observed(const Node& n) : observer_(node_observer) {
    if (observer_) [[unlikely]]
      observer_->before(n);
  }
  ~Observed() {
    if (observer_) [[unlikely]]
      observer_->after();
  }
  Observed(const Observed&) = delete;
  Observed& operator=(const Observed&) = delete;

private:
  NodeObserver* const observer_;
};

void Walk::call(Node& n, std::span<Tensor> grads, std::span<Tensor> results) {
  Node* const outer = std::exchange(running, &n);
  struct Restore {
    Node* outer;
    ~Restore() { running = outer; }
  } const restore{outer};
  const Observed observed(n);
  if (n.extras && !n.extras->pre_hooks.empty()) [[unlikely]]
    for (size_t i = 0; i < n.extras->pre_hooks.size(); ++i) n.extras->pre_hooks[i]->run(grads);

  const bool has_post = n.extras && !n.extras->post_hooks.empty();
  InlineVec<Tensor, 1> seen; // what the post hooks are shown: apply() may move from grads
  if (has_post) [[unlikely]]
    for (const Tensor& g : grads) seen.push_back(g);

  const bool any = std::any_of(grads.begin(), grads.end(), [](const Tensor& g) { return g.defined(); });
  if (any || n.runs_without_gradient()) n.apply(grads, results);

  if (has_post) [[unlikely]]
    for (size_t i = 0; i < n.extras->post_hooks.size(); ++i) n.extras->post_hooks[i]->run(results, seen);
}

void Walk::visit(uint32_t record) {
  // The record's buffer moves out first: apply() may start walks, but never adds to this table.
  InlineVec<Tensor, 1> grads = std::move(table[record].grads);
  const Ref<Node> node(table[record].node);
  grads.resize(std::max(grads.size(), node->inputs().size()));

  // As in PyTorch, the gradient of an input of torch.autograd.grad is what its tensor hooks made of it,
  // unless the walk goes on through its node: then it is what arrived.
  const bool needed = table[record].needed;
  if (!needed) run_tensor_hooks(*node, grads);
  if (!options.accumulate) {
    for (int32_t c = table[record].capture; c >= 0; c = captures[static_cast<size_t>(c)].next) {
      const Capture& capture = captures[static_cast<size_t>(c)];
      if (capture.slot < grads.size()) captured[capture.result] = grads[capture.slot];
    }
  }
  if (!needed) return;
  run_tensor_hooks(*node, grads);

  const InlineVec<Edge, 3>& edges = node->edges();
  InlineVec<Tensor, 3> results(edges.size());
  if (!inputs.empty()) {
    uint32_t skipped = 0;
    for (size_t i = 0; i < std::min<size_t>(edges.size(), 32); ++i)
      if (edges[i].node && !wanted(static_cast<uint32_t>(table.find(edges[i].node.get()))))
        skipped |= 1u << i;
    node->set_skipped(skipped);
  }
  struct Restore { // whatever happens, the next backward starts from what the node itself says
    Node& node;
    ~Restore() { node.set_skipped(0); }
  } const restore{*node};
  if (anomaly_mode().enabled) [[unlikely]] {
    try {
      call(*node, grads, results);
      if (anomaly_mode().check_nan) check_nan(*node, results);
    } catch (...) {
      if (report_anomaly) report_anomaly(*node);
      throw;
    }
  } else {
    call(*node, grads, results);
  }
  if (!options.retain_graph) node->release_saved();
  grads.clear();

  const size_t n_edges = std::min(edges.size(), results.size());
  for (size_t i = 0; i < n_edges; ++i) {
    const Edge& e = edges[i];
    if (!e.node) continue;
    const auto next = static_cast<uint32_t>(table.find(e.node.get()));
    if (results[i].defined() && wanted(next)) {
      const InlineVec<GradMetadata, 1>& outputs = e.node->inputs();
      if (e.slot < outputs.size()) fit_gradient(results[i], outputs[e.slot], node->name(), i);
      arrive(next, e.slot, std::move(results[i]));
    }
    if (--table[next].waiting_for == 0 && wanted(next)) push(next);
  }
}

std::vector<Tensor> Walk::run() {
  discover();
  captured.resize(options.accumulate ? 0 : inputs.size());
  if (!inputs.empty()) mark_needed();

  for (const Root& r : roots) {
    if (!r.edge.node) continue;
    const auto i = static_cast<uint32_t>(table.find(r.edge.node.get()));
    arrive(i, r.edge.slot, r.grad);
  }
  // A root that others of the roots lead to waits for them.
  for (size_t i = 0; i < roots.size(); ++i) {
    if (!roots[i].edge.node) continue;
    const auto at = static_cast<uint32_t>(table.find(roots[i].edge.node.get()));
    bool earlier = false;
    for (size_t j = 0; j < i && !earlier; ++j) earlier = roots[j].edge.node == roots[i].edge.node;
    if (!earlier && table[at].waiting_for == 0 && wanted(at)) push(at);
  }
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const uint32_t record = heap.back().record;
    heap.pop_back();
    visit(record);
  }
  return std::move(captured);
}

std::vector<Tensor> run_walk(std::span<const Root> roots, std::span<const Edge> inputs,
                             const BackwardOptions& options) {
  Walk walk(roots, inputs, options);
  Walk* const outer = std::exchange(innermost, &walk);
  ++depth;
  struct Restore {
    Walk* outer;
    ~Restore() {
      innermost = outer;
      --depth;
    }
  } const restore{outer};
  const GradModeGuard mode(options.create_graph);
  std::vector<Tensor> result = walk.run();
  // By index: a callback may queue another one.
  for (size_t i = 0; i < walk.callbacks.size(); ++i) walk.callbacks[i]();
  return result;
}

// The same on a stack of its own, while this thread waits.
std::vector<Tensor> run_walk_on_thread(std::span<const Root> roots, std::span<const Edge> inputs,
                                       const BackwardOptions& options) {
  std::vector<Tensor> result;
  std::exception_ptr error;
  const ThreadState state = thread_state;
  const SavedTensorHookStack hooks = saved_tensor_hook_stack();
  void* carried = nullptr;
  Node* const node = running;
  Walk* const outer = innermost;
  std::thread helper([&] {
    void* const token = engine_thread_hooks.enter ? engine_thread_hooks.enter() : nullptr;
    thread_state = state;
    thread_state.interpreter_depth = 0; // the interpreters are those of the waiting thread
    saved_tensor_hook_stack() = hooks;
    running = node;
    innermost = outer;
    try {
      result = run_walk(roots, inputs, options);
    } catch (...) {
      error = std::current_exception();
    }
    saved_tensor_hook_stack() = {};
    if (engine_thread_hooks.leave) carried = engine_thread_hooks.leave(token);
  });
  {
    const LongWork released(INT64_MAX); // the helper needs the interpreter
    helper.join();
  }
  if (carried) engine_thread_hooks.resume(carried);
  if (error) std::rethrow_exception(error);
  return result;
}

} // namespace

Ref<Node> current_node() { return Ref<Node>(running); }
bool will_run(const Node& n) { return innermost && innermost->will_run(n); }
int64_t current_walk() { return innermost ? innermost->number : -1; }

void queue_callback(std::function<void()> callback) {
  check(innermost, "Final callbacks can only be installed during backward pass.");
  innermost->callbacks.push_back(std::move(callback));
}

std::vector<Tensor> run_backward_edges(std::span<const Root> roots, std::span<const Edge> inputs,
                                       const BackwardOptions& options) {
  return depth >= kStackDepth ? run_walk_on_thread(roots, inputs, options) : run_walk(roots, inputs, options);
}

Root root_of(Edge edge, const GradMetadata& output, Tensor grad, size_t index) {
  if (!grad.defined()) {
    check(numel_of(output.sizes) == 1, "grad can be implicitly created only for scalar outputs; element ",
          index, " has shape ", output.sizes,
          ". Reduce it to a number, as loss.sum() or loss.mean(), or give gradient= of its shape");
    check(!is_complex(output.dtype), "grad can be implicitly created only for real scalar outputs but got ",
          output.dtype);
    return {std::move(edge), used::ones(output.sizes, output.dtype, output.device)};
  }
  check(equal(grad.sizes(), output.sizes), "Mismatch in shape: grad_output[", index,
        "] has a shape of torch.Size(", grad.sizes(), ") and output[", index, "] has a shape of torch.Size(",
        output.sizes, ").");
  check(is_complex(grad.dtype()) == is_complex(output.dtype),
        "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
        "dtype: "
        "grad_output[",
        index, "] has a dtype of ", grad.dtype(), " and output[", index, "] has a dtype of ", output.dtype,
        ".");
  if (grad.dtype() != output.dtype) grad = used::convert(grad, output.dtype, grad.device());
  return {std::move(edge), std::move(grad)};
}

Root root_of(const Tensor& t, Tensor grad, size_t index) {
  check(t.requires_grad(), "element ", index,
        " of tensors does not require grad and does not have a grad_fn: nothing that it was computed from "
        "requires "
        "grad, or it was computed under torch.no_grad() or after detach()");
  return root_of(edge_of(t), GradMetadata{t.sizes(), t.dtype(), t.device()}, std::move(grad), index);
}

Edge target_of(const Tensor& t, bool accumulate) {
  check(t.requires_grad(), "One of the differentiated Tensors does not require grad: it has shape ",
        t.sizes(), "; call requires_grad_() before it is used");
  if (accumulate) retain_grad(t);
  return edge_of(t);
}

std::vector<Tensor> run_backward(TensorList roots, TensorList root_grads, TensorList inputs,
                                 const BackwardOptions& options) {
  check(root_grads.empty() || root_grads.size() == roots.size(), "got ", roots.size(), " tensors and ",
        root_grads.size(), " gradients");
  InlineVec<Root, 1> starts;
  starts.reserve(roots.size());
  for (size_t i = 0; i < roots.size(); ++i)
    starts.push_back(root_of(roots[i], root_grads.empty() ? Tensor() : root_grads[i], i));
  InlineVec<Edge, 2> targets;
  for (const Tensor& t : inputs) targets.push_back(target_of(t, options.accumulate));
  std::vector<Tensor> result = run_backward_edges(starts.span(), targets.span(), options);
  if (!options.accumulate && !options.allow_unused)
    for (size_t i = 0; i < result.size(); ++i)
      check(result[i].defined(), "The differentiated Tensor at index ", i,
            " appears to not have been used in the graph. Set allow_unused=True if this is the desired "
            "behavior.");
  return result;
}

} // namespace torch::autograd
