# Where the libraries come from: SLEEF from the distribution, pybind11 from PyPI.

find_package(Threads REQUIRED)

# The interpreter also runs the generator and knows where the packages from PyPI are.
set(Python_FIND_VIRTUALENV FIRST)
if(TORCH_BUILD_PYTHON)
  find_package(Python 3.9 REQUIRED COMPONENTS Interpreter Development.Module)
else()
  find_package(Python 3.9 REQUIRED COMPONENTS Interpreter)
endif()

function(torch_ask_python variable code)
  execute_process(COMMAND ${Python_EXECUTABLE} -c "${code}"
    OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    set(answer "")
  endif()
  set(${variable} "${answer}" PARENT_SCOPE)
endfunction()

if(TORCH_BUILD_PYTHON)
  torch_ask_python(pybind11_hint "import pybind11; print(pybind11.get_cmake_dir())")
  set(PYBIND11_FINDPYTHON ON)
  find_package(pybind11 2.11 CONFIG REQUIRED HINTS ${pybind11_hint})
endif()

find_library(TORCH_SLEEF_LIBRARY sleef)
find_path(TORCH_SLEEF_INCLUDE_DIR sleef.h)
if(NOT TORCH_SLEEF_LIBRARY OR NOT TORCH_SLEEF_INCLUDE_DIR)
  message(FATAL_ERROR "SLEEF not found: apt-get install libsleef-dev")
endif()

# SYSTEM: their headers are not held to our warnings.
add_library(torch_native_libraries INTERFACE)
target_include_directories(torch_native_libraries SYSTEM INTERFACE ${TORCH_SLEEF_INCLUDE_DIR})
target_link_libraries(torch_native_libraries INTERFACE ${TORCH_SLEEF_LIBRARY})

# Gives the bundled copies a run path of their own (cmake/Install.cmake).
find_program(TORCH_PATCHELF patchelf)
