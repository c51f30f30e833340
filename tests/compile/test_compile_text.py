"""The text of a program: it runs as it stands, gives the program's numbers, and names things."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from autograd import Value, compile, dot, grad, tanh
from autograd.check.strategies import RandomProgram, programs
from autograd.engine.primitives import Primitive, apply
from nn import MLP, half_squared_error
from support.roundings import apart
from support.rows import ROWS, counts, domains


def points(row: Primitive, count: int) -> list[list[float]]:
    """Three points inside the domain of a row, one list for each variable operand."""
    inside = domains(row, count)[: count - row.constants]
    return [
        [low + share * (high - low) for share in (0.3, 0.55, 0.8)]
        for low, high in (
            (low + 0.01 * k * (high - low), high) for k, (low, high) in enumerate(inside)
        )
    ]


@given(program=programs())
def test_random_programs_run_when_pasted(program: RandomProgram) -> None:
    count = len(program.point)
    compiled = compile(program, argnum=tuple(range(count)), shapes=[()] * count)
    columns = [np.array([x, 0.7 * x]) for x in program.point]
    values, slopes = compiled.value_and_grad(*columns)
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    with np.errstate(all="ignore"):
        value, written = scope["value"](*columns), scope["value_and_grad"](*columns)
    assert np.array_equal(value, written[0], equal_nan=True)
    assert not apart(program, columns, [values, *slopes], written)


def test_texts_of_all_rows_run_in_a_fresh_interpreter() -> None:
    """With nothing imported beforehand but what the text itself imports."""
    jobs: list[tuple[str, list[list[float]]]] = []
    wanted: list[list[float]] = []
    for row in ROWS:
        for count in counts(row):
            free = count - row.constants
            last = [(low + high) / 2.0 for low, high in domains(row, count)[free:]]

            def f(*xs: Any, row: Any = row, last: Any = last) -> Any:
                return apply(row, (*xs, *last))

            compiled = compile(f, argnum=tuple(range(free)), shapes=[()] * free)
            columns = points(row, count)
            values, slopes = compiled.value_and_grad(*map(np.array, columns))
            jobs.append((compiled.source, columns))
            wanted.append([*values.tolist(), *[x for s in slopes for x in s.tolist()]])
    code = """
import json, sys
import numpy as np
found = []
for text, arguments in json.load(sys.stdin):
    scope = {}
    exec(text, scope)
    with np.errstate(all="ignore"):
        values, *slopes = scope["value_and_grad"](*map(np.array, arguments))
    found.append([*values.tolist(), *[x for s in slopes for x in s.tolist()]])
assert "autograd" not in sys.modules
print(json.dumps(found))
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    for found, expected in zip(json.loads(run.stdout), wanted, strict=True):
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("row", [row for row in ROWS if row.constants], ids=str)
def test_constants_that_differ_side_by_side_leave_nothing_to_be_written(row: Primitive) -> None:
    """One statement has a constant for each column then, and its slope is the row's rule still."""
    free = counts(row)[0] - row.constants
    inside = domains(row, counts(row)[0])
    each = [[low + share * (high - low) for low, high in inside[free:]] for share in (0.5, 0.6)]

    def f(xs: Any) -> Any:
        return apply(row, (*xs[:free], *each[0])) + apply(row, (*xs[free:], *each[1]))

    point = [low + 0.3 * (high - low) for low, high in inside[:free]] * 2
    program = compile(f, shapes=[(2 * free,)])
    assert "NotImplementedError" not in program.source
    _, slopes = program.on(np).value_and_grad(np.array([point]))
    assert slopes[0] == pytest.approx(grad(f)(point), rel=1e-12)


def test_comments_name_layers_and_labels() -> None:
    model = MLP([3, 4, 2], activation="tanh", seed=0)
    text = compile(
        lambda x, y: half_squared_error(model(x), y), parameters=model, shapes=[(3,), (2,)]
    ).source
    assert "# layers.0" in text
    assert "# layers.1" in text

    W = [[Value(0.1, f"w{j}{i}") for i in range(2)] for j in range(5)]

    def f(x: Any) -> Any:
        hidden = [tanh(dot(row, x)) for row in W]
        for i, h in enumerate(hidden):
            h.label = f"hidden {i}"
        assert hidden[3].label == "hidden 3"
        product = hidden[0] * hidden[1]
        product.label = "product\nimport nothing"
        return product + hidden[2] * hidden[3] * hidden[4]

    text = compile(f, parameters=[w for row in W for w in row], shapes=[(2,)]).source
    assert "# w00 to w41" in text
    assert "# hidden 0 to hidden 4" in text
    compiled = compile(lambda x: f(x) * 2.0, parameters=[w for row in W for w in row])
    assert compiled(np.ones((2, 2))) == pytest.approx(2.0 * (np.tanh(0.2) ** 2 + np.tanh(0.2) ** 3))


def test_labels_stay_on_one_line_of_the_text() -> None:
    w = Value(2.0, "w\nraise SystemExit")

    def f(xs: Any) -> Any:
        z = w * xs[0] + w * xs[1]
        z.label = "sum\nraise SystemExit"
        return z

    program = compile(f, parameters=[w])
    assert program([1.0, 2.0]) == 6.0
    assert "raise SystemExit" in program.source
    scope: dict[str, Any] = {}
    exec(program.source, scope)
    assert scope["value"](np.array([2.0]), np.array([[1.0, 2.0]])).tolist() == [6.0]


def test_a_label_is_a_str() -> None:
    def named_by_number(x: Any) -> Any:
        x.label = 3
        return x

    with pytest.raises(TypeError, match="a label is a str, got int"):
        compile(named_by_number)(1.0)


def test_a_function_of_ones_own_leaves_a_place_in_the_text() -> None:
    own = Primitive("own", lambda x: x + 1.0, lambda z, x: (1.0,))
    text = compile(lambda x: apply(own, (x,)), shapes=[()]).source
    scope: dict[str, Any] = {}
    exec(text, scope)
    with pytest.raises(NotImplementedError, match="put your own own_array here"):
        scope["value"](np.array([[1.0]]))
