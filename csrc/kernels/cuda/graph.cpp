#include "kernels/cuda/graph.h"

#include "core/tensor.h"
#include "core/warning.h"
#include "kernels/cuda/philox.h"
#include "kernels/cuda/table.h"

namespace torch::cuda {

class CapturedGraph {
public:
  int device = -1;
  uint64_t pool = 0;
  Stream stream = nullptr; // while it is captured
  Graph graph = nullptr;
  GraphExec ready = nullptr;
  bool keep = false, holds_pool = false;
  Tensor random;      // seed and offset, written before a replay
  uint64_t words = 0; // that a replay draws of each thread's sequence
};

namespace {

std::atomic<int> under_way{0};
std::atomic<uint64_t> last_pool{0};
std::mutex captures_mutex;
std::vector<CapturedGraph*> captures;

CapturedGraph& of(GraphHandle handle) { return *reinterpret_cast<CapturedGraph*>(handle); } // NOLINT

void forget(CapturedGraph& g) {
  const std::lock_guard lock(captures_mutex);
  if (std::erase(captures, &g) > 0) --under_way;
  g.stream = nullptr;
}

} // namespace

bool captures_under_way() { return under_way.load(std::memory_order_relaxed) > 0; }

bool is_captured(Stream stream) {
  if (!captures_under_way()) [[likely]]
    return false;
  int status = 0;
  check_status(driver().capture_status(stream, &status), "cuStreamIsCapturing");
  return status != 0;
}

RelaxedCapture::RelaxedCapture() : active_(captures_under_way()) {
  if (active_) driver().exchange_capture_mode(&mode_);
}
RelaxedCapture::~RelaxedCapture() {
  if (active_) driver().exchange_capture_mode(&mode_);
}

PhiloxSource captured_philox(Gpu& gpu, uint64_t words) {
  const std::lock_guard lock(captures_mutex);
  for (CapturedGraph* const g : captures)
    if (g->device == gpu.index) {
      const PhiloxSource from{0, g->words, g->random.data<int64_t>()};
      g->words += words;
      return from;
    }
  fail(ErrorKind::Runtime, "random numbers are drawn on a stream that something else captures");
}

uint64_t new_graph_pool() { return ++last_pool; }
GraphHandle new_graph() { return reinterpret_cast<GraphHandle>(new CapturedGraph); }
uint64_t graph_pool(GraphHandle handle) {
  check(of(handle).pool != 0, "Called CUDAGraph::pool() without a preceding successful capture.");
  return of(handle).pool;
}
void keep_graph(GraphHandle handle) { of(handle).keep = true; }

void begin_capture(GraphHandle handle, int device, uint64_t pool, int mode) {
  CapturedGraph& g = of(handle);
  check(!g.ready && !g.stream,
        "This CUDAGraph instance already owns a captured graph. To capture a new graph, create a new "
        "instance.");
  Gpu& gpu = use(device);
  Stream const stream = current_stream(gpu.index);
  check(stream != nullptr,
        "CUDA graphs must be captured on a non-default stream. (However, after capture, it's ok to "
        "replay them on the default stream.)");
  {
    const std::lock_guard lock(captures_mutex);
    for (const CapturedGraph* const other : captures)
      check(other->device != gpu.index, "a stream of cuda:", gpu.index, " is being captured already");
  }
  g.device = gpu.index;
  g.random = empty_tensor(DimVec{2}, DType::Int64, Device{DeviceType::CUDA, static_cast<int8_t>(gpu.index)});
  g.words = 0;
  g.pool = pool ? pool : new_graph_pool();
  gpu.allocator->begin_pool(g.pool);
  g.holds_pool = true;
  const Status status = driver().capture_begin(stream, mode);
  if (status != kSuccess) {
    gpu.allocator->end_pool_use();
    gpu.allocator->release_pool(g.pool);
    g.holds_pool = false;
    check_status(status, "cuStreamBeginCapture");
  }
  g.stream = stream;
  const std::lock_guard lock(captures_mutex);
  captures.push_back(&g);
  ++under_way;
}

void end_capture(GraphHandle handle) {
  CapturedGraph& g = of(handle);
  check(g.stream != nullptr, "capture_end() without a capture that was begun");
  Gpu& gpu = use(g.device);
  const Status status = driver().capture_end(g.stream, &g.graph);
  forget(g);
  gpu.allocator->end_pool_use();
  check_status(status,
               "cuStreamEndCapture: something was done that cannot be captured, such as waiting for the "
               "device or reading a value on the host");
  check(g.graph != nullptr, "Invalid capture.");
  size_t nodes = 0;
  check_status(driver().graph_nodes(g.graph, nullptr, &nodes), "cuGraphGetNodes");
  if (nodes == 0)
    warn("The CUDA Graph is empty. This usually means that the graph was attempted to be captured on wrong "
         "device or "
         "stream.");
  check_status(driver().graph_instantiate(&g.ready, g.graph, 0), "cuGraphInstantiateWithFlags");
  if (!g.keep) {
    driver().graph_destroy(g.graph);
    g.graph = nullptr;
  }
}

void replay(GraphHandle handle) {
  CapturedGraph& g = of(handle);
  check(g.ready != nullptr, "Called CUDAGraph::replay without a preceding successful capture.");
  Gpu& gpu = use(g.device);
  check_failures(gpu);
  if (g.words > 0) {
    const PhiloxSource from = take_philox(gpu, g.words);
    const auto part = [&](int64_t i) { return alias(g.random, DimVec{}, DimVec{}, i); };
    fill(part(0), static_cast<int64_t>(from.seed));
    fill(part(1), static_cast<int64_t>(from.offset));
  }
  check_status(driver().graph_launch(g.ready, current_stream(gpu.index)), "cuGraphLaunch");
}

void print_graph(GraphHandle handle, const char* path) {
  CapturedGraph& g = of(handle);
  check(g.graph != nullptr,
        "CUDAGraph::debug_dump: the graph is kept only after enable_debug_mode(), which is called before "
        "the capture");
  constexpr unsigned kAll = 1 << 0; // with all that is known of the nodes
  check_status(driver().graph_print(g.graph, path, kAll), "cuGraphDebugDotPrint");
}

void reset_graph(GraphHandle handle) {
  CapturedGraph& g = of(handle);
  if (g.device < 0) return;
  if (!driver_is_initialized()) return; // a forked child has no graphs
  Gpu& gpu = use(g.device);
  if (g.stream) { // its capture was left by an exception
    Graph broken = nullptr;
    driver().capture_end(g.stream, &broken);
    if (broken) driver().graph_destroy(broken);
    forget(g);
    gpu.allocator->end_pool_use();
  }
  if (g.ready) driver().graph_exec_destroy(g.ready);
  if (g.graph) driver().graph_destroy(g.graph);
  g.ready = nullptr;
  g.graph = nullptr;
  if (g.holds_pool) gpu.allocator->release_pool(g.pool);
  g.holds_pool = false;
  g.random = Tensor();
}
void delete_graph(GraphHandle handle) noexcept {
  try {
    reset_graph(handle);
  } catch (const Error&) { // the context is gone, and the graph with it
  }
  delete &of(handle);
}

} // namespace torch::cuda
