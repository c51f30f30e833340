"""The rows' own partials, as graphs: where every derivative of a compiled program comes from.

A rule runs on placeholders as it runs on numbers, and what it did is a graph like any other, which
the passes simplify. No derivative is written a second time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from itertools import product as product_of
from typing import Any

import numpy as np

from autograd.compile.graph.graph import CONSTANT, Graph
from autograd.compile.graph.passes import simplified
from autograd.compile.tracing.derivatives import partials
from autograd.compile.tracing.flow import Flow
from autograd.compile.tracing.recorder import Recorder
from autograd.compile.tracing.trace import on_recorder, replayed
from autograd.engine.primitive import Primitive, apply, lookup
from autograd.transforms.sweep import Local, sweep, times


@dataclass(frozen=True, slots=True)
class Rule:
    """What g * dz/dx is for some operands x of a row.

    Attributes:
        graph: its inputs are g, z and the operands, in this order; an output for each place.
        places: which operands; those whose partial is 0 by the rule are left out.
    """

    graph: Graph
    places: tuple[int, ...]


@cache
def _has_poles(row: Primitive) -> bool:
    """Return whether a partial of a row may be infinite or nan at finite numbers: by trying some.

    >>> from autograd import lookup
    >>> [_has_poles(lookup(name)) for name in ("sqrt", "exp", "div", "tanh", "mul", "dot")]
    [True, True, True, False, False, False]
    """
    for xs in product_of((0.0, 1.0, -1.0, 1e300), repeat=row.arity or 2):
        try:
            slopes = row.partials(row.function(*xs), *xs)
            if not all(map(math.isfinite, slopes)):
                return True
        except (ArithmeticError, TypeError, ValueError):
            return True
    return False


def has_poles(graph: Graph) -> bool:
    """Return whether something in a graph has a slope that may be infinite or nan."""
    return bool(graph.where(_has_poles).any())


def leaves_out_poles(graph: Graph) -> bool:
    """Return whether a choice in a graph may leave out what has an infinite slope.

    >>> from autograd.compile.tracing.trace import trace
    >>> from autograd import relu, log
    >>> [leaves_out_poles(trace(f, [()])) for f in (lambda x: log(relu(x)), lambda x: relu(log(x)))]
    [False, True]
    """
    choices, poles = graph.where(lambda row: row.chooses), graph.where(_has_poles)
    return bool(choices.any() and poles[: np.flatnonzero(choices)[-1]].any())


def pulled(
    row: Primitive,
    count: int,
    wanted: Sequence[int],
    constants: dict[int, float],
    *,
    careful: bool = False,
) -> Rule:
    """Return the rule of a row as a graph.

    Args:
        row: the primitive.
        count: how many operands it has here.
        wanted: the places of the operands to derive by.
        constants: the operands that are known numbers, by place.
        careful: whether what was not chosen here receives 0 even of an infinity or nan.

    >>> from autograd import lookup
    >>> print(pulled(lookup("div"), 2, [0], {}).graph)
    n0 = input 0
    n1 = input 3
    n2 = div(n0, n1)
    return n2
    """

    def record(recorder: Recorder) -> tuple[Graph, tuple[int, ...]]:
        g, z = recorder.input(), recorder.input()
        operands = [recorder.input() for _ in range(count)]
        known = [constants.get(i, x) for i, x in enumerate(operands)]
        local = row, known, partials(row, z, known)
        product = _where_chosen if careful and row.chooses else times
        found = sweep(
            {row: g}, [row], lambda _: range(count), lambda _, __: local, set(wanted),
            product=product,
        )  # fmt: skip
        return recorder.graph([recorder.node_of(slope) for slope in found.values()]), tuple(found)

    graph, places = on_recorder(record, final=True)
    return Rule(simplified(graph), places)


def with_gradient(
    graph: Graph, wanted: Sequence[tuple[int, int]], *, careful: bool = False
) -> Graph:
    """Return the graph that also computes the derivatives of its one output, node by node.

    Args:
        graph: a graph with one output.
        wanted: the leaves to derive by, each as its kind and place.
        careful: whether what a sample did not choose, by `where` or `maximum`, passes nothing on,
            not even 0 * inf; each node then carries whether something has flowed to it.

    Returns:
        A graph whose outputs are the value, then one derivative for each wanted leaf.

    >>> from autograd.compile.tracing.trace import trace
    >>> from autograd.compile.graph.graph import INPUT
    >>> graph = with_gradient(trace(lambda x, y: x * y + x, [(), ()]), [(INPUT, 0), (INPUT, 1)])
    >>> graph.evaluate([3.0, 4.0])
    [15.0, 5.0, 3.0]
    """

    def record(recorder: Recorder) -> Graph:
        return _with_gradient(recorder, graph, wanted, careful=careful)

    return simplified(on_recorder(record, final=True))


class Derivatives:
    """A graph with its derivatives as further outputs, made when first asked for.

    Args:
        graph: a graph with one output.
        groups: the leaves to derive by, those of each gradient.

    Attributes:
        wanted: the leaves of all groups.
        widths: how many there are in each.
    """

    def __init__(self, graph: Graph, groups: Sequence[Sequence[tuple[int, int]]]) -> None:
        self._graph = graph
        self.wanted = list(chain.from_iterable(groups))
        self.widths = [len(leaves) for leaves in groups]

    @cached_property
    def plain(self) -> Graph:
        """The graph for float code and for lanes."""
        return with_gradient(self._graph, self.wanted)

    @cached_property
    def careful(self) -> Graph:
        """The graph in which what a sample did not choose passes nothing on."""
        return with_gradient(self._graph, self.wanted, careful=True)


def _with_gradient(
    recorder: Recorder, graph: Graph, wanted: Sequence[tuple[int, int]], *, careful: bool
) -> Graph:
    nodes, listed = replayed(recorder, graph), list(graph.nodes())
    between: set[int] = set()
    leaves = set(wanted)
    found: dict[tuple[int, int], int] = {}
    for i, (code, place, operands) in enumerate(listed):
        if code < 0 and code != CONSTANT:
            found[code, place] = i
        if not between.isdisjoint(operands) if operands else (code, place) in leaves:
            between.add(i)

    def operands_of(i: int) -> list[int]:
        return listed[i][2]

    def local_of(i: int, operands: Sequence[int]) -> Local:
        row, taken = graph.rows[listed[i][0]], [nodes[x] for x in operands]
        slopes = partials(row, nodes[i], taken)
        return row, taken, masked(row, slopes) if careful else slopes

    (result,) = graph.outputs.tolist()
    inner = [i for i in range(result, -1, -1) if listed[i][0] >= 0 and i in between]
    start, product = (Flow(1.0, 1.0), chosen) if careful else (1.0, times)
    adjoints = sweep({result: start}, inner, operands_of, local_of, between, product=product)
    slopes = [adjoints.get(found.get(leaf, -1), 0.0) for leaf in wanted]
    slopes = [d.g if d.__class__ is Flow else d for d in slopes]
    return recorder.graph([recorder.node_of(x) for x in (nodes[result], *slopes)])


class Masked:
    """A partial that is 0 for samples which did not choose the operand: nothing flows there."""

    __slots__ = ("slope",)

    def __init__(self, slope: Any) -> None:
        self.slope = slope


def masked(row: Primitive, slopes: Sequence[Any]) -> Sequence[Any]:
    """Return the partials of a row, masked where it chooses among its operands."""
    return [d if d.__class__ is float else Masked(d) for d in slopes] if row.chooses else slopes


def _where_chosen(g: Any, partial: Any) -> Any:
    """Return g * partial, and 0 for samples whose partial is 0, as they chose another operand."""
    part = times(g, partial)
    return part if partial.__class__ is float else apply(lookup("where"), (partial, part, 0.0))


def chosen(received: Flow, partial: Any) -> Flow:
    """Return what flows on where samples may have chosen another operand."""
    where, flowed = lookup("where"), received.flowed
    if partial.__class__ is Masked:
        partial = partial.slope
        flowed = apply(where, (partial, flowed, 0.0))
    part = times(received.g, partial)
    if flowed.__class__ is not float:
        part = apply(where, (flowed, part, 0.0))
    return Flow(part, flowed)
