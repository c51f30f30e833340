"""Calls a function once on placeholders and writes down every operation it does.

A placeholder knows only its place on the tape; its methods append to parallel lists. Values that
the function meets are parameters, known by identity, or constants. What a program cannot follow
(branching on data, reading a number) raises `TraceError` with the line and what to write instead.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, cast

import numpy as np

from autograd import primitives
from autograd.backward import order
from autograd.compile.graph import CONSTANT, INPUT, PARAMETER, Graph
from autograd.errors import TraceError
from autograd.modes import recording_anyway
from autograd.numeric import number
from autograd.row import TABLE, Primitive, apply_to_arrays
from autograd.value import Value

# The shape of one argument: () for a number, (3,) for a list of three, and so on.
Shape = tuple[int, ...]


class Tape:
    """The lists that a trace appends to.

    A node of one or two operands keeps them in `first` and `second`. One of more has the negative
    number of its operands in `second`, and in `first` where they begin in `side`.
    """

    def __init__(self, parameters: Sequence[Value] = ()) -> None:
        count = len(parameters)
        self.code = [PARAMETER] * count
        self.first = list(range(count))
        self.second = [0] * count
        self.side: list[int] = []
        self.numbers: list[float] = []
        self.inputs = 0
        self.rows: list[Primitive] = []
        self.codes: dict[Primitive, int] = {}
        # What does not depend on the sample: constants, parameters and what is made of them.
        self.unbatched = list(range(count))
        self.constants: dict[float, int] = {}
        self.odd_constants: dict[str, int] = {}
        # All parameters stand there from the start; what is not used is pruned later.
        self.parameters = dict(zip(parameters, range(count), strict=True))
        self.values = dict(self.parameters)
        self.placeholder = _placeholder_class(self)

    def code_of(self, row: Primitive) -> int:
        """Return the place of a primitive on this tape."""
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

    def node_of(self, x: Any) -> int:
        """Return the node that an operand of any kind stands for."""
        kind = x.__class__
        if kind is self.placeholder:
            return x.i
        if kind is float:
            return self.constant(x)
        if kind is Value:
            node = self.values.get(x)
            return self.imported(x) if node is None else node
        if getattr(kind, "__apply__", None) is not None:
            raise TraceError(
                f"{_where()} uses a placeholder of another trace: return results from the traced "
                "function, and do not keep them"
            )
        return self.constant(number(x))

    def imported(self, value: Value) -> int:
        """Return the node of a recorded Value, with all it was made from.

        A leaf that is no parameter is a constant, captured with the number it has now.
        """
        values = self.values
        for v in order(value):
            if v in values:
                continue
            row = v.op
            if row is None:
                values[v] = self.constant(v._number)
            else:
                values[v] = self.node(row, v.args)
                self.unbatched.append(values[v])
        return values[value]

    def node(self, row: Primitive, operands: Sequence[Any]) -> int:
        """Append a node made by a primitive from operands of any kind."""
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
        where = np.repeat(many, counts)
        if where.any():
            size = counts[many]
            before = np.cumsum(size) - size
            inside = np.arange(int(size.sum())) - np.repeat(before, size)
            operands[where] = side[np.repeat(first[many], size) + inside]
        batched = np.ones(len(code), dtype=np.bool_)
        batched[np.array(self.unbatched, dtype=np.int64)] = False
        return Graph(
            rows=tuple(self.rows),
            code=code,
            start=start,
            operands=operands,
            place=np.where(code < 0, first, -1),
            numbers=np.array(self.numbers, dtype=np.float64),
            batched=batched,
            outputs=np.array(outputs, dtype=np.int32),
        )


def trace(
    f: Callable[..., Any], shapes: Sequence[Shape], parameters: Sequence[Value] = ()
) -> Graph:
    """Return the graph of a function, recorded in one call.

    Args:
        f: a function of numbers and (nested) lists of them that returns a Value, or a list.
        shapes: the shape of each argument; its elements are the graph's inputs, in order.
        parameters: the Values that are parameters; others that f meets are constants.

    Raises:
        TraceError: if f reads a number, branches on one, or returns something else.

    >>> w = Value(3.0, "w")
    >>> graph = trace(lambda xs: w * xs[0] + w * xs[1], [(2,)], [w])
    >>> graph.census()
    {'parameter': 1, 'input': 2, 'add': 1, 'mul': 2}
    """
    tape = Tape(parameters)
    arguments = [_nested(tape, shape) for shape in shapes]
    # Also in `no_grad`, where what is made of parameters alone would look like a constant.
    with recording_anyway(), tracing(tape):
        result = f(*arguments)
        outputs = [tape.node_of(x) for x in flat_outputs(result)]
    return tape.graph(outputs)


def _nested(tape: Tape, shape: Shape) -> Any:
    """Return nested lists of new placeholders."""
    if not shape:
        return tape.input()
    elements: list[Any] = [tape.input() for _ in range(math.prod(shape))]
    for length in reversed(shape[1:]):
        elements = [elements[i : i + length] for i in range(0, len(elements), length)]
    return elements


def flat_outputs(result: Any) -> list[Any]:
    """Return what a traced function returned as a list, or say what it should return."""
    outputs: list[Any] = [*result] if isinstance(result, list | tuple) else [result]  # pyright: ignore[reportUnknownVariableType]
    for x in outputs:
        if not hasattr(x.__class__, "__apply__") and not isinstance(x, int | float):
            raise TraceError(
                f"the traced function returned {x!r:.60}: return one Value, or a list of Values"
            )
    return outputs


# What cannot be traced ----------------------------------------------------------------------


def refuse(what: str, instead: str) -> NoReturn:
    """Raise the TraceError for something that needs a number while there is none."""
    raise TraceError(f"{_where()} {what} while it is compiled: {instead}")


def _where() -> str:
    """Return the file and line of the innermost frame outside this distribution."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        ours = name.partition(".")[0] in ("autograd", "nn") or "tick" in frame.f_globals
        if not ours or frame.f_code.co_filename.startswith("<doctest"):
            return f"line {frame.f_lineno} of {frame.f_code.co_filename}"
        frame = frame.f_back
    return "the traced function"


