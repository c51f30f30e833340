"""Other steps, and what they say against a verdict: tables, bends that change, fine structure."""

from collections.abc import Callable

import numpy as np

from autograd.check.arrays.entries import FEW_DIGITS, EntrySlopes
from autograd.check.arrays.quotients import Nearby, NoSlope, Weighing, entrywise
from autograd.check.arrays.subject import Evaluations, Floats


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


FINER = "the slope is another one at smaller steps: the function has structure finer than they show"
# Pairs of smaller steps, in usual steps: what both of a pair see is a slope of its own.
_SMALLER = np.array([2.0**-k for k in (6, 8, 12, 14, 18, 20, 24, 26)])


def is_finer(ask: Evaluations, weighing: Weighing, found: EntrySlopes, r: int, k: int) -> bool:
    """Whether a claim that is off may be right after all, as smaller steps see another slope.

    Of x + 1e-9 sin(1e9 x) the usual step sees the slope 1 and a tiny one 1 + cos(1e9 x). What lies
    at neither of the two, nor near by, is wrong by both.

    Args:
        ask: the function.
        weighing: the sums of its outputs.
        found: the slopes at usual steps.
        r: the row of the entry.
        k: the sum.
    """
    entries = np.full(len(_SMALLER), found.entries[r])
    seen = entrywise(ask, weighing, entries, found.steps[r] * _SMALLER)
    claim, usual, bound = (
        float(x[r, k]) for x in (found.claims, found.quotients.slope, found.bound)
    )
    for pair in range(0, len(_SMALLER), 2):
        rows = slice(pair, pair + 2)
        if (seen.trouble[rows, k] != NoSlope.NONE).any() or seen.still[rows, k].any():
            continue
        first, second = (float(x) for x in seen.slope[rows, k])
        gap = abs(second - usual)
        noise = float(seen.bound[rows, k].max())
        if not gap > 2.0 * bound or abs(first - second) > 0.1 * gap or noise > 0.1 * gap:
            continue
        if min(usual, second) - 0.5 * gap <= claim <= max(usual, second) + 0.5 * gap:
            return True
    return False


# Where a function is looked at whose slope at tiny steps is another one, in tiny steps, and afar.
_LADDER, _AFAR_OFF = tuple([2.0**k for k in range(0, 24, 2)]), 2.0**32


@np.errstate(all="ignore")
def has_fine_structure(ask: Evaluations, weighing: Weighing, claims: Floats, near: Nearby) -> bool:
    """Whether a function is smooth at tiny steps and has other slopes there than are claimed.

    Stairs and tables have too, but they are not smooth there: their slopes are those from afar.

    Args:
        ask: the function.
        weighing: the sums of its outputs.
        claims: the claimed slopes, by sum and entry.
        near: what tiny steps have told.
    """
    subject = ask.subject
    own = Weighing(weighing.weights, near.noise)
    moves = claims * near.steps
    off = np.abs(own.sums(near.tilt) - moves.sum(axis=1))
    if not (off > 8.0 * own.whole + 1e-3 * np.linalg.norm(moves, axis=1)).any():
        return False
    places = np.arange(-4.0, 5.0)

    def bends(stretch: float) -> tuple[Floats, Floats]:
        table = ask.at(subject.cast(subject.point + stretch * places[:, None] * near.steps))
        second, third = np.diff(table, 2, axis=0), np.diff(table, 3, axis=0)
        return np.abs(second).max(axis=0), np.abs(third).max(axis=0)

    afar = bends(_AFAR_OFF)[0] / _AFAR_OFF**2
    rounding = 2.0 * subject.unit * np.abs(subject.here)
    for stretch in _LADDER:
        second, third = bends(stretch)
        smooth = (second > 64.0 * np.maximum(rounding, near.noise)) & (third < 0.5 * second)
        if (smooth & (second / stretch**2 > 64.0 * afar)).any():
            return True
    return False


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
