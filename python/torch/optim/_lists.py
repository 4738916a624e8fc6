"""The frame of optimizers that keep tensors of a parameter's shape, and step by one call over all parameters."""

from __future__ import annotations

from typing import Any, Callable, ClassVar

import torch
from torch.optim.optimizer import Optimizer, _check_capturable, _get_value, _unscale, _with_grad

__all__: list = []


def _scalar_dtype() -> torch.dtype:
    """The dtype of counts of steps and other numbers of the state."""
    return torch.float64 if torch.get_default_dtype() is torch.float64 else torch.float32


def _check_betas(betas: tuple[Any, Any]) -> None:
    for index, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta}")


class ListOptimizer(Optimizer):
    """An optimizer whose state is, for each parameter, a few numbers, and tensors of its shape.

    A subclass names the tensors of its state, and gives what a step does to lists of parameters, gradients and state:
    either ``_apply``, or a rule of the operator that steps by name with the names of the rule's own options.
    ``_formula`` is the same for one parameter, by operators that autograd can follow.
    """

    #: Options that came after files were written without them, with their values in such files.
    _later: ClassVar[dict[str, Any]] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }
    #: The tensors of the state, which start as zeros.
    _tensors: ClassVar[tuple[str, ...]] = ()
    _rule: ClassVar[str] = ""
    _rule_options: ClassVar[tuple[str, ...]] = ()
    #: Whether a step takes ``grad_scale`` and ``found_inf``.
    _scales: ClassVar[bool] = False
    #: What the error of a sparse gradient says.
    _not_sparse: ClassVar[str] = "{} does not support sparse gradients"

    def _first_numbers(self, group: dict[str, Any]) -> dict[str, float]:
        return {"step": 0.0}

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        return dict.fromkeys(self._tensors, 0.0)

    @classmethod
    def _apply(cls, params: list, grads: list, tensors: dict[str, list], numbers: dict[str, list], group: dict) -> None:
        options: list = [group.get("lr", 0), group.get("weight_decay", 0), group["maximize"]]
        for name in cls._rule_options:
            options += group[name] if name in _PAIRS else [group[name]]
        torch._optimizer_step_(
            params,
            grads,
            [tensor for of_all in tensors.values() for tensor in of_all],
            [number for of_all in numbers.values() for number in of_all],
            torch.tensor([float(_get_value(option)) for option in options], dtype=torch.float64),
            rule=cls._rule,
        )

    @staticmethod
    def _formula(
        param: torch.Tensor,
        grad: torch.Tensor,
        tensors: dict[str, torch.Tensor],
        numbers: dict[str, torch.Tensor],
        group: dict[str, Any],
    ) -> None:
        raise NotImplementedError

    # ---- the frame -----------------------------------------------------------------------------------------------

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._complete_groups(**self._later)
        for group in self.param_groups:
            names = list(self._first_numbers(group))
            for param in group["params"]:
                entry: Any = self.state.get(param) or {}
                for name in names:
                    if name in entry and not isinstance(entry[name], torch.Tensor):  # as in old files
                        entry[name] = torch.tensor(float(entry[name]), dtype=_scalar_dtype())

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by one step. Returns what ``closure``, if given, returns."""
        return self._run(closure, self._step_group)

    def _start(self, param: torch.Tensor, numbers: dict[str, float], tensors: dict[str, float]) -> None:
        state, dtype = self.state[param], _scalar_dtype()
        for name, value in numbers.items():
            # A tensor rather than a number, and on the CPU, as in the files that PyTorch writes.
            state[name] = torch.full((), float(_get_value(value)), dtype=dtype)
        for name, value in tensors.items():
            state[name] = torch.zeros_like(param, memory_format=torch.preserve_format).detach()
            if value:
                state[name].fill_(complex(value, value) if param.is_complex() else value)

    def _step_sparse(self, param: torch.Tensor, grad: torch.Tensor, group: dict[str, Any]) -> None:
        """The step of a parameter whose gradient is sparse."""
        raise RuntimeError(self._not_sparse.format(type(self).__name__))

    def _step_group(self, group: dict[str, Any]) -> None:
        params, grads = _with_grad(group["params"])
        if any(grad.is_sparse for grad in grads):
            for param, grad in zip(params, grads):
                if grad.is_sparse:
                    self._step_sparse(param, grad, group)
            dense = [(param, grad) for param, grad in zip(params, grads) if not grad.is_sparse]
            params, grads = [param for param, _ in dense], [grad for _, grad in dense]
        if not params:
            return
        if group.get("capturable"):
            _check_capturable(params)
        numbers, tensors = self._first_numbers(group), self._first_tensors(group)
        for param in params:
            if not self.state[param]:
                self._start(param, numbers, tensors)
        states = [self.state[param] for param in params]
        self._update(
            params,
            grads,
            {name: [state[name] for state in states] for name in tensors},
            {name: [state[name] for state in states] for name in numbers},
            group,
        )

    @staticmethod
    def _sparse_formula(param: Any, grad: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        """The step with a sparse gradient, of optimizers that take them."""
        raise NotImplementedError

    @classmethod
    def _update(
        cls, params: list, grads: list, tensors: dict[str, list], numbers: dict[str, list], group: dict[str, Any]
    ) -> None:
        if not group["differentiable"]:
            cls._apply(params, grads, tensors, numbers, group)
            return
        weight_decay, decoupled = group.get("weight_decay", 0), group.get("decoupled_weight_decay", False)
        for i, (param, grad) in enumerate(zip(params, grads)):
            numbers["step"][i].add_(1)
            if group["maximize"]:
                grad = -grad
            if weight_decay != 0 and decoupled:
                param.mul_(1 - group["lr"] * weight_decay)
            elif weight_decay != 0:
                grad = grad + param * weight_decay
            # Real and imaginary part are two numbers of their own.
            real: Callable = torch.view_as_real if param.is_complex() else (lambda t: t)
            cls._formula(
                real(param),
                real(grad),
                {name: real(of_all[i]) for name, of_all in tensors.items()},
                {name: of_all[i] for name, of_all in numbers.items()},
                group,
            )


# Options that are pairs, with the names that functional forms have for the two.
_PAIRS = {
    "betas": ("beta1", "beta2"),
    "etas": ("etaminus", "etaplus"),
    "step_sizes": ("step_size_min", "step_size_max"),
}


def functional_form(
    cls: type[ListOptimizer], state: dict[str, str], arguments: str, **fixed: Any
) -> Callable[..., None]:
    """Make the function that does the step of ``cls`` with lists that the caller keeps.

    Args:
        cls: the optimizer.
        state: the lists of the state in the order of the arguments, with what a parameter's state calls them.
        arguments: those that follow, as in the head of a function.
        fixed: options that the function has no argument for.
    """
    name = cls.__name__.lower()
    numbers = ("step", "mu_product", "eta", "mu")  # in the order in which rules take them

    def run(group: dict[str, Any]) -> None:
        params, grads = group.pop("params"), group.pop("grads")
        lists = {own: group.pop(argument) for argument, own in state.items()}
        if not all(isinstance(count, torch.Tensor) for count in lists["step"]):
            raise RuntimeError("API has changed, `state_steps` argument must contain a list of singleton tensors")
        found_inf = group.get("found_inf")
        if cls._scales:
            if found_inf is not None and found_inf.item():  # before a step is counted
                return
        elif not _unscale(grads, group.get("grad_scale"), found_inf):
            return
        if group.get("has_sparse_grad"):
            dense = []
            for i, grad in enumerate(grads):
                if grad.is_sparse:
                    cls._sparse_formula(params[i], grad, {own: of_all[i] for own, of_all in lists.items()}, group)
                else:
                    dense.append(i)
            params, grads = [params[i] for i in dense], [grads[i] for i in dense]
            lists = {own: [of_all[i] for i in dense] for own, of_all in lists.items()}
        for pair, parts in _PAIRS.items():
            if parts[0] in group:
                group[pair] = tuple(group.pop(part) for part in parts)
        if group.get("capturable"):
            _check_capturable(params)
        with torch.set_grad_enabled(group["differentiable"]):
            cls._update(
                params,
                grads,
                {own: of_all for own, of_all in lists.items() if own not in numbers and of_all},
                {own: lists[own] for own in numbers if own in lists},
                {**group, **fixed},
            )

    # From text, as namedtuple does it: a function with these arguments, for callers and for inspect.
    space: dict[str, Any] = {"run": run, "__name__": cls.__module__}
    exec(f"def {name}({', '.join(('params', 'grads', *state))}, {arguments}): run(locals())", space)
    space[name].__doc__ = f"Do the step of :class:`{cls.__name__}` with lists of parameters, gradients and state."
    return space[name]
