"""What a picture of a graph says: boxes, arrows, numbers, labels, and what it leaves out."""

import math
import re
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import StaleGraphError, Value, dot, draw, exp, logsumexp, order
from autograd.check.strategies import programs
from autograd.display.format import LABEL_LENGTH, label_text, number_text
from autograd.escaping import clean
from nn import MLP, Neuron
from support.pictures import chain, example, groups, network, titled


def into(drawing, name):
    return [arrow.text for arrow in drawing.picture.arrows if arrow.head == name]


def row(box, name):
    (text,) = [text for row, text, _ in box.rows if row.startswith(name)]
    return text


def test_every_arrow_shows_gradient_times_local_derivative_and_the_contribution():
    z, _, _ = example()
    z.backward()
    texts = [arrow.text for arrow in draw(z).picture.arrows]
    assert Counter(texts) == {
        "15 × 2 = 30": 2,  # d(x²)/dx = 2x and d(xy)/dx = y
        "15 × 1 = 15": 5,  # d(xy)/dy = x, and four sums
        "15 × 4 = 60": 1,  # d(y²)/dy = 2y
        "1 × 14 = 14": 1,  # d(f²)/df = 2f
        "1 × 1 = 1": 2,
    }


def test_values_and_gradients_stand_on_the_nodes():
    z, _, _ = example()
    z.backward()
    boxes = titled(draw(z))
    numbers = {name: (row(box, "value"), row(box, "gradient")) for name, box in boxes.items()}
    assert numbers == {"x": ("1", "60"), "y": ("2", "75"), "f": ("7", "15"), "z": ("56", "1")}
    assert boxes["x"].kind == "leaf"
    assert boxes["f"].kind == "node"
    assert [box.title for box in draw(z).picture.boxes if box.result] == ["z"]


def test_before_backward_gradients_are_not_computed_yet_and_never_0():
    z, _, _ = example()
    drawing = draw(z)
    assert {row(box, "gradient") for box in drawing.picture.boxes} == {"not computed yet"}
    assert all(re.fullmatch(r"× \S+", arrow.text) for arrow in drawing.picture.arrows)
    assert {arrow.tone for arrow in drawing.picture.arrows} == {"unknown"}
    assert "not computed yet" in drawing.source


def test_a_variable_used_twice_in_one_operation_has_two_arrows():
    a = Value(3.0, "a")
    for z in (a + a, a * a, a - a, a / a):
        assert [arrow.tail for arrow in draw(z).picture.arrows] == ["n0", "n0"]
    z = a - a
    z.backward()
    assert into(draw(z), "n1") == ["1 × 1 = 1", "1 × -1 = -1"]


def test_plain_numbers_among_the_operands_stand_in_the_operation():
    x = Value(3.0, "x")
    operations = [
        draw(z).picture.boxes[-1].operation
        for z in (x**2, 2.0 / x, x - 0.5, x * -2.0, (-x) + 1.0, x.leaky_relu(0.1))
    ]
    assert operations == [
        "x ** 2", "2 / x", "x - 0.5", "x * (-2)", "· + 1", "leaky_relu(x, 0.1)",
    ]  # fmt: skip
    assert draw(dot([x, x], [1.0, 2.0])).picture.boxes[-1].operation == "dot([x, x], [1, 2])"


def test_drawing_changes_no_gradient_and_no_graph():
    z, x, y = example()
    z.backward()
    before = [(node.data, node.grad, node.birth, node.args) for node in order(z)]
    str(draw(z)), draw(z).svg, draw(z, max_nodes=2)
    assert [(node.data, node.grad, node.birth, node.args) for node in order(z)] == before
    assert (x.grad, y.grad) == (60.0, 75.0)


def test_a_leaf_alone_can_be_drawn():
    drawing = draw(Value(2.5, "x"))
    assert [box.title for box in drawing.picture.boxes] == ["x"]
    assert drawing.picture.arrows == []
    assert drawing.svg.startswith("<svg")


