"""The frame of optimizers that keep tensors of a parameter's shape, and step by one call over all parameters."""

from __future__ import annotations

from typing import Any, Callable, ClassVar, Optional

import torch
from torch.optim.optimizer import Optimizer, _check_capturable, _get_value, _with_grad

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

    A subclass gives the first state, and what a step does to lists of parameters, gradients and state: either
    ``_apply``, or the name of a rule of the operator that steps by name and the rule's own options. ``_formula`` is the
    same for one parameter, by operators that autograd can follow.
    """

    #: Options that came after files were written without them, with their values in such files.
    _later: ClassVar[dict[str, Any]] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }
    _rule: ClassVar[str] = ""

    def _first_numbers(self, group: dict[str, Any]) -> dict[str, float]:
        return {"step": 0.0}

    def _first_tensors(self, group: dict[str, Any]) -> dict[str, float]:
        raise NotImplementedError

    @staticmethod
    def _own_options(group: dict[str, Any]) -> list:
        raise NotImplementedError

    @classmethod
    def _apply(cls, params: list, grads: list, tensors: dict[str, list], numbers: dict[str, list], group: dict) -> None:
        options = [group.get("lr", 0), group.get("weight_decay", 0), group["maximize"], *cls._own_options(group)]
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

    def _step_group(self, group: dict[str, Any]) -> None:
        params, grads = _with_grad(group["params"])
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

    @classmethod
    def _functional(
        cls, params: list, grads: list, tensors: dict[str, list], numbers: dict[str, list], **group: Any
    ) -> None:
        """The step with lists that the caller keeps."""
        if not all(isinstance(step, torch.Tensor) for step in numbers["step"]):
            raise RuntimeError("API has changed, `state_steps` argument must contain a list of singleton tensors")
        if group.get("capturable"):
            _check_capturable(params)
        with torch.set_grad_enabled(group["differentiable"]):
            cls._update(params, grads, tensors, numbers, group)


def _beta_options(group: dict[str, Any]) -> tuple[Any, Any]:
    beta1, beta2 = group["betas"]
    return _get_value(beta1), _get_value(beta2)


def _optional(name: str, tensors: Optional[list]) -> dict[str, list]:
    """Lists of a state that only some options need."""
    return {name: tensors} if tensors else {}
