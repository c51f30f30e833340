"""micrograd's Value over the engine: its names, its habits, and what is refused clearly."""

import copy
import doctest
import gc
import math
import pickle
import random
import weakref
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import TraceError
from autograd.micrograd import MLP, Layer, Module, Neuron, Value
from support.places import ROOT
from support.twins import Closures


def own_tanh(x):
    t = math.tanh(x.data)
    out = Value(t, (x,), "own_tanh")

    def _backward():
        x.grad += (1.0 - t * t) * out.grad

    out._backward = _backward
    return out


def test_the_page_of_the_documentation_runs():
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    page = Path(ROOT) / "docs" / "micrograd.md"
    found = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    assert found.attempted > 10
    assert found.failed == 0


def test_gradients_are_there_from_the_start():
    x = Value(2)
    assert (x.data, x.grad, x._op, x._prev, x._children, x._local_grads) == (
        2.0,
        0.0,
        "",
        (),
        (),
        (),
    )
    y = x * 3
    assert y.grad == 0.0
    x.grad += 1
    y.backward()
    assert x.grad == 4.0
    x.grad = 0
    y.backward()
    assert x.grad == 3.0


def test_what_was_recorded_goes_by_micrograds_names():
    x, y = Value(2.0), Value(3.0)
    for z, op, children, slopes in [
        (x + y, "+", (x, y), (1.0, 1.0)),
        (x * x, "*", (x, x), (2.0, 2.0)),
        (x**2, "**2", (x,), (4.0,)),
        (x.relu(), "ReLU", (x,), (1.0,)),
        (x.tanh(), "tanh", (x,), (1.0 - math.tanh(2.0) ** 2,)),
        (x * 2, "*", (x,), (2.0,)),
        (x - y, "-", (x, y), (1.0, -1.0)),
    ]:
        assert (z._op, z._children) == (op, children)
        assert z._local_grads == pytest.approx(slopes)
        assert z._prev == tuple(dict.fromkeys(children))
        assert isinstance(z, Value)


def test_every_operator_and_function_records_this_class():
    x, plain = Value(0.5), ag.Value(2.0)
    made = [x + 1, 1 - x, x / 2, 2**x, -x, abs(x), x.exp(), ag.tanh(x), ag.softmax([x, 1.0])[0]]
    made += [x * plain, plain * x, plain - x, x**plain, ag.dot([x, plain], [1.0, plain]), x * True]
    made += [
        np.float64(2.0) * x,
        (np.array([1.0, 2.0]) * x)[1],
        ag.maximum(x, plain),
        ag.sum([x, x]),
    ]
    for z in made:
        assert type(z) is Value, z
        assert z.grad == 0.0
        z.backward()
    assert x.grad != 0.0
    assert plain.grad is not None


def test_a_graph_of_both_classes_goes_back_through_both():
    w, x = ag.Value(3.0), Value(2.0)
    inner = w * w + 1.0
    z = inner * x * inner
    z.backward()
    assert (x.grad, w.grad) == (100.0, 2 * 10.0 * 6.0 * 2.0)
    slope = ag.grad(lambda v: (v * x).tanh())(0.1)  # a Value, as x stands outside
    assert slope.data == pytest.approx(2 * (1 - math.tanh(0.2) ** 2))
    assert ag.hessian(lambda v: x * v**3)(2.0).data == 24.0


def test_any_attribute_can_be_set_and_none_of_the_core_is_changed():
    p = Value(1.0)
    p.m, p.name, p.value, p.velocity = 0.5, "weight", 3, [1]
    assert (p.m, p.name, p.value, p.velocity) == (0.5, "weight", 3, [1])
    with pytest.raises(AttributeError, match=r"write v\.label"):
        _ = Value(2.0).name
    with pytest.raises(AttributeError):
        ag.Value(1.0).m = 0.5
    assert ag.Value(1.0).grad is None
    with pytest.raises(AttributeError, match=r"v\.args"):
        _ = ag.Value(1.0)._prev
    with pytest.raises(TypeError, match="cannot be subclassed"):
        type("Mine", (Value,), {})


def test_copies_and_pickles_keep_class_and_attributes():
    p = Value(1.5, label="p")
    p.m = 0.25
    z = Value(3.0, (p,), (2.0,)) * p
    for other in (copy.deepcopy(z), pickle.loads(pickle.dumps(z))):
        leaf = next(v for v in ag.order(other) if v.label == "p")
        assert type(other) is type(leaf) is Value
        assert (leaf.m, leaf is p) == (0.25, False)
        other.backward()
        assert leaf.grad == 3.0 + 2.0 * 1.5
    assert copy.copy(p).m == 0.25
    for lost in (copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="own_tanh has a _backward that was assigned"):
            lost(own_tanh(p) * 2.0)


