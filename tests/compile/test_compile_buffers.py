"""Programs on buffers: no allocation in the steady state, memory given on, results left alone."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    Value,
    compile,
    dot,
    gradient,
    logsumexp,
    maximum,
    primitive,
    sigmoid,
    sum,
    tanh,
    unregister,
)
from autograd.check.strategies import RandomProgram, programs
from autograd.engine.primitives import Primitive, apply
from nn import MLP, cross_entropy, half_squared_error
from support.roundings import apart
from support.rows import each_row

RNG = np.random.default_rng(7)

# What a call may allocate, whatever the samples' number and width: its few small results, views,
# and one block of a function that makes arrays of its own.
ROOM = 250_000


def allocated(call: Callable[[], Any]) -> int:
    """The bytes that a call had allocated at its peak, after two calls before."""
    call(), call()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def assert_allocates_little(program: Any, columns: list[Any], room: int = ROOM) -> None:
    assert allocated(lambda: program.value_and_grad(*columns)) <= room


# Nothing is allocated -----------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu", "softplus", "elu"])
def test_a_step_of_a_network_allocates_nothing(activation: str) -> None:
    model = MLP([40, 200, 10], activation=activation, seed=0)
    program = compile(lambda x, y: cross_entropy(model(x), y), parameters=model)
    columns = [RNG.normal(size=(3_000, 40)), RNG.integers(0, 10, size=3_000)]
    # One array of the hidden layer takes 4.8 MB.
    assert_allocates_little(program, columns)


@each_row
def test_no_row_allocates_by_the_number_of_samples(row: Primitive) -> None:
    count = row.arity or 4
    free = count - row.constants
    domain = (row.domain if len(row.domain) == count else row.domain * count)[:count]
    constants = [0.5 * (low + high) for low, high in domain[free:]]
    w = Value(0.5)

    def f(*xs: Any) -> Any:
        return w * apply(row, (*xs, *constants))

    program = compile(f, parameters=[w])
    columns = [
        RNG.uniform(max(low, -3.0), min(high, 3.0), size=100_000) for low, high in domain[:free]
    ]
    assert_allocates_little(program, columns)


def test_gathers_and_sums_allocate_nothing() -> None:
    weights = [[Value(x) for x in row] for row in RNG.normal(size=(20, 3)).tolist()]
    places = RNG.integers(0, 30, size=(20, 3)).tolist()

    def f(xs: Any) -> Any:
        rows = zip(weights, places, strict=True)
        spread = [tanh(dot(row, [xs[i] for i in at])) for row, at in rows]
        return sum(spread) * sum([x * x for x in spread[::2]]) + xs[3] * xs[7]

    program = compile(f, parameters=[w for row in weights for w in row])
    assert_allocates_little(program, [RNG.normal(size=(20_000, 30))])


def test_windows_of_uneven_views_allocate_nothing() -> None:
    kernel, bias = [Value(0.5), Value(-0.25), Value(2.0)], Value(0.1)

    def f(signal: Any) -> Any:
        maps = [tanh(dot(kernel, signal[i : i + 3]) + bias) for i in range(28)]
        return dot(maps, maps) + sum([dot(kernel, maps[i : i + 3]) for i in range(0, 24, 3)])

    program = compile(f, parameters=[*kernel, bias])
    assert_allocates_little(program, [RNG.normal(size=(5_000, 30))])


# Memory is given on ---------------------------------------------------------------------------


def test_a_deep_chain_holds_little_memory() -> None:
    w = Value(0.9, "w")

    def f(x: Any) -> Any:
        for _ in range(200):
            x = x * w + 1.0
        return x

    program = compile(f, parameters=[w])
    x = RNG.normal(size=1_000)
    program(x)
    (buffers,) = program._built._buffers.values()
    # 400 statements of 8 kB each, of which two or three are needed at a time.
    assert buffers.size <= 5 * 8_000


@given(program=programs(max_ops=25), batch=st.integers(2, 5))
def test_memory_that_is_given_on_changes_no_number(program: RandomProgram, batch: int) -> None:
    """The same statements on places of their own, none of which is ever taken back."""
    compiled = compile(program, argnum=tuple(range(len(program.point))))
    columns = [np.array([x * (1.0 - 0.1 * k) for k in range(batch)]) for x in program.point]
    for _ in range(2):
        value, slopes = compiled.value_and_grad(*columns)
    elsewhere = compiled.on(np)
    with np.errstate(all="ignore"):
        wanted = elsewhere.value_and_grad(*columns)
    assert not apart(program, columns, [value, *slopes], wanted)


# Results are the caller's -----------------------------------------------------------------------


@pytest.mark.parametrize("width", [4, 300])
def test_gradients_that_somebody_holds_are_left_alone(width: int) -> None:
    """Small gradients are copied; large ones are written where the caller gets them."""
    model = MLP([60, width, 2], seed=0)
    program = compile(lambda x, y: half_squared_error(model(x), y), parameters=model)
    batches = [(RNG.normal(size=(6, 60)), RNG.normal(size=(6, 2))) for _ in range(5)]
    held = [program.value_and_grad(*batch)[1] for batch in batches]
    part = program.value_and_grad(*batches[0])[1][5:9]
    for batch, slopes in zip(batches, held, strict=True):
        again = compile(lambda x, y: half_squared_error(model(x), y), parameters=model)
        assert np.array_equal(again.value_and_grad(*batch)[1], slopes)
    assert np.array_equal(part, held[0][5:9])
    assert len({slopes.ctypes.data for slopes in held}) == 5


def test_a_gradient_that_was_changed_in_place_does_not_come_back() -> None:
    model = MLP([60, 300, 2], seed=0)
    unused = Value(1.0)
    parameters = [*model.parameters(), unused]
    program = compile(lambda x: sum(model(x)), parameters=parameters)
    x = RNG.normal(size=(3, 60))
    first = program.value_and_grad(x)[1].copy()
    for _ in range(4):
        slopes = program.value_and_grad(x)[1]
        assert np.array_equal(slopes, first)
        assert slopes[-1] == 0.0
        slopes += 1e9
        del slopes


# For each sample --------------------------------------------------------------------------------


def each(f: Callable[..., Any], parameters: list[Value], *columns: Any) -> None:
    """Compare gradients for each sample with those of programs on single samples, and eager's."""
    program = compile(f, parameters=parameters)
    values, slopes = program.value_and_grad(*columns, per_sample=True)
    batch = len(columns[0])
    assert (values.shape, slopes.shape) == ((batch,), (batch, len(parameters)))
    for i in range(batch):
        z = f(*[c[i].tolist() for c in columns])
        assert values[i] == pytest.approx(z.data, rel=1e-12)
        wanted = [g.data for g in gradient(z, parameters)]
        assert slopes[i] == pytest.approx(wanted, rel=1e-10, abs=1e-13)
    mean, total = program.value_and_grad(*columns)
    assert mean == pytest.approx(values.mean(), rel=1e-12)
    assert total == pytest.approx(slopes.mean(axis=0), rel=1e-10, abs=1e-13)


