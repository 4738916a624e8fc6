"""Mixed precision: its switches, which are always off."""

from torch.amp.autocast_mode import autocast, is_autocast_available

__all__ = ["autocast", "is_autocast_available"]
