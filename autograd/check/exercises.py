"""Exercises that mark themselves: a learner's answer against the engine's, which stays hidden.

An answer is a function whose body is `...` until the learner writes it. The right one is computed
when it is asked for, so nothing that holds the exercise holds the answer. For every mark there is
one sentence that says how far off an answer is, and not what it should have been.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import numpy as np

from autograd import asked
from autograd.check.gradients import check_against
from autograd.check.report import Outcome
from autograd.check.subject import argument_names
from autograd.nesting import flat
from autograd.value import Value

Function = Callable[..., Any]


class Mark(StrEnum):
    """What can be said of an answer."""

    OPEN = "not answered yet"
    RIGHT = "right"
    WRONG = "not right yet"


@dataclass(frozen=True, slots=True)
class Marking:
    """A mark and its reason; it shows itself as one sentence.

    Attributes:
        mark: right, not right yet, or not answered yet.
        reason: why, in a few words; "" where there is nothing to add.
    """

    mark: Mark
    reason: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.reason}" if self.reason else str(self.mark)

    __repr__ = __str__


def mark_gradient(f: Function, answer: Function, *points: Sequence[Any]) -> Marking:
    """Return the mark of somebody's derivatives of f, by `check_against` at every point.

    Args:
        f: the function to differentiate, of Values or of plain numbers.
        answer: takes f's arguments as numbers and returns the derivative by each of them, or `...`.
        *points: the arguments of one call each.

    Raises:
        ValueError: if there are no points, or the gradient can be judged at none of them.

    >>> cube = lambda x: x**3
    >>> mark_gradient(cube, lambda x: ..., [2.0])
    not answered yet: write your answer in place of the three dots
    >>> mark_gradient(cube, lambda x: 3 * x**2, [2.0], [-1.0])
    right: at all 2 points
    >>> mark_gradient(cube, lambda x: x**2, [2.0], [-1.0])
    not right yet: at x = 2, df/dx is larger than your 4
    """
    asked.function("mark_gradient", f)
    asked.function("mark_gradient", answer, "an answer that is a function")
    points = _lists(points)
    if not points:
        raise ValueError("give at least one point to try the answer at: mark_gradient(f, a, [1.0])")
    judged = 0
    for point in points:
        found, trouble = _answered(answer, point)
        if trouble is not None:
            return trouble
        try:
            report = check_against(f, _constant(found), *point)
        except (TypeError, ValueError) as error:
            return Marking(Mark.WRONG, f"{_place(answer, point)}{error}")
        for verdict in report:
            judged += verdict.outcome is not Outcome.UNKNOWN
            if verdict.outcome is Outcome.WRONG:
                what = verdict.entry or verdict.input
                difference = _difference(what, verdict.analytic, verdict.numeric)
                return Marking(Mark.WRONG, _place(answer, point) + difference)
    if not judged:
        raise ValueError("the derivative can be told at none of these points: choose others")
    return _right(points)


def mark_value(reference: Function, answer: Function, *points: Sequence[Any]) -> Marking:
    """Return the mark of an answer that should give what `reference` gives.

    Numbers may be nested; they agree to nine digits, or to 1e-12 of the largest of them. Words
    and truth values must be the same.

    Args:
        reference: computes the right answer, from the engine.
        answer: takes the same arguments and returns the answer, or `...`.
        *points: the arguments of one call each; with none, both are called once without any.

    >>> from autograd import exp, derivative
    >>> third = derivative(lambda x: exp(2 * x), order=3)
    >>> mark_value(third, lambda x: 8 * exp(2 * x), [0.0], [1.0])
    right: at all 2 points
    >>> mark_value(third, lambda x: -exp(2 * x), [0.0])
    not right yet: at x = 0, it has the other sign than your -1
    >>> mark_value(lambda: 2 * 3, lambda: 6)
    right
    """
    asked.function("mark_value", reference)
    asked.function("mark_value", answer, "an answer that is a function")
    points = _lists(points)
    for point in points or [()]:
        found, trouble = _answered(answer, point)
        if trouble is not None:
            return trouble
        wanted = _parts(reference(*point))
        given = _parts(found)
        if len(given) != len(wanted):
            counts = f"your answer has {len(given)} part(s), {len(wanted)} expected"
            return Marking(Mark.WRONG, _place(answer, point) + counts)
        size = max([abs(x) for x in wanted if isinstance(x, float)], default=0.0)
        for i, (mine, right) in enumerate(zip(given, wanted, strict=True)):
            if not _agree(mine, right, size):
                what = "it" if len(wanted) == 1 else f"part {i + 1} of {len(wanted)}"
                return Marking(Mark.WRONG, _place(answer, point) + _difference(what, mine, right))
    return _right(points)


def _lists(points: Sequence[Any]) -> tuple[list[Any], ...]:
    wanted = "each point as the list of its arguments, such as [1.0]"
    return tuple([asked.iterable("a mark", point, wanted) for point in points])


def _right(points: Sequence[Any]) -> Marking:
    if not points:
        return Marking(Mark.RIGHT, "")
    where = "at the point tried" if len(points) == 1 else f"at all {len(points)} points"
    return Marking(Mark.RIGHT, where)


def _answered(answer: Function, point: Sequence[Any]) -> tuple[Any, Marking | None]:
    """Return what an answer gives at a point, or the mark that it has without being compared."""
    try:
        found = answer(*point)
    except Exception as error:  # a learner's function may fail in any way
        reason = f"{_place(answer, point)}your function raised {type(error).__name__}: {error}"
        return None, Marking(Mark.WRONG, reason)
    if found is None:
        return None, Marking(Mark.WRONG, "your function returns nothing: end it with return")
    if any(x is ... for x in flat(found)):
        return None, Marking(Mark.OPEN, "write your answer in place of the three dots")
    return found, None


def _constant(found: Any) -> Function:
    return lambda *_: found


def _parts(x: Any) -> list[Any]:
    """Return the numbers of a nested answer as floats, and whatever else is in it as it is."""
    return [_part(part) for part in flat(x)]


def _part(x: Any) -> Any:
    if isinstance(x, Value):
        return x.data
    if isinstance(x, np.generic):
        x = cast(Any, x).item()
    if isinstance(x, bool) or not isinstance(x, int | float):
        return x
    try:
        return float(x)
    except OverflowError:  # 2**2000 paths are compared to the last digit
        return x


def _agree(mine: Any, right: Any, size: float) -> bool:
    if isinstance(mine, float) and isinstance(right, float):
        return mine == right or math.isclose(mine, right, rel_tol=1e-9, abs_tol=1e-12 * size)
    return type(mine) is type(right) and bool(mine == right)


def _difference(what: str, mine: Any, right: Any) -> str:
    """Say which way an answer is off, and not what it should have been."""
    if not isinstance(mine, float) or not isinstance(right, float):
        return f"{what} is not {mine!r}"
    if math.isnan(mine) or math.isnan(right):
        return f"{what} is not {mine:.6g}"
    if mine * right < 0.0:
        return f"{what} has the other sign than your {mine:.6g}"
    close = " a little" if abs(mine - right) <= 0.01 * abs(right) else ""
    return f"{what} is{close} {'larger' if right > mine else 'smaller'} than your {mine:.6g}"


def _place(answer: Function, point: Sequence[Any]) -> str:
    """Return the beginning of a sentence about one point."""
    if not point:
        return ""
    names = argument_names(answer, len(point))
    shown = [f"{name} = {_short(x)}" for name, x in zip(names, point, strict=True)]
    return f"at {', '.join(shown)}, "


def _short(x: Any) -> str:
    if isinstance(x, float | int):
        return f"{x:g}"
    if isinstance(x, list | tuple):
        inside = ", ".join(map(_short, cast(Any, x)))
        return f"[{inside}]"
    return repr(x)