def test_contributions_add_up_to_the_gradient():
    z, x, _ = example()
    z.backward()
    picture = draw(z).picture
    name = next(box.name for box in picture.boxes if box.title == "x")
    assert sum(arrow.amount for arrow in picture.arrows if arrow.tail == name) == x.grad


@given(programs())
def test_arrows_out_of_each_box_add_up_to_its_gradient(program):
    values = [Value(x, f"x{i}") for i, x in enumerate(program.point)]
    z = program(*values)
    if not isinstance(z, Value):
        return
    z.backward()
    nodes = order(z)
    picture = draw(z, expand=True).picture
    given_: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for arrow in picture.arrows:
        given_[arrow.tail.partition("_")[0]] += arrow.amount
        sizes[arrow.tail.partition("_")[0]] += abs(arrow.amount)
    for i, node in enumerate(nodes):
        if node is not z and math.isfinite(node.grad):
            # Contributions that cancel leave a rounding of their size, in whatever order.
            room = 1e-12 * sizes[f"n{i}"] + 1e-300
            assert given_[f"n{i}"] == pytest.approx(node.grad, rel=1e-9, abs=room)


def test_blue_is_positive_orange_negative_and_width_grows_with_the_contribution():
    a, b = Value(3.0, "a"), Value(-1.0, "b")
    z = a * 4.0 + b * -0.25
    z.backward()
    into_a, into_b = (
        next(arrow for arrow in draw(z).picture.arrows if arrow.tail == tail)
        for tail in ("n0", "n1")
    )
    assert (into_a.tone, into_b.tone) == ("positive", "negative")
    assert into_a.width == 1.0
    assert 0.0 < into_b.width < 0.5
    assert "#0063a6" in draw(z).source
    assert "#b34700" in draw(z).source


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (24.70408163, "24.7"),
        (138.83381924, "138.8"),
        (0.1 + 0.2, "0.3"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (-0.0, "-0"),
        (1e-300, "1e-300"),
        (123456.0, "123456"),
        (1.7976931348623157e308, "1.798e+308"),
        (5e-324, "4.941e-324"),
    ],
)
def test_numbers_have_four_significant_digits(x, text):
    assert number_text(x) == text


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf, -0.0, 1e-300, 1e300])
def test_no_number_stops_a_drawing(x):
    a = Value(x, "a")
    z = (a * a - a) / a + exp(a)
    assert draw(z).svg.startswith("<svg")
    z.backward()
    drawing = draw(z)
    assert number_text(a.grad) in drawing.source
    assert all(0.0 <= arrow.width <= 1.0 for arrow in drawing.picture.arrows)


