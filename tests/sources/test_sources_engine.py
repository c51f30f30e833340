"""The numbers printed in the documents the project teaches: the engine's share of them.

S0 is the chain-rule walk-through with z = g(f(x, y)) and its stochastic gradient descent, S1 the
comparison of gradient methods, S3 the perceptron with its sigmoid, S4 the single neuron.
"""

import math
from typing import Any

import pytest

import autograd
from autograd import Value, grad, gradient, order

# S0: the chain rule --------------------------------------------------------------------------


def inner(x: Any, y: Any) -> Any:
    return x**2 + x * y + y**2


def composed(x: Any, y: Any) -> Any:
    u = inner(x, y)
    return u**2 + u


def expanded(x: Any, y: Any) -> Any:
    return (
        x**4 + 2 * x**3 * y + 3 * x**2 * y**2 + 2 * x * y**3 + y**4 + x**2 + x * y + y**2
    )  # fmt: skip


@pytest.mark.parametrize(
    ("point", "u", "z", "dz_du", "dz_dx", "dz_dy"),
    [
        ((1.0, 2.0), 7.0, 56.0, 15.0, 60.0, 75.0),
        ((0.5, -1.0), 0.75, 1.3125, 2.5, 0.0, -3.75),
        ((2.0, -1.0), 3.0, 12.0, 7.0, 21.0, 0.0),
        ((-2.0, 3.0), 7.0, 56.0, 15.0, -15.0, 60.0),
        ((0.0, 0.0), 0.0, 0.0, 1.0, 0.0, 0.0),
    ],
)
def test_s0_the_composite_and_its_partials(
    point: tuple[float, float], u: float, z: float, dz_du: float, dz_dx: float, dz_dy: float
) -> None:
    """Exactly: all of these are dyadic rationals."""
    x, y = map(Value, point)
    middle = inner(x, y)
    result = middle**2 + middle
    result.backward()
    assert (middle.data, result.data) == (u, z)
    assert middle.grad == dz_du == 2 * u + 1
    assert (x.grad, y.grad) == (dz_dx, dz_dy)
    du = [g.data for g in gradient(middle, [x, y])]
    assert du == [2 * point[0] + point[1], point[0] + 2 * point[1]]
    if point == (1.0, 2.0):
        assert du == [4.0, 5.0]


@pytest.mark.parametrize("point", [(1.0, 2.0), (0.5, -1.0), (2.0, -1.0), (-2.0, 3.0), (0.25, 8.0)])
def test_s0_substituting_first_gives_the_same_gradient(point: tuple[float, float]) -> None:
    assert grad(expanded, (0, 1))(*point) == grad(composed, (0, 1))(*point)
    assert expanded(*map(Value, point)).data == composed(*map(Value, point)).data


def test_s0_second_derivatives() -> None:
    x, y = Value(1.0), Value(2.0)
    rows = [gradient(first, [x, y]) for first in gradient(composed(x, y), [x, y])]
    assert [[g.data for g in row] for row in rows] == [[62.0, 55.0], [55.0, 80.0]]


def test_s0_the_numerical_check_improves_and_then_drowns_in_rounding() -> None:
    """Central differences have order 2, forward ones order 1, and both have a best step."""

    def f(x: float) -> float:
        return composed(Value(x), 2.0).data

    steps = [10.0**-k for k in range(1, 6)]
    central = [abs((f(1.0 + h) - f(1.0 - h)) / (2 * h) - 60.0) for h in steps]
    for error, wanted in zip(central, [8e-2, 8e-4, 8e-6, 8e-8, 9e-10], strict=True):
        assert error == pytest.approx(wanted, rel=0.15)
    forward = [(f(1.0 + h) - f(1.0)) / h - 60.0 for h in steps[:3]]
    assert forward == pytest.approx([3.18, 0.311, 0.031], rel=0.01)
    for h, floor in [(1e-8, 1e-8), (1e-12, 1e-4)]:
        assert abs((f(1.0 + h) - f(1.0 - h)) / (2 * h) - 60.0) > floor
    h = 1e-200
    assert (composed(complex(1.0, h), 2.0).imag) / h == 60.0


def test_s0_every_intermediate_value_keeps_its_gradient() -> None:
    x, y = Value(1.0), Value(2.0)
    z = composed(x, y)
    z.backward()
    assert all(v.grad is not None for v in order(z))


# S0: updates during the pass -----------------------------------------------------------------


def loss_and_weights() -> tuple[Value, Value, Value]:
    """L = (w2 w1 x - t)^2 at w1 = 2, w2 = 3, x = 1, t = 1."""
    w1, w2 = Value(2.0, "w1"), Value(3.0, "w2")
    return (w2 * (w1 * 1.0) - 1.0) ** 2, w1, w2


def test_s0_a_step_for_each_parameter_before_continuing_the_pass() -> None:
    loss, w1, w2 = loss_and_weights()

    def step(w: Value) -> None:
        assert w.grad is not None
        w.data -= 0.1 * w.grad

    loss.backward(on_leaf=step)
    assert loss.data == 25.0
    assert (w1.grad, w2.grad) == (30.0, 20.0)
    assert (w1.data, w2.data) == (-1.0, 1.0)


