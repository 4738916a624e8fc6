# Options of the build and the two glob helpers.

set(TORCH_ISAS "all" CACHE STRING
  "Instruction sets to compile the CPU kernels for: 'all', 'native' (the best this machine has) or a list of v2 avx2 avx512")
option(TORCH_BUILD_PYTHON "Build the Python module torch._C" ON)
option(TORCH_SANITIZE "Instrument with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(TORCH_DEBUG_INFO "Compile with -g1: line numbers in backtraces, at the price of compile time and size" OFF)
option(TORCH_WERROR "Treat compiler warnings as errors" OFF)
if(TORCH_ISAS STREQUAL "native")
  set(unity_default OFF)
else()
  set(unity_default ON)
endif()
option(TORCH_UNITY "Compile several files as one: a clean build takes less time, a change of one file more" ${unity_default})
option(TORCH_BUNDLE_LIBRARIES "Install the native libraries next to libtorch.so" ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

if(NOT CMAKE_CXX_COMPILER_LAUNCHER AND NOT DEFINED ENV{CMAKE_CXX_COMPILER_LAUNCHER})
  find_program(TORCH_CCACHE ccache)
  if(TORCH_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${TORCH_CCACHE})
  endif()
endif()

# The standard library's headers are the larger part of what most files have to read.
function(torch_unity target files)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${TORCH_UNITY} UNITY_BUILD_BATCH_SIZE ${files})
endfunction()

# A folder may still be empty or missing: the result is then an empty list.
macro(torch_glob variable)
  file(GLOB ${variable} CONFIGURE_DEPENDS LIST_DIRECTORIES false ${ARGN})
endmacro()
macro(torch_glob_recurse variable)
  file(GLOB_RECURSE ${variable} CONFIGURE_DEPENDS LIST_DIRECTORIES false ${ARGN})
endmacro()
