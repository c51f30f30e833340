"""Compiling functions that call a model: the program, its conditions, and when it is stale.

Training and predicting compile other functions of the same model; the ways to go wrong are the
same. After a trace the model is as before, whatever its calls keep.
"""

# pyright: reportPrivateUsage=false
# The rooms of the house ask a model what users need not know.

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from autograd import TraceError, compile
from nn.inference.snapshot import Model, Snapshot, same


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program of a function that calls a model, and the state of both when it was made.

    Attributes:
        program: the program; None if there can be none.
        contents: the contents of the model then, as a `Snapshot` has them.
        is_closed: whether the function is known to depend on its arguments and the model alone.
        kept: the things that a call keeps outside itself, as a sentence: a program does so once.
            "" if none.
    """

    program: Any
    contents: list[Any]
    is_closed: bool
    kept: str = ""

    def is_of(self, model: Model) -> bool:
        """Whether the model holds what it did."""
        return same(Snapshot(model).contents, self.contents)

    def is_stale(self, model: Model) -> bool:
        """Whether the function, traced again, does something else."""
        if not self.is_of(model):
            return True
        # A change by its own calls is nothing new.
        if self.is_closed or self.kept:
            return False
        before = Snapshot(model)
        try:
            return not self.program.repeats()
        finally:
            before.restore()


def compiled(
    model: Model, f: Callable[..., Any], shapes: Sequence[tuple[int, ...]], *, closed: bool
) -> Compiled:
    """Compile a function of one sample that calls a model.

    Args:
        model: the model; its parameters are the program's.
        f: the function.
        shapes: of f's arguments for one sample.
        closed: whether f is known to depend on nothing but its arguments and the model.

    Raises:
        TraceError: if f branches on data, reads a number, or differs from call to call.
    """
    before = Snapshot(model)
    parameters = model.parameters()
    if closed:
        return Compiled(compile(f, parameters=parameters, shapes=shapes), before.contents, closed)
    before.watch(f)
    # Not the classes themselves: a class of placeholders that nobody holds serves again.
    kinds: list[weakref.ref[Any]] = []

    def watched(*arguments: Any) -> Any:
        first: Any = arguments[0]
        while isinstance(first, list):
            first = cast(list[Any], first)[0]
        kinds.append(weakref.ref(first.__class__))
        return f(*arguments)

    name = type(model).__name__
    try:
        program = compile(watched, parameters=parameters, shapes=shapes)
        # All that the model keeps stays in it for the second trace: a state carried from call to
        # call is a placeholder of the first, which the second refuses.
        if before.has_drawn() or not program.repeats():
            raise TraceError(
                f"{_changing(model, shapes)} computes something else at each call, as with random "
                "numbers or a count of its calls: a program would repeat one call for ever"
            )
        change = before.change()
    finally:
        before.restore()
    kept = ""
    if change:
        kept = f"{name} keeps something of each call in its attribute {change}"
    elif any(is_alive(kind()) for kind in kinds if kind() is not None):
        kept = f"{name} or the loss keeps results of calls outside itself"
    return Compiled(program, before.contents, closed, kept)


def _changing(model: Model, shapes: Sequence[tuple[int, ...]]) -> str:
    """Name the part that differs from call to call: the model, or else the loss of its outputs."""
    name = type(model).__name__
    before = Snapshot(model)
    before.watch()
    try:
        alone = compile(model, parameters=model.parameters(), shapes=shapes[:1])
        steady = not before.has_drawn() and alone.repeats()
        return f"the loss, not {name}," if steady else name
    except TraceError:
        return f"{name} or the loss"


def is_alive(kind: Any) -> bool:
    """Whether anything still holds an instance of a class, such as the placeholders of a trace.

    >>> class Mark:
    ...     pass
    >>> kept = [Mark()]
    >>> is_alive(Mark)
    True
    >>> kept.clear()
    >>> is_alive(Mark)
    False
    """

    def found() -> bool:
        return any(type(x) is kind for x in gc.get_referrers(kind))

    # Again without objects that only hold themselves, such as a function defined inside a function.
    return found() and bool(gc.collect() or True) and found()
