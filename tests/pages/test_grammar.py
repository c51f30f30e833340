"""The grammar in a page is the command's: the same graphs, numbers, names and words for faults."""

import json
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from autograd import Primitive, Value, parse
from autograd.display.chain.passes import Walk
from autograd.display.chain.terms import figure
from autograd.display.format import number_text
from autograd.engine.primitives import TABLE
from autograd.expression import ExpressionError
from autograd.pages.grammar import grammar_script
from autograd.pages.rows import MOST_OPERANDS, standing_alone, without_comments
from support.chains import compare
from support.expressions import corpus
from support.javascript import node, number

# What each text is in a page: a graph with its numbers, or the whole error.
_RUN = """
const told = (x) => (typeof x === "number" ? (Object.is(x, -0) ? "-0" : String(x))
  : Array.isArray(x) ? x.map(told) : x && typeof x === "object"
    ? Object.fromEntries(Object.entries(x).map(([k, part]) => [k, told(part)])) : x);
process.stdout.write(JSON.stringify(CORPUS.map(([text, values]) => {
  try {
    const graph = parse(text, values);
    const numbers = chain(graph.nodes, graph.leaves);
    return { rows: graph.nodes.map((n) => n && n.row), labels: graph.labels,
      operands: graph.nodes.map((n) => (n ? n.operands : [])), numbers: told(numbers) };
  } catch (fault) {
    return { fault: fault instanceof Fault ? String(fault) : fault.stack,
      position: fault.position };
  }
})));
"""


def said(text: str, values: dict[str, float]) -> Walk | tuple[str, int | None]:
    try:
        return Walk(parse(text, **values))
    except ExpressionError as error:
        return str(error), error.position


Case = tuple[str, Any, dict[str, Any]]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Each text, what Python makes of it, and what a page does."""
    script = standing_alone(grammar_script())
    opened = script.rpartition("\nreturn parse;")[0]
    found = json.loads(node(f"{opened}\nconst CORPUS = {json.dumps(corpus())};\n{_RUN}}})()"))
    pairs = zip(corpus(), found, strict=True)
    return [(text, said(text, given), page) for (text, given), page in pairs]


def test_the_corpus_has_good_and_bad_in_hundreds(cases: list[Case]) -> None:
    good = [page for _, _, page in cases if "fault" not in page]
    assert len(good) >= 300
    assert len(cases) - len(good) >= 300


def test_faults_are_said_and_pointed_at_as_the_command_does(cases: list[Case]) -> None:
    wrong = [
        (text[:80], page.get("fault"), wanted)
        for text, wanted, page in cases
        if not isinstance(wanted, Walk) and (page.get("fault"), page.get("position")) != wanted
    ]
    assert wrong == []


def test_graphs_are_those_of_python(cases: list[Case]) -> None:
    for text, walk, page in cases:
        if not isinstance(walk, Walk):
            continue
        assert page.get("labels") == [v.label for v in walk.nodes], (text, page)
        assert page["rows"] == [v.op and v.op.name for v in walk.nodes], text
        assert [places(xs) for xs in page["operands"]] == [
            places([walk.place[x] if isinstance(x, Value) else x for x in v.args])
            for v in walk.nodes
        ], text


def places(operands: list[Any]) -> list[int | None]:
    """The places of the nodes among operands; None for a number."""
    return [x if isinstance(x, int) else None for x in operands]


def test_all_numbers_are_those_of_python(cases: list[Case]) -> None:
    wrong = [
        (text, fault)
        for text, walk, page in cases
        if isinstance(walk, Walk)
        for fault in compare(walk, numbers(page["numbers"]))
    ]
    assert wrong == []


def numbers(found: dict[str, list[str]]) -> dict[str, list[float]]:
    return {name: [float(x) for x in xs] for name, xs in found.items()}


def test_numbers_are_written_as_python_writes_them() -> None:
    generator = random.Random(7)
    found = [generator.uniform(-1, 1) * 10.0 ** generator.randrange(-30, 30) for _ in range(3_000)]
    found += [round(x, k) for x in found[:500] for k in (0, 1, 3)]
    found += [n / 2**k for n in range(-40, 4_000_001, 61_001) for k in (0, 1, 2, 9)]
    found += [123456.5, 1234565.0, 0.5, 2.5e-5, 1e16, 1e15, 1e-4, 1e-5, 999999.5, 9999.5, 1e9, 1e6]
    found += [5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 0.0, -0.0, 1e22, 1e21]
    opened = "".join(map(without_comments, ("numbers.js", "figures.js")))
    texts = [number(x) for x in found]
    for name, ours in (("exactText", repr), ("brief", number_text), ("figure", figure)):
        run = f"[{', '.join(texts)}].map({name})"
        told = json.loads(node(f"{opened}\nprocess.stdout.write(JSON.stringify({run}))"))
        assert told == [ours(x) for x in found]


def test_a_page_says_which_rows_it_cannot_compute() -> None:
    twice = Primitive("twice_of", lambda x: 2.0 * math.fabs(x), lambda z, x: (2.0,))
    with entered(twice):
        assert fault_of("twice_of(x)") == (
            "twice_of: there is no JavaScript for twice_of: it cannot be computed in a page"
        )
    many = f"sum([{', '.join(['x'] * (MOST_OPERANDS + 1))}])"
    assert fault_of(many) == f"sum: a page computes sum of at most {MOST_OPERANDS} operands"


@contextmanager
def entered(row: Primitive) -> Iterator[None]:
    TABLE[row.name] = row
    try:
        yield
    finally:
        del TABLE[row.name]


def fault_of(text: str) -> str:
    """What a page says of a text of x, without the line."""
    opened = standing_alone(grammar_script()).rpartition("\nreturn parse;")[0]
    run = f"try {{ parse({json.dumps(text)}, {{ x: 1 }}); }} catch (e) {{ out = e.reason; }}"
    return node(f"let out = ''; {opened}\n{run}}})(); process.stdout.write(out)")
