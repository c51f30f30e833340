"""The choice of an engine by its name, and the reason where training cannot be compiled.

"auto" takes the compiled engine where calls of the model and the loss leave nothing behind: a
program calls both once, and not for each sample.
"""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from nn.losses import Loss
from nn.module import Module
from nn.training.engines.base import EagerEngine, Engine
from nn.training.engines.compiled import CompiledEngine
from nn.validation import Array, Floats, look_up

MakeEngine: TypeAlias = Callable[[Module, Loss, Floats, Array], Engine]


def _auto(model: Module, loss: Loss, X: Floats, targets: Array) -> Engine:
    """Return the compiled engine where model and loss can be compiled, else the eager one."""
    why = _reaching(loss)
    if not why:
        try:
            engine = CompiledEngine(model, loss, X, targets)
            if not engine.kept:
                return engine
            why = f"{engine.kept}, and a compiled one is called once"
        except Exception as error:  # what is wrong, if anything is, the eager engine will say
            why = str(error)
    return EagerEngine(model, loss, X, targets, f"Training is not compiled: {why}")


def _reaching(loss: Loss) -> str:
    """Say where a loss of the user's may keep or show something of each call; "" if nowhere."""
    function = inspect.unwrap(loss.function)  # of a weighted one, that of the user
    if loss.target != "any":
        return ""
    reached: list[Any] = [function]
    if inspect.isfunction(function):
        outside = inspect.getclosurevars(function)
        reached = [*outside.nonlocals.values(), *outside.globals.values()]
        reached += [print] if "print" in outside.builtins else []
    for x in reached:
        kind: Any = x.__class__
        # An object of somebody's own that can be called; functions and classes are others.
        own = "__call__" in vars(kind) and kind.__module__ != "builtins" and not isinstance(x, type)
        if own or x is print or isinstance(x, list | dict | set | np.ndarray):
            return (
                f"the loss {loss.name} reaches {x!r:.40} outside itself, where it may keep or show "
                "something of each call: a compiled loss is called once. If it does not, write "
                "engine='compiled'"
            )
    return ""


def _by_method(name: str, optimizer: Any, method: str) -> MakeEngine:
    """Return the maker of the engine that finds gradients by another method."""
    # Most never need it, and it takes longer to import than a small run.
    from nn.training.engines.methods import MethodEngine, check_method

    check_method(method)
    if name == "compiled":
        raise ValueError(
            f"compiled programs find gradients by backpropagation; write engine='eager' for "
            f"gradients={method!r}, or leave it out"
        )
    if getattr(optimizer, "during_backward", False):
        raise ValueError(
            f"there is no backward pass in gradients={method!r} to move parameters during: leave "
            "during_backward out of the optimizer"
        )

    def made(model: Module, loss: Loss, X: Floats, targets: Array) -> Engine:
        return MethodEngine(model, loss, X, targets, method)

    return made


ENGINES: Mapping[str, MakeEngine] = MappingProxyType(
    {"auto": _auto, "compiled": CompiledEngine, "eager": EagerEngine}
)


def engine_named(name: str, optimizer: Any = None, gradients: str = "backprop") -> MakeEngine:
    """Return the maker of the engine of that name, from a model, a loss, samples and targets.

    Args:
        name: of the engine.
        optimizer: the one that will move the parameters, which may want to do so within a pass.
        gradients: the method to find gradients by.

    Raises:
        ValueError: if there is none of that name, or the optimiser cannot work with it.

    >>> engine_named("eager")
    <class 'nn.training.engines.base.EagerEngine'>
    """
    found = look_up("engine", name, ENGINES)
    if gradients != "backprop":
        return _by_method(name, optimizer, gradients)
    if not getattr(optimizer, "during_backward", False):
        return found
    if name == "compiled":
        raise ValueError(
            "a compiled program finds all gradients at once, and during_backward=True moves each "
            "parameter as soon as its own is complete: write engine='eager', or leave it out of "
            "the optimizer"
        )

    def moving(model: Module, loss: Loss, X: Floats, targets: Array) -> Engine:
        note = (
            "Training is not compiled: during_backward=True moves parameters in the middle of a "
            "backward pass"
        )
        engine = EagerEngine(model, loss, X, targets, note if name == "auto" else "")
        engine.moving = optimizer
        return engine

    return moving
