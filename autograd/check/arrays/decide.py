"""From slopes to verdicts: what lies beyond its bound is asked once more before it is called wrong.

The gradient's own rounding is measured then, and the judge of functions of one number, who knows
stairs, tables and iterations, looks at the entries that are farthest off.
"""

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograd.check.arrays.doubt.plateaus import TREAD, Plateaus, is_on_tread
from autograd.check.arrays.doubt.steps import (
    FINER,
    at_other_steps,
    is_finer,
    one_number,
    plainly_off,
)
from autograd.check.arrays.entries import (
    HIDDEN,
    EntrySlopes,
    Flags,
    below_rounding,
    subject_unit,
)
from autograd.check.arrays.mistakes import Known
from autograd.check.arrays.quotients import NoSlope, Weighing, Whole
from autograd.check.arrays.subject import (
    ArraySubject,
    Evaluations,
    Floats,
    Leaf,
    TimeUpError,
    spacings,
)
from autograd.check.arrays.verdicts import ORACLE, TROUBLES, all_of, digits, middle, named
from autograd.check.judge.report import Outcome, Verdict
from autograd.check.judge.values import STEPS, along, within_slopes

# So many entries are asked again; if each is wrong, the others are believed. Else some more.
_ASKED, _AT_MOST = 2, 16
# So many more are asked at two other steps, where a change of the bend would show.
_AT_OTHERS = 64
# So many entries that are wrong by one fault are named one by one.
_NAMED = 64


@dataclass
class Decision:
    """What is needed to judge slopes, and what was judged.

    Attributes:
        ask: the function.
        weighing: the sums of its outputs.
        claims_at: the claimed slopes at a point, by sum and entry.
        scale: the length by which steps are measured, by entry.
        units: the rounding of the claims, by entry.
        relative: the relative error to allow.
        rng: for tiny moves.
        columns: whether the sums are single outputs, the rows of a Jacobian.
        deep: whether the judge of functions of one number is asked as well.
        crooked: which claims are not linear in the weights of the outputs; None if all are.
        why: how that was seen.
        verdicts: those that were found.
        counts: the number of slopes by outcome.
    """

    ask: Evaluations
    weighing: Weighing
    claims_at: Callable[[Floats], Floats]
    scale: Floats
    units: Floats
    relative: float
    rng: np.random.Generator
    columns: bool = False
    deep: bool = True
    crooked: Flags | None = None
    why: str = ""
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))

    @property
    def subject(self) -> ArraySubject:
        """What is checked."""
        return self.ask.subject

    def add(self, verdict: Verdict, count: int = 1) -> None:
        """Keep a verdict on one slope or on several."""
        self.verdicts.append(verdict)
        self.counts[verdict.outcome] += count

    def where(self, i: int, k: int) -> dict[str, Any]:
        """Return what a verdict says of where it is."""
        leaf = self.subject.leaf_of(i)
        index = leaf.index(i - leaf.start)
        if not self.columns:
            return named(leaf, index)
        place = named(leaf, index, self.subject.output(k))
        return {**place, "index": (k, *index)}


