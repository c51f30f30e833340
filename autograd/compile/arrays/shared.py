"""Sums of products that share operands in groups, and lists that grow: attention in any spelling.

Every query times every key is a matrix product for each head, whatever way it was written; so are
the weights times the values. Where a list grows from one place to the next, the rows of a product
are in use up to a length each: rows of one size then, so that no statement depends on a length.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograd.compile.arrays.ir import Array, Grouped, Many, Operand, Ragged, View
from autograd.compile.arrays.placement import Placement
from autograd.compile.arrays.windows import Lattice, evenly
from autograd.compile.graph.graph import Bools, Ints, halves
from autograd.engine.primitives import TABLE, Primitive

_ADD, _MUL, _SUM, _DOT = (TABLE[name] for name in ("add", "mul", "sum", "dot"))
# What changes nothing among the operands of a row.
_NEUTRAL = {TABLE["logsumexp"]: -math.inf, _SUM: -0.0}
# Matrices of fewer products than this are multiplied quicker element by element.
_FEW_PRODUCTS = 32

Group = tuple[Primitive, int, bool]


@dataclass(frozen=True, slots=True)
class _Square:
    """Groups of rows and columns, each row with each column.

    Attributes:
        rows: which rows there are in each group.
        columns: which columns.
        nodes: the node of a row and a column, by group; -1 for none.
    """

    rows: Ints
    columns: Ints
    nodes: Ints


@dataclass(frozen=True, slots=True)
class Aligned:
    """Nodes, the rows in whose columns in use they will lie, and their operands in all columns."""

    nodes: Ints
    ragged: Ragged
    operands: list[Operand]


class SharedSums:
    """What is rolled as blocks.

    Args:
        placed: the nodes so far.
        ragged: whether rows may be in use up to a length.
    """

    def __init__(self, placed: Placement, *, ragged: bool) -> None:
        self.placed = placed
        self.routine = placed.routine
        self._may_be_ragged = ragged
        self._ragged: dict[int, Ragged] = {}

    # Products ---------------------------------------------------------------------------------

    def products(self, nodes: Ints, first: Ints, second: Ints) -> bool:
        """Append sums of products as matrix products, if they are such; return whether."""
        if len(nodes) < 2 or first.shape[1] < 2:
            return False
        return self._products(nodes, first, second) or self._products(nodes, second, first)

    def _products(self, nodes: Ints, first: Ints, second: Ints) -> bool:
        lefts, left = np.unique(first, axis=0, return_inverse=True)
        rights, right = np.unique(second, axis=0, return_inverse=True)
        left, right = left.ravel(), right.ravel()
        if len(lefts) == len(nodes) or len(rights) == len(nodes):
            return False
        lefts, left = self._ordered(lefts, left)
        rights, right = self._ordered(rights, right)
        square = _square(nodes, left, right)
        if square is None or square.nodes[0].size * first.shape[1] < _FEW_PRODUCTS:
            return False
        ragged = _lengths(square.nodes)
        if ragged is None or (not self._may_be_ragged and (square.nodes < 0).any()):
            return False
        a = self._matrices(lefts[square.rows])
        b = self._matrices(rights[square.columns])
        order = _order(square.nodes, keeps_last=bool((square.nodes < 0).any()))
        self._append(a, (b[0], b[1].turned), square.nodes, order, None)
        return True

    def _ordered(self, lists: Ints, of: Ints) -> tuple[Ints, Ints]:
        """Return lists of nodes in the order of their first places, and each's new number."""
        placed = self.placed
        order = np.lexsort((placed.column[lists[:, 0]], placed.array_of[lists[:, 0]]))
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return lists[order], back[of]

    def _matrices(self, nodes: Ints) -> tuple[View, Lattice]:
        """Return where the nodes of matrices lie, gathered if they do not lie evenly."""
        placed = self.placed
        array = placed.array_of[nodes]
        if not placed.constant[nodes].any() and (array == array.flat[0]).all():
            found = evenly(placed.column[nodes])
            if found is not None:
                return placed.arrays[int(array.flat[0])].whole, found
        view = placed.filled(
            np.ascontiguousarray(nodes).ravel(), bool(placed.graph.batched[nodes].any())
        )
        order: Ints = np.arange(nodes.size)
        found = evenly((view.start + view.step * order).reshape(nodes.shape))
        assert found is not None
        return view.array.whole, found

    def _append(
        self,
        a: tuple[View, Lattice],
        b: tuple[View, Lattice],
        nodes: Ints,
        order: tuple[int, ...],
        kept: Bools | None,
    ) -> None:
        """Append a product, and note where its nodes lie: by group, row and column in an order."""
        turned = nodes.transpose(order)
        batched = a[0].array.batched or b[0].array.batched
        out = self.routine.array(nodes.size, batched)
        place: Ints = np.arange(nodes.size)
        out_at = evenly(place.reshape(turned.shape).transpose(np.argsort(order).tolist()))
        assert out_at is not None
        here = turned.ravel() >= 0
        if not here.all():
            lengths = tuple((turned >= 0).sum(axis=-1).ravel().tolist())
            self._mark(out, Ragged(turned.shape[-1], lengths))
        self.routine.statements.append(Grouped(out, a[0], b[0], a[1], b[1], out_at, kept))
        self.placed.put_at(turned.ravel()[here], out, np.flatnonzero(here))

    # Rows in use up to a length ---------------------------------------------------------------

    def _mark(self, array: Array, ragged: Ragged) -> None:
        array.ragged = ragged
        self._ragged[self.placed.place(array)] = ragged

    def take(self, groups: dict[Group, list[int]]) -> None:
        """Append what reads whole rows, and take its nodes out of the groups of a level."""
        if not self._ragged:
            return
        done: set[int] = set()
        for row, neutral in _NEUTRAL.items():
            done |= self._many(groups, row, neutral)
        done |= self._weighted(groups)
        if done:
            for nodes in groups.values():
                nodes[:] = [node for node in nodes if node not in done]

    def _row(self, nodes: Ints) -> tuple[int, int] | None:
        """Return the array and the row of which these are all nodes in use, in order."""
        place = int(self.placed.array_of[nodes[0]])
        ragged = self._ragged.get(place)
        if ragged is None or self.placed.constant[nodes].any():
            return None
        row, at = divmod(int(self.placed.column[nodes[0]]), ragged.size)
        if at or len(nodes) != ragged.lengths[row]:
            return None
        if (self.placed.array_of[nodes] != place).any() or (
            np.diff(self.placed.column[nodes]) != 1
        ).any():
            return None
        return place, row

    def _many(self, groups: Mapping[Group, list[int]], row: Primitive, neutral: float) -> set[int]:
        """Append a row of any number of operands over rows; return the nodes."""
        found: dict[int, dict[int, int]] = defaultdict(dict)
        for (kind, _, batched), nodes in groups.items():
            if not batched or not (kind is row or (row is _SUM and kind is _ADD)):
                continue
            for node in nodes:
                at = self._row(self.placed.graph.operands_of(node))
                if at is not None:
                    found[at[0]].setdefault(at[1], node)
        done: set[int] = set()
        for place, by_row in found.items():
            ragged = self._ragged[place]
            # A row of one number has no node of its own where it is its sum.
            long = sum(length > 1 for length in ragged.lengths)
            if sum(ragged.lengths[r] > 1 for r in by_row) < long:
                continue
            filled = self.routine.fill(self.placed.arrays[place].whole, ragged, neutral)
            if row is _SUM:
                out = self.routine.reduce(filled, ragged.size).array
            else:
                out = self.routine.array(len(ragged.lengths), True)
                self.routine.statements.append(Many(out, row, filled, ragged.size))
            rows = sorted(by_row)
            self.placed.put_at(np.array([by_row[r] for r in rows]), out, np.array(rows))
            done |= set(by_row.values())
        return done

    def _weighted(self, groups: Mapping[Group, list[int]]) -> set[int]:
        """Append products of rows in use up to a length with others; return the nodes."""
        graph = self.placed.graph
        found: dict[int, list[tuple[int, Ints, int]]] = defaultdict(list)
        for (kind, _, batched), nodes in groups.items():
            if not batched or (kind is not _DOT and kind is not _MUL):
                continue
            for node in nodes:
                a, b = halves(graph.operands_of(node))
                for one, other in ((a, b), (b, a)):
                    at = self._row(one)
                    if at is not None and not self.placed.constant[other].any():
                        found[at[0]].append((at[1], other, node))
                        break
        done: set[int] = set()
        for place, entries in found.items():
            done |= self._weighted_by(place, entries)
        return done

    def _weighted_by(self, place: int, entries: Sequence[tuple[int, Ints, int]]) -> set[int]:
        """Append the products with the rows of one array, if each list is the begin of one."""
        ragged = self._ragged[place]
        longest: dict[int, Ints] = {}
        for _, other, _ in entries:
            known = longest.get(int(other[0]))
            if known is None or len(other) > len(known):
                longest[int(other[0])] = other
        if any(len(other) != ragged.size for other in longest.values()) or any(
            (longest[int(other[0])][: len(other)] != other).any() for _, other, _ in entries
        ):
            return set()
        lists, of = self._ordered(
            np.array([*longest.values()]),
            np.array([[*longest].index(int(other[0])) for _, other, _ in entries]),
        )
        rows = np.array([row for row, _, _ in entries])
        square = _square(np.array([node for _, _, node in entries]), rows, of)
        if square is None or (square.nodes < 0).any():
            return set()
        weights = self.placed.arrays[place]
        at = evenly(square.rows[..., None] * ragged.size + np.arange(ragged.size))
        if at is None:
            return set()
        filled = self.routine.fill(weights.whole, ragged, 0.0)
        a = filled, at
        view, where = self._matrices(lists[square.columns])
        lengths = np.array(ragged.lengths)[square.rows]
        kept = np.arange(ragged.size) < lengths[..., None]
        self._append(a, (view, where.turned), square.nodes, _order(square.nodes), kept)
        return {node for _, _, node in entries}

    def aligned(self, nodes: Ints, table: Ints) -> Aligned | None:
        """Return a table of operands, a row for each node, as columns of rows in use to a length.

        None unless one of the columns is all numbers in use of such rows.
        """
        if not self._ragged:
            return None
        for operands in table.T:
            place = int(self.placed.array_of[operands[0]])
            ragged = self._ragged.get(place)
            if ragged is None or len(nodes) != sum(ragged.lengths):
                continue
            order = np.argsort(self.placed.column[operands], kind="stable")
            kept = np.flatnonzero(ragged.kept)
            if self._lie(operands[order], place, kept):
                break
        else:
            return None
        taken = [self._along(np.ascontiguousarray(c), place, ragged) for c in table[order].T]
        return Aligned(nodes[order], ragged, taken)

    def put(self, aligned: Aligned, made: Operand) -> None:
        """Note where nodes lie that were made from aligned operands."""
        assert isinstance(made, View)
        self._mark(made.array, aligned.ragged)
        self.placed.put_at(aligned.nodes, made.array, np.flatnonzero(aligned.ragged.kept))

    def _lie(self, nodes: Ints, place: int, columns: Ints) -> bool:
        placed = self.placed
        if placed.constant[nodes].any() or (placed.array_of[nodes] != place).any():
            return False
        return bool((placed.column[nodes] == columns).all())

    def _along(self, nodes: Ints, place: int, ragged: Ragged) -> Operand:
        """Return operands, one for each number in use, in all columns of the rows."""
        placed = self.placed
        kept = ragged.kept
        at = int(placed.array_of[nodes[0]])
        if self._ragged.get(at) == ragged and self._lie(nodes, at, np.flatnonzero(kept)):
            return placed.arrays[at].whole
        if (nodes == nodes[0]).all():
            return placed.operand(nodes)
        # What lies past a length is any number: the last one in use goes on.
        found = placed.fresh(nodes[np.maximum(np.cumsum(kept) - 1, 0)])
        if isinstance(found, View) and found.width > 1 and found.array.data is None:
            found.array.ragged = ragged
        return found


