"""The answer of a check: one verdict per input and order, and the report that holds them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from textwrap import indent
from typing import Any, Self

from autograd import asked
from autograd.table import Table


class Judged:
    """What a check or a mark answers with: its truth is its `ok`, as `assert` takes it.

    >>> from autograd.check import check_against
    >>> bool(check_against(lambda x: x * x, lambda x: x, 3.0))
    False
    """

    __slots__ = ()

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        raise NotImplementedError

    def __bool__(self) -> bool:
        return self.ok


class Outcome(Judged, StrEnum):
    """The three things a checker can honestly say; each equals its text.

    >>> Outcome.UNKNOWN == "cannot tell"
    True
    """

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "cannot tell"

    @property
    def ok(self) -> bool:
        """Whether it is not wrong; what cannot be told is not wrong."""
        return self is not Outcome.WRONG


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Judged):
    """What is said of one derivative; its truth is its `ok`.

    Attributes:
        input: the name of the input, as in `w[0][1]`.
        order: 1 for the gradient, 2 for second derivatives; 0 for a value.
        outcome: right, wrong or cannot tell.
        analytic: the derivative under test.
        numeric: what the oracle says it is; nan if it found none.
        bound: how far the two may lie apart by rounding and by the oracle's own error; infinite
            where that is not known.
        step: the step of the oracle; relative to the operand where it worked node by node.
        oracle: how `numeric` was found.
        reason: why this outcome, in a sentence.
        left: the slope from below, where kinks or edges made the two sides differ.
        right: the slope from above.
        primitive: the row at fault, "" if none was found or nothing is wrong.
        entry: which derivative, as in `d2f/dx dy`.
        argument: the number of the input among those that were given, from 0; -1 if not known.
        index: where in that input: the keys of lists and dicts, then the index of an array, with
            slices for parts of it.
        likely: the mistake that all numbers of an array together point to, "" if none.

    >>> from autograd.check import check_gradients
    >>> (verdict,) = check_gradients(lambda x: x * x, 3.0, order=1)
    >>> verdict.outcome.value, verdict.input, verdict.analytic, verdict.oracle
    ('right', 'x', 6.0, 'complex step')
    """

    input: str
    order: int
    outcome: Outcome
    analytic: float = math.nan
    numeric: float = math.nan
    bound: float = math.inf
    step: float = 0.0
    oracle: str = ""
    reason: str = ""
    left: float = math.nan
    right: float = math.nan
    primitive: str = ""
    entry: str = ""
    argument: int = -1
    index: tuple[Any, ...] = ()
    likely: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is not wrong; what cannot be told is not wrong."""
        return self.outcome.ok

    @property
    def absolute_error(self) -> float:
        """The distance of the two numbers."""
        return abs(self.analytic - self.numeric)

    @property
    def relative_error(self) -> float:
        """The distance divided by the larger magnitude of the two; 0 if both are 0."""
        scale = max(abs(self.analytic), abs(self.numeric))
        return self.absolute_error / scale if scale else 0.0

    @property
    def hint(self) -> str:
        """The likely mistake behind a wrong number, by its ratio to the right one; else "".

        >>> from autograd.check import check_against
        >>> check_against(lambda x: x**2, lambda x: x, 3.0).verdicts[0].hint
        'half of the slope: was a factor 2 forgotten?'
        """
        if self.likely or self.outcome is not Outcome.WRONG:
            return self.likely
        if not (self.numeric and self.analytic):
            return ""
        ratio = self.analytic / self.numeric
        # How well the slope is known says how well the ratio is.
        blur = 1e-7 + self.bound / abs(self.numeric)
        if not (math.isfinite(ratio) and blur < 1e-3):
            return ""
        for likely, mistake in MISTAKES:
            if abs(ratio / likely - 1.0) <= blur:
                return mistake
        if 0.99e-5 <= abs(abs(ratio) - 1.0) <= 0.02:
            sign = "" if ratio > 0.0 else " with the other sign"
            return f"{abs(ratio):.6g} times the slope{sign}: is a constant mistyped?"
        return ""

    def __str__(self) -> str:
        fault = f" [at fault: {self.primitive}]" if self.primitive else ""
        hint = f"; {self.hint}" if self.hint else ""
        oracle = f" ({self.oracle})" if self.oracle else ""
        return (
            f"{self.outcome}: {self.entry or self.input}: analytic {self.analytic:.12g}, "
            f"numeric {self.numeric:.12g} ± {self.bound:.2g}{oracle}: "
            f"{self.reason}{hint}{fault}"
        )


# What a wrong number is likely to come from, by its ratio to the right one.
MISTAKES = (
    (-1.0, "the slope with the other sign: was a minus forgotten?"),
    (2.0, "twice the slope: was a factor 1/2 forgotten, or a term counted twice?"),
    (0.5, "half of the slope: was a factor 2 forgotten?"),
    (-2.0, "-2 times the slope: is a sign wrong, and a factor 1/2 forgotten?"),
    (-0.5, "-1/2 of the slope: is a sign wrong, and a factor 2 forgotten?"),
    (3.0, "3 times the slope: was a factor 1/3 forgotten?"),
    (1.0 / 3.0, "a third of the slope: was a factor 3 forgotten?"),
    (180.0 / math.pi, "180/pi times the slope: degrees in place of radians?"),
    (math.pi / 180.0, "pi/180 of the slope: degrees in place of radians?"),
    (math.log(10.0), "log(10) times the slope: another base of the logarithm?"),
    (1.0 / math.log(10.0), "the slope divided by log(10): another base of the logarithm?"),
    (math.log(2.0), "log(2) times the slope: another base of the logarithm?"),
    (1.0 / math.log(2.0), "the slope divided by log(2): another base of the logarithm?"),
)


