"""The composites, and the functions of the module that are more than one row."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, gradient
from support.rows import floats

NUMBERS = st.lists(floats(-50.0, 50.0), min_size=1, max_size=6)
OF_A_SEQUENCE = ["mean", "variance", "norm", "softmax", "log_softmax", "sum", "logsumexp"]


def test_sums_and_products_of_nothing() -> None:
    assert autograd.sum([]) == 0.0
    assert autograd.dot([], []) == 0.0
    assert autograd.logsumexp([]) == -math.inf
    for name in ("mean", "variance", "norm", "softmax", "log_softmax"):
        with pytest.raises(ValueError, match=rf"{name} needs at least 1 element\(s\), got 0"):
            getattr(autograd, name)([])
    for name in ("maximum", "minimum", "hypot"):
        with pytest.raises(ValueError, match=f"{name} of nothing has no value"):
            getattr(autograd, name)()


@pytest.mark.parametrize("name", OF_A_SEQUENCE)
def test_a_sequence_may_be_any_iterable(name: str) -> None:
    function = getattr(autograd, name)
    wanted = function([1.0, 2.0, 4.0])
    for xs in ((1, 2, 4), iter([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0])):
        assert function(xs) == wanted


@pytest.mark.parametrize("name", OF_A_SEQUENCE)
def test_what_is_no_sequence_is_refused(name: str) -> None:
    function = getattr(autograd, name)
    for given_ in (3.0, Value(3.0), "12"):
        with pytest.raises(TypeError, match=r"takes a sequence") as caught:
            function(given_)
        # The function that was called, and one thing to write.
        assert str(caught.value).startswith(f"{name} takes a sequence of numbers and Values, got ")
        assert str(caught.value).count("write ") == 1
    with pytest.raises(ValueError, match=r"flat sequence, got an array of \(2, 2\)"):
        function(np.zeros((2, 2)))
    with pytest.raises(TypeError, match="bool"):
        function([1.0, True])
    with pytest.raises(TypeError, match="str"):
        function(["1"])


@given(NUMBERS)
def test_composites_agree_with_numpy(xs: list[float]) -> None:
    array = np.array(xs)
    assert autograd.mean(xs) == pytest.approx(float(array.mean()), rel=1e-13, abs=1e-13)
    assert autograd.variance(xs) == pytest.approx(float(array.var()), rel=1e-13, abs=1e-12)
    assert autograd.norm(xs) == pytest.approx(float(np.linalg.norm(array)), rel=1e-14)
    shifted = np.exp(array - array.max())
    wanted = shifted / shifted.sum()
    assert autograd.softmax(xs) == pytest.approx(wanted.tolist(), rel=1e-12)
    logs = [math.log(p) if p > 1e-300 else None for p in wanted]
    for got, log in zip(autograd.log_softmax(xs), logs, strict=True):
        assert log is None or got == pytest.approx(log, rel=1e-12, abs=1e-12)


@given(NUMBERS)
def test_values_and_numbers_give_the_same(xs: list[float]) -> None:
    nodes = [Value(x) for x in xs]
    for name in ("mean", "variance", "norm", "sum", "logsumexp"):
        function: Callable[[Any], Any] = getattr(autograd, name)
        assert function(nodes).data == function(xs)
    assert [p.data for p in autograd.softmax(nodes)] == autograd.softmax(xs)


def test_their_gradients() -> None:
    xs = [Value(x) for x in (1.0, 2.0, 6.0)]
    assert [g.data for g in gradient(autograd.mean(xs), xs)] == pytest.approx([1 / 3] * 3)
    slopes = [g.data for g in gradient(autograd.variance(xs), xs)]
    assert slopes == pytest.approx([2 / 3 * (x - 3.0) for x in (1.0, 2.0, 6.0)], rel=1e-14)
    length = math.sqrt(41.0)
    slopes = [g.data for g in gradient(autograd.norm(xs), xs)]
    assert slopes == pytest.approx([x / length for x in (1.0, 2.0, 6.0)], rel=1e-15)
    p = autograd.softmax(xs)
    for i, row in enumerate([gradient(p[k], xs) for k in range(3)]):
        for j, g in enumerate(row):
            wanted = p[i].data * ((i == j) - p[j].data)
            assert g.data == pytest.approx(wanted, rel=1e-11)


def test_softmax_and_its_logarithm_do_not_overflow() -> None:
    assert autograd.softmax([1000.0, 0.0, -1000.0]) == [1.0, 0.0, 0.0]
    assert autograd.log_softmax([1000.0, 0.0]) == [0.0, -1000.0]
    x = [Value(1000.0), Value(-1000.0)]
    assert [g.data for g in gradient(autograd.log_softmax(x)[1], x)] == [-1.0, 1.0]


def test_the_norm_of_nothing_but_zeros_has_slope_zero() -> None:
    xs = [Value(0.0), Value(0.0)]
    assert [g.data for g in gradient(autograd.norm(xs), xs)] == [0.0, 0.0]
    assert autograd.norm([-3.0]) == 3.0
    assert autograd.hypot(np.array([-3.0])).tolist() == [3.0]


def test_variance_with_degrees_of_freedom() -> None:
    assert autograd.variance([1.0, 2.0, 3.0, 4.0], ddof=1) == pytest.approx(5.0 / 3.0)
    with pytest.raises(ValueError, match=r"at least 2 element\(s\), got 1"):
        autograd.variance([1.0], ddof=1)


def test_dot_needs_two_sequences_of_one_length() -> None:
    with pytest.raises(ValueError, match="got 2 and 1 elements"):
        autograd.dot([1.0, 2.0], [3.0])


def test_a_dot_is_one_node() -> None:
    w, x = [Value(1.0), Value(2.0)], [Value(3.0), 4.0]
    z = autograd.dot(w, x)
    assert z.args == (*w, *x)
    z.backward()
    assert [v.grad for v in w] == [3.0, 4.0]
    assert isinstance(x[0], Value)
    assert x[0].grad == 1.0


def test_lists_given_to_functions_of_many_operands_are_refused() -> None:
    with pytest.raises(TypeError, match=r"write maximum\(\*xs\)"):
        autograd.maximum([1.0, 2.0])


def test_sums_are_added_from_the_left_on_floats_as_on_arrays() -> None:
    """Python's own sum compensates from version 3.12 on; arrays do not."""
    xs = [1e16, 1.0, -1e16]
    assert autograd.sum(xs) == 0.0
    assert autograd.dot(xs, [1.0, 1.0, 1.0]) == 0.0
    assert autograd.sum([Value(x) for x in xs]).data == 0.0
    assert autograd.sum([np.array([x]) for x in xs]).tolist() == [0.0]


