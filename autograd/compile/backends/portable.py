"""Functions for the text of programs, where NumPy's own do not exist, or differ, elsewhere.

The text of a program may run on other arrays than NumPy's, and these are made of functions that
NumPy, PyTorch and JAX have under the same names. They stand in the text in the place of the table's
functions of the same name: what the error function of the C library is to an ulp, is here to 6.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# NumPy's stubs leave the types of these array expressions open.

from typing import Any

import numpy as np


def sign_array(x: Any) -> Any:
    """-1, 0 or 1, and nan for nan, which is 0 in PyTorch.

    >>> sign_array(np.array([-2.0, 0.0, 3.0, np.nan]))
    array([-1.,  0.,  1., nan])
    """
    return np.where(x != x, x, np.sign(x))


def step_array(x: Any) -> Any:
    """1 for x > 0, 0 for x <= 0, nan for nan."""
    return np.where(x > 0.0, np.ones_like(x), np.where(x <= 0.0, np.zeros_like(x), x))


def equal_array(x: Any, y: Any) -> Any:
    """1 where x = y, else 0; nan beside nan."""
    same = np.where(x == y, np.ones_like(x + y), np.zeros_like(x + y))
    return np.where((x != x) | (y != y), np.full_like(same, np.nan), same)


def where_array(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition is not 0, else `b`; nan where it is nan."""
    chosen = np.where(condition != 0.0, a, b)
    return np.where(condition != condition, np.full_like(chosen, np.nan), chosen)


def softplus_array(x: Any) -> Any:
    """log(1 + e^x), accurate on both tails."""
    return np.where(x <= 0.0, np.zeros_like(x), x) + np.log1p(np.exp(-np.abs(x)))


def logsumexp_array(*xs: Any) -> Any:
    """Log of the sum of e^x, shifted by the largest, of which one is left out of the rest."""
    stacked = np.stack(xs)
    best = np.amax(stacked, axis=0)
    below = stacked < best
    others = np.sum(np.where(below, np.exp(stacked - best), np.zeros_like(stacked)), axis=0)
    ties = np.sum(np.where(below, np.zeros_like(stacked), np.ones_like(stacked)), axis=0) - 1.0
    return np.where(np.isfinite(best), best + np.log1p(others + ties), best)


def nearest(index: Any, k: Any) -> Any:
    """Which of the places k = 0, 1, ... is nearest to an index: above one half, below the next."""
    place = np.where(index <= 0.0, np.zeros_like(index), index)[..., None]
    last = k[-1] - 0.5
    is_last = (place >= last) & (k >= last)
    return is_last | ((place >= k - 0.5) & (place < k + 0.5) & (place < last))


def picked(index: Any, options: Any, k: Any) -> Any:
    """For each index the nearest of its options; nan if it is no number or infinite."""
    chosen = np.sum(np.where(nearest(index, k), options, np.zeros_like(options)), axis=-1)
    return np.where(np.isfinite(index), chosen, np.full_like(chosen, np.nan))


def unpicked(index: Any, g: Any, k: Any) -> Any:
    """For each index g in the nearest place and 0 in the others; nan for nan."""
    unknown = np.where(index == index, np.zeros_like(g), np.full_like(g, np.nan))
    return np.where(nearest(index, k), g[..., None], unknown[..., None])


def erf_array(x: Any) -> Any:
    """The error function.

    W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
    Computation 23, 1969; the coefficients are those of his CALERF, 1990.
    """
    y = np.abs(x)
    small = x * erf_slope(np.where(y <= 0.5, x, np.zeros_like(x)))
    return np.where(y <= 0.5, small, np.sign(x) * (1.0 - erfc_tail(y)))


def erfc_array(x: Any) -> Any:
    """1 - erf(x), right on its tail: erfc(20) is 5.4e-176, not 0."""
    y = np.abs(x)
    small = 1.0 - x * erf_slope(np.where(y <= 0.5, x, np.zeros_like(x)))
    tail = erfc_tail(y)
    return np.where(y <= 0.5, small, np.where(x < 0.0, 2.0 - tail, tail))


def polynomial(x: Any, coefficients: list[float]) -> Any:
    """The polynomial whose coefficients stand from the highest power down.

    >>> polynomial(np.array([2.0]), [1.0, 3.0, 5.0])
    array([15.])
    """
    total = x * coefficients[0] + coefficients[1]
    for c in coefficients[2:]:
        total = total * x + c
    return total


def erf_slope(x: Any) -> Any:
    """Erf(x) / x for |x| <= 0.5."""
    top = [
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ]
    bottom = [
        1.0,
        2.36012909523441209e1,
        2.44024637934444173e2,
        1.28261652607737228e3,
        2.84423683343917062e3,
    ]
    return polynomial(x * x, top) / polynomial(x * x, bottom)


def erfc_tail(y: Any) -> Any:
    """Erfc(y) for y > 0.5; nan for nan."""
    # Beyond 30 it is 0 in any case; inside, no polynomial overflows.
    four, y = np.full_like(y, 4.0), np.where(y > 30.0, np.full_like(y, 30.0), y)
    near, far = np.where(y > 4.0, four, y), np.where(y > 4.0, y, four)
    top = [
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e0,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ]
    bottom = [
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ]
    middle = polynomial(near, top) / polynomial(near, bottom)
    top = [
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ]
    bottom = [
        1.0,
        2.56852019228982242e0,
        1.87295284992346725e0,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ]
    z = 1.0 / (far * far)
    outer = (5.6418958354775628695e-1 - z * polynomial(z, top) / polynomial(z, bottom)) / far
    # y^2 in two parts, the first of them exact: the rounding error of y^2 grows with it.
    cut = np.floor(y * 16.0) / 16.0
    scale = np.exp(-cut * cut) * np.exp(-(y - cut) * (y + cut))
    return scale * np.where(y > 4.0, outer, middle)