def test_the_same_graph_gives_the_same_text_in_another_process():
    program = (
        "from nn import MLP\n"
        "from autograd import Value, draw\n"
        "z = (MLP([2, 4, 1])([Value(0.5, 'a'), Value(-1.0)])[0] - 1.0) ** 2\n"
        "z.backward()\n"
        "print(draw(z).source, draw(z, max_nodes=20).source, draw(z))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_building_other_graphs_first_does_not_change_the_text():
    first = draw(example()[0]).source
    _ = [Value(1.0) * i for i in range(100)]
    assert draw(example()[0]).source == first


# Labels -----------------------------------------------------------------------------------------

NASTY = [
    "",
    '"',
    "\\",
    "\\N \\G \\n \\l",
    "ends in \\",
    "<b>bold</b>",
    "<>",
    "{a|b}",
    "a\nb\r\n\tc",
    "&amp; & &lt;",
    "\x00\x01\x1b[31m\x7f",
    "\ud800",
    "\ufffe\uffff",
    "🚀👩\u200d🚀",
    "]]> -->",
    "'; DROP TABLE nodes; --",
    "<script>alert(1)</script>",
    "node", "graph", "n0", "%3Cscript%3E", "x" * 100_000, " " * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("label", NASTY, ids=range(len(NASTY)))
def test_any_label_can_be_drawn(label):
    x = Value(2.0, label)
    z = x * x
    z.label = label
    drawing = draw(z)
    assert len(drawing.source) < 20_000
    drawing.source.encode()
    assert str(drawing)


@given(st.text(st.characters(codec=None), max_size=300))
def test_labels_in_pictures_are_short_single_lines_of_valid_text(label):
    text = label_text(label)
    assert len(text) <= LABEL_LENGTH
    assert "\n" not in text
    text.encode()
    assert clean(text) == text


def test_a_long_label_is_shortened_and_whole_in_the_tooltip():
    label = "the number of " + "very " * 40 + "large things"
    box = titled(draw(Value(1.0, label)))
    ((title, found),) = box.items()
    assert title.startswith("the number of v")
    assert title.endswith("things")
    assert "…" in title
    assert label in found.tooltip
    assert label in draw(Value(1.0, label)).source


# Cuts and limits --------------------------------------------------------------------------------


def test_depth_shows_so_many_levels_and_says_what_is_cut():
    z = chain(2_000, shared=False)
    picture = draw(z, depth=3).picture
    assert [box.kind for box in picture.boxes].count("node") == 4
    (cut,) = [box for box in picture.boxes if box.kind == "cut"]
    assert cut.operation == "+ 1,997 more nodes"
    assert "+ 1,997 more nodes not drawn" in picture.notes
    assert "+ 1,997 more nodes" in draw(z, depth=3).source


def test_depth_0_shows_the_result_alone_and_a_large_depth_everything():
    z, _, _ = example()
    assert [box.kind for box in draw(z, depth=0).picture.boxes] == ["node", "cut"]
    assert draw(z, depth=50).source == draw(z).source


def test_depth_counts_from_the_result_by_the_shortest_way():
    z, _, _ = example()
    titles = {box.title for box in draw(z, depth=1).picture.boxes}
    assert titles == {"z", "f", ""}


def test_arrows_between_shown_nodes_are_all_there():
    z, _, _ = example()
    picture = draw(z, depth=2).picture
    names = {box.name for box in picture.boxes}
    assert all({arrow.tail, arrow.head} <= names for arrow in picture.arrows)
    assert len({box.name for box in picture.boxes}) == len(picture.boxes)


def test_a_graph_above_max_nodes_is_cut_with_a_message():
    picture = draw(chain(1_000)).picture
    drawn = {box.name.partition("_")[0] for box in picture.boxes if box.kind in ("node", "leaf")}
    assert len(drawn) <= 500
    assert f"+ {1_001 - len(drawn):,} more nodes not drawn" in picture.notes
    assert any("expand=True" in note for note in picture.notes)


def test_max_nodes_is_kept_to():
    z = chain(60, shared=False)
    assert len(draw(z, max_nodes=61).picture.boxes) == 61
    for limit in (1, 2, 10, 60):
        shown = [box for box in draw(z, max_nodes=limit).picture.boxes if box.kind != "cut"]
        assert 1 <= len(shown) <= limit


def test_expand_shows_every_node_up_to_a_limit_that_it_names():
    z = chain(1_500, shared=False)
    assert len(draw(z, expand=True).picture.boxes) == 1_501
    picture = draw(chain(5_000, shared=False), expand=True).picture
    assert len(picture.boxes) == 2_001
    assert "expand=True shows 2,000 nodes at most" in picture.notes
    assert "+ 3,001 more nodes not drawn" in picture.notes


def test_a_depth_of_too_many_nodes_is_cut_further_and_says_so():
    picture = draw(chain(1_000, shared=False), depth=900, max_nodes=50).picture
    assert len(picture.boxes) == 51
    assert "depth=900 has more than max_nodes=50 nodes" in picture.notes


def test_a_shared_leaf_far_away_is_drawn_again_at_each_use():
    picture = draw(chain(200), expand=True).picture
    leaves = [box for box in picture.boxes if box.title == "x"]
    assert len(leaves) >= 199
    assert {box.kind for box in leaves} == {"leaf"}
    uses = Counter(arrow.tail for arrow in picture.arrows)
    assert all(uses[box.name] <= 2 for box in leaves)


def test_a_node_far_away_is_drawn_again_as_a_copy():
    x = Value(0.5, "x")
    z = s = x.tanh()
    s.label = "s"
    for _ in range(40):
        z = (z + s).sin()
    kinds = Counter(box.kind for box in draw(z, expand=True).picture.boxes if box.title == "s")
    assert kinds["node"] == 1
    assert kinds["copy"] > 20


def test_operands_too_many_to_show_leave_a_few():
    picture = draw(ag.sum([Value(float(i)) for i in range(10_000)]), max_nodes=500).picture
    assert 2 < len(picture.boxes) < 20
    assert any("more nodes not drawn" in note for note in picture.notes)


def test_a_million_nodes_are_drawn_cut():
    drawing = draw(chain(1_000_000, shared=False))
    assert len(drawing.picture.boxes) < 500
    assert any(note.startswith("+ 999,9") for note in drawing.picture.notes)


# Neurons and layers -----------------------------------------------------------------------------


def test_a_large_network_collapses_to_neurons_with_their_values():
    loss, _, (y,) = network((2, 4, 4, 1))
    drawing = draw(loss, max_nodes=40)
    found = groups(drawing)
    assert set(found) == {
        f"layers.{i}.neurons.{j}" for i, n in enumerate((4, 4, 1)) for j in range(n)
    }
    last = found["layers.2.neurons.0"]
    assert last.operation == "linear, 4 weights, bias"
    assert row(last, "value") == number_text(y.data)
    assert row(last, "gradient") == number_text(y.grad)
    assert found["layers.0.neurons.1"].operation == "tanh, 2 weights, bias"
    assert "layers.0.neurons.1.weights.0" in found["layers.0.neurons.1"].tooltip
    assert any("collapsed to 9 neurons" in note for note in drawing.picture.notes)


def test_an_arrow_into_a_neuron_shows_the_derivative_through_it():
    loss, model, (y,) = network((2, 3, 1))
    picture = draw(loss, max_nodes=15).picture
    names = {box.title: box.name for box in picture.boxes}
    for j in range(3):
        tail, head = names[f"layers.0.neurons.{j}"], names["layers.1.neurons.0"]
        (arrow,) = [a for a in picture.arrows if (a.tail, a.head) == (tail, head)]
        weight = model.layers[1].neurons[0].weights[j].data
        assert arrow.amount == pytest.approx(y.grad * weight, rel=1e-12)
        assert number_text(weight) in arrow.text
    x0 = next(node for node in order(loss) if node.label == "x0")
    amounts = [a.amount for a in picture.arrows if a.tail == names["x0"]]
    assert math.fsum(amounts) == pytest.approx(x0.grad, rel=1e-12)


def test_a_larger_network_collapses_to_layers_with_ranges():
    loss, model, _ = network()
    drawing = draw(loss, max_nodes=20)
    found = groups(drawing)
    assert list(found) == ["layers.0", "layers.1", "layers.2"]
    assert found["layers.1"].operation == "16 neurons, tanh, 256 weights, 16 biases"
    weights = [w.data for neuron in model.layers[1].neurons for w in neuron.weights]
    biases = [neuron.bias.data for neuron in model.layers[1].neurons]
    low, high = number_text(min(weights + biases)), number_text(max(weights + biases))
    assert row(found["layers.1"], "parameters") == f"{low} to {high}"
    message = f"{len(order(loss))} nodes collapsed to 3 layers"
    assert any(note.startswith(message) for note in drawing.picture.notes)


def test_expand_undoes_the_collapse():
    loss, _, _ = network((2, 4, 1))
    assert groups(draw(loss, max_nodes=10))
    assert not groups(draw(loss, max_nodes=10, expand=True))


def test_many_inputs_of_a_layer_are_one_box():
    model = MLP([100, 3, 1])
    (y,) = model([Value(0.01 * i) for i in range(100)])
    found = groups(draw(y, max_nodes=12))
    assert found["inputs"].operation == "100 leaves"
    assert set(found) == {"inputs", "layers.0", "layers.1"}


def test_neurons_written_as_plain_sums_of_products_collapse_as_well():
    """The other way to write one: products, sums one by one, the bias first or last."""
    w = [Value(0.1 * i, f"neurons.0.weights.{i}") for i in range(20)]
    b = Value(0.5, "neurons.0.bias")
    x = [Value(1.0 + i) for i in range(20)]
    first = b
    for p, q in zip(w, x, strict=True):
        first = first + p * q
    products = [p * q for p, q in zip(w, x, strict=True)]
    last = products[0]
    for product in products[1:]:
        last = last + product
    last = last + b
    for z in (first.tanh(), last.tanh()):
        (group,) = [b for b in draw(z, max_nodes=30).picture.boxes if b.title == "neurons.0"]
        assert group.operation == "tanh, 20 weights, bias"


def test_a_neuron_applied_to_many_samples_is_a_group_for_each():
    neuron = Neuron(2)
    outputs = [neuron([Value(float(i)), Value(1.0)]) for i in range(5)]
    picture = draw(ag.sum(outputs), max_nodes=25).picture
    assert [box.title for box in picture.boxes].count("neuron") == 5
    one = draw(ag.sum(outputs), max_nodes=15).picture
    (layer,) = [box for box in one.boxes if box.kind == "group" and box.title == "layer"]
    assert layer.operation == "1 neuron, sigmoid, 2 weights, bias, used 5 times"


def recurrent(between):
    """A cell that uses its weights again and again on what came of them."""
    w, u, b = (Value(0.5, f"cell.{name}") for name in ("weights.0", "weights.1", "bias"))
    h = Value(0.0, "h")
    for i in range(50):
        h = between((w * h + u * Value(float(i)) + b).tanh())
    return h


def test_a_cell_used_on_its_own_result_is_a_group_for_each_use_or_one_layer():
    h = recurrent(lambda h: h)
    assert len([box for box in draw(h, max_nodes=110).picture.boxes if box.kind == "group"]) == 50
    picture = draw(h, max_nodes=20).picture
    (layer,) = [box for box in picture.boxes if box.title == "layer"]
    assert layer.operation == "1 neuron, tanh, 2 weights, bias, used 50 times"


def test_a_layer_that_would_feed_itself_by_way_of_others_is_not_made():
    picture = draw(recurrent(lambda h: h.sin().cos()), max_nodes=60).picture
    assert not [box for box in picture.boxes if box.title == "layer"]
    assert any("more nodes not drawn" in note for note in picture.notes)


def test_labels_without_dots_make_no_groups():
    z = chain(600)
    assert not groups(draw(z))


def test_a_group_with_a_gradient_not_computed_yet_says_so():
    (y,) = MLP([2, 4, 1])([1.0, 2.0])
    for box in groups(draw(y, max_nodes=8)).values():
        assert row(box, "gradient") == "not computed yet"


def test_weights_used_outside_their_neuron_have_an_arrow_from_it():
    loss, model, _ = network((2, 4, 1))
    decay = ag.sum([ag.square(p) for p in model.parameters()])
    total = loss + decay
    picture = draw(total, max_nodes=40).picture
    tails = {arrow.tail for arrow in picture.arrows}
    assert all(box.name in tails for box in picture.boxes if not box.result)


# Bad input --------------------------------------------------------------------------------------


def test_a_stale_graph_is_refused_with_the_engines_own_words():
    z, x, _ = example()
    x.data = 5.0
    with pytest.raises(StaleGraphError, match="x = 5"):
        draw(z)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"format": "jpeg"}, ValueError, "format is one of svg"),
        ({"depth": -1}, ValueError, "depth must be at least 0"),
        ({"depth": 1.5}, TypeError, "depth is a whole number"),
        ({"max_nodes": 0}, ValueError, "max_nodes must be at least 1"),
        ({"max_nodes": True}, TypeError, "max_nodes is a whole number"),
    ],
)
def test_wrong_options_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        draw(Value(1.0), **options)


