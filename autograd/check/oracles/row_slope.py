"""The slope of one row at the operands it was called with, by the best oracle for that row.

Only the row's functions are evaluated here, never its partials: those are what is checked. Working
row by row at the recorded numbers makes the answer sharp (the rounding of what came before does
not blur it), local (a wrong rule is found where it stands) and cheap (complex step first, higher
precision only where that does not hold).
"""

import itertools
import math
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from autograd.check.oracles import complex_step, differences, high_precision
from autograd.check.oracles.estimate import Estimate, troubled
from autograd.check.oracles.grain import grain
from autograd.engine.primitive import Primitive

# A correct rule is right to this, relative to its value, where the operands are well conditioned.
RULE_ERROR = 2.0**-47
# Below this the smallest floats lose digits, and products of slopes underflow.
FLOOR = 1e-290

_NEAR = 2.0**-26


def slope(row: Primitive, operands: Sequence[float], k: int, spread: float = 0.0) -> Estimate:
    """Return dz/dx of operand k of a row at `operands`, found from its functions alone.

    Args:
        row: the primitive.
        operands: the numbers it was called with.
        k: which operand.
        spread: how far rounding may have carried operand k; where the slope is another one within
            that distance, it cannot be told.

    >>> from autograd import lookup
    >>> slope(lookup("mul"), [3.0, 4.0], 0).value
    4.0
    >>> slope(lookup("relu"), [0.0], 0).trouble
    'kink: the slopes on the two sides differ'
    """
    if complex_step.analytic(row):
        found = complex_step.row_slope(row, operands, k)
        if found is not None and _plain(row, operands, k, spread, found.value):
            return found
    elif piecewise_affine(row):
        found = _straight(row, operands, k, spread)
        if found is not None:
            return found
    velocities = [0.0] * len(operands)
    velocities[k] = 1.0
    return along(row, operands, velocities, spread)


def along(
    row: Primitive, operands: Sequence[float], velocities: Sequence[float], spread: float = 0.0
) -> Estimate:
    """Return the slope of a row as its operands move together, from its functions alone.

    Args:
        row: the primitive.
        operands: where.
        velocities: how fast each operand moves.
        spread: as for `slope`.

    >>> from autograd import lookup
    >>> along(lookup("maximum"), [2.0, 2.0], [1.0, 1.0]).value
    1.0
    """
    found = high_precision.row_slope(
        row, operands, velocities, spread, lambda: noise(row, operands)
    )
    if found is not None:
        return found

    def moved(t: float) -> float:
        # The first step of the ladder is 1/16 of the operand that is first carried far.
        there = [x + t * reach * v for x, v in zip(operands, velocities, strict=True)]
        return value(row, there)

    reach = min(
        ((abs(x) or 1.0) / abs(v) for x, v in zip(operands, velocities, strict=True) if v),
        default=1.0,
    )
    level = 2.0**-52 * abs(moved(0.0))
    found = differences.richardson(moved, 0.0, noise=level)
    if found.sound and spread > found.step * reach:
        far = spread / reach
        sides = high_precision.settled(
            lambda t: differences.richardson(lambda u: moved(t + u), 0.0, noise=level).value,
            found.value,
            far,
        )
        if sides is not None:
            found = troubled(differences.ORACLE, high_precision.NOISE, *sides, far)
    return Estimate(
        found.value / reach,
        found.error / reach,
        found.step * reach,
        found.oracle,
        found.left / reach,
        found.right / reach,
        found.trouble,
        found.grain,
    )


def rounding(row: Primitive, operands: Sequence[float]) -> float:
    """Return about how far rounding carries a row's value: of its terms, where those cancel.

    Every operand is moved by a unit in its last place, up or down as by lot; what the function
    itself cancels shows as steps in it.

    >>> from autograd import lookup
    >>> rounding(lookup("sum"), [1.8e-15, 1.0, -1.0]) > 1e-16
    True
    """
    here = value(row, operands)
    found = 2.0**-52 * abs(here) + _SMALLEST
    rng = random.Random(1954)
    for _ in range(4):
        moved = [x * (1.0 + rng.choice((-1.0, 1.0)) * 2.0**-52) for x in operands]
        found = max(found, abs(value(row, moved) - here))
    return found


def steps(row: Primitive, operands: Sequence[float]) -> float:
    """Return the size of the steps in a row's float function, along each operand that moves."""
    found = 0.0
    for k in range(len(operands) - row.constants):

        def moved(x: float, k: int = k) -> float:
            return value(row, (*operands[:k], x, *operands[k + 1 :]))

        seen = grain(moved, operands[k], abs(operands[k]) or 1.0)
        found = max(found, seen.size)
    return found


def noise(row: Primitive, operands: Sequence[float]) -> float:
    """Return how far a row's float function may lie from its formula, by rounding alone."""
    return 16.0 * (rounding(row, operands) + steps(row, operands))


_SMALLEST = 2.0**-1074


