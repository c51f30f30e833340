"""The table: one row per primitive, from which everything else about it follows.

A row holds the function on floats and on arrays, its formula at high precision, its partial
derivatives, how it is written, and where it may be sampled. The partials are functions of the
result `z` and the operands, made of `+`, `-`, `*` and other rows only, and they never branch:
the same rule runs on floats (backward), on Values (the gradient is a graph again), on arrays
(compiled batches) and on blanks (its text). `/` and `**` on bare floats raise where IEEE
arithmetic answers, so rules call `reciprocal`, `div` and `power` in their place.

Adding a primitive is one row here and one name in `Value`. Pages compute it by its function in
`pages/rows.js`, or by what its own function does where that runs on placeholders.
"""

# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# Rules run on operands of any kind; that their types are unknown is the point of them.

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast, overload

import numpy as np

from autograd.engine import numeric
from autograd.engine.number import number, sequence, total
from autograd.engine.primitive import (
    POWER,
    PRODUCT,
    SUM,
    TABLE,
    Notation,
    Operand,
    Primitive,
    Recorded,
    apply,
    enter,
    latex_call,
)
from autograd.engine.symbolic import describe

_V = TypeVar("_V", bound=Recorded)
_Constants = ParamSpec("_Constants")


class _Unary(Protocol[_Constants]):
    """A function of one number, Value or array, and constants, which returns the first's kind."""

    @overload
    def __call__(self, x: _V, /, *args: _Constants.args, **kwargs: _Constants.kwargs) -> _V: ...
    @overload
    def __call__(
        self, x: float, /, *args: _Constants.args, **kwargs: _Constants.kwargs
    ) -> float: ...
    @overload
    def __call__(
        self, x: "np.ndarray[Any, Any]", /, *args: _Constants.args, **kwargs: _Constants.kwargs
    ) -> "np.ndarray[Any, Any]": ...


class _Binary(Protocol):
    """A function of two numbers, Values or arrays; a Value among them makes the result one."""

    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: _V, y: _V | float, /) -> _V: ...
    @overload
    def __call__(self, x: float, y: _V, /) -> _V: ...
    @overload
    def __call__(self, x: Any, y: Any, /) -> Any: ...


def _with_constants(function: Callable[Concatenate[Any, _Constants], Any]) -> _Unary[_Constants]:
    """Say of a function that it returns the kind of its first operand: to type checkers alone."""
    return cast(Any, function)


def _unary(row: Primitive) -> _Unary[[]]:
    """Register `row` and return its public function."""
    enter(row)
    compute = row.function

    def function(x: Any, /) -> Any:
        if x.__class__ is float:
            return compute(x)
        handler = getattr(x.__class__, "__apply__", None)
        return handler(row, (x,)) if handler is not None else apply(row, (x,))

    return cast(_Unary[[]], _named(function, row))


def _binary(row: Primitive) -> _Binary:
    """Register `row` and return its public function."""
    enter(row)
    compute = row.function

    def function(x: Any, y: Any, /) -> Any:
        if x.__class__ is float and y.__class__ is float:
            return compute(x, y)
        return apply(row, (x, y))

    return cast(_Binary, _named(function, row))


def _named(function: Any, row: Primitive) -> Any:
    """Give the public function of `row` its name; `describe` adds what it does."""
    function.__name__ = function.__qualname__ = row.name
    function.__module__ = "autograd"  # where people import it, and where pickles look
    return function


def _upright(name: str) -> Notation:
    return latex_call(rf"\operatorname{{{name}}}")


REAL: Final = (-10.0, 10.0)
POSITIVE: Final = (1e-3, 1e3)

# Arithmetic ----------------------------------------------------------------------------------

add = _binary(
    Primitive(
        name="add",
        function=operator.add,
        array=np.add,
        partials=lambda z, x, y: (1.0, 1.0),
        precise=lambda mp, x, y: x + y,
        latex=Notation("{0:1} + {1:2}", SUM),
        domain=(REAL, REAL),
        arity=2,
        operator="+",
        commutes=True,
        neutral=-0.0,  # not 0.0, which makes 0.0 of -0.0
    )
)
sub = _binary(
    Primitive(
        name="sub",
        function=operator.sub,
        array=np.subtract,
        partials=lambda z, x, y: (1.0, -1.0),
        precise=lambda mp, x, y: x - y,
        latex=Notation("{0:1} - {1:2}", SUM),
        domain=(REAL, REAL),
        arity=2,
        operator="-",
        neutral=0.0,
    )
)
mul = _binary(
    Primitive(
        name="mul",
        function=operator.mul,
        array=np.multiply,
        partials=lambda z, x, y: (y, x),
        precise=lambda mp, x, y: x * y,
        latex=Notation(r"{0:2} \cdot {1:3}", PRODUCT),
        domain=(REAL, REAL),
        arity=2,
        operator="*",
        commutes=True,
        neutral=1.0,
    )
)
neg = _unary(
    Primitive(
        name="neg",
        function=cast(Any, operator.neg),
        array=np.negative,
        partials=lambda z, x: (-1.0,),
        precise=lambda mp, x: -x,
        latex=Notation("-{0:2}", SUM),
        domain=(REAL,),
        operator="-",
    )
)
div = _binary(
    Primitive(
        name="div",
        function=total(cast(Any, operator.truediv), np.true_divide, arity=2),
        array=np.true_divide,
        partials=lambda z, x, y: (reciprocal(y), -div(z, y)),
        textbook=lambda z, x, y: (None, -div(x, square(y))),
        precise=lambda mp, x, y: x / y,
        latex=Notation(r"\frac{{{0:0}}}{{{1:0}}}", POWER),
        domain=(REAL, (0.1, 10.0)),
        arity=2,
        operator="/",
        neutral=1.0,
    )
)
reciprocal = _unary(
    Primitive(
        name="reciprocal",
        function=total(numeric.reciprocal, np.reciprocal),
        array=np.reciprocal,
        partials=lambda z, x: (-z * z,),
        textbook=lambda z, x: (-reciprocal(square(x)),),
        precise=lambda mp, x: 1 / x,
        latex=Notation(r"\frac{{1}}{{{0:0}}}", POWER),
        domain=((0.1, 10.0),),
    )
)
square = _unary(
    Primitive(
        name="square",
        function=numeric.square,
        array=np.square,
        partials=lambda z, x: (2.0 * x,),
        precise=lambda mp, x: x * x,
        latex=Notation("{0:4}^{{2}}", POWER),
        domain=(REAL,),
        unsigned=True,
    )
)
sqrt = _unary(
    Primitive(
        name="sqrt",
        function=total(math.sqrt, np.sqrt),
        array=np.sqrt,
        # z + 0.0 is z, but at -0.0, where z is -0.0 and its reciprocal would be -inf.
        partials=lambda z, x: (0.5 * reciprocal(z + 0.0),),
        textbook=lambda z, x: (reciprocal(2.0 * sqrt(x)),),
        precise=lambda mp, x: mp.sqrt(x),
        latex=Notation(r"\sqrt{{{0:0}}}"),
        domain=(POSITIVE,),
        subgradients=(((0.0,), (math.inf,)),),
    )
)

