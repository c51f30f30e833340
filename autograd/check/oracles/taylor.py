"""The order of the Taylor remainder: a gradient check without a step and without a tolerance.

If g is the gradient, |f(x + hv) - f(x) - h g.v| shrinks with h^2 as h is halved; if it is not,
with h only. The order is read off a range of steps, so no single one has to be chosen.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.check.judge.analytic import direction
from autograd.check.judge.report import Judged
from autograd.check.target import FunctionSubject, flatten
from autograd.engine.number import number
from autograd.engine.value import Value


@dataclass(frozen=True, slots=True)
class Taylor(Judged):
    """Remainders at halved steps, and their orders; its truth is its `ok`.

    Attributes:
        steps: the steps h, largest first.
        remainders: |f(x + hv) - f(x) - h g.v| at each.
        orders: the base-2 logarithm of how much each halving shrinks the remainder.
        order: the median of the orders that stand above rounding noise; infinite if none does,
            which says that the remainder is 0 as far as floats show: f is linear along v.

    >>> found = taylor_remainder(lambda x: x**3, lambda x: 3.0 * x**2, 2.0)
    >>> found.ok, round(found.order)
    (True, 2)
    """

    steps: tuple[float, ...]
    remainders: tuple[float, ...]
    orders: tuple[float, ...]
    order: float

    @property
    def ok(self) -> bool:
        """Whether the remainder is of second order: at least 1.5, halfway between 1 and 2."""
        return self.order >= 1.5


def taylor_remainder(f: Any, gradient_function: Any, *inputs: Any) -> Taylor:
    """Return the order of f's Taylor remainder with a gradient, along one fixed direction.

    Args:
        f: takes numbers and nested lists of numbers, returns one number or Value.
        gradient_function: takes the same and returns the derivatives, one per number.
        *inputs: numbers, nested lists or arrays of numbers.

    Source: Farrell, Ham, Funke and Rognes, "Automated derivation of the adjoint of high-level
    transient finite element programs", SIAM Journal on Scientific Computing 35(4), 2013 (its
    Taylor remainder convergence test).

    >>> f = lambda x, y: (x * x + x * y + y * y) ** 2
    >>> right = lambda x, y: (
    ...     2 * (x * x + x * y + y * y) * (2 * x + y),
    ...     2 * (x * x + x * y + y * y) * (x + 2 * y),
    ... )
    >>> round(taylor_remainder(f, right, 1.0, 2.0).order)
    2
    >>> off = lambda x, y: tuple(1.03 * g for g in right(x, y))
    >>> round(taylor_remainder(f, off, 1.0, 2.0).order)
    1
    """
    subject = FunctionSubject(f, inputs)
    slopes = [x for _, x in flatten(gradient_function(*subject.numbers(subject.point)))]
    v = direction(len(subject.point))
    slope = math.fsum(g * w for g, w in zip(slopes, v, strict=True))
    scale = max((abs(x) for x in subject.point), default=0.0) or 1.0

    def value(h: float) -> float:
        z = f(*subject.numbers([x + h * w for x, w in zip(subject.point, v, strict=True)]))
        return number(z.data if isinstance(z, Value) else z)

    steps = tuple(scale * 2.0**-i for i in range(6, 22))
    values = [value(h) for h in steps]
    here = value(0.0)
    remainders = tuple(abs(y - here - h * slope) for h, y in zip(steps, values, strict=True))
    noise = 2.0**-46 * max(abs(here), *map(abs, values))
    return Taylor(steps, remainders, *_orders(remainders, noise))


def _orders(remainders: Sequence[float], noise: float) -> tuple[tuple[float, ...], float]:
    orders = tuple(
        math.log2(a / b) if a > 0.0 and b > 0.0 else math.nan
        for a, b in itertools.pairwise(remainders)
    )
    # The last five halvings above noise: there the leading term rules.
    above = sorted(
        [d for d, b in zip(orders, remainders[1:], strict=False) if b > noise and d == d][-5:]
    )
    return orders, above[len(above) // 2] if above else math.inf
