"""The answer of a check: one verdict per input and order, and the report that holds them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Self


class Outcome(StrEnum):
    """The three things a checker can honestly say; each equals its text.

    >>> Outcome.UNKNOWN == "cannot tell"
    True
    """

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said of one derivative.

    Attributes:
        input: the name of the input, as in `w[0][1]`.
        order: 1 for the gradient, 2 for second derivatives; 0 for a value.
        outcome: right, wrong or cannot tell.
        analytic: the derivative under test.
        numeric: what the oracle says it is; nan if it found none.
        bound: how far the two may lie apart by rounding and by the oracle's own error.
        step: the step of the oracle; relative to the operand where it worked node by node.
        oracle: how `numeric` was found.
        reason: why this outcome, in a sentence.
        left: the slope from below, where kinks or edges made the two sides differ.
        right: the slope from above.
        primitive: the row at fault, "" if none was found or nothing is wrong.
        entry: which derivative, as in `d2f/dx dy`.

    >>> from autograd.check import check_gradients
    >>> (verdict,) = check_gradients(lambda x: x * x, 3.0, order=1)
    >>> verdict.outcome.value, verdict.input, verdict.analytic, verdict.oracle
    ('right', 'x', 6.0, 'complex step')
    """

    input: str
    order: int
    outcome: Outcome
    analytic: float
    numeric: float
    bound: float
    step: float = 0.0
    oracle: str = ""
    reason: str = ""
    left: float = math.nan
    right: float = math.nan
    primitive: str = ""
    entry: str = ""

    @property
    def absolute_error(self) -> float:
        """The distance of the two numbers."""
        return abs(self.analytic - self.numeric)

    @property
    def relative_error(self) -> float:
        """The distance divided by the larger magnitude of the two; 0 if both are 0."""
        scale = max(abs(self.analytic), abs(self.numeric))
        return self.absolute_error / scale if scale else 0.0

    def __str__(self) -> str:
        fault = f" [at fault: {self.primitive}]" if self.primitive else ""
        return (
            f"{self.outcome}: {self.entry or self.input}: analytic {self.analytic:.12g}, "
            f"numeric {self.numeric:.12g} ± {self.bound:.2g} ({self.oracle}): "
            f"{self.reason}{fault}"
        )


class GradientError(AssertionError):
    """A gradient is wrong; `report` says which and why.

    >>> from autograd.check import check_against
    >>> report = check_against(lambda x: x * x, lambda x: x, 3.0)
    >>> try:
    ...     report.raise_if_wrong()
    ... except GradientError as error:
    ...     print(error.report.wrong[0].analytic, round(error.report.wrong[0].numeric, 6))
    3.0 6.0
    """

    def __init__(self, report: "Report") -> None:
        self.report = report
        super().__init__(str(report))

    def __reduce__(self) -> tuple[type["GradientError"], tuple["Report"]]:
        return GradientError, (self.report,)


_HEADINGS = ("input", "order", "verdict", "analytic", "numeric", "error bound", "step", "oracle")


