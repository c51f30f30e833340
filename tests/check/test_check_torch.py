"""Gradients that PyTorch makes: right and wrong ones, who is at fault, and what is left alone."""

import importlib
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd.check import GradientError
from support.engines import assert_examples, imported

pytestmark = pytest.mark.engines


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


def made(torch: Any, forward: Any, backward: Any, name: str = "Made") -> Any:
    """An autograd.Function of two functions of a tensor."""

    def ahead(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return forward(x)

    def back(ctx: Any, grad: Any) -> Any:
        return backward(grad, *ctx.saved_tensors)

    methods = {"forward": staticmethod(ahead), "backward": staticmethod(back)}
    return type(name, (torch.autograd.Function,), methods)


def point(torch: Any, *shape: int, seed: int = 0) -> Any:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


# Verdicts -----------------------------------------------------------------------------------------


def test_right_ones_are_right_to_the_second_order(torch: Any, check: Any) -> None:
    nn = torch.nn
    layers = [nn.Linear(3, 4), nn.LayerNorm(3), nn.GRU(3, 2)]
    layers += [nn.Sequential(nn.Linear(3, 3), nn.GELU())]
    for layer in layers:
        report = check(layer.double(), point(torch, 2, 4, 3), order=2)
        assert report.certain, f"{layer}\n{report}"
        assert {v.order for v in report.verdicts} == {1, 2}
    assert "weight_ih_l0" in {v.input for v in check(layers[2], point(torch, 2, 4, 3)).verdicts}


FAULTS: dict[str, Callable[[Any, Any], Any]] = {
    "one entry, 1e-6": lambda g, x: 2 * g * x * (1 + 1e-6 * (x.cumsum(-1) == x.sum(-1, True))),
    "all, 1e-6": lambda g, x: (2 + 2e-6) * g * x,
    "sign": lambda g, x: -2 * g * x,
    "half": lambda g, x: g * x,
    "negative inputs only": lambda g, x: 2 * g * x * (x > 0) + 2.001 * g * x * (x <= 0),
    "no reduction": lambda g, x: 2 * x,
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_wrong(torch: Any, check: Any, name: str) -> None:
    square = made(torch, lambda x: x * x, FAULTS[name])
    report = check(square.apply, point(torch, 2, 3))
    assert report.wrong, report
    assert report.blamed == ("Made",)
    assert all(argument == 0 and len(index) == 2 for argument, index in report.culprits)


def test_kinks_cannot_be_told_and_have_two_slopes(torch: Any, check: Any) -> None:
    report = check(lambda x: torch.relu(x).sum(), torch.tensor([0.0, 1.0, -1.0]).double())
    (kink,) = report.unknown
    assert (kink.index, kink.left, kink.right) == ((0,), 0.0, 1.0)
    assert "kink" in kink.reason
    assert report.ok


@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16"])
def test_few_digits_call_nothing_right_wrong_and_a_tenth_off_wrong(
    torch: Any, check: Any, kind: str
) -> None:
    x = point(torch, 5).to(getattr(torch, kind))
    for f in (torch.tanh, torch.exp, lambda x: x * x):
        assert check(f, x).ok, check(f, x)
    wrong = made(torch, lambda x: x * x, lambda g, x: -2.0 * g * x)
    assert check(wrong.apply, x).wrong


def test_second_derivatives_are_judged_by_themselves(torch: Any, check: Any) -> None:
    cut = made(torch, lambda x: x**3, lambda g, x: g * 3 * (x * x).detach())
    report = check(cut.apply, point(torch, 3), order=2)
    assert not [v for v in report.wrong if v.order == 1]
    assert [v.input for v in report.wrong if v.order == 2]
    once = made(torch, lambda x: x**3, lambda g, x: 3 * g * x * x)
    once.backward = staticmethod(torch.autograd.function.once_differentiable(once.backward))
    report = check(once.apply, point(torch, 3), order=2)
    assert report.ok
    assert "once_differentiable" in report.unknown[0].reason


# The culprit inside -------------------------------------------------------------------------------


def test_the_innermost_part_at_fault_is_named(torch: Any, check: Any) -> None:
    cube = made(torch, lambda x: x**3, lambda g, x: g * x**2, "Cube")
    nn = torch.nn

    class Act(nn.Module):
        def forward(self, x: Any) -> Any:
            return cube.apply(x)

    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(3, 3), Act())

        def forward(self, x: Any) -> Any:
            return 2.0 * self.inner(x)

    net = nn.Sequential(nn.Linear(3, 3), Scaled(), nn.Linear(3, 1)).double()
    report = check(net, point(torch, 2, 3))
    assert report.blamed == ("Cube",)
    assert "test_check_torch.py" in report.notes[-1]
    assert "inside of 1.inner.1" in report.notes[-1]
    function = check(lambda x: net(x).sum(), point(torch, 2, 3))
    assert function.blamed == ("Cube",)


def test_a_submodule_that_hides_its_fault_is_named(torch: Any, check: Any) -> None:
    nn = torch.nn

    class Cut(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * x.detach()

    report = check(nn.Sequential(nn.Linear(2, 2), Cut()).double(), point(torch, 3, 2))
    assert report.blamed == ("1 (Cut)",)
    plain = check(lambda x: (x * x.data).sum(), point(torch, 3))
    assert ".data at test_check_torch.py" in plain.notes[-1]


# What is odd is named -----------------------------------------------------------------------------


def test_gradients_of_another_dtype_or_shape_or_none_are_named(torch: Any, check: Any) -> None:
    short = made(torch, lambda x: x * x, lambda g, x: (2 * g * x).float())
    report = check(short.apply, point(torch, 3))
    assert any("returns torch.float32 for its input of torch.float64" in n for n in report.notes)
    row = made(torch, lambda x: x * x, lambda g, x: (2 * g * x).sum(0)[None, :2])
    report = check(row.apply, point(torch, 2, 3))
    assert report.wrong
    assert "shape (1, 2) for its input of shape (2, 3)" in report.wrong[0].reason
    nothing = made(torch, lambda x: x * x, lambda g, x: None)
    report = check(nothing.apply, point(torch, 3))
    assert "gives None for x" in report.wrong[0].reason
    raising = made(torch, lambda x: x * x, lambda g, x: g / None)
    assert "TypeError" in check(raising.apply, point(torch, 3)).wrong[0].reason


def test_chance_and_states_are_named(torch: Any, check: Any) -> None:
    layer = torch.nn.Sequential(torch.nn.Linear(3, 50), torch.nn.Dropout(0.5)).double()
    report = check(layer, point(torch, 2, 3))
    assert report.certain, report
    (told,) = [n for n in report.notes if "draws random numbers" in n]
    assert "1 (Dropout) in train mode" in told
    calls: list[int] = []

    def counting(x: Any) -> Any:
        calls.append(0)
        return x * len(calls)

    report = check(counting, point(torch, 3))
    assert report.unknown
    assert not report.wrong
    assert "different numbers at the same inputs" in report.unknown[0].reason
    report = check(lambda x: x.relu_().sum(), point(torch, 3))
    assert any("changes x in place" in n for n in report.notes)


def test_what_is_held_constant_is_named(torch: Any, check: Any) -> None:
    x, y = point(torch, 3).requires_grad_(), point(torch, 3, seed=1)
    report = check(lambda x, y: x * y, x, y)
    assert {v.input for v in report.verdicts} == {"x"}
    assert any(n.startswith("y held constant") for n in report.notes)
    layer = torch.nn.Linear(3, 1).double()
    layer.bias.requires_grad_(False)
    report = check(layer, point(torch, 3))
    assert {v.input for v in report.verdicts} == {"input", "weight"}
    assert any(n.startswith("bias held constant") for n in report.notes)


BAD: dict[str, tuple[Callable[[Any], tuple[Any, ...]], str]] = {
    "integers": (
        lambda t: (t.sum, t.arange(3)),
        r"is of torch.int64, write \w+.double\(\)",
    ),
    "complex": (lambda t: (t.abs, t.ones(2, dtype=t.cfloat)), "is complex.*view_as_real"),
    "empty": (lambda t: (t.sum, t.ones(0, 3)), "is empty, of shape"),
    "sparse": (lambda t: (t.sum, t.eye(2).to_sparse()), "is sparse_coo.*to_dense"),
    "meta": (lambda t: (t.sum, t.ones(2, device="meta")), "holds no numbers yet"),
    "numpy": (lambda t: (t.sum, np.ones(2)), "torch.from_numpy"),
    "none": (lambda t: (lambda x: None, t.ones(2)), "returns None: is a return missing"),
    "item": (lambda t: (lambda x: x.sum().item(), t.ones(2)), "got float 2.0: .item"),
    "bools": (lambda t: (lambda x: x > 0, t.ones(2)), "returns torch.bool"),
    "complex output": (lambda t: (t.fft.fft, t.ones(2)), "returns complex"),
    "class": (lambda t: (t.nn.Linear, t.ones(2)), r"write Linear\(...\)"),
    "no function": (lambda t: (3, t.ones(2)), "takes a function, a module or a Function"),
    "nothing": (lambda t: (lambda: 1.0,), "there is no tensor to check by"),
    "lazy": (lambda t: (t.nn.LazyLinear(2), t.ones(3)), "a lazy module by one call"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told(torch: Any, check: Any, name: str) -> None:
    make, words = BAD[name]
    with pytest.raises(TypeError, match=words):
        check(*make(torch))


def test_bad_settings_are_told(torch: Any, check: Any) -> None:
    for settings in ({"order": 3}, {"order": 0}, {"relative": 2.0}, {"seconds": 0.0}):
        with pytest.raises(ValueError, match=next(iter(settings))):
            check(torch.tanh, point(torch, 2), **settings)


# Everything is as before --------------------------------------------------------------------------


def test_tensors_gradients_modes_and_generators_are_as_before(torch: Any, check: Any) -> None:
    nn = torch.nn
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.3)).double()
    net[0].eval()
    x = point(torch, 5, 3).requires_grad_()
    (x * 2).sum().backward()
    net(x.detach()).sum().backward()
    before = [t.detach().clone() for t in (*net.parameters(), *net.buffers(), x)]
    grads = [t.grad.clone() for t in (*net.parameters(), x)]
    states = torch.random.get_rng_state(), random.getstate()

    def f(x: Any) -> Any:
        net.train()
        random.random()
        y = net(x)
        y.sum().backward(retain_graph=True)
        torch.set_grad_enabled(True)
        return y

    with torch.no_grad():
        for function in (net, f):
            assert check(function, x).ok
            assert not torch.is_grad_enabled()
    after = [*net.parameters(), *net.buffers(), x]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    now = [t.grad for t in (*net.parameters(), x)]
    assert all(torch.equal(a, b) for a, b in zip(grads, now, strict=True))
    assert [part.training for part in net.modules()] == [True, False, True, True]
    assert torch.equal(states[0], torch.random.get_rng_state())
    assert states[1] == random.getstate()
    assert all(t.requires_grad for t in (x, *net.parameters()))


# In place of torch's ------------------------------------------------------------------------------


def test_gradcheck_has_the_signature_of_torchs(torch: Any) -> None:
    import inspect

    from autograd.check.torch import gradcheck

    ours = inspect.signature(gradcheck).parameters
    theirs = inspect.signature(torch.autograd.gradcheck).parameters
    assert [*ours] == [*theirs]
    assert {n: p.default for n, p in ours.items()} == {n: p.default for n, p in theirs.items()}
    assert {n: p.kind for n, p in ours.items()} == {n: p.kind for n, p in theirs.items()}


def test_gradcheck_raises_as_torchs_and_says_more(torch: Any) -> None:
    from autograd.check.torch import gradcheck
    from autograd.check.torch import gradcheck as drop_in

    x = point(torch, 200).requires_grad_()
    off = made(torch, lambda x: x.sin(), lambda g, x: g * (x.cos() + 1e-6 * (x == x.max())))
    assert torch.autograd.gradcheck(off.apply, (x,))
    error = importlib.import_module("torch.autograd.gradcheck").GradcheckError
    with pytest.raises(error, match=r"at fault: Made") as caught:
        gradcheck(off.apply, (x,))
    assert caught.value.report.culprits == ((0, (int(x.argmax()),)),)
    assert drop_in(off.apply, x, raise_exception=False) is False
    assert gradcheck(torch.sin, (x,)) is True
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(torch.sin, (x.detach(),))


def test_gradcheck_says_once_that_tolerances_are_not_used(torch: Any, monkeypatch: Any) -> None:
    import sys

    from autograd.check.torch import gradcheck as _  # noqa: F401, the module behind it

    module = sys.modules["autograd.check.torch.gradcheck"]
    monkeypatch.setattr(module, "_told", set())
    x = point(torch, 2).requires_grad_()
    with pytest.warns(UserWarning, match="eps, atol not used"):
        module.gradcheck(torch.sin, x, eps=1e-3, atol=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module.gradcheck(torch.sin, x, eps=1e-3, rtol=1.0)


def test_gradcheck_looks_at_other_ways(torch: Any) -> None:
    from autograd.check.torch import gradcheck

    class Pair(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, a: Any, b: Any) -> Any:
            return 2 * a + 3 * b

    x = point(torch, 3).requires_grad_()
    error = importlib.import_module("torch.autograd.gradcheck").GradcheckError
    with pytest.raises(error, match="from one output alone"):
        gradcheck(Pair.apply, x)
    assert gradcheck(Pair.apply, x, check_undefined_grad=False)
    noisy = made(
        torch, lambda x: x * 1, lambda g, x: g * (1 + 1e-9 * torch.rand((), dtype=torch.float64))
    )
    with pytest.raises(error):
        gradcheck(noisy.apply, x)
    everything = {
        "check_forward_ad": True,
        "check_batched_grad": True,
        "check_batched_forward_grad": True,
        "check_grad_dtypes": True,
    }
    assert gradcheck(lambda x: (x.sin(), x.exp().sum()), x, **everything)

    class Bent(torch.autograd.Function):
        @staticmethod
        def forward(x: Any) -> Any:
            return x * 2

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            pass

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return 2 * grad

        @staticmethod
        def jvp(ctx: Any, tangent: Any) -> Any:
            return 2.001 * tangent

    with pytest.raises(error, match="forward mode says"):
        gradcheck(Bent.apply, x, check_forward_ad=True)


def test_assert_gradients_raises_the_report(torch: Any) -> None:
    from autograd.check.torch import assert_gradients

    with pytest.raises(GradientError) as caught:
        assert_gradients(made(torch, lambda x: x * x, lambda g, x: g * x).apply, point(torch, 2))
    assert "half of the slope" in str(caught.value)
    with pytest.raises(GradientError):
        assert_gradients(torch.relu, torch.zeros(1).double(), strict=True)


def test_the_fixture_takes_tensors_and_modules(torch: Any, gradcheck: Any) -> None:
    assert gradcheck(torch.nn.Linear(2, 1).double(), point(torch, 2)).certain
    half = made(torch, lambda x: x * x, lambda g, x: g * x)
    with pytest.raises(GradientError, match="at fault: Made"):
        gradcheck(half.apply, point(torch, 2))


def test_the_examples_are_right(torch: Any) -> None:
    assert_examples(
        "autograd.check.torch.checks", "autograd.check.torch.gradcheck", "autograd.check.torch.kept"
    )
