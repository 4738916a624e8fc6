"""Ops with a forward and a backward of their own, written in Python."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import _C

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["BackwardCFunction", "Function", "FunctionCtx", "FunctionMeta", "InplaceFunction", "once_differentiable"]


class FunctionCtx:
    """What `forward`, `setup_context` and `backward` of a `Function` share. Attributes may be set on it freely."""

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps inputs or outputs of forward for `ctx.saved_tensors` in backward. Call it once, in forward or
        `setup_context`. Tensors kept this way are checked for in-place writes and make no reference cycles."""
        self.to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for `jvp`."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Names inputs that forward wrote in place. They have to be among its outputs."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Names outputs that have no gradient. backward still gets an argument for them."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (True, the default) or None for outputs that no gradient reached."""
        self.materialize_grads = value


class BackwardCFunction(_C._FunctionBase, FunctionCtx):
    """Base of the ctx classes: of class `F(Function)` that is `FBackward`, the type of the outputs' grad_fn."""

    _forward_cls: type[Function]

    def apply(self, *args: Any) -> Any:  # type: ignore[override]
        """Runs the user's backward on gradients given by hand."""
        own, vjp = self._forward_cls.backward, self._forward_cls.vjp
        if own is not Function.backward and vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        return (vjp if vjp is not Function.vjp else own)(self, *args)

    def apply_jvp(self, *args: Any) -> Any:
        raise NotImplementedError("forward-mode differentiation of custom Functions is not supported")


class FunctionMeta(type):
    """Makes the ctx class that belongs to a Function class."""

    def __init__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> None:
        backward_class = type(name + "Backward", (BackwardCFunction,), {"_forward_cls": cls})
        backward_class.__module__ = "torch.autograd.function"
        cls._backward_cls = _C._prepare_function_class(backward_class)
        super().__init__(name, bases, attrs)


class Function(_C._FunctionBase, FunctionCtx, metaclass=FunctionMeta):
    r"""Base class of custom ops.

    A subclass defines static methods `forward` and `backward`, and is used through `apply`::

        class Exp(Function):
            @staticmethod
            def forward(ctx, x):
                result = x.exp()
                ctx.save_for_backward(result)
                return result

            @staticmethod
            def backward(ctx, grad):
                (result,) = ctx.saved_tensors
                return grad * result

        y = Exp.apply(x)

    `forward` runs without recording. `backward` gets one gradient an output and returns one for each argument of
    forward, None where there is none. It is recorded itself under `create_graph=True`, so write it with
    differentiable ops, or mark it with `once_differentiable`. If `setup_context(ctx, inputs, output)` is defined,
    forward gets no ctx.
    """

    _backward_cls: type[BackwardCFunction]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method: call MyFunction.apply(...)."
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Computes the outputs: `forward(ctx, *args)`, or `forward(*args)` if `setup_context` is defined."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Fills ctx after forward, from forward's arguments (with their defaults) and its result."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Returns the gradients of forward's arguments, given those of its outputs. Also called `vjp`."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """Forward-mode derivative; never called, as forward-mode differentiation is not supported."""
        raise NotImplementedError("forward-mode differentiation of custom Functions is not supported")

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """Batching rule; never called, as vmap over custom Functions is not supported."""
        raise NotImplementedError("vmap over custom Functions is not supported")


class InplaceFunction(Function):
    """A Function that remembers in `self.inplace` whether it works in place. Kept for old programs."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


@functools.lru_cache(maxsize=256)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def _bind_arguments(
    cls: type[Function], has_setup_context: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, ...]:
    """Arguments of forward in its order; with `setup_context` also those left at their defaults."""
    if has_setup_context:
        bound = _signature(cls.forward).bind(*args, **kwargs)
        bound.apply_defaults()
        positional, named = bound.args, bound.kwargs
    else:
        bound = _signature(cls.forward).bind(None, *args, **kwargs)  # None stands for ctx
        positional, named = bound.args[1:], bound.kwargs
    if named:
        raise TypeError(f"{cls.__name__}.apply() takes no keyword-only arguments, got {', '.join(named)}")
    return positional


class _NotTwice(Function):
    """Passes tensors on; differentiating through it is an error."""

    @staticmethod
    def forward(ctx: Any, *tensors: Any) -> Any:
        return tuple(t.detach() for t in tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a `backward` whose own derivative does not exist: it runs unrecorded, and differentiating its results
    raises."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        import torch

        with torch.no_grad():
            outputs = fn(ctx, *args)
        if not torch.is_grad_enabled():
            return outputs
        if not any(isinstance(a, torch.Tensor) and a.requires_grad for a in args):
            return outputs
        single = not isinstance(outputs, tuple)
        items = [outputs] if single else list(outputs)
        at = [i for i, item in enumerate(items) if isinstance(item, torch.Tensor)]
        guarded = _NotTwice.apply(*(items[i].detach().requires_grad_() for i in at))
        for i, tensor in zip(at, guarded):
            items[i] = tensor
        return items[0] if single else tuple(items)

    return wrapper