# A power by a constant and a power by a Value are two rows: the second needs log x, which is nan
# for x < 0, where the first is as good as anywhere. x**0 has slope 0 everywhere, also at 0, where
# 0 * 0**-1 would be nan: `power` raises the exponent of its derivative by (n == 0), and `pow` only
# where x is 0 too, since there the exponent can be differentiated by again.

_power = enter(
    Primitive(
        name="power",
        function=total(math.pow, numeric.power_array, arity=2),
        array=numeric.power_array,
        partials=lambda z, x, n: (n * apply(_power, (x, n - 1.0 + equal(n, 0.0))), 0.0),
        precise=lambda mp, x, n: mp.power(x, n),
        text=Notation("{0:4} ** {1:3}", POWER),
        latex=Notation("{0:4}^{{{1:0}}}", POWER),
        domain=((0.1, 10.0), (-4.0, 4.0)),
        arity=2,
        constants=1,
        neutral=1.0,
    )
)


@_with_constants
def power(x: Any, n: float) -> Any:
    """Return x ** n for a constant exponent n; `x ** n` with a number n records this row.

    nan for x < 0 unless n is whole; x**0 is 1 everywhere with slope 0.

    Raises:
        TypeError: if n is a Value; `pow` takes one.

    >>> power(-2.0, 3)
    -8.0
    """
    if n.__class__ is float and x.__class__ is float:
        return _power.function(x, n)
    return apply(_power, (x, _constant(n, "exponent n", "pow(x, n) or x ** n")))


pow = _binary(
    Primitive(
        name="pow",
        function=_power.function,
        array=numeric.power_array,
        partials=lambda z, x, y: (
            y * pow(x, y - 1.0 + equal(y, 0.0) * equal(x, 0.0)),
            apply(_power_log, (x, y, 1.0)),
        ),
        shown=lambda z, x, y: (y * pow(x, y - 1.0), z * log(x)),
        precise=lambda mp, x, y: mp.power(x, y),
        text=_power.text,
        latex=_power.latex,
        domain=((0.1, 10.0), (-4.0, 4.0)),
        arity=2,
        subgradients=(((0.0, 2.0), (0.0, 0.0)), ((-2.0, 2.0), (-4.0, math.nan))),
    )
)
# What a power becomes when its exponent is differentiated by, k times. As a product of x^y and
# log x its derivative at x = 0 would be 0 * inf, and the order of differentiating would matter.
_power_log = enter(
    Primitive(
        name="power_log",
        function=total(numeric.power_log, numeric.power_log_array, arity=3),
        array=numeric.power_log_array,
        partials=lambda z, x, y, k: (
            y * apply(_power_log, (x, y - 1.0, k))
            + k * apply(_power_log, (x, y - 1.0, k - 1.0 + equal(k, 0.0))),
            apply(_power_log, (x, y, k + 1.0)),
            0.0,
        ),
        precise=lambda mp, x, y, k: mp.power(x, y) * (mp.power(mp.log(x), int(k)) if k > 0 else 1),
        latex=Notation(r"{0:4}^{{{1:0}}} \cdot \log\left({0:0}\right)^{{{2:0}}}", PRODUCT),
        domain=((0.1, 10.0), (-4.0, 4.0), (1.0, 1.0)),
        arity=3,
        constants=1,
        subgradients=(((0.0, 2.0, 1.0), (0.0, 0.0, 0.0)),),
    )
)


def power_log(x: Any, y: Any, k: float = 1.0) -> Any:
    """Return x^y (log x)^k, the k-th derivative of x^y by y; 0 where x^y is 0.

    >>> power_log(2.0, 3.0) == 8.0 * log(2.0), power_log(0.0, 3.0)
    (True, 0.0)
    """
    return apply(_power_log, (x, y, _constant(k, "exponent k", "pow(x, y) * pow(log(x), k)")))


# Exponentials and logarithms ----------------------------------------------------------------

