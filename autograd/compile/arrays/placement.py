"""Where the nodes of a graph lie: in which array, in which column; and nodes as operands.

Nodes that lie side by side are views; those in a few runs are put together from views, all others
are gathered, which is always right, and slower.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compile.arrays.ir import Array, Operand, Take, View
from autograd.compile.arrays.routine import Routine
from autograd.compile.arrays.windows import lattice
from autograd.compile.graph.graph import CONSTANT, INPUT, PARAMETER, Graph, Ints

# A list of operands that lies in up to so many runs is put together from views.
_MANY_RUNS = 8
# Up to so many labels stand in a comment.
_MANY_LABELS = 3


class Placement:
    """The places of nodes, leaves from the start and others once they are put somewhere.

    Args:
        graph: simplified, flattened and split.
        sizes: the number of elements of each argument.
        parameters: how many parameters there are.

    Attributes:
        routine: the statements so far; gathers are appended to it.
        arrays: all that nodes lie in.
        array_of: of each node, the place of its array in `arrays`; -1 for none yet.
        column: of each node, its column.
        constant: whether a node is a constant.
        number: of each constant, its number.
        gathers: how often nodes were gathered from anywhere.

    >>> from autograd.compile.tracing.trace import trace
    >>> placed = Placement(trace(lambda xs: [xs[0] * 2.0, xs[2]], [(3,)]), [3], 0)
    >>> placed.operand(np.array([0, 2])).step
    2
    """

    def __init__(self, graph: Graph, sizes: Sequence[int], parameters: int) -> None:
        self.graph = graph
        inputs = [Array(f"x{i}", size, True) for i, size in enumerate(sizes)]
        self.routine = Routine(inputs, Array("theta", parameters, False))
        self.arrays: list[Array] = [*inputs, self.routine.theta]
        self._places = {array: i for i, array in enumerate(self.arrays)}
        self.gathers = 0
        self.array_of = np.full(len(graph), -1, dtype=np.int32)
        self.column = np.zeros(len(graph), dtype=np.int32)
        self.number = np.zeros(len(graph))
        self.constant = graph.code == CONSTANT
        self._views: dict[bytes, Operand] = {}
        self._place_leaves(sizes)

    def _place_leaves(self, sizes: Sequence[int]) -> None:
        graph = self.graph
        ends = np.cumsum([0, *sizes])
        place = graph.place
        of_input = graph.code == INPUT
        argument = np.searchsorted(ends, place[of_input], side="right") - 1
        self.array_of[of_input] = argument
        self.column[of_input] = place[of_input] - ends[argument]
        of_theta = graph.code == PARAMETER
        self.array_of[of_theta] = len(sizes)
        self.column[of_theta] = place[of_theta]
        self.number[self.constant] = graph.numbers[place[self.constant]]

    def place(self, array: Array) -> int:
        """Return the place of an array in `arrays`, where it is put if it is not there."""
        place = self._places.setdefault(array, len(self.arrays))
        if place == len(self.arrays):
            self.arrays.append(array)
        return place

    def put(self, nodes: Ints, view: View) -> None:
        """Note that nodes lie in the columns of a view, in order."""
        self.put_at(nodes, view.array, view.columns)

    def put_at(self, nodes: Ints, array: Array, columns: Ints) -> None:
        """Note in which columns of an array nodes lie."""
        self.array_of[nodes] = self.place(array)
        self.column[nodes] = columns
        array.note = array.note or self.labels(nodes)

    def labels(self, nodes: Ints) -> str:
        """Return the labels of some nodes; of many the first and the last."""
        known = self.graph.labels
        if not known:
            return ""
        found = list(dict.fromkeys([known[i] for i in nodes.tolist() if known.get(i)]))
        return ", ".join(found) if len(found) <= _MANY_LABELS else f"{found[0]} to {found[-1]}"

    def operand(self, nodes: Ints) -> Operand:
        """Return nodes as columns side by side: a number, a view, or a gather that is appended."""
        key = nodes.tobytes()
        found = self._views.get(key)
        if found is None:
            found = self._views[key] = self._operand(nodes)
        return found

    def fresh(self, nodes: Ints) -> Operand:
        """Return nodes as columns side by side, in an array that nobody else was given."""
        return self._operand(nodes)

    def _operand(self, nodes: Ints) -> Operand:
        constant = self.constant[nodes]
        if constant.all():
            numbers = self.number[nodes]
            if (numbers.view(np.int64) == numbers.view(np.int64)[0]).all():
                return float(numbers[0])
            return self.routine.constant(numbers).whole
        array, column = self.array_of[nodes], self.column[nodes]
        direct = self._direct(array, column) if not constant.any() else None
        if direct is not None:
            return direct
        batched = bool(self.graph.batched[nodes].any())
        if not constant.any() and (array == array[0]).all():
            # What repeats in a pattern is one view, not a piece for each repetition.
            found = lattice(column)
            if found is not None and 0 in found.steps:
                return self._gathered(nodes, constant, batched)
        pieces = self._runs(nodes, constant)
        if pieces is not None:
            return self.routine.concat(pieces, batched)
        return self._gathered(nodes, constant, batched)

    def _direct(self, array: Ints, column: Ints) -> View | None:
        """Return columns that lie evenly in one array as a view; a single one is repeated."""
        if (array != array[0]).any():
            return None
        first = int(column[0])
        steps = np.diff(column)
        step = int(steps[0]) if len(steps) else 1
        if (steps != step).any() or step < 0:
            return None
        owner = self.arrays[int(array[0])]
        if step == 0:
            return View(owner, first, first + 1)
        return View(owner, first, int(column[-1]) + 1, step)

    def _runs(self, nodes: Ints, constant: Any) -> list[tuple[Operand, int]] | None:
        """Return nodes as a few views side by side; None if they would be too many."""
        array = np.where(constant, -2, self.array_of[nodes])
        step = np.diff(self.column[nodes])
        broken = (array[1:] != array[:-1]) | ((step < 0) & ~constant[1:])
        # Inside a run the step is even; where it changes, a new run begins.
        even = np.concatenate([[True], (step[1:] == step[:-1]) | constant[2:]])[: len(step)]
        ends = np.flatnonzero(broken | ~even) + 1
        bounds = [0, *ends.tolist(), len(nodes)]
        if len(bounds) > _MANY_RUNS + 1:
            return None
        pieces: list[tuple[Operand, int]] = []
        for begin, end in itertools.pairwise(bounds):
            pieces.append((self.operand(nodes[begin:end]), end - begin))
        return pieces

    def _gathered(self, nodes: Ints, constant: Any, batched: bool) -> View:
        """Return nodes from anywhere: what is needed of each array side by side, then picked."""
        array = np.where(constant, -2, self.array_of[nodes])
        offset = 0
        piece: View
        index = np.empty(len(nodes), dtype=np.int64)
        pieces: list[tuple[Operand, int]] = []
        owners: list[int] = np.unique(array).tolist()
        for owner in owners:
            here = array == owner
            if owner == -2:
                numbers, back = np.unique(self.number[nodes[here]], return_inverse=True)
                piece = self.routine.constant(numbers).whole
            else:
                columns, back = np.unique(self.column[nodes[here]], return_inverse=True)
                view = self._direct(np.zeros_like(columns), columns)
                source = self.arrays[owner]
                if view is not None and view.width == len(columns):
                    piece = View(source, view.start, view.stop, view.step)
                else:
                    piece = source.whole
                    back = columns[back]
            index[here] = offset + back
            pieces.append((piece, piece.width))
            offset += piece.width
        together = self.routine.concat(pieces, batched)
        taken = self.routine.take(together, index)
        self.gathers += isinstance(self.routine.statements[-1], Take)
        return taken

    def filled(self, nodes: Ints, batched: bool) -> View:
        """Return nodes as columns side by side, none of them broadcast, nor over the samples."""
        return self.routine.filled(self.operand(nodes), len(nodes), batched)

    def wide(self, operand: Operand, width: int) -> View:
        """Return an operand as a view of this width; sharing has left none that broadcasts."""
        if isinstance(operand, View) and operand.width == width:
            return operand
        batched = isinstance(operand, View) and operand.array.batched
        return self.routine.filled(operand, width, batched)

    def lies_evenly(self, nodes: Ints) -> bool:
        """Whether nodes are a view of one array."""
        if self.constant[nodes].any():
            return False
        return self._direct(self.array_of[nodes], self.column[nodes]) is not None
