"""The mistake that the wrong numbers of an array point to when they are seen together.

A single ratio is judged by `Verdict.hint`; here are a forgotten mean, a transposed or reversed
gradient, that of another input, a term that is missing along an axis, and where the wrong ones are.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd.check.arrays.entries import step_share, subject_unit
from autograd.check.arrays.subject import ArraySubject, Evaluations, Floats, Leaf
from autograd.check.judge.report import MISTAKES, Outcome, Verdict

# How far two slopes may lie apart to be taken for the same, beyond their bound.
_ALIKE = 1e-6
_DIFFERENT = "off by different factors"
# More axes than these are not laid in every order.
_MOST_AXES = 4


@dataclass
class Known:
    """What is known of the slopes by one array.

    Attributes:
        leaf: the array.
        x: its numbers.
        claims: the claimed slopes.
        slopes: those of the function; nan where they are not known.
        bounds: how far they may be off.
        wrong: where the claims are.
    """

    leaf: Leaf
    x: Floats
    claims: Floats
    slopes: Floats
    bounds: Floats
    wrong: Any

    def near(self, claims: Floats) -> bool:
        """Whether numbers are nearly the slopes, wherever these are known."""
        known = np.isfinite(self.slopes)
        room = self.bounds + _ALIKE * np.abs(self.slopes)
        with np.errstate(all="ignore"):
            return bool((np.abs(claims - self.slopes) <= room)[known].all())

    def matches(self, claims: Floats) -> bool:
        """Whether other numbers are the slopes, and those that are claimed not even nearly."""
        return self.near(claims) and not self.near(self.claims)


def explained(ask: Evaluations, weights: Floats, known: Sequence[Known]) -> dict[str, str]:
    """Return for arrays with wrong slopes, by name, the mistake that is likely; few have one."""
    found: dict[str, str] = {}
    lengths = _lengths(ask.subject)
    for one in known:
        factors = _factors(one)
        if one.wrong.any() and not _has_a_name(factors.common, factors.blur):
            others = [k for k in known if k is not one]
            said = (
                _another(one, others)
                or _detached(one)
                or _mean(factors, lengths)
                or _term_of_a_sum(ask, weights, one)
                or (_missing_along(one) if math.isnan(factors.common) else "")
                or _where(one)
                or factors.said()
            )
            if said:
                found[one.leaf.name] = said
    return found


def with_mistakes(verdicts: Sequence[Verdict], said: dict[str, str]) -> list[Verdict]:
    """Return verdicts, those on wrong slopes with the likely mistakes of their arrays."""
    return [
        replace(v, likely=mistake)
        if v.outcome is Outcome.WRONG and (mistake := _of(v, said)) and not _has_its_own(v, mistake)
        else v
        for v in verdicts
    ]


def _has_its_own(v: Verdict, mistake: str) -> bool:
    """Whether a number is off by a factor that has a name, among others by other factors."""
    known = math.isfinite(v.numeric) and v.numeric != 0.0
    return mistake.startswith(_DIFFERENT) and known and _has_a_name(v.analytic / v.numeric)


def _of(v: Verdict, said: dict[str, str]) -> str:
    for name, mistake in said.items():
        if v.input == name or v.input.startswith(f"{name}["):
            return mistake
    return ""


def _has_a_name(ratio: float, blur: float = _ALIKE) -> bool:
    """Whether a ratio is one that `Verdict.hint` knows."""
    return any(abs(ratio / likely - 1.0) <= blur for likely, _ in MISTAKES)


def _lengths(subject: ArraySubject) -> dict[int, str]:
    """Return the numbers that a mean may divide by, with what they are."""
    found: dict[int, str] = {}
    shapes = [(leaf.name, leaf.shape) for leaf in subject.leaves]
    if not subject.scalar and subject.form:
        shapes.append(("f's result", subject.form))
    for name, shape in shapes:
        for axis, n in enumerate(shape):
            found.setdefault(n, f"the length of axis {axis} of {name}")
        found.setdefault(math.prod(shape), f"the number of entries of {name}")
    return {n: said for n, said in found.items() if n > 1}


def _mean(factors: "Factors", lengths: dict[int, str]) -> str:
    ratio, blur = factors.common, min(factors.blur, 1e-3)
    for n, said in lengths.items():
        if abs(ratio / n - 1.0) <= blur:
            return f"{n} times the slope, and {n} is {said}: was a mean forgotten?"
        if abs(ratio * n - 1.0) <= blur:
            return f"1/{n} of the slope, and {n} is {said}: is a mean taken where f has a sum?"
    return ""


@dataclass
class Factors:
    """By what the wrong claims of an array are too large or too small.

    Attributes:
        common: the factor of all of them; nan if they have different ones, or none is known.
        blur: how well it is known, relative to it.
        low: the smallest of those that are known.
        high: the largest.
        count: of those that are known.
    """

    common: float = math.nan
    blur: float = math.inf
    low: float = math.nan
    high: float = math.nan
    count: int = 0

    def said(self) -> str:
        """Return the factor, or that there is no single one; "" of a single entry, or if vague."""
        if self.count < 2:
            return ""
        if math.isnan(self.common):
            apart = f"from {self.low:.6g} to {self.high:.6g} times the slope"
            return f"{_DIFFERENT}, {apart}: is a term wrong or missing?"
        digits = min(6, max(2, round(-math.log10(self.blur))))
        if not 2.0 * self.blur < abs(self.common - 1.0):
            return ""
        return f"{self.common:.{digits}g} times the slope: is a constant mistyped?"


@np.errstate(all="ignore")
def _factors(one: Known) -> Factors:
    """Return the ratios of the wrong claims to the slopes, and the common one if there is one."""
    where = one.wrong & np.isfinite(one.slopes) & (np.abs(one.slopes) > 1e2 * one.bounds)
    if not where.any():
        return Factors()
    ratios = one.claims[where] / one.slopes[where]
    rooms = 2.0 * one.bounds[where] / np.abs(one.slopes[where]) + _ALIKE
    # The best known ones tell most.
    middle = float((ratios / rooms**2).sum() / (1.0 / rooms**2).sum())
    same = bool((np.abs(ratios - middle) <= rooms * max(1.0, abs(middle))).all())
    low, high = float(ratios.min()), float(ratios.max())
    return Factors(middle if same else math.nan, float(rooms.min()), low, high, len(ratios))


def _another(one: Known, others: Sequence[Known]) -> str:
    """Whether the claims are the slopes in another order, or those of another array."""
    shape, claims = one.leaf.shape, one.claims.reshape(one.leaf.shape)
    if int(np.isfinite(one.slopes).sum()) < 2:
        return ""
    if 2 <= len(shape) <= _MOST_AXES:
        for order in itertools.permutations(range(len(shape))):
            turned = claims.transpose(order)
            if turned.shape == shape and one.matches(turned.ravel()):
                axes = "write .T" if len(shape) == 2 else f"write .transpose{order}"
                return f"transposed: {axes}"
    for axis in range(len(shape)):
        if one.matches(np.flip(claims, axis).ravel()):
            return f"in reverse order along axis {axis}"
    for other in others:
        if other.leaf.shape == shape and one.matches(other.claims):
            return f"the gradient of {other.leaf.name}: are the two at each other's place?"
    if not np.isfinite(one.slopes).all() or not np.isfinite(one.claims).all():
        return ""
    order = np.empty(len(claims.ravel()))
    order[np.argsort(one.slopes)] = np.sort(one.claims)
    if one.matches(order):
        return "in another order: the numbers are right, their places are not"
    return ""


def _detached(one: Known) -> str:
    if (one.claims[one.wrong] != 0.0).any():
        return ""
    if not one.claims.any():
        return "0 all over: is this input detached (a copy, a cut), or its term left out?"
    return "0 there: is a part of it detached, masked or never written?"


def _missing_along(one: Known) -> str:
    """Whether the error is the same along an axis, or straight in the input: that of a mean."""
    shape = one.leaf.shape
    if not np.isfinite(one.slopes).all():
        return ""
    error = (one.claims - one.slopes).reshape(shape)
    if one.near(one.claims) or not np.isfinite(error).all():
        return ""
    bound = one.bounds.reshape(shape)
    x = one.x.reshape(shape)
    for axis, n in enumerate(shape):
        room = 4.0 * bound.max(axis) + _ALIKE * np.abs(error).max(axis)
        same = (np.ptp(error, axis=axis) <= room).all()
        if n > 1 and same and (np.abs(error).max(axis) > room).mean() >= 0.5:
            return (
                f"off by the same along axis {axis}: is the term missing that reaches all of it, "
                "through a mean, a sum or a shape that was broadcast?"
            )
    for axis, n in enumerate(shape):
        if n < 4:
            continue
        e, y = np.moveaxis(error, axis, -1), np.moveaxis(x, axis, -1)
        y = y - y.mean(-1, keepdims=True)
        straight = (e * y).sum(-1, keepdims=True) * y / (y * y).sum(-1, keepdims=True).clip(1e-300)
        left = np.abs(e - e.mean(-1, keepdims=True) - straight).max(-1)
        room = 8.0 * np.moveaxis(bound, axis, -1).max(-1) + _ALIKE * np.abs(e).max(-1)
        if (left <= room).all() and (np.abs(e).max(-1) > room).all():
            return (
                f"off along axis {axis} by a straight function of the input: is the term missing "
                "that goes through a variance or a norm?"
            )
    return ""


def _term_of_a_sum(ask: Evaluations, weights: Floats, one: Known) -> str:
    """Whether the claims are what one index of the outputs adds, or all but that one."""
    form = ask.subject.form
    if not form or len(form) < 1 or max(form) < 2 or len(weights) != 1:
        return ""
    drawn = np.flatnonzero(one.wrong & np.isfinite(one.slopes))[:3]
    said: list[set[str]] = []
    for i in drawn:
        parts = _parts_of(ask, weights[0], one.leaf.start + int(i)).reshape(form)
        room = 1e-5 * float(np.abs(parts).sum()) + float(one.bounds[i])
        claim, total = float(one.claims[i]), float(parts.sum())
        fits: set[str] = set()
        for axis, n in enumerate(form):
            sums = parts.sum(axis=tuple(k for k in range(len(form)) if k != axis))
            if n < 2 or np.count_nonzero(np.abs(sums) > room) < 2:
                continue
            for j in range(n):
                if abs(claim - sums[j]) <= room:
                    fits.add(
                        f"what index {j} of axis {axis} of the result adds: was the sum over that "
                        "axis forgotten, where the input is broadcast?"
                    )
                if n > 2 and abs(claim - (total - sums[j])) <= room < abs(sums[j]):
                    fits.add(f"all but what index {j} of axis {axis} of the result adds")
        said.append(fits)
    common = [fit for fit in (said[0] if said else ()) if all(fit in fits for fits in said)]
    return min(common, default="")


def _parts_of(ask: Evaluations, weights: Floats, i: int) -> Floats:
    """Return what each output adds to the slope by an entry, roughly."""
    subject = ask.subject
    sides = np.repeat(subject.point[None], 2, axis=0)
    share = step_share(0.0, subject_unit(subject))
    sides[:, i] += max(abs(subject.point[i]), 1.0) * share * np.array([1.0, -1.0])
    sides = subject.cast(sides)
    above, below = ask.at(sides)
    return weights * (above - below) / (sides[0, i] - sides[1, i])


def _where(one: Known) -> str:
    """Whether the wrong ones are those of one sign of the input, or at one index."""
    right = ~one.wrong & np.isfinite(one.slopes)
    if one.wrong.sum() < 2 or right.sum() < 2:
        return ""
    for sign, said in ((-1.0, "negative"), (1.0, "positive")):
        if (one.x[one.wrong] * sign > 0.0).all() and not (one.x[right] * sign > 0.0).any():
            return f"wrong where the input is {said}, and right elsewhere"
    places = np.array(np.unravel_index(np.flatnonzero(one.wrong), one.leaf.shape))
    for axis, at in enumerate(places):
        if one.leaf.shape[axis] > 1 and (at == at[0]).all() and len(one.leaf.shape) > 1:
            return f"wrong at index {int(at[0])} of axis {axis}, and right elsewhere"
    return ""
