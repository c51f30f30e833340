"""The rows in JavaScript are the rows: value and partials of each, in node and in Chromium."""

import json
import math
import re
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import pytest

from autograd import Primitive, Value, lookup
from autograd.compile.backends.javascript import row_script
from autograd.engine.primitives import apply
from autograd.pages import rows
from support.javascript import Job, engines, node, runner
from support.rows import EPS, ROWS, domains, each_row, edge_points

# How far values lie from Python's at most, in units in the last place, as measured at 6,000 points
# of each domain. Those of 0 are made of operations that everybody rounds alike; a logsumexp that is
# nearly 0 is a difference.
_REACHED = {
    0: "add sub mul neg div reciprocal square sqrt xdivy cathetus abs sign step equal relu share"
    " leaky_relu clip where maximum minimum sum dot select",
    1: "power pow exp expm1 log log1p log2 sin cos tan asin acos atan cosh asinh acosh atanh"
    " atan2 elu",
    2: "xlogy sinh tanh direction erf sigmoid softplus silu hypot",
    4: "power_log sech_squared erfc gelu",
    16: "logsumexp",
}
ULPS = {name: ulps for ulps, names in _REACHED.items() for name in names.split()}
# Of partials, each of which is made of some rows, in units of its last place where it is large.
PARTIAL_ULPS = 16

POINTS = 200


def counts(row: Primitive) -> list[int]:
    """How many operands to test a row with."""
    if row.arity is not None:
        return [row.arity]
    return [2, 4, 6] if row.paired else [2, 3, 5]


def points(row: Primitive, count: int) -> list[tuple[float, ...]]:
    """Return points of a row's domain, its kinks, and numbers at the ends of the floats."""
    generator = np.random.default_rng([ord(letter) for letter in row.name])
    lows, highs = np.transpose(domains(row, count))
    found = [tuple(x) for x in generator.uniform(lows, highs, (POINTS, count)).tolist()]
    found += [at for at, _ in row.subgradients if len(at) == count]
    edges = [point for point in edge_points(row) if len(point) == count]
    return found + edges if row.arity is not None else found + edges + ties(row, count)


def ties(row: Primitive, count: int) -> list[tuple[float, ...]]:
    ends = [0.0, -0.0, 1.0, math.inf, -math.inf, math.nan, 1e308, 5e-324]
    cycle = [ends[(i * i + k * (i + 1)) % len(ends)] for k in range(16) for i in range(count)]
    mixed = [tuple(cycle[k * count : (k + 1) * count]) for k in range(16)]
    return [*[(x,) * count for x in ends], *mixed]


def is_same(x: float, y: float) -> bool:
    """Whether two floats are the same number, signs of zeros included, or both are none."""
    return x == y and math.copysign(1.0, x) == math.copysign(1.0, y) if x == x else y != y


def numbers(row: Primitive, point: Sequence[float]) -> list[float]:
    """A row's value and its partials."""
    z = row.function(*point)
    return [z, *map(float, row.partials(z, *point))]


def moved(row: Primitive, point: Sequence[float], k: int) -> float:
    """How far a partial moves when one operand does by a tenth: a zero of it has no digits."""
    here, largest = numbers(row, point)[1 + k], 0.0
    for i, x in enumerate(point):
        there = numbers(row, [*point[:i], 1.1 * x, *point[i + 1 :]])[1 + k]
        largest = max(largest, abs(there - here)) if math.isfinite(there) else largest
    return largest


