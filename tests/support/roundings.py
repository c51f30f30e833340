"""How far rounding may carry a program's result and its slopes: a bound from the very graph.

Each node is given the room that its own roundings and those of its operands make, however its sums
are ordered; adjoints likewise. What a row makes of an operand that is off is found by moving the
operand, so kinks and poles within reach widen the room, and nothing else does: there is no absolute
tolerance in which a wrong term could hide. See Higham, "Accuracy and Stability of Numerical
Algorithms", 2nd ed. 2002, section 3.3 (running error analysis) and section 4.2 (sums in any order).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.compile.graph.graph import CONSTANT, INPUT, PARAMETER, Graph
from autograd.engine.primitives import TABLE, Primitive
from support.programs import deciding, is_kinked
from support.references import EPS

# Functions of NumPy and of the C library lie up to this many roundings apart.
_APART = 8.0
_TINY = 5e-324

*_SUMS, _DOT = (TABLE[name] for name in ("add", "sub", "sum", "dot"))

# The kind of a leaf, and its place.
Leaf = tuple[int, int]


@dataclass(frozen=True)
class Room:
    """How far each number of a graph may lie from the eager one.

    Attributes:
        value: of the output.
        slopes: of its derivatives, by the kind and the place of the leaf.
        sizes: of these, the sum of the magnitudes of all paths.
    """

    value: float
    slopes: dict[Leaf, float]
    sizes: dict[Leaf, float]


class _Forward:
    """Numbers and their room, node by node."""

    def __init__(
        self, graph: Graph, leaves: dict[int, Sequence[float]], eps: float, floor: float
    ) -> None:
        self.eps = eps
        self.floor = floor
        self.listed = list(graph.nodes())
        self.rows = graph.rows
        self.data: list[float] = []
        self.room: list[float] = []
        # Of a sum: its terms however it is nested, the sum of their sizes, and of their rooms.
        self.terms: list[int] = []
        self.size: list[float] = []
        self.inner: list[float] = []
        for code, place, operands in self.listed:
            if code < 0:
                x = leaves[code][place]
                self._enter(x, 0.5 * eps * abs(x) + floor if eps > EPS else 0.0)
            else:
                self._node(self.rows[code], operands)

    def _enter(self, x: float, room: float) -> None:
        self.data.append(x)
        self.room.append(room)
        self.terms.append(1)
        self.size.append(abs(x))
        self.inner.append(room)

    def moved(self, row: Primitive, operands: Sequence[int]) -> list[tuple[int, float]]:
        """Ways to move one operand as far as its room reaches, each as its place and number."""
        # A formula may round its operand once more; but a comparison does not.
        own = 0.0 if is_kinked(row) or deciding(row) else self.eps
        found: list[tuple[int, float]] = []
        for k, x in enumerate(operands):
            by = self.room[x] + own * abs(self.data[x])
            found += [(k, self.data[x] - by), (k, self.data[x] + by)] if by else []
            # A condition that may round to 0 is moved there.
            if not own and 0.0 < abs(self.data[x]) <= self.room[x]:
                found.append((k, 0.0))
            # Two that may meet, as where a constant is rounded to float32, are moved to a tie.
            for y in operands if not own else ():
                if 0.0 < abs(self.data[x] - self.data[y]) <= self.room[x] + self.room[y]:
                    found.append((k, self.data[y]))
        return found

    def _node(self, row: Primitive, operands: list[int]) -> None:
        taken = [self.data[x] for x in operands]
        z = row.function(*taken)
        if row in _SUMS:
            self._sum(z, operands)
        elif row is _DOT:
            self._dot(z, taken, operands)
        else:
            reach = [0.0] * len(operands)
            for k, x in self.moved(row, operands):
                there = row.function(*taken[:k], x, *taken[k + 1 :])
                reach[k] = max(reach[k], _gap(there, z))
            self._enter(z, _APART * self.eps * abs(z) + math.fsum(reach) + self.floor)

    def _sum(self, z: float, operands: list[int]) -> None:
        terms = sum(self.terms[x] for x in operands)
        size = math.fsum(self.size[x] for x in operands)
        inner = math.fsum(self.inner[x] for x in operands)
        self._close(z, terms, size, inner)

    def _dot(self, z: float, taken: list[float], operands: list[int]) -> None:
        half = len(taken) // 2
        size = inner = 0.0
        for k in range(half):
            (a, da), (b, db) = ((taken[i], self.room[operands[i]]) for i in (k, k + half))
            size += abs(a * b)
            inner += abs(a) * db + abs(b) * da + da * db + self.eps * abs(a * b) + self.floor
        self._close(z, half, size, inner)

    def _close(self, z: float, terms: int, size: float, inner: float) -> None:
        self.data.append(z)
        self.terms.append(terms)
        self.size.append(size)
        self.inner.append(inner)
        self.room.append(inner + (terms + 1) * self.eps * size + self.floor)


def _gap(x: float, y: float) -> float:
    """|x - y|; infinite if only one is a number."""
    return abs(x - y) if math.isfinite(x) and math.isfinite(y) else 0.0 if _same(x, y) else math.inf


def _same(x: float, y: float) -> bool:
    return x == y or (x != x and y != y)


def room(
    graph: Graph,
    inputs: Sequence[float] = (),
    parameters: Sequence[float] = (),
    eps: float = EPS,
) -> Room:
    """Return the room of a graph's one output and of its slopes at some numbers.

    Args:
        graph: as it was traced.
        inputs: the numbers of its inputs.
        parameters: and of its parameters.
        eps: the distance from 1 to the next float of the program's kind.
    """
    leaves: dict[int, Sequence[float]] = {
        INPUT: inputs,
        PARAMETER: parameters,
        CONSTANT: graph.numbers.tolist(),
    }
    floor = _TINY if eps == EPS else float(np.finfo(np.float32).smallest_subnormal)
    forward = _Forward(graph, leaves, eps, floor)
    result = int(graph.outputs[0])
    count = len(forward.data)
    # The sum of the sizes of all paths to each node, the room of its adjoint, and its uses.
    size, off, uses = ([0.0] * count for _ in range(3))
    size[result] = 1.0
    slopes: dict[Leaf, float] = {}
    sizes: dict[Leaf, float] = {}
    for i in range(count - 1, -1, -1):
        code, place, operands = forward.listed[i]
        off[i] += (uses[i] + 2.0) * eps * size[i] + floor
        if code < 0:
            slopes[code, place], sizes[code, place] = off[i], size[i]
        elif uses[i] or i == result:
            for x, p, dp in _partials(forward, forward.rows[code], i, operands):
                size[x] += size[i] * abs(p) if size[i] else 0.0
                uses[x] += 1.0
                part = (size[i] + off[i]) * dp if dp else 0.0
                off[x] += (off[i] * abs(p) if p else 0.0) + part
    return Room(forward.room[result], slopes, sizes)


def _partials(
    forward: _Forward, row: Primitive, i: int, operands: list[int]
) -> list[tuple[int, float, float]]:
    """Return each operand with its partial and the room of that."""
    taken = [forward.data[x] for x in operands]
    z = forward.data[i]
    with np.errstate(all="ignore"):
        here = [float(p) for p in row.partials(z, *taken)]
        reach = [_APART * forward.eps * abs(p) + forward.floor if p else 0.0 for p in here]
        for k, x in forward.moved(row, operands):
            there: list[Any] = [*taken[:k], x, *taken[k + 1 :]]
            moved = row.partials(row.function(*there), *there)
            for n, (p, q) in enumerate(zip(here, moved, strict=True)):
                reach[n] += _gap(float(q), p)
        by = forward.room[i] + forward.eps * abs(z)
        for result in (z - by, z + by):
            for n, (p, q) in enumerate(zip(here, row.partials(result, *taken), strict=True)):
                reach[n] += _gap(float(q), p)
    return list(zip(operands, here, reach, strict=True))
