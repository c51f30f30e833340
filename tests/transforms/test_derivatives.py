"""Derivatives of every order and kind agree with one another, with mpmath and with the sources."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import (
    Value,
    derivative,
    exp,
    gelu,
    grad,
    gradient,
    hessian,
    hvp,
    jacobian,
    jvp,
    order,
    reciprocal,
    sin,
    tanh,
)
from autograd.check.strategies import RandomProgram, programs
from autograd.transforms.taylor import along
from benchmarks.campaign.rooms import GraphRooms
from support.references import differentiated, mp
from support.rows import smooth_rows

SMOOTH = smooth_rows()


def composite(p: Any) -> Any:
    """S0's z = u^2 + u with u = x^2 + xy + y^2."""
    x, y = p
    u = x * x + x * y + y * y
    return u * u + u


# One number, any order -----------------------------------------------------------------------


def test_the_fourth_derivative_of_the_bell_at_0_is_12() -> None:
    assert derivative(lambda x: exp(-x * x), order=4)(0.0) == 12.0


@pytest.mark.parametrize("n", range(11))
def test_derivatives_of_sine_go_round(n: int) -> None:
    expected = [math.sin, math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x)][n % 4](0.7)
    assert derivative(sin, order=n)(0.7) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("n", [1, 2, 5, 10, 15])
def test_high_orders_agree_with_high_precision(n: int) -> None:
    found = derivative(lambda x: tanh(x) * gelu(x) * x**2.5 + (x * x).sigmoid(), order=n)(0.7)

    def precise(x: Any) -> Any:
        return mp.tanh(x) * (x * mp.ncdf(x)) * x ** mp.mpf(2.5) + 1 / (1 + mp.exp(-x * x))

    with mp.workdps(100):
        expected = mp.diff(precise, mp.mpf(0.7), n)
    assert found == pytest.approx(float(expected), rel=1e-10)


@pytest.mark.parametrize("n", [150, 170, 171, 230])
def test_orders_whose_factorial_is_no_float_are_right(n: int) -> None:
    expected = [math.sin, math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x)][n % 4](0.7)
    assert derivative(sin, order=n)(0.7) == pytest.approx(expected, rel=1e-12)
    slow = derivative(lambda x: sin(0.5 * x), order=n)(1.4)
    assert slow == pytest.approx(expected * 0.5**n, rel=1e-12)
    assert derivative(lambda x: x**3, order=n)(0.7) == 0.0
    assert derivative(lambda x: 5.0, order=n)(0.7) == 0.0


def test_derivatives_beyond_the_floats_are_infinite_and_near_their_end_are_right() -> None:
    def scaled(factor: float) -> Callable[[Any], Any]:
        return lambda x: factor * reciprocal(1.0 - x)

    assert derivative(scaled(1.0), 170)(0.0) == pytest.approx(float(math.factorial(170)))
    assert derivative(scaled(1.0), 171)(0.0) == math.inf
    expected = float(mp.factorial(200) * mp.mpf("1e-200"))
    assert derivative(scaled(1e-200), 200)(0.0) == pytest.approx(expected, rel=1e-12)
    # The coefficient of t**100, 1e-300 / 100!, is below the least float.
    assert derivative(lambda x: sin(1e-3 * x), 100)(1.0) == pytest.approx(
        1e-300 * math.sin(1e-3), rel=1e-12
    )
    w = Value(1.0)
    z = derivative(lambda x: w * exp(x), 175)(0.0)
    z.backward()
    assert [z.data, w.grad] == pytest.approx([1.0, 1.0], rel=1e-12)


def test_orders_that_are_none_are_refused() -> None:
    for bad in (-1, 1.5, True):
        with pytest.raises(ValueError, match="order of a derivative"):
            derivative(sin, order=bad)  # pyright: ignore[reportArgumentType]


def test_a_function_without_its_argument_has_derivatives_0() -> None:
    assert derivative(lambda x: 3.0, order=0)(1.0) == 3.0
    assert derivative(lambda x: 3.0, order=2)(1.0) == 0.0
    assert derivative(lambda x: Value(3.0), order=2)(1.0) == 0.0


def test_a_chain_of_100_000_nodes_has_a_second_derivative() -> None:
    def chain(x: Any) -> Any:
        for _ in range(50_000):
            x = x + 0.5
            x = x * 0.99999
        return x * x

    assert derivative(chain, order=2)(1.0) == pytest.approx(2.0 * 0.99999**100_000, rel=1e-9)


def rooms_of_the_hessian(program: RandomProgram) -> list[list[float]]:
    """How far roundings may carry each entry: where sums cancel, no way to it has more digits."""
    leaves = [Value(x) for x in program.point]
    z = program(*leaves)
    if not isinstance(z, Value):
        return [[0.0] * len(leaves) for _ in leaves]
    rooms = GraphRooms()
    return [[rooms.of(h) for h in gradient(g, leaves)] for g in gradient(z, leaves)]


@given(programs(primitives=SMOOTH, max_ops=5))
def test_series_agree_with_nested_gradients(program: RandomProgram) -> None:
    leaves = [Value(x) for x in program.point]
    z = program(*leaves)
    assume(isinstance(z, Value))
    _, first, second = along(z, {leaves[0]: 1.0}, 2)
    (slope,) = gradient(z, leaves[:1])
    (bend,) = gradient(slope, leaves[:1])
    size = abs(slope.data) + abs(bend.data) + abs(z.data) + 1.0
    rooms = GraphRooms()
    first_room, second_room = 4.0 * rooms.of(slope), 4.0 * rooms.of(bend)
    assert first == pytest.approx(slope.data, rel=1e-9, abs=1e-9 * size + first_room)
    assert 2.0 * second == pytest.approx(bend.data, rel=1e-8, abs=1e-8 * size + second_room)


