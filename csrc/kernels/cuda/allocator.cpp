#include "kernels/cuda/allocator.h"

#include "core/backend.h"
#include "core/warning.h"
#include "kernels/cuda/graph.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace torch::cuda {

namespace {

constexpr size_t kUnit = 512;                 // sizes are multiples of it
constexpr size_t kSmallMax = size_t{1} << 20; // what the segment of small blocks takes
constexpr size_t kSmallChunk = size_t{2} << 20;
constexpr size_t kLargeChunk = size_t{20} << 20;

constexpr size_t kAddresses = 4; // of a segment, for every byte of memory

constexpr size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

} // namespace

std::string bytes_text(int64_t bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return concat(bytes, " bytes");
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  char text[40];
  std::snprintf(text, sizeof text, "%.2f %s", value, kUnits[unit]);
  return text;
}

AllocatorSettings parse_settings(const char* text) {
  AllocatorSettings settings;
  std::string_view rest = text ? text : "";
  const auto number = [](std::string_view key, std::string_view value) {
    const std::string copy(value);
    char* end = nullptr;
    const double parsed = std::strtod(copy.c_str(), &end);
    check_value(end && *end == 0 && !copy.empty(), "PYTORCH_CUDA_ALLOC_CONF: ", key, " wants a number, got '",
                copy, "'");
    return parsed;
  };
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const size_t colon = item.find(':');
    std::string_view key = item.substr(0, colon);
    const std::string_view value = colon == std::string_view::npos ? "" : item.substr(colon + 1);
    while (!key.empty() && key.front() == ' ') key.remove_prefix(1);
    if (key == "garbage_collection_threshold") {
      settings.collect_above = number(key, value);
      check_value(settings.collect_above > 0 && settings.collect_above < 1,
                  "PYTORCH_CUDA_ALLOC_CONF: garbage_collection_threshold lies between 0 and 1, got ", value);
    } else if (key == "roundup_power2_divisions") {
      settings.round_divisions = static_cast<int64_t>(number(key, value));
      check_value(settings.round_divisions > 0 &&
                      std::has_single_bit(static_cast<uint64_t>(settings.round_divisions)),
                  "PYTORCH_CUDA_ALLOC_CONF: roundup_power2_divisions is a power of two, got ", value);
    } else if (key == "expandable_segments") {
      check_value(value == "True" || value == "False",
                  "PYTORCH_CUDA_ALLOC_CONF: expandable_segments is True or False");
      if (value == "False")
        warn("PYTORCH_CUDA_ALLOC_CONF: expandable_segments:False has no effect, all segments are expandable");
    } else if (key == "max_split_size_mb" || key == "backend" || key == "pinned_use_background_threads") {
      warn(concat("PYTORCH_CUDA_ALLOC_CONF: ", key,
                  " has no effect on this allocator, whose segments grow in place"));
    } else {
      fail(ErrorKind::Value, concat("PYTORCH_CUDA_ALLOC_CONF: unknown key '", key,
                                    "': known are garbage_collection_threshold, roundup_power2_divisions and "
                                    "expandable_segments"));
    }
  }
  return settings;
}

Allocator::Allocator(const Driver& driver, int device, AllocatorSettings settings)
    : driver_(driver), device_(device), settings_(settings) {
  size_t free = 0;
  check_status(driver_.memory_info(&free, &total_), "cuMemGetInfo");
  limit_ = total_;
  MemoryProperties properties;
  properties.location = {kOnDevice, device_};
  check_status(driver_.granularity(&granularity_, &properties, kReadWriteGranularity),
               "cuMemGetAllocationGranularity");
}

// Only tests end an allocator before the process ends.
Allocator::~Allocator() {
  finish_pending(true);
  release_free();
  for (auto& [key, segment] : segments_) {
    for (Block* b = segment->first; b;) {
      Block* const next = b->after;
      delete b;
      b = next;
    }
    driver_.free_reserved(segment->base, segment->bytes);
  }
}

size_t Allocator::rounded(int64_t bytes) const {
  size_t n = round_up(std::max<size_t>(static_cast<size_t>(bytes), 1), kUnit);
  if (settings_.round_divisions > 1 && n > kUnit * static_cast<size_t>(settings_.round_divisions))
    n = round_up(n, std::bit_floor(n) / static_cast<size_t>(settings_.round_divisions));
  return n;
}

uint64_t Allocator::pool_for(Stream stream) const {
  if (!capturing_) return 0;
  int status = 0;
  return driver_.capture_status(stream, &status) == kSuccess && status != 0 ? capturing_ : 0;
}

