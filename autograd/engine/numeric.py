"""The functions of rows that Python's `math` or NumPy lack, on floats and on arrays.

Where `math` raises and IEEE arithmetic answers, the float functions raise too: the row makes them
total, by the array function beside each.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# NumPy's stubs leave the types of these array expressions open.

import math
from collections.abc import Callable, Iterable
from functools import reduce
from operator import add, mul
from typing import Any

import numpy as np

from autograd.engine.number import elementwise

# NumPy has no error function; the one of the C library, called per element, is right to an ulp.
erf_array = elementwise(math.erf)
erfc_array = elementwise(math.erfc)


def over(g: float, y: float) -> float:
    """The product of g and 1 / y, also where 1 / y overflows and the product does not."""
    try:
        inverse = 1.0 / y
    except ZeroDivisionError:
        return g * math.copysign(math.inf, y)
    return g * inverse if -math.inf < inverse < math.inf else g / y


def reciprocal(x: float) -> float:
    """The quotient 1 / x."""
    return 1.0 / x


def square(x: float) -> float:
    """The product x * x."""
    return x * x


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x), by the form whose exponential cannot overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def sigmoid_array(x: Any) -> Any:
    """`sigmoid` over an array."""
    e = np.exp(-np.abs(x))
    return np.where(np.signbit(x), e, np.ones_like(e)) / (1.0 + e)


def sech_squared(x: float) -> float:
    """1 / cosh^2 x; the cosh is squared last, for it overflows later than its square."""
    try:
        z = 1.0 / math.cosh(x)
    except OverflowError:
        return 0.0
    return z * z


def sech_squared_array(x: Any) -> Any:
    """`sech_squared` over an array."""
    return np.square(np.reciprocal(np.cosh(x)))


def cathetus(x: float) -> float:
    """sqrt(1 - x^2); near x = 1 the two factors are exact where the square is not."""
    return math.sqrt(1.0 - x * x if abs(x) < 0.5 else (1.0 - x) * (1.0 + x))


def cathetus_array(x: Any) -> Any:
    """`cathetus` over an array."""
    return np.sqrt(np.where(np.abs(x) < 0.5, 1.0 - x * x, (1.0 - x) * (1.0 + x)))


def softplus(x: float) -> float:
    """log(1 + e^x), accurate on both tails."""
    return (x if x > 0.0 else 0.0) + math.log1p(math.exp(-abs(x)))


def softplus_array(x: Any) -> Any:
    """`softplus` over an array."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def relu(x: float) -> float:
    """max(x, 0); nan stays nan."""
    # `not <=` rather than `>`: nan must come out as nan, never as a 0 that hides it.
    return x if not x <= 0.0 else 0.0


def relu_array(x: Any) -> Any:
    """`relu` over an array."""
    return np.where(x <= 0.0, np.zeros_like(x), x)


def step(x: float) -> float:
    """1 for x > 0, 0 for x <= 0, nan for nan."""
    return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else math.nan


def step_array(x: Any) -> Any:
    """`step` over an array."""
    return np.heaviside(x, np.zeros_like(x))


