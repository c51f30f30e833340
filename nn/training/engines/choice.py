"""The choice of an engine by its name, and the reason where training cannot be compiled.

"auto" takes the compiled engine where calls of the model and the loss leave nothing behind: a
program calls both once, and not for each sample.
"""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from nn.elsewhere.choice import ELSEWHERE, ENGINES, check_where, elsewhere
from nn.losses import Loss
from nn.module import Module
from nn.training.engines.base import EagerEngine, Engine
from nn.training.engines.compiled import CompiledEngine
from nn.validation import Array, Floats, Native, look_up

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


class Where(NamedTuple):
    """Where a program is to run.

    Attributes:
        devices: of `engine="jax"`: how many, or which.
        device: of `engine="torch"`.
        batch_size: how many samples there are to be divided among them.
        native: whether a compiled program is to run as C.
    """

    devices: Any = None
    device: Any = None
    batch_size: int = 1
    native: Native = "auto"


_ANYWHERE = Where()


def _on_devices(name: str, optimizer: Any, where: Where) -> MakeEngine:
    """Return the maker of an engine on the devices of another library."""
    # Most never need it, nor what it stands on.
    from nn.training.engines.elsewhere import DeviceEngine

    found: Any = elsewhere(name, where.devices, where.device)
    if len(found) > where.batch_size:
        raise ValueError(
            f"batch_size={where.batch_size} leaves {len(found) - where.batch_size} of "
            f"{len(found)} devices without a sample: write batch_size={len(found)} or more, or "
            f"devices={where.batch_size}"
        )

    def made(model: Module, loss: Loss, X: Floats, targets: Array) -> Engine:
        return DeviceEngine(model, loss, X, targets, found, optimizer)

    return made


def _by_method(optimizer: Any, method: str) -> MakeEngine:
    """Return the maker of the engine that finds gradients by another method."""
    # Most never need it, and it takes longer to import than a small run.
    from nn.training.engines.methods import MethodEngine, check_method

    check_method(method)
    if getattr(optimizer, "during_backward", False):
        raise ValueError(
            f"there is no backward pass in gradients={method!r} to move parameters during: leave "
            "during_backward out of the optimizer"
        )

    def made(model: Module, loss: Loss, X: Floats, targets: Array) -> Engine:
        return MethodEngine(model, loss, X, targets, method)

    return made


def _moving(name: str, optimizer: Any) -> MakeEngine:
    """Return the maker of the engine that moves parameters in the middle of a backward pass."""

    def made(model: Module, loss: Loss, X: Floats, targets: Array) -> Engine:
        note = (
            "Training is not compiled: during_backward=True moves parameters in the middle of a "
            "backward pass"
        )
        engine = EagerEngine(model, loss, X, targets, note if name == "auto" else "")
        engine.moving = optimizer
        return engine

    return made


_HERE: Mapping[str, MakeEngine] = MappingProxyType(
    {"auto": _auto, "compiled": CompiledEngine, "eager": EagerEngine}
)


def engine_named(
    name: str, optimizer: Any = None, gradients: str = "backprop", where: Where = _ANYWHERE
) -> MakeEngine:
    """Return the maker of the engine of that name, from a model, a loss, samples and targets.

    Args:
        name: of the engine.
        optimizer: the one that will move the parameters, which may want to do so within a pass.
        gradients: the method to find gradients by.
        where: where its program is to run.

    Raises:
        ValueError: if there is none of that name, the optimiser cannot work with it, or it has no
            such devices.
        ImportError: if its library is not installed, with what to install.

    >>> engine_named("eager")
    <class 'nn.training.engines.base.EagerEngine'>
    """
    look_up("engine", name, dict.fromkeys(ENGINES))
    is_program = name not in ("auto", "eager")
    if where.native is True and (name not in ("auto", "compiled") or gradients != "backprop"):
        raise ValueError(
            "native=True asks for C, which a compiled program becomes: write engine='compiled' and "
            "no other method for the gradients, or leave native out"
        )
    if gradients != "backprop":
        if is_program:
            raise ValueError(
                f"compiled programs find gradients by backpropagation; write engine='eager' for "
                f"gradients={gradients!r}, or leave it out"
            )
        return _by_method(optimizer, gradients)
    is_moving = getattr(optimizer, "during_backward", False)
    if is_moving and is_program:
        raise ValueError(
            "a compiled program finds all gradients at once, and during_backward=True moves each "
            "parameter as soon as its own is complete: write engine='eager', or leave it out of "
            "the optimizer"
        )
    check_where(name, where.devices, where.device)
    if name in ELSEWHERE:
        return _on_devices(name, optimizer, where)
    return _moving(name, optimizer) if is_moving else _HERE[name]
