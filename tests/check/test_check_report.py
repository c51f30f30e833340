"""What a report, a verdict and an outcome say of themselves: their truth, and a likely mistake."""

import math

import pytest

from autograd import Primitive
from autograd.check import Outcome, check_against, check_gradients, check_row
from autograd.check.oracles.taylor import taylor_remainder
from autograd.check.testing.mutation import planted
from autograd.engine.primitive import lookup


def test_the_truth_of_a_report_is_whether_nothing_is_wrong():
    right = check_against(lambda x: x * x, lambda x: 2 * x, 3.0)
    wrong = check_against(lambda x: x * x, lambda x: 3 * x, 3.0)
    unknown = check_gradients(abs, 0.0, order=1)
    for report, ok in ((right, True), (wrong, False), (unknown, True)):
        assert bool(report) is report.ok is ok
        for verdict in report:
            assert bool(verdict) is verdict.ok is bool(verdict.outcome) is verdict.outcome.ok is ok
    assert not check_row(Primitive("double", lambda x: 2 * x, lambda z, x: (3.0,)))
    with planted(lookup("sin"), lambda z, x: (0.0,)):
        assert not check_gradients(lambda x: x.sin(), 1.0)
    assert Outcome("wrong") == "wrong"
    assert taylor_remainder(lambda x: x * x, lambda x: 2 * x, 3.0)
    assert not taylor_remainder(lambda x: x * x, lambda x: 3 * x, 3.0)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (2.0, "twice the slope: was a factor 1/2 forgotten"),
        (0.5, "half of the slope: was a factor 2 forgotten"),
        (-1.0, "other sign: was a minus forgotten"),
        (1.001, "1.001 times the slope: is a constant mistyped"),
        (1.0 + 1e-5, "1.00001 times the slope: is a constant mistyped"),
        (-0.999, "0.999 times the slope with the other sign: is a constant mistyped"),
        (180.0 / math.pi, "degrees in place of radians"),
        (math.log(10.0), "another base"),
    ],
)
def test_a_wrong_number_is_told_the_likely_mistake(ratio, words):
    for f in (lambda x: x.sin(), math.sin):
        report = check_against(f, lambda x: ratio * math.cos(x), 1.0)
        assert words in report.wrong[0].hint
        assert words in str(report)
        assert words in report._repr_html_()
        assert words in str(report.wrong[0])


def test_other_numbers_are_told_none():
    for claim in (0.0, 1.7 * math.cos(1.0), math.nan, math.inf):
        (verdict,) = check_against(math.sin, lambda x, claim=claim: claim, 1.0).wrong
        assert verdict.hint == ""
    assert [v.hint for v in check_against(math.sin, math.cos, 1.0)] == [""]
    assert check_against(lambda x: x * 0.0, lambda x: 1.0, 1.0).wrong[0].hint == ""


def test_a_wrong_rule_of_a_row_is_told_the_likely_mistake_too():
    row = Primitive("halved", lambda x: x * x, lambda z, x: (x,))
    assert "half of the slope" in str(check_row(row))
    with planted(lookup("sin"), lambda z, x: (2.0 * lookup("cos").function(float(x)),)):
        assert "twice the slope" in str(check_gradients(lambda x: x.sin(), 1.0, order=1))


def test_right_numbers_in_another_order_are_told_so():
    def f(x, y, z):
        return x * x * y + 3.0 * z

    def gradient(x, y, z):
        return 2.0 * x * y, x * x, 3.0

    point = (1.5, 2.0, 1.0)
    for order in ((2, 1, 0), (1, 0, 2), (1, 2, 0)):
        claims = [gradient(*point)[k] for k in order]
        report = check_against(f, lambda *_, claims=claims: claims, *point)
        assert "the right ones in another order" in str(report)
        assert "the right ones in another order" in report._repr_html_()
    for wrong in ((6.0, 2.25, 3.1), (6.1, 2.25, 3.0), (3.0, 2.25, 6.5)):
        assert "another order" not in str(check_against(f, lambda *_, g=wrong: g, *point))
    assert "another order" not in str(check_against(f, gradient, *point))
