"""Derivatives of functions, built on the tape.

A transform runs a function on inputs of its own: aliases of the given tensors where these are recorded themselves,
new leaves elsewhere. Results keep a graph only where something outside can ask for their derivatives: another transform
that is running, or a tensor outside that requires grad.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Optional, Union

import torch
from torch._functorch import state
from torch.utils._pytree import tree_flatten, tree_map, tree_map_only, tree_unflatten

argnums_t = Union[int, tuple[int, ...]]  # noqa: N816


# ---------------------------------------------------------------- arguments


def _checked_argnum(argnum: Any, count: int) -> int:
    if not isinstance(argnum, int):
        raise RuntimeError(f"argnum must be int, got: {type(argnum)}")
    if not -count <= argnum < count:
        raise RuntimeError(f"Got argnum={argnum}, but only {count} positional inputs")
    return argnum % count


def _checked_argnums(argnums: Any, count: int) -> argnums_t:
    if isinstance(argnums, int):
        return _checked_argnum(argnums, count)
    if not isinstance(argnums, tuple):
        raise AssertionError(f"Should never get here: argnums {argnums!r}")
    if not argnums:
        raise RuntimeError("argnums must be non-empty")
    found = tuple(_checked_argnum(argnum, count) for argnum in argnums)
    if len(set(found)) != len(found):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return found


def _differentiable(value: Any, leaves: list[torch.Tensor]) -> Any:
    """A tree with inputs of our own in place of its tensors; new leaves are noted."""

    def own(x: torch.Tensor) -> torch.Tensor:
        if x.requires_grad:
            return x.view_as(x)
        leaf = x.detach().requires_grad_()
        leaves.append(leaf)
        return leaf

    return tree_map_only(torch.Tensor, own, value)


class _Inputs:
    """The inputs of one transform."""

    def __init__(self, args: tuple[Any, ...], argnums: argnums_t) -> None:
        self.argnums = _checked_argnums(argnums, len(args))
        self.leaves: list[torch.Tensor] = []
        chosen = (self.argnums,) if isinstance(self.argnums, int) else self.argnums
        values = list(args)
        for i in chosen:
            values[i] = _differentiable(values[i], self.leaves)
        self.args = tuple(values)
        picked = [values[i] for i in chosen]
        self.flat, self.spec = tree_flatten(picked[0] if isinstance(self.argnums, int) else tuple(picked))
        if not self.flat or any(not isinstance(x, torch.Tensor) for x in self.flat):
            wrong = next((type(x) for x in self.flat if not isinstance(x, torch.Tensor)), None)
            raise ValueError(f"Thing passed to transform API must be Tensor, got {wrong or 'none'}")


def _seen_outside(outputs: Sequence[Any], own_leaves: list[torch.Tensor]) -> bool:
    """Whether outputs depend on a tensor that requires grad and is none of our leaves."""
    own = {id(leaf) for leaf in own_leaves}
    waiting = [out.grad_fn for out in outputs if isinstance(out, torch.Tensor) and out.grad_fn is not None]
    for out in outputs:
        if isinstance(out, torch.Tensor) and out.requires_grad and out.grad_fn is None and id(out) not in own:
            return True
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        variable = getattr(node, "variable", None)
        if variable is not None and id(variable) not in own:
            return True
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)
    return False


def _grads(
    outputs: Sequence[torch.Tensor],
    inputs: Sequence[torch.Tensor],
    cotangents: Optional[Sequence[torch.Tensor]] = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> list[torch.Tensor]:
    """Gradients, zeros where an input is not used."""
    pairs = [(out, None if cotangents is None else cotangents[i]) for i, out in enumerate(outputs) if out.requires_grad]
    if not pairs:
        return [torch.zeros_like(x) for x in inputs]
    found = torch.autograd.grad(
        [out for out, _ in pairs],
        list(inputs),
        [cotangent for _, cotangent in pairs],
        retain_graph=retain_graph or create_graph,
        create_graph=create_graph,
        allow_unused=True,
    )
    return [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, found)]


def _plain(value: Any) -> Any:
    """A tree with its tensors outside the graph."""
    return tree_map_only(torch.Tensor, lambda x: x.detach(), value)


def _split_aux(output: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    if not has_aux:
        return output, None
    if not (isinstance(output, tuple) and len(output) == 2):
        raise RuntimeError(f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return output


def _keeps_graph(outputs: Sequence[Any], leaves: list[torch.Tensor], outer_enabled: bool) -> bool:
    return outer_enabled and (state.differentiating() or _seen_outside(outputs, leaves))


# ---------------------------------------------------------------- gradients


def grad_and_value(func: Callable[..., Any], argnums: argnums_t = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of ``func`` and its value.

    Args:
        func: returns a tensor of one element, with ``has_aux`` a pair of it and anything else.
        argnums: numbers of the arguments to differentiate by.
        has_aux: the result is ``(gradient, (value, aux))``.

    Example:

        >>> torch.func.grad_and_value(lambda x: (x**2).sum())(torch.tensor([1.0, 2.0]))
        (tensor([2., 4.]), tensor(5.))
    """

    @functools.wraps(func, updated=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        outer_enabled = torch.is_grad_enabled()
        with torch.enable_grad():
            inputs = _Inputs(args, argnums)
            with state.Running():
                result = func(*inputs.args, **kwargs)
            output, aux = _split_aux(result, has_aux, "grad_and_value(f)(*args)")
            if not isinstance(output, torch.Tensor):
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a tensor, got an output of type "
                    f"{type(output)}"
                )
            if output.dim() != 0:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar tensor, got tensor with "
                    f"{output.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
                )
            keep = _keeps_graph([output], inputs.leaves, outer_enabled)
            flat = _grads([output], inputs.flat, create_graph=keep)
        grads = tree_unflatten(flat, inputs.spec)
        if not keep:
            grads, output, aux = _plain(grads), output.detach(), _plain(aux)
        return (grads, (output, aux)) if has_aux else (grads, output)

    return wrapper


