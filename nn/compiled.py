"""The compiled engine: the model and its loss as one program over mini-batches.

What one sample computes is traced once and rolled into array statements; parameters live in one
flat array while an epoch runs, where plain descent moves them in place, and return to the Values
after it. A batch that gives nan or an infinity is replayed eagerly, to name the node.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

from autograd import AnomalyError, TraceError, Value, compile, detect_anomaly
from nn.checks import Array, Floats
from nn.losses import Loss
from nn.module import Module
from nn.optim import SGD


class CompiledEngine:
    """Runs a mini-batch as a handful of array statements.

    Args:
        model: the model.
        loss: the loss.

    Raises:
        TraceError: from the first batch, if the model or the loss cannot be compiled, with the
            line and what to write instead.
    """

    note = ""

    def __init__(self, model: Module, loss: Loss) -> None:
        self._model = model
        self._loss = loss
        self._program: Any = None
        self._slopes: Floats = np.empty(0)
        self._batch: tuple[Floats, Array] | None = None
        self._optimizer: SGD | None = None
        self._velocity: Floats = np.empty(0)

    def prepare(self, X: Floats, targets: Array) -> None:
        """Compile for samples and targets of these shapes."""
        model, loss = self._model, self._loss.function

        def of_one_sample(x: Any, target: Any) -> Any:
            result = loss(model(x), target)
            if not hasattr(result.__class__, "__apply__"):
                raise TypeError(
                    f"the loss {self._loss.name} returned {result!r:.60} in place of a Value, so "
                    "there is nothing to differentiate: compute it from the outputs it is given"
                )
            return result

        shapes = [X.shape[1:], targets.shape[1:]]
        program = compile(of_one_sample, parameters=model, shapes=shapes)
        if not program.repeats():
            raise TraceError(
                f"{type(model).__name__} computes something else at each call, as with random "
                "numbers or a count of its calls: train it with engine='eager'"
            )
        self._program = program

    def gradients(self, X: Floats, targets: Array) -> float:
        """Find the mean gradient, kept as one array; return the losses' sum."""
        if self._program is None:
            self.prepare(X, targets)
        self._batch = X, targets
        program: Any = self._program
        mean, self._slopes = program.value_and_grad(X, targets)
        return mean * len(X)

    def fault(self, lost: float, where: str) -> str:
        """Return what became nan or infinite in the last batch, and where; "" if nothing did."""
        if math.isfinite(lost) and np.isfinite(self._slopes).all():
            return ""
        what = f"the loss became {lost}"
        if math.isfinite(lost):
            place = int(np.flatnonzero(~np.isfinite(self._slopes))[0])
            name = self._program.parameters[place].label or "a parameter"
            what = f"the gradient of {name} became {self._slopes[place]}"
        return f"{what} in {where}"

    def failing(self) -> str:
        """Return the first node that fails when the last batch is replayed, sample by sample."""
        assert self._batch is not None
        self.store()
        for i, (x, target) in enumerate(zip(*[part.tolist() for part in self._batch], strict=True)):
            try:
                with detect_anomaly():
                    result = self._loss.function(self._model(x), target)
                    if isinstance(result, Value):
                        result.backward()
            except AnomalyError as error:
                return f" In sample {i} of the batch, {error}."
        return ""

    def step(self, optimizer: Any) -> None:
        """Take one step of the optimiser: on the flat array if it is plain descent on all of it."""
        program = self._program
        whole = type(optimizer) is SGD and optimizer.parameters == program.parameters
        if whole and program.reached.all():
            if optimizer is not self._optimizer:
                self._optimizer = optimizer
                self._velocity = optimizer.velocity_array()
            optimizer.step_array(program.theta, self._slopes, self._velocity)
            return
        self.store()
        reached = program.reached.tolist()
        for p, g, is_reached in zip(
            program.parameters, self._slopes.tolist(), reached, strict=True
        ):
            p.grad = g if is_reached else None
        optimizer.step()
        program.load()

    def store(self) -> None:
        """Copy the parameters to the Values, and the momentum to the optimiser."""
        if self._program is not None:
            self._program.store()
        if self._optimizer is not None:
            self._optimizer.keep_velocity(self._velocity)

    def load(self) -> None:
        """Copy the parameters from the Values, which a callback may have changed."""
        if self._program is not None:
            self._program.load()


def _refuse_what_keeps(loss: Loss) -> None:
    """Raise for a loss of the user's that may keep something of each call outside itself.

    A compiled loss is called once, not for each sample: one that notes what it saw in a list, or
    prints, would do so once.
    """
    if loss.target != "any":
        return
    function = loss.function
    reached: list[Any] = [function]
    if inspect.isfunction(function):
        outside = inspect.getclosurevars(function)
        reached = [*outside.nonlocals.values(), *outside.globals.values()]
        reached += [print] if "print" in outside.builtins else []
    for x in reached:
        kind: Any = x.__class__
        if (
            isinstance(x, list | dict | set | np.ndarray)
            or x is print
            or (
                callable(x)
                and "__call__" in vars(kind)
                and not isinstance(x, type)
                and kind.__module__ not in ("builtins",)
            )
        ):
            raise TraceError(
                f"the loss {loss.name} reaches {x!r:.40} outside itself, where it may keep or show "
                "something of each call: a compiled loss is called once. If it does not, write "
                "engine='compiled'"
            )


class AutoEngine:
    """The compiled engine where the model and the loss can be compiled, else the eager one.

    Attributes:
        note: why it is the eager one; "" if it is not.
    """

    def __init__(self, model: Module, loss: Loss, eager: Any) -> None:
        self.note = ""
        self._loss = loss
        self._engine: Any = CompiledEngine(model, loss)
        self._eager = eager
        self._is_ready = False

    def gradients(self, X: Floats, targets: Array) -> float:
        """See `Engine`; the first call decides which engine it is."""
        if not self._is_ready:
            try:
                _refuse_what_keeps(self._loss)
                self._engine.prepare(X, targets)
            except (TraceError, TypeError, ValueError, AttributeError, IndexError) as error:
                self.note = f"Training is not compiled: {error}"
                self._engine = self._eager
            self._is_ready = True
        return self._engine.gradients(X, targets)

    def fault(self, lost: float, where: str) -> str:
        """See `Engine`."""
        return self._engine.fault(lost, where)

    def failing(self) -> str:
        """See `Engine`."""
        return self._engine.failing()

    def step(self, optimizer: Any) -> None:
        """See `Engine`."""
        self._engine.step(optimizer)

    def store(self) -> None:
        """See `Engine`."""
        self._engine.store()

    def load(self) -> None:
        """See `Engine`."""
        self._engine.load()
