"""Errors that leave a module name the path to it, and nothing else about them changes."""

from __future__ import annotations

import copy
import pickle
import traceback
from typing import Any, Callable

import pytest
import torch
from conftest import is_ours
from torch import nn

if not is_ours():
    pytest.skip("PyTorch's errors do not name modules", allow_module_level=True)


def raised(call: Callable[[], Any]) -> Exception:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(width, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.q_proj(x)


class Model(nn.Module):
    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Attention(width) for width in widths)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


START = "Model.layers.3.q_proj: Linear(10 -> 5) got last dimension 5: mat1 and mat2 shapes cannot be multiplied (2x5 and 10x5)"


def wrong() -> torch.Tensor:
    return Model(7, 5, 5, 10)(torch.ones(2, 7))


def test_the_path_through_lists_and_blocks() -> None:
    error = raised(wrong)
    assert type(error) is RuntimeError
    assert str(error).startswith(START)
    assert str(error).count("Model") == str(error).count("got last dimension") == 1


def test_a_layer_alone_is_its_own_root() -> None:
    assert str(raised(lambda: nn.Linear(10, 5)(torch.ones(2, 7)))).startswith(
        "Linear(10 -> 5) got last dimension 7: mat1 and mat2"
    )


def test_sequential_and_dictionaries() -> None:
    inner = nn.Sequential(nn.ReLU(), nn.Conv1d(4, 8, 3))
    model = nn.Sequential(nn.Identity(), nn.Sequential(inner))
    text = str(raised(lambda: model(torch.ones(1, 5, 9))))
    assert text.startswith("Sequential.1.0.1: Conv1d(4, 8, kernel_size=(3,), stride=(1,)): Given groups=1")

    class Chooser(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.choices = nn.ModuleDict({"wide": nn.Linear(4, 4)})

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.choices["wide"](x)

    assert str(raised(lambda: Chooser()(torch.ones(3)))).startswith("Chooser.choices.wide: Linear(4 -> 4) got")


def test_an_operator_in_a_module_of_ones_own() -> None:
    class Residual(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + torch.ones(2)

    text = str(raised(lambda: nn.Sequential(nn.ReLU(), Residual())(torch.ones(3))))
    assert text.startswith("Sequential.1: Residual: add: The size of tensor a (3) must match")
    assert str(raised(lambda: Residual()(torch.ones(3)))).startswith("Residual: add: The size of tensor a (3)")


def test_what_a_program_raises_keeps_its_text() -> None:
    class Mine(Exception):
        pass

    for given in (ValueError("mine"), Mine("mine"), KeyError("mine"), OSError(2, "mine"), RuntimeError("a", 2)):

        class Raises(nn.Module):
            def forward(self, x: torch.Tensor) -> None:
                raise given  # noqa: B023

        before = given.args
        assert raised(lambda: nn.Sequential(Raises())(torch.ones(3))) is given  # noqa: B023
        assert given.args == before and not given.__dict__


def test_a_program_may_catch_extend_and_raise_again() -> None:
    class Careful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            try:
                return self.layer(x)
            except RuntimeError as error:
                error.args = (f"{error} (batch 7)",)
                raise

    text = str(raised(lambda: nn.Sequential(Careful())(torch.ones(3))))
    assert text.startswith("Linear(4 -> 4) got last dimension 3") and text.endswith(" (batch 7)")

    class Fallback(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(3, 4)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            try:
                return self.layers[0](x)
            except RuntimeError:
                return self.layers[1](x)

    assert Fallback()(torch.ones(3)).shape == (4,)


def test_the_traceback_is_that_of_the_error() -> None:
    error = raised(wrong)
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names[-7:] == ["wrong", "__call__", "forward", "__call__", "forward", "__call__", "forward"]
    assert error.__cause__ is None and error.__context__ is None


def test_errors_pickle_and_copy() -> None:
    error = raised(wrong)
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is type(error) and other.args == error.args and str(other) == str(error)


def test_modules_used_many_times() -> None:
    shared = nn.Linear(4, 4)
    model = nn.Sequential(shared, nn.Sequential(shared))
    for _ in range(3):
        assert str(raised(lambda: model(torch.ones(3)))).startswith("Sequential.0: Linear(4 -> 4) got last dimension 3")
    assert model(torch.ones(4)).shape == (4,)

    class Recursive(nn.Module):
        def forward(self, x: torch.Tensor, depth: int) -> torch.Tensor:
            return self(x, depth - 1) if depth else x + torch.ones(2)

    text = str(raised(lambda: nn.Sequential(nn.ModuleList([Recursive()]))[0][0](torch.ones(3), 4)))
    assert text.startswith("Recursive: add: The size") and text.count("Recursive") == 1


def test_a_module_that_nobody_registered() -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = [nn.Linear(4, 4)]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.hidden[0](x)

    assert str(raised(lambda: nn.Sequential(Holder())(torch.ones(3)))).startswith(
        "Sequential.0.(unregistered): Linear(4 -> 4) got last dimension 3"
    )


@pytest.mark.parametrize("where", ["forward_pre", "forward", "full_backward"])
def test_modules_with_hooks(where: str) -> None:
    model = Model(7, 5, 5, 10)
    seen: list = []
    for module in model.modules():
        register = getattr(module, f"register_{where}_hook")
        register(lambda *args: seen.append(args[0]) and None)
    error = raised(lambda: model(torch.ones(2, 7, requires_grad=True)))
    assert str(error).startswith(START)
    if where != "full_backward":
        assert seen


def test_errors_in_hooks() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Linear(3, 3))
    model[1].register_forward_pre_hook(lambda module, args: args[0] + torch.ones(2))
    assert str(raised(lambda: model(torch.ones(3)))).startswith("Sequential.1: Linear(3 -> 3): add: The size of tensor")

    def refuse(module: nn.Module, args: tuple) -> None:
        raise ValueError("refused")

    model[0].register_forward_pre_hook(refuse)
    assert raised(lambda: model(torch.ones(3))).args == ("refused",)


def test_other_classes_of_errors() -> None:
    assert str(raised(lambda: nn.Sequential(nn.Embedding(3, 2))(torch.tensor([3])))).startswith(
        "Sequential.0: Embedding(3, 2): index out of range in self"
    )
    error = raised(lambda: nn.Sequential(nn.BatchNorm1d(4))(torch.ones(1, 4)))
    assert type(error) is ValueError and str(error).startswith("Sequential.0: BatchNorm1d(4, eps=1e-05")
    error = raised(lambda: nn.Sequential(nn.Linear(3, 3))(None))
    assert type(error) is TypeError and str(error).startswith(
        "Sequential.0: Linear(3 -> 3): linear(): argument 'input'"
    )


def test_a_description_that_fails_does_no_harm() -> None:
    class Half(nn.Linear):
        def extra_repr(self) -> str:
            raise RuntimeError("not now")

        def _error_brief(self, *args: Any, **kwargs: Any) -> str:
            return self.extra_repr()

    assert str(raised(lambda: Half(3, 3)(torch.ones(4)))).startswith("Half: mat1 and mat2")
