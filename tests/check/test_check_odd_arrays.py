"""What a check of arrays says of functions and gradients that are out of the ordinary."""

import re
import warnings
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from autograd.check import Outcome, Report, Verdict, check_against, check_jac

X = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_numbers_that_differ_by_roundings_are_noise_and_not_chance(kind):
    calls = count()
    rounding = np.finfo(kind).eps

    def stirred(x):
        return ((x * x).sum() * (1 + next(calls) % 2 * 4 * rounding)).astype(kind)

    def gradient(x):
        return (2 * x * (1 + next(calls) % 2 * 4 * rounding)).astype(kind)

    x = X.astype(kind)
    assert check_against(stirred, gradient, x).certain
    wrong = check_against(stirred, lambda x: (2.1 * x).astype(kind), x)
    assert len(wrong.wrong) == 3


def test_chance_is_told_with_digits_that_differ():
    calls = count()
    report = check_against(lambda x: (x * x).sum() * (1 + next(calls) * 1e-11), lambda x: 2 * x, X)
    assert report.verdict is Outcome.UNKNOWN
    said = re.search(r"at the same inputs, (\S+) and (\S+):", report.unknown[0].reason)
    assert said
    assert said[1] != said[2]


def test_fun_of_a_jac_may_return_a_list_and_args_may_be_one_thing():
    def fun(x):
        return [x[0] ** 2, x[1]]

    def jac(x):
        return np.array([[2 * x[0], 0.0], [0.0, 1.0]])

    assert check_jac(fun, jac, [1.0, 2.0]).certain
    assert not check_jac(fun, lambda x: [[x[0], 0.0], [0.0, 1.0]], [1.0, 2.0]).ok
    assert check_jac(lambda x, a: a * (x * x).sum(), lambda x, a: 2 * a * x, X, args=3.0).certain
    assert check_jac(lambda x: x**2, lambda x: 2 * x, 3.0).certain


@pytest.mark.tools
def test_jacobians_with_few_entries_are_never_filled_with_zeros():
    sparse = pytest.importorskip("scipy.sparse")
    n = 200_000  # filled, it would take 300 GiB
    x = np.linspace(1.0, 2.0, n)

    def jac(x, at=3.0):
        shifted = sparse.diags([3 * x**2, np.ones(n - 1)], [0, 1]).tocsr()
        shifted[4, 5] *= at / 3.0
        return shifted

    def fun(x):
        return x**3 + np.append(x[1:], 0.0)

    assert check_jac(fun, jac, x).certain
    wrong = check_jac(fun, lambda x: jac(x, 3.1), x)
    assert wrong.culprits == ((0, (5,)),)
    with pytest.raises(TypeError, match="an array of floats"):
        check_jac(fun, lambda x: sparse.eye(n, dtype=complex), x)
    with pytest.raises(ValueError, match=r"it is to have \(3, 3\)"):
        check_jac(lambda x: x, lambda x: sparse.eye(n), X)


@pytest.mark.tools
def test_operators_are_asked_for_some_columns_at_a_time():
    linear = pytest.importorskip("scipy.sparse.linalg")
    widths = []

    def jac(x):
        def times(v):
            widths.append(v.shape[1])
            return 2 * x[:, None] * v

        n = len(x)
        return linear.LinearOperator((n, n), matvec=lambda v: 2 * x * v, matmat=times, dtype=float)

    assert check_jac(lambda x: x * x, jac, np.linspace(1.0, 2.0, 4500)).certain
    assert max(widths) < 1000


def test_numbers_near_the_largest_and_infinite_claims_raise_no_warning():
    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        huge = np.array([700.0, 4.0])
        assert check_against(lambda x: np.exp(x).sum(), np.exp, huge).ok
        x = np.array([[0.5, 2.0, 1.0, 4.0], [1.0, 1.0, 1.0, 1.0]])
        report = check_against(lambda x: (x * x).sum(), lambda x: np.where(x > 1, np.inf, 2 * x), x)
    assert report.culprits == ((0, (0, 1)), (0, (0, 3)))


def test_a_gradient_with_other_keys_is_called_by_its_name():
    with pytest.raises(ValueError, match=r"^the gradient has the keys \['v'\]: return a dict"):
        check_against(lambda p: p["w"].sum(), lambda p: {"v": p["w"]}, {"w": X})
    two = {"w": X}, {"v": X}
    with pytest.raises(ValueError, match=r"^the gradient\[1\] has the keys \['w'\]: return a"):
        check_against(lambda p, q: (p["w"] * q["v"]).sum(), lambda p, q: (p, p), *two)


def test_sentences_of_a_report_end_once():
    verdict = Verdict(input="x", order=1, outcome=Outcome.WRONG, reason="no number. Or not.")
    assert str(verdict) == "wrong: x: analytic nan, numeric nan ± inf: no number. Or not."
    assert str(Report([verdict])).endswith("x: no number. Or not.")
    told = replace(verdict, reason="no number", likely="wrong at index 0")
    assert str(Report([told])).endswith("x: no number. It is wrong at index 0.")


@pytest.mark.parametrize(("share", "verdict"), [(1.05, Outcome.WRONG), (1.0, Outcome.RIGHT)])
def test_a_function_of_which_few_values_can_be_had_is_judged(monkeypatch, share, verdict):
    clock = count(0)
    for room in ("subject", "examine"):
        stopped = SimpleNamespace(perf_counter=lambda: next(clock) * 0.025)
        monkeypatch.setattr(f"autograd.check.arrays.{room}.time", stopped)
    x = np.linspace(1.0, 2.0, 100)
    report = check_against(lambda x: (x * x).sum(), lambda x: 2 * share * x, x, seconds=1.0)
    assert report.verdict is verdict
    assert report.evaluations <= 40
    assert "random direction" in report.verdicts[0].reason
