"""Questions that every part of `nn` asks of its arguments, with one wording for the answers.

A name is looked up in a table and the nearest known one offered; a count is a whole number, never
a bool; an array is finite. Each says what was given, what was expected and what to write instead.
"""

import difflib
import math
import numbers
import operator
from collections.abc import Mapping
from typing import Any, SupportsIndex, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Array: TypeAlias = NDArray[Any]

T = TypeVar("T")


def look_up(what: str, name: str, table: Mapping[str, T]) -> T:
    """Return the entry of `table` called `name`.

    Raises:
        ValueError: if there is none, with the nearest known name and all of them.

    >>> look_up("loss", "hinj", {"hinge": 1, "huber": 2})
    Traceback (most recent call last):
        ...
    ValueError: no loss is called 'hinj'. Did you mean 'hinge'? Known are hinge, huber.
    """
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name.lower().replace("-", "_"), table, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"no {what} is called {name!r}.{hint} Known are {', '.join(table)}.")


def whole(name: str, value: object, *, at_least: int = 1) -> int:
    """Return `value` as an int.

    Raises:
        TypeError: if it is not a whole number (a bool is none: it is always a slip here).
        ValueError: if it is less than `at_least`.

    >>> whole("epochs", 3)
    3
    >>> whole("epochs", 0)
    Traceback (most recent call last):
        ...
    ValueError: epochs must be at least 1; got 0
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, SupportsIndex):
        raise TypeError(f"{name} must be a whole number; got {value!r}")
    count = operator.index(value)
    if count < at_least:
        raise ValueError(f"{name} must be at least {at_least}; got {count}")
    return count


def real(name: str, value: object, *, at_least: float = -math.inf) -> float:
    """Return `value` as a finite float.

    Raises:
        TypeError: if it is not a real number.
        ValueError: if it is not finite or less than `at_least`.

    >>> real("lr", 1)
    1.0
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number; got {value!r}")
    x = float(value)
    if not math.isfinite(x) or x < at_least:
        wanted = "finite" if at_least == -math.inf else f"finite and at least {at_least:g}"
        raise ValueError(f"{name} must be {wanted}; got {value!r}")
    return x


def generator(seed: object) -> np.random.Generator:
    """Return the source of random numbers that a seed stands for; a Generator stands for itself.

    Raises:
        TypeError: if it is neither a whole number nor a Generator.
        ValueError: if it is negative.
    """
    if isinstance(seed, np.random.Generator):
        return seed
    try:
        return np.random.default_rng(whole("a seed", seed, at_least=0))
    except TypeError:
        raise TypeError(
            f"a seed is a whole number or a NumPy Generator; got {seed!r}: write 0, "
            "or np.random.default_rng(0)"
        ) from None


def numeric(name: str, values: object) -> Array:
    """Return `values` as an array of finite real numbers.

    Raises:
        ValueError: if it is ragged, holds anything but real numbers, or a nan or an infinity; the
            message tells where the first one is.

    >>> numeric("X", [[1, 2], [3, float("nan")]])
    Traceback (most recent call last):
        ...
    ValueError: X holds nan at [1, 1]: take that sample out or fill the gap
    """
    try:
        array: Array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be an array with rows of one length: {error}") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers; got an array of {array.dtype}")
    finite = np.isfinite(array)
    if not finite.all():
        place = np.argwhere(~finite)[0].tolist()
        found = array[tuple(place)]
        raise ValueError(f"{name} holds {found} at {place}: take that sample out or fill the gap")
    return array
