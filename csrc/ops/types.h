// Types that appear in the signatures of ops.
#pragma once

#include "core/generator.h"
#include "core/ints.h"
#include "core/scalar.h"
#include "core/tensor.h"

#include <array>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>
