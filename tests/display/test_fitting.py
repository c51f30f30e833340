"""Default pictures fit where they are shown, whoever draws them, and say how to see all."""

import re

import pytest
from hypothesis import given

import autograd as ag
from autograd import Value, draw, draw_update, order
from autograd.check.strategies import programs
from autograd.display.picture.style import LEAST_TEXT, MOST_HIGH, MOST_WIDE
from autograd.display.writers.graphviz import available
from autograd.display.writers.svg import svg_of
from support.pictures import example, network


def size(svg):
    """Width and height in CSS pixels, and the smallest text as it is shown."""
    opening = svg[: svg.index(">")]
    wide, unit = re.search(r'width="([\d.]+)(pt)?"', opening).groups()
    high = float(re.search(r'height="([\d.]+)', opening)[1])
    across = float(re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+)', opening)[1])
    pixels = 4 / 3 if unit else 1.0
    texts = [float(x) for x in re.findall(r'font-size="([\d.]+)', svg)]
    return float(wide) * pixels, high * pixels, min(texts) * float(wide) / across * pixels


def assert_fits(z):
    drawing = draw(z)
    for svg in {drawing.svg, svg_of(drawing.picture)}:
        wide, high, text = size(svg)
        assert wide <= MOST_WIDE + 1
        assert high <= MOST_HIGH + 1
        assert text >= LEAST_TEXT - 0.1
    return drawing


def chain(n):
    z = Value(0.5, "x")
    for _ in range(n):
        z = z.tanh()
    z.backward()
    return z


def fan(n):
    x = Value(0.3, "x")
    z = Value(0.0, "w")
    for i in range(n):
        z = z + Value(i / n, f"w{i}") * x
    z.backward()
    return z


def total(n):
    z = ag.sum([Value(i / n, f"x{i}") for i in range(n)])
    z.backward()
    return z


GRAPHS = {
    "example": lambda: example()[0],
    "[2,1]": lambda: network((2, 1))[0],
    "[2,2,1]": lambda: network((2, 2, 1))[0],
    "[2,4,1]": lambda: network((2, 4, 1))[0],
    "[2,16,16,1]": lambda: network((2, 16, 16, 1))[0],
    "[64,16,10]": lambda: network((64, 16, 10))[0],
    "chain 10": lambda: chain(10),
    "chain 400": lambda: chain(400),
    "fan 1000": lambda: fan(1000),
    "sum 1000": lambda: total(1000),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_default_picture_fits_where_it_is_shown(name):
    z = GRAPHS[name]()
    drawing = assert_fits(z)
    if len(drawing.picture.boxes) < len(order(z)):
        assert any("expand=True shows" in note for note in drawing.picture.notes)


@given(programs())
def test_a_default_picture_of_any_program_fits(program):
    z = program(*[Value(x, f"x{i}") for i, x in enumerate(program.point)])
    if isinstance(z, Value):
        z.backward()
        assert_fits(z)


def test_numbers_stand_on_every_edge_of_a_small_graph():
    for z in (example()[0], network((2, 1))[0], network((2, 2, 1))[0], chain(12)):
        picture = draw(z).picture
        assert sum(v.op is not None for v in order(z)) <= 12
        assert picture.labelled
        assert len(picture.boxes) == len(order(z))


def test_a_wide_fan_is_grouped_and_its_arrow_says_how_many():
    picture = draw(total(1000)).picture
    assert [box.title for box in picture.boxes] == ["1,000 leaves", ""]
    assert picture.arrows[0].values == 1000
    boxes = draw(fan(1000)).picture.boxes
    assert [box.title for box in boxes if box.kind == "group"][-1] == "sum"
    assert len(boxes) <= 5


def test_a_picture_runs_as_it_is_told_to():
    z = chain(3)
    for right, down in (("right", "down"), ("LR", "TB")):
        assert "rankdir=LR" in draw(z, direction=right).source
        assert "rankdir=TB" in draw(z, direction=down).source
        assert draw(z, direction=down).mermaid.startswith("flowchart TB")
    assert "rankdir=TB" in draw(chain(10)).source
    with pytest.raises(ValueError, match=r'"auto", "right" .* or "down"'):
        draw(z, direction="up")


def test_a_small_graph_is_shown_in_the_same_way_before_and_after_a_step():
    def drawn(x):
        z = Value(x, "x")
        for _ in range(7):
            z = z * Value(x, "w") + 1.0
        z.backward()
        return draw(z)

    assert draw_update(drawn(0.5), drawn(0.4862913)).picture.boxes


def test_a_png_has_as_many_pixels_as_asked_for():
    if not available():
        pytest.skip("a PNG needs Graphviz")

    def wide(scale):
        return int.from_bytes(draw(chain(2), scale=scale).content("png")[16:20], "big")

    assert wide(2) == pytest.approx(2 * wide(1), abs=2)
    assert wide(0.5) == pytest.approx(wide(1) / 2, abs=2)
    for bad in (0, 11, float("nan")):
        with pytest.raises(ValueError, match="scale"):
            draw(chain(2), scale=bad)
    with pytest.raises(TypeError, match="scale"):
        draw(chain(2), scale="2x")


def test_a_near_miss_of_a_part_is_named():
    loss = network((2, 3, 1))[0]
    with pytest.raises(ValueError, match=r"did you mean 'layers\.1'"):
        draw(loss, expand="layers.7")
    with pytest.raises(ValueError, match=r"did you mean 'layers\.0'"):
        draw(loss, expand="layrs.0")
