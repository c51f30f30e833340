"""What each pass made of a graph: nodes, statements, flops and bytes, as a table and a chart.

The chart has a row for each pass and a panel for each column. Counts shrink by orders of
magnitude, so their bars are logarithmic; seconds add up, so theirs are not. Every bar has its
number beside it.
"""

from __future__ import annotations

import base64
import html
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from autograd.compile.arrays.ir import (
    Apply,
    Dense,
    DenseOperand,
    DenseWeights,
    Grouped,
    Many,
    Reduce,
    Statement,
    SumBatch,
)
from autograd.compile.arrays.routine import Routine
from autograd.compile.graph.graph import Graph
from autograd.compile.graph.passes import Group, passes
from autograd.files import write_whole
from autograd.table import Table

# The colours of Okabe and Ito, told apart by the colour-blind.
_NODES, _STATEMENTS, _OTHER = "#0072b2", "#d55e00", "#7f7f7f"
_NAMES, _PANEL, _BAR, _ROW, _HEAD = 78, 178, 92, 22, 44


@dataclass(frozen=True, slots=True)
class Stage:
    """One pass: how many nodes or statements it left, what a sample costs then, and its seconds.

    Attributes:
        name: of the pass.
        nodes: of the graph after it; 0 once there are statements.
        statements: after it; 0 while there is a graph.
        flops: additions, multiplications and functions for a batch of one.
        bytes: written for a batch of one in float64, a node or an element taking 8. What belongs
            to the parameters, such as their gradient, is written once for a batch of any size.
        seconds: what the pass took.
        about: what the pass does, in a few words.
    """

    name: str
    nodes: int
    statements: int
    flops: int
    bytes: int
    seconds: float
    about: str = ""


