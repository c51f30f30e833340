"""What the checks of PyTorch and JAX have in common: orders, what is broken, the culprit inside.

A front lays a call flat as a subject; the judge of arrays knows no library, and a front knows no
verdicts. What a report says of one library stands here once for both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from autograd import asked
from autograd.check.arrays.examine import examined
from autograd.check.arrays.subject import ArraySubject, Claimed, Floats
from autograd.check.arrays.verdicts import ArrayReport
from autograd.check.judge.report import Outcome, Report, Verdict

# So many seconds for each part of a call that is wrong: one wrong entry of it is enough.
_ALONE = 5.0


class BackwardError(Exception):
    """A gradient cannot be computed; the text says what was raised."""


class NoRuleError(BackwardError):
    """A library has no derivative of something: it claims no gradient that could be wrong."""


@dataclass(frozen=True)
class Culprit:
    """A part of a call that is wrong by itself.

    Attributes:
        name: as a report writes it.
        where: where it was called from.
        verdict: what is wrong with it.
    """

    name: str
    where: str
    verdict: Verdict


class Front(Protocol):
    """A call of a library, laid flat."""

    def subject(self) -> ArraySubject:
        """Return the subject that the call is."""
        ...

    def second(self, first: ArraySubject, weights: Floats) -> ArraySubject:
        """Return the subject of order 2: the gradient of a weighted sum of the outputs."""
        ...

    def remarks(self, subject: ArraySubject, weights: Floats) -> list[str]:
        """Return what is to be said beside the verdicts, after a pass forward and back."""
        ...

    def broken(self) -> str:
        """Return what a backward that cannot be run handed back; "" if nothing was seen."""
        ...

    def explained(self, verdict: Verdict) -> str:
        """Return what a wrong verdict comes from, as far as the front saw it; "" if it did not."""
        ...

    def culprits(self, report: Callable[[Front], Report]) -> tuple[list[Culprit], list[str]]:
        """Return the parts that are wrong by themselves, and where a gradient is cut off."""
        ...


@dataclass(frozen=True)
class Asked:
    """What a check was asked for.

    Attributes:
        order: the highest order.
        relative: the relative error to allow beyond rounding.
        seed: of the random weights and directions.
        seconds: how long to go on; None for as long as it takes.
    """

    order: int = 1
    relative: float = 1e-9
    seed: int = 0
    seconds: float | None = None

    def __post_init__(self) -> None:
        asked.whole("order", self.order)
        if self.order > 2:
            raise ValueError(f"order is 1 or 2 for functions of tensors, got {self.order}")
        if not 0.0 <= asked.real("relative", self.relative) <= 1.0:
            raise ValueError(f"relative is an error from 0 to 1, got {self.relative!r}")
        asked.whole("seed", self.seed, at_least=0, at_most=None)
        if self.seconds is not None and asked.real("seconds", self.seconds) <= 0.0:
            raise ValueError(f"seconds must be more than 0; got {self.seconds!r}")


def checked(front: Front, wanted: Asked, *, inside: bool = True) -> Report:
    """Return the report on a front.

    Args:
        front: the call.
        wanted: what was asked for.
        inside: whether to look for the culprit inside, where something is wrong.
    """
    started = time.perf_counter()

    def left() -> float | None:
        if wanted.seconds is None:
            return None
        return max(0.1, wanted.seconds - (time.perf_counter() - started))

    subject = front.subject()
    weights = _weights(subject, wanted.seed)
    try:
        subject.notes.update(front.remarks(subject, weights))
        report = examined(subject, relative=wanted.relative, seed=wanted.seed, seconds=left())
        report = _retold(report, lambda v: _explained(front, v))
    except NoRuleError as error:
        report = _broken(subject, Outcome.UNKNOWN, str(error))
    except BackwardError as error:
        seen = front.broken()
        report = _broken(subject, Outcome.WRONG, f"{seen}; {error}" if seen else str(error))
    if inside and report.wrong:
        report = _blamed(front, report, wanted, left)
    if wanted.order == 2:
        report = _joined(report, _second(front, subject, weights, wanted, left()))
    return report


def _weights(subject: ArraySubject, seed: int) -> Floats:
    """Return weights of the outputs that every kind of numbers holds; none is near 0."""
    if subject.scalar:
        return np.ones(subject.here.size)
    draws = np.random.default_rng(seed).integers(32, 128, subject.here.size)
    signs = np.random.default_rng(seed + 1).choice([-1.0, 1.0], subject.here.size)
    return signs * draws / 64.0


def _broken(subject: ArraySubject, outcome: Outcome, why: str, order: int = 1) -> Report:
    """Return the report on a gradient that cannot be computed."""
    verdicts = [
        Verdict(
            input=leaf.name,
            order=order,
            outcome=outcome,
            entry=("df/d" if order == 1 else "d2f/d") + leaf.name,
            reason=f"the backward cannot be run: {why}",
        )
        for leaf in subject.leaves
    ]
    return Report(verdicts, subject.title)


def _second(
    front: Front, first: ArraySubject, weights: Floats, wanted: Asked, seconds: float | None
) -> Report:
    try:
        subject = front.second(first, weights)
        subject.gradient(subject.point, _weights(subject, wanted.seed))
    except BackwardError as error:
        return _broken(first, Outcome.UNKNOWN, f"a second time: {error}", order=2)
    found = examined(subject, relative=wanted.relative, seed=wanted.seed, seconds=seconds)
    found = _retold(found, lambda v: _explained(front, v))
    return _retold(found, lambda v: replace(v, order=2, entry=v.entry.replace("df/d", "d2f/d", 1)))


def _explained(front: Front, verdict: Verdict) -> Verdict:
    if verdict.outcome is not Outcome.WRONG:
        return verdict
    why = front.explained(verdict)
    return replace(verdict, reason=f"{why}; {verdict.reason}" if why else verdict.reason)


def _blamed(
    front: Front, report: Report, wanted: Asked, left: Callable[[], float | None]
) -> Report:
    """Return the report with the culprit inside, where one is found."""

    def alone(part: Front) -> Report:
        seconds = min(_ALONE, left() or _ALONE)
        return checked(part, replace(wanted, order=1, seconds=seconds), inside=False)

    found, cuts = front.culprits(alone)
    if not found:
        return noted(report, cuts)
    name = " and ".join([each.name for each in found])
    told = [
        f"{each.name}{each.where} is wrong by itself, at what it was called with: {each.verdict}"
        for each in found
        if each.where  # else it is what was checked, and the verdicts say it
    ]
    report = _retold(
        report,
        lambda v: replace(v, primitive=v.primitive or name) if v.outcome is Outcome.WRONG else v,
    )
    return noted(report, told)


def _retold(report: Report, change: Callable[[Verdict], Verdict]) -> Report:
    return _remade(report, [change(v) for v in report.verdicts])


def _remade(report: Report, verdicts: Sequence[Verdict], notes: Sequence[str] = ()) -> ArrayReport:
    """Return a report with other verdicts, and more notes."""
    if not isinstance(report, ArrayReport):
        report = ArrayReport(report.verdicts, report.title)
    return ArrayReport(
        verdicts,
        report.title,
        entries=report.entries,
        evaluations=report.evaluations,
        seed=report.seed,
        notes=[*report.notes, *notes],
    )


def noted(report: Report, notes: Sequence[str]) -> ArrayReport:
    """Return a report with more notes."""
    return _remade(report, report.verdicts, notes)


def _joined(first: Report, second: Report) -> Report:
    """Return the verdicts of two orders in one report."""
    one, two = noted(first, ()), noted(second, ())
    entries = {o: one.entries.get(o, 0) + two.entries.get(o, 0) for o in Outcome}
    return ArrayReport(
        [*one.verdicts, *two.verdicts],
        one.title,
        entries=entries,
        evaluations=one.evaluations + two.evaluations,
        seed=one.seed,
        notes=dict.fromkeys([*one.notes, *two.notes]),
    )


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, without a full stop."""
    return (str(error).strip() or "without a word").splitlines()[0].rstrip(" .")