exp = _unary(
    Primitive(
        name="exp",
        function=total(math.exp, np.exp),
        array=np.exp,
        partials=lambda z, x: (z,),
        precise=lambda mp, x: mp.exp(x),
        latex=Notation("e^{{{0:0}}}", POWER),
        domain=((-50.0, 50.0),),
        unsigned=True,
    )
)
expm1 = _unary(
    Primitive(
        name="expm1",
        function=total(math.expm1, np.expm1),
        array=np.expm1,
        # Not z + 1, which cancels on the left tail.
        partials=lambda z, x: (exp(x),),
        precise=lambda mp, x: mp.expm1(x),
        latex=Notation("e^{{{0:0}}} - 1", SUM),
        domain=((-50.0, 50.0),),
    )
)
log = _unary(
    Primitive(
        name="log",
        function=total(math.log, np.log),
        array=np.log,
        partials=lambda z, x: (reciprocal(x),),
        precise=lambda mp, x: mp.log(x),
        latex=latex_call(r"\log"),
        domain=(POSITIVE,),
    )
)
log1p = _unary(
    Primitive(
        name="log1p",
        function=total(math.log1p, np.log1p),
        array=np.log1p,
        partials=lambda z, x: (reciprocal(1.0 + x),),
        precise=lambda mp, x: mp.log1p(x),
        latex=Notation(r"\log\left(1 + {0:2}\right)"),
        domain=((-0.9, 1e3),),
    )
)
log2 = _unary(
    Primitive(
        name="log2",
        function=total(math.log2, np.log2),
        array=np.log2,
        partials=lambda z, x: (reciprocal(x) * (1.0 / math.log(2.0)),),
        textbook=lambda z, x: (reciprocal(x * log(_exact(x, 2.0))),),
        precise=lambda mp, x: mp.log(x) / mp.log(2),
        latex=latex_call(r"\log_2"),
        domain=(POSITIVE,),
    )
)
xlogy = _binary(
    Primitive(
        name="xlogy",
        function=total(numeric.xlogy, numeric.xlogy_array, arity=2),
        array=numeric.xlogy_array,
        # At (0, 0) the quotient is 0: xlogy(0, y) is 0 for every y.
        partials=lambda z, x, y: (log(y), xdivy(x, y)),
        textbook=lambda z, x, y: (None, div(x, y)),
        precise=lambda mp, x, y: x * mp.log(y),
        latex=Notation(r"{0:2} \cdot \log\left({1:0}\right)", PRODUCT),
        domain=(REAL, POSITIVE),
        arity=2,
        subgradients=(((0.0, 0.0), (-math.inf, 0.0)),),
    )
)

xdivy = _binary(
    Primitive(
        name="xdivy",
        function=total(numeric.xdivy, numeric.xdivy_array, arity=2),
        array=numeric.xdivy_array,
        partials=lambda z, x, y: (reciprocal(y), -xdivy(z, y)),
        textbook=lambda z, x, y: (None, -div(x, square(y))),
        precise=lambda mp, x, y: x / y,
        latex=Notation(r"\frac{{{0:0}}}{{{1:0}}}", POWER),
        domain=(REAL, POSITIVE),
        arity=2,
    )
)

# Trigonometry and the hyperbolic functions --------------------------------------------------

sin = _unary(
    Primitive(
        name="sin",
        function=total(math.sin, np.sin),
        array=np.sin,
        partials=lambda z, x: (cos(x),),
        precise=lambda mp, x: mp.sin(x),
        latex=latex_call(r"\sin"),
        domain=(REAL,),
    )
)
cos = _unary(
    Primitive(
        name="cos",
        function=total(math.cos, np.cos),
        array=np.cos,
        partials=lambda z, x: (-sin(x),),
        precise=lambda mp, x: mp.cos(x),
        latex=latex_call(r"\cos"),
        domain=(REAL,),
    )
)
tan = _unary(
    Primitive(
        name="tan",
        function=total(math.tan, np.tan),
        array=np.tan,
        partials=lambda z, x: (1.0 + z * z,),
        textbook=lambda z, x: (reciprocal(square(cos(x))),),
        precise=lambda mp, x: mp.tan(x),
        latex=latex_call(r"\tan"),
        domain=((-1.5, 1.5),),
    )
)
# The derivative of (1 - x)(1 + x) would be a difference that is 0 for small x; that of the row is
# -x / z, so that the second derivatives of asin, acos and atanh keep their digits at both ends.
cathetus = _unary(
    Primitive(
        name="cathetus",
        function=total(numeric.cathetus, numeric.cathetus_array),
        array=numeric.cathetus_array,
        partials=lambda z, x: (-x * reciprocal(z),),
        precise=lambda mp, x: mp.sqrt((1 - x) * (1 + x)),
        latex=Notation(r"\sqrt{{1 - {0:4}^{{2}}}}"),
        domain=((-0.999, 0.999),),
        subgradients=(((1.0,), (-math.inf,)), ((-1.0,), (math.inf,))),
    )
)
asin = _unary(
    Primitive(
        name="asin",
        function=total(math.asin, np.arcsin),
        array=np.arcsin,
        partials=lambda z, x: (reciprocal(cathetus(x)),),
        shown=lambda z, x: (reciprocal(sqrt(1.0 - square(x))),),
        precise=lambda mp, x: mp.asin(x),
        latex=latex_call(r"\arcsin"),
        domain=((-0.999, 0.999),),
    )
)
acos = _unary(
    Primitive(
        name="acos",
        function=total(math.acos, np.arccos),
        array=np.arccos,
        partials=lambda z, x: (-reciprocal(cathetus(x)),),
        shown=lambda z, x: (-reciprocal(sqrt(1.0 - square(x))),),
        precise=lambda mp, x: mp.acos(x),
        latex=latex_call(r"\arccos"),
        domain=((-0.999, 0.999),),
    )
)
atan = _unary(
    Primitive(
        name="atan",
        function=math.atan,
        array=np.arctan,
        # The square of 1 + x^2 would overflow in the second derivative.
        partials=lambda z, x: (square(reciprocal(hypot(1.0, x))),),
        shown=lambda z, x: (reciprocal(1.0 + square(x)),),
        precise=lambda mp, x: mp.atan(x),
        latex=latex_call(r"\arctan"),
        domain=(REAL,),
    )
)
sinh = _unary(
    Primitive(
        name="sinh",
        function=total(math.sinh, np.sinh),
        array=np.sinh,
        partials=lambda z, x: (cosh(x),),
        precise=lambda mp, x: mp.sinh(x),
        latex=latex_call(r"\sinh"),
        domain=((-20.0, 20.0),),
    )
)
cosh = _unary(
    Primitive(
        name="cosh",
        function=total(math.cosh, np.cosh),
        array=np.cosh,
        partials=lambda z, x: (sinh(x),),
        precise=lambda mp, x: mp.cosh(x),
        latex=latex_call(r"\cosh"),
        domain=((-20.0, 20.0),),
        unsigned=True,
    )
)
tanh = _unary(
    Primitive(
        name="tanh",
        function=math.tanh,
        array=np.tanh,
        # Not 1 - z*z, which is 0 from x = 19.1 on.
        partials=lambda z, x: (sech_squared(x),),
        shown=lambda z, x: (square(reciprocal(cosh(x))),),
        textbook=lambda z, x: (1.0 - square(tanh(x)),),
        precise=lambda mp, x: mp.tanh(x),
        latex=latex_call(r"\tanh"),
        domain=((-20.0, 20.0),),
    )
)
# The derivative of tanh, and of sigmoid, whose own is a product again: 1 - z * z is 0 in the tails,
# and z * sigmoid(-x) has a derivative that is a difference, lost where x is small.
sech_squared = _unary(
    Primitive(
        name="sech_squared",
        function=numeric.sech_squared,
        array=numeric.sech_squared_array,
        partials=lambda z, x: (-2.0 * z * tanh(x),),
        precise=lambda mp, x: 1 / (mp.cosh(x) * mp.cosh(x)),
        latex=latex_call(r"\operatorname{sech}^{2}"),
        domain=((-20.0, 20.0),),
    )
)
asinh = _unary(
    Primitive(
        name="asinh",
        function=math.asinh,
        array=np.arcsinh,
        partials=lambda z, x: (reciprocal(hypot(1.0, x)),),
        shown=lambda z, x: (reciprocal(sqrt(1.0 + square(x))),),
        precise=lambda mp, x: mp.asinh(x),
        latex=_upright("arsinh"),
        domain=((-1e3, 1e3),),
    )
)
acosh = _unary(
    Primitive(
        name="acosh",
        function=total(math.acosh, np.arccosh),
        array=np.arccosh,
        # Two roots: their product overflows, and all terms of a derivative have one sign.
        partials=lambda z, x: (reciprocal(sqrt(x - 1.0)) * reciprocal(sqrt(x + 1.0)),),
        shown=lambda z, x: (reciprocal(sqrt(square(x) - 1.0)),),
        precise=lambda mp, x: mp.acosh(x),
        latex=_upright("arcosh"),
        domain=((1.001, 1e3),),
    )
)
atanh = _unary(
    Primitive(
        name="atanh",
        function=total(math.atanh, np.arctanh),
        array=np.arctanh,
        partials=lambda z, x: (square(reciprocal(cathetus(x))),),
        shown=lambda z, x: (reciprocal(1.0 - square(x)),),
        precise=lambda mp, x: mp.atanh(x),
        latex=_upright("artanh"),
        domain=((-0.999, 0.999),),
    )
)
atan2 = _binary(
    Primitive(
        name="atan2",
        function=math.atan2,
        array=np.arctan2,
        # Two divisions by the length, not one by its square: the square overflows far earlier.
        partials=lambda z, y, x: (
            div(direction(x, y), hypot(x, y)),
            -div(direction(y, x), hypot(x, y)),
        ),
        shown=lambda z, y, x: (
            div(x, square(x) + square(y)),
            -div(y, square(x) + square(y)),
        ),
        precise=lambda mp, y, x: mp.atan2(y, x),
        domain=(REAL, (0.1, 10.0)),
        arity=2,
    )
)