def decide(decision: Decision, found: EntrySlopes) -> Flags:
    """Add the verdicts on slopes, and return which are wrong."""
    decision_bound(decision, found)
    with contextlib.suppress(TimeUpError):
        Plateaus(decision.ask, decision.weighing, decision.scale, decision.rng).look(found)
    outside = ~found.sound & ~_between(found)
    if len(decision.subject.here) > 1 and not decision.columns:
        # At a kink each output may have chosen a side, and their sum lies between no two.
        outside &= ~np.isfinite(found.claims)
    off = (found.sound & ~found.agreed) | outside
    fate = _confirmed(decision, found, off)
    wrong = np.zeros(found.claims.shape, dtype=bool)
    bent = np.zeros_like(wrong)
    if decision.crooked is not None:
        bent |= decision.crooked[found.entries][:, None]
    for (r, k), verdict in fate.items():
        wrong[r, k] = verdict.outcome is Outcome.WRONG
        if wrong[r, k] and bent[r, k]:
            decision.add(replace(verdict, reason=decision.why))
        elif not bent[r, k]:
            decision.add(verdict)
    bent &= ~wrong
    rows = np.flatnonzero(bent.any(axis=1))
    add_nonlinear(decision, found.entries[rows], found.claims[rows, 0])
    for count, (r, k) in enumerate(np.argwhere(~found.sound & ~off & ~bent)):
        verdict = _troubled(decision, found, int(r), int(k))
        if count < _ASKED and decision.deep and _near_zero(decision, found, int(r)):
            verdict = _asked_again(decision, found, int(r), int(k), verdict)
        decision.add(verdict)
    vague = found.agreed & ~found.known & ~off & ~bent
    for r, k in np.argwhere(vague):
        decision.add(_vague(decision, found, int(r), int(k)))
    right = found.agreed & found.known & ~off & ~bent
    for leaf in decision.subject.leaves:
        mine = (found.entries >= leaf.start) & (found.entries < leaf.start + leaf.size)
        rows = np.flatnonzero(mine)
        if right[rows].any():
            decision.add(_right(found, leaf, rows, right), int(right[rows].sum()))
    return wrong


def add_nonlinear(decision: Decision, entries: Whole, claims: Floats) -> None:
    """Add verdicts on entries whose claims are not linear in the weights of the outputs."""
    for leaf in decision.subject.leaves:
        mine = np.flatnonzero((entries >= leaf.start) & (entries < leaf.start + leaf.size))
        few = len(mine) <= _NAMED
        for k in mine if few else mine[:1]:
            where = decision.where(int(entries[k]), 0) if few else all_of(leaf, len(mine))
            verdict = Verdict(
                order=1,
                outcome=Outcome.WRONG,
                analytic=float(claims[k]),
                reason=decision.why,
                **where,
            )
            decision.add(verdict, 1 if few else len(mine))


def known_of(subject: ArraySubject, found: EntrySlopes, wrong: Flags, column: int) -> list[Known]:
    """Return what is known of each array by the slopes of one sum, to look for mistakes in."""
    n = len(subject.point)
    slopes, claims, bounds = np.full(n, math.nan), np.zeros(n), np.zeros(n)
    off = np.zeros(n, dtype=bool)
    sound = found.sound[:, column]
    told = sound & (found.agreed[:, column] | wrong[:, column])
    slopes[found.entries] = np.where(told, found.quotients.slope[:, column], math.nan)
    claims[found.entries] = found.claims[:, column]
    bounds[found.entries] = found.bound[:, column]
    off[found.entries] = wrong[:, column] & sound
    return [
        Known(leaf, *[x[leaf.part] for x in (subject.point, claims, slopes, bounds, off)])
        for leaf in subject.leaves
        if leaf.size
    ]


def decision_bound(decision: Decision, found: EntrySlopes) -> None:
    """Widen the bounds of slopes that disagree by the rounding of the claims themselves."""
    off = found.sound & ~found.agreed & np.isfinite(found.claims)
    if not off.any():
        return
    subject = decision.subject
    here = decision.claims_at(subject.point)
    noise = np.zeros_like(here)
    for _ in range(2):
        steps = spacings(subject, decision.scale, decision.rng)
        sides = [decision.claims_at(subject.cast(subject.point + t * steps)) for t in (1.0, -1.0)]
        with np.errstate(all="ignore"):
            noise = np.maximum(noise, np.abs(sides[0] + sides[1] - 2.0 * here))
    mine = noise.T[found.entries]
    found.bound = np.where(off & np.isfinite(mine), found.bound + 4.0 * mine, found.bound)


@np.errstate(all="ignore")
def _between(found: EntrySlopes) -> Flags:
    """Where a claim may be a convention: between the slopes on both sides, if both are known."""
    left, right = found.quotients.left, found.quotients.right
    low, high = np.minimum(left, right), np.maximum(left, right)
    room = np.nan_to_num(1e-6 * np.maximum(np.abs(low), np.abs(high)) + 2.0 * found.quotients.noise)
    known = np.isfinite(low) & np.isfinite(high)
    inside = (found.claims >= low - room) & (found.claims <= high + room)
    return np.isfinite(found.claims) & (inside | ~known)