class Evaluated(Protocol):
    """A call of a library, as the gradients that the library computes of it."""

    def slopes(self, point: Floats, weights: Floats) -> Floats:
        """Return the gradient of a weighted sum of the outputs, flat."""
        ...

    def second(self, point: Floats, weights: Floats, others: Floats) -> Claimed:
        """Return the claimed gradient of that gradient, for weights of its entries."""
        ...


def second_subject(evaluated: Evaluated, first: ArraySubject, weights: Floats) -> ArraySubject:
    """Return the subject of order 2: the gradient of a weighted sum of the outputs of the first.

    Raises:
        BackwardError: if the backward cannot be run.
    """
    return ArraySubject(
        title=first.title,
        leaves=first.leaves,
        point=first.point,
        here=evaluated.slopes(first.point, weights),
        unit=max(leaf.unit for leaf in first.leaves),
        value=lambda point: evaluated.slopes(point, weights),
        gradient=lambda point, others: evaluated.second(point, weights, others),
        output=namer([(f"df/d{leaf.name}", leaf.shape) for leaf in first.leaves]),
        scalar=len(first.point) == 1,
        weighed=True,
    )


def namer(sizes: Sequence[tuple[str, tuple[int, ...]]]) -> Callable[[int], str]:
    """Return what names an output by its number, of outputs of given names and shapes.

    >>> namer([("output", (2, 3))])(4)
    'output[1, 1]'
    """

    def name(j: int) -> str:
        for title, shape in sizes:
            size = int(np.prod(shape))
            if j < size:
                index = ", ".join([str(int(k)) for k in np.unravel_index(j, shape)])
                return f"{title}[{index}]" if shape else title
            j -= size
        return f"output {j}"

    return name
