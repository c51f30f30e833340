"""Derivatives of orders 0 to 3 of every row, over all floats of its domain, against high precision.

A derivative d_k may be off by 1e-13 of itself, and by what 8 ulp of the operands make of d_(k+1).
What floats cannot carry is in `CARRIED`, each with its reason. A row that is added is tested by
what is here already.
"""

import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, compile, gradient
from autograd.engine.primitives import TABLE, Primitive, apply
from support.chosen_profile import PROFILE
from support.duals import derivative, mp
from support.rows import deciding, each_row, nodes, variables

LONG = PROFILE == "long"
TINY, LARGEST = mp.mpf(2) ** -1022, mp.mpf(2) ** 1024

# Where rows change: underflow and overflow of squares, cubes and exponentials, ends of domains,
# the last float before 1, roots of derivatives. The long profile takes all powers of ten as well.
MAGNITUDES = [5e-324, 1e-300, 1e-12, 0.7, 1.0 - 2.0**-53, 1.0 + 2.0**-52, 20.0, 355.0, 1e82, 1e200]
if LONG:
    MAGNITUDES += [3e-310, 1e-162, 1e-100, 1e-17, 1e-3, 0.5, 1.2784, 1.5, 3.0, 37.0, 100.0, 260.0]
    MAGNITUDES += [300.0, 700.0, 711.0, 745.0, 1e8, 1e16, 1e103, 1e150, 1e154, 1e155, 1.7e308]
    MAGNITUDES += [1.3 * 10.0**k for k in range(-320, 308, 9)]

Reason = str
# What floats cannot carry, by the row: the reason, and where. Elsewhere nothing is missed.
CARRIED: dict[str, tuple[Reason, Callable[[Sequence[float]], bool]]] = {
    "silu": ("x * e^x where e^x is subnormal", lambda x: abs(x[0]) > 708.0),
    "gelu": ("x * e^(-x^2/2) where that is subnormal", lambda x: abs(x[0]) > 37.0),
    "pow": ("y (y - 1) x^(y - 2) with a factor 0 beside one that overflows, or one that does "
            "beside one that underflows", lambda x: not 1e-100 < x[0] < 1e100),
    "power_log": ("as for pow", lambda x: not 1e-100 < x[0] < 1e100),
    "atan2": ("1 / z^2 of the length z overflows beside a small cosine",
              lambda x: math.hypot(*x) < 1e-100),
    "direction": (
        "as for atan2; or the square of y / x underflows beside 1 / z^2",
        lambda x: math.hypot(*x) < 1e-100 or abs(x[1]) < 1e-100 * abs(x[0]),
    ),
    "hypot": ("as for atan2; or the length itself overflows",
              lambda x: not 1e-100 < math.hypot(*x) < 1e308),
    "share": ("1 / (x + y)^2 overflows beside a small share; or x + y does",
              lambda x: not 1e-150 < x[0] + x[1] < 1e308),
}  # fmt: skip


def carried(row: Primitive, point: Sequence[float], truth: Any) -> bool:
    """Whether a derivative is one that floats carry: normal, and not among the exceptions."""
    size = mp.fabs(truth)
    listed = row.name in CARRIED and CARRIED[row.name][1](point)
    return not listed and (size == 0 or TINY <= size < LARGEST)


def wrong(row: Primitive, point: Sequence[float], by: tuple[int, ...], got: float) -> str:
    """Return what is wrong with a derivative, or nothing."""
    truth = derivative(row, point, by)
    if isinstance(truth, mp.mpc):
        return ""
    if not carried(row, point, truth):
        # Too small for full digits, or too large for a float: still no other number.
        listed = row.name in CARRIED and CARRIED[row.name][1](point)
        small = math.isfinite(got) and abs(got) < 2 * float(TINY)
        beyond = not math.isfinite(got) and mp.fabs(truth) >= LARGEST
        return "" if listed or small or beyond else f"{point} by {by}: {got}, not {mp.nstr(truth)}"
    error = mp.fabs(mp.mpf(got) - truth) if math.isfinite(got) else mp.inf
    allowed = mp.mpf("1e-13") * mp.fabs(truth)
    if error > allowed:
        for i in variables(row, len(point)):
            if i not in deciding(row):
                slope = mp.fabs(derivative(row, point, (*by, i)))
                allowed += 8 * mp.mpf(math.ulp(point[i])) * slope
    return "" if error <= allowed else f"{point} by {by}: {got}, not {mp.nstr(truth, 17)}"


