"""Verdicts on a long vector: right along random directions, or wrong in parts that are found.

What is found stands still from then on, and the rest is asked again.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd.check.arrays.decide import Decision, add_nonlinear, decide
from autograd.check.arrays.directions import Box, FaultSearch, Part, RandomWalk, Sighting
from autograd.check.arrays.doubt.plateaus import Plateaus
from autograd.check.arrays.doubt.steps import is_finer
from autograd.check.arrays.entries import judged
from autograd.check.arrays.quotients import NoSlope
from autograd.check.arrays.subject import Floats, Leaf, TimeUpError
from autograd.check.arrays.verdicts import ORACLE, TROUBLES, all_of, named, part_of
from autograd.check.judge.report import Outcome, Verdict

# What is found is left out, and the rest is asked again, so often and along so many directions.
_ROUNDS, _AGAIN = 4, 2
# Faults that are found one by one before the rest is left open.
_LISTED = 64
# What has no place yet is called wrong where it is so many bounds off.
_FAR = 8.0
_ASKED = 4


@dataclass
class LongCheck:
    """The check of a long vector.

    Attributes:
        decision: what it needs, and what it has judged.
        claims: the claimed slopes.
    """

    decision: Decision
    claims: Floats

    def __post_init__(self) -> None:
        d = self.decision
        relative = d.relative + 4.0 * float(d.units.max())
        self.walk = RandomWalk(d.ask, d.weighing, self.claims, d.scale.copy(), relative, d.rng)
        self.left = {leaf.name: leaf.size for leaf in d.subject.leaves if leaf.size}
        # Whether a second direction was off, too.
        self.twice = False

    def run(self) -> Decision:
        """Judge it, and return the verdicts."""
        if self.not_numbers():
            return self.decision
        self.not_linear()
        if not any(self.left.values()):
            return self.decision
        seen = self.walk.seen()
        for _ in range(_ROUNDS):
            if seen.agreed or seen.trouble != NoSlope.NONE:
                break
            try:
                if not self.located(seen):
                    break
                seen = self.walk.seen(_AGAIN, seen.step)
            except TimeUpError:
                break
        self.rest(seen)
        return self.decision

    def not_numbers(self) -> bool:
        """Judge claims that are no numbers, if there are any: nothing else can be told then."""
        places = np.flatnonzero(~np.isfinite(self.claims))
        for i in places[:_LISTED]:
            claim = float(self.claims[i])
            where = self.decision.where(int(i), 0)
            reason = f"no slope is {claim:g}"
            verdict = Verdict(
                order=1, outcome=Outcome.WRONG, analytic=claim, reason=reason, **where
            )
            self.decision.add(verdict)
            self.left[self.decision.subject.leaf_of(int(i)).name] -= 1
        if len(places):
            self.open("there are claims that are no numbers, so its sums cannot be compared")
        return bool(len(places))

    def not_linear(self) -> None:
        """Judge claims that are not linear in the weights, and leave them out from now on."""
        crooked = self.decision.crooked
        if crooked is None:
            return
        entries = np.flatnonzero(crooked)
        add_nonlinear(self.decision, entries, self.claims[entries])
        self.walk.scale[entries] = 0.0
        for leaf in self.decision.subject.leaves:
            if leaf.size:
                self.left[leaf.name] -= int(crooked[leaf.part].sum())

    def located(self, seen: Sighting) -> bool:
        """FaultSearch for what is wrong, judge it, and leave it out from now on."""
        search = FaultSearch(self.walk, seen.step, seen.change)
        try:
            search.run()
        finally:
            self.twice = search.least > 0.0
        singles = [part for part in search.found if _size(part[1]) == 1][:_LISTED]
        boxes = [part for part in search.found if _size(part[1]) > 1][:_LISTED]
        found = self.judge_entries(singles)
        for leaf, box in boxes:
            found = self.judge_box(leaf, box) or found
        for leaf, box in search.unsure:
            verdict = Verdict(
                order=1,
                outcome=Outcome.UNKNOWN,
                oracle=ORACLE,
                reason="somewhere in it slopes are off by little more than can be told",
                **named(leaf, part_of(leaf, box)),
            )
            self.leave_out((leaf, box), verdict)
            found = True
        return found

    def leave_out(self, part: Part, verdict: Verdict) -> None:
        """Keep a verdict on a part, which stands still from now on."""
        leaf, box = part
        self.walk.scale[leaf.part].reshape(leaf.shape)[box] = 0.0
        size = _size(box)
        self.decision.add(verdict, size)
        self.left[leaf.name] -= size

    def judge_entries(self, parts: list[Part]) -> bool:
        """Judge entries that were found; return whether any of them is not right."""
        if not parts:
            return False
        verdicts = {(v.argument, v.index): v for v in self.asked([_place(*part) for part in parts])}
        for leaf, box in parts:
            verdict = verdicts.get((leaf.argument, part_of(leaf, box)))
            if verdict is not None:
                self.leave_out((leaf, box), verdict)
        return bool(verdicts)

    def judge_box(self, leaf: Leaf, box: Box) -> bool:
        """Judge a part that is wrong all over by some entries of it."""
        claims = self.claims[leaf.part].reshape(leaf.shape)[box].ravel()
        order = np.argsort(-np.abs(claims))
        drawn = order[np.linspace(0, len(order) // 2, min(_ASKED, len(order))).astype(int)]
        shape = tuple(side.stop - side.start for side in box)
        entries: list[int] = []
        for i in np.unique(drawn):
            at = np.unravel_index(int(i), shape)
            pairs = zip(at, box, strict=True)
            entries.append(_place(leaf, tuple(slice(side.start + int(k), 0) for k, side in pairs)))
        wrong = [v for v in self.asked(entries, smaller=True) if v.outcome is Outcome.WRONG]
        if not wrong:
            return False
        where = named(leaf, part_of(leaf, box))
        worst = max(wrong, key=lambda v: abs(v.analytic - v.numeric))
        reason = f"{len(wrong)} of {len(entries)} entries asked in it are wrong, as {worst.entry}"
        self.leave_out((leaf, box), replace(worst, reason=reason, **where))
        return True

    def asked(self, entries: list[int], *, smaller: bool = False) -> list[Verdict]:
        """Return the verdicts on entries that are not right, each asked by itself.

        Args:
            entries: which ones.
            smaller: whether to look at smaller steps, too: none is told where these differ.
        """
        d = self.decision
        own = replace(d, verdicts=[], counts=dict.fromkeys(Outcome, 0), deep=False, crooked=None)
        places = np.array(entries)
        found = judged(d.ask, d.weighing, self.claims[None], d.units, d.scale, d.relative, places)
        off = np.flatnonzero((found.sound & ~found.agreed)[:, 0])
        if smaller and len(off) and is_finer(d.ask, d.weighing, found, int(off[0]), 0):
            return []
        decide(own, found)
        return [v for v in own.verdicts if v.outcome is not Outcome.RIGHT]

    def rest(self, seen: Sighting) -> None:
        """Judge what is left after all that was found."""
        few = self.walk.few
        if seen.trouble != NoSlope.NONE:
            self.open(f"{TROUBLES[seen.trouble]}, along a random direction")
        elif not seen.agreed:
            k = int(np.argmax(np.abs(seen.off) - seen.bounds))
            far = abs(seen.off[k]) > _FAR * seen.bounds[k]
            if self.twice and far and self.decision.ask.over and len(self.left) == 1:
                reason = (
                    "along two random directions the slope is another one, off by "
                    f"{seen.off[k]:.2g} along one; the time was over before it was known where"
                )
                self.each(Outcome.WRONG, reason, seen)
                return
            self.open(
                f"along a random direction the slope is off by {seen.off[k]:.2g}, more than "
                f"{seen.bounds[k]:.2g}, but no part of it was found to be"
            )
        elif seen.still and self.hidden():
            self.open("saturation: no output moves near by, and far away little by little")
        elif not seen.sharp(few):
            self.open(f"noise: it {seen.said()}")
        else:
            self.each(Outcome.RIGHT, seen.said(), seen)

    def hidden(self) -> bool:
        """Whether slopes may be hidden by the rounding of outputs that no entry moves near by."""
        d = self.decision
        entries = np.flatnonzero(self.walk.scale)
        try:
            return Plateaus(d.ask, d.weighing, self.walk.scale, d.rng).gradual(entries)
        except TimeUpError:
            return True

    def open(self, reason: str) -> None:
        """Leave open what is left."""
        self.each(Outcome.UNKNOWN, reason, None)

    def each(self, outcome: Outcome, reason: str, seen: Sighting | None) -> None:
        """Give what is left of each array a verdict."""
        for leaf in self.decision.subject.leaves:
            count = self.left.get(leaf.name, 0)
            if count:
                numbers: dict[str, Any] = {}
                if seen is not None:
                    claim = float((self.claims * seen.moves[0]).sum())
                    numbers = {"analytic": claim, "numeric": float(seen.slopes[0])}
                    numbers["bound"] = float(seen.bounds[0])
                    numbers["step"] = seen.step
                verdict = Verdict(
                    order=1,
                    outcome=outcome,
                    oracle="random directions",
                    reason=reason,
                    **numbers,
                    **all_of(leaf, count),
                )
                self.decision.add(verdict, count)


def _size(box: Box) -> int:
    return math.prod(side.stop - side.start for side in box)


def _place(leaf: Leaf, box: Box) -> int:
    """Return where the first entry of a box stands in the long vector."""
    place = [side.start for side in box]
    return leaf.start + (int(np.ravel_multi_index(place, leaf.shape)) if place else 0)
