"""Values among NumPy's arrays: the ufuncs that get one, and what object arrays ask of elements.

A ufunc that is given a Value asks `Value.__array_ufunc__`, which is answered here. An array of
Values is a plain object array, and there NumPy asks nobody: functions of one operand call a method
of each element, and `maximum`, `minimum` and `clip` compare two elements by `>=` or `<=` and keep
one of them. That is right but for a tie, whose gradient would go to one operand alone, and for a
nan, which would be lost; both are refused.
"""

# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# NumPy's stubs leave the types of these array expressions open.

import math
import operator
import sys
from collections.abc import Callable
from opcode import opmap
from types import FrameType
from typing import Any, NoReturn, cast

import numpy as np

from autograd.engine.number import number
from autograd.engine.primitives import TABLE, Primitive, abs, apply, log, logsumexp, pow

# By NumPy's names, which are others than the table's for some.
_UFUNCS: dict[str, Primitive] = {
    row.array.__name__: row for row in TABLE.values() if isinstance(row.array, np.ufunc)
}
_ROWS: dict[str, Primitive] = TABLE | _UFUNCS
_COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")


def _of_data(question: Callable[[float], bool]) -> Callable[[Any], bool]:
    return lambda x: question(x.data)


def _to_degrees(x: Any) -> Any:
    return x * (180.0 / math.pi)


def _to_radians(x: Any) -> Any:
    return x * (math.pi / 180.0)


# What needs no row.
_MADE_OF_ROWS: dict[str, Callable[..., Any]] = {
    "conjugate": operator.pos,
    "deg2rad": _to_radians,
    "degrees": _to_degrees,
    "exp2": lambda x: pow(2.0, x),
    "fabs": abs,
    "float_power": operator.pow,
    "isfinite": _of_data(math.isfinite),
    "isinf": _of_data(math.isinf),
    "isnan": _of_data(math.isnan),
    "log10": lambda x: log(x) * (1.0 / math.log(10.0)),
    "logaddexp": lambda x, y: logsumexp([x, y]),
    "positive": operator.pos,
    "power": operator.pow,
    "rad2deg": _to_degrees,
    "radians": _to_radians,
    "signbit": _of_data(lambda x: math.copysign(1.0, x) < 0.0),
}
_COMPOSED = {name: made for name, made in _MADE_OF_ROWS.items() if name not in _UFUNCS}
# Those that object arrays ask their elements for, by the name of a method.
_ASKED = ("conjugate", "deg2rad", "degrees", "exp2", "fabs", "log10", "rad2deg", "radians")
_ADVICE = {
    "cbrt": "sign(x) * abs(x) ** (1/3)",
    "ceil": "math.ceil(x.data)",
    "copysign": "abs(x) * sign(y)",
    "floor": "math.floor(x.data)",
    "fmax": "maximum(x, y), in which a nan stays one",
    "fmin": "minimum(x, y), in which a nan stays one",
    "fmod": "x - y * n with the whole number n",
    "heaviside": "step(x)",
    "logaddexp2": "log2(2.0 ** x + 2.0 ** y)",
    "rint": "round(x.data)",
    "trunc": "math.trunc(x.data)",
}


_WHOLE = ("ceil", "floor", "trunc")


def _refuse(name: str) -> NoReturn:
    advice = _ADVICE.get(name, "it with functions of autograd, or take x.data for the number alone")
    number_of = f", and __{name}__ would drop the graph" if name in _WHOLE else ""
    raise TypeError(
        f"np.{name} has no derivative rule here, so it takes no Value{number_of}: write {advice}"
    )


def elements_methods() -> dict[str, Callable[..., Any]]:
    """Return the methods that object arrays call on their elements for ufuncs without a row."""
    made = {name: _composed(name) for name in _ASKED if name in _COMPOSED}
    refused = {name: _refusing(name) for name in ("cbrt", "fmod", "rint")}
    whole = {f"__{name}__": _refusing(name) for name in _WHOLE}
    return made | refused | whole


def _refusing(name: str) -> Callable[..., NoReturn]:
    """Return the method that an object array calls for a ufunc without a rule."""

    def method(self: Any, *rest: Any) -> NoReturn:
        _refuse(name)

    method.__name__ = name
    method.__doc__ = f"Refuse np.{name}, with what to write in its place."
    return method


def _composed(name: str) -> Callable[[Any], Any]:
    """Return the method that an object array calls for a ufunc made of rows."""
    function = _COMPOSED[name]

    def method(self: Any) -> Any:
        return function(self)

    method.__name__ = name
    method.__doc__ = f"Return np.{name} of this value, as graphs and object arrays ask for it."
    return method


