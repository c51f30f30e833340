"""The compiled engine: the model and its loss as one program over mini-batches.

What one sample computes is traced once and rolled into array statements. Parameters live in one
flat array while an epoch runs, where descent moves them in place, and return to the Values after
it. A sample that gives nan or an infinity is replayed eagerly, to name the node.
"""

# pyright: reportPrivateUsage=false
# The rooms of the house ask a model what users need not know.

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

from autograd import AnomalyError, StaleGraphError, TraceError, Value, compile, detect_anomaly
from nn.inference.compiling import traced
from nn.inference.predict import programs_of
from nn.inference.snapshot import Held, same
from nn.losses import LOSSES, Loss, mean_loss
from nn.module import Module
from nn.optim import SGD
from nn.validation import Array, Floats


class CompiledEngine:
    """Runs a mini-batch as a handful of array statements.

    Args:
        model: the model.
        loss: the loss.
        X: samples, of shape (samples, inputs); their numbers do not matter.
        targets: of as many.

    Attributes:
        kept: what a call keeps outside itself, as a sentence: a program does so once. "" if
            nothing.

    Raises:
        TraceError: if the model or the loss cannot be compiled, with the line and what to write
            instead.
    """

    name = "compiled"
    note = ""

    def __init__(self, model: Module, loss: Loss, X: Floats, targets: Array) -> None:
        self._model = model
        self._loss = loss
        self._shapes = [X.shape[1:], targets.shape[1:]]
        self._program: Any = None
        self._losses: Any = None
        self.kept = ""
        self._trace()
        self._slopes: Floats = np.empty(0)
        self._batch: tuple[Floats, Array] = X[:0], targets[:0]
        self._flat: SGD | None = None
        self._moved: Array | None = None
        self._places: Array | None = None
        self._is_changed = True
        self._is_tried = False

    def _trace(self) -> None:
        """Compile the model and the loss as they are now."""
        model, loss = self._model, self._loss
        function = loss.function

        def of_one_sample(x: Any, target: Any) -> Any:
            return checked_loss(loss, function(model(x), target))

        self._closed = loss is LOSSES.get(loss.name) and model._self_contained()
        self._contents = Held(model).contents
        self._program, self.kept = traced(model, of_one_sample, self._shapes, closed=self._closed)
        self._losses = None

    def gradients(self, X: Floats, targets: Array) -> float:
        """Find the mean gradient, kept as one array; return the losses' sum."""
        self._batch = X, targets
        mean, self._slopes = self._program.value_and_grad(X, targets)
        return mean * len(X)

    def fault(self, lost: float, where: str) -> str:
        """Return what became nan or infinite in the last batch, and where; "" if nothing did."""
        if not math.isfinite(lost):
            return f"the loss became {lost} in {where}"
        if np.isfinite(self._slopes).all():
            return ""
        place = int(np.flatnonzero(~np.isfinite(self._slopes))[0])
        name = self._program.parameters[place].label or "a parameter"
        return f"the gradient of {name} became {self._slopes[place]} in {where}"

    def failing(self) -> str:
        """Return the first node that fails when the last batch is replayed."""
        X, targets = self._batch
        self.store()
        for i in range(len(X)):
            x, target = X[i : i + 1], targets[i : i + 1]
            value, slopes = self._program.value_and_grad(x, target)
            if math.isfinite(value) and np.isfinite(slopes).all():
                continue
            if found := replayed(self._model, self._loss, x, target, i):
                return found
        return ""

    # Steps --------------------------------------------------------------------------------------

    def step(self, optimizer: Any) -> None:
        """Take one step of the optimiser: on the flat array if it is SGD on these parameters."""
        program = self._program
        if not program.reached.any():
            raise nothing_to_train(self._loss)
        # A step that was put on the object itself is the user's own.
        own = type(optimizer) is not SGD or "step" in vars(optimizer)
        if optimizer is not self._flat and not own:
            self._bind(optimizer)
        if optimizer is self._flat:
            if self._places is None:
                optimizer.step_array(program.theta, self._slopes, self._moved)
                return
            numbers = program.theta[self._places]
            optimizer.step_array(numbers, self._slopes[self._places], self._moved)
            program.theta[self._places] = numbers
            return
        self.store()
        reached = program.reached.tolist()
        for p, g, is_reached in zip(
            program.parameters, self._slopes.tolist(), reached, strict=True
        ):
            p.grad = g if is_reached else None
        optimizer.step()
        program.load()

    def _bind(self, optimizer: SGD) -> None:
        """Find where the optimiser's parameters stand in the flat array, if all do."""
        program = self._program
        self._places, moved = None, program.reached
        if optimizer.parameters != program.parameters:
            place = {p: i for i, p in enumerate(program.parameters)}
            if not place.keys() >= set(optimizer.parameters):
                return
            self._places = np.array([place[p] for p in optimizer.parameters])
            moved = moved[self._places]
        self._flat = optimizer
        # What the loss does not depend on has no gradient, and stays with its momentum.
        self._moved = None if moved.all() else moved

    # Between the program and the Values ---------------------------------------------------------

    def store(self) -> None:
        """Copy the parameters to the Values."""
        self._program.store()

    def load(self) -> None:
        """Take the model from a callback, which may have changed its numbers or its parts.

        A loss or a model of the user's may also read what is changed elsewhere.
        """
        if not same(Held(self._model).contents, self._contents) or not self._repeats():
            check_parameters(self._model, self._program.parameters)
            # What its own calls change is nothing new.
            if not self.kept:
                self._trace()
            self._is_changed = True
        self._program.load()
        self._flat = None
        self._is_tried = False

    def _repeats(self) -> bool:
        """Whether the model and the loss compute what they did when they were compiled."""
        if self._closed or self.kept:
            return True
        held = Held(self._model)
        try:
            return self._program.repeats()
        finally:
            held.restore()

    def numbers(self) -> list[float] | Floats:
        """Return the parameters as they are now, in the order of the model's."""
        return self._program.theta.copy()

    # Measuring ----------------------------------------------------------------------------------

    def outputs(self, X: Floats) -> Floats:
        """Return the model's outputs, by the parameters of the flat array."""
        model = self._model
        found = None
        if type(model).predict is Module.predict:
            found = programs_of(model).outputs_at(
                model, X, self._program, changed=self._is_changed, tried=self._is_tried
            )
            self._is_changed = found is None
            self._is_tried = found is not None
        return model.predict(X) if found is None else found

    def measured(self, X: Floats, targets: Array) -> tuple[Floats, float]:
        """Return the model's outputs for many samples, and their mean loss."""
        outputs = self.outputs(X)
        if self._loss.target == "any" and type(self._model).predict is Module.predict:
            # It may reach for what a call of the model leaves behind.
            return outputs, math.fsum(self._program(X, targets).tolist()) / len(X)
        return outputs, self._mean_loss(outputs, targets)

    def _mean_loss(self, outputs: Floats, targets: Array) -> float:
        """Return the mean loss of outputs."""
        if self._losses is None:
            self._losses = self._compiled_loss(outputs, targets)
        if self._losses:
            try:
                return math.fsum(self._losses(outputs, targets).tolist()) / len(outputs)
            except StaleGraphError:  # it reads the model's parameters, which have moved since
                self._losses = False
        return mean_loss(self._loss, outputs, targets)

    def _compiled_loss(self, outputs: Floats, targets: Array) -> Any:
        """Return the loss as a program of outputs and targets; False if there can be none."""
        try:
            shapes = [outputs.shape[1:], targets.shape[1:]]
            # A loss may reach for parameters, as a penalty does; they move from epoch to epoch.
            known = self._program.parameters
            program: Any = compile(self._loss.function, parameters=known, shapes=shapes)
            program(outputs[:1], targets[:1])
        except Exception:  # it depends on more than the outputs' numbers
            return False
        return program


