"""The reverse of rows with any number of operands, over arrays.

The rule of such a row gives one partial for each operand, all of one form. Written down on
placeholders they are compared place by place; where they differ only in which operand they speak
of, one statement over the array of all operands computes them together.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import numpy as np

from autograd.compile.arrays.ir import Array, Many, Operand, View
from autograd.compile.arrays.routine import Routine
from autograd.compile.arrays.rules import pulled
from autograd.compile.graph.graph import CONSTANT, Graph
from autograd.engine.primitives import TABLE, Primitive

_SUM = TABLE["sum"]

# A column for each group, or for each operand of each group.
_Found = tuple[Operand, bool]


def pull_many(
    routine: Routine, statement: Many, g: Operand, needed: Collection[Array], *, careful: bool
) -> list[tuple[View, Operand]]:
    """Append the adjoints of a statement's operands; return views of them with their adjoints.

    Args:
        routine: where to append.
        statement: a row of any number of operands on groups of columns.
        g: the adjoint of its result.
        needed: the arrays whose adjoint is wanted.
        careful: as in `pulled`.
    """
    source, size = statement.source, statement.size
    if source.array not in needed:
        return []
    rule = pulled(statement.row, size, range(size), {}, careful=careful)
    together = _Together(routine, statement, g, rule.graph, rule.places).run()
    if together is not None:
        return together
    return _apart(routine, statement, g, rule.graph, rule.places)


def _apart(
    routine: Routine, statement: Many, g: Operand, graph: Graph, places: tuple[int, ...]
) -> list[tuple[View, Operand]]:
    """Append the rule operand by operand: always right, a statement for each step of each."""
    source, size = statement.source, statement.size
    columns = [source.part(i, source.width - size + i + 1, size) for i in range(size)]
    inputs: list[Operand] = [g, statement.out.whole, *columns]
    found = routine.run(graph, inputs, partial(_applied, routine))
    return [(columns[place], slope) for place, slope in zip(places, found, strict=True)]


def _applied(routine: Routine, row: Primitive, taken: list[Operand]) -> Operand:
    """Append a row on columns; one of any number of operands on groups of them."""
    if row.arity is not None:
        return routine.apply(row, taken)
    width = max([x.width for x in taken if isinstance(x, View)], default=1)
    batched = any(isinstance(x, View) and x.array.batched for x in taken)
    together = routine.concat([(x, width) for x in taken], batched)
    order = np.arange(width * len(taken)).reshape(len(taken), width).T.ravel()
    source = routine.take(together, order) if width > 1 else together
    out = routine.array(width, batched)
    routine.statements.append(Many(out, row, source, len(taken)))
    return out.whole


@dataclass(slots=True)
class _Together:
    """The partials of all operands as one, if they have one form."""

    routine: Routine
    statement: Many
    g: Operand
    graph: Graph
    places: tuple[int, ...]

    def run(self) -> list[tuple[View, Operand]] | None:
        """Append the statements and return the operands with their adjoints, or None."""
        size, count = self.statement.size, len(self.places)
        first = self.places[0] if count else 0
        if count < 2 or self.places != tuple(range(first, size)):
            return None
        before = len(self.routine.statements)
        try:
            found = self._unified(tuple(self.graph.outputs.tolist()), {})
        except _Different:
            self.routine.rewind(before)
            return None
        spread, source = self._spread(found), self.statement.source
        if first == 0:
            return [(source, spread)]
        if source.width == size:
            return [(source.part(first, size), spread)]
        # What was gathered from the source is no place to add to: each operand is a view of it.
        pairs: list[tuple[View, Operand]] = []
        for k, i in enumerate(self.places):
            part = spread
            if isinstance(spread, View):
                part = spread.part(k, spread.width - count + k + 1, count)
            pairs.append((source.part(i, source.width - size + i + 1, size), part))
        return pairs

    def _operands(self) -> View:
        """Return the operands that are derived by, side by side, group by group."""
        source, size, first = self.statement.source, self.statement.size, self.places[0]
        if first == 0:
            return source
        if source.width == size:
            return source.part(first, size)
        index = np.arange(source.width).reshape(-1, size)[:, first:].ravel()
        return self.routine.take(source, index)

    def _spread(self, found: _Found) -> Operand:
        operand, is_spread = found
        groups = self.statement.out.width
        return operand if is_spread else self.routine.spread(operand, len(self.places), groups)

    def _unified(self, nodes: tuple[int, ...], known: dict[tuple[int, ...], _Found]) -> _Found:
        """Return what stands for these nodes, one for each operand."""
        found = known.get(nodes)
        if found is None:
            found = known[nodes] = self._compared(nodes, known)
        return found

    def _compared(self, nodes: tuple[int, ...], known: dict[tuple[int, ...], _Found]) -> _Found:
        graph, size = self.graph, self.statement.size
        codes = {int(graph.code[i]) for i in nodes}
        if len(codes) > 1:
            raise _Different
        (code,) = codes
        places = [int(graph.place[i]) for i in nodes]
        groups = self.statement.out.width
        if code == CONSTANT:
            numbers = graph.numbers[places]
            if (numbers == numbers[0]).all():
                return float(numbers[0]), False
            return self.routine.constant(np.tile(numbers, groups)).whole, True
        if code < 0:
            if places == [2 + i for i in self.places]:
                return self._operands(), True
            if len(set(places)) > 1:
                raise _Different
            source = self.statement.source
            inputs: list[Operand] = [self.g, self.statement.out.whole]
            i = places[0]
            if i < 2:
                return inputs[i], False
            return source.part(i - 2, source.width - size + i - 1, size), False
        row = graph.rows[code]
        # What all have in common is looked at once: it may have as many operands itself.
        is_shared = len(set(nodes)) == 1
        if is_shared and row is _SUM and int(graph.counts[nodes[0]]) == len(nodes):
            inner, is_spread = self._unified(tuple(graph.operands_of(nodes[0]).tolist()), known)
            if is_spread and isinstance(inner, View):
                return self.routine.reduce(inner, len(nodes)), False
            raise _Different
        if row.arity is None:
            raise _Different
        if is_shared:
            columns = [(x,) * len(nodes) for x in graph.operands_of(nodes[0]).tolist()]
        else:
            columns = [*zip(*[graph.operands_of(i).tolist() for i in nodes], strict=True)]
        taken = [self._unified(column, known) for column in columns]
        if any(is_spread for _, is_spread in taken):
            return self.routine.apply(row, [self._spread(x) for x in taken]), True
        return self.routine.apply(row, [x for x, _ in taken]), False


class _Different(Exception):
    """The partials of two operands differ in form."""
