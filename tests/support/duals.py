"""Derivatives of a row's formula to hundreds of digits, at any float: nested dual numbers.

Differences need a step that suits the point, which a grid over all floats does not have. A dual
number a + b e with e^2 = 0 carries a derivative along exactly; of duals of duals of duals the last
part is a mixed third derivative. The slopes of the functions stand here in their textbook forms, so
that nothing is shared with the rules of the table.
"""

from collections.abc import Callable, Sequence
from typing import Any

import mpmath

from autograd.engine.primitives import Primitive

mp = mpmath.MPContext()
mp.dps = 420
# Beyond these arguments exponentials and tails are infinite or 0 as floats, whatever they meet.
FAR = 6000


class Dual:
    """a + b e, with duals or numbers for a and b; it compares by its innermost number."""

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = a, b

    def __add__(self, other: Any) -> "Dual":
        return Dual(self.a + other.a, self.b + other.b) if isinstance(other, Dual) else Dual(
            self.a + other, self.b
        )  # fmt: skip

    __radd__ = __add__

    def __neg__(self) -> "Dual":
        return Dual(-self.a, -self.b)

    def __sub__(self, other: Any) -> "Dual":
        return self + -other

    def __rsub__(self, other: Any) -> "Dual":
        return -self + other

    def __mul__(self, other: Any) -> "Dual":
        if isinstance(other, Dual):
            return Dual(self.a * other.a, self.a * other.b + self.b * other.a)
        return Dual(self.a * other, self.b * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Dual":
        return self * (1 / other)

    def __rtruediv__(self, other: Any) -> "Dual":
        inverse = 1 / self.a
        return Dual(inverse, -inverse * inverse * self.b) * other

    def __lt__(self, other: Any) -> bool:
        return base(self) < base(other)

    def __gt__(self, other: Any) -> bool:
        return base(self) > base(other)

    def __le__(self, other: Any) -> bool:
        return base(self) <= base(other)

    def __ge__(self, other: Any) -> bool:
        return base(self) >= base(other)

    def __eq__(self, other: object) -> bool:
        return base(self) == base(other)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(base(self))

    def __int__(self) -> int:
        return int(base(self))


def base(x: Any) -> Any:
    """Return the number that a dual stands at."""
    while isinstance(x, Dual):
        x = x.a
    return x


def _lifted(value: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        if isinstance(x, Dual):
            return Dual(function(x.a), slope(x.a) * x.b)
        return value(mp.mpf(x))

    return function


def _clamped(value: Callable[[Any], Any], far: float = FAR) -> Callable[[Any], Any]:
    return lambda x: value(min(max(x, mp.mpf(-far)), mp.mpf(far)))


def _short(value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function to 60 digits, which is what its value needs; its slope has all."""

    def function(x: Any) -> Any:
        with mp.workdps(60):
            return value(x)

    return function


class Context:
    """What a row's formula may ask of mpmath, on duals."""

    mpf = staticmethod(lambda x: x if isinstance(x, Dual) else mp.mpf(x))
    pi = mp.pi
    exp = staticmethod(_lifted(_clamped(mp.exp), lambda x: Context.exp(x)))
    expm1 = staticmethod(_lifted(_clamped(mp.expm1), lambda x: Context.exp(x)))
    log = staticmethod(_lifted(mp.log, lambda x: 1 / x))
    log1p = staticmethod(_lifted(lambda x: mp.log(1 + x), lambda x: 1 / (1 + x)))
    sin = staticmethod(_lifted(mp.sin, lambda x: Context.cos(x)))
    cos = staticmethod(_lifted(mp.cos, lambda x: -Context.sin(x)))
    tan = staticmethod(_lifted(mp.tan, lambda x: 1 / (Context.cos(x) * Context.cos(x))))
    sqrt = staticmethod(_lifted(mp.sqrt, lambda x: 1 / (2 * Context.sqrt(x))))
    asin = staticmethod(_lifted(mp.asin, lambda x: 1 / Context.sqrt(1 - x * x)))
    acos = staticmethod(_lifted(mp.acos, lambda x: -1 / Context.sqrt(1 - x * x)))
    atan = staticmethod(_lifted(mp.atan, lambda x: 1 / (1 + x * x)))
    sinh = staticmethod(_lifted(_clamped(mp.sinh), lambda x: Context.cosh(x)))
    cosh = staticmethod(_lifted(_clamped(mp.cosh), lambda x: Context.sinh(x)))
    tanh = staticmethod(_lifted(_clamped(mp.tanh), lambda x: 1 / (Context.cosh(x) ** 2)))
    asinh = staticmethod(_lifted(mp.asinh, lambda x: 1 / Context.sqrt(1 + x * x)))
    acosh = staticmethod(_lifted(mp.acosh, lambda x: 1 / Context.sqrt(x * x - 1)))
    atanh = staticmethod(_lifted(mp.atanh, lambda x: 1 / (1 - x * x)))
    erf = staticmethod(_lifted(_clamped(_short(mp.erf), 60), lambda x: _bell(x)))
    erfc = staticmethod(_lifted(_clamped(_short(mp.erfc), 60), lambda x: -_bell(x)))
    fabs = staticmethod(_lifted(mp.fabs, lambda x: mp.sign(base(x))))
    sign = staticmethod(_lifted(mp.sign, lambda x: 0 * x))
    floor = staticmethod(_lifted(mp.floor, lambda x: 0 * x))

    @staticmethod
    def ncdf(x: Any) -> Any:
        return Context.erfc(-x / mp.sqrt(2)) / 2

    @staticmethod
    def power(x: Any, y: Any) -> Any:
        if not isinstance(x, Dual) and not isinstance(y, Dual):
            return mp.power(x, y)
        if not isinstance(y, Dual):
            x = Context.mpf(x)
            return Dual(Context.power(x.a, y), y * Context.power(x.a, y - 1) * x.b)
        return Context.exp(y * Context.log(x))

    @staticmethod
    def atan2(y: Any, x: Any) -> Any:
        if not isinstance(x, Dual) and not isinstance(y, Dual):
            return mp.atan2(y, x)
        ya, yb = (y.a, y.b) if isinstance(y, Dual) else (y, 0)
        xa, xb = (x.a, x.b) if isinstance(x, Dual) else (x, 0)
        return Dual(Context.atan2(ya, xa), (xa * yb - ya * xb) / (xa * xa + ya * ya))

    @staticmethod
    def fsum(xs: Sequence[Any]) -> Any:
        total: Any = mp.mpf(0)
        for x in xs:
            total = total + x
        return total

    @staticmethod
    def fdot(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
        return Context.fsum([x * y for x, y in zip(xs, ys, strict=True)])


def _bell(x: Any) -> Any:
    return 2 / mp.sqrt(mp.pi) * Context.exp(-x * x)


Dual.__pow__ = lambda self, n: Context.power(self, n)  # type: ignore[attr-defined]


def derivative(row: Primitive, point: Sequence[float], by: Sequence[int]) -> Any:
    """Return the derivative of a row's formula by the operands at the places `by`, in turn."""
    operands: list[Any] = [mp.mpf(x) for x in point]
    for i in by:
        free = len(point) - row.constants
        moved = [Dual(x, mp.mpf(int(k == i)) + 0 * x) for k, x in enumerate(operands[:free])]
        operands = [*moved, *operands[free:]]
    assert row.precise is not None
    found = row.precise(Context, *operands)
    for _ in by:
        found = found.b if isinstance(found, Dual) else mp.mpf(0)
    return base(found)
