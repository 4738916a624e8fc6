#!/usr/bin/env bash
# All that can be checked only on a machine with an NVIDIA GPU, each part timed, in the order of how much the next ones
# need it. Says so, and ends well, where there is none.
#
#   scripts/check_cuda.sh [PYTHON]    PYTHON: one whose torch is PyTorch with CUDA, to compare times with
#
# Parts: the build; tests/cuda on the GPU (the operator table, gradients against differences, losses of training runs as on
# the CPU); examples; compute-sanitizer over the kernels; times. A part that fails does not stop the others.
set -uo pipefail
cd "$(dirname "$0")/.."
reference=${1:-}

if ! nvidia-smi -L 2>/dev/null | grep -q GPU; then
  echo "check_cuda.sh: no NVIDIA GPU on this machine (nvidia-smi lists none): nothing is checked."
  echo "What needs none: make test-cuda-emulated, pytest tests/cuda/test_nvrtc.py"
  exit 0
fi
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv
date -u +%Y-%m-%d

failed=()
part() {
  local name=$1 start=$SECONDS
  shift
  echo "=== $name"
  if "$@"; then
    echo "=== $name: ok, $((SECONDS - start)) s"
  else
    failed+=("$name")
    echo "=== $name: FAILED after $((SECONDS - start)) s"
  fi
}

python=${PYTHON:-$PWD/.venv/bin/python}
capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .)
build() {
  make develop CMAKE_ARGS="-DTORCH_CUDA=ON -DTORCH_CUDA_ARCHITECTURES=$capability" && "$python" - <<'PY'
import torch
assert torch.cuda.is_available(), "the driver sees a GPU, torch.cuda does not"
print(torch.cuda.get_device_name(), torch.cuda.get_device_capability())
PY
}
export PYTHONPATH=$PWD/python

# Those that can compute on a GPU; each fails unless its result is as promised.
examples() {
  EXAMPLES_DEVICE=cuda "$python" scripts/run_examples.py digits_cnn transformer_text
}

sanitizer() {
  local tool tests=(tests/cuda/test_pointwise.py tests/cuda/test_reduce.py tests/cuda/test_families.py)
  if ! command -v compute-sanitizer >/dev/null; then
    echo "compute-sanitizer is not there: it is part of the CUDA toolkit"
    return 1
  fi
  for tool in memcheck racecheck; do
    compute-sanitizer --tool $tool --error-exitcode 9 \
      "$python" -m pytest -q -x -p no:cacheprovider "${tests[@]}" || return 1
  done
}

part "build" build
if [ ${#failed[@]} -gt 0 ]; then
  exit 1
fi
ls -l python/torch/lib/libtorch_cuda.so
part "tests on the GPU" "$python" -m pytest -q tests/cuda
part "examples" examples
part "compute-sanitizer" sanitizer
if [ -n "$reference" ]; then
  part "times" "$python" benchmarks/cuda.py --reference "$reference"
else
  echo "no times: give a python whose torch is PyTorch with CUDA"
fi
if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED: ${failed[*]}"
  exit 1
fi
