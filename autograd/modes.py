"""Modes that hold inside a `with` block, for the thread that entered it.

`no_grad` records nothing; `detect_anomaly` stops at the first nan or infinity. Methods test one
number, `names["watching"]`, per node: while no thread is inside such a block that is all it costs.
"""

from __future__ import annotations

import contextlib
import math
import sys
import threading
import weakref
from collections.abc import Generator
from typing import Any

from autograd.errors import AnomalyError
from autograd.recording import LEAF, names
from autograd.value import Value

# pyright: reportPrivateUsage=false


class _Thread(threading.local):
    paused = 0
    strict = 0


_thread = _Thread()
_lock = threading.Lock()
_lines: weakref.WeakKeyDictionary[Value, str] = weakref.WeakKeyDictionary()


@contextlib.contextmanager
def _watching(mode: str) -> Generator[None]:
    """Enter a mode in this thread."""
    setattr(_thread, mode, getattr(_thread, mode) + 1)
    with _lock:
        names["watching"] += 1
    try:
        yield
    finally:
        setattr(_thread, mode, getattr(_thread, mode) - 1)
        with _lock:
            names["watching"] -= 1


def no_grad() -> contextlib.AbstractContextManager[None]:
    """Inside the block, this thread's operations record nothing: results are leaves.

    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.args
    (9.0, ())
    """
    return _watching("paused")


@contextlib.contextmanager
def recording_anyway() -> Generator[bool]:
    """Inside the block, record even in `no_grad`: a derivative needs the graph it is taken of.

    What it yields says whether the thread was inside `no_grad`.
    """
    paused, _thread.paused = _thread.paused, 0
    try:
        yield paused > 0
    finally:
        _thread.paused = paused


def detect_anomaly() -> contextlib.AbstractContextManager[None]:
    """Inside the block, raise at the first node whose value or gradient is nan or infinite.

    Forward, the error comes from the operation that made the number; backward, from the pass, and
    it names the source line that recorded the node if that was inside the block too.

    Raises:
        AnomalyError: naming the node, its operands and the line of source that made it.

    >>> x = Value(0.0, "x")
    >>> with detect_anomaly():
    ...     y = x.log()
    Traceback (most recent call last):
        ...
    autograd.errors.AnomalyError: log(x = 0.0) is -inf, at <doctest ...>:2
    """
    return _watching("strict")


def detecting() -> bool:
    """Return whether this thread is inside `detect_anomaly`."""
    return _thread.strict > 0


def _watched(node: Value) -> Value:
    """Finish a node that was made while some thread is inside a mode."""
    if _thread.strict:
        line = _user_line()
        if not math.isfinite(node._number):
            raise AnomalyError(f"{_written(node)} is {node._number}, at {line}")
        _lines[node] = line
    if _thread.paused:
        node._use = LEAF
        node._x = node._y = None
    return node


def _inspect(node: Value) -> None:
    """Raise if a gradient is nan or infinite after `node`'s step of a backward pass."""
    for i, x in enumerate(node.args):
        grad = x.grad if isinstance(x, Value) else 0.0
        if grad is not None and not math.isfinite(grad):
            assert isinstance(x, Value)
            recorded = f", recorded at {_lines[node]}" if node in _lines else ""
            which = x.label or f"operand {i + 1}"
            raise AnomalyError(
                f"the gradient of {which} is {grad} after {_written(node)}{recorded}"
            )


def _written(node: Value) -> str:
    operands = [
        f"{x.label or (x.op or 'leaf')} = {x.data}" if isinstance(x, Value) else f"{x}"
        for x in node.args
    ]
    shown = operands if len(operands) <= 6 else [*operands[:5], f"... {len(operands) - 5} more"]
    return f"{node.label or node.op}({', '.join(shown)})"


def _user_line() -> str:
    """Return file and line of the innermost frame outside this package."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "") or ""
        inside = name == "autograd" or name.startswith("autograd.") or "tick" in frame.f_globals
        if not inside or frame.f_code.co_filename.startswith("<doctest"):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return "an unknown line"


names.update(watched=_watched, detecting=detecting, inspect=_inspect)
