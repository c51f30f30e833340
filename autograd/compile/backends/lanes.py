"""Deep and narrow graphs, with one or two nodes on a level, run node by node over the samples.

Rolling would gain nothing there, and make a statement of every node; a chain of 100,000 took half a
minute. Each node is one NumPy call on a lane, a row of numbers with one for each sample. A lane is
used again as soon as nobody needs its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compile.arrays.ir import (
    SHARE,
    Array,
    Many,
    Operand,
    Statement,
    SumBatch,
    Task,
    View,
)
from autograd.compile.arrays.roll import levels
from autograd.compile.arrays.routine import Routine
from autograd.compile.backends.numpy_text import Printer, both_returned, function_text, preamble
from autograd.compile.backends.steps.definition import Definition
from autograd.compile.backends.steps.written import steps_said
from autograd.compile.graph.graph import CONSTANT, INPUT, PARAMETER, Graph
from autograd.compile.tracing.trace import Shape
from autograd.engine.primitives import TABLE, Primitive

_MUL, _SUM, _DOT = (TABLE[name] for name in ("mul", "sum", "dot"))

# Fewer nodes than this are rolled in a tenth of a second.
_FEW = 500
# Bytes that all lanes together may take, and the fewest samples that are run at a time.
_CACHE, _LEAST = 2**22, 64


def is_narrow(graph: Graph) -> bool:
    """Whether a flattened graph is deep, with less than two nodes on a level.

    >>> from autograd.compile.tracing.trace import trace
    >>> def chain(x):
    ...     for _ in range(5_000):
    ...         x = x.tanh()
    ...     return x
    >>> is_narrow(trace(chain, [()])), is_narrow(trace(lambda x: x.tanh(), [()]))
    (True, False)
    """
    inner = int((graph.code >= 0).sum())
    return inner > _FEW and 2 * len(levels(graph)) > inner


class Narrow:
    """A narrow graph and its gradient.

    Args:
        graph: simplified.
        both: the same with derivatives as further outputs; None if f returns a list.
        sizes: the number of elements of each argument.
        widths: how many derivatives each gradient has.
        parameters: how many parameters there are; if any, gradients are means over the samples.

    Attributes:
        unrolled: why nothing was rolled.
    """

    def __init__(
        self,
        graph: Graph,
        both: Graph | None,
        sizes: Sequence[int],
        widths: Sequence[int],
        parameters: int,
    ) -> None:
        self._value = graph, [len(graph.outputs)]
        self._both = None if both is None else (both, [1, *widths])
        self._sizes = sizes
        self._parameters = parameters
        self.forward: list[Statement] = []
        self.backward: list[Statement] = []
        self.unrolled = ["the graph has less than two nodes on a level: run node by node"]

    def buffers(self, theta: Any, batch: int, task: Task) -> Lanes:
        """Return the program bound to lanes for so many samples."""
        chosen = self._value if task == "value" else self._both
        assert chosen is not None
        mean = self._parameters > 0 and task == "gradient"
        return Lanes(*chosen, self._sizes, theta, batch, mean=mean)

    def steps(self) -> list[str]:
        """Return which steps of a recurrence are loops in the text, and why others are not."""
        _, printer, _ = self._written(*(self._both or self._value), ())
        return steps_said(printer.lines)

    def source(self, names: Sequence[str], shapes: Sequence[Shape], first: int) -> str:
        """Return the text of the program.

        Args:
            names: of the parameters.
            shapes: of the arguments to derive by.
            first: the first of these.
        """
        routine, value, (result,) = self._written(*self._value, names)
        kind = routine.theta if self._parameters else routine.inputs[first]
        listed = self._both is None
        returned = [result if listed else f"{result}[:, 0]"]
        functions = [function_text(value, "value", returned, kind)]
        printers = [value]
        if self._both is not None:
            routine, both, (result, *slopes) = self._written(*self._both, names)
            returned = both_returned(result, slopes, None if self._parameters else shapes)
            functions.append(function_text(both, "value_and_grad", returned, kind))
            printers.append(both)
        return "\n\n\n".join([preamble(printers), *functions]) + "\n"

    def _written(
        self, graph: Graph, widths: Sequence[int], names: Sequence[str]
    ) -> tuple[Routine, Printer, list[str]]:
        """Return the statements of a graph, printed, and its outputs as texts."""
        inputs = [Array(f"x{i}", size, True) for i, size in enumerate(self._sizes)]
        routine = Routine(inputs, Array("theta", self._parameters, False))
        found = _statements(graph, routine)
        at = 0
        views: list[View] = []
        for width in widths:
            nodes: list[int] = graph.outputs[at : at + width].tolist()
            columns = [(found[i], 1) for i in nodes]
            view = routine.concat(columns, True)
            if views and self._parameters:
                total = routine.array(width, False)
                routine.statements.append(SumBatch(total, view))
                view = routine.apply(_MUL, (total.whole, SHARE.whole))
            views.append(view)
            at += width
        printer = Printer(routine, routine.statements, names)
        if len(widths) > 1 and self._parameters:
            printer.lines.insert(0, Definition("share", "np.full((1,), 1.0 / batch, dtype=dtype)"))
        return routine, printer, [printer.view(view) for view in views]


def _statements(graph: Graph, routine: Routine) -> list[Operand]:
    """Append a statement for each node, of one column, and return what stands for the nodes."""
    columns = [array.whole.part(i, i + 1) for array in routine.inputs for i in range(array.width)]
    found: list[Operand] = []
    for i, (code, place, operands) in enumerate(graph.nodes()):
        taken = [found[x] for x in operands]
        if code == CONSTANT:
            found.append(float(graph.numbers[place]))
        elif code == INPUT:
            found.append(columns[place])
        elif code == PARAMETER:
            found.append(routine.theta.whole.part(place, place + 1))
        elif graph.rows[code].arity is None:
            found.append(_many(routine, graph.rows[code], taken))
        else:
            found.append(routine.apply(graph.rows[code], taken, graph.labels.get(i, "")))
    return found


def _many(routine: Routine, row: Primitive, taken: Sequence[Operand]) -> View:
    """Append a row of any number of operands, over columns side by side."""
    parts = [taken[: len(taken) // 2], taken[len(taken) // 2 :]] if row is _DOT else [taken]
    factors = [routine.concat([(x, 1) for x in part], True) for part in parts]
    if row is _SUM:
        return routine.reduce(factors[0], len(taken))
    if row is _DOT:
        return routine.reduce(routine.apply(_MUL, factors), len(parts[0]))
    out = routine.array(1, True)
    routine.statements.append(Many(out, row, factors[0], len(taken)))
    return out.whole


class Lanes:
    """A graph bound to lanes, for one number of samples.

    Args:
        graph: what to compute.
        widths: how many of the outputs, in order, each result has.
        sizes: the number of elements of each argument.
        theta: the parameters' numbers, read at each run where they are.
        batch: the number of samples.
        mean: whether all results but the first are means over the samples.

    Attributes:
        inputs: where each argument's numbers are to be put before a run, (batch, width).
        results: those of the last run, arrays of their own: (batch, width) or (width,) for a mean.
        size: bytes held.

    >>> from autograd.compile.tracing.trace import trace
    >>> lanes = Lanes(trace(lambda x: x.exp() - 1.0, [()]), [1], [1], np.zeros(0), 2)
    >>> lanes.inputs[0][:, 0] = [0.0, 0.0]
    >>> lanes.run()
    >>> lanes.results[0].tolist()
    [[0.0], [0.0]]
    """

    def __init__(
        self,
        graph: Graph,
        widths: Sequence[int],
        sizes: Sequence[int],
        theta: Any,
        batch: int,
        *,
        mean: bool = False,
    ) -> None:
        kind = theta.dtype
        self._theta = theta
        self.inputs = [np.zeros((batch, size), dtype=kind) for size in sizes]
        self.results: list[Any] = [
            np.zeros(width if mean and i else (batch, width), dtype=kind)
            for i, width in enumerate(widths)
        ]
        self._mean = mean
        self._batch = batch
        lane, count = _allotted(graph)
        most = max(_LEAST, _CACHE // (kind.itemsize * max(count, 1)))
        blocks = max(1, -(-batch // most))
        self._block = -(-batch // blocks)
        self._lanes = np.zeros((count, self._block), dtype=kind)
        self.size = self._lanes.nbytes + sum(x.nbytes for x in (*self.inputs, *self.results))
        self._outputs = lane[graph.outputs]
        begins = np.cumsum([0, *sizes])
        self._leaves: list[tuple[Any, int, Any]] = []
        for code in (INPUT, PARAMETER):
            nodes = np.flatnonzero((graph.code == code) & (lane >= 0))
            place = graph.place[nodes]
            argument = np.searchsorted(begins, place, side="right") - 1
            for i in np.unique(argument).tolist() if code == INPUT else [-1]:
                here = argument == i if code == INPUT else np.ones(len(place), dtype=np.bool_)
                column = place[here] - (begins[i] if code == INPUT else 0)
                if len(column):
                    self._leaves.append((lane[nodes[here]], i, column))
        self._calls = self._bound(graph, lane)

    def _bound(self, graph: Graph, lane: Any) -> list[tuple[Callable[..., Any], tuple[Any, ...]]]:
        """Return a call for each node, with its lanes."""
        rows = list(self._lanes)
        lanes: list[int] = lane.tolist()
        kind = self._lanes.dtype
        numbers = [np.array(x, dtype=kind) for x in graph.numbers.tolist()]
        known: list[Any] = []
        calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        arrays = [row.array for row in graph.rows]
        direct = [isinstance(f, np.ufunc) and f not in (np.maximum, np.minimum) for f in arrays]
        for i, (code, place, operands) in enumerate(graph.nodes()):
            if code == CONSTANT:
                known.append(numbers[place])
                if lanes[i] >= 0:
                    rows[lanes[i]][...] = numbers[place]
                continue
            out = rows[lanes[i]] if lanes[i] >= 0 else None
            known.append(out)
            if code < 0:
                continue
            taken = [known[x] for x in operands]
            if direct[code]:
                calls.append((arrays[code], (*taken, out)))
            else:
                calls.append((_copied, (out, arrays[code], taken)))
        return calls

    def run(self) -> None:
        """Run on the inputs, as many samples at a time as there is room for."""
        batch, block = self._batch, self._block
        self.results = [np.zeros_like(result) for result in self.results]
        for begin in range(0, batch, block):
            end = min(begin + block, batch)
            for lanes, argument, columns in self._leaves:
                if argument < 0:
                    self._lanes[lanes] = self._theta[columns][:, None]
                else:
                    self._lanes[lanes, : end - begin] = self.inputs[argument][begin:end, columns].T
            for function, operands in self._calls:
                function(*operands)
            self._collect(begin, end)
        if self._mean:
            for result in self.results[1:]:
                result *= 1.0 / batch

    def _collect(self, begin: int, end: int) -> None:
        at = 0
        for i, result in enumerate(self.results):
            width = result.shape[-1]
            found = self._lanes[self._outputs[at : at + width], : end - begin]
            if self._mean and i:
                result += found.sum(axis=1)
            else:
                result[begin:end] = found.T
            at += width


def _copied(out: Any, function: Callable[..., Any], operands: Sequence[Any]) -> None:
    np.copyto(out, function(*operands))


def _allotted(graph: Graph) -> tuple[Any, int]:
    """Return the lane of each node, and how many lanes there are.

    Leaves are written before anything runs, and outputs are read at the end; any other lane is
    free again after its last use. A constant has a lane only if it is an output: else -1.
    """
    size = len(graph)
    last = np.full(size, -1, dtype=np.int64)
    # Owners stand in order: of several uses the last remains.
    last[graph.operands] = graph.owners
    last[graph.outputs] = size
    leaf = (graph.code < 0) & ((graph.code != CONSTANT) | (last == size))
    lane = np.full(size, -1, dtype=np.int64)
    count = int(leaf.sum())
    lane[leaf] = np.arange(count)
    lanes: list[int] = lane.tolist()
    until: list[int] = last.tolist()
    free: list[int] = []
    for i, (code, _, operands) in enumerate(graph.nodes()):
        if code < 0:
            continue
        # A call may write over its own operands: each number is read before it is written.
        free += [lanes[x] for x in set(operands) if until[x] == i and lanes[x] >= 0]
        if free:
            lanes[i] = free.pop()
        else:
            lanes[i] = count
            count += 1
    return np.array(lanes, dtype=np.int64), count