def defined(row: Primitive, point: Sequence[float]) -> bool:
    """Whether the formula has a real value and finite slopes at a point."""
    try:
        found = [derivative(row, point, ())]
        found += [derivative(row, point, (i,)) for i in variables(row, len(point))]
    except (ValueError, ZeroDivisionError, TypeError):
        return False
    return all(isinstance(x, int | mp.mpf) for x in found)


def same(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))


def third(f: Any) -> Any:
    return autograd.grad(autograd.grad(autograd.grad(f)))


@pytest.mark.parametrize("row", [r for r in TABLE.values() if r.arity == 1], ids=str)
def test_a_row_of_one_operand_has_right_derivatives_over_all_floats(row: Primitive) -> None:
    def f(x: Any) -> Any:
        return apply(row, (x,))

    first = autograd.grad(f)
    ways = {
        1: [first, autograd.derivative(f), lambda x: autograd.jvp(f)(x, 1.0)],
        2: [autograd.grad(first), autograd.derivative(f, 2), autograd.hessian(f)],
        3: [third(f), autograd.derivative(f, 3)],
    }
    ways[2] += [lambda x: autograd.jvp(first)(x, 1.0), lambda x: autograd.derivative(first)(x)]
    compiled = compile(f)
    everywhere = [s * x for x in sorted({*MAGNITUDES}) for s in (1.0, -1.0)]
    points = [x for x in everywhere if defined(row, (x,))]
    assert len(points) >= 5
    _, batch = compiled.value_and_grad(np.array(points))
    missed: list[str] = []
    for x, slope in zip(points, batch.tolist(), strict=True):
        if abs(x) < 5000.0:  # beyond, the reference stands in for e^x by a smaller number
            missed.append(wrong(row, (x,), (), row.function(x)))
        missed.append(wrong(row, (x,), (0,), slope))
        missed.append(wrong(row, (x,), (0,), compiled.value_and_grad(x)[1]))
        for order, functions in ways.items():
            missed += [wrong(row, (x,), (0,) * order, function(x)) for function in functions]
    # The same ways inside programs, whose gradients are one order higher.
    for order, functions in ways.items():
        for function in functions:
            program = compile(function)
            values, slopes = program.value_and_grad(np.array(points))
            for x, value, slope in zip(points, values.tolist(), slopes.tolist(), strict=True):
                missed.append(wrong(row, (x,), (0,) * order, value))
                missed.append(wrong(row, (x,), (0,) * order, program(x)))
                if order < 3:
                    missed.append(wrong(row, (x,), (0,) * (order + 1), slope))
    assert not [text for text in missed if text]


def draws(row: Primitive, count: int, many: int) -> list[tuple[float, ...]]:
    """Points over all magnitudes at which the row is smooth."""
    rng = random.Random(f"{row.name} {count}")
    positive = row.name in ("pow", "power_log", "share")
    constants = row.domain[count - row.constants :] if row.constants else ()
    found: list[tuple[float, ...]] = []
    for _ in range(20 * many):
        xs = [rng.choice(MAGNITUDES) * rng.choice((1.0, -1.0)) for _ in range(count)]
        if positive:
            xs = [abs(x) for x in xs]
        if row.name in ("pow", "power_log"):
            xs[1] = rng.choice([-2.5, -1.0, 1e-8, 0.5, 1.0, 2.0, 3.0, 10.0])
        if row.name in ("xlogy", "xdivy"):
            xs[1] = abs(xs[1])
        if row.name == "logsumexp":
            xs = [x if abs(x) < 1e4 else x % 750.0 for x in xs]
        for i in deciding(row):
            xs[i] = float(rng.randrange(count - 1))
        for i, (low, high) in enumerate(constants, count - row.constants):
            xs[i] = rng.choice([low, high, round(low + 0.75 * (high - low))])
        if len({*xs[: count - row.constants]}) == count - row.constants and defined(row, xs):
            found.append(tuple(xs))
    return list(dict.fromkeys(found))[:many]


