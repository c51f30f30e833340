"""The text of a program on other arrays: NumPy's own, PyTorch's, and JAX's under `jit`.

The same programs everywhere: networks, losses that select by a label, windows written by hand,
recurrent and shared weights, and every row of the table with its gradient.
"""

import importlib
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    Value,
    clip,
    compile,
    dot,
    erfc,
    hypot,
    logsumexp,
    maximum,
    minimum,
    select,
    sum,
    tanh,
    where,
    xlogy,
)
from autograd import step as step_function
from autograd.compile.backends.numpy_text import bound
from autograd.engine.primitives import Primitive, apply
from nn import MLP, cross_entropy, half_squared_error
from support.rows import ROWS, each_row

RNG = np.random.default_rng(4)


def table(rows: int, columns: int) -> list[list[Value]]:
    return [[Value(x) for x in row] for row in RNG.normal(size=(rows, columns)).tolist()]


def network(dtype: str = "float64") -> tuple[Any, list[Any]]:
    model = MLP([3, 8, 2], activation="sigmoid", seed=0)
    program = compile(lambda x, y: half_squared_error(model(x), y), parameters=model, dtype=dtype)
    return program, [RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))]


def labels() -> tuple[Any, list[Any]]:
    model = MLP([4, 6, 3], activation="relu", seed=0)
    program = compile(lambda x, y: cross_entropy(model(x), y), parameters=model)
    return program, [RNG.normal(size=(6, 4)), np.array([0, 2, 1, 1, 0, 2])]


def convolution() -> tuple[Any, list[Any]]:
    kernel = table(3, 3)

    def f(image: Any) -> Any:
        flat = [w for row in kernel for w in row]
        maps = [
            tanh(dot(flat, [image[i + a][j + b] for a in range(3) for b in range(3)]))
            for i in range(4)
            for j in range(4)
        ]
        return sum([m * m for m in maps])

    return compile(f, parameters=[w for row in kernel for w in row]), [RNG.normal(size=(5, 6, 6))]


def recurrent() -> tuple[Any, list[Any]]:
    W, U = table(4, 2), table(4, 4)

    def f(sequence: Any) -> Any:
        h = [0.1] * 4
        for x in sequence:
            h = [tanh(dot(W[i], x) + dot(U[i], h)) for i in range(4)]
        return sum([z * z for z in h])

    flat = [w for weights in (W, U) for row in weights for w in row]
    return compile(f, parameters=flat), [RNG.normal(size=(5, 3, 2))]


def unusual() -> tuple[Any, list[Any]]:
    w = Value(0.7, "w")

    def f(xs: Any, i: Any) -> Any:
        chosen = select(i, [x * w for x in xs])
        bounds = clip(chosen, -1.0, 0.5) + hypot(chosen, 0.25) + xlogy(xs[0].square(), 3.0)
        both = where(step_function(chosen - 0.1), chosen.exp(), 2.0)
        return bounds * both + maximum(*xs, 0.5) - minimum(*xs) + logsumexp(xs) + erfc(w)

    return compile(f, parameters=[w]), [RNG.normal(size=(7, 4)), np.arange(7) % 4]


def gathered() -> tuple[Any, list[Any]]:
    weights = table(20, 3)
    places = RNG.integers(0, 30, size=(20, 3)).tolist()

    def f(xs: Any) -> Any:
        rows = zip(weights, places, strict=True)
        return sum([tanh(dot(row, [xs[i] for i in at])) for row, at in rows])

    return compile(f, parameters=[w for row in weights for w in row]), [RNG.normal(size=(4, 30))]


def several_arguments() -> tuple[Any, list[Any]]:
    def f(x: Any, tables: Any, y: Any) -> Any:
        return x * sum([dot(row, row) for row in tables]) + y ** tables[1][2] + 2.0**x

    program = compile(f, argnum=(1, 0, 2))
    return program, [RNG.normal(size=5), RNG.normal(size=(5, 2, 3)), RNG.uniform(0.5, 2, size=5)]


PROGRAMS = [
    network,
    labels,
    convolution,
    recurrent,
    unusual,
    gathered,
    several_arguments,
]
each_program = pytest.mark.parametrize("make", PROGRAMS, ids=[f.__name__ for f in PROGRAMS])


def flat(found: Any) -> list[Any]:
    """The arrays of a result, NumPy's, whatever they were."""
    parts = found if isinstance(found, list | tuple) else [found]
    return [np.asarray(x) for part in parts for x in (part if isinstance(part, tuple) else [part])]