# x over the length of (x, y), as hypot's derivative has it. The derivative of a plain quotient is
# 1 / z - x^2 / z^3, a difference that is lost where x is nearly the whole length z.
direction = _binary(
    Primitive(
        name="direction",
        function=numeric.direction,
        array=numeric.direction_array,
        partials=lambda z, x, y: (
            direction(y, x) * div(direction(y, x), hypot(x, y)),
            -z * div(direction(y, x), hypot(x, y)),
        ),
        textbook=lambda z, x, y: (
            div(square(y), power(square(x) + square(y), 1.5)),
            -div(x * y, power(square(x) + square(y), 1.5)),
        ),
        precise=lambda mp, x, y: x / mp.sqrt(x * x + y * y),
        latex=Notation(r"\frac{{{0:0}}}{{\sqrt{{{0:4}^{{2}} + {1:4}^{{2}}}}}}", POWER),
        domain=((0.1, 10.0), (0.1, 10.0)),
        arity=2,
        subgradients=(((0.0, 0.0), (math.nan, math.nan)),),
    )
)

# The error function and what networks are made of -------------------------------------------

erf = _unary(
    Primitive(
        name="erf",
        function=math.erf,
        array=numeric.erf_array,
        partials=lambda z, x: (2.0 / math.sqrt(math.pi) * exp(-square(_near(x, 30.0))),),
        shown=lambda z, x: (2.0 / math.sqrt(math.pi) * exp(-square(x)),),
        textbook=lambda z, x: (2.0 * reciprocal(sqrt(_exact(x, math.pi))) * exp(-square(x)),),
        precise=lambda mp, x: mp.erf(x),
        domain=((-5.0, 5.0),),
    )
)
erfc = _unary(
    Primitive(
        name="erfc",
        function=math.erfc,
        array=numeric.erfc_array,
        partials=lambda z, x: (-2.0 / math.sqrt(math.pi) * exp(-square(_near(x, 30.0))),),
        shown=lambda z, x: (-2.0 / math.sqrt(math.pi) * exp(-square(x)),),
        textbook=lambda z, x: (-(2.0 * reciprocal(sqrt(_exact(x, math.pi))) * exp(-square(x))),),
        precise=lambda mp, x: mp.erfc(x),
        domain=((-5.0, 5.0),),
    )
)
sigmoid = _unary(
    Primitive(
        name="sigmoid",
        function=numeric.sigmoid,
        array=numeric.sigmoid_array,
        # Not z * (1 - z), which is 0 from x = 37 on.
        partials=lambda z, x: (_bell(x),),
        shown=lambda z, x: (z * sigmoid(-x),),
        textbook=lambda z, x: (z * (1.0 - z),),
        precise=lambda mp, x: 1 / (1 + mp.exp(-x)),
        latex=latex_call(r"\sigma"),
        domain=((-40.0, 40.0),),
        unsigned=True,
    )
)
softplus = _unary(
    Primitive(
        name="softplus",
        function=numeric.softplus,
        array=numeric.softplus_array,
        partials=lambda z, x: (sigmoid(x),),
        precise=lambda mp, x: mp.log1p(mp.exp(x)),
        domain=((-40.0, 40.0),),
        unsigned=True,
    )
)
abs = _unary(
    Primitive(
        name="abs",
        function=math.fabs,
        array=np.absolute,
        partials=lambda z, x: (sign(x),),
        precise=lambda mp, x: mp.fabs(x),
        latex=Notation(r"\left|{0:0}\right|"),
        domain=(REAL,),
        subgradients=(((0.0,), (0.0,)),),
        unsigned=True,
    )
)
sign = _unary(
    Primitive(
        name="sign",
        function=numeric.sign,
        array=np.sign,
        partials=lambda z, x: (0.0,),
        precise=lambda mp, x: mp.sign(x),
        domain=(REAL,),
        subgradients=(((0.0,), (0.0,)),),
    )
)
step = _unary(
    Primitive(
        name="step",
        function=numeric.step,
        array=numeric.step_array,
        partials=lambda z, x: (0.0,),
        precise=lambda mp, x: mp.mpf(x > 0),
        domain=(REAL,),
        subgradients=(((0.0,), (0.0,)),),
    )
)
# 1 where x = y, else 0, nan beside nan. relu's kink goes through `step` and ties go through
# `equal`: the tie rule of a maximum would make relu'(0) one half, and x - x is nan at infinity.
equal = _binary(
    Primitive(
        name="equal",
        function=numeric.equal,
        array=numeric.equal_array,
        partials=lambda z, x, y: (0.0, 0.0),
        precise=lambda mp, x, y: mp.mpf(x == y),
        latex=Notation(r"\left[{0:1} = {1:1}\right]"),
        domain=(REAL, REAL),
        arity=2,
        subgradients=(((1.0, 1.0), (0.0, 0.0)),),
        commutes=True,
    )
)
relu = _unary(
    Primitive(
        name="relu",
        function=numeric.relu,
        array=numeric.relu_array,
        partials=lambda z, x: (step(x),),
        precise=lambda mp, x: x if x > 0 else mp.mpf(0),
        domain=(REAL,),
        subgradients=(((0.0,), (0.0,)),),
        chooses=True,
        unsigned=True,
    )
)
gelu = _unary(
    Primitive(
        name="gelu",
        function=numeric.gelu,
        array=numeric.gelu_array,
        # Phi(x) + x phi(x), with Phi by erfc for the sake of the left tail.
        partials=lambda z, x: (
            0.5 * erfc(-math.sqrt(0.5) * x)
            + _near(x, 40.0)
            * exp(-0.5 * square(_near(x, 40.0)))
            * (1.0 / math.sqrt(2.0 * math.pi)),
        ),
        shown=lambda z, x: (
            0.5 * erfc(-math.sqrt(0.5) * x)
            + x * exp(-0.5 * square(x)) * (1.0 / math.sqrt(2.0 * math.pi)),
        ),
        textbook=lambda z, x: (
            0.5 * (1.0 + erf(div(x, sqrt(_exact(x, 2.0)))))
            + div(x * exp(-div(square(x), 2.0)), sqrt(2.0 * _exact(x, math.pi))),
        ),
        precise=lambda mp, x: x * mp.ncdf(x),
        domain=((-6.0, 6.0),),
    )
)
# Of positive numbers. As in `direction`, what is left of the whole is an operand of its own: in a
# quotient of x by the whole, 1 - x / whole would be lost where x is nearly all of it.
share = _binary(
    Primitive(
        name="share",
        function=total(numeric.share, numeric.share_array, arity=2),
        array=numeric.share_array,
        partials=lambda z, x, y: (div(share(y, x), x + y), -div(z, x + y)),
        textbook=lambda z, x, y: (div(y, square(x + y)), -div(x, square(x + y))),
        precise=lambda mp, x, y: x / (x + y),
        latex=Notation(r"\frac{{{0:0}}}{{{0:1} + {1:1}}}", POWER),
        domain=((0.1, 10.0), (0.1, 10.0)),
        arity=2,
    )
)
silu = _unary(
    Primitive(
        name="silu",
        function=numeric.silu,
        array=numeric.silu_array,
        partials=lambda z, x: (sigmoid(x) + _near(x, 1e3) * _bell(x),),
        shown=lambda z, x: (sigmoid(x) * (1.0 + x * sigmoid(-x)),),
        textbook=lambda z, x: (sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))),),
        precise=lambda mp, x: x / (1 + mp.exp(-x)),
        domain=((-40.0, 40.0),),
    )
)

