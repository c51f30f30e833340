"""The checker's three verdicts on functions whose answer is known."""

import itertools
import math
import pickle
import random

import numpy as np
import pytest

from autograd import (
    Value,
    abs,
    atan2,
    cos,
    exp,
    gelu,
    hypot,
    log,
    maximum,
    minimum,
    no_grad,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
    where,
)
from autograd.check import (
    GradientError,
    Outcome,
    Report,
    assert_gradients,
    check_against,
    check_gradients,
    check_module,
)
from autograd.check.judge import gradients as checker

RIGHT, WRONG, UNKNOWN = Outcome.RIGHT, Outcome.WRONG, Outcome.UNKNOWN


def outcomes(report: Report) -> list[str]:
    return [v.outcome.value for v in report.verdicts]


def only(report: Report):
    assert len(report) == 1
    return report.verdicts[0]


def s0(x, y):
    u = x * x + x * y + y * y
    return u * u + u


def test_the_sources_example_is_right_to_second_order_with_its_numbers():
    report = check_gradients(s0, 1.0, 2.0)
    assert report.certain
    assert [v.numeric for v in report.verdicts[:2]] == [60.0, 75.0]
    assert [v.numeric for v in report.verdicts[2:]] == [62.0, 80.0]
    assert {v.oracle for v in report.verdicts} == {"complex step"}
    assert all(v.bound < 1e-11 for v in report.verdicts)


def test_the_fourth_derivative_of_exp_of_minus_x_squared_at_0_is_12():
    verdict = check_gradients(lambda x: exp(-x * x), 0.0, order=4).verdicts[-1]
    assert (verdict.order, verdict.outcome, verdict.numeric) == (4, RIGHT, 12.0)


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e-6, 1.0, 1e6, 1e150])
def test_a_zero_gradient_of_a_scaled_x_is_wrong_and_the_true_one_right_at_every_scale(scale):
    assert only(check_against(lambda x: scale * x, lambda x: 0.0, 2.0)).outcome == (
        # Below 1e-290 the smallest floats are too near to say.
        WRONG if scale > 1e-290 else UNKNOWN
    )
    assert only(check_against(lambda x: scale * x, lambda x: scale, 2.0)).outcome is RIGHT
    assert only(check_against(lambda x: scale * x, lambda x: 1.001 * scale, 2.0)).outcome == (
        WRONG if scale > 1e-290 else UNKNOWN
    )
    assert check_gradients(lambda x: scale * x, 3.0).certain


def test_abs_at_0_cannot_be_told_and_both_slopes_are_given():
    verdict = only(check_gradients(abs, 0.0, order=1))
    assert verdict.outcome is UNKNOWN
    assert (verdict.left, verdict.right) == (-1.0, 1.0)
    assert "kink" in verdict.reason
    assert "between the two slopes" in verdict.reason


@pytest.mark.parametrize("function", [maximum, minimum])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_maximum_of_x_with_itself_is_right_by_the_shared_tie(function, count):
    report = check_gradients(lambda x: function(*[x] * count), 2.0)
    assert report.certain
    assert report.verdicts[0].numeric == 1.0


def test_a_tie_of_two_inputs_cannot_be_told():
    report = check_gradients(maximum, 1.0, 1.0, order=1)
    assert outcomes(report) == ["cannot tell"] * 2
    assert (report.verdicts[0].left, report.verdicts[0].right) == (0.0, 1.0)


def test_kinks_that_are_none_of_the_result_are_passed():
    assert check_gradients(lambda x: abs(x) * abs(x), 0.0, order=1).certain


def test_kinks_whose_conventions_do_not_add_up_are_not_called_wrong():
    verdict = only(check_gradients(lambda x: relu(x) - relu(-x), 0.0, order=1))
    assert verdict.outcome is UNKNOWN
    assert "do not add up" in verdict.reason


def test_a_root_at_0_cannot_be_told_and_its_slope_is_infinite():
    for f in (lambda x: x**0.5, sqrt):
        verdict = check_gradients(f, 0.0).verdicts[0]
        assert verdict.outcome is UNKNOWN
        assert math.isnan(verdict.left)
        assert verdict.right == math.inf
        assert "edge of the domain" in verdict.reason


@pytest.mark.parametrize("x", [1e-300, 1e-12, 1e-3, 1e300])
def test_log_is_right_however_near_its_edge(x):
    assert check_gradients(log, x, order=1).certain


def test_a_fast_wave_is_right_while_rounding_leaves_its_slope_alone():
    verdict = only(check_gradients(lambda x: sin(1e8 * x), 1.0, order=1))
    assert verdict.outcome is RIGHT
    assert math.isclose(verdict.numeric, 1e8 * math.cos(1e8), rel_tol=1e-12)


