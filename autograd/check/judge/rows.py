"""Checks one row of the table by itself: its rule against its functions, over its whole domain.

This is the door that a user's own primitive comes in by: registering one calls `check_row`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.check.judge.report import Outcome, Report, Verdict
from autograd.check.judge.sample import domain_of, sample, within
from autograd.check.oracles import high_precision, row_slope
from autograd.check.oracles.differences import differences
from autograd.check.oracles.estimate import Estimate
from autograd.engine.number import number
from autograd.engine.primitive import NotAFloatError, Point, Primitive, apply, not_a_float
from autograd.engine.value import Value
from autograd.transforms.gradient import gradient_numbers


def check_row(row: Primitive, *, points: int = 24, seed: int = 0) -> Report:
    """Return a report on a row's partials over its declared domain, ends included.

    For each operand that is not a constant there is one verdict: wrong with the first point found
    at which the rule is off, and at how many it is; cannot tell if no point could be judged, else
    right. At kinks nothing is judged, beyond saying whether the value taken lies between the two
    slopes, and whether it is the one that the row declares among its `subgradients`. The value of
    the float function is compared with that of the array function and of the formula (order 0). A
    rule that is right on numbers is run on Values too: where it fails there, or gives a graph whose
    derivative is another function's, one more verdict says so (order 2).

    Args:
        row: the primitive; it need not be in the table.
        points: about how many points to draw.
        seed: of the drawing; the same row and seed give the same report.

    >>> from autograd import lookup
    >>> check_row(lookup("tanh")).ok
    True
    """
    at = [p for p in sample(row, points, seed) if _accepts(row, p)]
    nowhere = _gives_no_float(row, sample(row, points, seed)) if at else None
    if nowhere is not None:
        return Report([nowhere], _title(row))
    if not at:
        return Report([_open("x", _no_value(row, next(sample(row, points, seed))))], _title(row))
    wavering = _wavers(row, at)
    if wavering is not None:
        return Report([wavering], _title(row))
    verdicts = [_check_value(row, at)]
    names: dict[str, list[tuple[Point, int]]] = {}
    declared = {point for point, _ in row.subgradients}
    for point in at:
        for k in range(len(point) - row.constants):
            name = operand_of(row, k)
            # A declared kink may have more operands than any other point; none is judged by it.
            if name in names or point not in declared:
                names.setdefault(name, []).append((point, k))
    with np.errstate(all="ignore"):
        verdicts += [_check_operand(row, name, places) for name, places in names.items()]
        if all(v.ok for v in verdicts):
            verdicts += _wrong_at_kinks(row)
        if all(v.outcome is Outcome.RIGHT for v in verdicts):
            verdicts += _wrong_on_values(row, at)
    return Report(verdicts, _title(row))


def _title(row: Primitive) -> str:
    return f"rule of {row.name}"


def operand_of(row: Primitive, k: int) -> str:
    """Return how reports call an operand."""
    return "xyw"[k] if row.arity is not None and row.arity <= 3 else f"x{k + 1}"


def _open(name: str, reason: str) -> Verdict:
    return Verdict(input=name, order=1, outcome=Outcome.UNKNOWN, reason=reason)


def _wrong(
    row: Primitive,
    name: str,
    order: int,
    reason: str,
    analytic: float = math.nan,
    numeric: float = math.nan,
    bound: float = 0.0,
) -> Verdict:
    """Return the verdict on a row that is at fault itself."""
    return Verdict(
        input=name,
        order=order,
        outcome=Outcome.WRONG,
        analytic=analytic,
        numeric=numeric,
        bound=bound,
        reason=reason,
        primitive=row.name,
    )


def _accepts(row: Primitive, point: Point) -> bool:
    """Whether the row takes this number of operands and has a finite value there."""
    try:
        return math.isfinite(number(row.function(*point)))
    except (TypeError, ValueError, ArithmeticError, IndexError):
        return False


def _gives_no_float(row: Primitive, points: Iterable[Point]) -> Verdict | None:
    """Return a verdict on a row whose function gives a number at one point and none at another."""
    for point in points:
        try:
            z: Any = row.function(*point)
        except NotAFloatError as error:
            reason = str(error)
        except (TypeError, ValueError, ArithmeticError, IndexError):
            # Outside of the function's domain, or not of this number of operands.
            continue
        else:
            try:
                number(z)
                continue
            except OverflowError:
                continue
            except TypeError:
                reason = not_a_float(row.name, z)
        return _wrong(row, "value", 0, f"the function fails at {_shown(row, point)}: {reason}")
    return None


def _no_value(row: Primitive, point: Point) -> str:
    """Return why a row has no finite value in its domain, as its first point shows it."""
    at = _shown(row, point)
    elsewhere = "Give a domain where it has: domain=((low, high),), an interval for each operand"
    try:
        z: Any = row.function(*point)
    except (ValueError, ArithmeticError) as error:
        return (
            f"the function has no finite value in its domain {row.domain}: {at} raises "
            f"{_told(error)}. {elsewhere}"
        )
    except (TypeError, IndexError) as error:
        return f"the function fails at {at}: {_told(error)}"
    if isinstance(z, float | int | np.number):
        return (
            f"the function has no finite value in its domain {row.domain}: {at} is {z}. {elsewhere}"
        )
    return f"the function fails at {at}: {not_a_float(row.name, z)}"


def _told(error: Exception) -> str:
    kind = "" if isinstance(error, NotAFloatError) else f"{type(error).__name__}: "
    return f"{kind}{error}"


def _wavers(row: Primitive, points: Sequence[Point]) -> Verdict | None:
    """Return a verdict on a row that does not give the same number twice, None if it does."""
    for point in points:
        first, second = row.function(*point), row.function(*point)
        if first != second and (first == first or second == second):
            reason = (
                "the function gives different numbers for the same operands, at "
                f"{_shown(row, point)}: a primitive depends on its operands alone; draw random "
                "numbers outside and pass them in"
            )
            return _wrong(row, "value", 0, reason, first, second)
    return None


def _shown(row: Primitive, point: Point) -> str:
    return f"{row.name}({', '.join(f'{x:.9g}' for x in point)})"


def _check_value(row: Primitive, points: Sequence[Point]) -> Verdict:
    """Compare the row's three ways of saying its function."""
    mp = high_precision.context()
    worst: tuple[float, float, float, str] | None = None
    for point in points:
        z = row.function(*point)
        others: list[tuple[str, float]] = []
        with np.errstate(all="ignore"):
            try:
                others.append(("array function", _from_array(row, point)))
            except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
                reason = f"the array function fails at {_shown(row, point)}: {_told(error)}"
                worst = z, math.nan, math.inf, reason
                break
        if mp is not None and row.precise is not None:
            exact = high_precision.evaluate(mp, row, [mp.mpf(x) for x in point])
            others.append(("formula at high precision", float(exact)))
        for name, other in others:
            # Functions of large numbers differ in their last digits; other functions differ more.
            size = max(1e-9 * abs(z), 1e-12 * max(map(abs, point)), 1e-290)
            apart = abs(other - z)
            # What a function cancels, a formula may keep.
            if not (apart <= size or apart <= size + row_slope.noise(row, point)) and (
                worst is None or apart > worst[2]
            ):
                reason = f"the function and the {name} differ at {_shown(row, point)}"
                worst = z, other, apart, reason
    if worst is not None:
        z, other, _, reason = worst
        return _wrong(row, "value", 0, reason, z, other, 1e-9 * abs(z))
    z = row.function(*points[0])
    return Verdict(
        input="value", order=0, outcome=Outcome.RIGHT, analytic=z, numeric=z, bound=1e-9 * abs(z)
    )


