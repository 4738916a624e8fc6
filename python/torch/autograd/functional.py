"""Higher-order functions over backward: Jacobians, Hessians and products with them.

`jvp` and `hvp` are computed by differentiating a vector-Jacobian product with respect to its vector, in which it is
linear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _tuple_of(value: Any, argument: str, function: str) -> tuple[bool, tuple[Tensor, ...]]:
    """(whether it was a tuple, the tensors); TypeError for anything else."""
    is_tuple = isinstance(value, (tuple, list))
    items = tuple(value) if is_tuple else (value,)
    for i, item in enumerate(items):
        if not isinstance(item, Tensor):
            where = f"at index {i} " if is_tuple else ""
            raise TypeError(
                f"{function}: {argument} {where}must be a Tensor or a tuple of Tensors, not {type(item).__name__}"
            )
    return is_tuple, items


def _fresh(tensors: Sequence[Tensor], create_graph: bool) -> tuple[Tensor, ...]:
    """Tensors of the same values to differentiate with respect to; connected to the given ones under create_graph."""
    result = []
    for t in tensors:
        if create_graph:
            result.append(t.view_as(t) if t.requires_grad else t.detach().requires_grad_())
        else:
            result.append(t.detach().requires_grad_())
    return tuple(result)


def _finish(tensors: Sequence[Tensor], create_graph: bool) -> tuple[Tensor, ...]:
    return tuple(tensors) if create_graph else tuple(t.detach() for t in tensors)


def _shaped(was_tuple: bool, tensors: Sequence[Any]) -> Any:
    return tuple(tensors) if was_tuple else tensors[0]


def _call(
    func: Callable[..., Any], inputs: tuple[Tensor, ...], name: str, strict: bool
) -> tuple[bool, tuple[Tensor, ...]]:
    is_tuple, outputs = _tuple_of(func(*inputs), "the output of func", name)
    if strict:
        for i, output in enumerate(outputs):
            if not output.requires_grad:
                raise RuntimeError(
                    f"{name}: output {i} of func is independent of the inputs, which strict=True forbids"
                )
    return is_tuple, outputs


def _grads(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    weights: Sequence[Tensor],
    name: str,
    strict: bool,
    create_graph: bool,
    retain_graph: bool | None = None,
) -> tuple[Tensor, ...]:
    """Gradients with zeros where there is none; under strict that is an error."""
    pairs = [(o, w) for o, w in zip(outputs, weights) if o.requires_grad]
    found: Sequence[Tensor | None] = [None] * len(inputs)
    if pairs:
        found = torch.autograd.grad(
            [o for o, _ in pairs],
            inputs,
            [w for _, w in pairs],
            allow_unused=True,
            create_graph=create_graph,
            retain_graph=retain_graph,
        )
    result = []
    for i, (grad, t) in enumerate(zip(found, inputs)):
        if grad is None:
            if strict:
                raise RuntimeError(f"{name}: func does not depend on input {i}, which strict=True forbids")
            grad = torch.zeros_like(t)
        result.append(grad)
    return tuple(result)


def _vector(v: Any, like: Sequence[Tensor], name: str) -> tuple[Tensor, ...]:
    """The vector v of the shapes of ``like``: the function's outputs for vjp, else its inputs."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            of = "the user-provided function returns" if name == "vjp" else "the input to the user-provided function is"
            raise RuntimeError(f"The vector v can only be None if {of} a single Tensor with a single element.")
        return (torch.ones_like(like[0]),)
    _, vectors = _tuple_of(v, "v", name)
    if len(vectors) != len(like):
        raise RuntimeError(f"{name}: v has {len(vectors)} tensors, expected {len(like)}")
    for i, (a, b) in enumerate(zip(vectors, like)):
        if a.shape != b.shape:
            raise RuntimeError(f"{name}: entry {i} of v has shape {tuple(a.shape)}, expected {tuple(b.shape)}")
    return vectors