@dataclass(frozen=True, slots=True)
class CompileReport:
    """What each pass made of a graph; printed, a table.

    Attributes:
        stages: in order.
        unrolled: which groups did not become one array statement, and why.
        ran: what runs the program, "C" or "NumPy", and why.
        steps: which steps of a recurrence are loops in the text, and why others are not.

    >>> from autograd import compile
    >>> program = compile(lambda x: x * x)
    >>> program(3.0)
    9.0
    >>> [stage.name for stage in program.report().stages][:3]
    ['trace', 'fold', 'prune']
    """

    stages: tuple[Stage, ...]
    unrolled: tuple[str, ...]
    ran: str = "NumPy"
    steps: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([str(self._table), *self._said])

    __repr__ = __str__

    @property
    def _table(self) -> Table:
        rows: list[list[str]] = []
        for s in self.stages:
            counts = [f"{n:,}" if n else "-" for n in (s.nodes, s.statements)]
            rows.append([s.name, *counts, f"{s.flops:,}", f"{s.bytes:,}", f"{s.seconds * 1e3:.1f}"])
        return Table(("pass", "nodes", "statements", "flops", "bytes", "ms"), rows, "<>>>>>")

    @property
    def _reasons(self) -> list[str]:
        """Why groups did not roll, each reason once."""
        counted = Counter(self.unrolled)
        return [reason + (f" ({n} times)" if n > 1 else "") for reason, n in counted.items()]

    @property
    def _said(self) -> list[str]:
        """What stands below the table."""
        unrolled = [f"not rolled: {reason}" for reason in self._reasons]
        return [*unrolled, *[f"steps: {said}" for said in self.steps], f"runs as {self.ran}"]

    @property
    def svg(self) -> str:
        """The table as a chart, text of an SVG picture."""
        return chart(self.stages)

    def save(self, path: str | Path) -> Path:
        """Write the chart to a file and return its path.

        Raises:
            ValueError: if the name does not end in .svg.
        """
        target = Path(path)
        if target.suffix != ".svg":
            raise ValueError(
                f"the chart is SVG: give a name that ends in .svg, not {target.name!r}"
            )
        write_whole(target, self.svg)
        return target

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return the table as text, and with the chart as HTML, for notebooks."""
        return {"text/plain": str(self), "text/html": self._html()}

    def _html(self) -> str:
        # A table and an image are what notebooks show of outputs that they do not trust, too.
        lines = [self._table.html()]
        lines += [f"<p>{html.escape(said)}</p>" for said in self._said]
        picture = base64.b64encode(self.svg.encode()).decode()
        told = "bars of nodes, statements, flops, bytes and milliseconds after each pass"
        lines.append(f'<img alt="{told}" src="data:image/svg+xml;base64,{picture}">')
        return "\n".join(lines)


class _Listed(Protocol):
    routine: Routine


Made = TypeVar("Made", bound=_Listed)


class Stages:
    """Passes underway, timed and counted."""

    def __init__(self, stages: Sequence[Stage] = ()) -> None:
        self._stages = list(stages)

    def copy(self) -> Stages:
        """Return the same passes, to note further ones of."""
        return Stages(self._stages)

    def run(self, group: Group, graph: Graph) -> Graph:
        """Return the graph after the passes of a group, and note what each left."""
        for done in passes(group):
            graph = self.made(done.name, done.about, lambda done=done, given=graph: done.run(given))
        return graph

    def made(self, name: str, about: str, make: Callable[[], Graph]) -> Graph:
        """Return what makes a graph, and note what it left."""
        began = time.perf_counter()
        graph = make()
        seconds = time.perf_counter() - began
        flops = _graph_flops(graph)
        inner = int((graph.code >= 0).sum())
        self._stages.append(Stage(name, len(graph), 0, flops, 8 * inner, seconds, about))
        return graph

    def listed(self, name: str, about: str, make: Callable[[], Made]) -> Made:
        """Return what makes statements, and note how many there are then."""
        began = time.perf_counter()
        found = make()
        seconds = time.perf_counter() - began
        # Their flops and bytes are counted when a report is asked for.
        count = len(found.routine.statements)
        self._stages.append(Stage(name, 0, count, 0, 0, seconds, about))
        return found

    def report(
        self,
        ran: str,
        statements: Sequence[Statement] = (),
        unrolled: Sequence[str] = (),
        steps: Sequence[str] = (),
    ) -> CompileReport:
        """Return the report.

        Args:
            ran: what runs the program, and why.
            statements: all of them, in the order they were made.
            unrolled: what did not become one statement, and why.
            steps: which are loops in the text, and why others are not.
        """
        flops = np.cumsum([0, *map(flops_of, statements)]).tolist()
        widths = np.cumsum([0, *[s.out.width for s in statements]]).tolist()
        return CompileReport(
            tuple(
                replace(stage, flops=flops[n], bytes=8 * widths[n])
                if (n := stage.statements)
                else stage
                for stage in self._stages
            ),
            tuple(unrolled),
            ran,
            tuple(steps),
        )


def _graph_flops(graph: Graph) -> int:
    """Return operations for one sample: one a node, n - 1 for a sum of n, 2 n - 1 for a dot."""
    counts = graph.counts
    inner = graph.code >= 0
    many = graph.where(lambda row: row.arity is None)
    return int(counts[inner & many].sum()) + int((inner & ~many).sum())


def flops_of(statement: Statement) -> int:
    """Return the operations of a statement for one sample.

    >>> from autograd.compile.arrays.ir import Array
    >>> from autograd import lookup
    >>> flops_of(Apply(Array("z", 3, True), lookup("exp"), (1.0,)))
    3
    """
    match statement:
        case Apply():
            return statement.out.width
        case Reduce() | SumBatch() | Many():
            return statement.source.width
        case Dense() | DenseOperand():
            rows, columns = statement.weights.shape
            return 2 * rows * columns * statement.windows
        case Grouped():
            return 2 * statement.out.width * statement.left_at.counts[2]
        case DenseWeights():
            return 2 * statement.out.width * statement.windows
        case _:
            return 0


# The chart -----------------------------------------------------------------------------------


def chart(stages: Sequence[Stage]) -> str:
    """Return the stages of a report as an SVG picture.

    >>> picture = chart(
    ...     [Stage("trace", 100, 0, 90, 720, 0.001), Stage("roll", 0, 3, 90, 24, 0.002)]
    ... )
    >>> picture.startswith("<svg"), picture.count("<rect")
    (True, 9)
    """
    panels: list[tuple[str, list[float], list[str], list[str]]] = [
        (
            "nodes, then statements",
            [_log(s.nodes or s.statements) for s in stages],
            [f"{s.nodes or s.statements:,}" for s in stages],
            [_NODES if s.nodes else _STATEMENTS for s in stages],
        ),
        (
            "flops for a sample",
            [_log(s.flops) for s in stages],
            [f"{s.flops:,}" for s in stages],
            [_OTHER] * len(stages),
        ),
        (
            "bytes for a sample",
            [_log(s.bytes) for s in stages],
            [f"{s.bytes:,}" for s in stages],
            [_OTHER] * len(stages),
        ),
        (
            "milliseconds (linear)",
            [s.seconds for s in stages],
            [f"{1e3 * s.seconds:,.1f}" for s in stages],
            [_OTHER] * len(stages),
        ),
    ]
    width = _NAMES + len(panels) * _PANEL + 8
    height = _HEAD + _ROW * len(stages) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        '<text x="8" y="18" font-weight="bold">What each pass left</text>',
    ]
    for row, stage in enumerate(stages):
        y = _HEAD + _ROW * row + 15
        about = f"<title>{html.escape(stage.about)}</title>" if stage.about else ""
        parts.append(f'<text x="{_NAMES - 8}" y="{y}" text-anchor="end">{about}{stage.name}</text>')
    for place, (title, lengths, texts, colours) in enumerate(panels):
        parts += _panel(_NAMES + place * _PANEL, title, lengths, texts, colours)
    legend = (
        f'<tspan fill="{_NODES}">■</tspan> nodes of the graph, '
        f'<tspan fill="{_STATEMENTS}">■</tspan> array statements; '
        "logarithmic bars unless said, from 1"
    )
    parts.append(f'<text x="{_NAMES}" y="{height - 10}" fill="#444">{legend}</text>')
    return "\n".join([*parts, "</svg>"])


def _panel(
    left: int,
    title: str,
    lengths: Sequence[float],
    texts: Sequence[str],
    colours: Sequence[str],
) -> list[str]:
    largest = max([*lengths, 0.0]) or 1.0
    parts = [f'<text x="{left}" y="{_HEAD - 6}" fill="#444">{title}</text>']
    for row, (length, text, colour) in enumerate(zip(lengths, texts, colours, strict=True)):
        y, bar = _HEAD + _ROW * row, _BAR * length / largest
        parts += [
            f'<rect x="{left}" y="{y + 3}" width="{bar:.1f}" height="{_ROW - 6}" fill="{colour}"/>',
            f'<text x="{left + bar + 4:.1f}" y="{y + 15}">{text}</text>',
        ]
    return parts


def _log(count: int) -> float:
    return math.log10(count) if count > 1 else 0.0
