"""Random numbers: the generator's words as published, distributions by their moments, seeds and states."""

from __future__ import annotations

import math
import pickle

import pytest
import torch
from emulation import needs_device

pytestmark = needs_device


def philox(seed: int, sequence: int, step: int) -> list[int]:
    """Philox 4x32-10, by the paper."""
    mask = 2**32 - 1
    c = [step & mask, step >> 32, sequence & mask, sequence >> 32]
    key = [seed & mask, seed >> 32]
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [second >> 32 ^ c[1] ^ key[0], second & mask, first >> 32 ^ c[3] ^ key[1], first & mask]
        key = [(key[0] + 0x9E3779B9) & mask, (key[1] + 0xBB67AE85) & mask]
    return c


def test_the_generator_is_the_published_one() -> None:
    """The vectors that come with the paper's own implementation, and uniform numbers made of them."""
    assert philox(0, 0, 0) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    torch.cuda.manual_seed_all(0)
    x = torch.rand(4, device="cuda")  # four threads, one number each
    assert x.tolist() == pytest.approx([philox(0, thread, 0)[0] / 2**32 for thread in range(4)], abs=1e-7)
    y = torch.rand(2, device="cuda")  # the same threads go on
    assert y.tolist() == pytest.approx([philox(0, thread, 1)[0] / 2**32 for thread in range(2)], abs=1e-7)


def test_elements_a_grid_apart_share_a_draw() -> None:
    torch.cuda.manual_seed_all(3)
    properties = torch.cuda.get_device_properties(0)
    threads = properties.multi_processor_count * (properties.max_threads_per_multi_processor // 256) * 256
    x = torch.rand(threads * 2, device="cuda")
    words = philox(3, 5, 0)
    assert [x[5].item(), x[5 + threads].item()] == pytest.approx([words[0] / 2**32, words[1] / 2**32], abs=1e-7)


def test_seeds_and_states() -> None:
    torch.manual_seed(7)
    assert torch.cuda.initial_seed() == 7
    state = torch.cuda.get_rng_state()
    a, b = torch.randn(100, device="cuda"), torch.randn(100, device="cuda")
    assert not torch.equal(a, b)
    torch.cuda.set_rng_state(state)
    assert torch.equal(torch.randn(100, device="cuda"), a)
    with torch.random.fork_rng():
        torch.rand(3, device="cuda")
    assert torch.equal(torch.randn(100, device="cuda"), b)
    with pytest.raises(RuntimeError, match="wrong size"):
        torch.cuda.set_rng_state(state[:8])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16], ids=str)
