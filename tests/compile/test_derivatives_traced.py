"""Derivatives inside compiled functions: every transform, to any order, has eager's numbers.

Random programs are differentiated up to three times inside a function, with gradients stopped
anywhere, and once more by the program. The room for roundings is that of the very graph.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Value, compile, gradient, no_grad, stop_gradient
from autograd.check.strategies import RandomProgram, programs
from autograd.compile.graph.graph import INPUT
from autograd.compile.tracing.trace import trace
from autograd.engine.primitive import Primitive, apply
from support.profile import PROFILE
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
