"""Whether TorchScript is on. There is none."""


def enable() -> None:
    """Switches TorchScript on: nothing changes."""


def disable() -> None:
    """Switches TorchScript off, as it always is."""
