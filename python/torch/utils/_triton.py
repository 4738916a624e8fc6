"""Whether Triton can be used: it can't, for there is no GPU."""


def has_triton_package() -> bool:
    """Whether Triton is there to be used."""
    return False


def has_triton() -> bool:
    """Whether Triton can be used."""
    return False


def has_triton_tma() -> bool:
    """Whether Triton can copy blocks of tensors."""
    return False


has_triton_tma_device = has_triton_experimental_host_tma = has_triton_stable_tma_api = has_triton_tma
