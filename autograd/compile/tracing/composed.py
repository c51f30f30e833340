"""Rows that a language has no spelling for, made of rows that it has.

A user's row may be a function that runs on placeholders as well as on floats: what it does is then
its composition. What it gives must be what the row gives; where that cannot be had, the row is
named, for the program cannot be written.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.compile.graph.graph import Graph
from autograd.compile.graph.passes import simplified
from autograd.compile.tracing.recorder import Recorder
from autograd.compile.tracing.trace import on_recorder, replayed, trace
from autograd.engine.number import made_of
from autograd.engine.primitive import Primitive

Spelt = Callable[[Primitive], bool]

# A composition may use rows that are compositions themselves, and one that never ends is none.
_DEEPEST = 8
# The shares of the intervals of a domain at which a composition is compared with its row.
_SHARES = (0.0, 0.07, 0.31, 0.5, 0.73, 0.94, 1.0)
_CLOSE = 64 * 2.0**-52


@dataclass(frozen=True, slots=True)
class Composed:
    """A graph of rows that have a spelling.

    Attributes:
        graph: the graph, as far as it could be composed.
        missing: the names of the rows that have neither a spelling nor a composition.
    """

    graph: Graph
    missing: tuple[str, ...]


def composed(graph: Graph, is_spelt: Spelt) -> Composed:
    """Return a graph in which rows without a spelling are made of others.

    >>> from autograd import lookup
    >>> cube = Primitive("cube", lambda x: x * x * x, lambda z, x: (3.0 * x * x,))
    >>> graph = trace(lambda x: x.__apply__(cube, (x,)).exp(), [()])
    >>> found = composed(graph, lambda row: row is not cube)
    >>> found.graph.census(), found.missing
    ({'input': 1, 'mul': 2, 'exp': 1}, ())
    """
    for _ in range(_DEEPEST):
        compositions = {
            (row, n): _composition(row, n) for row, n in _used(graph) if not is_spelt(row)
        }
        if not compositions:
            return Composed(graph, ())
        missing = {_named(row): None for (row, _), found in compositions.items() if found is None}
        if missing:
            return Composed(graph, tuple(missing))
        graph = _replaced(graph, compositions)
    return Composed(
        graph, tuple({_named(row): None for row, _ in _used(graph) if not is_spelt(row)})
    )


def _named(row: Primitive) -> str:
    """Return the name of a row, or of the one whose rule it calls as a whole."""
    return getattr(row.function, "rule_of", row).name


def _used(graph: Graph) -> list[tuple[Primitive, int]]:
    """Return the rows that a graph uses, with the numbers of operands they have there."""
    found = {(code, len(operands)): None for code, _, operands in graph.nodes() if code >= 0}
    return [(graph.rows[code], n) for code, n in found]


def _replaced(graph: Graph, compositions: dict[tuple[Primitive, int], Any]) -> Graph:
    """Return a graph with compositions of rows in their place."""

    def record(recorder: Recorder) -> Graph:
        def made(row: Primitive, taken: list[Any]) -> Any:
            function = compositions.get((row, len(taken)))
            return function(*taken) if function else recorder.new(recorder.node(row, taken))

        nodes = replayed(recorder, graph, made)
        return recorder.graph([recorder.node_of(nodes[i]) for i in graph.outputs.tolist()])

    return simplified(on_recorder(record))


def _composition(row: Primitive, count: int) -> Callable[..., Any] | None:
    """Return a function of a row that gives the same numbers and runs on placeholders, if any."""
    for given in (row.function, row.array):
        function = inspect.unwrap(made_of(given))
        try:
            graph = trace(function, [()] * count)
            if all(_agrees(row, graph, share, count) for share in _SHARES):
                return function
        except (TypeError, ValueError, ArithmeticError, AttributeError):
            continue
    return None


def _agrees(row: Primitive, graph: Graph, share: float, count: int) -> bool:
    domain = row.domain if row.arity is not None else row.domain * count
    point = [low + share * (high - low) for low, high in domain]
    with np.errstate(all="ignore"):
        wanted, found = float(row.function(*point)), graph.evaluate(point)[0]
    if math.isfinite(wanted):
        return abs(found - wanted) <= _CLOSE * abs(wanted)
    return found == wanted or (found != found and wanted != wanted)
