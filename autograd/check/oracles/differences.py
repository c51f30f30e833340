"""Richardson-extrapolated differences: slopes of any function of a float, with an error bound.

The oracle of last resort: it asks nothing of the function but its values. The step is chosen by
the scale of the point and by the function's own noise, never by an absolute number.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from autograd.check.oracles.estimate import Estimate, troubled
from autograd.check.oracles.grain import Real, fitted, grain
from autograd.check.target import FunctionSubject

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
    33(3), 2011 (algorithm ECnoise).

    >>> 1e-17 < noise(math.sin, 1.0) < 1e-15
    True
    >>> 1e-9 < noise(lambda x: math.sin(1e8 * x), 1.0) < 1e-6
    True
    """
    # Not a power of 2: products with such a spacing would be exact and show no noise.
    spacing = scale_of(x) * 1.37 * 2.0**-43
    table = [f(x + (i - 4) * spacing) for i in range(9)]
    floor = 2.0**-53 * max(abs(v) for v in table)
    if not math.isfinite(floor):
        return math.inf
    if all(v == table[0] for v in table):
        return max(_plateau(f, x, table[0], spacing), floor)
    levels: list[float] = []
    signs: list[bool] = []
    gamma = 1.0
    for k in range(1, 7):
        table = [b - a for a, b in itertools.pairwise(table)]
        gamma *= k / (2.0 * (2.0 * k - 1.0))
        levels.append(math.sqrt(gamma * sum(d * d for d in table) / len(table)))
        signs.append(min(table) < 0.0 < max(table))
    for k in range(len(levels) - 2):
        three = levels[k : k + 3]
        if signs[k] and max(three) <= 4.0 * min(three):
            return max(three[0], floor)
    # No level settled: the values are too smooth (noise below rounding) or too wild to tell.
    return max(levels[-1], floor) if signs[-1] else floor


def _plateau(f: Real, x: float, here: float, spacing: float) -> float:
    """Return how far f jumps at the end of the flat stretch around x, 0 if it is flat for long.

    A function that goes through fewer digits, single precision say, is flat between its steps;
    differences closer than these would call its slope 0.
    """
    for _ in range(16):
        spacing *= 4.0
        jump = max(abs(f(x + spacing) - here), abs(f(x - spacing) - here))
        if jump:
            return jump if math.isfinite(jump) else math.inf
    return 0.0


def richardson(f: Real, x: float, *, noise: float = 0.0) -> Estimate:
    """Return df/dx by central differences, extrapolated, at the step with the least error.

    D(h) = (f(x+h) - f(x-h)) / 2h has an error in even powers of h; two extrapolations remove the
    h^2 and the h^4 term. Of fourteen steps the one is taken whose estimated error, what the last
    extrapolation changed plus noise / h, is least. Both one-sided slopes are found as well: where
    they differ the answer is a kink, where one is not finite an edge of the domain.

    Args:
        f: a function of a float.
        x: where.
        noise: the size of rounding errors in f's values, if that is known; larger ones, and steps,
            are found.

    Source: L. F. Richardson, "The approximate arithmetical solution by finite differences",
    Phil. Trans. R. Soc. A 210, 1911; C. J. F. Ridders, "Accurate computation of F'(x) and
    F'(x)F''(x)", Advances in Engineering Software 4(2), 1982.

    >>> slope = richardson(math.exp, 1.0)
    >>> abs(slope.value - math.e) <= slope.error < 1e-10
    True
    >>> richardson(abs, 0.0).trouble, richardson(abs, 0.0).left, richardson(abs, 0.0).right
    ('kink: the slopes on the two sides differ', -1.0, 1.0)
    """
    f = _total(f)
    here = f(x)
    if not math.isfinite(here):
        return troubled(ORACLE, "the function is not finite here")
    measured = [_noise_of(f, x + share * scale_of(x)) for share in (0.0, 0.011, -0.013)]
    least = max(noise, 2.0**-53 * abs(here))
    level = max(_middle(measured), least)
    if not math.isfinite(level):
        # The function ends nearby; what is left is the rounding of its value.
        level = 2.0**-50 * abs(here)
    seen = grain(f, x, scale_of(x))
    steps = [scale_of(x) * _FIRST * _RATIO**-i for i in range(_LEVELS)]
    # What was added is not exactly h, so divide by what was: (x + h) - x is exact.
    above = [((x + h) - x, f(x + h)) for h in steps]
    below = [(x - (x - h), f(x - h)) for h in steps]
    noises = [max(level, seen.within(h)) for h in steps]
    found = _extrapolated(here, above, below, steps, noises)
    if not seen.size:
        return found
    if found.sound:
        found = replace(found, error=found.error + seen.slope)
    elif found.trouble != _UNCONFIRMED:
        return replace(found, grain=seen.size)
    value, error, reach = fitted(f, x, scale_of(x), max(seen.size, level))
    if error < found.error:
        found = Estimate(value, error, reach, ORACLE, value, value)
    # As if there were no steps: close by, the function may be as smooth as doubles are.
    near = _extrapolated(here, above, below, steps, [max(measured[0], least)] * len(steps))
    if near.sound and 0.0 < abs(near.value) >= 1e3 * near.error:
        # A wave, or a jump between smooth pieces, is taken for steps from afar. Steps of few digits
        # leave no slope close by, and those of an iteration about the same.
        if not abs(found.value - near.value) <= 0.01 * abs(near.value):
            return near
    elif max(seen.size, level) > 0.05 * _range(f, x, found.step):
        # What moves as much as the function does is the function, seen too seldom.
        return replace(troubled(ORACLE, _SELDOM, step=found.step), grain=seen.size)
    return replace(found, grain=seen.size)


