"""The lists that a trace appends to, a node to a place, and the graph that they become.

Values that a traced function meets are parameters, known by identity, or constants. Placeholders
(`placeholder.py`) append to the lists themselves, as recording is the hot path of tracing.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.compile.graph.graph import CONSTANT, INPUT, PARAMETER, Graph, repeated
from autograd.compile.tracing.refusals import where_asked
from autograd.engine.backward import order
from autograd.engine.custom.given import Given
from autograd.engine.custom.node import refusal
from autograd.engine.methods import tick
from autograd.engine.number import number
from autograd.engine.primitive import Primitive
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.transforms.stopped import STOP


class Recorder:
    """The lists that a trace appends to.

    A node of one or two operands keeps them in `first` and `second`. One of more has the negative
    number of its operands in `second`, and in `first` where they begin in `side`.

    Args:
        placeholders: makes the class of its placeholders.
        parameters: the Values that are parameters.
    """

    def __init__(
        self, placeholders: Callable[[Recorder], Any], parameters: Sequence[Value] = ()
    ) -> None:
        self.code: list[int] = []
        self.first: list[int] = []
        self.second: list[int] = []
        self.values: dict[Value, int] = {}
        self.rows: list[Primitive] = []
        self.codes: dict[Primitive, int] = {}
        self.placeholder = placeholders(self)
        # Rows that the methods of the class know by their places.
        self._known = len(self.rows)
        self.begin(parameters)

    def begin(self, parameters: Sequence[Value], *, final: bool = False) -> None:
        """Begin anew, in the lists that the methods of the placeholders append to.

        Args:
            parameters: the Values that are parameters.
            final: whether what is recorded is never differentiated again: some rules then are
                shorter.
        """
        self.placeholder.__final__ = final
        count = len(parameters)
        self.code[:] = [PARAMETER] * count
        self.first[:] = range(count)
        self.second[:] = [0] * count
        del self.rows[self._known :]
        self.codes = {row: i for i, row in enumerate(self.rows)}
        self.side: list[int] = []
        self.numbers: list[float] = []
        self.inputs = 0
        # What does not depend on the sample: constants, parameters and what is made of them.
        self.unbatched = list(range(count))
        self.constants: dict[float, int] = {}
        self.odd_constants: dict[str, int] = {}
        # All parameters stand there from the start; what is not used is pruned later.
        self.parameters = dict(zip(parameters, range(count), strict=True))
        self.values.clear()
        self.values.update(self.parameters)
        self.labels: dict[int, str] = {}
        self.captured: list[Value] = []
        self.began = tick()
        # Values that were looked at and do not depend on a parameter.
        self.free: set[Value] = set()
        # Constants that stand for a Value, and may be derived by.
        self.leaves: set[int] = set()
        # What each node that stops gradients stands for.
        self.stopped: dict[int, int] = {}
        # Whether placeholders may not depend on the sample, as in derivatives.
        self.is_mixed = False
        # Whether a node's number may be infinite or nan; see `derivatives.py`.
        self.wild: list[bool] = []

    def code_of(self, row: Primitive) -> int:
        """Return the place of a primitive on this recorder."""
        code = self.codes.get(row)
        if code is None:
            code = self.codes[row] = len(self.rows)
            self.rows.append(row)
        return code

    def append(self, code: int, first: int, second: int = 0) -> int:
        """Append one node."""
        self.code.append(code)
        self.first.append(first)
        self.second.append(second)
        return len(self.code) - 1

    def new(self, node: int) -> Any:
        """Return a placeholder for a node."""
        made = object.__new__(self.placeholder)
        made.i = node
        return made

    def input(self) -> Any:
        """Append the next input and return its placeholder."""
        self.inputs += 1
        return self.new(self.append(INPUT, self.inputs - 1))

    def constant(self, x: float) -> int:
        """Return the node of a number; each number has one."""
        # 0.0 and -0.0 are equal and nan is not equal to itself: those go by what they look like.
        odd = x == 0.0 or x != x
        known: Any = self.odd_constants if odd else self.constants
        key = repr(x) if odd else x
        node = known.get(key)
        if node is None:
            self.numbers.append(x)
            node = known[key] = self.append(CONSTANT, len(self.numbers) - 1)
            self.unbatched.append(node)
        return node

    def leaf(self, x: float) -> int:
        """Return a node of its own for a number that may be derived by."""
        self.numbers.append(x)
        node = self.append(CONSTANT, len(self.numbers) - 1)
        self.unbatched.append(node)
        self.leaves.add(node)
        return node

    def stop(self, x: Any) -> Any:
        """Return the placeholder of an operand with no way back."""
        self.is_mixed = True
        node = self.node_of(x)
        if node in self.stopped:
            return self.new(node)
        made = self.node(STOP, [self.new(node)])
        self.stopped[made] = node
        if label := self.labels.get(node) or getattr(x, "label", ""):
            self.labels[made] = label
        return self.new(made)

    def paused(self, row: Primitive, operands: Sequence[Any]) -> Any:
        """Return a node recorded in `no_grad`: made of what other such nodes stand for, stopped."""
        return self.stop(self.new(self.node(row, [*map(self._bare, operands)])))

    def _bare(self, x: Any) -> Any:
        if x.__class__ is not self.placeholder:
            return x
        node: int = x.i
        return self.new(self.stopped.get(node, node))

    def cut(self, value: Value) -> Any:
        """Return what stands for a Value that was made in `no_grad`; None if it does by itself.

        It will be a leaf; the constants that it was made from are captured, to be looked at later.
        """
        if self.decides(value):
            return self.stop(value)
        self.captured.extend(v for v in order(value) if v.birth < self.began)
        return None

    def stands(self, value: Any) -> Any:
        """Return the placeholder of a Value that a parameter decides; other Values, themselves."""
        if isinstance(value, Value) and self.decides(value):
            self.is_mixed = True
            return self.new(self.node_of(value))
        return value

    def place(self, x: Any) -> int | None:
        """Return the node of a placeholder or of a Value; None for one that was not met."""
        return x.i if x.__class__ is self.placeholder else self.values.get(x)

    def operands(self, node: int) -> Sequence[int]:
        """Return the operands of a node that was recorded."""
        code, second = self.code[node], self.second[node]
        if code < 0:
            return ()
        first = self.first[node]
        if second < 0:
            return self.side[first : first - second]
        return (first, second) if self.rows[code].arity == 2 else (first,)

    def operand(self, node: int) -> Any:
        """Return what stands for a node in a rule: the number of a constant, else a placeholder."""
        if self.code[node] == CONSTANT and node not in self.leaves:
            return self.numbers[self.first[node]]
        return self.new(node)

    def node_of(self, x: Any) -> int:
        """Return the node that an operand of any kind stands for."""
        kind = x.__class__
        if kind is self.placeholder:
            return x.i
        if kind is float:
            return self.constant(x)
        if isinstance(x, Value):
            node = self.values.get(x)
            return self.imported(x) if node is None else node
        if getattr(kind, "__apply__", None) is not None:
            raise TraceError(
                f"{where_asked()} uses a placeholder of another trace: return results from the "
                "traced function, and do not keep them"
            )
        return self.constant(number(x))

    def decides(self, value: Value) -> bool:
        """Whether a parameter decides the number of a Value."""
        free, parameters = self.free, self.parameters
        if value in parameters:
            return True
        if value._x is None or value in free:
            return False
        known = [x in free or (x._x is None and x not in parameters) for x in _values(value)]
        nodes = [value] if all(known) else order(value)
        if any(v in parameters for v in nodes):
            return True
        free.update(nodes)
        return False

    def imported(self, value: Value) -> int:
        """Return the node of a recorded Value, with all it was made from.

        A leaf that is no parameter is a constant, captured with the number it has now. So is what
        was computed from such before the trace, which may be given new data, too.
        """
        values = self.values
        for v in order(value):
            if v in values:
                continue
            row = v.op
            if v.birth < self.began:
                self.captured.append(v)
            if row is None:
                values[v] = self.leaf(v._number)
            elif isinstance(v._kind, Given):
                if self.decides(v):
                    raise TraceError(f"{where_asked()} {refusal(str(row))}")
                values[v] = self.leaf(v._number)
            else:
                values[v] = self.node(row, v.args)
                self.unbatched.append(values[v])
        return values[value]

    def node(self, row: Primitive, operands: Sequence[Any]) -> int:
        """Append a node made by a primitive from operands of any kind."""
        known, placeholder = self.values.get, self.placeholder
        nodes: list[Any] = [
            x.i if x.__class__ is placeholder else known(x) if x.__class__ is Value else None
            for x in operands
        ]
        if None in nodes:
            nodes = [self.node_of(x) for x in operands]
        code = self.code_of(row)
        if len(nodes) == 1:
            return self.append(code, nodes[0])
        if len(nodes) == 2 and row.arity == 2:
            return self.append(code, *nodes)
        self.side += nodes
        return self.append(code, len(self.side) - len(nodes), -len(nodes))

    def graph(self, outputs: Sequence[int]) -> Graph:
        """Return what was recorded, as arrays."""
        code = np.array(self.code, dtype=np.int32)
        first = np.array(self.first, dtype=np.int32)
        second = np.array(self.second, dtype=np.int32)
        side = np.array(self.side, dtype=np.int32)
        # A row of any number of operands may have one: then `second` is 0, as for one operand.
        pairs = np.array([row.arity == 2 for row in self.rows] + [False] * 3, dtype=np.bool_)
        counts = np.where(code < 0, 0, np.where(second < 0, -second, 1 + pairs[code]))
        start = np.zeros(len(code) + 1, dtype=np.int64)
        np.cumsum(counts, out=start[1:])
        operands = np.empty(int(start[-1]), dtype=np.int32)
        plain = (code >= 0) & (second >= 0)
        operands[start[:-1][plain]] = first[plain]
        double = plain & (counts == 2)
        operands[start[:-1][double] + 1] = second[double]
        many = second < 0
        where = repeated(many, counts)
        if where.any():
            size = counts[many]
            before = np.cumsum(size) - size
            inside = np.arange(int(size.sum())) - repeated(before, size)
            operands[where] = side[repeated(first[many], size) + inside]
        batched = np.ones(len(code), dtype=np.bool_)
        batched[np.array(self.unbatched, dtype=np.int64)] = False
        graph = Graph(
            rows=tuple(self.rows),
            code=code,
            start=start,
            operands=operands,
            place=np.where(code < 0, first, -1),
            numbers=np.array(self.numbers, dtype=np.float64),
            batched=batched,
            outputs=np.array(outputs, dtype=np.int32),
            labels=dict(self.labels),
        )
        return _rebatched(graph) if self.is_mixed else graph


def _rebatched(graph: Graph) -> Graph:
    """Return a graph in which what depends on no input is the same for all samples."""
    batched: list[bool] = []
    for code, _, operands in graph.nodes():
        batched.append(code == INPUT or any(batched[x] for x in operands))
    return replace(graph, batched=np.array(batched, dtype=np.bool_))


def _values(node: Value) -> list[Value]:
    return [x for x in node.args if isinstance(x, Value)]
