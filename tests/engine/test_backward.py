"""The backward pass: accumulation, order, leaves as they finish, and nothing left half done."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd
from autograd import StaleGraphError, Value, order
from autograd.engine.methods import Kind
from autograd.engine.symbolic import closed
from support.programs import Program, programs


def graph(program: Program) -> tuple[list[Value], list[Any]]:
    """The leaves and all results of a program on Values."""
    leaves = [Value(x, f"x{i}") for i, x in enumerate(program.inputs)]
    return leaves, program.run(leaves)


# Accumulation --------------------------------------------------------------------------------


@given(programs())
def test_twice_is_exactly_twice_at_leaves_and_once_inside(program: Program) -> None:
    leaves, results = graph(program)
    z = results[-1]
    z.backward()
    once = [x.grad for x in leaves]
    inside = [v.grad for v in order(z) if v.op is not None]
    z.backward()
    assert [x.grad for x in leaves] == [None if g is None else 2.0 * g for g in once]
    assert [v.grad for v in order(z) if v.op is not None] == inside


def test_gradients_are_none_until_a_pass_reaches_them() -> None:
    x, y, aside = Value(2.0), Value(3.0), Value(4.0)
    z = x * y
    assert (x.grad, z.grad) == (None, None)
    unused = z * aside
    z.backward()
    assert (x.grad, y.grad, z.grad) == (3.0, 2.0, 1.0)
    assert (aside.grad, unused.grad) == (None, None)


def test_passes_from_two_results_add_up_at_the_leaves() -> None:
    x = Value(3.0)
    u = x * x
    p, q = u + x, u * 2.0
    p.backward()
    q.backward()
    assert x.grad == 7.0 + 12.0
    assert u.grad == 2.0
    assert p.grad == 1.0


def test_a_gradient_may_be_reset_by_hand() -> None:
    x = Value(3.0)
    z = x * x
    z.backward()
    x.grad = None
    z.backward()
    assert x.grad == 6.0
    x.grad = 0.0
    z.backward()
    assert x.grad == 6.0


def test_backward_from_a_leaf() -> None:
    x = Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_backward_from_an_interior_node_leaves_the_rest_alone() -> None:
    x = Value(3.0)
    u = x * x
    z = u * u
    z.backward()
    u.backward()
    assert z.grad == 1.0
    assert x.grad == 108.0 + 6.0


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda a: a + a, 2.0),
        (lambda a: a * a, 6.0),
        (lambda a: a - a, 0.0),
        (lambda a: a / a, 0.0),
        (lambda a: a**a, 27.0 * (1.0 + 1.0986122886681098)),
        (lambda a: autograd.maximum(a, a), 1.0),
        (lambda a: autograd.minimum(a, a, a), 1.0),
        (lambda a: autograd.hypot(a, a), 2.0**0.5),
        (lambda a: autograd.sum([a, a, a]), 3.0),
        (lambda a: autograd.dot([a, a], [a, 2.0]), 8.0),
        (lambda a: autograd.logsumexp([a, a]), 1.0),
        (lambda a: autograd.where(a > 0, a, a), 1.0),
        (lambda a: autograd.atan2(a, a), 0.0),
    ],
)
def test_one_operand_used_twice(f: Callable[[Value], Value], slope: float) -> None:
    a = Value(3.0)
    f(a).backward()
    assert a.grad == pytest.approx(slope, rel=1e-15, abs=1e-16)


def test_only_values_go_backward() -> None:
    with pytest.raises(TypeError, match="expected a Value, got float"):
        autograd.backward(3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a Value, got int"):
        autograd.order(3)  # type: ignore[arg-type]


# Order ---------------------------------------------------------------------------------------


@given(programs())
def test_order_lists_each_value_once_operands_first(program: Program) -> None:
    _, results = graph(program)
    z = results[-1]
    nodes = order(z)
    assert nodes[-1] is z
    assert len(set(nodes)) == len(nodes)
    place = {v: i for i, v in enumerate(nodes)}
    reachable, stack = {z}, [z]
    while stack:
        for x in stack.pop().args:
            if isinstance(x, Value) and x not in reachable:
                reachable.add(x)
                stack.append(x)
    assert set(nodes) == reachable
    for v in nodes:
        for x in v.args:
            if isinstance(x, Value):
                assert place[x] < place[v]
                assert x.birth < v.birth


@given(programs())
def test_each_interior_node_that_is_reached_is_pulled_once_results_first(program: Program) -> None:
    _, results = graph(program)
    z = results[-1]
    pulled: list[Value] = []

    def counted(kind: Kind) -> Kind:
        def pull(node: Value) -> None:
            pulled.append(node)
            kind.pull(node)

        return Kind(kind.row, pull)

    interior = [v for v in order(z) if v.op is not None][::-1]
    # Nothing flows to what stands only behind partials that are 0 by the rule, or not chosen.
    reached = {z}
    for v in interior:
        if v in reached:
            nothing = closed(v.op, autograd.local_partials(v))
            reached |= {
                x for i, x in enumerate(v.args) if isinstance(x, Value) and i not in nothing
            }
    for v in interior:
        v._kind = counted(v._kind)
    z.backward()
    assert pulled == [v for v in interior if v in reached]
    pulled.clear()
    z.backward(on_leaf=lambda leaf: None)
    assert pulled == [v for v in interior if v in reached]


# Leaves as they finish -----------------------------------------------------------------------


@given(programs(max_inputs=4))
def test_on_leaf_is_called_once_with_the_complete_gradient(program: Program) -> None:
    leaves, results = graph(program)
    results[-1].backward()
    plain = {x: x.grad for x in leaves}
    for x in leaves:
        x.grad = None
    seen: list[tuple[Value, float | None]] = []
    results[-1].backward(on_leaf=lambda leaf: seen.append((leaf, leaf.grad)))
    reached = [x for x in leaves if plain[x] is not None]
    assert sorted(x.birth for x, _ in seen) == sorted(x.birth for x in reached)
    assert dict(seen) == {x: plain[x] for x in reached}
    assert {x: x.grad for x in leaves} == plain


@given(programs(max_inputs=4))
def test_updating_during_the_pass_equals_updating_after_it(program: Program) -> None:
    """Shared weights included, bit for bit: what remains of the pass reads no updated number."""
    after, results = graph(program)
    results[-1].backward()
    for x in after:
        if x.grad is not None:
            x.data -= 0.1 * x.grad
    during, results = graph(program)

    def update(leaf: Value) -> None:
        assert leaf.grad is not None
        leaf.data -= 0.1 * leaf.grad

    results[-1].backward(on_leaf=update)
    assert [repr(x.data) for x in during] == [repr(x.data) for x in after]


def test_on_leaf_comes_as_soon_as_a_leaf_is_complete() -> None:
    calls: list[str] = []
    w1, w2, x = Value(2.0, "w1"), Value(3.0, "w2"), Value(1.0, "x")
    z = w2 * (w1 * x)
    z.backward(on_leaf=lambda leaf: calls.append(f"{leaf.label} {w1.grad}"))
    assert calls[0] == "w2 0.0"
    assert {call.split()[0] for call in calls[1:]} == {"w1", "x"}


def test_on_leaf_sees_what_earlier_passes_left() -> None:
    x = Value(3.0)
    z = x * x
    z.backward()
    seen: list[float | None] = []
    z.backward(on_leaf=lambda leaf: seen.append(leaf.grad))
    assert seen == [12.0]
    y = Value(5.0)
    y.backward(on_leaf=lambda leaf: seen.append(leaf.grad))
    assert seen == [12.0, 1.0]


# Stale graphs --------------------------------------------------------------------------------


def test_new_data_makes_a_value_younger_than_its_consumers() -> None:
    x = Value(3.0, "x")
    z = x * x
    birth = x.birth
    x.data = 4.0
    assert x.birth > z.birth > birth


def test_a_stale_graph_names_both_and_changes_no_gradient_of_a_leaf() -> None:
    x, y = Value(3.0, "x"), Value(2.0, "y")
    u = x * y
    u.label = "u"
    z = u + y
    z.backward()
    before = [x.grad, y.grad]
    x.data = 4.0
    for go in (z.backward, lambda: order(z), lambda: autograd.gradient(z, [y])):
        with pytest.raises(StaleGraphError, match=r"x = 4\.0 was given new data after u = 6\.0"):
            go()
        assert [x.grad, y.grad] == before
    w = x * y + y
    w.backward()
    assert (x.grad, y.grad) == (2.0 + 2.0, 4.0 + 5.0)


def test_a_stale_interior_node_is_noticed() -> None:
    x = Value(3.0, "x")
    u = x * x
    z = u * u
    u.data = 1.0
    assert (u.op, u.args) == (None, ())
    with pytest.raises(StaleGraphError, match=r"a leaf = 1\.0 .* mul = 81\.0"):
        z.backward()
    assert (x.grad, u.grad, z.grad) == (None, None, None)


def test_new_data_elsewhere_makes_no_graph_stale() -> None:
    x, other = Value(3.0), Value(1.0)
    z = x * x
    other.data = 2.0
    z.backward()
    assert x.grad == 6.0
    (x * other).backward()
    assert x.grad == 8.0


def test_in_place_updates_keep_working_for_thousands_of_steps() -> None:
    w = Value(1.0)
    for _ in range(3000):
        loss = (w - 3.0) ** 2
        w.grad = None
        loss.backward()
        assert w.grad is not None
        w.data -= 0.1 * w.grad
    assert w.data == pytest.approx(3.0, abs=1e-15)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: autograd.sign(1.0 / x) + x,
        lambda x: autograd.step(autograd.log(x)) * x + x,
        lambda x: autograd.equal(autograd.log(x), 1.0) + x,
        lambda x: autograd.where(autograd.log(x), x, 2.0 * x),
    ],
)
def test_nothing_flows_past_a_partial_that_is_zero_by_the_rule(f):
    """Not even 0 * inf further down: backward, gradient and compiled programs agree."""
    x = Value(0.0)
    f(x).backward()
    assert x.grad == 1.0
    assert autograd.grad(f)(0.0) == 1.0
    assert autograd.compile(f).value_and_grad(np.array([0.0]))[1].tolist() == [1.0]
    seen = []
    y = Value(0.0)
    f(y).backward(on_leaf=seen.append)
    assert [leaf.grad for leaf in seen] == [1.0]