def _confirmed(
    decision: Decision, found: EntrySlopes, off: Flags
) -> dict[tuple[int, int], Verdict]:
    """Return verdicts on the slopes that are off: the farthest are asked again."""
    places = [(int(r), int(k)) for r, k in np.argwhere(off)]
    with np.errstate(all="ignore"):
        far = np.abs(found.claims - found.quotients.slope) / found.bound
    far = np.nan_to_num(far, nan=math.inf)
    places.sort(key=lambda place: -far[place])
    fate: dict[tuple[int, int], Verdict] = {}
    upheld = asked = 0
    for r, k in places:
        quick = _wrong(decision, found, r, k)
        if (
            decision.deep
            and asked < (_ASKED if upheld == asked else _AT_MOST)
            and not decision.ask.over
        ):
            asked += 1
            quick = _asked_again(decision, found, r, k, quick)
            upheld += quick.outcome is Outcome.WRONG
        elif upheld == asked and found.sound[r, k] and math.isfinite(found.claims[r, k]):
            if len(fate) >= _AT_OTHERS:
                fate[r, k] = quick
                continue
            try:
                quick = (
                    quick
                    if at_other_steps(decision.ask, decision.weighing, found, r, k)
                    else _open(quick)
                )
            except TimeUpError:
                quick = _open(quick)
        elif decision.deep and upheld < asked:
            reason = "it is off by more than its bound, as others that are right after all"
            quick = replace(quick, outcome=Outcome.UNKNOWN, reason=reason)
        fate[r, k] = quick
    return fate


def _wrong(decision: Decision, found: EntrySlopes, r: int, k: int) -> Verdict:
    q = found.quotients
    reason = "the slope of the function's values is another one"
    if not math.isfinite(found.claims[r, k]):
        reason = f"no slope is {found.claims[r, k]:g}"
    if not found.sound[r, k]:
        return replace(_troubled(decision, found, r, k), outcome=Outcome.WRONG, reason=reason)
    return Verdict(
        order=1,
        outcome=Outcome.WRONG,
        analytic=float(found.claims[r, k]),
        numeric=float(q.slope[r, k]),
        bound=float(found.bound[r, k]),
        oracle=ORACLE,
        reason=reason,
        **decision.where(int(found.entries[r]), k),
    )


def _asked_again(decision: Decision, found: EntrySlopes, r: int, k: int, quick: Verdict) -> Verdict:
    """Return the verdict of the judge of functions of one number, with the sharper numbers."""
    i, claim = int(found.entries[r]), float(found.claims[r, k])
    still = bool(found.quotients.still[r, k]) and not found.stairs
    if math.isnan(claim) or (still and decision.weighing.lively(k)):
        return quick
    unit = float(decision.units[i])
    relative = decision.relative + 2.0 * unit
    if claim == 0.0 and is_on_tread(decision.subject, decision.weighing, found):
        return replace(quick, outcome=Outcome.UNKNOWN, reason=TREAD)
    try:
        if below_rounding(decision.ask, decision.weighing, found, r, k):
            return replace(quick, outcome=Outcome.UNKNOWN, reason=HIDDEN)
        if found.sound[r, k] and is_finer(decision.ask, decision.weighing, found, r, k):
            return replace(quick, outcome=Outcome.UNKNOWN, reason=FINER)
        if plainly_off(decision.ask, decision.weighing, found, r, k, unit):
            return quick
        f = one_number(decision.ask, decision.weighing, i, k, float(decision.scale[i]))
        x = float(decision.subject.point[i])
        with np.errstate(all="ignore"):
            again = within_slopes(along(f, x, quick.input, claim, f(x), relative))
            if again.outcome is Outcome.RIGHT and again.bound > found.needed[r, k]:
                if STEPS in again.reason:  # an iteration that ends at a tolerance has them afar
                    return replace(quick, outcome=Outcome.UNKNOWN, reason=again.reason)
                # Too blunt to see it: so the same again at other steps.
                return (
                    quick
                    if at_other_steps(decision.ask, decision.weighing, found, r, k)
                    else _open(quick)
                )
    except TimeUpError:
        return quick
    place = {"entry": quick.entry, "argument": quick.argument, "index": quick.index}
    again = replace(again, input=quick.input, **place)
    claim_noise = max(0.0, quick.bound - float(found.quotients.bound[r, k]))
    if again.outcome is Outcome.WRONG and math.isfinite(again.numeric):
        if not abs(claim - again.numeric) > again.bound + claim_noise:
            return _open(quick)
        if abs(quick.numeric - again.numeric) <= quick.bound + again.bound:
            return replace(quick, reason=again.reason, step=again.step)
    return again


