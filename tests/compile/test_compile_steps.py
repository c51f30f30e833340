"""Steps of one shape are one loop, in the text of a program and in what runs on buffers.

A loop makes the calls that its lines would make, so numbers are the same bit for bit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compile_recurrences import COUNT, Recurrence, recurrences

from autograd import Value, compile, dot, sigmoid, tanh
from autograd.compile.backends import buffers
from autograd.compile.backends.steps import called, written
from autograd.compile.graph.periods import Nodes, Segment
from nn import MLP

BATCH = 9  # more than the few samples that run as float code


def unlooped(nodes: Nodes) -> list[Segment]:
    return [Segment(0, len(nodes))] if len(nodes) else []


@contextmanager
def without_loops() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(called, "segments", unlooped)
        patch.setattr(written, "segments", unlooped)
        yield


def results(f: Any, data: list[Any], parameters: Any, **options: Any) -> list[Any]:
    """All that a program computes, by its buffers and by its text."""
    program = compile(f, parameters=parameters, native=False, **options)
    theta = [program.theta] if parameters else []
    found: list[Any] = [program(*data), *program.value_and_grad(*data)]
    if parameters:
        found += program.value_and_grad(*data, per_sample=True)
    text = program.on(np)
    with np.errstate(all="ignore"):
        found += [text.value(*theta, *data), *text.value_and_grad(*theta, *data)]
    return [x for part in found for x in (part if isinstance(part, tuple) else (part,))]


def assert_same(f: Any, data: list[Any], parameters: Any = (), **options: Any) -> None:
    looped = results(f, data, parameters, **options)
    with without_loops():
        plain = results(f, data, parameters, **options)
    for one, other in zip(looped, plain, strict=True):
        assert np.array_equal(one, other, equal_nan=True)


# Recurrences ------------------------------------------------------------------------------------


@settings(max_examples=COUNT // 3)
@given(
    cell=recurrences,
    steps=st.integers(12, 60),
    seed=st.integers(0, 2**32),
    trained=st.booleans(),
    often=st.booleans(),
)
def test_loops_compute_what_their_lines_would(
    cell: Recurrence, steps: int, seed: int, trained: bool, often: bool
) -> None:
    f = replace(cell, steps=steps, shown=2**steps - 1 if often else cell.shown)
    X, H, numbers = f.data(seed, BATCH)
    if not trained:
        assert_same(f, [X, H, numbers], argnum=(0, 1, 2))
        return
    W = [[Value(x) for x in row] for row in numbers[0].tolist()]
    assert_same(lambda X, H: f(X, H, W), [X, H], [w for row in W for w in row])


def weights(*shape: int) -> Any:
    if len(shape) > 1:
        return [weights(*shape[1:]) for _ in range(shape[0])]
    return [Value(0.1 * (i + 1) - 0.15) for i in range(shape[0])]


W, U, Z, OUT = weights(3, 2), weights(3, 3), weights(3, 2), weights(3)
TRAINED = [*(w for M in (W, U, Z) for row in M for w in row), *OUT]


def last(xs: Any) -> Any:
    h: Any = [xs[0][0], 0.5, 0.0]
    for x in xs:
        h = [tanh(dot(w, x) + dot(u, h)) for w, u in zip(W, U, strict=True)]
    return dot(OUT, h)


def at_each(xs: Any) -> Any:
    h: Any = [0.0, 0.0, 0.0]
    total: Any = 0.0
    for x in xs:
        h = [tanh(dot(w, x) + dot(u, h)) for w, u in zip(W, U, strict=True)]
        total = total + dot(OUT, h) ** 2.0
    return total


def gated(xs: Any) -> Any:
    h: Any = [0.5, 0.25, 0.0]
    for x in xs:
        new = [tanh(dot(w, x) + dot(u, h)) for w, u in zip(W, U, strict=True)]
        gates = [sigmoid(dot(z, x)) for z in Z]
        h = [g * n + (1.0 - g) * old for g, n, old in zip(gates, new, h, strict=True)]
    return dot(OUT, h)


def skipping(xs: Any) -> Any:
    """Each state takes the one two steps back; the first and the last step are others."""
    states: list[Any] = [[*xs[0], 0.5], [sigmoid(x) for x in (*xs[1], 0.5)]]
    for x in xs[2:]:
        past = states[-2]
        states.append([tanh(dot(w, x) + dot(u, past)) for w, u in zip(W, U, strict=True)])
    return dot(OUT, [a * b for a, b in zip(states[-1], states[-2], strict=True)])


@pytest.mark.parametrize("f", [last, at_each, gated, skipping])
def test_no_text_grows_with_the_steps(f: Callable[..., Any]) -> None:
    def lines(steps: int) -> list[int]:
        program = compile(f, parameters=TRAINED, native=False)
        program.value_and_grad(np.zeros((BATCH, steps, 2)))
        (run,) = program._built._buffers.values()
        return [len(text.splitlines()) for text in (program.source, run.source)]

    assert lines(100) == lines(1_000)
    assert max(lines(100)) < 200


@pytest.mark.parametrize("f", [last, at_each, gated, skipping])
def test_long_recurrences_have_the_numbers_of_their_lines(f: Callable[..., Any]) -> None:
    X = np.random.default_rng(0).normal(size=(BATCH, 100, 2))
    assert_same(f, [X], TRAINED)


# What a report says -----------------------------------------------------------------------------


def steps_said(f: Callable[..., Any], steps: int) -> tuple[str, ...]:
    program = compile(f, parameters=TRAINED, native=False, shapes=[(steps, 2)])
    report = program.report()
    assert all(f"steps: {said}" in str(report) for said in report.steps)
    return report.steps


def test_a_report_counts_the_steps_of_a_loop() -> None:
    said = steps_said(last, 100)
    assert "98 steps of 5 statements are one loop" in said
    assert all("are one loop" in each for each in said)
    assert steps_said(last, 4) == ()


def test_a_report_says_why_steps_are_no_loop() -> None:
    def other_operations(xs: Any) -> Any:
        """As many rounds of one cell as the digits of a number say, then one of another."""
        h: Any = [0.0, 0.0, 0.0]
        for x, digit in zip(xs, "14142135623730950488016887242096980785696718753769", strict=True):
            for _ in range(int(digit)):
                h = [tanh(dot(w, x) + dot(u, h)) for w, u in zip(W, U, strict=True)]
            h = [sigmoid(a) for a in h]
        return dot(OUT, h)

    def other_places(xs: Any) -> Any:
        """Steps of one shape that read the inputs in no order."""
        h: Any = [0.0, 0.0, 0.0]
        for t in range(len(xs)):
            x = xs[t * t * t % len(xs)]
            h = [tanh(dot(w, x) + dot(u, h)) for w, u in zip(W, U, strict=True)]
        return dot(OUT, h)

    why = steps_said(other_operations, 50)[-1]
    assert "no block of operations repeats" in why
    assert "write steps of one shape" in why
    assert "native=True" in why
    assert "does not move on evenly" in steps_said(other_places, 101)[-1]


# What loops cannot take -------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [3, 12])
def test_gradients_of_equal_layers_go_to_a_new_array_at_each_call(
    depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is written into its place in the caller's array, which no list may hold."""
    monkeypatch.setattr(buffers, "_LARGE", 0)
    model = MLP([3] * depth + [1], seed=0)
    X = np.random.default_rng(0).normal(size=(BATCH, 3))
    program = compile(lambda x: model(x)[0], parameters=model, native=False)
    first = program.value_and_grad(X)[1]
    kept = first.copy()
    second = program.value_and_grad(2.0 * X)[1]
    assert np.array_equal(first, kept)
    assert not np.array_equal(first, second)
    assert_same(lambda x: model(x)[0], [X], model)


