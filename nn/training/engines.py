"""Engines: how the gradients of a mini-batch are found.

The training loop asks an engine for nothing else, so a compiled one takes its place here, beside
the eager one and under a name of its own, and the loop stays as it is.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np

from autograd import TraceError, no_grad
from nn.inference.predict import numbers_of
from nn.losses import Loss, mean_loss
from nn.module import Module
from nn.training.compiled import (
    CompiledEngine,
    check_parameters,
    checked_loss,
    nothing_to_train,
    refuse_what_keeps,
    replayed,
)
from nn.validation import Array, Floats, look_up


class Engine(Protocol):
    """Finds the gradients of a mini-batch, and lets an optimiser step by them."""

    @property
    def name(self) -> str:
        """Its name: "compiled" or "eager"."""
        ...

    @property
    def note(self) -> str:
        """What a user should know of it, such as why another was not taken; or ""."""
        ...

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
        """Take the model from a callback, which may have given it other numbers or parts.

        Raises:
            ValueError: if it has other parameters now.
        """
        ...

    def numbers(self) -> list[float] | Floats:
        """Return what the parameters are now, in the model's order."""
        ...

    def outputs(self, X: Floats) -> Floats:
        """Return the model's outputs for many samples, leaving no graph."""
        ...

    def measured(self, X: Floats, targets: Array) -> tuple[Floats, float]:
        """Return the model's outputs for many samples, and their mean loss."""
        ...


class EagerEngine:
    """Records, reverses and frees the graph of one sample after another.

    The memory it takes is that of one graph, whatever the number of samples.
    """

    name = "eager"

    def __init__(
        self, model: Module, loss: Loss, X: Floats, targets: Array, note: str = ""
    ) -> None:
        self.note = note
        self._model = model
        self._loss = loss
        self._parameters = model.parameters()
        # Which parameters some sample's loss has depended on.
        self._is_reached = [False] * len(self._parameters)
        self._batch = X[:0], targets[:0]
        # Whether the loss takes derivatives of what it computes.
        self._is_differentiating = False

    def gradients(self, X: Floats, targets: Array) -> float:
        """See `Engine`."""
        model, loss = self._model, self._loss.function
        self._batch = X, targets
        for p in self._parameters:
            p.grad = None
        total = 0.0
        for x, target in zip(X.tolist(), targets.tolist(), strict=True):
            result = checked_loss(self._loss, loss(model(x), target))
            if not math.isfinite(result.data):
                return result.data
            result.backward()
            total += result.data
        # Backward passes add up in the leaves; divided by the batch's own length, a short last
        # batch is a mean like any other.
        for i, p in enumerate(self._parameters):
            if p.grad is not None:
                p.grad /= len(X)
                self._is_reached[i] = True
            elif self._is_reached[i]:
                # Constant for all samples of this batch alone: a gradient of 0, and not none.
                p.grad = 0.0
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
        return replayed(self._model, self._loss, *self._batch)

    def step(self, optimizer: Any) -> None:
        """See `Engine`."""
        # The losses of a first batch may be constants; those of a whole epoch may not.
        if any(self._is_reached):
            optimizer.step()

    def store(self) -> None:
        """Check that there was something to train; the Values are where the parameters are.

        Raises:
            ValueError: if the losses of an epoch depend on no parameter.
        """
        if not any(self._is_reached):
            raise nothing_to_train(self._loss)

    def load(self) -> None:
        """Check that the parameters are still those of the start; their numbers may be others."""
        check_parameters(self._model, self._parameters)

    def numbers(self) -> list[float] | Floats:
        """See `Engine`."""
        return [p.data for p in self._parameters]

    def outputs(self, X: Floats) -> Floats:
        """See `Engine`."""
        return self._model.predict(X)

    def measured(self, X: Floats, targets: Array) -> tuple[Floats, float]:
        """See `Engine`."""
        model = self._model
        if self._loss.target != "any" or type(model).predict is not Module.predict:
            outputs = model.predict(X)
            return outputs, mean_loss(self._loss, outputs, targets)
        # A loss of the user's may reach for what a call leaves in the model, or take derivatives
        # by what the outputs were computed from.
        found: list[Any] = []
        losses: list[float] = []
        for x, target in zip(X.tolist(), targets.tolist(), strict=True):
            result = model(x)
            found.append(numbers_of(result))
            losses.append(numbers_of(self._loss_of(result, target)))
        return np.array(found, dtype=np.float64), math.fsum(losses) / len(losses)

    def _loss_of(self, result: Any, target: Any) -> Any:
        """Return the loss of what the model returned, recorded if it cannot do without."""
        loss = self._loss.function
        if not self._is_differentiating:
            try:
                with no_grad():
                    return loss(result, target)
            except ValueError:  # of a derivative; what else is wrong is raised again
                self._is_differentiating = True
        return loss(result, target)


MakeEngine: TypeAlias = Callable[[Module, Loss, Floats, Array], Engine]


def _auto(model: Module, loss: Loss, X: Floats, targets: Array) -> Engine:
    """Return the compiled engine where model and loss can be compiled, else the eager one."""
    try:
        refuse_what_keeps(loss)
        engine = CompiledEngine(model, loss, X, targets)
        if engine.kept:
            raise TraceError(f"{engine.kept}, and a compiled one is called once")
    except Exception as error:  # what is wrong, if anything is, the eager engine will say
        return EagerEngine(model, loss, X, targets, f"Training is not compiled: {error}")
    return engine


ENGINES: Mapping[str, MakeEngine] = MappingProxyType(
    {"auto": _auto, "compiled": CompiledEngine, "eager": EagerEngine}
)


def engine_named(name: str) -> MakeEngine:
    """Return what makes the engine of that name, from a model, a loss, samples and targets.

    Raises:
        ValueError: if there is none of that name.

    >>> engine_named("eager")
    <class 'nn.training.engines.EagerEngine'>
    """
    return look_up("engine", name, ENGINES)
