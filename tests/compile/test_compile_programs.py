"""Compiled equals eager: random programs over the whole table, values and gradients, every batch.

The room given to each number is what roundings at every node of the very graph may have moved it
by (`roundings.py`), so a wrong term cannot hide in it and a right one cannot fall out.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import Value, compile, dot, erf, gradient, select, sum, tan, tanh
from autograd.check.strategies import RandomProgram, programs
from autograd.compile.arrays.roll import Rolling
from autograd.compile.arrays.routine import Work
from autograd.compile.arrays.rules import with_gradient
from autograd.compile.backends.buffers import Buffers
from autograd.compile.graph import simplify
from autograd.compile.graph.graph import INPUT, PARAMETER, Graph
from autograd.compile.graph.passes import PASSES, simplified
from autograd.compile.graph.simplify import fold, prune, share
from autograd.compile.graph.sums import flatten
from autograd.compile.tracing.trace import trace
from autograd.engine.primitives import TABLE, Primitive, apply
from support.roundings import agree, room
from support.rows import EPS, each_row, edge_points, variables

LINEAR = ["add", "sub", "mul", "neg", "sum", "dot", "tanh"]
SINGLE, TINY = 2.0**-23, 5e-324


def eager(f: Callable[..., Any], point: Sequence[float]) -> tuple[Any, list[Value]]:
    """A program's result and its derivatives by all inputs, as graphs."""
    leaves = [Value(x) for x in point]
    z = f(*leaves)
    if not isinstance(z, Value):
        return z, [Value(0.0) for _ in leaves]
    return z, gradient(z, leaves)


def points(program: RandomProgram, batch: int) -> list[tuple[float, ...]]:
    """Points near the program's own, the first of them itself."""
    shrink = [1.0 - 0.5 * i / batch for i in range(batch)]
    return [tuple(x * k for x in program.point) for k in shrink]


def everywhere(count: int) -> tuple[int, ...]:
    return tuple(range(count))


# Values and gradients -----------------------------------------------------------------------


def traced(program: RandomProgram) -> Graph:
    return trace(program, [()] * len(program.point))