def test_an_assigned_backward_is_called_and_measured_for_pictures():
    x = Value(0.5)
    z = own_tanh(x) * 3.0 + x
    z.backward()
    slope = 1.0 - math.tanh(0.5) ** 2
    assert x.grad == pytest.approx(3.0 * slope + 1.0)
    before = [v.grad for v in ag.order(z)]
    assert "0.786448" in str(ag.steps(z))
    assert ag.gradient(z, [x])[0].data == pytest.approx(3.0 * slope + 1.0)
    assert ag.draw(z).text
    assert [v.grad for v in ag.order(z)] == before
    assert ag.check_gradients(lambda v: own_tanh(v) * v, 0.5, order=1).certain
    with pytest.raises(TypeError, match="own_tanh cannot be differentiated twice"):
        ag.gradient(ag.gradient(z, [x])[0], [x])


def test_a_backward_in_place_of_a_recorded_one():
    x = Value(3.0)
    y = x * x
    y._backward = lambda: setattr(x, "grad", x.grad + 10.0 * y.grad)
    (y * 2.0).backward()
    assert x.grad == 20.0
    assert y._prev == (x,)


def test_children_may_come_after_their_node():
    x = Value(2.0)
    out = Value(6.0)
    out._backward = lambda: setattr(x, "grad", x.grad + 3.0 * out.grad)
    out._prev = {x}
    (out * 2.0).backward()
    assert x.grad == 6.0
    again = Value(6.0)
    again._children = (x, x)
    again._local_grads = (1.0, 2.0)
    x.grad = 0
    again.backward()
    assert x.grad == 3.0
    again._prev = ()
    assert again._op == ""
    assert again.args == ()


def test_where_nothing_was_said_of_the_way_back_nothing_flows_and_a_warning_says_so():
    x = Value(2.0)
    z = Value(4.0, (x,), "square") + x
    with pytest.warns(RuntimeWarning, match=r"square = 4\.0 has children, and neither"):
        z.backward()
    assert x.grad == 1.0


def test_a_stale_graph_is_told_and_gradients_stay_numbers():
    x = Value(2.0, label="x")
    y = x * x
    z = y * y
    x.data = 5.0
    with pytest.raises(ag.StaleGraphError, match=r"x = 5\.0 was given new data"):
        z.backward()
    assert (x.grad, y.grad, z.grad) == (0.0, 0.0, 0.0)


def test_graphs_are_freed_without_the_collector_and_attributes_with_them():
    x = Value(2.0)
    z = Value(4.0, (x,), (4.0,)) * x + 1.0
    z.note = "kept as long as z"
    z.backward()
    gone = weakref.ref(z)
    gc.disable()
    try:
        del z
        assert gone() is None
    finally:
        gc.enable()


def test_a_pass_is_watched_and_hands_over_its_leaves():
    x = Value(2.0, label="x")
    seen = []
    (Value(0.5, (x,), (3.0,)) * x).backward(on_leaf=seen.append)
    assert seen == [x]
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match="the gradient of x is inf"):
        (Value(0.5, (x,), (math.inf,)) + x).backward()


def test_values_in_dicts_are_found_by_themselves_and_by_data():
    x = Value(2.0)
    by_data, by_value = {x.data: x}, {x: "x"}
    x.data = 3.0
    assert by_data[2.0] is x
    assert by_value[x] == "x"


def test_max_with_gives_a_tie_to_the_first():
    x, y = Value(1.0), Value(1.0)
    x.max_with(y).backward()
    assert (x.grad, y.grad) == (1.0, 0.0)
    x.max_with(Value(2.0)).backward()
    assert x.grad == 1.0


