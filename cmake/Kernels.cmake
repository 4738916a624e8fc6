# CPU kernels, compiled once for each instruction set.
#
# Each copy lives in its own namespace (TORCH_ISA). That alone is not enough: an inline function of a shared header or a
# std:: template is a weak symbol, the linker keeps one copy of it, and the one compiled for AVX-512 would then run in
# baseline code. So the objects of one instruction set are first linked into a single relocatable object, in which every
# symbol except its kernel table is made local; what is left to the final link cannot be confused.

set(TORCH_KERNEL_OBJECTS)
set(TORCH_HAVE_ISA_DEFINITIONS)
torch_glob(cpu_kernel_sources csrc/kernels/cpu/*.cpp)
list(APPEND cpu_kernel_sources ${TORCH_GENERATED_CPU_SOURCES})

if(TORCH_X86)
  set(known_isas v2 avx2 avx512)
else()
  set(known_isas neon)
endif()
set(isa_flags_v2 -march=x86-64-v2)
set(isa_flags_avx2 -march=x86-64-v3)
set(isa_flags_avx512 -march=x86-64-v4 -mprefer-vector-width=512)
set(isa_flags_neon)

if(TORCH_ISAS STREQUAL "all" OR NOT TORCH_X86)
  set(isas ${known_isas})
elseif(TORCH_ISAS STREQUAL "native")
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -march=native -dM -E -x c++ /dev/null
    OUTPUT_VARIABLE native_macros COMMAND_ERROR_IS_FATAL ANY)
  if(native_macros MATCHES "__AVX512VL__" AND native_macros MATCHES "__AVX512BW__" AND native_macros MATCHES "__AVX512DQ__")
    set(isas avx512)
  elseif(native_macros MATCHES "__AVX2__" AND native_macros MATCHES "__FMA__")
    set(isas avx2)
  else()
    set(isas v2)
  endif()
else()
  string(REGEX REPLACE "[ ,]+" ";" isas "${TORCH_ISAS}")
endif()

# Errno and traps are nobody's business here; contraction and reassociation would change results between instruction
# sets and against the reference, so a kernel that wants a fused multiply-add says so.
set(kernel_flags -O3 -fno-math-errno -fno-trapping-math -ffp-contract=off -fno-gnu-unique)
if(TORCH_SANITIZE)
  list(REMOVE_ITEM kernel_flags -O3)
endif()

# The compiler inlines less in a large file, which these would notice.
torch_glob(by_themselves csrc/kernels/cpu/conv*.cpp csrc/kernels/cpu/gemm*.cpp csrc/kernels/cpu/attention.cpp)
set_source_files_properties(${by_themselves} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

foreach(isa IN LISTS isas)
  if(NOT isa IN_LIST known_isas)
    message(FATAL_ERROR "TORCH_ISAS: unknown instruction set '${isa}'; known: ${known_isas}")
  endif()
  if(NOT cpu_kernel_sources)
    continue()
  endif()
  string(TOUPPER ${isa} upper)
  list(APPEND TORCH_HAVE_ISA_DEFINITIONS TORCH_HAVE_ISA_${upper}=1)

  add_library(kernels_${isa} OBJECT ${cpu_kernel_sources})
  target_compile_options(kernels_${isa} PRIVATE ${TORCH_COMMON_FLAGS} ${kernel_flags} ${isa_flags_${isa}})
  target_compile_definitions(kernels_${isa} PRIVATE TORCH_ISA=isa_${isa})
  target_include_directories(kernels_${isa} PRIVATE ${CMAKE_SOURCE_DIR}/csrc ${TORCH_GENERATED_DIR})
  target_link_libraries(kernels_${isa} PRIVATE torch_native_libraries)
  torch_needs_generated(kernels_${isa})
  torch_unity(kernels_${isa} 4)

  set(merged ${CMAKE_BINARY_DIR}/kernels/kernels_${isa}.merged.o)
  set(sealed ${CMAKE_BINARY_DIR}/kernels/kernels_${isa}.o)
  add_custom_command(OUTPUT ${sealed}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/kernels
    COMMAND ${CMAKE_LINKER} -r --force-group-allocation -o ${merged} $<TARGET_OBJECTS:kernels_${isa}>
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=torch_kernel_table_* ${merged} ${sealed}
    DEPENDS $<TARGET_OBJECTS:kernels_${isa}>
    BYPRODUCTS ${merged}
    COMMENT "Sealing the ${isa} kernels"
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${sealed} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  list(APPEND TORCH_KERNEL_OBJECTS ${sealed})
endforeach()
list(JOIN isas " " isas_text)
message(STATUS "CPU kernels for: ${isas_text}")
