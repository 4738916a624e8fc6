"""Version of the package: PyTorch's API level, with a local label of this implementation."""

__version__ = "2.13.0+core"
cuda = None
hip = None
xpu = None
debug = False
git_version = "unknown"
