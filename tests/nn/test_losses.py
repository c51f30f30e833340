"""Losses: values, gradients, far tails, and what is said about targets that do not fit."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value
from nn.losses import LOSSES, loss_named

BY_OUTPUT = ["half_squared_error", "mean_squared_error", "mean_absolute_error", "huber"]


def slopes(loss, outputs, target):
    """Return a loss's value and its derivatives by the outputs."""
    values = [Value(x) for x in outputs]
    result = LOSSES[loss].function(values, target)
    result.backward()
    return result.data, [x.grad for x in values]


@pytest.mark.parametrize(
    ("loss", "value", "gradient"),
    [
        ("half_squared_error", 0.5 * (0.25 + 9.0), [0.5, -3.0]),
        ("mean_squared_error", 0.5 * (0.25 + 9.0), [0.5, -3.0]),
        ("mean_absolute_error", 0.5 * (0.5 + 3.0), [0.5, -0.5]),
        ("huber", 0.5 * (0.125 + 2.5), [0.25, -0.5]),
    ],
)
def test_losses_that_compare_output_by_output(loss, value, gradient):
    assert slopes(loss, [1.5, -1.0], [1.0, 2.0]) == (value, gradient)


@pytest.mark.parametrize("loss", BY_OUTPUT)
def test_a_perfect_output_has_no_loss_and_no_gradient(loss):
    assert slopes(loss, [1.5, -1.0], [1.5, -1.0]) == (0.0, [0.0, 0.0])


@pytest.mark.parametrize(
    ("r", "value", "slope"), [(0.5, 0.125, 0.5), (2.0, 2.0, 2.0), (5.0, 8.0, 2.0)]
)
def test_huber_passes_from_squared_to_absolute_at_delta(r, value, slope):
    for sign in (1.0, -1.0):
        x = Value(sign * r)
        loss = nn.huber([x], [0.0], delta=2.0)
        loss.backward()
        assert (loss.data, x.grad) == (value, sign * slope)


@pytest.mark.parametrize(
    ("scores", "label", "value", "gradient"),
    [
        ([0.25], 1, 0.75, [-1.0]),
        ([0.25], -1, 1.25, [1.0]),
        ([0.25], 0, 1.25, [1.0]),
        ([2.0], 1, 0.0, [0.0]),
        ([1.0], 1, 0.0, [0.0]),
        ([2.0, 0.5, 1.5], 0, 0.5, [-1.0, 0.0, 1.0]),
        ([2.0, 0.5, 1.5], 1, 2.5, [1.0, -1.0, 0.0]),
        ([2.0, 0.5, 0.5], 0, 0.0, [0.0, 0.0, 0.0]),
        ([0.0, 1.0, 1.0], 0, 2.0, [-1.0, 0.5, 0.5]),
        ([1.0, 3.0], 0, 3.0, [-1.0, 1.0]),
    ],
)
def test_the_hinge_asks_for_a_margin_of_one(scores, label, value, gradient):
    assert slopes("hinge", scores, label) == (value, gradient)


@pytest.mark.parametrize(
    ("z", "label", "value", "slope"),
    [
        (0.0, 1, math.log(2.0), -0.5),
        (0.0, 0, math.log(2.0), 0.5),
        (1000.0, 1, 0.0, 0.0),
        (1000.0, 0, 1000.0, 1.0),
        (-1000.0, 1, 1000.0, -1.0),
        (-1000.0, 0, 0.0, 0.0),
        (40.0, 1, 4.248354255291589e-18, -4.248354255291589e-18),
        (-40.0, 0, 4.248354255291589e-18, 4.248354255291589e-18),
        (0.0, 0.25, math.log(2.0), 0.25),
    ],
)
def test_binary_cross_entropy_on_a_logit(z, label, value, slope):
    found, (gradient,) = slopes("binary_cross_entropy", [z], label)
    assert found == pytest.approx(value, rel=1e-14, abs=0)
    assert gradient == pytest.approx(slope, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("z", "label", "value", "gradient"),
    [
        ([1000.0, -1000.0], 0, 0.0, [0.0, 0.0]),
        ([1000.0, -1000.0], 1, 2000.0, [1.0, -1.0]),
        ([-1000.0, -1000.0], 0, math.log(2.0), [-0.5, 0.5]),
        ([40.0, 0.0], 0, 4.248354255291589e-18, [-4.248354255291589e-18, 4.248354255291589e-18]),
    ],
)
def test_cross_entropy_at_its_far_ends(z, label, value, gradient):
    found, slope = slopes("cross_entropy", z, label)
    assert found == pytest.approx(value, rel=1e-14, abs=0)
    assert slope == pytest.approx(gradient, rel=1e-14, abs=0)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=5), st.data())
