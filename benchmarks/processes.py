"""What a process of its own is asked: code, and the number that it prints. Runs in the folder of the benchmarks.

Names say the unit; the groups are imports, memory, the first call of a compiled function, and training beside another job.
"""

from __future__ import annotations

_STEP = """
import resource, sys, torch, models
from torch.nn import functional as F
torch.set_num_threads(1)
torch.manual_seed(0)
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
base = peak()
"""

_RESNET = (
    _STEP
    + """
model = models.resnet18("large", 1000)
optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
x, y = torch.randn(8, 3, 224, 224), torch.randint(0, 1000, (8,))
for _ in range(3):
    optimizer.zero_grad(); F.cross_entropy(model(x), y).backward(); optimizer.step()
"""
)

_GPT = (
    _STEP
    + """
model = models.GPT(4, 256, 4, 1000, 64)
optimizer = torch.optim.AdamW(model.parameters())
x = torch.randint(0, 1000, (8, 65))
for _ in range(5):
    optimizer.zero_grad(); F.cross_entropy(model(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten()).backward(); optimizer.step()
"""
)

_MLP = (
    _STEP
    + """
model = models.mlp(784, 512, 512, 10)
optimizer = torch.optim.Adam(model.parameters())
x, y = torch.randn(64, 784), torch.randint(0, 10, (64,))
for _ in range(10):
    optimizer.zero_grad(); F.cross_entropy(model(x), y).backward(); optimizer.step()
"""
)

# The median step in 2 seconds without and with another process that keeps one processor busy; prints their ratio.
_SHARED = """
import os, statistics, subprocess, sys, time, torch, models
from torch.nn import functional as F
torch.manual_seed(0)
def median(step):
    times, end = [], time.perf_counter() + 2
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter(); step(); times.append(time.perf_counter() - start)
    return statistics.median(times)
def measure(model, loss):
    optimizer = torch.optim.Adam(model.parameters())
    def step():
        optimizer.zero_grad(); loss(model).backward(); optimizer.step()
    for _ in range(3): step()
    quiet = median(step)
    cpu = max(os.sched_getaffinity(0))
    busy = f"import os\\nos.sched_setaffinity(0, [{cpu}])\\nwhile True: pass"
    other = subprocess.Popen([sys.executable, "-c", busy])
    try:
        time.sleep(0.3)
        print(median(step) / quiet)
    finally:
        other.kill(); other.wait()
y = torch.randint(0, 10, (64,))
"""

PROCESSES = {
    "import / import torch, s": "import time; t = time.perf_counter(); import torch; print(time.perf_counter() - t)",
    "import / import and first Adam step, s": """
import time; t = time.perf_counter()
import torch
m = torch.nn.Linear(3, 1); o = torch.optim.Adam(m.parameters(), lr=0.1)
m(torch.ones(2, 3)).sum().backward(); o.step()
print(time.perf_counter() - t)""",
    "import / import and first SGD step, s": """
import time; t = time.perf_counter()
import torch
m = torch.nn.Linear(3, 1); o = torch.optim.SGD(m.parameters(), lr=0.1)
m(torch.ones(2, 3)).sum().backward(); o.step()
print(time.perf_counter() - t)""",
    "memory / import torch, MB": "import torch, resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)",
    "memory / MLP Adam steps over import, MB": _MLP + "print(peak() - base)",
    "memory / ResNet-18 224x224 b8 steps, MB": _RESNET + "print(peak())",
    "memory / ResNet-18 224x224 b8 steps over import, MB": _RESNET + "print(peak() - base)",
    "memory / GPT 4x256 b8 steps, MB": _GPT + "print(peak())",
    "memory / GPT 4x256 b8 steps over import, MB": _GPT + "print(peak() - base)",
    "memory / 100000 tensors of 1 element, bytes each": """
import torch
keep = [torch.ones(1) for _ in range(1000)] + [None] * 100000
def rss():
    with open('/proc/self/statm') as f: return int(f.read().split()[1]) * 4096
base = rss()
for i in range(100000): keep[1000 + i] = torch.ones(1)
print((rss() - base) / 100000)""",
    "first call / compiled MLP of 2 layers, s": """
import os, tempfile, time, torch  # PyTorch's compiler starts anew
os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp()
model, x = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)), torch.randn(8, 64)
start = time.perf_counter()
torch.compile(model)(x)
print(time.perf_counter() - start)""",
    "first call / longest of 100 batch sizes after it, s": """
import os, tempfile, time, torch  # PyTorch's compiler starts anew
os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp()
model = torch.compile(torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)))
model(torch.randn(1000, 64))
longest = 0.0
for n in range(2, 102):
    x = torch.randn(n, 64)
    start = time.perf_counter(); model(x); longest = max(longest, time.perf_counter() - start)
print(longest)""",
    "shared core / MLP b64 Adam, times its quiet time": _SHARED
    + "x = torch.randn(64, 784); measure(models.mlp(784, 512, 512, 10), lambda m: F.cross_entropy(m(x), y))",
    "shared core / LSTM b16 Adam, times its quiet time": _SHARED
    + "x = torch.randn(16, 64, 32); measure(models.Tagger(), lambda m: F.cross_entropy(m(x), y[:16]))",
    "shared core / GPT b8 Adam, times its quiet time": _SHARED
    + "x = torch.randint(0, 1000, (8, 64)); measure(models.GPT(4, 256, 4, 1000, 64), lambda m: F.cross_entropy(m(x).flatten(0, 1), x.flatten()))",
}
