// TORCH_API marks what libtorch.so shows to programs and to the bindings; everything else stays inside.
#pragma once

#define TORCH_API __attribute__((visibility("default")))
