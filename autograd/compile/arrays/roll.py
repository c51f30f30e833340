"""Turns a graph of scalars into statements over arrays: groups of equal nodes by level.

Nodes of one primitive on one level become one statement over an array with a column for each.
Operands that lie side by side are views; everything else is gathered, which is always right, and
slower. Sums with a common list of operands become matrix products: see `dense.py`.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compile.arrays.dense import DenseSums
from autograd.compile.arrays.ir import Array, Many, Operand, Routine, Take, View
from autograd.compile.graph.graph import CONSTANT, INPUT, PARAMETER, Graph, Ints
from autograd.engine.primitives import Primitive, lookup

# Sums and sums of products are what becomes one statement, or a matrix product.
_ADD, _SUB, _MUL, _SUM, _DOT = map(lookup, ("add", "sub", "mul", "sum", "dot"))

# Groups of one primitive on one level that differ in where their operands lie: up to so many are
# statements of their own, beyond it their operands are gathered into one. A statement costs a
# microsecond each way, a gather three or more.
_MANY_GROUPS = 8
# A list of operands that lies in up to so many runs is put together from views.
_MANY_RUNS = 8
# Products in sums of up to so many terms are statements of their own.
_FEW_TERMS = 3
_MANY_TERMS = 16
# Up to so many labels stand in a comment.
_MANY_LABELS = 3


class Rolling:
    """A graph underway to statements.

    Args:
        graph: simplified, flattened and split.
        sizes: the number of elements of each argument.
        parameters: how many parameters there are.

    Attributes:
        routine: the statements so far.
        result: the outputs, one column each.
        unrolled: what did not become one statement, and why.

    >>> from autograd.compile.tracing.trace import trace
    >>> graph = trace(lambda xs: [x.exp() for x in xs], [(3,)])
    >>> rolling = Rolling(graph, [3], 0)
    >>> len(rolling.routine.statements), rolling.result.width
    (1, 3)
    """

    def __init__(self, graph: Graph, sizes: Sequence[int], parameters: int) -> None:
        self.graph = graph
        inputs = [Array(f"x{i}", size, True) for i, size in enumerate(sizes)]
        self.routine = Routine(inputs, Array("theta", parameters, False))
        self.arrays: list[Array] = [*inputs, self.routine.theta]
        self._places = {array: i for i, array in enumerate(self.arrays)}
        self.unrolled: list[str] = []
        self._told: set[int] = set()
        self._gathers = 0
        # Where each node lies: in which array, and in which column of it.
        self.array_of = np.full(len(graph), -1, dtype=np.int32)
        self.column = np.zeros(len(graph), dtype=np.int32)
        self.number = np.zeros(len(graph))
        self.constant = graph.code == CONSTANT
        self._views: dict[bytes, Operand] = {}
        self._place_leaves(sizes)
        self._height = 0
        for level in levels(graph):
            self._height += 1
            self._level(level)
        whole = self.operand(graph.outputs)
        self.result = self.routine.filled(whole, len(graph.outputs))

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

    def put(self, nodes: Ints, view: View) -> None:
        """Note that nodes lie in the columns of a view, in order."""
        place = self._places.setdefault(view.array, len(self.arrays))
        if place == len(self.arrays):
            self.arrays.append(view.array)
        self.array_of[nodes] = place
        self.column[nodes] = view.columns
        if self.graph.labels:
            view.array.note = view.array.note or self._labels(nodes)

    def _labels(self, nodes: Ints) -> str:
        """Return the labels of some nodes; of many the first and the last."""
        known = self.graph.labels
        found = list(dict.fromkeys([known[i] for i in nodes.tolist() if known.get(i)]))
        return ", ".join(found) if len(found) <= _MANY_LABELS else f"{found[0]} to {found[-1]}"

    # Operands ---------------------------------------------------------------------------------

    def operand(self, nodes: Ints) -> Operand:
        """Return nodes as columns side by side: a number, a view, or a gather that is appended."""
        key = nodes.tobytes()
        found = self._views.get(key)
        if found is None:
            found = self._views[key] = self._operand(nodes)
        return found

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
        pieces = self._runs(nodes, constant)
        batched = bool(self.graph.batched[nodes].any())
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
        self._gathers += isinstance(self.routine.statements[-1], Take)
        return taken

    # Levels -----------------------------------------------------------------------------------

    def _level(self, nodes: list[int]) -> None:
        graph = self.graph
        groups: dict[tuple[Primitive, int, bool], list[int]] = defaultdict(list)
        sums: list[int] = []
        starts, codes, batched = graph.start, graph.code, graph.batched
        for node in nodes:
            row = graph.rows[int(codes[node])]
            if row is _DOT and batched[node] and self._is_dense(node):
                sums.append(node)
            else:
                count = int(starts[node + 1] - starts[node])
                groups[row, count, bool(batched[node])].append(node)
        if sums:
            dense = DenseSums(self, sums)
            for node in dense.left:
                count = int(starts[node + 1] - starts[node])
                groups[_DOT, count, True].append(node)
        for (row, count, _), group in groups.items():
            before = self._gathers
            self._group(row, count, np.array(group))
            if self._gathers > before and self._told.isdisjoint(group):
                self.left(
                    np.array(group), "their operands lie here and there, so they are gathered"
                )

    def _is_dense(self, node: int) -> bool:
        """Whether the first factor of each term is a number that the sample does not decide."""
        first = np.split(self.graph.operands_of(node), 2)[0]
        return bool((~self.graph.batched[first] & ~self.constant[first]).all())

    def operands_of(self, nodes: Ints, count: int) -> Ints:
        """Return the operands of nodes that have `count` each, a row for each node."""
        return self.graph.operands[self.graph.start[nodes][:, None] + np.arange(count)]

    def _group(self, row: Primitive, count: int, nodes: Ints) -> None:
        table = self.operands_of(nodes, count)
        if row is _DOT:
            self._products(nodes, table)
        elif row.arity is None and not (row is _SUM and self._one_by_one(table)):
            source = self.filled(table.ravel(), bool(self.graph.batched[nodes[0]]))
            if row is _SUM:
                self.put(nodes, self.routine.reduce(source, count))
            else:
                self.put(nodes, self.many(row, source, count))
        else:
            for part in self._parts(nodes, table):
                # In the order of the first operand's columns, operands are views more often.
                part = part[np.argsort(self.column[table[part, 0]], kind="stable")]
                self.put(nodes[part], self._applied(row, table[part]))

    def _applied(self, row: Primitive, table: Ints) -> View:
        """Append a row applied to a table of operands, a row of it for each node."""
        columns = [self.operand(np.ascontiguousarray(column)) for column in table.T]
        width = len(table)
        if row is _SUM:
            total = columns[0]
            for column in columns[1:]:
                total = self.routine.apply(_ADD, (total, column))
            return self._wide(total, width)
        return self._wide(self.routine.apply(row, columns), width)

    def _wide(self, operand: Operand, width: int) -> View:
        """Return an operand as a view of this width; sharing has left none that broadcasts."""
        if isinstance(operand, View) and operand.width == width:
            return operand
        batched = isinstance(operand, View) and operand.array.batched
        return self.routine.filled(operand, width, batched)

    def filled(self, nodes: Ints, batched: bool) -> View:
        """Return nodes as columns side by side, none of them broadcast, nor over the samples."""
        return self.routine.filled(self.operand(nodes), len(nodes), batched)

    def many(self, row: Primitive, source: View, size: int) -> View:
        """Append a row of any number of operands."""
        out = self.routine.array(source.width // size, source.array.batched)
        self.routine.statements.append(Many(out, row, source, size))
        return out.whole

    def left(self, nodes: Ints, reason: str) -> None:
        """Note why some nodes, all of one primitive, did not become a statement on views."""
        self._told.update(nodes.tolist())
        row = self.graph.rows[int(self.graph.code[nodes[0]])].name
        labels = self._labels(nodes) if self.graph.labels else ""
        named = f" ({labels})" if labels else ""
        self.unrolled.append(f"level {self._height}, {len(nodes)} {row} nodes{named}: {reason}")

    def _parts(self, nodes: Ints, table: Ints) -> list[Ints]:
        """Return which nodes of a group have their operands in the same arrays."""
        array = np.where(self.constant[table], -2, self.array_of[table])
        if (array == array[0]).all():
            return [np.arange(len(table))]
        kinds, part = np.unique(array, axis=0, return_inverse=True)
        if len(kinds) > _MANY_GROUPS:
            self.left(
                nodes,
                f"their operands lie in {len(kinds)} combinations of arrays, so they are gathered",
            )
            return [np.arange(len(table))]
        return [np.flatnonzero(part.ravel() == i) for i in range(len(kinds))]

    def _products(self, nodes: Ints, table: Ints) -> None:
        """Append sums of products whose factors all depend on the sample, or none."""
        first, second = np.split(table, 2, axis=1)
        count = first.shape[1]
        width = len(nodes)
        if not self._one_by_one(first, second):
            batched = bool(self.graph.batched[nodes[0]])
            a = self.operand(np.ascontiguousarray(first).ravel())
            b = self.operand(np.ascontiguousarray(second).ravel())
            terms = self._wide(self.routine.apply(_MUL, (a, b)), width * count)
            terms = self.routine.filled(terms, width * count, batched)
            self.put(nodes, self.routine.reduce(terms, count))
            return
        for part in self._parts(nodes, table):
            part = part[np.argsort(self.column[first[part, 0]], kind="stable")]
            total: Operand | None = None
            # A term that is added before one that is taken away saves a negation.
            minus = [self.number[second[0, i]] == -1.0 for i in range(count)]
            for i in sorted(range(count), key=minus.__getitem__):
                a = self.operand(np.ascontiguousarray(first[part, i]))
                b = self.operand(np.ascontiguousarray(second[part, i]))
                if b == -1.0 and total is not None:
                    total = self.routine.apply(_SUB, (total, a))
                    continue
                term = a if b == 1.0 else self._product(a, b)
                total = term if total is None else self.routine.apply(_ADD, (total, term))
            assert total is not None
            self.put(nodes[part], self._wide(total, len(part)))

    def _one_by_one(self, *factors: Ints) -> bool:
        """Whether sums are better taken term by term than reduced over an array of all terms.

        So are short ones; and longer ones of a single node whose terms lie here and there, which
        would first have to be gathered.
        """
        width, count = factors[0].shape
        if count <= _FEW_TERMS or width > 1 or count > _MANY_TERMS:
            return count <= _FEW_TERMS
        return not all(
            self.constant[nodes].all() or self._lies_evenly(nodes.ravel()) for nodes in factors
        )

    def _lies_evenly(self, nodes: Ints) -> bool:
        if self.constant[nodes].any():
            return False
        return self._direct(self.array_of[nodes], self.column[nodes]) is not None

    def _product(self, a: Operand, b: Operand) -> Operand:
        if isinstance(a, float) and isinstance(b, float):
            return a * b
        return self.routine.apply(_MUL, (a, b))


def levels(graph: Graph) -> list[list[int]]:
    """Return the nodes that are no leaves by level: one above the highest of their operands.

    >>> from autograd.compile.tracing.trace import trace
    >>> levels(trace(lambda x, y: (x + y).exp() * y, [(), ()]))
    [[2], [3], [4]]
    """
    level = np.zeros(len(graph), dtype=np.int64)
    found: list[list[int]] = []
    inner = np.flatnonzero(graph.code >= 0)
    long = graph.counts[inner] > 16
    starts, ends = graph.start[inner].tolist(), graph.start[inner + 1].tolist()
    operands = graph.operands
    short: list[int] = level.tolist()
    listed: list[int] = operands.tolist() if not long.all() else []
    for node, begin, end, is_long in zip(inner.tolist(), starts, ends, long.tolist(), strict=True):
        if is_long:
            height = int(level[operands[begin:end]].max()) + 1
        else:
            height = max([short[x] for x in listed[begin:end]], default=0) + 1
        short[node] = height
        level[node] = height
        if height > len(found):
            found.append([])
        found[height - 1].append(node)
    return found
