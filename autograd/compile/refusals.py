"""What a program cannot follow while its function is traced, and what to write instead.

A number that does not exist yet cannot be read, compared or branched on. Placeholders refuse by
their methods; Values that a parameter decides refuse by guards, which stand in `Value` only while
some thread traces. Every refusal is a `TraceError` with the line that asked.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from autograd.backward import order
from autograd.errors import TraceError
from autograd.recording import names
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compile.trace import Tape


# And what copies a Value: the line is the one that called it.
_OURS = ("autograd", "nn", "copy", "pickle")


def refuse(what: str, instead: str) -> NoReturn:
    """Raise the TraceError for something that needs a number while there is none."""
    raise TraceError(f"{where_asked()} {what} while it is compiled: {instead}")


def where_asked() -> str:
    """Return the file and line of the innermost frame outside this distribution."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        ours = name.partition(".")[0] in _OURS or "tick" in frame.f_globals
        if not ours or frame.f_code.co_filename.startswith("<doctest"):
            return f"line {frame.f_lineno} of {frame.f_code.co_filename}"
        frame = frame.f_back
    return "the traced function"


COMPARE = (
    "a program runs both branches for all samples at once. Write where(step(x - y), a, b) with "
    "plain operands, or maximum, minimum, clip, relu, step, sign, equal"
)
_READ = (
    "a program has no number until it runs. Compute with the Value itself and autograd's "
    "functions; for a choice by number write where, select, step or equal"
)
_SET = "make a new Value in place of a new number, and set parameters through program.theta"
_BY_NUMBER = "index by a number with select(i, xs), and keep counts and shapes as plain ints"

_COPIED = "it would lose the way back. Use the Value itself, or copy.copy(v)"
_DERIVED = (
    "a program has the gradient of one function, by its value_and_grad. Compile that function, or "
    "call this one as it is; fit(engine='eager') trains with it"
)

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


names["decided_later"] = _traced


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
                refuse(f"compares {self.label or 'a Value'} with another number", COMPARE)
            return compare(self, other)

        method.__name__ = name
        return method

    return guards | {name: comparison(name) for name in _GUARDED[1:]}


def refusals() -> dict[str, Any]:
    """Return the methods that have no meaning without a number."""

    def refusal(what: str, instead: str) -> Callable[..., NoReturn]:
        def method(self: Any, *rest: Any) -> NoReturn:
            refuse(what, instead)

        return method

    members: dict[str, Any] = {
        "__bool__": refusal("asks whether a Value is true", COMPARE),
        "__float__": refusal("takes float() or a function of math of a Value", _READ),
        "__int__": refusal("takes int() of a Value", _BY_NUMBER),
        "__index__": refusal("uses a Value as an index or a count", _BY_NUMBER),
        "__round__": refusal("rounds a Value", _READ),
        "__format__": refusal("formats the number of a Value", _READ),
        "data": property(refusal("reads .data", _READ), refusal("sets .data", _SET)),
        "grad": property(refusal("reads .grad", _READ), refusal("sets .grad", _SET)),
        "backward": refusal("goes backward", "the program has value_and_grad for that"),
        "__deepcopy__": refusal("makes a deep copy of a Value", _COPIED),
        "__reduce_ex__": refusal("pickles a Value", _COPIED),
        "detach": refusal("detaches a Value", _READ),
        "differentiated": refusal("takes a derivative (grad, jvp, ...)", _DERIVED),
    }
    for name in _GUARDED[1:]:
        members[name] = refusal("compares a Value", COMPARE)
    return members
