"""Engines: how the gradients of a mini-batch are found.

The training loop asks an engine for nothing else, so a compiled one takes its place here, beside
the eager one and under a name of its own, and the loop stays as it is.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from autograd import Value
from nn.checks import Array, Floats, look_up
from nn.compiled import AutoEngine, CompiledEngine
from nn.losses import Loss
from nn.module import Module


class Engine(Protocol):
    """Finds the gradients of a mini-batch."""

    def gradients(self, X: Floats, targets: Array) -> float:
        """Find the mean of the samples' gradients by every parameter; return the losses' sum."""
        ...

    def fault(self, lost: float, where: str) -> str:
        """Return what became nan or infinite, the loss or a gradient, and where; or ""."""
        ...

    def failing(self) -> str:
        """Return a sentence on the node at which the last batch failed, if it is known."""
        ...

    def step(self, optimizer: Any) -> None:
        """Let the optimiser move the parameters by the gradients found last."""
        ...

    def store(self) -> None:
        """Make the Values hold what the parameters are now."""
        ...

    def load(self) -> None:
        """Take the parameters from the Values, which may have been given other numbers."""
        ...

    @property
    def note(self) -> str:
        """What a user should know of this engine, such as why another was not taken; or ""."""
        ...


class EagerEngine:
    """Records, reverses and frees the graph of one sample after another.

    The memory it takes is that of one graph, whatever the number of samples.
    """

    note = ""

    def __init__(self, model: Module, loss: Loss) -> None:
        self._model = model
        self._loss = loss
        self._parameters = model.parameters()

    def gradients(self, X: Floats, targets: Array) -> float:
        """See `Engine`."""
        model, loss = self._model, self._loss.function
        for p in self._parameters:
            p.grad = None
        total = 0.0
        for x, target in zip(X.tolist(), targets.tolist(), strict=True):
            result = loss(model(x), target)
            if not isinstance(result, Value):
                raise TypeError(
                    f"the loss {self._loss.name} returned {result!r:.60} in place of a Value, so "
                    "there is nothing to differentiate: compute it from the outputs it is given"
                )
            if not math.isfinite(result.data):
                return result.data
            result.backward()
            total += result.data
        # Backward passes add up in the leaves; divided by the batch's own length, a short last
        # batch is a mean like any other.
        for p in self._parameters:
            if p.grad is not None:
                p.grad /= len(X)
        return total

    def fault(self, lost: float, where: str) -> str:
        """See `Engine`."""
        if not math.isfinite(lost):
            return f"the loss became {lost} in {where}"
        slopes = [0.0 if p.grad is None else p.grad for p in self._parameters]
        # inf - inf is nan, so a sum that is finite has only finite terms.
        if math.isfinite(sum(slopes)) or all(map(math.isfinite, slopes)):
            return ""
        place = next(p for p in self._parameters if not math.isfinite(p.grad or 0.0))
        return f"the gradient of {place.label or 'a parameter'} became {place.grad} in {where}"

    def failing(self) -> str:
        """See `Engine`."""
        return ""

    def step(self, optimizer: Any) -> None:
        """See `Engine`."""
        optimizer.step()

    def store(self) -> None:
        """Do nothing: the Values are where the parameters are."""

    def load(self) -> None:
        """Do nothing: the Values are where the parameters are."""


def _auto(model: Module, loss: Loss) -> Engine:
    return AutoEngine(model, loss, EagerEngine(model, loss))


ENGINES: Mapping[str, Callable[[Module, Loss], Engine]] = MappingProxyType(
    {"auto": _auto, "compiled": CompiledEngine, "eager": EagerEngine}
)


def engine_named(name: str) -> Callable[[Module, Loss], Engine]:
    """Return what makes the engine of that name for a model and a loss.

    Raises:
        ValueError: if there is none of that name.

    >>> engine_named("eager")
    <class 'nn.engines.EagerEngine'>
    """
    return look_up("engine", name, ENGINES)