_leaky_relu = enter(
    Primitive(
        name="leaky_relu",
        function=numeric.leaky_relu,
        array=numeric.leaky_relu_array,
        partials=lambda z, x, slope: (step(x) + (1.0 - step(x)) * slope, 0.0),
        precise=lambda mp, x, slope: x if x > 0 else slope * x,
        latex=_upright("leakyrelu"),
        domain=(REAL, (0.01, 0.5)),
        arity=2,
        constants=1,
        subgradients=(((0.0, 0.01), (0.01, 0.0)),),
    )
)


@_with_constants
def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """Return x for x > 0, else slope * x; the derivative at 0 is the slope.

    Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.

    >>> leaky_relu(-2.0)
    -0.02
    """
    return apply(_leaky_relu, (x, _constant(slope, "slope", "where(x > 0, x, slope * x)")))


_elu = enter(
    Primitive(
        name="elu",
        function=numeric.elu,
        array=numeric.elu_array,
        # exp(-relu(-x)) is e^x on the left and 1 on the right, where e^x could overflow.
        partials=lambda z, x, alpha: (
            step(x) + (1.0 - step(x)) * (alpha * exp(-relu(-x))),
            0.0,
        ),
        textbook=lambda z, x, alpha: (step(x) + (1.0 - step(x)) * (z + alpha), None),
        precise=lambda mp, x, alpha: x if x > 0 else alpha * mp.expm1(x),
        domain=(REAL, (0.5, 2.0)),
        arity=2,
        constants=1,
        subgradients=(((0.0, 2.0), (2.0, 0.0)),),
    )
)


