#include "interpret/profiler.h"

#include "autograd/engine.h"
#include "core/allocator.h"
#include "ops/gate.h"

#include <chrono>
#include <sys/syscall.h>
#include <unistd.h>

namespace torch::profiler {

std::vector<std::string> (*program_stack)() = nullptr;

namespace {

class Recorder;
thread_local Recorder* recorder = nullptr;

class Recorder final : public gate::Interpreter, public autograd::NodeObserver {
public:
  explicit Recorder(Options options) : options_(options) {
    recording_.thread = static_cast<uint64_t>(syscall(SYS_gettid));
  }

  int32_t begin(std::string name, Kind kind) {
    Event e{.name = std::move(name), .kind = kind, .start = 0, .parent = open_};
    if (options_.memory) e.memory = -allocator_stats().allocated_bytes;
    if (options_.stack && program_stack && kind != Kind::Backward) e.stack = program_stack();
    open_ = static_cast<int32_t>(recording_.events.size());
    e.start = now();
    recording_.events.push_back(std::move(e));
    return open_;
  }
  void end(int32_t event) {
    const int64_t at = now();
    if (event < 0 || static_cast<size_t>(event) >= recording_.events.size()) return;
    Event& e = recording_.events[static_cast<size_t>(event)];
    if (e.end) return;
    e.end = at;
    if (options_.memory) e.memory += allocator_stats().allocated_bytes;
    // What was left open inside is no longer where new events go.
    for (int32_t i = open_; i >= 0; i = recording_.events[static_cast<size_t>(i)].parent)
      if (i == event) {
        open_ = e.parent;
        break;
      }
  }

  Values call(const OpDef& op, Values args) override {
    std::string name = std::string("aten::") + op.name;
    auto& events = recording_.events;
    const bool named = !events.empty() && open_ == static_cast<int32_t>(events.size()) - 1 &&
                       events.back().kind == Kind::Op && events.back().name == name;
    const Scope scope(*this, named ? -1 : begin(std::move(name), Kind::Op));
    if (options_.shapes) describe(events.back(), args);
    return gate::dispatch(op.id, std::move(args));
  }

  void before(const autograd::Node& n) override {
    std::string name = n.name();
    if (name == "AccumulateGrad") name = "torch::autograd::AccumulateGrad";
    nodes_.push_back(begin("autograd::engine::evaluate_function: " + name, Kind::Backward));
    begin(std::move(name), Kind::Backward);
  }
  void after() override {
    if (nodes_.empty()) return;
    const int32_t outer = nodes_.back();
    nodes_.pop_back();
    end(outer + 1);
    end(outer);
  }

  Recording take() {
    const int64_t at = now();
    for (Event& e : recording_.events)
      if (!e.end) {
        e.end = at;
        if (options_.memory) e.memory += allocator_stats().allocated_bytes;
      }
    return std::move(recording_);
  }

private:
  struct Scope {
    Recorder& recorder;
    int32_t event;
    Scope(Recorder& r, int32_t e) : recorder(r), event(e) {}
    ~Scope() { recorder.end(event); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
  };

  static void describe(Event& e, const Values& args) {
    for (const Value& v : args) {
      const auto* t = std::get_if<Tensor>(&v);
      const bool tensor = t && t->defined();
      e.shapes.push_back(tensor ? DimVec(t->sizes()) : DimVec());
      e.dtypes.emplace_back(tensor ? dtype_name(t->dtype()) : "");
    }
  }

  Options options_;
  Recording recording_;
  int32_t open_ = -1;
  std::vector<int32_t> nodes_; // events of nodes that are being called
};

std::shared_ptr<Recorder>& held() {
  thread_local std::shared_ptr<Recorder> r;
  return r;
}

} // namespace

int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool recording() { return recorder != nullptr; }

void start(Options options) {
  check(!recorder, "profiler: this thread is being recorded already");
  held() = std::make_shared<Recorder>(options);
  recorder = held().get();
  autograd::node_observer = recorder;
  gate::push(held());
}

Recording stop() {
  check(recorder != nullptr, "profiler: this thread is not being recorded");
  gate::remove(recorder);
  autograd::node_observer = nullptr;
  Recording result = recorder->take();
  recorder = nullptr;
  held().reset();
  return result;
}

int32_t begin(std::string name, Kind kind) { return recorder ? recorder->begin(std::move(name), kind) : -1; }
void end(int32_t event) {
  if (recorder) recorder->end(event);
}

} // namespace torch::profiler
