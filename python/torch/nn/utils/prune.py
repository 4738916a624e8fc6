"""Pruning: entries of a parameter that are held at zero.

A pruned parameter ``NAME`` becomes ``NAME_orig``, with the buffer ``NAME_mask``; ``NAME`` itself is their product,
computed before each forward.
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import torch
from torch.nn.modules.module import Module

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


class BasePruningMethod(ABC):
    """A way to choose what is pruned. Subclasses give ``PRUNING_TYPE`` and :meth:`compute_mask`."""

    #: ``"unstructured"``: single entries, ``"structured"``: whole slices, ``"global"``: either.
    PRUNING_TYPE: str
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        """Return the mask for a tensor.

        Args:
            t: what tells how important the entries are.
            default_mask: the mask so far; where it is zero, the new one has to be.
        """

    def apply_mask(self, module: Module) -> torch.Tensor:
        """Return the pruned tensor: original times mask."""
        if self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned")
        mask, original = getattr(module, self._tensor_name + "_mask"), getattr(module, self._tensor_name + "_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: torch.Tensor | None = None, **kwargs: Any
    ) -> Any:
        """Prune a parameter, on top of how it may be pruned already.

        Args:
            module: the module, which is changed.
            name: the parameter's name.
            importance_scores: what tells how important the entries are. Default: the parameter itself
            *args, **kwargs: for the constructor.

        Returns:
            the method that does it: an instance of this class, or a container where the parameter was pruned before.
        """
        before = [hook for hook in module._forward_pre_hooks.items() if _prunes(hook[1], name)]
        if len(before) > 1:
            raise AssertionError(
                f"Avoid adding multiple pruning hooks to the same tensor {name} of module {module}. Use a "
                "PruningContainer."
            )
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        if before:
            key, old = before[0]
            if not isinstance(old, PruningContainer):
                container = PruningContainer()
                container._tensor_name = name
                container.add_pruning_method(old)
                old = container
            old.add_pruning_method(method)
            method = old
            del module._forward_pre_hooks[key]
        original = getattr(module, name)
        if importance_scores is not None:
            if importance_scores.shape != original.shape:
                raise AssertionError(
                    f"importance_scores should have the same shape as parameter {name} of {module}, got "
                    f"{importance_scores.shape} vs {original.shape}"
                )
        else:
            importance_scores = original
        if before:
            default_mask = getattr(module, name + "_mask").detach().clone(memory_format=torch.contiguous_format)
        else:
            module.register_parameter(name + "_orig", original)
            del module._parameters[name]
            default_mask = torch.ones_like(original)
        try:
            with torch.no_grad():
                mask = method.compute_mask(importance_scores, default_mask=default_mask)
            module.register_buffer(name + "_mask", mask)
            setattr(module, name, method.apply_mask(module))
            module.register_forward_pre_hook(method)
        except Exception:
            if not before:
                module.register_parameter(name, original)
                del module._parameters[name + "_orig"]
            raise
        return method

    def prune(
        self,
        t: torch.Tensor,
        default_mask: torch.Tensor | None = None,
        importance_scores: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return a pruned copy of a tensor, on top of ``default_mask``."""
        if importance_scores is not None and importance_scores.shape != t.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as tensor t, got {importance_scores.shape} vs {t.shape}"
            )
        scores = t if importance_scores is None else importance_scores
        return t * self.compute_mask(scores, default_mask=torch.ones_like(t) if default_mask is None else default_mask)

    def remove(self, module: Module) -> None:
        """Make the pruned tensor an ordinary parameter; the pruned entries are zero and no longer held."""
        if self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned before pruning can be removed")
        name = self._tensor_name
        pruned = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters[name + "_orig"]
        original.data = pruned.data  # type: ignore[union-attr]
        del module._parameters[name + "_orig"], module._buffers[name + "_mask"]
        setattr(module, name, original)


def _prunes(hook: Any, name: str) -> bool:
    return isinstance(hook, BasePruningMethod) and hook._tensor_name == name