@given(program=programs(), batch=st.integers(1, 100))
def test_batches_equal_eager(program: RandomProgram, batch: int) -> None:
    count = len(program.point)
    compiled = compile(program, argnum=everywhere(count))
    samples = points(program, batch)
    columns = [np.array(column) for column in zip(*samples, strict=True)]
    values = compiled(*columns)
    again, slopes = compiled.value_and_grad(*columns)
    assert values.shape == (batch,)
    assert np.array_equal(values, again, equal_nan=True)
    for k in {0, batch // 2, batch - 1}:
        z, gradients = eager(program, samples[k])
        allowed = room(traced(program), samples[k])
        assert agree(values[k], z, allowed.value), (values[k], z)
        for i in range(count):
            found = slopes[i][k]
            assert agree(found, gradients[i], allowed.slopes[INPUT, i]), (i, found, gradients[i])


@given(program=programs(max_ops=12))
def test_one_sample_equals_eager(program: RandomProgram) -> None:
    compiled = compile(program, argnum=everywhere(len(program.point)))
    z, gradients = eager(program, program.point)
    value, slopes = compiled.value_and_grad(*program.point)
    allowed = room(traced(program), program.point)
    assert agree(compiled(*program.point), z, allowed.value)
    assert agree(value, z, allowed.value)
    for i, (slope, wanted) in enumerate(zip(slopes, gradients, strict=True)):
        assert agree(slope, wanted, allowed.slopes[INPUT, i])


@given(program=programs(), data=st.data())
def test_inputs_that_are_repeated_or_not_used(program: RandomProgram, data: st.DataObject) -> None:
    count = len(program.point)
    places = data.draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    numbers = [0.5] * 5
    for place, x in zip(places, program.point, strict=True):
        numbers[place] = x
    point = [numbers[place] for place in places]
    with np.errstate(all="ignore"):
        assume(all(math.isfinite(x) for x in program.run(point)))
    compiled = compile(lambda xs: program(*[xs[place] for place in places]))
    graph = trace(lambda xs: program(*[xs[place] for place in places]), [(5,)])
    allowed = room(graph, numbers)
    leaves = [Value(x) for x in numbers]
    z = program(*[leaves[place] for place in places])
    gradients = gradient(z, leaves) if isinstance(z, Value) else [Value(0.0)] * 5
    values, slopes = compiled.value_and_grad(np.array([numbers, numbers]))
    value, single = compiled.value_and_grad(numbers)
    for found, several in ((values[1], slopes[1]), (value, single)):
        assert agree(found, z, allowed.value)
        for i in range(5):
            assert agree(several[i], gradients[i], allowed.slopes[INPUT, i])
            assert several[i] == 0.0 or i in places


@given(program=programs(primitives=LINEAR, max_ops=25), batch=st.integers(1, 9))
def test_parameters_beside_inputs_equal_eager(program: RandomProgram, batch: int) -> None:
    """Sums and products of weights and numbers of the sample, shared in all ways."""
    first, *rest = program.point
    assume(rest)
    weights = [Value(x) for x in rest]

    def f(x: Any) -> Any:
        return program(x, *weights)

    compiled = compile(f, parameters=weights)
    graph = trace(f, [()], weights)
    column = [first * k for k in np.linspace(1.0, 0.5, batch).tolist()]
    mean, slopes = compiled.value_and_grad(np.array(column))
    count = 1 + len(rest)
    totals, allowed = [0.0] * count, [0.0] * count
    for x in column:
        z, gradients = eager(program, (x, *rest))
        near = room(graph, [x], rest)
        found = [(z, near.value, abs(float(getattr(z, "data", z))))]
        for i, wanted in enumerate(gradients[1:]):
            place = PARAMETER, i
            found.append((wanted, near.slopes[place], near.sizes[place]))
        for i, (wanted, off, size) in enumerate(found):
            totals[i] += float(getattr(wanted, "data", wanted)) / batch
            # Means are sums in any order too, and products with 1 / batch may be subnormal.
            allowed[i] += (off + (batch + 2) * EPS * size) / batch + 2.0 * TINY
    for number, wanted, off in zip([mean, *slopes.tolist()], totals, allowed, strict=True):
        assert agree(number, wanted, off), (number, wanted, off)


@given(program=programs(max_ops=6))
def test_single_precision_equals_eager_to_its_own_rounding(program: RandomProgram) -> None:
    inputs = [float(np.float32(x)) for x in program.point]
    compiled = compile(program, dtype="float32")
    columns = [np.array([x, x], dtype=np.float32) for x in inputs]
    values, slopes = compiled.value_and_grad(*columns)
    assert values.dtype == slopes.dtype == np.float32
    z, gradients = eager(program, inputs)
    allowed = room(traced(program), inputs, eps=SINGLE)
    # float32 ends at 3e38; and may leave a domain that float64 is in by a hair, as sqrt's at 0.
    if math.isfinite(values[0]):
        assert agree(float(values[0]), z, allowed.value)
    if math.isfinite(slopes[0]):
        assert agree(float(slopes[0]), gradients[0], allowed.slopes[INPUT, 0])


# Every row at its edges ---------------------------------------------------------------------


def same(found: float, wanted: float) -> bool:
    if math.isfinite(found) and math.isfinite(wanted):
        return abs(found - wanted) <= 8 * EPS * max(abs(found), abs(wanted)) + 1e-307
    return found == wanted or (found != found and wanted != wanted)


@each_row
def test_every_row_at_the_edges_of_the_floats(row: Primitive) -> None:
    """Infinities, nan, zeros, subnormals, overflow: value and slopes as eager has them."""
    grouped: dict[tuple[float, ...], list[tuple[float, ...]]] = {}
    for point in edge_points(row):
        cut = len(point) - row.constants
        grouped.setdefault(tuple(map(float, point[cut:])), []).append(point[:cut])
    for constants, samples in grouped.items():
        count = len(samples[0])

        def f(*xs: Any, constants: Any = constants) -> Any:
            return apply(row, (*xs, *constants))

        compiled = compile(f, argnum=everywhere(count))
        columns = [np.array(column) for column in zip(*samples, strict=True)]
        values, slopes = compiled.value_and_grad(*columns)
        for k, sample in enumerate(samples):
            leaves = [Value(x) for x in sample]
            z = f(*leaves)
            z.backward()
            assert same(values[k], z.data), (sample, values[k], z.data)
            for i in variables(row, count):
                if i < count:
                    wanted = leaves[i].grad
                    assert wanted is not None
                    assert same(slopes[i][k], wanted), (sample, i, slopes[i][k], wanted)
            value, single = compiled.value_and_grad(*sample)
            assert same(value, z.data), (sample, value, z.data)
            for i in range(count):
                wanted = leaves[i].grad
                assert wanted is not None
                assert same(single[i], wanted), (sample, i, single[i], wanted)


# Every pass alone ---------------------------------------------------------------------------

RUNS = [done.run for done in PASSES]


@pytest.mark.parametrize("done", RUNS, ids=[done.name for done in PASSES])
@given(program=programs(primitives=[*LINEAR, *TABLE], max_ops=15))
def test_each_pass_alone_leaves_the_numbers(
    done: Callable[[Graph], Graph], program: RandomProgram
) -> None:
    graph = trace(program, [()] * len(program.point))
    z, _ = eager(program, program.point)
    allowed = room(graph, program.point).value
    for start in (graph, simplified(graph), flatten(simplified(graph))):
        (found,) = done(start).evaluate(program.point)
        assert agree(found, z, allowed), str(start)


@pytest.mark.parametrize("done", RUNS, ids=[done.name for done in PASSES])
@given(program=programs(primitives=[*LINEAR, *TABLE], max_ops=10))
def test_each_pass_alone_leaves_the_slopes(
    done: Callable[[Graph], Graph], program: RandomProgram
) -> None:
    """The graph of a gradient is a graph like any other, with more that is shared."""
    graph = traced(program)
    leaves = [(INPUT, i) for i in range(len(program.point))]
    z, gradients = eager(program, program.point)
    allowed = room(graph, program.point)
    value, *slopes = done(with_gradient(graph, leaves)).evaluate(program.point)
    assert agree(value, z, allowed.value)
    for leaf, slope, wanted in zip(leaves, slopes, gradients, strict=True):
        assert agree(slope, wanted, allowed.slopes[leaf])


def test_a_sum_of_marks_leaves_no_rounding_beside_small_terms() -> None:
    """Which place is selected is 1 - 1 for the others, and their slope may be small."""

    def f(x: Any, y: Any) -> Any:
        i = tan(y)
        return erf(8.0 * i) + select(i, [i, tanh(x), i])

    point = (0.0, 0.55263)
    graph = with_gradient(trace(f, [(), ()]), [(INPUT, 0), (INPUT, 1)])
    _, gradients = eager(f, point)
    _, *slopes = flatten(graph).evaluate(point)
    assert slopes == [g.data for g in gradients]


@pytest.mark.parametrize("before", [[], [simplified], [flatten], RUNS])
@given(program=programs(primitives=[*LINEAR, *TABLE], max_ops=15), batch=st.integers(1, 9))
def test_rolling_needs_no_pass_before_it(
    before: list[Callable[[Graph], Graph]], program: RandomProgram, batch: int
) -> None:
    graph = traced(program)
    allowed = room(graph, program.point).value
    z, _ = eager(program, program.point)
    for done in before:
        graph = done(graph)
    rolling = Rolling(graph, [1] * len(program.point), 0)
    routine = rolling.routine
    buffers = Buffers(Work(routine, routine.statements, [rolling.result]), np.zeros(0), batch)
    for place, x in zip(buffers.inputs, program.point, strict=True):
        place[...] = x
    with np.errstate(all="ignore"):
        buffers.run()
    for found in buffers.results[0][:, 0].tolist():
        assert agree(found, z, allowed)


@given(program=programs(primitives=[*LINEAR, *TABLE], max_ops=25), twice=st.booleans())
def test_sharing_by_rounds_finds_what_going_node_by_node_finds(
    program: RandomProgram, twice: bool
) -> None:
    def f(*xs: Any) -> Any:
        return program(*xs) - program(*xs) if twice else program(*xs)

    graph = trace(f, [()] * len(program.point))
    wanted = share(graph)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simplify, "_LARGE", 0)
        assert str(share(graph)) == str(wanted)