Allocator::Segment& Allocator::segment_for(uint64_t pool, Stream stream, bool large) {
  std::unique_ptr<Segment>& found = segments_[{pool, stream, large}];
  if (found) return *found;
  auto segment = std::make_unique<Segment>();
  segment->pool = pool;
  segment->stream = stream;
  segment->large = large;
  segment->chunk = round_up(large ? kLargeChunk : kSmallChunk, granularity_);
  // Addresses cost nothing, and many of them find room for a large block where those between others are too
  // short.
  segment->bytes = round_up(kAddresses * total_, segment->chunk);
  check_status(driver_.reserve(&segment->base, segment->bytes, 0, 0, 0), "cuMemAddressReserve");
  segment->chunks.resize(segment->bytes / segment->chunk);
  segment->first = new Block{segment->base, segment->bytes, segment.get(), Block::State::Unmapped};
  found = std::move(segment);
  stats_.segment.add(large, 1);
  return *found;
}

Allocator::Block* Allocator::split(Block* block, size_t bytes) {
  auto* const rest =
      new Block{block->at + bytes, block->bytes - bytes, block->segment, block->state, block, block->after};
  if (rest->after) rest->after->before = rest;
  block->after = rest;
  block->bytes = bytes;
  return rest;
}

Allocator::Block* Allocator::join(Block* block) {
  const auto absorb = [](Block* into, Block* next) {
    into->bytes += next->bytes;
    into->after = next->after;
    if (next->after) next->after->before = into;
    delete next;
  };
  auto& free = block->segment->free;
  if (Block* const next = block->after; next && next->state == block->state) {
    if (next->state == Block::State::Free) free.erase(next);
    absorb(block, next);
  }
  if (Block* const previous = block->before; previous && previous->state == block->state) {
    if (previous->state == Block::State::Free) free.erase(previous);
    absorb(previous, block);
    block = previous;
  }
  return block;
}

// `block` is in no set.
void Allocator::make_free(Block* block) {
  block->state = Block::State::Free;
  block = join(block);
  block->segment->free.insert(block);
}

// Maps at least `bytes` at the start of an unmapped block; they become free. False without memory for all of
// it (what there was is free all the same).
bool Allocator::map(Segment& segment, Block* hole, size_t bytes) {
  MemoryProperties properties;
  properties.location = {kOnDevice, device_};
  const size_t first = (hole->at - segment.base) / segment.chunk,
               wanted = round_up(bytes, segment.chunk) / segment.chunk;
  size_t done = 0;
  for (; done < wanted; ++done) {
    if (mapped_ + segment.chunk > limit_) break;
    Physical handle = 0;
    const Status status = driver_.create(&handle, segment.chunk, &properties, 0);
    if (status == kOutOfMemory) break;
    check_status(status, "cuMemCreate");
    const Status mapped = driver_.map(hole->at + done * segment.chunk, segment.chunk, 0, handle, 0);
    if (mapped != kSuccess) {
      driver_.release(handle);
      check_status(mapped, "cuMemMap");
    }
    segment.chunks[first + done] = handle;
    mapped_ += segment.chunk;
  }
  if (done == 0) return false;
  const size_t got = done * segment.chunk;
  MemoryAccess access;
  access.location = {kOnDevice, device_};
  check_status(driver_.set_access(hole->at, got, &access, 1), "cuMemSetAccess");
  stats_.reserved_bytes.add(segment.large, static_cast<int64_t>(got));
  if (got < hole->bytes) split(hole, got);
  make_free(hole);
  return done == wanted;
}

// Room for `bytes` in one piece: the first unmapped block that is large enough together with the free ones
// around it.
bool Allocator::grow(Segment& segment, size_t bytes) {
  for (Block* b = segment.first; b; b = b->after) {
    if (b->state != Block::State::Unmapped) continue;
    const auto room = [](const Block* neighbour) {
      return neighbour && neighbour->state == Block::State::Free ? neighbour->bytes : 0;
    };
    const size_t in_front = room(b->before);
    if (in_front + b->bytes + room(b->after) >= bytes)
      return map(segment, b, std::min(b->bytes, bytes - in_front));
  }
  return false;
}

Allocator::Block* Allocator::take(Segment& segment, size_t bytes) {
  Block wanted{0, bytes, nullptr, Block::State::Free};
  const auto at = segment.free.lower_bound(&wanted);
  if (at == segment.free.end()) return nullptr;
  Block* const block = *at;
  segment.free.erase(at);
  if (block->bytes > bytes) segment.free.insert(split(block, bytes));
  block->state = Block::State::Used;
  return block;
}