def expected(program: Any, columns: list[Any]) -> list[Any]:
    return [*flat(program(*columns)), *flat(program.value_and_grad(*columns))]


def agree(found: list[Any], wanted: list[Any], eps: float = 1e-13) -> None:
    assert len(found) == len(wanted)
    for x, y in zip(found, wanted, strict=True):
        assert x.shape == y.shape
        assert x.dtype == y.dtype
        size = np.abs(y[np.isfinite(y)]).max(initial=1.0)
        assert np.allclose(x, y, rtol=eps, atol=eps * size, equal_nan=True)


def of_row(row: Primitive) -> tuple[Any, list[Any]]:
    """A program of one row, on points of its domain, and where it has them on its kinks."""
    count = row.arity or 4
    domain = row.domain if len(row.domain) == count else row.domain * count
    free = count - row.constants
    constants = [0.5 * (low + high) for low, high in domain[free:]]
    columns = [RNG.uniform(max(low, -6.0), min(high, 6.0), size=9) for low, high in domain[:free]]
    for place, (point, _) in enumerate(row.subgradients):
        if len(point) == count and list(point[free:]) == constants and place < 9:
            for column, x in zip(columns, point[:free], strict=True):
                column[place] = x
    return compile(lambda *xs: apply(row, (*xs, *constants)), argnum=tuple(range(free))), columns


def in_numpy(program: Any, columns: list[Any]) -> list[Any]:
    given = [program.theta, *columns] if program.parameters else columns
    elsewhere = program.on(np)
    with np.errstate(all="ignore"):
        return [*flat(elsewhere.value(*given)), *flat(elsewhere.value_and_grad(*given))]


# In NumPy, always ---------------------------------------------------------------------------


@each_program
def test_the_text_gives_what_the_program_gives(make: Callable[[], Any]) -> None:
    program, columns = make()
    wanted = expected(program, columns)
    agree(in_numpy(program, columns), wanted)


@each_row
def test_the_text_of_every_row_gives_what_the_row_gives(row: Primitive) -> None:
    program, columns = of_row(row)
    wanted = expected(program, columns)
    agree(in_numpy(program, columns), wanted)


@each_row
def test_the_text_of_every_row_keeps_single_precision(row: Primitive) -> None:
    program, columns = of_row(row)
    program(*columns)
    found = in_numpy(program, [c.astype(np.float32) for c in columns])
    assert {x.dtype for x in found} == {np.dtype(np.float32)}


def test_the_text_keeps_single_precision_with_parameters() -> None:
    program, columns = network("float32")
    single = [c.astype(np.float32) for c in columns]
    wanted = program.value_and_grad(*single)[1]
    _, mean, slopes = in_numpy(program, single)
    assert (mean.dtype, slopes.dtype) == (np.float32, np.float32)
    assert slopes == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_the_portable_functions_are_those_of_the_table_at_the_edges_of_the_floats() -> None:
    from autograd.compile.backends.definitions import PORTABLE

    edges = [-np.inf, -750.0, -30.0, -5.0, -4.0, -0.5, -1e-300, -0.0]
    x = np.array([*edges, *[-e for e in edges], np.nan, 1e300, 5e-324, 26.5])
    y = np.roll(x, 3)
    with np.errstate(all="ignore"):
        for ours, portable in PORTABLE.items():
            name = portable.__name__
            taken = {"where_array": [x, y, x], "equal_array": [x, y], "logsumexp_array": [x, y]}
            given = taken.get(name, [x])
            found, wanted = portable(*given), ours(*given)
            assert np.allclose(found, wanted, rtol=2e-15, atol=1e-307, equal_nan=True), name
    for portable in PORTABLE.values():
        assert portable.__doc__


