"""CUDA: not part of this build."""


def is_built() -> bool:
    """False."""
    return False
