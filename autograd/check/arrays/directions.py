"""Many entries checked at once along random directions, and what is wrong found by halving.

A direction drawn from a normal distribution sees a fault as a normal number with the fault's size
as its deviation, so the chance to miss one is known. Parts of an array are then moved alone: a part
whose slope is the claimed one is left behind, half by half.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from autograd.check.arrays.entries import FEW_DIGITS, relative_to_outputs, step_share, subject_unit
from autograd.check.arrays.quotients import ROOM, NoSlope, Quotients, Weighing, directional
from autograd.check.arrays.subject import ArraySubject, Evaluations, Floats, Leaf, TimeUpError

# Directions to go, and by how many bounds a fault must stand out to be missed as seldom as told.
DIRECTIONS, OUTSTANDING = 5, 10.0
# How small a fault of that size must be, relative to the gradient, to call a gradient right.
_SHARP, _COARSE = 1e-4, 0.05
# Entries of a part that are asked to see whether all of it is wrong.
_SAMPLE = 4
_MOST = 4000

Box = tuple[slice, ...]
Part = tuple[Leaf, Box]


def chance_of_missing(count: int, outstanding: float = OUTSTANDING) -> float:
    """Return how probable it is that a fault so many times the bound hides from all directions.

    >>> round(chance_of_missing(1), 4), chance_of_missing(5) < 1e-5
    (0.0797, True)
    """
    return math.erf(1.0 / (outstanding * math.sqrt(2.0))) ** count


@dataclass
class Sighting:
    """What was seen along directions.

    Attributes:
        off: by direction, how far the slope lies from the claimed one.
        bounds: how far it may.
        slopes: along the directions.
        moves: the directions, as they were gone.
        size: of the claimed gradient, by the lengths of the entries' steps.
        step: that was taken, as a share of the entries' scales.
        change: how far two steps differ.
        trouble: why no direction has a slope, NONE if they have.
        still: whether no output moved.
    """

    off: Floats
    bounds: Floats
    slopes: Floats
    moves: Floats
    size: float
    step: float
    change: float
    trouble: NoSlope = NoSlope.NONE
    still: bool = False

    @property
    def agreed(self) -> bool:
        """Whether the claimed gradient has the slopes that were seen."""
        return bool((np.abs(self.off) <= self.bounds).all())

    @property
    def missed(self) -> float:
        """The size of a fault that is missed as seldom as told, relative to the gradient."""
        if self.size:
            return OUTSTANDING * float(self.bounds.max()) / self.size
        return 0.0 if self.still else math.inf

    def said(self) -> str:
        """Return what was seen, with the chance that it is wrong."""
        count = len(self.off)
        often = 1.0 / chance_of_missing(count)
        along = f"{count} random direction{'s' * (count > 1)}"
        return (
            f"agrees along {along}: a fault of {self.missed:.2g} of the gradient's size is missed "
            f"once in {float(f'{often:.2g}'):,.0f}"
        )

    def sharp(self, few: bool) -> bool:
        """Whether the directions see enough to call a gradient right."""
        return self.missed <= (_COARSE if few else _SHARP)


@dataclass
class RandomWalk:
    """The function asked along directions.

    Attributes:
        ask: the function.
        weighing: the sum of its outputs.
        claims: the claimed slopes.
        scale: the lengths by which steps are measured.
        relative: the relative error of claims that is allowed.
        rng: for the directions.
    """

    ask: Evaluations
    weighing: Weighing
    claims: Floats
    scale: Floats
    relative: float
    rng: np.random.Generator

    @property
    def subject(self) -> ArraySubject:
        """What is checked."""
        return self.ask.subject

    @property
    def few(self) -> bool:
        """Whether the function has few digits."""
        noise = relative_to_outputs(self.subject, self.weighing)
        return max(noise, subject_unit(self.subject)) >= FEW_DIGITS

    def shares(self) -> list[float]:
        """Return the shares of the scale to try: far ones see over noise, near ones no kinks."""
        if not self.few:
            return [2.0**-12, 2.0**-19, 2.0**-26]
        noise = relative_to_outputs(self.subject, self.weighing)
        share = step_share(noise, subject_unit(self.subject))
        return [share, share / 4.0, share / 16.0]

    def seen(self, count: int = DIRECTIONS, step: float = 0.0) -> Sighting:
        """Return what is seen along random directions.

        Args:
            count: of directions; fewer are gone where the first ones say enough.
            step: to take, where it is known.

        Raises:
            TimeUpError: if the time was over before the first.
        """
        n = len(self.scale)
        direction = self.rng.standard_normal(n) * self.scale
        first, move, step = self._first(direction, [step] if step else self.shares())
        parts, moves = [first], [move]
        try:
            for _ in range(1, count):
                if first.trouble[0, 0] != NoSlope.NONE or not self._fits(parts[-1], moves[-1]):
                    break
                direction = self.rng.standard_normal(n) * self.scale
                part, move = directional(self.ask, self.weighing, direction[None], step)
                parts.append(part)
                moves.append(move[0])
        except TimeUpError:
            pass
        return self._told(parts, np.array(moves), step)

    def _first(self, direction: Floats, steps: Sequence[float]) -> tuple[Quotients, Floats, float]:
        """Return the quotients along a direction at the step that tells most."""
        best: tuple[float, Quotients, Floats, float] | None = None
        for step in steps:
            try:
                part, move = directional(self.ask, self.weighing, direction[None], step)
            except TimeUpError:
                if best is None:
                    raise
                break
            bound = float(part.noise[0, 0] + part.change[0, 0])
            bound = bound if math.isfinite(bound) else math.inf
            if best is None or bound < best[0] or not math.isfinite(best[0]):
                best = bound, part, move[0], step
            # Where the noise is all that is left, a smaller step sees less.
            if part.trouble[0, 0] == NoSlope.NONE and part.change[0, 0] <= part.noise[0, 0]:
                break
            if bound <= 1e-7 * float(np.linalg.norm(self.claims * direction)):
                break
        assert best is not None
        return best[1], best[2], best[3]

    def _fits(self, part: Quotients, move: Floats) -> bool:
        off, bound = self._off(part, move)
        return abs(off) <= bound

    def _off(self, part: Quotients, move: Floats) -> tuple[float, float]:
        """Return how far the slope along a direction is off, and how far it may be."""
        products = self.claims * move
        size = float(np.linalg.norm(products))
        rounding = 3.0 * self.relative * size + 2.0**-50 * float(np.abs(products).sum())
        # Scattered kinks leave an error as large as the two steps differ.
        bound = float(part.noise[0, 0] + part.change[0, 0]) + rounding
        return float(part.slope[0, 0] - products.sum()), bound

    def _told(self, parts: Sequence[Quotients], moves: Floats, step: float) -> Sighting:
        pairs = [self._off(part, move) for part, move in zip(parts, moves, strict=True)]
        off, bounds = np.array(pairs).T
        return Sighting(
            off=off,
            bounds=bounds,
            slopes=np.array([part.slope[0, 0] for part in parts]),
            moves=moves,
            size=float(np.linalg.norm(self.claims * self.scale)),
            step=step,
            change=max(float(part.change[0, 0]) for part in parts),
            trouble=NoSlope(int(parts[0].trouble[0, 0]))
            if not math.isfinite(off[0])
            else NoSlope.NONE,
            still=all(bool(part.still[0, 0]) for part in parts),
        )


@dataclass
class FaultSearch:
    """The search for the parts of a long vector whose claimed slopes are wrong.

    Attributes:
        walk: how the function is asked.
        step: the share of the scale to go.
        change: how far bends and kinks may carry a slope.
        found: the parts that are wrong: single entries, or boxes in which most entries are.
        unsure: parts that are wrong somewhere, no one knows where.
        most: the evaluations at which it ends.
        least: how far a part must be off to be looked into; smaller faults are found thereafter.
    """

    walk: RandomWalk
    step: float
    change: float
    found: list[Part] = field(default_factory=list[Part])
    unsure: list[Part] = field(default_factory=list[Part])
    most: int = 0
    least: float = 0.0

    def __post_init__(self) -> None:
        rng, n = self.walk.rng, len(self.walk.scale)
        self.most = self.walk.ask.count + _MOST
        # No entry moves so little that its fault would hide, and no two cancel.
        signs = rng.choice((-1.0, 1.0), n)
        self.direction = signs * rng.uniform(1.0, 2.0, n) * self.walk.scale

    def run(self) -> None:
        """Find what is wrong, as far as evaluations and time go."""
        leaves = [leaf for leaf in self.walk.subject.leaves if leaf.size]
        whole = [(leaf, tuple(slice(0, n) for n in leaf.shape)) for leaf in leaves]
        walk = self.walk
        part, _ = directional(walk.ask, walk.weighing, self.direction[None], self.step)
        # A part may bend more than the whole, whose bends cancel.
        self.change = 4.0 * max(self.change, float(np.nan_to_num(part.change[0, 0], posinf=0.0)))
        off, bound = self.off(whole)
        if abs(off) > bound:
            self.least = 1e-3 * abs(off)
            self.among(whole, off)

    @property
    def over(self) -> bool:
        """Whether enough was asked."""
        return self.walk.ask.count >= self.most or self.walk.ask.over

    def off(self, parts: Sequence[Part]) -> tuple[float, float]:
        """Return how far the slope is off as some parts move alone, and how far it may be."""
        walk = self.walk
        subject = walk.subject
        up, down = subject.point.copy(), subject.point.copy()
        products: list[Floats] = []
        for leaf, box in parts:
            here, move, claims = (
                x[leaf.part].reshape(leaf.shape)[box]
                for x in (subject.point, self.direction, walk.claims)
            )
            # The side away from 0 first, as numbers of few digits need it.
            away = np.where(here < 0.0, -1.0, 1.0) * np.abs(move) * self.step
            first = leaf.cast(here + away)
            second = leaf.cast(here - (first - here))
            ahead = away * move > 0.0
            high, low = np.where(ahead, first, second), np.where(ahead, second, first)
            up[leaf.part].reshape(leaf.shape)[box] = high
            down[leaf.part].reshape(leaf.shape)[box] = low
            products.append(np.ravel(claims * (high - low)))
        product = np.concatenate(products)
        values = walk.ask.at(np.array([up, down]))
        changes = values[0] - values[1]
        off = float(walk.weighing.sums(changes)[0] - product.sum()) / (2.0 * self.step)
        noise = float(walk.weighing.noise_of(values - subject.here)[0])
        rounding = 3.0 * walk.relative * float(np.linalg.norm(product))
        rounding += 2.0**-50 * float(np.abs(product).sum())
        bound = ROOM * noise / self.step + rounding / (2.0 * self.step) + self.change
        return (off if math.isfinite(off) else 0.0), bound

    def among(self, parts: list[Part], off: float) -> None:
        """FaultSearch in parts that are wrong together by so much."""
        if len(parts) == 1:
            self.within(*parts[0], off)
            return
        half = len(parts) // 2
        for some, far in self.split(parts[:half], parts[half:], off):
            self.among(some, far)

    def split(
        self, first: list[Part], second: list[Part], off: float
    ) -> list[tuple[list[Part], float]]:
        """Return which of two sides are off, and how far: what the one is not, the other is."""
        if self.over:
            return []
        here, bound = self.off(first)
        there = off - here
        if abs(here) > max(bound, self.least) and abs(there) > max(bound, self.least):
            # A difference has the errors of both; before both are searched it is asked for.
            there, bound = self.off(second)
        sides = [(first, here), (second, there)]
        return [(part, far) for part, far in sides if abs(far) > max(bound, self.least)]

    def within(self, leaf: Leaf, box: Box, off: float) -> None:
        """FaultSearch in a box of an array, axis by axis, that is wrong by so much."""
        divided: list[tuple[int, list[tuple[list[Part], float]]]] = []
        for axis in range(len(box)):
            while (length := box[axis].stop - box[axis].start) > 1:
                middle = box[axis].start + length // 2
                lower = _side(box, axis, box[axis].start, middle)
                upper = _side(box, axis, middle, box[axis].stop)
                sides = self.split([(leaf, lower)], [(leaf, upper)], off)
                if len(sides) != 1:
                    divided.append((length, sides))
                    break
                ((_, box),), off = sides[0][0], sides[0][1]
        if not divided:
            self.found.append((leaf, box))
        elif self.over or not any(sides for _, sides in divided):
            self.unsure.append((leaf, box))
        elif self.dense(leaf, box):
            self.found.append((leaf, box))
        else:
            # Halves of the box as it was then: what was cut off since is right.
            _, sides = max(divided, key=lambda pair: (bool(pair[1]), pair[0]))
            for parts, far in sides:
                self.within(leaf, _meet(parts[0][1], box), far)

    def dense(self, leaf: Leaf, box: Box) -> bool:
        """Whether most entries of a box are wrong, as those that are drawn from it are."""
        size = math.prod(side.stop - side.start for side in box)
        claims = self.walk.claims[leaf.part].reshape(leaf.shape)[box].ravel()
        some = np.flatnonzero(claims)
        places = some if len(some) >= _SAMPLE else np.arange(size)
        drawn = self.walk.rng.choice(places, min(_SAMPLE, len(places)), replace=False)
        shape = tuple(side.stop - side.start for side in box)
        wrong = 0
        for k, i in enumerate(drawn):
            at = np.unravel_index(int(i), shape)
            corner = [side.start + int(j) for j, side in zip(at, box, strict=True)]
            off, bound = self.off([(leaf, tuple(slice(j, j + 1) for j in corner))])
            wrong += abs(off) > bound
            if k == 1 and not wrong:
                return False
        # Of few faults among many entries none would be drawn.
        return wrong >= 0.5 * len(drawn)


def _side(box: Box, axis: int, start: int, stop: int) -> Box:
    return (*box[:axis], slice(start, stop), *box[axis + 1 :])


def _meet(one: Box, other: Box) -> Box:
    """Return what two boxes have in common."""
    pairs = zip(one, other, strict=True)
    return tuple(slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in pairs)
