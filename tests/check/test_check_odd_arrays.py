"""What a check of arrays says of functions and gradients that are out of the ordinary."""

import re
from itertools import count

import numpy as np
import pytest

from autograd.check import Outcome, check_against

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
