"""What is noted for all nodes made meanwhile."""

from __future__ import annotations

import contextlib
import threading
import traceback
from collections.abc import Iterator
from typing import Any, Optional

__all__ = [
    "annotate",
    "format_stack",
    "get_current_meta",
    "get_graph_provenance_json",
    "has_preserved_node_meta",
    "preserve_node_meta",
    "reset_grad_fn_seq_nr",
    "set_current_meta",
    "set_grad_fn_seq_nr",
    "set_stack_trace",
]


class _State(threading.local):
    preserve = False

    def __init__(self) -> None:
        self.meta: dict[str, Any] = {}


_state = _State()


@contextlib.contextmanager
def preserve_node_meta(enable: bool = True) -> Iterator[None]:
    """Inside, nodes get the notes of :func:`set_current_meta`, and an interpreter notes those of the nodes it runs."""
    before, meta = _state.preserve, _state.meta
    _state.preserve, _state.meta = enable, dict(meta)
    try:
        yield
    finally:
        _state.preserve, _state.meta = before, meta


def has_preserved_node_meta() -> bool:
    """Whether :func:`preserve_node_meta` is on."""
    return _state.preserve


def get_current_meta() -> dict[str, Any]:
    """The notes that nodes get."""
    return _state.meta


@contextlib.contextmanager
def set_current_meta(node: Any, pass_name: str = "") -> Iterator[None]:
    """Inside, nodes get the notes of this one."""
    if not _state.preserve or not node.meta:
        yield
        return
    before, _state.meta = _state.meta, dict(node.meta)
    try:
        yield
    finally:
        _state.meta = before


@contextlib.contextmanager
def annotate(annotation_dict: dict[str, Any]) -> Iterator[None]:
    """Inside, nodes get ``annotation_dict`` under ``meta["custom"]``."""
    before = _state.meta
    _state.meta = {**before, "custom": {**before.get("custom", {}), **annotation_dict}}
    try:
        yield
    finally:
        _state.meta = before


def set_stack_trace(stack: list[str]) -> None:
    """Sets where nodes are said to come from."""
    if _state.preserve and stack:
        _state.meta["stack_trace"] = "".join(stack)


def set_grad_fn_seq_nr(seq_nr: int) -> None:
    """Notes the number of the node of the tape that runs."""
    if _state.preserve:
        _state.meta.setdefault("grad_fn_seq_nr", []).append(seq_nr)


def reset_grad_fn_seq_nr() -> None:
    """Takes the last note of :func:`set_grad_fn_seq_nr` back."""
    if _state.preserve and _state.meta.get("grad_fn_seq_nr"):
        _state.meta["grad_fn_seq_nr"].pop()


def format_stack() -> list[str]:
    """Where the caller is."""
    if _state.preserve:
        return [_state.meta.get("stack_trace", "")]
    return traceback.format_list(traceback.extract_stack()[:-1])


def get_graph_provenance_json(graph: Any) -> dict[str, Any]:
    """From which nodes those of a graph were made, as far as passes noted it."""
    found: dict[str, Any] = {}
    for node in graph.nodes:
        source: Optional[Any] = node.meta.get("from_node")
        if source:
            found[node.name] = [str(item) for item in source]
    return found
