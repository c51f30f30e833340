"""The check of a subject of arrays: entry by entry, or along random directions where it is long."""

import time

import numpy as np

from autograd.check.arrays.decide import Decision, decide, known_of
from autograd.check.arrays.doubt.linear import Crooked, crooked
from autograd.check.arrays.doubt.steps import FINER, has_fine_structure
from autograd.check.arrays.entries import (
    FEW_DIGITS,
    judged,
    relative_to_outputs,
    subject_unit,
)
from autograd.check.arrays.located import LongCheck
from autograd.check.arrays.mistakes import explained, with_mistakes
from autograd.check.arrays.quotients import Nearby, Weighing, Whole, noises
from autograd.check.arrays.subject import (
    ArraySubject,
    Claimed,
    Evaluations,
    Floats,
    Leaf,
    TimeUpError,
    scales,
)
from autograd.check.arrays.verdicts import ArrayReport, all_of, counted, unknown_everywhere
from autograd.check.judge.report import Outcome, Verdict
from autograd.check.judge.values import chance_of, told_apart

# Beyond so much noise, relative to the outputs, half precision may be inside.
_FEW = 2.0**-20
# Up to so many entries each is asked.
MOST_ENTRIES = 4096
# Where the time is for fewer evaluations, most are kept for slopes.
_BRIEF = 64
# Two ways to compute the same numbers lie a few roundings of the largest apart: that is noise.
_ROUNDINGS = 64.0


@np.errstate(all="ignore")
def examined(
    subject: ArraySubject,
    *,
    relative: float = 1e-9,
    seed: int = 0,
    seconds: float | None = None,
    jacobian: bool = False,
) -> ArrayReport:
    """Return the report on a subject's gradient.

    Args:
        subject: the function and its claimed gradient, laid flat.
        relative: the relative error to allow beyond rounding.
        seed: of the random weights and directions.
        seconds: how long to go on; None for as long as it takes.
        jacobian: whether to judge each output's slopes by themselves, not those of their sum with
            random weights.
    """
    check = _Check(subject, relative, seed, seconds, jacobian)
    return check.report()


