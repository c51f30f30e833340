"""Difference quotients of many entries at once, and the noise that they stand in.

Two central quotients, at a step and at twice the step, give the slope by Richardson's
extrapolation, and their difference its error; one-sided quotients show kinks, jumps and edges. The
noise in each output is what differences of high order leave of values along one random direction,
as in `oracles/differences.py`.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from autograd.check.arrays.subject import ArraySubject, Evaluations, Floats, spacings

Whole = npt.NDArray[np.int64]
# By how much of the noise over the step a slope may be off: nearly four standard deviations.
ROOM = 3.5
# How much of what two steps differ by, relative to the slope, is left after extrapolation: of sin
# and exp 0.13, of a square root 1.6.
_BENDS = 2.5
# The deviation of a rounding is 0.29 to 0.58 of its largest error.
_ROUNDING = 0.3
# Numbers to hold at once in points and outputs.
_TOGETHER = 2**21


class NoSlope(IntEnum):
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
        flat: of each output, whether it did not move at all when all entries did.
        here: the outputs at the point.
        unit: the largest relative error of rounding to their kind of numbers.
    """

    weights: Floats | None
    noise: Floats
    flat: npt.NDArray[np.bool_] | None = None
    here: Floats | None = None
    unit: float = 0.0

    @property
    def count(self) -> int:
        """The number of sums."""
        return len(self.noise) if self.weights is None else len(self.weights)

    def sums(self, changes: Floats) -> Floats:
        """Return the sums of outputs, which stand on the last axis."""
        return changes if self.weights is None else changes @ self.weights.T

    def noise_of(self, changes: Floats) -> Floats:
        """Return the noise of each sum, of those outputs that change, on the axis before the last.

        What is larger some steps away is rounded there with larger errors.
        """
        moved = (changes != 0.0).any(axis=-2)
        noise = self.noise
        if self.here is not None and self.unit:
            sizes = np.abs(self.here + changes).max(axis=-2)
            noise = np.fmax(noise, _ROUNDING * self.unit * sizes)
        if self.weights is None:
            return np.where(moved, noise, 0.0)
        return np.sqrt((moved * noise**2) @ (self.weights**2).T)

    def lively(self, k: int) -> bool:
        """Whether a sum that stands still does so since it does not depend on what moves.

        An output that does not move at all may be the tread of a stair.
        """
        if self.flat is None:
            return False
        return not self.flat[k] if self.weights is None else not self.flat.any()

    @property
    def whole(self) -> Floats:
        """The noise of each sum of all outputs."""
        if self.weights is None:
            return self.noise
        return np.sqrt(self.noise**2 @ (self.weights**2).T)


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
    noise = np.where(still, weighing.whole, weighing.noise_of(changes))
    above, below, far_above, far_below = np.moveaxis(weighing.sums(changes), 1, 0)
    near, far = (above - below) / (up + down), (far_above - far_below) / (far_up + far_down)
    h, k = 0.5 * (up + down), 0.5 * (far_up + far_down)
    change = np.abs(near - far)
    slope = near + (near - far) * h**2 / (k**2 - h**2)
    # Of f' + a h^2 + b h^4 the change shows a; b is to a as a is to f', a few times over.
    bend = np.where(change > 0.0, np.minimum(change, _BENDS * change**2 / np.abs(slope)), 0.0)
    right: Floats = above / up
    left: Floats = -below / down
    gap, far_gap = np.abs(right - left), np.abs(far_above / far_up + far_below / far_down)
    size = np.maximum(np.abs(right), np.abs(left))
    # The gap between the sides of a function that bends shrinks with the step, that of a kink
    # stays, and that of a jump grows.
    stays = (gap > 0.75 * far_gap) & (gap > 0.01 * size) & (gap * h > 32.0 * noise)
    trouble = np.where(stays, np.where(gap > 1.2 * far_gap, NoSlope.JUMP, NoSlope.KINK), 0)
    ends = ~(np.isfinite(above) & np.isfinite(below))
    trouble = np.where(ends, NoSlope.EDGE, trouble).astype(np.int64)
    beyond = ~np.isfinite(slope)
    # A bend to each side is taken off; where a jump is, the sides grow without end.
    far_right: Floats = far_above / far_up
    far_left: Floats = -far_below / far_down
    smooth = np.isfinite(far_right) & np.isfinite(far_left) & (trouble != NoSlope.JUMP)
    grows = trouble == NoSlope.JUMP
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


# Points along the direction: nine for a function that is asked seldom, and more where every one of
# many entries is.
_FEW, _MANY, _ENTRIES = 9, 17, (40, 4096)
_LEVELS = 6