def test_cross_entropy_is_the_logarithm_of_softmax_to_full_precision(z, data):
    label = data.draw(st.integers(0, len(z) - 1))
    value, gradient = slopes("cross_entropy", z, label)
    with mpmath.workdps(60):
        exps = [mpmath.exp(mpmath.mpf(x)) for x in z]
        p = [e / mpmath.fsum(exps) for e in exps]
        exact = float(-mpmath.log(p[label]))
        exact_slopes = [float(q - (j == label)) for j, q in enumerate(p)]
    # The differences of logits are rounded at the size of the logits, and exp passes that on.
    accuracy = 1e-15 + 4e-16 * max(map(abs, z))
    assert value == pytest.approx(exact, rel=20 * accuracy, abs=0)
    assert gradient == pytest.approx(exact_slopes, rel=20 * accuracy, abs=0)


@pytest.mark.parametrize("loss", LOSSES)
def test_numbers_give_a_number_and_any_form_of_outputs_the_same(loss):
    function = LOSSES[loss].function
    outputs, target = ([0.5], 1) if loss == "binary_cross_entropy" else ([0.5, -0.25], [1.0, 0.0])
    if loss in ("hinge", "cross_entropy"):
        target = 1
    expected = function(outputs, target)
    assert type(expected) is float
    array_target = np.array(target) if isinstance(target, list) else np.int64(target)
    forms = [tuple(outputs), np.array(outputs), [Value(x) for x in outputs]]
    forms.append(np.array([Value(x) for x in outputs]))
    for form in forms:
        found = function(form, array_target)
        assert (found.data if isinstance(found, Value) else found) == expected


@pytest.mark.parametrize("loss", [*BY_OUTPUT, "hinge", "binary_cross_entropy"])
def test_a_model_of_one_output_may_give_one_value(loss):
    function = LOSSES[loss].function
    assert function(Value(0.25), 1.0).data == function([Value(0.25)], 1.0).data
    assert function(Value(0.25), np.float64(1.0)).data == function(0.25, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.half_squared_error([1.0, 2.0], [1.0]), "a target for each output, got 2 and 1"),
        (lambda: nn.mean_squared_error([], []), "at least one output and target, got none"),
        (lambda: nn.huber(np.zeros((2, 2)), np.zeros((2, 2))), r"of one sample.*shape \(2, 2\)"),
        (lambda: nn.huber([1.0], [0.0], delta=0.0), "delta must be above 0"),
        (lambda: nn.huber([1.0], [0.0], delta=-1.0), "delta must be finite and at least 0; got -1"),
        (lambda: nn.hinge([0.5], 2), "the label 1, or -1 or 0 for the other class; got 2"),
        (lambda: nn.hinge([0.5, 0.5], 2), "from 0 to 1 for 2 outputs, got 2"),
        (lambda: nn.hinge([0.5, 0.5], -1), "from 0 to 1 for 2 outputs, got -1"),
        (lambda: nn.binary_cross_entropy([0.5, 1.0], 1), "takes one logit, got 2: use cross_ent"),
        (lambda: nn.binary_cross_entropy([0.5], 2), "a label from 0 to 1, got 2"),
        (lambda: nn.binary_cross_entropy([0.5], float("nan")), "one number for a label, got nan"),
        (lambda: nn.cross_entropy([0.5], 0), "two or more classes, got 1: use binary_cross"),
        (lambda: nn.cross_entropy([0.5, 1.0], 2), "a label from 0 to 1 for 2 outputs, got 2"),
        (lambda: nn.cross_entropy([0.5, 1.0], -1), "a label from 0 to 1 for 2 outputs, got -1"),
        (lambda: nn.cross_entropy([0.5, 1.0], 0.5), "a whole number for a label, got 0.5"),
        (lambda: nn.cross_entropy([0.5, 1.0], "1"), "takes one number for a label, got '1'"),
        (lambda: nn.cross_entropy([0.5, 1.0], True), "takes one number for a label, got True"),
        (lambda: nn.cross_entropy([0.5, 1.0], None), "takes one number for a label, got None"),
        (lambda: nn.cross_entropy([0.5, 1.0], [0, 1]), r"got \[0, 1\]: write labels.argmax\(\)"),
        (lambda: loss_named("cross-entropy"), "Did you mean 'cross_entropy'?"),
        (lambda: loss_named("mse"), "no loss is called 'mse'.*mean_squared_error"),
    ],
)
def test_targets_that_do_not_fit_are_named_with_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_loss_is_found_by_name_or_function_and_ones_own_is_taken_as_it_is():
    assert loss_named("huber") is loss_named(nn.huber)
    assert loss_named(lambda outputs, target: 0.0).target == "any"
    with pytest.raises(TypeError, match="a name or a function"):
        loss_named(3)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_exported_and_says_where_it_comes_from(loss):
    function = getattr(nn, loss)
    assert function is LOSSES[loss].function
    assert "Source: " in function.__doc__
