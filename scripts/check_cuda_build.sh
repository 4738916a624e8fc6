#!/usr/bin/env bash
# Compiles the CUDA library for one architecture with nvcc, links it, and opens it where there may be no GPU.
# Prints the time and the size of the library; fails when they pass their limits, 10 minutes and 60 MB.
#
# nvcc is that of $PATH or /usr/local/cuda, else the PyPI packages of scripts/requirements-cuda.txt are installed.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-$PWD/.venv/bin/python}
build=${BUILD:-build}

export PATH=$PATH:/usr/local/cuda/bin
if ! command -v nvcc >/dev/null; then
  "$python" -m pip install -q --disable-pip-version-check -r scripts/requirements-cuda.txt
fi

cmake -S . -B "$build" -DTORCH_CUDA=ON -DTORCH_CUDA_ARCHITECTURES="${TORCH_CUDA_ARCHITECTURES:-90}"
start=$SECONDS
cmake --build "$build" -j "${JOBS:-$(nproc)}"
seconds=$((SECONDS - start))
"$python" scripts/link_inplace.py "$build"

library=python/torch/lib/libtorch_cuda.so
size=$(stat -L -c %s "$library")
echo "libtorch_cuda.so: $seconds s, $((size / 1000)) kB"
[ "$seconds" -le 600 ] || { echo "its compilation takes longer than 600 s"; exit 1; }
[ "$size" -le 60000000 ] || { echo "it is larger than 60 MB"; exit 1; }

# A driver that is not there hides the GPUs of a machine that has some.
TORCH_CUDA_DRIVER=/nonexistent/libcuda.so TORCH_CUDA_LIBRARY="$PWD/$library" PYTHONPATH="$PWD/python" "$python" - <<'PY'
import ctypes
import os

import torch

ctypes.CDLL(os.environ["TORCH_CUDA_LIBRARY"], mode=os.RTLD_NOW)  # every symbol that it wants is there
assert torch.cuda.is_available() is False and torch.cuda.device_count() == 0
try:
    torch.ones(2, device="cuda")
except RuntimeError as error:
    assert "Found no NVIDIA driver" in str(error), error
    print("without a driver:", str(error).splitlines()[0])
else:
    raise SystemExit("a CUDA tensor without a driver")
PY
