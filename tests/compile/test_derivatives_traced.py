"""Derivatives inside compiled functions: every transform, to any order, has eager's numbers.

Random programs are differentiated up to three times inside a function, with gradients stopped
anywhere, and once more by the program. The room for roundings is that of the very graph.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Value, compile, gradient, no_grad, stop_gradient
from autograd.check.strategies import RandomProgram, programs
from autograd.compile.graph.graph import INPUT
from autograd.compile.tracing.trace import trace
from autograd.engine.primitive import Primitive, apply
from support.chosen_profile import PROFILE
from support.roundings import agree, room

F = Callable[..., Any]


def with_stops(program: RandomProgram, stops: Sequence[str]) -> F:
    """A program some of whose results pass nothing on, in one of three ways."""

    def f(*inputs: Any) -> Any:
        marks = iter(stops)

        def applied(row: Primitive, operands: Sequence[Any]) -> Any:
            mark = next(marks)
            if mark == "no_grad":
                with no_grad():
                    return apply(row, tuple(operands))
            z = apply(row, tuple(operands))
            if mark == "detach" and not isinstance(z, float):
                return z.detach()
            return stop_gradient(z) if mark else z

        return program.run(inputs, applied)[-1]

    return f


def by_gradient(f: F, i: int) -> F:
    def slope(*xs: Any) -> Any:
        leaves = [x if hasattr(x, "detach") else Value(x) for x in xs]
        z = f(*leaves)
        return gradient(z, [leaves[i]])[0] if hasattr(z, "detach") else 0.0 * leaves[i]

    return slope


def along_a_line(f: F, order: int) -> F:
    def slope(*xs: Any) -> Any:
        return ag.derivative(lambda t: f(*[x * (1.0 + t) for x in xs]), order)(0.0)

    return slope


def by_all(transform: Any, f: F, i: int) -> F:
    """A transform of one argument that holds all numbers."""
    one = transform(lambda xs: f(*xs))

    def slope(*xs: Any) -> Any:
        v = [1.0 + 0.5 * k for k in range(len(xs))]
        found = one([*xs], v) if transform in (ag.jvp, ag.hvp) else one([*xs])
        if transform is ag.hessian:
            return found[i][-1]
        return found if transform is ag.jvp else found[i]

    return slope


def pair(f: F, i: int) -> F:
    def both(*xs: Any) -> Any:
        value, slope = ag.value_and_grad(f, argnum=i)(*xs)
        return 0.5 * value + slope

    return both


# Each with how many orders it adds.
WAYS: dict[str, tuple[int, Callable[[F, int], F]]] = {
    "grad": (1, lambda f, i: ag.grad(f, argnum=i)),
    "value_and_grad": (1, pair),
    "gradient": (1, by_gradient),
    "jacobian": (1, lambda f, i: lambda *xs: ag.jacobian(lambda *ys: [f(*ys)], argnum=i)(*xs)[0]),
    "grad by all": (1, lambda f, i: by_all(ag.grad, f, i)),
    "jvp": (1, lambda f, i: by_all(ag.jvp, f, i)),
    "derivative": (1, lambda f, i: along_a_line(f, 1)),
    "second derivative": (2, lambda f, i: along_a_line(f, 2)),
    "third derivative": (3, lambda f, i: along_a_line(f, 3)),
    "hessian": (2, lambda f, i: by_all(ag.hessian, f, i)),
    "hvp": (2, lambda f, i: by_all(ag.hvp, f, i)),
}


@st.composite
def differentiated(draw: st.DrawFn, primitives: Sequence[str] | None = None) -> tuple[F, Any]:
    """A random program differentiated one to three times, and a point."""
    program = draw(programs(max_ops=5, primitives=primitives))
    count = len(program.instructions)
    marks = st.sampled_from(["", "", "", "", "", "stop", "detach", "no_grad"])
    f = with_stops(program, draw(st.lists(marks, min_size=count, max_size=count)))
    order = draw(st.integers(1, 3))
    while order:
        name = draw(st.sampled_from([name for name, (n, _) in WAYS.items() if n <= order]))
        added, way = WAYS[name]
        f = way(f, draw(st.integers(0, len(program.point) - 1)))
        order -= added
    return f, program.point


def eager(f: F, point: Sequence[float]) -> tuple[Any, list[Value]]:
    leaves = [Value(x) for x in point]
    z = f(*leaves)
    return z, gradient(z, leaves) if isinstance(z, Value) else [Value(0.0) for _ in leaves]


def assert_compiled_is_eager(f: F, point: Sequence[float]) -> None:
    count = len(point)
    graph = trace(f, [()] * count)
    assume(len(graph) < 20_000)
    compiled = compile(f, argnum=tuple(range(count)))
    samples = [point, [0.75 * x for x in point]]
    columns = [np.array(column) for column in zip(*samples, strict=True)]
    single, by_float = compiled.value_and_grad(*point)
    values, slopes = compiled.value_and_grad(*columns)
    for k, sample in enumerate(samples):
        z, gradients = eager(f, sample)
        near = room(graph, sample)
        found = [(values[k], slopes)] if k else [(values[k], slopes), (single, by_float)]
        for value, by in found:
            # Two ways, each with its roundings.
            assert agree(value, z, 2.0 * near.value), (sample, value, z)
            for i, (slope, wanted) in enumerate(zip(by, gradients, strict=True)):
                number = slope[k] if isinstance(slope, np.ndarray) else slope
                allowed = 2.0 * near.slopes[INPUT, i]
                assert agree(number, wanted, allowed), (sample, i, number, wanted, allowed)


EXAMPLES = 6_000 if PROFILE == "long" else 60


@settings(max_examples=EXAMPLES)
@given(differentiated())
def test_derivatives_inside_are_eager_s(case: tuple[F, Any]) -> None:
    assert_compiled_is_eager(*case)


CHOOSING = ["relu", "where", "maximum", "clip", "select", "sqrt", "log", "div", "mul", "reciprocal"]


@settings(max_examples=EXAMPLES)
@given(differentiated(CHOOSING))
def test_what_is_not_chosen_passes_nothing_on_inside_either(case: tuple[F, Any]) -> None:
    assert_compiled_is_eager(*case)


# Examples -------------------------------------------------------------------------------------


def cubic(p: Any) -> Any:
    return p[0] ** 2 * p[1] + ag.relu(p[0]) * p[1] ** 3


@pytest.mark.parametrize(
    "transform", [ag.grad, ag.value_and_grad, ag.hessian, lambda f: ag.jacobian(lambda p: [f(p)])]
)
def test_a_transform_is_a_program_with_the_nesting_of_its_result(transform: Any) -> None:
    points = [[2.0, 3.0], [-1.0, 0.5]]
    f = transform(cubic)
    program = compile(f)
    assert program(points[0]) == f(points[0])
    several = program(np.array(points))
    wanted = [f(p) for p in points]
    if isinstance(wanted[0], tuple):
        for arrays, numbers in zip(several, zip(*wanted, strict=True), strict=True):
            np.testing.assert_allclose(arrays, numbers, rtol=1e-15)
    else:
        np.testing.assert_allclose(several, wanted, rtol=1e-15)
    with pytest.raises(ValueError, match="f returns a list"):
        program.value_and_grad(points[0])


def test_nests_of_results() -> None:
    def f(x: Any) -> Any:
        return {"both": [x, 2.0 * x], "apart": (x, [x * x]), "one": [x]}

    found = compile(f)(np.array([2.0, 3.0]))
    assert found["both"].tolist() == [[2.0, 4.0], [3.0, 6.0]]
    assert [part.tolist() for part in found["apart"]] == [[2.0, 3.0], [[4.0], [9.0]]]
    assert found["one"].tolist() == [[2.0], [3.0]]
    assert compile(f)(2.0) == f(2.0)
    assert compile(lambda x: [x])(2.0) == [2.0]
    ragged = compile(lambda x: [[x, x], [x]])
    assert ragged(2.0) == [[2.0, 2.0], [2.0]]
    assert [part.shape for part in ragged(np.array([2.0, 3.0, 4.0]))] == [(3, 2), (3, 1)]


def test_numbers_give_numbers_also_while_something_is_compiled() -> None:
    def root(x: Any) -> Any:
        y = 1.0
        for _ in range(50):
            y -= (y * y - 2.0) / ag.grad(lambda t: t * t - 2.0)(y)
            if abs(y * y - 2.0) < 1e-12:
                break
        return y * x

    assert compile(root)(3.0) == root(3.0) == pytest.approx(3.0 * 2.0**0.5)


def test_a_number_to_derive_by_is_no_other_constant_of_its_size() -> None:
    def f(x: Any) -> Any:
        return ag.grad(lambda t: t * x + 2.0 * x)(2.0)

    c = Value(2.0)
    assert compile(f).value_and_grad(3.0) == (3.0, 1.0)
    assert compile(lambda x: gradient(c * x + 2.0 * x, [c])[0])(3.0) == 3.0


def test_results_of_derivatives_of_weights_alone_are_the_same_for_all_samples() -> None:
    w = [Value(0.5, "w0"), Value(-0.25, "w1")]

    def loss(x: Any) -> Any:
        penalty = ag.sum([ag.square(g) for g in ag.grad(lambda v: ag.tanh(v[0] * v[1]))(w)])
        return (w[0] * x) ** 2 + penalty

    program = compile(loss, parameters=w)
    xs = [0.5, -1.0, 2.0]
    mean, slopes = program.value_and_grad(np.array(xs))
    z = ag.mean([loss(Value(x)) for x in xs])
    z.backward()
    assert mean == pytest.approx(z.data, rel=1e-14)
    np.testing.assert_allclose(slopes, [v.grad for v in w], rtol=1e-14)
    graph = trace(loss, [()], w)
    # The input, w0 x, its square, and the sum: all else is computed once for the batch.
    assert int(graph.batched.sum()) == 4


def test_programs_with_stops_are_printed() -> None:
    def f(x: Any, y: Any) -> Any:
        return stop_gradient(x * y) * x + ag.grad(lambda t: ag.relu(t) * y * t)(x)

    program = compile(f, argnum=(0, 1), shapes=[(), ()])
    X, Y = np.array([1.0, -2.0, 0.5]), np.array([3.0, 1.0, 2.0])
    values, slopes = program.value_and_grad(X, Y)
    again, *others = program.on(np).value_and_grad(X, Y)
    np.testing.assert_allclose(values, again)
    np.testing.assert_allclose(slopes, others)
    assert "np.positive" in program.source
    single = compile(f, argnum=(0, 1), dtype="float32")
    np.testing.assert_allclose(single.value_and_grad(X, Y)[1], slopes, rtol=1e-6)


wave = Primitive("wave", math.sin, lambda z, x: (math.cos(x),))


def waved(x: Any) -> Any:
    return apply(wave, (x,)) * x


def test_a_rule_of_floats_is_called_as_a_whole_once_and_refused_by_name_twice() -> None:
    assert compile(ag.grad(waved))(0.5) == ag.grad(waved)(0.5)
    assert compile(ag.derivative(waved))(np.array([0.5]))[0] == pytest.approx(ag.grad(waved)(0.5))
    twice = ag.grad(ag.grad(waved))
    for call in (
        lambda: compile(ag.grad(waved)).value_and_grad(0.5),
        lambda: compile(ag.grad(waved)).value_and_grad(np.array([0.5])),
        lambda: compile(twice)(0.5),
        lambda: compile(ag.derivative(waved, 2))(0.5),
        lambda: twice(0.5),
        lambda: ag.derivative(waved, 2)(0.5),
        lambda: ag.hessian(waved)(0.5),
    ):
        with pytest.raises(TypeError, match="rule of wave cannot be differentiated again"):
            call()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ag.grad(lambda t: ag.where(ag.step(x), t / x, 0.0))(2.0),
        lambda x: ag.grad(lambda t: ag.sqrt(ag.relu(t)))(x),
        lambda x: ag.jvp(lambda t: ag.sqrt(ag.relu(t)) * t)(x, 1.0),
        lambda x: ag.derivative(lambda t: ag.log(ag.maximum(t, 1.0)), 2)(x),
        lambda x: ag.hessian(lambda t: ag.where(ag.step(t), ag.log(t), t))(x),
        lambda x: ag.grad(lambda t: ag.hypot(ag.relu(t), ag.relu(t)))(x),
        lambda x: ag.grad(lambda t: ag.select(ag.step(t), [t, ag.sqrt(t)]) * t)(x),
    ],
)
def test_nothing_flows_through_a_pole_that_was_not_chosen(f: F) -> None:
    program = compile(f)
    points = [-1.0, 0.0, 2.0]
    values, slopes = program.value_and_grad(np.array(points))
    for x, value, slope in zip(points, values, slopes, strict=True):
        z, (wanted,) = eager(f, [x])
        assert np.isfinite(z.data)
        assert value == pytest.approx(z.data, rel=1e-14)
        assert slope == pytest.approx(wanted.data, rel=1e-14)
        assert program.value_and_grad(x) == pytest.approx((z.data, wanted.data), rel=1e-14)


def test_a_layer_behind_a_relu_stays_a_matrix_product() -> None:
    from nn import MLP

    net = MLP([8, 16, 16, 1], activation="relu", seed=0)

    def penalty(x: Any) -> Any:
        return ag.norm(ag.grad(lambda at: net(at)[0])(x))

    report = compile(penalty, parameters=net, shapes=[(8,)]).report()
    assert report.unrolled == () or not any("pieces" in text for text in report.unrolled)
    forward = next(stage for stage in report.stages if stage.name == "roll")
    assert forward.statements < 30
