"""What the checks of PyTorch and JAX say of calls that are out of the ordinary."""

from typing import Any

import pytest

from support.engines import imported

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def torch() -> Any:
    return imported("torch")


@pytest.fixture(scope="module")
def check(torch: Any) -> Any:
    from autograd.check import torch as checks

    return checks.check


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_layers_that_round_otherwise_without_recording_are_judged(torch, check, kind) -> None:
    draws = torch.Generator().manual_seed(0)
    layer = getattr(torch.nn, kind)(2, 2, batch_first=True).double()
    for p in layer.parameters():
        p.data = torch.randn(p.shape, generator=draws, dtype=p.dtype)
    x = torch.randn(2, 3, 2, generator=draws, dtype=torch.float64)
    assert check(layer, x).certain


def test_functions_that_differentiate_inside_are_judged(torch, check) -> None:
    from autograd.check.torch import gradcheck

    def force(x):
        return torch.autograd.grad((x**3).sum(), x, create_graph=True)[0]

    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert check(force, x, order=2).certain
    assert gradcheck(force, (x.clone().requires_grad_(),))
    assert not check(lambda x: force(x).detach() + 0.0 * x, x).ok
