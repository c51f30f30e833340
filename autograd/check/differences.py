"""Richardson-extrapolated differences: slopes of any function of a float, with an error bound.

The oracle of last resort: it asks nothing of the function but its values. The step is chosen by
the scale of the point and by the function's own noise, never by an absolute number.
"""

import math
from collections.abc import Callable

from typing import Any

from autograd.check.estimate import Estimate, troubled
from autograd.check.subject import FunctionSubject
from autograd.numeric import number
from autograd.value import Value

Real = Callable[[float], float]

ORACLE = "Richardson differences"

# Steps shrink by 8 from 1/16 of the scale to about 1e-14 of it.
_RATIO = 8.0
_LEVELS = 14
_FIRST = 2.0**-4


def scale_of(x: float) -> float:
    """Return the length by which steps at x are measured: |x|, and 1 at 0.

    >>> scale_of(-300.0), scale_of(0.0)
    (300.0, 1.0)
    """
    return abs(x) or 1.0


def noise(f: Real, x: float) -> float:
    """Return an estimate of the rounding noise in f near x: the size of its random errors.

    The differences of high order of values at nearly the same point leave only the noise.

    Source: Moré and Wild, "Estimating computational noise", SIAM Journal on Scientific Computing
    33(3), 2011, algorithm ECnoise (section 3).

    >>> 1e-17 < noise(math.sin, 1.0) < 1e-15
    True
    >>> 1e-9 < noise(lambda x: math.sin(1e8 * x), 1.0) < 1e-6
    True
    """
    spacing = scale_of(x) * 2.0**-43
    table = [f(x + (i - 4) * spacing) for i in range(9)]
    floor = 2.0**-53 * max(abs(v) for v in table)
    if not math.isfinite(floor):
        return math.inf
    levels: list[float] = []
    signs: list[bool] = []
    gamma = 1.0
    for k in range(1, 7):
        table = [b - a for a, b in zip(table, table[1:], strict=False)]
        gamma *= k / (2.0 * (2.0 * k - 1.0))
        levels.append(math.sqrt(gamma * sum(d * d for d in table) / len(table)))
        signs.append(min(table) < 0.0 < max(table))
    for k in range(len(levels) - 2):
        three = levels[k : k + 3]
        if signs[k] and max(three) <= 4.0 * min(three):
            return max(three[0], floor)
    # No level settled: the values are too smooth (noise below rounding) or too wild to tell.
    return max(levels[-1], floor) if signs[-1] else floor


def richardson(f: Real, x: float, *, noise: float | None = None) -> Estimate:
    """Return df/dx by central differences, extrapolated, at the step with the least error.

    D(h) = (f(x+h) - f(x-h)) / 2h has an error in even powers of h; two extrapolations remove the
    h^2 and the h^4 term. Of fourteen steps the one is taken whose estimated error, what the last
    extrapolation changed plus noise / h, is least. Both one-sided slopes are found as well: where
    they differ the answer is a kink, where one is not finite an edge of the domain.

    Args:
        f: a function of a float.
        x: where.
        noise: the size of rounding errors in f's values; estimated from f if left out.

    Source: L. F. Richardson, "The approximate arithmetical solution by finite differences",
    Phil. Trans. R. Soc. A 210, 1911; C. J. F. Ridders, "Accurate computation of F'(x) and
    F'(x)F''(x)", Advances in Engineering Software 4(2), 1982.

    >>> slope = richardson(math.exp, 1.0)
    >>> abs(slope.value - math.e) <= slope.error < 1e-10
    True
    >>> richardson(abs, 0.0).trouble, richardson(abs, 0.0).left, richardson(abs, 0.0).right
    ('kink: the slopes on the two sides differ', -1.0, 1.0)
    """
    here = f(x)
    level = _noise_of(f, x) if noise is None else max(noise, 2.0**-53 * abs(here))
    if not math.isfinite(level):
        # The function ends nearby; what is left is the rounding of its value.
        level = 2.0**-50 * abs(here)
    if not math.isfinite(here):
        return troubled(ORACLE, "the function is not finite here")
    steps = [scale_of(x) * _FIRST * _RATIO**-i for i in range(_LEVELS)]
    # What was added is not exactly h, so divide by what was: (x + h) - x is exact.
    above = [((x + h) - x, f(x + h)) for h in steps]
    below = [(x - (x - h), f(x - h)) for h in steps]
    right, right_error = _one_sided([(h, (v - here) / h if h else 0.0) for h, v in above], level)
    left, left_error = _one_sided([(h, (here - v) / h if h else 0.0) for h, v in below], level)
    if not (math.isfinite(right) and math.isfinite(left)):
        trouble = "edge of the domain: the slope on one side is not finite"
        return troubled(ORACLE, trouble, left, right, steps[-1])
    central = [
        (0.5 * (h + k), (v - w) / (h + k))
        for (h, v), (k, w) in zip(above, below, strict=True)
        if h + k > 0.0
    ]
    value, error, step = _central(central, level)
    gap = abs(right - left)
    if gap > 4.0 * (right_error + left_error) + 1e-3 * max(abs(right), abs(left)):
        trouble = "kink: the slopes on the two sides differ"
        return troubled(ORACLE, trouble, left, right, step)
    return Estimate(value, error, step, ORACLE, left, right)


