"""The recorded graph as a user sees it: nodes, edges, hooks on what is saved for backward."""

from __future__ import annotations

import abc
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import _C

if TYPE_CHECKING:
    from torch import Tensor
    from torch.utils.hooks import RemovableHandle

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class Node(abc.ABC):
    """Type of `Tensor.grad_fn`, for `isinstance`; has `name()`, `next_functions`, `metadata`, `register_hook` and
    `register_prehook`."""

    @abc.abstractmethod
    def name(self) -> str:
        """Name of the node, such as "MulBackward0"."""

    @property
    @abc.abstractmethod
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes that this one feeds, each with the number of its input."""

    @abc.abstractmethod
    def metadata(self) -> dict[Any, Any]:
        """A dict for the user."""

    @abc.abstractmethod
    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """`fn(grad_inputs, grad_outputs)` runs after the node and may return other grad_inputs (a tuple)."""

    @abc.abstractmethod
    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """`fn(grad_outputs)` runs before the node and may return other grad_outputs (a tuple)."""

    @classmethod
    def __subclasshook__(cls, subclass: type) -> bool:
        if cls is Node and issubclass(subclass, (_C._autograd.Node, _C._FunctionBase)):
            return True
        return NotImplemented


class GradientEdge(NamedTuple):
    """Where the gradient of a tensor goes: input `output_nr` of `node`. Can stand for the tensor in `grad`."""

    node: Any
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge of a tensor that requires grad; stays valid, for the present value, when the tensor is written in
    place."""
    node, output_nr = _C._autograd.gradient_edge(tensor)
    return GradientEdge(node, output_nr)


def increment_version(tensor: Tensor | Sequence[Tensor]) -> None:
    """Counts a write to the tensors, for code that changed their memory behind autograd's back."""
    _C._autograd.increment_version(tensor)


class saved_tensors_hooks:
    """Context manager: what ops inside save for backward goes through `pack_hook(tensor)`, and what that returns
    through `unpack_hook(packed)` when it is needed; it must return a tensor with the same content. The hooks must
    not write to their arguments. Of nested ones the innermost is used."""

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        _C._autograd._push_saved_tensors_default_hooks(self.pack_hook, self.unpack_hook)

    def __exit__(self, *args: object) -> None:
        _C._autograd._pop_saved_tensors_default_hooks()


class save_on_cpu(saved_tensors_hooks):
    """Context manager: tensors saved by ops inside wait for backward in CPU memory, as copies.

    Args:
        pin_memory: not supported yet.
        device_type: device whose memory would be pinned; without effect on a CPU-only machine.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        if pin_memory:
            raise NotImplementedError("save_on_cpu: pin_memory=True is not supported")

        def pack(tensor: Tensor) -> tuple[Any, Tensor]:
            kept = tensor.detach()
            return tensor.device, kept.clone() if kept.device.type == "cpu" else kept.cpu()

        def unpack(packed: tuple[Any, Tensor]) -> Tensor:
            device, kept = packed
            return kept.to(device)

        super().__init__(pack, unpack)


class disable_saved_tensors_hooks:
    """Context manager: using saved-tensor hooks inside raises a RuntimeError with the given text."""

    def __init__(self, error_message: str) -> None:
        self.error_message = error_message
        self.previous: str | None = None

    def __enter__(self) -> None:
        self.previous = _C._autograd._saved_tensors_hooks_get_disabled_error_message()
        _C._autograd._saved_tensors_hooks_disable(self.error_message)

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self.previous is None:
            _C._autograd._saved_tensors_hooks_enable()
        else:
            _C._autograd._saved_tensors_hooks_disable(self.previous)


class _MultiHandle:
    """Removes several hooks at once."""

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __enter__(self) -> _MultiHandle:
        return self

    def __exit__(self, *args: object) -> None:
        self.remove()


def register_multi_grad_hook(tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: str = "all") -> _MultiHandle:
    """Calls `fn` in each backward that reaches some of the tensors.

    mode "all": once all of them that are part of the graph have their gradients, with a list of gradients (None for
    tensors that are not part of it). mode "any": with the first gradient that comes. Returns a handle with remove().
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    if any(not t.requires_grad for t in tensors):
        raise RuntimeError("register_multi_grad_hook: all tensors must require grad")
    lock = threading.Lock()

    if mode == "any":
        called: dict[int, bool] = {}

        def first(grad: Tensor) -> None:
            walk = _C._current_graph_task_id()
            with lock:
                if called.get(walk):
                    return
                called.clear()
                called[walk] = True
            fn(grad)

        return _MultiHandle([t.register_hook(first) for t in tensors])

    expected: dict[int, int] = {}
    arrived: dict[int, list[Any]] = {}
    nodes = [get_gradient_edge(t).node for t in tensors]

    def hook_for(index: int) -> Callable[[Tensor], None]:
        def hook(grad: Tensor) -> None:
            walk = _C._current_graph_task_id()
            with lock:
                if walk not in arrived:
                    arrived[walk] = [None] * len(tensors)
                    expected[walk] = sum(_C._autograd.will_run(node) for node in nodes)
                    _C._autograd.queue_callback(lambda: (arrived.pop(walk, None), expected.pop(walk, None)))
                arrived[walk][index] = grad
                expected[walk] -= 1
                complete = expected[walk] == 0
                grads = arrived[walk]
            if complete:
                fn(grads)

        return hook

    return _MultiHandle([t.register_hook(hook_for(i)) for i, t in enumerate(tensors)])