def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), v times the Jacobian of func at inputs).

    v has the shape of func's output and may be left out if that has one element. create_graph: results can be
    differentiated. strict: an input on which func does not depend is a RuntimeError instead of giving zeros.
    """
    with torch.enable_grad():
        inputs_tuple, given = _tuple_of(inputs, "inputs", "vjp")
        points = _fresh(given, create_graph)
        outputs_tuple, outputs = _call(func, points, "vjp", strict)
        weights = _vector(v, outputs, "vjp")
        products = _grads(outputs, points, weights, "vjp", strict, create_graph)
    return (
        _shaped(outputs_tuple, _finish(outputs, create_graph)),
        _shaped(inputs_tuple, _finish(products, create_graph)),
    )


def jvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), the Jacobian of func at inputs times v).

    v has the shape of inputs and may be left out if that has one element. create_graph, strict: as in `vjp`.
    """
    with torch.enable_grad():
        _, given = _tuple_of(inputs, "inputs", "jvp")
        points = _fresh(given, create_graph)
        directions = _vector(v, points, "jvp")
        outputs_tuple, outputs = _call(func, points, "jvp", strict)
        weights = tuple(torch.zeros_like(o).requires_grad_() for o in outputs)
        pulled = _grads(outputs, points, weights, "jvp", strict, True)
        products = _grads(pulled, weights, directions, "jvp", strict, create_graph)
    return (
        _shaped(outputs_tuple, _finish(outputs, create_graph)),
        _shaped(outputs_tuple, _finish(products, create_graph)),
    )


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of func at inputs, of shape `output.shape + input.shape`.

    For a tuple of inputs a tuple of Jacobians, for a tuple of outputs a tuple of those. One backward for each
    element of the outputs; `vectorize` is accepted and changes nothing. strategy: only "reverse-mode".
    """
    if strategy != "reverse-mode":
        raise NotImplementedError(f"jacobian: strategy={strategy!r} is not supported, only 'reverse-mode'")
    with torch.enable_grad():
        inputs_tuple, given = _tuple_of(inputs, "inputs", "jacobian")
        points = _fresh(given, create_graph)
        outputs_tuple, outputs = _call(func, points, "jacobian", strict)
        result = []
        for output in outputs:
            rows: list[tuple[Tensor, ...]] = []
            for i in range(output.numel()):
                weight = torch.zeros_like(output).reshape(-1)
                weight[i] = 1
                rows.append(
                    _grads(
                        [output],
                        points,
                        [weight.reshape(output.shape)],
                        "jacobian",
                        strict,
                        create_graph,
                        retain_graph=True,
                    )
                )
            blocks = [
                torch.stack([row[k] for row in rows]).reshape(output.shape + point.shape)
                if rows
                else torch.zeros(output.shape + point.shape, dtype=output.dtype, device=output.device)
                for k, point in enumerate(points)
            ]
            result.append(_shaped(inputs_tuple, _finish(blocks, create_graph)))
    return _shaped(outputs_tuple, result)


def _single_output(func: Callable[..., Any], name: str) -> Callable[..., Tensor]:
    def checked(*args: Tensor) -> Tensor:
        is_tuple, outputs = _tuple_of(func(*args), "the output of func", name)
        if is_tuple:
            raise RuntimeError(f"The function given to {name} should return a single Tensor, not a tuple")
        if outputs[0].numel() != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {name} should contain a single element, "
                f"it has shape {tuple(outputs[0].shape)}"
            )
        return outputs[0].reshape(())

    return checked


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of a func with one output element: for a tensor of shape `s`, of shape `s + s`; for a tuple of
    inputs a tuple of tuples. Arguments as in `jacobian`."""
    inputs_tuple, given = _tuple_of(inputs, "inputs", "hessian")
    checked = _single_output(func, "hessian")

    def gradient(*points: Tensor) -> tuple[Tensor, ...]:
        value = checked(*points)
        if strict and not value.requires_grad:
            raise RuntimeError("hessian: the output of func is independent of the inputs, which strict=True forbids")
        return _grads([value], points, [torch.ones_like(value)], "hessian", strict, True)

    blocks = jacobian(
        gradient, given, create_graph=create_graph, strict=strict, vectorize=vectorize, strategy=outer_jacobian_strategy
    )
    return blocks if inputs_tuple else blocks[0][0]


def _gradient(func: Callable[..., Any], points: Sequence[Tensor], name: str, strict: bool) -> tuple[Any, Any]:
    """The outputs of func, which are to be one element, and their gradients, differentiable again."""
    _, outputs = _tuple_of(func(*points), "the output of func", name)
    if len(outputs) != 1 or outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
    return outputs, _grads(outputs, points, [torch.ones_like(outputs[0])], name, strict, True)


def vhp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), v times the Hessian of func at inputs). func has one output element, v the shape of inputs."""
    with torch.enable_grad():
        inputs_tuple, given = _tuple_of(inputs, "inputs", "vhp")
        points = _fresh(given, create_graph)
        weights = _vector(v, points, "vhp")
        outputs, first = _gradient(func, points, "vhp", strict)
        products = _grads(first, points, weights, "vhp", strict, create_graph)
    return _finish(outputs, create_graph)[0], _shaped(inputs_tuple, _finish(products, create_graph))


def hvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """(func(inputs), the Hessian of func at inputs times v). `vhp` computes the same with one walk less, as the
    Hessian of a real function is symmetric where it is continuous."""
    with torch.enable_grad():
        inputs_tuple, given = _tuple_of(inputs, "inputs", "hvp")
        points = _fresh(given, create_graph)
        directions = _vector(v, points, "hvp")
        outputs, first = _gradient(func, points, "hvp", strict)
        weights = tuple(torch.zeros_like(p).requires_grad_() for p in points)
        pulled = _grads(first, points, weights, "hvp", strict, True)
        products = _grads(pulled, weights, directions, "hvp", strict, create_graph)
    return _finish(outputs, create_graph)[0], _shaped(inputs_tuple, _finish(products, create_graph))
