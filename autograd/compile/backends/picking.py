"""Picking by an index, as calls that write into given memory: a gather, and back a scatter.

The places that indices pick are found once and kept for the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.compile.arrays import ir
from autograd.compile.arrays.ir import View
from autograd.compile.backends.allocation import Places
from autograd.compile.backends.kernels import Elementwise
from autograd.compile.backends.writer import Lines


@dataclass(frozen=True, slots=True)
class _Found:
    """What indices pick: `place` counts from 0, and `unknown` is nan for an index that is nan."""

    place: Any
    unknown: Any


class Picking:
    """Writes picks as lines.

    Args:
        places: where arrays lie.
        lines: where to append.
        rows: knows how numbers are written.
    """

    def __init__(self, places: Places, lines: Lines, rows: Elementwise) -> None:
        self._places, self._lines, self._rows = places, lines, rows
        self._found: dict[tuple[View, int], _Found] = {}

    def _place(self, index: View, size: int) -> _Found:
        """Write which place each index picks."""
        found = self._found.get((index, size))
        if found is None:
            call, number = self._lines.call, self._rows.number
            x = self._places.view(index)
            near = self._places.passing(x.shape)
            unknown, place = self._places.lasting(x.shape), np.zeros(x.shape, np.intp)
            call(np.maximum, x, number(0.0), out=near)
            call(np.minimum, near, number(size - 1.0), out=near)
            call(np.subtract, near, near, unknown)
            # What is no number picks the first for now: its place must be one.
            call(np.fmax, near, number(0.0), near)
            call(np.add, near, number(0.5), near)
            # Downwards, as floor does: nothing is below 0.
            call(np.copyto, place, near, casting="unsafe")
            found = self._found[index, size] = _Found(place, unknown)
        return found

    def pick(self, statement: ir.Pick) -> None:
        """Write the gather."""
        call, index = self._lines.call, statement.index
        source, out = self._places.view(statement.source), self._places.storage(statement.out)
        place = self._place(index, statement.size).place
        at = np.zeros(out.shape, np.intp)
        call(np.multiply, place, statement.step, at)
        first = statement.first.astype(np.intp)
        if statement.source.array.batched:
            flat = source if source.flags.c_contiguous else self._copied(source)
            first = first + flat.shape[1] * np.arange(len(flat), dtype=np.intp)[:, None]
            source = flat.reshape(-1)
        call(np.add, at, first, at)
        into = out if out.flags.c_contiguous else self._places.passing(out.shape)
        # mode="clip" writes straight into the buffer; every place is inside.
        call(np.take, source, at, 0, into, "clip")
        flags = self._places.passing(out.shape, np.bool_)
        call(np.isfinite, self._places.view(index), flags)
        call(np.logical_not, flags, flags)
        call(np.copyto, into, self._rows.number(np.nan), where=flags)
        if into is not out:
            call(np.copyto, out, into)

    def _copied(self, view: Any) -> Any:
        copy = self._places.passing(view.shape)
        self._lines.call(np.copyto, copy, view)
        return copy

    def unpick(self, statement: ir.Unpick) -> None:
        """Write the scatter; summed over the samples, by counting with weights."""
        call, size = self._lines.call, statement.size
        g, out = self._places.view(statement.g), self._places.storage(statement.out)
        found = self._place(statement.index, size)
        count = statement.g.width
        at = np.zeros(found.place.shape, np.intp)
        first = size * np.arange(count, dtype=np.intp)
        taken = self._places.passing(g.shape)
        call(np.add, g, found.unknown, taken)
        if statement.out.batched:
            into = out if out.flags.c_contiguous else self._places.passing(out.shape)
            first = first + size * count * np.arange(len(g), dtype=np.intp)[:, None]
            call(np.add, found.place, first, at)
            call(np.copyto, into.reshape(len(g), count, size), found.unknown[..., None])
            call(np.put, into, at, taken, "clip")
            if into is not out:
                call(np.copyto, out, into)
            return
        call(np.add, found.place, first, at)
        total = self._places.passing((count,))
        places, flat = at.reshape(-1), taken.reshape(-1)

        def scatter() -> None:
            out[...] = np.bincount(places, flat, size * count)

        call(scatter)
        call(np.add.reduce, found.unknown, 0, None, total)
        call(np.add, out.reshape(count, size), total[:, None], out.reshape(count, size))
