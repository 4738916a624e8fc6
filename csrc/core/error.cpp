#include "core/error.h"

#include <cstdio>

namespace torch {

Error::Error(ErrorKind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
Error::~Error() = default;

void fail(ErrorKind kind, std::string text) { throw Error(kind, std::move(text)); }

void assertion_failed(const char* what, const char* file, int line) {
  throw Error(ErrorKind::Runtime, concat("internal assertion failed: ", what, " (", file, ":", line,
                                         "); please report this as a bug"));
}

namespace detail {

void append_double(std::string& out, double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%g", value);
  out.append(buffer);
}

void append_ints(std::string& out, std::span<const int64_t> values) {
  out.push_back('[');
  for (size_t i = 0; i < values.size(); ++i) {
    if (i) out.append(", ");
    out.append(std::to_string(values[i]));
  }
  out.push_back(']');
}

} // namespace detail
} // namespace torch
