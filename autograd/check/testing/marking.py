"""Exercises that mark themselves: a learner's answer against the engine's, which stays hidden.

An answer is a function whose body is `...` until the learner writes it. The right one is computed
when it is asked for, so nothing that holds the exercise holds the answer. For every mark there is
one sentence that says how far off an answer is, and not what it should have been. What is wrong
with the exercise itself is no mark: it is raised, and says that the answer is not to blame.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, cast

import numpy as np

from autograd.check.against import check_against
from autograd.check.judge.report import Judged, Outcome, Report
from autograd.check.target import FunctionSubject, argument_names, flatten
from autograd.engine.value import Value
from autograd.transforms.trees import flat

Function = Callable[..., Any]


class ExerciseError(ValueError):
    """The exercise is at fault and not the answer: its reference fails, or its call of `mark_...`.

    >>> try:
    ...     mark_value(lambda x: 1.0 / x, lambda x: 2.0, [0.0])
    ... except ExerciseError as error:
    ...     print(error)
    the exercise is at fault, not your answer: its reference raises ZeroDivisionError at x = 0: ...
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the exercise is at fault, not your answer: {reason}")


class Mark(Judged, StrEnum):
    """What can be said of an answer."""

    OPEN = "not answered yet"
    RIGHT = "right"
    WRONG = "not right yet"

    @property
    def ok(self) -> bool:
        """Whether the answer is right."""
        return self is Mark.RIGHT


