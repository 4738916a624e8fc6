// The cells of recurrent networks, as ops name them to kernels.
#pragma once

#include <cstdint>

namespace torch {

enum class RnnCell : int64_t { Tanh, Relu, Gru, Lstm };

constexpr int64_t gates_of(RnnCell cell) { return cell == RnnCell::Lstm ? 4 : cell == RnnCell::Gru ? 3 : 1; }
// Values per unit that a step keeps for its gradient, beside its result.
constexpr int64_t kept_of(RnnCell cell) { return cell == RnnCell::Lstm ? 5 : cell == RnnCell::Gru ? 4 : 0; }

} // namespace torch
