"""Compiling what calls a model: the program, and whether calls leave anything behind.

Training and predicting compile other functions of the same model; what may go wrong on the way is
the same. After a trace the model is as before, whatever its calls keep.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from autograd import TraceError, compile
from nn.inference.snapshot import Draws, Held, is_alive

if TYPE_CHECKING:
    from nn.module import Module


def traced(
    model: Module, f: Callable[..., Any], shapes: Sequence[tuple[int, ...]], *, closed: bool
) -> tuple[Any, str]:
    """Compile a function of one sample that calls a model.

    Args:
        model: the model; its parameters are the program's.
        f: the function.
        shapes: of f's arguments for one sample.
        closed: whether f is known to depend on nothing but its arguments and the model.

    Returns:
        The program, and what a call keeps outside itself, as a sentence; "" if nothing.

    Raises:
        TraceError: if f branches on data, reads a number, or differs from call to call.
    """
    held = Held(model)
    draws = _draws(model, f)
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
        program = compile(watched, parameters=model.parameters(), shapes=shapes)
        # What the model keeps stays in it for the second trace: a state carried from call to call
        # is a placeholder of the first, which the second refuses.
        if not closed and (draws.any() or not program.repeats()):
            raise TraceError(
                f"{_changing(model, shapes)} computes something else at each call, as with random "
                "numbers or a count of its calls: a program would repeat one call for ever"
            )
        change = "" if closed else held.change()
    finally:
        if not closed:
            held.restore()
            draws.restore()
    if change:
        return program, f"{name} keeps something of each call in its attribute {change}"
    alive = not closed and any(is_alive(kind()) for kind in kinds if kind() is not None)
    return program, f"{name} or the loss keeps results of calls outside itself" if alive else ""


def _changing(model: Module, shapes: Sequence[tuple[int, ...]]) -> str:
    """Return what differs from call to call: the model, or else the loss of its outputs."""
    name = type(model).__name__
    draws = _draws(model)
    try:
        alone = compile(model, parameters=model.parameters(), shapes=shapes[:1])
        return name if draws.any() or not alone.repeats() else f"the loss, not {name},"
    except TraceError:
        return f"{name} or the loss"


def _draws(model: Module, *functions: Callable[..., Any]) -> Draws:
    """Return the sources of random numbers of a model, of its parts, and of functions."""
    held = Held(model)
    calls = [type(part).__call__ for part in held.modules]
    return Draws(held.generators, [*functions, *calls, *held.functions])
