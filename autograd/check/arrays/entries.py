"""Every entry judged by itself: four evaluations each, four more where those leave it open.

The step follows the noise that was measured. Where a slope bends too much for it, or a kink, a jump
or the end of the domain shows, smaller steps are taken; what seems wrong is handed on to the judge
of functions of one number.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from autograd.check.arrays.quotients import (
    NoSlope,
    Quotients,
    Weighing,
    Whole,
    entrywise,
    joined,
)
from autograd.check.arrays.subject import ArraySubject, Evaluations, Floats, TimeUpError

# Beyond so much noise, relative to the outputs, a function has few digits.
FEW_DIGITS = 2.0**-40
# How well a slope must be known, relative to it and to the usual slope of its array, to be called
# right: of a function with the digits of doubles, and of one with few.
SHARP, COARSE = 5e-9, 0.02
# How much of the noise a bend may be where there are few digits.
_BENT = 1.25
# By this the step shrinks from round to round, and how often.
_SHRINK, _ROUNDS = 32.0, 4
# So many evaluations for an entry on average, and some for few entries.
_MOST, _AT_LEAST = 8, 96

Flags = npt.NDArray[np.bool_]


@dataclass
class EntrySlopes:
    """The slopes of sums of outputs by entries, beside the claimed ones: rows are entries.

    Attributes:
        entries: which were asked.
        claims: the claimed slopes.
        quotients: the best that was seen.
        bound: how far a right claim may lie off.
        needed: how small the bound must be to call a claim right.
        rounds: how often each was asked.
        usual: the usual slope of the array that an entry is of.
        steps: the last that was taken by each.
        stairs: whether the function moves in steps, though its numbers are doubles.
        hidden: where a claim of 0 may be a slope below the rounding of the outputs.
    """

    entries: Whole
    claims: Floats
    quotients: Quotients
    bound: Floats
    needed: Floats
    rounds: Whole
    usual: Floats
    steps: Floats
    hidden: Flags
    stairs: bool = False

    @property
    def sound(self) -> Flags:
        """Where there is a slope to see."""
        return (self.quotients.trouble == NoSlope.NONE) & np.isfinite(self.quotients.slope)

    @property
    def agreed(self) -> Flags:
        """Where the claim lies within its bound."""
        return self.sound & (np.abs(self.claims - self.quotients.slope) <= self.bound)

    @property
    def known(self) -> Flags:
        """Where the slope is known well enough to call a claim right."""
        own = np.maximum(np.abs(self.claims), np.abs(self.quotients.slope))
        seen = (self.bound <= self.needed) & (self.bound <= 0.1 * own)
        # Nothing moves, and nothing is claimed to; of stairs that says nothing.
        nothing = (self.claims == 0.0) & self.quotients.still & ~self.hidden & (not self.stairs)
        return self.sound & (seen | nothing)


def step_share(noise: float, unit: float) -> float:
    """Return the step as a share of an entry's scale, by the noise relative to the outputs.

    >>> [round(step_share(noise, 2.0**-53), 3) for noise in (1e-16, 6e-8, 5e-4)]
    [0.001, 0.025, 0.153]
    """
    if max(noise, unit) < FEW_DIGITS:
        return 2.0**-10
    return 0.7 * min(max(max(noise, unit) ** 0.2, 2.0**-8), 2.0**-2)


def judged(
    ask: Evaluations,
    weighing: Weighing,
    claims: Floats,
    units: Floats,
    scale: Floats,
    relative: float,
    entries: Whole | None = None,
) -> EntrySlopes:
    """Return the slopes by entries, each as well known as the evaluations at hand allow.

    Args:
        ask: the function.
        weighing: the sums of outputs, and the noise.
        claims: by sum and entry.
        units: of the claims, by entry.
        scale: the length by which steps of entries are measured.
        relative: the relative error to allow.
        entries: which ones to ask; all if left out. Where the time is up, fewer come back.
    """
    subject = ask.subject
    asked = np.arange(len(subject.point)) if entries is None else entries
    relative_noise = relative_to_outputs(subject, weighing)
    share = step_share(relative_noise, subject_unit(subject))
    few = max(relative_noise, subject_unit(subject)) >= FEW_DIGITS
    steps = share * scale[asked]
    sharp = max(COARSE if few else SHARP, relative)
    began = 0 if entries is None else ask.count
    first = _as_far_as_time_goes(ask, weighing, asked, steps)
    if few and not ask.over:
        # Of two steps, whose roundings have little in common, the noise is less.
        first = _averaged(ask, weighing, first, asked[: len(first.slope)], 0.8 * steps)
    asked, steps = asked[: len(first.slope)], steps[: len(first.slope)]
    mine = claims[:, asked].T
    blank = np.zeros_like(mine)
    rounds, hidden = np.ones(len(asked), int), np.zeros(mine.shape, dtype=bool)
    found = EntrySlopes(asked, mine, first, blank, blank, rounds, blank, steps, hidden)
    found.stairs = few and subject_unit(subject) < FEW_DIGITS
    settle(found, subject, weighing, units, relative, sharp)
    for _ in range(1, _ROUNDS):
        left = max(_MOST * len(asked), _AT_LEAST) - (ask.count - began)
        following = _next_steps(found, steps, scale, few)
        again = np.flatnonzero(_open(found).any(axis=1) & (following > 0.0))[: max(0, left // 4)]
        if not len(again) or ask.over:
            break
        steps[again] = following[again]
        try:
            more = entrywise(ask, weighing, asked[again], steps[again])
        except TimeUpError:
            break
        _merge(found, again, more)
        found.rounds[again] += 1
        settle(found, subject, weighing, units, relative, sharp)
    _look_at_dead(ask, found)
    return found


def _look_at_dead(ask: Evaluations, found: EntrySlopes) -> None:
    """See whether entries with a claim of 0 move nothing at all, where a batch rounds otherwise."""
    q = found.quotients
    dead = np.flatnonzero(((found.claims == 0.0) & found.agreed & ~q.still).all(axis=1))
    if not len(dead) or found.stairs:
        return
    point = ask.subject.point
    try:
        # All at once, in two patterns of signs.
        for signs in (np.ones(len(dead)), np.where(np.arange(len(dead)) % 2, 1.0, -1.0)):
            for side in (signs, -signs):
                moved = point.copy()
                moved[found.entries[dead]] += side * found.steps[dead]
                if (ask.at(ask.subject.cast(moved)[None])[0] != ask.subject.here).any():
                    return
    except TimeUpError:
        return
    q.still[dead] = True


def subject_unit(subject: ArraySubject) -> float:
    """Return the rounding of the coarsest kind of numbers that a subject goes through."""
    return max(subject.unit, *[leaf.unit for leaf in subject.leaves])


def relative_to_outputs(subject: ArraySubject, weighing: Weighing) -> float:
    """Return the noise in the outputs, relative to them: the middle one of all."""
    sizes = np.abs(subject.here)
    some = sizes > 0.0
    return float(np.median(weighing.noise[some] / sizes[some])) if some.any() else 0.0


def _as_far_as_time_goes(
    ask: Evaluations, weighing: Weighing, entries: Whole, steps: Floats
) -> Quotients:
    """Return the quotients of the first entries, of all if there is no limit to the time."""
    if ask.seconds is None:
        return entrywise(ask, weighing, entries, steps)
    parts: list[Quotients] = []
    for k in range(len(entries)):
        try:
            parts.append(entrywise(ask, weighing, entries[k : k + 1], steps[k : k + 1]))
        except TimeUpError:
            break
    if not parts:
        raise TimeUpError
    return joined(parts)


@np.errstate(all="ignore")
def _averaged(
    ask: Evaluations, weighing: Weighing, first: Quotients, entries: Whole, steps: Floats
) -> Quotients:
    """Return quotients with those at other steps, where there is a slope at both."""
    try:
        second = entrywise(ask, weighing, entries, steps[: len(entries)])
    except TimeUpError:
        return first
    both = (first.trouble == NoSlope.NONE) & (second.trouble == NoSlope.NONE) & ~first.still
    return replace(
        first,
        slope=np.where(both, 0.5 * (first.slope + second.slope), first.slope),
        noise=np.where(both, 0.5 * np.hypot(first.noise, second.noise), first.noise),
    )


@np.errstate(all="ignore")
def settle(
    found: EntrySlopes,
    subject: ArraySubject,
    weighing: Weighing,
    units: Floats,
    relative: float,
    sharp: float,
) -> None:
    """Set the bounds of slopes, and how small they must be."""
    q = found.quotients
    claimed = np.where(np.isfinite(found.claims), np.abs(found.claims), 0.0)
    size = np.maximum(np.abs(q.slope), claimed)
    kind = units[found.entries][:, None]
    found.bound = q.bound + (relative + 2.0 * kind + 2.0**-50) * size
    # A gradient of fewer digits than the function has says less than it might.
    kind = np.minimum(kind, subject_unit(subject))
    found.usual = _usual(found, subject)
    found.needed = sharp * np.maximum(size, found.usual) + (relative + 2.0 * kind) * size
    if sharp >= COARSE > relative:
        # Of few digits as many are asked for as the noise leaves.
        least = (1.0 + _BENT) * q.noise + (relative + 2.0 * kind) * size
        found.needed = np.minimum(found.needed, least)


def _usual(found: EntrySlopes, subject: ArraySubject) -> Floats:
    """Return for each entry the middle one of the slopes of its array that are not 0."""
    usual = np.zeros((len(found.entries), 1))
    for leaf in subject.leaves:
        mine = (found.entries >= leaf.start) & (found.entries < leaf.start + leaf.size)
        sizes = np.abs(found.quotients.slope[mine])
        some = sizes[np.isfinite(sizes) & (sizes > 0.0)]
        if len(some):
            usual[mine] = np.median(some)
    return usual


def _open(found: EntrySlopes) -> Flags:
    """Where another step may tell more."""
    q = found.quotients
    doubtful = (q.trouble != NoSlope.NONE) & (found.rounds[:, None] < 2)
    # In the noise no step sees anything: what does not move at all has no slope to see.
    vague = (q.trouble == NoSlope.NONE) & ~(found.bound <= found.needed) & ~q.still
    return doubtful | vague


def _next_steps(found: EntrySlopes, steps: Floats, scale: Floats, few: bool) -> Floats:
    """Return the steps of the next round: smaller where the function bends, larger in noise.

    Where the noise is too much for the largest step there is none: 0.
    """
    q = found.quotients
    noisy = ((q.noise * (_BENT if few else 1.0) >= q.bend) & (q.trouble == NoSlope.NONE)).all(
        axis=1
    )
    larger = np.minimum(4.0 * steps, scale[found.entries] * (0.2 if few else 0.0625))
    larger[(larger <= steps) | (found.rounds > 1)] = 0.0
    # A slope that is small by chance bends much by its size; a little less of a step is enough.
    near = ((4.0 * q.noise + q.bend / 64.0 <= found.needed) | ~_open(found)).all(axis=1)
    shrink = np.where(near & (found.rounds < 2), 4.0, _SHRINK)
    return np.where(noisy, larger, steps / (1.6 if few else shrink))


def _merge(found: EntrySlopes, again: Whole, more: Quotients) -> None:
    """Take what later quotients know better."""
    old = found.quotients
    kept = {name: getattr(old, name)[again] for name in Quotients.__dataclass_fields__}
    worse = kept["trouble"] != NoSlope.NONE
    before = np.where(worse, np.inf, kept["noise"] + kept["bend"])
    # A kink, jump or edge stands where the smaller step still sees it, or nothing else was seen.
    better = np.where(more.trouble == NoSlope.NONE, more.bound < before, worse | ~(before < np.inf))
    for name, was in kept.items():
        getattr(old, name)[again] = np.where(better, getattr(more, name), was)


HIDDEN = "saturation: outputs that ought to move with it would do so by less than their rounding"


def below_rounding(
    ask: Evaluations, weighing: Weighing, found: EntrySlopes, r: int, k: int
) -> bool:
    """Whether a claim is off by what outputs that do not move ought to move, below their rounding.

    Of softmax a part may be 1, and the others tiny: these move with an entry, and it does not.
    """
    subject, weights = ask.subject, weighing.weights
    if weights is None:
        return False
    i, step = int(found.entries[r]), float(found.steps[r])
    sides = np.repeat(subject.point[None], 2, axis=0)
    sides[:, i] += np.array([step, -step])
    still = (ask.at(subject.cast(sides)) == subject.here).all(axis=0)
    if not still.any() or still.all():
        return False
    part = subject.gradient(subject.point, np.where(still, 0.0, weights[k])).values[i]
    rest = abs(found.claims[r, k] - part)
    sizes = np.abs(weights[k] * subject.here)[still & np.isfinite(subject.here)]
    near = abs(part - found.quotients.slope[r, k]) <= found.bound[r, k]
    return bool(near and rest <= 2.0 * subject.unit * sizes.sum() / step)
