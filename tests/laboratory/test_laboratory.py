"""The laboratory of wrong modes: each goes wrong where it should, and touches nothing."""

import inspect
import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import StaleGraphError, Value, dot, laboratory, order
from autograd.check.strategies import programs
from nn import MLP, half_squared_error


def example():
    """S0's example with u + u² in the order of operands that depth first gets wrong."""
    x, y = Value(1.0, "x"), Value(2.0, "y")
    u = x**2 + x * y + y**2
    u.label = "u"
    return u + u**2, x, y, u


def two_weights():
    """A1.6: L = (w2 w1 x - t)² at w1 = 2, w2 = 3, x = 1, t = 1."""
    w1, w2 = Value(2.0, "w1"), Value(3.0, "w2")
    return (w2 * w1 * 1.0 - 1.0) ** 2, w1, w2


def doublings(layers):
    """S1's y <- y + y."""
    x = Value(1.0, "x")
    y = x
    for _ in range(layers):
        y = y + y
    return y, x


MODES = {
    "overwrite": laboratory.overwrite,
    "depth first": laboratory.no_order,
    "breadth first": lambda z: laboratory.no_order(z, "breadth_first"),
    "leaves first": lambda z: laboratory.no_order(z, "leaves_first"),
    "live": laboratory.live_weights,
    "live, every use": lambda z: laboratory.live_weights(z, every_use=True),
    "leaves kept": laboratory.forgotten_zero_grad,
    "all kept": lambda z: laboratory.forgotten_zero_grad(z, forgotten="everything", steps=3),
    "naive": laboratory.naive_recursion,
    "survey": laboratory.survey,
}
each_mode = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)


def same(x, y):
    return x == y or (x != x and y != y)


def recorded(program):
    """Return the result of a random program and its leaves."""
    leaves = [Value(x) for x in program.point]
    return program(*leaves), leaves


graphs = programs().map(recorded).filter(lambda graph: isinstance(graph[0], Value))


# What is left alone ------------------------------------------------------------------------------


@each_mode
def test_no_mode_touches_the_graph(mode):
    z = example()[0]
    str(mode(z))
    assert all(v.grad is None for v in order(z))
    z.backward()
    before = [(v.data, v.grad, v.birth, v.label) for v in order(z)]
    str(mode(z))
    assert [(v.data, v.grad, v.birth, v.label) for v in order(z)] == before
    z.backward()  # and is not stale


@each_mode
def test_what_comes_back_cannot_be_taken_for_a_value(mode):
    trial = mode(example()[0])
    assert not isinstance(trial, Value)
    assert not {"grad", "data", "backward", "__apply__", "__add__"} & set(dir(trial))


@each_mode
def test_a_stale_graph_and_a_plain_number_are_refused_as_by_backward(mode):
    z, x, _, _ = example()
    x.data = 5.0
    with pytest.raises(StaleGraphError, match="was given new data"):
        mode(z)
    with pytest.raises(TypeError, match="expected a Value, got float"):
        mode(3.0)


@each_mode
def test_a_leaf_goes_wrong_nowhere(mode):
    trial = mode(Value(2.0, "x"))
    assert str(trial)
    if isinstance(trial, laboratory.Trial) and "zero_grad" not in trial.mode:
        assert trial.first is None
        assert "goes wrong here" in str(trial) or "nothing is visited twice" in str(trial)


def test_the_laboratory_is_found_in_the_package():
    assert autograd.laboratory is laboratory


# Properties --------------------------------------------------------------------------------------


@given(graphs)
def test_the_right_side_is_backward_bit_for_bit(graph):
    z, _ = graph
    trials = [mode(z) for name, mode in MODES.items() if "kept" not in name and name != "survey"]
    z.backward()
    for trial in trials:
        assert all(same(gradient, v.grad) for v, gradient in trial.right.items())
        assert set(trial.right) == set(order(z))


@given(graphs)
def test_overwriting_keeps_the_last_contribution_of_the_pass(graph):
    z, _ = graph
    nodes = order(z)
    grads = dict.fromkeys(nodes, 0.0) | {z: 1.0}
    for node in reversed(nodes):
        for x, d in zip(node.args, autograd.local_partials(node), strict=True):
            if isinstance(x, Value):
                grads[x] = grads[node] * d if d else 0.0  # a 0 by the rule stops even inf
    wrong = laboratory.overwrite(z).wrong
    finite = [v for v in nodes if math.isfinite(grads[v]) and math.isfinite(wrong[v])]
    assert all(wrong[v] == grads[v] for v in finite)


