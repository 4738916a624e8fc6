"""Another model's tensors in an optimizer for a while."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch.optim.optimizer import Optimizer


@contextlib.contextmanager
def swap_in_optimizer_params_and_state(
    optimizer: Optimizer, swapin_parameters: dict[str, torch.Tensor], swapin_optim_state: dict[str, Any]
) -> Iterator[None]:
    """Within, the optimizer has other tensors, options and state; then its own again.

    Args:
        optimizer: the optimizer, which has made a step or loaded a state.
        swapin_parameters: the tensors that take the place of its own, in their order.
        swapin_optim_state: options and state as :meth:`Optimizer.state_dict` gives them. What a step writes to tensors
            of the state is seen there; what it puts there anew is not.

    Raises:
        RuntimeError: where the tensors or the state do not fit the optimizer's groups.
    """
    name = "swap_in_optimizer_params_and_state"
    if not optimizer.state:
        raise RuntimeError(f"{name} requires initialized optimizer state.")
    groups, state = swapin_optim_state.get("param_groups"), swapin_optim_state.get("state", {})
    if not isinstance(groups, list):
        raise RuntimeError(
            f"{name} requires swapin_optim_state['param_groups'] to be a list of param-group dicts, got "
            f"{type(groups).__name__}."
        )
    if len(groups) != len(optimizer.param_groups):
        raise RuntimeError("swapin_optim_state has a different number of parameter groups than the live optimizer.")
    for index, (group, own) in enumerate(zip(groups, optimizer.param_groups)):
        if len(group["params"]) != len(own["params"]):
            raise RuntimeError(
                f"swapin_optim_state param group {index} has a different number of params than the live optimizer "
                "param group."
            )
    numbers = list(dict.fromkeys(number for group in groups for number in group["params"]))
    if len(numbers) != len(swapin_parameters):
        raise RuntimeError(f"{name} requires the explicit parameter state to match optimizer.param_groups ordering.")
    extra = [number for number in state if number not in numbers]
    if extra:
        raise RuntimeError(
            f"{name} requires swapin_optim_state['state'] to be keyed only by packed parameter ids from "
            f"param_groups[*]['params']; got extra keys {extra}."
        )
    tensors = dict(zip(numbers, swapin_parameters.values()))
    own_groups, own_state = optimizer.param_groups, optimizer.state
    optimizer.param_groups = [{**group, "params": [tensors[n] for n in group["params"]]} for group in groups]
    optimizer.state = defaultdict(dict, {tensors[number]: dict(entry) for number, entry in state.items()})
    try:
        yield
    finally:
        optimizer.param_groups, optimizer.state = own_groups, own_state
