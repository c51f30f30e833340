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

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import factorial, isfinite, ldexp, lgamma, log
from operator import index
from typing import Any, NamedTuple, cast

import numpy as np

from autograd import asked
from autograd.engine.backward import first_birth, ordered
from autograd.engine.methods import differentiated, tick
from autograd.engine.modes import recording_anyway
from autograd.engine.numeric import number
from autograd.engine.primitives import dot
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.transforms.gradient import gradient_numbers, gradient_values
from autograd.transforms.taylor import along
from autograd.transforms.trees import flat, mapped, rebuilt

Function = Callable[..., Any]
Argnum = int | tuple[int, ...]


class _Call(NamedTuple):
    """One call of a function with some of its arguments made into fresh leaves.

    Attributes:
        output: what the function returned: Values and numbers, nested.
        leaves: a Value for each number of the arguments to differentiate by.
        args: the arguments as they were given.
        argnum: which of them to differentiate by.
        as_graph: whether all numbers of the result are Values.
        nodes: the order of the output where f may return but one; None where it was not walked.
    """

    output: Any
    leaves: list[Value]
    args: tuple[Any, ...]
    argnum: Argnum
    as_graph: bool
    nodes: list[Value] | None

    def shaped(self, slopes: Sequence[Any]) -> Any:
        """Return one result per leaf in the nesting of the arguments differentiated by."""
        rest = iter(slopes)
        by_position = {i: rebuilt(self.args[i], rest) for i in self._positions()}
        if isinstance(self.argnum, int):
            return by_position[self.argnum % len(self.args)]
        return tuple([by_position[i % len(self.args)] for i in self.argnum])

    def _positions(self) -> list[int]:
        return sorted(_positions(self.argnum, len(self.args)))

    def slopes(self, output: Any) -> list[Any]:
        """Return the derivatives of one output with respect to the leaves."""
        if not isinstance(output, Value):
            return [self.plain(0.0) for _ in self.leaves]
        nodes = self.nodes if output is self.output else None
        if self.as_graph:
            return [*gradient_values(output, self.leaves, nodes)]
        return [*gradient_numbers(output, self.leaves, nodes)]

    def plain(self, output: Any) -> Any:
        """Return a number or a Value as what all numbers of this result are."""
        if isinstance(output, Value):
            return output if self.as_graph else output.data
        return Value(output) if self.as_graph else output


def checked_argnum(argnum: object) -> Argnum:
    """Return which argument to differentiate by: an int, or a tuple of them.

    Raises:
        TypeError: for anything else.

    >>> checked_argnum(0), checked_argnum((0, 2)), checked_argnum([1])
    (0, (0, 2), (1,))
    """
    try:
        if isinstance(argnum, tuple | list):
            return tuple([index(i) for i in cast(Sequence[Any], argnum)])
        return index(cast(Any, argnum))
    except TypeError:
        raise TypeError(
            f"argnum is {argnum!r:.60}, but arguments go by their places, counted from 0: "
            "write argnum=0, or argnum=(0, 1) for two of them"
        ) from None


def _positions(argnum: Argnum, count: int) -> set[int]:
    chosen = (argnum,) if isinstance(argnum, int) else argnum
    for i in chosen:
        if not -count <= i < count:
            raise ValueError(f"argnum is {i}, but the function was called with {count} argument(s)")
    return {i % count for i in chosen}


def _called(
    f: Function,
    args: tuple[Any, ...],
    argnum: Argnum,
    keywords: dict[str, Any],
    *,
    vector: Any = (),
    several: bool = False,
) -> _Call:
    """Call f with a fresh leaf for every number in the arguments of argnum.

    A Value becomes itself times 1: a node of its own, so that the inner derivative is taken with
    respect to this argument alone, whatever else the function does with the same Value.

    Args:
        f: the function.
        args: its arguments.
        argnum: which to differentiate by.
        keywords: its keyword arguments.
        vector: what else is given: the direction of a product.
        several: whether f may return more than one number.
    """
    argnum = checked_argnum(argnum)
    since = tick()
    leaves: list[Value] = []

    given = False

    def lift(x: Any) -> Value:
        nonlocal given
        if isinstance(x, Value):
            given = True
            leaves.append(x * 1.0)
        else:
            leaves.append(Value(x if x.__class__ is float else _number(x, _ARGUMENT)))
        return leaves[-1]

    wanted = _positions(argnum, len(args))
    lifted = [mapped(lift, x) if i in wanted else x for i, x in enumerate(args)]
    try:
        differentiated.update(leaves)
        output = f(*lifted, **keywords)
    finally:
        differentiated.difference_update(leaves)
    if several:
        output = mapped(lambda z: z if isinstance(z, Value) else _number(z, _SEVERAL), output)
        results = [z for z in flat(output) if isinstance(z, Value)]
    else:
        results = [output] if isinstance(output, Value) else []
        output = output if results else _number(output, _ONE)
    nodes = ordered(results)
    rest = [x for i, x in enumerate(args) if i not in wanted]
    given = given or _holds_values((rest, keywords, vector))
    as_graph = given or first_birth(nodes, since) < since
    return _Call(output, leaves, args, argnum, as_graph, None if several else nodes)