@given(graphs, st.randoms(use_true_random=False))
def test_any_topological_order_goes_wrong_nowhere(graph, rng):
    """Results before operands, whatever else: taken from the ready ones at random."""
    z, _ = graph
    waiting = dict.fromkeys(order(z), 0)
    for v in waiting:
        for x in v.args:
            if isinstance(x, Value):
                waiting[x] += 1
    ready, taken = [z], []
    while ready:
        v = ready.pop(rng.randrange(len(ready)))
        taken.append(v)
        for x in v.args:
            if isinstance(x, Value):
                waiting[x] -= 1
                if not waiting[x]:
                    ready.append(x)
    assert laboratory.no_order(z, taken).first is None


@given(graphs)
def test_without_a_step_neither_live_weights_nor_a_second_pass_goes_wrong(graph):
    z, leaves = graph
    live = laboratory.live_weights(z, lr=0.0, every_use=True)
    assert live.first is None
    assert all(same(live.wrong[v], live.right[v]) for v in order(z))
    kept = laboratory.forgotten_zero_grad(z, lr=0.0)
    # Twice the gradient, but for what rounding makes of sums that begin elsewhere.
    sizes = dict.fromkeys(order(z), 0.0)
    for step in autograd.steps(z).backward[1:]:
        sizes[step.operand] += abs(step.contribution)
    for v in leaves:
        if math.isfinite(sizes.get(v, math.inf)):
            assert kept.wrong[v] == pytest.approx(2.0 * kept.right[v], abs=1e-12 * sizes[v])


@given(graphs, st.floats(-2.0, 2.0, allow_subnormal=False))
def test_the_right_step_is_that_of_update_during_backward(graph, lr):
    """The fused update is the two-phase update, bit for bit, shared weights included."""
    z, leaves = graph
    right = laboratory.live_weights(z, lr=lr).right_weights

    def step(w):
        w.data -= lr * w.grad

    z.backward(on_leaf=step)
    assert all(same(right[w], w.data) for w in leaves if w in right)


@given(graphs)
def test_the_naive_recursion_sums_the_same_paths_and_counts_them(graph):
    z, _ = graph
    counts = {}

    def visit(v):
        counts[v] = counts.get(v, 0) + 1
        for x in v.args:
            if isinstance(x, Value):
                visit(x)

    trial = laboratory.naive_recursion(z, limit=20_000)
    if not trial.walked:
        return
    visit(z)
    assert trial.visits == sum(counts.values())
    assert trial.visits_of == counts
    assert trial.ordered_visits == len(counts)
    assert (trial.first is None) == (trial.visits == trial.ordered_visits)


# The numbers of the sources ----------------------------------------------------------------------


def test_overwriting_keeps_one_of_two_contributions():
    """C 3: = for += gives 1 for a + a, and loses the first use of u here."""
    a = Value(1.0, "a")
    trial = laboratory.overwrite(a + a)
    assert (trial.right[a], trial.wrong[a]) == (2.0, 1.0)
    z, x, y, u = example()
    trial = laboratory.overwrite(z)
    first = trial.first
    assert (first.operand, first.right, first.wrong, first.what) == (u, 15.0, 14.0, "running sum")
    assert (trial.wrong[x], trial.wrong[y]) == (28.0, 14.0)


def test_where_every_node_is_used_once_overwriting_is_right():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    trial = laboratory.overwrite((w * x).tanh())
    assert trial.first is None
    assert trial.wrong == trial.right
    assert "no number goes wrong here" in str(trial)


def test_plain_recursion_passes_a_shared_node_on_twice():
    """C 4: the minimal case b = a + a, c = b + b gives 8 in place of 4."""
    a = Value(1.0, "a")
    b = a + a
    trial = laboratory.no_order(b + b, "again")
    assert (trial.right[a], trial.wrong[a]) == (4.0, 8.0)
    assert (trial.first.node, trial.first.number) == (b, 5)
    assert trial.lines[4].right is None


@pytest.mark.parametrize(
    ("make", "right", "wrong"),
    [
        (lambda a: (2.0 * a + 1.0).relu(), 2.0, 0.0),
        (lambda a: (a * a) * (a * a), 32.0, 0.0),
        (lambda a: 3.0 * a + a, 4.0, 1.0),
    ],
)
def test_leaves_first_gives_the_numbers_of_the_peer_that_reversed_its_list(make, right, wrong):
    """C 6."""
    a = Value(2.0, "a")
    trial = laboratory.no_order(make(a), "leaves_first")
    assert (trial.right[a], trial.wrong[a]) == (right, wrong)


