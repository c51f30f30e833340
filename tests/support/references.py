"""Derivatives to many digits, from the rows' own formulas: what the engine's are measured against.

The formulas are differentiated by mpmath's central differences at 60 digits, whose error is far
below a float's, so that an oracle here shares nothing with the rules it checks.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np

from autograd.engine.primitives import Primitive
from support.rows import domains

DIGITS = 60

mp = mpmath.MPContext()
mp.dps = DIGITS


def exact(row: Primitive, point: Sequence[float]) -> Any:
    """Return the row's value at `point`, with 60 digits."""
    return row.precise(mp, *[mp.mpf(x) for x in point])


def differentiated(f: Callable[..., Any], point: Sequence[float], orders: Sequence[int]) -> Any:
    """Return the mixed partial derivative of f, `orders[i]` times by operand i."""
    if not any(orders):
        return f(*[mp.mpf(x) for x in point])
    return mp.diff(f, tuple(mp.mpf(x) for x in point), tuple(orders))


def derivative(row: Primitive, point: Sequence[float], *by: int) -> Any:
    """Return the row's derivative at `point` by the operands at the places `by`, in any order."""
    orders = [by.count(i) for i in range(len(point))]
    found = differentiated(lambda *xs: row.precise(mp, *xs), point, orders)
    # Central differences at 60 digits leave about 10^-70 of a derivative that is 0.
    return found if mp.fabs(found) > mp.mpf(10) ** -50 else mp.mpf(0)


def has_kink(row: Primitive, point: Sequence[float]) -> bool:
    """Whether the row jumps at `point`, or its slopes to the two sides differ, by some operand."""
    with mp.workdps(2 * DIGITS):
        h = mp.mpf(10) ** -40
        centre = [mp.mpf(x) for x in point]
        here = row.precise(mp, *centre)
        for i in range(len(point) - row.constants):
            right, left = list(centre), list(centre)
            right[i] += h
            left[i] -= h
            after, before = row.precise(mp, *right), row.precise(mp, *left)
            # A smooth function rises by h f' and bends by h^2 f'', with f' and f'' below 10^22.
            if mp.fabs(after - before) > mp.mpf(10) ** -15:
                return True
            if mp.fabs(after - 2 * here + before) > mp.mpf(10) ** -55:
                return True
    return False


def scale(row: Primitive, point: Sequence[float], *by: int) -> Any:
    """Return the size against which an error of the derivative at `point` is to be seen.

    It is the derivative itself, and what it changes by when an operand changes by a hundredth of
    itself: near a zero of the derivative, that is what an error is small or large against.
    """
    size = mp.fabs(derivative(row, point, *by))
    for i in range(len(point)):
        size += mp.fabs(derivative(row, point, *by, i) * point[i]) / 100
    return size


def relative_error(got: float, wanted: Any, size: Any) -> float:
    """Return |got - wanted| / size; 0 where both are 0, inf where got is not finite."""
    if not math.isfinite(got):
        return math.inf
    error = mp.fabs(mp.mpf(got) - wanted)
    return float(error / size) if size else (0.0 if not error else math.inf)


def points(row: Primitive, count: int, random: int) -> list[tuple[float, ...]]:
    """Return points of the row's domain: its corners, its middle, and `random` drawn ones.

    Half of the drawn ones are spread evenly, half over the magnitudes, so that the small ends of
    domains such as [0.001, 1000] are seen too. No operand lies within 0.001 of 0, where
    derivatives that are zero at 0 have lost their relative meaning; 0 itself is taken.
    """
    intervals = domains(row, count)
    found = [
        tuple(low for low, _ in intervals),
        tuple(high for _, high in intervals),
        tuple((low + high) / 2.0 for low, high in intervals),
        tuple((low, high)[i % 2] for i, (low, high) in enumerate(intervals)),
    ]
    generator = np.random.default_rng([ord(letter) for letter in row.name])
    for i in range(random):
        point: list[float] = []
        for low, high in intervals:
            x = generator.uniform(low, high)
            if i % 2:
                largest = max(abs(low), abs(high))
                smallest = min(abs(low), abs(high)) if low * high > 0.0 else 1e-3
                size = math.exp(generator.uniform(math.log(smallest), math.log(largest)))
                x = min(max(math.copysign(size, x), low), high)
            point.append(float(x) if abs(x) >= 1e-3 else 0.0)
        found.append(tuple(point))
    return found