def _from_array(row: Primitive, point: Point) -> float:
    """Return what the row's array function gives at a point, asked within an array of two.

    A function that adds up, or gives one number for all, gives another shape then: nan is wrong.
    """
    found: Any = np.asarray(row.array(*[np.array([x, x]) for x in point]))
    single: Any = np.asarray(row.array(*map(np.float64, point)))
    if found.shape not in ((2,), ()) or single.shape != ():
        return math.nan
    # Vector units and scalar code of one function may differ in the last digits.
    same = np.isclose(found, single, rtol=1e-12, atol=0.0, equal_nan=True).all()
    return float(single) if same else math.nan


def _check_operand(row: Primitive, name: str, places: Sequence[tuple[Point, int]]) -> Verdict:
    """Return the verdict on one operand over all points: the first wrong one decides."""
    verdicts = [check_partial(row, point, k, name) for point, k in places]
    wrong = [v for v in verdicts if v.outcome is Outcome.WRONG]
    if wrong:
        count = f"wrong at {len(wrong)} of {len(verdicts)} points"
        return replace(wrong[0], reason=f"{wrong[0].reason}; {count}")
    for outcome in (Outcome.RIGHT, Outcome.UNKNOWN):
        chosen = [v for v in verdicts if v.outcome is outcome]
        if chosen:
            return chosen[0]
    return _open(name, "there was no point to check at")