def test_depth_first_hands_on_a_gradient_before_it_is_complete():
    z, x, _, u = example()
    trial = laboratory.no_order(z)
    assert (trial.right[x], trial.wrong[x]) == (60.0, 4.0)
    first = trial.first
    assert (first.node, first.what, first.right, first.wrong) == (u, "upstream gradient", 15.0, 1.0)
    assert "before v5 has added its share" in first.why
    # Its own gradient does become right, too late.
    assert trial.wrong[u] == trial.right[u] == 15.0


@pytest.mark.parametrize(("lr", "wrong"), [(0.1, 10.0), (0.01, 28.0)])
def test_live_weights_give_another_gradient(lr, wrong):
    """A1.6: dL/dw1 = 30, and 10 or 28 where w2 has moved before it is read."""
    loss, w1, w2 = two_weights()
    trial = laboratory.live_weights(loss, lr=lr)
    assert (loss.data, trial.right[w2], trial.wrong[w2]) == (25.0, 20.0, 20.0)
    assert trial.right[w1] == 30.0
    assert trial.wrong[w1] == pytest.approx(wrong, rel=1e-15)
    first = trial.first
    assert (first.operand, first.what, first.right) == (w1, "local derivative", 3.0)
    assert first.wrong == pytest.approx(3.0 - lr * 20.0)
    if lr == 0.1:
        assert (trial.right_weights[w1], trial.right_weights[w2]) == (-1.0, 1.0)
        assert trial.wrong_weights[w1] == 1.0
        assert first.why == "∂v1/∂w1 = w2 is read after the step that moved w2 from 3 to 1"
    else:
        assert (30.0 - trial.wrong[w1]) / 30.0 == pytest.approx(0.067, abs=5e-4)


def test_live_weights_in_the_larger_network_of_the_challenge():
    """A5.7: W1[0][0] comes out as 0.14981764 in place of 0.14978072."""
    model = MLP([2, 2, 2], activation="sigmoid", output_activation="sigmoid", seed=0)
    model.set_arrays(
        [
            ([[0.15, 0.2], [0.25, 0.3]], [0.35, 0.35]),
            ([[0.4, 0.45], [0.5, 0.55]], [0.6, 0.6]),
        ]
    )
    loss = half_squared_error(model([0.05, 0.1]), [0.01, 0.99])
    weights = [w for layer in model.layers for neuron in layer.neurons for w in neuron.weights]
    trial = laboratory.live_weights(loss, lr=0.5, weights=weights)
    w1, w2 = weights[0], weights[4]
    assert trial.right_weights[w1] == pytest.approx(0.14978072, abs=5e-9)
    assert trial.wrong_weights[w1] == pytest.approx(0.14981764, abs=5e-9)
    assert trial.wrong_weights[w2] == trial.right_weights[w2] == pytest.approx(0.35891648, abs=5e-9)
    assert trial.first.what == "local derivative"
    # The biases stayed: they are not among the weights.
    assert set(trial.right_weights) == set(weights)


@pytest.mark.parametrize("count", [20, 40])
def test_live_weights_of_a_neuron_are_read_by_what_lies_before_it(count):
    """Of few operands and of many: each activation is told 0.8 in place of 1."""
    a, weights = Value(2.0, "a"), [Value(1.0) for _ in range(count)]
    z = dot(weights, [a * 1.0 for _ in range(count)])
    trial = laboratory.live_weights(z, lr=0.1, weights=weights)
    assert trial.right[a] == count
    assert trial.wrong[a] == pytest.approx(0.8 * count)
    assert (trial.first.right, trial.first.wrong) == (1.0, 0.8)
    assert trial.first.number == count + 1


def test_a_shared_weight_that_moves_at_every_use_is_a_second_mistake():
    w = Value(2.0, "w")
    z = w * (w * 3.0)
    assert laboratory.live_weights(z).first is None
    trial = laboratory.live_weights(z, every_use=True)
    # The first use, 6, moves w to 1.4, which is then the local derivative of the second.
    assert trial.first.wrong == pytest.approx(1.4)
    assert trial.right[w] == 12.0
    assert trial.wrong[w] == pytest.approx(6.0 + 1.4 * 3.0)


