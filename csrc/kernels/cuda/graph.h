// Graphs: what a stream was given while it was captured, launched again as a whole.
//
// Note [Captured graphs]
// Tensors made during a capture come from a pool of the allocator that nobody else gets memory from, since
// each replay writes to the same addresses; pools can be shared by graphs that are replayed in the order of
// their captures. Random numbers: kernels read seed and offset of the generator from memory of the device,
// which is written before each replay, and add their own place in the graph's sequence (PhiloxSource).
#pragma once

#include "kernels/cuda/device/random_args.h"
#include "kernels/cuda/runtime.h"

namespace torch::cuda {

class CapturedGraph;

uint64_t new_graph_pool();
GraphHandle new_graph();
void delete_graph(GraphHandle graph) noexcept;
void begin_capture(GraphHandle graph, int device, uint64_t pool, int mode);
void end_capture(GraphHandle graph);
void replay(GraphHandle graph);
void reset_graph(GraphHandle graph);
uint64_t graph_pool(GraphHandle graph);
void print_graph(GraphHandle graph, const char* path);
void keep_graph(GraphHandle graph);

// Whether any capture is under way in the process: then some calls of the driver would break it.
bool captures_under_way();
// Whether this stream is being captured. Costs nothing where no capture is under way.
bool is_captured(Stream stream);
// The place of `words` in the sequence of the graph that captures this GPU's stream.
PhiloxSource captured_philox(Gpu& gpu, uint64_t words);

// Lets this thread make calls that a capture elsewhere forbids.
class RelaxedCapture {
public:
  RelaxedCapture();
  ~RelaxedCapture();
  RelaxedCapture(const RelaxedCapture&) = delete;
  RelaxedCapture& operator=(const RelaxedCapture&) = delete;

private:
  int mode_ = 2;
  bool active_;
};

} // namespace torch::cuda
