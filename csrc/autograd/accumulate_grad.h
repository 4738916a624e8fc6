// The end of the tape: adds what arrives to the .grad of a leaf.
#pragma once

#include "autograd/meta.h"

namespace torch::autograd {

class AccumulateGrad final : public Node {
public:
  explicit AccumulateGrad(const Tensor& leaf);
  const char* name() const override { return "torch::autograd::AccumulateGrad"; }
  void apply(std::span<Tensor> grads, std::span<Tensor> results) override;
  const Tensor& variable() const { return variable_; }
  void forget(); // the leaf stops pointing here: called when the last reference goes

private:
  Tensor variable_;
};

// Adds `incoming` to leaf.grad: taken over when nobody else holds it, in place when no graph is being made.
void accumulate_into(const Tensor& leaf, Tensor incoming);

} // namespace torch::autograd