def test_the_text_uses_only_names_that_other_namespaces_have() -> None:
    """What PyTorch 2 and JAX have beside NumPy; the tests below run the texts there."""
    shared = {
        *["abs", "absolute", "amax", "amin", "arccos", "arccosh", "arcsin", "arcsinh", "arctan"],
        *["arctan2", "arctanh", "asarray", "broadcast_to", "clip", "concat", "cos", "cosh", "exp"],
        *["expm1", "floor", "full", "full_like", "hypot", "inf", "isfinite", "isnan", "isneginf"],
        *["log", "log1p", "log2", "maximum", "mean", "minimum", "moveaxis", "nan", "negative"],
        *["ones_like", "pow", "reciprocal", "sign", "signbit", "sin", "sinh", "sqrt", "square"],
        *["stack", "sum", "tan", "tanh", "where", "zeros", "zeros_like"],
        # For rows to come.
        *["ceil", "copysign", "deg2rad", "exp2", "fmax", "fmin", "fmod", "log10", "logaddexp"],
        *["logaddexp2", "rad2deg", "round", "sinc", "trunc"],
    }
    used: set[str] = set()
    for program, columns in [*[make() for make in PROGRAMS], *map(of_row, ROWS)]:
        program(*columns)
        used.update(re.findall(r"\bnp\.(\w+)", program.source))
    assert {"exp", "where", "full"} <= used
    assert used <= shared, used - shared


def test_bound_leaves_the_import_to_whoever_gives_the_namespace() -> None:
    class Missing:
        pass

    functions = bound("import numpy as np\ndef value(x):\n    return np.exp(x)\n", Missing)
    with pytest.raises(AttributeError, match="exp"):
        functions.value(1.0)


# Elsewhere ----------------------------------------------------------------------------------


def in_torch(program: Any, columns: list[Any]) -> list[Any]:
    torch = pytest.importorskip("torch")
    given = [torch.from_numpy(c) for c in columns]
    if program.parameters:
        given.insert(0, torch.from_numpy(program.theta))
    elsewhere = program.on(torch)
    return [*flat(elsewhere.value(*given)), *flat(elsewhere.value_and_grad(*given))]


def in_jax(program: Any, columns: list[Any]) -> list[Any]:
    jax = pytest.importorskip("jax")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        elsewhere = program.on(importlib.import_module("jax.numpy"))
        given = [program.theta, *columns] if program.parameters else columns
        value = jax.jit(elsewhere.value)(*given)
        return [*flat(value), *flat(jax.jit(elsewhere.value_and_grad)(*given))]
    finally:
        jax.config.update("jax_enable_x64", before)


ELSEWHERE = pytest.mark.parametrize(
    "run",
    [
        pytest.param(in_torch, marks=pytest.mark.tools),
        pytest.param(in_jax, marks=pytest.mark.engines),
    ],
    ids=["torch", "jax"],
)


@pytest.mark.bench
@ELSEWHERE
@each_program
def test_programs_run_elsewhere(run: Callable[..., Any], make: Callable[[], Any]) -> None:
    program, columns = make()
    wanted = expected(program, columns)
    agree(run(program, columns), wanted, 1e-12)


@pytest.mark.bench
@ELSEWHERE
@each_row
def test_every_row_runs_elsewhere(run: Callable[..., Any], row: Primitive) -> None:
    program, columns = of_row(row)
    wanted = expected(program, columns)
    # XLA's own functions are good to some tens of ulp.
    agree(run(program, columns), wanted, 1e-11)


def test_counts_fit_where_numpy_counts_in_32_bits(monkeypatch):
    """On such platforms `repeat` and `bincount` refuse counts that are not safely cast."""

    def checked(function, place):
        def call(*arguments, **keywords):
            counts = np.asarray(arguments[place])
            assert counts.dtype.kind == "b" or np.can_cast(counts.dtype, np.int32), counts.dtype
            return function(*arguments, **keywords)

        return call

    def net(xs, t):
        hidden = [dot([x * 0.5 + 1.0, x], [x, 2.0]) for x in xs]
        total = sum(hidden) - hidden[0] - hidden[0] + logsumexp(hidden)
        return (total - t) ** 2 + select(1, hidden)

    arguments = np.ones((3, 4)), np.ones(3)
    expected = compile(net).value_and_grad(*arguments)
    monkeypatch.setattr(np, "intp", np.int32)
    monkeypatch.setattr(np, "repeat", checked(np.repeat, 1))
    monkeypatch.setattr(np, "bincount", checked(np.bincount, 0))
    program = compile(net)
    assert np.array_equal(program.value_and_grad(*arguments)[0], expected[0])
    assert program.source
    weights = [Value(0.1 * i) for i in range(12)]
    layer = compile(
        lambda xs: sum([dot(weights[4 * i : 4 * i + 4], xs) for i in range(3)]),
        parameters=weights,
    )
    layer.value_and_grad(np.ones((3, 4)))
