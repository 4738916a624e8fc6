// User code that runs during backward, as the engine sees it. The bindings derive from these.
#pragma once

#include "autograd/node.h"

#include <string>
#include <vector>

namespace torch::autograd {

struct AutogradMeta;

// Sees, and may replace, the gradient of one tensor.
struct TensorHook {
  virtual ~TensorHook();
  virtual void run(Tensor& grad) = 0;
};
// Sees, and may replace, all gradients that a node is about to be given.
struct NodePreHook {
  virtual ~NodePreHook();
  virtual void run(std::span<Tensor> grads) = 0;
};
// Sees what a node was given, and sees and may replace what it returned.
struct NodePostHook {
  virtual ~NodePostHook();
  virtual void run(std::span<Tensor> results, std::span<const Tensor> grads) = 0;
};
// Runs after the gradient of a leaf was accumulated.
struct AccumulateHook {
  virtual ~AccumulateHook();
  virtual void run(const Tensor& leaf) = 0;
};

// Anything that only the bindings understand and that a node keeps alive.
struct Opaque {
  virtual ~Opaque();
};

// Where the forward call of a node was made (anomaly mode).
struct AnomalyRecord {
  virtual ~AnomalyRecord();
  Ref<Node> parent; // the node in whose backward this one was made
};

struct LeafHooks {
  std::vector<std::unique_ptr<TensorHook>> tensor_hooks;
  std::unique_ptr<AccumulateHook> after_accumulate;
};

struct NodeExtras {
  struct OnSlot {
    uint32_t slot;
    std::unique_ptr<TensorHook> hook;
  };
  struct Retain { // the tensor in that slot keeps its gradient; it takes itself out when it goes
    uint32_t slot;
    AutogradMeta* tensor;
  };
  std::vector<OnSlot> tensor_hooks;
  std::vector<Retain> retains;
  std::vector<std::unique_ptr<NodePreHook>> pre_hooks;
  std::vector<std::unique_ptr<NodePostHook>> post_hooks;
  std::unique_ptr<AnomalyRecord> anomaly;
  std::unique_ptr<Opaque> metadata;
};

// The tensor hooks of t run in the order of registration, wherever its gradient is complete.
void add_tensor_hook(const Tensor& t, std::unique_ptr<TensorHook> hook);
void set_accumulate_hook(const Tensor& leaf, std::unique_ptr<AccumulateHook> hook);

// ---- saved-tensor hooks ----

// A tensor in the form that a pack hook gave it.
struct PackedData {
  virtual ~PackedData();
  virtual Tensor unpack() = 0;
};
struct SavedTensorHooks {
  virtual ~SavedTensorHooks();
  virtual std::unique_ptr<PackedData> pack(const Tensor& t) = 0;
};
struct PackedTensor {
  std::unique_ptr<PackedData> data;
  Edge edge; // where the unpacked tensor's gradient goes (inputs only; outputs belong to the owner)
};
struct SavedTensorHookStack { // of this thread; the last ones are used
  std::vector<std::shared_ptr<SavedTensorHooks>> hooks;
  std::string disabled; // non-empty: pushing fails with this text
};
SavedTensorHookStack& saved_tensor_hook_stack();
void push_saved_tensor_hooks(std::shared_ptr<SavedTensorHooks> hooks);
void pop_saved_tensor_hooks();
void disable_saved_tensor_hooks(std::string text);

// ---- anomaly mode ----

struct AnomalyMode {
  bool enabled = false;
  bool check_nan = true;
};
AnomalyMode anomaly_mode();
void set_anomaly_mode(AnomalyMode mode);
// Set by the bindings: takes down the stack of the running call.
extern std::unique_ptr<AnomalyRecord> (*record_anomaly)();
// Set by the bindings: warns that `failed` threw, with the records of the node and of its parents.
extern void (*report_anomaly)(const Node& failed);

} // namespace torch::autograd
