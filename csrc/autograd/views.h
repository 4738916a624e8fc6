// Views and in-place writes: which tensor's history a write becomes. The model:
// docs/design/views-and-inplace.md.
#pragma once

#include "autograd/meta.h"

namespace torch::autograd {

// Where a view lies in its root, whatever chain of views led to it: enough to make it again over any tensor
// laid out like the root.
struct ViewGeometry {
  DimVec sizes, strides;
  int64_t offset = 0; // from the root's first element, in elements of the view
  DType dtype = DType::Float32;
};
ViewGeometry view_geometry(const Tensor& view, const Tensor& root);
// The view over `root`, by differentiable ops.
Tensor replay_view(const Tensor& root, const ViewGeometry& g);

// Makes output `slot` of `node` the history of self, which was just written; a view's root gets it instead
// (the node then has one output). self_edge: the edge of the node that is self's old history.
void rebase_history(const Tensor& self, const Ref<Node>& node, uint32_t slot, size_t self_edge);

// An in-place write to a view, seen from its root: the root's gradient goes through `fn` where the view lies
// and past it elsewhere.
class CopySlices final : public Node {
public:
  CopySlices(const Tensor& root, const Tensor& view, Ref<Node> fn, size_t self_edge);
  const char* name() const override { return "torch::autograd::CopySlices"; }
  void apply(std::span<Tensor> grads, std::span<Tensor> results) override;
  void release_saved() override;

private:
  DimVec root_sizes_, root_strides_;
  ViewGeometry view_;
  Ref<Node> fn_;     // the node of the write
  size_t self_edge_; // its edge that is the view's own old history
};

} // namespace torch::autograd
