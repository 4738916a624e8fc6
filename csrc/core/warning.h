// Warnings to the user of the library.
#pragma once

#include <atomic>
#include <string>

namespace torch {

// What a warning does; Python's bindings make it a UserWarning, which may throw. Else it goes to stderr.
extern void (*warning_handler)(const char* text);

// torch.set_warn_always: warnings that are given once are given every time.
extern std::atomic<bool> warn_always;
// Whether a warning that is given once is due; `given` belongs to it.
inline bool warning_due(std::atomic<bool>& given) { return !given.exchange(true) || warn_always; }

inline void warn(const char* text) { warning_handler(text); }
inline void warn(const std::string& text) { warning_handler(text.c_str()); }

} // namespace torch