void* Allocator::allocate(int64_t bytes, Stream stream) {
  if (bytes == 0) return nullptr;
  const std::lock_guard lock(mutex_);
  finish_pending(false);
  const size_t size = rounded(bytes);
  // More than there is: no search, which would free the caches for nothing.
  if (bytes < 0 || static_cast<size_t>(bytes) > total_) fail_memory(bytes);
  Segment& segment = segment_for(pool_for(stream), stream, size > kSmallMax);
  Block* block = take(segment, size);
  if (!block) {
    const RelaxedCapture relaxed;
    const bool may_wait = !captures_under_way();
    if (may_wait && settings_.collect_above > 0 &&
        static_cast<double>(mapped_ + size) > settings_.collect_above * static_cast<double>(limit_))
      release_free();
    if (!grow(segment, size)) {
      ++stats_.retries;
      if (!may_wait) fail_memory(bytes);
      finish_pending(true);
      if (!(block = take(segment, size))) {
        release_free();
        if (!grow(segment, size)) fail_memory(bytes);
      }
    }
    if (!block) block = take(segment, size);
    TORCH_ASSERT(block);
  }
  block->requested = bytes;
  used_.emplace(block->at, block);
  const auto own = static_cast<int64_t>(block->bytes);
  stats_.allocation.add(segment.large, 1);
  stats_.active.add(segment.large, 1);
  stats_.allocated_bytes.add(segment.large, own);
  stats_.active_bytes.add(segment.large, own);
  stats_.requested_bytes.add(segment.large, bytes);
  return reinterpret_cast<void*>(block->at);
}

void Allocator::free(void* at) noexcept {
  if (!at) return;
  const std::lock_guard lock(mutex_);
  const auto found = used_.find(reinterpret_cast<Address>(at));
  if (found == used_.end()) return;
  Block* const block = found->second;
  used_.erase(found);
  const bool large = block->segment->large;
  const auto own = static_cast<int64_t>(block->bytes);
  stats_.allocation.add(large, -1);
  stats_.allocated_bytes.add(large, -own);
  stats_.requested_bytes.add(large, -block->requested);
  // A forked child has no driver: there the block is only forgotten.
  if (!block->others.empty() && driver_is_initialized()) {
    block->state = Block::State::Waiting;
    if (captures_under_way()) // an event would become part of them
      freed_in_captures_.push_back(block);
    else
      await_others(block);
    return;
  }
  stats_.active.add(large, -1);
  stats_.active_bytes.add(large, -own);
  make_free(block);
}

// The block gets free when the streams that have used it are past what they have now.
void Allocator::await_others(Block* block) {
  Pending waiting{block, {}};
  for (const Stream other : block->others) {
    Event event = nullptr;
    if (driver_.event_create(&event, kNoTiming) != kSuccess) continue;
    if (driver_.event_record(event, other) == kSuccess)
      waiting.events.push_back(event);
    else
      driver_.event_destroy(event);
  }
  block->others.clear();
  pending_.push_back(std::move(waiting));
}

void Allocator::begin_pool(uint64_t pool) {
  const std::lock_guard lock(mutex_);
  capturing_ = pool;
  ++pool_holders_[pool];
}
void Allocator::end_pool_use() {
  const std::lock_guard lock(mutex_);
  capturing_ = 0;
}
void Allocator::release_pool(uint64_t pool) {
  const std::lock_guard lock(mutex_);
  if (const auto held = pool_holders_.find(pool); held != pool_holders_.end() && --held->second == 0)
    pool_holders_.erase(held);
}

void Allocator::record_stream(void* at, Stream stream) {
  const std::lock_guard lock(mutex_);
  const auto found = used_.find(reinterpret_cast<Address>(at));
  if (found == used_.end()) return; // memory that somebody else lent
  Block* const block = found->second;
  if (block->segment->stream == stream) return;
  if (std::find(block->others.begin(), block->others.end(), stream) == block->others.end())
    block->others.push_back(stream);
}

void Allocator::finish_pending(bool wait) {
  if (captures_under_way()) return; // asking for an event would break them
  for (Block* const block : freed_in_captures_) await_others(block);
  freed_in_captures_.clear();
  std::erase_if(pending_, [&](Pending& p) {
    std::erase_if(p.events, [&](Event e) {
      const Status status = wait ? driver_.event_synchronize(e) : driver_.event_query(e);
      if (status == kNotReady) return false;
      driver_.event_destroy(e);
      return true;
    });
    if (!p.events.empty()) return false;
    stats_.active.add(p.block->segment->large, -1);
    stats_.active_bytes.add(p.block->segment->large, -static_cast<int64_t>(p.block->bytes));
    make_free(p.block);
    return true;
  });
}