class PruningContainer(BasePruningMethod):
    """Several methods on one parameter, one after the other; each sees what those before have left."""

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple = ()
        if len(args) == 1 and isinstance(args[0], BasePruningMethod):
            self._tensor_name = args[0]._tensor_name
            self.add_pruning_method(args[0])
        else:
            methods = args[0] if len(args) == 1 and isinstance(args[0], Iterable) else args
            for method in methods:
                self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method at the end."""
        if not isinstance(method, BasePruningMethod) and method is not None:
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and self._tensor_name != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Any:
        return iter(self._pruning_methods)

    def __getitem__(self, index: Any) -> Any:
        return self._pruning_methods[index]

    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        """Return the mask so far, with what the last method prunes of the rest."""
        method = self._pruning_methods[-1]
        mask = default_mask.to(dtype=t.dtype)
        where: Any
        if method.PRUNING_TYPE == "unstructured":
            where = mask == 1
        elif method.PRUNING_TYPE == "structured":
            # The slices along the dimension that still hold anything.
            dim = method.dim % t.dim()
            rest = [d for d in range(t.dim()) if d != dim]
            kept = mask.sum(dim=rest) != 0
            where = tuple(kept if d == dim else slice(None) for d in range(t.dim()))
        elif method.PRUNING_TYPE == "global":
            where = slice(None)
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        new = mask.clone()
        new[where] = method.compute_mask(t[where], default_mask=mask[where]).to(dtype=new.dtype)
        return new


class Identity(BasePruningMethod):
    """Prunes nothing, but puts the mask in place."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        return default_mask


class _Amount(BasePruningMethod):
    """Prunes a given number of entries or slices, or a share of them."""

    def __init__(self, amount: Any) -> None:
        _validate_pruning_amount_init(amount)
        self.amount = amount

    def _to_prune(self, size: int) -> int:
        number = _compute_nparams_toprune(self.amount, size)
        _validate_pruning_amount(number, size)
        return number


class RandomUnstructured(_Amount):
    """Prunes entries at random.

    Args:
        amount: how many, or as a float from 0 to 1 which share.
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        number = self._to_prune(t.nelement())
        mask = default_mask.clone(memory_format=torch.contiguous_format)
        if number != 0:
            chosen = torch.topk(torch.rand_like(t).view(-1), k=number)
            mask.view(-1)[chosen.indices] = 0
        return mask


class L1Unstructured(_Amount):
    """Prunes the entries with the least absolute value.

    Args:
        amount: how many, or as a float from 0 to 1 which share.
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        number = self._to_prune(t.nelement())
        mask = default_mask.clone(memory_format=torch.contiguous_format)
        if number != 0:
            chosen = torch.topk(t.abs().view(-1), k=number, largest=False)
            mask.view(-1)[chosen.indices] = 0
        return mask


def _keep_slices(t: torch.Tensor, dim: int, kept: torch.Tensor) -> torch.Tensor:
    """A mask that is 1 in the slices ``kept`` along a dimension."""
    mask = torch.zeros_like(t)
    where: list = [slice(None)] * t.dim()
    where[dim] = kept
    mask[tuple(where)] = 1
    return mask


class _Structured(_Amount):
    PRUNING_TYPE = "structured"
    dim: int

    def _number(self, t: torch.Tensor) -> int:
        _validate_structured_pruning(t)
        _validate_pruning_dim(t, self.dim)
        return self._to_prune(t.shape[self.dim])


class RandomStructured(_Structured):
    """Prunes whole slices along a dimension at random.

    Args:
        amount: how many, or as a float from 0 to 1 which share.
        dim: the dimension. Default: -1
    """

    def __init__(self, amount: Any, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        number = self._number(t)
        if number == 0:
            return default_mask
        order = torch.rand(t.shape[self.dim])
        threshold = torch.kthvalue(order, k=number).values
        return default_mask * _keep_slices(t, self.dim, order > threshold).to(dtype=default_mask.dtype)


class LnStructured(_Structured):
    """Prunes the slices along a dimension with the least norm.

    Args:
        amount: how many, or as a float from 0 to 1 which share.
        n: the norm, as :func:`torch.norm` takes it.
        dim: the dimension. Default: -1
    """

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        super().__init__(amount)
        self.n = n
        self.dim = dim

    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        number = self._number(t)
        if number == 0:
            return default_mask
        norms = _compute_norm(t, self.n, self.dim)
        kept = torch.topk(norms, k=t.shape[self.dim] - number, largest=True).indices
        return default_mask * _keep_slices(t, self.dim, kept).to(dtype=default_mask.dtype)

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Module, name: str, amount: Any, n: Any, dim: int, importance_scores: torch.Tensor | None = None
    ) -> Any:
        return super().apply(module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores)


