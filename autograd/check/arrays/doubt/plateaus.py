"""Where outputs stand still: whether they depend on no entry, or move below their rounding.

A slope of 1e-20 beside a value of 1 shows at no step that slopes are measured with, and it is not
0. Far away it does: outputs that leave a plateau by a kink, as those of a relu, jump by many
roundings from one distance to the next, and those whose slope was hidden begin with a few.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autograd.check.arrays.entries import EntrySlopes, Flags, relative_to_outputs
from autograd.check.arrays.quotients import Weighing, Whole
from autograd.check.arrays.subject import ArraySubject, Evaluations, Floats

# How far entries are moved, in their usual lengths, from a step at which they stood still.
_FAR, _HALFWAY, _NEAR = 2.0**24, 2.0**6, 2.0**-11
# A plateau ends at once if its end is known to so much of itself, and nothing moved in between by
# fewer roundings than these, nor by less than that share of the outputs.
_ENDS, _ROUNDINGS, _SHARE = 1.15, 1024.0, 0.004
# Evaluations for an entry on average, and some for few.
_EACH, _AT_LEAST = 2, 64


# Single precision has steps so small, relative to the outputs, and outputs of so few binary digits.
_SINGLE, _DIGITS = 2.0**-20, 2.0**40
TREAD = "stairs: the function stands still here and moves in steps, so its slope is 0 or none"


def is_on_tread(subject: ArraySubject, weighing: Weighing, found: EntrySlopes) -> bool:
    """Whether a function that stands still nearby moves in steps, and not by few digits alone.

    The slope of such stairs is 0; that of a function in single precision inside is not.
    """
    if not found.stairs or weighing.flat is None or not weighing.flat.all():
        return False
    mantissas = np.frexp(subject.here)[0] * _DIGITS
    short = bool((mantissas == np.rint(mantissas)).all())
    return not short or relative_to_outputs(subject, weighing) > _SINGLE


@dataclass
class Plateaus:
    """The search for entries whose slopes are hidden by the rounding of outputs.

    Attributes:
        ask: the function.
        weighing: the noise of the outputs.
        scale: the usual lengths of the entries.
        rng: for the direction in which they move.
    """

    ask: Evaluations
    weighing: Weighing
    scale: Floats
    rng: np.random.Generator

    def __post_init__(self) -> None:
        n = len(self.scale)
        signs = self.rng.choice((-1.0, 1.0), n)
        self.direction = signs * self.rng.uniform(1.0, 2.0, n) * self.scale
        self.most = self.ask.count + _EACH * n + _AT_LEAST

    def look(self, found: EntrySlopes) -> None:
        """Find which claims of 0 stand on a plateau, and which may be slopes that are hidden.

        Raises:
            TimeUpError: if the time was over before.
        """
        dead = (found.claims == 0.0) & found.quotients.still & found.sound & found.agreed
        if found.stairs or not dead.any():
            return
        if self.weighing.weights is None:
            for r in np.flatnonzero(dead.any(axis=1)):
                if self.ask.count < self.most:
                    hidden = self.hidden(found.entries[[r]], dead[r])
                    found.hidden[r] = dead[r] & bool(len(hidden))
            return
        some = found.entries[dead.all(axis=1)]
        for leaf in self.ask.subject.leaves:
            # A term that was left out is often all that an array goes into.
            mine = some[(some >= leaf.start) & (some < leaf.start + leaf.size)]
            if len(mine):
                found.hidden[np.isin(found.entries, self.hidden(mine))] = True

    def hidden(self, entries: Whole, outputs: Flags | None = None) -> Whole:
        """Return those of entries that move nothing whose slopes may be hidden.

        Args:
            entries: which ones; the hidden ones among them are found by halving.
            outputs: which ones to look at; all if left out.
        """
        if not self.gradual(entries, outputs):
            return entries[:0]
        if len(entries) == 1 or self.ask.count >= self.most:
            return entries
        half = len(entries) // 2
        parts = [self.hidden(part, outputs) for part in (entries[:half], entries[half:])]
        return np.concatenate(parts)

    def gradual(self, entries: Whole, outputs: Flags | None = None) -> bool:
        """Whether outputs begin to move little by little as entries move together."""
        for side in (1.0, -1.0):
            far = self.moved(entries, side * _FAR, outputs)
            if far == 0.0:
                # What leaves a plateau may come back to it.
                far = self.moved(entries, side * _HALFWAY, outputs)
                near, end = _NEAR, _HALFWAY
            else:
                near, end = _NEAR, _FAR
            if far == 0.0:
                continue
            if far < 1.0:
                return True
            while end > _ENDS * near:
                middle = float(np.sqrt(near * end))
                moved = self.moved(entries, side * middle, outputs)
                if 0.0 < moved < 1.0:
                    return True
                near, end = (near, middle) if moved else (middle, end)
            if near == _NEAR:
                return True
        return False

    @np.errstate(all="ignore")
    def moved(self, entries: Whole, length: float, outputs: Flags | None) -> float:
        """Return how far the output moved that moved least: 0 if none did, 1 for very far.

        One point at a time: a batch may round otherwise.
        """
        subject = self.ask.subject
        point = subject.point.copy()
        point[entries] += length * self.direction[entries]
        there = self.ask.at(subject.cast(point)[None])[0]
        changes = np.abs(there - subject.here)
        changes[~np.isfinite(changes)] = np.inf
        sizes = np.fmax(np.abs(subject.here), np.where(np.isfinite(there), np.abs(there), 0.0))
        flat = self.weighing.flat
        noise = self.weighing.noise if flat is None else np.where(flat, 0.0, self.weighing.noise)
        rounding = np.maximum(2.0 * subject.unit * sizes, 2.0 * noise)
        enough = np.minimum(_ROUNDINGS * rounding, np.maximum(_SHARE * sizes, 4.0 * rounding))
        some: npt.NDArray[np.bool_] = changes > 0.0
        if outputs is not None:
            some &= outputs
        if not some.any():
            return 0.0
        return float(np.min(np.where(enough > 0.0, changes / enough, np.inf)[some]))
