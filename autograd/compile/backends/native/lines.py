"""A graph as C: straight-line text where its nodes differ, loops where blocks of them repeat.

Every node that is used outside its block has a place in one array, `t[node]`, so that what a loop
reads moves on evenly with it; the others are local, and mostly in registers. The text is cut into
functions of some hundred lines, since a compiler's time grows faster than the length of one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd.compile.backends.native.bound import HEAD, TAKEN
from autograd.compile.backends.native.spelling import C, is_spelt
from autograd.compile.graph.graph import CONSTANT, INPUT, PARAMETER, Graph, Ints
from autograd.compile.graph.periods import Nodes, Segment, nodes_of, pieces, segments
from autograd.compile.graph.straight import straight
from autograd.compile.tracing.composed import composed

# Lines of one function.
_LINES = 800


@dataclass(frozen=True, slots=True)
class NativeLines:
    """The functions that compute a graph for samples side by side.

    Attributes:
        text: of the functions.
        calls: the calls of them, in order; each takes the parameters, the inputs, the places and
            the number of samples.
        rows: the names of the rows whose functions they call.
        places: how many places there are.
        outputs: the places of the outputs.
        count: how many lines the compiler has to work on.
        missing: the names of rows that have no function in C; if any, there is no text.
    """

    text: str
    calls: tuple[str, ...]
    rows: frozenset[str]
    places: int
    outputs: Ints
    count: int
    missing: tuple[str, ...] = ()


def lines_of(graph: Graph) -> NativeLines:
    """Return the functions that compute a graph.

    >>> from autograd.compile.tracing.trace import trace
    >>> def f(x):
    ...     for _ in range(50):
    ...         x = x * 0.5 + x.tanh()
    ...     return x
    >>> print(lines_of(trace(f, [()])).text.strip())
    static void piece_0(const R *theta, const V *x, ... const R share) {
      {
        t[0] = x[0] * all(0.5);
        t[1] = row_tanh(x[0], m);
      }
      for (long i = 0; i < 49; i++) {
        const V v2 = t[0 + 3 * i] + t[1 + 3 * i];
        t[3 + 3 * i] = v2 * all(0.5);
        t[4 + 3 * i] = row_tanh(v2, m);
      }
      {
        t[149] = t[147] + t[148];
      }
    }
    """
    made = composed(graph, is_spelt)
    if made.missing:
        empty = np.zeros(0, dtype=np.int64)
        return NativeLines("", (), frozenset(), 0, empty, 0, made.missing)
    return _Writer(made.graph).written()


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes: Nodes = nodes_of(graph)
        self._listed = [n for n in graph.nodes() if n[0] >= 0]
        self._rows: set[str] = set()
        self._tables: list[str] = []
        self._numbers: list[float] = []
        self._groups = pieces(segments(self._nodes), _LINES)
        self._stored = self._used_elsewhere()

    def written(self) -> NativeLines:
        texts: list[str] = []
        count = 0
        for i, group in enumerate(self._groups):
            body: list[str] = []
            for segment in group:
                body += self._block(segment)
            count += len(body)
            texts.append("\n".join([f"static void piece_{i}{HEAD} {{", *body, "}"]))
        outputs, leaves = self._outputs()
        if leaves:
            lines = [f"  t[{place}] = {text};" for place, text in leaves.items()]
            texts.append("\n".join([f"static void leaves{HEAD} {{", *lines, "}"]))
            count += len(lines)
        names = [f"piece_{i}" for i in range(len(self._groups))] + ["leaves"] * bool(leaves)
        if self._numbers:
            table = ", ".join([_number(x) for x in self._numbers])
            texts.insert(0, f"static const R numbers[] = {{{table}}};")
        calls = tuple([f"{name}{TAKEN};" for name in names])
        places = len(self._nodes) + len(leaves)
        return NativeLines("\n".join(texts), calls, frozenset(self._rows), places, outputs, count)

    def _outputs(self) -> tuple[Ints, dict[int, str]]:
        """Return the places of the outputs, and the texts of leaves among them by their places."""
        graph, dialect = self._graph, C()
        number = np.cumsum(graph.code >= 0) - 1
        at: list[int] = []
        leaves: dict[int, str] = {}
        known: dict[int, int] = {}
        for node in graph.outputs.tolist():
            if graph.code[node] >= 0:
                at.append(int(number[node]))
                continue
            if node not in known:
                known[node] = len(self._nodes) + len(leaves)
                code, place = int(graph.code[node]), int(graph.place[node])
                leaves[known[node]] = (
                    dialect.number(float(graph.numbers[place]))
                    if code == CONSTANT
                    else _leaf(code, str(place))
                )
            at.append(known[node])
        return np.array(at, dtype=np.int64), leaves

    def _used_elsewhere(self) -> Any:
        """Return which nodes are used outside their own block."""
        nodes = self._nodes
        block = np.zeros(len(nodes), dtype=np.int64)
        at = 0
        for group in self._groups:
            for segment in group:
                block[segment.begin : segment.end] = at + np.repeat(
                    np.arange(segment.times), segment.size
                )
                at += segment.times
        stored = np.zeros(len(nodes), dtype=np.bool_)
        owner = np.repeat(np.arange(len(nodes)), np.diff(nodes.start))
        inner = nodes.kind == 0
        value = nodes.value[inner]
        stored[value[block[value] != block[owner[inner]]]] = True
        number = np.cumsum(self._graph.code >= 0) - 1
        outputs = self._graph.outputs
        stored[number[outputs[self._graph.code[outputs] >= 0]]] = True
        for group in self._groups:
            for s in group:
                if s.times > 1:
                    # What one block of a loop stores, all do.
                    table = stored[s.begin : s.end].reshape(s.times, s.size)
                    table[:] = table.any(axis=0)
        return stored

    def _block(self, segment: Segment) -> list[str]:
        """Return the lines of a segment: a block of straight lines, or a loop over blocks."""
        sub, leaves, kept = self._part(segment)
        dialect = C(leaves)
        lines, outputs = straight(sub, dialect)
        self._rows |= dialect.calls
        step = f" + {segment.size} * i" if segment.times > 1 else ""
        stores = [
            f"t[{segment.begin + k}{step}] = {text};" for k, text in zip(kept, outputs, strict=True)
        ]
        opening = "{" if segment.times == 1 else f"for (long i = 0; i < {segment.times}; i++) {{"
        return [f"  {opening}", *[f"    {line}" for line in [*lines, *stores]], "  }"]

    def _part(self, segment: Segment) -> tuple[Graph, list[str], list[int]]:
        """Return the graph of a block, its leaves being inputs, with the texts of these.

        Also which of its nodes are stored: its outputs.
        """
        begin, end = segment.begin, segment.begin + segment.size
        nodes, graph = self._nodes, self._graph
        texts: list[str] = []
        leaves: dict[str, int] = {}
        constants: dict[int, int] = {}
        code: list[int] = []
        place: list[int] = []
        start: list[int] = [0]
        operands: list[int] = []
        own: dict[int, int] = {}

        def entered(kind: int, at: int) -> int:
            code.append(kind)
            place.append(at)
            start.append(len(operands))
            return len(code) - 1

        def used(flat: int) -> int:
            kind, value = int(nodes.kind[flat]), int(nodes.value[flat])
            step = self._step(segment, flat)
            if kind == 0 and step == segment.size * (segment.times > 1) and begin <= value < end:
                return own[value]
            if kind == CONSTANT and step == 0:
                if value not in constants:
                    constants[value] = entered(CONSTANT, value)
                return constants[value]
            text = self._reference(segment, flat, kind, value, step)
            if text not in leaves:
                leaves[text] = entered(INPUT, len(texts))
                texts.append(text)
            return leaves[text]

        for node in range(begin, end):
            taken = [used(flat) for flat in range(nodes.start[node], nodes.start[node + 1])]
            operands += taken
            own[node] = entered(self._listed[node][0], -1)
        kept = [k for k in range(segment.size) if self._stored[begin + k]]
        sub = replace(
            graph,
            code=np.array(code),
            start=np.array(start),
            operands=np.array(operands, dtype=np.int64),
            place=np.array(place),
            batched=np.ones(len(code), dtype=np.bool_),
            outputs=np.array([own[begin + k] for k in kept], dtype=np.int64),
            labels={},
        )
        return sub, texts, kept

    def _step(self, segment: Segment, flat: int) -> int | None:
        """Return by how much an operand moves on in each block; None for uneven constants."""
        if segment.times == 1:
            return 0
        value, kind = self._nodes.value, int(self._nodes.kind[flat])
        width = int(self._nodes.start[segment.begin + segment.size]) - int(
            self._nodes.start[segment.begin]
        )
        listed = value[flat : flat + width * segment.times : width]
        step = int(listed[1] - listed[0])
        if kind != CONSTANT:
            return step
        numbers = self._graph.numbers[listed]
        return 0 if bool((listed == listed[0]).all() or len(set(map(repr, numbers))) == 1) else None

    def _reference(
        self, segment: Segment, flat: int, kind: int, value: int, step: int | None
    ) -> str:
        if step is None:
            nodes = self._nodes
            width = int(nodes.start[segment.begin + segment.size] - nodes.start[segment.begin])
            listed = nodes.value[flat : flat + width * segment.times : width]
            first = len(self._numbers)
            self._numbers += self._graph.numbers[listed].tolist()
            return f"all(numbers[{first} + i])"
        sign = "-" if step < 0 else "+"
        place = str(value) if not step else f"{value} {sign} {abs(step)} * i"
        return f"t[{place}]" if kind == 0 else _leaf(kind, place)


def _leaf(kind: int, place: str) -> str:
    return f"all(theta[{place}])" if kind == PARAMETER else f"x[{place}]"


def _number(x: float) -> str:
    return C().number(x).removeprefix("all(").removesuffix(")")