def check_parameters(model: Module, parameters: list[Value]) -> None:
    """Refuse to go on with other parameters than those that training began with.

    Raises:
        ValueError: saying what a callback may do.
    """
    if model.parameters() != parameters:
        raise ValueError(
            "a callback gave the model other parameters, which the optimizer does not hold: set "
            "p.data of those it has, or return True there and call fit again"
        )


def nothing_to_train(loss: Loss) -> ValueError:
    """Return the error of a loss that no parameter changes."""
    return ValueError(
        f"no parameter has a gradient: the loss {loss.name} does not depend on the model's outputs "
        "for any sample; compute it from the outputs it is given"
    )


def checked_loss(loss: Loss, result: Any) -> Any:
    """Return what a loss returned, if it can be differentiated.

    Raises:
        TypeError: if it is no Value.
    """
    if not hasattr(result.__class__, "__apply__"):
        raise TypeError(
            f"the loss {loss.name} returned {result!r:.60} in place of a Value, so there is "
            "nothing to differentiate: compute it from the outputs it is given"
        )
    return result


def replayed(model: Module, loss: Loss, X: Floats, targets: Array, first: int = 0) -> str:
    """Return the first node that fails when samples are recorded again, one after another.

    Args:
        model: what is trained.
        loss: its loss.
        X: the samples, of shape (samples, inputs).
        targets: theirs.
        first: the place of the first of them in its batch.
    """
    for i, (x, target) in enumerate(zip(X.tolist(), targets.tolist(), strict=True), first):
        try:
            with detect_anomaly():
                result = loss.function(model(x), target)
                if isinstance(result, Value):
                    result.backward()
        except AnomalyError as error:
            return f" In sample {i} of the batch, {error}."
    return ""


def refuse_what_keeps(loss: Loss) -> None:
    """Raise for a loss of the user's that may keep something of each call outside itself.

    A compiled loss is called once, not for each sample: one that notes what it saw in a list, or
    prints, would do so once.

    Raises:
        TraceError: naming what it reaches.
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
