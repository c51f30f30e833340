"""What a traced index selects is gathered, and its slopes are scattered, with eager numbers."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, compile, exp, select, value_and_grad
from autograd.compile.arrays.ir import Many, Pick, Unpick
from support.chosen_profile import PROFILE
from support.compilers import needs_compiler

COUNT = 1_000 if PROFILE == "long" else 25
INDICES = st.sampled_from([-3.0, -0.5, 0.0, 0.49, 0.5, 1.0, 1.5, 2.0, 2.5, 7.0, math.nan])


def table(rows: int, columns: int) -> list[list[Value]]:
    rng = np.random.default_rng(0)
    return [[Value(x) for x in row] for row in rng.normal(size=(rows, columns)).tolist()]


def picking(rows: list[list[Value]], twice: bool) -> Any:
    """Rows of parameters and numbers of the sample, each picked by an index."""

    def f(i: Any, j: Any, xs: Any) -> Any:
        row = [select(i, column) for column in zip(*rows, strict=True)]
        own = [exp(xs[0]), *xs[1:], xs[0] * 2.0]
        picked = select(j, own) * (select(i, own) if twice else 1.0)
        return autograd.sum([exp(x) * xs[0] for x in row]) + picked

    return f


@settings(max_examples=COUNT)
@given(
    st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.booleans(),
    st.lists(st.tuples(INDICES, INDICES), min_size=1, max_size=4), st.integers(0, 2**32),
)  # fmt: skip
def test_what_is_picked_is_as_eager(
    rows: int, columns: int, size: int, twice: bool, indices: list[tuple[float, float]], seed: int
) -> None:
    values = table(rows, columns)
    f = picking(values, twice)
    parameters = [v for row in values for v in row]
    one, two = (np.array(x) for x in zip(*indices, strict=True))
    X = np.random.default_rng(seed).normal(size=(len(one), size))
    program = compile(f, parameters=parameters)
    loss, slopes = program.value_and_grad(one, two, X)
    text: dict[str, Any] = {}
    exec(program.source, text)
    of_text = text["value_and_grad"](program.theta, one, two, X)
    losses, each = [], []
    for i, j, x in zip(one.tolist(), two.tolist(), X.tolist(), strict=True):
        for v in parameters:
            v.grad = None
        z = f(i, j, x)
        z.backward()
        losses.append(z.data)
        each.append([v.grad or 0.0 for v in parameters])
    for value, g in ((loss, slopes), of_text):
        np.testing.assert_allclose(value, np.mean(losses), rtol=1e-12)
        np.testing.assert_allclose(g, np.mean(each, axis=0), rtol=1e-12, atol=1e-14)


@settings(max_examples=COUNT)
@given(
    st.integers(1, 3), st.booleans(), st.lists(st.tuples(INDICES, INDICES), min_size=2, max_size=4),
    st.integers(0, 2**32),
)  # fmt: skip
def test_samples_leave_each_other_alone(
    size: int, twice: bool, indices: list[tuple[float, float]], seed: int
) -> None:
    f = picking([[Value(0.5)], [Value(-1.5)]], twice)
    one, two = (np.array(x) for x in zip(*indices, strict=True))
    X = np.random.default_rng(seed).normal(size=(len(one), size))
    values, slopes = compile(f, argnum=2).value_and_grad(one, two, X)
    for k, (i, j, x) in enumerate(zip(one.tolist(), two.tolist(), X.tolist(), strict=True)):
        z, wanted = value_and_grad(f, argnum=2)(i, j, x)
        np.testing.assert_allclose(values[k], z.data, rtol=1e-12)
        np.testing.assert_allclose(slopes[k], [g.data for g in wanted], rtol=1e-12, atol=1e-14)


def test_lists_that_lie_evenly_are_not_gathered() -> None:
    rows = table(5, 3)
    f = picking(rows, twice=False)
    program = compile(f, parameters=[v for row in rows for v in row])
    program.value_and_grad(np.zeros(2), np.zeros(2), np.ones((2, 2)))
    rolled = program._known().rolled
    picks = [s for s in rolled.forward if isinstance(s, Pick)]
    assert [(s.step, s.size) for s in picks if not s.source.array.batched] == [(3, 5)]
    assert sum(isinstance(s, Unpick) for s in rolled.backward) == 1
    assert not any(isinstance(s, Many) for s in rolled.forward)


@needs_compiler
@pytest.mark.parametrize("batch", [1, 9])
def test_a_rolled_program_picks_in_c_too(batch: int) -> None:
    rows = table(40, 12)
    f = picking(rows, twice=True)
    parameters = [v for row in rows for v in row]
    one, two = np.linspace(-1.0, 41.0, batch), np.linspace(3.0, -1.0, batch)
    X = np.random.default_rng(1).normal(size=(batch, 3))
    loss, slopes = compile(f, parameters=parameters, native=False).value_and_grad(one, two, X)
    program = compile(f, parameters=parameters, native=True)
    in_c, slopes_in_c = program.value_and_grad(one, two, X)
    assert in_c == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(slopes_in_c, slopes, rtol=1e-12, atol=1e-15)
