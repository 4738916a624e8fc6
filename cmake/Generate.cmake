# Code generated from csrc/ops/schema.
#
# The generator names its outputs without writing them (--list-outputs), so the build knows them at configure time.
# It rewrites a file only when its text changes, and Ninja looks again after the command ran: editing one family of
# the schema recompiles that family's files, not all.
# By folder: bindings/*.cpp belong to _C, kernels/cpu/*.cpp are compiled once per instruction set, other *.cpp are part of
# libtorch, python/torch/* is installed into the package, docs/* are pages of the reference.

set(TORCH_GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)
set(TORCH_GENERATED_FILES)
set(TORCH_GENERATED_OPS_SOURCES)
set(TORCH_GENERATED_CPU_SOURCES)
set(TORCH_GENERATED_BINDINGS_SOURCES)
set(TORCH_GENERATED_PYTHON_FILES)

set(generator ${CMAKE_SOURCE_DIR}/csrc/ops/gen/generate.py)
if(EXISTS ${generator})
  torch_glob_recurse(generator_inputs csrc/ops/gen/*.py csrc/ops/schema/*.yaml csrc/ops/examples/*.txt
    csrc/bindings/*.yaml)
  set(generate_command ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1
    ${Python_EXECUTABLE} ${generator} --schema ${CMAKE_SOURCE_DIR}/csrc/ops/schema --out ${TORCH_GENERATED_DIR})

  execute_process(COMMAND ${generate_command} --list-outputs
    OUTPUT_VARIABLE listed OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" listed "${listed}")
  # The list may change with the inputs, so a change there configures again (a second or two).
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${generator_inputs})

  foreach(name IN LISTS listed)
    set(file ${TORCH_GENERATED_DIR}/${name})
    list(APPEND TORCH_GENERATED_FILES ${file})
    if(name MATCHES "^bindings/.*\\.cpp$")
      list(APPEND TORCH_GENERATED_BINDINGS_SOURCES ${file})
    elseif(name MATCHES "^kernels/cpu/.*\\.cpp$")
      list(APPEND TORCH_GENERATED_CPU_SOURCES ${file})
    elseif(name MATCHES "\\.cpp$")
      list(APPEND TORCH_GENERATED_OPS_SOURCES ${file})
    elseif(name MATCHES "^python/")
      list(APPEND TORCH_GENERATED_PYTHON_FILES ${file})
    endif()
  endforeach()

  add_custom_command(OUTPUT ${TORCH_GENERATED_FILES}
    COMMAND ${generate_command}
    DEPENDS ${generator_inputs}
    COMMENT "Generating code from the operator table"
    VERBATIM)
  add_custom_target(generate DEPENDS ${TORCH_GENERATED_FILES})
endif()

function(torch_needs_generated target)
  if(TARGET generate)
    add_dependencies(${target} generate)
  endif()
endfunction()
