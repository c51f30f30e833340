"""Other steps, and what they say against a verdict: tables, bends that change, fine structure."""

from collections.abc import Callable

import numpy as np

from autograd.check.arrays.entries import FEW_DIGITS, EntrySlopes
from autograd.check.arrays.quotients import NoSlope, Weighing, entrywise
from autograd.check.arrays.subject import Evaluations


def at_other_steps(
    ask: Evaluations, weighing: Weighing, found: EntrySlopes, r: int, k: int
) -> bool:
    """Whether a claim is off at two more steps too."""
    i = int(found.entries[r])
    entries = np.array([i, i])
    own = float(found.bound[r, k] - found.quotients.bound[r, k])
    usual = found.steps[r]
    more = entrywise(ask, weighing, entries, usual * np.array([0.37, 1.9]))
    claim = found.claims[r, k]
    off = np.abs(more.slope[:, k] - claim) > more.bound[:, k] + own
    # What stands still may be the tread of a stair.
    lively = weighing.lively(k) and not found.stairs
    told = (more.trouble[:, k] == NoSlope.NONE) & (lively | ~more.still[:, k])
    # Where the bend changes at the point, slopes move with the step and say nothing.
    alike = np.abs(more.slope[0, k] - more.slope[1, k]) <= more.bound[:, k].sum() + own
    return bool((off & told).all() and alike)


# Steps from which a slope is looked at once more, in usual steps: up to a sixteenth of the scale.
_AFAR = np.array([0.37, 1.9, 8.0, 64.0])


def plainly_off(
    ask: Evaluations, weighing: Weighing, found: EntrySlopes, r: int, k: int, unit: float
) -> bool:
    """Whether a claim is off by a fifth of the slope, seen from near and from far.

    Tables and iterations that end at a tolerance have slopes of their own near by, not from afar.
    """
    if max(ask.subject.unit, unit) > FEW_DIGITS or found.stairs:
        return False
    entries = np.full(len(_AFAR), found.entries[r])
    seen = entrywise(ask, weighing, entries, found.steps[r] * _AFAR)
    claim, slopes = found.claims[r, k], seen.slope[:, k]
    with np.errstate(all="ignore"):
        apart = np.abs(slopes - claim) > 0.2 * np.maximum(np.abs(slopes), abs(claim))
        beyond = np.abs(slopes - claim) > 8.0 * seen.bound[:, k]
    told = (seen.trouble[:, k] == NoSlope.NONE) & ~seen.still[:, k] & np.isfinite(claim)
    return bool((apart & beyond & told).all() and found.sound[r, k])


def one_number(
    ask: Evaluations, weighing: Weighing, i: int, k: int, scale: float
) -> Callable[[float], float]:
    """Return a sum of outputs as a function of one entry: of those outputs that it moves."""
    subject = ask.subject
    sides = np.repeat(subject.point[None], 4, axis=0)
    sides[:, i] += scale * np.array([2.0**-10, -(2.0**-10), 2.0**-4, -(2.0**-4)])
    moved = (ask.at(subject.cast(sides)) != subject.here).any(axis=0)
    if weighing.weights is None:
        weights = np.zeros(len(moved))
        weights[k] = 1.0
    else:
        weights = np.where(moved, weighing.weights[k], 0.0)

    def value(x: float) -> float:
        point = subject.point.copy()
        point[i] = x
        outputs = ask.one_of_many(subject.cast(point))
        return float(weights[weights != 0.0] @ outputs[weights != 0.0])

    return value