@pytest.mark.parametrize(
    ("forgotten", "second"), [("leaves", 216.0), ("interior", 216.0), ("everything", 324.0)]
)
def test_a_second_pass_over_what_was_not_cleared(forgotten, second):
    """C 1: a⁴ at 3 gives 108; then 216 or 324, by what still holds its gradient."""
    a = Value(3.0, "a")
    square = a * a
    trial = laboratory.forgotten_zero_grad(square * square, lr=0.0, forgotten=forgotten)
    assert (trial.right[a], trial.wrong[a]) == (108.0, second)


def test_forgotten_gradients_add_up_over_the_steps():
    """By hand: x² from -3 at 0.1 goes to -2.4 and -1.92; kept, -2.4 and then -2.4 + .1 * 10.8."""
    x = Value(-3.0, "x")
    trial = laboratory.forgotten_zero_grad(x**2, lr=0.1, steps=2)
    assert trial.right_losses == trial.wrong_losses == [9.0, pytest.approx(5.76)]
    assert trial.right_weights[x] == pytest.approx(-1.92)
    assert trial.wrong_weights[x] == pytest.approx(-2.4 + 0.1 * 10.8)
    assert trial.first.why == "x still holds -6 of descent step 1"
    more = laboratory.forgotten_zero_grad(x**2, lr=0.1, steps=4)
    assert more.right_losses[2] == pytest.approx(1.92**2)
    assert more.wrong_losses[2] == pytest.approx(1.32**2)
    assert "step  z right" in str(more)


@pytest.mark.parametrize("layers", [1, 2, 5, 10, 20])
def test_naive_recursion_visits_every_path(layers):
    """A2.8: 2^(L+1) - 1 visits counted one by one against L + 1; 2,097,151 against 21."""
    y, x = doublings(layers)
    trial = laboratory.naive_recursion(y)
    assert trial.walked
    assert (trial.visits, trial.ordered_visits) == (2 ** (layers + 1) - 1, layers + 1)
    assert trial.wrong[x] == trial.right[x] == 2.0**layers
    if layers == 20:
        assert (trial.visits, trial.ordered_visits) == (2_097_151, 21)
        assert "2,097,151" in str(trial)


def test_beyond_its_limit_the_recursion_is_counted_and_not_walked():
    y, x = doublings(300)
    trial = laboratory.naive_recursion(y)
    assert (trial.visits, trial.walked) == (2**301 - 1, False)
    assert trial.wrong[x] == trial.right[x]
    assert "counted as paths, not walked" in str(trial)


def test_paths_through_a_perceptron():
    """A2.8: width w and L hidden layers give w^(L-1) paths for a first-layer weight."""
    width, hidden = 3, 5
    weight = Value(0.5, "w")
    activations = [dot([weight, 0.1], [1.0, 2.0])] + [Value(0.2) for _ in range(width - 1)]
    for _ in range(hidden - 1):
        activations = [dot([0.1] * width, activations) for _ in range(width)]
    z = dot([1.0] * width, activations)
    assert laboratory.naive_recursion(z).visits_of[weight] == width ** (hidden - 1)


def test_the_survey_names_all_modes_and_where_each_goes_wrong():
    survey = laboratory.survey(two_weights()[0])
    assert [trial.mode for trial in survey.trials] == [
        "overwrite instead of add",
        "no topological order",
        "live weights",
        "forgotten zero_grad, step 2 of 2",
        "naive recursion",
    ]
    lines = str(survey).splitlines()
    assert re.search(r"overwrite instead of add +nowhere", lines[1])
    assert re.search(r"live weights +v1 → w1 +local derivative +3 +1$", lines[3])


# How it is shown ---------------------------------------------------------------------------------


@each_mode
def test_the_three_views_say_the_same_numbers(mode):
    trial = mode(example()[0])
    text, markdown, html = str(trial), trial.markdown(), trial.html()
    assert trial._repr_html_() == html
    assert trial._repr_markdown_() == markdown
    root = ET.fromstring(html)
    for row in root.iter("tr"):
        cells = [cell.text or "" for cell in row]
        assert all(cell in text for cell in cells)
    numbers = re.findall(r"\d+(?:\.\d+)?", text)
    assert numbers == re.findall(r"\d+(?:\.\d+)?", markdown.replace("\\", ""))
    assert "<script" not in html


