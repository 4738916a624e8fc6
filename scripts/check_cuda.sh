#!/usr/bin/env bash
# All that can be checked only on a machine with an NVIDIA GPU, each part timed, in the order of how much the next ones
# need it. Says so, and ends well, where there is none.
#
#   scripts/check_cuda.sh [PYTHON]    PYTHON: one whose torch is PyTorch with CUDA, to compare times with
#
# Parts: the build, tests/cuda on the GPU, gradients against differences, losses of the examples on the GPU and on the CPU,
# compute-sanitizer over the kernels, times. A part that fails does not stop the others.
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

gradients() {
  "$python" - <<'PY'
import torch

F = torch.nn.functional
x = torch.randn(4, 6, dtype=torch.float64).cuda().requires_grad_()
w = torch.randn(5, 6, dtype=torch.float64).cuda().requires_grad_()
b = torch.randn(6, dtype=torch.float64).cuda().requires_grad_()
image = torch.randn(2, 3, 5, 5, dtype=torch.float64).cuda().requires_grad_()
index = torch.tensor([2, 0, 2]).cuda()
target = torch.tensor([0, 5, 3, 3]).cuda()
checks = {
    "products": (lambda x, w: x @ w.T, (x, w)),
    "linear": (lambda x, w: F.linear(x, w).tanh(), (x, w)),
    "softmax": (lambda x: x.softmax(1), (x,)),
    "cross_entropy": (lambda x: F.cross_entropy(x, target), (x,)),
    "layer_norm": (lambda x, b: F.layer_norm(x, (6,), b, b), (x, b)),
    "batch_norm": (lambda i: F.batch_norm(i, None, None, training=True), (image,)),
    "group_norm": (lambda i: F.group_norm(i, 3), (image,)),
    "index": (lambda x: x[index], (x,)),
    "gather": (lambda x: x.gather(0, index.view(3, 1)), (x,)),
    "embedding": (lambda w: F.embedding(index, w), (w,)),
    "variance": (lambda x: x.var(1), (x,)),
    "norm": (lambda x: x.norm(dim=1), (x,)),
    "running sums": (lambda x: x.cumsum(1), (x,)),
    "logsumexp": (lambda x: x.logsumexp(0), (x,)),
    "sorting": (lambda x: x.sort(1).values, (x,)),
}
for name, (function, inputs) in checks.items():
    assert torch.autograd.gradcheck(function, inputs), name
print(len(checks), "gradients as differences have them")
PY
}

# A small training run gives on the GPU the losses that it gives on the CPU.
losses() {
  "$python" - <<'PY'
import torch

F = torch.nn.functional


def run(device):
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(64, 128), torch.nn.LayerNorm(128), torch.nn.GELU(), torch.nn.Linear(128, 10)
    ).to(device)
    x, y = torch.randn(512, 64).to(device), (torch.arange(512) % 10).to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    found = []
    for _ in range(50):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return torch.tensor(found)


cpu, gpu = run("cpu"), run("cuda")
worst = ((cpu - gpu).abs() / cpu).max().item()
print(f"50 steps: {cpu[-1]:.6f} on the CPU, {gpu[-1]:.6f} on the GPU; the losses differ by {worst:.1e} at most")
assert worst < 1e-3 and cpu[-1] < cpu[0]
PY
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
part "gradients" gradients
part "losses" losses
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
