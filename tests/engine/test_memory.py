"""Size and depth: a chain of a million nodes, bytes per node, and nothing alive after `del`."""

import gc
import pickle
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd
from autograd import TraceError, Value, from_json, gradient, order, to_json
from autograd.check.strategies import RandomProgram, programs
from nn import MLP, SGD, fit

MILLION = 1_000_000


@pytest.fixture
def without_collector() -> Iterator[None]:
    """Nothing is freed but by counting references."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def chain(length: int) -> tuple[Value, Value]:
    """A leaf and the end of a chain of `length` nodes above it: z <- z * 0.5, z + 1, ..."""
    x = z = Value(1.0, "x")
    for _ in range(length // 2):
        z = z * 0.5
        z = z + 1.0
    return x, z


# Depth ---------------------------------------------------------------------------------------


def test_a_chain_of_a_million_nodes_is_built_reversed_pickled_and_freed(
    without_collector: None,
) -> None:
    """All of it far beyond the recursion limit, and freed when its last name goes."""
    assert sys.getrecursionlimit() < 10_000
    x, z = chain(MILLION)
    z.backward()
    assert x.grad == 0.5 ** (MILLION // 2) == 0.0
    assert len(order(z)) == MILLION + 1
    text = pickle.dumps(z)
    gone = weakref.ref(z.args[0])
    del z
    assert gone() is None
    assert x.grad == 0.0
    twin = pickle.loads(text)
    assert twin.data == 2.0
    twin.backward()
    gone = weakref.ref(order(twin)[0])
    del twin
    assert gone() is None


@pytest.mark.parametrize(
    "build",
    [
        lambda z: z + 1.0,
        lambda z: 1.0 - z,
        lambda z: z * z,
        lambda z: z.tanh(),
        lambda z: autograd.sum([1.0, z]),
        lambda z: autograd.where(True, z, 1.0),
    ],
)
def test_every_shape_of_chain_is_deep_without_recursion(
    build: Callable[[Value], Value], without_collector: None
) -> None:
    x = z = Value(0.5)
    for _ in range(100_000):
        z = build(z)
    z.backward()
    assert x.grad is not None
    (slope,) = gradient(z, [x])
    assert slope.data == x.grad
    gone = weakref.ref(z.args[0] if isinstance(z.args[0], Value) else x)
    leaf = weakref.ref(x)
    del slope, z, x
    assert gone() is None
    assert leaf() is None


def test_a_ladder_of_shared_nodes_is_linear() -> None:
    """Two to the thousand paths."""
    x = z = Value(1.0)
    for _ in range(1000):
        z = z + z
    z.backward()
    assert x.grad == 2.0**1000


def test_a_node_of_very_many_operands() -> None:
    xs = [Value(float(i)) for i in range(100_000)]
    z = autograd.sum(xs)
    z.backward()
    assert all(x.grad == 1.0 for x in xs)
    assert len(order(from_json(to_json(z)))) == 100_001


# Bytes ---------------------------------------------------------------------------------------


def bytes_a_node(build: Callable[[int], Value], count: int) -> float:
    """What a graph of `count` nodes holds after a backward pass, for each node."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        z = build(count)
        z.backward()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        del z
        gc.collect()
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A cache of the interpreter's may grow by a few kilobytes.
    assert left - before < 64_000
    return (after - before) / count


def alternating(count: int) -> Value:
    return chain(count)[1]


def squares(count: int) -> Value:
    z = Value(0.999999)
    for _ in range(count):
        z = z * z
    return z


def tangents(count: int) -> Value:
    z = Value(0.5)
    for _ in range(count):
        z = z.tanh()
    return z


@pytest.mark.parametrize("build", [alternating, squares, tangents])
def test_a_node_takes_at_most_200_bytes_after_backward(build: Callable[[int], Value]) -> None:
    assert bytes_a_node(build, 100_000) <= 200


# Freedom from cycles -------------------------------------------------------------------------


@given(programs())
def test_graphs_hold_no_cycles(program: RandomProgram) -> None:
    gc.disable()
    try:
        leaves = [Value(x) for x in program.point]
        results = program.run(leaves)
        z = results[-1]
        z.backward()
        z.backward(on_leaf=lambda leaf: None)
        slopes = gradient(z, leaves)
        alive = [weakref.ref(v) for v in [*results, *slopes, *order(slopes[0])]]
        assert all(ref() is not None for ref in alive)
        del z, results, leaves, slopes
        assert [ref() for ref in alive if ref() is not None] == []
    finally:
        gc.enable()


def test_a_failed_pass_keeps_nothing_alive(without_collector: None) -> None:
    x = Value(2.0)
    z = x * x

    def fail(leaf: Value) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        z.backward(on_leaf=fail)
    gone = weakref.ref(z)
    del z
    # The traceback and the frames in it are a cycle, which is the interpreter's and not ours.
    gc.collect()
    assert gone() is None


def test_steps_of_training_hold_one_graph_at_a_time(without_collector: None) -> None:
    w = Value(1.0)
    seen: list[weakref.ref[Value]] = []
    for _ in range(20):
        loss = (w * 3.0 - 1.0) ** 2
        loss.backward()
        seen.append(weakref.ref(loss))
        w.data -= 0.01
        w.grad = None
    assert [ref() is not None for ref in seen] == [False] * 19 + [True]


def test_leaves_do_not_hold_what_was_made_from_them() -> None:
    x = Value(2.0)
    made = weakref.ref((x * x).exp())
    assert made() is None


# Programs ------------------------------------------------------------------------------------


def left_by(make: Callable[[], object], count: int) -> float:
    """Bytes that are left of each of many things made and dropped."""
    for _ in range(3):
        make()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(count):
            make()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / count


def test_a_program_and_all_it_was_compiled_with_are_freed(without_collector: None) -> None:
    """134 kB before, most of it a class of placeholders with the tape that it wrote on."""

    def make() -> None:
        w = Value(0.5)
        for parameters in ([], [w]):
            program = autograd.compile(
                lambda xs: (autograd.dot(xs, xs) * w).tanh() + xs[0].exp(), parameters=parameters
            )
            program([1.0, 2.0, 3.0])
            program.value_and_grad([1.0, 2.0, 3.0])
            program.value_and_grad(np.ones((4, 3)))

    assert left_by(make, 20) < 8_000
    assert gc.collect() < 100


def test_a_compiled_fit_is_freed(without_collector: None) -> None:
    """216 kB before."""
    X = np.random.default_rng(0).normal(size=(24, 2))

    def make() -> None:
        net = MLP([2, 3, 1], seed=0)
        fit(
            net, X, X[:, :1] * X[:, 1:], loss=lambda out, t: (out[0] - t) ** 2, epochs=1,
            optimizer=SGD(net.parameters(), lr=0.01), batch_size=8, engine="compiled",
            progress=False,
        )  # fmt: skip
        net.predict(X)

    assert left_by(make, 8) < 12_000


def test_a_placeholder_that_was_kept_is_of_no_later_trace() -> None:
    kept: list[Any] = []
    program = autograd.compile(lambda x: kept.append(x) or x * x)
    assert program(3.0) == 9.0
    for _ in range(5):
        with pytest.raises(TraceError, match="placeholder of another trace"):
            autograd.compile(lambda x: x * kept[0])(3.0)
