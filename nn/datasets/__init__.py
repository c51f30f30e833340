"""Data to learn from: seeded generators, the digits in the package, a reader for MNIST.

Each returns arrays ``X, y``: X is float64 of shape (samples, features), y holds int64 class labels
of shape (samples,), or for ``line`` float64 targets.

>>> X, y = moons(100, seed=0)
>>> X.shape, y.shape
((100, 2), (100,))
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from nn.datasets.generators import Floats, Labels, Seed, circles, line, moons, spirals, xor
from nn.datasets.handwritten import digits, mnist
from nn.validation import look_up

__all__ = ["circles", "digits", "line", "load", "mnist", "moons", "names", "spirals", "xor"]


class _Generator(Protocol):
    """What the generators have in common."""

    def __call__(
        self, n: int, *, noise: float = ..., seed: Seed = ...
    ) -> tuple[Floats, Floats | Labels]: ...


_GENERATORS: Mapping[str, _Generator] = MappingProxyType(
    {"circles": circles, "line": line, "moons": moons, "spirals": spirals, "xor": xor}
)


def names() -> list[str]:
    """Return the names that ``load`` knows.

    >>> names()
    ['circles', 'digits', 'line', 'mnist', 'moons', 'spirals', 'xor']
    """
    return sorted([*_GENERATORS, "digits", "mnist"])


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
    look_up("data set", name, dict.fromkeys(names()))
    if folder is not None and name != "mnist":
        raise ValueError(f"folder is for 'mnist'; {name!r} reads no files of yours: leave it out")
    if generator := _GENERATORS.get(name):
        points = 200 if n is None else n
        if noise is None:
            return generator(points, seed=seed)
        return generator(points, noise=noise, seed=seed)
    if n is not None or noise is not None:
        raise ValueError(
            f"n and noise are for data that is drawn; {name!r} is a fixed set: leave them out "
            "and take a part of X and y"
        )
    if name == "digits":
        return digits()
    if folder is None:
        raise ValueError("'mnist' ships with no data: give folder=, where its idx files are")
    return mnist(folder)