_COMPARE = (
    "a program runs both branches for all samples at once. Write where(step(x - y), a, b) with "
    "plain operands, or maximum, minimum, clip, relu, step, sign, equal"
)
_READ = (
    "a program has no number until it runs. Compute with the Value itself and autograd's "
    "functions; for a choice by number write where, select, step or equal"
)
_BY_NUMBER = "index by a number with select(i, xs), and keep counts and shapes as plain ints"

_active: dict[int, Tape] = {}
_lock = threading.Lock()
_GUARDED = ("data", "__lt__", "__le__", "__gt__", "__ge__")
_unguarded: dict[str, Any] = {name: vars(Value)[name] for name in _GUARDED}


@contextmanager
def tracing(tape: Tape) -> Generator[None]:
    """Inside the block, this thread's Values refuse to tell a number that a parameter decides.

    `Value.data` is the fastest reader there is, with no room for a test; so other readers are put
    in its place while some thread is inside such a block, and taken away with the last.
    """
    thread = threading.get_ident()
    outer = _active.get(thread)
    with _lock:
        if not _active:
            for name, guard in _guards().items():
                setattr(Value, name, guard)
        _active[thread] = tape
    try:
        yield
    finally:
        with _lock:
            if outer is None:
                del _active[thread]
            else:
                _active[thread] = outer
            if not _active:
                for name, plain in _unguarded.items():
                    setattr(Value, name, plain)


def _traced(x: Any) -> bool:
    """Whether a number is decided by a parameter or an input of this thread's trace."""
    tape = _active.get(threading.get_ident())
    if tape is None:
        return False
    if x.__class__ is not Value:
        return x.__class__ is tape.placeholder
    return x in tape.parameters or (
        x._x is not None and any(v in tape.parameters for v in order(x))
    )


def _guards() -> dict[str, Any]:
    def data(self: Value) -> float:
        if _traced(self):
            refuse(f"reads .data of {self.label or 'a Value'}", _READ)
        return self._number

    plain = _unguarded["data"]
    guards: dict[str, Any] = {"data": property(data, plain.fset, doc=plain.__doc__)}

    def comparison(name: str) -> Callable[[Value, Any], bool]:
        compare = _unguarded[name]

        def method(self: Value, other: Any) -> bool:
            if _traced(self) or _traced(other):
                refuse(f"compares {self.label or 'a Value'} with another number", _COMPARE)
            return compare(self, other)

        method.__name__ = name
        return method

    return guards | {name: comparison(name) for name in _GUARDED[1:]}


# Placeholders -------------------------------------------------------------------------------

_OPERATORS = {
    "add": ("__add__", "__radd__"),
    "sub": ("__sub__", "__rsub__"),
    "mul": ("__mul__", "__rmul__"),
    "div": ("__truediv__", "__rtruediv__"),
    "pow": ("__pow__", "__rpow__"),
}


def _refusals() -> dict[str, Any]:
    """Return the methods that have no meaning without a number."""

    def refusal(what: str, instead: str) -> Callable[..., NoReturn]:
        def method(self: Any, *rest: Any) -> NoReturn:
            refuse(what, instead)

        return method

    members: dict[str, Any] = {
        "__bool__": refusal("asks whether a Value is true", _COMPARE),
        "__float__": refusal("takes float() or a function of math of a Value", _READ),
        "__int__": refusal("takes int() of a Value", _BY_NUMBER),
        "__index__": refusal("uses a Value as an index or a count", _BY_NUMBER),
        "__round__": refusal("rounds a Value", _READ),
        "__format__": refusal("formats the number of a Value", _READ),
        "data": property(refusal("reads .data", _READ)),
        "grad": property(refusal("reads .grad", _READ)),
        "backward": refusal("goes backward", "the program has value_and_grad for that"),
        "detach": refusal("detaches a Value", _READ),
    }
    for name in _GUARDED[1:]:
        members[name] = refusal("compares a Value", _COMPARE)
    return members


