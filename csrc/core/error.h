// Errors: one exception class whose kind says which Python class it becomes. Checks build their text only on
// failure.
#pragma once

#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace torch {

enum class ErrorKind : uint8_t {
  Runtime,
  Type,
  Value,
  Index,
  NotImplemented,
  OutOfMemory,
  Overflow,
  Buffer,
  LinAlg
};

class Error : public std::exception {
public:
  Error(ErrorKind kind, std::string text);
  ~Error() override; // key function: one typeinfo for every library
  const char* what() const noexcept override { return text_.c_str(); }
  ErrorKind kind() const { return kind_; }

private:
  ErrorKind kind_;
  std::string text_;
};

[[noreturn]] void fail(ErrorKind kind, std::string text);

namespace detail {
inline void append(std::string& out, std::string_view text) { out.append(text); }
inline void append(std::string& out, const char* text) { out.append(text); }
inline void append(std::string& out, const std::string& text) { out.append(text); }
inline void append(std::string& out, char c) { out.push_back(c); }
inline void append(std::string& out, bool b) { out.append(b ? "True" : "False"); }
void append_double(std::string& out, double value);
void append_ints(std::string& out, std::span<const int64_t> values);
template <class T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool> &&
         !std::is_same_v<T, char>) void append(std::string& out, T value) {
  out.append(std::to_string(value));
}
template <class T>
requires(std::is_floating_point_v<T>) void append(std::string& out, T value) {
  append_double(out, static_cast<double>(value));
}
// Sizes print as Python prints them: [2, 3].
inline void append(std::string& out, std::span<const int64_t> values) { append_ints(out, values); }
// Other types of the core join by `void append_text(std::string&, const T&)` found by argument-dependent
// lookup.
template <class T>
requires requires(std::string& out, const T& value) { append_text(out, value); }
void append(std::string& out, const T& value) { append_text(out, value); }
} // namespace detail

template <class... Parts> std::string concat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

template <class... Parts> void check_kind(ErrorKind kind, bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(kind, concat(parts...));
}
// check -> RuntimeError, and one name for each of the other common Python classes.
template <class... Parts> void check(bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(ErrorKind::Runtime, concat(parts...));
}
template <class... Parts> void check_type(bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(ErrorKind::Type, concat(parts...));
}
template <class... Parts> void check_value(bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(ErrorKind::Value, concat(parts...));
}
template <class... Parts> void check_index(bool ok, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(ErrorKind::Index, concat(parts...));
}
template <class... Parts> [[noreturn]] void not_implemented(const Parts&... parts) {
  fail(ErrorKind::NotImplemented, concat(parts...));
}

// For our own bugs only; never for what a user can do.
[[noreturn]] void assertion_failed(const char* what, const char* file, int line);
#define TORCH_ASSERT(condition)                                                                              \
  ((condition) ? void(0) : ::torch::assertion_failed(#condition, __FILE__, __LINE__))

} // namespace torch
