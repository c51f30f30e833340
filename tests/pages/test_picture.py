"""The picture that a page draws is the one that Python draws: texts, places, lines and colours."""

import json
import re

import pytest

from autograd import Value, order, parse
from autograd.display.chain.passes import Walk
from autograd.display.chain.terms import Names
from autograd.display.picture.picture import Picture
from autograd.display.writers.svg import svg_of
from autograd.pages import still
from autograd.pages.grammar import grammar_script
from autograd.pages.picture import picture_script
from autograd.pages.rows import standing_alone
from support.expressions import good
from support.javascript import node

MOST = 150
_RUN = """
process.stdout.write(JSON.stringify(CORPUS.map(([text, values]) => {
  const graph = parse(text, values);
  const names = namesOf(graph.labels);
  const { boxes, arrows } = pictureOf(graph, names, chain(graph.nodes, graph.leaves));
  return [names, svgOf(boxes, arrows)];
})));
"""


# Names of two leaves that stand far apart, a chain whose leaf is drawn again, and many crossings.
MORE = [
    ("x" + "*(x" * 30 + ")" * 30, {"x": 1.1}),
    ("u = x*y; tanh(u)" + " + sin(u)" * 20 + " + u", {"x": 1.0, "y": 2.0}),
    ("a = x*y; b = x + y; c = a*b; d = a/b; (c + d)*(a - b)*(x + c)*(y + d)", {"x": 1.5, "y": 2.0}),
    ("clip(-x**3*2, -4, 9)*maximum(x, 1, 2, -7.25)*dot([x, 2], [3, x])", {"x": 0.5}),
    ("select(1, [x, 2, -3.5])*where(x, 2, -1e-9)*logsumexp([1, 2, 3, 4, x])", {"x": 0.5}),
]


@pytest.fixture(scope="module")
def cases() -> list[tuple[str, Value, list[str], str]]:
    """Each text with its graph, and the names and the picture of a page."""
    found = [*good(MOST), *[(text, values, parse(text, **values)) for text, values in MORE]]
    told = json.dumps([[text, values] for text, values, _ in found])
    opened = standing_alone(grammar_script(), picture_script()).rpartition("\nreturn [")[0]
    drawn = json.loads(node(f"{opened}\nconst CORPUS = {told};\n{_RUN}}})()"))
    return [(text, z, *page) for (text, _, z), page in zip(found, drawn, strict=True)]


def test_pictures_are_those_of_python(
    cases: list[tuple[str, Value, list[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(cases) > 300
    seen: list[str] = []

    def watched(picture: Picture) -> str:
        seen.append(svg_of(picture))
        return seen[-1]

    # Before it is written short for a page.
    monkeypatch.setattr(still, "svg_of", watched)

    def picture(z: Value) -> str:
        walk = Walk(z)
        still.still_of(walk, 0, walk.uses, roomy=True)
        return seen.pop()

    wrong = [
        (text, *different[0])
        for text, z, _, drawn in cases
        if (different := differences(drawn, picture(z)))
    ]
    assert wrong == []


def differences(drawn: str, wanted: str) -> list[tuple[str, str]]:
    """The lines that differ by more than a place's last digit."""
    lines = drawn.split("\n"), wanted.split("\n")
    assert len(lines[0]) == len(lines[1])
    return [(a, b) for a, b in zip(*lines, strict=True) if a != b and not is_near(a, b)]


_NUMBER = re.compile(r"-?\d+\.\d")


def is_near(a: str, b: str) -> bool:
    """Whether two lines of SVG differ in nothing but the last digit of places."""
    if _NUMBER.sub("", a) != _NUMBER.sub("", b):
        return False
    pairs = zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=True)
    return all(abs(float(x) - float(y)) < 0.11 for x, y in pairs)


def test_names_are_those_that_steps_print(cases: list[tuple[str, Value, list[str], str]]) -> None:
    for text, z, found, _ in cases:
        names = Names(order(z))
        assert found == [names[v] for v in order(z)], text