def value(row: Primitive, operands: Sequence[float]) -> float:
    """Return the row's float function, nan where it raises.

    >>> from autograd import Primitive
    >>> value(Primitive("root", lambda x: x**0.5 / (x > 0), lambda z, x: (0.5 / z,)), [0.0])
    nan
    """
    try:
        return row.function(*operands)
    except (TypeError, ValueError, ArithmeticError):
        return math.nan


_affine: dict[Primitive, bool] = {}


class _Exact:
    """What a row's formula may ask of mpmath that fractions can answer."""

    mpf = Fraction
    fabs = staticmethod(abs)

    @staticmethod
    def sign(x: Fraction) -> Fraction:
        return Fraction((x > 0) - (x < 0))


def piecewise_affine(row: Primitive) -> bool:
    """Whether the row's formula is straight, in exact fractions, around 32 points of its domain.

    Floats cannot tell: a saturated tanh looks flat in them, its formula does not.

    >>> from autograd import lookup
    >>> piecewise_affine(lookup("relu")), piecewise_affine(lookup("elu"))
    (True, False)
    """
    if row not in _affine:
        _affine[row] = _bends_nowhere(row)
    return _affine[row]


def _bends_nowhere(row: Primitive) -> bool:
    if row.precise is None or row.arity is None:
        return False
    rng = random.Random(1911)
    for _ in range(32):
        point = [Fraction(rng.uniform(low, high)) for low, high in row.domain]
        for k in range(len(point) - row.constants):
            h = abs(point[k]) / 2**40
            values: list[Any] = []
            for t in (-h, Fraction(0), h):
                there: list[Any] = [*point]
                there[k] += t
                try:
                    values.append(row.precise(_Exact, *there))
                except (AttributeError, TypeError, ValueError, ArithmeticError):
                    # It asks for more than fractions have: exp, a root, ...
                    return False
            if values[2] - 2 * values[1] + values[0] != 0:
                return False
    return True


def _straight(row: Primitive, operands: Sequence[float], k: int, spread: float) -> Estimate | None:
    """Return the slope of a piecewise affine row from five values on one line, None otherwise."""
    x = operands[k]
    # A power of 2 near |x| / 8: what is added and subtracted is exact.
    d = math.ldexp(1.0, math.frexp(x)[1] - 4)
    if not (x and math.isfinite(x)) or spread > d / 8.0:
        return None
    before, after = operands[:k], operands[k + 1 :]
    values = [value(row, (*before, x + i * d, *after)) for i in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    rises = [b - a for a, b in itertools.pairwise(values)]
    allowed = 2.0**-50 * max(map(abs, values))
    if not max(rises) - min(rises) <= allowed:
        return None
    found = (values[4] - values[0]) / (4.0 * d)
    # Rises that are alike to the last digit have no rounding in them: 0 is 0.
    error = 0.5 * allowed / d if max(rises) > min(rises) else 2.0**-51 * abs(found)
    return Estimate(found, error, d, STRAIGHT, found, found)


STRAIGHT = "exact differences"


def _plain(row: Primitive, operands: Sequence[float], k: int, spread: float, slope: float) -> bool:
    """Whether plain differences on both sides see no kink and the same slope, within noise.

    A complex step at a kink answers with the slope of one side, so it is believed only where two
    evaluations on floats do not speak against it.
    """
    x = operands[k]
    before, after = operands[:k], operands[k + 1 :]
    f = row.function
    d = max(spread, _NEAR * (abs(x) or 1.0))
    try:
        above, here, below = f(*before, x + d, *after), f(*operands), f(*before, x - d, *after)
    except (TypeError, ValueError, ArithmeticError):
        return False
    up, down = above - here, here - below

    def straight(allowed: float) -> bool:
        even = abs(up - down) <= 1e-3 * (abs(up) + abs(down)) + allowed
        # nan in any of the values makes these comparisons false, as it should.
        room = 1e-3 * d * abs(slope) + allowed + d * 1e-300
        return even and abs(up + down - 2.0 * d * slope) <= room

    allowed = 2.0**-50 * max(abs(above), abs(below), abs(here))
    if straight(allowed):
        return True
    # Terms that cancel are rounded more.
    return row.arity is None and straight(allowed + 8.0 * rounding(row, operands))


def tolerance(row: Primitive, operands: Sequence[float], k: int, found: Estimate) -> float:
    """Return how far a correctly written rule may lie from the slope `found`.

    Sixty-four roundings, and sixteen in each operand times what the slope makes of them: the
    condition of the slope, found by moving each operand by 2^-30 of itself.

    >>> from autograd import lookup
    >>> row = lookup("sin")
    >>> tolerance(row, [1.0], 0, slope(row, [1.0], 0)) < 1e-14
    True
    """
    total = found.error + RULE_ERROR / 2.0 * abs(found.value) + FLOOR
    if found.oracle == complex_step.ORACLE:
        total += 4.0 * complex_step.scatter(row, operands, k, found.value)
    for j, x in enumerate(operands):
        if not x:
            continue
        moved = list(operands)
        moved[j] = x * (1.0 + 2.0**-30)
        other = slope(row, moved, k)
        if math.isfinite(other.value):
            total += 2.0**-48 * 2.0**30 * abs(other.value - found.value)
    return total
