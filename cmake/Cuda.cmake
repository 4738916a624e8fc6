# libtorch_cuda.so, opened by libtorch.so when something is asked of a CUDA device. Everything on the host is plain C++ that
# needs no toolkit; only the kernels go through nvcc. Nothing here is part of a build without the two options.
#
#   -DTORCH_CUDA=ON           kernels ahead of time, by nvcc of $PATH or of the PyPI packages (docs/cuda.md names them)
#   -DTORCH_CUDA_EMULATED=ON  a device that runs the same kernels on the CPU, for tests on machines without a GPU

option(TORCH_CUDA "Build the CUDA library with kernels compiled by nvcc" OFF)
option(TORCH_CUDA_EMULATED "Build the CUDA library and an emulated device that tests run on" OFF)
set(TORCH_CUDA_ARCHITECTURES "90" CACHE STRING "Compute capabilities to compile kernels for; the last one also as PTX for later GPUs")

if(NOT TORCH_CUDA AND NOT TORCH_CUDA_EMULATED)
  return()
endif()

set(cuda_generated ${CMAKE_BINARY_DIR}/generated_cuda)
torch_glob(cuda_sources csrc/kernels/cuda/*.cpp)
torch_glob(cuda_gen csrc/kernels/cuda/gen/*.py)
torch_glob(cuda_device_headers csrc/kernels/cuda/device/*.h csrc/kernels/pointwise*.h csrc/kernels/special*.h csrc/kernels/distribution_draws.h csrc/kernels/optim_rules.h csrc/core/dtype_list.h)

set(shards 00 01 02 03 04 05 06 07 08 09 10 11)
set(ahead_sources)
set(emulated_sources)
set(families attention attention_tensor rnn reduce index scan sort matmul softmax norm random optim pool conv resample bag loss special linalg)
foreach(family IN LISTS families)
  list(APPEND ahead_sources ${cuda_generated}/ahead/${family}.cu)
  list(APPEND emulated_sources ${cuda_generated}/emulated/${family}.cpp)
endforeach()
foreach(shard IN LISTS shards)
  list(APPEND ahead_sources ${cuda_generated}/ahead/pointwise_${shard}.cu)
  list(APPEND emulated_sources ${cuda_generated}/emulated/pointwise_${shard}.cpp)
endforeach()
add_custom_command(
  OUTPUT ${ahead_sources} ${emulated_sources} ${cuda_generated}/headers.cpp ${cuda_generated}/kernels/cuda/functors.h
  COMMAND ${Python_EXECUTABLE} ${CMAKE_SOURCE_DIR}/csrc/kernels/cuda/gen/sources.py --csrc ${CMAKE_SOURCE_DIR}/csrc
    --ops ${TORCH_GENERATED_DIR}/kernels/pointwise_ops.h --out ${cuda_generated}
  DEPENDS ${cuda_gen} ${cuda_device_headers} ${TORCH_GENERATED_DIR}/kernels/pointwise_ops.h
  COMMENT "Writing the sources of CUDA kernels" VERBATIM)

# --- kernels ahead of time ---
set(cuda_images)
if(TORCH_CUDA)
  torch_ask_python(nvidia_packages "import nvidia, os; print(os.path.join(list(nvidia.__path__)[0], 'cu13'))")
  find_program(TORCH_NVCC nvcc HINTS ${nvidia_packages}/bin REQUIRED)
  set(gencode)
  foreach(arch IN LISTS TORCH_CUDA_ARCHITECTURES)
    list(APPEND gencode -gencode=arch=compute_${arch},code=sm_${arch})
    set(last_arch ${arch})
  endforeach()
  list(LENGTH TORCH_CUDA_ARCHITECTURES arch_count)
  if(arch_count GREATER 1)
    list(APPEND gencode -gencode=arch=compute_${last_arch},code=compute_${last_arch})
  endif()
  torch_glob(cuda_kernel_sources csrc/kernels/cuda/*.cu)
  foreach(source IN LISTS ahead_sources cuda_kernel_sources)
    cmake_path(GET source STEM name)
    set(image ${CMAKE_BINARY_DIR}/cuda/${name}.fatbin)
    # Contraction would make results differ from the CPU's; a kernel that wants a fused multiply-add says so.
    add_custom_command(OUTPUT ${image}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/cuda
      COMMAND ${TORCH_NVCC} -std=c++20 -fatbin --compress-mode=size -fmad=false --expt-relaxed-constexpr
        -diag-suppress 20044 ${gencode} -I${CMAKE_SOURCE_DIR}/csrc ${source} -o ${image}
      DEPENDS ${source} ${cuda_device_headers}
      COMMENT "Compiling CUDA kernels ${name}" VERBATIM)
    list(APPEND cuda_images ${image})
  endforeach()
endif()
add_custom_command(OUTPUT ${cuda_generated}/images.cpp
  COMMAND ${Python_EXECUTABLE} ${CMAKE_SOURCE_DIR}/csrc/kernels/cuda/gen/embed.py ${cuda_generated}/images.cpp ${cuda_images}
  DEPENDS ${cuda_images} ${CMAKE_SOURCE_DIR}/csrc/kernels/cuda/gen/embed.py VERBATIM)

# --- the library ---
# Without kernels it is of use with the emulated device only: then libtorch.so is not to find it by itself.
if(TORCH_CUDA)
  set(cuda_output ${CMAKE_BINARY_DIR}/lib)
else()
  set(cuda_output ${CMAKE_BINARY_DIR}/cuda)
endif()
add_library(torch_cuda SHARED ${cuda_sources} ${cuda_generated}/headers.cpp ${cuda_generated}/images.cpp
  ${cuda_generated}/kernels/cuda/functors.h)
torch_configure_target(torch_cuda)
target_include_directories(torch_cuda PRIVATE ${cuda_generated})
target_compile_definitions(torch_cuda PRIVATE TORCH_ISA=cuda)
set_target_properties(torch_cuda PROPERTIES
  CXX_VISIBILITY_PRESET hidden
  LIBRARY_OUTPUT_DIRECTORY ${cuda_output}
  INSTALL_RPATH "$ORIGIN")
target_link_libraries(torch_cuda PRIVATE torch ${CMAKE_DL_LIBS})
target_link_options(torch_cuda PRIVATE -Wl,-z,defs -Wl,-Bsymbolic -Wl,--gc-sections -Wl,--as-needed -Wl,-O1)
torch_needs_generated(torch_cuda)
if(TORCH_CUDA)
  add_custom_command(TARGET torch_cuda POST_BUILD
    COMMAND ${Python_EXECUTABLE} -c "import os,sys; print('libtorch_cuda.so: %.1f MB' % (os.path.getsize(sys.argv[1]) / 1e6))"
      $<TARGET_FILE:torch_cuda> VERBATIM)
  install(TARGETS torch_cuda LIBRARY DESTINATION torch/lib)
endif()

# --- the emulated device ---
if(TORCH_CUDA_EMULATED)
  torch_glob(emulated_driver_sources csrc/kernels/cuda/emulated/*.cpp)
  add_library(torch_cuda_emulated SHARED ${emulated_driver_sources} ${emulated_sources})
  torch_configure_target(torch_cuda_emulated)
  target_compile_options(torch_cuda_emulated PRIVATE -O1 -ffp-contract=off -Wno-unknown-pragmas -Wno-maybe-uninitialized)
  set_target_properties(torch_cuda_emulated PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/cuda)
  target_link_libraries(torch_cuda_emulated PRIVATE torch ${CMAKE_DL_LIBS}) # for its LAPACK
endif()
