"""cuDNN: not part of this build. The switches keep their values and change nothing, since nothing uses cuDNN."""

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """None."""
    return None
