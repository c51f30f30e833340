"""Turns a graph of scalars into statements over arrays: groups of equal nodes by level.

Nodes of one primitive on one level become one statement over an array with a column for each.
Operands that lie side by side are views; everything else is gathered, which is always right, and
slower. Sums with a common list of operands become matrix products: see `dense.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from autograd.compile.arrays.dense import DenseSums
from autograd.compile.arrays.ir import Many, Operand, Pick, View
from autograd.compile.arrays.placement import Placement
from autograd.compile.arrays.shared import SharedSums
from autograd.compile.graph.graph import Graph, Ints, halves
from autograd.engine.primitives import TABLE, Primitive

# Sums and sums of products are what becomes one statement, or a matrix product.
_ADD, _SUB, _MUL, _SUM, _DOT = (TABLE[name] for name in ("add", "sub", "mul", "sum", "dot"))
_SELECT = TABLE["select"]

# Groups of one primitive on one level that differ in where their operands lie: up to so many are
# statements of their own, beyond it their operands are gathered into one. A statement costs a
# microsecond each way, a gather three or more.
_MANY_GROUPS = 8
# Products in sums of up to so many terms are statements of their own.
_FEW_TERMS = 3
_MANY_TERMS = 16


class Rolling:
    """A graph underway to statements.

    Args:
        graph: simplified, flattened and split.
        sizes: the number of elements of each argument.
        parameters: how many parameters there are.
        ragged: whether lists that grow may become rows of one size, some numbers of which mean
            nothing: what runs then looks for infinities that they may have met.

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

    def __init__(
        self, graph: Graph, sizes: Sequence[int], parameters: int, *, ragged: bool = True
    ) -> None:
        self.graph = graph
        self.placed = Placement(graph, sizes, parameters)
        self.shared = SharedSums(self.placed, ragged=ragged)
        self.routine = self.placed.routine
        self.unrolled: list[str] = []
        self._told: set[int] = set()
        self._height = 0
        for level in levels(graph):
            self._height += 1
            self._level(level)
        whole = self.placed.operand(graph.outputs)
        self.result = self.routine.filled(whole, len(graph.outputs))

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
            dense = DenseSums(self.placed, sums, self._note)
            for node in dense.left:
                count = int(starts[node + 1] - starts[node])
                groups[_DOT, count, True].append(node)
        self.shared.take(groups)
        for (row, count, _), group in groups.items():
            if not group:
                continue
            before = self.placed.gathers
            self._group(row, count, np.array(group))
            if self.placed.gathers > before and self._told.isdisjoint(group):
                self._note(
                    np.array(group), "their operands lie here and there, so they are gathered"
                )

    def _is_dense(self, node: int) -> bool:
        """Whether the first factor of each term is a number that the sample does not decide."""
        first, _ = halves(self.graph.operands_of(node))
        return bool((~self.graph.batched[first] & ~self.placed.constant[first]).all())

    def operands_of(self, nodes: Ints, count: int) -> Ints:
        """Return the operands of nodes that have `count` each, a row for each node."""
        return self.graph.operands[self.graph.start[nodes][:, None] + np.arange(count)]

    def _group(self, row: Primitive, count: int, nodes: Ints) -> None:
        table = self.operands_of(nodes, count)
        if row is _DOT:
            self._products(nodes, table)
        elif row is _SELECT and self.graph.batched[nodes[0]]:
            self._picked(nodes, table)
        elif row.arity is None and not (row is _SUM and self._one_by_one(table)):
            source = self.placed.filled(table.ravel(), bool(self.graph.batched[nodes[0]]))
            if row is _SUM:
                self.placed.put(nodes, self.routine.reduce(source, count))
            else:
                self.placed.put(nodes, self.many(row, source, count))
        elif (aligned := self.shared.aligned(nodes, table)) is not None:
            self.shared.put(aligned, self.routine.apply(row, aligned.operands))
        else:
            for part in self._parts(nodes, table):
                # In the order of the first operand's columns, operands are views more often.
                part = part[np.argsort(self.placed.column[table[part, 0]], kind="stable")]
                self.placed.put(nodes[part], self._applied(row, table[part]))

    def _applied(self, row: Primitive, table: Ints) -> View:
        """Append a row applied to a table of operands, a row of it for each node."""
        columns = [self.placed.operand(np.ascontiguousarray(column)) for column in table.T]
        width = len(table)
        if row is _SUM:
            total = columns[0]
            for column in columns[1:]:
                total = self.routine.apply(_ADD, (total, column))
            return self.placed.wide(total, width)
        return self.placed.wide(self.routine.apply(row, columns), width)

    def _picked(self, nodes: Ints, table: Ints) -> None:
        """Append what indices pick from lists, each list evenly in one array or gathered."""
        placed = self.placed
        lists = table[:, 1:]
        array, places = placed.array_of[lists], placed.column[lists]
        steps = np.diff(places, axis=1)
        even = (array == array[0, 0]).all() and not placed.constant[lists].any()
        if even and (steps == steps.flat[:1]).all():
            source = placed.arrays[int(array[0, 0])].whole
        else:
            batched = bool(self.graph.batched[lists].any())
            source = placed.filled(np.ascontiguousarray(lists).ravel(), batched)
            places = source.columns.reshape(lists.shape)
            source = source.array.whole
        step = int(places[0, 1] - places[0, 0]) if lists.shape[1] > 1 else 1
        index = placed.filled(np.ascontiguousarray(table[:, 0]), True)
        out = self.routine.array(len(nodes), True)
        first = places[:, 0].astype(np.int64)
        self.routine.statements.append(Pick(out, index, source, first, step, lists.shape[1]))
        placed.put(nodes, out.whole)

    def many(self, row: Primitive, source: View, size: int) -> View:
        """Append a row of any number of operands."""
        out = self.routine.array(source.width // size, source.array.batched)
        self.routine.statements.append(Many(out, row, source, size))
        return out.whole

    def _note(self, nodes: Ints, reason: str) -> None:
        """Note why some nodes, all of one primitive, did not become a statement on views."""
        self._told.update(nodes.tolist())
        row = self.graph.rows[int(self.graph.code[nodes[0]])].name
        labels = self.placed.labels(nodes)
        named = f" ({labels})" if labels else ""
        self.unrolled.append(f"level {self._height}, {len(nodes)} {row} nodes{named}: {reason}")

    def _parts(self, nodes: Ints, table: Ints) -> list[Ints]:
        """Return which nodes of a group have their operands in the same arrays."""
        array = np.where(self.placed.constant[table], -2, self.placed.array_of[table])
        if (array == array[0]).all():
            return [np.arange(len(table))]
        kinds, part = np.unique(array, axis=0, return_inverse=True)
        if len(kinds) > _MANY_GROUPS:
            self._note(
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
        batched = bool(self.graph.batched[nodes[0]])
        if batched and self.shared.products(nodes, first, second):
            return
        if not self._one_by_one(first, second):
            a = self.placed.operand(np.ascontiguousarray(first).ravel())
            b = self.placed.operand(np.ascontiguousarray(second).ravel())
            terms = self.placed.wide(self.routine.apply(_MUL, (a, b)), width * count)
            terms = self.routine.filled(terms, width * count, batched)
            self.placed.put(nodes, self.routine.reduce(terms, count))
            return
        aligned = self.shared.aligned(nodes, table)
        if aligned is not None:
            self.shared.put(aligned, self._summed(aligned.operands))
            return
        for part in self._parts(nodes, table):
            part = part[np.argsort(self.placed.column[first[part, 0]], kind="stable")]
            operands = [self.placed.operand(np.ascontiguousarray(c)) for c in table[part].T]
            self.placed.put(nodes[part], self.placed.wide(self._summed(operands), len(part)))

    def _summed(self, operands: Sequence[Operand]) -> Operand:
        """Append a sum of products term by term; the first factors, then the second ones."""
        count = len(operands) // 2
        factors = [*zip(operands[:count], operands[count:], strict=True)]
        total: Operand | None = None
        # A term that is added before one that is taken away saves a negation.
        for a, b in sorted(factors, key=lambda pair: pair[1] == -1.0):
            if b == -1.0 and total is not None:
                total = self.routine.apply(_SUB, (total, a))
                continue
            term = a if b == 1.0 else self._product(a, b)
            total = term if total is None else self.routine.apply(_ADD, (total, term))
        assert total is not None
        return total

    def _one_by_one(self, *factors: Ints) -> bool:
        """Whether sums are better taken term by term than reduced over an array of all terms.

        So are short ones; and longer ones of a single node whose terms lie here and there, which
        would first have to be gathered.
        """
        width, count = factors[0].shape
        if count <= _FEW_TERMS or width > 1 or count > _MANY_TERMS:
            return count <= _FEW_TERMS
        return not all(
            self.placed.constant[nodes].all() or self.placed.lies_evenly(nodes.ravel())
            for nodes in factors
        )

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
