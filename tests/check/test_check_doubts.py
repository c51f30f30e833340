"""Verdicts that say more than was seen: each stands here with the smallest case that did so."""

from typing import Any

import numpy as np
import pytest

from autograd.check import check_against
from support.engines import imported

engines = pytest.mark.engines

# What a backward may do to the gradient that comes in, and must not.
BENT = {
    "its size": abs,
    "its positive part": lambda w: np.maximum(w, 0.0),
    "clipped": lambda w: np.clip(w, -5.0, 5.0),
    "a dead zone": lambda w: np.where(abs(w) < 0.01, 0.0, w),
}


@pytest.mark.parametrize("how", BENT)
@pytest.mark.parametrize("count", [1, 3, 5_000])
def test_a_backward_that_is_not_linear_in_what_comes_in_is_wrong(how, count):
    x = np.linspace(0.5, 2.0, count)
    for seed in range(4):
        report = check_against(lambda x: 2.0 * x, lambda x, w: 2.0 * BENT[how](w), x, seed=seed)
        assert report.wrong, report
        assert "must be linear" in report.wrong[0].reason
    assert check_against(lambda x: 2.0 * x, lambda x, w: 2.0 * w, x).certain


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_a_power_of_what_comes_in_is_wrong_at_a_weight_of_1(dtype):
    x = np.array([0.5], dtype=dtype)
    for seed in range(8):
        report = check_against(lambda x: 2 * x, lambda x, w: 2 * w**3, x, seed=seed)
        assert report.wrong, report


@engines
def test_half_precision_inside_that_leaves_its_range_is_not_wrong():
    torch: Any = imported("torch")
    from autograd.check.torch import check

    x = torch.linspace(-1.0, 1.0, 6)

    def halves(x: Any) -> Any:
        return 1e-3 * (torch.sigmoid(x).half().float() ** 2).mean()

    assert check(halves, x).ok


def test_what_is_linear_in_part_is_right_there():
    def backward(x: Any, w: Any) -> Any:
        return 2.0 * np.concatenate([abs(w[:2]), w[2:]])

    report = check_against(lambda x: 2.0 * x, backward, np.linspace(0.5, 2.0, 6))
    assert report.culprits == ((0, (0,)), (0, (1,)))
    assert len(report.right) == 1


@engines
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_a_function_that_is_not_linear_is_blamed_inside_of_a_module(dtype):
    torch: Any = imported("torch")
    from autograd.check.torch import check

    class Clipped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return 2.0 * x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return 2.0 * grad.clamp(-5.0, 5.0)

    kind = getattr(torch, dtype)
    x = torch.linspace(0.5, 2.0, 3).to(kind)
    report = check(lambda x: Clipped.apply(x.tanh()).sum(), x)
    assert report.wrong
    assert report.blamed == ("Clipped",)
    assert check(lambda x: (2.0 * x.tanh()).sum(), x).ok


@engines
def test_a_rule_of_jax_that_is_not_linear_is_blamed():
    jax: Any = imported("jax")
    from autograd.check.jax import check

    twice = jax.custom_vjp(lambda x: 2.0 * x)
    twice.defvjp(lambda x: (2.0 * x, None), lambda _, grad: (2.0 * abs(grad),))
    report = check(lambda x: twice(x).sum(), jax.numpy.linspace(0.5, 2.0, 3))
    assert report.wrong
    assert report.blamed


def test_a_slope_of_0_that_may_be_hidden_by_the_rounding_cannot_be_told():
    one = np.array([1.0, 1.0])

    def f(x: Any) -> Any:
        return x[0] * 1e8 + x[1] * 1e-8

    for claims in ([1e8, 0.0], [1e8, 1e-8]):
        report = check_against(f, lambda x, claims=claims: np.array(claims), one)
        assert report.ok
        assert [v.index for v in report.unknown] == [(1,)]
        assert "saturation" in report.unknown[0].reason
    for count in (1, 5_000):
        report = check_against(lambda x: 1.0 + 1e-20 * x.sum(), lambda x: 0.0 * x, np.ones(count))
        assert report.verdict == "cannot tell"


def test_a_term_that_was_left_out_and_is_below_the_rounding_cannot_be_told():
    rng = np.random.default_rng(0)
    a, w, y, g = (rng.normal(size=n).astype(np.float32) for n in ((20, 5), 5, 20, 5))

    def f(w: Any, g: Any) -> Any:
        return ((a @ w - y) ** 2).sum() + np.float32(1e-6) * (g**2).sum()

    report = check_against(f, lambda w, g: (2.0 * a.T @ (a @ w - y), 0.0 * g), w, g)
    assert {v.input[0] for v in report.unknown} == {"g"}
    assert {v.input for v in report.right} == {"w"}


