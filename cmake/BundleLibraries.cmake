# Runs at install time: copies the shared libraries that libtorch.so needs, and that no Linux system can be expected to
# have, into TORCH_PACKAGE_LIB.
cmake_policy(VERSION 3.25)

file(GET_RUNTIME_DEPENDENCIES
  LIBRARIES ${TORCH_LIBRARY}
  RESOLVED_DEPENDENCIES_VAR resolved
  UNRESOLVED_DEPENDENCIES_VAR unresolved
  PRE_EXCLUDE_REGEXES "^ld-linux" "^libc\\.so" "^libm\\.so" "^libdl\\.so" "^libpthread\\.so" "^librt\\.so"
    "^libstdc\\+\\+\\.so" "^libgcc_s\\.so" "^libasan\\.so" "^libubsan\\.so")
if(unresolved)
  message(FATAL_ERROR "libtorch.so needs libraries that were not found: ${unresolved}")
endif()
foreach(library IN LISTS resolved)
  get_filename_component(name ${library} NAME)
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

# Its licence goes with it, from where the package keeps it.
if(EXISTS /usr/share/doc/libsleef3/copyright)
  file(MAKE_DIRECTORY ${TORCH_PACKAGE_LIB}/licenses)
  file(COPY_FILE /usr/share/doc/libsleef3/copyright ${TORCH_PACKAGE_LIB}/licenses/libsleef3.txt ONLY_IF_DIFFERENT)
endif()