def _holds_values(x: Any) -> bool:
    """Return whether a Value is among nested arguments."""
    if isinstance(x, list | tuple):
        return any(map(_holds_values, cast(Any, x)))
    if isinstance(x, dict):
        return any(map(_holds_values, cast(Any, x).values()))
    if isinstance(x, np.ndarray):
        array = cast(Any, x)
        return array.dtype == object and any(map(_holds_values, array.ravel().tolist()))
    return isinstance(x, Value)


_NESTED = "a nested list, tuple, dict or array"
_ARGUMENT = f"an argument to differentiate by is a number, or {_NESTED} of numbers"
_ONE = "the function must return one Value or number (for several results write jacobian)"
_SEVERAL = f"the function must return a Value or number, or {_NESTED} of them"


def _number(x: object, expected: str) -> float:
    """Return what is no Value as a float, or say what was expected and what to write."""
    try:
        return number(x)
    except TraceError:
        raise
    except TypeError as error:
        raise TypeError(f"{expected}: {_instead(x) or error}") from None


def _instead(x: object) -> str:
    """Return what to write in place of something that holds numbers but has no place for each."""
    if not isinstance(x, Iterable) or isinstance(x, str | bytes):
        return ""
    function = "list" if isinstance(x, Sequence | Iterator) else "sorted"
    return f"got a {type(cast(object, x)).__name__}: write {function}(x)"