def ufunc_of_values(ufunc: Any, method: str, inputs: tuple[Any, ...], options: Any) -> Any:
    """Return a ufunc of operands of which one is a Value: the row, element by element.

    Raises:
        TypeError: for a ufunc without a rule, a method or an option that has no meaning here, and
            for an array of numbers as the place of the result.
    """
    name = ufunc.__name__
    if method == "outer" and len(inputs) == 2:
        first, second = (np.asarray(x, dtype=object) for x in inputs)
        inputs = first.reshape(*first.shape, *[1] * second.ndim)[()], inputs[1]
    elif method == "at" and isinstance(inputs[0], np.ndarray) and len(inputs) == 3:
        _require_objects(inputs[0], name)
        return ufunc.at(*inputs[:2], np.asarray(inputs[2], dtype=object))
    elif method != "__call__":
        raise TypeError(
            f"np.{name}.{method} takes an array of Values, got one Value: "
            "write np.array([x, y]), or operators of Python"
        )
    (out,) = options.pop("out", (None,))
    where = options.pop("where", True)
    # The result is an array of objects whatever is asked for; only another kind is a mistake.
    kind = options.pop("dtype", object)
    options.pop("casting", None)
    if options or kind not in (object, np.dtype(object), type(np.dtype(object))):
        asked = ", ".join([*options, *(["dtype"] if kind is not object else [])])
        raise TypeError(f"np.{name} of a Value takes no {asked}: write it without")
    if out is None and where is not True:
        raise TypeError(
            f"np.{name} of a Value takes no where: write autograd.where(condition, ...)"
        )
    if out is not None:
        _require_objects(out, name)
    result = _called(ufunc, name, inputs)
    if out is not None:
        np.copyto(out, np.asarray(result, dtype=object), where=where)
        return out
    # NumPy's quantile asks for an array of no dimensions, by an `out` that is not passed on.
    if name == "add" and sys._getframe(2).f_code.co_name == "_lerp":  # pyright: ignore[reportPrivateUsage]
        return np.asarray(result, dtype=object)
    return result


def _called(ufunc: Any, name: str, inputs: tuple[Any, ...]) -> Any:
    if name in _COMPOSED:
        function = _COMPOSED[name]
        if not any(isinstance(x, np.ndarray) for x in inputs):
            return function(*[number(x) if isinstance(x, np.generic) else x for x in inputs])
        with np.errstate(all="ignore"):
            return np.frompyfunc(function, len(inputs), 1)(*_as_objects(inputs))
    # Before the rows: `equal` of NumPy's is `==`, which goes by identity.
    if name in _COMPARISONS:
        return ufunc(*_as_objects(inputs))
    row = _ROWS.get(name)
    if row is None:
        _refuse(name)
    return apply(row, inputs)


def _as_objects(inputs: tuple[Any, ...]) -> list[Any]:
    """Return operands that a ufunc takes element by element, without asking this room again."""
    return [_elements(np.asarray(x)) for x in inputs]


def _elements(x: Any) -> Any:
    # NumPy's own scalars are unwrapped: as objects they would call the ufunc on the Value.
    objects = x.astype(object)
    # The wider floats have no number of Python's to give.
    return np.asarray(_numbers(objects)) if x.dtype.char in "gG" else objects


_numbers = np.frompyfunc(number, 1, 1)


def _require_objects(out: Any, name: str) -> None:
    dtype: Any = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
    if dtype != np.dtype(object):
        row = _ROWS.get(name)
        sign = row.operator if row is not None and row.arity == 2 else ""
        instead = f"array = array {sign} value" if sign else f"array = np.{name}(...)"
        raise TypeError(
            f"an array of {dtype} cannot hold Values in place: write {instead}, "
            "or start from array.astype(object)"
        )


# What object arrays compare ----------------------------------------------------------------------

_WRITTEN = opmap["COMPARE_OP"]
_CALLS = frozenset(code for name, code in opmap.items() if name.startswith(("CALL", "PRECALL")))


class _Undecided(int):
    """The answer of `>=` where `maximum` may not take it: a tie, or a nan.

    It is the answer to everybody else. That NumPy asks shows where its truth is taken: no
    Python code does that by a call.
    """

    def __bool__(self) -> bool:
        if _instruction(sys._getframe(1)) in _CALLS:  # pyright: ignore[reportPrivateUsage]
            raise TypeError(
                "NumPy's maximum, minimum, clip and a.max() keep one of two Values, which loses a "
                "nan and gives the gradient of a tie to one of them: write autograd.maximum(a, b), "
                "minimum(a, b) or clip(a, low, high), and maximum(*a) for the largest of an array"
            )
        return int(self) != 0


def _instruction(frame: FrameType) -> int:
    return frame.f_code.co_code[frame.f_lasti]


def _asking(frame: FrameType) -> FrameType:
    """Return the frame that compares; the readers that tracing puts in place are passed over."""
    while frame.f_back is not None and frame.f_globals.get("__name__") in _PASSED_OVER:
        frame = frame.f_back
    return frame


_PASSED_OVER = ("autograd.engine.value", "autograd.compile.tracing.refusals")


def undecided(answer: bool) -> bool:
    """Return the answer of `>=` or `<=` at a tie or a nan, for whoever asks.

    >>> from autograd import Value
    >>> Value(2.0) >= 2.0
    True
    """
    frame = _asking(sys._getframe(1))  # pyright: ignore[reportPrivateUsage]
    # A comparison of NumPy's with a Value itself is answered above.
    if _instruction(frame) == _WRITTEN or frame.f_globals.get("__name__") == __name__:
        return answer
    return cast(bool, _Undecided(answer))


def unsortable() -> None:
    """Refuse to let NumPy sort by a nan: a median or a quantile would be some other number."""
    frame = _asking(sys._getframe(1))  # pyright: ignore[reportPrivateUsage]
    if str(frame.f_globals.get("__name__")).startswith("numpy."):
        raise TypeError(
            "NumPy cannot order Values of which one is nan, as sort, median, quantile and argmax "
            "do: take it out first, a[[not math.isnan(x.data) for x in a]]"
        )
