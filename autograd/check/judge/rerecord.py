"""Whether a function is, around a point, the graph that was recorded there.

A graph tells nothing of an `if` on data, of a number that was read out of a Value, or of chance.
So the function is recorded again at the same point and a little to each side, and the graphs are
compared: other rows mean a branch, other constants a number that did not go through the graph.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from autograd.check.judge.analytic import direction
from autograd.check.judge.examine import Examination
from autograd.check.oracles import differences
from autograd.check.oracles.estimate import Estimate, troubled
from autograd.check.oracles.tape import Tape
from autograd.check.target import Subject, result_of
from autograd.engine.value import Value

# Steps as shares of the scale: a branch between the first and the last is no branch at the point.
LEVELS = (2.0**-20, 2.0**-36, 2.0**-50)


@dataclass(frozen=True, slots=True)
class Difference:
    """How a function near a point is not the graph recorded there.

    Attributes:
        kind: "chance", "branch", "severed" or "custom".
        reason: a sentence.
    """

    kind: str
    reason: str


def examined(subject: Subject, point: Sequence[float], highest: int) -> Examination:
    """Record a subject at a point and ask for its derivatives up to an order."""
    with subject.at(point) as (z, leaves):
        return Examination(result_of(z), leaves, highest, subject.names)


def taped(subject: Subject, point: Sequence[float]) -> Tape | None:
    """Record a subject at a point; None if it gives a plain number or raises there."""
    try:
        with subject.at(point) as (z, leaves):
            found = result_of(z)
            return Tape([found], leaves) if isinstance(found, Value) else None
    except (ArithmeticError, ValueError):
        return None


def value_at(subject: Subject, point: Sequence[float]) -> float:
    """Return the subject's value at a point; nan if it raises there."""
    try:
        with subject.at(point) as (z, _):
            found = result_of(z)
            return found.data if isinstance(found, Value) else found
    except (ArithmeticError, ValueError):
        return float("nan")


def steps(point: Sequence[float], level: float) -> list[float]:
    """Return how far to step along each input: a share of its size, or of the largest at 0.

    >>> steps([2.0, 0.0], 0.5)
    [1.0, 1.0]
    """
    largest = max((abs(x) for x in point), default=0.0) or 1.0
    return [level * (abs(x) or largest) for x in point]


def around(point: Sequence[float], level: float) -> tuple[list[float], list[float]]:
    """Return two points, one to each side along the fixed direction through all inputs."""
    moves = [h * v for h, v in zip(steps(point, level), direction(len(point)), strict=True)]
    return (
        [x + h for x, h in zip(point, moves, strict=True)],
        [x - h for x, h in zip(point, moves, strict=True)],
    )


def compare(here: Tape | None, there: Tape | None) -> str:
    """Return "same", "constants" or "shape", for how two recordings of a function differ."""
    if here is None or there is None:
        return "same" if here is there else "shape"
    if not here.same_shape(there):
        return "shape"
    return "same" if here.same_constants(there) else "constants"


def investigate(subject: Subject, here: Tape | None) -> dict[int, Difference]:
    """Return the inputs along which the function is not the graph recorded, and how.

    Args:
        subject: the function under check.
        here: its recording at its point.
    """
    if here is not None and (name := here.custom()):
        reason = f"{name} is a custom node without a rule: the function's values were asked"
        return dict.fromkeys(range(len(subject.point)), Difference("custom", reason))
    again = taped(subject, subject.point)
    if compare(here, again) != "same" or (here is None and _wavers(subject)):
        chance = Difference("chance", "the function gives another graph at the same inputs")
        return dict.fromkeys(range(len(subject.point)), chance)
    sides = [taped(subject, at) for at in around(subject.point, LEVELS[0])]
    if here is not None and all(compare(here, side) == "same" for side in sides):
        return {}
    found: dict[int, Difference] = {}
    for i in range(len(subject.point)):
        difference = _along(subject, here, i)
        if difference is not None:
            found[i] = difference
    return found


def _wavers(subject: Subject) -> bool:
    first, second = value_at(subject, subject.point), value_at(subject, subject.point)
    return first != second and (first == first or second == second)


def _along(subject: Subject, here: Tape | None, i: int) -> Difference | None:
    """Return how the function differs from its recording along one input, at every step."""
    if here is None:
        return Difference("severed", "the function returns a plain number: no graph leads to it")
    last: list[str] = []
    there: Tape | None = None
    for level in LEVELS:
        tapes = [taped(subject, moved(subject.point, i, s * level)) for s in (1.0, -1.0)]
        last = [compare(here, tape) for tape in tapes]
        if last == ["same", "same"]:
            return None
        there = tapes[0] if last[0] != "same" else tapes[1]
    if last == ["constants", "constants"] and there is not None:
        place = here.changed_constant(there)
        user = here.user_of(place) if place is not None else "the graph"
        name = subject.names[i]
        return Difference(
            "severed",
            f"an operand of {user} changes with {name} but is no part of the graph: "
            f"was {name}.data, detach() or a plain float used?",
        )
    return Difference("branch", f"a branch on data at {subject.names[i]} = {subject.point[i]:.9g}")


def moved(point: Sequence[float], i: int, share: float) -> list[float]:
    """Return a point moved along one input by a share of its scale."""
    there = list(point)
    there[i] += share * steps(point, 1.0)[i]
    return there


def slope_of(subject: Subject, i: int) -> Estimate:
    """Return the slope of a subject along one input from its values alone."""

    def along(x: float) -> float:
        there = list(subject.point)
        there[i] = x
        return value_at(subject, there)

    try:
        return differences.richardson(along, subject.point[i])
    except (ArithmeticError, ValueError):
        return troubled(differences.ORACLE, "the function raises nearby")