class Report:
    """The verdicts of one check; printing it gives a table, wrong ones first.

    Args:
        verdicts: one per input and order.
        title: what was checked.

    >>> from autograd.check import check_gradients
    >>> report = check_gradients(lambda x: x * x * x, 2.0, order=1)
    >>> report.ok, len(report), report.verdicts[0].outcome.value
    (True, 1, 'right')
    """

    __slots__ = ("title", "verdicts")

    def __init__(self, verdicts: Iterable[Verdict], title: str = "gradients") -> None:
        self.verdicts: tuple[Verdict, ...] = tuple(verdicts)
        self.title = title

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong. What cannot be told is not wrong; see `certain`."""
        return not self.wrong

    @property
    def certain(self) -> bool:
        """Whether every verdict is right: nothing wrong and nothing left open."""
        return all(v.outcome is Outcome.RIGHT for v in self.verdicts)

    @property
    def right(self) -> tuple[Verdict, ...]:
        """The verdicts that are right."""
        return self._of(Outcome.RIGHT)

    @property
    def wrong(self) -> tuple[Verdict, ...]:
        """The verdicts that are wrong."""
        return self._of(Outcome.WRONG)

    @property
    def unknown(self) -> tuple[Verdict, ...]:
        """The verdicts that cannot be told."""
        return self._of(Outcome.UNKNOWN)

    def _of(self, outcome: Outcome) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if v.outcome is outcome)

    @property
    def blamed(self) -> tuple[str, ...]:
        """The names of the primitives at fault, each once, the most often blamed first."""
        counts: dict[str, int] = {}
        for verdict in self.wrong:
            if verdict.primitive:
                counts[verdict.primitive] = counts.get(verdict.primitive, 0) + 1
        return tuple(sorted(counts, key=lambda name: -counts[name]))

    def raise_if_wrong(self, *, strict: bool = False) -> Self:
        """Return the report if it is `ok`.

        Args:
            strict: raise also where it cannot be told.

        Raises:
            GradientError: an AssertionError whose message is this report.
        """
        if not (self.certain if strict else self.ok):
            raise GradientError(self)
        return self

    def __len__(self) -> int:
        return len(self.verdicts)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __repr__(self) -> str:
        return f"<report on {self.title}: {self._summary()}>"

    def _summary(self) -> str:
        if not self.verdicts:
            return "nothing to check"
        parts = [f"{len(self._of(outcome))} {outcome}" for outcome in Outcome if self._of(outcome)]
        return ", ".join(parts)

    def _sorted(self) -> list[Verdict]:
        rank = {Outcome.WRONG: 0, Outcome.UNKNOWN: 1, Outcome.RIGHT: 2}
        return sorted(self.verdicts, key=lambda v: rank[v.outcome])

    def _explained(self) -> list[tuple[str, str]]:
        """Return each reason that is worth a sentence, with the derivatives it stands for."""
        found: list[tuple[str, str]] = []
        for v in self._sorted():
            if v.reason and (v.outcome is not Outcome.RIGHT or "but" in v.reason):
                fault = f" Primitive at fault: {v.primitive}." if v.primitive else ""
                sides = ""
                if not (math.isnan(v.left) and math.isnan(v.right)):
                    sides = f" Slope from below {v.left:.6g}, from above {v.right:.6g}."
                found.append((v.entry or v.input, f"{v.reason}.{sides}{fault}"))
        alike: dict[str, list[str]] = {}
        for name, text in found:
            alike.setdefault(text, []).append(name)
        return [
            (names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more", text)
            for text, names in alike.items()
        ]

    def __str__(self) -> str:
        lines = [f"{self.title}: {self._summary()}"]
        table = [_HEADINGS, *map(_cells, self._sorted())]
        widths = [max(len(row[i]) for row in table) for i in range(len(_HEADINGS))]
        lines += [
            "  " + "  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip()
            for row in (table if self.verdicts else [])
        ]
        lines += [f"{name}: {text}" for name, text in self._explained()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        colours = {Outcome.RIGHT: "#0072b2", Outcome.WRONG: "#d55e00", Outcome.UNKNOWN: "#777777"}
        head = "".join(f"<th>{escape(name)}</th>" for name in _HEADINGS)
        rows = "".join(
            "<tr>"
            + "".join(
                f'<td style="color:{colours[v.outcome]};font-weight:bold">{escape(cell)}</td>'
                if i == 2
                else f"<td>{escape(cell)}</td>"
                for i, cell in enumerate(_cells(v))
            )
            + "</tr>"
            for v in self._sorted()
        )
        notes = "".join(
            f"<div><code>{escape(name)}</code>: {escape(text)}</div>"
            for name, text in self._explained()
        )
        title = escape(f"{self.title}: {self._summary()}")
        return (
            f"<div><b>{title}</b><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table>{notes}</div>"
        )


def _cells(v: Verdict) -> tuple[str, ...]:
    """Return one verdict as the cells of the table."""
    return (
        v.entry or v.input,
        str(v.order),
        v.outcome.value,
        f"{v.analytic:.12g}",
        f"{v.numeric:.12g}",
        f"{v.bound:.2g}",
        f"{v.step:.1e}" if v.step else "-",
        v.oracle or "-",
    )
