"""How far rounding may carry a program's result and its slopes: a bound from the very graph.

Numbers are given the room that `benchmarks.campaign.rooms` finds for them, adjoints likewise: what
the roundings of a row's operands make of its partials is found by moving the operands.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import Value
from autograd.check.strategies import RandomProgram
from autograd.compile.graph.graph import CONSTANT, INPUT, PARAMETER, Graph
from autograd.compile.tracing.trace import trace
from autograd.engine.primitives import Primitive
from benchmarks.campaign.rooms import APART, EPS, TINY, Rooms, gap

# The kind of a leaf, and its place.
Leaf = tuple[int, int]


@dataclass(frozen=True)
class Room:
    """How far each number of a graph may lie from the eager one.

    Attributes:
        value: of the output.
        slopes: of its derivatives, by the kind and the place of the leaf.
        sizes: of these, the sum of the magnitudes of all paths.
        everywhere: what holds of every node.
    """

    value: float
    slopes: dict[Leaf, float]
    sizes: dict[Leaf, float]
    everywhere: "Everywhere"


@dataclass(frozen=True)
class Everywhere:
    """How far the numbers of every node, and of every use of one, may lie from the eager ones.

    Attributes:
        values: of each node.
        adjoints: of the derivative of the output by each node.
        partials: of each local derivative, by the node and the place among its operands.
        parts: of each contribution, likewise.
    """

    values: list[float]
    adjoints: list[float]
    partials: dict[tuple[int, int], float]
    parts: dict[tuple[int, int], float]


def _forward(
    graph: Graph, leaves: dict[int, Sequence[float]], eps: float, tiny: float
) -> tuple[Rooms, list[tuple[int, int, list[int]]]]:
    """Return the numbers of a graph with their room, and its nodes as they are listed."""
    # A compiled formula may round its operands once more.
    rooms, listed = Rooms(eps, tiny, again=1.0), list(graph.nodes())
    for code, place, operands in listed:
        if code < 0:
            x = leaves[code][place]
            rooms.leaf(x, 0.5 * eps * abs(x) + tiny if eps > EPS else 0.0)
        else:
            row = graph.rows[code]
            rooms.node(row, row.function(*[rooms.data[x] for x in operands]), operands)
    return rooms, listed


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
    tiny = TINY if eps == EPS else float(np.finfo(np.float32).smallest_subnormal)
    rooms, listed = _forward(graph, leaves, eps, tiny)
    result = int(graph.outputs[0])
    count = len(listed)
    # The sum of the sizes of all paths to each node, the room of its adjoint, and its uses.
    size, off, uses = ([0.0] * count for _ in range(3))
    size[result] = 1.0
    slopes: dict[Leaf, float] = {}
    sizes: dict[Leaf, float] = {}
    local: dict[tuple[int, int], float] = {}
    parts: dict[tuple[int, int], float] = {}
    for i in range(count - 1, -1, -1):
        code, place, operands = listed[i]
        off[i] += (uses[i] + 2.0) * eps * size[i] + tiny
        if code < 0:
            bound = math.inf if math.isnan(off[i]) else off[i]
            slopes[code, place], sizes[code, place] = bound, size[i]
        elif uses[i] or i == result:
            found = _partials(rooms, graph.rows[code], i, operands)
            for k, (x, p, dp) in enumerate(found):
                size[x] += size[i] * abs(p) if size[i] else 0.0
                uses[x] += 1.0
                part = (size[i] + off[i]) * dp if dp else 0.0
                local[i, k], parts[i, k] = dp, (off[i] * abs(p) if p else 0.0) + part
                off[x] += parts[i, k]
    everywhere = Everywhere(rooms.room, off, local, parts)
    return Room(rooms.room[result], slopes, sizes, everywhere)


def agree(found: float, wanted: Value | float, room: float) -> bool:
    """Whether two numbers are the same special number, or no further apart than there is room."""
    data = wanted.data if isinstance(wanted, Value) else wanted
    if math.isfinite(found) and math.isfinite(data):
        return not abs(found - data) > room
    return found == data or (found != found and data != data) or not math.isfinite(room)


def apart(
    program: RandomProgram, columns: Sequence[Any], found: Sequence[Any], text: Sequence[Any]
) -> list[str]:
    """Return where two ways to run a program over samples differ by more than roundings.

    Args:
        program: what was run.
        columns: the samples, one array for each input.
        found: the values and each input's slopes, one number for each sample.
        text: the same, by its text, which cannot run again with care: where its value is not a
            number, the product of that and 0 is none either.
    """
    count = len(columns)
    graph = trace(program, [()] * count)
    wrong = []
    for k, point in enumerate(np.transpose(columns).tolist()):
        allowed = room(graph, point)
        offs = [allowed.value, *[allowed.slopes[INPUT, i] for i in range(count)]]
        for name, one, other, off in zip(range(-1, count), found, text, offs, strict=True):
            careful = name >= 0 and math.isnan(text[0][k])
            # Either way is as far as that from the eager number.
            if not careful and not agree(float(one[k]), float(other[k]), 2.0 * off):
                wrong.append(f"sample {k}, input {name}: {one[k]!r}, {other[k]!r}, by {off:.1e}")
    return wrong


def _partials(
    rooms: Rooms, row: Primitive, i: int, operands: list[int]
) -> list[tuple[int, float, float]]:
    """Return each operand with its partial and the room of that."""
    taken = [rooms.data[x] for x in operands]
    z = rooms.data[i]
    with np.errstate(all="ignore"):
        here = [float(p) for p in row.partials(z, *taken)]
        reach = [APART * rooms.eps * abs(p) + rooms.tiny if p else 0.0 for p in here]
        for k, x in rooms.moved(row, operands):
            there: list[Any] = [*taken[:k], x, *taken[k + 1 :]]
            moved = row.partials(row.function(*there), *there)
            for n, (p, q) in enumerate(zip(here, moved, strict=True)):
                reach[n] += gap(float(q), p)
        by = rooms.room[i] + rooms.eps * abs(z)
        for result in (z - by, z + by):
            for n, (p, q) in enumerate(zip(here, row.partials(result, *taken), strict=True)):
                reach[n] += gap(float(q), p)
    return list(zip(operands, here, reach, strict=True))
