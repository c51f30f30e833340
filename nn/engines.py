"""Engines: how the gradients of a mini-batch are found.

The training loop asks an engine for nothing else, so a compiled one takes its place here, beside
the eager one and under a name of its own, and the loop stays as it is.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from autograd import Value
from nn.checks import Array, Floats, look_up
from nn.losses import Loss
from nn.module import Module


class Engine(Protocol):
    """Finds the gradients of a mini-batch."""

    def gradients(self, X: Floats, targets: Array) -> float:
        """Set every parameter's `grad` to the mean over the samples; return the losses' sum."""
        ...


class EagerEngine:
    """Records, reverses and frees the graph of one sample after another.

    The memory it takes is that of one graph, whatever the number of samples.
    """

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


ENGINES: Mapping[str, Callable[[Module, Loss], Engine]] = MappingProxyType(
    {"auto": EagerEngine, "eager": EagerEngine}
)


def engine_named(name: str) -> Callable[[Module, Loss], Engine]:
    """Return what makes the engine of that name for a model and a loss.

    Raises:
        ValueError: if there is none of that name, or not yet.

    >>> engine_named("auto")
    <class 'nn.engines.EagerEngine'>
    """
    if name == "compiled":
        raise ValueError(
            "engine='compiled' is not available in this version: write engine='eager', or 'auto' "
            "for the best there is"
        )
    return look_up("engine", name, ENGINES)