class _Check:
    """One check of a subject: its claims, and what it found."""

    def __init__(
        self, subject: ArraySubject, relative: float, seed: int, seconds: float | None, each: bool
    ) -> None:
        self.subject, self.relative, self.seed = subject, relative, seed
        self.rng = np.random.default_rng(seed)
        self.ask = Evaluations(subject, seconds)
        self.each = each and not subject.scalar
        self.weights = self.weights_of_outputs()
        self.scale = scales(subject)
        self.units = np.concatenate([np.full(leaf.size, leaf.unit) for leaf in subject.leaves])
        self.claims = np.zeros((1, len(subject.point)))
        self.stir = np.zeros(len(subject.here))

    def weights_of_outputs(self) -> Floats:
        """Return random weights from 1 to 2, of both signs, that all kinds of numbers hold."""
        count = len(self.subject.here)
        if self.subject.scalar:
            return np.ones((1, 1))
        if self.each:
            return np.eye(count)
        signs = self.rng.choice((-1.0, 1.0), (1, count))
        return signs * self.rng.integers(64, 128, (1, count)) / 64.0

    def claims_at(self, point: Floats) -> Floats:
        """Return the claimed slopes of each sum of outputs, a row for each."""
        if self.each and self.subject.jacobian is not None:
            return self.subject.jacobian(point)
        found: list[Claimed] = [self.subject.gradient(point, w) for w in self.weights]
        for leaf, unit in zip(self.subject.leaves, found[0].units, strict=True):
            self.units[leaf.part] = unit
        return np.array([claimed.values for claimed in found])

    def report(self) -> ArrayReport:
        """Return the report on all of it."""
        self.claims = self.claims_at(self.subject.point)
        reason = self.unsteady()
        if reason:
            return self.told(unknown_everywhere(self.subject, self.claims[0], reason))
        try:
            return self.judged()
        except TimeUpError:
            spent = f"time: {self.ask.seconds:g} s were over before any slope was known"
            return self.told(unknown_everywhere(self.subject, self.claims[0], spent))

    def unsteady(self) -> str:
        """Return why nothing can be told of the function at all: chance, or no finite value."""
        subject = self.subject
        again = self.claims_at(subject.point)
        apart = self.moved_claims(again)
        if len(apart):
            k, i = apart[0]
            first, second = told_apart(float(self.claims[k, i]), float(again[k, i]))
            return (
                f"the gradient gives different numbers at the same inputs, {first} and {second} "
                f"for {subject.leaf_of(int(i)).name}: it is random, or keeps something between "
                "calls"
            )
        lost = np.flatnonzero(~np.isfinite(subject.here))
        if len(lost):
            j = int(lost[0])
            return f"the value of {subject.output(j)} is {subject.here[j]} at the inputs"
        try:
            here = self.ask.at(subject.point[None])[0]
        except TimeUpError:
            return ""
        return self.chance(here)

    def moved_claims(self, again: Floats) -> Whole:
        """Return where claims are others now, by more than roundings explain."""
        off = np.where(np.isnan(again) & np.isnan(self.claims), 0.0, np.abs(again - self.claims))
        off[again == self.claims] = 0.0
        room = np.zeros_like(off)
        for leaf in self.subject.leaves:
            sizes = np.abs(np.nan_to_num(self.claims[:, leaf.part], posinf=0.0, neginf=0.0))
            largest = sizes.max(axis=1, keepdims=True, initial=0.0)
            room[:, leaf.part] = _ROUNDINGS * self.units[leaf.part] * largest
        return np.argwhere(~(off <= room))

    def chance(self, here: Floats) -> str:
        """Return that outputs at the same point are others now, "" if roundings explain it."""
        first = self.subject.here
        off = np.where((here == first) | (np.isnan(here) & np.isnan(first)), 0.0, here - first)
        largest = np.abs(first[np.isfinite(first)]).max(initial=0.0)
        moved = np.flatnonzero(~(np.abs(off) <= _ROUNDINGS * self.subject.unit * largest))
        if not len(moved):
            self.stir = np.maximum(self.stir, np.abs(off))
            return ""
        j = int(moved[0])
        return chance_of(float(first[j]), float(here[j]))

    def judged(self) -> ArrayReport:
        """Return the report on a function that stands still."""
        near = noises(self.ask, self.scale, self.rng, brief=not self.lasts(_BRIEF))
        near.noise = np.maximum(near.noise, self.stir)
        weights = None if self.each else self.weights
        weighing = Weighing(weights, near.noise, near.flat, self.subject.here, self.subject.unit)
        decision = Decision(
            self.ask,
            weighing,
            self.claims_at,
            self.scale,
            self.units,
            self.relative,
            self.rng,
            self.each,
        )
        bent = self.nonlinear()
        decision.crooked, decision.why = bent.entries, bent.said
        n = len(self.subject.point)
        if not self.each and (n > MOST_ENTRIES or not self.lasts(4 * n)):
            found = LongCheck(decision, self.claims[0]).run()
            if self.is_fine(decision, near):
                return self.told(unknown_everywhere(self.subject, self.claims[0], FINER))
            return self.ended(found.verdicts, found.counts)
        order = None
        if self.ask.seconds is not None:
            order = self.rng.permutation(n)
        found = judged(
            self.ask, weighing, self.claims, self.units, self.scale, self.relative, order
        )
        if (found.sound & ~found.agreed).any() and self.has_steps(weighing):
            found = judged(
                self.ask, weighing, self.claims, self.units, self.scale, self.relative, order
            )
        wrong = decide(decision, found)
        for leaf in self.subject.leaves:
            self.not_asked(decision, leaf, found.entries)
        if self.is_fine(decision, near):
            return self.told(unknown_everywhere(self.subject, self.claims[0], FINER))
        verdicts = decision.verdicts
        if wrong.any() and not self.each and not self.ask.over:
            known = known_of(self.subject, found, wrong, 0)
            verdicts = with_mistakes(verdicts, explained(self.ask, self.weights, known))
        return self.ended(verdicts, decision.counts)

    def is_fine(self, decision: Decision, near: Nearby) -> bool:
        """Whether all is right but for structure that is finer than the steps that were taken."""
        if decision.counts[Outcome.WRONG] or not decision.counts[Outcome.RIGHT]:
            return False
        if subject_unit(self.subject) >= FEW_DIGITS or self.ask.over:
            return False
        try:
            return has_fine_structure(self.ask, decision.weighing, self.claims, near)
        except TimeUpError:
            return False

    def nonlinear(self) -> Crooked:
        """Return which claims are not linear in the weights, and how that was seen."""
        subject, (weights, *more) = self.subject, self.weights
        takes = subject.weighed or not subject.scalar
        if more or self.each or subject.jacobian is not None or not takes:
            return Crooked(np.zeros(len(subject.point), dtype=bool))

        def gradient(weights: Floats) -> Floats:
            return subject.gradient(subject.point, weights).values

        def few() -> bool:
            far = noises(self.ask, self.scale, self.rng, 2.0**22)
            return relative_to_outputs(subject, Weighing(None, far.noise)) > _FEW

        return crooked(subject, gradient, weights, self.claims[0], few)

    def has_steps(self, weighing: Weighing) -> bool:
        """Whether the function moves in steps that tiny moves do not see; its noise is then theirs.

        A softmax in single precision stands still at tiny moves while what it is multiplied by
        moves as doubles do. Where the noise grows with the distance, it is a bend or a kink.
        """
        if self.subject.unit > FEW_DIGITS:
            return False
        try:
            near, far = (noises(self.ask, self.scale, self.rng, 2.0**k).noise for k in (22, 25))
        except TimeUpError:
            return False
        # What moves by much of its size has a jump here.
        least = 2.0**-7 * np.abs(self.subject.here).max()
        steps = np.where((far < 4.0 * near) & (near <= least), near, 0.0)
        steps[~(steps > 64.0 * weighing.noise)] = 0.0
        weighing.noise = np.maximum(weighing.noise, steps)
        return bool(steps.any())

    def lasts(self, evaluations: int) -> bool:
        """Whether the time is likely to last for so many evaluations more."""
        ask = self.ask
        if ask.seconds is None:
            return True
        spent = time.perf_counter() - ask.started
        return spent + evaluations * spent / max(1, ask.count) <= ask.seconds

    def not_asked(self, decision: Decision, leaf: Leaf, entries: Whole) -> None:
        """Leave the entries of an array open that the time did not last for."""
        inside = (entries >= leaf.start) & (entries < leaf.start + leaf.size)
        asked = int(inside.sum())
        if asked < leaf.size:
            reason = f"time: {asked:,} of its {leaf.size:,} entries were asked in the seconds given"
            where = all_of(leaf, leaf.size - asked)
            verdict = Verdict(order=1, outcome=Outcome.UNKNOWN, reason=reason, **where)
            decision.add(verdict, leaf.size - asked)

    def ended(self, verdicts: list[Verdict], counts: dict[Outcome, int]) -> ArrayReport:
        """Return the report, unless the function has become another one on the way."""
        reason = "" if self.ask.over else self.chance(self.ask.at(self.subject.point[None])[0])
        if reason:
            reason = f"{reason}; it keeps something between calls"
            return self.told(unknown_everywhere(self.subject, self.claims[0], reason))
        return self.told(verdicts, counts)

    def told(
        self, verdicts: list[Verdict], counts: dict[Outcome, int] | None = None
    ) -> ArrayReport:
        """Return a report with what was seen beside the numbers."""
        subject = self.subject
        notes = sorted(subject.notes)
        if len(subject.here) > 1 and not self.each:
            notes.insert(
                0,
                f"f gives {len(subject.here):,} numbers: the slopes are of their sum with weights",
            )
        return ArrayReport(
            verdicts,
            subject.title,
            entries=counts or counted(verdicts, subject.leaves),
            evaluations=self.ask.count,
            seed=self.seed,
            notes=notes,
        )
