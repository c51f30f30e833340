"""Passes that make a graph smaller and leave its numbers alone: fold, share, prune.

Each takes a graph and returns one. What they replace is exact under IEEE 754, or within an ulp for
small whole powers; nothing here reorders a sum.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.compile.graph.graph import CONSTANT, PARAMETER, Graph, Ints, repeated
from autograd.engine.primitives import TABLE, Primitive
from autograd.transforms.stopped import STOP

# Larger graphs are shared by rounds over all nodes at once, and node by node after so many.
_LARGE, _ROUNDS = 10_000, 6


def prune(graph: Graph) -> Graph:
    """Return the graph without the nodes that no output needs; inputs and parameters too.

    >>> from autograd.compile.tracing.trace import trace
    >>> def f(x, y):
    ...     unused = x * y
    ...     return x + 1.0
    >>> graph = trace(f, [(), ()])
    >>> len(graph), len(prune(graph))
    (5, 3)
    """
    dead = graph.uses == 0
    if not dead.any():
        return graph
    # If only leaves are unused, then nothing else is unneeded: the last of the unneeded nodes has
    # no use.
    if (graph.code[dead] < 0).all():
        return graph.keep(~dead)
    needed = [False] * len(graph)
    stack: list[int] = graph.outputs.tolist()
    for node in stack:
        needed[node] = True
    starts, operands = graph.start.tolist(), graph.operands.tolist()
    while stack:
        node = stack.pop()
        for x in operands[starts[node] : starts[node + 1]]:
            if not needed[x]:
                needed[x] = True
                stack.append(x)
    return graph.keep(np.array(needed, dtype=np.bool_))


def share(graph: Graph) -> Graph:
    """Return the graph with one node for all that compute the same from the same operands.

    The order of the two operands of a row that commutes does not count: its result is the same to
    the bit.

    >>> from autograd.compile.tracing.trace import trace
    >>> graph = trace(lambda x, y: (x * y).exp() + (y * x).exp(), [(), ()])
    >>> graph.census()
    {'input': 2, 'add': 1, 'mul': 2, 'exp': 2}
    >>> share(graph).census()
    {'input': 2, 'add': 1, 'mul': 1, 'exp': 1}
    """
    # The keys of `_twins` hold so many nodes and rows.
    is_large = _LARGE < len(graph) < 2**26 and len(graph.rows) < 2**10
    for _ in range(_ROUNDS if is_large else 0):
        target = _twins(graph)
        if target is None:
            return graph
        graph = graph.keep(target == np.arange(len(graph)), target)
    commutes = _commuting(graph)
    written = [repr(x) for x in graph.numbers.tolist()]
    known: dict[Any, int] = {}
    moved = list(range(len(graph)))
    for i, (code, place, operands) in enumerate(graph.nodes()):
        if code < 0:
            key: Any = (code, written[place] if code == CONSTANT else place)
        else:
            key = tuple([moved[x] for x in operands])
            if code in commutes and key[0] > key[1]:
                key = key[::-1]
            key = (code, key)
        moved[i] = known.setdefault(key, i)
    target = np.array(moved, dtype=np.int64)
    kept = target == np.arange(len(moved))
    return graph if kept.all() else graph.keep(kept, target)


def _commuting(graph: Graph) -> set[int]:
    return {i for i, row in enumerate(graph.rows) if row.commutes}


def _twins(graph: Graph) -> Ints | None:
    """Return for each node the first with the same row and operands; None if all are the first.

    Where sharing finds anything, it finds nodes with the very same operands first, and the nodes
    that use those next. Asking that of all nodes at once takes a tenth of going through them.
    """
    counts, size = graph.counts, len(graph)
    target = np.arange(size)
    long = np.flatnonzero(counts > 2).tolist()
    known: dict[Any, int] = {}
    for i in long:
        target[i] = known.setdefault((int(graph.code[i]), graph.operands_of(i).tobytes()), i)
    some = np.flatnonzero((counts > 0) & (counts <= 2))
    first = graph.operands[graph.start[some]].astype(np.int64)
    last = graph.operands[graph.start[some + 1] - 1].astype(np.int64)
    code = graph.code[some].astype(np.int64)
    swapped = np.isin(code, list(_commuting(graph))) & (first > last)
    first, last = np.where(swapped, last, first), np.where(swapped, first, last)
    # A node's number takes 26 bits, a primitive's 10, and one tells one operand from two.
    keys = (((code * 2 + (counts[some] == 2)) << 26) + first << 26) + last
    order = np.argsort(keys, kind="stable")
    begins = np.concatenate([[True], keys[order][1:] != keys[order][:-1]])[: len(order)]
    if begins.all() and len(known) == len(long):
        return None
    # Stable: the first of those that are alike stands first.
    leader = order[begins][np.cumsum(begins) - 1]
    target[some[order]] = some[leader]
    return target


def fold(graph: Graph) -> Graph:
    """Return the graph with what is made of constants computed, and what changes nothing left out.

    x * 1, x / 1, x - 0 and x**1 are x; x**2, x**3 and x**-1 become products and a reciprocal, and
    a division by a power of two becomes a product. x + 0 stays, for -0.0 + 0.0 is 0.0.

    >>> from autograd import Value
    >>> from autograd.compile.tracing.trace import trace
    >>> print(prune(fold(trace(lambda x: (x * 1.0) ** 2 + Value(2.0) * Value(3.0), [()]))))
    n0 = 6.0
    n1 = input 0
    n2 = square(n1)
    n3 = add(n2, n0)
    return n3
    """
    patch = Patch(graph)
    patch.run()
    return patch.graph()


# What an identity gives: the node that says the same, or the row and operands that do.
Found = tuple[Primitive, list[int]] | int | None
Numbers = list[float | None]


class Patch:
    """Changes to a graph: only nodes beside a constant are looked at, of a million perhaps ten."""

    def __init__(self, graph: Graph) -> None:
        self.old = graph
        self.codes = {row: i for i, row in enumerate(graph.rows)}
        self.moved: dict[int, int] = {}
        self.changed: dict[int, tuple[int, list[int]]] = {}
        self.numbers: dict[int, float] = {}
        self.constants: dict[str, int] = {}
        # Constants of the graph with new users, which may stand before them.
        self.earlier: set[int] = set()
        # New nodes stand after all others until `graph` sorts them in before their first user.
        self.added: list[tuple[float, int, list[int]]] = []
        self.at = 0
        for node in np.flatnonzero(graph.code == CONSTANT).tolist():
            self.numbers[node] = float(graph.numbers[graph.place[node]])
            self.constants.setdefault(repr(self.numbers[node]), node)

    def run(self) -> None:
        """Go through the nodes beside constants, and beside those that become constants."""
        graph = self.old
        constant = graph.code == CONSTANT
        beside = np.unique(graph.owners[constant[graph.operands]])
        negated = np.flatnonzero(graph.made_by(_NEG))
        heap: list[int] = np.union1d(beside, negated).tolist()
        consumers: dict[int, list[int]] | None = None
        # Looking into an array costs ten times what a list does, and making the lists as much as a
        # tenth of the look-ups.
        many = 8 * len(heap) > len(graph)
        codes: list[int] | Ints = graph.code.tolist() if many else graph.code
        starts: list[int] | Ints = graph.start.tolist() if many else graph.start
        operands: list[int] | Ints = graph.operands.tolist() if many else graph.operands
        seen = -1
        while heap:
            self.at = node = heapq.heappop(heap)
            if node == seen:
                continue
            seen = node
            row = graph.rows[int(codes[node])]
            taken = [
                self.moved.get(x, x) for x in map(int, operands[starts[node] : starts[node + 1]])
            ]
            found = self.folded(row, taken)
            if isinstance(found, int):
                self.moved[node] = found
                if found in self.numbers:
                    if consumers is None:
                        consumers = _consumers(graph)
                    for x in consumers.get(node, ()):
                        heapq.heappush(heap, x)
            elif found is not None:
                self.changed[node] = self.code_of(found[0]), found[1]

    def folded(self, row: Primitive, taken: list[int]) -> Found:
        """Return what may stand for a node of `row` with these operands."""
        numbers = [self.numbers.get(x) for x in taken]
        if taken and all(x is not None for x in numbers):
            return self.constant(float(row.function(*numbers)))
        if row.neutral is not None:
            if _same(numbers[1], row.neutral):
                return taken[0]
            if row.commutes and _same(numbers[0], row.neutral):
                return taken[1]
        identity = _IDENTITIES.get(row)
        return identity(self, taken, numbers) if identity is not None else None

    def code_of(self, row: Primitive) -> int:
        """Return the place of a primitive among the rows."""
        return self.codes.setdefault(row, len(self.codes))

    def constant(self, number: float) -> int:
        """Return the node of a constant, a new one if there is none yet."""
        key = repr(number)
        node = self.constants.get(key)
        if node is None:
            node = self.constants[key] = len(self.old) + len(self.added)
            self.numbers[node] = number
            self.added.append((-1.0, CONSTANT, []))
        elif node < len(self.old):
            self.earlier.add(node)
        return node

    def node(self, row: Primitive, operands: list[int]) -> int:
        """Return a new node that stands before the one that is looked at."""
        self.added.append((self.at - 0.5, self.code_of(row), operands))
        return len(self.old) + len(self.added) - 1

    def row_of(self, node: int) -> tuple[Primitive | None, list[int]]:
        """Return the row and the operands of what makes a node; None for leaves and new nodes."""
        if node >= len(self.old) or self.old.code[node] < 0 or node in self.changed:
            return None, []
        given: list[int] = self.old.operands_of(node).tolist()
        operands = [self.moved.get(x, x) for x in given]
        return self.old.rows[int(self.old.code[node])], operands

    def graph(self) -> Graph:
        """Return the graph with all changes made."""
        old = self.old
        if not (self.moved or self.changed):
            return old
        size = len(old)
        total = size + len(self.added)
        target = np.arange(total)
        for node in sorted(self.moved):
            target[node] = target[self.moved[node]]
        # Sorted by rank: constants with new users first, a new node just before the one it is for.
        rank = np.concatenate([np.arange(size, dtype=float), [r for r, _, _ in self.added]])
        rank[[*self.earlier]] = -1.0
        by_rank = np.argsort(rank, kind="stable")
        position = np.empty(total, dtype=np.int64)
        position[by_rank] = np.arange(total)
        code = np.concatenate([old.code, np.array([c for _, c, _ in self.added], dtype=np.int32)])
        counts = np.concatenate([old.counts, [len(x) for _, _, x in self.added]]).astype(np.int64)
        fresh = np.zeros(total, dtype=np.bool_)
        fresh[size:] = True
        for node, (changed, taken) in self.changed.items():
            code[node], counts[node], fresh[node] = changed, len(taken), True
        operands = np.empty(int(counts.sum()), dtype=np.int32)
        start = np.zeros(total + 1, dtype=np.int64)
        np.cumsum(counts[by_rank], out=start[1:])
        kept = repeated(~fresh[by_rank], counts[by_rank])
        # Nodes that were there keep their order among themselves, and so do their operands.
        operands[kept] = old.operands[repeated(~fresh[:size], old.counts)]
        for node in np.flatnonzero(fresh).tolist():
            taken = self.changed[node][1] if node < size else self.added[node - size][2]
            at = start[position[node]]
            operands[at : at + len(taken)] = taken
        place = np.concatenate([old.place, np.full(len(self.added), -1, dtype=np.int32)])
        numbers = [self.numbers[i] for i in range(size, total) if code[i] == CONSTANT]
        place[size:][code[size:] == CONSTANT] = len(old.numbers) + np.arange(len(numbers))
        batched = np.concatenate([old.batched, np.zeros(len(self.added), dtype=np.bool_)])
        for i, (_, _, taken) in enumerate(self.added, size):
            batched[i] = any(batched[x] for x in taken)
        return replace(
            old,
            rows=tuple(self.codes),
            code=code[by_rank],
            start=start,
            operands=position[target[operands]].astype(np.int32),
            place=place[by_rank],
            numbers=np.concatenate([old.numbers, numbers]),
            batched=batched[by_rank],
            outputs=position[target[old.outputs]].astype(np.int32),
            labels={int(position[target[i]]): text for i, text in old.labels.items()},
        )


def _consumers(graph: Graph) -> dict[int, list[int]]:
    """Return which nodes use each node."""
    found: dict[int, list[int]] = {}
    for node, operand in zip(graph.owners.tolist(), graph.operands.tolist(), strict=True):
        found.setdefault(operand, []).append(node)
    return found


Identity = Callable[[Patch, list[int], Numbers], Found]


def _same(x: float | None, n: float) -> bool:
    """Whether x is n: -0.0 == 0.0, but x - -0.0 is x + 0.0, which is not x where x is -0.0."""
    return x == n and repr(x) == repr(n)


def _product(patch: Patch, taken: list[int], numbers: Numbers) -> Found:
    for place in (0, 1):
        if numbers[place] == -1.0:
            return _NEG, [taken[1 - place]]
    return None


def _quotient(patch: Patch, taken: list[int], numbers: Numbers) -> Found:
    x = numbers[1]
    # The reciprocal of a power of two is exact, away from the ends of the floats.
    if x is not None and 1e-300 < abs(x) < 1e300 and abs(np.frexp(x)[0]) == 0.5:
        return _MUL, [taken[0], patch.constant(1.0 / x)]
    return (_RECIPROCAL, [taken[1]]) if numbers[0] == 1.0 else None


def _power(patch: Patch, taken: list[int], numbers: Numbers) -> Found:
    x, n = taken[0], numbers[1]
    if n == 2.0:
        return _SQUARE, [x]
    if n == 3.0:
        return _MUL, [x, patch.node(_SQUARE, [x])]
    return (_RECIPROCAL, [x]) if n == -1.0 else None


def _negation(patch: Patch, taken: list[int], numbers: Numbers) -> Found:
    row, operands = patch.row_of(taken[0])
    return operands[0] if row is _NEG else None


_MUL, _NEG, _RECIPROCAL, _SQUARE = (TABLE[name] for name in ("mul", "neg", "reciprocal", "square"))
# Of rows with a number that leaves the other operand as it is, what other numbers make.
_IDENTITIES: dict[Primitive, Identity] = {
    _MUL: _product,
    TABLE["div"]: _quotient,
    TABLE["power"]: _power,
    _NEG: _negation,
}


def reached(graph: Graph) -> list[int]:
    """Return the parameters that a graph uses, but for those behind a stopped gradient alone."""
    if STOP not in graph.rows:
        return graph.place[graph.code == PARAMETER].tolist()
    listed = list(graph.nodes())
    stack: list[int] = list(dict.fromkeys(graph.outputs.tolist()))
    seen = set(stack)
    for node in stack:
        code, _, operands = listed[node]
        if code < 0 or graph.rows[code] is not STOP:
            fresh = [x for x in dict.fromkeys(operands) if x not in seen]
            seen.update(fresh)
            stack.extend(fresh)
    return [listed[node][1] for node in stack if listed[node][0] == PARAMETER]
