"""Steps of a recurrence found in the table of a graph, or of lines: blocks that are repeated.

A filter of a thousand steps is a thousand blocks of the same rows, each of whose operands moves on
evenly from block to block. They become one loop, so that neither the text nor the time to compile
it grows with the number of steps.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from autograd.compile.graph.graph import CONSTANT, Bools, Graph, Ints, tallied

# Blocks are looked for where so many rows in a row are met again: at the next place, the one after
# it, and further on, since a block may hold many that are alike. So many candidates are tried.
_GRAM, _NEXT, _TRIED = 8, (*range(1, 17), 20, 24, 32, 48, 64), 60
# A loop takes the place of so many blocks and nodes at least.
_BLOCKS, _NODES = 4, 48


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive nodes: `size` from `begin` on, and as many again for each further time.

    >>> Segment(10, 3, 2).end
    16
    """

    begin: int
    size: int
    times: int = 1

    @property
    def end(self) -> int:
        """Behind the last node."""
        return self.begin + self.size * self.times


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes of a graph that are no leaves, by their order among them, with their operands.

    Attributes:
        symbol: what each is made by: a row, and a number of operands.
        start: where each node's operands begin among all, and where the last one's end.
        kind: of each operand: the code of a leaf, or 0 for a node.
        value: of each operand: the place of a leaf, or the number of a node.
    """

    symbol: Ints
    start: Ints
    kind: Ints
    value: Ints

    def __len__(self) -> int:
        return len(self.symbol)


def nodes_of(graph: Graph) -> Nodes:
    """Return the nodes of a graph that are no leaves.

    >>> from autograd.compile.tracing.trace import trace
    >>> nodes_of(trace(lambda x: x * x + 1.0, [()])).value.tolist()
    [0, 0, 0, 0]
    """
    inner = graph.code >= 0
    number = np.cumsum(inner) - 1
    counts = graph.counts[inner]
    start = np.concatenate([[0], np.cumsum(counts)])
    operands = graph.operands
    code = graph.code[operands]
    kind = np.where(code >= 0, 0, code)
    value = np.where(code >= 0, number[operands], graph.place[operands])
    symbol = graph.code[inner].astype(np.int64) * (int(counts.max(initial=0)) + 1) + counts
    return Nodes(symbol, start, kind.astype(np.int64), value.astype(np.int64))


def alike(symbols: Iterable[Hashable]) -> Nodes:
    """Return nodes without operands: those of equal symbols are alike, whatever they read.

    >>> alike("abab").symbol.tolist()
    [0, 1, 0, 1]
    """
    number: dict[Hashable, int] = {}
    found = [number.setdefault(symbol, len(number)) for symbol in symbols]
    none = np.zeros(0, dtype=np.int64)
    symbol = np.array(found, dtype=np.int64)
    return Nodes(symbol, np.zeros(len(found) + 1, np.int64), none, none)


def segments(nodes: Nodes) -> list[Segment]:
    """Return the nodes as segments, in order; blocks that repeat as one of several times.

    >>> from autograd.compile.tracing.trace import trace
    >>> def f(x):
    ...     for _ in range(50):
    ...         x = x * 0.5 + (x * x).tanh()
    ...     return x
    >>> segments(nodes_of(trace(f, [()])))[1]
    Segment(begin=2, size=4, times=49)
    """
    runs = {period: _run(nodes, period) for period in _candidates(nodes.symbol)}
    found: list[Segment] = []
    stack = [(0, len(nodes))]
    while stack:
        low, high = stack.pop()
        best = _best(runs, low, high)
        if best is None:
            if low < high:
                found.append(Segment(low, high - low))
            continue
        found.append(best)
        stack += [(low, best.begin), (best.end, high)]
    return sorted(found, key=lambda segment: segment.begin)


def _best(runs: dict[int, Ints], low: int, high: int) -> Segment | None:
    """Return the blocks that cover most between two nodes, the shortest of those that cover it."""
    best: Segment | None = None
    for period, run in runs.items():
        if high - low < _BLOCKS * period:
            continue
        room = (high - np.arange(low, high)) // period
        times = np.minimum(run[low:high] // period + 2, room)
        i = int(times.argmax())
        n = int(times[i])
        covered = best.size * best.times if best else _NODES - 1
        if n >= _BLOCKS and run[low + i] >= period and n * period > 1.1 * covered:
            best = Segment(low + i, period, n)
    return best


def _candidates(symbol: Ints) -> list[int]:
    """Return periods to try, short ones first: distances at which the same rows are met again."""
    count = len(symbol) - _GRAM + 1
    if count < _NODES:
        return []
    gram = np.zeros(count, dtype=np.uint64)
    for k in range(_GRAM):
        gram = gram * np.uint64(0x9E3779B97F4A7C15) + symbol[k : k + count].astype(np.uint64)
    order = np.argsort(gram, kind="stable")
    met: list[Ints] = []
    for k in _NEXT:
        if k >= count:
            break
        same = gram[order[k:]] == gram[order[:-k]]
        met.append((order[k:] - order[:-k])[same])
    periods, counts = np.unique(np.concatenate(met), return_counts=True)
    most = np.argsort(-counts, kind="stable")[:_TRIED]
    return sorted(periods[most].tolist())


def _run(nodes: Nodes, period: int) -> Ints:
    """Return for each node how many from it on move on evenly by a period."""
    count = len(nodes)
    even = np.zeros(count, dtype=np.bool_)
    if count > 2 * period:
        step, same = _steps(nodes, period)
        owner, further = _further(nodes, period, np.flatnonzero(same[: count - 2 * period]))
        constant = nodes.kind[further[0]] == CONSTANT
        wrong = ~constant & (step[further[0]] != step[further[1]])
        uneven = tallied(owner[wrong], count) > 0
        even[: count - 2 * period] = (
            same[: count - 2 * period] & same[period : count - period] & ~uneven[: -2 * period]
        )
    stops = np.append(np.flatnonzero(~even), count)
    places = np.arange(count)
    return stops[np.searchsorted(stops, places)] - places


def _steps(nodes: Nodes, period: int) -> tuple[Ints, Bools]:
    """Return by how much each operand moves on in a period, and which nodes are alike then."""
    count = len(nodes)
    alike = np.zeros(count, dtype=np.bool_)
    alike[: count - period] = nodes.symbol[: count - period] == nodes.symbol[period:]
    owner, (here, there) = _further(nodes, period, np.flatnonzero(alike))
    step = np.zeros(len(nodes.value), dtype=np.int64)
    step[here] = nodes.value[there] - nodes.value[here]
    other = nodes.kind[here] != nodes.kind[there]
    alike &= tallied(owner[other], count) == 0
    return step, alike


def _further(nodes: Nodes, period: int, which: Ints) -> tuple[Ints, tuple[Ints, Ints]]:
    """Return of some nodes each operand's owner and place, and its place a period further on."""
    counts = (nodes.start[1:] - nodes.start[:-1])[which]
    owner = np.repeat(which, counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    offset = np.arange(len(owner)) - first
    return owner, (nodes.start[owner] + offset, nodes.start[owner + period] + offset)


def pieces(listed: Sequence[Segment], most: int) -> list[list[Segment]]:
    """Return segments in groups of about so many lines: one function of C each.

    >>> [[s.size for s in piece] for piece in pieces([Segment(0, 5), Segment(5, 2, 9)], 4)]
    [[4], [1, 2]]
    """
    found: list[list[Segment]] = [[]]
    lines = 0
    for whole in listed:
        parts = [whole]
        if whole.times == 1:
            cuts = range(whole.begin, whole.end, most)
            parts = [Segment(at, min(most, whole.end - at)) for at in cuts]
        for part in parts:
            if found[-1] and lines + part.size > most:
                found.append([])
                lines = 0
            found[-1].append(part)
            lines += part.size
    return found