_noise_of = noise


def _one_sided(slopes: list[tuple[float, float]], noise: float) -> tuple[float, float]:
    """Return a one-sided slope and its error from difference quotients at shrinking steps."""
    best, best_error = math.nan, math.inf
    for (_, coarse), (h, fine) in zip(slopes, slopes[1:], strict=False):
        value = fine + (fine - coarse) / (_RATIO - 1.0)
        error = 2.0 * abs(value - fine) + 4.0 * noise / h if h else math.inf
        if error < best_error:
            best, best_error = value, error
    last = slopes[-1][1]
    if not math.isfinite(last) or (abs(last) > 16.0 * abs(best) and _diverges(slopes, noise)):
        return math.copysign(math.inf, last) if math.isinf(last) or last == last else last, math.inf
    return best, best_error


def _diverges(slopes: list[tuple[float, float]], noise: float) -> bool:
    """Whether quotients grow without bound as the step shrinks, by more than noise explains."""
    real = [abs(d) for h, d in slopes if h and abs(d) > 16.0 * noise / h]
    return len(real) >= 4 and all(b > 1.5 * a for a, b in zip(real, real[1:], strict=False))


def _central(slopes: list[tuple[float, float]], noise: float) -> tuple[float, float, float]:
    """Return the slope, its error and step from central quotients at shrinking steps."""
    best, best_error, best_step = math.nan, math.inf, 0.0
    second: float | None = None
    once: float | None = None
    for (_, coarse), (h, fine) in zip(slopes, slopes[1:], strict=False):
        first = fine + (fine - coarse) / (_RATIO**2 - 1.0)
        if once is not None:
            value = first + (first - once) / (_RATIO**4 - 1.0)
            changed = abs(value - first)
            if second is not None:
                changed = max(changed, abs(value - second))
            error = changed + 2.0 * noise / h + 2.0**-50 * abs(value)
            if error < best_error:
                best, best_error, best_step = value, error, h
            second = value
        once = first
    return best, 2.0 * best_error, best_step


def differences(f: Callable[..., Any], *inputs: Any) -> list[Estimate]:
    """Return the slope of f along each number of its inputs, by `richardson`.

    Args:
        f: takes plain numbers and nested lists of them, or Values; returns one number or Value.
        *inputs: numbers, nested lists or arrays of numbers.

    >>> [round(slope.value, 9) for slope in differences(lambda w: w[0] * w[1], [3.0, 4.0])]
    [4.0, 3.0]
    """
    subject = FunctionSubject(f, inputs)

    def along(i: int) -> Real:
        def value(x: float) -> float:
            point = list(subject.point)
            point[i] = x
            try:
                z = f(*subject.numbers(point))
            except (ArithmeticError, ValueError):
                return math.nan
            return number(z.data if isinstance(z, Value) else z)

        return value

    return [richardson(along(i), x) for i, x in enumerate(subject.point)]
