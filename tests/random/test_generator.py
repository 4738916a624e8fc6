"""Generators: states interchangeable with PyTorch's, independent streams, seeds, and ``generator=`` everywhere."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import wire


def test_state_bytes_are_pytorch_s(both: Any) -> None:
    for steps in (
        "",
        "torch.rand(3)",
        "torch.randn(1)",
        "torch.randn(700)",
        "torch.rand(624)",
        "torch.rand(5, dtype=torch.float64)",
        "torch.randn(3, dtype=torch.float64)",
    ):
        both(f"torch.manual_seed(17)\n{steps}\nresult = torch.get_rng_state()")


@pytest.mark.parametrize(
    "steps", ["torch.rand(5)", "torch.randn(3)", "torch.randn(1, dtype=torch.float64)", "torch.randperm(700)"]
)
def test_state_from_the_oracle(steps: str, oracle: Any) -> None:
    """A state taken there continues here with the numbers that follow there."""
    theirs = oracle.run(
        f"torch.manual_seed(99)\n{steps}\nstate = torch.get_rng_state()\nresult = (state, torch.rand(9), torch.randn(20), torch.randint(0, 99, (5,)))"
    )
    assert theirs[0] == "ok", theirs
    state, *following = theirs[1][1]
    torch.set_rng_state(wire.decode(("T", state[1], state[2], state[3], 0, state[5], False)))
    ours = [torch.rand(9), torch.randn(20), torch.randint(0, 99, (5,))]
    for mine, other in zip(ours, following):
        other = wire.decode(("T", other[1], other[2], other[3], 0, other[5], False))
        torch.testing.assert_close(mine, other, rtol=2e-6, atol=1e-6) if mine.is_floating_point() else None
        assert mine.shape == other.shape and float((mine.double() - other.double()).abs().max()) < 1e-5


@pytest.mark.parametrize("steps", ["torch.rand(5)", "torch.randn(3)", "torch.randn(1, dtype=torch.float64)"])
def test_state_to_the_oracle(steps: str, oracle: Any) -> None:
    torch.manual_seed(31)
    exec(steps)
    state = torch.get_rng_state()
    ours = torch.rand(20)
    theirs = oracle.run("torch.set_rng_state(state)\nresult = torch.rand(20)", state=state)
    assert theirs[0] == "ok", theirs
    assert theirs[1][5] == wire.encode(ours)[5]


def test_same_seed_same_numbers() -> None:
    torch.manual_seed(5)
    one = torch.rand(10)
    torch.manual_seed(5)
    assert torch.equal(one, torch.rand(10))
    assert not torch.equal(one, torch.rand(10))


def test_generators_are_independent() -> None:
    one, two = torch.Generator(), torch.Generator()
    one.manual_seed(1), two.manual_seed(1)
    torch.manual_seed(9)
    before = torch.get_rng_state()
    a = torch.rand(5, generator=one)
    assert torch.equal(torch.get_rng_state(), before), "drawing from a generator of one's own moves the global one"
    assert torch.equal(a, torch.rand(5, generator=two))


@pytest.mark.parametrize(
    "call",
    [
        "torch.rand(7, generator=g)",
        "torch.randn(20, generator=g)",
        "torch.randint(0, 9, (7,), generator=g)",
        "torch.randperm(9, generator=g)",
        "torch.empty(9).uniform_(0, 2, generator=g)",
        "torch.empty(9).normal_(0, 2, generator=g)",
        "torch.empty(9).exponential_(generator=g)",
        "torch.empty(9).bernoulli_(0.5, generator=g)",
        "torch.empty(9).random_(0, 50, generator=g)",
        "torch.bernoulli(torch.full((9,), 0.5), generator=g)",
        "torch.multinomial(torch.ones(9), 4, generator=g)",
        "torch.normal(0.0, 1.0, (9,), generator=g)",
    ],
)
def test_generator_argument(call: str, both: Any) -> None:
    both(f"g = torch.Generator().manual_seed(21)\nresult = ({call}, torch.rand(2, generator=g))")


def test_seed_interface(both: Any) -> None:
    both("g = torch.Generator(); result = g.manual_seed(3).initial_seed()")
    both("result = torch.Generator().initial_seed()")
    both("torch.manual_seed(-5); result = torch.initial_seed()")
    both("result = str(torch.Generator().device)")
    both("result = type(torch.manual_seed(0)).__name__")
    both(
        "g = torch.Generator().manual_seed(4); s = g.get_state(); a = torch.rand(3, generator=g); g.set_state(s); result = bool((a == torch.rand(3, generator=g)).all())"
    )
    both("result = torch.default_generator.manual_seed(8).initial_seed()")
    first, second = torch.Generator().seed(), torch.Generator().seed()
    assert isinstance(first, int) and first != second
    assert isinstance(torch.seed(), int)


def test_seed_errors(both: Any) -> None:
    both("torch.manual_seed('a')")
    both("torch.manual_seed(2**70)")
    both("torch.manual_seed(None)")
    both("torch.set_rng_state(torch.zeros(3, dtype=torch.uint8))")
    both("torch.set_rng_state(torch.zeros(5056))")
    both("torch.Generator().set_state(torch.zeros(7, dtype=torch.uint8))")
    both("torch.rand(3, generator=5)")
    both("torch.Generator('nodevice')")


def test_fork_rng(both: Any) -> None:
    both("torch.manual_seed(1)\nwith torch.random.fork_rng():\n    torch.rand(5)\nresult = torch.rand(3)")


def test_random_module(both: Any) -> None:
    both("torch.random.manual_seed(2); result = (torch.random.initial_seed(), torch.rand(1))")
    both("torch.manual_seed(2); result = torch.random.get_rng_state()")


def test_threads_do_not_change_the_stream() -> None:
    threads = torch.get_num_threads()
    try:
        found = []
        for count in (1, 2, 4):
            torch.set_num_threads(count)
            torch.manual_seed(0)
            found.append((torch.randn(200_001), torch.rand(70_001), torch.empty(50_000).bernoulli_(0.3)))
        for other in found[1:]:
            assert all(torch.equal(a, b) for a, b in zip(found[0], other))
    finally:
        torch.set_num_threads(threads)


def test_distribution_moments() -> None:
    torch.manual_seed(0)
    x = torch.randn(200_000, dtype=torch.float64)
    assert abs(float(x.mean())) < 0.01 and abs(float(x.std()) - 1) < 0.01
    u = torch.rand(200_000)
    assert 0 <= float(u.min()) and float(u.max()) < 1 and abs(float(u.mean()) - 0.5) < 0.005
    assert sorted(torch.randperm(1000).tolist()) == list(range(1000))
