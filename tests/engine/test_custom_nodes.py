"""Nodes that are given their numbers: told everywhere, and refused clearly where a rule is due."""

import copy
import gc
import math
import pickle
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import TraceError, Value, custom_node, gradient, steps
from autograd.check.judge.report import Outcome


def tanh(x):
    """A function that computes by itself."""
    t = math.tanh(x.data)
    return custom_node(t, [x], [1.0 - t * t], name="own_tanh")


def test_the_backward_pass_multiplies_and_adds():
    x, y = Value(0.5, "x"), Value(2.0, "y")
    c = custom_node(7.0, [x, y, 3.0, x], [1.5, 0.25, 9.0, 0.5], name="mixture")
    (c * c + x).backward()
    assert (c.data, c.args, str(c.op)) == (7.0, (x, y, 3.0, x), "mixture")
    assert (x.grad, y.grad) == (14.0 * 2.0 + 1.0, 14.0 * 0.25)
    assert ag.local_partials(c) == (1.5, 0.25, 9.0, 0.5)


@given(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0))
def test_it_has_the_numbers_of_the_function_that_it_stands_for(a, b):
    def both(f):
        x, y = Value(a), Value(b)
        z = f(x * y) * y + f(x)
        z.backward()
        return [z.data, x.grad, y.grad, *[g.data for g in gradient(z, [x, y])]]

    assert both(tanh) == pytest.approx(both(ag.tanh), rel=1e-12, abs=1e-12)


def test_transforms_of_first_order_go_through():
    f = lambda x, y: tanh(x * y) * y  # noqa: E731
    g = lambda x, y: ag.tanh(x * y) * y  # noqa: E731
    assert ag.grad(f, (0, 1))(0.3, 2.0) == pytest.approx(ag.grad(g, (0, 1))(0.3, 2.0))
    assert ag.jvp(lambda x: f(x, 2.0))(0.3, 1.0) == pytest.approx(
        ag.jvp(lambda x: g(x, 2.0))(0.3, 1.0)
    )
    assert ag.grad(lambda x: custom_node(x.data**2, [x], [2.0 * x.data]))(3.0) == 6.0


@pytest.mark.parametrize(
    "twice",
    [
        ag.hessian(tanh),
        ag.derivative(tanh, 2),
        ag.grad(ag.grad(tanh)),
        lambda x: ag.hvp(tanh)(x, 1.0),
    ],
)
def test_differentiating_it_twice_is_refused_by_name(twice):
    with pytest.raises(TypeError, match=r"own_tanh cannot be differentiated twice"):
        twice(0.5)


def test_a_second_derivative_beside_it_is_right():
    assert ag.hessian(lambda y: y**3 * custom_node(2.0, [Value(1.0)], [5.0]))(2.0) == 24.0


def test_it_is_stepped_explained_written_and_drawn():
    x = Value(0.5, "x")
    z = tanh(x) * 3.0
    z.backward()
    text = str(steps(z))
    assert "own_tanh(x)" in text
    assert "∂v1/∂x = 0.786448" in text
    assert "0.786448" in str(ag.explain(z, x))
    assert r"\operatorname{own\_tanh}\left(x\right)" in str(ag.latex(z))
    assert "own_tanh" in ag.draw(z).source
    assert "0.786" in ag.draw(z).text
    page = ag.walkthrough(z)._repr_html_()
    assert "own_tanh" in page
    assert "The numbers stay as they are" in page


def test_a_check_asks_the_values_of_the_function():
    assert ag.check_gradients(lambda x: tanh(x) * x, 0.5, order=1).certain
    both = ag.check_gradients(lambda x: tanh(x) * x, 0.5)
    assert [v.outcome for v in both] == [Outcome.RIGHT, Outcome.UNKNOWN] or both.ok
    wrong = ag.check_gradients(lambda x: custom_node(math.tanh(x.data), [x], [1.3]) * x, 0.5)
    assert not wrong.ok


def test_it_is_pickled_and_copied_with_its_numbers():
    x = Value(0.5, "x")
    z = tanh(x) * x
    for other in (pickle.loads(pickle.dumps(z)), copy.deepcopy(z)):
        other.backward()
        leaf = next(v for v in ag.order(other) if v.label == "x")
        z.backward()
        assert leaf.grad == x.grad
        assert leaf is not x
        x.grad = None
    assert copy.copy(tanh(x)).args == (x,)
    with pytest.raises(TypeError, match="own_tanh is a custom node, and JSON"):
        ag.to_json(z)


def test_a_program_refuses_it_by_name_where_it_would_have_to_follow():
    x = Value(0.5, "x")
    with pytest.raises(TraceError, match=r"test_custom_nodes.py uses pulse while it is compiled"):
        ag.compile(lambda a: custom_node(1.0, [a], [1.0], name="pulse"))(2.0)
    made = custom_node(4.0, [x], [1.0], name="pulse")
    with pytest.raises(TraceError, match=r"uses pulse while it is compiled"):
        ag.compile(lambda a: a * made, parameters=[x])(2.0)
    fixed = ag.compile(lambda a: a * custom_node(4.0, [x], [1.0]))  # which nothing moves
    assert fixed(2.0) == 8.0


def test_modes_hold():
    x = Value(0.5)
    with ag.no_grad():
        assert custom_node(1.0, [x], [2.0]).args == ()
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match="gap"):
        custom_node(math.nan, [x], [2.0], name="gap")
    z = custom_node(1.0, [x], [2.0])
    x.data = 3.0
    with pytest.raises(ag.StaleGraphError):
        z.backward()


def test_numbers_give_a_number():
    assert custom_node(3.0, [1.0, 2], [0.0, 1.0]) == 3.0


def test_nothing_is_kept():
    x = Value(0.5)
    z = tanh(x) * x
    gradient(z, [x])
    str(steps(z))
    gone = weakref.ref(z)
    gc.disable()
    try:
        del z
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((1.0, [], []), ValueError, r"has no operands: write Value\(data\)"),
        ((1.0, [Value(1.0)], []), ValueError, r"1 operand\(s\) and 0 local gradient\(s\)"),
        ((1.0, [Value(1.0)], [1.0, 2.0]), ValueError, r"1 operand\(s\) and 2 local"),
        ((1.0, [Value(1.0)], [Value(1.0)]), TypeError, r"are numbers, and one is a Value"),
        ((1.0, [Value(1.0)], ["1"]), TypeError, r"write float\('1'\)"),
        ((1.0, ["x"], [1.0]), TypeError, r"expected a number, got the str 'x'"),
        ((Value(1.0), [Value(1.0)], [1.0]), TypeError, r"expected a number, got a Value"),
        ((1.0, Value(1.0), [1.0]), TypeError, r"custom_node takes a list of operands"),
        ((1.0, [Value(1.0)], 1.0), TypeError, r"custom_node takes a list of local gradients"),
    ],
)
def test_bad_input_is_told_what_to_write(arguments, error, words):
    with pytest.raises(error, match=words):
        custom_node(*arguments)