def _ended(text: str) -> str:
    """Return a sentence with a full stop, unless it has its end: an error of others may."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


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
        asked.instance("GradientError", report, Report, "a Report")
        self.report = report
        super().__init__(str(report))

    def __reduce__(self) -> tuple[type["GradientError"], tuple["Report"]]:
        return GradientError, (self.report,)


_HEADINGS = ("input", "order", "verdict", "analytic", "numeric", "error bound", "step", "oracle")
_COLOURS = {Outcome.RIGHT: "#0072b2", Outcome.WRONG: "#d55e00", Outcome.UNKNOWN: "#777777"}


class Report(Judged):
    """The verdicts of one check; printing it gives a table, wrong ones first.

    Its truth is its `ok`: `assert check_gradients(f, x)` fails where a derivative is wrong. The
    report is then the message of `assert_gradients(f, x)` only, which is what to write in tests.

    Args:
        verdicts: one per input and order.
        title: the name of the function under check.

    >>> from autograd.check import check_gradients
    >>> report = check_gradients(lambda x: x * x * x, 2.0, order=1)
    >>> report.ok, len(report), report.verdicts[0].outcome.value
    (True, 1, 'right')
    """

    __slots__ = ("title", "verdicts")

    def __init__(self, verdicts: Iterable[Verdict], title: str = "gradients") -> None:
        self.verdicts: tuple[Verdict, ...] = tuple(
            asked.iterable("Report", verdicts, "the verdicts of a check")
        )
        for verdict in self.verdicts:
            asked.instance("Report", verdict, Verdict, "the verdicts of a check")
            asked.instance("a Verdict", verdict.outcome, Outcome, "an Outcome as its outcome")
        asked.instance("the title of a Report", title, str, "a str")
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
    def verdict(self) -> Outcome:
        """The worst of the verdicts: wrong, else cannot tell, else right."""
        if self.wrong:
            return Outcome.WRONG
        return Outcome.RIGHT if self.certain else Outcome.UNKNOWN

    @property
    def culprits(self) -> tuple[tuple[int, tuple[Any, ...]], ...]:
        """Where a gradient is wrong: the number of the input, and the index in it.

        The index holds the keys of lists and dicts, then the index of an array; a slice in it
        stands for all of a row.

        >>> from autograd.check import check_against
        >>> f = lambda x, w: x[0] * w[0] + x[1] * w[1]
        >>> check_against(f, lambda x, w: (w, [x[0], 7.0]), [2.0, 3.0], [4.0, 5.0]).culprits
        ((1, (1,)),)
        """
        return tuple((v.argument, v.index) for v in self.wrong if v.argument >= 0)

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
        if not (self.certain if asked.flag("strict", strict) else self.ok):
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

    def _shown(self) -> list[Verdict]:
        """Return the verdicts to print, in order."""
        return self._sorted()

    def _endings(self) -> list[str]:
        """Return what is said below them."""
        return []

    def _explained(self) -> list[tuple[str, str]]:
        """Return each reason that is worth a sentence, with the derivatives it stands for."""
        found: list[tuple[str, str]] = []
        for v in self._shown():
            if v.reason and v.outcome is not Outcome.RIGHT:
                fault = f" Primitive at fault: {v.primitive}." if v.primitive else ""
                sides = ""
                if not (math.isnan(v.left) and math.isnan(v.right)):
                    sides = f" Slope from below {v.left:.6g}, from above {v.right:.6g}."
                hint = f" It is {_ended(v.hint)}" if v.hint else ""
                found.append((v.entry or v.input, f"{_ended(v.reason)}{sides}{fault}{hint}"))
        alike: dict[str, list[str]] = {}
        for name, text in found:
            alike.setdefault(text, []).append(name)
        told = [
            (names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more", text)
            for text, names in alike.items()
        ]
        if self._out_of_order():
            order = "the numbers are the right ones in another order than that of the inputs."
            told.insert(0, ("gradient", order))
        return told

    def _out_of_order(self) -> bool:
        """Whether the first derivatives are those of the oracle, some at each other's place."""
        first = [v for v in self.verdicts if v.order == 1]
        if sum(v.outcome is Outcome.WRONG for v in first) < 2:
            return False
        pairs = [(v.analytic, v.numeric) for v in first]
        if all(math.isclose(x, y, rel_tol=1e-6) for x, y in pairs):  # each is at its own place
            return False
        given, right = sorted(v.analytic for v in first), sorted(v.numeric for v in first)
        return all(math.isclose(x, y, rel_tol=1e-6) for x, y in zip(given, right, strict=True))

    def __str__(self) -> str:
        lines = [f"{self.title}: {self._summary()}"]
        lines += [indent(str(self._table), "  ")] if self.verdicts else []
        lines += [f"{name}: {text}" for name, text in self._explained()]
        lines += self._endings()
        return "\n".join(lines)

    @property
    def _table(self) -> Table:
        return Table(_HEADINGS, [_cells(v) for v in self._shown()], "<" * len(_HEADINGS))

    def _repr_html_(self) -> str:
        outcomes = [v.outcome for v in self._shown()]

        def style(i: int, k: int) -> str:
            is_verdict = _HEADINGS[k] == "verdict"
            return f"color:{_COLOURS[outcomes[i]]};font-weight:bold" if is_verdict else ""

        notes = "".join(
            f"<div><code>{escape(name)}</code>: {escape(text)}</div>"
            for name, text in self._explained()
        )
        notes += "".join(f"<div>{escape(line)}</div>" for line in self._endings())
        title = escape(f"{self.title}: {self._summary()}")
        return f"<div><b>{title}</b>{self._table.html(style=style)}{notes}</div>"


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
