"""What rolls: windows, shared and recurrent weights, skipped connections, as views and products.

Each test compares numbers with eager ones, and says which statements may stand in the program.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, compile, dot, gradient, maximum, softmax, sum, tanh
from autograd.compile.arrays.windows import Lattice, lattice

RNG = np.random.default_rng(11)


def table(rows: int, columns: int) -> list[list[Value]]:
    numbers: list[list[float]] = RNG.normal(size=(rows, columns)).tolist()
    return [[Value(x) for x in row] for row in numbers]


def flat(*tables: Sequence[Sequence[Value]]) -> list[Value]:
    return [w for rows in tables for row in rows for w in row]


def rolled(
    f: Callable[..., Any], parameters: list[Value], *shapes: tuple[int, ...]
) -> tuple[Counter[str], Counter[str], tuple[str, ...]]:
    """Compare a program, its text and its gradients for each sample with eager numbers.

    Returns:
        The kinds of statements forward and backward, and what did not roll.
    """
    columns = [RNG.normal(size=(3, *shape)) for shape in shapes]
    program = compile(f, parameters=parameters)
    mean, slopes = program.value_and_grad(*columns)
    values, each = program.value_and_grad(*columns, per_sample=True)
    again, pasted = program.on(np).value_and_grad(program.theta, *columns)
    totals = [f(*[c[i].tolist() for c in columns]) for i in range(3)]
    for i, z in enumerate(totals):
        assert values[i] == pytest.approx(z.data, rel=1e-11)
        wanted = [g.data for g in gradient(z, parameters)]
        assert each[i] == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert mean == pytest.approx(again, rel=1e-12)
    assert mean == pytest.approx(values.mean(), rel=1e-11)
    assert slopes == pytest.approx(each.mean(axis=0), rel=1e-9, abs=1e-12)
    assert pasted == pytest.approx(slopes, rel=1e-11, abs=1e-13)
    made = program._built.rolled
    forward, backward = (
        Counter(type(s).__name__ for s in statements)
        for statements in (made.forward, made.backward)
    )
    return forward, backward, program.report().unrolled


def assert_views_only(found: tuple[Counter[str], Counter[str], tuple[str, ...]]) -> None:
    forward, backward, unrolled = found
    assert forward["Take"] == backward["Take"] == 0
    assert unrolled == ()


# Windows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 2, 4, 5])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bias", [False, True])
def test_a_sliding_dot_is_one_product_over_a_view(step: int, channels: int, bias: bool) -> None:
    kernels, biases = table(channels, 4), [Value(0.3 * i) for i in range(channels)]

    def f(signal: Any) -> Any:
        maps = [
            tanh(dot(kernels[k], signal[i : i + 4]) + (biases[k] if bias else 0.0))
            for i in range(0, 17, step)
            for k in range(channels)
        ]
        return sum([m * m for m in maps])

    found = rolled(f, [*flat(kernels), *(biases if bias else [])], (20,))
    assert_views_only(found)
    assert found[0]["Dense"] == found[1]["DenseWeights"] == 1


def test_windows_of_an_image_are_one_view_in_four_directions() -> None:
    kernel, bias = table(3, 2), Value(0.1)

    def f(image: Any) -> Any:
        maps: list[Any] = []
        for i in range(4):
            for j in range(5):
                z = bias
                for a in range(3):
                    for b in range(2):
                        z = z + kernel[a][b] * image[i + a][j + b]
                maps.append(tanh(z))
        return sum(maps)

    found = rolled(f, [*flat(kernel), bias], (6, 6))
    assert_views_only(found)
    assert (found[0]["Slide"], found[0]["Dense"]) == (1, 1)


def test_a_network_of_windows_of_windows_pools_and_layers() -> None:
    first, second, last = table(2, 4), table(3, 8), table(2, 12)
    square = range(2)

    def f(x: Any) -> Any:
        m = [
            [
                [tanh(dot(k, [x[i + a][j + b] for a in square for b in square])) for j in range(5)]
                for i in range(5)
            ]
            for k in first
        ]
        n = [
            [
                [
                    tanh(dot(k, [c[i + a][j + b] for c in m for a in square for b in square]))
                    for j in range(4)
                ]
                for i in range(4)
            ]
            for k in second
        ]
        pooled = [
            maximum(*[c[i + a][j + b] for a in square for b in square])
            for c in n
            for i in (0, 2)
            for j in (0, 2)
        ]
        return sum([dot(row, pooled) ** 2 for row in last])

    found = rolled(f, flat(first, second, last), (6, 6))
    assert_views_only(found)
    assert found[0]["Dense"] == 3
    assert found[1]["Overlap"] >= 1


def test_one_kernel_slides_over_its_own_results() -> None:
    (kernel,) = table(1, 4)

    def f(signal: Any) -> Any:
        for _ in range(3):
            signal = [tanh(dot(kernel, signal[i : i + 4])) for i in range(len(signal) - 3)]
        return sum(signal)

    found = rolled(f, kernel, (14,))
    assert_views_only(found)
    assert (found[0]["Slide"], found[0]["Dense"], found[1]["Overlap"]) == (3, 3, 2)


def test_the_text_of_windows_is_slices_side_by_side() -> None:
    (kernel,) = table(1, 3)
    program = compile(
        lambda x: sum([tanh(dot(kernel, x[i : i + 3])) for i in range(0, 9, 2)]),
        parameters=kernel,
        shapes=[(11,)],
    )
    assert "np.stack([x0[:, 0:9:2], x0[:, 1:10:2], x0[:, 2:11:2]], axis=-1)" in program.source
    assert "I1" not in program.source


# Recurrent, shared, skipped ------------------------------------------------------------------


def test_recurrent_and_shared_weights_are_views_at_every_step() -> None:
    W, U, b = table(4, 2), table(4, 4), [Value(0.1 * i) for i in range(4)]

    def f(sequence: Any) -> Any:
        h = [*sequence[0], *sequence[1]]
        for x in sequence:
            h = [tanh(dot(W[i], x) + dot(U[i], h) + b[i]) for i in range(4)]
        return sum([z * z for z in h])

    found = rolled(f, [*flat(W, U), *b], (5, 2))
    assert_views_only(found)
    assert found[0]["Dense"] == 10


def test_skipped_connections_by_addition_and_side_by_side() -> None:
    W, V, b = table(3, 3), table(4, 6), [Value(0.1), Value(0.2), Value(0.3)]

    def f(x: Any) -> Any:
        h = x
        for _ in range(3):
            h = [z + tanh(dot(row, h) + c) for z, row, c in zip(h, W, b, strict=True)]
        return sum([tanh(dot(row, [*x, *h])) for row in V])

    found = rolled(f, [*flat(W, V), *b], (3,))
    assert_views_only(found)


def test_attention_written_by_hand() -> None:
    A = table(3, 3)

    def f(tokens: Any) -> Any:
        q = [[dot(row, t) for row in A] for t in tokens]
        weights = [softmax([dot(a, b) for b in tokens]) for a in q]
        mixed = [[dot(p, [t[d] for t in tokens]) for d in range(3)] for p in weights]
        return sum([z * z for row in mixed for z in row])

    found = rolled(f, flat(A), (4, 3))
    assert found[0]["Take"] == 0
    assert found[2] == ()


# Two ways to write a neuron ------------------------------------------------------------------


def test_a_layer_as_loops_and_as_dots_is_the_same_text() -> None:
    W, U, b = table(4, 2), table(4, 4), [Value(0.1 * i) for i in range(4)]

    def dots(sequence: Any) -> Any:
        h = [*sequence[0], *sequence[1]]
        for x in sequence:
            h = [tanh(dot(W[i], x) + dot(U[i], h) + b[i]) for i in range(4)]
        return sum([z * z for z in h])

    def loops(sequence: Any) -> Any:
        h = [*sequence[0], *sequence[1]]
        for x in sequence:
            following: list[Any] = []
            for i in range(4):
                z = 0.0
                for w, y in zip(W[i], x, strict=True):
                    z = z + w * y
                for w, y in zip(U[i], h, strict=True):
                    z += y * w
                following.append(tanh(z + b[i]))
            h = following
        total = 0.0
        for z in h:
            total = total + z * z
        return total

    parameters = [*flat(W, U), *b]
    texts = {compile(f, parameters=parameters, shapes=[(5, 2)]).source for f in (dots, loops)}
    assert len(texts) == 1


def test_a_loop_over_results_that_begins_with_zero_is_their_sum() -> None:
    def loop(xs: Any) -> Any:
        total = 0.0
        for x in xs:
            total = total + x.exp()
        return total

    def whole(xs: Any) -> Any:
        return sum([x.exp() for x in xs])

    assert compile(loop, shapes=[(5,)]).source == compile(whole, shapes=[(5,)]).source


@pytest.mark.parametrize("x", [0.0, -0.0])
@pytest.mark.parametrize("y", [0.0, -0.0])
def test_a_zero_that_decides_a_sign_stays(x: float, y: float) -> None:
    for f in (lambda x, y: 0.0 + x, lambda x, y: 0.0 + x - y, lambda x, y: 0.0 + x * y):
        found = compile(f)(np.array([x]), np.array([y]))
        assert np.signbit(found[0]) == np.signbit(f(x, y))


# What does not roll is said ------------------------------------------------------------------


def test_operands_here_and_there_are_gathered_and_reported() -> None:
    places: list[int] = RNG.permutation(40)[:30].tolist()
    w = Value(0.7)

    def f(xs: Any) -> Any:
        return sum([tanh(w * xs[i]) * xs[j] for i, j in zip(places, places[::-1], strict=True)])

    forward, _, unrolled = rolled(f, [w], (40,))
    assert forward["Take"] > 0
    assert any("their operands lie here and there" in line for line in unrolled)


# Directions ----------------------------------------------------------------------------------

shapes = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6)), min_size=1, max_size=4)


@given(shape=shapes, start=st.integers(0, 5))
def test_directions_give_the_index_they_were_found_in(
    shape: list[tuple[int, int]], start: int
) -> None:
    counts, steps = zip(*shape, strict=True)
    index = Lattice(start, counts, steps).index
    found = lattice(index)
    if found is not None:
        assert np.array_equal(found.index, index)


@given(shape=shapes, start=st.integers(0, 5))
def test_windows_are_views_and_are_added_up_where_they_came_from(
    shape: list[tuple[int, int]], start: int
) -> None:
    counts, steps = zip(*[(n, step or 1) for n, step in shape], strict=True)
    windows = Lattice(start, counts, steps)
    index = windows.index
    source = RNG.normal(size=(2, int(index.max()) + 1))
    view = windows.view(source)
    assert np.shares_memory(view, source)
    assert np.array_equal(view.reshape(2, -1), source[:, index])
    total = np.zeros_like(source)
    into = windows.view(total)
    for turn in windows.turns():
        at = (..., *turn)
        assert len(np.unique(index.reshape(counts)[at])) == index.reshape(counts)[at].size
        into[at] += view[at]
    wanted = np.zeros_like(source)
    np.add.at(wanted, (slice(None), index), source[:, index])
    assert total == pytest.approx(wanted)


@given(index=st.lists(st.integers(0, 9), min_size=2, max_size=24))
def test_any_index_takes_the_same_columns_and_gives_back_the_same_sums(index: list[int]) -> None:
    """Gathered or slid, forwards, backwards, and in the text."""
    weights = [Value(0.5 + 0.1 * k) for k in range(len(index))]

    def f(xs: Any) -> Any:
        return maximum(*[tanh(x) for x in xs], *[tanh(xs[i]) for i in index]) + sum(
            [w * xs[i].exp() for w, i in zip(weights, index, strict=True)]
        )

    program = compile(f)
    x = RNG.normal(size=(3, 10))
    values, slopes = program.value_and_grad(x)
    again, pasted = program.on(np).value_and_grad(x)
    assert again == pytest.approx(values, rel=1e-13)
    assert pasted == pytest.approx(slopes, rel=1e-12, abs=1e-14)
    leaves = [Value(v) for v in x[1].tolist()]
    z = f(leaves)
    assert values[1] == pytest.approx(z.data, rel=1e-12)
    wanted = [g.data for g in gradient(z, leaves)]
    assert slopes[1] == pytest.approx(wanted, rel=1e-11, abs=1e-13)
