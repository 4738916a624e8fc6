"""What torch.jit's decorators mean without TorchScript, and futures."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch
from conftest import is_ours
from snippets import agree

SETUP = """
import torch, warnings
warnings.simplefilter("ignore")
import torch._jit_internal as J
from typing import Dict, List, Optional, Tuple, Union
class M(torch.nn.Module):
    @torch.jit.ignore
    def a(self): return 1
    @torch.jit.unused
    def b(self): return 1
    @torch.jit.export
    def c(self): return 1
    @torch.jit.ignore(drop=True)
    def d(self): return 1
    @torch.jit.unused
    @property
    def e(self): return 1
    def forward(self, x): return x
choose = J.boolean_dispatch("flag", 1, False, lambda x, flag=False: "yes", lambda x, flag=False: "no", "here", "choose")
done, failed = torch.futures.Future(), torch.futures.Future()
done.set_result(3)
failed.set_exception(ValueError("a"))
"""
EXPRESSIONS = """
    [vars(getattr(M, name)) for name in "abcd"], vars(M.e.fget)
    torch.jit.ignore(drop=1)
    [J.get_torchscript_modifier(getattr(M, n)) for n in ("a", "forward")], J.is_ignored_fn(M.a), J.should_drop(M.b), J.should_drop(M.a)
    torch.jit.is_scripting(), torch.jit.is_tracing()
    choose(1), choose(1, True), choose(1, flag=True), choose.__name__, choose.__module__
    torch.jit.isinstance([1], List[int]), torch.jit.isinstance([1, "a"], List[int]), torch.jit.isinstance([], List[str])
    torch.jit.isinstance({1: 2}, Dict[int, int]), torch.jit.isinstance((1, "a"), Tuple[int, str])
    torch.jit.isinstance((1, "a"), Tuple[int]), torch.jit.isinstance(None, Optional[int])
    torch.jit.isinstance(1, Union[int, str]), torch.jit.isinstance(1, (int, List[int])), torch.jit.isinstance([[1]], List[List[int]])
    torch.jit.isinstance([1], List)
    torch.jit.isinstance([1], list)
    torch.jit.isinstance([torch.ones(1)], List[torch.Tensor]), torch.jit.isinstance(1, Optional[List[int]])
    torch.jit.wait(torch.jit.fork(lambda x, y=1: x + y, 2, y=5))
    torch.jit.annotate(List[int], [1]), torch.jit.Attribute(1, int), torch.jit.Final
    torch.jit.script(3)
    torch.jit.script_if_tracing(lambda x: x + 1)(1), torch.jit.annotations.BroadcastingList2[int]
    torch.jit.onednn_fusion_enabled(), torch.jit.enable_onednn_fusion(True), torch.jit.onednn_fusion_enabled(), torch.jit.enable_onednn_fusion(False)
    [torch._C._get_tracing_state(), torch._C._jit_set_profiling_executor(True), torch._C._get_privateuse1_backend_name()]
    [torch._C._nn._parse_to("cpu"), torch._C._nn._parse_to(torch.float32), torch._C._nn._parse_to(torch.ones(1), True), torch._C._nn._parse_to("cpu", torch.float64, memory_format=torch.channels_last)]
    done.done(), done.value(), done.wait(), done.then(lambda f: f.value() + 1).wait()
    done.set_result(4)
    torch.futures.Future().value()
    failed.wait()
    failed.value()
    failed.then(lambda f: f.value()).wait()
    failed.set_exception(3)
    torch.futures.wait_all([done, done]), [f.value() for f in torch.futures.collect_all([done, done]).wait()]
    torch.futures.wait_all([done, failed])
    torch.futures.Future(devices=["cpu"])
"""


def test_as_in_pytorch(both: Any) -> None:
    agree(both, SETUP, EXPRESSIONS)


@pytest.mark.skipif(not is_ours(), reason="the reference has TorchScript")
def test_script_returns_what_it_is_given() -> None:
    def function(x: torch.Tensor) -> torch.Tensor:
        return x + 1

    module = torch.nn.Linear(2, 2)
    assert torch.jit.script(function) is function and torch.jit.script(module) is module
    assert not isinstance(module, torch.jit.ScriptModule)
    for call in (
        lambda: torch.jit.save(module, "nowhere"),
        lambda: torch.jit.load("nowhere"),
        lambda: torch.jit.trace(function, torch.ones(1)),
        lambda: torch.jit.freeze(module.eval()),
        lambda: torch.jit.optimize_for_inference(module),
        lambda: torch.jit.CompilationUnit(),
    ):
        with pytest.raises(NotImplementedError, match="torch.jit"):
            call()


def test_overloads_are_registered() -> None:
    from torch import _jit_internal

    @torch.jit._overload
    def function(x: int) -> int:  # noqa: F811
        pass

    @torch.jit._overload
    def function(x: str) -> str:  # noqa: F811
        pass

    name = _jit_internal._qualified_name(function)
    assert len(_jit_internal._get_fn_overloads(name)) == 2
    _jit_internal._clear_fn_overloads(name)


def test_futures_between_threads() -> None:
    future: torch.futures.Future = torch.futures.Future()
    got: list[Any] = []
    future.add_done_callback(lambda f: got.append(f.value()))
    both = torch.futures.collect_all([future, future])
    thread = threading.Thread(target=lambda: future.set_result(5))
    thread.start()
    assert future.wait() == 5 and [f.value() for f in both.wait()] == [5, 5]
    thread.join()
    assert got == [5]
    assert torch.futures.collect_all([]).wait() == []
