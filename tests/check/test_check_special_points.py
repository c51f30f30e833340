"""Points where slopes vanish, are infinite or jump: there a checker errs most easily.

Every row of one operand is put into every other at 0, 1, -1 and 0.5. What the compositions really
do there is told by two hundred digits of the whole formula, not row by row as the checker does it.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograd import Value, asin, atan2, cos, exp, relu, sign, sin, sqrt, step, xlogy
from autograd import abs as absolute
from autograd.check import Outcome, Report, Verdict, check_against, check_gradients
from autograd.check.oracles import high_precision
from autograd.check.oracles.complex_step import ORACLE as COMPLEX
from autograd.engine.primitive import TABLE, Primitive, apply, lookup
from support.chosen_profile import PROFILE

POINTS = (0.0, 1.0, -1.0, 0.5)
EXPONENTS = (2.0, 3.0, 4.0, 0.5, 1.5, -1.0)


def _unary() -> dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]]:
    """Each row of one operand, and some powers: on Values, and in an mpmath context."""

    def pair(row: Primitive, *constants: float) -> Any:
        return (
            lambda x: apply(row, (x, *constants)),
            lambda mp, x: high_precision.evaluate(mp, row, [x, *map(mp.mpf, constants)]),
        )

    found = {row.name: pair(row) for row in TABLE.values() if row.arity == 1}
    return found | {f"power {n:g}": pair(lookup("power"), n) for n in EXPONENTS}


UNARY = _unary()


def _pairs() -> Iterator[tuple[str, Callable[[Any], Any], Callable[[Any, Any], Any]]]:
    for outer, (f, exact_f) in UNARY.items():
        for inner, (g, exact_g) in UNARY.items():
            yield (
                f"{outer}({inner}(x))",
                lambda x, f=f, g=g: f(g(x)),
                lambda mp, x, f=exact_f, g=exact_g: f(mp, g(mp, x)),
            )


@pytest.mark.parametrize("point", POINTS)
def test_no_derivative_of_two_rows_is_called_wrong_at_special_points(point: float) -> None:
    order = 2 if point == 0.0 or PROFILE == "long" else 1
    wrong = [
        f"{name} at {point}: {verdict}"
        for name, f, _ in _pairs()
        for verdict in check_gradients(f, point, order=order).wrong
    ]
    assert not wrong, "\n".join(wrong)


def _true_slopes(exact: Callable[[Any, Any], Any], point: float) -> tuple[float, float]:
    """The slopes of a formula on the two sides, from 200 digits; nan where there are none."""
    mp = high_precision.context(200)
    h = mp.ldexp(mp.mpf(1), -200)
    x = mp.mpf(point)
    try:
        below, here, above = exact(mp, x - h), exact(mp, x), exact(mp, x + h)
    except (ArithmeticError, ValueError):
        return math.nan, math.nan
    return float((here - below) / h), float((above - here) / h)


@pytest.mark.parametrize("digits", [True, False], ids=["with mpmath", "without"])
@pytest.mark.parametrize("point", [0.0, 1.0])
def test_a_claim_is_called_right_only_where_both_sides_have_that_slope(
    point: float, digits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = list(_pairs())
    if PROFILE != "long":  # each at both points, once with mpmath and once without
        pairs = pairs[int(digits == (point == 0.0)) :: 2]
    cases = [(name, f, _true_slopes(exact, point)) for name, f, exact in pairs]
    if not digits:
        monkeypatch.setattr(high_precision, "context", lambda digits=60: None)
    mistaken: list[str] = []
    for name, f, (left, right) in cases:
        mean = 0.5 * (left + right)
        claims = {0.0, 1.0} | ({mean} if 1e-30 < abs(mean) < 1e30 else set())
        for claim in claims if left == left and right == right else ():
            (verdict,) = check_against(f, lambda x, claim=claim: claim, point)
            true = max(abs(left - claim), abs(right - claim)) < 1e-6 * max(1.0, abs(claim))
            if verdict.outcome is (Outcome.WRONG if true else Outcome.RIGHT):
                mistaken.append(f"{name} has {left} and {right} at {point}: {verdict}")
    assert not mistaken, "\n".join(mistaken)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 7, 3.0, 11])
@pytest.mark.parametrize("base", [0.0, 1.0])
def test_powers_are_right_at_the_base_0(n: float, base: float) -> None:
    """The difference quotient of x^3 at 0 is h^2: all of it is the step's."""
    for f in (lambda x: (x - base) ** n, lambda x: sin(x - base) ** n):
        assert check_gradients(f, base).certain
    assert check_against(lambda x: x**n, lambda x: n * x ** (n - 1), 0.0).certain


def test_powers_of_several_inputs_are_right_at_the_base_0() -> None:
    assert check_gradients(lambda x, y: (x - y) ** 3, 2.0, 2.0).certain
    assert check_gradients(lambda x, y: y * x**3, 0.0, 3.0).certain
    assert check_gradients(lambda x, y: x**y, 0.0, 3.0, order=1).certain
    assert check_gradients(lambda x, y: x**y, 0.0, 3.0).ok
    assert check_gradients(lambda x: exp(x) + (1.0 + x**5), 0.0).certain