_UNCONFIRMED = "noise: no step gives a slope that finer steps confirm"
_SELDOM = "noise: the function moves in steps or waves as large as all of its change around here"


def _range(f: Real, x: float, reach: float) -> float:
    """Return how far f's values lie apart within reach of x."""
    values = [f(x + 0.25 * i * reach) for i in range(-4, 5)]
    finite = [z for z in values if math.isfinite(z)]
    return max(finite) - min(finite) if finite else 0.0


def _extrapolated(
    here: float,
    above: Sequence[tuple[float, float]],
    below: Sequence[tuple[float, float]],
    steps: Sequence[float],
    noises: Sequence[float],
) -> Estimate:
    """Return the slope of a function from its values at and around a point.

    Args:
        here: the value at the point.
        above: for each of the steps the distance gone and the value there.
        below: the same on the other side.
        steps: the distances that were meant.
        noises: the noise in the values as it shows at each of the steps.
    """
    right = [(v - here) / h if h else math.nan for h, v in above]
    left = [(here - v) / h if h else math.nan for h, v in below]
    # Flat in floats up to where it ends, as acosh(cos x) is at 0: there is no slope to see.
    ends_flat = not all(map(math.isfinite, left + right)) and not any(
        d for d in left + right if math.isfinite(d)
    )
    if ends_flat or not (math.isfinite(right[-1]) and math.isfinite(left[-1])):
        ends = _limit(left, steps, noises), _limit(right, steps, noises)
        return troubled(ORACLE, EDGE, *ends, steps[-1])
    kink = _kink(left, right, steps, noises)
    if kink is not None:
        ends = _limit(left, steps, noises), _limit(right, steps, noises)
        infinite = any(math.isinf(end) for end in ends)
        if not infinite:
            # Where the two sides settle, one extrapolation removes the bend of each.
            before, after = (
                side[kink] + (side[kink] - side[kink - 1]) / (_RATIO - 1.0)
                for side in (left, right)
            )
            ends = before, after
        return troubled(ORACLE, EDGE if infinite else KINK, *ends, steps[kink])
    ends = _limit(left, steps, noises), _limit(right, steps, noises)
    if math.isinf(ends[0]) or math.isinf(ends[1]):
        return troubled(ORACLE, JUMP, *ends, steps[-1])
    central = [
        (0.5 * (h + k), (v - w) / (h + k), noise)
        for (h, v), (k, w), noise in zip(above, below, noises, strict=True)
        if h + k > 0.0
    ]
    value, error, step = _central(central)
    if value != value:
        return troubled(ORACLE, _UNCONFIRMED, step=step)
    return Estimate(value, error, step, ORACLE, value, value)


