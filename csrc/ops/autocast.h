// Mixed precision on the CPU and on CUDA. Ops whose entry has a column `cast` test one flag of the thread;
// inside a region they convert their operands and call themselves again with the flag off:
//   lower    operands of floating dtype become what the region computes in, bfloat16 or float16
//   float32  operands of half precision become float32
//   promote  operands become float32 if one of them is, else they stay in the region's dtype
// float64, integers, complex numbers and tensors on devices without a region stay as they are. This stands
// above the gate: modes see the conversions and the op on converted operands. In-place and out= forms convert
// nothing.
#pragma once

#include "core/tensor.h"

#include <initializer_list>
#include <vector>

namespace torch::autocast {

extern thread_local bool active __attribute__((tls_model("initial-exec")));

// What runs below a converted call converts nothing itself.
class Off {
public:
  Off() : previous_(active) { active = false; }
  ~Off() { active = previous_; }
  Off(const Off&) = delete;
  Off& operator=(const Off&) = delete;

private:
  bool previous_;
};

// ---- the state of the thread, beside `active` ----
DType dtype(); // what `lower` converts to
void set_dtype(DType dtype);
bool cache_enabled();
void set_cache_enabled(bool on);
int enter(); // regions on this thread, counted with this one
int leave(); // regions that are left
void clear_cache();

// ---- operands of a converted call ----
Tensor lower(const Tensor& t);
Tensor float32(const Tensor& t);
std::vector<Tensor> lower(TensorList ts);
std::vector<Tensor> float32(TensorList ts);

// The dtype that the operands of a `promote` op meet in.
class Widest {
public:
  Widest() : dtype_(dtype()) {}
  void see(const Tensor& t);
  void see(TensorList ts) {
    for (const Tensor& t : ts) see(t);
  }
  Tensor operator()(const Tensor& t) const;
  std::vector<Tensor> operator()(TensorList ts) const;

private:
  DType dtype_;
};

} // namespace torch::autocast
