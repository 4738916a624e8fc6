#include "autograd/node.h"
#include "autograd/accumulate_grad.h"
#include "autograd/engine.h"
#include "autograd/hooks.h"

namespace torch::autograd {

TensorHook::~TensorHook() = default;
NodePreHook::~NodePreHook() = default;
NodePostHook::~NodePostHook() = default;
AccumulateHook::~AccumulateHook() = default;
Opaque::~Opaque() = default;
AnomalyRecord::~AnomalyRecord() = default;
std::unique_ptr<AnomalyRecord> (*record_anomaly)() = nullptr;
void (*report_anomaly)(const Node&) = nullptr;

namespace {

AnomalyMode anomaly;
thread_local uint64_t next_sequence = 0;

void record_forward(Node* n) {
  if (!record_anomaly) return;
  std::unique_ptr<AnomalyRecord> record = record_anomaly();
  if (!record) return;
  record->parent = current_node();
  n->ensure_extras().anomaly = std::move(record);
}

} // namespace

AnomalyMode anomaly_mode() { return anomaly; }
void set_anomaly_mode(AnomalyMode mode) { anomaly = mode; }

Node::Node(NodeKind kind)
    : sequence_(kind == NodeKind::Accumulate ? UINT64_MAX : next_sequence++), kind_(kind) {
  if (anomaly.enabled && kind != NodeKind::Accumulate) [[unlikely]]
    record_forward(this);
}

Node::~Node() = default;

// A node is destroyed by the loop of the outermost destroy() on this thread; what its destructor releases is
// queued.
void Node::destroy(Node* n) {
  thread_local InlineVec<Node*, 16>* pending = nullptr;
  // The leaf must not hand out an accumulator that is only waiting to be deleted.
  if (n->kind_ == NodeKind::Accumulate) static_cast<AccumulateGrad*>(n)->forget();
  if (pending) {
    pending->push_back(n);
    return;
  }
  InlineVec<Node*, 16> queue;
  pending = &queue;
  delete n;
  while (!queue.empty()) {
    Node* const next = queue.back();
    queue.resize(queue.size() - 1);
    delete next;
  }
  pending = nullptr;
}

std::string op_of(const Node& n) {
  const std::string name = n.name();
  const size_t at = name.rfind("Backward");
  return at == std::string::npos || at == 0 ? name : name.substr(0, at);
}

void Node::add_edge(const Tensor& input) { edges_.push_back(edge_of(input)); }

void Node::add_edges(TensorList inputs) {
  edges_.reserve(edges_.size() + inputs.size());
  for (const Tensor& t : inputs) add_edge(t);
}

uint32_t Node::add_output(const Tensor& output) {
  const auto slot = static_cast<uint32_t>(inputs_.size());
  if (output.defined())
    inputs_.push_back({output.sizes(), output.dtype(), output.device()});
  else
    inputs_.emplace_back();
  return slot;
}

NodeExtras& Node::ensure_extras() {
  if (!extras) extras = std::make_unique<NodeExtras>();
  return *extras;
}

} // namespace torch::autograd
