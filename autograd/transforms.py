"""Functions that take a function and return its derivatives.

All differentiate by one argument, or several: `argnum` is an int or a tuple of ints, arguments are
numbers, nested lists of numbers or arrays, and results have their nesting; an array reaches the
function as an array of Values. Numbers give numbers. Arguments that hold Values give Values, so
that every transform can be applied to the result of any other. Keyword arguments go to the
function as they are.
"""

import threading
from collections.abc import Callable, Sequence
from math import factorial
from operator import index
from typing import Any, NamedTuple, cast

from autograd import asked
from autograd.backward import gradient, gradient_numbers
from autograd.backward import order as order_of
from autograd.modes import recording_anyway
from autograd.nesting import flat, mapped, rebuilt
from autograd.numeric import number
from autograd.primitives import dot
from autograd.series import along
from autograd.value import Value

Function = Callable[..., Any]
Argnum = int | tuple[int, ...]


class _Call(NamedTuple):
    """One call of a function with some of its arguments made into fresh leaves."""

    output: Any
    leaves: list[Value]
    args: tuple[Any, ...]
    argnum: Argnum
    as_graph: bool

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
            return [0.0] * len(self.leaves)
        if self.as_graph:
            return [*gradient(output, self.leaves)]
        return [*gradient_numbers(output, self.leaves)]

    def plain(self, output: Any) -> Any:
        """Return an output as a number, unless the result is to be derived again."""
        if isinstance(output, Value):
            return output if self.as_graph else output.data
        return _scalar(output)


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


def _called(f: Function, args: tuple[Any, ...], argnum: Argnum, keywords: dict[str, Any]) -> _Call:
    """Call f with a fresh leaf for every number in the arguments of argnum.

    A Value becomes itself times 1: a node of its own, so that the inner derivative is taken with
    respect to this argument alone, whatever else the function does with the same Value.
    """
    argnum = checked_argnum(argnum)
    leaves: list[Value] = []

    def lift(x: Any) -> Value:
        leaves.append(x * 1.0 if isinstance(x, Value) else Value(number(x)))
        return leaves[-1]

    wanted = _positions(argnum, len(args))
    lifted = [mapped(lift, x) if i in wanted else x for i, x in enumerate(args)]
    outer = _underway.leaves
    _underway.leaves = outer.union(leaves)
    try:
        output = f(*lifted, **keywords)
    finally:
        _underway.leaves = outer
    as_graph = any(isinstance(x, Value) for x in flat(args)) or _reaches(output, outer)
    return _Call(output, leaves, args, argnum, as_graph)


# The leaves of the transforms whose functions are being called. An inner function may use an outer
# variable without having it as an argument, as in grad(lambda x: grad(lambda y: x * y)(2.0)); its
# result must then be a graph, for the outer derivative to see. A model's parameters, closed over in
# the same way, are no such leaves, and give numbers.


class _Underway(threading.local):
    leaves: frozenset[Value] = frozenset()


_underway = _Underway()


def _reaches(output: Any, outer: frozenset[Value]) -> bool:
    """Return whether the output depends on a leaf of a transform around this one."""
    if not outer:
        return False
    return any(isinstance(z, Value) and not outer.isdisjoint(order_of(z)) for z in flat(output))


def _recorded(function: Function) -> Function:
    """Make a transform's function record its graph whatever mode it is called in.

    In `no_grad` its result is cut from that graph, like that of any other operation.
    """

    def wrapped(*args: Any, **keywords: Any) -> Any:
        with recording_anyway() as paused:
            result = function(*args, **keywords)
            return mapped(_detached, result) if paused else result

    return wrapped


def _detached(x: Any) -> Any:
    return x.detach() if isinstance(x, Value) else x


def _scalar(value: object) -> float:
    try:
        return number(value)
    except TypeError as error:
        raise TypeError(
            f"the function must return one Value or number: {error}; "
            "for several results write jacobian"
        ) from None


def value_and_grad(f: Function, argnum: Argnum = 0) -> Function:
    """Return a function that gives f's value and its gradient at the same arguments.

    Args:
        f: takes numbers and nested lists of numbers, returns one Value or number.
        argnum: which argument to differentiate by, or a tuple of several.

    Returns:
        A function of f's arguments. Its gradient has the nesting of the argument, and is a tuple
        if argnum is one.

    Raises:
        TypeError: when called, if f returns something other than one Value or number.
        ValueError: when called, if there is no argument argnum.

    >>> value_and_grad(lambda x, y: x * x * y, argnum=(0, 1))(3.0, 2.0)
    (18.0, (12.0, 9.0))
    """
    asked.function("value_and_grad", f)

    @_recorded
    def function(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        call = _called(f, args, argnum, keywords)
        value = call.plain(call.output)
        return value, call.shaped(call.slopes(call.output))

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


# The cost grows with the square of the order, and floats hold no factorial beyond that of 170.
_HIGHEST = 10_000


def derivative(f: Function, order: int = 1) -> Function:
    """Return the derivative of any order of a function of one number.

    One pass of power series through the graph of f gives it: the cost grows with about the square
    of the order, where nested gradients at least double with each.

    Raises:
        ValueError: if order is negative or not whole.

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
        call = _called(f, (x,), 0, keywords)
        if not isinstance(call.output, Value):
            value = _scalar(call.output)
            return value if order == 0 else 0.0
        (leaf,) = call.leaves
        coefficient = along(call.output, {leaf: 1.0}, order, graph=call.as_graph)[order]
        return coefficient * float(factorial(order))

    return function


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
        call = _called(f, args, argnum, keywords)
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
        _ = call.plain(call.output)
        first = gradient(call.output, call.leaves) if isinstance(call.output, Value) else []
        first = first or [0.0] * len(call.leaves)
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
        call = _called(f, tuple(primals), argnum, keywords)
        _ = call.plain(call.output)
        if not isinstance(call.output, Value):
            return call.shaped([0.0] * len(call.leaves))
        vector = _vector(call, v)
        call = call._replace(as_graph=call.as_graph or any(isinstance(x, Value) for x in vector))
        return call.shaped(call.slopes(dot(gradient(call.output, call.leaves), vector)))

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
        call = _called(f, tuple(primals), argnum, keywords)
        vector = _vector(call, v)
        as_graph = call.as_graph or any(isinstance(x, Value) for x in vector)
        tangents = dict(zip(call.leaves, vector, strict=True))

        def slope(output: Any) -> Any:
            if not isinstance(output, Value):
                return 0.0
            return along(output, tangents, 1, graph=as_graph)[1]

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
