# The installed package: torch/_C.so, torch/lib (libtorch.so and the native libraries it needs), torch/include and
# torch/share/cmake/Torch for C++ programs. scikit-build-core adds python/torch.

set(package torch)
install(TARGETS torch LIBRARY DESTINATION ${package}/lib)
if(TARGET _C)
  install(TARGETS _C LIBRARY DESTINATION ${package})
endif()
if(TORCH_GENERATED_PYTHON_FILES)
  install(DIRECTORY ${TORCH_GENERATED_DIR}/python/torch/ DESTINATION ${package})
endif()

# Headers: include/torch mirrors csrc, so <torch/torch.h> is csrc/torch.h.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/csrc/ DESTINATION ${package}/include/torch
  FILES_MATCHING PATTERN "*.h"
  PATTERN "bindings" EXCLUDE PATTERN "cpu" EXCLUDE PATTERN "gen" EXCLUDE PATTERN "schema" EXCLUDE)
if(TORCH_GENERATED_FILES)
  install(DIRECTORY ${TORCH_GENERATED_DIR}/ DESTINATION ${package}/include/torch
    FILES_MATCHING PATTERN "*.h" PATTERN "bindings" EXCLUDE PATTERN "python" EXCLUDE)
endif()

configure_file(cmake/TorchConfig.cmake.in ${CMAKE_BINARY_DIR}/cmake/TorchConfig.cmake @ONLY)
configure_file(cmake/TorchConfigVersion.cmake.in ${CMAKE_BINARY_DIR}/cmake/TorchConfigVersion.cmake @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/cmake/TorchConfig.cmake ${CMAKE_BINARY_DIR}/cmake/TorchConfigVersion.cmake
  DESTINATION ${package}/share/cmake/Torch)

# Native libraries go next to libtorch.so under the names it asks for, each finding its own neighbours there.
if(TORCH_BUNDLE_LIBRARIES)
  install(CODE "
    set(TORCH_PACKAGE_LIB \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${package}/lib\")
    set(TORCH_LIBRARY \"${CMAKE_BINARY_DIR}/lib/libtorch.so\")
    set(TORCH_OPENBLAS_LIBRARY \"${TORCH_OPENBLAS_LIBRARY}\")
    set(TORCH_OPENBLAS_SONAME \"${TORCH_OPENBLAS_SONAME}\")
    set(TORCH_OPENBLAS_LIB_DIR \"${TORCH_OPENBLAS_LIB_DIR}\")
    set(TORCH_PATCHELF \"${TORCH_PATCHELF}\")
    include(\"${CMAKE_SOURCE_DIR}/cmake/BundleLibraries.cmake\")")
endif()
