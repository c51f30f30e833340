"""The graph as arrays: what every pass of the compiler takes and returns.

A recorded graph of plain scalars has up to millions of nodes, so a node is not an object here but a
place in a few arrays; passes are array statements over all nodes at once. Nodes stand in
topological order, operands before results, through all passes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import numpy as np

from autograd.engine.primitive import Primitive

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.signedinteger[Any]]]"
Bools: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"
Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.floating[Any]]]"

# Codes of leaves; codes from 0 are places in `Graph.rows`.
INPUT: Final = -1
PARAMETER: Final = -2
CONSTANT: Final = -3

_LEAVES = {INPUT: "input", PARAMETER: "parameter", CONSTANT: "constant"}


def repeated(x: Any, counts: Any) -> Any:
    """Return np.repeat(x, counts), with counts of the size that NumPy counts in.

    On 32-bit platforms it refuses counts of 64 bits, as `bincount` does numbers.

    >>> repeated(np.array([5, 7]), np.array([2, 1])).tolist()
    [5, 5, 7]
    """
    return np.repeat(x, np.asarray(counts).astype(np.intp, copy=False))


def tallied(x: Any, size: int, weights: Any = None) -> Any:
    """Return how often each number below size, or more, stands in x; see `repeated`.

    >>> tallied(np.array([2, 0, 2]), 4).tolist()
    [1, 0, 2, 0]
    """
    return np.bincount(x.astype(np.intp, copy=False), weights, minlength=size)


def halves(x: Ints) -> tuple[Ints, Ints]:
    """Return the first and the second half of an array; np.split takes thirty times as long.

    >>> [half.tolist() for half in halves(np.array([1, 2, 3, 4]))]
    [[1, 2], [3, 4]]
    """
    half = len(x) // 2
    return x[:half], x[half:]


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph of scalars.

    Attributes:
        rows: the primitives in use.
        code: of each node, the place of its primitive in `rows`, or the kind of leaf it is.
        start: where each node's operands begin in `operands`, and where the last one's end.
        operands: nodes, those of each node in order, one node after the other.
        place: of a leaf, which input, parameter or constant it is; -1 for other nodes.
        numbers: the constants.
        batched: whether a node depends on the sample; the others are computed once for a batch.
        outputs: the results.
        labels: the names that f gave to nodes, for comments.

    >>> from autograd.compile.tracing.trace import trace
    >>> graph = trace(lambda x, y: x * y + 2.0, [(), ()])
    >>> print(graph)
    n0 = input 0
    n1 = input 1
    n2 = mul(n0, n1)
    n3 = 2.0
    n4 = add(n2, n3)
    return n4
    """

    rows: tuple[Primitive, ...]
    code: Ints
    start: Ints
    operands: Ints
    place: Ints
    numbers: Floats
    batched: Bools
    outputs: Ints
    labels: dict[int, str] = field(default_factory=dict[int, str])

    def __len__(self) -> int:
        return len(self.code)

    def nodes(self) -> Iterator[tuple[int, int, list[int]]]:
        """Return the code, the place and the operands of each node, in order."""
        codes: list[int] = self.code.tolist()
        places: list[int] = self.place.tolist()
        starts: list[int] = self.start.tolist()
        operands: list[int] = self.operands.tolist()
        for i, (code, place) in enumerate(zip(codes, places, strict=True)):
            yield code, place, operands[starts[i] : starts[i + 1]]

    def operands_of(self, node: int) -> Ints:
        """Return the operands of a node."""
        return self.operands[self.start[node] : self.start[node + 1]]

    @property
    def counts(self) -> Ints:
        """The number of operands of each node."""
        return np.diff(self.start)

    @property
    def owners(self) -> Ints:
        """For each place in `operands`, the node whose operand stands there."""
        return repeated(np.arange(len(self.code)), self.counts)

    @property
    def uses(self) -> Ints:
        """How often each node is used: as an operand, and once more for each output."""
        size = len(self.code)
        found = tallied(self.operands, size)
        return found + tallied(self.outputs, size)

    def made_by(self, *rows: Primitive) -> Bools:
        """Return which nodes are made by one of these primitives."""
        return self.where(lambda row: row in rows)

    def where(self, holds: Callable[[Primitive], bool]) -> Bools:
        """Return which nodes are made by a primitive for which something holds.

        >>> from autograd.compile.tracing.trace import trace
        >>> graph = trace(lambda x: x * x + x.exp(), [()])
        >>> graph.where(lambda row: row.commutes).tolist()
        [False, True, False, True]
        """
        return np.isin(self.code, [i for i, row in enumerate(self.rows) if holds(row)])

    def row_code(self, row: Primitive) -> tuple[Graph, int]:
        """Return the graph with `row` among its primitives, and the place of it."""
        for i, known in enumerate(self.rows):
            if known is row:
                return self, i
        return replace(self, rows=(*self.rows, row)), len(self.rows)

    def is_same(self, other: Graph) -> bool:
        """Return whether another graph has the same nodes and numbers."""
        return all(
            np.array_equal(x, y, equal_nan=True)
            for x, y in (
                (self.code, other.code),
                (self.operands, other.operands),
                (self.place, other.place),
                (self.numbers, other.numbers),
            )
        )

    def census(self) -> dict[str, int]:
        """Return how many nodes there are of each kind, by name.

        >>> from autograd.compile.tracing.trace import trace
        >>> trace(lambda x: x * x + x, [()]).census()
        {'input': 1, 'add': 1, 'mul': 1}
        """
        names = {**_LEAVES, **{i: row.name for i, row in enumerate(self.rows)}}
        codes, counts = np.unique(self.code, return_counts=True)
        found: Counter[str] = Counter()
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
            found[names[code]] += count
        return dict(found)

    def keep(self, wanted: Bools, moved: Ints | None = None) -> Graph:
        """Return the graph of the wanted nodes, each use of a node led to where it has moved.

        Args:
            wanted: which nodes stay; all that a node that stays needs, after moving, must stay.
            moved: for each node, the node that takes its place; itself unless given.
        """
        renamed = np.cumsum(wanted) - 1
        if moved is not None:
            renamed = renamed[moved]
        place: Ints = np.arange(len(self)) if moved is None else moved
        labels = {int(renamed[i]): text for i, text in self.labels.items() if wanted[place[i]]}
        held = repeated(wanted, self.counts)
        start = np.zeros(int(wanted.sum()) + 1, dtype=self.start.dtype)
        np.cumsum(self.counts[wanted], out=start[1:])
        return replace(
            self,
            code=self.code[wanted],
            start=start,
            operands=renamed[self.operands[held]].astype(self.operands.dtype),
            place=self.place[wanted],
            batched=self.batched[wanted],
            outputs=renamed[self.outputs].astype(self.outputs.dtype),
            labels=labels,
        )

    def evaluate(
        self, inputs: Sequence[float] = (), parameters: Sequence[float] = ()
    ) -> list[float]:
        """Return the outputs, node by node in floats: what every pass must leave as it was.

        >>> from autograd.compile.tracing.trace import trace
        >>> trace(lambda x, y: [x * y, x - y], [(), ()]).evaluate([3.0, 4.0])
        [12.0, -1.0]
        """
        numbers: list[float] = self.numbers.tolist()
        leaves = {INPUT: inputs, PARAMETER: parameters, CONSTANT: numbers}
        data: list[float] = []
        for code, place, operands in self.nodes():
            if code < 0:
                data.append(leaves[code][place])
            else:
                data.append(self.rows[code].function(*[data[x] for x in operands]))
        return [data[i] for i in self.outputs]

    def __str__(self) -> str:
        lines: list[str] = []
        for i, (code, place, operands) in enumerate(self.nodes()):
            if code == CONSTANT:
                lines.append(f"n{i} = {self.numbers[place]}")
            elif code < 0:
                lines.append(f"n{i} = {_LEAVES[code]} {place}")
            else:
                shown = ", ".join([f"n{x}" for x in operands])
                lines.append(f"n{i} = {self.rows[code].name}({shown})")
        lines.append(f"return {', '.join(f'n{i}' for i in self.outputs.tolist())}")
        return "\n".join(lines)
