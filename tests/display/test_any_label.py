"""Labels are anybody's text: whatever they are, pictures, formulas and tables stay what they were.

A label may be markup, a script, LaTeX, control characters or a megabyte. It can end nothing early
and begin nothing of its own, in any form that a graph is shown in.
"""

import re
import shutil
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw, draw_update, explain, influence, latex, steps
from autograd.display.shown import slim
from autograd.display.writers import graphviz
from autograd.display.writers.svg import svg_of
from support.formulas import balanced

SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="there is no `dot` here")

PIECES = [
    "<script>alert(1)</script>", "</title>", "]]>", "-->", "<!--", '"', "'", "\\", "\\N", "{", "}",
    "|", "$", "$$", "&amp;", "&", "\n", "\r\n", "\t", "\x00", "\ud800", "🚀", "é", "\u202e", "`",
    "```", "[a](javascript:alert(1))", "![x](http://x)", "<img src=x onerror=alert(1)>", "%", "#",
    "^", "_", "~", "\\href{javascript:alert(1)}{x}", "\\end{aligned}", "*", "1.", "a" * 10_000,
]  # fmt: skip
LABELS = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(codec=None), max_size=8), max_size=6
).map("".join)


def labelled(labels):
    """A graph in which every kind of node has one of two labels, and a leaf of it."""
    x, y = Value(2.0, labels[0]), Value(-3.0, labels[1])
    u = x * y + x
    u.label = labels[1]
    z = u.tanh() + u
    z.label = labels[0]
    z.backward()
    return z, x


both = st.tuples(LABELS, LABELS)


def assert_harmless(svg, drawing):
    root = ET.fromstring(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "g", "a", "title", "polygon", "path", "rect", "text", "tspan", "polyline", "ellipse",
    }  # fmt: skip
    for element in root.iter():
        for name, value in element.items():
            assert not name.startswith("on")
            assert "javascript:" not in value or name.endswith("title")
            assert not name.endswith("href")
    groups = [g for g in root.iter(f"{SVG}g") if g.get("class") == "node"]
    assert len(groups) == len(drawing.picture.boxes)


@given(both)
def test_every_picture_is_well_formed_and_holds_no_script(labels):
    z, x = labelled(labels)
    plain = draw(z)
    for drawing in (
        plain,
        draw(z, highlight=x),
        draw(z, around=x, outputs=[z.args[1]]),
        draw_update(plain, z),
    ):
        assert_harmless(svg_of(drawing.picture), drawing)
        assert len(str(drawing).splitlines()) <= len(drawing.picture.boxes) + 2 * len(
            drawing.picture.arrows
        ) + len(drawing.picture.lines)


@needs_dot
@given(both)
def test_dot_accepts_every_label_also_in_notes(labels):
    z, x = labelled(labels)
    drawing = draw(z, highlight=x)
    rendered = graphviz.render(drawing.source, "svg")
    assert rendered.engine == "dot", rendered.reason
    assert_harmless(slim.inline_svg(rendered.content), drawing)


@given(both)
def test_every_formula_stays_balanced(labels):
    z, x = labelled(labels)
    for formula in (latex(z), steps(z).latex(), explain(z, x).latex(), steps(z)[-1].latex):
        assert balanced(formula)
        assert "$" not in formula.replace(r"\$", "")
        assert not re.search(r"\\(href|url|html|class|style|input|write|def)(?![a-z])", formula)
        assert "%" not in formula.replace(r"\%", "")
        assert formula.count("\\end{aligned}") <= 1
        assert len(formula) < 20_000


@given(both)
def test_every_line_of_text_stays_one_line(labels):
    z, x = labelled(labels)
    walk = steps(z)
    assert len(str(walk).split("\n")) == len(walk) + 2
    assert all("\n" not in str(step) for step in walk)
    explanation = explain(z, x)
    n = len(explanation.paths)
    assert len(re.findall(r"(?m)^sum: ", str(explanation))) == 1
    assert str(explanation).split("\n").index(f"sum: {_sum(explanation)}") in (n + 2, n + 3)
    stranger = Value(1.0, labels[0])
    assert "\n" not in str(explain(z, stranger))
    assert len(str(influence(z)).split("\n")) == 3
    for shown in (str(walk), str(explanation), str(influence(z))):
        shown.encode()
        assert len(shown) < 20_000


def _sum(explanation):
    (line,) = re.findall(r"(?m)^sum: (.*)$", str(explanation))
    return line


@given(both)
def test_every_markdown_table_shows_its_cells_as_they_are(labels):
    mistune = pytest.importorskip("mistune", reason="there is no mistune, which nbconvert brings")
    z, _ = labelled(labels)
    walk = steps(z)
    page = mistune.create_markdown(escape=False, plugins=["table"])(walk.markdown())
    assert not re.search(r"<(?!/?(table|thead|tbody|tr|th|td)\b)[a-z!/]", page)
    shown = [
        re.sub(r"\s+", " ", unescaped(cell)).strip()
        for cell in re.findall(r"<td.*?>(.*?)</td>", page)
    ]
    wanted = [
        re.sub(r"\s+", " ", text.replace("\x00", "\ufffd")).strip()
        for step in walk
        for text in (str(step.number), *step.cells)
    ]
    assert shown == wanted


def unescaped(text):
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text
