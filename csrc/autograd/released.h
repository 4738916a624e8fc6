// The error of a backward that needs what an earlier one has freed.
#pragma once

namespace torch::autograd {

// node: whose saved tensors are gone.
[[noreturn]] void fail_released(const char* node);

} // namespace torch::autograd