def test_a_kink_within_the_rounding_cannot_be_told():
    x = np.array([1e-17, -1e-17, 4.0])
    for wrong in (0.0, 1.0):
        claims = np.array([wrong, 0.0, 1.0])
        report = check_against(
            lambda x: np.maximum(x, 0.0).sum(), lambda x, claims=claims: claims, x
        )
        assert {v.index for v in report.unknown} == {(0,), (1,)}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_f_does_not_depend_on_is_right(dtype):
    rng = np.random.default_rng(0)
    # Far from all kinks.
    x = rng.choice((-1.1, 0.05, 1.7), (6, 4)) + 0.01 * rng.normal(size=(6, 4))
    y = rng.normal(size=(6, 4))
    some = np.arange(24).reshape(6, 4) % 3 == 0
    cases = {
        "unused": (lambda x, y: (x * x).sum(), lambda x, y: (2 * x, 0 * y)),
        "masked": (lambda x, y: (x * some + y).sum(), lambda x, y: (1.0 * some, 1.0 + 0 * y)),
        "dead": (
            lambda x, y: (np.maximum(x - 1.0, 0.0) * 3.0 + y).sum(),
            lambda x, y: (3.0 * (x > 1.0), 1.0 + 0 * y),
        ),
        "clipped": (
            lambda x, y: (np.clip(x, -0.3, 0.3) + y).sum(),
            lambda x, y: (1.0 * (abs(x) < 0.3), 1.0 + 0 * y),
        ),
        "0 times 0": (lambda x, y: (0 * x * y).sum() + 3, lambda x, y: (0 * x, 0 * y)),
    }
    for name, (f, gradient) in cases.items():
        report = check_against(f, gradient, x.astype(dtype), y.astype(dtype))
        assert report.certain, (name, report)
        assert report.evaluations <= 8 * 48 or dtype is np.float32


@pytest.mark.parametrize(("high", "count"), [(1e9, 3), (1e6, 3), (1e9, 5_000)])
def test_structure_finer_than_the_steps_is_neither_right_nor_wrong(high, count):
    x = np.linspace(1.0, 3.0, count)

    def f(x: Any) -> Any:
        return (x + np.sin(high * x) / high).sum()

    report = check_against(f, lambda x: np.ones(count), x)
    assert report.verdict == "cannot tell", report
    assert check_against(f, lambda x: 1.0 + np.cos(high * x), x).ok
    assert check_against(f, lambda x: np.full(count, 5.0), x).wrong or count > 3


def test_a_slope_of_0_between_two_steps_of_a_function_cannot_be_told():
    x = np.array([0.5, 1.2, 4.0])
    for f in (lambda x: np.round(x, 3).sum(), lambda x: np.floor(x).sum()):
        assert check_against(f, lambda x: 0.0 * x, x).verdict == "cannot tell"

    def single(x: Any) -> Any:
        return float(np.tanh(x.astype(np.float32)).sum())

    assert check_against(single, lambda x: 0.0 * x, x).wrong


def likely(report: Any) -> set[str]:
    assert report.wrong
    return {v.hint for v in report.wrong}


def test_a_factor_is_named_where_all_have_it_and_before_a_term_that_is_missing():
    x = np.random.default_rng(0).normal(size=(4, 3))
    for dtype in (np.float64, np.float32):
        report = check_against(
            lambda x: (x * x).sum(), lambda x: x.dtype.type(2.01) * x, x.astype(dtype)
        )
        assert likely(report) == {"1.005 times the slope: is a constant mistyped?"}
    ones = np.ones((4, 3))

    def decayed(w: Any) -> Any:
        return ((ones @ w - 1.0) ** 2).mean() + 0.01 * (w * w).sum()

    (said,) = likely(
        check_against(decayed, lambda w: 0.5 * ones.T @ (ones @ w - 1.0) + 0.01 * w, x[0])
    )
    assert said.startswith("off by different factors, from ")


def test_a_variance_that_was_left_out_is_named_as_before():
    def parts(x: Any) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        return centred, np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)

    def backward(x: Any, w: Any) -> Any:
        return (w - w.mean(-1, keepdims=True)) / parts(x)[1]

    x = np.random.default_rng(0).normal(size=(4, 6))
    report = check_against(lambda x: parts(x)[0] / parts(x)[1], backward, x)
    assert all("variance or a norm" in said for said in likely(report))


@engines
def test_what_pytorch_has_no_derivative_of_cannot_be_told():
    torch: Any = imported("torch")
    from autograd.check.torch import check

    x = torch.linspace(1.5, 2.5, 3).double()
    report = check(lambda s: torch.special.zeta(s, 2.0 * x), x)
    assert report.verdict == "cannot tell"
    assert "is not implemented" in report.unknown[0].reason


@engines
def test_what_jax_has_no_derivative_of_cannot_be_told():
    jax: Any = imported("jax")
    from autograd.check.jax import check

    def looped(x: Any) -> Any:
        return jax.lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, 2.0 * c[1]), (0, x))[1]

    report = check(looped, jax.numpy.ones(2))
    assert report.verdict == "cannot tell"
    assert "JAX says" in report.unknown[0].reason


@engines
def test_a_backward_that_changes_what_comes_in_is_blamed_where_others_are_given_it():
    torch: Any = imported("torch")
    from autograd.check.torch import check

    class InPlace(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return 2.0 * x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad.mul_(2.0)

    x = torch.linspace(0.5, 2.0, 3).double()
    report = check(lambda x: InPlace.apply(x) + x, x)
    assert report.wrong
    assert report.blamed == ("InPlace",)
    alone = check(InPlace.apply, x)
    assert alone.certain
    assert any("in place" in note for note in alone.notes)


@engines
def test_a_rule_inside_of_a_checkpoint_of_jax_is_blamed():
    jax: Any = imported("jax")
    from autograd.check.jax import check

    def square(x: Any) -> Any:
        return x * x

    rule = jax.custom_vjp(square)
    rule.defvjp(lambda x: (x * x, x), lambda x, grad: (grad * x,))
    report = check(jax.checkpoint(lambda x: rule(jax.numpy.sin(x)).sum()), jax.numpy.ones(2))
    assert report.blamed == ("square",)
