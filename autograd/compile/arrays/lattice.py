"""Indices that go at even steps in several directions, as windows of rows, images and more do.

What lies so is one view of an array, in however many directions; any other index is gathered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd.compile.graph.graph import Ints

# In more directions than this, columns are gathered.
_DIRECTIONS = 6


def lattice(start: int, counts: Sequence[int], steps: Sequence[int]) -> Ints:
    """Return start + i * steps[0] + j * steps[1] ... for all i, j, ..., row by row.

    >>> lattice(1, (2, 3), (4, 1)).tolist()
    [1, 2, 3, 5, 6, 7]
    """
    index = np.array([start])
    for count, step in zip(counts, steps, strict=True):
        index = (index[:, None] + step * np.arange(count)).ravel()
    return index


def directions(index: Ints) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the counts and steps that make an index a lattice from its first number on, or None.

    >>> directions(np.array([1, 2, 3, 5, 6, 7]))
    ((2, 3), (4, 1))
    >>> directions(np.array([0, 0, 1, 1, 4, 4, 5, 5]))
    ((2, 2, 2), (4, 1, 0))
    >>> directions(np.array([0, 1, 3])) is None
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
    return tuple(counts), tuple(steps)