def executed(lines: list[written.Definition], returned: list[str], start: str) -> list[float]:
    body, shown = written.written(lines, returned)
    scope: dict[str, Any] = {}
    exec("\n".join([start, *body, f"found = [{', '.join(shown)}]"]), scope)
    return scope["found"]


def read(line: int, place: int) -> str:
    """What a line reads: numbers of x before the first line, else what was made."""
    return f"v{place}" if 0 <= place < line else f"x[{place % 7}]"


@given(
    body=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 90)), min_size=1, max_size=7),
    times=st.integers(0, 60),
    ends=st.integers(0, 5),
    seed=st.integers(0, 99),
    back=st.booleans(),
)
def test_lines_that_read_any_lines_before_them_are_written_right(
    body: list[tuple[int, int]], times: int, ends: int, seed: int, back: bool
) -> None:
    """Each adds two others, so many lines before it; then all are read from behind."""
    texts: list[str] = []
    for _ in range(times):
        for a, b in body:
            i = len(texts)
            texts.append(f"0.5 * {read(i, i - a)} - 0.25 * {read(i, i - b)}")
    count = len(texts)
    texts += [f"{read(count, 3 * i)} * 0.5" for i in range(ends)]
    for k in range(count if back else 0):
        i = len(texts)
        texts.append(f"{read(i, i - 1)} * 0.5 + {read(i, count - 1 - k)} * y[{2 * k}:{2 * k + 1}]")
    texts.append(f"np.stack([{', '.join(f'v{i}' for i in range(len(texts))) or '1.0'}])")
    rng = np.random.default_rng(seed)
    start = f"import numpy as np\nx, y = np.array({rng.normal(size=(7, 1)).tolist()}), "
    start += f"np.array({rng.normal(size=2 * count + 2).tolist()})"
    lines = [written.Definition(f"v{i}", text) for i, text in enumerate(texts)]
    returned = [f"v{len(texts) - 1}", f"v{len(texts) // 2}"]
    looped = executed(lines, returned, start)
    with without_loops():
        plain = executed(lines, returned, start)
    for one, other in zip(looped, plain, strict=True):
        assert np.array_equal(one, other)