def test_each_sample_of_a_network_with_a_penalty() -> None:
    model = MLP([3, 5, 2], activation="sigmoid", seed=0)

    def f(x: Any, y: Any) -> Any:
        penalty = sum([p * p for p in model.parameters()])
        return half_squared_error(model(x), y) + 0.1 * penalty

    each(f, model.parameters(), RNG.normal(size=(7, 3)), RNG.normal(size=(7, 2)))


def test_each_sample_of_shared_and_recurrent_weights() -> None:
    W = [[Value(x) for x in row] for row in RNG.normal(size=(3, 3)).tolist()]
    kernel = [Value(x) for x in RNG.normal(size=2).tolist()]

    def f(xs: Any) -> Any:
        h = [tanh(dot(kernel, xs[i : i + 2])) for i in range(3)]
        for _ in range(3):
            h = [sigmoid(dot(row, h)) for row in W]
        return sum(h) * kernel[0].exp()

    each(f, [*[w for row in W for w in row], *kernel], RNG.normal(size=(5, 4)))


def test_each_sample_of_weights_that_all_samples_share_before_they_meet_one() -> None:
    a, b, c, unused = (Value(x) for x in (0.5, -1.5, 2.0, 3.0))

    def f(x: Any) -> Any:
        return (a * b + a.exp() + sum([a, b, c]) * 2.0) * x + tanh(c)

    each(f, [a, b, c, unused], RNG.normal(size=6))


