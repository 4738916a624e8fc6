# Flags shared by all targets: C++20, warnings, optional instrumentation.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_COLOR_DIAGNOSTICS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

# What every translation unit may rely on; newer instructions are for csrc/kernels/cpu only.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(TORCH_X86 TRUE)
  set(TORCH_BASELINE_FLAGS -march=x86-64-v2)
else()
  set(TORCH_X86 FALSE)
  set(TORCH_BASELINE_FLAGS)
endif()

set(TORCH_COMMON_FLAGS -Wall -Wextra -Wno-missing-field-initializers -ffunction-sections -fdata-sections -fno-semantic-interposition)
if(TORCH_WERROR)
  list(APPEND TORCH_COMMON_FLAGS -Werror)
endif()
if(TORCH_DEBUG_INFO OR TORCH_SANITIZE)
  list(APPEND TORCH_COMMON_FLAGS -g1)
endif()
set(TORCH_SANITIZE_FLAGS)
if(TORCH_SANITIZE)
  # vptr wants one type_info per class in the process; each set of sealed kernels has its own.
  set(TORCH_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  list(APPEND TORCH_COMMON_FLAGS ${TORCH_SANITIZE_FLAGS} -O1)
endif()

function(torch_configure_target target)
  target_compile_options(${target} PRIVATE ${TORCH_BASELINE_FLAGS} ${TORCH_COMMON_FLAGS})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/csrc ${TORCH_GENERATED_DIR})
  target_link_options(${target} PRIVATE ${TORCH_SANITIZE_FLAGS})
endfunction()
