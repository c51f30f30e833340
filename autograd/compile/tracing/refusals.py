"""What a program cannot follow while its function is traced, and what to write instead.

A number that does not exist yet cannot be read, compared or branched on: a `TraceError` names the
line that asked. Placeholders refuse by their methods. Values that a parameter decides refuse by
guards, which stand in `Value` while some thread traces, for all threads, and ask which one reads:
`Value.data` is read without Python code, and a test in it would double the time of every read there
is. A class of their own for the parameters of a trace would change them for all threads too, and
take them off the quick roads, which ask for `Value` itself; copies would not be what f holds.
"""

# pyright: reportPrivateUsage=false
# The rooms of the engine share the slots of a node; the properties over them are for users.

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from autograd.blocks import Block, Blocks, Turn
from autograd.engine.modes import is_paused, tracer, user_line
from autograd.engine.value import Value
from autograd.errors import TraceError


class Deciding(Protocol):
    """What is asked of the recorder of a trace (`recorder.py`)."""

    placeholder: Any

    def decides(self, value: Value) -> bool:
        """Whether a parameter decides the number of a Value."""
        ...

    def cut(self, value: Value) -> Any:
        """Return what stands for a Value made in `no_grad`; None if it does by itself."""
        ...

    def stands(self, value: Any) -> Any:
        """Return what stands for a Value: its placeholder if a parameter decides it."""
        ...

    def stop(self, x: Any) -> Any:
        """Return the placeholder of an operand with no way back."""
        ...


# And what copies a Value: the line is the one that called it.
_OURS = ("autograd", "nn", "copy", "pickle")


def refuse(what: str, instead: str) -> NoReturn:
    """Raise the TraceError for something that needs a number while there is none."""
    raise TraceError(f"{where_asked()} {what} while it is compiled: {instead}")


def refuse_key(error: KeyError) -> NoReturn:
    """Raise the TraceError for a dict that was asked for what is under a number to come."""
    line = "the traced function"
    step = error.__traceback__
    while step is not None:
        if str(step.tb_frame.f_globals.get("__name__", "")).partition(".")[0] not in _OURS:
            line = f"line {step.tb_lineno} of {step.tb_frame.f_code.co_filename}"
        step = step.tb_next
    raise TraceError(
        f"{line} uses a Value as the key of a dict while it is compiled: {_BY_NUMBER}"
    ) from None


def where_asked() -> str:
    """Return the file and line of the innermost frame outside this distribution."""
    file, _, line = user_line(*_OURS).rpartition(":")
    return f"line {line} of {file}" if file else "the traced function"


COMPARE = (
    "a program runs both branches for all samples at once. Write where(step(x - y), a, b) with "
    "plain operands, or maximum, minimum, clip, relu, step, sign, equal"
)
_READ = (
    "a program has no number until it runs. Compute with the Value itself and autograd's "
    "functions: softmax(xs) needs no maximum taken off, maximum(*xs) is the largest; for a choice "
    "by number write where, select, step or equal"
)
_SET = "make a new Value in place of a new number, and set parameters through program.theta"
_BY_NUMBER = (
    "choose by a number with select(i, xs), a row of a table with [select(i, column) for column in "
    "zip(*table)], and keep counts and shapes as plain ints"
)
_MAX_WITH = "write maximum(x, y), which at a tie gives half of the gradient to each"

_BACKWARD = (
    "write gradient(z, [x]) or grad(f)(x), which give the derivatives as results; those of the "
    "whole program are in its value_and_grad"
)
_COPIED = "it would lose the way back. Use the Value itself, or copy.copy(v)"

_traces = Blocks("autograd's traces")
_guarding = Turn()
_COMPARISONS = ("__lt__", "__le__", "__gt__", "__ge__")
_GUARDED = ("data", "detach", "backward", *_COMPARISONS)
_unguarded: dict[str, Any] = {name: vars(Value)[name] for name in _GUARDED}
# The answers of the engine's tracer while there is none.
_untraced = tracer.cut, tracer.decides, tracer.stands


