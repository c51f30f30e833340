"""Verdicts on entries of arrays, and their report: one for all that is right, one for each fault.

A wrong entry has a verdict of its own, and so has one that cannot be told; the right ones of an
array share one, with the numbers of the entry that is known least.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd.check.arrays.quotients import NoSlope
from autograd.check.arrays.subject import ArraySubject, Floats, Index, Leaf
from autograd.check.judge.report import Outcome, Report, Verdict
from autograd.check.oracles.differences import EDGE, JUMP, KINK

ORACLE = "central differences"
TROUBLES = {NoSlope.KINK: KINK, NoSlope.JUMP: JUMP, NoSlope.EDGE: EDGE}
# Rows of the printed table for one array: of wrong entries, and of those that cannot be told.
_SHOWN = {Outcome.WRONG: 10, Outcome.UNKNOWN: 5, Outcome.RIGHT: 20}


class ArrayReport(Report):
    """The verdicts of a check of arrays; printing it shows a few of many alike.

    Attributes:
        evaluations: how often the function was asked.
        seed: of the random weights and directions.
        notes: sentences on what was seen beside the numbers.

    >>> import numpy as np
    >>> from autograd.check import check_against
    >>> print(check_against(lambda x: (x * x).sum(), lambda x: 2 * x, np.ones((2, 3))))
    gradients of a function, given: 6 entries right
      input              order  verdict  analytic  numeric  error bound  step  oracle
      df/dx (6 entries)  1      right    2         2        2e-09        -     central differences
    34 evaluations of f; seed 0
    """

    __slots__ = ("entries", "evaluations", "notes", "seed")

    def __init__(
        self,
        verdicts: Iterable[Verdict],
        title: str = "gradients",
        *,
        entries: dict[Outcome, int] | None = None,
        evaluations: int = 0,
        seed: int = 0,
        notes: Iterable[str] = (),
    ) -> None:
        super().__init__(verdicts, title)
        self.entries = entries or {}
        self.evaluations = evaluations
        self.seed = seed
        self.notes = tuple(notes)

    def _summary(self) -> str:
        parts = [f"{n:,} {outcome}" for outcome in Outcome if (n := self.entries.get(outcome, 0))]
        if not parts:
            return super()._summary()
        first, *others = parts
        number, outcome = first.split(" ", 1)
        return ", ".join([f"{_entries(int(number.replace(',', '')))} {outcome}", *others])

    def _shown(self) -> list[Verdict]:
        counts: dict[tuple[str, Outcome], int] = {}
        shown: list[Verdict] = []
        for v in self._sorted():
            # Right ones have a verdict for each array.
            name = v.input.partition("[")[0] if v.outcome is not Outcome.RIGHT else "all"
            key = name, v.outcome
            counts[key] = counts.get(key, 0) + 1
            if counts[key] <= _SHOWN[v.outcome]:
                shown.append(v)
        return shown

    def _endings(self) -> list[str]:
        left = len(self.verdicts) - len(self._shown())
        lines = [f"{left:,} more are not shown: see culprits, wrong and unknown"] if left else []
        lines += [f"{note}." for note in self.notes]
        times = "evaluation" if self.evaluations == 1 else "evaluations"
        return [*lines, f"{self.evaluations:,} {times} of f; seed {self.seed}"]


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def digits(bound: float, size: float) -> int:
    """Return how many decimal digits of a number of some size are known, by its bound.

    >>> digits(1e-6, 2.0), digits(0.0085, 0.0501), digits(3.0, 1.0)
    (6, 1, 0)
    """
    return max(0, round(-math.log10(bound / size))) if 0.0 < bound < size else 0 if bound else 16


def named(leaf: Leaf, index: Index, column: str = "") -> dict[str, Any]:
    """Return what a verdict says of where it is: of one entry of a leaf, or of a part of it."""
    name = leaf.written(index)
    entry = f"d{column or 'f'}/d{name}"
    return {"input": name, "entry": entry, "argument": leaf.argument, "index": index}


def all_of(leaf: Leaf, count: int) -> dict[str, Any]:
    """Return what a verdict says of where it is: of some or all entries of a leaf."""
    some = f" ({_entries(count)})" if leaf.shape else ""
    return {
        "input": leaf.name,
        "entry": f"df/d{leaf.name}{some}",
        "argument": leaf.argument,
        "index": leaf.path,
    }


def unknown_everywhere(subject: ArraySubject, claims: Floats, reason: str) -> list[Verdict]:
    """Return a verdict for each array of a subject of which nothing can be told, and why."""
    found: list[Verdict] = []
    for leaf in subject.leaves:
        if leaf.size:
            claim = float(claims[leaf.start])
            outcome = Outcome.UNKNOWN
            where = all_of(leaf, leaf.size)
            found.append(Verdict(order=1, outcome=outcome, analytic=claim, reason=reason, **where))
    return found


def counted(verdicts: Sequence[Verdict], leaves: Sequence[Leaf]) -> dict[Outcome, int]:
    """Return the number of verdicts by outcome, for a report whose verdicts are of whole arrays."""
    sizes = {leaf.name: leaf.size for leaf in leaves}
    counts = dict.fromkeys(Outcome, 0)
    for v in verdicts:
        counts[v.outcome] += sizes.get(v.input, 1)
    return counts


def part_of(leaf: Leaf, box: Sequence[slice]) -> Index:
    """Return the index of a box of an array: numbers where it is one thick, open where it is all.

    >>> leaf = Leaf("w", 0, (), (2, 3), 0)
    >>> part_of(leaf, [slice(1, 2), slice(0, 3)]), part_of(leaf, [slice(0, 2), slice(1, 3)])
    ((1, slice(None, None, None)), (slice(None, None, None), slice(1, 3, None)))
    """
    own = [
        side.start
        if side.stop - side.start == 1
        else slice(None)
        if (side.start, side.stop) == (0, n)
        else side
        for side, n in zip(box, leaf.shape, strict=True)
    ]
    return (*leaf.path, *own)


def middle(xs: Floats) -> float:
    """Return the middle one of the sizes that are not 0; 0 if all are."""
    sizes = np.abs(xs)
    some = sizes[np.isfinite(sizes) & (sizes > 0.0)]
    return float(np.median(some)) if len(some) else 0.0
