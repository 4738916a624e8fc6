// The tape: a Node is the backward of one recorded op. Generated nodes derive from it, one struct per
// differentiable op.
#pragma once

#include "core/inline_vec.h"
#include "core/tensor.h"

#include <memory>
#include <vector>

namespace torch::autograd {

class Node;

// "The gradient of this tensor is input number `slot` of that node."
struct Edge {
  Ref<Node> node; // null: no gradient wanted
  uint32_t slot = 0;
  explicit operator bool() const { return bool(node); }
};

// What the engine knows of each forward output of a node: gradients are summed and cast to fit.
struct GradMetadata {
  DimVec sizes;
  DType dtype = DType::Float32;
  Device device;
};

class SavedTensor;
// Shown, one after the other, the tensors that a node keeps.
struct SavedVisitor {
  virtual void visit(const char* name, std::span<const SavedTensor> tensors, bool is_list) = 0;

protected:
  ~SavedVisitor() = default;
};

struct NodeExtras; // hooks, Python metadata, anomaly record: rare, so apart (autograd/hooks.h)

// What the engine and the bindings treat apart without asking by a virtual call.
enum class NodeKind : uint8_t { Op, Accumulate, Python };

class Node : public RefCounted, public SmallObject {
public:
  explicit Node(NodeKind kind = NodeKind::Op);
  virtual ~Node();
  static void destroy(Node* n); // iterative: releasing a chain of a million nodes does not recurse

  // "AddBackward0": what grad_fn shows.
  virtual const char* name() const = 0;
  // grads: one per forward output (undefined = zero), free to be moved from. results: one per edge, to be set
  // where needs(i); left undefined = no gradient. Runs with grad mode set by the engine (on under
  // create_graph). Not called when all grads are undefined, unless runs_without_gradient().
  virtual void apply(std::span<Tensor> grads, std::span<Tensor> results) = 0;
  virtual bool runs_without_gradient() const { return false; }
  // Drops saved tensors after a backward without retain_graph. A second apply then fails in
  // SavedTensor::unpack.
  virtual void release_saved() {}
  virtual void visit_saved(SavedVisitor&) const {}

  NodeKind kind() const { return kind_; }
  // Whether the gradient of input i is wanted. During a backward that was asked for some gradients only,
  // edges that lead to none of them do not count.
  bool needs(size_t i) const {
    return i < edges_.size() && edges_[i].node && !(i < 32 && (skipped_ >> i & 1));
  }
  uint32_t skipped() const { return skipped_; }
  void set_skipped(uint32_t mask) { skipped_ = mask; } // the engine's, for the time of apply()
  const InlineVec<Edge, 3>& edges() const { return edges_; }
  InlineVec<Edge, 3>& edges() { return edges_; }
  const InlineVec<GradMetadata, 1>& inputs() const { return inputs_; } // one per forward output
  InlineVec<GradMetadata, 1>& inputs() { return inputs_; }
  uint64_t sequence() const { return sequence_; }
  void set_sequence(uint64_t s) { sequence_ = s; }
  void add_edge(const Tensor& input); // edge_of(input), or an empty edge
  void add_edges(TensorList inputs);
  uint32_t add_output(const Tensor& output); // returns its slot
  NodeExtras& ensure_extras();