def _open(quick: Verdict) -> Verdict:
    reason = f"noise: the slope is known to ± {quick.bound:.2g} only, and other steps differ"
    return replace(quick, outcome=Outcome.UNKNOWN, reason=reason)


def _troubled(decision: Decision, found: EntrySlopes, r: int, k: int) -> Verdict:
    q = found.quotients
    trouble = TROUBLES.get(NoSlope(int(q.trouble[r, k])), "overflow: the slope is not finite")
    return Verdict(
        order=1,
        outcome=Outcome.UNKNOWN,
        analytic=float(found.claims[r, k]),
        oracle=ORACLE,
        reason=trouble,
        left=float(q.left[r, k]),
        right=float(q.right[r, k]),
        **decision.where(int(found.entries[r]), k),
    )


def _near_zero(decision: Decision, found: EntrySlopes, r: int) -> bool:
    """Whether an entry is so small that the steps of its array were too long for it."""
    i = int(found.entries[r])
    return 0.0 < abs(decision.subject.point[i]) < 2.0**-12 * decision.scale[i]


def _vague(decision: Decision, found: EntrySlopes, r: int, k: int) -> Verdict:
    q = found.quotients
    claim, slope, bound = (float(x[r, k]) for x in (found.claims, q.slope, found.bound))
    i = int(found.entries[r])
    leaf = decision.subject.leaf_of(i)
    size = max(abs(claim), abs(slope))
    told = digits(bound, size)
    known = f"known to ± {bound:.2g} only, {told} digit{'s' * (told != 1)}"
    reason = f"noise: the slope is {known}"
    if decision.units[i] > subject_unit(decision.subject):
        reason = f"the gradient of {leaf.name} has fewer digits than {leaf.dtype}: it is {known}"
    elif q.still[r, k]:
        reason = f"saturation: no output moves with it, so its slope is {known}"
    elif q.bend[r, k] > q.noise[r, k]:
        reason = f"the function bends too much: the slope is {known}"
    return Verdict(
        order=1,
        outcome=Outcome.UNKNOWN,
        analytic=claim,
        numeric=slope,
        bound=bound,
        oracle=ORACLE,
        reason=reason,
        **decision.where(i, k),
    )


def _right(found: EntrySlopes, leaf: Leaf, rows: Whole, right: Flags) -> Verdict:
    """Return the verdict on all right slopes of an array, with the numbers of the vaguest one."""
    share = np.where(right[rows], found.bound[rows], 0.0)
    r, k = np.unravel_index(int(np.argmax(share)), share.shape)
    row = rows[r]
    usual = middle(found.quotients.slope[rows])
    told = digits(float(found.bound[row, k]), max(usual, abs(float(found.claims[row, k]))))
    return Verdict(
        order=1,
        outcome=Outcome.RIGHT,
        analytic=float(found.claims[row, k]),
        numeric=float(found.quotients.slope[row, k]),
        bound=float(found.bound[row, k]),
        oracle=ORACLE,
        reason=f"within the error of the differences, {told} digits of the usual slope",
        **all_of(leaf, int(right[rows].sum())),
    )
