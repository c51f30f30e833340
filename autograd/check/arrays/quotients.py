"""Difference quotients of many entries at once: four values each, with what they tell of a slope.

Two central quotients, at a step and at twice the step, give the slope by Richardson's
extrapolation, and their difference its error; one-sided quotients show kinks, jumps and edges.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from autograd.check.arrays.subject import ArraySubject, Evaluations, Floats

Whole = npt.NDArray[np.int64]
# How many standard deviations of the noise a bound allows. Roundings are not quite normal.
ROOM = 6.0
# Numbers to hold at once in points and outputs.
_TOGETHER = 2**21


class Trouble(IntEnum):
    """Why there is no slope to see at a point."""

    NONE = 0
    KINK = 1
    JUMP = 2
    EDGE = 3


@dataclass
class Weighing:
    """The sums of outputs whose slopes are sought, and the noise of outputs.

    Attributes:
        weights: a row for each sum, a column for each output; None for each output by itself.
        noise: of each output, the size of its random errors.
    """

    weights: Floats | None
    noise: Floats

    @property
    def count(self) -> int:
        """The number of sums."""
        return len(self.noise) if self.weights is None else len(self.weights)

    def sums(self, changes: Floats) -> Floats:
        """Return the sums of outputs, which stand on the last axis."""
        return changes if self.weights is None else changes @ self.weights.T

    def noise_of(self, moved: npt.NDArray[np.bool_]) -> Floats:
        """Return the noise of each sum, of the outputs that have moved."""
        if self.weights is None:
            return np.where(moved, self.noise, 0.0)
        return np.sqrt((moved * self.noise**2) @ (self.weights**2).T)

    @property
    def whole(self) -> Floats:
        """The noise of each sum of all outputs."""
        return self.noise_of(np.ones(len(self.noise), dtype=bool))


@dataclass
class Quotients:
    """What four values each tell of slopes; a row for each direction, a column for each sum.

    Attributes:
        slope: extrapolated.
        noise: how far the noise may carry it.
        bend: how far the function's higher derivatives may.
        left: the slope from below.
        right: the slope from above.
        trouble: why `slope` is none.
        still: whether no output moved at all.
        coarse: the central quotient at the smaller step, before extrapolation.
        change: how far it lies from the one at the larger step.
    """

    slope: Floats
    noise: Floats
    bend: Floats
    left: Floats
    right: Floats
    trouble: Whole
    still: npt.NDArray[np.bool_]
    coarse: Floats
    change: Floats

    @property
    def bound(self) -> Floats:
        """How far the slope may be off."""
        return self.noise + self.bend


def around(subject: ArraySubject, entries: Whole, steps: Floats) -> tuple[Floats, Floats]:
    """Return four points for each entry, a step and two steps to both sides, and the distances.

    The point away from 0 comes first: what was really added there is taken off on the other side,
    where numbers of few digits can make it too.
    """
    here = subject.point[entries]
    points = np.repeat(subject.point[None], 4 * len(entries), axis=0)
    rows = 4 * np.arange(len(entries))
    distances = np.empty((len(entries), 4))
    away = np.where(here < 0.0, -1.0, 1.0)
    units = np.array([leaf.unit for leaf in subject.leaves])
    starts = np.array([leaf.start for leaf in subject.leaves])
    of = np.searchsorted(starts, entries, side="right") - 1

    def rounded(x: Floats) -> Floats:
        if (units <= 2.0**-53).all():
            return x
        result = x.copy()
        for k, leaf in enumerate(subject.leaves):
            mine = of == k
            if mine.any():
                result[mine] = leaf.cast(x[mine])
        return result

    for k in (1, 2):
        first = rounded(here + away * k * steps)
        second = rounded(here - (first - here))
        up = np.where(away > 0.0, first, second)
        down = np.where(away > 0.0, second, first)
        points[rows + 2 * k - 2, entries] = up
        points[rows + 2 * k - 1, entries] = down
        distances[:, 2 * k - 2] = up - here
        distances[:, 2 * k - 1] = here - down
    return points, distances


def entrywise(ask: Evaluations, weighing: Weighing, entries: Whole, steps: Floats) -> Quotients:
    """Return the quotients by entries of the long vector, four evaluations for each.

    >>> from autograd.check.arrays.containers import numpy_subject
    >>> subject = numpy_subject(lambda x: (x**3).sum(), lambda x: 3 * x**2, (np.array([1.0, 2.0]),))
    >>> weighing = Weighing(None, np.array([2e-15]))
    >>> found = entrywise(Evaluations(subject), weighing, np.arange(2), np.full(2, 1e-3))
    >>> found.slope.round(6).tolist(), bool((found.bound < 1e-8).all())
    ([[3.0], [12.0]], True)
    """
    subject = ask.subject
    together = max(1, _TOGETHER // (4 * max(len(subject.point), len(subject.here))))
    parts: list[Quotients] = []
    for k in range(0, len(entries), together):
        chosen = entries[k : k + together]
        points, distances = around(subject, chosen, steps[k : k + together])
        changes = (ask.at(points) - subject.here).reshape(len(chosen), 4, -1)
        parts.append(told(weighing, changes, distances))
    return joined(parts)


def directional(
    ask: Evaluations, weighing: Weighing, directions: Floats, step: float
) -> tuple[Quotients, Floats]:
    """Return the quotients along directions, and the moves that were really made, per unit of step.

    Numbers of few digits cannot go exactly where they are sent: the second result is to be
    multiplied with the gradient, in place of the directions.
    """
    subject = ask.subject
    moves: list[Floats] = []
    parts: list[Quotients] = []
    for direction in directions:
        away = np.where(subject.point < 0.0, -1.0, 1.0) * np.abs(direction) * step
        sides = np.where(away * direction < 0.0, -1.0, 1.0)
        points: list[Floats] = []
        distances: list[float] = []
        made = np.zeros_like(direction)
        for k in (1, 2):
            first = subject.cast(subject.point + k * away)
            moved = first - subject.point
            second = subject.cast(subject.point - moved)
            back = subject.point - second
            up = np.where(sides > 0.0, first, second)
            down = np.where(sides > 0.0, second, first)
            points += [up, down]
            distances += [k * step, k * step]
            if k == 1:
                made = 0.5 * sides * (moved + back) / step
        changes = ask.at(np.array(points)) - subject.here
        parts.append(told(weighing, changes[None], np.array([distances])))
        moves.append(made)
    return joined(parts), np.array(moves)


def joined(parts: list[Quotients]) -> Quotients:
    """Return the rows of several as one."""
    if len(parts) == 1:
        return parts[0]
    names = Quotients.__dataclass_fields__
    return Quotients(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


@np.errstate(all="ignore")
def told(weighing: Weighing, changes: Floats, distances: Floats) -> Quotients:
    """Return what changes of outputs tell.

    Args:
        weighing: the sums of outputs.
        changes: by direction, by point (up, down, twice up, twice down), by output.
        distances: of the points, by direction.
    """
    up, down, far_up, far_down = np.moveaxis(distances[:, :, None], 1, 0)
    moved = (changes != 0.0).any(axis=1)
    still = (
        ~moved
        if weighing.weights is None
        else np.repeat(~moved.any(axis=1, keepdims=True), weighing.count, axis=1)
    )
    # Where nothing moves, the slope is as small as the noise of all outputs hides.
    noise = np.where(still, weighing.whole, weighing.noise_of(moved))
    above, below, far_above, far_below = np.moveaxis(weighing.sums(changes), 1, 0)
    near, far = (above - below) / (up + down), (far_above - far_below) / (far_up + far_down)
    h, k = 0.5 * (up + down), 0.5 * (far_up + far_down)
    change = np.abs(near - far)
    slope = near + (near - far) * h**2 / (k**2 - h**2)
    # Of f' + a h^2 + b h^4 the change shows a; b is to a as a is to f', a few times over.
    bend = np.where(change > 0.0, np.minimum(change, 8.0 * change**2 / np.abs(slope)), 0.0)
    right: Floats = above / up
    left: Floats = -below / down
    gap, far_gap = np.abs(right - left), np.abs(far_above / far_up + far_below / far_down)
    size = np.maximum(np.abs(right), np.abs(left))
    # The gap between the sides of a function that bends shrinks with the step, that of a kink
    # stays, and that of a jump grows.
    stays = (gap > 0.75 * far_gap) & (gap > 0.01 * size) & (gap * h > 32.0 * noise)
    trouble = np.where(stays, np.where(gap > 1.2 * far_gap, Trouble.JUMP, Trouble.KINK), 0)
    ends = ~(np.isfinite(above) & np.isfinite(below))
    trouble = np.where(ends, Trouble.EDGE, trouble).astype(np.int64)
    beyond = ~np.isfinite(slope)
    # A bend to each side is taken off; where a jump is, the sides grow without end.
    far_right: Floats = far_above / far_up
    far_left: Floats = -far_below / far_down
    smooth = np.isfinite(far_right) & np.isfinite(far_left) & (trouble != Trouble.JUMP)
    grows = trouble == Trouble.JUMP
    sides = [
        np.where(
            grows & (np.abs(side) > 1.2 * np.abs(far)),
            side * np.inf,
            np.where(smooth, 2.0 * side - far, side),
        )
        for side, far in ((left, far_left), (right, far_right))
    ]
    return Quotients(
        slope=slope,
        noise=ROOM * noise / h,
        bend=np.where(beyond, math.inf, bend),
        left=sides[0],
        right=sides[1],
        trouble=trouble,
        still=still,
        coarse=near,
        change=change,
    )
