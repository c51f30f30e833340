"""Complex step: a slope without cancellation, from one evaluation on a complex number.

f(x + ih) = f(x) + ih f'(x) + O(h^2): the imaginary part over h is the slope, and nothing is
subtracted, so h may be as small as one likes. It holds where the function is analytic, which is
found out from each row rather than declared.
"""

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.check.oracles.estimate import Estimate, troubled
from autograd.check.oracles.tape import Tape, recorded
from autograd.engine.primitive import Primitive

ORACLE = "complex step"
STEP = 2.0**-100

_known: dict[Primitive, bool] = {}


def analytic(row: Primitive) -> bool:
    """Whether the row's array function continues it to complex numbers.

    The Cauchy-Riemann equations are tried at eight points of the row's domain: the slope along
    the imaginary axis is the slope along the real one.

    >>> from autograd import lookup
    >>> analytic(lookup("tanh")), analytic(lookup("abs")), analytic(lookup("erf"))
    (True, False, False)
    """
    # No lock: two threads find the same, and a signal handler may ask in the middle.
    known = _known.get(row)
    if known is None:
        known = _known[row] = _satisfies_cauchy_riemann(row)
    return known


def _satisfies_cauchy_riemann(row: Primitive) -> bool:
    rng = random.Random(1967)
    domain = row.domain if row.arity else row.domain * 4
    for _ in range(8):
        point = [rng.uniform(low, high) for low, high in domain]
        for k in range(len(point) - row.constants):
            h = 1e-5 * (abs(point[k]) or 1.0)
            try:
                with np.errstate(all="ignore"):
                    up, down = (_moved(row, point, k, complex(0.0, s * h)) for s in (1, -1))
                    after, before = (_moved(row, point, k, complex(s * h)) for s in (1, -1))
            except (TypeError, ValueError, ArithmeticError):
                return False
            across, along = (up - down) / (2j * h), (after - before) / (2.0 * h)
            # Differences carry noise: the value's last digits over the step.
            noise = 2.0**-48 * abs(up) / h
            if not abs(across - along) <= 1e-4 * abs(along) + noise:
                return False
            if not abs(0.5 * (up + down) - 0.5 * (after + before)) <= 1e-4 * abs(up):
                return False
    return True


def _moved(row: Primitive, operands: Sequence[float], k: int, t: complex) -> complex:
    """Return the row's array function with operand k moved by t."""
    z = _at(row, operands, k, operands[k] + t)
    if t.imag and not np.iscomplexobj(z):
        raise TypeError(f"{row.name} drops the imaginary part")
    return complex(z)


def _at(row: Primitive, operands: Sequence[Any], k: int, x: complex) -> Any:
    """Return the row's array function with x for operand k, in double precision."""
    moved = *operands[:k], x, *operands[k + 1 :]
    z = row.array(*moved)
    # A function taken element by element takes a plain number for one of single precision.
    return row.function(*moved) if z.__class__ is np.complex64 else z


def row_slope(row: Primitive, operands: Sequence[float], k: int) -> Estimate | None:
    """Return dz/dx of operand k of one row by complex step, None where that does not hold.

    Two steps must agree: at a branch point, as of sqrt at 0, they do not. Callers suppress
    NumPy's floating-point warnings.

    >>> from autograd import lookup
    >>> row_slope(lookup("sin"), [0.0], 0).value, row_slope(lookup("sqrt"), [0.0], 0)
    (1.0, None)
    """
    x = operands[k]
    h = (abs(x) or 1.0) * STEP
    try:
        first = complex(_at(row, operands, k, complex(x, h))).imag / h
        second = complex(_at(row, operands, k, complex(x, 4.0 * h))).imag / (4.0 * h)
    except (TypeError, ValueError, ArithmeticError):
        return None
    size = abs(first)
    # Near the smallest floats the imaginary part itself loses digits.
    if not (abs(first - second) <= 2.0**-50 * size and size < math.inf):
        return None
    if 0.0 < size * h < 1e-290 or (not size and h < 1e-33):
        return None
    error = 2.0**-50 * size
    if not size:
        # An imaginary part of 0 may be one that is smaller than all floats; of a large step it
        # is then a slope that is.
        wide = (abs(x) or 1.0) * 2.0**-10
        if complex(_at(row, operands, k, complex(x, wide))).imag:
            error = 2.0**-1074 / h
    return Estimate(first, error, h, ORACLE, first, first)


def scatter(row: Primitive, operands: Sequence[float], k: int, slope: float) -> float:
    """Return how far other steps lie from a slope: the rounding in the imaginary part.

    >>> from autograd import Primitive
    >>> gap = Primitive("gap", lambda x: (x + 1.0) ** 2 - x * x, lambda z, x: (2.0,))
    >>> 1e-15 < scatter(gap, [999.9], 0, 2.0) < 1e-11
    True
    """
    x = operands[k]
    found = 0.0
    for share in (0.37, 1.9, 5.3):
        h = (abs(x) or 1.0) * STEP * share
        try:
            z = complex(_at(row, operands, k, complex(x, h)))
            found = max(found, abs(z.imag / h - slope))
        except (TypeError, ValueError, ArithmeticError):
            return math.inf
    return found


def complex_step(f: Any, *inputs: Any) -> list[Estimate]:
    """Return the derivative of f by each number of its inputs, by complex step.

    f is recorded once; the rows of its graph are then evaluated on complex numbers, x + ih for
    one input at a time.

    Args:
        f: takes Values and nested lists of them, returns one Value or number.
        *inputs: numbers, nested lists or arrays of numbers.

    Returns:
        One estimate per number; its `trouble` names a row that is not analytic, or says that two
        steps disagree.

    Source: Squire and Trapp, "Using complex variables to estimate derivatives of real functions",
    SIAM Review 40(1), 1998; Lyness and Moler, "Numerical differentiation of analytic functions",
    SIAM Journal on Numerical Analysis 4(2), 1967.

    >>> u = lambda x, y: x * x + x * y + y * y
    >>> [slope.value for slope in complex_step(lambda x, y: u(x, y) ** 2 + u(x, y), 1.0, 2.0)]
    [60.0, 75.0]
    """
    tape, count = recorded(f, inputs)
    if tape is None:
        return [Estimate(0.0, 0.0, 0.0, ORACLE)] * count
    for row, active in zip(tape.rows, tape.active, strict=True):
        if active and row is not None and not analytic(row):
            return [troubled(ORACLE, f"{row.name} is not analytic")] * count
    with np.errstate(all="ignore"):
        return [_replayed(tape, i) for i in range(count)]


def _replayed(tape: Tape, i: int) -> Estimate:
    place, root = tape.inputs[i], tape.roots[0]
    if place < 0:
        return Estimate(0.0, 0.0, 0.0, ORACLE)
    h = (abs(tape.data[place]) or 1.0) * STEP
    if not h:
        return troubled(
            ORACLE, "the input is too near 0 for a step that is small beside it", step=h
        )
    found: list[float] = []
    for step in (h, 4.0 * h):
        moved: list[Any] = [tape.data[j] if j >= 0 else math.nan for j in tape.inputs]
        moved[i] = complex(moved[i], step)

        def run(j: int, row: Primitive, *operands: Any) -> Any:
            return row.array(*operands)

        found.append(complex(tape.replay(moved, float, run)[root]).imag / step)
    if not abs(found[0] - found[1]) <= 2.0**-40 * abs(found[0]):
        return troubled(ORACLE, "two steps disagree: not analytic here", step=h)
    return Estimate(found[0], 2.0**-44 * abs(found[0]), h, ORACLE)
