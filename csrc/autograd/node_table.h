// What one backward knows of each node it may visit: an open-addressing table from node to record. Records
// are stored in order of discovery and stay where they are found by index.
#pragma once

#include "autograd/node.h"

#include <vector>

namespace torch::autograd {

struct NodeRecord {
  Node* node = nullptr;
  uint32_t waiting_for = 0; // edges into the node that have not delivered yet
  bool needed = true;       // on the way to something asked for
  int32_t capture = -1;     // first capture of this node's input, in the walk's list
  InlineVec<Tensor, 1> grads;
};

class NodeTable {
public:
  NodeTable() : slots_(kFirst) { records_.reserve(kFirst / 2); }

  // Index of the node's record, made if it is new (`added` tells).
  uint32_t insert(Node* n, bool& added) {
    if (records_.size() * 2 >= slots_.size()) grow();
    const size_t mask = slots_.size() - 1;
    size_t i = hash(n) & mask;
    while (slots_[i].node) {
      if (slots_[i].node == n) {
        added = false;
        return slots_[i].index;
      }
      i = (i + 1) & mask;
    }
    slots_[i] = {n, static_cast<uint32_t>(records_.size())};
    records_.emplace_back().node = n;
    added = true;
    return slots_[i].index;
  }
  // Index, or -1.
  int64_t find(const Node* n) const {
    const size_t mask = slots_.size() - 1;
    for (size_t i = hash(n) & mask; slots_[i].node; i = (i + 1) & mask)
      if (slots_[i].node == n) return slots_[i].index;
    return -1;
  }
  NodeRecord& operator[](size_t i) { return records_[i]; }
  size_t size() const { return records_.size(); }

private:
  struct Slot {
    Node* node = nullptr;
    uint32_t index = 0;
  };
  static constexpr size_t kFirst = 32;
  static size_t hash(const Node* n) {
    // Nodes lie at least 16 bytes apart; the multiplication spreads what is left.
    return static_cast<size_t>((reinterpret_cast<uintptr_t>(n) >> 4) * 0x9E3779B97F4A7C15ull >> 20);
  }
  void grow() {
    std::vector<Slot> larger(slots_.size() * 4);
    const size_t mask = larger.size() - 1;
    for (const Slot& s : slots_) {
      if (!s.node) continue;
      size_t i = hash(s.node) & mask;
      while (larger[i].node) i = (i + 1) & mask;
      larger[i] = s;
    }
    slots_ = std::move(larger);
  }
  std::vector<Slot> slots_;
  std::vector<NodeRecord> records_;
};

} // namespace torch::autograd
