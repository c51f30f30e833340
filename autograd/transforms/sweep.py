"""The chain rule over any graph, written once: what a node has received flows on to its operands.

The pulls of `backward` are the same rule, compiled, and the checker has its own, to be independent.
Here nodes are whatever the caller has, Values or places in a list, and what flows is floats,
Values, placeholders or anything else with a product and a sum.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

import math
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, NamedTuple, cast

from autograd.engine.backward import data_of, local_partials
from autograd.engine.primitive import Primitive
from autograd.engine.primitives import div
from autograd.engine.symbolic import closed, reciprocals
from autograd.engine.value import Value

# The operation of a node, its operands as they were computed with, and the partials there.
Local = tuple[Primitive, Sequence[Any], Sequence[Any]]


class Edge(NamedTuple):
    """One use of an operand in an operation.

    Attributes:
        position: which of the operands it is.
        operand: the operand, or what stands for it.
        partial: the partial derivative there.
        is_closed: whether nothing flows there, not even 0 * inf: the partial is 0 by its rule, or
            the operand was not chosen.
    """

    position: int
    operand: Any
    partial: Any
    is_closed: bool


def edges(
    row: Primitive, partials: Sequence[Any], operands: Sequence[Any], among: Container[Any]
) -> list[Edge]:
    """Return the uses of those operands that are among some.

    >>> from autograd import lookup
    >>> for edge in edges(lookup("where"), (0.0, 1.0, 0.0), "abc", "ab"):
    ...     print(edge)
    Edge(position=0, operand='a', partial=0.0, is_closed=True)
    Edge(position=1, operand='b', partial=1.0, is_closed=False)
    """
    nothing = closed(row, partials)
    return [Edge(k, x, partials[k], k in nothing) for k, x in enumerate(operands) if x in among]


def local_edges(node: Value, among: Container[Any] | None = None) -> list[Edge]:
    """Return the uses of Values in a node, or of some of them, by numbers.

    Raises:
        StaleGraphError: if an operand was given new data after the node was computed.

    >>> x = Value(3.0)
    >>> local_edges(x**2)
    [Edge(position=0, operand=Value(3.0), partial=6.0, is_closed=False)]
    """
    operands = node.args
    if among is None:
        among = {x for x in operands if isinstance(x, Value)}
    if not any(x in among for x in operands):
        return []
    return edges(cast(Primitive, node.op), local_partials(node), operands, among)


def once_only(row: Primitive) -> str:
    """Return the message on a rule that runs on floats alone, and is to be differentiated."""
    return (
        f"the rule of {row.name} cannot be differentiated again: it calls functions of Python "
        "floats. Write it with + - * and autograd's functions, as div(x, y) and exp(x)"
    )


def local_of(node: Value, operands: Sequence[Any]) -> Local:
    """Return the operation of an interior node with operands and partials as floats."""
    return cast(Primitive, node.op), data_of(operands), local_partials(node)


class _Reciprocal:
    """The factor 1 / y, kept as y: of a subnormal y, g / y may be finite where 1 / y is not."""

    __slots__ = ("inverse", "y")

    def __init__(self, y: Any, inverse: Any) -> None:
        self.y = y
        self.inverse = inverse

    def __rmul__(self, g: Any) -> Any:
        return self.inverse if g.__class__ is float and g == 1.0 else cast(Any, div)(g, self.y)


def _factors(row: Primitive, partials: Sequence[Any], operands: Sequence[Any]) -> list[Any]:
    """Return partials of which no reciprocal overflows; one that is known to be finite stays.

    Another number's reciprocal is one constant for a whole batch, and multiplied by.
    """
    places = reciprocals(row)
    return [
        _Reciprocal(operands[places[k]], partial)
        if k in places and not _is_finite(partial)
        else partial
        for k, partial in enumerate(partials)
    ]


def _is_finite(x: Any) -> bool:
    number = x._number if x.__class__ is Value else x
    return number.__class__ is float and math.isfinite(number)


def times(g: Any, partial: Any) -> Any:
    """Return g * partial, without a node for a factor of exactly 1.

    >>> x = Value(3.0)
    >>> times(1.0, x) is x, times(x, 1.0) is x, times(2.0, x)
    (True, True, Value(6.0))
    """
    if partial.__class__ is float:
        if partial == 1.0:
            return g
    elif partial.__class__ is _Reciprocal:
        return partial.__rmul__(g)
    return partial if g.__class__ is float and g == 1.0 else g * partial


def sweep(
    received: dict[Any, Any],
    nodes: Iterable[Any],
    operands_of: Callable[[Any], Sequence[Any]],
    local_of: Callable[[Any, Sequence[Any]], Local],
    among: Container[Any],
    *,
    kept: Container[Any] = (),
    zero: Any = None,
    product: Callable[[Any, Any], Any] = times,
    note: Callable[[Any, Edge, Any], object] | None = None,
) -> dict[Any, Any]:
    """Hand on what nodes have received to their operands, which add it up: the chain rule.

    Nothing flows from a node that has received nothing, nor along a closed edge, not even 0 * inf.

    Args:
        received: what nodes have received so far, as 1.0 for the result; filled and returned.
        nodes: the nodes that have operands, each after all that use it.
        operands_of: gives the operands of a node, or what stands for them.
        local_of: gives the operation of a node, what its operands stand for and the partials.
        among: the operands that may receive something.
        kept: the nodes whose derivatives are wanted after they have been handed on.
        zero: what a sum begins with; left out, its first term, as a sum of Values is a node.
        product: what flows on, of what was received and a partial.
        note: called after each use of an operand with the node, the edge and what flowed, also for
            nodes that have received nothing, whose edges are closed.

    >>> u, x = Value(4.0), Value(3.0)
    >>> z = u * x
    >>> found = sweep({z: 1.0}, [z], lambda node: node.args, local_of, {u, x})
    >>> found[u], found[x]
    (3.0, 4.0)
    """
    for node in nodes:
        is_reached = node in received
        if is_reached:
            g = received[node] if node in kept else received.pop(node)
        elif note is None:
            continue
        else:
            g = zero
        operands = operands_of(node)
        row, numbers, partials = local_of(node, operands)
        nothing = closed(row, partials)
        factors = _factors(row, partials, numbers) if reciprocals(row) else partials
        for k, x in enumerate(operands):
            if x not in among:
                continue
            part = zero
            if is_reached and k not in nothing:
                part = product(g, factors[k])
                if x in received:
                    received[x] = received[x] + part
                else:
                    received[x] = part if zero is None else zero + part
            if note is not None:
                note(node, Edge(k, x, partials[k], not is_reached or k in nothing), part)
    return received
