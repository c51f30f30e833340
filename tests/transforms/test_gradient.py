"""`gradient`: the chain rule as a graph, to any order; `order` and `local_partials` beside it."""

import math

import pytest
from hypothesis import given

import autograd
from autograd import Value, gradient, local_partials, order
from autograd.check.strategies import RandomProgram, programs
from autograd.transforms.gradient import gradient_numbers
from benchmarks.campaign.rooms import GraphRooms
from support.rows import smooth_rows


def test_the_gradient_is_a_list_in_the_order_asked_for() -> None:
    x, y = Value(1.0), Value(2.0)
    z = x * x * y
    assert [g.data for g in gradient(z, [x, y])] == [4.0, 1.0]
    assert [g.data for g in gradient(z, [y, x])] == [1.0, 4.0]
    assert [g.data for g in gradient(z, (x, x))] == [4.0, 4.0]
    assert gradient(z, []) == []
    assert (x.grad, y.grad, z.grad) == (None, None, None)


def test_what_z_does_not_depend_on_has_derivative_zero() -> None:
    x, aside = Value(3.0), Value(1.0)
    z = x * x
    (slope,) = gradient(z, [aside])
    assert isinstance(slope, Value)
    assert slope.data == 0.0
    later = z * aside
    assert [g.data for g in gradient(z, [later, z])] == [0.0, 1.0]


def test_interior_nodes_and_leaves_may_be_asked_for_together() -> None:
    """The derivative by x goes through u also where u is asked for: it is the total one."""
    x = Value(3.0)
    u = x * x
    z = u * x + u
    du, dx = gradient(z, [u, x])
    assert du.data == 4.0
    assert dx.data == 3.0 * 9.0 + 2.0 * 3.0


def test_derivatives_to_the_fourth_order() -> None:
    """exp(-x^2) at 0 has derivatives 0, -2, 0, 12."""
    x = Value(0.0)
    z = autograd.exp(-(x**2))
    found: list[float] = []
    for _ in range(4):
        (z,) = gradient(z, [x])
        found.append(z.data)
    assert found == [0.0, -2.0, 0.0, 12.0]


def test_a_linear_function_has_second_derivative_zero() -> None:
    x = Value(3.0)
    (first,) = gradient(2.0 * x + 1.0, [x])
    (second,) = gradient(first, [x])
    assert (first.data, second.data) == (2.0, 0.0)


@pytest.mark.parametrize(
    ("exponent", "wanted"),
    [
        (0, [1.0, 0.0, 0.0, 0.0]),
        (1, [0.0, 1.0, 0.0, 0.0]),
        (2, [0.0, 0.0, 2.0, 0.0]),
        (3, [0.0, 0.0, 0.0, 6.0]),
        (0.5, [0.0, math.inf]),
        (-1, [math.inf, -math.inf]),
    ],
)
def test_powers_at_zero(exponent: float, wanted: list[float]) -> None:
    x = Value(0.0)
    z = x**exponent
    found = [z.data]
    for _ in wanted[1:]:
        (z,) = gradient(z, [x])
        found.append(z.data)
    assert found == wanted


def test_the_mixed_derivative_of_a_power_with_exponent_zero() -> None:
    """d/dy of y x^(y-1) at y = 0 is 1/x, though the slope by x is 0 there."""
    x, y = Value(2.0), Value(0.0)
    z = x**y
    dx, dy = gradient(z, [x, y])
    assert (dx.data, dy.data) == (0.0, math.log(2.0))
    assert [g.data for g in gradient(dx, [x, y])] == [0.0, 0.5]
    assert [g.data for g in gradient(dy, [x, y])] == [0.5, math.log(2.0) ** 2]


def test_a_gradient_can_go_backward() -> None:
    x, y = Value(2.0), Value(3.0)
    dx, dy = gradient(x * x * y, [x, y])
    (dx * dx + dy).backward()
    # d/dx of (2xy)^2 + x^2 is 8 x y^2 + 2 x.
    assert x.grad == 8.0 * 2.0 * 9.0 + 4.0
    assert y.grad == 8.0 * 4.0 * 3.0


def test_one_value_in_place_of_a_list_is_refused() -> None:
    x = Value(2.0)
    with pytest.raises(TypeError, match=r"write gradient\(z, \[x\]\)"):
        gradient(x * x, x)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a Value, got float"):
        gradient(x * x, [2.0])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="expected a Value, got float"):
        gradient(4.0, [x])  # type: ignore[arg-type]


@given(programs())
def test_gradient_equals_backward(program: RandomProgram) -> None:
    """The same products in the same order: up to the sign of zeros, bit for bit."""
    leaves = [Value(x) for x in program.point]
    z = program.run(leaves)[-1]
    as_graph = [g.data for g in gradient(z, leaves)]
    as_numbers = gradient_numbers(z, leaves)
    z.backward()
    passed = [x.grad or 0.0 for x in leaves]
    size = [1e-14 * abs(g) + 1e-300 for g in passed]
    for got in (as_graph, as_numbers):
        assert all(
            abs(a - b) <= tolerance for a, b, tolerance in zip(got, passed, size, strict=True)
        )


def test_gradient_and_backward_agree_where_infinity_meets_a_constant_zero() -> None:
    x = Value(1.0)
    z = (x * 0.0 + 800.0).exp()
    (slope,) = gradient(z, [x])
    (number,) = gradient_numbers(z, [x])
    z.backward()
    assert x.grad is not None
    assert math.isnan(x.grad)
    assert math.isnan(slope.data)
    assert math.isnan(number)


@given(programs(primitives=smooth_rows(), max_ops=5))
def test_second_derivatives_are_symmetric(program: RandomProgram) -> None:
    leaves = [Value(x) for x in program.point]
    z = program.run(leaves)[-1]
    rows = [gradient(first, leaves) for first in gradient(z, leaves)]
    largest = max(abs(g.data) for row in rows for g in row)
    # Terms that cancel in one order of summing may leave a rounding in the other.
    rooms = GraphRooms()
    for i, row in enumerate(rows):
        for j, second in enumerate(row):
            room = rooms.of(second) + rooms.of(rows[j][i])
            assert abs(second.data - rows[j][i].data) <= 1e-9 * largest + room


def test_local_partials_are_one_number_for_each_operand() -> None:
    x, y = Value(3.0), Value(4.0)
    assert local_partials(x * y) == (4.0, 3.0)
    assert local_partials(x + x) == (1.0, 1.0)
    assert local_partials(x) == ()
    assert local_partials(x**2) == (6.0, 0.0)
    assert local_partials(autograd.dot([x, 2.0], [y, 5.0])) == (4.0, 5.0, 3.0, 2.0)
    assert all(type(d) is float for d in local_partials(autograd.maximum(x, y, 4.0)))


def test_order_of_a_leaf_is_itself() -> None:
    x = Value(1.0)
    assert order(x) == [x]
