"""Parts of a picture: what is expanded, highlighted, near a node, and what an output should do."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import Value, draw, draw_update, explain, order
from autograd.check.strategies import programs
from autograd.display.format import TITLE_LENGTH, label_text
from autograd.display.writers.svg import svg_of
from nn import MLP, Layer, LayerNorm, Neuron, Sequential
from nn.losses import cross_entropy
from support.pictures import chain, example, groups, network, titled


def classifier(sizes=(3, 4, 3), label=1, **options):
    model = MLP(list(sizes), seed=1, **options)
    outputs = model([Value(0.5 - i, f"x{i}") for i in range(sizes[0])])
    loss = cross_entropy(outputs, label)
    loss.label = "loss"
    loss.backward()
    return loss, model, outputs


def notes(drawing):
    return "\n".join(drawing.picture.notes)


def kinds(drawing):
    return [box.kind for box in drawing.picture.boxes]


# Collapse and expand ----------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "boxes"), [("layers", 3), ("neurons", 9)])
def test_a_small_network_can_be_collapsed_to_layers_or_neurons(level, boxes):
    loss, _, _ = network((2, 4, 4, 1))
    drawing = draw(loss, expand=level)
    assert len(groups(drawing)) == boxes
    assert f"collapsed to {boxes} {level}" in notes(drawing)


def test_what_only_scales_is_no_neuron_and_a_layer_of_its_own() -> None:
    model = Sequential(LayerNorm(2), Layer(2, 2, "tanh"), LayerNorm(2), Layer(2, 1, "linear"))
    (output,) = model([Value(1.0, "x1"), Value(2.0, "x2")])
    by_layer = draw(output, expand="layers")
    assert {name: box.operation for name, box in groups(by_layer).items()} == {
        "layers.0": "2 × gain, 2 × shift",
        "layers.1": "2 neurons, tanh, 4 weights, 2 biases",
        "layers.2": "2 × gain, 2 × shift",
        "layers.3": "1 neuron, linear, 2 weights, bias",
    }
    by_neuron = draw(output, expand="neurons")
    assert "collapsed to 7 parts" in notes(by_neuron)
    assert by_neuron.text.count("= gain, shift ") == 4
    assert "linear, 2 weights, bias" in by_neuron.text
    twice = model([Value(1.0), Value(2.0)])[0] + output
    assert groups(draw(twice, expand="layers"))["layers.2"].operation.endswith("used 2 times")


@pytest.mark.parametrize("name", ["layers.1", "layer 1", "Layer 1"])
def test_a_layer_is_expanded_by_its_name_and_the_rest_collapsed(name):
    loss, model, _ = network((2, 4, 4, 1))
    drawing = draw(loss, expand=name)
    assert list(groups(drawing)) == ["layers.0", "layers.2"]
    shown = titled(drawing)
    for neuron in model.layers[1].neurons:
        assert all(label_text(p.label, TITLE_LENGTH) in shown for p in neuron.parameters())
    assert "layers.0.neurons.0.bias" not in shown


@pytest.mark.parametrize(
    "which",
    [
        lambda model: "layers.0.neurons.2",
        lambda model: "layer 0 neuron 2",
        lambda model: model.layers[0].neurons[2],
        lambda model: model.layers[0].neurons[2].bias,
        lambda model: [model.layers[0].neurons[2].weights[0]],
    ],
    ids=["name", "words", "model", "node", "list"],
)
def test_a_neuron_is_expanded_by_name_node_or_model(which):
    loss, model, _ = network((2, 4, 1))
    drawing = draw(loss, expand=which(model))
    found = groups(drawing)
    assert found["layers.0"].operation == "3 neurons, tanh, 6 weights, 3 biases"
    assert "layers.0.neurons.2.bias" in titled(drawing)
    assert "layers.0.neurons.1.bias" not in titled(drawing)
    assert "layers.0.neurons.2 node by node" in notes(drawing)


def test_what_is_too_large_to_show_by_nodes_is_expanded_to_neurons():
    loss, _, _ = network((2, 16, 16, 1))
    found = groups(draw(loss, expand="layers.1", max_nodes=100))
    assert [name for name in found if not name.startswith("layers.1.neurons.")] == [
        "layers.0", "layers.2",
    ]  # fmt: skip
    assert len(found) == 18


def test_many_inputs_of_the_same_neurons_are_one_box():
    model = MLP([100, 4, 1], seed=0)
    (y,) = model([Value(i / 100) for i in range(100)])
    y.backward()
    found = groups(draw(y, expand="neurons", max_nodes=50))
    assert found["inputs"].operation == "100 leaves"
    assert len(found) == 6


def test_an_expanded_picture_still_shows_the_chain_rule():
    loss, model, _ = network((2, 4, 4, 1))
    picture = draw(loss, expand="layers.2").picture
    box = next(b for b in picture.boxes if b.title == "layers.2.neurons.0.bias")
    (arrow,) = [a for a in picture.arrows if a.tail == box.name]
    assert arrow.amount == model.layers[2].neurons[0].bias.grad


def test_values_into_a_layer_show_how_many_they_are_and_what_they_get_back():
    loss, model, outputs = classifier()
    picture = draw(loss, expand="layers").picture
    names = {box.title: box.name for box in picture.boxes}
    between = {(a.tail, a.head): a for a in picture.arrows}
    x0 = next(v for v in order(loss) if v.label == "x0")
    into = between[names["x0"], names["layers.0"]]
    assert into.amount == pytest.approx(x0.grad, rel=1e-12)
    hidden = [v.grad for v in outputs[0].args[0].args if v.op is not None]
    text = between[names["layers.0"], names["layers.1"]].text
    assert text == f"4 values: {min(hidden):.4g} to {max(hidden):.4g}"
    assert "the range of their contributions" in notes(draw(loss, expand="layers"))
    for v in order(loss):
        v.grad = None
    texts = {a.text for a in draw(loss, expand="layers").picture.arrows}
    assert {"1 value", "4 values"} <= texts
    assert model


def test_a_layer_applied_to_its_own_results_is_a_box_each_time():
    model = MLP([2, 3, 2], seed=0)
    y, _ = model(model([Value(0.5, "a"), Value(-1.0, "b")]))
    y.backward()
    drawing = draw(y, expand="layers")
    titles = [box.title for box in drawing.picture.boxes if box.kind == "group"]
    assert titles == ["layers.0", "layers.1", "layers.0", "layers.1"]
    assert "collapsed to 4 layers" in notes(drawing)
    assert "layers.1.neurons.0.bias" in titled(draw(y, expand="layer 1"))


def test_layers_that_run_both_ways_are_not_collapsed():
    (a,), (b,) = MLP([1, 1], seed=0).layers[0].neurons, MLP([1, 1], seed=1).layers[0].neurons
    for name, neuron in (("first.neurons.0", a), ("second.neurons.0", b)):
        neuron.weights[0].label, neuron.bias.label = f"{name}.weights.0", f"{name}.bias"
    x = Value(0.5, "x")
    z = a([b([x])]) * b([a([x])])
    drawing = draw(z, expand="layers")
    assert len(drawing.picture.boxes) >= 1
    assert set(kinds(drawing)) <= {"leaf", "node", "group", "copy"}


def test_nothing_to_collapse_is_said():
    z, _, _ = example()
    drawing = draw(z, expand="layers")
    assert len(drawing.picture.boxes) == 9
    assert "neither neurons nor layers" in notes(drawing)


def test_an_unknown_name_is_refused_with_those_there_are():
    loss, _, _ = network((2, 4, 1))
    with pytest.raises(ValueError, match=r"no 'layer 7' to expand; this graph has layers.0, lay"):
        draw(loss, expand="layer 7")
    with pytest.raises(ValueError, match="neither neurons nor layers"):
        draw(example()[0], expand="layers.0")
    with pytest.raises(ValueError, match="no parameter of this Neuron is in the graph"):
        draw(loss, expand=Neuron(2))
    with pytest.raises(ValueError, match="b cannot be expanded"):
        draw(loss, expand=Value(1.0, "b"))
    for wrong in (3, None):
        with pytest.raises(TypeError, match="expand is True, False"):
            draw(loss, expand=wrong)
    with pytest.raises(ValueError, match="no '' to expand"):
        draw(loss, expand="")


def test_a_node_that_is_in_no_neuron_is_shown_anyway():
    loss, _, _ = network((2, 4, 1))
    x0 = next(v for v in order(loss) if v.label == "x0")
    assert draw(loss, expand=x0).source == draw(loss, expand="layers").source
    z, x, _ = example()
    assert "neither neurons nor layers" in notes(draw(z, expand=x))
    assert len(draw(z, expand=x).picture.boxes) == 9


# The way an output should go --------------------------------------------------------------------


def directions(drawing):
    return {
        box.title or box.name: text
        for box in drawing.picture.boxes
        for name, text, _ in box.rows
        if name == "should go"
    }


def test_the_right_output_should_go_up_and_the_others_down():
    loss, _, outputs = classifier(label=1)
    drawing = draw(loss, expand="neurons")
    assert directions(drawing) == {
        "layers.1.neurons.0": "▼ down",
        "layers.1.neurons.1": "▲ up",
        "layers.1.neurons.2": "▼ down",
    }
    assert "against its gradient" in notes(drawing)
    for v in outputs:
        v.label = f"out {outputs.index(v)}"
    assert directions(draw(loss, expand=True)) == {
        "out 0": "▼ down",
        "out 1": "▲ up",
        "out 2": "▼ down",
    }
    assert directions(draw(loss, expand="layers")) == {"layers.1": "▲ 1, ▼ 2"}


def test_outputs_without_a_network_are_named():
    logits = [Value(x, f"z{x:g}") for x in (1.0, 2.0, 3.0)]
    loss = cross_entropy(logits, 0)
    loss.backward()
    assert directions(draw(loss)) == {}
    assert directions(draw(loss, outputs=logits)) == {
        "z1": "▲ up", "z2": "▼ down", "z3": "▼ down",
    }  # fmt: skip
    for engine in (draw(loss, outputs=logits).svg, svg_of(draw(loss, outputs=logits).picture)):
        assert engine.count("▲ up") == 1
        assert engine.count("▼ down") == 2


def test_an_output_without_a_gradient_should_go_nowhere():
    loss, _, outputs = classifier()
    for v in order(loss):
        v.grad = None
    assert directions(draw(loss)) == {}
    y = Value(1.0, "y")
    z = (y - 1.0) ** 2
    z.backward()
    assert directions(draw(z, outputs=[y])) == {}
    assert directions(draw(classifier()[0], outputs=[])) == {}
    with pytest.raises(ValueError, match="z does not depend on the output w"):
        draw(loss, outputs=[Value(1.0, "w")])
    for wrong in ([1.0], 3, "y"):
        with pytest.raises(TypeError, match="outputs is a list of Values"):
            draw(loss, outputs=wrong)
    assert outputs


def test_only_the_last_neurons_are_outputs_and_only_of_what_is_computed_from_them():
    loss, model, (y,) = network((2, 3, 1))
    loss = loss + 0.1 * ag.sum([ag.square(p) for p in model.parameters()])
    loss.backward()
    assert list(directions(draw(loss, expand="neurons"))) == ["layers.1.neurons.0"]
    y.backward()
    assert directions(draw(y, expand="neurons")) == {}


# Highlights -------------------------------------------------------------------------------------


def lit(drawing):
    picture = drawing.picture
    assert {b.shade for b in picture.boxes} | {a.shade for a in picture.arrows} <= {"lit", "faded"}
    boxes = [b.title or b.name for b in picture.boxes if b.shade == "lit"]
    return boxes, [(a.tail, a.head) for a in picture.arrows if a.shade == "lit"]


def test_a_highlighted_leaf_lights_all_its_paths_and_fades_the_rest():
    z, _, y = example()
    z.backward()
    drawing = draw(z, highlight=y)
    boxes, arrows = lit(drawing)
    assert boxes == ["y", "v2", "v3", "v4", "f", "v5", "z"]  # as explain calls them
    assert ("n0", "n2") not in arrows
    assert len(arrows) == 8
    assert "highlighted: 4 paths from z to y, the sum is 75" in notes(drawing)
    assert lit(draw(z, highlight="y")) == (boxes, arrows)
    assert lit(draw(z, highlight=explain(z, y))) == (boxes, arrows)
    assert lit(draw(z, highlight=[y])) == (boxes, arrows)


def test_each_path_of_an_explanation_can_be_lit():
    z, x, _ = example()
    z.backward()
    explanation = explain(z, x)
    every = [lit(draw(z, highlight=path)) for path in explanation.paths]
    assert [len(arrows) for _, arrows in every] == [5, 5, 4, 4]
    assert len({tuple(arrows) for _, arrows in every}) == 4
    together = lit(draw(z, highlight=explanation.paths))
    assert together == lit(draw(z, highlight=x))
    assert "a path with the product 28" in notes(draw(z, highlight=explanation.paths[0]))


def test_one_use_of_a_factor_used_twice_can_be_lit():
    a = Value(3.0, "a")
    z = a * a
    first, second = explain(z, a).paths
    picture = draw(z, highlight=second).picture
    assert [arrow.shade for arrow in picture.arrows] == ["faded", "lit"]
    assert first.factors[0].position == 0


def test_a_path_is_given_by_its_nodes_from_either_end():
    z, x, y = example()
    f = next(v for v in order(z) if v.label == "f")
    up = lit(draw(z, highlight=[f, z]))
    assert up == (["f", "z"], [("n6", "n8")])
    assert lit(draw(z, highlight=[z, f])) == up
    with pytest.raises(ValueError, match="x is no operand of f: a highlighted path"):
        draw(z, highlight=[x, f, z])
    with pytest.raises(ValueError, match="w is not in the graph"):
        draw(z, highlight=[Value(1.0, "w"), z])
    with pytest.raises(TypeError, match="highlight is a leaf"):
        draw(z, highlight=3.0)
    with pytest.raises(TypeError, match="highlight is a leaf"):
        draw(z, highlight=[])
    with pytest.raises(ValueError, match="this path is of another graph"):
        draw(z, highlight=explain(example()[0], x if False else y).paths or explain(y * y, y).paths)


def test_what_z_does_not_depend_on_is_said_in_the_picture():
    z, _, _ = example()
    drawing = draw(z, highlight=Value(1.0, "w"))
    assert lit(drawing) == ([], [])
    assert "nothing is highlighted: z does not depend on w" in notes(drawing)
    with pytest.raises(ValueError, match="no node is labelled 'w'; the labels are: x, y, f, z"):
        draw(z, highlight="w")


def test_a_path_is_lit_through_collapsed_layers():
    loss, model, _ = network((2, 16, 16, 1))
    bias = model.layers[1].neurons[3].bias
    boxes, arrows = lit(draw(loss, expand="layers", highlight=bias))
    assert "layers.1" in boxes
    assert "layers.2" in boxes
    assert "layers.0" not in boxes
    assert arrows
    boxes, _ = lit(draw(loss, expand="neurons", highlight=bias))
    assert [name for name in boxes if name.startswith("layers.1")] == ["layers.1.neurons.3"]


def test_paths_too_many_to_list_are_lit_at_once():
    x = z = Value(1.0, "x")
    for _ in range(100):
        z = z + z
    drawing = draw(z, highlight=x, expand=True)
    assert len(lit(drawing)[1]) == 200
    assert "very many paths" in notes(drawing)


@given(programs(), st.data())
def test_what_is_lit_is_what_lies_on_some_path(program, data):
    values = [Value(x, f"x{i}") for i, x in enumerate(program.point)]
    z = program(*values)
    if not isinstance(z, Value):
        return
    nodes = order(z)
    x = data.draw(st.sampled_from(nodes))
    above = {x}
    for node in nodes:
        if any(v in above for v in node.args if isinstance(v, Value)):
            above.add(node)
    drawing = draw(z, highlight=x, expand=True)
    for box in drawing.picture.boxes:
        node = nodes[int(box.name[1:].partition("_")[0])]
        if "_" not in box.name:
            assert (box.shade == "lit") is (node in above)


def test_both_engines_draw_a_highlight(tmp_path):
    z, x, _ = example()
    drawing = draw(z, highlight=x)
    assert "penwidth=2.6" in drawing.source
    own = svg_of(drawing.picture)
    assert own.count('stroke-width="2.6"') == 7 + 1  # and in the legend
    assert "#949494" in own
    assert re.search(r"x  value 1 .*\*\n", str(drawing))


# Around a node ----------------------------------------------------------------------------------


def test_around_a_node_is_what_is_one_arrow_away_in_either_direction():
    z, _, _ = example()
    f = next(v for v in order(z) if v.label == "f")
    drawing = draw(z, around=f)
    names = {box.name for box in drawing.picture.boxes if box.kind != "cut"}
    assert names == {"n4", "n5", "n6", "n7", "n8"}
    assert "at most 1 arrow from f" in notes(drawing)
    assert "+ 4 more nodes not drawn" in notes(drawing)
    assert draw(z, around="f").source == drawing.source
    assert draw(z, around=f, depth=9).picture.boxes == draw(z).picture.boxes


def test_around_a_leaf_says_that_it_is_used_further_on():
    z, x, _ = example()
    text = str(draw(z, around=x))
    assert "v1 = x ** 2" in text
    assert text.count("used further on by nodes not drawn") == 2
    assert draw(z, around=x, depth=0).picture.boxes[0].title == "x"
    assert [box.kind for box in draw(z, around=x, depth=0).picture.boxes] == ["leaf", "cut"]


def test_the_neighbourhood_of_a_node_in_a_large_graph_is_small():
    z = chain(10_000, shared=False)
    middle = order(z)[5_000]
    drawing = draw(z, around=middle, depth=3)
    assert kinds(drawing).count("node") == 7
    crowd = Value(1.0, "x")
    z = ag.sum([crowd * float(i) for i in range(5_000)])
    assert len(draw(z, around=crowd).picture.boxes) < 30


def test_a_leaf_at_both_ends_of_a_neighbourhood_is_drawn_at_both():
    far, v = Value(0.5, "far"), Value(1.0, "start")
    nodes = []
    for i in range(60):
        v = v * far if i in (10, 26, 50) else v * 1.01
        nodes.append(v)
    drawing = draw(v, around=nodes[18], depth=9)
    assert [box.title for box in drawing.picture.boxes].count("far") == 2
    assert svg_of(drawing.picture).count("<svg") == 1


def test_around_and_groups_go_together():
    loss, model, _ = network((2, 4, 4, 1))
    found = groups(draw(loss, around=model.layers[2].neurons[0].bias, expand="neurons"))
    assert list(found) == [*[f"layers.1.neurons.{i}" for i in range(4)], "layers.2.neurons.0"]


def test_around_something_else_is_refused():
    z, _, _ = example()
    with pytest.raises(ValueError, match="z does not depend on w"):
        draw(z, around=Value(1.0, "w"))
    for name in ("nowhere", ""):
        with pytest.raises(ValueError, match="no node is labelled"):
            draw(z, around=name)
        with pytest.raises(ValueError, match="no node is labelled"):
            draw(z, highlight=name)
    with pytest.raises(TypeError, match="around is a node or its label"):
        draw(z, around=3)
    a, b = Value(1.0, "w"), Value(2.0, "w")
    with pytest.raises(ValueError, match="2 nodes are labelled 'w'"):
        draw(a * b, around="w")


# The legend -------------------------------------------------------------------------------------


def test_the_legend_explains_the_looks_that_are_there():
    z, x, _ = example()
    z.backward()
    words = dict(draw(z).picture.legend)
    assert words == {"leaf": "leaf", "node": "computed", "result": "result"}
    assert "highlighted" in draw(z, highlight=x).source
    loss, _, _ = network((2, 4, 1))
    assert "group" in dict(draw(loss, expand="layers").picture.legend)
    both = draw(z)
    for svg in (both.svg, svg_of(both.picture)):
        assert "computed" in svg
    assert draw(z, legend=False).picture.legend == []
    assert "computed" not in draw(z, legend=False).svg


def test_a_leaf_says_that_nothing_before_it_is_recorded():
    z, _, _ = example()
    drawing = draw(z.detach())
    assert kinds(drawing) == ["leaf"]
    assert "nothing that it was computed from is recorded" in notes(drawing)


def test_a_rule_that_is_zero_passes_nothing_even_beside_infinity():
    c, a = Value(1.0, "c"), Value(0.0, "a")
    z = ag.where(c, a, 2.0).log()
    z.backward()
    texts = [arrow.text for arrow in draw(z).picture.arrows]
    assert texts[0] == "inf × 0 = 0"
    assert c.grad == 0.0


@given(programs(), st.data())
def test_no_combination_of_options_breaks_a_picture(program, data):
    values = [Value(x, f"layers.{i % 2}.neurons.{i}.weights.0") for i, x in
              enumerate(program.point)]  # fmt: skip
    z = program(*values)
    if not isinstance(z, Value):
        return
    if data.draw(st.booleans()):
        z.backward()
    node = st.sampled_from(order(z))
    drawing = draw(
        z,
        expand=data.draw(st.sampled_from([False, True, "layers", "neurons"])),
        depth=data.draw(st.none() | st.integers(0, 5)),
        max_nodes=data.draw(st.integers(1, 30)),
        around=data.draw(st.none() | node),
        highlight=data.draw(st.none() | node),
        outputs=data.draw(st.none() | st.lists(node, max_size=2)),
        legend=data.draw(st.booleans()),
    )
    names = [box.name for box in drawing.picture.boxes]
    assert len(set(names)) == len(names)
    assert {name for a in drawing.picture.arrows for name in (a.tail, a.head)} <= set(names)
    assert svg_of(drawing.picture).endswith("</svg>")
    assert str(drawing)
    again = draw_update(drawing, drawing)
    assert len(again.picture.boxes) == len(names)


def test_a_note_shows_a_label_just_as_it_is():
    w = Value(1.0, 'a\\n"b"\\l')
    z = w * 2.0
    for legend in (True, False):
        drawing = draw(z, highlight=w, legend=legend)
        for svg in (drawing.svg, svg_of(drawing.picture)):
            assert 'highlighted: 1 path from z to a\\n"b"\\l, the sum is 2' in html.unescape(svg)


def test_a_model_or_all_its_layers_opened_shows_every_node_where_they_fit():
    model = MLP([2, 3, 2], seed=1)
    loss = cross_entropy(model([Value(1.0), Value(2.0)]), 1)
    every = draw(loss, expand=True)
    assert len(every.picture.boxes) == len(order(loss))
    for opened in (model, ["layer 0", "layer 1"], list(model.layers), model.parameters()):
        assert draw(loss, expand=opened).source == every.source
    assert len(draw(loss, expand=[]).picture.boxes) == len(
        draw(loss, expand="layers").picture.boxes
    )
    few = draw(loss, expand=model, max_nodes=15)
    assert "5 neurons of 30 nodes collapsed to neurons; expand=True shows all" in notes(few)
    assert "the rest" not in notes(few)