class Tracing(Block):
    """Inside the block, Values refuse to tell a number that a parameter of the recorder decides.

    `Value.data` is the fastest reader there is, with no room for a test; so other readers are put
    in its place while some trace is open, and taken away by `settle` after the last.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        with _guarding.lock:
            self.enter(None)
            tracer.cut, tracer.decides, tracer.stands = _cut, _traced, _stands
            for name, guard in _guards().items():
                setattr(Value, name, guard)


def tracing(recorder: Deciding) -> Tracing:
    """Return the block to trace in."""
    return Tracing(_traces, recorder)


def settle(*blocks: object) -> None:
    """Close what an interrupt left open, and put the plain readers back unless a trace is open."""
    with _guarding.lock:
        for block in blocks:
            if isinstance(block, Block):
                block.close()
        _traces.sweep()
        if not _traces.opened:
            tracer.cut, tracer.decides, tracer.stands = _untraced
            for name, plain in _unguarded.items():
                setattr(Value, name, plain)


def _recorder() -> Deciding | None:
    """Return the recorder of the trace that this is called from."""
    if not _traces.opened:
        # A trace that was interrupted on its way out has left the guards.
        settle()
        return None
    standing = _traces.standing()
    return standing[0].block.kind if standing else None


def _traced(x: Any) -> bool:
    """Whether a number is decided by a parameter or an input of this trace."""
    recorder = _recorder()
    if recorder is None:
        return False
    return recorder.decides(x) if isinstance(x, Value) else x.__class__ is recorder.placeholder


def _cut(node: Value) -> Any:
    recorder = _recorder() if _traces.opened else None
    return None if recorder is None else recorder.cut(node)


def _stands(x: Any) -> Any:
    recorder = _recorder() if _traces.opened else None
    return x if recorder is None else recorder.stands(x)


def is_paused_on(recorder: Deciding) -> bool:
    """Return whether a node is recorded inside `no_grad`; asked while a mode is open."""
    # Rules are applied to placeholders, too, of recorders that nobody traces on.
    return is_paused() and _recorder() is recorder


def _guards() -> dict[str, Any]:
    def data(self: Value) -> float:
        if _traced(self):
            refuse(f"reads .data of {self.label or 'a Value'}", _READ)
        return self._number

    plain = _unguarded["data"]

    def detach(self: Value) -> Any:
        recorder = _recorder()
        if recorder is not None and recorder.decides(self):
            return recorder.stop(self)
        return _unguarded["detach"](self)

    def backward(self: Value, **options: Any) -> None:
        if _traced(self):
            refuse("goes backward", _BACKWARD)
        _unguarded["backward"](self, **options)

    guards: dict[str, Any] = {
        "data": property(data, plain.fset, doc=plain.__doc__),
        "detach": detach,
        "backward": backward,
    }

    def comparison(name: str) -> Callable[[Value, Any], bool]:
        compare = _unguarded[name]

        def method(self: Value, other: Any) -> bool:
            if _traced(self) or _traced(other):
                refuse(f"compares {self.label or 'a Value'} with another number", COMPARE)
            return compare(self, other)

        method.__name__ = name
        return method

    return guards | {name: comparison(name) for name in _COMPARISONS}


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
        # What `number` asks of whatever is none.
        "__number__": refusal("takes the number of a Value", _READ),
        "data": property(refusal("reads .data", _READ), refusal("sets .data", _SET)),
        "grad": property(refusal("reads .grad", _READ), refusal("sets .grad", _SET)),
        "backward": refusal("goes backward", _BACKWARD),
        "__deepcopy__": refusal("makes a deep copy of a Value", _COPIED),
        "__reduce_ex__": refusal("pickles a Value", _COPIED),
        "max_with": refusal("calls max_with", _MAX_WITH),
    }
    for name in _COMPARISONS:
        members[name] = refusal("compares a Value", COMPARE)
    return members