def test_a_wave_faster_than_rounding_cannot_be_told():
    verdict = only(check_gradients(lambda x: sin(1e17 * x), 1.0, order=1))
    assert verdict.outcome is UNKNOWN
    assert "rounding alone" in verdict.reason


def test_an_operand_that_rounding_may_carry_over_a_kink_cannot_be_told():
    # exp(log(3)) - 3 is 4.4e-16 by rounding alone.
    verdict = only(check_gradients(lambda x: relu(exp(log(x)) - x), 3.0, order=1))
    assert verdict.outcome is UNKNOWN
    assert "rounding alone" in verdict.reason


def test_cancellation_widens_the_bound_and_leaves_the_verdict_right():
    verdict = only(check_gradients(lambda x: (1e9 * x + x) - 1e9 * x, 1.0, order=1))
    assert verdict.outcome is RIGHT
    assert 1e-7 < verdict.bound < 1e-4


def test_overflow_cannot_be_told_and_is_located():
    verdict = only(check_gradients(lambda x: 1.0 / exp(exp(x)), 10.0, order=1))
    assert verdict.outcome is UNKNOWN
    assert (
        "exp(22026.5) = inf" in only(check_gradients(lambda x: exp(exp(x)), 10.0, order=1)).reason
    )


@pytest.mark.parametrize("f", [tanh, sigmoid, softplus, gelu])
@pytest.mark.parametrize("x", [-38.0, -20.0, 20.0, 38.0])
def test_tails_are_right(f, x):
    assert check_gradients(f, x, order=1).certain


@pytest.mark.parametrize(
    ("f", "x", "tail"),
    [
        (tanh, 20.0, lambda x: 1.0 - math.tanh(x) ** 2),
        (sigmoid, 38.0, lambda x: 0.0),
    ],
)
def test_a_tail_rounded_to_0_is_wrong(f, x, tail):
    verdict = only(check_against(f, tail, x))
    assert verdict.outcome is WRONG
    assert verdict.numeric > 0.0


# Functions that are not their graph ----------------------------------------------------------


def test_data_read_out_of_the_graph_is_wrong_and_says_so():
    for f in (lambda x: x * x.data, lambda x: x * x.detach()):
        verdict = check_gradients(f, 3.0).verdicts[0]
        assert (verdict.outcome, verdict.analytic) == (WRONG, 3.0)
        assert math.isclose(verdict.numeric, 6.0)
        assert "no part of the graph" in verdict.reason


def test_a_result_without_a_graph_is_wrong_unless_it_is_constant():
    def f(x):
        with no_grad():
            return x * x

    assert only(check_gradients(f, 3.0, order=1)).outcome is WRONG
    assert check_gradients(lambda x: 5.0, 3.0, order=1).certain


def test_inside_no_grad_the_checker_records_all_the_same():
    with no_grad():
        assert check_gradients(sin, 3.0).certain
        assert check_against(sin, lambda x: math.cos(x), 3.0).certain
        assert check_module(Line(), lambda y, t: (y - t) ** 2, (1.0, 2.0), 1.0).certain


def test_a_shift_by_detached_data_that_cancels_is_right():
    def f(x, y):
        shift = max(x.data, y.data)
        return log(exp(x - shift) + exp(y - shift)) + shift

    report = check_gradients(f, 1.0, 2.0, order=1)
    assert report.ok
    assert RIGHT in {v.outcome for v in report.verdicts}


def test_a_branch_at_the_point_cannot_be_told_and_beside_it_is_right():
    def f(x):
        return 2.0 * x if x > 0 else 3.0 * x

    verdict = only(check_gradients(f, 0.0, order=1))
    assert verdict.outcome is UNKNOWN
    assert "branch" in verdict.reason
    assert math.isclose(verdict.left, 3.0)
    assert math.isclose(verdict.right, 2.0)
    for x in (1e-3, 1e-9, -1e-9):
        assert check_gradients(f, x).certain


def test_a_function_of_chance_cannot_be_told():
    rng = random.Random(0)
    report = check_gradients(lambda x: x * rng.random(), 1.0)
    assert outcomes(report) == ["cannot tell"] * 2
    assert "same inputs" in report.verdicts[0].reason


def test_where_on_functions_is_right_on_either_side():
    f = lambda x: where(x > 0, lambda: sqrt(x), lambda: -x)  # noqa: E731
    assert check_gradients(f, 2.0).certain
    assert check_gradients(f, -2.0).certain


# Inputs of every shape ---------------------------------------------------------------------------