def _wrong_at_kinks(row: Primitive) -> list[Verdict]:
    """Return a verdict on the first declared subgradient that the rule does not give."""
    for point, declared in row.subgradients:
        if not (within(domain_of(row, len(point)), point) and _accepts(row, point)):
            continue
        given = [float(d) for d in row.partials(row.function(*point), *point)]
        for k, (mine, wanted) in enumerate(zip(given, declared, strict=True)):
            if mine != wanted and not (math.isnan(mine) and math.isnan(wanted)):
                reason = f"the row declares another subgradient at {_shown(row, point)}"
                return [_wrong(row, operand_of(row, k), 1, reason, mine, wanted)]
    return []


# Second derivatives are differences of the rule: at few points, and none at an end of the domain.
_SECOND_POINTS = 3


def _wrong_on_values(row: Primitive, points: Sequence[Point]) -> list[Verdict]:
    """Return what is wrong with a rule as a rule on Values, by which gradients are graphs."""
    inside = [point for point in points if not _at_end(row, point)]
    for point in inside[:_SECOND_POINTS]:
        for k in range(len(point) - row.constants):
            found = _second(row, point, k)
            if found is not None:
                return [found]
    return []


def _at_end(row: Primitive, point: Point) -> bool:
    return any(x in ends for x, ends in zip(point, domain_of(row, len(point)), strict=True))


def _second(row: Primitive, point: Point, k: int) -> Verdict | None:
    """Return a verdict on the derivatives of partial k at a point if it is wrong there."""
    cut = len(point) - row.constants

    def partial(*operands: float) -> float:
        given = *[float(x) for x in operands], *point[cut:]
        return float(row.partials(row.function(*given), *given)[k])

    def derivatives(*operands: float) -> list[float]:
        leaves = [Value(x) for x in operands]
        given = *leaves, *point[cut:]
        slope = row.partials(apply(row, given), *given)[k]
        if not isinstance(slope, Value):
            return [0.0] * len(leaves)
        return list(gradient_numbers(slope, leaves))

    def wrong(analytic: float, estimate: Estimate, reason: str) -> Verdict:
        return _wrong(row, operand_of(row, k), 2, reason, analytic, estimate.value, estimate.error)

    found = differences(partial, *point[:cut])
    try:
        slopes = derivatives(*point[:cut])
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
        return wrong(
            math.nan, found[k], f"the rule fails on Values: {type(error).__name__}: {error}"
        )
    for slope, estimate in zip(slopes, found, strict=True):
        # Generous: a rule may cancel, or jump here, and what is looked for is off altogether.
        room = 1e-4 * max(abs(slope), abs(estimate.value)) + 100.0 * estimate.error
        if math.isfinite(room) and abs(slope - estimate.value) > room:
            at = _shown(row, point)
            return wrong(slope, estimate, f"the rule's graph has another derivative at {at}")
    return None


