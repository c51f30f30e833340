"""What the checks of PyTorch and JAX say of calls that are out of the ordinary."""

import warnings
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


def test_sparse_gradients_of_embeddings_are_judged(torch, check) -> None:
    layer = torch.nn.Embedding(4, 2, sparse=True).double()
    assert check(layer, torch.tensor([1, 2, 1])).certain


def test_modules_of_torchscript_are_refused_with_what_to_check(torch, check) -> None:
    layer = torch.nn.Linear(2, 2).double()
    x = torch.ones(3, 2, dtype=torch.float64)
    with warnings.catch_warnings(action="ignore"):
        traced = torch.jit.trace(layer, x)
    for each in (traced, torch.nn.Sequential(traced, layer)):
        with pytest.raises(TypeError, match=r"check the module as it was before torch\.jit"):
            check(each, x)
    assert check(lambda x: traced(x), x).certain


def test_arrays_that_are_donated_are_copies_of_the_callers() -> None:
    jax = imported("jax")
    from autograd.check import jax as checks

    f = jax.jit(lambda x, places: jax.numpy.sin(x)[places], donate_argnums=(0, 1))
    x, places = jax.numpy.array([1.0, 2.0]), jax.numpy.array([1, 0, 1])
    with warnings.catch_warnings(action="error"):
        assert checks.check(f, x, places).certain
    assert ((x + 1).tolist(), (places + 1).tolist()) == ([2.0, 3.0], [2, 1, 2])


def test_lines_that_end_no_gradient_are_not_said_to(torch, check) -> None:
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2.0 * x

        @staticmethod
        def backward(ctx, grad):
            return 2.0 * grad

    hidden = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh()).double()

    def cut(x):
        y = hidden(Double.apply(x))
        y.register_hook(lambda grad: 1.5 * grad)
        return y

    x = torch.ones(2, dtype=torch.float64)
    report = check(cut, x)
    assert report.wrong
    assert not report.blamed
    assert not [note for note in report.notes if "a gradient ends" in note]
    report = check(lambda x: Double.apply(x) * x.detach(), x)
    note = next(n for n in report.notes if "ends" in n)
    assert note.startswith("a gradient ends at detach() at")


def test_words_of_an_error_in_a_backward_end_once(torch, check) -> None:
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            raise ValueError("nothing is known here.")

    report = check(Broken.apply, torch.ones(2, dtype=torch.float64))
    assert "nothing is known here" in str(report)
    assert ".." not in str(report)
