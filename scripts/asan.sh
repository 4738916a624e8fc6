#!/usr/bin/env bash
# Builds with AddressSanitizer and UndefinedBehaviorSanitizer into build-asan and runs the core tests on it.
# Arguments are tests to run instead.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-$PWD/.venv/bin/python}

cmake -S . -B build-asan -G Ninja -DPython_EXECUTABLE="$python" -DTORCH_SANITIZE=ON -DTORCH_ISAS="${ISAS:-native}" -DTORCH_UNITY=ON
cmake --build build-asan -j "${JOBS:-$(nproc)}"
"$python" scripts/link_inplace.py build-asan --tree build-asan/python

tests=("$@")
if [ ${#tests[@]} = 0 ]; then
  tests=(tests/core tests/errors tests/autograd tests/properties
    tests/serialization/test_hostile.py tests/serialization/test_old_files.py)
fi
# With dlopen intercepted, the run path of libtorch is not consulted for what it opens.
LD_LIBRARY_PATH=$("$python" -c "import scipy_openblas32; print(scipy_openblas32.get_lib_dir())")
export LD_LIBRARY_PATH
# The interpreter is not instrumented: the run-time library has to come first, and libstdc++ with it so that exceptions
# are intercepted. What CPython itself never frees is listed in scripts/lsan.supp; nothing of ours is.
export LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so) $(g++ -print-file-name=libstdc++.so.6)"
export ASAN_OPTIONS="detect_leaks=${DETECT_LEAKS:-0}:detect_stack_use_after_return=0:allocator_may_return_null=1:halt_on_error=1:quarantine_size_mb=4:thread_local_quarantine_size_kb=64"
# A small quarantine, so that tests which watch memory see what is kept rather than what the sanitizer holds back.
export LSAN_OPTIONS="suppressions=$PWD/scripts/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
# Blocks kept for reuse would hide use after free (our own allocator knows that it is sanitized).
export PYTHONMALLOC=malloc
PYTHONPATH="$PWD/build-asan/python" "$python" -m pytest -p no:cacheprovider -q ${PYTEST_ARGS:-} "${tests[@]}"