def _placeholder_class(tape: Tape) -> Any:
    """Return the class of a tape's placeholders: one slot, and methods with the lists bound."""
    # Closures and one `append` per list: recording a node takes 0.5 us so, and 1.2 us when the
    # methods reach the lists through the tape.
    push_code, push_first, push_second = tape.code.append, tape.first.append, tape.second.append
    code_list, node_of, new = tape.code, tape.node_of, object.__new__
    values = tape.values

    class Placeholder:
        """A number that will be there when the program runs."""

        __slots__ = ("i",)

        i: int

        def __repr__(self) -> str:
            return f"<placeholder n{self.i}>"

        def __eq__(self, other: object) -> bool:
            # Identity, as for Values; but asking for a number is asking for data.
            if isinstance(other, int | float | np.generic):
                refuse("compares a Value with ==", _COMPARE)
            return self is other

        __hash__ = object.__hash__

        @staticmethod
        def __apply__(row: Primitive, operands: tuple[Any, ...]) -> Any:
            if any(isinstance(x, np.ndarray) for x in operands):
                return apply_to_arrays(row, operands)
            for x in operands[len(operands) - row.constants :] if row.constants else ():
                if hasattr(x.__class__, "__apply__"):
                    raise TypeError(
                        f"{row.name}: the last {row.constants} operand(s) must be plain numbers"
                    )
            return tape.new(tape.node(row, operands))

        def __pos__(self) -> Any:
            return self

        def __neg__(self) -> Any:
            return Placeholder.__apply__(TABLE["neg"], (self,))

        def __abs__(self) -> Any:
            return Placeholder.__apply__(TABLE["abs"], (self,))

        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
            row = Value.__array_ufuncs__.get(ufunc.__name__)
            if method != "__call__" or options or row is None:
                return NotImplemented
            if ufunc.__name__ == "power" and inputs[0].__class__ is Placeholder:
                return inputs[0] ** inputs[1]
            return primitives.apply(row, inputs)

    def operators(row: Primitive, constant: Primitive) -> tuple[Any, Any]:
        code = tape.code_of(row)

        def method(self: Any, other: Any) -> Any:
            kind = other.__class__
            if kind is Placeholder:
                j = other.i
            elif constant is not row and kind is not Value:
                return unusual(self, other, constant, False)
            else:
                j = values.get(other) if kind is Value else None
                if j is None:
                    return unusual(self, other, row, False)
            push_code(code)
            push_first(self.i)
            push_second(j)
            made = new(Placeholder)
            made.i = len(code_list) - 1
            return made

        def reflected(self: Any, other: Any) -> Any:
            j = values.get(other) if other.__class__ is Value else None
            if j is None:
                return unusual(self, other, row, True)
            push_code(code)
            push_first(j)
            push_second(self.i)
            made = new(Placeholder)
            made.i = len(code_list) - 1
            return made

        return method, reflected

    def unusual(self: Any, other: Any, row: Primitive, swapped: bool) -> Any:
        """Record an operator with what is neither a placeholder nor a Value that was met."""
        if isinstance(other, np.ndarray):
            pair: Any = (other, self) if swapped else (self, other)
            return apply_to_arrays(row, pair)
        is_number = hasattr(other.__class__, "numerator")
        if not is_number and not isinstance(other, float | int | Value | np.generic):
            node_of(other)  # says what is wrong with it
            return NotImplemented
        j = node_of(number(cast(object, other)) if row.name == "power" else other)
        return tape.new(tape.append(tape.code_of(row), *((j, self.i) if swapped else (self.i, j))))

    for name, (plain, mirrored) in _OPERATORS.items():
        row = TABLE[name]
        method, reflected = operators(row, TABLE["power"] if name == "pow" else row)
        setattr(Placeholder, plain, method)
        setattr(Placeholder, mirrored, reflected)
    for name, method in _methods().items():
        setattr(Placeholder, name, method)
    for name, method in _refusals().items():
        setattr(Placeholder, name, method)
    return Placeholder


def _methods() -> dict[str, Any]:
    """Return the methods of Value that are functions of the table, under all their names."""
    found: dict[str, Any] = {}
    for name, method in vars(Value).items():
        function = getattr(primitives, getattr(method, "__name__", ""), None)
        if not name.startswith("_") and function is not None and not isinstance(method, property):
            found[name] = _method(function)
    return found


def _method(function: Any) -> Any:
    def method(self: Any, *rest: Any) -> Any:
        return function(self, *rest)

    return method


def leaves(xs: Iterable[Any]) -> list[Any]:
    """Return the elements of nested lists, in order."""
    found: list[Any] = []
    stack: list[Any] = [iter(xs)]
    while stack:
        for x in stack[-1]:
            if isinstance(x, list | tuple):
                stack.append(iter(cast(Any, x)))
                break
            found.append(x)
        else:
            stack.pop()
    return found