@pytest.mark.parametrize("row", [r for r in TABLE.values() if r.arity != 1], ids=str)
def test_a_row_of_more_operands_has_right_derivatives_over_all_floats(row: Primitive) -> None:
    """First, second and third ones, all mixed ones included, and in every order."""
    missed: list[str] = []
    for count in [row.arity] if row.arity else ([4] if row.paired else [2, 3]):
        places = [i for i in variables(row, count) if i not in deciding(row)]
        # Cancelling lengths need as many digits as their magnitudes are apart.
        with mp.workdps(1500 if row.name in ("hypot", "direction") else mp.dps):
            for point in draws(row, count, 200 if LONG else 4):
                operands = nodes(row, point)
                wanted = [operands[i] for i in places]
                z = apply(row, tuple(operands))
                z.backward()
                for i, slope in zip(places, gradient(z, wanted), strict=True):
                    missed.append(wrong(row, point, (i,), operands[i].grad))
                    missed.append(wrong(row, point, (i,), slope.data))
                    for j, second in zip(places, gradient(slope, wanted), strict=True):
                        missed.append(wrong(row, point, (i, j), second.data))
                        if count > 2:
                            continue
                        for k, d in zip(places, gradient(second, wanted), strict=True):
                            missed.append(wrong(row, point, (i, j, k), d.data))
                missed += in_programs(row, point, places)
    assert not [text for text in missed if text]


def in_programs(row: Primitive, point: Sequence[float], places: Sequence[int]) -> list[str]:
    """Return what is wrong with second and third derivatives inside a program."""

    def f(xs: Any) -> Any:
        operands = [*point]
        for i, x in zip(places, xs, strict=True):
            operands[i] = x
        return apply(row, tuple(operands))

    missed: list[str] = []
    at = [point[i] for i in places]
    table = compile(autograd.hessian(f))(at)
    for a, i in enumerate(places):
        slope = compile(lambda xs, a=a: autograd.grad(f)(xs)[a])
        for j, second, again in zip(places, table[a], slope.value_and_grad(at)[1], strict=True):
            missed += [wrong(row, point, (i, j), second), wrong(row, point, (i, j), again)]
        if len(point) <= 2:
            for b, j in enumerate(places):
                third_of = compile(lambda xs, a=a, b=b: autograd.hessian(f)(xs)[a][b])
                for k, d in zip(places, third_of.value_and_grad(at)[1], strict=True):
                    missed.append(wrong(row, point, (i, j, k), d))
    return missed


@each_row
def test_second_derivatives_at_the_listed_points_are_the_same_in_every_way(row: Primitive) -> None:
    """At kinks, ties and ends of domains: nested gradients, series, and both orders of mixing."""
    for point, _ in row.subgradients:
        places = [*variables(row, len(point))]
        operands = nodes(row, point)
        wanted = [operands[i] for i in places]
        firsts = gradient(apply(row, tuple(operands)), wanted)
        table = [[d.data for d in gradient(first, wanted)] for first in firsts]
        for i, j in itertools.product(range(len(places)), repeat=2):
            assert same(table[i][j], table[j][i]), (point, table)
        for i in places:

            def f(x: Any, point: Any = point, i: int = i) -> Any:
                return apply(row, (*point[:i], x, *point[i + 1 :]))

            found = autograd.derivative(f, 2)(point[i])
            assert same(found, table[i][i]), (point, i)


INFINITE = math.inf


@pytest.mark.parametrize(
    ("name", "point", "second"),
    [
        ("asin", 1.0, INFINITE),
        ("asin", -1.0, -INFINITE),
        ("acos", 1.0, -INFINITE),
        ("acos", -1.0, INFINITE),
        ("acosh", 1.0, -INFINITE),
        ("atanh", 1.0, INFINITE),
        ("sqrt", 0.0, -INFINITE),
        ("silu", -INFINITE, 0.0),
        ("silu", INFINITE, 0.0),
        ("gelu", -INFINITE, 0.0),
        ("gelu", INFINITE, 0.0),
        ("erf", INFINITE, 0.0),
    ],
)
def test_second_derivatives_where_only_the_limit_is_one(
    name: str, point: float, second: float
) -> None:
    f = getattr(autograd, name)
    assert autograd.grad(autograd.grad(f))(point) == second
    assert autograd.derivative(f, 2)(point) == second
    assert autograd.hessian(f)(point) == second


