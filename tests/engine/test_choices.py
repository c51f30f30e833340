"""What was not chosen passes nothing on: one rule in every transform and engine, at every order."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    Primitive,
    Value,
    clip,
    compile,
    derivative,
    draw,
    explain,
    grad,
    gradient,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    maximum,
    minimum,
    reciprocal,
    register,
    relu,
    select,
    sqrt,
    steps,
    tanh,
    unregister,
    where,
)
from autograd.check import check_gradients

Function = Callable[[Any], Any]

# Each is 3b + b*b near 0, and what is not chosen there has an infinite slope or none.
CHOICES: dict[str, Function] = {
    "where, first": lambda b: where(1.0, 3.0 * b + b * b, sqrt(b)),
    "where, second": lambda b: where(0.0, sqrt(b) * 5.0, 3.0 * b + b * b),
    "where, by data": lambda b: where(b - 1.0, 3.0 * b + b * b, reciprocal(b)),
    "where, two branches of one node": lambda b: where(
        step_at_one(b), sqrt(b) * log(b), 3.0 * b + b * b
    ),
    "where inside where": lambda b: where(1.0, 3.0 * b + b * b, sqrt(where(1.0, log(b), b))),
    "many steps behind": lambda b: where(1.0, 3.0 * b + b * b, tanh(log(b)) * log(b) + sqrt(b)),
    "select": lambda b: select(1.0, [sqrt(b), 3.0 * b + b * b, log(b)]),
    "select, by data": lambda b: select(b, [3.0 * b + b * b, log(b)]),
    "maximum": lambda b: maximum(3.0 * b + b * b, log(b), log(b) - 1.0),
    "minimum": lambda b: minimum(3.0 * b + b * b, 7.0 - log(b)),
    "relu": lambda b: relu(log(b)) + 3.0 * b + b * b,
    "clip below": lambda b: clip(log(b), -1.0, 1.0) + 3.0 * b + b * b,
    "an infinite slope behind": lambda b: sqrt(relu(-1.0 - b)) + 3.0 * b + b * b,
    "clip above": lambda b: clip(reciprocal(b), -1.0, 1.0) + 3.0 * b + b * b,
}
each_choice = pytest.mark.parametrize("f", CHOICES.values(), ids=CHOICES)
POINTS = (0.0, 1e-300, 0.125)


def step_at_one(b: Any) -> Any:
    return (b - 1.0).step()


def by_backward(f: Function) -> Function:
    def slope(b: float) -> Any:
        leaf = Value(b)
        f(leaf).backward()
        return leaf.grad

    return slope


def by_gradient(f: Function) -> Function:
    def slope(b: float) -> Any:
        leaf = Value(b)
        return gradient(f(leaf), [leaf])[0].data

    return slope


def compiled_alone(f: Function) -> Function:
    program = compile(f)
    return lambda b: program.value_and_grad(b)[1]


def compiled_in_a_batch(f: Function) -> Function:
    """Beside samples that choose otherwise."""
    program = compile(f)
    return lambda b: program.value_and_grad(np.array([3.0, b, 1.5, b]))[1][[1, 3]].max()


def compiled_parameter(f: Function) -> Function:
    w = Value(0.5)
    program = compile(lambda t: f(w) * t, parameters=[w])

    def slope(b: float) -> Any:
        w.data = b
        (mean,) = program.value_and_grad(np.array([0.5, 1.5]))[1]
        each = program.value_and_grad(np.array([1.0, 3.0]), per_sample=True)[1]
        assert np.array_equal(each[:, 0], [mean, 3.0 * mean], equal_nan=True)
        return mean

    return slope


def compiled_among_many(f: Function) -> Function:
    """In a graph of many columns, which is rolled into array statements."""
    program = compile(lambda xs: sum(map(f, xs), Value(0.0) * 1.0))
    return lambda b: program.value_and_grad(np.array([[2.0] * 7, [b] * 7]))[1][1].max()


def by_text(f: Function) -> Function:
    text = compile(f, shapes=[()]).on(np)

    def slope(b: float) -> Any:
        with np.errstate(all="ignore"):
            return text.value_and_grad(np.array([3.0, b]))[1][1]

    return slope


FIRST: dict[str, Callable[[Function], Function]] = {
    "backward": by_backward,
    "gradient": by_gradient,
    "grad": grad,
    "jvp": lambda f: lambda b: jvp(f)(b, 1.0),
    "derivative": derivative,
    "jacobian": jacobian,
    "compiled alone": compiled_alone,
    "compiled in a batch": compiled_in_a_batch,
    "compiled by a parameter": compiled_parameter,
    "compiled among many": compiled_among_many,
    "compiled, as text": by_text,
}
SECOND: dict[str, Callable[[Function], Function]] = {
    "grad of grad": lambda f: grad(grad(f)),
    "derivative": lambda f: derivative(f, 2),
    "hessian": hessian,
    "hvp": lambda f: lambda b: hvp(f)(b, 1.0),
    "jvp of grad": lambda f: lambda b: jvp(grad(f))(b, 1.0),
    "grad of jvp": lambda f: grad(lambda b: jvp(f)(b, 1.0)),
}


@each_choice
@pytest.mark.parametrize("way", FIRST.values(), ids=FIRST)
def test_what_was_not_chosen_passes_nothing_on(f: Function, way: Callable[..., Function]) -> None:
    slope = way(f)
    assert [slope(b) for b in POINTS] == pytest.approx([3.0 + 2.0 * b for b in POINTS], rel=1e-15)


@each_choice
@pytest.mark.parametrize("way", SECOND.values(), ids=SECOND)
def test_nor_does_it_at_higher_orders(f: Function, way: Callable[..., Function]) -> None:
    curvature = way(f)
    assert [curvature(b) for b in POINTS] == [2.0] * 3
    assert grad(curvature)(0.125) == 0.0


def test_the_branch_that_was_chosen_keeps_its_infinite_slope() -> None:
    for way in FIRST.values():
        assert way(lambda b: where(1.0, sqrt(b), 3.0 * b))(0.0) == math.inf
        assert way(lambda b: maximum(sqrt(b), -log(b)))(0.0) == -math.inf
        # A factor that happens to be 0 is no choice: 0 * inf is nan, as IEEE has it.
        assert math.isnan(way(lambda b: where(1.0, b * sqrt(b) * 0.0, b))(0.0))


def test_ties_share_and_nan_conditions_are_nan_as_ever() -> None:
    for way in FIRST.values():
        assert way(lambda b: maximum(b, 3.0 * b))(0.0) == 2.0
        assert way(relu)(0.0) == 0.0
        assert way(lambda b: clip(b, 0.0, 1.0))(0.0) == 1.0
        assert math.isnan(way(lambda b: where(log(b), b, 2.0 * b))(-1.0))
        assert math.isnan(way(lambda b: relu(log(b)))(-1.0))


def test_a_row_of_ones_own_may_choose() -> None:
    register(
        Primitive(
            "positive_part",
            lambda x: x if x > 0.0 else 0.0,
            lambda z, x: (x.step() if isinstance(x, Value) else float(x > 0.0),),
            chooses=True,
            domain=((0.5, 2.0),),
        )
    )
    try:
        from autograd.engine.primitive import lookup
        from autograd.engine.primitives import apply

        row = lookup("positive_part")
        assert grad(lambda b: apply(row, (log(b),)) + 3.0 * b)(0.0) == 3.0
    finally:
        unregister("positive_part")


def test_what_is_shown_says_so_too() -> None:
    b = Value(0.0, "b")
    z = where(1.0, 3.0 * b, sqrt(b))
    assert "dz/db = 0 + 3 = 3" in str(steps(z))
    assert "sum: 3 + 0 = 3" in str(explain(z, b))
    z.backward()
    assert "nan" not in draw(z).source + draw(z).text
    assert check_gradients(CHOICES["many steps behind"], 0.0).ok


def test_a_direction_that_does_not_move_adds_nothing() -> None:
    def f(p: Any) -> Any:
        return p[0] ** 2 + sqrt(p[1])

    assert jvp(f)([1.0, 0.0], [1.0, 0.0]) == 2.0
    assert hvp(f)([1.0, 0.0], [1.0, 0.0]) == [2.0, 0.0]
    assert jvp(f)([1.0, 0.0], [0.0, 1.0]) == math.inf
