"""Gradients of many entries: random directions, and what is wrong located by halving."""

import numpy as np
import pytest

from autograd.check import Outcome, check_against
from autograd.check.arrays.containers import numpy_subject
from autograd.check.arrays.examine import examined
from benchmarks import array_rates
from benchmarks.array_cases import ARRAY_CASES, ARRAY_FAULTS

R = np.random.default_rng(3)
X, Y = R.normal(size=(120, 100)), R.normal(size=(120, 100))


def f(x):
    return np.sum(Y * np.tanh(x))


def right(x):
    return Y * (1 - np.tanh(x) ** 2)


def changed(index, change):
    def gradient(x):
        g = right(x)
        g[index] = change(g[index])
        return g

    return gradient


def usual_entry():
    sizes = np.abs(right(X))
    i = int(np.argmin(np.abs(sizes - np.median(sizes))))
    return tuple(int(k) for k in np.unravel_index(i, X.shape))


def test_a_right_gradient_takes_few_evaluations_and_says_what_could_be_missed():
    report = check_against(f, right, X)
    assert report.certain
    assert report.evaluations <= 40
    assert "12,000 entries right" in str(report)
    (verdict,) = report
    assert "random directions: a fault of" in verdict.reason
    assert "is missed once in" in verdict.reason
    assert report.seed == 0


@pytest.mark.parametrize("change", [lambda g: -g, lambda g: 0 * g, lambda g: 2 * g])
def test_one_wrong_entry_is_found(change):
    at = usual_entry()
    for seed in range(5):
        report = check_against(f, changed(at, change), X, seed=seed)
        assert report.culprits == ((0, at),)
        assert report.evaluations <= 90
        assert report.entries[Outcome.RIGHT] == X.size - 1


@pytest.mark.parametrize(
    ("index", "named"),
    [
        ((17, slice(None)), (17, slice(None))),
        ((slice(None), 5), (slice(None), 5)),
        ((slice(None), slice(None)), (slice(None), slice(None))),
    ],
)
def test_wrong_rows_and_columns_are_found_as_such(index, named):
    report = check_against(f, changed(index, lambda g: 2 * g), X)
    assert report.culprits == ((0, named),)
    assert "twice the slope" in report.wrong[0].hint
    assert "dx[" in str(report)


def test_several_faults_are_found_among_several_arrays():
    a, b, c = R.normal(size=6000), R.normal(size=(30, 200)), R.normal(size=3)

    def g(net):
        return np.sin(net["a"]).sum() * net["c"][0] + np.sum(net["b"] ** 3) + net["c"][1:] @ [1, 2]

    def gradient(net):
        a, b, c = net["a"], net["b"], net["c"]
        found = {"a": np.cos(a) * c[0], "b": 3 * b**2, "c": np.array([np.sin(a).sum(), 1, 2])}
        found["a"][1234] += 1.0
        found["b"][3, 7] += 2.0
        found["b"][29, 199] -= 1.5
        found["c"][1] = 5.0
        return found

    report = check_against(g, gradient, {"a": a, "b": b, "c": c})
    wanted = {("a", 1234), ("b", 3, 7), ("b", 29, 199), ("c", 1)}
    assert {index for _, index in report.culprits} == wanted


def test_kinks_that_a_direction_crosses_make_no_right_gradient_wrong():
    relu = lambda x: np.sum(Y * np.maximum(x, 0))  # noqa: E731
    slopes = lambda x: Y * (x > 0)  # noqa: E731
    for seed in range(5):
        assert check_against(relu, slopes, X, seed=seed).certain

    def one(x):
        g = slopes(x)
        g[3, 4] += 1.0
        return g

    assert check_against(relu, one, X).culprits == ((0, (3, 4)),)


def test_a_function_of_batches_is_asked_in_batches():
    subject = numpy_subject(f, changed((5, 6), lambda g: g + 1), (X,))
    sizes = []

    def batch(points):
        sizes.append(len(points))
        return np.array([[f(p.reshape(X.shape))] for p in points])

    subject.batch = batch
    report = examined(subject)
    assert report.culprits == ((0, (5, 6)),)
    assert max(sizes) >= 4


def test_faults_too_small_to_see_are_neither_found_nor_promised():
    report = check_against(f, changed((5, 6), lambda g: g * (1 + 1e-12)), X)
    assert report.ok
    # What is called right says how large a fault it would have seen.
    assert float(report.verdicts[0].reason.split("a fault of ")[1].split(" ")[0]) > 1e-12


def test_the_rates_count_no_error_over_functions_by_hand():
    trials = list(array_rates.array_trials(1))
    assert len(trials) == len(ARRAY_CASES) >= 40
    tally = array_rates.counted(trials, ARRAY_FAULTS, rivals=False, faulty=1)
    assert not tally.examples, tally.examples[0]
    assert tally.said[""][Outcome.RIGHT] >= 0.9 * len(trials)
    faults = [said for fault, said in tally.said.items() if fault]
    assert sum(said[Outcome.WRONG] for said in faults) >= 40
    assert tally.most <= 8
    assert "1e-8 in all" in tally.table()


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_rates_of_few_digits_count_no_error(dtype):
    found = array_rates.few_digits(30, dtype, first=10_000)
    assert found.right[Outcome.WRONG] + found.faint[Outcome.WRONG] == 0
    assert found.off[Outcome.RIGHT] + found.faintly[Outcome.RIGHT] == 0
    assert found.off[Outcome.WRONG] + found.faintly[Outcome.WRONG] >= 25


def test_the_searches_find_what_was_planted():
    for kind, shape in (("one", (60, 100)), ("five", (6000,)), ("row", (60, 100))):
        found = array_rates.searched(3, shape, kind)
        assert found.found == found.tries == 3
        assert max(found.right) <= 40
