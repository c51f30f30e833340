"""Gradients that JAX makes: right ones, wrong ones, who is at fault, and what is left alone."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd.check import GradientError
from support.engines import assert_examples, imported

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def jax() -> Any:
    return imported("jax")


@pytest.fixture(scope="module")
def check() -> Callable[..., Any]:
    imported("jax")
    from autograd.check.jax import check

    return check


@pytest.fixture
def x64(jax: Any) -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def ruled(jax: Any, forward: Any, backward: Any) -> Any:
    """A custom_vjp of two functions of an array."""
    made = jax.custom_vjp(forward)
    made.defvjp(lambda x: (forward(x), x), lambda x, grad: (backward(grad, x),))
    return made


def test_right_ones_are_right_to_the_second_order(jax: Any, check: Any, x64: None) -> None:
    jnp = jax.numpy

    def layer(p: Any, x: Any) -> Any:
        return {"out": jnp.tanh(p["w"] @ x + p["b"][0]), "norm": jnp.sum(p["w"] ** 2)}

    rng = np.random.default_rng(0)
    p = {"w": rng.normal(size=(2, 3)), "b": [rng.normal(size=2)]}
    report = check(layer, p, rng.normal(size=3), order=2)
    assert report.certain, report
    assert {v.input for v in report.verdicts} == {"p['w']", "p['b'][0]", "x"}
    looped = lambda x: jax.lax.fori_loop(0, 3, lambda _, y: jnp.sin(y) + x, x)  # noqa: E731
    assert check(looped, rng.normal(size=2)).certain
    assert check(jax.jit(jax.nn.softmax), rng.normal(size=4), order=2).certain


FAULTS: dict[str, Callable[[Any, Any], Any]] = {
    "all, 1e-6": lambda g, x: (2 + 2e-6) * g * x,
    "sign": lambda g, x: -2 * g * x,
    "half": lambda g, x: g * x,
    "one entry": lambda g, x: (2 * g * x).at[1].multiply(1.001),
    "negative inputs only": lambda g, x: g * x * (2 + 1e-5 * (x < 0)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_wrong(jax: Any, check: Any, x64: None, name: str) -> None:
    square = ruled(jax, lambda x: x * x, FAULTS[name])
    report = check(lambda x: square(x).sum(), np.array([-0.7, 1.2, 0.4]))
    assert report.wrong, report
    if name == "one entry":
        assert report.culprits == ((0, (1,)),)
    if name == "half":
        assert "was a factor 2 forgotten" in str(report)


def test_single_precision_as_it_is_at_first(jax: Any, check: Any) -> None:
    assert not jax.config.jax_enable_x64
    x = np.array([0.3, -1.2, 2.0])
    report = check(jax.numpy.sin, x)
    assert report.ok
    assert any("jax_enable_x64" in note for note in report.notes)
    half = ruled(jax, lambda x: x * x, lambda g, x: g * x)
    assert check(half, x).wrong
    assert check(jax.numpy.tanh, jax.numpy.ones(2, jax.numpy.bfloat16)).ok
    assert not jax.config.jax_enable_x64


def test_kinks_cannot_be_told_and_have_two_slopes(jax: Any, check: Any, x64: None) -> None:
    report = check(lambda x: jax.nn.relu(x).sum(), np.array([0.0, 1.0]))
    (kink,) = report.unknown
    assert (kink.index, kink.left, kink.right) == ((0,), 0.0, 1.0)


def test_the_rule_at_fault_is_named_inside_of_loops(jax: Any, check: Any, x64: None) -> None:
    def cube(x: Any) -> Any:
        return x**3

    wrong = ruled(jax, cube, lambda g, x: g * x**2)
    right = ruled(jax, lambda x: x**2, lambda g, x: 2 * g * x)

    def looped(x: Any) -> Any:
        carry, rows = jax.lax.scan(lambda c, _: (right(c) * 0.5, wrong(c)), x, None, length=2)
        return carry + rows.sum(0)

    def branched(x: Any) -> Any:
        return jax.jit(lambda x: jax.lax.cond(x.sum() > 0, wrong, right, x))(x)

    def repeated(x: Any) -> Any:
        return jax.lax.while_loop(lambda c: c[0] < 2, lambda c: (c[0] + 1, wrong(c[1])), (0, x))[1]

    for f in (looped, branched):
        report = check(f, np.array([0.6, 0.9]))
        assert report.blamed == ("cube",), report
        assert "defined at test_check_jax.py" in report.notes[-1]

    @jax.custom_jvp
    def scaled(x: Any, y: Any) -> Any:
        return x * y

    scaled.defjvp(lambda p, t: (p[0] * p[1], t[0] * p[1]))
    report = check(lambda x: scaled(x, x).sum(), np.array([0.6, 0.9]))
    assert report.blamed == ("scaled",)
    report = check(lambda x: (x * jax.lax.stop_gradient(x)).sum(), np.array([0.6, 0.9]))
    assert "a gradient ends at stop_gradient" in report.notes


def test_rules_that_cannot_run_are_wrong(jax: Any, check: Any) -> None:
    other = ruled(jax, lambda x: x * x, lambda g, x: (g * x)[:1])
    report = check(other, np.ones(3))
    assert report.wrong[0].reason.startswith("the backward cannot be run: ")
    raising = ruled(jax, lambda x: x * x, lambda g, x: g / None)
    assert "TypeError" in check(raising, np.ones(3)).wrong[0].reason


def test_rules_that_branch_on_numbers_run_as_they_are(
    jax: Any, check: Any, x64: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograd.check.jax.call._SLOW", 0.0)  # so that all is compiled that can be
    square = ruled(jax, lambda x: x * x, lambda g, x: jax.numpy.asarray(2 * np.asarray(g) * x))
    assert check(square, np.array([-0.7, 1.2])).certain
    positive = ruled(jax, lambda x: x[x > 0] ** 2, lambda g, x: 2 * x * (x > 0) * g)
    assert check(positive, np.array([-0.7, 1.2])).certain


def test_chance_is_named(jax: Any, check: Any) -> None:
    rng = np.random.default_rng(0)
    report = check(lambda x: x * rng.normal(), jax.numpy.ones(2))
    assert report.unknown
    assert not report.wrong
    assert "different numbers at the same inputs" in report.unknown[0].reason


BAD: dict[str, tuple[Callable[[Any], tuple[Any, ...]], str]] = {
    "integers": (lambda j: (j.numpy.sum, j.numpy.arange(3)), "no input is of floats"),
    "complex": (lambda j: (j.numpy.abs, j.numpy.ones(2, complex)), "is complex: a check takes"),
    "none": (lambda j: (lambda x: None, j.numpy.ones(2)), "returns None: is a return missing"),
    "bools": (
        lambda j: (lambda x: x > 0, j.numpy.ones(2)),
        "of floats, got bool",
    ),
    "complex output": (lambda j: (j.numpy.fft.fft, j.numpy.ones(2)), "returns complex"),
    "no function": (lambda j: (3, j.numpy.ones(2)), "check takes a function"),
    "empty": (lambda j: (j.numpy.sum, j.numpy.ones((0, 2))), "no input is of floats"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told(jax: Any, check: Any, name: str) -> None:
    make, words = BAD[name]
    with pytest.raises(TypeError, match=words):
        check(*make(jax))


def test_flags_are_as_before(jax: Any, check: Any) -> None:
    def f(x: Any) -> Any:
        jax.config.update("jax_debug_nans", True)
        return x * x

    before = dict(jax.config.values)
    check(f, jax.numpy.ones(2))
    assert dict(jax.config.values) == before


def test_assert_gradients_raises_the_report(jax: Any, x64: None) -> None:
    from autograd.check.jax import assert_gradients

    wrong = ruled(jax, lambda x: x * x, lambda g, x: g * x)
    with pytest.raises(GradientError, match="half of the slope"):
        assert_gradients(wrong, np.ones(2))
    with pytest.raises(GradientError):
        assert_gradients(jax.nn.relu, np.zeros(1), strict=True)


def test_the_fixture_takes_arrays_of_jax(jax: Any, gradcheck: Any) -> None:
    assert gradcheck(lambda p: jax.numpy.sin(p["x"]), {"x": jax.numpy.ones(2)}).ok
    half = ruled(jax, lambda x: x * x, lambda g, x: g * x)
    with pytest.raises(GradientError):
        gradcheck(half, jax.numpy.ones(2))


def test_the_examples_are_right(jax: Any) -> None:
    assert_examples("autograd.check.jax.checks")