def test_each_sample_costs_no_call_of_its_own() -> None:
    """As many lines run for a hundred samples as for two."""
    model = MLP([4, 6, 2], seed=0)
    program = compile(lambda x: sum(model(x)), parameters=model)
    for batch in (2, 100):
        program.value_and_grad(RNG.normal(size=(batch, 4)), per_sample=True)
    two, hundred = program._built._buffers.values()
    assert len(two.source.splitlines()) == len(hundred.source.splitlines())


# Rows of one's own ------------------------------------------------------------------------------


def test_a_primitive_of_ones_own_runs_in_blocks() -> None:
    sizes: list[int] = []

    def cube(x: Any) -> Any:
        sizes.append(np.size(x))
        return x * x * x

    @primitive(partials=lambda z, x: (3.0 * x * x,), array=cube)
    def cubed(x: Any) -> Any:
        return x * x * x

    try:
        program = compile(lambda xs: sum([cubed(x) for x in xs]))
        for shape in ((3, 5), (2_000, 5), (2, 9_000)):
            x = RNG.normal(size=shape)
            assert compile(lambda xs: sum([cubed(x) for x in xs]))(x) == pytest.approx(
                (x**3).sum(axis=1)
            )
        assert max(sizes) <= 4_096
        assert program(RNG.normal(size=(2, 3))).shape == (2,)
    finally:
        unregister("cubed")


@pytest.mark.parametrize("count", [3, 20_000])
def test_a_gradient_that_is_held_is_left_alone_and_one_that_is_not_is_used_again(
    count: int,
) -> None:
    weights = [Value(1.0 + i) for i in range(count)]
    program = compile(lambda x: dot(weights, [x] * count), parameters=weights)
    # Who holds it is counted; a view holds it too.
    held = program.value_and_grad(np.full(4, 2.0))[1]
    part = program.value_and_grad(np.full(4, 3.0))[1][1:]
    for x in (4.0, 5.0, 6.0):
        found = program.value_and_grad(np.full(4, x))[1]
        assert set(found.tolist()) == {x}
    assert (set(held.tolist()), set(part.tolist())) == ({2.0}, {3.0})
    place = id(found)
    del found
    again = program.value_and_grad(np.full(4, 7.0))[1]
    assert id(again) == place
    assert set(again.tolist()) == {7.0}


def test_columns_of_two_arrays_side_by_side_are_negated_right() -> None:
    """NumPy 2.4's negative is wrong where operands and results lie apart."""

    def f(*v: Any) -> Any:
        first = v[0] * -68.12
        negated = first * -1.0
        wide = logsumexp([first, v[0] - first, v[1], v[2], v[3], v[2], v[2], v[2]])
        return wide * maximum(v[0] - first, negated, v[4], v[5], negated) ** negated

    point = (-0.014679, 0.09422, -0.022752, 5.4335, 0.069773, 5.7227)
    samples = [np.array([x / 2.0, x, x]) for x in point]
    wanted = [f(*[x / 2.0 for x in point]), f(*point), f(*point)]
    assert compile(f)(*samples).tolist() == pytest.approx(wanted, rel=1e-14)
