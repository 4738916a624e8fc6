#!/usr/bin/env bash
# Builds docs/examples/cpp against the importable torch, as a user would, and runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-$PWD/.venv/bin/python}
export PYTHONPATH=${PYTHONPATH-$PWD/python}
prefix=$("$python" -c "import torch; print(torch.utils.cmake_prefix_path)")
rm -rf build/cpp_example
cmake -S docs/examples/cpp -B build/cpp_example -G Ninja -DCMAKE_PREFIX_PATH="$prefix"
cmake --build build/cpp_example
if ldd build/cpp_example/linear_regression | grep -E "libpython|not found"; then
  echo "the program must need no Python, and find its libraries" >&2
  exit 1
fi
build/cpp_example/linear_regression
