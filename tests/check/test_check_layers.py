"""Layers as packages have them: run backwards, saturated, in single precision inside, dead in part.

Each is right, and was once called wrong or left open.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd.check import check_against
from support.engines import imported

engines = pytest.mark.engines


@pytest.fixture(scope="module")
def torch() -> Any:
    found = imported("torch")
    found.set_num_threads(1)
    return found


@pytest.fixture(scope="module")
def check() -> Callable[..., Any]:
    imported("torch")
    from autograd.check.torch import check

    return check


def point(torch: Any, *shape: int, seed: int = 0) -> Any:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def reversible(torch: Any, inner: Any, pull: Callable[[Any, Any], Any]) -> Any:
    """A module that forgets what it computed, and computes it again on the way back."""

    class Again(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, *_: Any) -> Any:
            ctx.save_for_backward(x)
            with torch.no_grad():
                return inner(x)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (x,) = ctx.saved_tensors
            with torch.enable_grad():
                x = x.detach().requires_grad_()
                return pull((inner(x), x), grad)

    class Layer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            given = list(self.inner.parameters()) if pull is by_grad else []
            return Again.apply(x, *given)

    def by_grad(made: Any, grad: Any) -> Any:
        return torch.autograd.grad(made[0], [made[1], *inner.parameters()], grad)

    if pull is None:
        pull = by_grad
    return Layer()


@engines
@pytest.mark.parametrize("way", ["its own backward()", "grad by its parameters", "checkpoint"])
def test_layers_that_call_their_parts_again_on_the_way_back(
    torch: Any, check: Any, way: str
) -> None:
    inner = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh()).double()

    def accumulated(made: Any, grad: Any) -> Any:
        made[0].backward(grad)
        return made[1].grad

    if way == "checkpoint":
        layer = torch.nn.Module()
        layer.inner = inner
        layer.forward = lambda x: torch.utils.checkpoint.checkpoint(inner, x, use_reentrant=True)
    else:
        layer = reversible(torch, inner, accumulated if way == "its own backward()" else None)  # type: ignore[arg-type]
    report = check(layer, point(torch, 4, 2))
    assert report.certain, report
    names = {verdict.input for verdict in report.verdicts}
    assert {"x", "inner.0.weight", "inner.0.bias"} <= names
    assert all(parameter.grad is None for parameter in inner.parameters())
    notes = [note for note in report.notes if "backward() does" in note]
    assert bool(notes) == (way != "grad by its parameters")


@engines
def test_inputs_whose_numbers_are_let_go_of(torch: Any, check: Any) -> None:
    class Emptied(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.result = 2.0 * x
            x.untyped_storage().resize_(0)
            return ctx.result.clone()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return 2.0 * grad

    report = check(lambda x: Emptied.apply(x.clone()), point(torch, 3))
    assert report.certain, report


@engines
@pytest.mark.parametrize("whole", [True, False])
def test_a_cache_that_is_filled_stays_filled(torch: Any, check: Any, whole: bool) -> None:
    class Rotated(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("angles", torch.zeros(3, dtype=torch.float64), persistent=False)
            self.is_filled = False

        def forward(self, x: Any) -> Any:
            if self.is_filled:
                return x * torch.cos(self.angles)
            angles = torch.arange(3.0, dtype=torch.float64) / 3.0
            # With fewer digits, as one package has it.
            self.angles.copy_(angles.float())
            self.is_filled = True
            return x * torch.cos(angles)

    layer = Rotated()
    x = point(torch, 2, 3)
    report = check(layer if whole else lambda x: layer(x), x)
    assert report.certain, report
    assert torch.equal(layer(x), x * torch.cos((torch.arange(3.0).double() / 3.0).float().double()))


@engines
def test_stairs_with_a_slope_of_their_own_are_wrong(torch: Any, check: Any) -> None:
    class Spike(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return (x > 0).double()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (x,) = ctx.saved_tensors
            return grad / (1.0 + x.abs()) ** 2

    assert check(Spike.apply, point(torch, 2, 3)).wrong


@engines
def test_an_iteration_with_the_gradient_of_what_it_comes_near_to(torch: Any, check: Any) -> None:
    def solved(b: Any) -> Any:
        x = np.zeros(3)
        for _ in range(100):
            x, last = 0.5 * np.cos(x) + b, x
            if np.abs(x - last).max() < 1e-9:
                return x
        raise AssertionError

    class Solved(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, b: Any) -> Any:
            x = torch.from_numpy(solved(b.detach().numpy()))
            ctx.save_for_backward(x)
            return x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (x,) = ctx.saved_tensors
            return grad / (1.0 + 0.5 * torch.sin(x))

    for seed in range(4):
        report = check(Solved.apply, point(torch, 3, seed=seed))
        assert not report.wrong, report


@engines
def test_single_precision_inside_of_doubles(torch: Any, check: Any) -> None:
    def attention(q: Any, k: Any, v: Any) -> Any:
        return torch.softmax(q @ k.mT, -1, dtype=torch.float32).double() @ v

    inputs = [point(torch, 3, 4, seed=i) for i in range(3)]
    report = check(attention, *inputs)
    assert report.ok, report
    assert sum(report.entries.values()) == 36
    assert len(report.unknown) < 4

    class Tenth(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return 1.1 * grad

    assert check(lambda q, k, v: attention(Tenth.apply(q), k, v), *inputs).wrong


@engines
def test_a_slope_that_is_steep_over_a_tiny_distance(torch: Any, check: Any) -> None:
    y = torch.tensor([0.7283581, 0.83358954, -0.02491632], dtype=torch.float64)
    similarity = torch.nn.functional.cosine_similarity
    report = check(lambda x, y: similarity(x, y, dim=0), torch.zeros_like(y), y)
    assert not report.wrong, report


@engines
def test_dead_entries_that_a_batch_rounds_otherwise(torch: Any, check: Any) -> None:
    x = point(torch, 1, 2, 3, 3)
    # The outer weights meet padding alone.
    conv = torch.nn.Conv2d(2, 2, 7, padding=3, groups=2).double()
    parts = torch.nn.Sequential(conv, torch.nn.Flatten(), torch.nn.LayerNorm(18).double())
    report = check(parts, x)
    assert report.certain, report


def test_outputs_that_ought_to_move_below_their_rounding() -> None:
    def softmax(x: Any) -> Any:
        p = np.exp(x - x.max(-1, keepdims=True))
        return p / p.sum(-1, keepdims=True)

    def backward(x: Any, grad: Any, size: float = 1.0) -> Any:
        p = softmax(x)
        return size * (p * grad - p * (p * grad).sum(-1, keepdims=True))

    x = np.array([[-7.78418072, -42.44780948, 50.35820764, -31.16447268]])
    report = check_against(softmax, backward, x)
    assert not report.wrong, report
    near = check_against(softmax, lambda x, grad: backward(x, grad, 1.001), 0.1 * x)
    assert near.wrong
