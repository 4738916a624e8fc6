#include "core/warning.h"

#include <cstdio>

namespace torch {

void (*warning_handler)(const char* text) = [](const char* text) {
  std::fprintf(stderr, "Warning: %s\n", text);
};

} // namespace torch
