"""Functions that take a function and return its derivatives.

All differentiate by one argument, or several: `argnum` is an int or a tuple of ints, arguments are
numbers, nested lists of numbers or arrays, and results have their nesting; an array reaches the
function as an array of Values. Keyword arguments go to the function as they are.

Numbers give numbers. Where an argument holds Values, or the function's result was computed from a
Value that was there before the call, as a model's weights are, all numbers of the result are Values
that can be differentiated again; so every transform can be applied to the result of any other, and
a derivative inside a loss is trained through. In `no_grad` all results are numbers.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from collections.abc import Sequence
from math import factorial, isfinite, ldexp, lgamma, log
from typing import Any, cast

from autograd import asked
from autograd.engine.primitives import dot
from autograd.engine.value import Value
from autograd.transforms.calls import (
    Argnum,
    Call,
    Function,
    called,
    called_along,
    checked_argnum,
    recorded,
)
from autograd.transforms.gradient import gradient_values, is_node
from autograd.transforms.taylor import along
from autograd.transforms.trees import flat, mapped


@asked.own_keywords(gives="value_and_grad(f)(x)")
def value_and_grad(f: Function, argnum: Argnum = 0) -> Function:
    """Return a function that gives f's value and its gradient at the same arguments.

    Args:
        f: takes numbers and nested lists of numbers, returns one Value or number.
        argnum: which argument to differentiate by, or a tuple of several.

    Returns:
        A function of f's arguments. Its gradient has the nesting of the argument, and is a tuple
        if argnum is one. Value and gradient are numbers, or Values where f reads or is given one.

    Raises:
        TypeError: when called, if f returns something other than one Value or number.
        ValueError: when called, if there is no argument argnum.

    >>> value_and_grad(lambda x, y: x * x * y, argnum=(0, 1))(3.0, 2.0)
    (18.0, (12.0, 9.0))
    >>> w = Value(5.0)
    >>> value_and_grad(lambda x: w * x * x)(3.0)
    (Value(45.0), Value(30.0))
    """
    asked.function("value_and_grad", f)
    places = checked_argnum(argnum)

    @recorded
    def function(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        call = called(f, args, places, keywords)
        return call.plain(call.output), call.shaped(call.slopes(call.output))

    return function


@asked.own_keywords(gives="grad(f)(x)")
def grad(f: Function, argnum: Argnum = 0) -> Function:
    """Return the gradient function of f; see `value_and_grad`.

    >>> grad(lambda x, y: x * x * y)(3.0, 2.0)
    12.0
    >>> grad(lambda w: w[0] * w[1])([3.0, 2.0])
    [2.0, 3.0]
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    asked.function("grad", f)
    both = value_and_grad(f, argnum)

    def function(*args: Any, **keywords: Any) -> Any:
        return both(*args, **keywords)[1]

    return function


# Far beyond, the coefficients of a series do not fit floats, however they are scaled.
_HIGHEST = 1_000


@asked.own_keywords(gives="derivative(f)(x)")
def derivative(f: Function, order: int = 1) -> Function:
    """Return the derivative of any order of a function of one number.

    One pass of power series through the graph of f gives it: the cost grows with about the square
    of the order, that of quotients with its cube, where nested gradients at least double with each.

    Raises:
        ValueError: if order is negative, not whole or above 1,000, where coefficients of series
            leave the range of floats.

    >>> from autograd import exp
    >>> derivative(lambda x: exp(-x * x), order=4)(0.0)
    12.0
    """
    asked.function("derivative", f)
    if isinstance(order, bool) or not isinstance(cast(object, order), int) or order < 0:
        raise ValueError(f"the order of a derivative is 0, 1, 2, ..., got {order!r}")
    asked.whole("the order of a derivative", order, at_least=0, at_most=_HIGHEST)

    @recorded
    def function(x: Any, **keywords: Any) -> Any:
        if len(flat(x)) != 1:
            raise TypeError(
                f"derivative is for a function of one number, got {x!r:.60}: "
                "write grad, hessian, hvp or jvp"
            )
        call = called(f, (x,), 0, keywords)
        if not is_node(call.output):
            return call.plain(call.output if order == 0 else 0.0)
        return call.plain(_derivative(call, order))

    return function


def _derivative(call: Call, order: int) -> Any:
    """Return order! times the coefficient of a series along t = 2**power * s.

    With the power at which coefficients have about the size of derivatives: of a sine, coefficient
    171 by t is below the least float, and 171! above the largest. It leaves all digits as they are.
    """
    (leaf,) = call.leaves
    power = int(lgamma(order + 1) / log(2.0) / order) if order else 0

    def coefficient(power: int) -> Any:
        return along(call.output, {leaf: 2.0**power}, order, graph=call.as_graph)[order]

    found = coefficient(power)
    size = _size(found)
    if size < 2.0**-1021 and (size > 0.0 or order > 30):
        power += 1
        found = coefficient(power)
    while power and not isfinite(size):
        power -= 1
        found = coefficient(power)
        size = _size(found)
    bits = factorial(order).bit_length()
    mantissa, exponent = factorial(order) / (1 << bits), bits - power * order
    while abs(exponent) > 1000:
        step = 1000 if exponent > 0 else -1000
        found, exponent = found * 2.0**step, exponent - step
    factor = ldexp(mantissa, exponent)
    return found if factor == 1.0 else found * factor