def _middle(levels: Sequence[float]) -> float:
    """Return the middle one of noises that were measured at several places: no jump counts then."""
    finite = sorted(level for level in levels if math.isfinite(level))
    return finite[len(finite) // 2] if finite else math.inf


_noise_of = noise


def _total(f: Real) -> Real:
    """Return f with nan where it raises, as functions of `math` do outside their domain."""

    def total(x: float) -> float:
        try:
            return f(x)
        except (ArithmeticError, ValueError):
            return math.nan

    return total


KINK = "kink: the slopes on the two sides differ"
JUMP = "jump: the function is not continuous here, or vertical"
EDGE = "edge of the domain: the slope on one side is not finite"


def _kink(
    left: Sequence[float],
    right: Sequence[float],
    steps: Sequence[float],
    noises: Sequence[float],
) -> int | None:
    """Return the level at which two different slopes have settled, None if they meet.

    The gap between the two slopes of a function that bends shrinks with the step, that of a kink
    stays. Only levels count whose gap stands above noise.
    """
    last: list[int] = []
    for i, (a, b, h, noise) in enumerate(zip(left, right, steps, noises, strict=True)):
        size = max(abs(a), abs(b))
        if not math.isfinite(size) or 8.0 * noise / h > 0.01 * size:
            continue
        if abs(b - a) < 0.02 * size:
            return None
        last.append(i)
    if len(last) < 2 or last[-1] == 0:
        return None
    i, j = last[-2:]
    return j if abs(right[j] - left[j]) > 0.5 * abs(right[i] - left[i]) else None


def _limit(slopes: Sequence[float], steps: Sequence[float], noises: Sequence[float]) -> float:
    """Return a one-sided slope: infinite if it grows as the step shrinks, nan if there is none."""
    if not math.isfinite(slopes[-1]):
        return slopes[-1]
    measured = zip(slopes, steps, noises, strict=True)
    told = [d for d, h, noise in measured if abs(d) > 16.0 * noise / h]
    sizes = [abs(d) for d in told if math.isfinite(d)]
    if len(sizes) >= 4 and all(b > 1.5 * a for a, b in itertools.pairwise(sizes)):
        return math.copysign(math.inf, told[-1])
    return told[-1] if told else 0.0


def _central(slopes: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    """Return the slope, its error and step from central quotients at shrinking steps.

    Args:
        slopes: of each step its size, the quotient and the noise in the values.
    """
    candidates: list[tuple[float, float, int]] = []
    once: float | None = None
    second: float | None = None
    for i in range(1, len(slopes)):
        (_, coarse, _), (h, fine, noise) = slopes[i - 1 : i + 1]
        first = fine + (fine - coarse) / (_RATIO**2 - 1.0)
        if once is not None:
            value = first + (first - once) / (_RATIO**4 - 1.0)
            changed = abs(value - first)
            if second is not None:
                changed = max(changed, abs(value - second))
            candidates.append((2.0 * (changed + 2.0 * noise / h + 2.0**-50 * abs(value)), value, i))
            second = value
        once = first
    candidates.sort()
    for error, value, i in candidates:
        # A wave that a coarse step skips over shows at finer ones.
        finer = slopes[i + 1 :]
        if all(abs(d - value) <= 4.0 * error + 8.0 * noise / h for h, d, noise in finer):
            return value, error, slopes[i][0]
    return math.nan, math.inf, slopes[-1][0]


def differences(f: Callable[..., Any], *inputs: Any) -> list[Estimate]:
    """Return the slope of f along each number of its inputs, by `richardson`.

    Args:
        f: takes plain numbers and nested lists of them, or Values; returns one number or Value.
        *inputs: numbers, nested lists or arrays of numbers.

    >>> [round(slope.value, 9) for slope in differences(lambda w: w[0] * w[1], [3.0, 4.0])]
    [4.0, 3.0]
    """
    subject = FunctionSubject(f, inputs)

    return [richardson(subject.along(i), x) for i, x in enumerate(subject.point)]
