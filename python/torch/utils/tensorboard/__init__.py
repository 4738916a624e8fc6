"""Logs for TensorBoard, written through the package ``tensorboard``."""

try:
    import tensorboard as _tensorboard
except ModuleNotFoundError as error:
    raise ImportError(
        "torch.utils.tensorboard writes through the package tensorboard, which is not installed: pip install tensorboard"
    ) from error
if not hasattr(_tensorboard, "__version__") or int(_tensorboard.__version__.split(".")[0]) < 2 and not (
    _tensorboard.__version__.startswith("1.15")
):
    raise ImportError("TensorBoard logging requires TensorBoard version 1.15 or above")

from torch.utils.tensorboard.writer import FileWriter, RecordWriter, SummaryWriter

__all__ = ["FileWriter", "RecordWriter", "SummaryWriter"]
