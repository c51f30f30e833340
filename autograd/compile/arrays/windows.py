"""Windows over columns: views in several directions, and how what they overlap in is added up.

What lies at even steps in a few directions, as windows of rows and images do, is one view of an
array; any other index is gathered. A convolution written by hand reads each number in many
windows; on the way back, those that do not overlap are added at once, one step of the others after
another.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd.compile.graph.graph import Ints

# In more directions than this, columns are gathered.
_DIRECTIONS = 6


@dataclass(frozen=True, slots=True)
class Lattice:
    """Columns at even steps in several directions.

    Column (i, j, ...), counted row by row, is `start + i * steps[0] + j * steps[1] ...`.

    >>> Lattice(1, (2, 3), (4, 1)).index.tolist()
    [1, 2, 3, 5, 6, 7]
    """

    start: int
    counts: tuple[int, ...]
    steps: tuple[int, ...]

    @property
    def index(self) -> Ints:
        """The columns by their numbers."""
        index = np.array([self.start])
        for count, step in zip(self.counts, self.steps, strict=True):
            index = (index[:, None] + step * np.arange(count)).ravel()
        return index

    def along(self, directions: list[int]) -> Lattice:
        """Return the lattice of some directions alone."""
        counts, steps = self.counts, self.steps
        return Lattice(
            self.start,
            tuple([counts[i] for i in directions]),
            tuple([steps[i] for i in directions]),
        )

    @property
    def moving(self) -> Lattice:
        """The lattice of the directions whose step is not 0; the others are sums.

        >>> Lattice(0, (4, 2, 9), (1, 1, 0)).moving
        Lattice(start=0, counts=(4, 2), steps=(1, 1))
        """
        return self.along([i for i, step in enumerate(self.steps) if step])

    @property
    def turned(self) -> Lattice:
        """The lattice with its last two directions turned, as a matrix is transposed.

        >>> Lattice(0, (2, 3, 4), (12, 4, 1)).turned
        Lattice(start=0, counts=(2, 4, 3), steps=(12, 1, 4))
        """
        *first, i, j = range(len(self.counts))
        return self.along([*first, j, i])

    def turns(self) -> Iterator[tuple[Any, ...]]:
        """Yield indices of the moving directions in turn that hold no two windows that overlap.

        >>> list(Lattice(0, (4, 2, 9), (1, 1, 0)).turns())
        [(slice(None, None, None), 0), (slice(None, None, None), 1)]
        """
        moving = self.moving
        free: set[int] = set()
        # The longest first: all columns differ in the directions that are free.
        for i in sorted(range(len(moving.counts)), key=lambda i: -moving.counts[i]):
            index = moving.along(sorted(free | {i})).index
            if len(np.unique(index)) == len(index):
                free.add(i)
        choices = [[slice(None)] if i in free else range(n) for i, n in enumerate(moving.counts)]
        yield from itertools.product(*choices)

    def view(self, array: Any) -> Any:
        """Return the view of an array's last axis whose columns lie so.

        >>> Lattice(1, (2, 3), (1, 1)).view(np.arange(5.0)).tolist()
        [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]
        """
        size = array.strides[-1]
        shape = (*array.shape[:-1], *self.counts)
        strides = (*array.strides[:-1], *[step * size for step in self.steps])
        return as_strided(array[..., self.start :], shape, strides)


def evenly(places: Ints) -> Lattice | None:
    """Return places in some directions as a lattice, if they lie evenly.

    >>> evenly(np.array([[[0, 1], [4, 5]], [[2, 3], [6, 7]]])).steps
    (2, 4, 1)
    >>> evenly(np.array([[0, 1], [2, 4]])) is None
    True
    """
    steps = tuple(
        [int(np.diff(places, axis=i).flat[0]) if n > 1 else 0 for i, n in enumerate(places.shape)]
    )
    found = Lattice(int(places.flat[0]), places.shape, steps)
    return found if min(steps) >= 0 and (found.index == places.ravel()).all() else None


def lattice(index: Ints) -> Lattice | None:
    """Return an index as a lattice, if it is one of a few directions.

    >>> lattice(np.array([1, 2, 3, 5, 6, 7]))
    Lattice(start=1, counts=(2, 3), steps=(4, 1))
    >>> lattice(np.array([0, 0, 1, 1, 4, 4, 5, 5]))
    Lattice(start=0, counts=(2, 2, 2), steps=(4, 1, 0))
    >>> lattice(np.array([0, 1, 3])) is None
    True
    """
    counts: list[int] = []
    steps: list[int] = []
    rest = index
    while len(rest) > 1:
        step = np.diff(rest)
        other = np.flatnonzero(step != step[0])
        count = int(other[0]) + 1 if len(other) else len(rest)
        rows = rest.reshape(-1, count) if len(rest) % count == 0 else None
        if step[0] < 0 or rows is None or count == 1 or len(counts) == _DIRECTIONS:
            return None
        if (rows - rows[:, :1] != rows[0] - rows[0, 0]).any():
            return None
        counts.insert(0, count)
        steps.insert(0, int(step[0]))
        rest = rows[:, 0]
    return Lattice(int(index[0]), tuple(counts), tuple(steps))
