"""The sign of zero, nan and ties at special points: eager, arrays and compiled programs agree."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, compile, dot, grad, maximum, mean, minimum, select, where
from autograd.engine.primitive import lookup
from autograd.engine.primitives import TABLE, Primitive, apply
from support.rows import deciding

NAN, INF = math.nan, math.inf

SUMS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: autograd.sum([x, x]),
    "sum of one": lambda x: autograd.sum([x]),
    "dot": lambda x: dot([x, x], [1.0, 2.0]),
    "dot of itself and constants": lambda x: dot([x, x * 2.0], [3.0, 1.0]),
    "mean": lambda x: mean([x, x]),
    "root": lambda x: x**0.5,
    "maximum": lambda x: maximum(x, 0.0),
    "maximum, swapped": lambda x: maximum(0.0, x),
    "minimum": lambda x: minimum(x, 0.0),
    "minimum, swapped": lambda x: minimum(-0.0, x, 1.0),
    "clip": lambda x: autograd.clip(x, 0.0, 1.0),
    "loop from 0.0": lambda x: 0.0 + x * 1.5 + x * 2.5,
    "plain sum": lambda x: x * 1.5 + x * 2.5,
    "where": lambda x: where(1.0, x, 1.0),
    "select": lambda x: select(0.0, [x, 1.0]),
}


@pytest.mark.parametrize("f", SUMS.values(), ids=SUMS.keys())
@pytest.mark.parametrize("x", [0.0, -0.0])
def test_the_sign_of_zero_is_the_same_in_every_engine(f: Callable[[Any], Any], x: float) -> None:
    eager = f(Value(x)).data
    program = compile(f)
    found = [program(x), *program(np.array([x, x])), *program(np.full(5, x))]
    assert {math.copysign(1.0, z) for z in found} == {math.copysign(1.0, eager)}


def test_sums_are_those_of_the_operands_alone() -> None:
    for z in (autograd.sum([-0.0, -0.0]), dot([-0.0, 0.0], [1.0, -1.0])):
        assert math.copysign(1.0, z) == -1.0
    assert math.copysign(1.0, autograd.sum([])) == math.copysign(1.0, dot([], [])) == 1.0


def test_a_zero_from_maximum_minimum_and_clip_is_positive() -> None:
    """Of zeros that tie, NumPy's choice depends on the processor and the place in the array."""
    x = np.array([0.0, -0.0] * 9)
    for y in (0.0, -0.0):
        for function in (maximum, minimum):
            assert not np.signbit(apply(lookup(function.__name__), (x, np.full(18, y)))).any()
            assert math.copysign(1.0, function(y, -0.0)) == 1.0
    assert not np.signbit(apply(lookup("clip"), (x, -0.0, 1.0))).any()


def test_powers_by_a_half_are_those_of_c() -> None:
    half = compile(lambda x: x**0.5)
    by_value = compile(lambda x, y: x**y)
    for x, z in ((-INF, INF), (-0.0, 0.0), (4.0, 2.0)):
        assert (Value(x) ** 0.5).data == half(x) == half(np.array([x, x]))[0] == z
        assert by_value(np.array([x, x]), np.array([0.5, 0.5]))[0] == z
        assert apply(lookup("pow"), (np.array([x, x]), 0.5))[0] == z


@pytest.mark.parametrize("bounds", [(NAN, 1.0), (0.0, NAN), (NAN, NAN)])
@pytest.mark.parametrize("x", [-2.0, 0.5, 2.0, NAN])
def test_a_bound_that_is_nan_gives_nan(x: float, bounds: tuple[float, float]) -> None:
    assert math.isnan(autograd.clip(x, *bounds))
    assert math.isnan(autograd.clip(Value(x), *bounds).data)
    program = compile(lambda x: autograd.clip(x, *bounds))
    assert math.isnan(program(x))
    assert np.isnan(program(np.array([x, x]))).all()


def test_a_condition_that_is_nan_chooses_nothing() -> None:
    assert math.isnan(where(NAN, 1.0, 2.0))
    assert math.isnan(where(Value(NAN), Value(1.0), 2.0).data)
    assert np.isnan(where(np.array([NAN]), 1.0, 2.0)).all()
    assert math.isnan(select(NAN, [1.0, 2.0]))
    program = compile(lambda c, a: where(c, a, 2.0))
    assert math.isnan(program(NAN, 1.0))
    assert program(np.array([NAN, 1.0, 0.0]), np.ones(3)).tolist()[1:] == [1.0, 2.0]
    assert np.isnan(program(np.array([NAN, 1.0]), np.ones(2))[0])
    assert math.isnan(grad(lambda a: where(NAN, a, 2.0))(1.0))


def test_lengths_of_subnormal_numbers_are_the_same_in_every_engine() -> None:
    rng = np.random.default_rng(0)
    for n in (2, 3, 5):
        points = rng.integers(1, 50, (200, n)) * 5e-324
        eager = np.array([math.hypot(*p) for p in points])
        assert (apply(lookup("hypot"), tuple(points.T)) == eager).all()
        program = compile(lambda xs: autograd.hypot(*xs))
        assert (program(points) == eager).all()


MANY = [row for row in TABLE.values() if row.arity is None and not row.paired]


@pytest.mark.parametrize("row", MANY, ids=str)
def test_a_row_of_many_operands_is_linear_in_them(row: Primitive) -> None:
    """Twice the operands make twice the statements at most, and twice the memory of a pass."""
    import tracemalloc

    def f(xs: Any) -> Any:
        return apply(row, (*[2.0] * len(deciding(row)), *xs))

    peaks: list[float] = []
    for n in (500, 2000):
        xs: list[Value] = []
        passes: list[float] = []
        for _ in range(3):
            xs = [Value(0.001 * i) for i in range(n)]
            tracemalloc.start()
            f(xs).backward()
            passes.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        # Somebody's table may grow in the middle of one of them, and stays as it is then.
        peaks.append(min(passes))
        single = compile(f).value_and_grad([x.data for x in xs])[1]
        batch = compile(f).value_and_grad(np.array([[x.data for x in xs]] * 2))[1]
        assert single == pytest.approx([x.grad for x in xs], rel=1e-12, abs=1e-300)
        assert batch[1] == pytest.approx([x.grad for x in xs], rel=1e-12, abs=1e-300)
    assert peaks[1] < 6 * peaks[0]
