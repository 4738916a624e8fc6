#include "core/warning.h"

#include <cstdio>

namespace torch {

std::atomic<bool> warn_always = false;

void (*warning_handler)(const char* text) = [](const char* text) {
  std::fprintf(stderr, "Warning: %s\n", text);
};

} // namespace torch