  std::unique_ptr<NodeExtras> extras;
  void* pyobj = nullptr; // borrowed Python wrapper

private:
  InlineVec<Edge, 3> edges_;
  InlineVec<GradMetadata, 1> inputs_;
  uint64_t sequence_; // order of creation: later nodes run first
  uint32_t skipped_ = 0;
  NodeKind kind_;
};

struct PackedTensor; // what a saved-tensor hook made of a tensor (autograd/hooks.h)

// A tensor kept for backward, with the version it had. Made after the op wrote its outputs, and for outputs
// (is_output) after set_history / finish_inplace. An output is kept as an alias outside the graph and gets
// its grad_fn back from `owner` when unpacked, so that node and tensor do not keep each other alive.
class SavedTensor {
public:
  SavedTensor();
  SavedTensor(const Tensor& t, bool is_output);
  // An input of an op that writes `written` in place. Where the write becomes the input's history too, an
  // alias outside the graph is kept, or the node would keep itself alive; the write has made it stale anyway.
  static SavedTensor beside(const Tensor& t, const Tensor& written);
  SavedTensor(SavedTensor&&) noexcept;
  SavedTensor& operator=(SavedTensor&&) noexcept;
  ~SavedTensor();
  // `owner` is the node that saved it. Throws the "modified by an inplace operation" or "backward a second
  // time" error. The tensor is undefined where the saved one was.
  Tensor unpack(Node* owner) const;
  void release();
  bool released() const { return released_; }

private:
  Tensor data_;
  std::unique_ptr<PackedTensor> packed_;
  uint32_t version_ = 0;
  uint32_t slot_ = 0;
  bool is_output_ = false;
  bool is_written_ = false; // by its owner
  bool was_defined_ = false;
  bool requires_grad_ = false;
  bool released_ = false;
};

// ---- what generated entry points call ----

inline bool wants_grad(const Tensor& t) { return t.defined() && t.requires_grad(); }
inline bool wants_grad(TensorList ts) {
  for (const Tensor& t : ts)
    if (wants_grad(t)) return true;
  return false;
}
// Whether an op over these inputs is to be recorded.
template <class... Inputs> bool should_record(const Inputs&... inputs) {
  return thread_state.grad_enabled && (wants_grad(inputs) || ...);
}

// Where t's gradient goes: its grad_fn, or its accumulator if it is a leaf that requires grad, or nothing.
Edge edge_of(const Tensor& t);
// result (fresh, or each of several) gets `node` as its grad_fn and requires_grad, if its dtype is
// differentiable.
void set_history(const Tensor& result, const Ref<Node>& node);
inline void set_history(TensorList results, const Ref<Node>& node) {
  for (const Tensor& t : results) set_history(t, node);
}
// What may be done in place to a view, from where it was made (docs/design/views-and-inplace.md).
enum class ViewKind : uint8_t { Normal, Several, CustomFunction, NoGrad, Inference };
// Declares `view` (an alias made by alias()) a differentiable view of `base`, with or without gradient; to be
// followed by set_history when the op is recorded. Under no_grad/inference_mode it notes that. kind: Several
// for a view that its op returned together with others.
void set_view(const Tensor& view, const Tensor& base, ViewKind kind = ViewKind::Normal);
// Before an in-place op writes self: leaf that requires grad, view of one, expanded self, inference tensor
// ... raise. `recording` = should_record(self and the other inputs).
void check_inplace(const Tensor& self, bool recording, const char* op);
// After the write: bumps the version and, when recording, makes `node` (its edges were taken before the
// write) the history of self; views and bases follow (docs/design/views-and-inplace.md).
void finish_inplace(const Tensor& self, const Ref<Node>& node);

// After an in-place change of geometry (t_, transpose_, squeeze_ ...), which wrote no memory: like
// finish_inplace, but a view's root keeps its history and the view gets that of the new geometry.
void finish_restride(const Tensor& self, const Ref<Node>& node);

template <class N, class... Args> Ref<N> make_node(Args&&... args) {
  return Ref<N>(new N(std::forward<Args>(args)...));
}

// ---- engine ----
struct BackwardOptions {
  bool retain_graph = false;
  bool create_graph = false;
  bool accumulate = true; // false: return gradients of `inputs` instead (torch.autograd.grad)
  bool allow_unused = false;
};
// Runs the tape from roots with their gradients (undefined root gradient: ones for a one-element root, else
// an error). inputs empty: accumulates into all leaves. Returns one gradient per input when !accumulate.
std::vector<Tensor> run_backward(TensorList roots, TensorList root_grads, TensorList inputs,
                                 const BackwardOptions& options);

// ---- tensor-level access ----
Ref<Node> grad_fn_of(const Tensor& t); // brings a view's grad_fn up to date; null for leaves
const Tensor& grad_of(const Tensor& t);
void set_grad(const Tensor& t, Tensor grad);
bool is_leaf(const Tensor& t);
void set_requires_grad(const Tensor& t, bool value); // RuntimeError for non-leaves and integer dtypes
void retain_grad(const Tensor& t);
Tensor base_of(const Tensor& t); // undefined unless a differentiable view
uint32_t output_nr_of(const Tensor& t);
// A new tensor over the same memory and version, outside the graph.
Tensor detach(const Tensor& t);
// The same memory with a version counter of its own: what `t.data` gives.
Tensor detach_version(const Tensor& t);
// Takes t itself out of the graph. RuntimeError for views.
void detach_inplace(const Tensor& t);

} // namespace torch::autograd