# Rows with constants, and where --------------------------------------------------------------


def test_constants_are_plain_numbers() -> None:
    x, c = Value(0.5), Value(1.0)
    for make, instead in [
        (lambda: autograd.power(x, c), r"pow\(x, n\)"),
        (lambda: autograd.leaky_relu(x, c), "slope"),
        (lambda: autograd.elu(x, c), "alpha"),
        (lambda: autograd.clip(x, c, 2.0), r"maximum\(x, low\)"),
        (lambda: autograd.clip(x, 0.0, c), r"minimum\(x, high\)"),
    ]:
        with pytest.raises(TypeError, match=f"plain number here, got a Value.*{instead}"):
            make()
    with pytest.raises(ValueError, match=r"low = 2\.0 is above high = 1\.0: swap them"):
        autograd.clip(x, 2.0, 1.0)


def test_where_calls_only_the_branch_it_takes() -> None:
    x = Value(-4.0)

    def never() -> Value:
        raise AssertionError

    z = autograd.where(x > 0, never, lambda: -x)
    assert z.data == 4.0
    z.backward()
    assert x.grad == -1.0
    assert autograd.where(np.True_, lambda: 1.0, never) == 1.0
    assert autograd.where(0.0, never, 2.0) == 2.0


def test_where_on_values_sends_the_gradient_to_the_one_chosen() -> None:
    a, b = Value(2.0), Value(3.0)
    for condition, wanted in [(True, (1.0, 0.0)), (False, (0.0, 1.0)), (0.5, (1.0, 0.0))]:
        slopes = gradient(autograd.where(condition, a, b), [a, b])
        assert tuple(g.data for g in slopes) == wanted
    assert autograd.where(np.array([True, False]), 1.0, 2.0).tolist() == [1.0, 2.0]


def test_relu_through_step_and_maximum_through_ties_differ_at_the_kink() -> None:
    x = Value(0.0)
    assert [g.data for g in gradient(autograd.relu(x), [x])] == [0.0]
    assert [g.data for g in gradient(autograd.maximum(x, 0.0), [x])] == [0.5]


def test_special_numbers_are_not_hidden() -> None:
    for name in ("relu", "gelu", "silu", "step", "sign", "sigmoid", "tanh", "softplus", "abs"):
        assert math.isnan(getattr(autograd, name)(math.nan)), name
    assert math.isnan(autograd.maximum(1.0, math.nan))
    assert math.isnan(autograd.maximum(math.nan, 1.0))
    assert math.isnan(autograd.logsumexp([math.nan, 1.0]))
    assert math.isnan(autograd.elu(math.nan))
    assert math.isnan(autograd.clip(math.nan, 0.0, 1.0))
    assert autograd.gelu(-math.inf) == autograd.silu(-math.inf) == 0.0


def test_stable_at_a_thousand() -> None:
    """Forms by e^x overflow here."""
    assert autograd.tanh(1000.0) == 1.0
    assert autograd.sigmoid(-1000.0) == 0.0
    assert autograd.softplus(1000.0) == 1000.0
    assert autograd.softplus(-1000.0) == 0.0
    assert autograd.logsumexp([1000.0, -1000.0]) == 1000.0
    for name in ("tanh", "sigmoid", "softplus", "silu", "gelu", "elu", "relu"):
        for x in (1000.0, -1000.0):
            v = Value(x)
            getattr(autograd, name)(v).backward()
            assert v.grad in (0.0, 1.0)
