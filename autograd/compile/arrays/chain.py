"""The graph of everything that the chain rule says about a recorded graph, for pages that are live.

`rules.py` makes the graph of a value and of the gradients that are asked for. A reader wants all
numbers, and wants them again whenever a leaf changes: a walk through the graph computes them once,
and here they are a graph. Rules run in the form for floats, not in the shorter one for arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compile.arrays.rules import Masked, chosen, masked
from autograd.compile.graph.graph import Graph
from autograd.compile.graph.passes import simplified
from autograd.compile.tracing.derivatives import partials
from autograd.compile.tracing.flow import Flow
from autograd.compile.tracing.recorder import Recorder
from autograd.compile.tracing.trace import on_recorder, recorded, replayed
from autograd.engine.primitive import Primitive
from autograd.engine.symbolic import Operators
from autograd.engine.value import Value
from autograd.transforms.sweep import Edge, Local, sweep


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain rule over the graph of a Value, as a graph.

    Attributes:
        graph: its parameters are the leaves, in the order of `order(z)`. Its outputs are, one list
            after the other: the value of every Value in that order, the gradient of every Value,
            and of every use of a Value the local derivative, the contribution, and a number that is
            0 where nothing flows.
        uses: the uses in the order in which backward meets them, each as the place of the result
            and which of its operands it is.
    """

    graph: Graph
    uses: tuple[tuple[int, int], ...]

    @property
    def sizes(self) -> dict[str, int]:
        """The lists among the outputs: the name of each, and its length."""
        nodes = len(self.graph.outputs) - 3 * len(self.uses)
        of_nodes, of_uses = ["values", "gradients"], ["partials", "contributions", "flows"]
        return dict.fromkeys(of_nodes, nodes // 2) | dict.fromkeys(of_uses, len(self.uses))


def chain_of(z: Value) -> Chain:
    """Return the chain rule over the graph of a Value.

    Raises:
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> x, y = Value(3.0), Value(4.0)
    >>> chain = chain_of(x * y)
    >>> chain.uses
    ((2, 0), (2, 1))
    >>> chain.graph.evaluate(parameters=[3.0, 4.0])
    [3.0, 4.0, 12.0, 4.0, 3.0, 1.0, 4.0, 3.0, 4.0, 3.0, 1.0, 1.0]
    """
    graph = recorded(z)
    uses: list[tuple[int, int]] = []
    found = on_recorder(lambda recorder: _followed(recorder, graph, uses))
    return Chain(simplified(found), tuple(uses))


def row_graph(row: Primitive, count: int) -> Graph:
    """Return the graph of a row and its partials, of all operands as inputs, constants too.

    >>> from autograd import lookup
    >>> row_graph(lookup("tanh"), 1).census()
    {'input': 1, 'tanh': 1, 'sech_squared': 1}
    """

    def record(recorder: Recorder) -> Graph:
        operands = [_Operand(recorder, recorder.input()) for _ in range(count)]
        z = _Operand.__apply__(row, tuple(operands))
        found = [z, *partials(row, z, operands)]
        return recorder.graph([recorder.node_of(_bare(x)) for x in found])

    return simplified(on_recorder(record))


class _Operand(Operators):
    """A placeholder that may stand in the place of a constant: nobody knows its number yet."""

    __slots__ = ("placeholder", "recorder")

    def __init__(self, recorder: Recorder, placeholder: Any) -> None:
        self.recorder = recorder
        self.placeholder = placeholder

    @staticmethod
    def __apply__(row: Primitive, operands: tuple[Any, ...]) -> _Operand:
        recorder = next(x.recorder for x in operands if isinstance(x, _Operand))
        return _Operand(recorder, recorder.new(recorder.node(row, [*map(_bare, operands)])))


def _bare(x: Any) -> Any:
    return x.placeholder if isinstance(x, _Operand) else x


def _followed(recorder: Recorder, graph: Graph, uses: list[tuple[int, int]]) -> Graph:
    nodes, listed = replayed(recorder, graph), list(graph.nodes())
    values: list[int] = graph.outputs.tolist()
    place = {i: k for k, i in enumerate(values)}
    slopes: list[Any] = []
    parts: list[Flow] = []

    def operands_of(i: int) -> list[int]:
        return listed[i][2]

    def local_of(i: int, operands: Sequence[int]) -> Local:
        row, taken = graph.rows[listed[i][0]], [nodes[x] for x in operands]
        return row, taken, masked(row, partials(row, nodes[i], taken))

    def note(i: int, edge: Edge, part: Flow) -> None:
        uses.append((place[i], edge.position))
        slopes.append(edge.partial.slope if edge.partial.__class__ is Masked else edge.partial)
        parts.append(part)

    zero = _Sum(0.0, 0.0)
    received = sweep(
        {values[-1]: _Sum(1.0, 1.0)},
        [i for i in reversed(values) if listed[i][0] >= 0],
        operands_of,
        local_of,
        place,
        kept=place,
        zero=zero,
        product=_handed_on,
        note=note,
    )
    gradients = [received.get(i, zero).g for i in values]
    numbers = [*[nodes[i] for i in values], *gradients, *slopes]
    numbers += [*[part.g for part in parts], *[part.flowed for part in parts]]
    return recorder.graph([recorder.node_of(x) for x in numbers])


class _Sum(Flow):
    """What a node has received from its uses, added up from 0.0 on: so it is never -0.0."""

    __slots__ = ()

    def __add__(self, other: Flow) -> Flow:
        if isinstance(other, _Sum) and self.flowed.__class__ is float and not self.flowed:
            return other
        found = super().__add__(other)
        return _Sum(found.g, found.flowed)


def _handed_on(received: Flow, partial: Any) -> Flow:
    """Return what flows on; the very sum that was received, where it is handed on as it is."""
    part = chosen(received, partial)
    is_same = part.g is received.g and part.flowed is received.flowed
    return received if is_same else part
