// The walk over the tape, for the bindings and for nodes that look at the walk they are part of.
#pragma once

#include "autograd/node.h"

#include <functional>

namespace torch::autograd {

// The node whose apply() runs on this thread, innermost first; null outside backward.
Ref<Node> current_node();
bool will_run(const Node& n); // whether the innermost backward of this thread reaches it, or has
int64_t current_walk();       // number of the innermost backward in flight on this thread, or -1
// Runs at the end of the innermost backward in flight on this thread. RuntimeError outside backward.
void queue_callback(std::function<void()> callback);

// Told of each node that a backward of this thread calls, hooks included; null: nobody.
class NodeObserver {
public:
  virtual ~NodeObserver() = default;
  virtual void before(const Node& n) = 0;
  virtual void after() = 0;
};
extern thread_local NodeObserver* node_observer;

// Where gradients are asked for: a tensor's edge, as run_backward over edges takes and gives them.
struct Root {
  Edge edge;
  Tensor grad;
};
// Where a backward starts: checks that t is part of a graph and that grad fits it (undefined: one, for a
// number). index: of t among the roots, for errors.
Root root_of(const Tensor& t, Tensor grad, size_t index);
Root root_of(Edge edge, const GradMetadata& output, Tensor grad, size_t index);
// Where a gradient asked for by tensor arrives. accumulate: it is to end in .grad.
Edge target_of(const Tensor& t, bool accumulate);
std::vector<Tensor> run_backward_edges(std::span<const Root> roots, std::span<const Edge> inputs,
                                       const BackwardOptions& options);

// Makes a gradient fit what the forward output was: sums broadcast dimensions, converts dtype and device; an
// undefined one passes. `what` and index name it in the error.
void fit_gradient(Tensor& grad, const GradMetadata& expected, const char* node, size_t index);

// Deep reentrant backward continues on a thread of its own. The embedding interpreter prepares it: enter()
// and leave() run on that thread, and what leave() returns (an error of the interpreter, or null) goes to
// resume() on the waiting one.
struct ThreadHooks {
  void* (*enter)();
  void* (*leave)(void* token);
  void (*resume)(void* carried);
};
extern ThreadHooks engine_thread_hooks;

} // namespace torch::autograd
