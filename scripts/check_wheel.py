"""Is the installed package complete and small? Run by check_wheel.sh where only the wheel and NumPy are installed."""

from __future__ import annotations

import importlib
import importlib.metadata
import subprocess
import sys
import time
from pathlib import Path

MAXIMUM_INSTALLED_MB = 120.0


def mapped() -> set[str]:
    """Files that this process has mapped."""
    return {line.split(maxsplit=5)[-1] for line in Path("/proc/self/maps").read_text().splitlines()}


def main() -> None:
    start = time.perf_counter()
    import torch

    print(f"import torch {torch.__version__}: {time.perf_counter() - start:.3f} s")
    assert torch.__version__ == importlib.metadata.version("torch"), "version of package and distribution differ"
    assert importlib.import_module("functorch").__version__ == torch.__version__
    others = {d.metadata["Name"].lower() for d in importlib.metadata.distributions()} - {"pip", "setuptools"}
    assert others == {"torch", "numpy"}, f"the environment is not empty: {sorted(others)}"

    package = Path(torch.__file__).parent
    assert str(package).startswith(sys.prefix), f"torch comes from {package}"
    size = sum(f.stat().st_size for f in package.rglob("*") if f.is_file() and "__pycache__" not in f.parts) / 1e6
    print(f"installed size: {size:.1f} MB")
    assert size <= MAXIMUM_INSTALLED_MB, "the installed package is too large"
    needed = subprocess.run(["ldd", package / "lib" / "libtorch.so"], check=True, capture_output=True, text=True).stdout
    assert "libpython" not in needed, needed
    assert "not found" not in needed, needed

    # x W + b with known W and b is found again by gradient descent.
    torch.manual_seed(0)
    x = torch.randn(256, 3)
    y = x @ torch.tensor([[2.0], [-3.0], [0.5]]) + 1.5
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
    print(f"trained to a loss of {loss.item():.2e}")
    assert loss.item() < 1e-6

    # Convolution, products, elementary functions and factorizations; SLEEF and OpenBLAS must be the bundled copies.
    image = torch.randn(4, 3, 16, 16)
    assert torch.nn.functional.conv2d(image, torch.randn(8, 3, 3, 3)).shape == (4, 8, 14, 14)
    a = torch.randn(64, 64, dtype=torch.float64)
    expected = torch.from_numpy(a.numpy() @ a.numpy())
    assert torch.allclose(a @ a, expected)
    assert torch.allclose(torch.sin(a) ** 2 + torch.cos(a) ** 2, torch.ones_like(a))
    bundled = [path for path in mapped() if path.startswith(str(package))]
    assert not any("openblas" in path for path in bundled), "OpenBLAS was opened before it was needed"
    factor = torch.linalg.cholesky(a @ a.T + torch.eye(64, dtype=a.dtype))
    assert torch.allclose(factor @ factor.T, a @ a.T + torch.eye(64, dtype=a.dtype))
    assert (package / "lib" / "licenses" / "openblas.txt").stat().st_size > 1000
    ours = ("libsleef", "openblas", "libtorch")  # NumPy brings an OpenBLAS of its own, in numpy.libs
    foreign = {
        path
        for path in mapped()
        if any(name in path for name in ours) and not path.startswith(str(package)) and "numpy.libs" not in path
    }
    assert not foreign, f"libraries from outside the package: {foreign}"
    print("the wheel is complete")


if __name__ == "__main__":
    main()
