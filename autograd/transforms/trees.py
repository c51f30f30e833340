"""Numbers in nested lists, tuples, dicts and arrays: the arguments of functions to differentiate.

Everything that calls a function on leaves in place of its numbers, or hands derivatives back in the
nesting of the arguments, goes through `mapped`.
"""

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np

from autograd import asked


def mapped(function: Callable[[Any], Any], x: Any) -> Any:
    """Apply a function to every number in a nested argument, in order, and keep the nesting.

    An array gives an array: of float64 where the results are numbers, of one more axis or several
    where they are arrays of one shape, else of objects.

    >>> mapped(lambda x: 2 * x, [1, (2, {"a": 3})])
    [2, (4, {'a': 6})]
    >>> mapped(lambda x: 2.0 * x, np.array([1.0, 2.0]))
    array([2., 4.])
    """
    if isinstance(x, list | tuple):
        nested = cast(Any, x)
        results = [mapped(function, y) for y in nested]
        return type(nested)(*results) if hasattr(nested, "_fields") else type(nested)(results)
    if isinstance(x, dict):
        return {key: mapped(function, y) for key, y in cast(Any, x).items()}
    if isinstance(x, np.ndarray):
        array = cast(Any, x)
        asked.unmasked("an argument", array)
        if array.ndim == 0:
            return mapped(function, array.item())
        return _array([mapped(function, y) for y in array.ravel().tolist()], array.shape)
    return function(x)


def _array(results: list[Any], shape: tuple[int, ...]) -> Any:
    if all(isinstance(y, float) for y in results):
        return np.array(results, dtype=float).reshape(shape)
    if all(isinstance(y, np.ndarray) for y in results) and len({y.shape for y in results}) == 1:
        return np.array(results).reshape(*shape, *results[0].shape)
    array = np.empty(len(results), dtype=object)
    for i, y in enumerate(results):
        array[i] = y
    return array.reshape(shape)


def flat(x: Any) -> list[Any]:
    """Return the numbers of a nested argument in one list.

    >>> flat([1, (2, {"a": 3})])
    [1, 2, 3]
    """
    found: list[Any] = []
    mapped(found.append, x)
    return found


def rebuilt(x: Any, numbers: Iterator[Any]) -> Any:
    """Return a copy of the nesting of x, with the next ones of `numbers` in place of its numbers.

    >>> rebuilt([1.0, (2.0, 3.0)], iter("abc"))
    ['a', ('b', 'c')]
    """
    return mapped(lambda _: next(numbers), x)
