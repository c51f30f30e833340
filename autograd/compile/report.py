"""What each pass made of a graph: nodes, statements, flops and bytes, as a table and a chart."""

from __future__ import annotations

import base64
import html
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from autograd.compile.arrays.ir import (
    Apply,
    Dense,
    DenseOperand,
    DenseWeights,
    Many,
    Reduce,
    Statement,
    SumBatch,
)
from autograd.compile.chart import chart
from autograd.compile.graph.graph import Graph
from autograd.files import write_whole
from autograd.table import Table

T = TypeVar("T")


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
    """

    name: str
    nodes: int
    statements: int
    flops: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What each pass made of a graph; printed, a table.

    Attributes:
        stages: in order.
        unrolled: which groups did not become one array statement, and why.

    >>> from autograd import compile
    >>> program = compile(lambda x: x * x)
    >>> program(3.0)
    9.0
    >>> [stage.name for stage in program.report().stages][:3]
    ['trace', 'fold', 'prune']
    """

    stages: tuple[Stage, ...]
    unrolled: tuple[str, ...]

    def __str__(self) -> str:
        lines = [str(self._table)]
        lines += [f"not rolled: {reason}" for reason in self._reasons]
        return "\n".join(lines)

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
        lines += [f"<p>not rolled: {html.escape(reason)}</p>" for reason in self._reasons]
        picture = base64.b64encode(self.svg.encode()).decode()
        told = "bars of nodes, statements, flops, bytes and milliseconds after each pass"
        lines.append(f'<img alt="{told}" src="data:image/svg+xml;base64,{picture}">')
        return "\n".join(lines)


class Stages:
    """Passes underway, timed and counted."""

    def __init__(self) -> None:
        self._stages: list[Stage] = []
        self._seconds: dict[str, float] = {}

    def copy(self) -> Stages:
        """Return the same passes, to note further ones of."""
        other = Stages()
        other._stages, other._seconds = list(self._stages), dict(self._seconds)
        return other

    def run(self, name: str, done: Callable[[], Graph]) -> Graph:
        """Run a pass and note what it left."""
        began = time.perf_counter()
        graph = done()
        seconds = time.perf_counter() - began
        flops = _graph_flops(graph)
        inner = int((graph.code >= 0).sum())
        self._stages.append(Stage(name, len(graph), 0, flops, 8 * inner, seconds))
        return graph

    def drop(self, name: str) -> None:
        """Forget a pass whose result was not used."""
        self._stages = [stage for stage in self._stages if stage.name != name]

    def time(self, name: str, done: Callable[[], T]) -> T:
        """Run a pass that makes statements and note its seconds."""
        began = time.perf_counter()
        found = done()
        self._seconds[name] = time.perf_counter() - began
        return found

    def report(
        self,
        forward: Sequence[Statement],
        backward: Sequence[Statement],
        unrolled: Sequence[str],
    ) -> Report:
        """Return the report, with the statements counted."""
        stages = list(self._stages)
        lists = {"roll": forward, "reverse": [*forward, *backward]}
        for name, seconds in self._seconds.items():
            listed = lists[name]
            flops = sum(flops_of(s) for s in listed)
            written = 8 * sum(s.out.width for s in listed)
            stages.append(Stage(name, 0, len(listed), flops, written, seconds))
        return Report(tuple(stages), tuple(unrolled))


def _graph_flops(graph: Graph) -> int:
    """Return operations for one sample: one a node, n - 1 for a sum of n, 2 n - 1 for a dot."""
    counts = graph.counts
    inner = graph.code >= 0
    many = graph.named("sum", "dot", "logsumexp", "maximum", "minimum", "hypot")
    return int(counts[inner & many].sum()) + int((inner & ~many).sum())


def flops_of(statement: Statement) -> int:
    """Return the operations of a statement for one sample.

    >>> from autograd.compile.arrays.ir import Array
    >>> from autograd.engine.primitive import lookup
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
        case DenseWeights():
            return 2 * statement.out.width * statement.windows
        case _:
            return 0