def _recorded(function: Function) -> Function:
    """Make a transform's function record its graph whatever mode it is called in.

    In `no_grad` its result is cut from that graph: numbers.
    """

    def wrapped(*args: Any, **keywords: Any) -> Any:
        with recording_anyway() as paused:
            result = function(*args, **keywords)
            return mapped(_data, result) if paused else result

    return wrapped


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


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

    @_recorded
    def function(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        call = _called(f, args, argnum, keywords)
        return call.plain(call.output), call.shaped(call.slopes(call.output))

    return function


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

    @_recorded
    def function(x: Any, **keywords: Any) -> Any:
        if len(flat(x)) != 1:
            raise TypeError(
                f"derivative is for a function of one number, got {x!r:.60}: "
                "write grad, hessian, hvp or jvp"
            )
        call = _called(f, (x,), 0, keywords)
        if not isinstance(call.output, Value):
            return call.plain(call.output if order == 0 else 0.0)
        return call.plain(_derivative(call, order))

    return function


def _derivative(call: _Call, order: int) -> Any:
    """Return order! times the coefficient of a series along t = 2**power * s.

    With the power at which coefficients have about the size of derivatives: of a sine, coefficient
    171 by t is below the least float, and 171! above the largest. It leaves all digits as they are.
    """
    (leaf,) = call.leaves
    power = int(lgamma(order + 1) / log(2.0) / order) if order else 0

    def coefficient(power: int) -> Any:
        return along(call.output, {leaf: 2.0**power}, order, graph=call.as_graph)[order]

    found = coefficient(power)
    size = abs(found._number if isinstance(found, Value) else found)
    if size < 2.0**-1021 and (size > 0.0 or order > 30):
        power += 1
        found = coefficient(power)
    while power and not isfinite(size):
        power -= 1
        found = coefficient(power)
        size = abs(found._number if isinstance(found, Value) else found)
    bits = factorial(order).bit_length()
    mantissa, exponent = factorial(order) / (1 << bits), bits - power * order
    while abs(exponent) > 1000:
        step = 1000 if exponent > 0 else -1000
        found, exponent = found * 2.0**step, exponent - step
    factor = ldexp(mantissa, exponent)
    return found if factor == 1.0 else found * factor


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

    @_recorded
    def function(*args: Any, **keywords: Any) -> Any:
        call = _called(f, args, argnum, keywords, several=True)
        return mapped(lambda output: call.shaped(call.slopes(output)), call.output)

    return function


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

    @_recorded
    def function(*args: Any, **keywords: Any) -> Any:
        call = _called(f, args, argnum, keywords)
        first: Sequence[Any] = [0.0] * len(call.leaves)
        if isinstance(call.output, Value):
            first = gradient_values(call.output, call.leaves, call.nodes)
        return call.shaped([call.shaped(call.slopes(slope)) for slope in first])

    return function


def hvp(f: Function, argnum: Argnum = 0) -> Function:
    """Return the Hessian-vector product function of f: (*args, v) to H v.

    v has the nesting of the argument, a tuple for a tuple argnum. It costs a small constant times
    a gradient, however many arguments there are.

    Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994.

    >>> hvp(lambda x: x[0] ** 2 * x[1])([3.0, 2.0], [1.0, 0.0])
    [4.0, 6.0]
    """
    asked.function("hvp", f)

    @_recorded
    def function(*args: Any, **keywords: Any) -> Any:
        *primals, v = _with_vector(args)
        call = _called(f, tuple(primals), argnum, keywords, vector=v)
        vector = _vector(call, v)
        if not isinstance(call.output, Value):
            return call.shaped(call.slopes(call.output))
        slopes = gradient_values(call.output, call.leaves, call.nodes)
        # What does not move adds nothing, not even where a second derivative is infinite.
        moving = [i for i, x in enumerate(vector) if isinstance(x, Value) or x != 0.0]
        along_v = dot([slopes[i] for i in moving], [vector[i] for i in moving])
        return call.shaped(call.slopes(along_v))

    return function


def jvp(f: Function, argnum: Argnum = 0) -> Function:
    """Return the Jacobian-vector product function of f, by forward mode: (*args, v) to J v.

    v has the nesting of the argument, a tuple for a tuple argnum. The result has the nesting of
    f's output; its cost does not depend on how many arguments there are.

    Source: Wengert, "A simple automatic derivative evaluation program", CACM 7, 1964.

    >>> jvp(lambda x: [x[0] * x[1], x[0] + x[1]])([3.0, 2.0], [1.0, 0.0])
    [2.0, 1.0]
    """
    asked.function("jvp", f)

    @_recorded
    def function(*args: Any, **keywords: Any) -> Any:
        *primals, v = _with_vector(args)
        call = _called(f, tuple(primals), argnum, keywords, vector=v, several=True)
        tangents = dict(zip(call.leaves, _vector(call, v), strict=True))

        def slope(output: Any) -> Any:
            if not isinstance(output, Value):
                return call.plain(0.0)
            return call.plain(along(output, tangents, 1, graph=call.as_graph)[1])

        return mapped(slope, call.output)

    return function


def _with_vector(args: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(args) < 2:
        raise TypeError("give the function's arguments and then the vector: hvp(f)(x, v)")
    return args


def _vector(call: _Call, v: Any) -> list[Any]:
    """Return the numbers of v in the order of the leaves; v must have the arguments' nesting."""
    positions = (call.argnum,) if isinstance(call.argnum, int) else call.argnum
    parts = (v,) if isinstance(call.argnum, int) else cast(tuple[Any, ...], v)
    if not isinstance(cast(object, parts), list | tuple):
        raise TypeError(f"the vector for several arguments is a tuple of as many, got {v!r:.60}")
    if len(parts) != len(positions):
        raise ValueError(f"argnum names {len(positions)} arguments, the vector {len(parts)}")
    by_position: dict[int, list[Any]] = {}
    for i, part in zip(positions, parts, strict=True):
        argument = call.args[i % len(call.args)]
        if _nesting(part) != _nesting(argument):
            raise ValueError(
                f"the vector must have the nesting of the argument: got {part!r:.60} "
                f"for {argument!r:.60}"
            )
        by_position[i % len(call.args)] = flat(part)
    return [
        x if isinstance(x, Value) else number(x)
        for i in sorted(by_position)
        for x in by_position[i]
    ]


def _nesting(x: Any) -> Any:
    """Return a nested argument with nothing in the places of its numbers, to compare two."""
    return _lists(mapped(lambda _: None, x))


def _lists(x: Any) -> Any:
    """Return a nesting with lists in place of arrays and tuples: a vector may be either."""
    if isinstance(x, dict):
        return {key: _lists(y) for key, y in cast(Any, x).items()}
    return [_lists(y) for y in x] if hasattr(x, "__iter__") else x
