"""Functions that take a function and return its derivative."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from autograd.backward import gradient, gradient_numbers
from autograd.numeric import number
from autograd.value import Value

Function = Callable[..., Any]


def _lifted(x: Any, leaves: list[Value]) -> Any:
    """Return a copy of an argument with every number in it a fresh Value, entered in `leaves`.

    A Value becomes itself times 1: a node of its own, so that the inner derivative is taken with
    respect to this argument alone, whatever else the function does with the same Value.
    """
    if isinstance(x, list | tuple):
        nested = cast(Any, x)
        return type(nested)([_lifted(y, leaves) for y in nested])
    if isinstance(x, np.ndarray):
        return _lifted(cast(Any, x).tolist(), leaves)
    leaf = x * 1.0 if isinstance(x, Value) else Value(number(x))
    leaves.append(leaf)
    return leaf


def _shaped(x: Any, flat: Any) -> Any:
    """Return the numbers of the iterator `flat` in the nesting of the argument x."""
    if isinstance(x, list | tuple):
        nested = cast(Any, x)
        return type(nested)([_shaped(y, flat) for y in nested])
    if isinstance(x, np.ndarray):
        return _shaped(cast(Any, x).tolist(), flat)
    return next(flat)


def _holds_values(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(_holds_values(y) for y in cast(Any, x))
    if isinstance(x, np.ndarray):
        return cast(Any, x).dtype == object
    return isinstance(x, Value)


def _positions(argnum: int | tuple[int, ...], count: int) -> tuple[int, ...]:
    chosen = (argnum,) if isinstance(argnum, int) else argnum
    for i in chosen:
        if not -count <= i < count:
            raise ValueError(f"argnum is {i}, but the function was called with {count} argument(s)")
    return tuple(i % count for i in chosen)


def value_and_grad(f: Function, argnum: int | tuple[int, ...] = 0) -> Function:
    """Return a function that gives f's value and its gradient at the same arguments.

    Args:
        f: takes numbers and nested lists of numbers, returns one Value or number.
        argnum: which argument to differentiate by, or a tuple of several.

    Returns:
        A function of f's arguments. Its gradient has the nesting of the argument, and is a tuple
        if argnum is one. Numbers give numbers; arguments that hold Values give Values, so that
        derivatives nest to any order.

    Raises:
        TypeError: when called, if f returns something other than one Value or number.
        ValueError: when called, if there is no argument argnum.

    >>> value_and_grad(lambda x, y: x * x * y, argnum=(0, 1))(3.0, 2.0)
    (18.0, (12.0, 9.0))
    """

    def function(*args: Any) -> tuple[Any, Any]:
        positions = _positions(argnum, len(args))
        leaves: list[Value] = []
        lifted = [_lifted(x, leaves) if i in positions else x for i, x in enumerate(args)]
        value: Any = f(*lifted)
        as_graph = any(_holds_values(x) for x in args)
        if isinstance(value, Value):
            slopes: list[Any] = [*(gradient if as_graph else gradient_numbers)(value, leaves)]
        else:
            # A function that ignores its argument has a plain number for its value.
            value, slopes = _scalar(value), [0.0] * len(leaves)
        # The slopes come in the order of the arguments; argnum may name them in another.
        flat = iter(slopes)
        shaped = {i: _shaped(x, flat) for i, x in enumerate(args) if i in positions}
        result = tuple(shaped[i] for i in positions)
        if isinstance(value, Value) and not as_graph:
            value = value.data
        return value, result[0] if isinstance(argnum, int) else result

    return function


def _scalar(value: object) -> float:
    try:
        return number(value)
    except TypeError as error:
        raise TypeError(f"the function must return one Value or number: {error}") from None


def grad(f: Function, argnum: int | tuple[int, ...] = 0) -> Function:
    """Return the gradient function of f; see `value_and_grad`.

    >>> grad(lambda x, y: x * x * y)(3.0, 2.0)
    12.0
    >>> grad(lambda w: w[0] * w[1])([3.0, 2.0])
    [2.0, 3.0]
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    both = value_and_grad(f, argnum)

    def function(*args: Any) -> Any:
        return both(*args)[1]

    return function
