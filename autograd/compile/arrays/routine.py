"""A program's statements underway: new arrays, each with a name, and the statements that make them.

What was applied or made constant before is not made again; moving columns becomes a view where it
can be one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.compile.arrays.ir import (
    Apply,
    Array,
    Concat,
    Fill,
    Operand,
    Ragged,
    Reduce,
    Slide,
    Statement,
    Take,
    View,
)
from autograd.compile.arrays.windows import lattice
from autograd.compile.graph.graph import CONSTANT, Graph, Ints, repeated
from autograd.engine.primitive import Primitive


@dataclass(slots=True)
class Routine:
    """A list of statements underway, with names for what they make.

    Attributes:
        inputs: the arrays of the arguments.
        theta: the parameters.
        statements: in order.
        constants: arrays of numbers that never change.
        made: how many arrays were named.
        known: constants that were made already, by their numbers.
        applied: results of rows that were made already, by row and operands.
    """

    inputs: list[Array]
    theta: Array
    statements: list[Statement] = field(default_factory=list[Statement])
    constants: list[Array] = field(default_factory=list[Array])
    made: int = 0
    known: dict[bytes, Array] = field(default_factory=dict[bytes, Array])
    applied: dict[Any, Array] = field(default_factory=dict[Any, Array])

    def array(self, width: int, batched: bool, letter: str = "v", note: str = "") -> Array:
        """Return a new array with a name of its own."""
        self.made += 1
        return Array(f"{letter}{self.made}", width, batched, note=note)

    def constant(self, numbers: Any) -> Array:
        """Return the array of some numbers, one for the same numbers."""
        data = np.asarray(numbers, dtype=np.float64)
        key = data.tobytes()
        if key not in self.known:
            array = Array(f"c{len(self.constants) + 1}", len(data), False, data)
            self.known[key] = array
            self.constants.append(array)
        return self.known[key]

    def apply(self, row: Primitive, operands: Sequence[Operand], note: str = "") -> View:
        """Append a row applied to operands and return its result; the same one for the same."""
        # 0.0 and -0.0 are equal, and nan is not: numbers go by how they are written.
        key = row, tuple([x if isinstance(x, View) else repr(x) for x in operands])
        known = self.applied.get(key)
        if known is not None:
            return known.whole
        views = [x for x in operands if isinstance(x, View)]
        width = max([x.width for x in views], default=1)
        batched = any(x.array.batched for x in views)
        out = self.array(width, batched, note=note)
        self.statements.append(Apply(out, row, tuple(operands)))
        self.applied[key] = out
        return out.whole

    def run(
        self, graph: Graph, inputs: Sequence[Operand], apply: Callable[..., Operand] | None = None
    ) -> list[Operand]:
        """Append a small graph node by node, its inputs being arrays, and return its outputs.

        Args:
            graph: without parameters.
            inputs: what stands for its inputs.
            apply: appends a row applied to operands, where that is not always one statement.
        """
        found: list[Operand] = []
        for code, place, operands in graph.nodes():
            if code == CONSTANT:
                found.append(float(graph.numbers[place]))
            elif code < 0:
                found.append(inputs[place])
            else:
                found.append((apply or self.apply)(graph.rows[code], [found[x] for x in operands]))
        return [found[i] for i in graph.outputs.tolist()]

    def rewind(self, count: int) -> None:
        """Drop all statements after the first `count`."""
        dropped = {statement.out for statement in self.statements[count:]}
        del self.statements[count:]
        self.applied = {k: out for k, out in self.applied.items() if out not in dropped}

    def concat(self, pieces: Sequence[tuple[Operand, int]], batched: bool) -> View:
        """Append pieces side by side; one piece that fits is returned as it is."""
        if len(pieces) == 1:
            ((operand, width),) = pieces
            if (
                isinstance(operand, View)
                and operand.width == width
                and operand.array.batched == batched
            ):
                return operand
        out = self.array(sum([width for _, width in pieces]), batched)
        self.statements.append(Concat(out, tuple(pieces)))
        return out.whole

    def take(self, source: View, index: Ints) -> View:
        """Append a selection of columns: a view of them if they lie evenly in some directions."""
        out = self.array(len(index), source.array.batched)
        found = lattice(index) if len(index) > 1 and index[0] >= 0 else None
        if found is None:
            self.statements.append(Take(out, source, index))
        else:
            self.statements.append(Slide(out, source, found))
        return out.whole

    def reduce(self, source: View, size: int) -> View:
        """Append the sums of each `size` columns."""
        if size == 1:
            return source
        out = self.array(source.width // size, source.array.batched)
        self.statements.append(Reduce(out, source, size))
        return out.whole

    def fill(self, operand: Operand, ragged: Ragged, number: float) -> View:
        """Append an operand with a number past the lengths of its rows."""
        width = ragged.size * len(ragged.lengths)
        batched = isinstance(operand, View) and operand.array.batched
        source = self.filled(operand, width, batched)
        key = Fill, source, ragged, repr(number)
        known = self.applied.get(key)
        if known is None:
            known = self.applied[key] = self.array(width, batched)
            known.ragged = ragged
            self.statements.append(Fill(known, source, ragged, number))
        return known.whole

    def filled(self, operand: Operand, width: int, batched: bool = True) -> View:
        """Return an operand in full: all its columns, for all samples."""
        return self.concat([(operand, width)], batched)

    def spread(self, operand: Operand, size: int, groups: int) -> Operand:
        """Return `groups` columns each repeated `size` times; one column broadcasts anyway."""
        if not isinstance(operand, View) or operand.width == 1 or size == 1:
            return operand
        return self.take(operand, repeated(np.arange(groups), size))


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be run.

    Attributes:
        routine: for the arguments and the parameters.
        statements: in order.
        results: what is read afterwards.
    """

    routine: Routine
    statements: Sequence[Statement]
    results: Sequence[View]


# The adjoint of an array -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A contribution to an array's adjoint: what is added to these columns.

    Attributes:
        columns: which, each once.
        value: the numbers, one for each column, or one for all.
        batched: whether they differ by sample, while the array may be the same for all.
    """

    columns: Ints
    value: Operand
    batched: bool


def apart(layer: list[Part]) -> list[list[Part]]:
    """Return parts, sorted by their first column, in groups whose columns lie one after another."""
    groups: list[list[Part]] = []
    end = 0
    for part in layer:
        if not groups or int(part.columns.min()) >= end:
            groups.append([])
        groups[-1].append(part)
        end = max(end, 1 + int(part.columns.max()))
    return groups


def in_order(columns: Ints) -> bool:
    """Return whether columns stand side by side, in order."""
    return bool((np.diff(columns) == 1).all())
