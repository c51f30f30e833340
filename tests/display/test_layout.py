"""The small layout that draws where there is no Graphviz: nothing on top of anything else."""

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd.display.writers.layout as layout
from autograd import Value, clip, draw, relu
from autograd.check.strategies import programs
from autograd.display.writers.measure import text_width
from autograd.display.writers.settle import settle
from autograd.display.writers.svg import svg_of
from nn import MLP


def expression():
    """micrograd's README expression."""
    a, b = Value(-4.0, "a"), Value(2.0, "b")
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + relu(b + a)
    d = d + 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    g.label = "g"
    g.backward()
    return g


def network():
    (y,) = MLP([2, 4, 1])([Value(0.5, "x1"), Value(-1.0, "x2")])
    loss = (y - 1.0) ** 2
    loss.backward()
    return loss


def chain(length):
    x = Value(1.0, "x")
    z = x
    for _ in range(length):
        z = z * x
    return z


GRAPHS = [lambda: Value(1.0), expression, network, lambda: chain(30)]
each_graph = pytest.mark.parametrize("build", GRAPHS, ids=["leaf", "micrograd", "network", "chain"])


def overlaps(a, b):
    return (
        a.layer == b.layer
        and abs(a.y - b.y) < (a.height + b.height) / 2 - 1e-6
        and min(a.width, b.width) > 0
    )


@each_graph
def test_boxes_and_numbers_of_a_layer_do_not_overlap(build):
    rows, _ = layout.arrange(draw(build()).picture)
    for row in rows:
        assert not [1 for a, b in itertools.combinations(row, 2) if overlaps(a, b)]


@given(programs())
def test_no_random_program_makes_boxes_overlap(program):
    z = program(*[Value(x, f"x{i}") for i, x in enumerate(program.point)])
    if isinstance(z, Value):
        rows, _ = layout.arrange(draw(z).picture)
        for row in rows:
            for a, b in itertools.pairwise(sorted(row, key=lambda item: item.y)):
                assert not overlaps(a, b)


@each_graph
def test_every_arrow_runs_from_left_to_right(build):
    picture = draw(build()).picture
    _, routes = layout.arrange(picture)
    assert len(routes) == len(picture.arrows)
    for arrow, route in zip(picture.arrows, routes, strict=True):
        assert (route[0].box.name, route[-1].box.name) == (arrow.tail, arrow.head)
        layers = [item.layer for item in route]
        assert layers == sorted(set(layers))


@each_graph
def test_boxes_and_numbers_have_layers_of_their_own(build):
    rows, _ = layout.arrange(draw(build()).picture)
    for i, row in enumerate(rows):
        for item in row:
            assert item.box is None or i % 2 == 0
            assert item.width == 0 or item.box is not None or i % 2 == 1


@each_graph
def test_everything_lies_inside_the_page(build):
    root = ET.fromstring(svg_of(draw(build()).picture))
    width, height = map(float, root.get("viewBox").split()[2:])
    for element in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, y = float(element.get("x", 0)), float(element.get("y", 0))
        assert 0 <= x <= x + float(element.get("width")) <= width
        assert 0 <= y <= y + float(element.get("height")) <= height
    for element in root.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(element.get("x")) <= width
        assert 0 <= float(element.get("y")) <= height


@each_graph
def test_text_fits_its_box(build):
    """By a measure of its own, the widths of DejaVu Sans, the widest of the usual fonts."""
    for row in layout.arrange(draw(build(), direction="right").picture)[0]:
        for item in row:
            if item.box is not None:
                for name, text, _ in item.box.rows:
                    assert text_width(name, 10) + text_width(text, 11) < item.width


def test_an_operation_is_never_broken_within_its_numbers_in_any_language():
    drawing = draw(clip(Value(2.0), 4.0687, 51.099))
    for text in (svg_of(drawing.picture), drawing.source, drawing.tikz):
        assert ", 4.069, 51.1)" in text


def test_the_same_picture_gives_the_same_svg():
    assert svg_of(draw(expression()).picture) == svg_of(draw(expression()).picture)


def test_a_chain_is_drawn_straight():
    x = Value(0.5, "x")
    z = x
    for _ in range(8):
        z = z.sin()
    rows, _ = layout.arrange(draw(z).picture)
    assert len({round(item.y, 3) for row in rows for item in row}) == 1


def test_leaves_stand_just_before_their_first_use():
    x = Value(0.5, "x")
    z = x.sin().cos().tanh() * Value(2.0, "late")
    rows, _ = layout.arrange(draw(z).picture)
    layer = {item.box.title or item.box.operation: item.layer for row in rows for item in row
             if item.box}  # fmt: skip
    assert layer["late"] == layer["×"] - 2


def test_long_arrows_do_not_make_a_million_bends():
    x = Value(0.5, "x")
    nodes = [x]
    for _ in range(600):
        nodes.append(nodes[-1].sin())
    z = nodes[-1]
    for node in nodes[:-1]:
        z = z + node
    rows, _ = layout.arrange(draw(z, expand=True).picture)
    assert sum(map(len, rows)) < 20_000


def test_the_layout_stays_small():
    """The last resort, not a second dot: at most 150 lines."""
    source = Path(layout.__file__).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 150


def test_settling_keeps_order_and_distance_and_is_nearest_in_least_squares():
    items = [layout.Item(0, height=10.0, gap=2.0) for _ in range(4)]
    settle(items, [0.0, 0.0, 100.0, 50.0])
    ys = [item.y for item in items]
    assert ys == [-6.0, 6.0, 69.0, 81.0]


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12),
    st.lists(st.floats(1.0, 50.0), min_size=12, max_size=12),
)
def test_settled_items_never_overlap(wanted, heights):
    items = [layout.Item(0, height=h) for h in heights[: len(wanted)]]
    settle(items, wanted)
    for a, b in itertools.pairwise(items):
        assert b.y - a.y >= (a.height + b.height) / 2 + a.gap - 1e-6


@pytest.mark.parametrize("direction", ["right", "down"])
def test_numbers_stand_on_their_arrows_and_meet_no_box(direction):
    picture = draw(network(), expand=True, direction=direction).picture
    root = ET.fromstring(svg_of(picture))
    rects = {"node": [], "edge": []}
    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        for r in group.iter("{http://www.w3.org/2000/svg}rect"):
            x, y, w, h = (float(r.get(k)) for k in ("x", "y", "width", "height"))
            rects[group.get("class")].append((x, y, x + w, y + h))
    assert len(rects["edge"]) == len(picture.arrows)
    for a in rects["edge"]:
        for b in rects["node"]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_wide_characters_are_measured_wide():
    assert text_width("漢字", 10) > text_width("abcd", 10) * 0.9
    assert text_width("e\u0301", 10) == text_width("e", 10)
    assert re.search(r'width="\d+"', svg_of(draw(Value(1.0, "漢字" * 10)).picture))