def test_a_flat_power_has_the_slope_zero_and_says_how_well_that_is_known() -> None:
    found = high_precision.derivative(lambda mp, t: t**3, 1.0)
    assert found.value == 0.0
    assert 0.0 < found.error < 1e-40
    beside = high_precision.derivative(lambda mp, t: 1 + t**3, 1.0)
    assert beside.value == 0.0
    assert 0.0 < beside.error < 1e-40
    # Where the slope is no remainder of the step, there is nothing to add.
    assert high_precision.derivative(lambda mp, t: mp.exp(t), 1.0).error <= 2.0**-52


HIDDEN = {
    "sqrt of a square": lambda x: (x * x).sqrt(),
    "a square to the half": lambda x: (x * x) ** 0.5,
    "asin of cos": lambda x: asin(cos(x)),
    "sqrt of 1 - cos": lambda x: sqrt(1.0 - cos(x)),
}


@pytest.mark.parametrize("f", HIDDEN.values(), ids=HIDDEN)
def test_a_kink_behind_an_infinite_slope_is_found(f: Callable[[Any], Any]) -> None:
    (given,) = check_against(f, lambda x: 0.0, 0.0)
    assert given.outcome is Outcome.UNKNOWN
    assert given.reason.startswith("kink: the slopes on the two sides differ")
    assert given.left == pytest.approx(-given.right) != 0.0
    outside = check_against(f, lambda x: 1.5, 0.0)
    assert not outside.ok

    engine = check_gradients(f, 0.0, order=1).verdicts[0]
    assert engine.outcome is Outcome.UNKNOWN
    assert "infinite slope of" in engine.reason
    assert "times a slope of 0 is nan" in engine.reason
    assert engine.left == pytest.approx(-engine.right) != 0.0


def test_a_smooth_function_behind_an_infinite_slope_is_told_from_a_kink() -> None:
    """The square root of x^4 is x^2: its slope is known, the engine's nan is 0 times infinity."""

    def f(x: Any) -> Any:
        return (x**4).sqrt()

    assert check_against(f, lambda x: 2.0 * x, 0.0).certain
    assert not check_against(f, lambda x: 1.0, 0.0).ok
    verdict = check_gradients(f, 0.0, order=1).verdicts[0]
    assert verdict.outcome is Outcome.UNKNOWN
    assert (verdict.left, verdict.right) == (0.0, 0.0)
    assert "none of the result's: it has the slope 0 on both sides" in verdict.reason
    assert "chained" not in verdict.reason


def test_equal_slopes_at_a_kink_on_the_way_are_not_called_different() -> None:
    report = check_gradients(lambda x: x * absolute(x), 0.0)
    first, second = report.verdicts
    assert first.outcome is Outcome.RIGHT
    assert first.numeric == 0.0
    # The second derivative does have two slopes, -2 and 2.
    assert second.outcome is Outcome.UNKNOWN
    assert second.reason.startswith("kink")
    assert (second.left, second.right) == (pytest.approx(-2.0), pytest.approx(2.0))

    (identity,) = check_gradients(lambda x: relu(x) - relu(-x), 0.0, order=1)
    assert identity.outcome is Outcome.UNKNOWN
    assert "differ" not in identity.reason
    assert "it has the slope 1 on both sides" in identity.reason


def test_a_jump_behind_a_pole_is_not_flat() -> None:
    for f in (lambda x: step(1.0 / x), lambda x: sign(1.0 / x)):
        (verdict,) = check_against(f, lambda x: 0.0, 0.0)
        assert verdict.outcome is Outcome.UNKNOWN


def test_a_formula_that_its_rounded_graph_cannot_confirm_is_not_wrong() -> None:
    """The derivative of sin(acos x) is 0 at 0; the recorded half circle is rounded."""

    def f(x: Any) -> Any:
        return sin(x.acos() if isinstance(x, Value) else math.acos(x))

    (verdict,) = check_against(f, lambda x: -x / math.sqrt(1.0 - x * x), 0.0)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "rounding" in verdict.reason
    assert verdict.oracle == COMPLEX
    assert not check_against(f, lambda x: 1e-10, 0.0).ok


def test_xlogy_is_flat_in_its_second_operand_where_the_first_is_zero() -> None:
    assert check_gradients(lambda q: xlogy(0.0, q), 0.0).certain
    assert check_gradients(lambda q: xlogy(0.0, q), 2.0).certain
    y = Value(0.0)
    xlogy(0.0, y).backward()
    assert y.grad == 0.0


@pytest.mark.parametrize("infinite", [math.inf, -math.inf])
def test_nan_at_an_infinite_operand_is_left_open_with_its_reason(infinite: float) -> None:
    reports: list[Report] = [
        check_gradients(lambda x: atan2(infinite, x), 1.0),
        check_gradients(lambda y: atan2(y, infinite), 1.0),
    ]
    for report in reports:
        first: Verdict = report.verdicts[0]
        assert first.outcome is Outcome.UNKNOWN
        assert "an operand is infinite at atan2" in first.reason
        assert report.ok