def test_nested_lists_are_named_in_order():
    def f(w, b):
        return tanh(w[0][0] * w[1][0] + w[0][1] * w[1][1] + b)

    report = check_gradients(f, [[0.1, -0.2], (0.3, 0.4)], np.float64(0.5), order=1)
    assert report.certain
    assert [v.input for v in report.verdicts] == ["w[0][0]", "w[0][1]", "w[1][0]", "w[1][1]", "b"]


def test_arrays_and_values_are_inputs_too():
    assert len(check_gradients(lambda w: hypot(*w), np.array([3.0, 4.0]), order=1)) == 2
    x = Value(2.0, "speed")
    report = check_gradients(lambda x: x * x, x, order=1)
    assert only(report).input == "speed"
    assert x.grad is None


def test_many_inputs_are_checked_along_a_direction_at_second_order():
    def f(w):
        return tanh(sum(a * b for a, b in itertools.pairwise(w)))

    report = check_gradients(f, [0.1 * i for i in range(1, 9)])
    assert report.certain
    assert len(report) == 16
    assert report.verdicts[-1].entry == "d2f/dv dw[7]"


def test_an_input_that_is_not_used_has_a_slope_of_0():
    report = check_gradients(lambda x, y: x * 2.0, 1.0, 5.0)
    assert report.certain
    assert report.verdicts[1].numeric == 0.0


def test_gradients_that_were_there_before_are_kept():
    w = Value(3.0)
    (w * 2.0).backward()
    assert_gradients(lambda x: w * x * x, 2.0)
    assert w.grad == 2.0


def test_what_is_no_input_or_no_result_is_refused():
    with pytest.raises(TypeError, match="must return one Value or number"):
        check_gradients(lambda x: [x, x], 1.0)
    with pytest.raises(ValueError, match="nothing to differentiate by"):
        check_gradients(lambda: 1.0)
    with pytest.raises(ValueError, match="order is 0"):
        check_gradients(sin, 1.0, order=0)
    with pytest.raises(ValueError, match=r"2 number\(s\) for 1 input"):
        check_against(sin, lambda x: [1.0, 2.0], 1.0)


# Somebody else's gradient ---------------------------------------------------------------------


def test_a_students_gradient_is_right_or_wrong_by_a_part_in_a_thousand():
    f = lambda x, y: s0(x, y)  # noqa: E731

    def right(x, y):
        u = x * x + x * y + y * y
        return (2 * u + 1) * (2 * x + y), (2 * u + 1) * (x + 2 * y)

    assert check_against(f, right, 1.0, 2.0).certain
    report = check_against(f, lambda x, y: (right(x, y)[0], 1.001 * right(x, y)[1]), 1.0, 2.0)
    assert outcomes(report) == ["right", "wrong"]
    assert report.blamed == ()


def test_a_function_of_plain_numbers_is_checked_by_its_values():
    right = lambda x: math.cos(x) * x + math.sin(x)  # noqa: E731
    assert check_against(lambda x: math.sin(x) * x, right, 2.0).certain
    wrong = check_against(lambda x: math.sin(x) * x, lambda x: 1.001 * right(x), 2.0)
    assert outcomes(wrong) == ["wrong"]
    assert only(check_against(math.fabs, lambda x: 0.0, 0.0)).outcome is UNKNOWN
    edge = only(check_against(math.sqrt, lambda x: 1.0, 0.0))
    assert (edge.outcome, edge.right) == (UNKNOWN, math.inf)
    assert math.isnan(edge.left)
    assert only(check_against(lambda x: 1e-6 * float(x), lambda x: 0.0, 2.0)).outcome is WRONG


def test_a_right_gradient_of_noisy_values_is_left_open_and_not_called_wrong():
    noisy = lambda x: (4e13 + math.sin(x)) - 4e13  # noqa: E731
    assert only(check_against(noisy, math.cos, 1.0)).outcome is UNKNOWN
    assert only(check_against(noisy, lambda x: -math.cos(x), 1.0)).outcome is WRONG


def test_the_zero_gradient_of_a_constant_of_plain_numbers_is_right():
    assert check_against(lambda x: 7.0 + 0.0 * math.sin(x), lambda x: 0.0, 2.0).ok


# Models -----------------------------------------------------------------------------------------


class Line:
    def __init__(self):
        self.w = [Value(0.5), Value(-0.25)]
        self.b = Value(0.1)

    def named_parameters(self):
        yield from [("w0", self.w[0]), ("w1", self.w[1]), ("b", self.b)]

    def __call__(self, x):
        return sigmoid(self.w[0] * x[0] + self.w[1] * x[1] + self.b)


