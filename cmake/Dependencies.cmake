# Where the libraries come from: SLEEF and libdeflate from the distribution, OpenBLAS and pybind11 from PyPI.

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

# For checksums only, so a few kilobytes of its archive become part of torch/_C.so.
if(TORCH_BUILD_PYTHON)
  find_library(TORCH_DEFLATE_LIBRARY libdeflate.a)
  find_path(TORCH_DEFLATE_INCLUDE_DIR libdeflate.h)
  if(NOT TORCH_DEFLATE_LIBRARY OR NOT TORCH_DEFLATE_INCLUDE_DIR)
    message(FATAL_ERROR "libdeflate not found: apt-get install libdeflate-dev")
  endif()
endif()

# SYSTEM: their headers are not held to our warnings.
add_library(torch_native_libraries INTERFACE)
target_include_directories(torch_native_libraries SYSTEM INTERFACE ${TORCH_SLEEF_INCLUDE_DIR})
target_link_libraries(torch_native_libraries INTERFACE ${TORCH_SLEEF_LIBRARY})

# OpenBLAS, for its LAPACK: the build that SciPy's own wheels carry, every symbol with the prefix scipy_. It is opened at
# the first call, not linked (csrc/kernels/lapack.cpp), so only its name is needed here.
torch_ask_python(TORCH_OPENBLAS_LIB_DIR "import scipy_openblas32 as o; print(o.get_lib_dir())")
if(NOT TORCH_OPENBLAS_LIB_DIR)
  message(FATAL_ERROR "OpenBLAS not found: ${Python_EXECUTABLE} -m pip install scipy-openblas32")
endif()
find_library(TORCH_OPENBLAS_LIBRARY scipy_openblas PATHS ${TORCH_OPENBLAS_LIB_DIR} REQUIRED NO_DEFAULT_PATH NO_CACHE)
execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${TORCH_OPENBLAS_LIBRARY} OUTPUT_VARIABLE openblas_header
  COMMAND_ERROR_IS_FATAL ANY)
if(NOT openblas_header MATCHES "SONAME +([^ \n]+)")
  message(FATAL_ERROR "${TORCH_OPENBLAS_LIBRARY} has no SONAME")
endif()
set(TORCH_OPENBLAS_SONAME ${CMAKE_MATCH_1})
set_source_files_properties(csrc/kernels/lapack.cpp PROPERTIES COMPILE_DEFINITIONS
  "TORCH_OPENBLAS_SONAME=\"${TORCH_OPENBLAS_SONAME}\"")

# Gives the bundled copies a run path of their own (cmake/Install.cmake).
find_program(TORCH_PATCHELF patchelf)