def test_labels_are_text_in_every_view():
    x = Value(2.0, "<b>|x`</b>\n*")
    trial = laboratory.overwrite(x * x)
    assert ET.fromstring(trial.html()) is not None
    assert "<b>" not in trial.html()
    assert "<b>" not in trial.markdown()
    columns = {line.count(" | ") for line in trial.markdown().splitlines() if line.startswith("|")}
    assert columns == {4}


@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_label_is_shown_as_text(label):
    x = Value(2.0, label)
    for trial in (laboratory.live_weights(x * x), laboratory.naive_recursion(x * x)):
        assert ET.fromstring(trial.html()) is not None
        html = trial.html().replace("<br/>", "")
        assert set(re.findall(r"<(/?\w+)", html)) <= {
            f"{end}{tag}"
            for tag in ("div", "p", "table", "thead", "tbody", "tr", "th", "td")
            for end in ("", "/")
        }
        assert "<" not in trial.markdown()
        str(trial).encode()


def test_the_text_is_aligned():
    lines = str(laboratory.overwrite(example()[0])).splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("step"))
    place = lines[head].index("right")
    for line in lines[head + 1 : head + 12]:
        assert line[place - 2 : place] == "  "
        assert re.match(r"-?\d", line[place:])


def test_of_a_large_graph_the_lines_about_the_first_slip_are_shown():
    x = Value(1.0, "x")
    y = x
    for _ in range(100):
        y = y * 1.01
    z = y + y
    trial = laboratory.overwrite(z * z)
    assert len(str(trial).splitlines()) < 80
    assert f"of {len(trial.lines)}" in str(trial)
    assert "101 of 103 gradients are wrong" in str(trial) or "gradients are wrong" in str(trial)


def test_nothing_is_too_deep():
    x = Value(1.0, "x")
    y = x
    for _ in range(5_000):
        y = y * 1.0001
    z = y + x
    for mode in (*list(MODES.values())[:-1], lambda z: laboratory.no_order(z, "again")):
        assert mode(z).right[x] == pytest.approx(1.0001**5_000 + 1.0, rel=1e-9) or mode


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda z: laboratory.no_order(z, "random"), ValueError, "'depth_first', 'breadth_first'"),
        (lambda z: laboratory.no_order(z, 3), TypeError, "or a list of Values, got int"),
        (lambda z: laboratory.no_order(z, z), TypeError, "or a list of Values, got Value"),
        (lambda z: laboratory.no_order(z, [1.0]), TypeError, "1.0 is none"),
        (lambda z: laboratory.no_order(z, [z]), ValueError, "each of the 7 computed nodes once"),
        (lambda z: laboratory.no_order(z, [Value(1.0)]), ValueError, "is no part of the graph"),
        (lambda z: laboratory.no_order(doublings(40)[0], "again"), ValueError, "visits, more than"),
        (lambda z: laboratory.live_weights(z, lr=math.nan), ValueError, "lr must be finite"),
        (lambda z: laboratory.live_weights(z, lr="1"), TypeError, "str"),
        (lambda z: laboratory.live_weights(z, weights=z), TypeError, r"write \[w\]"),
        (lambda z: laboratory.live_weights(z, weights=3), TypeError, "got 3: write"),
        (lambda z: laboratory.naive_recursion(z, limit=0.5), TypeError, "limit is a whole number"),
        (lambda z: laboratory.naive_recursion(z, limit=-1), ValueError, "at least 0, got -1"),
        (lambda z: laboratory.live_weights(z, weights=[z]), ValueError, "no leaf of the graph"),
        (lambda z: laboratory.live_weights(z, weights=["x"]), TypeError, "'x' is none"),
        (lambda z: laboratory.forgotten_zero_grad(z, steps=1), ValueError, "at least 2, got 1"),
        (lambda z: laboratory.forgotten_zero_grad(z, steps=2.0), TypeError, "whole number"),
        (lambda z: laboratory.forgotten_zero_grad(z, forgotten="x"), ValueError, "'leaves', "),
    ],
)
def test_what_cannot_be_tried_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(example()[0])


def test_every_public_name_has_an_example():
    for name in laboratory.__all__:
        thing = getattr(laboratory, name)
        assert inspect.getdoc(thing)
        if inspect.isfunction(thing):
            assert ">>>" in thing.__doc__


def test_infinities_and_nans_pass_through():
    x = Value(0.0, "x")
    z = x.log() * x
    for name, mode in MODES.items():
        assert name == "survey" or "nan" in str(mode(z))