def check_partial(
    row: Primitive, operands: Sequence[float], k: int, name: str = "x", spread: float = 0.0
) -> Verdict:
    """Return the verdict on one partial of a row at the operands it was called with.

    >>> from autograd import lookup
    >>> check_partial(lookup("mul"), [3.0, 4.0], 1).analytic
    3.0
    >>> check_partial(lookup("abs"), [0.0], 0).outcome.value
    'cannot tell'
    """
    found = _slope_inside(row, operands, k, spread)
    try:
        value = row.function(*operands)
        partials = row.partials(value, *operands)
        partial = float(partials[k])
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
        reason = f"the rule fails at {_shown(row, tuple(operands))}: {_told(error)}"
        if isinstance(error, ValueError | ArithmeticError):
            reason += "; write it to give a number there, or declare a domain without this point"
        return _wrong(row, name, 1, reason, math.nan, found.value, found.error)
    if len(partials) != len(operands):
        outcome, bound = Outcome.WRONG, 0.0
        reason = f"the rule gives {len(partials)} partials for {len(operands)} operands"
    else:
        outcome, bound, reason = _compared(row, operands, k, found, partial, value)
    return Verdict(
        input=name,
        order=1,
        outcome=outcome,
        analytic=partial,
        numeric=found.value,
        bound=bound,
        step=found.step,
        oracle=found.oracle,
        reason=reason,
        left=found.left if outcome is Outcome.UNKNOWN else math.nan,
        right=found.right if outcome is Outcome.UNKNOWN else math.nan,
        primitive=row.name if outcome is Outcome.WRONG else "",
    )


def _compared(
    row: Primitive,
    operands: Sequence[float],
    k: int,
    found: Estimate,
    partial: float,
    value: float,
) -> tuple[Outcome, float, str]:
    """Compare a partial with its function's slope: the outcome, its bound and its reason."""
    at = f"at {_shown(row, tuple(operands))}"
    if not found.sound:
        reason = f"{found.trouble or 'the slope is not finite'} {at}"
        if min(found.left, found.right) <= partial <= max(found.left, found.right):
            reason += "; the value taken lies between them"
        return Outcome.UNKNOWN, math.inf, reason
    bound = row_slope.RULE_ERROR * abs(found.value) + found.error + row_slope.FLOOR
    if not abs(partial - found.value) <= bound:
        bound = row_slope.tolerance(row, operands, k, found)
    if not abs(partial - found.value) <= bound:
        return Outcome.WRONG, bound, at
    size = max(abs(partial), abs(found.value))
    if found.error > (1e-4 * size or 1e-6 * abs(value)):
        reason = f"noise: the slope is known to ± {found.error:.2g} only, {at}"
        return Outcome.UNKNOWN, math.inf, reason
    return Outcome.RIGHT, bound, at


def _slope_inside(row: Primitive, operands: Sequence[float], k: int, spread: float) -> Estimate:
    """Return the slope of a row along operand k, without asking far beyond the row's domain."""
    found = row_slope.slope(row, operands, k, spread)
    low, high = domain_of(row, len(operands))[k]
    # Room at both ends for what looks at two sides of a point.
    low, high = low - (high - low) / 8.0, high + (high - low) / 8.0
    if low <= operands[k] <= high and found.step > min(operands[k] - low, high - operands[k]):
        # Beyond the domain the function may be another one: it is not asked there.
        return row_slope.slope(_only_between(row, k, low, high), operands, k, spread)
    return found


def _only_between(row: Primitive, k: int, low: float, high: float) -> Primitive:
    """Return a row like this whose function has no value where operand k is not between."""

    def function(*operands: Any) -> Any:
        x = operands[k]
        beyond = isinstance(x, float) and not low <= x <= high
        return math.nan if beyond else row.function(*operands)

    return replace(row, function=function)
