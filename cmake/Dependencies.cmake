# Where the libraries come from: oneDNN and SLEEF from the distribution, OpenBLAS and pybind11 from PyPI.

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

# OpenBLAS: the build that SciPy's own wheels carry; every symbol has the prefix scipy_.
torch_ask_python(TORCH_OPENBLAS_LIB_DIR "import scipy_openblas32 as o; print(o.get_lib_dir())")
torch_ask_python(TORCH_OPENBLAS_INCLUDE_DIR "import scipy_openblas32 as o; print(o.get_include_dir())")
if(NOT TORCH_OPENBLAS_LIB_DIR)
  message(FATAL_ERROR "OpenBLAS not found: ${Python_EXECUTABLE} -m pip install scipy-openblas32")
endif()

find_library(TORCH_DNNL_LIBRARY dnnl)
find_path(TORCH_DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp)
if(NOT TORCH_DNNL_LIBRARY OR NOT TORCH_DNNL_INCLUDE_DIR)
  message(FATAL_ERROR "oneDNN not found: apt-get install libdnnl-dev")
endif()
find_library(TORCH_SLEEF_LIBRARY sleef)
find_path(TORCH_SLEEF_INCLUDE_DIR sleef.h)
if(NOT TORCH_SLEEF_LIBRARY OR NOT TORCH_SLEEF_INCLUDE_DIR)
  message(FATAL_ERROR "SLEEF not found: apt-get install libsleef-dev")
endif()

find_library(TORCH_OPENBLAS_LIBRARY scipy_openblas PATHS ${TORCH_OPENBLAS_LIB_DIR} REQUIRED NO_DEFAULT_PATH NO_CACHE)

# SYSTEM: their headers are not held to our warnings.
add_library(torch_native_headers INTERFACE)
target_include_directories(torch_native_headers SYSTEM INTERFACE
  ${TORCH_DNNL_INCLUDE_DIR} ${TORCH_SLEEF_INCLUDE_DIR} ${TORCH_OPENBLAS_INCLUDE_DIR})

# The name under which a shared library wants to be opened.
function(torch_soname variable library)
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${library} OUTPUT_VARIABLE header COMMAND_ERROR_IS_FATAL ANY)
  if(NOT header MATCHES "SONAME +([^ \n]+)")
    message(FATAL_ERROR "${library} has no SONAME")
  endif()
  set(${variable} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

# The stubs are x86-64 assembly; elsewhere the libraries are linked as usual.
set(TORCH_LAZY_LIBRARIES ${TORCH_X86})
add_library(torch_native_libraries INTERFACE)
target_link_libraries(torch_native_libraries INTERFACE torch_native_headers ${TORCH_SLEEF_LIBRARY})
if(TORCH_LAZY_LIBRARIES)
  torch_soname(dnnl_soname ${TORCH_DNNL_LIBRARY})
  torch_soname(openblas_soname ${TORCH_OPENBLAS_LIBRARY})
  set_source_files_properties(csrc/kernels/lazy_libraries.cpp PROPERTIES COMPILE_DEFINITIONS
    "TORCH_DNNL_SONAME=\"${dnnl_soname}\";TORCH_OPENBLAS_SONAME=\"${openblas_soname}\"")
else()
  target_link_libraries(torch_native_libraries INTERFACE ${TORCH_DNNL_LIBRARY} ${TORCH_OPENBLAS_LIBRARY})
endif()

# Gives the bundled copies a run path of their own (cmake/Install.cmake).
find_program(TORCH_PATCHELF patchelf)
