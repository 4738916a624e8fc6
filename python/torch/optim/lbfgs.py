"""L-BFGS."""

from __future__ import annotations

from typing import Any, Callable

import torch
from torch.optim.optimizer import Optimizer, ParamsT, _check_lr, _get_value

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    r"""L-BFGS (Liu and Nocedal, On the limited memory BFGS method for large scale optimization, 1989).

    The direction is that of Newton's method with an estimate of the inverse Hessian from the last changes of the
    parameters and the gradient. One call of :meth:`step` does up to ``max_iter`` iterations, for which it calls the
    closure again and again. There is a single group of parameters.

    Args:
        params: the tensors to optimize.
        lr: the length of a step along the direction, or with a line search the first length tried. Default: 1
        max_iter: the most iterations in a step. Default: 20
        max_eval: the most calls of the closure in a step. Default: ``max_iter * 1.25``
        tolerance_grad: stop where no element of the gradient is larger. Default: 1e-7
        tolerance_change: stop where neither the loss nor any parameter changes more. Default: 1e-9
        history_size: the number of changes that are kept. Default: 100
        line_search_fn: ``"strong_wolfe"`` searches along the direction for a length that fulfils Wolfe's strong
            conditions; ``None`` takes ``lr``. Default: ``None``
    """

    def __init__(
        self,
        params: ParamsT,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        _check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Do up to ``max_iter`` iterations.

        Args:
            closure: clears the gradients, computes the loss and its gradients, and returns the loss.

        Returns:
            The loss of the first call.
        """
        with torch.no_grad():
            return self._iterate(torch.enable_grad()(closure))

    # ---- parameters as one vector --------------------------------------------------------------------------------

    def _gather_flat_grad(self) -> torch.Tensor:
        parts = []
        for param in self._params:
            grad = torch.zeros_like(param) if param.grad is None else param.grad
            parts.append((torch.view_as_real(grad) if grad.is_complex() else grad).reshape(-1))
        return torch.cat(parts)

    def _move(self, length: Any, direction: torch.Tensor) -> None:
        offset, length = 0, _get_value(length)
        for param in self._params:
            real = torch.view_as_real(param) if param.is_complex() else param
            real.add_(direction[offset : offset + real.numel()].view_as(real), alpha=length)
            offset += real.numel()

    def _loss_along(
        self, closure: Callable[[], Any], start: list, direction: torch.Tensor, length: float
    ) -> tuple[float, torch.Tensor]:
        """Loss and gradient at ``start + length * direction``; the parameters are those of the start again."""
        self._move(length, direction)
        loss, grad = float(closure()), self._gather_flat_grad()
        for param, value in zip(self._params, start):
            param.copy_(value)
        return loss, grad

    # ---- iterations ----------------------------------------------------------------------------------------------

    def _iterate(self, closure: Callable[[], Any]) -> Any:
        (group,) = self.param_groups
        lr, search = group["lr"], group["line_search_fn"]
        if search not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        # As in PyTorch's files, the state of all parameters is kept with the first.
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = closure()
        loss, grad = float(first_loss), self._gather_flat_grad()
        calls = 1
        state["func_evals"] += 1
        if grad.abs().max() <= group["tolerance_grad"]:
            return first_loss

        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = _direction(state, grad, group["history_size"])
            previous_loss = loss
            state["prev_flat_grad"], state["prev_loss"] = grad.clone(), loss
            state["d"] = direction
            length = min(1.0, 1.0 / grad.abs().sum()) * lr if state["n_iter"] == 1 else lr
            slope = grad.dot(direction).item()
            if slope > -group["tolerance_change"]:
                state["t"] = length
                break
            if search:
                start = [param.clone(memory_format=torch.contiguous_format) for param in self._params]
                length, loss, grad, more = _strong_wolfe(
                    lambda t, start=start, direction=direction: self._loss_along(closure, start, direction, t),
                    direction,
                    (0.0, loss, grad, slope),
                    _get_value(length),
                )
                self._move(length, direction)
            else:
                self._move(length, direction)
                more = 0
                if iteration != group["max_iter"]:
                    loss = float(closure())
                    grad, more = self._gather_flat_grad(), 1
            state["t"] = length
            calls += more
            state["func_evals"] += more
            if (
                calls >= group["max_eval"]
                or grad.abs().max() <= group["tolerance_grad"]
                or (direction * length).abs().max() <= group["tolerance_change"]
                or abs(loss - previous_loss) < group["tolerance_change"]
            ):
                break
        return first_loss


def _direction(state: dict[str, Any], grad: torch.Tensor, history_size: int) -> torch.Tensor:
    """Minus the estimate of the inverse Hessian times the gradient (Nocedal and Wright, 2006, algorithm 7.4)."""
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return grad.neg()
    changes, steps, weights = state["old_dirs"], state["old_stps"], state["ro"]
    change, step = grad - state["prev_flat_grad"], state["d"] * state["t"]
    curvature = change.dot(step)
    if curvature > 1e-10:  # else the estimate would not stay positive definite
        if len(changes) == history_size:
            for kept in (changes, steps, weights):
                kept.pop(0)
        changes.append(change)
        steps.append(step)
        weights.append(1.0 / curvature)
        state["H_diag"] = curvature / change.dot(change)
    q, along = grad.neg(), state.setdefault("al", [None] * history_size)  # kept, as files of PyTorch have it
    for i in reversed(range(len(changes))):
        along[i] = steps[i].dot(q) * weights[i]
        q.add_(changes[i], alpha=-along[i].item())
    direction = q * state["H_diag"]
    for i, change in enumerate(changes):
        direction.add_(steps[i], alpha=(along[i] - change.dot(direction) * weights[i]).item())
    return direction


_Point = tuple  # (length, loss, gradient, slope)


def _strong_wolfe(
    evaluate: Callable[[float], tuple[float, torch.Tensor]],
    direction: torch.Tensor,
    start: _Point,
    length: float,
    least_decrease: float = 1e-4,
    least_flattening: float = 0.9,
    max_calls: int = 25,
) -> tuple[float, float, torch.Tensor, int]:
    """A length that fulfils Wolfe's strong conditions (Nocedal and Wright, 2006, algorithms 3.5 and 3.6).

    Returns the length, the loss and the gradient there, and how often ``evaluate`` was called.
    """
    calls = 0
    loss0, slope0 = start[1], start[3]

    def point(t: float) -> _Point:
        nonlocal calls
        calls += 1
        loss, grad = evaluate(t)
        return t, loss, grad, grad.dot(direction).item()

    def too_high(p: _Point, low: _Point) -> bool:
        return not p[1] <= loss0 + least_decrease * p[0] * slope0 or (low[0] > 0 and p[1] >= low[1])

    def flat(p: _Point) -> bool:
        return abs(p[3]) <= -least_flattening * slope0

    low, current = start, point(length)
    bracket = None
    while calls < max_calls:
        if too_high(current, low):
            bracket = (low, current)
        elif flat(current):
            return (*current[:3], calls)
        elif current[3] >= 0:
            bracket = (current, low)
        if bracket:
            break
        # Further out, but not more than ten times.
        nearest, farthest = current[0] + 0.01 * (current[0] - low[0]), current[0] * 10
        low, current = current, point(_cubic_minimum(low, current, nearest, farthest))
    if bracket is None:
        best = min(low, current, key=lambda p: p[1])
        return (*best[:3], calls)

    low, high = bracket  # the lower end has the least loss so far; a good length lies between the two
    extent = direction.abs().max().item()
    while calls < max_calls and abs(high[0] - low[0]) * extent > 1e-9:
        left, right = sorted((low[0], high[0]))
        margin = 0.1 * (right - left)
        t = min(max(_cubic_minimum(low, high, left, right), left + margin), right - margin)
        current = point(t)
        if too_high(current, low) or current[1] >= low[1]:
            high = current
            continue
        if flat(current):
            low = current
            break
        if current[3] * (high[0] - low[0]) >= 0:
            high = low
        low = current
    return (*low[:3], calls)


def _cubic_minimum(a: _Point, b: _Point, least: float, most: float) -> float:
    """Where the cubic through two points with their slopes is least, kept within bounds; else the middle of these."""
    (x1, f1, _, g1), (x2, f2, _, g2) = sorted((a, b), key=lambda p: p[0])
    if x1 == x2:
        return (least + most) / 2
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1 * d1 - g1 * g2
    if not square >= 0:
        return (least + most) / 2
    d2 = square**0.5
    divisor = g2 - g1 + 2 * d2
    if divisor == 0:
        return (least + most) / 2
    return min(max(x2 - (x2 - x1) * ((g2 + d2 - d1) / divisor), least), most)
