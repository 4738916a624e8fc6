// What autograd attaches to a tensor: gradient, history, hooks and, for a view, its base.
#pragma once

#include "autograd/hooks.h"
#include "autograd/node.h"

namespace torch::autograd {

class AccumulateGrad;

struct AutogradMeta final : AutogradMetaBase, SmallObject {
  explicit AutogradMeta(TensorImpl* owner) : owner(owner) {}
  ~AutogradMeta() override;
  bool base_requires_grad() const override { return base.defined() && base.requires_grad(); }

  TensorImpl* owner;                     // the tensor that has this record
  Tensor grad;                           // .grad of a leaf, or of a tensor that retains its gradient
  Ref<Node> grad_fn;                     // null for leaves
  uint32_t slot = 0;                     // which output of grad_fn the tensor is
  uint32_t history_version = 0;          // views: version of the memory that grad_fn belongs to
  AccumulateGrad* accumulator = nullptr; // leaves: borrowed; clears this field when it goes
  Ref<Node> leaf_edge;                   // stands for another leaf: its accumulator (unpacked saved tensors)
  Tensor base;                           // views: the root, itself never a view
  ViewKind view_kind = ViewKind::Normal;
  bool retains_grad = false;
  std::unique_ptr<LeafHooks> hooks; // leaves; those of other tensors live in grad_fn
};

inline AutogradMeta* meta_of(const Tensor& t) { return static_cast<AutogradMeta*>(t.impl()->autograd.get()); }
AutogradMeta& ensure_meta(const Tensor& t);
// Gives t another grad_fn and moves what follows the tensor (retained gradients) along.
void set_grad_fn(const Tensor& t, AutogradMeta& m, const Ref<Node>& node, uint32_t slot);
// Brings a view whose memory was written since up to date. Cheap when nothing happened.
void refresh_view(const Tensor& t, AutogradMeta& m);

std::string op_of(const Node& n); // "Mul" from "MulBackward0"
inline bool is_view(const Tensor& t) { return t.impl()->flags & kIsView; }
// Whether this handle is the only way to the tensor and to its memory: then a gradient may be written or kept
// as it is. A view whose root is held by nothing else counts as well.
bool sole_holder(const Tensor& t);
// A leaf's accumulator, made when first needed.
Ref<Node> accumulator_of(const Tensor& t);

} // namespace torch::autograd
