"""The compiler behind ``torch.compile``, which is not here yet: its settings, and functions that say so."""

from __future__ import annotations

from typing import Any, Optional

from torch._inductor import config as config

__all__ = ["aot_compile", "compile", "cudagraph_mark_step_begin", "list_mode_options", "list_options"]

# What the modes of torch.compile stand for.
_MODES: dict[str, dict[str, Any]] = {
    "default": {},
    "lite": {
        "fallback_by_default": True,
        "selective_decompose": True,
        "reorder_for_peak_memory": False,
        "reorder_for_compute_comm_overlap": False,
        "triton.reorder_for_reducing_graph_partitions": False,
        "use_pre_grad_passes": False,
        "use_joint_graph_passes": False,
        "use_post_grad_passes": False,
        "use_dce": False,
        "allow_buffer_reuse": False,
    },
    "reduce-overhead": {"triton.cudagraphs": True},
    "max-autotune-no-cudagraphs": {"max_autotune": True, "coordinate_descent_tuning": True},
    "max-autotune": {"max_autotune": True, "triton.cudagraphs": True, "coordinate_descent_tuning": True},
}


def compile(gm: Any, example_inputs: Any, options: Any = None) -> Any:  # noqa: A001
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch._inductor.compile: there is no compiler yet")


def aot_compile(gm: Any, args: Any, kwargs: Any = None, *, options: Any = None) -> Any:
    """Not supported yet.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch._inductor.aot_compile: there is no compiler yet")


def list_mode_options(mode: Optional[str] = None, dynamic: Optional[bool] = None) -> dict[str, Any]:
    """The options that a mode of :func:`torch.compile` stands for; without one, those of each."""
    if mode is None:
        return {name: dict(options) for name, options in _MODES.items()}
    if mode not in _MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(_MODES)}")
    return dict(_MODES[mode])


def list_options() -> list[str]:
    """Names of the settings that ``torch.compile(options=...)`` takes."""
    return list(config.to_dict())  # type: ignore[attr-defined]


def cudagraph_mark_step_begin() -> None:
    """Marks the start of an iteration for recorded CUDA graphs, of which there are none."""
