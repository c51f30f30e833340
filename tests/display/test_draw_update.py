"""The picture of what a step changed, and labels from the names of a program."""

import html
import math
import re

import numpy as np
import pytest

from autograd import Drawing, StaleGraphError, Value, draw, draw_update, mean, name_locals
from autograd.display.format import number_text
from autograd.display.writers.svg import svg_of
from nn import MLP, SGD, Module
from nn.losses import half_squared_error
from support.pictures import example, network


def rows(drawing, title):
    (box,) = [b for b in drawing.picture.boxes if b.title == title and b.kind != "copy"]
    return {name: text for name, text, _ in box.rows}


def test_a_step_shows_before_after_and_the_change():
    """The weights-only step of the challenge of the last source."""
    w1 = [[Value(0.15, "w1"), Value(0.2, "w2")], [Value(0.25, "w3"), Value(0.3, "w4")]]
    w2 = [[Value(0.4, "w5"), Value(0.45, "w6")], [Value(0.5, "w7"), Value(0.55, "w8")]]
    weights = [w for pair in (*w1, *w2) for w in pair]

    def loss_of():
        hidden = [(a * 0.05 + b * 0.1 + 0.35).sigmoid() for a, b in w1]
        out = [(a * hidden[0] + b * hidden[1] + 0.6).sigmoid() for a, b in w2]
        loss = half_squared_error(out, [0.01, 0.99])
        loss.label = "L"
        loss.backward()
        return loss

    before = draw(loss_of(), expand=True)
    for w in weights:
        w.data -= 0.5 * w.grad
        w.grad = None
    changed = draw_update(before, draw(loss_of(), expand=True))
    assert isinstance(changed, Drawing)
    assert rows(changed, "w5")["value"] == "0.4 → 0.3589 (-0.04108)"
    assert rows(changed, "w1")["value"] == "0.15 → 0.1498 (-0.0002193)"
    assert rows(changed, "L")["value"] == "0.2984 → 0.291 (-0.007343)"
    assert rows(changed, "L")["gradient"] == "1"
    assert "L: 0.2984 → 0.291 (-0.007343)" in changed.picture.notes
    for svg in (changed.svg, svg_of(changed.picture)):
        assert "0.4 → 0.3589 (-0.04108)" in html.unescape(svg)
    (tone,) = [t for b in changed.picture.boxes if b.title == "w5" for n, _, t in b.rows
               if n == "value"]  # fmt: skip
    assert tone == "negative"


def test_two_graphs_of_one_shape_can_be_given_themselves():
    def graph(x):
        x = Value(x, "x")
        z = x * x
        z.backward()
        return z

    changed = draw_update(graph(3.0), graph(4.0))
    assert rows(changed, "x") == {"value": "3 → 4 (+1)", "gradient": "6 → 8 (+2)"}
    assert [arrow.text for arrow in changed.picture.arrows] == ["3 → 4", "3 → 4"]
    same = draw_update(graph(3.0), graph(3.0))
    assert rows(same, "x") == {"value": "3", "gradient": "6"}
    assert changed.save is not None


def test_gradients_that_came_since_and_numbers_that_are_none():
    z, x, _ = example()
    before = draw(z)
    z.backward()
    assert rows(draw_update(before, z), "x")["gradient"] == "not computed yet → 60"
    x = Value(1.0, "x")
    a = draw(x * 2.0)
    x.data = math.nan
    changed = draw_update(a, x * 2.0)
    assert rows(changed, "x")["value"] == "1 → nan"
    assert rows(draw_update(x * 2.0, x * 2.0), "x")["value"] == "nan"


