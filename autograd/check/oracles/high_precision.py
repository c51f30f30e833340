"""High precision: a row's formula in mpmath, differenced at steps too small to matter.

With sixty digits a difference quotient at a step of 2^-80 is right to more digits than a float
has, on both sides of the point separately, so a kink shows as two different slopes and an edge of
the domain as one that is missing. mpmath is optional; without it this oracle has no answer.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false
# pyright: reportUnknownArgumentType=false
# mpmath carries no types.

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from autograd.check.oracles.differences import EDGE, JUMP, KINK
from autograd.check.oracles.estimate import Estimate, troubled
from autograd.check.oracles.tape import recorded
from autograd.engine.primitive import Primitive

ORACLE = "high precision"
STEP = 2.0**-80
_DIGITS = (60, 480)


@functools.cache
def context(digits: int = _DIGITS[0]) -> Any:
    """Return an mpmath context of this many digits, None if mpmath is not installed.

    It is the checker's own: nobody else's precision changes with it.

    >>> context(30).dps
    30
    """
    try:
        import mpmath
    except ModuleNotFoundError as error:
        # Anything else, such as Ctrl-C in the midst of it, does not say that it is missing.
        if error.name != "mpmath":
            raise
        return None
    made: Any = mpmath.mp.clone()
    made.dps = digits
    return made


def evaluate(mp: Any, row: Primitive, operands: Sequence[Any]) -> Any:
    """Return the row's formula at operands of the context mp; nan where it has no real value.

    >>> from autograd import lookup
    >>> mp = context(30)
    >>> str(evaluate(mp, lookup("sqrt"), [mp.mpf(2)]))
    '1.41421356237309504880168872421'
    >>> str(evaluate(mp, lookup("sqrt"), [mp.mpf(-2)]))
    'nan'
    """
    if row.precise is None:
        return mp.nan
    try:
        z: Any = row.precise(mp, *operands)
    except (ArithmeticError, ValueError, TypeError):
        return mp.nan
    if isinstance(z, mp.mpc):
        return z.real if z.imag == 0 else mp.nan
    return z if isinstance(z, mp.mpf) else mp.mpf(z)


def derivative(
    f: Callable[[Any, Any], Any], scale: float, spread: float = 0.0, cancels: bool = False
) -> Estimate:
    """Return the slope at t = 0 of f(mp, t), a function written for any mpmath context.

    Args:
        f: takes the context and the displacement t, both exact.
        scale: the length by which the step is measured; the step is 2^-80 of it.
        spread: how far rounding may have carried the point. Where the slope changes by a tenth
            within that distance, the answer is that it cannot be told.
        cancels: whether the value is what is left of larger ones, so that more digits are needed.

    Raises:
        ModuleNotFoundError: if mpmath is not installed.

    >>> derivative(lambda mp, t: mp.exp(1 + t), 1.0).value == math.e
    True
    """
    mp = context()
    if mp is None:
        raise ModuleNotFoundError("high precision needs mpmath: pip install mpmath")
    step = scale * STEP
    if not math.isfinite(scale):
        return troubled(ORACLE, "the function is not finite here")
    found = troubled(ORACLE, _LOST)
    if not cancels:
        # Exact here, where a float of that size may be 0.
        h = mp.ldexp(mp.mpf(scale), -80)
        found = _slopes(f, mp, h)
    if found.trouble == _LOST:
        # All digits cancelled: flat, or flatter than sixty digits show. cosh x - 1 at a small x
        # is of the size of x^2, so twice the digits of the scale come on top.
        mp = context(_DIGITS[1] + 100 * math.ceil(abs(math.log10(scale)) / 50.0))
        h = mp.ldexp(mp.mpf(scale), -80)
        found = _slopes(f, mp, h)
    if found.trouble == _LOST:
        found = Estimate(0.0, 0.0, step, ORACLE, 0.0, 0.0)
    if found.sound and spread > 4.0 * step:
        h = mp.ldexp(mp.mpf(scale), -80)
        return _within(f, mp, found, spread, h)
    return found


_LOST = "all digits cancelled"
NOISE = "noise: rounding alone may carry the operand to where the slope is another one"


def _slopes(f: Callable[[Any, Any], Any], mp: Any, h: Any) -> Estimate:
    step = float(h)
    here, above, below = f(mp, mp.mpf(0)), f(mp, h), f(mp, -h)
    if not mp.isfinite(here):
        return troubled(ORACLE, "the function is not finite here", step=step)
    right, left = (above - here) / h, (here - below) / h
    if not (mp.isfinite(right) and mp.isfinite(left)):
        return troubled(ORACLE, EDGE, _side(f, mp, left, -h), _side(f, mp, right, h), step)
    total = abs(right) + abs(left)
    change = max(abs(above - here), abs(here - below))
    if change == 0 or change < abs(here) * mp.mpf(2) ** (100 - mp.prec):
        return troubled(ORACLE, _LOST, step=step)
    size = max(abs(above), abs(below))
    if change > size * mp.mpf(2) ** -30:
        # So large a change is a jump, as of sign at 0, or the function is near 0 here.
        tiny = h / 2**16
        if abs(f(mp, tiny) - here) * 2 > abs(above - here):
            return troubled(ORACLE, JUMP, _side(f, mp, left, -h), _side(f, mp, right, h), step)
    if abs(right - left) <= total * mp.mpf(2) ** -20:
        value = (above - below) / (2 * h)
        truncation = mp.mpf(0)
        if not size * mp.mpf(2) ** -100 <= change <= size * mp.mpf(2) ** -30:
            # So small a slope may be nothing but what a finite step leaves of the function's bend:
            # h^2 for x^3 at 0. A shorter step tells how much of it is.
            coarse, tiny = value, h / 2**16
            value = (f(mp, tiny) - f(mp, -tiny)) / (2 * tiny)
            step, truncation = float(tiny), abs(value - coarse)
            if abs(value) * 16 <= abs(coarse):
                # It goes to 0 with the step.
                value = mp.mpf(0)
        return _estimate(value, step, left, right, truncation)
    # Two slopes that differ because the function bends grow alike as the step shrinks.
    tiny = h / 2**16
    after, before = (f(mp, tiny) - here) / tiny, (here - f(mp, -tiny)) / tiny
    if abs(after - before) * 16 <= abs(right - left):
        value = (after + before) / 2
        # Where the two cancel to less than either could resolve, the slope is 0.
        if abs(value) <= (abs(after) + abs(before)) * mp.mpf(2) ** -20:
            value = mp.mpf(0) if abs(after) < total / 2**8 else value
        # Both sides shrink with the step, and what is left of either is not known.
        truncation = abs(value - (right + left) / 2)
        return _estimate(value, float(tiny), before, after, truncation)
    sides = _side(f, mp, left, -h), _side(f, mp, right, h)
    infinite = any(math.isinf(side) for side in sides)
    return troubled(ORACLE, EDGE if infinite else KINK, *sides, step)


def _estimate(value: Any, step: float, left: Any, right: Any, truncation: Any) -> Estimate:
    """Return a slope whose error is its rounding to a float and what the step left of it."""
    slope = float(value)
    error = 2.0**-52 * abs(slope) + float(truncation)
    if value != 0:
        # It may be smaller than all floats.
        error = max(error, 2.0**-1074)
    return Estimate(slope, error, step, ORACLE, float(left), float(right))


def _side(f: Callable[[Any, Any], Any], mp: Any, slope: Any, h: Any) -> float:
    """Return a one-sided slope as a float: infinite if it grows as the step shrinks."""
    if not mp.isfinite(slope):
        return math.nan
    tiny = h / 2**16
    closer = (f(mp, tiny) - f(mp, mp.mpf(0))) / tiny
    if mp.isfinite(closer) and abs(closer) > 16 * abs(slope):
        return math.copysign(math.inf, float(closer))
    return float(closer)


def _within(
    f: Callable[[Any, Any], Any], mp: Any, found: Estimate, spread: float, h: Any
) -> Estimate:
    """Return `found`, or that rounding of the operand alone changes the slope."""

    def slope(t: float) -> float:
        moved = (f(mp, t + h) - f(mp, t - h)) / (2 * h)
        return float(moved) if mp.isfinite(moved) else math.nan

    sides = settled(slope, found.value, spread)
    return found if sides is None else troubled(ORACLE, NOISE, *sides, float(h))


def settled(
    slope: Callable[[float], float], here: float, spread: float
) -> tuple[float, float] | None:
    """Return None if a slope is much the same within a spread, else the slopes at its two ends.

    A slope that changes in proportion to the distance belongs to a function that bends; one that
    changes by a tenth or more and not in proportion has a kink, a wave or an edge in between.

    >>> settled(lambda t: 2.0 * t, 0.0, 1e-9) is None
    True
    >>> settled(lambda t: float(t > -1e-12), 1.0, 1e-9)
    (0.0, 1.0)
    """
    far = slope(-spread), slope(spread)
    near = slope(-0.5 * spread), slope(0.5 * spread)
    size = max(abs(here), *map(abs, far))
    for end, half in zip(far, near, strict=True):
        change = abs(end - here)
        if not (change <= 0.1 * size or abs(end - 2.0 * half + here) <= 0.2 * change):
            return far
    return None


def row_slope(
    row: Primitive,
    operands: Sequence[float],
    velocities: Sequence[float],
    spread: float = 0.0,
    noise: Callable[[], float] = lambda: 0.0,
) -> Estimate | None:
    """Return the slope of one row as its operands move; None if there is nothing to ask.

    There is nothing to ask without mpmath or without a formula, or when the formula and the float
    function disagree about the value, as they do where a user's formula is another function.

    Args:
        row: the primitive.
        operands: where.
        velocities: how fast each operand moves: 1 for one of them and 0 for the rest gives the
            partial derivative.
        spread: how far rounding may have carried the operands.
        noise: tells how far rounding may have carried the float function from the formula; asked
            where they differ by more than a part in a million.

    >>> from autograd import lookup
    >>> row_slope(lookup("tanh"), [20.0], [1.0]).value
    1.6993417021166355e-17
    """
    mp = context()
    if mp is None or row.precise is None:
        return None

    def moved(mp: Any, t: Any) -> Any:
        exact = [mp.mpf(x) + t * v for x, v in zip(operands, velocities, strict=True)]
        return evaluate(mp, row, exact)

    here = float(moved(mp, mp.mpf(0)))
    try:
        z = row.function(*operands)
    except (ArithmeticError, ValueError):
        return None
    apart = abs(here - z)
    if not (apart <= 1e-6 * abs(z) + 1e-290 or apart <= noise()) and not (here != here and z != z):
        return None
    # The step is a share of the operand that is first carried far.
    reach = min(
        ((abs(x) or 1.0) / abs(v) for x, v in zip(operands, velocities, strict=True) if v),
        default=1.0,
    )
    cancels = abs(z) < 1e-6 * max(map(abs, operands))
    found = derivative(moved, reach, spread, cancels)
    # What the recorded number lies off by is as a step in the function.
    return replace(found, grain=apart) if apart > 2.0**-50 * abs(z) else found


def high_precision(f: Any, *inputs: Any) -> list[Estimate]:
    """Return the derivative of f by each number of its inputs, from its graph in sixty digits.

    f is recorded once; the rows' formulas are then evaluated with mpmath a little to each side.
    The numbers of the inputs and the constants are taken to be exact, and nothing is rounded on
    the way: where f's floats round badly, as in sin(1e8 x), the engine's derivative, which is
    that of the rounded computation, differs from this one.

    Args:
        f: takes Values and nested lists of them, returns one Value or number.
        *inputs: numbers, nested lists or arrays of numbers.

    Raises:
        ModuleNotFoundError: if mpmath is not installed.

    >>> from autograd import tanh
    >>> high_precision(tanh, 20.0)[0].value
    1.6993417021166355e-17
    """
    tape, count = recorded(f, inputs)
    if tape is None:
        return [Estimate(0.0, 0.0, 0.0, ORACLE)] * count
    known = tape

    def along(i: int) -> Callable[[Any, Any], Any]:
        def moved(mp: Any, t: Any) -> Any:
            points = [mp.mpf(known.data[j]) if j >= 0 else mp.nan for j in known.inputs]
            points[i] = points[i] + t

            def run(j: int, row: Primitive, *operands: Any) -> Any:
                return evaluate(mp, row, operands)

            return known.replay(points, mp.mpf, run)[known.roots[0]]

        return moved

    found: list[Estimate] = []
    for i, place in enumerate(tape.inputs):
        if place < 0:
            found.append(Estimate(0.0, 0.0, 0.0, ORACLE))
        else:
            found.append(derivative(along(i), abs(tape.data[place]) or 1.0))
    return found