def test_a_model_is_checked_by_its_parameters_and_left_as_it_was():
    model = Line()
    births = [p.birth for _, p in model.named_parameters()]
    earlier = model.w[0] * 2.0
    report = check_module(model, lambda y, t: (y - t) ** 2, (1.0, 2.0), 1.0, order=2)
    assert report.certain
    assert [v.input for v in report.verdicts[:3]] == ["w0", "w1", "b"]
    assert math.isclose(report.verdicts[0].numeric, -0.236917618, rel_tol=1e-8)
    assert [p.birth for _, p in model.named_parameters()] == births
    assert [p.grad for _, p in model.named_parameters()] == [None] * 3
    earlier.backward()


def test_a_model_is_put_back_when_its_loss_raises():
    model, calls = Line(), []

    def loss():
        calls.append(model.w[0].data)
        if len(calls) > 2:
            raise RuntimeError("no more")
        return model([1.0, 2.0])

    with pytest.raises(RuntimeError, match="no more"):
        check_module(model, loss)
    assert model.w[0].data == 0.5
    with pytest.raises(TypeError, match="an input and a target, or neither"):
        check_module(model, loss, 1.0)


# The report -------------------------------------------------------------------------------------


def test_a_report_is_a_table_with_the_wrong_ones_first():
    report = check_against(lambda x, y: x * y, lambda x, y: (y, 2.0 * x), 3.0, 4.0)
    text = str(report)
    assert not report.ok
    assert text.splitlines()[0].endswith("1 right, 1 wrong")
    assert text.index("df/dy") < text.index("df/dx")
    assert "wrong" in repr(report)
    assert "<table>" in report._repr_html_()
    assert "&lt;" not in report._repr_html_() or "<lambda>" not in report._repr_html_()
    with pytest.raises(AssertionError, match="1 wrong") as caught:
        report.raise_if_wrong()
    assert isinstance(caught.value, GradientError)
    assert caught.value.report is report
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)


def test_strict_raises_where_it_cannot_be_told():
    assert assert_gradients(abs, 0.0).ok
    with pytest.raises(GradientError, match="2 cannot tell"):
        assert_gradients(abs, 0.0, strict=True)


def test_html_is_escaped():
    report = check_gradients(lambda x: x * 2.0, Value(1.0, "<b>x</b>"), order=1)
    assert "<b>x" not in report._repr_html_().replace("<b>gradients", "")


def test_without_mpmath_the_verdicts_are_the_same(monkeypatch):
    from autograd.check.oracles import high_precision, row_slope

    monkeypatch.setattr(high_precision, "context", lambda digits=60: None)
    monkeypatch.setattr(row_slope, "_affine", {})
    assert check_gradients(lambda x, y: sigmoid(x) * gelu(y) + relu(x) * hypot(x, y), 1.5, 0.5).ok
    assert only(check_gradients(abs, 0.0, order=1)).outcome is UNKNOWN
    assert check_gradients(lambda x: maximum(x, x), 2.0, order=1).certain
    verdict = only(check_against(sigmoid, lambda x: 0.2, 1.0))
    assert verdict.outcome is WRONG
    assert checker.check_gradients(atan2, 1.0, 2.0).ok


@pytest.mark.parametrize("claim", [17.0, -1.0, math.nan, math.inf])
def test_no_convention_takes_a_slope_outside_those_of_a_kink(claim):
    assert not check_against(lambda x: abs(x) if x < 0 else x, lambda x: claim - 3.0, 0.0).ok
    assert not check_against(lambda x: x.relu(), lambda x: claim, 0.0).ok


def test_functions_in_single_precision_are_not_called_flat():
    def rough(x):
        return float(np.float32(x) ** 2)

    assert check_against(rough, lambda x: 2.0 * x, 1.5).ok
    assert not check_against(rough, lambda x: 0.0, 1.5).ok


@pytest.mark.parametrize("relative", [-1.0, math.nan, 2.0])
def test_the_allowed_error_is_a_part_of_the_whole(relative):
    with pytest.raises(ValueError, match="relative is an error from 0 to 1"):
        check_against(lambda x: x * x, lambda x: 2 * x, 1.0, relative=relative)


def test_claims_below_the_rounding_are_left_open():
    def chaotic(y):
        for _ in range(40):
            y = 4.0 * y * (1.0 - y)
        return y

    def cancelling(x):
        return exp(x) - exp(x) + x * 1e-9

    for f, claim, at in ((chaotic, 0.0, 0.3), (cancelling, 5e-9, 30.0)):
        report = check_against(f, lambda _, claim=claim: claim, at)
        assert [v.outcome for v in report.verdicts] == [UNKNOWN]
        assert "rounding hides" in report.verdicts[0].reason
    assert check_against(lambda x: x - sin(x), lambda x: 0.0, 0.0).certain
    assert check_against(lambda x: sin(x) ** 2 + cos(x) ** 2, lambda x: 0.0, 0.7).certain
