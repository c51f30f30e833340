"""The rows' own partials, as graphs: where every derivative of a compiled program comes from.

A rule runs on placeholders as it runs on numbers, and what it did is a graph like any other, which
the passes simplify. No derivative is written a second time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product as product_of
from typing import Any

import numpy as np

from autograd.compile.graph.graph import CONSTANT, Graph
from autograd.compile.graph.passes import simplified
from autograd.compile.tracing.trace import Tape, on_tape
from autograd.engine.methods import reciprocals, structural_zeros
from autograd.engine.primitive import Primitive, apply, lookup


def partials(row: Primitive, z: Any, operands: Sequence[Any]) -> Sequence[Any]:
    """Return what a row's rule gives for placeholders.

    A rule that cannot run on placeholders (a user's own, made with other functions) is called as a
    whole when the program runs: each of its partials is then a row of its own.

    >>> from autograd.engine.primitive import lookup
    >>> tape = Tape()
    >>> z, x = tape.input(), tape.input()
    >>> (slope,) = partials(lookup("exp"), z, [x])
    >>> slope is z
    True
    """
    try:
        return row.partials(z, *operands)
    except (TypeError, AttributeError, ValueError):
        return [apply(_opaque(row, i, len(operands)), (z, *operands)) for i in range(len(operands))]


def _opaque(row: Primitive, place: int, count: int) -> Primitive:
    """Return a row that calls one partial of a rule; it is not in the table."""

    def slope(z: float, *operands: float) -> float:
        with np.errstate(all="ignore"):
            return float(row.partials(z, *operands)[place])

    def none(z: Any, *operands: Any) -> Any:
        raise NotImplementedError(f"the rule of {row.name} has no derivative of its own")

    return Primitive(f"{row.name}_slope_{place}", slope, none, arity=count + 1)


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

    >>> from autograd.engine.primitive import lookup
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


def leaves_out_poles(graph: Graph) -> bool:
    """Return whether a choice in a graph may leave out what has an infinite slope.

    >>> from autograd.compile.tracing.trace import trace
    >>> from autograd import relu, log
    >>> [leaves_out_poles(trace(f, [()])) for f in (lambda x: log(relu(x)), lambda x: relu(log(x)))]
    [False, True]
    """
    choices, poles = graph.where(lambda row: row.chooses), graph.where(_has_poles)
    return bool(choices.any() and poles[: np.flatnonzero(choices)[-1]].any())


def pulled(row: Primitive, count: int, wanted: Sequence[int], constants: dict[int, float]) -> Rule:
    """Return the rule of a row as a graph.

    Args:
        row: the primitive.
        count: how many operands it has here.
        wanted: the places of the operands to derive by.
        constants: the operands that are known numbers, by place.

    >>> from autograd.engine.primitive import lookup
    >>> print(pulled(lookup("div"), 2, [0], {}).graph)
    n0 = input 0
    n1 = input 3
    n2 = div(n0, n1)
    return n2
    """

    def record(tape: Tape) -> tuple[Graph, tuple[int, ...]]:
        g, z = tape.input(), tape.input()
        operands = [tape.input() for _ in range(count)]
        known = [constants.get(i, x) for i, x in enumerate(operands)]
        slopes = partials(row, z, known)
        zeros = structural_zeros(row)
        places = tuple([i for i in wanted if i not in zeros])
        nodes = [tape.node_of(_passed(row, g, slopes, known, i)) for i in places]
        return tape.graph(nodes), places

    graph, places = on_tape(record, final=True)
    return Rule(simplified(graph), places)


def product(g: Any, partial: Any) -> Any:
    """Return g * partial, without a node for a factor of exactly 1."""
    if partial.__class__ is float and partial == 1.0:
        return g
    if g.__class__ is float and g == 1.0:
        return partial
    return g * partial


def _passed(row: Primitive, g: Any, slopes: Sequence[Any], operands: Sequence[Any], i: int) -> Any:
    """Return what flows to operand i: g * partial, or g / y where the partial is 1 / y.

    The quotient of a subnormal y may be finite where 1 / y is not. Another number's reciprocal is
    one constant for the whole batch, and multiplied by.
    """
    place = reciprocals(row).get(i)
    if place is None or (g.__class__ is float and g == 1.0):
        return product(g, slopes[i])
    y = operands[place]
    if y.__class__ is float and math.isfinite(slopes[i]):
        return product(g, slopes[i])
    return apply(lookup("div"), (g, y))


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

    def record(tape: Tape) -> Graph:
        return _with_gradient(tape, graph, wanted, careful=careful)

    return simplified(on_tape(record, final=True))


def _with_gradient(
    tape: Tape, graph: Graph, wanted: Sequence[tuple[int, int]], *, careful: bool
) -> Graph:
    nodes: list[Any] = []
    between: list[bool] = []
    leaves = set(wanted)
    found: dict[tuple[int, int], int] = {}
    listed = list(graph.nodes())
    for i, (code, place, operands) in enumerate(listed):
        if code == CONSTANT:
            nodes.append(float(graph.numbers[place]))
        elif code < 0:
            nodes.append(tape.new(tape.append(code, place)))
            found[code, place] = i
        else:
            nodes.append(tape.new(tape.node(graph.rows[code], [nodes[x] for x in operands])))
        reached = any(between[x] for x in operands) if operands else (code, place) in leaves
        between.append(reached)
    (result,) = graph.outputs.tolist()
    adjoints: dict[int, Any] = {result: 1.0}
    # Whether something has flowed to a node: 1.0 where it always does, else a number above 0.
    flowed: dict[int, Any] = {result: 1.0}
    where = lookup("where")
    for i in range(result, -1, -1):
        code, _, operands = listed[i]
        if code < 0 or not between[i] or i not in adjoints:
            continue
        g, flow = adjoints.pop(i), flowed.pop(i)
        row = graph.rows[code]
        slopes = partials(row, nodes[i], [nodes[x] for x in operands])
        zeros = structural_zeros(row)
        taken = [nodes[x] for x in operands]
        for k, (x, slope) in enumerate(zip(operands, slopes, strict=True)):
            if not between[x] or k in zeros:
                continue
            known = slope.__class__ is float
            if row.chooses and known and slope == 0.0:
                continue
            part, passed = _passed(row, g, slopes, taken, k), flow
            if careful and row.chooses and not known:
                passed = apply(where, (slope, flow, 0.0))
            if careful and passed.__class__ is not float:
                part = apply(where, (passed, part, 0.0))
            adjoints[x] = adjoints[x] + part if x in adjoints else part
            before = flowed.get(x, passed)
            always = passed.__class__ is float or before.__class__ is float
            flowed[x] = 1.0 if always else before + passed if before is not passed else passed
    slopes = [adjoints.get(found.get(leaf, -1), 0.0) for leaf in wanted]
    return tape.graph([tape.node_of(x) for x in (nodes[result], *slopes)])
