"""run.py SCRIPT: runs one of the scripts of this folder and prints, besides its figures, what it cost.

A script names in ``IMPORT`` the module whose import is timed, torch's own included.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import json
import runpy
import sys
import time
import warnings
from pathlib import Path

# torchvision's binary fits one build of PyTorch; without it PyTorch knows none of the operators that the Python part
# describes, and does not import it.
TORCHVISION = """nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor
qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor
roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, int sampling_ratio, bool aligned) -> Tensor
_roi_align_backward(Tensor grad, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, SymInt batch_size, SymInt channels, SymInt height, SymInt width, int sampling_ratio, bool aligned) -> Tensor
roi_pool(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width) -> (Tensor, Tensor)
_roi_pool_backward(Tensor grad, Tensor rois, Tensor argmax, float spatial_scale, SymInt pooled_height, SymInt pooled_width, SymInt batch_size, SymInt channels, SymInt height, SymInt width) -> Tensor
ps_roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, int sampling_ratio) -> (Tensor, Tensor)
_ps_roi_align_backward(Tensor grad, Tensor rois, Tensor channel_mapping, float spatial_scale, SymInt pooled_height, SymInt pooled_width, int sampling_ratio, SymInt batch_size, SymInt channels, SymInt height, SymInt width) -> Tensor
ps_roi_pool(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width) -> (Tensor, Tensor)
_ps_roi_pool_backward(Tensor grad, Tensor rois, Tensor channel_mapping, float spatial_scale, SymInt pooled_height, SymInt pooled_width, SymInt batch_size, SymInt channels, SymInt height, SymInt width) -> Tensor
deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask) -> Tensor
_deform_conv2d_backward(Tensor grad, Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask) -> (Tensor, Tensor, Tensor, Tensor, Tensor)"""


def peak_megabytes() -> float:
    """The most memory that this process has had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def constant(path: Path, name: str) -> str:
    """A constant of a script, without running it."""
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", None) == name:
            return ast.literal_eval(statement.value)
    raise SystemExit(f"{path} names no {name}")


def main() -> None:
    path = Path(sys.argv[1]).resolve()
    sys.path[0] = str(path.parent)
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    import torch

    if "+core" not in torch.__version__:
        library = torch.library.Library("torchvision", "DEF")
        for schema in TORCHVISION.splitlines():
            library.define(schema)
    importlib.import_module(constant(path, "IMPORT"))
    imported, memory = time.perf_counter() - start, peak_megabytes()
    torch.set_num_threads(1)
    runpy.run_path(str(path), run_name="__main__")
    cost = {
        "version": importlib.metadata.version(path.stem.removeprefix("use_").replace("_", "-")),
        "import_s": imported,
        "import_mb": memory,
        "peak_mb": peak_megabytes(),
        "run_s": time.perf_counter() - start - imported,
    }
    print("COST", json.dumps(cost), flush=True)


if __name__ == "__main__":
    main()
