// What a thread does while it is recorded: ops, nodes of backward, and blocks named by the program, each an
// event inside another. torch.profiler makes tables and traces of it.
#pragma once

#include "core/dims.h"
#include "core/dtype.h"

#include <string>
#include <vector>

namespace torch::profiler {

struct Options {
  bool shapes = false; // of tensor operands
  bool memory = false; // bytes of tensor data that are live more after the event than before
  bool stack = false;  // the lines of the program that called
};

enum class Kind : uint8_t { Op, Backward, Block };

struct Event {
  std::string name;
  Kind kind;
  int64_t start; // nanoseconds of now()
  int64_t end = 0;
  int32_t parent; // index of the event that this one lies in, or -1
  int64_t memory = 0;
  std::vector<DimVec> shapes;      // one for each argument, empty where it is no tensor
  std::vector<std::string> dtypes; // of the arguments, "" where it is no tensor
  std::vector<std::string> stack;  // innermost first
};

struct Recording {
  std::vector<Event> events; // in the order of their starts
  uint64_t thread = 0;       // the system's number of the thread
};

// Lines of the running program, innermost first. Set once by the embedding interpreter.
extern std::vector<std::string> (*program_stack)();

int64_t now(); // of a clock that never goes back
bool recording();
void start(Options options); // RuntimeError where this thread is recorded already
Recording stop();

// A block; end() takes what begin() gave. Without effect (-1) while nothing is recorded.
int32_t begin(std::string name, Kind kind = Kind::Block);
void end(int32_t event);

// An op called by name, for a scope; no name: nothing. If the first thing inside is the op of this name at
// the gate, both are one event.
class Block {
public:
  explicit Block(std::string name) : event_(name.empty() ? -1 : begin(std::move(name), Kind::Op)) {}
  ~Block() { end(event_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

private:
  int32_t event_;
};

} // namespace torch::profiler