@engines
def test_values_and_partials_of_every_row_are_those_of_python(
    engine: str, request: pytest.FixtureRequest
) -> None:
    run = runner(engine, request)
    cases = [(row, count, points(row, count)) for row in ROWS for count in counts(row)]
    jobs: list[Job] = [
        (rows.standing_alone(row_script(row, count, rows.is_spelt)), at) for row, count, at in cases
    ]
    wrong: list[str] = []
    for (row, _, everywhere), found in zip(cases, run(jobs), strict=True):
        for point, (z, *partials) in zip(everywhere, found, strict=True):
            value, *slopes = numbers(row, point)
            if not (is_same(z, value) or _ulps(z, value, abs(value)) <= ULPS.get(row.name, 4)):
                wrong.append(f"{row.name}{point} is {z!r}, not {value!r}")
            for k, (d, slope) in enumerate(zip(partials, slopes, strict=True)):
                if is_same(d, slope) or _ulps(d, slope, abs(slope)) <= PARTIAL_ULPS:
                    continue
                if not _ulps(d, slope, abs(slope) + moved(row, point, k)) <= PARTIAL_ULPS:
                    wrong.append(f"partial {k} of {row.name}{point} is {d!r}, not {slope!r}")
    assert wrong == []


def _ulps(x: float, y: float, size: float) -> float:
    """How far apart two numbers are in the units of a size; infinitely if one is none, or is 0."""
    if not (math.isfinite(x) and math.isfinite(y)) or (size == abs(y) and not (x and y)):
        return math.inf
    return abs(x - y) / max(math.ulp(size), EPS * size / 2.0)


@each_row
def test_every_row_can_be_computed_in_a_page(row: Primitive) -> None:
    for count in counts(row):
        missing = row_script(row, count, rows.is_spelt).missing
        assert not missing, (
            f"{' and '.join(missing)} can be computed by no page: write a function of that name in "
            "autograd/pages/rows.js, at the margin, that gives what the one in Python gives"
        )


def test_a_row_without_a_function_in_javascript_is_named() -> None:
    script = row_script(lookup("relu"), 1, lambda row: row is not lookup("step"))
    assert (script.text, script.missing) == ("", ("step",))


def test_every_function_of_the_file_serves_a_row() -> None:
    called = [row.name for row in ROWS if not row.operator]
    assert rows.functions_for(called) == "\n".join(rows.definitions().values())


def test_operators_have_no_function() -> None:
    assert [row.name for row in ROWS if row.operator and row.name in rows.definitions()] == []


def test_the_file_holds_nothing_but_definitions_and_comments() -> None:
    text = (files("autograd.pages") / "rows.js").read_text(encoding="utf-8")
    text = re.sub(r"^ *//.*\n", "", text, flags=re.MULTILINE)
    for definition in rows.definitions().values():
        assert definition in text
        text = text.replace(definition, "")
    assert text.split() == []


def test_no_name_of_a_definition_is_used_for_anything_else() -> None:
    """So that a page carries what it needs, and names in texts need no parser."""
    for name, text in rows.definitions().items():
        own = re.findall(r"\b(?:const|let) \[?(\w+)(?:, (\w+))?", text)
        arguments = re.findall(r"\w+", "".join(re.findall(r"function \w+\(([^)]*)\)", text)))
        inner = {word for pair in own for word in pair if word} | set(arguments)
        assert inner & set(rows.definitions()) <= {name}


def test_each_definition_runs_with_what_it_is_given_and_no_more() -> None:
    texts = [
        f'(() => {{ "use strict";\n{rows.functions_for([name])}\nreturn typeof {name}; }})()'
        for name in rows.definitions()
    ]
    kinds = json.loads(node(f"console.log(JSON.stringify({json.dumps(texts)}.map((0, eval))))"))
    assert set(kinds) == {"function", "object"}


def test_a_row_of_a_users_is_not_taken_for_one_that_ships() -> None:
    own = Primitive("tanh", lambda x: x, lambda z, x: (1.0,))
    assert not rows.is_spelt(own)
    assert not rows.is_spelt(Primitive("erf_middle", lambda x: x, lambda z, x: (1.0,)))
    script = rows.script_of(apply(own, (Value(3.0),)))
    assert (script.calls, script.missing) == ((), ())


def test_a_page_carries_only_the_functions_it_calls() -> None:
    text = rows.standing_alone(rows.script_of(Value(2.0).sigmoid()))
    carried = re.findall(r"^(?:function|const) (\w+)", text, re.MULTILINE)
    assert carried == ["sech_squared", "sigmoid", "program"]
