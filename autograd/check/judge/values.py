"""Verdicts on functions of which only values are known: no graph, and as many digits as they have.

A slope that differences find is known as well as the function's own steps allow. What disagrees
with it is called wrong only where the function, seen from farther away, says the same.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from autograd.check.judge.report import Outcome, Verdict
from autograd.check.oracles.afar import far
from autograd.check.oracles.differences import richardson, scale_of
from autograd.check.oracles.estimate import Estimate, troubled
from autograd.check.target import FunctionSubject

# How well a slope must be known to confirm a claim: of a function with all digits of a double, and
# of one that makes this many steps over the scale of its input, or over 1 where that is more.
# There a claim that is off by a twentieth still does not pass.
_SHARP = 1e-4
_COARSE = 0.02
_STEPS = 250.0
_STEPS_OVER_ONE = 900.0

STEPS = "the function's values move in steps"


def told_apart(first: float, second: float) -> tuple[str, str]:
    """Return two numbers as a report writes them, with digits enough to see that they differ.

    >>> told_apart(0.1, 0.2), told_apart(0.3, 0.1 + 0.2)
    (('0.1', '0.2'), ('0.3', '0.30000000000000004'))
    """
    for digits in (9, 12, 15):
        if f"{first:.{digits}g}" != f"{second:.{digits}g}":
            return f"{first:.{digits}g}", f"{second:.{digits}g}"
    return repr(float(first)), repr(float(second))


def chance_of(first: float, second: float) -> str:
    """Return what to say of a function that gives two numbers at the same inputs."""
    one, other = told_apart(first, second)
    return (
        f"the function gives different numbers at the same inputs, {one} and {other}: "
        "draw random numbers outside of it (dropout, noise, shuffling) and keep them"
    )


def by_values(
    subject: FunctionSubject, claims: Sequence[float], relative: float = 1e-9
) -> list[Verdict]:
    """Return the verdicts on a given gradient of a function that only takes plain numbers.

    Args:
        subject: the function and its inputs.
        claims: the derivative by each number of the inputs.
        relative: the relative error to allow.
    """
    first = subject.value(subject.point)
    # A mask of few numbers is often drawn twice alike.
    others = [subject.value(subject.point) for _ in range(4)]
    chance = next((z for z in others if z != first and (z == z or first == first)), None)
    if chance is not None:
        reason = chance_of(first, chance)
        return [
            decided(name, 1, f"df/d{name}", claim, None, reason, first, relative, x)
            for name, claim, x in zip(subject.names, claims, subject.point, strict=True)
        ]
    return [
        along(subject.along(i), subject.point[i], name, claim, first, relative)
        for i, (name, claim) in enumerate(zip(subject.names, claims, strict=True))
    ]


def along(
    f: Callable[[float], float],
    x: float,
    name: str,
    claim: float,
    value: float,
    relative: float = 1e-9,
) -> Verdict:
    """Return the verdict on a given derivative of a function of one number.

    Args:
        f: the function; nan outside its domain.
        x: where.
        name: of the number.
        claim: the derivative that is given.
        value: the function's, for the size of its rounding.
        relative: the relative error to allow.
    """
    found = richardson(f, x)
    if found.sound and not agrees(claim, found, relative):
        found = _from_afar(f, x, found)
        few = found.grain * _FEW > abs(found.value) * scale_of(x)
        if claim == 0.0 and few and _stands_still(f, x):
            found = troubled(found.oracle, _STAIRS, step=found.step)
    return decided(name, 1, f"df/d{name}", claim, found, "", value, relative, x)


def within_slopes(verdict: Verdict) -> Verdict:
    """Call a given derivative wrong that is outside the slopes on the two sides of a kink.

    Between them any convention may choose; outside of them, and at nan, none does.
    """
    # Where noise alone leaves it open the numbers agree within the bound, which is merely wide.
    if verdict.outcome is not Outcome.UNKNOWN or math.isfinite(verdict.numeric):
        return verdict
    low, high = sorted((verdict.left, verdict.right))
    room = 1e-6 * max(abs(low), abs(high))
    known = math.isfinite(low) and math.isfinite(high)
    if verdict.analytic == verdict.analytic and not (
        known and not low - room <= verdict.analytic <= high + room
    ):
        return verdict
    reason = f"no slope here is {verdict.analytic:g}; {verdict.reason}"
    return replace(verdict, outcome=Outcome.WRONG, reason=reason)


# A staircase of fewer steps over the scale of its input may be meant as one.
_FEW = 64.0
_STAIRS = "noise: the function stands still close by, and moves in steps farther away"


def _stands_still(f: Callable[[float], float], x: float) -> bool:
    """Whether f has one value close around x, as between the steps of a staircase."""
    h = 2.0**-30 * scale_of(x)
    return f(x - h) == f(x) == f(x + h)


def seen_afar(
    subject: FunctionSubject, i: int, verdict: Verdict, relative: float = 1e-9
) -> Verdict:
    """Return the verdict on a given derivative by a graph, unless the graph is a step of many.

    An iteration that ends at a tolerance records as many turns as it takes here. Its derivative is
    that of those turns, and somebody's formula that of what the iteration comes near to.
    """
    apart = abs(verdict.analytic - verdict.numeric)
    size = max(abs(verdict.analytic), abs(verdict.numeric))
    if verdict.outcome is not Outcome.WRONG or not apart <= 0.5 * size:
        return verdict
    x = subject.point[i]
    known = Estimate(verdict.numeric, verdict.bound, verdict.step, verdict.oracle)
    found = _from_afar(subject.along(i), x, known)
    if not agrees(verdict.analytic, found, relative):
        return verdict
    return decided(verdict.input, 1, verdict.entry, verdict.analytic, found, "", 0.0, relative, x)


def _from_afar(f: Callable[[float], float], x: float, found: Estimate) -> Estimate:
    off = far(f, x, scale_of(x), found.value, found.grain)
    grain = max(found.grain, 0.25 * off * scale_of(x))
    return replace(found, error=found.error + off, grain=grain)


def agrees(claim: float, found: Estimate, relative: float) -> bool:
    """Whether a claim lies within the error of an estimate."""
    return abs(claim - found.value) <= found.error + relative * abs(found.value)


def decided(
    name: str,
    order: int,
    entry: str,
    analytic: float,
    found: Estimate | None,
    reason: str,
    value: float = 0.0,
    relative: float = 1e-9,
    x: float = 0.0,
) -> Verdict:
    """Judge a derivative by differences of the function's values around x."""
    outcome, numeric, bound = Outcome.UNKNOWN, math.nan, math.inf
    if found is not None and found.sound:
        numeric = found.value
        bound = found.error + relative * abs(numeric)
        size = max(abs(analytic), abs(numeric))
        steps = max(scale_of(x) / _STEPS, 1.0 / _STEPS_OVER_ONE)
        sharp = _COARSE if 0.0 < found.grain < size * steps else _SHARP
        if not agrees(analytic, found, relative):
            outcome = Outcome.WRONG
            reason = reason or "the slope of the function's values is another one"
        elif bound <= sharp * size or (not analytic and bound <= 1e-6 * abs(value)):
            outcome = Outcome.RIGHT
        else:
            known = f"noise: the slope is known to ± {bound:.2g} only"
            reason = f"{reason}; {known}".lstrip("; ")
    elif found is not None:
        reason = f"{reason}; {found.trouble}".lstrip("; ")
    if found is not None and found.grain:
        moves = f"{STEPS} of about {found.grain:.2g}"
        reason = f"{reason}; {moves}".lstrip("; ")
    sides = found if found is not None and not found.sound else None
    return Verdict(
        input=name,
        order=order,
        outcome=outcome,
        analytic=analytic,
        numeric=numeric,
        bound=bound,
        step=found.step if found is not None else 0.0,
        oracle=found.oracle if found is not None else "",
        reason=reason or "within the error of the differences",
        left=sides.left if sides is not None else math.nan,
        right=sides.right if sides is not None else math.nan,
        entry=entry,
    )
