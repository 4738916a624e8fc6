// Integer-list arguments of ops: a view that can be made from a DimVec, a span, a braced list or one of the
// std containers.
#pragma once

#include "core/dims.h"

#include <optional>
#include <vector>

namespace torch {

class Ints : public IntSpan {
public:
  Ints() = default;
  Ints(IntSpan s) : IntSpan(s) {}
  Ints(const DimVec& v) : IntSpan(v.span()) {}
  Ints(const std::vector<int64_t>& v) : IntSpan(v) {}
  Ints(std::initializer_list<int64_t> v)
      : IntSpan(v.begin(), v.size()) {} // lives as long as the full expression
  IntSpan span() const { return *this; }
};
inline void append_text(std::string& out, const Ints& v) { detail::append_ints(out, v); }

class OptInts {
public:
  OptInts() = default;
  OptInts(std::nullopt_t) {}
  OptInts(IntSpan s) : span_(s), given_(true) {}
  OptInts(Ints s) : OptInts(s.span()) {}
  OptInts(const DimVec& v) : OptInts(v.span()) {}
  OptInts(const std::vector<int64_t>& v) : OptInts(IntSpan(v)) {}
  OptInts(std::initializer_list<int64_t> v) : OptInts(IntSpan(v.begin(), v.size())) {}
  bool has_value() const { return given_; }
  explicit operator bool() const { return given_; }
  IntSpan span() const { return span_; } // empty when not given

private:
  IntSpan span_;
  bool given_ = false;
};

// OptInts with its own memory, kept by a node.
class OptDims {
public:
  OptDims() = default;
  OptDims(OptInts o) : values_(o.span()), given_(o.has_value()) {}
  operator OptInts() const { return given_ ? OptInts(values_) : OptInts(); }
  IntSpan span() const { return values_; }

private:
  DimVec values_;
  bool given_ = false;
};

} // namespace torch
