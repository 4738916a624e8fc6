"""Logs for TensorBoard, written through the package ``tensorboard``."""

try:
    import tensorboard as _tensorboard
except ModuleNotFoundError as error:
    raise ImportError(
        "torch.utils.tensorboard writes through a package that is not installed: pip install tensorboard"
    ) from error
if tuple(map(int, _tensorboard.__version__.split(".")[:2])) < (1, 15):
    raise ImportError("TensorBoard logging requires TensorBoard version 1.15 or above")

from torch.utils.tensorboard.writer import FileWriter, RecordWriter, SummaryWriter

__all__ = ["FileWriter", "RecordWriter", "SummaryWriter"]