@pytest.mark.parametrize("z", [3.0, None, [Value(1.0)], "x"])
def test_only_a_value_can_be_drawn(z):
    with pytest.raises(TypeError, match="expected a Value"):
        draw(z)


def test_importing_autograd_imports_neither_graphviz_nor_matplotlib():
    program = (
        "import sys, autograd; print([m for m in ('graphviz', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_plain_text_has_a_line_for_each_node_and_arrow():
    z, _, _ = example()
    z.backward()
    lines = str(draw(z)).splitlines()
    assert lines[0] == "x  value 1  gradient 60"
    assert "z = +  value 56  gradient 1" in lines
    assert "    from f: 1 × 14 = 14" in lines
    assert len(str(draw(chain(450, shared=False))).splitlines()) < 210


def test_logsumexp_shows_the_softmax_on_its_arrows():
    logits = [Value(x, f"z{x:g}") for x in (1.0, 2.0, 3.0)]
    z = logsumexp(logits)
    z.backward()
    assert into(draw(z), "n3") == [
        "1 × 0.09003 = 0.09003", "1 × 0.2447 = 0.2447", "1 × 0.6652 = 0.6652",
    ]  # fmt: skip


def test_text_calls_nodes_what_steps_and_explain_call_them_and_speaks_of_no_colours():
    x = Value(3.0, "x")
    twin = Value(2.0, "x")
    z = (x * twin).tanh() + x
    z.backward()
    text, names = str(draw(z)), [step.name for step in ag.steps(z).forward]
    assert names == ["x", "x (2)", "v1", "v2", "z"]
    lines = [line for line in text.splitlines() if "  value" in line]
    assert [re.split(" = |  ", line)[0] for line in lines] == names
    assert "from x (2): " in text
    assert "blue" not in text
    assert "blue +, orange −" in draw(z).source
    assert "n1" not in str(draw(z, depth=1))


def test_text_calls_a_node_of_a_collapsed_graph_what_steps_calls_it():
    model = MLP([2, 3, 2], seed=1)
    loss = (ag.sum(model([1.0, 2.0])) - 1.0) ** 2
    *_, minus, _ = ag.steps(loss).forward
    assert f"{minus.name} = · - 1" in str(draw(loss, expand="layers"))


def test_a_leaf_that_holds_gradients_of_earlier_passes_is_named():
    x = Value(3.0, "x")
    z = x * x + x
    z.backward()
    assert not any("earlier" in note for note in draw(z).picture.notes)
    z.backward()
    assert "x holds gradients of earlier passes, too" in draw(z).picture.notes[0]
    x.grad = None
    z.backward()
    assert not any("earlier" in note for note in draw(z).picture.notes)


def test_a_picture_too_large_for_tex_is_shown_all_the_same():
    x = Value(0.5, "x")
    for _ in range(100):
        x = x.tanh()
    assert "<img" in draw(x, depth=100, direction="right")._repr_mimebundle_()["text/html"]
    assert draw(x, depth=10**30, max_nodes=20).picture.boxes


def test_a_large_picture_of_a_narrow_graph_runs_downwards():
    x = Value(0.5, "x")
    for _ in range(60):
        x = x.tanh()
    picture = draw(x, expand=True).picture
    assert (picture.down, picture.fitted) == (True, False)
    html = draw(x, expand=True)._repr_mimebundle_()["text/html"]
    assert "max-width:none" in html
    assert "max-width:100%" in draw(x)._repr_mimebundle_()["text/html"]
