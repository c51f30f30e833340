"""Data to learn from: seeded generators, digits and names in the package, readers of files.

Each returns arrays ``X, y``: X is float64 of shape (samples, features), y holds int64 class labels
of shape (samples,), or for ``line`` float64 targets.

>>> X, y = moons(100, seed=0)
>>> X.shape, y.shape
((100, 2), (100,))
"""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from nn.datasets.frame import Frame
from nn.datasets.generators import Floats, Labels, Seed, circles, line, moons, spirals, xor
from nn.datasets.handwritten import digits, mnist
from nn.datasets.tables import read_csv
from nn.datasets.words import first_names
from nn.spellings import names_of
from nn.validation import look_up

if not TYPE_CHECKING:  # which would take every name for there
    __getattr__ = names_of(__name__)

__all__ = [
    "Frame",
    "circles",
    "digits",
    "first_names",
    "line",
    "load",
    "mnist",
    "moons",
    "names",
    "read_csv",
    "spirals",
    "xor",
]

# What is drawn takes n, noise and seed; what is read takes a folder.
_DataSet: TypeAlias = Callable[..., tuple[Floats, Floats | Labels]]
_DATA_SETS: Mapping[str, _DataSet] = MappingProxyType(
    {make.__name__: make for make in (circles, digits, line, mnist, moons, spirals, xor)}
)


def names() -> list[str]:
    """Return the names that ``load`` knows.

    >>> names()
    ['circles', 'digits', 'line', 'mnist', 'moons', 'spirals', 'xor']
    """
    return sorted(_DATA_SETS)


def load(
    name: str,
    *,
    n: int | None = None,
    noise: float | None = None,
    seed: Seed = 0,
    folder: str | Path | None = None,
) -> tuple[Floats, Floats | Labels]:
    """Return the data set called ``name``, for programs that are told the name as text.

    Args:
        name: one of ``names()``.
        n: the number of points to draw, 200 if left out; only for the generators.
        noise: the standard deviation of their noise, each generator's own if left out.
        seed: a whole number or a NumPy Generator; digits and MNIST have nothing to draw.
        folder: where the files of MNIST's test set are; only for mnist, which needs it.

    Returns:
        X of shape (samples, features) and y of shape (samples,).

    Raises:
        ValueError: if the name is unknown, naming the nearest one that is known, or if an option
            is given that this data set does not have, or is missing; and whatever the data set's
            own function raises.

    >>> X, y = load("moons", n=50)
    >>> X.shape
    (50, 2)
    >>> load("moon")
    Traceback (most recent call last):
        ...
    ValueError: no data set is called 'moon'. Did you mean 'moons'? Known are circles, digits, ...
    """
    make = look_up("data set", name, _DATA_SETS)
    if folder is not None and not _takes(make, "folder"):
        readers = " and ".join(
            [repr(known) for known in names() if _takes(_DATA_SETS[known], "folder")]
        )
        raise ValueError(f"folder is for {readers}; {name!r} reads no files of yours: leave it out")
    if _takes(make, "n"):
        options: dict[str, Any] = {"n": 200 if n is None else n, "noise": noise, "seed": seed}
        return make(**{option: x for option, x in options.items() if x is not None})
    if n is not None or noise is not None:
        raise ValueError(
            f"n and noise are for data that is drawn; {name!r} is a fixed set: leave them out "
            "and take a part of X and y"
        )
    if not _takes(make, "folder"):
        return make()
    if folder is None:
        raise ValueError(f"{name!r} ships with no data: give folder=, where its idx files are")
    return make(folder)


def _takes(make: _DataSet, option: str) -> bool:
    return option in inspect.signature(make).parameters