def test_a_collapsed_network_shows_the_largest_change():
    model = MLP([2, 3, 1], seed=0)
    optimiser = SGD(model.parameters(), lr=0.1)

    def loss_of():
        loss = half_squared_error(model([0.5, -1.0]), [1.0])
        optimiser.zero_grad()
        loss.backward()
        return loss

    before = draw(loss_of(), expand="layers")
    old = [p.data for p in model.layers[0].parameters()]
    optimiser.step()
    changed = draw_update(before, draw(loss_of(), expand="layers"))
    most = max(abs(p.data - x) for p, x in zip(model.layers[0].parameters(), old, strict=True))
    assert f"(by up to {most:.4g})" in rows(changed, "layers.0")["parameters"]


def test_different_shapes_are_refused_with_the_place():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    with pytest.raises(ValueError, match=r"one has mul \(z\), the other has add \(z\)"):
        draw_update(x * y, x + y)
    with pytest.raises(ValueError, match="leaf 'x', the other has leaf 'y'"):
        draw_update(x * 2.0, y * 2.0)
    with pytest.raises(ValueError, match="2 arrows, the other 1"):
        draw_update(x + x, x + 1.0)
    with pytest.raises(ValueError, match="3 boxes, the other 2"):
        draw_update((x * 2.0).sin(), x * 2.0)
    with pytest.raises(ValueError, match="from x to z in one and from y to z in the other"):
        draw_update(x * y * x, x * y * y)
    with pytest.raises(ValueError, match="leaf 'x', the other has leaf 'y'"):
        draw_update(x * y * x, y * x * x)
    loss, _, _ = network((2, 4, 1))
    with pytest.raises(ValueError, match="not pictures of one graph"):
        draw_update(draw(loss), draw(loss, expand="layers"))
    with pytest.raises(TypeError, match="before is a picture or a Value, got float"):
        draw_update(1.0, x)
    with pytest.raises(ValueError, match="format is one of"):
        draw_update(x, x, format="bmp")


def test_a_graph_changed_by_the_step_must_have_been_drawn_before():
    x = Value(1.0, "x")
    z = x * x
    x.data = 2.0
    with pytest.raises(StaleGraphError, match=r"draw it then: before = draw\(z\)"):
        draw_update(z, x * x)


# Names ------------------------------------------------------------------------------------------


class Parabola(Module):
    def __init__(self):
        self.a = Value(2.0)
        self.rest = [Value(1.0), Value(0.5)]


def test_values_are_named_by_their_variables():
    w, b = Value(0.5), Value(1.0)
    xs = [Value(1.0), Value(2.0)]
    grid = np.array([[Value(1.0), Value(2.0)]], dtype=object)
    table = {"rate": Value(0.1), 3: Value(0.2)}
    net = Parabola()
    z = w * xs[0] + b
    named = name_locals(locals())
    assert list(named) == [
        "w", "b", "xs[0]", "xs[1]", "grid[0][0]", "grid[0][1]", "table['rate']", "table[3]",
        "net.a", "net.rest.0", "net.rest.1", "z",
    ]  # fmt: skip
    assert all(value.label == label for label, value in named.items())
    assert named["w"] is w
    assert {"w", "xs[0]", "b", "z"} <= {box.title for box in draw(z).picture.boxes}


def test_labels_that_were_given_stay_unless_asked():
    x = Value(1.0, "mine")
    model = MLP([2, 1])
    assert name_locals({"x": x, "model": model}) == {}
    assert x.label == "mine"
    assert name_locals({"x": x}, overwrite=True) == {"x": x}
    assert x.label == "x"


def test_a_value_of_two_names_gets_the_first_and_underscores_none():
    x = Value(1.0)
    assert list(name_locals({"_": x, "_1": x, "Out": {1: x}, "first": x, "second": x})) == ["first"]
    assert list(name_locals({"first": x, "second": x}, overwrite=True)) == ["first"]


