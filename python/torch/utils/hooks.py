"""Handles that undo a registration, and the backward hooks of modules."""

from __future__ import annotations

import warnings
import weakref
from collections import OrderedDict
from typing import Any, Callable

import torch

__all__ = ["RemovableHandle", "unserializable_hook", "warn_if_has_hooks", "BackwardHook"]


class RemovableHandle:
    """Takes a hook out of the dictionary that it was put into.

    The dictionary is held weakly: a handle does not keep a module or tensor alive. As a context manager the handle
    removes its hook at the end of the block.

    Args:
        hooks_dict: the dictionary of hooks, to be filled by the caller under the key :attr:`id`.
        extra_dict: a dictionary, or a list of them, from which the key is removed as well.
    """

    id: int
    next_id: int = 0

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None) -> None:
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        if extra_dict is None:
            extra_dict = ()
        elif not isinstance(extra_dict, (list, tuple)):
            extra_dict = (extra_dict,)
        self.extra_dict_ref: tuple = tuple(weakref.ref(d) for d in extra_dict)

    def remove(self) -> None:
        """Remove the hook. Does nothing when it is gone already."""
        for ref in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = ref()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self) -> tuple:
        extra = tuple(ref() for ref in self.extra_dict_ref)
        return (self.hooks_dict_ref(), self.id, extra) if extra else (self.hooks_dict_ref(), self.id)

    def __setstate__(self, state: tuple) -> None:
        hooks = state[0] if state[0] is not None else OrderedDict()
        self.hooks_dict_ref = weakref.ref(hooks)
        self.id = state[1]
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)
        extra = state[2] if len(state) > 2 else ()
        self.extra_dict_ref = tuple(weakref.ref(d if d is not None else OrderedDict()) for d in extra)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, type: Any, value: Any, tb: Any) -> None:
        self.remove()


def unserializable_hook(f: Callable) -> Callable:
    """Mark ``f`` as a hook that is lost, with a warning, when its tensor is saved."""
    f.__torch_unserializable__ = True  # type: ignore[attr-defined]
    return f


def warn_if_has_hooks(tensor: torch.Tensor) -> None:
    """Warn for every backward hook of ``tensor`` that saving it would drop."""
    for hook in (tensor._backward_hooks or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized. If this is expected, decorate the "
                "function with @torch.utils.hooks.unserializable_hook to silence this warning",
                stacklevel=2,
            )


_identity_function: Any = None


def _pass_through(tensors: tuple) -> tuple:
    """Send ``tensors`` through one autograd node whose backward is the identity, so that hooks can sit on it."""
    global _identity_function
    if _identity_function is None:

        class BackwardHookFunction(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *args: torch.Tensor) -> tuple:
                outputs = tuple(arg.view_as(arg) for arg in args)
                constant = [out for arg, out in zip(args, outputs) if not arg.requires_grad]
                ctx.mark_non_differentiable(*constant)
                return outputs

            @staticmethod
            def backward(ctx: Any, *grads: Any) -> tuple:
                return grads

        _identity_function = BackwardHookFunction
    return _identity_function.apply(*tensors)


