#!/usr/bin/env bash
# Builds dist/torch-*.whl for this Python: every instruction set, native libraries inside, tagged by auditwheel.
# Objects of `make develop` are reused (same build directory, same flags).
#
#   TORCH_CUDA=ON scripts/build_wheel.sh   with the CUDA library, for the GPUs of TORCH_CUDA_ARCHITECTURES
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-$PWD/.venv/bin/python}
raw=build/wheelhouse
cuda=(--config-settings=cmake.define.TORCH_CUDA=OFF)
if [ "${TORCH_CUDA:-OFF}" = ON ]; then
  cuda=(--config-settings=cmake.define.TORCH_CUDA=ON
    --config-settings=cmake.define.TORCH_CUDA_ARCHITECTURES="${TORCH_CUDA_ARCHITECTURES:-80;86;89;90;100;120}")
fi

rm -rf "$raw" dist/torch-*.whl
"$python" -m pip wheel . --no-deps --no-build-isolation --disable-pip-version-check -w "$raw" \
  --config-settings=build-dir=build --config-settings=cmake.define.TORCH_ISAS="${ISAS:-all}" --config-settings=cmake.define.Python_EXECUTABLE="$python" \
  "${cuda[@]}"
# The libraries are in torch/lib already and find each other by $ORIGIN; auditwheel checks that nothing else is needed
# and names the oldest system that the wheel runs on.
"$python" -m auditwheel repair --plat auto --wheel-dir dist "$raw"/torch-*.whl
ls -l dist/torch-*.whl