# Several numbers -----------------------------------------------------------------------------


def test_the_hessian_of_the_sources_example() -> None:
    assert hessian(composite)([1.0, 2.0]) == [[62.0, 55.0], [55.0, 80.0]]
    assert hessian(lambda x, y: composite([x, y]), argnum=(0, 1))(1.0, 2.0) == (
        (62.0, 55.0),
        (55.0, 80.0),
    )


@given(programs(primitives=SMOOTH, max_ops=4, max_inputs=2))
def test_hessians_of_random_programs_agree_with_high_precision(program: RandomProgram) -> None:
    count = len(program.point)
    found = hessian(lambda x: program(*x))(list(program.point))
    size = max([1.0, *[abs(h) for row in found for h in row]])
    lost = rooms_of_the_hessian(program)
    for i in range(count):
        for j in range(count):
            orders = [(i == k) + (j == k) for k in range(count)]
            wanted = differentiated(lambda *xs: program.precise(mp, xs), program.point, orders)
            room = 1e-7 * size + lost[i][j]
            assert found[i][j] == pytest.approx(float(wanted), rel=1e-7, abs=room)


def test_jacobians_have_the_nesting_of_outputs_and_arguments() -> None:
    def f(w: Any) -> Any:
        return [[w[0][0] * w[1][0], w[1][0]], [3.0, w[0][0] ** 2]]

    assert jacobian(f)([[2.0], [5.0]]) == [
        [[[5.0], [2.0]], [[0.0], [1.0]]],
        [[[0.0], [0.0]], [[4.0], [0.0]]],
    ]


@given(
    programs(primitives=SMOOTH, max_ops=5),
    st.lists(st.floats(-2.0, 2.0, allow_subnormal=False), min_size=4, max_size=4),
)
def test_forward_over_reverse_is_reverse_over_forward(
    program: RandomProgram, vs: list[float]
) -> None:
    x = list(program.point)
    v = (vs * len(x))[: len(x)]

    def f(x: list[Any]) -> Any:
        return program(*x)

    one = hvp(f)(x, v)
    two = jvp(grad(f))(x, v)
    three = grad(lambda x: jvp(f)(x, v))(x)
    size = max(1.0, *[abs(y) for y in one], *[abs(y) for y in grad(f)(x)])
    rooms = rooms_of_the_hessian(program)
    for i, row in enumerate(rooms):
        room = 1e-7 * size + 4.0 * sum(abs(d) * by for d, by in zip(v, row, strict=True) if d)
        assert two[i] == pytest.approx(one[i], rel=1e-7, abs=room)
        assert three[i] == pytest.approx(one[i], rel=1e-7, abs=room)


def test_vectors_need_the_nesting_of_the_argument() -> None:
    for transform in (hvp, jvp):
        with pytest.raises(ValueError, match="nesting of the argument"):
            transform(composite)([1.0, 2.0], [1.0])
        with pytest.raises(TypeError, match=r"hvp\(f\)\(x, v\)"):
            transform(composite)([1.0, 2.0])
        with pytest.raises(ValueError, match="argnum names 2"):
            transform(lambda x, y: x * y, argnum=(0, 1))(1.0, 2.0, (1.0,))


def test_products_with_vectors_for_several_arguments() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * x * y

    assert jvp(f, argnum=(0, 1))(3.0, 2.0, (1.0, 10.0)) == 12.0 + 90.0
    assert hvp(f, argnum=(1, 0))(3.0, 2.0, (10.0, 1.0)) == (6.0, 64.0)
    assert jvp(f, argnum=-1)(3.0, 2.0, 1.0) == 9.0


def test_a_hessian_product_costs_a_constant_times_a_gradient() -> None:
    """Counted in nodes, which repeat, and not in seconds."""

    def cost(n: int) -> float:
        xs = [Value(0.1 * i) for i in range(n)]
        z = xs[0]
        for a, b in itertools.pairwise(xs):
            z = z + (a * b).tanh()
        plain = len(order(z))
        slopes = gradient(z, xs)
        total = slopes[0]
        for g in slopes[1:]:
            total = total + g * 0.5
        return len(order(total)) / plain

    assert cost(400) < 10.0
    assert cost(400) == pytest.approx(cost(50), rel=0.2)


@pytest.mark.parametrize(
    ("inner", "wanted"),
    [
        (lambda a: derivative(lambda x: a**x)(2.0), 6.0 * math.log(3.0) + 3.0),
        (lambda a: jvp(lambda x: a * x * x)(2.0, 1.0), 4.0),
        (lambda a: hessian(lambda x: a * x**3)(2.0), 12.0),
        (lambda a: hvp(lambda x: a * x[0] ** 3)([2.0], [1.0])[0], 12.0),
        (lambda a: jacobian(lambda x: [a * x, x])(2.0)[0], 1.0),
    ],
)
def test_every_transform_lets_an_outer_derivative_through(
    inner: Callable[[Any], Any], wanted: float
) -> None:
    assert grad(inner)(3.0) == pytest.approx(wanted, rel=1e-13)


def test_arrays_are_arguments_too() -> None:
    found = hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]))
    assert found.tolist() == [[4.0, 6.0], [6.0, 0.0]]
