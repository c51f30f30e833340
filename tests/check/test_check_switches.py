"""Rules that switch at a point, and rules that compute outside the graph: two different reasons."""

import math

import pytest

from autograd import Primitive, Value, abs, clip, equal, register, sign, sin, unregister, where
from autograd.check import Outcome, check_gradients
from autograd.check.testing.mutation import planted
from autograd.engine.primitive import lookup


def huber(x):
    return 0.5 * x * x if math.fabs(x) <= 1.0 else math.fabs(x) - 0.5


RULES = {
    "where": lambda z, x: (where(1.0 * (abs(x) <= 1.0), x, sign(x)),),
    "if": lambda z, x: (x if abs(x) <= 1.0 else sign(x),),
    "masks": lambda z, x: ((1.0 * (abs(x) <= 1.0)) * x + (1.0 * (abs(x) > 1.0)) * sign(x),),
    "clip": lambda z, x: (clip(x, -1.0, 1.0),),
}


@pytest.fixture(params=RULES)
def row(request):
    yield register(Primitive("huber", huber, RULES[request.param]))
    unregister("huber")


@pytest.mark.parametrize(("at", "left", "right"), [(1.0, 1.0, 0.0), (-1.0, 0.0, 1.0)])
def test_at_its_switch_a_second_derivative_cannot_be_told_from_either_side(row, at, left, right):
    for f in (row, lambda x: row(x) * 1.0, lambda x: row(2.0 * x - at)):
        first, second = check_gradients(f, at)
        scale = second.left + second.right
        assert first.outcome is Outcome.RIGHT
        assert second.outcome is Outcome.UNKNOWN
        assert second.reason.startswith("kink: ")
        assert "outside the graph" not in second.reason
        assert (second.left, second.right) == (left * scale, right * scale)


@pytest.mark.parametrize("off", [0.5, 1e-3, 1e-5, 1e-7, -1e-7, -1e-5, -1e-3, -0.5])
def test_beside_its_switch_it_is_right(row, off):
    report = check_gradients(row, 1.0 + off)
    assert report.certain, report
    assert report.verdicts[-1].analytic == (1.0 if off < 0.0 else 0.0)


def test_with_several_inputs_only_what_has_the_kink_is_left_open():
    huberized = register(Primitive("huber", huber, RULES["where"]))
    try:
        report = check_gradients(lambda x, y: huberized(x) + y * y * y, 1.0, 2.0)
    finally:
        unregister("huber")
    assert report.ok
    assert {(v.order, v.input): v.outcome for v in report} == {
        (1, "x"): Outcome.RIGHT,
        (1, "y"): Outcome.RIGHT,
        (2, "x"): Outcome.UNKNOWN,
        (2, "y"): Outcome.RIGHT,
    }


def test_a_rule_that_is_special_at_one_point_alone_is_wrong_there():
    def rule(z, x):
        number = x.data if isinstance(x, Value) else x
        return (12.0 + x * 0.0 if number == 2.0 else 3.0 * x * x,)

    cube = register(Primitive("cube", lambda x: x * x * x, rule, domain=((-1.0, 1.0),)))
    try:
        report = check_gradients(cube, 2.0)
        beside = check_gradients(cube, 2.1)
    finally:
        unregister("cube")
    assert beside.certain
    assert [v.outcome for v in report] == [Outcome.RIGHT, Outcome.WRONG]
    (verdict,) = report.wrong
    assert "the rule of cube is another one at this point alone" in verdict.reason
    assert verdict.numeric == pytest.approx(12.0, rel=1e-6)


def test_numbers_outside_the_graph_are_still_told_as_such():
    def rule(z, x):
        return (math.cos(x.data) if isinstance(x, Value) else math.cos(x),)

    with planted(lookup("sin"), rule):
        report = check_gradients(lambda x: sin(x) * x, 1.0)
    assert "numbers outside the graph" in report.wrong[0].reason
    assert report.blamed == ("sin",)


def test_beside_a_jump_is_another_function():
    """A little to each side 0 stands in for 1, and the division by it is infinite."""

    def f(x):
        return (x * x + 1.0) ** (-x / equal(x, 2.0))

    report = check_gradients(f, 2.0)
    assert [v.outcome for v in report] == [Outcome.UNKNOWN, Outcome.UNKNOWN]
