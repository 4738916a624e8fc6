# Runs at install time: copies the shared libraries that libtorch.so is linked with or opens, with all that those need
# and that no Linux system can be expected to have, into TORCH_PACKAGE_LIB.

cmake_policy(VERSION 3.25)
set(TORCH_LIBRARIES_TO_COPY)
set(used)
if(EXISTS ${TORCH_LAZY_LIBRARIES_USED})
  file(STRINGS ${TORCH_LAZY_LIBRARIES_USED} used)
  if("dnnl_" IN_LIST used)
    list(APPEND TORCH_LIBRARIES_TO_COPY ${TORCH_DNNL_LIBRARY})
  endif()
  if("scipy_" IN_LIST used)
    list(APPEND TORCH_LIBRARIES_TO_COPY ${TORCH_OPENBLAS_LIBRARY})
  endif()
endif()

file(GET_RUNTIME_DEPENDENCIES
  LIBRARIES ${TORCH_LIBRARIES_TO_SERVE} ${TORCH_LIBRARIES_TO_COPY}
  DIRECTORIES ${TORCH_LIBRARY_DIRS}
  RESOLVED_DEPENDENCIES_VAR resolved
  UNRESOLVED_DEPENDENCIES_VAR unresolved
  PRE_EXCLUDE_REGEXES "^ld-linux" "^libc\\.so" "^libm\\.so" "^libdl\\.so" "^libpthread\\.so" "^librt\\.so"
    "^libstdc\\+\\+\\.so" "^libgcc_s\\.so" "^libasan\\.so" "^libubsan\\.so")
if(unresolved)
  message(FATAL_ERROR "libtorch.so needs libraries that were not found: ${unresolved}")
endif()
# What is opened goes by its SONAME, which the listing gives to what is linked.
foreach(library IN LISTS TORCH_LIBRARIES_TO_COPY)
  execute_process(COMMAND objdump -p ${library} OUTPUT_VARIABLE header COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "SONAME +([^ \n]+)" found "${header}")
  list(APPEND resolved ${library}:${CMAKE_MATCH_1})
endforeach()
foreach(entry IN LISTS resolved)
  string(REGEX REPLACE ":.*" "" library ${entry})
  string(REGEX REPLACE ".*[:/]" "" name ${entry})
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
file(MAKE_DIRECTORY ${TORCH_PACKAGE_LIB}/licenses)
set(licensed libsleef3)
if("dnnl_" IN_LIST used)
  list(APPEND licensed libdnnl2 libgomp1 ocl-icd-libopencl1)
endif()
foreach(name IN LISTS licensed)
  if(EXISTS /usr/share/doc/${name}/copyright)
    file(COPY_FILE /usr/share/doc/${name}/copyright ${TORCH_PACKAGE_LIB}/licenses/${name}.txt ONLY_IF_DIFFERENT)
  endif()
endforeach()
if(NOT "scipy_" IN_LIST used)
  set(TORCH_LIBRARY_DIRS)
endif()
foreach(directory IN LISTS TORCH_LIBRARY_DIRS)
  file(GLOB openblas_license ${directory}/../../scipy_openblas32-*.dist-info/licenses/LICENSE.txt)
  foreach(file IN LISTS openblas_license)
    file(COPY_FILE ${file} ${TORCH_PACKAGE_LIB}/licenses/openblas.txt ONLY_IF_DIFFERENT)
  endforeach()
endforeach()
