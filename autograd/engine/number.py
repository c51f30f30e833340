"""Numbers as the engine takes them, and functions that are total under IEEE 754.

Python's `math` raises where IEEE arithmetic answers: `math.exp(710)`, `math.log(0)` and
`1.0 / 0.0` are errors, NumPy's are inf and -inf. A program must give the same numbers whether it
runs node by node or compiled over arrays, so a float function made `total` here falls back to the
array function of the same row at exactly those points.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# NumPy's stubs leave the types of these array expressions open.

import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any, cast

import numpy as np

FloatFunction = Callable[..., float]
ArrayFunction = Callable[..., Any]


def number(x: object) -> float:
    """Return `x` as a float, or say what to write instead.

    Args:
        x: an int, a float, a fraction or a NumPy real scalar.

    Raises:
        TypeError: for a bool, str, complex number, array, sequence, None or a node of a graph.
        OverflowError: for a number beyond the largest float.

    >>> number(3), number(np.float32(0.5))
    (3.0, 0.5)
    >>> number("3")
    Traceback (most recent call last):
        ...
    TypeError: expected a number, got the str '3': write float('3')
    """
    if x.__class__ is float:
        return cast(float, x)
    if isinstance(x, bool | np.bool_):
        raise TypeError(
            f"expected a number, got the bool {x}: write {float(x)} if a number is meant"
        )
    if isinstance(x, numbers.Rational | float | np.floating | np.integer):
        real = cast(Any, x)
        try:
            converted = float(real)
        except OverflowError:
            converted = math.inf
        # The wider floats of NumPy become infinite without a word.
        if math.isinf(converted) and real != converted:
            raise OverflowError(
                "the number given is beyond the largest float, 1.8e308: scale it, "
                "or write math.inf if infinity is meant"
            )
        return converted
    # A number that will be there when a program runs refuses by itself, with the line that asked.
    refuse: Any = getattr(x.__class__, "__number__", None)
    if refuse is not None:
        refuse(x)
    raise TypeError(f"expected a number, got {_describe(x)}")


def _describe(x: object) -> str:
    """Name `x` and what to write in its place."""
    if x is None:
        return "None: a function that forgot to return its result, or an unset gradient?"
    if isinstance(x, str | bytes):
        shown = repr(x) if len(x) <= 40 else repr(x[:37]) + "..."
        try:
            float(x)
        except ValueError:
            return f"the {type(x).__name__} {shown}, which stands for none"
        return f"the {type(x).__name__} {shown}: write float({shown})"
    if isinstance(x, complex | np.complexfloating):
        return f"the complex number {x}: write z.real, z.imag or abs(z)"
    if x is np.ma.masked:
        return "a masked element: take it out, or fill the gap, as array.filled(0.0) does"
    if isinstance(x, np.ndarray):
        array = cast(Any, x)
        if array.ndim == 0:
            return "an array of shape (): write float(array) or array.item()"
        return (
            f"an array of shape {array.shape}: "
            "write one number at a time, as in [Value(x) for x in array.tolist()]"
        )
    if hasattr(type(x), "__apply__"):
        return (
            f"a {type(x).__name__}: use it as it is, or write value.data for its number "
            "and value.detach() for a copy without history"
        )
    if isinstance(x, list | tuple | set | dict):
        return (
            f"a {type(x).__name__}: write one number at a time, as in [Value(x) for x in numbers]"
        )
    return f"an object of type {type(x).__name__}: write float(x) if it stands for a real number"


def total(fast: FloatFunction, array: ArrayFunction, arity: int = 1) -> FloatFunction:
    """Return `fast`, with `array`'s IEEE answer wherever `fast` raises.

    >>> exp = total(math.exp, np.exp)
    >>> exp(1.0) == math.exp(1.0), exp(710.0)
    (True, inf)
    """

    def answer(*args: float) -> float:
        with np.errstate(all="ignore"):
            return float(array(*map(np.float64, args)))

    # One function for each number of operands: packing them would double the cost of a call.
    def one(x: float) -> float:
        try:
            return fast(x)
        except (ValueError, OverflowError, ZeroDivisionError):
            return answer(x)

    def two(x: float, y: float) -> float:
        try:
            return fast(x, y)
        except (ValueError, OverflowError, ZeroDivisionError):
            return answer(x, y)

    def three(x: float, y: float, w: float) -> float:
        try:
            return fast(x, y, w)
        except (ValueError, OverflowError, ZeroDivisionError):
            return answer(x, y, w)

    return cast(FloatFunction, _made((one, two, three)[arity - 1], fast))


def _made(function: Any, of: FloatFunction) -> Any:
    function.made_of = of
    return function


def made_of(function: Any) -> Any:
    """Return the float function that a total one, or one over arrays, was made of.

    Any other function is returned as it is.

    >>> made_of(total(math.exp, np.exp)) is math.exp, made_of(elementwise(math.erf)) is math.erf
    (True, True)
    """
    return getattr(function, "made_of", function)


def elementwise(function: FloatFunction) -> ArrayFunction:
    """Return a float function over arrays, element by element, where NumPy has none.

    >>> elementwise(math.erf)(np.zeros(2)).tolist()
    [0.0, 0.0]
    """

    def array(*operands: Any) -> Any:
        ufunc = cast(Any, np.frompyfunc(function, len(operands), 1))
        # Plain numbers are doubles; among arrays they take the kind of these.
        arrays = [x for x in operands if hasattr(x, "dtype")]
        kind = np.result_type(np.float32, *operands) if arrays else np.result_type(1.0, *operands)
        return np.asarray(ufunc(*operands)).astype(kind)[()]

    return cast(ArrayFunction, _made(array, function))


def sequence(xs: Iterable[Any], function: str) -> list[Any]:
    """Return `xs` as a list, or say that `function` takes a sequence.

    >>> sequence((1.0, 2.0), "sum")
    [1.0, 2.0]
    """
    if isinstance(xs, np.ndarray):
        array = cast(Any, xs)
        if array.ndim != 1:
            raise ValueError(f"{function} takes a flat sequence, got an array of {array.shape}")
        if array.__class__ is not np.ndarray and np.ma.is_masked(array):
            raise ValueError(
                f"{function} takes numbers, and entries of this array are masked: write "
                "array.compressed() for those that are not"
            )
        return array.tolist()
    if isinstance(xs, str | bytes) or not isinstance(cast(object, xs), Iterable):
        given = "one Value" if hasattr(type(xs), "__apply__") else f"{xs!r:.60}"
        raise TypeError(
            f"{function} takes a sequence of numbers and Values, got {given}: write [x, ...]"
        )
    return list(xs)


def combine(method: Callable[[Any, Any], Any], value: Any, other: Any) -> Any:
    """Apply a method of `value` to an operand that is neither a Value nor a float nor an int.

    Other real numbers are converted and arrays taken element by element. An object with
    arithmetic of its own is asked next, by Python. Everything else is told what to write.
    """
    kind = cast(type, type(cast(object, other)))
    if hasattr(kind, "__apply__"):
        return NotImplemented
    if isinstance(other, np.ndarray):
        elements = np.frompyfunc(lambda x: method(value, x), 1, 1)  # pyright: ignore[reportUnknownLambdaType]
        with np.errstate(all="ignore"):
            return elements(cast(Any, other).astype(object))
    if hasattr(kind, "__radd__") and not isinstance(
        other, float | np.generic | numbers.Number | str | bytes | list | tuple
    ):
        return NotImplemented
    return method(value, number(cast(object, other)))
