"""Composites: functions that need no rule of their own, because they are made of rows."""

from collections.abc import Iterable
from typing import Any

from autograd import asked
from autograd.engine.number import sequence
from autograd.engine.primitives import exp, hypot, logsumexp, maximum, share, square
from autograd.engine.primitives import sum as total


def _some(xs: Iterable[Any], function: str, least: int = 1) -> list[Any]:
    """Return xs as a list with at least that many elements."""
    values = sequence(xs, function)
    if len(values) < least:
        raise ValueError(f"{function} needs at least {least} element(s), got {len(values)}")
    return values


def mean(xs: Iterable[Any]) -> Any:
    """Return (x1 + ... + xn) / n.

    Raises:
        ValueError: for an empty sequence.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    values = _some(xs, "mean")
    return total(values) * (1.0 / len(values)) if len(values) > 1 else total(values)


def variance(xs: Iterable[Any], ddof: int = 0) -> Any:
    """Return the mean squared deviation from the mean, sum (xi - mean)^2 / (n - ddof).

    Args:
        xs: the numbers and Values.
        ddof: 0 for the variance of a population, 1 for the unbiased estimate from a sample.

    Raises:
        ValueError: if there are not more than ddof elements.

    >>> variance([1.0, 2.0, 3.0, 4.0])
    1.25
    """
    given: Any = ddof
    # Expressions know no other numbers than floats.
    plain = given.__class__ is float and given.is_integer()
    ddof = asked.whole("ddof", int(given) if plain else given, at_least=0)
    values = _some(xs, "variance", ddof + 1)
    middle = mean(values)
    return total([square(x - middle) for x in values]) * (1.0 / (len(values) - ddof))


def norm(xs: Iterable[Any]) -> Any:
    """Return the Euclidean length sqrt(x1^2 + ... + xn^2), whose derivative at 0 is taken as 0.

    >>> norm([3.0, 4.0])
    5.0
    """
    return hypot(*_some(xs, "norm"))


def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """Return xi - logsumexp(x) for every i: the logarithms of `softmax`, without overflow.

    >>> [round(x, 6) for x in log_softmax([1.0, 2.0, 3.0])]
    [-2.407606, -1.407606, -0.407606]
    >>> [round(x, 6) for x in log_softmax([1e16, 1e16])]
    [-0.693147, -0.693147]
    """
    values = _some(xs, "log_softmax")
    # Differences to the largest: the logarithm of a sum of large numbers has lost its own digits.
    best = maximum(*values)
    below = [x - best for x in values]
    scale = logsumexp(below)
    return [x - scale for x in below]


def softmax(xs: Iterable[Any]) -> list[Any]:
    """Return e^xi / (e^x1 + ... + e^xn) for every i.

    >>> [round(p, 5) for p in softmax([1.0, 2.0, 3.0])]
    [0.09003, 0.24473, 0.66524]
    >>> softmax([1e16, 1e16])
    [0.5, 0.5]
    """
    values = _some(xs, "softmax")
    scale = logsumexp(values)
    terms: list[Any] = [exp(x - scale) for x in values]
    if len(terms) == 2:
        x, y = terms
        return [share(x, y), share(y, x)]
    # The scale is rounded, by 1e-16 of its size; over the sum of all, that goes out again.
    whole = total(terms)
    return [x / whole for x in terms]
