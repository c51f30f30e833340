"""Windows over columns: views in several directions, and how their gradients are added up.

A convolution written by hand reads each number in many windows. The windows are one view of the
numbers, in which they overlap; on the way back, windows that do not overlap are added at once, one
step of the others after another.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd.compile.arrays.ir import Overlap, Routine, Slide, View
from autograd.compile.arrays.lattice import lattice

# Gradients that overlap in more steps than this are gathered.
_MANY_STEPS = 32


def overlap(routine: Routine, statement: Slide, g: View) -> View | None:
    """Append the adjoint of all columns of a slide's source; None if it takes too many steps."""
    counts, steps = statement.counts, statement.steps
    if len(list(apart(counts, steps))) > _MANY_STEPS:
        return None
    out = routine.array(statement.source.width, g.array.batched)
    routine.statements.append(Overlap(out, g, statement.start, counts, steps))
    return out.whole


def apart(counts: Sequence[int], steps: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """Yield indices of the directions in turn that hold only windows that do not overlap.

    Directions of step 0 are left out: they are sums.

    >>> list(apart((4, 2, 9), (1, 1, 0)))
    [(slice(None, None, None), 0), (slice(None, None, None), 1)]
    """
    counts, steps = moving(counts, steps)
    free = _without_overlap(counts, steps)
    choices = [[slice(None)] if i in free else range(n) for i, n in enumerate(counts)]
    yield from itertools.product(*choices)


def moving(counts: Sequence[int], steps: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the directions whose step is not 0.

    >>> moving((4, 2, 9), (1, 1, 0))
    ((4, 2), (1, 1))
    """
    kept = [i for i, step in enumerate(steps) if step]
    return tuple([counts[i] for i in kept]), tuple([steps[i] for i in kept])


def _without_overlap(counts: Sequence[int], steps: Sequence[int]) -> set[int]:
    """Return directions in which all columns differ, the longest first."""
    free: set[int] = set()
    for i in sorted(range(len(counts)), key=lambda i: -counts[i]):
        chosen = sorted(free | {i})
        index = lattice(0, [counts[k] for k in chosen], [steps[k] for k in chosen])
        if len(np.unique(index)) == len(index):
            free.add(i)
    return free


def windows(array: Any, start: int, counts: Sequence[int], steps: Sequence[int]) -> Any:
    """Return the view of an array's last axis whose columns lie in these directions.

    >>> windows(np.arange(5.0), 1, (2, 3), (1, 1)).tolist()
    [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]
    """
    size = array.strides[-1]
    shape = (*array.shape[:-1], *counts)
    strides = (*array.strides[:-1], *[step * size for step in steps])
    return as_strided(array[..., start:], shape, strides)