@pytest.mark.parametrize(
    ("made", "error", "words"),
    [
        (lambda x: Value(2.0, (), (1.0,)), ValueError, r"0 operand\(s\) and 1 local"),
        (lambda x: Value(2.0, (x,), []), ValueError, r"1 operand\(s\) and 0 local"),
        (lambda x: Value(2.0, (x, x), (1.0,)), ValueError, r"2 operand\(s\) and 1 local"),
        (lambda x: Value(2.0, x), TypeError, r"write \(x,\) for one"),
        (lambda x: Value(2.0, "x"), TypeError, r"a name is label="),
        (lambda x: Value(2.0, (2.0,), (1.0,)), TypeError, r"leave plain numbers out"),
        (lambda x: Value(2.0, (x,), (x,)), TypeError, r"one is a Value: write d.data"),
        (lambda x: Value(x), TypeError, r"got a Value"),
        (lambda x: Value("2"), TypeError, r"write float\('2'\)"),
        (lambda x: Value(1.0, label=3), TypeError, r"a label is a str"),
        (lambda x: setattr(x, "_backward", 3), TypeError, r"a function of no arguments"),
        (lambda x: setattr(x, "_prev", {x}), ValueError, r"a graph has no cycles"),
        (lambda x: setattr(x, "_prev", {x * 2}), ValueError, r"a graph has no cycles"),
        (lambda x: setattr(x * x, "_prev", {Value(1.0)}), TypeError, r"mul recorded the children"),
        (lambda x: setattr(x, "_local_grads", (1.0,)), ValueError, r"0 operand\(s\) and 1 local"),
    ],
)
def test_bad_input_is_told_what_to_write(made, error, words):
    with pytest.raises(error, match=words):
        made(Value(2.0))


# Networks ----------------------------------------------------------------------------------------


def test_networks_draw_as_micrograd_does_and_never_seed():
    random.seed(5)
    model = MLP(2, [3, 1])
    after = random.random()
    random.seed(5)
    wanted = []
    for n, m in ((2, 3), (3, 1)):
        for _ in range(m):
            wanted += [*[random.uniform(-1, 1) for _ in range(n)], 0.0]
    assert [p.data for p in model.parameters()] == wanted
    assert after == random.random()
    assert "random" in MLP.__doc__
    assert "random" in Neuron.__doc__


def test_networks_give_what_micrograds_give():
    model = MLP(2, [2, 2])
    assert len(model([1.0, -1.0])) == 2
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
    assert repr(Neuron(3, nonlin=False)) == "LinearNeuron(3)"
    assert isinstance(model, Module)
    model([1.0, 2.0])[0].backward()
    model.zero_grad()
    assert {p.grad for p in model.parameters()} == {0.0}


def test_fit_says_what_to_use():
    with pytest.raises(TypeError, match=r"write nn.MLP\(\[2, 16, 1\], activation='relu'\)"):
        nn.fit(MLP(2, [1]), [[1.0, 2.0]], [1.0], loss="mse", optimizer=None, epochs=1, batch_size=1)


# Programs ----------------------------------------------------------------------------------------


def test_a_network_is_compiled_with_eagers_numbers():
    random.seed(1)
    model = MLP(2, [4, 1])
    program = ag.compile(lambda x, y: (model(x) - y) ** 2, parameters=model.parameters())
    points = np.array([[0.5, -1.0], [2.0, 0.3], [-0.7, 0.1]])
    loss, slopes = program.value_and_grad(points, np.ones(3))
    total = sum((model(list(x)) - 1.0) ** 2 for x in points) / 3
    total.backward()
    assert loss == pytest.approx(total.data)
    assert slopes.tolist() == pytest.approx([p.grad for p in model.parameters()])
    program.theta[:] = 0.25
    program.store()
    assert {p.data for p in model.parameters()} == {0.25}
    assert {type(p) for p in model.parameters()} == {Value}


TABLE = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (lambda xs: max(v.data for v in xs), r"softmax\(xs\) needs no maximum taken off, maximum"),
        (lambda xs: {0: 1.0}[xs[0]], r"as the key of a dict .* select\(i, xs\)"),
        (lambda xs: TABLE[xs[0]][0], r"\[select\(i, column\) for column in zip\(\*table\)\]"),
        (lambda xs: xs[0] if xs[0] > 0 else xs[1], r"where\(step\(x - y\), a, b\)"),
        (lambda xs: xs[0].max_with(xs[1]), r"write maximum\(x, y\)"),
        (lambda xs: own_tanh(xs[0]), r"reads .data while it is compiled"),
        (lambda xs: Value(1.0, (xs[0],), (1.0,)), r"uses Value\(data, children\) while it is"),
        (lambda xs: own_tanh(TABLE[0][0]) * xs[0], r"reads .data of a Value while"),
    ],
)
def test_what_a_program_cannot_follow_is_told_with_its_line(program, words):
    parameters = [p for row in TABLE for p in row]
    with pytest.raises(TraceError, match=rf"line \d+ of \S+test_micrograd.py .*{words}"):
        ag.compile(program, parameters=parameters)([1.0, 2.0])


def test_an_error_of_the_programs_own_dict_stays():
    with pytest.raises(KeyError, match="missing"):
        ag.compile(lambda x: {"there": x}["missing"])(1.0)


def test_twins_do_not_leak_into_the_engine():
    assert not issubclass(Closures, ag.Value)