def test_first_derivatives_at_infinity_are_the_limits() -> None:
    for name, left, right in [("silu", 0.0, 1.0), ("gelu", 0.0, 1.0), ("sigmoid", 0.0, 0.0)]:
        f = getattr(autograd, name)
        for x, slope in ((-INFINITE, left), (INFINITE, right)):
            assert autograd.grad(f)(x) == slope
            assert compile(f).value_and_grad(x)[1] == slope
            assert compile(f).value_and_grad(np.array([x, 0.0]))[1][0] == slope


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_a_length_has_no_second_derivative_at_0_at_any_scale(n: int, scale: float) -> None:
    def f(xs: Any) -> Any:
        return autograd.norm([x * scale for x in xs])

    found = autograd.hessian(f)([0.0] * n)
    assert all(math.isnan(d) for row in found for d in row)
    assert autograd.grad(f)([0.0] * n) == [0.0] * n


def test_powers_of_0_have_the_same_mixed_derivatives_in_either_order() -> None:
    for y in (0.5, 1.0, 2.0, 3.0):
        second = autograd.hessian(lambda p: autograd.pow(p[0], p[1]))([0.0, y])
        assert second[1][1] == 0.0
        # With y <= 1 it is infinite, or a difference of infinities: nan, from both sides.
        assert same(second[0][1], second[1][0])
    assert autograd.hessian(lambda p: autograd.pow(p[0], p[1]))([0.0, 2.0])[0][1] == 0.0
    mixed = autograd.hessian(lambda p: autograd.xlogy(p[0], p[1]))([0.0, 0.0])
    assert mixed == [[0.0, INFINITE], [INFINITE, 0.0]]


def test_the_hessian_of_logsumexp_keeps_its_tails() -> None:
    for x in (20.0, 37.0, 40.0, 700.0):
        found = autograd.hessian(autograd.logsumexp)([x, 0.0, 0.0])
        q = 2.0 * math.exp(-x)
        share = q / (1.0 + q) ** 2
        assert found[0][0] == pytest.approx(share, rel=1e-13)
        assert found[0][1] == pytest.approx(-share / 2.0, rel=1e-13)


def test_large_ties_share_alike() -> None:
    for x in (1000.0, 1e16, 1e300):
        for n in (2, 3, 4):
            assert autograd.softmax([x] * n) == pytest.approx([1.0 / n] * n, rel=1e-15)
            slopes = autograd.grad(autograd.logsumexp)([x] * n)
            assert slopes == pytest.approx([1.0 / n] * n, rel=1e-15)
            single = compile(autograd.logsumexp).value_and_grad([x] * n)[1]
            batch = compile(autograd.logsumexp).value_and_grad(np.full((2, n), x))[1]
            assert [*single, *batch.ravel()] == pytest.approx([1.0 / n] * (3 * n), rel=1e-15)
        assert autograd.softmax([x, x]) == [0.5, 0.5]


def test_a_reciprocal_that_overflows_hides_no_finite_product() -> None:
    for f in (lambda y: 1e-10 * (y / 1e-310), lambda y: 1e-10 * (y / Value(1e-310))):
        y = Value(1e-20)
        f(y).backward()
        assert y.grad == pytest.approx(1e300, rel=1e-13)
        assert autograd.grad(f)(1e-20) == pytest.approx(1e300, rel=1e-13)
        assert compile(f).value_and_grad(1e-20)[1] == pytest.approx(1e300, rel=1e-13)
        assert compile(f).value_and_grad(np.array([1e-20]))[1][0] == pytest.approx(1e300, rel=1e-13)
    assert autograd.grad(lambda x: 1e-10 * autograd.log(x))(1e-310) == pytest.approx(1e300)
