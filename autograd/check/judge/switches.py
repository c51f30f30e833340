"""Rules that are not one graph: those that compute outside it, and those that choose by the data.

A gradient's graph is asked again a little to each side. Where a row's rule makes another one there,
though the function's own graph is the same, two things are told apart: numbers that the graph does
not hold are other ones at every point; a switch, such as `where(1.0 * (x < 1), ...)` or an `if`,
gives one graph on each side and keeps it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.check.judge import rerecord
from autograd.check.judge.examine import Examination
from autograd.check.oracles.tape import Tape
from autograd.check.target import Subject
from autograd.engine.value import Value


@dataclass(frozen=True, slots=True)
class Switch:
    """A rule whose graph is another one on one side of a point, or on both.

    Attributes:
        row: the name of its primitive.
        severed: whether it computes with numbers that its graph does not hold.
        above: the examination a little to one side; None if the function raises there.
        below: that to the other side.
    """

    row: str
    severed: bool
    above: Examination | None
    below: Examination | None


def switched(
    subject: Subject, here: Examination, sides: Sequence[Examination | None], highest: int
) -> Switch | None:
    """Return the rule that makes another graph beside a point than at it, None if there is none.

    Args:
        subject: the function under check.
        here: its examination at its point.
        sides: those to the two sides, `neighbours.LEVELS[0]` away.
        highest: the highest order that is checked.
    """
    if all(side is None or _other_rule(here, side) is None for side in sides):
        return None
    nearer = [
        beside(subject, at, highest) for at in rerecord.around(subject.point, rerecord.LEVELS[1])
    ]
    # A switch further off than this is none of the point's.
    found = [_other_rule(here, side) for side in nearer if side is not None]
    rows = [row for row in found if row is not None]
    if not rows:
        return None
    pairs = [
        (far, near)
        for far, near in zip(sides, nearer, strict=True)
        if far is not None and near is not None
    ]
    severed = bool(pairs) and all(_other_rule(far, near) is not None for far, near in pairs)
    return Switch(rows[0], severed, *nearer)


def beside(subject: Subject, point: Sequence[float], highest: int) -> Examination | None:
    """Return a subject's examination at a point nearby, None if it raises there."""
    try:
        return rerecord.examined(subject, point, highest)
    except (ArithmeticError, ValueError):
        return None


def _alike(here: Examination, there: Examination) -> bool:
    return here.tape.same_shape(there.tape) and here.tape.same_constants(there.tape)


def _other_rule(here: Examination, there: Examination) -> str | None:
    """Return the row whose rule makes another graph at the one point than at the other."""
    first, second = here.graph, there.graph
    if first is None or second is None or rerecord.compare(first, second) != "same":
        return None
    if _alike(here, there):
        return None
    for i, row in enumerate(first.rows):
        if row is None or not first.active[i]:
            continue
        for a, b in zip(_graph_of_rule(first, i), _graph_of_rule(second, i), strict=True):
            if isinstance(a, float) and isinstance(b, float):
                if a != b and not (math.isnan(a) and math.isnan(b)):
                    return row.name
            elif (
                not (isinstance(a, Tape) and isinstance(b, Tape))
                or rerecord.compare(a, b) != "same"
            ):
                return row.name
    return None


def _graph_of_rule(tape: Tape, i: int) -> Sequence[float | Tape]:
    """Return each partial of entry i as its rule makes it from Values: a number or a graph."""
    row = tape.rows[i]
    if row is None:
        return []
    leaves = [Value(x) for x in (*tape.taken(i), tape.data[i])]
    operands: list[Any] = [*leaves[:-1]]
    for k in range(len(operands) - row.constants, len(operands)):
        operands[k] = leaves[k].data
    partials = row.partials(leaves[-1], *operands)
    return [Tape([d], leaves) if isinstance(d, Value) else float(d) for d in partials]