@given(program=programs(max_ops=15))
def test_passes_do_not_add_nodes_and_are_done_once(program: RandomProgram) -> None:
    graph = trace(program, [()] * len(program.point))
    simple = simplified(graph)
    cubes = graph.census().get("power", 0)
    assert len(simple) <= len(graph) + 2 * cubes
    for done in (prune, share):
        assert len(done(simple)) == len(simple)
    assert graph.census() == trace(program, [()] * len(program.point)).census()


# Two ways to write a neuron -----------------------------------------------------------------


@given(
    inputs=st.integers(1, 6),
    neurons=st.integers(1, 5),
    order=st.randoms(use_true_random=False),
)
def test_a_neuron_ends_in_one_program_however_it_is_written(
    inputs: int, neurons: int, order: Any
) -> None:
    weights = [[Value(0.1 * i + j) for i in range(inputs)] for j in range(neurons)]
    biases = [Value(float(j)) for j in range(neurons)]
    flat = [w for row, b in zip(weights, biases, strict=True) for w in (*row, b)]

    def loop(xs: list[Any]) -> Any:
        total = 0.0
        for row, b in zip(weights, biases, strict=True):
            z = b
            for w, x in zip(row, xs, strict=True):
                z = z + (w * x if order.random() < 0.5 else x * w)
            total = total + z.tanh()
        return total

    def whole(xs: list[Any]) -> Any:
        return sum([(dot(w, xs) + b).tanh() for w, b in zip(weights, biases, strict=True)]) + 0.0

    def reversed_sum(xs: list[Any]) -> Any:
        rows = zip(weights, biases, strict=True)
        return (
            sum(
                [
                    sum([*[w * x for w, x in zip(r, xs, strict=True)][::-1], b]).tanh()
                    for r, b in rows
                ]
            )
            + 0.0
        )

    texts = {compile(f, parameters=flat, shapes=[(inputs,)]).source for f in (whole, reversed_sum)}
    assert len(texts) == 1
    x = np.linspace(-1.0, 1.0, 3 * inputs).reshape(3, inputs)
    first = compile(loop, parameters=flat).value_and_grad(x)
    second = compile(whole, parameters=flat).value_and_grad(x)
    assert first[0] == pytest.approx(second[0], rel=1e-14)
    assert first[1] == pytest.approx(second[1], rel=1e-12, abs=1e-14)


def test_a_constant_that_gains_a_user_stands_before_it() -> None:
    """x / 4 becomes x * 0.25, and 0.25 was first used further on."""
    graph = fold(trace(lambda x, y: x / 4.0 + y * 0.25, [(), ()]))
    assert all(x < node for node, (_, _, operands) in enumerate(graph.nodes()) for x in operands)
    assert graph.evaluate([1.0, 2.0]) == [0.75]