@dataclass
class Nearby:
    """What values some tiny steps away tell of each output.

    Attributes:
        noise: the size of the random errors in its values.
        flat: whether it did not move at all.
        steps: the tiny steps, by entry.
        tilt: how far it moves with them.
    """

    noise: Floats
    flat: npt.NDArray[np.bool_]
    steps: Floats
    tilt: Floats


def noises(
    ask: Evaluations,
    scale: Floats,
    rng: np.random.Generator,
    stretch: float = 1.0,
    *,
    brief: bool = False,
) -> Nearby:
    """Return for each output the size of the random errors in its values, and whether it is flat.

    The values are some tiny steps apart, or so many times as far; few of them, where time is short.

    Source: Moré and Wild, "Estimating computational noise", SIAM Journal on Scientific Computing
    33(3), 2011 (algorithm ECnoise).

    >>> from autograd.check.arrays.containers import numpy_subject
    >>> x = np.linspace(1.0, 2.0, 5)
    >>> subject = numpy_subject(lambda x: np.sin(1e8 * x), lambda x, w: x, (x,))
    >>> from autograd.check.arrays.subject import scales
    >>> rng = np.random.default_rng(0)
    >>> found = noises(Evaluations(subject), scales(subject), rng).noise
    >>> bool((found > 1e-10).all() and (found < 1e-6).all())
    True
    """
    subject = ask.subject
    count = _MANY if _ENTRIES[0] <= len(scale) <= _ENTRIES[1] and not brief else _FEW
    steps = stretch * spacings(subject, scale, rng)
    places = np.arange(count) - count // 2
    around = places[places != 0]
    meant = subject.point + around[:, None] * steps
    exact = (subject.cast(meant) == meant).all(axis=0)
    if 4 * exact.sum() >= len(exact):
        # An entry that is rounded on its way moves by other steps, which would look like noise.
        steps = np.where(exact, steps, 0.0)
    points = subject.cast(subject.point + around[:, None] * steps)
    table = np.insert(ask.at(points), count // 2, subject.here, axis=0)
    floor = _ROUNDING * subject.unit * np.abs(table).max(axis=0)
    # Where the function ends nearby, what is left is the rounding of its value.
    lost = ~np.isfinite(table).all(axis=0)
    table[:, lost] = 0.0
    found = np.maximum(_settled(table), floor)
    found[lost] = 8.0 * subject.unit * np.abs(subject.here[lost])
    flat = (table == table[0]).all(axis=0) | lost
    if flat.all() and not lost.any() and stretch == 1.0:
        found = np.maximum(found, _plateau(ask, steps))
    return Nearby(found, flat, steps, places @ table / float(places @ places))


def _settled(table: Floats) -> Floats:
    """Return the noise in columns of values at even distances: 0 where they are too smooth."""
    levels: list[Floats] = []
    signs: list[npt.NDArray[np.bool_]] = []
    gamma = 1.0
    for k in range(1, _LEVELS + 1):
        table = np.diff(table, axis=0)
        gamma *= k / (2.0 * (2.0 * k - 1.0))
        levels.append(np.sqrt(gamma * (table * table).mean(axis=0)))
        signs.append((table.min(axis=0) < 0.0) & (table.max(axis=0) > 0.0))
    found = np.where(signs[-1], levels[-1], 0.0)
    # The first level from which on three agree; later ones must not overwrite it.
    for k in reversed(range(_LEVELS - 2)):
        three = np.array(levels[k : k + 3])
        settled = signs[k] & (three.max(axis=0) <= 4.0 * three.min(axis=0))
        found = np.where(settled, three[0], found)
    return found


def _plateau(ask: Evaluations, steps: Floats) -> Floats:
    """Return how far the outputs jump at the end of the flat stretch around the point.

    A function that goes through fewer digits, single precision say, is flat between its steps;
    differences closer than these would call its slope 0.
    """
    subject = ask.subject
    for k in range(2, 19, 2):
        points = subject.cast(subject.point + np.array([[4.0**k], [-(4.0**k)]]) * steps)
        jumps = np.abs(ask.at(points) - subject.here).max(axis=0)
        if jumps.any():
            # All outputs go through the same few digits, those that have not jumped yet too.
            size = float(np.abs(subject.here).max()) or 1.0
            share = float(np.max(jumps)) / size
            return (
                np.maximum(jumps, share * np.abs(subject.here))
                if math.isfinite(share)
                else (np.zeros_like(jumps))
            )
    return np.zeros_like(subject.here)
