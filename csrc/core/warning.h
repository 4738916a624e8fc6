// Warnings to the user of the library.
#pragma once

#include <string>

namespace torch {

// What a warning does; Python's bindings make it a UserWarning, which may throw. Else it goes to stderr.
extern void (*warning_handler)(const char* text);

inline void warn(const char* text) { warning_handler(text); }
inline void warn(const std::string& text) { warning_handler(text.c_str()); }

} // namespace torch