def grad(func: Callable[..., Any], argnums: argnums_t = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of ``func``; see :func:`grad_and_value`.

    Example:

        >>> cosine = torch.func.grad(torch.sin)
        >>> torch.func.grad(cosine)(torch.tensor(0.0))
        tensor(-0.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func, updated=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        grads, value = both(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of ``func`` at ``primals``, and a function from cotangents of it to cotangents of the primals.

    Example:

        >>> value, pull = torch.func.vjp(torch.sin, torch.zeros(2))
        >>> pull(torch.tensor([1.0, 3.0]))
        (tensor([1., 3.]),)
    """
    outer_enabled = torch.is_grad_enabled()
    with torch.enable_grad():
        inputs = _Inputs(primals, tuple(range(len(primals))))
        with state.Running():
            result = func(*inputs.args)
    output, aux = _split_aux(result, has_aux, "vjp(f, *primals)")
    flat, spec = _tensors_of(output, "vjp(f, *primals)")
    keep = _keeps_graph(flat, inputs.leaves, outer_enabled)

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: Optional[bool] = None) -> Any:
        given, given_spec = tree_flatten(cotangents)
        if given_spec != spec:
            raise RuntimeError(
                f"Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                f"function. cotangents: {given_spec}, primal output: {spec}"
            )
        wanted = keep or any(isinstance(c, torch.Tensor) and c.requires_grad for c in given)
        wanted = torch.is_grad_enabled() and wanted if create_graph is None else create_graph
        found = _grads(flat, inputs.flat, given, retain_graph=retain_graph, create_graph=wanted)
        grads = tree_unflatten(found, inputs.spec)
        return grads if wanted else _plain(grads)

    shown = output if keep else _plain(output)
    return (shown, pull, aux if keep else _plain(aux)) if has_aux else (shown, pull)


def _tensors_of(output: Any, name: str) -> tuple[list[torch.Tensor], Any]:
    flat, spec = tree_flatten(output)
    if not flat:
        raise RuntimeError(f"{name}: Expected f to be a function that has non-empty output (got output = {output})")
    for x in flat:
        if not isinstance(x, torch.Tensor):
            raise RuntimeError(f"{name}: expected f(*primals) to return only tensors, got unsupported type {type(x)}")
    return flat, spec


def jvp(func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """The value of ``func`` at ``primals`` and its derivative in the direction of ``tangents``, by two backward passes.

    Example:

        >>> torch.func.jvp(torch.sin, (torch.zeros(2),), (torch.tensor([1.0, 2.0]),))
        (tensor([0., 0.]), tensor([1., 2.]))
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    flat_primals, primal_spec = tree_flatten(primals)
    flat_tangents, tangent_spec = tree_flatten(tangents)
    if primal_spec != tangent_spec:
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python structure. For example, "
            f"if primals is a tuple of 3 tensors, tangents also must be. Got primals with structure {primal_spec} and "
            f"tangents with structure {tangent_spec}"
        )
    for a, b in zip(flat_primals, flat_tangents):
        if not isinstance(a, torch.Tensor) or not isinstance(b, torch.Tensor):
            raise RuntimeError("jvp(f, primals, tangents): expected primals and tangents to be tensors")
        if a.shape != b.shape:
            raise RuntimeError(f"jvp(f, primals, tangents): primals of shape {a.shape} with tangents of {b.shape}")
    outer_enabled = torch.is_grad_enabled()
    with torch.enable_grad():
        inputs = _Inputs(primals, tuple(range(len(primals))))
        with state.Running():
            result = func(*inputs.args)
        output, aux = _split_aux(result, has_aux, "jvp(f, primals, tangents)")
        flat, spec = _tensors_of(output, "jvp(f, primals, tangents)")
        if strict and any(not x.requires_grad for x in flat):
            raise RuntimeError("jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs.")
        asked = any(t.requires_grad for t in flat_tangents)
        keep = asked or _keeps_graph(flat, inputs.leaves, outer_enabled)
        # The gradient is linear in its cotangent: what it is multiplied with is the derivative in a direction.
        cotangents = [torch.zeros_like(x, requires_grad=True) for x in flat]
        grads = _grads(flat, inputs.flat, cotangents, create_graph=True)
        products = _grads(grads, cotangents, flat_tangents, create_graph=keep)
    derivative = tree_unflatten(products, spec)
    if not keep:
        output, derivative, aux = _plain(output), _plain(derivative), _plain(aux)
    return (output, derivative, aux) if has_aux else (output, derivative)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of ``func`` at ``primals``, and a function from tangents to the derivative in their direction."""
    value = func(*primals)

    def push(*tangents: Any) -> Any:
        return jvp(func, primals, tangents)[1]

    return value, push


# ---------------------------------------------------------------- whole derivatives


def jacrev(
    func: Callable[..., Any],
    argnums: argnums_t = 0,
    *,
    has_aux: bool = False,
    chunk_size: Optional[int] = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """A function that returns the Jacobian of ``func``: for each output and input a tensor of both shapes.

    Args:
        func: returns tensors, with ``has_aux`` a pair of them and anything else.
        argnums: numbers of the arguments to differentiate by.
        has_aux: the result is ``(jacobian, aux)``.
        chunk_size: how many rows are computed at once: one, whatever is asked for.

    Example:

        >>> torch.func.jacrev(lambda x: x**2)(torch.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func, updated=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        outer_enabled = torch.is_grad_enabled()
        with torch.enable_grad():
            inputs = _Inputs(args, argnums)
            with state.Running():
                result = func(*inputs.args, **kwargs)
            output, aux = _split_aux(result, has_aux, "jacrev(f)(*args)")
            flat, spec = _tensors_of(output, "jacrev")
            keep = _keeps_graph(flat, inputs.leaves, outer_enabled)
            blocks = [_rows(out, inputs, keep) for out in flat]
        jacobian = tree_unflatten([tree_unflatten(row, inputs.spec) for row in blocks], spec)
        if not keep:
            jacobian, aux = _plain(jacobian), _plain(aux)
        return (jacobian, aux) if has_aux else jacobian

    return wrapper


def _rows(out: torch.Tensor, inputs: _Inputs, keep: bool) -> list[torch.Tensor]:
    """The Jacobian of one output by each input."""
    if not out.requires_grad:
        return [out.new_zeros((*out.shape, *x.shape)) for x in inputs.flat]
    scalars = out.reshape(-1)
    rows = [_grads([scalars[i]], inputs.flat, retain_graph=True, create_graph=keep) for i in range(scalars.numel())]
    if not rows:
        return [out.new_zeros((*out.shape, *x.shape)) for x in inputs.flat]
    return [torch.stack([row[k] for row in rows]).reshape((*out.shape, *x.shape)) for k, x in enumerate(inputs.flat)]


def jacfwd(
    func: Callable[..., Any], argnums: argnums_t = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """The same as :func:`jacrev`: there is no forward mode, and the Jacobian is computed row by row.

    Example:

        >>> torch.func.jacfwd(lambda x: x**2)(torch.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func: Callable[..., Any], argnums: argnums_t = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of ``func``.

    Example:

        >>> torch.func.hessian(lambda x: (x**3).sum())(torch.tensor([1.0, 2.0]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    return jacrev(jacrev(func, argnums), argnums)


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """A function with the same results. In PyTorch it runs operators that don't write, which only tracing can tell.

    Raises:
        RuntimeError: ``remove`` is neither "mutations" nor "mutations_and_views".
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid options are:\n"
            "     remove='mutations': all inplace and out= operators will be removed from the program\n"
            "     remove='mutations_and_views': view operators as well"
        )

    @functools.wraps(func, updated=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return wrapper


def debug_unwrap(tensor: torch.Tensor, *, recurse: bool = True) -> torch.Tensor:
    """The tensor under the transforms that are running, which is the tensor itself."""
    return tree_map(lambda x: x, tensor)
