"""Calls a function once on placeholders and writes down every operation it does.

What the function does with placeholders (`placeholder.py`) is appended to the lists of a recorder
(`recorder.py`), which become the graph. What a program cannot follow is refused: `refusals.py`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeVar

from autograd.compile.graph.graph import CONSTANT, Graph
from autograd.compile.tracing.placeholder import placeholder_class
from autograd.compile.tracing.recorder import Recorder
from autograd.compile.tracing.refusals import refuse_key, settle, tracing
from autograd.engine.backward import order
from autograd.engine.modes import recording_anyway
from autograd.engine.primitive import Primitive
from autograd.engine.value import Value
from autograd.errors import TraceError
from autograd.transforms.trees import flat, shaped

T = TypeVar("T")

# The shape of one argument: () for a number, (3,) for a list of three, and so on.
Shape = tuple[int, ...]


class _Serving(Recorder):
    """A recorder that serves one trace after another.

    A class is freed by the cyclic collector alone, so its placeholders had better serve again; but
    not while somebody holds one, which the next trace would take for one of its own.
    """

    def __init__(self) -> None:
        self._made_from = _doors()
        super().__init__(placeholder_class)
        self._holders = self._count_holders()

    def release(self) -> None:
        """Let go of all that was recorded, and keep the class for the next trace."""
        self.begin(())
        is_alone = self._count_holders() == self._holders
        if is_alone and len(_spare) < _KEPT and getattr(sys, "_is_gil_enabled", lambda: True)():
            _spare.append(self)

    def is_current(self) -> bool:
        """Return whether a class made now would have the same methods."""
        return self._made_from == _doors()

    def _count_holders(self) -> int:
        return sys.getrefcount(self.placeholder)


# Those that nobody holds placeholders of.
_spare: list[_Serving] = []
_KEPT = 4


def _doors() -> tuple[Any, ...]:
    """Return what the methods of a class of placeholders are made from."""
    return tuple(vars(Value))


def on_recorder(
    record: Callable[[Recorder], T], parameters: Sequence[Value] = (), *, final: bool = False
) -> T:
    """Return what a function makes of a recorder; placeholders of it are not to leave the function.

    `parameters` and `final` are those of `Recorder.begin`.
    """
    recorder = None
    # Another thread may take the last one.
    with contextlib.suppress(IndexError):
        recorder = _spare.pop()
    if recorder is None or not recorder.is_current():
        recorder = _Serving()
    recorder.begin(parameters, final=final)
    found = record(recorder)
    recorder.release()
    return found


def trace(
    f: Callable[..., Any],
    shapes: Sequence[Shape],
    parameters: Sequence[Value] = (),
    captured: list[Value] | None = None,
) -> Graph:
    """Return the graph of a function, recorded in one call.

    Args:
        f: a function of numbers and (nested) lists of them that returns a Value, or several in a
            list, a dict or nested ones.
        shapes: the shape of each argument; its elements are the graph's inputs, in order.
        parameters: the Values that are parameters; others that f meets are constants.
        captured: a list to append these others to.

    Raises:
        TraceError: if f reads a number, branches on one, or returns something else.

    >>> w = Value(3.0, "w")
    >>> graph = trace(lambda xs: w * xs[0] + w * xs[1], [(2,)], [w])
    >>> graph.census()
    {'parameter': 1, 'input': 2, 'add': 1, 'mul': 2}
    """

    def record(recorder: Recorder) -> Graph:
        inputs = (recorder.input() for _ in count())
        arguments = [shaped(inputs, shape) for shape in shapes]
        # Also in `no_grad`, where what is made of parameters alone would look like a constant.
        recording, reading = recording_anyway(), tracing(recorder)
        try:
            with recording, reading:
                result = f(*arguments)
                # No comprehension: in one, Python 3.13 forgets the `with` if a line raises.
                outputs = [*map(recorder.node_of, flat_outputs(result))]
        except KeyError as error:
            if error.args and error.args[0].__class__ is recorder.placeholder:
                refuse_key(error)
            raise
        finally:
            settle(recording, reading)
        if captured is not None:
            captured.extend(recorder.captured)
        return recorder.graph(outputs)

    return on_recorder(record, parameters)


def recorded(z: Value) -> Graph:
    """Return the graph that a Value was computed by, whose outputs are all Values of `order(z)`.

    Leaves are its parameters, in this order; plain numbers are constants.

    Raises:
        StaleGraphError: if a Value was given new data after something was computed from it.

    >>> x = Value(3.0, "x")
    >>> print(recorded(x * 2.0))
    n0 = parameter 0
    n1 = 2.0
    n2 = mul(n0, n1)
    return n0, n2
    """
    nodes = order(z)

    def record(recorder: Recorder) -> Graph:
        recorder.imported(z)
        return recorder.graph([recorder.values[node] for node in nodes])

    return on_recorder(record, [node for node in nodes if node.op is None])


def replayed(
    recorder: Recorder,
    graph: Graph,
    made: Callable[[Primitive, list[Any]], Any] | None = None,
) -> list[Any]:
    """Record the nodes of a graph once more, and return what stands for each.

    Args:
        recorder: where to; constants are not recorded before something uses them.
        graph: the graph.
        made: what is made of a primitive and operands; a node unless given.
    """
    nodes: list[Any] = []
    for code, place, operands in graph.nodes():
        if code == CONSTANT:
            nodes.append(float(graph.numbers[place]))
        elif code < 0:
            nodes.append(recorder.new(recorder.append(code, place)))
        else:
            row, taken = graph.rows[code], [nodes[x] for x in operands]
            nodes.append(made(row, taken) if made else recorder.new(recorder.node(row, taken)))
    return nodes


def flat_outputs(result: Any) -> list[Any]:
    """Return what a traced function returned as a list, or say what it should return."""
    outputs = flat(result)
    for x in outputs:
        if not hasattr(x.__class__, "__apply__") and not isinstance(x, int | float):
            raise TraceError(
                f"the traced function returned {x!r:.60}: return one Value, or a nested list "
                "of Values"
            )
    return outputs