def test_naming_survives_whatever_else_a_program_holds():
    loop = [Value(1.0)]
    loop.append(loop)
    deep = Value(1.0)
    for _ in range(100):
        deep = [deep]
    things = {
        "loop": loop, "deep": deep, "kind": Value, "module": math, "text": "abc", "none": None,
        "numbers": np.ones(3), "model_class": MLP, "zero": np.array(None, dtype=object),
    }  # fmt: skip
    assert list(name_locals(things)) == ["loop[0]"]
    with pytest.raises(TypeError, match=r"write name_locals\(locals\(\)\)"):
        name_locals([Value(1.0)])
    with pytest.raises(TypeError, match="names are text, got 1"):
        name_locals({1: Value(1.0)})


def test_an_after_that_was_not_run_backward_shows_no_gradient_of_an_earlier_pass():
    x, w = Value(3.0, "x"), Value(1.0, "w")

    def loss_of():
        return ((w * x).tanh() - 2.0) ** 2

    first = loss_of()
    first.backward()
    before = draw(first)
    w.data = 0.5  # and w.grad is left as it was
    second = loss_of()
    changed = draw_update(before, second)
    was = number_text(w.grad)
    assert rows(changed, "w")["gradient"] == f"{was} → not computed yet"
    assert all(
        text == "not computed yet" or text.endswith(" → not computed yet")
        for box in changed.picture.boxes
        for name, text, _ in box.rows
        if name == "gradient"
    )
    arrows = [arrow.text for arrow in changed.picture.arrows]
    assert all(re.fullmatch(r"\S+ → not computed yet", text) for text in arrows)
    after = changed.picture.boxes[1].tooltip.partition("after:")[2]
    assert "gradient: not computed yet" in after
    assert repr(w.grad) not in after
    second.backward()
    back = draw_update(loss_of(), draw(second))
    assert rows(back, "w")["gradient"].startswith("not computed yet → ")
    assert all(arrow.text.startswith("not computed yet → ") for arrow in back.picture.arrows)


def test_two_that_were_not_run_backward_show_local_derivatives():
    x = Value(3.0, "x")
    changed = draw_update(x * 2.0, x * 4.0)
    assert changed.picture.arrows[0].text == "× 2 → × 4"
    assert changed.text.splitlines()[-2].endswith("on an arrow: × local derivative")


def test_groups_of_an_after_that_was_not_run_backward_have_no_gradients_either():
    loss, model, _ = network((2, 3, 1))
    before = draw(loss, expand="layers")
    inputs = [Value(0.5, "x0"), Value(-0.5, "x1")]
    again = mean([(y - 1.0) ** 2 for y in model(inputs)])
    again.label = "loss"
    picture = draw_update(before, draw(again, expand="layers")).picture
    gradients = [text for box in picture.boxes for name, text, _ in box.rows if "gradient" in name]
    assert gradients
    assert all("→ not computed yet" in text for text in gradients)
    after = [box.tooltip.partition("after:")[2] for box in picture.boxes if box.kind == "group"]
    assert not any(re.search(r", gradient -?\d", text) for text in after)


def test_a_step_may_change_some_leaves_and_leave_older_and_younger_ones():
    w, x, b = Value(1.0, "w"), Value(3.0, "x"), Value(0.5, "b")

    def loss_of():
        late = w * x
        loss = (late + b) ** 2
        loss.backward()
        return loss

    before = draw(loss_of())
    order_before = [box.title for box in before.picture.boxes]
    for leaf, data in ((w, 0.5), (b, 0.25)):
        leaf.data = data
        leaf.grad = None
    after = draw(loss_of())
    assert [box.title for box in after.picture.boxes] != order_before
    changed = draw_update(before, after)
    assert rows(changed, "w")["value"] == "1 → 0.5 (-0.5)"
    assert rows(changed, "b")["value"] == "0.5 → 0.25 (-0.25)"
    assert rows(changed, "x")["value"] == "3"
    assert [arrow.text for arrow in changed.picture.arrows[:2]] == ["21 → 10.5", "7 → 1.75"]


def test_numbers_that_stay_nan_are_no_change():
    x = Value(math.nan, "x")
    picture = draw(x * Value(2.0, "y"))
    assert "→" not in draw_update(picture, picture).text.splitlines()[0]