def _square(nodes: Ints, left: Ints, right: Ints) -> _Square | None:
    """Return nodes by group, row and column, of groups of rows and columns that are connected."""
    rows, columns = int(left.max()) + 1, int(right.max()) + 1
    of_row: Ints = np.arange(rows)
    while True:
        of_column = np.full(columns, rows)
        np.minimum.at(of_column, right, of_row[left])
        new = of_row.copy()
        np.minimum.at(new, left, of_column[right])
        if (new == of_row).all():
            break
        of_row = new
    names, group, heights = np.unique(of_row, return_inverse=True, return_counts=True)
    group_of_column = np.searchsorted(names, of_column)
    widths = np.bincount(group_of_column, minlength=len(names))
    if len(set(heights.tolist())) > 1 or len(set(widths.tolist())) > 1:
        return None
    size = len(names) * int(heights[0]) * int(widths[0])
    if size > 2 * len(nodes):
        return None
    by_row = np.argsort(group, kind="stable").reshape(len(names), -1)
    by_column = np.argsort(group_of_column, kind="stable").reshape(len(names), -1)
    row_at, column_at = np.empty(rows, np.int64), np.empty(columns, np.int64)
    row_at[by_row] = np.arange(by_row.shape[1])
    column_at[by_column] = np.arange(by_column.shape[1])
    table = np.full((len(names), by_row.shape[1], by_column.shape[1]), -1)
    at = group[left], row_at[left], column_at[right]
    table[at] = nodes
    if int((table >= 0).sum()) != len(nodes):
        return None
    return _Square(by_row, by_column, table)


def _lengths(nodes: Ints) -> Ints | None:
    """Return the lengths of rows that are in use up to one; None for others."""
    here = nodes >= 0
    lengths = here.sum(axis=-1)
    size = nodes.shape[-1]
    for row, length in zip(here.reshape(-1, size), lengths.ravel().tolist(), strict=True):
        if row[length:].any():
            return None
    return lengths


def _order(nodes: Ints, *, keeps_last: bool = False) -> tuple[int, ...]:
    """Return the order of directions in which the nodes were made, if there is one."""
    for order in itertools.permutations(range(3)):
        if keeps_last and order[2] != 2:
            continue
        found = nodes.transpose(order).ravel()
        if (np.diff(found[found >= 0]) > 0).all():
            return order
    return 0, 1, 2