// Unmaps the whole chunks in free blocks. What was launched may still use them.
void Allocator::release_free() {
  check_status(driver_.synchronize(), "cuCtxSynchronize");
  for (auto& [key, segment] : segments_) {
    if (pool_holders_.contains(segment->pool)) continue; // a replay may write there
    const std::vector<Block*> candidates(segment->free.begin(), segment->free.end());
    for (Block* block : candidates) {
      const size_t from = round_up(block->at - segment->base, segment->chunk);
      const size_t to = (block->at + block->bytes - segment->base) / segment->chunk * segment->chunk;
      if (from >= to) continue;
      segment->free.erase(block);
      if (const size_t head = segment->base + from - block->at; head > 0) {
        Block* const rest = split(block, head);
        segment->free.insert(block);
        block = rest;
      }
      if (to - from < block->bytes) segment->free.insert(split(block, to - from));
      driver_.unmap(block->at, block->bytes);
      for (size_t c = from / segment->chunk; c < to / segment->chunk; ++c) {
        driver_.release(segment->chunks[c]);
        segment->chunks[c] = 0;
      }
      mapped_ -= block->bytes;
      stats_.reserved_bytes.add(segment->large, -static_cast<int64_t>(block->bytes));
      block->state = Block::State::Unmapped;
      join(block);
    }
  }
}

void Allocator::release_cache() {
  const std::lock_guard lock(mutex_);
  if (captures_under_way()) return;
  finish_pending(true);
  release_free();
}

void Allocator::set_fraction(double fraction) {
  check_value(fraction >= 0 && fraction <= 1, "Invalid fraction value: ", fraction, ". Allowed range [0, 1]");
  const std::lock_guard lock(mutex_);
  limit_ = static_cast<size_t>(fraction * static_cast<double>(total_));
}

void Allocator::fail_memory(int64_t bytes) {
  ++stats_.failures;
  size_t free = 0, total = total_;
  driver_.memory_info(&free, &total);
  std::map<int64_t, int, std::greater<>> holders; // size -> how many
  for (const auto& [at, block] : used_) ++holders[block->requested];
  std::string largest;
  int listed = 0;
  for (const auto& [size, count] : holders) {
    if (++listed > 5) break;
    largest.append(listed > 1 ? ", " : "")
        .append(count > 1 ? concat(count, " x ") : "")
        .append(bytes_text(size));
  }
  const int64_t allocated = stats_.allocated_bytes.of[0].current,
                reserved = stats_.reserved_bytes.of[0].current;
  throw DeviceError(
      DeviceError::What::OutOfMemory,
      concat("CUDA out of memory. Tried to allocate ", bytes_text(bytes), ". GPU ", device_,
             " has a total capacity of ", bytes_text(static_cast<int64_t>(total)), " of which ",
             bytes_text(static_cast<int64_t>(free)), " is free. ",
             limit_ < total_ ? concat(bytes_text(static_cast<int64_t>(limit_)), " allowed; ") : "",
             bytes_text(allocated), " is in use by tensors, ", bytes_text(reserved - allocated),
             " is reserved but unallocated.", largest.empty() ? "" : " The largest tensors hold ", largest,
             largest.empty() ? "" : "."));
}

MemoryStats Allocator::stats() {
  const std::lock_guard lock(mutex_);
  return stats_;
}

namespace {
template <class F> void each_counter(MemoryStats& s, F f) {
  for (MemoryStats::Pools* pools : {&s.allocation, &s.segment, &s.active, &s.requested_bytes,
                                    &s.allocated_bytes, &s.active_bytes, &s.reserved_bytes})
    for (Counter& c : pools->of) f(c);
}
} // namespace

void Allocator::reset_peaks() {
  const std::lock_guard lock(mutex_);
  each_counter(stats_, [](Counter& c) { c.peak = c.current; });
}
void Allocator::reset_totals() {
  const std::lock_guard lock(mutex_);
  each_counter(stats_, [](Counter& c) { c.gained = c.lost = 0; });
  stats_.retries = stats_.failures = 0;
}

std::vector<Allocator::Region> Allocator::regions() {
  const std::lock_guard lock(mutex_);
  std::vector<Region> found;
  for (const auto& [key, segment] : segments_)
    for (const Block* b = segment->first; b; b = b->after)
      if (b->state != Block::State::Unmapped)
        found.push_back({b->at, static_cast<int64_t>(b->bytes), segment->stream, segment->large,
                         b->state == Block::State::Used});
  return found;
}

} // namespace torch::cuda
