"""Numbers in nested lists, tuples, dicts and arrays: arguments and results of functions.

All that calls a function on leaves in place of its numbers, hands derivatives back in the nesting
of the arguments, or lays numbers flat walks through them here.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, cast

import numpy as np

from autograd import asked

LISTS = (list, tuple)
NESTS = (list, tuple, dict, np.ndarray)


def mapped(function: Callable[[Any], Any], x: Any) -> Any:
    """Apply a function to every number in a nested argument, in order, and keep the nesting.

    An array gives an array: of float64 where the results are numbers, of one more axis or several
    where they are arrays of one shape, else of objects.

    >>> mapped(lambda x: 2 * x, [1, (2, {"a": 3})])
    [2, (4, {'a': 6})]
    >>> mapped(lambda x: 2.0 * x, np.array([1.0, 2.0]))
    array([2., 4.])
    """
    if isinstance(x, LISTS):
        nested = cast(Any, x)
        results = [mapped(function, y) for y in nested]
        return type(nested)(*results) if hasattr(nested, "_fields") else type(nested)(results)
    if isinstance(x, dict):
        return {key: mapped(function, y) for key, y in cast(Any, x).items()}
    if isinstance(x, np.ndarray):
        array = cast(Any, x)
        numbers = _numbers(array)
        if array.ndim == 0:
            return mapped(function, numbers[0])
        return _array([mapped(function, y) for y in numbers], array.shape)
    return function(x)


def _numbers(array: Any) -> list[Any]:
    """Return what is in an array, in one list."""
    asked.unmasked("an argument", array)
    return array.ravel().tolist()


def _array(results: list[Any], shape: tuple[int, ...]) -> Any:
    if all(isinstance(y, float) for y in results):
        return np.array(results, dtype=float).reshape(shape)
    if all(isinstance(y, np.ndarray) for y in results) and len({y.shape for y in results}) == 1:
        return np.array(results).reshape(*shape, *results[0].shape)
    array = np.empty(len(results), dtype=object)
    for i, y in enumerate(results):
        array[i] = y
    return array.reshape(shape)


def rebuilt(x: Any, numbers: Iterator[Any]) -> Any:
    """Return a copy of the nesting of x, with the next ones of `numbers` in place of its numbers.

    >>> rebuilt([1.0, (2.0, 3.0)], iter("abc"))
    ['a', ('b', 'c')]
    """
    return mapped(lambda _: next(numbers), x)


def flat(x: Any, nests: tuple[type, ...] = NESTS) -> list[Any]:
    """Return the numbers of a nested argument in one list.

    Args:
        x: the argument.
        nests: what is taken apart; others of these kinds stay whole.

    >>> flat([1, (2, {"a": 3})])
    [1, 2, 3]
    >>> flat([1, (2, {"a": 3})], LISTS)
    [1, 2, {'a': 3}]
    """
    found: list[Any] = []
    stack: list[Iterator[Any]] = [iter((x,))]
    while stack:
        for y in stack[-1]:
            if isinstance(y, nests):
                stack.append(iter(_members(y)))
                break
            found.append(y)
        else:
            stack.pop()
    return found


def _members(nest: Any) -> Any:
    """Return what is directly in a nest."""
    if isinstance(nest, np.ndarray):
        return _numbers(nest)
    return cast(Any, nest).values() if isinstance(nest, dict) else nest


def placed(x: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the numbers of a nested argument in order, each with what to write for it.

    >>> list(placed([1.0, {"a": (2.0, 3.0)}], "w"))
    [('w[0]', 1.0), ("w[1]['a'][0]", 2.0), ("w[1]['a'][1]", 3.0)]
    """
    if isinstance(x, np.ndarray):
        x = cast(Any, x).tolist()
    if isinstance(x, dict):
        members = cast(Any, x).items()
    elif isinstance(x, LISTS):
        members = enumerate(cast(Any, x))
    else:
        yield name, x
        return
    for key, y in members:
        yield from placed(y, f"{name}[{key!r}]")


def holds(x: Any, found: Callable[[Any], bool]) -> bool:
    """Return whether something that is looked for is in a nested argument.

    Of arrays, only those of objects are looked into.

    >>> holds([1.0, {"a": np.zeros(1_000_000)}], callable), holds([1.0, {"a": len}], callable)
    (False, True)
    """
    members: Any = x
    if isinstance(x, dict):
        members = cast(Any, x).values()
    elif isinstance(x, np.ndarray):
        array = cast(Any, x)
        members = array.ravel().tolist() if array.dtype == object else ()
    elif not isinstance(x, LISTS):
        return found(x)
    for y in members:  # noqa: SIM110
        if holds(y, found):
            return True
    return False


def nesting(x: Any) -> Any:
    """Return a nesting with None for each number and lists for tuples and arrays, to compare two.

    >>> nesting([1.0, (2.0, 3.0)]) == nesting([0, np.zeros(2)])
    True
    """
    if isinstance(x, np.ndarray):
        x = cast(Any, x).tolist()
    if isinstance(x, dict):
        return {key: nesting(y) for key, y in cast(Any, x).items()}
    return [nesting(y) for y in cast(Any, x)] if isinstance(x, LISTS) else None


def shaped(numbers: Iterator[Any], shape: tuple[int, ...]) -> Any:
    """Return the next ones of `numbers` as nested lists of a shape; the next one for ().

    >>> shaped(iter([1.0, 2.0, 3.0, 4.0]), (2, 2))
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if not shape:
        return next(numbers)
    if len(shape) == 1:
        return [*islice(numbers, shape[0])]
    return [shaped(numbers, shape[1:]) for _ in range(shape[0])]