class CustomFromMask(BasePruningMethod):
    """Prunes where a given mask is zero."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: torch.Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: torch.Tensor, default_mask: torch.Tensor) -> torch.Tensor:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)


# ---- functions ---------------------------------------------------------------------------------------------------


def identity(module: Module, name: str) -> Module:
    """Put the mask of :class:`Identity` in place and return the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: Any) -> Module:
    """Prune entries at random and return the module. See :class:`RandomUnstructured`."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: Any, importance_scores: torch.Tensor | None = None) -> Module:
    """Prune the least entries and return the module. See :class:`L1Unstructured`."""
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: Any, dim: int) -> Module:
    """Prune slices at random and return the module. See :class:`RandomStructured`."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: Any, n: Any, dim: int, importance_scores: torch.Tensor | None = None
) -> Module:
    """Prune the slices of the least norm and return the module. See :class:`LnStructured`."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: torch.Tensor) -> Module:
    """Prune where ``mask`` is zero and return the module."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable, pruning_method: Any, importance_scores: dict | None = None, **kwargs: Any
) -> None:
    """Prune entries of several parameters as if they were one.

    Args:
        parameters: pairs (module, name).
        pruning_method: a class of unstructured pruning.
        importance_scores: for pairs, what tells how important their entries are. Default: the parameters
        **kwargs: for the class.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = importance_scores if importance_scores is not None else {}
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    pairs = list(parameters)

    def flat(tensors: Iterable) -> torch.Tensor:
        return torch.nn.utils.parameters_to_vector(list(tensors))

    importance = flat(scores.get(pair, getattr(*pair)) for pair in pairs)
    default_mask = flat(
        getattr(module, name + "_mask", torch.ones_like(getattr(module, name))) for module, name in pairs
    )
    container = PruningContainer()
    container._tensor_name = "temp"
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    container.add_pruning_method(method)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    mask = container.compute_mask(importance, default_mask)
    first = 0
    for module, name in pairs:
        param = getattr(module, name)
        custom_from_mask(module, name, mask=mask[first : first + param.numel()].view_as(param))
        first += param.numel()


def remove(module: Module, name: str) -> Module:
    """Make a pruned tensor an ordinary parameter, zeros included, and return the module."""
    for key, hook in module._forward_pre_hooks.items():
        if _prunes(hook, name):
            hook.remove(module)  # type: ignore[attr-defined]
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")


def is_pruned(module: Module) -> bool:
    """Whether any parameter of ``module`` or of a module in it is pruned."""
    return any(
        isinstance(hook, BasePruningMethod) for child in module.modules() for hook in child._forward_pre_hooks.values()
    )


# ---- checks ------------------------------------------------------------------------------------------------------


def _validate_pruning_amount_init(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    whole = isinstance(amount, numbers.Integral)
    if (whole and amount < 0) or (not whole and not 0.0 <= float(amount) <= 1.0):
        raise ValueError(f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer")


def _validate_pruning_amount(amount: int, tensor_size: int) -> None:
    if amount > tensor_size:
        raise ValueError(f"amount={amount} should be smaller than the number of parameters to prune={tensor_size}")


def _validate_structured_pruning(t: torch.Tensor) -> None:
    if t.dim() <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of shape "
            f"{t.shape} with {t.dim()} dims"
        )


def _validate_pruning_dim(t: torch.Tensor, dim: int) -> None:
    if dim >= t.dim():
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")


def _compute_nparams_toprune(amount: Any, tensor_size: int) -> int:
    return int(amount) if isinstance(amount, numbers.Integral) else round(amount * tensor_size)


def _compute_norm(t: torch.Tensor, n: Any, dim: int) -> torch.Tensor:
    """The norm of each slice along a dimension."""
    return torch.norm(t, p=n, dim=[d for d in range(t.dim()) if d != dim % t.dim()])
