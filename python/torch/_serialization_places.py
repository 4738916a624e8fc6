"""Where storages of saved files go: what files call the places, and who brings storages there.

The names are those of :mod:`torch.serialization`, which shows them to users.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional, Union

import torch
from torch.storage import UntypedStorage

MAP_LOCATION = Optional[Union[Callable[[Any, str], Any], torch.device, str, dict[str, str]]]
Tagger = Callable[[Any], Optional[str]]
Restorer = Callable[[Any, str], Any]

_packages: list[tuple[int, Tagger, Restorer]] = []


def register_package(priority: int, tagger: Tagger, deserializer: Restorer) -> None:
    """Adds a kind of device to what files can name.

    Args:
        priority: lower ones are asked first.
        tagger: returns the location of a storage (``"cuda:0"``), or None if it is not its own.
        deserializer: called with a storage and a location, returns the storage moved there, or None.
    """
    _packages.append((priority, tagger, deserializer))
    _packages.sort(key=lambda entry: entry[0])


_ON_CPU_INSTEAD = (
    "If you are running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your "
    "storages to the CPU."
)


def validate_cuda_device(location: Any) -> int:
    """Index of the CUDA device that a file names; RuntimeError if there is no such device here."""
    device = torch.device(location)
    if device.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {location}")
    if not torch.cuda.is_available():
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. "
            + _ON_CPU_INSTEAD
        )
    index = torch.cuda.current_device() if device.index is None else device.index
    if index >= torch.cuda.device_count():
        raise RuntimeError(
            f"Attempting to deserialize object on CUDA device {index} but torch.cuda.device_count() is "
            f"{torch.cuda.device_count()}. Please use torch.load with map_location to map your storages to an existing "
            "device."
        )
    return index


def validate_hpu_device(location: Any) -> int:
    """HPU devices do not exist here: always a RuntimeError."""
    raise RuntimeError("The HPU device module is not registered. " + _ON_CPU_INSTEAD)


def _tag(storage: Any) -> Optional[str]:
    return str(storage.device)


def _restore(storage: Any, location: str) -> Any:
    try:
        device = torch.device(location)
    except RuntimeError:
        return None  # another package may know it
    if device.type == storage.device.type:
        return storage
    if device.type == "meta":
        return UntypedStorage(storage.nbytes(), device="meta")
    if device.type == "cuda":
        validate_cuda_device(device)
    return storage.to(device)


register_package(30, _tag, _restore)


def location_tag(storage: Any) -> str:
    """Where a storage is, as files say it: ``"cpu"``, ``"cuda:0"``."""
    for _, tagger, _ in _packages:
        location = tagger(storage)
        if location:
            return location
    raise RuntimeError(f"don't know how to determine data location of {type(storage).__name__}")


def default_restore_location(storage: Any, location: str) -> Any:
    """The storage moved to where the file says it was."""
    for _, _, deserializer in _packages:
        result = deserializer(storage, location)
        if result is not None:
            return result
    raise RuntimeError(
        f"don't know how to restore data location of {type(storage).__name__} (tagged with {location}): "
        "torch.serialization.register_package adds kinds of devices"
    )


def restorer(map_location: MAP_LOCATION) -> Restorer:
    """The function that brings storages to where ``torch.load(..., map_location=...)`` wants them."""
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        table = map_location
        return lambda storage, location: default_restore_location(storage, str(table.get(location, location)))
    if isinstance(map_location, (str, torch.device)):
        target = str(map_location)
        return lambda storage, location: default_restore_location(storage, target)
    if not callable(map_location):
        raise TypeError(
            f"torch.load: map_location must be a device, a dict, a function or None, got {type(map_location).__name__}"
        )
    choose = map_location

    def restore(storage: Any, location: str) -> Any:
        result = choose(storage, location)
        return default_restore_location(storage, location) if result is None else result

    return restore


def needs_no_data(map_location: MAP_LOCATION) -> bool:
    """Whether all storages go to the device "meta", which has no data."""
    return isinstance(map_location, (str, torch.device)) and torch.device(map_location).type == "meta"