def sign(x: float) -> float:
    """-1, 0 or 1, nan for nan."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else math.nan


def equal(x: float, y: float) -> float:
    """1 where x = y, else 0; nan beside nan."""
    return 1.0 if x == y else 0.0 if x == x and y == y else math.nan


def equal_array(x: Any, y: Any) -> Any:
    """`equal` over arrays."""
    same = np.asarray(np.equal(x, y), dtype=np.result_type(x, y, np.float32))
    return np.where(np.isnan(x) | np.isnan(y), np.nan, same)


def leaky_relu(x: float, slope: float) -> float:
    """Return x for x > 0, else slope * x."""
    return slope * x if x <= 0.0 else x


def leaky_relu_array(x: Any, slope: Any) -> Any:
    """`leaky_relu` over an array."""
    return np.where(x <= 0.0, slope * x, x)


def elu(x: float, alpha: float) -> float:
    """Return x for x > 0, else alpha * (e^x - 1)."""
    return alpha * math.expm1(x) if x <= 0.0 else x


def elu_array(x: Any, alpha: Any) -> Any:
    """`elu` over an array."""
    return np.where(x <= 0.0, alpha * np.expm1(np.where(x <= 0.0, x, 0.0)), x)


def gelu(x: float) -> float:
    """Return x Phi(x); Phi by erfc, which keeps the left tail that 1 + erf would cancel away."""
    return 0.0 if x == -math.inf else 0.5 * x * math.erfc(-x * math.sqrt(0.5))


def gelu_array(x: Any) -> Any:
    """`gelu` over an array."""
    return np.where(np.isneginf(x), 0.0, 0.5 * x * erfc_array(-x * math.sqrt(0.5)))


def silu(x: float) -> float:
    """Return x * sigmoid(x)."""
    return 0.0 if x == -math.inf else x * sigmoid(x)


def silu_array(x: Any) -> Any:
    """`silu` over an array."""
    return np.where(np.isneginf(x), 0.0, x * sigmoid_array(x))


def xlogy(x: float, y: float) -> float:
    """Return x log y, and 0 where x is 0 and y is a number: the limit that entropies need."""
    if x == 0.0 and y == y:
        return 0.0
    return x * math.log(y)


def xlogy_array(x: Any, y: Any) -> Any:
    """`xlogy` over arrays."""
    return np.where((x == 0.0) & ~np.isnan(y), 0.0, x * np.log(y))


def xdivy(x: float, y: float) -> float:
    """Return x / y, and 0 where x is 0 and y is a number."""
    if x == 0.0 and y == y:
        return 0.0
    return x / y


def xdivy_array(x: Any, y: Any) -> Any:
    """`xdivy` over arrays."""
    return np.where((x == 0.0) & ~np.isnan(y), 0.0, x / y)


def power_array(x: Any, n: Any) -> Any:
    """C's `pow` over arrays; by an exponent that is 0.5 throughout, NumPy's is the square root.

    The root of -0.0 is -0.0 and that of -inf is nan, where `pow` gives 0.0 and inf.
    """
    return np.where((n == 0.5) & ((x == 0.0) | (x == -np.inf)), np.abs(x), x**n)


def power_log(x: float, y: float, k: float) -> float:
    """Return x^y (log x)^k, and 0 where x^y is 0, whatever the logarithm."""
    z = math.pow(x, y)
    return z if k == 0.0 or z == 0.0 else z * math.pow(math.log(x), k)


def power_log_array(x: Any, y: Any, k: Any) -> Any:
    """`power_log` over arrays."""
    z = power_array(x, y)
    return np.where((z == 0.0) | (k == 0.0), z, z * np.log(x) ** k)


# Of zeros that tie, one vector unit of a processor takes the first, another the second, a third the
# positive one. Here 0.0 is added to what is found: a zero comes out as 0.0, whichever were given.


def maximum(*xs: float) -> float:
    """The largest operand; nan if one is nan, and 0.0 for any zero."""
    best = xs[0]
    for x in xs:
        if x > best or x != x:
            best = x
    return best + 0.0


def minimum(*xs: float) -> float:
    """The smallest operand; nan if one is nan, and 0.0 for any zero."""
    best = xs[0]
    for x in xs:
        if x < best or x != x:
            best = x
    return best + 0.0


def maximum_array(*xs: Any) -> Any:
    """`maximum` over arrays."""
    best = xs[0]
    for x in xs[1:]:
        best = np.maximum(best, x)
    return best + 0.0


def minimum_array(*xs: Any) -> Any:
    """`minimum` over arrays."""
    best = xs[0]
    for x in xs[1:]:
        best = np.minimum(best, x)
    return best + 0.0


def hypot_array(*xs: Any) -> Any:
    """The Euclidean length over arrays."""
    largest = np.abs(xs[0])
    for x in xs[1:]:
        largest = np.maximum(largest, np.abs(x))
    # Among subnormal numbers each step would round to a few digits: those are scaled, exactly.
    scale = np.where(largest < 2.0**-960, 2.0**60, np.ones_like(largest))
    length = np.abs(xs[0] * scale)
    for x in xs[1:]:
        length = np.hypot(length, x * scale)
    return length / scale


def direction(x: float, y: float) -> float:
    """Return x / hypot(x, y), the cosine of an angle; 0 at (0, 0)."""
    length = math.hypot(x, y)
    if 2.0**-900 < length < math.inf:
        return x / length
    if length == 0.0:
        return x
    # Of subnormal operands the length has few digits, and of the largest it overflows.
    scale = 2.0**60 if length < 1.0 else 2.0**-60
    return x / math.hypot(x * scale, y * scale) * scale


def direction_array(x: Any, y: Any) -> Any:
    """`direction` over arrays."""
    length = np.hypot(x, y)
    ones = np.ones_like(length)
    far = np.where(length == np.inf, 2.0**-60 * ones, ones)
    scale = np.where(length < 2.0**-900, 2.0**60 * ones, far)
    return np.where(length == 0.0, x, x / np.hypot(x * scale, y * scale) * scale)


def share(x: float, y: float) -> float:
    """Return x / (x + y)."""
    return x / (x + y)


def share_array(x: Any, y: Any) -> Any:
    """`share` over arrays."""
    return x / (x + y)


def clip(x: float, low: float, high: float) -> float:
    """x, or the bound it is beyond; nan if one of the three is nan, and 0.0 for any zero."""
    if low <= x <= high:
        return x + 0.0
    beyond = low if x < low else high if x > high else math.nan
    return beyond + 0.0 if low <= high else math.nan


def clip_array(x: Any, low: Any, high: Any) -> Any:
    """`clip` over arrays."""
    return np.clip(x, low, high) + 0.0


def where(condition: float, a: float, b: float) -> float:
    """`a` where the condition is not 0, else `b`; nan where it is nan."""
    return (a if condition else b) if condition == condition else condition


def where_array(condition: Any, a: Any, b: Any) -> Any:
    """`where` over arrays."""
    chosen = np.where(np.asarray(condition) != 0.0, a, b)
    return np.where(np.isnan(condition), np.nan, chosen)


def _reduced(xs: Iterable[float], start: float) -> float:
    return reduce(add, xs, start)


# From Python 3.12 on the built-in sum compensates roundings: arrays could not agree with it.
_COMPENSATED = sum([1e16, 1.0, -1e16]) != 0.0
_total: Callable[[Iterable[float], float], float] = _reduced if _COMPENSATED else sum

# Sums begin with -0.0, which changes no operand: 0.0 would make 0.0 of a sum of negative zeros.


def addition(*xs: float) -> float:
    """The sum of any number of operands, from the left; 0.0 for none."""
    return _total(xs, -0.0) if xs else 0.0


def addition_array(*xs: Any) -> Any:
    """`addition` over arrays."""
    total = xs[0] if xs else 0.0
    for x in xs[1:]:
        total = total + x
    return total


def dot(*xs: float) -> float:
    """The sum of products of the first half of the operands with the second; 0.0 for none."""
    if len(xs) % 2:
        raise ValueError(f"dot pairs its operands, and {len(xs)} is an odd number of them")
    half = len(xs) // 2
    return _total(map(mul, xs[:half], xs[half:]), -0.0) if xs else 0.0


def dot_array(*xs: Any) -> Any:
    """`dot` over arrays."""
    half = len(xs) // 2
    return addition_array(*[x * y for x, y in zip(xs[:half], xs[half:], strict=True)])


def select(index: float, *xs: float) -> float:
    """The operand whose place is nearest to the index, counted from 0; nan if there is no index."""
    if not math.isfinite(index):
        return math.nan
    return xs[math.floor(min(max(index, 0.0), len(xs) - 1.0) + 0.5)]


def same(x: float) -> float:
    """The number itself."""
    return x


def select_array(index: Any, *xs: Any) -> Any:
    """`select` over arrays."""
    chosen = xs[0]
    for k, x in enumerate(xs[1:]):
        chosen = np.where(index >= k + 0.5, x, chosen)
    return np.where(np.isfinite(index), chosen, np.nan)


def logsumexp(*xs: float) -> float:
    """Log of the sum of e^x, shifted by the largest, with the rest under log1p.

    `log1p` keeps what the plain form rounds away: logsumexp(0, -40) is 4.2e-18, not 0.
    """
    best = maximum(*xs)
    if not math.isfinite(best):
        return best
    rest = list(xs)
    rest.remove(best)
    return best + math.log1p(addition(*[math.exp(x - best) for x in rest]))


def logsumexp_array(*xs: Any) -> Any:
    """`logsumexp` over arrays."""
    stacked = np.stack(np.broadcast_arrays(*xs))
    best = stacked.max(axis=0)
    others = np.exp(stacked - best)
    np.put_along_axis(others, stacked.argmax(axis=0)[None], 0.0, axis=0)
    return np.where(np.isfinite(best), best + np.log1p(others.sum(axis=0)), best)
