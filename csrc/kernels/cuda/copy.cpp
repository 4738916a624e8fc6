// Copies on the GPU, to it, from it and between two of them; filling.
#include "kernels/cuda/graph.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/pinned.h"
#include "kernels/cuda/table.h"
#include "kernels/cuda/types.h"
#include "kernels/cuda/walk.h"
#include "kernels/pointwise_ops.h"

namespace torch::cuda {

namespace {

Address address(const Tensor& t) { return reinterpret_cast<Address>(t.data()); }

Tensor seen_as(const Tensor& t, DType type) { return alias_as(t, type, t.sizes(), t.strides(), t.offset()); }

void copy_on_gpu(const Tensor& to, const Tensor& from) {
  if (to.numel() == 0) return;
  if (to.dtype() != from.dtype()) {
    const Tensor* const inputs[] = {&from};
    return pointwise(PointwiseOp::Identity, from.dtype(), to, inputs, 1, nullptr);
  }
  if (lie_alike(to, from) && to.is_non_overlapping_and_dense()) {
    const Gpu& gpu = use(to.device().index);
    return check_status(driver().copy(address(to), address(from), static_cast<size_t>(to.nbytes()),
                                      current_stream(gpu.index)),
                        "cuMemcpyAsync");
  }
  const DType type = moved_as(to.dtype());
  const Tensor target = seen_as(to, type), source = seen_as(from, type);
  const Tensor* const inputs[] = {&source};
  pointwise(PointwiseOp::Identity, type, target, inputs, 1, nullptr);
}

// Bytes between two tensors that lie alike, one of them on the CPU. Waits, so that both may be used
// afterwards, unless it need not: then pinned memory is kept until the copy is done, and other memory of the
// host has been read when the driver returns.
void move_bytes(const Tensor& to, const Tensor& from, int device) {
  if (to.numel() == 0) return;
  Gpu& gpu = use(device);
  const Stream stream = current_stream(gpu.index);
  check_status(driver().copy(address(to), address(from), static_cast<size_t>(to.nbytes()), stream),
               "cuMemcpyAsync");
  const void* const host = to.is_cpu() ? to.data() : from.data();
  used_by(host, gpu.index, stream);
  if (LaggingCopies::allowed() && (!to.is_cpu() || is_pinned(host))) return;
  wait_for(gpu, stream);
}

// Dense memory is moved as it lies; strides are sorted out on the GPU.
Tensor dense_like(const Tensor& t, DType type, Device device) {
  return t.is_non_overlapping_and_dense() ? empty_strided_tensor(t.sizes(), t.strides(), type, device)
                                          : empty_tensor(t.sizes(), type, device);
}

void copy_to_gpu(const Tensor& to, const Tensor& from) {
  if (to.dtype() == from.dtype() && lie_alike(to, from)) return move_bytes(to, from, to.device().index);
  Tensor dense = from;
  if (!from.is_non_overlapping_and_dense()) {
    dense = empty_tensor(from.sizes(), from.dtype());
    cpu_kernels().copy(dense, from);
  }
  const Tensor arrived = dense_like(dense, dense.dtype(), to.device());
  move_bytes(arrived, dense, to.device().index);
  copy_on_gpu(to, arrived);
}

void copy_to_cpu(const Tensor& to, const Tensor& from) {
  if (to.dtype() == from.dtype() && lie_alike(to, from)) return move_bytes(to, from, from.device().index);
  Tensor dense = from;
  if (!from.is_non_overlapping_and_dense() || to.dtype() != from.dtype()) {
    dense = dense_like(from, to.dtype(), from.device());
    copy_on_gpu(dense, from);
  }
  if (lie_alike(to, dense)) return move_bytes(to, dense, from.device().index);
  const Tensor arrived = dense_like(dense, dense.dtype(), Device{});
  move_bytes(arrived, dense, from.device().index);
  cpu_kernels().copy(to, arrived);
}

// The one stream is told to wait for the other.
void order(int first_device, int second_device) {
  use(first_device);
  const Driver& d = driver();
  Event event = nullptr;
  check_status(d.event_create(&event, kNoTiming), "cuEventCreate");
  const Status recorded = d.event_record(event, current_stream(first_device));
  use(second_device);
  const Status waits = d.stream_wait(current_stream(second_device), event, 0);
  d.event_destroy(event);
  check_status(recorded, "cuEventRecord");
  check_status(waits, "cuStreamWaitEvent");
}

void copy_between_gpus(const Tensor& to, const Tensor& from) {
  const int source = from.device().index, target = to.device().index;
  Tensor dense = from;
  if (!from.is_non_overlapping_and_dense() || to.dtype() != from.dtype()) {
    dense = dense_like(from, to.dtype(), from.device());
    copy_on_gpu(dense, from);
  }
  const bool direct = lie_alike(to, dense);
  const Tensor arrived = direct ? to : dense_like(dense, dense.dtype(), to.device());
  if (arrived.numel() > 0) {
    order(target, source); // what arrived replaces may still be read
    check_status(driver().copy_peer(address(arrived), use(target).context, address(dense),
                                    use(source).context, static_cast<size_t>(arrived.nbytes()),
                                    current_stream(source)),
                 "cuMemcpyPeerAsync");
    order(source, target);
  }
  if (!direct) copy_on_gpu(to, arrived);
}

} // namespace

void copy(const Tensor& self, const Tensor& src) {
  if (self.is_cpu()) return copy_to_cpu(self, src);
  if (src.is_cpu()) return copy_to_gpu(self, src);
  if (self.device() != src.device()) return copy_between_gpus(self, src);
  copy_on_gpu(self, src);
}

void fill(const Tensor& self, const Scalar& value) {
  if (self.numel() == 0) return;
  const complex128 number = value.to<complex128>();
  const bool zero = number.real() == 0 && number.imag() == 0 && !std::signbit(number.real()) &&
                    !std::signbit(number.imag());
  if (zero && self.is_non_overlapping_and_dense()) {
    const Gpu& gpu = use(self.device().index);
    return check_status(
        driver().set_bytes(address(self), 0, static_cast<size_t>(self.nbytes()), current_stream(gpu.index)),
        "cuMemsetD8Async");
  }
  const Tensor constant = wrapped_number(value);
  const Tensor* const inputs[] = {&constant};
  pointwise(PointwiseOp::Identity, self.dtype(), self, inputs, 1, nullptr);
}

} // namespace torch::cuda