@dataclass(frozen=True, slots=True)
class Marking(Judged):
    """A mark and its reason; it shows itself as one sentence, and its truth is its `ok`.

    Attributes:
        mark: right, not right yet, or not answered yet.
        reason: why, in a few words; "" where there is nothing to add.
    """

    mark: Mark
    reason: str

    @property
    def ok(self) -> bool:
        """Whether the answer is right."""
        return self.mark.ok

    def raise_unless_right(self) -> Self:
        """Return the marking if the answer is right.

        Raises:
            AssertionError: with the sentence, if it is not right or not there yet.
        """
        if not self.ok:
            raise AssertionError(str(self))
        return self

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
        ExerciseError: a ValueError, if there are no points, or the gradient can be judged at none
            of them, or f fails at one of them.
        TypeError: if f or the answer is no function, or a point is no list of arguments.

    >>> cube = lambda x: x**3
    >>> mark_gradient(cube, lambda x: ..., [2.0])
    not answered yet: write your answer in place of the three dots
    >>> mark_gradient(cube, lambda x: 3 * x**2, [2.0], [-1.0])
    right: at all 2 points
    >>> mark_gradient(cube, lambda x: x**2, [2.0], [-1.0])
    not right yet: at x = 2, df/dx is larger than your 4
    """
    _require("mark_gradient", f, answer, points)
    if not points:
        raise ExerciseError(
            "it gives no point, write at least one point: mark_gradient(f, a, [1.0])"
        )
    judged, told, unknown = 0, 0, None
    for point in points:
        found, trouble = _answered(answer, point)
        if trouble is not None and trouble.mark is Mark.OPEN:
            return trouble
        size = len(flat(list(point)))
        claims, miscounted = _claims(answer, point, found, size)
        if trouble is None:
            trouble = miscounted
        # Asked even where the answer fails: an f that fails there too is why.
        report = _judged(f, answer, point, claims if trouble is None else [0.0] * size)
        if trouble is not None:
            return trouble
        unknown = next(iter(report.unknown), unknown)
        told += not report.unknown
        for verdict in report:
            judged += verdict.outcome is not Outcome.UNKNOWN
            if verdict.outcome is Outcome.WRONG:
                what = verdict.entry or verdict.input
                difference = _difference(what, verdict.analytic, verdict.numeric)
                return Marking(Mark.WRONG, _place(answer, point) + difference)
    if not judged:
        why = f": {unknown.reason}" if unknown is not None else ""
        raise ExerciseError(f"the derivative can be told at none of these points{why}")
    return _right(points, told)


def mark_value(reference: Function, answer: Function, *points: Sequence[Any]) -> Marking:
    """Return the mark of an answer that should give what `reference` gives.

    Numbers may be nested; they agree to nine digits, or to 1e-12 of the largest of them, and nan
    agrees with nan. Words and truth values must be the same.

    Args:
        reference: computes the right answer, from the engine.
        answer: takes the same arguments and returns the answer, or `...`.
        *points: the arguments of one call each; with none, both are called once without any.

    Raises:
        ExerciseError: a ValueError, if the reference raises, returns nothing, or returns one thing
            in one call and another in the next.
        TypeError: if the reference or the answer is no function, or a point is no list of
            arguments.

    >>> from autograd import exp, derivative
    >>> third = derivative(lambda x: exp(2 * x), order=3)
    >>> mark_value(third, lambda x: 8 * exp(2 * x), [0.0], [1.0])
    right: at all 2 points
    >>> mark_value(third, lambda x: -exp(2 * x), [0.0])
    not right yet: at x = 0, it has the other sign than your -1
    >>> mark_value(lambda: 2 * 3, lambda: 6)
    right
    """
    _require("mark_value", reference, answer, points)
    for point in points or [()]:
        found, trouble = _answered(answer, point)
        if trouble is not None and trouble.mark is Mark.OPEN:
            return trouble
        wanted = _wanted(reference, answer, point)
        if trouble is not None:
            return trouble
        given = _parts(found)
        if len(given) != len(wanted):
            counts = f"your answer has {len(given)} part(s), {len(wanted)} expected"
            return Marking(Mark.WRONG, _place(answer, point) + counts)
        size = max([abs(x) for x in wanted if isinstance(x, float)], default=0.0)
        for i, (mine, right) in enumerate(zip(given, wanted, strict=True)):
            if not _agree(mine, right, size):
                what = "it" if len(wanted) == 1 else f"part {i + 1} of {len(wanted)}"
                return Marking(Mark.WRONG, _place(answer, point) + _difference(what, mine, right))
    return _right(points, len(points))


def assert_mark_gradient(f: Function, answer: Function, *points: Sequence[Any]) -> Marking:
    """Return the mark of `mark_gradient`, which is given the same; raise where it is not right.

    Raises:
        AssertionError: with the mark's sentence, if the answer is not right, or not there yet.

    >>> assert_mark_gradient(lambda x: x**3, lambda x: 3 * x**2, [2.0]).ok
    True
    """
    return mark_gradient(f, answer, *points).raise_unless_right()


def assert_mark_value(reference: Function, answer: Function, *points: Sequence[Any]) -> Marking:
    """Return the mark of `mark_value` as `assert_mark_gradient` does that of `mark_gradient`.

    Raises:
        AssertionError: with the mark's sentence, if the answer is not right, or not there yet.

    >>> assert_mark_value(lambda: 2 * 3, lambda: 6).ok
    True
    """
    return mark_value(reference, answer, *points).raise_unless_right()


def _right(points: Sequence[Any], told: int) -> Marking:
    if not points:
        return Marking(Mark.RIGHT, "")
    if told < len(points):
        where = f"at {told} of {len(points)} points; it cannot be told wholly at the others"
        return Marking(Mark.RIGHT, where)
    where = "at the point tried" if len(points) == 1 else f"at all {len(points)} points"
    return Marking(Mark.RIGHT, where)


def _require(caller: str, reference: Any, answer: Any, points: Sequence[Any]) -> None:
    """Refuse what the call of a mark gets wrong, before anything runs."""
    for given in (reference, answer):
        if not callable(given):
            raise TypeError(
                f"{caller} takes two functions and then points, got {given!r:.60}: "
                f"write {caller}(f, answer, [1.0, 2.0])"
            )
    for point in points:
        given: Any = point
        listed = given.ndim > 0 if isinstance(given, np.ndarray) else isinstance(given, Sequence)
        if isinstance(point, str | bytes) or not listed:
            raise TypeError(
                f"a point is a list of the arguments of one call, got {point!r:.60}: "
                f"write [{point!r:.60}]"
            )


def _answered(answer: Function, point: Sequence[Any]) -> tuple[Any, Marking | None]:
    """Return what an answer gives at a point, or the mark that it has without being compared."""
    if not _takes(answer, len(point)):
        reason = f"{_called(answer)}{inspect.signature(answer)} does not take the {len(point)} "
        return None, Marking(Mark.WRONG, reason + "argument(s) that it is tried with")
    try:
        found = answer(*point)
    except Exception as error:  # a learner's function may fail in any way
        reason = f"{_place(answer, point)}{_raised(error)}"
        return None, Marking(Mark.WRONG, reason)
    if found is None:
        return None, Marking(Mark.WRONG, "your function returns nothing: end it with return")
    if any(x is ... for x in flat(found)):
        return None, Marking(Mark.OPEN, "write your answer in place of the three dots")
    return found, None


def _takes(function: Function, count: int) -> bool:
    """Whether a function can be called with `count` arguments; where it does not tell, yes."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        pass
    return True