@_with_constants
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x for x > 0, else alpha * (e^x - 1); the derivative at 0 is alpha.

    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential
    linear units (ELUs)", 2016, equation 15.

    >>> elu(0.5), round(elu(-1.0), 6)
    (0.5, -0.632121)
    """
    return apply(_elu, (x, _constant(alpha, "alpha", "where(x > 0, x, alpha * expm1(x))")))


_clip = enter(
    Primitive(
        name="clip",
        function=numeric.clip,
        array=numeric.clip_array,
        # 1 wherever the value passes through unchanged, the two bounds included.
        partials=lambda z, x, low, high: (equal(x, z), 0.0, 0.0),
        precise=lambda mp, x, low, high: low if x < low else high if x > high else x,
        domain=(REAL, (-5.0, -1.0), (1.0, 5.0)),
        arity=3,
        constants=2,
        subgradients=(
            ((-1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
            ((1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
        ),
        chooses=True,
    )
)


@_with_constants
def clip(x: Any, low: float, high: float) -> Any:
    """Return x kept between low and high; the derivative is 1 from low to high, both included.

    A zero comes out as 0.0; nan if one of the three is nan.

    Raises:
        ValueError: if low > high.

    >>> clip(3.0, -1.0, 1.0)
    1.0
    """
    low = _constant(low, "bound low", "maximum(x, low)")
    high = _constant(high, "bound high", "minimum(x, high)")
    if low > high:
        raise ValueError(f"clip: low = {low} is above high = {high}: swap them")
    return apply(_clip, (x, low, high))


def _near(x: Any, bound: float) -> Any:
    """Return x kept within bounds beyond which all it is multiplied by is 0: inf * 0 is nan."""
    return _kept(x, -bound, bound)


def _kept(x: Any, low: float, high: float) -> Any:
    return apply(_clip, (x, low, high))


def _bell(x: Any) -> Any:
    """The derivative of sigmoid."""
    return 0.25 * sech_squared(0.5 * x)


def _exact(x: Any, n: float) -> Any:
    """Return the number n, as itself where x is no number: log 2 is then written, and not 0.693."""
    keep = getattr(x.__class__, "__exact__", None)
    return n if keep is None else keep(n)


def _constant(x: object, what: str, instead: str) -> float:
    """Return a constant operand as a float, or say which function takes a Value there."""
    if hasattr(type(x), "__apply__"):
        raise TypeError(f"the {what} is a plain number here, got a Value: write {instead}")
    return number(x)


def _where_latex(xs: Sequence[Operand]) -> str:
    """Write a named condition as a number that is not 0, and one that was computed as its outcome.

    A comparison leaves no node: of `x > 0` only 1 or 0 is recorded, and "if 1" would say nothing.
    """
    condition, a, b = f"{xs[0]:0}", f"{xs[1]:0}", f"{xs[2]:0}"
    when, otherwise = {
        "1": (r"\text{taken, the condition held}", r"\text{otherwise}"),
        "0": (r"\text{if the condition held}", r"\text{taken, it did not hold}"),
    }.get(condition, (rf"\text{{if }}{condition} \neq 0", r"\text{otherwise}"))
    return rf"\begin{{cases}}{a}&{when}\\{b}&{otherwise}\end{{cases}}"


_where = enter(
    Primitive(
        name="where",
        function=numeric.where,
        array=numeric.where_array,
        partials=lambda z, c, a, b: (0.0, 1.0 - equal(c, 0.0), equal(c, 0.0)),
        precise=lambda mp, c, a, b: a if c else b,
        latex=Notation(_where_latex),
        domain=((0.0, 1.0), REAL, REAL),
        arity=3,
        chooses=True,
    )
)


def where(condition: Any, a: Any, b: Any) -> Any:
    """Return `a` if the condition holds, else `b`; the gradient flows to the one chosen.

    The other passes nothing on, not even where its slope is infinite or nan, at any order, compiled
    too. So it is with the losers of `maximum` and `minimum`, with the elements that `select` did
    not take, and with `relu` and `clip` where they are flat. A nan condition makes gradients nan.

    Args:
        condition: a bool or a number of data, as `x > 0` gives for Values; nothing flows to it.
            A nan chooses neither: the result is nan.
        a: a number, a Value, or a function of no arguments, called only if it is chosen. That
            keeps the other branch, and any nan in it, out of the graph.
        b: the same.

    >>> from autograd import Value
    >>> x = Value(-4.0)
    >>> where(x > 0, lambda: x.sqrt(), lambda: -x).data
    4.0
    """
    if isinstance(condition, bool | np.bool_):
        condition = float(condition)
    elif isinstance(condition, np.ndarray):
        chosen_by = cast(Any, condition)
        condition = chosen_by.astype(np.float64) if chosen_by.dtype == bool else chosen_by
    if callable(a) or callable(b):
        data = condition.data if hasattr(type(condition), "__apply__") else number(condition)
        if data != data:
            return data
        chosen = a if data else b
        return chosen() if callable(chosen) else chosen
    return apply(_where, (condition, a, b))


# Any number of operands ---------------------------------------------------------------------


def _winners(z: Any, *xs: Any) -> tuple[Any, ...]:
    """1 for the operand that is the extremum, shared equally where several are."""
    hits = [equal(x, z) for x in xs]
    share = reciprocal(sum(hits))
    return tuple([hit * share for hit in hits])


def _final(xs: Sequence[Any]) -> bool:
    """Whether nothing made of these operands is differentiated again: arrays, and while compiling.

    A shorter form then gives the same numbers, to rounding, in a few statements over whole arrays.
    """
    kinds: set[Any] = set(map(type, xs))
    return any(kind is np.ndarray or getattr(kind, "__final__", False) for kind in kinds)


def _others(combine: Callable[[Any, Any], Any], none: float, xs: Sequence[Any]) -> list[Any]:
    """Return for each operand what all the others make together, in 3 n steps.

    Taking it out of the whole would lose it where one operand is nearly the whole. Pairs are
    combined up to a whole of two parts, and down again each half of a pair gets the other half and
    what is outside the pair.
    """
    # The first half with the second: compiled, both are slices.
    levels: list[Sequence[Any]] = [xs]
    while len(levels[-1]) > 2:
        below = levels[-1]
        half = len(below) // 2
        levels.append([*map(combine, below[:half], below[half : 2 * half]), *below[2 * half :]])
    found = [*levels[-1][::-1]] if len(levels[-1]) == 2 else [none]
    for level in levels[-2::-1]:
        half = len(level) // 2
        rest = found
        found = [*map(combine, level[half : 2 * half], rest)]
        found += [*map(combine, level[:half], rest), *rest[half:]]
    return found


def _length_of(x: Any, y: Any) -> Any:
    if x.__class__ is float and y.__class__ is float:
        return math.hypot(x, y)
    return apply(_hypot, (x, y))


def _directions(z: Any, *xs: Any) -> tuple[Any, ...]:
    if len(xs) > 2 and _final(xs):
        return tuple([xdivy(x, z) for x in xs])
    # Each operand beside the length of all others.
    return tuple([direction(x, y) for x, y in zip(xs, _others(_length_of, 0.0, xs), strict=True)])


def _ones(z: Any, *xs: Any) -> tuple[Any, ...]:
    return (1.0,) * len(xs)


def _swapped(z: Any, *xs: Any) -> tuple[Any, ...]:
    first, second = _halves(xs)
    return (*second, *first)


def _softmax(z: Any, *xs: Any) -> tuple[Any, ...]:
    if len(xs) == 2:
        # The one of two: it bends at a tie, where no e^x does.
        x, y = xs
        return sigmoid(x - y), sigmoid(y - x)
    # Over their sum rather than as they are: z is rounded, and e^(x - z) of large x is off by it.
    found = [exp(x - z) for x in xs]
    if _final(xs):
        whole = sum(found)
        return tuple([div(x, whole) for x in found])
    rest = _others(operator.add, 0.0, found)
    return tuple([share(x, y) for x, y in zip(found, rest, strict=True)])


def _over_their_sum(z: Any, *xs: Any) -> tuple[Any, ...]:
    found = [exp(x) for x in xs]
    return tuple([div(x, sum(found)) for x in found])


def _halves(xs: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    return xs[: len(xs) // 2], xs[len(xs) // 2 :]


def _largest(mp: Any, *xs: Any) -> Any:
    return max(xs)


def _smallest(mp: Any, *xs: Any) -> Any:
    return min(xs)


def _length(mp: Any, *xs: Any) -> Any:
    return mp.sqrt(mp.fsum([x * x for x in xs]))


def _precise_sum(mp: Any, *xs: Any) -> Any:
    return mp.fsum(xs)


def _precise_dot(mp: Any, *xs: Any) -> Any:
    return mp.fdot(*_halves(xs))


def _precise_logsumexp(mp: Any, *xs: Any) -> Any:
    return mp.log(mp.fsum([mp.exp(x) for x in xs]))


_maximum = enter(
    Primitive(
        name="maximum",
        function=numeric.maximum,
        array=numeric.maximum_array,
        partials=_winners,
        precise=_largest,
        latex=latex_call(r"\max"),
        domain=(REAL,),
        arity=None,
        subgradients=(
            ((1.0, 1.0), (0.5, 0.5)),
            ((1.0, 1.0, 0.0, 1.0, 1.0), (0.25, 0.25, 0.0, 0.25, 0.25)),
        ),
        chooses=True,
    )
)
_minimum = enter(
    Primitive(
        name="minimum",
        function=numeric.minimum,
        array=numeric.minimum_array,
        partials=_winners,
        precise=_smallest,
        latex=latex_call(r"\min"),
        domain=(REAL,),
        arity=None,
        subgradients=(((1.0, 1.0), (0.5, 0.5)),),
        chooses=True,
    )
)
_hypot = enter(
    Primitive(
        name="hypot",
        function=math.hypot,
        array=numeric.hypot_array,
        partials=_directions,
        shown=lambda z, *xs: tuple([div(x, z) for x in xs]),
        precise=_length,
        latex=Notation(lambda xs: rf"\sqrt{{{' + '.join(f'{x:4}^{{2}}' for x in xs)}}}"),
        domain=((0.1, 10.0),),
        arity=None,
        subgradients=(((0.0, 0.0), (0.0, 0.0)),),
        unsigned=True,
    )
)
_sum = enter(
    Primitive(
        name="sum",
        function=numeric.addition,
        array=numeric.addition_array,
        partials=_ones,
        precise=_precise_sum,
        text=Notation(lambda xs: f"sum([{', '.join(f'{x:0}' for x in xs)}])"),
        latex=Notation(lambda xs: " + ".join(f"{x:2}" for x in xs) or "0", SUM),
        domain=(REAL,),
        arity=None,
    )
)


def _dot_text(xs: Sequence[Operand]) -> str:
    first, second = (", ".join(f"{x:0}" for x in half) for half in _halves(xs))
    return f"dot([{first}], [{second}])"


def _dot_latex(xs: Sequence[Operand]) -> str:
    return " + ".join(rf"{x:2} \cdot {y:3}" for x, y in zip(*_halves(xs), strict=True)) or "0"


_dot = enter(
    Primitive(
        name="dot",
        function=numeric.dot,
        array=numeric.dot_array,
        partials=_swapped,
        precise=_precise_dot,
        text=Notation(_dot_text),
        latex=Notation(_dot_latex, SUM),
        domain=(REAL,),
        arity=None,
        paired=True,
    )
)
_logsumexp = enter(
    Primitive(
        name="logsumexp",
        function=numeric.logsumexp,
        array=numeric.logsumexp_array,
        partials=_softmax,
        shown=lambda z, *xs: tuple([exp(x - z) for x in xs]),
        textbook=_over_their_sum,
        precise=_precise_logsumexp,
        text=Notation(lambda xs: f"logsumexp([{', '.join(f'{x:0}' for x in xs)}])"),
        latex=Notation(
            lambda xs: rf"\log\left({' + '.join(f'e^{{{x:0}}}' for x in xs)}\right)",
        ),
        domain=(REAL,),
        arity=None,
    )
)


def _chosen(z: Any, index: Any, *xs: Any) -> tuple[Any, ...]:
    """1 for the operand whose place is nearest to the index: above one half, below the next."""
    place = _kept(index, 0.0, len(xs) - 1.0)
    return 0.0, *[step(k + 0.5 - place) - step(k - 0.5 - place) for k in range(len(xs))]


def _between(z: Any, index: Any, *xs: Any) -> tuple[Any, ...]:
    # below[k] is 1 where the index lies below the middle between the places k and k + 1.
    below = [step(k + 0.5 - index) for k in range(len(xs) - 1)]
    if not below:
        return 0.0, 1.0
    inner = [high - low for low, high in itertools.pairwise(below)]
    return (0.0, below[0], *inner, 1.0 - below[-1])


def _precise_select(mp: Any, index: Any, *xs: Any) -> Any:
    return xs[int(min(max(mp.floor(index + mp.mpf(0.5)), 0), len(xs) - 1))]


def _select_text(xs: Sequence[Operand]) -> str:
    return f"select({xs[0]:0}, [{', '.join(f'{x:0}' for x in xs[1:])}])"


def _select_latex(xs: Sequence[Operand]) -> str:
    return rf"\left({', '.join(f'{x:0}' for x in xs[1:])}\right)_{{{xs[0]:0}}}"


_select = enter(
    Primitive(
        name="select",
        function=numeric.select,
        array=numeric.select_array,
        partials=_chosen,
        shown=_between,
        precise=_precise_select,
        text=Notation(_select_text),
        latex=Notation(_select_latex),
        domain=(REAL,),
        arity=None,
        chooses=True,
    )
)


def _any_number(row: Primitive, xs: tuple[Any, ...]) -> Any:
    if not xs:
        raise ValueError(f"{row.name} of nothing has no value: give at least one number or Value")
    if len(xs) == 1 and isinstance(xs[0], list | tuple):
        raise TypeError(f"{row.name} takes its operands one by one: write {row.name}(*xs)")
    return apply(row, xs)


def maximum(*xs: Any) -> Any:
    """Return the largest of any number of operands; k tied operands share the gradient, 1/k each.

    A zero comes out as 0.0, also of -0.0 and 0.0 in any order.

    >>> maximum(1.0, 3.0, 2.0)
    3.0
    """
    return _any_number(_maximum, xs)


def minimum(*xs: Any) -> Any:
    """Return the smallest of any number of operands; k tied operands share the gradient, 1/k each.

    A zero comes out as 0.0, also of -0.0 and 0.0 in any order.

    >>> minimum(1.0, 3.0, 2.0)
    1.0
    """
    return _any_number(_minimum, xs)


def hypot(*xs: Any) -> Any:
    """Return the Euclidean length sqrt(x1^2 + ... + xn^2); its derivative at 0 is taken to be 0.

    >>> hypot(3.0, 4.0)
    5.0
    """
    return _any_number(_hypot, xs)


def sum(xs: Iterable[Any]) -> Any:
    """Return x1 + ... + xn as one node; 0.0 for an empty sequence.

    >>> sum([1.0, 2.0, 3.5])
    6.5
    """
    return apply(_sum, tuple(sequence(xs, "sum")))


def dot(xs: Iterable[Any], ys: Iterable[Any]) -> Any:
    """Return x1*y1 + ... + xn*yn as one node; 0.0 for empty sequences.

    Raises:
        ValueError: if the two lengths differ.

    >>> dot([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    first = cast(list[Any], xs) if xs.__class__ is list else sequence(xs, "dot")
    second = cast(list[Any], ys) if ys.__class__ is list else sequence(ys, "dot")
    if len(first) != len(second):
        raise ValueError(
            f"dot takes two sequences of one length, got {len(first)} and {len(second)} elements"
        )
    # A neuron's weights come first: ask the first operand before looking at what all of them are.
    handler = getattr(first[0].__class__, "__apply__", apply) if first else apply
    return handler(_dot, (*first, *second))


def logsumexp(xs: Iterable[Any]) -> Any:
    """Return log(e^x1 + ... + e^xn), which neither overflows nor loses small terms.

    Its partials are the softmax of the operands.

    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    operands = tuple(sequence(xs, "logsumexp"))
    if not operands:
        return -math.inf
    return apply(_logsumexp, operands)


# Under `python -OO` no function has a docstring, and none is made.
for _function in [globals().get(name) for name in TABLE] if __doc__ is not None else ():
    if _function is not None and _function.__doc__ is None:
        _function.__doc__ = describe(TABLE[_function.__name__])


def select(index: Any, xs: Iterable[Any]) -> Any:
    """Return the element of xs at `index`, a number of data; nothing flows to the index.

    It is what `xs[index]` is where the index is a Value, as a label is while a loss is compiled.
    An index that is not whole takes the nearest place; one beyond the ends takes the end, and nan
    or an infinity gives nan.

    Args:
        index: from 0 to len(xs) - 1.
        xs: numbers and Values, at least one.

    Raises:
        ValueError: if xs is empty.

    >>> select(2, [5.0, 6.0, 7.0])
    7.0
    """
    elements = sequence(xs, "select")
    if not elements:
        raise ValueError("select from nothing has no value: give at least one number or Value")
    return apply(_select, (index, *elements))
