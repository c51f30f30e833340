"""The steps of a forward and a backward pass: the right numbers, in words anybody can read."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import StaleGraphError, Value, no_grad, steps, where
from autograd.display.chain.terms import Names, Term, partial_terms
from autograd.engine.primitives import TABLE
from support.graphs import composite, neuron
from support.programs import programs


def test_the_composite_of_the_first_source_comes_out_line_by_line():
    z, _, _ = composite()
    assert (
        str(steps(z))
        == """\
forward: the value of every node
  1  x        given                             x = 1
  2  y        given                             y = 2
  3  v1       x ** 2               1 ** 2       v1 = 1
  4  v2       x * y                1 * 2        v2 = 2
  5  v3       v1 + v2              1 + 2        v3 = 3
  6  v4       y ** 2               2 ** 2       v4 = 4
  7  f        v3 + v4              3 + 4        f = 7
  8  v5       f ** 2               7 ** 2       v5 = 49
  9  z        v5 + f               49 + 7       z = 56
backward: upstream gradient × local derivative, added up
 10  z        the result                        dz/dz = 1
 11  z → v5   ∂z/∂v5 = 1           1 × 1 = 1    dz/dv5 = 0 + 1 = 1
 12  z → f    ∂z/∂f = 1            1 × 1 = 1    dz/df = 0 + 1 = 1
 13  v5 → f   ∂v5/∂f = 2 * f = 14  1 × 14 = 14  dz/df = 1 + 14 = 15
 14  f → v3   ∂f/∂v3 = 1           15 × 1 = 15  dz/dv3 = 0 + 15 = 15
 15  f → v4   ∂f/∂v4 = 1           15 × 1 = 15  dz/dv4 = 0 + 15 = 15
 16  v4 → y   ∂v4/∂y = 2 * y = 4   15 × 4 = 60  dz/dy = 0 + 60 = 60
 17  v3 → v1  ∂v3/∂v1 = 1          15 × 1 = 15  dz/dv1 = 0 + 15 = 15
 18  v3 → v2  ∂v3/∂v2 = 1          15 × 1 = 15  dz/dv2 = 0 + 15 = 15
 19  v2 → x   ∂v2/∂x = y = 2       15 × 2 = 30  dz/dx = 0 + 30 = 30
 20  v2 → y   ∂v2/∂y = x = 1       15 × 1 = 15  dz/dy = 60 + 15 = 75
 21  v1 → x   ∂v1/∂x = 2 * x = 2   15 × 2 = 30  dz/dx = 30 + 30 = 60"""
    )


def test_the_neuron_of_the_last_source_comes_out_factor_by_factor():
    loss = neuron()
    by_operand = {step.operand_name: step for step in steps(loss).backward}
    assert by_operand["y"].after == pytest.approx(-0.950041625, abs=5e-10)
    assert by_operand["z"].rule == "y * sigmoid(-z)"
    assert by_operand["z"].local == pytest.approx(0.249376040, abs=5e-10)
    assert by_operand["z"].contribution == pytest.approx(-0.236917618, abs=5e-10)
    for name, gradient in (("w1", -0.236917618), ("w2", -0.473835237), ("b", -0.236917618)):
        assert by_operand[name].after == pytest.approx(gradient, abs=5e-10)
    values = {step.name: step.value for step in steps(loss).forward}
    assert values["y"] == pytest.approx(0.524979187, abs=5e-10)
    assert values["L"] == pytest.approx(0.225644772, abs=5e-10)
    assert "∂y/∂z = y * sigmoid(-z) = 0.249376" in str(by_operand["z"])
    assert "-0.950042 × 0.249376 = -0.236918" in str(by_operand["z"])


@given(programs())
def test_running_sums_end_at_the_gradients_of_backward_to_the_last_bit(program):
    leaves = [Value(x) for x in program.inputs]
    z = program(*leaves)
    if not isinstance(z, Value):
        return
    walk = steps(z)
    assert all(node.grad is None for node in ag.order(z))
    ends = {z: 1.0}
    for step in walk.backward:
        if step.upstream is not None:
            assert step.before == ends.get(step.operand, 0.0)
            assert step.after == step.before + step.contribution or math.isnan(step.after)
        ends[step.operand] = step.after
    z.backward()
    for node in ag.order(z):
        assert node.grad == ends.get(node, 0.0) or math.isnan(node.grad)
        assert str(steps(z))


def test_it_can_be_walked_backward_and_taken_apart():
    z, x, _ = composite()
    walk = steps(z)
    assert len(walk) == len(walk.forward) + len(walk.backward) == 21
    assert [s.number for s in reversed(walk)] == list(range(21, 0, -1))
    assert [s.number for s in walk[::-1]] == list(range(21, 0, -1))
    assert [s.number for s in walk[::-1].forward] == list(range(9, 0, -1))
    assert [s.number for s in walk[3:12].backward] == [10, 11, 12]
    assert [s.number for s in walk[::5].backward] == [11, 16, 21]
    assert not walk[:4].backward
    assert walk[-1].operand is x
    assert str(walk[-1]) in str(walk)
    assert str(walk[-1:]).splitlines()[1] == str(walk[-1])
    with pytest.raises(IndexError):
        walk[21]


def test_it_keeps_the_numbers_it_was_made_with():
    z, x, _ = composite()
    walk = steps(z)
    before = str(walk)
    x.data = 5.0
    assert str(walk) == before
    with pytest.raises(StaleGraphError):
        steps(z)


def test_a_leaf_has_a_value_and_the_gradient_one():
    walk = steps(Value(3.0, "x"))
    assert [str(step) for step in walk] == [
        " 1  x  given         x = 3",
        " 2  x  the result    dx/dx = 1",
    ]


def test_a_graph_that_was_cut_off_is_a_leaf():
    x = Value(3.0, "x")
    with no_grad():
        y = x * x
    assert len(steps(y)) == 2
    assert len(steps((x * x).detach())) == 2


def test_numbers_and_not_values_are_refused():
    with pytest.raises(TypeError, match="expected a Value, got float"):
        steps(3.0)


def test_an_operand_used_twice_is_told_apart():
    a = Value(3.0, "a")
    first, second = steps(a * a).backward[1:]
    assert (first.position, second.position) == (0, 1)
    assert first.derivative == "∂z/∂a[1]"
    assert second.before == 3.0
    assert second.after == 6.0


def test_nothing_flows_where_the_rule_is_zero_not_even_infinity():
    c, a = Value(1.0, "c"), Value(0.0, "a")
    z = where(c, a, 2.0).log()  # dz/d(where) is infinite
    fed = {step.operand_name: step for step in steps(z).backward}
    assert fed["c"].contribution == 0.0
    assert fed["c"].after == 0.0
    assert fed["a"].after == math.inf


def test_names_are_unique_whatever_the_labels():
    nodes = [
        Value(0.0, label) for label in ["x", "x", "v1", "", "w1", "w_1", "x (2)", "z", " ", ""]
    ]
    names = Names(nodes)
    assert len({names[v] for v in nodes}) == len(nodes)
    assert len({names.latex(v) for v in nodes}) == len(nodes)


@given(st.lists(st.text(), min_size=1, max_size=6))
def test_any_labels_at_all_give_unique_names_and_one_line_each(labels):
    nodes = [Value(1.0, label) for label in labels]
    names = Names(nodes)
    assert len({names[v] for v in nodes}) == len({names.latex(v) for v in nodes}) == len(nodes)
    z = ag.sum(nodes) if len(nodes) > 1 else -nodes[0]
    walk = steps(z)
    assert len(str(walk).splitlines()) == len(walk) + 2
    assert len(walk.markdown().splitlines()) == len(walk) + 5
    assert "<" not in walk.markdown()


def test_a_name_with_dots_needs_no_parentheses_and_one_with_signs_does():
    b, c = Value(2.0, "layers.0.bias"), Value(3.0, "a + b")
    last = steps(b * c).forward[-1]
    assert last.rule == "layers.0.bias * (a + b)"


def test_labels_cannot_become_markup_in_markdown():
    x = Value(1.0, "<img src=x> | `a` **b** $c$")
    text = steps(x + 1.0).markdown()
    assert "<" not in text
    assert "\\|" in text
    assert "\\$c\\$" in text
    assert "\\*\\*b\\*\\*" in text


@pytest.mark.parametrize("name", TABLE)
def test_every_row_writes_its_partials_in_names_and_in_numbers(name):
    row = TABLE[name]
    n = row.arity or 4
    operands = [Term.named(f"x{i}", f"x_{{{i}}}") for i in range(n - row.constants)]
    operands += [2.0] * row.constants
    partials = partial_terms(row, Term.named("z", "z"), operands)
    assert partials is not None
    assert len(partials) == n
    figures = partial_terms(row, Term.figure(-0.25), [Term.figure(0.5)] * n)
    for term in figures:
        text = term.text.text if isinstance(term, Term) else repr(term)
        assert "x0" not in text


def test_the_written_derivative_computes_to_the_local_derivative():
    z, _, _ = composite(0.5, -1.0)
    for step in steps(z).backward[1:]:
        assert eval(step.numbers, {}) == pytest.approx(step.local)


def test_a_rule_that_cannot_be_written_is_shown_by_its_numbers():
    @ag.primitive(partials=lambda z, x: (math.copysign(0.5, getattr(x, "data", x) ** 2),))
    def halved(x):
        return x / 2

    try:
        last = steps(halved(Value(3.0, "x")))[-1]
        assert "∂z/∂x = 0.5" in str(last)
        assert last.rule == "0.5"
    finally:
        ag.unregister("halved")


def test_a_long_walk_is_cut_in_the_middle_and_stays_indexable():
    x = z = Value(1.0, "x")
    for _ in range(2_000):
        z = z + x
    walk = steps(z)
    assert len(walk) == 2_001 + 1 + 4_000
    lines = str(walk).splitlines()
    assert len(lines) == 400 + 3
    assert "… 5,602 more steps …" in str(walk)
    assert walk[-1].after == 2_001.0


def test_steps_are_formulas_too():
    z, _, _ = composite()
    assert steps(z)[12]._repr_latex_().startswith(r"$\displaystyle \frac{dz}{df} = 1 + ")
    latex = steps(z).latex()
    assert latex.count("&=") == 21
    assert (
        r"\frac{dz}{df} &= 1 + \frac{dz}{dv_{5}} \cdot \frac{\partial v_{5}}{\partial f}" in latex
    )


def test_nan_and_infinity_are_shown_as_they_are():
    x = Value(0.0, "x")
    text = str(steps(x.log() * 0.0))
    assert "v1 = -inf" in text
    assert "z = nan" in text
    assert "∂v1/∂x = 1 / x = inf" in text
    assert "0 × inf = nan" in text


@pytest.mark.parametrize(("x", "y"), [(2.0, 3.0), (0.0, 0.0), (0.0, 2.0)])
def test_the_rule_of_a_power_is_the_one_of_textbooks_and_its_number_the_real_one(x, y):
    base, exponent = Value(x, "x"), Value(y, "y")
    z = base**exponent
    by_x, by_y = steps(z)[-2:]
    assert [by_x.rule, by_y.rule] == ["y * x ** (y - 1)", "z * log(x)"]
    z.backward()
    assert (by_x.local, by_y.local) == (base.grad, exponent.grad)
    assert steps(ag.xlogy(base, exponent)).forward[-1].rule == "xlogy(x, y)"


def test_a_quotient_by_a_subnormal_number_comes_out_as_in_backward():
    """There 1 / y is infinite, and g / y is not."""
    x, y = Value(1.0, "x"), Value(1e-310, "y")
    z = (x / y) * 1e-300
    z.backward()
    (step,) = [step for step in steps(z).backward if step.operand is x]
    assert step.contribution == step.after == x.grad == 1e-300 / 1e-310
