// Elementwise work that is put off, and then done together.
//
// Note [Deferring]
// While a thread defers (torch.compile), an elementwise op on large tensors is not run: it is noted, and its
// result gets a storage without memory. Everything else goes its usual way: shapes, dtypes, views, errors and
// the tape are what they are without deferring, since only the kernel is put off. Whoever asks a storage
// concerned for its data - any other kernel, a number for Python, NumPy, another thread - has the notes
// worked off first (StorageImpl::data). That goes for results, which have no data yet, and for the operands,
// so that nobody writes to them before they were read.
//
// Then the notes are cut into groups over the same shape, and each group runs as one tile program: values go
// from op to op in the cache, and a result that nobody holds any more is never stored, nor gets memory. Ops
// along the last dimension (softmax, sums, layer_norm) may be among them: tiles are whole rows then. The
// rows are those of the ops themselves, so the numbers are the same. There is no capture, nothing to guard,
// and nothing to compile.
#pragma once

#include "core/thread_state.h"
#include "kernels/pointwise_chain.h"
#include "kernels/pointwise_ops.h"
#include "ops/types.h"

#include <span>

namespace torch {

// Of a thread. Inline, with what follows, since the call of a compiled function on tiny tensors should cost
// next to nothing.
struct DeferringState {
  // Elements of a result below which an op is run at once: operands then stay in the caches anyway.
  static constexpr int64_t kSmallest = 65536;
  int64_t depth = 0;            // of scopes
  int64_t smallest = kSmallest; // 0 while anything may wait: what reads it has to wait, too
};
extern thread_local DeferringState deferring_state __attribute__((tls_model("initial-exec")));

void finish_deferred();                 // works off what waits
[[noreturn]] void fail_end_deferring(); // without a beginning

// Scopes of the calling thread; the end of the outermost has all work done.
inline void begin_deferring() {
  ++deferring_state.depth;
  thread_state.deferring = true;
}
inline void end_deferring() {
  if (deferring_state.depth == 0) [[unlikely]]
    fail_end_deferring();
  if (--deferring_state.depth > 0) return;
  thread_state.deferring = false;
  if (deferring_state.smallest == 0) finish_deferred();
}
// Forgets which ops of the thread were not worth it.
void forget_deferring();

struct DeferredCounts { // of this process
  int64_t ops;          // that were put off
  int64_t groups;       // passes over memory that ran them
  int64_t stored;       // results that were stored
};
DeferredCounts deferred_counts();

namespace ops {

// What pointwise_call.cpp knows of a call. `out` has sizes, strides and dtype of the result.
struct DeferredCall {
  PointwiseOp functor;
  DType compute, out;
  bool mask_first;
  IntSpan sizes, strides; // strides empty: contiguous
  std::span<const Tensor* const> operands;
  std::span<const Scalar> params;
};
// Whether a call with a result of so many elements is worth asking about: the usual answer for small ones,
// cheaply.
inline bool may_defer(int64_t numel) { return numel >= deferring_state.smallest; }
// The result of a call that was noted, or an undefined tensor.
Tensor defer_new(const DeferredCall& call);
// Notes a call that writes into `self`; whether it could.
bool defer_into(const DeferredCall& call, const Tensor& self);

// A call of an op along rows. Results that are not defined yet are those noted.
struct DeferredRows {
  RowOp op;
  std::span<const TensorMeta* const> metas;
  std::span<Tensor* const> results;
  std::span<const Tensor* const> operands; // the first is what the rows are of; undefined ones are missing
  std::span<const Scalar> params = {};
};
bool defer_rows(const DeferredRows& call);

// For ops whose schema says `later`: with the arguments of their kernels. False: to be run now.
namespace later {
bool copy(Tensor& result, const TensorMeta& meta, const Tensor& self);
bool sum(Tensor& result, const TensorMeta& meta, const Tensor& self, IntSpan dims);
bool mean(Tensor& result, const TensorMeta& meta, const Tensor& self, IntSpan dims);
bool amax(Tensor& result, const TensorMeta& meta, const Tensor& self, IntSpan dims);
bool amin(Tensor& result, const TensorMeta& meta, const Tensor& self, IntSpan dims);
bool softmax(Tensor& result, const TensorMeta& meta, const Tensor& self, int64_t dim);
bool log_softmax(Tensor& result, const TensorMeta& meta, const Tensor& self, int64_t dim);
bool softmax_backward(Tensor& result, const TensorMeta& meta, const Tensor& grad, const Tensor& output,
                      int64_t dim);
bool log_softmax_backward(Tensor& result, const TensorMeta& meta, const Tensor& grad, const Tensor& output,
                          int64_t dim);
bool layer_norm(Tensor& out, Tensor& mean, Tensor& rstd, const std::array<TensorMeta, 3>& metas,
                const Tensor& input, IntSpan normalized_shape, const Tensor& weight, const Tensor& bias,
                double eps);
} // namespace later

} // namespace ops

} // namespace torch