def _raised(error: Exception) -> str:
    """Say which function raised an error: the answer, or one that the exercise wraps around it."""
    name, trace = "it", error.__traceback__
    while trace is not None:
        code, module = trace.tb_frame.f_code, trace.tb_frame.f_globals.get("__name__", "")
        # The innermost that is neither this library's nor reached through it.
        if trace is not error.__traceback__:
            if module.partition(".")[0] in ("autograd", "nn"):
                break
            name = "a lambda" if code.co_name == "<lambda>" else code.co_name
        trace = trace.tb_next
    return f"{name} raised {type(error).__name__}: {error}"


def _called(function: Function) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return "lambda" if name == "<lambda>" else name


def _claims(
    answer: Function, point: Sequence[Any], found: Any, size: int
) -> tuple[list[float], Marking | None]:
    """Return the numbers of an answer, or the mark it has where they are none or too few."""
    if found is None:
        return [], None
    try:
        claims = [x for _, x in flatten(found)]
    except (TypeError, ValueError, OverflowError) as error:
        return [], Marking(Mark.WRONG, f"{_place(answer, point)}{error}")
    if len(claims) == size:
        return claims, None
    reason = f"your answer has {len(claims)} number(s), one for each of {size} is expected"
    return [], Marking(Mark.WRONG, _place(answer, point) + reason)


def _judged(f: Function, answer: Function, point: Sequence[Any], claims: Sequence[float]) -> Report:
    """Return the report on a gradient; whatever fails then is f's, and so the exercise's."""
    try:
        subject = FunctionSubject(f, point)
        first, second = subject.value(subject.point), subject.value(subject.point)
        report = check_against(f, _constant(claims), *point)
    except Exception as error:  # a teacher's function may fail in any way, too
        reason = f"its function raises {type(error).__name__} {_at(answer, point)}: {error}"
        raise ExerciseError(reason) from error
    if not math.isfinite(first):
        raise ExerciseError(f"its function is {first} {_at(answer, point)}")
    if first != second:
        raise ExerciseError(f"its function {_WAVERS} {_at(answer, point)}: {_PASS_IN}")
    return report


_WAVERS = "gives one answer and then another"
_PASS_IN = "draw random numbers outside and pass them in"


def _wanted(reference: Function, answer: Function, point: Sequence[Any]) -> list[Any]:
    """Return the parts of the right answer."""
    try:
        wanted, again = _parts(reference(*point)), _parts(reference(*point))
    except Exception as error:  # a teacher's function may fail in any way, too
        reason = f"its reference raises {type(error).__name__} {_at(answer, point)}: {error}"
        raise ExerciseError(reason) from error
    if not wanted or any(x is None or x is ... for x in wanted):
        raise ExerciseError(f"its reference returns nothing {_at(answer, point)}")
    size = max([abs(x) for x in wanted if isinstance(x, float)], default=0.0)
    if len(wanted) != len(again) or not all(map(_agree, wanted, again, [size] * len(wanted))):
        raise ExerciseError(f"its reference {_WAVERS} {_at(answer, point)}: {_PASS_IN}")
    return wanted


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
        if math.isnan(mine) or math.isnan(right):
            return math.isnan(mine) and math.isnan(right)
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
    return f"{_at(answer, point)}, " if point else ""


def _at(answer: Function, point: Sequence[Any]) -> str:
    names = argument_names(answer, len(point))
    shown = [f"{name} = {_short(x)}" for name, x in zip(names, point, strict=True)]
    return f"at {', '.join(shown)}" if shown else "when called"


def _short(x: Any) -> str:
    if isinstance(x, float | int):
        return f"{x:g}"
    if isinstance(x, list | tuple):
        inside = ", ".join(map(_short, cast(Any, x)))
        return f"[{inside}]"
    return repr(x)