def _size(x: Any) -> float:
    """Return how large a coefficient is; 1 where it is there only when a program runs."""
    if is_node(x):
        return abs(x._number) if isinstance(x, Value) else 1.0
    return abs(x)


@asked.own_keywords(gives="jacobian(f)(x)")
def jacobian(f: Function, argnum: Argnum = 0) -> Function:
    """Return the Jacobian function of f: the gradient of each of its outputs.

    Args:
        f: returns a Value or a nested list of them.
        argnum: as for `grad`.

    Returns:
        A function of f's arguments; its result has the nesting of the output, with a gradient in
        the nesting of the argument in the place of each number: J[i][j] = df_i/dx_j.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([3.0, 2.0])
    [[2.0, 3.0], [1.0, 1.0]]
    """
    asked.function("jacobian", f)
    places = checked_argnum(argnum)

    @recorded
    def function(*args: Any, **keywords: Any) -> Any:
        call = called(f, args, places, keywords, several=True)
        return mapped(lambda output: call.shaped(call.slopes(output)), call.output)

    return function


@asked.own_keywords(gives="hessian(f)(x)")
def hessian(f: Function, argnum: Argnum = 0) -> Function:
    """Return the Hessian function of f: H[i][j] = d2f / dx_i dx_j.

    Args:
        f: returns one Value or number.
        argnum: as for `grad`; a tuple gives a tuple of tuples of blocks.

    >>> def z(p):
    ...     x, y = p
    ...     u = x * x + x * y + y * y
    ...     return u * u + u
    >>> hessian(z)([1.0, 2.0])
    [[62.0, 55.0], [55.0, 80.0]]
    """
    asked.function("hessian", f)
    places = checked_argnum(argnum)

    @recorded
    def function(*args: Any, **keywords: Any) -> Any:
        call = called(f, args, places, keywords)
        first: Sequence[Any] = [0.0] * len(call.leaves)
        if is_node(call.output):
            first = gradient_values(call.output, call.leaves, call.nodes)
        return call.shaped([call.shaped(call.slopes(slope)) for slope in first])

    return function


@asked.own_keywords(gives="hvp(f)(x, v)")
def hvp(f: Function, argnum: Argnum = 0) -> Function:
    """Return the Hessian-vector product function of f: (*args, v) to H v.

    v has the nesting of the argument, a tuple for a tuple argnum. It costs a small constant times
    a gradient, however many arguments there are.

    Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994.

    >>> hvp(lambda x: x[0] ** 2 * x[1])([3.0, 2.0], [1.0, 0.0])
    [4.0, 6.0]
    """
    asked.function("hvp", f)
    places = checked_argnum(argnum)

    @recorded
    def function(*args: Any, **keywords: Any) -> Any:
        call, vector = called_along(f, args, places, keywords)
        if not is_node(call.output):
            return call.shaped(call.slopes(call.output))
        slopes = gradient_values(call.output, call.leaves, call.nodes)
        # What does not move adds nothing, not even where a second derivative is infinite.
        moving = [i for i, x in enumerate(vector) if is_node(x) or x != 0.0]
        along_v = dot([slopes[i] for i in moving], [vector[i] for i in moving])
        return call.shaped(call.slopes(along_v))

    return function


@asked.own_keywords(gives="jvp(f)(x, v)")
def jvp(f: Function, argnum: Argnum = 0) -> Function:
    """Return the Jacobian-vector product function of f, by forward mode: (*args, v) to J v.

    v has the nesting of the argument, a tuple for a tuple argnum. The result has the nesting of
    f's output; its cost does not depend on how many arguments there are.

    Source: Wengert, "A simple automatic derivative evaluation program", CACM 7, 1964.

    >>> jvp(lambda x: [x[0] * x[1], x[0] + x[1]])([3.0, 2.0], [1.0, 0.0])
    [2.0, 1.0]
    """
    asked.function("jvp", f)
    places = checked_argnum(argnum)

    @recorded
    def function(*args: Any, **keywords: Any) -> Any:
        call, vector = called_along(f, args, places, keywords, several=True)
        tangents = dict(zip(call.leaves, vector, strict=True))

        def slope(output: Any) -> Any:
            if not is_node(output):
                return call.plain(0.0)
            return call.plain(along(output, tangents, 1, graph=call.as_graph)[1])

        return mapped(slope, call.output)

    return function
