# Runs at install time: copies the shared libraries that libtorch.so needs or opens, and that no Linux system can be
# expected to have, into TORCH_PACKAGE_LIB.
cmake_policy(VERSION 3.25)

file(GET_RUNTIME_DEPENDENCIES
  LIBRARIES ${TORCH_LIBRARY} ${TORCH_OPENBLAS_LIBRARY}
  RESOLVED_DEPENDENCIES_VAR resolved
  UNRESOLVED_DEPENDENCIES_VAR unresolved
  PRE_EXCLUDE_REGEXES "^ld-linux" "^libc\\.so" "^libm\\.so" "^libdl\\.so" "^libpthread\\.so" "^librt\\.so"
    "^libstdc\\+\\+\\.so" "^libgcc_s\\.so" "^libasan\\.so" "^libubsan\\.so")
if(unresolved)
  message(FATAL_ERROR "libtorch.so needs libraries that were not found: ${unresolved}")
endif()
# What is opened goes by its SONAME, as what is linked does.
foreach(library IN LISTS resolved TORCH_OPENBLAS_LIBRARY)
  get_filename_component(name ${library} NAME)
  if(library STREQUAL TORCH_OPENBLAS_LIBRARY)
    set(name ${TORCH_OPENBLAS_SONAME})
  endif()
  # The file behind a link, under the name of the link: one copy, no links in the wheel.
  file(REAL_PATH ${library} real)
  file(COPY_FILE ${real} ${TORCH_PACKAGE_LIB}/${name} ONLY_IF_DIFFERENT)
  file(CHMOD ${TORCH_PACKAGE_LIB}/${name} PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  if(TORCH_PATCHELF)
    execute_process(COMMAND ${TORCH_PATCHELF} --set-rpath "$ORIGIN" ${TORCH_PACKAGE_LIB}/${name}
      COMMAND_ERROR_IS_FATAL ANY)
  endif()
endforeach()

# Their licences go with them, from where the packages keep them.
if(EXISTS /usr/share/doc/libsleef3/copyright)
  file(MAKE_DIRECTORY ${TORCH_PACKAGE_LIB}/licenses)
  file(COPY_FILE /usr/share/doc/libsleef3/copyright ${TORCH_PACKAGE_LIB}/licenses/libsleef3.txt ONLY_IF_DIFFERENT)
endif()
if(EXISTS /usr/share/doc/libdeflate-dev/copyright)
  file(MAKE_DIRECTORY ${TORCH_PACKAGE_LIB}/licenses)
  file(COPY_FILE /usr/share/doc/libdeflate-dev/copyright ${TORCH_PACKAGE_LIB}/licenses/libdeflate.txt ONLY_IF_DIFFERENT)
endif()
file(GLOB openblas_license ${TORCH_OPENBLAS_LIB_DIR}/../../scipy_openblas32-*.dist-info/licenses/LICENSE.txt)
list(LENGTH openblas_license found)
if(NOT found EQUAL 1)
  message(FATAL_ERROR "The licence of OpenBLAS is not beside ${TORCH_OPENBLAS_LIB_DIR}")
endif()
file(MAKE_DIRECTORY ${TORCH_PACKAGE_LIB}/licenses)
file(COPY_FILE ${openblas_license} ${TORCH_PACKAGE_LIB}/licenses/openblas.txt ONLY_IF_DIFFERENT)