@pytest.mark.parametrize(("rate", "wrong"), [(0.1, 10.0), (0.01, 28.0)])
def test_s0_live_weights_would_give_another_gradient(rate: float, wrong: float) -> None:
    """By hand: dL/dw1 = 2 (w2 w1 x - t) w2 x, with w2 already updated in the last factor."""
    w1, w2, x, t = 2.0, 3.0, 1.0, 1.0
    error = 2.0 * (w2 * w1 * x - t)
    updated = w2 - rate * error * w1 * x
    assert error * updated * x == pytest.approx(wrong, rel=1e-15)
    loss, first, _ = loss_and_weights()

    def step(w: Value) -> None:
        assert w.grad is not None
        w.data -= rate * w.grad

    loss.backward(on_leaf=step)
    assert first.grad == 30.0
    # At rate 0.1 the wrong sign of the step is plain to see: w1 goes to 1 in place of -1.
    assert first.data == pytest.approx(2.0 - rate * 30.0, rel=1e-15)
    if rate == 0.1:
        assert 2.0 - rate * wrong == pytest.approx(1.0)


# S1: the gradient, and what it costs ---------------------------------------------------------


def test_s1_the_gradient_is_a_list_in_the_order_of_the_arguments() -> None:
    xs = [Value(x) for x in (1.0, 2.0, 3.0)]
    f = xs[0] * xs[1] + xs[2] ** 2
    assert [g.data for g in gradient(f, xs)] == [2.0, 1.0, 6.0]


@pytest.mark.parametrize("depth", [1, 2, 5, 10, 15, 20])
def test_s1_naive_differentiation_visits_every_path(depth: int) -> None:
    """y <- y + y: 2^L paths and 2^(L+1) - 1 visits of the naive recursion, L + 1 nodes."""
    x = Value(1.0)
    y = x
    for _ in range(depth):
        y = y + y
    visits = 0
    if depth <= 10:
        stack = [y]
        while stack:
            visits += 1
            stack.extend(v for v in stack.pop().args if isinstance(v, Value))
    else:
        # The same count, by the recursion visits(L) = 1 + 2 visits(L - 1).
        visits = 1
        for _ in range(depth):
            visits = 1 + 2 * visits
    nodes = order(y)
    assert visits == 2 ** (depth + 1) - 1
    assert len(nodes) == depth + 1
    if depth == 20:
        assert (visits, len(nodes)) == (2_097_151, 21)
    y.backward()
    assert x.grad == 2.0**depth


def test_s1_the_printed_speed_up() -> None:
    """exp(L) / L for L layers: about 24 million at 20."""
    printed = {1: 2.718, 2: 3.695, 5: 29.68, 10: 2202.6, 15: 217_934, 20: 24_258_260}
    for layers, factor in printed.items():
        assert autograd.exp(float(layers)) / layers == pytest.approx(factor, rel=2e-4)
    assert autograd.exp(20.0) == pytest.approx(485_165_195.41, abs=0.005)
    assert 3**19 == 1_162_261_467


def test_s1_backpropagation_runs_each_local_rule_once() -> None:
    x = Value(1.5)
    y = x
    for _ in range(50):
        y = y * 0.5 + y.sin()
    interior = [v for v in order(y) if v.op is not None]
    assert len(interior) == 150
    births = [v.birth for v in interior]
    assert births == sorted(set(births))


# S3: the sigmoid -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("z", "value", "slope"),
    [
        (0.0, "0.5", "0.25"),
        (2.0, "0.880797", "0.104994"),
        (5.0, "0.993307", "0.00664806"),
        (10.0, "0.9999546", "4.53958e-05"),
    ],
)
def test_s3_sigmoid_and_its_slope(z: float, value: str, slope: str) -> None:
    v = Value(z)
    s = v.sigmoid()
    s.backward()
    digits = len(value) - 2
    assert f"{s:.{digits}g}" == value
    assert f"{v.grad:.6g}" == slope
    assert autograd.sigmoid(-z) == pytest.approx(1.0 - s.data, rel=1e-10)


def test_s3_where_the_sigmoid_saturates() -> None:
    slope = grad(autograd.sigmoid)
    assert slope(4.58) > 0.01 > slope(4.59)
    assert slope(6.90) > 0.001 > slope(6.91)
    assert slope(40.0) == pytest.approx(4.248354e-18, rel=1e-6)
    assert slope(-40.0) == pytest.approx(4.248354e-18, rel=1e-6)
    assert autograd.sigmoid(-1000.0) == 0.0
    assert autograd.sigmoid(1000.0) == 1.0


def test_s3_the_threshold_of_a_perceptron_has_no_slope() -> None:
    for z in (-2.0, 0.0, 3.0):
        assert grad(autograd.step)(z) == 0.0
        assert grad(autograd.sigmoid)(z) > 0.0


# S4: what a perturbation does ----------------------------------------------------------------


def test_s4_the_sensitivity_of_the_loss_to_the_input() -> None:
    w, x = [Value(0.5), Value(-0.25)], [Value(1.0), Value(2.0)]
    y = (autograd.dot(w, x) + 0.1).sigmoid()
    loss = (y - 1.0) ** 2
    loss.backward()
    assert [v.grad for v in x] == pytest.approx([-0.1184588, 0.0592294], abs=5e-8)

    def at(first: float, second: float) -> float:
        z = 0.5 * first - 0.25 * second + 0.1
        return (1.0 / (1.0 + math.exp(-z)) - 1.0) ** 2

    h = 1e-6
    along = (at(1.0 + h, 2.0 - h) - at(1.0 - h, 2.0 + h)) / (2.0 * h)
    assert x[0].grad is not None
    assert x[1].grad is not None
    assert along == pytest.approx(x[0].grad - x[1].grad, rel=1e-8)


# micrograd's README --------------------------------------------------------------------------


def test_micrograds_readme_expression() -> None:
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g:.4f}" == "24.7041"
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"