def test_distributions(dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    n = 20_000

    def moments(x: torch.Tensor) -> tuple[float, float]:
        wide = x.cpu().double()
        return wide.mean().item(), wide.std().item()

    def empty() -> torch.Tensor:
        return torch.empty(n, dtype=dtype, device="cuda")

    x = empty().uniform_(-1, 3)
    assert x.min() >= -1 and x.max() < 3
    assert moments(x) == pytest.approx((1, 4 / math.sqrt(12)), abs=0.03)
    assert moments(empty().normal_(2, 3)) == pytest.approx((2, 3), abs=0.08)
    assert moments(empty().exponential_(2)) == pytest.approx((0.5, 0.5), abs=0.02)
    assert moments(empty().bernoulli_(0.3)) == pytest.approx((0.3, math.sqrt(0.21)), abs=0.02)
    assert moments(empty().geometric_(0.5)) == pytest.approx((2, math.sqrt(2)), abs=0.06)
    assert moments(empty().log_normal_(0, 0.25)) == pytest.approx((1.0317, 0.262), abs=0.02)
    assert empty().cauchy_(1, 2).cpu().median().item() == pytest.approx(1, abs=0.1)
    kept = torch.nn.functional.dropout(torch.ones(n, dtype=dtype, device="cuda"), 0.25)
    assert set(kept.cpu().unique().tolist()) == {0.0, torch.tensor(4 / 3, dtype=dtype).item()}
    assert moments(kept)[0] == pytest.approx(1, abs=0.03)


def test_whole_numbers() -> None:
    torch.manual_seed(2)
    x = torch.randint(-3, 5, (4000,), device="cuda").cpu()
    assert set(x.tolist()) == set(range(-3, 5))
    wide = torch.randint(2**40, 2**41, (1000,), device="cuda").cpu()
    assert wide.min() >= 2**40 and wide.max() < 2**41 and wide.unique().numel() > 990
    far = torch.randint(2**40, 2**40 + 10, (500,), device="cuda").cpu()
    assert set(far.tolist()) == set(range(2**40, 2**40 + 10))
    assert sorted(torch.randperm(50, device="cuda").tolist()) == list(range(50))
    for dtype, most in ((torch.uint8, 255), (torch.int8, 127), (torch.bool, 1)):
        x = torch.empty(5000, dtype=dtype, device="cuda").random_().cpu()
        assert x.min() == 0 and x.max() == most


def test_probabilities() -> None:
    torch.manual_seed(3)
    p = torch.tensor([0.0, 1.0, 0.25]).repeat(4000).cuda()
    x = torch.bernoulli(p).cpu().view(-1, 3)
    assert x[:, 0].sum() == 0 and x[:, 1].sum() == 4000 and 900 < x[:, 2].sum() < 1100
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        torch.bernoulli(p * 2).cpu()


def test_generators_that_are_given() -> None:
    first, second = torch.Generator("cuda"), torch.Generator(device="cuda:0")
    assert first.device == torch.device("cuda", 0) and first.initial_seed() == 67280421310721
    first.manual_seed(7), second.manual_seed(7)
    before = torch.cuda.get_rng_state()
    a, b = (torch.rand(5, device="cuda", generator=g) for g in (first, second))
    assert torch.equal(a, b) and not torch.equal(torch.rand(5, device="cuda", generator=first), a)
    assert torch.equal(torch.cuda.get_rng_state(), before)  # the device's own is not touched
    torch.cuda.manual_seed(7)
    assert torch.equal(torch.rand(5, device="cuda"), a)
    state = second.get_state()
    c = torch.randn(5, device="cuda", generator=second)
    copied = pickle.loads(pickle.dumps(second))
    second.set_state(state)
    assert torch.equal(torch.randn(5, device="cuda", generator=second), c)
    assert copied.device == second.device and torch.equal(copied.get_state(), second.get_state())
    assert second.clone_state().get_state().tolist() == second.get_state().tolist() and state.shape == (16,)
    assert torch.randperm(6, device="cuda", generator=first).sort().values.tolist() == list(range(6))
    with pytest.raises(RuntimeError, match="Expected a 'cuda' device type for generator but found 'cpu'"):
        torch.rand(3, device="cuda", generator=torch.Generator())
    for draw in (torch.rand, torch.randperm, lambda *n, **g: torch.multinomial(torch.ones(n), 1, **g)):
        with pytest.raises(RuntimeError, match="Expected a 'cpu' device type for generator but found 'cuda'"):
            draw(3, generator=first)


def test_default_generators() -> None:
    (own, *_) = torch.cuda.default_generators
    own.manual_seed(11)
    assert torch.cuda.initial_seed() == 11 == own.initial_seed()
    a = torch.rand(4, device="cuda", generator=own)
    torch.cuda.manual_seed(11)
    assert torch.equal(torch.rand(4, device="cuda"), a)
    assert torch.equal(own.get_state(), torch.cuda.get_rng_state())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_distributions_of_parameters(dtype: torch.dtype) -> None:
    """Mean and standard deviation, of parameters on both sides of where the algorithms change."""
    torch.manual_seed(4)

    def moments(draws: torch.Tensor) -> tuple[float, float]:
        assert draws.dtype == dtype and draws.is_cuda
        return draws.cpu().double().mean().item(), draws.cpu().double().std().item()

    def parameter(value: float) -> torch.Tensor:
        return torch.full((20_000,), value, dtype=dtype, device="cuda")

    for rate in (0.5, 4.0, 30.0):
        assert moments(torch.poisson(parameter(rate))) == pytest.approx((rate, math.sqrt(rate)), rel=0.04)
    for n, p in ((10, 0.3), (100, 0.4), (100, 0.8)):
        expected = (n * p, math.sqrt(n * p * (1 - p)))
        assert moments(torch.binomial(parameter(n), parameter(p))) == pytest.approx(expected, rel=0.04)
    for alpha in (0.5, 1.0, 6.0):
        assert moments(torch._standard_gamma(parameter(alpha))) == pytest.approx((alpha, math.sqrt(alpha)), rel=0.04)
    rows = torch._sample_dirichlet(torch.tensor([1.0, 2.0, 5.0], dtype=dtype).expand(5000, 3).cuda()).cpu()
    assert rows.sum(1).allclose(torch.ones(5000, dtype=dtype))
    assert rows.mean(0).tolist() == pytest.approx([1 / 8, 2 / 8, 5 / 8], abs=0.01)
    assert not torch.equal(torch.poisson(parameter(4.0)), torch.poisson(parameter(4.0)))


def test_draws_have_words_of_their_own() -> None:
    """Draws by rejection neither depend on what came before them in the same step nor meet other ops' words."""
    torch.manual_seed(5)
    first = torch._standard_gamma(torch.full((100,), 0.3, device="cuda"))
    after = torch.rand(100, device="cuda")
    torch.manual_seed(5)
    assert torch.equal(torch._standard_gamma(torch.full((100,), 0.3, device="cuda")), first)
    assert torch.equal(torch.rand(100, device="cuda"), after)


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(RuntimeError, match="expected rate to be non-negative"):
        torch.poisson(torch.tensor([-1.0], device="cuda")).cpu()
    with pytest.raises(RuntimeError, match="expected finite counts"):
        torch.binomial(torch.tensor([math.inf], device="cuda"), torch.tensor([0.5], device="cuda")).cpu()
    with pytest.raises(RuntimeError, match="element < 0"):
        torch.multinomial(torch.tensor([1.0, math.nan], device="cuda"), 3, replacement=True)


def test_multinomial() -> None:
    torch.manual_seed(6)
    weights = torch.tensor([[1.0, 0.0, 3.0], [0.0, 1.0, 1.0]], device="cuda")
    many = torch.multinomial(weights, 8000, replacement=True).cpu()
    shares = torch.stack([torch.bincount(row, minlength=3) / 8000 for row in many])
    assert torch.allclose(shares, torch.tensor([[0.25, 0, 0.75], [0, 0.5, 0.5]]), atol=0.03)
    one = torch.multinomial(weights[0].expand(8000, 3), 1).cpu()
    assert (torch.bincount(one[:, 0], minlength=3) / 8000).tolist() == pytest.approx([0.25, 0, 0.75], abs=0.03)
    apart = torch.multinomial(weights, 2).cpu().sort(1).values
    assert apart.tolist() == [[0, 2], [1, 2]]
    assert torch.multinomial(weights[0].half(), 4, replacement=True).shape == (4,)


def test_rrelu() -> None:
    x = torch.tensor([-1.0, 2.0, 0.0]).repeat(1000).cuda()
    y = torch.nn.functional.rrelu(x, 0.1, 0.3, training=True).cpu().view(-1, 3)
    assert (y[:, 1] == 2).all() and y[:, 0].min() >= -0.3 and y[:, 0].max() <= -0.1 and y[:, 0].std() > 0.05
