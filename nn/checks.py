"""Questions that every part of `nn` asks of its arguments, with one wording for the answers.

A name is looked up in a table and the nearest known one offered; a count is a whole number, never
a bool; an array is finite. Each says what was given, what was expected and what to write instead.
"""

import difflib
from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd import asked

# The engine asks the same in the same words.
MOST = asked.MOST
flag = asked.flag
function = asked.function
instance = asked.instance
iterable = asked.iterable
path_of = asked.path_of
real = asked.real
whole = asked.whole

Floats: TypeAlias = NDArray[np.float64]
Array: TypeAlias = NDArray[Any]

T = TypeVar("T")


def look_up(what: str, name: str, table: Mapping[str, T]) -> T:
    """Return the entry of `table` called `name`.

    Raises:
        TypeError: if the name is no text.
        ValueError: if there is none, with the nearest known name and all of them.

    >>> look_up("loss", "hinj", {"hinge": 1, "huber": 2})
    Traceback (most recent call last):
        ...
    ValueError: no loss is called 'hinj'. Did you mean 'hinge'? Known are hinge, huber.
    """
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"the {what} is told by its name, one of {', '.join(table)}; got {name!r:.60}"
        )
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name.lower().replace("-", "_"), table, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"no {what} is called {name!r}.{hint} Known are {', '.join(table)}.")


def generator(seed: object) -> np.random.Generator:
    """Return the source of random numbers that a seed stands for; a Generator stands for itself.

    Raises:
        TypeError: if it is neither a whole number nor a Generator.
        ValueError: if it is negative.
    """
    if isinstance(seed, np.random.Generator):
        return seed
    try:
        return np.random.default_rng(whole("a seed", seed, at_least=0, at_most=None))
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
