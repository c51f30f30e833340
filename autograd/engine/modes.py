"""Modes that hold inside a `with` block, for the context that entered it; see `blocks.py`.

`no_grad` records nothing; `detect_anomaly` stops at the first nan or infinity. Methods test one
list, `watching`, per node: while no block is open anywhere that is all it costs. Nothing here knows
`Value`, whose methods are made below it: a node is whatever has a node's slots.
"""

from __future__ import annotations

import contextlib
import math
import sys
import weakref
from collections.abc import Callable
from typing import Any, TypeVar, overload

from autograd.blocks import Block, Blocks
from autograd.errors import AnomalyError

# pyright: reportPrivateUsage=false

F = TypeVar("F", bound=Callable[..., Any])

_modes = Blocks("autograd's modes")
# Not empty while a mode is open anywhere.
watching = _modes.opened
_lines: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
_NOT_PAUSED = contextlib.nullcontext(False)


class Tracer:
    """What the room that traces functions answers; it stands above this one and enters itself.

    Attributes:
        cut: gives what stands for a node made in `no_grad` while its function is traced; None where
            the node does, without what it was made from.
        decides: whether a number is there only when a program runs.
        stands: gives what stands for a Value: a placeholder where a number decides that is there
            only when the program runs, else the Value.
    """

    __slots__ = ("cut", "decides", "stands")

    def __init__(self) -> None:
        self.cut: Callable[[Any], Any] = lambda node: None
        self.decides: Callable[[Any], bool] = lambda x: False
        self.stands: Callable[[Any], Any] = lambda x: x


tracer = Tracer()


@overload
def no_grad() -> Block: ...
@overload
def no_grad(function: F, /) -> F: ...
def no_grad(function: Any = None, /) -> Any:
    """Inside the block, operations record nothing: results are leaves.

    The block holds for the running context: for what is called inside it, and for tasks begun
    there while it is open; not for other tasks, plain threads, or the caller of a generator that is
    paused inside it, unless `contextlib.contextmanager` drives the generator. So a fixture of
    pytest that yields inside the block does not hold it for the test. A coroutine that is driven by
    hand shares the context of whoever drives it. Ctrl-C at either end of a `with` leaves nothing
    on; inside `contextlib.ExitStack`, or a block entered in itself, its end is Python, and may.

    As a decorator, `@no_grad()` or `@no_grad`, it holds while the function runs, and so for
    generators, coroutines and asynchronous generators.

    Inside a function that is compiled it means the same: nothing flows back, in any run, through
    what is computed there.

    Raises:
        TypeError: for an argument that is no function.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.args
    (9.0, ())
    """
    return _block("paused", function)


@overload
def detect_anomaly() -> Block: ...
@overload
def detect_anomaly(function: F, /) -> F: ...
def detect_anomaly(function: Any = None, /) -> Any:
    """Inside the block, raise at the first node whose value or gradient is nan or infinite.

    Forward, the error comes from the operation that made the number; backward, from the pass, and
    it names the source line that recorded the node if that was inside the block too. Where the
    block holds, and that it decorates functions: see `no_grad`. Inside a function that is compiled
    it watches nothing, as there are no numbers: put it around the program's call.

    Raises:
        AnomalyError: naming the node, its operands and the line of source that made it.

    >>> from autograd import Value
    >>> x = Value(0.0, "x")
    >>> with detect_anomaly():
    ...     y = x.log()
    Traceback (most recent call last):
        ...
    autograd.errors.AnomalyError: log(x = 0.0) is -inf, at <doctest ...>:2
    """
    return _block("strict", function)


def _block(kind: str, function: Any) -> Any:
    block = Block(_modes, kind)
    return block if function is None else block(function)


class _Recording(Block):
    """Its entrance says whether it is inside `no_grad`."""

    __slots__ = ()

    def __enter__(self) -> bool:
        return self.enter(is_paused())


def recording_anyway() -> contextlib.AbstractContextManager[bool]:
    """Inside the block, record even in `no_grad`: a derivative needs the graph it is taken of.

    What it yields says whether the block stands inside `no_grad`.
    """
    return _Recording(_modes, "recording") if _modes.opened else _NOT_PAUSED


def is_paused() -> bool:
    """Return whether operations record nothing here."""
    if _modes.opened:
        for entry in _modes.standing():
            if entry.block.kind != "strict":
                return entry.block.kind == "paused"
    return False


def detecting() -> bool:
    """Return whether this is inside `detect_anomaly`."""
    return bool(_modes.opened) and "strict" in [e.block.kind for e in _modes.standing()]


def open_modes() -> list[str]:
    """Return the modes that are open anywhere, in whatever thread or task.

    >>> with no_grad():
    ...     open_modes()
    ['paused']
    >>> open_modes()
    []
    """
    _modes.sweep()
    return [entry.block.kind for entry in _modes.opened]


def is_cut(node: Any) -> bool:
    """Look at a node that was made while a block is open; return whether `no_grad` cuts it off."""
    is_strict = False
    innermost = ""
    for entry in _modes.standing():
        kind = entry.block.kind
        if kind == "strict":
            is_strict = True
        else:
            innermost = innermost or kind
    if is_strict:
        line = user_line("autograd")
        if not math.isfinite(node._number):
            raise AnomalyError(f"{_written(node)} is {node._number}, at {line}")
        _lines[node] = line
    return innermost == "paused"


def check_gradients_of(node: Any) -> None:
    """Raise if a gradient is nan or infinite after a node's step of a backward pass."""
    for i, x in enumerate(node.args):
        grad = None if x.__class__ is float else x.grad
        if grad is not None and not math.isfinite(grad):
            recorded = f", recorded at {_lines[node]}" if node in _lines else ""
            which = x.label or f"operand {i + 1}"
            raise AnomalyError(
                f"the gradient of {which} is {grad} after {_written(node)}{recorded}"
            )


def _written(node: Any) -> str:
    operands = [
        f"{x}" if x.__class__ is float else f"{x.label or (x.op or 'leaf')} = {x._number}"
        for x in node.args
    ]
    shown = operands if len(operands) <= 6 else [*operands[:5], f"... {len(operands) - 5} more"]
    return f"{node.label or node.op}({', '.join(shown)})"


def user_line(*packages: str) -> str:
    """Return file and line of the innermost frame outside these packages, as FILE:LINE."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        file = frame.f_code.co_filename
        if package not in packages or file.startswith("<doctest"):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return "an unknown line"