class BackwardHook:
    """Runs the full backward hooks of one call of a module.

    The tensors among the inputs pass through one identity node and those among the outputs through another. The node
    at the outputs sees the gradient of the outputs first (pre-hooks run there, and may replace it); the node at the
    inputs sees the gradient of the inputs last, and runs the hooks with both.

    Args:
        module: the module, given to each hook.
        user_hooks: called as ``hook(module, grad_input, grad_output)``; may return new ``grad_input``.
        user_pre_hooks: called as ``hook(module, grad_output)``; may return new ``grad_output``.
    """

    def __init__(self, module: Any, user_hooks: Any, user_pre_hooks: Any) -> None:
        self.module = module
        self.user_hooks = user_hooks
        self.user_pre_hooks = user_pre_hooks
        self.grad_outputs: Any = None
        self.n_inputs = -1
        self.n_outputs = -1
        self.input_tensors_index: list[int] | None = None
        self.output_tensors_index: list[int] | None = None

    @staticmethod
    def _spread(indices: Any, values: Any, size: int) -> tuple:
        """Put ``values`` at ``indices`` of a tuple of ``size`` Nones."""
        result = [None] * size
        for index, value in zip(indices, values):
            result[index] = value
        return tuple(result)

    @staticmethod
    def _as_tuple(value: Any) -> tuple:
        return value if isinstance(value, tuple) else (value,)

    def _attach(self, attach: Callable, args: tuple) -> tuple[tuple, list[int] | None]:
        """Replace the tensors in ``args`` by outputs of an identity node and call ``attach`` with that node."""
        indices = [i for i, arg in enumerate(args) if isinstance(arg, torch.Tensor)]
        if not (torch.is_grad_enabled() and any(args[i].requires_grad for i in indices)):
            return args, None
        tensors = _pass_through(tuple(args[i] for i in indices))
        node = next((t.grad_fn for t in tensors if t.grad_fn is not None), None)
        if node is None:
            raise RuntimeError("module backward hooks: no gradient function was recorded for the hooked tensors")
        attach(node)
        result = list(args)
        for index, tensor in zip(indices, tensors):
            result[index] = tensor
        return tuple(result), indices

    def _run_hooks(self, grad_input: tuple, grad_output: Any) -> tuple:
        result = grad_input
        for hook in self.user_hooks:
            out = hook(self.module, result, grad_output)
            if out is None:
                continue
            out = self._as_tuple(out)
            if len(out) != len(result):
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, "
                    f"got {len(out)}, but expected {len(result)}"
                )
            result = out
        return result

    def setup_input_hook(self, args: tuple) -> tuple:
        """Return ``args`` with its tensors replaced by ones that run the hooks on their gradient."""

        def attach(node: Any) -> None:
            def hook(grad_input: tuple, _grad_output: tuple) -> Any:
                if self.grad_outputs is None:
                    # No gradient reached the outputs: the inputs got theirs on another way.
                    return None
                full = self._spread(self.input_tensors_index, grad_input, self.n_inputs)
                result = self._run_hooks(full, self.grad_outputs)
                self.grad_outputs = None
                return tuple(result[i] for i in self.input_tensors_index)  # type: ignore[union-attr]

            node.register_hook(hook)

        result, self.input_tensors_index = self._attach(attach, args)
        self.n_inputs = len(args)
        return result

    def setup_output_hook(self, args: Any) -> Any:
        """Return the outputs ``args`` (a tensor or a tuple) with tensors that run the pre-hooks on their gradient."""

        def attach(node: Any) -> None:
            def hook(grad_output: tuple) -> Any:
                grads = self._spread(self.output_tensors_index, grad_output, self.n_outputs)
                for pre_hook in self.user_pre_hooks:
                    out = pre_hook(self.module, grads)
                    if out is None:
                        continue
                    out = self._as_tuple(out)
                    if len(out) != len(grads):
                        raise RuntimeError(
                            "Backward pre hook returned an invalid number of grad_output, "
                            f"got {len(out)}, but expected {len(grads)}"
                        )
                    grads = out
                self.grad_outputs = grads
                if self.input_tensors_index is None:
                    # No input takes part in autograd, so the node at the inputs does not exist.
                    result = self._run_hooks((None,) * max(self.n_inputs, 0), grads)
                    if any(grad is not None for grad in result):
                        raise RuntimeError(
                            "Backward hook for Modules where no input requires gradient should always return None "
                            "or None for all gradients."
                        )
                    self.grad_outputs = None
                return tuple(grads[i] for i in self.output_tensors_index)  # type: ignore[union-attr]

            node.register_prehook(hook)

        single = not isinstance(args, tuple)
        values = (args,) if single else args
        result, self.output_tensors_index = self._attach(attach, values)
        self.n_outputs = len(values)
        return result[0] if single else result
